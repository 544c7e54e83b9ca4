//! What HTTP remembers of the legs that came by WHIP and WHEP.

use hearth_protocol::ids::{LegId, SpaceId, StreamKeyId};
use std::collections::HashMap;
use std::sync::Mutex;

use super::sdp::{self, Description};
use crate::fresh;

/// Legs at which those that are gone are looked for, at the least.
const SWEPT_FROM: usize = 256;

/// By which of the two protocols a leg came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// An encoder's.
    Whip,
    /// A player's.
    Whep,
}

impl Way {
    /// Where its addresses begin.
    pub fn path(self) -> &'static str {
        match self {
            Way::Whip => "/whip",
            Way::Whep => "/whep",
        }
    }
}

/// A leg's peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// How it came.
    pub way: Way,
    /// In which room.
    pub space: SpaceId,
    /// The hash of the secret it came with; `None`: with none.
    pub secret_hash: Option<String>,
    /// The stream key whose secret that is; `None`: a player's.
    pub key: Option<StreamKeyId>,
    /// The strong entity tag of its ICE session, quoted.
    pub etag: String,
    /// The user name fragment of its ICE session.
    pub ufrag: String,
    /// The lines before a fragment's candidates: how the server does ICE, the bundle, and the section that carries it.
    pub fragment_head: String,
}

impl Peer {
    /// A peer whose offer was answered.
    pub fn new(way: Way, space: SpaceId, offer: &Description, answer: &str) -> Self {
        let answer = sdp::read(answer).unwrap_or_default();
        let mut lines = answer.ice;
        lines.push(answer.bundle);
        if let Some(media) = answer.media.into_iter().next() {
            lines.extend([media.line, media.mid]);
        }
        let fragment_head = lines.into_iter().filter(|line| !line.is_empty()).map(|line| line + "\r\n").collect();
        let (etag, ufrag) = (new_etag(), offer.ufrag.clone());
        Self { way, space, secret_hash: None, key: None, etag, ufrag, fragment_head }
    }
}

/// The tag of a new ICE session.
pub fn new_etag() -> String {
    format!("\"{}\"", fresh::suffix())
}

/// The peers of legs. There are as many as legs: those of legs that are gone are swept out as others come.
#[derive(Default)]
pub struct Peers(Mutex<Table>);

#[derive(Default)]
struct Table {
    peers: HashMap<LegId, Peer>,
    swept_at: usize,
}

impl Peers {
    /// Enters the peer of a new leg; `is_open` tells which legs are still there.
    pub fn enter(&self, leg: LegId, peer: Peer, is_open: impl Fn(&LegId) -> bool) {
        let mut table = self.table();
        if table.peers.len() >= table.swept_at.max(SWEPT_FROM) {
            table.peers.retain(|leg, _| is_open(leg));
            table.swept_at = 2 * table.peers.len();
        }
        table.peers.insert(leg, peer);
    }

    /// The peer of a leg that came one way.
    pub fn get(&self, leg: &LegId, way: Way) -> Option<Peer> {
        self.table().peers.get(leg).filter(|peer| peer.way == way).cloned()
    }

    /// The legs that came with a stream key, and their rooms.
    pub fn of_key(&self, key: &StreamKeyId) -> Vec<(LegId, SpaceId)> {
        let table = self.table();
        let theirs = table.peers.iter().filter(|(_, peer)| peer.key.as_ref() == Some(key));
        theirs.map(|(leg, peer)| (leg.clone(), peer.space.clone())).collect()
    }

    /// A leg's ICE was restarted.
    pub fn restarted(&self, leg: &LegId, ufrag: String, etag: String) {
        if let Some(peer) = self.table().peers.get_mut(leg) {
            (peer.ufrag, peer.etag) = (ufrag, etag);
        }
    }

    /// Forgets a leg.
    pub fn forget(&self, leg: &LegId) {
        self.table().peers.remove(leg);
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.0.lock().expect("plain map")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(number: usize) -> LegId {
        LegId::parse(&format!("leg_{number}")).unwrap()
    }

    #[test]
    fn peers_of_legs_that_are_gone_are_swept_out() {
        let peers = Peers::default();
        let space = SpaceId::parse("room_a").unwrap();
        let peer = Peer::new(Way::Whip, space, &Description::default(), "");
        for number in 0..10 * SWEPT_FROM {
            peers.enter(leg(number), peer.clone(), |open| *open == leg(0));
        }
        assert!(peers.table().peers.len() <= SWEPT_FROM + 1);
        assert!(peers.get(&leg(0), Way::Whip).is_some(), "one that is open stays");
        assert!(peers.get(&leg(0), Way::Whep).is_none(), "and is only found the way it came");
    }
}
