//! One continuous RTP stream out of several sources: layers of a simulcast, a
//! publisher that came back, a pause, and what of a source is left out.
//!
//! Within one source, sequence numbers and timestamps keep their distances, so
//! gaps stay gaps and a repaired packet lands in its place. At a switch both
//! continue where the last source ended.

use std::time::{Duration, Instant, SystemTime};

use super::renumber::Renumbering;

/// One encoding as it arrives: changes with the layer, the publisher and the SSRC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SourceId(pub(crate) u64);

/// What a sender report says of a source's clock (RFC 3550 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SenderClock {
    pub(crate) wall: SystemTime,
    pub(crate) timestamp: u32,
}

/// A timestamp jump beyond this at a switch is not believed.
const BELIEVABLE_JUMP: Duration = Duration::from_secs(10);

/// First sequence numbers are kept this low so that the rollover counter,
/// which is not on the wire, starts at 0 (RFC 3711 3.3.1).
const FIRST_SEQUENCE_MASK: u64 = 0x3fff;

/// Position of an incoming packet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Incoming {
    pub(crate) source: SourceId,
    /// Extended sequence number.
    pub(crate) sequence: u64,
    pub(crate) timestamp: u32,
    pub(crate) arrived: Instant,
    pub(crate) clock: Option<SenderClock>,
}

/// Position of the packet as forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outgoing {
    pub(crate) sequence: u64,
    pub(crate) timestamp: u32,
}

#[derive(Debug)]
struct Current {
    source: SourceId,
    first_sequence: u64,
    /// Of what was forwarded.
    highest_sequence: Option<u64>,
    sequence_offset: i64,
    left_out: Renumbering,
    timestamp_offset: u32,
    clock: Option<SenderClock>,
}

#[derive(Debug)]
pub(crate) struct Rewriter {
    clock_hz: u32,
    current: Option<Current>,
    last: Option<(Outgoing, Instant)>,
}

impl Rewriter {
    pub(crate) fn new(clock_hz: u32) -> Rewriter {
        Rewriter { clock_hz, current: None, last: None }
    }

    pub(crate) fn source(&self) -> Option<SourceId> {
        self.current.as_ref().map(|current| current.source)
    }

    /// Forgets the source but not where the stream has got to.
    pub(crate) fn pause(&mut self) {
        self.current = None;
    }

    /// Whether a packet is of the current source, and not from before the switch.
    pub(crate) fn takes(&self, packet: &Incoming) -> bool {
        let of_source =
            |current: &Current| packet.source == current.source && packet.sequence >= current.first_sequence;
        self.current.as_ref().is_some_and(of_source)
    }

    /// Where a packet of the current source goes; `None` if it is of another
    /// source, from before the switch, or far too late.
    pub(crate) fn forward(&mut self, packet: &Incoming) -> Option<Outgoing> {
        if !self.takes(packet) {
            return None;
        }
        let current = self.current.as_mut()?;
        if packet.clock.is_some() {
            current.clock = packet.clock;
        }
        let left_out = current.left_out.left_out_before(packet.sequence)?;
        let out = Outgoing {
            sequence: packet.sequence.checked_add_signed(current.sequence_offset)?.checked_sub(left_out)?,
            timestamp: packet.timestamp.wrapping_add(current.timestamp_offset),
        };
        if current.highest_sequence.is_none_or(|highest| packet.sequence >= highest) {
            current.highest_sequence = Some(packet.sequence);
            self.last = Some((out, packet.arrived));
        }
        Some(out)
    }

    /// Leaves out a packet of the current source so that no gap shows, unless
    /// later ones were forwarded: then the gap was shown already.
    pub(crate) fn leave_out(&mut self, packet: &Incoming) {
        if let Some(current) = self.current.as_mut()
            && packet.source == current.source
            && current.highest_sequence.is_none_or(|highest| packet.sequence > highest)
        {
            current.left_out.leave_out(packet.sequence);
        }
    }

