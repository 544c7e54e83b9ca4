//! The ordered, stored messages of a space.
//!
//! A message is *accepted* when it has a position and is on its way to the store, and *said* when it is stored:
//! only then others hear it and its author gets a reply. What the author named it (its nonce) makes repeats harmless.

use hearth_protocol::conversation::{Carried, Float, Message, Moment, QUOTE_MAX_CHARS, Quote};
use hearth_protocol::ids::UserId;
use hearth_protocol::limits::{LimitName, MESSAGE_MAX_CHARS, NONCE_MAX_BYTES};
use hearth_protocol::people::Profile;
use hearth_protocol::space::Role;
use hearth_protocol::text::{beginning, clean_message};
use hearth_protocol::{Outcome, Rejection};
use std::collections::{BTreeMap, VecDeque};

use super::limits::{
    AUTHORS_MAX, MENTIONS_MAX, MESSAGES_IN_FLIGHT_MAX, MODERATOR_MESSAGE_RATE, NONCES_MAX, RECENT_MESSAGES_MAX,
    REPEATS_WAITING_MAX, VIEWER_MESSAGE_RATE, invalid, past, too_fast,
};
use super::rate::{Rate, TokenBucket};
use super::stream::redact;
use crate::input::{RequestId, Time};

/// A message on its way to the store.
#[derive(Debug)]
pub struct Accepted {
    /// What is stored.
    pub message: Message,
    /// Who waits for it; the first is the one that sent it, the others repeated it.
    pub requests: Vec<RequestId>,
    role: Role,
    /// When its author had spoken before, for slow mode, should it not be stored.
    spoke_before: Option<Time>,
}

#[derive(Debug)]
struct Author {
    bucket: TokenBucket,
    spoke: Option<Time>,
}

/// A message as somebody wants to say it.
#[derive(Debug)]
pub struct Draft<'a> {
    /// Who.
    pub author: &'a Profile,
    /// As what.
    pub role: Role,
    /// What.
    pub text: &'a str,
    /// What its author calls it.
    pub nonce: &'a str,
    /// The message it answers, looked up.
    pub reply_to: Option<Message>,
    /// Whom it mentions, looked up.
    pub mentions: Vec<Profile>,
    /// In which broadcast it is said, and at which media time of it, in milliseconds.
    pub media_time: Option<(u64, u64)>,
    /// How it floats over the picture.
    pub float: Option<Float>,
    /// What it carries, looked up.
    pub carries: Option<&'a Carried>,
    /// The moment of a film it belongs to.
    pub moment: Option<Moment>,
}

/// What is to be done with a draft.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Verdict {
    /// Store it: it is accepted.
    Store(Message),
    /// It was said before: answer with that.
    Said(Outcome),
    /// It is on its way already: whoever repeats it waits for it.
    OnItsWay,
}

/// The messages of a space.
#[derive(Debug)]
pub struct Conversation {
    last_position: u64,
    recent: VecDeque<Message>,
    more: bool,
    nonces: BTreeMap<(UserId, String), (u64, u64)>,
    nonce_order: VecDeque<(UserId, String)>,
    in_flight: BTreeMap<u64, Accepted>,
    authors: BTreeMap<UserId, Author>,
    /// Seconds of slow mode; 0 is off.
    pub slow_mode_s: u32,
}

/// The words of a message as they are kept: what carries something may have none.
///
/// Errors: they are too long, or nothing of them shows.
pub fn words(text: &str, carries: bool) -> Result<String, Rejection> {
    if text.chars().count() > MESSAGE_MAX_CHARS {
        return Err(past(LimitName::MessageChars, MESSAGE_MAX_CHARS));
    }
    match clean_message(text) {
        Some(text) => Ok(text),
        None if carries => Ok(String::new()),
        None => Err(invalid("text", "nothing that shows")),
    }
}

fn rate_of(role: Role) -> Rate {
    if role == Role::Viewer { VIEWER_MESSAGE_RATE } else { MODERATOR_MESSAGE_RATE }
}

impl Conversation {
    /// As it was stored.
    pub fn new(last_position: u64, messages: Vec<Message>, more: bool, slow_mode_s: u32) -> Self {
        let mut conversation = Self {
            last_position,
            recent: VecDeque::new(),
            more,
            nonces: BTreeMap::new(),
            nonce_order: VecDeque::new(),
            in_flight: BTreeMap::new(),
            authors: BTreeMap::new(),
            slow_mode_s,
        };
        for message in messages {
            conversation.last_position = conversation.last_position.max(message.position);
            conversation.keep(message);
        }
        conversation
    }

