//! From frames to what can be watched: the writer of the source, and of the renditions that follow it.
//!
//! ```text
//! Frame ─► intake ─► timeline ─► runs ─► cutter ─► window ─► Snapshot ─► readers
//!          (codec)   (epochs)   (tracks)  (parts)     ├─────► recording
//!                                                     └─ Piece ─► Follower ─► window ─► Snapshot
//! ```

mod cutter;
mod follower;
mod intake;
mod opening;
mod runs;
mod timeline;

pub use cutter::{PART_MAX_US, TARGET_SLACK_US};
pub use follower::{Follower, LATE_US, Piece};
pub use timeline::Timeline;

use crate::cmaf::{Sample, Tracks, init_segment};
use crate::codec::VideoConfig;
use crate::frame::{Config, Frame, FrameError, Kind};
use crate::live::{Live, Rendition};
use crate::recording::{PartWritten, Recorded, Recorder, RecordingError};
use crate::window::{Body, Growing, Init, Part, Segment, Shape, Window};
use bytes::Bytes;
use cutter::{Cut, Cutter};
use follower::Head;
use intake::{Intake, Unit};
use opening::{Opening, Start, Wanted};
use std::path::Path;
use std::sync::Arc;
use timeline::{Epoch, SKEW_MAX_US, STILL_MAX_US};

/// Frames in a row off the time line, after which sound alone may open an epoch.
const STRAYS_MAX: u32 = 25;
/// Least time between two epochs and between two changes of tracks, in milliseconds of the wall clock: clocks and
/// encoders that lie cost no more than that.
pub const EPOCH_MIN_MS: u64 = 1_000;
/// Pictures this far behind sound are gone: the broadcast goes on as sound.
pub const PICTURES_GONE_US: u64 = 5_000_000;
/// The same where sound begins only after pictures have stopped: a segment of a still picture can't be longer.
pub const PICTURES_STILL_US: u64 = 1_500_000;
/// Notes kept until they are taken.
pub const NOTES_MAX: usize = 64;

/// Something the host or the encoder should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Pictures wait for a key frame: ask the encoder for one.
    KeyFrameWanted,
    /// A segment had to start without a key frame, at this media time.
    NoKeyFrame { media_ms: u64 },
    /// The time line was cut: the publisher was silent, or its clock jumped.
    Discontinuity { media_ms: u64 },
    /// Tracks, codecs or the size changed; the names by RFC 6381 and the size in pixels.
    TracksChanged { codecs: String, size: Option<(u16, u16)> },
    /// Pictures stopped while sound goes on.
    PicturesStopped,
    /// The recording stopped. The broadcast goes on.
    RecordingStopped(RecordingError),
}

/// Frames that were taken but not packaged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Off the time line.
    pub stray: u64,
    /// Pictures before a key frame, and sound before a change of its configuration.
    pub waiting: u64,
    /// Sound that came after its moment.
    pub late: u64,
}

/// The writer of the source.
#[derive(Debug)]
pub struct Packager {
    live: Live,
    rendition: Arc<Rendition>,
    intake: Intake,
    tracks: Tracks,
    changes: (u32, u32),
    epoch: Option<Epoch>,
    opening: Option<Opening>,
    cutter: Cutter,
    window: Window,
    growing: Option<Growing>,
    sequence: u64,
    init: u64,
    last_epoch_of_segment: Option<u64>,
    needs_key_frame: bool,
    /// Sound came that the running tracks have no place for.
    sound_waits: bool,
    strays: u32,
    opened_ms: u64,
    changed_ms: Option<u64>,
    /// Pictures since tracks changed, and the length of the segments closed since.
    pictures: u64,
    pictures_us: u64,
    frame_rate: f64,
    part_longest_us: u64,
    recorder: Option<Recorder>,
    /// What others have to follow, while they are there.
    pieces: Option<Vec<Piece>>,
    notes: Vec<Note>,
    dropped: Dropped,
    ended: bool,
}

