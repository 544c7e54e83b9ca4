//! AAC into Opus, in process.

use super::resample::{OUT_HZ, Resampler};
use crate::codec::AacTrack;
use crate::{Codec, Frame};
use bytes::Bytes;
use opus::{Application, Bitrate, Channels, Encoder};
use std::panic::{AssertUnwindSafe, catch_unwind};
use symphonia_codec_aac::AacDecoder;
use symphonia_core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia_core::codecs::audio::{AudioCodecParameters, AudioDecoder as _, AudioDecoderOptions};
use symphonia_core::packet::PacketRef;
use symphonia_core::units::{Duration, Timestamp};
use thiserror::Error;

/// Length of each packet that comes out.
pub const OPUS_PACKET_US: u64 = 20_000;
/// Bit rate of each channel.
pub const OPUS_BITRATE_BPS: i32 = 64_000;
/// Time stamps this far from where the sound is are believed at once; nearer ones little by little.
pub const RESYNC_US: u64 = 100_000;
/// A gap up to this long becomes silence; a longer one is a new beginning.
pub const SILENCE_MAX_US: u64 = 1_000_000;
/// Frames in a row that can't be decoded; each of them becomes silence.
pub const UNDECODABLE_MAX: u32 = 100;

/// AAC-LC without scalable tools.
const LOW_COMPLEXITY: u32 = 2;
const FRAME_SAMPLES: u32 = 1024;
const PACKET_FRAMES: usize = (OUT_HZ as u64 * OPUS_PACKET_US / 1_000_000) as usize;
/// Largest packet that a bit rate of this size leads to (RFC 6716 section 3.2 permits 1,275 a frame).
const PACKET_BYTES: usize = 1_275;
/// Drift below this is within the rounding of time stamps to milliseconds.
const DRIFT_US: f64 = 5_000.0;
/// Share of a new time stamp in the smoothed drift.
const DRIFT_SMOOTHING: f64 = 1.0 / 32.0;

/// Why AAC can't be converted here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AacError {
    #[error("the AudioSpecificConfig can't be read: {0}")]
    Config(&'static str),
    #[error("only AAC-LC is converted: choose it in the encoder instead of HE-AAC or another profile")]
    Profile,
    #[error("only mono and stereo are converted, not {0} channels")]
    Channels(u8),
    #[error("a sample rate of {0} Hz isn't converted")]
    Rate(u32),
    #[error("the sound can't be decoded")]
    Undecodable,
    #[error("the Opus encoder fails")]
    Encoder,
}

/// Converts one track. Any thread may own it; a second of stereo takes a few milliseconds.
pub struct AacToOpus {
    decoder: AacDecoder,
    config: Box<[u8]>,
    resampler: Resampler,
    encoder: Encoder,
    channels: usize,
    /// The encoder's own delay, in samples: what a packet plays begins so much earlier.
    lookahead: u64,
    /// Samples at 48 kHz that wait for a whole packet, interleaved.
    waiting: Vec<f32>,
    clock: Option<Clock>,
    discontinuity: bool,
    undecodable: u32,
}

/// Time by counting samples, kept near the time stamps.
struct Clock {
    anchor_us: u64,
    /// Samples at 48 kHz since the anchor: decoded, and encoded.
    decoded: u64,
    encoded: u64,
    drift_us: f64,
}

fn samples_us(samples: u64) -> u64 {
    samples * 1_000_000 / u64::from(OUT_HZ)
}

impl Clock {
    fn new(anchor_us: u64) -> Clock {
        Clock { anchor_us, decoded: 0, encoded: 0, drift_us: 0.0 }
    }

    fn next_us(&self) -> u64 {
        self.anchor_us + samples_us(self.decoded)
    }
}

fn decoder(config: &[u8]) -> Result<AacDecoder, AacError> {
    let mut parameters = AudioCodecParameters::new();
    parameters.for_codec(CODEC_ID_AAC).with_extra_data(config.into());
    AacDecoder::try_new(&parameters, &AudioDecoderOptions::default()).map_err(|_| AacError::Profile)
}

impl AacToOpus {
    /// `config` is the AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1).
    ///
    /// # Errors
    /// What it says is not AAC-LC with one or two channels: the host has to choose that.
    pub fn new(config: &[u8]) -> Result<AacToOpus, AacError> {
        let track = AacTrack::parse(config).map_err(AacError::Config)?;
        if track.object != LOW_COMPLEXITY || track.frame_samples != FRAME_SAMPLES {
            return Err(AacError::Profile);
        }
        let (channels, opus_channels) = match track.channels {
            1 => (1, Channels::Mono),
            2 => (2, Channels::Stereo),
            other => return Err(AacError::Channels(other)),
        };
        let resampler = Resampler::new(track.rate, channels).ok_or(AacError::Rate(track.rate))?;
        let mut encoder = Encoder::new(OUT_HZ, opus_channels, Application::Audio).map_err(|_| AacError::Encoder)?;
        encoder.set_bitrate(Bitrate::Bits(OPUS_BITRATE_BPS * channels as i32)).map_err(|_| AacError::Encoder)?;
        let lookahead = encoder.get_lookahead().map_err(|_| AacError::Encoder)?;
        Ok(AacToOpus {
            decoder: decoder(config)?,
            config: config.into(),
            resampler,
            encoder,
            channels,
            lookahead: u64::try_from(lookahead).unwrap_or(0),
            waiting: Vec::new(),
            clock: None,
            discontinuity: false,
            undecodable: 0,
        })
    }

