//! What of a stream can be sent again: for each packet how it was numbered for
//! this viewer. The packet itself is one copy for all viewers. Where repairs have
//! no SSRC of their own, also what it takes to make the very same bytes of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::writing::Form;
use super::{Body, Rewritten};

/// Packets that are kept, about two seconds of a good stream.
pub(super) const KEPT: usize = 512;

#[derive(Debug, Clone)]
struct Entry {
    body: Arc<Body>,
    as_sent: Rewritten,
    resent: Option<Instant>,
}

/// A packet that is to be sent again.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) body: Arc<Body>,
    pub(super) as_sent: Rewritten,
    /// How it was written, if it can only be sent again as it was.
    pub(super) form: Option<Form>,
}

#[derive(Debug, Default)]
pub(super) struct History {
    /// Empty or [`KEPT`]; the packet of a number is at its remainder.
    entries: Vec<Option<Entry>>,
    /// The forms of the same packets; empty where none has one.
    forms: Vec<Option<Form>>,
    last: u64,
}

impl History {
    /// `form`: given if it can only be sent again as it was.
    pub(super) fn keep(&mut self, body: Arc<Body>, as_sent: Rewritten, form: Option<Form>) {
        if self.entries.is_empty() {
            self.entries.resize(KEPT, None);
        }
        if form.is_some() && self.forms.is_empty() {
            self.forms.resize(KEPT, None);
        }
        self.last = self.last.max(as_sent.sequence);
        let at = as_sent.sequence as usize % KEPT;
        self.entries[at] = Some(Entry { body, as_sent, resent: None });
        if let Some(kept) = self.forms.get_mut(at) {
            *kept = form;
        }
    }

    /// The packet of this number, if it is kept and was not sent again within `rest`.
    pub(super) fn again(&mut self, sequence: u16, rest: Duration, now: Instant) -> Option<Found> {
        let back = u64::from((self.last as u16).wrapping_sub(sequence));
        let sequence = self.last.checked_sub(back)?;
        let at = sequence as usize % KEPT;
        let entry = self.entries.get_mut(at)?.as_mut()?;
        let rested = entry.resent.is_none_or(|resent| now.saturating_duration_since(resent) >= rest);
        if entry.as_sent.sequence != sequence || !rested {
            return None;
        }
        entry.resent = Some(now);
        Some(Found { body: entry.body.clone(), as_sent: entry.as_sent, form: self.forms.get(at).copied().flatten() })
    }

    /// The last packet that was sent, if it can be sent again in another form.
    pub(super) fn last(&self) -> Option<(&Arc<Body>, &Rewritten)> {
        let at = self.last as usize % KEPT;
        let entry = self.entries.get(at)?.as_ref()?;
        self.forms.get(at).copied().flatten().is_none().then_some((&entry.body, &entry.as_sent))
    }

    /// Lets go of all packets.
    pub(super) fn clear(&mut self) {
        (self.entries, self.forms) = (Vec::new(), Vec::new());
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
            history.keep(body(sequence), Rewritten { sequence, ..Rewritten::default() }, None);
        }
        let oldest = 65_600 - KEPT as u64;
        assert_eq!(history.again(oldest as u16, rest, now).unwrap().as_sent.sequence, oldest);
        assert!(history.again((oldest - 1) as u16, rest, now).is_none(), "one too old");
        assert!(history.again(65_600u64 as u16, rest, now).is_none(), "not yet sent");
        let found = history.again(65_599u64 as u16, rest, now).unwrap();
        assert_eq!((found.as_sent.sequence, found.body.payload[0]), (65_599, 65_599u64 as u8));
        assert!(found.form.is_none() && history.last().is_some());
        assert!(history.again(65_599u64 as u16, rest, now).is_none(), "sent again just now");
        assert!(history.again(65_599u64 as u16, rest, now + rest).is_some());
        history.clear();
        assert!(history.last().is_none());
    }

    #[test]
    fn a_form_belongs_to_its_packet_alone_and_costs_nothing_where_there_is_none() {
        let now = Instant::now();
        let mut history = History::default();
        let keep = |history: &mut History, sequence: u64, form: Option<Form>| {
            let body = Arc::new(Body::new(vec![7].into(), false, Carried::default(), false));
            history.keep(body, Rewritten { sequence, ..Rewritten::default() }, form);
        };
        keep(&mut history, 1, None);
        assert!(history.forms.is_empty());
        let form = Form { with_mid: true, padding: 3, transport: 4, send_time: 5 };
        keep(&mut history, 2, Some(form));
        assert!(history.last().is_none(), "what can only be sent as it was is nothing to fill a probe with");
        let form_of =
            |history: &mut History, sequence: u64| history.again(sequence as u16, Duration::ZERO, now).unwrap().form;
        assert_eq!((form_of(&mut history, 1), form_of(&mut history, 2)), (None, Some(form)));
        keep(&mut history, 2 + KEPT as u64, None);
        assert_eq!(form_of(&mut history, 2 + KEPT as u64), None, "the form of another packet");
    }
}
