//! Stream keys: what an encoder shows to send to a room.

use crate::Error;
use crate::db::{Db, Row, params};
use crate::people::profile;
use hearth_protocol::ids::{SpaceId, StreamKeyId};
use hearth_protocol::limits::STREAM_KEYS_MAX;
use hearth_protocol::people::Profile;

/// How much a key's time of last use may lag, so that an encoder that comes again and again costs no writes
/// (one minute, in milliseconds).
pub const STREAM_KEY_TOUCH_INTERVAL_MS: u64 = 60_000;

/// Stream keys. Of a secret only its SHA-256 is kept, in hexadecimal.
pub struct StreamKeys<'a>(pub(crate) &'a Db);

/// A stream key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamKeyRecord {
    /// Which.
    pub id: StreamKeyId,
    /// To which room.
    pub space: SpaceId,
    /// What its owner calls it.
    pub label: String,
    /// When it was made, or rotated.
    pub created_ms: u64,
    /// When it was last used; may lag by [`STREAM_KEY_TOUCH_INTERVAL_MS`].
    pub used_ms: Option<u64>,
}

macro_rules! key_sql {
    ($rest:literal) => {
        concat!("SELECT k.id AS key, k.space, k.label, k.created_ms, k.used_ms FROM stream_keys k ", $rest)
    };
}

impl StreamKeys<'_> {
    /// Makes a key.
    ///
    /// Errors: [`Error::Limit`] where the room has [`STREAM_KEYS_MAX`].
    pub async fn create(&self, key: &StreamKeyRecord, secret_hash: &str) -> Result<(), Error> {
        let mut tx = self.0.begin_alone().await?;
        let sql = "SELECT COUNT(*) AS n FROM stream_keys WHERE space = $1";
        let count = tx.optional(sql, params![key.space.as_str()]).await?;
        if count.map_or(Ok(0), |row| row.int("n"))? >= STREAM_KEYS_MAX as u64 {
            return Err(Error::Limit { max: STREAM_KEYS_MAX as u64 });
        }
        let sql = "INSERT INTO stream_keys (id, space, secret_hash, label, created_ms) VALUES ($1, $2, $3, $4, $5)";
        let params = params![key.id.as_str(), key.space.as_str(), secret_hash, &key.label, key.created_ms];
        tx.execute(sql, params).await?;
        tx.commit().await
    }

    /// The keys of a room, oldest first.
    pub async fn of_room(&self, space: &SpaceId) -> Result<Vec<StreamKeyRecord>, Error> {
        let sql = key_sql!("WHERE k.space = $1 ORDER BY k.created_ms, k.id");
        self.0.all(sql, params![space.as_str()]).await?.iter().map(record).collect()
    }

    /// The key with this secret's hash, and the host of its room; none whose account is disabled.
    pub async fn by_secret_hash(&self, secret_hash: &str) -> Result<Option<(StreamKeyRecord, Profile)>, Error> {
        let sql = "SELECT k.id AS key, k.space, k.label, k.created_ms, k.used_ms, u.id, u.name, u.display_name \
                   FROM stream_keys k JOIN rooms r ON r.id = k.space JOIN users u ON u.id = r.host_id \
                   WHERE k.secret_hash = $1 AND u.disabled = 0";
        let row = self.0.optional(sql, params![secret_hash]).await?;
        row.map(|row| Ok((record(&row)?, profile(&row)?))).transpose()
    }

    /// Gives a key of a room another secret: the one before opens nothing any more. `None`: there is no such key.
    pub async fn rotate(
        &self,
        space: &SpaceId,
        id: &StreamKeyId,
        secret_hash: &str,
        now_ms: u64,
    ) -> Result<Option<StreamKeyRecord>, Error> {
        let mut tx = self.0.begin().await?;
        let sql =
            "UPDATE stream_keys SET secret_hash = $3, created_ms = $4, used_ms = NULL WHERE space = $1 AND id = $2";
        tx.execute(sql, params![space.as_str(), id.as_str(), secret_hash, now_ms]).await?;
        let sql = key_sql!("WHERE k.space = $1 AND k.id = $2");
        let rotated = tx.optional(sql, params![space.as_str(), id.as_str()]).await?;
        let rotated = rotated.as_ref().map(record).transpose()?;
        tx.commit().await?;
        Ok(rotated)
    }

    /// Revokes a key of a room; tells whether there was one.
    pub async fn revoke(&self, space: &SpaceId, id: &StreamKeyId) -> Result<bool, Error> {
        let sql = "DELETE FROM stream_keys WHERE space = $1 AND id = $2";
        Ok(self.0.execute(sql, params![space.as_str(), id.as_str()]).await? > 0)
    }

    /// Notes that a key was used. Costs nothing within [`STREAM_KEY_TOUCH_INTERVAL_MS`] of the last note.
    pub async fn touch(&self, key: &StreamKeyRecord, now_ms: u64) -> Result<(), Error> {
        if key.used_ms.is_some_and(|used| now_ms.saturating_sub(used) < STREAM_KEY_TOUCH_INTERVAL_MS) {
            return Ok(());
        }
        let sql = "UPDATE stream_keys SET used_ms = $2 WHERE id = $1 AND (used_ms IS NULL OR used_ms < $2)";
        self.0.execute(sql, params![key.id.as_str(), now_ms]).await.map(drop)
    }
}

fn record(row: &Row) -> Result<StreamKeyRecord, Error> {
    Ok(StreamKeyRecord {
        id: row.id("key")?,
        space: row.id("space")?,
        label: row.text("label")?,
        created_ms: row.int("created_ms")?,
        used_ms: row.opt_int("used_ms")?,
    })
}
