//! Reports to the moderators of a room and to the administrators.

use crate::Error;
use crate::db::{Db, Param, Row, json_column, params};
use hearth_protocol::ids::{ReportId, SpaceId, UserId};
use hearth_protocol::limits::AUDIT_PAGE_MAX;
use hearth_protocol::moderation::Report;
use hearth_protocol::people::Profile;

/// Reports. They are written with [`Write::Report`](crate::Write::Report), and keep the message as it was said.
pub struct Reports<'a>(pub(crate) &'a Db);

/// Which reports are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WhichReports<'a> {
    /// Of one space; `None`: of all.
    pub space: Option<&'a SpaceId>,
    /// The open ones only, or the settled ones only.
    pub settled: Option<bool>,
    /// Those older than this one.
    pub before: Option<&'a ReportId>,
    /// Not those about this user: nobody judges a report about themselves.
    pub not_about: Option<&'a UserId>,
}

macro_rules! report_sql {
    ($rest:literal) => {
        concat!(
            "SELECT id, space, by_id, by_name, by_display_name, about_id, about_name, about_display_name, message, reason, \
             at_ms, settled_by, group_id FROM reports WHERE ",
            $rest
        )
    };
}

impl Reports<'_> {
    /// A page, newest first, and whether there are older ones. `limit` is held between 1 and [`AUDIT_PAGE_MAX`].
    pub async fn page(&self, which: WhichReports<'_>, limit: usize) -> Result<(Vec<Report>, bool), Error> {
        let limit = limit.clamp(1, AUDIT_PAGE_MAX);
        let sql = report_sql!(
            "($1 = '' OR space = $1) AND ($2 = -1 OR ($2 = 0 AND settled_by IS NULL) OR ($2 = 1 AND settled_by IS NOT NULL)) \
             AND ($3 = '' OR number < (SELECT b.number FROM reports b WHERE b.id = $3)) AND about_id <> $4 \
             ORDER BY number DESC LIMIT $5"
        );
        let settled = which.settled.map_or(-1_i64, i64::from);
        let params = params![
            which.space.map_or("", SpaceId::as_str),
            settled,
            which.before.map_or("", ReportId::as_str),
            which.not_about.map_or("", UserId::as_str),
            limit as u64 + 1,
        ];
        let rows = self.0.all(sql, params).await?;
        let reports = rows.iter().take(limit).map(record).collect::<Result<Vec<_>, _>>()?;
        Ok((reports, rows.len() > limit))
    }

    /// One report.
    pub async fn by_id(&self, id: &ReportId) -> Result<Option<Report>, Error> {
        self.0.optional(report_sql!("id = $1"), params![id.as_str()]).await?.as_ref().map(record).transpose()
    }

    /// How many open reports somebody has in a space, a room or a group.
    pub async fn count_open(&self, space: &SpaceId, by: &UserId) -> Result<u64, Error> {
        let sql = "SELECT COUNT(*) AS n FROM reports WHERE (space = $1 OR group_id = $1) AND by_id = $2 AND settled_by IS NULL";
        self.0.optional(sql, params![space.as_str(), by.as_str()]).await?.map_or(Ok(0), |row| row.int("n"))
    }

    /// Settles a report; tells whether it was open.
    pub async fn settle(&self, id: &ReportId, by: &UserId, now_ms: u64) -> Result<bool, Error> {
        let sql = "UPDATE reports SET settled_by = $2, settled_ms = $3 WHERE id = $1 AND settled_by IS NULL";
        Ok(self.0.execute(sql, params![id.as_str(), by.as_str(), now_ms]).await? > 0)
    }
}

/// The statement that stores a report.
pub(crate) fn insert(report: &Report) -> Result<(&'static str, Vec<Param>), Error> {
    let sql = "INSERT INTO reports (id, space, by_id, by_name, by_display_name, about_id, about_name, about_display_name, \
               message, reason, at_ms, group_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let message = report.message.as_ref().map(json_column).transpose()?;
    let params = params![
        report.id.as_str(),
        report.space.as_str(),
        report.by.id.as_str(),
        report.by.name.as_deref(),
        &report.by.display_name,
        report.about.id.as_str(),
        report.about.name.as_deref(),
        &report.about.display_name,
        message,
        &report.reason,
        report.at_ms,
        report.group.as_ref().map(SpaceId::as_str),
    ];
    Ok((sql, params))
}

fn record(row: &Row) -> Result<Report, Error> {
    Ok(Report {
        id: row.id("id")?,
        space: row.id("space")?,
        by: Profile {
            id: row.id("by_id")?,
            name: row.opt_text("by_name")?,
            display_name: row.text("by_display_name")?,
        },
        about: Profile {
            id: row.id("about_id")?,
            name: row.opt_text("about_name")?,
            display_name: row.text("about_display_name")?,
        },
        message: row.opt_json("message")?,
        reason: row.text("reason")?,
        at_ms: row.int("at_ms")?,
        settled_by: row.opt_text("settled_by")?.map(|_| row.id("settled_by")).transpose()?,
        group: row.opt_text("group_id")?.map(|_| row.id("group_id")).transpose()?,
    })
}
