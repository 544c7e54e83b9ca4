//! The schema and the way to it from older ones.

use crate::Error;
use crate::db::{Db, Tx, params};
use crate::search;

/// Every step from nothing to the present schema; a step, once released, never changes.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_foundation.sql"),
    include_str!("../migrations/0002_live_rooms.sql"),
    include_str!("../migrations/0003_preferences.sql"),
    include_str!("../migrations/0004_discussion_groups.sql"),
    include_str!("../migrations/0005_host_visits.sql"),
    include_str!("../migrations/0006_dialogs.sql"),
    include_str!("../migrations/0007_message_words.sql"),
    include_str!("../migrations/0008_dialog_videos.sql"),
];
/// The step whose columns hold folded text, which SQL alone can't fold.
const FOLDED_SINCE: i64 = 2;
/// The step since which titles of films are folded.
const TITLES_FOLDED_SINCE: i64 = 8;

/// The schema's version: how many steps were taken.
pub const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;

/// Brings the database to [`SCHEMA_VERSION`], all steps in one transaction.
///
/// Errors: [`Error::DatabaseNewer`] where it is beyond it already; nothing was changed then.
pub(crate) async fn migrate(db: &Db) -> Result<(), Error> {
    let mut tx = db.begin_alone().await?;
    tx.execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)", params![]).await?;
    let row = tx.optional("SELECT version FROM schema_version", params![]).await?;
    let found = row.map(|row| row.int("version")).transpose()?.unwrap_or(0) as i64;
    if found > SCHEMA_VERSION {
        return Err(Error::DatabaseNewer { found, known: SCHEMA_VERSION });
    }
    for step in &MIGRATIONS[found as usize..] {
        tx.script(step).await?;
    }
    if found < FOLDED_SINCE {
        fold(&mut tx).await?;
    }
    if found < TITLES_FOLDED_SINCE {
        for row in tx.all("SELECT id, title FROM videos", params![]).await? {
            let (id, key) = (row.text("id")?, search::fold(&row.text("title")?));
            tx.execute("UPDATE videos SET title_key = $2 WHERE id = $1", params![&id, &key]).await?;
        }
    }
    if found < SCHEMA_VERSION {
        tx.execute("DELETE FROM schema_version", params![]).await?;
        tx.execute("INSERT INTO schema_version (version) VALUES ($1)", params![SCHEMA_VERSION]).await?;
    }
    tx.commit().await
}

/// Fills the columns that people and rooms are found by.
async fn fold(tx: &mut Tx) -> Result<(), Error> {
    for row in tx.all("SELECT id, display_name FROM users", params![]).await? {
        let key = search::fold(&row.text("display_name")?);
        let (sql, id) = ("UPDATE users SET display_key = $2 WHERE id = $1", row.text("id")?);
        tx.execute(sql, params![&id, &key]).await?;
    }
    for row in tx.all("SELECT id, about FROM rooms", params![]).await? {
        let (sql, params) = search::set_about(&row.text("id")?, &row.json("about")?)?;
        tx.execute(sql, params).await?;
    }
    Ok(())
}
