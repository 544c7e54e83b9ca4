//! A client of the world: a WebRTC stack at the end of a link, and what it saw.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::change::SdpPendingOffer;
use str0m::media::{KeyframeRequestKind, MediaKind, Mid};
use str0m::rtp::{RtpPacket, Vp8Descriptor};
use str0m::{Rtc, RtcConfig};

use super::camera::{LAYER_AT, Sends};
use crate::engine::extensions;
use crate::payload::{self, Frame};
use crate::sending::Overheard;
use crate::{Codec, LegId};

/// Conditions of one client's link, alike in both directions.
#[derive(Debug, Clone)]
pub(in crate::engine::tests) struct Link {
    pub(in crate::engine::tests) delay: Duration,
    /// Share of datagrams lost, 0 to 1.
    pub(in crate::engine::tests) loss: f64,
    /// Share that comes twice.
    pub(in crate::engine::tests) doubled: f64,
    /// Most that a datagram is delayed more than others, which reorders them.
    pub(in crate::engine::tests) jitter: Duration,
    /// Towards the client, in bits a second.
    pub(in crate::engine::tests) rate_bps: Option<u64>,
    pub(in crate::engine::tests) cut: bool,
}

impl Default for Link {
    fn default() -> Link {
        Link {
            delay: Duration::from_millis(10),
            loss: 0.0,
            doubled: 0.0,
            jitter: Duration::ZERO,
            rate_bps: None,
            cut: false,
        }
    }
}

/// A packet as a viewer got it.
#[derive(Debug, Clone)]
pub(in crate::engine::tests) struct Seen {
    pub(in crate::engine::tests) mid: Mid,
    pub(in crate::engine::tests) sequence: u64,
    pub(in crate::engine::tests) timestamp: u32,
    pub(in crate::engine::tests) payload: Arc<[u8]>,
    pub(in crate::engine::tests) marker: bool,
    pub(in crate::engine::tests) audio: bool,
    /// Of the dependency descriptor.
    pub(in crate::engine::tests) frame_number: Option<u16>,
}

impl Seen {
    pub(in crate::engine::tests) fn picture(&self) -> u16 {
        Vp8Descriptor::parse(&self.payload).unwrap().picture_id().unwrap()
    }

    pub(in crate::engine::tests) fn key_frame(&self) -> bool {
        Vp8Descriptor::parse(&self.payload).unwrap().starts_keyframe(&self.payload)
    }

    /// Layer that the publisher wrote into its picture.
    pub(in crate::engine::tests) fn layer(&self) -> u8 {
        self.payload[LAYER_AT]
    }
}

pub(in crate::engine::tests) struct Client {
    pub(in crate::engine::tests) leg: LegId,
    pub(in crate::engine::tests) address: SocketAddr,
    /// Where it seems to be, behind an address translation.
    pub(in crate::engine::tests) seen_at: SocketAddr,
    pub(in crate::engine::tests) rtc: Rtc,
    pub(in crate::engine::tests) link: Link,
    pub(in crate::engine::tests) link_free_at: Instant,
    pub(in crate::engine::tests) deadline: Instant,
    pub(in crate::engine::tests) sends: Option<Sends>,
    pub(in crate::engine::tests) pending: Option<SdpPendingOffer>,
    pub(in crate::engine::tests) seen: Vec<Seen>,
    pub(in crate::engine::tests) key_frames_asked: usize,
    pub(in crate::engine::tests) muted: bool,
    pub(in crate::engine::tests) answers: bool,
    /// Its keys, if it listens for them.
    pub(in crate::engine::tests) overheard: Overheard,
    pub(in crate::engine::tests) knows_rtx: bool,
    /// What was sent to it, whether it came or not, once that is to be noted.
    pub(in crate::engine::tests) wire: Option<Vec<Vec<u8>>>,
}

pub(in crate::engine::tests) fn config(vp8: bool) -> RtcConfig {
    RtcConfig::new()
        .set_rtp_mode(true)
        .clear_codecs()
        .enable_opus(true, true)
        .enable_vp8(vp8)
        .enable_vp9(true)
        .enable_h264(!vp8)
        .set_extension_map(extensions::spoken())
}

