//! Short bursts of padding above the estimate: what arrives of them, and how
//! fast, shows whether the next step up has room.

use super::Acked;

/// A probe has at least so many packets, and lasts at least so long.
const PACKETS: u64 = 5;
const LASTS_US: u64 = 15_000;
pub(in crate::sending) const PACKET_BYTES: u64 = 1_200;
/// A probe is sent this much faster than what is wanted.
const ABOVE: f64 = 1.1;
/// Most that one probe goes beyond the estimate: a burst far above it would
/// hurt who shares the link.
const BEYOND: f64 = 3.0;
/// Between probes: after one that showed enough, and after one that didn't.
const EVERY_US: u64 = 1_000_000;
const LATER: f64 = 2.0;
const AT_LAST_US: u64 = 15_000_000;
/// Share of a probe that has to arrive.
const ARRIVED: f64 = 0.8;
/// After this a probe is over, whatever arrived.
const PATIENCE_US: u64 = 1_000_000;
/// So long media feels the queue that a probe made.
const FELT_US: u64 = 300_000;
/// A receiving rate below this share of the sending rate shows the limit, of
/// which that much is used.
const LIMITED: f64 = 0.9;
const USED: f64 = 0.95;
/// Arriving that much faster than sent shows nothing.
const IMPOSSIBLE: f64 = 2.0;

/// A probe to send: `bytes` at `bps`, whatever media is sent meanwhile counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sending) struct Probe {
    pub(in crate::sending) id: u8,
    pub(in crate::sending) bps: u64,
    pub(in crate::sending) bytes: u64,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    packets: u64,
    bytes: u64,
    first_sent_us: u64,
    last_sent_us: u64,
    first_arrived_us: i64,
    last_arrived_us: i64,
}

#[derive(Debug, Default)]
pub(super) struct Probing {
    last_id: u8,
    running: Option<(Probe, u64)>,
    seen: Option<Seen>,
    next_us: u64,
    rest_us: u64,
    result: Option<f64>,
    /// When the last packet of the last probe left, or would have.
    ended_us: Option<u64>,
}

impl Probing {
    /// Gives up a probe of which too little was heard.
    pub(super) fn settle(&mut self, now_us: u64) {
        if self.running.is_some_and(|(_, began_us)| now_us.saturating_sub(began_us) > PATIENCE_US) {
            self.finish(now_us, None);
        }
    }

    pub(super) fn begin(&mut self, now_us: u64, estimate_bps: u64, wanted_bps: u64) -> Option<Probe> {
        if self.running.is_some() || estimate_bps >= wanted_bps || now_us < self.next_us {
            return None;
        }
        let bps = (wanted_bps as f64 * ABOVE).min(estimate_bps as f64 * BEYOND) as u64;
        let bytes = (bps * LASTS_US / 8_000_000).max(PACKETS * PACKET_BYTES);
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        let probe = Probe { id: self.last_id, bps, bytes };
        (self.running, self.seen) = (Some((probe, now_us)), None);
        self.ended_us = Some(now_us + bytes * 8_000_000 / bps.max(1));
        self.next_us = now_us + self.rest_us.max(EVERY_US);
        Some(probe)
    }

    pub(super) fn arrived(&mut self, packet: &Acked) {
        let Some((probe, _)) = self.running.filter(|(probe, _)| probe.id == packet.probe) else { return };
        let bytes = packet.bytes as u64;
        let seen = self.seen.get_or_insert(Seen {
            packets: 0,
            bytes: 0,
            first_sent_us: packet.sent_us,
            last_sent_us: packet.sent_us,
            first_arrived_us: packet.arrived_us,
            last_arrived_us: packet.arrived_us,
        });
        seen.packets += 1;
        seen.bytes += bytes;
        seen.first_sent_us = seen.first_sent_us.min(packet.sent_us);
        seen.last_sent_us = seen.last_sent_us.max(packet.sent_us);
        seen.first_arrived_us = seen.first_arrived_us.min(packet.arrived_us);
        seen.last_arrived_us = seen.last_arrived_us.max(packet.arrived_us);
        let seen = *seen;
        let enough = |part: u64, whole: u64| part as f64 >= ARRIVED * whole as f64;
        if enough(seen.packets, PACKETS) && enough(seen.bytes, probe.bytes) {
            self.judge(&seen, probe.bps as f64);
        }
    }

    fn judge(&mut self, seen: &Seen, probed_bps: f64) {
        let sent_us = seen.last_sent_us.saturating_sub(seen.first_sent_us) as f64;
        let arrived_us = (seen.last_arrived_us - seen.first_arrived_us) as f64;
        if sent_us <= 0.0 || arrived_us <= 0.0 {
            return;
        }
        // Between the first and the last there is one packet less. It is of the
        // mean size: sound among few large packets would pass for a narrow link.
        let bits = seen.bytes as f64 * 8.0 * (seen.packets - 1) as f64 / seen.packets as f64;
        let (sent_bps, arrived_bps) = (bits * 1e6 / sent_us, bits * 1e6 / arrived_us);
        if arrived_bps > IMPOSSIBLE * sent_bps {
            return;
        }
        let limited = arrived_bps < LIMITED * sent_bps;
        let shown = if limited { USED * arrived_bps } else { sent_bps.min(arrived_bps) };
        let now_us = seen.last_sent_us;
        self.ended_us = Some(now_us);
        self.finish(now_us, Some((shown, limited || shown < LIMITED * probed_bps / ABOVE)));
    }

