//! Who comes onto the stage: raised hands, who is asked, what they answer, who leaves or is taken off, what is turned off.
//!
//! Whoever it concerns is told on all of their devices, so that what was answered on one falls silent on the others.
//! The host and the moderators see everybody who wants to be on the stage, at most once a second.

use hearth_protocol::ids::{ConnectionId, UserId};
use hearth_protocol::media::Source;
use hearth_protocol::space::{LegClosedReason, Role};
use hearth_protocol::{Event, Rejection};

use super::commands::{Coming, DONE, Given};
use super::{Out, Space};
use crate::effect::{Effect, MediaOrder, Timer};
use crate::input::Time;
use crate::kernel::limits::{STAGE_ANSWER_MS, STAGE_REQUESTS_EVERY_MS};

/// What the host and the moderators were told of the stage's requests.
#[derive(Debug, Default)]
pub(super) struct RequestsTold {
    /// Whether they have changed since.
    changed: bool,
    at: Option<Time>,
    /// Whether telling them again waits for a timer.
    waiting: bool,
}

impl Space {
    pub(super) fn raise_hand(&mut self, out: &mut Out, given: &Given, raised: bool) -> Coming {
        let user = given.user();
        let changed = if raised {
            if *user == self.host.id {
                return Err(Rejection::Forbidden);
            }
            if !self.is_live() || self.stage.away {
                return Err(Rejection::NotLive);
            }
            let member = self.members.get(user).ok_or(Rejection::NotJoined)?;
            self.stage.raise(&member.profile)?
        } else {
            self.stage.lower(user)
        };
        if changed {
            self.stands_otherwise(out, user);
        }
        DONE
    }

    pub(super) fn lower_hand(&mut self, out: &mut Out, given: &Given, user: &UserId) -> Coming {
        self.require(given, Role::Moderator)?;
        if !self.stage.lower(user) {
            return Err(Rejection::NotFound);
        }
        self.stands_otherwise(out, user);
        DONE
    }

    pub(super) fn ask_on_stage(&mut self, now: Time, out: &mut Out, given: &Given, user: &UserId) -> Coming {
        self.require(given, Role::Moderator)?;
        if *user == self.host.id || user == given.user() {
            return Err(Rejection::Forbidden);
        }
        let member = self.members.get(user).ok_or(Rejection::NotFound)?;
        if !self.is_live() || self.stage.away {
            return Err(Rejection::NotLive);
        }
        let until = now.plus_ms(STAGE_ANSWER_MS);
        if self.stage.ask(&member.profile, &given.from.profile, until)? {
            out.push(Effect::SetTimer { timer: Timer::StageAskExpires(user.clone()), at: until });
            self.stands_otherwise(out, user);
        }
        DONE
    }

    pub(super) fn answer_stage(&mut self, out: &mut Out, given: &Given, accepted: bool) -> Coming {
        let user = given.user();
        let asked = if accepted { self.stage.accept(user) } else { self.stage.withdraw(user) };
        if !asked {
            return Err(Rejection::NotFound);
        }
        out.push(Effect::CancelTimer { timer: Timer::StageAskExpires(user.clone()) });
        self.stands_otherwise(out, user);
        let event = Event::StageAnswer { user: given.from.profile.clone(), accepted };
        self.stream.direct(out, self.moderating(), event);
        DONE
    }

    pub(super) fn leave_stage(&mut self, out: &mut Out, given: &Given, user: Option<UserId>) -> Coming {
        let own = user.as_ref().is_none_or(|user| user == given.user());
        let user = user.unwrap_or_else(|| given.user().clone());
        if own && self.stage.is_asked(&user) {
            return self.answer_stage(out, given, false);
        }
        if !own {
            self.require(given, Role::Moderator)?;
        }
        if self.stage.is_guest(&user) {
            if !own {
                self.subject(given, &user)?;
                self.visitor_off_stage(&user);
            }
            self.off_stage(out, &user);
        } else if self.stage.withdraw(&user) {
            out.push(Effect::CancelTimer { timer: Timer::StageAskExpires(user.clone()) });
            self.stands_otherwise(out, &user);
        } else {
            return Err(Rejection::NotFound);
        }
        DONE
    }

    /// Somebody who was asked did not answer in time.
    pub(super) fn ask_expires(&mut self, out: &mut Out, user: &UserId) {
        if self.stage.withdraw(user) {
            self.stands_otherwise(out, user);
        }
    }

    pub(super) fn set_muted(
        &mut self,
        now: Time,
        out: &mut Out,
        given: &Given,
        user: Option<UserId>,
        source: Source,
        muted: bool,
    ) -> Coming {
        let own = user.as_ref().is_none_or(|user| user == given.user());
        let user = user.unwrap_or_else(|| given.user().clone());
        if !own {
            self.require(given, Role::Moderator)?;
        }
        if self.stage.seat(&user).is_none() {
            return Err(Rejection::NotFound);
        }
        if !own {
            self.subject(given, &user)?;
            // A microphone that others turn on would be a bug in somebody's room.
            if !muted {
                return Err(Rejection::Forbidden);
            }
        }
        let seat = self.stage.seat_mut(&user).ok_or(Rejection::NotFound)?;
        let shows = seat.publisher.as_ref().is_some_and(|publisher| !publisher.tracks.is_empty());
        let changed = if own { seat.set_muted(out, now, source, muted)? } else { seat.silence(out, source) };
        if changed && shows {
            self.stream.everyone(out, Event::Stage { publishers: self.stage.publishers() });
        }
        DONE
    }

