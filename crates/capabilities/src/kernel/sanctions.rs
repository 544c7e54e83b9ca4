//! Who may not speak, or not come in.

use hearth_protocol::Rejection;
use hearth_protocol::ids::UserId;
use hearth_protocol::limits::LimitName;
use hearth_protocol::space::Sanction;
use std::collections::BTreeMap;

use super::limits::{SANCTIONS_MAX, past};
use crate::input::Time;

/// The muted and the banned of a space.
#[derive(Debug, Default)]
pub struct Sanctions(BTreeMap<UserId, Sanction>);

impl Sanctions {
    /// As they were stored; what has run out since is left out.
    pub fn new(stored: Vec<Sanction>, now: Time) -> Self {
        let lasting = stored.into_iter().filter(|sanction| sanction.until_ms.is_none_or(|until| until > now.0));
        Self(lasting.map(|sanction| (sanction.user.id.clone(), sanction)).collect())
    }

    /// Whether somebody is banned.
    pub fn is_banned(&self, user: &UserId) -> bool {
        self.0.get(user).is_some_and(|sanction| sanction.banned)
    }

    /// The mute of somebody, if one lasts; a ban is one too.
    pub fn mute_of(&self, user: &UserId, now: Time) -> Option<&Sanction> {
        self.0.get(user).filter(|sanction| sanction.until_ms.is_none_or(|until| until > now.0))
    }

    /// Anything against somebody.
    pub fn of(&self, user: &UserId) -> Option<&Sanction> {
        self.0.get(user)
    }

    /// Whether one against this user fits in, beside those against others that are under way.
    ///
    /// Errors: the limit on sanctions.
    pub fn has_room_for(&self, user: &UserId, under_way: usize) -> Result<(), Rejection> {
        if self.0.len() + under_way < SANCTIONS_MAX || self.0.contains_key(user) {
            Ok(())
        } else {
            Err(past(LimitName::Sanctions, SANCTIONS_MAX))
        }
    }

    /// Enters one; it replaces what was there.
    pub fn set(&mut self, sanction: Sanction) {
        self.0.insert(sanction.user.id.clone(), sanction);
    }

    /// Ends what is against somebody.
    pub fn clear(&mut self, user: &UserId) -> Option<Sanction> {
        self.0.remove(user)
    }

    /// All of them, in order of id.
    pub fn list(&self) -> Vec<Sanction> {
        self.0.values().cloned().collect()
    }

    /// The mutes that end by themselves.
    pub fn timed(&self) -> impl Iterator<Item = (&UserId, Time)> {
        self.0.iter().filter_map(|(user, sanction)| sanction.until_ms.map(|until| (user, Time(until))))
    }
}
