//! The supervisor: one run of ffmpeg after the other.

use super::wire::{FlvReader, Said, flv_config, flv_frame, flv_head, ivf_frame, ivf_head};
use super::{ConvertError, Converted, QUEUE_BYTES, RESTARTS, RESTARTS_OVER, STALLED, VideoInput, VideoPlan, child};
use crate::{Codec, Config, Frame};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

pub(super) type Sink = Box<dyn FnMut(Converted) + Send>;

/// Time stamps of FLV are 31 bits of milliseconds: a run ends at a key frame well before that.
const RUN_MS_MAX: u64 = 20 * 24 * 3_600 * 1_000;
/// Frames of which the exact time is kept while ffmpeg has them.
const TIMES_MAX: usize = 1_024;
/// More frames than any decoder holds back to bring them into order (16), and an encoder without delay.
const OWED_FRAMES: u32 = 32;
/// How long ffmpeg may take to end once its input has.
const FLUSH_WITHIN: Duration = Duration::from_secs(3);

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

/// What ffmpeg was given since it last said something.
#[derive(Clone, Copy)]
struct Owing {
    since: Instant,
    frames: u32,
}

/// What the converter, the supervisor and the reader know of each other.
#[derive(Default)]
pub(super) struct Shared {
    child: Mutex<Option<Child>>,
    owing: Mutex<Option<Owing>>,
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

    /// Counts a frame against ffmpeg, and ends a run that says nothing; the supervisor begins another.
    pub(super) fn expect_answer(&self) {
        let mut owing = lock(&self.owing);
        let owed = owing.get_or_insert_with(|| Owing { since: Instant::now(), frames: 0 });
        owed.frames += 1;
        if owed.frames > OWED_FRAMES && owed.since.elapsed() > STALLED {
            *owing = None;
            tracing::warn!("ffmpeg says nothing: it is started again");
            self.kill();
        }
    }

    fn answered(&self) {
        *lock(&self.owing) = None;
    }

    fn kill(&self) {
        if let Some(child) = lock(&self.child).as_mut() {
            // Gone already is what was wanted.
            let _ = child.kill();
        }
    }

    /// Makes a child the one to kill; at once, if the end came while it started.
    fn begin(&self, child: Child) {
        *lock(&self.child) = Some(child);
        self.answered();
        if self.has_ended() {
            self.kill();
        }
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Waits for a child that was told to end.
    fn bury(&self) {
        let child = lock(&self.child).take();
        if let Some(mut child) = child {
            let _ = child.kill();
            if let Err(error) = child.wait() {
                tracing::warn!(%error, "ffmpeg could not be waited for");
            }
        }
    }
}

/// How a run ended.
enum Ending {
    /// There is nothing more to convert.
    Done,
    /// The next frames need another run: a new configuration, or time that starts anew.
    Anew(Option<Frame>),
    Died,
}

/// Where everything goes that ffmpeg says, run after run.
struct Outlet {
    sink: Sink,
    record: Option<Bytes>,
}

struct Supervisor {
    ffmpeg: PathBuf,
    plan: VideoPlan,
    items: Receiver<Item>,
    shared: Arc<Shared>,
    outlet: Arc<Mutex<Outlet>>,
    /// Of what goes in.
    record: Option<Bytes>,
}

pub(super) fn supervise(
    ffmpeg: PathBuf,
    plan: VideoPlan,
    items: Receiver<Item>,
    shared: Arc<Shared>,
    sink: Sink,
) -> io::Result<JoinHandle<()>> {
    let outlet = Arc::new(Mutex::new(Outlet { sink, record: None }));
    let mut supervisor = Supervisor { ffmpeg, plan, items, shared, outlet, record: None };
    Builder::new().name("hearth-convert".to_owned()).spawn(move || supervisor.supervise())
}

impl Supervisor {
    fn supervise(&mut self) {
        let mut deaths: VecDeque<Instant> = VecDeque::new();
        let mut next = None;
        while let Some(frame) = next.take().or_else(|| self.first_frame()) {
            match self.run(frame, !deaths.is_empty()) {
                Ok(Ending::Done) => return,
                Ok(Ending::Anew(frame)) => next = frame,
                Ok(Ending::Died) => {
                    deaths.retain(|death| death.elapsed() < RESTARTS_OVER);
                    deaths.push_back(Instant::now());
                }
                Err(error) => return self.fail(error),
            }
            if self.shared.has_ended() {
                return;
            }
            if deaths.len() > RESTARTS {
                return self.fail(ConvertError::KeepsFailing);
            }
        }
    }

    fn fail(&self, error: ConvertError) {
        tracing::warn!(%error, "video is no longer converted");
        (lock(&self.outlet).sink)(Converted::Failed(error));
    }

