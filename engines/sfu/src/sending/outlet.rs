//! The way out of one subscribing leg.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::allowance::Allowance;
use super::estimate::{Estimator, Probe};
use super::keys::Overheard;
use super::pacer::{BURST_PACKETS, Pacer};
use super::rtcp::{self, Missing, Reception, Said};
use super::sent::{Sent, Told};
use super::srtp::Srtp;
use super::stream::{Description, Stream};
use super::writing::{MOST_PADDING_BYTES, PADDING_BYTES, Planned, Way, Writer, burst};
use super::{Body, Rewritten};
use crate::engine::{Egress, Peer};

/// Packets that may wait for the pacer.
const QUEUED_PACKETS: usize = 1_024;
/// First estimate of a viewer's bandwidth, before any report.
const FIRST_ESTIMATE_BPS: u64 = 2_500_000;
/// A packet is not repaired again before most of a round trip.
const REPAIR_REST: std::ops::RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_millis(200);
/// Size that the packets of a probe are padded towards.
const PROBE_PACKET_BYTES: usize = 1_200;
/// What a packet of any burst can be padded by.
const PROBE_PADDING_BYTES: usize = MOST_PADDING_BYTES - PADDING_BYTES;
const PROBE_STEP: Duration = Duration::from_millis(1);
/// A receiver report tells of the link as it is if the sender report that it names
/// is no older, in 1/65,536 s.
const REPORT_AGE: u32 = 5 * 0x1_0000;

/// The engine's time line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    origin: Instant,
    /// What the wall clock said at the origin.
    wall: Duration,
}

impl Clock {
    pub(crate) fn new(now: Instant) -> Clock {
        Clock { origin: now, wall: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() }
    }

    fn us(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.origin).as_micros() as u64
    }

    /// NTP time, 32 bits of seconds and 32 of their parts.
    fn ntp(&self, now: Instant) -> u64 {
        const SECONDS_1900_TO_1970: u64 = 2_208_988_800;
        let wall = self.wall + now.saturating_duration_since(self.origin);
        let parts = (u64::from(wall.subsec_nanos()) << 32) / 1_000_000_000;
        ((wall.as_secs() + SECONDS_1900_TO_1970) << 32) | parts
    }

    /// Seconds with 6 bits before the point and 18 behind it.
    pub(super) fn send_time(us: u64) -> u32 {
        ((u128::from(us) << 18) / 1_000_000) as u32 & 0xff_ffff
    }
}

#[derive(Debug)]
struct Probing {
    probe: Probe,
    began: Instant,
    sent_bytes: u64,
}

#[derive(Debug)]
pub(crate) struct Outlet {
    clock: Clock,
    overheard: Overheard,
    srtp: Option<Box<Srtp>>,
    /// Where the client is, as the stack found out.
    route: Option<Peer>,
    streams: Vec<Stream>,
    /// Sound, and what probes: not paced.
    at_once: VecDeque<Planned>,
    /// Paced, and before the video that wasn't sent yet.
    repairs: VecDeque<Planned>,
    queue: VecDeque<Planned>,
    /// Of both.
    queued_bytes: usize,
    pacer: Pacer,
    sent: Sent,
    told: Told,
    opened: Vec<u8>,
    estimator: Option<Estimator>,
    probing: Option<Probing>,
    round_trip: Duration,
    allowance: Allowance,
    deadline: Option<Instant>,
    /// Datagrams and bytes that were not yet told.
    went: (u64, u64),
}

impl Outlet {
    /// `overheard`: where the connection's keys will appear.
    pub(crate) fn new(overheard: Overheard, estimates: bool, clock: Clock, now: Instant) -> Outlet {
        Outlet {
            clock,
            overheard,
            srtp: None,
            route: None,
            streams: Vec::new(),
            at_once: VecDeque::new(),
            repairs: VecDeque::new(),
            queue: VecDeque::new(),
            queued_bytes: 0,
            pacer: Pacer::default(),
            sent: Sent::default(),
            told: Told::default(),
            opened: Vec::new(),
            estimator: estimates.then(|| Estimator::new(FIRST_ESTIMATE_BPS)),
            probing: None,
            round_trip: Duration::from_millis(100),
            allowance: Allowance::new(now),
            deadline: None,
            went: (0, 0),
        }
    }

