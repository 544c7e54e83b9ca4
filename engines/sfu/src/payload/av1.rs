//! AV1 (RTP Payload Format For AV1, version 1.0): OBUs in pieces become the
//! low-overhead bitstream format of MP4 samples, each with its size.

use super::{Frame, Malformed};

/// Kinds of OBU that have no place in a sample (AV1 ISO BMFF 2.4).
const TEMPORAL_DELIMITER: u8 = 2;
const TILE_LIST: u8 = 8;
const PADDING: u8 = 15;
const SEQUENCE_HEADER: u8 = 1;
/// Longest LEB128 number (AV1 4.10.5).
const LEB128_BYTES: usize = 8;

/// A LEB128 number and how many bytes it takes.
fn leb128(bytes: &[u8]) -> Result<(usize, usize), Malformed> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().take(LEB128_BYTES).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok((usize::try_from(value).map_err(|_| Malformed)?, index + 1));
        }
    }
    Err(Malformed)
}

fn push_leb128(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn frame(payloads: &[&[u8]]) -> Result<Option<Frame>, Malformed> {
    let mut data = Vec::with_capacity(payloads.iter().map(|payload| payload.len()).sum());
    let mut key_frame = false;
    // An OBU of which more is to come.
    let mut open: Option<Vec<u8>> = None;
    for payload in payloads {
        let (&header, mut rest) = payload.split_first().ok_or(Malformed)?;
        let (continues, goes_on, count) = (header & 0x80 != 0, header & 0x40 != 0, (header >> 4) & 0x03);
        key_frame |= header & 0x08 != 0;
        if continues != open.is_some() || rest.is_empty() {
            return Err(Malformed);
        }
        let mut index = 0;
        while !rest.is_empty() {
            index += 1;
            let element = if count == 0 || index < count {
                let (length, used) = leb128(rest)?;
                let element = rest.get(used..used.checked_add(length).ok_or(Malformed)?).ok_or(Malformed)?;
                rest = &rest[used + length..];
                element
            } else {
                std::mem::take(&mut rest)
            };
            let last = rest.is_empty();
            let mut obu = open.take().unwrap_or_default();
            obu.extend_from_slice(element);
            if last && goes_on {
                open = Some(obu);
            } else {
                push_obu(&mut data, &obu, &mut key_frame)?;
            }
        }
        if count != 0 && index != count {
            return Err(Malformed);
        }
    }
    if open.is_some() { Err(Malformed) } else { Ok(Some(Frame { data, key_frame })) }
}

fn push_obu(out: &mut Vec<u8>, obu: &[u8], key_frame: &mut bool) -> Result<(), Malformed> {
    let (&header, mut rest) = obu.split_first().ok_or(Malformed)?;
    let kind = (header >> 3) & 0x0f;
    if matches!(kind, TEMPORAL_DELIMITER | TILE_LIST | PADDING) {
        return Ok(());
    }
    *key_frame |= kind == SEQUENCE_HEADER;
    out.push(header | 0x02);
    if header & 0x04 != 0 {
        let (&extension, behind) = rest.split_first().ok_or(Malformed)?;
        out.push(extension);
        rest = behind;
    }
    if header & 0x02 != 0 {
        let (length, used) = leb128(rest)?;
        rest = rest.get(used..used.checked_add(length).ok_or(Malformed)?).ok_or(Malformed)?;
    }
    push_leb128(out, rest.len());
    out.extend_from_slice(rest);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_and_fragmented_obus_get_their_sizes() {
        // Two elements: a temporal delimiter, and a sequence header; then a frame in two pieces.
        let first = [0x28, 1, 0x10, 0x08, 0xaa, 0xbb];
        let second = [0x50, 0x30, 1, 2];
        let third = [0x90, 3, 4];
        let frame = frame(&[&first, &second, &third]).unwrap().unwrap();
        assert_eq!(frame.data, [0x0a, 2, 0xaa, 0xbb, 0x32, 4, 1, 2, 3, 4]);
        assert!(frame.key_frame);
    }

    #[test]
    fn elements_that_all_have_lengths_and_obus_that_have_sizes() {
        let payload = [0x00, 4, 0x32, 2, 7, 8, 3, 0x34, 0x20, 9];
        let frame = frame(&[&payload]).unwrap().unwrap();
        assert_eq!(frame.data, [0x32, 2, 7, 8, 0x36, 0x20, 1, 9]);
        assert!(!frame.key_frame);
        let long = [[0x10, 0x30].as_slice(), &[5; 200]].concat();
        let frame = super::frame(&[&long]).unwrap().unwrap();
        assert_eq!(frame.data[..3], [0x32, 0xc8, 0x01], "a size of two bytes");
    }

    #[test]
    fn what_is_not_whole_is_told() {
        assert_eq!(frame(&[&[0x50, 0x30, 1]]), Err(Malformed), "the rest is missing");
        assert_eq!(frame(&[&[0x90, 0x30, 1]]), Err(Malformed), "the beginning is missing");
        assert_eq!(frame(&[&[0x00, 9, 0x30]]), Err(Malformed), "a length that lies");
        assert_eq!(frame(&[&[0x30, 1, 0x30]]), Err(Malformed), "fewer elements than counted");
        assert_eq!(frame(&[&[0x10, 0x32, 5, 1]]), Err(Malformed), "an OBU size that lies");
        assert_eq!(frame(&[&[0x10]]), Err(Malformed));
    }
}
