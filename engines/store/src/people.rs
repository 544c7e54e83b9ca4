//! What concerns two people.

use crate::Error;
use crate::db::{Db, Row, params};
use hearth_protocol::ids::UserId;
use hearth_protocol::people::Profile;

/// What concerns two people.
pub struct People<'a>(pub(crate) &'a Db);

impl People<'_> {
    /// Whom a user has blocked, in order of id.
    pub async fn blocked_by(&self, user: &UserId) -> Result<Vec<Profile>, Error> {
        let sql = "SELECT u.id, u.name, u.display_name FROM blocks b JOIN users u ON u.id = b.other_id \
                   WHERE b.user_id = $1 ORDER BY u.id";
        self.0.all(sql, params![user.as_str()]).await?.iter().map(profile).collect()
    }

    /// What others see of a user.
    pub async fn profile(&self, user: &UserId) -> Result<Option<Profile>, Error> {
        let sql = "SELECT id, name, display_name FROM users WHERE id = $1";
        self.0.optional(sql, params![user.as_str()]).await?.as_ref().map(profile).transpose()
    }
}

/// A profile from the columns `id`, `name`, `display_name`.
pub(crate) fn profile(row: &Row) -> Result<Profile, Error> {
    Ok(Profile { id: row.id("id")?, name: row.opt_text("name")?, display_name: row.text("display_name")? })
}
