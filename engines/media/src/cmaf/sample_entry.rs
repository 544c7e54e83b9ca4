//! Sample entries: what a decoder is set up by.

use super::{boxed, full_box, put_u16, put_u32};
use crate::codec::{AacTrack, AudioConfig, VideoConfig};

/// Appends the sample entry of a video track (ISO/IEC 14496-12 12.1.3).
pub fn put_video(out: &mut Vec<u8>, config: &VideoConfig) {
    let (width, height) = config.size();
    let (kind, inner, content): (&[u8; 4], &[u8; 4], Vec<u8>) = match config {
        VideoConfig::H264(track) => (b"avc1", b"avcC", track.record.to_vec()),
        VideoConfig::Vp9(track) => (b"vp09", b"vpcC", track.box_content()),
        VideoConfig::Av1(track) => (b"av01", b"av1C", track.box_content()),
    };
    boxed(out, kind, |out| {
        out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1]);
        out.extend_from_slice(&[0; 16]);
        put_u16(out, width);
        put_u16(out, height);
        put_u32(out, 0x0048_0000);
        put_u32(out, 0x0048_0000);
        put_u32(out, 0);
        put_u16(out, 1);
        out.extend_from_slice(&[0; 32]);
        put_u16(out, 0x0018);
        put_u16(out, 0xffff);
        boxed(out, inner, |out| out.extend_from_slice(&content));
        boxed(out, b"pasp", |out| {
            put_u32(out, 1);
            put_u32(out, 1);
        });
    });
}

/// Appends the sample entry of an audio track (12.2.3).
pub fn put_audio(out: &mut Vec<u8>, config: &AudioConfig) {
    let kind = match config {
        AudioConfig::Aac(_) => b"mp4a",
        AudioConfig::Opus(_) => b"Opus",
    };
    boxed(out, kind, |out| {
        out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1]);
        out.extend_from_slice(&[0; 8]);
        put_u16(out, u16::from(config.channels()));
        put_u16(out, 16);
        put_u32(out, 0);
        // 16.16; rates above 65,535 don't fit and are read from the configuration.
        put_u32(out, if config.rate() > 0xffff { 0 } else { config.rate() << 16 });
        match config {
            AudioConfig::Aac(track) => put_esds(out, track),
            AudioConfig::Opus(track) => boxed(out, b"dOps", |out| out.extend_from_slice(&track.box_content())),
        }
    });
}

fn descriptor(out: &mut Vec<u8>, tag: u8, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut content = Vec::new();
    fill(&mut content);
    // Contents stay below 128 bytes by the limit on configurations.
    out.push(tag);
    out.push(content.len() as u8);
    out.extend_from_slice(&content);
}

/// The elementary stream descriptor (ISO/IEC 14496-1 7.2.6.5).
fn put_esds(out: &mut Vec<u8>, track: &AacTrack) {
    full_box(out, b"esds", 0, 0, |out| {
        descriptor(out, 3, |out| {
            put_u16(out, 0);
            out.push(0);
            descriptor(out, 4, |out| {
                out.extend_from_slice(&[0x40, 0x15, 0, 0, 0]);
                put_u32(out, 0);
                put_u32(out, 0);
                descriptor(out, 5, |out| out.extend_from_slice(&track.config));
            });
            descriptor(out, 6, |out| out.push(2));
        });
    });
}
