//! How often somebody may try: fixed windows by key, in a table of bounded size.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Keys that are remembered. Past it the windows that are over are forgotten, and if none is, all are:
/// who can fill the table has that many addresses, and would not be stopped by it.
const KEYS_MAX: usize = 100_000;

/// Attempts by key within a window of time.
pub struct Attempts<K> {
    window: Duration,
    max: u32,
    seen: Mutex<HashMap<K, (Instant, u32)>>,
}

impl<K: Hash + Eq> Attempts<K> {
    /// At most `max` attempts of one key within `window`.
    pub fn new(window: Duration, max: u32) -> Self {
        Self { window, max, seen: Mutex::default() }
    }

    /// How many a key may make.
    pub fn max(&self) -> u32 {
        self.max
    }

    /// Notes an attempt.
    ///
    /// Errors: how long to wait, where the key has used up its attempts.
    pub fn note(&self, key: K, now: Instant) -> Result<(), Duration> {
        let mut seen = self.seen.lock().expect("plain map");
        if seen.len() >= KEYS_MAX && !seen.contains_key(&key) {
            seen.retain(|_, (began, _)| now.duration_since(*began) < self.window);
            if seen.len() >= KEYS_MAX {
                seen.clear();
            }
        }
        let (began, count) = seen.entry(key).or_insert((now, 0));
        if now.duration_since(*began) >= self.window {
            (*began, *count) = (now, 0);
        }
        if *count >= self.max {
            return Err(self.window - now.duration_since(*began));
        }
        *count += 1;
        Ok(())
    }

    /// Forgets a key's attempts: it turned out to be who it said.
    pub fn forgive(&self, key: &K) {
        self.seen.lock().expect("plain map").remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_attempt_past_the_limit_waits_for_the_window_to_end() {
        let start = Instant::now();
        let attempts = Attempts::new(Duration::from_secs(60), 3);
        assert!((0..3).all(|_| attempts.note("ana", start).is_ok()));
        assert_eq!(attempts.note("ana", start + Duration::from_secs(20)), Err(Duration::from_secs(40)));
        assert!(attempts.note("bo", start).is_ok(), "others are not concerned");
        assert!(attempts.note("ana", start + Duration::from_secs(60)).is_ok());
    }

    #[test]
    fn success_forgives() {
        let start = Instant::now();
        let attempts = Attempts::new(Duration::from_secs(60), 1);
        attempts.note("ana", start).unwrap();
        attempts.forgive(&"ana");
        assert!(attempts.note("ana", start).is_ok());
    }

    #[test]
    fn the_table_does_not_grow_past_its_limit() {
        let start = Instant::now();
        let attempts = Attempts::new(Duration::from_secs(60), 1);
        for key in 0..=KEYS_MAX {
            let _ = attempts.note(key, start);
        }
        assert!(attempts.seen.lock().unwrap().len() <= KEYS_MAX);
    }
}
