//! A small WebSocket client (RFC 6455): frames without I/O for threads that read many sockets, and one connection on tokio.

use crate::failure::{Failure, Result};
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The largest frame or message taken, in bytes.
pub const MESSAGE_MAX_BYTES: usize = 4 << 20;
/// The largest answer to the opening handshake, in bytes.
const HANDSHAKE_MAX_BYTES: usize = 16 << 10;
/// RFC 6455 section 1.3.
const ACCEPT_GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The kinds of frames (RFC 6455 section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// More of the message before.
    Continuation,
    /// Text.
    Text,
    /// Bytes.
    Binary,
    /// The end.
    Close,
    /// To be answered with the same payload.
    Ping,
    /// The answer.
    Pong,
}

/// A frame of the server, in the memory it was read into.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Whether it ends its message.
    pub last: bool,
    /// What it is.
    pub opcode: Opcode,
    /// What it holds.
    pub payload: &'a [u8],
}

/// Reads the frame at the start of `bytes`: the frame and its length with header, or `None` while some of it is missing.
///
/// # Errors
/// What a server must not send: masked frames, reserved bits, unknown opcodes, more than [`MESSAGE_MAX_BYTES`].
pub fn parse(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    let opcode = match first & 0x7f {
        0x0 => Opcode::Continuation,
        0x1 => Opcode::Text,
        0x2 => Opcode::Binary,
        0x8 => Opcode::Close,
        0x9 => Opcode::Ping,
        0xA => Opcode::Pong,
        _ => return Err(Failure::WebSocket("reserved bits or an unknown opcode")),
    };
    let (len, header) = match second {
        0..126 => (u64::from(*second), 2),
        126 => match rest.first_chunk() {
            Some(len) => (u64::from(u16::from_be_bytes(*len)), 4),
            None => return Ok(None),
        },
        127 => match rest.first_chunk() {
            Some(len) => (u64::from_be_bytes(*len), 10),
            None => return Ok(None),
        },
        _ => return Err(Failure::WebSocket("a masked frame from the server")),
    };
    if len > MESSAGE_MAX_BYTES as u64 {
        return Err(Failure::WebSocket("a frame larger than the limit"));
    }
    let end = header + len as usize;
    Ok(bytes.get(header..end).map(|payload| (Frame { last: first & 0x80 != 0, opcode, payload }, end)))
}

