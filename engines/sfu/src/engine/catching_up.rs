//! Viewers of a feed who joined between two of its key frames.

use std::time::Instant;

use super::leg::{Leg, Role};
use super::publisher::{MediaPacket, TrackKey};
use super::slot::{Slot, Written};
use super::subscriber::Subscriber;
use super::{Egress, Engine};
use crate::forward::catch_up::{CatchUp, STEP, Stamped};
use crate::sending::Outlet;

impl Stamped for MediaPacket {
    fn timestamp(&self) -> u32 {
        self.at.timestamp
    }
}

impl Engine {
    /// Starts whoever waits for a key frame of a feed with what there is of its
    /// running group of pictures.
    pub(super) fn begin_catching_up(&mut self, index: usize, leg: &mut Leg, now: Instant) {
        let Role::Subscribe(subscriber) = &mut leg.role else { return };
        let waits = |slot: &&Slot| slot.may_catch_up();
        let tracks: Vec<TrackKey> = subscriber.slots.iter().filter(waits).filter_map(Slot::track).collect();
        for track in tracks {
            if !self.by_track.contains_key(&track) {
                self.want_group(leg.space, track);
            } else if let Some(group) = self.group(track) {
                self.catch_up_with(index, leg, track, &group, now);
            }
        }
    }

    /// Starts a viewer that waits for a key frame of this track with the
    /// running group of its pictures.
    pub(super) fn catch_up_with(
        &mut self,
        index: usize,
        leg: &mut Leg,
        track: TrackKey,
        group: &[MediaPacket],
        now: Instant,
    ) {
        // One that is still connecting could send nothing of it; it asks when it is there.
        let Role::Subscribe(subscriber) = &mut leg.role else { return };
        if !leg.connected {
            return;
        }
        let waits = |slot: &&mut Slot| slot.may_catch_up() && slot.track() == Some(track);
        for slot in subscriber.slots.iter_mut().filter(waits) {
            slot.catch_up = CatchUp::new(group.to_vec(), now);
            if self.catching_up.is_empty() {
                self.next_catch_up = now;
            }
            if !self.catching_up.contains(&index) {
                self.catching_up.push(index);
            }
        }
    }

    pub(super) fn group(&self, track: TrackKey) -> Option<Vec<MediaPacket>> {
        let owner = self.legs[*self.by_track.get(&track)?].as_ref()?;
        let Role::Publish(publisher) = &owner.role else { return None };
        // What is still on its way out comes to the viewer as to everyone.
        let waiting = publisher.feed.as_ref()?.waiting(track);
        let group = publisher.group(track)?;
        let packets = group.packets.len().saturating_sub(waiting);
        Some(group.packets[..packets].to_vec()).filter(|packets| !packets.is_empty())
    }

    pub(super) fn catch_up(&mut self, now: Instant, egress: &mut dyn Egress) {
        if self.catching_up.is_empty() || now < self.next_catch_up {
            return;
        }
        self.next_catch_up = now + STEP;
        for index in std::mem::take(&mut self.catching_up) {
            let goes_on = self.with_leg(index, |engine, leg| {
                let Role::Subscribe(subscriber) = &mut leg.role else { return Ok(false) };
                let (written, goes_on) = subscriber.catch_up(now);
                engine.count_written(index, &written);
                subscriber.outlet.send(now, egress);
                engine.went_out(index, leg);
                Ok(goes_on)
            });
            if goes_on == Some(true) {
                self.catching_up.push(index);
            }
        }
    }
}

impl Subscriber {
    fn catch_up(&mut self, now: Instant) -> (Written, bool) {
        let mut written = Written::default();
        let mut goes_on = false;
        for slot in &mut self.slots {
            goes_on |= slot.step_catch_up(&mut self.outlet, now, &mut written);
        }
        (written, goes_on)
    }
}

impl Slot {
    fn track(&self) -> Option<TrackKey> {
        self.attached.as_ref().map(|attached| attached.key)
    }

    fn may_catch_up(&self) -> bool {
        self.waits_for_key_frame() && self.catch_up.is_none()
    }

    /// Whether there is more to send.
    fn step_catch_up(&mut self, outlet: &mut Outlet, now: Instant, written: &mut Written) -> bool {
        let Some(mut catch_up) = self.catch_up.take() else { return false };
        if self.target.is_none() {
            return false;
        }
        let step = catch_up.step(now).into_iter().map(|(mut packet, stamp)| {
            packet.at.timestamp = stamp;
            // The stamp is the moment of sending; sender reports are to say so.
            packet.at.arrived = now;
            packet.at.clock = None;
            packet
        });
        let packets: Vec<MediaPacket> = step.collect();
        self.write_all(outlet, packets.iter(), written);
        let goes_on = !catch_up.has_caught_up();
        self.catch_up = Some(catch_up).filter(|_| goes_on);
        goes_on
    }
}
