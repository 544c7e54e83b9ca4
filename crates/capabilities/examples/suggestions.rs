//! What it costs to know who has something in common: 10,000 people, 100,000 comments.
//!
//! `cargo run --release -p hearth-capabilities --example suggestions`

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "it measures, and prints")]

use hearth_capabilities::discussion_groups::similarity::Similarity;
use hearth_capabilities::discussion_groups::similarity::comments::COMMENTS_MAX;
use hearth_protocol::conversation::{Message, Quote};
use hearth_protocol::ids::UserId;
use hearth_protocol::people::{Preferences, Profile};
use std::time::{Duration, Instant};

const PEOPLE: u64 = 10_000;
const WORDS: u64 = 20_000;
const ASKED: u64 = 500;

/// The same numbers in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    /// Small numbers more often than large ones, as words are used.
    fn rare(&mut self, end: u64) -> u64 {
        let one = self.below(end) + 1;
        self.below(one)
    }
}

fn profile(number: u64) -> Profile {
    let id = UserId::parse(&format!("user_{number}")).expect("well formed");
    Profile { id, name: Some(number.to_string()), display_name: number.to_string() }
}

/// A made-up word of syllables; every fourth is of two Chinese characters.
fn word(number: u64) -> String {
    const SYLLABLES: [&str; 16] =
        ["ba", "ke", "ri", "mo", "tu", "sha", "len", "dor", "pi", "gra", "wen", "zo", "fel", "hu", "nya", "qui"];
    if number.is_multiple_of(4) {
        let character = |of: u64| char::from_u32(0x4E00 + u32::try_from(of % 2_000).unwrap_or(0)).unwrap_or('火');
        return [character(number), character(number / 2_000 + 7)].iter().collect();
    }
    (0..4).map(|place| SYLLABLES[(number >> (4 * place)) as usize % SYLLABLES.len()]).collect()
}

fn message(position: u64, dice: &mut Dice) -> Message {
    let text: Vec<String> = (0..8).map(|_| word(dice.rare(WORDS))).collect();
    let reply_to = (dice.below(4) == 0).then(|| Quote {
        position: 1,
        author: profile(dice.rare(PEOPLE)),
        text: String::new(),
        carries: None,
    });
    Message {
        position,
        author: profile(dice.rare(PEOPLE)),
        at_ms: position,
        text: text.join(" "),
        reply_to,
        mentions: Vec::new(),
        nonce: None,
        broadcast: None,
        media_ms: None,
        float: None,
        carries: None,
        moment: None,
        edited_ms: None,
        deleted: false,
    }
}

fn resident_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

fn main() {
    let mut dice = Dice(1);
    let mut room = Similarity::default();
    let before = resident_mib();
    for number in 0..PEOPLE {
        let interests = (0..6).map(|_| word(dice.rare(400))).collect();
        room.enters(&profile(number).id, &Preferences { interests, ..Preferences::default() });
    }
    let messages: Vec<Message> = (1..=COMMENTS_MAX as u64).map(|position| message(position, &mut dice)).collect();
    let made = resident_mib();
    let start = Instant::now();
    for message in &messages {
        room.said(message);
    }
    let each = start.elapsed() / COMMENTS_MAX as u32;
    let grown = resident_mib().zip(made).map_or(0, |(now, made)| now - made);
    println!("{PEOPLE} people, {COMMENTS_MAX} comments of 8 words; {each:?} to count each");
    println!("{grown} MiB for the comments ({} MiB before)", before.unwrap_or_default());

    let follows: Vec<(UserId, bool)> = (0..1_000).map(|number| (profile(number * 7).id, number % 3 == 0)).collect();
    let mut took: Vec<Duration> = Vec::new();
    let mut found = 0;
    for asked in 0..ASKED {
        // The busiest first: they have the most in common.
        let asker = profile(asked * asked % PEOPLE).id;
        let start = Instant::now();
        found += room.suggest(&asker, &follows, &[], 50, |_| true).len();
        took.push(start.elapsed());
    }
    took.sort();
    let of = |share: usize| took[(took.len() - 1) * share / 100];
    println!(
        "a suggestion of {} people: median {:?}, 99 % {:?}, longest {:?}",
        found / ASKED as usize,
        of(50),
        of(99),
        of(100)
    );
    let start = Instant::now();
    for position in 1..=1_000 {
        room.deleted(position * 97);
    }
    println!("{:?} to forget each of 1,000 comments", start.elapsed() / 1_000);
}
