//! Host visits: hosts of live rooms who come to each other, with their audiences.
//!
//! While a visit lasts, the two rooms show one stage, the inviting host's.

use crate::ids::{SpaceId, UserId, VisitId};
use crate::people::Profile;
use serde::{Deserialize, Serialize};

/// Which hosts are wanted. At least one condition is given; all that are given must be met.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(default)]
#[ts(rename = "VisitConditions")]
#[schema(as = VisitConditions)]
pub struct Conditions {
    /// Of this category.
    pub category: Option<String>,
    /// In this language.
    pub language: Option<String>,
    /// With at least so many viewers now.
    pub audience_from: Option<u32>,
    /// With at most so many viewers now.
    pub audience_to: Option<u32>,
    /// With all of these tags.
    pub tags: Vec<String>,
    /// Whom the asking host follows.
    pub followed: bool,
    /// With at least this standing.
    pub standing_from: Option<u32>,
}

/// How a host visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "VisitWay")]
#[schema(as = VisitWay)]
pub enum Way {
    /// They watch: their own broadcast pauses.
    Watching,
    /// They come onto the stage with camera and microphone.
    OnStage,
}

/// Why a host is a good candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(rename = "VisitReason")]
#[schema(as = VisitReason)]
pub enum Reason {
    /// Of the same category.
    Category,
    /// In the same language.
    Language,
    /// With these tags in common.
    Tags {
        /// Which.
        shared: Vec<String>,
    },
    /// The asking host follows them.
    Followed,
    /// They visited the asking host more often than the other way about.
    OwesVisits {
        /// By how many visits.
        visits: u32,
    },
    /// The asking host visited them more often than the other way about.
    IsOwedVisits {
        /// By how many visits.
        visits: u32,
    },
    /// They thanked, or were thanked, for a visit.
    Thanked,
    /// Nobody has asked them for long, or ever.
    RarelyAsked,
}

/// A host who might be invited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[ts(rename = "VisitCandidate")]
#[schema(as = VisitCandidate)]
pub struct Candidate {
    /// Who.
    pub host: Profile,
    /// Their room.
    pub room: SpaceId,
    /// Its title.
    pub title: String,
    /// Its category.
    pub category: String,
    /// Whether they are live.
    pub live: bool,
    /// How many are in their room.
    pub audience: u32,
    /// Their standing: visits kept and thanks received.
    pub standing: u32,
    /// Why, the strongest first.
    pub reasons: Vec<Reason>,
    /// How well they fit, in thousandths.
    pub score: u32,
}

/// What one wants of host visits. All of it is said in a live room: by its host, but for `come`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[ts(rename = "VisitCommand")]
#[schema(as = VisitCommand)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Command {
    /// Who meets the conditions, best first. Answered by `visit_candidates`.
    Candidates {
        /// Which hosts are wanted.
        conditions: Conditions,
    },
    /// Invites hosts, one after the other, until enough have accepted. Answered by `visit_requested`.
    Invite {
        /// Which hosts are wanted.
        conditions: Conditions,
        /// How many.
        wanted: u32,
        /// For how long a visit is to last, in seconds.
        duration_s: u32,
        /// What is offered in return, in words.
        offer: String,
        /// These, in this order, where the host picked them; none: all who meet the conditions, the best first.
        #[serde(default)]
        hosts: Vec<UserId>,
    },
    /// Asks nobody else, and takes back what was not answered.
    Cancel,
    /// In the invited host's own room: answers an invitation.
    Answer {
        /// Which.
        visit: VisitId,
        /// How they come; `None`: they decline.
        #[ts(optional = nullable)]
        accept: Option<Way>,
    },
    /// In the visiting host's room, by anybody: whether one comes along.
    Come {
        /// With which visit.
        visit: VisitId,
        /// Yes, or no: one stays.
        come: bool,
    },
    /// In either room, by its host: the visit is over.
    End {
        /// Which.
        visit: VisitId,
    },
}

/// What became of an invitation to visit, or that nothing has yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "VisitInvitationState")]
#[schema(as = VisitInvitationState)]
pub enum InvitationState {
    /// Not answered yet.
    Open,
    /// Accepted.
    Accepted,
    /// Declined.
    Declined,
    /// Not answered in time.
    Expired,
    /// Taken back, or no longer wanted when the answer came.
    Withdrawn,
    /// They could not be asked: gone, promised elsewhere, or not to be asked.
    Unavailable,
}

/// A host who was asked, as the asking host sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[ts(rename = "VisitInvited")]
#[schema(as = VisitInvited)]
pub struct Invited {
    /// With which visit.
    pub visit: VisitId,
    /// Who.
    pub host: Profile,
    /// What became of it.
    pub state: InvitationState,
    /// Until when it can be answered.
    #[ts(type = "number")]
    pub until_ms: u64,
}

