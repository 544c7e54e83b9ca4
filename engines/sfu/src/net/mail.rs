//! How workers hand notes, and connections, to each other.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use mio::Waker;

use super::tcp::Connection;
use crate::engine::{Addressed, Note, Peer};

/// Packets from publishers that wait for a worker before more for it are lost, as
/// in a full router: what a worker can't send in time is of no use to viewers.
const PACKETS: usize = 8_192;
/// The same of datagrams from clients that another worker took, so that a flood of
/// them has an end. They are counted apart from packets, and neither takes the other's
/// room: a worker that is behind with media still hears what viewers report and that
/// they are there. What workers must know is never lost: it is as much as there are
/// commands and ticks.
const DATAGRAMS: usize = 2_048;

pub(super) enum Mail {
    Note(Note),
    /// A TCP connection to a leg of this worker, and the frames read from it.
    Connection(Box<Connection>, SocketAddr, Vec<Vec<u8>>),
}

impl Mail {
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
    packets: usize,
    datagrams: usize,
}

impl Pile {
    /// How much waits of what this is one of, and how much may; `None`: it is never lost.
    fn room(&mut self, mail: &Mail) -> Option<(&mut usize, usize)> {
        match mail {
            Mail::Note(Note::Datagram { .. }) => Some((&mut self.datagrams, DATAGRAMS)),
            Mail::Note(note) if note.can_be_lost() => Some((&mut self.packets, PACKETS)),
            _ => None,
        }
    }
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
        if let Some((waits, most)) = waiting.room(&mail) {
            if *waits >= most {
                return false;
            }
            *waits += mail.weight();
        }
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
        notes.extend((0..=PACKETS).map(|_| (0, packets())));
        notes.push((0, Note::Here { peer, worker: 1 }));
        notes.push((7, Note::Here { peer, worker: 1 }));
        post.send_notes(&mut notes);
        assert_eq!(post.lost, 3, "of each one past what may wait, and one for nobody");
        let taken = boxes[0].take();
        assert_eq!(taken.len(), DATAGRAMS + PACKETS + 1);
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
        post.send(0, packets(PACKETS - 1));
        post.send(0, packets(1));
        assert_eq!(post.lost, 0);
        post.send(0, packets(1));
        assert_eq!(post.lost, 1, "one past");
        let weight: usize = boxes[0].take().iter().map(Mail::weight).sum();
        assert_eq!(weight, PACKETS);
        let peer = Peer { transport: Transport::Udp, address: "10.0.0.1:1".parse().unwrap() };
        post.send(0, packets(PACKETS));
        (0..DATAGRAMS).for_each(|_| post.datagram(0, peer, &[1], 1));
        assert_eq!(post.lost, 1, "what clients say is not lost for media that waits");
        post.datagram(0, peer, &[1], 1);
        assert_eq!(post.lost, 2, "one past");
        boxes[0].take();
        post.send(0, packets(1));
        assert_eq!((post.lost, boxes[0].take().len()), (2, 1), "what was taken makes room");
    }
}
