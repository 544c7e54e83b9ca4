//! One run of many cameras: everybody publishes in simulcast and sees all the others, most of them small.

use super::gallery::{FRAME_PACKETS_MAX, Gallery, Seen};
use super::load::{Answering, Outcome, answer_further_offers, await_state};
use super::packetiser::{Layer, PAYLOAD_MAX_BYTES, PAYLOAD_MIN_BYTES};
use super::peer::Settings;
use super::publishing::{LAYERS_MAX, Plan};
use super::reactor::{Collected, PeerIndex, Reactor, Watched};
use super::window::Windows;
use crate::clock;
use crate::failure::{Failure, Result, within};
use crate::figures::process::{Process, Usage};
use crate::figures::report::Figures;
use crate::forwarder::Watcher;
use crate::hearth::group::Gathered;
use crate::hearth::media::HearthWatcher;
use hearth_protocol::ids::{LegId, TrackId};
use hearth_protocol::media::Source;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// The most people who may show themselves in a group at a time.
pub const CAMERAS_MAX: usize = 25;
/// The least: one would have nobody to see.
pub const CAMERAS_MIN: usize = 2;
/// The most bits a second of one layer, in thousands.
pub const KBPS_MAX: u32 = 8_000;

/// The heights of the layers, in pixels.
const HEIGHTS_PX: [u16; LAYERS_MAX] = [180, 360, 720];
/// How high most people are shown, and how high whom one looks at, in device pixels: 25 of them beside one that is large.
const SMALL_PX: u32 = 144;
const LARGE_PX: u32 = 720;
/// How much frames differ in size.
const SWING_PERCENT: u8 = 15;
/// How long connecting may take, all offers and answers included.
const CONNECT_S: u64 = 60;
/// How long everybody's bandwidth may take to be found; what is not by then is measured as it is.
const SETTLE: Duration = Duration::from_secs(60);
/// How long the last packets may take after the window.
const STRAGGLERS: Duration = Duration::from_millis(1_500);
/// How often a value of another thread is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// By how many frames and sounds the windows open ahead, so that none is under way already.
const AHEAD: u64 = 2;

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// How many publish, and watch each other.
    pub cameras: usize,
    /// How many watch besides.
    pub viewers: usize,
    /// How many are shown large to each.
    pub large: usize,
    /// Bits a second of each layer, in thousands, the lowest first; 0: it is not sent.
    pub kbps: [u32; LAYERS_MAX],
    /// Frames a second.
    pub frame_rate: u32,
    /// Whether there is sound.
    pub sound: bool,
    /// How many begin to watch at the same time.
    pub join_together: usize,
    /// How long is measured.
    pub seconds: u64,
    /// How long media flows before that, once everybody has what they show.
    pub warm_up_seconds: u64,
    /// Whether the viewers send transport-wide feedback.
    pub feedback: bool,
    /// Where the sockets are bound.
    pub ip: IpAddr,
}

/// The layer of so many bits a second: no more packets than its largest frames need.
///
/// # Errors
/// Frames of more packets than are told apart.
pub fn layer(kbps: u32, frame_rate: u32, height_px: u16) -> Result<Layer> {
    let frame_bytes = kbps as usize * 125 / frame_rate.max(1) as usize;
    let largest = frame_bytes * (100 + usize::from(SWING_PERCENT)) / 100;
    let packets = largest.div_ceil(PAYLOAD_MAX_BYTES);
    if packets > FRAME_PACKETS_MAX {
        return Err(Failure::Usage(format!(
            "{kbps} kbit/s in {frame_rate} frames a second are frames of {packets} packets, but {FRAME_PACKETS_MAX} can be told apart"
        )));
    }
    let payload_bytes = (frame_bytes / packets.max(1)).max(PAYLOAD_MIN_BYTES);
    Ok(Layer { packets_per_second: packets as u32 * frame_rate, payload_bytes, height_px })
}

impl Load {
    /// What each publisher sends.
    pub fn plan(&self, publisher: usize) -> Result<Plan> {
        let mut layers = [Layer::default(); LAYERS_MAX];
        for (index, sent) in layers.iter_mut().enumerate() {
            *sent = layer(self.kbps[index], self.frame_rate, HEIGHTS_PX[index])?;
        }
        Ok(Plan {
            publisher: publisher as u16,
            layers,
            frame_rate: self.frame_rate,
            swing_percent: SWING_PERCENT,
            sound: self.sound,
        })
    }

    fn people(&self) -> usize {
        self.cameras + self.viewers
    }

    /// How many others each of the people sees.
    fn others(&self, person: usize) -> usize {
        self.cameras - usize::from(person < self.cameras)
    }

