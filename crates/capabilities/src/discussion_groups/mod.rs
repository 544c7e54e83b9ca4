//! Discussion groups: people in a live room who talk among themselves while the stream plays.
//!
//! What a person gets: whoever watches (the *primary user*) asks some of the others who are there, and each of them confirms
//! or not. The first who confirms brings the group about; from then on its members talk in a space of their own, by text,
//! voice and camera, wherever they take it. For everybody else it does not exist.
//!
//! ```text
//! in the live room: an invitation                        the group
//!
//!            accept, stored                              founded by the first who confirms
//!  open ─┬──────────────────► accepted ────────────────►   │
//!        ├─ decline ────────► declined                     │ join, talk, move, leave, remove
//!        ├─ 60 s ───────────► expired                      ▼
//!        ├─ gone ───────────► left                       ended: the last departs, dissolved, or
//!        └─ primary gone,                                nothing goes on for 10 minutes;
//!           taken back ─────► withdrawn                  archived for who was in it to the end
//! ```
//!
//! Invariants: an invitation ends in exactly one of these; nobody is in two groups (the store decides); a group has members.
//!
//! In reading order: [`requests`] (who asked whom, in a live room), [`bound`] (which groups a live room knows), [`similarity`] (who has
//! something in common), [`group`] (a group). What is told to whom is in `space/groups`.

pub mod bound;
pub mod group;
pub mod requests;
pub mod similarity;

use hearth_protocol::discussion_groups::Content;
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_protocol::moderation::Report;
use hearth_protocol::people::Profile;
use serde::{Deserialize, Serialize};

pub use bound::{Bound, InRoom};
pub use group::Group;

/// Somebody who confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmed {
    /// Who.
    pub profile: Profile,
    /// Since when, in milliseconds since the Unix epoch.
    pub since_ms: u64,
}

/// What a live room and the groups that are bound to it tell each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tell {
    /// To a group: somebody has confirmed, and it is stored.
    Joined {
        /// Who.
        member: Confirmed,
    },
    /// To a group: whether there is something to see in its room.
    Playing {
        /// Whether.
        on_air: bool,
    },
    /// To a group: a moderator of its room has ended it, and it is stored.
    Dissolved,
    /// To a live room: a group is bound to it, and stands so.
    Stands {
        /// Whose it is.
        owner: UserId,
        /// Its members, the longest-standing first.
        members: Vec<UserId>,
        /// Since when there is the group, in milliseconds since the Unix epoch.
        since_ms: u64,
    },
    /// To a live room: a group is bound to it no more.
    Unbound,
    /// To a live room: something in a group was reported to its moderators, and it is stored.
    Reported {
        /// All of it.
        report: Box<Report>,
    },
}

/// What the store knows of a group, beside what it knows of every space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its members, the longest-standing first.
    pub members: Vec<Confirmed>,
    /// What it is bound to.
    pub content: Option<Content>,
    /// In which live room it came about.
    pub room: SpaceId,
    /// Since when there is the group, in milliseconds since the Unix epoch.
    pub since_ms: u64,
    /// Whether there is something to see in what it is bound to.
    #[serde(default)]
    pub playing: bool,
}

/// What the store knows of the things that a command about groups names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lookup {
    /// For `suggest` and `invite`: the group that the caller is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own: Option<SpaceId>,
    /// For `join` of a group: since when the caller is its member, if they are, in milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_since_ms: Option<u64>,
    /// For `suggest` and `invite`: whom the caller follows, and whether each follows them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub follows: Vec<(UserId, bool)>,
    /// For `suggest` and `invite`: whom the caller has blocked, and who has blocked the caller.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<UserId>,
    /// For `list`: how many reports of a group are open, where there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reports: Vec<(SpaceId, u32)>,
    /// For `move`: where it goes, if the caller may see it and there is room for one more group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<Content>,
    /// For `move`: the members who may not see it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hidden_from: Vec<UserId>,
    /// For a member who joins: whether they may not see what the group watches.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}
