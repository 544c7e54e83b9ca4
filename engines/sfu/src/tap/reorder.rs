//! One RTP stream in order again: waits for what is late or asked for again,
//! but not for long.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::TapPacket;

/// How long a packet that is missing is waited for. Video is asked for again
/// (NACK), sound is not.
pub(super) const VIDEO_WAIT: Duration = Duration::from_millis(200);
pub(super) const AUDIO_WAIT: Duration = Duration::from_millis(60);
/// Packets held behind one that is missing.
pub(super) const HELD_PACKETS: usize = 512;

#[derive(Debug)]
pub(super) enum Released {
    Packet(TapPacket),
    /// What comes next does not follow what came before.
    Lost,
}

#[derive(Debug)]
pub(super) struct Reorder {
    wait: Duration,
    next: Option<u64>,
    held: BTreeMap<u64, TapPacket>,
}

impl Reorder {
    pub(super) fn new(wait: Duration) -> Reorder {
        Reorder { wait, next: None, held: BTreeMap::new() }
    }

    pub(super) fn push(&mut self, packet: TapPacket) {
        let late = self.next.is_some_and(|next| packet.sequence < next);
        if !late {
            self.held.insert(packet.sequence, packet);
        }
    }

    pub(super) fn pop(&mut self, now: Instant) -> Option<Released> {
        let (sequence, first) = self.held.first_key_value()?;
        let sequence = *sequence;
        if self.next.is_none_or(|next| next == sequence) {
            self.next = Some(sequence + 1);
            return self.held.pop_first().map(|(_, packet)| Released::Packet(packet));
        }
        let waited = now.saturating_duration_since(first.arrived) >= self.wait;
        if waited || self.held.len() > HELD_PACKETS {
            self.next = Some(sequence);
            return Some(Released::Lost);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::packet;
    use super::*;

    fn released(reorder: &mut Reorder, now: Instant) -> Vec<Option<u64>> {
        std::iter::from_fn(|| reorder.pop(now))
            .map(|released| match released {
                Released::Packet(packet) => Some(packet.sequence),
                Released::Lost => None,
            })
            .collect()
    }

    #[test]
    fn puts_in_order_waits_and_gives_up() {
        let start = Instant::now();
        let mut reorder = Reorder::new(VIDEO_WAIT);
        for sequence in [5, 7, 6, 9, 9] {
            reorder.push(packet(sequence, 0, start));
        }
        assert_eq!(released(&mut reorder, start), [Some(5), Some(6), Some(7)]);
        let almost = start + VIDEO_WAIT - Duration::from_millis(1);
        assert_eq!(released(&mut reorder, almost), []);
        assert_eq!(released(&mut reorder, start + VIDEO_WAIT), [None, Some(9)]);
        reorder.push(packet(8, 0, start));
        assert_eq!(released(&mut reorder, start + VIDEO_WAIT), [], "too late");
    }

    #[test]
    fn holds_so_many_and_not_one_more() {
        let start = Instant::now();
        let mut reorder = Reorder::new(VIDEO_WAIT);
        reorder.push(packet(1, 0, start));
        assert_eq!(released(&mut reorder, start), [Some(1)]);
        for sequence in 0..HELD_PACKETS as u64 {
            reorder.push(packet(3 + sequence, 0, start));
        }
        assert_eq!(released(&mut reorder, start), []);
        reorder.push(packet(3 + HELD_PACKETS as u64, 0, start));
        assert_eq!(released(&mut reorder, start).len(), HELD_PACKETS + 2);
    }
}
