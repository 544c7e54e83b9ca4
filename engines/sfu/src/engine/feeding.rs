//! A publishing leg without a peer: its frames become packets here, and from
//! then on go the way of all others.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use str0m::format::{CodecSpec, FormatParams};
use str0m::media::Frequency;

use super::Engine;
use super::leg::{Leg, Role};
use super::publisher::{MediaPacket, Publisher, Track, TrackKey};
use crate::feed::{JUMP_US, Pacing, Packetized, Packetizer};
use crate::forward::rewrite::{Incoming, SenderClock};
use crate::sending::{Body, Carried};
use crate::{
    CONNECT_WITHIN_MS, Codec, Event, FEED_QUEUE, FeedCodec, FeedFrame, FeedTrack, Kind, LegId, Refusal, SpaceId,
};

/// Of the running group of pictures: longer or larger ones are not kept for
/// those who join, in microseconds and bytes.
const GROUP_US: u64 = 4_000_000;
const GROUP_BYTES: usize = 4 * 1024 * 1024;
/// Packets that wait to leave; a feed that is further ahead loses frames.
const QUEUED_PACKETS: usize = 8 * FEED_QUEUE;

/// The running group of pictures, from its key frame on.
#[derive(Debug, Default)]
pub(crate) struct Group {
    began_us: u64,
    bytes: usize,
    pub(crate) packets: Vec<MediaPacket>,
}

#[derive(Debug)]
struct FedTrack {
    packetizer: Packetizer,
    pacing: Pacing,
    sequence: u64,
    last_us: Option<u64>,
    group: Group,
}

#[derive(Debug)]
pub(crate) struct Feed {
    tracks: Vec<FedTrack>,
    /// An instant and the feed's time that it stands for: the least delay seen.
    epoch: Option<(Instant, u64)>,
    /// Pictures on their way, by when they are to leave.
    queue: VecDeque<(Instant, MediaPacket)>,
}

impl Feed {
    /// When this time of the feed is, by the frame that came soonest.
    fn instant(&mut self, timestamp_us: u64, now: Instant) -> Instant {
        let placed = self.epoch.and_then(|(at, us)| match timestamp_us.checked_sub(us) {
            Some(ahead_us) => at.checked_add(Duration::from_micros(ahead_us)),
            None => at.checked_sub(Duration::from_micros(us - timestamp_us)),
        });
        match placed {
            Some(placed) if placed <= now => placed,
            _ => {
                self.epoch = Some((now, timestamp_us));
                now
            }
        }
    }

    /// Packets of a track that have not left yet.
    pub(super) fn waiting(&self, track: TrackKey) -> usize {
        self.queue.iter().filter(|(_, packet)| packet.track == track).count()
    }

    /// When the next packet is to leave.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.queue.front().map(|(due, _)| *due)
    }
}

impl Publisher {
    /// A publisher whose tracks are fed.
    pub(super) fn fed(serial: u64, leg: &LegId, wanted: &[FeedTrack]) -> Option<Publisher> {
        let mut publisher = Publisher::new(serial);
        let mut tracks = Vec::new();
        for (index, track) in wanted.iter().enumerate() {
            let (kind, codec) = match track.codec {
                FeedCodec::H264 => (Kind::Video, Codec::H264),
                FeedCodec::Opus => (Kind::Audio, Codec::Opus),
            };
            publisher.add_track(leg, index, kind, codec, track.source)?;
            tracks.push(FedTrack {
                packetizer: Packetizer::new(track.codec),
                pacing: Pacing::default(),
                sequence: 0,
                last_us: None,
                group: Group::default(),
            });
        }
        publisher.feed = Some(Feed { tracks, epoch: None, queue: VecDeque::new() });
        Some(publisher)
    }

