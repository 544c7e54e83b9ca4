//! Whether queues grow: packets that were sent together are a group, and the
//! delays of groups have a trend (draft-ietf-rmcat-gcc 5).

use std::collections::VecDeque;

use super::Usage;

/// Packets sent within this are one group.
const GROUP_US: u64 = 5_000;
/// So are packets that a queue let go together.
const BURST_US: i64 = 5_000;
const LONGEST_BURST_US: i64 = 100_000;
/// A clock that jumped by this starts anew.
const JUMP_US: i64 = 3_000_000;

#[derive(Debug, Clone, Copy)]
struct Group {
    first_sent_us: u64,
    last_sent_us: u64,
    first_arrived_us: i64,
    last_arrived_us: i64,
}

/// Between two groups.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delta {
    sent_ms: f64,
    arrived_ms: f64,
    at_ms: f64,
}

#[derive(Debug, Default)]
pub(super) struct Groups {
    current: Option<Group>,
    before: Option<Group>,
}

impl Groups {
    /// A packet arrived; the difference of the last two groups if it begins another.
    pub(super) fn arrived(&mut self, sent_us: u64, arrived_us: i64) -> Option<Delta> {
        let one = Group {
            first_sent_us: sent_us,
            last_sent_us: sent_us,
            first_arrived_us: arrived_us,
            last_arrived_us: arrived_us,
        };
        let Some(group) = &mut self.current else {
            self.current = Some(one);
            return None;
        };
        if (arrived_us - group.last_arrived_us).abs() > JUMP_US {
            (self.current, self.before) = (Some(one), None);
            return None;
        }
        if sent_us < group.first_sent_us {
            return None;
        }
        let since_sent = sent_us as i64 - group.last_sent_us as i64;
        let since_arrived = arrived_us - group.last_arrived_us;
        let burst = since_arrived - since_sent < 0
            && since_arrived <= BURST_US
            && arrived_us - group.first_arrived_us < LONGEST_BURST_US;
        if sent_us - group.first_sent_us <= GROUP_US || burst {
            group.last_sent_us = group.last_sent_us.max(sent_us);
            group.last_arrived_us = group.last_arrived_us.max(arrived_us);
            return None;
        }
        let group = *group;
        let before = self.before.replace(group);
        self.current = Some(one);
        let before = before?;
        Some(Delta {
            sent_ms: (group.last_sent_us as f64 - before.last_sent_us as f64) / 1_000.0,
            arrived_ms: (group.last_arrived_us - before.last_arrived_us) as f64 / 1_000.0,
            at_ms: group.last_arrived_us as f64 / 1_000.0,
        })
    }
}

/// Groups that the trend is taken over.
const WINDOW: usize = 20;
const SMOOTHING: f64 = 0.9;
const GAIN: f64 = 4.0;
const MOST_DELTAS: f64 = 60.0;
/// How fast the threshold follows, when above and below it.
const FOLLOWS_UP: f64 = 0.0087;
const FOLLOWS_DOWN: f64 = 0.039;
const THRESHOLD_MS: (f64, f64) = (6.0, 600.0);
/// A trend that far above the threshold does not move it.
const TOO_FAR_MS: f64 = 15.0;
/// Time over the threshold before it counts.
const OVER_MS: f64 = 10.0;

#[derive(Debug)]
pub(super) struct Trend {
    deltas: f64,
    accumulated_ms: f64,
    smoothed_ms: f64,
    points: VecDeque<(f64, f64)>,
    threshold_ms: f64,
    updated_ms: Option<f64>,
    over_ms: Option<f64>,
    over_count: u32,
    last: f64,
    usage: Usage,
}

impl Default for Trend {
    fn default() -> Trend {
        Trend {
            deltas: 0.0,
            accumulated_ms: 0.0,
            smoothed_ms: 0.0,
            points: VecDeque::with_capacity(WINDOW),
            threshold_ms: 12.5,
            updated_ms: None,
            over_ms: None,
            over_count: 0,
            last: 0.0,
            usage: Usage::Normal,
        }
    }
}

impl Trend {
    pub(super) fn usage(&self) -> Usage {
        self.usage
    }

