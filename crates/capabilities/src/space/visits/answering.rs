//! The invited room: its host is asked, answers, and comes if the inviting room still wants them.

use hearth_protocol::host_visits::{EndReason, Invitation, InvitationState, Visit as WireVisit, Way};
use hearth_protocol::ids::{SpaceId, VisitId};
use hearth_protocol::space::Role;
use hearth_protocol::{Outcome, Rejection};

use crate::effect::{Effect, Tell as PersonTell, Timer};
use crate::host_visits::visit::Visit;
use crate::host_visits::{Answer, Promise, Tell};
use crate::input::Time;
use crate::kernel::limits::{VISIT_CONFIRM_MS, VISIT_INVITATIONS_MAX, VISIT_REPEATS_MAX};
use crate::space::commands::{Coming, DONE, Given};
use crate::space::{Out, Space};

impl Space {
    /// Another room's host asks this one's for a visit.
    pub(super) fn is_asked(&mut self, now: Time, out: &mut Out, by: &SpaceId, invitation: Invitation) {
        let host = self.members.get(&self.host.id);
        let willing = host.is_none_or(|host| host.preferences.host_visits && !host.preferences.do_not_disturb);
        let own_room = invitation.room == *by && *by != self.id;
        let Some(visits) = self.visits_mut() else { return };
        let known = visits.invitations.iter().any(|one| one.visit == invitation.visit);
        let room = visits.invitations.len() < VISIT_INVITATIONS_MAX;
        let in_time = now < Time(invitation.until_ms);
        if !willing || !own_room || known || !room || !in_time || visits.is_promised() {
            let answer = Answer::Unavailable;
            return Self::tell_visits(out, by, Tell::Answers { visit: invitation.visit, answer });
        }
        visits.invitations.push(invitation.clone());
        // The inviting room says when it is over; where it can't any more, this one knows as well.
        let at = Time(invitation.until_ms).plus_ms(VISIT_CONFIRM_MS);
        out.push(Effect::SetTimer { timer: Timer::VisitInvitationExpires(invitation.visit.clone()), at });
        let what = PersonTell::VisitInvitation { invitation: Box::new(invitation) };
        out.push(Effect::Tell { user: self.host.id.clone(), what });
    }

    /// An invitation can't be answered any more; gives it, if it could be.
    fn invitation_gone(&mut self, out: &mut Out, id: &VisitId, state: InvitationState) -> Option<Invitation> {
        let invitation = self.visits_mut()?.take_invitation(id)?;
        out.push(Effect::CancelTimer { timer: Timer::VisitInvitationExpires(id.clone()) });
        self.tell_invitation_over(out, id, state);
        Some(invitation)
    }

    fn tell_invitation_over(&self, out: &mut Out, id: &VisitId, state: InvitationState) {
        let what = PersonTell::VisitInvitationOver { visit: id.clone(), state };
        out.push(Effect::Tell { user: self.host.id.clone(), what });
    }

    /// The inviting room said nothing at all.
    pub(super) fn asked_in_vain(&mut self, out: &mut Out, id: &VisitId) {
        self.invitation_gone(out, id, InvitationState::Expired);
    }

    /// The inviting room says that an invitation can't be answered any more, or that an acceptance does not count.
    pub(super) fn invitation_over(&mut self, out: &mut Out, by: &SpaceId, id: &VisitId, state: InvitationState) {
        let of_theirs = |promise: &mut Promise| promise.visit == *id && promise.to == *by;
        if let Some(promise) = self.visits_mut().and_then(|visits| visits.promise.take_if(of_theirs)) {
            self.not_confirmed(out, promise, state);
        } else if self.visits().is_some_and(|visits| visits.invitations.iter().any(|one| one.room == *by)) {
            self.invitation_gone(out, id, state);
        }
    }

    fn not_confirmed(&mut self, out: &mut Out, promise: Promise, state: InvitationState) {
        out.push(Effect::CancelTimer { timer: Timer::VisitUnconfirmed(promise.visit.clone()) });
        self.tell_invitation_over(out, &promise.visit, state);
        for request in promise.requests {
            Self::reply(out, request, Err(Rejection::InvitationOver));
        }
        self.list(out);
    }

    /// The inviting room did not say whether an acceptance counts.
    pub(super) fn acceptance_unconfirmed(&mut self, out: &mut Out, id: &VisitId) {
        let of_it = |promise: &mut Promise| promise.visit == *id;
        if let Some(promise) = self.visits_mut().and_then(|visits| visits.promise.take_if(of_it)) {
            self.not_confirmed(out, promise, InvitationState::Withdrawn);
        }
    }

