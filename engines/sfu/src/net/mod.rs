//! The engine's thread and its sockets.

mod interfaces;
mod tap;
mod tcp;
mod udp;

pub(crate) use tcp::take_frames;

use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};

use crate::engine::{Egress, Engine, Peer, Transport};
use crate::{
    Busy, COMMAND_QUEUE, Command, Config, Error, Event, FEED_QUEUE, FEED_QUEUE_BYTES, FRAME_BYTES, FeedFrame, LegId,
    Stats,
};
use tap::TapPort;
use tcp::TcpPort;
use udp::{RECEIVE_BATCH, UdpPort};

const UDP: Token = Token(0);
const TCP: Token = Token(1);
const WAKE: Token = Token(2);
const FIRST_CONNECTION: usize = 16;
/// Batches taken from the UDP port before commands get their turn.
const BATCHES: usize = 8;
/// Commands done before packets get their turn.
const COMMANDS: usize = 64;
/// With many viewers, what arrives is gathered for this long before it is
/// taken: a burst then leaves as a burst, which halves what each packet costs.
const GATHER: Duration = Duration::from_micros(500);
/// From this many subscribing legs on it is worth the delay.
const GATHER_FROM_LEGS: usize = 32;
/// How often counters are made visible and silent TCP connections are closed.
const SURVEY_EVERY: Duration = Duration::from_millis(200);
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

struct Shared {
    orders: SyncSender<Order>,
    waiting: Arc<Waiting>,
    waker: Waker,
    stop: Arc<AtomicBool>,
    stats: Arc<Mutex<Stats>>,
    local: SocketAddr,
    announced: Vec<SocketAddr>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Sfu {
    /// Binds the port and starts the media thread. `events` is called on it.
    ///
    /// # Errors
    ///
    /// The port can't be bound, or nothing can be announced.
    pub fn start(config: Config, events: Box<dyn Fn(Event) + Send + Sync>) -> Result<Sfu, Error> {
        let (udp, listener) = bind(config.listen)?;
        let local = udp.local_addr()?;
        let announced = interfaces::announced(local, &config.public_addrs);
        if announced.is_empty() {
            return Err(Error::NoCandidate);
        }
        let now = Instant::now();
        let mut engine =
            Engine::new(&announced, true, config.bandwidth_estimation, config.limits, Arc::from(events), now)?;
        let mut tcp = TcpPort::new(listener, config.limits, FIRST_CONNECTION)?;
        let poll = Poll::new()?;
        poll.registry().register(&mut SourceFd(&udp.as_raw_fd()), UDP, Interest::READABLE)?;
        poll.registry().register(tcp.listener(), TCP, Interest::READABLE)?;
        let waker = Waker::new(poll.registry(), WAKE)?;
        let tap = config.tap.map(|sink| TapPort::start(sink, now)).transpose()?;
        if tap.is_some() {
            engine.allow_taps();
        }
        let (orders, received) = sync_channel(COMMAND_QUEUE + FEED_QUEUE);
        let waiting = Arc::new(Waiting::default());
        let stop = Arc::new(AtomicBool::new(false));
        let stats = Arc::new(Mutex::new(Stats::default()));
        let media = MediaThread {
            engine,
            poll,
            sockets: Sockets { udp, tcp },
            unfinished: Vec::new(),
            orders: received,
            waiting: waiting.clone(),
            tap,
            stop: stop.clone(),
            stats: stats.clone(),
        };
        let thread = std::thread::Builder::new().name("hearth-media".to_owned()).spawn(move || media.run())?;
        let shared = Shared { orders, waiting, waker, stop, stats, local, announced, thread: Mutex::new(Some(thread)) };
        Ok(Sfu { shared: Arc::new(shared) })
    }

    /// Hands a command over without waiting.
    ///
    /// # Errors
    ///
    /// At least [`COMMAND_QUEUE`] commands wait already, or the engine has stopped.
    pub fn send(&self, command: Command) -> Result<(), Busy> {
        self.order(Order::Command(command))
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
        self.order(Order::Feed(leg.clone(), frame)).inspect_err(|_| self.shared.waiting.remove(bytes))
    }

    fn order(&self, order: Order) -> Result<(), Busy> {
        self.shared.orders.try_send(order).map_err(|error| match error {
            TrySendError::Full(_) => Busy::QueueFull,
            TrySendError::Disconnected(_) => Busy::Stopped,
        })?;
        // The thread looks at its commands at least every tick.
        let _ = self.shared.waker.wake();
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

    /// Counters, at most a fraction of a second old.
    pub fn stats(&self) -> Stats {
        *self.shared.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        let _ = self.waker.wake();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

/// Binds UDP and TCP on one port.
fn bind(listen: SocketAddr) -> Result<(UdpPort, std::net::TcpListener), Error> {
    let explain = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AddrInUse => Error::PortInUse(listen),
        std::io::ErrorKind::PermissionDenied => Error::PermissionDenied(listen),
        std::io::ErrorKind::AddrNotAvailable => Error::AddressNotAvailable(listen),
        _ => Error::Io(error),
    };
    for attempt in 1.. {
        let udp = UdpPort::bind(listen).map_err(explain)?;
        match std::net::TcpListener::bind(udp.local_addr()?) {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(_) if listen.port() == 0 && attempt < PORT_TRIES => {}
            Err(error) => return Err(explain(error)),
        }
    }
    Err(Error::PortInUse(listen))
}

struct Sockets {
    udp: UdpPort,
    tcp: TcpPort,
}

impl Sockets {
    fn outgoing(&mut self) -> Outgoing<'_> {
        Outgoing { udp: &mut self.udp, tcp: &mut self.tcp }
    }
}

/// The way out on both sockets, also while the UDP port is being read.
struct Outgoing<'a> {
    udp: &'a mut UdpPort,
    tcp: &'a mut TcpPort,
}

impl Egress for Outgoing<'_> {
    fn room(&mut self) -> &mut Vec<u8> {
        &mut self.udp.room
    }

