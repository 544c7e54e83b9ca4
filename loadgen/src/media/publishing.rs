//! The publisher: frames at their times, key frames when asked for, sound beside them.

use super::packetiser::{Layer, Packetiser, swung};
use super::peer::Peer;
use super::stamp::{FrameKind, STAMP_BYTES, Stamp};
use super::window::Windows;
use crate::clock;
use crate::failure::{Failure, Result};
use std::sync::Arc;
use std::time::{Duration, Instant};
use str0m::change::SdpPendingOffer;
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid, Rid, Simulcast, SimulcastLayer};
use str0m::rtp::{ExtensionValues, RtpWrite};

/// Sound packets a second: 20 ms each.
pub const SOUND_PACKETS_PER_SECOND: u32 = 50;
const SOUND_INTERVAL: Duration = Duration::from_millis(20);
const SOUND_TICKS: u32 = 960;
/// A payload of sound: what Opus makes of 20 ms at 32 kbit/s.
const SOUND_BYTES: usize = 80;
/// The level said in the header extension, in dBov (RFC 6464): speech.
const SOUND_LEVEL_DBOV: i8 = -30;
/// A publisher that falls behind by more than this starts anew instead of catching up.
const LAG_MAX: Duration = Duration::from_millis(200);

/// The layers of simulcast, the lowest first, as browsers' applications name them.
const LAYER_NAMES: [&str; LAYERS_MAX] = ["q", "h", "f"];
/// The most layers of a picture.
pub const LAYERS_MAX: usize = 3;

/// What a publisher sends.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Which one it is, of those who publish in this run.
    pub publisher: u16,
    /// The picture; as simulcast where several layers are sent, and not at all where none is.
    pub layers: [Layer; LAYERS_MAX],
    /// Frames a second.
    pub frame_rate: u32,
    /// By how much frames and sounds are larger and smaller than they are on average.
    pub swing_percent: u8,
    /// Whether sound is sent.
    pub sound: bool,
}

impl Plan {
    /// Packets a second of all streams.
    pub fn packets_per_second(&self) -> u32 {
        let video: u32 = self.sent_layers().map(|(_, layer)| layer.packets_per_second).sum();
        video + if self.sound { SOUND_PACKETS_PER_SECOND } else { 0 }
    }

    fn sent_layers(&self) -> impl Iterator<Item = (usize, &Layer)> {
        self.layers.iter().enumerate().filter(|(_, layer)| layer.packets_per_second > 0)
    }

    fn simulcast(&self) -> Option<Simulcast> {
        (self.sent_layers().count() > 1).then(|| {
            let mut simulcast = Simulcast::new();
            self.sent_layers().for_each(|(index, _)| simulcast.add_send_layer(SimulcastLayer::new(LAYER_NAMES[index])));
            simulcast
        })
    }
}

/// One layer on its way.
struct Encoding {
    packetiser: Packetiser,
    /// Its name, where there are several.
    rid: Option<Rid>,
    sequence: u64,
    key_wanted: bool,
}

/// The state of sending.
pub struct Publishing {
    plan: Plan,
    encodings: Vec<Encoding>,
    pending: Option<SdpPendingOffer>,
    video: Option<Mid>,
    sound: Option<Mid>,
    next_frame: Instant,
    next_sound: Instant,
    next_number: u64,
    sounds: u32,
    key_frames: u64,
    sending: bool,
    windows: Arc<Windows>,
}

/// An offer to publish, with the mids of its m-lines.
#[derive(Debug)]
pub struct PublishOffer {
    /// The SDP.
    pub sdp: String,
    /// The m-line of the picture.
    pub video: Option<String>,
    /// The m-line of the sound.
    pub sound: Option<String>,
}

