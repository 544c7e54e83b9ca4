//! What forwarding costs: one publisher, many viewers, real UDP on loopback.
//!
//! ```text
//! cargo run --release -p hearth-sfu --example forward_cost -- [viewers] [packets a second] [seconds] [bwe|plain|all] [threads] [tap] [blind]
//! ```
//!
//! Prints the CPU time of the media threads for each forwarded packet, and the
//! share of packets that reached the viewers. Viewers run on threads of their
//! own in the same process and are not counted. With `tap` the publisher is
//! tapped too, and the CPU time of the tap thread for each of its packets is told.
//! With `blind` nobody reads what is sent, so that the threads have the cores for
//! themselves: at a rate that they can't keep up with this is what they can do.
//! The publisher shares the cores; what it takes of them is told.

use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hearth_sfu::{Command, Config, Event, Hears, LegId, Sfu, SpaceId, TapFrame, TapSink, TapWants};
use str0m::change::{SdpAnswer, SdpOffer};
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event as Happening, Input, Output, Rtc, RtcConfig};

const PAYLOAD_BYTES: usize = 1_100;
/// Most that is sent as one.
const BURST_BYTES: usize = 60_000;
const FRAMES_PER_SECOND: u32 = 30;
const MEDIA_TIME_HZ: u64 = 90_000;

fn leg(name: &str) -> LegId {
    LegId::parse(&format!("leg_{name}")).expect("a well-formed id")
}

fn config() -> RtcConfig {
    RtcConfig::new().set_rtp_mode(true).clear_codecs().enable_vp8(true)
}

struct Peer {
    rtc: Rtc,
    socket: UdpSocket,
    address: SocketAddr,
    deadline: Instant,
    received: u64,
    connected: bool,
    /// Datagrams of one size, to be sent as one.
    burst: Vec<u8>,
    /// Of those in the burst.
    size: usize,
    server: Option<SocketAddr>,
    /// What the socket cuts bursts into; 0: nothing is cut.
    segment: libc::c_int,
}

impl Peer {
    fn new() -> Peer {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        socket.set_nonblocking(true).expect("a socket that doesn't block");
        let address = socket.local_addr().expect("a bound socket");
        let now = Instant::now();
        let mut rtc = config().build(now);
        rtc.add_local_candidate(Candidate::host(address, "udp").expect("a candidate"));
        Peer {
            rtc,
            socket,
            address,
            deadline: now,
            received: 0,
            connected: false,
            burst: Vec::new(),
            size: 0,
            server: None,
            segment: 0,
        }
    }

    fn drain(&mut self, now: Instant) {
        loop {
            match self.rtc.poll_output().expect("a stack that goes on") {
                Output::Timeout(at) if at <= now => self.rtc.handle_input(Input::Timeout(now)).expect("time passes"),
                Output::Timeout(at) => {
                    self.deadline = at;
                    self.send();
                    return;
                }
                Output::Transmit(transmit) => {
                    let size = transmit.contents.len();
                    if size != self.size || self.burst.len() + size > BURST_BYTES {
                        self.send();
                    }
                    (self.size, self.server) = (size, Some(transmit.destination));
                    self.burst.extend_from_slice(&transmit.contents);
                }
                Output::Event(Happening::RtpPacket(packet)) => self.received += u64::from(!packet.payload.is_empty()),
                Output::Event(Happening::Connected) => self.connected = true,
                Output::Event(_) => {}
            }
        }
    }

    /// Sends what was gathered, by UDP GSO: one by one it would cost the machine
    /// more than the server has to do for it.
    fn send(&mut self) {
        let Some(to) = self.server.filter(|_| !self.burst.is_empty()) else { return };
        let segment = if self.burst.len() > self.size { self.size as libc::c_int } else { 0 };
        if segment != self.segment {
            self.segment = segment;
            // SAFETY: the option takes an int.
            unsafe {
                libc::setsockopt(
                    self.socket.as_raw_fd(),
                    libc::SOL_UDP,
                    libc::UDP_SEGMENT,
                    (&raw const segment).cast(),
                    size_of::<libc::c_int>() as libc::socklen_t,
                );
            }
        }
        let _ = self.socket.send_to(&self.burst, to);
        self.burst.clear();
    }

