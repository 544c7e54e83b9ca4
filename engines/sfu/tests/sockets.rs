//! The engine with its thread and real sockets on loopback.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use hearth_sfu::{
    Busy, Command, Config, Error, Event, FEED_QUEUE, FEED_QUEUE_BYTES, FRAME_BYTES, FeedCodec, FeedFrame, FeedTrack,
    Hears, LegId, Limits, Sfu, Source, SpaceId, TapSink, TapWants,
};
use str0m::change::{SdpAnswer, SdpOffer};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive, TcpType};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event as Happening, Input, Output, Rtc, RtcConfig};

const WITHIN: Duration = Duration::from_secs(10);

fn leg(name: &str) -> LegId {
    LegId::parse(&format!("leg_{name}")).unwrap()
}

fn space() -> SpaceId {
    SpaceId::parse("room_a").unwrap()
}

fn start(config: Config) -> (Sfu, Receiver<Event>) {
    let (events, told) = channel();
    let events = Mutex::new(events);
    let sfu = Sfu::start(config, Box::new(move |event| drop(events.lock().unwrap().send(event)))).unwrap();
    (sfu, told)
}

fn local() -> Config {
    Config::new("127.0.0.1:0".parse().unwrap())
}

enum Wire {
    Udp(UdpSocket),
    Tcp { stream: TcpStream, read: Vec<u8> },
}

/// A WebRTC client on a real socket.
struct Client {
    rtc: Rtc,
    wire: Wire,
    local: SocketAddr,
    server: SocketAddr,
    deadline: Instant,
    connected: bool,
    payloads: Vec<Vec<u8>>,
}

impl Client {
    fn new(sfu: &Sfu, tcp: bool) -> Client {
        let server = sfu.local_addr();
        let now = Instant::now();
        let mut rtc = RtcConfig::new().set_rtp_mode(true).build(now);
        let (wire, local) = if tcp {
            let stream = TcpStream::connect(server).unwrap();
            stream.set_nonblocking(true).unwrap();
            let local = stream.local_addr().unwrap();
            rtc.add_local_candidate(Candidate::builder().tcp().host(local).tcptype(TcpType::Active).build().unwrap());
            (Wire::Tcp { stream, read: Vec::new() }, local)
        } else {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_nonblocking(true).unwrap();
            let local = socket.local_addr().unwrap();
            rtc.add_local_candidate(Candidate::host(local, "udp").unwrap());
            (Wire::Udp(socket), local)
        };
        Client { rtc, wire, local, server, deadline: now, connected: false, payloads: Vec::new() }
    }

    fn receive(&mut self) -> Option<(Protocol, Vec<u8>)> {
        let mut buffer = [0; 4_096];
        match &mut self.wire {
            Wire::Udp(socket) => {
                let length = socket.recv(&mut buffer).ok()?;
                Some((Protocol::Udp, buffer[..length].to_vec()))
            }
            Wire::Tcp { stream, read } => {
                if let Ok(length) = stream.read(&mut buffer) {
                    read.extend_from_slice(&buffer[..length]);
                }
                let length = usize::from(u16::from_be_bytes([*read.first()?, *read.get(1)?]));
                let frame = read.get(2..2 + length)?.to_vec();
                read.drain(..2 + length);
                Some((Protocol::Tcp, frame))
            }
        }
    }

    fn send(&mut self, contents: &[u8]) {
        match &mut self.wire {
            Wire::Udp(socket) => drop(socket.send_to(contents, self.server)),
            Wire::Tcp { stream, .. } => {
                let mut frame = (contents.len() as u16).to_be_bytes().to_vec();
                frame.extend_from_slice(contents);
                stream.write_all(&frame).unwrap();
            }
        }
    }

    fn turn(&mut self) {
        while let Some((protocol, bytes)) = self.receive() {
            let receive = Receive::new(protocol, self.server, self.local, &bytes).unwrap();
            self.rtc.handle_input(Input::Receive(Instant::now(), receive)).unwrap();
            self.drain();
        }
        let now = Instant::now();
        if self.deadline <= now {
            self.rtc.handle_input(Input::Timeout(now)).unwrap();
            self.drain();
        }
    }

