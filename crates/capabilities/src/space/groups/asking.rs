//! In a live room: who might be asked into a group, who is asked, and what they answer.
//!
//! Whoever asks is told of every answer. Whoever is asked learns of the invitation on all of their devices, and of its end.

use hearth_protocol::discussion_groups::{
    Event as GroupEvent, Invitation, InvitationState, NotInvited, Reason, SuggestedBy, Suggestion, Uninvited,
};
use hearth_protocol::ids::{InvitationId, SpaceId, UserId};
use hearth_protocol::limits::{
    GROUP_INVITATIONS_MAX, GROUP_MEMBERS_MAX, GROUP_SUGGESTIONS_MAX, GROUPS_OF_ROOM_MAX, LimitName,
};
use hearth_protocol::people::Profile;
use hearth_protocol::space::YourGroups;
use hearth_protocol::{Event, Outcome, Rejection};
use std::collections::BTreeSet;

use super::super::commands::{Coming, DONE, Given};
use super::super::{Out, Space, Then};
use super::Acceptance;
use crate::discussion_groups::InRoom;
use crate::discussion_groups::requests::{Asked, Request};
use crate::effect::{Effect, Timer, Write};
use crate::input::Time;
use crate::kernel::limits::{
    GROUP_ANSWERS_WAITING_MAX, GROUP_INVITATIONS_OF_INVITED_MAX, SUGGEST_RATE, invalid, past, too_fast,
};
use crate::kernel::rate::TokenBucket;

impl Space {
    /// What the room knows of groups.
    pub(super) fn in_room(&self) -> Result<&InRoom, Rejection> {
        self.kind.live_room().map(|room| &room.groups).ok_or(Rejection::NotFound)
    }

    /// The same, to change.
    pub(super) fn in_room_mut(&mut self) -> Result<&mut InRoom, Rejection> {
        self.kind.live_room_mut().map(|room| &mut room.groups).ok_or(Rejection::NotFound)
    }

    pub(super) fn suggest(&mut self, now: Time, given: &Given, sources: &[SuggestedBy]) -> Coming {
        let user = given.user();
        self.members.get(user).ok_or(Rejection::NotJoined)?;
        let own = self.own_group(given)?;
        let pace =
            self.in_room_mut()?.paces.entry(user.clone()).or_insert_with(|| TokenBucket::full(now, SUGGEST_RATE));
        pace.take(now, SUGGEST_RATE).map_err(|wait| too_fast(LimitName::CommandRate, SUGGEST_RATE, wait))?;
        let passes = |other: &UserId| matches!(self.invitable(given, own.as_ref(), other), Ok(Some(_)));
        let follows = &given.lookup.groups.follows;
        let found = self.in_room()?.similarity.suggest(user, follows, sources, GROUP_SUGGESTIONS_MAX, passes);
        let suggestions = found.into_iter().filter_map(|found| {
            let profile = self.members.get(&found.user)?.profile.clone();
            Some(Suggestion { profile, reasons: found.reasons, score: found.score })
        });
        Ok(Some(Outcome::Suggestions { suggestions: suggestions.collect() }))
    }

    /// The group into which somebody would invite: their own, if it is bound here.
    ///
    /// Errors: [`Rejection::AlreadyInGroup`] for a member of somebody else's, or of one elsewhere.
    fn own_group(&self, given: &Given) -> Result<Option<SpaceId>, Rejection> {
        let groups = self.in_room()?;
        match (groups.of(given.user()), &given.lookup.groups.own) {
            (Some(bound), _) if bound.owner == *given.user() => Ok(Some(bound.id.clone())),
            (None, None) => Ok(None),
            // It came about, or went, while this was looked up.
            (None, Some(own))
                if groups.requests.of(given.user()).is_some_and(|one| one.group.as_ref() == Some(own)) =>
            {
                Ok(None)
            }
            _ => Err(Rejection::AlreadyInGroup),
        }
    }

