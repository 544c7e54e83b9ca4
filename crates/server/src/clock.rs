//! The node's clock: wall time at the start, carried on by a clock that never goes back.

use hearth_capabilities::Time;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

struct Start {
    wall: Duration,
    monotonic: Instant,
}

fn start() -> &'static Start {
    static START: OnceLock<Start> = OnceLock::new();
    START.get_or_init(|| Start {
        wall: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        monotonic: Instant::now(),
    })
}

/// Time since the Unix epoch.
pub fn since_epoch() -> Duration {
    let start = start();
    start.wall + start.monotonic.elapsed()
}

/// Now, as machines know it.
pub fn now() -> Time {
    Time(since_epoch().as_millis() as u64)
}

/// Milliseconds since the Unix epoch with fractions, for the clock of the clients.
pub fn now_ms() -> f64 {
    since_epoch().as_secs_f64() * 1_000.0
}

/// The moment of the runtime's clock at which a machine's `at` has come.
///
/// Rounded up to the next millisecond: a machine never sees its timer before its time.
pub fn instant_of(at: Time) -> tokio::time::Instant {
    let wait = Duration::from_millis(at.0.saturating_add(1)).saturating_sub(since_epoch());
    tokio::time::Instant::now() + wait
}
