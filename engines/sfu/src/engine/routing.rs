//! Desired routing made real: who hears whom becomes tracks on m-lines, and
//! m-lines that are missing become offers.

use std::time::{Duration, Instant};

use super::Engine;
use super::leg::Role;
use super::slot::Attached;
use crate::{CONNECT_WITHIN_MS, Event, Undeliverable};

impl Engine {
    /// After publishers or their tracks changed.
    pub(super) fn reconcile_space(&mut self, space: usize) {
        let legs = self.spaces.get(&space).map(|space| space.legs.clone()).unwrap_or_default();
        for index in legs {
            self.reconcile(index);
        }
    }

    /// Compares what a subscriber hears with what its m-lines carry.
    pub(super) fn reconcile(&mut self, index: usize) {
        let Some(wanted) = self.wanted(index) else { return };
        let most = self.limits.tracks_per_subscriber;
        let Some(leg) = self.legs[index].as_mut() else { return };
        let id = leg.id.clone();
        let Some(subscriber) = leg.subscriber() else { return };
        subscriber.routed = subscriber.route_generation.is_some();
        let (changed, refused) = subscriber.reconcile(wanted, most);
        let tracks = changed.then(|| subscriber.mapping());
        if subscriber.wants_offer() {
            self.to_look_at.push(index);
        }
        if let Some(tracks) = tracks {
            self.to_look_at.push(index);
            self.tell(Event::Mapped { leg: id.clone(), tracks });
        }
        for track in refused {
            self.tell(Event::Undeliverable { leg: id.clone(), track, reason: Undeliverable::TooManyTracks });
        }
    }

    /// Tracks that a subscriber is to get: publishers in the order they came.
    fn wanted(&self, index: usize) -> Option<Vec<Attached>> {
        let leg = self.legs[index].as_ref()?;
        let space = leg.space;
        let Role::Subscribe(subscriber) = &leg.role else { return None };
        let mut wanted = Vec::new();
        for other in &self.spaces.get(&space)?.legs {
            let Some(other) = self.legs[*other].as_ref() else { continue };
            let Role::Publish(publisher) = &other.role else { continue };
            if !subscriber.hears(&other.id) {
                continue;
            }
            wanted.extend(publisher.tracks.iter().map(|track| Attached {
                key: track.key,
                track: track.id.clone(),
                publisher: other.id.clone(),
                kind: track.kind,
                source: track.source,
            }));
        }
        let relayed = self.spaces.get(&space)?.relayed();
        wanted.extend(relayed.filter(|attached| subscriber.hears(&attached.publisher)));
        Some(wanted)
    }

    /// Makes the offers that commands led to.
    pub(super) fn make_offers(&mut self, now: Instant) {
        let mut looked_at = self.to_look_at.clone();
        looked_at.sort_unstable();
        looked_at.dedup();
        for index in looked_at {
            self.make_offer(index, now);
        }
    }

    pub(super) fn make_offer(&mut self, index: usize, now: Instant) {
        let offered = self.with_leg(index, |_, leg| {
            let Role::Subscribe(subscriber) = &mut leg.role else { return Ok(None) };
            if !subscriber.wants_offer() {
                return Ok(None);
            }
            let Some((generation, sdp)) = subscriber.offer(&mut leg.rtc) else { return Ok(None) };
            if !leg.connected {
                leg.connect_by = Some(now + Duration::from_millis(CONNECT_WITHIN_MS));
            }
            Ok(Some((leg.id.clone(), generation, sdp, subscriber.mapping())))
        });
        if let Some(Some((leg, generation, sdp, tracks))) = offered {
            self.register(index, &sdp);
            self.tell(Event::Offer { leg, generation, sdp, tracks });
        }
    }
}
