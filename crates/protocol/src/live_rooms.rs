//! Live rooms: spaces in which hosts publish and an audience watches.

use serde::{Deserialize, Serialize};

/// What a room says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct About {
    /// The title; empty: the host's name stands for it.
    pub title: String,
    /// What kind of broadcast, in the host's words.
    pub category: String,
    /// The language spoken, as a BCP 47 tag; empty where not said.
    pub language: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// What the host asks of the audience.
    pub rules: String,
    /// Who may come in.
    pub entry: Entry,
}

/// Who may come into a room without being its host or moderator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// Whoever has the room's address, as a guest too. The room is listed.
    #[default]
    Open,
    /// People with an account, and guests with a guest link. The room is listed to people with an account.
    Link,
    /// Only people with an account.
    Accounts,
}

/// Where a broadcast stands.
///
/// ```text
/// off ──publish──► connecting ──media flows──► on_air ◄──► interrupted (the publisher's connection died)
///  ▲                   │                          │              │
///  └────── failed ─────┴───────── end ────────────┴── 15 s ──────┘
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Broadcast {
    /// Nobody is live.
    #[default]
    Off,
    /// The host's media is on its way.
    Connecting,
    /// Live.
    OnAir {
        /// Since when, milliseconds since the Unix epoch.
        #[ts(type = "number")]
        since_ms: u64,
    },
    /// The host visits another room, and sends nothing in their own.
    Paused {
        /// Since when it is on air.
        #[ts(type = "number")]
        since_ms: u64,
    },
    /// The publisher's connection died; it may come back as the same broadcast.
    Interrupted {
        /// Live since when.
        #[ts(type = "number")]
        since_ms: u64,
        /// Until when it may come back.
        #[ts(type = "number")]
        until_ms: u64,
    },
}

/// Why a broadcast ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The host ended it.
    Host,
    /// The publisher did not come back in time.
    Lost,
    /// The publisher's media never arrived.
    NeverConnected,
}
