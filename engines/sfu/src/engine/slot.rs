//! One m-line of a subscribing leg: what it carries, in which format and layer
//! the client gets it, and writing packets into it.

use std::time::Instant;

use str0m::Rtc;
use str0m::format::CodecSpec;
use str0m::media::{Mid, Pt};

use super::extensions;
use super::forwarding::Batch;
use super::publisher::{MediaPacket, TrackKey};
use crate::forward::catch_up::CatchUp;
use crate::forward::key_frame_requests::KeyFrameAllowance;
use crate::forward::layers::LayerNow;
use crate::forward::rewrite::{FrameNumbers, Rewriter, Vp8Continuity};
use crate::forward::scaler::{Admitted, Scaler};
use crate::forward::scaling::Target;
use crate::sending::{Description, Outlet, Rewritten};
use crate::{Kind, LegId, OfferedTrack, Source, TrackId};

/// Clock rates of what is forwarded, in Hz (RFC 7587, RFC 7741 and the like).
const AUDIO_CLOCK_HZ: u32 = 48_000;
const VIDEO_CLOCK_HZ: u32 = 90_000;

/// A track that is to be on an m-line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attached {
    pub(crate) key: TrackKey,
    pub(crate) track: TrackId,
    pub(crate) publisher: LegId,
    pub(crate) kind: Kind,
    pub(crate) source: Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Negotiation {
    Offered,
    Live,
    /// The client wants none of it.
    Rejected,
}

/// A payload type that the client takes on an m-line.
#[derive(Debug, Clone, Copy)]
struct Takes {
    spec: CodecSpec,
    pt: Pt,
    red: Option<Pt>,
    /// Of repairs (RFC 4588).
    repair: Option<Pt>,
}

/// One m-line.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(super) mid: Mid,
    pub(crate) kind: Kind,
    negotiation: Negotiation,
    /// Its stream in the outlet.
    pub(crate) stream: Option<usize>,
    takes: Vec<Takes>,
    pub(crate) attached: Option<Attached>,
    /// The format that packets come in, and how the client takes it.
    format: Option<(u64, Option<Takes>)>,
    rewriter: Rewriter,
    vp8: Vp8Continuity,
    frames: FrameNumbers,
    /// What of a scalable encoding is forwarded.
    scaler: Scaler,
    /// What is to be forwarded of the target.
    wish: Option<Target>,
    /// Encoding that is forwarded.
    pub(crate) current: Option<usize>,
    /// Encoding that is to be forwarded from its next key frame on.
    pub(crate) target: Option<usize>,
    /// Layer that was last told: its encoding and spatial layer. Outer `None`:
    /// nothing was.
    pub(crate) told: Option<Option<(usize, Option<u8>)>>,
    /// The way to where the source is, for one who joined between key frames.
    pub(crate) catch_up: Option<CatchUp<MediaPacket>>,
    /// A track whose codec the client doesn't take, not yet told.
    pub(crate) undeliverable: Option<TrackId>,
    /// What the client may ask for.
    pub(crate) requests: KeyFrameAllowance,
    /// What its changes of layer may ask for, and whether one waits.
    changes: KeyFrameAllowance,
    waits: bool,
}

/// What writing a batch did.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) packets: u64,
    pub(crate) dropped: u64,
    pub(crate) switches: u64,
    /// Something other than packets is to be told or asked for.
    pub(crate) look: bool,
}

impl Slot {
    pub(super) fn new(mid: Mid, kind: Kind, attached: Option<Attached>) -> Slot {
        Slot {
            mid,
            kind,
            negotiation: Negotiation::Offered,
            stream: None,
            takes: Vec::new(),
            target: attached.as_ref().map(|_| 0),
            attached,
            format: None,
            rewriter: Rewriter::new(clock_hz(kind)),
            vp8: Vp8Continuity::default(),
            frames: FrameNumbers::default(),
            scaler: Scaler::default(),
            wish: None,
            current: None,
            told: None,
            catch_up: None,
            undeliverable: None,
            requests: KeyFrameAllowance::of_requests(),
            changes: KeyFrameAllowance::of_changes(),
            waits: false,
        }
    }

