//! What a message is about: its words, in any language.
//!
//! Words are found by UAX #29, and by a dictionary in the scripts that write no spaces between them.

use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};
use std::collections::BTreeSet;

/// Terms of one message that are remembered.
pub const TERMS_PER_MESSAGE_MAX: usize = 12;
/// The longest term, in Unicode scalar values; what is longer is no word.
pub const TERM_MAX_CHARS: usize = 24;
/// Characters of a message that are looked at.
const LOOKED_AT_MAX_CHARS: usize = 500;

/// Words that say nothing of what somebody talks about, of the languages that the app speaks.
const EMPTY: &str = "about all also and any are because been but can cant come could did didn't does don't even for from get going good \
    got had has have her here him his how i'm into isn't it's its just know like lol look make maybe more much not now \
    off one only our out over really right see she should some still such sure than that that's the their them then \
    there these they thing think this those too very want was way well were what when where which who why will with \
    would yeah yes you you're your 一个 不是 他们 什么 但是 你们 可以 可能 哈哈 因为 就是 应该 怎么 我们 所以 是不是 有点 没有 现在 知道 觉得 还是 这个 这样 那个";

/// Finds words.
#[derive(Debug)]
pub struct Words(WordSegmenterBorrowed<'static>);

impl Default for Words {
    fn default() -> Self {
        Self(WordSegmenter::new_dictionary(WordBreakInvariantOptions::default()))
    }
}

fn is_address(word: &str) -> bool {
    word.contains("://") || word.starts_with("www.") || word.starts_with('@')
}

/// Scripts in which a word of two characters is a whole one.
fn is_dense(character: char) -> bool {
    // Kana, Han and Hangul; Thai, Lao, Burmese and Khmer.
    matches!(character, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3040}'..='\u{30FF}'
        | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{20000}'..='\u{3134F}')
}

fn says_something(term: &str) -> bool {
    let count = term.chars().count();
    let least = if term.chars().any(is_dense) { 2 } else { 3 };
    (least..=TERM_MAX_CHARS).contains(&count)
        && term.chars().any(char::is_alphabetic)
        && EMPTY.split(' ').all(|empty| empty != term)
}

impl Words {
    /// The terms of a text, each once, in order; at most [`TERMS_PER_MESSAGE_MAX`].
    pub fn terms(&self, text: &str) -> BTreeSet<String> {
        let mut terms = BTreeSet::new();
        let end = text.char_indices().nth(LOOKED_AT_MAX_CHARS).map_or(text.len(), |(at, _)| at);
        for piece in text[..end].split_whitespace().filter(|piece| !is_address(piece)) {
            let mut from = 0;
            for (to, kind) in self.0.segment_str(piece).iter_with_word_type() {
                let word = &piece[from..to];
                from = to;
                if !kind.is_word_like() {
                    continue;
                }
                let term = word.to_lowercase().replace('\u{2019}', "'");
                if says_something(&term) {
                    terms.insert(term);
                }
                if terms.len() >= TERMS_PER_MESSAGE_MAX {
                    return terms;
                }
            }
        }
        terms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        Words::default().terms(text).into_iter().collect()
    }

    #[test]
    fn words_are_found_in_any_language_and_what_says_nothing_is_dropped() {
        assert_eq!(of("The Sourdough, the SOURDOUGH! and rye"), ["rye", "sourdough"]);
        assert_eq!(of("我们喜欢酸面包"), ["喜欢", "面包"]);
        assert_eq!(of("see https://example.org/bread @ana www.bread.example ok 2026"), Vec::<String>::new());
        assert_eq!(of("Äpfel Straße"), ["straße", "äpfel"]);
        assert_eq!(of("🍞🍞🍞 ... a b"), Vec::<String>::new());
        assert_eq!(of("ขนมปังอร่อย").len(), 2, "Thai writes no spaces");
    }

    #[test]
    fn a_message_has_as_many_terms_as_the_limit_and_a_term_as_many_characters() {
        let many: Vec<String> = (0..40).map(|number| format!("word{}", "x".repeat(number % 20))).collect();
        assert_eq!(of(&many.join(" ")).len(), TERMS_PER_MESSAGE_MAX);
        assert_eq!(of(&"y".repeat(TERM_MAX_CHARS)).len(), 1);
        assert_eq!(of(&"y".repeat(TERM_MAX_CHARS + 1)).len(), 0);
    }
}
