//! Messages out of chunks.

use bytes::{Buf, BytesMut};

use super::{DEFAULT_CHUNK_BYTES, Message, kind};
use crate::Error;
use crate::limits::{BUFFERED_BYTES, CHUNK_BYTES, CHUNK_STREAMS, EARLY_MESSAGE_BYTES, MESSAGE_BYTES};

/// In place of a time stamp: it follows in 4 bytes.
const EXTENDED: u32 = 0xff_ffff;

/// One chunk stream, with what its headers need not repeat.
#[derive(Debug, Default)]
struct ChunkStream {
    id: u32,
    timestamp_ms: u32,
    /// The last time stamp field as sent: absolute after a header of type 0, a difference after others.
    field_ms: u32,
    extended: bool,
    length: usize,
    kind: u8,
    stream: u32,
    payload: BytesMut,
    /// Between the first and the last chunk of a message.
    open: bool,
}

/// The chunk whose payload is being read.
#[derive(Debug, Clone, Copy)]
struct Within {
    index: usize,
    left: usize,
}

/// A basic and message header as it stands in the input (sections 5.3.1.1 and 5.3.1.2).
struct Header {
    format: u8,
    id: u32,
    /// Bytes of both, without the extended time stamp.
    bytes: usize,
}

#[derive(Debug)]
pub(crate) struct Reader {
    chunk_bytes: usize,
    message_bytes: usize,
    streams: Vec<ChunkStream>,
    within: Option<Within>,
    buffered: usize,
}

impl Reader {
    pub(crate) fn new() -> Reader {
        Reader {
            chunk_bytes: DEFAULT_CHUNK_BYTES,
            message_bytes: EARLY_MESSAGE_BYTES,
            streams: Vec::new(),
            within: None,
            buffered: 0,
        }
    }

    /// From now on messages may be as large as those of a publisher.
    pub(crate) fn let_in(&mut self) {
        self.message_bytes = MESSAGE_BYTES;
    }

    /// The next whole message, taken off `input`; `None`: more bytes are needed.
    /// What concerns the chunks alone (chunk size, abort) is done here and not given.
    pub(crate) fn next(&mut self, input: &mut BytesMut) -> Result<Option<Message>, Error> {
        loop {
            let Some(Within { index, left }) = self.within else {
                if !self.header(input)? {
                    return Ok(None);
                }
                continue;
            };
            let taken = left.min(input.len());
            self.buffered += taken;
            if self.buffered > BUFFERED_BYTES {
                return Err(Error::BufferedBytes);
            }
            let chunks = &mut self.streams[index];
            chunks.payload.extend_from_slice(&input[..taken]);
            input.advance(taken);
            if taken < left {
                self.within = Some(Within { index, left: left - taken });
                return Ok(None);
            }
            self.within = None;
            if chunks.payload.len() < chunks.length {
                continue;
            }
            chunks.open = false;
            self.buffered -= chunks.length;
            let message = Message {
                kind: chunks.kind,
                stream: chunks.stream,
                timestamp_ms: chunks.timestamp_ms,
                payload: std::mem::take(&mut chunks.payload).freeze(),
            };
            match message.kind {
                kind::SET_CHUNK_SIZE => self.set_chunk_size(&message.payload)?,
                kind::ABORT => self.abort(&message.payload)?,
                _ => return Ok(Some(message)),
            }
        }
    }

    /// Reads one chunk's header; false: it is not whole yet, and nothing was taken.
    fn header(&mut self, input: &mut BytesMut) -> Result<bool, Error> {
        let Some(header) = basic_header(input) else { return Ok(false) };
        let known = self.streams.iter().position(|stream| stream.id == header.id);
        if known.is_none() {
            // librtmp opens a chunk stream with type 1 now and then; types 2 and 3 have nothing to follow.
            if header.format > 1 {
                return Err(Error::Chunk);
            }
            if self.streams.len() == CHUNK_STREAMS {
                return Err(Error::ChunkStreams);
            }
        }
        if known.is_some_and(|index| self.streams[index].open && header.format != 3) {
            return Err(Error::Chunk);
        }
        let extended = match header.format {
            3 => known.is_some_and(|index| self.streams[index].extended),
            _ => uint(&input[header.bytes - message_header_bytes(header.format)..][..3]) == EXTENDED,
        };
        if extended && input.len() < header.bytes + 4 {
            return Ok(false);
        }
        let index = known.unwrap_or_else(|| {
            self.streams.push(ChunkStream { id: header.id, ..ChunkStream::default() });
            self.streams.len() - 1
        });
        let start = header.bytes - message_header_bytes(header.format);
        let mut used = header.bytes;
        let chunks = &mut self.streams[index];
        let mut field = chunks.field_ms;
        if header.format < 3 {
            field = uint(&input[start..start + 3]);
            if extended {
                field = uint(&input[used..used + 4]);
                used += 4;
            }
        } else if extended && uint(&input[used..used + 4]) == field {
            // Some senders leave the repetition out: what isn't the same time stamp is payload.
            used += 4;
        }
        if header.format < 2 {
            chunks.length = uint(&input[start + 3..start + 6]) as usize;
            chunks.kind = input[start + 6];
        }
        if header.format == 0 {
            let id = &input[start + 7..start + 11];
            chunks.stream = u32::from_le_bytes([id[0], id[1], id[2], id[3]]);
        }
        chunks.field_ms = field;
        chunks.extended = extended;
        if !chunks.open {
            if chunks.length > self.message_bytes {
                return Err(Error::MessageBytes);
            }
            chunks.timestamp_ms = if header.format == 0 { field } else { chunks.timestamp_ms.wrapping_add(field) };
            chunks.open = true;
        }
        let left = (chunks.length - chunks.payload.len()).min(self.chunk_bytes);
        input.advance(used);
        self.within = Some(Within { index, left });
        Ok(true)
    }

    fn set_chunk_size(&mut self, payload: &[u8]) -> Result<(), Error> {
        let bytes = control_value(payload)? as usize;
        if bytes == 0 || bytes > CHUNK_BYTES {
            return Err(Error::ChunkBytes);
        }
        self.chunk_bytes = bytes;
        Ok(())
    }

    fn abort(&mut self, payload: &[u8]) -> Result<(), Error> {
        let id = control_value(payload)?;
        if let Some(stream) = self.streams.iter_mut().find(|stream| stream.id == id) {
            self.buffered -= stream.payload.len();
            stream.payload.clear();
            stream.open = false;
        }
        Ok(())
    }
}

/// The only value of a control message, in 4 bytes.
pub(super) fn control_value(payload: &[u8]) -> Result<u32, Error> {
    payload.get(..4).map(uint).ok_or(Error::Control)
}

fn message_header_bytes(format: u8) -> usize {
    [11, 7, 3, 0][usize::from(format)]
}

fn basic_header(input: &[u8]) -> Option<Header> {
    let &first = input.first()?;
    let (id, bytes) = match first & 0x3f {
        0 => (64 + u32::from(*input.get(1)?), 2),
        1 => (64 + u32::from(*input.get(1)?) + 256 * u32::from(*input.get(2)?), 3),
        id => (u32::from(id), 1),
    };
    let format = first >> 6;
    let bytes = bytes + message_header_bytes(format);
    (input.len() >= bytes).then_some(Header { format, id, bytes })
}

fn uint(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |value, &byte| value << 8 | u32::from(byte))
}
