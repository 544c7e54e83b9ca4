//! The packets' way: each subscriber gets a whole batch, so that what is sealed
//! for it leaves together.

use std::ops::Range;
use std::time::Instant;

use super::leg::Role;
use super::publisher::{MediaPacket, TrackKey};
use super::slot::Written;
use super::{Egress, Engine};

/// What came in for a space, by tracks: in a room of many cameras each viewer
/// looks up each of its tracks, and not each packet.
#[derive(Debug)]
pub(super) struct Batch {
    /// Of one track together, as they came.
    packets: Vec<MediaPacket>,
    /// Where those of each track are; in the order of their keys.
    tracks: Vec<(TrackKey, Range<usize>)>,
}

impl Batch {
    pub(super) fn new(mut packets: Vec<MediaPacket>) -> Batch {
        packets.sort_by_key(|packet| packet.track);
        let mut tracks: Vec<(TrackKey, Range<usize>)> = Vec::new();
        for (at, packet) in packets.iter().enumerate() {
            match tracks.last_mut().filter(|(key, _)| *key == packet.track) {
                Some((_, range)) => range.end = at + 1,
                None => tracks.push((packet.track, at..at + 1)),
            }
        }
        Batch { packets, tracks }
    }

    /// Those of a track.
    pub(super) fn of(&self, key: TrackKey) -> &[MediaPacket] {
        let found = self.tracks.binary_search_by_key(&key, |(key, _)| *key);
        found.map_or(&[], |at| &self.packets[self.tracks[at].1.clone()])
    }
}

impl Engine {
    /// Writes everything that came in to everyone who is to have it.
    pub(super) fn forward_inbound(&mut self, now: Instant, egress: &mut dyn Egress) {
        // Other threads begin while this one sends to its own.
        self.relay_packets();
        egress.post(&mut self.notes);
        let mut legs = std::mem::take(&mut self.forwarding_to);
        for space in std::mem::take(&mut self.busy_spaces) {
            let Some(entry) = self.spaces.get_mut(&space) else { continue };
            let batch = Batch::new(std::mem::take(&mut entry.inbound));
            legs.clear();
            legs.extend_from_slice(&entry.legs);
            for index in &legs {
                let subscribes = self.legs[*index]
                    .as_ref()
                    .is_some_and(|leg| matches!(leg.role, Role::Subscribe(_)) && leg.connected);
                if !subscribes {
                    continue;
                }
                self.with_leg(*index, |engine, leg| {
                    let Role::Subscribe(subscriber) = &mut leg.role else { return Ok(()) };
                    let written = subscriber.write(&batch);
                    engine.count_written(*index, &written);
                    if written.packets > 0 {
                        subscriber.outlet.send(now, egress);
                        engine.went_out(*index, leg);
                    }
                    Ok(())
                });
            }
        }
        self.forwarding_to = legs;
    }

    pub(super) fn count_written(&mut self, index: usize, written: &Written) {
        self.stats.packets_forwarded += written.packets;
        self.stats.dropped_queue += written.dropped;
        self.stats.layer_switches += written.switches;
        if written.look {
            self.to_look_at.push(index);
        }
    }
}
