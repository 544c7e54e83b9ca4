//! Numbers that go on without a gap although some of what came is left out.
//!
//! What is late still gets the number that was kept for it: offsets count from
//! where something was left out.

use std::collections::VecDeque;

/// Runs that were left out and are remembered; what comes late from before the
/// oldest has no number any more.
pub(crate) const REMEMBERED_RUNS: usize = 128;

/// A run of numbers that were left out.
#[derive(Debug, Clone, Copy)]
struct Run {
    first: u64,
    last: u64,
    /// How many were left out before it, since the beginning.
    before: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Renumbering {
    left_out: u64,
    /// In the order of their numbers.
    runs: VecDeque<Run>,
    /// Numbers below have none any more.
    oldest: u64,
}

impl Renumbering {
    /// Leaves out a number above all that were given; once.
    pub(crate) fn leave_out(&mut self, number: u64) {
        let later = self.runs.iter().rev().take_while(|run| number < run.first).count();
        let at = self.runs.len() - later;
        let behind = |run: &Run| run.last + 1 == number;
        let before = match at.checked_sub(1).and_then(|at| self.runs.get_mut(at)) {
            Some(run) if number <= run.last => return,
            Some(run) if behind(run) => {
                run.last = number;
                None
            }
            Some(run) => Some(run.before + (run.last - run.first + 1)),
            None => Some(self.runs.front().map_or(self.left_out, |run| run.before)),
        };
        self.runs.range_mut(at..).for_each(|run| run.before += 1);
        self.left_out += 1;
        let Some(before) = before else { return };
        self.runs.insert(at, Run { first: number, last: number, before });
        if self.runs.len() > REMEMBERED_RUNS
            && let Some(forgotten) = self.runs.pop_front()
        {
            self.oldest = forgotten.last + 1;
        }
    }

    /// How many were left out before this number; `None`: that is forgotten.
    pub(crate) fn left_out_before(&self, number: u64) -> Option<u64> {
        if number < self.oldest {
            return None;
        }
        let later = self.runs.iter().rev().take_while(|run| number <= run.last).last();
        Some(later.map_or(self.left_out, |run| run.before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_leaves_no_gap_and_what_is_late_finds_its_place() {
        let mut numbers = Renumbering::default();
        assert_eq!(numbers.left_out_before(10), Some(0));
        for left_out in [11, 12, 15] {
            numbers.leave_out(left_out);
        }
        let out = |number: u64| number - numbers.left_out_before(number).unwrap();
        // 13 and 14 came late, after 15 was left out.
        assert_eq!([10, 13, 14, 16, 17].map(out), [10, 11, 12, 13, 14]);
        // So did others that are left out, before anything behind them was given.
        for left_out in [18, 17, 14, 17] {
            numbers.leave_out(left_out);
        }
        let out = |number: u64| number - numbers.left_out_before(number).unwrap();
        assert_eq!([10, 13, 16, 19].map(out), [10, 11, 12, 13]);
    }

    #[test]
    fn as_many_runs_as_are_remembered_and_one_past() {
        let mut numbers = Renumbering::default();
        for run in 1..=REMEMBERED_RUNS as u64 {
            numbers.leave_out(run * 3);
        }
        assert_eq!(numbers.left_out_before(1), Some(0));
        numbers.leave_out(10_000);
        assert_eq!(numbers.left_out_before(3), None, "from before the oldest");
        assert_eq!(numbers.left_out_before(4), Some(1));
        assert_eq!(numbers.left_out_before(20_000), Some(REMEMBERED_RUNS as u64 + 1));
    }
}
