//! The tap: frames of publishing legs, for what packages, records or converts
//! them.
//!
//! ```text
//!   media thread ──packets, no copy──► [bounded queue] ─► taps ─► TapSink
//!        ▲                                                  │  reorder, assembly,
//!        └────────────── key frames wanted ◄────────────────┘  clock, one a leg
//! ```
//!
//! Everything but the thread is a function of packets and the time passed in.
//! A packet that the queue has no room for is a packet lost: what it belonged
//! to is given up, and marked.

mod assembly;
mod clock;
mod reorder;
mod track;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::engine::TrackKey;
use crate::forward::rewrite::{SenderClock, SourceId};
use crate::{Codec, Kind, LegId, Source, TrackId};
use clock::Line;
use track::{Placed, Track};

/// Longest that the first frames of a track are held to learn its clock.
pub const TAP_HOLD_MS: u64 = 500;
/// How often [`Taps::advance`] is to be called.
pub(crate) const ADVANCE_EVERY: Duration = Duration::from_millis(20);

/// What is wanted of a tapped leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TapWants {
    /// A key frame is asked for when the last one is this old, but not more
    /// often than twice a second.
    pub key_frame_every_ms: u32,
}

/// One frame of a tapped leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapFrame {
    pub leg: LegId,
    pub track: TrackId,
    pub kind: Kind,
    pub codec: Codec,
    pub source: Source,
    /// Of a simulcast track the layer: the highest that flows. Empty without.
    pub rid: String,
    /// When it is to be shown, on one time line for all legs of the engine,
    /// which begins with it. Rises with each frame of a track; the sound has no
    /// seams, and the picture is led to the sound by the sender's reports.
    pub timestamp_us: u64,
    /// A decoder can start here; always so with sound.
    pub key_frame: bool,
    /// Frames are missing before this one, or the sender's clock jumped.
    pub discontinuity: bool,
    /// H.264: NAL units with a length of 4 bytes in front, parameter sets in
    /// band, without access unit delimiters. VP8, VP9: the frame (of VP9's
    /// spatial layers the base). AV1: OBUs with sizes, without temporal
    /// delimiters. Opus: the packet.
    pub data: Bytes,
}

/// Takes the frames of tapped legs. Called on the tap thread: what it costs
/// delays other frames, and at last loses some, but no viewer notices.
#[derive(Clone)]
pub struct TapSink(pub Arc<dyn Fn(TapFrame) + Send + Sync>);

impl fmt::Debug for TapSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TapSink")
    }
}

/// A tapped leg within the engine: never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TapKey(pub(crate) u64);

#[derive(Debug, Clone)]
pub(crate) struct TappedTrack {
    pub(crate) key: TrackKey,
    pub(crate) track: TrackId,
    pub(crate) kind: Kind,
    pub(crate) source: Source,
    /// Of its layers, lowest first.
    pub(crate) rids: Vec<String>,
}

/// A media packet of a tapped leg.
#[derive(Debug, Clone)]
pub(crate) struct TapPacket {
    pub(crate) tap: TapKey,
    pub(crate) track: TrackKey,
    pub(crate) layer: usize,
    pub(crate) source: SourceId,
    pub(crate) codec: Codec,
    /// Sound in RED (RFC 2198).
    pub(crate) red: bool,
    pub(crate) sequence: u64,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) arrived: Instant,
    pub(crate) clock: Option<SenderClock>,
    pub(crate) payload: Arc<[u8]>,
}

/// What the engine says of its tapped legs. Only packets may be lost.
#[derive(Debug)]
pub(crate) enum Tapped {
    /// A leg is tapped, or its wishes or tracks changed.
    Leg {
        tap: TapKey,
        leg: LegId,
        wants: TapWants,
        tracks: Vec<TappedTrack>,
    },
    Packet(TapPacket),
    Ended {
        tap: TapKey,
    },
}

/// One tapped leg.
#[derive(Debug)]
struct Tap {
    leg: LegId,
    wants: TapWants,
    line: Line,
    tracks: Vec<Track>,
}

