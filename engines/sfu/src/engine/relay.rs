//! Spaces with viewers at other workers than their publishers.
//!
//! ```text
//!   home: publishers ─► inbound ─┬─► viewers at home
//!                                └─► packets, layers ─► follower ─► its viewers
//!             ▲                                             │
//!             └───── key frames, groups wanted, traffic ◄───┘
//! ```
//!
//! A follower has no publishers of its own; to its viewers those of the home
//! are as if they were there.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::housekeeping::LayersNow;
use super::leg::Role;
use super::notes::{Note, RelayedTrack, Relays};
use super::publisher::{MediaPacket, Publisher, TrackKey};
use super::slot::Attached;
use super::{Egress, Engine, Space};
use crate::forward::layers::LayerNow;
use crate::{LegId, SpaceId, Traffic};

/// What a home keeps of the workers that follow it.
#[derive(Debug, Default)]
pub(super) struct Followers {
    workers: Vec<usize>,
    /// Viewers there, and what goes to them in bits a second.
    traffic: HashMap<usize, (u32, u64)>,
}

impl Followers {
    pub(super) fn is_empty(&self) -> bool {
        self.workers.is_empty()
    }

    pub(super) fn add_to(&self, traffic: &mut Traffic) {
        for (viewers, out_bps) in self.traffic.values() {
            traffic.viewers += viewers;
            traffic.out_bps += out_bps;
        }
    }
}

/// A publisher of the home, as a follower knows it.
#[derive(Debug)]
pub(super) struct Relayed {
    leg: LegId,
    tracks: Vec<RelayedTrack>,
    /// Tracks whose group was asked for and has not come yet.
    groups_asked: Vec<TrackKey>,
}

impl Relayed {
    fn new(leg: LegId, tracks: Vec<RelayedTrack>) -> Relayed {
        Relayed { leg, tracks, groups_asked: Vec::new() }
    }
}

/// Wishes for key frames that cross the key frame on its way between two workers
/// would have the publisher asked a second time. So a wish says up to where its
/// worker has heard its home, and the home knows whether the key frame comes after.
#[derive(Debug)]
pub(super) struct Crossings {
    relayed: Relays,
    /// With which relay the last key frame of a layer went.
    key_frames: HashMap<(TrackKey, usize), Relays>,
    /// What was last heard of each worker.
    heard: Vec<Relays>,
}

impl Crossings {
    pub(super) fn new(workers: usize) -> Crossings {
        Crossings { relayed: Relays::default(), key_frames: HashMap::new(), heard: vec![Relays::default(); workers] }
    }

    /// Packets are relayed.
    fn relay(&mut self, packets: &[MediaPacket]) -> Relays {
        self.relayed = self.relayed.next();
        for packet in packets.iter().filter(|packet| packet.key_frame && packet.spec.codec.is_video()) {
            self.key_frames.insert((packet.track, packet.layer), self.relayed);
        }
        self.relayed
    }

    fn hear(&mut self, worker: usize, relayed: Relays) {
        if let Some(heard) = self.heard.get_mut(worker) {
            *heard = relayed;
        }
    }

    /// Whether a key frame is on its way to whom who had heard so much.
    fn crosses(&self, track: TrackKey, layer: usize, heard: Relays) -> bool {
        self.key_frames.get(&(track, layer)).is_some_and(|went| *went > heard)
    }

    /// Keeps what is of these tracks.
    pub(super) fn keep(&mut self, is_known: impl Fn(TrackKey) -> bool) {
        self.key_frames.retain(|(track, _), _| is_known(*track));
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.key_frames.len()
    }
}

impl Space {
    /// What the publishers of the home send, in the order they came.
    pub(super) fn relayed(&self) -> impl Iterator<Item = Attached> + '_ {
        self.relayed.iter().flat_map(|relayed| {
            relayed.tracks.iter().map(|track| Attached {
                key: track.key,
                track: track.id.clone(),
                publisher: relayed.leg.clone(),
                kind: track.kind,
                source: track.source,
            })
        })
    }

    pub(super) fn relayed_layers(&self) -> impl Iterator<Item = (TrackKey, Vec<LayerNow>)> + '_ {
        self.relayed.iter().flat_map(|relayed| &relayed.tracks).map(|track| (track.key, track.layers.clone()))
    }

    fn hears_publisher(&mut self, leg: LegId, tracks: Vec<RelayedTrack>) {
        match self.relayed.iter_mut().find(|relayed| relayed.leg == leg) {
            Some(relayed) => relayed.tracks = tracks,
            None => self.relayed.push(Relayed::new(leg, tracks)),
        }
    }
}

