//! An encoder's media on its way: as it came to what packages it, and as browsers play it to the audience.
//!
//! ```text
//!  RTMP task ─► [bounded queue] ─► thread of this feed ─┬─ H.264 (B-frames: converted) ─► SFU
//!                                                       ├─ AAC ─► Opus ────────────────► SFU
//!                                                       └─ as it came ─────────────────► packaging
//! ```
//!
//! What is converted is converted while somebody watches over WebRTC: HLS takes all as it comes. While nobody does, the
//! SFU is given the picture as it came and silence, which nobody sees or hears: it tells the host how they arrive, and
//! that they do.

use bytes::Bytes;
use hearth_capabilities::space::Space;
use hearth_capabilities::{Input, PeerWants};
use hearth_ingest::{Config, Connection, Ended, Frame, Kind, Media, Refusal, Sink};
use hearth_media::Codec;
use hearth_media::convert::{AacToOpus, Aim, Converted, KeyFrames, Preset, VideoConverter, VideoInput, VideoPlan};
use hearth_protocol::ids::{LegId, SpaceId, StreamKeyId};
use hearth_protocol::media::{Conversion, Source};
use hearth_sfu::FeedFrame;
use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

use super::picture::FFMPEG;
use crate::accounts::stream_keys::Encoder;
use crate::node::Node;
use crate::node::request::ReplyTo;

/// Frames of one encoder that may wait for its thread: several seconds. One more is lost, with those up to the next key frame.
const QUEUE: usize = 512;
/// Pictures that are encoded anew are scaled down to this: more would cost more than a core.
const CONVERTED_HEIGHT_MAX_PX: u32 = 1_080;
/// The bit rate of a picture that is encoded anew.
const CONVERTED_BPS: u32 = 4_000_000;
/// What comes first is held until the sound is known to be one that can be taken, or this much has come: an encoder that is
/// refused for its sound shall not have been on air. Sound comes with the first pictures, if at all.
const HELD_MAX: usize = 20;
/// Nobody has watched over WebRTC for so long: nothing is converted any more.
const CONVERTED_FOR: Duration = Duration::from_secs(15);
/// A packet of 20 ms in which nothing is heard (RFC 6716, section 3.1: CELT, full band, stereo, no bits spent).
const SILENCE: Bytes = Bytes::from_static(&[0xfc, 0xff, 0xfe]);
/// The track of a feed that carries the picture, and the one that carries the sound: in the order they are opened with.
const PICTURE: usize = 0;
const SOUND: usize = 1;

/// The encoders that are let in, by their legs.
#[derive(Default)]
pub struct Feeds(Mutex<HashMap<LegId, Entry>>);

struct Entry {
    connection: Connection,
    /// With which key it was let in.
    key: StreamKeyId,
    /// What the sound has to be read by, for who comes to it later.
    sound: Option<Bytes>,
}

impl Feeds {
    /// The room has closed an encoder's leg: its connection ends, with a word.
    pub fn closed(&self, leg: &LegId) {
        if let Some(entry) = self.entries().remove(leg) {
            entry.connection.end(Refusal::EndedByHost);
        }
    }

    /// A key opens nothing any more: what was let in with it ends.
    pub fn revoked(&self, key: &StreamKeyId) {
        for entry in self.entries().values().filter(|entry| entry.key == *key) {
            entry.connection.end(Refusal::WrongKey);
        }
    }

