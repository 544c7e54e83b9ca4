//! Host visits, in the room of the host who invites and in that of the one who visits.
//!
//! * [`asking`]: the inviting room goes down the hosts. [`answering`]: the invited room asks its host, and says what they say.
//! * [`under_way`]: the visit, from the countdown to its end, in both. [`people`]: who comes along, and who is a guest.

mod answering;
mod asking;
mod people;
mod under_way;

use hearth_protocol::host_visits::{Command, Event as VisitEvent, Request as WireRequest};
use hearth_protocol::ids::{SpaceId, UserId, VisitId};
use hearth_protocol::people::Profile;
use hearth_protocol::space::YourVisit;
use hearth_protocol::{Event, Rejection};

use super::commands::{Coming, Given};
use super::{Out, Space};
use crate::effect::{Effect, SpaceTell, Timer};
use crate::host_visits::request::Wish;
use crate::host_visits::visit::Visit;
use crate::host_visits::{Tell, Visits};
use crate::input::Time;

impl Space {
    pub(super) fn about_visits(&mut self, now: Time, out: &mut Out, given: Given, wants: Command) -> Coming {
        self.kind.live_room().ok_or(Rejection::NotFound)?;
        match wants {
            Command::Candidates { conditions } => self.candidates(now, &given, conditions),
            Command::Invite { conditions, wanted, duration_s, offer, hosts } => {
                self.ask_for_visits(now, out, &given, Wish { conditions, wanted, duration_s, offer, hosts })
            }
            Command::Cancel => self.cancel_request(now, out, &given),
            Command::Answer { visit, accept } => self.answer_visit(now, out, &given, visit, accept),
            Command::Come { visit, come } => self.come_along(out, &given, visit, come),
            Command::End { visit } => self.end_visit_by_host(now, out, &given, visit),
        }
    }

    pub(super) fn told_of_visits(&mut self, now: Time, out: &mut Out, by: &SpaceId, what: Tell) {
        if self.kind.live_room().is_none() {
            return;
        }
        match what {
            Tell::Asks { invitation } => self.is_asked(now, out, by, *invitation),
            Tell::Over { visit, state } => self.invitation_over(out, by, &visit, state),
            Tell::Answers { visit, answer } => self.invitation_answered(now, out, by, &visit, answer),
            Tell::Agreed { visit } => self.visit_agreed(now, out, by, *visit),
            Tell::Begun { visit, people } => self.visit_begun(now, out, by, *visit, people),
            Tell::People { visit, came, gone } => self.people_changed(now, out, by, &visit, came, gone),
            Tell::Alive { visit } => self.visit_is_alive(now, out, by, &visit),
            Tell::Traffic { visit, traffic } => self.their_traffic(now, out, by, &visit, traffic),
            Tell::Saves { visit, saving } => self.visit_saves(now, out, by, &visit, saving),
            Tell::Ended { visit, reason } => self.visit_ended(now, out, by, &visit, reason),
        }
    }

    /// A timer of host visits is due.
    pub(super) fn visit_timer(&mut self, now: Time, out: &mut Out, timer: Timer) {
        match timer {
            Timer::VisitInvitationExpires(visit) => self.invitation_expires(now, out, &visit),
            Timer::VisitUnconfirmed(visit) => self.acceptance_unconfirmed(out, &visit),
            Timer::VisitBegins(visit) => self.visit_begins(now, out, &visit),
            Timer::VisitEnds(visit) => self.visit_is_over(now, out, &visit),
            Timer::VisitAlive(visit) => self.say_alive(now, out, &visit),
            Timer::VisitLost(visit) => self.other_room_lost(now, out, &visit),
            _ => {}
        }
    }

    fn visits(&self) -> Option<&Visits> {
        self.kind.live_room().map(|room| &room.visits)
    }

    fn visits_mut(&mut self) -> Option<&mut Visits> {
        self.kind.live_room_mut().map(|room| &mut room.visits)
    }

    /// A visit with this other room, to change.
    fn visit_with(&mut self, by: &SpaceId, id: &VisitId) -> Option<&mut Visit> {
        self.visits_mut()?.get_mut(id).filter(|visit| visit.other() == by)
    }

    fn tell_visits(out: &mut Out, space: &SpaceId, what: Tell) {
        out.push(Effect::TellSpace { space: space.clone(), what: SpaceTell::Visits { what } });
    }

    /// Tells everybody here where a visit stands.
    fn visit_stands(&mut self, out: &mut Out, id: &VisitId) {
        let Some(visit) = self.visits().and_then(|visits| visits.get(id)) else { return };
        let event = VisitEvent::Visit { visit: visit.wire.clone() };
        self.stream.everyone(out, Event::Visits { event });
        self.list(out);
    }

    /// Tells the host, on all devices, what only they are to know.
    fn tell_host_of_visits(&mut self, out: &mut Out, event: VisitEvent) {
        let host = self.host.id.clone();
        self.stream.user(out, &host, self.members.connections_of(&host), Event::Visits { event });
    }

    /// The visits as somebody here sees them.
    pub(super) fn visits_of(&self, user: &UserId) -> Vec<YourVisit> {
        let visits = self.visits().into_iter().flat_map(|visits| &visits.visits);
        visits.map(|visit| YourVisit { visit: visit.wire.clone(), come: !visit.staying.contains(user) }).collect()
    }

    /// What the host has asked for, as they see it.
    pub(super) fn visit_request_of(&self, user: &UserId) -> Option<WireRequest> {
        let request = self.visits()?.request.as_ref().filter(|_| *user == self.host.id)?;
        Some(request.wire())
    }

    /// Whether the host visits, is visited, or is about to.
    pub(super) fn is_promised(&self) -> bool {
        self.visits().is_some_and(Visits::is_promised)
    }

    /// Somebody has another name now.
    pub(super) fn renamed_in_visits(&mut self, profile: &Profile) {
        let Some(visits) = self.visits_mut() else { return };
        let asked = visits.request.iter_mut().flat_map(|request| &mut request.asked);
        let sides = visits.visits.iter_mut().flat_map(|visit| [&mut visit.wire.to.host, &mut visit.wire.from.host]);
        let known = asked.map(|asked| &mut asked.target.host).chain(sides);
        known.filter(|known| known.id == profile.id).for_each(|known| known.clone_from(profile));
    }
}
