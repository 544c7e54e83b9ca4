//! What is said in a space and about oneself: commands, their outcomes, and events.

use crate::conversation::{Float, Message};
use crate::discussion_groups;
use crate::frames::Resume;
use crate::host_visits;
use crate::ids::{LegId, SpaceId, TrackId, UserId};
use crate::limits::LimitName;
use crate::live_rooms::{About, Broadcast, EndReason};
use crate::media::{Health, LayerPreference, OfferedTrack, Publisher, Source, SourceOfMid};
use crate::moderation::Report;
use crate::people::{Me, Profile};
use crate::stage::{StageRequests, StageStanding};
use crate::videos::Recording;
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
    /// From a group: you have left it for good, on whichever device.
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

/// What a client may do about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PersonCommand {
    /// Block somebody: they can't mention, invite, message or ring you, and aren't told.
    Block {
        /// Whom.
        user: UserId,
    },
    /// Take the block back.
    Unblock {
        /// Whom.
        user: UserId,
    },
    /// Follow somebody with an account: be told when they go live.
    Follow {
        /// Whom.
        user: UserId,
    },
    /// Follow them no more.
    Unfollow {
        /// Whom.
        user: UserId,
    },
}

/// What happens to oneself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ts_rs::TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PersonEvent {
    /// What one knows of oneself has changed, on whichever device.
    Me {
        /// All of it.
        me: Me,
    },
    /// Somebody mentioned you, or answered you.
    Mentioned {
        /// Where.
        space: SpaceId,
        /// The message.
        message: Message,
    },
    /// Somebody you follow went live.
    WentLive {
        /// Where.
        space: SpaceId,
        /// Who.
        host: Profile,
        /// What the room says of itself.
        about: About,
        /// Since when, milliseconds since the Unix epoch.
        #[ts(type = "number")]
        since_ms: u64,
    },
    /// Another host asks for a visit.
    VisitInvitation {
        /// All of it.
        invitation: host_visits::Invitation,
    },
    /// It can't be answered any more.
    VisitInvitationOver {
        /// Which.
        visit: crate::ids::VisitId,
        /// What became of it.
        state: host_visits::InvitationState,
    },
    /// A limit on what you receive was met, and something was folded.
    Folded {
        /// Which limit.
        limit: LimitName,
    },
}
