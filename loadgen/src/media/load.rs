//! One run of media: publish, let viewers join, measure a window, count.

use super::publishing::Plan;
use super::reactor::{Collected, PeerIndex, Reactor, State, Watched};
use super::window::{Window, Windows};
use crate::clock;
use crate::failure::{Failure, Result, within};
use crate::figures::histogram::Histogram;
use crate::figures::process::{Process, Usage};
use crate::figures::report::Figures;
use crate::forwarder::{Forwarder, Watcher};
use crate::media::peer::Settings;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// The most viewers of one run: each has a socket.
pub const VIEWERS_MAX: usize = 4_000;
/// The longest window, in seconds.
pub const SECONDS_MAX: u64 = 600;
/// Viewers that join alone, before the others do in a rush.
const ALONE_MAX: usize = 8;
/// How far apart these join: long enough that no key frame asked for by one comes in time for the next.
const ALONE_EVERY: Duration = Duration::from_millis(700);
/// How long a connection may take.
const CONNECT_S: u64 = 60;
/// How long the last packets may take after the window.
const STRAGGLERS: Duration = Duration::from_millis(1_500);
/// How often a value of another thread is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(4);

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// What the publisher sends.
    pub plan: Plan,
    /// How many watch.
    pub viewers: usize,
    /// How many of them join at the same time, after the first few that join alone.
    pub join_together: usize,
    /// How long is measured.
    pub seconds: u64,
    /// How long media flows to everybody before that.
    pub warm_up_seconds: u64,
    /// Whether the viewers send transport-wide feedback.
    pub feedback: bool,
    /// Where the sockets are bound.
    pub ip: IpAddr,
}

/// What a run gave.
pub struct Outcome {
    /// The figures.
    pub figures: Figures,
    /// The share of what was sent, over all viewers, that arrived: 0 to 1.
    pub delivered: f64,
    /// Packets that came twice.
    pub doubled: u64,
}

/// How long joining took, in microseconds from asking to watch.
#[derive(Default)]
struct Joined {
    connected_us: Histogram,
    alone_us: Histogram,
    rush_us: Histogram,
}

/// Runs the load against `room`, whose server is `process`.
pub async fn run<F: Forwarder>(room: &mut F, process: Option<Process>, load: Load) -> Result<Outcome> {
    let windows = Arc::new(Windows::default());
    let window = &windows.packets;
    let settings = Settings::new(load.ip, load.feedback)?;
    // The publisher has a thread of its own, so that its rhythm does not depend on what the viewers have to do.
    let (sender, _sending) = Reactor::start("publisher", settings.clone())?;
    let (viewers, _viewing) = Reactor::start("viewers", settings)?;
    let connected_ms = publish(room, &sender, load.plan, &windows).await?;
    let empty = Usage::of(process)?;
    let (joined, _answering) = join(room, &viewers, &load, &windows).await?;
    tokio::time::sleep(Duration::from_secs(load.warm_up_seconds)).await;

    viewers.reset().await?;
    let ahead = u64::from(load.plan.packets_per_second() / 10).max(2);
    let before = Usage::of(process)?;
    let began_ns = clock::now_ns();
    window.open(ahead);
    tokio::time::sleep(Duration::from_secs(load.seconds)).await;
    window.close();
    let expected = window.sent() * load.viewers as u64;
    let seconds = (clock::now_ns() - began_ns) as f64 / 1e9;
    let after = Usage::of(process)?;
    await_stragglers(window, expected).await;
    let counted = viewers.collect().await?;
    let key_frames = sender.collect().await?.key_frames;
    // What the run measured stands, whatever becomes of the goodbye.
    let _ = room.end().await;
    let measured = Measured {
        cpu_us: after.cpu_us_since(&before),
        memory_kib: after.kib_since(&empty),
        seconds,
        expected,
        bytes: window.bytes(),
        sent: window.sent(),
    };
    Ok(figures(load, &measured, &counted, &joined, connected_ms, key_frames))
}

