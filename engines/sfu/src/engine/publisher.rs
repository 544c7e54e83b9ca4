//! A publishing leg: its tracks, their layers, and packets as they arrive.

use std::sync::Arc;
use std::time::Instant;

use str0m::Rtc;
use str0m::format::CodecSpec;
use str0m::media::{KeyframeRequestKind, Mid, Pt};
use str0m::rtp::{RtpPacket, Ssrc};

use super::extensions;
use super::feeding::Feed;
use super::muting::Mutes;
use super::outline::Section;
use crate::forward::key_frame;
use crate::forward::key_frame_requests::KeyFrameRequests;
use crate::forward::layers::LayerNow;
use crate::forward::rates::Rates;
use crate::forward::rewrite::{Incoming, SenderClock, SourceId};
use crate::forward::scaling::{Rung, Scale, Scaling};
use crate::sending::Body;
use crate::tap::TapWants;
use crate::{Codec, Health, Kind, LegId, PublishedLayer, PublishedTrack, Source, TrackId};

/// A track within the engine: never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TrackKey(pub(crate) u64);

impl TrackKey {
    fn new(serial: u64, index: usize) -> TrackKey {
        TrackKey(serial << 16 | index as u64)
    }

    /// Of its publisher; the workers take turns.
    pub(super) fn serial(self) -> u64 {
        self.0 >> 16
    }
}

/// Larger payloads with their descriptors would not fit a forwarded datagram; no
/// encoder sends them.
const PAYLOAD_BYTES: usize = 1_400;
/// A stream whose sequence numbers jump farther is another one: viewers would
/// lose count of its rollovers, which are not on the wire (RFC 3711 3.3.1).
const FARTHEST: u64 = 4_096;
/// SSRCs of one leg that are remembered; a publisher has one a layer.
const STREAMS: usize = 64;
/// Most of a leg's id that goes into the ids of its tracks.
const LEG_IN_TRACK_ID_BYTES: usize = 40;

/// A packet on its way to subscribers.
#[derive(Debug, Clone)]
pub(crate) struct MediaPacket {
    pub(crate) track: TrackKey,
    pub(crate) layer: usize,
    pub(crate) at: Incoming,
    /// Identifies `spec`; cheap to compare.
    pub(crate) format: u64,
    pub(crate) spec: CodecSpec,
    pub(crate) key_frame: bool,
    /// Payload type of the primary encoding inside, if this is RED (RFC 2198).
    pub(crate) red_primary: Option<Pt>,
    /// Of the dependency descriptor.
    pub(crate) frame_number: Option<u16>,
    pub(crate) body: Arc<Body>,
}

#[cfg(test)]
impl MediaPacket {
    /// One of no publisher.
    pub(crate) fn any() -> MediaPacket {
        let codec = str0m::format::Codec::Vp8;
        let spec = CodecSpec {
            codec,
            clock_rate: str0m::media::Frequency::NINETY_KHZ,
            channels: None,
            format: Default::default(),
        };
        let at = Incoming { source: SourceId(0), sequence: 0, timestamp: 0, arrived: Instant::now(), clock: None };
        let body = Arc::new(Body::new([0].into(), false, Default::default(), false));
        MediaPacket {
            track: TrackKey(0),
            layer: 0,
            at,
            format: 0,
            spec,
            key_frame: false,
            red_primary: None,
            frame_number: None,
            body,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) rid: String,
    pub(crate) ssrc: Option<Ssrc>,
    pub(crate) source: SourceId,
    pub(crate) rates: Rates,
    pub(crate) requests: KeyFrameRequests,
    pub(super) height_px: Option<u32>,
    /// The scalable layers inside it.
    scaling: Scaling,
    /// Timestamp of the last key frame: several of its packets look like its start.
    key_frame_at: Option<u32>,
    /// The highest sequence number so far, extended.
    highest: Option<u64>,
}

impl Layer {
    /// Takes note of a packet's place; whether all before it came, and whether
    /// none behind it did.
    ///
    /// `None`: it is so far off that it is the beginning of another stream.
    fn place(&mut self, sequence: u64) -> Option<(bool, bool)> {
        if self.highest.is_some_and(|highest| sequence.abs_diff(highest) > FARTHEST) {
            return None;
        }
        let highest = self.highest;
        self.highest = highest.max(Some(sequence));
        Some((highest.is_none_or(|highest| sequence == highest + 1), highest.is_none_or(|highest| sequence > highest)))
    }