    pub(super) fn invite(&mut self, now: Time, out: &mut Out, given: &Given, users: Vec<UserId>) -> Coming {
        let primary = self.members.get(given.user()).ok_or(Rejection::NotJoined)?.profile.clone();
        if users.is_empty() {
            return Err(invalid("users", "nobody"));
        }
        if users.len() > GROUP_INVITATIONS_MAX {
            return Err(past(LimitName::GroupInvitations, GROUP_INVITATIONS_MAX));
        }
        if users.contains(&primary.id) {
            return Err(invalid("users", "oneself"));
        }
        let group = self.own_group(given)?;
        let mut seen = BTreeSet::new();
        let users = users.iter().filter(|user| seen.insert(*user));
        let (mut invited, mut uninvited, mut standing) = (Vec::new(), Vec::new(), 0);
        for user in users {
            match self.invitable(given, group.as_ref(), user) {
                Ok(None) => standing += 1,
                Ok(Some(profile)) => invited.push(profile),
                Err(reason) => uninvited.push(Uninvited { user: user.clone(), reason }),
            }
        }
        if invited.is_empty() && standing == 0 {
            return Err(Rejection::NobodyInvited { users: uninvited });
        }
        self.room_for(now, &primary.id, group.as_ref(), invited.len())?;
        for (number, profile) in invited.iter().enumerate() {
            let reasons = self.reasons(given, &profile.id);
            let groups = self.in_room_mut()?;
            groups.requests.ask(now, &primary, given.fresh.invitation(number), profile, reasons);
            if let Some(group) = &group {
                groups.requests.set_group(&primary.id, Some(group.clone()));
            }
        }
        for profile in &invited {
            self.tell_invitations(out, &profile.id, &primary.id);
        }
        if !invited.is_empty() {
            self.request_changed(now, out, &primary.id);
        }
        let request = self.in_room()?.requests.of(&primary.id).ok_or(Rejection::NotFound)?.wire();
        Ok(Some(Outcome::Invited { request, uninvited }))
    }

    /// Whether somebody can be invited; `None`: they are, and have not answered.
    fn invitable(&self, given: &Given, group: Option<&SpaceId>, user: &UserId) -> Result<Option<Profile>, NotInvited> {
        let member = self.members.get(user).ok_or(NotInvited::NotHere)?;
        let groups = self.in_room().map_err(|_| NotInvited::NotHere)?;
        if let Some(bound) = groups.of(user) {
            return Err(if Some(&bound.id) == group { NotInvited::Member } else { NotInvited::Unavailable });
        }
        match groups.requests.of(given.user()).and_then(|request| request.of(user)).map(|asked| asked.state) {
            Some(InvitationState::Open) => return Ok(None),
            Some(InvitationState::Declined) => return Err(NotInvited::Asked),
            _ => {}
        }
        let wanted = member.preferences.group_invitations && !member.preferences.do_not_disturb;
        let blocked = given.lookup.groups.blocked.contains(user);
        let beset = groups.requests.count_open_of(user) >= GROUP_INVITATIONS_OF_INVITED_MAX;
        if wanted && !blocked && !beset { Ok(Some(member.profile.clone())) } else { Err(NotInvited::Unavailable) }
    }

    /// Whether so many more may be invited.
    ///
    /// Errors: the limits on invitations, on the members of a group, and on the groups of a room.
    fn room_for(&mut self, now: Time, primary: &UserId, group: Option<&SpaceId>, more: usize) -> Result<(), Rejection> {
        let groups = self.in_room_mut()?;
        groups.requests.has_room_for(now, primary, more)?;
        if more == 0 {
            return Ok(());
        }
        match group.and_then(|group| groups.get(group)) {
            Some(bound) if bound.members.len() + more > GROUP_MEMBERS_MAX => {
                Err(past(LimitName::GroupMembers, GROUP_MEMBERS_MAX))
            }
            None if groups.len() >= GROUPS_OF_ROOM_MAX => Err(past(LimitName::Groups, GROUPS_OF_ROOM_MAX)),
            _ => Ok(()),
        }
    }

    /// Why somebody is invited, the strongest reason first.
    fn reasons(&self, given: &Given, user: &UserId) -> Vec<Reason> {
        let follows = &given.lookup.groups.follows;
        let known = self.in_room().map(|groups| groups.similarity.reasons(given.user(), user, follows, &[]));
        let reasons = known.unwrap_or_default();
        if reasons.is_empty() { vec![Reason::Picked] } else { reasons }
    }

    pub(super) fn withdraw_invitations(&mut self, now: Time, out: &mut Out, given: &Given) -> Coming {
        let user = given.user();
        self.close_unanswered(now, out, user, InvitationState::Withdrawn);
        DONE
    }

