//! Films made for a test, folders that go away with it, and what ffprobe says of what came out.

use hearth_conversion::{Conversion, Failure, Job, Limits, Report, Settings, Source, Tools, convert, probe};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder that goes away with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hearth-conversion-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.at(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Makes a film: words of ffmpeg before the name of the file.
    pub fn film(&self, name: &str, words: &str) -> PathBuf {
        let path = self.at(name);
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "error", "-y"]).args(words.split_whitespace()).arg(&path);
        assert!(command.status().expect("ffmpeg").success(), "{words}");
        path
    }

    pub fn job(&self, film: &Path) -> Job {
        Job { file: film.to_owned(), folder: self.at("out"), settings: Settings::default(), limits: Limits::default() }
    }

    /// A program in place of ffmpeg.
    pub fn program(&self, script: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.at("program");
        std::fs::write(&path, format!("#!/bin/bash\n{script}\n")).expect("room");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a right");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub async fn tools() -> Tools {
    static FOUND: tokio::sync::OnceCell<Tools> = tokio::sync::OnceCell::const_new();
    let find =
        async || Tools::find(Path::new("ffmpeg"), Path::new("ffprobe")).await.expect("ffmpeg with what it needs");
    FOUND.get_or_init(find).await.clone()
}

pub async fn probed(film: &Path) -> Result<Source, Failure> {
    probe(&tools().await, film, &Limits::default()).await
}

/// Converts, and gives what was told.
pub async fn converted(job: &Job) -> (Conversion, Vec<Report>) {
    let mut reports = Vec::new();
    let made = convert(&tools().await, job, |report| reports.push(report)).await.expect("a conversion");
    (made, reports)
}

/// Lines of `entries` that ffprobe tells of a playlist or file.
pub fn told(path: &Path, more: &str) -> Vec<String> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-of", "csv=print_section=0"]);
    if path.extension().is_some_and(|extension| extension == "m3u8") {
        command.args(["-allowed_extensions", "ALL"]);
    }
    let output = command.args(more.split_whitespace()).arg(path).output().expect("ffprobe");
    assert!(output.status.success(), "{path:?}: {}", String::from_utf8_lossy(&output.stderr));
    let mut lines: Vec<String> =
        String::from_utf8_lossy(&output.stdout).lines().map(|line| line.trim_end_matches(',').to_owned()).collect();
    // Of a playlist, a stream is told once for its program and once more.
    lines.retain(|line| !line.is_empty());
    lines
}

/// `width,height` and the like of the only stream.
pub fn stream(path: &Path, entries: &str) -> String {
    told(path, &format!("-show_entries stream={entries}")).remove(0)
}

/// Times of key frames after the first, in milliseconds.
pub fn key_frames(path: &Path) -> Vec<i64> {
    let keyed = |line: &String| {
        let (time, flags) = line.split_once(',')?;
        flags.starts_with('K').then(|| (time.parse::<f64>().expect("a time") * 1_000.0).round() as i64)
    };
    let times: Vec<i64> =
        told(path, "-select_streams v -show_entries packet=pts_time,flags").iter().filter_map(keyed).collect();
    times.iter().map(|time| time - times[0]).collect()
}

/// First time and end of a stream, in milliseconds.
pub fn span(path: &Path) -> (i64, i64) {
    let times = told(path, "-show_entries packet=pts_time,duration_time");
    let ends = times.iter().filter_map(|line| {
        let (time, length) = line.split_once(',')?;
        let time = time.parse::<f64>().ok()?;
        Some((time, time + length.trim_end_matches(',').parse::<f64>().unwrap_or(0.0)))
    });
    let (first, end) = ends.fold((f64::MAX, 0f64), |(first, end), (from, to)| (first.min(from), end.max(to)));
    ((first * 1_000.0).round() as i64, (end * 1_000.0).round() as i64)
}

