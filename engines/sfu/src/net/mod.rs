//! The engine's threads and their sockets.

mod interfaces;
mod mail;
mod tap;
mod tcp;
mod udp;
mod worker;

pub(crate) use tcp::take_frames;

use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use mio::unix::SourceFd;
use mio::{Interest, Poll, Waker};

use crate::directory::Directory;
use crate::engine::{Engine, Setup};
use crate::sending::Clock;
use crate::{
    Busy, COMMAND_QUEUE, Command, Config, Error, Event, EventSink, FEED_QUEUE, FEED_QUEUE_BYTES, FRAME_BYTES,
    FeedFrame, LegId, MOST_THREADS, Stats,
};
use mail::{Mailbox, Post};
use tap::TapPort;
use tcp::{Admission, TcpPort};
use udp::UdpPort;
use worker::{FIRST_CONNECTION, Sockets, TCP, UDP, WAKE, Worker};

/// Ports tried for one that is free for both UDP and TCP.
const PORT_TRIES: usize = 32;

/// A running engine. Clones share it; it stops when the last one is dropped.
#[derive(Clone)]
pub struct Sfu {
    shared: Arc<Shared>,
}

/// What waits for the media thread, in one line so that a frame can't overtake
/// the command that opens its leg.
enum Order {
    Command(Command),
    Feed(LegId, FeedFrame),
}

/// How much of the feeds waits.
#[derive(Default)]
struct Waiting {
    frames: AtomicUsize,
    bytes: AtomicUsize,
}

impl Waiting {
    /// Makes room for a frame; `false`: there is none.
    fn add(&self, bytes: usize) -> bool {
        let frames = self.frames.fetch_add(1, Ordering::AcqRel);
        let waiting = self.bytes.fetch_add(bytes, Ordering::AcqRel);
        let fits = frames < FEED_QUEUE && waiting + bytes <= FEED_QUEUE_BYTES;
        if !fits {
            self.remove(bytes);
        }
        fits
    }

    fn remove(&self, bytes: usize) {
        self.frames.fetch_sub(1, Ordering::AcqRel);
        self.bytes.fetch_sub(bytes, Ordering::AcqRel);
    }
}

/// A worker's counters, as others see them.
#[derive(Clone, Default)]
struct StatsOf(Arc<Mutex<Stats>>);