/// All tapped legs.
pub(crate) struct Taps {
    /// The beginning of the time line.
    began: Instant,
    sink: TapSink,
    taps: BTreeMap<TapKey, Tap>,
    placed: Vec<Placed>,
    pub(crate) frames: u64,
    /// Key frames that are to be asked for: track and layer.
    pub(crate) wanted: Vec<(TrackKey, usize)>,
}

impl Taps {
    pub(crate) fn new(began: Instant, sink: TapSink) -> Taps {
        Taps { began, sink, taps: BTreeMap::new(), placed: Vec::new(), frames: 0, wanted: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.taps.is_empty()
    }

    pub(crate) fn take(&mut self, now: Instant, tapped: Tapped) {
        match tapped {
            Tapped::Leg { tap, leg, wants, tracks } => self.describe(tap, leg, wants, tracks),
            Tapped::Ended { tap } => self.end(tap),
            Tapped::Packet(packet) => {
                let arrived_us = packet.arrived.saturating_duration_since(self.began).as_micros() as i64;
                let Some(tap) = self.taps.get_mut(&packet.tap) else { return };
                let Tap { line, tracks, .. } = tap;
                let Some(track) = tracks.iter_mut().find(|track| track.described.key == packet.track) else { return };
                track.packet(packet, arrived_us, now, line, &mut self.placed);
                let (leg, described) = (&tap.leg, &track.described);
                self.frames += hand_out(&self.sink, leg, described, &mut self.placed);
            }
        }
    }

    fn describe(&mut self, key: TapKey, leg: LegId, wants: TapWants, tracks: Vec<TappedTrack>) {
        let tap = self.taps.entry(key).or_insert_with(|| Tap { leg, wants, line: Line::default(), tracks: Vec::new() });
        tap.wants = wants;
        let mut known = std::mem::take(&mut tap.tracks);
        for described in tracks {
            let same = |track: &Track| track.described.key == described.key && track.described.rids == described.rids;
            match known.iter().position(same) {
                Some(at) => tap.tracks.push(known.swap_remove(at)),
                None => tap.tracks.push(Track::new(described)),
            }
        }
    }

    /// Ends a tap, whatever its leg does.
    pub(crate) fn end(&mut self, tap: TapKey) {
        self.taps.remove(&tap);
        self.placed.clear();
    }

    /// To be called every [`ADVANCE_EVERY`] while there are taps. A fault in one
    /// ends that one.
    pub(crate) fn advance(&mut self, now: Instant) {
        let keys: Vec<TapKey> = self.taps.keys().copied().collect();
        for key in keys {
            if catch_unwind(AssertUnwindSafe(|| self.advance_one(key, now))).is_err() {
                tracing::error!("a fault in the tap ended the tap of a leg");
                self.end(key);
            }
        }
    }

    fn advance_one(&mut self, key: TapKey, now: Instant) {
        let Some(Tap { leg, wants, line, tracks }) = self.taps.get_mut(&key) else { return };
        let mut ask = Vec::new();
        for track in tracks {
            track.advance(now, *wants, line, &mut self.placed, &mut ask);
            self.wanted.extend(ask.drain(..).map(|layer| (track.described.key, layer)));
            self.frames += hand_out(&self.sink, leg, &track.described, &mut self.placed);
        }
    }
}

fn hand_out(sink: &TapSink, leg: &LegId, described: &TappedTrack, placed: &mut Vec<Placed>) -> u64 {
    let count = placed.len() as u64;
    for frame in placed.drain(..) {
        (sink.0)(TapFrame {
            leg: leg.clone(),
            track: described.track.clone(),
            kind: described.kind,
            codec: frame.codec,
            source: described.source,
            rid: described.rids.get(frame.layer).cloned().unwrap_or_default(),
            timestamp_us: frame.at_us.unsigned_abs(),
            key_frame: frame.key_frame,
            discontinuity: frame.discontinuity,
            data: frame.data.into(),
        });
    }
    count
}
