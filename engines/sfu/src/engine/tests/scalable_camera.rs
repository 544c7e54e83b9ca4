//! A camera that sends several layers in one encoding: VP9 with three spatial
//! layers, or VP8 with three temporal ones.

use std::time::Instant;

use str0m::Rtc;
use str0m::format::Codec;
use str0m::media::Mid;
use str0m::rtp::{ExtensionValues, RtpWrite};

use super::camera::Encoding;
use crate::engine::extensions;
use crate::payload::dependency::writing::{Written, frame, structure};

pub(in crate::engine::tests) const HEIGHTS_PX: [u32; 3] = [180, 360, 720];
const PACKET_BYTES: usize = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::tests) enum Layers {
    /// Spatial layers of VP9, each of which needs the one below.
    Spatial { described: bool },
    /// The same, and needs it in key pictures alone.
    SpatialKey { described: bool },
    /// Temporal layers of VP8.
    Temporal,
}

/// Sends one picture of all layers, of so many bits a second each.
pub(in crate::engine::tests) fn send(
    encoding: &mut Encoding,
    layers: Layers,
    rates_bps: &[u64],
    (rtc, video): (&mut Rtc, Mid),
    ticks: u32,
    now: Instant,
) -> bool {
    let is = if layers == Layers::Temporal { Codec::Vp8 } else { Codec::Vp9 };
    let pt = rtc.codec_config().find(|params| params.spec().codec == is).unwrap().pt();
    let key = std::mem::take(&mut encoding.wants_key);
    let packets = match layers {
        Layers::Temporal => temporal_picture(encoding, key, rates_bps),
        Layers::Spatial { described } => spatial_picture(encoding, key, rates_bps, false, described),
        Layers::SpatialKey { described } => spatial_picture(encoding, key, rates_bps, true, described),
    };
    let last = packets.len() - 1;
    for (at, (payload, descriptor)) in packets.into_iter().enumerate() {
        let mut values = ExtensionValues::default();
        if let Some(descriptor) = descriptor {
            extensions::describe(&mut values, descriptor.bytes());
        }
        let timestamp = encoding.timestamp_base.wrapping_add(ticks);
        let write = RtpWrite::new(pt, encoding.sequence.into(), timestamp, now, payload)
            .marker(at == last)
            .ext_vals(values)
            .nackable(true);
        encoding.sequence += 1;
        let mut direct = rtc.direct_api();
        let Some(stream) = direct.stream_tx_by_mid(video, None) else { return false };
        stream.write_rtp(write);
    }
    encoding.picture = (encoding.picture + 1) & 0x7fff;
    true
}

type Packet = (Vec<u8>, Option<Written>);

fn spatial_picture(
    encoding: &mut Encoding,
    key: bool,
    rates_bps: &[u64],
    key_only: bool,
    described: bool,
) -> Vec<Packet> {
    let mut packets = Vec::new();
    for (spatial, rate_bps) in (0u8..).zip(rates_bps) {
        let bytes = (rate_bps / 8 / 30) as usize * if key { 3 } else { 1 };
        let count = bytes.div_ceil(PACKET_BYTES).max(1);
        let number = encoding.frames;
        encoding.frames = encoding.frames.wrapping_add(1);
        for at in 0..count {
            let (begins, ends) = (at == 0, at + 1 == count);
            let payload = vp9_payload(encoding, key, spatial, (begins, ends), key_only);
            let descriptor = described.then(|| {
                let template = u32::from(spatial) * 2 + u32::from(!key);
                let mut written = frame(begins, ends, template, number);
                if key && begins && spatial == 0 {
                    written.put(0b10000, 5);
                    structure(&mut written, &HEIGHTS_PX[..rates_bps.len()], key_only);
                }
                written
            });
            packets.push((payload, descriptor));
        }
    }
    packets
}

/// RFC 9628 4.2, then the spatial layer and the picture.
fn vp9_payload(encoding: &Encoding, key: bool, spatial: u8, (begins, ends): (bool, bool), key_only: bool) -> Vec<u8> {
    let tells = key && begins && spatial == 0;
    let bit = |set: bool, bit: u8| if set { bit } else { 0 };
    let alone = key_only && !key;
    let first = 0xa0 | bit(!key, 0x40) | bit(begins, 0x08) | bit(ends, 0x04) | bit(tells, 0x02) | bit(alone, 0x01);
    let picture = encoding.picture;
    let needs_below = spatial > 0 && !alone;
    let mut payload = vec![first, 0x80 | (picture >> 8) as u8, picture as u8, spatial << 1 | u8::from(needs_below), 0];
    if tells {
        payload.push(0x50);
        for height in HEIGHTS_PX {
            payload.extend_from_slice(&(height as u16 * 16 / 9).to_be_bytes());
            payload.extend_from_slice(&(height as u16).to_be_bytes());
        }
    }
    payload.push(spatial);
    payload.resize(PACKET_BYTES, 0xaa);
    payload
}

/// The pattern of libvpx: layers 0, 2, 1, 2, each of which needs lower ones alone.
fn temporal_picture(encoding: &mut Encoding, key: bool, rates_bps: &[u64]) -> Vec<Packet> {
    if key {
        encoding.frames = 0;
    }
    let temporal = [0u8, 2, 1, 2][usize::from(encoding.frames % 4)];
    let bytes = (rates_bps[usize::from(temporal)] / 8 / 30) as usize;
    let count = bytes.div_ceil(PACKET_BYTES).max(1);
    let synchronised = temporal == 1 || (temporal == 2 && encoding.frames % 4 == 1);
    let packet = |at: usize| {
        let mut payload = super::camera::picture_part(encoding, key, at == 0, PACKET_BYTES);
        payload[1] |= 0x20;
        payload[5] = temporal << 6 | u8::from(synchronised) << 5;
        payload[4] = (encoding.frames / 4) as u8;
        (payload, None)
    };
    let packets = (0..count).map(packet).collect();
    encoding.frames = encoding.frames.wrapping_add(1);
    packets
}
