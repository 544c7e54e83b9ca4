//! A visit from the countdown to its end, in both of its rooms. The inviting one decides; each knows when the other is lost.

use hearth_protocol::Event;
use hearth_protocol::host_visits::{EndReason, Event as VisitEvent, Phase, Saving, Traffic, Visit as WireVisit};
use hearth_protocol::ids::{SpaceId, UserId, VisitId};
use hearth_protocol::live_rooms::{Broadcast, EndReason as BroadcastEnd};
use hearth_protocol::media::Via;
use hearth_protocol::space::{LegClosedReason, Role};
use hearth_protocol::{Outcome, Rejection};

use crate::effect::{Effect, MediaOrder, Timer, Write};
use crate::host_visits::visit::{Visit, sum};
use crate::host_visits::{Entry, Tell};
use crate::input::Time;
use crate::kernel::limits::{VISIT_ALIVE_MS, VISIT_LEASE_MS};
use crate::live_rooms::Resumed;
use crate::space::commands::{Coming, Given};
use crate::space::{Out, Space};

impl Space {
    /// A visit is announced in this room.
    pub(super) fn visit_announced(&mut self, now: Time, out: &mut Out, visit: Visit) {
        let id = visit.id().clone();
        let Some(visits) = self.visits_mut() else { return };
        visits.visits.push(visit);
        out.push(Effect::SetTimer { timer: Timer::VisitAlive(id.clone()), at: now.plus_ms(VISIT_ALIVE_MS) });
        Self::heard_of_other_room(now, out, &id);
        self.visit_stands(out, &id);
    }

    /// The other room has said something: it is there.
    fn heard_of_other_room(now: Time, out: &mut Out, id: &VisitId) {
        out.push(Effect::SetTimer { timer: Timer::VisitLost(id.clone()), at: now.plus_ms(VISIT_LEASE_MS) });
    }

    /// In the inviting room: the countdown is over.
    pub(super) fn visit_begins(&mut self, now: Time, out: &mut Out, id: &VisitId) {
        let people = self.own_people();
        let Some(room) = self.kind.live_room_mut() else { return };
        let own = room.visits.traffic;
        let Some(visit) = room.visits.get_mut(id).filter(|visit| !visit.away && !visit.is_under_way()) else { return };
        let until = now.plus_ms(visit.duration_ms);
        visit.wire.phase = Phase::UnderWay { since_ms: now.0, until_ms: until.0 };
        visit.before = sum(own, visit.theirs);
        people.iter().for_each(|user| visit.tally.meets(user));
        let wire = visit.wire.clone();
        let entry = Entry::Began {
            visit: id.clone(),
            way: wire.way,
            to: wire.to.host.id.clone(),
            from: wire.from.host.id.clone(),
            at: now,
        };
        self.writes.note(out, Write::Visit { entry });
        out.push(Effect::SetTimer { timer: Timer::VisitEnds(id.clone()), at: until });
        // Who comes in must be known there before anybody here hears that they may.
        Self::tell_visits(out, &wire.from.room, Tell::Begun { visit: Box::new(wire.clone()), people });
        self.visit_stands(out, id);
    }

    /// In the visiting room: the visit begins.
    pub(super) fn visit_begun(&mut self, now: Time, out: &mut Out, by: &SpaceId, wire: WireVisit, people: Vec<UserId>) {
        let id = wire.id.clone();
        let own = self.own_people();
        let Some(visit) = self.visit_with(by, &id).filter(|visit| visit.away && !visit.is_under_way()) else {
            return Self::tell_visits(out, by, Tell::Ended { visit: id, reason: EndReason::Lost });
        };
        visit.wire.phase = wire.phase;
        visit.guests = people.into_iter().collect();
        let came: Vec<UserId> = own.into_iter().filter(|user| !visit.staying.contains(user)).collect();
        Self::heard_of_other_room(now, out, &id);
        self.goes_away(now, out);
        Self::tell_visits(out, by, Tell::People { visit: id.clone(), came, gone: Vec::new() });
        self.visit_stands(out, &id);
    }

