//! What text of strangers may hold, decided in one place.
//!
//! Messages keep what was typed, less control characters: they are shown isolated (`<bdi>`) and never as markup.
//! Names are stricter: they stand inside other people's sentences, so they lose every character that reorders,
//! hides or stacks (Unicode UAX #9 controls, UTS #39 default ignorables).

/// Whether a character reorders text around it (UAX #9, section 2).
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character shows nothing by itself and so could make two names look alike.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' | '\u{206A}'..='\u{206F}'
        | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether a character is stacked onto the one before it.
fn is_combining(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0489}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}

/// The most combining marks in a row that a name keeps.
const COMBINING_MAX: usize = 3;

/// A one-line name fit to stand in other people's sentences, or `None` where nothing is left of it
/// or it is longer than `max_chars` Unicode scalar values.
pub fn clean_name(text: &str, max_chars: usize) -> Option<String> {
    let mut name = String::with_capacity(text.len().min(4 * max_chars));
    let mut combining = 0;
    for c in text.chars() {
        let c = if c.is_whitespace() { ' ' } else { c };
        combining = if is_combining(c) { combining + 1 } else { 0 };
        let kept = !c.is_control() && !is_bidi_control(c) && !is_invisible(c) && combining <= COMBINING_MAX;
        if kept && !(c == ' ' && (name.is_empty() || name.ends_with(' '))) {
            name.push(c);
        }
    }
    let name = name.trim_end();
    // A name of marks alone, or of joiners alone, shows nothing.
    let shows = name.chars().any(|c| !is_combining(c) && !matches!(c, ' ' | '\u{200C}' | '\u{200D}'));
    (shows && name.chars().count() <= max_chars).then(|| name.to_owned())
}

/// A message's text without control characters (line breaks and tabs stay) and without blank ends,
/// or `None` where nothing is left.
pub fn clean_message(text: &str) -> Option<String> {
    let kept: String =
        text.replace("\r\n", "\n").chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let trimmed = kept.trim();
    let shows = trimmed.chars().any(|c| !c.is_whitespace() && !is_invisible(c) && !is_bidi_control(c));
    shows.then(|| trimmed.to_owned())
}

/// The text's first `max_chars` characters, with an ellipsis where some were cut.
pub fn beginning(text: &str, max_chars: usize) -> String {
    if text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(max_chars - 1).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_reorders_or_hides() {
        assert_eq!(clean_name("  Ana\u{202E}  Bo\u{200B}\n", 40).as_deref(), Some("Ana Bo"));
        assert_eq!(clean_name("<b>Ana</b>", 40).as_deref(), Some("<b>Ana</b>"), "markup is text");
        assert_eq!(clean_name("李小明", 40).as_deref(), Some("李小明"));
        assert_eq!(clean_name("👩‍👩‍👧", 40).as_deref(), Some("👩‍👩‍👧"), "joined emoji stay");
        for nothing in ["", " \u{200B}\u{FEFF}", "\u{202E}", "\u{0301}", "\u{3164}"] {
            assert_eq!(clean_name(nothing, 40), None, "{nothing:?}");
        }
    }

    #[test]
    fn stacked_marks_are_thinned() {
        let name = clean_name(&format!("Z{}", "\u{0301}".repeat(30)), 40).unwrap();
        assert_eq!(name.chars().count(), 1 + COMBINING_MAX);
    }

    #[test]
    fn a_name_may_be_as_long_as_the_limit_and_no_longer() {
        assert!(clean_name(&"名".repeat(40), 40).is_some());
        assert!(clean_name(&"名".repeat(41), 40).is_none());
    }

    #[test]
    fn messages_keep_lines_and_lose_controls() {
        assert_eq!(clean_message(" a\r\nb\u{0000}\u{0007} ").as_deref(), Some("a\nb"));
        assert_eq!(clean_message(" \n\t\u{200B} "), None);
    }

    #[test]
    fn a_beginning_ends_with_an_ellipsis_only_when_cut() {
        assert_eq!(beginning("abc", 3), "abc");
        assert_eq!(beginning("abcd", 3), "ab…");
    }
}
