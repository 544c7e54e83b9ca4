//! VP9: the configuration out of a key frame (VP9 bitstream 6.2, VP Codec ISO Media File Format Binding).

use super::bits::{Bits, Malformed};

/// Luma pictures a level takes, in pixels, from level 1 on (VP9 Annex A).
const LEVELS: [(u8, u32); 9] = [
    (10, 36_864),
    (11, 73_728),
    (20, 122_880),
    (21, 245_760),
    (30, 552_960),
    (31, 983_040),
    (40, 2_228_224),
    (50, 8_912_896),
    (60, 35_651_584),
];
const SYNC: u32 = 0x49_83_42;
const SRGB: u32 = 7;

/// A stream's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vp9Track {
    pub profile: u8,
    pub depth: u8,
    /// 0 and 1: 4:2:0, 2: 4:2:2, 3: 4:4:4.
    pub chroma: u8,
    pub full_range: bool,
    pub width: u16,
    pub height: u16,
}

impl Vp9Track {
    /// The configuration of a key frame; `None` for a frame that isn't one.
    ///
    /// # Errors
    /// The header is cut short or not of VP9.
    pub fn of(frame: &[u8]) -> Result<Option<Self>, &'static str> {
        Self::read(frame).map_err(|malformed| malformed.0)
    }

    fn read(frame: &[u8]) -> Result<Option<Self>, Malformed> {
        let mut bits = Bits::new(frame);
        if bits.bits(2)? != 2 {
            return Err(Malformed("no frame marker"));
        }
        let profile = u8::from(bits.bit()?) | u8::from(bits.bit()?) << 1;
        if profile == 3 && bits.bit()? {
            return Err(Malformed("no such profile"));
        }
        let (show_existing, not_key) = (bits.bit()?, bits.bit()?);
        if show_existing || not_key {
            return Ok(None);
        }
        bits.skip(2)?;
        if bits.bits(24)? != SYNC {
            return Err(Malformed("no sync code"));
        }
        let depth = match profile {
            0 | 1 => 8,
            _ if bits.bit()? => 12,
            _ => 10,
        };
        let (chroma, full_range) = if bits.bits(3)? == SRGB {
            (3, true)
        } else {
            let full_range = bits.bit()?;
            let subsampled = if profile & 1 == 1 { (bits.bit()?, bits.bit()?) } else { (true, true) };
            let chroma = match subsampled {
                (true, true) => 1,
                (true, false) => 2,
                _ => 3,
            };
            (chroma, full_range)
        };
        if profile & 1 == 1 {
            bits.skip(1)?;
        }
        let side = |minus_one: u32| u16::try_from(minus_one + 1).map_err(|_| Malformed("the picture is too large"));
        let (width, height) = (side(bits.bits(16)?)?, side(bits.bits(16)?)?);
        Ok(Some(Self { profile, depth, chroma, full_range, width, height }))
    }

    fn level(&self) -> u8 {
        let pixels = u32::from(self.width) * u32::from(self.height);
        LEVELS.iter().find(|(_, takes)| pixels <= *takes).map_or(62, |(level, _)| *level)
    }

    pub fn name(&self) -> String {
        format!("vp09.{:02}.{:02}.{:02}", self.profile, self.level(), self.depth)
    }

    /// The content of a `vpcC` box, with version and flags. Colours are left unspecified, as most encoders do.
    pub fn box_content(&self) -> Vec<u8> {
        let sampling = self.depth << 4 | self.chroma << 1 | u8::from(self.full_range);
        vec![1, 0, 0, 0, self.profile, self.level(), sampling, 2, 2, 2, 0, 0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_frame_gives_its_size_and_other_frames_nothing() {
        // marker 10, profile 0, not existing, key, shown, sync, BT.601 and studio range, 320×180
        let key = [0x82, 0x49, 0x83, 0x42, 0x20, 0x13, 0xf0, 0x0b, 0x30];
        let track = Vp9Track::of(&key).expect("a header").expect("a key frame");
        assert_eq!((track.width, track.height, track.depth), (320, 180, 8));
        assert_eq!(track.name(), "vp09.00.11.08");
        assert_eq!(Vp9Track::of(&[0x86, 0]), Ok(None));
        assert!(Vp9Track::of(&key[..6]).is_err());
        assert!(Vp9Track::of(&[0x02; 9]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_frame_or_refused(frame in prop::collection::vec(any::<u8>(), 0..20)) {
            let _ = Vp9Track::of(&frame);
        }
    }
}