    /// Takes a stream in, or what became of one that is known; its place.
    pub(crate) fn describe(&mut self, described: Description) -> usize {
        let known = self.streams.iter().position(|stream| stream.described.ssrc == described.ssrc);
        match known {
            Some(at) => {
                if self.streams[at].describe(described) {
                    self.plan_anew(at);
                }
                at
            }
            None => {
                self.streams.push(Stream::new(described));
                self.streams.len() - 1
            }
        }
    }

    /// What waits of a stream was planned under another description of it: repairs
    /// would be other bytes under a number that is used, and the rest has other sizes.
    fn plan_anew(&mut self, at: usize) {
        for queue in [&mut self.at_once, &mut self.repairs, &mut self.queue] {
            queue.retain(|planned| planned.stream != at || planned.way == Way::First);
            for planned in queue.iter_mut().filter(|planned| planned.stream == at) {
                *planned = Planned::new(at, &self.streams[at], planned.body.clone(), planned.as_sent, Way::First);
            }
        }
        self.weigh();
    }

    pub(crate) fn set_route(&mut self, to: Peer) {
        self.route = Some(to);
    }

    /// The number of each stream's next repair, less one.
    #[cfg(test)]
    pub(crate) fn repair_sequences(&mut self) -> impl Iterator<Item = &mut u64> {
        self.streams.iter_mut().map(|stream| &mut stream.repair_sequence)
    }

    /// In bits a second; `None`: nothing is estimated.
    pub(crate) fn estimate_bps(&self) -> Option<u64> {
        self.estimator.as_ref().map(Estimator::bps)
    }

    /// When [`Outlet::advance`] is to be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Datagrams and their bytes since this was asked last.
    pub(crate) fn take_sent(&mut self) -> (u64, u64) {
        std::mem::take(&mut self.went)
    }

    fn count(&mut self, datagrams: usize, bytes: usize) {
        self.went.0 += datagrams as u64;
        self.went.1 += bytes as u64;
    }

    /// Whether more waits than may.
    pub(crate) fn is_full(&self) -> bool {
        self.queue.len() >= QUEUED_PACKETS
    }

    /// Hands a packet in; it leaves with [`Outlet::send`]. `at`: its moment.
    pub(crate) fn push(&mut self, stream: usize, body: &Arc<Body>, as_sent: Rewritten, at: Instant) {
        let Some(known) = self.streams.get_mut(stream) else { return };
        known.came(as_sent.timestamp, at);
        let planned = Planned::new(stream, known, body.clone(), as_sent, Way::First);
        if known.described.video {
            self.queued_bytes += planned.bytes;
            self.pacer.came(planned.bytes);
            self.queue.push_back(planned);
        } else {
            self.at_once.push_back(planned);
        }
    }

    /// Gives up what waits of a stream; how many packets it was.
    pub(crate) fn abandon(&mut self, stream: usize) -> u64 {
        let waited = self.queue.len();
        for queue in [&mut self.repairs, &mut self.queue] {
            queue.retain(|planned| planned.stream != stream);
        }
        self.weigh();
        (waited - self.queue.len()) as u64
    }

    /// After packets were taken out of the middle, or changed.
    fn weigh(&mut self) {
        self.queued_bytes = self.repairs.iter().chain(&self.queue).map(|planned| planned.bytes).sum();
        self.rest_if_empty();
    }

    fn is_empty(&self) -> bool {
        self.repairs.is_empty() && self.queue.is_empty()
    }

    fn rest_if_empty(&mut self) {
        if self.is_empty() {
            self.pacer.rest();
        }
    }

