//! Looks at what comes out of a space, and at nothing inside it.

use hearth_protocol::ids::{ConnectionId, LegId, SpaceId, UserId};
use hearth_protocol::limits::STAGE_GUESTS_MAX;
use hearth_protocol::live_rooms::{Broadcast, EndReason};
use hearth_protocol::media::{Publisher, Source};
use hearth_protocol::space::SpaceEndReason;
use hearth_protocol::{Command, Event, Outcome, Rejection};
use std::collections::{BTreeMap, BTreeSet};

use super::group_watch::GroupWatch;
use super::visit_watch::VisitWatch;
use crate::effect::{Effect, MediaOrder, Packaged, Payload, SpaceTell, Tell, Timer, To, Write, WriteId};
use crate::input::{Input, MediaReport, RequestId, Time};
use crate::kernel::limits::GROUP_SEATS_MAX;

/// A leg as the media engine knows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Leg {
    /// Whether it publishes.
    pub publishes: bool,
    /// Whose it is, once that was answered; a player's is nobody's.
    user: Option<UserId>,
    /// Whether its peer may ask for more than its first offer (WHIP, WHEP).
    negotiates: bool,
    /// Whether its offer was answered.
    pub answered: bool,
    generation: u64,
    hears: BTreeSet<LegId>,
}

/// Who waits for an answer, and what for.
#[derive(Debug)]
struct Waiting {
    user: Option<UserId>,
    accepts: bool,
}

/// What the world outside of a space knows of it.
#[derive(Debug)]
pub struct Watch {
    waiting: BTreeMap<RequestId, Waiting>,
    attached: BTreeMap<ConnectionId, UserId>,
    joining: Option<(ConnectionId, UserId)>,
    resuming: bool,
    banned: BTreeSet<UserId>,
    unstored: BTreeMap<WriteId, Write>,
    last_seq: u64,
    broadcast: Broadcast,
    broadcasts: (u64, u64),
    /// Broadcasts that were announced.
    announced: u64,
    /// What is packaged, and its generation.
    packaged: (Option<Packaged>, u64),
    /// The legs on the stage, as it was told last.
    stage: BTreeSet<LegId>,
    /// Who was asked onto the stage last.
    pub asked: Option<UserId>,
    /// Who has ever accepted.
    pub accepted: BTreeSet<UserId>,
    /// What has happened: kinds of events, outcomes and refusals.
    pub reached: BTreeSet<String>,
    /// Writes whose end was not reported yet.
    pub writes: Vec<WriteId>,
    /// Timers that are set.
    pub timers: BTreeMap<Timer, Time>,
    /// Legs that the engine has.
    pub legs: BTreeMap<LegId, Leg>,
    /// Which space it is.
    pub id: SpaceId,
    /// What is known of groups.
    pub groups: GroupWatch,
    /// What is known of visits.
    pub visits: VisitWatch,
}

