//! A broadcast as the server holds it: its renditions, and the one time line they share.

use crate::packager::{Packager, Timeline};
use crate::window::{Limits, Snapshot};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use thiserror::Error;
use tokio::sync::watch;

/// Renditions of one broadcast.
pub const RENDITIONS_MAX: usize = 8;
/// Longest name of a rendition, in bytes.
pub const NAME_BYTES_MAX: usize = 32;
/// Media time that viewers can go back, in microseconds: 30 minutes.
pub const WINDOW_US: u64 = 30 * 60 * 1_000_000;
/// All segments of a rendition in memory, in bytes.
pub const MEMORY_BYTES: usize = 1024 * 1024 * 1024;
/// Memory beyond which segments that a recording holds are served from there, in bytes.
pub const HOT_BYTES: usize = 64 * 1024 * 1024;
/// Requests of one broadcast that wait for something to come.
pub const WAITERS_MAX: usize = 65_536;
/// Numbers of segments count seconds from here, so that they go on rising over a restart: November 2023.
const SEQUENCE_EPOCH_S: u64 = 1_700_000_000;
/// The first number of a discontinuity is below this. Players keep tables by them: hls.js an array, in which it looks at
/// every number below.
const DISCONTINUITIES_BEGIN_BELOW: u64 = 4_096;

/// How a broadcast is kept.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// When it started, milliseconds since the Unix epoch. Addresses of segments derive from it: a broadcast that goes on
    /// after a restart of the server never gives the same name to other bytes.
    pub started_at_ms: u64,
    /// Wait a moment for pictures and for sound before the first segment.
    pub expect_video: bool,
    pub expect_audio: bool,
    /// For each rendition.
    pub limits: Limits,
    pub waiters_max: usize,
}

impl Options {
    /// The defaults, for a broadcast with pictures and sound.
    pub fn new(started_at_ms: u64) -> Self {
        let limits = Limits { window_us: WINDOW_US, memory_bytes: MEMORY_BYTES, hot_bytes: HOT_BYTES };
        Self { started_at_ms, expect_video: true, expect_audio: true, limits, waiters_max: WAITERS_MAX }
    }
}

/// Why a rendition was not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RenditionError {
    #[error("a name has 1 to {NAME_BYTES_MAX} of a-z, 0-9 and -")]
    Name,
    #[error("there is a rendition of this name")]
    Taken,
    #[error("a broadcast has at most {RENDITIONS_MAX} renditions")]
    TooMany,
}

/// One rendition, as readers see it.
#[derive(Debug)]
pub struct Rendition {
    pub name: String,
    pub(crate) sender: Arc<watch::Sender<Arc<Snapshot>>>,
}

impl Rendition {
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.sender.borrow().clone()
    }
}

#[derive(Debug)]
pub(crate) struct Shared {
    options: Options,
    timeline: Mutex<Timeline>,
    renditions: RwLock<Arc<[Arc<Rendition>]>>,
    target: OnceLock<(u64, u64)>,
    pub(crate) waiters: AtomicUsize,
}

/// A broadcast. Cheap to clone; all clones are the same broadcast.
#[derive(Debug, Clone)]
pub struct Live {
    pub(crate) shared: Arc<Shared>,
}

impl Live {
    pub fn new(options: Options) -> Self {
        let first = (options.started_at_ms / 1000).saturating_sub(SEQUENCE_EPOCH_S);
        let shared = Shared {
            options,
            timeline: Mutex::new(Timeline::starting_at(first % DISCONTINUITIES_BEGIN_BELOW)),
            renditions: RwLock::default(),
            target: OnceLock::new(),
            waiters: AtomicUsize::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Adds a rendition and returns its writer. The first is the source, which sets the time line; others have to carry
    /// the source's time stamps.
    ///
    /// # Errors
    /// The name is none, or taken; there are too many.
    pub fn add(&self, name: &str) -> Result<Packager, RenditionError> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(fits) {
            return Err(RenditionError::Name);
        }
        let first = (self.shared.options.started_at_ms / 1000).saturating_sub(SEQUENCE_EPOCH_S);
        let mut renditions = self.shared.renditions.write().unwrap_or_else(PoisonError::into_inner);
        if renditions.iter().any(|rendition| rendition.name == name) {
            return Err(RenditionError::Taken);
        }
        if renditions.len() == RENDITIONS_MAX {
            return Err(RenditionError::TooMany);
        }
        let source = renditions.is_empty();
        let sequence = renditions.first().map_or(first, |leader| leader.snapshot().next.max(first));
        let rendition =
            Arc::new(Rendition { name: name.to_owned(), sender: Arc::new(watch::channel(Arc::default()).0) });
        *renditions = renditions.iter().cloned().chain([rendition.clone()]).collect();
        drop(renditions);
        Ok(Packager::new(self.clone(), rendition, source, (sequence, first)))
    }

    /// Takes a rendition out of the playlists. Its writer may go on, unseen.
    pub fn remove(&self, name: &str) {
        let mut renditions = self.shared.renditions.write().unwrap_or_else(PoisonError::into_inner);
        *renditions = renditions.iter().filter(|rendition| rendition.name != name).cloned().collect();
    }

    /// The renditions there are, the source first.
    pub fn renditions(&self) -> Arc<[Arc<Rendition>]> {
        self.shared.renditions.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Requests that wait now.
    pub fn waiters(&self) -> usize {
        self.shared.waiters.load(std::sync::atomic::Ordering::Relaxed)
    }

    pub(crate) fn options(&self) -> &Options {
        &self.shared.options
    }

    pub(crate) fn timeline<T>(&self, with: impl FnOnce(&mut Timeline) -> T) -> T {
        with(&mut self.shared.timeline.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn target_s(&self) -> Option<u64> {
        self.shared.target.get().map(|target| target.0)
    }

    pub(crate) fn part_target_us(&self) -> u64 {
        self.shared.target.get().map_or(crate::packager::PART_MAX_US, |target| target.1)
    }

    pub(crate) fn set_target(&self, target_s: u64, part_target_us: u64) {
        let _ = self.shared.target.set((target_s, part_target_us));
    }
}
