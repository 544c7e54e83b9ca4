//! A subscribing leg: its m-lines, which track each carries, and writing
//! packets into them.

use std::collections::HashMap;

use str0m::Rtc;
use str0m::bwe::Bitrate;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::format::CodecSpec;
use str0m::media::{Direction, MediaKind, Mid, Pt};
use str0m::rtp::{RtpWrite, Ssrc};

use super::extensions;
use super::publisher::{MediaPacket, TrackKey};
use crate::forward::catch_up::CatchUp;
use crate::forward::rewrite::{FrameNumbers, Rewriter, Vp8Continuity};
use crate::{Hears, Kind, LayerPreference, LegId, OfferedTrack, Refusal, Source, TrackId};

/// Clock rates of what is forwarded, in Hz (RFC 7587, RFC 7741 and the like).
const AUDIO_CLOCK_HZ: u32 = 48_000;
const VIDEO_CLOCK_HZ: u32 = 90_000;
/// Packets that may wait for a leg's pacer; beyond it the leg is congested and
/// gets nothing of this track until the queue is short and a key frame comes.
const QUEUED_PACKETS: usize = 512;
const QUEUED_PACKETS_RESUME: usize = 32;
/// Preferences that one leg may set.
const PREFERENCES: usize = 256;
/// A change of the bandwidth asked for below this share is not worth a probe.
const BANDWIDTH_CHANGE: f64 = 0.05;

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
}

/// One m-line.
#[derive(Debug)]
pub(crate) struct Slot {
    mid: Mid,
    pub(crate) kind: Kind,
    negotiation: Negotiation,
    ssrc: Option<Ssrc>,
    takes: Vec<Takes>,
    pub(crate) attached: Option<Attached>,
    /// The format that packets come in, and how the client takes it.
    format: Option<(u64, Option<Takes>)>,
    rewriter: Rewriter,
    vp8: Vp8Continuity,
    frames: FrameNumbers,
    /// Layer that is forwarded.
    pub(crate) current: Option<usize>,
    /// Layer that is to be forwarded from its next key frame on.
    pub(crate) target: Option<usize>,
    /// Layer that was last told; outer `None`: nothing was.
    pub(crate) told: Option<Option<usize>>,
    congested: bool,
    /// The way to where the source is, for one who joined between key frames.
    pub(crate) catch_up: Option<CatchUp<MediaPacket>>,
    /// A track whose codec the client doesn't take, not yet told.
    pub(crate) undeliverable: Option<TrackId>,
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
        let clock_hz = if kind == Kind::Audio { AUDIO_CLOCK_HZ } else { VIDEO_CLOCK_HZ };
        Slot {
            mid,
            kind,
            negotiation: Negotiation::Offered,
            ssrc: None,
            takes: Vec::new(),
            target: attached.as_ref().map(|_| 0),
            attached,
            format: None,
            rewriter: Rewriter::new(clock_hz),
            vp8: Vp8Continuity::default(),
            frames: FrameNumbers::default(),
            current: None,
            told: None,
            congested: false,
            catch_up: None,
            undeliverable: None,
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
        self.rewriter.pause();
    }

    pub(crate) fn is_congested(&self) -> bool {
        self.congested
    }

    /// Whether video stands still until a key frame of the target layer comes.
    pub(crate) fn waits_for_key_frame(&self) -> bool {
        self.is_live()
            && self.kind == Kind::Video
            && self.attached.is_some()
            && self.target.is_some()
            && self.target != self.current
    }

    pub(crate) fn pause(&mut self) {
        self.catch_up = None;
        self.target = None;
        self.current = None;
        self.rewriter.pause();
    }

