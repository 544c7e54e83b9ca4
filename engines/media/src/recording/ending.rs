//! The end of a recording, by itself or after a crash: playlists, and one file to take away.

use super::journal::{self, Recording, Written};
use super::times::Times;
use super::{Recorded, RecordingError};
use crate::cmaf::{Index, read_fragment, read_init};
use crate::hls::{Seconds, date_time};
use std::fmt::Write as _;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// A segment of a recording goes on to the next key frame, for at most this long, in microseconds.
const SEGMENT_MAX_US: u64 = 30_000_000;
/// Largest head of a fragment read, in bytes: a part holds far fewer samples.
const HEAD_BYTES_MAX: u32 = 1024 * 1024;

/// One plain MP4: the bytes of `head`, and right behind them those of `body`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    pub head: PathBuf,
    pub body: PathBuf,
    /// Of both together.
    pub bytes: u64,
}

/// Ends the recording in a folder: cuts off what a crash left half-written, and writes what belongs to a finished one.
/// On a finished one it changes nothing.
///
/// # Errors
/// There is none, or nothing in it, or the disk fails.
pub fn recover(folder: &Path) -> Result<Recorded, RecordingError> {
    let files = journal::mend(folder)?;
    let segments = segments(&files);
    write(&folder.join("media.m3u8"), media(&files, &segments).as_bytes())?;
    write(&folder.join("index.m3u8"), index(&files, &segments).as_bytes())?;
    let download = match files.as_slice() {
        [only] => download(folder, only)?,
        _ => None,
    };
    journal::end(folder)?;
    let times = Times::of(&files);
    let parts = || files.iter().flat_map(|file| &file.parts);
    let (first, last) = (parts().next(), parts().last());
    Ok(Recorded {
        duration_ms: last
            .zip(first)
            .map_or(0, |(last, first)| (last.start_us + last.duration_us - first.start_us) / 1000),
        started_at_ms: first.map_or(0, |first| first.wall_ms),
        bytes: files.iter().map(Recording::bytes).sum(),
        width: files.iter().filter_map(|file| file.begun.width).max(),
        height: files.iter().filter_map(|file| file.begun.height).max(),
        times,
        download,
    })
}

/// Replaces a file as a whole.
fn write(path: &Path, content: &[u8]) -> Result<(), RecordingError> {
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, content)?;
    Ok(std::fs::rename(&fresh, path)?)
}

struct Segment<'a> {
    file: usize,
    parts: &'a [Written],
}

impl Segment<'_> {
    fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }

    fn duration_us(&self) -> u64 {
        self.parts.iter().map(|part| part.duration_us).sum()
    }
}

/// Parts from one key frame at a segment's start to the next.
fn segments(files: &[Recording]) -> Vec<Segment<'_>> {
    let mut segments = Vec::new();
    for (file, recording) in files.iter().enumerate() {
        let parts = recording.parts.as_slice();
        let mut from = 0;
        for at in 1..=parts.len() {
            let cuts = parts.get(at).is_none_or(|part| {
                let long = part.start_us - parts[from].start_us >= SEGMENT_MAX_US;
                part.starts && (part.independent || part.discontinuity || long)
            });
            if cuts {
                segments.push(Segment { file, parts: &parts[from..at] });
                from = at;
            }
        }
    }
    segments
}

/// The media playlist: byte ranges of the files.
fn media(files: &[Recording], segments: &[Segment<'_>]) -> String {
    let longest_us = segments.iter().map(Segment::duration_us).max().unwrap_or(0);
    let mut out = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-PLAYLIST-TYPE:VOD\n".to_owned();
    let _ = writeln!(out, "#EXT-X-TARGETDURATION:{}", longest_us.div_ceil(1_000_000));
    out.push_str("#EXT-X-MEDIA-SEQUENCE:0\n");
    if segments.iter().all(|segment| segment.parts[0].independent) {
        out.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n");
    }
    let mut running = None;
    for segment in segments {
        let (begun, first) = (&files[segment.file].begun, &segment.parts[0]);
        let new_file = running != Some(segment.file);
        let cut = running.is_some() && (new_file || first.discontinuity);
        if cut {
            out.push_str("#EXT-X-DISCONTINUITY\n");
        }
        if new_file {
            let _ = writeln!(out, "#EXT-X-MAP:URI=\"{}\",BYTERANGE=\"{}@0\"", begun.name, begun.bytes);
        }
        if running.is_none() || cut {
            let _ = writeln!(out, "#EXT-X-PROGRAM-DATE-TIME:{}", date_time(first.wall_ms));
        }
        let _ = writeln!(out, "#EXTINF:{},", Seconds(segment.duration_us()));
        let _ = writeln!(out, "#EXT-X-BYTERANGE:{}@{}\n{}", segment.bytes(), first.offset, begun.name);
        running = Some(segment.file);
    }
    out.push_str("#EXT-X-ENDLIST\n");
    out
}

/// The multivariant playlist of the one rendition.
fn index(files: &[Recording], segments: &[Segment<'_>]) -> String {
    let rate = |bytes: u64, duration_us: u64| (bytes * 8).saturating_mul(1_000_000) / duration_us.max(1);
    let peak = segments.iter().map(|segment| rate(segment.bytes(), segment.duration_us())).max().unwrap_or(0);
    let bytes = segments.iter().map(Segment::bytes).sum();
    let mean = rate(bytes, segments.iter().map(Segment::duration_us).sum());
    let mut codecs: Vec<&str> = files.iter().flat_map(|file| file.begun.codecs.split(',')).collect();
    codecs.sort_unstable();
    codecs.dedup();
    let mut out = "#EXTM3U\n#EXT-X-VERSION:7\n".to_owned();
    let codecs = codecs.join(",");
    let _ = write!(out, "#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={mean},CODECS=\"{codecs}\"");
    let size = files.iter().filter_map(|file| file.begun.width.zip(file.begun.height)).max();
    if let Some((width, height)) = size {
        let _ = write!(out, ",RESOLUTION={width}x{height}");
    }
    out.push_str("\nmedia.m3u8\n");
    out
}

/// Writes the head that makes a plain MP4 of the one file.
fn download(folder: &Path, recording: &Recording) -> Result<Option<Download>, RecordingError> {
    let body = folder.join(&recording.begun.name);
    let file = File::open(&body)?;
    let mut init = vec![0; usize::try_from(recording.begun.bytes.min(u64::from(HEAD_BYTES_MAX))).unwrap_or(0)];
    file.read_exact_at(&mut init, 0)?;
    let Some(tracks) = read_init(&init) else { return Ok(None) };
    let mut index = Index::default();
    for part in &recording.parts {
        let mut size = [0; 4];
        file.read_exact_at(&mut size, part.offset)?;
        let size = u32::from_be_bytes(size);
        if size > HEAD_BYTES_MAX {
            return Ok(None);
        }
        let mut moof = vec![0; size as usize + 8];
        file.read_exact_at(&mut moof, part.offset)?;
        let Some(fragment) = read_fragment(&moof) else { return Ok(None) };
        index.push(fragment, part.offset);
    }
    let head = index.head(&tracks, recording.bytes());
    let path = folder.join("head.mp4");
    write(&path, &head)?;
    Ok(Some(Download { head: path, body, bytes: head.len() as u64 + recording.bytes() }))
}
