//! Images in dialogs. Their files are the caller's.

use crate::Error;
use crate::db::{Db, Row, damaged, params};
use hearth_protocol::ids::{ImageId, SpaceId, UserId};

/// Images in dialogs.
pub struct Images<'a>(pub(crate) &'a Db);

/// An image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRecord {
    /// Which.
    pub id: ImageId,
    /// Whose.
    pub owner: UserId,
    /// The dialog it was sent to.
    pub dialog: SpaceId,
    /// The message that carries it; `None`: none does.
    pub position: Option<u64>,
    /// Width, in pixels.
    pub width: u32,
    /// Height, in pixels.
    pub height: u32,
    /// A tiny one: a `data:` URL.
    pub tiny: String,
    /// The end of its files' names, such as `jpg`.
    pub kind: String,
    /// Whether it moves.
    pub moving: bool,
    /// What its files take.
    pub bytes: u64,
    /// When it was sent.
    pub created_ms: u64,
}

macro_rules! image_sql {
    ($rest:literal) => {
        concat!(
            "SELECT id, owner_id, space, position, width, height, tiny, kind, moving, bytes, created_ms FROM images WHERE ",
            $rest
        )
    };
}

impl Images<'_> {
    /// Enters an image that no message carries yet.
    pub async fn create(&self, image: &ImageRecord) -> Result<(), Error> {
        let sql = "INSERT INTO images (id, owner_id, space, width, height, tiny, kind, moving, bytes, created_ms) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let params = params![
            image.id.as_str(),
            image.owner.as_str(),
            image.dialog.as_str(),
            image.width,
            image.height,
            &image.tiny,
            &image.kind,
            image.moving,
            image.bytes,
            image.created_ms,
        ];
        self.0.execute(sql, params).await.map(drop)
    }

    /// One image.
    pub async fn by_id(&self, id: &ImageId) -> Result<Option<ImageRecord>, Error> {
        self.0.optional(image_sql!("id = $1"), params![id.as_str()]).await?.as_ref().map(image).transpose()
    }

    /// How many of somebody's images no message carries.
    pub async fn count_unsaid(&self, owner: &UserId) -> Result<u64, Error> {
        let sql = "SELECT COUNT(*) AS n FROM images WHERE owner_id = $1 AND position IS NULL";
        self.0.optional(sql, params![owner.as_str()]).await?.map_or(Ok(0), |row| row.int("n"))
    }

    /// Images that no message carries and that were sent before a time; of one whose message was taken back that was long ago.
    pub async fn unsaid_before(&self, before_ms: u64) -> Result<Vec<ImageRecord>, Error> {
        let sql = image_sql!("position IS NULL AND created_ms < $1 ORDER BY id LIMIT 1000");
        self.0.all(sql, params![before_ms]).await?.iter().map(image).collect()
    }

    /// Forgets an image that no message carries; tells whether it was there. Its files are the caller's to remove.
    pub async fn forget(&self, id: &ImageId) -> Result<bool, Error> {
        let sql = "DELETE FROM images WHERE id = $1 AND position IS NULL";
        Ok(self.0.execute(sql, params![id.as_str()]).await? > 0)
    }
}

fn image(row: &Row) -> Result<ImageRecord, Error> {
    let small = |column: &str| u32::try_from(row.int(column)?).map_err(|_| damaged(column));
    Ok(ImageRecord {
        id: row.id("id")?,
        owner: row.id("owner_id")?,
        dialog: row.id("space")?,
        position: row.opt_int("position")?,
        width: small("width")?,
        height: small("height")?,
        tiny: row.text("tiny")?,
        kind: row.text("kind")?,
        moving: row.flag("moving")?,
        bytes: row.int("bytes")?,
        created_ms: row.int("created_ms")?,
    })
}
