//! The machines, wired by their effects, in a time of their own: what `crates/server/src/node` is, without a network.
//!
//! What a machine tells another is in its mailbox at once, and is read when that one comes to it; what a client commands takes
//! its time on the way there besides. A machine that crashes loses what waited in its mailbox; the next mail opens it anew
//! from the store.

use hearth_capabilities::space::Space;
use hearth_capabilities::{
    Effect, Fresh, Input, Listing, Lookup, MediaOrder, MediaReport, Payload, RequestId, SpaceTell, Tell, Time, Timer,
    To, Write, host_visits,
};
use hearth_protocol::ids::{ConnectionId, LegId, SpaceId, TrackId, UserId};
use hearth_protocol::live_rooms::Broadcast;
use hearth_protocol::media::{Source, Track};
use hearth_protocol::space::{LegClosedReason, SpaceEndReason};
use hearth_protocol::{Command, Event, Outcome, Rejection};
use std::collections::{BTreeMap, BTreeSet};

use crate::clients::{Client, Intent, Person};
use crate::dice::Dice;
use crate::store::{Store, Submitted};
use crate::watch::{Watched, nothing_leaks};

/// Something that is to happen.
#[derive(Debug)]
pub enum Due {
    /// Something from outside reaches a space's mailbox; `wakes`: also of one that sleeps.
    Arrives { space: SpaceId, input: Box<Input>, wakes: bool },
    /// A space comes to the next mail.
    Mail { space: SpaceId, input: Box<Input>, wakes: bool },
    /// The store commits the next write.
    Commit,
    /// A client does what it set out to do.
    Intent { client: usize, intent: Intent },
}

/// A machine that is awake, with what the node holds for it.
pub struct Machine {
    pub space: Space,
    /// Each that is opened has another.
    pub life: u64,
    pub timers: BTreeMap<Timer, Time>,
    pub attached: BTreeMap<ConnectionId, usize>,
    pub watched: Watched,
}

/// A command that was not answered yet.
#[derive(Debug)]
pub struct Waiting {
    pub client: usize,
    pub space: SpaceId,
    pub command: Command,
}

/// What came about.
#[derive(Debug, Default, Clone)]
pub struct Figures {
    pub steps: u64,
    pub events: u64,
    pub crashes: u64,
    pub most_here: usize,
    pub reached: BTreeMap<String, u64>,
}

impl Figures {
    pub fn note(&mut self, what: &str) {
        *self.reached.entry(what.to_owned()).or_default() += 1;
    }

    /// Those of another simulation besides.
    pub fn add(&mut self, other: Self) {
        self.steps += other.steps;
        self.events += other.events;
        self.crashes += other.crashes;
        self.most_here = self.most_here.max(other.most_here);
        for (what, count) in other.reached {
            *self.reached.entry(what).or_default() += count;
        }
    }
}

