//! What is said in a space: commands, their outcomes, and events.

mod events;

pub use events::{Event, LegClosedReason, RemovedReason, Snapshot, SpaceEndReason, YourGroups, YourVisit};

use crate::conversation::{Carry, Float, Moment};
use crate::dialogs;
use crate::discussion_groups;
use crate::frames::Resume;
use crate::host_visits;
use crate::ids::{LegId, SpaceId, TrackId, UserId};
use crate::live_rooms::About;
use crate::media::{LayerPreference, Source, SourceOfMid};
use crate::people::Profile;
use serde::{Deserialize, Serialize};

/// What a member is in a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Watches and talks.
    Viewer,
    /// Also deletes, mutes, bans and sets slow mode.
    Moderator,
    /// Owns the room, goes live in it, and appoints moderators.
    Host,
}

/// Somebody who is in a space now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Member {
    /// Who.
    pub profile: Profile,
    /// As what.
    pub role: Role,
    /// Whether they may not speak at the moment.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub muted: bool,
    /// While a visit lasts: the room whose guest they are here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub guest_from: Option<SpaceId>,
}

/// What a client may do in a space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Command {
    /// Come in, or come back. Answered by `joined`, followed by a `snapshot` event, or by the missed events.
    Join {
        /// Where the client's copy of the stream ends, if it has one.
        #[serde(default)]
        #[schema(value_type = Option<Object>)]
        resume: Option<Resume>,
        /// Whether one comes along with a visit, out of one's own room, and goes again when it is over.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[ts(optional, as = "Option<bool>")]
        as_guest: bool,
    },
    /// Go.
    Leave,
    /// Say something. Answered when it is stored.
    Send {
        /// What.
        text: String,
        /// The position of the message it answers.
        #[serde(default)]
        #[ts(type = "number | null", optional)]
        reply_to: Option<u64>,
        /// Chosen by the client; a repeat with the same nonce by the same user is answered with the first one's position.
        nonce: String,
        /// Whom it mentions (at most 10; who isn't known here is passed over).
        #[serde(default)]
        #[ts(optional, as = "Option<Vec<UserId>>")]
        mentions: Vec<UserId>,
        /// How it floats over the picture; absent: it doesn't.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        float: Option<Float>,
        /// The media time it belongs to, as its author sees the picture: milliseconds since the broadcast began.
        /// Absent: now. A time that is not there yet counts as now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        media_ms: Option<u64>,
        /// What it carries besides words; in dialogs only. The text may be empty then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        carries: Option<Carry>,
        /// The moment of a film that it belongs to, one that is shared in the dialog; in dialogs only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        moment: Option<Moment>,
    },
    /// Take a message back: one's own, or anybody's as a moderator.
    DeleteMessage {
        /// Which.
        #[ts(type = "number")]
        position: u64,
    },
    /// Remember how far one has read.
    MarkRead {
        /// Up to and with this message.
        #[ts(type = "number")]
        position: u64,
    },
    /// Set the least time between two messages of a viewer; 0 turns it off. (Moderators.)
    SetSlowMode {
        /// Seconds.
        interval_s: u32,
    },
    /// Forbid somebody to speak. (Moderators.)
    Mute {
        /// Whom.
        user: UserId,
        /// For how many seconds; `null` for good.
        #[serde(default)]
        duration_s: Option<u32>,
    },
    /// Let somebody speak again. (Moderators.)
    Unmute {
        /// Whom.
        user: UserId,
    },
    /// Put somebody out and keep them out. (Moderators.)
    Ban {
        /// Whom.
        user: UserId,
    },
    /// Put somebody out, who may come back. (Moderators.)
    Remove {
        /// Whom.
        user: UserId,
    },
    /// Tell the moderators of the room and the administrators that something is wrong.
    Report {
        /// About whom.
        user: UserId,
        /// About which message; `null`: about the person.
        #[serde(default)]
        #[ts(type = "number | null", optional)]
        position: Option<u64>,
        /// What is wrong; may be empty.
        reason: String,
    },
    /// Let somebody in again. (Moderators.)
    Unban {
        /// Whom.
        user: UserId,
    },
    /// Who is muted or banned here. (Moderators.) Answered by `sanctions`.
    ListSanctions,
    /// Appoint a moderator, or dismiss one. (Host.)
    SetModerator {
        /// Whom.
        user: UserId,
        /// Appoint or dismiss.
        moderator: bool,
    },
    /// Change what the room says of itself. (Host.)
    SetAbout {
        /// All of it.
        about: About,
    },
    /// Who is here. Answered by `members`.
    ListMembers {
        /// Continue behind this user.
        #[serde(default)]
        after: Option<UserId>,
    },
    /// Ask to be on the stage, or ask no more.
    RaiseHand {
        /// Ask, or ask no more.
        raised: bool,
    },
    /// Take down somebody's hand. (Moderators.)
    LowerHand {
        /// Whose.
        user: UserId,
    },
    /// Ask somebody who is here onto the stage; they may answer for 60 s. (Moderators, while live.)
    AskOnStage {
        /// Whom.
        user: UserId,
    },
    /// Answer that. Who accepts may `publish`.
    AnswerStage {
        /// Yes or no.
        accept: bool,
    },
    /// Take somebody off the stage, or take back that they were asked; oneself may always go. (Moderators, for others.)
    LeaveStage {
        /// Whom; `null`: oneself.
        #[serde(default)]
        #[ts(optional = nullable)]
        user: Option<UserId>,
    },
    /// Say what of one's own is turned off; or turn off something of somebody else's, which only they turn on again.
    /// (Moderators, for others.)
    SetMuted {
        /// Whose; `null`: one's own.
        #[serde(default)]
        #[ts(optional = nullable)]
        user: Option<UserId>,
        /// What.
        source: Source,
        /// Off or on.
        muted: bool,
    },
    /// Say whether broadcasts are recorded, from now on. (Host.)
    SetRecording {
        /// Recorded or not.
        wanted: bool,
    },
    /// Go live: open a publisher leg. (Host; guests of the stage join it so.) Answered by `publishing` with the SDP answer.
    /// Said again while live it replaces the leg, as the same broadcast: from the same connection, from any when the old leg is
    /// dead, from another with `take_over`.
    Publish {
        /// The SDP offer, with sendonly m-lines.
        offer: String,
        /// What each m-line carries.
        #[schema(value_type = Vec<Object>)]
        sources: Vec<SourceOfMid>,
        /// Replace a publisher leg of another connection that is still alive.
        #[serde(default)]
        take_over: bool,
    },
    /// End the broadcast. (Host.)
    EndBroadcast,
    /// Receive the stage: open a subscriber leg. Answered by `watching`; `offer` events follow. A repeat replaces the leg.
    Watch {
        /// After a reconnection: the leg that is still flowing, to go on with instead of a new one.
        #[serde(default)]
        #[ts(optional = nullable)]
        keep: Option<LegId>,
    },
    /// Close the subscriber leg.
    Unwatch,
    /// Answer a server's offer.
    Answer {
        /// Of which leg.
        leg: LegId,
        /// Of which offer.
        generation: u32,
        /// The SDP answer.
        sdp: String,
    },
    /// Say what one wants of a track.
    Prefer {
        /// Which track.
        track: TrackId,
        /// What.
        #[schema(value_type = Object)]
        layer: LayerPreference,
    },
    /// Something about discussion groups.
    Groups {
        /// What.
        wants: discussion_groups::Command,
    },
    /// Something that one does in dialogs only.
    Dialogs {
        /// What.
        wants: dialogs::Command,
    },
    /// Something about host visits.
    Visits {
        /// What.
        wants: host_visits::Command,
    },
}

