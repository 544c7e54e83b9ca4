//! What fuzzing calls: the readers of bytes from outside, through the engine's own doors.
//!
//! Each function panics where something does not hold. `tests/corpora.rs` replays the corpora with them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::directory::Directory;
use crate::engine::{Addressed, Egress, Engine, Peer, Setup, TrackKey, Transport};
use crate::feed::Packetizer;
use crate::forward::key_frame;
use crate::forward::rewrite::{Incoming, Rewriter, SourceId};
use crate::forward::scaler::{Admitted, Scaler};
use crate::forward::scaling::Scaling;
use crate::net::take_frames;
use crate::payload::dependency::DECODE_TARGETS;
use crate::payload::{self, h264, red};
use crate::sending::Clock;
use crate::tap::{TapKey, TapPacket, Tapped, TappedTrack, Taps};
use crate::{
    Codec, Command, Event, FeedCodec, Kind, LegId, Limits, Source, SpaceId, TAP_HOLD_MS, TapFrame, TapSink, TapWants,
    TrackId,
};

#[derive(Default)]
struct Nowhere(Vec<u8>);

impl Egress for Nowhere {
    fn room(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }

    fn launch(&mut self, _: Peer, start: usize, _: usize) {
        self.0.truncate(start);
    }

    fn post(&mut self, notes: &mut Vec<Addressed>) {
        notes.clear();
    }
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
        let limits = Limits::default();
        let setup = Setup {
            addresses: vec![address],
            tcp: true,
            bandwidth_estimation: true,
            limits,
            worker: 0,
            directory: Arc::new(Directory::new(1, limits)),
            clock: Clock::new(now),
        };
        let engine = Engine::new(setup, sink, now).expect("an engine");
        Tried { engine, events, now }
    }

    fn command(&mut self, command: Command) -> Vec<Event> {
        self.engine.command(self.now, command, &mut Nowhere::default());
        self.engine.flush(self.now, &mut Nowhere::default());
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
        tried.engine.receive(tried.now, from, datagram, &mut Nowhere::default());
        tried.engine.flush(tried.now, &mut Nowhere::default());
        rest = tail;
    }
    tried.end();
}

/// RTCP of a viewer to whom packets were sent, as `[length, bytes…]`: it is read or passed over.
pub fn reports(bytes: &[u8]) {
    crate::sending::take_reports(&parts(bytes));
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

/// Packets of a scalable encoding, as `[kind, length, descriptor…, length,
/// payload…]`: what a viewer of any of its layers gets has no gap in its numbers.
pub fn scaling(bytes: &[u8]) {
    let now = Instant::now();
    let (mut scaling, mut scaler, mut rewriter) = (Scaling::default(), Scaler::default(), Rewriter::new(90_000));
    scaler.start();
    let (mut sequence, mut last) = (0u64, None);
    let mut rest = bytes;
    while let Some((&kind, tail)) = rest.split_first() {
        let (descriptor, tail) = part(tail);
        let (payload, tail) = part(tail);
        rest = tail;
        let codec = [Codec::Vp8, Codec::Vp9, Codec::Av1, Codec::H264][usize::from(kind % 4)];
        let (scale, _) = scaling.read(codec, Some(descriptor).filter(|_| kind & 0x80 == 0), payload);
        let steps = scaling.rungs();
        assert!(steps.len() <= DECODE_TARGETS, "more layers than a descriptor can tell");
        scaler.want(steps.get(usize::from(kind >> 2) % steps.len().max(1)).map(|rung| rung.target));
        sequence += 1;
        let timestamp = u32::from(kind >> 5) * 3_000;
        let packet = Incoming { source: SourceId(1), sequence, timestamp, arrived: now, clock: None };
        if rewriter.source().is_none() {
            rewriter.switch(&packet);
        }
        match scale.map(|scale| scaler.admit(&scale, kind & 0x40 != 0, sequence, timestamp)) {
            Some(Admitted::LeftOut) => rewriter.leave_out(&packet),
            _ => {
                let out = rewriter.forward(&packet).expect("of its source").sequence;
                assert!(last.is_none_or(|last| out == last + 1), "a gap");
                last = Some(out);
            }
        }
    }
}

/// A part of the form `[length, bytes…]`, and what follows it.
fn part(bytes: &[u8]) -> (&[u8], &[u8]) {
    let Some((&length, tail)) = bytes.split_first() else { return (&[], &[]) };
    tail.split_at(usize::from(length).min(tail.len()))
}

/// Parts of the form `[length, bytes…]`.
fn parts(bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (part, tail) = self::part(rest);
        parts.push(part);
        rest = tail;
    }
    parts
}

