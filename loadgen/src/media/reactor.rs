//! A thread that drives peers: waits for their sockets and deadlines, and takes requests from outside.

use super::gallery::{Gallery, Seen};
use super::peer::{Peer, Report, Settings};
use super::publishing::{LAYERS_MAX, Plan, PublishOffer, Publishing};
use super::reception::Reception;
use super::stamp::{FrameKind, Stamp};
use super::window::Windows;
use crate::clock;
use crate::failure::{Failure, Result};
use crate::figures::histogram::Histogram;
use crate::net::datagrams::Batch;
use crate::net::poller::{Poller, Waker};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use str0m::media::KeyframeRequestKind;
use str0m::rtp::Ssrc;
use tokio::sync::oneshot;

/// The longest sleep.
const IDLE: Duration = Duration::from_millis(100);
/// How long a viewer waits for a key frame before it asks for one: as browsers do.
const KEY_FRAME_WAIT: Duration = Duration::from_millis(200);

/// One peer of a thread.
pub type PeerIndex = usize;

enum Request {
    AddPublisher(Plan, Arc<Windows>, oneshot::Sender<Result<(PeerIndex, PublishOffer)>>),
    AddViewer(Watched, oneshot::Sender<Result<PeerIndex>>),
    Answered(PeerIndex, String, oneshot::Sender<Result<()>>),
    Offered(PeerIndex, String, oneshot::Sender<Result<String>>),
    State(PeerIndex, oneshot::Sender<State>),
    Reset(oneshot::Sender<()>),
    Collect(oneshot::Sender<Collected>),
    Stop,
}

/// What a viewer watches.
pub enum Watched {
    /// One publisher.
    One(Arc<Windows>),
    /// Several, side by side.
    Many(Box<Gallery>),
}

/// How a peer stands.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// When ICE and DTLS were through, by [`clock`].
    pub connected_ns: Option<u64>,
    /// When the first frame that can be decoded was complete, by [`clock`].
    pub first_frame_ns: Option<u64>,
    /// Of how many publishers there is picture and sound, and how many pictures come in which layer.
    pub seen: Seen,
    /// Why it is of no use any more.
    pub failed: Option<String>,
}

/// What the viewers of a thread have counted since the last reset.
#[derive(Default)]
pub struct Collected {
    /// Packets of the window, each counted once a viewer.
    pub unique: u64,
    /// Packets of the window that viewers of several publishers should have, by the layers they were given.
    pub expected: u64,
    /// Frames of the window that these viewers were given, by layer.
    pub layer_frames: [u64; LAYERS_MAX],
    /// Frames of the window of which nothing came.
    pub missed_frames: u64,
    /// The least share of what it should have that one of these viewers got.
    pub least_share: Option<f64>,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Packets of the window that came again.
    pub doubled: u64,
    /// The least that one viewer got.
    pub least: u64,
    /// Time from sending to arrival, in microseconds.
    pub latency_us: Histogram,
    /// Key frames that the publisher sent, since it began.
    pub key_frames: u64,
    /// What went wrong with peers.
    pub failures: Vec<String>,
}

/// The way to a thread. Dropping the last one ends the thread.
#[derive(Clone)]
pub struct Reactor {
    requests: Sender<Request>,
    waker: Waker,
}

impl Reactor {
    /// Starts a thread without peers.
    pub fn start(name: &str, settings: Settings) -> Result<(Self, Running)> {
        let poller = Poller::new()?;
        let waker = poller.waker();
        let (requests, inbox) = channel();
        let thread = Thread { poller, settings, inbox, slots: Vec::new(), latency_us: Histogram::default() };
        let handle = std::thread::Builder::new().name(name.to_owned()).spawn(move || thread.run())?;
        let reactor = Self { requests, waker };
        Ok((reactor.clone(), Running { reactor, handle: Some(handle) }))
    }

    /// Adds a publisher; its offer.
    pub async fn add_publisher(&self, plan: Plan, windows: Arc<Windows>) -> Result<(PeerIndex, PublishOffer)> {
        self.ask(|reply| Request::AddPublisher(plan, windows, reply)).await?
    }

    /// Gives a publisher its answer.
    pub async fn answered(&self, peer: PeerIndex, sdp: String) -> Result<()> {
        self.ask(|reply| Request::Answered(peer, sdp, reply)).await?
    }

    /// Adds a viewer.
    pub async fn add_viewer(&self, watched: Watched) -> Result<PeerIndex> {
        self.ask(|reply| Request::AddViewer(watched, reply)).await?
    }

    /// Gives a viewer the server's offer; its answer.
    pub async fn offered(&self, peer: PeerIndex, sdp: String) -> Result<String> {
        self.ask(|reply| Request::Offered(peer, sdp, reply)).await?
    }

