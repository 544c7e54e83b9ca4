//! Dialogs: who is in them, and how each stands for each.

use crate::conversations::{Conversations, Page};
use crate::db::{Db, Param, Row, Tx, params};
use crate::people::profile;
use crate::rooms::MESSAGES_AT_OPENING;
use crate::{Error, Write, Writes, message_words, videos};
use hearth_protocol::conversation::Message;
use hearth_protocol::dialogs::{Dialog, Keeping};
use hearth_protocol::http::FoundMessage;
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_protocol::limits::{DIALOG_MEMBERS_MAX, DIALOGS_PAGE_MAX, DIALOGS_PINNED_MAX, UNREAD_MAX};
use hearth_protocol::people::Profile;

/// Dialogs. They are changed by [`Write::DialogTitle`] and what follows it.
pub struct Dialogs<'a> {
    pub(crate) db: &'a Db,
    pub(crate) writes: &'a Writes,
}

/// A dialog that is to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDialog {
    /// Which.
    pub id: SpaceId,
    /// Who begins it.
    pub founder: UserId,
    /// The others; one: there is but one of the two.
    pub others: Vec<UserId>,
    /// What it is called.
    pub title: String,
    /// When.
    pub at_ms: u64,
}

/// Somebody in a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialogMemberRecord {
    /// Who.
    pub profile: Profile,
    /// How far they have read.
    pub read_position: u64,
    /// Whether others are told that.
    pub read_marks: bool,
    /// Whether others are told when they are there.
    pub presence: bool,
    /// What they have made of the dialog for themselves.
    pub keeping: Keeping,
}

/// All that is needed to open a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialogRecord {
    /// What it is called.
    pub title: String,
    /// Whether it is one of two.
    pub two: bool,
    /// When it was begun, milliseconds since the Unix epoch.
    pub since_ms: u64,
    /// Who is in it, the longest-standing first.
    pub members: Vec<DialogMemberRecord>,
    /// The latest [`MESSAGES_AT_OPENING`], oldest first.
    pub messages: Vec<Message>,
    /// Whether there are older ones.
    pub more_messages: bool,
}

const MEMBERS: &str = "SELECT u.id, u.name, u.display_name, m.pinned, m.muted, COALESCE(r.position, 0) AS position, \
     COALESCE(p.read_marks, 1) AS read_marks, COALESCE(p.presence, 1) AS presence FROM dialog_members m \
     JOIN users u ON u.id = m.user_id LEFT JOIN preferences p ON p.user_id = m.user_id \
     LEFT JOIN read_positions r ON r.space = m.dialog_id AND r.user_id = m.user_id \
     WHERE m.dialog_id = $1 ORDER BY m.joined_ms, u.id";

macro_rules! row_sql {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.pair, d.title, d.since_ms, d.last_ms, m.pinned, m.muted, COALESCE(r.position, 0) AS read, \
             (SELECT COUNT(*) FROM (SELECT 1 AS n FROM messages x WHERE x.space = d.id \
             AND x.position > COALESCE(r.position, 0) AND x.author_id <> m.user_id AND x.deleted_ms IS NULL \
             LIMIT $2) AS news) AS unread FROM dialog_members m JOIN dialogs d ON d.id = m.dialog_id \
             LEFT JOIN read_positions r ON r.space = m.dialog_id AND r.user_id = m.user_id WHERE m.user_id = $1 AND ",
            $rest
        )
    };
}