    /// Looks at a packet of a picture. `newest`: none behind it came; `follows`:
    /// all before it did.
    fn see(&mut self, codec: Codec, packet: &RtpPacket, newest: bool, follows: bool, now: Instant) -> Seen {
        let mut seen = Seen { begins: false, scale: None, news: false };
        if key_frame::starts_key_frame(codec, &packet.payload) {
            self.requests.arrived();
            if self.key_frame_at.replace(packet.header.timestamp) != Some(packet.header.timestamp) {
                self.rates.key_frame(now);
            }
            let height_px = key_frame::height_px(codec, &packet.payload);
            if height_px.is_some() && height_px != self.height_px {
                self.height_px = height_px;
                seen.news = true;
            }
            // A viewer can't start with packets that overtook others of the key
            // frame: what came before the start was not numbered for them.
            seen.begins = newest && (follows || codec != Codec::H264 || height_px.is_some());
        }
        let descriptor = extensions::descriptor(&packet.header.ext_vals);
        let (scale, changed) = self.scaling.read(codec, descriptor, &packet.payload);
        if let Some(scale) = &scale {
            self.scaling.count(now, scale, packet.payload.len());
        }
        (seen.scale, seen.news) = (scale, seen.news || changed);
        seen
    }

    /// What of it may be forwarded, lowest first. Fewer pictures a second are
    /// worth a step of the lowest encoding alone.
    fn steps(&self, encoding: usize) -> impl Iterator<Item = &Rung> {
        let rungs = Some(self.scaling.rungs()).filter(|rungs| rungs.len() > 1).unwrap_or(&[]);
        let last_of_size =
            |at: usize| rungs.get(at + 1).is_none_or(|next| next.target.spatial != rungs[at].target.spatial);
        rungs.iter().enumerate().filter(move |(at, _)| encoding == 0 || last_of_size(*at)).map(|(_, rung)| rung)
    }

    fn step_name(&self, rung: &Rung) -> String {
        let has_sizes = self.scaling.rungs().iter().any(|rung| rung.target.spatial > 0);
        if has_sizes { format!("{}s{}", self.rid, rung.target.spatial) } else { self.rid.clone() }
    }

    fn now(&self, encoding: usize, now: Instant) -> Vec<LayerNow> {
        let step = |rung: &Rung| LayerNow {
            rid: self.step_name(rung),
            encoding,
            target: Some(rung.target),
            active: rung.is_active(now),
            bitrate_bps: rung.rates.bitrate_bps(),
            height_px: rung.height_px.or(self.height_px),
        };
        let steps: Vec<LayerNow> = self.steps(encoding).map(step).collect();
        // An encoder may have ceased to tell of layers.
        let told = steps.iter().any(|step| step.active) || !self.rates.is_active(now);
        if told && !steps.is_empty() {
            return steps;
        }
        vec![LayerNow {
            rid: self.rid.clone(),
            encoding,
            target: None,
            active: self.rates.is_active(now),
            bitrate_bps: self.rates.bitrate_bps(),
            height_px: self.height_px,
        }]
    }

    /// One for each size.
    fn published(&self) -> Vec<PublishedLayer> {
        let mut published: Vec<PublishedLayer> = Vec::new();
        for rung in self.steps(0) {
            let layer = PublishedLayer { rid: self.step_name(rung), height_px: rung.height_px.or(self.height_px) };
            if published.last() != Some(&layer) {
                published.push(layer);
            }
        }
        if published.is_empty() {
            published.push(PublishedLayer { rid: self.rid.clone(), height_px: self.height_px });
        }
        published
    }
}

/// What a packet of a picture told.
struct Seen {
    /// A viewer can start with it.
    begins: bool,
    scale: Option<Scale>,
    /// Its layer became better known.
    news: bool,
}

#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) key: TrackKey,
    pub(crate) id: TrackId,
    pub(crate) mid: Mid,
    pub(crate) kind: Kind,
    pub(crate) source: Source,
    codec: Option<Codec>,
    pub(crate) layers: Vec<Layer>,
    /// Nobody is to get it.
    pub(super) muted: bool,
}

