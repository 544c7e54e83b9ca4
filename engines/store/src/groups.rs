//! Discussion groups: who confirmed, what a group is bound to, and whether it still is.

use crate::conversations::{Conversations, Page};
use crate::db::{Db, Param, Row, Tx, json_column, params};
use crate::people::profile;
use crate::rooms::{MESSAGES_AT_OPENING, sanctions_of};
use crate::writes::{Declined, Stored};
use crate::{Error, Write, Writes};
use hearth_protocol::conversation::Message;
use hearth_protocol::discussion_groups::{Content, MyGroup};
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_protocol::limits::GROUP_MEMBERS_MAX;
use hearth_protocol::people::Profile;
use hearth_protocol::space::Sanction;

/// The most groups of one's own that one read returns.
pub const MY_GROUPS_MAX: usize = 50;
/// The most groups that one read of a room's, or of all that go on, returns.
pub const GROUPS_MAX: usize = 1_000;

/// Discussion groups. They are changed by [`Write::GroupConfirmed`] and what follows it.
pub struct Groups<'a> {
    pub(crate) db: &'a Db,
    pub(crate) writes: &'a Writes,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMemberRecord {
    /// Who.
    pub profile: Profile,
    /// Since when, in milliseconds since the Unix epoch.
    pub joined_ms: u64,
}

/// All that is needed to open a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRecord {
    /// Whose it is.
    pub owner: Profile,
    /// In which room it came about.
    pub room: SpaceId,
    /// What it is bound to.
    pub content: Option<Content>,
    /// Since when, in milliseconds since the Unix epoch.
    pub founded_ms: u64,
    /// Its members, the longest-standing first.
    pub members: Vec<GroupMemberRecord>,
    /// Who is muted in it, in order of id.
    pub sanctions: Vec<Sanction>,
    /// The highest position given to a message; 0 where there are none.
    pub last_position: u64,
    /// The latest [`MESSAGES_AT_OPENING`], oldest first.
    pub messages: Vec<Message>,
    /// Whether there are older ones.
    pub more_messages: bool,
}

/// A group that is bound to a room, as the room has to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundGroup {
    /// Which.
    pub id: SpaceId,
    /// Whose it is.
    pub owner: UserId,
    /// Its members, the longest-standing first.
    pub members: Vec<UserId>,
    /// Since when, in milliseconds since the Unix epoch.
    pub founded_ms: u64,
}

/// Members, the longest-standing first; the names are those of now, where there still is an account.
const MEMBERS: &str = "SELECT m.user_id AS id, COALESCE(u.name, m.name) AS name, \
     COALESCE(u.display_name, m.display_name) AS display_name, m.joined_ms FROM group_members m \
     LEFT JOIN users u ON u.id = m.user_id WHERE m.group_id = $1 AND m.left_ms IS NULL ORDER BY m.joined_ms, m.user_id";

