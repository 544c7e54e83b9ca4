//! The writer of a rendition that is cut where the source is: a rung of a ladder, a lower layer.
//!
//! ```text
//! source: Begins ─ Part ─ Part ─ … ─ Closed ──► pieces that wait ─┐
//! own pictures, encoded a moment later ───────► pictures ─────────┴─► parts of the same length, with the source's sound
//! ```
//!
//! A segment is its own if a key frame of its own lies where the source's segment begins. Where none does, and where
//! pictures come too late, the segment is the source's. So a rendition has every segment that the source has, under the
//! same number and at the same media time.

use super::intake::Intake;
use crate::cmaf::{Sample, Samples, Tracks, VIDEO_TIMESCALE, fragment, init_segment};
use crate::codec::{AudioConfig, VideoConfig};
use crate::frame::{Frame, FrameError, Kind};
use crate::live::{Live, Offer, Rendition};
use crate::window::{Body, Growing, Init, Part, Segment, Shape, Snapshot, Window};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// Pictures that are this far behind the source's parts are not waited for any longer, in microseconds of media time.
pub const LATE_US: u64 = 2_000_000;
/// How far a key frame may lie from where the source's segment begins: less than the distance of two pictures.
const BESIDE_US: u64 = 10_000;
/// Least distance of two pictures: clocks that stand still are stretched to it.
const PICTURE_MIN_US: u64 = 1_000;
/// Pictures that wait for the source's parts: some seconds at any frame rate.
const PICTURES_MAX: usize = 1_024;

/// A segment of the source, as it begins.
#[derive(Debug, Clone)]
pub struct Head {
    pub sequence: u64,
    pub start_us: u64,
    pub wall_ms: u64,
    pub epoch: u64,
    pub discontinuities: u64,
    /// Whether there are pictures in it.
    pub pictures: bool,
    pub audio: Option<AudioConfig>,
}

/// What the source cut, in order.
#[derive(Debug, Clone)]
pub enum Piece {
    Begins(Head),
    Part {
        start_us: u64,
        end_us: u64,
        audio: Vec<Sample>,
    },
    /// The segment of this number.
    Closed(u64),
}

/// A picture in media time. Key frames bring the configuration from here on.
#[derive(Debug)]
struct Picture {
    dts_us: u64,
    pts_us: u64,
    config: Option<VideoConfig>,
    data: Bytes,
}

/// Whose pictures the segment has that is being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Unknown,
    Own,
    Source,
}

/// The writer of a rendition that follows.
#[derive(Debug)]
pub struct Follower {
    live: Live,
    rendition: Arc<Rendition>,
    source: Arc<Rendition>,
    intake: Intake,
    epoch: Option<u64>,
    pictures: VecDeque<Picture>,
    pieces: VecDeque<Piece>,
    /// Media time up to which the source has cut.
    source_us: u64,
    /// Pictures are on their way: they are worth waiting for.
    fed: bool,
    head: Option<Head>,
    whose: Whose,
    /// Pictures of another configuration came within a segment: the next begins with it.
    blind: bool,
    growing: Option<Growing>,
    tracks: Tracks,
    init: u64,
    next: u64,
    window: Window,
    fragments: u32,
    ended: bool,
}

impl Follower {
    pub(crate) fn new(live: Live, rendition: Arc<Rendition>, source: Arc<Rendition>) -> Self {
        let window = Window::new(live.options().limits, rendition.sender.clone());
        let snapshot = source.snapshot();
        let first = snapshot.closed.first().map_or(snapshot.next, |segment| segment.sequence);
        let mut follower = Self {
            live,
            rendition,
            source,
            intake: Intake::default(),
            epoch: None,
            pictures: VecDeque::new(),
            pieces: VecDeque::new(),
            source_us: 0,
            fed: false,
            head: None,
            whose: Whose::Unknown,
            blind: false,
            growing: None,
            tracks: Tracks::default(),
            // Above every number that a follower of this name may have had before.
            init: snapshot.next,
            next: first,
            window,
            fragments: 0,
            ended: false,
        };
        follower.borrow_until(&snapshot, snapshot.next);
        follower.publish();
        follower
    }

    /// The rendition's name, the folder in its addresses.
    pub fn name(&self) -> &str {
        &self.rendition.name
    }

