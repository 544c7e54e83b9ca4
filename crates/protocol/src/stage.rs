//! The stage of a space: who is on it beside the host, who asks to be, and who was asked.

use crate::people::Profile;
use serde::{Deserialize, Serialize};

/// Where somebody stands with the stage.
///
/// ```text
///            raise_hand             ask_on_stage             accept
///  audience ────────────► hand up ───────────────► asked ────────────► on stage
///     ▲ ▲─── lower ──────────┘  └──── (a moderator may ask anybody) ─┘     │
///     └──────────── declined, expired, withdrawn, left, taken off ─────────┘
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum StageStanding {
    /// In the audience.
    #[default]
    Audience,
    /// Asks to be on the stage.
    HandUp,
    /// Was asked onto the stage, and has not answered.
    Asked {
        /// By whom.
        by: Profile,
        /// Until when it can be answered, milliseconds since the Unix epoch.
        #[ts(type = "number")]
        until_ms: u64,
    },
    /// May publish.
    OnStage,
}

/// What the host and the moderators know of who wants to be on the stage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct StageRequests {
    /// Who has a hand up, longest first.
    pub hands: Vec<Profile>,
    /// Who was asked, and has not answered.
    pub asked: Vec<Profile>,
    /// Who may publish, whether or not their media has arrived.
    pub guests: Vec<Profile>,
}
