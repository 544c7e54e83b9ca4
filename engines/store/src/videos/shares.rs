//! Which films were shared in which dialogs, who may watch one because of what, and where each stopped.

use super::{VideoRecord, Videos, record, video_sql};
use crate::Error;
use crate::conversations::{message, message_columns};
use crate::db::{Tx, params};
use hearth_protocol::conversation::{Carried, Message};
use hearth_protocol::ids::{SpaceId, UserId, VideoId};
use hearth_protocol::limits::{DIALOG_VIDEOS_MAX, HISTORY_PAGE_MAX};

/// What the store knows of how somebody stands to a film.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// The owner has blocked them.
    pub blocked: bool,
    /// They are friends with the owner.
    pub friends: bool,
    /// They are in a dialog in which it is shared.
    pub shared: bool,
}

/// A film that is shared in a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedVideo {
    /// Which.
    pub video: VideoRecord,
    /// The message that carries it.
    pub position: u64,
    /// When it was shared.
    pub shared_ms: u64,
}

impl Videos<'_> {
    /// How somebody stands to a film of somebody.
    pub async fn facts(&self, video: &VideoRecord, user: &UserId) -> Result<Facts, Error> {
        let sql = "SELECT (SELECT COUNT(*) FROM blocks WHERE user_id = $2 AND other_id = $3) AS blocked, \
                   (SELECT COUNT(*) FROM friends f JOIN friends g ON g.user_id = f.other_id AND g.other_id = f.user_id \
                   WHERE f.user_id = $2 AND f.other_id = $3) AS friends, \
                   (SELECT COUNT(*) FROM video_shares s JOIN dialog_members m ON m.dialog_id = s.space AND m.user_id = $3 \
                   JOIN dialog_members o ON o.dialog_id = s.space AND o.user_id = $2 WHERE s.video_id = $1) AS shared";
        let params = params![video.id.as_str(), video.owner.id.as_str(), user.as_str()];
        let Some(row) = self.0.optional(sql, params).await? else { return Ok(Facts::default()) };
        Ok(Facts { blocked: row.flag("blocked")?, friends: row.flag("friends")?, shared: row.flag("shared")? })
    }

    /// Whether a film is shared in a dialog.
    pub async fn is_shared_in(&self, video: &VideoId, dialog: &SpaceId) -> Result<bool, Error> {
        let sql = "SELECT 1 AS n FROM video_shares WHERE video_id = $1 AND space = $2";
        Ok(self.0.optional(sql, params![video.as_str(), dialog.as_str()]).await?.is_some())
    }

    /// Whoever is in a dialog in which a film is shared.
    pub async fn sharing(&self, video: &VideoId) -> Result<Vec<UserId>, Error> {
        let sql = "SELECT DISTINCT m.user_id FROM video_shares s JOIN dialog_members m ON m.dialog_id = s.space \
                   WHERE s.video_id = $1 ORDER BY m.user_id";
        self.0.all(sql, params![video.as_str()]).await?.iter().map(|row| row.id("user_id")).collect()
    }

    /// The films that are shared in a dialog by whoever is in it, the newest first, those before a position, and whether there are
    /// older ones. Of one shared more than once the latest counts. What its owner alone may watch is theirs alone.
    pub async fn shared_in(
        &self,
        dialog: &SpaceId,
        viewer: &UserId,
        before: Option<u64>,
    ) -> Result<(Vec<SharedVideo>, bool), Error> {
        let sql = video_sql!(
            ", s.position, s.shared_ms",
            "JOIN video_shares s ON s.video_id = v.id WHERE s.space = $1 AND s.position < $2 \
             AND s.position = (SELECT MAX(t.position) FROM video_shares t WHERE t.space = $1 AND t.video_id = v.id) \
             AND (v.owner_id = $3 OR (v.audience <> 'only_me' AND v.state <> 'failed' \
             AND EXISTS (SELECT 1 FROM dialog_members m WHERE m.dialog_id = $1 AND m.user_id = v.owner_id) \
             AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.user_id = v.owner_id AND b.other_id = $3))) \
             ORDER BY s.position DESC LIMIT $4"
        );
        let before = before.unwrap_or(u64::MAX);
        let params = params![dialog.as_str(), before, viewer.as_str(), DIALOG_VIDEOS_MAX as u64 + 1];
        let rows = self.0.all(sql, params).await?;
        let shared = rows.iter().take(DIALOG_VIDEOS_MAX).map(|row| {
            Ok(SharedVideo { video: record(row)?, position: row.int("position")?, shared_ms: row.int("shared_ms")? })
        });
        Ok((shared.collect::<Result<_, Error>>()?, rows.len() > DIALOG_VIDEOS_MAX))
    }

    /// Where somebody stopped watching a film, in milliseconds, and whether they have seen it.
    pub async fn watched(&self, user: &UserId, video: &VideoId) -> Result<(u64, bool), Error> {
        let sql = "SELECT position_ms, seen FROM watched WHERE user_id = $1 AND video_id = $2";
        let row = self.0.optional(sql, params![user.as_str(), video.as_str()]).await?;
        row.map_or(Ok((0, false)), |row| Ok((row.int("position_ms")?, row.flag("seen")?)))
    }

    /// Somebody watches a film. What was seen stays so.
    pub async fn set_watched(
        &self,
        user: &UserId,
        video: &VideoId,
        position_ms: u64,
        seen: bool,
        at_ms: u64,
    ) -> Result<(), Error> {
        let sql = "INSERT INTO watched (user_id, video_id, position_ms, seen, at_ms) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (user_id, video_id) DO UPDATE SET position_ms = excluded.position_ms, \
                   seen = CASE WHEN excluded.seen = 1 THEN 1 ELSE watched.seen END, at_ms = excluded.at_ms";
        let params = params![user.as_str(), video.as_str(), position_ms, seen, at_ms];
        self.0.execute(sql, params).await.map(drop)
    }

    /// What was said at moments of a film in dialogs of somebody, in order of media time: after a time and a position at that time,
    /// and whether there is more.
    pub async fn moments(
        &self,
        video: &VideoId,
        user: &UserId,
        after: (u64, u64),
        limit: usize,
    ) -> Result<(Vec<Message>, bool), Error> {
        let limit = limit.clamp(1, HISTORY_PAGE_MAX);
        let sql = message_columns!(
            "m.moment_video = $1 AND m.deleted_ms IS NULL \
             AND EXISTS (SELECT 1 FROM dialog_members d WHERE d.dialog_id = m.space AND d.user_id = $2) \
             AND (m.moment_ms > $3 OR (m.moment_ms = $3 AND m.position > $4)) ORDER BY m.moment_ms, m.position LIMIT $5"
        );
        let params = params![video.as_str(), user.as_str(), after.0, after.1, limit as u64 + 1];
        let rows = self.0.all(sql, params).await?;
        let messages = rows.iter().take(limit).map(message).collect::<Result<Vec<_>, _>>()?;
        Ok((messages, rows.len() > limit))
    }
}

