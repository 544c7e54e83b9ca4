//! The envelope: what travels over the one WebSocket.

use crate::ids::{ConnectionId, DeviceId, SpaceId, UserId};
use crate::people::Me;
use crate::person::{PersonCommand, PersonEvent};
use crate::rejection::Rejection;
use crate::space::{Command, Event, Outcome};
use serde::{Deserialize, Serialize};

/// The version this server speaks. A client names its own in `hello`.
pub const PROTOCOL_VERSION: u32 = 1;

/// What a client says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ts_rs::TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// The first frame. Anything else first closes the connection.
    Hello {
        /// The protocol version the client speaks.
        version: u32,
        /// Name and version of the client, for the log (at most 64 bytes).
        client: String,
        /// The personal event stream to resume, if the client has one.
        #[serde(default)]
        resume: Option<Resume>,
    },
    /// Something to do in a space. Answered by exactly one `reply` with the same id.
    Command {
        /// Chosen by the client, unique among its unanswered commands.
        id: u32,
        /// Where.
        space: SpaceId,
        /// What.
        command: Command,
    },
    /// Something to do about oneself. Answered by exactly one `reply` with the same id.
    Person {
        /// Chosen by the client, unique among its unanswered commands.
        id: u32,
        /// What.
        command: PersonCommand,
    },
    /// Asks for the server's time (RFC 5905's four time stamps; the client keeps the first and the last).
    Ping {
        /// The client's clock, given back untouched, in milliseconds.
        t0_ms: f64,
    },
}

/// Where a client's copy of an event stream ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Resume {
    /// The stream's incarnation: it changes when a space is opened anew (restart, fault, move).
    pub epoch: String,
    /// The last sequence number the client has.
    #[ts(type = "number")]
    pub after: u64,
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ts_rs::TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The answer to `hello`.
    Hello {
        /// The version that will be spoken.
        version: u32,
        /// This connection.
        connection: ConnectionId,
        /// The device it belongs to.
        device: DeviceId,
        /// Who the client is.
        me: Me,
        /// Server time, milliseconds since the Unix epoch.
        #[ts(type = "number")]
        server_time_ms: u64,
        /// Where the personal event stream stands.
        person: Resume,
        /// Whether the asked resumption of the personal stream succeeded; if not, `me` is the new truth.
        resumed: bool,
    },
    /// The answer to a command: exactly one of `ok` and `rejection`.
    Reply {
        /// The command's id.
        id: u32,
        /// What came of it.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        ok: Option<Outcome>,
        /// Why it was declined.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        rejection: Option<Rejection>,
    },
    /// Something happened in a space. Sequence numbers rise; they may skip what was not for this client.
    Event {
        /// Where.
        space: SpaceId,
        /// The stream's sequence number.
        #[ts(type = "number")]
        seq: u64,
        /// What.
        event: Event,
    },
    /// Something happened to oneself.
    Person {
        /// Whose stream; always one's own.
        user: UserId,
        /// The stream's sequence number.
        #[ts(type = "number")]
        seq: u64,
        /// What.
        event: PersonEvent,
    },
    /// The answer to `ping`.
    Pong {
        /// The client's time stamp.
        t0_ms: f64,
        /// When the server received the ping (milliseconds since the Unix epoch, with fractions).
        t1_ms: f64,
        /// When the server sent this.
        t2_ms: f64,
    },
    /// A frame could not be read; the connection stays, unless the client goes on.
    Refused {
        /// Why.
        rejection: Rejection,
    },
    /// The last frame: the server is about to close the socket, and says why.
    Goodbye {
        /// Why.
        reason: GoodbyeReason,
    },
}

/// Why the server closes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum GoodbyeReason {
    /// The client read too slowly. Connect again and resume.
    SlowConsumer,
    /// The device was signed out.
    SignedOut,
    /// The server is stopping. Connect again and resume.
    Stopping,
    /// Too many bad frames, or too many commands.
    Misbehaviour,
    /// The client said nothing, not even a pong, for too long.
    Idle,
    /// The client speaks no version that the server does.
    UnsupportedVersion,
}
