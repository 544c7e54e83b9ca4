//! How much a connection may send: a bucket that fills with time and empties with bytes.

use std::time::Instant;

use crate::limits::BIT_RATE_OVER;

#[derive(Debug)]
pub(crate) struct BitRate {
    rate_bps: u64,
    left_bits: u64,
    filled_at: Instant,
}

impl BitRate {
    pub(crate) fn new(rate_bps: u64, now: Instant) -> BitRate {
        BitRate { rate_bps, left_bits: Self::room(rate_bps), filled_at: now }
    }

    fn room(rate_bps: u64) -> u64 {
        rate_bps.saturating_mul(BIT_RATE_OVER.as_secs())
    }

    /// Whether these bytes are within the rate.
    #[must_use]
    pub(crate) fn take(&mut self, now: Instant, bytes: usize) -> bool {
        let elapsed_us = now.saturating_duration_since(self.filled_at).as_micros() as u64;
        let filled = (u128::from(self.rate_bps) * u128::from(elapsed_us) / 1_000_000) as u64;
        if filled > 0 {
            self.left_bits = self.left_bits.saturating_add(filled).min(Self::room(self.rate_bps));
            self.filled_at = now;
        }
        let wanted = bytes as u64 * 8;
        let within = wanted <= self.left_bits;
        self.left_bits = self.left_bits.saturating_sub(wanted);
        within
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn bursts_are_taken_and_the_rate_is_kept() {
        let mut now = Instant::now();
        let mut rate = BitRate::new(8_000, now);
        let burst = 1_000 * BIT_RATE_OVER.as_secs() as usize;
        assert!(rate.take(now, burst));
        assert!(!rate.take(now, 1));
        for _ in 0..1_000 {
            now += Duration::from_millis(100);
            assert!(rate.take(now, 100));
        }
        assert!(!rate.take(now, 1));
        now += Duration::from_secs(3_600);
        assert!(rate.take(now, burst), "a pause fills the bucket");
        assert!(!rate.take(now, 1), "but no further than its size");
    }
}
