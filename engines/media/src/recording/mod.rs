//! Recording while live.
//!
//! ```text
//! folder/journal.jsonl   a line for each file begun, each part written, and the end
//! folder/0.mp4, 1.mp4 …  init segment and parts, one after the other; a new file when tracks change
//! folder/index.m3u8, media.m3u8, head.mp4   made at the end
//! ```
//!
//! A part is written first, its line after it: after a crash, what has no whole line is cut off, and the rest ends as it
//! would have by itself. What the publisher was silent for takes no media time; [`Times`] knows which moment on the wall
//! clock each media time was.

mod ending;
mod journal;
mod times;

pub use ending::{Download, recover};
pub use journal::JOURNAL_FILE;
pub use times::Times;

use crate::cmaf::Tracks;
use crate::window::Part;
use bytes::Bytes;
use journal::{Begun, Line, Written};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use thiserror::Error;

/// Parts that wait for the disk: some twenty seconds. Beyond it the disk is too slow.
pub const WAITING_PARTS_MAX: usize = 64;
/// Longest recording, in bytes.
pub const RECORDING_BYTES_MAX: u64 = 1 << 40;

/// Why a recording was not begun, or stopped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordingError {
    #[error("the folder holds a recording already")]
    Exists,
    #[error("the disk is full, or the recording has {RECORDING_BYTES_MAX} bytes")]
    Full,
    #[error("the disk is too slow")]
    TooSlow,
    #[error("there is nothing in the recording")]
    Empty,
    #[error("the journal is not one: {0}")]
    Journal(&'static str),
    #[error("{0}")]
    Io(String),
}

impl From<io::Error> for RecordingError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::AlreadyExists => Self::Exists,
            _ => Self::Io(error.to_string()),
        }
    }
}

/// A finished recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub duration_ms: u64,
    /// Wall clock of its start, milliseconds since the Unix epoch.
    pub started_at_ms: u64,
    /// Bytes of all media files.
    pub bytes: u64,
    /// The largest picture, in pixels; nothing for sound alone.
    pub width: Option<u16>,
    pub height: Option<u16>,
    /// Media time and wall clock.
    pub times: Times,
    /// One MP4, where tracks never changed.
    pub download: Option<Download>,
}

/// A part to be written.
#[derive(Debug)]
pub struct PartWritten {
    pub sequence: u64,
    /// The first of its segment.
    pub starts: bool,
    pub discontinuity: bool,
    pub start_us: u64,
    pub wall_ms: u64,
    pub part: Part,
}

/// Where a whole segment lies.
#[derive(Debug)]
pub struct Placed {
    pub sequence: u64,
    pub path: Arc<Path>,
    pub offset: u64,
}

#[derive(Debug)]
enum Message {
    Init { codecs: String, size: Option<(u16, u16)>, data: Bytes },
    Part(PartWritten),
}

#[derive(Debug, Default)]
struct Reported {
    placed: Vec<Placed>,
    failure: Option<RecordingError>,
}

/// Hands parts to a thread of its own that writes them: the broadcast never waits for a disk.
#[derive(Debug)]
pub struct Recorder {
    folder: PathBuf,
    sender: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<()>>,
    reported: Arc<Mutex<Reported>>,
    /// A segment started: what came of one that was running before is left out.
    begun: bool,
}

fn lock(reported: &Mutex<Reported>) -> std::sync::MutexGuard<'_, Reported> {
    reported.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recorder {
    /// Starts a recording in `folder`, which is made.
    ///
    /// # Errors
    /// There is one already, or the folder can't be written.
    pub fn start(folder: &Path) -> Result<Self, RecordingError> {
        std::fs::create_dir_all(folder)?;
        let journal = OpenOptions::new().append(true).create_new(true).open(folder.join(JOURNAL_FILE))?;
        let reported = Arc::new(Mutex::new(Reported::default()));
        let writer = Writer::new(folder.to_owned(), journal, reported.clone());
        let (sender, receiver) = sync_channel(WAITING_PARTS_MAX);
        let thread = std::thread::Builder::new().name("recording".into()).spawn(move || writer.run(&receiver))?;
        Ok(Self { folder: folder.to_owned(), sender: Some(sender), thread: Some(thread), reported, begun: false })
    }

    fn send(&mut self, message: Message) {
        let Some(sender) = &self.sender else { return };
        if let Err(refused) = sender.try_send(message) {
            if matches!(refused, TrySendError::Full(_)) {
                lock(&self.reported).failure.get_or_insert(RecordingError::TooSlow);
            }
            self.sender = None;
        }
    }

    /// Tracks changed: what follows goes into a new file.
    pub fn init(&mut self, tracks: &Tracks, data: Bytes) {
        let size = tracks.video.as_ref().map(crate::codec::VideoConfig::size);
        self.send(Message::Init { codecs: tracks.names(), size, data });
    }

    pub fn part(&mut self, part: PartWritten) {
        self.begun |= part.starts;
        if self.begun {
            self.send(Message::Part(part));
        }
    }

    /// Segments that lie on the disk as a whole, since the last call.
    pub fn take_placed(&mut self) -> Vec<Placed> {
        std::mem::take(&mut lock(&self.reported).placed)
    }

    /// Why it stopped, if it did.
    pub fn failure(&self) -> Option<RecordingError> {
        lock(&self.reported).failure.clone()
    }

    /// Waits for the disk and ends the recording. Where it failed, what was written before is there and can be had by
    /// [`recover`].
    ///
    /// # Errors
    /// Writing failed now or before, or there is nothing in it.
    pub fn finish(mut self) -> Result<Recorded, RecordingError> {
        self.sender = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            return Err(RecordingError::Io("the writing thread panicked".into()));
        }
        match self.failure() {
            Some(error) => Err(error),
            None => recover(&self.folder),
        }
    }
}