impl Groups<'_> {
    /// All that is needed to open a group that goes on. Writes submitted before are in it.
    pub async fn load(&self, id: &SpaceId) -> Result<Option<GroupRecord>, Error> {
        self.writes.settled().await;
        let sql = "SELECT room, owner_id, content, founded_ms FROM groups WHERE id = $1 AND ended_ms IS NULL";
        let Some(row) = self.db.optional(sql, params![id.as_str()]).await? else { return Ok(None) };
        let members = self.db.all(MEMBERS, params![id.as_str()]).await?;
        let members: Vec<GroupMemberRecord> = members
            .iter()
            .map(|row| Ok(GroupMemberRecord { profile: profile(row)?, joined_ms: row.int("joined_ms")? }))
            .collect::<Result<_, Error>>()?;
        let owner: UserId = row.id("owner_id")?;
        // Whoever owned it and left is followed by the longest-standing member.
        let owner = members.iter().find(|member| member.profile.id == owner).or(members.first());
        let Some(owner) = owner.map(|member| member.profile.clone()) else { return Ok(None) };
        let (messages, more_messages) = Conversations(self.db).page(id, Page::Latest, MESSAGES_AT_OPENING).await?;
        Ok(Some(GroupRecord {
            owner,
            room: row.id("room")?,
            content: row.opt_json("content")?,
            founded_ms: row.int("founded_ms")?,
            members,
            sanctions: sanctions_of(self.db, id).await?,
            last_position: messages.last().map_or(0, |message| message.position),
            messages,
            more_messages,
        }))
    }

    /// The groups that are bound to a room, the oldest first; at most [`GROUPS_MAX`].
    pub async fn bound_to(&self, room: &SpaceId) -> Result<Vec<BoundGroup>, Error> {
        let sql = "SELECT id, owner_id, founded_ms FROM groups WHERE bound_to = $1 AND ended_ms IS NULL \
                   ORDER BY founded_ms, id LIMIT $2";
        let mut bound = Vec::new();
        for row in self.db.all(sql, params![room.as_str(), GROUPS_MAX as u64]).await? {
            let id: SpaceId = row.id("id")?;
            let members = self.members(&id).await?;
            bound.push(BoundGroup { id, owner: row.id("owner_id")?, members, founded_ms: row.int("founded_ms")? });
        }
        Ok(bound)
    }

    /// How many groups are bound to a room.
    pub async fn count_bound_to(&self, room: &SpaceId) -> Result<u64, Error> {
        let sql = "SELECT COUNT(*) AS n FROM groups WHERE bound_to = $1 AND ended_ms IS NULL";
        self.db.optional(sql, params![room.as_str()]).await?.map_or(Ok(0), |row| row.int("n"))
    }

    /// Groups that have not ended, in order of id, behind one; at most [`GROUPS_MAX`].
    pub async fn going_on(&self, after: Option<&SpaceId>) -> Result<Vec<SpaceId>, Error> {
        let sql = "SELECT id FROM groups WHERE ended_ms IS NULL AND id > $1 ORDER BY id LIMIT $2";
        let params = params![after.map_or("", SpaceId::as_str), GROUPS_MAX as u64];
        self.db.all(sql, params).await?.iter().map(|row| row.id("id")).collect()
    }

    /// The group that somebody is a member of.
    pub async fn of(&self, user: &UserId) -> Result<Option<SpaceId>, Error> {
        let sql = "SELECT group_id FROM group_members WHERE user_id = $1 AND left_ms IS NULL";
        self.db.optional(sql, params![user.as_str()]).await?.map(|row| row.id("group_id")).transpose()
    }

    /// The members of a group that goes on, the longest-standing first.
    pub async fn members(&self, group: &SpaceId) -> Result<Vec<UserId>, Error> {
        let sql =
            "SELECT user_id FROM group_members WHERE group_id = $1 AND left_ms IS NULL ORDER BY joined_ms, user_id";
        self.db.all(sql, params![group.as_str()]).await?.iter().map(|row| row.id("user_id")).collect()
    }

    /// What a group that goes on is bound to.
    pub async fn content(&self, group: &SpaceId) -> Result<Option<Content>, Error> {
        let sql = "SELECT content FROM groups WHERE id = $1 AND ended_ms IS NULL";
        let row = self.db.optional(sql, params![group.as_str()]).await?;
        row.map_or(Ok(None), |row| row.opt_json("content"))
    }

    /// Since when somebody is a member of a group, in milliseconds since the Unix epoch; `None`: they are not.
    pub async fn member_since_ms(&self, group: &SpaceId, user: &UserId) -> Result<Option<u64>, Error> {
        let sql = "SELECT joined_ms FROM group_members WHERE group_id = $1 AND user_id = $2 AND left_ms IS NULL";
        let row = self.db.optional(sql, params![group.as_str(), user.as_str()]).await?;
        row.map(|row| row.int("joined_ms")).transpose()
    }

    /// Whether somebody may read what was said in a group: they are a member, or were when it ended.
    pub async fn may_read(&self, group: &SpaceId, user: &UserId) -> Result<bool, Error> {
        let sql = "SELECT user_id FROM group_members WHERE group_id = $1 AND user_id = $2 \
                   AND (left_ms IS NULL OR kept = 1)";
        Ok(self.db.optional(sql, params![group.as_str(), user.as_str()]).await?.is_some())
    }

    /// The groups somebody is in, or was in when they ended, the newest first; at most [`MY_GROUPS_MAX`].
    pub async fn mine(&self, user: &UserId) -> Result<Vec<MyGroup>, Error> {
        let sql = "SELECT g.id, g.content, g.founded_ms, g.ended_ms FROM group_members m JOIN groups g ON g.id = m.group_id \
                   WHERE m.user_id = $1 AND (m.left_ms IS NULL OR m.kept = 1) ORDER BY g.founded_ms DESC, g.id LIMIT $2";
        let mut mine = Vec::new();
        for row in self.db.all(sql, params![user.as_str(), MY_GROUPS_MAX as u64]).await? {
            let id: SpaceId = row.id("id")?;
            let sql = "SELECT m.user_id AS id, COALESCE(u.name, m.name) AS name, \
                       COALESCE(u.display_name, m.display_name) AS display_name FROM group_members m \
                       LEFT JOIN users u ON u.id = m.user_id WHERE m.group_id = $1 AND (m.left_ms IS NULL OR m.kept = 1) \
                       ORDER BY m.joined_ms, m.user_id";
            let members = self.db.all(sql, params![id.as_str()]).await?;
            mine.push(MyGroup {
                id,
                members: members.iter().map(profile).collect::<Result<_, _>>()?,
                content: row.opt_json("content")?,
                since_ms: row.int("founded_ms")?,
                ended_ms: row.opt_int("ended_ms")?,
            });
        }
        Ok(mine)
    }

    /// How many open reports there are of each group that is bound to a room; groups without any are not among them.
    pub async fn open_reports(&self, room: &SpaceId) -> Result<Vec<(SpaceId, u64)>, Error> {
        let sql = "SELECT r.group_id, COUNT(*) AS n FROM reports r JOIN groups g ON g.id = r.group_id \
                   WHERE g.bound_to = $1 AND g.ended_ms IS NULL AND r.settled_by IS NULL GROUP BY r.group_id ORDER BY r.group_id";
        let rows = self.db.all(sql, params![room.as_str()]).await?;
        rows.iter().map(|row| Ok((row.id("group_id")?, row.int("n")?))).collect()
    }
}