    /// Lets go of what could be repaired of a stream.
    pub(crate) fn rest(&mut self, stream: usize) {
        if let Some(stream) = self.streams.get_mut(stream) {
            stream.history.clear();
        }
    }

    /// Sends what may leave now.
    pub(crate) fn send(&mut self, now: Instant, egress: &mut dyn Egress) {
        if self.srtp.is_none() {
            self.srtp = self.overheard.keys().and_then(Srtp::new).map(Box::new);
        }
        // Keys stay where they are without a route: made anew they would count from 0 again.
        let Some((to, srtp)) = self.route.and_then(|to| Some((to, self.srtp.take()?))) else {
            self.at_once.clear();
            self.repairs.clear();
            self.queue.clear();
            self.queued_bytes = 0;
            return;
        };
        let mut at_once = std::mem::take(&mut self.at_once);
        while !at_once.is_empty() {
            self.send_burst(&srtp, to, &mut at_once, BURST_PACKETS, now, egress);
        }
        self.at_once = at_once;
        let (repairs, queue) = (std::mem::take(&mut self.repairs), std::mem::take(&mut self.queue));
        self.repairs = self.send_paced(&srtp, to, repairs, now, egress);
        self.queue = self.send_paced(&srtp, to, queue, now, egress);
        self.rest_if_empty();
        self.srtp = Some(srtp);
        self.schedule(now);
    }

    /// Sends from the front what the pacer permits; what is left.
    fn send_paced(
        &mut self,
        srtp: &Srtp,
        to: Peer,
        mut queue: VecDeque<Planned>,
        now: Instant,
        egress: &mut dyn Egress,
    ) -> VecDeque<Planned> {
        while !queue.is_empty() {
            let most = match &self.estimator {
                None => BURST_PACKETS,
                Some(estimator) => {
                    self.pacer.settle(now, estimator.bps(), self.queued_bytes);
                    self.pacer.packets()
                }
            };
            if most == 0 {
                break;
            }
            self.queued_bytes -= self.send_burst(srtp, to, &mut queue, most, now, egress);
        }
        queue
    }

    /// Sends a burst from the front; its bytes unpadded and unsealed.
    fn send_burst(
        &mut self,
        srtp: &Srtp,
        to: Peer,
        queue: &mut VecDeque<Planned>,
        most: usize,
        now: Instant,
        egress: &mut dyn Egress,
    ) -> usize {
        let (count, size) = burst(queue, most);
        let video = queue.front().is_some_and(|planned| self.streams[planned.stream].described.video);
        let probe = self.probing.as_ref().map_or(0, |probing| probing.probe.id);
        let now_us = self.clock.us(now);
        let mut writer = Writer { streams: &mut self.streams, sent: &mut self.sent, srtp, probe, now_us };
        let room = egress.room();
        let start = room.len();
        let mut bytes = 0;
        let probes = probe != 0 && queue.front().is_some_and(|planned| planned.way == Way::Repair);
        let size = if probes { size.max(PROBE_PACKET_BYTES.min(size + PROBE_PADDING_BYTES)) } else { size };
        if let Some(estimator) = self.estimator.as_mut().filter(|_| video) {
            estimator.sent(now_us);
        }
        let last = count - 1;
        for (at, planned) in queue.drain(..count).enumerate() {
            bytes += planned.bytes;
            if planned.way == Way::First {
                let stream = &mut writer.streams[planned.stream];
                stream.went(&planned);
                self.allowance.went(if stream.described.video { planned.bytes } else { 0 });
            }
            // Only the last may be shorter, and then it stays so.
            let pad_to = if at == last && !probes { 0 } else { size };
            writer.write(room, planned, pad_to);
        }
        let written = room.len() - start;
        self.pacer.sent(written);
        self.count(count, written);
        if let Some(probing) = &mut self.probing {
            probing.sent_bytes += written as u64;
            // What is sent later would make the probe look slower than it was.
            if probing.sent_bytes >= probing.probe.bytes {
                self.probing = None;
            }
        }
        egress.launch(to, start, size + srtp.tag_bytes());
        bytes
    }

