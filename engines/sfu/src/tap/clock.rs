//! One time line for all tracks of a leg.
//!
//! A stream's own clock tells distances; where it stands on the line is learnt
//! from when its packets arrive, at least delay, and from its sender's reports
//! (RFC 3550 6.4.1), which share a clock among the tracks. The sound, if there
//! is any, keeps the place it began at, so that it never gets a seam; the other
//! tracks are led to where they belong, a little with each frame.

use crate::forward::rewrite::SenderClock;
use std::time::UNIX_EPOCH;

/// A difference beyond this is not believed but taken for a new beginning.
const BELIEVABLE_US: i64 = 5_000_000;
/// Share of the time between two frames by which a track is led to its place.
const VIDEO_LEADS: i64 = 8;
const AUDIO_LEADS: i64 = 200;
/// Least distance between two frames of a track.
pub(super) const LEAST_STEP_US: i64 = 1_000;

/// What the tracks of one leg share.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// The track whose place is kept, and whether it is sound.
    reference: Option<(u64, bool)>,
    /// The senders' wall clock at the line's beginning.
    base_us: Option<i64>,
}

/// The clock of one stream.
#[derive(Debug)]
pub(super) struct StreamClock {
    hz: i64,
    audio: bool,
    /// Last timestamp, and what it is without wraps.
    last: Option<(u32, i64)>,
    /// Place of the stream's zero on the line, by the arrival of its fastest packet.
    by_arrival_us: Option<i64>,
    /// The sender's wall clock at the stream's zero.
    sender_us: Option<i64>,
    report: Option<SenderClock>,
    /// Where the stream's zero is taken to be.
    place_us: Option<i64>,
    /// The stream's time of the last frame that was placed.
    placed_us: Option<i64>,
}

impl StreamClock {
    pub(super) fn new(hz: u32) -> StreamClock {
        StreamClock {
            hz: i64::from(hz),
            audio: hz == 48_000,
            last: None,
            by_arrival_us: None,
            sender_us: None,
            report: None,
            place_us: None,
            placed_us: None,
        }
    }

    /// A timestamp without wraps: the one nearest to the last.
    fn ticks(&self, timestamp: u32) -> i64 {
        self.last.map_or(i64::from(timestamp), |(last, ticks)| ticks + i64::from(timestamp.wrapping_sub(last) as i32))
    }

    /// The stream's time of a timestamp.
    fn stream_us(&self, timestamp: u32) -> i64 {
        self.ticks(timestamp).saturating_mul(1_000_000) / self.hz
    }

    /// Learns from a packet that arrived at this place of the line; `false`: its
    /// time is no longer that of the packets before, and the clock begins anew.
    pub(super) fn observe(&mut self, timestamp: u32, arrived_us: i64, report: Option<SenderClock>) -> bool {
        let at_us = self.stream_us(timestamp);
        let by_arrival_us = arrived_us - at_us;
        let strange = self.by_arrival_us.is_some_and(|known| (known - by_arrival_us).abs() > BELIEVABLE_US);
        if strange {
            *self = StreamClock::new(self.hz as u32);
            self.observe(timestamp, arrived_us, None);
            return false;
        }
        self.last = Some((timestamp, self.ticks(timestamp)));
        self.by_arrival_us = Some(self.by_arrival_us.map_or(by_arrival_us, |known| known.min(by_arrival_us)));
        if let Some(report) = report.filter(|report| self.report != Some(*report)) {
            self.report = Some(report);
            let wall_us = match report.wall.duration_since(UNIX_EPOCH) {
                Ok(since) => i64::try_from(since.as_micros()).ok(),
                Err(before) => i64::try_from(before.duration().as_micros()).ok().map(|us| -us),
            };
            self.sender_us = wall_us.and_then(|wall_us| wall_us.checked_sub(self.stream_us(report.timestamp)));
        }
        true
    }

    pub(super) fn knows_sender(&self) -> bool {
        self.sender_us.is_some()
    }

    /// The place of a frame on the line, of the track with this key.
    pub(super) fn place(&mut self, timestamp: u32, track: u64, line: &mut Line) -> i64 {
        let at_us = self.stream_us(timestamp);
        let arrival_us = self.by_arrival_us.unwrap_or(0);
        let believable = |target_us: &i64| (target_us - arrival_us).abs() <= BELIEVABLE_US;
        let target_us = || Some(self.sender_us?.checked_sub(line.base_us?)?).filter(believable);
        let place_us = match self.place_us {
            None => target_us().unwrap_or(arrival_us),
            Some(place_us) if line.reference.is_some_and(|(key, audio)| key == track || (self.audio && !audio)) => {
                place_us
            }
            Some(place_us) => {
                let share = if self.audio { AUDIO_LEADS } else { VIDEO_LEADS };
                let most_us = (at_us - self.placed_us.unwrap_or(at_us)).max(0) / share;
                place_us + target_us().map_or(0, |target_us| (target_us - place_us).clamp(-most_us, most_us))
            }
        };
        self.place_us = Some(place_us);
        self.placed_us = Some(self.placed_us.map_or(at_us, |placed_us| placed_us.max(at_us)));
        self.lend_base(place_us, track, line);
        at_us + place_us
    }

