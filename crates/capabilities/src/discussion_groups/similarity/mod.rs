//! Who in a live room has something in common: interests, what they wrote there, whom they answered.
//!
//! Everything is counted as it happens, so that a suggestion only has to look at what the asker shares with others:
//!
//! ```text
//! people ──► numbers ─┬─ interest ──► numbers of those who have it
//!                     ├─ term ──────► numbers of those who wrote it, and how often
//!                     └─ number ────► whom they answered, or who answered them
//! ```
//!
//! What is rare in the room counts more than what everybody has. Weights are whole numbers, in sixteenths of a bit, so that
//! every machine comes to the same order; of two who fit alike the one whose id is lower comes first.
//!
//! Bounds: [`COMMENTS_MAX`](comments::COMMENTS_MAX) comments are remembered, the oldest go first; what very many share
//! ([`POSTINGS_MAX`]) says nothing and is not looked at.

pub mod comments;
mod interests;
mod people;
pub mod words;

use hearth_protocol::conversation::Message;
use hearth_protocol::discussion_groups::{Reason, SuggestedBy};
use hearth_protocol::ids::UserId;
use hearth_protocol::people::Preferences;

use comments::Comments;
use interests::Interests;
use people::People;

/// The most people who may share something that is looked at.
pub const POSTINGS_MAX: usize = 4_096;
/// Words, or interests, that a reason tells.
pub const REASON_WORDS_MAX: usize = 5;

/// What a source can give at most, in thousandths of a score.
const FRIEND: u64 = 400;
const FOLLOWED: u64 = 280;
const INTERESTS: u64 = 300;
const COMMENTS: u64 = 200;
const REPLIES: u64 = 100;
/// Answers between two people that count as much as any more would.
const REPLIES_ENOUGH: u64 = 4;

/// What is rare counts in sixteenths of a bit.
const BIT: u64 = 16;

/// The logarithm to base 2, in sixteenths, between powers of two along a line; 0 for 0.
fn log2(value: u64) -> u64 {
    let Some(whole) = value.checked_ilog2() else { return 0 };
    let rest = value - (1 << whole);
    u64::from(whole) * BIT + ((rest * BIT) >> whole)
}

/// How much it says that two share what `having` of `all` have.
fn rarity(all: usize, having: usize) -> u64 {
    BIT + log2(all as u64).saturating_sub(log2(having as u64))
}

/// What the people of a live room have in common.
#[derive(Debug, Default)]
pub struct Similarity {
    people: People,
    interests: Interests,
    comments: Comments,
}

/// Somebody with whom the asker has something in common.
#[derive(Debug, PartialEq, Eq)]
pub struct Match {
    /// Who.
    pub user: UserId,
    /// What, the strongest first; never empty.
    pub reasons: Vec<Reason>,
    /// How well they fit, in thousandths.
    pub score: u32,
}

impl Similarity {
    /// Somebody is here, and is interested in this.
    pub fn enters(&mut self, user: &UserId, preferences: &Preferences) {
        let before = self.people.present(user);
        let number = before.unwrap_or_else(|| self.people.enter(user));
        if before.is_none() {
            self.comments.presence(&self.people, number, true);
        }
        self.interests.set(number, &preferences.interests);
    }

    /// Somebody who is here is interested in something else.
    pub fn prefers(&mut self, user: &UserId, preferences: &Preferences) {
        if let Some(number) = self.people.present(user) {
            self.interests.set(number, &preferences.interests);
        }
    }

    /// Somebody is here no more. What they wrote is remembered for when they come back.
    pub fn leaves(&mut self, user: &UserId) {
        if let Some(number) = self.people.present(user) {
            self.interests.set(number, &[]);
            self.comments.presence(&self.people, number, false);
            self.people.leave(number);
        }
    }

    /// Somebody wrote something.
    pub fn said(&mut self, message: &Message) {
        self.comments.said(&mut self.people, message);
    }

    /// What was written there is deleted.
    pub fn deleted(&mut self, position: u64) {
        self.comments.deleted(&mut self.people, position);
    }

