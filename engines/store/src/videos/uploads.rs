//! Films on their way to the server. What has come of one is in its file; the store knows what is to come.

use super::{Timeline, Videos, word};
use crate::Error;
use crate::db::{Row, json_column, params};
use crate::search::fold;
use hearth_protocol::ids::{SpaceId, UploadId, UserId, VideoId};
use hearth_protocol::limits::UPLOADS_MAX;
use hearth_protocol::videos::Audience;

/// A film that is to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUpload {
    /// Which upload.
    pub id: UploadId,
    /// Which film it becomes.
    pub video: VideoId,
    /// Whose.
    pub owner: UserId,
    /// What the film is called.
    pub title: String,
    /// Who may watch it.
    pub audience: Audience,
    /// The secret in its link, where the audience is such.
    pub link: Option<String>,
    /// In which dialog it is to be said, and with what words.
    pub to_say: Option<(SpaceId, String)>,
    /// What its file is called.
    pub name: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// When.
    pub created_ms: u64,
    /// Until when it may be gone on with.
    pub expires_ms: u64,
}

/// A film on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRecord {
    /// Which upload.
    pub id: UploadId,
    /// Which film it becomes.
    pub video: VideoId,
    /// Whose.
    pub owner: UserId,
    /// What its file is called.
    pub name: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// In which dialog the film will be said.
    pub dialog: Option<SpaceId>,
    /// Until when it may be gone on with; of one that is whole, until when that is remembered.
    pub expires_ms: u64,
    /// Whether it is whole.
    pub done: bool,
}

macro_rules! upload_sql {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.video_id, p.user_id, p.name, p.bytes, p.expires_ms, p.done, v.said_in FROM uploads p \
             JOIN videos v ON v.id = p.video_id WHERE ",
            $rest
        )
    };
}

impl Videos<'_> {
    /// An upload begins; with it its film. Says whether there was room for it: no more than [`UPLOADS_MAX`] of one person are on
    /// their way, and no more than `storage_max_bytes` of theirs kept.
    pub async fn begin_upload(&self, new: &NewUpload, storage_max_bytes: u64) -> Result<Begun, Error> {
        let mut tx = self.0.begin().await?;
        let sql = "SELECT COUNT(*) AS n, CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS bytes FROM uploads \
                   WHERE user_id = $1 AND done = 0";
        let coming = tx.optional(sql, params![new.owner.as_str()]).await?;
        let (count, coming) = coming.map_or(Ok((0, 0)), |row| Ok::<_, Error>((row.int("n")?, row.int("bytes")?)))?;
        if count >= UPLOADS_MAX as u64 {
            return Ok(Begun::TooMany);
        }
        let sql = "SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS bytes FROM videos WHERE owner_id = $1";
        let kept = tx.optional(sql, params![new.owner.as_str()]).await?.map_or(Ok(0), |row| row.int("bytes"))?;
        if coming.saturating_add(kept).saturating_add(new.bytes) > storage_max_bytes {
            return Ok(Begun::NoRoom);
        }
        let sql = "INSERT INTO videos (id, owner_id, title, title_key, state, created_ms, folder, timeline, audience, link, \
                   said_in, said_text) VALUES ($1, $2, $3, $4, 'uploading', $5, $1, $6, $7, $8, $9, $10)";
        let params = params![
            new.video.as_str(),
            new.owner.as_str(),
            &new.title,
            &fold(&new.title),
            new.created_ms,
            &json_column(&Timeline::default())?,
            &word(&new.audience)?,
            new.link.as_deref(),
            new.to_say.as_ref().map(|(dialog, _)| dialog.as_str()),
            new.to_say.as_ref().map_or("", |(_, text)| text),
        ];
        tx.execute(sql, params).await?;
        let sql = "INSERT INTO uploads (id, video_id, user_id, name, bytes, created_ms, expires_ms) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let params = params![
            new.id.as_str(),
            new.video.as_str(),
            new.owner.as_str(),
            &new.name,
            new.bytes,
            new.created_ms,
            new.expires_ms,
        ];
        tx.execute(sql, params).await?;
        tx.commit().await?;
        Ok(Begun::Begun)
    }

    /// One upload.
    pub async fn upload(&self, id: &UploadId) -> Result<Option<UploadRecord>, Error> {
        let row = self.0.optional(upload_sql!("p.id = $1"), params![id.as_str()]).await?;
        row.as_ref().map(upload).transpose()
    }

    /// Somebody's uploads that are not whole, the newest first.
    pub async fn uploads_of(&self, owner: &UserId) -> Result<Vec<UploadRecord>, Error> {
        let sql = upload_sql!("p.user_id = $1 AND p.done = 0 ORDER BY p.created_ms DESC, p.id");
        self.0.all(sql, params![owner.as_str()]).await?.iter().map(upload).collect()
    }

    /// All uploads.
    pub async fn uploads(&self) -> Result<Vec<UploadRecord>, Error> {
        self.0.all(upload_sql!("p.id <> '' ORDER BY p.id"), params![]).await?.iter().map(upload).collect()
    }

    /// Uploads that were given up: they ended before a time.
    pub async fn expired_uploads(&self, now_ms: u64) -> Result<Vec<UploadRecord>, Error> {
        self.0.all(upload_sql!("p.expires_ms <= $1 ORDER BY p.id"), params![now_ms]).await?.iter().map(upload).collect()
    }

    /// Something has come of an upload: it may be gone on with for longer.
    pub async fn prolong_upload(&self, id: &UploadId, expires_ms: u64) -> Result<(), Error> {
        let sql = "UPDATE uploads SET expires_ms = $2 WHERE id = $1";
        self.0.execute(sql, params![id.as_str(), expires_ms]).await.map(drop)
    }

    /// Forgets that an upload is whole.
    pub async fn forget_upload(&self, id: &UploadId) -> Result<(), Error> {
        let sql = "DELETE FROM uploads WHERE id = $1 AND done = 1";
        self.0.execute(sql, params![id.as_str()]).await.map(drop)
    }

    /// An upload is whole: its film is to be converted from now on. Says whether it was on its way.
    /// That it is whole is remembered until a time.
    pub async fn uploaded(&self, upload: &UploadRecord, original: &str, until_ms: u64) -> Result<bool, Error> {
        let media = super::Media { downloads: vec![original.to_owned()], ..super::Media::default() };
        let mut tx = self.0.begin().await?;
        let sql = "UPDATE uploads SET done = 1, expires_ms = $2 WHERE id = $1 AND done = 0";
        let whole = tx.execute(sql, params![upload.id.as_str(), until_ms]).await? > 0;
        let sql =
            "UPDATE videos SET state = 'converting', bytes = $2, media = $3 WHERE id = $1 AND state = 'uploading'";
        let params = params![upload.video.as_str(), upload.bytes, &json_column(&media)?];
        let is = tx.execute(sql, params).await? > 0;
        tx.commit().await?;
        Ok(whole && is)
    }
}

/// Whether an upload has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It has.
    Begun,
    /// Too many of theirs are on their way.
    TooMany,
    /// What is kept of theirs would be too much.
    NoRoom,
}

fn upload(row: &Row) -> Result<UploadRecord, Error> {
    Ok(UploadRecord {
        id: row.id("id")?,
        video: row.id("video_id")?,
        owner: row.id("user_id")?,
        name: row.text("name")?,
        bytes: row.int("bytes")?,
        dialog: row.opt_text("said_in")?.map(|_| row.id("said_in")).transpose()?,
        expires_ms: row.int("expires_ms")?,
        done: row.flag("done")?,
    })
}
