//! Looks at what comes out of a space, and at nothing inside it.

use hearth_protocol::ids::{ConnectionId, LegId, UserId};
use hearth_protocol::limits::STAGE_GUESTS_MAX;
use hearth_protocol::live_rooms::{Broadcast, EndReason};
use hearth_protocol::{Command, Event};
use std::collections::{BTreeMap, BTreeSet};

use crate::effect::{Effect, MediaOrder, Payload, Timer, To, Write, WriteId};
use crate::input::{Input, MediaReport, RequestId, Time};

/// A leg as the media engine knows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Leg {
    /// Whether it publishes.
    pub publishes: bool,
    generation: u64,
    hears: Vec<LegId>,
}

/// What the world outside of a space knows of it.
#[derive(Debug)]
pub struct Watch {
    waiting: BTreeSet<RequestId>,
    attached: BTreeMap<ConnectionId, UserId>,
    joining: Option<(ConnectionId, UserId)>,
    resuming: bool,
    banned: BTreeSet<UserId>,
    unstored: BTreeMap<WriteId, Write>,
    last_seq: u64,
    broadcast: Broadcast,
    broadcasts: (u64, u64),
    /// What has happened: kinds of events, outcomes and refusals.
    pub reached: BTreeSet<String>,
    /// Writes whose end was not reported yet.
    pub writes: Vec<WriteId>,
    /// Timers that are set.
    pub timers: BTreeMap<Timer, Time>,
    /// Legs that the engine has.
    pub legs: BTreeMap<LegId, Leg>,
}

impl Watch {
    pub fn new() -> Self {
        Self {
            waiting: BTreeSet::new(),
            attached: BTreeMap::new(),
            joining: None,
            resuming: false,
            banned: BTreeSet::new(),
            unstored: BTreeMap::new(),
            last_seq: 0,
            broadcast: Broadcast::Off,
            broadcasts: (0, 0),
            reached: BTreeSet::new(),
            writes: Vec::new(),
            timers: BTreeMap::new(),
            legs: BTreeMap::new(),
        }
    }

    /// Something comes in.
    pub fn input(&mut self, input: &Input) {
        self.joining = None;
        self.resuming = false;
        match input {
            Input::Command { from, request, command, .. } => {
                assert!(self.waiting.insert(*request), "the trial uses a request number twice");
                if let (Command::Join { resume }, Some(connection)) = (command, &from.connection) {
                    self.joining = Some((connection.clone(), from.profile.id.clone()));
                    self.resuming = resume.is_some();
                }
            }
            Input::Stored { write, result } => {
                self.writes.retain(|one| one != write);
                if let (Some(what), Ok(_)) = (self.unstored.remove(write), result) {
                    self.committed(&what);
                }
            }
            Input::Timer { timer } => {
                self.timers.remove(timer);
            }
            Input::Media { leg, report: MediaReport::Closed { .. } | MediaReport::Refused { .. } } => {
                self.legs.remove(leg);
            }
            _ => {}
        }
    }

    fn committed(&mut self, what: &Write) {
        match what {
            Write::Sanction { sanction } if sanction.banned => {
                self.banned.insert(sanction.user.id.clone());
            }
            Write::ClearSanction { user, .. } => {
                self.banned.remove(user);
            }
            _ => {}
        }
    }

    /// What the space wants done, in order.
    pub fn effects(&mut self, effects: &[Effect]) {
        for effect in effects {
            self.effect(effect);
        }
        for user in self.attached.values() {
            assert!(!self.banned.contains(user), "{user} is banned, and here");
        }
        for (leg, state) in &self.legs {
            for heard in &state.hears {
                assert!(self.legs.get(heard).is_some_and(|one| one.publishes), "{leg} hears {heard}, which is closed");
            }
        }
    }

    fn effect(&mut self, effect: &Effect) {
        match effect {
            Effect::Reply { request, result } => {
                match result {
                    Ok(outcome) => self.note(outcome),
                    Err(rejection) => self.note(rejection),
                }
                assert!(self.waiting.remove(request), "{request:?} is answered twice, or was never asked");
            }
            Effect::Package { .. } | Effect::Announce { .. } => {}
            Effect::Attach { connection } => {
                let (joining, user) = self.joining.clone().expect("only a join attaches");
                assert_eq!(joining, *connection);
                assert!(self.attached.insert(joining, user).is_none(), "{connection} is attached twice");
            }
            Effect::Detach { connection } => {
                assert!(self.attached.remove(connection).is_some(), "{connection} is not attached");
            }
            Effect::Send { to, seq, event } => self.sent(to, *seq, event),
            Effect::Store { write, what } => {
                assert!(self.unstored.insert(*write, what.clone()).is_none(), "{write:?} is used twice");
                self.writes.push(*write);
                self.stored(what);
            }
            Effect::Media { leg, order } => self.ordered(leg, order),
            Effect::SetTimer { timer, at } => {
                self.timers.insert(timer.clone(), *at);
            }
            Effect::CancelTimer { timer } => {
                self.timers.remove(timer);
            }
            Effect::Sleep => {
                assert!(self.attached.is_empty(), "it sleeps while somebody is here");
                assert_eq!(self.broadcast, Broadcast::Off, "it sleeps while live");
            }
            Effect::Tell { .. } | Effect::List { .. } => {}
            Effect::Welcome { .. } => panic!("a space welcomes nobody"),
        }
    }