    /// Continues with this packet's source, from this packet on.
    pub(crate) fn switch(&mut self, packet: &Incoming) {
        let (sequence, timestamp) = match self.last {
            None => (1 + (packet.sequence & FIRST_SEQUENCE_MASK), packet.timestamp),
            Some((last, at)) => (last.sequence + 1, self.timestamp_after(&last, at, packet)),
        };
        self.current = Some(Current {
            source: packet.source,
            first_sequence: packet.sequence,
            highest_sequence: None,
            sequence_offset: sequence as i64 - packet.sequence as i64,
            left_out: Renumbering::default(),
            timestamp_offset: timestamp.wrapping_sub(packet.timestamp),
            clock: packet.clock,
        });
    }

    /// By the senders' clocks if both sources told theirs (layers of one
    /// encoder share it); else by the time that passed.
    fn timestamp_after(&self, last: &Outgoing, at: Instant, packet: &Incoming) -> u32 {
        let by_sender = self.current.as_ref().and_then(|current| {
            let old = current.clock?;
            let new = packet.clock?;
            let since_report = packet.timestamp.wrapping_sub(new.timestamp) as i32;
            let between_reports_s = seconds_between(old.wall, new.wall);
            let ticks = (between_reports_s * f64::from(self.clock_hz)).round() as i64 + i64::from(since_report);
            Some(old.timestamp.wrapping_add(current.timestamp_offset).wrapping_add(ticks as u32))
        });
        let believable = (BELIEVABLE_JUMP.as_secs() as u32).saturating_mul(self.clock_hz);
        if let Some(timestamp) = by_sender {
            let ahead = timestamp.wrapping_sub(last.timestamp);
            if ahead > 0 && ahead <= believable {
                return timestamp;
            }
        }
        let elapsed = packet.arrived.saturating_duration_since(at).as_secs_f64();
        let ticks = ((elapsed * f64::from(self.clock_hz)) as u64 as u32).max(1);
        last.timestamp.wrapping_add(ticks)
    }
}

fn seconds_between(from: SystemTime, to: SystemTime) -> f64 {
    match to.duration_since(from) {
        Ok(ahead) => ahead.as_secs_f64(),
        Err(behind) => -behind.duration().as_secs_f64(),
    }
}

/// Continuity of VP8's picture id and TL0PICIDX over switches (RFC 7741 4.2).
#[derive(Debug, Default)]
pub(crate) struct Vp8Continuity {
    picture_offset: u16,
    /// Pictures that were left out, by their numbers with all rollovers.
    left_out: Renumbering,
    highest: Option<u64>,
    tl0_offset: u8,
    last_picture: Option<u16>,
    last_tl0: Option<u8>,
}

const PICTURE_ID_MASK: u16 = 0x7fff;

impl Vp8Continuity {
    /// Starts a new source at a packet with these values.
    pub(crate) fn switch(&mut self, picture: Option<u16>, tl0: Option<u8>) {
        if let (Some(last), Some(first)) = (self.last_picture, picture) {
            self.picture_offset = last.wrapping_add(1).wrapping_sub(first) & PICTURE_ID_MASK;
        }
        (self.left_out, self.highest) = (Renumbering::default(), None);
        if let (Some(last), Some(first)) = (self.last_tl0, tl0) {
            self.tl0_offset = last.wrapping_add(1).wrapping_sub(first);
        }
    }

    /// The number of a picture with all rollovers, near the highest so far.
    fn extended(&self, picture: u16) -> u64 {
        let Some(highest) = self.highest else { return u64::from(PICTURE_ID_MASK) + 1 + u64::from(picture) };
        let ahead = u64::from(picture.wrapping_sub(highest as u16) & PICTURE_ID_MASK);
        let period = u64::from(PICTURE_ID_MASK) + 1;
        if ahead < period / 2 { highest + ahead } else { (highest + ahead).saturating_sub(period) }
    }

    /// Leaves out a picture so that no gap shows, unless it is late.
    pub(crate) fn leave_out(&mut self, picture: u16) {
        let picture = self.extended(picture);
        if self.highest.is_none_or(|highest| picture > highest) {
            self.left_out.leave_out(picture);
        }
    }