    /// Somebody was put out: nothing of what they wrote is remembered.
    pub fn forget(&mut self, user: &UserId) {
        self.comments.forget(&mut self.people, user);
    }

    /// Who of those who are here and pass fits best to the asker, by these sources; at most `max`.
    ///
    /// `follows`: whom the asker follows, and whether each follows them.
    pub fn suggest(
        &self,
        asker: &UserId,
        follows: &[(UserId, bool)],
        sources: &[SuggestedBy],
        max: usize,
        passes: impl Fn(&UserId) -> bool,
    ) -> Vec<Match> {
        let by = |source| sources.is_empty() || sources.contains(&source);
        let Some(asking) = self.people.present(asker) else { return Vec::new() };
        let mut scores = vec![0_u64; self.people.len()];
        if by(SuggestedBy::Interests) {
            self.interests.score(&self.people, asking, &mut scores, INTERESTS);
        }
        if by(SuggestedBy::Comments) {
            self.comments.score(&self.people, asking, &mut scores, COMMENTS, REPLIES);
        }
        if by(SuggestedBy::Friends) {
            for (user, mutual) in follows {
                if let Some(number) = self.people.present(user) {
                    scores[number as usize] += if *mutual { FRIEND } else { FOLLOWED };
                }
            }
        }
        let whole = [
            (SuggestedBy::Friends, FRIEND),
            (SuggestedBy::Interests, INTERESTS),
            (SuggestedBy::Comments, COMMENTS + REPLIES),
        ];
        let whole: u64 = whole.iter().filter(|(source, _)| by(*source)).map(|(_, share)| share).sum();
        let mut found: Vec<(u64, &UserId)> = scores
            .iter()
            .enumerate()
            .filter(|(_, score)| **score > 0)
            .filter_map(|(number, score)| Some((*score, self.people.user(number as u32)?)))
            .filter(|(_, user)| *user != asker && passes(user))
            .collect();
        let order = |a: &(u64, &UserId), b: &(u64, &UserId)| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1));
        if found.len() > max {
            found.select_nth_unstable_by(max, order);
            found.truncate(max);
        }
        found.sort_unstable_by(order);
        let found = found.into_iter().map(|(score, user)| Match {
            user: user.clone(),
            reasons: self.reasons(asker, user, follows, sources),
            score: u32::try_from(score * 1_000 / whole.max(1)).unwrap_or(u32::MAX).min(1_000),
        });
        found.filter(|found| !found.reasons.is_empty()).collect()
    }

    /// What two who are here have in common, by these sources, the strongest first.
    pub fn reasons(
        &self,
        asker: &UserId,
        user: &UserId,
        follows: &[(UserId, bool)],
        sources: &[SuggestedBy],
    ) -> Vec<Reason> {
        let by = |source| sources.is_empty() || sources.contains(&source);
        let mut reasons: Vec<(u64, Reason)> = Vec::new();
        if by(SuggestedBy::Friends) {
            reasons.extend(
                follows
                    .iter()
                    .find(|(followed, _)| followed == user)
                    .map(|(_, mutual)| if *mutual { (FRIEND, Reason::Friend) } else { (FOLLOWED, Reason::Followed) }),
            );
        }
        if let (Some(one), Some(other)) = (self.people.present(asker), self.people.present(user)) {
            if by(SuggestedBy::Interests) {
                let (score, shared) = self.interests.shared(&self.people, one, other, INTERESTS);
                reasons.extend((!shared.is_empty()).then_some((score, Reason::Interests { shared })));
            }
            if by(SuggestedBy::Comments) {
                let (score, terms) = self.comments.shared(&self.people, one, other, COMMENTS);
                reasons.extend((!terms.is_empty()).then_some((score, Reason::Comments { terms })));
                let count = self.comments.replies(one, other);
                reasons.extend((count > 0).then(|| (comments::of_replies(count, REPLIES), Reason::Replies { count })));
            }
        }
        reasons.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        reasons.into_iter().map(|(_, reason)| reason).collect()
    }
}

#[cfg(test)]
mod tests;