    /// Ends all invitations of somebody's request that were not answered.
    pub(super) fn close_unanswered(&mut self, now: Time, out: &mut Out, primary: &UserId, state: InvitationState) {
        let Ok(groups) = self.in_room() else { return };
        let unanswered = groups.requests.unanswered(primary);
        self.close_invitations(now, out, primary, unanswered, state);
    }

    fn close_invitations(
        &mut self,
        now: Time,
        out: &mut Out,
        primary: &UserId,
        invitations: Vec<InvitationId>,
        state: InvitationState,
    ) {
        let changed = !invitations.is_empty();
        for invitation in invitations {
            self.close_invitation(now, out, invitation, state);
        }
        if changed {
            self.request_changed(now, out, primary);
        }
    }

    /// Ends an invitation, and tells who was invited.
    pub(super) fn close_invitation(&mut self, now: Time, out: &mut Out, id: InvitationId, state: InvitationState) {
        let Ok(groups) = self.in_room_mut() else { return };
        let Some(invited) = groups.requests.close(now, &id, state) else { return };
        self.tell_about_groups(out, &invited, GroupEvent::InvitationOver { invitation: id, state });
    }

    pub(super) fn answer_invitation(
        &mut self,
        now: Time,
        out: &mut Out,
        given: &Given,
        id: &InvitationId,
        accept: bool,
    ) -> Coming {
        let user = given.user();
        let groups = self.in_room()?;
        // Somebody else's is none.
        let found = groups.requests.invitation(id).filter(|(_, asked)| asked.profile.id == *user);
        let (request, asked) = found.ok_or(Rejection::NotFound)?;
        let (primary, state, group) = (request.primary.clone(), asked.state, request.group.clone());
        match (state, accept) {
            (InvitationState::Open, true) => return self.accept(now, out, given, id, primary),
            (InvitationState::Open, false) if asked.accepting.is_empty() => {}
            (InvitationState::Accepted, true) => {
                // Said again, while it still holds.
                let group = group.filter(|group| groups.of(user).is_some_and(|bound| bound.id == *group));
                return group.map(|group| Some(Outcome::GroupJoined { group })).ok_or(Rejection::InvitationOver);
            }
            (InvitationState::Declined, false) => return DONE,
            _ => return Err(Rejection::InvitationOver),
        }
        self.close_invitation(now, out, id.clone(), InvitationState::Declined);
        self.request_changed(now, out, &primary.id);
        DONE
    }

    fn accept(&mut self, now: Time, out: &mut Out, given: &Given, id: &InvitationId, primary: Profile) -> Coming {
        let user = given.user();
        let member = self.members.get(user).ok_or(Rejection::NotJoined)?.profile.clone();
        let groups = self.in_room()?;
        let waiting = groups.requests.invitation(id).map_or(0, |(_, asked)| asked.accepting.len());
        if waiting >= GROUP_ANSWERS_WAITING_MAX {
            return Err(Rejection::Busy);
        }
        if waiting == 0 {
            if groups.of(user).is_some() {
                return Err(Rejection::AlreadyInGroup);
            }
            self.writes.has_room()?;
        }
        let content = self.as_content().ok_or(Rejection::NotFound)?;
        let groups = self.in_room_mut()?;
        groups.requests.accepts(id, given.request);
        if waiting == 0 {
            let group = groups.requests.group_for(&primary.id, given.fresh.group());
            let acceptance =
                Acceptance { invitation: id.clone(), primary: primary.id.clone(), group: group.clone(), at: now };
            let what = Write::GroupConfirmed { group, primary, content, member, at: now };
            self.writes.store(out, what, Then::Confirmed(acceptance));
        }
        Ok(None)
    }

    /// Invitations of somebody are due.
    pub(in super::super) fn invitations_due(&mut self, now: Time, out: &mut Out, primary: &UserId) {
        let Ok(groups) = self.in_room_mut() else { return };
        groups.requests.forget_old(now, primary);
        let due = groups.requests.due(primary, now);
        if due.is_empty() {
            self.await_invitations(out, primary);
        }
        self.close_invitations(now, out, primary, due, InvitationState::Expired);
    }

    /// Whoever asked is told how their request stands, and its next moment is waited for.
    pub(super) fn request_changed(&mut self, _: Time, out: &mut Out, primary: &UserId) {
        self.tell_request(out, primary);
        self.await_invitations(out, primary);
    }