    /// Whether `person` shows `publisher` large: all look at the same, who speak, and these at whoever comes next.
    fn is_large(&self, person: usize, publisher: usize) -> bool {
        let before = publisher - usize::from(person < publisher);
        publisher != person && before < self.large
    }

    /// How many of the pictures that one person is sent are to be in which layer, if the network carries it.
    fn wanted(&self, person: usize) -> [usize; LAYERS_MAX] {
        let sent = |layer: &usize| self.kbps[*layer] > 0;
        let fits = |px: u32| {
            let high_enough = (0..LAYERS_MAX).filter(sent).find(|layer| u32::from(HEIGHTS_PX[*layer]) >= px);
            high_enough.or((0..LAYERS_MAX).rfind(sent)).unwrap_or(0)
        };
        let large = self.large.min(self.others(person));
        let mut wanted = [0; LAYERS_MAX];
        wanted[fits(SMALL_PX)] += self.others(person) - large;
        wanted[fits(LARGE_PX)] += large;
        wanted
    }
}

/// Runs the load in a group, whose server is `process`; `empty` is what that used before anybody came.
pub async fn run(mut group: Gathered, process: Option<Process>, empty: &Usage, load: Load) -> Result<Outcome> {
    let settings = Settings::new(load.ip, load.feedback)?;
    let (publishers, _publishing) = Reactor::start("publishers", settings.clone())?;
    let (viewers, _viewing) = Reactor::start("viewers", settings)?;
    let windows: Vec<Arc<Windows>> = (0..load.cameras).map(|_| Arc::new(Windows::default())).collect();
    let mut people = std::mem::take(&mut group.members);
    let legs = publish(&mut people, &publishers, &windows, &load).await?;
    let (peers, _answering) = watch(people, &viewers, &windows, &legs, load).await?;
    let settled_s = settle(&viewers, &peers, &load).await?;
    tokio::time::sleep(Duration::from_secs(load.warm_up_seconds)).await;

    viewers.reset().await?;
    let before = Usage::of(process)?;
    let began_ns = clock::now_ns();
    for one in &windows {
        one.packets.open(u64::from(load.plan(0)?.packets_per_second() / 10).max(AHEAD));
        one.frames.open(AHEAD);
        one.sounds.open(AHEAD);
    }
    tokio::time::sleep(Duration::from_secs(load.seconds)).await;
    windows.iter().for_each(|one| one.close());
    let seconds = (clock::now_ns() - began_ns) as f64 / 1e9;
    let after = Usage::of(process)?;
    tokio::time::sleep(STRAGGLERS).await;
    let counted = viewers.collect().await?;
    let sent = publishers.collect().await?;
    // What the run measured stands, whatever becomes of the goodbye.
    let _ = group.dissolve().await;
    let measured = Measured {
        cpu_us: after.cpu_us_since(&before),
        memory_kib: after.kib_since(empty),
        seconds,
        settled_s,
        packets_in: windows.iter().map(|one| one.packets.sent()).sum(),
        key_frames: sent.key_frames,
        failures: counted.failures.len() + sent.failures.len(),
    };
    Ok(figures(&load, &measured, &counted))
}

/// Everybody who has a camera goes on, one after the other; their legs.
async fn publish(
    people: &mut [HearthWatcher],
    publishers: &Reactor,
    windows: &[Arc<Windows>],
    load: &Load,
) -> Result<Vec<LegId>> {
    let mut legs = Vec::new();
    for ((index, window), person) in windows.iter().enumerate().zip(people) {
        let (peer, offer) = publishers.add_publisher(load.plan(index)?, window.clone()).await?;
        let (leg, answer) = within(CONNECT_S, "the answer to a publisher", person.publish(offer)).await?;
        publishers.answered(peer, answer).await?;
        await_state(publishers, peer, "a publisher's connection", |state| state.connected_ns.is_some()).await?;
        legs.push(leg);
    }
    Ok(legs)
}

/// Everybody watches, some at a time.
async fn watch(
    people: Vec<HearthWatcher>,
    viewers: &Reactor,
    windows: &[Arc<Windows>],
    legs: &[LegId],
    load: Load,
) -> Result<(Vec<PeerIndex>, Answering)> {
    let (mut peers, mut answering) = (Vec::new(), Answering(Vec::new()));
    let legs: Arc<[LegId]> = legs.into();
    let mut people = people.into_iter().enumerate().peekable();
    while people.peek().is_some() {
        let mut joining = Vec::new();
        for (person, watcher) in people.by_ref().take(load.join_together) {
            let others = windows.iter().enumerate().map(|(of, one)| (of != person).then(|| one.clone())).collect();
            let gallery = Gallery::new(others, load.sound);
            let peer = viewers.add_viewer(Watched::Many(Box::new(gallery))).await?;
            peers.push(peer);
            let task = watch_one(watcher, viewers.clone(), peer, legs.clone(), person, load);
            joining.push(tokio::task::spawn_local(task));
        }
        for task in joining {
            answering.0.push(task.await.map_err(|error| Failure::Media(error.to_string()))??);
        }
    }
    Ok((peers, answering))
}

