//! AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1).

use bytes::Bytes;

/// What a decoder needs to know before the first frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AacConfig {
    /// The AudioSpecificConfig as sent.
    pub asc: Bytes,
    /// Audio object type of the core: 2 is AAC-LC.
    pub object_type: u8,
    /// Of the core coder; HE-AAC plays at twice that.
    pub sample_rate_hz: u32,
    /// 0: the layout is in the stream itself.
    pub channels: u8,
    /// HE-AAC, as far as the config says so.
    pub high_efficiency: bool,
}

const RATES_HZ: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
const SPECTRAL_BAND_REPLICATION: u8 = 5;
const PARAMETRIC_STEREO: u8 = 29;
const ESCAPE: u8 = 31;
/// The longest that a config without a program config element gets.
const CONFIG_BYTES: usize = 64;

impl AacConfig {
    pub(crate) fn parse(asc: &Bytes) -> Option<AacConfig> {
        if asc.len() > CONFIG_BYTES {
            return None;
        }
        let mut bits = Bits { bytes: asc, position: 0 };
        let mut object_type = bits.object_type()?;
        let sample_rate_hz = bits.sample_rate()?;
        let layout = bits.uint(4)? as u8;
        let high_efficiency = matches!(object_type, SPECTRAL_BAND_REPLICATION | PARAMETRIC_STEREO);
        if high_efficiency {
            bits.sample_rate()?;
            object_type = bits.object_type()?;
        }
        let channels = match layout {
            7 => 8,
            0..=6 => layout,
            _ => return None,
        };
        Some(AacConfig { asc: asc.clone(), object_type, sample_rate_hz, channels, high_efficiency })
    }
}

struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Bits<'_> {
    fn uint(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.position / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.position % 8) & 1);
            self.position += 1;
        }
        Some(value)
    }

    fn object_type(&mut self) -> Option<u8> {
        let object_type = self.uint(5)? as u8;
        if object_type == ESCAPE { Some(32 + self.uint(6)? as u8) } else { Some(object_type) }
    }

    fn sample_rate(&mut self) -> Option<u32> {
        let rate = match self.uint(4)? {
            15 => self.uint(24)?,
            index => *RATES_HZ.get(index as usize)?,
        };
        (rate > 0 && rate <= RATES_HZ[0]).then_some(rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(asc: &'static [u8]) -> Option<(u8, u32, u8, bool)> {
        let config = AacConfig::parse(&Bytes::from_static(asc))?;
        Some((config.object_type, config.sample_rate_hz, config.channels, config.high_efficiency))
    }

    #[test]
    fn configs_of_encoders() {
        assert_eq!(parsed(&[0x12, 0x10]), Some((2, 44_100, 2, false)));
        assert_eq!(parsed(&[0x11, 0x90, 0x56, 0xe5, 0]), Some((2, 48_000, 2, false)), "ffmpeg, with the SBR mark");
        assert_eq!(parsed(&[0x2b, 0x92, 0x08, 0]), Some((2, 22_050, 2, true)), "HE-AAC, told outright");
        assert_eq!(parsed(&[0x11, 0xb8]), Some((2, 48_000, 8, false)), "7.1");
    }

    #[test]
    fn what_cannot_be_a_config() {
        for asc in
            [&[][..], &[0x12], &[0x16, 0x90], &[0x17, 0x80, 0, 0], &[0x17, 0xff, 0xff, 0xff, 0x90], &[0x11, 0xc0]]
        {
            assert_eq!(parsed(asc), None, "{asc:?}");
        }
        assert!(AacConfig::parse(&Bytes::from(vec![0x11; CONFIG_BYTES])).is_some());
        assert_eq!(AacConfig::parse(&Bytes::from(vec![0x11; CONFIG_BYTES + 1])), None);
    }
}
