//! What passes through the pipes: FLV for H.264 both ways, IVF for VP8 on the way in.

use bytes::{BufMut, Bytes, BytesMut};
use std::io::{self, Read};

/// Largest tag taken from ffmpeg.
const TAG_BYTES_MAX: usize = 8 * 1024 * 1024;
const FLV_HEAD_BYTES: usize = 13;
const TAG_HEAD_BYTES: usize = 11;
const VIDEO_TAG: u8 = 9;
const AVC: u8 = 7;

/// Opens an FLV stream with video alone.
pub(super) fn flv_head() -> Bytes {
    Bytes::from_static(b"FLV\x01\x01\x00\x00\x00\x09\x00\x00\x00\x00")
}

pub(super) fn flv_config(record: &[u8]) -> Bytes {
    flv_tag(0, true, 0, 0, record)
}

pub(super) fn flv_frame(dts_ms: u32, composition_ms: i32, key_frame: bool, data: &[u8]) -> Bytes {
    flv_tag(dts_ms, key_frame, 1, composition_ms, data)
}

fn flv_tag(dts_ms: u32, key_frame: bool, packet: u8, composition_ms: i32, data: &[u8]) -> Bytes {
    let length = 5 + data.len();
    let mut tag = BytesMut::with_capacity(TAG_HEAD_BYTES + length + 4);
    tag.put_u8(VIDEO_TAG);
    tag.put_uint(length as u64, 3);
    tag.put_uint(u64::from(dts_ms & 0xff_ffff), 3);
    tag.put_u8((dts_ms >> 24) as u8);
    tag.put_uint(0, 3);
    tag.put_u8(if key_frame { 0x10 | AVC } else { 0x20 | AVC });
    tag.put_u8(packet);
    tag.put_int(i64::from(composition_ms), 3);
    tag.put_slice(data);
    tag.put_u32((TAG_HEAD_BYTES + length) as u32);
    tag.freeze()
}

/// Opens an IVF stream of VP8 in milliseconds. Width and height are those of the key frame.
pub(super) fn ivf_head(key_frame: &[u8]) -> Option<Bytes> {
    // RFC 6386 section 9.1: a tag of 3 bytes, the start code, then both sides in 14 bits.
    let [_, _, _, 0x9d, 0x01, 0x2a, width @ .., _, _] = key_frame.get(..10)? else { return None };
    let side = |bytes: &[u8]| Some(u16::from_le_bytes([*bytes.first()?, *bytes.get(1)?]) & 0x3fff);
    let (width, height) = (side(width)?, side(&key_frame[8..])?);
    let mut head = BytesMut::with_capacity(32);
    head.put_slice(b"DKIF\x00\x00\x20\x00VP80");
    head.put_u16_le(width);
    head.put_u16_le(height);
    head.put_u32_le(1_000);
    head.put_u32_le(1);
    head.put_u64_le(0);
    Some(head.freeze())
}

pub(super) fn ivf_frame(pts_ms: u32, data: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(12 + data.len());
    frame.put_u32_le(data.len() as u32);
    frame.put_u64_le(u64::from(pts_ms));
    frame.put_slice(data);
    frame.freeze()
}

/// What ffmpeg says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    Config(Bytes),
    Frame { pts_ms: u32, key_frame: bool, data: Bytes },
}

/// Reads H.264 out of an FLV stream.
pub(super) struct FlvReader<R> {
    stream: R,
    begun: bool,
}

impl<R: Read> FlvReader<R> {
    pub(super) fn new(stream: R) -> FlvReader<R> {
        FlvReader { stream, begun: false }
    }

    /// The next of it; `None` at the end.
    ///
    /// # Errors
    /// The pipe broke, or what came is not what was asked for.
    pub(super) fn read(&mut self) -> io::Result<Option<Said>> {
        if !self.begun {
            let mut head = [0; FLV_HEAD_BYTES];
            if !fill(&mut self.stream, &mut head)? {
                return Ok(None);
            }
            self.begun = true;
        }
        loop {
            let mut head = [0; TAG_HEAD_BYTES];
            if !fill(&mut self.stream, &mut head)? {
                return Ok(None);
            }
            let [kind, a, b, c, d, e, f, g, ..] = head;
            let length = u32::from_be_bytes([0, a, b, c]) as usize;
            if length > TAG_BYTES_MAX {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a tag is too large"));
            }
            let mut body = vec![0; length + 4];
            self.stream.read_exact(&mut body)?;
            body.truncate(length);
            if kind == VIDEO_TAG
                && let Some(said) = video(u32::from_be_bytes([g, d, e, f]), &Bytes::from(body))
            {
                return Ok(Some(said));
            }
        }
    }
}

fn video(dts_ms: u32, body: &Bytes) -> Option<Said> {
    let &[first, packet, a, b, c, ..] = &body[..] else { return None };
    if first & 0x0f != AVC {
        return None;
    }
    let data = body.slice(5..);
    match packet {
        0 if !data.is_empty() => Some(Said::Config(data)),
        1 if !data.is_empty() => {
            let composition_ms = i32::from_be_bytes([a, b, c, 0]) >> 8;
            Some(Said::Frame { pts_ms: dts_ms.wrapping_add_signed(composition_ms), key_frame: first >> 4 == 1, data })
        }
        _ => None,
    }
}

/// False: the stream ended before the first byte.
fn fill(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    let mut filled = 0;
    while filled < buffer.len() {
        match stream.read(&mut buffer[filled..]) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let stream = [
            flv_head(),
            flv_config(b"record"),
            flv_frame(0x0123_4567, 80, true, b"key"),
            flv_frame(0x0123_4580, -20, false, b"other"),
        ]
        .concat();
        let mut reader = FlvReader::new(&stream[..]);
        assert_eq!(reader.read().unwrap(), Some(Said::Config(Bytes::from_static(b"record"))));
        let key = Said::Frame { pts_ms: 0x0123_4567 + 80, key_frame: true, data: Bytes::from_static(b"key") };
        assert_eq!(reader.read().unwrap(), Some(key));
        let other = Said::Frame { pts_ms: 0x0123_4580 - 20, key_frame: false, data: Bytes::from_static(b"other") };
        assert_eq!(reader.read().unwrap(), Some(other));
        assert_eq!(reader.read().unwrap(), None);
    }

    #[test]
    fn a_stream_that_is_cut_is_an_error_or_ends() {
        let stream = [flv_head(), flv_config(b"record"), flv_frame(0, 0, true, b"key")].concat();
        for length in 0..stream.len() {
            let mut reader = FlvReader::new(&stream[..length]);
            let mut read = 0;
            while let Ok(Some(_)) = reader.read() {
                read += 1;
            }
            assert!(read < 2, "cut at {length}");
        }
        let mut long = flv_head().to_vec();
        long.extend([9, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0]);
        assert!(FlvReader::new(&long[..]).read().is_err());
    }

    #[test]
    fn the_size_of_vp8_is_in_its_key_frame() {
        let head = ivf_head(&[0x90, 2, 2, 0x9d, 1, 0x2a, 0x00, 0x45, 0xd0, 0x02, 7]).unwrap();
        assert_eq!(head[12..16], [0, 5, 0xd0, 2], "1280×720, the scale left out");
        assert_eq!(ivf_head(&[0x90, 2, 2, 0x9d, 1, 0x2b, 0, 5, 0xd0, 2]), None);
        assert_eq!(ivf_head(&[0x90, 2, 2, 0x9d, 1, 0x2a, 0, 5, 0xd0]), None);
    }
}
