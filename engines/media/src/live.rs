//! A broadcast as the server holds it: its renditions, and the one time line they share.

use crate::packager::{Follower, Packager, Timeline};
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
    #[error("there is no source to follow")]
    NoSource,
}

/// What the multivariant playlist says of a rendition before its first segment has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The picture's part of the `CODECS` attribute (RFC 6381); the sound is the source's.
    pub codec: String,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// Of the picture.
    pub peak_bps: u64,
}

/// One rendition, as readers see it.
#[derive(Debug)]
pub struct Rendition {
    pub name: String,
    pub(crate) sender: Arc<watch::Sender<Arc<Snapshot>>>,
    /// None: it is not in the multivariant playlist, unless it is the source.
    offer: RwLock<Option<Offer>>,
}

impl Rendition {
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.sender.borrow().clone()
    }

    pub(crate) fn offer(&self) -> Option<Offer> {
        self.offer.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_offer(&self, offer: Option<Offer>) {
        *self.offer.write().unwrap_or_else(PoisonError::into_inner) = offer;
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

    /// Adds the first rendition, the source, which sets the time line; returns its writer.
    ///
    /// # Errors
    /// The name is none, or there is a rendition already.
    pub fn add(&self, name: &str) -> Result<Packager, RenditionError> {
        let rendition = self.name(name, true)?;
        let first = (self.shared.options.started_at_ms / 1000).saturating_sub(SEQUENCE_EPOCH_S);
        Ok(Packager::new(self.clone(), rendition, first))
    }

    /// Adds a rendition that is cut where the source is, and returns its writer. Until its own pictures come, and where
    /// they fail, its segments are the source's: it can be watched at once, and never has a hole.
    ///
    /// # Errors
    /// The name is none, or taken; there are too many, or no source.
    pub fn follow(&self, name: &str, offer: Offer) -> Result<Follower, RenditionError> {
        let rendition = self.name(name, false)?;
        rendition.set_offer(Some(offer));
        let source = self.renditions().first().cloned().ok_or(RenditionError::NoSource)?;
        Ok(Follower::new(self.clone(), rendition, source))
    }

    fn name(&self, name: &str, source: bool) -> Result<Arc<Rendition>, RenditionError> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(fits) {
            return Err(RenditionError::Name);
        }
        let mut renditions = self.shared.renditions.write().unwrap_or_else(PoisonError::into_inner);
        if renditions.is_empty() != source {
            return Err(if source { RenditionError::Taken } else { RenditionError::NoSource });
        }
        if renditions.iter().any(|rendition| rendition.name == name) {
            return Err(RenditionError::Taken);
        }
        if renditions.len() == RENDITIONS_MAX {
            return Err(RenditionError::TooMany);
        }
        let (sender, offer) = (Arc::new(watch::channel(Arc::default()).0), RwLock::default());
        let rendition = Arc::new(Rendition { name: name.to_owned(), sender, offer });
        *renditions = renditions.iter().cloned().chain([rendition.clone()]).collect();
        Ok(rendition)
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
