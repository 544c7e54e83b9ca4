//! Host visits: what was asked for, who was asked, and the ledger of what came of it.

use crate::db::{Db, Param, Row, Tx, damaged, json_column, params};
use crate::people::profile;
use crate::{Error, Write};
use hearth_protocol::host_visits::{EndReason, Entry, InvitationState, Way};
use hearth_protocol::ids::{SpaceId, UserId, VisitId};
use hearth_protocol::live_rooms::About;
use hearth_protocol::people::Profile;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Hosts of whom one read tells what speaks for and against asking them.
pub const VISIT_HOSTS_READ_MAX: usize = 200;
/// Hosts who opted in that one read returns.
pub const VISIT_OPTED_IN_MAX: usize = 10_000;
/// Visits of the ledger that one read returns.
pub const VISITS_READ_MAX: usize = 50;

/// Host visits. What happens live is written with [`Write`](crate::Write).
pub struct Visits<'a>(pub(crate) &'a Db);

/// A host, as somebody who might ask them for a visit may need to know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitHost {
    /// Who.
    pub host: Profile,
    /// Their room.
    pub room: SpaceId,
    /// What it says of itself.
    pub about: About,
    /// Whether they may be asked: they opted in, and do not want to be left alone.
    pub may_be_asked: bool,
    /// Whether one of the two has blocked the other.
    pub blocked: bool,
    /// Whether the asking host follows them.
    pub followed: bool,
    /// Visits they kept, and thanks they received.
    pub standing: u32,
    /// How often they visited the asking host.
    pub visited: u32,
    /// How often the asking host visited them.
    pub was_visited: u32,
    /// Whether one of the two thanked the other.
    pub thanked: bool,
    /// When anybody asked them last.
    pub asked_ms: Option<u64>,
    /// When they declined to the asking host last.
    pub declined_ms: Option<u64>,
}

/// A visit is kept when it came to its end by its time, by a host's word, or with the broadcast.
macro_rules! kept {
    ($visit:literal) => {
        concat!($visit, ".reason IN ('over', 'host', 'broadcast_ended')")
    };
}

/// `$1` asks; the others are looked at. Fewer are asked for by naming the last one again.
static HOSTS: LazyLock<String> = LazyLock::new(|| {
    let numbers: Vec<String> = (2..VISIT_HOSTS_READ_MAX + 2).map(|number| format!("${number}")).collect();
    let sql = concat!(
        "SELECT u.id, u.name, u.display_name, r.id AS room, r.about, ",
        "(SELECT COUNT(*) FROM preferences p WHERE p.user_id = u.id AND p.host_visits = 1 AND p.do_not_disturb = 0) ",
        "AS may_be_asked, ",
        "(SELECT COUNT(*) FROM blocks b WHERE (b.user_id = $1 AND b.other_id = u.id) OR (b.user_id = u.id AND b.other_id = $1)) ",
        "AS blocks, ",
        "(SELECT COUNT(*) FROM follows f WHERE f.user_id = $1 AND f.other_id = u.id) AS followed, ",
        "(SELECT COUNT(*) FROM visits v WHERE v.from_id = u.id AND ",
        kept!("v"),
        ") AS kept, ",
        "(SELECT COUNT(*) FROM visit_thanks t JOIN visits v ON v.id = t.visit ",
        "WHERE (v.to_id = u.id OR v.from_id = u.id) AND t.user_id <> u.id) AS thanks, ",
        "(SELECT COUNT(*) FROM visits v WHERE v.from_id = u.id AND v.to_id = $1 AND ",
        kept!("v"),
        ") AS visited, ",
        "(SELECT COUNT(*) FROM visits v WHERE v.from_id = $1 AND v.to_id = u.id AND ",
        kept!("v"),
        ") AS was_visited, ",
        "(SELECT COUNT(*) FROM visit_thanks t JOIN visits v ON v.id = t.visit ",
        "WHERE (v.to_id = u.id AND v.from_id = $1) OR (v.to_id = $1 AND v.from_id = u.id)) AS thanked, ",
        "(SELECT MAX(i.asked_ms) FROM visit_invitations i WHERE i.host_id = u.id) AS asked_ms, ",
        "(SELECT MAX(i.answered_ms) FROM visit_invitations i WHERE i.host_id = u.id AND i.by_id = $1 ",
        "AND i.state = 'declined') AS declined_ms ",
        "FROM users u JOIN rooms r ON r.host_id = u.id WHERE u.id IN"
    );
    format!("{sql} ({}) ORDER BY u.id", numbers.join(","))
});

