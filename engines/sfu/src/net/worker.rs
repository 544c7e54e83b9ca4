//! A worker: one thread with an engine, and sockets of its own.
//!
//! All workers share one UDP port (`SO_REUSEPORT`): the kernel gives all that
//! comes from one address to one of them, not always to the one that has the
//! leg. So a worker hands on what is for another; that is little, since most of
//! what a server does is send, and each sends for itself.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use super::mail::{Mail, Mailbox, Post};
use super::tap::TapPort;
use super::tcp::TcpPort;
use super::udp::{RECEIVE_BATCH, UdpPort};
use super::{Order, StatsOf, Waiting};
use crate::engine::{Addressed, Addressee, Egress, Engine, Peer, Transport};

pub(super) const UDP: Token = Token(0);
pub(super) const TCP: Token = Token(1);
pub(super) const WAKE: Token = Token(2);
pub(super) const FIRST_CONNECTION: usize = 16;
/// Batches taken from the UDP port before commands get their turn.
const BATCHES: usize = 8;
/// Commands done before packets get their turn.
const COMMANDS: usize = 64;
/// Packets, datagrams and words read before what follows of them is sent: far
/// fewer than may wait on the way out of one viewer.
const MAILS: usize = 256;
/// Datagrams of strangers that are looked at a second time.
const STRANGERS: usize = 64;
/// With many viewers, what arrives is gathered for this long before it is
/// taken: a burst then leaves as a burst, which halves what each packet costs.
const GATHER: Duration = Duration::from_micros(500);
/// From this many subscribing legs on it is worth the delay.
const GATHER_FROM_LEGS: usize = 32;
/// How often counters are made visible and silent TCP connections are closed.
const SURVEY_EVERY: Duration = Duration::from_millis(200);

pub(super) struct Sockets {
    pub(super) udp: UdpPort,
    pub(super) tcp: TcpPort,
    pub(super) post: Post,
}

impl Sockets {
    fn outgoing(&mut self) -> Outgoing<'_> {
        Outgoing { udp: &mut self.udp, tcp: &mut self.tcp, post: &mut self.post }
    }
}

/// The way out on all sockets, also while the UDP port is being read.
struct Outgoing<'a> {
    udp: &'a mut UdpPort,
    tcp: &'a mut TcpPort,
    post: &'a mut Post,
}

impl Egress for Outgoing<'_> {
    fn room(&mut self) -> &mut Vec<u8> {
        &mut self.udp.room
    }

    fn launch(&mut self, to: Peer, start: usize, segment: usize) {
        match to.transport {
            Transport::Udp => self.udp.launch(to.address, start, segment),
            Transport::Tcp => {
                for datagram in self.udp.room[start..].chunks(segment.max(1)) {
                    self.tcp.send(to.address, datagram);
                }
                self.udp.room.truncate(start);
            }
        }
    }

    fn post(&mut self, notes: &mut Vec<Addressed>) {
        self.post.send_notes(notes);
    }
}

pub(super) struct Worker {
    pub(super) number: usize,
    pub(super) engine: Engine,
    pub(super) poll: Poll,
    pub(super) sockets: Sockets,
    /// Connections that had more to read; they are not announced again.
    pub(super) unfinished: Vec<Token>,
    /// Datagrams of whom nobody knew anything yet.
    pub(super) strangers: Vec<(SocketAddr, Vec<u8>)>,
    pub(super) orders: Receiver<Order>,
    pub(super) waiting: Arc<Waiting>,
    pub(super) boxes: Arc<[Mailbox]>,
    pub(super) tap: Option<TapPort>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) stats: StatsOf,
}

/// Stops all workers when one ends, whatever ended it: the others would go on
/// giving it viewers, and wait for its word.
struct Together {
    stop: Arc<AtomicBool>,
    boxes: Arc<[Mailbox]>,
}

impl Drop for Together {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.boxes.iter().for_each(Mailbox::wake);
    }
}

