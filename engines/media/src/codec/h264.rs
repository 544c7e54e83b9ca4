//! H.264: parameter sets out of the stream and into the configuration record.

use super::bits::{Bits, Malformed};
use bytes::{Bytes, BytesMut};

/// Largest parameter set kept, in bytes.
pub const PARAMETER_SET_BYTES_MAX: usize = 1024;
/// Picture parameter sets kept for one stream; the record has a byte for their count, encoders send one or two.
pub const PPS_MAX: usize = 32;
/// Largest picture, in pixels a side (level 6.2).
pub const SIDE_MAX: u32 = 16_384;

const NAL_IDR: u8 = 5;
const NAL_SPS: u8 = 7;
const NAL_PPS: u8 = 8;
const NAL_DELIMITER: u8 = 9;
const NAL_FILLER: u8 = 12;

/// What a sequence parameter set says (ITU-T H.264 7.3.2.1.1), as far as packaging asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sps {
    pub profile: u8,
    pub constraints: u8,
    pub level: u8,
    pub chroma_format: u8,
    pub luma_depth: u8,
    pub chroma_depth: u8,
    pub width: u16,
    pub height: u16,
}

/// Profiles whose sets carry chroma format and bit depths.
fn is_high(profile: u8) -> bool {
    matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135)
}

