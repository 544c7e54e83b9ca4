//! VP8 (RFC 7741): a descriptor in front of a piece of the frame.

use super::{Frame, Malformed};

/// The piece behind the payload descriptor (RFC 7741 4.2), and whether it
/// begins the frame.
fn piece(payload: &[u8]) -> Result<(&[u8], bool), Malformed> {
    let first = *payload.first().ok_or(Malformed)?;
    let mut at = 1;
    if first & 0x80 != 0 {
        let extension = *payload.get(at).ok_or(Malformed)?;
        at += 1;
        if extension & 0x80 != 0 {
            at += if payload.get(at).ok_or(Malformed)? & 0x80 != 0 { 2 } else { 1 };
        }
        at += usize::from(extension & 0x40 != 0) + usize::from(extension & 0x30 != 0);
    }
    let begins = first & 0x10 != 0 && first & 0x07 == 0;
    Ok((payload.get(at..).filter(|piece| !piece.is_empty()).ok_or(Malformed)?, begins))
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
    fn a_frame_without_its_beginning_or_cut_in_the_descriptor_is_none() {
        assert_eq!(frame(&[&[0x00, 1, 2]]), Err(Malformed), "a later piece");
        assert_eq!(frame(&[&[0x12, 1, 2]]), Err(Malformed), "a later partition");
        for cut in 0..6 {
            assert_eq!(frame(&[&[0x90, 0xf0, 0x81, 0x02, 0x07, 0x20][..cut]]), Err(Malformed), "{cut}");
        }
    }
}
