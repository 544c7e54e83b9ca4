//! One run of ffmpeg, watched: what it says of its progress, and what ends it.

use crate::child::{Running, Start, spawn};
use crate::image::ImageRefusal;
use crate::patience::Patience;
use crate::settings::Limits;
use crate::source::Refusal;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::time::{MissedTickBehavior, interval};

/// How often a run is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Of what it complains of, the last lines are kept, cut to a length.
const LOG_LINES: usize = 5;
const LINE_BYTES_MAX: usize = 300;
/// The folder is measured this often, in looks.
const MEASURE_EVERY: u32 = 8;

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("{0}")]
    NotTaken(#[from] ImageRefusal),
    #[error("the program {0} is not there")]
    Missing(PathBuf),
    #[error("it hung")]
    Hung,
    #[error("it took too long")]
    TooLong,
    #[error("its result is too large")]
    TooMuch,
    #[error("the disk is full")]
    DiskFull,
    #[error("it was killed by signal {0}")]
    Killed(i32),
    #[error("it failed: {0}")]
    Failed(String),
    #[error("the folder holds something else")]
    Occupied,
    #[error("{0}")]
    Io(String),
}

impl Failure {
    /// Whether the same file may succeed at another time.
    pub fn may_be_retried(&self) -> bool {
        match self {
            Self::Refused(_) | Self::NotTaken(_) | Self::TooMuch | Self::Occupied => false,
            Self::Missing(_)
            | Self::Hung
            | Self::TooLong
            | Self::DiskFull
            | Self::Killed(_)
            | Self::Failed(_)
            | Self::Io(_) => true,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io(error.to_string()),
        }
    }
}

/// A run of ffmpeg that writes into a folder.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub program: &'a Path,
    pub arguments: Vec<OsString>,
    pub folder: &'a Path,
    pub limits: &'a Limits,
    /// Length of what is worked on, in milliseconds.
    pub duration_ms: u64,
    /// Somebody waits for it, until it is [`Look::StepBack`].
    pub awaited: bool,
}

/// What a look at a run comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    GoesOn,
    /// Nobody waits for it any more.
    StepBack,
}

/// Starts a program; says if it is not there.
pub(crate) async fn start(start: Start<'_>) -> Result<Running, Failure> {
    let program = start.program.to_owned();
    spawn(start).await.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::Missing(program),
        _ => error.into(),
    })
}

impl Run<'_> {
    /// Runs it to its end. `look` is called at every progress and at least every 250 ms, with how far it is, in
    /// milliseconds of the film.
    pub(crate) async fn watch(self, mut look: impl FnMut(u64) -> Result<Look, Failure>) -> Result<(), Failure> {
        let mut running = start(Start {
            program: self.program,
            arguments: self.arguments,
            folder: self.folder,
            memory_bytes: self.limits.memory_bytes,
            awaited: self.awaited,
            file_bytes: self.limits.output_bytes,
        })
        .await?;
        let stdout = running.child.stdout.take().ok_or_else(|| Failure::Io("no output".into()))?;
        let complaints = running.child.stderr.take().map(|stderr| tokio::spawn(last_lines(stderr)));
        let mut progress = BufReader::new(stdout);
        let (mut patience, mut moved) = (Patience::new(running.child.id()), Moved::new());
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut line, mut open, mut looked) = (Vec::new(), true, 0u32);
        let status = loop {
            tokio::select! {
                read = read_line(&mut progress, &mut line), if open => match read? {
                    false => open = false,
                    true => { moved.heard(&line); line.clear(); }
                },
                status = running.child.wait(), if !open => break status?,
                _ = looks.tick() => {
                    looked = looked.wrapping_add(1);
                    if look(moved.at_ms)? == Look::StepBack {
                        running.step_back();
                    }
                    if looked.is_multiple_of(MEASURE_EVERY) {
                        within(self.folder, self.limits)?;
                    }
                    let had = patience.had();
                    if moved.stood_still(had) > self.limits.silence {
                        return Err(Failure::Hung);
                    }
                    if had > self.limits.run(self.duration_ms) {
                        return Err(Failure::TooLong);
                    }
                }
            }
        };
        let said = match complaints {
            Some(complaints) => tokio::time::timeout(LOOK_EVERY, complaints).await.ok().and_then(Result::ok),
            None => None,
        };
        ended(status, &said.unwrap_or_default())?;
        look(moved.at_ms)?;
        within(self.folder, self.limits)
    }
}

