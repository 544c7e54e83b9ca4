//! What comes out of a session once it publishes.

use bytes::Bytes;

use crate::aac::AacConfig;
use crate::h264::H264Config;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Video,
    Audio,
}

/// One access unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub kind: Kind,
    /// Decoding time, rising within a kind; audio and video share one time
    /// line, which begins near [`crate::ORIGIN_US`].
    pub dts_us: u64,
    /// Presentation time; differs from `dts_us` only with B-frames.
    pub pts_us: u64,
    /// An IDR picture; true of every audio frame.
    pub key_frame: bool,
    /// H.264: NAL units, each after its length in 4 bytes, parameter sets in
    /// band before every IDR, no access unit delimiters. AAC: one raw frame.
    pub data: Bytes,
}

/// Told before the first frame it is for, and again when it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Config {
    H264(H264Config),
    Aac(AacConfig),
}

/// What the encoder says of itself (`onMetaData`): a hint, not to be relied on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metadata {
    pub encoder: Option<String>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub frames_per_second: Option<f64>,
    pub video_bps: Option<u64>,
    pub audio_bps: Option<u64>,
}
