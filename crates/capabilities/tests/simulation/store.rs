//! What is remembered beyond a machine's life: the same rules as `engines/store`, in memory.

use hearth_capabilities::discussion_groups::{self, Bound, Confirmed};
use hearth_capabilities::host_visits::Entry;
use hearth_capabilities::space::Record;
use hearth_capabilities::{StoreFailure, Write, WriteId};
use hearth_protocol::discussion_groups::Content;
use hearth_protocol::host_visits::InvitationState;
use hearth_protocol::ids::{SpaceId, UserId, VisitId};
use hearth_protocol::limits::GROUP_MEMBERS_MAX;
use hearth_protocol::live_rooms::About;
use hearth_protocol::people::Profile;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A room as it is stored.
#[derive(Debug, Clone)]
pub struct Room {
    pub host: Profile,
    pub about: About,
    pub broadcasts: u64,
    pub last_position: u64,
}

/// A group as it is stored.
#[derive(Debug, Clone)]
pub struct Group {
    pub owner: UserId,
    pub room: SpaceId,
    pub content: Content,
    pub founded_ms: u64,
    pub members: Vec<Confirmed>,
    /// Everybody who ever was a member.
    pub ever: BTreeSet<UserId>,
    pub ended: bool,
}

/// What the ledger knows of an invitation to visit, and of the visit that came of it.
#[derive(Debug, Clone, Default)]
pub struct Visit {
    pub by: Option<UserId>,
    pub host: Option<UserId>,
    pub answered: Option<InvitationState>,
    pub began: bool,
    pub ended: bool,
}

/// A write that was handed over, and is not committed yet.
#[derive(Debug)]
pub struct Submitted {
    pub by: SpaceId,
    /// In which of its machine's lives.
    pub life: u64,
    pub write: WriteId,
    pub what: Write,
    pub fails: bool,
}

#[derive(Debug, Default)]
pub struct Store {
    pub rooms: BTreeMap<SpaceId, Room>,
    pub groups: BTreeMap<SpaceId, Group>,
    pub visits: BTreeMap<VisitId, Visit>,
    /// When each host asked for visits.
    pub requested: BTreeMap<UserId, Vec<u64>>,
    /// Declined by whom, to whom, when.
    pub declined: BTreeMap<(UserId, UserId), u64>,
    pub under_way: VecDeque<Submitted>,
}

impl Store {
    /// The group that somebody is in.
    pub fn group_of(&self, user: &UserId) -> Option<&SpaceId> {
        let mut of_theirs = self.groups.iter().filter(|(_, group)| !group.ended && group.is_member(user));
        let found = of_theirs.next().map(|(id, _)| id);
        assert!(of_theirs.next().is_none(), "{user} is in two groups");
        found
    }

    /// Since when somebody is a member of a group.
    pub fn member_since_ms(&self, group: &SpaceId, user: &UserId) -> Option<u64> {
        let group = self.groups.get(group).filter(|group| !group.ended)?;
        group.members.iter().find(|member| member.profile.id == *user).map(|member| member.since_ms)
    }

    /// Commits the write that was submitted first.
    pub fn commit(&mut self) -> Option<(SpaceId, u64, WriteId, Result<u64, StoreFailure>)> {
        let Submitted { by, life, write, what, fails } = self.under_way.pop_front()?;
        let result = if fails { Err(StoreFailure::Unavailable) } else { self.apply(&by, what) };
        Some((by, life, write, result))
    }

    fn apply(&mut self, by: &SpaceId, what: Write) -> Result<u64, StoreFailure> {
        let mut place = 0;
        match what {
            Write::Message { message } => {
                place = message.position;
                if let Some(room) = self.rooms.get_mut(by) {
                    room.last_position = room.last_position.max(place);
                }
            }
            Write::BroadcastStarted { number, .. } => {
                let room = self.rooms.get_mut(by).expect("only a room is live");
                assert!(number > room.broadcasts, "broadcast {number} of {by} began before");
                room.broadcasts = number;
            }
            Write::GroupConfirmed { group, primary, content, member, at } => {
                self.confirm(by, group, primary, content, member, at.0)?;
            }
            Write::GroupLeft { user, .. } => {
                let group = self.groups.get_mut(by).expect("somebody leaves a group that is none");
                group.members.retain(|one| one.profile.id != user);
                group.ended |= group.members.is_empty();
            }
            Write::GroupOwner { user } => {
                let group = self.groups.get_mut(by).expect("nobody's group changes hands");
                group.owner = user;
            }
            Write::GroupContent { content } => {
                self.groups.get_mut(by).expect("a group that is none goes elsewhere").content = content;
            }
            Write::GroupEnded { group, .. } => {
                let group = self.groups.get_mut(&group).expect("a group that is none ends");
                group.ended = true;
            }
            Write::Visit { entry } => self.enter(entry),
            _ => {}
        }
        Ok(place)
    }