    fn next_item(&self) -> Option<Item> {
        let item = self.items.recv().ok()?;
        self.shared.taken(item.bytes());
        Some(item)
    }

    /// A key frame to begin with, and what a decoder needs for it; `None`: there will be no more.
    fn first_frame(&mut self) -> Option<Frame> {
        loop {
            match self.next_item()? {
                Item::Config(record) => self.record = Some(record),
                Item::Frame(frame) if frame.key_frame && self.head(&frame).is_some() => return Some(frame),
                Item::Frame(_) => {}
            }
        }
    }

    /// What a stream begins with.
    fn head(&self, first: &Frame) -> Option<Bytes> {
        match self.plan.input {
            VideoInput::Vp8 => ivf_head(&first.data),
            VideoInput::H264 => {
                let record = self.record.as_ref()?;
                Some([flv_head(), flv_config(record)].concat().into())
            }
        }
    }

    /// One life of ffmpeg.
    fn run(&mut self, first: Frame, after_death: bool) -> Result<Ending, ConvertError> {
        let mut child = child::spawn(&self.ffmpeg, &self.plan).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ConvertError::Missing(self.ffmpeg.clone()),
            _ => ConvertError::Io(error),
        })?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        self.shared.begin(child);
        let ending = match (stdin, stdout, stderr) {
            (Some(stdin), Some(stdout), Some(stderr)) => {
                let complaints = Builder::new().name("hearth-convert".to_owned()).spawn(|| child::complaints(stderr));
                let ending = self.converse(stdin, stdout, first, after_death);
                self.shared.bury();
                let lines = complaints?.join().unwrap_or_default();
                if matches!(ending, Ok(Ending::Died)) && !self.shared.has_ended() {
                    tracing::warn!(?lines, "ffmpeg ended before its input did");
                }
                ending
            }
            _ => Err(io::Error::other("a pipe is missing").into()),
        };
        self.shared.bury();
        ending
    }

    /// Writes on this thread and reads on another, until either ends.
    fn converse(
        &mut self,
        stdin: ChildStdin,
        stdout: ChildStdout,
        first: Frame,
        after_death: bool,
    ) -> Result<Ending, ConvertError> {
        let times = Arc::new(Mutex::new(Times::new(&first, after_death)));
        let (outlet, shared, read_times) = (self.outlet.clone(), self.shared.clone(), times.clone());
        let (over, flushed) = channel::<()>();
        let reader = Builder::new().name("hearth-convert".to_owned()).spawn(move || {
            read(stdout, &outlet, &shared, &read_times);
            drop(over);
        })?;
        let ending = self.feed(stdin, first, &times);
        // Nothing is ever sent: it closes when the reader is through, and the time is up otherwise.
        let _ = flushed.recv_timeout(FLUSH_WITHIN);
        self.shared.kill();
        if reader.join().is_err() {
            tracing::error!("what reads from ffmpeg ended in a fault");
        }
        Ok(ending)
    }

    /// Writes until there is no more, or it can't go on.
    fn feed(&mut self, mut stdin: ChildStdin, first: Frame, times: &Mutex<Times>) -> Ending {
        let Some(head) = self.head(&first) else { return Ending::Died };
        if stdin.write_all(&head).is_err() {
            return Ending::Died;
        }
        let mut next = Some(first);
        loop {
            let frame = match next.take().map(Item::Frame).or_else(|| self.next_item()) {
                None => return Ending::Done,
                Some(Item::Config(record)) if self.record.as_ref() == Some(&record) => continue,
                Some(Item::Config(record)) => {
                    self.record = Some(record);
                    return Ending::Anew(None);
                }
                Some(Item::Frame(frame)) => frame,
            };
            let placed = lock(times).place(&frame);
            let Some((dts_ms, pts_ms)) = placed else {
                if frame.key_frame {
                    return Ending::Anew(Some(frame));
                }
                continue;
            };
            let bytes = match frame.codec {
                Codec::Vp8 => ivf_frame(pts_ms, &frame.data),
                _ => flv_frame(dts_ms, pts_ms.wrapping_sub(dts_ms) as i32, frame.key_frame, &frame.data),
            };
            if stdin.write_all(&bytes).is_err() {
                return Ending::Died;
            }
        }
    }
}

