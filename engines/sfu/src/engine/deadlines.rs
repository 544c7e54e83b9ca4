//! When each leg's stack wants to be called: a heap in which an entry may be
//! out of date, so that setting one later costs nothing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// A stack with nothing to wait for names a day far off; it is not kept.
const FAR: std::time::Duration = std::time::Duration::from_secs(365 * 24 * 3_600);

#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    heap: BinaryHeap<Reverse<(Instant, usize)>>,
    /// Earliest entry that stands in the heap for each leg.
    queued: Vec<Option<Instant>>,
    origin: Option<Instant>,
}

impl Deadlines {
    /// Makes sure that `index` is popped no later than `at`. It may be popped
    /// earlier, for a deadline it had before.
    pub(crate) fn set(&mut self, index: usize, at: Instant) {
        let origin = *self.origin.get_or_insert(at);
        if at.saturating_duration_since(origin) > FAR {
            return;
        }
        if self.queued.len() <= index {
            self.queued.resize(index + 1, None);
        }
        if self.queued[index].is_none_or(|queued| at < queued) {
            self.queued[index] = Some(at);
            self.heap.push(Reverse((at, index)));
        }
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// A leg with an entry at or before `now`.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<usize> {
        while let Some(Reverse((at, index))) = self.heap.peek().copied() {
            if at > now {
                return None;
            }
            self.heap.pop();
            // Entries overtaken by an earlier one are left in the heap.
            if self.queued[index] == Some(at) {
                self.queued[index] = None;
                return Some(index);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn pops_in_order_and_an_earlier_one_overtakes() {
        let now = Instant::now();
        let ms = |ms| now + Duration::from_millis(ms);
        let mut deadlines = Deadlines::default();
        deadlines.set(0, ms(30));
        deadlines.set(1, ms(20));
        deadlines.set(0, ms(10));
        deadlines.set(0, ms(50));
        assert_eq!(deadlines.next(), Some(ms(10)));
        assert_eq!(deadlines.pop_due(ms(9)), None);
        assert_eq!(deadlines.pop_due(ms(25)), Some(0));
        deadlines.set(0, ms(50));
        assert_eq!(deadlines.pop_due(ms(25)), Some(1));
        assert_eq!(deadlines.pop_due(ms(40)), None, "the overtaken entry is nobody's");
        assert_eq!(deadlines.pop_due(ms(60)), Some(0));
        assert_eq!(deadlines.pop_due(ms(60)), None);
    }
}
