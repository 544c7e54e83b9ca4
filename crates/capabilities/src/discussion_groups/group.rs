//! A group, apart from what every space has: who confirmed, what it is bound to, where a member wants to take it.

use hearth_protocol::discussion_groups::{Content, Group as WireGroup, GroupMember, Proposal as WireProposal};
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_protocol::people::Profile;
use std::collections::VecDeque;

use std::collections::BTreeSet;

use super::{Confirmed, Record};
use crate::input::Time;
use crate::kernel::limits::GROUP_LEFT_REMEMBERED_MAX;

/// A wish to take the group to something else.
#[derive(Debug)]
pub struct Proposal {
    /// Whose.
    pub by: Profile,
    /// To what.
    pub to: Content,
    /// Until when members answer.
    pub until: Time,
    /// Who comes along.
    pub accepted: Vec<UserId>,
    /// Who does not.
    pub declined: Vec<UserId>,
    /// Who may not see it, and is told nothing of it.
    pub hidden_from: BTreeSet<UserId>,
}

impl Proposal {
    /// Somebody answers; a later answer replaces an earlier.
    pub fn answer(&mut self, user: &UserId, accept: bool) {
        self.forget(user);
        if accept { self.accepted.push(user.clone()) } else { self.declined.push(user.clone()) }
    }

    /// Somebody has no say any more.
    pub fn forget(&mut self, user: &UserId) {
        self.accepted.retain(|one| one != user);
        self.declined.retain(|one| one != user);
    }

    /// Whether somebody has answered.
    pub fn has_answered(&self, user: &UserId) -> bool {
        self.accepted.contains(user) || self.declined.contains(user)
    }
}

/// How a group stands, as the live room that it is bound to knows it.
pub type Standing = (SpaceId, UserId, Vec<UserId>);

/// A group, apart from what every space has.
#[derive(Debug)]
pub struct Group {
    /// Who confirmed, the longest-standing first.
    pub members: Vec<Confirmed>,
    /// What it is bound to.
    pub content: Option<Content>,
    /// Whether there is something to see in it.
    pub playing: bool,
    /// The members who may not see that, and are not told what it is.
    pub hidden_from: BTreeSet<UserId>,
    /// Where a member wants to go.
    pub proposal: Option<Proposal>,
    /// Since when there is the group, in milliseconds since the Unix epoch.
    pub since_ms: u64,
    /// When somebody last did something.
    pub active: Time,
    /// When it ends by itself.
    pub ends: Option<Time>,
    /// Whether it has ended.
    pub over: bool,
    /// Whether the owner is waited for.
    pub awaits_owner: bool,
    /// How it was told to its members last.
    pub told: Option<WireGroup>,
    /// How it was told to the live room last.
    pub told_room: Option<Standing>,
    room: SpaceId,
    /// Who left since it was opened, and since when they had been members.
    left: VecDeque<(UserId, u64)>,
    /// Of memberships that began before this it is known already whether they still are.
    known_until_ms: u64,
}

impl Group {
    /// A group as the store knows it.
    pub fn new(now: Time, record: Record) -> Self {
        Self {
            members: record.members,
            content: record.content,
            playing: record.playing,
            hidden_from: BTreeSet::new(),
            proposal: None,
            since_ms: record.since_ms,
            active: now,
            ends: None,
            over: false,
            awaits_owner: false,
            told: None,
            // A machine that crashed may not have told what it had stored.
            told_room: None,
            room: record.room,
            left: VecDeque::new(),
            known_until_ms: now.0,
        }
    }

    /// Whether somebody is a member.
    pub fn is_member(&self, user: &UserId) -> bool {
        !self.over && self.members.iter().any(|member| member.profile.id == *user)
    }

    /// The live room that it is bound to.
    pub fn bound_room(&self) -> Option<&SpaceId> {
        match &self.content {
            Some(Content::LiveRoom { room, .. }) => Some(room),
            Some(Content::Video { .. }) | None => None,
        }
    }

