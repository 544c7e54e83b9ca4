//! What people wrote in a live room, and whom they answered.

use hearth_protocol::conversation::Message;
use hearth_protocol::ids::UserId;
use std::collections::{BTreeMap, VecDeque};

use super::people::People;
use super::words::Words;
use super::{BIT, POSTINGS_MAX, REASON_WORDS_MAX, REPLIES_ENOUGH, log2, rarity};

/// Comments of a room that are remembered; the oldest go first.
pub const COMMENTS_MAX: usize = 100_000;
/// Terms of the asker that are looked at, the weightiest ones.
const ASKED_TERMS_MAX: usize = 64;
/// Less than this is too little to say that two talk about the same: that many rare terms, each written once.
const EVIDENCE_MIN: u64 = 6 * (5 * BIT) * BIT;

type TermId = u32;

/// A term that somebody wrote.
#[derive(Debug)]
struct Term {
    text: String,
    /// Who wrote it, in order of number, and in how many comments.
    writers: Vec<(u32, u32)>,
    /// How many of them are here.
    present: u32,
}

/// A comment that is remembered. Of a deleted one only its place is left.
#[derive(Debug)]
struct Comment {
    position: u64,
    author: Option<u32>,
    terms: Box<[TermId]>,
    answers: Option<u32>,
}

/// What people wrote.
#[derive(Debug, Default)]
pub struct Comments {
    words: Words,
    comments: VecDeque<Comment>,
    ids: BTreeMap<String, TermId>,
    terms: Vec<Option<Term>>,
    free: Vec<TermId>,
    /// The terms of each, and in how many comments they wrote them.
    of: BTreeMap<u32, BTreeMap<TermId, u32>>,
    /// How often two answered each other; under both.
    replies: BTreeMap<(u32, u32), u32>,
}

/// How heavy it is to have written something in so many comments.
fn often(comments: u32) -> u64 {
    BIT + log2(comments.into())
}

/// The share of the score that so many answers give.
pub fn of_replies(count: u32, share: u64) -> u64 {
    u64::from(count).min(REPLIES_ENOUGH) * share / REPLIES_ENOUGH
}

impl Comments {
    fn term(&self, id: TermId) -> Option<&Term> {
        self.terms.get(id as usize)?.as_ref()
    }

    /// Somebody comes in, or goes.
    pub fn presence(&mut self, people: &People, number: u32, present: bool) {
        let counted = self.of.get(&number).filter(|_| people.is_present(number));
        for id in counted.into_iter().flat_map(BTreeMap::keys) {
            if let Some(Some(term)) = self.terms.get_mut(*id as usize) {
                term.present = if present { term.present + 1 } else { term.present - 1 };
            }
        }
    }

    /// Somebody wrote something.
    pub fn said(&mut self, people: &mut People, message: &Message) {
        let found = self.words.terms(&message.text);
        let quoted = message.reply_to.as_ref().map(|quote| &quote.author.id).filter(|user| **user != message.author.id);
        if found.is_empty() && quoted.is_none() {
            return;
        }
        let author = people.hold(&message.author.id);
        let present = people.is_present(author);
        let terms: Box<[TermId]> = found.into_iter().map(|text| self.write(author, present, text)).collect();
        let answers = quoted.map(|user| people.hold(user));
        for pair in answers.into_iter().flat_map(|other| [(author, other), (other, author)]) {
            *self.replies.entry(pair).or_default() += 1;
        }
        let place = self.comments.partition_point(|comment| comment.position < message.position);
        self.comments.insert(place, Comment { position: message.position, author: Some(author), terms, answers });
        if self.comments.len() > COMMENTS_MAX
            && let Some(oldest) = self.comments.pop_front()
        {
            self.take_back(people, oldest);
        }
    }

    fn write(&mut self, author: u32, present: bool, text: String) -> TermId {
        let id = match self.ids.get(&text) {
            Some(id) => *id,
            None => {
                let term = Some(Term { text: text.clone(), writers: Vec::new(), present: 0 });
                let id = match self.free.pop() {
                    Some(id) => {
                        self.terms[id as usize] = term;
                        id
                    }
                    None => {
                        self.terms.push(term);
                        TermId::try_from(self.terms.len() - 1).unwrap_or(TermId::MAX)
                    }
                };
                self.ids.insert(text, id);
                id
            }
        };
        *self.of.entry(author).or_default().entry(id).or_default() += 1;
        if let Some(Some(term)) = self.terms.get_mut(id as usize) {
            match term.writers.binary_search_by_key(&author, |(number, _)| *number) {
                Ok(place) => term.writers[place].1 += 1,
                Err(place) => {
                    term.writers.insert(place, (author, 1));
                    term.present += u32::from(present);
                }
            }
        }
        id
    }

