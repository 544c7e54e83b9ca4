//! Dialogs: lasting conversations of two people, or of a few.
//!
//! A dialog is a space: one joins it to be told live of what is said, and says things as in any other.
//! One is a member of it whether one has joined or not, until one leaves it for good; of what is said while none of one's
//! devices has joined one is told by [`crate::PersonEvent::Dialog`].

use crate::conversation::Message;
use crate::ids::{SpaceId, UserId};
use crate::people::Profile;
use serde::{Deserialize, Serialize};

/// A dialog, as one of its members sees it from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Dialog {
    /// Which.
    pub id: SpaceId,
    /// What it is called; empty in one of two, which goes by the other's name.
    pub title: String,
    /// Whether it is one of two: nobody can be added to it, and there is no second one of the same two.
    pub two: bool,
    /// Everybody in it, oneself too.
    pub members: Vec<Profile>,
    /// What was said last; `null`: nothing yet.
    pub last: Option<Message>,
    /// Up to where one has read; 0: nothing.
    #[ts(type = "number")]
    pub read_position: u64,
    /// Messages of others behind that, counted to [`crate::limits::UNREAD_MAX`].
    pub unread: u32,
    /// Whether one has pinned it above the others.
    pub pinned: bool,
    /// Whether one wants to hear nothing of it.
    pub muted: bool,
    /// When it was begun, milliseconds since the Unix epoch.
    #[ts(type = "number")]
    pub since_ms: u64,
}

/// How a dialog stands, for those who have joined it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ts_rs::TS)]
#[ts(rename = "DialogState")]
pub struct State {
    /// What it is called.
    pub title: String,
    /// Whether it is one of two.
    pub two: bool,
    /// Everybody in it.
    pub members: Vec<DialogMember>,
}

/// Somebody in a dialog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ts_rs::TS)]
pub struct DialogMember {
    /// Who.
    pub profile: Profile,
    /// Whether one of their devices has joined it now.
    pub here: bool,
    /// Up to where they have read; 0: nothing, or they don't tell.
    #[ts(type = "number")]
    pub read_position: u64,
}

/// What a member may do in a dialog, besides what one may in any space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(rename = "DialogCommand")]
#[schema(as = DialogCommand)]
pub enum Command {
    /// Put other words in the place of one's own message's.
    Edit {
        /// Which.
        #[ts(type = "number")]
        position: u64,
        /// The new words.
        text: String,
    },
    /// One is writing. Holds for [`crate::limits::TYPING_MS`]; a message ends it.
    Typing,
    /// Call it something else; not one of two.
    SetTitle {
        /// The new title; may be empty.
        title: String,
    },
    /// Take somebody in; not into one of two.
    Add {
        /// Whom.
        user: UserId,
    },
    /// Leave it for good, on all devices; not one of two.
    Depart,
    /// Make something of it for oneself; nobody else is told.
    Keep {
        /// What.
        keeping: Keeping,
    },
}

/// What happens in a dialog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ts_rs::TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(rename = "DialogEvent")]
pub enum Event {
    /// Who is in it, what it is called, who is here, or how far somebody has read has changed.
    State {
        /// All of it.
        state: State,
    },
    /// Somebody is writing.
    Typing {
        /// Who.
        user: UserId,
    },
    /// A message has other words now.
    Edited {
        /// Which.
        #[ts(type = "number")]
        position: u64,
        /// Its words.
        text: String,
        /// When, milliseconds since the Unix epoch.
        #[ts(type = "number")]
        edited_ms: u64,
    },
}

/// What a member has made of a dialog for themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(default)]
#[ts(rename = "DialogKeeping")]
#[schema(as = DialogKeeping)]
pub struct Keeping {
    /// Whether it stands above the others.
    pub pinned: bool,
    /// Whether one wants to hear nothing of it.
    pub muted: bool,
}
