//! WebRTC peers with real sockets, turned by one thread: hosts that send sound, each with a mark of its own, and viewers that
//! count what they get of whom.

use crate::support::{Client, PATIENCE};
use hearth_protocol::ids::{LegId, SpaceId};
use hearth_protocol::live_rooms::Broadcast;
use hearth_protocol::media::{Source, SourceOfMid};
use hearth_protocol::{Command, Event, Outcome};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event as Happening, Input, Output, Rtc, RtcConfig};

/// A packet of sound this often, as Opus has it.
const PACKET_EVERY: Duration = Duration::from_millis(20);
/// The bytes of one, as a small picture has them: 400 kbit/s.
const PACKET_BYTES: usize = 1_000;
/// The publishers of a test that are told apart.
const MARKS: usize = 16;

/// How many packets have arrived, by the mark of who sent them.
type Heard = Arc<[AtomicU64; MARKS]>;

struct Peer {
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    server: SocketAddr,
    deadline: Instant,
    connected: bool,
    sends: Option<Sends>,
    heard: Heard,
    gone: Arc<AtomicBool>,
}

struct Sends {
    mid: Mid,
    mark: usize,
    sequence: u64,
    next: Instant,
}

impl Peer {
    fn turn(&mut self) {
        let mut buffer = [0; 4_096];
        while let Ok(length) = self.socket.recv(&mut buffer) {
            let Ok(receive) = Receive::new(Protocol::Udp, self.server, self.local, &buffer[..length]) else { continue };
            if self.rtc.handle_input(Input::Receive(Instant::now(), receive)).is_err() {
                return;
            }
            self.drain();
        }
        self.send();
        let now = Instant::now();
        if self.deadline <= now && self.rtc.handle_input(Input::Timeout(now)).is_ok() {
            self.drain();
        }
    }

    fn send(&mut self) {
        let now = Instant::now();
        // What is late is caught up with: a rate that is measured is that of the clock.
        while let Some(sends) = self.sends.as_mut().filter(|sends| self.connected && sends.next <= now) {
            sends.next += PACKET_EVERY;
            sends.sequence += 1;
            let payload = vec![sends.mark as u8; PACKET_BYTES];
            let pt = self.rtc.codec_config().params()[0].pt();
            let write = RtpWrite::new(pt, sends.sequence.into(), sends.sequence as u32 * 960, now, payload);
            if let Some(stream) = self.rtc.direct_api().stream_tx_by_mid(sends.mid, None) {
                stream.write_rtp(write);
            }
            if self.rtc.handle_input(Input::Timeout(now)).is_err() {
                return;
            }
            self.drain();
        }
    }

    fn drain(&mut self) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    self.deadline = at;
                    return;
                }
                Ok(Output::Transmit(transmit)) => drop(self.socket.send_to(&transmit.contents, self.server)),
                Ok(Output::Event(Happening::Connected)) => {
                    self.connected = true;
                    self.sends.iter_mut().for_each(|sends| sends.next = Instant::now());
                }
                Ok(Output::Event(Happening::RtpPacket(packet))) => {
                    let mark = packet.payload.first().copied().map(usize::from);
                    if let Some(heard) = mark.and_then(|mark| self.heard.get(mark)) {
                        heard.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Ok(Output::Event(_)) => {}
                Err(_) => return,
            }
        }
    }
}

/// The peers of a test.
#[derive(Clone)]
pub struct Peers {
    all: Arc<Mutex<Vec<Peer>>>,
    marks: Arc<AtomicUsize>,
}

/// A peer, as its test has it; it is closed when this is dropped.
pub struct Line {
    /// Which leg of the server's it is.
    pub leg: LegId,
    mark: usize,
    heard: Heard,
    gone: Arc<AtomicBool>,
}

impl Line {
    /// How many packets have arrived.
    pub fn packets(&self) -> u64 {
        self.heard.iter().map(|heard| heard.load(Ordering::Relaxed)).sum()
    }

    /// How many of them a publisher has sent.
    pub fn packets_of(&self, publisher: &Line) -> u64 {
        self.heard[publisher.mark].load(Ordering::Relaxed)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
    }
}