/// The thread's side.
struct Writer {
    folder: PathBuf,
    journal: File,
    file: Option<(File, Arc<Path>, u64)>,
    files: u32,
    bytes: u64,
    /// The segment being written, where it started, if it did so in this file.
    segment: Option<(u64, u64)>,
    reported: Arc<Mutex<Reported>>,
}

impl Writer {
    fn new(folder: PathBuf, journal: File, reported: Arc<Mutex<Reported>>) -> Self {
        Self { folder, journal, file: None, files: 0, bytes: 0, segment: None, reported }
    }

    fn run(mut self, receiver: &Receiver<Message>) {
        while let Ok(message) = receiver.recv() {
            if let Err(error) = self.take(message) {
                tracing::warn!(folder = %self.folder.display(), %error, "a recording stopped");
                lock(&self.reported).failure.get_or_insert(error);
                return;
            }
        }
    }

    fn take(&mut self, message: Message) -> Result<(), RecordingError> {
        match message {
            Message::Init { codecs, size, data } => self.begin(codecs, size, &data),
            Message::Part(part) => self.write(&part),
        }
    }

    fn note(&mut self, line: &Line) -> Result<(), RecordingError> {
        let mut text = serde_json::to_vec(line).map_err(|error| RecordingError::Io(error.to_string()))?;
        text.push(b'\n');
        Ok(self.journal.write_all(&text)?)
    }

    fn begin(&mut self, codecs: String, size: Option<(u16, u16)>, data: &[u8]) -> Result<(), RecordingError> {
        self.place();
        let name = format!("{}.mp4", self.files);
        let path: Arc<Path> = self.folder.join(&name).into();
        let mut file = OpenOptions::new().append(true).create_new(true).open(&path)?;
        file.write_all(data)?;
        self.files += 1;
        self.bytes += data.len() as u64;
        self.file = Some((file, path, data.len() as u64));
        self.segment = None;
        let (width, height) = size.unzip();
        self.note(&Line::File(Begun { name, bytes: data.len() as u64, codecs, width, height }))
    }

    /// The segment before is whole now.
    fn place(&mut self) {
        if let (Some((sequence, offset)), Some((_, path, _))) = (self.segment.take(), &self.file) {
            lock(&self.reported).placed.push(Placed { sequence, path: path.clone(), offset });
        }
    }

    fn write(&mut self, written: &PartWritten) -> Result<(), RecordingError> {
        if written.starts {
            self.place();
        }
        let data = &written.part.data;
        let Some((file, _, end)) = &mut self.file else { return Ok(()) };
        if self.bytes + data.len() as u64 > RECORDING_BYTES_MAX {
            return Err(RecordingError::Full);
        }
        let offset = *end;
        file.write_all(data)?;
        *end += data.len() as u64;
        self.bytes += data.len() as u64;
        if written.starts {
            self.segment = Some((written.sequence, offset));
        }
        self.note(&Line::Part(Written {
            offset,
            bytes: data.len() as u64,
            start_us: written.start_us,
            duration_us: written.part.duration_us,
            wall_ms: written.wall_ms,
            starts: written.starts,
            independent: written.part.independent,
            discontinuity: written.discontinuity,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_as_such() {
        let reported = Arc::new(Mutex::new(Reported::default()));
        let full = || OpenOptions::new().write(true).open("/dev/full").expect("a disk without room");
        let mut writer = Writer::new(PathBuf::new(), full(), reported);
        writer.file = Some((full(), Path::new("0.mp4").into(), 0));
        let part = Part { duration_us: 300_000, independent: true, data: Bytes::from_static(b"data") };
        let part = PartWritten { sequence: 0, starts: true, discontinuity: false, start_us: 0, wall_ms: 0, part };
        assert_eq!(writer.take(Message::Part(part)), Err(RecordingError::Full));
    }
}
