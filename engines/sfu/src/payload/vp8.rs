//! VP8 (RFC 7741): a descriptor in front of a piece of the frame.

use super::{Frame, Malformed};

/// How a packet's picture is numbered (RFC 7741 4.2), where that stands, and who needs it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) picture: Option<u16>,
    /// TL0PICIDX.
    pub(crate) tl0: Option<u8>,
    /// Place of the picture id, and whether it has 15 bits.
    pub(crate) picture_at: Option<(usize, bool)>,
    pub(crate) tl0_at: Option<usize>,
    /// The temporal layer, if there are any, and whether it needs nothing but
    /// the lowest (TID and Y).
    pub(crate) temporal: Option<(u8, bool)>,
    /// No other picture needs it.
    pub(crate) discardable: bool,
}

/// What a payload descriptor tells (RFC 7741 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Descriptor {
    /// The packet begins a frame.
    pub(crate) begins: bool,
    pub(crate) numbers: Numbers,
    bytes: usize,
}

/// Reads the payload descriptor.
///
/// # Errors
///
/// It is cut.
pub(crate) fn descriptor(payload: &[u8]) -> Result<Descriptor, Malformed> {
    let byte = |at: usize| payload.get(at).copied().ok_or(Malformed);
    let first = byte(0)?;
    let begins = first & 0x10 != 0 && first & 0x07 == 0;
    let mut numbers = Numbers { discardable: first & 0x20 != 0, ..Numbers::default() };
    if first & 0x80 == 0 {
        return Ok(Descriptor { begins, numbers, bytes: 1 });
    }
    let (extension, mut at) = (byte(1)?, 2);
    if extension & 0x80 != 0 {
        let high = byte(at)?;
        let long = high & 0x80 != 0;
        let picture = if long { u16::from(high & 0x7f) << 8 | u16::from(byte(at + 1)?) } else { high.into() };
        (numbers.picture, numbers.picture_at) = (Some(picture), Some((at, long)));
        at += 1 + usize::from(long);
    }
    if extension & 0x40 != 0 {
        (numbers.tl0, numbers.tl0_at) = (Some(byte(at)?), Some(at));
        at += 1;
    }
    if extension & 0x30 != 0 {
        let layer = byte(at)?;
        numbers.temporal = (extension & 0x20 != 0).then_some((layer >> 6, layer & 0x20 != 0));
        at += 1;
    }
    Ok(Descriptor { begins, numbers, bytes: at })
}

/// The piece of a frame behind the descriptor, which is never empty, and
/// whether it is the first.
pub(crate) fn piece(payload: &[u8]) -> Result<(&[u8], bool), Malformed> {
    let descriptor = descriptor(payload)?;
    let piece = payload.get(descriptor.bytes..).filter(|piece| !piece.is_empty()).ok_or(Malformed)?;
    Ok((piece, descriptor.begins))
}

pub(super) fn frame(payloads: &[&[u8]]) -> Result<Frame, Malformed> {
    let mut data = Vec::with_capacity(payloads.iter().map(|payload| payload.len()).sum());
    for (index, payload) in payloads.iter().enumerate() {
        let (piece, begins) = piece(payload)?;
        if index == 0 && !begins {
            return Err(Malformed);
        }
        data.extend_from_slice(piece);
    }
    let key_frame = data.first().is_some_and(|header| header & 0x01 == 0);
    Ok(Frame { data, key_frame })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(payload: &[u8]) -> Option<Numbers> {
        descriptor(payload).ok().map(|descriptor| descriptor.numbers)
    }

    #[test]
    fn pieces_behind_every_form_of_descriptor_become_one_frame() {
        let first = [0x90, 0xf0, 0x81, 0x02, 0x07, 0x20, 0x10, 0x02, 0x00];
        let second = [0x00, 9, 9];
        let third = [0x80, 0x80, 0x11, 7];
        let frame = frame(&[&first, &second, &third]).unwrap();
        assert_eq!(frame, Frame { data: vec![0x10, 0x02, 0x00, 9, 9, 7], key_frame: true });
        let delta = super::frame(&[&[0x10, 0x11, 1, 2]]).unwrap();
        assert!(!delta.key_frame);
    }

    #[test]
    fn numbers_of_pictures_are_found_in_every_form() {
        let long = numbers(&[0x90, 0xf0, 0x81, 0x02, 0x07, 0x20, 0x10]).unwrap();
        assert_eq!((long.picture, long.tl0), (Some(0x102), Some(7)));
        assert_eq!((long.picture_at, long.tl0_at), (Some((2, true)), Some(4)));
        assert_eq!((long.temporal, long.discardable), (Some((0, true)), false));
        let layered = numbers(&[0xb0, 0x20, 0x80]).unwrap();
        assert_eq!((layered.temporal, layered.discardable), (Some((2, false)), true));
        let short = numbers(&[0x90, 0x80, 0x11, 7]).unwrap();
        assert_eq!((short.picture, short.picture_at, short.tl0), (Some(0x11), Some((2, false)), None));
        assert_eq!(numbers(&[0x10, 0xff]).unwrap().picture, None);
        for cut in [0, 1, 2, 3, 4, 5] {
            assert_eq!(numbers(&[0x90, 0xf0, 0x81, 0x02, 0x07, 0x20][..cut]), None, "{cut}");
        }
    }

    #[test]
    fn a_frame_without_its_beginning_or_cut_in_the_descriptor_is_none() {
        assert_eq!(frame(&[&[0x00, 1, 2]]), Err(Malformed), "a later piece");
        assert_eq!(frame(&[&[0x12, 1, 2]]), Err(Malformed), "a later partition");
        for cut in 0..6 {
            assert_eq!(frame(&[&[0x90, 0xf0, 0x81, 0x02, 0x07, 0x20][..cut]]), Err(Malformed), "{cut}");
        }
    }
}
