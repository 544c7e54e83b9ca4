//! The engine without sockets: legs and spaces, driven by commands, datagrams
//! and the time, all passed in.
//!
//! ```text
//!   receive ─► leg (str0m) ─► inbound ─┐
//!   command ─► spaces, routing         ├─► flush ─► every subscriber: write all,
//!   time ────► deadlines, tick ────────┘            send (its outlet) ─► egress
//! ```
//!
//! *Invariants*: after every input to a leg's stack it is drained, since in RTP
//! mode it holds a single pending packet. The stack of a subscribing leg sees
//! no RTP or RTCP, and what it makes of them itself is not sent: two who seal
//! with one key would use its nonces twice.

mod catching_up;
mod commands;
mod deadlines;
mod extensions;
mod feeding;
mod forwarding;
mod housekeeping;
mod ice;
mod leg;
mod muting;
mod notes;
mod outline;
mod playing;
mod publisher;
mod receiving;
mod relay;
mod routing;
mod slot;
mod stun;
mod subscriber;
mod tapping;
mod traffic;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::net::Protocol;
use str0m::{Event as Happening, Input, Output};

use crate::directory::Directory;
use crate::forward::speaker::Speakers;
use crate::sending::Clock;
use crate::tap::Tapped;
use crate::{ClosedReason, Error, Event, EventSink, LegId, Limits, SpaceId, Stats, Traffic};
use deadlines::Deadlines;
use leg::{Connections, Leg, Role};
use receiving::is_media;
use relay::{Crossings, Followers, Relayed};

pub(crate) use leg::{Peer, Transport};
pub(crate) use notes::{Addressed, Note};
pub(crate) use publisher::{MediaPacket, TrackKey};

/// What is due within this counts as due, or nothing would be done together.
const DUE_WITHIN: Duration = Duration::from_micros(100);
/// Timeouts handled in one drain, so that one leg can't keep the thread.
const TIMEOUTS_PER_DRAIN: u32 = 1_024;
/// When a leg that used up its drain is looked at again.
const BREATH: Duration = Duration::from_millis(1);

/// Takes what is to be sent, in order.
pub(crate) trait Egress {
    /// Datagrams are written at its end, and then launched.
    fn room(&mut self) -> &mut Vec<u8>;

    /// Sends what was written from `start` on: datagrams of `segment` bytes, of
    /// which the last may be shorter.
    fn launch(&mut self, to: Peer, start: usize, segment: usize);

    /// Hands notes to other workers, and leaves none.
    fn post(&mut self, notes: &mut Vec<Addressed>);

    fn transmit(&mut self, to: Peer, datagram: &[u8]) {
        let start = self.room().len();
        self.room().extend_from_slice(datagram);
        self.launch(to, start, datagram.len());
    }
}

struct Space {
    id: SpaceId,
    /// Legs by index, in the order they came.
    legs: Vec<usize>,
    speakers: Speakers<usize>,
    inbound: Vec<MediaPacket>,
    followers: Followers,
    /// Publishers of the home, if that is another worker.
    relayed: Vec<Relayed>,
}

/// Whom a datagram is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Addressee {
    /// A leg here, or nobody at all.
    Here,
    /// A leg of that worker.
    Worker(usize),
    /// Nobody, unless another worker says otherwise.
    Stranger,
}

/// What an engine is made with.
pub(crate) struct Setup {
    /// Addresses announced.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) tcp: bool,
    pub(crate) bandwidth_estimation: bool,
    pub(crate) limits: Limits,
    pub(crate) worker: usize,
    pub(crate) directory: Arc<Directory>,
    /// One for all workers.
    pub(crate) clock: Clock,
}

