//! What was said in dialogs, found again by its words.
//!
//! Both databases have a full-text index, and neither knows words of scripts without spaces. So that they find alike, both
//! are given the same words: runs of letters and digits, folded; of a script without spaces each character is one. What
//! stands together in the question stands together in what is found; the last word of a piece may go on.

use crate::Error;
use crate::conversations::Conversations;
use crate::db::{Db, Tx, params};
use crate::search::fold;
use hearth_protocol::http::FoundMessage;
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_protocol::limits::FOUND_MESSAGES_MAX;

/// Pieces of a question that count; further ones are passed over.
const PIECES_MAX: usize = 8;

/// The index in SQLite: FTS5 without a copy of the words (sqlite.org/fts5.html, section 4.4.4).
pub(crate) const SQLITE_TABLES: &str = "CREATE TABLE message_words (id INTEGER PRIMARY KEY, space TEXT NOT NULL, \
     position BIGINT NOT NULL, UNIQUE (space, position)); \
     CREATE VIRTUAL TABLE message_index USING fts5 (words, content = '', contentless_delete = 1, \
     tokenize = 'unicode61 remove_diacritics 0');";
/// The index in PostgreSQL.
pub(crate) const POSTGRES_TABLES: &str = "CREATE TABLE message_words (space TEXT NOT NULL, position BIGINT NOT NULL, \
     words TSVECTOR NOT NULL, PRIMARY KEY (space, position)); \
     CREATE INDEX message_words_found ON message_words USING GIN (words);";

/// Scripts that write no spaces between words: each character is a word here.
fn stands_alone(character: char) -> bool {
    // Thai, Lao, Burmese and Khmer; kana, Han.
    matches!(character, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3040}'..='\u{30FF}'
        | '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{3134F}')
}

/// The words of a text, in order.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for character in fold(text).chars() {
        if stands_alone(character) {
            words.push(character.to_string());
            words.push(String::new());
        } else if !character.is_alphanumeric() {
            words.push(String::new());
        } else if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The question for a database; `None`: there is no word in it.
fn question(text: &str, of_piece: impl Fn(&[String]) -> String, and: &str) -> Option<String> {
    let pieces: Vec<String> = text
        .split_whitespace()
        .map(words)
        .filter(|words| !words.is_empty())
        .take(PIECES_MAX)
        .map(|words| of_piece(&words))
        .collect();
    (!pieces.is_empty()).then(|| pieces.join(and))
}

/// In the words of FTS5. Words hold letters and digits only: nothing of them is an operator inside quotes.
fn for_sqlite(text: &str) -> Option<String> {
    question(text, |words| format!("\"{}\" *", words.join(" ")), " AND ")
}

/// In the words of `to_tsquery`.
fn for_postgres(text: &str) -> Option<String> {
    let quoted = |word: &String| format!("'{word}'");
    question(text, |words| format!("({}:*)", words.iter().map(quoted).collect::<Vec<_>>().join(" <-> ")), " & ")
}

const SQLITE_FIND: &str = "SELECT w.space, w.position FROM message_index f JOIN message_words w ON w.id = f.rowid \
     JOIN messages m ON m.space = w.space AND m.position = w.position WHERE f.message_index MATCH $2 \
     AND w.space IN (SELECT dialog_id FROM dialog_members WHERE user_id = $1) AND ($3 = '' OR w.space = $3) \
     AND m.at_ms < $4 ORDER BY m.at_ms DESC, m.position DESC LIMIT $5";
const POSTGRES_FIND: &str = "SELECT w.space, w.position FROM message_words w \
     JOIN messages m ON m.space = w.space AND m.position = w.position WHERE w.words @@ to_tsquery('simple', $2) \
     AND w.space IN (SELECT dialog_id FROM dialog_members WHERE user_id = $1) AND ($3 = '' OR w.space = $3) \
     AND m.at_ms < $4 ORDER BY m.at_ms DESC, m.position DESC LIMIT $5";

/// What was said in dialogs that somebody is in, and holds all words, the newest first, and whether there is more;
/// at most [`FOUND_MESSAGES_MAX`].
pub(crate) async fn find(
    db: &Db,
    user: &UserId,
    text: &str,
    dialog: Option<&SpaceId>,
    before_ms: Option<u64>,
) -> Result<(Vec<FoundMessage>, bool), Error> {
    let (sql, question) = match db {
        Db::Sqlite { .. } => (SQLITE_FIND, for_sqlite(text)),
        Db::Postgres(_) => (POSTGRES_FIND, for_postgres(text)),
    };
    let Some(question) = question else { return Ok((Vec::new(), false)) };
    let limit = FOUND_MESSAGES_MAX as u64;
    let (dialog, before) = (dialog.map_or("", SpaceId::as_str), before_ms.unwrap_or(i64::MAX as u64));
    let rows = db.all(sql, params![user.as_str(), &question, dialog, before, limit + 1]).await?;
    let mut found = Vec::new();
    for row in rows.iter().take(FOUND_MESSAGES_MAX) {
        let (dialog, position): (SpaceId, u64) = (row.id("space")?, row.int("position")?);
        let message = Conversations(db).message(&dialog, position).await?;
        found.extend(message.map(|message| FoundMessage { dialog, message }));
    }
    Ok((found, rows.len() > FOUND_MESSAGES_MAX))
}

/// Something was said, or said in other words; nothing: it was deleted.
pub(crate) async fn set(tx: &mut Tx, dialog: &SpaceId, position: u64, text: &str) -> Result<(), Error> {
    let words = words(text).join(" ");
    let place = || params![dialog.as_str(), position];
    if let Tx::Postgres(_) = tx {
        let sql = "INSERT INTO message_words (space, position, words) VALUES ($1, $2, to_tsvector('simple', $3)) \
                   ON CONFLICT (space, position) DO UPDATE SET words = excluded.words";
        return tx.execute(sql, params![dialog.as_str(), position, &words]).await.map(drop);
    }
    let sql = "INSERT INTO message_words (space, position) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    if tx.execute(sql, place()).await? == 0 {
        let sql = "DELETE FROM message_index WHERE rowid = \
                   (SELECT id FROM message_words WHERE space = $1 AND position = $2)";
        tx.execute(sql, place()).await?;
    }
    let sql = "INSERT INTO message_index (rowid, words) \
               SELECT id, $3 FROM message_words WHERE space = $1 AND position = $2";
    tx.execute(sql, params![dialog.as_str(), position, &words]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_letters_and_single_characters_where_no_spaces_are_written() {
        assert_eq!(words("Don't PANIC, 周日见 42!"), ["don", "t", "panic", "周", "日", "见", "42"]);
        assert_eq!(words("…"), Vec::<String>::new());
    }

    #[test]
    fn a_question_keeps_together_what_stands_together_and_holds_no_operators() {
        assert_eq!(
            for_sqlite("周日 pan\" OR x").as_deref(),
            Some("\"周 日\" * AND \"pan\" * AND \"or\" * AND \"x\" *")
        );
        assert_eq!(for_postgres("周日 it's").as_deref(), Some("('周' <-> '日':*) & ('it' <-> 's':*)"));
        assert_eq!(for_sqlite(" ! "), None);
        assert_eq!(for_sqlite(&"a ".repeat(20)).unwrap().matches("\"a\"").count(), PIECES_MAX);
    }
}
