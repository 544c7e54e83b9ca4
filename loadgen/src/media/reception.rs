//! What one viewer has received.

use super::stamp::{FrameKind, Stamp};
use super::window::Window;
use crate::figures::histogram::Histogram;

/// Packets of a measured window that are told apart; later ones count as lost.
const WINDOW_PACKETS_MAX: usize = 4_000_000;

/// One viewer's count.
#[derive(Default)]
pub struct Reception {
    seen: Vec<u64>,
    key_frame: Option<(u32, u16)>,
    first_frame_ns: Option<u64>,
    unique: u64,
    doubled: u64,
}

impl Reception {
    /// Counts a packet that came at `now_ns`; true where it is the first of its number in the window.
    pub fn take(&mut self, stamp: Stamp, now_ns: u64, window: &Window, latency_us: &mut Histogram) -> bool {
        if self.first_frame_ns.is_none() {
            self.look_for_first_frame(stamp, now_ns);
        }
        let Some(position) = window.position(stamp.number) else { return false };
        if !self.mark(position as usize) {
            self.doubled += 1;
            return false;
        }
        self.unique += 1;
        latency_us.record(now_ns.saturating_sub(stamp.sent_ns) / 1_000);
        true
    }

    /// When the first picture that can be decoded was complete: all packets of a key frame, or the first sound
    /// where no picture is sent (`sound_only`).
    pub fn first_frame_ns(&self) -> Option<u64> {
        self.first_frame_ns
    }

    /// Packets of the window that came, each counted once.
    pub fn unique(&self) -> u64 {
        self.unique
    }

    /// Packets of the window that came again.
    pub fn doubled(&self) -> u64 {
        self.doubled
    }

    /// Forgets what was counted; the first frame stays.
    pub fn reset(&mut self) {
        self.seen.clear();
        self.unique = 0;
        self.doubled = 0;
    }

    fn look_for_first_frame(&mut self, stamp: Stamp, now_ns: u64) {
        match stamp.kind {
            FrameKind::Key => {
                let packets = match self.key_frame {
                    Some((frame, packets)) if frame == stamp.frame => packets + 1,
                    _ => 1,
                };
                self.key_frame = Some((stamp.frame, packets));
                if packets == stamp.frame_packets {
                    self.first_frame_ns = Some(now_ns);
                }
            }
            // A stream of sound alone says so by frames of no packets of pictures.
            FrameKind::Sound if stamp.frame_packets == 0 => self.first_frame_ns = Some(now_ns),
            FrameKind::Delta | FrameKind::Sound => {}
        }
    }

    fn mark(&mut self, position: usize) -> bool {
        if position >= WINDOW_PACKETS_MAX {
            return false;
        }
        let (word, bit) = (position / 64, 1 << (position % 64));
        if self.seen.len() <= word {
            self.seen.resize(word + 1, 0);
        }
        let fresh = self.seen[word] & bit == 0;
        self.seen[word] |= bit;
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(number: u64, frame: u32, kind: FrameKind) -> Stamp {
        Stamp { number, sent_ns: 1_000, frame, frame_packets: 2, kind, publisher: 0, layer: 0, index: 0 }
    }

    #[test]
    fn each_number_counts_once() {
        let (mut reception, window, mut latency) = (Reception::default(), Window::default(), Histogram::default());
        window.open(0);
        for (number, fresh) in [(0, true), (70, true), (70, false), (1, true)] {
            assert_eq!(reception.take(stamp(number, 0, FrameKind::Delta), 5_000, &window, &mut latency), fresh);
        }
        assert_eq!((reception.unique(), reception.doubled()), (3, 1));
        assert_eq!(latency.percentile(1.0), Some(4));
        reception.reset();
        assert!(reception.take(stamp(70, 0, FrameKind::Delta), 5_000, &window, &mut latency));
    }

    #[test]
    fn the_first_frame_is_a_whole_key_frame() {
        let (mut reception, window, mut latency) = (Reception::default(), Window::default(), Histogram::default());
        let mut take = |number, frame, kind, now| {
            reception.take(stamp(number, frame, kind), now, &window, &mut latency);
            reception.first_frame_ns()
        };
        assert_eq!(take(0, 0, FrameKind::Delta, 1), None);
        assert_eq!(take(1, 0, FrameKind::Delta, 2), None, "nothing can be decoded from it");
        assert_eq!(take(2, 1, FrameKind::Key, 3), None);
        assert_eq!(take(5, 2, FrameKind::Key, 4), None, "half of one and half of another");
        assert_eq!(take(6, 2, FrameKind::Key, 5), Some(5));
        assert_eq!(take(8, 3, FrameKind::Key, 9), Some(5), "it stays the first");
    }

    #[test]
    fn one_past_the_window_is_not_counted() {
        let mut reception = Reception::default();
        assert!(reception.mark(WINDOW_PACKETS_MAX - 1));
        assert!(!reception.mark(WINDOW_PACKETS_MAX));
    }
}
