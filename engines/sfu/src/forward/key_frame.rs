//! Where a decoder can start: key-frame detection on RTP payloads.

use crate::Codec;
use crate::payload::{h264, sps, vp8, vp9};

/// Whether this RTP payload is the first packet of a key frame.
///
/// H.264: RFC 6184 5.2 to 5.8; VP8: RFC 7741 4.2; VP9: RFC 9628 4.2;
/// AV1: AV1 RTP 4.4. Opus can start anywhere. A payload that can't be read is none.
pub(crate) fn starts_key_frame(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::Opus => true,
        Codec::Vp8 => vp8_frame_header(payload).is_some_and(|header| header[0] & 0x01 == 0),
        Codec::Vp9 => vp9(payload),
        Codec::H264 => h264(payload),
        Codec::Av1 => av1(payload),
    }
}

/// Height of the picture in pixels, where the first packet of a key frame
/// tells it plainly (VP8, RFC 6386 9.1; H.264 with a parameter set in it).
pub(crate) fn height_px(codec: Codec, payload: &[u8]) -> Option<u32> {
    match codec {
        Codec::Vp8 => vp8_height_px(payload),
        Codec::H264 => h264::whole_units(payload).find_map(|unit| sps::read(unit).ok()).map(|sps| sps.height_px),
        _ => None,
    }
}

fn vp8_height_px(payload: &[u8]) -> Option<u32> {
    let header = vp8_frame_header(payload)?;
    if header[0] & 0x01 != 0 || header.get(3..6)? != [0x9d, 0x01, 0x2a] {
        return None;
    }
    let height = u16::from_le_bytes([*header.get(8)?, *header.get(9)?]);
    Some(u32::from(height & 0x3fff)).filter(|height| *height > 0)
}

/// The VP8 frame header if this packet begins a frame; never empty.
fn vp8_frame_header(payload: &[u8]) -> Option<&[u8]> {
    vp8::piece(payload).ok().filter(|(_, begins)| *begins).map(|(header, _)| header)
}

/// Not inter-predicted, begins a frame, and of the base spatial layer.
fn vp9(payload: &[u8]) -> bool {
    vp9::descriptor(payload).is_ok_and(|descriptor| {
        let is_base = descriptor.layers.is_none_or(|layers| layers.spatial == 0);
        descriptor.begins && !descriptor.inter_predicted && is_base
    })
}

/// A sequence parameter set or an IDR slice, alone, aggregated or as the first fragment.
fn h264(payload: &[u8]) -> bool {
    const IDR: u8 = 5;
    const SPS: u8 = 7;
    const STAP_A: u8 = 24;
    const FU_A: u8 = 28;
    let Some(&first) = payload.first() else { return false };
    match first & 0x1f {
        IDR | SPS => true,
        STAP_A => {
            let mut rest = &payload[1..];
            while let [high, low, unit, ..] = *rest {
                if matches!(unit & 0x1f, IDR | SPS) {
                    return true;
                }
                let size = usize::from(u16::from_be_bytes([high, low]));
                rest = rest.get(2 + size..).unwrap_or(&[]);
            }
            false
        }
        FU_A => payload.get(1).is_some_and(|fragment| fragment & 0x80 != 0 && matches!(fragment & 0x1f, IDR | SPS)),
        _ => false,
    }
}

/// The N bit of the aggregation header: first packet of a coded video sequence.
fn av1(payload: &[u8]) -> bool {
    payload.first().is_some_and(|header| header & 0x08 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vp8_key_frame_with_every_descriptor_field() {
        let key = [0x90, 0xf0, 0x81, 0x02, 0x07, 0x20, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x41];
        assert!(starts_key_frame(Codec::Vp8, &key));
        assert_eq!(height_px(Codec::Vp8, &key), Some(360));
        let mut delta = key;
        delta[6] |= 0x01;
        assert!(!starts_key_frame(Codec::Vp8, &delta));
        assert_eq!(height_px(Codec::Vp8, &delta), None);
        let mut continuation = key;
        continuation[0] = 0x80;
        assert!(!starts_key_frame(Codec::Vp8, &continuation));
    }

    #[test]
    fn h264_alone_aggregated_and_fragmented() {
        assert!(starts_key_frame(Codec::H264, &[0x65, 0x88]));
        assert!(!starts_key_frame(Codec::H264, &[0x61, 0x88]));
        assert!(starts_key_frame(Codec::H264, &[0x78, 0, 1, 0x09, 0, 2, 0x67, 0x42]));
        assert!(!starts_key_frame(Codec::H264, &[0x78, 0, 1, 0x09, 0xff, 0xff, 0x61]));
        assert!(starts_key_frame(Codec::H264, &[0x7c, 0x85, 0]));
        assert!(!starts_key_frame(Codec::H264, &[0x7c, 0x05, 0]), "a middle fragment is no start");
        let set = sps::write(1280, 720);
        assert_eq!(height_px(Codec::H264, &set), Some(720));
        let together = [&[0x78, 0, set.len() as u8][..], &set, &[0, 1, 0x68]].concat();
        assert_eq!(height_px(Codec::H264, &together), Some(720));
        assert_eq!(height_px(Codec::H264, &[0x65, 0x88]), None);
    }

    #[test]
    fn vp9_and_av1() {
        assert!(starts_key_frame(Codec::Vp9, &[0x08]));
        assert!(!starts_key_frame(Codec::Vp9, &[0x48]), "inter-predicted");
        assert!(starts_key_frame(Codec::Vp9, &[0xa8, 0x80, 0x01, 0x00]));
        assert!(!starts_key_frame(Codec::Vp9, &[0xa8, 0x80, 0x01, 0x02]), "a higher spatial layer");
        assert!(starts_key_frame(Codec::Av1, &[0x18, 0x0a]));
        assert!(!starts_key_frame(Codec::Av1, &[0x10, 0x0a]));
    }

    #[test]
    fn nothing_and_nonsense_are_no_key_frames() {
        for codec in [Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1] {
            assert!(!starts_key_frame(codec, &[]));
            for first in 0..=255u8 {
                let _ = starts_key_frame(codec, &[first]);
                let _ = starts_key_frame(codec, &[first, 0xff]);
                let _ = height_px(codec, &[first, 0xff, 0xff]);
            }
        }
    }
}