    pub(super) fn answer_visit(
        &mut self,
        now: Time,
        out: &mut Out,
        given: &Given,
        id: VisitId,
        accept: Option<Way>,
    ) -> Coming {
        self.require(given, Role::Host)?;
        let here = self.members.get(&self.host.id).is_some();
        let visits = self.visits_mut().ok_or(Rejection::NotFound)?;
        if visits.has_answered(&id, accept) {
            return DONE;
        }
        if let Some(promise) = &mut visits.promise {
            // The same said again waits for the same word.
            if promise.visit != id || Some(promise.way) != accept || promise.requests.len() >= VISIT_REPEATS_MAX {
                return Err(Rejection::InvitationOver);
            }
            promise.requests.push(given.request);
            return Ok(None);
        }
        let known = visits.invitations.iter().any(|one| one.visit == id);
        if !known {
            return Err(Rejection::InvitationOver);
        }
        let Some(way) = accept else { return self.decline(out, &id) };
        // Who visits is somewhere to come from: their audience is told on their behalf.
        if !here {
            return Err(Rejection::NotJoined);
        }
        let invitation = visits.take_invitation(&id).ok_or(Rejection::InvitationOver)?;
        let to = invitation.room;
        visits.promise = Some(Promise { visit: id.clone(), to: to.clone(), way, requests: vec![given.request] });
        out.push(Effect::CancelTimer { timer: Timer::VisitInvitationExpires(id.clone()) });
        let at = now.plus_ms(VISIT_CONFIRM_MS);
        out.push(Effect::SetTimer { timer: Timer::VisitUnconfirmed(id.clone()), at });
        Self::tell_visits(out, &to, Tell::Answers { visit: id, answer: Answer::Accepts(way) });
        self.promised_elsewhere(now, out);
        Ok(None)
    }

    fn decline(&mut self, out: &mut Out, id: &VisitId) -> Coming {
        let invitation = self.invitation_gone(out, id, InvitationState::Declined).ok_or(Rejection::InvitationOver)?;
        if let Some(visits) = self.visits_mut() {
            visits.answered(id.clone(), None);
        }
        let answer = Answer::Declines;
        Self::tell_visits(out, &invitation.room, Tell::Answers { visit: id.clone(), answer });
        DONE
    }

    /// The host has promised to visit somebody: they ask nobody themselves, and nobody else's invitation stays open.
    fn promised_elsewhere(&mut self, now: Time, out: &mut Out) {
        self.can_not_be_asked(out);
        self.withdraw_request(now, out);
        self.list(out);
    }

    /// The host visits somebody, or is visited, or is about to: what they were asked can't be answered any more.
    pub(super) fn can_not_be_asked(&mut self, out: &mut Out) {
        let others = self.visits().into_iter().flat_map(|visits| &visits.invitations);
        let others: Vec<VisitId> = others.map(|one| one.visit.clone()).collect();
        for id in others {
            if let Some(invitation) = self.invitation_gone(out, &id, InvitationState::Unavailable) {
                let answer = Answer::Unavailable;
                Self::tell_visits(out, &invitation.room, Tell::Answers { visit: id, answer });
            }
        }
    }

    /// The acceptance counts: the visit is announced.
    pub(super) fn visit_agreed(&mut self, now: Time, out: &mut Out, by: &SpaceId, visit: WireVisit) {
        let of_theirs = |promise: &mut Promise| promise.visit == visit.id && promise.to == *by;
        let promise = self.visits_mut().and_then(|visits| visits.promise.take_if(of_theirs));
        let Some(promise) = promise else {
            // It took too long: the host was told that it came to nothing.
            return Self::tell_visits(out, by, Tell::Ended { visit: visit.id, reason: EndReason::Lost });
        };
        out.push(Effect::CancelTimer { timer: Timer::VisitUnconfirmed(promise.visit.clone()) });
        self.tell_invitation_over(out, &promise.visit, InvitationState::Accepted);
        if let Some(visits) = self.visits_mut() {
            visits.answered(promise.visit, Some(promise.way));
        }
        self.visit_announced(now, out, Visit::new(visit, true, 0));
        for request in promise.requests {
            Self::reply(out, request, Ok(Outcome::Done));
        }
    }
}
