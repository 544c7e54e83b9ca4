//! Init segments: `ftyp` and a `moov` without samples.

use super::{boxed, child, children, full_box, put_u16, put_u32, put_u64, sample_entry, u32_at};
use crate::codec::{AudioConfig, VideoConfig};

/// Time scale of video tracks, a second.
pub const VIDEO_TIMESCALE: u32 = 90_000;
pub const VIDEO_TRACK: u32 = 1;
pub const AUDIO_TRACK: u32 = 2;

const IDENTITY_MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// The tracks of a broadcast at one time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tracks {
    pub video: Option<VideoConfig>,
    pub audio: Option<AudioConfig>,
}

impl Tracks {
    /// The `CODECS` attribute (RFC 6381).
    pub fn names(&self) -> String {
        let names = [self.video.as_ref().map(VideoConfig::name), self.audio.as_ref().map(AudioConfig::name)];
        names.into_iter().flatten().collect::<Vec<_>>().join(",")
    }
}

/// One track as a `moov` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    pub id: u32,
    /// Units of time a second.
    pub timescale: u32,
    pub width: u16,
    pub height: u16,
    /// The sample entry, a whole box.
    pub sample_entry: Vec<u8>,
}

impl Tracks {
    fn described(&self) -> Vec<Described> {
        let mut tracks = Vec::new();
        if let Some(video) = &self.video {
            let ((width, height), mut sample_entry) = (video.size(), Vec::new());
            sample_entry::put_video(&mut sample_entry, video);
            tracks.push(Described { id: VIDEO_TRACK, timescale: VIDEO_TIMESCALE, width, height, sample_entry });
        }
        if let Some(audio) = &self.audio {
            let (timescale, mut sample_entry) = (audio.rate(), Vec::new());
            sample_entry::put_audio(&mut sample_entry, audio);
            tracks.push(Described { id: AUDIO_TRACK, timescale, width: 0, height: 0, sample_entry });
        }
        tracks
    }
}

/// An init segment for these tracks.
pub fn init_segment(tracks: &Tracks) -> Vec<u8> {
    let described = tracks.described();
    let mut out = Vec::with_capacity(1200);
    put_file_type(&mut out);
    boxed(&mut out, b"moov", |out| {
        put_movie_header(out, 0);
        for track in &described {
            put_track(out, track, 0, &[], put_empty_tables);
        }
        boxed(out, b"mvex", |out| {
            for track in &described {
                let fields = [track.id, 1, 0, 0, 0];
                full_box(out, b"trex", 0, 0, |out| fields.into_iter().for_each(|value| put_u32(out, value)));
            }
        });
    });
    out
}

/// The tracks of an init segment that [`init_segment`] wrote; `None` if it is not one.
pub fn read_init(data: &[u8]) -> Option<Vec<Described>> {
    let moov = child(data, b"moov")?;
    let tracks = children(moov).filter(|(kind, _)| kind == b"trak").map(|(_, trak)| {
        let (header, media) = (child(trak, b"tkhd")?, child(trak, b"mdia")?);
        let tables = child(child(media, b"minf")?, b"stbl")?;
        Some(Described {
            id: u32_at(header, 20)?,
            timescale: u32_at(child(media, b"mdhd")?, 20).filter(|scale| *scale > 0)?,
            width: (u32_at(header, 88)? >> 16) as u16,
            height: (u32_at(header, 92)? >> 16) as u16,
            sample_entry: child(tables, b"stsd")?.get(8..)?.to_vec(),
        })
    });
    tracks.collect()
}

pub(super) fn put_file_type(out: &mut Vec<u8>) {
    boxed(out, b"ftyp", |out| {
        out.extend_from_slice(b"iso6\0\0\0\0iso6iso5mp41");
    });
}

