//! Datagrams: of which leg they are, what they hold, and where clients are now.

use std::time::Instant;

use str0m::Input;
use str0m::net::{Protocol, Receive};

use super::leg::{ADDRESSES_PER_LEG, Leg, Role};
use super::{Addressee, Egress, Engine, Note, Peer, Transport, stun};
use crate::ClosedReason;

impl Engine {
    /// A datagram, or a frame of an ICE-TCP connection. One for another worker
    /// is left to the caller to hand on. What comes from a stranger is looked at
    /// again once notes were heard: the word of whose it is may be on its way.
    pub(crate) fn receive(&mut self, now: Instant, from: Peer, bytes: &[u8], egress: &mut dyn Egress) -> Addressee {
        let addressee = self.addressee(from, bytes);
        if addressee == Addressee::Here {
            self.receive_from(now, from, bytes, None, egress);
        }
        addressee
    }

    /// Whose leg this is for. A check names its leg; what else comes from where
    /// it came from is for the same.
    pub(super) fn addressee(&self, from: Peer, bytes: &[u8]) -> Addressee {
        if self.directory.workers() == 1 {
            return Addressee::Here;
        }
        let other = match stun::receiver_ufrag(bytes) {
            Some(ufrag) if !self.by_ufrag.contains_key(ufrag) => self.directory.worker_of_ufrag(ufrag),
            Some(_) => None,
            None if self.by_peer.contains_key(&from) => None,
            None => match self.elsewhere.get(&from) {
                Some(worker) => Some(*worker),
                None => return Addressee::Stranger,
            },
        };
        other.filter(|worker| *worker != self.worker).map_or(Addressee::Here, Addressee::Worker)
    }

    /// Nobody knew a stranger.
    pub(crate) fn drop_stranger(&mut self) {
        self.stats.datagrams_in += 1;
        self.stats.dropped_unknown += 1;
    }

    /// `taken_by`: the worker whom the kernel gave it to, if that is another.
    pub(super) fn receive_from(
        &mut self,
        now: Instant,
        from: Peer,
        bytes: &[u8],
        taken_by: Option<usize>,
        egress: &mut dyn Egress,
    ) {
        self.stats.datagrams_in += 1;
        self.stats.bytes_in += bytes.len() as u64;
        let check = stun::is_stun(bytes);
        let known = self.by_peer.get(&from).copied();
        let named = stun::receiver_ufrag(bytes).and_then(|ufrag| self.by_ufrag.get(ufrag).copied());
        let Some(index) = named.or(known) else {
            self.stats.dropped_unknown += 1;
            return;
        };
        let destination = self.connections.destination(from.address);
        let protocol = match from.transport {
            Transport::Udp => Protocol::Udp,
            Transport::Tcp => Protocol::Tcp,
        };
        let outcome = self.with_leg(index, |engine, leg| {
            let Ok(receive) = Receive::new(protocol, from.address, destination, bytes) else { return Ok(false) };
            let input = Input::Receive(now, receive);
            if check && (known != Some(index) || taken_by.is_some()) && !leg.rtc.accepts(&input) {
                return Ok(false);
            }
            if check && known != Some(index) {
                engine.learn_address(leg, index, from);
            }
            if check {
                // Each check says so again, as another leg's may have come from there meanwhile; and before the answer to
                // it goes out, since what follows the answer comes in there.
                engine.claim(from, taken_by);
                egress.post(&mut engine.notes);
            }
            leg.heard = now;
            leg.count_in(bytes.len());
            if is_media(bytes) && matches!(leg.role, Role::Subscribe(_)) {
                engine.hear_viewer(index, leg, bytes, now, egress);
                return Ok(true);
            }
            // A datagram that the stack refuses may be forged; the leg ends
            // only if the stack itself gave up.
            if leg.rtc.handle_input(input).is_err() && !leg.rtc.is_alive() {
                return Err(ClosedReason::Protocol);
            }
            if check && leg.connected && matches!(leg.role, Role::Subscribe(_)) {
                // A check may change where the client is; where to, a report
                // tells that the stack makes and nobody gets.
                leg.rtc.direct_api().send_pli_feedback(0.into(), 0.into());
            }
            engine.drain(index, leg, now, egress)?;
            Ok(true)
        });
        if outcome == Some(false) {
            self.stats.dropped_unknown += 1;
        }
    }

    pub(super) fn learn_address(&mut self, leg: &mut Leg, index: usize, from: Peer) {
        // It may have been another leg's in between.
        leg.addresses.retain(|known| *known != from);
        if leg.addresses.len() == ADDRESSES_PER_LEG {
            let oldest = leg.addresses.remove(0);
            self.forget_address(index, oldest);
        }
        leg.addresses.push(from);
        self.by_peer.insert(from, index);
    }

    /// What comes from there is for a leg here, whoever takes it.
    pub(super) fn claim(&mut self, from: Peer, taken_by: Option<usize>) {
        match taken_by {
            Some(taker) => {
                self.taken_by.insert(from, taker);
                self.note(taker, Note::Here { peer: from, worker: self.worker });
            }
            None => drop(self.elsewhere.remove(&from)),
        }
    }

    pub(super) fn forget_address(&mut self, index: usize, peer: Peer) {
        if self.by_peer.get(&peer) != Some(&index) {
            return;
        }
        self.by_peer.remove(&peer);
        if let Some(taker) = self.taken_by.remove(&peer) {
            self.note(taker, Note::NotHere { peer, worker: self.worker });
        }
    }
}

/// Whether this is RTP or RTCP rather than DTLS or STUN (RFC 7983 7).
pub(super) fn is_media(datagram: &[u8]) -> bool {
    matches!(datagram, [128..=191, ..])
}
