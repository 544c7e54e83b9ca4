//! One m-line's stream towards a viewer, and its repairs.

use std::time::{Duration, Instant};

use super::Rewritten;
use super::header::ExtensionIds;
use super::history::History;
use super::rtcp::Sending;
use super::writing::Planned;

/// Between two sender reports.
const REPORT_EVERY: Duration = Duration::from_secs(1);
/// A picture that is later than the ones before it promised moves their moment
/// by that share: most of it is a queue on the way, a little is its clock.
const LATE_SHARE: u32 = 32;
/// One that is later by this much is after a pause, or of another source.
const LATEST: Duration = Duration::from_millis(300);
/// A packet with an older timestamp is a repair, unless this long nothing else comes.
const REPAIRED_WITHIN: Duration = Duration::from_secs(2);

/// A stream as it was negotiated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Description {
    pub(crate) ssrc: u32,
    /// SSRC of its repairs.
    pub(crate) repairs: Option<u32>,
    pub(crate) mid: String,
    pub(crate) cname: String,
    pub(crate) extensions: ExtensionIds,
    pub(crate) clock_hz: u32,
    pub(crate) video: bool,
}

#[derive(Debug)]
pub(crate) struct Stream {
    pub(super) described: Description,
    /// The client was told by packets which m-line the SSRC is of.
    pub(super) is_bound: bool,
    pub(super) history: History,
    pub(super) repair_sequence: u64,
    packets: u32,
    octets: u32,
    /// The newest timestamp, and the moment it stands for.
    last: Option<(u32, Instant)>,
    next_report: Option<Instant>,
}

impl Stream {
    pub(super) fn new(described: Description) -> Stream {
        Stream {
            described,
            is_bound: false,
            history: History::default(),
            repair_sequence: 0,
            packets: 0,
            octets: 0,
            last: None,
            next_report: None,
        }
    }

    /// A packet that arrived then is to be sent. The first of a picture tells the
    /// moment that its timestamp stands for, as far as it was not held up itself.
    pub(super) fn came(&mut self, timestamp: u32, at: Instant) {
        let Some((last, stood)) = self.last else {
            self.last = Some((timestamp, at));
            return;
        };
        let ahead = timestamp.wrapping_sub(last);
        if ahead == 0 {
            return;
        }
        if ahead > u32::MAX / 2 {
            if at.saturating_duration_since(stood) > REPAIRED_WITHIN {
                self.last = Some((timestamp, at));
            }
            return;
        }
        let due = stood + Duration::from_micros(u64::from(ahead) * 1_000_000 / u64::from(self.described.clock_hz));
        let late = at.saturating_duration_since(due);
        let moment = if late > LATEST { at } else { at.min(due + late / LATE_SHARE) };
        self.last = Some((timestamp, moment));
    }

    /// A packet is sent, for the first time.
    pub(super) fn went(&mut self, planned: &Planned) {
        let (body, as_sent) = (&planned.body, &planned.as_sent);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(as_sent.payload(body).len() as u32);
    }

    /// SSRC and payload type of repairs of this packet, if they have their own (RFC 4588).
    pub(super) fn repairs(&self, as_sent: &Rewritten) -> Option<(u32, u8)> {
        self.described.repairs.zip(as_sent.repair_type)
    }

    /// Describes it anew. What was sent under another description can't be sent
    /// again: it would be other bytes under the same number. Whether it is another.
    pub(super) fn describe(&mut self, described: Description) -> bool {
        let is_other = self.described != described;
        if is_other {
            self.described = described;
            self.history.clear();
        }
        is_other
    }

    #[cfg(test)]
    pub(super) fn sent(&self) -> (u32, u32) {
        (self.packets, self.octets)
    }

    /// What the sender report says that is due now, if one is.
    pub(super) fn report(&mut self, now: Instant, wall: u64) -> Option<Sending> {
        let (timestamp, at) = self.last?;
        if self.next_report.is_some_and(|next| now < next) {
            return None;
        }
        self.next_report = Some(now + REPORT_EVERY);
        let since_us = now.saturating_duration_since(at).as_micros() as u64;
        let ticks = since_us * u64::from(self.described.clock_hz) / 1_000_000;
        Some(Sending {
            ssrc: self.described.ssrc,
            wall,
            timestamp: timestamp.wrapping_add(ticks as u32),
            packets: self.packets,
            octets: self.octets,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sending::wire::video;

    const CLOCK_HZ: u32 = 90_000;

    fn stream() -> Stream {
        Stream::new(video(Some(2), ExtensionIds::default()))
    }

    /// A minute of a camera whose packets are held up on their way, and some
    /// repaired 150 ms late; how far each report is from the truth, in ms.
    fn errors(jitter_ms: u64, clock: f64) -> Vec<i64> {
        const FIRST_TIMESTAMP: u32 = u32::MAX - 10 * CLOCK_HZ;
        let start = Instant::now();
        let (mut stream, mut random) = (stream(), 7u64);
        let mut chance = |below: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % below.max(1)
        };
        let mut packets = Vec::new();
        for picture in 0..1_800u64 {
            let taken_us = picture * 33_333;
            let timestamp = FIRST_TIMESTAMP.wrapping_add((taken_us as f64 * 0.09 * clock) as u32);
            // A key frame takes a tenth of a second to come.
            let count = if picture % 90 == 0 { 40 } else { 3 };
            for packet in 0..count {
                let repaired = if chance(20) == 0 { 150_000 } else { 0 };
                packets.push((taken_us + packet * 2_500 + chance(jitter_ms * 1_000) + repaired, timestamp));
            }
        }
        packets.sort_unstable();
        let mut errors = Vec::new();
        for (arrived_us, timestamp) in packets {
            let now = start + Duration::from_micros(arrived_us);
            if let Some(report) = stream.report(now, 0) {
                let truth = FIRST_TIMESTAMP.wrapping_add((arrived_us as f64 * 0.09 * clock) as u32);
                errors.push(i64::from(report.timestamp.wrapping_sub(truth) as i32) / 90);
            }
            stream.came(timestamp, now);
        }
        errors
    }

    #[test]
    fn reports_tell_the_moment_of_a_picture_whatever_held_its_packets_up() {
        for (jitter_ms, clock) in [(0, 1.0), (15, 1.0), (40, 1.0), (40, 1.0002), (40, 0.9998)] {
            let errors = errors(jitter_ms, clock);
            assert!(errors.len() > 55);
            let (first, others) = errors.split_at(1);
            assert!(first[0].abs() <= jitter_ms as i64, "{first:?}");
            assert!(others.iter().all(|error| error.abs() < 20), "{jitter_ms} ms, {clock}: {others:?}");
        }
    }

    #[test]
    fn a_pause_and_a_clock_that_was_set_back_are_followed() {
        let (mut stream, start) = (stream(), Instant::now());
        stream.came(90_000, start);
        stream.came(93_000, start + Duration::from_secs(10));
        let report = stream.report(start + Duration::from_secs(10), 0).unwrap();
        assert_eq!(report.timestamp, 93_000);
        stream.came(3_000, start + Duration::from_secs(11));
        stream.came(6_000, start + Duration::from_millis(12_100));
        let report = stream.report(start + Duration::from_millis(12_100), 0).unwrap();
        assert_eq!(report.timestamp, 6_000);
    }
}
