//! The estimator against links in virtual time: bottlenecks, losses, jitter,
//! another's traffic.

use std::collections::VecDeque;

use super::*;

const PACKET_BYTES: usize = 1_200;
const REPORT_US: u64 = 50_000;
/// What would be used if it were there.
const WANTED_BPS: u64 = 1_500_000;

/// A link with a queue that drops what would wait longer than `queue_us`.
struct Link {
    bps: u64,
    queue_us: u64,
    delay_us: u64,
    jitter_us: u64,
    loss: f64,
    /// Traffic of somebody else, in bits a second.
    other_bps: u64,
}

impl Default for Link {
    fn default() -> Link {
        Link { bps: 1_000_000, queue_us: 300_000, delay_us: 25_000, jitter_us: 0, loss: 0.0, other_bps: 0 }
    }
}

struct Run {
    estimator: Estimator,
    now_us: u64,
    free_us: u64,
    debt: f64,
    other_debt: f64,
    /// When a report is due, and what is in it: `None` is lost.
    reports: VecDeque<(u64, Vec<Option<Acked>>)>,
    open: Vec<(u64, Option<Acked>)>,
    probe: Option<Probe>,
    probe_debt: f64,
    /// The report that tells of a probe is lost.
    loses_probes: bool,
    random: u64,
}

impl Run {
    fn new(first_bps: u64) -> Run {
        Run {
            estimator: Estimator::new(first_bps),
            now_us: 0,
            free_us: 0,
            debt: 0.0,
            other_debt: 0.0,
            reports: VecDeque::new(),
            open: Vec::new(),
            probe: None,
            probe_debt: 0.0,
            loses_probes: false,
            random: 7,
        }
    }

