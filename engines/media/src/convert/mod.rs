//! Conversion of what somebody could not play, and of nothing else.
//!
//! ```text
//! AAC ──► AacToOpus (in process) ──► Opus, for WebRTC
//! H.264 with B-frames, VP8 ──► VideoConverter (ffmpeg, supervised) ──► H.264 without, for WebRTC, HLS and ladders
//! ```
//!
//! Both keep time: what comes out carries the time at which it was shown or heard when it came in.
//! [`AacToOpus`] is a plain value without threads; a [`VideoConverter`] is a child process that
//! never holds its caller up: what it can't take in time is let fall until the next key frame.
//!
//! *Invariants*: sound that comes out has no gaps but where [`Frame::discontinuity`](crate::Frame::discontinuity) says
//! so; pictures that come out are shown in the order in which they come; a child never outlives its
//! converter, knows no file and no network, and has its limits of memory.

mod aac_to_opus;
mod resample;
mod video;

pub use aac_to_opus::{
    AacError, AacToOpus, OPUS_BITRATE_BPS, OPUS_PACKET_US, RESYNC_US, SILENCE_MAX_US, UNDECODABLE_MAX,
};
pub use video::{
    Aim, ConvertError, Converted, HEIGHT_RANGE_PX, KeyFrames, Preset, Pushed, QUEUE_BYTES, QUEUE_FRAMES,
    RATE_RANGE_BPS, RESTARTS, RESTARTS_OVER, STALLED, VideoConverter, VideoInput, VideoPlan,
};