    /// The host leaves for another room: their own broadcast pauses, and nothing of it is sent to anybody.
    fn goes_away(&mut self, now: Time, out: &mut Out) {
        if self.kind.live_room().is_some_and(|room| room.broadcast == Broadcast::Connecting) {
            self.end_broadcast(now, out, BroadcastEnd::NeverConnected);
        }
        self.stage.away = true;
        let Some((room, seat)) = self.own_broadcast() else { return };
        let paused = room.pause();
        let incoming = seat.incoming.take_if(|incoming| incoming.via == Via::Browser);
        // An encoder goes on sending: it would not come back by itself. It is heard by nobody.
        let publisher = seat.publisher.take_if(|publisher| publisher.via == Via::Browser);
        if let Some(incoming) = incoming {
            Self::give_up(out, incoming, Rejection::Forbidden);
        }
        if let Some(publisher) = publisher {
            out.push(Effect::Media { leg: publisher.leg.clone(), order: MediaOrder::Close });
            self.leg_closed(out, &publisher.owner, publisher.leg, LegClosedReason::Asked);
        }
        if paused {
            out.push(Effect::CancelTimer { timer: Timer::PublisherLost });
            self.clear_stage(out);
            self.stage_changed(out);
            self.broadcast_moved(out);
        }
    }

    /// The host is at home again: their broadcast goes on, or waits for them to send again.
    fn comes_home(&mut self, now: Time, out: &mut Out) {
        self.stage.away = false;
        let Some((room, seat)) = self.own_broadcast() else { return };
        match room.resume(seat, now) {
            Resumed::Nothing => return,
            Resumed::OnAir => self.stage_changed(out),
            Resumed::Waiting(until) => out.push(Effect::SetTimer { timer: Timer::PublisherLost, at: until }),
        }
        self.broadcast_moved(out);
    }

    /// The other room is told that this one is there.
    pub(super) fn say_alive(&mut self, now: Time, out: &mut Out, id: &VisitId) {
        let Some(visit) = self.visits().and_then(|visits| visits.get(id)) else { return };
        Self::tell_visits(out, visit.other(), Tell::Alive { visit: id.clone() });
        out.push(Effect::SetTimer { timer: Timer::VisitAlive(id.clone()), at: now.plus_ms(VISIT_ALIVE_MS) });
    }

    /// The other room is there. If this one knows nothing of the visit it was begun anew meanwhile, and says so.
    pub(super) fn visit_is_alive(&mut self, now: Time, out: &mut Out, by: &SpaceId, id: &VisitId) {
        if self.visit_with(by, id).is_some() {
            Self::heard_of_other_room(now, out, id);
        } else {
            Self::tell_visits(out, by, Tell::Ended { visit: id.clone(), reason: EndReason::Lost });
        }
    }

    /// What this room sends and receives was counted.
    pub(in crate::space) fn traffic(&mut self, out: &mut Out, traffic: Traffic) {
        let Some(visits) = self.visits_mut() else { return };
        visits.traffic = traffic;
        let visits = visits.visits.iter();
        let known: Vec<(VisitId, SpaceId, Option<Saving>)> = visits
            .map(|visit| {
                let saving = (!visit.away && visit.is_under_way()).then(|| visit.saving(traffic));
                (visit.id().clone(), visit.other().clone(), saving)
            })
            .collect();
        for (visit, other, saving) in known {
            let away = self.visits().and_then(|visits| visits.get(&visit)).is_some_and(|visit| visit.away);
            if away {
                Self::tell_visits(out, &other, Tell::Traffic { visit, traffic });
            } else if let Some(saving) = saving {
                Self::tell_visits(out, &other, Tell::Saves { visit: visit.clone(), saving });
                self.tell_saving(out, visit, saving);
            }
        }
    }

    pub(super) fn their_traffic(&mut self, now: Time, out: &mut Out, by: &SpaceId, id: &VisitId, traffic: Traffic) {
        let Some(visit) = self.visit_with(by, id).filter(|visit| !visit.away) else { return };
        visit.theirs = traffic;
        Self::heard_of_other_room(now, out, id);
    }

    pub(super) fn visit_saves(&mut self, now: Time, out: &mut Out, by: &SpaceId, id: &VisitId, saving: Saving) {
        if self.visit_with(by, id).is_some_and(|visit| visit.away) {
            Self::heard_of_other_room(now, out, id);
            self.tell_saving(out, id.clone(), saving);
        }
    }