impl Visits<'_> {
    /// When somebody asked for visits since a moment, the earliest first.
    pub async fn requests_since(&self, user: &UserId, since_ms: u64) -> Result<Vec<u64>, Error> {
        let sql = "SELECT at_ms FROM visit_requests WHERE by_id = $1 AND at_ms >= $2 ORDER BY at_ms LIMIT 10";
        let rows = self.0.all(sql, params![user.as_str(), since_ms]).await?;
        rows.iter().map(|row| row.int("at_ms")).collect()
    }

    /// Who may be asked for visits, in order of id; at most [`VISIT_OPTED_IN_MAX`].
    pub async fn opted_in(&self) -> Result<Vec<UserId>, Error> {
        let sql =
            "SELECT user_id FROM preferences WHERE host_visits = 1 AND do_not_disturb = 0 ORDER BY user_id LIMIT $1";
        let rows = self.0.all(sql, params![VISIT_OPTED_IN_MAX as u64]).await?;
        rows.iter().map(|row| row.id("user_id")).collect()
    }

    /// What speaks for and against asking hosts, in order of id; [`VISIT_HOSTS_READ_MAX`] are looked at.
    pub async fn hosts(&self, asker: &UserId, hosts: &[UserId]) -> Result<Vec<VisitHost>, Error> {
        let Some(last) = hosts.last() else { return Ok(Vec::new()) };
        let all = hosts.iter().chain(std::iter::repeat(last)).take(VISIT_HOSTS_READ_MAX);
        let params = std::iter::once(asker).chain(all).map(|id| id.as_str().into()).collect();
        self.0.all(HOSTS.as_str(), params).await?.iter().map(host).collect()
    }

    /// The visits of somebody, the latest first; at most [`VISITS_READ_MAX`].
    pub async fn of(&self, user: &UserId) -> Result<Vec<Entry>, Error> {
        let sql = "SELECT v.id AS visit, v.way, v.began_ms, v.ended_ms, v.people, v.person_ms, v.follows_to, \
                   v.follows_from, a.id AS to_id, a.name AS to_name, a.display_name AS to_display_name, \
                   b.id AS from_id, b.name AS from_name, b.display_name AS from_display_name, \
                   (SELECT COUNT(*) FROM visit_thanks t WHERE t.visit = v.id AND t.user_id = v.to_id) AS thanked_to, \
                   (SELECT COUNT(*) FROM visit_thanks t WHERE t.visit = v.id AND t.user_id = v.from_id) AS thanked_from \
                   FROM visits v JOIN users a ON a.id = v.to_id JOIN users b ON b.id = v.from_id \
                   WHERE v.to_id = $1 OR v.from_id = $1 ORDER BY v.began_ms DESC, v.id LIMIT $2";
        let rows = self.0.all(sql, params![user.as_str(), VISITS_READ_MAX as u64]).await?;
        rows.iter().map(entry).collect()
    }

    /// One of the two hosts thanks the other for a visit; again changes nothing.
    ///
    /// Errors: [`Error::NotFound`] where there was no such visit, or not with this host.
    pub async fn thank(&self, visit: &VisitId, user: &UserId, at_ms: u64) -> Result<(), Error> {
        let sql = "SELECT id FROM visits WHERE id = $1 AND (to_id = $2 OR from_id = $2)";
        if self.0.optional(sql, params![visit.as_str(), user.as_str()]).await?.is_none() {
            return Err(Error::NotFound);
        }
        let sql = "INSERT INTO visit_thanks (visit, user_id, at_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        self.0.execute(sql, params![visit.as_str(), user.as_str(), at_ms]).await.map(drop)
    }

    /// What a server that is gone has left open comes to its end: nobody is underway, and nobody waits for an answer.
    pub async fn close_open(&self, at_ms: u64) -> Result<(), Error> {
        let sql = "UPDATE visits SET ended_ms = $1, reason = 'lost' WHERE ended_ms IS NULL";
        self.0.execute(sql, params![at_ms]).await?;
        let sql = "UPDATE visit_invitations SET state = 'withdrawn', answered_ms = $1 WHERE state IS NULL";
        self.0.execute(sql, params![at_ms]).await.map(drop)
    }
}

/// What came of a visit that is over.
#[derive(Debug, Clone, PartialEq)]
pub struct VisitEnd {
    /// Which.
    pub visit: VisitId,
    /// When.
    pub at_ms: u64,
    /// Why.
    pub reason: EndReason,
    /// Of the visitor's audience, who came along.
    pub came: Vec<UserId>,
    /// How long they stayed, of all of them together.
    pub person_ms: u64,
    /// Of the inviting host's own audience, who was there.
    pub met: Vec<UserId>,
}

