//! Token buckets: how often something may be done.

use crate::input::Time;

/// How often something may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// This many at once.
    pub burst: u64,
    /// And this many a second in the long run.
    pub per_s: u64,
}

/// A token is a thousand of these, so that what a millisecond brings is a whole number.
const TOKEN: u64 = 1_000;

/// How much of a [`Rate`] is left.
#[derive(Debug, Clone)]
pub struct TokenBucket {
    left: u64,
    at: Time,
}

impl TokenBucket {
    /// A full bucket.
    pub fn full(now: Time, rate: Rate) -> Self {
        Self { left: rate.burst * TOKEN, at: now }
    }

    /// Takes one token, or says how many milliseconds until there is one.
    pub fn take(&mut self, now: Time, rate: Rate) -> Result<(), u64> {
        self.refill(now, rate);
        if self.left >= TOKEN {
            self.left -= TOKEN;
            Ok(())
        } else {
            Err((TOKEN - self.left).div_ceil(rate.per_s.max(1)))
        }
    }

    /// Puts one token back: what it was taken for did not happen.
    pub fn give_back(&mut self, rate: Rate) {
        self.left = (self.left + TOKEN).min(rate.burst * TOKEN);
    }

    /// Whether it would be full.
    pub fn rests(&mut self, now: Time, rate: Rate) -> bool {
        self.refill(now, rate);
        self.left == rate.burst * TOKEN
    }

    fn refill(&mut self, now: Time, rate: Rate) {
        let gained = now.since_ms(self.at).saturating_mul(rate.per_s);
        self.left = self.left.saturating_add(gained).min(rate.burst * TOKEN);
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 2, per_s: 4 };

    #[test]
    fn one_past_the_burst_waits_exactly_until_the_next_token() {
        let mut bucket = TokenBucket::full(Time(0), RATE);
        assert_eq!(bucket.take(Time(0), RATE), Ok(()));
        assert_eq!(bucket.take(Time(0), RATE), Ok(()));
        assert_eq!(bucket.take(Time(0), RATE), Err(250));
        assert_eq!(bucket.take(Time(249), RATE), Err(1));
        assert_eq!(bucket.take(Time(250), RATE), Ok(()));
    }

    #[test]
    fn waiting_long_fills_no_more_than_the_burst() {
        let mut bucket = TokenBucket::full(Time(0), RATE);
        for _ in 0..2 {
            assert_eq!(bucket.take(Time(u64::MAX), RATE), Ok(()));
        }
        assert_eq!(bucket.take(Time(u64::MAX), RATE), Err(250));
        assert_eq!(bucket.take(Time(0), RATE), Err(250), "an earlier moment brings nothing");
    }
}
