//! ICE over TCP, passive side (RFC 6544): for clients whose network lets no UDP
//! through. Frames are RFC 4571: two bytes of length, then the datagram.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};

use crate::Limits;

/// A connection has this long to send its first frame.
const SPEAK_WITHIN: Duration = Duration::from_secs(5);
/// A connection that sends nothing for this long is closed.
const IDLE: Duration = Duration::from_secs(30);
/// Longest frame taken.
const FRAME_BYTES: usize = 2_048;
const LENGTH_BYTES: usize = 2;
/// What may wait to be written to one connection; media beyond it is dropped,
/// as a full router would.
const WAITING_BYTES: usize = 256 * 1_024;
/// Reads from one connection before others get their turn.
const READS: usize = 16;

pub(super) struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    read: Vec<u8>,
    waiting: Vec<u8>,
    opened: Instant,
    heard: Option<Instant>,
}

/// How many connections there are, at all workers together.
pub(super) struct Admission {
    limits: Limits,
    admitted: Mutex<Admitted>,
}

#[derive(Default)]
struct Admitted {
    all: usize,
    by_ip: HashMap<IpAddr, usize>,
}

impl Admission {
    pub(super) fn new(limits: Limits) -> Admission {
        Admission { limits, admitted: Mutex::default() }
    }

    fn admit(&self, ip: IpAddr) -> bool {
        let mut admitted = self.lock();
        let from_there = admitted.by_ip.get(&ip).copied().unwrap_or(0);
        let full = admitted.all >= self.limits.tcp_connections;
        if full || from_there >= self.limits.tcp_connections_per_address {
            return false;
        }
        admitted.all += 1;
        admitted.by_ip.insert(ip, from_there + 1);
        true
    }