    fn schedule(&mut self, now: Instant) {
        let estimate = self.estimate_bps().unwrap_or(FIRST_ESTIMATE_BPS);
        let media = (!self.is_empty()).then(|| self.pacer.next(now, estimate));
        let probe = self.probing.as_ref().map(|probing| {
            let due = Duration::from_secs_f64(probing.sent_bytes as f64 * 8.0 / probing.probe.bps as f64);
            (probing.began + due).max(now + PROBE_STEP)
        });
        self.deadline = [media, probe].into_iter().flatten().min();
    }

    /// Does what is due: paced packets, and those of a probe.
    pub(crate) fn advance(&mut self, now: Instant, egress: &mut dyn Egress) {
        self.continue_probe(now);
        self.send(now, egress);
    }

    fn continue_probe(&mut self, now: Instant) {
        let Some(probing) = &self.probing else { return };
        let elapsed = now.saturating_duration_since(probing.began).as_secs_f64();
        let due = (elapsed * probing.probe.bps as f64 / 8.0) as u64;
        if probing.sent_bytes > due {
            return;
        }
        let missing = (due - probing.sent_bytes) as usize / PROBE_PACKET_BYTES + 1;
        let padding =
            self.streams.iter().enumerate().find_map(|(at, stream)| Some((at, stream, stream.history.last()?)));
        let Some((at, stream, (body, as_sent))) = padding else {
            self.probing = None;
            return;
        };
        for _ in 0..missing.min(BURST_PACKETS) {
            self.at_once.push_back(Planned::new(at, stream, body.clone(), *as_sent, Way::Repair));
        }
    }

    /// What comes around every [`crate::forward::rates::TICK`]: reports, and
    /// probes for `wanted_bps`.
    pub(crate) fn tick(&mut self, now: Instant, wanted_bps: u64, egress: &mut dyn Egress) {
        self.report(now, egress);
        let now_us = self.clock.us(now);
        if let Some(estimator) = &mut self.estimator {
            estimator.tick(now_us);
        }
        let can_probe = self.probing.is_none()
            && self.srtp.is_some()
            && self
                .streams
                .iter()
                .any(|stream| stream.described.extensions.transport != 0 && stream.history.last().is_some());
        if can_probe
            && let Some(probe) = self.estimator.as_mut().and_then(|estimator| estimator.probe(now_us, wanted_bps))
        {
            self.probing = Some(Probing { probe, began: now, sent_bytes: 0 });
            self.advance(now, egress);
        }
    }

    /// Sends the sender reports that are due.
    fn report(&mut self, now: Instant, egress: &mut dyn Egress) {
        let (Some(srtp), Some(to)) = (&mut self.srtp, self.route) else { return };
        let ntp = self.clock.ntp(now);
        let room = egress.room();
        let start = room.len();
        let mut described = None;
        for stream in &mut self.streams {
            // More would not fit a datagram; their turn comes with the next tick.
            if room.len() - start > 1_000 {
                break;
            }
            if let Some(sending) = stream.report(now, ntp) {
                rtcp::write_sender_report(room, &sending);
                described.get_or_insert((sending.ssrc, &stream.described.cname));
            }
        }
        let Some((ssrc, cname)) = described else { return };
        rtcp::write_description(room, ssrc, cname.as_bytes());
        if srtp.seal_rtcp(room, start).is_none() {
            return;
        }
        let bytes = room.len() - start;
        egress.launch(to, start, bytes);
        self.count(1, bytes);
    }

    /// Says good-bye.
    pub(crate) fn close(&mut self, egress: &mut dyn Egress) {
        let (Some(srtp), Some(to)) = (&mut self.srtp, self.route) else { return };
        let ssrcs: Vec<u32> = self.streams.iter().map(|stream| stream.described.ssrc).collect();
        let room = egress.room();
        let start = room.len();
        rtcp::write_bye(room, &ssrcs);
        if srtp.seal_rtcp(room, start).is_none() {
            return;
        }
        let bytes = room.len() - start;
        egress.launch(to, start, bytes);
        self.count(1, bytes);
    }

