//! Percentiles of many samples in bounded memory.

/// Values below this are counted exactly; above, each doubling is split into as many steps.
const STEPS: u64 = 128;
/// Doublings above [`STEPS`] that are told apart: with microseconds, up to about 19 hours.
const DOUBLINGS: u32 = 30;

/// Counts samples in steps of at most 1/128 of their value, so a percentile is right within 0.8 %.
#[derive(Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; (STEPS * u64::from(DOUBLINGS + 1)) as usize], total: 0, max: 0 }
    }
}

impl Histogram {
    /// Counts one sample. What is larger than the largest step is counted in that step.
    pub fn record(&mut self, value: u64) {
        let last = self.counts.len() - 1;
        self.counts[step_of(value).min(last)] += 1;
        self.total += 1;
        self.max = self.max.max(value);
    }

    /// The smallest counted value that at least `share` (0 to 1) of the samples do not exceed
    /// (nearest rank, rounded up to its step), or `None` without samples.
    pub fn percentile(&self, share: f64) -> Option<u64> {
        let rank = ((self.total as f64 * share).ceil() as u64).clamp(1, self.total.max(1));
        let mut seen = 0;
        self.counts.iter().enumerate().find_map(|(step, count)| {
            seen += count;
            (self.total > 0 && seen >= rank).then(|| largest_in(step).min(self.max))
        })
    }
}

fn step_of(value: u64) -> usize {
    if value < STEPS {
        return value as usize;
    }
    let doubling = value.ilog2() - STEPS.ilog2();
    let within = (value >> doubling) - STEPS;
    (STEPS + u64::from(doubling) * STEPS + within) as usize
}

fn largest_in(step: usize) -> u64 {
    let step = step as u64;
    if step < STEPS {
        return step;
    }
    let (doubling, within) = ((step - STEPS) / STEPS, (step - STEPS) % STEPS);
    ((STEPS + within + 1) << doubling) - 1
}

/// The middle value (of an even count, the lower of the two in the middle), or `None` of nothing.
pub fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_values_are_exact() {
        let mut h = Histogram::default();
        (1..=100).for_each(|v| h.record(v));
        assert_eq!(h.percentile(0.5), Some(50));
        assert_eq!(h.percentile(0.95), Some(95));
        assert_eq!(h.percentile(0.99), Some(99));
        assert_eq!(h.percentile(1.0), Some(100));
        assert_eq!(h.percentile(0.0), Some(1));
    }

    #[test]
    fn large_values_are_right_within_a_step() {
        for value in [127, 128, 129, 255, 256, 1_000, 65_535, 1_000_000, 3_600_000_000] {
            let mut h = Histogram::default();
            h.record(value);
            h.record(u64::from(u32::MAX));
            let p = h.percentile(0.5).unwrap();
            assert!(p >= value && p <= value + value / 127, "{value} became {p}");
        }
    }

    #[test]
    fn every_value_lies_in_its_step() {
        for value in (0..5_000).chain((1..40).map(|shift| 1_u64 << shift)) {
            let step = step_of(value);
            assert!(largest_in(step) >= value, "{value}");
            assert!(step == 0 || largest_in(step - 1) < value, "{value}");
        }
    }

    #[test]
    fn nothing_has_no_percentile_and_too_much_is_kept_in_the_last_step() {
        let mut h = Histogram::default();
        assert_eq!(h.percentile(0.5), None);
        h.record(u64::MAX);
        assert!(h.percentile(0.5).is_some());
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), Some(2.0));
    }
}
