//! How much of what a viewer lost is sent again.

use std::time::Instant;

/// Repairs may take this share of the estimate.
const SHARE: f64 = 0.5;
/// What half a second of the estimate carries may be repaired at once, within these.
const AT_ONCE_S: f64 = 0.5;
const AT_ONCE_BYTES: std::ops::RangeInclusive<f64> = 12_000.0..=120_000.0;
/// Most that what was sent permits: about all that is kept of a stream.
const OF_MEDIA_BYTES: f64 = 600_000.0;

/// Two limits: one by what the link is thought to carry, and one by what was
/// sent. Whoever makes the first large by what they report, and then asks for
/// everything again, gets it once more and not more often.
#[derive(Debug)]
pub(super) struct Allowance {
    by_estimate: f64,
    by_media: f64,
    at: Instant,
}

impl Allowance {
    pub(super) fn new(now: Instant) -> Allowance {
        Allowance { by_estimate: *AT_ONCE_BYTES.end(), by_media: 0.0, at: now }
    }

    /// So many bytes of video were sent for the first time.
    pub(super) fn went(&mut self, bytes: usize) {
        self.by_media = (self.by_media + bytes as f64).min(OF_MEDIA_BYTES);
    }

    pub(super) fn settle(&mut self, now: Instant, estimate_bps: u64) {
        let second = estimate_bps as f64 / 8.0;
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        let most = (AT_ONCE_S * second).clamp(*AT_ONCE_BYTES.start(), *AT_ONCE_BYTES.end());
        self.by_estimate = (self.by_estimate + elapsed * SHARE * second).min(most);
    }

    /// Whether anything may be repaired now.
    pub(super) fn is_left(&self) -> bool {
        self.by_estimate > 0.0 && self.by_media > 0.0
    }

    /// So many bytes are sent again.
    pub(super) fn take(&mut self, bytes: usize) {
        self.by_estimate -= bytes as f64;
        self.by_media -= bytes as f64;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Asks for more than there is every 5 ms for five seconds, while media of
    /// this rate is sent; what it gets at first, and then in bits a second.
    fn ask(estimate_bps: u64, media_bps: u64) -> (usize, usize) {
        const SECONDS: usize = 5;
        let (start, mut bytes) = (Instant::now(), Vec::new());
        let mut allowance = Allowance::new(start);
        allowance.went(120_000);
        for turn in 0..200 * SECONDS {
            allowance.settle(start + Duration::from_millis(5) * turn as u32, estimate_bps);
            let mut got = 0;
            while allowance.is_left() {
                allowance.take(1_200);
                got += 1_200;
            }
            bytes.push(got);
            allowance.went(media_bps as usize / 8 / 200);
        }
        (bytes[0], bytes[1..].iter().sum::<usize>() * 8 / SECONDS)
    }

    #[test]
    fn a_narrow_link_gets_little_at_once_and_nobody_more_than_half_of_theirs() {
        for (estimate_bps, at_once) in [(30_000, 12_000), (400_000, 25_000), (1_000_000, 62_500), (9_000_000, 120_000)]
        {
            let (first, after) = ask(estimate_bps, 100_000_000);
            assert!((at_once..=at_once + 1_200).contains(&first), "{estimate_bps}: {first}");
            assert!(after as u64 <= estimate_bps / 2 + 2_000, "{estimate_bps}: {after}");
        }
    }

    #[test]
    fn nobody_gets_more_again_than_they_got() {
        let (_, after) = ask(100_000_000, 500_000);
        assert!((490_000..=502_000).contains(&after), "{after}");
        assert_eq!(ask(100_000_000, 0).1, 0);
    }
}
