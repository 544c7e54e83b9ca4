//! The schema and the way to it from older ones.

use crate::Error;
use crate::db::{Db, params};

/// Every step from nothing to the present schema; a step, once released, never changes.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_foundation.sql")];

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
    if found < SCHEMA_VERSION {
        tx.execute("DELETE FROM schema_version", params![]).await?;
        tx.execute("INSERT INTO schema_version (version) VALUES ($1)", params![SCHEMA_VERSION]).await?;
    }
    tx.commit().await
}
