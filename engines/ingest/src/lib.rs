//! Live media from encoders (OBS, ffmpeg, Larix and their kin) over RTMP.
//!
//! ```text
//!  bytes ─► handshake ─► chunk ─► command ──► Output::Publish ─► accept / refuse
//!                          │                        (the host program decides)
//!                          └────► flv ─► timeline ─► Output::Config, Frame, BFrames
//! ```
//!
//! [`Session`] is one connection without I/O and without a clock: it is given
//! bytes and the time, and answers with [`Output`]s.
//! [`serve`] drives sessions over TCP, and admits connections within
//! [`Limits`].
//!
//! A publisher's address is `rtmp://host/APP/KEY`; who may publish is for the
//! host program to say. Taken are H.264 (8 bits, 4:2:0) and AAC, in classic FLV
//! bodies and in those of Enhanced RTMP; everything else is refused in words
//! that the person at the encoder understands. Nothing is ever played back.
//!
//! *Invariants*: a session holds no more than [`limits`] say, whatever is sent;
//! frames of one kind have rising decoding times; no frame comes before its
//! config, and no picture before a key frame; [`Media::Ended`] is the last
//! thing a sink hears, exactly once.

mod aac;
mod address;
mod amf;
mod bit_rate;
mod chunk;
mod command;
mod flv;
mod h264;
mod handshake;
pub mod limits;
mod media;
mod publication;
mod refusal;
mod serve;
mod session;
mod timeline;
pub mod trial;

pub use crate::aac::AacConfig;
pub use crate::h264::H264Config;
pub use crate::limits::Limits;
pub use crate::media::{Config, Frame, Kind, Metadata};
pub use crate::refusal::{Error, Refusal, Unsupported};
pub use crate::serve::{Connection, Ended, Hooks, Media, Publish, Server, Sink, serve};
pub use crate::session::{Output, Session};
pub use crate::timeline::ORIGIN_US;
