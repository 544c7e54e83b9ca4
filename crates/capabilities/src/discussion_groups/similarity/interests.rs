//! What people who are here say that they are interested in.

use std::collections::BTreeMap;

use super::people::People;
use super::{POSTINGS_MAX, REASON_WORDS_MAX, rarity};

/// Who is interested in what.
#[derive(Debug, Default)]
pub struct Interests {
    /// Those who have an interest, by its folded form.
    having: BTreeMap<String, Vec<u32>>,
    /// What each is interested in: folded, and as they wrote it.
    of: BTreeMap<u32, Vec<(String, String)>>,
}

impl Interests {
    /// Somebody is interested in this, and in nothing else.
    pub fn set(&mut self, number: u32, interests: &[String]) {
        for (folded, _) in self.of.remove(&number).unwrap_or_default() {
            if let Some(having) = self.having.get_mut(&folded) {
                if let Ok(place) = having.binary_search(&number) {
                    having.remove(place);
                }
                if having.is_empty() {
                    self.having.remove(&folded);
                }
            }
        }
        let mut theirs: Vec<(String, String)> = Vec::new();
        for interest in interests {
            let folded = interest.to_lowercase();
            if theirs.iter().all(|(known, _)| *known != folded) {
                let having = self.having.entry(folded.clone()).or_default();
                if let Err(place) = having.binary_search(&number) {
                    having.insert(place, number);
                }
                theirs.push((folded, interest.clone()));
            }
        }
        if !theirs.is_empty() {
            self.of.insert(number, theirs);
        }
    }

    fn weighed(&self, people: &People, number: u32) -> Vec<(u64, &(String, String))> {
        let theirs = self.of.get(&number).into_iter().flatten();
        theirs
            .map(|interest| {
                let having = self.having.get(&interest.0).map_or(0, Vec::len);
                (rarity(people.count_present(), having), interest)
            })
            .collect()
    }

    /// Adds what everybody shares with somebody to their scores; who shares all of it gets `share`.
    pub fn score(&self, people: &People, asking: u32, scores: &mut [u64], share: u64) {
        let weighed = self.weighed(people, asking);
        let all: u64 = weighed.iter().map(|(weight, _)| weight).sum();
        let mut sums = vec![0_u64; scores.len()];
        for (weight, (folded, _)) in weighed {
            let having = self.having.get(folded).filter(|having| having.len() <= POSTINGS_MAX);
            for number in having.into_iter().flatten() {
                sums[*number as usize] += weight;
            }
        }
        for (score, sum) in scores.iter_mut().zip(sums) {
            *score += sum * share / all.max(1);
        }
    }

    /// What two share, the rarest first, and its share of the score; in the words of the other.
    pub fn shared(&self, people: &People, asking: u32, other: u32, share: u64) -> (u64, Vec<String>) {
        let weighed = self.weighed(people, asking);
        let all: u64 = weighed.iter().map(|(weight, _)| weight).sum();
        let theirs = self.of.get(&other).map(Vec::as_slice).unwrap_or_default();
        let mut shared: Vec<(u64, &str)> = weighed
            .into_iter()
            .filter(|(_, (folded, _))| self.having.get(folded).is_some_and(|having| having.len() <= POSTINGS_MAX))
            .filter_map(|(weight, (folded, _))| {
                let (_, written) = theirs.iter().find(|(known, _)| known == folded)?;
                Some((weight, written.as_str()))
            })
            .collect();
        let score = shared.iter().map(|(weight, _)| weight).sum::<u64>() * share / all.max(1);
        shared.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        (score, shared.into_iter().take(REASON_WORDS_MAX).map(|(_, written)| written.to_owned()).collect())
    }
}
