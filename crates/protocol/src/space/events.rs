//! What happens in a space, and all of it at once for whoever comes in.

use crate::conversation::Message;
use crate::dialogs;
use crate::discussion_groups;
use crate::host_visits;
use crate::ids::{LegId, SpaceId, TrackId, UserId};
use crate::live_rooms::{About, Broadcast, EndReason};
use crate::media::{Health, OfferedTrack, Publisher};
use crate::moderation::Report;
use crate::people::Profile;
use crate::space::Member;
use crate::stage::{StageRequests, StageStanding};
use crate::videos::Recording;
use serde::{Deserialize, Serialize};

/// What happens in a space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ts_rs::TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// Everything a client needs to show the space, when it comes in or can't be resumed.
    Snapshot {
        /// All of it.
        snapshot: Box<Snapshot>,
    },
    /// How many are here. Sent at most once a second.
    Audience {
        /// Members of any role.
        count: u32,
    },
    /// A message was stored.
    Message {
        /// All of it.
        message: Message,
    },
    /// A message was deleted.
    MessageDeleted {
        /// Which.
        #[ts(type = "number")]
        position: u64,
    },
    /// Slow mode changed.
    SlowMode {
        /// Seconds; 0 is off.
        interval_s: u32,
    },
    /// What you may do has changed: role, mute.
    You {
        /// You, as you are now.
        member: Member,
        /// Muted until when, if muted for a time.
        #[ts(type = "number | null")]
        muted_until_ms: Option<u64>,
    },
    /// Somebody's messages shall be hidden: they were banned.
    UserRemoved {
        /// Who.
        user: UserId,
    },
    /// You are out: banned, or the room no longer admits you. No more events of this space follow.
    Removed {
        /// Why.
        reason: RemovedReason,
    },
    /// The room's title, category… changed.
    About {
        /// All of it.
        about: About,
    },
    /// The broadcast's state changed.
    Broadcast {
        /// What it is now.
        broadcast: Broadcast,
        /// Why it ended, where it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        ended: Option<EndReason>,
    },
    /// Who publishes what.
    Stage {
        /// Everybody who publishes.
        publishers: Vec<Publisher>,
    },
    /// Where you stand with the stage.
    YourStage {
        /// Where.
        standing: StageStanding,
    },
    /// To the host and the moderators: who wants to be on the stage.
    StageRequests {
        /// All of them.
        requests: StageRequests,
    },
    /// To the host and the moderators: what somebody answered.
    StageAnswer {
        /// Who.
        user: Profile,
        /// Yes, or no.
        accepted: bool,
    },
    /// To the host and the moderators: somebody reported something.
    Reported {
        /// All of it.
        report: Box<Report>,
    },
    /// Where the recording stands.
    Recording {
        /// All of it.
        recording: Recording,
    },
    /// Who speaks.
    ActiveSpeaker {
        /// Nobody: `null`.
        user: Option<UserId>,
    },
    /// To a subscriber: the server's offer.
    Offer {
        /// Of which leg.
        leg: LegId,
        /// Which offer; answer with the same number. Newer ones replace older ones.
        generation: u32,
        /// The SDP offer.
        sdp: String,
        /// What its m-lines carry.
        tracks: Vec<OfferedTrack>,
    },
    /// To a subscriber: the m-lines of the last offer carry these tracks now, without a new offer
    /// (a publisher came back as a new leg). m-lines not named are silent. Nothing is to be answered.
    Mapped {
        /// Of which leg.
        leg: LegId,
        /// What its m-lines carry.
        tracks: Vec<OfferedTrack>,
    },
    /// To a subscriber: which layer of a simulcast track is coming.
    Layer {
        /// Which track.
        track: TrackId,
        /// Which layer; `null`: none, for want of bandwidth or by choice.
        layer: Option<String>,
    },
    /// To the owner of a leg: it is closed.
    LegClosed {
        /// Which.
        leg: LegId,
        /// Why.
        reason: LegClosedReason,
    },
    /// To the host: how the broadcast arrives at the server.
    Health {
        /// The figures.
        health: Health,
    },
    /// The space is over; no more events of it follow.
    Ended {
        /// Why.
        reason: SpaceEndReason,
    },
    /// Something happened about discussion groups.
    Groups {
        /// What.
        event: discussion_groups::Event,
    },
    /// Something happened that happens in dialogs only.
    Dialogs {
        /// What.
        event: dialogs::Event,
    },
    /// Something happened about host visits.
    Visits {
        /// What.
        event: host_visits::Event,
    },
}

/// Why a member is put out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum RemovedReason {
    /// Banned by a moderator.
    Banned,
    /// Put out by a moderator; you may come back.
    Removed,
    /// The room's entry rule changed.
    Entry,
    /// The account was disabled or the device signed out.
    SignedOut,
    /// From a group or a dialog: you have left it for good, on whichever device.
    Departed,
}

/// Why a leg is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum LegClosedReason {
    /// As asked.
    Asked,
    /// Another leg took its place.
    Replaced,
    /// The connection died.
    Lost,
    /// A fault of the server: open another.
    Fault,
}

/// Why a space is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum SpaceEndReason {
    /// A fault of the server. Join again.
    Fault,
    /// The server is stopping. Connect again and resume.
    Stopping,
    /// Its owner, or a moderator of the live room it was bound to, ended it.
    Dissolved,
    /// Nothing went on in it.
    Idle,
}

/// Everything a client needs to show a space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ts_rs::TS)]
pub struct Snapshot {
    /// What the room says of itself.
    pub about: About,
    /// Whose room it is.
    pub host: Profile,
    /// Where the broadcast stands.
    pub broadcast: Broadcast,
    /// Who publishes what.
    pub publishers: Vec<Publisher>,
    /// How many are here.
    pub audience: u32,
    /// The latest messages, oldest first.
    pub messages: Vec<Message>,
    /// Whether there are older ones.
    pub more_messages: bool,
    /// Up to where you have read; 0 where nothing is.
    #[ts(type = "number")]
    pub read_position: u64,
    /// Seconds between two messages of a viewer; 0 is off.
    pub slow_mode_s: u32,
    /// You.
    pub you: Member,
    /// Muted until when, if muted for a time.
    #[ts(type = "number | null")]
    pub muted_until_ms: Option<u64>,
    /// Where you stand with the stage.
    #[serde(default)]
    pub your_stage: StageStanding,
    /// To the host and the moderators: who wants to be on the stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub stage_requests: Option<StageRequests>,
    /// Where the recording stands.
    #[serde(default)]
    pub recording: Recording,
    /// In a group: how it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub group: Option<discussion_groups::Group>,
    /// In a dialog: how it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dialog: Option<dialogs::State>,
    /// In a live room: what concerns oneself of discussion groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub your_groups: Option<YourGroups>,
    /// In a live room: the visits that are announced or under way; several where several hosts visit this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<YourVisit>>")]
    pub visits: Vec<YourVisit>,
    /// To the host of a live room: how their request for visits stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub visit_request: Option<host_visits::Request>,
}

/// What concerns somebody of the discussion groups of a live room.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ts_rs::TS)]
pub struct YourGroups {
    /// The group that they are a member of.
    pub group: Option<SpaceId>,
    /// Invitations that they have not answered.
    pub invitations: Vec<discussion_groups::Invitation>,
    /// What they have asked for.
    pub request: Option<discussion_groups::Request>,
}

/// A visit, as somebody in one of its rooms sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ts_rs::TS)]
pub struct YourVisit {
    /// All of it.
    pub visit: host_visits::Visit,
    /// Whether they come along, in the visitor's room.
    pub come: bool,
}