    /// Tells somebody how what they have asked for stands, if they have.
    pub(super) fn tell_request(&mut self, out: &mut Out, primary: &UserId) {
        let request = self.in_room().ok().and_then(|groups| groups.requests.of(primary)).map(Request::wire);
        if let Some(request) = request {
            self.tell_about_groups(out, primary, GroupEvent::Request { request });
        }
    }

    fn await_invitations(&self, out: &mut Out, primary: &UserId) {
        let Ok(groups) = self.in_room() else { return };
        let timer = Timer::GroupInvitations(primary.clone());
        out.push(match groups.requests.next_due(primary) {
            Some(at) => Effect::SetTimer { timer, at },
            None => Effect::CancelTimer { timer },
        });
    }

    /// Tells somebody something about groups, on all of their devices. Who is away hears it if they go on with the stream: a
    /// card that can't be answered any more would stay.
    pub(super) fn tell_about_groups(&mut self, out: &mut Out, user: &UserId, event: GroupEvent) {
        let connections = self.members.connections_of(user);
        self.stream.user(out, user, connections, Event::Groups { event });
    }

    fn tell_invitations(&mut self, out: &mut Out, invited: &UserId, by: &UserId) {
        let Ok(groups) = self.in_room() else { return };
        let theirs = groups.requests.open_of(invited).filter(|(request, _)| request.primary.id == *by);
        let invitations: Vec<Invitation> = theirs.map(|(request, asked)| self.invitation(request, asked)).collect();
        for invitation in invitations {
            self.tell_about_groups(out, invited, GroupEvent::Invitation { invitation });
        }
    }

    fn invitation(&self, request: &Request, asked: &Asked) -> Invitation {
        let counts = |one: &&Asked| matches!(one.state, InvitationState::Open | InvitationState::Accepted);
        let mut others: BTreeSet<&UserId> = request.asked.iter().filter(counts).map(|one| &one.profile.id).collect();
        let group = request.group.as_ref().and_then(|group| self.in_room().ok()?.get(group));
        others.extend(group.into_iter().flat_map(|group| &group.members));
        others.remove(&asked.profile.id);
        others.remove(&request.primary.id);
        Invitation {
            id: asked.id.clone(),
            by: request.primary.clone(),
            reasons: asked.reasons.clone(),
            others: u32::try_from(others.len()).unwrap_or(u32::MAX),
            until_ms: asked.until.0,
        }
    }

    /// What concerns somebody of groups, if anything does.
    pub(in super::super) fn your_groups(&self, user: &UserId) -> Option<YourGroups> {
        let groups = self.in_room().ok()?;
        let yours = YourGroups {
            group: groups.of(user).map(|bound| bound.id.clone()),
            invitations: groups
                .requests
                .open_of(user)
                .map(|(request, asked)| self.invitation(request, asked))
                .collect(),
            request: groups.requests.of(user).map(Request::wire),
        };
        (yours != YourGroups::default()).then_some(yours)
    }

    /// Somebody comes in.
    pub(in super::super) fn back_in_groups(&mut self, user: &UserId) {
        let preferences = self.members.get(user).map(|member| member.preferences.clone()).unwrap_or_default();
        if let Ok(groups) = self.in_room_mut() {
            groups.requests.primary_back(user);
            groups.similarity.enters(user, &preferences);
        }
    }

    /// Somebody is here no more: what they have asked for is taken back, and what they were asked can't be answered.
    pub(in super::super) fn forget_in_groups(&mut self, now: Time, out: &mut Out, user: &UserId) {
        let Ok(groups) = self.in_room() else { return };
        let theirs: Vec<(UserId, InvitationId)> = groups
            .requests
            .open_of(user)
            .filter(|(_, asked)| asked.accepting.is_empty())
            .map(|(request, asked)| (request.primary.id.clone(), asked.id.clone()))
            .collect();
        for (primary, invitation) in theirs {
            self.close_invitation(now, out, invitation, InvitationState::Left);
            self.request_changed(now, out, &primary);
        }
        self.close_unanswered(now, out, user, InvitationState::Withdrawn);
        let Ok(groups) = self.in_room_mut() else { return };
        groups.similarity.leaves(user);
        groups.paces.remove(user);
        if groups.requests.of(user).is_some() {
            groups.requests.primary_gone(user);
        }
    }
}