/// An offer without RTX (RFC 4588), as one sees it who doesn't know it.
pub(in crate::engine::tests) fn strip_rtx(offer: &str) -> String {
    let rtx = |line: &str| Some(line.strip_prefix("a=rtpmap:")?.strip_suffix(" rtx/90000")?.to_owned());
    let repairs = |line: &str| line.strip_prefix("a=ssrc-group:FID ")?.split(' ').nth(1).map(str::to_owned);
    let types: Vec<String> = offer.lines().filter_map(rtx).collect();
    let ssrcs: Vec<String> = offer.lines().filter_map(repairs).collect();
    assert!(!types.is_empty() && !ssrcs.is_empty());
    let mut stripped = String::new();
    for line in offer.lines().filter(|line| !line.starts_with("a=ssrc-group:FID ")) {
        let of = |prefix: &str, names: &[String]| {
            let name = line.strip_prefix(prefix).and_then(|rest| rest.split(' ').next());
            name.is_some_and(|name| names.iter().any(|it| it == name))
        };
        if ["a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"].iter().any(|prefix| of(prefix, &types)) || of("a=ssrc:", &ssrcs) {
            continue;
        }
        let is_media = line.starts_with("m=");
        let kept = line.split(' ').filter(|word| !is_media || !types.iter().any(|it| it == word));
        stripped.push_str(&kept.collect::<Vec<_>>().join(" "));
        stripped.push_str("\r\n");
    }
    stripped
}

impl Client {
    /// Has it ask for what is lost; this stack does so only where there is RTX.
    pub(in crate::engine::tests) fn ask_for_repairs(&mut self) {
        let mid = self.video()[0].mid;
        let mut direct = self.rtc.direct_api();
        direct.stream_rx_by_mid(mid, None).unwrap().suppress_nack(false);
    }

    /// Has it ask for a key frame; it does when its stack is next driven.
    pub(in crate::engine::tests) fn ask_for_a_key_frame(&mut self) {
        let mid = self.video()[0].mid;
        let mut direct = self.rtc.direct_api();
        direct.stream_rx_by_mid(mid, None).unwrap().request_keyframe(KeyframeRequestKind::Pli);
    }

    pub(in crate::engine::tests) fn see(&mut self, packet: RtpPacket) {
        let mut direct = self.rtc.direct_api();
        let mid = direct.stream_rx(&packet.header.ssrc).unwrap().mid();
        let audio = self.rtc.media(mid).unwrap().kind() == MediaKind::Audio;
        self.seen.push(Seen {
            mid,
            sequence: *packet.seq_no,
            timestamp: packet.header.timestamp,
            payload: packet.payload,
            marker: packet.header.marker,
            audio,
            frame_number: extensions::frame_number(&packet.header.ext_vals),
        });
    }

    pub(in crate::engine::tests) fn video(&self) -> Vec<&Seen> {
        self.seen.iter().filter(|seen| !seen.audio && !seen.payload.is_empty()).collect()
    }

    pub(in crate::engine::tests) fn audio(&self) -> Vec<&Seen> {
        self.seen.iter().filter(|seen| seen.audio).collect()
    }

    /// The pictures seen, in order from the first on: their timestamps and
    /// frames. One that a switch cut short has no end, and is none, as in a browser.
    pub(in crate::engine::tests) fn pictures(&self, codec: Codec) -> Vec<(u32, Frame)> {
        let pictures = by_picture(&self.video());
        let mut expected = pictures.first().map_or(0, |picture| picture[0].sequence);
        let mut whole = Vec::new();
        for picture in pictures {
            // What lies behind the first gap is not looked at.
            if picture.iter().zip(expected..).any(|(seen, expected)| seen.sequence != expected) {
                break;
            }
            expected += picture.len() as u64;
            if picture[picture.len() - 1].marker {
                whole.push((picture[0].timestamp, frame(codec, &picture).unwrap()));
            }
        }
        whole
    }

    pub(in crate::engine::tests) fn layer(&self) -> Option<u8> {
        self.video().last().map(|seen| seen.layer())
    }
}

/// Packets in the order of their numbers, those of one picture together.
pub(in crate::engine::tests) fn by_picture<'a>(seen: &[&'a Seen]) -> Vec<Vec<&'a Seen>> {
    let by_sequence: BTreeMap<u64, &Seen> = seen.iter().map(|seen| (seen.sequence, *seen)).collect();
    let mut pictures: Vec<Vec<&Seen>> = Vec::new();
    for seen in by_sequence.into_values() {
        match pictures.last_mut().filter(|picture| picture[0].timestamp == seen.timestamp) {
            Some(picture) => picture.push(seen),
            None => pictures.push(vec![seen]),
        }
    }
    pictures
}

/// The frame that the packets of a picture hold, if they are one.
pub(in crate::engine::tests) fn frame(codec: Codec, picture: &[&Seen]) -> Option<Frame> {
    let payloads: Vec<&[u8]> = picture.iter().map(|seen| &seen.payload[..]).collect();
    payload::frame(codec, &payloads).ok().flatten()
}
