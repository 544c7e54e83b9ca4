//! Samples of one track, waiting to be cut into a part.

use crate::cmaf::{Sample, VIDEO_TIMESCALE};
use crate::codec::AudioConfig;
use bytes::Bytes;

/// Least distance of two pictures: clocks that stand still or step back a little are stretched to it.
const PICTURE_MIN_US: u64 = 1_000;
/// Sound this far off its place is put right, by silence or by leaving a frame out.
const AUDIO_DRIFT_MAX_US: u64 = 40_000;
/// Frames of silence put in at once; at 20 ms each that is more than a track can fall behind.
const SILENCE_FRAMES_MAX: u64 = 400;

fn ticks(media_us: u64, rate: u32) -> u64 {
    (u128::from(media_us) * u128::from(rate) / 1_000_000) as u64
}

fn micros(ticks: u64, rate: u32) -> u64 {
    (u128::from(ticks) * 1_000_000 / u128::from(rate)) as u64
}

/// A picture in media time.
#[derive(Debug, Clone)]
pub struct Picture {
    pub dts_us: u64,
    pub pts_us: u64,
    pub key_frame: bool,
    pub data: Bytes,
}

/// Pictures. The newest one waits until the next tells how long it stands.
#[derive(Debug, Default)]
pub struct VideoRun {
    pending: Option<Picture>,
    ready: Vec<(u64, Sample)>,
    last_duration_us: u64,
    /// Where the next picture may stand at the earliest.
    floor_us: u64,
}

impl VideoRun {
    /// When the picture that waits is decoded.
    pub fn pending(&self) -> Option<u64> {
        self.pending.as_ref().map(|picture| picture.dts_us)
    }

    /// Where a picture said to be at `dts_us` will stand.
    pub fn place(&self, dts_us: u64) -> u64 {
        let floor = self.pending.as_ref().map_or(self.floor_us, |picture| picture.dts_us + PICTURE_MIN_US);
        dts_us.max(floor)
    }

    /// Ends the picture that waits at `end_us`.
    pub fn settle(&mut self, end_us: u64) {
        let Some(picture) = self.pending.take() else { return };
        let (time, end) = (ticks(picture.dts_us, VIDEO_TIMESCALE), ticks(end_us, VIDEO_TIMESCALE));
        let offset = (ticks(picture.pts_us, VIDEO_TIMESCALE) - time) as i32;
        self.last_duration_us = end_us - picture.dts_us;
        self.floor_us = end_us;
        let sample =
            Sample { time, duration: (end - time) as u32, offset, key_frame: picture.key_frame, data: picture.data };
        self.ready.push((picture.dts_us, sample));
    }

    /// Puts the next picture to wait. The one before has to be settled.
    pub fn push(&mut self, picture: Picture) {
        debug_assert!(self.pending.is_none());
        self.pending = Some(picture);
    }

    /// Where the picture that waits would end if the next came as soon as the one before.
    pub fn guessed_end_us(&self) -> Option<u64> {
        let duration = if self.last_duration_us == 0 { 33_333 } else { self.last_duration_us.min(1_000_000) };
        self.pending.as_ref().map(|picture| picture.dts_us + duration)
    }

    /// Takes the settled pictures before `end_us`.
    pub fn drain(&mut self, end_us: u64) -> Vec<Sample> {
        let count = self.ready.partition_point(|(dts_us, _)| *dts_us < end_us);
        self.ready.drain(..count).map(|(_, sample)| sample).collect()
    }

    pub fn ready_bytes(&self) -> usize {
        self.ready.iter().map(|(_, sample)| sample.data.len()).sum()
    }
}

/// Sound, without holes: each frame stands where the one before ended.
#[derive(Debug)]
pub struct AudioRun {
    config: AudioConfig,
    /// Where the next frame stands, in samples of media time.
    next: u64,
    ready: Vec<Sample>,
    /// Nothing comes from the publisher any more; silence takes its place.
    absent: bool,
}

impl AudioRun {
    pub fn new(config: AudioConfig, start_us: u64) -> Self {
        let next = ticks(start_us, config.rate());
        Self { config, next, ready: Vec::new(), absent: false }
    }

    pub fn config(&self) -> &AudioConfig {
        &self.config
    }