    /// Takes what arrived and does what is due.
    fn turn(&mut self) {
        let mut buffer = [0; 2_048];
        while let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
            let now = Instant::now();
            if let Ok(receive) = Receive::new(Protocol::Udp, from, self.address, &buffer[..length]) {
                self.rtc.handle_input(Input::Receive(now, receive)).expect("a good datagram");
                self.drain(now);
            }
        }
        let now = Instant::now();
        if self.deadline <= now {
            self.rtc.handle_input(Input::Timeout(now)).expect("time passes");
            self.drain(now);
        }
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u32| arguments.next().and_then(|it| it.parse().ok()).unwrap_or(default);
    let (viewers, rate, seconds) = (number(200), number(300), number(10));
    let only = arguments.next().filter(|only| only != "all");
    let threads = arguments.next().and_then(|threads| threads.parse().ok()).unwrap_or(1);
    let words: Vec<String> = arguments.collect();
    let said = |word: &str| words.iter().any(|it| it == word);
    let (tap, blind) = (said("tap"), said("blind"));
    for bandwidth_estimation in [true, false] {
        let name = if bandwidth_estimation { "bwe" } else { "plain" };
        if only.as_deref().is_none_or(|only| only == name) {
            measure(viewers, rate, seconds, Setting { bandwidth_estimation, threads, tap, blind });
        }
    }
}

#[derive(Clone, Copy)]
struct Setting {
    bandwidth_estimation: bool,
    threads: usize,
    tap: bool,
    blind: bool,
}

