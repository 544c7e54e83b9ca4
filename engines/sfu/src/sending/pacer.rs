//! When video leaves: in bursts of four to eight packets, faster than the
//! estimate and than it comes in, and never so slowly that a picture is late.

use std::time::{Duration, Instant};

/// Packets in one burst: more would be a burst that small router buffers drop.
pub(crate) const BURST_PACKETS: usize = 8;
const PACKET_BYTES: f64 = 1_200.0;
/// Times the estimate that is sent at: a picture is over before the next.
const FACTOR: f64 = 2.5;
/// Times the rate of what comes in that is sent at, whatever the estimate says.
const FACTOR_OF_INFLOW: f64 = 2.0;
const INFLOW_WINDOW_S: f64 = 0.2;
/// Longest that anything waits, whatever the estimate says: a wrong estimate
/// makes a burst, not a freeze.
const LONGEST_WAIT_S: f64 = 0.1;
/// Viewers who wait are served together at these steps.
const STEP: Duration = Duration::from_millis(1);

#[derive(Debug, Default)]
pub(super) struct Pacer {
    /// Bytes that were sent and are not yet paid for by time.
    debt: f64,
    at: Option<Instant>,
    /// Rate that sends what waits in time, in bytes a second, until nothing waits.
    floor: f64,
    /// What comes in, in bytes a second, of the last window that is over.
    inflow: f64,
    window: Option<Instant>,
    came: f64,
}

impl Pacer {
    /// So many bytes were handed in.
    pub(super) fn came(&mut self, bytes: usize) {
        self.came += bytes as f64;
    }

    /// Lets time pay for what was sent. `backlog`: bytes that wait.
    pub(super) fn settle(&mut self, now: Instant, estimate_bps: u64, backlog: usize) {
        let elapsed = self.at.map_or(0.0, |at| now.saturating_duration_since(at).as_secs_f64());
        self.at = Some(now);
        self.debt = (self.debt - elapsed * self.rate(estimate_bps)).max(0.0);
        let began = *self.window.get_or_insert(now);
        let passed = now.saturating_duration_since(began).as_secs_f64();
        if passed >= INFLOW_WINDOW_S {
            self.inflow = self.came / passed;
            (self.window, self.came) = (Some(now), 0.0);
        }
        self.floor = self.floor.max(backlog as f64 / LONGEST_WAIT_S);
    }

    /// Packets that may leave now.
    pub(super) fn packets(&self) -> usize {
        let burst = BURST_PACKETS as f64;
        let room = burst - self.debt / PACKET_BYTES;
        if room < burst / 2.0 { 0 } else { room as usize }
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.debt += bytes as f64;
    }

    /// Nothing waits any more.
    pub(super) fn rest(&mut self) {
        self.floor = 0.0;
    }

    /// When [`Pacer::packets`] will be worth asking again.
    pub(super) fn next(&self, now: Instant, estimate_bps: u64) -> Instant {
        let over = self.debt - BURST_PACKETS as f64 / 2.0 * PACKET_BYTES;
        let wait = Duration::from_secs_f64((over / self.rate(estimate_bps)).clamp(0.0, LONGEST_WAIT_S));
        let steps = (wait.as_micros() / STEP.as_micros()) as u32 + 1;
        now + STEP * steps
    }

    /// In bytes a second.
    fn rate(&self, estimate_bps: u64) -> f64 {
        let by_estimate = FACTOR * estimate_bps as f64 / 8.0;
        by_estimate.max(FACTOR_OF_INFLOW * self.inflow).max(self.floor).max(PACKET_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends so many packets at once; how long the last one waits, and the bursts.
    fn send(packets: usize, estimate_bps: u64) -> (Duration, Vec<usize>) {
        let start = Instant::now();
        let (mut now, mut pacer, mut left, mut bursts) = (start, Pacer::default(), packets, Vec::new());
        loop {
            let backlog = left * 1_200;
            pacer.settle(now, estimate_bps, backlog);
            let burst = pacer.packets().min(left);
            if burst > 0 {
                bursts.push(burst);
                pacer.sent(burst * 1_200);
                left -= burst;
            }
            if left == 0 {
                return (now - start, bursts);
            }
            now = pacer.next(now, estimate_bps);
        }
    }

    #[test]
    fn a_picture_leaves_in_bursts_and_in_time() {
        let (waited, bursts) = send(8, 1_000_000);
        assert_eq!((waited, bursts), (Duration::ZERO, vec![8]));
        let (waited, bursts) = send(60, 4_000_000);
        assert!(bursts.iter().all(|burst| *burst <= BURST_PACKETS), "{bursts:?}");
        assert!(bursts[..bursts.len() - 1].iter().all(|burst| *burst >= BURST_PACKETS / 2), "{bursts:?}");
        // 60 packets at 10 Mbit/s take 58 ms, less a burst.
        assert!((40..=65).contains(&waited.as_millis()), "{waited:?}");
    }

    #[test]
    fn a_stream_far_above_the_estimate_is_soon_not_held_up() {
        // Frames of 50 packets, 30 a second: 14 Mbit/s.
        let start = Instant::now();
        let (mut pacer, mut left, mut now) = (Pacer::default(), 0, start);
        for frame in 1..=60u32 {
            left += 50;
            pacer.came(50 * 1_200);
            let next_frame = start + Duration::from_nanos(33_333_333) * frame;
            while left > 0 && now < next_frame {
                pacer.settle(now, 1_000_000, left * 1_200);
                let burst = pacer.packets().min(left);
                pacer.sent(burst * 1_200);
                left -= burst;
                now = if left == 0 { next_frame } else { pacer.next(now, 1_000_000).min(next_frame) };
            }
            assert!(frame < 20 || left == 0, "{left} packets of frame {frame} were late");
            now = next_frame;
        }
    }

    #[test]
    fn an_estimate_that_is_far_too_low_does_not_hold_a_picture_up() {
        let (waited, _) = send(100, 30_000);
        assert!(waited < Duration::from_millis(110), "{waited:?}");
    }
}