    pub(super) fn add(&mut self, delta: &Delta) -> Usage {
        self.deltas = (self.deltas + 1.0).min(MOST_DELTAS);
        self.accumulated_ms += delta.arrived_ms - delta.sent_ms;
        self.smoothed_ms = SMOOTHING * self.smoothed_ms + (1.0 - SMOOTHING) * self.accumulated_ms;
        if self.points.len() == WINDOW {
            self.points.pop_front();
        }
        self.points.push_back((delta.at_ms, self.smoothed_ms));
        let slope = if self.points.len() == WINDOW { slope(&self.points).unwrap_or(self.last) } else { 0.0 };
        let trend_ms = self.deltas * slope * GAIN;
        self.detect(trend_ms, slope, delta.sent_ms);
        self.follow(trend_ms, delta.at_ms);
        self.last = slope;
        self.usage
    }

    fn detect(&mut self, trend_ms: f64, slope: f64, sent_ms: f64) {
        if trend_ms > self.threshold_ms {
            let over_ms = self.over_ms.map_or(sent_ms / 2.0, |over| over + sent_ms);
            self.over_ms = Some(over_ms);
            self.over_count += 1;
            if over_ms > OVER_MS && self.over_count > 1 && slope >= self.last {
                (self.over_ms, self.over_count) = (Some(0.0), 0);
                self.usage = Usage::Over;
            }
            return;
        }
        (self.over_ms, self.over_count) = (None, 0);
        self.usage = if trend_ms < -self.threshold_ms { Usage::Under } else { Usage::Normal };
    }

    fn follow(&mut self, trend_ms: f64, at_ms: f64) {
        let elapsed_ms = self.updated_ms.map_or(0.0, |updated| (at_ms - updated).clamp(0.0, 100.0));
        self.updated_ms = Some(at_ms);
        let height = trend_ms.abs();
        if height > self.threshold_ms + TOO_FAR_MS {
            return;
        }
        let speed = if height < self.threshold_ms { FOLLOWS_DOWN } else { FOLLOWS_UP };
        self.threshold_ms += speed * (height - self.threshold_ms) * elapsed_ms;
        self.threshold_ms = self.threshold_ms.clamp(THRESHOLD_MS.0, THRESHOLD_MS.1);
    }
}

/// Of the line of least squares.
fn slope(points: &VecDeque<(f64, f64)>) -> Option<f64> {
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let above = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>();
    let below = points.iter().map(|(x, _)| (x - mean_x) * (x - mean_x)).sum::<f64>();
    (below > 0.0).then(|| above / below)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Usages of packets sent every 10 ms, each `grows_us` later than the one before.
    fn usages(grows_us: impl Fn(i64) -> i64) -> Vec<Usage> {
        let (mut groups, mut trend) = (Groups::default(), Trend::default());
        let mut late_us = 0;
        (0..200i64)
            .filter_map(|packet| {
                late_us += grows_us(packet);
                groups.arrived(packet as u64 * 10_000, packet * 10_000 + 50_000 + late_us)
            })
            .map(|delta| trend.add(&delta))
            .collect()
    }

    #[test]
    fn a_queue_that_grows_and_shrinks_is_noticed_and_jitter_is_not() {
        assert!(usages(|_| 0).iter().all(|usage| *usage == Usage::Normal));
        let jitter = |packet: i64| [0, 1_500, -1_500, 800, -800][packet as usize % 5];
        assert!(usages(jitter).iter().all(|usage| *usage != Usage::Over));
        let grown = usages(|packet| if (50..100).contains(&packet) { 2_000 } else { 0 });
        let at = grown.iter().position(|usage| *usage == Usage::Over).unwrap();
        assert!((50..75).contains(&at), "noticed at {at}");
        let shrunk = usages(|packet| if (50..100).contains(&packet) { -2_000 } else { 0 });
        assert!(shrunk.contains(&Usage::Under) && !shrunk.contains(&Usage::Over));
    }

    #[test]
    fn a_burst_is_one_group_and_a_jump_of_the_clock_starts_anew() {
        let mut groups = Groups::default();
        for packet in 0..8 {
            assert!(groups.arrived(packet * 100, 1_000 + packet as i64 * 100).is_none());
        }
        assert!(groups.arrived(33_000, 34_000).is_none(), "the first group has none before it");
        assert!(groups.arrived(66_000, 67_000).is_some());
        assert!(groups.arrived(99_000, 67_000 + 2 * JUMP_US).is_none());
        assert!(groups.arrived(132_000, 100_000 + 2 * JUMP_US).is_none());
    }
}
