//! What each space sends and receives: datagrams as they are on the wire, counted leg by leg, told every
//! [`HEALTH_EVERY_MS`]. What viewers report back is no stream, and is not counted: it does not become less when a publisher
//! does, and of many viewers it is as much as a stream.

use std::collections::HashMap;

use super::leg::Role;
use super::{Engine, Note};
use crate::{Event, HEALTH_EVERY_MS, Traffic};

impl Engine {
    /// Tells what came and went since the last time. A space without legs is told once more, as nothing.
    pub(super) fn tell_traffic(&mut self) {
        let mut of_spaces: HashMap<usize, Traffic> = HashMap::new();
        for leg in self.legs.iter_mut().flatten() {
            let traffic = of_spaces.entry(leg.space).or_default();
            let (came, went) = leg.take_bytes();
            let a_second = |bytes: u64| bytes * 8 * 1_000 / HEALTH_EVERY_MS;
            match &leg.role {
                Role::Publish(_) => {
                    traffic.publishers += 1;
                    traffic.in_bps += a_second(came);
                }
                Role::Subscribe(subscriber) => {
                    traffic.viewers += u32::from(leg.connected && subscriber.receives());
                    traffic.out_bps += a_second(went);
                }
            }
        }
        for (index, space) in &self.spaces {
            let mut traffic = of_spaces.remove(index).unwrap_or_default();
            let (id, home) = (space.id.clone(), self.directory.home(&space.id));
            if home == self.worker {
                space.followers.add_to(&mut traffic);
                self.tell(Event::Traffic { space: id, traffic });
            } else {
                let Traffic { viewers, out_bps, .. } = traffic;
                self.notes.push((home, Note::Viewers { space: id, worker: self.worker, viewers, out_bps }));
            }
        }
    }
}
