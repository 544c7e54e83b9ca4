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