    fn take_back(&mut self, people: &mut People, comment: Comment) {
        let Some(author) = comment.author else { return };
        let present = people.is_present(author);
        for id in comment.terms {
            self.unwrite(author, present, id);
        }
        if let Some(other) = comment.answers {
            for pair in [(author, other), (other, author)] {
                if let Some(count) = self.replies.get_mut(&pair) {
                    *count -= 1;
                    if *count == 0 {
                        self.replies.remove(&pair);
                    }
                }
            }
            people.let_go(other);
        }
        people.let_go(author);
    }

    fn unwrite(&mut self, author: u32, present: bool, id: TermId) {
        if let Some(theirs) = self.of.get_mut(&author) {
            if let Some(count) = theirs.get_mut(&id) {
                *count -= 1;
                if *count == 0 {
                    theirs.remove(&id);
                }
            }
            if theirs.is_empty() {
                self.of.remove(&author);
            }
        }
        let Some(slot) = self.terms.get_mut(id as usize) else { return };
        let Some(term) = slot else { return };
        if let Ok(place) = term.writers.binary_search_by_key(&author, |(number, _)| *number) {
            term.writers[place].1 -= 1;
            if term.writers[place].1 == 0 {
                term.writers.remove(place);
                term.present -= u32::from(present);
            }
        }
        if term.writers.is_empty() {
            self.ids.remove(&term.text);
            *slot = None;
            self.free.push(id);
        }
    }

    /// What was written there is deleted.
    pub fn deleted(&mut self, people: &mut People, position: u64) {
        if let Ok(place) = self.comments.binary_search_by_key(&position, |comment| comment.position) {
            self.erase(people, place);
        }
    }

    fn erase(&mut self, people: &mut People, place: usize) {
        let position = self.comments[place].position;
        let left = Comment { position, author: None, terms: Box::default(), answers: None };
        let erased = std::mem::replace(&mut self.comments[place], left);
        self.take_back(people, erased);
    }

    /// Nothing of what somebody wrote is remembered.
    pub fn forget(&mut self, people: &mut People, user: &UserId) {
        let Some(number) = people.known(user) else { return };
        for place in 0..self.comments.len() {
            if self.comments[place].author == Some(number) {
                self.erase(people, place);
            }
        }
    }

    /// The asker's terms that others who are here wrote as well and that are rare enough, the weightiest first; and what all of
    /// them weigh.
    fn asked(&self, people: &People, asking: u32) -> (Vec<(u64, u64, &Term)>, u64) {
        let all = people.count_present();
        let theirs = self.of.get(&asking).into_iter().flatten();
        let mut asked: Vec<(u64, u64, &Term)> = theirs
            .filter_map(|(id, count)| Some((self.term(*id)?, *count)))
            .filter(|(term, _)| term.present > 1 && term.writers.len() <= POSTINGS_MAX)
            // What every other person says is no subject, as soon as there are enough to tell.
            .filter(|(term, _)| all < 8 || (term.present as usize) * 2 <= all)
            .map(|(term, count)| (rarity(all, term.present as usize), often(count), term))
            .collect();
        asked.sort_by(|a, b| (b.0 * b.1).cmp(&(a.0 * a.1)).then_with(|| a.2.text.cmp(&b.2.text)));
        asked.truncate(ASKED_TERMS_MAX);
        let sum = asked.iter().map(|(rare, often, _)| rare * often).sum::<u64>();
        (asked, sum.max(EVIDENCE_MIN))
    }

    /// Adds what everybody has in common with somebody to their scores: at most `share` for what they wrote, and `replying` for
    /// whom they answered.
    pub fn score(&self, people: &People, asking: u32, scores: &mut [u64], share: u64, replying: u64) {
        let (asked, all) = self.asked(people, asking);
        let mut sums = vec![0_u64; scores.len()];
        for (rare, mine, term) in asked {
            for (number, count) in &term.writers {
                sums[*number as usize] += rare * mine.min(often(*count));
            }
        }
        for (score, sum) in scores.iter_mut().zip(sums) {
            *score += sum * share / all;
        }
        for ((_, other), count) in self.replies.range((asking, 0)..=(asking, u32::MAX)) {
            scores[*other as usize] += of_replies(*count, replying);
        }
    }

    /// What two wrote both, the weightiest first, and its share of the score.
    pub fn shared(&self, people: &People, asking: u32, other: u32, share: u64) -> (u64, Vec<String>) {
        let (asked, all) = self.asked(people, asking);
        let mut shared: Vec<(u64, &str)> = asked
            .into_iter()
            .filter_map(|(rare, mine, term)| {
                let place = term.writers.binary_search_by_key(&other, |(number, _)| *number).ok()?;
                Some((rare * mine.min(often(term.writers[place].1)), term.text.as_str()))
            })
            .collect();
        let score = shared.iter().map(|(weight, _)| weight).sum::<u64>() * share / all;
        shared.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        (score, shared.into_iter().take(REASON_WORDS_MAX).map(|(_, text)| text.to_owned()).collect())
    }

    /// How often two answered each other.
    pub fn replies(&self, one: u32, other: u32) -> u32 {
        self.replies.get(&(one, other)).copied().unwrap_or(0)
    }
}
