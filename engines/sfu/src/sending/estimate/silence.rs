//! What is sent and never reported on: a link that is gone, or full. The longer
//! it lasts, the less is sent.

/// So long without a report is silence, for who reports on packets, and for who
/// tells a bandwidth now and then.
const AFTER_REPORTS_US: u64 = 1_000_000;
const AFTER_BANDWIDTHS_US: u64 = 3_000_000;
/// Round trips that a report may be late.
const ROUND_TRIPS: u64 = 3;
/// What is left after each step of silence.
const STEP_US: u64 = 500_000;
const LEFT: f64 = 0.7;
/// After a pause of this length silence begins anew: nobody reports on nothing.
const PAUSE_US: u64 = 500_000;

#[derive(Debug)]
pub(super) struct Silence {
    /// `None`: nothing was ever heard, and nothing is concluded from silence.
    after_us: Option<u64>,
    /// What is sent goes unanswered since then.
    since_us: Option<u64>,
    sent_us: u64,
    /// The next step down.
    next_us: u64,
    left: f64,
}

impl Default for Silence {
    fn default() -> Silence {
        Silence { after_us: None, since_us: None, sent_us: 0, next_us: 0, left: 1.0 }
    }
}

impl Silence {
    /// Share of the estimate that is left.
    pub(super) fn left(&self) -> f64 {
        self.left
    }

    pub(super) fn sent(&mut self, now_us: u64) {
        if self.since_us.is_none() || now_us.saturating_sub(self.sent_us) > PAUSE_US {
            self.since_us = Some(now_us);
        }
        self.sent_us = now_us;
    }

    /// A report came, or only a bandwidth; what silence left of the estimate.
    pub(super) fn heard(&mut self, reports: bool) -> f64 {
        let reported = self.after_us == Some(AFTER_REPORTS_US);
        self.after_us = Some(if reports || reported { AFTER_REPORTS_US } else { AFTER_BANDWIDTHS_US });
        self.since_us = None;
        std::mem::replace(&mut self.left, 1.0)
    }

    /// What is sent arrives, as a receiver report says. It tells no bandwidth, so it
    /// gives back nothing of the estimate; and it is nothing new of one who reports
    /// on packets.
    pub(super) fn arrives(&mut self) {
        if self.after_us == Some(AFTER_BANDWIDTHS_US) {
            self.since_us = None;
        }
    }

    pub(super) fn tick(&mut self, now_us: u64, round_trip_us: u64) {
        let (Some(after_us), Some(since_us)) = (self.after_us, self.since_us) else { return };
        let begins_us = since_us + after_us.max(ROUND_TRIPS * round_trip_us);
        let sends = now_us.saturating_sub(self.sent_us) <= PAUSE_US;
        if sends && now_us >= begins_us.max(self.next_us) {
            self.left *= LEFT;
            self.next_us = now_us + STEP_US;
        }
    }
}