    fn confirm(
        &mut self,
        room: &SpaceId,
        id: SpaceId,
        primary: Profile,
        content: Content,
        member: Profile,
        at_ms: u64,
    ) -> Result<(), StoreFailure> {
        match self.group_of(&member.id) {
            Some(already) if *already == id => return Ok(()),
            Some(_) => return Err(StoreFailure::MemberElsewhere),
            None => {}
        }
        let primary_elsewhere = self.group_of(&primary.id).is_some();
        let user = member.id.clone();
        match self.groups.get_mut(&id) {
            Some(group) if group.ended => return Err(StoreFailure::GroupOver),
            Some(group) if group.members.len() >= GROUP_MEMBERS_MAX => return Err(StoreFailure::GroupFull),
            Some(group) => {
                group.members.push(Confirmed { profile: member, since_ms: at_ms });
                group.ever.insert(user);
            }
            None if primary_elsewhere => return Err(StoreFailure::PrimaryElsewhere),
            None => {
                let owner = primary.id.clone();
                let group = Group {
                    ever: BTreeSet::from([owner.clone(), user]),
                    owner,
                    room: room.clone(),
                    content,
                    founded_ms: at_ms,
                    members: vec![
                        Confirmed { profile: primary, since_ms: at_ms },
                        Confirmed { profile: member, since_ms: at_ms + 1 },
                    ],
                    ended: false,
                };
                self.groups.insert(id, group);
            }
        }
        Ok(())
    }

    fn enter(&mut self, entry: Entry) {
        match entry {
            Entry::Requested { by, at, .. } => self.requested.entry(by).or_default().push(at.0),
            Entry::Invited { visit, by, host, .. } => {
                let new = Visit { by: Some(by), host: Some(host), ..Visit::default() };
                assert!(self.visits.insert(visit.clone(), new).is_none(), "{visit} is asked for twice");
            }
            Entry::Answered { visit, state, at } => {
                assert_ne!(state, InvitationState::Open, "{visit} is answered, and open");
                let known = self.visits.entry(visit.clone()).or_default();
                let before = known.answered.replace(state);
                assert!(before.is_none(), "{visit} ends as {before:?}, and as {state:?}");
                if let (InvitationState::Declined, Some(host), Some(by)) = (state, &known.host, &known.by) {
                    self.declined.insert((host.clone(), by.clone()), at.0);
                }
            }
            Entry::Began { visit, .. } => {
                let known = self.visits.entry(visit.clone()).or_default();
                assert_eq!(known.answered, Some(InvitationState::Accepted), "{visit} begins without a yes");
                assert!(!std::mem::replace(&mut known.began, true), "{visit} begins twice");
            }
            Entry::Ended { visit, came, met, .. } => {
                let known = self.visits.entry(visit.clone()).or_default();
                assert!(known.began, "{visit} ends, and never began");
                known.ended = true;
                let strangers: BTreeSet<&UserId> = came.iter().collect();
                assert_eq!(strangers.len(), came.len(), "somebody came twice: {met:?}");
            }
        }
    }

    /// All that is needed to open a space that is there, as `crates/server/src/node/open.rs` puts it together.
    pub fn load(&self, id: &SpaceId, epoch: String, live: impl Fn(&SpaceId) -> bool) -> Option<Record> {
        let nothing = Record {
            dialog: None,
            id: id.clone(),
            epoch,
            host: Profile { id: UserId::parse("user_nobody").ok()?, name: None, display_name: String::new() },
            about: About::default(),
            moderators: Vec::new(),
            sanctions: Vec::new(),
            slow_mode_s: 0,
            last_position: 0,
            broadcasts: 0,
            messages: Vec::new(),
            more_messages: false,
            recording_wanted: false,
            groups: Vec::new(),
            group: None,
        };
        if let Some(room) = self.rooms.get(id) {
            let bound = self.groups.iter().filter(|(_, group)| !group.ended && group.bound_to() == Some(id));
            return Some(Record {
                host: room.host.clone(),
                about: room.about.clone(),
                last_position: room.last_position,
                broadcasts: room.broadcasts,
                groups: bound.map(|(id, group)| group.bound(id)).collect(),
                ..nothing
            });
        }
        let group = self.groups.get(id).filter(|group| !group.ended)?;
        let owner = group.members.iter().find(|member| member.profile.id == group.owner).or(group.members.first())?;
        Some(Record {
            host: owner.profile.clone(),
            group: Some(discussion_groups::Record {
                members: group.members.clone(),
                content: Some(group.content.clone()),
                room: group.room.clone(),
                since_ms: group.founded_ms,
                playing: group.bound_to().is_some_and(live),
            }),
            ..nothing
        })
    }
}

impl Group {
    pub fn is_member(&self, user: &UserId) -> bool {
        self.members.iter().any(|member| member.profile.id == *user)
    }

    pub fn bound_to(&self) -> Option<&SpaceId> {
        match &self.content {
            Content::LiveRoom { room, .. } => Some(room),
            Content::Video { .. } => None,
        }
    }

    fn bound(&self, id: &SpaceId) -> Bound {
        Bound {
            id: id.clone(),
            owner: self.owner.clone(),
            members: self.members.iter().map(|member| member.profile.id.clone()).collect(),
            since_ms: self.founded_ms,
        }
    }
}
