//! One tapped track: the highest of its layers that flows, placed on the time
//! line of its leg.

use std::time::{Duration, Instant};

use super::assembly::{Assembled, Assembly};
use super::clock::{LEAST_STEP_US, Line, StreamClock};
use super::{TAP_HOLD_MS, TapPacket, TapWants, TappedTrack};
use crate::forward::rewrite::SourceId;
use crate::{Codec, Kind};

/// A layer from which nothing came for this long has stopped.
const LAYER_STOPPED_AFTER: Duration = Duration::from_secs(1);
/// Least time between two wishes for a key frame of one layer: of one that
/// stands still without, and of one that goes on.
const ASK_AGAIN: Duration = Duration::from_millis(200);
const ASK_EVERY: Duration = Duration::from_millis(500);

/// A frame with its place on the line, in microseconds.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) layer: usize,
    pub(super) codec: Codec,
    pub(super) at_us: i64,
    pub(super) key_frame: bool,
    pub(super) discontinuity: bool,
    pub(super) data: Vec<u8>,
}

#[derive(Debug)]
struct Layer {
    source: Option<SourceId>,
    assembly: Assembly,
    clock: StreamClock,
    arrived: Option<Instant>,
    asked: Option<Instant>,
}

impl Layer {
    fn new(kind: Kind) -> Layer {
        let hz = if kind == Kind::Audio { 48_000 } else { 90_000 };
        Layer { source: None, assembly: Assembly::new(kind), clock: StreamClock::new(hz), arrived: None, asked: None }
    }

    fn flows(&self, now: Instant) -> bool {
        self.arrived.is_some_and(|arrived| now.saturating_duration_since(arrived) < LAYER_STOPPED_AFTER)
    }

    /// Whether a key frame is to be asked for; if so it counts as asked.
    fn ask(&mut self, now: Instant, every: Duration) -> bool {
        let due = self.asked.is_none_or(|asked| now.saturating_duration_since(asked) >= every);
        if due {
            self.asked = Some(now);
        }
        due
    }
}

/// Frames that wait for their clock to be known.
#[derive(Debug)]
struct Hold {
    until: Instant,
    frames: Vec<(usize, Assembled)>,
}

#[derive(Debug)]
pub(super) struct Track {
    pub(super) described: TappedTrack,
    layers: Vec<Layer>,
    /// Layer that is given out; lower ones are not looked into.
    current: Option<usize>,
    hold: Option<Hold>,
    placed_any: bool,
    last_us: Option<i64>,
    /// Something is missing before the next frame.
    broken: bool,
    assembled: Vec<Assembled>,
}

impl Track {
    pub(super) fn new(described: TappedTrack) -> Track {
        let layers = described.rids.iter().map(|_| Layer::new(described.kind)).collect();
        Track {
            described,
            layers,
            current: None,
            hold: None,
            placed_any: false,
            last_us: None,
            broken: false,
            assembled: Vec::new(),
        }
    }

    /// `arrived_us`: where on the line it arrived.
    pub(super) fn packet(
        &mut self,
        packet: TapPacket,
        arrived_us: i64,
        now: Instant,
        line: &mut Line,
        out: &mut Vec<Placed>,
    ) {
        let index = packet.layer;
        let kind = self.described.kind;
        let Some(layer) = self.layers.get_mut(index) else { return };
        layer.arrived = Some(now);
        if layer.source != Some(packet.source) {
            let replaced = layer.source.is_some();
            let asked = layer.asked;
            *layer = Layer { source: Some(packet.source), arrived: Some(now), asked, ..Layer::new(kind) };
            self.broken |= replaced && self.current == Some(index);
        }
        if !layer.clock.observe(packet.timestamp, arrived_us, packet.clock) {
            self.broken |= self.current == Some(index);
        }
        if self.current.is_some_and(|current| index < current) {
            return;
        }
        layer.assembly.push(packet);
        self.collect(index, now, line, out);
    }

    fn collect(&mut self, index: usize, now: Instant, line: &mut Line, out: &mut Vec<Placed>) {
        let mut assembled = std::mem::take(&mut self.assembled);
        self.layers[index].assembly.take(now, &mut assembled);
        for frame in assembled.drain(..) {
            if self.current.is_some_and(|current| index < current) {
                continue;
            }
            if self.current != Some(index) {
                self.go_over_to(index);
            }
            self.give(index, frame, now, line, out);
        }
        self.assembled = assembled;
    }

    /// A stream's first frame is a key frame: from here on this layer is given out.
    fn go_over_to(&mut self, index: usize) {
        self.current = Some(index);
        let kind = self.described.kind;
        for lower in &mut self.layers[..index] {
            lower.assembly = Assembly::new(kind);
        }
        if let Some(hold) = &mut self.hold {
            hold.frames.clear();
        }
    }

    fn give(&mut self, index: usize, frame: Assembled, now: Instant, line: &mut Line, out: &mut Vec<Placed>) {
        if frame.key_frame && self.described.kind == Kind::Video {
            self.layers[index].asked = Some(now);
        }
        if self.placed_any || self.layers[index].clock.knows_sender() {
            self.release(line, out);
            self.place(index, frame, line, out);
            return;
        }
        let until = now + Duration::from_millis(TAP_HOLD_MS);
        self.hold.get_or_insert_with(|| Hold { until, frames: Vec::new() }).frames.push((index, frame));
    }

    fn release(&mut self, line: &mut Line, out: &mut Vec<Placed>) {
        let Some(hold) = self.hold.take() else { return };
        for (index, frame) in hold.frames {
            self.place(index, frame, line, out);
        }
    }

    fn place(&mut self, index: usize, frame: Assembled, line: &mut Line, out: &mut Vec<Placed>) {
        let layer = &mut self.layers[index];
        let at_us = layer.clock.place(frame.timestamp, self.described.key.0, line).max(0);
        let at_us = self.last_us.map_or(at_us, |last_us| at_us.max(last_us + LEAST_STEP_US));
        self.last_us = Some(at_us);
        let discontinuity = std::mem::take(&mut self.broken) | frame.after_loss;
        out.push(Placed {
            layer: index,
            codec: frame.codec,
            at_us,
            key_frame: frame.key_frame,
            discontinuity: discontinuity && self.placed_any,
            data: frame.data,
        });
        self.placed_any = true;
    }

    /// What time brings: frames given up, layers that stopped, key frames that
    /// are to be asked for (by layer).
    pub(super) fn advance(
        &mut self,
        now: Instant,
        wants: TapWants,
        line: &mut Line,
        out: &mut Vec<Placed>,
        ask: &mut Vec<usize>,
    ) {
        for index in 0..self.layers.len() {
            self.collect(index, now, line, out);
        }
        if self.hold.as_ref().is_some_and(|hold| hold.until <= now) {
            self.release(line, out);
        }
        if self.described.kind == Kind::Audio {
            return;
        }
        if let Some(current) = self.current
            && !self.layers[current].flows(now)
            && self.layers[..current].iter().any(|lower| lower.flows(now))
        {
            self.current = None;
            self.layers[current].assembly = Assembly::new(Kind::Video);
        }
        let every = Duration::from_millis(u64::from(wants.key_frame_every_ms)).max(ASK_EVERY);
        let lowest = self.current.unwrap_or(0);
        for index in lowest..self.layers.len() {
            let layer = &mut self.layers[index];
            let every = if layer.assembly.waits_for_key_frame() { ASK_AGAIN } else { every };
            if layer.flows(now) && layer.ask(now, every) {
                ask.push(index);
            }
        }
    }
}
