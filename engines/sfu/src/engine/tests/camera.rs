//! What a publishing client sends: a camera in one or more layers, and a microphone.

use std::time::{Duration, Instant};

use str0m::Rtc;
use str0m::format::Codec;
use str0m::media::{Mid, Rid};
use str0m::rtp::RtpWrite;

use super::scalable_camera::{self, Layers};
use crate::engine::extensions;
use crate::payload::{h264, sps};

pub(in crate::engine::tests) const FRAME_EVERY: Duration = Duration::from_nanos(33_333_333);
pub(in crate::engine::tests) const AUDIO_EVERY: Duration = Duration::from_millis(20);
const PACKET_BYTES: usize = 1_000;
pub(in crate::engine::tests) const LAYER_AT: usize = 12;
const HEIGHT_AT: usize = 14;

/// One encoding of a publisher.
pub(in crate::engine::tests) struct Encoding {
    pub(in crate::engine::tests) rid: Option<Rid>,
    pub(in crate::engine::tests) number: u8,
    pub(in crate::engine::tests) rate_bps: u64,
    pub(in crate::engine::tests) sequence: u64,
    pub(in crate::engine::tests) timestamp_base: u32,
    pub(in crate::engine::tests) picture: u16,
    pub(in crate::engine::tests) wants_key: bool,
    /// Nothing of it is sent.
    pub(in crate::engine::tests) paused: bool,
    /// Frames that were sent of all of its layers, if it has several.
    pub(in crate::engine::tests) frames: u16,
}

pub(in crate::engine::tests) struct Sends {
    pub(in crate::engine::tests) video: Mid,
    pub(in crate::engine::tests) audio: Mid,
    pub(in crate::engine::tests) encodings: Vec<Encoding>,
    /// The layers inside of the one encoding, and their rates in bits a second.
    pub(in crate::engine::tests) scalable: Option<(Layers, Vec<u64>)>,
    pub(in crate::engine::tests) audio_sequence: u64,
    pub(in crate::engine::tests) audio_level: i8,
    pub(in crate::engine::tests) next_frame: Instant,
    pub(in crate::engine::tests) next_audio: Instant,
    pub(in crate::engine::tests) began: Instant,
}

impl Sends {
    pub(in crate::engine::tests) fn audio(&mut self, rtc: &mut Rtc, now: Instant) -> bool {
        let pt = rtc.codec_config().find(|params| params.spec().codec == Codec::Opus).unwrap().pt();
        let timestamp = (now - self.began).as_millis() as u32 * 48;
        let extensions = str0m::rtp::ExtensionValues {
            audio_level: Some(self.audio_level),
            voice_activity: Some(self.audio_level > -50),
            ..Default::default()
        };
        let write = RtpWrite::new(pt, self.audio_sequence.into(), timestamp, now, vec![0xfc; 80]).ext_vals(extensions);
        let mut direct = rtc.direct_api();
        let Some(stream) = direct.stream_tx_by_mid(self.audio, None) else { return false };
        stream.write_rtp(write);
        self.audio_sequence += 1;
        true
    }

    /// One packet of VP8 that goes on with a picture.
    pub(in crate::engine::tests) fn packet(&mut self, rtc: &mut Rtc, now: Instant, payload: usize, descriptor: usize) {
        let pt = rtc.codec_config().find(|params| params.spec().codec == Codec::Vp8).unwrap().pt();
        let encoding = &mut self.encodings[0];
        let mut values = str0m::rtp::ExtensionValues::default();
        extensions::describe(&mut values, vec![0; descriptor]);
        let payload = picture_part(encoding, false, false, payload);
        let write = RtpWrite::new(pt, encoding.sequence.into(), encoding.timestamp_base, now, payload).ext_vals(values);
        encoding.sequence += 1;
        rtc.direct_api().stream_tx_by_mid(self.video, encoding.rid).unwrap().write_rtp(write);
    }

