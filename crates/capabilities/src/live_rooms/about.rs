//! What a room may say of itself.

use hearth_protocol::Rejection;
use hearth_protocol::limits::{LimitName, RULES_MAX_CHARS, TAG_MAX_CHARS, TAGS_MAX, TITLE_MAX_CHARS};
use hearth_protocol::live_rooms::About;
use hearth_protocol::text::{clean_message, clean_name};

use crate::kernel::limits::{invalid, past};

/// The longest language tag, in bytes (RFC 5646, section 4.4.1, asks for room for 35).
const LANGUAGE_MAX_BYTES: usize = 35;

/// What a room says of itself, cleaned.
///
/// Errors: which limit it goes past, or which field can't be taken.
pub fn clean(about: About) -> Result<About, Rejection> {
    if about.tags.len() > TAGS_MAX {
        return Err(past(LimitName::Tags, TAGS_MAX));
    }
    let mut tags: Vec<String> = Vec::new();
    for tag in &about.tags {
        let tag = line(tag, TAG_MAX_CHARS, LimitName::TagChars)?;
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    if about.rules.chars().count() > RULES_MAX_CHARS {
        return Err(past(LimitName::RulesChars, RULES_MAX_CHARS));
    }
    if !about.language.is_empty() && !is_language(&about.language) {
        return Err(invalid("language", "a BCP 47 tag such as en or zh-Hans"));
    }
    Ok(About {
        title: line(&about.title, TITLE_MAX_CHARS, LimitName::TitleChars)?,
        category: line(&about.category, TAG_MAX_CHARS, LimitName::TagChars)?,
        language: about.language,
        tags,
        rules: clean_message(&about.rules).unwrap_or_default(),
        entry: about.entry,
    })
}

/// One line that others read; empty where nothing of it shows.
fn line(text: &str, max_chars: usize, limit: LimitName) -> Result<String, Rejection> {
    if text.chars().count() > max_chars {
        return Err(past(limit, max_chars));
    }
    Ok(clean_name(text, max_chars).unwrap_or_default())
}

/// The shape of a language tag: subtags of one to eight letters and digits (RFC 5646, section 2.1), the first of letters.
pub fn is_language(tag: &str) -> bool {
    let subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let first = tag.split('-').next().unwrap_or_default();
    tag.len() <= LANGUAGE_MAX_BYTES
        && tag.split('-').all(subtag)
        && first.len() >= 2
        && first.bytes().all(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_past_each_limit_is_refused_by_name() {
        let base = About::default();
        let limit_of = |about: About| match clean(about) {
            Err(Rejection::Limit { limit, .. }) => Some(limit),
            _ => None,
        };
        let title = |n| About { title: "t".repeat(n), ..base.clone() };
        assert_eq!(limit_of(title(TITLE_MAX_CHARS)), None);
        assert_eq!(limit_of(title(TITLE_MAX_CHARS + 1)), Some(LimitName::TitleChars));
        let rules = |n| About { rules: "r".repeat(n), ..base.clone() };
        assert_eq!(limit_of(rules(RULES_MAX_CHARS)), None);
        assert_eq!(limit_of(rules(RULES_MAX_CHARS + 1)), Some(LimitName::RulesChars));
        let tags = |n: usize| About { tags: (0..n).map(|i| format!("t{i}")).collect(), ..base.clone() };
        assert_eq!(limit_of(tags(TAGS_MAX)), None);
        assert_eq!(limit_of(tags(TAGS_MAX + 1)), Some(LimitName::Tags));
        let tag = |n| About { tags: vec!["名".repeat(n)], ..base.clone() };
        assert_eq!(limit_of(tag(TAG_MAX_CHARS)), None);
        assert_eq!(limit_of(tag(TAG_MAX_CHARS + 1)), Some(LimitName::TagChars));
    }

    #[test]
    fn languages_have_the_shape_of_a_tag() {
        for (tag, fine) in
            [("en", true), ("zh-Hans", true), ("e", false), ("<b>", false), ("en-", false), ("123", false)]
        {
            let about = About { language: tag.to_owned(), ..About::default() };
            assert_eq!(clean(about).is_ok(), fine, "{tag}");
        }
    }

    #[test]
    fn tags_are_said_once_and_empty_ones_not_at_all() {
        let tags = ["cats", " cats ", "", "\u{202E}"].map(str::to_owned).to_vec();
        assert_eq!(clean(About { tags, ..About::default() }).unwrap().tags, ["cats"]);
    }
}
