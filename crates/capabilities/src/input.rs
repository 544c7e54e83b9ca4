//! What comes in to a machine.

use hearth_protocol::conversation::Message;
use hearth_protocol::host_visits::Traffic;
use hearth_protocol::ids::{
    ConnectionId, DeviceId, InvitationId, LegId, ReportId, SpaceId, StreamKeyId, TrackId, UserId, VideoId, VisitId,
};
use hearth_protocol::media::{Conversion, Health, OfferedTrack, Source, Track};
use hearth_protocol::people::{Preferences, Profile};
use hearth_protocol::space::LegClosedReason;
use hearth_protocol::{Command, PersonCommand, Resume};
use serde::{Deserialize, Serialize};

use crate::effect::{SpaceTell, Tell, Timer, WriteId};
use crate::host_visits::Facts;
use crate::{dialogs, discussion_groups};

/// A moment: milliseconds since the Unix epoch, by the clock of the node that owns the machine. It never goes back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub u64);

impl Time {
    /// The moment `ms` milliseconds later.
    pub fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds since an earlier moment; 0 if it is a later one.
    pub fn since_ms(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Bits that nobody can guess, to make identifiers from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fresh(pub u64, pub u64);

impl Fresh {
    /// A new leg's name.
    ///
    /// # Panics
    /// Never: hexadecimal digits are well formed.
    pub fn leg(self) -> LegId {
        LegId::parse(&format!("leg_{:016x}{:016x}", self.0, self.1)).expect("hexadecimal digits are well formed")
    }

    /// A new group's name.
    ///
    /// # Panics
    /// Never: hexadecimal digits are well formed.
    pub fn group(self) -> SpaceId {
        SpaceId::parse(&format!("group_{:016x}{:016x}", self.0, self.1)).expect("hexadecimal digits are well formed")
    }

    /// The name of a new invitation, of which there may be several at once.
    ///
    /// # Panics
    /// Never: hexadecimal digits are well formed.
    pub fn invitation(self, number: usize) -> InvitationId {
        let text = format!("invitation_{:016x}{:016x}_{number}", self.0, self.1);
        InvitationId::parse(&text).expect("hexadecimal digits are well formed")
    }

    /// A new report's name.
    ///
    /// # Panics
    /// Never: hexadecimal digits are well formed.
    pub fn report(self) -> ReportId {
        ReportId::parse(&format!("report_{:016x}{:016x}", self.0, self.1)).expect("hexadecimal digits are well formed")
    }

    /// The name of the visit that comes of a request's invitation of this number.
    ///
    /// # Panics
    /// Never: hexadecimal digits are well formed.
    pub fn visit(self, number: usize) -> VisitId {
        let text = format!("visit_{:016x}{:016x}_{number}", self.0, self.1);
        VisitId::parse(&text).expect("hexadecimal digits are well formed")
    }
}

/// A command waiting for its one reply. Only the server knows whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub u64);

/// Who gives a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// By which live connection; `None`: a program over HTTP.
    pub connection: Option<ConnectionId>,
    /// From which device.
    pub device: DeviceId,
    /// Who.
    pub profile: Profile,
    /// What the server knows of them.
    pub standing: Standing,
}

/// What the server knows of a caller, apart from this space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// An account that manages the server: a moderator everywhere.
    Administrator,
    /// An account.
    Account,
    /// A guest with a valid guest link of this very space.
    InvitedGuest,
    /// A guest without one.
    Guest,
}