/// Does what a write of a group's wants; says whether it was possible.
pub(crate) async fn apply(tx: &mut Tx, write: &Write) -> Result<Stored, Error> {
    match write {
        Write::GroupConfirmed { group, room, primary, content, member, at_ms } => {
            let founding = (room, primary, content);
            return confirm(tx, group, founding, member, *at_ms).await;
        }
        Write::GroupLeft { group, user, at_ms } => {
            let sql = "UPDATE group_members SET left_ms = $3 WHERE group_id = $1 AND user_id = $2 AND left_ms IS NULL";
            tx.execute(sql, params![group.as_str(), user.as_str(), *at_ms]).await?;
            // There is no group without members.
            let sql = "UPDATE groups SET ended_ms = $2 WHERE id = $1 AND ended_ms IS NULL AND NOT EXISTS \
                       (SELECT 1 FROM group_members m WHERE m.group_id = $1 AND m.left_ms IS NULL)";
            tx.execute(sql, params![group.as_str(), *at_ms]).await?;
        }
        Write::GroupOwner { group, user } => {
            let sql = "UPDATE groups SET owner_id = $2 WHERE id = $1 AND ended_ms IS NULL";
            tx.execute(sql, params![group.as_str(), user.as_str()]).await?;
        }
        Write::GroupContent { group, content } => {
            let sql = "UPDATE groups SET content = $2, bound_to = $3 WHERE id = $1 AND ended_ms IS NULL";
            tx.execute(sql, params![group.as_str(), &json_column(content)?, room_of(content)]).await?;
        }
        Write::GroupEnded { group, at_ms } => {
            let sql = "UPDATE groups SET ended_ms = $2 WHERE id = $1 AND ended_ms IS NULL";
            tx.execute(sql, params![group.as_str(), *at_ms]).await?;
            // Who was a member to the end keeps what was said.
            let sql = "UPDATE group_members SET left_ms = $2, kept = 1 WHERE group_id = $1 AND left_ms IS NULL";
            tx.execute(sql, params![group.as_str(), *at_ms]).await?;
        }
        other => unreachable!("{other:?} is not of a group"),
    }
    Ok(Stored::Done)
}