pub(crate) struct Engine {
    connections: Connections,
    limits: Limits,
    worker: usize,
    directory: Arc<Directory>,
    events: EventSink,
    legs: Vec<Option<Box<Leg>>>,
    free: Vec<usize>,
    by_id: HashMap<LegId, usize>,
    by_ufrag: HashMap<String, usize>,
    by_peer: HashMap<Peer, usize>,
    by_track: HashMap<TrackKey, usize>,
    /// Peers of legs at other workers whose datagrams come in here.
    elsewhere: HashMap<Peer, usize>,
    /// Peers of legs here whose datagrams come in at other workers.
    taken_by: HashMap<Peer, usize>,
    spaces: HashMap<usize, Space>,
    spaces_by_id: HashMap<SpaceId, usize>,
    /// Publishing legs that are open.
    publishing: usize,
    next_space: usize,
    next_serial: u64,
    deadlines: Deadlines,
    /// Legs whose stack is to be driven in this flush.
    dirty: Vec<usize>,
    /// Spaces with packets to forward.
    busy_spaces: Vec<usize>,
    /// Kept between batches for its room.
    forwarding_to: Vec<usize>,
    /// Layers of which somebody needs a key frame.
    key_frames_wanted: Vec<(TrackKey, usize)>,
    /// What of key frames crosses the wishes for them, between workers.
    crossings: Crossings,
    /// Groups of pictures that other workers asked for.
    groups_wanted: Vec<(SpaceId, TrackKey, usize)>,
    /// What is to be told to other workers.
    notes: Vec<Addressed>,
    /// Subscribers that are to be looked at before the next tick.
    to_look_at: Vec<usize>,
    /// Subscribers on their way to where a feed is.
    catching_up: Vec<usize>,
    next_catch_up: Instant,
    taps_allowed: bool,
    /// What is for the tap.
    tapped: Vec<Tapped>,
    next_tick: Instant,
    next_health: Instant,
    stats: Stats,
}

impl Engine {
    /// # Errors
    ///
    /// No certificate could be made, or there is no address to announce.
    pub(crate) fn new(setup: Setup, events: EventSink, now: Instant) -> Result<Engine, Error> {
        let Setup { addresses, tcp, bandwidth_estimation, limits, worker, directory, clock } = setup;
        let directory_workers = directory.workers();
        Ok(Engine {
            connections: Connections::new(&addresses, tcp, bandwidth_estimation, clock)?,
            limits,
            worker,
            directory,
            events,
            legs: Vec::new(),
            free: Vec::new(),
            by_id: HashMap::new(),
            by_ufrag: HashMap::new(),
            by_peer: HashMap::new(),
            by_track: HashMap::new(),
            elsewhere: HashMap::new(),
            taken_by: HashMap::new(),
            spaces: HashMap::new(),
            spaces_by_id: HashMap::new(),
            publishing: 0,
            next_space: 0,
            next_serial: worker as u64,
            deadlines: Deadlines::default(),
            dirty: Vec::new(),
            busy_spaces: Vec::new(),
            forwarding_to: Vec::new(),
            key_frames_wanted: Vec::new(),
            crossings: Crossings::new(directory_workers),
            groups_wanted: Vec::new(),
            notes: Vec::new(),
            to_look_at: Vec::new(),
            catching_up: Vec::new(),
            next_catch_up: now,
            taps_allowed: false,
            tapped: Vec::new(),
            next_tick: now,
            next_health: now,
            stats: Stats::default(),
        })
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = self.stats;
        stats.legs_publishing = self.publishing as u64;
        stats.legs_subscribing = self.subscribing() as u64;
        stats
    }

    /// Subscribing legs that are open.
    pub(crate) fn subscribing(&self) -> usize {
        self.by_id.len() - self.publishing
    }

    fn tell(&self, event: Event) {
        (self.events)(event);
    }

    /// When [`Engine::flush`] is to be called at the latest.
    pub(crate) fn deadline(&self) -> Instant {
        let mut due = self.deadlines.next().map_or(self.next_tick, |next| next.min(self.next_tick));
        if !self.catching_up.is_empty() {
            due = due.min(self.next_catch_up);
        }
        if self.dirty.is_empty() { due } else { due.min(self.next_tick - crate::forward::rates::TICK) }
    }

    /// Forwards what came in, drives what is due, and sees after everything
    /// else that time asks for.
    pub(crate) fn flush(&mut self, now: Instant, egress: &mut dyn Egress) {
        self.forward_inbound(now, egress);
        self.look_at_subscribers(now);
        self.ask_for_key_frames(now);
        if now >= self.next_tick {
            self.tick(now, egress);
        }
        while let Some(index) = self.deadlines.pop_due(now) {
            let due =
                self.legs.get(index).and_then(Option::as_ref).is_some_and(|leg| leg.deadline() <= now + DUE_WITHIN);
            if due {
                self.advance(index, now, egress);
            } else if let Some(leg) = self.legs.get(index).and_then(Option::as_ref) {
                self.deadlines.set(index, leg.deadline());
            }
        }
        for index in std::mem::take(&mut self.dirty) {
            self.drive(index, now, egress);
        }
        self.forward_inbound(now, egress);
        self.answer_groups();
        self.catch_up(now, egress);
        egress.post(&mut self.notes);
    }

