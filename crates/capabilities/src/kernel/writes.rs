//! What waits to be stored before it counts.

use std::collections::BTreeMap;

use super::limits::CHANGES_IN_FLIGHT_MAX;
use crate::effect::{Effect, Write, WriteId};
use hearth_protocol::Rejection;

/// Writes under way, each with what is to be done when it is stored.
#[derive(Debug)]
pub struct Writes<T> {
    last: u64,
    waiting: BTreeMap<WriteId, T>,
}

impl<T> Default for Writes<T> {
    fn default() -> Self {
        Self { last: 0, waiting: BTreeMap::new() }
    }
}

impl<T> Writes<T> {
    /// Stores something; `then` waits for its commit.
    pub fn store(&mut self, out: &mut Vec<Effect>, what: Write, then: T) -> WriteId {
        self.last += 1;
        let write = WriteId(self.last);
        self.waiting.insert(write, then);
        out.push(Effect::Store { write, what });
        write
    }

    /// Stores something that nobody waits for.
    pub fn note(&mut self, out: &mut Vec<Effect>, what: Write) {
        self.last += 1;
        out.push(Effect::Store { write: WriteId(self.last), what });
    }

    /// What waited for a write; `None`: nothing did.
    pub fn take(&mut self, write: WriteId) -> Option<T> {
        self.waiting.remove(&write)
    }

    /// What waits.
    pub fn waiting(&self) -> impl Iterator<Item = &T> {
        self.waiting.values()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether one more change may wait.
    ///
    /// Errors: [`Rejection::Busy`].
    pub fn has_room(&self) -> Result<(), Rejection> {
        if self.waiting.len() < CHANGES_IN_FLIGHT_MAX { Ok(()) } else { Err(Rejection::Busy) }
    }
}
