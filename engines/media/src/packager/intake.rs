//! From frames to samples: configuration taken out of the stream, what is malformed refused.

use crate::cmaf::Tracks;
use crate::codec::{AacTrack, AudioConfig, OpusTrack, ParameterSets, VideoConfig, Vp9Track, packet_samples, strip_av1};
use crate::frame::{Codec, Config, Frame, FrameError, Kind};
use bytes::Bytes;

/// A picture said to be shown later than this after it is decoded is shown when it is decoded: no encoder reorders so far.
pub const REORDER_MAX_US: u64 = 5_000_000;

/// A frame ready to become a sample, on the publisher's clock.
#[derive(Debug, Clone)]
pub struct Unit {
    pub kind: Kind,
    pub pts_us: u64,
    pub dts_us: u64,
    pub key_frame: bool,
    pub discontinuity: bool,
    pub data: Bytes,
    /// Length in samples, of sound.
    pub samples: u32,
}

/// What is known of the stream's configuration. Each change raises a count, so that nobody has to compare.
#[derive(Debug, Default)]
pub struct Intake {
    sets: ParameterSets,
    tracks: Tracks,
    video_changes: u32,
    audio_changes: u32,
    /// Channels that a configuration asked for; packets may say otherwise from one to the next.
    opus_channels: Option<u8>,
}

impl Intake {
    /// # Errors
    /// The configuration is malformed, or asks for more channels than a packet can carry.
    pub fn configure(&mut self, config: &Config) -> Result<(), FrameError> {
        match config {
            Config::H264(record) => {
                self.sets.replace(record).map_err(|why| FrameError::Malformed(Codec::H264, why))?;
            }
            Config::Aac(config) => {
                let track = AacTrack::parse(config).map_err(|why| FrameError::Malformed(Codec::Aac, why))?;
                self.set_audio(AudioConfig::Aac(track));
            }
            Config::Opus { channels: channels @ (1 | 2) } => {
                self.opus_channels = Some(*channels);
                self.set_audio(AudioConfig::Opus(OpusTrack { channels: *channels }));
            }
            Config::Opus { .. } => return Err(FrameError::Malformed(Codec::Opus, "one or two channels")),
        }
        Ok(())
    }

    /// The newest configuration of each track, and how often it changed.
    pub fn tracks(&self) -> (&Tracks, u32, u32) {
        (&self.tracks, self.video_changes, self.audio_changes)
    }

    /// Takes a frame; `None` if nothing of it is for a decoder.
    ///
    /// # Errors
    /// The frame is refused or malformed, or its configuration is not known yet.
    pub fn take(&mut self, frame: &Frame) -> Result<Option<Unit>, FrameError> {
        frame.check()?;
        let malformed = |why| FrameError::Malformed(frame.codec, why);
        let mut unit = Unit {
            kind: frame.kind(),
            pts_us: frame.pts_us,
            dts_us: if frame.kind() == Kind::Audio { frame.pts_us } else { frame.dts_us },
            key_frame: frame.key_frame,
            discontinuity: frame.discontinuity,
            data: frame.data.clone(),
            samples: 0,
        };
        match frame.codec {
            Codec::H264 => {
                let (data, idr) = self.sets.strip(&frame.data).map_err(malformed)?;
                unit.data = data;
                unit.key_frame |= idr;
                if unit.key_frame
                    && let Some(track) = self.sets.track()
                {
                    self.set_video(VideoConfig::H264(track));
                }
            }
            Codec::Vp9 => {
                let track = Vp9Track::of(&frame.data).map_err(malformed)?;
                unit.key_frame = track.is_some();
                track.into_iter().for_each(|track| self.set_video(VideoConfig::Vp9(track)));
            }
            Codec::Av1 => {
                let (data, track) = strip_av1(&frame.data).map_err(malformed)?;
                unit.data = data;
                unit.key_frame &= track.is_some();
                track.into_iter().for_each(|track| self.set_video(VideoConfig::Av1(track)));
            }
            Codec::Aac => {
                let Some(AudioConfig::Aac(track)) = &self.tracks.audio else {
                    return Err(FrameError::ConfigMissing(frame.codec));
                };
                unit.samples = track.frame_samples;
            }
            Codec::Opus => {
                unit.samples = packet_samples(&frame.data).map_err(malformed)?;
                if !matches!(&self.tracks.audio, Some(AudioConfig::Opus(_))) {
                    let track = OpusTrack::of(&frame.data);
                    let channels = self.opus_channels.unwrap_or(track.channels);
                    self.set_audio(AudioConfig::Opus(OpusTrack { channels }));
                }
            }
            Codec::Vp8 => return Err(FrameError::CodecRefused(Codec::Vp8)),
        }
        if unit.pts_us.checked_sub(unit.dts_us).is_none_or(|later_us| later_us > REORDER_MAX_US) {
            unit.pts_us = unit.dts_us;
        }
        if unit.kind == Kind::Audio {
            unit.key_frame = true;
        } else if self.tracks.video.is_none() {
            return Err(FrameError::ConfigMissing(frame.codec));
        }
        Ok((!unit.data.is_empty()).then_some(unit))
    }

    fn set_video(&mut self, config: VideoConfig) {
        if self.tracks.video.as_ref() != Some(&config) {
            self.tracks.video = Some(config);
            self.video_changes += 1;
        }
    }

    fn set_audio(&mut self, config: AudioConfig) {
        if self.tracks.audio.as_ref() != Some(&config) {
            self.tracks.audio = Some(config);
            self.audio_changes += 1;
        }
    }
}