    /// Packs a frame; sound is handed out at once, pictures leave when due.
    fn feed_frame(&mut self, frame: &FeedFrame, now: Instant, out: &mut Vec<MediaPacket>) {
        let Some(feed) = &mut self.feed else { return };
        let Some(fed) = feed.tracks.get_mut(frame.track) else { return };
        let at_us = frame.timestamp_us;
        let jumped = fed.last_us.is_some_and(|last_us| at_us < last_us || at_us - last_us > JUMP_US);
        fed.last_us = Some(at_us);
        if jumped {
            fed.packetizer.interrupt();
            feed.epoch = None;
            let source = self.next_source();
            self.tracks[frame.track].layers[0].source = source;
        }
        let Some(feed) = &mut self.feed else { return };
        let full = feed.queue.len() >= QUEUED_PACKETS;
        let fed = &mut feed.tracks[frame.track];
        if full || self.tracks[frame.track].muted {
            fed.packetizer.interrupt();
            fed.group = Group::default();
            return;
        }
        let packetized = match fed.packetizer.packetize(&frame.data) {
            Ok(Some(packetized)) => packetized,
            Ok(None) => return,
            Err(_) => {
                tracing::debug!(track = frame.track, "a frame that is fed can't be read");
                return;
            }
        };
        let placed = feed.instant(at_us, now);
        let packets = self.packets_of(frame.track, at_us, placed, now, &packetized);
        let Some(feed) = &mut self.feed else { return };
        let fed = &mut feed.tracks[frame.track];
        if fed.packetizer.codec() == FeedCodec::Opus {
            out.extend(packets);
            return;
        }
        fed.group.keep(at_us, packetized.key_frame, &packets);
        let dues = fed.pacing.schedule(now, packets.len());
        feed.queue.extend(dues.zip(packets));
    }

    fn packets_of(
        &mut self,
        index: usize,
        at_us: u64,
        placed: Instant,
        now: Instant,
        frame: &Packetized,
    ) -> Vec<MediaPacket> {
        let Some(fed) = self.feed.as_mut().and_then(|feed| feed.tracks.get_mut(index)) else { return Vec::new() };
        let described = fed.packetizer.described();
        let codec = fed.packetizer.codec();
        let first_sequence = fed.sequence;
        fed.sequence += frame.payloads.len() as u64;
        let (spec, clock_khz) = match codec {
            FeedCodec::H264 => (h264_spec(described.map(|sps| sps.profile_level_id)), 90),
            FeedCodec::Opus => (opus_spec(), 48),
        };
        let timestamp = (u128::from(at_us) * clock_khz / 1_000) as u32;
        let wall = UNIX_EPOCH.checked_add(Duration::from_micros(at_us));
        let profile = spec.format.profile_level_id.map_or(0, |id| u64::from(id >> 8));
        let format = self.serial << 16 | profile;
        let track = &mut self.tracks[index];
        let height_px = described.map(|sps| sps.height_px);
        self.news |= track.feed_counts(now, frame, height_px);
        let (key, source) = (track.key, track.layers[0].source);
        let last = frame.payloads.len().saturating_sub(1);
        let packet = |(at, payload): (usize, &Arc<[u8]>)| MediaPacket {
            track: key,
            layer: 0,
            at: Incoming {
                source,
                sequence: first_sequence + at as u64,
                timestamp,
                arrived: placed,
                clock: wall.map(|wall| SenderClock { wall, timestamp }),
            },
            format,
            spec,
            key_frame: frame.key_frame && at == 0,
            red_primary: None,
            frame_number: None,
            body: Arc::new(Body::new(
                payload.clone(),
                codec == FeedCodec::H264 && at == last,
                Carried::default(),
                false,
            )),
        };
        frame.payloads.iter().enumerate().map(packet).collect()
    }

    /// The running group of pictures of a track, if this is a feed that has one.
    pub(super) fn group(&self, track: TrackKey) -> Option<&Group> {
        let index = self.tracks.iter().position(|known| known.key == track)?;
        let group = &self.feed.as_ref()?.tracks.get(index)?.group;
        (!group.packets.is_empty()).then_some(group)
    }
}

impl Track {
    /// Counts a frame of a feed; whether the track became better known.
    fn feed_counts(&mut self, now: Instant, frame: &Packetized, height_px: Option<u32>) -> bool {
        let layer = &mut self.layers[0];
        for (index, payload) in frame.payloads.iter().enumerate() {
            layer.rates.packet(now, payload.len(), index + 1 == frame.payloads.len());
        }
        if self.kind == Kind::Video && frame.key_frame {
            layer.requests.arrived();
            layer.rates.key_frame(now);
        }
        let news = height_px.is_some() && layer.height_px != height_px;
        if news {
            layer.height_px = height_px;
        }
        news
    }
}

