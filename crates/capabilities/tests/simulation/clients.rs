//! People and their clients: what they hear, and what they make of it. They see what a browser sees, and nothing else.

use hearth_capabilities::host_visits::{Facts, HostFacts};
use hearth_capabilities::{Caller, Input, Lookup, Standing};
use hearth_protocol::discussion_groups::{
    Command as Group, Content, Event as GroupEvent, Invitation as GroupInvitation, Request,
};
use hearth_protocol::host_visits::{
    Command as Visits, Event as VisitEvent, Invitation, InvitationState, Phase, Request as VisitRequest, Visit, Way,
};
use hearth_protocol::ids::{ConnectionId, DeviceId, InvitationId, SpaceId, UserId, VisitId};
use hearth_protocol::live_rooms::Broadcast;
use hearth_protocol::media::{Source, SourceOfMid};
use hearth_protocol::people::{Preferences, Profile};
use hearth_protocol::space::{RemovedReason, SpaceEndReason};
use hearth_protocol::{Command, Event, Outcome, Rejection, Resume};
use std::collections::{BTreeMap, BTreeSet};

use crate::world::{Waiting, World};

/// Somebody.
#[derive(Debug)]
pub struct Person {
    pub caller: Caller,
    pub preferences: Preferences,
    /// The room whose page they have open, on all of their devices.
    pub home: Option<SpaceId>,
    /// The room that is theirs.
    pub room: Option<SpaceId>,
    /// Whether they want to be live in it.
    pub live: bool,
    pub clients: Vec<usize>,
    /// Their group, as they were told.
    pub group: Option<SpaceId>,
    /// Invitations into groups of their home that are open, as their devices show them, and until when.
    pub asked: BTreeMap<InvitationId, u64>,
    /// What came of those that they sent themselves there, as their devices show it.
    pub request: Option<Request>,
    /// What came of their wish for visits.
    pub visit_request: Option<VisitRequest>,
    /// What hosts were asked, and what became of it.
    pub visits_asked: BTreeMap<VisitId, Option<InvitationState>>,
}

impl Person {
    pub fn new(name: &str, standing: Standing) -> Self {
        let account = standing == Standing::Account;
        let profile = Profile {
            id: UserId::parse(&format!("user_{name}")).expect("well formed"),
            name: account.then(|| name.to_owned()),
            display_name: name.to_owned(),
        };
        let device = DeviceId::parse(&format!("dev_{name}")).expect("well formed");
        Self {
            caller: Caller { connection: None, device, profile, standing },
            preferences: Preferences::default(),
            home: None,
            room: None,
            live: false,
            clients: Vec::new(),
            group: None,
            asked: BTreeMap::new(),
            request: None,
            visit_request: None,
            visits_asked: BTreeMap::new(),
        }
    }

    pub fn id(&self) -> &UserId {
        &self.caller.profile.id
    }

    /// A card of a host's is gone from all of their devices.
    pub fn visit_invitation_over(&mut self, visit: &VisitId, state: InvitationState) {
        let before = self.visits_asked.insert(visit.clone(), Some(state));
        let answered =
            matches!(state, InvitationState::Accepted | InvitationState::Withdrawn | InvitationState::Unavailable);
        assert!(matches!(before, Some(None)) || answered, "{visit} ends as {before:?}, and as {state:?}");
    }
}

/// A space as a client knows it.
#[derive(Debug, Default)]
pub struct Known {
    pub joined: bool,
    pub stream: Option<Resume>,
    refused: u32,
}

/// One of somebody's devices.
#[derive(Debug)]
pub struct Client {
    pub person: usize,
    pub device: DeviceId,
    pub connection: Option<ConnectionId>,
    pub spaces: BTreeMap<SpaceId, Known>,
    /// The visits of its home, and whether it comes along.
    pub visits: BTreeMap<VisitId, (Visit, bool)>,
    /// Whether it opens the other room's chat where its own host is visited.
    curious: bool,
}

impl Client {
    pub fn new(person: usize, device: DeviceId, curious: bool) -> Self {
        let (connection, spaces, visits) = (None, BTreeMap::new(), BTreeMap::new());
        Self { person, device, connection, spaces, visits, curious }
    }
}

/// What a client sets out to do.
#[derive(Debug, Clone)]
pub enum Intent {
    Connect,
    Join(SpaceId),
    AnswerGroup { room: SpaceId, invitation: InvitationId, accept: bool },
    AnswerVisit { visit: VisitId, accept: Option<Way> },
    AnswerMove { group: SpaceId, accept: bool },
    Publish(SpaceId),
    MoveHome(SpaceId),
}