    fn drain(&mut self) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(at) => {
                    self.deadline = at;
                    return;
                }
                Output::Transmit(transmit) => {
                    let tcp = matches!(self.wire, Wire::Tcp { .. });
                    assert_eq!(transmit.proto == Protocol::Tcp, tcp);
                    self.send(&transmit.contents);
                }
                Output::Event(Happening::Connected) => self.connected = true,
                Output::Event(Happening::RtpPacket(packet)) => self.payloads.push(packet.payload.to_vec()),
                Output::Event(_) => {}
            }
        }
    }
}

/// The first event that is wanted. Figures of spaces and legs come between at times of their own.
fn awaited<T>(told: &Receiver<Event>, wanted: impl Fn(Event) -> Option<T>) -> T {
    std::iter::from_fn(|| told.recv_timeout(WITHIN).ok()).find_map(wanted).expect("an event within the time")
}

fn publish(sfu: &Sfu, told: &Receiver<Event>) -> (Client, Mid) {
    let mut client = Client::new(sfu, false);
    let mut changes = client.rtc.sdp_api();
    let mid = changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
    let (offer, pending) = changes.apply().unwrap();
    let offer = offer.to_sdp_string();
    sfu.send(Command::OpenPublish { leg: leg("host"), space: space(), offer, sources: Vec::new() }).unwrap();
    let sdp = awaited(told, |event| match event {
        Event::Answer { sdp, .. } => Some(sdp),
        _ => None,
    });
    assert!(sdp.contains("a=ice-lite") && sdp.contains(" udp ") && sdp.contains("tcptype passive"), "{sdp}");
    client.rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(&sdp).unwrap()).unwrap();
    (client, mid)
}

/// The sound of a publisher: packets that are their own numbers.
struct Sound {
    mid: Mid,
    every: Duration,
    next: Instant,
    sent: u64,
}

impl Sound {
    fn new(mid: Mid, every_ms: u64) -> Sound {
        Sound { mid, every: Duration::from_millis(every_ms), next: Instant::now(), sent: 0 }
    }

    /// Sends the next packet when it is due.
    fn turn(&mut self, host: &mut Client) {
        host.turn();
        if !host.connected || Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + self.every;
        let pt = host.rtc.codec_config().params()[0].pt();
        let (payload, time) =
            (self.sent.to_be_bytes().to_vec(), (self.sent * self.every.as_millis() as u64 * 48) as u32);
        let write = RtpWrite::new(pt, self.sent.into(), time, Instant::now(), payload);
        host.rtc.direct_api().stream_tx_by_mid(self.mid, None).unwrap().write_rtp(write);
        self.sent += 1;
        host.deadline = Instant::now();
    }
}

/// The number that a packet is.
fn number(payload: &[u8]) -> u64 {
    u64::from_be_bytes(payload.try_into().unwrap())
}

/// Each packet came once, and none is missing.
fn assert_whole(viewer: &Client) {
    let numbers: Vec<u64> = viewer.payloads.iter().map(|payload| number(payload)).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
}

fn view(sfu: &Sfu, told: &Receiver<Event>, name: &str, tcp: bool) -> Client {
    let mut client = Client::new(sfu, tcp);
    sfu.send(Command::OpenSubscribe { leg: leg(name), space: space() }).unwrap();
    sfu.send(Command::Route { leg: leg(name), generation: 1, hears: Hears::Everyone }).unwrap();
    let (generation, sdp) = awaited(told, |event| match event {
        Event::Offer { generation, sdp, .. } => Some((generation, sdp)),
        _ => None,
    });
    let offer = SdpOffer::from_sdp_string(&sdp).unwrap();
    let sdp = client.rtc.sdp_api().accept_offer(offer).unwrap().to_sdp_string();
    sfu.send(Command::Answer { leg: leg(name), generation, sdp }).unwrap();
    client
}