    /// Writes what is for this m-line. The stack's stream is looked up once for
    /// the whole batch: it costs a hash each time.
    fn write(&mut self, rtc: &mut Rtc, packets: &[MediaPacket], written: &mut Written) {
        let Some(key) = self.attached.as_ref().map(|attached| attached.key) else { return };
        if self.negotiation != Negotiation::Live || self.target.is_none() {
            return;
        }
        let mut of_track = packets.iter().filter(|packet| packet.track == key).peekable();
        if of_track.peek().is_none() {
            return;
        }
        if self.congested {
            written.dropped += of_track.count() as u64;
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
        self.write_all(rtc, of_track, written);
    }

    /// Writes packets of its track.
    pub(crate) fn write_all<'a>(
        &mut self,
        rtc: &mut Rtc,
        packets: impl Iterator<Item = &'a MediaPacket>,
        written: &mut Written,
    ) {
        let Some(ssrc) = self.ssrc else { return };
        let mut direct = rtc.direct_api();
        let Some(stream) = direct.stream_tx(&ssrc) else { return };
        for packet in packets {
            if let Some(write) = self.rewrite(packet, written) {
                stream.write_rtp(write);
                written.packets += 1;
            }
        }
    }

    /// The packet as it is to be sent here, if it is.
    fn rewrite(&mut self, packet: &MediaPacket, written: &mut Written) -> Option<RtpWrite> {
        if self.rewriter.source() != Some(packet.at.source) {
            self.switch(packet, written)?;
        }
        if packet.payload.is_empty() {
            self.rewriter.leave_out(&packet.at);
            return None;
        }
        let Some(takes) = self.takes(packet) else {
            written.look = true;
            return None;
        };
        let at = self.rewriter.forward(&packet.at)?;
        let (pt, payload) = match (packet.red_primary, takes.red) {
            (None, _) => (takes.pt, &packet.payload),
            // Blocks inside RED name the primary's payload type.
            (Some(primary), Some(red)) if primary == takes.pt => (red, &packet.payload),
            (Some(_), _) => (takes.pt, packet.primary()?),
        };
        let mut values = packet.extensions.clone();
        if let Some(number) = packet.frame_number {
            extensions::raise_frame_number(&mut values, self.frames.forward(number));
        }
        let write = RtpWrite::new(pt, at.sequence.into(), at.timestamp, packet.at.arrived, payload.clone())
            .marker(packet.marker)
            .nackable(self.kind == Kind::Video)
            .ext_vals(values);
        Some(match &packet.vp8 {
            Some(vp8) => self.patch_vp8(write, vp8),
            None => write,
        })
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
        if let Some(vp8) = &packet.vp8 {
            self.vp8.switch(vp8.picture_id(), vp8.tl0_pic_idx());
        }
        if let Some(number) = packet.frame_number {
            self.frames.switch(number);
        }
        self.current = Some(packet.layer);
        written.switches += 1;
        written.look = true;
        Some(())
    }