impl Dialogs<'_> {
    /// Begins a dialog; of two who have one already it is that one. Gives which, and whether it is new.
    ///
    /// Errors: [`Error::Refused`] where one of them is nobody.
    pub async fn begin(&self, new: &NewDialog) -> Result<(SpaceId, bool), Error> {
        let pair = match new.others.as_slice() {
            [other] => Some(pair_of(&new.founder, other)),
            _ => None,
        };
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO dialogs (id, pair, founder_id, title, since_ms, last_ms) VALUES ($1, $2, $3, $4, $5, $5) \
                   ON CONFLICT DO NOTHING";
        let row = params![new.id.as_str(), pair.as_deref(), new.founder.as_str(), &new.title, new.at_ms];
        if tx.execute(sql, row).await? == 0 {
            let sql = "SELECT id FROM dialogs WHERE pair = $1";
            let found = tx.optional(sql, params![pair.as_deref()]).await?;
            tx.commit().await?;
            let found = found.ok_or_else(|| Error::Refused("an id that is taken".to_owned()))?;
            return Ok((found.id("id")?, false));
        }
        for user in std::iter::once(&new.founder).chain(&new.others) {
            let sql = "INSERT INTO dialog_members (dialog_id, user_id, joined_ms) VALUES ($1, $2, $3)";
            tx.execute(sql, params![new.id.as_str(), user.as_str(), new.at_ms]).await?;
        }
        tx.commit().await?;
        Ok((new.id.clone(), true))
    }

    /// How many of more than two somebody has begun since a time.
    pub async fn count_begun(&self, by: &UserId, since_ms: u64) -> Result<u64, Error> {
        let sql = "SELECT COUNT(*) AS n FROM dialogs WHERE founder_id = $1 AND since_ms >= $2 AND pair IS NULL";
        self.db.optional(sql, params![by.as_str(), since_ms]).await?.map_or(Ok(0), |row| row.int("n"))
    }

    /// All that is needed to open a dialog. Writes submitted before are in it.
    pub async fn load(&self, id: &SpaceId) -> Result<Option<DialogRecord>, Error> {
        self.writes.settled().await;
        let sql = "SELECT pair, title, since_ms FROM dialogs WHERE id = $1";
        let Some(row) = self.db.optional(sql, params![id.as_str()]).await? else { return Ok(None) };
        let members = self.db.all(MEMBERS, params![id.as_str()]).await?;
        let (messages, more_messages) = Conversations(self.db).page(id, Page::Latest, MESSAGES_AT_OPENING).await?;
        Ok(Some(DialogRecord {
            title: row.text("title")?,
            two: row.opt_text("pair")?.is_some(),
            since_ms: row.int("since_ms")?,
            members: members.iter().map(member).collect::<Result<_, _>>()?,
            messages,
            more_messages,
        }))
    }

    /// How many dialogs somebody has pinned, one apart.
    pub async fn count_pinned_but(&self, user: &UserId, dialog: &SpaceId) -> Result<u64, Error> {
        let sql = "SELECT COUNT(*) AS n FROM dialog_members WHERE user_id = $1 AND dialog_id <> $2 AND pinned = 1";
        self.db.optional(sql, params![user.as_str(), dialog.as_str()]).await?.map_or(Ok(0), |row| row.int("n"))
    }

    /// Whether somebody is in a dialog.
    pub async fn is_member(&self, dialog: &SpaceId, user: &UserId) -> Result<bool, Error> {
        let sql = "SELECT 1 AS n FROM dialog_members WHERE dialog_id = $1 AND user_id = $2";
        Ok(self.db.optional(sql, params![dialog.as_str(), user.as_str()]).await?.is_some())
    }

    /// Of a dialog of two, the other one: `Some(None)` where their account is gone; `None` where it is none of two.
    pub async fn other_of(&self, dialog: &SpaceId, user: &UserId) -> Result<Option<Option<UserId>>, Error> {
        let sql = "SELECT m.user_id FROM dialogs d LEFT JOIN dialog_members m ON m.dialog_id = d.id AND m.user_id <> $2 \
                   WHERE d.id = $1 AND d.pair IS NOT NULL";
        let row = self.db.optional(sql, params![dialog.as_str(), user.as_str()]).await?;
        row.map(|row| Ok(row.opt_text("user_id")?.and_then(|id| UserId::parse(&id).ok()))).transpose()
    }

    /// Somebody's dialogs: pinned ones first, then by when something was said last, the newest first.
    /// Behind a time there are none that are pinned. `limit` is held between 1 and [`DIALOGS_PAGE_MAX`].
    /// Gives whether there are more, too.
    pub async fn of(&self, user: &UserId, before_ms: Option<u64>, limit: usize) -> Result<(Vec<Dialog>, bool), Error> {
        let limit = limit.clamp(1, DIALOGS_PAGE_MAX);
        let unread = u64::from(UNREAD_MAX);
        let mut rows = Vec::new();
        if before_ms.is_none() {
            let sql = row_sql!("m.pinned = 1 ORDER BY d.last_ms DESC, d.id LIMIT $3");
            rows = self.db.all(sql, params![user.as_str(), unread, DIALOGS_PINNED_MAX as u64]).await?;
        }
        let sql = row_sql!("m.pinned = 0 AND d.last_ms < $3 ORDER BY d.last_ms DESC, d.id LIMIT $4");
        let before = before_ms.unwrap_or(i64::MAX as u64);
        let others = self.db.all(sql, params![user.as_str(), unread, before, limit as u64 + 1]).await?;
        let more = others.len() > limit;
        rows.extend(others.into_iter().take(limit));
        let mut dialogs = Vec::with_capacity(rows.len());
        for row in &rows {
            dialogs.push(self.described(row).await?);
        }
        Ok((dialogs, more))
    }

    /// What was said in dialogs of somebody's and holds all words of a question, the newest first, and whether there is more;
    /// at most [`FOUND_MESSAGES_MAX`](hearth_protocol::limits::FOUND_MESSAGES_MAX).
    pub async fn find(
        &self,
        user: &UserId,
        text: &str,
        dialog: Option<&SpaceId>,
        before_ms: Option<u64>,
    ) -> Result<(Vec<FoundMessage>, bool), Error> {
        message_words::find(self.db, user, text, dialog, before_ms).await
    }

    /// One dialog, as one of its members sees it.
    pub async fn one_of(&self, dialog: &SpaceId, user: &UserId) -> Result<Option<Dialog>, Error> {
        let sql = row_sql!("d.id = $3");
        let params = params![user.as_str(), u64::from(UNREAD_MAX), dialog.as_str()];
        match self.db.optional(sql, params).await? {
            Some(row) => self.described(&row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn described(&self, row: &Row) -> Result<Dialog, Error> {
        let id: SpaceId = row.id("id")?;
        let sql = "SELECT u.id, u.name, u.display_name FROM dialog_members m JOIN users u ON u.id = m.user_id \
                   WHERE m.dialog_id = $1 ORDER BY m.joined_ms, u.id LIMIT $2";
        let members = self.db.all(sql, params![id.as_str(), DIALOG_MEMBERS_MAX as u64]).await?;
        let (last, _) = Conversations(self.db).page(&id, Page::Latest, 1).await?;
        Ok(Dialog {
            title: row.text("title")?,
            two: row.opt_text("pair")?.is_some(),
            members: members.iter().map(profile).collect::<Result<_, _>>()?,
            last: last.into_iter().next(),
            read_position: row.int("read")?,
            unread: u32::try_from(row.int("unread")?).unwrap_or(UNREAD_MAX),
            pinned: row.flag("pinned")?,
            muted: row.flag("muted")?,
            since_ms: row.int("since_ms")?,
            id,
        })
    }
}

fn pair_of(one: &UserId, other: &UserId) -> String {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    format!("{first} {second}")
}

fn member(row: &Row) -> Result<DialogMemberRecord, Error> {
    Ok(DialogMemberRecord {
        profile: profile(row)?,
        read_position: row.int("position")?,
        read_marks: row.flag("read_marks")?,
        presence: row.flag("presence")?,
        keeping: Keeping { pinned: row.flag("pinned")?, muted: row.flag("muted")? },
    })
}

/// Something was said in a dialog: it comes first in the lists, and is found by its words.
pub(crate) async fn said(tx: &mut Tx, dialog: &SpaceId, message: &Message) -> Result<(), Error> {
    let sql = "UPDATE dialogs SET last_ms = $2 WHERE id = $1 AND last_ms < $2";
    tx.execute(sql, params![dialog.as_str(), message.at_ms]).await?;
    videos::said(tx, dialog, message).await?;
    message_words::set(tx, dialog, message.position, &message.text).await
}

/// How what happens in a dialog reaches the tables.
pub(crate) fn statement(write: &Write) -> Result<(&'static str, Vec<Param>), Error> {
    Ok(match write {
        Write::DialogTitle { dialog, title } => {
            ("UPDATE dialogs SET title = $2 WHERE id = $1", params![dialog.as_str(), title])
        }
        Write::DialogJoined { dialog, user, at_ms } => (
            "INSERT INTO dialog_members (dialog_id, user_id, joined_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            params![dialog.as_str(), user.as_str(), *at_ms],
        ),
        Write::DialogLeft { dialog, user } => (
            "DELETE FROM dialog_members WHERE dialog_id = $1 AND user_id = $2",
            params![dialog.as_str(), user.as_str()],
        ),
        Write::DialogKept { dialog, user, keeping } => (
            "UPDATE dialog_members SET pinned = $3, muted = $4 WHERE dialog_id = $1 AND user_id = $2",
            params![dialog.as_str(), user.as_str(), keeping.pinned, keeping.muted],
        ),
        other => return Err(Error::Refused(format!("{other:?} is of no dialog"))),
    })
}
