//! The inviting room: whom it asks, in which order, and what becomes of each invitation.

use hearth_protocol::host_visits::{
    Conditions, Event as VisitEvent, Invitation, InvitationState, Phase, Side, Visit as WireVisit, Way,
};
use hearth_protocol::ids::{SpaceId, VisitId};
use hearth_protocol::limits::{LimitName, VISIT_REQUESTS_PER_HOUR_MAX};
use hearth_protocol::live_rooms::Broadcast;
use hearth_protocol::space::Role;
use hearth_protocol::{Outcome, Rejection};

use crate::effect::{Effect, Timer, Write};
use crate::host_visits::conditions;
use crate::host_visits::ranking::{Asker, ranked};
use crate::host_visits::request::{Asked, Request, Target, Wish};
use crate::host_visits::visit::Visit;
use crate::host_visits::{Answer, Entry, Tell};
use crate::input::{RequestId, Time};
use crate::kernel::limits::{VISIT_COUNTDOWN_MS, VISIT_REQUESTS_WINDOW_MS};
use crate::space::commands::{Coming, DONE, Given};
use crate::space::{Out, Space, Then};

impl Space {
    /// The host, as the one who asks.
    fn asker(&self) -> Option<Asker<'_>> {
        Some(Asker { user: &self.host.id, about: &self.kind.live_room()?.about })
    }

    pub(super) fn candidates(&self, now: Time, given: &Given, conditions: Conditions) -> Coming {
        self.require(given, Role::Host)?;
        let conditions = conditions::clean(conditions)?;
        let asker = self.asker().ok_or(Rejection::NotFound)?;
        let candidates = ranked(now, asker, &conditions, &given.lookup.visits.hosts);
        Ok(Some(Outcome::VisitCandidates { candidates }))
    }

    pub(super) fn ask_for_visits(&mut self, now: Time, out: &mut Out, given: &Given, wish: Wish) -> Coming {
        self.require(given, Role::Host)?;
        let wish = wish.clean()?;
        if !self.has_stage() {
            return Err(Rejection::NotLive);
        }
        let storing = self.writes.waiting().any(|then| matches!(then, Then::VisitRequested(..)));
        let asker = self.asker().ok_or(Rejection::NotFound)?;
        let request = Request::new(now, asker, wish, &given.lookup.visits.hosts, given.fresh)?;
        let by = self.host.id.clone();
        let visits = self.visits_mut().ok_or(Rejection::NotFound)?;
        // Who is about to visit somebody has no stage to invite anybody to; one request is seen to its end before another.
        if visits.goes_away() || storing || visits.request.as_ref().is_some_and(|request| !request.is_over()) {
            return Err(Rejection::Forbidden);
        }
        let requested = visits.requests_in_window(now, &given.lookup.visits.requests_ms);
        if requested.len() >= VISIT_REQUESTS_PER_HOUR_MAX as usize {
            let retry_after_ms = requested.first().map(|at| at.plus_ms(VISIT_REQUESTS_WINDOW_MS).since_ms(now));
            let max = VISIT_REQUESTS_PER_HOUR_MAX.into();
            return Err(Rejection::Limit { limit: LimitName::VisitRequests, max, retry_after_ms });
        }
        self.writes.has_room()?;
        let Wish { conditions, wanted, .. } = request.wish.clone();
        let entry = Entry::Requested { by, at: now, conditions, wanted };
        self.writes.store(out, Write::Visit { entry }, Then::VisitRequested(Box::new(request), given.request));
        Ok(None)
    }

    /// The request is stored: it counts, and the first are asked.
    pub(in crate::space) fn visits_requested(&mut self, now: Time, out: &mut Out, request: Request, by: RequestId) {
        let Some(visits) = self.visits_mut() else { return };
        visits.requested.push(now);
        visits.request = Some(request);
        // While it was stored the broadcast may have ended, or the host may have promised to visit somebody.
        if self.may_be_visited() {
            self.ask_hosts(now, out);
        } else {
            self.withdraw_request(now, out);
        }
        if let Some(request) = self.visits().and_then(|visits| visits.request.as_ref()) {
            Self::reply(out, by, Ok(Outcome::VisitRequested { request: request.wire() }));
        }
        self.request_stands(out);
    }

    /// Asks as many as acceptances are missing.
    fn ask_hosts(&mut self, now: Time, out: &mut Out) {
        while let Some(asked) = self.visits_mut().and_then(|visits| visits.request.as_mut()?.ask_next(now).cloned()) {
            let Some(invitation) = self.visit_invitation(&asked) else { return };
            let entry = Entry::Invited {
                visit: asked.visit.clone(),
                by: self.host.id.clone(),
                host: asked.target.host.id.clone(),
                at: now,
            };
            self.writes.note(out, Write::Visit { entry });
            out.push(Effect::SetTimer { timer: Timer::VisitInvitationExpires(asked.visit), at: asked.until });
            Self::tell_visits(out, &asked.target.room, Tell::Asks { invitation: Box::new(invitation) });
        }
    }

    fn visit_invitation(&self, asked: &Asked) -> Option<Invitation> {
        let room = self.kind.live_room()?;
        let wish = &room.visits.request.as_ref()?.wish;
        Some(Invitation {
            visit: asked.visit.clone(),
            host: self.host.clone(),
            room: self.id.clone(),
            title: room.about.title.clone(),
            category: room.about.category.clone(),
            audience: self.members.count(),
            conditions: wish.conditions.clone(),
            duration_s: wish.duration_s,
            offer: wish.offer.clone(),
            until_ms: asked.until.0,
        })
    }

    /// Tells the host how the request stands.
    fn request_stands(&mut self, out: &mut Out) {
        let Some(request) = self.visit_request_of(&self.host.id) else { return };
        self.tell_host_of_visits(out, VisitEvent::Request { request });
    }

    /// An invitation comes to its end; gives whom it was for.
    fn settle(&mut self, now: Time, out: &mut Out, id: &VisitId, state: InvitationState) -> Option<Asked> {
        let asked = self.visits_mut()?.request.as_mut()?.open(id)?;
        asked.state = state;
        let asked = asked.clone();
        out.push(Effect::CancelTimer { timer: Timer::VisitInvitationExpires(id.clone()) });
        self.writes.note(out, Write::Visit { entry: Entry::Answered { visit: id.clone(), state, at: now } });
        Some(asked)
    }

    /// The invited host's room says what they say.
    pub(super) fn invitation_answered(&mut self, now: Time, out: &mut Out, by: &SpaceId, id: &VisitId, answer: Answer) {
        let open = self.visits_mut().and_then(|visits| visits.request.as_mut()?.open(id));
        let Some(asked) = open.filter(|asked| asked.target.room == *by).map(|asked| asked.clone()) else {
            if matches!(answer, Answer::Accepts(_)) {
                let state = self.state_of_invitation(id).unwrap_or(InvitationState::Withdrawn);
                Self::tell_visits(out, by, Tell::Over { visit: id.clone(), state });
            }
            return;
        };
        match answer {
            Answer::Accepts(way) if self.may_be_visited() && now < asked.until => self.agree(now, out, &asked, way),
            Answer::Accepts(_) => {
                self.settle(now, out, id, InvitationState::Withdrawn);
                Self::tell_visits(out, by, Tell::Over { visit: id.clone(), state: InvitationState::Withdrawn });
            }
            Answer::Declines => drop(self.settle(now, out, id, InvitationState::Declined)),
            Answer::Unavailable => drop(self.settle(now, out, id, InvitationState::Unavailable)),
        }
        self.ask_hosts(now, out);
        self.request_stands(out);
    }

    fn state_of_invitation(&self, id: &VisitId) -> Option<InvitationState> {
        let asked = self.visits()?.request.as_ref()?.asked.iter().find(|asked| asked.visit == *id);
        asked.map(|asked| asked.state).filter(|state| *state != InvitationState::Open)
    }

    fn may_be_visited(&self) -> bool {
        self.has_stage() && self.visits().is_some_and(|visits| !visits.goes_away())
    }

    /// An acceptance counts: the visit is announced in both rooms.
    fn agree(&mut self, now: Time, out: &mut Out, asked: &Asked, way: Way) {
        let Some(room) = self.kind.live_room() else { return };
        let to = Side { room: self.id.clone(), host: self.host.clone(), title: room.about.title.clone() };
        let Target { host, room: home, title } = asked.target.clone();
        let from = Side { room: home, host, title };
        let at = now.plus_ms(VISIT_COUNTDOWN_MS);
        let wire = WireVisit { id: asked.visit.clone(), way, to, from, phase: Phase::Announced { at_ms: at.0 } };
        let duration_ms = room.visits.request.as_ref().map_or(0, |request| u64::from(request.wish.duration_s) * 1_000);
        self.settle(now, out, &asked.visit, InvitationState::Accepted);
        self.can_not_be_asked(out);
        Self::tell_visits(out, &asked.target.room, Tell::Agreed { visit: Box::new(wire.clone()) });
        out.push(Effect::SetTimer { timer: Timer::VisitBegins(asked.visit.clone()), at });
        self.visit_announced(now, out, Visit::new(wire, false, duration_ms));
    }

    /// Nobody has answered in time.
    pub(super) fn invitation_expires(&mut self, now: Time, out: &mut Out, id: &VisitId) {
        if let Some(asked) = self.settle(now, out, id, InvitationState::Expired) {
            let over = Tell::Over { visit: id.clone(), state: InvitationState::Expired };
            Self::tell_visits(out, &asked.target.room, over);
            self.ask_hosts(now, out);
            self.request_stands(out);
        } else {
            self.asked_in_vain(out, id);
        }
    }

    pub(super) fn cancel_request(&mut self, now: Time, out: &mut Out, given: &Given) -> Coming {
        self.require(given, Role::Host)?;
        self.withdraw_request(now, out);
        DONE
    }

    /// Nobody else is asked, and what was not answered is taken back.
    pub(in crate::space) fn withdraw_request(&mut self, now: Time, out: &mut Out) {
        let Some(request) = self.visits_mut().and_then(|visits| visits.request.as_mut()) else { return };
        if request.is_over() {
            return;
        }
        request.ask_nobody_else();
        for id in request.open_ones() {
            if let Some(asked) = self.settle(now, out, &id, InvitationState::Withdrawn) {
                let over = Tell::Over { visit: id, state: InvitationState::Withdrawn };
                Self::tell_visits(out, &asked.target.room, over);
            }
        }
        self.request_stands(out);
    }

    /// Whether there is a stage here that can be watched.
    pub(in crate::space) fn has_stage(&self) -> bool {
        let broadcast = self.kind.live_room().map(|room| &room.broadcast);
        matches!(broadcast, Some(Broadcast::OnAir { .. } | Broadcast::Interrupted { .. }))
    }
}
