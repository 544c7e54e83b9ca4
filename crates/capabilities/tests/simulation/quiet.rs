//! What must hold when nothing is on its way, and at the end of everything.

use hearth_capabilities::discussion_groups::Tell;
use hearth_capabilities::{Effect, Fresh, Input, Lookup, RequestId, SpaceTell};
use hearth_protocol::discussion_groups::{Command as Group, InvitationState};
use hearth_protocol::host_visits::Phase;
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_protocol::{Command, Outcome};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use crate::clients::Person;
use crate::world::World;

/// So long after a crash everybody knows: a room is taken for lost, and everybody has come back.
const AFTER_A_CRASH_MS: u64 = 60_000;

impl World {
    /// Nobody does anything any more, until nothing is on its way.
    pub fn calms_down(&mut self) {
        let crash = self.last_crash.plus_ms(AFTER_A_CRASH_MS);
        self.run_until(self.now.plus_ms(45_000).max(crash));
        let patience = self.now.plus_ms(300_000);
        while !self.is_still() || !self.waiting.is_empty() {
            assert!(self.step(patience), "it never becomes still, unanswered: {:?}", self.waiting);
        }
    }

    /// Everybody is where they belong.
    pub fn check_quiet(&mut self) {
        for client in 0..self.clients.len() {
            self.is_at_home(client);
        }
        for person in &self.people {
            self.is_not_kept_waiting(person);
        }
        let goes_on = |id: &&SpaceId| self.store.groups.get(*id).is_none_or(|group| !group.ended);
        for space in self.machines.keys().filter(goes_on).cloned().collect::<Vec<_>>() {
            self.members_agree(&space);
        }
        self.groups_agree();
        self.rooms_know_their_groups();
        self.visits_agree();
    }

    fn is_at_home(&self, client: usize) {
        let (one, person) = (&self.clients[client], self.person_of(client));
        let Some(connection) = &one.connection else { return };
        let inside =
            |space: &SpaceId| self.machines.get(space).is_some_and(|machine| machine.attached.contains_key(connection));
        let here: BTreeSet<&SpaceId> = self.machines.keys().filter(|space| inside(space)).collect();
        let knows: BTreeSet<&SpaceId> = one.spaces.iter().filter(|(_, known)| known.joined).map(|(id, _)| id).collect();
        assert_eq!(here, knows, "{} of {} is elsewhere than they think", connection, person.id());
        let Some(home) = &person.home else {
            assert!(here.iter().all(|space| space.is_group()), "{} has no home, and is in {here:?}", person.id());
            return;
        };
        // Whom their own room does not admit is nowhere.
        let admitted = inside(home);
        let guest_of_server = person.caller.profile.name.is_none();
        assert!(admitted || guest_of_server, "{} ({connection}) is lost: not in {home}, but in {here:?}", person.id());
        assert!(
            here.iter().filter(|space| space.is_group()).count() <= 1,
            "{} is in two groups: {here:?}",
            person.id()
        );
        for space in here.into_iter().filter(|space| !space.is_group()) {
            let guest_from = self.machines[space].watched.guests.get(person.id());
            if space == home {
                assert!(guest_from.is_none(), "{} is a guest at home, in {home}: {guest_from:?}", person.id());
            } else {
                assert!(guest_from == Some(home), "{} of {home} is in {space}: {guest_from:?}", person.id());
                assert!(admitted, "{} is a guest in {space}, and not at home", person.id());
            }
        }
    }

    /// Whoever a space counts as here is connected, and is who they were told to be.
    fn members_agree(&mut self, id: &SpaceId) {
        let mut here: BTreeMap<UserId, Option<SpaceId>> = BTreeMap::new();
        let mut after = None;
        loop {
            let page = self.asks(id, Command::ListMembers { after });
            let Outcome::Members { members, next, .. } = page else { panic!("another answer") };
            here.extend(members.into_iter().map(|member| (member.profile.id, member.guest_from)));
            after = next;
            if after.is_none() {
                break;
            }
        }
        let machine = &self.machines[id];
        let attached = machine.attached.values().map(|client| self.person_of(*client).id());
        let known = attached.map(|user| (user.clone(), machine.watched.guests.get(user).cloned())).collect();
        assert_eq!(here, known, "who is in {id}");
    }