impl Publishing {
    /// Makes the offer.
    pub fn offer(peer: &mut Peer, plan: Plan, windows: Arc<Windows>) -> Result<(Self, PublishOffer)> {
        let mut changes = peer.rtc.sdp_api();
        let simulcast = plan.simulcast();
        let encodings: Vec<Encoding> = plan
            .sent_layers()
            .map(|(index, layer)| Encoding {
                packetiser: Packetiser::new(*layer, plan.frame_rate, plan.swing_percent, (plan.publisher, index as u8)),
                rid: simulcast.is_some().then(|| Rid::from(LAYER_NAMES[index])),
                sequence: 0,
                key_wanted: true,
            })
            .collect();
        let sound = plan.sound.then(|| changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None));
        let video = (!encodings.is_empty())
            .then(|| changes.add_media(MediaKind::Video, Direction::SendOnly, None, None, simulcast));
        let (offer, pending) = changes.apply().ok_or_else(|| Failure::Usage("nothing to publish".to_owned()))?;
        let now = Instant::now();
        let publishing = Self {
            plan,
            encodings,
            pending: Some(pending),
            video,
            sound,
            next_frame: now,
            next_sound: now,
            next_number: 0,
            sounds: 0,
            key_frames: 0,
            sending: false,
            windows,
        };
        let name = |mid: Option<Mid>| mid.map(|mid| mid.to_string());
        Ok((publishing, PublishOffer { sdp: offer.to_sdp_string(), video: name(video), sound: name(sound) }))
    }

    /// Takes the answer.
    pub fn answered(&mut self, peer: &mut Peer, sdp: &str) -> Result<()> {
        let answer = Peer::read_answer(sdp)?;
        let pending = self.pending.take().ok_or_else(|| Failure::Media("answered twice".to_owned()))?;
        peer.rtc
            .sdp_api()
            .accept_answer(pending, answer)
            .map_err(|error| Failure::Media(format!("the answer: {error}")))?;
        peer.wake(Instant::now());
        Ok(())
    }

    /// The next frame is a key frame: of this layer, or of all.
    pub fn want_key_frame(&mut self, rid: Option<Rid>) {
        let wanted = self.encodings.iter_mut().filter(|encoding| rid.is_none() || encoding.rid == rid);
        wanted.for_each(|encoding| encoding.key_wanted = true);
    }

    /// How many key frames were sent.
    pub fn key_frames(&self) -> u64 {
        self.key_frames
    }

    /// When there is something to send; `None` before the connection stands.
    pub fn next_at(&self) -> Option<Instant> {
        let video = self.video.map(|_| self.next_frame);
        let sound = self.sound.map(|_| self.next_sound);
        video.into_iter().chain(sound).min().filter(|_| self.sending)
    }

    /// Sends what is due.
    pub fn send_due(&mut self, peer: &mut Peer, now: Instant) {
        if !self.sending {
            if peer.connected_ns().is_none() {
                return;
            }
            self.sending = true;
            (self.next_frame, self.next_sound) = (now, now);
        }
        let mut wrote = false;
        if let Some(mid) = self.video.filter(|_| self.next_frame <= now) {
            self.write_frame(peer, mid, now);
            self.next_frame = following(self.next_frame, Duration::from_secs(1) / self.plan.frame_rate.max(1), now);
            wrote = true;
        }
        while let Some(mid) = self.sound.filter(|_| self.next_sound <= now) {
            self.write_sound(peer, mid, now);
            self.next_sound = following(self.next_sound, SOUND_INTERVAL, now);
            wrote = true;
        }
        if wrote {
            self.windows.packets.sent_below(self.next_number);
            self.windows.frames.sent_below(self.encodings.first().map_or(0, |one| one.packetiser.next_frame()).into());
            self.windows.sounds.sent_below(self.sounds.into());
            peer.wake(now);
        }
    }

    fn write_frame(&mut self, peer: &mut Peer, mid: Mid, now: Instant) {
        let Some(pt) =
            peer.rtc.codec_config().find(|params| params.spec().codec == Codec::Vp8).map(|params| params.pt())
        else {
            return;
        };
        let mut api = peer.rtc.direct_api();
        for encoding in &mut self.encodings {
            let key = std::mem::take(&mut encoding.key_wanted);
            self.key_frames += u64::from(key);
            let time = encoding.packetiser.rtp_time();
            let payloads = encoding.packetiser.frame(key, clock::ns_of(now), &mut self.next_number);
            let Some(stream) = api.stream_tx_by_mid(mid, encoding.rid) else { continue };
            for payload in payloads {
                let write = RtpWrite::new(pt, encoding.sequence.into(), time, now, payload.bytes)
                    .marker(payload.last)
                    .nackable(true);
                encoding.sequence += 1;
                stream.write_rtp(write);
            }
        }
    }

    fn write_sound(&mut self, peer: &mut Peer, mid: Mid, now: Instant) {
        let Some(pt) =
            peer.rtc.codec_config().find(|params| params.spec().codec == Codec::Opus).map(|params| params.pt())
        else {
            return;
        };
        let bytes = swung(SOUND_BYTES, self.plan.swing_percent, self.sounds + u32::from(self.plan.publisher) * 31);
        let mut payload = vec![0x78; bytes + STAMP_BYTES];
        let stamp = Stamp {
            number: self.next_number,
            sent_ns: clock::ns_of(now),
            frame: self.sounds,
            frame_packets: u16::from(self.video.is_some()),
            kind: FrameKind::Sound,
            publisher: self.plan.publisher,
            layer: 0,
            index: 0,
        };
        self.next_number += 1;
        stamp.write(&mut payload);
        let mut api = peer.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(mid, None) else { return };
        let ext_vals =
            ExtensionValues { audio_level: Some(SOUND_LEVEL_DBOV), voice_activity: Some(true), ..Default::default() };
        let time = self.sounds.wrapping_mul(SOUND_TICKS);
        stream.write_rtp(RtpWrite::new(pt, u64::from(self.sounds).into(), time, now, payload).ext_vals(ext_vals));
        self.sounds = self.sounds.wrapping_add(1);
    }
}

fn following(due: Instant, interval: Duration, now: Instant) -> Instant {
    let next = due + interval;
    if next + LAG_MAX < now { now } else { next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_keep_their_rhythm_unless_far_behind() {
        let start = Instant::now();
        let interval = Duration::from_millis(33);
        assert_eq!(following(start, interval, start + Duration::from_millis(5)), start + interval);
        let late = start + interval + LAG_MAX;
        assert_eq!(following(start, interval, late), start + interval);
        let too_late = late + Duration::from_millis(1);
        assert_eq!(following(start, interval, too_late), too_late);
    }
}
