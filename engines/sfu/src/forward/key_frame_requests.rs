//! Asking a publisher for key frames: at once for the first who needs one,
//! together for those who need one soon after, and again until it came.

use std::time::{Duration, Instant};

/// Least time between two requests for one layer. A key frame costs a
/// publisher many times a normal frame, and all viewers share it.
pub(crate) const REQUEST_EVERY: Duration = Duration::from_millis(200);

/// Requests for one layer of one track.
#[derive(Debug, Default)]
pub(crate) struct KeyFrameRequests {
    last_sent: Option<Instant>,
    wanted: bool,
}

impl KeyFrameRequests {
    /// A viewer needs a key frame of this layer.
    pub(crate) fn want(&mut self) {
        self.wanted = true;
    }

    /// Whether a request is to be sent now; if so it counts as sent. The wish
    /// stays until a key frame arrives, so a lost request is repeated.
    pub(crate) fn take_due(&mut self, now: Instant) -> bool {
        let rested = self.last_sent.is_none_or(|sent| now >= sent + REQUEST_EVERY);
        let due = self.wanted && rested;
        if due {
            self.last_sent = Some(now);
        }
        due
    }

    /// The first packet of a key frame came.
    pub(crate) fn arrived(&mut self) {
        self.wanted = false;
    }
}

/// Key frames that one viewer may ask for (RFC 4585 6.3.1, RFC 5104 4.3.1) at
/// once, and how often after that: one who asks all the time would have
/// everybody pay for it.
const ASKED_AT_ONCE: f32 = 4.0;
const ASKED_EVERY: Duration = Duration::from_secs(2);
/// The same of changes of layer that take one: more, since they come with each
/// change of a window's size.
const CHANGES_AT_ONCE: f32 = 12.0;
const CHANGES_EVERY: Duration = Duration::from_secs(1);

/// What one viewer may cost a publisher, and so everybody.
#[derive(Debug)]
pub(crate) struct KeyFrameAllowance {
    most: f32,
    every: Duration,
    left: f32,
    at: Option<Instant>,
}

impl KeyFrameAllowance {
    /// Of what the client asks for.
    pub(crate) fn of_requests() -> KeyFrameAllowance {
        KeyFrameAllowance { most: ASKED_AT_ONCE, every: ASKED_EVERY, left: ASKED_AT_ONCE, at: None }
    }

    /// Of what its changes of layer take.
    pub(crate) fn of_changes() -> KeyFrameAllowance {
        KeyFrameAllowance { most: CHANGES_AT_ONCE, every: CHANGES_EVERY, left: CHANGES_AT_ONCE, at: None }
    }

    /// Whether one more is allowed; if so it counts.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let passed = self.at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.at = Some(now);
        self.left = (self.left + passed.as_secs_f32() / self.every.as_secs_f32()).min(self.most);
        let allowed = self.left >= 1.0;
        if allowed {
            self.left -= 1.0;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_at_once_then_together_and_again_until_it_comes() {
        let start = Instant::now();
        let mut requests = KeyFrameRequests::default();
        assert!(!requests.take_due(start), "nobody asked");
        requests.want();
        assert!(requests.take_due(start));
        requests.want();
        requests.want();
        assert!(!requests.take_due(start + REQUEST_EVERY - Duration::from_millis(1)));
        assert!(requests.take_due(start + REQUEST_EVERY), "the wish was kept");
        assert!(requests.take_due(start + 2 * REQUEST_EVERY), "no key frame came: ask again");
        requests.arrived();
        assert!(!requests.take_due(start + 9 * REQUEST_EVERY));
    }

    #[test]
    fn one_viewer_is_listened_to_some_times_at_once_and_then_now_and_then() {
        let start = Instant::now();
        let mut viewer = KeyFrameAllowance::of_requests();
        let asks = |viewer: &mut KeyFrameAllowance, from: Duration, times: u32, every: Duration| {
            (0..times).filter(|time| viewer.take(start + from + every * *time)).count()
        };
        assert_eq!(asks(&mut viewer, Duration::ZERO, 5, Duration::ZERO), 4, "and one past");
        let tenth = Duration::from_millis(100);
        assert_eq!(asks(&mut viewer, tenth, 199, tenth), 9, "20 s of asking ten times a second");
        assert!(viewer.take(start + Duration::from_secs(60)));
    }
}
