//! What must hold of discussion groups, as the world outside of a space sees it.

use hearth_protocol::discussion_groups::{Event as GroupEvent, InvitationState};
use hearth_protocol::ids::{InvitationId, SpaceId, UserId};
use std::collections::{BTreeMap, BTreeSet};

use crate::discussion_groups::Tell;
use crate::effect::Write;

/// What the world knows of groups.
#[derive(Debug, Default)]
pub struct GroupWatch {
    /// Invitations that were told and are not over, and to whom.
    pub open: BTreeMap<InvitationId, UserId>,
    over: BTreeSet<InvitationId>,
    /// Groups that were brought about, or told of.
    pub known: BTreeSet<SpaceId>,
    /// Who has confirmed, as it is stored.
    confirmed: BTreeSet<(SpaceId, UserId)>,
    /// The members of the group that this space is, as it was told last.
    pub members: Option<BTreeSet<UserId>>,
    /// Whether the group that this space is is over.
    pub ended: bool,
}

impl GroupWatch {
    /// Somebody heard something of groups, not for the second time.
    pub fn heard(&mut self, users: &BTreeSet<UserId>, event: &GroupEvent) {
        match event {
            GroupEvent::Invitation { invitation } => {
                assert!(!self.over.contains(&invitation.id), "{} is told again after its end", invitation.id);
                assert!(!invitation.reasons.is_empty(), "nobody knows why");
                let user = users.first().expect("somebody hears of it").clone();
                assert_ne!(invitation.by.id, user, "somebody asks themselves");
                self.open.insert(invitation.id.clone(), user);
            }
            GroupEvent::InvitationOver { invitation, state } => {
                assert_ne!(*state, InvitationState::Open, "{invitation} is over, and open");
                self.open.remove(invitation);
                assert!(self.over.insert(invitation.clone()), "{invitation} ends twice");
            }
            GroupEvent::Yours { group } => self.known.extend(group.clone()),
            GroupEvent::Group { group } => {
                assert!(!self.ended, "a group that is over goes on");
                let members: BTreeSet<UserId> = group.members.iter().map(|member| member.profile.id.clone()).collect();
                assert!(!members.is_empty(), "a group without members");
                assert_eq!(members.len(), group.members.len(), "somebody is a member twice");
                assert!(members.contains(&group.owner), "it is nobody's");
                self.members = Some(members);
            }
            GroupEvent::Request { request } => {
                assert!(!request.invited.is_empty(), "nobody was asked");
            }
            GroupEvent::Moved { users, .. } => assert!(!users.is_empty(), "a group goes without anybody"),
        }
    }

    /// Something is stored.
    pub fn committed(&mut self, what: &Write) {
        if let Write::GroupConfirmed { group, member, .. } = what {
            self.confirmed.insert((group.clone(), member.id.clone()));
        }
    }

    /// Somebody is told that they are a member.
    pub fn joined(&self, group: &SpaceId, user: &UserId) {
        assert!(self.confirmed.contains(&(group.clone(), user.clone())), "{user} is in {group} before it is stored");
    }

    /// Another machine is told something.
    pub fn told(&mut self, space: &SpaceId, what: &Tell) {
        match what {
            Tell::Joined { .. } | Tell::Playing { .. } | Tell::Dissolved => {
                assert!(space.is_group(), "{space} is none")
            }
            Tell::Stands { members, owner, .. } => {
                assert!(!space.is_group() && members.contains(owner), "{members:?} are {owner}'s");
            }
            Tell::Unbound | Tell::Reported { .. } => assert!(!space.is_group(), "{space} is a group"),
        }
    }

    /// After everything was done: who is here is a member, and nobody is where nothing goes on.
    pub fn settled<'a>(&self, here: impl Iterator<Item = &'a UserId>) {
        for user in here {
            assert!(!self.ended, "{user} is in a group that is over");
            if let Some(members) = &self.members {
                assert!(members.contains(user), "{user} is in a group of others");
            }
        }
    }
}