impl Intent {
    /// Whether it is an answer, for which people take their time.
    pub fn is_an_answer(&self) -> bool {
        matches!(self, Self::AnswerGroup { .. } | Self::AnswerVisit { .. } | Self::AnswerMove { .. })
    }
}

impl World {
    pub fn person_of(&self, client: usize) -> &Person {
        &self.people[self.clients[client].person]
    }

    fn person_of_mut(&mut self, client: usize) -> &mut Person {
        &mut self.people[self.clients[client].person]
    }

    /// What the store and the directory know when a client commands.
    pub fn lookup(&self, client: usize) -> Lookup {
        Lookup { preferences: self.person_of(client).preferences.clone(), ..Lookup::default() }
    }

    /// A client does what it set out to do.
    pub fn act(&mut self, client: usize, intent: Intent) {
        match intent {
            Intent::Connect => self.connect(client),
            Intent::Join(space) => self.join(client, &space),
            Intent::AnswerGroup { room, invitation, accept } => {
                let wants = Group::Answer { invitation, accept };
                self.command(client, &room, Command::Groups { wants }, self.lookup(client));
            }
            Intent::AnswerVisit { visit, accept } => {
                if let Some(room) = self.person_of(client).room.clone() {
                    let wants = Visits::Answer { visit, accept };
                    self.command(client, &room, Command::Visits { wants }, self.lookup(client));
                }
            }
            Intent::AnswerMove { group, accept } => {
                let wants = Group::AnswerMove { accept };
                self.command(client, &group, Command::Groups { wants }, self.lookup(client));
            }
            Intent::Publish(space) => {
                let sources = vec![SourceOfMid { mid: "0".to_owned(), source: Source::Camera }];
                let command = Command::Publish { offer: "v=0".to_owned(), sources, take_over: true };
                self.command(client, &space, command, self.lookup(client));
            }
            Intent::MoveHome(room) => self.move_home(client, &room),
        }
    }

    fn connect(&mut self, client: usize) {
        if self.clients[client].connection.is_some() {
            return;
        }
        let number = self.number();
        let connection = ConnectionId::parse(&format!("conn_{client}_{number}")).expect("well formed");
        self.connections.insert(connection.clone(), client);
        self.clients[client].connection = Some(connection);
        let person = self.person_of(client);
        let own: BTreeSet<SpaceId> = person.home.iter().chain(&person.group).cloned().collect();
        // What it was in besides it comes into again when it has heard that there still is a visit.
        self.clients[client].spaces.retain(|space, _| own.contains(space));
        for space in own {
            self.join(client, &space);
        }
    }

    /// A client's socket is gone, and everything knows it at once but the client's spaces.
    pub fn disconnect(&mut self, client: usize) {
        let Some(connection) = self.clients[client].connection.take() else { return };
        self.connections.remove(&connection);
        self.media_lost(&connection);
        self.clients[client].spaces.values_mut().for_each(|known| known.joined = false);
        let lost = self.machines.iter().filter(|(_, machine)| machine.attached.contains_key(&connection));
        for space in lost.map(|(space, _)| space.clone()).collect::<Vec<_>>() {
            let lost = Input::ConnectionLost { connection: connection.clone() };
            self.send(connection.as_str(), &space, lost, false);
        }
    }

    pub fn join(&mut self, client: usize, space: &SpaceId) {
        let person = self.person_of(client);
        let group = person.group.as_ref() == Some(space);
        if !group && person.home.as_ref() != Some(space) && !self.comes_along_to(client, space) {
            return;
        }
        let resumes = self.dice.percent(50);
        let known = self.clients[client].spaces.entry(space.clone()).or_default();
        if known.joined {
            return;
        }
        let resume = known.stream.clone().filter(|_| resumes);
        let mut lookup = self.lookup(client);
        lookup.groups.member_since_ms = self.store.member_since_ms(space, self.person_of(client).id());
        let as_guest = !group && self.person_of(client).home.as_ref() != Some(space);
        self.command(client, space, Command::Join { resume, as_guest }, lookup);
    }

    /// Whether a visit takes a client to this room.
    fn comes_along_to(&self, client: usize, space: &SpaceId) -> bool {
        self.clients[client].visits.values().any(|(visit, come)| {
            let under_way = matches!(visit.phase, Phase::UnderWay { .. });
            let own = self.person_of(client).home.as_ref();
            let visits = own == Some(&visit.from.room) && visit.to.room == *space && *come;
            let visited = own == Some(&visit.to.room) && visit.from.room == *space && self.clients[client].curious;
            under_way && (visits || visited)
        })
    }