fn measure(viewers: u32, rate: u32, seconds: u32, setting: Setting) {
    let Setting { bandwidth_estimation, threads, tap, blind } = setting;
    let (events, told) = channel();
    let events = Mutex::new(events);
    let mut config = Config::new("127.0.0.1:0".parse().expect("an address"));
    config.bandwidth_estimation = bandwidth_estimation;
    config.threads = threads;
    let tapped_bytes = Arc::new(AtomicU64::new(0));
    let counted = tapped_bytes.clone();
    let count = move |frame: TapFrame| {
        counted.fetch_add(frame.data.len() as u64, Ordering::Relaxed);
    };
    config.tap = tap.then(|| TapSink(Arc::new(count)));
    let tell = move |event| {
        let _ = events.lock().expect("no panic while telling").send(event);
    };
    let sfu = Sfu::start(config, Box::new(tell)).expect("a free port");
    let space = SpaceId::parse("room_cost").expect("a well-formed id");
    let started = Instant::now();
    let (publisher, mid) = publish(&sfu, &space, &told);
    if tap {
        let wants = TapWants { key_frame_every_ms: 2_000 };
        sfu.send(Command::Tap { leg: leg("host"), tap: Some(wants) }).expect("room for a command");
    }
    let (stop, received, sending) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let publisher_us = Arc::new(AtomicU64::new(0));
    let sender = std::thread::spawn({
        let (stop, sending, cpu_us) = (stop.clone(), sending.clone(), publisher_us.clone());
        move || send(publisher, mid, rate, &sending, &stop, &cpu_us)
    });
    let connected = Arc::new(AtomicU64::new(0));
    let (hand_over, handed) = channel();
    let watching = std::thread::spawn({
        let (stop, received, connected) = (stop.clone(), received.clone(), connected.clone());
        let shut = blind.then(|| sending.clone());
        move || watch(&handed, &received, &connected, &stop, shut.as_deref())
    });
    for viewer in 0..viewers {
        subscribe(&sfu, &space, &leg(&format!("v{viewer}")), &told, &hand_over);
    }
    while connected.load(Ordering::Acquire) < u64::from(viewers) {
        assert!(started.elapsed() < Duration::from_secs(60), "viewers did not connect");
        std::thread::yield_now();
    }
    println!("{viewers} viewers connected after {:?}", started.elapsed());
    sending.store(true, Ordering::Release);
    // The first seconds belong to the estimator.
    std::thread::sleep(Duration::from_secs(3));
    let (before, before_each) = (sfu.stats(), sfu.stats_of_threads());
    let publisher_before = publisher_us.load(Ordering::Acquire);
    std::thread::sleep(Duration::from_secs(u64::from(seconds)));
    let (after, after_each) = (sfu.stats(), sfu.stats_of_threads());
    let publisher_took = publisher_us.load(Ordering::Acquire) - publisher_before;
    // What is on its way arrives; then both sides count all that there was.
    sending.store(false, Ordering::Release);
    std::thread::sleep(Duration::from_secs(1));
    let (all, received_all) = (sfu.stats().packets_forwarded, received.load(Ordering::Acquire));
    stop.store(true, Ordering::Release);
    sender.join().expect("a sender");
    watching.join().expect("viewers");
    let forwarded = after.packets_forwarded - before.packets_forwarded;
    let cpu_us = after.cpu_us - before.cpu_us;
    println!(
        "estimation {}: {:.2} µs a packet ({forwarded} forwarded, {:.0} a second, {:.1} % of a core), delivered {:.4}, dropped {}, \
         GSO sends {}, single {}, datagrams in {}",
        if bandwidth_estimation { "on" } else { "off" },
        cpu_us as f64 / forwarded as f64,
        forwarded as f64 / f64::from(seconds),
        cpu_us as f64 / f64::from(seconds) / 10_000.0,
        received_all as f64 / all as f64,
        after.dropped_queue + after.dropped_send,
        after.sends_gso - before.sends_gso,
        after.sends_single - before.sends_single,
        after.datagrams_in - before.datagrams_in,
    );
    let shares: Vec<String> = before_each
        .iter()
        .zip(&after_each)
        .map(|(before, after)| {
            format!("{:.0} %", (after.cpu_us - before.cpu_us) as f64 / f64::from(seconds) / 10_000.0)
        })
        .collect();
    println!(
        "threads: {}; the publisher {:.0} %; packets in {:.0} a second",
        shares.join(", "),
        publisher_took as f64 / f64::from(seconds) / 10_000.0,
        (after.packets_in - before.packets_in) as f64 / f64::from(seconds),
    );
    if tap {
        let (packets, frames) = (after.packets_in - before.packets_in, after.frames_tapped - before.frames_tapped);
        let tap_us = after.tap_cpu_us - before.tap_cpu_us;
        println!(
            "tap: {:.2} µs a packet of the publisher ({packets}, in {frames} frames, {:.2} % of a core), lost {}, {} bytes in all",
            tap_us as f64 / packets as f64,
            tap_us as f64 / f64::from(seconds) / 10_000.0,
            after.dropped_tap,
            tapped_bytes.load(Ordering::Relaxed),
        );
    }
}

fn publish(sfu: &Sfu, space: &SpaceId, told: &Receiver<Event>) -> (Peer, Mid) {
    let mut peer = Peer::new();
    let mut changes = peer.rtc.sdp_api();
    let mid = changes.add_media(MediaKind::Video, Direction::SendOnly, None, None, None);
    let (offer, pending) = changes.apply().expect("an offer");
    let command = Command::OpenPublish {
        leg: leg("host"),
        space: space.clone(),
        offer: offer.to_sdp_string(),
        sources: Vec::new(),
    };
    sfu.send(command).expect("room for a command");
    for event in told {
        match event {
            Event::Answer { sdp, .. } => {
                let answer = SdpAnswer::from_sdp_string(&sdp).expect("an answer");
                peer.rtc.sdp_api().accept_answer(pending, answer).expect("an answer that fits");
                break;
            }
            Event::Refused { reason, .. } => panic!("refused: {reason}"),
            _ => {}
        }
    }
    while !peer.connected {
        peer.turn();
        std::thread::yield_now();
    }
    (peer, mid)
}

