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

/// Times of key frames, in milliseconds.
pub fn key_frames(path: &Path) -> Vec<i64> {
    let keyed = |line: &String| {
        let (time, flags) = line.split_once(',')?;
        flags.starts_with('K').then(|| (time.parse::<f64>().expect("a time") * 1_000.0).round() as i64)
    };
    told(path, "-select_streams v -show_entries packet=pts_time,flags").iter().filter_map(keyed).collect()
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