/// A NAL unit without its emulation prevention bytes (7.4.1.1).
fn unescaped(nal: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(nal.len());
    let mut zeros = 0;
    for &byte in nal {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

fn skip_scaling_list(bits: &mut Bits<'_>, size: u32) -> Result<(), Malformed> {
    let (mut last, mut next) = (8i64, 8i64);
    for _ in 0..size {
        if next != 0 {
            next = (last + i64::from(bits.signed_golomb()?)).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Ok(())
}

struct Chroma {
    format: u32,
    separate: bool,
    luma_depth: u32,
    chroma_depth: u32,
}

fn chroma(bits: &mut Bits<'_>, profile: u8) -> Result<Chroma, Malformed> {
    if !is_high(profile) {
        return Ok(Chroma { format: 1, separate: false, luma_depth: 8, chroma_depth: 8 });
    }
    let format = bits.golomb()?;
    if format > 3 {
        return Err(Malformed("no such chroma format"));
    }
    let separate = format == 3 && bits.bit()?;
    let (luma_depth, chroma_depth) = (bits.golomb()?, bits.golomb()?);
    if luma_depth > 6 || chroma_depth > 6 {
        return Err(Malformed("no such bit depth"));
    }
    bits.skip(1)?;
    if bits.bit()? {
        for list in 0..if format == 3 { 12 } else { 8 } {
            if bits.bit()? {
                skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    Ok(Chroma { format, separate, luma_depth: luma_depth + 8, chroma_depth: chroma_depth + 8 })
}

fn skip_picture_order(bits: &mut Bits<'_>) -> Result<(), Malformed> {
    match bits.golomb()? {
        0 => {
            bits.golomb()?;
        }
        1 => {
            bits.skip(1)?;
            bits.signed_golomb()?;
            bits.signed_golomb()?;
            let count = bits.golomb()?;
            if count > 255 {
                return Err(Malformed("too many reference frames in a cycle"));
            }
            for _ in 0..count {
                bits.signed_golomb()?;
            }
        }
        2 => {}
        _ => return Err(Malformed("no such picture order")),
    }
    Ok(())
}

impl Sps {
    /// Of a whole NAL unit, header included.
    ///
    /// # Errors
    /// It is none, is cut short, or gives a size that no level allows.
    pub fn parse(nal: &[u8]) -> Result<Self, &'static str> {
        if nal.len() > PARAMETER_SET_BYTES_MAX {
            return Err("a parameter set is too large");
        }
        if nal.first().is_none_or(|header| header & 0x1f != NAL_SPS) {
            return Err("not a sequence parameter set");
        }
        Self::read(&unescaped(&nal[1..])).map_err(|malformed| malformed.0)
    }

    fn read(data: &[u8]) -> Result<Self, Malformed> {
        let mut bits = Bits::new(data);
        let [profile, constraints, level] = [bits.bits(8)? as u8, bits.bits(8)? as u8, bits.bits(8)? as u8];
        bits.golomb()?;
        let chroma = chroma(&mut bits, profile)?;
        bits.golomb()?;
        skip_picture_order(&mut bits)?;
        bits.golomb()?;
        bits.skip(1)?;
        let in_macroblocks = |count: u32| match count {
            0..1024 => Ok((count + 1) * 16),
            _ => Err(Malformed("the picture is too large")),
        };
        let width = in_macroblocks(bits.golomb()?)?;
        let map_height = in_macroblocks(bits.golomb()?)?;
        let frames_only = bits.bit()?;
        if !frames_only {
            bits.skip(1)?;
        }
        bits.skip(1)?;
        let height = map_height * if frames_only { 1 } else { 2 };
        let crop = if bits.bit()? {
            [bits.golomb()?, bits.golomb()?, bits.golomb()?, bits.golomb()?].map(u64::from)
        } else {
            [0; 4]
        };
        let subsampled = if chroma.separate { 0 } else { chroma.format };
        let unit_x: u64 = if matches!(subsampled, 1 | 2) { 2 } else { 1 };
        let unit_y: u64 = if subsampled == 1 { 2 } else { 1 } * if frames_only { 1 } else { 2 };
        let cropped = |side: u32, by: u64| match u64::from(side).checked_sub(by) {
            Some(left @ 1..) if left <= u64::from(SIDE_MAX) => Ok(left as u16),
            _ => Err(Malformed("nothing is left of the picture, or too much")),
        };
        Ok(Self {
            profile,
            constraints,
            level,
            chroma_format: chroma.format as u8,
            luma_depth: chroma.luma_depth as u8,
            chroma_depth: chroma.chroma_depth as u8,
            width: cropped(width, (crop[0] + crop[1]) * unit_x)?,
            height: cropped(height, (crop[2] + crop[3]) * unit_y)?,
        })
    }
}

/// A stream's configuration, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct H264Track {
    /// The `AVCDecoderConfigurationRecord`.
    pub record: Bytes,
    pub width: u16,
    pub height: u16,
}

impl H264Track {
    pub fn name(&self) -> String {
        format!("avc1.{:02x}{:02x}{:02x}", self.record[1], self.record[2], self.record[3])
    }
}

/// The parameter sets a stream has shown so far.
#[derive(Debug, Clone, Default)]
pub struct ParameterSets {
    sps: Option<(Bytes, Sps)>,
    /// By their id, so that one sent again takes the place of its older self.
    pps: Vec<(u32, Bytes)>,
}

impl ParameterSets {
    /// Takes the sets of an `AVCDecoderConfigurationRecord` in place of what was known.
    ///
    /// # Errors
    /// It is cut short, has another length size than 4, or a set in it is malformed.
    pub fn replace(&mut self, record: &[u8]) -> Result<(), &'static str> {
        let short = "the configuration record ends too early";
        if record.len() < 7 || record[0] != 1 {
            return Err("not a configuration record");
        }
        if record[4] & 3 != 3 {
            return Err("lengths of NAL units have to take 4 bytes");
        }
        let mut fresh = Self::default();
        let mut rest = &record[5..];
        for mask in [0x1f, 0xff] {
            let (&count, mut left) = rest.split_first().ok_or(short)?;
            for _ in 0..count & mask {
                let (len, after) = left.split_first_chunk::<2>().ok_or(short)?;
                let len = usize::from(u16::from_be_bytes(*len));
                fresh.take(after.get(..len).ok_or(short)?)?;
                left = &after[len..];
            }
            rest = left;
        }
        *self = fresh;
        Ok(())
    }

    fn take(&mut self, nal: &[u8]) -> Result<(), &'static str> {
        if nal.len() > PARAMETER_SET_BYTES_MAX {
            return Err("a parameter set is too large");
        }
        match nal.first().map(|header| header & 0x1f) {
            Some(NAL_SPS) if self.sps.as_ref().is_none_or(|(known, _)| known != nal) => {
                self.sps = Some((Bytes::copy_from_slice(nal), Sps::parse(nal)?));
            }
            Some(NAL_PPS) => {
                let id = Bits::new(&unescaped(&nal[1..])).golomb().map_err(|malformed| malformed.0)?;
                match self.pps.iter().position(|(known, _)| *known == id) {
                    Some(at) if self.pps[at].1 == nal => {}
                    Some(at) => self.pps[at].1 = Bytes::copy_from_slice(nal),
                    None if self.pps.len() == PPS_MAX => return Err("too many picture parameter sets"),
                    None => self.pps.push((id, Bytes::copy_from_slice(nal))),
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes the parameter sets out of an access unit, and leaves what belongs into a sample.
    /// The second value tells whether it holds an IDR picture.
    ///
    /// # Errors
    /// Lengths that don't add up, or a malformed set.
    pub fn strip(&mut self, data: &Bytes) -> Result<(Bytes, bool), &'static str> {
        let mut kept: Vec<(usize, usize)> = Vec::new();
        let (mut at, mut idr, mut stripped) = (0, false, false);
        while at < data.len() {
            let len = data.get(at..at + 4).ok_or("a NAL unit's length is cut short")?;
            let len = u32::from_be_bytes(len.try_into().expect("four bytes")) as usize;
            let end = (at + 4).checked_add(len).filter(|end| *end <= data.len()).ok_or("a NAL unit is cut short")?;
            match data[at + 4..end].first().map(|header| header & 0x1f) {
                Some(NAL_SPS | NAL_PPS) => {
                    self.take(&data[at + 4..end])?;
                    stripped = true;
                }
                Some(NAL_DELIMITER | NAL_FILLER) | None => stripped = true,
                Some(kind) => {
                    idr |= kind == NAL_IDR;
                    match kept.last_mut() {
                        Some((_, to)) if *to == at => *to = end,
                        _ => kept.push((at, end)),
                    }
                }
            }
            at = end;
        }
        let data = match kept.as_slice() {
            _ if !stripped => data.clone(),
            [(from, to)] => data.slice(*from..*to),
            several => {
                let mut joined = BytesMut::with_capacity(data.len());
                several.iter().for_each(|(from, to)| joined.extend_from_slice(&data[*from..*to]));
                joined.freeze()
            }
        };
        Ok((data, idr))
    }

    /// The configuration, once a sequence and a picture parameter set are known.
    pub fn track(&self) -> Option<H264Track> {
        let (sps, said) = self.sps.as_ref()?;
        if self.pps.is_empty() {
            return None;
        }
        let mut record = vec![1, said.profile, said.constraints, said.level, 0xff, 0xe1];
        record.extend_from_slice(&(sps.len() as u16).to_be_bytes());
        record.extend_from_slice(sps);
        record.push(self.pps.len() as u8);
        for (_, set) in &self.pps {
            record.extend_from_slice(&(set.len() as u16).to_be_bytes());
            record.extend_from_slice(set);
        }
        if is_high(said.profile) {
            let depths = [0xfc | said.chroma_format, 0xf8 | (said.luma_depth - 8), 0xf8 | (said.chroma_depth - 8), 0];
            record.extend_from_slice(&depths);
        }
        Some(H264Track { record: record.into(), width: said.width, height: said.height })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Baseline 640×480 and high 1920×1080 with cropping, as x264 writes them.
    const HIGH_1080: [u8; 26] = [
        0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00, 0x04,
        0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c, 0x60, 0xc6,
    ];

    fn units(nals: &[&[u8]]) -> Bytes {
        let mut out = Vec::new();
        for nal in nals {
            out.extend_from_slice(&(nal.len() as u32).to_be_bytes());
            out.extend_from_slice(nal);
        }
        out.into()
    }

    #[test]
    fn a_cropped_high_profile_set_gives_its_size() {
        let sps = Sps::parse(&HIGH_1080).expect("an SPS");
        assert_eq!((sps.profile, sps.level, sps.width, sps.height), (100, 40, 1920, 1080));
    }

    #[test]
    fn parameter_sets_leave_the_sample_and_enter_the_record() {
        let mut sets = ParameterSets::default();
        let unit = units(&[&[9, 0x10], &HIGH_1080, &[0x68, 0xeb, 0xe3], &[0x65, 1, 2, 3], &[0x65, 4]]);
        let (sample, idr) = sets.strip(&unit).expect("a unit");
        assert!(idr);
        assert_eq!(sample, units(&[&[0x65, 1, 2, 3], &[0x65, 4]]));
        let track = sets.track().expect("a configuration");
        assert_eq!(track.name(), "avc1.640028");
        let mut again = ParameterSets::default();
        again.replace(&track.record).expect("our own record");
        assert_eq!(again.track(), Some(track));
    }

    #[test]
    fn one_picture_parameter_set_more_than_kept_is_refused() {
        let mut sets = ParameterSets::default();
        // ids 0..=32 as Exp-Golomb codes
        for id in 0..=PPS_MAX as u32 {
            let code = id + 1;
            let len = 2 * (31 - code.leading_zeros()) + 1;
            let nal = [&[0x68][..], &(code << (32 - len)).to_be_bytes()].concat();
            assert_eq!(sets.take(&nal).is_ok(), id < PPS_MAX as u32, "{id}");
        }
    }

    #[test]
    fn a_set_one_byte_too_large_is_refused() {
        let mut nal = HIGH_1080.to_vec();
        nal.resize(PARAMETER_SET_BYTES_MAX, 1);
        assert!(Sps::parse(&nal).is_ok());
        nal.push(1);
        assert_eq!(Sps::parse(&nal), Err("a parameter set is too large"));
    }

    proptest! {
        #[test]
        fn any_bytes_as_a_parameter_set_give_a_bounded_size_or_an_error(mut nal in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(header) = nal.first_mut() { *header = 0x67; }
            if let Ok(sps) = Sps::parse(&nal) {
                prop_assert!(sps.width > 0 && sps.height > 0);
                prop_assert!(u32::from(sps.width) <= SIDE_MAX && u32::from(sps.height) <= SIDE_MAX);
            }
        }

        #[test]
        fn a_set_with_bits_flipped_is_parsed_or_refused(at in 0usize..HIGH_1080.len(), with: u8) {
            let mut nal = HIGH_1080;
            nal[at] ^= with;
            let _ = Sps::parse(&nal);
        }

        #[test]
        fn any_bytes_as_a_unit_or_a_record_are_taken_or_refused(data in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut sets = ParameterSets::default();
            let _ = sets.strip(&Bytes::from(data.clone()));
            let _ = sets.replace(&data);
            let _ = sets.track();
        }
    }
}
