//! VP9 (RFC 9628): a descriptor in front of a piece of the frame. Of several
//! spatial layers the base alone is taken: a decoder plays it by itself.

use super::{Frame, Malformed};

struct Descriptor {
    inter_predicted: bool,
    begins: bool,
    spatial_layer: u8,
    bytes: usize,
}

/// Reads the payload descriptor (RFC 9628 4.2).
fn descriptor(payload: &[u8]) -> Result<Descriptor, Malformed> {
    let byte = |at: usize| payload.get(at).copied().ok_or(Malformed);
    let first = byte(0)?;
    let has = |bit: u8| first & bit != 0;
    let (picture_id, inter_predicted, layers, flexible) = (has(0x80), has(0x40), has(0x20), has(0x10));
    let mut at = 1;
    if picture_id {
        at += if byte(at)? & 0x80 != 0 { 2 } else { 1 };
    }
    let mut spatial_layer = 0;
    if layers {
        spatial_layer = (byte(at)? >> 1) & 0x07;
        at += if flexible { 1 } else { 2 };
    }
    if flexible && inter_predicted {
        // At most three references; the last says that no other follows.
        for _ in 0..3 {
            at += 1;
            if byte(at - 1)? & 0x01 == 0 {
                break;
            }
        }
    }
    if has(0x02) {
        at = scalability_structure(&byte, at)?;
    }
    Ok(Descriptor { inter_predicted, begins: has(0x08), spatial_layer, bytes: at })
}

/// Where the scalability structure ends (RFC 9628 4.2.1).
fn scalability_structure(byte: &impl Fn(usize) -> Result<u8, Malformed>, mut at: usize) -> Result<usize, Malformed> {
    let head = byte(at)?;
    at += 1;
    if head & 0x10 != 0 {
        at += 4 * (usize::from(head >> 5) + 1);
    }
    if head & 0x08 != 0 {
        let pictures = byte(at)?;
        at += 1;
        for _ in 0..pictures {
            at += 1 + usize::from((byte(at)? >> 2) & 0x03);
        }
    }
    Ok(at)
}

pub(super) fn frame(payloads: &[&[u8]]) -> Result<Option<Frame>, Malformed> {
    let mut data = Vec::with_capacity(payloads.iter().map(|payload| payload.len()).sum());
    let mut key_frame = false;
    for payload in payloads {
        let descriptor = descriptor(payload)?;
        let piece = payload.get(descriptor.bytes..).filter(|piece| !piece.is_empty()).ok_or(Malformed)?;
        if descriptor.spatial_layer > 0 {
            continue;
        }
        if data.is_empty() {
            if !descriptor.begins {
                return Err(Malformed);
            }
            key_frame = !descriptor.inter_predicted;
        }
        data.extend_from_slice(piece);
    }
    Ok(Some(Frame { data, key_frame }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_and_flexible_descriptors_are_taken_off() {
        let key = [0x8a, 0x85, 0x01, 0x18, 0x02, 0x80, 0x01, 0x68, 0x01, 0x04, 0x01, 0xaa];
        let rest = [0x84, 0x85, 0x01, 0xbb];
        assert_eq!(frame(&[&key, &rest]).unwrap().unwrap(), Frame { data: vec![0xaa, 0xbb], key_frame: true });
        let flexible = [0xdc, 0x05, 0x03, 0x02, 0xcc];
        assert_eq!(frame(&[&flexible]).unwrap().unwrap(), Frame { data: vec![0xcc], key_frame: false });
    }

    #[test]
    fn of_several_spatial_layers_the_base_is_taken() {
        let base = [0xa8, 0x01, 0x00, 0x07, 0x11];
        let upper = [0xa8, 0x01, 0x02, 0x07, 0x22];
        assert_eq!(frame(&[&base, &upper]).unwrap().unwrap(), Frame { data: vec![0x11], key_frame: true });
    }

    #[test]
    fn a_missing_beginning_and_every_cut_are_told() {
        assert_eq!(frame(&[&[0x80, 0x05, 0xaa]]), Err(Malformed));
        let key = [0x8a, 0x85, 0x01, 0x18, 0x02, 0x80, 0x01, 0x68, 0x01, 0x04, 0x01];
        for cut in 0..=key.len() {
            assert_eq!(frame(&[&key[..cut]]), Err(Malformed), "{cut}");
        }
    }
}
