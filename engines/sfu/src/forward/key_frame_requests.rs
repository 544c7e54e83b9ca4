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
}
