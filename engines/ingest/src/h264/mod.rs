//! H.264 as FLV carries it: a decoder configuration record, then access units of NAL units that
//! follow their lengths (ISO/IEC 14496-15 sections 5.3.3 and 5.3.4.2).

mod access_unit;
mod bits;
mod sps;

use bytes::{Bytes, BytesMut};

pub(crate) use access_unit::AccessUnit;

use crate::limits::PARAMETER_SETS;
use crate::{Refusal, Unsupported};
use sps::Sps;

/// What a decoder needs to know before the first frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct H264Config {
    /// The decoder configuration record (`avcC`), for NAL units after lengths of 4 bytes.
    pub avcc: Bytes,
    /// `profile_idc`: 66 baseline, 77 main, 100 high.
    pub profile: u8,
    /// `level_idc`: ten times the level.
    pub level: u8,
    /// After cropping.
    pub width: u32,
    pub height: u32,
    /// How many frames may have to wait to be shown in order; 0: surely no
    /// B-frames, `None`: the encoder doesn't say.
    pub reorder_frames: Option<u8>,
}

/// A configuration, and how to read the access units after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Avc {
    pub(crate) config: H264Config,
    /// Bytes of the lengths in access units, 1 to 4.
    length_bytes: usize,
    /// All parameter sets, each after its length in 4 bytes.
    parameter_sets: Bytes,
}

impl Avc {
    /// Reads a decoder configuration record.
    pub(crate) fn parse(record: &Bytes) -> Result<Avc, Refusal> {
        let (length_bytes, sets) = parameter_sets(record).ok_or(Refusal::Malformed)?;
        let first = sets.iter().find(|set| nal_type(set) == nal::SPS).ok_or(Refusal::Malformed)?;
        let sps = Sps::parse(first).ok_or(Refusal::Malformed)?;
        if !sps.plays_in_browsers() {
            return Err(Unsupported::H264Format.into());
        }
        let mut avcc = BytesMut::from(&record[..]);
        avcc[4] |= 3;
        let mut in_band = BytesMut::new();
        for set in sets {
            in_band.extend_from_slice(&(set.len() as u32).to_be_bytes());
            in_band.extend_from_slice(set);
        }
        let config = H264Config {
            avcc: avcc.freeze(),
            profile: sps.profile,
            level: sps.level,
            width: sps.width,
            height: sps.height,
            reorder_frames: sps.reorder_frames,
        };
        Ok(Avc { config, length_bytes, parameter_sets: in_band.freeze() })
    }
}

mod nal {
    pub(super) const IDR: u8 = 5;
    pub(super) const SPS: u8 = 7;
    pub(super) const PPS: u8 = 8;
    pub(super) const ACCESS_UNIT_DELIMITER: u8 = 9;
    pub(super) const FILLER: u8 = 12;
}

fn nal_type(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |byte| byte & 0x1f)
}

/// Size of lengths, and the parameter sets of both kinds.
fn parameter_sets(record: &[u8]) -> Option<(usize, Vec<&[u8]>)> {
    let [1, _, _, _, length, count, rest @ ..] = record else { return None };
    let mut rest = rest;
    let mut sets = Vec::new();
    let mut left = usize::from(count & 0x1f);
    for kind in [nal::SPS, nal::PPS] {
        for _ in 0..left {
            let bytes = usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?]));
            let (set, tail) = rest[2..].split_at_checked(bytes)?;
            if nal_type(set) != kind || sets.len() == PARAMETER_SETS {
                return None;
            }
            sets.push(set);
            rest = tail;
        }
        if kind == nal::SPS {
            let (count, tail) = rest.split_first()?;
            left = usize::from(*count);
            rest = tail;
        }
    }
    Some((usize::from(length & 3) + 1, sets))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// x264, high profile, 322×182, B-frames: as ffmpeg wrote it into an FLV file.
    pub(crate) const RECORD: &[u8] = &[
        1, 0x64, 0, 0x0d, 0xff, 0xe1, 0, 0x1a, 0x67, 0x64, 0, 0x0d, 0xac, 0xd9, 0x41, 0x51, 0x9e, 0x22, 0x6c, 4, 0x40,
        0, 0, 3, 0, 0x40, 0, 0, 0x0c, 0x83, 0xc5, 0x0a, 0x65, 0x80, 1, 0, 6, 0x68, 0xea, 0xe3, 0xcb, 0x22, 0xc0, 0xfd,
        0xf8, 0xf8, 0,
    ];
    /// The bit depths of a high profile, which may be missing.
    const DEPTHS_BYTES: usize = 4;

    #[test]
    fn a_record_says_what_comes() {
        let avc = Avc::parse(&Bytes::from_static(RECORD)).unwrap();
        let H264Config { profile, level, width, height, reorder_frames, .. } = avc.config;
        assert_eq!((profile, level, width, height, reorder_frames), (100, 13, 322, 182, Some(2)));
        assert_eq!(avc.parameter_sets[..5], [0, 0, 0, 0x1a, 0x67]);
        assert_eq!(avc.parameter_sets[0x1e..0x23], [0, 0, 0, 6, 0x68]);
    }

    #[test]
    fn every_cut_of_a_record_is_refused() {
        for length in 0..RECORD.len() - DEPTHS_BYTES {
            assert_eq!(Avc::parse(&Bytes::copy_from_slice(&RECORD[..length])), Err(Refusal::Malformed), "{length}");
        }
    }

    #[test]
    fn more_parameter_sets_than_permitted_are_refused() {
        let with = |count: u8| {
            let mut record = vec![1, 66, 0, 10, 0xff, 0xe0, count];
            record.extend([0, 1, 0x68].repeat(usize::from(count)));
            parameter_sets(&record).map(|(_, sets)| sets.len())
        };
        assert_eq!(with(PARAMETER_SETS as u8), Some(PARAMETER_SETS));
        assert_eq!(with(PARAMETER_SETS as u8 + 1), None);
    }
}
