//! How many watch by HLS: players that fetched a playlist a short while ago.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Who fetched no playlist for so long watches no more. A player that waits for the next part asks several times a second.
pub const WATCHES_FOR: Duration = Duration::from_secs(10);
/// Players of one broadcast that are told apart; more are not counted.
pub const COUNTED_MAX: usize = 100_000;

/// The players of a broadcast. Behind a CDN they are few: what it keeps is not asked for again.
#[derive(Default)]
pub struct Crowd(Mutex<HashMap<(IpAddr, u64), Instant>>);

impl Crowd {
    /// A player fetched a playlist. `player` tells those of one address apart.
    pub fn seen(&self, address: IpAddr, player: u64, now: Instant) {
        let mut seen = self.0.lock().expect("plain map");
        if seen.len() < COUNTED_MAX || seen.contains_key(&(address, player)) {
            seen.insert((address, player), now);
        }
    }

    /// How many watch.
    pub fn count(&self, now: Instant) -> u32 {
        let mut seen = self.0.lock().expect("plain map");
        seen.retain(|_, at| now.saturating_duration_since(*at) < WATCHES_FOR);
        u32::try_from(seen.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn players_are_counted_while_they_ask() {
        let crowd = Crowd::default();
        let now = Instant::now();
        let here = IpAddr::from([127, 0, 0, 1]);
        crowd.seen(here, 1, now);
        crowd.seen(here, 1, now);
        crowd.seen(here, 2, now + Duration::from_secs(5));
        assert_eq!(crowd.count(now + Duration::from_secs(5)), 2);
        assert_eq!(crowd.count(now + WATCHES_FOR), 1);
        assert_eq!(crowd.count(now + WATCHES_FOR * 2), 0);
    }

    #[test]
    fn no_more_are_counted_than_the_limit() {
        let crowd = Crowd::default();
        let now = Instant::now();
        for player in 0..=COUNTED_MAX as u64 {
            crowd.seen(IpAddr::from([127, 0, 0, 1]), player, now);
        }
        assert_eq!(crowd.count(now) as usize, COUNTED_MAX);
    }
}