    pub(crate) fn is_live(&self) -> bool {
        self.negotiation == Negotiation::Live
    }

    /// The client has not answered yet.
    pub(super) fn is_offered(&self) -> bool {
        self.negotiation == Negotiation::Offered
    }

    /// The client wants none of it.
    pub(super) fn is_rejected(&self) -> bool {
        self.negotiation == Negotiation::Rejected
    }

    pub(super) fn takes_anything(&self) -> bool {
        self.is_live() && !self.takes.is_empty()
    }

    /// What it carries, as the client is told.
    pub(super) fn offered(&self) -> Option<OfferedTrack> {
        let attached = self.attached.as_ref().filter(|_| !self.is_rejected())?;
        Some(OfferedTrack {
            mid: self.mid.to_string(),
            track: attached.track.clone(),
            publisher: attached.publisher.clone(),
            kind: self.kind,
            source: attached.source,
        })
    }

    /// Takes what the client answered.
    pub(super) fn settle(&mut self, rtc: &mut Rtc, outlet: &mut Outlet) {
        let Some(media) = rtc.media(self.mid) else { return };
        if media.disabled() || !media.direction().is_sending() || media.remote_pts().is_empty() {
            self.negotiation = Negotiation::Rejected;
            self.undeliverable = self.attached.as_ref().map(|attached| attached.track.clone());
            return;
        }
        let accepted = media.remote_pts();
        let (extensions, cname) = (extensions::ids(media.remote_extmap()), media.cname().to_owned());
        self.takes = rtc
            .codec_config()
            .params()
            .iter()
            .filter(|params| accepted.contains(&params.pt()))
            .map(|params| Takes { spec: params.spec(), pt: params.pt(), red: params.red(), repair: params.resend() })
            .collect();
        self.format = None;
        self.stream = rtc.direct_api().stream_tx_by_mid(self.mid, None).map(|stream| {
            outlet.describe(Description {
                ssrc: *stream.ssrc(),
                repairs: stream.rtx().map(|ssrc| *ssrc),
                mid: self.mid.to_string(),
                cname,
                extensions,
                clock_hz: clock_hz(self.kind),
                video: self.kind == Kind::Video,
            })
        });
        self.negotiation = Negotiation::Live;
    }

    pub(super) fn attach(&mut self, attached: Option<Attached>) {
        self.target = attached.as_ref().map(|_| 0);
        self.attached = attached;
        self.format = None;
        self.current = None;
        self.told = None;
        self.undeliverable = None;
        self.catch_up = None;
        (self.scaler, self.wish) = (Scaler::default(), None);
        self.requests = KeyFrameAllowance::of_requests();
        self.rewriter.pause();
    }

    /// Whether it takes a key frame to get the target layer.
    pub(crate) fn waits_for_key_frame(&self) -> bool {
        self.is_live()
            && self.kind == Kind::Video
            && self.attached.is_some()
            && self.target.is_some()
            && (self.target != self.current || self.scaler.waits_for_key_frame())
    }

    /// The layer of which a key frame is to be asked for, if it is this one's
    /// turn: who changes all the time is not served at everybody's cost.
    pub(super) fn wish_for_key_frame(&mut self, now: Instant) -> Option<(TrackKey, usize)> {
        if !self.waits_for_key_frame() {
            self.waits = false;
            return None;
        }
        self.waits = self.waits || self.changes.take(now);
        self.attached.as_ref().filter(|_| self.waits).map(|attached| attached.key).zip(self.target)
    }

    /// Forwards this layer as soon as a viewer can go over to it.
    pub(crate) fn aim(&mut self, layer: &LayerNow) {
        self.target = Some(layer.encoding);
        self.wish = layer.target;
        // Of another encoding it is wanted from its key frame on.
        if self.current == self.target {
            self.scaler.want(self.wish);
        }
    }