#[test]
fn sound_goes_from_a_publisher_to_viewers_over_udp_and_over_tcp() {
    let (sfu, told) = start(local());
    let (mut host, mid) = publish(&sfu, &told);
    let mut viewers = [view(&sfu, &told, "udp", false), view(&sfu, &told, "tcp", true)];
    let began = Instant::now();
    let mut sound = Sound::new(mid, 10);
    while viewers.iter().any(|viewer| viewer.payloads.len() < 50) {
        assert!(began.elapsed() < WITHIN, "{:?}", sfu.stats());
        sound.turn(&mut host);
        viewers.iter_mut().for_each(Client::turn);
        std::thread::yield_now();
    }
    viewers.iter().for_each(assert_whole);
    while sfu.stats().packets_forwarded < 100 {
        assert!(began.elapsed() < WITHIN);
        std::thread::yield_now();
    }
    let stats = sfu.stats();
    assert_eq!((stats.legs_publishing, stats.legs_subscribing, stats.tcp_connections), (1, 2, 1));
    assert_eq!((stats.dropped_send, stats.dropped_queue, stats.leg_faults), (0, 0, 0));
    assert!(stats.cpu_us > 0);
}

#[test]
fn a_room_larger_than_one_threads_share_is_carried_by_several_over_udp_and_tcp() {
    const VIEWERS: usize = 72;
    let (sfu, told) = start(Config { threads: 3, ..local() });
    let (mut host, mid) = publish(&sfu, &told);
    let mut viewers: Vec<Client> =
        (0..VIEWERS).map(|number| view(&sfu, &told, &format!("v{number}"), number % 9 == 0)).collect();
    let began = Instant::now();
    let mut sound = Sound::new(mid, 20);
    while viewers.iter().any(|viewer| viewer.payloads.len() < 20) {
        assert!(began.elapsed() < 3 * WITHIN, "{:#?}", sfu.stats_of_threads());
        sound.turn(&mut host);
        viewers.iter_mut().for_each(Client::turn);
        std::thread::yield_now();
    }
    viewers.iter().for_each(assert_whole);
    let carrying = || sfu.stats_of_threads().iter().filter(|stats| stats.packets_forwarded > 0).count();
    while carrying() < 2 || sfu.stats().tcp_connections < VIEWERS as u64 / 9 {
        assert!(began.elapsed() < 3 * WITHIN, "{:#?}", sfu.stats_of_threads());
        std::thread::yield_now();
    }
    let stats = sfu.stats();
    assert_eq!((stats.legs_publishing, stats.legs_subscribing), (1, VIEWERS as u64));
    assert_eq!((stats.dropped_send, stats.dropped_queue, stats.dropped_between, stats.leg_faults), (0, 0, 0, 0));
    sfu.send(Command::CloseSpace { space: space() }).unwrap();
    while sfu.stats().legs_subscribing > 0 || sfu.stats().legs_publishing > 0 {
        assert!(began.elapsed() < 3 * WITHIN, "{:#?}", sfu.stats_of_threads());
        std::thread::yield_now();
    }
}

#[test]
fn a_port_in_use_and_an_address_of_another_machine_are_told_apart() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let refusal = |listen: SocketAddr| Sfu::start(Config::new(listen), Box::new(|_| {})).err();
    assert!(matches!(refusal(address), Some(Error::PortInUse(it)) if it == address));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    assert!(matches!(refusal(address), Some(Error::PortInUse(_))), "TCP counts too");
    let (running, _told) = start(local());
    let address = running.local_addr();
    assert!(matches!(refusal(address), Some(Error::PortInUse(it)) if it == address), "by another engine");
    let foreign: SocketAddr = "192.0.2.1:0".parse().unwrap();
    assert!(matches!(refusal(foreign), Some(Error::AddressNotAvailable(it)) if it == foreign));
}

