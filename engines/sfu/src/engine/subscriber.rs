//! A subscribing leg: its m-lines, which track each carries, and writing
//! packets into them.

use std::collections::HashMap;

use str0m::Rtc;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::format::CodecSpec;
use str0m::media::{Direction, MediaKind, Mid, Pt};

use super::extensions;
use super::publisher::{MediaPacket, TrackKey};
use crate::forward::catch_up::CatchUp;
use crate::forward::key_frame_requests::ViewerRequests;
use crate::forward::layers::LayerNow;
use crate::forward::rewrite::{FrameNumbers, Rewriter, Vp8Continuity};
use crate::forward::scaler::{Admitted, Scaler};
use crate::sending::{Description, Outlet, Rewritten};
use crate::{Hears, Kind, LayerPreference, LegId, OfferedTrack, Refusal, Source, TrackId};

/// Clock rates of what is forwarded, in Hz (RFC 7587, RFC 7741 and the like).
const AUDIO_CLOCK_HZ: u32 = 48_000;
const VIDEO_CLOCK_HZ: u32 = 90_000;
/// Preferences that one leg may set.
const PREFERENCES: usize = 256;

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
    mid: Mid,
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
    /// The client asks for key frames.
    pub(crate) requests: ViewerRequests,
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
    fn new(mid: Mid, kind: Kind, attached: Option<Attached>) -> Slot {
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
            current: None,
            told: None,
            catch_up: None,
            undeliverable: None,
            requests: ViewerRequests::default(),
        }
    }

    pub(crate) fn is_live(&self) -> bool {
        self.negotiation == Negotiation::Live
    }

    fn attach(&mut self, attached: Option<Attached>) {
        self.target = attached.as_ref().map(|_| 0);
        self.attached = attached;
        self.format = None;
        self.current = None;
        self.told = None;
        self.undeliverable = None;
        self.catch_up = None;
        self.scaler = Scaler::default();
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

    /// Forwards this layer as soon as a viewer can go over to it.
    pub(crate) fn aim(&mut self, layer: &LayerNow) {
        self.target = Some(layer.encoding);
        self.scaler.want(layer.target);
    }

    /// What is forwarded, among these layers.
    pub(crate) fn step(&self, layers: &[LayerNow]) -> Option<usize> {
        let target = self.scaler.current();
        let of_encoding = |layer: &&LayerNow| Some(layer.encoding) == self.current;
        let exactly = layers.iter().position(|layer| of_encoding(&layer) && layer.target == target);
        exactly.or_else(|| layers.iter().rposition(|layer| of_encoding(&layer)))
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.current == self.target && self.scaler.is_settled()
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
    fn write(&mut self, outlet: &mut Outlet, packets: &[MediaPacket], written: &mut Written) {
        let Some(key) = self.attached.as_ref().map(|attached| attached.key) else { return };
        if self.negotiation != Negotiation::Live || self.target.is_none() {
            return;
        }
        let mut of_track = packets.iter().filter(|packet| packet.track == key).peekable();
        if of_track.peek().is_none() {
            return;
        }
        if let Some(catch_up) = &mut self.catch_up {
            if !of_track.cloned().all(|packet| catch_up.add(packet)) {
                self.catch_up = None;
                self.current = None;
                self.rewriter.pause();
                written.look = true;
            }
            return;
        }
        self.write_all(outlet, of_track, written);
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
        let admitted = self.scaler.admit(scale, packet.at.sequence, packet.at.timestamp);
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

#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(crate) outlet: Box<Outlet>,
    pub(crate) hears: Hears,
    pub(crate) route_generation: Option<u64>,
    pub(crate) routed: bool,
    offer_generation: u64,
    pending: Option<(u64, SdpPendingOffer)>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) ice_restart: bool,
    /// An offer is to be made as soon as none is outstanding.
    pub(crate) to_add: Vec<Option<Attached>>,
    to_add_kinds: Vec<Kind>,
    /// Tracks there is no m-line for; each is told once.
    no_room: Vec<TrackId>,
    preferences: HashMap<TrackId, LayerPreference>,
    /// Bandwidth in bits a second that the next step up would take.
    pub(crate) wanted_bps: u64,
    pub(crate) answers_refused: u32,
    /// The client makes the offers.
    plays: bool,
}

impl Subscriber {
    /// One whose m-lines are those of an offer that was accepted.
    pub(crate) fn player(rtc: &mut Rtc, outlet: Outlet, mids: &[(Mid, Kind)]) -> Subscriber {
        let mut subscriber = Subscriber { plays: true, ..Subscriber::new(outlet) };
        for (mid, kind) in mids {
            let mut slot = Slot::new(*mid, *kind, None);
            settle(&mut slot, rtc, &mut subscriber.outlet);
            subscriber.slots.push(slot);
        }
        subscriber
    }

    pub(crate) fn is_player(&self) -> bool {
        self.plays
    }

    /// Whether the client takes anything at all.
    pub(crate) fn takes_anything(&self) -> bool {
        self.slots.iter().any(|slot| slot.is_live() && !slot.takes.is_empty())
    }

    pub(crate) fn new(outlet: Outlet) -> Subscriber {
        Subscriber {
            outlet: Box::new(outlet),
            hears: Hears::Nobody,
            route_generation: None,
            routed: false,
            offer_generation: 0,
            pending: None,
            slots: Vec::new(),
            ice_restart: false,
            to_add: Vec::new(),
            to_add_kinds: Vec::new(),
            no_room: Vec::new(),
            preferences: HashMap::new(),
            wanted_bps: 0,
            answers_refused: 0,
            plays: false,
        }
    }

    /// Whether anything is forwarded to it.
    pub(crate) fn receives(&self) -> bool {
        self.slots.iter().any(|slot| slot.is_live() && slot.attached.is_some())
    }

    pub(crate) fn hears(&self, publisher: &LegId) -> bool {
        match &self.hears {
            Hears::Everyone => true,
            Hears::Only(legs) => legs.contains(publisher),
            Hears::Nobody => false,
        }
    }

    /// Brings m-lines and wanted tracks together: frees, reuses, and lists what
    /// needs new m-lines. Returns whether the mapping changed on m-lines that
    /// were offered, and the tracks there is now no room for. Of one whose answer
    /// is still on its way the client was told what it carried when it was offered.
    pub(crate) fn reconcile(&mut self, wanted: Vec<Attached>, most: usize) -> (bool, Vec<TrackId>) {
        let most = if self.plays { 0 } else { most };
        let mut changed = false;
        for slot in &mut self.slots {
            let keep = slot.attached.as_ref().is_none_or(|attached| wanted.contains(attached));
            if !keep {
                changed |= slot.negotiation != Negotiation::Rejected;
                slot.attach(None);
            }
        }
        self.to_add.clear();
        self.to_add_kinds.clear();
        let mut refused = Vec::new();
        for attached in wanted {
            if self.slots.iter().any(|slot| slot.attached.as_ref() == Some(&attached)) {
                continue;
            }
            let free = self.slots.iter_mut().find(|slot| {
                slot.attached.is_none() && slot.kind == attached.kind && slot.negotiation != Negotiation::Rejected
            });
            if let Some(slot) = free {
                changed = true;
                slot.attach(Some(attached));
            } else if self.slots.len() + self.to_add.len() < most {
                self.to_add_kinds.push(attached.kind);
                self.to_add.push(Some(attached));
            } else {
                refused.push(attached.track);
            }
        }
        let newly_refused = refused.iter().filter(|track| !self.no_room.contains(track)).cloned().collect();
        self.no_room = refused;
        let warm = self.routed && self.hears != Hears::Nobody && self.slots.is_empty();
        for kind in [Kind::Audio, Kind::Video] {
            if warm && !self.to_add_kinds.contains(&kind) {
                self.to_add_kinds.push(kind);
                self.to_add.push(None);
            }
        }
        (changed, newly_refused)
    }

    pub(crate) fn wants_offer(&self) -> bool {
        self.pending.is_none() && (!self.to_add.is_empty() || (self.ice_restart && !self.slots.is_empty()))
    }

    /// Makes the next offer: its generation and SDP.
    pub(crate) fn offer(&mut self, rtc: &mut Rtc) -> Option<(u64, String)> {
        let mut changes = rtc.sdp_api();
        if std::mem::take(&mut self.ice_restart) && !self.slots.is_empty() {
            changes.ice_restart(true);
        }
        for (attached, kind) in std::mem::take(&mut self.to_add).into_iter().zip(std::mem::take(&mut self.to_add_kinds))
        {
            let media = if kind == Kind::Audio { MediaKind::Audio } else { MediaKind::Video };
            let stream = attached.as_ref().map_or_else(|| "stage".to_owned(), stream_name);
            let track = attached.as_ref().map(|attached| attached.track.to_string());
            let mid = changes.add_media(media, Direction::SendOnly, Some(stream), track, None);
            self.slots.push(Slot::new(mid, kind, attached));
        }
        let (offer, pending) = changes.apply()?;
        self.offer_generation += 1;
        self.pending = Some((self.offer_generation, pending));
        Some((self.offer_generation, offer.to_sdp_string()))
    }

    /// Takes the client's answer. `Ok(false)`: it was of another generation.
    ///
    /// # Errors
    ///
    /// Unreadable or contrary to the offer; the offer's new m-lines are given up.
    pub(crate) fn answer(&mut self, rtc: &mut Rtc, generation: u64, sdp: &str) -> Result<bool, Refusal> {
        if self.pending.as_ref().is_none_or(|(outstanding, _)| *outstanding != generation) {
            return Ok(false);
        }
        let Some((_, pending)) = self.pending.take() else { return Ok(false) };
        let accepted = SdpAnswer::from_sdp_string(sdp)
            .map_err(|_| Refusal::SdpMalformed)
            .and_then(|answer| rtc.sdp_api().accept_answer(pending, answer).map_err(|_| Refusal::SdpUnacceptable));
        if let Err(refusal) = accepted {
            self.slots.retain(|slot| slot.negotiation != Negotiation::Offered || rtc.media(slot.mid).is_some());
            self.answers_refused += 1;
            return Err(refusal);
        }
        self.answers_refused = 0;
        for slot in self.slots.iter_mut().filter(|slot| slot.negotiation != Negotiation::Rejected) {
            settle(slot, rtc, &mut self.outlet);
        }
        Ok(true)
    }

    /// The present mapping, of m-lines that are live or offered.
    pub(crate) fn mapping(&self) -> Vec<OfferedTrack> {
        let offered = |slot: &Slot| {
            let attached = slot.attached.as_ref()?;
            (slot.negotiation != Negotiation::Rejected).then(|| OfferedTrack {
                mid: slot.mid.to_string(),
                track: attached.track.clone(),
                publisher: attached.publisher.clone(),
                kind: slot.kind,
                source: attached.source,
            })
        };
        self.slots.iter().filter_map(offered).collect()
    }

    /// What a stream of the outlet carries.
    pub(crate) fn slot_of_stream(&mut self, stream: usize) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.stream == Some(stream))
    }

    /// Sets a preference; `false`: there are too many. Those for tracks that
    /// are gone make room.
    pub(crate) fn prefer(&mut self, track: TrackId, preference: LayerPreference) -> bool {
        if self.preferences.len() >= PREFERENCES && !self.preferences.contains_key(&track) {
            let (slots, to_add) = (&self.slots, &self.to_add);
            let attached = || slots.iter().map(|slot| &slot.attached).chain(to_add).flatten();
            self.preferences.retain(|known, _| attached().any(|attached| attached.track == *known));
        }
        if self.preferences.len() >= PREFERENCES && !self.preferences.contains_key(&track) {
            return false;
        }
        self.preferences.insert(track, preference);
        true
    }

    pub(crate) fn preference(&self, track: &TrackId) -> LayerPreference {
        self.preferences.get(track).cloned().unwrap_or_default()
    }

    /// Writes a batch; what may leave of it leaves with [`Outlet::send`].
    pub(crate) fn write(&mut self, packets: &[MediaPacket]) -> Written {
        let mut written = Written::default();
        for slot in &mut self.slots {
            slot.write(&mut self.outlet, packets, &mut written);
        }
        written
    }

    /// Lets go of what could be repaired on m-lines where nothing flows.
    pub(crate) fn rest(&mut self) {
        let resting = |slot: &&Slot| slot.attached.is_none() || slot.target.is_none();
        for stream in self.slots.iter().filter(resting).filter_map(|slot| slot.stream) {
            self.outlet.rest(stream);
        }
    }

    pub(crate) fn awaits_key_frames(&self) -> impl Iterator<Item = (TrackKey, usize)> + '_ {
        self.slots
            .iter()
            .filter(|slot| slot.waits_for_key_frame())
            .filter_map(|slot| Some((slot.attached.as_ref()?.key, slot.target?)))
    }
}

