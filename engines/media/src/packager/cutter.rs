//! Cutting: samples into parts, parts into segments.

use super::runs::{AudioRun, Picture, VideoRun};
use super::timeline::Epoch;
use crate::cmaf::{Sample, Samples, Tracks, fragment};
use crate::window::Part;
use bytes::Bytes;

/// A part is closed from this length on, in microseconds…
pub const PART_MIN_US: u64 = 290_000;
/// …and before a frame would make it longer than this; the part target of playlists.
pub const PART_MAX_US: u64 = 334_000;
/// A key frame starts a segment when the one before has this length, in microseconds.
pub const SEGMENT_MIN_US: u64 = 1_800_000;
/// The same where the segment before could not start with a key frame.
pub const SEGMENT_MENDED_MIN_US: u64 = 500_000;
/// Length of segments of sound alone, in microseconds.
pub const SEGMENT_AUDIO_US: u64 = 2_000_000;
/// A segment is cut at this length for want of a key frame, until a target duration is set.
pub const SEGMENT_MAX_US: u64 = 6_000_000;
/// Least target duration, in seconds.
pub const TARGET_MIN_S: u64 = 2;
/// How far a segment may be longer than its target duration: playlists round it.
pub const TARGET_SLACK_US: u64 = 490_000;
/// How far pictures may lag behind sound before parts are cut by the sound, in microseconds.
pub const VIDEO_LAG_MAX_US: u64 = 500_000;
/// How far sound may lag behind pictures before silence goes on in its place, in microseconds.
pub const AUDIO_LAG_MAX_US: u64 = 1_000_000;
/// A part, and what waits to become one, in bytes; beyond it a part is cut early.
pub const PART_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Parts of one segment.
pub const PARTS_MAX: usize = 256;

/// What cutting brings forth, in order.
#[derive(Debug)]
pub enum Cut {
    /// With the sound in it, for renditions that have the same.
    Part {
        start_us: u64,
        part: Part,
        audio: Vec<Sample>,
    },
    Segment {
        start_us: u64,
        duration_us: u64,
        independent: bool,
    },
}

/// The parts of one rendition in the making.
#[derive(Debug)]
pub struct Cutter {
    video: Option<VideoRun>,
    audio: Option<AudioRun>,
    part_start_us: u64,
    segment_start_us: u64,
    parts: usize,
    /// The growing segment starts with a key frame, or has no pictures.
    independent: bool,
    fragments: u32,
    target_us: Option<u64>,
    /// How far pictures have come, for telling that they stopped.
    picture_us: u64,
    cuts: Vec<Cut>,
}

impl Cutter {
    pub fn new() -> Self {
        Self {
            video: None,
            audio: None,
            part_start_us: 0,
            segment_start_us: 0,
            parts: 0,
            independent: true,
            fragments: 0,
            target_us: None,
            picture_us: 0,
            cuts: Vec::new(),
        }
    }

    /// From now on no segment is longer than this, but for the slack.
    pub fn set_target_s(&mut self, target_s: u64) {
        self.target_us = Some(target_s * 1_000_000);
    }

    /// What was cut since the last call.
    pub fn take_cuts(&mut self) -> Vec<Cut> {
        std::mem::take(&mut self.cuts)
    }

    /// Media time up to which all is cut.
    pub fn edge_us(&self) -> u64 {
        self.part_start_us
    }

    /// When the newest picture came, in media time; nothing where there is no track for pictures.
    pub fn pictures_until_us(&self) -> Option<u64> {
        self.video.as_ref().map(|_| self.picture_us)
    }

    /// Cuts all that waits, and sets up for other tracks from here on. Sound whose configuration stays goes on.
    pub fn begin(&mut self, tracks: &Tracks, epoch: &Epoch) {
        let start_us = self.part_start_us.max(epoch.media_us);
        let kept = self.audio.take().filter(|run| {
            tracks.audio.as_ref() == Some(run.config()) && run.next_us().abs_diff(start_us) < AUDIO_LAG_MAX_US
        });
        self.audio = kept.or_else(|| tracks.audio.as_ref().map(|config| AudioRun::new(config.clone(), start_us)));
        self.video = tracks.video.as_ref().map(|_| VideoRun::default());
        self.picture_us = start_us;
        self.independent = true;
    }

    /// Cuts everything up to `at_us`; sound beyond stays for what comes next.
    pub fn split(&mut self, at_us: u64) {
        if let Some(video) = &mut self.video
            && let Some(dts_us) = video.pending()
        {
            video.settle(at_us.max(dts_us + 1_000));
        }
        self.close_part(at_us);
        self.close_segment();
    }

    /// Cuts everything there is.
    pub fn flush(&mut self) {
        let pictures = self.video.as_ref().and_then(VideoRun::guessed_end_us);
        let sound = self.audio.as_ref().map(AudioRun::next_us);
        let end_us = pictures.max(sound).unwrap_or(0).max(self.part_start_us);
        if let Some(video) = &mut self.video {
            video.settle(pictures.unwrap_or(end_us));
        }
        self.close_part(end_us);
        self.close_segment();
    }

    fn limit_us(&self) -> u64 {
        self.target_us.map_or(SEGMENT_MAX_US, |target_us| target_us + TARGET_SLACK_US)
    }