    fn leave(&self, ip: IpAddr) {
        let mut admitted = self.lock();
        admitted.all -= 1;
        if let Some(count) = admitted.by_ip.get_mut(&ip) {
            *count -= 1;
            if *count == 0 {
                admitted.by_ip.remove(&ip);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Admitted> {
        self.admitted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct TcpPort {
    /// One worker accepts for all.
    listener: Option<TcpListener>,
    connections: HashMap<Token, Connection>,
    by_peer: HashMap<SocketAddr, Token>,
    next_token: usize,
    admission: Arc<Admission>,
    pub(super) refused: u64,
    pub(super) dropped: u64,
}

impl TcpPort {
    pub(super) fn new(
        listener: Option<std::net::TcpListener>,
        admission: Arc<Admission>,
        first_token: usize,
    ) -> io::Result<TcpPort> {
        if let Some(listener) = &listener {
            listener.set_nonblocking(true)?;
        }
        Ok(TcpPort {
            listener: listener.map(TcpListener::from_std),
            connections: HashMap::new(),
            by_peer: HashMap::new(),
            next_token: first_token,
            admission,
            refused: 0,
            dropped: 0,
        })
    }

    pub(super) fn listener(&mut self) -> Option<&mut TcpListener> {
        self.listener.as_mut()
    }

    pub(super) fn open(&self) -> usize {
        self.connections.len()
    }

    /// Accepts what waits; connections beyond the limits are closed at once.
    pub(super) fn accept(&mut self, registry: &Registry, now: Instant) {
        while let Some(Ok((stream, peer))) = self.listener.as_ref().map(TcpListener::accept) {
            let peer = canonical(peer);
            if !self.admission.admit(peer.ip()) {
                self.refused += 1;
                continue;
            }
            let _ = stream.set_nodelay(true);
            let (read, waiting) = (Vec::new(), Vec::new());
            self.adopt(Connection { stream, peer, read, waiting, opened: now, heard: None }, registry);
        }
    }

    /// Takes a connection in, which may have something to read already.
    pub(super) fn adopt(&mut self, mut connection: Connection, registry: &Registry) -> Option<Token> {
        let token = Token(self.next_token);
        self.next_token += 1;
        if registry.register(&mut connection.stream, token, Interest::READABLE | Interest::WRITABLE).is_err() {
            self.admission.leave(connection.peer.ip());
            return None;
        }
        self.by_peer.insert(connection.peer, token);
        self.connections.insert(token, connection);
        Some(token)
    }

    /// Gives a connection away, for another port to adopt.
    pub(super) fn release(&mut self, peer: SocketAddr, registry: &Registry) -> Option<Connection> {
        let token = self.by_peer.remove(&peer)?;
        let mut connection = self.connections.remove(&token)?;
        let _ = registry.deregister(&mut connection.stream);
        Some(connection)
    }

    /// Reads and writes what a connection is ready for. Each whole frame goes
    /// to `each`; `true` means that there is more to read.
    pub(super) fn ready(&mut self, token: Token, now: Instant, mut each: impl FnMut(SocketAddr, &[u8])) -> bool {
        let Some(connection) = self.connections.get_mut(&token) else { return false };
        let outcome = connection.flush().and_then(|()| connection.read(now, &mut each));
        match outcome {
            Ok(more) => more,
            Err(_) => {
                self.close(token);
                false
            }
        }
    }

    pub(super) fn send(&mut self, to: SocketAddr, contents: &[u8]) {
        let Some(token) = self.by_peer.get(&to).copied() else {
            self.dropped += 1;
            return;
        };
        let Some(connection) = self.connections.get_mut(&token) else { return };
        let length = contents.len() as u16;
        if connection.waiting.len() + LENGTH_BYTES + contents.len() > WAITING_BYTES {
            self.dropped += 1;
            return;
        }
        connection.waiting.extend(length.to_be_bytes());
        connection.waiting.extend_from_slice(contents);
    }

    /// Writes what waits, and closes what is silent. To be called regularly.
    pub(super) fn flush(&mut self) {
        let broken: Vec<Token> = self
            .connections
            .iter_mut()
            .filter(|(_, connection)| !connection.waiting.is_empty())
            .filter_map(|(token, connection)| connection.flush().err().map(|_| *token))
            .collect();
        for token in broken {
            self.close(token);
        }
    }

    pub(super) fn close_silent(&mut self, now: Instant) {
        let silent = |connection: &Connection| match connection.heard {
            None => now.saturating_duration_since(connection.opened) >= SPEAK_WITHIN,
            Some(heard) => now.saturating_duration_since(heard) >= IDLE,
        };
        let tokens: Vec<Token> =
            self.connections.iter().filter(|(_, connection)| silent(connection)).map(|(token, _)| *token).collect();
        for token in tokens {
            self.close(token);
        }
    }

    fn close(&mut self, token: Token) {
        let Some(connection) = self.connections.remove(&token) else { return };
        self.by_peer.remove(&connection.peer);
        self.admission.leave(connection.peer.ip());
    }
}

impl Connection {
    /// `Ok(true)`: stopped with more to read.
    fn read(&mut self, now: Instant, each: &mut impl FnMut(SocketAddr, &[u8])) -> io::Result<bool> {
        let mut chunk = [0; 16 * 1_024];
        for _ in 0..READS {
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => {
                    self.read.extend_from_slice(&chunk[..length]);
                    let used = take_frames(&self.read, |frame| {
                        self.heard = Some(now);
                        each(self.peer, frame);
                    })?;
                    self.read.drain(..used);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut written = 0;
        while written < self.waiting.len() {
            match self.stream.write(&self.waiting[written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => written += length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::NotConnected => break,
                Err(error) => return Err(error),
            }
        }
        self.waiting.drain(..written);
        Ok(())
    }
}

/// Hands out the whole frames at the front; how many bytes they took.
///
/// # Errors
///
/// A frame that is empty or longer than [`FRAME_BYTES`].
pub(crate) fn take_frames(bytes: &[u8], mut each: impl FnMut(&[u8])) -> io::Result<usize> {
    let mut used = 0;
    while let Some(&[high, low]) = bytes.get(used..used + LENGTH_BYTES) {
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length == 0 || length > FRAME_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let start = used + LENGTH_BYTES;
        let Some(frame) = bytes.get(start..start + length) else { break };
        each(frame);
        used = start + length;
    }
    Ok(used)
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_whole_split_and_refused() {
        let mut frames: Vec<Vec<u8>> = Vec::new();
        let bytes = [0, 2, 7, 8, 0, 1, 9, 0, 5, 1];
        assert_eq!(take_frames(&bytes, |frame| frames.push(frame.to_vec())).unwrap(), 7);
        assert_eq!(frames, [vec![7, 8], vec![9]]);
        assert_eq!(take_frames(&[0], |_| unreachable!()).unwrap(), 0);
        assert!(take_frames(&[0, 0], |_| unreachable!()).is_err());
        let longest = (FRAME_BYTES as u16).to_be_bytes();
        assert_eq!(take_frames(&longest, |_| unreachable!()).unwrap(), 0);
        assert!(take_frames(&(FRAME_BYTES as u16 + 1).to_be_bytes(), |_| unreachable!()).is_err());
    }
}
