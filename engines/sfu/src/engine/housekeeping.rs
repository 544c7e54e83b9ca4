//! What time asks for: layers, key frames, silence, speakers, health.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::leg::Role;
use super::publisher::TrackKey;
use super::subscriber::Subscriber;
use super::{Egress, Engine, Space};
use crate::forward::layers::{LayerNow, Wish, allocate};
use crate::forward::rates::TICK;
use crate::{
    ClosedReason, Event, GONE_AFTER_MS, HEALTH_EVERY_MS, Kind, LayerPreference, SILENCE_AFTER_MS, Undeliverable,
};

pub(super) type LayersNow = HashMap<TrackKey, Vec<LayerNow>>;

impl Engine {
    pub(super) fn tick(&mut self, now: Instant, egress: &mut dyn Egress) {
        self.next_tick = now + TICK;
        let health = now >= self.next_health;
        if health {
            self.next_health = now + Duration::from_millis(HEALTH_EVERY_MS);
        }
        for index in 0..self.legs.len() {
            self.tick_leg(index, now, health, egress);
        }
        if health {
            self.tell_traffic();
        }
        let layers = self.layers_now(now);
        self.relay_layers(&layers);
        for index in 0..self.legs.len() {
            self.look_at_subscriber(index, &layers, now);
        }
        self.ask_for_key_frames(now);
        self.tick_speakers(now);
    }

    fn tick_leg(&mut self, index: usize, now: Instant, health: bool, egress: &mut dyn Egress) {
        self.with_leg(index, |engine, leg| {
            let quiet = now.saturating_duration_since(leg.heard);
            if leg.connected && quiet >= Duration::from_millis(GONE_AFTER_MS) {
                return Err(ClosedReason::Lost);
            }
            if leg.connect_by.is_some_and(|by| now >= by) {
                return Err(ClosedReason::NeverConnected);
            }
            let publisher = match &mut leg.role {
                Role::Publish(publisher) => publisher,
                Role::Subscribe(subscriber) => {
                    subscriber.rest();
                    subscriber.outlet.tick(now, subscriber.wanted_bps, egress);
                    engine.went_out(index, leg);
                    return Ok(());
                }
            };
            publisher.tick();
            let requested = publisher.request_key_frames(&mut leg.rtc, now);
            if requested > 0 {
                engine.stats.key_frames_requested += requested;
                engine.dirty.push(index);
            }
            if let Some(tracks) = publisher.take_news() {
                engine.tell(Event::Tracks { leg: leg.id.clone(), tracks });
            }
            if health && leg.connected {
                engine.tell(Event::Health { leg: leg.id.clone(), health: publisher.health() });
            }
            let silent = leg.connected && quiet >= Duration::from_millis(SILENCE_AFTER_MS);
            if silent != leg.silent {
                leg.silent = silent;
                let leg = leg.id.clone();
                engine.tell(if silent { Event::Silent { leg } } else { Event::Resumed { leg } });
            }
            Ok(())
        });
    }

    fn layers_now(&self, now: Instant) -> LayersNow {
        let mut layers = LayersNow::new();
        for leg in self.legs.iter().flatten() {
            if let Role::Publish(publisher) = &leg.role {
                layers.extend(publisher.tracks.iter().map(|track| (track.key, track.layers_now(now))));
            }
        }
        layers.extend(self.spaces.values().flat_map(Space::relayed_layers));
        layers
    }

    /// Those who can't wait for the tick: joined, mapped, switched, preferred.
    pub(super) fn look_at_subscribers(&mut self, now: Instant) {
        if self.to_look_at.is_empty() {
            return;
        }
        let mut indices = std::mem::take(&mut self.to_look_at);
        indices.sort_unstable();
        indices.dedup();
        let layers = self.layers_now(now);
        for index in indices {
            self.look_at_subscriber(index, &layers, now);
        }
    }