    /// What a program of somebody who may know it learns from a space.
    fn asks(&mut self, id: &SpaceId, command: Command) -> Outcome {
        let member = self.machines[id].watched.members.as_ref().and_then(|members| members.first());
        let host = member.cloned().unwrap_or_else(|| self.store.rooms[id].host.id.clone());
        let from = self.people.iter().find(|person| *person.id() == host).expect("it is somebody's").caller.clone();
        let (request, fresh) = (RequestId(self.number()), Fresh(2, 0));
        let input = Input::Command { from, request, command, fresh, lookup: Lookup::default() };
        let machine = self.machines.get_mut(id).expect("it is awake");
        let mut effects = machine.space.handle(self.now, input).into_iter();
        match effects.next() {
            Some(Effect::Reply { result: Ok(outcome), .. }) if effects.len() == 0 => outcome,
            other => panic!("{id} answers {other:?}, and does {effects:?}"),
        }
    }

    /// What somebody's devices show as open can still be answered.
    fn is_not_kept_waiting(&self, person: &Person) {
        let here = |client: &usize| {
            let one = &self.clients[*client];
            person.home.as_ref().is_some_and(|home| one.spaces.get(home).is_some_and(|known| known.joined))
        };
        if !person.clients.iter().any(here) {
            return;
        }
        let open = person.request.iter().flat_map(|request| &request.invited);
        let open = open.filter(|one| one.state == InvitationState::Open).count();
        let until = person.request.as_ref().map_or(0, |request| request.until_ms);
        assert!(open == 0 || until + 1_000 > self.now.0, "{} waits for ever: {:?}", person.id(), person.request);
        if let Some(request) = person.visit_request.as_ref().filter(|request| !request.over) {
            let until = request.invited.iter().map(|one| one.until_ms).max().unwrap_or_default();
            assert!(until + 1_000 > self.now.0, "{} asks hosts for ever: {request:?}", person.id());
        }
        for (invitation, until) in &person.asked {
            assert!(until + 1_000 > self.now.0, "{} is shown {invitation} for ever", person.id());
        }
    }

    fn groups_agree(&self) {
        for (id, group) in self.store.groups.iter().filter(|(_, group)| !group.ended) {
            assert!(!group.members.is_empty(), "{id} has no members");
            let members: BTreeSet<UserId> = group.members.iter().map(|member| member.profile.id.clone()).collect();
            for member in &members {
                assert_eq!(self.store.group_of(member), Some(id));
            }
            if let Some(machine) = self.machines.get(id) {
                let known = machine.watched.members.as_ref().expect("it is a group");
                // A room that crashes between a commit and its report has not told the group who confirmed: who comes says so.
                let untold = members.difference(known).find(|user| self.hears_of_group(user, id));
                assert!(known.is_subset(&members) && untold.is_none(), "in {id}: {known:?}, not {members:?}");
                assert!(!machine.watched.over, "{id} is over, and goes on in the store");
            }
        }
        for (id, machine) in &self.machines {
            let ended = self.store.groups.get(id).is_some_and(|group| group.ended);
            assert!(!ended || machine.attached.is_empty(), "somebody is in {id}, which is over");
        }
    }

    /// Whether somebody is there who knows that a group is theirs, or is in the room that tells them.
    fn hears_of_group(&self, user: &UserId, group: &SpaceId) -> bool {
        let person = self.people.iter().find(|person| person.id() == user).expect("it is somebody's");
        let known = person.group.as_ref() == Some(group);
        let told = |client: &usize| {
            let home = person.home.as_ref().filter(|home| self.store.groups[group].bound_to() == Some(*home));
            home.is_some_and(|home| self.clients[*client].spaces.get(home).is_some_and(|home| home.joined))
        };
        person.clients.iter().any(|client| self.clients[*client].connection.is_some() && (known || told(client)))
    }

