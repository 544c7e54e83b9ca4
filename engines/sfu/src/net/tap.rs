//! The tap thread: what the media thread hands over costs it a pointer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::TrackKey;
use crate::tap::{ADVANCE_EVERY, TapSink, Tapped, Taps};

/// Batches that may wait for the tap thread. One has what came in before the
/// media thread looked up: tens of packets at most.
const BATCHES: usize = 1_024;
/// How long the tap thread sleeps while nothing is tapped.
const IDLE: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Shared {
    frames: AtomicU64,
    cpu_us: AtomicU64,
    any_wanted: AtomicBool,
    wanted: Mutex<Vec<(TrackKey, usize)>>,
}

/// The media thread's end.
pub(super) struct TapPort {
    batches: SyncSender<Vec<Tapped>>,
    shared: Arc<Shared>,
    pub(super) dropped: u64,
}

impl TapPort {
    /// # Errors
    ///
    /// The thread can't be started.
    pub(super) fn start(sink: TapSink, began: Instant) -> std::io::Result<TapPort> {
        let (batches, received) = sync_channel(BATCHES);
        let shared = Arc::new(Shared::default());
        let thread = TapThread { taps: Taps::new(began, sink), received, shared: shared.clone() };
        std::thread::Builder::new().name("hearth-tap".to_owned()).spawn(move || thread.run())?;
        Ok(TapPort { batches, shared, dropped: 0 })
    }

    /// Hands over what is for the tap. Without room packets are lost; the rest
    /// stays for the next time.
    pub(super) fn hand_over(&mut self, tapped: &mut Vec<Tapped>) {
        if tapped.is_empty() {
            return;
        }
        let Err(TrySendError::Full(mut batch)) = self.batches.try_send(std::mem::take(tapped)) else { return };
        let all = batch.len();
        batch.retain(|one| !matches!(one, Tapped::Packet(_)));
        self.dropped += (all - batch.len()) as u64;
        *tapped = batch;
    }

    /// Key frames that the tap needs.
    pub(super) fn take_wanted(&self) -> Vec<(TrackKey, usize)> {
        if !self.shared.any_wanted.load(Ordering::Relaxed) {
            return Vec::new();
        }
        self.shared.any_wanted.store(false, Ordering::Relaxed);
        std::mem::take(&mut *self.shared.wanted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn frames(&self) -> u64 {
        self.shared.frames.load(Ordering::Relaxed)
    }

    pub(super) fn cpu_us(&self) -> u64 {
        self.shared.cpu_us.load(Ordering::Relaxed)
    }
}

struct TapThread {
    taps: Taps,
    received: Receiver<Vec<Tapped>>,
    shared: Arc<Shared>,
}

impl TapThread {
    /// Ends with the media thread.
    fn run(mut self) {
        let mut next_advance = Instant::now();
        loop {
            let wait = if self.taps.is_empty() { IDLE } else { next_advance.saturating_duration_since(Instant::now()) };
            match self.received.recv_timeout(wait) {
                Ok(batch) => batch.into_iter().for_each(|tapped| self.take(tapped)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = Instant::now();
            if now >= next_advance {
                next_advance = now + ADVANCE_EVERY;
                self.taps.advance(now);
                self.tell();
            }
        }
    }

    fn take(&mut self, tapped: Tapped) {
        let key = match &tapped {
            Tapped::Leg { tap, .. } | Tapped::Ended { tap } => *tap,
            Tapped::Packet(packet) => packet.tap,
        };
        let taps = &mut self.taps;
        if catch_unwind(AssertUnwindSafe(|| taps.take(Instant::now(), tapped))).is_err() {
            tracing::error!("a fault in the tap ended the tap of a leg");
            self.taps.end(key);
        }
    }

    fn tell(&mut self) {
        self.shared.frames.store(self.taps.frames, Ordering::Relaxed);
        self.shared.cpu_us.store(super::worker::thread_cpu_us(), Ordering::Relaxed);
        if !self.taps.wanted.is_empty() {
            let mut wanted = self.shared.wanted.lock().unwrap_or_else(PoisonError::into_inner);
            wanted.append(&mut self.taps.wanted);
            wanted.sort_unstable();
            wanted.dedup();
            self.shared.any_wanted.store(true, Ordering::Relaxed);
        }
    }
}