impl Packager {
    /// `first` is the number of its first segment.
    pub(crate) fn new(live: Live, rendition: Arc<Rendition>, first: u64) -> Self {
        let wanted = Wanted { video: live.options().expect_video, audio: live.options().expect_audio };
        let window = Window::new(live.options().limits, rendition.sender.clone());
        let packager = Self {
            live,
            rendition,
            intake: Intake::default(),
            tracks: Tracks::default(),
            changes: (0, 0),
            epoch: None,
            opening: Some(Opening::new(wanted)),
            cutter: Cutter::new(),
            window,
            growing: None,
            sequence: first,
            init: first,
            last_epoch_of_segment: None,
            needs_key_frame: false,
            sound_waits: false,
            strays: 0,
            opened_ms: 0,
            changed_ms: None,
            pictures: 0,
            pictures_us: 0,
            frame_rate: 0.0,
            part_longest_us: 0,
            recorder: None,
            pieces: None,
            notes: Vec::new(),
            dropped: Dropped::default(),
            ended: false,
        };
        // Who follows begins with the same number.
        packager.publish();
        packager
    }

    /// The rendition's name, the folder in its addresses.
    pub fn name(&self) -> &str {
        &self.rendition.name
    }

    /// Takes decoder configuration that came beside the frames.
    ///
    /// # Errors
    /// It is malformed; what was known stays.
    pub fn configure(&mut self, config: &Config) -> Result<(), FrameError> {
        self.intake.configure(config)
    }

    /// Takes a frame that arrived at `wall_ms`, milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// The frame is refused; nothing else changes.
    pub fn push(&mut self, frame: &Frame, wall_ms: u64) -> Result<(), FrameError> {
        let Some(unit) = self.intake.take(frame)? else { return Ok(()) };
        if self.ended {
            return Ok(());
        }
        if self.opening.is_some() {
            self.wait(unit, wall_ms);
        } else {
            self.go_on(unit, wall_ms);
        }
        self.show();
        Ok(())
    }

    /// Ends the broadcast of this rendition. What has come can be watched further.
    ///
    /// # Errors
    /// The recording, if there was one, failed.
    pub fn finish(mut self) -> Result<Option<Recorded>, RecordingError> {
        self.cutter.flush();
        self.ended = true;
        self.take_cuts();
        self.publish();
        self.recorder.take().map(Recorder::finish).transpose()
    }

    /// Records from the next segment on into `folder`, which is made. Segments that have left memory are then served
    /// from there.
    ///
    /// # Errors
    /// The folder can't be made or written, or holds a recording already.
    pub fn record(&mut self, folder: &Path) -> Result<(), RecordingError> {
        let mut recorder = Recorder::start(folder)?;
        if let Some(init) = self.rendition.snapshot().inits.get(&self.init) {
            recorder.init(&self.tracks, init.data.clone());
        }
        self.recorder = Some(recorder);
        Ok(())
    }

    /// Ends the recording and goes on broadcasting.
    ///
    /// # Errors
    /// The recording failed.
    pub fn stop_recording(&mut self) -> Result<Option<Recorded>, RecordingError> {
        self.recorder.take().map(Recorder::finish).transpose()
    }

    /// What happened since the last call. At most [`NOTES_MAX`]; later ones are left out.
    pub fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    /// From now on others follow: [`Packager::take_pieces`] has to be called after each frame.
    pub fn lead(&mut self) {
        self.pieces.get_or_insert_default();
    }

