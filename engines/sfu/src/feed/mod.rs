//! Frames that come by other ways than WebRTC, made into packets as a browser
//! would have sent them. Pure: time is passed in.

mod pacing;
mod packetizer;

use bytes::Bytes;

use crate::Source;

pub(crate) use pacing::Pacing;
pub(crate) use packetizer::{Packetized, Packetizer};

/// Frames that may wait to be taken; one more is [`crate::Busy::QueueFull`].
pub const FEED_QUEUE: usize = 1_024;
/// Bytes of frames that may wait to be taken.
pub const FEED_QUEUE_BYTES: usize = 32 * 1024 * 1024;
/// Largest frame.
pub const FRAME_BYTES: usize = 4 * 1024 * 1024;

/// A track of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedTrack {
    pub source: Source,
    pub codec: FeedCodec,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedCodec {
    /// Without B-frames: frames are shown in the order they come.
    H264,
    /// 48 kHz, one packet a frame.
    Opus,
}

/// One frame of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedFrame {
    /// Index into the tracks of [`crate::Command::OpenFeed`].
    pub track: usize,
    /// On one time line for all tracks of the feed, rising with each frame of a
    /// track. A step back, or ahead by more than 10 s, begins it anew.
    pub timestamp_us: u64,
    /// What the source says; of H.264 the NAL units decide.
    pub key_frame: bool,
    /// H.264: NAL units with a length of 4 bytes in front; parameter sets
    /// before every IDR, or once before the first. Opus: the packet.
    pub data: Bytes,
}

/// A step of a feed's time line beyond this is not believed.
pub(crate) const JUMP_US: u64 = 10_000_000;
