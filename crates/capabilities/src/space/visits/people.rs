//! Who comes along with a visit, and who is a guest here because of one.
//!
//! Everybody is a member of their own room. Each room tells the other who may come in, and when somebody may no longer:
//! they left their own room, or said that they stay.

use hearth_protocol::host_visits::Event as VisitEvent;
use hearth_protocol::ids::{SpaceId, UserId, VisitId};
use hearth_protocol::limits::STAGE_GUESTS_MAX;
use hearth_protocol::space::RemovedReason;
use hearth_protocol::{Event, Rejection};

use crate::host_visits::Tell;
use crate::host_visits::visit::Visit;
use crate::input::{Standing, Time};
use crate::live_rooms::admission;
use crate::space::commands::{Coming, DONE, Given};
use crate::space::{Out, Space};

impl Space {
    /// Everybody whose own room this is.
    pub(super) fn own_people(&self) -> Vec<UserId> {
        let own = self.members.iter().filter(|(_, member)| member.guest_from.is_none());
        own.map(|(user, _)| user.clone()).collect()
    }

    /// The guests from another room.
    pub(super) fn guests_of(&self, other: &SpaceId) -> Vec<UserId> {
        let guests = self.members.iter().filter(|(_, member)| member.guest_from.as_ref() == Some(other));
        guests.map(|(user, _)| user.clone()).collect()
    }

    /// Whether somebody may be here because of a visit.
    pub(in crate::space) fn comes_with_a_visit(&self, user: &UserId) -> bool {
        self.visits().is_some_and(|visits| visits.guest_from(user).is_some())
    }

    /// Whether this room's own rule admits somebody who is neither host nor moderator.
    fn admits_anyway(&self, standing: Standing) -> bool {
        self.kind.live_room().is_some_and(|room| admission::admits(room.about.entry, standing))
    }

    /// Somebody may come in because of a visit, but not against the host's will.
    ///
    /// Errors: [`Rejection::NotFound`] without a visit, or one that is not known here yet; and for whom the host has blocked.
    pub(in crate::space) fn may_join_as_guest(&self, given: &Given) -> Result<(), Rejection> {
        let blocked = given.lookup.blocked_by_host && !self.admits_anyway(given.from.standing);
        if !blocked && self.comes_with_a_visit(given.user()) { Ok(()) } else { Err(Rejection::NotFound) }
    }

    /// Somebody came in by a connection, `anew` or besides, or lost one of several: they are a guest while all that they have
    /// come along with a visit, and otherwise in their own room. Who has none is awaited as what they were.
    ///
    /// Says whether they are something else now, of which they are to be told.
    pub(in crate::space) fn settle_guest(&mut self, now: Time, out: &mut Out, user: &UserId, anew: bool) -> bool {
        let Some(member) = self.members.get(user).filter(|member| !member.connections.is_empty()) else { return false };
        let expected_from = self.visits().and_then(|visits| visits.guest_from(user)).cloned();
        match (member.only_comes_along(), member.guest_from.clone()) {
            (true, None) => {
                let Some(from) = expected_from else {
                    // What they came along with is over, or goes on without them.
                    self.put_out(now, out, user, RemovedReason::Entry);
                    return false;
                };
                if !anew {
                    self.own_person(out, user, false);
                }
                self.becomes_guest(now, user, from);
                !anew
            }
            (false, Some(from)) => {
                self.left_in_visit(now, out, user, Some(&from));
                if let Some(member) = self.members.get_mut(user) {
                    member.guest_from = None;
                }
                self.own_person(out, user, true);
                true
            }
            (along, _) => {
                if anew && !along {
                    self.own_person(out, user, true);
                }
                false
            }
        }
    }

    /// Somebody lost one of their connections: if it was the one by which this was their own room, they may be a guest now.
    pub(in crate::space) fn goes_on_as_guest(&mut self, now: Time, out: &mut Out, user: &UserId) {
        if self.settle_guest(now, out, user, false) {
            self.tell_you(now, out, user);
        }
    }

    /// Whether a guest from one room is one from another as well, who went from there to here, and now is that alone.
    pub(super) fn comes_from_elsewhere(&mut self, now: Time, out: &mut Out, user: &UserId, before: &SpaceId) -> bool {
        let from = self.visits().and_then(|visits| visits.guest_from_but(user, before)).cloned();
        let Some(from) = from else { return false };
        self.left_in_visit(now, out, user, Some(before));
        self.becomes_guest(now, user, from);
        self.tell_you(now, out, user);
        true
    }

    fn becomes_guest(&mut self, now: Time, user: &UserId, from: SpaceId) {
        if let Some(member) = self.members.get_mut(user) {
            member.guest_from = Some(from.clone());
        }
        let Some(visits) = self.visits_mut() else { return };
        if let Some(visit) = visits.visits.iter_mut().find(|visit| *visit.other() == from)
            && visit.wire.from.host.id != *user
        {
            visit.tally.comes(now, user);
        }
        if self.seat_visitor(user) {
            self.requests_changed();
        }
    }

