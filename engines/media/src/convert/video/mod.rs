//! Video through a supervised ffmpeg.
//!
//! ```text
//! push ──► [bounded queue] ──► supervisor ──stdin──► ffmpeg ──stdout──► reader ──► sink
//!                                  │ starts it at a key frame, ends it, starts it again
//! ```

mod child;
mod plan;
mod run;
mod wire;

use crate::{Codec, Config, Frame};
use bytes::Bytes;
use run::{Item, Shared};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use thiserror::Error;

pub use plan::{Aim, HEIGHT_RANGE_PX, KeyFrames, Preset, RATE_RANGE_BPS, VideoInput, VideoPlan};

/// Frames that may wait for ffmpeg.
pub const QUEUE_FRAMES: usize = 120;
/// Bytes that may wait for ffmpeg.
pub const QUEUE_BYTES: usize = 16 * 1024 * 1024;
/// How often ffmpeg is started again within [`RESTARTS_OVER`].
pub const RESTARTS: usize = 3;
pub const RESTARTS_OVER: Duration = Duration::from_secs(60);
/// An ffmpeg that was given frames and says nothing for this long is started again.
pub const STALLED: Duration = Duration::from_secs(8);

/// What a converter gives, on a thread of its own.
#[derive(Debug)]
pub enum Converted {
    /// Before the first frame, and when it changes.
    Config(Config),
    /// H.264, with parameter sets before every key frame, in the order in which they are shown.
    Frame(Frame),
    /// The last of all: there will be no more.
    Failed(ConvertError),
}

/// Why a conversion is over.
#[derive(Debug, Error)]
pub enum ConvertError {
    #[error("the program {0} is not there")]
    Missing(PathBuf),
    #[error("ffmpeg ended {RESTARTS} times within {} s", RESTARTS_OVER.as_secs())]
    KeepsFailing,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    Taken,
    /// ffmpeg doesn't keep up, or has failed: nothing is taken until the next key frame.
    Dropped,
    /// Nothing can be decoded before a key frame.
    AwaitingKeyFrame,
    /// Not the codec of the plan.
    WrongCodec,
}

/// One running conversion. Dropped, it ends at once, its ffmpeg with it.
pub struct VideoConverter {
    codec: Codec,
    queue: Option<SyncSender<Item>>,
    shared: Arc<Shared>,
    supervisor: Option<JoinHandle<()>>,
    wants_key_frame: bool,
    dropped: u64,
}

impl VideoConverter {
    /// Starts the threads; ffmpeg itself starts with the first key frame. What comes out is given to
    /// `sink`, on a thread of the converter's.
    ///
    /// # Errors
    /// No thread could be started.
    pub fn start(
        ffmpeg: &Path,
        plan: VideoPlan,
        sink: impl FnMut(Converted) + Send + 'static,
    ) -> io::Result<VideoConverter> {
        // One place more than frames: a config always finds one.
        let (queue, items) = sync_channel(QUEUE_FRAMES + 1);
        let shared = Arc::new(Shared::default());
        let supervisor = run::supervise(ffmpeg.to_owned(), plan, items, shared.clone(), Box::new(sink))?;
        let codec = match plan.input {
            VideoInput::H264 => Codec::H264,
            VideoInput::Vp8 => Codec::Vp8,
        };
        Ok(VideoConverter {
            codec,
            queue: Some(queue),
            shared,
            supervisor: Some(supervisor),
            wants_key_frame: true,
            dropped: 0,
        })
    }

    /// The decoder configuration record (`avcC`) of what comes next. H.264 needs one before its
    /// first frame; another one starts ffmpeg anew.
    pub fn configure(&mut self, record: Bytes) -> Pushed {
        self.wants_key_frame = true;
        self.send(Item::Config(record))
    }

    /// Takes a frame, in decoding order. Never waits.
    pub fn push(&mut self, frame: Frame) -> Pushed {
        if frame.codec != self.codec {
            return Pushed::WrongCodec;
        }
        if self.wants_key_frame && !frame.key_frame {
            return Pushed::AwaitingKeyFrame;
        }
        self.shared.expect_answer();
        if !self.shared.room_for(frame.data.len()) {
            return self.drop_frame();
        }
        self.wants_key_frame = false;
        self.send(Item::Frame(frame))
    }

    /// Frames that were not taken because ffmpeg did not keep up.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Lets ffmpeg convert what it was given, and waits for that: not on a runtime's thread.
    pub fn finish(mut self) {
        self.queue = None;
        if let Some(supervisor) = self.supervisor.take() {
            // A panic there was logged by the thread itself.
            let _ = supervisor.join();
        }
    }

    fn send(&mut self, item: Item) -> Pushed {
        let bytes = item.bytes();
        self.shared.queued(bytes);
        match self.queue.as_ref().map(|queue| queue.try_send(item)) {
            Some(Ok(())) => Pushed::Taken,
            Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) | None => {
                self.shared.taken(bytes);
                self.drop_frame()
            }
        }
    }

    fn drop_frame(&mut self) -> Pushed {
        self.dropped += 1;
        self.wants_key_frame = true;
        Pushed::Dropped
    }
}

impl Drop for VideoConverter {
    fn drop(&mut self) {
        // After `finish` there is nobody left to end.
        if self.supervisor.is_some() {
            self.queue = None;
            self.shared.end();
        }
    }
}
