//! The encoder's time stamps, made into one time line that rises.
//!
//! An encoder counts milliseconds modulo 2³², from wherever it likes; clocks are set back, files are
//! looped, and liars lie. What follows from the newest frame within [`JUMP`] is kept as it is;
//! anything else is a jump: the frame is put where the clock on the wall says it belongs, and what
//! comes after follows from it. Audio and video rarely jump at the same frame: the place from before
//! the jump is kept for those that are still there.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::limits::{AHEAD_OF_CLOCK, JUMP, JUMPS, JUMPS_OVER, STUCK_FRAMES};
use crate::{Kind, Refusal};

/// Where every time line begins: far enough from 0 that nothing before it is lost.
pub const ORIGIN_US: u64 = 1_000_000;

/// The unit of time stamps, and so the least step of a time line.
const TICK_US: u64 = 1_000;

#[derive(Debug, Default)]
struct Last {
    dts_us: u64,
    stuck: u32,
}

#[derive(Debug)]
pub(crate) struct Timeline {
    /// The newest time stamp without its wrap, in milliseconds.
    unwrapped_ms: i64,
    /// To add to an unwrapped time stamp: now, and before the last jump.
    offsets_ms: [i64; 2],
    newest_us: u64,
    newest_at: Instant,
    started_at: Instant,
    video: Last,
    audio: Last,
    jumps: VecDeque<Instant>,
    begun: bool,
}

impl Timeline {
    pub(crate) fn new(now: Instant) -> Timeline {
        Timeline {
            unwrapped_ms: 0,
            offsets_ms: [0; 2],
            newest_us: ORIGIN_US,
            newest_at: now,
            started_at: now,
            video: Last::default(),
            audio: Last::default(),
            jumps: VecDeque::new(),
            begun: false,
        }
    }

    /// The decoding time of a frame, in microseconds, above that of the one before it of its kind.
    pub(crate) fn dts_us(&mut self, now: Instant, kind: Kind, timestamp_ms: u32) -> Result<u64, Refusal> {
        if !self.begun {
            self.begun = true;
            self.started_at = now;
            self.newest_at = now;
            self.unwrapped_ms = i64::from(timestamp_ms);
            self.offsets_ms = [(ORIGIN_US / TICK_US) as i64 - self.unwrapped_ms; 2];
        }
        let step = timestamp_ms.wrapping_sub(self.unwrapped_ms as u32) as i32;
        let unwrapped_ms = self.unwrapped_ms + i64::from(step);
        let placed_us = match self.placed(unwrapped_ms) {
            Some(placed_us) => placed_us,
            None => self.jump(now, unwrapped_ms)?,
        };
        self.unwrapped_ms = unwrapped_ms;
        let last = match kind {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        };
        let least_us = if last.dts_us == 0 { 0 } else { last.dts_us + TICK_US };
        let dts_us = placed_us.max(least_us);
        last.stuck = if placed_us < least_us { last.stuck + 1 } else { 0 };
        if last.stuck > STUCK_FRAMES {
            return Err(Refusal::Timestamps);
        }
        last.dts_us = dts_us;
        if dts_us > self.newest_us {
            self.newest_us = dts_us;
            self.newest_at = now;
        }
        let clock = now.saturating_duration_since(self.started_at);
        if Duration::from_micros(dts_us.saturating_sub(ORIGIN_US)) > clock + AHEAD_OF_CLOCK {
            return Err(Refusal::AheadOfTime);
        }
        Ok(dts_us)
    }

    /// Where a time stamp belongs if it follows from what came before.
    fn placed(&self, unwrapped_ms: i64) -> Option<u64> {
        let near = |offset_ms: i64| {
            let placed_us = u64::try_from(unwrapped_ms.checked_add(offset_ms)?).ok()?.checked_mul(TICK_US)?;
            (placed_us.abs_diff(self.newest_us) <= JUMP.as_micros() as u64).then_some(placed_us)
        };
        self.offsets_ms.into_iter().find_map(near)
    }

