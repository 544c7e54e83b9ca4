//! What each space sends and receives: datagrams as they are on the wire, counted leg by leg, told every
//! [`HEALTH_EVERY_MS`].

use std::collections::HashMap;

use super::Engine;
use super::leg::Role;
use crate::{Event, HEALTH_EVERY_MS, Traffic};

impl Engine {
    /// Tells what came and went since the last time. A space without legs is told once more, as nothing.
    pub(super) fn tell_traffic(&mut self) {
        let mut of_spaces: HashMap<usize, Traffic> = HashMap::new();
        for leg in self.legs.iter_mut().flatten() {
            let traffic = of_spaces.entry(leg.space).or_default();
            let (came, went) = leg.take_bytes();
            traffic.in_bps += came * 8 * 1_000 / HEALTH_EVERY_MS;
            traffic.out_bps += went * 8 * 1_000 / HEALTH_EVERY_MS;
            match &leg.role {
                Role::Publish(_) => traffic.publishers += 1,
                Role::Subscribe(subscriber) => traffic.viewers += u32::from(leg.connected && subscriber.receives()),
            }
        }
        for (space, traffic) in of_spaces {
            if let Some(space) = self.spaces.get(&space) {
                self.tell(Event::Traffic { space: space.id.clone(), traffic });
            }
        }
    }
}