    /// The latest messages, at most `max`, and whether there are older ones.
    pub fn latest(&self, max: usize) -> (Vec<Message>, bool) {
        let skipped = self.recent.len().saturating_sub(max);
        (self.recent.iter().skip(skipped).cloned().collect(), self.more || skipped > 0)
    }

    /// The messages that are at hand, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Message> + Clone {
        self.recent.iter()
    }

    /// What was said last.
    pub fn newest(&self) -> Option<&Message> {
        self.recent.back()
    }

    /// The last position given.
    pub fn last_position(&self) -> u64 {
        self.last_position
    }

    /// A message that is at hand.
    pub fn recent(&self, position: u64) -> Option<&Message> {
        let index = self.recent.binary_search_by_key(&position, |message| message.position).ok()?;
        self.recent.get(index)
    }

    /// How many are on their way.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Weighs a draft. An accepted one has its position; [`Conversation::accept`] then waits for the store.
    ///
    /// Errors: what is wrong with it, or when to try again.
    pub fn weigh(&mut self, now: Time, draft: &Draft<'_>) -> Result<Verdict, Rejection> {
        if draft.nonce.is_empty() || draft.nonce.len() > NONCE_MAX_BYTES {
            return Err(invalid("nonce", "1 to 40 bytes"));
        }
        let name = (draft.author.id.clone(), draft.nonce.to_owned());
        if let Some((position, at_ms)) = self.nonces.get(&name) {
            return Ok(Verdict::Said(Outcome::Sent { position: *position, at_ms: *at_ms }));
        }
        if self.repeat_of(draft).is_some() {
            return Ok(Verdict::OnItsWay);
        }
        let text = words(draft.text, draft.carries.is_some())?;
        if draft.mentions.len() > MENTIONS_MAX {
            return Err(invalid("mentions", "at most 10"));
        }
        if draft.float.as_ref().is_some_and(|float| !is_color(&float.color)) {
            return Err(invalid("float", "a colour is # and six hexadecimal digits, lower case"));
        }
        if self.in_flight.len() >= MESSAGES_IN_FLIGHT_MAX {
            return Err(past(LimitName::MessagesInFlight, MESSAGES_IN_FLIGHT_MAX));
        }
        self.charge(now, &draft.author.id, draft.role)?;
        self.last_position += 1;
        Ok(Verdict::Store(Message {
            broadcast: draft.media_time.map(|(broadcast, _)| broadcast),
            media_ms: draft.media_time.map(|(_, ms)| ms),
            float: draft.float.clone(),
            position: self.last_position,
            author: draft.author.clone(),
            at_ms: now.0,
            text,
            reply_to: draft.reply_to.as_ref().map(quote),
            mentions: draft.mentions.clone(),
            nonce: Some(draft.nonce.to_owned()),
            carries: draft.carries.cloned(),
            moment: draft.moment.clone(),
            edited_ms: None,
            deleted: false,
        }))
    }

    fn repeat_of(&self, draft: &Draft<'_>) -> Option<u64> {
        let same = |accepted: &&Accepted| {
            accepted.message.author.id == draft.author.id && accepted.message.nonce.as_deref() == Some(draft.nonce)
        };
        self.in_flight.values().rev().find(same).map(|accepted| accepted.message.position)
    }

    /// Lets a repeat wait for the message it repeats.
    ///
    /// Errors: [`Rejection::Busy`] where too many wait for it.
    pub fn wait_for_it(&mut self, draft: &Draft<'_>, request: RequestId) -> Result<(), Rejection> {
        let accepted = self.repeat_of(draft).and_then(|position| self.in_flight.get_mut(&position));
        match accepted {
            Some(accepted) if accepted.requests.len() <= REPEATS_WAITING_MAX => {
                accepted.requests.push(request);
                Ok(())
            }
            _ => Err(Rejection::Busy),
        }
    }

    /// An author's pace: their own rate, and for viewers slow mode.
    fn charge(&mut self, now: Time, author: &UserId, role: Role) -> Result<(), Rejection> {
        if self.authors.len() >= AUTHORS_MAX && !self.authors.contains_key(author) {
            let slow_ms = u64::from(self.slow_mode_s) * 1_000;
            self.authors.retain(|_, author| {
                !author.bucket.rests(now, VIEWER_MESSAGE_RATE)
                    || author.spoke.is_some_and(|spoke| now.since_ms(spoke) < slow_ms)
            });
            if self.authors.len() >= AUTHORS_MAX {
                return Err(Rejection::Busy);
            }
        }
        let rate = rate_of(role);
        let pace = self
            .authors
            .entry(author.clone())
            .or_insert_with(|| Author { bucket: TokenBucket::full(now, rate), spoke: None });
        if role == Role::Viewer
            && let Some(spoke) = pace.spoke
        {
            let slow_ms = u64::from(self.slow_mode_s) * 1_000;
            let passed = now.since_ms(spoke);
            if passed < slow_ms {
                return Err(Rejection::SlowMode { retry_after_ms: slow_ms - passed });
            }
        }
        pace.bucket.take(now, rate).map_err(|wait| too_fast(LimitName::MessageRate, rate, wait))
    }

    /// Waits for the store to take an accepted message.
    pub fn accept(&mut self, now: Time, message: Message, role: Role, request: RequestId) {
        let spoke_before = self.authors.get_mut(&message.author.id).and_then(|author| author.spoke.replace(now));
        let position = message.position;
        self.in_flight.insert(position, Accepted { message, requests: vec![request], role, spoke_before });
    }

    /// A message was stored, at its position or, as a repeat of one stored long ago, at another.
    /// Gives who waits for it, and the message if it is a new one.
    pub fn stored(&mut self, position: u64, at: u64) -> Option<(Accepted, bool)> {
        let accepted = self.in_flight.remove(&position)?;
        let message = &accepted.message;
        if let Some(nonce) = &message.nonce {
            self.remember((message.author.id.clone(), nonce.clone()), (at, message.at_ms));
        }
        let new = at == position;
        if new {
            self.keep(message.clone());
        }
        Some((accepted, new))
    }

    /// A message was not stored: it costs its author nothing.
    pub fn not_stored(&mut self, position: u64) -> Option<Accepted> {
        let accepted = self.in_flight.remove(&position)?;
        if let Some(author) = self.authors.get_mut(&accepted.message.author.id) {
            author.bucket.give_back(rate_of(accepted.role));
            author.spoke = accepted.spoke_before;
        }
        Some(accepted)
    }

    fn remember(&mut self, name: (UserId, String), place: (u64, u64)) {
        if self.nonces.insert(name.clone(), place).is_none() {
            self.nonce_order.push_back(name);
        }
        while self.nonce_order.len() > NONCES_MAX {
            let Some(oldest) = self.nonce_order.pop_front() else { break };
            self.nonces.remove(&oldest);
        }
    }

    fn keep(&mut self, message: Message) {
        // Commits are reported in order; a report out of order must not hide messages from the search by position.
        let place = self.recent.partition_point(|kept| kept.position < message.position);
        self.recent.insert(place, message);
        if self.recent.len() > RECENT_MESSAGES_MAX {
            self.recent.pop_front();
            self.more = true;
        }
    }

    /// Takes a deleted message's text out of what is at hand.
    pub fn redact(&mut self, position: u64) {
        for message in &mut self.recent {
            redact(message, position);
        }
        for accepted in self.in_flight.values_mut() {
            redact(&mut accepted.message, position);
        }
    }

    /// A message has other words now.
    pub fn edit(&mut self, position: u64, text: &str, at: Time) {
        for message in &mut self.recent {
            if message.position == position && !message.deleted {
                text.clone_into(&mut message.text);
                message.edited_ms = Some(at.0);
            }
        }
    }

    /// Somebody has another name now: what they said lately shows it.
    pub fn author_renamed(&mut self, profile: &Profile) {
        for message in self.recent.iter_mut().filter(|message| message.author.id == profile.id) {
            message.author = profile.clone();
        }
    }
}

fn is_color(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix('#').is_some_and(|digits| digits.len() == 6 && digits.bytes().all(digit))
}

fn quote(message: &Message) -> Quote {
    Quote {
        position: message.position,
        author: message.author.clone(),
        text: beginning(&message.text, QUOTE_MAX_CHARS),
        carries: message.carries.as_ref().map(Carried::cargo),
    }
}