/// Payloads of one frame, as `[length, bytes…]`: what is made of them has the form that it says.
pub fn depacketize(bytes: &[u8]) {
    let payloads = parts(bytes);
    for codec in [Codec::Opus, Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1] {
        let Ok(Some(frame)) = payload::frame(codec, &payloads) else { continue };
        assert!(!frame.data.is_empty());
        if codec == Codec::H264 {
            let units = h264::units(&frame.data).expect("lengths that fit");
            let again: Vec<_> = h264::packets(&units, 100);
            assert!(again.iter().all(|packet| !packet.is_empty() && packet.len() <= 100));
            let payloads: Vec<&[u8]> = again.iter().map(|packet| &packet[..]).collect();
            if units.iter().all(|unit| (1..=23).contains(&h264::kind(unit))) && !units.is_empty() {
                let whole = payload::frame(codec, &payloads).expect("what was packed").expect("something");
                assert_eq!(h264::units(&whole.data), Ok(units));
            }
        }
    }
    if let Ok(blocks) = red::blocks(bytes) {
        assert!(blocks.iter().map(|block| block.payload.len()).sum::<usize>() < bytes.len());
    }
}

/// Samples that are fed, as `[length, bytes…]`: they are packed or refused.
pub fn feed(bytes: &[u8]) {
    for codec in [FeedCodec::H264, FeedCodec::Opus] {
        let mut packetizer = Packetizer::new(codec);
        for sample in std::iter::once(bytes).chain(parts(bytes)) {
            let Ok(Some(packetized)) = packetizer.packetize(sample) else { continue };
            assert!(packetized.payloads.iter().all(|payload| !payload.is_empty() && payload.len() <= 1_150));
        }
    }
}

/// Packets of a tapped leg, as `[length, how, bytes…]`: what comes out goes forward in time, begins with a key
/// frame, and again after each gap.
pub fn tap(bytes: &[u8]) {
    let frames: Arc<Mutex<Vec<TapFrame>>> = Arc::default();
    let sink = frames.clone();
    let mut now = Instant::now();
    let mut taps = Taps::new(now, TapSink(Arc::new(move |frame| sink.lock().expect("plain vector").push(frame))));
    let track = |key: u64, kind: Kind, layers: usize| TappedTrack {
        key: TrackKey(key),
        track: TrackId::parse(&format!("track_trial_{key}")).expect("well formed"),
        kind,
        source: Source::Camera,
        rids: (0..layers).map(|layer| layer.to_string()).collect(),
    };
    let tracks = vec![track(0, Kind::Video, 2), track(1, Kind::Audio, 1)];
    let wants = TapWants { key_frame_every_ms: 1_000 };
    taps.take(now, Tapped::Leg { tap: TapKey(0), leg: leg("leg_p"), wants, tracks });
    let (mut sequence, mut timestamp) = (100u64, 0u32);
    for part in parts(bytes) {
        let Some((&how, payload)) = part.split_first() else { continue };
        sequence = sequence.saturating_add_signed(i64::from(how & 0x07) - 2);
        timestamp = timestamp.wrapping_add(u32::from(how >> 6) * 3_000);
        now += Duration::from_millis(u64::from(how >> 5) * 7);
        let video = how & 0x08 == 0;
        let codecs = [Codec::H264, Codec::Vp8, Codec::Vp9, Codec::Av1];
        let packet = TapPacket {
            tap: TapKey(0),
            track: TrackKey(u64::from(!video)),
            layer: usize::from(how >> 4 & 1),
            source: SourceId(u64::from(how >> 4 & 1)),
            codec: if video { codecs[payload.len() % codecs.len()] } else { Codec::Opus },
            red: payload.len().is_multiple_of(2),
            sequence,
            timestamp,
            marker: how & 0x20 != 0,
            arrived: now,
            clock: None,
            payload: payload.into(),
        };
        taps.take(now, Tapped::Packet(packet));
        taps.advance(now);
    }
    taps.advance(now + Duration::from_millis(TAP_HOLD_MS));
    let frames = frames.lock().expect("plain vector");
    for kind in [Kind::Video, Kind::Audio] {
        let of_kind: Vec<&TapFrame> = frames.iter().filter(|frame| frame.kind == kind).collect();
        assert!(of_kind.first().is_none_or(|first| first.key_frame && !first.discontinuity));
        assert!(of_kind.windows(2).all(|pair| pair[0].timestamp_us < pair[1].timestamp_us));
        assert!(of_kind.iter().all(|frame| !frame.discontinuity || frame.key_frame));
        assert!(of_kind.windows(2).all(|pair| pair[0].rid == pair[1].rid || pair[1].key_frame));
    }
}