    /// `shown`: bits a second, and whether that is less than was hoped for.
    fn finish(&mut self, now_us: u64, shown: Option<(f64, bool)>) {
        self.running = None;
        self.seen = None;
        self.result = shown.map(|(bps, _)| bps);
        let disappointed = shown.is_none_or(|(_, disappointed)| disappointed);
        self.rest_us =
            if disappointed { ((self.rest_us.max(EVERY_US) as f64 * LATER) as u64).min(AT_LAST_US) } else { EVERY_US };
        self.next_us = self.next_us.max(now_us + self.rest_us);
    }

    /// Whether the queue of a probe may still be there, whatever was heard of it.
    pub(super) fn is_felt(&self, now_us: u64, round_trip_us: u64) -> bool {
        self.ended_us.is_some_and(|ended| now_us < ended + FELT_US + round_trip_us)
    }

    /// What a probe showed since this was asked last, in bits a second.
    pub(super) fn take_result(&mut self) -> Option<f64> {
        self.result.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has a probe arrive over a link of this rate; what it shows.
    fn show(probing: &mut Probing, now_us: u64, wanted_bps: u64, link_bps: u64) -> Option<f64> {
        let probe = probing.begin(now_us, 400_000, wanted_bps)?;
        let (mut sent_us, mut free_us, mut bytes) = (now_us, now_us, 0);
        while bytes < probe.bytes {
            free_us = free_us.max(sent_us) + PACKET_BYTES * 8_000_000 / link_bps;
            let arrived_us = free_us as i64 + 20_000;
            probing.arrived(&Acked { sent_us, arrived_us, bytes: PACKET_BYTES as usize, probe: probe.id });
            bytes += PACKET_BYTES;
            sent_us += PACKET_BYTES * 8_000_000 / probe.bps;
        }
        probing.take_result()
    }

    #[test]
    fn what_fits_is_shown_and_what_does_not_fit_shows_the_limit_and_waits_longer() {
        let mut probing = Probing::default();
        let shown = show(&mut probing, 5_000_000, 900_000, 10_000_000).unwrap();
        assert!((900_000.0..1_100_000.0).contains(&shown), "{shown}");
        assert!(probing.begin(5_500_000, 400_000, 900_000).is_none(), "too soon");
        let limited = show(&mut probing, 7_000_000, 1_000_000, 600_000).unwrap();
        assert!((520_000.0..620_000.0).contains(&limited), "{limited}");
        assert!(probing.begin(8_500_000, 400_000, 900_000).is_none(), "disappointed");
        assert!(probing.begin(9_500_000, 400_000, 900_000).is_some());
    }

    #[test]
    fn sound_among_large_packets_does_not_pass_for_a_narrow_link() {
        for sizes in [[1_200, 1_200, 1_200, 1_200, 100], [100, 1_200, 1_200, 1_200, 1_200]] {
            let mut probing = Probing::default();
            let probe = probing.begin(5_000_000, 400_000, 600_000).unwrap();
            let mut sent_us = 5_000_000;
            for bytes in sizes {
                probing.arrived(&Acked { sent_us, arrived_us: sent_us as i64, bytes, probe: probe.id });
                sent_us += bytes as u64 * 8_000_000 / probe.bps;
            }
            let shown = probing.take_result().unwrap();
            assert!((560_000.0..900_000.0).contains(&shown), "{shown}");
            assert!(probing.begin(sent_us + EVERY_US, 400_000, 600_000).is_some(), "it was not disappointing");
        }
    }

    #[test]
    fn nothing_is_probed_for_that_is_there_already_and_a_lost_probe_is_given_up() {
        let mut probing = Probing::default();
        assert!(probing.begin(0, 1_000_000, 1_000_000).is_none());
        let first = probing.begin(0, 1_000_000, 9_000_000).unwrap();
        assert_eq!(first.bps, 3_000_000, "not too far beyond");
        assert!(probing.is_felt(FELT_US, 50_000) && !probing.is_felt(FELT_US + 100_000, 50_000), "once it was sent");
        probing.settle(PATIENCE_US);
        assert!(probing.running.is_some());
        probing.settle(PATIENCE_US + 1);
        assert!(probing.running.is_none());
        assert!(probing.begin(PATIENCE_US + 1, 1_000_000, 2_000_000).is_none(), "it rests");
        let second = probing.begin(5_000_000, 1_000_000, 2_000_000).unwrap();
        assert_ne!(first.id, second.id);
    }
}
