//! Host visits: hosts of live rooms who come to each other, with their audiences.
//!
//! What a person gets: a host of a small room asks others for a visit; who accepts brings their audience along, both rooms
//! see one stage, and when it is over everybody is at home.
//!
//! ```text
//! the inviting room                                        the visiting room
//!  invite ─► (stored) ─► asks ──────────────────────────►  its host is asked, for 30 s
//!                          ◄────────────── accepts ──────  (declined, expired, unavailable: the next host is asked)
//!            confirms ──── agreed ──────────────────────►  10 s: who stays?
//!            one stage ─── begun ───────────────────────►  the own broadcast pauses, who comes along watches there
//!                          ◄──── alive, every 10 s ────►   a room that says nothing for 25 s is lost
//!            over ──────── ended ───────────────────────►  the own broadcast goes on
//! ```
//!
//! Everybody stays a member of their own room, and comes into the other one besides, as its guest: so nobody has to find
//! the way home, whatever breaks.
//!
//! Invariants: of the two rooms the inviting one decides, and its timers bound everything; an invitation has one outcome;
//! a host visits one room at a time, and nobody visits them meanwhile; a guest is a member of the room they come from.
//!
//! Deliberately not here: what is told to whom, and what becomes of the broadcast (`space/visits`).

pub mod conditions;
pub mod ranking;
pub mod request;
pub mod visit;

use hearth_protocol::host_visits::{
    Conditions, EndReason, Invitation, InvitationState, Saving, Traffic, Visit as WireVisit, Way,
};
use hearth_protocol::ids::{SpaceId, UserId, VisitId};
use hearth_protocol::live_rooms::About;
use hearth_protocol::people::Profile;
use serde::{Deserialize, Serialize};

use crate::input::{RequestId, Time};
use crate::kernel::limits::{VISIT_ANSWERS_MAX, VISIT_REQUESTS_WINDOW_MS};
use request::Request;
use visit::Visit;

/// What the two live rooms of a visit tell each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tell {
    /// To the invited host's room: its host is asked.
    Asks {
        /// All of it.
        invitation: Box<Invitation>,
    },
    /// To the invited host's room: the invitation can't be answered any more, or the answer does not count.
    Over {
        /// Which.
        visit: VisitId,
        /// What became of it.
        state: InvitationState,
    },
    /// To the inviting room: what the invited host says.
    Answers {
        /// To which.
        visit: VisitId,
        /// What.
        answer: Answer,
    },
    /// To the visiting room: the acceptance counts, the visit is announced.
    Agreed {
        /// All of it.
        visit: Box<WireVisit>,
    },
    /// To the visiting room: the visit begins.
    Begun {
        /// All of it.
        visit: Box<WireVisit>,
        /// Who of the inviting room may come in.
        people: Vec<UserId>,
    },
    /// To the other room: who may come in, and who no longer.
    People {
        /// With which visit.
        visit: VisitId,
        /// Who may.
        came: Vec<UserId>,
        /// Who may no longer.
        gone: Vec<UserId>,
    },
    /// To the other room: this one is there.
    Alive {
        /// Of which visit.
        visit: VisitId,
    },
    /// To the inviting room: what the visiting one sends and receives.
    Traffic {
        /// With which visit.
        visit: VisitId,
        /// How much.
        traffic: Traffic,
    },
    /// To the visiting room: what the visit saves.
    Saves {
        /// Which.
        visit: VisitId,
        /// How much.
        saving: Saving,
    },
    /// To the other room: the visit is over.
    Ended {
        /// Which.
        visit: VisitId,
        /// Why.
        reason: EndReason,
    },
}

/// What an invited host says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// They come.
    Accepts(Way),
    /// They don't.
    Declines,
    /// They can't be asked.
    Unavailable,
}

/// What the store is to remember of host visits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A host asks for visits.
    Requested {
        /// Who.
        by: UserId,
        /// When.
        at: Time,
        /// Which hosts are wanted.
        conditions: Conditions,
        /// How many.
        wanted: u32,
    },
    /// Somebody is asked.
    Invited {
        /// With which visit.
        visit: VisitId,
        /// By whom.
        by: UserId,
        /// Whom.
        host: UserId,
        /// When.
        at: Time,
    },
    /// What became of an invitation.
    Answered {
        /// Which.
        visit: VisitId,
        /// What.
        state: InvitationState,
        /// When.
        at: Time,
    },
    /// A visit began.
    Began {
        /// Which.
        visit: VisitId,
        /// How.
        way: Way,
        /// Who invited.
        to: UserId,
        /// Who visits.
        from: UserId,
        /// When.
        at: Time,
    },
    /// A visit is over. The first word counts: the other room says it again only where the inviting one is lost.
    Ended {
        /// Which.
        visit: VisitId,
        /// When.
        at: Time,
        /// Why.
        reason: EndReason,
        /// Of the visitor's audience, who came along.
        came: Vec<UserId>,
        /// How long they stayed, of all of them together, in milliseconds.
        person_ms: u64,
        /// Of the inviting host's own audience, who was there.
        met: Vec<UserId>,
    },
}

/// What the server knows of the hosts who may be asked, and of what the asking host did before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// When the asking host made requests, within the last hour; milliseconds since the Unix epoch.
    pub requests_ms: Vec<u64>,
    /// The hosts, in any order.
    pub hosts: Vec<HostFacts>,
}

impl Facts {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.requests_ms.is_empty() && self.hosts.is_empty()
    }
}

