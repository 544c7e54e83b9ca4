//! The packets' way: each subscriber gets a whole batch, so that what is sealed
//! for it leaves together.

use std::time::Instant;

use super::leg::Role;
use super::slot::Written;
use super::{Egress, Engine};

impl Engine {
    /// Writes everything that came in to everyone who is to have it.
    pub(super) fn forward_inbound(&mut self, now: Instant, egress: &mut dyn Egress) {
        // Other threads begin while this one sends to its own.
        self.relay_packets();
        egress.post(&mut self.notes);
        let mut legs = std::mem::take(&mut self.forwarding_to);
        for space in std::mem::take(&mut self.busy_spaces) {
            let Some(entry) = self.spaces.get_mut(&space) else { continue };
            let packets = std::mem::take(&mut entry.inbound);
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
                    let written = subscriber.write(&packets);
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
