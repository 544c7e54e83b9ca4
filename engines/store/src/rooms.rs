//! Rooms, and all that is needed to open one.

use crate::conversations::{Conversations, Page};
use crate::db::{Db, Row, damaged, params};
use crate::people::profile;
use crate::search::{RoomSearch, found_sql};
use crate::{Error, Writes};
use hearth_protocol::conversation::Message;
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_protocol::live_rooms::About;
use hearth_protocol::people::Profile;
use hearth_protocol::space::Sanction;
use std::sync::LazyLock;

/// How many of the latest messages come with a room that is opened.
pub const MESSAGES_AT_OPENING: usize = 50;
/// The most rooms one read returns.
pub const ROOMS_MAX: usize = 200;

/// Rooms, and all that is needed to open one.
pub struct Rooms<'a> {
    pub(crate) db: &'a Db,
    pub(crate) writes: &'a Writes,
}

/// A room, as one finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomRecord {
    /// Which.
    pub id: SpaceId,
    /// Whose.
    pub host: Profile,
    /// What it says of itself.
    pub about: About,
    /// How many follow the host.
    pub followers: u32,
    /// The hash of its cover, where it has one.
    pub cover: Option<String>,
}

/// All that is needed to open a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpaceRecord {
    /// What it says of itself.
    pub about: About,
    /// Whose.
    pub host: Profile,
    /// Who moderates, in order of id.
    pub moderators: Vec<Profile>,
    /// Who is muted or banned, in order of id; what has run out may still be among them.
    pub sanctions: Vec<Sanction>,
    /// Seconds between two messages of a viewer; 0 is off.
    pub slow_mode_s: u32,
    /// The highest position given to a message; 0 where there are none.
    pub last_position: u64,
    /// The number of the latest broadcast; 0 where there was none.
    pub last_broadcast: u64,
    /// The latest [`MESSAGES_AT_OPENING`], oldest first.
    pub messages: Vec<Message>,
    /// Whether there are older ones.
    pub more_messages: bool,
    /// Whether broadcasts are recorded.
    pub recording_wanted: bool,
}

macro_rules! room_sql {
    ($condition:expr) => {
        concat!(
            "SELECT r.id AS room, r.about, r.slow_mode_s, r.recording_wanted, u.id, u.name, u.display_name, \
             (SELECT COUNT(*) FROM follows f WHERE f.other_id = r.host_id) AS followers, c.hash AS cover \
             FROM rooms r JOIN users u ON u.id = r.host_id LEFT JOIN covers c ON c.space = r.id WHERE ",
            $condition
        )
    };
}

/// Rooms asked for by id in one statement. Fewer are asked for by naming the last one again.
static BY_IDS: LazyLock<String> = LazyLock::new(|| {
    let numbers: Vec<String> = (1..=ROOMS_MAX).map(|number| format!("${number}")).collect();
    format!("{} ({})", room_sql!("r.id IN"), numbers.join(","))
});

