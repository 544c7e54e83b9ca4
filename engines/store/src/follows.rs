//! Who follows whom.

use crate::Error;
use crate::db::{Db, params};
use crate::people::profile;
use hearth_protocol::ids::UserId;
use hearth_protocol::limits::FOLLOWS_MAX;
use hearth_protocol::people::Profile;

/// The most followers one read returns.
pub const FOLLOWERS_PAGE_MAX: usize = 1_000;

/// Who follows whom. Follows are written with [`Write::Follow`](crate::Write::Follow).
pub struct Follows<'a>(pub(crate) &'a Db);

impl Follows<'_> {
    /// Whom a user follows, in order of id; at most [`FOLLOWS_MAX`].
    pub async fn of(&self, user: &UserId) -> Result<Vec<Profile>, Error> {
        let sql = "SELECT u.id, u.name, u.display_name FROM follows f JOIN users u ON u.id = f.other_id \
                   WHERE f.user_id = $1 ORDER BY u.id LIMIT $2";
        self.0.all(sql, params![user.as_str(), FOLLOWS_MAX as u64]).await?.iter().map(profile).collect()
    }

    /// Whom a user follows, and whether each follows them, in order of id; at most [`FOLLOWS_MAX`].
    pub async fn mutual(&self, user: &UserId) -> Result<Vec<(UserId, bool)>, Error> {
        let sql = "SELECT f.other_id AS id, b.user_id AS back FROM follows f \
                   LEFT JOIN follows b ON b.user_id = f.other_id AND b.other_id = f.user_id \
                   WHERE f.user_id = $1 ORDER BY f.other_id LIMIT $2";
        let rows = self.0.all(sql, params![user.as_str(), FOLLOWS_MAX as u64]).await?;
        rows.iter().map(|row| Ok((row.id("id")?, row.opt_text("back")?.is_some()))).collect()
    }

    /// How many follow a user.
    pub async fn count_followers(&self, user: &UserId) -> Result<u64, Error> {
        let sql = "SELECT COUNT(*) AS n FROM follows WHERE other_id = $1";
        self.0.optional(sql, params![user.as_str()]).await?.map_or(Ok(0), |row| row.int("n"))
    }

    /// Who follows a user, in order of id, behind one; `limit` is held between 1 and [`FOLLOWERS_PAGE_MAX`].
    pub async fn followers(&self, user: &UserId, after: Option<&UserId>, limit: usize) -> Result<Vec<UserId>, Error> {
        let limit = limit.clamp(1, FOLLOWERS_PAGE_MAX) as u64;
        let after = after.map_or("", UserId::as_str);
        let sql = "SELECT user_id FROM follows WHERE other_id = $1 AND user_id > $2 ORDER BY user_id LIMIT $3";
        let rows = self.0.all(sql, params![user.as_str(), after, limit]).await?;
        rows.iter().map(|row| row.id("user_id")).collect()
    }
}