impl StatsOf {
    fn set(&self, stats: Stats) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = stats;
    }

    fn get(&self) -> Stats {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Shared {
    /// What waits for each worker.
    orders: Vec<SyncSender<Order>>,
    directory: Arc<Directory>,
    waiting: Arc<Waiting>,
    boxes: Arc<[Mailbox]>,
    stop: Arc<AtomicBool>,
    stats: Vec<StatsOf>,
    local: SocketAddr,
    announced: Vec<SocketAddr>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What a worker is started with.
struct Desk {
    poll: Poll,
    udp: UdpPort,
    listener: Option<TcpListener>,
    orders: Receiver<Order>,
}

impl Sfu {
    /// Binds the port and starts the media threads. `events` is called on them.
    ///
    /// # Errors
    ///
    /// The port can't be bound, or nothing can be announced.
    pub fn start(config: Config, events: Box<dyn Fn(Event) + Send + Sync>) -> Result<Sfu, Error> {
        let count = match config.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let (mut ports, listener) = bind(config.listen, count.min(MOST_THREADS))?;
        let local = ports[0].local_addr()?;
        let announced = interfaces::announced(local, &config.public_addrs);
        if announced.is_empty() {
            return Err(Error::NoCandidate);
        }
        let directory = Arc::new(Directory::new(ports.len(), config.limits));
        let mut listener = Some(listener);
        let (mut desks, mut orders, mut boxes) = (Vec::new(), Vec::new(), Vec::new());
        for udp in ports.drain(..) {
            let poll = Poll::new()?;
            boxes.push(Mailbox::new(Waker::new(poll.registry(), WAKE)?));
            let (order, received) = sync_channel(COMMAND_QUEUE + FEED_QUEUE);
            orders.push(order);
            desks.push(Desk { poll, udp, listener: listener.take(), orders: received });
        }
        let shared = Arc::new(Shared {
            orders,
            directory,
            waiting: Arc::default(),
            boxes: boxes.into(),
            stop: Arc::default(),
            stats: desks.iter().map(|_| StatsOf::default()).collect(),
            local,
            announced,
            threads: Mutex::default(),
        });
        shared.employ(desks, &config, &Arc::from(events))?;
        Ok(Sfu { shared })
    }

    /// Hands a command over without waiting.
    ///
    /// # Errors
    ///
    /// At least [`COMMAND_QUEUE`] commands wait already, or the engine has stopped.
    pub fn send(&self, command: Command) -> Result<(), Busy> {
        let shared = &self.shared;
        let Some((worker, placed)) = shared.directory.worker_for(&command) else {
            // Whoever can have it has it, also where another can't.
            let all = (0..shared.orders.len()).map(|worker| self.order(worker, Order::Command(command.clone())));
            return all.collect::<Vec<_>>().into_iter().collect();
        };
        let leg = command.leg().cloned();
        self.order(worker, Order::Command(command)).inspect_err(|_| {
            if let Some(leg) = leg.filter(|_| placed) {
                shared.directory.give_up(&leg);
            }
        })
    }

    /// Hands a frame of a feed over without waiting. One for a leg that is no
    /// feed is dropped; its [`Event::Closed`] or [`Event::Refused`] tells why.
    ///
    /// # Errors
    ///
    /// The frame is larger than [`FRAME_BYTES`]; [`FEED_QUEUE`] frames or
    /// [`FEED_QUEUE_BYTES`] wait already; or the engine has stopped.
    pub fn feed(&self, leg: &LegId, frame: FeedFrame) -> Result<(), Busy> {
        let bytes = frame.data.len();
        if bytes > FRAME_BYTES {
            return Err(Busy::FrameTooLarge);
        }
        if !self.shared.waiting.add(bytes) {
            return Err(Busy::QueueFull);
        }
        let worker = self.shared.directory.worker_of(leg);
        self.order(worker, Order::Feed(leg.clone(), frame)).inspect_err(|_| self.shared.waiting.remove(bytes))
    }

    fn order(&self, worker: usize, order: Order) -> Result<(), Busy> {
        self.shared.orders[worker].try_send(order).map_err(|error| match error {
            TrySendError::Full(_) => Busy::QueueFull,
            TrySendError::Disconnected(_) => Busy::Stopped,
        })?;
        self.shared.boxes[worker].wake();
        Ok(())
    }

    /// The bound address; the port is that of UDP and TCP.
    pub fn local_addr(&self) -> SocketAddr {
        self.shared.local
    }

    /// The addresses that clients are told.
    pub fn announced(&self) -> &[SocketAddr] {
        &self.shared.announced
    }

    /// Counters of all threads, at most a fraction of a second old.
    pub fn stats(&self) -> Stats {
        self.stats_of_threads().iter().fold(Stats::default(), |all, one| all.plus(one))
    }

    /// Counters of each thread.
    pub fn stats_of_threads(&self) -> Vec<Stats> {
        self.shared.stats.iter().map(StatsOf::get).collect()
    }
}

impl Shared {
    /// Starts the workers, each at its desk.
    fn employ(&self, desks: Vec<Desk>, config: &Config, events: &EventSink) -> Result<(), Error> {
        let now = Instant::now();
        let (admission, clock) = (Arc::new(Admission::new(config.limits)), Clock::new(now));
        for (number, Desk { poll, udp, listener, orders }) in desks.into_iter().enumerate() {
            let setup = Setup {
                addresses: self.announced.clone(),
                tcp: true,
                bandwidth_estimation: config.bandwidth_estimation,
                limits: config.limits,
                worker: number,
                directory: self.directory.clone(),
                clock,
            };
            let mut engine = Engine::new(setup, events.clone(), now)?;
            let mut tcp = TcpPort::new(listener, admission.clone(), FIRST_CONNECTION)?;
            poll.registry().register(&mut SourceFd(&udp.as_raw_fd()), UDP, Interest::READABLE)?;
            if let Some(listener) = tcp.listener() {
                poll.registry().register(listener, TCP, Interest::READABLE)?;
            }
            let tap = config.tap.clone().map(|sink| TapPort::start(sink, now)).transpose()?;
            if tap.is_some() {
                engine.allow_taps();
            }
            let worker = Worker {
                number,
                engine,
                poll,
                sockets: Sockets { udp, tcp, post: Post::new(self.boxes.clone()) },
                unfinished: Vec::new(),
                strangers: Vec::new(),
                orders,
                waiting: self.waiting.clone(),
                boxes: self.boxes.clone(),
                tap,
                stop: self.stop.clone(),
                stats: self.stats[number].clone(),
            };
            let thread = std::thread::Builder::new().name(format!("hearth-media-{number}"));
            let thread = thread.spawn(move || worker.run())?;
            self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        Ok(())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.boxes.iter().for_each(Mailbox::wake);
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads.into_iter().filter(|thread| thread.thread().id() != std::thread::current().id()) {
            let _ = thread.join();
        }
    }
}

/// Binds UDP, once for each worker, and TCP on one port. TCP comes first: its
/// port is not shared, so a second program is refused before it takes datagrams.
fn bind(listen: SocketAddr, workers: usize) -> Result<(Vec<UdpPort>, TcpListener), Error> {
    let explain = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AddrInUse => Error::PortInUse(listen),
        std::io::ErrorKind::PermissionDenied => Error::PermissionDenied(listen),
        std::io::ErrorKind::AddrNotAvailable => Error::AddressNotAvailable(listen),
        _ => Error::Io(error),
    };
    for attempt in 1.. {
        let tcp = TcpListener::bind(listen).map_err(explain)?;
        let address = tcp.local_addr()?;
        let ports: std::io::Result<Vec<UdpPort>> = (0..workers).map(|_| UdpPort::bind(address, workers > 1)).collect();
        match ports {
            Ok(ports) => return Ok((ports, tcp)),
            Err(_) if listen.port() == 0 && attempt < PORT_TRIES => {}
            Err(error) => return Err(explain(error)),
        }
    }
    Err(Error::PortInUse(listen))
}
