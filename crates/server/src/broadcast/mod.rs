//! What becomes of broadcasts beside their live picture: HLS for the crowd, recordings, pictures; and encoders over RTMP.
//!
//! ```text
//!  tap of the SFU ──┐
//!  RTMP ─► feed ────┴─► [bounded queue] ─► thread of the broadcast ─► window in memory ─► HLS over HTTP
//!            │                                    └─► recording ─► film
//!            └─► SFU ─► viewers over WebRTC
//! ```
//!
//! What is packaged is desired state ([`Effect::Package`](hearth_capabilities::Effect)): here it is made real.
//!
//! * [`packaging`]: the thread of a broadcast.
//! * [`ladder`]: smaller sizes of it, where somebody watches them and the machine bears it.
//! * [`feed`], [`rtmp`]: an encoder's media, and who may send it.
//! * [`films`]: recordings in the store and on disk.
//! * [`pass`], [`crowd`], [`http`]: who may fetch HLS, how many do, and what they are answered.
//! * [`ranges`]: which part of a film's file is wanted.

pub mod announce;
pub mod crowd;
pub mod feed;
pub mod films;
pub mod http;
pub mod ladder;
pub mod packaging;
pub mod pass;
pub mod picture;
pub mod ranges;
pub mod rtmp;

use bytes::Bytes;
use hearth_capabilities::{Input, Packaged};
use hearth_media::Frame;
use hearth_protocol::ids::{LegId, SpaceId};
use hearth_protocol::media::{Conversion, Source, Via};
use hearth_sfu::{Command, TapFrame, TapWants};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use crate::node::Node;
use crate::node::machine::Mail;
use feed::Feeds;
use ladder::Places;
use packaging::Room;
use pass::Passes;

/// A key frame this often: it is where a segment may begin.
const KEY_FRAME_EVERY_MS: u32 = 2_000;
/// How often rooms are told how many watch by HLS.
const COUNT_EVERY: Duration = Duration::from_secs(2);
/// How long what has ended can be watched to its end.
const LINGER: Duration = Duration::from_secs(60);

/// The broadcasts of this node.
#[derive(Default)]
pub struct Broadcasts {
    rooms: RwLock<HashMap<SpaceId, Arc<Room>>>,
    by_leg: RwLock<HashMap<LegId, Arc<Room>>>,
    conversions: Mutex<HashMap<SpaceId, BTreeSet<Conversion>>>,
    ladders: Places,
    feeds: Feeds,
    passes: Passes,
}

impl Broadcasts {
    /// The encoders that are let in.
    pub fn feeds(&self) -> &Feeds {
        &self.feeds
    }

    /// The places for smaller sizes.
    pub fn ladders(&self) -> &Places {
        &self.ladders
    }

    /// What lets players in.
    pub fn passes(&self) -> &Passes {
        &self.passes
    }

    /// The broadcast of a room that is packaged now, or was until a moment ago.
    pub fn room(&self, space: &SpaceId) -> Option<Arc<Room>> {
        self.rooms.read().expect("plain map").get(space).cloned()
    }

    /// The broadcast of a room that goes on.
    pub fn going_on(&self, space: &SpaceId) -> Option<Arc<Room>> {
        self.room(space).filter(|room| !room.has_ended())
    }

    /// Makes real what a room wants packaged. Orders of one room come in the order of their generations: one task gives them.
    pub fn package(&self, node: &Arc<Node>, space: &SpaceId, what: Option<Packaged>) {
        let Some(what) = what.filter(|_| node.config().broadcast.hls) else { return self.end(node, space) };
        let same = self.going_on(space).filter(|room| room.number() == what.number);
        if same.is_none() {
            self.end(node, space);
        }
        let Some(room) = same.or_else(|| self.begin(node, space, &what)) else { return };
        room.opens(what.open);
        room.records(what.record);
        if room.leg() != what.leg {
            self.hears(node, &room, what.leg, what.via);
        }
    }

    fn begin(&self, node: &Arc<Node>, space: &SpaceId, what: &Packaged) -> Option<Arc<Room>> {
        let room = Room::begin(node, space, what.number, what.since.0, what.open)?;
        self.rooms.write().expect("plain map").insert(space.clone(), room.clone());
        Some(room)
    }

