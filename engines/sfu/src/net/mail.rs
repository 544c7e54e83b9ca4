//! How workers hand notes, and connections, to each other.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use mio::Waker;

use super::tcp::Connection;
use crate::engine::{Addressed, Note, Peer};

/// Packets, datagrams and words that wait for a worker before packets and
/// datagrams for it are lost, as in a full router. What workers must know is never lost: it is as much as there
/// are commands and ticks.
const WAITING: usize = 8_192;
/// The same of datagrams from clients, so that a flood of them leaves room for media.
const DATAGRAMS: usize = WAITING / 4;

pub(super) enum Mail {
    Note(Note),
    /// A TCP connection to a leg of this worker, and the frames read from it.
    Connection(Box<Connection>, SocketAddr, Vec<Vec<u8>>),
}

impl Mail {
    /// What may wait when this comes; `None`: it is never lost.
    fn behind(&self) -> Option<usize> {
        match self {
            Mail::Note(Note::Datagram { .. }) => Some(DATAGRAMS),
            Mail::Note(note) if note.can_be_lost() => Some(WAITING),
            _ => None,
        }
    }

    /// How much it is to read.
    pub(super) fn weight(&self) -> usize {
        match self {
            Mail::Note(Note::Packets { packets, .. }) => packets.len().max(1),
            _ => 1,
        }
    }
}

#[derive(Default)]
struct Pile {
    mails: Vec<Mail>,
    weight: usize,
}

pub(super) struct Mailbox {
    waiting: Mutex<Pile>,
    waker: Waker,
}

impl Mailbox {
    pub(super) fn new(waker: Waker) -> Mailbox {
        Mailbox { waiting: Mutex::default(), waker }
    }

    /// Has the worker look at what waits for it.
    pub(super) fn wake(&self) {
        // It looks at least every tick.
        let _ = self.waker.wake();
    }

    /// `false`: it was lost.
    fn put(&self, mail: Mail) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if mail.behind().is_some_and(|most| waiting.weight >= most) {
            return false;
        }
        waiting.weight += mail.weight();
        waiting.mails.push(mail);
        let first = waiting.mails.len() == 1;
        drop(waiting);
        if first {
            self.wake();
        }
        true
    }

    pub(super) fn take(&self) -> Vec<Mail> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner)).mails
    }
}

/// A worker's way to the others.
pub(super) struct Post {
    boxes: Arc<[Mailbox]>,
    pub(super) lost: u64,
}

impl Post {
    pub(super) fn new(boxes: Arc<[Mailbox]>) -> Post {
        Post { boxes, lost: 0 }
    }

    pub(super) fn send(&mut self, to: usize, mail: Mail) {
        if !self.boxes.get(to).is_some_and(|mailbox| mailbox.put(mail)) {
            self.lost += 1;
        }
    }

    /// Hands a datagram on to whom it is for.
    pub(super) fn datagram(&mut self, to: usize, from: Peer, bytes: &[u8], taken_by: usize) {
        self.send(to, Mail::Note(Note::Datagram { from, bytes: bytes.to_vec(), taken_by }));
    }

    pub(super) fn send_notes(&mut self, notes: &mut Vec<Addressed>) {
        for (to, note) in notes.drain(..) {
            self.send(to, Mail::Note(note));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Transport;

    #[test]
    fn what_the_network_could_lose_is_lost_first_and_the_rest_keeps_its_order() {
        let poll = mio::Poll::new().unwrap();
        let boxes: Arc<[Mailbox]> = Arc::from([Mailbox::new(Waker::new(poll.registry(), mio::Token(0)).unwrap())]);
        let mut post = Post::new(boxes.clone());
        let peer = Peer { transport: Transport::Udp, address: "10.0.0.1:1".parse().unwrap() };
        let datagram = |byte: u8| Note::Datagram { from: peer, bytes: vec![byte], taken_by: 1 };
        let space = hearth_protocol::ids::SpaceId::parse("room_a").unwrap();
        let packets = || Note::Packets { space: space.clone(), packets: Arc::default(), relayed: Default::default() };
        let mut notes: Vec<Addressed> = (0..=DATAGRAMS).map(|it| (0, datagram(it as u8))).collect();
        notes.extend((DATAGRAMS..=WAITING).map(|_| (0, packets())));
        notes.push((0, Note::Here { peer, worker: 1 }));
        notes.push((7, Note::Here { peer, worker: 1 }));
        post.send_notes(&mut notes);
        assert_eq!(post.lost, 3, "of each one past what may wait, and one for nobody");
        let taken = boxes[0].take();
        assert_eq!(taken.len(), WAITING + 1);
        assert!(matches!(&taken[1], Mail::Note(Note::Datagram { bytes, .. }) if bytes == &[1]));
        assert!(matches!(taken.last(), Some(Mail::Note(Note::Here { .. }))));
        assert!(boxes[0].take().is_empty());
    }

    #[test]
    fn packets_count_each_and_not_by_the_note() {
        let poll = mio::Poll::new().unwrap();
        let boxes: Arc<[Mailbox]> = Arc::from([Mailbox::new(Waker::new(poll.registry(), mio::Token(0)).unwrap())]);
        let mut post = Post::new(boxes.clone());
        let space = hearth_protocol::ids::SpaceId::parse("room_a").unwrap();
        let packets = |count: usize| {
            let packets = Arc::new(vec![crate::engine::MediaPacket::any(); count]);
            Mail::Note(Note::Packets { space: space.clone(), packets, relayed: Default::default() })
        };
        post.send(0, packets(WAITING - 1));
        post.send(0, packets(1));
        assert_eq!(post.lost, 0);
        post.send(0, packets(1));
        assert_eq!(post.lost, 1, "one past");
        let weight: usize = boxes[0].take().iter().map(Mail::weight).sum();
        assert_eq!(weight, WAITING);
        post.send(0, packets(1));
        assert_eq!((post.lost, boxes[0].take().len()), (1, 1), "what was taken makes room");
    }
}
