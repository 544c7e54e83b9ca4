//! The groups that are bound to a live room, as the room has to know them.

use hearth_protocol::ids::{SpaceId, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use super::requests::Requests;
use super::similarity::Similarity;
use crate::kernel::rate::TokenBucket;

/// A group that is bound to a live room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// Which.
    pub id: SpaceId,
    /// Whose it is.
    pub owner: UserId,
    /// Its members.
    pub members: BTreeSet<UserId>,
    /// Since when there is the group, in milliseconds since the Unix epoch.
    pub since_ms: u64,
}

/// What a live room knows of discussion groups.
#[derive(Debug, Default)]
pub struct InRoom {
    /// Who asked whom.
    pub requests: Requests,
    /// Who has something in common.
    pub similarity: Similarity,
    /// How often people may ask who that is.
    pub paces: BTreeMap<UserId, TokenBucket>,
    bound: BTreeMap<SpaceId, Bound>,
    of_user: BTreeMap<UserId, SpaceId>,
    /// Whether the groups were told that there is something to see.
    pub told_on_air: bool,
}

impl InRoom {
    /// What the store knows.
    pub fn new(bound: Vec<Bound>) -> Self {
        let mut known = Self::default();
        for one in bound {
            known.set(one);
        }
        known
    }

    /// A group that is bound here.
    pub fn get(&self, group: &SpaceId) -> Option<&Bound> {
        self.bound.get(group)
    }

    /// All groups that are bound here.
    pub fn iter(&self) -> impl Iterator<Item = &Bound> {
        self.bound.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.bound.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bound.is_empty()
    }

    /// The group of somebody, if it is bound here.
    pub fn of(&self, user: &UserId) -> Option<&Bound> {
        self.bound.get(self.of_user.get(user)?)
    }

    /// A group stands so; gives whose group is another one now, or none any more.
    pub fn set(&mut self, now: Bound) -> BTreeSet<UserId> {
        let before = self.bound.get(&now.id).map(|before| before.members.clone()).unwrap_or_default();
        for user in before.difference(&now.members) {
            self.leaves(user, &now.id);
        }
        let mut changed: BTreeSet<UserId> = before.symmetric_difference(&now.members).cloned().collect();
        for user in &now.members {
            if self.of_user.insert(user.clone(), now.id.clone()).is_some_and(|other| other != now.id) {
                changed.insert(user.clone());
            }
        }
        self.bound.insert(now.id.clone(), now);
        changed
    }

    /// A group is bound here no more; gives who was in it.
    pub fn remove(&mut self, group: &SpaceId) -> BTreeSet<UserId> {
        let Some(before) = self.bound.remove(group) else { return BTreeSet::new() };
        for user in &before.members {
            self.leaves(user, group);
        }
        before.members
    }

    fn leaves(&mut self, user: &UserId, group: &SpaceId) {
        if self.of_user.get(user) == Some(group) {
            self.of_user.remove(user);
        }
    }
}
