//! A world in virtual time: the engines of some workers, real WebRTC clients, and
//! links that delay, lose and hold up. With several workers viewers are mostly
//! at another than their publishers, and datagrams come in wherever they like.
//! Nothing sleeps and nothing depends on luck: one seed, one course of events.

mod joining;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpOffer};
use str0m::media::KeyframeRequestKind;
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event as Happening, Input, Output, RtcConfig};

use super::camera::{AUDIO_EVERY, FRAME_EVERY};
use super::client::strip_rtx;
pub(in crate::engine::tests) use super::client::{Client, Link, Seen, by_picture, config, frame};
use super::sealed::Sealed;
use super::workers::Workers;
use crate::engine::Engine;
use crate::engine::leg::Role;
use crate::sending::{Outlet, Overheard};
use crate::tap::{ADVANCE_EVERY, Taps};
use crate::{Command, Event, FeedFrame, Kind, LegId, Limits, SpaceId, Stats, TapFrame, TapSink, TrackId};

pub(in crate::engine::tests) const SERVER: &str = "10.0.0.1:5004";

pub(in crate::engine::tests) fn leg(name: &str) -> LegId {
    LegId::parse(&format!("leg_{name}")).unwrap()
}

pub(in crate::engine::tests) fn space(name: &str) -> SpaceId {
    SpaceId::parse(&format!("room_{name}")).unwrap()
}

struct InFlight {
    to_server: bool,
    client: SocketAddr,
    bytes: Vec<u8>,
}

pub(in crate::engine::tests) struct WorldOf<const WORKERS: usize> {
    pub(in crate::engine::tests) now: Instant,
    pub(in crate::engine::tests) workers: Workers<WORKERS>,
    pub(in crate::engine::tests) clients: Vec<Client>,
    told: Arc<Mutex<Vec<Event>>>,
    pub(in crate::engine::tests) events: Vec<Event>,
    taps: Taps,
    next_advance: Instant,
    tapped: Arc<Mutex<Vec<TapFrame>>>,
    flying: BinaryHeap<Reverse<(Instant, u64)>>,
    cargo: std::collections::HashMap<u64, InFlight>,
    flights: u64,
    pub(in crate::engine::tests) sealed: Sealed,
    random: u64,
}

impl<const WORKERS: usize> WorldOf<WORKERS> {
    pub(in crate::engine::tests) fn new(seed: u64) -> Self {
        Self::with_limits(seed, Limits::default())
    }

    pub(in crate::engine::tests) fn with_limits(seed: u64, limits: Limits) -> Self {
        let now = Instant::now();
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = told.clone();
        let events: crate::EventSink = Arc::new(move |event| sink.lock().unwrap().push(event));
        let workers = Workers::new(limits, &events, now);
        let tapped: Arc<Mutex<Vec<TapFrame>>> = Arc::default();
        let frames = tapped.clone();
        let taps = Taps::new(now, TapSink(Arc::new(move |frame| frames.lock().unwrap().push(frame))));
        WorldOf {
            now,
            workers,
            clients: Vec::new(),
            told,
            events: Vec::new(),
            taps,
            next_advance: now,
            tapped,
            flying: BinaryHeap::new(),
            cargo: std::collections::HashMap::new(),
            flights: 0,
            sealed: Sealed::default(),
            random: seed.max(1),
        }
    }