/// Boxes of an MP4 with their contents, those that hold boxes opened (ISO/IEC 14496-12, 4.2).
fn boxes(mut bytes: &[u8]) -> Vec<(String, &[u8])> {
    let mut found = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<8>() {
        let size = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let name = String::from_utf8_lossy(&head[4..]).into_owned();
        let (content, after) = rest.split_at(size - 8);
        if ["moov", "trak", "edts", "mdia", "moof", "traf"].contains(&name.as_str()) {
            found.extend(boxes(content));
        } else {
            found.push((name, content));
        }
        bytes = after;
    }
    found
}

fn number(bytes: &[u8], at: usize) -> i64 {
    i64::from(u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes")))
}

/// When the first of a made rendition or track is shown and when the last ends, in milliseconds, as whoever knows of no
/// edit list has it. ffmpeg itself takes what is shown before it is decoded for late.
pub fn shown(folder: &Path) -> (i64, i64) {
    let init = std::fs::read(folder.join("init.mp4")).expect("an init segment");
    let head = boxes(&init);
    let of = |name: &str| head.iter().find(|(is, _)| is == name).map(|(_, content)| *content);
    let scale = number(of("mdhd").expect("a clock"), 12);
    // Nothing is cut off by it; that nothing comes for a moment (-1) is said for whoever listens.
    let edits = of("elst").map_or(&[][..], |list| &list[8..]);
    assert!(edits.chunks(12).all(|edit| [0, i64::from(u32::MAX)].contains(&number(edit, 4))), "{edits:?}");
    let (mut first, mut end) = (i64::MAX, 0);
    let playlist = std::fs::read_to_string(folder.join("index.m3u8")).expect("a playlist");
    for name in playlist.lines().filter(|line| line.ends_with(".m4s")) {
        let segment = std::fs::read(folder.join(name)).expect("a segment");
        let (mut at, mut usual) = (0, 0);
        for (name, content) in boxes(&segment) {
            let flags = number(content, 0) & 0xff_ffff;
            let has = |flag: i64| usize::from(flags & flag != 0);
            match name.as_str() {
                "tfhd" => usual = number(content, 8 + 8 * has(1) + 4 * has(2)),
                "tfdt" => at = number(content, 4) << 32 | number(content, 8),
                "trun" => {
                    let step = 4 * (has(0x100) + has(0x200) + has(0x400) + has(0x800));
                    let samples = 8 + 4 * (has(1) + has(4));
                    for sample in content[samples..].chunks(step).take(number(content, 4) as usize) {
                        let length = if has(0x100) == 1 { number(sample, 0) } else { usual };
                        let offset = if has(0x800) == 1 { number(sample, step - 4) as u32 as i32 } else { 0 };
                        first = first.min(at + i64::from(offset));
                        end = end.max(at + i64::from(offset) + length);
                        at += length;
                    }
                }
                _ => {}
            }
        }
    }
    ((first * 1_000 + scale / 2) / scale, (end * 1_000 + scale / 2) / scale)
}

/// Durations that a playlist tells, in milliseconds.
pub fn segments(playlist: &str) -> Vec<u64> {
    let length =
        |line: &str| Some((line.strip_prefix("#EXTINF:")?.trim_end_matches(',').parse::<f64>().ok()? * 1_000.0) as u64);
    playlist.lines().filter_map(length).collect()
}

/// Integrated loudness, in LUFS.
pub fn loudness(path: &Path) -> f64 {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-hide_banner"]);
    if path.extension().is_some_and(|extension| extension == "m3u8") {
        command.args(["-allowed_extensions", "ALL"]);
    }
    command.arg("-i").arg(path);
    let output = command.args(["-af", "ebur128", "-f", "null", "-"]).output().expect("ffmpeg");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let summary = said.split("Integrated loudness:").nth(1).expect("a summary");
    summary
        .split("I:")
        .nth(1)
        .and_then(|rest| rest.split("LUFS").next())
        .expect("a figure")
        .trim()
        .parse()
        .expect("a number")
}
