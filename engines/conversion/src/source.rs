//! What a file that was uploaded holds, or why it is not taken.

use crate::settings::{DURATION_MAX_MS, SIDE_MAX_PX, SIDE_MIN_PX};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A film that can be converted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The demuxer's name in ffmpeg: `mov`, `matroska`, `mpegts` …
    pub container: String,
    pub bytes: u64,
    pub duration_ms: u64,
    pub video: Video,
    pub sounds: Vec<Sound>,
    pub subtitles: Vec<Subtitle>,
    pub chapters: Vec<Chapter>,
}

/// The picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Video {
    /// Number of the stream in the file.
    pub index: u32,
    /// ffmpeg's name of the codec.
    pub codec: String,
    pub profile: Option<String>,
    /// As encoded, in pixels, before rotation.
    pub width: u32,
    pub height: u32,
    /// Clockwise, in degrees, 0 to 359.
    pub rotation_deg: u16,
    /// Width of a pixel to its height.
    pub pixel_aspect: (u32, u32),
    /// Frames a second, numerator and denominator: of most frames, where the distances vary.
    pub rate: (u32, u32),
    /// Whether the distances of frames vary.
    pub variable: bool,
    pub pixel_format: String,
    pub bits: u32,
    pub interlaced: bool,
    pub hdr: Option<Hdr>,
    pub primaries: Option<String>,
    /// Of the picture alone where it is known, in bits a second.
    pub bit_rate: Option<u64>,
    /// How much later than the file it begins.
    pub late_ms: u64,
    /// Of the picture alone, as the container says it.
    pub duration_ms: Option<u64>,
    /// As the container says it.
    pub frames: Option<u64>,
    /// The longest distance of key frames in the part that was looked at, in milliseconds.
    pub key_frames_ms: u64,
}

impl Video {
    /// Width and height as shown: with square pixels, and rotated.
    pub fn shown(&self) -> (u32, u32) {
        let (wide, high) = self.pixel_aspect;
        let width = (u64::from(self.width) * u64::from(wide) / u64::from(high.max(1))).max(1);
        let width = u32::try_from(width).unwrap_or(u32::MAX);
        if self.rotation_deg % 180 == 90 { (self.height, width) } else { (width, self.height) }
    }
}

/// How more light than a screen of old has is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hdr {
    /// SMPTE ST 2084.
    Pq,
    /// ARIB STD-B67.
    Hlg,
}

/// An audio track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sound {
    pub index: u32,
    pub codec: String,
    pub channels: u32,
    pub rate_hz: u32,
    /// As the file says it: ISO 639-2.
    pub language: Option<String>,
    pub title: Option<String>,
    /// The file says to play it by default.
    pub default: bool,
}

/// Subtitles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subtitle {
    pub index: u32,
    pub codec: String,
    /// Text, or pictures, which can't become WebVTT.
    pub text: bool,
    pub language: Option<String>,
    pub title: Option<String>,
    pub default: bool,
    pub forced: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chapter {
    pub start_ms: u64,
    pub end_ms: u64,
    pub title: Option<String>,
}

/// Why a file is not taken. The same file is refused again.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Refusal {
    #[error("this is no film, or one of a kind that is not taken")]
    Unreadable,
    #[error("there is no picture in it")]
    NoVideo,
    #[error("its pictures are encoded as {codec}, which is not taken")]
    Codec { codec: String },
    #[error("its picture has {width}×{height} pixels; a side may have {SIDE_MAX_PX}")]
    TooLarge { width: u32, height: u32 },
    #[error("its picture has {width}×{height} pixels; a side must have {SIDE_MIN_PX}")]
    TooSmall { width: u32, height: u32 },
    #[error("it is longer than {} hours", DURATION_MAX_MS / 3_600_000)]
    TooLong,
    #[error("it is a single picture")]
    OneFrame,
    #[error("its end is missing")]
    Truncated,
    #[error("there are too many streams in it")]
    TooManyStreams,
}