    /// Figures are told to who is here now: the next ones come soon.
    fn tell_saving(&mut self, out: &mut Out, visit: VisitId, saving: Saving) {
        let event = Event::Visits { event: VisitEvent::Saving { visit, saving } };
        self.stream.direct(out, self.members.connections_of(&self.host.id), event);
    }

    pub(super) fn end_visit_by_host(&mut self, now: Time, out: &mut Out, given: &Given, id: VisitId) -> Coming {
        self.require(given, Role::Host)?;
        self.visits().and_then(|visits| visits.get(&id)).ok_or(Rejection::NotFound)?;
        self.end_visit(now, out, &id, EndReason::Host);
        Ok(Some(Outcome::Done))
    }

    pub(super) fn visit_is_over(&mut self, now: Time, out: &mut Out, id: &VisitId) {
        self.end_visit(now, out, id, EndReason::Over);
    }

    pub(super) fn other_room_lost(&mut self, now: Time, out: &mut Out, id: &VisitId) {
        self.end_visit(now, out, id, EndReason::Lost);
    }

    /// The other room says that a visit is over.
    pub(super) fn visit_ended(&mut self, now: Time, out: &mut Out, by: &SpaceId, id: &VisitId, reason: EndReason) {
        if self.visit_with(by, id).is_some() {
            self.settle_visit(now, out, id, reason);
        }
    }

    /// Visits to this room are over, or the host's own one: whichever pass.
    pub(in crate::space) fn end_visits(&mut self, now: Time, out: &mut Out, reason: EndReason, away: Option<bool>) {
        let visits = self.visits().into_iter().flat_map(|visits| &visits.visits);
        let ended = visits.filter(|visit| away.is_none_or(|away| visit.away == away));
        let ended: Vec<VisitId> = ended.map(|visit| visit.id().clone()).collect();
        for id in ended {
            self.end_visit(now, out, &id, reason);
        }
    }

    /// A visit is over by this room's word.
    fn end_visit(&mut self, now: Time, out: &mut Out, id: &VisitId, reason: EndReason) {
        let Some(visit) = self.visits().and_then(|visits| visits.get(id)) else { return };
        Self::tell_visits(out, visit.other(), Tell::Ended { visit: id.clone(), reason });
        self.settle_visit(now, out, id, reason);
    }

    /// A visit is over: everybody hears it, the other room's guests are out, and the host is at home.
    fn settle_visit(&mut self, now: Time, out: &mut Out, id: &VisitId, reason: EndReason) {
        let other = self.visits().and_then(|visits| visits.get(id)).map(|visit| visit.other().clone());
        let Some(other) = other else { return };
        for timer in [Timer::VisitBegins, Timer::VisitEnds, Timer::VisitAlive, Timer::VisitLost] {
            out.push(Effect::CancelTimer { timer: timer(id.clone()) });
        }
        let event = VisitEvent::Ended { visit: id.clone(), reason };
        self.stream.everyone(out, Event::Visits { event });
        for user in self.guests_of(&other) {
            if !self.comes_from_elsewhere(now, out, &user, &other) {
                self.member_gone(now, out, &user);
            }
        }
        let Some(visit) = self.visits_mut().and_then(|visits| visits.take(id)) else { return };
        if visit.is_under_way() {
            self.note_end(now, out, &visit.wire, visit.away, visit.tally.sum(now), reason);
        }
        if visit.away {
            self.comes_home(now, out);
        } else {
            self.off_stage(out, &visit.wire.from.host.id);
        }
        self.list(out);
    }

    /// Notes in the ledger what a visit brought. The inviting room does; where that is lost, the other one says when it ended.
    fn note_end(
        &mut self,
        now: Time,
        out: &mut Out,
        wire: &WireVisit,
        away: bool,
        sum: (Vec<UserId>, u64, Vec<UserId>),
        reason: EndReason,
    ) {
        if away && reason != EndReason::Lost {
            return;
        }
        let (came, person_ms, met) = sum;
        let entry = Entry::Ended { visit: wire.id.clone(), at: now, reason, came, person_ms, met };
        self.writes.note(out, Write::Visit { entry });
    }
}
