//! Friends: two people who each wished it.
//!
//! ```text
//!            befriend                befriend by the other
//!  (nobody) ──────────► asked ─────────────────────────────► friends
//!     ▲                   │                                    │
//!     └──── unfriend, by either, or a block ◄──────────────────┘
//! ```
//!
//! What is stored holds; the other's machine is told, if it is awake. Whoever was refused, or blocked, isn't told.

use hearth_protocol::ids::UserId;
use hearth_protocol::limits::{FRIENDS_ASKED_MAX, FRIENDS_MAX, LimitName};
use hearth_protocol::people::Profile;
use hearth_protocol::{Outcome, PersonEvent, Rejection};
use std::collections::BTreeMap;

use super::{Out, Person, Then};
use crate::effect::{Effect, Tell, Write};
use crate::input::RequestId;

/// What the store answers to [`Write::Befriend`] where the other had asked already.
pub const NOW_FRIENDS: u64 = 1;

/// Somebody's friends, and those who might become such.
#[derive(Debug, Default)]
pub(super) struct Friends {
    pub friends: BTreeMap<UserId, Profile>,
    /// Who has asked.
    pub requests: BTreeMap<UserId, Profile>,
    /// Who was asked.
    pub asked: BTreeMap<UserId, Profile>,
}

impl Friends {
    pub fn new(friends: Vec<Profile>, requests: Vec<Profile>, asked: Vec<Profile>) -> Self {
        let by_id = |profiles: Vec<Profile>| profiles.into_iter().map(|one| (one.id.clone(), one)).collect();
        Self { friends: by_id(friends), requests: by_id(requests), asked: by_id(asked) }
    }

    fn knows(&self, user: &UserId) -> bool {
        [&self.friends, &self.requests, &self.asked].iter().any(|some| some.contains_key(user))
    }

    /// Somebody is nothing of it any more; says whether they were.
    fn forget(&mut self, user: &UserId) -> bool {
        let known = self.knows(user);
        for some in [&mut self.friends, &mut self.requests, &mut self.asked] {
            some.remove(user);
        }
        known
    }
}

impl Person {
    pub(super) fn befriend(
        &mut self,
        out: &mut Out,
        request: RequestId,
        known: Option<Profile>,
        user: &UserId,
    ) -> Result<(), Rejection> {
        let profile = self.another(known, user)?;
        if self.friends.friends.contains_key(user) || self.friends.asked.contains_key(user) {
            out.push(Effect::Reply { request, result: Ok(Outcome::Done) });
            return Ok(());
        }
        let wished = |then: &Then| matches!(then, Then::Befriended(..));
        let (friends, asked) = (self.friends.friends.len(), self.friends.asked.len());
        self.has_place(friends + asked, wished, LimitName::Friends, FRIENDS_MAX)?;
        if !self.friends.requests.contains_key(user) {
            self.has_place(asked, wished, LimitName::Friends, FRIENDS_ASKED_MAX)?;
        }
        self.writes.store(out, Write::Befriend { user: user.clone() }, Then::Befriended(profile, request));
        Ok(())
    }

    pub(super) fn unfriend(&mut self, out: &mut Out, request: RequestId, user: &UserId) -> Result<(), Rejection> {
        if !self.friends.knows(user) {
            return Err(Rejection::NotFound);
        }
        self.writes.store(out, Write::Unfriend { user: user.clone() }, Then::Unfriended(user.clone(), request));
        Ok(())
    }

    /// It is stored that somebody was asked, or that this was the yes.
    pub(super) fn befriended(&mut self, out: &mut Out, profile: Profile, now_friends: bool) {
        let user = profile.id.clone();
        if self.blocked.contains_key(&user) {
            // Blocked while it was on its way.
            self.writes.note(out, Write::Unfriend { user });
            return;
        }
        self.friends.forget(&user);
        let into = if now_friends { &mut self.friends.friends } else { &mut self.friends.asked };
        into.insert(user.clone(), profile);
        let what = Tell::Befriended { by: self.profile.clone(), friends: now_friends };
        out.push(Effect::Tell { user, what });
    }

    /// It is stored that somebody is no friend, or is to become none.
    pub(super) fn unfriended(&mut self, out: &mut Out, user: &UserId) {
        if self.friends.forget(user) {
            let what = Tell::Unfriended { by: self.profile.id.clone() };
            out.push(Effect::Tell { user: user.clone(), what });
        }
    }

    /// Whom one has blocked is no friend.
    pub(super) fn no_friend_of(&mut self, out: &mut Out, user: &UserId) {
        if self.friends.knows(user) {
            self.writes.note(out, Write::Unfriend { user: user.clone() });
            self.unfriended(out, user);
        }
    }

    /// Somebody has asked, or said yes.
    pub(super) fn told_befriended(&mut self, out: &mut Out, by: Profile, friends: bool) {
        if self.blocked.contains_key(&by.id) {
            return;
        }
        self.friends.forget(&by.id);
        let into = if friends { &mut self.friends.friends } else { &mut self.friends.requests };
        into.insert(by.id.clone(), by.clone());
        let event = if friends { PersonEvent::FriendAccepted { by } } else { PersonEvent::FriendAsked { by } };
        self.stream.everyone(out, event);
        self.tell_me(out);
    }

    /// Somebody has said no, or takes it back.
    pub(super) fn told_unfriended(&mut self, out: &mut Out, by: &UserId) {
        if self.friends.forget(by) {
            self.tell_me(out);
        }
    }
}