    fn jump(&mut self, now: Instant, unwrapped_ms: i64) -> Result<u64, Refusal> {
        while self.jumps.front().is_some_and(|&at| now.saturating_duration_since(at) > JUMPS_OVER) {
            self.jumps.pop_front();
        }
        if self.jumps.len() == JUMPS {
            return Err(Refusal::Timestamps);
        }
        self.jumps.push_back(now);
        let since = now.saturating_duration_since(self.newest_at).as_micros() as u64;
        let placed_ms = (self.newest_us + since) / TICK_US + 1;
        self.offsets_ms = [placed_ms as i64 - unwrapped_ms, self.offsets_ms[0]];
        Ok(placed_ms * TICK_US)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: u64 = 1_000;

    struct Trial {
        timeline: Timeline,
        now: Instant,
    }

    impl Trial {
        fn new() -> Trial {
            let now = Instant::now();
            Trial { timeline: Timeline::new(now), now }
        }

        fn at(&mut self, after_ms: u64, kind: Kind, timestamp_ms: u32) -> Result<u64, Refusal> {
            self.now += Duration::from_millis(after_ms);
            self.timeline.dts_us(self.now, kind, timestamp_ms).map(|dts_us| dts_us - ORIGIN_US)
        }
    }

    #[test]
    fn a_time_line_begins_at_its_origin_and_wraps() {
        let mut trial = Trial::new();
        assert_eq!(trial.at(0, Kind::Video, u32::MAX - 9), Ok(0));
        assert_eq!(trial.at(10, Kind::Video, 0), Ok(10 * MS));
        assert_eq!(trial.at(10, Kind::Audio, u32::MAX), Ok(9 * MS), "audio may be behind video");
        assert_eq!(trial.at(10, Kind::Video, 40), Ok(50 * MS));
    }

    #[test]
    fn what_comes_before_the_first_is_kept() {
        let mut trial = Trial::new();
        trial.at(0, Kind::Video, 0).unwrap();
        let before = trial.timeline.dts_us(trial.now, Kind::Audio, u32::MAX - 99);
        assert_eq!(before, Ok(ORIGIN_US - 100 * MS));
    }

    #[test]
    fn the_same_or_an_earlier_time_becomes_the_next_tick() {
        let mut trial = Trial::new();
        trial.at(0, Kind::Video, 100).unwrap();
        assert_eq!(trial.at(0, Kind::Video, 100), Ok(MS));
        assert_eq!(trial.at(0, Kind::Video, 40), Ok(2 * MS));
        assert_eq!(trial.at(0, Kind::Video, 133), Ok(33 * MS));
    }

    #[test]
    fn both_kinds_jump_and_stay_together() {
        let mut trial = Trial::new();
        trial.at(0, Kind::Video, 0).unwrap();
        trial.at(0, Kind::Audio, 10).unwrap();
        assert_eq!(trial.at(40, Kind::Video, 90_000_000), Ok(51 * MS), "put where the clock is");
        assert_eq!(trial.at(0, Kind::Audio, 33), Ok(33 * MS), "audio has yet to jump");
        assert_eq!(trial.at(40, Kind::Video, 90_000_040), Ok(91 * MS));
        assert_eq!(trial.at(0, Kind::Audio, 90_000_020), Ok(71 * MS));
        assert_eq!(trial.timeline.jumps.len(), 1);
    }

    #[test]
    fn a_gap_is_kept_and_a_longer_one_follows_the_clock() {
        let mut trial = Trial::new();
        trial.at(0, Kind::Video, 0).unwrap();
        assert_eq!(trial.at(10_000, Kind::Video, 10_000), Ok(10_000 * MS));
        assert_eq!(trial.at(25_000, Kind::Video, 35_000), Ok(35_001 * MS));
    }

    #[test]
    fn a_clock_that_keeps_jumping_is_refused() {
        let mut trial = Trial::new();
        trial.at(0, Kind::Video, 0).unwrap();
        for jump in 1..=JUMPS as u32 {
            assert!(trial.at(40, Kind::Video, jump * 100_000_000).is_ok(), "{jump}");
        }
        assert_eq!(trial.at(40, Kind::Video, 1), Err(Refusal::Timestamps));
        // As many again are taken once a while has passed.
        assert!(trial.at(JUMPS_OVER.as_millis() as u64 + 1_000, Kind::Video, 1).is_ok());
    }

    #[test]
    fn a_clock_that_stands_still_is_refused() {
        let mut trial = Trial::new();
        trial.at(0, Kind::Audio, 7).unwrap();
        for _ in 0..STUCK_FRAMES {
            assert!(trial.at(20, Kind::Audio, 7).is_ok());
        }
        assert_eq!(trial.at(20, Kind::Audio, 7), Err(Refusal::Timestamps));
    }

    #[test]
    fn running_ahead_of_the_clock_is_refused() {
        let mut trial = Trial::new();
        let ahead_ms = AHEAD_OF_CLOCK.as_millis() as u32;
        for timestamp_ms in (0..=ahead_ms).step_by(5_000) {
            assert!(trial.at(0, Kind::Video, timestamp_ms).is_ok(), "{timestamp_ms}");
        }
        assert_eq!(trial.at(0, Kind::Video, ahead_ms + 1), Err(Refusal::AheadOfTime));
    }

    proptest! {
        #[test]
        fn whatever_comes_each_kind_rises(frames in prop::collection::vec((any::<bool>(), any::<u32>(), 0u64..5_000), 0..200)) {
            let mut trial = Trial::new();
            let mut last = [0; 2];
            for (video, timestamp_ms, after_ms) in frames {
                trial.now += Duration::from_millis(after_ms);
                let kind = if video { Kind::Video } else { Kind::Audio };
                let Ok(dts_us) = trial.timeline.dts_us(trial.now, kind, timestamp_ms) else { break };
                prop_assert!(dts_us > last[usize::from(video)]);
                last[usize::from(video)] = dts_us;
            }
        }
    }
}