impl Track {
    pub(crate) fn layers_now(&self, now: Instant) -> Vec<LayerNow> {
        self.layers.iter().enumerate().flat_map(|(encoding, layer)| layer.now(encoding, now)).collect()
    }

    fn published(&self) -> PublishedTrack {
        PublishedTrack {
            track: self.id.clone(),
            mid: self.mid.to_string(),
            kind: self.kind,
            codec: self.codec,
            source: self.source,
            layers: self.layers.iter().flat_map(Layer::published).collect(),
        }
    }
}

/// An SSRC that was seen, and what it carries.
#[derive(Debug)]
struct Stream {
    ssrc: Ssrc,
    track: usize,
    layer: usize,
}

/// A payload type as negotiated.
#[derive(Debug, Clone, Copy)]
struct PayloadType {
    pt: Pt,
    primary: Pt,
    spec: CodecSpec,
    codec: Codec,
}

#[derive(Debug)]
pub(crate) struct Publisher {
    pub(super) serial: u64,
    pub(crate) tracks: Vec<Track>,
    streams: Vec<Stream>,
    payload_types: Vec<PayloadType>,
    sources: u32,
    /// A track became better known since [`Publisher::take_news`].
    pub(super) news: bool,
    pub(super) mutes: Mutes,
    pub(super) tap: Option<TapWants>,
    /// What makes packets of frames, where there is no peer.
    pub(super) feed: Option<Feed>,
    pub(crate) loss: f32,
    pub(crate) round_trip_ms: Option<f32>,
}

impl Publisher {
    pub(crate) fn new(serial: u64) -> Publisher {
        Publisher {
            serial,
            tracks: Vec::new(),
            streams: Vec::new(),
            payload_types: Vec::new(),
            sources: 0,
            news: false,
            mutes: Mutes::default(),
            tap: None,
            feed: None,
            loss: 0.0,
            round_trip_ms: None,
        }
    }

    /// Takes the tracks from an offer that was accepted. Tracks that are still
    /// there stay what they were.
    pub(crate) fn describe(&mut self, leg: &LegId, rtc: &Rtc, sections: &[Section], said: &[(String, Source)]) {
        let mut tracks = Vec::new();
        for (index, section) in sections.iter().enumerate() {
            let mid: Mid = section.mid.as_str().into();
            let negotiated = rtc.media(mid).is_some_and(|media| !media.remote_pts().is_empty() && !media.disabled());
            let Some(kind) = section.kind.filter(|_| section.sends && negotiated) else { continue };
            let key = TrackKey::new(self.serial, index);
            if let Some(at) = self.tracks.iter().position(|track| track.key == key) {
                tracks.push(self.tracks.swap_remove(at));
                continue;
            }
            let Some(id) = track_id(leg, index) else { continue };
            let rids = if section.rids.is_empty() { vec![String::new()] } else { section.rids.clone() };
            let layers = rids.into_iter().map(|rid| self.new_layer(rid)).collect();
            let source = section.source(said);
            let muted = self.mutes.contains(source);
            tracks.push(Track { key, id, mid, kind, source, codec: None, layers, muted });
        }
        self.tracks = tracks;
        self.streams.clear();
        self.payload_types.clear();
        self.news = true;
    }

    fn new_layer(&mut self, rid: String) -> Layer {
        Layer {
            rid,
            ssrc: None,
            source: self.next_source(),
            rates: Rates::default(),
            requests: KeyFrameRequests::default(),
            height_px: None,
            scaling: Scaling::default(),
            key_frame_at: None,
            highest: None,
        }
    }

    /// Adds the track of an m-line that nobody negotiated; `None`: the leg's id
    /// is not fit for tracks.
    pub(super) fn add_track(
        &mut self,
        leg: &LegId,
        index: usize,
        kind: Kind,
        codec: Codec,
        source: Source,
    ) -> Option<()> {
        let (key, id) = (TrackKey::new(self.serial, index), track_id(leg, index)?);
        let mid = Mid::from(index.to_string().as_str());
        let layers = vec![self.new_layer(String::new())];
        let muted = self.mutes.contains(source);
        self.tracks.push(Track { key, id, mid, kind, source, codec: Some(codec), layers, muted });
        self.news = true;
        Some(())
    }