fn settle(slot: &mut Slot, rtc: &mut Rtc, outlet: &mut Outlet) {
    let Some(media) = rtc.media(slot.mid) else { return };
    if media.disabled() || !media.direction().is_sending() || media.remote_pts().is_empty() {
        slot.negotiation = Negotiation::Rejected;
        slot.undeliverable = slot.attached.as_ref().map(|attached| attached.track.clone());
        return;
    }
    let accepted = media.remote_pts();
    let (extensions, cname) = (extensions::ids(media.remote_extmap()), media.cname().to_owned());
    slot.takes = rtc
        .codec_config()
        .params()
        .iter()
        .filter(|params| accepted.contains(&params.pt()))
        .map(|params| Takes { spec: params.spec(), pt: params.pt(), red: params.red(), repair: params.resend() })
        .collect();
    slot.format = None;
    slot.stream = rtc.direct_api().stream_tx_by_mid(slot.mid, None).map(|stream| {
        outlet.describe(Description {
            ssrc: *stream.ssrc(),
            repairs: stream.rtx().map(|ssrc| *ssrc),
            mid: slot.mid.to_string(),
            cname,
            extensions,
            clock_hz: clock_hz(slot.kind),
            video: slot.kind == Kind::Video,
        })
    });
    slot.negotiation = Negotiation::Live;
}

fn clock_hz(kind: Kind) -> u32 {
    if kind == Kind::Audio { AUDIO_CLOCK_HZ } else { VIDEO_CLOCK_HZ }
}

/// Camera and microphone of a publisher are one stream, so that clients keep
/// lips and voice together; a shared screen is another.
fn stream_name(attached: &Attached) -> String {
    match attached.source {
        Source::Camera | Source::Microphone => attached.publisher.to_string(),
        Source::Screen | Source::ScreenAudio => format!("{}-screen", attached.publisher),
    }
}