/// What the store knows of the things a command names, read before the command is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lookup {
    /// For `join`: how far the user has read.
    pub read_position: u64,
    /// For `join`: what others may want of the user.
    #[serde(skip_serializing_if = "is_default")]
    pub preferences: Preferences,
    /// For `send` with `reply_to`, for `delete_message`, and for `report` with `position`: that message.
    pub message: Option<Box<Message>>,
    /// Profiles of the users named by the command, as far as they exist.
    pub people: Vec<Profile>,
    /// For `mute`, `ban` and `set_moderator`: which of them manage the server.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub administrators: Vec<UserId>,
    /// For `report`: how many reports of the user in this space are open.
    #[serde(skip_serializing_if = "is_zero")]
    pub open_reports: u32,
    /// For what concerns discussion groups.
    #[serde(skip_serializing_if = "is_default")]
    pub groups: Box<discussion_groups::Lookup>,
    /// For what concerns dialogs.
    #[serde(skip_serializing_if = "is_default")]
    pub dialogs: Box<dialogs::Lookup>,
    /// For `join`: whether the space's host has blocked the user.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub blocked_by_host: bool,
    /// For the `candidates` and `invite` of host visits: who might be asked, and what there was before.
    #[serde(skip_serializing_if = "Facts::is_empty")]
    pub visits: Facts,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Why a write was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreFailure {
    /// No room, or the database is away.
    Unavailable,
    /// Who confirms that they are in a group is in another.
    MemberElsewhere,
    /// The group is not there yet, and who asked for it is in another.
    PrimaryElsewhere,
    /// The group has ended.
    GroupOver,
    /// The group has as many members as it may.
    GroupFull,
}

/// What comes in to a space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "most inputs are commands, the largest")]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Somebody wants something. Answered by exactly one `Effect::Reply`, sooner or later.
    Command {
        /// Who.
        from: Caller,
        /// To be answered under this number.
        request: RequestId,
        /// What.
        command: Command,
        /// Bits for identifiers.
        fresh: Fresh,
        /// What the store knows of it.
        lookup: Lookup,
    },
    /// An encoder that has shown one of the host's stream keys wants to publish. Answered like a command, by `publishing`
    /// (over RTMP without an answer's text).
    Encoder {
        /// To be answered under this number.
        request: RequestId,
        /// With which key: what comes with the same key takes the place of what came before.
        key: StreamKeyId,
        /// By what way.
        ingest: Ingest,
        /// Bits for identifiers.
        fresh: Fresh,
    },
    /// A player that is no member wants to watch (WHEP). Answered by `playing`.
    Play {
        /// To be answered under this number.
        request: RequestId,
        /// Its offer.
        offer: String,
        /// Bits for identifiers.
        fresh: Fresh,
        /// Who watches, where they said so: what puts them out ends it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<UserId>,
    },
    /// The peer of a leg that came by WHIP or WHEP wants something. Answered by `done`, `restarted`, or a rejection.
    Peer {
        /// To be answered under this number.
        request: RequestId,
        /// Of which leg.
        leg: LegId,
        /// What.
        wants: PeerWants,
    },
    /// What is converted for the viewers changed.
    Converts {
        /// All of it.
        conversions: Vec<Conversion>,
    },
    /// How many watch by HLS changed.
    Crowd {
        /// How many.
        hls: u32,
    },
    /// What this space sends and receives, counted by the media engine.
    Traffic {
        /// How much.
        traffic: Traffic,
    },
    /// The recording of this broadcast began, or ended.
    Recording {
        /// Into which film; `None`: into none.
        video: Option<VideoId>,
        /// Whether it ended before the broadcast did.
        failed: bool,
    },
    /// A connection's socket is gone.
    ConnectionLost {
        /// Which.
        connection: ConnectionId,
    },
    /// A write was committed, or was not.
    Stored {
        /// Which.
        write: WriteId,
        /// For a message: its position (another one than asked for, if its nonce was stored before); 0 otherwise.
        result: Result<u64, StoreFailure>,
    },
    /// The media engine reports about a leg.
    Media {
        /// Which leg.
        leg: LegId,
        /// What.
        report: MediaReport,
    },
    /// The media engine reports who speaks: the publisher leg, or nobody.
    ActiveSpeaker {
        /// Which leg.
        leg: Option<LegId>,
    },
    /// A timer is due.
    Timer {
        /// Which.
        timer: Timer,
    },
    /// A user's name or standing changed.
    Renamed {
        /// As they are now.
        profile: Profile,
    },
    /// What others may want of a user changed.
    Prefers {
        /// Whose.
        user: UserId,
        /// As they are now.
        preferences: Preferences,
    },
    /// A user may no longer be here: account disabled, or all of their devices signed out.
    SignedOut {
        /// Who.
        user: UserId,
    },
    /// Another space's machine tells something.
    Told {
        /// Which space's.
        by: SpaceId,
        /// What.
        tell: SpaceTell,
    },
    /// The node stops: say so to the members.
    Stop,
}

