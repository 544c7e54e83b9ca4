//! Messages into chunks. What a server says is short: every message has a header of type 0.

use bytes::{BufMut, Bytes, BytesMut};

use super::{DEFAULT_CHUNK_BYTES, kind};

/// Chunk stream of control messages (section 5.4).
const CONTROL: u8 = 2;
/// Chunk stream of commands.
const COMMANDS: u8 = 3;

#[derive(Debug)]
pub(crate) struct Writer {
    chunk_bytes: usize,
}

impl Writer {
    pub(crate) fn new() -> Writer {
        Writer { chunk_bytes: DEFAULT_CHUNK_BYTES }
    }

    pub(crate) fn set_chunk_size(&mut self, bytes: u32) -> Bytes {
        let message = self.control(kind::SET_CHUNK_SIZE, &bytes.to_be_bytes());
        self.chunk_bytes = bytes as usize;
        message
    }

    pub(crate) fn control(&self, kind: u8, payload: &[u8]) -> Bytes {
        self.message(CONTROL, kind, 0, payload)
    }

    pub(crate) fn command(&self, stream: u32, payload: &[u8]) -> Bytes {
        self.message(COMMANDS, kind::COMMAND_AMF0, stream, payload)
    }

    fn message(&self, chunk_stream: u8, kind: u8, stream: u32, payload: &[u8]) -> Bytes {
        let mut out = BytesMut::with_capacity(12 + payload.len() + payload.len() / self.chunk_bytes);
        out.put_u8(chunk_stream);
        out.put_uint(0, 3);
        out.put_uint(payload.len() as u64, 3);
        out.put_u8(kind);
        out.put_u32_le(stream);
        for (index, piece) in payload.chunks(self.chunk_bytes).enumerate() {
            if index > 0 {
                out.put_u8(0xc0 | chunk_stream);
            }
            out.put_slice(piece);
        }
        out.freeze()
    }
}
