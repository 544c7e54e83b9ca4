//! A visit, as one of its two rooms knows it.

use hearth_protocol::host_visits::{Phase, Saving, Traffic, Visit as WireVisit, Way};
use hearth_protocol::ids::{SpaceId, UserId, VisitId};
use std::collections::{BTreeMap, BTreeSet};

use crate::input::Time;
use crate::kernel::limits::VISIT_PEOPLE_MAX;

/// Who came along, and for how long; kept by the inviting room.
#[derive(Debug, Default)]
pub struct Tally {
    came: BTreeSet<UserId>,
    here: BTreeMap<UserId, Time>,
    person_ms: u64,
    met: BTreeSet<UserId>,
}

impl Tally {
    /// Somebody of the visitor's audience is here.
    pub fn comes(&mut self, now: Time, user: &UserId) {
        if self.came.len() < VISIT_PEOPLE_MAX || self.came.contains(user) {
            self.came.insert(user.clone());
            self.here.entry(user.clone()).or_insert(now);
        }
    }

    /// They are here no more.
    pub fn goes(&mut self, now: Time, user: &UserId) {
        if let Some(since) = self.here.remove(user) {
            self.person_ms = self.person_ms.saturating_add(now.since_ms(since));
        }
    }

    /// Somebody of the inviting host's own audience is here.
    pub fn meets(&mut self, user: &UserId) {
        if self.met.len() < VISIT_PEOPLE_MAX {
            self.met.insert(user.clone());
        }
    }

    /// Who came along, for how many milliseconds all of them together, and whom they met.
    pub fn sum(mut self, now: Time) -> (Vec<UserId>, u64, Vec<UserId>) {
        for user in self.here.keys().cloned().collect::<Vec<_>>() {
            self.goes(now, &user);
        }
        (self.came.into_iter().collect(), self.person_ms, self.met.into_iter().collect())
    }
}

/// A visit.
#[derive(Debug)]
pub struct Visit {
    /// As everybody sees it.
    pub wire: WireVisit,
    /// Whether this room's host is the visitor.
    pub away: bool,
    /// For how long it is to last, in milliseconds.
    pub duration_ms: u64,
    /// Who of the other room may come in.
    pub guests: BTreeSet<UserId>,
    /// In the visitor's room: who does not come along.
    pub staying: BTreeSet<UserId>,
    /// In the inviting room: who came.
    pub tally: Tally,
    /// In the inviting room: what the other one sends and receives.
    pub theirs: Traffic,
    /// In the inviting room: what both sent and received just before it began.
    pub before: Traffic,
    /// Whether a moderator has taken the visitor off the stage.
    pub off_stage: bool,
}

impl Visit {
    /// A visit that was just announced.
    pub fn new(wire: WireVisit, away: bool, duration_ms: u64) -> Self {
        Self {
            wire,
            away,
            duration_ms,
            guests: BTreeSet::new(),
            staying: BTreeSet::new(),
            tally: Tally::default(),
            theirs: Traffic::default(),
            before: Traffic::default(),
            off_stage: false,
        }
    }

    /// Which.
    pub fn id(&self) -> &VisitId {
        &self.wire.id
    }

    /// The other room.
    pub fn other(&self) -> &SpaceId {
        if self.away { &self.wire.to.room } else { &self.wire.from.room }
    }

    /// Whether the two rooms are one broadcast.
    pub fn is_under_way(&self) -> bool {
        matches!(self.wire.phase, Phase::UnderWay { .. })
    }

    /// Whether this is its visitor, who may come onto this room's stage.
    pub fn comes_on_stage(&self, user: &UserId) -> bool {
        let way = self.wire.way == Way::OnStage && !self.off_stage;
        way && !self.away && self.is_under_way() && self.wire.from.host.id == *user
    }

    /// What it saves, where this room sends and receives so much.
    pub fn saving(&self, own: Traffic) -> Saving {
        Saving { before: self.before, now: sum(own, self.theirs) }
    }
}

/// What two rooms send and receive together.
pub fn sum(one: Traffic, other: Traffic) -> Traffic {
    Traffic {
        publishers: one.publishers.saturating_add(other.publishers),
        viewers: one.viewers.saturating_add(other.viewers),
        in_bps: one.in_bps.saturating_add(other.in_bps),
        out_bps: one.out_bps.saturating_add(other.out_bps),
    }
}