    pub(super) fn next_source(&mut self) -> SourceId {
        self.sources = self.sources.wrapping_add(1);
        SourceId(self.serial << 32 | u64::from(self.sources))
    }

    /// Recognises a packet and prepares it once for all its subscribers; `None`:
    /// it is of no track or a muted one, of an unspoken codec, or too large.
    pub(crate) fn accept(&mut self, rtc: &mut Rtc, packet: RtpPacket, now: Instant) -> Option<MediaPacket> {
        let described = extensions::descriptor(&packet.header.ext_vals).map_or(0, <[u8]>::len);
        if packet.payload.len() + described > PAYLOAD_BYTES {
            return None;
        }
        let (track_index, layer_index) = self.locate(rtc, packet.header.ssrc)?;
        let format = self.payload_type(rtc, packet.header.payload_type)?;
        let place = self.tracks[track_index].layers[layer_index].place(*packet.seq_no);
        let (follows, newest) = place.unwrap_or_else(|| {
            self.begin_stream(track_index, layer_index, Some(*packet.seq_no));
            (true, true)
        });
        let track = &mut self.tracks[track_index];
        let layer = &mut track.layers[layer_index];
        if track.codec != Some(format.codec) {
            track.codec = Some(format.codec);
            layer.scaling = Scaling::default();
            self.news = true;
        }
        layer.rates.packet(now, packet.payload.len(), packet.header.marker);
        let values = &packet.header.ext_vals;
        let (mut key_frame, mut scale) = (true, None);
        if track.kind == Kind::Video {
            let seen = layer.see(format.codec, &packet, newest, follows, now);
            (key_frame, scale) = (seen.begins, seen.scale);
            self.news |= seen.news;
        }
        if track.muted {
            return None;
        }
        let (carried, is_vp8) = (extensions::carried(values), format.codec == Codec::Vp8);
        let clock = packet
            .last_sender_info
            .map(|sender| SenderClock { wall: sender.ntp_time, timestamp: sender.rtp_time.numer() as u32 });
        Some(MediaPacket {
            track: track.key,
            layer: layer_index,
            at: Incoming {
                source: layer.source,
                sequence: *packet.seq_no,
                timestamp: packet.header.timestamp,
                arrived: now,
                clock,
            },
            format: self.serial << 8 | u64::from(*format.primary),
            spec: format.spec,
            key_frame,
            red_primary: (format.pt != format.primary).then_some(format.primary),
            frame_number: extensions::frame_number(values),
            body: Arc::new(Body::new(packet.payload, packet.header.marker, carried, is_vp8).scaled(scale)),
        })
    }

    /// Track and layer of an SSRC; an SSRC that takes a layer over is a new source.
    fn locate(&mut self, rtc: &mut Rtc, ssrc: Ssrc) -> Option<(usize, usize)> {
        if let Some(stream) = self.streams.iter().find(|stream| stream.ssrc == ssrc) {
            return Some((stream.track, stream.layer));
        }
        let (mid, rid) = {
            let mut direct = rtc.direct_api();
            let stream = direct.stream_rx(&ssrc)?;
            (stream.mid(), stream.rid())
        };
        let rid = rid.map(|rid| rid.to_string()).unwrap_or_default();
        let track = self.tracks.iter().position(|track| track.mid == mid)?;
        let layer = self.tracks[track].layers.iter().position(|layer| layer.rid == rid)?;
        if self.tracks[track].layers[layer].ssrc.is_some_and(|known| known != ssrc) {
            self.begin_stream(track, layer, None);
            self.streams.retain(|stream| (stream.track, stream.layer) != (track, layer));
        }
        self.tracks[track].layers[layer].ssrc = Some(ssrc);
        if self.streams.len() == STREAMS {
            self.streams.remove(0);
        }
        self.streams.push(Stream { ssrc, track, layer });
        Some((track, layer))
    }

