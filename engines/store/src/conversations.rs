//! Stored messages and how far they were read.

use crate::Error;
use crate::db::{Db, Row, params};
use hearth_protocol::conversation::{Carried, Message, Moment, QUOTE_MAX_CHARS, Quote};
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_protocol::limits::HISTORY_PAGE_MAX;
use hearth_protocol::people::Profile;
use hearth_protocol::text::beginning;

/// Where a page of a conversation lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The newest messages.
    Latest,
    /// The newest of those before a position.
    Before(u64),
    /// The oldest of those after a position.
    After(u64),
}

/// Stored messages and how far they were read.
pub struct Conversations<'a>(pub(crate) &'a Db);

/// Messages `m` under a condition, with what they answer.
macro_rules! message_columns {
    ($condition:expr) => {
        concat!(
            "SELECT m.position, m.author_id, m.author_name, m.author_display_name, m.at_ms, m.text, m.mentions, m.nonce, \
             m.broadcast, m.media_ms, m.floating, m.carried, m.moment_video, m.moment_ms, m.deleted_ms, m.edited_ms, \
             q.position AS q_position, q.author_id AS q_author_id, q.author_name AS q_author_name, \
             q.author_display_name AS q_author_display_name, q.text AS q_text, q.carried AS q_carried \
             FROM messages m LEFT JOIN messages q ON q.space = m.space AND q.position = m.reply_position WHERE ",
            $condition
        )
    };
}
pub(crate) use message_columns;

macro_rules! message_sql {
    ($rest:expr) => {
        message_columns!(concat!("m.space = $1 AND ", $rest))
    };
}

macro_rules! page_sql {
    ($condition:literal, $order:literal) => {
        message_sql!(concat!("m.position ", $condition, " $2 ORDER BY m.position ", $order, " LIMIT $3"))
    };
}

impl Conversations<'_> {
    /// A page, oldest first, and whether there are more in the direction asked for.
    /// `limit` is held between 1 and [`HISTORY_PAGE_MAX`].
    pub async fn page(&self, space: &SpaceId, page: Page, limit: usize) -> Result<(Vec<Message>, bool), Error> {
        let limit = limit.clamp(1, HISTORY_PAGE_MAX);
        let (sql, bound) = match page {
            Page::Latest => (page_sql!("<", "DESC"), u64::MAX),
            Page::Before(position) => (page_sql!("<", "DESC"), position),
            Page::After(position) => (page_sql!(">", "ASC"), position),
        };
        // One more than asked tells whether there are more.
        let rows = self.0.all(sql, params![space.as_str(), bound, limit as u64 + 1]).await?;
        let more = rows.len() > limit;
        let mut messages = rows.iter().take(limit).map(message).collect::<Result<Vec<_>, _>>()?;
        if !matches!(page, Page::After(_)) {
            messages.reverse();
        }
        Ok((messages, more))
    }

    /// One message.
    pub async fn message(&self, space: &SpaceId, position: u64) -> Result<Option<Message>, Error> {
        let row = self.0.optional(page_sql!("=", "ASC"), params![space.as_str(), position, 1_u64]).await?;
        row.as_ref().map(message).transpose()
    }

    /// What was said in a broadcast after a media time (milliseconds since it began) and a position at that time, in order of
    /// media time, and whether there is more. Deleted messages are not among it. `limit` is held between 1 and [`HISTORY_PAGE_MAX`].
    pub async fn of_broadcast(
        &self,
        space: &SpaceId,
        broadcast: u64,
        after: (u64, u64),
        limit: usize,
    ) -> Result<(Vec<Message>, bool), Error> {
        let limit = limit.clamp(1, HISTORY_PAGE_MAX);
        let sql = message_sql!(
            "m.broadcast = $2 AND m.deleted_ms IS NULL AND (m.media_ms > $3 OR (m.media_ms = $3 AND m.position > $4)) \
             ORDER BY m.media_ms, m.position LIMIT $5"
        );
        let rows = self.0.all(sql, params![space.as_str(), broadcast, after.0, after.1, limit as u64 + 1]).await?;
        let messages = rows.iter().take(limit).map(message).collect::<Result<Vec<_>, _>>()?;
        Ok((messages, rows.len() > limit))
    }

    /// Up to where somebody has read; 0 where nothing is.
    pub async fn read_position(&self, space: &SpaceId, user: &UserId) -> Result<u64, Error> {
        let sql = "SELECT position FROM read_positions WHERE space = $1 AND user_id = $2";
        let row = self.0.optional(sql, params![space.as_str(), user.as_str()]).await?;
        row.map_or(Ok(0), |row| row.int("position"))
    }
}

/// The mentions as they are stored: JSON, or nothing.
pub(crate) fn mentions_column(mentions: &[Profile]) -> Option<String> {
    if mentions.is_empty() {
        return None;
    }
    // Profiles are plain strings: they can't fail to be written.
    serde_json::to_string(mentions).ok()
}

pub(crate) fn message(row: &Row) -> Result<Message, Error> {
    let reply_to = match row.opt_int("q_position")? {
        Some(position) => Some(Quote {
            position,
            author: Profile {
                id: row.id("q_author_id")?,
                name: row.opt_text("q_author_name")?,
                display_name: row.text("q_author_display_name")?,
            },
            text: beginning(&row.text("q_text")?, QUOTE_MAX_CHARS),
            carries: row.opt_json::<Carried>("q_carried")?.as_ref().map(Carried::cargo),
        }),
        None => None,
    };
    Ok(Message {
        position: row.int("position")?,
        author: Profile {
            id: row.id("author_id")?,
            name: row.opt_text("author_name")?,
            display_name: row.text("author_display_name")?,
        },
        at_ms: row.int("at_ms")?,
        text: row.text("text")?,
        reply_to,
        mentions: row.opt_json("mentions")?.unwrap_or_default(),
        nonce: row.opt_text("nonce")?,
        broadcast: row.opt_int("broadcast")?,
        media_ms: row.opt_int("media_ms")?,
        float: row.opt_json("floating")?,
        carries: row.opt_json("carried")?,
        moment: match row.opt_text("moment_video")? {
            Some(_) => Some(Moment { video: row.id("moment_video")?, at_ms: row.int("moment_ms")? }),
            None => None,
        },
        edited_ms: row.opt_int("edited_ms")?,
        deleted: row.opt_int("deleted_ms")?.is_some(),
    })
}
