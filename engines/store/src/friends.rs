//! Who is friends with whom, and who wishes to be.

use crate::Error;
use crate::db::{Db, Tx, params};
use crate::people::profile;
use crate::writes::Stored;
use hearth_protocol::ids::UserId;
use hearth_protocol::limits::FRIENDS_MAX;
use hearth_protocol::people::Profile;

/// Who is friends with whom. Wishes are written with [`Write::Befriend`](crate::Write::Befriend).
pub struct Friends<'a>(pub(crate) &'a Db);

/// Somebody's friends, and those who might become such, in order of id; at most [`FRIENDS_MAX`] of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FriendsOf {
    /// Each of the two wished it.
    pub friends: Vec<Profile>,
    /// Who wishes it, and was not answered; those whom the user has blocked are not among them.
    pub requests: Vec<Profile>,
    /// Of whom the user wishes it, and who has not answered.
    pub asked: Vec<Profile>,
}

const FRIENDS: &str = "SELECT u.id, u.name, u.display_name FROM friends f \
     JOIN friends b ON b.user_id = f.other_id AND b.other_id = f.user_id JOIN users u ON u.id = f.other_id \
     WHERE f.user_id = $1 ORDER BY u.id LIMIT $2";
const REQUESTS: &str = "SELECT u.id, u.name, u.display_name FROM friends f JOIN users u ON u.id = f.user_id \
     WHERE f.other_id = $1 \
     AND NOT EXISTS (SELECT 1 FROM friends b WHERE b.user_id = f.other_id AND b.other_id = f.user_id) \
     AND NOT EXISTS (SELECT 1 FROM blocks x WHERE x.user_id = f.other_id AND x.other_id = f.user_id) \
     ORDER BY u.id LIMIT $2";
const ASKED: &str = "SELECT u.id, u.name, u.display_name FROM friends f JOIN users u ON u.id = f.other_id \
     WHERE f.user_id = $1 \
     AND NOT EXISTS (SELECT 1 FROM friends b WHERE b.user_id = f.other_id AND b.other_id = f.user_id) \
     ORDER BY u.id LIMIT $2";

impl Friends<'_> {
    /// All of somebody's.
    pub async fn of(&self, user: &UserId) -> Result<FriendsOf, Error> {
        let mut found = [Vec::new(), Vec::new(), Vec::new()];
        for (sql, into) in [FRIENDS, REQUESTS, ASKED].into_iter().zip(&mut found) {
            let rows = self.0.all(sql, params![user.as_str(), FRIENDS_MAX as u64]).await?;
            *into = rows.iter().map(profile).collect::<Result<_, _>>()?;
        }
        let [friends, requests, asked] = found;
        Ok(FriendsOf { friends, requests, asked })
    }

    /// Whether two are friends.
    pub async fn are(&self, one: &UserId, other: &UserId) -> Result<bool, Error> {
        let sql = "SELECT 1 AS n FROM friends f JOIN friends b ON b.user_id = f.other_id AND b.other_id = f.user_id \
                   WHERE f.user_id = $1 AND f.other_id = $2";
        Ok(self.0.optional(sql, params![one.as_str(), other.as_str()]).await?.is_some())
    }
}

/// Somebody wishes to be friends with somebody; says whether the other wished it already.
pub(crate) async fn befriend(tx: &mut Tx, user: &UserId, other: &UserId, at_ms: u64) -> Result<Stored, Error> {
    let sql = "INSERT INTO friends (user_id, other_id, at_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    tx.execute(sql, params![user.as_str(), other.as_str(), at_ms]).await?;
    let sql = "SELECT 1 AS n FROM friends WHERE user_id = $1 AND other_id = $2";
    let back = tx.optional(sql, params![other.as_str(), user.as_str()]).await?.is_some();
    Ok(if back { Stored::NowFriends } else { Stored::Done })
}