#[test]
fn a_stopped_engine_gives_its_port_back() {
    let (sfu, _told) = start(local());
    let address = sfu.local_addr();
    let clone = sfu.clone();
    drop(sfu);
    assert!(Sfu::start(Config::new(address), Box::new(|_| {})).is_err(), "a clone keeps it running");
    drop(clone);
    assert!(Sfu::start(Config::new(address), Box::new(|_| {})).is_ok());
}

#[test]
fn tcp_connections_beyond_the_limit_and_those_that_talk_nonsense_are_closed() {
    let limits = Limits { tcp_connections_per_address: 3, ..Limits::default() };
    let (sfu, _told) = start(Config { limits, ..local() });
    let connect = || {
        let stream = TcpStream::connect(sfu.local_addr()).unwrap();
        stream.set_read_timeout(Some(WITHIN)).unwrap();
        stream
    };
    let ends = |mut stream: TcpStream| matches!(stream.read(&mut [0; 16]), Ok(0) | Err(_));
    let mut held: Vec<TcpStream> = (0..3).map(|_| connect()).collect();
    let began = Instant::now();
    while sfu.stats().tcp_connections < 3 {
        assert!(began.elapsed() < WITHIN);
        std::thread::yield_now();
    }
    assert!(ends(connect()), "one past the limit");
    let mut nonsense = held.pop().unwrap();
    nonsense.write_all(&[0xff; 64]).unwrap();
    assert!(ends(nonsense), "a frame longer than any");
    let began = Instant::now();
    assert!(ends(held.pop().unwrap()), "one that says nothing");
    assert!(began.elapsed() > Duration::from_secs(3), "but not at once");
}

fn open_feed() -> Command {
    let tracks = vec![FeedTrack { source: Source::Microphone, codec: FeedCodec::Opus }];
    Command::OpenFeed { leg: leg("feed"), space: space(), tracks }
}

fn sound(number: u64) -> FeedFrame {
    let data = number.to_be_bytes().to_vec().into();
    FeedFrame { track: 0, timestamp_us: number * 20_000, key_frame: true, data }
}

#[test]
fn what_is_fed_reaches_a_viewer_and_what_is_published_reaches_the_tap() {
    let (frames, tapped) = channel();
    let frames = Mutex::new(frames);
    let tap = TapSink(Arc::new(move |frame| drop(frames.lock().unwrap().send(frame))));
    let (sfu, told) = start(Config { tap: Some(tap), ..local() });
    sfu.send(open_feed()).unwrap();
    let (mut host, mid) = {
        // The feed's tracks are told first.
        awaited(&told, |event| matches!(event, Event::Tracks { .. }).then_some(()));
        publish(&sfu, &told)
    };
    sfu.send(Command::Tap { leg: leg("host"), tap: Some(TapWants { key_frame_every_ms: 2_000 }) }).unwrap();
    let mut viewer = view(&sfu, &told, "viewer", false);
    let route = Command::Route { leg: leg("viewer"), generation: 2, hears: Hears::Only(vec![leg("feed")]) };
    sfu.send(route).unwrap();
    let began = Instant::now();
    let (mut published, mut fed, mut next, mut heard) = (Sound::new(mid, 10), 0, Instant::now(), Vec::new());
    while viewer.payloads.len() < 50 || heard.len() < 50 {
        assert!(began.elapsed() < WITHIN, "{:?}", sfu.stats());
        published.turn(&mut host);
        viewer.turn();
        heard.extend(tapped.try_iter());
        if Instant::now() >= next {
            next = Instant::now() + Duration::from_millis(10);
            sfu.feed(&leg("feed"), sound(fed)).unwrap();
            fed += 1;
        }
        std::thread::yield_now();
    }
    let fed: Vec<u64> = viewer.payloads.iter().rev().take(30).map(|payload| number(payload)).collect();
    assert!(fed.windows(2).all(|pair| pair[0] == pair[1] + 1), "{fed:?}");
    assert!(heard.iter().all(|frame| frame.leg == leg("host") && !frame.discontinuity));
    for pair in heard.windows(2) {
        assert_eq!(number(&pair[1].data), number(&pair[0].data) + 1);
        assert_eq!(pair[1].timestamp_us - pair[0].timestamp_us, 10_000);
    }
    while sfu.stats().frames_tapped < 50 || sfu.stats().frames_fed < 50 {
        assert!(began.elapsed() < WITHIN);
        std::thread::yield_now();
    }
    assert_eq!(sfu.stats().dropped_tap, 0);
    assert!(sfu.stats().tap_cpu_us > 0);
}

