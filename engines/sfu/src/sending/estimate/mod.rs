//! The bandwidth towards one viewer, after Google Congestion Control
//! (draft-ietf-rmcat-gcc): by the growth of delays, by losses, and by probes.
//!
//! ```text
//!   reports ─► delay (groups, trend) ─► rate (up, hold, down) ─┐
//!          ├─► throughput ───────────────┘                     ├─► the least
//!          ├─► losses ─────────────────────────────────────────┤
//!          └─► probes ─► what the bandwidth was shown to be ───┘
//! ```
//!
//! Pure: times are passed in, in µs from any beginning.

mod delay;
mod losses;
mod probing;
mod rate;
mod silence;
mod throughput;

#[cfg(test)]
mod tests;

use delay::{Groups, Trend};
use losses::Losses;
pub(super) use probing::Probe;
use probing::Probing;
use rate::RateControl;
use silence::Silence;
use throughput::Throughput;

/// Estimates stay within these.
const LEAST_BPS: f64 = 30_000.0;
const MOST_BPS: f64 = 100_000_000.0;
/// A round trip is never believed to be shorter or longer than these.
const ROUND_TRIP_US: std::ops::RangeInclusive<u64> = 5_000..=2_000_000;

/// What a receiver said of itself no longer holds when so long only packets were
/// reported on.
const RECEIVER_SAID_US: u64 = 5_000_000;

/// A packet of which a report told that it arrived.
#[derive(Debug, Clone, Copy)]
pub(super) struct Acked {
    pub(super) sent_us: u64,
    /// On the receiver's clock.
    pub(super) arrived_us: i64,
    pub(super) bytes: usize,
    /// The probe that it was part of; 0: none.
    pub(super) probe: u8,
}

/// How the link is used, by the growth of delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Usage {
    Normal,
    Over,
    Under,
}

#[derive(Debug)]
pub(super) struct Estimator {
    groups: Groups,
    trend: Trend,
    throughput: Throughput,
    rate: RateControl,
    losses: Losses,
    probing: Probing,
    /// What the receiver says, and when it did, if it estimates itself.
    receiver: Option<(f64, u64)>,
    silence: Silence,
    round_trip_us: u64,
    last_over_us: Option<u64>,
}

impl Estimator {
    pub(super) fn new(first_bps: u64) -> Estimator {
        Estimator {
            groups: Groups::default(),
            trend: Trend::default(),
            throughput: Throughput::default(),
            rate: RateControl::new(first_bps as f64),
            losses: Losses::default(),
            probing: Probing::default(),
            receiver: None,
            silence: Silence::default(),
            round_trip_us: 100_000,
            last_over_us: None,
        }
    }

    /// In bits a second.
    pub(super) fn bps(&self) -> u64 {
        let delay_bps = self.rate.bps();
        let receiver_bps = self.receiver.map_or(MOST_BPS, |(bps, _)| bps);
        let bps = delay_bps.min(self.losses.bps()).min(receiver_bps) * self.silence.left();
        bps.clamp(LEAST_BPS, MOST_BPS) as u64
    }

    pub(super) fn round_trip_us(&self) -> u64 {
        self.round_trip_us
    }

    /// The receiver's own estimate, as in REMB.
    pub(super) fn receiver_says(&mut self, now_us: u64, bps: u64) {
        self.receiver = Some((bps as f64, now_us));
        self.silence.heard(false);
    }

    /// The receiver says that what is sent arrives, and no more.
    pub(super) fn arrives(&mut self) {
        self.silence.arrives();
    }

    /// Something was sent that is to be reported on.
    pub(super) fn sent(&mut self, now_us: u64) {
        self.silence.sent(now_us);
    }

    /// To be called every now and then: nothing is heard from a link that is gone.
    pub(super) fn tick(&mut self, now_us: u64) {
        self.silence.tick(now_us, self.round_trip_us);
    }

    /// Takes in a report. `acked` in the order of sending.
    pub(super) fn report(&mut self, now_us: u64, acked: &[Acked], lost: usize) {
        self.rate.fall(self.silence.heard(true));
        self.receiver = self.receiver.filter(|(_, said_us)| now_us.saturating_sub(*said_us) <= RECEIVER_SAID_US);
        if let Some(round_trip) = acked.iter().map(|packet| now_us.saturating_sub(packet.sent_us)).min() {
            self.round_trip_us = round_trip.clamp(*ROUND_TRIP_US.start(), *ROUND_TRIP_US.end());
        }
        let mut usage = self.trend.usage();
        let mut over = false;
        for packet in acked {
            self.throughput.arrived(packet.arrived_us, packet.bytes);
            self.probing.arrived(packet);
            // A probe makes a queue on purpose.
            let media = packet.probe == 0;
            if media && let Some(delta) = self.groups.arrived(packet.sent_us, packet.arrived_us) {
                usage = self.trend.add(&delta);
                over |= usage == Usage::Over;
            }
        }
        // One who was over and is no longer within a report was over.
        let usage = if over && usage == Usage::Normal { Usage::Over } else { usage };
        if usage == Usage::Over {
            self.last_over_us = Some(now_us);
        }
        let shown = self.probing.take_result();
        let throughput = self.throughput.bps();
        let by_probe = usage == Usage::Over && self.probing.is_felt(now_us, self.round_trip_us);
        self.rate.update(now_us, if by_probe { Usage::Under } else { usage }, throughput, self.round_trip_us);
        if let Some(shown_bps) = shown.filter(|_| usage != Usage::Over) {
            self.rate.shown(now_us, shown_bps);
            self.losses.forget();
        }
        self.losses.report(now_us, acked.len(), lost, self.bps() as f64, self.round_trip_us);
    }

    /// The probe to begin now, if one is due. `wanted_bps`: what the next step
    /// up takes; nothing beyond it is probed for.
    pub(super) fn probe(&mut self, now_us: u64, wanted_bps: u64) -> Option<Probe> {
        self.probing.settle(now_us);
        let calm = self.last_over_us.is_none_or(|over| now_us.saturating_sub(over) > 1_000_000);
        let silent = self.silence.left() < 1.0;
        if !calm || silent || self.losses.is_lossy() || self.receiver.is_some() {
            return None;
        }
        self.probing.begin(now_us, self.bps(), wanted_bps)
    }
}