/// A request, as the asking host sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[ts(rename = "VisitRequest")]
#[schema(as = VisitRequest)]
pub struct Request {
    /// How many hosts are wanted.
    pub wanted: u32,
    /// Who was asked, in that order.
    pub invited: Vec<Invited>,
    /// How many may still be asked.
    pub left: u32,
    /// Whether it has come to its end.
    pub over: bool,
}

/// An invitation, as the invited host sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[ts(rename = "VisitInvitation")]
#[schema(as = VisitInvitation)]
pub struct Invitation {
    /// Which.
    pub visit: VisitId,
    /// By whom.
    pub host: Profile,
    /// To which room.
    pub room: SpaceId,
    /// Its title.
    pub title: String,
    /// Its category.
    pub category: String,
    /// How many are there.
    pub audience: u32,
    /// By which conditions one was found.
    pub conditions: Conditions,
    /// For how long, in seconds.
    pub duration_s: u32,
    /// What is offered in return.
    pub offer: String,
    /// Until when it can be answered.
    #[ts(type = "number")]
    pub until_ms: u64,
}

/// One of the two rooms of a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[ts(rename = "VisitSide")]
#[schema(as = VisitSide)]
pub struct Side {
    /// Which room.
    pub room: SpaceId,
    /// Whose.
    pub host: Profile,
    /// Its title.
    pub title: String,
}

/// Where a visit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
#[ts(rename = "VisitPhase")]
#[schema(as = VisitPhase)]
pub enum Phase {
    /// The visitor's audience is asked who comes along.
    Announced {
        /// When the visit begins.
        #[ts(type = "number")]
        at_ms: u64,
    },
    /// The two rooms are one broadcast.
    UnderWay {
        /// Since when.
        #[ts(type = "number")]
        since_ms: u64,
        /// Until when.
        #[ts(type = "number")]
        until_ms: u64,
    },
}

/// A visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Visit {
    /// Which.
    pub id: VisitId,
    /// How the visitor comes.
    pub way: Way,
    /// Who invited, and whose stage it is.
    pub to: Side,
    /// Who visits.
    pub from: Side,
    /// Where it stands.
    pub phase: Phase,
}

/// Why a visit is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "VisitEndReason")]
#[schema(as = VisitEndReason)]
pub enum EndReason {
    /// Its time is over.
    Over,
    /// One of the hosts ended it.
    Host,
    /// The inviting host's broadcast ended.
    BroadcastEnded,
    /// One of the hosts is gone.
    Gone,
    /// The other room is not there any more.
    Lost,
}

/// What two rooms send and receive, counted by the media engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Traffic {
    /// Browsers and encoders that send.
    pub publishers: u32,
    /// Viewers that receive.
    pub viewers: u32,
    /// Bits a second that they send.
    #[ts(type = "number")]
    pub in_bps: u64,
    /// Bits a second that they are sent.
    #[ts(type = "number")]
    pub out_bps: u64,
}

/// What a visit saves, of both rooms together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[ts(rename = "VisitSaving")]
#[schema(as = VisitSaving)]
pub struct Saving {
    /// Just before it began.
    pub before: Traffic,
    /// Now.
    pub now: Traffic,
}

/// What happens about host visits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[ts(rename = "VisitEvent")]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// To the asking host: how the request stands.
    Request {
        /// All of it.
        request: Request,
    },
    /// To everybody in both rooms: a visit is announced, begins, or goes on otherwise.
    Visit {
        /// All of it.
        visit: Visit,
    },
    /// To one of the visitor's audience: whether they come along, as they said on whatever device.
    Coming {
        /// With which visit.
        visit: VisitId,
        /// Yes or no.
        come: bool,
    },
    /// To everybody in both rooms: the visit is over, and everybody is at home.
    Ended {
        /// Which.
        visit: VisitId,
        /// Why.
        reason: EndReason,
    },
    /// To both hosts: what it saves.
    Saving {
        /// Of which visit.
        visit: VisitId,
        /// How much.
        saving: Saving,
    },
}

/// What a visit brought, as both hosts see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[ts(rename = "VisitEntry")]
#[schema(as = VisitEntry)]
pub struct Entry {
    /// Which.
    pub id: VisitId,
    /// How the visitor came.
    pub way: Way,
    /// Who invited.
    pub to: Profile,
    /// Who visited.
    pub from: Profile,
    /// When it began.
    #[ts(type = "number")]
    pub began_ms: u64,
    /// When it ended; `None`: it goes on.
    #[ts(type = "number | null")]
    pub ended_ms: Option<u64>,
    /// How many of the visitor's audience came along.
    pub people: u32,
    /// Minutes they stayed, of all of them together.
    pub person_minutes: u32,
    /// Follows the inviting host gained of them meanwhile.
    pub follows_to: u32,
    /// Follows the visiting host gained of the inviting host's audience meanwhile.
    pub follows_from: u32,
    /// Who gave thanks for it.
    pub thanked_by: Vec<UserId>,
}
