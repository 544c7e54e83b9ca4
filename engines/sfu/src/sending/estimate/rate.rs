//! The rate by delays: up while queues don't grow, down at once when they do
//! (draft-ietf-rmcat-gcc 5.5).

use super::{LEAST_BPS, MOST_BPS, Usage};

/// What is left of the throughput when queues grow.
const DECREASE: f64 = 0.9;
/// Below this share of where queues began to grow the rate comes back fast.
const SAFE: f64 = 0.93;
const RETURN: f64 = 1.25;
/// A second's growth while the limit isn't known.
const GROWTH: f64 = 1.08;
/// Not more than this above what arrives: what is not used is not known.
const BEYOND: f64 = 1.5;
const BEYOND_BPS: f64 = 10_000.0;
const FRAMES_A_SECOND: f64 = 30.0;
const PACKET_BITS: f64 = 1_200.0 * 8.0;
const LEAST_GROWTH_BPS: f64 = 4_000.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Hold,
    Increase,
}

#[derive(Debug)]
pub(super) struct RateControl {
    bps: f64,
    state: State,
    capacity: Capacity,
    updated_us: Option<u64>,
    decreased_us: Option<u64>,
}

/// Where queues began to grow, in kbit/s, with its relative variance.
#[derive(Debug, Default)]
struct Capacity {
    kbps: Option<f64>,
    deviation: f64,
}

impl Capacity {
    fn over(&mut self, bps: f64) {
        const SMOOTHING: f64 = 0.05;
        let kbps = bps / 1_000.0;
        let mean = self.kbps.map_or(kbps, |mean| (1.0 - SMOOTHING) * mean + SMOOTHING * kbps);
        let norm = mean.max(1.0);
        let error = mean - kbps;
        if self.kbps.is_none() {
            self.deviation = 0.4;
        }
        self.deviation = ((1.0 - SMOOTHING) * self.deviation + SMOOTHING * error * error / norm).clamp(0.4, 2.5);
        self.kbps = Some(mean);
    }

    /// Three standard deviations, in bits a second.
    fn spread(&self, kbps: f64) -> f64 {
        3.0 * (self.deviation * kbps).sqrt()
    }

    fn upper(&self) -> Option<f64> {
        self.kbps.map(|kbps| (kbps + self.spread(kbps)) * 1_000.0)
    }

    fn lower(&self) -> Option<f64> {
        self.kbps.map(|kbps| (kbps - self.spread(kbps)).max(0.0) * 1_000.0)
    }
}

impl RateControl {
    pub(super) fn new(bps: f64) -> RateControl {
        RateControl { bps, state: State::Hold, capacity: Capacity::default(), updated_us: None, decreased_us: None }
    }

    pub(super) fn bps(&self) -> f64 {
        self.bps
    }

    /// A probe showed that there is this much.
    pub(super) fn shown(&mut self, now_us: u64, bps: f64) {
        if bps > self.bps {
            self.bps = bps.min(MOST_BPS);
            self.updated_us = Some(now_us);
            self.capacity = Capacity::default();
        }
    }

    /// Only this share is still believed.
    pub(super) fn fall(&mut self, share: f64) {
        self.bps = (self.bps * share).max(LEAST_BPS);
    }

    pub(super) fn update(&mut self, now_us: u64, usage: Usage, throughput: Option<f64>, round_trip_us: u64) {
        match usage {
            Usage::Over => self.decrease(now_us, throughput, round_trip_us),
            Usage::Under => self.state = State::Hold,
            Usage::Normal if self.state == State::Hold => self.state = State::Increase,
            Usage::Normal => self.increase(now_us, throughput, round_trip_us),
        }
        self.updated_us = Some(now_us);
    }