    /// Takes a picture. Returns false where there is no track for it.
    pub fn video(&mut self, dts_us: u64, pts_us: u64, key_frame: bool, data: Bytes) -> bool {
        let Some(video) = &mut self.video else { return false };
        let at_us = video.place(dts_us);
        let (pts_us, pending) = (pts_us.max(at_us), video.pending());
        if let Some(before_us) = pending {
            // Cut before a picture that stood longer than there was room for.
            if before_us > self.segment_start_us && at_us > self.segment_start_us + self.limit_us() {
                self.close_part(before_us);
                self.close_segment();
            } else if before_us > self.part_start_us && at_us > self.part_start_us + PART_MAX_US {
                self.close_part(before_us);
            }
        }
        let video = self.video.as_mut().expect("there is a track");
        video.settle(at_us);
        let part_us = at_us.saturating_sub(self.part_start_us);
        let segment_us = at_us.saturating_sub(self.segment_start_us);
        let full = video.ready_bytes() > PART_BYTES_MAX;
        let segment_min_us = if self.independent { SEGMENT_MIN_US } else { SEGMENT_MENDED_MIN_US };
        if key_frame && segment_us >= segment_min_us {
            self.close_part(at_us);
            self.close_segment();
        } else if full || part_us >= PART_MIN_US {
            self.close_part(at_us);
            self.close_if_many_parts();
        }
        self.video.as_mut().expect("there is a track").push(Picture { dts_us: at_us, pts_us, key_frame, data });
        self.picture_us = at_us;
        true
    }

    /// Takes sound. Returns false if it comes too late, or there is no track for it.
    pub fn audio(&mut self, pts_us: u64, data: Bytes, samples: u32) -> bool {
        let Some(audio) = &mut self.audio else { return false };
        let start_us = audio.next_us();
        if !audio.push(pts_us, data, samples) {
            return false;
        }
        let end_us = audio.next_us();
        let full = audio.ready_bytes() > PART_BYTES_MAX;
        if self.video.is_none() {
            self.cut_sound(start_us, end_us, full);
        } else {
            while end_us > self.part_start_us + PART_MAX_US + VIDEO_LAG_MAX_US || full {
                let (Some(edge_us), before_us) = (self.sound_boundary(), self.part_start_us) else { break };
                self.cut_without_picture(edge_us);
                if full || self.part_start_us == before_us {
                    break;
                }
            }
        }
        true
    }

    fn sound_boundary(&self) -> Option<u64> {
        self.audio.as_ref()?.boundary_us(self.part_start_us, self.part_start_us + PART_MAX_US)
    }

    /// Pictures are late, or stand still: the part ends by the sound.
    fn cut_without_picture(&mut self, edge_us: u64) {
        self.close_part(edge_us);
        self.close_if_many_parts();
    }

    fn cut_sound(&mut self, start_us: u64, end_us: u64, full: bool) {
        if end_us > self.part_start_us + PART_MAX_US && start_us > self.part_start_us {
            self.close_part(start_us);
        }
        if full || end_us >= self.part_start_us + PART_MIN_US {
            self.close_part(end_us);
        }
        if self.part_start_us >= self.segment_start_us + SEGMENT_AUDIO_US || self.parts >= PARTS_MAX {
            self.close_segment();
        }
    }

    fn close_if_many_parts(&mut self) {
        if self.parts >= PARTS_MAX {
            self.close_segment();
        }
    }

    /// Ends the part at `end_us`; in several pieces where sound alone goes on for longer than one may be.
    fn close_part(&mut self, end_us: u64) {
        if let (Some(_), Some(audio)) = (&self.video, &mut self.audio) {
            audio.keep_up(end_us, AUDIO_LAG_MAX_US);
        }
        while end_us > self.part_start_us + PART_MAX_US {
            match self.sound_boundary() {
                Some(edge_us) if edge_us < end_us && self.emit(edge_us) => {}
                _ => break,
            }
        }
        self.emit(end_us);
    }

    /// Returns whether there was something to make a part of.
    fn emit(&mut self, end_us: u64) -> bool {
        if end_us <= self.part_start_us {
            return false;
        }
        let mut samples = Samples::default();
        if let Some(video) = &mut self.video {
            samples.video = video.drain(end_us);
        }
        if let Some(audio) = &mut self.audio {
            samples.audio = audio.drain(end_us);
        }
        if samples.is_empty() {
            return false;
        }
        if end_us > self.segment_start_us + self.limit_us() {
            self.close_segment();
        }
        let independent = match samples.video.first() {
            Some(first) => first.key_frame,
            None => self.video.is_none(),
        };
        if self.parts == 0 {
            self.independent = independent;
        }
        self.fragments = self.fragments.wrapping_add(1);
        let data = fragment(self.fragments, &samples);
        let start_us = self.part_start_us;
        let part = Part { duration_us: end_us - start_us, independent, data };
        self.cuts.push(Cut::Part { start_us, part, audio: samples.audio });
        self.parts += 1;
        self.part_start_us = end_us;
        true
    }

    /// Ends the segment where the last part ended.
    fn close_segment(&mut self) {
        if self.parts == 0 {
            return;
        }
        let (start_us, duration_us) = (self.segment_start_us, self.part_start_us - self.segment_start_us);
        self.cuts.push(Cut::Segment { start_us, duration_us, independent: self.independent });
        if self.target_us.is_none() {
            let rounded_s = (duration_us + 1_000_000 - TARGET_SLACK_US) / 1_000_000;
            self.set_target_s(rounded_s.clamp(TARGET_MIN_S, SEGMENT_MAX_US / 1_000_000));
        }
        self.segment_start_us = self.part_start_us;
        self.parts = 0;
    }

    /// The target duration in seconds, once the first segment set it.
    pub fn target_s(&self) -> Option<u64> {
        self.target_us.map(|target_us| target_us / 1_000_000)
    }
}
