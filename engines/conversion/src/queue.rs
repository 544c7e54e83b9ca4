//! Which film is next. Pure: who drives it starts what [`Queue::start`] gives, says how it [`ended`](Queue::ended), and
//! keeps in the store what shall outlive the server.
//!
//! ```text
//! add ─► waiting ─start─► running ─ended(done, refused)─► gone
//!           ▲                └─ended(again), tries left─┐
//!           └───────────────────────────────────────────┘
//! ```

use std::collections::{BTreeMap, VecDeque};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    pub running: usize,
    pub waiting: usize,
    /// How often one film is tried.
    pub tries: u32,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { running: 1, waiting: 10_000, tries: 3 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    Waits,
    /// It waits or runs already.
    Known,
    Full,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It is over: converted, or given up.
    Over,
    /// It failed for the last time.
    GivenUp,
    /// It waits again, behind all others.
    Waits,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// It had not begun.
    Waited,
    /// It runs: end it. Its place is free.
    Ran,
    Unknown,
}

/// Films by their names, in the order in which they came.
#[derive(Debug, Clone)]
pub struct Queue<K> {
    limits: QueueLimits,
    waiting: VecDeque<(K, u32)>,
    running: BTreeMap<K, u32>,
}

impl<K: Clone + Ord> Queue<K> {
    pub fn new(limits: QueueLimits) -> Self {
        Self { limits, waiting: VecDeque::new(), running: BTreeMap::new() }
    }

    /// Puts a film at the end, with the tries it has had.
    pub fn add(&mut self, film: K, tries: u32) -> Enqueued {
        if self.place(&film).is_some() || self.running.contains_key(&film) {
            return Enqueued::Known;
        }
        if self.waiting.len() >= self.limits.waiting {
            return Enqueued::Full;
        }
        self.waiting.push_back((film, tries));
        Enqueued::Waits
    }

    /// Takes the film to be started now, and which try it is; call until there is none.
    pub fn start(&mut self) -> Option<(K, u32)> {
        if self.running.len() >= self.limits.running {
            return None;
        }
        let (film, tries) = self.waiting.pop_front()?;
        self.running.insert(film.clone(), tries + 1);
        Some((film, tries + 1))
    }

    /// A film that ran has ended; `again` if it failed and may succeed at another time.
    pub fn ended(&mut self, film: &K, again: bool) -> Ended {
        match self.running.remove(film) {
            None => Ended::Unknown,
            Some(_) if !again => Ended::Over,
            Some(tries) if tries >= self.limits.tries => Ended::GivenUp,
            Some(tries) => {
                self.waiting.push_back((film.clone(), tries));
                Ended::Waits
            }
        }
    }

    /// Takes a film out.
    pub fn cancel(&mut self, film: &K) -> Cancelled {
        if let Some(at) = self.place(film) {
            self.waiting.remove(at);
            return Cancelled::Waited;
        }
        if self.running.remove(film).is_some() { Cancelled::Ran } else { Cancelled::Unknown }
    }

    /// How many are before it.
    pub fn place(&self, film: &K) -> Option<usize> {
        self.waiting.iter().position(|(waiting, _)| waiting == film)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(running: usize, waiting: usize, tries: u32) -> Queue<&'static str> {
        Queue::new(QueueLimits { running, waiting, tries })
    }

    #[test]
    fn they_run_in_the_order_in_which_they_came_and_no_more_at_once_than_may() {
        let mut queue = queue(2, 10, 3);
        for film in ["c", "a", "b"] {
            assert_eq!(queue.add(film, 0), Enqueued::Waits);
        }
        assert_eq!([queue.start(), queue.start(), queue.start()], [Some(("c", 1)), Some(("a", 1)), None]);
        assert_eq!(queue.ended(&"a", false), Ended::Over);
        assert_eq!([queue.start(), queue.start()], [Some(("b", 1)), None]);
    }

    #[test]
    fn a_film_is_there_once_and_one_more_than_may_wait_is_turned_away() {
        let mut queue = queue(1, 2, 3);
        assert_eq!(queue.add("a", 0), Enqueued::Waits);
        queue.start();
        assert_eq!(queue.add("a", 0), Enqueued::Known);
        assert_eq!([queue.add("b", 0), queue.add("b", 0)], [Enqueued::Waits, Enqueued::Known]);
        assert_eq!([queue.add("c", 0), queue.add("d", 0)], [Enqueued::Waits, Enqueued::Full]);
        assert_eq!((queue.place(&"c"), queue.place(&"a")), (Some(1), None));
    }

    #[test]
    fn what_fails_goes_behind_the_others_and_is_given_up_in_the_end() {
        let mut queue = queue(1, 10, 2);
        queue.add("a", 0);
        queue.add("b", 0);
        assert_eq!(queue.start(), Some(("a", 1)));
        assert_eq!(queue.ended(&"a", true), Ended::Waits);
        assert_eq!(queue.start(), Some(("b", 1)));
        assert_eq!(queue.ended(&"b", false), Ended::Over);
        assert_eq!(queue.start(), Some(("a", 2)));
        assert_eq!(queue.ended(&"a", true), Ended::GivenUp);
        assert_eq!((queue.ended(&"a", true), queue.start()), (Ended::Unknown, None));
    }

    #[test]
    fn what_is_cancelled_leaves_its_place() {
        let mut queue = queue(1, 10, 2);
        queue.add("a", 0);
        queue.add("b", 0);
        queue.add("c", 0);
        queue.start();
        assert_eq!([queue.cancel(&"b"), queue.cancel(&"b")], [Cancelled::Waited, Cancelled::Unknown]);
        assert_eq!(queue.cancel(&"a"), Cancelled::Ran);
        assert_eq!(queue.start(), Some(("c", 1)));
        assert_eq!(queue.ended(&"a", true), Ended::Unknown, "who was cancelled does not come back");
    }
}
