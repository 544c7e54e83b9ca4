//! Chunk streams (RTMP 1.0 section 5.3): messages in interleaved pieces.

mod reader;
mod writer;

use bytes::Bytes;

pub(crate) use reader::Reader;
pub(crate) use writer::Writer;

/// Size of a chunk until one side announces another.
pub(crate) const DEFAULT_CHUNK_BYTES: usize = 128;

/// Types of messages (RTMP 1.0 sections 5.4 and 7.1).
pub(crate) mod kind {
    pub(crate) const SET_CHUNK_SIZE: u8 = 1;
    pub(crate) const ABORT: u8 = 2;
    pub(crate) const ACKNOWLEDGEMENT: u8 = 3;
    pub(crate) const USER_CONTROL: u8 = 4;
    pub(crate) const WINDOW_SIZE: u8 = 5;
    pub(crate) const PEER_BANDWIDTH: u8 = 6;
    pub(crate) const AUDIO: u8 = 8;
    pub(crate) const VIDEO: u8 = 9;
    pub(crate) const DATA_AMF3: u8 = 15;
    pub(crate) const COMMAND_AMF3: u8 = 17;
    pub(crate) const DATA_AMF0: u8 = 18;
    pub(crate) const COMMAND_AMF0: u8 = 20;
    pub(crate) const AGGREGATE: u8 = 22;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// One of [`kind`].
    pub(crate) kind: u8,
    /// The message stream: 0 is the connection itself.
    pub(crate) stream: u32,
    /// In milliseconds, modulo 2³².
    pub(crate) timestamp_ms: u32,
    pub(crate) payload: Bytes,
}
