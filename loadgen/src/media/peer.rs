//! One peer connection with its socket: str0m driven on a thread, nothing of it async.

use crate::clock;
use crate::failure::{Failure, Result};
use crate::net::datagrams::{Batch, Datagrams};
use std::net::IpAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};
use str0m::change::{SdpAnswer, SdpOffer};
use str0m::config::DtlsCert;
use str0m::format::CodecConfig;
use str0m::media::Rid;
use str0m::net::{Protocol, Receive};
use str0m::rtp::{Extension, ExtensionMap, RtpPacket};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc, RtcConfig};

/// Timeouts this close are due: str0m asks for many of them, and each is a pass over its whole state.
const DUE_AHEAD: Duration = Duration::from_millis(1);
/// The first retransmission of a STUN request, so that a lost one does not look like a slow server.
const FIRST_STUN_RETRANSMISSION: Duration = Duration::from_millis(50);

/// What a peer reports while it is driven.
pub enum Report {
    /// A media packet came.
    Packet(Box<RtpPacket>),
    /// The other side asks for a key frame, of one layer where there are several.
    KeyFrameWanted(Option<Rid>),
}

/// One peer connection.
pub struct Peer {
    /// str0m's side of it.
    pub rtc: Rtc,
    datagrams: Datagrams,
    deadline: Instant,
    connected_ns: Option<u64>,
    failed: Option<String>,
}

impl AsRawFd for Peer {
    fn as_raw_fd(&self) -> RawFd {
        self.datagrams.as_raw_fd()
    }
}

/// How peers are made.
#[derive(Clone)]
pub struct Settings {
    /// Where their sockets are bound.
    pub ip: IpAddr,
    /// Whether they offer and send transport-wide feedback, without which the server can't estimate bandwidth.
    pub feedback: bool,
    /// The certificate of all of them: making one for each would measure that.
    pub certificate: DtlsCert,
}

impl Settings {
    /// Settings with a fresh certificate.
    pub fn new(ip: IpAddr, feedback: bool) -> Result<Self> {
        let certificate = str0m::crypto::from_feature_flags()
            .dtls_provider
            .generate_certificate()
            .ok_or_else(|| Failure::Media("no certificate could be made".to_owned()))?;
        Ok(Self { ip, feedback, certificate })
    }

    fn config(&self) -> RtcConfig {
        let mut config = RtcConfig::new()
            .set_dtls_cert(self.certificate.clone())
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true);
        config.set_initial_stun_rto(FIRST_STUN_RETRANSMISSION);
        if !self.feedback {
            let mut params = config.codec_config().params().to_vec();
            params.iter_mut().for_each(|params| params.set_fb_transport_cc(false));
            *config.codec_config() = CodecConfig::new_from_payload_params(params);
            let mut extensions = ExtensionMap::empty();
            for (id, extension) in ExtensionMap::standard().iter() {
                if *extension != Extension::TransportSequenceNumber {
                    extensions.set(id, extension.clone());
                }
            }
            config = config.set_extension_map(extensions);
        }
        config
    }
}

impl Peer {
    /// A peer with a bound socket, not connected to anybody.
    pub fn new(settings: &Settings) -> Result<Self> {
        let datagrams = Datagrams::bind(settings.ip)?;
        let now = Instant::now();
        let mut rtc = settings.config().build(now);
        let candidate = Candidate::host(datagrams.local(), "udp").map_err(|error| Failure::Media(error.to_string()))?;
        rtc.add_local_candidate(candidate);
        Ok(Self { rtc, datagrams, deadline: now, connected_ns: None, failed: None })
    }

    /// Takes the server's offer and gives the answer.
    pub fn accept(&mut self, offer: &str) -> Result<String> {
        let offer = SdpOffer::from_sdp_string(offer).map_err(|error| Failure::Media(format!("the offer: {error}")))?;
        let answer =
            self.rtc.sdp_api().accept_offer(offer).map_err(|error| Failure::Media(format!("the offer: {error}")))?;
        self.deadline = Instant::now();
        Ok(answer.to_sdp_string())
    }

    /// Reads an answer.
    pub fn read_answer(sdp: &str) -> Result<SdpAnswer> {
        SdpAnswer::from_sdp_string(sdp).map_err(|error| Failure::Media(format!("the answer: {error}")))
    }

    /// When ICE and DTLS were through, by [`clock`].
    pub fn connected_ns(&self) -> Option<u64> {
        self.connected_ns
    }

    /// Why it is of no use any more, if it is.
    pub fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// When it wants to be driven again.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Asks to be driven at once.
    pub fn wake(&mut self, now: Instant) {
        self.deadline = now;
    }

    /// Lets time pass, if something is due.
    pub fn drive(&mut self, now: Instant, report: &mut impl FnMut(Report)) {
        if self.deadline > now + DUE_AHEAD || self.failed.is_some() {
            return;
        }
        let due = self.deadline.max(now);
        self.input(Input::Timeout(due));
        self.drain(report);
    }

    /// Reads the socket once. Output is drained after every datagram: str0m keeps only one packet in RTP mode.
    pub fn receive(&mut self, batch: &mut Batch, report: &mut impl FnMut(Report)) {
        let now = Instant::now();
        let Self { rtc, datagrams, deadline, connected_ns, failed } = self;
        let destination = datagrams.local();
        batch.receive(datagrams, |source, bytes| {
            let Ok(receive) = Receive::new(Protocol::Udp, source, destination, bytes) else { return };
            if failed.is_some() {
                return;
            }
            if let Err(error) = rtc.handle_input(Input::Receive(now, receive)) {
                *failed = Some(error.to_string());
            }
            drain(rtc, datagrams, deadline, connected_ns, failed, report);
        });
    }

    fn input(&mut self, input: Input<'_>) {
        if let Err(error) = self.rtc.handle_input(input) {
            self.failed = Some(error.to_string());
        }
    }

    /// Sends what is to be sent and reports what happened.
    pub fn drain(&mut self, report: &mut impl FnMut(Report)) {
        let Self { rtc, datagrams, deadline, connected_ns, failed } = self;
        drain(rtc, datagrams, deadline, connected_ns, failed, report);
    }
}

fn drain(
    rtc: &mut Rtc,
    datagrams: &Datagrams,
    deadline: &mut Instant,
    connected_ns: &mut Option<u64>,
    failed: &mut Option<String>,
    report: &mut impl FnMut(Report),
) {
    while failed.is_none() {
        match rtc.poll_output() {
            Ok(Output::Timeout(at)) => {
                *deadline = at;
                return;
            }
            Ok(Output::Transmit(transmit)) => datagrams.send(transmit.destination, &transmit.contents),
            Ok(Output::Event(event)) => match event {
                Event::RtpPacket(packet) => report(Report::Packet(Box::new(packet))),
                Event::KeyframeRequest(request) => report(Report::KeyFrameWanted(request.rid)),
                Event::Connected => *connected_ns = Some(clock::now_ns()),
                Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                    *failed = Some("the server does not answer any more".to_owned())
                }
                Event::Closed => *failed = Some("the server ended the connection".to_owned()),
                _ => {}
            },
            Err(error) => *failed = Some(error.to_string()),
        }
    }
}
