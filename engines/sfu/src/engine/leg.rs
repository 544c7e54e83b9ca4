//! One peer connection and what the engine keeps of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::config::DtlsCert;
use str0m::crypto::CryptoProvider;
use str0m::net::TcpType;
use str0m::{Candidate, Rtc, RtcConfig};

use super::extensions;
use super::publisher::Publisher;
use super::subscriber::Subscriber;
use crate::sending::{self, Clock, Outlet, Overheard};
use crate::{Codec, Error, HEALTH_EVERY_MS, LegId, Limits};

/// Between reports of the stack on what is not its to report on.
const NO_REPORTS: Duration = Duration::from_secs(24 * 3_600);
/// In the order they are offered.
const VIDEO_CODECS: [Codec; 4] = [Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Av1];
/// Addresses that may lead to one leg: interfaces, changed networks, TCP.
pub(crate) const ADDRESSES_PER_LEG: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Transport {
    Udp,
    Tcp,
}

/// Where a datagram comes from or goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Peer {
    pub(crate) transport: Transport,
    pub(crate) address: SocketAddr,
}

pub(crate) enum Role {
    Publish(Publisher),
    Subscribe(Subscriber),
}

pub(crate) struct Leg {
    pub(crate) id: LegId,
    pub(crate) space: usize,
    pub(crate) rtc: Rtc,
    pub(crate) role: Role,
    pub(crate) connected: bool,
    /// When it is given up if it isn't connected by then.
    pub(crate) connect_by: Option<Instant>,
    pub(crate) heard: Instant,
    pub(crate) silent: bool,
    pub(crate) addresses: Vec<Peer>,
    pub(crate) ufrags: Vec<String>,
    /// The last offer of a client that makes the offers.
    pub(crate) offer: Option<String>,
    /// Candidates that the client named later.
    pub(crate) candidates: usize,
    /// When the stack, or a feed, wants to be called.
    pub(crate) stack_deadline: Instant,
    descriptions: (Instant, u32),
    /// Bytes that came and went since that was told last.
    bytes: (u64, u64),
}

impl Leg {
    pub(crate) fn new(id: LegId, space: usize, rtc: Rtc, role: Role, now: Instant) -> Leg {
        Leg {
            id,
            space,
            rtc,
            role,
            connected: false,
            connect_by: None,
            heard: now,
            silent: false,
            addresses: Vec::new(),
            ufrags: Vec::new(),
            offer: None,
            candidates: 0,
            stack_deadline: now,
            descriptions: (now, 0),
            bytes: (0, 0),
        }
    }

    /// A datagram, or a frame of a feed, came.
    pub(crate) fn count_in(&mut self, bytes: usize) {
        self.bytes.0 += bytes as u64;
    }

    /// Datagrams went.
    pub(crate) fn count_out(&mut self, bytes: u64) {
        self.bytes.1 += bytes;
    }

    /// When it wants to be called.
    pub(crate) fn deadline(&self) -> Instant {
        let paced = match &self.role {
            Role::Subscribe(subscriber) => subscriber.outlet.deadline(),
            Role::Publish(_) => None,
        };
        paced.map_or(self.stack_deadline, |paced| paced.min(self.stack_deadline))
    }

    /// How many bytes came and went since this was asked last.
    pub(crate) fn take_bytes(&mut self) -> (u64, u64) {
        std::mem::take(&mut self.bytes)
    }

    /// Counts a session description from the client; `false` beyond the limit.
    pub(crate) fn may_describe(&mut self, limits: &Limits, now: Instant) -> bool {
        if now.saturating_duration_since(self.descriptions.0) >= Duration::from_secs(1) {
            self.descriptions = (now, 0);
        }
        self.descriptions.1 += 1;
        self.descriptions.1 <= limits.descriptions_per_second
    }

    /// Whether it publishes without a peer.
    pub(crate) fn is_fed(&self) -> bool {
        matches!(&self.role, Role::Publish(publisher) if publisher.feed.is_some())
    }

    pub(crate) fn publisher(&mut self) -> Option<&mut Publisher> {
        match &mut self.role {
            Role::Publish(publisher) => Some(publisher),
            Role::Subscribe(_) => None,
        }
    }

