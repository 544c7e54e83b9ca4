//! Discussion groups: people in a live room who talk among themselves while the stream plays.
//!
//! A group is a space of its own, bound to what its members watch ([`Content`]). Only who confirmed an invitation is a
//! member, and for everybody else it does not exist.

use hearth_protocol::discussion_groups::Content;
use hearth_protocol::ids::UserId;
use hearth_protocol::people::Profile;
use serde::{Deserialize, Serialize};

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
pub enum Tell {}

/// What the store knows of a group, beside what it knows of every space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its members, the longest-standing first.
    pub members: Vec<Confirmed>,
    /// What it is bound to.
    pub content: Option<Content>,
    /// Since when there is the group, in milliseconds since the Unix epoch.
    pub since_ms: u64,
}

/// A group, apart from what every space has.
#[derive(Debug)]
pub struct Group {
    members: Vec<Confirmed>,
}

impl Group {
    /// A group as the store knows it.
    pub fn new(record: Record) -> Self {
        Self { members: record.members }
    }

    /// Whether somebody is a member.
    pub fn is_member(&self, user: &UserId) -> bool {
        self.members.iter().any(|member| member.profile.id == *user)
    }
}