/// One person watches all others and says how large they are shown; the task that answers further offers.
async fn watch_one(
    mut watcher: HearthWatcher,
    viewers: Reactor,
    peer: PeerIndex,
    legs: Arc<[LegId]>,
    person: usize,
    load: Load,
) -> Result<JoinHandle<()>> {
    let cameras = |watcher: &HearthWatcher| -> Vec<(usize, TrackId)> {
        let cameras = watcher.tracks().iter().filter(|track| track.source == Source::Camera);
        cameras.filter_map(|one| Some((legs.iter().position(|leg| *leg == one.leg)?, one.track.clone()))).collect()
    };
    let connecting = async {
        let mut offer = watcher.watch().await?;
        loop {
            let answer = viewers.offered(peer, offer).await?;
            watcher.answer(answer).await?;
            if cameras(&watcher).len() == load.others(person) {
                break;
            }
            offer = watcher.next_offer().await?;
        }
        for (publisher, track) in cameras(&watcher) {
            let height = if load.is_large(person, publisher) { LARGE_PX } else { SMALL_PX };
            watcher.shows(track, height).await?;
        }
        Ok(())
    };
    within(CONNECT_S, "everybody's picture being offered", connecting).await?;
    await_state(&viewers, peer, "everybody's picture", |state| state.seen.publishers == load.others(person)).await?;
    Ok(tokio::task::spawn_local(answer_further_offers(watcher, viewers, peer)))
}