impl Worker {
    pub(super) fn run(mut self) {
        let _together = Together { stop: self.stop.clone(), boxes: self.boxes.clone() };
        let mut events = Events::with_capacity(256);
        let mut next_survey = Instant::now();
        let mut more = false;
        while !self.stop.load(Ordering::Acquire) {
            let wait =
                if more { Duration::ZERO } else { self.engine.deadline().saturating_duration_since(Instant::now()) };
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != std::io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "the media thread can't wait for its sockets and stops");
                return;
            }
            more = self.obey();
            self.read_mail();
            self.look_again();
            if self.engine.subscribing() >= GATHER_FROM_LEGS && events.iter().any(|event| event.token() == UDP) {
                std::thread::sleep(GATHER);
            }
            more |= self.receive_udp() || !self.strangers.is_empty();
            more |= self.serve_tcp(&events);
            let now = Instant::now();
            self.ask_for_the_tap();
            self.engine.flush(now, &mut self.sockets.outgoing());
            self.sockets.udp.flush();
            self.sockets.tcp.flush();
            self.hand_to_tap();
            if now >= next_survey {
                next_survey = now + SURVEY_EVERY;
                self.sockets.tcp.close_silent(now);
                self.survey();
            }
        }
    }

    /// Does the commands and takes the frames that wait; `true`: there may be more.
    fn obey(&mut self) -> bool {
        for _ in 0..COMMANDS {
            match self.orders.try_recv() {
                Ok(Order::Command(command)) => {
                    self.engine.command(Instant::now(), command, &mut self.sockets.outgoing())
                }
                Ok(Order::Feed(leg, frame)) => {
                    self.waiting.remove(frame.data.len());
                    self.engine.feed(Instant::now(), &leg, &frame);
                }
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return false,
            }
        }
        true
    }

    fn read_mail(&mut self) {
        let mut read = 0;
        for mail in self.boxes[self.number].take() {
            let now = Instant::now();
            read += mail.weight();
            if read >= MAILS {
                read = 0;
                self.engine.flush(now, &mut self.sockets.outgoing());
                self.sockets.udp.flush();
            }
            match mail {
                Mail::Note(note) => self.engine.hear(now, note, &mut self.sockets.outgoing()),
                Mail::Connection(connection, address, frames) => {
                    self.unfinished.extend(self.sockets.tcp.adopt(*connection, self.poll.registry()));
                    for frame in frames {
                        let from = Peer { transport: Transport::Tcp, address };
                        self.engine.receive(now, from, &frame, &mut self.sockets.outgoing());
                    }
                }
            }
        }
    }

    /// A client answers as soon as it hears from the worker that has its leg,
    /// and that worker's word is here before the client's.
    fn look_again(&mut self) {
        for (address, bytes) in std::mem::take(&mut self.strangers) {
            let from = Peer { transport: Transport::Udp, address };
            match self.engine.receive(Instant::now(), from, &bytes, &mut self.sockets.outgoing()) {
                Addressee::Here => {}
                Addressee::Worker(worker) => self.sockets.post.datagram(worker, from, &bytes, self.number),
                Addressee::Stranger => self.engine.drop_stranger(),
            }
        }
    }

    /// Takes datagrams, batch by batch, each forwarded before the next is
    /// taken; `true`: there may be more.
    fn receive_udp(&mut self) -> bool {
        for _ in 0..BATCHES {
            let Self { engine, number, strangers, sockets: Sockets { udp, tcp, post }, .. } = self;
            let now = Instant::now();
            let taken = udp.receive(|address, bytes, udp| {
                let from = Peer { transport: Transport::Udp, address };
                match engine.receive(now, from, bytes, &mut Outgoing { udp, tcp, post }) {
                    Addressee::Here => {}
                    Addressee::Worker(worker) => post.datagram(worker, from, bytes, *number),
                    Addressee::Stranger if strangers.len() < STRANGERS => strangers.push((address, bytes.to_vec())),
                    Addressee::Stranger => engine.drop_stranger(),
                }
            });
            if taken == 0 {
                return false;
            }
            self.engine.flush(Instant::now(), &mut self.sockets.outgoing());
            self.sockets.udp.flush();
            self.hand_to_tap();
            if taken < RECEIVE_BATCH {
                return false;
            }
        }
        true
    }

    /// Accepts, reads and writes; `true`: some connection has more to read.
    fn serve_tcp(&mut self, events: &Events) -> bool {
        let now = Instant::now();
        let mut ready = std::mem::take(&mut self.unfinished);
        for event in events {
            match event.token() {
                UDP | WAKE => {}
                TCP => self.sockets.tcp.accept(self.poll.registry(), now),
                token => ready.push(token),
            }
        }
        let mut frames: Vec<(SocketAddr, Vec<u8>)> = Vec::new();
        for token in ready {
            let more = self.sockets.tcp.ready(token, now, |from, frame| frames.push((from, frame.to_vec())));
            if more {
                self.unfinished.push(token);
            }
        }
        // A connection goes where its leg is, with all that was read of it.
        let mut moved: BTreeMap<SocketAddr, (usize, Vec<Vec<u8>>)> = BTreeMap::new();
        for (address, frame) in frames {
            if let Some((_, read)) = moved.get_mut(&address) {
                read.push(frame);
                continue;
            }
            let from = Peer { transport: Transport::Tcp, address };
            let addressee = self.engine.receive(now, from, &frame, &mut self.sockets.outgoing());
            match addressee {
                Addressee::Here => {}
                Addressee::Worker(worker) => drop(moved.insert(address, (worker, vec![frame]))),
                Addressee::Stranger => self.engine.drop_stranger(),
            }
        }
        for (address, (worker, read)) in moved {
            if let Some(connection) = self.sockets.tcp.release(address, self.poll.registry()) {
                self.sockets.post.send(worker, Mail::Connection(Box::new(connection), address, read));
            }
        }
        !self.unfinished.is_empty()
    }

    fn ask_for_the_tap(&mut self) {
        let wanted = self.tap.as_ref().map(TapPort::take_wanted).unwrap_or_default();
        for (track, layer) in wanted {
            self.engine.want_key_frame(track, layer);
        }
    }

    fn hand_to_tap(&mut self) {
        if let Some(tap) = &mut self.tap {
            tap.hand_over(self.engine.tapped());
        }
    }

    fn survey(&mut self) {
        let mut stats = self.engine.stats();
        if let Some(tap) = &self.tap {
            (stats.frames_tapped, stats.dropped_tap, stats.tap_cpu_us) = (tap.frames(), tap.dropped, tap.cpu_us());
        }
        stats.sends_gso = self.sockets.udp.sent.gso;
        stats.sends_single = self.sockets.udp.sent.single;
        stats.dropped_send = self.sockets.udp.sent.dropped + self.sockets.tcp.dropped;
        stats.dropped_between = self.sockets.post.lost;
        stats.tcp_connections = self.sockets.tcp.open() as u64;
        stats.tcp_refused = self.sockets.tcp.refused;
        stats.cpu_us = thread_cpu_us();
        self.stats.set(stats);
    }
}

/// CPU time of the calling thread.
pub(super) fn thread_cpu_us() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one `timespec`.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1_000
}