    pub fn leave(&mut self, client: usize, space: &SpaceId) {
        if self.clients[client].spaces.remove(space).is_some() {
            self.command(client, space, Command::Leave, self.lookup(client));
        }
    }

    /// Somebody opens another room's page, on all of their devices.
    pub fn move_home(&mut self, client: usize, room: &SpaceId) {
        let before = self.person_of_mut(client).home.replace(room.clone());
        if before.as_ref() == Some(room) {
            return;
        }
        let person = self.person_of_mut(client);
        (person.request, person.visit_request, person.asked) = (None, None, BTreeMap::new());
        for client in self.person_of(client).clients.clone() {
            let group = self.person_of(client).group.clone();
            let others: Vec<SpaceId> =
                self.clients[client].spaces.keys().filter(|one| Some(*one) != group.as_ref()).cloned().collect();
            self.clients[client].visits.clear();
            for space in others {
                self.leave(client, &space);
            }
            if self.clients[client].connection.is_some() {
                self.join(client, room);
            }
        }
    }

    /// A command was answered.
    pub fn learn(&mut self, Waiting { client, space, command }: Waiting, result: Result<Outcome, Rejection>) {
        if self.clients[client].connection.is_none() {
            return;
        }
        let soon = self.dice.between(500, 4_000);
        match (command, result) {
            (Command::Join { .. }, Ok(Outcome::Joined { stream, .. })) => {
                let Some(known) = self.clients[client].spaces.get_mut(&space) else {
                    // It did not want to any more.
                    return self.command(client, &space, Command::Leave, self.lookup(client));
                };
                (known.joined, known.stream, known.refused) = (true, Some(stream), 0);
                let person = self.person_of(client);
                if person.live && person.room.as_ref() == Some(&space) && person.home.as_ref() == Some(&space) {
                    self.intend(client, soon, Intent::Publish(space));
                }
            }
            (Command::Join { .. }, Err(Rejection::AlreadyJoined)) => {
                self.clients[client].spaces.get_mut(&space).into_iter().for_each(|known| known.joined = true);
            }
            (Command::Join { .. }, Err(rejection)) => {
                let home = self.person_of(client).home.as_ref() == Some(&space);
                let Some(known) = self.clients[client].spaces.get_mut(&space) else { return };
                known.refused += u32::from(rejection != Rejection::Fault);
                // The other room of a visit may not know yet that one may come in.
                if known.refused < if home { 1 } else { 5 } {
                    self.intend(client, soon, Intent::Join(space));
                } else {
                    self.out_of(client, &space);
                }
            }
            (_, Ok(Outcome::GroupJoined { group })) => self.my_group(client, group),
            (Command::Publish { .. }, Err(Rejection::Busy | Rejection::Fault)) => {
                self.intend(client, soon, Intent::Publish(space));
            }
            _ => {}
        }
    }

    fn my_group(&mut self, client: usize, group: SpaceId) {
        let before = self.person_of_mut(client).group.replace(group.clone());
        for client in self.person_of(client).clients.clone() {
            if let Some(before) = before.as_ref().filter(|before| **before != group) {
                self.leave(client, before);
            }
            if self.clients[client].connection.is_some() {
                let soon = self.dice.below(300);
                self.intend(client, soon, Intent::Join(group.clone()));
            }
        }
    }