    /// Makes this stream the one that the others follow, if it is to be.
    fn lend_base(&self, place_us: i64, track: u64, line: &mut Line) {
        let Some(sender_us) = self.sender_us else { return };
        let takes = match line.reference {
            None => true,
            Some((reference, audio)) => reference == track || (self.audio && !audio),
        };
        if takes && let Some(base_us) = sender_us.checked_sub(place_us) {
            line.reference = Some((track, self.audio));
            line.base_us = Some(base_us);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    const AUDIO: u64 = 1;
    const VIDEO: u64 = 2;

    fn report(wall_ms: u64, timestamp: u32) -> Option<SenderClock> {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_000 + wall_ms);
        Some(SenderClock { wall, timestamp })
    }

    #[test]
    fn by_arrival_a_frame_stands_where_the_fastest_packet_puts_it() {
        let (mut line, mut clock) = (Line::default(), StreamClock::new(90_000));
        assert!(clock.observe(u32::MAX - 899, 500_000, None));
        assert!(clock.observe(2_100, 520_000, None), "33 ms on, over the wrap");
        assert_eq!(clock.place(u32::MAX - 899, VIDEO, &mut line), 486_667);
        assert_eq!(clock.place(2_100, VIDEO, &mut line), 520_000);
    }

    #[test]
    fn the_picture_is_led_to_the_sound_and_the_sound_stays() {
        let mut line = Line::default();
        let (mut audio, mut video) = (StreamClock::new(48_000), StreamClock::new(90_000));
        // Both captured at once; the picture takes 100 ms longer to come.
        audio.observe(0, 1_000_000, None);
        video.observe(0, 1_100_000, None);
        let (mut last_audio, mut last_video) = (audio.place(0, AUDIO, &mut line), video.place(0, VIDEO, &mut line));
        assert_eq!(last_video - last_audio, 100_000);
        for frame in 1..200i64 {
            let at = 1_000_000 + frame * 20_000;
            let told = (frame > 10).then(|| report(0, 0)).flatten();
            audio.observe(frame as u32 * 960, at, told);
            video.observe(frame as u32 * 1_800, at + 100_000, told);
            let (sound, picture) = (
                audio.place(frame as u32 * 960, AUDIO, &mut line),
                video.place(frame as u32 * 1_800, VIDEO, &mut line),
            );
            assert_eq!(sound - last_audio, 20_000, "no seam");
            assert!(
                (17_500..=20_000).contains(&(picture - last_video)),
                "a little at a time: {}",
                picture - last_video
            );
            (last_audio, last_video) = (sound, picture);
        }
        assert_eq!(last_video, last_audio);
    }

    #[test]
    fn a_track_that_comes_later_is_put_in_its_place_at_once() {
        let mut line = Line::default();
        let (mut audio, mut video) = (StreamClock::new(48_000), StreamClock::new(90_000));
        audio.observe(0, 1_000_000, report(0, 0));
        assert_eq!(audio.place(0, AUDIO, &mut line), 1_000_000);
        video.observe(77_000, 1_900_000, report(500, 77_000));
        assert_eq!(video.place(77_000, VIDEO, &mut line), 1_500_000);
    }

    #[test]
    fn what_can_not_be_is_not_believed() {
        let mut line = Line::default();
        let (mut audio, mut video) = (StreamClock::new(48_000), StreamClock::new(90_000));
        audio.observe(0, 1_000_000, report(0, 0));
        audio.place(0, AUDIO, &mut line);
        video.observe(0, 1_050_000, report(3_600_000, 0));
        assert_eq!(video.place(0, VIDEO, &mut line), 1_050_000, "an hour apart: by arrival");
        assert!(!video.observe(90_000 * 60, 1_100_000, None), "a minute in 50 ms: begins anew");
        assert_eq!(video.place(90_000 * 60, VIDEO, &mut line), 1_100_000);
        assert!(video.observe(90_000 * 61, 2_100_000, None));
        let nonsense = Some(SenderClock { wall: SystemTime::UNIX_EPOCH - Duration::from_secs(1 << 40), timestamp: 7 });
        assert!(video.observe(90_000 * 62, 3_100_000, nonsense));
        assert_eq!(video.place(90_000 * 62, VIDEO, &mut line), 3_100_000);
    }
}