    /// The live room whose moderators act on reports: the one it is bound to, or the one in which it came about.
    pub fn moderated_by(&self) -> &SpaceId {
        self.bound_room().unwrap_or(&self.room)
    }

    /// Somebody confirmed; says whether they are new.
    pub fn join(&mut self, member: Confirmed) -> bool {
        if self.is_member(&member.profile.id) {
            return false;
        }
        let place = self
            .members
            .partition_point(|one| (one.since_ms, &one.profile.id) <= (member.since_ms, &member.profile.id));
        self.members.insert(place, member);
        true
    }

    /// Whether a membership that the store was seen to have can be one that nobody told of. It is read before the group is
    /// asked, and may have ended meanwhile: what began before the group was opened was read then, and who left is known.
    pub fn may_have_missed(&self, user: &UserId, since_ms: u64) -> bool {
        let ended = |(one, since): &(UserId, u64)| one == user && *since >= since_ms;
        !self.over && !self.is_member(user) && since_ms >= self.known_until_ms && !self.left.iter().any(ended)
    }

    /// Somebody is a member no more.
    pub fn leave(&mut self, user: &UserId) {
        let since = self.members.iter().find(|member| member.profile.id == *user).map(|member| member.since_ms);
        self.left.extend(since.map(|since| (user.clone(), since)));
        if self.left.len() > GROUP_LEFT_REMEMBERED_MAX
            && let Some((_, since)) = self.left.pop_front()
        {
            self.known_until_ms = self.known_until_ms.max(since + 1);
        }
        self.members.retain(|member| member.profile.id != *user);
        self.hidden_from.remove(user);
        if let Some(proposal) = &mut self.proposal {
            proposal.forget(user);
        }
    }

    /// The longest-standing of those who pass.
    pub fn longest_standing(&self, passes: impl Fn(&UserId) -> bool) -> Option<&Profile> {
        self.members.iter().map(|member| &member.profile).find(|profile| passes(&profile.id))
    }

    /// How it stands for the live room that it is bound to.
    pub fn standing(&self, owner: &UserId) -> Option<Standing> {
        let room = self.bound_room().filter(|_| !self.over)?;
        let members = self.members.iter().map(|member| member.profile.id.clone()).collect();
        Some((room.clone(), owner.clone(), members))
    }

    /// As its members see it.
    pub fn wire(&self, owner: &UserId, here: impl Fn(&UserId) -> bool) -> WireGroup {
        WireGroup {
            owner: owner.clone(),
            members: self
                .members
                .iter()
                .map(|member| GroupMember {
                    profile: member.profile.clone(),
                    here: here(&member.profile.id),
                    since_ms: member.since_ms,
                })
                .collect(),
            content: self.content.clone(),
            playing: self.playing,
            ends_ms: self.ends.map(|ends| ends.0),
            proposal: self.proposal.as_ref().map(|proposal| WireProposal {
                by: proposal.by.clone(),
                to: proposal.to.clone(),
                until_ms: proposal.until.0,
                accepted: proposal.accepted.clone(),
                declined: proposal.declined.clone(),
            }),
            since_ms: self.since_ms,
        }
    }

    /// As one of its members sees it, of what all of them do together.
    pub fn seen_by(&self, user: &UserId, wire: &WireGroup) -> WireGroup {
        let mut seen = wire.clone();
        if self.hidden_from.contains(user) {
            (seen.content, seen.playing) = (None, false);
        }
        seen.proposal.take_if(|_| self.proposal.as_ref().is_some_and(|one| one.hidden_from.contains(user)));
        seen
    }

    /// Whether all members see it alike.
    pub fn is_seen_alike(&self) -> bool {
        self.hidden_from.is_empty() && self.proposal.as_ref().is_none_or(|one| one.hidden_from.is_empty())
    }

    /// Somebody has another name now.
    pub fn renamed(&mut self, profile: &Profile) {
        let members = self.members.iter_mut().map(|member| &mut member.profile);
        let by = self.proposal.iter_mut().map(|proposal| &mut proposal.by);
        members.chain(by).filter(|known| known.id == profile.id).for_each(|known| known.clone_from(profile));
    }
}