/// Hands on what ffmpeg says, until it says no more.
fn read(stdout: ChildStdout, outlet: &Mutex<Outlet>, shared: &Shared, times: &Mutex<Times>) {
    let mut reader = FlvReader::new(stdout);
    while let Ok(Some(said)) = reader.read() {
        shared.answered();
        let mut outlet = lock(outlet);
        match said {
            Said::Config(record) => {
                if outlet.record.as_ref() != Some(&record) {
                    outlet.record = Some(record.clone());
                    (outlet.sink)(Converted::Config(Config::H264(record)));
                }
            }
            Said::Frame { pts_ms, key_frame, data } => {
                let (pts_us, discontinuity) = lock(times).exact(pts_ms);
                let frame = Frame { codec: Codec::H264, pts_us, dts_us: pts_us, key_frame, discontinuity, data };
                (outlet.sink)(Converted::Frame(frame));
            }
        }
    }
}

/// Times within a run: milliseconds for ffmpeg, and back to what they were exactly.
struct Times {
    base_us: u64,
    last_dts_ms: Option<u32>,
    /// Of frames that ffmpeg has, by their time in milliseconds.
    sent: BTreeMap<u32, (u64, bool)>,
    discontinuity: bool,
}

impl Times {
    fn new(first: &Frame, discontinuity: bool) -> Times {
        Times { base_us: first.dts_us.min(first.pts_us), last_dts_ms: None, sent: BTreeMap::new(), discontinuity }
    }

    /// Decoding and presentation time for ffmpeg; `None`: not within this run.
    fn place(&mut self, frame: &Frame) -> Option<(u32, u32)> {
        let ms = |us: u64| {
            let ms = us.checked_sub(self.base_us)? / 1_000;
            (ms <= RUN_MS_MAX).then_some(ms as u32)
        };
        let (dts_ms, pts_ms) = (ms(frame.dts_us)?, ms(frame.pts_us)?);
        if self.last_dts_ms.is_some_and(|last| dts_ms <= last) {
            return None;
        }
        self.last_dts_ms = Some(dts_ms);
        self.sent.insert(pts_ms, (frame.pts_us, frame.discontinuity));
        if self.sent.len() > TIMES_MAX {
            self.sent.pop_first();
        }
        Some((dts_ms, pts_ms))
    }

    /// When a frame that comes out was to be shown, and whether time before it is broken.
    fn exact(&mut self, pts_ms: u32) -> (u64, bool) {
        let later = self.sent.split_off(&(pts_ms + 1));
        let earlier = std::mem::replace(&mut self.sent, later);
        // Frames that did not come out leave their mark on the next that does.
        let marked = earlier.values().any(|&(_, discontinuity)| discontinuity);
        let pts_us = earlier.get(&pts_ms).map_or(self.base_us + u64::from(pts_ms) * 1_000, |&(pts_us, _)| pts_us);
        (pts_us, std::mem::take(&mut self.discontinuity) || marked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(dts_us: u64, pts_us: u64) -> Frame {
        Frame { codec: Codec::H264, pts_us, dts_us, key_frame: false, discontinuity: false, data: Bytes::new() }
    }

    #[test]
    fn times_survive_to_the_microsecond() {
        let first = frame(5_000_123, 5_080_457);
        let mut times = Times::new(&first, true);
        assert_eq!(times.place(&first), Some((0, 80)));
        assert_eq!(times.place(&frame(5_033_456, 5_147_124)), Some((33, 147)));
        let marked = Frame { discontinuity: true, ..frame(5_066_789, 5_113_791) };
        assert_eq!(times.place(&marked), Some((66, 113)));
        assert_eq!(times.exact(80), (5_080_457, true), "after a death");
        assert_eq!(times.exact(147), (5_147_124, true), "the marked one before it did not come out");
        assert_eq!(times.exact(200), (5_200_123, false), "one that is not known");
        assert!(times.sent.is_empty());
    }

    #[test]
    fn what_is_not_within_a_run_needs_another() {
        let mut times = Times::new(&frame(5_000_000, 5_000_000), false);
        assert_eq!(times.place(&frame(4_999_999, 5_000_000)), None);
        assert_eq!(times.place(&frame(5_000_000, 4_999_000)), None);
        assert!(times.place(&frame(5_000_000, 5_000_000)).is_some());
        assert_eq!(times.place(&frame(5_000_999, 5_040_000)), None, "time that stands still");
        let last_us = 5_000_000 + RUN_MS_MAX * 1_000;
        assert!(times.place(&frame(last_us, last_us)).is_some());
        assert_eq!(times.place(&frame(last_us + 1_000, last_us + 1_000)), None);
    }

    #[test]
    fn times_that_ffmpeg_never_gives_back_are_bounded() {
        let mut times = Times::new(&frame(0, 0), false);
        for index in 0..2 * TIMES_MAX as u64 {
            times.place(&frame(index * 1_000, index * 1_000)).expect("rising");
        }
        assert_eq!(times.sent.len(), TIMES_MAX);
    }
}
