//! Covers: a picture for a room while it isn't live.

use crate::Error;
use crate::db::{Db, params};
use hearth_protocol::ids::SpaceId;

/// Covers. They are in the database, so that a backup has them.
pub struct Covers<'a>(pub(crate) &'a Db);

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// The SHA-256 of its bytes, in hexadecimal.
    pub hash: String,
    /// Its media type, such as `image/png`.
    pub kind: String,
    /// The file.
    pub bytes: Vec<u8>,
}

impl Covers<'_> {
    /// The cover of a room.
    pub async fn of_room(&self, space: &SpaceId) -> Result<Option<Cover>, Error> {
        let sql = "SELECT hash, kind, bytes FROM covers WHERE space = $1";
        let row = self.0.optional(sql, params![space.as_str()]).await?;
        row.map(|row| Ok(Cover { hash: row.text("hash")?, kind: row.text("kind")?, bytes: row.bytes("bytes")? }))
            .transpose()
    }

    /// Gives a room a cover, in place of the one before.
    pub async fn set(&self, space: &SpaceId, cover: Cover) -> Result<(), Error> {
        let sql = "INSERT INTO covers (space, hash, kind, bytes) VALUES ($1, $2, $3, $4) ON CONFLICT (space) DO UPDATE \
                   SET hash = excluded.hash, kind = excluded.kind, bytes = excluded.bytes";
        self.0.execute(sql, params![space.as_str(), &cover.hash, &cover.kind, cover.bytes]).await.map(drop)
    }

    /// Takes a room's cover away; tells whether there was one.
    pub async fn remove(&self, space: &SpaceId) -> Result<bool, Error> {
        Ok(self.0.execute("DELETE FROM covers WHERE space = $1", params![space.as_str()]).await? > 0)
    }
}
