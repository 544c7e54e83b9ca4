//! The engines of some workers, who hear each other at once.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use super::world::SERVER;
use crate::directory::Directory;
use crate::engine::{Addressed, Addressee, Egress, Engine, Note, Peer, Setup, Transport};
use crate::sending::Clock;
use crate::{Command, EventSink, LegId, Limits, SpaceId, Stats};

/// What was sent, and where to.
type Datagrams = Vec<(SocketAddr, Vec<u8>)>;

#[derive(Default)]
pub(in crate::engine::tests) struct Outbox {
    room: Vec<u8>,
    datagrams: Vec<(SocketAddr, Vec<u8>)>,
    notes: Vec<Addressed>,
}

impl Egress for Outbox {
    fn room(&mut self) -> &mut Vec<u8> {
        &mut self.room
    }

    fn launch(&mut self, to: Peer, start: usize, segment: usize) {
        assert_eq!(to.transport, Transport::Udp);
        let datagrams = self.room[start..].chunks(segment);
        self.datagrams.extend(datagrams.map(|datagram| (to.address, datagram.to_vec())));
        self.room.truncate(start);
    }

    fn post(&mut self, notes: &mut Vec<Addressed>) {
        self.notes.append(notes);
    }
}

pub(in crate::engine::tests) struct Workers<const COUNT: usize> {
    pub(in crate::engine::tests) engines: Vec<Engine>,
    directory: Arc<Directory>,
    /// On their way between workers.
    notes: VecDeque<Addressed>,
    /// Whether what workers hand each other of packets and datagrams is lost.
    pub(in crate::engine::tests) loses_between: bool,
    /// A worker that doesn't come to reading its notes, and those.
    late: Option<usize>,
    unread: VecDeque<Addressed>,
    viewers: usize,
}

impl<const COUNT: usize> Workers<COUNT> {
    pub(in crate::engine::tests) fn new(limits: Limits, events: &EventSink, now: Instant) -> Self {
        let directory = Arc::new(Directory::new(COUNT, limits));
        let engine = |worker: usize| {
            let setup = Setup {
                addresses: vec![SERVER.parse().unwrap()],
                tcp: false,
                bandwidth_estimation: true,
                limits,
                worker,
                directory: directory.clone(),
                clock: Clock::new(now),
            };
            let mut engine = Engine::new(setup, events.clone(), now).unwrap();
            engine.allow_taps();
            engine
        };
        let engines = (0..COUNT).map(engine).collect();
        Workers {
            engines,
            directory,
            notes: VecDeque::new(),
            loses_between: false,
            late: None,
            unread: VecDeque::new(),
            viewers: 0,
        }
    }

    /// Has a command done. Viewers come to one worker after the other, few as they are.
    pub(in crate::engine::tests) fn order(&mut self, now: Instant, command: &Command) -> Datagrams {
        if let Command::OpenSubscribe { leg, space } | Command::OpenPlay { leg, space, .. } = command
            && COUNT > 1
            && !self.engines.iter().any(|engine| engine.by_id.contains_key(leg))
        {
            self.viewers += 1;
            self.directory.put(leg, space, (self.directory.home(space) + self.viewers) % COUNT);
        }
        let workers = self.directory.worker_for(command).map_or(0..COUNT, |(worker, _)| worker..worker + 1);
        let done = workers.map(|worker| {
            self.with(now, worker, |engine, now, outbox| {
                engine.command(now, command.clone(), outbox);
                engine.flush(now, outbox);
            })
        });
        done.flatten().collect()
    }

    /// Lets an engine do something, and has the others hear of it.
    pub(in crate::engine::tests) fn with(
        &mut self,
        now: Instant,
        worker: usize,
        work: impl FnOnce(&mut Engine, Instant, &mut Outbox),
    ) -> Datagrams {
        let mut sent = self.turn(now, worker, work);
        while let Some((to, note)) = self.notes.pop_front() {
            if self.late == Some(to) {
                self.unread.push_back((to, note));
                continue;
            }
            sent.extend(self.turn(now, to, |engine, now, outbox| {
                engine.hear(now, note, outbox);
                engine.flush(now, outbox);
            }));
        }
        sent
    }

    /// This worker reads no notes, until it is `None`: then it reads them all.
    pub(in crate::engine::tests) fn set_late(&mut self, worker: Option<usize>) {
        self.late = worker;
        self.notes.append(&mut self.unread);
    }

    fn turn(&mut self, now: Instant, worker: usize, work: impl FnOnce(&mut Engine, Instant, &mut Outbox)) -> Datagrams {
        let mut outbox = Outbox::default();
        work(&mut self.engines[worker], now, &mut outbox);
        let lost = self.loses_between;
        self.notes.extend(outbox.notes.drain(..).filter(|(_, note)| !(lost && note.can_be_lost())));
        outbox.datagrams
    }

    /// A datagram comes in at the worker that the kernel gives it to.
    pub(in crate::engine::tests) fn come_in(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) -> Datagrams {
        let taken_by = Self::taker(from);
        let from = Peer { transport: Transport::Udp, address: from };
        let mut addressee = Addressee::Here;
        let mut sent = self.with(now, taken_by, |engine, now, outbox| {
            addressee = engine.receive(now, from, bytes, outbox);
        });
        match addressee {
            Addressee::Here => {}
            Addressee::Worker(worker) => {
                let note = Note::Datagram { from, bytes: bytes.to_vec(), taken_by };
                sent.extend(self.with(now, worker, |engine, now, outbox| engine.hear(now, note, outbox)));
            }
            Addressee::Stranger => self.engines[taken_by].drop_stranger(),
        }
        sent
    }

    /// Whom the kernel gives what comes from there.
    pub(in crate::engine::tests) fn taker(from: SocketAddr) -> usize {
        match from {
            SocketAddr::V4(address) => usize::from(address.ip().octets()[3] ^ address.port() as u8) % COUNT,
            SocketAddr::V6(_) => 0,
        }
    }

    pub(in crate::engine::tests) fn home(&self, space: &SpaceId) -> usize {
        self.directory.home(space)
    }

    pub(in crate::engine::tests) fn of(&self, leg: &LegId) -> usize {
        self.directory.worker_of(leg)
    }

    pub(in crate::engine::tests) fn stats(&self) -> Vec<Stats> {
        self.engines.iter().map(Engine::stats).collect()
    }

    /// How much workers know of each other, and of spaces and legs.
    pub(in crate::engine::tests) fn remembered(&self) -> usize {
        let known = |engine: &Engine| {
            engine.elsewhere.len()
                + engine.taken_by.len()
                + engine.by_peer.len()
                + engine.by_ufrag.len()
                + engine.by_track.len()
                + engine.spaces.len()
                + engine.spaces_by_id.len()
                + engine.crossings.remembered()
        };
        self.engines.iter().map(known).sum()
    }
}