fn subscribe(sfu: &Sfu, space: &SpaceId, leg: &LegId, told: &Receiver<Event>, hand_over: &Sender<Peer>) {
    let mut peer = Peer::new();
    sfu.send(Command::OpenSubscribe { leg: leg.clone(), space: space.clone() }).expect("room for a command");
    let route = Command::Route { leg: leg.clone(), generation: 1, hears: Hears::Everyone };
    sfu.send(route).expect("room for a command");
    for event in told {
        if let Event::Offer { leg: it, generation, sdp, .. } = event
            && it == *leg
        {
            let offer = SdpOffer::from_sdp_string(&sdp).expect("an offer");
            let sdp = peer.rtc.sdp_api().accept_offer(offer).expect("an offer that fits").to_sdp_string();
            sfu.send(Command::Answer { leg: leg.clone(), generation, sdp }).expect("room for a command");
            break;
        }
    }
    hand_over.send(peer).expect("viewers that run");
}

/// CPU time of the calling thread.
fn thread_cpu_us() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one `timespec`.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1_000
}

/// Sends frames of several packets, one in a second of them a key frame. Packets
/// leave evenly, as an encoder paces them: a frame at once would not fit into what
/// the kernel holds for the server while that forwards.
fn send(mut peer: Peer, mid: Mid, rate: u32, sending: &AtomicBool, stop: &AtomicBool, cpu_us: &AtomicU64) {
    const LATE: Duration = Duration::from_millis(50);
    let pt = peer.rtc.codec_config().find(|params| params.spec().codec == Codec::Vp8).expect("VP8").pt();
    let packets = u64::from((rate / FRAMES_PER_SECOND).max(1));
    let every = Duration::from_secs(1) / rate;
    let (mut next, mut sequence) = (Instant::now(), 0u64);
    while !stop.load(Ordering::Acquire) {
        cpu_us.store(thread_cpu_us(), Ordering::Release);
        peer.turn();
        let now = Instant::now();
        if now < next || !sending.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(1));
            continue;
        }
        next = next.max(now - LATE);
        while next <= now {
            let (frame, packet) = (sequence / packets, sequence % packets);
            let mut payload = vec![0; PAYLOAD_BYTES];
            payload[0] = if packet == 0 { 0x10 } else { 0 };
            payload[1] = u8::from(!frame.is_multiple_of(u64::from(FRAMES_PER_SECOND)));
            let time = (frame * MEDIA_TIME_HZ / u64::from(FRAMES_PER_SECOND)) as u32;
            let write = RtpWrite::new(pt, (sequence + 1).into(), time, now, payload)
                .marker(packet + 1 == packets)
                .nackable(true);
            peer.rtc.direct_api().stream_tx_by_mid(mid, None).expect("a stream").write_rtp(write);
            sequence += 1;
            next += every;
        }
        peer.rtc.handle_input(Input::Timeout(now)).expect("time passes");
        peer.drain(now);
    }
}

/// `shut`: from when on nothing is read.
fn watch(
    handed: &Receiver<Peer>,
    received: &AtomicU64,
    connected: &AtomicU64,
    stop: &AtomicBool,
    shut: Option<&AtomicBool>,
) {
    let mut peers: Vec<Peer> = Vec::new();
    while !stop.load(Ordering::Acquire) {
        peers.extend(handed.try_iter());
        if shut.is_some_and(|shut| shut.load(Ordering::Acquire)) {
            std::thread::sleep(Duration::from_millis(100));
            continue;
        }
        let mut total = 0;
        for peer in &mut peers {
            peer.turn();
            total += peer.received;
        }
        received.store(total, Ordering::Release);
        connected.store(peers.iter().filter(|peer| peer.connected).count() as u64, Ordering::Release);
        std::thread::sleep(Duration::from_millis(1));
    }
}
