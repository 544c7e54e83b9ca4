//! Which worker has what: known to all workers, changed only as legs come and go.
//!
//! Every space has a **home**, the worker of its publishers; its viewers are at
//! home too while there is room, and else where the fewest are. So a small room
//! costs one thread, and a large one as many as there are.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{Command, LegId, Limits, Refusal, SpaceId};

/// As long as a worker has no more viewers than this, those of its spaces come
/// to it: packets for another worker are handed over once a burst, which is not
/// worth it for a few.
const FEW: usize = 32;
/// How many viewers more than the one with the fewest a worker may have then
/// before the next go elsewhere.
const MORE: usize = 8;

#[derive(Debug)]
struct Entry {
    worker: usize,
    space: SpaceId,
    views: bool,
    open: bool,
}

#[derive(Debug, Default)]
struct Inside {
    open: usize,
    /// Viewers at each worker, those that are being opened too.
    viewers: Vec<usize>,
    legs: usize,
}

#[derive(Debug)]
struct Known {
    legs: HashMap<LegId, Entry>,
    spaces: HashMap<SpaceId, Inside>,
    /// Who answers to the credentials that a client's checks name.
    ufrags: HashMap<String, usize>,
    /// Viewers at each worker.
    viewers: Vec<usize>,
    open: usize,
}

#[derive(Debug)]
pub(crate) struct Directory {
    workers: usize,
    limits: Limits,
    known: Mutex<Known>,
}

impl Directory {
    pub(crate) fn new(workers: usize, limits: Limits) -> Directory {
        let viewers = vec![0; workers];
        let known = Known { legs: HashMap::new(), spaces: HashMap::new(), ufrags: HashMap::new(), viewers, open: 0 };
        Directory { workers, limits, known: Mutex::new(known) }
    }

    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    /// The worker of a space's publishers.
    pub(crate) fn home(&self, space: &SpaceId) -> usize {
        let mut hasher = DefaultHasher::new();
        space.hash(&mut hasher);
        (hasher.finish() % self.workers as u64) as usize
    }

    /// Who is to have this command, and whether a leg was placed for it; `None`: everyone.
    pub(crate) fn worker_for(&self, command: &Command) -> Option<(usize, bool)> {
        match command {
            Command::OpenPublish { leg, space, .. } | Command::OpenFeed { leg, space, .. } => {
                Some(self.place(leg, space, false))
            }
            Command::OpenSubscribe { leg, space } | Command::OpenPlay { leg, space, .. } => {
                Some(self.place(leg, space, true))
            }
            Command::CloseSpace { .. } => None,
            other => Some((other.leg().map_or(0, |leg| self.worker_of(leg)), false)),
        }
    }

    /// Who has this leg. Of one that is not open anyone can say so.
    pub(crate) fn worker_of(&self, leg: &LegId) -> usize {
        self.lock().legs.get(leg).map_or(0, |entry| entry.worker)
    }

    fn place(&self, leg: &LegId, space: &SpaceId, views: bool) -> (usize, bool) {
        let home = self.home(space);
        let mut known = self.lock();
        if let Some(entry) = known.legs.get(leg) {
            // It is open, or on its way to be: its worker says what follows.
            return (entry.worker, false);
        }
        let worker = if views { known.roomiest(space, home) } else { home };
        known.expect(leg, space, worker, views);
        (worker, true)
    }

    /// Has a leg at a worker, wherever it would be placed.
    #[cfg(test)]
    pub(crate) fn put(&self, leg: &LegId, space: &SpaceId, worker: usize) {
        self.lock().expect(leg, space, worker, true);
    }

    /// Counts a leg that a worker opens.
    ///
    /// # Errors
    ///
    /// [`Limits::legs`], [`Limits::legs_per_space`].
    pub(crate) fn enter(&self, leg: &LegId, space: &SpaceId, worker: usize, views: bool) -> Result<(), Refusal> {
        let mut known = self.lock();
        let inside = known.spaces.get(space).map_or(0, |inside| inside.open);
        if known.open >= self.limits.legs {
            return Err(Refusal::TooManyLegs);
        }
        if inside >= self.limits.legs_per_space {
            return Err(Refusal::SpaceFull);
        }
        // One that was closed while it was on its way is unknown again.
        if !known.legs.contains_key(leg) {
            known.expect(leg, space, worker, views);
        }
        if let Some(entry) = known.legs.get_mut(leg) {
            entry.open = true;
        }
        known.open += 1;
        if let Some(inside) = known.spaces.get_mut(space) {
            inside.open += 1;
        }
        Ok(())
    }

