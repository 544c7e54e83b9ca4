//! Moderation: reports, and the log of who did what.

use crate::conversation::Message;
use crate::ids::{ReportId, SpaceId, UserId};
use crate::people::Profile;
use serde::{Deserialize, Serialize};

/// What somebody reported to the moderators of a room and the administrators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Report {
    /// Which.
    pub id: ReportId,
    /// Where.
    pub space: SpaceId,
    /// Who reports.
    pub by: Profile,
    /// Who is reported.
    pub about: Profile,
    /// The message that is reported, as it was said; `null`: the person.
    pub message: Option<Message>,
    /// What is wrong, in the reporter's words; may be empty.
    pub reason: String,
    /// When, milliseconds since the Unix epoch.
    #[ts(type = "number")]
    pub at_ms: u64,
    /// Who settled it; `null`: it is open.
    pub settled_by: Option<UserId>,
    /// Inside which discussion group, if in one; `space` is the live room whose moderators act on it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub group: Option<SpaceId>,
}

/// A line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct AuditEntry {
    /// Its number; later ones are higher.
    #[ts(type = "number")]
    pub number: u64,
    /// Where; `null`: it concerns the server.
    pub space: Option<SpaceId>,
    /// Who did it.
    pub by: Profile,
    /// What, as a word (`ban`, `delete_message`, `disable_account`…).
    pub action: String,
    /// To whom or to what, as it was written down.
    pub subject: String,
    /// When, milliseconds since the Unix epoch.
    #[ts(type = "number")]
    pub at_ms: u64,
}