    /// Where the next frame stands.
    pub fn next_us(&self) -> u64 {
        micros(self.next, self.config.rate())
    }

    /// Appends a frame said to be at `pts_us`. Returns false if it comes too late to be heard.
    pub fn push(&mut self, pts_us: u64, data: Bytes, samples: u32) -> bool {
        let due_us = self.next_us();
        if pts_us + AUDIO_DRIFT_MAX_US < due_us {
            return false;
        }
        if pts_us > due_us + AUDIO_DRIFT_MAX_US {
            self.fill(pts_us);
            if self.next_us() + AUDIO_DRIFT_MAX_US < pts_us {
                self.next = ticks(pts_us, self.config.rate());
            }
        }
        self.absent = false;
        self.append(data, samples);
        true
    }

    fn append(&mut self, data: Bytes, samples: u32) {
        self.ready.push(Sample { time: self.next, duration: samples, offset: 0, key_frame: true, data });
        self.next += u64::from(samples);
    }

    fn fill(&mut self, until_us: u64) {
        let Some((silence, samples)) = self.config.silence() else { return };
        let until = ticks(until_us, self.config.rate());
        let count = until.saturating_sub(self.next) / u64::from(samples);
        (0..count.min(SILENCE_FRAMES_MAX)).for_each(|_| self.append(silence.clone(), samples));
    }

    /// Pictures have come up to `edge_us`: once sound is `lag_max_us` behind, silence goes on in its place.
    pub fn keep_up(&mut self, edge_us: u64, lag_max_us: u64) {
        if self.next_us() + lag_max_us < edge_us || self.absent {
            self.fill(if self.absent { edge_us } else { edge_us - lag_max_us / 2 });
            self.absent = true;
        }
    }

    /// The latest start of a frame after `from_us` and not after `to_us`; or the end of all, if that lies there.
    pub fn boundary_us(&self, from_us: u64, to_us: u64) -> Option<u64> {
        let starts = self.ready.iter().map(|sample| micros(sample.time, self.config.rate()));
        starts.chain([self.next_us()]).filter(|start| *start > from_us && *start <= to_us).max()
    }

    /// Takes the frames that start before `end_us`.
    pub fn drain(&mut self, end_us: u64) -> Vec<Sample> {
        let rate = self.config.rate();
        let count = self.ready.partition_point(|sample| micros(sample.time, rate) < end_us);
        self.ready.drain(..count).collect()
    }

    pub fn ready_bytes(&self) -> usize {
        self.ready.iter().map(|sample| sample.data.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::OpusTrack;

    fn opus() -> AudioRun {
        AudioRun::new(AudioConfig::Opus(OpusTrack { channels: 2 }), 0)
    }

    fn frame() -> Bytes {
        Bytes::from_static(&[0xfc, 1])
    }

    #[test]
    fn a_hole_in_the_sound_is_filled_with_silence() {
        let mut run = opus();
        assert!(run.push(0, frame(), 960));
        assert!(run.push(100_000, frame(), 960));
        let samples = run.drain(u64::MAX);
        assert_eq!(samples.len(), 6);
        assert!(samples.windows(2).all(|pair| pair[0].time + 960 == pair[1].time));
        assert_eq!(samples[1].data.as_ref(), [0xfc, 0xff, 0xfe]);
    }

    #[test]
    fn jitter_is_not_heard_and_what_is_late_is_left_out() {
        let mut run = opus();
        for at_us in [0, 35_000, 21_000, 70_000] {
            assert!(run.push(at_us, frame(), 960), "{at_us}");
        }
        assert_eq!(run.next_us(), 80_000);
        assert!(!run.push(39_999, frame(), 960));
        assert!(run.push(40_000, frame(), 960));
    }

    #[test]
    fn pictures_that_stand_still_in_time_are_kept_apart() {
        let mut run = VideoRun::default();
        for dts_us in [0, 0, 0] {
            let at = run.place(dts_us);
            run.settle(at);
            run.push(Picture { dts_us: at, pts_us: at, key_frame: false, data: frame() });
        }
        run.settle(10_000);
        assert_eq!(run.drain(10_000).iter().map(|sample| sample.duration).collect::<Vec<_>>(), [90, 90, 720]);
    }
}
