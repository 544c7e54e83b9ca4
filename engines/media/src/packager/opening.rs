//! The start of a broadcast or of an epoch: frames wait until pictures and sound are both there.

use super::intake::Unit;
use crate::frame::Kind;

/// How long the second track is waited for, in milliseconds.
pub const START_WAIT_MS: u64 = 1_000;
/// How long a key frame is waited for once other pictures came, in milliseconds.
pub const KEY_FRAME_WAIT_MS: u64 = 10_000;
/// Frames that wait, in bytes.
pub const WAITING_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Frames that wait.
pub const WAITING_FRAMES_MAX: usize = 2_000;

/// Frames that wait for the start.
#[derive(Debug)]
pub struct Opening {
    wanted: Wanted,
    units: Vec<(Unit, u64)>,
    bytes: usize,
    since_ms: u64,
    first_us: u64,
    /// Pictures came, though none to start with.
    pictures: bool,
}

/// The tracks that a start waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub video: bool,
    pub audio: bool,
}

/// Frames to begin with, in order of arrival, each with its wall clock; the first is the anchor of the epoch.
#[derive(Debug)]
pub struct Start {
    pub anchor_us: u64,
    pub anchor_wall_ms: u64,
    pub units: Vec<(Unit, u64)>,
}

impl Opening {
    pub fn new(wanted: Wanted) -> Self {
        Self { wanted, units: Vec::new(), bytes: 0, since_ms: 0, first_us: 0, pictures: false }
    }

    /// Whether it only waits for a key frame.
    pub fn lacks_key_frame(&self) -> bool {
        self.pictures && !self.has(Kind::Video)
    }

    fn has(&self, kind: Kind) -> bool {
        self.units.iter().any(|(unit, _)| unit.kind == kind)
    }

    /// Whether there is sound from the first picture on: what came before it is not begun with.
    fn has_sound_to_start_with(&self) -> bool {
        let shown = self.units.iter().find(|(unit, _)| unit.kind == Kind::Video).map(|(unit, _)| unit.dts_us);
        self.units
            .iter()
            .any(|(unit, _)| unit.kind == Kind::Audio && shown.is_none_or(|shown_us| unit.dts_us >= shown_us))
    }

    /// Takes a frame. Returns what to begin with as soon as all that is wanted is there, or was waited for long enough.
    pub fn push(&mut self, unit: Unit, wall_ms: u64) -> Option<Start> {
        if self.units.is_empty() && !self.pictures {
            (self.since_ms, self.first_us) = (wall_ms, unit.dts_us);
        }
        let waited_ms = wall_ms.saturating_sub(self.since_ms).max(unit.dts_us.abs_diff(self.first_us) / 1000);
        if unit.kind == Kind::Video && !unit.key_frame && !self.has(Kind::Video) {
            self.pictures = true;
        } else {
            self.bytes += unit.data.len();
            self.units.push((unit, wall_ms));
        }
        let overdue = self.bytes > WAITING_BYTES_MAX || self.units.len() >= WAITING_FRAMES_MAX;
        let video_settled = !self.wanted.video || self.has(Kind::Video);
        let audio_settled = !self.wanted.audio || self.has_sound_to_start_with();
        let wait_ms = if self.lacks_key_frame() { KEY_FRAME_WAIT_MS } else { START_WAIT_MS };
        let begins = (video_settled && audio_settled) || waited_ms >= wait_ms || overdue;
        if begins { self.start() } else { None }
    }

    fn start(&mut self) -> Option<Start> {
        let (first, wall_ms) = self.units.iter().find(|(unit, _)| unit.kind == Kind::Video).or(self.units.first())?;
        let (anchor_us, anchor_wall_ms) = (first.dts_us, *wall_ms);
        let mut units = std::mem::take(&mut self.units);
        units.retain(|(unit, _)| unit.dts_us >= anchor_us);
        Some(Start { anchor_us, anchor_wall_ms, units })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn unit(kind: Kind, dts_ms: u64) -> Unit {
        let dts_us = dts_ms * 1_000;
        Unit {
            kind,
            dts_us,
            pts_us: dts_us,
            key_frame: true,
            discontinuity: false,
            data: Bytes::from_static(b"x"),
            samples: 960,
        }
    }

    #[test]
    fn sound_from_before_the_first_picture_is_not_enough() {
        let mut opening = Opening::new(Wanted { video: true, audio: true });
        assert!(opening.push(unit(Kind::Audio, 0), 1).is_none());
        assert!(opening.push(unit(Kind::Video, 30), 31).is_none(), "the sound that came is older than the picture");
        let start = opening.push(unit(Kind::Audio, 40), 41).expect("both are there");
        assert_eq!((start.anchor_us, start.units.len()), (30_000, 2));
    }
}
