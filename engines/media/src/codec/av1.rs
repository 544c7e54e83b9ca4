//! AV1: the sequence header out of a key frame (AV1 5.5, AV1 in ISO BMFF 2.3).

use super::bits::{Bits, Malformed};
use bytes::{Bytes, BytesMut};

/// Largest sequence header kept, in bytes.
pub const SEQUENCE_HEADER_BYTES_MAX: usize = 256;
const OBU_SEQUENCE_HEADER: u8 = 1;
const OBU_TEMPORAL_DELIMITER: u8 = 2;
const OBU_PADDING: u8 = 15;

/// A stream's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Av1Track {
    /// The sequence header as an OBU with its size.
    pub sequence_header: Bytes,
    pub profile: u8,
    pub level: u8,
    pub high_tier: bool,
    pub depth: u8,
    pub monochrome: bool,
    pub subsampling: (bool, bool),
    pub chroma_position: u8,
    pub width: u16,
    pub height: u16,
}

/// One OBU: its type, its payload, and where it lies in the temporal unit.
struct Obu {
    kind: u8,
    payload: (usize, usize),
    whole: (usize, usize),
}

fn leb128(data: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0u64;
    for (index, byte) in data.iter().enumerate().take(8) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, index + 1));
        }
    }
    None
}

fn obu(data: &[u8], at: usize) -> Result<Obu, &'static str> {
    let header = *data.get(at).ok_or("an OBU is cut short")?;
    if header & 0x80 != 0 {
        return Err("an OBU's forbidden bit is set");
    }
    let from = at + 1 + usize::from(header >> 2 & 1);
    let rest = data.get(from..).ok_or("an OBU is cut short")?;
    let (start, end) = if header & 2 == 0 {
        (from, data.len())
    } else {
        let (size, taken) = leb128(rest).ok_or("an OBU's size is malformed")?;
        let start = from + taken;
        (start, start.checked_add(size).filter(|end| *end <= data.len()).ok_or("an OBU is cut short")?)
    };
    Ok(Obu { kind: header >> 3 & 15, payload: (start, end), whole: (at, end) })
}

/// A temporal unit without delimiters and padding, as samples are stored, and the configuration if a sequence header is in it.
///
/// # Errors
/// OBUs whose sizes don't add up, or a malformed sequence header.
pub fn strip(data: &Bytes) -> Result<(Bytes, Option<Av1Track>), &'static str> {
    let (mut at, mut track) = (0, None);
    let mut kept: Vec<(usize, usize)> = Vec::new();
    while at < data.len() {
        let found = obu(data, at)?;
        at = found.whole.1;
        if found.kind == OBU_SEQUENCE_HEADER {
            track = Some(Av1Track::parse(&data[found.payload.0..found.payload.1])?);
        }
        if !matches!(found.kind, OBU_TEMPORAL_DELIMITER | OBU_PADDING) {
            match kept.last_mut() {
                Some((_, to)) if *to == found.whole.0 => *to = found.whole.1,
                _ => kept.push(found.whole),
            }
        }
    }
    let sample = match kept.as_slice() {
        [(from, to)] => data.slice(*from..*to),
        several => {
            let mut joined = BytesMut::with_capacity(data.len());
            several.iter().for_each(|(from, to)| joined.extend_from_slice(&data[*from..*to]));
            joined.freeze()
        }
    };
    Ok((sample, track))
}

/// Levels and tier of the operating points; the first one's count (5.5.1).
fn operating_point(bits: &mut Bits<'_>) -> Result<(u8, bool), Malformed> {
    let mut delay_bits = None;
    if bits.bit()? {
        bits.skip(64)?;
        if bits.bit()? {
            bits.golomb()?;
        }
        if bits.bit()? {
            delay_bits = Some(bits.bits(5)? + 1);
            bits.skip(32 + 5 + 5)?;
        }
    }
    let display_delay = bits.bit()?;
    let mut first = (0, false);
    for point in 0..=bits.bits(5)? {
        bits.skip(12)?;
        let level = bits.bits(5)? as u8;
        let tier = level > 7 && bits.bit()?;
        if let Some(count) = delay_bits
            && bits.bit()?
        {
            bits.skip(2 * count + 1)?;
        }
        if display_delay && bits.bit()? {
            bits.skip(4)?;
        }
        if point == 0 {
            first = (level, tier);
        }
    }
    Ok(first)
}