pub struct World {
    pub now: Time,
    pub dice: Dice,
    pub store: Store,
    pub machines: BTreeMap<SpaceId, Machine>,
    pub directory: BTreeMap<SpaceId, Listing>,
    pub people: Vec<Person>,
    pub clients: Vec<Client>,
    pub connections: BTreeMap<ConnectionId, usize>,
    pub waiting: BTreeMap<RequestId, Waiting>,
    pub figures: Figures,
    /// One input in so many crashes its machine; 0: none does.
    pub crashes_every: u64,
    /// One write of so many can't be stored; 0: all can.
    pub failures_every: u64,
    pub last_crash: Time,
    due: BTreeMap<(Time, u64), Due>,
    timers: BTreeSet<(Time, SpaceId, Timer)>,
    ways: BTreeMap<(String, SpaceId), Time>,
    /// When the last mail of each mailbox is read.
    mailboxes: BTreeMap<SpaceId, Time>,
    /// From whose connection each open publisher leg comes, and where it leads.
    legs: BTreeMap<LegId, (ConnectionId, SpaceId)>,
    numbers: u64,
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self {
            now: Time(1_000_000),
            dice: Dice::new(seed),
            store: Store::default(),
            machines: BTreeMap::new(),
            directory: BTreeMap::new(),
            people: Vec::new(),
            clients: Vec::new(),
            connections: BTreeMap::new(),
            waiting: BTreeMap::new(),
            figures: Figures::default(),
            crashes_every: 0,
            failures_every: 0,
            last_crash: Time(0),
            due: BTreeMap::new(),
            timers: BTreeSet::new(),
            ways: BTreeMap::new(),
            mailboxes: BTreeMap::new(),
            legs: BTreeMap::new(),
            numbers: 0,
        }
    }

    /// A number that was not given before.
    pub fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn enter(&mut self, at: Time, due: Due) {
        let number = self.number();
        self.due.insert((at, number), due);
    }

    /// How long something takes: mostly an instant, now and then seconds.
    fn delay_ms(&mut self) -> u64 {
        match self.dice.below(1_000) {
            0..=2 => self.dice.between(1_000, 7_000),
            3..=80 => self.dice.between(50, 1_000),
            _ => self.dice.below(30),
        }
    }

    /// Puts something into a space's mailbox.
    pub fn post(&mut self, space: &SpaceId, input: Input, wakes: bool) {
        let read = self.now.plus_ms(self.delay_ms());
        let last = self.mailboxes.entry(space.clone()).or_default();
        *last = read.max(*last);
        let at = *last;
        self.enter(at, Due::Mail { space: space.clone(), input: Box::new(input), wakes });
    }

    /// Sends something to a space from outside; what goes the same way keeps its order.
    pub fn send(&mut self, by: &str, space: &SpaceId, input: Input, wakes: bool) {
        let arrives = self.now.plus_ms(self.delay_ms());
        let last = self.ways.entry((by.to_owned(), space.clone())).or_default();
        *last = arrives.max(*last);
        let at = *last;
        self.enter(at, Due::Arrives { space: space.clone(), input: Box::new(input), wakes });
    }

    /// A client sets out to do something.
    pub fn intend(&mut self, client: usize, after_ms: u64, intent: Intent) {
        self.enter(self.now.plus_ms(after_ms), Due::Intent { client, intent });
    }

    /// A client commands.
    pub fn command(&mut self, client: usize, space: &SpaceId, command: Command, lookup: Lookup) {
        let Some(connection) = self.clients[client].connection.clone() else { return };
        let request = RequestId(self.number());
        let mut from = self.people[self.clients[client].person].caller.clone();
        from.device = self.clients[client].device.clone();
        from.connection = Some(connection.clone());
        self.waiting.insert(request, Waiting { client, space: space.clone(), command: command.clone() });
        let fresh = Fresh(1, request.0);
        self.send(connection.as_str(), space, Input::Command { from, request, command, fresh, lookup }, true);
    }

    /// When the next thing happens.
    fn next_at(&self) -> Option<Time> {
        let due = self.due.first_key_value().map(|((at, _), _)| *at);
        let timer = self.timers.first().map(|(at, ..)| *at);
        due.into_iter().chain(timer).min()
    }

    /// Lets happen what happens next, if that is not later.
    pub fn step(&mut self, until: Time) -> bool {
        let Some(at) = self.next_at().filter(|at| *at <= until) else { return false };
        self.now = self.now.max(at);
        let timer_first = self
            .timers
            .first()
            .is_some_and(|(timer, ..)| self.due.first_key_value().is_none_or(|((due, _), _)| timer < due));
        if timer_first {
            let (_, space, timer) = self.timers.pop_first().expect("it is due");
            let machine = self.machines.get_mut(&space).expect("only who is awake has timers");
            machine.timers.remove(&timer);
            self.handle(&space, Input::Timer { timer });
            return true;
        }
        match self.due.pop_first().expect("it is due").1 {
            Due::Arrives { space, input, wakes } => self.post(&space, *input, wakes),
            Due::Mail { space, input, wakes } => self.deliver(&space, *input, wakes),
            Due::Commit => self.commit(),
            Due::Intent { client, intent } => self.act(client, intent),
        }
        true
    }

    /// Goes on until then.
    pub fn run_until(&mut self, until: Time) {
        while self.step(until) {}
        self.now = self.now.max(until);
    }

    /// Whether nothing is on its way: nobody waits, but for timers and for what clients have set out to do much later.
    pub fn is_still(&self) -> bool {
        let soon = self.now.plus_ms(10_000);
        !self.due.range(..(soon, 0)).any(|(_, due)| !matches!(due, Due::Intent { intent, .. } if intent.is_an_answer()))
    }

    /// Nothing is to happen any more, and no timer is set.
    pub fn is_over(&self) -> bool {
        self.due.is_empty() && self.timers.is_empty()
    }

    fn commit(&mut self) {
        let Some((by, life, write, result)) = self.store.commit() else { return };
        // A machine that was opened anew numbers its writes anew.
        if self.machines.get(&by).is_some_and(|machine| machine.life == life) {
            self.post(&by, Input::Stored { write, result }, false);
        }
    }

    fn deliver(&mut self, space: &SpaceId, input: Input, wakes: bool) {
        if self.machines.contains_key(space) || (wakes && self.open(space)) {
            self.handle(space, input);
        } else if let Input::Command { request, .. } = input {
            self.answered(request, Err(Rejection::NotFound));
        }
    }

    /// Opens a machine as the store knows it; says whether there is one.
    fn open(&mut self, id: &SpaceId) -> bool {
        // What was submitted before is in what is read.
        while !self.store.under_way.is_empty() {
            self.commit();
        }
        let life = self.number();
        let epoch = format!("e{life}");
        let live = |room: &SpaceId| {
            let broadcast = self.directory.get(room).map(|listing| &listing.broadcast);
            broadcast.is_some_and(|broadcast| !matches!(broadcast, Broadcast::Off | Broadcast::Connecting))
        };
        let Some(record) = self.store.load(id, epoch, live) else { return false };
        let watched = Watched::new(&record);
        let (space, effects) = Space::open(self.now, record);
        let machine = Machine { space, life, timers: BTreeMap::new(), attached: BTreeMap::new(), watched };
        self.machines.insert(id.clone(), machine);
        self.interpret_all(id, effects);
        true
    }

    fn handle(&mut self, id: &SpaceId, input: Input) {
        self.figures.steps += 1;
        if self.crashes_every > 0 && self.dice.below(self.crashes_every) == 0 {
            if let Input::Command { request, .. } = &input {
                self.answered(*request, Err(Rejection::Fault));
            }
            return self.crash(id);
        }
        let now = self.now;
        let Some(machine) = self.machines.get_mut(id) else { return };
        let effects = machine.space.handle(now, input);
        self.interpret_all(id, effects);
        self.check_step(id);
    }

    /// A fault ends a machine: what `Awake::bury` does.
    fn crash(&mut self, id: &SpaceId) {
        self.figures.crashes += 1;
        self.last_crash = self.now;
        let Some(machine) = self.machines.remove(id) else { return };
        for (timer, at) in machine.timers {
            self.timers.remove(&(at, id.clone(), timer));
        }
        self.directory.remove(id);
        self.legs.retain(|_, (_, space)| space != id);
        // What waits in its mailbox is lost with it.
        self.mailboxes.remove(id);
        let waited = self.due.iter().filter(|(_, due)| matches!(due, Due::Mail { space, .. } if space == id));
        let waited: Vec<(Time, u64)> = waited.map(|(key, _)| *key).collect();
        let mut asked: Vec<RequestId> = Vec::new();
        for key in waited {
            if let Some(Due::Mail { input, .. }) = self.due.remove(&key)
                && let Input::Command { request, .. } = *input
            {
                asked.push(request);
            }
        }
        // So are those that it had not answered; what is still on its way to it opens it anew.
        let coming: BTreeSet<RequestId> = self
            .due
            .values()
            .filter_map(|due| {
                let Due::Arrives { input, .. } = due else { return None };
                if let Input::Command { request, .. } = **input { Some(request) } else { None }
            })
            .collect();
        let of_it = self.waiting.iter().filter(|(request, one)| one.space == *id && !coming.contains(request));
        asked.extend(of_it.map(|(request, _)| *request));
        asked.sort();
        asked.dedup();
        for request in asked {
            self.answered(request, Err(Rejection::Fault));
        }
        for client in machine.attached.into_values() {
            self.hear(client, id, 0, &Event::Ended { reason: SpaceEndReason::Fault });
        }
    }

    fn answered(&mut self, request: RequestId, result: Result<Outcome, Rejection>) {
        let waiting = self.waiting.remove(&request);
        let waiting = waiting.unwrap_or_else(|| panic!("{request:?} is answered twice, or was never asked"));
        if let Err(rejection) = &result {
            let value = serde_json::to_value(rejection).unwrap_or_default();
            self.figures.note(&format!("no {}", value["kind"].as_str().unwrap_or_default()));
        }
        self.learn(waiting, result);
    }

    fn interpret_all(&mut self, id: &SpaceId, effects: Vec<Effect>) {
        for effect in effects {
            self.interpret(id, effect);
        }
    }

    fn interpret(&mut self, id: &SpaceId, effect: Effect) {
        let Some(machine) = self.machines.get_mut(id) else { return };
        match effect {
            Effect::Reply { request, result } => self.answered(request, result),
            Effect::Attach { connection } => match self.connections.get(&connection) {
                Some(client) => {
                    machine.attached.insert(connection, *client);
                }
                None => self.post(id, Input::ConnectionLost { connection }, false),
            },
            Effect::Detach { connection } => {
                machine.attached.remove(&connection);
            }
            Effect::Send { to, seq, event: Payload::Space(event) } => self.told(id, &to, seq, &event),
            Effect::Store { write, what } => {
                // What nobody waits for is merely missing where it fails: the rules of the ledger hold for what is stored.
                let awaited =
                    !matches!(what, Write::Visit { .. } | Write::GroupOwner { .. } | Write::BroadcastStarted { .. });
                let fails = awaited && self.failures_every > 0 && self.dice.below(self.failures_every) == 0;
                self.store.under_way.push_back(Submitted { by: id.clone(), life: machine.life, write, what, fails });
                let at = self.now.plus_ms(self.dice.below(40));
                self.enter(at, Due::Commit);
            }
            Effect::Media { leg, order } => self.media(id, leg, &order),
            Effect::SetTimer { timer, at } => {
                if let Some(before) = machine.timers.insert(timer.clone(), at) {
                    self.timers.remove(&(before, id.clone(), timer.clone()));
                }
                self.timers.insert((at, id.clone(), timer));
            }
            Effect::CancelTimer { timer } => {
                if let Some(before) = machine.timers.remove(&timer) {
                    self.timers.remove(&(before, id.clone(), timer));
                }
            }
            Effect::Tell { user, what } => self.tell_person(&user, what),
            Effect::TellSpace { space, what } => {
                self.note_tell(&what);
                self.post(&space, Input::Told { by: id.clone(), tell: what }, true);
            }
            Effect::List { listing } => {
                self.directory.insert(id.clone(), listing);
            }
            Effect::Sleep => self.sleep(id),
            Effect::Send { .. } | Effect::Package { .. } | Effect::Announce { .. } | Effect::Welcome { .. } => {}
        }
    }

    fn note_tell(&mut self, what: &SpaceTell) {
        match what {
            SpaceTell::Visits { what: host_visits::Tell::Ended { reason, .. } } => {
                self.figures.note(&format!("visit ended: {reason:?}"));
            }
            SpaceTell::Visits { what: host_visits::Tell::Begun { visit, .. } } => {
                self.figures.note(&format!("visit begun: {:?}", visit.way));
            }
            _ => {}
        }
    }

    fn sleep(&mut self, id: &SpaceId) {
        let Some(machine) = self.machines.remove(id) else { return };
        assert!(machine.attached.is_empty(), "{id} sleeps while somebody is there");
        for (timer, at) in machine.timers {
            self.timers.remove(&(at, id.clone(), timer));
        }
        machine.watched.asleep(id);
        self.directory.remove(id);
    }

    /// The media engine: what is offered is mostly answered, and then something comes by it until it is closed.
    fn media(&mut self, id: &SpaceId, leg: LegId, order: &MediaOrder) {
        match order {
            MediaOrder::OpenPublish { .. } if self.dice.percent(95) => {
                let by = self.waiting.iter().find(|(request, _)| Fresh(1, request.0).leg() == leg);
                let by = by.and_then(|(_, waiting)| self.clients[waiting.client].connection.clone());
                let Some(connection) = by else { return };
                self.legs.insert(leg.clone(), (connection, id.clone()));
                let answer = MediaReport::Answer { sdp: "v=0".to_owned() };
                self.send(leg.as_str(), id, Input::Media { leg: leg.clone(), report: answer }, false);
                let name = format!("track_{}", leg.as_str().trim_start_matches("leg_"));
                let track = Track {
                    id: TrackId::parse(&name).expect("well formed"),
                    source: Source::Camera,
                    codec: "VP8".to_owned(),
                    layers: Vec::new(),
                };
                let report = MediaReport::Tracks { tracks: vec![track] };
                self.send(leg.as_str(), id, Input::Media { leg: leg.clone(), report }, false);
            }
            MediaOrder::Close => {
                self.legs.remove(&leg);
            }
            _ => {}
        }
    }

    /// A browser is gone: nothing comes from its legs any more, and after a while the engine closes them.
    pub fn media_lost(&mut self, connection: &ConnectionId) {
        let legs = self.legs.extract_if(.., |_, (by, _)| by == connection);
        for (leg, (_, space)) in legs.collect::<Vec<_>>() {
            for report in [MediaReport::Silent, MediaReport::Closed { reason: LegClosedReason::Lost }] {
                self.send(leg.as_str(), &space, Input::Media { leg: leg.clone(), report }, false);
            }
        }
    }

    fn told(&mut self, id: &SpaceId, to: &To, seq: u64, event: &Event) {
        let Some(machine) = self.machines.get_mut(id) else { return };
        let clients: Vec<usize> = match to {
            To::Everyone => machine.attached.values().copied().collect(),
            To::Connections(connections) => {
                connections.iter().filter_map(|one| machine.attached.get(one).copied()).collect()
            }
        };
        self.figures.events += clients.len() as u64;
        let users: BTreeSet<UserId> =
            clients.iter().map(|client| self.people[self.clients[*client].person].id().clone()).collect();
        nothing_leaks(id, *to == To::Everyone, &users, event, &self.store);
        machine.watched.told(seq, &users, event);
        if let Event::Groups { .. } | Event::Visits { .. } | Event::Removed { .. } | Event::Ended { .. } = event {
            let value = serde_json::to_value(event).unwrap_or_default();
            let kind = value["event"]["kind"].as_str().or(value["kind"].as_str()).unwrap_or_default();
            let state = value["event"]["state"].as_str().or(value["reason"].as_str()).unwrap_or_default();
            self.figures.note(format!("{kind} {state}").trim_end());
        }
        for client in clients {
            self.hear(client, id, seq, event);
        }
    }

    /// What a machine tells a person's machine, which tells their devices.
    fn tell_person(&mut self, user: &UserId, what: Tell) {
        let Some(person) = self.people.iter().position(|person| person.id() == user) else { return };
        match what {
            Tell::VisitInvitation { invitation } => self.asked_to_visit(person, &invitation),
            Tell::VisitInvitationOver { visit, state } => {
                self.figures.note(&format!("visit invitation over: {state:?}"));
                self.people[person].visit_invitation_over(&visit, state);
            }
            _ => {}
        }
    }
}