    /// The AudioSpecificConfig of an encoder's sound, if it is known.
    pub fn sound(&self, leg: &LegId) -> Option<Bytes> {
        self.entries().get(leg)?.sound.clone()
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<LegId, Entry>> {
        self.0.lock().expect("plain map")
    }
}

/// Begins to take an encoder's media, for a leg that the room has opened. `None`: the system gives no thread.
pub fn start(node: &Arc<Node>, encoder: Encoder, leg: LegId, connection: Connection) -> Option<Sink> {
    let Encoder { space, key, .. } = encoder;
    let (sender, receiver) = sync_channel(QUEUE);
    let end = Arc::new(OnceLock::new());
    let feed = Feed {
        node: Arc::downgrade(node),
        space,
        leg: leg.clone(),
        end: end.clone(),
        watched_at: None,
        needed: false,
        sound: None,
        opus: None,
        record: None,
        has_b_frames: false,
        picture: None,
        sound_refused: false,
    };
    node.broadcasts().feeds().entries().insert(leg.clone(), Entry { connection, key, sound: None });
    let started = std::thread::Builder::new().name("encoder".to_owned()).spawn(move || feed.run(&receiver));
    if let Err(error) = started {
        tracing::error!(%leg, %error, "no thread for an encoder");
        node.broadcasts().feeds().entries().remove(&leg);
        return None;
    }
    let mut whole = true;
    Some(Box::new(move |media| {
        if let Media::Ended(ended) = media {
            // The thread finds it when the queue, which goes with this sink, is empty.
            let _ = end.set(ended);
            return;
        }
        let picture = matches!(&media, Media::Frame(frame) if frame.kind == Kind::Video);
        whole |= matches!(&media, Media::Frame(frame) if frame.kind == Kind::Video && frame.key_frame);
        if picture && !whole {
            return;
        }
        if let Err(TrySendError::Full(_)) = sender.try_send(media) {
            tracing::warn!(%leg, "an encoder's frames come faster than they are handled: some are left out");
            whole &= !picture;
        }
    }))
}

struct Feed {
    node: Weak<Node>,
    space: SpaceId,
    leg: LegId,
    end: Arc<OnceLock<Ended>>,
    /// When somebody was last seen to watch over WebRTC.
    watched_at: Option<Instant>,
    /// What has to be converted is.
    needed: bool,
    /// How the sound is to be decoded, if it can be.
    sound: Option<Bytes>,
    opus: Option<AacToOpus>,
    /// How the picture is to be decoded.
    record: Option<Bytes>,
    has_b_frames: bool,
    /// Encodes the picture anew, where it has B-frames.
    picture: Option<VideoConverter>,
    sound_refused: bool,
}

impl Feed {
    fn run(mut self, receiver: &Receiver<Media>) {
        let mut held = Some(Vec::new());
        while let Ok(media) = receiver.recv() {
            let Some(node) = self.node.upgrade() else { return };
            match &mut held {
                Some(first) => {
                    let known = matches!(media, Media::Config(Config::Aac(_)));
                    first.push(media);
                    if known || first.len() >= HELD_MAX {
                        for media in held.take().into_iter().flatten() {
                            self.take(&node, media);
                        }
                    }
                }
                None => self.take(&node, media),
            }
        }
        // What was too short to be held to its end is shown all the same, unless it was refused.
        if let (Some(first), Some(node)) = (held, self.node.upgrade())
            && !matches!(self.end.get(), Some(Ended::Refused(_) | Ended::Broken(_)))
        {
            for media in first {
                self.take(&node, media);
            }
        }
        self.ended();
    }

    fn take(&mut self, node: &Arc<Node>, media: Media) {
        self.look(node);
        match media {
            Media::Config(config) => self.configured(node, config),
            Media::Frame(frame) => self.frame(node, frame),
            Media::BFrames => self.b_frames(node),
            Media::Metadata(_) | Media::Ended(_) => {}
        }
    }

    fn configured(&mut self, node: &Arc<Node>, config: Config) {
        let aac = match config {
            Config::H264(picture) => {
                if let Some(converter) = &mut self.picture {
                    converter.configure(picture.avcc.clone());
                }
                self.record = Some(picture.avcc);
                // Said beforehand, no frame reaches anybody in the wrong order.
                if !self.has_b_frames && picture.reorder_frames.is_some_and(|frames| frames > 0) {
                    self.b_frames(node);
                }
                return;
            }
            Config::Aac(aac) => aac,
        };
        if let Some(entry) = node.broadcasts().feeds().entries().get_mut(&self.leg) {
            entry.sound = Some(aac.asc.clone());
        }
        node.broadcasts().sound_configured(&self.leg, aac.asc.clone());
        self.opus = None;
        self.sound = match AacToOpus::new(&aac.asc) {
            Ok(_) => Some(aac.asc),
            Err(error) => {
                tracing::warn!(leg = %self.leg, %error, "an encoder's sound can't be given to who watches over WebRTC");
                None
            }
        };
        node.broadcasts().converts(node, &self.space, Conversion::SoundRefused, self.sound.is_none());
        self.convert_sound(node);
    }

    /// Begins to convert when somebody comes who needs it, and ends it a while after the last.
    fn look(&mut self, node: &Arc<Node>) {
        let now = Instant::now();
        if node.media().is_watched(&self.space) {
            self.watched_at = Some(now);
        }
        let needed = self.watched_at.is_some_and(|at| now.saturating_duration_since(at) < CONVERTED_FOR);
        if self.needed == needed {
            return;
        }
        self.needed = needed;
        if needed {
            self.convert_sound(node);
            self.convert_picture(node);
        } else {
            (self.opus, self.picture) = (None, None);
            node.broadcasts().converts(node, &self.space, Conversion::AacToOpus, false);
            node.broadcasts().converts(node, &self.space, Conversion::BFrames, false);
        }
    }

    fn convert_sound(&mut self, node: &Arc<Node>) {
        if self.needed && self.opus.is_none() {
            // It was tried when it was configured: what fails then is not tried here.
            self.opus = self.sound.as_ref().and_then(|asc| AacToOpus::new(asc).ok());
        }
        node.broadcasts().converts(node, &self.space, Conversion::AacToOpus, self.opus.is_some());
    }