impl Publisher {
    fn as_relayed(&self, now: Instant) -> Vec<RelayedTrack> {
        let relayed = |track: &super::publisher::Track| RelayedTrack {
            key: track.key,
            id: track.id.clone(),
            kind: track.kind,
            source: track.source,
            fed: self.feed.is_some(),
            layers: track.layers_now(now),
        };
        self.tracks.iter().map(relayed).collect()
    }
}

impl Engine {
    /// Takes what another worker tells.
    pub(crate) fn hear(&mut self, now: Instant, note: Note, egress: &mut dyn Egress) {
        match note {
            Note::Follow { space, worker } => self.add_follower(now, space, worker),
            Note::Unfollow { space, worker } => self.remove_follower(&space, worker),
            Note::Publishers { space, publishers, relayed } => {
                self.hear_home(&space, relayed);
                self.on_relayed(&space, |space| {
                    space.relayed = publishers.into_iter().map(|(leg, tracks)| Relayed::new(leg, tracks)).collect();
                });
            }
            Note::Publisher { space, leg, tracks } => {
                self.on_relayed(&space, |space| space.hears_publisher(leg, tracks));
            }
            Note::PublisherGone { space, leg } => {
                self.on_relayed(&space, |space| space.relayed.retain(|relayed| relayed.leg != leg));
            }
            Note::Layers { space, layers, relayed } => {
                self.hear_home(&space, relayed);
                self.take_layers(&space, layers);
            }
            Note::Packets { space, packets, relayed } => {
                self.hear_home(&space, relayed);
                self.take_packets(&space, &packets);
            }
            Note::KeyFrame { track, layer, heard } => {
                if !self.crossings.crosses(track, layer, heard) {
                    self.key_frames_wanted.push((track, layer));
                }
            }
            Note::GroupWanted { space, track, worker } => self.groups_wanted.push((space, track, worker)),
            Note::Group { space, track, packets } => {
                // What came before it is in it.
                self.forward_inbound(now, egress);
                self.start_from_group(now, &space, track, &packets);
            }
            Note::Viewers { space, worker, viewers, out_bps } => {
                if let Some(index) = self.spaces_by_id.get(&space)
                    && let Some(space) = self.spaces.get_mut(index)
                    && space.followers.workers.contains(&worker)
                {
                    space.followers.traffic.insert(worker, (viewers, out_bps));
                }
            }
            Note::Datagram { from, bytes, taken_by } => {
                self.receive_from(now, from, &bytes, Some(taken_by), egress);
            }
            Note::Here { peer, worker } => {
                // A leg here that it was known for says so again by its next check.
                self.by_peer.remove(&peer);
                self.elsewhere.insert(peer, worker);
            }
            Note::NotHere { peer, worker } => {
                if self.elsewhere.get(&peer) == Some(&worker) {
                    self.elsewhere.remove(&peer);
                }
            }
        }
    }

    pub(super) fn note(&mut self, worker: usize, note: Note) {
        self.notes.push((worker, note));
    }

    fn hear_home(&mut self, space: &SpaceId, relayed: Relays) {
        self.crossings.hear(self.directory.home(space), relayed);
    }

    /// Asks the home of a track for a key frame of it.
    pub(super) fn want_key_frame_of_home(&mut self, track: TrackKey, layer: usize) {
        let home = (track.serial() % self.directory.workers() as u64) as usize;
        if home != self.worker {
            self.note(home, Note::KeyFrame { track, layer, heard: self.crossings.heard[home] });
        }
    }

    fn add_follower(&mut self, now: Instant, id: SpaceId, worker: usize) {
        let index = self.enter_space(id.clone());
        let Some(space) = self.spaces.get_mut(&index) else { return };
        if !space.followers.workers.contains(&worker) {
            space.followers.workers.push(worker);
        }
        let publishers = space.legs.iter().filter_map(|index| {
            let leg = self.legs[*index].as_ref()?;
            let Role::Publish(publisher) = &leg.role else { return None };
            Some((leg.id.clone(), publisher.as_relayed(now)))
        });
        let relayed = self.crossings.relayed;
        let note = Note::Publishers { space: id, publishers: publishers.collect(), relayed };
        self.note(worker, note);
    }

    fn remove_follower(&mut self, id: &SpaceId, worker: usize) {
        let Some(index) = self.spaces_by_id.get(id).copied() else { return };
        let Some(space) = self.spaces.get_mut(&index) else { return };
        space.followers.workers.retain(|follower| *follower != worker);
        space.followers.traffic.remove(&worker);
        self.leave_space(index);
    }

    /// Tells the followers of a publisher's space of its tracks.
    pub(super) fn relay_publisher(&mut self, index: usize, now: Instant) {
        let Some(leg) = self.legs[index].as_ref() else { return };
        let Role::Publish(publisher) = &leg.role else { return };
        let Some(space) = self.spaces.get(&leg.space).filter(|space| !space.followers.is_empty()) else { return };
        let note = Note::Publisher { space: space.id.clone(), leg: leg.id.clone(), tracks: publisher.as_relayed(now) };
        self.notes.extend(space.followers.workers.iter().map(|worker| (*worker, note.clone())));
    }