async fn publish<F: Forwarder>(room: &mut F, sender: &Reactor, plan: Plan, windows: &Arc<Windows>) -> Result<f64> {
    let (publisher, offer) = sender.add_publisher(plan, windows.clone()).await?;
    let began_ns = clock::now_ns();
    let answer = within(CONNECT_S, "the answer to the publisher", room.publish(offer)).await?;
    sender.answered(publisher, answer).await?;
    let state =
        await_state(sender, publisher, "the publisher's connection", |state| state.connected_ns.is_some()).await?;
    Ok((state.connected_ns.unwrap_or(began_ns).saturating_sub(began_ns)) as f64 / 1e6)
}

/// Ends the tasks that answer further offers when it is dropped.
pub(super) struct Answering(pub(super) Vec<JoinHandle<()>>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

/// Lets the first few viewers join alone, and the others some at a time.
async fn join<F: Forwarder>(
    room: &mut F,
    viewers: &Reactor,
    load: &Load,
    windows: &Arc<Windows>,
) -> Result<(Joined, Answering)> {
    let (count, together) = (load.viewers, load.join_together);
    let watched = || Watched::One(windows.clone());
    let mut joined = Joined::default();
    let mut answering = Answering(Vec::new());
    let alone = count.min(ALONE_MAX);
    for _ in 0..alone {
        let (watcher, peer) = (room.add_viewer().await?, viewers.add_viewer(watched()).await?);
        tokio::time::sleep(ALONE_EVERY).await;
        let (connected_us, first_frame_us, further) = join_one(watcher, viewers.clone(), peer).await?;
        joined.connected_us.record(connected_us);
        joined.alone_us.record(first_frame_us);
        answering.0.push(further);
    }
    let mut left = count - alone;
    while left > 0 {
        let mut watchers = Vec::new();
        for _ in 0..left.min(together.max(1)) {
            watchers.push((room.add_viewer().await?, viewers.add_viewer(watched()).await?));
        }
        left -= watchers.len();
        let joining: Vec<_> = watchers
            .into_iter()
            .map(|(watcher, peer)| tokio::task::spawn_local(join_one(watcher, viewers.clone(), peer)))
            .collect();
        for task in joining {
            let (connected_us, first_frame_us, further) =
                task.await.map_err(|error| Failure::Media(error.to_string()))??;
            joined.connected_us.record(connected_us);
            joined.rush_us.record(first_frame_us);
            answering.0.push(further);
        }
    }
    Ok((joined, answering))
}

/// Watches; microseconds from asking to connected and to the first frame, and the task that answers further offers.
async fn join_one<W: Watcher + 'static>(
    mut watcher: W,
    viewers: Reactor,
    peer: PeerIndex,
) -> Result<(u64, u64, JoinHandle<()>)> {
    let began_ns = clock::now_ns();
    let offer = watcher.watch().await?;
    let answer = viewers.offered(peer, offer).await?;
    watcher.answer(answer).await?;
    // The first offer may come before the tracks do: then more follow, and the first frame waits for them.
    let further = tokio::task::spawn_local(answer_further_offers(watcher, viewers.clone(), peer));
    let state = await_state(&viewers, peer, "a viewer's first frame", |state| state.first_frame_ns.is_some()).await?;
    let since_us = |at: Option<u64>| at.unwrap_or(began_ns).saturating_sub(began_ns) / 1_000;
    Ok((since_us(state.connected_ns), since_us(state.first_frame_ns), further))
}

pub(super) async fn answer_further_offers<W: Watcher>(mut watcher: W, viewers: Reactor, peer: PeerIndex) {
    loop {
        let answered = async {
            let offer = watcher.next_offer().await?;
            let answer = viewers.offered(peer, offer).await?;
            watcher.answer(answer).await
        };
        if let Err(failure) = answered.await {
            // The server dropped this viewer: the packets it misses are counted as lost.
            eprintln!("loadgen: viewer {peer}: {failure}");
            return;
        }
    }
}