    /// A client hears an event of a space.
    pub fn hear(&mut self, client: usize, space: &SpaceId, seq: u64, event: &Event) {
        let home = self.person_of(client).home.as_ref() == Some(space);
        if let Some(stream) = self.clients[client].spaces.get_mut(space).and_then(|known| known.stream.as_mut()) {
            stream.after = stream.after.max(seq);
        }
        match event {
            Event::Snapshot { snapshot } => {
                if home {
                    // What ended while nobody could be told ended by being lost.
                    let before = self.clients[client].visits.keys().cloned();
                    let goes_on = |id: &VisitId| snapshot.visits.iter().any(|yours| yours.visit.id == *id);
                    for visit in before.filter(|id| !goes_on(id)).collect::<Vec<_>>() {
                        self.visit_over(client, &visit);
                    }
                    for yours in &snapshot.visits {
                        self.visit_stands(client, &yours.visit, yours.come);
                    }
                }
                let yours = snapshot.your_groups.iter();
                if home {
                    let person = self.person_of_mut(client);
                    person.visit_request.clone_from(&snapshot.visit_request);
                    person.request = yours.clone().find_map(|yours| yours.request.clone());
                    let open: BTreeSet<&InvitationId> =
                        yours.clone().flat_map(|yours| &yours.invitations).map(|one| &one.id).collect();
                    person.asked.retain(|id, _| open.contains(id));
                }
                for invitation in yours.clone().flat_map(|yours| &yours.invitations) {
                    self.invited(client, space, invitation);
                }
                // In the other room of a visit one is a guest, and one's group is at home.
                if let Some(group) = yours.filter_map(|yours| yours.group.clone()).next().filter(|_| home) {
                    self.my_group(client, group);
                }
            }
            Event::Removed { reason } => {
                self.out_of(client, space);
                if *reason == RemovedReason::Entry {
                    // Who said that they stay, and then that they come after all, was out for a moment.
                    let soon = self.dice.between(500, 4_000);
                    self.intend(client, soon, Intent::Join(space.clone()));
                }
            }
            Event::Ended { reason: SpaceEndReason::Fault } => {
                if let Some(known) = self.clients[client].spaces.get_mut(space) {
                    known.joined = false;
                    let soon = self.dice.below(3_000);
                    self.intend(client, soon, Intent::Join(space.clone()));
                }
            }
            Event::Ended { .. } => self.out_of(client, space),
            Event::Groups { event } => self.hear_of_groups(client, space, event),
            Event::Visits { event } if home => self.hear_of_visits(client, event),
            Event::Broadcast { broadcast: Broadcast::Interrupted { .. }, .. } => self.send_again(client, space),
            _ => {}
        }
    }

    /// The host's browser sends again by itself.
    fn send_again(&mut self, client: usize, space: &SpaceId) {
        let person = self.person_of(client);
        if person.live && person.room.as_ref() == Some(space) && person.home.as_ref() == Some(space) {
            let soon = self.dice.below(2_000);
            self.intend(client, soon, Intent::Publish(space.clone()));
        }
    }

    fn out_of(&mut self, client: usize, space: &SpaceId) {
        self.clients[client].spaces.remove(space);
        let person = self.person_of_mut(client);
        if person.group.as_ref() == Some(space) {
            person.group = None;
        }
        if person.home.as_ref() == Some(space) {
            person.home = None;
            // Without a page of their own they watch nothing beside, on no device.
            for client in person.clients.clone() {
                self.clients[client].visits.clear();
                let others = self.clients[client].spaces.keys().filter(|one| !one.is_group());
                for other in others.cloned().collect::<Vec<_>>() {
                    self.leave(client, &other);
                }
            }
        }
    }

    fn hear_of_groups(&mut self, client: usize, space: &SpaceId, event: &GroupEvent) {
        match event {
            GroupEvent::Invitation { invitation } => self.invited(client, space, invitation),
            GroupEvent::Request { request } if self.person_of(client).home.as_ref() == Some(space) => {
                self.person_of_mut(client).request = Some(request.clone());
            }
            GroupEvent::InvitationOver { invitation, .. } => {
                self.person_of_mut(client).asked.remove(invitation);
            }
            GroupEvent::Yours { group: Some(group) } if self.person_of(client).group.as_ref() != Some(group) => {
                self.my_group(client, group.clone());
            }
            GroupEvent::Moved { content: Content::LiveRoom { room, .. }, users }
                if users.contains(self.person_of(client).id()) =>
            {
                let soon = self.dice.below(500);
                self.intend(client, soon, Intent::MoveHome(room.clone()));
            }
            GroupEvent::Group { group } => {
                let answered = |user: &UserId| {
                    group.proposal.as_ref().is_none_or(|one| one.accepted.contains(user) || one.declined.contains(user))
                };
                if !answered(self.person_of(client).id()) && self.dice.percent(20) {
                    let (after, accept) = (self.dice.below(8_000), self.dice.percent(70));
                    self.intend(client, after, Intent::AnswerMove { group: space.clone(), accept });
                }
            }
            _ => {}
        }
    }

    /// Somebody is invited into a group: they say yes or no, soon or too late, or nothing at all.
    fn invited(&mut self, client: usize, room: &SpaceId, invitation: &GroupInvitation) {
        let id = invitation.id.clone();
        // Somebody who goes from room to room still hears of those before.
        let known = self.person_of(client).home.as_ref() != Some(room)
            || self.person_of_mut(client).asked.insert(id.clone(), invitation.until_ms).is_some();
        if known || self.dice.percent(20) {
            return;
        }
        let after =
            if self.dice.percent(85) { self.dice.between(500, 20_000) } else { self.dice.between(58_000, 75_000) };
        let accept = self.dice.percent(65);
        self.intend(client, after, Intent::AnswerGroup { room: room.clone(), invitation: id, accept });
    }

