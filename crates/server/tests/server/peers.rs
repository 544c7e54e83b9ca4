//! WebRTC peers with real sockets, turned by one thread: hosts that send sound, and viewers that count what they get.

use crate::support::{Client, PATIENCE, Server};
use hearth_protocol::ids::SpaceId;
use hearth_protocol::live_rooms::Broadcast;
use hearth_protocol::media::{Source, SourceOfMid};
use hearth_protocol::{Command, Event, Outcome};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event as Happening, Input, Output, Rtc, RtcConfig};

/// A packet of sound this often, as Opus has it.
const PACKET_EVERY: Duration = Duration::from_millis(20);
/// The bytes of one: 96 kbit/s.
const PACKET_BYTES: usize = 240;

struct Peer {
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    server: SocketAddr,
    deadline: Instant,
    connected: bool,
    sends: Option<(Mid, u64, Instant)>,
    packets: Arc<AtomicU64>,
    gone: Arc<AtomicBool>,
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
        let Some((mid, sequence, next)) = &mut self.sends else { return };
        let now = Instant::now();
        if !self.connected || now < *next {
            return;
        }
        *next = now.max(*next + PACKET_EVERY);
        *sequence += 1;
        let payload = vec![*sequence as u8; PACKET_BYTES];
        let pt = self.rtc.codec_config().params()[0].pt();
        let write = RtpWrite::new(pt, (*sequence).into(), *sequence as u32 * 960, now, payload);
        if let Some(stream) = self.rtc.direct_api().stream_tx_by_mid(*mid, None) {
            stream.write_rtp(write);
        }
        self.deadline = now;
    }

    fn drain(&mut self) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    self.deadline = at;
                    return;
                }
                Ok(Output::Transmit(transmit)) => drop(self.socket.send_to(&transmit.contents, self.server)),
                Ok(Output::Event(Happening::Connected)) => self.connected = true,
                Ok(Output::Event(Happening::RtpPacket(_))) => drop(self.packets.fetch_add(1, Ordering::Relaxed)),
                Ok(Output::Event(_)) => {}
                Err(_) => return,
            }
        }
    }
}

/// The peers of a test.
#[derive(Clone)]
pub struct Peers {
    server: SocketAddr,
    all: Arc<Mutex<Vec<Peer>>>,
}

/// A peer, as its test has it; it is closed when this is dropped.
pub struct Line {
    packets: Arc<AtomicU64>,
    gone: Arc<AtomicBool>,
}

impl Line {
    /// How many packets have arrived.
    pub fn packets(&self) -> u64 {
        self.packets.load(Ordering::Relaxed)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
    }
}

impl Peers {
    /// Peers of this server's media engine, turned until the last of them is dropped.
    pub fn of(server: &Server) -> Self {
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
        Self { server: server.running().node.media().sfu().announced()[0], all }
    }

    fn peer(&self) -> (Peer, Line) {
        let now = Instant::now();
        let mut rtc = RtcConfig::new().set_rtp_mode(true).build(now);
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let local = socket.local_addr().unwrap();
        rtc.add_local_candidate(Candidate::host(local, "udp").unwrap());
        let line = Line { packets: Arc::default(), gone: Arc::default() };
        let (packets, gone) = (line.packets.clone(), line.gone.clone());
        let (server, sends) = (self.server, None);
        (Peer { rtc, socket, local, server, deadline: now, connected: false, sends, packets, gone }, line)
    }

    fn offer(&self) -> (Peer, Line, Mid, String, SdpPendingOffer) {
        let (mut peer, line) = self.peer();
        let mut changes = peer.rtc.sdp_api();
        let mid = changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        let (offer, pending) = changes.apply().unwrap();
        (peer, line, mid, offer.to_sdp_string(), pending)
    }

    /// Sends sound into a space, and waits until that was taken.
    pub async fn publish(&self, client: &mut Client, space: &SpaceId) -> Line {
        let (mut peer, line, mid, offer, pending) = self.offer();
        let sources = vec![SourceOfMid { mid: mid.to_string(), source: Source::Microphone }];
        let outcome = client.command(space, Command::Publish { offer, sources, take_over: false }).await.unwrap();
        let Outcome::Publishing { answer, .. } = outcome else { panic!("{outcome:?}") };
        peer.rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(&answer).unwrap()).unwrap();
        peer.sends = Some((mid, 0, Instant::now()));
        self.all.lock().unwrap().push(peer);
        line
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

    /// Watches a space's stage.
    pub async fn watch(&self, client: &mut Client, space: &SpaceId) -> Line {
        let outcome = client.command(space, Command::Watch { keep: None }).await.unwrap();
        let Outcome::Watching { leg } = outcome else { panic!("{outcome:?}") };
        let (generation, sdp) = client
            .event("an offer", |event| match event {
                Event::Offer { leg: of, generation, sdp, .. } if *of == leg => Some((*generation, sdp.clone())),
                _ => None,
            })
            .await;
        let (mut peer, line) = self.peer();
        let offer = SdpOffer::from_sdp_string(&sdp).unwrap();
        let sdp = peer.rtc.sdp_api().accept_offer(offer).unwrap().to_sdp_string();
        client.command(space, Command::Answer { leg, generation, sdp }).await.unwrap();
        self.all.lock().unwrap().push(peer);
        line
    }
}

/// Waits until something holds.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what} does not come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