/// Appends a whole message as one masked frame.
pub fn write(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8], mask: [u8; 4]) {
    let code = match opcode {
        Opcode::Continuation => 0x0,
        Opcode::Text => 0x1,
        Opcode::Binary => 0x2,
        Opcode::Close => 0x8,
        Opcode::Ping => 0x9,
        Opcode::Pong => 0xA,
    };
    out.push(0x80 | code);
    match payload.len() {
        len @ 0..126 => out.push(0x80 | len as u8),
        len @ 126..=0xffff => {
            out.push(0x80 | 126);
            out.extend((len as u16).to_be_bytes());
        }
        len => {
            out.push(0x80 | 127);
            out.extend((len as u64).to_be_bytes());
        }
    }
    out.extend(mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// An unpredictable mask (RFC 6455 section 10.3).
pub fn fresh_mask() -> [u8; 4] {
    let mut mask = [0; 4];
    getrandom::fill(&mut mask).expect("the system gives random bytes");
    mask
}

/// A connection after its opening handshake.
pub struct Connection {
    socket: TcpStream,
    received: Vec<u8>,
    taken: usize,
}

impl Connection {
    /// Connects and shakes hands. `headers` are lines without their ends.
    pub async fn open(address: SocketAddr, path: &str, headers: &[String]) -> Result<Self> {
        let mut socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).expect("the system gives random bytes");
        let key = BASE64.encode(nonce);
        let mut request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        );
        for header in headers {
            request.push_str(header);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        socket.write_all(request.as_bytes()).await?;
        let mut received = Vec::with_capacity(4_096);
        let end = loop {
            if let Some(end) = memchr::memmem::find(&received, b"\r\n\r\n") {
                break end + 4;
            }
            if received.len() > HANDSHAKE_MAX_BYTES || socket.read_buf(&mut received).await? == 0 {
                return Err(Failure::WebSocket("no answer to the opening handshake"));
            }
        };
        check_handshake(&String::from_utf8_lossy(&received[..end]), &key)?;
        Ok(Self { socket, received, taken: end })
    }

    /// Sends one text message.
    pub async fn send(&mut self, text: &str) -> Result<()> {
        let mut frame = Vec::with_capacity(text.len() + 14);
        write(&mut frame, Opcode::Text, text.as_bytes(), fresh_mask());
        Ok(self.socket.write_all(&frame).await?)
    }

    /// The next text message; pings are answered on the way. Cancelling loses nothing.
    pub async fn next(&mut self) -> Result<String> {
        loop {
            if let Some(text) = self.buffered().await? {
                return Ok(text);
            }
            self.received.drain(..self.taken);
            self.taken = 0;
            if self.socket.read_buf(&mut self.received).await? == 0 {
                return Err(Failure::WebSocket("closed by the server"));
            }
        }
    }

    async fn buffered(&mut self) -> Result<Option<String>> {
        loop {
            let Some((frame, end)) = parse(&self.received[self.taken..])? else { return Ok(None) };
            match frame.opcode {
                Opcode::Text if frame.last => {
                    let text = String::from_utf8(frame.payload.to_vec());
                    self.taken += end;
                    return text.map(Some).map_err(|_| Failure::WebSocket("text that is no UTF-8"));
                }
                Opcode::Ping => {
                    let mut pong = Vec::new();
                    write(&mut pong, Opcode::Pong, frame.payload, fresh_mask());
                    self.taken += end;
                    self.socket.write_all(&pong).await?;
                }
                Opcode::Close => return Err(Failure::WebSocket("closed by the server")),
                Opcode::Pong => self.taken += end,
                _ => {
                    return Err(Failure::WebSocket(
                        "a message in pieces or of bytes, which the protocols here don't use",
                    ));
                }
            }
        }
    }

    /// The bare socket, and what was read from it but not taken.
    pub fn into_socket(self) -> Result<(std::net::TcpStream, Vec<u8>)> {
        Ok((self.socket.into_std()?, self.received[self.taken..].to_vec()))
    }
}

/// What a server answers to this key in the opening handshake.
pub fn accept_of(key: &str) -> String {
    BASE64.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{ACCEPT_GUID}").as_bytes()))
}

fn check_handshake(answer: &str, key: &str) -> Result<()> {
    let mut lines = answer.lines();
    let status = lines.next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("101") {
        return Err(Failure::Handshake(status.to_owned()));
    }
    let expected = accept_of(key);
    let accepted = lines
        .filter_map(|line| line.split_once(':'))
        .any(|(name, value)| name.eq_ignore_ascii_case("sec-websocket-accept") && value.trim() == expected);
    if accepted { Ok(()) } else { Err(Failure::WebSocket("the opening handshake was answered with a wrong key")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_once_it_is_whole() {
        for len in [0_usize, 1, 125, 126, 127, 65_535, 65_536, 100_000] {
            let mut bytes = vec![0x81];
            match len {
                0..126 => bytes.push(len as u8),
                126..=65_535 => {
                    bytes.push(126);
                    bytes.extend((len as u16).to_be_bytes());
                }
                _ => {
                    bytes.push(127);
                    bytes.extend((len as u64).to_be_bytes());
                }
            }
            bytes.extend(std::iter::repeat_n(b'x', len));
            for part in (0..bytes.len()).filter(|part| *part < 20 || part + 2 > bytes.len()) {
                assert_eq!(parse(&bytes[..part]).unwrap(), None, "{part} of {}", bytes.len());
            }
            bytes.push(0x81);
            let (frame, end) = parse(&bytes).unwrap().unwrap();
            assert_eq!((frame.payload.len(), end, frame.last), (len, bytes.len() - 1, true));
        }
    }

    #[test]
    fn what_a_server_must_not_send_is_refused() {
        assert!(parse(&[0x81, 0x80, 0, 0, 0, 0]).is_err(), "masked");
        assert!(parse(&[0xC1, 0]).is_err(), "a reserved bit");
        assert!(parse(&[0x83, 0]).is_err(), "an unknown opcode");
        let header = |len: u64| [[0x82, 127].as_slice(), &len.to_be_bytes()].concat();
        assert!(parse(&header(MESSAGE_MAX_BYTES as u64)).unwrap().is_none());
        assert!(parse(&header(MESSAGE_MAX_BYTES as u64 + 1)).is_err(), "one past the limit");
    }

    #[test]
    fn a_written_frame_is_masked_and_has_its_length() {
        for len in [0_usize, 125, 126, 65_535, 65_536] {
            let payload = vec![b'x'; len];
            let mut out = Vec::new();
            write(&mut out, Opcode::Text, &payload, [1, 2, 3, 4]);
            let header = out.len() - len;
            assert_eq!(out[header - 4..header], [1, 2, 3, 4]);
            assert!(out[1] & 0x80 != 0);
            // Without the mask it is what a server would send.
            let mut plain = out[..header - 4].to_vec();
            plain[1] &= 0x7f;
            plain.extend(out[header..].iter().zip([1, 2, 3, 4].iter().cycle()).map(|(byte, mask)| byte ^ mask));
            let (frame, end) = parse(&plain).unwrap().unwrap();
            assert_eq!((frame.payload, end), (payload.as_slice(), plain.len()));
        }
    }

    #[test]
    fn the_handshake_of_the_rfc_is_accepted_and_no_other() {
        // RFC 6455 section 1.3.
        let key = "dGhlIHNhbXBsZSBub25jZQ==";
        let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        check_handshake(answer, key).unwrap();
        assert!(check_handshake(answer, "another").is_err());
        assert!(matches!(check_handshake("HTTP/1.1 429 Too Many Requests\r\n\r\n", key), Err(Failure::Handshake(_))));
    }
}