/// What the server knows of a host who may be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFacts {
    /// Who.
    pub host: Profile,
    /// Their room.
    pub room: SpaceId,
    /// What it says of itself.
    pub about: About,
    /// Whether they are live.
    #[serde(default)]
    pub live: bool,
    /// Whether one of their devices is connected.
    #[serde(default)]
    pub online: bool,
    /// How many are in their room.
    #[serde(default)]
    pub audience: u32,
    /// Whether they may be asked at all: they opted in, and are not to be left alone now.
    #[serde(default)]
    pub may_be_asked: bool,
    /// Whether one of the two has blocked the other.
    #[serde(default)]
    pub blocked: bool,
    /// Whether they visit, are visited, or are about to.
    #[serde(default)]
    pub promised: bool,
    /// Whether the asking host follows them.
    #[serde(default)]
    pub followed: bool,
    /// Visits kept and thanks received.
    #[serde(default)]
    pub standing: u32,
    /// How often they visited the asking host.
    #[serde(default)]
    pub visited: u32,
    /// How often the asking host visited them.
    #[serde(default)]
    pub was_visited: u32,
    /// Whether one of the two thanked the other for a visit.
    #[serde(default)]
    pub thanked: bool,
    /// When anybody asked them last, in milliseconds since the Unix epoch.
    #[serde(default)]
    pub asked_ms: Option<u64>,
    /// When they declined to the asking host last, in milliseconds since the Unix epoch.
    #[serde(default)]
    pub declined_ms: Option<u64>,
}

/// An acceptance that the inviting room has not confirmed yet.
#[derive(Debug)]
pub struct Promise {
    /// Of which visit.
    pub visit: VisitId,
    /// Which room invites.
    pub to: SpaceId,
    /// How the host comes.
    pub way: Way,
    /// Who waits for the inviting room's word.
    pub requests: Vec<RequestId>,
}

/// What a live room has to do with host visits.
#[derive(Debug, Default)]
pub struct Visits {
    /// What its host has asked for last.
    pub request: Option<Request>,
    /// When its host asked, within the last hour, as far as this machine knows.
    pub requested: Vec<Time>,
    /// What its host was asked, and has not answered.
    pub invitations: Vec<Invitation>,
    /// What its host has accepted, and was not confirmed yet.
    pub promise: Option<Promise>,
    /// The visits that are announced or under way: one where its host is the visitor.
    pub visits: Vec<Visit>,
    /// What the room sends and receives.
    pub traffic: Traffic,
    answers: Vec<(VisitId, Option<Way>)>,
}

impl Visits {
    /// Whether the host can't visit anybody now.
    pub fn is_promised(&self) -> bool {
        self.promise.is_some() || !self.visits.is_empty()
    }

    /// Whether the host is the visitor of a visit, or is about to be.
    pub fn goes_away(&self) -> bool {
        self.promise.is_some() || self.visits.iter().any(|visit| visit.away)
    }

    /// A visit.
    pub fn get(&self, id: &VisitId) -> Option<&Visit> {
        self.visits.iter().find(|visit| visit.id() == id)
    }

    /// A visit, to change.
    pub fn get_mut(&mut self, id: &VisitId) -> Option<&mut Visit> {
        self.visits.iter_mut().find(|visit| visit.id() == id)
    }

    /// Takes a visit out.
    pub fn take(&mut self, id: &VisitId) -> Option<Visit> {
        let place = self.visits.iter().position(|visit| visit.id() == id)?;
        Some(self.visits.remove(place))
    }

    /// The room from which somebody comes along, where one is: they may come in as its guest.
    pub fn guest_from(&self, user: &UserId) -> Option<&SpaceId> {
        self.visits.iter().find(|visit| visit.guests.contains(user)).map(Visit::other)
    }

    /// The room out of which somebody may come along, but this one.
    pub fn guest_from_but(&self, user: &UserId, but: &SpaceId) -> Option<&SpaceId> {
        let mut others = self.visits.iter().filter(|visit| visit.other() != but);
        others.find(|visit| visit.guests.contains(user)).map(Visit::other)
    }

    /// Whether somebody visits this room as its host's guest on the stage.
    pub fn comes_on_stage(&self, user: &UserId) -> bool {
        self.visits.iter().any(|visit| visit.comes_on_stage(user))
    }

    /// Takes an invitation out that was not answered.
    pub fn take_invitation(&mut self, id: &VisitId) -> Option<Invitation> {
        let place = self.invitations.iter().position(|invitation| invitation.visit == *id)?;
        Some(self.invitations.remove(place))
    }

    /// Remembers what was answered.
    pub fn answered(&mut self, visit: VisitId, accept: Option<Way>) {
        self.answers.push((visit, accept));
        let surplus = self.answers.len().saturating_sub(VISIT_ANSWERS_MAX);
        self.answers.drain(..surplus);
    }

    /// Whether this was answered already, in the same way.
    pub fn has_answered(&self, visit: &VisitId, accept: Option<Way>) -> bool {
        self.answers.iter().any(|(one, way)| one == visit && *way == accept)
    }

    /// When requests were made within the last hour, the earliest first, by what this machine knows and by what the store does.
    pub fn requests_in_window(&mut self, now: Time, stored_ms: &[u64]) -> Vec<Time> {
        self.requested.extend(stored_ms.iter().copied().map(Time));
        self.requested.retain(|at| now.since_ms(*at) < VISIT_REQUESTS_WINDOW_MS);
        self.requested.sort();
        self.requested.dedup();
        self.requested.clone()
    }
}