    /// Says what can be expected of it; `None`: it is offered to nobody new.
    pub fn offer(&self, offer: Option<Offer>) {
        self.rendition.set_offer(offer);
    }

    /// Takes what the source cut.
    pub fn lead(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            if let Piece::Part { end_us, .. } = piece {
                self.source_us = *end_us;
            }
            self.pieces.push_back(piece.clone());
        }
        self.advance();
    }

    /// From now on pictures of its own are on their way, and waited for.
    pub fn start(&mut self) {
        self.fed = true;
    }

    /// Takes a picture of its own, with the source's time stamps.
    ///
    /// # Errors
    /// The picture is refused; nothing else changes.
    pub fn push(&mut self, frame: &Frame) -> Result<(), FrameError> {
        let Some(unit) = self.intake.take(frame)?.filter(|unit| unit.kind == Kind::Video) else { return Ok(()) };
        let Some(epoch) = self.live.timeline(|timeline| timeline.find(unit.dts_us, self.epoch)) else { return Ok(()) };
        self.epoch = Some(epoch.id);
        let (Some(dts_us), Some(pts_us)) = (epoch.media_us(unit.dts_us), epoch.media_us(unit.pts_us)) else {
            return Ok(());
        };
        let dts_us = self.pictures.back().map_or(dts_us, |last| dts_us.max(last.dts_us + PICTURE_MIN_US));
        let config = self.intake.tracks().0.video.clone().filter(|_| unit.key_frame);
        if self.pictures.len() == PICTURES_MAX {
            self.pictures.pop_front();
        }
        // Key frames keep their parameter sets: after segments that were lent, players that don't heed another init
        // segment (ffmpeg's) decode by them.
        let data = if unit.key_frame { frame.data.clone() } else { unit.data };
        self.pictures.push_back(Picture { dts_us, pts_us: pts_us.max(dts_us), config, data });
        self.advance();
        Ok(())
    }

    /// No more pictures of its own come, until they do again. Nobody waits for them.
    pub fn stop(&mut self) {
        self.fed = false;
        self.advance();
    }

    /// Ends it with the source, which has to be finished before.
    pub fn finish(mut self) {
        self.stop();
        let snapshot = self.source.snapshot();
        if let Some(head) = self.head.take() {
            self.close(&snapshot, &head);
        }
        self.borrow_until(&snapshot, snapshot.next);
        self.ended = true;
        self.publish();
    }

    fn advance(&mut self) {
        let mut moved = false;
        while let Some(piece) = self.pieces.pop_front() {
            if !self.take(&piece) {
                self.pieces.push_front(piece);
                break;
            }
            moved = true;
        }
        if moved {
            self.publish();
        }
    }

    /// Returns false where pictures have to be waited for.
    fn take(&mut self, piece: &Piece) -> bool {
        match piece {
            Piece::Begins(head) => {
                (self.head, self.whose, self.blind) = (Some(head.clone()), Whose::Unknown, false);
                true
            }
            Piece::Part { start_us, end_us, audio } => self.take_part(*start_us, *end_us, audio),
            Piece::Closed(sequence) => {
                let snapshot = self.source.snapshot();
                match self.head.take() {
                    Some(head) => self.close(&snapshot, &head),
                    None => self.borrow_until(&snapshot, sequence + 1),
                }
                true
            }
        }
    }

    fn take_part(&mut self, start_us: u64, end_us: u64, audio: &[Sample]) -> bool {
        if self.whose == Whose::Unknown && !self.decide() {
            return false;
        }
        if self.whose == Whose::Source {
            return true;
        }
        let whole = self.pictures.back().is_some_and(|newest| newest.dts_us >= end_us);
        if !whole && self.waits_for(end_us) {
            return false;
        }
        self.add_part(start_us, end_us, audio);
        true
    }

    /// Whether pictures before `until_us` may still come in time.
    fn waits_for(&self, until_us: u64) -> bool {
        self.fed && self.source_us < until_us + LATE_US
    }

    /// Finds out whose the segment is. Returns false where that can't be said yet.
    fn decide(&mut self) -> bool {
        let Some(head) = self.head.clone() else { return true };
        while self.pictures.front().is_some_and(|picture| picture.dts_us + BESIDE_US < head.start_us) {
            self.pictures.pop_front();
        }
        let video = match self.pictures.front() {
            Some(first) if first.dts_us <= head.start_us + BESIDE_US => first.config.clone(),
            None if head.pictures && self.waits_for(head.start_us) => return false,
            Some(_) | None => None,
        };
        // Pictures that lag behind the source's own start the segment after.
        let Some(video) = video.filter(|_| head.pictures && head.sequence == self.next) else {
            self.whose = Whose::Source;
            return true;
        };
        self.whose = Whose::Own;
        let tracks = Tracks { video: Some(video), audio: head.audio };
        if self.tracks != tracks {
            self.init += 1;
            self.window.add_init(self.init, Init { data: init_segment(&tracks).into(), tracks: tracks.clone() });
            self.tracks = tracks;
        }
        true
    }

    fn add_part(&mut self, start_us: u64, end_us: u64, audio: &[Sample]) {
        let Some(head) = &self.head else { return };
        let mut samples = Samples { video: Vec::new(), audio: audio.to_vec() };
        while self.pictures.front().is_some_and(|picture| picture.dts_us < end_us) {
            let Some(picture) = self.pictures.pop_front() else { break };
            let other = picture.config.as_ref().is_some_and(|config| self.tracks.video.as_ref() != Some(config));
            self.blind |= other;
            if !self.blind {
                let until_us = self.pictures.front().map_or(end_us, |next| next.dts_us);
                samples.video.push(sample(picture, until_us));
            }
        }
        if samples.is_empty() {
            return;
        }
        let independent = samples.video.first().is_some_and(|first| first.key_frame);
        self.fragments = self.fragments.wrapping_add(1);
        let part = Part { duration_us: end_us - start_us, independent, data: fragment(self.fragments, &samples) };
        let growing = self.growing.get_or_insert_with(|| Growing {
            epoch: head.epoch,
            discontinuities: head.discontinuities,
            init: self.init,
            wall_ms: head.wall_ms,
            parts: Vec::new(),
        });
        growing.parts.push(part);
    }

    /// Ends the segment that was made, as its own or the source's.
    fn close(&mut self, source: &Snapshot, head: &Head) {
        let growing = self.growing.take().filter(|_| head.sequence == self.next);
        match (growing, source.segment(head.sequence)) {
            (Some(growing), Some(told)) => {
                self.window.close(Segment {
                    sequence: self.next,
                    epoch: told.epoch,
                    discontinuities: told.discontinuities,
                    init: growing.init,
                    start_us: told.start_us,
                    duration_us: told.duration_us,
                    wall_ms: told.wall_ms,
                    bytes: growing.parts.iter().map(|part| part.data.len()).sum(),
                    parts: growing.parts,
                    body: Body::Memory,
                    recorded: None,
                });
                self.next += 1;
            }
            _ => self.borrow_until(source, head.sequence + 1),
        }
    }

    /// Has the source's segments in place of its own, up to this one.
    fn borrow_until(&mut self, source: &Snapshot, until: u64) {
        let of: Arc<str> = self.source.name.as_str().into();
        while self.next < until {
            if let Some(segment) = source.segment(self.next) {
                let body = Body::Lent(of.clone());
                let lent = Segment { bytes: 0, parts: Vec::new(), body, recorded: None, ..segment.as_ref().clone() };
                self.window.close(lent);
            } else {
                // Numbers in a playlist have no holes.
                self.window.clear();
            }
            self.next += 1;
        }
    }

    fn publish(&mut self) {
        let source = self.source.snapshot();
        if let Some(oldest) = source.closed.first() {
            self.window.lent_from(oldest.sequence);
        }
        let shape = Shape {
            next: self.next,
            target_s: self.live.target_s(),
            part_target_us: self.live.part_target_us(),
            ended: self.ended,
            frame_rate: source.frame_rate,
        };
        self.window.publish(self.growing.clone(), shape);
    }
}

fn sample(picture: Picture, until_us: u64) -> Sample {
    let ticks = |media_us: u64| (u128::from(media_us) * u128::from(VIDEO_TIMESCALE) / 1_000_000) as u64;
    let time = ticks(picture.dts_us);
    Sample {
        time,
        duration: (ticks(until_us) - time) as u32,
        offset: (ticks(picture.pts_us) - time) as i32,
        key_frame: picture.config.is_some(),
        data: picture.data,
    }
}
