//! Bitrate, frame rate and key-frame distance of one incoming layer, over a
//! window of the last second.

use std::time::{Duration, Instant};

/// Interval at which [`Rates::tick`] is to be called.
pub(crate) const TICK: Duration = Duration::from_millis(100);
const BUCKETS: usize = 10;
pub(crate) const WINDOW: Duration = Duration::from_millis(TICK.as_millis() as u64 * BUCKETS as u64);

#[derive(Debug, Default, Clone, Copy)]
struct Bucket {
    bytes: u64,
    frames: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Rates {
    buckets: [Bucket; BUCKETS],
    at: usize,
    last_packet: Option<Instant>,
    last_key_frame: Option<Instant>,
    key_frame_distance: Option<Duration>,
}

impl Rates {
    pub(crate) fn packet(&mut self, now: Instant, bytes: usize, ends_frame: bool) {
        let bucket = &mut self.buckets[self.at];
        bucket.bytes += bytes as u64;
        bucket.frames += u32::from(ends_frame);
        self.last_packet = Some(now);
    }

    pub(crate) fn key_frame(&mut self, now: Instant) {
        self.key_frame_distance = self.last_key_frame.map(|last| now.saturating_duration_since(last));
        self.last_key_frame = Some(now);
    }

    /// Moves the window on by [`TICK`].
    pub(crate) fn tick(&mut self) {
        self.at = (self.at + 1) % BUCKETS;
        self.buckets[self.at] = Bucket::default();
    }

    /// Bits a second.
    pub(crate) fn bitrate_bps(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.bytes).sum::<u64>() * 8
    }

    pub(crate) fn frames_per_second(&self) -> f32 {
        self.buckets.iter().map(|bucket| bucket.frames).sum::<u32>() as f32
    }

    pub(crate) fn key_frame_distance(&self) -> Option<Duration> {
        self.key_frame_distance
    }

    /// Whether packets came within the window.
    pub(crate) fn is_active(&self, now: Instant) -> bool {
        self.last_packet.is_some_and(|last| now.saturating_duration_since(last) < WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_video_and_then_nothing() {
        let start = Instant::now();
        let mut rates = Rates::default();
        for frame in 0..30u64 {
            let now = start + Duration::from_millis(frame * 33);
            if frame % 15 == 0 {
                rates.key_frame(now);
            }
            rates.packet(now, 1_000, false);
            rates.packet(now, 250, true);
            if frame % 3 == 2 && frame < 29 {
                rates.tick();
            }
        }
        assert_eq!(rates.bitrate_bps(), 30 * 1_250 * 8);
        assert_eq!(rates.frames_per_second(), 30.0);
        assert_eq!(rates.key_frame_distance(), Some(Duration::from_millis(495)));
        assert!(rates.is_active(start + Duration::from_millis(1_000)));
        for _ in 0..BUCKETS {
            rates.tick();
        }
        assert_eq!(rates.bitrate_bps(), 0);
        assert!(!rates.is_active(start + Duration::from_millis(2_000)));
    }
}
