//! What a machine has told, and what must hold of it at every step.

use hearth_capabilities::space::Record;
use hearth_protocol::Event;
use hearth_protocol::discussion_groups::{Event as GroupEvent, InvitationState};
use hearth_protocol::host_visits::{Event as VisitEvent, Phase, Visit};
use hearth_protocol::ids::{InvitationId, SpaceId, UserId, VisitId};
use hearth_protocol::space::{Snapshot, SpaceEndReason};
use std::collections::{BTreeMap, BTreeSet};

use crate::store::Store;
use crate::world::World;

/// What the world knows of one life of a machine, by what it has told.
#[derive(Debug, Default)]
pub struct Watched {
    /// The visits that it has told of, and that are not over.
    pub visits: BTreeMap<VisitId, Visit>,
    visits_over: BTreeSet<VisitId>,
    /// Of whom it has told them that they are a guest here, and from where.
    pub guests: BTreeMap<UserId, SpaceId>,
    /// Invitations into groups that were told, and are open.
    pub invitations: BTreeMap<InvitationId, UserId>,
    invitations_over: BTreeSet<InvitationId>,
    /// The members of the group that it is.
    pub members: Option<BTreeSet<UserId>>,
    pub over: bool,
    last_seq: u64,
}

impl Watched {
    pub fn new(record: &Record) -> Self {
        let members = record
            .group
            .as_ref()
            .map(|group| group.members.iter().map(|member| member.profile.id.clone()).collect::<BTreeSet<_>>());
        Self { members, ..Self::default() }
    }

    /// Something is told to these people.
    pub fn told(&mut self, seq: u64, to: &BTreeSet<UserId>, event: &Event) {
        // What somebody who comes back has missed is told again.
        if seq <= self.last_seq {
            return;
        }
        self.last_seq = seq;
        match event {
            Event::Snapshot { snapshot } => self.snapshot(to, snapshot),
            Event::You { member, .. } => self.is_guest(&member.profile.id, member.guest_from.as_ref()),
            Event::Groups { event } => self.of_groups(to, event),
            Event::Visits { event } => self.of_visits(event),
            Event::Ended { reason } => self.over |= *reason != SpaceEndReason::Stopping,
            _ => {}
        }
    }

    fn is_guest(&mut self, user: &UserId, from: Option<&SpaceId>) {
        match from {
            Some(from) => self.guests.insert(user.clone(), from.clone()),
            None => self.guests.remove(user),
        };
    }

    fn snapshot(&mut self, to: &BTreeSet<UserId>, snapshot: &Snapshot) {
        // A connection may be gone before it is told.
        assert!(to.iter().all(|user| *user == snapshot.you.profile.id), "{to:?} hear what is for {:?}", snapshot.you);
        self.is_guest(&snapshot.you.profile.id, snapshot.you.guest_from.as_ref());
        let told: BTreeSet<&VisitId> = snapshot.visits.iter().map(|yours| &yours.visit.id).collect();
        assert!(told.into_iter().eq(self.visits.keys()), "a snapshot has other visits than were told");
    }

    fn of_groups(&mut self, to: &BTreeSet<UserId>, event: &GroupEvent) {
        match event {
            GroupEvent::Invitation { invitation } => {
                assert!(!self.invitations_over.contains(&invitation.id), "{} is told after its end", invitation.id);
                self.invitations.extend(to.first().map(|user| (invitation.id.clone(), user.clone())));
            }
            GroupEvent::InvitationOver { invitation, state } => {
                assert_ne!(*state, InvitationState::Open);
                self.invitations.remove(invitation);
                assert!(self.invitations_over.insert(invitation.clone()), "{invitation} ends twice");
            }
            GroupEvent::Group { group } => {
                let members: BTreeSet<UserId> = group.members.iter().map(|one| one.profile.id.clone()).collect();
                assert!(!members.is_empty() && members.contains(&group.owner), "a group is nobody's");
                assert!(!self.over, "a group that is over goes on");
                self.members = Some(members);
            }
            GroupEvent::Request { .. } | GroupEvent::Yours { .. } | GroupEvent::Moved { .. } => {}
        }
    }

    fn of_visits(&mut self, event: &VisitEvent) {
        match event {
            VisitEvent::Visit { visit } => {
                assert!(!self.visits_over.contains(&visit.id), "{} is told after its end", visit.id);
                let before = self.visits.insert(visit.id.clone(), visit.clone());
                let backwards = |before: &Visit| {
                    matches!((before.phase, visit.phase), (Phase::UnderWay { .. }, Phase::Announced { .. }))
                };
                assert!(!before.as_ref().is_some_and(backwards), "{} begins again", visit.id);
            }
            VisitEvent::Ended { visit, .. } => {
                assert!(self.visits.remove(visit).is_some(), "{visit} ends twice, or was never told");
                self.visits_over.insert(visit.clone());
            }
            VisitEvent::Request { .. } | VisitEvent::Coming { .. } | VisitEvent::Saving { .. } => {}
        }
    }

    /// A machine that sleeps has nothing left to do.
    pub fn asleep(&self, id: &SpaceId) {
        assert!(self.visits.is_empty(), "{id} sleeps in a visit: {:?}", self.visits);
    }
}

/// What is said in a group stays there, and outside of it nobody but its members hears its name.
pub fn nothing_leaks(id: &SpaceId, everyone: bool, to: &BTreeSet<UserId>, event: &Event, store: &Store) {
    if id.is_group() {
        let group = store.groups.get(id).expect("a group that is stored");
        for user in to {
            assert!(group.ever.contains(user), "{user} hears what is said in {id}: {event:?}");
        }
        return;
    }
    let text = format!("{event:?}");
    let mut rest = text.as_str();
    while let Some(place) = rest.find("group_0") {
        let name: String = rest[place..].chars().take_while(|one| one.is_ascii_alphanumeric() || *one == '_').collect();
        rest = &rest[place + name.len()..];
        assert!(!everyone, "everybody in {id} hears of {name}: {event:?}");
        let named = SpaceId::parse(&name).expect("well formed");
        for user in to {
            let member = store.groups.get(&named).is_some_and(|group| group.ever.contains(user));
            assert!(member, "{user} hears of {name}: {event:?}");
        }
    }
}

impl World {
    /// What holds after every step of a machine.
    pub fn check_step(&mut self, id: &SpaceId) {
        let Some(machine) = self.machines.get(id) else { return };
        self.figures.most_here = self.figures.most_here.max(machine.attached.len());
        let users = machine.attached.values().map(|client| self.people[self.clients[*client].person].id());
        if let Some(members) = &machine.watched.members {
            for user in users {
                assert!(members.contains(user), "{user} is in {id}, which is others'");
                assert!(!machine.watched.over, "{user} is in {id}, which is over");
            }
        }
        let visits = machine.watched.visits.values();
        let away = visits.filter(|visit| visit.from.room == *id).count();
        assert!(away <= 1 && (away == 0 || machine.watched.visits.len() == 1), "the host of {id} is in two places");
    }
}
