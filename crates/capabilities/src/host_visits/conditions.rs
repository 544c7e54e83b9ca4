//! Which hosts are wanted: what can be asked for, and who meets it.

use hearth_protocol::Rejection;
use hearth_protocol::host_visits::Conditions;
use hearth_protocol::limits::{LimitName, TAG_MAX_CHARS, TAGS_MAX};
use hearth_protocol::live_rooms::About;
use hearth_protocol::text::clean_name;

use crate::kernel::limits::{invalid, past};
use crate::live_rooms::about::is_language;

/// Conditions as they are kept: without empty ones, and each tag once.
///
/// Errors: [`Rejection::Invalid`] where there is none, or where they contradict each other; which limit is past.
pub fn clean(conditions: Conditions) -> Result<Conditions, Rejection> {
    if conditions.tags.len() > TAGS_MAX {
        return Err(past(LimitName::Tags, TAGS_MAX));
    }
    let mut tags: Vec<String> = Vec::new();
    for tag in conditions.tags {
        if let Some(tag) = word(&tag)?
            && !tags.contains(&tag)
        {
            tags.push(tag);
        }
    }
    let category = conditions.category.as_deref().map(word).transpose()?.flatten();
    let language = conditions.language.filter(|language| !language.is_empty());
    if language.as_deref().is_some_and(|language| !is_language(language)) {
        return Err(invalid("language", "a BCP 47 tag such as en or zh-Hans"));
    }
    if let (Some(from), Some(to)) = (conditions.audience_from, conditions.audience_to)
        && from > to
    {
        return Err(invalid("audience_from", "above audience_to: nobody meets that"));
    }
    let clean = Conditions { category, language, tags, ..conditions };
    if clean == Conditions::default() { Err(invalid("conditions", "at least one")) } else { Ok(clean) }
}

fn word(text: &str) -> Result<Option<String>, Rejection> {
    if text.chars().count() > TAG_MAX_CHARS {
        return Err(past(LimitName::TagChars, TAG_MAX_CHARS));
    }
    Ok(clean_name(text, TAG_MAX_CHARS))
}

/// Whether a room of so many people meets the conditions that can be seen of it from outside: all but `followed` and
/// `standing_from`.
pub fn room_meets(conditions: &Conditions, about: &About, audience: u32) -> bool {
    let category = conditions.category.as_deref().is_none_or(|category| alike(category, &about.category));
    let language = conditions.language.as_deref().is_none_or(|language| same_language(language, &about.language));
    let tags = conditions.tags.iter().all(|tag| about.tags.iter().any(|other| alike(tag, other)));
    let enough = conditions.audience_from.is_none_or(|from| audience >= from);
    let not_too_many = conditions.audience_to.is_none_or(|to| audience <= to);
    category && language && tags && enough && not_too_many
}

/// Whether two words are the same but for their case.
pub fn alike(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// Whether two language tags name the same language: their first subtags are the same (RFC 5646, section 2.2.1).
pub fn same_language(one: &str, other: &str) -> bool {
    let first = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    !one.is_empty() && first(one) == first(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field_of(conditions: Conditions) -> Option<String> {
        match clean(conditions) {
            Err(Rejection::Invalid { field, .. }) => Some(field),
            Err(Rejection::Limit { limit, .. }) => Some(format!("{limit:?}")),
            _ => None,
        }
    }

    #[test]
    fn no_condition_and_contradictory_ones_are_refused() {
        assert_eq!(field_of(Conditions::default()).as_deref(), Some("conditions"));
        let blank = Conditions {
            category: Some("  ".to_owned()),
            language: Some(String::new()),
            tags: vec![" ".to_owned()],
            ..Conditions::default()
        };
        assert_eq!(field_of(blank).as_deref(), Some("conditions"), "what says nothing is no condition");
        let audience = |from, to| Conditions { audience_from: from, audience_to: to, ..Conditions::default() };
        assert_eq!(field_of(audience(Some(10), Some(9))).as_deref(), Some("audience_from"));
        assert_eq!(field_of(audience(Some(10), Some(10))), None);
        assert_eq!(field_of(audience(None, Some(0))), None);
        let language = Conditions { language: Some("english!".to_owned()), ..Conditions::default() };
        assert_eq!(field_of(language).as_deref(), Some("language"));
        for one in [
            Conditions { followed: true, ..Conditions::default() },
            Conditions { standing_from: Some(0), ..Conditions::default() },
        ] {
            assert_eq!(field_of(one), None);
        }
    }

    #[test]
    fn one_past_each_limit_is_refused_by_name() {
        let tags = |n: usize| Conditions { tags: (0..n).map(|i| format!("t{i}")).collect(), ..Conditions::default() };
        assert_eq!(field_of(tags(TAGS_MAX)), None);
        assert_eq!(field_of(tags(TAGS_MAX + 1)).as_deref(), Some("Tags"));
        let category = |n: usize| Conditions { category: Some("面".repeat(n)), ..Conditions::default() };
        assert_eq!(field_of(category(TAG_MAX_CHARS)), None);
        assert_eq!(field_of(category(TAG_MAX_CHARS + 1)).as_deref(), Some("TagChars"));
    }

    #[test]
    fn a_room_meets_all_that_is_asked_or_is_not_meant() {
        let about = About {
            category: "Baking".to_owned(),
            language: "zh-Hans".to_owned(),
            tags: vec!["Bread".to_owned(), "面包".to_owned()],
            ..About::default()
        };
        let all = Conditions {
            category: Some("baking".to_owned()),
            language: Some("zh".to_owned()),
            audience_from: Some(5),
            audience_to: Some(5),
            tags: vec!["面包".to_owned(), "bread".to_owned()],
            ..Conditions::default()
        };
        assert!(room_meets(&all, &about, 5));
        assert!(!room_meets(&all, &about, 4));
        assert!(!room_meets(&all, &about, 6));
        let other = |change: fn(&mut Conditions)| {
            let mut other = all.clone();
            change(&mut other);
            room_meets(&other, &about, 5)
        };
        assert!(!other(|one| one.category = Some("music".to_owned())));
        assert!(!other(|one| one.language = Some("en".to_owned())));
        assert!(!other(|one| one.tags.push("rye".to_owned())));
    }
}