    pub(super) fn relay_publisher_gone(&mut self, space: usize, leg: &LegId) {
        let Some(space) = self.spaces.get(&space) else { return };
        let note = Note::PublisherGone { space: space.id.clone(), leg: leg.clone() };
        self.notes.extend(space.followers.workers.iter().map(|worker| (*worker, note.clone())));
    }

    pub(super) fn relay_layers(&mut self, layers: &LayersNow) {
        for space in self.spaces.values().filter(|space| !space.followers.is_empty()) {
            let publishers = space.legs.iter().filter_map(|index| self.legs[*index].as_ref());
            let tracks = publishers.flat_map(|leg| match &leg.role {
                Role::Publish(publisher) => publisher.tracks.iter().map(|track| track.key).collect(),
                Role::Subscribe(_) => Vec::new(),
            });
            let layers: Vec<_> = tracks.filter_map(|key| Some((key, layers.get(&key)?.clone()))).collect();
            let note = Note::Layers { space: space.id.clone(), layers, relayed: self.crossings.relayed };
            self.notes.extend(space.followers.workers.iter().map(|worker| (*worker, note.clone())));
        }
    }

    /// Hands what came in to the followers, before the viewers here get it.
    pub(super) fn relay_packets(&mut self) {
        for index in &self.busy_spaces {
            let Some(space) = self.spaces.get(index).filter(|space| !space.followers.is_empty()) else { continue };
            let relayed = self.crossings.relay(&space.inbound);
            let packets = Arc::new(space.inbound.clone());
            let note = Note::Packets { space: space.id.clone(), packets, relayed };
            self.notes.extend(space.followers.workers.iter().map(|worker| (*worker, note.clone())));
        }
    }

    /// Answers who wants a group, when nothing is on its way that would come to
    /// them twice.
    pub(super) fn answer_groups(&mut self) {
        for (space, track, worker) in std::mem::take(&mut self.groups_wanted) {
            let packets = self.group(track).unwrap_or_default();
            self.note(worker, Note::Group { space, track, packets });
        }
    }

    fn on_relayed(&mut self, id: &SpaceId, work: impl FnOnce(&mut Space)) {
        let Some(index) = self.spaces_by_id.get(id).copied() else { return };
        let Some(space) = self.spaces.get_mut(&index) else { return };
        work(space);
        self.reconcile_space(index);
    }

    fn take_layers(&mut self, id: &SpaceId, layers: Vec<(TrackKey, Vec<LayerNow>)>) {
        let Some(space) = self.spaces_by_id.get(id).and_then(|index| self.spaces.get_mut(index)) else { return };
        let mut layers: HashMap<TrackKey, Vec<LayerNow>> = layers.into_iter().collect();
        for track in space.relayed.iter_mut().flat_map(|relayed| &mut relayed.tracks) {
            if let Some(now) = layers.remove(&track.key) {
                track.layers = now;
            }
        }
    }

    fn take_packets(&mut self, id: &SpaceId, packets: &[MediaPacket]) {
        let Some(index) = self.spaces_by_id.get(id).copied() else { return };
        let apart = |packet: &MediaPacket| MediaPacket { body: Arc::new(packet.body.apart()), ..packet.clone() };
        self.hand_in(index, packets.iter().map(apart));
    }

    /// Asks the home for the group of a track, if it has one; once, until it comes.
    pub(super) fn want_group(&mut self, space: usize, track: TrackKey) {
        let worker = self.worker;
        let Some(space) = self.spaces.get_mut(&space) else { return };
        let of_track = |relayed: &&mut Relayed| relayed.tracks.iter().any(|it| it.key == track && it.fed);
        let Some(relayed) = space.relayed.iter_mut().find(of_track) else { return };
        if !relayed.groups_asked.contains(&track) {
            relayed.groups_asked.push(track);
            let note = Note::GroupWanted { space: space.id.clone(), track, worker };
            self.notes.push((self.directory.home(&space.id), note));
        }
    }

    /// Starts the viewers that wait for a key frame of this track.
    fn start_from_group(&mut self, now: Instant, id: &SpaceId, track: TrackKey, packets: &[MediaPacket]) {
        let Some(space) = self.spaces_by_id.get(id).and_then(|index| self.spaces.get_mut(index)) else { return };
        for relayed in &mut space.relayed {
            relayed.groups_asked.retain(|asked| *asked != track);
        }
        if packets.is_empty() {
            return;
        }
        for index in space.legs.clone() {
            self.with_leg(index, |engine, leg| {
                engine.catch_up_with(index, leg, track, packets, now);
                Ok(())
            });
        }
    }
}