fn room_of(content: &Content) -> Option<&str> {
    match content {
        Content::LiveRoom { room, .. } => Some(room.as_str()),
        Content::Video { .. } => None,
    }
}

/// Somebody confirms: the first brings the group about, together with whoever asked for it.
async fn confirm(
    tx: &mut Tx,
    group: &SpaceId,
    (room, primary, content): (&SpaceId, &Profile, &Content),
    member: &Profile,
    at_ms: u64,
) -> Result<Stored, Error> {
    let elsewhere = "SELECT group_id FROM group_members WHERE user_id = $1 AND left_ms IS NULL";
    let in_group = |row: Option<Row>| row.map(|row| row.id::<SpaceId>("group_id")).transpose();
    match in_group(tx.optional(elsewhere, params![member.id.as_str()]).await?)? {
        Some(already) if already == *group => return Ok(Stored::Done),
        Some(_) => return Ok(Stored::Declined(Declined::MemberElsewhere)),
        None => {}
    }
    let sql = "SELECT ended_ms, (SELECT COUNT(*) FROM group_members m WHERE m.group_id = groups.id AND m.left_ms IS NULL) \
               AS members FROM groups WHERE id = $1";
    match tx.optional(sql, params![group.as_str()]).await? {
        Some(row) if row.opt_int("ended_ms")?.is_some() => return Ok(Stored::Declined(Declined::GroupOver)),
        Some(row) if row.int("members")? >= GROUP_MEMBERS_MAX as u64 => {
            return Ok(Stored::Declined(Declined::GroupFull));
        }
        Some(_) => {}
        None => {
            if tx.optional(elsewhere, params![primary.id.as_str()]).await?.is_some() {
                return Ok(Stored::Declined(Declined::PrimaryElsewhere));
            }
            let sql = "INSERT INTO groups (id, room, primary_id, owner_id, bound_to, content, founded_ms) \
                       VALUES ($1, $2, $3, $3, $4, $5, $6)";
            let content_json = json_column(content)?;
            let bound_to = room_of(content);
            tx.execute(
                sql,
                params![group.as_str(), room.as_str(), primary.id.as_str(), bound_to, &content_json, at_ms],
            )
            .await?;
            insert(tx, group, primary, at_ms).await?;
            // Whoever asked for it is the longest-standing.
            return insert(tx, group, member, at_ms + 1).await.map(|()| Stored::Done);
        }
    }
    insert(tx, group, member, at_ms).await.map(|()| Stored::Done)
}

async fn insert(tx: &mut Tx, group: &SpaceId, member: &Profile, at_ms: u64) -> Result<(), Error> {
    let sql = "INSERT INTO group_members (group_id, user_id, name, display_name, joined_ms) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (group_id, user_id) DO UPDATE SET left_ms = NULL, kept = 0, joined_ms = excluded.joined_ms";
    let params: Vec<Param> =
        params![group.as_str(), member.id.as_str(), member.name.as_deref(), &member.display_name, at_ms];
    tx.execute(sql, params).await.map(drop)
}
