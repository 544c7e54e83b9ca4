//! How each write reaches the tables.

use super::{Stored, Ticket, Write};
use crate::conversations::mentions_column;
use crate::db::{Db, Param, Tx, params};
use crate::{Error, dialogs, friends, groups, message_words, reports, search, videos, visits};
use hearth_protocol::conversation::Message;
use hearth_protocol::ids::SpaceId;
use std::sync::LazyLock;

/// Rows of one INSERT: a long run of messages is cut into the largest pieces, so that few statements stay prepared.
const ROWS: [usize; 3] = [64, 8, 1];
const COLUMNS: usize = 16;

static INSERTS: LazyLock<[String; 3]> = LazyLock::new(|| {
    ROWS.map(|rows| {
        let values: Vec<String> = (0..rows)
            .map(|row| {
                let numbers: Vec<String> = (1..=COLUMNS).map(|column| format!("${}", row * COLUMNS + column)).collect();
                format!("({})", numbers.join(","))
            })
            .collect();
        format!(
            "INSERT INTO messages (space, position, author_id, author_name, author_display_name, at_ms, text, \
             reply_position, mentions, nonce, broadcast, media_ms, floating, carried, moment_video, moment_ms) VALUES {} \
             ON CONFLICT (space, author_id, nonce) WHERE nonce IS NOT NULL DO NOTHING",
            values.join(",")
        )
    })
});

/// Stores all or nothing; gives what was stored, in the order of the writes.
pub(super) async fn in_one_transaction(db: &Db, writes: &[(Write, Ticket)]) -> Result<Vec<Stored>, Error> {
    let mut tx = db.begin().await?;
    let mut stored = Vec::with_capacity(writes.len());
    let mut messages: Vec<(&SpaceId, &Message)> = Vec::new();
    for (write, _) in writes {
        if let Write::AppendMessage { space, message } = write {
            messages.push((space, message));
            continue;
        }
        append(&mut tx, &mut messages, &mut stored).await?;
        stored.push(apply(&mut tx, write).await?);
    }
    append(&mut tx, &mut messages, &mut stored).await?;
    tx.commit().await?;
    Ok(stored)
}

/// Appends a run of messages in as few statements as it takes.
async fn append(tx: &mut Tx, messages: &mut Vec<(&SpaceId, &Message)>, stored: &mut Vec<Stored>) -> Result<(), Error> {
    let mut rest = messages.as_slice();
    while !rest.is_empty() {
        let size = ROWS.iter().position(|rows| *rows <= rest.len()).unwrap_or(ROWS.len() - 1);
        let (piece, after) = rest.split_at(ROWS[size]);
        rest = after;
        let params = piece.iter().flat_map(|(space, message)| row(space, message)).collect();
        let inserted = tx.execute(INSERTS[size].as_str(), params).await?;
        let all_new = inserted == piece.len() as u64;
        for (space, message) in piece {
            let one = if all_new { new(message) } else { first_of_nonce(tx, space, message).await? };
            if space.is_dialog() && !matches!(one, Stored::Message { repeated: true, .. }) {
                dialogs::said(tx, space, message).await?;
            }
            stored.push(one);
        }
    }
    messages.clear();
    Ok(())
}

fn new(message: &Message) -> Stored {
    Stored::Message { position: message.position, at_ms: message.at_ms, repeated: false }
}

async fn first_of_nonce(tx: &mut Tx, space: &SpaceId, message: &Message) -> Result<Stored, Error> {
    let Some(nonce) = &message.nonce else { return Ok(new(message)) };
    let sql = "SELECT position, at_ms FROM messages WHERE space = $1 AND author_id = $2 AND nonce = $3";
    let params = params![space.as_str(), message.author.id.as_str(), nonce];
    let row = tx.optional(sql, params).await?.ok_or_else(|| Error::Refused("a message vanished".into()))?;
    let position = row.int("position")?;
    Ok(Stored::Message { position, at_ms: row.int("at_ms")?, repeated: position != message.position })
}

fn row(space: &SpaceId, message: &Message) -> [Param; COLUMNS] {
    [
        space.as_str().into(),
        message.position.into(),
        message.author.id.as_str().into(),
        message.author.name.as_deref().into(),
        message.author.display_name.as_str().into(),
        message.at_ms.into(),
        message.text.as_str().into(),
        message.reply_to.as_ref().map(|quote| quote.position).into(),
        mentions_column(&message.mentions).into(),
        message.nonce.as_deref().into(),
        message.broadcast.into(),
        message.media_ms.into(),
        // A colour and a place: they can't fail to be written.
        message.float.as_ref().and_then(|float| serde_json::to_string(float).ok()).into(),
        // Names and numbers: nor can they.
        message.carries.as_ref().and_then(|carried| serde_json::to_string(carried).ok()).into(),
        message.moment.as_ref().map(|moment| moment.video.as_str()).into(),
        message.moment.as_ref().map(|moment| moment.at_ms).into(),
    ]
}

async fn apply(tx: &mut Tx, write: &Write) -> Result<Stored, Error> {
    if let Write::GroupConfirmed { .. }
    | Write::GroupLeft { .. }
    | Write::GroupOwner { .. }
    | Write::GroupContent { .. }
    | Write::GroupEnded { .. } = write
    {
        return groups::apply(tx, write).await;
    }
    if let Write::VisitEnded(end) = write {
        return visits::end(tx, end).await.map(|()| Stored::Done);
    }
    if let Write::Befriend { user, other, at_ms } = write {
        return friends::befriend(tx, user, other, *at_ms).await;
    }
    let (sql, params) = statement(write)?;
    let changed = tx.execute(sql, params).await? > 0;
    match write {
        Write::DeleteMessage { space, position, .. } if changed && space.is_dialog() => {
            message_words::set(tx, space, *position, "").await?;
            videos::taken_back(tx, space, *position).await?;
        }
        Write::EditMessage { space, position, text, .. } if changed && space.is_dialog() => {
            message_words::set(tx, space, *position, text).await?;
        }
        _ => {}
    }
    Ok(Stored::Done)
}