/// What an end means.
pub(crate) fn ended(status: ExitStatus, said: &str) -> Result<(), Failure> {
    match status.signal() {
        Some(libc::SIGXFSZ) => Err(Failure::TooMuch),
        Some(signal) => Err(Failure::Killed(signal)),
        None if said.contains("No space left on device") => Err(Failure::DiskFull),
        None if said.contains("File too large") => Err(Failure::TooMuch),
        None if !status.success() => Err(Failure::Failed(said.to_owned())),
        None => Ok(()),
    }
}

/// How far it is, and since when it is no further.
struct Moved {
    at_ms: u64,
    /// The last value of each of what moves: a time, a frame, a size.
    values: [u64; 3],
    /// It moved since it was asked last.
    moved: bool,
    /// What it had had when it moved last.
    since: Duration,
}

impl Moved {
    fn new() -> Self {
        Self { at_ms: 0, values: [0; 3], moved: false, since: Duration::ZERO }
    }

    /// A line of `-progress`: `name=value`.
    fn heard(&mut self, line: &[u8]) {
        let Some((name, value)) = std::str::from_utf8(line).ok().and_then(|line| line.trim().split_once('=')) else {
            return;
        };
        let which = match name {
            "out_time_us" => 0,
            "frame" => 1,
            "total_size" => 2,
            _ => return,
        };
        // `N/A` as long as there is none, and a negative time at the very start.
        let Ok(value) = value.trim().parse::<u64>() else { return };
        if self.values[which] != value {
            self.values[which] = value;
            self.moved = true;
        }
        self.at_ms = self.values[0] / 1_000;
    }

    /// For how much of what it has had it is no further.
    fn stood_still(&mut self, had: Duration) -> Duration {
        if std::mem::take(&mut self.moved) {
            self.since = had;
        }
        had.saturating_sub(self.since)
    }
}

/// Reads a line, of which no more than [`LINE_BYTES_MAX`] are taken at once; `false` at the end. May be dropped and called
/// again.
async fn read_line(from: &mut (impl AsyncBufReadExt + Unpin), line: &mut Vec<u8>) -> io::Result<bool> {
    let room = LINE_BYTES_MAX.saturating_sub(line.len());
    (&mut *from).take(room as u64).read_until(b'\n', line).await?;
    Ok(!line.is_empty())
}

/// Reads complaints to their end; gives the last of them.
pub(crate) async fn last_lines(from: impl AsyncRead + Unpin) -> String {
    let mut from = BufReader::new(from);
    let mut lines = VecDeque::new();
    let mut line = Vec::new();
    while let Ok(true) = read_line(&mut from, &mut line).await {
        if lines.len() == LOG_LINES {
            lines.pop_front();
        }
        lines.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
        line.clear();
    }
    Vec::from(lines).join("\n")
}

/// Whether a folder, and the disk it is on, are still within their limits.
fn within(folder: &Path, limits: &Limits) -> Result<(), Failure> {
    if bytes_in(folder) > limits.output_bytes {
        return Err(Failure::TooMuch);
    }
    match free_bytes(folder) {
        Some(free) if free < limits.free_bytes => Err(Failure::DiskFull),
        _ => Ok(()),
    }
}

/// Bytes of all files in a folder and in the folders in it.
pub(crate) fn bytes_in(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let bytes = |entry: std::fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => bytes_in(&entry.path()),
        // A file that was renamed meanwhile is counted next time.
        _ => entry.metadata().map_or(0, |metadata| metadata.len()),
    };
    entries.flatten().map(bytes).sum()
}

fn free_bytes(folder: &Path) -> Option<u64> {
    let path = std::ffi::CString::new(folder.as_os_str().as_bytes()).ok()?;
    // SAFETY: all zeros are a value of it.
    let mut disk: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: the path ends with a zero, and the structure lives through the call.
    if unsafe { libc::statvfs(path.as_ptr(), &raw mut disk) } != 0 {
        return None;
    }
    Some(disk.f_bavail * disk.f_frsize)
}