    /// Values to write, and whether they differ from those that came.
    pub(crate) fn forward(&mut self, picture: Option<u16>, tl0: Option<u8>) -> (Option<u16>, Option<u8>, bool) {
        let mut left_out = 0;
        if let Some(picture) = picture {
            let picture = self.extended(picture);
            self.highest = self.highest.max(Some(picture));
            left_out = self.left_out.left_out_before(picture).unwrap_or(0) as u16;
        }
        let picture = picture.map(|id| id.wrapping_add(self.picture_offset).wrapping_sub(left_out) & PICTURE_ID_MASK);
        let tl0 = tl0.map(|index| index.wrapping_add(self.tl0_offset));
        if let Some(id) = picture
            && self.last_picture.is_none_or(|last| id.wrapping_sub(last) & PICTURE_ID_MASK < 0x4000)
        {
            self.last_picture = Some(id);
        }
        if let Some(index) = tl0
            && self.last_tl0.is_none_or(|last| index.wrapping_sub(last) < 0x80)
        {
            self.last_tl0 = Some(index);
        }
        (picture, tl0, self.picture_offset != 0 || self.tl0_offset != 0 || left_out != 0)
    }
}

/// Continuity of the dependency descriptor's frame number over switches.
#[derive(Debug, Default)]
pub(crate) struct FrameNumbers {
    offset: u16,
    last: Option<u16>,
}

impl FrameNumbers {
    /// Starts a new source at a frame of this number.
    pub(crate) fn switch(&mut self, first: u16) {
        if let Some(last) = self.last {
            self.offset = last.wrapping_add(1).wrapping_sub(first);
        }
    }