    fn hear_of_visits(&mut self, client: usize, event: &VisitEvent) {
        match event {
            VisitEvent::Visit { visit } => {
                let come = self.clients[client].visits.get(&visit.id).is_none_or(|(_, come)| *come);
                self.visit_stands(client, visit, come);
            }
            VisitEvent::Coming { visit, come } => {
                let Some((known, coming)) = self.clients[client].visits.get_mut(visit) else { return };
                *coming = *come;
                let other = known.to.room.clone();
                if *come { self.join(client, &other) } else { self.leave(client, &other) }
            }
            VisitEvent::Ended { visit, .. } => self.visit_over(client, visit),
            VisitEvent::Request { request } => self.person_of_mut(client).visit_request = Some(request.clone()),
            VisitEvent::Saving { .. } => {}
        }
    }

    fn visit_over(&mut self, client: usize, visit: &VisitId) {
        let Some((visit, _)) = self.clients[client].visits.remove(visit) else { return };
        let home = self.person_of(client).home.clone();
        let rooms = [visit.to.room, visit.from.room];
        for other in rooms {
            if home.as_ref() != Some(&other) && !self.comes_along_to(client, &other) {
                self.leave(client, &other);
            }
        }
    }

    fn visit_stands(&mut self, client: usize, visit: &Visit, come: bool) {
        self.clients[client].visits.insert(visit.id.clone(), (visit.clone(), come));
        for other in [&visit.to.room, &visit.from.room] {
            if self.person_of(client).home.as_ref() != Some(other) && self.comes_along_to(client, other) {
                let soon = self.dice.below(400);
                self.intend(client, soon, Intent::Join(other.clone()));
                if visit.way == Way::OnStage && self.person_of(client).id() == &visit.from.host.id {
                    self.intend(client, soon + 1_500, Intent::Publish(other.clone()));
                }
            }
        }
    }

    /// Another host asks for a visit.
    pub fn asked_to_visit(&mut self, person: usize, invitation: &Invitation) {
        let asked = &mut self.people[person].visits_asked;
        assert!(asked.insert(invitation.visit.clone(), None).is_none(), "{} is asked twice", invitation.visit);
        let clients = self.people[person].clients.clone();
        let connected: Vec<usize> =
            clients.into_iter().filter(|client| self.clients[*client].connection.is_some()).collect();
        let Some(client) = self.dice.one_of(&connected).copied() else { return };
        if self.dice.percent(15) {
            return;
        }
        let after =
            if self.dice.percent(85) { self.dice.between(300, 15_000) } else { self.dice.between(28_000, 36_000) };
        let accept = match self.dice.below(10) {
            0 | 1 => None,
            2..=5 => Some(Way::Watching),
            _ => Some(Way::OnStage),
        };
        let visit = invitation.visit.clone();
        self.intend(client, after, Intent::AnswerVisit { visit, accept });
        if self.dice.percent(10) {
            let visit = invitation.visit.clone();
            self.intend(client, after + 100, Intent::AnswerVisit { visit, accept });
        }
    }

    /// What is known of the hosts who may be asked, as `crates/server/src/visits.rs` puts it together.
    pub fn visit_facts(&self, by: &UserId) -> Facts {
        let hosts = self.store.rooms.iter().map(|(room, known)| {
            let host = self.people.iter().find(|person| *person.id() == known.host.id).expect("every room has one");
            let listing = self.directory.get(room);
            let live = listing.is_some_and(|listing| {
                matches!(listing.broadcast, Broadcast::OnAir { .. } | Broadcast::Interrupted { .. })
            });
            HostFacts {
                host: known.host.clone(),
                room: room.clone(),
                about: known.about.clone(),
                live,
                online: host.clients.iter().any(|client| self.clients[*client].connection.is_some()),
                audience: listing.map_or(0, |listing| listing.audience),
                may_be_asked: host.preferences.host_visits && !host.preferences.do_not_disturb,
                blocked: false,
                promised: listing.is_some_and(|listing| listing.promised),
                followed: false,
                standing: 0,
                visited: 0,
                was_visited: 0,
                thanked: false,
                asked_ms: None,
                // A day would be longer than a simulation.
                declined_ms: None,
            }
        });
        let requests = self.store.requested.get(by).cloned().unwrap_or_default();
        let window = self.now.0.saturating_sub(3_600_000);
        Facts { requests_ms: requests.into_iter().filter(|at| *at > window).collect(), hosts: hosts.collect() }
    }
}
