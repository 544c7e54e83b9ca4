//! What concerns two people.

use crate::Error;
use crate::db::{Db, Row, params};
use crate::search::{escaped, fold};
use hearth_protocol::http::Relation;
use hearth_protocol::ids::UserId;
use hearth_protocol::limits::PEOPLE_FOUND_MAX;
use hearth_protocol::people::{Preferences, Profile};

/// The most people that one read of blocks in both directions returns.
pub const BLOCKED_EITHER_WAY_MAX: usize = 20_000;

/// What concerns two people.
pub struct People<'a>(pub(crate) &'a Db);

impl People<'_> {
    /// Whom a user has blocked, in order of id.
    pub async fn blocked_by(&self, user: &UserId) -> Result<Vec<Profile>, Error> {
        let sql = "SELECT u.id, u.name, u.display_name FROM blocks b JOIN users u ON u.id = b.other_id \
                   WHERE b.user_id = $1 ORDER BY u.id";
        self.0.all(sql, params![user.as_str()]).await?.iter().map(profile).collect()
    }

    /// Whom a user has blocked and who has blocked them, in order of id; at most [`BLOCKED_EITHER_WAY_MAX`].
    pub async fn blocked_either_way(&self, user: &UserId) -> Result<Vec<UserId>, Error> {
        let sql = "SELECT other_id AS id FROM blocks WHERE user_id = $1 UNION SELECT user_id AS id FROM blocks \
                   WHERE other_id = $1 ORDER BY id LIMIT $2";
        let rows = self.0.all(sql, params![user.as_str(), BLOCKED_EITHER_WAY_MAX as u64]).await?;
        rows.iter().map(|row| row.id("id")).collect()
    }

    /// How somebody stands to somebody with an account who has not blocked them; `None`: there is nobody such.
    pub async fn seen(&self, by: &UserId, name: &str) -> Result<Option<(Profile, Relation)>, Error> {
        let sql = "SELECT u.id, u.name, u.display_name, \
                   (SELECT COUNT(*) FROM friends f WHERE f.user_id = $1 AND f.other_id = u.id) AS wishes, \
                   (SELECT COUNT(*) FROM friends f WHERE f.user_id = u.id AND f.other_id = $1) AS wished, \
                   (SELECT COUNT(*) FROM follows f WHERE f.user_id = $1 AND f.other_id = u.id) AS follows, \
                   (SELECT COUNT(*) FROM blocks b WHERE b.user_id = $1 AND b.other_id = u.id) AS blocked \
                   FROM users u WHERE u.name_key = $2 AND u.disabled = 0 \
                   AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.user_id = u.id AND b.other_id = $1)";
        let row = self.0.optional(sql, params![by.as_str(), &name.to_ascii_lowercase()]).await?;
        let Some(row) = row else { return Ok(None) };
        let person = profile(&row)?;
        let (wishes, wished) = (row.flag("wishes")?, row.flag("wished")?);
        let relation = Relation {
            me: person.id == *by,
            friends: wishes && wished,
            asked: wishes && !wished,
            asks: wished && !wishes,
            follows: row.flag("follows")?,
            blocked: row.flag("blocked")?,
        };
        Ok(Some((person, relation)))
    }

    /// What others see of a user.
    pub async fn profile(&self, user: &UserId) -> Result<Option<Profile>, Error> {
        let sql = "SELECT id, name, display_name FROM users WHERE id = $1";
        self.0.optional(sql, params![user.as_str()]).await?.as_ref().map(profile).transpose()
    }

    /// People with an account whose names begin so, or hold a word that begins so: those apart who have blocked who asks,
    /// or whom they have blocked, or whose account is disabled. Friends first, then whom they follow; at most
    /// [`PEOPLE_FOUND_MAX`].
    pub async fn find(&self, by: &UserId, text: &str) -> Result<Vec<Profile>, Error> {
        let key = escaped(&fold(text));
        let sql = "SELECT u.id, u.name, u.display_name FROM users u \
                   LEFT JOIN friends f ON f.user_id = $1 AND f.other_id = u.id \
                   LEFT JOIN follows w ON w.user_id = $1 AND w.other_id = u.id \
                   WHERE u.name_key IS NOT NULL AND u.disabled = 0 AND u.id <> $1 \
                   AND (u.name_key LIKE $2 ESCAPE '\\' OR u.display_key LIKE $2 ESCAPE '\\' \
                   OR u.display_key LIKE $3 ESCAPE '\\') \
                   AND NOT EXISTS (SELECT 1 FROM blocks b WHERE (b.user_id = $1 AND b.other_id = u.id) \
                   OR (b.user_id = u.id AND b.other_id = $1)) \
                   ORDER BY CASE WHEN f.other_id IS NOT NULL THEN 0 WHEN w.other_id IS NOT NULL THEN 1 ELSE 2 END, \
                   u.display_key, u.id LIMIT $4";
        let params = params![by.as_str(), &format!("{key}%"), &format!("% {key}%"), PEOPLE_FOUND_MAX as u64];
        self.0.all(sql, params).await?.iter().map(profile).collect()
    }

    /// Somebody with an account whom somebody may write to: neither has blocked the other, and it is not disabled.
    pub async fn reachable(&self, by: &UserId, user: &UserId) -> Result<Option<Profile>, Error> {
        let sql = "SELECT id, name, display_name FROM users u WHERE id = $2 AND name_key IS NOT NULL AND disabled = 0 \
                   AND NOT EXISTS (SELECT 1 FROM blocks b WHERE (b.user_id = $1 AND b.other_id = $2) \
                   OR (b.user_id = $2 AND b.other_id = $1))";
        self.0.optional(sql, params![by.as_str(), user.as_str()]).await?.as_ref().map(profile).transpose()
    }

    /// What others may want of a user.
    pub async fn preferences(&self, user: &UserId) -> Result<Preferences, Error> {
        let sql = "SELECT interests, group_invitations, do_not_disturb, host_visits, read_marks, presence FROM preferences \
             WHERE user_id = $1";
        let Some(row) = self.0.optional(sql, params![user.as_str()]).await? else { return Ok(Preferences::default()) };
        Ok(Preferences {
            interests: row.json("interests")?,
            group_invitations: row.flag("group_invitations")?,
            do_not_disturb: row.flag("do_not_disturb")?,
            host_visits: row.flag("host_visits")?,
            read_marks: row.flag("read_marks")?,
            presence: row.flag("presence")?,
        })
    }

    /// Remembers what others may want of a user.
    pub async fn set_preferences(&self, user: &UserId, preferences: &Preferences) -> Result<(), Error> {
        let interests =
            serde_json::to_string(&preferences.interests).map_err(|error| Error::Refused(error.to_string()))?;
        let sql = "INSERT INTO preferences (user_id, interests, group_invitations, do_not_disturb, host_visits, \
                   read_marks, presence) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (user_id) DO UPDATE SET interests = excluded.interests, \
                   group_invitations = excluded.group_invitations, do_not_disturb = excluded.do_not_disturb, \
                   host_visits = excluded.host_visits, read_marks = excluded.read_marks, presence = excluded.presence";
        let Preferences { group_invitations, do_not_disturb, host_visits, read_marks, presence, .. } = *preferences;
        let params =
            params![user.as_str(), &interests, group_invitations, do_not_disturb, host_visits, read_marks, presence];
        self.0.execute(sql, params).await.map(drop)
    }
}

/// A profile from the columns `id`, `name`, `display_name`.
pub(crate) fn profile(row: &Row) -> Result<Profile, Error> {
    Ok(Profile { id: row.id("id")?, name: row.opt_text("name")?, display_name: row.text("display_name")? })
}
