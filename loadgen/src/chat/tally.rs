//! Who should get which message, who got it, and how long it took.

use crate::figures::histogram::Histogram;

/// The most messages of one run.
pub const MESSAGES_MAX: usize = 1_000_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Awaited,
    Stored,
    Refused,
}

struct Sent {
    room: usize,
    at_ns: u64,
    answer: Answer,
    deliveries: u32,
}

/// The count of a run.
pub struct Tally {
    sent: Vec<Sent>,
    /// For each member, a bit for each message.
    seen: Vec<Vec<u64>>,
    members_of_room: Vec<u32>,
    unanswered: u64,
    last_answer_ns: u64,
    outstanding: i64,
    stored: u64,
    refused: u64,
    deliveries: u64,
    doubled: u64,
    ack_us: Histogram,
    delivery_us: Histogram,
}

/// What is left to say in the end.
pub struct Totals {
    /// Messages sent.
    pub sent: u64,
    /// Messages acknowledged as stored.
    pub stored: u64,
    /// Messages declined.
    pub refused: u64,
    /// Messages never answered.
    pub unanswered: u64,
    /// Deliveries, each counted once.
    pub deliveries: u64,
    /// Deliveries of stored messages that never came.
    pub lost: u64,
    /// Deliveries that came again, or of messages that were declined.
    pub doubled: u64,
    /// From sending to the acknowledgement, in microseconds.
    pub ack_us: Histogram,
    /// From sending to each delivery, in microseconds.
    pub delivery_us: Histogram,
}

impl Tally {
    /// A count for rooms with so many members each; member indices run over all rooms.
    pub fn new(members_of_room: Vec<u32>) -> Self {
        let members = members_of_room.iter().sum::<u32>() as usize;
        Self {
            sent: Vec::new(),
            seen: vec![Vec::new(); members],
            members_of_room,
            unanswered: 0,
            last_answer_ns: 0,
            outstanding: 0,
            stored: 0,
            refused: 0,
            deliveries: 0,
            doubled: 0,
            ack_us: Histogram::default(),
            delivery_us: Histogram::default(),
        }
    }

    /// How many messages were sent.
    pub fn sent(&self) -> usize {
        self.sent.len()
    }

    /// Counts a message that is sent to a room now; its number, or `None` at [`MESSAGES_MAX`].
    pub fn send(&mut self, room: usize, now_ns: u64) -> Option<u64> {
        if self.sent.len() == MESSAGES_MAX {
            return None;
        }
        self.sent.push(Sent { room, at_ns: now_ns, answer: Answer::Awaited, deliveries: 0 });
        self.unanswered += 1;
        self.outstanding += i64::from(self.members_of_room[room]);
        Some(self.sent.len() as u64 - 1)
    }

    /// Counts the server's answer to a message.
    pub fn answered(&mut self, number: u64, stored: bool, now_ns: u64) {
        let Some(sent) = self.sent.get_mut(number as usize) else { return };
        if sent.answer != Answer::Awaited {
            return;
        }
        self.unanswered -= 1;
        self.last_answer_ns = now_ns;
        if stored {
            sent.answer = Answer::Stored;
            self.stored += 1;
            self.ack_us.record(now_ns.saturating_sub(sent.at_ns) / 1_000);
        } else {
            sent.answer = Answer::Refused;
            self.refused += 1;
            self.outstanding -= i64::from(self.members_of_room[sent.room]);
        }
    }

    /// Counts a message's arrival at a member.
    pub fn delivered(&mut self, member: usize, number: u64, now_ns: u64) {
        let (Some(sent), Some(seen)) = (self.sent.get_mut(number as usize), self.seen.get_mut(member)) else { return };
        let (word, bit) = (number as usize / 64, 1 << (number % 64));
        if seen.len() <= word {
            seen.resize(word + 1, 0);
        }
        if seen[word] & bit != 0 || sent.answer == Answer::Refused {
            self.doubled += 1;
            return;
        }
        seen[word] |= bit;
        sent.deliveries += 1;
        self.deliveries += 1;
        self.outstanding -= 1;
        self.delivery_us.record(now_ns.saturating_sub(sent.at_ns) / 1_000);
    }

    /// Whether everything sent was answered and, where stored, delivered to everybody.
    pub fn complete(&self) -> bool {
        self.unanswered == 0 && self.outstanding <= 0
    }

    /// When the last answer came; 0 before the first.
    pub fn last_answer_ns(&self) -> u64 {
        self.last_answer_ns
    }

    /// The sums.
    pub fn totals(self) -> Totals {
        let lost = self
            .sent
            .iter()
            .filter(|sent| sent.answer == Answer::Stored)
            .map(|sent| u64::from(self.members_of_room[sent.room].saturating_sub(sent.deliveries)))
            .sum();
        Totals {
            sent: self.sent.len() as u64,
            stored: self.stored,
            refused: self.refused,
            unanswered: self.unanswered,
            deliveries: self.deliveries,
            lost,
            doubled: self.doubled,
            ack_us: self.ack_us,
            delivery_us: self.delivery_us,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_got_once_is_complete() {
        let mut tally = Tally::new(vec![2, 1]);
        let (a, b) = (tally.send(0, 1_000).unwrap(), tally.send(1, 2_000).unwrap());
        tally.delivered(0, a, 5_000);
        tally.answered(a, true, 4_000);
        tally.delivered(1, a, 6_000);
        tally.delivered(2, b, 7_000);
        assert!(!tally.complete(), "one is not answered");
        tally.answered(b, true, 8_000);
        assert!(tally.complete());
        assert_eq!(tally.last_answer_ns(), 8_000);
        let totals = tally.totals();
        assert_eq!((totals.sent, totals.stored, totals.deliveries, totals.lost, totals.doubled), (2, 2, 3, 0, 0));
        assert_eq!((totals.ack_us.percentile(1.0), totals.delivery_us.percentile(0.0)), (Some(6), Some(4)));
    }

    #[test]
    fn losses_and_doubles_are_seen() {
        let mut tally = Tally::new(vec![3]);
        let number = tally.send(0, 0).unwrap();
        tally.answered(number, true, 1);
        tally.answered(number, true, 1);
        tally.delivered(0, number, 1);
        tally.delivered(0, number, 1);
        tally.delivered(9, number, 1);
        tally.delivered(1, number + 1, 1);
        assert!(!tally.complete());
        let totals = tally.totals();
        assert_eq!((totals.stored, totals.deliveries, totals.lost, totals.doubled), (1, 1, 2, 1));
    }

    #[test]
    fn a_declined_message_is_owed_to_nobody() {
        let mut tally = Tally::new(vec![5]);
        let number = tally.send(0, 0).unwrap();
        tally.answered(number, false, 1);
        assert!(tally.complete());
        tally.delivered(0, number, 1);
        let totals = tally.totals();
        assert_eq!((totals.refused, totals.lost, totals.doubled), (1, 0, 1), "and must not come");
    }

    #[test]
    fn one_past_the_limit_is_not_sent() {
        let mut tally = Tally::new(vec![1]);
        assert!((0..MESSAGES_MAX).all(|_| tally.send(0, 0).is_some()));
        assert!(tally.send(0, 0).is_none());
    }
}