impl Group {
    fn keep(&mut self, at_us: u64, key_frame: bool, packets: &[MediaPacket]) {
        if key_frame {
            *self = Group { began_us: at_us, ..Group::default() };
        } else if self.packets.is_empty() {
            return;
        }
        self.bytes += packets.iter().map(|packet| packet.body.payload.len()).sum::<usize>();
        self.packets.extend_from_slice(packets);
        if self.bytes > GROUP_BYTES || at_us.saturating_sub(self.began_us) > GROUP_US {
            *self = Group::default();
        }
    }
}

fn h264_spec(profile_level_id: Option<u32>) -> CodecSpec {
    let format = FormatParams {
        packetization_mode: Some(1),
        level_asymmetry_allowed: Some(true),
        profile_level_id,
        ..FormatParams::default()
    };
    CodecSpec { codec: str0m::format::Codec::H264, clock_rate: Frequency::NINETY_KHZ, channels: None, format }
}

fn opus_spec() -> CodecSpec {
    CodecSpec {
        codec: str0m::format::Codec::Opus,
        clock_rate: Frequency::FORTY_EIGHT_KHZ,
        channels: Some(2),
        format: FormatParams::default(),
    }
}

impl Engine {
    pub(super) fn open_feed(
        &mut self,
        now: Instant,
        id: LegId,
        space: SpaceId,
        tracks: &[FeedTrack],
    ) -> Result<(), Refusal> {
        self.check_room(&id, &space, false)?;
        if tracks.is_empty() || tracks.len() > self.limits.tracks_per_publisher {
            return Err(Refusal::TooManyTracks);
        }
        let publisher = Publisher::fed(self.next_serial, &id, tracks).ok_or(Refusal::WrongLeg)?;
        self.next_serial += self.directory.workers() as u64;
        let space = self.enter_space(space);
        // Its stack stays idle: there is no peer.
        let rtc = self.connections.publishing(&[], now);
        let mut leg = Leg::new(id, space, rtc, Role::Publish(publisher), now);
        leg.connect_by = Some(now + Duration::from_millis(CONNECT_WITHIN_MS));
        let index = self.insert(leg);
        self.tell_tracks(index, now);
        self.reconcile_space(space);
        Ok(())
    }

    /// Takes a frame of a feed; one of a leg that is none is nobody's.
    pub(crate) fn feed(&mut self, now: Instant, id: &LegId, frame: &FeedFrame) {
        let Some(index) = self.by_id.get(id).copied() else { return };
        self.with_leg(index, |engine, leg| {
            if !leg.is_fed() {
                return Ok(());
            }
            engine.stats.frames_fed += 1;
            leg.heard = now;
            leg.count_in(frame.data.len());
            let Role::Publish(publisher) = &mut leg.role else { return Ok(()) };
            if !leg.connected {
                leg.connected = true;
                leg.connect_by = None;
                engine.tell(Event::Connected { leg: leg.id.clone() });
            }
            let mut packets = Vec::new();
            publisher.feed_frame(frame, now, &mut packets);
            engine.stats.packets_in += packets.len() as u64;
            engine.hand_in(leg.space, packets);
            engine.release_fed(index, leg, now);
            Ok(())
        });
    }

    /// Lets the packets of a feed go that are due.
    pub(super) fn release_fed(&mut self, index: usize, leg: &mut Leg, now: Instant) {
        let Role::Publish(Publisher { feed: Some(feed), .. }) = &mut leg.role else { return };
        let due = feed.queue.partition_point(|(due, _)| *due <= now);
        let packets: Vec<MediaPacket> = feed.queue.drain(..due).map(|(_, packet)| packet).collect();
        self.stats.packets_in += packets.len() as u64;
        if let Some(due) = feed.due() {
            leg.stack_deadline = due;
            self.deadlines.set(index, due);
        }
        self.hand_in(leg.space, packets);
    }

    pub(super) fn hand_in(&mut self, space: usize, packets: impl IntoIterator<Item = MediaPacket>) {
        let Some(entry) = self.spaces.get_mut(&space) else { return };
        let was_empty = entry.inbound.is_empty();
        entry.inbound.extend(packets);
        if was_empty && !entry.inbound.is_empty() {
            self.busy_spaces.push(space);
        }
    }
}