    /// Another stream takes a layer over.
    fn begin_stream(&mut self, track: usize, layer: usize, highest: Option<u64>) {
        let source = self.next_source();
        let layer = &mut self.tracks[track].layers[layer];
        (layer.source, layer.scaling, layer.highest) = (source, Scaling::default(), highest);
    }

    fn payload_type(&mut self, rtc: &Rtc, pt: Pt) -> Option<PayloadType> {
        if let Some(known) = self.payload_types.iter().find(|known| known.pt == pt) {
            return Some(*known);
        }
        let params = rtc.codec_config().find(|params| params.pt() == pt || params.red() == Some(pt))?;
        let found = PayloadType { pt, primary: params.pt(), spec: params.spec(), codec: codec(params.spec().codec)? };
        self.payload_types.push(found);
        Some(found)
    }

    /// Sends the key-frame requests that are due; whether there were any.
    pub(crate) fn request_key_frames(&mut self, rtc: &mut Rtc, now: Instant) -> u64 {
        let mut requested = 0;
        let forwarded = self.tracks.iter_mut().filter(|track| !track.muted);
        for layer in forwarded.flat_map(|track| &mut track.layers) {
            let Some(ssrc) = layer.ssrc else { continue };
            if layer.requests.take_due(now)
                && let Some(stream) = rtc.direct_api().stream_rx(&ssrc)
            {
                stream.request_keyframe(KeyframeRequestKind::Pli);
                requested += 1;
            }
        }
        requested
    }

    pub(crate) fn tick(&mut self) {
        for layer in self.tracks.iter_mut().flat_map(|track| &mut track.layers) {
            layer.rates.tick();
            layer.scaling.tick();
        }
    }

    /// The tracks, if they became better known since the last time.
    pub(crate) fn take_news(&mut self) -> Option<Vec<PublishedTrack>> {
        std::mem::take(&mut self.news).then(|| self.tracks.iter().map(Track::published).collect())
    }

    pub(crate) fn health(&self) -> Health {
        let layers = || self.tracks.iter().flat_map(|track| &track.layers);
        let video = || self.tracks.iter().filter(|track| track.kind == Kind::Video);
        let distance = video()
            .filter_map(|track| track.layers.iter().rev().find_map(|layer| layer.rates.key_frame_distance()))
            .max();
        Health {
            bitrate_bps: layers().map(|layer| layer.rates.bitrate_bps()).sum(),
            frames_per_second: video()
                .flat_map(|track| &track.layers)
                .map(|layer| layer.rates.frames_per_second())
                .fold(0.0, f32::max),
            key_frame_distance_ms: distance.map(|distance| distance.as_millis().min(u128::from(u32::MAX)) as u32),
            loss: self.loss,
            round_trip_ms: self.round_trip_ms,
        }
    }
}

fn track_id(leg: &LegId, index: usize) -> Option<TrackId> {
    let leg = leg.as_str();
    let name = leg.strip_prefix("leg_").unwrap_or(leg);
    let tail = &name[name.len().saturating_sub(LEG_IN_TRACK_ID_BYTES)..];
    TrackId::parse(&format!("track_{tail}_{index}")).ok()
}

pub(crate) fn codec(codec: str0m::format::Codec) -> Option<Codec> {
    match codec {
        str0m::format::Codec::Opus => Some(Codec::Opus),
        str0m::format::Codec::Vp8 => Some(Codec::Vp8),
        str0m::format::Codec::Vp9 => Some(Codec::Vp9),
        str0m::format::Codec::H264 => Some(Codec::H264),
        str0m::format::Codec::Av1 => Some(Codec::Av1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_farthest_jump_within_a_stream_and_one_past() {
        let mut layer = Publisher::new(1).new_layer(String::new());
        assert_eq!(layer.place(10_000), Some((true, true)), "the first");
        assert_eq!(layer.place(10_001), Some((true, true)));
        assert_eq!(layer.place(10_001 + FARTHEST), Some((false, true)));
        assert_eq!(layer.place(10_001), Some((false, false)), "late");
        assert_eq!(layer.place(10_001 + 2 * FARTHEST + 1), None);
        assert_eq!(layer.place(10_000), None);
        assert_eq!(layer.place(10_002 + FARTHEST), Some((true, true)), "and what was another stream moved nothing");
    }
}