    fn look_at_subscriber(&mut self, index: usize, layers: &LayersNow, now: Instant) {
        self.make_offer(index, now);
        self.with_leg(index, |engine, leg| {
            let Role::Subscribe(subscriber) = &mut leg.role else { return Ok(()) };
            if leg.connected {
                subscriber.wanted_bps = choose_layers(subscriber, layers);
                engine.key_frames_wanted.extend(subscriber.wishes_for_key_frames(now));
                engine.begin_catching_up(index, leg, now);
            }
            let Role::Subscribe(subscriber) = &mut leg.role else { return Ok(()) };
            for slot in &mut subscriber.slots {
                let Some(attached) = &slot.attached else { continue };
                if let Some(track) = slot.undeliverable.take() {
                    let reason = Undeliverable::CodecNotNegotiated;
                    engine.tell(Event::Undeliverable { leg: leg.id.clone(), track, reason });
                }
                let (key, track) = (attached.key, attached.track.clone());
                if slot.take_news() {
                    let layer = layers.get(&key).and_then(|layers| layers.get(slot.step(layers)?));
                    engine.tell(Event::Layer {
                        leg: leg.id.clone(),
                        track,
                        rid: layer.map(|layer| layer.rid.clone()),
                        height_px: layer.and_then(|layer| layer.height_px),
                    });
                }
            }
            Ok(())
        });
    }

    /// Passes the wishes for key frames on to the publishers.
    pub(super) fn ask_for_key_frames(&mut self, now: Instant) {
        let mut wanted = std::mem::take(&mut self.key_frames_wanted);
        wanted.sort_unstable();
        wanted.dedup();
        for (key, layer) in wanted {
            let Some(index) = self.by_track.get(&key).copied() else {
                self.want_key_frame_of_home(key, layer);
                continue;
            };
            self.with_leg(index, |engine, leg| {
                let Role::Publish(publisher) = &mut leg.role else { return Ok(()) };
                let track = publisher.tracks.iter_mut().find(|track| track.key == key);
                if let Some(layer) = track.and_then(|track| track.layers.get_mut(layer)) {
                    layer.requests.want();
                }
                let requested = publisher.request_key_frames(&mut leg.rtc, now);
                if requested > 0 {
                    engine.stats.key_frames_requested += requested;
                    engine.dirty.push(index);
                }
                Ok(())
            });
        }
    }

    fn tick_speakers(&mut self, now: Instant) {
        let mut changes = Vec::new();
        for space in self.spaces.values_mut() {
            if let Some(speaker) = space.speakers.tick(now) {
                changes.push((space.id.clone(), speaker));
            }
        }
        for (space, speaker) in changes {
            let leg = speaker.and_then(|index| Some(self.legs[index].as_ref()?.id.clone()));
            self.tell(Event::ActiveSpeaker { space, leg });
        }
    }
}

/// Sets the target of every video m-line; returns the bandwidth in bits a
/// second that the next step up would take.
fn choose_layers(subscriber: &mut Subscriber, layers: &LayersNow) -> u64 {
    let carried =
        |kind: Kind| move |slot: &&super::slot::Slot| slot.kind == kind && slot.is_live() && slot.attached.is_some();
    let rate = |slot: &super::slot::Slot| -> u64 {
        let now = slot.attached.as_ref().and_then(|attached| layers.get(&attached.key));
        now.and_then(|layers| layers.first()).map_or(0, |layer| layer.bitrate_bps)
    };
    let audio_bps: u64 = subscriber.slots.iter().filter(carried(Kind::Audio)).map(rate).sum();
    let mut known: Vec<(usize, &[LayerNow], LayerPreference, Option<usize>)> = Vec::new();
    for (at, slot) in subscriber.slots.iter().enumerate().filter(|(_, slot)| carried(Kind::Video)(slot)) {
        let Some(attached) = &slot.attached else { continue };
        let Some(layers) = layers.get(&attached.key) else { continue };
        known.push((at, layers, subscriber.preference(&attached.track), slot.step(layers)));
    }
    let wishes: Vec<Wish<'_>> =
        known.iter().map(|(_, layers, preference, current)| Wish { layers, preference, current: *current }).collect();
    let allocation = allocate(subscriber.outlet.estimate_bps(), audio_bps, &wishes);
    for ((at, layers, ..), chosen) in known.iter().zip(allocation.layers) {
        let slot = &mut subscriber.slots[*at];
        match chosen {
            None => slot.pause(),
            Some(layer) => match layers.get(layer) {
                Some(layer) => slot.aim(layer),
                None => slot.target = Some(layer),
            },
        }
    }
    allocation.next_step_bps
}
