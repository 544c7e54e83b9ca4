//! People: who somebody is, and what concerns only themselves.

use crate::ids::{DeviceId, UserId};
use serde::{Deserialize, Serialize};

/// What others see of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Profile {
    /// Who.
    pub id: UserId,
    /// The account name, unique and in the address of the room; `null` for a guest.
    pub name: Option<String>,
    /// The name people read.
    pub display_name: String,
}

/// What a user knows of themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Me {
    /// What others see.
    pub profile: Profile,
    /// May manage the server.
    pub administrator: bool,
    /// Whom this user has blocked.
    pub blocked: Vec<Profile>,
    /// Whom this user follows.
    #[serde(default)]
    pub follows: Vec<Profile>,
    /// Friends: each of the two wished it.
    #[serde(default)]
    pub friends: Vec<Profile>,
    /// Who wishes to be friends, and was not answered.
    #[serde(default)]
    pub friend_requests: Vec<Profile>,
    /// Whom this user has asked to be friends, and who has not answered.
    #[serde(default)]
    pub friends_asked: Vec<Profile>,
}

/// One signed-in browser or program of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Device {
    /// Which.
    pub id: DeviceId,
    /// What the user calls it; at first, browser and system.
    pub name: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// When it was signed in, milliseconds since the Unix epoch.
    #[ts(type = "number")]
    pub created_ms: u64,
    /// When it was last seen, milliseconds since the Unix epoch.
    #[ts(type = "number")]
    pub seen_ms: u64,
}

/// What others may want of somebody, and by what they are found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(default)]
pub struct Preferences {
    /// What they are interested in, in words of their own.
    pub interests: Vec<String>,
    /// Whether they may be suggested for and invited into discussion groups.
    pub group_invitations: bool,
    /// Whether nobody may invite them to anything now.
    pub do_not_disturb: bool,
    /// Whether other hosts may ask them for visits.
    pub host_visits: bool,
    /// Whether others in a dialog are told how far they have read.
    pub read_marks: bool,
    /// Whether others in a dialog are told when they are there.
    pub presence: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            interests: Vec::new(),
            group_invitations: true,
            do_not_disturb: false,
            host_visits: false,
            read_marks: true,
            presence: true,
        }
    }
}
