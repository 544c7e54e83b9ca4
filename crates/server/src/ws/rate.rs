//! How fast one connection may give commands.

use std::time::{Duration, Instant};

/// A token bucket: a steady rate, and three seconds' worth at once.
pub struct Rate {
    per_second: f64,
    tokens: f64,
    filled: Instant,
}

/// Seconds' worth of tokens that a bucket holds.
const BURST_S: f64 = 3.0;

impl Rate {
    /// A full bucket.
    pub fn new(per_second: u32, now: Instant) -> Self {
        let per_second = f64::from(per_second);
        Self { per_second, tokens: per_second * BURST_S, filled: now }
    }

    /// Takes a token.
    ///
    /// Errors: how long to wait for the next one.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let gained = now.duration_since(self.filled).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + gained).min(self.per_second * BURST_S);
        self.filled = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            Ok(())
        } else {
            Err(Duration::from_secs_f64((1.0 - self.tokens) / self.per_second.max(f64::MIN_POSITIVE)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_one_more_waits_for_its_token() {
        let start = Instant::now();
        let mut rate = Rate::new(10, start);
        assert!((0..30).all(|_| rate.take(start).is_ok()));
        let wait = rate.take(start).unwrap_err();
        assert!(wait > Duration::from_millis(90) && wait <= Duration::from_millis(100), "{wait:?}");
        assert!(rate.take(start + wait + Duration::from_millis(1)).is_ok());
    }
}