/// By what way an encoder sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ingest {
    /// Over WebRTC (RFC 9725).
    Whip {
        /// Its offer.
        offer: String,
    },
    /// Over RTMP.
    Rtmp {
        /// What it sends.
        sources: Vec<Source>,
    },
}

/// What the peer of a leg wants that came by WHIP or WHEP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerWants {
    /// It has further candidates.
    Trickle {
        /// As SDP attributes, without `a=`.
        candidates: Vec<String>,
    },
    /// It restarts ICE.
    Restart {
        /// Its new user name fragment.
        ufrag: String,
        /// Its new password.
        pwd: String,
    },
    /// It goes.
    Close,
}

/// What the media engine says of a leg.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaReport {
    /// The answer to a publisher's offer.
    Answer {
        /// The SDP.
        sdp: String,
    },
    /// The publisher's offer, or the leg, could not be taken.
    Refused {
        /// Why, for a developer's eye.
        reason: String,
    },
    /// An offer to a subscriber.
    Offer {
        /// Its number.
        generation: u32,
        /// The SDP.
        sdp: String,
        /// What its m-lines carry.
        tracks: Vec<OfferedTrack>,
    },
    /// A subscriber's m-lines carry other tracks now, without a new offer.
    Mapped {
        /// All of what they carry.
        tracks: Vec<OfferedTrack>,
    },
    /// ICE was restarted as the peer asked.
    Restarted {
        /// Ours, new.
        ufrag: String,
        /// Ours, new.
        pwd: String,
        /// Ours.
        candidates: Vec<String>,
    },
    /// ICE and DTLS are done.
    Connected,
    /// What a publisher sends, complete. The first such report with a track means that media flows.
    Tracks {
        /// All of them.
        tracks: Vec<Track>,
    },
    /// Nothing comes from the leg any more; it may come back.
    Silent,
    /// Something comes again.
    Heard,
    /// The leg is gone.
    Closed {
        /// Why.
        reason: LegClosedReason,
    },
    /// Which layer of a track a subscriber is sent.
    Layer {
        /// Which track.
        track: TrackId,
        /// Which layer; `None`: nothing.
        layer: Option<String>,
    },
    /// How a publisher's media arrives.
    Health {
        /// The figures.
        health: Health,
    },
}

/// What comes in to a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonInput {
    /// One of the user's devices connected. Answered by `Effect::Attach` and what was missed.
    Connected {
        /// Its connection.
        connection: ConnectionId,
        /// Which device.
        device: DeviceId,
        /// Where the client's copy of the stream ends, if it has one.
        resume: Option<Resume>,
        /// To be answered with `Effect::Welcome`, or a rejection.
        request: RequestId,
    },
    /// A connection's socket is gone.
    ConnectionLost {
        /// Which.
        connection: ConnectionId,
    },
    /// The user wants something.
    Command {
        /// To be answered under this number.
        request: RequestId,
        /// What.
        command: PersonCommand,
        /// What the store knows of it.
        lookup: Lookup,
    },
    /// A write was committed, or was not.
    Stored {
        /// Which.
        write: WriteId,
        /// What came of it.
        result: Result<u64, StoreFailure>,
    },
    /// Another machine tells something.
    Told {
        /// What.
        tell: Tell,
    },
    /// The user's own account changed.
    Changed {
        /// What others see now.
        profile: Profile,
        /// May manage the server.
        administrator: bool,
    },
    /// A timer is due.
    Timer {
        /// Which.
        timer: Timer,
    },
}