/// `mvhd`, with its duration in milliseconds.
pub(super) fn put_movie_header(out: &mut Vec<u8>, duration_ms: u64) {
    full_box(out, b"mvhd", 1, 0, |out| {
        put_u64(out, 0);
        put_u64(out, 0);
        put_u32(out, 1000);
        put_u64(out, duration_ms);
        put_u32(out, 0x1_0000);
        put_u16(out, 0x100);
        out.extend_from_slice(&[0; 10]);
        IDENTITY_MATRIX.into_iter().for_each(|value| put_u32(out, value));
        out.extend_from_slice(&[0; 24]);
        put_u32(out, AUDIO_TRACK + 1);
    });
}

fn put_empty_tables(out: &mut Vec<u8>) {
    full_box(out, b"stts", 0, 0, |out| put_u32(out, 0));
    full_box(out, b"stsc", 0, 0, |out| put_u32(out, 0));
    full_box(out, b"stsz", 0, 0, |out| out.extend_from_slice(&[0; 8]));
    full_box(out, b"stco", 0, 0, |out| put_u32(out, 0));
}

/// A `trak` whose sample tables `tables` writes; its duration in milliseconds, its edits as (duration in milliseconds,
/// media time, or -1 for nothing).
pub(super) fn put_track(
    out: &mut Vec<u8>,
    track: &Described,
    duration_ms: u64,
    edits: &[(u64, i64)],
    tables: impl FnOnce(&mut Vec<u8>),
) {
    boxed(out, b"trak", |out| {
        full_box(out, b"tkhd", 1, 3, |out| {
            put_u64(out, 0);
            put_u64(out, 0);
            put_u32(out, track.id);
            put_u32(out, 0);
            put_u64(out, duration_ms);
            out.extend_from_slice(&[0; 12]);
            put_u16(out, if track.id == VIDEO_TRACK { 0 } else { 0x100 });
            put_u16(out, 0);
            IDENTITY_MATRIX.into_iter().for_each(|value| put_u32(out, value));
            put_u32(out, u32::from(track.width) << 16);
            put_u32(out, u32::from(track.height) << 16);
        });
        if !edits.is_empty() {
            boxed(out, b"edts", |out| {
                full_box(out, b"elst", 1, 0, |out| {
                    put_u32(out, edits.len() as u32);
                    for (duration, time) in edits {
                        put_u64(out, *duration);
                        put_u64(out, *time as u64);
                        put_u32(out, 0x1_0000);
                    }
                });
            });
        }
        boxed(out, b"mdia", |out| put_media(out, track, duration_ms, tables));
    });
}

fn put_media(out: &mut Vec<u8>, track: &Described, duration_ms: u64, tables: impl FnOnce(&mut Vec<u8>)) {
    let is_video = track.id == VIDEO_TRACK;
    full_box(out, b"mdhd", 1, 0, |out| {
        put_u64(out, 0);
        put_u64(out, 0);
        put_u32(out, track.timescale);
        put_u64(out, duration_ms * u64::from(track.timescale) / 1000);
        // "und", undetermined, in three times five bits.
        put_u16(out, 0x55c4);
        put_u16(out, 0);
    });
    full_box(out, b"hdlr", 0, 0, |out| {
        put_u32(out, 0);
        out.extend_from_slice(if is_video { b"vide" } else { b"soun" });
        out.extend_from_slice(&[0; 12]);
        out.push(0);
    });
    boxed(out, b"minf", |out| {
        if is_video {
            full_box(out, b"vmhd", 0, 1, |out| out.extend_from_slice(&[0; 8]));
        } else {
            full_box(out, b"smhd", 0, 0, |out| out.extend_from_slice(&[0; 4]));
        }
        boxed(out, b"dinf", |out| {
            full_box(out, b"dref", 0, 0, |out| {
                put_u32(out, 1);
                full_box(out, b"url ", 0, 1, |_| ());
            });
        });
        boxed(out, b"stbl", |out| {
            full_box(out, b"stsd", 0, 0, |out| {
                put_u32(out, 1);
                out.extend_from_slice(&track.sample_entry);
            });
            tables(out);
        });
    });
}