    /// A room knows of each group that is bound to it, and awake, how it stands, or how the store knows it.
    fn rooms_know_their_groups(&mut self) {
        let mut awake: BTreeMap<SpaceId, BTreeMap<SpaceId, RangeInclusive<usize>>> = BTreeMap::new();
        for (id, machine) in &self.machines {
            let Some(group) = self.store.groups.get(id).filter(|group| !group.ended) else { continue };
            if let (Some(members), Some(room)) = (&machine.watched.members, group.bound_to()) {
                awake.entry(room.clone()).or_default().insert(id.clone(), members.len()..=group.members.len());
            }
        }
        let rooms: Vec<SpaceId> = self.machines.keys().filter(|id| !id.is_group()).cloned().collect();
        for room in rooms {
            let list = self.asks(&room, Command::Groups { wants: Group::List });
            let Outcome::Groups { groups } = list else { panic!("another answer") };
            let known: BTreeMap<SpaceId, usize> =
                groups.into_iter().map(|group| (group.group, group.members as usize)).collect();
            for (group, members) in awake.remove(&room).unwrap_or_default() {
                let count = known.get(&group);
                assert!(
                    count.is_some_and(|count| members.contains(count)),
                    "{room}: {count:?} in {group}, not {members:?}"
                );
            }
        }
    }

    /// Both rooms of a visit know of it, and who is a guest is so by one that is under way.
    fn visits_agree(&self) {
        let mut told: BTreeMap<_, Vec<&SpaceId>> = BTreeMap::new();
        for (id, machine) in &self.machines {
            for visit in machine.watched.visits.values() {
                assert!(visit.from.room == *id || visit.to.room == *id);
                told.entry((&visit.id, format!("{:?}", visit.phase))).or_default().push(id);
            }
            let under_way =
                machine.watched.visits.values().filter(|visit| matches!(visit.phase, Phase::UnderWay { .. }));
            let others: BTreeSet<&SpaceId> =
                under_way.flat_map(|visit| [&visit.from.room, &visit.to.room]).filter(|room| *room != id).collect();
            let here = machine.attached.values().map(|client| self.person_of(*client).id());
            for user in here {
                let from = machine.watched.guests.get(user);
                assert!(from.is_none_or(|from| others.contains(from)), "{user} is a guest in {id} without a visit");
            }
        }
        for (visit, rooms) in told {
            assert_eq!(rooms.len(), 2, "{visit:?} is known in {rooms:?} alone");
        }
    }

    /// What the server does now and then: a group whose machine crashed ends by itself, also where nobody comes back to it.
    fn wake_groups(&mut self) {
        let going_on = self.store.groups.iter().filter(|(_, group)| !group.ended);
        for id in going_on.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            let tell = SpaceTell::Groups { what: Tell::Playing { on_air: false } };
            self.post(&id, Input::Told { by: id.clone(), tell }, true);
        }
    }

    /// Nobody does anything, then everybody goes: everything that was begun comes to its end.
    pub fn comes_to_an_end(&mut self) {
        self.run_until(self.now.plus_ms(10 * 60_000));
        self.calms_down();
        self.check_quiet();
        for (id, machine) in &self.machines {
            assert!(machine.watched.visits.is_empty(), "{id} is in a visit for ever");
        }
        for (visit, known) in &self.store.visits {
            assert!(!known.began || known.ended || self.figures.crashes > 0, "{visit} is under way for ever");
            assert!(known.answered.is_some() || self.figures.crashes > 0, "{visit} was never answered");
        }
        for client in 0..self.clients.len() {
            self.disconnect(client);
        }
        self.wake_groups();
        let patience = self.now.plus_ms(3_600_000);
        while self.step(patience) {}
        assert!(self.is_over(), "something is still to happen");
        assert!(self.machines.is_empty(), "{:?} stay awake", self.machines.keys());
        assert!(self.store.groups.values().all(|group| group.ended), "a group goes on without anybody");
    }
}
