//! What goes to the tap: packets of tapped legs beside their way to viewers.

use super::Engine;
use super::leg::Role;
use super::publisher::{self, MediaPacket, Publisher, TrackKey};
use crate::tap::{TapKey, TapPacket, TapWants, Tapped, TappedTrack};
use crate::{LegId, Refusal};

impl Engine {
    /// Lets legs be tapped; what they say is to be taken by [`Engine::tapped`].
    pub(crate) fn allow_taps(&mut self) {
        self.taps_allowed = true;
    }

    /// What is for the tap since it was last taken out.
    pub(crate) fn tapped(&mut self) -> &mut Vec<Tapped> {
        &mut self.tapped
    }

    /// The tap needs a key frame of this layer.
    pub(crate) fn want_key_frame(&mut self, track: TrackKey, layer: usize) {
        self.key_frames_wanted.push((track, layer));
    }

    pub(super) fn tap(&mut self, id: &LegId, wants: Option<TapWants>) -> Result<(), Refusal> {
        let index = *self.by_id.get(id).ok_or(Refusal::NoSuchLeg)?;
        let leg = self.legs[index].as_mut().ok_or(Refusal::NoSuchLeg)?;
        let publisher = leg.publisher().ok_or(Refusal::WrongLeg)?;
        if !self.taps_allowed || publisher.feed.is_some() {
            return Err(Refusal::WrongLeg);
        }
        let was_tapped = std::mem::replace(&mut publisher.tap, wants).is_some();
        match wants {
            Some(_) => self.tapped.extend(publisher.describe_tap(id)),
            None if was_tapped => self.tapped.push(Tapped::Ended { tap: publisher.tap_key() }),
            None => {}
        }
        Ok(())
    }

    /// After the tracks of a leg changed.
    pub(super) fn retell_tap(&mut self, index: usize) {
        let Some(leg) = self.legs[index].as_ref() else { return };
        if let Role::Publish(publisher) = &leg.role {
            self.tapped.extend(publisher.describe_tap(&leg.id));
        }
    }
}

impl Publisher {
    pub(super) fn tap_key(&self) -> TapKey {
        TapKey(self.serial)
    }

    fn describe_tap(&self, leg: &LegId) -> Option<Tapped> {
        let wants = self.tap?;
        let tracks = self.tracks.iter().map(|track| TappedTrack {
            key: track.key,
            track: track.id.clone(),
            kind: track.kind,
            source: track.source,
            rids: track.layers.iter().map(|layer| layer.rid.clone()).collect(),
        });
        Some(Tapped::Leg { tap: self.tap_key(), leg: leg.clone(), wants, tracks: tracks.collect() })
    }

    /// The packet for the tap, if this leg is tapped. The payload is shared.
    pub(super) fn for_tap(&self, packet: &MediaPacket) -> Option<Tapped> {
        self.tap?;
        Some(Tapped::Packet(TapPacket {
            tap: self.tap_key(),
            track: packet.track,
            layer: packet.layer,
            source: packet.at.source,
            codec: publisher::codec(packet.spec.codec)?,
            red: packet.red_primary.is_some(),
            sequence: packet.at.sequence,
            timestamp: packet.at.timestamp,
            marker: packet.body.marker,
            arrived: packet.at.arrived,
            clock: packet.at.clock,
            payload: packet.body.payload.clone(),
        }))
    }
}