/// Waits until everybody is given what they show; how long that took in seconds, or `None` where some are still given less.
async fn settle(viewers: &Reactor, peers: &[PeerIndex], load: &Load) -> Result<Option<f64>> {
    let began_ns = clock::now_ns();
    let all = async {
        for (person, peer) in peers.iter().enumerate() {
            let wanted = Seen { publishers: load.others(person), layers: load.wanted(person) };
            while viewers.state(*peer).await?.seen != wanted {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        Ok(())
    };
    match tokio::time::timeout(SETTLE, all).await {
        Ok(all) => all.map(|()| Some((clock::now_ns() - began_ns) as f64 / 1e9)),
        Err(_) => Ok(None),
    }
}

struct Measured {
    cpu_us: Option<f64>,
    memory_kib: Option<f64>,
    seconds: f64,
    settled_s: Option<f64>,
    packets_in: u64,
    key_frames: u64,
    failures: usize,
}

fn figures(load: &Load, measured: &Measured, counted: &Collected) -> Outcome {
    let ratio = |a: f64, b: f64| (b > 0.0).then(|| a / b);
    let a_second = |count: f64| ratio(count, measured.seconds);
    let arrived = counted.unique as f64;
    let delivered = ratio(arrived, counted.expected as f64).unwrap_or(0.0);
    let lost = counted.expected.saturating_sub(counted.unique) as f64;
    let mut f = Figures::default();
    let cpu = measured.cpu_us;
    f.add("cpu_us_per_packet", "server CPU a forwarded packet", "µs", 2, cpu.and_then(|us| ratio(us, arrived)));
    f.add("cpu_percent", "server CPU, of one core", "%", 1, cpu.and_then(|us| a_second(us / 1e4)));
    f.add("packets_in_per_second", "packets published a second", "", 0, a_second(measured.packets_in as f64));
    f.add("packets_per_second", "packets arrived a second", "", 0, a_second(arrived));
    let megabits = a_second(counted.bytes as f64 * 8e-6);
    f.add("megabits_per_second", "payload arrived a second", "Mbit/s", 1, megabits);
    f.add("delivered_percent", "delivered", "%", 3, Some(delivered * 100.0));
    let least = counted.least_share.map(|share| share * 100.0);
    f.add("delivered_worst_viewer_percent", "delivered to the worst-off viewer", "%", 3, least);
    f.add("lost_packets", "lost packets", "", 0, Some(lost));
    f.add("missed_frames", "of these, whole frames", "", 0, Some(counted.missed_frames as f64));
    f.add("doubled_packets", "doubled packets", "", 0, Some(counted.doubled as f64));
    let latency =
        [("latency_p50_ms", "latency p50"), ("latency_p95_ms", "latency p95"), ("latency_p99_ms", "latency p99")];
    f.add_percentiles(latency, &counted.latency_us);
    let frames: u64 = counted.layer_frames.iter().sum();
    let names = [
        ("layer_low_percent", "pictures in the lowest layer"),
        ("layer_middle_percent", "pictures in the middle layer"),
        ("layer_high_percent", "pictures in the highest layer"),
    ];
    for ((key, label), in_layer) in names.into_iter().zip(counted.layer_frames) {
        f.add(key, label, "%", 2, ratio(in_layer as f64 * 100.0, frames as f64));
    }
    f.add("settled_s", "until everybody had the layers they show", "s", 1, measured.settled_s);
    let memory = measured.memory_kib.and_then(|kib| ratio(kib, load.people() as f64));
    f.add("memory_kib_per_person", "server memory a person", "KiB", 0, memory);
    f.add("key_frames", "key frames sent in all", "", 0, Some(measured.key_frames as f64));
    f.add("failed_connections", "connections that were lost", "", 0, Some(measured.failures as f64));
    Outcome { figures: f, delivered, doubled: counted.doubled }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn load(cameras: usize, large: usize) -> Load {
        Load {
            cameras,
            viewers: 1,
            large,
            kbps: [150, 500, 1_700],
            frame_rate: 30,
            sound: true,
            join_together: 1,
            seconds: 1,
            warm_up_seconds: 0,
            feedback: true,
            ip: Ipv4Addr::LOCALHOST.into(),
        }
    }

    #[test]
    fn layers_have_the_rate_that_was_asked_for() {
        for (kbps, frame_rate, packets) in [(150, 30, 1), (500, 30, 2), (1_700, 30, 7), (1_700, 15, 14), (8, 60, 1)] {
            let layer = layer(kbps, frame_rate, 180).unwrap();
            assert_eq!(layer.packets_per_second, packets * frame_rate, "{kbps} kbit/s");
            let bits = layer.packets_per_second as usize * layer.payload_bytes * 8;
            let asked = kbps as usize * 1_000;
            let floor = PAYLOAD_MIN_BYTES * 8 * frame_rate as usize;
            assert!((asked.max(floor) * 99 / 100..=asked.max(floor)).contains(&bits), "{kbps}: {bits}");
        }
        assert_eq!(layer(0, 30, 180).unwrap().packets_per_second, 0, "it is not sent");
    }

    #[test]
    fn frames_of_too_many_packets_are_refused() {
        let most = |kbps| layer(kbps, 1, 720).map(|layer| layer.packets_per_second);
        let fits = (PAYLOAD_MAX_BYTES * FRAME_PACKETS_MAX * 100 / (100 + usize::from(SWING_PERCENT)) / 125) as u32;
        assert_eq!(most(fits).unwrap() as usize, FRAME_PACKETS_MAX);
        assert!(most(fits + 1).is_err());
    }

    #[test]
    fn all_look_at_the_same_and_nobody_at_themselves() {
        let load = load(4, 1);
        let large = |person| (0..4).filter(|of| load.is_large(person, *of)).collect::<Vec<_>>();
        assert_eq!([large(0), large(1), large(3), large(4)], [vec![1], vec![0], vec![0], vec![0]]);
        assert_eq!((load.others(3), load.others(4)), (3, 4), "a viewer sees one more");
        assert_eq!((load.wanted(3), load.wanted(4)), ([2, 0, 1], [3, 0, 1]));
        let all = Load { large: 9, ..load };
        assert_eq!(all.wanted(0), [0, 0, 3]);
        let two_layers = Load { kbps: [150, 500, 0], ..load };
        assert_eq!(two_layers.wanted(0), [2, 1, 0], "the highest there is");
        assert_eq!(Load { kbps: [0, 500, 0], ..load }.wanted(0), [0, 3, 0]);
    }

    #[test]
    fn what_arrived_is_what_is_divided_by() {
        let measured = Measured {
            cpu_us: Some(2e6),
            memory_kib: Some(1_000.0),
            seconds: 10.0,
            settled_s: None,
            packets_in: 1_000,
            key_frames: 3,
            failures: 0,
        };
        let counted =
            Collected { unique: 995_000, expected: 1_000_000, layer_frames: [92, 4, 4], ..Collected::default() };
        let outcome = figures(&load(4, 1), &measured, &counted);
        let figure = |key| outcome.figures.get(key);
        assert_eq!((figure("cpu_us_per_packet"), figure("cpu_percent")), (Some(2e6 / 995_000.0), Some(20.0)));
        assert_eq!((figure("lost_packets"), figure("layer_low_percent")), (Some(5_000.0), Some(92.0)));
        assert_eq!((figure("memory_kib_per_person"), figure("settled_s")), (Some(200.0), None));
        assert_eq!(outcome.delivered, 0.995);
    }
}