    fn launch(&mut self, to: Peer, start: usize, segment: usize) {
        match to.transport {
            Transport::Udp => self.udp.launch(to.address, start, segment),
            Transport::Tcp => {
                for datagram in self.udp.room[start..].chunks(segment.max(1)) {
                    self.tcp.send(to.address, datagram);
                }
                self.udp.room.truncate(start);
            }
        }
    }
}

struct MediaThread {
    engine: Engine,
    poll: Poll,
    sockets: Sockets,
    /// Connections that had more to read; they are not announced again.
    unfinished: Vec<Token>,
    orders: Receiver<Order>,
    waiting: Arc<Waiting>,
    tap: Option<TapPort>,
    stop: Arc<AtomicBool>,
    stats: Arc<Mutex<Stats>>,
}

impl MediaThread {
    fn run(mut self) {
        let mut events = Events::with_capacity(256);
        let mut next_survey = Instant::now();
        let mut more = false;
        while !self.stop.load(Ordering::Acquire) {
            let wait =
                if more { Duration::ZERO } else { self.engine.deadline().saturating_duration_since(Instant::now()) };
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != std::io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "the media thread can't wait for its sockets and stops");
                return;
            }
            more = self.obey();
            if self.engine.subscribing() >= GATHER_FROM_LEGS && events.iter().any(|event| event.token() == UDP) {
                std::thread::sleep(GATHER);
            }
            more |= self.receive_udp();
            more |= self.serve_tcp(&events);
            let now = Instant::now();
            self.ask_for_the_tap();
            self.engine.flush(now, &mut self.sockets.outgoing());
            self.sockets.udp.flush();
            self.sockets.tcp.flush();
            self.hand_to_tap();
            if now >= next_survey {
                next_survey = now + SURVEY_EVERY;
                self.sockets.tcp.close_silent(now);
                self.survey();
            }
        }
    }

    /// Does the commands and takes the frames that wait; `true`: there may be more.
    fn obey(&mut self) -> bool {
        for _ in 0..COMMANDS {
            match self.orders.try_recv() {
                Ok(Order::Command(command)) => {
                    self.engine.command(Instant::now(), command, &mut self.sockets.outgoing())
                }
                Ok(Order::Feed(leg, frame)) => {
                    self.waiting.remove(frame.data.len());
                    self.engine.feed(Instant::now(), &leg, &frame);
                }
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return false,
            }
        }
        true
    }

    /// Takes datagrams, batch by batch, each forwarded before the next is
    /// taken; `true`: there may be more.
    fn receive_udp(&mut self) -> bool {
        for _ in 0..BATCHES {
            let Self { engine, sockets: Sockets { udp, tcp }, .. } = self;
            let now = Instant::now();
            let taken = udp.receive(|from, bytes, udp| {
                let from = Peer { transport: Transport::Udp, address: from };
                engine.receive(now, from, bytes, &mut Outgoing { udp, tcp });
            });
            if taken == 0 {
                return false;
            }
            self.engine.flush(Instant::now(), &mut self.sockets.outgoing());
            self.sockets.udp.flush();
            self.hand_to_tap();
            if taken < RECEIVE_BATCH {
                return false;
            }
        }
        true
    }

    /// Accepts, reads and writes; `true`: some connection has more to read.
    fn serve_tcp(&mut self, events: &Events) -> bool {
        let now = Instant::now();
        let mut ready = std::mem::take(&mut self.unfinished);
        for event in events {
            match event.token() {
                UDP | WAKE => {}
                TCP => self.sockets.tcp.accept(self.poll.registry(), now),
                token => ready.push(token),
            }
        }
        let mut frames: Vec<(SocketAddr, Vec<u8>)> = Vec::new();
        for token in ready {
            let more = self.sockets.tcp.ready(token, now, |from, frame| frames.push((from, frame.to_vec())));
            if more {
                self.unfinished.push(token);
            }
        }
        for (address, frame) in frames {
            self.engine.receive(now, Peer { transport: Transport::Tcp, address }, &frame, &mut self.sockets.outgoing());
        }
        !self.unfinished.is_empty()
    }

    fn ask_for_the_tap(&mut self) {
        let wanted = self.tap.as_ref().map(TapPort::take_wanted).unwrap_or_default();
        for (track, layer) in wanted {
            self.engine.want_key_frame(track, layer);
        }
    }

    fn hand_to_tap(&mut self) {
        if let Some(tap) = &mut self.tap {
            tap.hand_over(self.engine.tapped());
        }
    }

    fn survey(&mut self) {
        let mut stats = self.engine.stats();
        if let Some(tap) = &self.tap {
            (stats.frames_tapped, stats.dropped_tap, stats.tap_cpu_us) = (tap.frames(), tap.dropped, tap.cpu_us());
        }
        stats.sends_gso = self.sockets.udp.sent.gso;
        stats.sends_single = self.sockets.udp.sent.single;
        stats.dropped_send = self.sockets.udp.sent.dropped + self.sockets.tcp.dropped;
        stats.tcp_connections = self.sockets.tcp.open() as u64;
        stats.tcp_refused = self.sockets.tcp.refused;
        stats.cpu_us = thread_cpu_us();
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner) = stats;
    }
}

/// CPU time of the calling thread.
fn thread_cpu_us() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one `timespec`.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1_000
}
