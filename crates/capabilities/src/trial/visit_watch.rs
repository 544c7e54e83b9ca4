//! What must hold of host visits, as the world outside of a live room sees it.

use hearth_protocol::host_visits::{Event as VisitEvent, InvitationState, Phase, Visit, Way};
use hearth_protocol::ids::{SpaceId, UserId, VisitId};
use std::collections::{BTreeMap, BTreeSet};

use crate::effect::Tell as PersonTell;
use crate::host_visits::{Answer, Entry, Tell};

/// What the world knows of visits.
#[derive(Debug, Default)]
pub struct VisitWatch {
    /// Whom the host asks, and has not heard of: with which visit, in which room.
    pub asked: BTreeMap<VisitId, SpaceId>,
    /// By whom the host is asked, and has not been told what became of it.
    pub invited: BTreeMap<VisitId, SpaceId>,
    over: BTreeSet<VisitId>,
    /// What the host has accepted last.
    pub promised: Option<(VisitId, SpaceId, Way)>,
    /// The visits that everybody was told of, and that are not over.
    pub told: BTreeMap<VisitId, Visit>,
    ended: BTreeSet<VisitId>,
}

impl VisitWatch {
    /// Everybody here, or the host, hears something of visits, not for the second time.
    pub fn heard(&mut self, room: &SpaceId, event: &VisitEvent) {
        match event {
            VisitEvent::Visit { visit } => {
                assert!(!self.ended.contains(&visit.id), "{} is told after its end", visit.id);
                assert!((visit.from.room == *room) != (visit.to.room == *room), "{visit:?} is not of {room}");
                self.told.insert(visit.id.clone(), visit.clone());
                let away = self.told.values().filter(|one| one.from.room == *room).count();
                assert!(away == 0 || self.told.len() == 1, "the host is in two places: {:?}", self.told);
            }
            VisitEvent::Ended { visit, .. } => {
                assert!(self.told.remove(visit).is_some(), "{visit} ends, and was not told of");
                assert!(self.ended.insert(visit.clone()), "{visit} ends twice");
            }
            VisitEvent::Request { .. } | VisitEvent::Coming { .. } | VisitEvent::Saving { .. } => {}
        }
    }

    /// Another room is told something.
    pub fn says(&mut self, own: &SpaceId, to: &SpaceId, what: &Tell) {
        assert!(!to.is_group() && to != own, "{to} is no other room");
        match what {
            Tell::Asks { invitation } => {
                assert!(self.asked.insert(invitation.visit.clone(), to.clone()).is_none(), "somebody is asked twice");
            }
            Tell::Answers { visit, answer: Answer::Accepts(way) } => {
                self.promised = Some((visit.clone(), to.clone(), *way));
            }
            _ => {}
        }
    }

    /// The host's devices are told something.
    pub fn host_hears(&mut self, what: &PersonTell) {
        match what {
            PersonTell::VisitInvitation { invitation } => {
                let before = self.invited.insert(invitation.visit.clone(), invitation.room.clone());
                assert!(before.is_none() && !self.over.contains(&invitation.visit), "{} comes again", invitation.visit);
            }
            PersonTell::VisitInvitationOver { visit, state } => {
                assert_ne!(*state, InvitationState::Open, "{visit} is over, and open");
                assert!(self.invited.remove(visit).is_some(), "{visit} is over, and was not asked");
                assert!(self.over.insert(visit.clone()), "{visit} ends twice");
            }
            _ => {}
        }
    }

    /// Something is to be remembered.
    pub fn stored(&mut self, entry: &Entry) {
        if let Entry::Answered { visit, state, .. } = entry {
            assert_ne!(*state, InvitationState::Open, "{visit} is answered, and open");
            assert!(self.asked.remove(visit).is_some(), "{visit} ends twice, or was never asked");
        }
    }

    /// Whether somebody is on this room's stage by a visit.
    pub fn brings_onto_stage(&self, room: &SpaceId, user: &UserId) -> bool {
        let visits = self.told.values().filter(|visit| visit.to.room == *room && visit.way == Way::OnStage);
        visits.filter(|visit| matches!(visit.phase, Phase::UnderWay { .. })).any(|visit| visit.from.host.id == *user)
    }
}
