//! A viewer who joins between two key frames of a source that makes none on
//! demand: it gets the running group of pictures at several times its speed,
//! each picture stamped with the moment it is sent, until it has caught up.
//!
//! To the viewer this is a plain stream with more pictures a second for a
//! while; its jitter buffer has nothing to even out.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Times the speed of the source.
const SPEED: u32 = 4;
/// Interval at which [`CatchUp::step`] is to be called.
pub(crate) const STEP: Duration = Duration::from_millis(5);
/// Packets a step at least, where a picture has many.
const TOGETHER: usize = 8;
/// Packets that wait; a viewer for whom there are more waits for a key frame.
const WAITING_PACKETS: usize = 8_192;
/// Ticks a second of a video stream.
const CLOCK_HZ: u32 = 90_000;

/// What a packet tells of itself.
pub(crate) trait Stamped {
    fn timestamp(&self) -> u32;
}

#[derive(Debug)]
pub(crate) struct CatchUp<P> {
    waiting: VecDeque<P>,
    began: Instant,
    /// What the first picture is stamped with.
    first: u32,
    /// Timestamp from which on pictures are stamped as they came.
    converges: u32,
    per_step: usize,
}

impl<P: Stamped> CatchUp<P> {
    /// `None`: the group is empty.
    pub(crate) fn new(group: Vec<P>, now: Instant) -> Option<CatchUp<P>> {
        let (first, last) = (group.first()?.timestamp(), group.last()?.timestamp());
        // While the age is sent, a third of it (at four times the speed) passes.
        let age = last.wrapping_sub(first);
        let lasts = age / (SPEED - 1);
        let steps = (lasts / (CLOCK_HZ / 1_000 * STEP.as_millis() as u32)).max(1) as usize;
        // Twice the mean, since key frames are large.
        let per_step = (2 * group.len()).div_ceil(steps).max(TOGETHER);
        let converges = last.wrapping_add(lasts);
        let catch_up = CatchUp { waiting: group.into(), began: now, first: 0, converges, per_step };
        Some(CatchUp { first: catch_up.stamp(first), ..catch_up })
    }

    fn stamp(&self, timestamp: u32) -> u32 {
        let before = self.converges.wrapping_sub(timestamp) as i32;
        if before > 0 { self.converges.wrapping_sub(before as u32 / SPEED) } else { timestamp }
    }

    /// A packet of the source that came meanwhile; `false`: too many wait.
    pub(crate) fn add(&mut self, packet: P) -> bool {
        self.waiting.push_back(packet);
        self.waiting.len() <= WAITING_PACKETS
    }

    /// The packets to send now, each with the timestamp to send it with.
    pub(crate) fn step(&mut self, now: Instant) -> Vec<(P, u32)> {
        let elapsed_ms = now.saturating_duration_since(self.began).as_millis() as u32;
        let due = self.first.wrapping_add(elapsed_ms.wrapping_mul(CLOCK_HZ / 1_000));
        let mut out = Vec::new();
        while out.len() < self.per_step
            && let Some(packet) = self.waiting.front()
        {
            let stamp = self.stamp(packet.timestamp());
            // What is no longer stamped anew has been caught up with.
            let early = stamp.wrapping_sub(due) as i32 > 0 && stamp != packet.timestamp();
            if early {
                break;
            }
            out.extend(self.waiting.pop_front().map(|packet| (packet, stamp)));
        }
        out
    }

    pub(crate) fn has_caught_up(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Stamped for u32 {
        fn timestamp(&self) -> u32 {
            *self
        }
    }

    #[test]
    fn pictures_are_stamped_with_the_time_they_are_sent_and_meet_the_source() {
        // 1.8 s of 30 pictures a second, over a wrap; each picture of one packet.
        let origin = u32::MAX - 90_000;
        let picture = |frame: u32| origin.wrapping_add(frame * 3_000);
        let start = Instant::now();
        let mut catch_up = CatchUp::new((0..=54).map(picture).collect(), start).unwrap();
        let mut sent: Vec<(u32, u32)> = Vec::new();
        let (mut elapsed, mut next) = (0u32, 55);
        while !catch_up.has_caught_up() {
            let now = picture(54).wrapping_add(elapsed * 90);
            for (packet, stamp) in catch_up.step(start + Duration::from_millis(u64::from(elapsed))) {
                assert!((stamp.wrapping_sub(now) as i32).abs() <= 10 * 90, "sent when it is stamped for");
                sent.push((packet, stamp));
            }
            elapsed += 5;
            while now.wrapping_sub(picture(next)) as i32 >= 0 {
                assert!(catch_up.add(picture(next)));
                next += 1;
            }
        }
        assert!((550..700).contains(&elapsed), "{elapsed} ms");
        assert!(sent.windows(2).all(|pair| (pair[1].1.wrapping_sub(pair[0].1) as i32) > 0), "time goes on");
        assert!(sent.iter().enumerate().all(|(at, (packet, _))| *packet == picture(at as u32)), "nothing is left out");
        let (packet, stamp) = sent.last().unwrap();
        assert!(packet.wrapping_sub(*stamp) as i32 <= 0 && stamp.wrapping_sub(*packet) < 3_000);
    }

    #[test]
    fn as_many_wait_as_may_and_one_more() {
        let mut catch_up = CatchUp::new(vec![0u32], Instant::now()).unwrap();
        for packet in 1..WAITING_PACKETS as u32 {
            assert!(catch_up.add(packet));
        }
        assert!(!catch_up.add(0));
        assert!(CatchUp::<u32>::new(Vec::new(), Instant::now()).is_none());
    }
}
