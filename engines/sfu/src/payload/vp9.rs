//! VP9 (RFC 9628): a descriptor in front of a piece of the frame. Of several
//! spatial layers the base alone is taken: a decoder plays it by itself.

use super::{Frame, Malformed};

/// Spatial layers that a descriptor can tell of (SID and N_S have three bits).
pub(crate) const SPATIAL_LAYERS: usize = 8;

/// What a payload descriptor tells (RFC 9628 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Descriptor {
    pub(crate) inter_predicted: bool,
    /// The packet begins, or ends, a layer's frame.
    pub(crate) begins: bool,
    pub(crate) ends: bool,
    /// Frames of higher spatial layers of this picture may need this one.
    pub(crate) needed_above: bool,
    pub(crate) layers: Option<Layers>,
    pub(crate) structure: Option<Structure>,
    bytes: usize,
}

/// Of which layers a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layers {
    pub(crate) temporal: u8,
    /// Higher temporal layers that come later need nothing from before.
    pub(crate) opens_higher: bool,
    pub(crate) spatial: u8,
}

/// The spatial layers there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Structure {
    pub(crate) spatial_layers: u8,
    /// In pixels; 0: not told.
    pub(crate) heights_px: [u16; SPATIAL_LAYERS],
}

/// Reads the payload descriptor.
///
/// # Errors
///
/// It is cut.
pub(crate) fn descriptor(payload: &[u8]) -> Result<Descriptor, Malformed> {
    let byte = |at: usize| payload.get(at).copied().ok_or(Malformed);
    let first = byte(0)?;
    let has = |bit: u8| first & bit != 0;
    let (picture_id, inter_predicted, layered, flexible) = (has(0x80), has(0x40), has(0x20), has(0x10));
    let mut at = 1;
    if picture_id {
        at += if byte(at)? & 0x80 != 0 { 2 } else { 1 };
    }
    let mut layers = None;
    if layered {
        let indices = byte(at)?;
        layers =
            Some(Layers { temporal: indices >> 5, opens_higher: indices & 0x10 != 0, spatial: (indices >> 1) & 0x07 });
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
    let mut structure = None;
    if has(0x02) {
        let told;
        (told, at) = scalability_structure(&byte, at)?;
        structure = Some(told);
    }
    let (begins, ends, needed_above) = (has(0x08), has(0x04), !has(0x01));
    Ok(Descriptor { inter_predicted, begins, ends, needed_above, layers, structure, bytes: at })
}

/// The scalability structure, and where it ends (RFC 9628 4.2.1).
fn scalability_structure(
    byte: &impl Fn(usize) -> Result<u8, Malformed>,
    mut at: usize,
) -> Result<(Structure, usize), Malformed> {
    let head = byte(at)?;
    at += 1;
    let mut structure = Structure { spatial_layers: (head >> 5) + 1, heights_px: [0; SPATIAL_LAYERS] };
    if head & 0x10 != 0 {
        for height_px in structure.heights_px.iter_mut().take(usize::from(structure.spatial_layers)) {
            *height_px = u16::from_be_bytes([byte(at + 2)?, byte(at + 3)?]);
            at += 4;
        }
    }
    if head & 0x08 != 0 {
        let pictures = byte(at)?;
        at += 1;
        for _ in 0..pictures {
            at += 1 + usize::from((byte(at)? >> 2) & 0x03);
        }
    }
    Ok((structure, at))
}

pub(super) fn frame(payloads: &[&[u8]]) -> Result<Option<Frame>, Malformed> {
    let mut data = Vec::with_capacity(payloads.iter().map(|payload| payload.len()).sum());
    let mut key_frame = false;
    for payload in payloads {
        let descriptor = descriptor(payload)?;
        let piece = payload.get(descriptor.bytes..).filter(|piece| !piece.is_empty()).ok_or(Malformed)?;
        if descriptor.layers.is_some_and(|layers| layers.spatial > 0) {
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
    fn layers_and_the_structure_are_told() {
        // Two spatial layers, 320 × 180 and 640 × 360; the base of a key picture.
        let base = [0x8e, 0x81, 0x02, 0x30, 0x01, 0x40, 0x00, 0xb4, 0x02, 0x80, 0x01, 0x68, 0xaa];
        let read = descriptor(&base).unwrap();
        assert!(read.begins && read.ends && read.needed_above && !read.inter_predicted);
        assert_eq!(read.layers, None);
        let structure = read.structure.unwrap();
        assert_eq!((structure.spatial_layers, &structure.heights_px[..3]), (2, &[180, 360, 0][..]));
        // Spatial 1, temporal 2, from which one may switch up; not needed above, in the middle.
        let upper = [0xf1, 0x81, 0x02, 0x53, 0x02, 0xbb];
        let read = descriptor(&upper).unwrap();
        assert_eq!(read.layers, Some(Layers { temporal: 2, opens_higher: true, spatial: 1 }));
        assert!(!read.begins && !read.ends && !read.needed_above && read.inter_predicted);
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