    /// What is forwarded, among these layers.
    pub(crate) fn step(&self, layers: &[LayerNow]) -> Option<usize> {
        let target = self.scaler.current();
        let of_encoding = |layer: &&LayerNow| Some(layer.encoding) == self.current;
        let exactly = layers.iter().position(|layer| of_encoding(&layer) && layer.target == target);
        exactly.or_else(|| layers.iter().rposition(|layer| of_encoding(&layer)))
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.current == self.target && (self.current.is_none() || self.scaler.is_settled())
    }

    /// What is forwarded, if that is to be told.
    pub(crate) fn take_news(&mut self) -> bool {
        let forwarded = self.current.map(|encoding| (encoding, self.scaler.current().map(|target| target.spatial)));
        let is_news = self.kind == Kind::Video && self.is_live() && self.is_settled() && self.told != Some(forwarded);
        if is_news {
            self.told = Some(forwarded);
        }
        is_news
    }

    pub(crate) fn pause(&mut self) {
        self.catch_up = None;
        self.target = None;
        self.current = None;
        self.rewriter.pause();
    }

    /// Writes what is for this m-line.
    pub(super) fn write(&mut self, outlet: &mut Outlet, batch: &Batch, written: &mut Written) {
        let Some(key) = self.attached.as_ref().map(|attached| attached.key) else { return };
        if self.negotiation != Negotiation::Live || self.target.is_none() {
            return;
        }
        let of_track = batch.of(key);
        if of_track.is_empty() {
            return;
        }
        if let Some(catch_up) = &mut self.catch_up {
            if !of_track.iter().cloned().all(|packet| catch_up.add(packet)) {
                self.catch_up = None;
                self.current = None;
                self.rewriter.pause();
                written.look = true;
            }
            return;
        }
        self.write_all(outlet, of_track.iter(), written);
    }