    /// How much to raise this number by.
    pub(crate) fn forward(&mut self, number: u16) -> u16 {
        let out = number.wrapping_add(self.offset);
        if self.last.is_none_or(|last| out.wrapping_sub(last) < 0x8000) {
            self.last = Some(out);
        }
        self.offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(source: u64, sequence: u64, timestamp: u32, arrived: Instant) -> Incoming {
        Incoming { source: SourceId(source), sequence, timestamp, arrived, clock: None }
    }

    #[test]
    fn keeps_gaps_and_takes_late_packets_in_place() {
        let now = Instant::now();
        let mut rewriter = Rewriter::new(90_000);
        rewriter.switch(&packet(1, 70_000, 5, now));
        let first = rewriter.forward(&packet(1, 70_000, 5, now)).unwrap();
        assert!(first.sequence < 0x1_0000);
        let third = rewriter.forward(&packet(1, 70_002, 9, now)).unwrap();
        assert_eq!(third.sequence, first.sequence + 2);
        let late = rewriter.forward(&packet(1, 70_001, 5, now)).unwrap();
        assert_eq!(late, Outgoing { sequence: first.sequence + 1, timestamp: 5 });
        assert_eq!(rewriter.forward(&packet(1, 69_999, 1, now)), None, "before the start");
        assert_eq!(rewriter.forward(&packet(2, 70_003, 9, now)), None, "another source");
    }

    #[test]
    fn a_switch_continues_by_time_passed_without_sender_reports() {
        let now = Instant::now();
        let mut rewriter = Rewriter::new(90_000);
        rewriter.switch(&packet(1, 10, 1_000, now));
        let before = rewriter.forward(&packet(1, 10, 1_000, now)).unwrap();
        let later = now + Duration::from_millis(100);
        rewriter.switch(&packet(2, 500_000, u32::MAX - 3, later));
        let after = rewriter.forward(&packet(2, 500_000, u32::MAX - 3, later)).unwrap();
        assert_eq!(after.sequence, before.sequence + 1);
        assert_eq!(after.timestamp, 1_000 + 9_000);
        let next = rewriter.forward(&packet(2, 500_001, 2_996, later)).unwrap();
        assert_eq!(next.timestamp, 1_000 + 9_000 + 3_000, "over the wrap of the source");
    }

    #[test]
    fn a_switch_continues_by_the_senders_clock() {
        let now = Instant::now();
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let mut rewriter = Rewriter::new(90_000);
        let mut old = packet(1, 10, 90_000, now);
        old.clock = Some(SenderClock { wall, timestamp: 0 });
        rewriter.switch(&old);
        rewriter.forward(&old).unwrap();
        // The other layer's clock reads 7 where the first reads 0; captured 33 1/3 ms later.
        let mut new = packet(2, 99, 7 + 93_000, now + Duration::from_millis(400));
        new.clock = Some(SenderClock { wall: wall + Duration::from_secs(1), timestamp: 7 + 90_000 });
        rewriter.switch(&new);
        assert_eq!(rewriter.forward(&new).unwrap().timestamp, 93_000, "network delay doesn't count");
    }

    #[test]
    fn an_unbelievable_senders_clock_is_not_used() {
        let now = Instant::now();
        let mut rewriter = Rewriter::new(90_000);
        let mut old = packet(1, 10, 500, now);
        old.clock = Some(SenderClock { wall: SystemTime::UNIX_EPOCH, timestamp: 0 });
        rewriter.switch(&old);
        rewriter.forward(&old).unwrap();
        let mut new = packet(2, 5, 500, now + Duration::from_millis(10));
        new.clock = Some(SenderClock { wall: SystemTime::UNIX_EPOCH + Duration::from_secs(3_600), timestamp: 0 });
        rewriter.switch(&new);
        assert_eq!(rewriter.forward(&new).unwrap().timestamp, 500 + 900);
    }

    #[test]
    fn sequence_runs_on_over_wraps_pauses_and_left_out_packets() {
        let now = Instant::now();
        let mut rewriter = Rewriter::new(48_000);
        rewriter.switch(&packet(1, 1, 0, now));
        let mut expected = rewriter.forward(&packet(1, 1, 0, now)).unwrap().sequence;
        for sequence in 2..200_000u64 {
            if sequence % 7 == 0 {
                rewriter.leave_out(&packet(1, sequence, 0, now));
                continue;
            }
            expected += 1;
            let out = rewriter.forward(&packet(1, sequence, sequence as u32 * 960, now)).unwrap();
            assert_eq!(out.sequence, expected);
        }
        rewriter.pause();
        assert_eq!(rewriter.forward(&packet(1, 200_000, 0, now)), None);
        rewriter.switch(&packet(1, 300_000, 0, now));
        assert_eq!(rewriter.forward(&packet(1, 300_000, 0, now)).unwrap().sequence, expected + 1);
    }

    #[test]
    fn vp8_ids_continue_over_a_switch_and_wrap() {
        let mut vp8 = Vp8Continuity::default();
        vp8.switch(Some(0x7ffe), Some(255));
        assert_eq!(vp8.forward(Some(0x7ffe), Some(255)), (Some(0x7ffe), Some(255), false));
        assert_eq!(vp8.forward(Some(0x7fff), Some(255)), (Some(0x7fff), Some(255), false));
        vp8.switch(Some(300), Some(9));
        assert_eq!(vp8.forward(Some(300), Some(9)), (Some(0), Some(0), true));
        assert_eq!(vp8.forward(Some(301), Some(10)), (Some(1), Some(1), true));
        assert_eq!(vp8.forward(Some(300), Some(9)), (Some(0), Some(0), true), "a repaired one in its place");
        vp8.switch(Some(5), Some(5));
        assert_eq!(vp8.forward(Some(5), Some(5)).0, Some(2), "after the highest, not the last");
    }

    #[test]
    fn frame_numbers_go_on_over_switches() {
        let mut numbers = FrameNumbers::default();
        numbers.switch(0xffff);
        assert_eq!(numbers.forward(0xffff), 0);
        assert_eq!(numbers.forward(0), 0);
        numbers.switch(700);
        assert_eq!(700u16.wrapping_add(numbers.forward(700)), 1);
        assert_eq!(701u16.wrapping_add(numbers.forward(701)), 2);
        numbers.switch(3);
        assert_eq!(numbers.forward(3), 0);
    }
}
