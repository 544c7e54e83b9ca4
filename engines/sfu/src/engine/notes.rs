//! What workers tell each other. Between two of them notes keep their order.

use std::sync::Arc;

use super::leg::Peer;
use super::publisher::{MediaPacket, TrackKey};
use crate::forward::layers::LayerNow;
use crate::{Kind, LegId, Source, SpaceId, TrackId};

/// A note and who is to have it.
pub(crate) type Addressed = (usize, Note);

/// How often a worker has relayed packets, to whomever. Who follows keeps the last
/// that it heard of, so that its home knows what was on its way when it wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Relays(u64);

impl Relays {
    pub(crate) fn next(self) -> Relays {
        Relays(self.0 + 1)
    }
}

/// A publisher's track, as far as viewers at other workers need to know it.
#[derive(Debug, Clone)]
pub(crate) struct RelayedTrack {
    pub(crate) key: TrackKey,
    pub(crate) id: TrackId,
    pub(crate) kind: Kind,
    pub(crate) source: Source,
    /// Its running group of pictures can be had.
    pub(crate) fed: bool,
    pub(crate) layers: Vec<LayerNow>,
}

#[derive(Debug, Clone)]
pub(crate) enum Note {
    /// To a space's home: this worker has viewers of it. What is published there
    /// is told, and relayed from now on.
    Follow { space: SpaceId, worker: usize },
    /// To the home: it has none any more.
    Unfollow { space: SpaceId, worker: usize },
    /// From the home, to who follows: all publishers there are, and their tracks.
    Publishers { space: SpaceId, publishers: Vec<(LegId, Vec<RelayedTrack>)>, relayed: Relays },
    /// From the home: a publisher with all of its tracks, new or changed.
    Publisher { space: SpaceId, leg: LegId, tracks: Vec<RelayedTrack> },
    /// From the home.
    PublisherGone { space: SpaceId, leg: LegId },
    /// From the home, every tick: the layers of its tracks as they are now.
    Layers { space: SpaceId, layers: Vec<(TrackKey, Vec<LayerNow>)>, relayed: Relays },
    /// From the home: what came in.
    Packets { space: SpaceId, packets: Arc<Vec<MediaPacket>>, relayed: Relays },
    /// To the home: a layer of which a viewer needs a key frame that comes after `heard`.
    KeyFrame { track: TrackKey, layer: usize, heard: Relays },
    /// To the home: viewers need the way to where this track of a feed is.
    GroupWanted { space: SpaceId, track: TrackKey, worker: usize },
    /// From the home: the running group of pictures without what is still on its
    /// way out; what follows it comes as packets. Empty: there is none.
    Group { space: SpaceId, track: TrackKey, packets: Vec<MediaPacket> },
    /// To the home: what goes to the viewers here.
    Viewers { space: SpaceId, worker: usize, viewers: u32, out_bps: u64 },
    /// A datagram for a leg of the other worker, and who took it.
    Datagram { from: Peer, bytes: Vec<u8>, taken_by: usize },
    /// What comes from there is for the worker that says this, whoever said so before.
    Here { peer: Peer, worker: usize },
    /// It no longer is.
    NotHere { peer: Peer, worker: usize },
}

impl Note {
    /// Whether the network could as well have lost it.
    pub(crate) fn can_be_lost(&self) -> bool {
        matches!(self, Note::Packets { .. } | Note::Datagram { .. })
    }
}
