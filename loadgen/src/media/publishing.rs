//! The publisher: frames at their times, key frames when asked for, sound beside them.

use super::packetiser::{FRAME_RATE, Packetiser};
use super::peer::Peer;
use super::stamp::{FrameKind, STAMP_BYTES, Stamp};
use super::window::Window;
use crate::clock;
use crate::failure::{Failure, Result};
use std::sync::Arc;
use std::time::{Duration, Instant};
use str0m::change::SdpPendingOffer;
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid};
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

/// What a publisher sends.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Packets of video a second; 0: none.
    pub video_packets_per_second: u32,
    /// Bytes of a video packet's RTP payload.
    pub payload_bytes: usize,
    /// Whether sound is sent.
    pub sound: bool,
}

impl Plan {
    /// Packets a second of all streams.
    pub fn packets_per_second(&self) -> u32 {
        self.video_packets_per_second + if self.sound { SOUND_PACKETS_PER_SECOND } else { 0 }
    }
}

/// The state of sending.
pub struct Publishing {
    plan: Plan,
    packetiser: Packetiser,
    pending: Option<SdpPendingOffer>,
    video: Option<Mid>,
    sound: Option<Mid>,
    next_frame: Instant,
    next_sound: Instant,
    sounds: u32,
    video_sequence: u64,
    key_wanted: bool,
    key_frames: u64,
    sending: bool,
    window: Arc<Window>,
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
    pub fn offer(peer: &mut Peer, plan: Plan, window: Arc<Window>) -> Result<(Self, PublishOffer)> {
        let mut changes = peer.rtc.sdp_api();
        let mut add =
            |kind, wanted: bool| wanted.then(|| changes.add_media(kind, Direction::SendOnly, None, None, None));
        let sound = add(MediaKind::Audio, plan.sound);
        let video = add(MediaKind::Video, plan.video_packets_per_second > 0);
        let (offer, pending) = changes.apply().ok_or_else(|| Failure::Usage("nothing to publish".to_owned()))?;
        let now = Instant::now();
        let publishing = Self {
            plan,
            packetiser: Packetiser::new(plan.video_packets_per_second, plan.payload_bytes),
            pending: Some(pending),
            video,
            sound,
            next_frame: now,
            next_sound: now,
            sounds: 0,
            video_sequence: 0,
            key_wanted: true,
            key_frames: 0,
            sending: false,
            window,
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

    /// The next frame is a key frame.
    pub fn want_key_frame(&mut self) {
        self.key_wanted = true;
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
            self.next_frame = following(self.next_frame, Duration::from_secs(1) / FRAME_RATE, now);
            wrote = true;
        }
        while let Some(mid) = self.sound.filter(|_| self.next_sound <= now) {
            self.write_sound(peer, mid, now);
            self.next_sound = following(self.next_sound, SOUND_INTERVAL, now);
            wrote = true;
        }
        if wrote {
            self.window.sent_below(self.packetiser.next_number());
            peer.wake(now);
        }
    }

    fn write_frame(&mut self, peer: &mut Peer, mid: Mid, now: Instant) {
        let Some(pt) =
            peer.rtc.codec_config().find(|params| params.spec().codec == Codec::Vp8).map(|params| params.pt())
        else {
            return;
        };
        let key = std::mem::take(&mut self.key_wanted);
        self.key_frames += u64::from(key);
        let time = self.packetiser.rtp_time();
        let payloads = self.packetiser.frame(key, clock::ns_of(now));
        let mut api = peer.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(mid, None) else { return };
        for payload in payloads {
            let write = RtpWrite::new(pt, self.video_sequence.into(), time, now, payload.bytes)
                .marker(payload.last)
                .nackable(true);
            self.video_sequence += 1;
            stream.write_rtp(write);
        }
    }

    fn write_sound(&mut self, peer: &mut Peer, mid: Mid, now: Instant) {
        let Some(pt) =
            peer.rtc.codec_config().find(|params| params.spec().codec == Codec::Opus).map(|params| params.pt())
        else {
            return;
        };
        let mut payload = vec![0x78; SOUND_BYTES + STAMP_BYTES];
        let stamp = Stamp {
            number: self.packetiser.take_number(),
            sent_ns: clock::ns_of(now),
            frame: self.sounds,
            frame_packets: u16::from(self.plan.video_packets_per_second > 0),
            kind: FrameKind::Sound,
        };
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