impl Watch {
    pub fn new(id: SpaceId) -> Self {
        Self {
            id,
            groups: GroupWatch::default(),
            visits: VisitWatch::default(),
            waiting: BTreeMap::new(),
            attached: BTreeMap::new(),
            joining: None,
            resuming: false,
            banned: BTreeSet::new(),
            unstored: BTreeMap::new(),
            last_seq: 0,
            broadcast: Broadcast::Off,
            broadcasts: (0, 0),
            announced: 0,
            packaged: (None, 0),
            stage: BTreeSet::new(),
            asked: None,
            accepted: BTreeSet::new(),
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
                let accepts = matches!(command, Command::AnswerStage { accept: true });
                self.waits(*request, Some(from.profile.id.clone()), accepts);
                if let Command::AskOnStage { user } = command {
                    self.asked = Some(user.clone());
                }
                if let (Command::Join { resume, .. }, Some(connection)) = (command, &from.connection) {
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
            // What comes from an encoder is nobody's own picture: its host watches it as well.
            Input::Encoder { request, .. } | Input::Play { request, .. } | Input::Peer { request, .. } => {
                self.waits(*request, None, false);
            }
            Input::Media { leg, report: MediaReport::Closed { .. } } => {
                self.legs.remove(leg);
            }
            // What an open peer asks for is refused, and the leg goes on.
            Input::Media { leg, report: MediaReport::Refused { .. } } => {
                self.legs.retain(|one, state| one != leg || (state.negotiates && state.answered));
            }
            _ => {}
        }
    }

    fn waits(&mut self, request: RequestId, user: Option<UserId>, accepts: bool) {
        let before = self.waiting.insert(request, Waiting { user, accepts });
        assert!(before.is_none(), "the trial uses a request number twice");
    }

    fn committed(&mut self, what: &Write) {
        self.groups.committed(what);
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
        if self.id.is_group() {
            self.groups.settled(self.attached.values());
        }
        self.everybody_hears_the_stage();
        let live = self.is_live();
        assert_eq!(self.packaged.0.is_some(), live, "packaged: {:?}", self.packaged.0);
        assert_eq!(self.announced, self.broadcasts.0);
        if let Some(leg) = self.packaged.0.as_ref().and_then(|what| what.leg.as_ref()) {
            assert!(self.legs.get(leg).is_some_and(|one| one.publishes), "{leg} is packaged, and closed");
            assert!(matches!(self.broadcast, Broadcast::OnAir { .. }), "{leg} is packaged while interrupted");
        }
    }

    /// Every leg that watches hears all legs of the stage that are open, but those of its own user's browser.
    fn everybody_hears_the_stage(&self) {
        for (leg, state) in self.legs.iter().filter(|(_, state)| !state.publishes && state.answered) {
            let others = self.stage.iter().filter(|one| {
                let publisher = self.legs.get(*one);
                publisher.is_some_and(|publisher| state.user.is_none() || publisher.user != state.user)
            });
            assert!(
                state.hears.iter().eq(others),
                "{leg} hears {:?}, and {:?} is on the stage",
                state.hears,
                self.stage
            );
        }
    }

    fn effect(&mut self, effect: &Effect) {
        match effect {
            Effect::Reply { request, result } => {
                match result {
                    Ok(outcome) => self.note(outcome),
                    Err(rejection) => self.note(rejection),
                }
                let waited = self.waiting.remove(request);
                let waited = waited.unwrap_or_else(|| panic!("{request:?} is answered twice, or was never asked"));
                self.answered(waited, result);
            }
            Effect::Package { generation, what } => {
                assert!(*generation > self.packaged.1, "an older generation");
                assert_ne!(*what, self.packaged.0, "nothing has changed");
                self.packaged = (what.clone(), *generation);
            }
            Effect::Announce { .. } => self.announced += 1,
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
                assert!(self.legs.is_empty(), "it leaves legs behind: {:?}", self.legs);
            }
            Effect::Tell { user, what } => {
                if matches!(what, Tell::VisitInvitation { .. } | Tell::VisitInvitationOver { .. }) {
                    assert_eq!(user.as_str(), "user_ana", "somebody else hears what the host is asked");
                    self.visits.host_hears(what);
                }
                let members = self.groups.members.as_ref().filter(|_| matches!(what, Tell::Mentioned { .. }));
                assert!(members.is_none_or(|members| members.contains(user)), "{user} hears of another's group");
            }
            Effect::TellSpace { space, what: SpaceTell::Groups { what } } => self.groups.told(space, what),
            Effect::List { .. } => assert!(!self.id.is_group(), "a group is listed"),
            Effect::TellSpace { space, what: SpaceTell::Visits { what } } => self.visits.says(&self.id, space, what),
            Effect::Welcome { .. } => panic!("a space welcomes nobody"),
        }
    }

    fn answered(&mut self, waited: Waiting, result: &Result<Outcome, Rejection>) {
        match result {
            Ok(Outcome::Publishing { leg, .. } | Outcome::Watching { leg } | Outcome::Playing { leg, .. }) => {
                let state = self.legs.get_mut(leg).expect("an answer for a leg that is not there");
                assert!(state.user.is_none() || state.user == waited.user, "{leg} changes hands");
                (state.user, state.answered) = (waited.user, true);
            }
            Ok(Outcome::GroupJoined { group }) => {
                waited.user.iter().for_each(|user| self.groups.joined(group, user));
            }
            Ok(Outcome::Done) if waited.accepts => self.accepted.extend(waited.user),
            _ => {}
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
            assert!(snapshot.publishers.len() <= self.seats(), "too many publishers");
            assert_eq!(snapshot.broadcast, self.broadcast);
        }
        if let (Event::Groups { event }, false) = (event, replayed) {
            self.note(event);
            let users = match to {
                To::Everyone => self.attached.values().cloned().collect(),
                To::Connections(connections) => {
                    connections.iter().filter_map(|connection| self.attached.get(connection).cloned()).collect()
                }
            };
            self.groups.heard(&users, event);
        }
        if let (Event::Visits { event }, false) = (event, replayed) {
            self.note(event);
            self.visits.heard(&self.id, event);
        }
        match event {
            Event::Ended { reason } if *reason != SpaceEndReason::Stopping => self.groups.ended = true,
            Event::Stage { publishers } if !replayed => self.staged(publishers),
            Event::YourStage { standing } => {
                let value = serde_json::to_value(standing).unwrap_or_default();
                self.reached.extend(value["state"].as_str().map(str::to_owned));
            }
            Event::Reported { report } => {
                let To::Connections(connections) = to else { panic!("everybody hears of a report") };
                let told = connections.iter().filter_map(|connection| self.attached.get(connection));
                assert!(!told.into_iter().any(|user| *user == report.about.id), "who is reported hears of it");
            }
            _ => {}
        }
    }