    fn chance(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A sender who uses what is estimated, as an encoder does; frames of 30 a second.
    fn play(&mut self, link: &Link, seconds: f64) {
        let end = self.now_us + (seconds * 1e6) as u64;
        let mut next_report = self.now_us + REPORT_US;
        while self.now_us < end {
            self.now_us += 1_000;
            self.other_debt += link.other_bps as f64 / 8_000.0;
            while self.other_debt >= PACKET_BYTES as f64 {
                self.other_debt -= PACKET_BYTES as f64;
                self.pass(link);
            }
            if self.now_us.is_multiple_of(100_000) && self.probe.is_none() {
                self.probe = self.estimator.probe(self.now_us, WANTED_BPS);
            }
            self.pad(link);
            self.debt += self.estimator.bps() as f64 / 8_000.0;
            while self.debt >= PACKET_BYTES as f64 {
                self.debt -= PACKET_BYTES as f64;
                self.send(link);
            }
            if self.now_us >= next_report {
                next_report += REPORT_US;
                self.report(link);
            }
            while self.reports.front().is_some_and(|(at, _)| *at <= self.now_us) {
                let Some((_, packets)) = self.reports.pop_front() else { break };
                let acked: Vec<Acked> = packets.iter().flatten().copied().collect();
                self.estimator.report(self.now_us, &acked, packets.len() - acked.len());
            }
        }
    }

    /// What a probe asks for beside media.
    fn pad(&mut self, link: &Link) {
        let Some(probe) = self.probe else { return };
        self.probe_debt += (probe.bps.saturating_sub(self.estimator.bps())) as f64 / 8_000.0;
        while self.probe_debt >= PACKET_BYTES as f64 && self.probe.is_some() {
            self.probe_debt -= PACKET_BYTES as f64;
            self.send(link);
        }
    }

    /// Puts a packet through the link's queue; when it leaves.
    fn pass(&mut self, link: &Link) -> Option<u64> {
        let starts = self.free_us.max(self.now_us);
        if starts - self.now_us > link.queue_us {
            return None;
        }
        self.free_us = starts + PACKET_BYTES as u64 * 8_000_000 / link.bps;
        Some(self.free_us)
    }

    fn send(&mut self, link: &Link) {
        let left = self.pass(link);
        let lost = self.chance() < link.loss;
        let jitter_us = (self.chance() * link.jitter_us as f64) as u64;
        let arrives = left.filter(|_| !lost).map(|left| left + link.delay_us + jitter_us);
        let acked = arrives.map(|at| Acked {
            sent_us: self.now_us,
            arrived_us: at as i64,
            bytes: PACKET_BYTES,
            probe: self.probe.map_or(0, |probe| probe.id),
        });
        if let Some(probe) = &mut self.probe {
            probe.bytes = probe.bytes.saturating_sub(PACKET_BYTES as u64);
            self.probe = self.probe.filter(|probe| probe.bytes > 0);
        }
        self.open.push((arrives.unwrap_or(self.now_us + link.delay_us), acked));
    }

    fn report(&mut self, link: &Link) {
        let now_us = self.now_us;
        let (told, open): (Vec<_>, Vec<_>) = self.open.drain(..).partition(|(at, _)| *at <= now_us);
        self.open = open;
        let packets: Vec<Option<Acked>> = told.into_iter().map(|(_, acked)| acked).collect();
        if self.loses_probes && packets.iter().flatten().any(|packet| packet.probe != 0) {
            return;
        }
        self.reports.push_back((now_us + link.delay_us, packets));
    }

    /// Mean of the estimate over a while.
    fn mean(&mut self, link: &Link, seconds: u64) -> f64 {
        let mut sum = 0.0;
        for _ in 0..seconds * 20 {
            self.play(link, 0.05);
            sum += self.estimator.bps() as f64;
        }
        sum / (seconds * 20) as f64
    }
}

#[test]
fn converges_on_a_bottleneck_within_ten_seconds_from_above_and_below() {
    for first_bps in [300_000, 600_000, 2_500_000] {
        let mut run = Run::new(first_bps);
        let link = Link::default();
        run.play(&link, 10.0);
        let mean = run.mean(&link, 10);
        assert!((900_000.0..1_100_000.0).contains(&mean), "from {first_bps}: {mean}");
    }
}

#[test]
fn gives_way_to_another_and_takes_the_room_back() {
    let mut run = Run::new(800_000);
    run.play(&Link::default(), 15.0);
    let shared = Link { other_bps: 500_000, ..Link::default() };
    run.play(&shared, 10.0);
    let beside = run.mean(&shared, 10);
    assert!((350_000.0..550_000.0).contains(&beside), "{beside}");
    run.play(&Link::default(), 20.0);
    let alone = run.mean(&Link::default(), 5);
    assert!(alone > 850_000.0, "{alone}");
}

#[test]
fn a_probe_that_nothing_is_heard_of_hides_no_congestion() {
    let deep = Link { queue_us: 3_000_000, ..Link::default() };
    let mut run = Run::new(800_000);
    run.play(&deep, 15.0);
    let probes = |run: &Run| run.probe.is_some();
    let soon = (0..30_000).any(|_| {
        run.play(&deep, 0.001);
        probes(&run)
    });
    assert!(soon, "it probes");
    run.loses_probes = true;
    let shared = Link { other_bps: 500_000, ..deep };
    run.play(&shared, 0.5);
    run.loses_probes = false;
    run.play(&shared, 9.5);
    let mean = run.mean(&shared, 10);
    assert!((350_000.0..600_000.0).contains(&mean), "{mean}");
    let queue_us = run.free_us.saturating_sub(run.now_us);
    assert!(queue_us < 500_000, "{queue_us}");
}

#[test]
fn jitter_and_a_little_loss_cost_little() {
    let link = Link { jitter_us: 8_000, loss: 0.01, ..Link::default() };
    let mut run = Run::new(600_000);
    run.play(&link, 15.0);
    let mean = run.mean(&link, 10);
    assert!((750_000.0..1_100_000.0).contains(&mean), "{mean}");
}

#[test]
fn a_queue_too_short_to_show_is_met_by_its_losses() {
    let link = Link { queue_us: 8_000, ..Link::default() };
    let mut run = Run::new(3_000_000);
    run.play(&link, 15.0);
    let mean = run.mean(&link, 10);
    assert!((500_000.0..1_300_000.0).contains(&mean), "{mean}");
}

#[test]
fn a_receiver_that_estimates_itself_is_believed() {
    let mut estimator = Estimator::new(2_500_000);
    estimator.receiver_says(0, 400_000);
    assert_eq!(estimator.bps(), 400_000);
    assert!(estimator.probe(10_000_000, 900_000).is_none());
    estimator.receiver_says(0, 9_000_000);
    assert_eq!(estimator.bps(), 2_500_000);
}

#[test]
fn what_a_receiver_said_is_forgotten_once_only_packets_are_reported_on() {
    let mut estimator = Estimator::new(2_500_000);
    estimator.receiver_says(1_000_000, 400_000);
    estimator.report(1_000_000 + RECEIVER_SAID_US, &[], 0);
    assert_eq!(estimator.bps(), 400_000);
    estimator.report(1_000_001 + RECEIVER_SAID_US, &[], 0);
    assert_eq!(estimator.bps(), 2_500_000);
}

/// Sends every 20 ms for so long with nothing heard; the estimate after each second.
fn unheard(estimator: &mut Estimator, from_ms: u64, seconds: u64) -> Vec<u64> {
    let mut told = Vec::new();
    for ms in (from_ms..from_ms + seconds * 1_000).step_by(20) {
        estimator.sent(ms * 1_000);
        if ms % 100 == 0 {
            estimator.tick(ms * 1_000);
        }
        if (ms + 20 - from_ms).is_multiple_of(1_000) {
            told.push(estimator.bps());
        }
    }
    told
}

#[test]
fn what_is_sent_into_silence_becomes_less_and_less() {
    let mut estimator = Estimator::new(2_000_000);
    assert_eq!(unheard(&mut estimator, 0, 10), [2_000_000; 10], "who never reports may not be able to");
    estimator.report(10_000_000, &[], 0);
    let fallen = unheard(&mut estimator, 10_000, 6);
    assert_eq!(fallen[0], 2_000_000);
    assert!(fallen.windows(2).all(|pair| pair[1] < pair[0] * 6 / 10), "{fallen:?}");
    assert!(fallen[4] < 200_000, "{fallen:?}");
    assert!(estimator.probe(16_000_000, 9_000_000).is_none());
    let before = estimator.bps();
    estimator.report(16_000_000, &[], 0);
    assert_eq!(estimator.bps(), before, "it is what is known now");
    assert!(estimator.probe(16_000_000, 9_000_000).is_some(), "and from there it goes up");
}

#[test]
fn who_sends_seldom_is_not_taken_for_silent() {
    let mut estimator = Estimator::new(2_000_000);
    estimator.report(0, &[], 0);
    for second in 0..20 {
        estimator.sent(second * 1_000_000);
        for tick in 0..10 {
            estimator.tick(second * 1_000_000 + tick * 100_000);
        }
    }
    assert_eq!(estimator.bps(), 2_000_000);
}

#[test]
fn one_who_tells_a_bandwidth_may_be_silent_for_longer() {
    let mut estimator = Estimator::new(2_000_000);
    estimator.receiver_says(0, 800_000);
    let fallen = unheard(&mut estimator, 0, 5);
    assert_eq!(fallen[..3], [800_000; 3]);
    assert!(fallen[4] < 400_000, "{fallen:?}");
    estimator.receiver_says(5_000_000, 800_000);
    assert_eq!(estimator.bps(), 800_000);
}

#[test]
fn one_who_tells_a_bandwidth_and_later_only_that_it_arrives_is_not_silent() {
    let mut estimator = Estimator::new(2_000_000);
    estimator.receiver_says(0, 800_000);
    for second in 0..10 {
        assert_eq!(unheard(&mut estimator, second * 1_000, 1), [800_000], "second {second}");
        estimator.arrives();
    }
    let fallen = unheard(&mut estimator, 10_000, 5)[4];
    assert!(fallen < 400_000, "{fallen}");
    estimator.arrives();
    assert_eq!(estimator.bps(), fallen, "it says no bandwidth");
    // One who reports on packets says more than that, or is silent.
    estimator.report(15_000_000, &[], 0);
    let before = estimator.bps();
    for second in 15..20 {
        unheard(&mut estimator, second * 1_000, 1);
        estimator.arrives();
    }
    assert!(estimator.bps() < before / 2);
}
