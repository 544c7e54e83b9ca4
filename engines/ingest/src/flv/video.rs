//! Video bodies.

use bytes::Bytes;

use super::{Bad, Body, first_track, four_cc, packet, skip_modifiers, uint};
use crate::Unsupported;
use crate::limits::COMPOSITION_MS;

/// In the first byte: a body of Enhanced RTMP.
const EXTENDED: u8 = 0x80;
/// Frame type of a body that is a command to the player.
const COMMAND_FRAME: u8 = 5;
const MULTITRACK: u8 = 6;

const AVC: u8 = 7;
/// Never standardised, but sent by encoders for Chinese platforms.
const HEVC: u8 = 12;

pub(crate) fn video(mut body: Bytes) -> Result<Body, Bad> {
    let first = uint(&mut body, 1)? as u8;
    if first & EXTENDED != 0 {
        return extended(first, body);
    }
    if first >> 4 == COMMAND_FRAME {
        return Ok(Body::Nothing);
    }
    match first & 0x0f {
        AVC => {}
        HEVC => return Err(Unsupported::Hevc.into()),
        _ => return Err(Unsupported::Video.into()),
    }
    let packet_type = uint(&mut body, 1)? as u8;
    let composition_ms = composition(&mut body)?;
    match packet_type {
        0 => Ok(Body::Config(body)),
        1 => Ok(Body::Frame { data: body, composition_ms: checked(composition_ms)? }),
        2 => Ok(Body::Nothing),
        _ => Err(Bad::Malformed),
    }
}

fn extended(first: u8, mut body: Bytes) -> Result<Body, Bad> {
    let packet_type = skip_modifiers(&mut body, first & 0x0f)?;
    if first >> 4 & 7 == COMMAND_FRAME {
        return Ok(Body::Nothing);
    }
    let (packet_type, codec, mut body) = if packet_type == MULTITRACK {
        let Some(track) = first_track(&mut body)? else { return Ok(Body::Nothing) };
        track
    } else {
        (packet_type, four_cc(&mut body)?, body)
    };
    match &codec {
        b"avc1" => {}
        b"hvc1" | b"hev1" => return Err(Unsupported::Hevc.into()),
        b"av01" => return Err(Unsupported::Av1.into()),
        b"vp09" => return Err(Unsupported::Vp9.into()),
        _ => return Err(Unsupported::Video.into()),
    }
    match packet_type {
        packet::SEQUENCE_START => Ok(Body::Config(body)),
        packet::CODED_FRAMES => {
            let composition_ms = checked(composition(&mut body)?)?;
            Ok(Body::Frame { data: body, composition_ms })
        }
        packet::CODED_FRAMES_X => Ok(Body::Frame { data: body, composition_ms: 0 }),
        packet::SEQUENCE_END => Ok(Body::Nothing),
        // Metadata of colours, and packets that are yet to be thought of.
        _ => Ok(Body::Nothing),
    }
}

/// A signed integer of 24 bits.
fn composition(body: &mut Bytes) -> Result<i32, Bad> {
    let value = uint(body, 3)? as u32;
    Ok((value << 8) as i32 >> 8)
}

fn checked(composition_ms: i32) -> Result<i32, Bad> {
    if COMPOSITION_MS.contains(&composition_ms) { Ok(composition_ms) } else { Err(Bad::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Refusal;

    fn read(bytes: &'static [u8]) -> Result<Body, Bad> {
        video(Bytes::from_static(bytes))
    }

    fn frame(data: &'static [u8], composition_ms: i32) -> Result<Body, Bad> {
        Ok(Body::Frame { data: Bytes::from_static(data), composition_ms })
    }

    #[test]
    fn classic_bodies() {
        assert_eq!(read(b"\x17\x00\x00\x00\x00abc"), Ok(Body::Config(Bytes::from_static(b"abc"))));
        assert_eq!(read(b"\x17\x01\x00\x00\x50abc"), frame(b"abc", 80));
        assert_eq!(read(b"\x27\x01\xff\xff\xecabc"), frame(b"abc", -20));
        assert_eq!(read(b"\x17\x02\x00\x00\x00"), Ok(Body::Nothing));
        assert_eq!(read(b"\x57\x00"), Ok(Body::Nothing), "a command frame");
    }

    #[test]
    fn extended_bodies() {
        assert_eq!(read(b"\x90avc1abc"), Ok(Body::Config(Bytes::from_static(b"abc"))));
        assert_eq!(read(b"\x91avc1\x00\x00\x28abc"), frame(b"abc", 40));
        assert_eq!(read(b"\xa3avc1abc"), frame(b"abc", 0));
        assert_eq!(read(b"\x92avc1"), Ok(Body::Nothing));
        assert_eq!(read(b"\x94avc1\x02\x00"), Ok(Body::Nothing), "colours");
        // ModEx: 3 bytes of nanoseconds, then the type of the packet.
        assert_eq!(read(b"\x97\x02\x00\x01\x02\x03avc1abc"), frame(b"abc", 0));
        assert_eq!(read(b"\x97\xff\x00\x00Z\x03avc1abc"), frame(b"abc", 0), "a long one");
    }

    #[test]
    fn of_several_tracks_the_first_is_taken() {
        assert_eq!(read(b"\x96\x03avc1\x00abc"), frame(b"abc", 0), "one track");
        assert_eq!(read(b"\x96\x03avc1\x01abc"), Ok(Body::Nothing), "another track");
        assert_eq!(read(b"\x96\x13avc1\x01\x00\x00\x02xy\x00\x00\x00\x03abc"), frame(b"abc", 0), "many tracks");
        assert_eq!(read(b"\x96\x23hvc1\x01\x00\x00\x01xavc1\x00\x00\x00\x03abc"), frame(b"abc", 0), "many codecs");
        assert_eq!(read(b"\x96\x13avc1\x00\x00\x00\x09abc"), Err(Bad::Malformed));
        assert_eq!(read(b"\x96\x33avc1\x00abc"), Err(Bad::Malformed));
    }

    #[test]
    fn other_codecs_are_named() {
        for (bytes, unsupported) in [
            (&b"\x90hvc1"[..], Unsupported::Hevc),
            (b"\x91hev1\x00\x00\x00", Unsupported::Hevc),
            (b"\x1c\x00\x00\x00\x00", Unsupported::Hevc),
            (b"\x90av01", Unsupported::Av1),
            (b"\x90vp09", Unsupported::Vp9),
            (b"\x90vp08", Unsupported::Video),
            (b"\x12abc", Unsupported::Video),
            (b"\x14abc", Unsupported::Video),
        ] {
            assert_eq!(read(bytes), Err(Bad::Refused(Refusal::Unsupported(unsupported))), "{bytes:?}");
        }
    }

    #[test]
    fn cuts_and_lies_are_malformed() {
        for bytes in [
            &b""[..],
            b"\x17",
            b"\x17\x01",
            b"\x17\x01\x00\x00",
            b"\x17\x03\x00\x00\x00",
            b"\x90avc",
            b"\x91avc1\x00\x00",
            b"\x97\x02\x00",
            b"\x97\xff\x00",
            b"\x96",
            // One past COMPOSITION_MS on both sides.
            b"\x17\x01\x00\x27\x11abc",
            b"\x17\x01\xff\xfc\x17abc",
        ] {
            assert_eq!(read(bytes), Err(Bad::Malformed), "{bytes:?}");
        }
        assert_eq!(read(b"\x17\x01\x00\x27\x10abc"), frame(b"abc", 10_000));
        assert_eq!(read(b"\x17\x01\xff\xfc\x18abc"), frame(b"abc", -1_000));
    }
}