    /// Writes packets of its track. With more waiting than may, what waits is
    /// given up, and the picture goes on with the next key frame.
    pub(crate) fn write_all<'a>(
        &mut self,
        outlet: &mut Outlet,
        packets: impl Iterator<Item = &'a MediaPacket>,
        written: &mut Written,
    ) {
        let Some(stream) = self.stream else { return };
        for packet in packets {
            if self.kind == Kind::Video && outlet.is_full() {
                written.dropped += outlet.abandon(stream);
                written.look = true;
                self.current = None;
                self.rewriter.pause();
            }
            if let Some(as_sent) = self.rewrite(packet, written) {
                outlet.push(stream, &packet.body, as_sent, packet.at.arrived);
                written.packets += 1;
            }
        }
    }

    /// The packet as it is to be sent here, if it is.
    fn rewrite(&mut self, packet: &MediaPacket, written: &mut Written) -> Option<Rewritten> {
        if self.rewriter.source() != Some(packet.at.source) {
            self.switch(packet, written)?;
        }
        if packet.body.payload.is_empty() {
            self.rewriter.leave_out(&packet.at);
            return None;
        }
        let Some(takes) = self.takes(packet) else {
            written.look = true;
            return None;
        };
        let ends_picture = self.admit(packet, written)?;
        let at = self.rewriter.forward(&packet.at)?;
        let (pt, primary) = match (packet.red_primary, takes.red) {
            (None, _) => (takes.pt, false),
            // Blocks inside RED name the primary's payload type.
            (Some(primary), Some(red)) if primary == takes.pt => (red, false),
            (Some(_), _) => (takes.pt, packet.body.primary().map(|_| true)?),
        };
        let vp8 = packet.body.vp8.and_then(|came| {
            let (picture, tl0, differs) = self.vp8.forward(came.picture, came.tl0);
            differs.then_some((picture.unwrap_or(0), tl0.unwrap_or(0)))
        });
        Some(Rewritten {
            sequence: at.sequence,
            timestamp: at.timestamp,
            payload_type: *pt,
            repair_type: takes.repair.map(|repair| *repair),
            primary,
            vp8,
            raise: packet.frame_number.map_or(0, |number| self.frames.forward(number)),
            ends_picture,
        })
    }

    /// Whether a packet of a scalable encoding ends the picture here; `None`:
    /// it is left out.
    fn admit(&mut self, packet: &MediaPacket, written: &mut Written) -> Option<bool> {
        let Some(scale) = packet.body.scale.as_ref().filter(|_| self.rewriter.takes(&packet.at)) else {
            return Some(false);
        };
        let before = self.scaler.current();
        let admitted = self.scaler.admit(scale, packet.key_frame, packet.at.sequence, packet.at.timestamp);
        if self.scaler.current() != before {
            written.switches += 1;
            written.look = true;
        }
        match admitted {
            Admitted::Forwarded { ends_picture } => Some(ends_picture),
            Admitted::LeftOut => {
                self.rewriter.leave_out(&packet.at);
                if let Some(picture) = packet.body.vp8.and_then(|came| came.picture) {
                    self.vp8.leave_out(picture);
                }
                None
            }
        }
    }

    /// Goes over to this packet's source, if a viewer can start there.
    fn switch(&mut self, packet: &MediaPacket, written: &mut Written) -> Option<()> {
        let starts = packet.key_frame && Some(packet.layer) == self.target;
        if !starts {
            if Some(packet.layer) == self.current && self.current == self.target {
                // The layer goes on under another SSRC.
                self.current = None;
                written.look = true;
            }
            return None;
        }
        self.rewriter.switch(&packet.at);
        self.scaler.want(self.wish);
        self.scaler.start();
        if let Some(came) = packet.body.vp8 {
            self.vp8.switch(came.picture, came.tl0);
        }
        if let Some(number) = packet.frame_number {
            self.frames.switch(number);
        }
        self.current = Some(packet.layer);
        written.switches += 1;
        written.look = true;
        Some(())
    }

    fn takes(&mut self, packet: &MediaPacket) -> Option<Takes> {
        if let Some((format, takes)) = self.format
            && format == packet.format
        {
            return takes;
        }
        let takes = best_match(&self.takes, &packet.spec);
        self.format = Some((packet.format, takes));
        if takes.is_none() {
            self.undeliverable = self.attached.as_ref().map(|attached| attached.track.clone());
        }
        takes
    }
}

/// The same codec in the same format: packetization and profile have to fit
/// (RFC 6184 8.2.2, RFC 9628 6). Of H.264 any profile will do if the very one is
/// not taken: what an encoder sends is often of a higher one than was agreed
/// upon, and decoders go by the parameter sets.
fn best_match(takes: &[Takes], spec: &CodecSpec) -> Option<Takes> {
    let same_codec = || takes.iter().filter(|takes| takes.spec.codec == spec.codec);
    let exact = same_codec().find(|takes| takes.spec.format == spec.format);
    let alike = same_codec().find(|takes| {
        let (a, b) = (&takes.spec.format, &spec.format);
        let profile = |level: Option<u32>| level.map(|level| level >> 16);
        a.packetization_mode.unwrap_or(0) == b.packetization_mode.unwrap_or(0)
            && profile(a.profile_level_id) == profile(b.profile_level_id)
            && a.profile_id.unwrap_or(0) == b.profile_id.unwrap_or(0)
    });
    let other_profile = || {
        same_codec().find(|takes| {
            let mode = |format: &str0m::format::FormatParams| format.packetization_mode.unwrap_or(0);
            spec.codec == str0m::format::Codec::H264 && mode(&takes.spec.format) == mode(&spec.format)
        })
    };
    exact.or(alike).or_else(other_profile).copied()
}

fn clock_hz(kind: Kind) -> u32 {
    if kind == Kind::Audio { AUDIO_CLOCK_HZ } else { VIDEO_CLOCK_HZ }
}