pub(super) async fn await_state(
    reactor: &Reactor,
    peer: PeerIndex,
    what: &str,
    reached: impl Fn(&State) -> bool,
) -> Result<State> {
    let look = async {
        loop {
            let state = reactor.state(peer).await?;
            if let Some(reason) = state.failed {
                return Err(Failure::Media(format!("{what}: {reason}")));
            }
            if reached(&state) {
                return Ok(state);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    within(CONNECT_S, what, look).await
}

async fn await_stragglers(window: &Window, expected: u64) {
    let all = async {
        while window.arrived() < expected {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    // What has not come by then is lost, and counted as that.
    let _ = tokio::time::timeout(STRAGGLERS, all).await;
}

struct Measured {
    cpu_us: Option<f64>,
    memory_kib: Option<f64>,
    seconds: f64,
    expected: u64,
    bytes: u64,
    sent: u64,
}

fn figures(
    load: Load,
    measured: &Measured,
    counted: &Collected,
    joined: &Joined,
    connected_ms: f64,
    key_frames: u64,
) -> Outcome {
    let ratio = |a: f64, b: f64| (b > 0.0).then(|| a / b);
    let arrived = counted.unique as f64;
    let delivered = ratio(arrived, measured.expected as f64).unwrap_or(0.0);
    let worst = ratio(counted.least as f64, measured.sent as f64).filter(|_| load.viewers > 0);
    let mut f = Figures::default();
    f.add(
        "cpu_us_per_packet",
        "server CPU a forwarded packet",
        "µs",
        2,
        measured.cpu_us.and_then(|us| ratio(us, arrived)),
    );
    f.add(
        "cpu_percent",
        "server CPU, of one core",
        "%",
        1,
        measured.cpu_us.and_then(|us| ratio(us / 1e4, measured.seconds)),
    );
    f.add("packets_per_second", "packets arrived a second", "", 0, ratio(arrived, measured.seconds));
    f.add(
        "megabits_per_second",
        "payload arrived a second",
        "Mbit/s",
        1,
        ratio(measured.bytes as f64 * 8e-6, measured.seconds),
    );
    f.add("delivered_percent", "delivered", "%", 3, Some(delivered * 100.0));
    f.add(
        "delivered_worst_viewer_percent",
        "delivered to the worst-off viewer",
        "%",
        3,
        worst.map(|share| share * 100.0),
    );
    f.add("lost_packets", "lost packets", "", 0, Some(measured.expected as f64 - arrived));
    f.add("doubled_packets", "doubled packets", "", 0, Some(counted.doubled as f64));
    let latency =
        [("latency_p50_ms", "latency p50"), ("latency_p95_ms", "latency p95"), ("latency_p99_ms", "latency p99")];
    f.add_percentiles(latency, &counted.latency_us);
    f.add("publish_to_connected_ms", "publish to connected", "ms", 1, Some(connected_ms));
    let p = |histogram: &Histogram, share| histogram.percentile(share).map(|us| us as f64 / 1_000.0);
    f.add("join_to_connected_p50_ms", "join to connected p50", "ms", 1, p(&joined.connected_us, 0.5));
    f.add("join_to_first_frame_p50_ms", "join to first frame, alone, p50", "ms", 1, p(&joined.alone_us, 0.5));
    f.add("join_to_first_frame_p95_ms", "join to first frame, alone, p95", "ms", 1, p(&joined.alone_us, 0.95));
    f.add("rush_to_first_frame_p50_ms", "join to first frame, in a rush, p50", "ms", 1, p(&joined.rush_us, 0.5));
    f.add("rush_to_first_frame_p95_ms", "join to first frame, in a rush, p95", "ms", 1, p(&joined.rush_us, 0.95));
    f.add(
        "memory_kib_per_viewer",
        "server memory a viewer",
        "KiB",
        0,
        measured.memory_kib.and_then(|kib| ratio(kib, load.viewers as f64)),
    );
    f.add("key_frames", "key frames sent in all", "", 0, Some(key_frames as f64));
    f.add("failed_viewers", "viewers that lost their connection", "", 0, Some(counted.failures.len() as f64));
    Outcome { figures: f, delivered, doubled: counted.doubled }
}
