//! The typed "no": a command was understood, and declined.

use crate::discussion_groups::Uninvited;
use crate::limits::LimitName;
use serde::{Deserialize, Serialize};

/// Why a command or request was declined. Nothing accepted before it is lost.
///
/// What somebody may not see is [`Rejection::NotFound`], the same as an id that was never given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Rejection {
    /// No such thing, or none that you may see.
    NotFound,
    /// You see it, but may not do this.
    Forbidden,
    /// Sign in first.
    Unauthenticated,
    /// Name or password are wrong (which of them is not told).
    WrongCredentials,
    /// A named limit is reached. `retry_after_ms` where waiting helps.
    Limit {
        /// Which limit.
        limit: LimitName,
        /// Its value.
        #[ts(type = "number")]
        max: u64,
        /// How long to wait before trying again, where waiting helps.
        #[ts(type = "number | null")]
        retry_after_ms: Option<u64>,
    },
    /// A field's value can't be taken.
    Invalid {
        /// The field, in the words of the protocol.
        field: String,
        /// What is wrong with it, for a developer's eye.
        reason: String,
    },
    /// The frame was no well-formed frame.
    Malformed {
        /// What is wrong with it, for a developer's eye.
        reason: String,
    },
    /// A moderator has muted you here.
    Muted {
        /// Until when, in server time; `null` for good.
        #[ts(type = "number | null")]
        until_ms: Option<u64>,
    },
    /// You are banned here.
    Banned,
    /// Slow mode: wait before the next message.
    SlowMode {
        /// How long to wait.
        #[ts(type = "number")]
        retry_after_ms: u64,
    },
    /// You are already in there with this connection.
    AlreadyJoined,
    /// Join first.
    NotJoined,
    /// A broadcast is already coming from another of your connections, and it is alive. Say `take_over` to replace it.
    AlreadyPublishing,
    /// There is no broadcast now.
    NotLive,
    /// One is a member of another group, which one would have to leave first.
    AlreadyInGroup,
    /// It was answered, taken back or not answered in time.
    InvitationOver,
    /// Nobody of them could be invited.
    NobodyInvited {
        /// Why, for each.
        users: Vec<Uninvited>,
    },
    /// The name is taken.
    NameTaken,
    /// The SDP could not be used.
    MediaRefused {
        /// What is wrong with it, for a developer's eye.
        reason: String,
    },
    /// The server could not store it (disk full, database away). Nothing was accepted; try again.
    Storage,
    /// The server is too busy for this now. Try again.
    Busy,
    /// The space ended by a fault of the server; join again.
    Fault,
    /// The client speaks a version this server does not.
    UnsupportedVersion {
        /// The oldest version spoken here.
        oldest: u32,
        /// The newest version spoken here.
        newest: u32,
    },
}
