//! The supervisor: one run of ffmpeg after the other.

use super::wire::{FlvReader, Said, flv_config, flv_frame, flv_head, ivf_frame, ivf_head};
use super::{Converted, ConvertError, QUEUE_BYTES, RESTARTS, RESTARTS_OVER, STALLED, VideoInput, VideoPlan, child};
use crate::{Codec, Config, Frame};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

pub(super) type Sink = Box<dyn FnMut(Converted) + Send>;

/// Time stamps of FLV are 31 bits of milliseconds: a run ends at a key frame well before that.
const RUN_MS_MAX: u64 = 20 * 24 * 3_600 * 1_000;
/// Frames of which the exact time is kept while ffmpeg has them.
const TIMES_MAX: usize = 1_024;

pub(super) enum Item {
    Config(Bytes),
    Frame(Frame),
}

impl Item {
    pub(super) fn bytes(&self) -> usize {
        match self {
            Item::Config(record) => record.len(),
            Item::Frame(frame) => frame.data.len(),
        }
    }
}

/// What the converter, the supervisor and the reader know of each other.
#[derive(Default)]
pub(super) struct Shared {
    child: Mutex<Option<Child>>,
    /// Since when ffmpeg owes an answer.
    owing: Mutex<Option<Instant>>,
    queued_bytes: AtomicUsize,
    ended: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn room_for(&self, bytes: usize) -> bool {
        self.queued_bytes.load(Ordering::Relaxed) + bytes <= QUEUE_BYTES
    }

    pub(super) fn queued(&self, bytes: usize) {
        self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn taken(&self, bytes: usize) {
        self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Ends this run and every other.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.kill();
    }

    /// Ends a run that says nothing; the supervisor begins another.
    pub(super) fn end_if_stalled(&self) {
        if lock(&self.owing).is_some_and(|since| since.elapsed() > STALLED) {
            tracing::warn!("ffmpeg says nothing: it is started again");
            *lock(&self.owing) = None;
            self.kill();
        }
    }

    fn kill(&self) {
        if let Some(child) = lock(&self.child).as_mut() {
            // Gone already is what was wanted.
            let _ = child.kill();
        }
    }

    fn answered(&self) {
        *lock(&self.owing) = None;
    }

    fn owes(&self) {
        lock(&self.owing).get_or_insert_with(Instant::now);
    }
}

/// How a run ended.
enum Ending {
    /// There is nothing more to convert.
    Done,
    /// The next needs another run: a new configuration, or time that starts anew.
    Anew(Option<Frame>),
    Died,
}

struct Supervisor {
    ffmpeg: PathBuf,
    plan: VideoPlan,
    items: Receiver<Item>,
    shared: Arc<Shared>,
    sink: Arc<Mutex<Sink>>,
    record: Option<Bytes>,
}

pub(super) fn supervise(
    ffmpeg: PathBuf,
    plan: VideoPlan,
    items: Receiver<Item>,
    shared: Arc<Shared>,
    sink: Sink,
) -> io::Result<JoinHandle<()>> {
    let sink = Arc::new(Mutex::new(sink));
    let mut supervisor = Supervisor { ffmpeg, plan, items, shared, sink, record: None };
    Builder::new().name("hearth-convert".to_owned()).spawn(move || supervisor.supervise())
}

impl Supervisor {
    fn supervise(&mut self) {
        let mut deaths: VecDeque<Instant> = VecDeque::new();
        let mut first = None;
        while let Some(frame) = first.take().or_else(|| self.first_frame()) {
            let ending = match self.run(frame, !deaths.is_empty()) {
                Ok(ending) => ending,
                Err(error) => return self.fail(error),
            };
            match ending {
                Ending::Done => return,
                Ending::Anew(frame) => first = frame,
                Ending::Died => {}
            }
            if self.shared.ended.load(Ordering::Acquire) {
                return;
            }
            if first.is_none() && matches!(ending_kind(&first, &self.record), Kind::Continues) {
                continue;
            }
        }
    }
}