#[test]
fn frames_wait_up_to_the_limits_and_not_one_more() {
    // The media thread is held while it tells something.
    let gate = Arc::new((Mutex::new(true), Condvar::new()));
    let (held, reached) = channel();
    let held = Mutex::new(held);
    let keeper = gate.clone();
    let events = move |_| {
        held.lock().unwrap().send(()).unwrap();
        let (closed, opened) = &*keeper;
        drop(opened.wait_while(closed.lock().unwrap(), |closed| *closed).unwrap());
    };
    let sfu = Sfu::start(local(), Box::new(events)).unwrap();
    sfu.send(open_feed()).unwrap();
    reached.recv_timeout(WITHIN).unwrap();
    let large = |bytes: usize| FeedFrame { data: vec![0; bytes].into(), ..sound(0) };
    assert_eq!(sfu.feed(&leg("feed"), large(FRAME_BYTES + 1)), Err(Busy::FrameTooLarge));
    for _ in 0..FEED_QUEUE_BYTES / FRAME_BYTES {
        assert_eq!(sfu.feed(&leg("feed"), large(FRAME_BYTES)), Ok(()));
    }
    assert_eq!(sfu.feed(&leg("feed"), large(1)), Err(Busy::QueueFull), "bytes");
    for _ in FEED_QUEUE_BYTES / FRAME_BYTES..FEED_QUEUE {
        assert_eq!(sfu.feed(&leg("feed"), large(0)), Ok(()));
    }
    assert_eq!(sfu.feed(&leg("feed"), large(0)), Err(Busy::QueueFull), "frames");
    assert_eq!(sfu.send(Command::Close { leg: leg("nobody") }), Ok(()), "commands have room of their own");
    *gate.0.lock().unwrap() = false;
    gate.1.notify_all();
    let began = Instant::now();
    while sfu.stats().frames_fed < FEED_QUEUE as u64 {
        assert!(began.elapsed() < WITHIN);
        std::thread::yield_now();
    }
    assert_eq!(sfu.feed(&leg("feed"), sound(1)), Ok(()));
}

#[test]
fn a_tap_that_stands_still_loses_frames_and_nothing_else() {
    let gate = Arc::new((Mutex::new(true), Condvar::new()));
    let keeper = gate.clone();
    let tap = TapSink(Arc::new(move |_| {
        let (closed, opened) = &*keeper;
        drop(opened.wait_while(closed.lock().unwrap(), |closed| *closed).unwrap());
    }));
    let (sfu, told) = start(Config { tap: Some(tap), ..local() });
    let (mut host, mid) = publish(&sfu, &told);
    sfu.send(Command::Tap { leg: leg("host"), tap: Some(TapWants { key_frame_every_ms: 2_000 }) }).unwrap();
    let began = Instant::now();
    let mut sound = Sound::new(mid, 1);
    while sfu.stats().dropped_tap == 0 {
        assert!(began.elapsed() < 3 * WITHIN, "{:?}", sfu.stats());
        sound.turn(&mut host);
        std::thread::yield_now();
    }
    let before = sfu.stats().packets_in;
    assert!(before > 500, "the media thread went on");
    assert_eq!(sfu.stats().leg_faults, 0);
    *gate.0.lock().unwrap() = false;
    gate.1.notify_all();
    while sfu.stats().frames_tapped == 0 {
        assert!(began.elapsed() < 3 * WITHIN);
        std::thread::yield_now();
    }
}