    /// From now on the broadcast's media comes by this leg.
    fn hears(&self, node: &Arc<Node>, room: &Arc<Room>, leg: Option<LegId>, via: Via) {
        let mut by_leg = self.by_leg.write().expect("plain map");
        if let Some(before) = room.leg() {
            by_leg.remove(&before);
        }
        if let Some(leg) = &leg {
            by_leg.insert(leg.clone(), room.clone());
        }
        drop(by_leg);
        room.hears(leg.clone());
        let Some(leg) = leg else { return };
        if via == Via::Rtmp {
            if let Some(sound) = self.feeds.sound(&leg) {
                room.sound_configured(sound);
            }
            return;
        }
        let tap = Some(TapWants { key_frame_every_ms: KEY_FRAME_EVERY_MS });
        if let Err(busy) = node.media().sfu().send(Command::Tap { leg, tap }) {
            tracing::warn!(space = %room.space(), %busy, "a broadcast could not be tapped: it can't be watched by HLS");
        }
    }

    /// Nothing of a room is packaged any more. What there is can be watched to its end.
    fn end(&self, node: &Arc<Node>, space: &SpaceId) {
        let Some(room) = self.going_on(space) else { return };
        if let Some(leg) = room.leg() {
            self.by_leg.write().expect("plain map").remove(&leg);
        }
        room.end();
        self.stops_converting(node, space);
        let (node, space) = (Arc::downgrade(node), space.clone());
        tokio::spawn(async move {
            tokio::time::sleep(LINGER).await;
            let Some(node) = node.upgrade() else { return };
            let mut rooms = node.broadcasts().rooms.write().expect("plain map");
            if rooms.get(&space).is_some_and(|there| Arc::ptr_eq(there, &room)) {
                rooms.remove(&space);
            }
        });
    }

    /// A space's machine is gone.
    pub fn forget(&self, node: &Arc<Node>, space: &SpaceId) {
        self.end(node, space);
        self.conversions.lock().expect("plain map").remove(space);
    }

    /// A frame of an encoder's leg.
    pub fn frame(&self, leg: &LegId, source: Source, frame: Frame) {
        if let Some(room) = self.by_leg.read().expect("plain map").get(leg) {
            room.frame(source, frame);
        }
    }

    /// How an encoder's sound is to be read.
    pub fn sound_configured(&self, leg: &LegId, config: Bytes) {
        if let Some(room) = self.by_leg.read().expect("plain map").get(leg) {
            room.sound_configured(config);
        }
    }

    /// A frame that the media engine was asked for. Called on a media thread: it must not wait.
    pub fn tapped(&self, frame: TapFrame) {
        use hearth_media::Codec;
        let codec = match frame.codec {
            hearth_sfu::Codec::Opus => Codec::Opus,
            hearth_sfu::Codec::Vp8 => Codec::Vp8,
            hearth_sfu::Codec::Vp9 => Codec::Vp9,
            hearth_sfu::Codec::H264 => Codec::H264,
            hearth_sfu::Codec::Av1 => Codec::Av1,
        };
        let packaged = Frame {
            codec,
            pts_us: frame.timestamp_us,
            dts_us: frame.timestamp_us,
            key_frame: frame.key_frame,
            discontinuity: false,
            data: frame.data,
        };
        self.frame(&frame.leg, frame.source, packaged);
    }

    /// Notes what is converted for a room, and tells it.
    pub fn converts(&self, node: &Node, space: &SpaceId, conversion: Conversion, on: bool) {
        let mut all = self.conversions.lock().expect("plain map");
        let of_room = all.entry(space.clone()).or_default();
        let changed = if on { of_room.insert(conversion) } else { of_room.remove(&conversion) };
        if changed {
            tell_conversions(node, space, of_room);
        }
    }

    /// Nothing is converted for a room any more.
    pub fn stops_converting(&self, node: &Node, space: &SpaceId) {
        let gone = self.conversions.lock().expect("plain map").remove(space);
        if gone.is_some_and(|gone| !gone.is_empty()) {
            tell_conversions(node, space, &BTreeSet::new());
        }
    }
}

fn tell_conversions(node: &Node, space: &SpaceId, conversions: &BTreeSet<Conversion>) {
    let conversions = conversions.iter().copied().collect();
    node.spaces().deliver_if_awake(space, Mail::notice(Input::Converts { conversions }));
}

/// Tells rooms how many watch by HLS, for as long as the node lives.
pub async fn keep_counting(node: std::sync::Weak<Node>) {
    let mut told: HashMap<SpaceId, u32> = HashMap::new();
    let mut due = tokio::time::interval(COUNT_EVERY);
    loop {
        due.tick().await;
        let Some(node) = node.upgrade() else { return };
        let rooms: Vec<_> = node.broadcasts().rooms.read().expect("plain map").values().cloned().collect();
        told.retain(|space, _| rooms.iter().any(|room| room.space() == space));
        for room in rooms.iter().filter(|room| !room.has_ended()) {
            let hls = room.crowd().count(Instant::now());
            if told.insert(room.space().clone(), hls).unwrap_or(0) != hls {
                node.spaces().deliver_if_awake(room.space(), Mail::notice(Input::Crowd { hls }));
            }
        }
    }
}