/// A message was stored that carries something.
pub(crate) async fn said(tx: &mut Tx, space: &SpaceId, message: &Message) -> Result<(), Error> {
    match &message.carries {
        Some(Carried::Video { video, .. }) => {
            // A film that was deleted meanwhile is shared with nobody.
            let sql = "INSERT INTO video_shares (space, position, video_id, shared_ms) \
                       SELECT $1, $2, id, $4 FROM videos WHERE id = $3 ON CONFLICT DO NOTHING";
            tx.execute(sql, params![space.as_str(), message.position, video.as_str(), message.at_ms]).await.map(drop)
        }
        Some(Carried::Image { image, .. }) => {
            let sql = "UPDATE images SET position = $2 WHERE id = $1 AND space = $3 AND position IS NULL";
            tx.execute(sql, params![image.as_str(), message.position, space.as_str()]).await.map(drop)
        }
        None => Ok(()),
    }
}

/// A message that may carry something was taken back. Its image has no message any more, and is swept away with its file.
pub(crate) async fn taken_back(tx: &mut Tx, space: &SpaceId, position: u64) -> Result<(), Error> {
    let sql = "DELETE FROM video_shares WHERE space = $1 AND position = $2";
    tx.execute(sql, params![space.as_str(), position]).await?;
    let sql = "UPDATE images SET position = NULL, created_ms = 0 WHERE space = $1 AND position = $2";
    tx.execute(sql, params![space.as_str(), position]).await.map(drop)
}