    /// A datagram of SRTP or SRTCP from the client. Streams of which a key
    /// frame is needed are put into `needs_key_frame`.
    pub(crate) fn hear(
        &mut self,
        now: Instant,
        datagram: &[u8],
        needs_key_frame: &mut Vec<usize>,
        egress: &mut dyn Egress,
    ) {
        if self.srtp.is_none() {
            self.srtp = self.overheard.keys().and_then(Srtp::new).map(Box::new);
        }
        let Some(srtp) = &mut self.srtp else { return };
        let mut opened = std::mem::take(&mut self.opened);
        if let Some(compound) = srtp.open_rtcp(datagram, &mut opened) {
            rtcp::read(compound, |said| self.take(now, said, needs_key_frame));
        }
        self.opened = opened;
        if !self.repairs.is_empty() {
            self.send(now, egress);
        }
    }

    fn take(&mut self, now: Instant, said: Said<'_>, needs_key_frame: &mut Vec<usize>) {
        let place = |streams: &[Stream], ssrc: u32| streams.iter().position(|stream| stream.described.ssrc == ssrc);
        match said {
            Said::Arrivals(arrivals) => {
                self.sent.report(&arrivals, &mut self.told);
                if let Some(estimator) = &mut self.estimator {
                    estimator.report(self.clock.us(now), &self.told.acked, self.told.lost);
                    self.round_trip = Duration::from_micros(estimator.round_trip_us());
                }
            }
            Said::Missing { ssrc, entries } => {
                if let Some(at) = place(&self.streams, ssrc) {
                    self.repair(now, at, &entries);
                }
            }
            Said::NeedsKeyFrame { ssrc } => needs_key_frame.extend(place(&self.streams, ssrc)),
            Said::Reception(reception) => self.received(now, &reception),
            Said::Bandwidth { bps } => {
                let transport = self.streams.iter().any(|stream| stream.described.extensions.transport != 0);
                if let Some(estimator) = self.estimator.as_mut().filter(|_| !transport) {
                    estimator.receiver_says(self.clock.us(now), bps);
                }
            }
        }
    }

    fn received(&mut self, now: Instant, reception: &Reception) {
        let Some(stream) = self.streams.iter_mut().find(|stream| stream.described.ssrc == reception.ssrc) else {
            return;
        };
        stream.is_bound = true;
        let middle = (self.clock.ntp(now) >> 16) as u32;
        let age = middle.wrapping_sub(reception.last_report);
        if reception.last_report != 0
            && age < REPORT_AGE
            && let Some(estimator) = &mut self.estimator
        {
            estimator.arrives();
        }
        let since = age.wrapping_sub(reception.delay);
        if reception.last_report != 0 && since < REPORT_AGE {
            self.round_trip = Duration::from_secs_f64(f64::from(since) / f64::from(0x1_0000));
        }
    }

    fn repair(&mut self, now: Instant, at: usize, missing: &Missing<'_>) {
        let rest = (self.round_trip * 3 / 4).clamp(*REPAIR_REST.start(), *REPAIR_REST.end());
        self.allowance.settle(now, self.estimate_bps().unwrap_or(FIRST_ESTIMATE_BPS));
        for sequence in missing.sequences() {
            if !self.allowance.is_left() {
                return;
            }
            if let Some(found) = self.streams[at].history.again(sequence, rest, now) {
                let way = found.form.map_or(Way::Repair, Way::Same);
                let planned = Planned::new(at, &self.streams[at], found.body, found.as_sent, way);
                self.allowance.take(planned.bytes);
                self.queued_bytes += planned.bytes;
                self.repairs.push_back(planned);
            }
        }
    }
}

#[cfg(test)]
#[path = "outlet_tests.rs"]
mod tests;