    fn chance(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(in crate::engine::tests) fn command(&mut self, command: Command) {
        self.order(command);
        self.hear();
    }

    fn order(&mut self, command: Command) {
        let sent = self.workers.order(self.now, &command);
        self.launch(sent);
    }

    pub(in crate::engine::tests) fn stats(&self) -> Stats {
        self.workers.stats().iter().fold(Stats::default(), |all, one| all.plus(one))
    }

    pub(in crate::engine::tests) fn feed(&mut self, name: &str, frame: &FeedFrame) {
        let worker = self.workers.of(&leg(name));
        let sent = self.workers.with(self.now, worker, |engine, now, outbox| {
            engine.feed(now, &leg(name), frame);
            engine.flush(now, outbox);
        });
        self.launch(sent);
        self.hear();
    }

    /// What the tap gave since this was last asked.
    pub(in crate::engine::tests) fn tapped(&mut self) -> Vec<TapFrame> {
        std::mem::take(&mut *self.tapped.lock().unwrap())
    }

    pub(in crate::engine::tests) fn taps_frames(&self) -> u64 {
        self.taps.frames
    }

    pub(in crate::engine::tests) fn pause_layer(&mut self, index: usize, layer: usize, paused: bool) {
        self.clients[index].sends.as_mut().unwrap().encodings[layer].paused = paused;
    }

    /// A client restarts ICE with new credentials; its own part of it.
    pub(in crate::engine::tests) fn restart_ice(&mut self, index: usize, ufrag: &str, pwd: &str) {
        let leg = self.clients[index].leg.clone();
        self.command(Command::RestartByPeer { leg: leg.clone(), ufrag: ufrag.to_owned(), pwd: pwd.to_owned() });
        let answer = self.events.iter().rev().find_map(|event| match event {
            Event::Restarted { leg: it, ufrag, pwd, .. } if *it == leg => Some((ufrag.clone(), pwd.clone())),
            _ => None,
        });
        let (theirs, their_pwd) = answer.unwrap();
        let now = self.now;
        let client = &mut self.clients[index];
        let mut direct = client.rtc.direct_api();
        direct.set_local_ice_credentials(str0m::IceCreds { ufrag: ufrag.to_owned(), pass: pwd.to_owned() });
        direct.set_remote_ice_credentials(str0m::IceCreds { ufrag: theirs, pass: their_pwd });
        client.deadline = now;
    }

    fn tap(&mut self) {
        for engine in &mut self.workers.engines {
            for tapped in std::mem::take(engine.tapped()) {
                self.taps.take(self.now, tapped);
            }
        }
        if self.next_advance <= self.now {
            self.next_advance = self.now + ADVANCE_EVERY;
            self.taps.advance(self.now);
            for (track, layer) in std::mem::take(&mut self.taps.wanted) {
                // As with threads, each taps its own.
                for engine in self.workers.engines.iter_mut().filter(|engine| engine.by_track.contains_key(&track)) {
                    engine.want_key_frame(track, layer);
                }
            }
        }
    }

    fn client(&mut self, name: &str, config: RtcConfig) -> Client {
        let address = SocketAddr::from(([10, 1, 0, self.clients.len() as u8 + 1], 40_000));
        let mut rtc = config.build(self.now);
        let overheard = Overheard::last_made();
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        Client {
            leg: leg(name),
            address,
            seen_at: address,
            rtc,
            link: Link::default(),
            link_free_at: self.now,
            deadline: self.now,
            sends: None,
            pending: None,
            seen: Vec::new(),
            key_frames_asked: 0,
            muted: false,
            answers: true,
            overheard,
            knows_rtx: true,
            wire: None,
        }
    }

    /// Plays on for this long.
    pub(in crate::engine::tests) fn run(&mut self, ms: u64) {
        let until = self.now + Duration::from_millis(ms);
        while self.step(until) {}
        self.now = until;
    }

    /// Plays on until something is true; fails the test after `ms`.
    pub(in crate::engine::tests) fn until(
        &mut self,
        ms: u64,
        what: &str,
        mut met: impl FnMut(&Self) -> bool,
    ) -> Duration {
        let (start, end) = (self.now, self.now + Duration::from_millis(ms));
        while !met(self) {
            assert!(self.step(end), "{what}: not within {ms} ms; told: {:#?}", self.events);
        }
        self.now - start
    }

    /// The first picture that was published.
    pub(in crate::engine::tests) fn video_track(&self) -> TrackId {
        let video = |event: &Event| match event {
            Event::Tracks { tracks, .. } => {
                tracks.iter().find(|track| track.kind == Kind::Video).map(|track| track.track.clone())
            }
            _ => None,
        };
        self.events.iter().find_map(video).unwrap()
    }

    pub(in crate::engine::tests) fn was_told(&self, met: impl Fn(&Event) -> bool) -> bool {
        self.events.iter().any(met)
    }

    pub(in crate::engine::tests) fn connected(&self, name: &str) -> bool {
        self.was_told(|event| matches!(event, Event::Connected { leg: it } if *it == leg(name)))
    }

    /// Goes to the next thing that happens; `false`: nothing before `until`.
    fn step(&mut self, until: Instant) -> bool {
        let flight = self.flying.peek().map(|Reverse((at, _))| *at);
        let client = |client: &Client| {
            let media = client.sends.as_ref().filter(|_| !client.muted && client.rtc.is_connected());
            media.map_or(client.deadline, |sends| client.deadline.min(sends.next_frame).min(sends.next_audio))
        };
        let clients = self.clients.iter().map(client).min();
        let advance = (!self.taps.is_empty()).then_some(self.next_advance);
        let engines = self.workers.engines.iter().map(Engine::deadline).min();
        let Some(next) = [flight, clients, advance, engines].into_iter().flatten().min() else {
            return false;
        };
        if next > until {
            return false;
        }
        self.now = self.now.max(next);
        self.deliver();
        for index in 0..self.clients.len() {
            self.produce(index);
            if self.clients[index].deadline <= self.now {
                self.clients[index].rtc.handle_input(Input::Timeout(self.now)).unwrap();
                self.drain(index);
            }
        }
        self.tap();
        for worker in 0..WORKERS {
            let sent = self.workers.with(self.now, worker, |engine, now, outbox| engine.flush(now, outbox));
            self.launch(sent);
        }
        self.hear();
        true
    }

    fn deliver(&mut self) {
        while let Some(Reverse((at, flight))) = self.flying.peek().copied() {
            if at > self.now {
                return;
            }
            self.flying.pop();
            let cargo = self.cargo.remove(&flight).unwrap();
            if cargo.to_server {
                let Some(client) = self.clients.iter().find(|client| client.address == cargo.client) else { continue };
                let sent = self.workers.come_in(self.now, client.seen_at, &cargo.bytes);
                self.launch(sent);
            } else if let Some(index) = self.clients.iter().position(|client| client.address == cargo.client) {
                let client = &mut self.clients[index];
                let receive =
                    Receive::new(Protocol::Udp, SERVER.parse().unwrap(), client.address, &cargo.bytes).unwrap();
                client.rtc.handle_input(Input::Receive(self.now, receive)).unwrap();
                self.drain(index);
            }
        }
    }

    fn launch(&mut self, sent: Vec<(SocketAddr, Vec<u8>)>) {
        for (seen_at, bytes) in sent {
            let Some(client) = self.clients.iter_mut().find(|client| client.seen_at == seen_at) else { continue };
            if let Some(wire) = &mut client.wire {
                wire.push(bytes.clone());
            }
            let address = client.address;
            self.sealed.note(address, &bytes);
            self.fly(false, address, bytes);
        }
    }

    fn fly(&mut self, to_server: bool, client: SocketAddr, bytes: Vec<u8>) {
        let chance = self.chance();
        let now = self.now;
        let Some(index) = self.clients.iter().position(|candidate| candidate.address == client) else { return };
        let end = &mut self.clients[index];
        if end.link.cut || chance < end.link.loss {
            return;
        }
        let mut leaves = now;
        if let Some(rate_bps) = end.link.rate_bps.filter(|_| !to_server) {
            // A router that holds 200 ms of traffic and drops the rest.
            leaves = end.link_free_at.max(now);
            if leaves > now + Duration::from_millis(200) {
                return;
            }
            leaves += Duration::from_secs_f64(bytes.len() as f64 * 8.0 / rate_bps as f64);
            end.link_free_at = leaves;
        }
        let Link { delay, jitter, doubled, .. } = end.link.clone();
        let twice = doubled > 0.0 && self.chance() < doubled;
        for _ in 0..if twice { 2 } else { 1 } {
            let late = if jitter.is_zero() { Duration::ZERO } else { jitter.mul_f64(self.chance()) };
            self.flights += 1;
            self.flying.push(Reverse((leaves + delay + late, self.flights)));
            self.cargo.insert(self.flights, InFlight { to_server, client, bytes: bytes.clone() });
        }
    }

    fn drain(&mut self, index: usize) {
        loop {
            let now = self.now;
            let client = &mut self.clients[index];
            let Ok(output) = client.rtc.poll_output() else {
                // A client whose handshake ran out gives up.
                client.deadline = now + Duration::from_secs(3_600);
                return;
            };
            match output {
                Output::Timeout(at) if at <= now => client.rtc.handle_input(Input::Timeout(now)).unwrap(),
                Output::Timeout(at) => {
                    client.deadline = at;
                    return;
                }
                Output::Transmit(transmit) => {
                    let address = client.address;
                    self.fly(true, address, transmit.contents.into());
                }
                Output::Event(Happening::RtpPacket(packet)) => client.see(packet),
                Output::Event(Happening::KeyframeRequest(request)) => {
                    client.key_frames_asked += 1;
                    assert_eq!(request.kind, KeyframeRequestKind::Pli);
                    for encoding in client.sends.iter_mut().flat_map(|sends| &mut sends.encodings) {
                        encoding.wants_key |= encoding.rid == request.rid;
                    }
                }
                Output::Event(_) => {}
            }
        }
    }

    fn produce(&mut self, index: usize) {
        let now = self.now;
        let client = &mut self.clients[index];
        let Some(mut sends) = client.sends.take() else { return };
        let live = client.rtc.is_connected() && !client.muted;
        let mut wrote = false;
        if live && sends.next_audio <= now {
            sends.next_audio = now + AUDIO_EVERY;
            wrote |= sends.audio(&mut client.rtc, now);
        }
        if live && sends.next_frame <= now {
            sends.next_frame = now + FRAME_EVERY;
            wrote |= sends.frames(&mut client.rtc, now);
        }
        self.clients[index].sends = Some(sends);
        if wrote {
            self.clients[index].rtc.handle_input(Input::Timeout(now)).unwrap();
            self.drain(index);
        }
    }

    /// Takes what the engine told, and does what a client does about it.
    fn hear(&mut self) {
        loop {
            let told = std::mem::take(&mut *self.told.lock().unwrap());
            if told.is_empty() {
                return;
            }
            for event in told {
                self.events.push(event.clone());
                match event {
                    Event::Answer { leg, sdp } => {
                        let Some(client) = self.clients.iter_mut().find(|client| client.leg == leg) else { continue };
                        let pending = client.pending.take().unwrap();
                        let answer = SdpAnswer::from_sdp_string(&sdp).unwrap();
                        client.rtc.sdp_api().accept_answer(pending, answer).unwrap();
                        client.deadline = self.now;
                    }
                    Event::Offer { leg, generation, sdp, .. } => {
                        let Some(client) = self.clients.iter_mut().find(|client| client.leg == leg) else { continue };
                        if !client.answers {
                            continue;
                        }
                        let sdp = if client.knows_rtx { sdp } else { strip_rtx(&sdp) };
                        let offer = SdpOffer::from_sdp_string(&sdp).unwrap();
                        let sdp = client.rtc.sdp_api().accept_offer(offer).unwrap().to_sdp_string();
                        client.deadline = self.now;
                        self.order(Command::Answer { leg, generation, sdp });
                    }
                    _ => {}
                }
            }
        }
    }

    /// Throws random datagrams at the engine, from strangers and in the name of clients.
    pub(in crate::engine::tests) fn throw_garbage(&mut self, count: usize) {
        for _ in 0..count {
            let length = (self.chance() * 300.0) as usize;
            let mut bytes: Vec<u8> = (0..length).map(|_| (self.chance() * 256.0) as u8).collect();
            let kinds = [0u8, 1, 22, 23, 128, 144, 200];
            if let Some(first) = bytes.first_mut() {
                *first = kinds[(self.chance() * kinds.len() as f64) as usize];
            }
            let client = (self.chance() * (self.clients.len() + 1) as f64) as usize;
            let stranger = SocketAddr::from(([10, 9, 9, 9], 1));
            let address = self.clients.get(client).map_or(stranger, |client| client.address);
            let sent = self.workers.come_in(self.now, address, &bytes);
            self.launch(sent);
        }
        self.hear();
    }

    /// A datagram of a client comes in.
    pub(in crate::engine::tests) fn say(&mut self, index: usize, datagram: &[u8]) {
        let sent = self.workers.come_in(self.now, self.clients[index].seen_at, datagram);
        self.launch(sent);
        self.hear();
    }

    pub(in crate::engine::tests) fn sent_to(&self, index: usize) -> u64 {
        self.sealed.bytes(self.clients[index].address)
    }

    pub(in crate::engine::tests) fn set_audio_level(&mut self, index: usize, level: i8) {
        self.clients[index].sends.as_mut().unwrap().audio_level = level;
    }

    pub(in crate::engine::tests) fn set_video_timestamp(&mut self, index: usize, timestamp: u32) {
        for encoding in &mut self.clients[index].sends.as_mut().unwrap().encodings {
            encoding.timestamp_base = timestamp;
        }
    }

    /// Has a publisher send its video under this SSRC.
    pub(in crate::engine::tests) fn set_video_ssrc(&mut self, index: usize, ssrc: u32) {
        let client = &mut self.clients[index];
        let mid = client.sends.as_ref().unwrap().video;
        client.rtc.direct_api().reset_stream_tx(mid, None, ssrc.into(), Some((ssrc + 1).into())).unwrap();
    }

    /// Sends one packet of a picture with so many bytes of payload and of a descriptor.
    pub(in crate::engine::tests) fn send_packet(&mut self, index: usize, payload: usize, descriptor: usize) {
        let now = self.now;
        let client = &mut self.clients[index];
        let mut sends = client.sends.take().unwrap();
        sends.packet(&mut client.rtc, now, payload, descriptor);
        client.sends = Some(sends);
        client.rtc.handle_input(Input::Timeout(now)).unwrap();
        self.drain(index);
    }

    pub(in crate::engine::tests) fn estimate_bps(&mut self, name: &str) -> u64 {
        self.outlet(name).estimate_bps().unwrap()
    }

    pub(in crate::engine::tests) fn outlet(&mut self, name: &str) -> &mut Outlet {
        let worker = self.workers.of(&leg(name));
        let engine = &mut self.workers.engines[worker];
        let index = engine.by_id[&leg(name)];
        let Role::Subscribe(subscriber) = &mut engine.legs[index].as_mut().unwrap().role else { panic!("no viewer") };
        &mut subscriber.outlet
    }

    pub(in crate::engine::tests) fn set_video_sequence(&mut self, index: usize, sequence: u64) {
        self.clients[index].sends.as_mut().unwrap().encodings[0].sequence = sequence;
    }
}