impl Peers {
    /// Peers of any server's media engine, turned until the last of them is dropped.
    pub fn new() -> Self {
        let all: Arc<Mutex<Vec<Peer>>> = Arc::default();
        let turned = Arc::downgrade(&all);
        std::thread::spawn(move || {
            while let Some(all) = turned.upgrade() {
                let mut all = all.lock().unwrap();
                all.retain(|peer| !peer.gone.load(Ordering::Relaxed));
                all.iter_mut().for_each(Peer::turn);
                drop(all);
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        Self { all, marks: Arc::default() }
    }

    fn peer() -> Peer {
        let now = Instant::now();
        let mut rtc = RtcConfig::new().set_rtp_mode(true).build(now);
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let local = socket.local_addr().unwrap();
        rtc.add_local_candidate(Candidate::host(local, "udp").unwrap());
        let (heard, gone) = (Heard::default(), Arc::default());
        Peer { rtc, socket, local, server: local, deadline: now, connected: false, sends: None, heard, gone }
    }

    fn add(&self, peer: Peer, leg: LegId) -> Line {
        let mark = peer.sends.as_ref().map_or(0, |sends| sends.mark);
        let line = Line { leg, mark, heard: peer.heard.clone(), gone: peer.gone.clone() };
        self.all.lock().unwrap().push(peer);
        line
    }

    fn offer() -> (Peer, Mid, String, SdpPendingOffer) {
        let mut peer = Self::peer();
        let mut changes = peer.rtc.sdp_api();
        let mid = changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        let (offer, pending) = changes.apply().unwrap();
        (peer, mid, offer.to_sdp_string(), pending)
    }

    /// Sends sound into a space, and waits until that was taken.
    pub async fn publish(&self, client: &mut Client, space: &SpaceId) -> Line {
        let (mut peer, mid, offer, pending) = Self::offer();
        let sources = vec![SourceOfMid { mid: mid.to_string(), source: Source::Microphone }];
        let outcome = client.command(space, Command::Publish { offer, sources, take_over: false }).await.unwrap();
        let Outcome::Publishing { answer, leg } = outcome else { panic!("{outcome:?}") };
        peer.server = server_of(&answer);
        peer.rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(&answer).unwrap()).unwrap();
        let mark = 1 + self.marks.fetch_add(1, Ordering::Relaxed);
        assert!(mark < MARKS, "a test has at most {MARKS} publishers");
        peer.sends = Some(Sends { mid, mark, sequence: 0, next: Instant::now() });
        self.add(peer, leg)
    }

    /// Goes live, and waits until that is seen.
    pub async fn go_live(&self, client: &mut Client, room: &SpaceId) -> Line {
        let line = self.publish(client, room).await;
        client
            .event("on air", |event| {
                matches!(event, Event::Broadcast { broadcast: Broadcast::OnAir { .. }, .. }).then_some(())
            })
            .await;
        line
    }

    /// Watches a space's stage, and waits until there is something to see.
    pub async fn watch(&self, client: &mut Client, space: &SpaceId) -> Line {
        let leg = Self::asks_to_watch(client, space).await;
        self.receive(client, space, leg).await
    }

    /// Wants to watch a space's stage, whether there is something to see or not.
    pub async fn asks_to_watch(client: &mut Client, space: &SpaceId) -> LegId {
        let outcome = client.command(space, Command::Watch { keep: None }).await.unwrap();
        let Outcome::Watching { leg } = outcome else { panic!("{outcome:?}") };
        leg
    }

    /// Answers a leg's first offer, which comes when there is something to see.
    pub async fn receive(&self, client: &mut Client, space: &SpaceId, leg: LegId) -> Line {
        let (generation, sdp) = Self::offered(client, &leg).await;
        let mut peer = Self::peer();
        peer.server = server_of(&sdp);
        let offer = SdpOffer::from_sdp_string(&sdp).unwrap();
        let sdp = peer.rtc.sdp_api().accept_offer(offer).unwrap().to_sdp_string();
        client.command(space, Command::Answer { leg: leg.clone(), generation, sdp }).await.unwrap();
        self.add(peer, leg)
    }

    async fn offered(client: &mut Client, leg: &LegId) -> (u32, String) {
        client
            .event("an offer", |event| match event {
                Event::Offer { leg: of, generation, sdp, .. } if of == leg => Some((*generation, sdp.clone())),
                _ => None,
            })
            .await
    }

    /// Answers the offer that comes when somebody else is on the stage that a line watches.
    pub async fn answer(&self, client: &mut Client, space: &SpaceId, line: &Line) {
        let (generation, sdp) = Self::offered(client, &line.leg).await;
        let offer = SdpOffer::from_sdp_string(&sdp).unwrap();
        let sdp = {
            let mut all = self.all.lock().unwrap();
            let peer = all.iter_mut().find(|peer| Arc::ptr_eq(&peer.gone, &line.gone)).unwrap();
            peer.deadline = Instant::now();
            peer.rtc.sdp_api().accept_offer(offer).unwrap().to_sdp_string()
        };
        client.command(space, Command::Answer { leg: line.leg.clone(), generation, sdp }).await.unwrap();
    }
}

/// Where the server takes media: the first candidate for UDP of its description (RFC 8839, section 5.1).
fn server_of(sdp: &str) -> SocketAddr {
    let candidates = sdp.lines().filter_map(|line| line.strip_prefix("a=candidate:"));
    let words = candidates.map(|line| line.split(' ').collect::<Vec<_>>());
    let udp =
        words.filter(|words| words[2].eq_ignore_ascii_case("udp")).map(|words| (words[4].to_owned(), words[5].parse()));
    let (address, port) = udp.take(1).next().expect("a candidate");
    SocketAddr::new(address.parse().unwrap(), port.unwrap())
}

/// Waits until something holds.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what} does not come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
