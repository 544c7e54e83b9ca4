//! From the publisher's clock to media time and the wall's.
//!
//! Media time runs on without a hole: what a publisher is silent for, or its clock jumps by, is left out of it, and told by
//! a discontinuity and by the program date time. One stretch between two such places is an **epoch**.
//! The source opens epochs; other renditions of it follow, so that all share one time line.

use std::collections::VecDeque;

/// Epochs kept for renditions that lag behind the source.
const EPOCHS_MAX: usize = 8;
/// How far ahead of all that was seen a frame may be, and how far behind, to belong to the running epoch.
pub const SKEW_MAX_US: u64 = 3_000_000;
/// The same for broadcasts without sound, where a frame stands as long as none follows: a segment must hold it.
pub const STILL_MAX_US: u64 = 2_000_000;

/// A stretch of the publisher's clock, and where it lies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Epoch {
    /// Counts up by one with each discontinuity.
    pub id: u64,
    /// Its start on the publisher's clock.
    pub pts_us: u64,
    /// Its start in media time.
    pub media_us: u64,
    /// Its start on the wall clock, milliseconds since the Unix epoch.
    pub wall_ms: u64,
    /// The newest time seen on the publisher's clock.
    last_us: u64,
}

impl Epoch {
    /// Media time of a moment on the publisher's clock; `None` if it lies before the epoch.
    pub fn media_us(&self, pts_us: u64) -> Option<u64> {
        Some(self.media_us.saturating_add(pts_us.checked_sub(self.pts_us)?))
    }

    /// Wall clock of a media time, in milliseconds since the Unix epoch.
    pub fn wall_ms(&self, media_us: u64) -> u64 {
        self.wall_ms + media_us.saturating_sub(self.media_us) / 1000
    }
}

/// All epochs that are still of use, oldest first.
#[derive(Debug, Default)]
pub struct Timeline {
    epochs: VecDeque<Epoch>,
    first: u64,
}

impl Timeline {
    /// The first epoch gets the id `first`.
    pub fn starting_at(first: u64) -> Self {
        Self { epochs: VecDeque::new(), first }
    }

    /// Opens an epoch; in place of the newest one if nothing came of that.
    pub fn open(&mut self, pts_us: u64, media_us: u64, wall_ms: u64, replace: bool) -> Epoch {
        if replace {
            self.epochs.pop_back();
        }
        let id = self.epochs.back().map_or(self.first, |newest| newest.id + 1);
        if self.epochs.len() == EPOCHS_MAX {
            self.epochs.pop_front();
        }
        let epoch = Epoch { id, pts_us, media_us, wall_ms, last_us: pts_us };
        self.epochs.push_back(epoch);
        epoch
    }

    /// Whether a time on the source's clock belongs to the newest epoch; if so it is noted as seen.
    pub fn admits(&mut self, dts_us: u64, still: bool) -> bool {
        let Some(newest) = self.epochs.back_mut() else { return false };
        let ahead_max = if still { STILL_MAX_US } else { SKEW_MAX_US };
        if dts_us > newest.last_us.saturating_add(ahead_max) || newest.last_us > dts_us.saturating_add(SKEW_MAX_US) {
            return false;
        }
        newest.last_us = newest.last_us.max(dts_us);
        true
    }

    /// The epoch for a frame of a rendition that follows, at `current` or later.
    pub fn find(&self, dts_us: u64, current: Option<u64>) -> Option<Epoch> {
        let fits = |epoch: &&Epoch| {
            current.is_none_or(|id| epoch.id >= id)
                && dts_us >= epoch.pts_us
                && dts_us <= epoch.last_us.saturating_add(SKEW_MAX_US)
        };
        self.epochs.iter().rev().find(fits).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rendition_that_lags_finds_the_epoch_its_frame_was_of() {
        let mut timeline = Timeline::starting_at(7);
        let first = timeline.open(1_000_000_000, 0, 50, false);
        assert!(timeline.admits(1_002_000_000, false));
        let second = timeline.open(5_000_000, 2_000_000, 9_000, false);
        assert_eq!((first.id, second.id), (7, 8));
        assert_eq!(timeline.find(1_001_000_000, Some(7)).map(|epoch| epoch.id), Some(7));
        assert_eq!(timeline.find(6_000_000, Some(7)).map(|epoch| epoch.id), Some(8));
        assert_eq!(timeline.find(1_001_000_000, Some(8)), None);
    }

    #[test]
    fn a_time_is_admitted_to_the_limit_and_not_past_it() {
        let mut timeline = Timeline::starting_at(0);
        timeline.open(10_000_000, 0, 0, false);
        assert!(!timeline.admits(10_000_000 + SKEW_MAX_US + 1, false));
        assert!(!timeline.admits(10_000_000 - SKEW_MAX_US - 1, false));
        assert!(timeline.admits(10_000_000 - SKEW_MAX_US, false));
        assert!(!timeline.admits(10_000_000 + STILL_MAX_US + 1, true));
        assert!(timeline.admits(10_000_000 + SKEW_MAX_US, false));
    }
}
