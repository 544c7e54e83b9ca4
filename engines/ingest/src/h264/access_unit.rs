//! Access units as everybody here takes them: lengths of 4 bytes, parameter sets before each IDR.

use bytes::{BufMut, Bytes, BytesMut};

use super::{Avc, nal, nal_type};
use crate::limits::NAL_UNITS;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccessUnit {
    pub(crate) data: Bytes,
    /// An IDR picture: decoding can begin here, whatever the FLV tag says.
    pub(crate) key_frame: bool,
}

impl AccessUnit {
    /// Rewrites what an encoder sent; `None`: lengths that don't fit, too many units, or nothing in it.
    pub(crate) fn rewrite(avc: &Avc, data: &Bytes) -> Option<AccessUnit> {
        let units = units(avc.length_bytes, data)?;
        let kept = |unit: &&[u8]| !matches!(nal_type(unit), nal::ACCESS_UNIT_DELIMITER | nal::FILLER);
        let key_frame = units.iter().any(|unit| nal_type(unit) == nal::IDR);
        let in_band = units.iter().any(|unit| nal_type(unit) == nal::SPS);
        let count = units.iter().copied().filter(|unit| kept(unit)).count();
        if count == 0 {
            return None;
        }
        if avc.length_bytes == 4 && count == units.len() && (in_band || !key_frame) {
            return Some(AccessUnit { data: data.clone(), key_frame });
        }
        let sets: &[u8] = if key_frame && !in_band { &avc.parameter_sets } else { &[] };
        let mut out = BytesMut::with_capacity(sets.len() + data.len() + 4 * units.len());
        out.put_slice(sets);
        for unit in units.into_iter().filter(kept) {
            out.put_u32(unit.len() as u32);
            out.put_slice(unit);
        }
        Some(AccessUnit { data: out.freeze(), key_frame })
    }
}

fn units(length_bytes: usize, data: &[u8]) -> Option<Vec<&[u8]>> {
    let mut units = Vec::new();
    let mut rest = data;
    while !rest.is_empty() {
        let (length, tail) = rest.split_at_checked(length_bytes)?;
        let length = length.iter().fold(0usize, |value, &byte| value << 8 | usize::from(byte));
        let (unit, tail) = tail.split_at_checked(length)?;
        rest = tail;
        if unit.is_empty() {
            continue;
        }
        if units.len() == NAL_UNITS {
            return None;
        }
        units.push(unit);
    }
    Some(units)
}

#[cfg(test)]
mod tests {
    use super::super::tests::RECORD;
    use super::*;

    fn avc(length_bytes: usize) -> Avc {
        let mut avc = Avc::parse(&Bytes::from_static(RECORD)).unwrap();
        avc.length_bytes = length_bytes;
        avc
    }

    fn sent(length_bytes: usize, units: &[&[u8]]) -> Bytes {
        let mut out = BytesMut::new();
        for unit in units {
            out.put_uint(unit.len() as u64, length_bytes);
            out.put_slice(unit);
        }
        out.freeze()
    }

    const AUD: &[u8] = &[0x09, 0xf0];
    const FILLER: &[u8] = &[0x0c, 0xff, 0x80];
    const SLICE: &[u8] = &[0x41, 1, 2, 3];
    const IDR: &[u8] = &[0x65, 4, 5];
    const SPS: &[u8] = &[0x67, 1];
    const PPS: &[u8] = &[0x68, 1];

    #[test]
    fn what_needs_no_change_is_not_copied() {
        let data = sent(4, &[SLICE, SLICE]);
        let unit = AccessUnit::rewrite(&avc(4), &data).unwrap();
        assert_eq!(unit.data.as_ptr(), data.as_ptr());
        assert!(!unit.key_frame);
        let data = sent(4, &[SPS, PPS, IDR]);
        let unit = AccessUnit::rewrite(&avc(4), &data).unwrap();
        assert_eq!((unit.data.as_ptr(), unit.key_frame), (data.as_ptr(), true));
    }

    #[test]
    fn parameter_sets_come_before_an_idr_and_padding_goes() {
        let avc = avc(2);
        let unit = AccessUnit::rewrite(&avc, &sent(2, &[AUD, IDR, FILLER])).unwrap();
        let expected = [&avc.parameter_sets[..], &sent(4, &[IDR])].concat();
        assert_eq!((&unit.data[..], unit.key_frame), (&expected[..], true));
        let unit = AccessUnit::rewrite(&avc, &sent(2, &[AUD, SLICE])).unwrap();
        assert_eq!((unit.data, unit.key_frame), (sent(4, &[SLICE]), false));
    }

    #[test]
    fn lengths_that_lie_are_no_frame() {
        let avc = avc(4);
        for data in [&[][..], &[0], &[0, 0, 0], &[0, 0, 0, 0], &[0, 0, 0, 2, 0x41], &[0xff, 0xff, 0xff, 0xff, 0x41]] {
            assert_eq!(AccessUnit::rewrite(&avc, &Bytes::copy_from_slice(data)), None, "{data:?}");
        }
        assert_eq!(AccessUnit::rewrite(&avc, &sent(4, &[AUD])), None, "nothing to show");
        assert!(AccessUnit::rewrite(&avc, &sent(4, &vec![&[0x41][..]; NAL_UNITS])).is_some());
        assert_eq!(AccessUnit::rewrite(&avc, &sent(4, &vec![&[0x41][..]; NAL_UNITS + 1])), None);
    }
}