fn statement(write: &Write) -> Result<(&'static str, Vec<Param>), Error> {
    Ok(match write {
        Write::AppendMessage { .. } => return Err(Error::Refused("messages are appended in runs".into())),
        Write::DeleteMessage { space, position, by, at_ms } => (
            "UPDATE messages SET text = '', mentions = NULL, carried = NULL, moment_video = NULL, deleted_by = $3, deleted_ms = $4 \
             WHERE space = $1 AND position = $2 AND deleted_ms IS NULL",
            params![space.as_str(), *position, by.as_str(), *at_ms],
        ),
        Write::EditMessage { space, position, text, at_ms } => (
            "UPDATE messages SET text = $3, edited_ms = $4 WHERE space = $1 AND position = $2 AND deleted_ms IS NULL",
            params![space.as_str(), *position, text, *at_ms],
        ),
        Write::SetReadPosition { space, user, position } => (
            "INSERT INTO read_positions (space, user_id, position) VALUES ($1, $2, $3) ON CONFLICT (space, user_id) \
             DO UPDATE SET position = excluded.position WHERE excluded.position > read_positions.position",
            params![space.as_str(), user.as_str(), *position],
        ),
        Write::SetAbout { space, about } => search::set_about(space.as_str(), about)?,
        Write::SetSlowMode { space, interval_s } => {
            ("UPDATE rooms SET slow_mode_s = $2 WHERE id = $1", params![space.as_str(), *interval_s])
        }
        Write::SetSanction { space, sanction } => (
            "INSERT INTO sanctions (space, user_id, user_name, user_display_name, banned, until_ms, by_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (space, user_id) DO UPDATE SET \
             user_name = excluded.user_name, user_display_name = excluded.user_display_name, \
             banned = excluded.banned, until_ms = excluded.until_ms, by_id = excluded.by_id",
            params![
                space.as_str(),
                sanction.user.id.as_str(),
                sanction.user.name.as_deref(),
                &sanction.user.display_name,
                sanction.banned,
                sanction.until_ms,
                sanction.by.as_str(),
            ],
        ),
        Write::ClearSanction { space, user } => {
            ("DELETE FROM sanctions WHERE space = $1 AND user_id = $2", params![space.as_str(), user.as_str()])
        }
        Write::SetModerator { space, user, moderator: true } => (
            "INSERT INTO moderators (space, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            params![space.as_str(), user.as_str()],
        ),
        Write::SetModerator { space, user, moderator: false } => {
            ("DELETE FROM moderators WHERE space = $1 AND user_id = $2", params![space.as_str(), user.as_str()])
        }
        Write::SetRecording { space, wanted } => {
            ("UPDATE rooms SET recording_wanted = $2 WHERE id = $1", params![space.as_str(), *wanted])
        }
        Write::Follow { user, other, at_ms } => (
            "INSERT INTO follows (user_id, other_id, since_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            params![user.as_str(), other.as_str(), *at_ms],
        ),
        Write::Unfollow { user, other } => {
            ("DELETE FROM follows WHERE user_id = $1 AND other_id = $2", params![user.as_str(), other.as_str()])
        }
        Write::Block { user, other } => (
            "INSERT INTO blocks (user_id, other_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            params![user.as_str(), other.as_str()],
        ),
        Write::Unblock { user, other } => {
            ("DELETE FROM blocks WHERE user_id = $1 AND other_id = $2", params![user.as_str(), other.as_str()])
        }
        Write::Unfriend { user, other } => (
            "DELETE FROM friends WHERE (user_id = $1 AND other_id = $2) OR (user_id = $2 AND other_id = $1)",
            params![user.as_str(), other.as_str()],
        ),
        Write::DialogTitle { .. }
        | Write::DialogJoined { .. }
        | Write::DialogLeft { .. }
        | Write::DialogKept { .. } => dialogs::statement(write)?,
        Write::Report { report } => reports::insert(report)?,
        Write::VisitRequested { .. }
        | Write::VisitInvited { .. }
        | Write::VisitAnswered { .. }
        | Write::VisitBegan { .. }
        | Write::VisitEnded(_) => visits::statement(write)?,
        other => of_the_record(other),
    })
}

/// What is kept to be looked up later.
fn of_the_record(write: &Write) -> (&'static str, Vec<Param>) {
    match write {
        Write::BroadcastStarted { space, number, at_ms } => (
            "INSERT INTO broadcasts (space, number, started_ms) VALUES ($1, $2, $3)",
            params![space.as_str(), *number, *at_ms],
        ),
        Write::BroadcastEnded { space, number, at_ms, reason } => {
            let reason = serde_json::to_value(reason).unwrap_or_default();
            (
                "UPDATE broadcasts SET ended_ms = $3, reason = $4 WHERE space = $1 AND number = $2",
                params![space.as_str(), *number, *at_ms, reason.as_str()],
            )
        }
        Write::Audit { space, by, action, subject, at_ms } => (
            "INSERT INTO audit (space, by_id, action, subject, at_ms) VALUES ($1, $2, $3, $4, $5)",
            params![space.as_ref().map(SpaceId::as_str), by.as_str(), action, subject, *at_ms],
        ),
        other => unreachable!("{other:?} is not of the record"),
    }
}
