//! What has to be known of a codec to package it: its configuration box, its name in playlists, its size or rate.

mod aac;
mod av1;
mod bits;
mod h264;
mod opus;
mod vp9;

pub use aac::AacTrack;
pub use av1::{Av1Track, strip as strip_av1};
pub use h264::{H264Track, ParameterSets};
pub use opus::{OpusTrack, packet_samples};
pub use vp9::Vp9Track;

use bytes::Bytes;

/// Configuration of a video track, as an init segment and a playlist need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VideoConfig {
    H264(H264Track),
    Vp9(Vp9Track),
    Av1(Av1Track),
}

impl VideoConfig {
    /// Width and height in pixels.
    pub fn size(&self) -> (u16, u16) {
        match self {
            Self::H264(track) => (track.width, track.height),
            Self::Vp9(track) => (track.width, track.height),
            Self::Av1(track) => (track.width, track.height),
        }
    }

    /// The name by RFC 6381.
    pub fn name(&self) -> String {
        match self {
            Self::H264(track) => track.name(),
            Self::Vp9(track) => track.name(),
            Self::Av1(track) => track.name(),
        }
    }
}

/// Configuration of an audio track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AudioConfig {
    Aac(AacTrack),
    Opus(OpusTrack),
}

impl AudioConfig {
    /// Samples a second; also the track's time scale.
    pub fn rate(&self) -> u32 {
        match self {
            Self::Aac(track) => track.rate,
            Self::Opus(_) => opus::RATE,
        }
    }

    pub fn channels(&self) -> u8 {
        match self {
            Self::Aac(track) => track.channels,
            Self::Opus(track) => track.channels,
        }
    }

    /// The name by RFC 6381.
    pub fn name(&self) -> String {
        match self {
            Self::Aac(track) => track.name(),
            Self::Opus(_) => "opus".to_owned(),
        }
    }

    /// A frame of silence and its samples, if one is known for these channels.
    pub fn silence(&self) -> Option<(Bytes, u32)> {
        match self {
            Self::Aac(track) => track.silence(),
            Self::Opus(track) => Some(track.silence()),
        }
    }
}