    pub(in crate::engine::tests) fn frames(&mut self, rtc: &mut Rtc, now: Instant) -> bool {
        let ticks = ((now - self.began).as_micros() * 9 / 100) as u32;
        if let Some((layers, rates_bps)) = &self.scalable {
            let to = (rtc, self.video);
            return scalable_camera::send(&mut self.encodings[0], *layers, rates_bps, to, ticks, now);
        }
        let vp8 = rtc.codec_config().find(|params| params.spec().codec == Codec::Vp8).map(|params| params.pt());
        let h264 = |params: &&str0m::format::PayloadParams| params.spec().format.packetization_mode == Some(1);
        let pt = vp8.unwrap_or_else(|| rtc.codec_config().params().iter().find(h264).unwrap().pt());
        for encoding in self.encodings.iter_mut().filter(|encoding| !encoding.paused) {
            let key = std::mem::take(&mut encoding.wants_key);
            let bytes = (encoding.rate_bps / 8 / 30) as usize * if key { 3 } else { 1 };
            let payloads =
                if vp8.is_some() { vp8_payloads(encoding, key, bytes) } else { h264_payloads(encoding, key, bytes) };
            let mut values = str0m::rtp::ExtensionValues::default();
            extensions::describe_frame(&mut values, encoding.picture);
            let packets = payloads.len();
            for (packet, payload) in payloads.into_iter().enumerate() {
                let write = RtpWrite::new(
                    pt,
                    encoding.sequence.into(),
                    encoding.timestamp_base.wrapping_add(ticks),
                    now,
                    payload,
                )
                .marker(packet + 1 == packets)
                .ext_vals(values.clone())
                .nackable(true);
                encoding.sequence += 1;
                let mut direct = rtc.direct_api();
                let Some(stream) = direct.stream_tx_by_mid(self.video, encoding.rid) else { return false };
                stream.write_rtp(write);
            }
            encoding.picture = (encoding.picture + 1) & 0x7fff;
        }
        true
    }
}

fn vp8_payloads(encoding: &Encoding, key: bool, bytes: usize) -> Vec<Vec<u8>> {
    let packets = bytes.div_ceil(PACKET_BYTES).max(1);
    let part = |packet: usize| {
        let length = if packet + 1 == packets { bytes - (packets - 1) * PACKET_BYTES } else { PACKET_BYTES };
        picture_part(encoding, key, packet == 0, length.max(HEIGHT_AT + 2))
    };
    (0..packets).map(part).collect()
}

/// Heights of the layers in H.264, lowest first.
pub(in crate::engine::tests) const H264_HEIGHTS_PX: [u32; 3] = [176, 352, 704];

fn h264_payloads(encoding: &Encoding, key: bool, bytes: usize) -> Vec<Vec<u8>> {
    let sample = h264_sample(encoding.number, encoding.picture, key, bytes);
    let units = h264::units(&sample).unwrap();
    h264::packets(&units, PACKET_BYTES).iter().map(|payload| payload.to_vec()).collect()
}

/// A frame as an MP4 sample: parameter sets before an IDR; the slice has the
/// layer's number and that of the picture in it.
pub(in crate::engine::tests) fn h264_sample(layer: u8, picture: u16, key: bool, bytes: usize) -> Vec<u8> {
    let [high, low] = picture.to_be_bytes();
    let mut slice = vec![if key { 0x65 } else { 0x61 }, layer, high, low];
    slice.resize(bytes.max(4), 0xaa);
    let set = sps::write(320 << layer, H264_HEIGHTS_PX[usize::from(layer)]);
    let units: &[&[u8]] = if key { &[&set, &[0x68, 0xce, 0x38, 0x80], &slice] } else { &[&slice] };
    h264::sample(units)
}

/// VP8: descriptor with a 15-bit picture id and TL0PICIDX, then (in the first
/// packet) a frame header of height 180, 360 or 720, then the layer's number.
pub(in crate::engine::tests) fn picture_part(encoding: &Encoding, key: bool, first: bool, length: usize) -> Vec<u8> {
    let mut payload = vec![0; length];
    payload[0] = if first { 0x90 } else { 0x80 };
    payload[1] = 0xe0;
    payload[2] = 0x80 | (encoding.picture >> 8) as u8;
    payload[3] = encoding.picture as u8;
    payload[4] = encoding.picture as u8;
    payload[6] = if key { 0x10 } else { 0x11 };
    if first && key {
        payload[9..12].copy_from_slice(&[0x9d, 0x01, 0x2a]);
        payload[HEIGHT_AT..HEIGHT_AT + 2].copy_from_slice(&(180u16 << encoding.number).to_le_bytes());
    }
    // The width goes unread; its place holds the layer.
    payload[LAYER_AT] = encoding.number;
    payload
}
