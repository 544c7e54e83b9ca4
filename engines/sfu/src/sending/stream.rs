//! One m-line's stream towards a viewer, and its repairs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::header::ExtensionIds;
use super::history::History;
use super::rtcp::Sending;
use super::{Body, Rewritten};

/// Between two sender reports.
const REPORT_EVERY: Duration = Duration::from_secs(1);

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
    /// The last timestamp, and the moment it stands for.
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

    /// A packet whose moment is `at` was handed in.
    pub(super) fn count(&mut self, body: &Arc<Body>, as_sent: &Rewritten, at: Instant) {
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(as_sent.payload(body).len() as u32);
        self.last = Some((as_sent.timestamp, at));
    }

    /// SSRC and payload type of repairs of this packet, if they have their own (RFC 4588).
    pub(super) fn repairs(&self, as_sent: &Rewritten) -> Option<(u32, u8)> {
        self.described.repairs.zip(as_sent.repair_type)
    }

    /// Describes it anew. What was sent under another description can't be sent
    /// again: it would be other bytes under the same number.
    pub(super) fn describe(&mut self, described: Description) {
        if self.described != described {
            self.described = described;
            self.history.clear();
        }
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
