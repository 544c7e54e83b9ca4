//! Audio bodies.

use bytes::Bytes;

use super::{Bad, Body, first_track, four_cc, packet, skip_modifiers, uint};
use crate::Unsupported;

/// Sound formats of the first byte.
const MP3: u8 = 2;
const EXTENDED: u8 = 9;
const AAC: u8 = 10;
const SPEEX: u8 = 11;
const MP3_8_KHZ: u8 = 14;

const MULTITRACK: u8 = 5;

pub(crate) fn audio(mut body: Bytes) -> Result<Body, Bad> {
    let first = uint(&mut body, 1)? as u8;
    match first >> 4 {
        AAC => {}
        EXTENDED => return extended(first & 0x0f, body),
        MP3 | MP3_8_KHZ => return Err(Unsupported::Mp3.into()),
        SPEEX => return Err(Unsupported::Speex.into()),
        _ => return Err(Unsupported::Audio.into()),
    }
    match uint(&mut body, 1)? {
        0 => Ok(Body::Config(body)),
        1 => Ok(Body::Frame { data: body, composition_ms: 0 }),
        _ => Err(Bad::Malformed),
    }
}

fn extended(packet_type: u8, mut body: Bytes) -> Result<Body, Bad> {
    let packet_type = skip_modifiers(&mut body, packet_type)?;
    let (packet_type, codec, body) = if packet_type == MULTITRACK {
        let Some(track) = first_track(&mut body)? else { return Ok(Body::Nothing) };
        track
    } else {
        (packet_type, four_cc(&mut body)?, body)
    };
    match &codec {
        b"mp4a" => {}
        b".mp3" => return Err(Unsupported::Mp3.into()),
        _ => return Err(Unsupported::Audio.into()),
    }
    match packet_type {
        packet::SEQUENCE_START => Ok(Body::Config(body)),
        packet::CODED_FRAMES => Ok(Body::Frame { data: body, composition_ms: 0 }),
        _ => Ok(Body::Nothing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Refusal;

    fn read(bytes: &'static [u8]) -> Result<Body, Bad> {
        audio(Bytes::from_static(bytes))
    }

    #[test]
    fn bodies_of_aac() {
        let frame = Ok(Body::Frame { data: Bytes::from_static(b"abc"), composition_ms: 0 });
        assert_eq!(read(b"\xaf\x00\x12\x10"), Ok(Body::Config(Bytes::from_static(b"\x12\x10"))));
        assert_eq!(read(b"\xaf\x01abc"), frame);
        assert_eq!(read(b"\x90mp4a\x12\x10"), Ok(Body::Config(Bytes::from_static(b"\x12\x10"))));
        assert_eq!(read(b"\x91mp4aabc"), frame);
        assert_eq!(read(b"\x94mp4a\x01"), Ok(Body::Nothing), "channel layout");
        assert_eq!(read(b"\x95\x01mp4a\x00abc"), frame, "one of several tracks");
    }

    #[test]
    fn other_codecs_are_named() {
        for (bytes, unsupported) in [
            (&b"\x2fabc"[..], Unsupported::Mp3),
            (b"\xe2abc", Unsupported::Mp3),
            (b"\x90.mp3", Unsupported::Mp3),
            (b"\xb2abc", Unsupported::Speex),
            (b"\x3fabc", Unsupported::Audio),
            (b"\x7fabc", Unsupported::Audio),
            (b"\x90Opus", Unsupported::Audio),
        ] {
            assert_eq!(read(bytes), Err(Bad::Refused(Refusal::Unsupported(unsupported))), "{bytes:?}");
        }
    }

    #[test]
    fn cuts_are_malformed() {
        for bytes in [&b""[..], b"\xaf", b"\xaf\x02", b"\x90mp4", b"\x95", b"\x97\x00"] {
            assert_eq!(read(bytes), Err(Bad::Malformed), "{bytes:?}");
        }
    }
}