    /// How a peer stands.
    pub async fn state(&self, peer: PeerIndex) -> Result<State> {
        self.ask(|reply| Request::State(peer, reply)).await
    }

    /// Starts counting anew.
    pub async fn reset(&self) -> Result<()> {
        self.ask(Request::Reset).await
    }

    /// What was counted.
    pub async fn collect(&self) -> Result<Collected> {
        self.ask(Request::Collect).await
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T> {
        let gone = || Failure::Media("the media thread has ended".to_owned());
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).map_err(|_| gone())?;
        self.waker.wake();
        answer.await.map_err(|_| gone())
    }
}

/// A running thread; dropping it ends it.
pub struct Running {
    reactor: Reactor,
    handle: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.reactor.requests.send(Request::Stop);
        self.reactor.waker.wake();
        if let Some(handle) = self.handle.take() {
            let _ = handle.join();
        }
    }
}

struct Slot {
    peer: Peer,
    role: Role,
}

enum Role {
    Publisher(Box<Publishing>),
    Viewer(Reception, KeyFrameWait, Arc<Windows>),
    Gallery(Box<Gallery>),
}

/// When a viewer that gets pictures but none to start with asks for one (RFC 4585 section 6.3.1).
#[derive(Default)]
struct KeyFrameWait {
    stream: Option<Ssrc>,
    ask_at: Option<Instant>,
}

struct Thread {
    poller: Poller,
    settings: Settings,
    inbox: Receiver<Request>,
    slots: Vec<Slot>,
    latency_us: Histogram,
}

impl Thread {
    fn run(mut self) {
        let mut batch = Batch::new();
        let mut ready = Vec::new();
        loop {
            let now = Instant::now();
            let next = self.slots.iter().map(Slot::deadline).min().unwrap_or(now + IDLE);
            let wait = next.saturating_duration_since(now).min(IDLE);
            if let Err(error) = self.poller.wait(wait, &mut ready) {
                eprintln!("loadgen: waiting for sockets failed: {error}");
                return;
            }
            for key in &ready {
                let Some(slot) = self.slots.get_mut(*key as usize) else { continue };
                let now_ns = clock::now_ns();
                let latency_us = &mut self.latency_us;
                slot.peer.receive(&mut batch, &mut |report| slot.role.take(report, now_ns, latency_us));
            }
            let now = Instant::now();
            for slot in &mut self.slots {
                slot.drive(now, &mut self.latency_us);
            }
            if !self.serve() {
                return;
            }
        }
    }

    /// Serves all requests; false when the thread shall end.
    fn serve(&mut self) -> bool {
        while let Ok(request) = self.inbox.try_recv() {
            // An asker that has gone away needs no answer.
            match request {
                Request::AddPublisher(plan, windows, reply) => drop(reply.send(self.add_publisher(plan, windows))),
                Request::AddViewer(watched, reply) => drop(reply.send(self.add(|_| Ok(Role::viewer(watched))))),
                Request::Answered(index, sdp, reply) => drop(reply.send(self.answered(index, &sdp))),
                Request::Offered(index, sdp, reply) => {
                    let answer = self.slots.get_mut(index).map(|slot| slot.peer.accept(&sdp));
                    drop(reply.send(answer.unwrap_or_else(no_such_peer)));
                }
                Request::State(index, reply) => {
                    drop(reply.send(self.slots.get(index).map(Slot::state).unwrap_or_default()))
                }
                Request::Reset(reply) => {
                    self.reset();
                    let _ = reply.send(());
                }
                Request::Collect(reply) => drop(reply.send(self.collect())),
                Request::Stop => return false,
            }
        }
        true
    }

    fn add(&mut self, role: impl FnOnce(&mut Peer) -> Result<Role>) -> Result<PeerIndex> {
        let mut peer = Peer::new(&self.settings)?;
        let role = role(&mut peer)?;
        let index = self.slots.len();
        self.poller.add(&peer, index as u64)?;
        self.slots.push(Slot { peer, role });
        Ok(index)
    }

    fn add_publisher(&mut self, plan: Plan, windows: Arc<Windows>) -> Result<(PeerIndex, PublishOffer)> {
        let mut made = None;
        let index = self.add(|peer| {
            let (publishing, offer) = Publishing::offer(peer, plan, windows)?;
            made = Some(offer);
            Ok(Role::Publisher(Box::new(publishing)))
        })?;
        made.map(|offer| (index, offer)).ok_or_else(|| Failure::Media("no offer".to_owned()))
    }