/// The tools between size and colour: nothing of them is asked but their length.
fn skip_tools(bits: &mut Bits<'_>, reduced: bool) -> Result<(), Malformed> {
    bits.skip(3)?;
    if !reduced {
        bits.skip(4)?;
        let order_hint = bits.bit()?;
        if order_hint {
            bits.skip(2)?;
        }
        let screen_content = bits.bit()? || bits.bit()?;
        if screen_content && !bits.bit()? {
            bits.skip(1)?;
        }
        if order_hint {
            bits.skip(3)?;
        }
    }
    bits.skip(3)
}

impl Av1Track {
    /// Of a sequence header's payload.
    ///
    /// # Errors
    /// It is cut short or too long.
    pub fn parse(payload: &[u8]) -> Result<Self, &'static str> {
        if payload.len() > SEQUENCE_HEADER_BYTES_MAX {
            return Err("a sequence header is too large");
        }
        Self::read(payload).map_err(|malformed| malformed.0)
    }

    fn read(payload: &[u8]) -> Result<Self, Malformed> {
        let mut bits = Bits::new(payload);
        let profile = bits.bits(3)? as u8;
        bits.skip(1)?;
        let reduced = bits.bit()?;
        let (level, high_tier) = if reduced { (bits.bits(5)? as u8, false) } else { operating_point(&mut bits)? };
        let (width_bits, height_bits) = (bits.bits(4)? + 1, bits.bits(4)? + 1);
        let side = |minus_one: u32| u16::try_from(minus_one + 1).map_err(|_| Malformed("the picture is too large"));
        let (width, height) = (side(bits.bits(width_bits)?)?, side(bits.bits(height_bits)?)?);
        if !reduced && bits.bit()? {
            bits.skip(7)?;
        }
        skip_tools(&mut bits, reduced)?;
        let high_depth = bits.bit()?;
        let depth = match (profile, high_depth) {
            (2, true) if bits.bit()? => 12,
            (_, true) => 10,
            _ => 8,
        };
        let monochrome = profile != 1 && bits.bit()?;
        let described = bits.bit()?;
        let srgb = described && [bits.bits(8)?, bits.bits(8)?, bits.bits(8)?] == [1, 13, 0];
        let subsampling = match profile {
            _ if monochrome => (true, true),
            _ if srgb => (false, false),
            _ => {
                bits.skip(1)?;
                match (profile, depth) {
                    (0, _) => (true, true),
                    (1, _) => (false, false),
                    (_, 12) => {
                        let across = bits.bit()?;
                        (across, across && bits.bit()?)
                    }
                    _ => (true, false),
                }
            }
        };
        let chroma_position = if subsampling == (true, true) && !monochrome { bits.bits(2)? as u8 } else { 0 };
        let mut header = vec![OBU_SEQUENCE_HEADER << 3 | 2];
        let mut size = payload.len();
        while size > 0x7f {
            header.push((size & 0x7f) as u8 | 0x80);
            size >>= 7;
        }
        header.push(size as u8);
        header.extend_from_slice(payload);
        let sequence_header = header.into();
        Ok(Self {
            sequence_header,
            profile,
            level,
            high_tier,
            depth,
            monochrome,
            subsampling,
            chroma_position,
            width,
            height,
        })
    }

    pub fn name(&self) -> String {
        let tier = if self.high_tier { 'H' } else { 'M' };
        format!("av01.{}.{:02}{tier}.{:02}", self.profile, self.level, self.depth)
    }

    /// The content of an `av1C` box.
    pub fn box_content(&self) -> Vec<u8> {
        let flag = |on: bool, shift: u8| u8::from(on) << shift;
        let features = flag(self.high_tier, 7)
            | flag(self.depth > 8, 6)
            | flag(self.depth == 12, 5)
            | flag(self.monochrome, 4)
            | flag(self.subsampling.0, 3)
            | flag(self.subsampling.1, 2)
            | self.chroma_position;
        let mut content = vec![0x81, self.profile << 5 | self.level, features, 0];
        content.extend_from_slice(&self.sequence_header);
        content
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_that_do_not_add_up_are_refused() {
        assert!(strip(&Bytes::from_static(&[0x0a, 0x05, 1])).is_err());
        assert!(strip(&Bytes::from_static(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])).is_err());
        assert!(strip(&Bytes::from_static(&[0x8a, 0x00])).is_err());
    }

    #[test]
    fn a_delimiter_leaves_the_sample() {
        let (sample, track) = strip(&Bytes::from_static(&[0x12, 0, 0x32, 2, 7, 7])).expect("a unit");
        assert_eq!((sample.as_ref(), track), (&[0x32, 2, 7, 7][..], None));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_unit_or_refused(unit in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = strip(&Bytes::from(unit.clone()));
            let _ = Av1Track::parse(&unit);
        }
    }
}