    /// Does what is due at a leg.
    fn advance(&mut self, index: usize, now: Instant, egress: &mut dyn Egress) {
        let stack_due = self.with_leg(index, |engine, leg| {
            if let Role::Subscribe(subscriber) = &mut leg.role
                && subscriber.outlet.deadline().is_some_and(|due| due <= now + DUE_WITHIN)
            {
                subscriber.outlet.advance(now, egress);
                engine.went_out(index, leg);
            }
            let due = leg.stack_deadline <= now + DUE_WITHIN;
            if !due {
                engine.deadlines.set(index, leg.deadline());
            }
            Ok(due)
        });
        if stack_due == Some(true) {
            self.drive(index, now, egress);
        }
    }

    /// Drives a leg's stack, or its feed.
    fn drive(&mut self, index: usize, now: Instant, egress: &mut dyn Egress) {
        self.with_leg(index, |engine, leg| {
            if leg.is_fed() {
                engine.release_fed(index, leg, now);
                return Ok(());
            }
            leg.rtc.handle_input(Input::Timeout(now)).map_err(|_| ClosedReason::Protocol)?;
            engine.drain(index, leg, now, egress)
        });
    }

    /// Takes all output of a leg's stack, and drives it on as long as it has
    /// something due.
    fn drain(
        &mut self,
        index: usize,
        leg: &mut Leg,
        now: Instant,
        egress: &mut dyn Egress,
    ) -> Result<(), ClosedReason> {
        let due_until = now + DUE_WITHIN;
        let mut clock = now;
        let mut timeouts = 0;
        loop {
            match leg.rtc.poll_output().map_err(|_| ClosedReason::Protocol)? {
                Output::Transmit(transmit) => {
                    let transport = if transmit.proto == Protocol::Udp { Transport::Udp } else { Transport::Tcp };
                    let to = Peer { transport, address: transmit.destination };
                    if let Role::Subscribe(subscriber) = &mut leg.role
                        && !stun::is_stun(&transmit.contents)
                    {
                        subscriber.outlet.set_route(to);
                        if is_media(&transmit.contents) {
                            continue;
                        }
                    }
                    self.stats.datagrams_out += 1;
                    self.stats.bytes_out += transmit.contents.len() as u64;
                    leg.count_out(transmit.contents.len() as u64);
                    egress.transmit(to, &transmit.contents);
                }
                Output::Event(happening) => self.happened(index, leg, happening, now)?,
                Output::Timeout(at) if at <= due_until && timeouts < TIMEOUTS_PER_DRAIN => {
                    timeouts += 1;
                    clock = clock.max(at);
                    leg.rtc.handle_input(Input::Timeout(clock)).map_err(|_| ClosedReason::Protocol)?;
                }
                Output::Timeout(at) => {
                    leg.stack_deadline = if timeouts < TIMEOUTS_PER_DRAIN { at } else { now + BREATH };
                    self.deadlines.set(index, leg.deadline());
                    return if leg.rtc.is_alive() { Ok(()) } else { Err(ClosedReason::ByPeer) };
                }
            }
        }
    }

    /// Takes what a viewer reports.
    fn hear_viewer(&mut self, index: usize, leg: &mut Leg, bytes: &[u8], now: Instant, egress: &mut dyn Egress) {
        let Role::Subscribe(subscriber) = &mut leg.role else { return };
        let mut needs_key_frame = Vec::new();
        subscriber.outlet.hear(now, bytes, &mut needs_key_frame, egress);
        for stream in needs_key_frame {
            if let Some(slot) = subscriber.slot_of_stream(stream)
                && slot.requests.take(now)
                && let (Some(attached), Some(layer)) = (&slot.attached, slot.current.or(slot.target))
            {
                self.key_frames_wanted.push((attached.key, layer));
            }
        }
        self.went_out(index, leg);
    }

    /// After an outlet sent: counts it, and keeps its time.
    fn went_out(&mut self, index: usize, leg: &mut Leg) {
        let Role::Subscribe(subscriber) = &mut leg.role else { return };
        let (datagrams, bytes) = subscriber.outlet.take_sent();
        self.stats.datagrams_out += datagrams;
        self.stats.bytes_out += bytes;
        leg.count_out(bytes);
        self.deadlines.set(index, leg.deadline());
    }

