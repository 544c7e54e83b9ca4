//! What a publisher sends, checked: configs, then frames, pictures from the first key frame on.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use crate::aac::AacConfig;
use crate::flv::{self, Bad, Body};
use crate::h264::{AccessUnit, Avc};
use crate::limits::{AUDIO_FRAME_BYTES, MALFORMED_FRAMES};
use crate::session::Output;
use crate::timeline::Timeline;
use crate::{Config, Frame, Kind, Refusal};

#[derive(Debug)]
pub(crate) struct Publication {
    timeline: Timeline,
    avc: Option<Avc>,
    aac: Option<AacConfig>,
    /// Nothing can be decoded before the next key frame.
    wants_key_frame: bool,
    latest_pts_us: u64,
    b_frames_told: bool,
    malformed: u32,
}

impl Publication {
    pub(crate) fn new(now: Instant) -> Publication {
        Publication {
            timeline: Timeline::new(now),
            avc: None,
            aac: None,
            wants_key_frame: true,
            latest_pts_us: 0,
            b_frames_told: false,
            malformed: 0,
        }
    }

    /// Takes the body of an audio or video message. True: it was a frame.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        kind: Kind,
        timestamp_ms: u32,
        body: Bytes,
        out: &mut VecDeque<Output>,
    ) -> Result<bool, Refusal> {
        // Encoders that are muted send empty bodies to keep the connection busy.
        if body.is_empty() {
            return Ok(false);
        }
        let taken = match kind {
            Kind::Video => self.video(now, timestamp_ms, body, out),
            Kind::Audio => self.audio(now, timestamp_ms, body, out),
        };
        match taken {
            Ok(frame) => Ok(frame),
            Err(Bad::Refused(refusal)) => Err(refusal),
            Err(Bad::Malformed) => {
                self.malformed += 1;
                if kind == Kind::Video {
                    self.wants_key_frame = true;
                }
                if self.malformed > MALFORMED_FRAMES { Err(Refusal::Malformed) } else { Ok(false) }
            }
        }
    }

    fn video(&mut self, now: Instant, timestamp_ms: u32, body: Bytes, out: &mut VecDeque<Output>) -> Result<bool, Bad> {
        let (data, composition_ms) = match flv::video(body)? {
            Body::Nothing => return Ok(false),
            Body::Config(record) => {
                // Some encoders send an empty record first.
                if record.is_empty() {
                    return Ok(false);
                }
                let avc = Avc::parse(&record)?;
                if self.avc.as_ref() != Some(&avc) {
                    out.push_back(Output::Config(Config::H264(avc.config.clone())));
                    self.avc = Some(avc);
                    self.wants_key_frame = true;
                }
                return Ok(false);
            }
            Body::Frame { data, composition_ms } => (data, composition_ms),
        };
        let Some(avc) = &self.avc else { return Ok(false) };
        let unit = AccessUnit::rewrite(avc, &data).ok_or(Bad::Malformed)?;
        // Frames that are let fall move the time line all the same.
        let dts_us = self.timeline.dts_us(now, Kind::Video, timestamp_ms)?;
        if self.wants_key_frame && !unit.key_frame {
            return Ok(false);
        }
        self.wants_key_frame = false;
        let pts_us = dts_us.saturating_add_signed(i64::from(composition_ms) * 1_000);
        // A constant offset is no reordering: only a picture shown before an earlier one is.
        if pts_us < self.latest_pts_us && !unit.key_frame && !self.b_frames_told {
            self.b_frames_told = true;
            out.push_back(Output::BFrames);
        }
        self.latest_pts_us = if unit.key_frame { pts_us } else { self.latest_pts_us.max(pts_us) };
        let (key_frame, data) = (unit.key_frame, unit.data);
        out.push_back(Output::Frame(Frame { kind: Kind::Video, dts_us, pts_us, key_frame, data }));
        Ok(true)
    }

    fn audio(&mut self, now: Instant, timestamp_ms: u32, body: Bytes, out: &mut VecDeque<Output>) -> Result<bool, Bad> {
        match flv::audio(body)? {
            Body::Nothing => Ok(false),
            Body::Config(asc) => {
                let config = AacConfig::parse(&asc).ok_or(Bad::Malformed)?;
                if self.aac.as_ref() != Some(&config) {
                    out.push_back(Output::Config(Config::Aac(config.clone())));
                    self.aac = Some(config);
                }
                Ok(false)
            }
            Body::Frame { data, .. } => {
                if self.aac.is_none() || data.is_empty() {
                    return Ok(false);
                }
                if data.len() > AUDIO_FRAME_BYTES {
                    return Err(Bad::Malformed);
                }
                let dts_us = self.timeline.dts_us(now, Kind::Audio, timestamp_ms)?;
                out.push_back(Output::Frame(Frame {
                    kind: Kind::Audio,
                    dts_us,
                    pts_us: dts_us,
                    key_frame: true,
                    data,
                }));
                Ok(true)
            }
        }
    }
}
