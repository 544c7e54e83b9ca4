//! One member: a socket that is read and written without waiting, and frames taken from it.

use crate::failure::{Failure, Result};
use crate::net::websocket::{self, MESSAGE_MAX_BYTES, Opcode};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};

/// A connection in a room.
pub struct Member {
    socket: TcpStream,
    /// The start of a frame of which the rest has not come yet.
    partial: Vec<u8>,
    /// What the socket did not take yet.
    unsent: Vec<u8>,
    closed: bool,
}

impl AsRawFd for Member {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl Member {
    /// Takes over a joined connection with what was read from it already.
    pub fn new(socket: TcpStream, partial: Vec<u8>) -> Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self { socket, partial, unsent: Vec::new(), closed: false })
    }

    /// Whether the server has ended the connection.
    pub fn closed(&self) -> bool {
        self.closed
    }

    /// Whether something waits for the socket to take it.
    pub fn blocked(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Sends one text message, now or as soon as the socket takes it.
    pub fn send(&mut self, text: &[u8]) {
        websocket::write(&mut self.unsent, Opcode::Text, text, websocket::fresh_mask());
        self.flush();
    }

    /// Writes what waits.
    pub fn flush(&mut self) {
        while !self.unsent.is_empty() && !self.closed {
            match self.socket.write(&self.unsent) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.closed = true,
            }
        }
    }

    /// Reads once into `scratch` and gives every whole text message to `each`.
    pub fn receive(&mut self, scratch: &mut [u8], mut each: impl FnMut(&[u8])) -> Result<()> {
        let count = match self.socket.read(scratch) {
            Ok(0) => {
                self.closed = true;
                return Ok(());
            }
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return Ok(()),
            Err(_) => {
                self.closed = true;
                return Ok(());
            }
        };
        // Most reads hold whole frames: those are taken where they are.
        if self.partial.is_empty() {
            let taken = self.take_frames(&scratch[..count], &mut each)?;
            self.partial.extend_from_slice(&scratch[taken..count]);
        } else {
            let mut bytes = std::mem::take(&mut self.partial);
            bytes.extend_from_slice(&scratch[..count]);
            let taken = self.take_frames(&bytes, &mut each)?;
            bytes.drain(..taken);
            self.partial = bytes;
        }
        if self.partial.len() > MESSAGE_MAX_BYTES + 16 {
            return Err(Failure::WebSocket("a frame larger than the limit"));
        }
        Ok(())
    }

    fn take_frames(&mut self, bytes: &[u8], each: &mut impl FnMut(&[u8])) -> Result<usize> {
        let mut taken = 0;
        while let Some((frame, end)) = websocket::parse(&bytes[taken..])? {
            match frame.opcode {
                Opcode::Text if frame.last => each(frame.payload),
                Opcode::Ping => {
                    websocket::write(&mut self.unsent, Opcode::Pong, frame.payload, websocket::fresh_mask());
                    self.flush();
                }
                Opcode::Close => self.closed = true,
                Opcode::Pong => {}
                _ => return Err(Failure::WebSocket("a message in pieces or of bytes, which the protocol doesn't use")),
            }
            taken += end;
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn pair() -> (Member, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (Member::new(near, Vec::new()).unwrap(), listener.accept().unwrap().0)
    }

    fn receive_all(member: &mut Member, wanted: usize, scratch: &mut [u8]) -> Vec<Vec<u8>> {
        let mut got = Vec::new();
        let mut poller = crate::net::poller::Poller::new().unwrap();
        poller.add(member, 0).unwrap();
        let mut keys = Vec::new();
        while got.len() < wanted && !member.closed() {
            poller.wait(std::time::Duration::from_secs(5), &mut keys).unwrap();
            assert!(!keys.is_empty(), "nothing more came");
            member.receive(scratch, |text| got.push(text.to_vec())).unwrap();
        }
        got
    }

    #[test]
    fn frames_are_whole_however_they_are_cut() {
        for scratch_bytes in [1, 3, 7, 64, 4_096] {
            let (mut member, mut far) = pair();
            let texts: Vec<Vec<u8>> = (0..20_u8).map(|n| vec![b'a' + n; usize::from(n) * 11]).collect();
            for text in &texts {
                far.write_all(&[0x81]).unwrap();
                if text.len() < 126 {
                    far.write_all(&[text.len() as u8]).unwrap();
                } else {
                    far.write_all(&[126, (text.len() >> 8) as u8, text.len() as u8]).unwrap();
                }
                far.write_all(text).unwrap();
            }
            assert_eq!(receive_all(&mut member, texts.len(), &mut vec![0; scratch_bytes]), texts);
        }
    }

    #[test]
    fn pings_are_answered_and_an_end_is_noticed() {
        let (mut member, mut far) = pair();
        far.write_all(&[0x89, 2, b'h', b'i', 0x81, 1, b'x']).unwrap();
        assert_eq!(receive_all(&mut member, 1, &mut [0; 64]), [b"x"]);
        let mut pong = [0; 8];
        far.read_exact(&mut pong).unwrap();
        assert_eq!(pong[..2], [0x8A, 0x82]);
        assert_eq!([pong[6] ^ pong[2], pong[7] ^ pong[3]], *b"hi");
        drop(far);
        assert!(receive_all(&mut member, 1, &mut [0; 64]).is_empty());
        assert!(member.closed());
    }
}