    /// A leg that was placed is not opened after all.
    pub(crate) fn give_up(&self, leg: &LegId) {
        let mut known = self.lock();
        if known.legs.get(leg).is_some_and(|entry| !entry.open) {
            known.leave(leg);
        }
    }

    /// A leg of this worker is closed, or could not be opened.
    pub(crate) fn leave(&self, leg: &LegId, worker: usize) {
        let mut known = self.lock();
        if known.legs.get(leg).is_some_and(|entry| entry.worker == worker) {
            known.leave(leg);
        }
    }

    pub(crate) fn answers_to(&self, ufrag: &str, worker: usize) {
        self.lock().ufrags.insert(ufrag.to_owned(), worker);
    }

    pub(crate) fn forgets(&self, ufrag: &str) {
        self.lock().ufrags.remove(ufrag);
    }

    pub(crate) fn worker_of_ufrag(&self, ufrag: &str) -> Option<usize> {
        self.lock().ufrags.get(ufrag).copied()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Home first, then where the space is already, then the others.
    fn roomiest(&self, space: &SpaceId, home: usize) -> usize {
        let fewest = self.viewers.iter().copied().min().unwrap_or(0);
        let has_room = |worker: &usize| self.viewers[*worker] < FEW.max(fewest + MORE);
        let there = |worker: &usize| self.spaces.get(space).is_some_and(|inside| inside.viewers[*worker] > 0);
        let all = || 0..self.viewers.len();
        Some(home)
            .filter(has_room)
            .or_else(|| all().filter(has_room).find(there))
            .or_else(|| all().min_by_key(|worker| self.viewers[*worker]))
            .unwrap_or(home)
    }

    fn expect(&mut self, leg: &LegId, space: &SpaceId, worker: usize, views: bool) {
        let workers = self.viewers.len();
        let inside = self.spaces.entry(space.clone()).or_default();
        inside.viewers.resize(workers, 0);
        inside.legs += 1;
        if views {
            inside.viewers[worker] += 1;
            self.viewers[worker] += 1;
        }
        self.legs.insert(leg.clone(), Entry { worker, space: space.clone(), views, open: false });
    }

    fn leave(&mut self, leg: &LegId) {
        let Some(entry) = self.legs.remove(leg) else { return };
        self.open -= usize::from(entry.open);
        if entry.views {
            self.viewers[entry.worker] -= 1;
        }
        let Some(inside) = self.spaces.get_mut(&entry.space) else { return };
        inside.legs -= 1;
        inside.open -= usize::from(entry.open);
        if entry.views {
            inside.viewers[entry.worker] -= 1;
        }
        if inside.legs == 0 {
            self.spaces.remove(&entry.space);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn leg(name: &str) -> LegId {
        LegId::parse(&format!("leg_{name}")).unwrap()
    }

    fn space(name: &str) -> SpaceId {
        SpaceId::parse(&format!("room_{name}")).unwrap()
    }

    fn view(directory: &Directory, name: &str, in_space: &SpaceId) -> usize {
        let open = Command::OpenSubscribe { leg: leg(name), space: in_space.clone() };
        directory.worker_for(&open).unwrap().0
    }

    #[test]
    fn few_are_at_home_and_many_are_spread() {
        let directory = Directory::new(4, Limits::default());
        let room = space("a");
        let home = directory.home(&room);
        let first: Vec<usize> = (0..FEW).map(|it| view(&directory, &format!("few{it}"), &room)).collect();
        assert_eq!(first, vec![home; FEW]);
        for it in 0..1_000 {
            view(&directory, &format!("many{it}"), &room);
        }
        let viewers = directory.lock().viewers.clone();
        let (most, fewest) = (viewers.iter().max().unwrap(), viewers.iter().min().unwrap());
        assert!(most - fewest <= MORE, "{viewers:?}");
    }

    proptest! {
        /// Many rooms of all sizes whose viewers come and go: nobody is put where
        /// it is full while there is room elsewhere, and in the end nothing is left.
        #[test]
        fn no_thread_gets_more_than_its_share_whoever_comes_and_goes(
            steps in prop::collection::vec((0u8..40, any::<u16>(), any::<bool>()), 1..600),
        ) {
            let directory = Directory::new(4, Limits::default());
            let mut there: Vec<(LegId, usize)> = Vec::new();
            for (number, (room, pick, leaves)) in steps.into_iter().enumerate() {
                if leaves && !there.is_empty() {
                    let (leg, worker) = there.swap_remove(usize::from(pick) % there.len());
                    directory.leave(&leg, worker);
                    continue;
                }
                let fewest = *directory.lock().viewers.iter().min().unwrap();
                // A few of the rooms get most of the viewers.
                let room = space(&format!("r{}", u32::from(room).pow(2) / 160));
                let worker = view(&directory, &format!("v{number}"), &room);
                there.push((leg(&format!("v{number}")), worker));
                let viewers = directory.lock().viewers.clone();
                prop_assert!(viewers[worker] <= FEW.max(fewest + MORE), "{viewers:?}");
                prop_assert_eq!(viewers.iter().sum::<usize>(), there.len());
            }
            for (leg, worker) in there {
                directory.leave(&leg, worker);
            }
            let known = directory.lock();
            prop_assert!(known.legs.is_empty() && known.spaces.is_empty() && known.ufrags.is_empty());
        }
    }

    #[test]
    fn publishers_are_at_home_whoever_is_there() {
        let directory = Directory::new(3, Limits::default());
        let room = space("a");
        for it in 0..200 {
            view(&directory, &format!("v{it}"), &room);
        }
        let publish = Command::OpenFeed { leg: leg("host"), space: room.clone(), tracks: Vec::new() };
        assert_eq!(directory.worker_for(&publish), Some((directory.home(&room), true)));
        assert_eq!(directory.worker_for(&publish), Some((directory.home(&room), false)), "it is placed already");
        assert_eq!(directory.worker_for(&Command::Close { leg: leg("host") }), Some((directory.home(&room), false)));
        assert_eq!(directory.worker_for(&Command::CloseSpace { space: room }), None);
    }

    #[test]
    fn whoever_leaves_leaves_nothing_behind() {
        let directory = Directory::new(2, Limits::default());
        let room = space("a");
        for it in 0..100 {
            let name = format!("v{it}");
            let worker = view(&directory, &name, &room);
            assert_eq!(view(&directory, &name, &space("b")), worker, "one id is one leg");
            assert_eq!(directory.enter(&leg(&name), &room, worker, true), Ok(()));
        }
        for it in 0..100 {
            let name = leg(&format!("v{it}"));
            let worker = directory.worker_of(&name);
            directory.leave(&name, 1 - worker);
            assert_eq!(directory.worker_of(&name), worker, "it is not the other's to take away");
            directory.give_up(&name);
            directory.leave(&name, worker);
            directory.leave(&name, worker);
        }
        let known = directory.lock();
        assert!(known.legs.is_empty() && known.spaces.is_empty());
        assert_eq!((known.open, &known.viewers[..]), (0, &[0, 0][..]));
    }

    #[test]
    fn each_limit_at_and_one_past_over_all_workers() {
        let limits = Limits { legs: 3, legs_per_space: 2, ..Limits::default() };
        let directory = Directory::new(2, limits);
        let enter = |name: &str, in_space: &str, worker| directory.enter(&leg(name), &space(in_space), worker, true);
        assert_eq!(enter("a", "x", 0), Ok(()));
        assert_eq!(enter("b", "x", 1), Ok(()));
        assert_eq!(enter("c", "x", 1), Err(Refusal::SpaceFull));
        assert_eq!(enter("d", "y", 0), Ok(()));
        assert_eq!(enter("e", "z", 1), Err(Refusal::TooManyLegs));
        directory.leave(&leg("a"), 0);
        assert_eq!(enter("e", "z", 1), Ok(()));
    }
}
