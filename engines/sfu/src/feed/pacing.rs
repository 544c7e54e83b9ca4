//! When each packet of a frame is to leave: a key frame of hundreds of packets
//! at once would overrun the queues on its way.

use std::time::{Duration, Instant};

/// Packets that leave together.
const TOGETHER: usize = 8;
const SLOT: Duration = Duration::from_millis(2);
/// A frame takes no more than this many slots.
const SLOTS: usize = 10;

#[derive(Debug, Default)]
pub(crate) struct Pacing {
    last: Option<Instant>,
}

impl Pacing {
    /// When the packets of a frame that comes now are to leave.
    pub(crate) fn schedule(&mut self, now: Instant, packets: usize) -> impl Iterator<Item = Instant> + use<> {
        let start = self.last.map_or(now, |last| last.max(now));
        let together = packets.div_ceil(SLOTS).max(TOGETHER);
        if packets > 0 {
            self.last = Some(start + SLOT * ((packets - 1) / together) as u32);
        }
        (0..packets).map(move |packet| start + SLOT * (packet / together) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_frames_leave_at_once_and_large_ones_within_slots() {
        let now = Instant::now();
        let mut pacing = Pacing::default();
        assert!(pacing.schedule(now, TOGETHER).all(|at| at == now));
        let large: Vec<Instant> = pacing.schedule(now, 1_000).collect();
        assert_eq!(large.iter().filter(|at| **at == now).count(), 100);
        assert_eq!(large.last(), Some(&(now + SLOT * 9)));
        assert_eq!(pacing.schedule(now, 1).next(), Some(now + SLOT * 9), "not before what came first");
        assert_eq!(pacing.schedule(now + Duration::from_secs(1), 1).next(), Some(now + Duration::from_secs(1)));
    }
}