/// Somebody who is muted or banned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Sanction {
    /// Whom.
    pub user: Profile,
    /// Whether banned; muted otherwise.
    pub banned: bool,
    /// Until when, milliseconds since the Unix epoch; `null` for good.
    #[ts(type = "number | null")]
    pub until_ms: Option<u64>,
    /// By whom.
    pub by: UserId,
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// Done; there is no more to say.
    Done,
    /// Come in.
    Joined {
        /// Where the stream stands. Events up to and with `after` are in the snapshot, or were replayed.
        #[schema(value_type = Object)]
        stream: Resume,
        /// Whether the missed events follow (true) or a `snapshot` (false).
        resumed: bool,
    },
    /// Stored.
    Sent {
        /// Where in the conversation.
        #[ts(type = "number")]
        position: u64,
        /// When.
        #[ts(type = "number")]
        at_ms: u64,
    },
    /// The publisher leg's answer.
    Publishing {
        /// Which leg.
        leg: LegId,
        /// The SDP answer.
        answer: String,
    },
    /// A player's leg, with the answer to its offer (WHEP).
    Playing {
        /// Which leg.
        leg: LegId,
        /// The SDP answer.
        answer: String,
    },
    /// ICE was restarted as a peer asked (WHIP, WHEP).
    Restarted {
        /// The server's user name fragment.
        ufrag: String,
        /// The server's password.
        pwd: String,
        /// The server's candidates, as SDP attributes without `a=`.
        candidates: Vec<String>,
    },
    /// The subscriber leg.
    Watching {
        /// Which leg.
        leg: LegId,
    },
    /// A page of the people here, in order of id.
    Members {
        /// Who.
        members: Vec<Member>,
        /// How many there are in all.
        total: u32,
        /// Where to continue, if there are more.
        next: Option<UserId>,
    },
    /// Who is muted or banned here.
    Sanctions {
        /// Who.
        sanctions: Vec<Sanction>,
    },
    /// Who might be invited into a discussion group, the best first.
    Suggestions {
        /// Them.
        suggestions: Vec<discussion_groups::Suggestion>,
    },
    /// Invitations into a discussion group are out.
    Invited {
        /// How they stand.
        request: discussion_groups::Request,
        /// Who could not be invited.
        uninvited: Vec<discussion_groups::Uninvited>,
    },
    /// One is a member of a group now: join it.
    GroupJoined {
        /// Which.
        group: SpaceId,
    },
    /// The groups that are bound to a live room.
    Groups {
        /// Them, the oldest first.
        groups: Vec<discussion_groups::GroupHere>,
    },
    /// Hosts who might be asked for a visit, the best first.
    VisitCandidates {
        /// Them.
        candidates: Vec<host_visits::Candidate>,
    },
    /// Hosts are asked for a visit.
    VisitRequested {
        /// How it stands.
        request: host_visits::Request,
    },
}