    fn increase(&mut self, now_us: u64, throughput: Option<f64>, round_trip_us: u64) {
        let elapsed_s = self.updated_us.map_or(0.0, |at| now_us.saturating_sub(at) as f64 / 1e6).min(1.0);
        let Some(throughput) = throughput else { return };
        if self.capacity.upper().is_some_and(|upper| throughput > upper) {
            self.capacity = Capacity::default();
        }
        let limit = BEYOND * throughput + BEYOND_BPS;
        if self.bps >= limit {
            return;
        }
        let grown = match self.capacity.kbps {
            Some(kbps) if self.bps < SAFE * kbps * 1_000.0 => {
                (self.bps * RETURN.powf(elapsed_s)).min(SAFE * kbps * 1_000.0)
            }
            Some(_) => self.bps + elapsed_s * self.growth_near_capacity(round_trip_us),
            None => (self.bps * GROWTH.powf(elapsed_s)).max(self.bps + 1_000.0),
        };
        self.bps = grown.min(limit).min(MOST_BPS);
    }

    /// A packet in a response time, in bits a second every second.
    fn growth_near_capacity(&self, round_trip_us: u64) -> f64 {
        let response_s = 2.0 * (round_trip_us as f64 / 1e6 + 0.1);
        let frame_bits = self.bps / FRAMES_A_SECOND;
        let packet_bits = frame_bits / (frame_bits / PACKET_BITS).ceil().max(1.0);
        (packet_bits / response_s).max(LEAST_GROWTH_BPS)
    }

    fn decrease(&mut self, now_us: u64, throughput: Option<f64>, round_trip_us: u64) {
        let since = self.decreased_us.map(|at| now_us.saturating_sub(at));
        let throughput = throughput.unwrap_or(self.bps);
        let much_too_high = throughput < 0.5 * self.bps;
        if since.is_some_and(|since| since < round_trip_us.clamp(10_000, 200_000)) && !much_too_high {
            return;
        }
        let mut to = DECREASE * throughput;
        if to > self.bps
            && let Some(kbps) = self.capacity.kbps
        {
            to = DECREASE * kbps * 1_000.0;
        }
        self.bps = self.bps.min(to).max(LEAST_BPS);
        if self.capacity.lower().is_some_and(|lower| throughput < lower) {
            self.capacity = Capacity::default();
        }
        self.capacity.over(throughput);
        self.decreased_us = Some(now_us);
        self.state = State::Hold;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_by_shares_then_in_steps_and_falls_below_what_arrives() {
        let mut rate = RateControl::new(1_000_000.0);
        let mut now_us = 0;
        let mut pass = |rate: &mut RateControl, seconds: u64, usage, throughput| {
            for _ in 0..seconds * 10 {
                now_us += 100_000;
                rate.update(now_us, usage, Some(throughput), 50_000);
            }
        };
        pass(&mut rate, 3, Usage::Normal, 1_000_000.0);
        assert!((1_200_000.0..1_280_000.0).contains(&rate.bps()), "{}", rate.bps());
        pass(&mut rate, 30, Usage::Normal, 1_000_000.0);
        assert_eq!(rate.bps(), 1_510_000.0, "not beyond what is known");
        now_us += 100_000;
        rate.update(now_us, Usage::Over, Some(1_200_000.0), 50_000);
        assert_eq!(rate.bps(), DECREASE * 1_200_000.0);
        let mut pass = |rate: &mut RateControl, usage| {
            for _ in 0..10 {
                now_us += 100_000;
                rate.update(now_us, usage, Some(1_000_000.0), 50_000);
            }
        };
        pass(&mut rate, Usage::Under);
        assert_eq!(rate.bps(), DECREASE * 1_200_000.0, "held while the queue drains");
        pass(&mut rate, Usage::Normal);
        let grown = rate.bps() - SAFE * 1_200_000.0;
        assert!((5_000.0..60_000.0).contains(&grown), "fast at first, then by {grown}");
        rate.shown(now_us, 3_000_000.0);
        assert_eq!(rate.bps(), 3_000_000.0);
    }
}
