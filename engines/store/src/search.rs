//! What rooms are found by: folded text in columns, and the same question asked of a room that is live.

use crate::Error;
use crate::db::{Param, json_column, params};
use hearth_protocol::live_rooms::{About, Entry};
use hearth_protocol::people::Profile;

/// Words of a question that count; further ones are passed over.
pub const SEARCH_WORDS_MAX: usize = 4;

/// Which rooms are looked for. What is empty asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoomSearch {
    /// Words, each of which is in a title, category, tag or name.
    pub words: Vec<String>,
    /// The category, whatever its case.
    pub category: String,
    /// The language as a BCP 47 tag; `zh` finds `zh-Hant` too (RFC 4647, section 3.3.1).
    pub language: String,
    /// A tag, whatever its case.
    pub tag: String,
    /// Whether who asks has an account: the others find open rooms only.
    pub with_account: bool,
}

impl RoomSearch {
    /// Whether a room is one of those looked for.
    pub fn finds(&self, host: &Profile, about: &About) -> bool {
        let name = host.name.as_deref().unwrap_or_default();
        let text = format!("{} {} {}", words(about), fold(&host.display_name), fold(name));
        let (language, wanted) = (fold(&about.language), fold(&self.language));
        (self.with_account || about.entry == Entry::Open)
            && self.words.iter().take(SEARCH_WORDS_MAX).all(|word| text.contains(&fold(word)))
            && (self.category.is_empty() || fold(&about.category) == fold(&self.category))
            && (wanted.is_empty() || language == wanted || language.starts_with(&format!("{wanted}-")))
            && (self.tag.is_empty() || about.tags.iter().any(|tag| fold(tag) == fold(&self.tag)))
    }

    /// The parameters `$1` to `$9` of [`found_sql`].
    pub(crate) fn params(&self) -> Vec<Param> {
        let word = |at: usize| self.words.get(at).map_or("%".to_owned(), |word| format!("%{}%", escaped(&fold(word))));
        let tag = if self.tag.is_empty() { "%".to_owned() } else { format!("%\n{}\n%", escaped(&fold(&self.tag))) };
        let language = fold(&self.language);
        let narrower = format!("{}-%", escaped(&language));
        params![
            &word(0),
            &word(1),
            &word(2),
            &word(3),
            &fold(&self.category),
            &language,
            &narrower,
            &tag,
            self.with_account
        ]
    }
}

/// The condition on `rooms r` and `users u`.
macro_rules! found_sql {
    () => {
        "u.disabled = 0 AND (r.words || ' ' || u.display_key || ' ' || u.name_key) LIKE $1 ESCAPE '\\' \
         AND (r.words || ' ' || u.display_key || ' ' || u.name_key) LIKE $2 ESCAPE '\\' \
         AND (r.words || ' ' || u.display_key || ' ' || u.name_key) LIKE $3 ESCAPE '\\' \
         AND (r.words || ' ' || u.display_key || ' ' || u.name_key) LIKE $4 ESCAPE '\\' \
         AND ($5 = '' OR r.category_key = $5) \
         AND ($6 = '' OR r.language_key = $6 OR r.language_key LIKE $7 ESCAPE '\\') \
         AND r.tags_key LIKE $8 ESCAPE '\\' AND ($9 = 1 OR r.entry = 'open')"
    };
}
pub(crate) use found_sql;

/// Text as it is compared: in lower case.
pub(crate) fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// What stands for itself in a LIKE pattern.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

fn words(about: &About) -> String {
    fold(&format!("{} {} {}", about.title, about.category, about.tags.join(" ")))
}

/// The statement that sets what a room says of itself.
pub(crate) fn set_about(room: &str, about: &About) -> Result<(&'static str, Vec<Param>), Error> {
    let entry = match about.entry {
        Entry::Open => "open",
        Entry::Link => "link",
        Entry::Accounts => "accounts",
    };
    let tags: String = about.tags.iter().map(|tag| format!("\n{}\n", fold(tag))).collect();
    let sql = "UPDATE rooms SET about = $2, entry = $3, words = $4, category_key = $5, language_key = $6, tags_key = $7 \
               WHERE id = $1";
    let (category, language) = (fold(&about.category), fold(&about.language));
    Ok((sql, params![room, &json_column(about)?, entry, &words(about), &category, &language, &tags]))
}