    fn patch_vp8(&mut self, write: RtpWrite, vp8: &str0m::rtp::Vp8Descriptor) -> RtpWrite {
        let (picture, tl0, differs) = self.vp8.forward(vp8.picture_id(), vp8.tl0_pic_idx());
        if !differs {
            return write;
        }
        let patch = |picture_mask: u16| {
            let mut patch = vp8.patch();
            if let Some(picture) = picture {
                patch = patch.picture_id(picture & picture_mask);
            }
            if let Some(tl0) = tl0 {
                patch = patch.tl0_pic_idx(tl0);
            }
            patch.build()
        };
        // The id has 15 bits, or 7 where the encoder chose the short form.
        match patch(0x7fff).or_else(|_| patch(0x7f)) {
            Ok(patch) => write.vp8_patch(patch),
            Err(_) => write,
        }
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

    /// Stops or starts again by how much waits for the pacer.
    fn watch_queue(&mut self, rtc: &mut Rtc) -> bool {
        let Some(ssrc) = self.ssrc else { return false };
        let mut direct = rtc.direct_api();
        let Some(queue) = direct.stream_tx(&ssrc).and_then(|stream| stream.queue_info()) else { return false };
        let waiting = queue.packet_count();
        if !self.congested && waiting > QUEUED_PACKETS {
            self.congested = true;
            self.current = None;
            self.rewriter.pause();
            return true;
        }
        if self.congested && waiting <= QUEUED_PACKETS_RESUME {
            self.congested = false;
            return true;
        }
        false
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
    pub(crate) estimate_bps: Option<u64>,
    asked: (u64, u64),
    pub(crate) answers_refused: u32,
    /// The client makes the offers.
    plays: bool,
}

impl Subscriber {
    /// One whose m-lines are those of an offer that was accepted.
    pub(crate) fn player(rtc: &mut Rtc, mids: &[(Mid, Kind)]) -> Subscriber {
        let mut subscriber = Subscriber { plays: true, ..Subscriber::new() };
        for (mid, kind) in mids {
            let mut slot = Slot::new(*mid, *kind, None);
            settle(&mut slot, rtc);
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

    pub(crate) fn new() -> Subscriber {
        Subscriber {
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
            estimate_bps: None,
            asked: (0, 0),
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
            settle(slot, rtc);
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

    pub(crate) fn slot_by_mid(&mut self, mid: Mid) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.mid == mid)
    }

    /// Sets a preference; `false`: there are too many.
    pub(crate) fn prefer(&mut self, track: TrackId, preference: LayerPreference) -> bool {
        if self.preferences.len() >= PREFERENCES && !self.preferences.contains_key(&track) {
            return false;
        }
        self.preferences.insert(track, preference);
        true
    }

    pub(crate) fn preference(&self, track: &TrackId) -> LayerPreference {
        self.preferences.get(track).cloned().unwrap_or_default()
    }

    /// Writes a batch; packets go out with the next timeout of the stack.
    pub(crate) fn write(&mut self, rtc: &mut Rtc, packets: &[MediaPacket]) -> Written {
        let mut written = Written::default();
        for slot in &mut self.slots {
            slot.write(rtc, packets, &mut written);
        }
        written
    }

    /// Looks whether what was written gets away; whether anything changed.
    pub(crate) fn watch_queues(&mut self, rtc: &mut Rtc) -> bool {
        let mut changed = false;
        for slot in self.slots.iter_mut().filter(|slot| slot.attached.is_some()) {
            changed |= slot.watch_queue(rtc);
        }
        changed
    }

    /// Tells the estimator what is wanted, in bits a second; whether it was news to it.
    pub(crate) fn ask_bandwidth(&mut self, rtc: &mut Rtc, next_step_bps: u64, desired_bps: u64) -> bool {
        let differs = |a: u64, b: u64| a.abs_diff(b) as f64 > BANDWIDTH_CHANGE * a.max(b) as f64;
        let news = differs(self.asked.0, next_step_bps) || differs(self.asked.1, desired_bps);
        if news {
            self.asked = (next_step_bps, desired_bps);
            rtc.bwe().set_bitrate(Bitrate::bps(next_step_bps), Bitrate::bps(desired_bps.max(next_step_bps)));
        }
        news
    }

    pub(crate) fn awaits_key_frames(&self) -> impl Iterator<Item = (TrackKey, usize)> + '_ {
        self.slots
            .iter()
            .filter(|slot| slot.waits_for_key_frame() && !slot.congested)
            .filter_map(|slot| Some((slot.attached.as_ref()?.key, slot.target?)))
    }
}

fn settle(slot: &mut Slot, rtc: &mut Rtc) {
    let Some(media) = rtc.media(slot.mid) else { return };
    if media.disabled() || !media.direction().is_sending() || media.remote_pts().is_empty() {
        slot.negotiation = Negotiation::Rejected;
        slot.undeliverable = slot.attached.as_ref().map(|attached| attached.track.clone());
        return;
    }
    let accepted = media.remote_pts();
    slot.takes = rtc
        .codec_config()
        .params()
        .iter()
        .filter(|params| accepted.contains(&params.pt()))
        .map(|params| Takes { spec: params.spec(), pt: params.pt(), red: params.red() })
        .collect();
    slot.format = None;
    slot.ssrc = rtc.direct_api().stream_tx_by_mid(slot.mid, None).map(|stream| {
        // The publisher paced it already; held back again it would be late, and
        // an estimate that is wrong for a moment would starve the picture.
        stream.set_unpaced(true);
        stream.ssrc()
    });
    slot.negotiation = Negotiation::Live;
}

/// Camera and microphone of a publisher are one stream, so that clients keep
/// lips and voice together; a shared screen is another.
fn stream_name(attached: &Attached) -> String {
    match attached.source {
        Source::Camera | Source::Microphone => attached.publisher.to_string(),
        Source::Screen | Source::ScreenAudio => format!("{}-screen", attached.publisher),
    }
}
