//! AAC: what the `AudioSpecificConfig` says (ISO/IEC 14496-3 1.6.2.1).

use super::bits::{Bits, Malformed};
use bytes::Bytes;

/// Largest configuration taken, in bytes.
pub const CONFIG_BYTES_MAX: usize = 64;
const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
const LOW_COMPLEXITY: u32 = 2;

/// A stream's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AacTrack {
    pub config: Bytes,
    pub object: u32,
    /// Samples a second of the core, without spectral band replication.
    pub rate: u32,
    pub channels: u8,
    /// Samples of one frame: 1,024, or 960.
    pub frame_samples: u32,
}

impl AacTrack {
    /// Reads an `AudioSpecificConfig`.
    ///
    /// # Errors
    /// It is cut short, too long, or gives a rate or channels that don't exist.
    pub fn parse(config: &[u8]) -> Result<Self, &'static str> {
        if config.len() > CONFIG_BYTES_MAX {
            return Err("the audio configuration is too long");
        }
        Self::read(config).map_err(|malformed| malformed.0)
    }

    fn read(config: &[u8]) -> Result<Self, Malformed> {
        let mut bits = Bits::new(config);
        let object = match bits.bits(5)? {
            31 => 32 + bits.bits(6)?,
            object => object,
        };
        let rate = match bits.bits(4)? {
            15 => bits.bits(24)?,
            index => *RATES.get(index as usize).ok_or(Malformed("no such sample rate"))?,
        };
        let channels = match bits.bits(4)? {
            count @ 1..=6 => count as u8,
            7 => 8,
            _ => return Err(Malformed("no such channel configuration")),
        };
        if !(7_350..=96_000).contains(&rate) {
            return Err(Malformed("no such sample rate"));
        }
        let short = object == LOW_COMPLEXITY && bits.bit()?;
        let frame_samples = if short { 960 } else { 1024 };
        Ok(Self { config: Bytes::copy_from_slice(config), object, rate, channels, frame_samples })
    }

    pub fn name(&self) -> String {
        format!("mp4a.40.{}", self.object)
    }

    /// A frame of low-complexity silence for one or two channels, and its samples.
    pub fn silence(&self) -> Option<(Bytes, u32)> {
        let frame: &'static [u8] = match (self.object, self.channels) {
            (LOW_COMPLEXITY, 1) => &[0x00, 0xc8, 0x00, 0x80, 0x23, 0x80],
            (LOW_COMPLEXITY, 2) => &[0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80],
            _ => return None,
        };
        Some((Bytes::from_static(frame), self.frame_samples))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn low_complexity_stereo_at_48_khz() {
        let track = AacTrack::parse(&[0x11, 0x90]).expect("a configuration");
        assert_eq!((track.rate, track.channels, track.frame_samples), (48_000, 2, 1024));
        assert_eq!(track.name(), "mp4a.40.2");
    }

    #[test]
    fn rates_and_channels_that_do_not_exist_are_refused() {
        assert!(AacTrack::parse(&[0x16, 0x90]).is_err());
        assert!(AacTrack::parse(&[0x11, 0x80]).is_err());
        assert!(AacTrack::parse(&[0x11]).is_err());
        assert!(AacTrack::parse(&[0x11; CONFIG_BYTES_MAX + 1]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_configuration_or_refused(config in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(track) = AacTrack::parse(&config) {
                prop_assert!(track.rate > 0 && track.channels > 0);
            }
        }
    }
}