    fn frame(&mut self, node: &Arc<Node>, frame: Frame) {
        let (source, codec) = match frame.kind {
            Kind::Video => (Source::Camera, Codec::H264),
            Kind::Audio => (Source::Microphone, Codec::Aac),
        };
        let packaged = hearth_media::Frame {
            codec,
            pts_us: frame.pts_us,
            dts_us: frame.dts_us,
            key_frame: frame.key_frame,
            discontinuity: false,
            data: frame.data,
        };
        match (frame.kind, &mut self.picture) {
            (Kind::Audio, _) => self.sound(node, packaged.pts_us, &packaged.data),
            (Kind::Video, Some(converter)) => {
                converter.push(packaged.clone());
            }
            (Kind::Video, None) => {
                feed(node, &self.leg, PICTURE, packaged.pts_us, packaged.key_frame, packaged.data.clone());
            }
        }
        node.broadcasts().frame(&self.leg, source, packaged);
    }

    fn sound(&mut self, node: &Arc<Node>, pts_us: u64, data: &[u8]) {
        let Some(opus) = &mut self.opus else {
            return feed(node, &self.leg, SOUND, pts_us, true, SILENCE);
        };
        match opus.push(pts_us, data) {
            Ok(packets) => {
                for packet in packets {
                    feed(node, &self.leg, SOUND, packet.pts_us, true, packet.data);
                }
            }
            Err(error) if !self.sound_refused => {
                self.sound_refused = true;
                tracing::warn!(leg = %self.leg, %error, "a frame of an encoder's sound could not be read; others are not told");
            }
            Err(_) => {}
        }
    }

    /// From now on the picture has to be encoded anew: browsers can't put live frames in another order.
    fn b_frames(&mut self, node: &Arc<Node>) {
        self.has_b_frames = true;
        self.convert_picture(node);
    }

    fn convert_picture(&mut self, node: &Arc<Node>) {
        if !self.needed || !self.has_b_frames || self.picture.is_some() {
            return;
        }
        if !node.config().broadcast.convert {
            tracing::warn!(leg = %self.leg, "an encoder sends B-frames, and [broadcast] convert is off: browsers will stutter");
            return;
        }
        let (to, leg) = (self.node.clone(), self.leg.clone());
        let sink = move |converted: Converted| match (converted, to.upgrade()) {
            (Converted::Frame(frame), Some(node)) => {
                feed(&node, &leg, PICTURE, frame.pts_us, frame.key_frame, frame.data);
            }
            (Converted::Failed(error), _) => tracing::error!(%leg, %error, "B-frames are no longer converted"),
            _ => {}
        };
        match VideoConverter::start(Path::new(FFMPEG), plan(VideoInput::H264), sink) {
            Ok(mut picture) => {
                if let Some(record) = &self.record {
                    picture.configure(record.clone());
                }
                self.picture = Some(picture);
                node.broadcasts().converts(node, &self.space, Conversion::BFrames, true);
            }
            Err(error) => tracing::warn!(leg = %self.leg, %error, "B-frames can't be converted"),
        }
    }

    fn ended(self) {
        let Some(node) = self.node.upgrade() else { return };
        // Who is no longer entered was closed by the room.
        if node.broadcasts().feeds().entries().remove(&self.leg).is_none() {
            return;
        }
        node.broadcasts().stops_converting(&node, &self.space);
        if self.end.get() == Some(&Ended::ByEncoder) {
            // Stopped on purpose: nobody is to wait for it to come back.
            let (reply, _) = ReplyTo::program();
            let leg = self.leg;
            node.ask::<Space>(&self.space, reply, |request| Input::Peer { request, leg, wants: PeerWants::Close });
        } else if let Err(busy) = node.media().sfu().send(hearth_sfu::Command::Close { leg: self.leg.clone() }) {
            tracing::warn!(leg = %self.leg, %busy, "the leg of an encoder that is gone could not be closed");
        }
    }
}

/// How pictures are encoded anew: as cheaply as can be, at a rate that does for what most encoders send.
pub(super) fn plan(input: VideoInput) -> VideoPlan {
    VideoPlan {
        input,
        height_px: Some(CONVERTED_HEIGHT_MAX_PX),
        bitrate_bps: CONVERTED_BPS,
        threads: 1,
        preset: Preset::Ultrafast,
        key_frames: KeyFrames::Often,
        aim: Aim::Rate,
    }
}

fn feed(node: &Node, leg: &LegId, track: usize, timestamp_us: u64, key_frame: bool, data: Bytes) {
    let frame = FeedFrame { track, timestamp_us, key_frame, data };
    if let Err(busy) = node.media().sfu().feed(leg, frame) {
        tracing::debug!(%leg, %busy, "a frame of an encoder was left out");
    }
}
