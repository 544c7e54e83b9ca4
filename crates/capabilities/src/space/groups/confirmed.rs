//! In a live room: what comes of an acceptance when it is stored, or could not be.

use hearth_protocol::discussion_groups::{Event as GroupEvent, InvitationState};
use hearth_protocol::ids::{InvitationId, SpaceId, UserId};
use hearth_protocol::limits::{GROUP_MEMBERS_MAX, LimitName};
use hearth_protocol::{Outcome, Rejection};

use super::super::{Out, Space};
use crate::discussion_groups::{Bound, Confirmed, Tell};
use crate::effect::{Effect, SpaceTell};
use crate::input::{StoreFailure, Time};
use crate::kernel::limits::past;

/// An acceptance on its way to the store.
#[derive(Debug)]
pub struct Acceptance {
    /// Of which invitation.
    pub invitation: InvitationId,
    /// Whose it is.
    pub primary: UserId,
    /// Into which group.
    pub group: SpaceId,
    /// When it was given.
    pub at: Time,
}

impl Space {
    /// An acceptance was stored, or was not.
    pub(in super::super) fn confirmed(
        &mut self,
        now: Time,
        out: &mut Out,
        acceptance: Acceptance,
        result: Result<u64, StoreFailure>,
    ) {
        let Ok(groups) = self.in_room_mut() else { return };
        let waiting = groups.requests.accepted(&acceptance.invitation);
        let answer = match result {
            Ok(_) => self.is_confirmed(now, out, &acceptance),
            Err(failure) => self.is_not_confirmed(now, out, &acceptance, failure),
        };
        for request in waiting {
            Self::reply(out, request, answer.clone());
        }
        self.request_changed(now, out, &acceptance.primary);
    }

    fn is_confirmed(&mut self, now: Time, out: &mut Out, acceptance: &Acceptance) -> Result<Outcome, Rejection> {
        let Acceptance { invitation, primary, group, at } = acceptance;
        let group = group.clone();
        let groups = self.in_room_mut()?;
        let (_, asked) = groups.requests.invitation(invitation).ok_or(Rejection::InvitationOver)?;
        let (founding, member) = (groups.get(&group).is_none(), asked.profile.clone());
        let mut bound = groups.get(&group).cloned().unwrap_or_else(|| Bound {
            id: group.clone(),
            owner: primary.clone(),
            members: [primary.clone()].into(),
            since_ms: at.0,
        });
        bound.members.insert(member.id.clone());
        groups.requests.set_group(primary, Some(group.clone()));
        let changed = groups.set(bound);
        // Whoever asked is the longest-standing, also of two who come at the same moment.
        let member = Confirmed { since_ms: at.0 + u64::from(founding), profile: member };
        let user = member.profile.id.clone();
        let what = SpaceTell::Groups { what: Tell::Joined { member } };
        out.push(Effect::TellSpace { space: group.clone(), what });
        self.close_invitation(now, out, invitation.clone(), InvitationState::Accepted);
        for user in changed {
            self.tell_about_groups(out, &user, GroupEvent::Yours { group: Some(group.clone()) });
        }
        // Who is in a group brings none about.
        self.close_unanswered(now, out, &user, InvitationState::Withdrawn);
        Ok(Outcome::GroupJoined { group })
    }

    fn is_not_confirmed(
        &mut self,
        now: Time,
        out: &mut Out,
        Acceptance { invitation, primary, .. }: &Acceptance,
        failure: StoreFailure,
    ) -> Result<Outcome, Rejection> {
        let over = match failure {
            StoreFailure::Unavailable => Rejection::Storage,
            StoreFailure::MemberElsewhere => Rejection::AlreadyInGroup,
            StoreFailure::GroupFull => past(LimitName::GroupMembers, GROUP_MEMBERS_MAX),
            StoreFailure::PrimaryElsewhere | StoreFailure::GroupOver => {
                self.in_room_mut()?.requests.set_group(primary, None);
                self.close_invitation(now, out, invitation.clone(), InvitationState::Withdrawn);
                self.close_unanswered(now, out, primary, InvitationState::Withdrawn);
                Rejection::InvitationOver
            }
        };
        // It can be answered again, unless its time or its room has gone by meanwhile.
        let groups = self.in_room()?;
        let asked = groups.requests.invitation(invitation).filter(|(_, asked)| asked.is_open());
        let state = asked.and_then(|(request, asked)| {
            let here = |user: &UserId| self.members.get(user).is_some();
            if !here(&request.primary.id) {
                Some(InvitationState::Withdrawn)
            } else if !here(&asked.profile.id) {
                Some(InvitationState::Left)
            } else {
                (asked.until <= now).then_some(InvitationState::Expired)
            }
        });
        if let Some(state) = state {
            self.close_invitation(now, out, invitation.clone(), state);
        }
        Err(over)
    }
}
