//! Who did what.

use crate::Error;
use crate::db::{Db, Row, params};
use hearth_protocol::ids::SpaceId;
use hearth_protocol::limits::AUDIT_PAGE_MAX;
use hearth_protocol::moderation::AuditEntry;
use hearth_protocol::people::Profile;

/// Who did what. Entries are written with [`Write::Audit`](crate::Write::Audit).
pub struct Audit<'a>(pub(crate) &'a Db);

impl Audit<'_> {
    /// The newest entries before a number, newest first, of one space or of all; and whether there are older ones.
    /// Who did it is called as they are now; who is forgotten has no name. `limit` is held between 1 and [`AUDIT_PAGE_MAX`].
    pub async fn page(
        &self,
        space: Option<&SpaceId>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<AuditEntry>, bool), Error> {
        let limit = limit.clamp(1, AUDIT_PAGE_MAX);
        let before = before.unwrap_or(u64::MAX);
        let sql = "SELECT a.id AS number, a.space, a.by_id, a.action, a.subject, a.at_ms, u.name, u.display_name \
                   FROM audit a LEFT JOIN users u ON u.id = a.by_id \
                   WHERE ($1 = '' OR a.space = $1) AND a.id < $2 ORDER BY a.id DESC LIMIT $3";
        let params = params![space.map_or("", SpaceId::as_str), before, limit as u64 + 1];
        let rows = self.0.all(sql, params).await?;
        let entries = rows.iter().take(limit).map(entry).collect::<Result<Vec<_>, _>>()?;
        Ok((entries, rows.len() > limit))
    }
}

fn entry(row: &Row) -> Result<AuditEntry, Error> {
    Ok(AuditEntry {
        number: row.int("number")?,
        space: row.opt_text("space")?.map(|_| row.id("space")).transpose()?,
        by: Profile {
            id: row.id("by_id")?,
            name: row.opt_text("name")?,
            display_name: row.opt_text("display_name")?.unwrap_or_default(),
        },
        action: row.text("action")?,
        subject: row.text("subject")?,
        at_ms: row.int("at_ms")?,
    })
}