    /// Channels of what comes out: 1 or 2.
    pub fn channels(&self) -> u8 {
        self.channels as u8
    }

    /// Converts one raw frame; gives as many packets of [`OPUS_PACKET_US`] as are whole by now.
    ///
    /// # Errors
    /// [`UNDECODABLE_MAX`] frames in a row could not be decoded, or the encoder fails: start anew.
    pub fn push(&mut self, pts_us: u64, data: &[u8]) -> Result<Vec<Frame>, AacError> {
        let heard = self.decode(data)?;
        if self.keep_time(pts_us) {
            self.take(&heard);
        }
        self.encode()
    }

    /// Samples at the rate they were sent at; silence where they can't be decoded.
    fn decode(&mut self, data: &[u8]) -> Result<Vec<f32>, AacError> {
        let packet = PacketRef::new(0, Timestamp::new(0), Duration::ZERO, data);
        let mut heard = Vec::new();
        // The bytes are a stranger's: a fault of the decoder on them is one frame lost, no more.
        let decoded = catch_unwind(AssertUnwindSafe(|| {
            let Ok(sound) = self.decoder.decode_ref(&packet) else { return false };
            sound.copy_to_vec_interleaved::<f32>(&mut heard);
            true
        }));
        let whole = FRAME_SAMPLES as usize * self.channels;
        if decoded.is_ok_and(|decoded| decoded) && heard.len() == whole {
            self.undecodable = 0;
            return Ok(heard);
        }
        self.undecodable += 1;
        if self.undecodable > UNDECODABLE_MAX {
            return Err(AacError::Undecodable);
        }
        // A frame that can't be decoded leaves its layout behind, which a reset keeps: a new decoder forgets it.
        self.decoder = decoder(&self.config)?;
        Ok(vec![0.0; whole])
    }

    /// Compares a time stamp with where the sound is. False: this frame was heard already.
    fn keep_time(&mut self, pts_us: u64) -> bool {
        let Some(clock) = &mut self.clock else {
            self.clock = Some(Clock::new(pts_us));
            return true;
        };
        let next_us = clock.next_us();
        let error_us = pts_us as f64 - next_us as f64;
        if error_us.abs() < RESYNC_US as f64 {
            clock.drift_us += (error_us - clock.drift_us) * DRIFT_SMOOTHING;
            return true;
        }
        clock.drift_us = 0.0;
        if pts_us < next_us {
            if next_us - pts_us <= SILENCE_MAX_US {
                return false;
            }
        } else if pts_us - next_us <= SILENCE_MAX_US {
            let frames = (pts_us - next_us) * u64::from(OUT_HZ) / 1_000_000;
            clock.decoded += frames;
            self.waiting.resize(self.waiting.len() + frames as usize * self.channels, 0.0);
            return true;
        }
        *clock = Clock::new(pts_us);
        self.discontinuity = true;
        self.waiting.clear();
        self.resampler.reset();
        true
    }

    /// Resamples, and mends drift by one sample at a time, which nobody hears.
    fn take(&mut self, heard: &[f32]) {
        let before = self.waiting.len();
        self.resampler.push(heard, &mut self.waiting);
        let Some(clock) = &mut self.clock else { return };
        if clock.drift_us > DRIFT_US && self.waiting.len() > before {
            self.waiting.extend_from_within(self.waiting.len() - self.channels..);
        } else if clock.drift_us < -DRIFT_US && self.waiting.len() > before {
            self.waiting.truncate(self.waiting.len() - self.channels);
        }
        clock.decoded += ((self.waiting.len() - before) / self.channels) as u64;
    }

    fn encode(&mut self) -> Result<Vec<Frame>, AacError> {
        let Some(clock) = &mut self.clock else { return Ok(Vec::new()) };
        let whole = PACKET_FRAMES * self.channels;
        let mut packets = Vec::new();
        let mut used = 0;
        while self.waiting.len() - used >= whole {
            let sound = &self.waiting[used..used + whole];
            let packet = self.encoder.encode_vec_float(sound, PACKET_BYTES).map_err(|_| AacError::Encoder)?;
            let begins_us = clock.anchor_us + samples_us(clock.encoded);
            let pts_us = begins_us.saturating_sub(samples_us(self.lookahead));
            packets.push(Frame {
                codec: Codec::Opus,
                pts_us,
                dts_us: pts_us,
                key_frame: true,
                discontinuity: std::mem::take(&mut self.discontinuity),
                data: Bytes::from(packet),
            });
            clock.encoded += PACKET_FRAMES as u64;
            used += whole;
        }
        self.waiting.drain(..used);
        Ok(packets)
    }
}
