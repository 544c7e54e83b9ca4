//! Links that let guests in.

use crate::Error;
use crate::db::{Db, Row, params};
use hearth_protocol::ids::{GuestLinkId, SpaceId};

/// The most guest links of one room.
pub const GUEST_LINKS_PER_ROOM_MAX: u64 = 50;

/// Links that let guests in.
pub struct GuestLinks<'a>(pub(crate) &'a Db);

/// A guest link, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestLinkRecord {
    /// Which.
    pub id: GuestLinkId,
    /// Into which room.
    pub space: SpaceId,
    /// When it was made.
    pub created_ms: u64,
    /// Until when it lets in; `None`: until revoked.
    pub expires_ms: Option<u64>,
}

impl GuestLinks<'_> {
    /// Makes a link; those of the room that have run out make place for it.
    ///
    /// Errors: [`Error::Limit`] where the room has [`GUEST_LINKS_PER_ROOM_MAX`].
    pub async fn create(&self, link: &GuestLinkRecord, secret_hash: &str) -> Result<(), Error> {
        let mut tx = self.0.begin_alone().await?;
        let space = link.space.as_str();
        tx.execute("DELETE FROM guest_links WHERE space = $1 AND expires_ms <= $2", params![space, link.created_ms])
            .await?;
        let count = tx.optional("SELECT COUNT(*) AS n FROM guest_links WHERE space = $1", params![space]).await?;
        if count.map_or(Ok(0), |row| row.int("n"))? >= GUEST_LINKS_PER_ROOM_MAX {
            return Err(Error::Limit { max: GUEST_LINKS_PER_ROOM_MAX });
        }
        tx.execute(
            "INSERT INTO guest_links (id, space, secret_hash, created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5)",
            params![link.id.as_str(), space, secret_hash, link.created_ms, link.expires_ms],
        )
        .await?;
        tx.commit().await
    }

    /// The links of a room that still let in, oldest first.
    pub async fn of_room(&self, space: &SpaceId, now_ms: u64) -> Result<Vec<GuestLinkRecord>, Error> {
        let sql = "SELECT id, space, created_ms, expires_ms FROM guest_links \
                   WHERE space = $1 AND (expires_ms IS NULL OR expires_ms > $2) ORDER BY created_ms, id";
        self.0.all(sql, params![space.as_str(), now_ms]).await?.iter().map(record).collect()
    }

    /// The link with this secret's hash, if it still lets in.
    pub async fn by_secret_hash(&self, secret_hash: &str, now_ms: u64) -> Result<Option<GuestLinkRecord>, Error> {
        let sql = "SELECT id, space, created_ms, expires_ms FROM guest_links \
                   WHERE secret_hash = $1 AND (expires_ms IS NULL OR expires_ms > $2)";
        self.0.optional(sql, params![secret_hash, now_ms]).await?.as_ref().map(record).transpose()
    }

    /// Revokes a link of a room; tells whether there was one.
    pub async fn revoke(&self, space: &SpaceId, id: &GuestLinkId) -> Result<bool, Error> {
        let sql = "DELETE FROM guest_links WHERE space = $1 AND id = $2";
        Ok(self.0.execute(sql, params![space.as_str(), id.as_str()]).await? > 0)
    }
}

fn record(row: &Row) -> Result<GuestLinkRecord, Error> {
    Ok(GuestLinkRecord {
        id: row.id("id")?,
        space: row.id("space")?,
        created_ms: row.int("created_ms")?,
        expires_ms: row.opt_int("expires_ms")?,
    })
}
