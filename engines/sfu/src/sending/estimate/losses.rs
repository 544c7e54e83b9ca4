//! The rate by losses (draft-ietf-rmcat-gcc 6): above a tenth it falls, below
//! a fiftieth it rises, between them it stays.

use super::{LEAST_BPS, MOST_BPS};

const MUCH: f64 = 0.1;
const LITTLE: f64 = 0.02;
/// Packets that a share of losses is taken of.
const PACKETS: usize = 20;
const GROWTH: f64 = 1.08;
/// Between two decreases, beside a round trip.
const REST_US: u64 = 300_000;

#[derive(Debug, Default)]
pub(super) struct Losses {
    /// `None`: losses limit nothing.
    bps: Option<f64>,
    packets: usize,
    lost: usize,
    share: f64,
    updated_us: u64,
    decreased_us: Option<u64>,
}

impl Losses {
    /// In bits a second.
    pub(super) fn bps(&self) -> f64 {
        self.bps.unwrap_or(MOST_BPS)
    }

    pub(super) fn is_lossy(&self) -> bool {
        self.share > MUCH
    }

    /// More was shown to get through.
    pub(super) fn forget(&mut self) {
        self.bps = None;
    }

    pub(super) fn report(&mut self, now_us: u64, arrived: usize, lost: usize, estimate_bps: f64, round_trip_us: u64) {
        self.packets += arrived + lost;
        self.lost += lost;
        if self.packets < PACKETS {
            return;
        }
        self.share = self.lost as f64 / self.packets as f64;
        (self.packets, self.lost) = (0, 0);
        let elapsed_s = (now_us.saturating_sub(self.updated_us) as f64 / 1e6).min(1.0);
        self.updated_us = now_us;
        let rested = self.decreased_us.is_none_or(|at| now_us.saturating_sub(at) >= REST_US + round_trip_us);
        if self.share > MUCH && rested {
            self.bps = Some((estimate_bps * (1.0 - 0.5 * self.share)).max(LEAST_BPS));
            self.decreased_us = Some(now_us);
        } else if self.share < LITTLE {
            // Once the delays limit more than losses did, losses limit nothing.
            self.bps = self.bps.map(|bps| bps * GROWTH.powf(elapsed_s)).filter(|bps| *bps < 1.5 * estimate_bps);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn falls_above_a_tenth_stays_between_and_rises_below_a_fiftieth() {
        let mut losses = Losses::default();
        let mut now_us = 0;
        let mut pass = |losses: &mut Losses, lost: usize, times: usize| {
            for _ in 0..times {
                now_us += 500_000;
                let estimate = losses.bps().min(1_000_000.0);
                losses.report(now_us, 100 - lost, lost, estimate, 50_000);
            }
            losses.bps()
        };
        assert_eq!(pass(&mut losses, 1, 10), MOST_BPS);
        assert_eq!(pass(&mut losses, 10, 10), MOST_BPS);
        let fallen = pass(&mut losses, 20, 3);
        assert!((fallen - 1_000_000.0 * 0.9f64.powi(3)).abs() < 1.0, "{fallen}");
        assert!(losses.is_lossy());
        assert_eq!(pass(&mut losses, 5, 10), fallen);
        let risen = pass(&mut losses, 0, 4);
        assert!((risen / fallen - 1.08f64.powi(2)).abs() < 0.01, "{risen}");
        assert_eq!(pass(&mut losses, 0, 40), MOST_BPS);
    }
}