    /// What was cut since the last call, for [`Follower::lead`].
    pub fn take_pieces(&mut self) -> Vec<Piece> {
        self.pieces.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The picture as it comes now.
    pub(crate) fn video(&self) -> Option<&VideoConfig> {
        self.intake.tracks().0.video.as_ref()
    }

    pub fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// Bytes of segments in memory.
    pub fn memory_bytes(&self) -> usize {
        self.window.memory_bytes()
    }

    fn note(&mut self, note: Note) {
        if self.notes.len() < NOTES_MAX && self.notes.last() != Some(&note) {
            self.notes.push(note);
        }
    }

    /// Whether nothing but a picture fills the time until the next.
    fn stands_still(&self) -> bool {
        self.tracks.audio.as_ref().is_none_or(|audio| audio.silence().is_none())
    }

    fn go_on(&mut self, unit: Unit, wall_ms: u64) {
        let still = self.stands_still();
        let settled = wall_ms.saturating_sub(self.opened_ms) >= EPOCH_MIN_MS;
        let fits = self.live.timeline(|timeline| timeline.admits(unit.dts_us, still));
        let behind = self.epoch.is_some_and(|epoch| unit.dts_us < epoch.pts_us);
        if fits && !(unit.discontinuity && settled) && !(behind && unit.kind == Kind::Video) {
            if unit.kind == Kind::Video || self.tracks.video.is_none() {
                self.strays = 0;
            }
            return self.feed(unit, wall_ms);
        }
        self.strays += 1;
        self.dropped.stray += 1;
        let heard_enough = unit.kind == Kind::Audio && self.strays >= STRAYS_MAX;
        let shown = unit.kind == Kind::Video && unit.key_frame;
        if settled && (shown || heard_enough || unit.discontinuity) {
            self.dropped.stray -= 1;
            self.reopen(unit, wall_ms);
        } else if unit.kind == Kind::Video {
            self.note(Note::KeyFrameWanted);
        }
    }

    fn reopen(&mut self, unit: Unit, wall_ms: u64) {
        self.cutter.flush();
        let wanted = Wanted { video: self.tracks.video.is_some(), audio: self.tracks.audio.is_some() };
        self.opening = Some(Opening::new(wanted));
        self.strays = 0;
        self.wait(unit, wall_ms);
    }

    fn wait(&mut self, unit: Unit, wall_ms: u64) {
        let Some(opening) = &mut self.opening else { return };
        let start = opening.push(unit, wall_ms);
        if opening.lacks_key_frame() {
            self.note(Note::KeyFrameWanted);
        }
        if let Some(start) = start {
            self.open(start, wall_ms);
        }
    }

    fn open(&mut self, start: Start, wall_ms: u64) {
        self.take_cuts();
        let edge_us = self.cutter.edge_us();
        let unused = self.epoch.is_some_and(|epoch| self.last_epoch_of_segment != Some(epoch.id));
        let (anchor_us, anchor_wall_ms) = (start.anchor_us, start.anchor_wall_ms);
        let epoch = self.live.timeline(|timeline| timeline.open(anchor_us, edge_us, anchor_wall_ms, unused));
        if self.epoch.is_some() {
            self.note(Note::Discontinuity { media_ms: edge_us / 1000 });
        }
        (self.opening, self.epoch, self.opened_ms) = (None, Some(epoch), wall_ms);
        let has = |kind| start.units.iter().any(|(unit, _)| unit.kind == kind);
        let (known, _, _) = self.intake.tracks();
        let tracks = Tracks {
            video: known.video.clone().filter(|_| has(Kind::Video)),
            audio: known.audio.clone().filter(|_| has(Kind::Audio)),
        };
        self.set_tracks(tracks, wall_ms);
        for (unit, wall_ms) in start.units {
            if self.opening.is_some() {
                self.wait(unit, wall_ms);
            } else if self.live.timeline(|timeline| timeline.admits(unit.dts_us, false)) {
                self.feed(unit, wall_ms);
            } else {
                self.dropped.stray += 1;
            }
        }
    }

    /// Goes on with these tracks from the cutter's edge.
    fn set_tracks(&mut self, tracks: Tracks, wall_ms: u64) {
        let Some(epoch) = self.epoch else { return };
        let (_, video_changes, audio_changes) = self.intake.tracks();
        (self.changes, self.sound_waits) = ((video_changes, audio_changes), false);
        self.cutter.begin(&tracks, &epoch);
        if self.tracks == tracks {
            return;
        }
        self.tracks = tracks;
        (self.pictures, self.pictures_us, self.frame_rate) = (0, 0, 0.0);
        self.changed_ms = Some(wall_ms);
        self.init += 1;
        let data: Bytes = init_segment(&self.tracks).into();
        self.window.add_init(self.init, Init { data: data.clone(), tracks: self.tracks.clone() });
        if let Some(recorder) = &mut self.recorder {
            recorder.init(&self.tracks, data);
        }
        let size = self.tracks.video.as_ref().map(VideoConfig::size);
        self.note(Note::TracksChanged { codecs: self.tracks.names(), size });
    }

    /// Goes on with other tracks at `dts_us` of the publisher's clock, without a hole.
    fn change_tracks(&mut self, tracks: Tracks, dts_us: u64, wall_ms: u64) {
        let Some(epoch) = self.epoch else { return };
        let Some(media_us) = epoch.media_us(dts_us) else { return };
        let until_us = self.cutter.pictures_until_us().filter(|_| self.stands_still());
        let split_us = until_us.map_or(media_us, |until_us| media_us.min(until_us + STILL_MAX_US));
        self.cutter.split(split_us.max(self.cutter.edge_us()));
        self.take_cuts();
        if self.last_epoch_of_segment == Some(epoch.id) {
            let media_wall_ms = epoch.wall_ms(media_us);
            // What nothing came for is left out of media time.
            let edge_us = self.cutter.edge_us();
            let from_us = if media_us > edge_us + PART_MAX_US { edge_us } else { media_us };
            self.epoch = Some(self.live.timeline(|timeline| timeline.open(dts_us, from_us, media_wall_ms, false)));
        }
        self.set_tracks(tracks, wall_ms);
    }

    fn feed(&mut self, unit: Unit, wall_ms: u64) {
        let Some(mut epoch) = self.epoch else { return };
        if epoch.media_us(unit.dts_us).is_none() {
            self.dropped.stray += 1;
            return;
        }
        if unit.kind == Kind::Video && self.needs_key_frame && !unit.key_frame {
            self.dropped.waiting += 1;
            return self.note(Note::KeyFrameWanted);
        }
        let (known, video_changes, audio_changes) = self.intake.tracks();
        let stale = match unit.kind {
            Kind::Video => {
                let audio_changed = self.tracks.audio.is_some() && audio_changes != self.changes.1;
                let changed = self.tracks.video.is_none() || video_changes != self.changes.0 || audio_changed;
                unit.key_frame && (changed || self.sound_waits)
            }
            Kind::Audio => self.tracks.audio.is_none() || audio_changes != self.changes.1,
        };
        if stale {
            let settled = self.changed_ms.is_none_or(|changed_ms| wall_ms.saturating_sub(changed_ms) >= EPOCH_MIN_MS);
            self.sound_waits |= unit.kind == Kind::Audio;
            let media_us = epoch.media_us(unit.dts_us).unwrap_or(0);
            let stopped = unit.kind == Kind::Audio
                && self.cutter.pictures_until_us().is_some_and(|until_us| media_us > until_us + PICTURES_STILL_US);
            if stopped {
                return self.stop_pictures(unit, wall_ms);
            }
            if !settled || (unit.kind == Kind::Audio && self.tracks.video.is_some()) {
                // Pictures set the pace: sound waits for the next key frame.
                self.needs_key_frame |= unit.kind == Kind::Video;
                self.dropped.waiting += 1;
                return self.note(Note::KeyFrameWanted);
            }
            let video = known.video.clone().filter(|_| unit.kind == Kind::Video || self.tracks.video.is_some());
            let audio = known.audio.clone().filter(|_| self.tracks.audio.is_some() || self.sound_waits);
            self.change_tracks(Tracks { video, audio }, unit.dts_us, wall_ms);
            epoch = self.epoch.unwrap_or(epoch);
        }
        self.place(&epoch, unit, wall_ms);
    }

    fn place(&mut self, epoch: &Epoch, unit: Unit, wall_ms: u64) {
        let (Some(dts_us), Some(pts_us)) = (epoch.media_us(unit.dts_us), epoch.media_us(unit.pts_us)) else {
            self.dropped.stray += 1;
            return;
        };
        if self.is_after_a_hole(unit.kind, dts_us) {
            return self.reopen(unit, wall_ms);
        }
        if unit.kind == Kind::Video {
            self.needs_key_frame = !self.cutter.video(dts_us, pts_us, unit.key_frame, unit.data);
            self.pictures += 1;
            return;
        }
        if !self.cutter.audio(pts_us, unit.data, unit.samples) {
            self.dropped.late += 1;
        }
        let behind_us = self.cutter.pictures_until_us().map_or(0, |until_us| pts_us.saturating_sub(until_us));
        if behind_us > PICTURES_GONE_US {
            self.go_on_without_pictures(unit.dts_us, wall_ms);
        }
    }

    /// Whether nothing came for longer than a segment can be of one picture, or silence is put in for.
    fn is_after_a_hole(&self, kind: Kind, dts_us: u64) -> bool {
        match (kind, self.cutter.pictures_until_us()) {
            (Kind::Video, Some(until_us)) if self.stands_still() => dts_us > until_us + STILL_MAX_US,
            (Kind::Video, Some(_)) | (Kind::Audio, None) => dts_us > self.cutter.edge_us() + SKEW_MAX_US,
            (Kind::Video, None) | (Kind::Audio, Some(_)) => false,
        }
    }

    /// Pictures stand still and sound has come that they have no place for.
    fn stop_pictures(&mut self, unit: Unit, wall_ms: u64) {
        self.go_on_without_pictures(unit.dts_us, wall_ms);
        if let Some(epoch) = self.epoch {
            self.place(&epoch, unit, wall_ms);
        }
    }

    fn go_on_without_pictures(&mut self, dts_us: u64, wall_ms: u64) {
        self.note(Note::PicturesStopped);
        self.needs_key_frame = true;
        let audio = self.intake.tracks().0.audio.clone();
        self.change_tracks(Tracks { video: None, audio }, dts_us, wall_ms);
    }

    fn show(&mut self) {
        if let Some(target_s) = self.live.target_s() {
            self.cutter.set_target_s(target_s);
        }
        if self.take_cuts() {
            self.publish();
        }
    }

    fn take_cuts(&mut self) -> bool {
        let cuts = self.cutter.take_cuts();
        let any = !cuts.is_empty();
        for cut in cuts {
            match cut {
                Cut::Part { start_us, part, audio } => self.add_part(start_us, part, audio),
                Cut::Segment { start_us, duration_us, independent } => {
                    self.close_segment(start_us, duration_us, independent);
                }
            }
        }
        any
    }

    fn add_part(&mut self, start_us: u64, part: Part, audio: Vec<Sample>) {
        let Some(epoch) = self.epoch else { return };
        let starts = self.growing.is_none();
        if let Some(pieces) = &mut self.pieces {
            if starts {
                pieces.push(Piece::Begins(Head {
                    sequence: self.sequence,
                    start_us,
                    wall_ms: epoch.wall_ms(start_us),
                    epoch: epoch.id,
                    discontinuities: self.last_epoch_of_segment.map_or(0, |last| epoch.id - last),
                    pictures: self.tracks.video.is_some(),
                    audio: self.tracks.audio.clone(),
                }));
            }
            pieces.push(Piece::Part { start_us, end_us: start_us + part.duration_us, audio });
        }
        let growing = self.growing.get_or_insert_with(|| Growing {
            epoch: epoch.id,
            discontinuities: self.last_epoch_of_segment.map_or(0, |last| epoch.id - last),
            init: self.init,
            wall_ms: epoch.wall_ms(start_us),
            parts: Vec::new(),
        });
        let discontinuity = growing.discontinuities > 0;
        growing.parts.push(part.clone());
        self.last_epoch_of_segment = Some(epoch.id);
        self.part_longest_us = self.part_longest_us.max(part.duration_us);
        if let Some(recorder) = &mut self.recorder {
            recorder.part(PartWritten {
                sequence: self.sequence,
                starts,
                discontinuity: starts && discontinuity,
                start_us,
                wall_ms: epoch.wall_ms(start_us),
                part,
            });
        }
    }

    fn close_segment(&mut self, start_us: u64, duration_us: u64, independent: bool) {
        let Some(growing) = self.growing.take() else { return };
        if !independent && self.tracks.video.is_some() {
            self.note(Note::NoKeyFrame { media_ms: start_us / 1000 });
        }
        self.pictures_us += duration_us;
        if self.tracks.video.is_some() {
            // One picture waits for the next segment.
            self.frame_rate = self.pictures.saturating_sub(1) as f64 * 1_000_000.0 / self.pictures_us.max(1) as f64;
        }
        let segment = Segment {
            sequence: self.sequence,
            epoch: growing.epoch,
            discontinuities: growing.discontinuities,
            init: growing.init,
            start_us,
            duration_us,
            wall_ms: growing.wall_ms,
            bytes: growing.parts.iter().map(|part| part.data.len()).sum(),
            parts: growing.parts,
            body: Body::Memory,
            recorded: None,
        };
        let placed = self.recorder.as_mut().map(Recorder::take_placed).unwrap_or_default();
        placed.into_iter().for_each(|place| self.window.recorded(place.sequence, place.path, place.offset));
        self.window.close(segment);
        self.sequence += 1;
        if let Some(pieces) = &mut self.pieces {
            pieces.push(Piece::Closed(self.sequence - 1));
        }
        if let Some(error) = self.recorder.as_ref().and_then(Recorder::failure) {
            self.recorder = None;
            self.note(Note::RecordingStopped(error));
        }
        if let Some(target_s) = self.cutter.target_s() {
            self.live.set_target(target_s, self.part_longest_us.max(PART_MAX_US));
        }
    }

    fn publish(&self) {
        let shape = Shape {
            next: self.sequence,
            target_s: self.live.target_s(),
            part_target_us: self.live.part_target_us(),
            ended: self.ended,
            frame_rate: self.frame_rate,
        };
        self.window.publish(self.growing.clone(), shape);
    }
}