    /// A visiting host who comes onto the stage has a seat there, as long as there is room; says whether that is new.
    ///
    /// Where there is none they watch, and have one as soon as they try again and somebody has left.
    pub(in crate::space) fn seat_visitor(&mut self, user: &UserId) -> bool {
        let comes = self.visits().is_some_and(|visits| visits.comes_on_stage(user)) && self.stage.seat(user).is_none();
        let profile = self.members.get(user).map(|member| member.profile.clone()).filter(|_| comes);
        profile.is_some_and(|profile| self.stage.take_seat(&profile, STAGE_GUESTS_MAX).is_ok())
    }

    /// A moderator took somebody off the stage: a visit does not bring them back.
    pub(in crate::space) fn visitor_off_stage(&mut self, user: &UserId) {
        let visits = self.visits_mut().into_iter().flat_map(|visits| &mut visits.visits);
        visits.filter(|visit| visit.comes_on_stage(user)).for_each(|visit| visit.off_stage = true);
    }

    /// Somebody is here no more.
    pub(in crate::space) fn left_in_visit(
        &mut self,
        now: Time,
        out: &mut Out,
        user: &UserId,
        guest_from: Option<&SpaceId>,
    ) {
        match guest_from {
            None => self.own_person(out, user, false),
            Some(from) => {
                let visits = self.visits_mut().into_iter().flat_map(|visits| &mut visits.visits);
                visits.filter(|visit| visit.other() == from).for_each(|visit| visit.tally.goes(now, user));
            }
        }
    }

    /// Somebody whose own room this is came, or left: where a visit is under way the other room is told.
    fn own_person(&mut self, out: &mut Out, user: &UserId, came: bool) {
        let Some(visits) = self.visits_mut() else { return };
        for visit in visits.visits.iter_mut().filter(|visit| visit.is_under_way()) {
            if came {
                visit.tally.meets(user);
            }
            let stays = visit.staying.contains(user);
            if !came {
                visit.staying.remove(user);
            }
            if !stays {
                Self::person_changed(out, visit, user, came);
            }
        }
    }

    fn person_changed(out: &mut Out, visit: &Visit, user: &UserId, came: bool) {
        let (came, gone) = if came { (vec![user.clone()], Vec::new()) } else { (Vec::new(), vec![user.clone()]) };
        Self::tell_visits(out, visit.other(), Tell::People { visit: visit.id().clone(), came, gone });
    }

    pub(super) fn come_along(&mut self, out: &mut Out, given: &Given, id: VisitId, come: bool) -> Coming {
        let user = given.user().clone();
        let home = self.members.get(&user).ok_or(Rejection::NotJoined)?.guest_from.is_none();
        let visit = self.visits_mut().and_then(|visits| visits.get_mut(&id));
        let visit = visit.filter(|visit| visit.away && home).ok_or(Rejection::NotFound)?;
        // Who visits comes along, or ends the visit.
        if visit.wire.from.host.id == user {
            return Err(Rejection::Forbidden);
        }
        let changed = if come { visit.staying.remove(&user) } else { visit.staying.insert(user.clone()) };
        if changed {
            if visit.is_under_way() {
                Self::person_changed(out, visit, &user, come);
            }
            let event = Event::Visits { event: VisitEvent::Coming { visit: id, come } };
            self.stream.user(out, &user, self.members.connections_of(&user), event);
        }
        DONE
    }

    /// The other room says who may come in, and who no longer.
    pub(super) fn people_changed(
        &mut self,
        now: Time,
        out: &mut Out,
        by: &SpaceId,
        id: &VisitId,
        came: Vec<UserId>,
        gone: Vec<UserId>,
    ) {
        let Some(visit) = self.visit_with(by, id).filter(|visit| visit.is_under_way()) else { return };
        visit.guests.extend(came.iter().cloned());
        visit.guests.retain(|user| !gone.contains(user));
        // Who is here already does not come in; a visitor of whom that is so has their seat all the same.
        for user in came {
            if self.seat_visitor(&user) {
                self.stands_otherwise(out, &user);
            }
        }
        for user in gone {
            self.no_guest_any_more(now, out, by, &user);
        }
    }

    /// A guest's own room has them no more, or they stay there: they are out.
    fn no_guest_any_more(&mut self, now: Time, out: &mut Out, from: &SpaceId, user: &UserId) {
        let Some(member) = self.members.get(user).filter(|member| member.guest_from.as_ref() == Some(from)) else {
            return;
        };
        let connected = !member.connections.is_empty();
        if self.comes_from_elsewhere(now, out, user, from) {
            return;
        }
        // Nobody waits here for somebody who is awaited at home no longer.
        if !connected {
            return self.member_gone(now, out, user);
        }
        self.put_out(now, out, user, RemovedReason::Entry);
    }
}