    fn answered(&mut self, index: PeerIndex, sdp: &str) -> Result<()> {
        match self.slots.get_mut(index) {
            Some(Slot { peer, role: Role::Publisher(publishing) }) => publishing.answered(peer, sdp),
            _ => no_such_peer(),
        }
    }

    fn reset(&mut self) {
        self.latency_us = Histogram::default();
        for slot in &mut self.slots {
            match &mut slot.role {
                Role::Viewer(reception, ..) => reception.reset(),
                Role::Gallery(gallery) => gallery.reset(),
                Role::Publisher(_) => {}
            }
        }
    }

    fn collect(&self) -> Collected {
        let mut collected = Collected { least: u64::MAX, latency_us: self.latency_us.clone(), ..Collected::default() };
        for slot in &self.slots {
            collected.failures.extend(slot.peer.failed().map(str::to_owned));
            match &slot.role {
                Role::Viewer(reception, ..) => {
                    collected.unique += reception.unique();
                    collected.doubled += reception.doubled();
                    collected.least = collected.least.min(reception.unique());
                }
                Role::Gallery(gallery) => gallery.add_to(&mut collected),
                Role::Publisher(publishing) => collected.key_frames += publishing.key_frames(),
            }
        }
        collected
    }
}

fn no_such_peer<T>() -> Result<T> {
    Err(Failure::Media("no such peer".to_owned()))
}

impl Slot {
    fn deadline(&self) -> Instant {
        let media = if self.peer.failed().is_some() { Instant::now() + IDLE } else { self.peer.deadline() };
        match &self.role {
            Role::Publisher(publishing) => publishing.next_at().map_or(media, |at| at.min(media)),
            Role::Viewer(_, wait, _) => wait.ask_at.map_or(media, |at| at.min(media)),
            Role::Gallery(_) => media,
        }
    }

    fn drive(&mut self, now: Instant, latency_us: &mut Histogram) {
        match &mut self.role {
            Role::Publisher(publishing) => publishing.send_due(&mut self.peer, now),
            Role::Viewer(reception, wait, _) => wait.ask(&mut self.peer, reception, now),
            Role::Gallery(_) => {}
        }
        let now_ns = clock::ns_of(now);
        self.peer.drive(now, &mut |report| self.role.take(report, now_ns, latency_us));
    }

    fn state(&self) -> State {
        State {
            connected_ns: self.peer.connected_ns(),
            first_frame_ns: match &self.role {
                Role::Viewer(reception, ..) => reception.first_frame_ns(),
                Role::Gallery(_) | Role::Publisher(_) => None,
            },
            seen: match &self.role {
                Role::Gallery(gallery) => gallery.seen(),
                Role::Viewer(..) | Role::Publisher(_) => Seen::default(),
            },
            failed: self.peer.failed().map(str::to_owned),
        }
    }
}

impl KeyFrameWait {
    fn ask(&mut self, peer: &mut Peer, reception: &Reception, now: Instant) {
        let (Some(stream), Some(_)) = (self.stream, self.ask_at.filter(|at| *at <= now)) else { return };
        if reception.first_frame_ns().is_some() {
            self.ask_at = None;
            return;
        }
        self.ask_at = Some(now + KEY_FRAME_WAIT);
        if let Some(stream) = peer.rtc.direct_api().stream_rx(&stream) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
            peer.wake(now);
        }
    }
}

impl Role {
    fn viewer(watched: Watched) -> Self {
        match watched {
            Watched::One(windows) => Self::Viewer(Reception::default(), KeyFrameWait::default(), windows),
            Watched::Many(gallery) => Self::Gallery(gallery),
        }
    }

    fn take(&mut self, report: Report, now_ns: u64, latency_us: &mut Histogram) {
        match (self, report) {
            (Self::Viewer(reception, wait, windows), Report::Packet(packet)) => {
                let Some(stamp) = Stamp::read(&packet.payload) else { return };
                if stamp.kind != FrameKind::Sound && wait.stream.is_none() {
                    wait.stream = Some(packet.header.ssrc);
                    wait.ask_at = Some(packet.timestamp + KEY_FRAME_WAIT);
                }
                if reception.take(stamp, now_ns, &windows.packets, latency_us) {
                    windows.packets.add_arrived(1, packet.payload.len() as u64);
                }
            }
            (Self::Gallery(gallery), Report::Packet(packet)) => {
                if let Some(stamp) = Stamp::read(&packet.payload) {
                    gallery.take(stamp, packet.payload.len(), now_ns, latency_us);
                }
            }
            (Self::Publisher(publishing), Report::KeyFrameWanted(rid)) => publishing.want_key_frame(rid),
            _ => {}
        }
    }
}
