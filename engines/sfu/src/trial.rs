//! What fuzzing calls: the readers of bytes from outside, through the engine's own doors.
//!
//! Each function panics where something does not hold. `tests/corpora.rs` replays the corpora with them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::engine::{Egress, Engine, Peer, Transport};
use crate::forward::key_frame;
use crate::net::take_frames;
use crate::{Codec, Command, Event, LegId, Limits, SpaceId};

struct Nowhere;

impl Egress for Nowhere {
    fn transmit(&mut self, _: Peer, _: Vec<u8>) {}
}

struct Tried {
    engine: Engine,
    events: Arc<Mutex<Vec<Event>>>,
    now: Instant,
}

impl Tried {
    fn new() -> Tried {
        let events: Arc<Mutex<Vec<Event>>> = Arc::default();
        let heard = events.clone();
        let sink: crate::EventSink = Arc::new(move |event| heard.lock().expect("plain vector").push(event));
        let now = Instant::now();
        let address: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 5_004));
        let engine = Engine::new(&[address], true, true, Limits::default(), sink, now).expect("an engine");
        Tried { engine, events, now }
    }

    fn command(&mut self, command: Command) -> Vec<Event> {
        self.engine.command(self.now, command, &mut Nowhere);
        self.engine.flush(self.now, &mut Nowhere);
        std::mem::take(&mut self.events.lock().expect("plain vector"))
    }

    /// No leg met a fault of ours.
    fn end(&self) {
        assert_eq!(self.engine.stats().leg_faults, 0, "a leg panicked");
    }
}

fn leg(name: &str) -> LegId {
    LegId::parse(name).expect("well formed")
}

/// A stranger's session description, as a publisher's offer and as a viewer's answer: it is taken or refused.
pub fn session_description(bytes: &[u8]) {
    let Ok(sdp) = std::str::from_utf8(bytes) else { return };
    let mut tried = Tried::new();
    let space = SpaceId::parse("room_trial").expect("well formed");
    let offer =
        Command::OpenPublish { leg: leg("leg_p"), space: space.clone(), offer: sdp.to_owned(), sources: vec![] };
    let said = tried.command(offer);
    let answered = said.iter().filter(|event| matches!(event, Event::Answer { .. } | Event::Refused { .. })).count();
    assert_eq!(answered, 1, "an offer has one answer: {said:?}");
    tried.command(Command::OpenSubscribe { leg: leg("leg_s"), space });
    tried.command(Command::Route { leg: leg("leg_s"), generation: 1, hears: crate::Hears::Everyone });
    tried.command(Command::Answer { leg: leg("leg_s"), generation: 1, sdp: sdp.to_owned() });
    tried.end();
}

/// Datagrams of strangers and of somebody whose leg is open: `[length, bytes…]` after `[length, bytes…]`.
pub fn datagrams(bytes: &[u8]) {
    let mut tried = Tried::new();
    let space = SpaceId::parse("room_trial").expect("well formed");
    tried.command(Command::OpenSubscribe { leg: leg("leg_s"), space });
    tried.command(Command::Route { leg: leg("leg_s"), generation: 1, hears: crate::Hears::Everyone });
    let from = Peer { transport: Transport::Udp, address: SocketAddr::from(([127, 0, 0, 1], 40_000)) };
    let mut rest = bytes;
    while let Some((&length, tail)) = rest.split_first() {
        let (datagram, tail) = tail.split_at(usize::from(length).min(tail.len()));
        tried.engine.receive(tried.now, from, datagram, &mut Nowhere);
        tried.engine.flush(tried.now, &mut Nowhere);
        rest = tail;
    }
    tried.end();
}

/// What comes by an ICE-TCP connection (RFC 4571): frames are handed out once and whole, however they are cut.
pub fn tcp_frames(bytes: &[u8]) {
    let mut whole = Vec::new();
    let Ok(used) = take_frames(bytes, |frame| whole.push(frame.to_vec())) else { return };
    assert!(used <= bytes.len());
    let mut pieces = Vec::new();
    let mut held: Vec<u8> = Vec::new();
    for byte in bytes {
        held.push(*byte);
        let used = take_frames(&held, |frame| pieces.push(frame.to_vec())).expect("the whole was taken");
        held.drain(..used);
    }
    assert_eq!(whole, pieces);
}

/// Payloads of media, of which the engine reads the beginning.
pub fn payload(bytes: &[u8]) {
    for codec in [Codec::Opus, Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1] {
        let _ = key_frame::starts_key_frame(codec, bytes);
        let _ = key_frame::height_px(codec, bytes);
    }
}
