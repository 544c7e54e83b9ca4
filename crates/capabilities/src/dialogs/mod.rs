//! Dialogs: lasting conversations of two people, or of a few.
//!
//! What a person gets: one dialog with each other person, and as many of a few as they begin; what is said reaches all of
//! their devices, joined or not; how far the others have read, who is writing, what was put in other words.
//!
//! Invariants: whoever is no member can't tell the dialog from one that isn't there, an administrator neither; of two who
//! talk nobody can be added or leave; what one does with a dialog for oneself (pinned, muted) nobody else sees.
//!
//! The machine's part is in `space/dialogs`.

use hearth_protocol::conversation::{Carried, Message};
use hearth_protocol::dialogs::{Dialog as WireDialog, DialogMember, Keeping, State};
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_protocol::limits::UNREAD_MAX;
use hearth_protocol::people::Profile;
use serde::{Deserialize, Serialize};

use crate::input::Time;

/// What the store knows of a dialog when it is opened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What it is called.
    pub title: String,
    /// Whether it is one of two.
    pub two: bool,
    /// Who is in it.
    pub members: Vec<Participant>,
    /// When it was begun, milliseconds since the Unix epoch.
    pub since_ms: u64,
}

/// What the store knows of the things that a command about a dialog names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lookup {
    /// For `send`: whether, in a dialog of two, the other can be reached: neither has blocked the other, and their account
    /// is there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unreachable: bool,
    /// For `send`: what it is to carry, if its author may have it carried here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried: Option<Carried>,
    /// For `send`: whether the film is shared here whose moment it belongs to.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub moment: bool,
    /// For `keep`: how many other dialogs they have pinned.
    #[serde(skip_serializing_if = "is_zero")]
    pub pinned: u32,
    /// For `add`: who it is, if the one who asks may write to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Participant>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Somebody in a dialog, here or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Who.
    pub profile: Profile,
    /// How far they have read.
    pub read_position: u64,
    /// Whether others are told that.
    pub tells_read: bool,
    /// Whether others are told when they are here.
    pub tells_presence: bool,
    /// What they have made of the dialog for themselves.
    #[serde(default)]
    pub keeping: Keeping,
}

/// A dialog, apart from what every space has.
#[derive(Debug)]
pub struct Dialog {
    /// What it is called.
    pub title: String,
    /// Whether it is one of two.
    pub two: bool,
    /// Who is in it.
    pub members: Vec<Participant>,
    /// When it was begun, milliseconds since the Unix epoch.
    pub since_ms: u64,
    /// How it was told to those who are here last.
    pub told: Option<State>,
    /// Who was told to be writing last, and when.
    pub typing: Vec<(UserId, Time)>,
}

impl Dialog {
    /// A dialog as the store knows it.
    pub fn new(record: Record) -> Self {
        let Record { title, two, members, since_ms } = record;
        Self { title, two, members, since_ms, told: None, typing: Vec::new() }
    }

    /// Whether somebody is in it.
    pub fn is_member(&self, user: &UserId) -> bool {
        self.get(user).is_some()
    }

    /// Somebody who is in it.
    pub fn get(&self, user: &UserId) -> Option<&Participant> {
        self.members.iter().find(|member| member.profile.id == *user)
    }

    /// Somebody who is in it, to change.
    pub fn get_mut(&mut self, user: &UserId) -> Option<&mut Participant> {
        self.members.iter_mut().find(|member| member.profile.id == *user)
    }

    /// As those who are here see it.
    pub fn state(&self, here: impl Fn(&UserId) -> bool) -> State {
        let member = |one: &Participant| DialogMember {
            profile: one.profile.clone(),
            here: one.tells_presence && here(&one.profile.id),
            read_position: if one.tells_read { one.read_position } else { 0 },
        };
        State { title: self.title.clone(), two: self.two, members: self.members.iter().map(member).collect() }
    }

    /// As one of its members sees it from outside; `recent` are its latest messages, oldest first.
    pub fn seen_by<'a>(
        &self,
        id: &SpaceId,
        one: &Participant,
        recent: impl DoubleEndedIterator<Item = &'a Message> + Clone,
    ) -> WireDialog {
        let news = |message: &&Message| message.author.id != one.profile.id && !message.deleted;
        let unread = recent.clone().rev().take_while(|message| message.position > one.read_position).filter(news);
        WireDialog {
            id: id.clone(),
            title: self.title.clone(),
            two: self.two,
            members: self.members.iter().map(|member| member.profile.clone()).collect(),
            last: recent.clone().next_back().cloned(),
            read_position: one.read_position,
            unread: u32::try_from(unread.take(UNREAD_MAX as usize).count()).unwrap_or(UNREAD_MAX),
            pinned: one.keeping.pinned,
            muted: one.keeping.muted,
            since_ms: self.since_ms,
        }
    }
}
