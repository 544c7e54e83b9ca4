//! Opus: how long a packet lasts (RFC 6716 3.1), and its configuration box (Opus in ISO BMFF 4.3.2).

use bytes::Bytes;

/// Opus is always timed at 48 kHz.
pub const RATE: u32 = 48_000;
/// Longest packet: 120 ms (RFC 6716 3.2.5).
const PACKET_SAMPLES_MAX: u32 = 5_760;
/// What libopus and WebRTC decoders take to converge, in samples.
const PRE_SKIP: u16 = 312;
/// 20 ms of full-band silence, coded by CELT, for one and two channels.
const SILENCE: [&[u8]; 2] = [&[0xf8, 0xff, 0xfe], &[0xfc, 0xff, 0xfe]];

/// Samples at 48 kHz that a packet decodes to.
///
/// # Errors
/// It is empty or says a length that the RFC forbids.
pub fn packet_samples(packet: &[u8]) -> Result<u32, &'static str> {
    let toc = *packet.first().ok_or("a packet without its first byte")?;
    let frame = match toc >> 3 {
        mode @ 0..12 => [480, 960, 1920, 2880][usize::from(mode & 3)],
        mode @ 12..16 => [480, 960][usize::from(mode & 1)],
        mode => [120, 240, 480, 960][usize::from(mode & 3)],
    };
    let count = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(packet.get(1).ok_or("a packet without its frame count")? & 0x3f),
    };
    match frame * count {
        0 => Err("a packet without frames"),
        samples if samples > PACKET_SAMPLES_MAX => Err("a packet longer than 120 ms"),
        samples => Ok(samples),
    }
}

/// A stream's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpusTrack {
    /// One or two.
    pub channels: u8,
}

impl OpusTrack {
    /// By the stereo bit of a packet.
    pub fn of(packet: &[u8]) -> Self {
        Self { channels: if packet.first().is_some_and(|toc| toc & 4 != 0) { 2 } else { 1 } }
    }

    /// The content of a `dOps` box.
    pub fn box_content(&self) -> Vec<u8> {
        let mut content = vec![0, self.channels];
        content.extend_from_slice(&PRE_SKIP.to_be_bytes());
        content.extend_from_slice(&RATE.to_be_bytes());
        content.extend_from_slice(&[0, 0, 0]);
        content
    }

    pub fn silence(&self) -> (Bytes, u32) {
        (Bytes::from_static(SILENCE[usize::from(self.channels > 1)]), 960)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_follow_the_table_of_the_rfc() {
        assert_eq!(packet_samples(&[0x00]), Ok(480)); // SILK 10 ms
        assert_eq!(packet_samples(&[3 << 3]), Ok(2880)); // SILK 60 ms
        assert_eq!(packet_samples(&[13 << 3]), Ok(960)); // hybrid 20 ms
        assert_eq!(packet_samples(&[16 << 3]), Ok(120)); // CELT 2.5 ms
        assert_eq!(packet_samples(&[0xf8 | 1]), Ok(1920));
        assert_eq!(packet_samples(&[0xf8 | 3, 6]), Ok(5760));
    }

    #[test]
    fn more_than_120_ms_nothing_and_half_a_packet_are_refused() {
        assert!(packet_samples(&[0xf8 | 3, 7]).is_err());
        assert!(packet_samples(&[0xf8 | 3, 0]).is_err());
        assert!(packet_samples(&[0xf8 | 3]).is_err());
        assert!(packet_samples(&[]).is_err());
    }

    #[test]
    fn silence_has_the_channels_and_length_it_claims() {
        for channels in [1, 2] {
            let (packet, samples) = OpusTrack { channels }.silence();
            assert_eq!(packet_samples(&packet), Ok(samples));
            assert_eq!(OpusTrack::of(&packet).channels, channels);
        }
    }
}