    pub(crate) fn subscriber(&mut self) -> Option<&mut Subscriber> {
        match &mut self.role {
            Role::Subscribe(subscriber) => Some(subscriber),
            Role::Publish(_) => None,
        }
    }
}

/// What every connection is made with.
pub(crate) struct Connections {
    crypto: Arc<CryptoProvider>,
    certificate: DtlsCert,
    candidates: Vec<Candidate>,
    addresses: Vec<SocketAddr>,
    bandwidth_estimation: bool,
    clock: Clock,
}

impl Connections {
    /// # Errors
    ///
    /// No certificate could be made, or there is no address to announce.
    pub(crate) fn new(
        addresses: &[SocketAddr],
        tcp: bool,
        bandwidth_estimation: bool,
        clock: Clock,
    ) -> Result<Connections, Error> {
        let crypto = Arc::new(sending::listening());
        let certificate = crypto
            .dtls_provider
            .generate_certificate()
            .ok_or_else(|| Error::Certificate("the crypto library refused".to_owned()))?;
        let mut candidates = Vec::new();
        for address in addresses {
            candidates.extend(Candidate::builder().udp().host(*address).build());
        }
        for address in addresses.iter().filter(|_| tcp) {
            candidates.extend(Candidate::builder().tcp().host(*address).tcptype(TcpType::Passive).build());
        }
        if candidates.is_empty() {
            return Err(Error::NoCandidate);
        }
        Ok(Connections { crypto, certificate, candidates, addresses: addresses.to_vec(), bandwidth_estimation, clock })
    }

    /// `prefers`: the client's video codecs, dearest first. The stack answers in
    /// its own order, and a browser sends the first one of the answer.
    pub(crate) fn publishing(&self, prefers: &[Codec], now: Instant) -> Rtc {
        self.build(self.config(prefers).set_stats_interval(Some(Duration::from_millis(HEALTH_EVERY_MS))), now)
    }

    /// A connection whose media goes by an outlet of ours; the stack has ICE,
    /// DTLS and the session description.
    pub(crate) fn subscribing(&self, now: Instant) -> (Rtc, Outlet) {
        let config = self.config(&[]);
        let config = config.set_rtcp_report_interval_audio(NO_REPORTS).set_rtcp_report_interval_video(NO_REPORTS);
        let rtc = self.build(config, now);
        (rtc, Outlet::new(Overheard::last_made(), self.bandwidth_estimation, self.clock, now))
    }

    fn config(&self, prefers: &[Codec]) -> RtcConfig {
        let config = RtcConfig::new()
            .set_crypto_provider(self.crypto.clone())
            .set_dtls_cert(self.certificate.clone())
            .set_ice_lite(true)
            .set_rtp_mode(true)
            .set_stats_interval(None)
            .clear_codecs()
            .enable_opus(true, true)
            .set_extension_map(extensions::spoken());
        let others = VIDEO_CODECS.iter().filter(|codec| !prefers.contains(codec));
        prefers.iter().chain(others).fold(config, |config, codec| match codec {
            Codec::Vp8 => config.enable_vp8(true),
            Codec::H264 => config.enable_h264(true),
            Codec::Vp9 => config.enable_vp9(true),
            Codec::Av1 => config.enable_av1(true),
            Codec::Opus => config,
        })
    }

    fn build(&self, config: RtcConfig, now: Instant) -> Rtc {
        let mut rtc = config.build(now);
        for candidate in &self.candidates {
            rtc.add_local_candidate(candidate.clone());
        }
        rtc
    }

    /// The announced address that a datagram from there must have been sent to.
    pub(crate) fn destination(&self, from: SocketAddr) -> SocketAddr {
        let alike = |address: &&SocketAddr| {
            address.is_ipv4() == from.is_ipv4() && address.ip().is_loopback() == from.ip().is_loopback()
        };
        let family = |address: &&SocketAddr| address.is_ipv4() == from.is_ipv4();
        let addresses = || self.addresses.iter();
        *addresses().find(alike).or_else(|| addresses().find(family)).unwrap_or(&self.addresses[0])
    }
}
