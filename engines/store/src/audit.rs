//! Who did what.

use crate::Error;
use crate::db::{Db, params};
use hearth_protocol::ids::{SpaceId, UserId};

/// The most entries one read returns.
pub const AUDIT_PAGE_MAX: usize = 100;

/// Who did what. Entries are written with [`Write::Audit`](crate::Write::Audit).
pub struct Audit<'a>(pub(crate) &'a Db);

/// Something somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Rises from entry to entry.
    pub number: u64,
    /// Where, if in a space.
    pub space: Option<SpaceId>,
    /// Who.
    pub by: UserId,
    /// What.
    pub action: String,
    /// To whom or what.
    pub subject: String,
    /// When.
    pub at_ms: u64,
}

impl Audit<'_> {
    /// The newest entries before a number, newest first; of one space, or of all.
    /// `limit` is held between 1 and [`AUDIT_PAGE_MAX`].
    pub async fn page(
        &self,
        space: Option<&SpaceId>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, Error> {
        let limit = limit.clamp(1, AUDIT_PAGE_MAX) as u64;
        let before = before.unwrap_or(u64::MAX);
        let rows = match space {
            Some(space) => {
                let sql = "SELECT id, space, by_id, action, subject, at_ms FROM audit \
                           WHERE space = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
                self.0.all(sql, params![space.as_str(), before, limit]).await?
            }
            None => {
                let sql = "SELECT id, space, by_id, action, subject, at_ms FROM audit \
                           WHERE id < $1 ORDER BY id DESC LIMIT $2";
                self.0.all(sql, params![before, limit]).await?
            }
        };
        rows.iter()
            .map(|row| {
                let space = row.opt_text("space")?.map(|_| row.id("space")).transpose()?;
                Ok(AuditEntry {
                    number: row.int("id")?,
                    space,
                    by: row.id("by_id")?,
                    action: row.text("action")?,
                    subject: row.text("subject")?,
                    at_ms: row.int("at_ms")?,
                })
            })
            .collect()
    }
}
