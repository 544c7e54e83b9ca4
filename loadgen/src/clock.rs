//! One clock for all threads: nanoseconds since the program started.

use std::sync::OnceLock;
use std::time::Instant;

static START: OnceLock<Instant> = OnceLock::new();

fn start() -> Instant {
    *START.get_or_init(Instant::now)
}

/// Nanoseconds since the first call.
pub fn now_ns() -> u64 {
    ns_of(Instant::now())
}

/// The same clock's reading at `instant`; 0 for an instant before the first call.
pub fn ns_of(instant: Instant) -> u64 {
    instant.saturating_duration_since(start()).as_nanos() as u64
}