impl Rooms<'_> {
    /// A room by its id.
    pub async fn by_id(&self, id: &SpaceId) -> Result<Option<RoomRecord>, Error> {
        let row = self.db.optional(room_sql!("r.id = $1"), params![id.as_str()]).await?;
        row.as_ref().map(record).transpose()
    }

    /// The room of the account with this name, in whatever case it is written.
    pub async fn by_host_name(&self, name: &str) -> Result<Option<RoomRecord>, Error> {
        let key = name.to_ascii_lowercase();
        let row = self.db.optional(room_sql!("u.name_key = $1"), params![&key]).await?;
        row.as_ref().map(record).transpose()
    }

    /// Rooms by their ids, in no order; [`ROOMS_MAX`] are looked at.
    pub async fn by_ids(&self, ids: &[SpaceId]) -> Result<Vec<RoomRecord>, Error> {
        let Some(last) = ids.last() else { return Ok(Vec::new()) };
        let params = ids.iter().chain(std::iter::repeat(last)).take(ROOMS_MAX).map(|id| id.as_str().into()).collect();
        self.db.all(BY_IDS.as_str(), params).await?.iter().map(record).collect()
    }

    /// The rooms that a search finds, the latest live first; `limit` is held between 1 and [`ROOMS_MAX`].
    pub async fn search(&self, search: &RoomSearch, limit: usize) -> Result<Vec<RoomRecord>, Error> {
        let sql = room_sql!(concat!(
            found_sql!(),
            " ORDER BY COALESCE((SELECT MAX(b.started_ms) FROM broadcasts b WHERE b.space = r.id), 0) DESC, r.id LIMIT $10"
        ));
        let mut params = search.params();
        params.push((limit.clamp(1, ROOMS_MAX) as u64).into());
        self.db.all(sql, params).await?.iter().map(record).collect()
    }

    /// Whether somebody moderates a room.
    pub async fn is_moderator(&self, room: &SpaceId, user: &UserId) -> Result<bool, Error> {
        let sql = "SELECT user_id FROM moderators WHERE space = $1 AND user_id = $2";
        Ok(self.db.optional(sql, params![room.as_str(), user.as_str()]).await?.is_some())
    }

    /// Whether somebody is banned in a room.
    pub async fn is_banned(&self, room: &SpaceId, user: &UserId) -> Result<bool, Error> {
        let sql = "SELECT user_id FROM sanctions WHERE space = $1 AND user_id = $2 AND banned = 1";
        Ok(self.db.optional(sql, params![room.as_str(), user.as_str()]).await?.is_some())
    }

    /// Whether a room's host has blocked somebody.
    pub async fn is_blocked_by_host(&self, room: &SpaceId, user: &UserId) -> Result<bool, Error> {
        let sql =
            "SELECT b.other_id FROM blocks b JOIN rooms r ON r.host_id = b.user_id WHERE r.id = $1 AND b.other_id = $2";
        Ok(self.db.optional(sql, params![room.as_str(), user.as_str()]).await?.is_some())
    }

    /// All that is needed to open a room. Writes submitted before are in it.
    pub async fn load(&self, id: &SpaceId) -> Result<Option<SpaceRecord>, Error> {
        self.writes.settled().await;
        let Some(row) = self.db.optional(room_sql!("r.id = $1"), params![id.as_str()]).await? else {
            return Ok(None);
        };
        let RoomRecord { host, about, .. } = record(&row)?;
        let sql = "SELECT u.id, u.name, u.display_name FROM moderators m JOIN users u ON u.id = m.user_id \
                   WHERE m.space = $1 ORDER BY u.id";
        let moderators = self.db.all(sql, params![id.as_str()]).await?;
        let (messages, more_messages) = Conversations(self.db).page(id, Page::Latest, MESSAGES_AT_OPENING).await?;
        let sql = "SELECT MAX(number) AS number FROM broadcasts WHERE space = $1";
        let last_broadcast = self.db.optional(sql, params![id.as_str()]).await?;
        Ok(Some(SpaceRecord {
            about,
            host,
            moderators: moderators.iter().map(profile).collect::<Result<_, _>>()?,
            sanctions: sanctions_of(self.db, id).await?,
            slow_mode_s: u32::try_from(row.int("slow_mode_s")?).map_err(|_| damaged("slow_mode_s"))?,
            last_position: messages.last().map_or(0, |message| message.position),
            last_broadcast: last_broadcast.map(|row| row.opt_int("number")).transpose()?.flatten().unwrap_or(0),
            messages,
            more_messages,
            recording_wanted: row.flag("recording_wanted")?,
        }))
    }
}

/// Who is muted or banned in a space, in order of id.
pub(crate) async fn sanctions_of(db: &Db, space: &SpaceId) -> Result<Vec<Sanction>, Error> {
    let sql = "SELECT user_id, user_name, user_display_name, banned, until_ms, by_id FROM sanctions \
               WHERE space = $1 ORDER BY user_id";
    db.all(sql, params![space.as_str()]).await?.iter().map(sanction).collect()
}

fn record(row: &Row) -> Result<RoomRecord, Error> {
    Ok(RoomRecord {
        id: row.id("room")?,
        host: profile(row)?,
        about: row.json("about")?,
        followers: u32::try_from(row.int("followers")?).unwrap_or(u32::MAX),
        cover: row.opt_text("cover")?,
    })
}

fn sanction(row: &Row) -> Result<Sanction, Error> {
    Ok(Sanction {
        user: Profile {
            id: row.id("user_id")?,
            name: row.opt_text("user_name")?,
            display_name: row.text("user_display_name")?,
        },
        banned: row.flag("banned")?,
        until_ms: row.opt_int("until_ms")?,
        by: row.id("by_id")?,
    })
}
