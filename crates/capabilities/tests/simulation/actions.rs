//! What people do of their own accord.

use hearth_capabilities::discussion_groups;
use hearth_capabilities::{Input, Lookup};
use hearth_protocol::Command;
use hearth_protocol::discussion_groups::{Command as Group, Content, Destination};
use hearth_protocol::host_visits::{Command as Visits, Conditions, Traffic};
use hearth_protocol::ids::{InvitationId, SpaceId, UserId, VisitId};

use crate::clients::Intent;
use crate::world::World;

impl World {
    /// Somebody does something.
    pub fn anybody_acts(&mut self) {
        let client = usize::try_from(self.dice.below(self.clients.len() as u64)).unwrap_or_default();
        if self.clients[client].connection.is_none() {
            let person = self.person_of(client);
            let away = person.clients.iter().all(|client| self.clients[*client].connection.is_none());
            if (person.home.is_none() || (away && self.dice.percent(20)))
                && let Some(room) = self.any_room()
            {
                self.act(client, Intent::MoveHome(room));
            }
            return self.act(client, Intent::Connect);
        }
        if self.person_of(client).room.is_some() && self.dice.percent(60) {
            return self.host_acts(client);
        }
        match self.dice.below(100) {
            0..=9 => self.disconnect(client),
            10..=13 => {
                if let Some(room) = self.any_room() {
                    self.act(client, Intent::MoveHome(room));
                }
            }
            14..=15 => self.leaves_by_the_door(client),
            16..=45 => self.invites(client),
            46..=60 => self.of_visits(client),
            61..=75 => self.in_group(client),
            76..=80 => self.answers_for_another(client),
            81..=83 => self.prefers(client),
            84..=86 => self.group_command(client, Group::Withdraw),
            87 => self.moderates_groups(client),
            _ => self.says(client),
        }
    }

    /// One of the hosts does something: there are few of them, and much depends on them.
    pub fn any_host_acts(&mut self) {
        let hosts: Vec<usize> = (0..self.clients.len())
            .filter(|client| self.person_of(*client).room.is_some() && self.clients[*client].connection.is_some())
            .collect();
        if let Some(client) = self.dice.one_of(&hosts).copied() {
            self.host_acts(client);
        }
        let rooms: Vec<SpaceId> = self.machines.keys().filter(|id| !id.is_group()).cloned().collect();
        if let Some(room) = self.dice.one_of(&rooms).cloned() {
            let traffic = Traffic { publishers: 1, viewers: 40, in_bps: 2_000_000, out_bps: 80_000_000 };
            self.send("counters", &room, Input::Traffic { traffic }, false);
        }
    }

    fn any_room(&mut self) -> Option<SpaceId> {
        let rooms: Vec<SpaceId> = self.store.rooms.keys().cloned().collect();
        self.dice.one_of(&rooms).cloned()
    }

    fn leaves_by_the_door(&mut self, client: usize) {
        let spaces: Vec<SpaceId> = self.clients[client].spaces.keys().cloned().collect();
        for space in spaces {
            self.leave(client, &space);
        }
        self.disconnect(client);
    }

    fn home_of(&self, client: usize) -> Option<SpaceId> {
        self.person_of(client).home.clone()
    }

    fn group_command(&mut self, client: usize, wants: Group) {
        if let Some(home) = self.home_of(client) {
            self.command(client, &home, Command::Groups { wants }, self.lookup(client));
        }
    }

    fn invites(&mut self, client: usize) {
        let Some(home) = self.home_of(client) else { return };
        let here = self.machines.get(&home).into_iter().flat_map(|machine| machine.attached.values());
        let here: Vec<UserId> = here.map(|client| self.person_of(*client).id().clone()).collect();
        let mut users = Vec::new();
        for _ in 0..=self.dice.below(4) {
            users.extend(self.dice.one_of(&here).filter(|user| *user != self.person_of(client).id()).cloned());
        }
        let blocked = if self.dice.percent(10) { users.first().cloned().into_iter().collect() } else { Vec::new() };
        let own = self.store.group_of(self.person_of(client).id()).cloned();
        let groups = discussion_groups::Lookup { own, blocked, ..Default::default() };
        let lookup = Lookup { groups: Box::new(groups), ..self.lookup(client) };
        self.command(client, &home, Command::Groups { wants: Group::Invite { users } }, lookup);
    }

    /// Of what others were asked one knows nothing.
    fn answers_for_another(&mut self, client: usize) {
        let asked: Vec<InvitationId> =
            self.machines.values().flat_map(|machine| machine.watched.invitations.keys()).cloned().collect();
        if let Some(invitation) = self.dice.one_of(&asked).cloned() {
            let accept = self.dice.percent(50);
            self.group_command(client, Group::Answer { invitation, accept });
        }
        let visits: Vec<VisitId> = self.store.visits.keys().cloned().collect();
        if let (Some(visit), Some(home)) = (self.dice.one_of(&visits).cloned(), self.home_of(client)) {
            let wants =
                if self.dice.percent(50) { Visits::Answer { visit, accept: None } } else { Visits::End { visit } };
            if self.person_of(client).room.as_ref() != Some(&home) {
                self.command(client, &home, Command::Visits { wants }, self.lookup(client));
            }
        }
    }