    /// The host comes first, nobody twice, and nobody who has not accepted.
    fn staged(&mut self, publishers: &[Publisher]) {
        assert!(publishers.len() <= self.seats(), "too many publishers");
        let users: BTreeSet<&UserId> = publishers.iter().map(|publisher| &publisher.user).collect();
        assert_eq!(users.len(), publishers.len(), "somebody is on the stage twice");
        for (place, publisher) in publishers.iter().enumerate() {
            let host = publisher.user.as_str() == "user_ana";
            // In a group whoever wants to speaks.
            if self.id.is_group() {
                continue;
            }
            let visits = self.visits.brings_onto_stage(&self.id, &publisher.user);
            assert!(if host { place == 0 } else { visits || self.accepted.contains(&publisher.user) }, "{publisher:?}");
        }
        if publishers.len() > 1 {
            self.reached.insert("together".to_owned());
        }
        self.stage = publishers.iter().map(|publisher| publisher.leg.clone()).collect();
    }

    fn is_live(&self) -> bool {
        !matches!(self.broadcast, Broadcast::Off | Broadcast::Connecting)
    }

    /// How many may publish.
    fn seats(&self) -> usize {
        if self.id.is_group() { GROUP_SEATS_MAX } else { 1 + STAGE_GUESTS_MAX }
    }

    fn broadcast_moves(&mut self, to: &Broadcast, ended: Option<EndReason>) {
        use Broadcast::{Connecting, Interrupted, Off, OnAir, Paused};
        let fine = match (&self.broadcast, to) {
            (Off, Connecting) | (Connecting, OnAir { .. }) => ended.is_none(),
            (OnAir { since_ms: one }, Interrupted { since_ms: other, .. })
            | (Interrupted { since_ms: one, .. }, OnAir { since_ms: other }) => one == other && ended.is_none(),
            (Connecting, Off) => matches!(ended, Some(EndReason::Host | EndReason::NeverConnected)),
            (OnAir { .. }, Off) => ended == Some(EndReason::Host),
            (Interrupted { .. }, Off) => matches!(ended, Some(EndReason::Host | EndReason::Lost)),
            // While the host is away, and when they are at home again.
            (OnAir { since_ms: one } | Interrupted { since_ms: one, .. }, Paused { since_ms: other })
            | (Paused { since_ms: one }, OnAir { since_ms: other } | Interrupted { since_ms: other, .. }) => {
                one == other && ended.is_none()
            }
            (Paused { .. }, Off) => ended == Some(EndReason::Host),
            _ => false,
        };
        assert!(fine, "from {:?} to {to:?} ({ended:?})", self.broadcast);
        self.note_state(to);
        self.broadcast = to.clone();
    }

    fn stored(&mut self, what: &Write) {
        match what {
            Write::Visit { entry } => self.visits.stored(entry),
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
                let live = self.is_live();
                assert_eq!((message.broadcast, message.media_ms.is_some()), (live.then_some(self.broadcasts.0), live));
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
                let negotiates = match order {
                    MediaOrder::OpenPublish { sources, .. } => sources.is_empty(),
                    other => matches!(other, MediaOrder::OpenPlay { .. }),
                };
                let new = Leg { publishes, negotiates, ..Leg::default() };
                assert!(self.legs.insert(leg.clone(), new).is_none(), "{leg} is opened twice");
            }
            MediaOrder::Route { generation, hears } => {
                assert!(hears.len() <= self.seats(), "more are heard than can be on the stage");
                let state = self.legs.get_mut(leg).expect("a closed leg is routed");
                assert!(!state.publishes && *generation > state.generation, "an older generation");
                state.generation = *generation;
                state.hears = hears.iter().cloned().collect();
                assert_eq!(state.hears.len(), hears.len(), "a leg is heard twice");
            }
            MediaOrder::Mute { generation, sources } => {
                let state = self.legs.get_mut(leg).expect("a closed leg is muted");
                assert!(state.publishes && *generation > state.generation, "an older generation");
                state.generation = *generation;
                let alone: BTreeSet<Source> = sources.iter().copied().collect();
                assert_eq!(alone.len(), sources.len(), "a source is muted twice");
            }
            MediaOrder::Answer { .. } | MediaOrder::Prefer { .. } => {
                assert!(self.legs.get(leg).is_some_and(|one| !one.publishes), "{leg} is no subscriber");
            }
            MediaOrder::Trickle { .. } | MediaOrder::Restart { .. } => {
                let fine = self.legs.get(leg).is_some_and(|one| one.negotiates && one.answered);
                assert!(fine, "{leg} is closed, or another's");
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

    /// Somebody beside the host who publishes.
    pub fn publishing_guest(&self) -> Option<&UserId> {
        let publishing = self.legs.values().filter(|leg| leg.publishes && leg.answered);
        publishing.filter_map(|leg| leg.user.as_ref()).find(|user| user.as_str() != "user_ana")
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