    /// A guest gives up their seat, or loses it.
    pub(super) fn off_stage(&mut self, out: &mut Out, user: &UserId) {
        if self.gives_up_seat(out, user) {
            self.stage_changed(out);
        }
    }

    /// Takes a guest's seat back; says whether anything was heard from it.
    fn gives_up_seat(&mut self, out: &mut Out, user: &UserId) -> bool {
        let Some(seat) = self.stage.take_off(user) else { return false };
        if let Some(incoming) = seat.incoming {
            Self::give_up(out, incoming, Rejection::Forbidden);
        }
        out.push(Effect::CancelTimer { timer: Timer::GuestLost(user.clone()) });
        let heard = seat.publisher.is_some();
        if let Some(publisher) = seat.publisher {
            out.push(Effect::Media { leg: publisher.leg.clone(), order: MediaOrder::Close });
            self.leg_closed(out, &publisher.owner, publisher.leg, LegClosedReason::Asked);
        }
        self.stands_otherwise(out, user);
        heard
    }

    /// Somebody is here no more: neither on the stage, nor on their way there.
    pub(super) fn forget_on_stage(&mut self, out: &mut Out, user: &UserId) {
        self.forget_on_way(out, user);
        self.off_stage(out, user);
    }

    /// The broadcast is over: nobody is on the stage, or on their way there. The stage itself is told by whoever ends it.
    pub(super) fn clear_stage(&mut self, out: &mut Out) {
        for user in self.stage.concerned() {
            self.forget_on_way(out, &user);
            self.gives_up_seat(out, &user);
        }
    }

    fn forget_on_way(&mut self, out: &mut Out, user: &UserId) {
        let asked = self.stage.withdraw(user);
        if asked {
            out.push(Effect::CancelTimer { timer: Timer::StageAskExpires(user.clone()) });
        }
        if self.stage.lower(user) || asked {
            self.stands_otherwise(out, user);
        }
    }

    /// Somebody stands otherwise with the stage: they are told, and the moderators will be.
    pub(super) fn stands_otherwise(&mut self, out: &mut Out, user: &UserId) {
        let standing = self.stage.standing(user);
        self.stream.user(out, user, self.members.connections_of(user), Event::YourStage { standing });
        self.requests_changed();
    }

    /// The connections of the host and the moderators who are here.
    pub(super) fn moderating(&self) -> Vec<ConnectionId> {
        self.moderating_but(None)
    }

    /// The connections of the host and the moderators who are here, except for one of them.
    pub(super) fn moderating_but(&self, but: Option<&UserId>) -> Vec<ConnectionId> {
        let moderating = self
            .members
            .iter()
            .filter(|(user, member)| Some(*user) != but && self.role_of(user, member.standing) >= Role::Moderator);
        moderating.flat_map(|(_, member)| member.connections.keys().cloned()).collect()
    }

    /// Tells the host and the moderators who wants to be on the stage, if that changed: at once, then at most once a second.
    pub(super) fn tell_requests(&mut self, now: Time, out: &mut Out) {
        // In a group nobody is asked.
        if !self.requests_told.changed || self.requests_told.waiting || self.kind.group().is_some() {
            return;
        }
        match self.requests_told.at {
            Some(at) if now.since_ms(at) < STAGE_REQUESTS_EVERY_MS => {
                self.requests_told.waiting = true;
                let at = at.plus_ms(STAGE_REQUESTS_EVERY_MS);
                out.push(Effect::SetTimer { timer: Timer::StageRequestsDue, at });
            }
            _ => {
                self.requests_told = RequestsTold { changed: false, at: Some(now), waiting: false };
                let requests = self.stage.requests();
                self.stream.direct(out, self.moderating(), Event::StageRequests { requests });
            }
        }
    }

    /// The moderators will be told who is on the stage, or wants to be.
    pub(super) fn requests_changed(&mut self) {
        self.requests_told.changed = true;
    }

    pub(super) fn requests_due(&mut self) {
        self.requests_told.waiting = false;
    }

    /// Tells somebody who wants to be on the stage, if they are to know: they were away, or were not to know before.
    pub(super) fn tell_requests_to(&mut self, out: &mut Out, user: &UserId, connections: Vec<ConnectionId>) {
        let knows = |standing| self.role_of(user, standing) >= Role::Moderator;
        if self.kind.live_room().is_some() && self.members.get(user).is_some_and(|member| knows(member.standing)) {
            let requests = self.stage.requests();
            self.stream.direct(out, connections, Event::StageRequests { requests });
        }
    }
}