    fn happened(
        &mut self,
        index: usize,
        leg: &mut Leg,
        happening: Happening,
        now: Instant,
    ) -> Result<(), ClosedReason> {
        match (happening, &mut leg.role) {
            (Happening::RtpPacket(packet), Role::Publish(publisher)) => {
                self.stats.packets_in += 1;
                let level = packet.header.ext_vals.audio_level;
                let Some(packet) = publisher.accept(&mut leg.rtc, packet, now) else { return Ok(()) };
                self.tapped.extend(publisher.for_tap(&packet));
                if let (Some(level), Some(space)) = (level, self.spaces.get_mut(&leg.space)) {
                    space.speakers.hear(index, level, now);
                }
                self.hand_in(leg.space, [packet]);
            }
            (Happening::MediaIngressStats(stats), Role::Publish(publisher)) => {
                publisher.loss = stats.loss.unwrap_or(0.0);
                publisher.round_trip_ms = stats.rtt.map(|rtt| rtt.as_secs_f32() * 1_000.0);
            }
            (Happening::Connected, _) => {
                leg.connected = true;
                leg.connect_by = None;
                self.to_look_at.push(index);
                self.tell(Event::Connected { leg: leg.id.clone() });
            }
            (Happening::Closed, _) => return Err(ClosedReason::ByPeer),
            _ => {}
        }
        Ok(())
    }

    /// Lends a leg out beside the engine. An error, or a panic, ends this leg
    /// and nothing else.
    fn with_leg<R>(
        &mut self,
        index: usize,
        work: impl FnOnce(&mut Engine, &mut Leg) -> Result<R, ClosedReason>,
    ) -> Option<R> {
        let mut leg = self.legs.get_mut(index)?.take()?;
        let outcome = catch_unwind(AssertUnwindSafe(|| work(self, &mut leg)));
        match outcome {
            Ok(Ok(result)) => {
                self.legs[index] = Some(leg);
                Some(result)
            }
            Ok(Err(reason)) => {
                self.forget(index, *leg, reason);
                None
            }
            Err(_) => {
                tracing::error!(leg = %leg.id, "a fault in the media engine closed this leg");
                self.stats.leg_faults += 1;
                self.forget(index, *leg, ClosedReason::Fault);
                None
            }
        }
    }

    /// Removes a leg from wherever it is known, and tells.
    fn forget(&mut self, index: usize, leg: Leg, reason: ClosedReason) {
        self.by_id.remove(&leg.id);
        self.directory.leave(&leg.id, self.worker);
        for ufrag in &leg.ufrags {
            self.by_ufrag.remove(ufrag);
            self.directory.forgets(ufrag);
        }
        for peer in &leg.addresses {
            self.forget_address(index, *peer);
        }
        self.by_track.retain(|_, owner| *owner != index);
        self.crossings.keep(|track| self.by_track.contains_key(&track));
        if let Role::Publish(publisher) = &leg.role
            && publisher.tap.is_some()
        {
            self.tapped.push(Tapped::Ended { tap: publisher.tap_key() });
        }
        self.catching_up.retain(|other| *other != index);
        let published = matches!(leg.role, Role::Publish(_));
        self.publishing -= usize::from(published);
        if let Some(space) = self.spaces.get_mut(&leg.space) {
            space.legs.retain(|other| *other != index);
            space.speakers.remove(index);
        }
        if published {
            self.relay_publisher_gone(leg.space, &leg.id);
        }
        self.leave_space(leg.space);
        self.free.push(index);
        self.tell(Event::Closed { leg: leg.id, reason });
        if published {
            self.reconcile_space(leg.space);
        }
    }

    /// Forgets a space that nobody is in, here or at a follower.
    fn leave_space(&mut self, index: usize) {
        let deserted = |space: &Space| space.legs.is_empty() && space.followers.is_empty();
        if !self.spaces.get(&index).is_some_and(deserted) {
            return;
        }
        let Some(space) = self.spaces.remove(&index) else { return };
        self.spaces_by_id.remove(&space.id);
        let home = self.directory.home(&space.id);
        if home == self.worker {
            self.tell(Event::Traffic { space: space.id, traffic: Traffic::default() });
        } else {
            self.note(home, Note::Unfollow { space: space.id, worker: self.worker });
        }
    }
}
