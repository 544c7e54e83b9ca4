//! Who is here, by which connections.
//!
//! ```text
//!          join                 last connection lost          15 s
//! (away) ──────► connected ──────────────────────────► grace ──────► (away)
//!                    ▲                                   │
//!                    └─────────────── join ──────────────┘
//! ```

use hearth_protocol::Rejection;
use hearth_protocol::ids::{ConnectionId, DeviceId, SpaceId, UserId};
use hearth_protocol::limits::{LimitName, MEMBERS_PAGE_MAX};
use hearth_protocol::people::{Preferences, Profile};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::limits::{CONNECTIONS_PER_MEMBER_MAX, MEMBERS_MAX, past};
use crate::input::{Caller, Lookup, Standing, Time};

/// Somebody who is here.
#[derive(Debug, Clone)]
pub struct Member {
    /// Who.
    pub profile: Profile,
    /// What the server knows of them.
    pub standing: Standing,
    /// By which connections, and from which device each is.
    pub connections: BTreeMap<ConnectionId, DeviceId>,
    /// By which of them they come along with a visit.
    pub along: BTreeSet<ConnectionId>,
    /// What others may want of them.
    pub preferences: Preferences,
    /// How far they have read.
    pub read_position: u64,
    /// How far of that is written down, and when it was.
    pub read_written: (u64, Time),
    /// While a visit lasts: the room whose guest they are here.
    pub guest_from: Option<SpaceId>,
    /// Where the space's stream stood when they came: what concerns them alone is in it from there on.
    pub came_after: u64,
}

impl Member {
    /// Whether they are here by a visit alone.
    pub fn only_comes_along(&self) -> bool {
        self.connections.keys().all(|connection| self.along.contains(connection))
    }
}

/// Everybody who is here.
#[derive(Debug, Default)]
pub struct Members {
    by_user: BTreeMap<UserId, Member>,
    by_connection: BTreeMap<ConnectionId, UserId>,
}

impl Members {
    /// How many are here.
    pub fn count(&self) -> u32 {
        u32::try_from(self.by_user.len()).unwrap_or(u32::MAX)
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.by_user.is_empty()
    }

    /// Somebody, if they are here.
    pub fn get(&self, user: &UserId) -> Option<&Member> {
        self.by_user.get(user)
    }

    /// Somebody, to change.
    pub fn get_mut(&mut self, user: &UserId) -> Option<&mut Member> {
        self.by_user.get_mut(user)
    }

    /// Everybody, in order of id.
    pub fn iter(&self) -> impl Iterator<Item = (&UserId, &Member)> {
        self.by_user.iter()
    }

    /// Everybody, in order of id, to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&UserId, &mut Member)> {
        self.by_user.iter_mut()
    }

    /// Whose connection it is.
    pub fn user_of(&self, connection: &ConnectionId) -> Option<&UserId> {
        self.by_connection.get(connection)
    }

    /// Whether a connection is in.
    pub fn is_in(&self, connection: &ConnectionId) -> bool {
        self.by_connection.contains_key(connection)
    }

    /// The connections of somebody.
    pub fn connections_of(&self, user: &UserId) -> Vec<ConnectionId> {
        self.by_user.get(user).map(|member| member.connections.keys().cloned().collect()).unwrap_or_default()
    }

    /// Takes a connection in; says whether its user came in with it.
    ///
    /// Errors: the limits on members, and on the connections of one; `host` comes in besides the former. `along`: with a visit.
    pub fn enter(
        &mut self,
        caller: &Caller,
        connection: &ConnectionId,
        lookup: &Lookup,
        host: bool,
        along: bool,
        now: Time,
    ) -> Result<bool, Rejection> {
        let user = &caller.profile.id;
        let new = !self.by_user.contains_key(user);
        if new && self.by_user.len() >= MEMBERS_MAX && !host {
            return Err(past(LimitName::Members, MEMBERS_MAX));
        }
        if self.by_user.get(user).is_some_and(|member| member.connections.len() >= CONNECTIONS_PER_MEMBER_MAX) {
            return Err(past(LimitName::ConnectionsPerMember, CONNECTIONS_PER_MEMBER_MAX));
        }
        let member = self.by_user.entry(user.clone()).or_insert_with(|| Member {
            profile: caller.profile.clone(),
            standing: caller.standing,
            connections: BTreeMap::new(),
            along: BTreeSet::new(),
            preferences: Preferences::default(),
            read_position: lookup.read_position,
            read_written: (lookup.read_position, now),
            guest_from: None,
            came_after: 0,
        });
        member.preferences = lookup.preferences.clone();
        member.profile = caller.profile.clone();
        member.standing = caller.standing;
        member.connections.insert(connection.clone(), caller.device.clone());
        if along {
            member.along.insert(connection.clone());
        }
        self.by_connection.insert(connection.clone(), user.clone());
        Ok(new)
    }

    /// Takes a connection out; gives its user, and whether it was their last.
    pub fn lose(&mut self, connection: &ConnectionId) -> Option<(UserId, bool)> {
        let user = self.by_connection.remove(connection)?;
        let member = self.by_user.get_mut(&user)?;
        member.connections.remove(connection);
        member.along.remove(connection);
        let last = member.connections.is_empty();
        Some((user, last))
    }

    /// Takes somebody out, with all of their connections.
    pub fn remove(&mut self, user: &UserId) -> Option<Member> {
        let member = self.by_user.remove(user)?;
        for connection in member.connections.keys() {
            self.by_connection.remove(connection);
        }
        Some(member)
    }

    /// The members behind one, in order of id: at most a page, and where to continue.
    pub fn page(&self, after: Option<&UserId>) -> (Vec<&Member>, Option<UserId>) {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut page: Vec<(&UserId, &Member)> =
            self.by_user.range::<UserId, _>((from, Bound::Unbounded)).take(MEMBERS_PAGE_MAX + 1).collect();
        let more = page.len() > MEMBERS_PAGE_MAX;
        page.truncate(MEMBERS_PAGE_MAX);
        let next = page.last().filter(|_| more).map(|(user, _)| (*user).clone());
        (page.into_iter().map(|(_, member)| member).collect(), next)
    }
}