    fn sent(&mut self, to: &To, seq: u64, event: &Payload) {
        let Payload::Space(event) = event else { panic!("an event of the other machine") };
        self.note(event);
        if let To::Connections(connections) = to {
            assert!(!connections.is_empty(), "an event for nobody");
            for connection in connections {
                assert!(self.attached.contains_key(connection), "{connection} is not here, and hears {event:?}");
            }
        }
        let replayed = self.resuming && *to != To::Everyone && seq <= self.last_seq;
        if replayed {
            self.reached.insert("replayed".to_owned());
        } else {
            assert!(seq > self.last_seq, "number {seq} after {}", self.last_seq);
            self.last_seq = seq;
            if let Event::Broadcast { broadcast, ended } = event {
                self.broadcast_moves(broadcast, *ended);
            }
        }
        if let Event::Snapshot { snapshot } = event {
            let here: BTreeSet<&UserId> = self.attached.values().collect();
            assert!(snapshot.audience as usize >= here.len(), "fewer are told than are here");
            assert!(snapshot.publishers.len() <= 1 + STAGE_GUESTS_MAX, "too many publishers");
            assert_eq!(snapshot.broadcast, self.broadcast);
        }
        if let Event::Stage { publishers } = event {
            assert!(publishers.len() <= 1 + STAGE_GUESTS_MAX, "too many publishers");
        }
    }

    fn broadcast_moves(&mut self, to: &Broadcast, ended: Option<EndReason>) {
        use Broadcast::{Connecting, Interrupted, Off, OnAir};
        let fine = match (&self.broadcast, to) {
            (Off, Connecting) | (Connecting, OnAir { .. }) => ended.is_none(),
            (OnAir { since_ms: one }, Interrupted { since_ms: other, .. })
            | (Interrupted { since_ms: one, .. }, OnAir { since_ms: other }) => one == other && ended.is_none(),
            (Connecting, Off) => matches!(ended, Some(EndReason::Host | EndReason::NeverConnected)),
            (OnAir { .. }, Off) => ended == Some(EndReason::Host),
            (Interrupted { .. }, Off) => matches!(ended, Some(EndReason::Host | EndReason::Lost)),
            _ => false,
        };
        assert!(fine, "from {:?} to {to:?} ({ended:?})", self.broadcast);
        self.note_state(to);
        self.broadcast = to.clone();
    }

    fn stored(&mut self, what: &Write) {
        match what {
            Write::BroadcastStarted { number, .. } => {
                assert_eq!((*number, self.broadcasts.0), (self.broadcasts.1 + 1, self.broadcasts.1));
                self.broadcasts.0 = *number;
            }
            Write::BroadcastEnded { number, .. } => {
                assert_eq!((*number, self.broadcasts.1 + 1), (self.broadcasts.0, self.broadcasts.0));
                self.broadcasts.1 = *number;
            }
            Write::Message { message } => {
                assert!(!message.text.is_empty() && message.nonce.is_some() && !message.deleted);
            }
            Write::Block { .. } | Write::Unblock { .. } | Write::Follow { .. } | Write::Unfollow { .. } => {
                panic!("a space blocks nobody")
            }
            _ => {}
        }
    }

    fn ordered(&mut self, leg: &LegId, order: &MediaOrder) {
        match order {
            MediaOrder::OpenPublish { .. }
            | MediaOrder::OpenFeed { .. }
            | MediaOrder::OpenSubscribe
            | MediaOrder::OpenPlay { .. } => {
                let publishes = matches!(order, MediaOrder::OpenPublish { .. } | MediaOrder::OpenFeed { .. });
                let new = Leg { publishes, ..Leg::default() };
                assert!(self.legs.insert(leg.clone(), new).is_none(), "{leg} is opened twice");
            }
            MediaOrder::Route { generation, hears } => {
                assert!(hears.len() <= 1 + STAGE_GUESTS_MAX, "more are heard than can be on the stage");
                let state = self.legs.get_mut(leg).expect("a closed leg is routed");
                assert!(!state.publishes && *generation > state.generation, "an older generation");
                state.generation = *generation;
                state.hears.clone_from(hears);
            }
            MediaOrder::Answer { .. } | MediaOrder::Prefer { .. } => {
                assert!(self.legs.get(leg).is_some_and(|one| !one.publishes), "{leg} is no subscriber");
            }
            MediaOrder::Trickle { .. } | MediaOrder::Restart { .. } => {
                assert!(self.legs.contains_key(leg), "{leg} is closed");
            }
            MediaOrder::Close => {
                self.legs.remove(leg);
            }
        }
    }

    /// Where a write is stored, as a store does that was not asked for it before.
    pub fn place_of(&self, write: WriteId) -> u64 {
        match self.unstored.get(&write) {
            Some(Write::Message { message }) => message.position,
            _ => 0,
        }
    }

    /// Whether a connection is in.
    pub fn is_attached(&self, connection: &ConnectionId) -> bool {
        self.attached.contains_key(connection)
    }

    fn note(&mut self, what: &impl serde::Serialize) {
        let value = serde_json::to_value(what).unwrap_or_default();
        self.reached.extend(value["kind"].as_str().map(str::to_owned));
    }

    fn note_state(&mut self, broadcast: &Broadcast) {
        let value = serde_json::to_value(broadcast).unwrap_or_default();
        self.reached.extend(value["state"].as_str().map(str::to_owned));
    }

    /// Everything that was asked is answered.
    pub fn nobody_waits(&self) {
        assert!(self.waiting.is_empty(), "unanswered: {:?}", self.waiting);
    }
}