    fn of_visits(&mut self, client: usize) {
        let known: Vec<VisitId> = self.clients[client].visits.keys().cloned().collect();
        let (Some(visit), Some(home)) = (self.dice.one_of(&known).cloned(), self.home_of(client)) else { return };
        let come = self.dice.percent(50);
        self.command(client, &home, Command::Visits { wants: Visits::Come { visit, come } }, self.lookup(client));
    }

    fn in_group(&mut self, client: usize) {
        let Some(group) = self.person_of(client).group.clone() else { return };
        match self.dice.below(10) {
            0 | 1 => self.command(client, &group, Command::Groups { wants: Group::Depart }, self.lookup(client)),
            2 => {
                let wants = Group::Dissolve { group: None };
                self.command(client, &group, Command::Groups { wants }, self.lookup(client));
            }
            3..=5 => {
                let Some(room) = self.any_room() else { return };
                let host = self.store.rooms[&room].host.clone();
                let destination = Some(Content::LiveRoom { room: room.clone(), host, title: String::new() });
                let groups = discussion_groups::Lookup { destination, ..Default::default() };
                let lookup = Lookup { groups: Box::new(groups), ..self.lookup(client) };
                let wants = Group::Move { to: Destination::LiveRoom { room } };
                self.command(client, &group, Command::Groups { wants }, lookup);
            }
            6 => {
                let known = self.store.groups.get(&group).map(|group| group.members.clone()).unwrap_or_default();
                if let Some(member) = self.dice.one_of(&known).cloned() {
                    self.command(client, &group, Command::Remove { user: member.profile.id }, self.lookup(client));
                }
            }
            _ => self.act(client, Intent::Publish(group)),
        }
    }

    fn prefers(&mut self, client: usize) {
        let (asked, quiet) = (self.dice.percent(85), self.dice.percent(10));
        let person = self.clients[client].person;
        let person = &mut self.people[person];
        (person.preferences.group_invitations, person.preferences.do_not_disturb) = (asked, quiet);
        let (user, preferences) = (person.id().clone(), person.preferences.clone());
        for room in self.machines.keys().cloned().collect::<Vec<_>>() {
            let input = Input::Prefers { user: user.clone(), preferences: preferences.clone() };
            self.send("preferences", &room, input, false);
        }
    }

    fn moderates_groups(&mut self, client: usize) {
        let Some(home) = self.home_of(client) else { return };
        let bound: Vec<SpaceId> = self.store.groups.keys().cloned().collect();
        let group = self.dice.one_of(&bound).cloned();
        self.command(client, &home, Command::Groups { wants: Group::Dissolve { group } }, self.lookup(client));
    }

    fn says(&mut self, client: usize) {
        let spaces: Vec<SpaceId> = self.clients[client].spaces.keys().cloned().collect();
        let Some(space) = self.dice.one_of(&spaces).cloned() else { return };
        let command = Command::Send {
            text: "bread and tea".to_owned(),
            reply_to: None,
            nonce: format!("n{}", self.number()),
            mentions: Vec::new(),
            float: None,
            media_ms: None,
            carries: None,
            moment: None,
        };
        self.command(client, &space, command, self.lookup(client));
    }

    fn host_acts(&mut self, client: usize) {
        let Some(room) = self.person_of(client).room.clone() else { return };
        if self.home_of(client).as_ref() != Some(&room) {
            return self.act(client, Intent::MoveHome(room));
        }
        let own: Vec<VisitId> = self.clients[client].visits.keys().cloned().collect();
        let wants = match self.dice.below(100) {
            0..=19 => {
                let person = self.clients[client].person;
                self.people[person].live = true;
                return self.act(client, Intent::Publish(room));
            }
            20 => {
                let person = self.clients[client].person;
                self.people[person].live = false;
                return self.command(client, &room, Command::EndBroadcast, self.lookup(client));
            }
            23..=62 => return self.asks_for_visits(client, &room),
            63 => Visits::Cancel,
            64 => match self.dice.one_of(&own) {
                Some(visit) => Visits::End { visit: visit.clone() },
                None => Visits::Cancel,
            },
            65 => return self.disconnect(client),
            66..=67 => return self.moderates_groups(client),
            68..=75 => return self.invites(client),
            76..=80 => return self.in_group(client),
            _ => return self.says(client),
        };
        self.command(client, &room, Command::Visits { wants }, self.lookup(client));
    }

    fn asks_for_visits(&mut self, client: usize, room: &SpaceId) {
        let conditions = Conditions { audience_from: Some(0), ..Conditions::default() };
        let host = self.person_of(client).id().clone();
        let picks = self.dice.percent(30);
        let hosts: Vec<UserId> = self.store.rooms.values().map(|room| room.host.id.clone()).filter(|_| picks).collect();
        let wants = Visits::Invite {
            conditions,
            wanted: u32::try_from(self.dice.between(1, 4)).unwrap_or(1),
            duration_s: u32::try_from(self.dice.between(60, 150)).unwrap_or(60),
            offer: String::new(),
            hosts,
        };
        let lookup = Lookup { visits: self.visit_facts(&host), ..self.lookup(client) };
        self.command(client, room, Command::Visits { wants }, lookup);
    }
}
