//! What a message of the load generator says of itself, found again without reading the JSON around it.

use memchr::memmem::Finder;

/// What stands before a mark in a frame. Quotes inside a text are escaped, so nobody's text can hold it.
const BEFORE: &str = "\"text\":\"load ";
const DIGITS: usize = 16;
/// The shortest text: the mark.
pub const TEXT_MIN_CHARS: usize = "load ".len() + DIGITS;

/// The text of a message with this number, filled up to `chars`.
pub fn text(number: u64, chars: usize) -> String {
    let mut text = format!("load {number:016x}");
    let filling = " and so on".chars().cycle().take(chars.saturating_sub(TEXT_MIN_CHARS));
    text.extend(filling);
    text
}

/// Finds marks.
pub struct Marks {
    finder: Finder<'static>,
}

impl Default for Marks {
    fn default() -> Self {
        Self { finder: Finder::new(BEFORE) }
    }
}

impl Marks {
    /// The number of the message in a frame, if there is one.
    pub fn number(&self, frame: &[u8]) -> Option<u64> {
        let start = self.finder.find(frame)? + BEFORE.len();
        let digits = std::str::from_utf8(frame.get(start..start + DIGITS)?).ok()?;
        u64::from_str_radix(digits, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hearth_protocol::conversation::Message;
    use hearth_protocol::ids::{SpaceId, UserId};
    use hearth_protocol::people::Profile;
    use hearth_protocol::{Event, ServerFrame};

    fn frame(text: String) -> Vec<u8> {
        let id = UserId::parse("user_1").unwrap();
        let author = Profile { id, name: None, display_name: "\"text\":\"load 0000000000000009".to_owned() };
        let message = Message {
            broadcast: None,
            media_ms: None,
            float: None,
            position: 1,
            author,
            at_ms: 2,
            text,
            reply_to: None,
            mentions: Vec::new(),
            nonce: Some("n".to_owned()),
            carries: None,
            moment: None,
            edited_ms: None,
            deleted: false,
        };
        let space = SpaceId::parse("room_1").unwrap();
        serde_json::to_vec(&ServerFrame::Event { space, seq: 3, event: Event::Message { message } }).unwrap()
    }

    #[test]
    fn a_mark_is_found_in_the_frame_as_the_server_writes_it() {
        let marks = Marks::default();
        for number in [0, 7, u64::MAX] {
            assert_eq!(marks.number(&frame(text(number, 80))), Some(number));
        }
        assert_eq!(marks.number(&frame("hello".to_owned())), None);
        assert_eq!(marks.number(b"\"text\":\"load 00"), None, "cut off");
    }

    #[test]
    fn a_text_has_the_wanted_length_and_at_least_its_mark() {
        assert_eq!(text(5, 200).chars().count(), 200);
        assert_eq!(text(5, 0).chars().count(), TEXT_MIN_CHARS);
    }
}
