//! What of a stream can be sent again: for each packet how it was numbered for
//! this viewer. The packet itself is one copy for all viewers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Body, Rewritten};

/// Packets that are kept, about two seconds of a good stream.
pub(super) const KEPT: usize = 512;

#[derive(Debug, Clone)]
struct Entry {
    body: Arc<Body>,
    as_sent: Rewritten,
    resent: Option<Instant>,
}

#[derive(Debug, Default)]
pub(super) struct History {
    /// Empty or [`KEPT`]; the packet of a number is at its remainder.
    entries: Vec<Option<Entry>>,
    last: u64,
}

impl History {
    pub(super) fn keep(&mut self, body: &Arc<Body>, as_sent: &Rewritten) {
        if self.entries.is_empty() {
            self.entries.resize(KEPT, None);
        }
        self.last = self.last.max(as_sent.sequence);
        let at = as_sent.sequence as usize % KEPT;
        self.entries[at] = Some(Entry { body: body.clone(), as_sent: *as_sent, resent: None });
    }

    /// The packet of this number, if it is kept and was not sent again within `rest`.
    pub(super) fn again(&mut self, sequence: u16, rest: Duration, now: Instant) -> Option<(Arc<Body>, Rewritten)> {
        let back = u64::from((self.last as u16).wrapping_sub(sequence));
        let sequence = self.last.checked_sub(back)?;
        let entry = self.entries.get_mut(sequence as usize % KEPT)?.as_mut()?;
        let rested = entry.resent.is_none_or(|resent| now.saturating_duration_since(resent) >= rest);
        if entry.as_sent.sequence != sequence || !rested {
            return None;
        }
        entry.resent = Some(now);
        Some((entry.body.clone(), entry.as_sent))
    }

    /// The last packet that was sent.
    pub(super) fn last(&self) -> Option<(Arc<Body>, Rewritten)> {
        let entry = self.entries.get(self.last as usize % KEPT)?.as_ref()?;
        Some((entry.body.clone(), entry.as_sent))
    }

    /// Lets go of all packets.
    pub(super) fn clear(&mut self) {
        self.entries = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sending::Carried;

    #[test]
    fn packets_are_found_over_the_wrap_until_too_many_came_after_them() {
        let now = Instant::now();
        let rest = Duration::from_millis(20);
        let mut history = History::default();
        assert!(history.again(1, rest, now).is_none() && history.last().is_none());
        let body = |number: u64| Arc::new(Body::new(vec![number as u8].into(), false, Carried::default(), false));
        for sequence in 65_000..65_600u64 {
            history.keep(&body(sequence), &Rewritten { sequence, ..Rewritten::default() });
        }
        let oldest = 65_600 - KEPT as u64;
        assert_eq!(history.again(oldest as u16, rest, now).unwrap().1.sequence, oldest);
        assert!(history.again((oldest - 1) as u16, rest, now).is_none(), "one too old");
        assert!(history.again(65_600u64 as u16, rest, now).is_none(), "not yet sent");
        let (kept, as_sent) = history.again(65_599u64 as u16, rest, now).unwrap();
        assert_eq!((as_sent.sequence, kept.payload[0]), (65_599, 65_599u64 as u8));
        assert!(history.again(65_599u64 as u16, rest, now).is_none(), "sent again just now");
        assert!(history.again(65_599u64 as u16, rest, now + rest).is_some());
        history.clear();
        assert!(history.last().is_none());
    }
}