/// What is written of a visit before its end.
pub(crate) fn statement(write: &Write) -> Result<(&'static str, Vec<Param>), Error> {
    Ok(match write {
        Write::VisitRequested { by, at_ms, conditions, wanted } => (
            "INSERT INTO visit_requests (by_id, at_ms, conditions, wanted) VALUES ($1, $2, $3, $4)",
            params![by.as_str(), *at_ms, &json_column(conditions)?, *wanted],
        ),
        Write::VisitInvited { visit, by, host, at_ms } => (
            "INSERT INTO visit_invitations (visit, by_id, host_id, asked_ms) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
            params![visit.as_str(), by.as_str(), host.as_str(), *at_ms],
        ),
        Write::VisitAnswered { visit, state, at_ms } => (
            "UPDATE visit_invitations SET state = $2, answered_ms = $3 WHERE visit = $1 AND state IS NULL",
            params![visit.as_str(), state_word(*state), *at_ms],
        ),
        Write::VisitBegan { visit, way, to, from, at_ms } => (
            "INSERT INTO visits (id, way, to_id, from_id, began_ms) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            params![visit.as_str(), word(way), to.as_str(), from.as_str(), *at_ms],
        ),
        other => return Err(Error::Refused(format!("{other:?} is none of a visit's first words"))),
    })
}

/// Writes the end of a visit that goes on, with the follows that each of the two gained of the other's audience meanwhile.
pub(crate) async fn end(tx: &mut Tx, end: &VisitEnd) -> Result<(), Error> {
    let sql = "SELECT to_id, from_id, began_ms FROM visits WHERE id = $1 AND ended_ms IS NULL";
    let Some(row) = tx.optional(sql, params![end.visit.as_str()]).await? else { return Ok(()) };
    let began_ms = row.int("began_ms")?;
    let to = gained(tx, &row.id("to_id")?, began_ms, &end.came).await?;
    let from = gained(tx, &row.id("from_id")?, began_ms, &end.met).await?;
    let sql = "UPDATE visits SET ended_ms = $2, reason = $3, people = $4, person_ms = $5, follows_to = $6, \
               follows_from = $7 WHERE id = $1";
    let params =
        params![end.visit.as_str(), end.at_ms, word(&end.reason), end.came.len() as u64, end.person_ms, to, from];
    tx.execute(sql, params).await.map(drop)
}

/// How many of these people follow somebody since a moment.
async fn gained(tx: &mut Tx, host: &UserId, since_ms: u64, people: &[UserId]) -> Result<u64, Error> {
    let people: BTreeSet<&str> = people.iter().map(UserId::as_str).collect();
    let sql = "SELECT user_id FROM follows WHERE other_id = $1 AND since_ms >= $2";
    let mut gained = 0;
    for row in tx.all(sql, params![host.as_str(), since_ms]).await? {
        gained += u64::from(people.contains(row.text("user_id")?.as_str()));
    }
    Ok(gained)
}

/// A word of the protocol, as it is stored.
fn word(value: &impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

fn read_word<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T, Error> {
    serde_json::from_value(row.text(column)?.into()).map_err(|_| damaged(column))
}

fn small(row: &Row, column: &str) -> Result<u32, Error> {
    Ok(u32::try_from(row.int(column)?).unwrap_or(u32::MAX))
}

fn host(row: &Row) -> Result<VisitHost, Error> {
    Ok(VisitHost {
        host: profile(row)?,
        room: row.id("room")?,
        about: row.json("about")?,
        may_be_asked: row.int("may_be_asked")? > 0,
        blocked: row.int("blocks")? > 0,
        followed: row.int("followed")? > 0,
        standing: small(row, "kept")?.saturating_add(small(row, "thanks")?),
        visited: small(row, "visited")?,
        was_visited: small(row, "was_visited")?,
        thanked: row.int("thanked")? > 0,
        asked_ms: row.opt_int("asked_ms")?,
        declined_ms: row.opt_int("declined_ms")?,
    })
}

fn entry(row: &Row) -> Result<Entry, Error> {
    let to =
        Profile { id: row.id("to_id")?, name: row.opt_text("to_name")?, display_name: row.text("to_display_name")? };
    let from = Profile {
        id: row.id("from_id")?,
        name: row.opt_text("from_name")?,
        display_name: row.text("from_display_name")?,
    };
    let mut thanked_by = Vec::new();
    for (column, host) in [("thanked_to", &to), ("thanked_from", &from)] {
        if row.int(column)? > 0 {
            thanked_by.push(host.id.clone());
        }
    }
    let way: Way = read_word(row, "way")?;
    Ok(Entry {
        id: row.id("visit")?,
        way,
        began_ms: row.int("began_ms")?,
        ended_ms: row.opt_int("ended_ms")?,
        people: small(row, "people")?,
        person_minutes: u32::try_from(row.int("person_ms")? / 60_000).unwrap_or(u32::MAX),
        follows_to: small(row, "follows_to")?,
        follows_from: small(row, "follows_from")?,
        to,
        from,
        thanked_by,
    })
}

/// What an invitation's state is called in its table.
fn state_word(state: InvitationState) -> Option<String> {
    (state != InvitationState::Open).then(|| word(&state)).flatten()
}
