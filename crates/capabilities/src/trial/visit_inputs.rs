//! Bytes as what people and other rooms say of host visits.

use hearth_protocol::Command;
use hearth_protocol::host_visits::{
    Command as Visits, Conditions, EndReason, Invitation, InvitationState, Phase, Saving, Side, Traffic, Visit, Way,
};
use hearth_protocol::ids::{SpaceId, VisitId};
use hearth_protocol::live_rooms::About;
use hearth_protocol::people::Profile;

use super::inputs::Source;
use super::watch::Watch;
use crate::effect::{SpaceTell, Timer};
use crate::host_visits::{Answer, Facts, HostFacts, Tell};
use crate::input::{Input, Lookup, Time};
use crate::kernel::limits::{VISIT_ANSWER_MS, VISIT_COUNTDOWN_MS};
use crate::scenario::people;

/// The hosts of other rooms.
const HOSTS: [&str; 3] = ["bo", "cy", "dee"];

fn room_of(host: &str) -> SpaceId {
    SpaceId::parse(&format!("room_{host}")).expect("well formed")
}

fn side(host: &str) -> Side {
    let host_profile = people::caller(host).expect("a caller's word").profile;
    Side { room: room_of(host), host: host_profile, title: String::new() }
}

/// A host who is live before a few people and may be asked, of whom nothing else is known.
pub fn host_facts(host: Profile, room: SpaceId) -> HostFacts {
    HostFacts {
        host,
        room,
        about: About::default(),
        live: true,
        online: true,
        audience: 3,
        may_be_asked: true,
        blocked: false,
        promised: false,
        followed: false,
        standing: 0,
        visited: 0,
        was_visited: 0,
        thanked: false,
        asked_ms: None,
        declined_ms: None,
    }
}

fn usual(host: &str) -> HostFacts {
    host_facts(side(host).host, room_of(host))
}

impl Source<'_> {
    fn way(&mut self) -> Way {
        if self.byte().is_multiple_of(2) { Way::Watching } else { Way::OnStage }
    }

    fn any_visit(&mut self, of: &[VisitId]) -> VisitId {
        let never = VisitId::parse("visit_never").expect("well formed");
        self.choice(of).unwrap_or(never)
    }

    /// What somebody wants of visits: mostly the host.
    pub fn visit_command(&mut self, watch: &Watch) -> Input {
        let host = self.choice(&["ana", "ana@phone", "ana@tablet"]).unwrap_or("ana");
        let host = people::caller(host).expect("a caller's word");
        let somebody = self.present(watch);
        let mut lookup = Lookup::default();
        let conditions = Conditions { audience_from: Some(u32::from(self.byte() % 5)), ..Conditions::default() };
        let known: Vec<VisitId> = watch.visits.told.keys().cloned().collect();
        let invited: Vec<VisitId> = watch.visits.invited.keys().cloned().collect();
        let wants = match self.byte() % 12 {
            0..=2 => {
                lookup.visits = Facts { requests_ms: Vec::new(), hosts: HOSTS.map(usual).to_vec() };
                let wanted = u32::from(self.byte() % 4);
                let hosts = if self.byte().is_multiple_of(2) { vec![side("cy").host.id] } else { Vec::new() };
                Visits::Invite { conditions, wanted, duration_s: 60, offer: String::new(), hosts }
            }
            3..=6 => {
                let accept = (!self.byte().is_multiple_of(4)).then(|| self.way());
                Visits::Answer { visit: self.any_visit(&invited), accept }
            }
            7 | 8 => {
                let come = self.byte().is_multiple_of(2);
                Visits::Come { visit: self.any_visit(&known), come }
            }
            9 => Visits::End { visit: self.any_visit(&known) },
            10 => Visits::Cancel,
            _ => Visits::Candidates { conditions },
        };
        let from = if matches!(wants, Visits::Come { .. }) || self.byte().is_multiple_of(8) { somebody } else { host };
        let (request, fresh) = self.numbered();
        Input::Command { from, request, command: Command::Visits { wants }, fresh, lookup }
    }

    /// What other rooms say, mostly what comes next.
    pub fn of_visits(&mut self, now: Time, watch: &Watch) -> Input {
        let host = self.choice(&HOSTS).unwrap_or("bo");
        let mut by = room_of(host);
        let asked: Vec<(VisitId, SpaceId)> =
            watch.visits.asked.iter().map(|(id, room)| (id.clone(), room.clone())).collect();
        let told: Vec<Visit> = watch.visits.told.values().cloned().collect();
        let what = match self.byte() % 12 {
            0 | 1 => Tell::Asks { invitation: Box::new(self.invitation(now, host)) },
            2 | 3 => {
                let Some((visit, room)) = self.choice(&asked) else { return self.counted() };
                by = room;
                let answer = match self.byte() % 8 {
                    0 => Answer::Declines,
                    1 => Answer::Unavailable,
                    _ => Answer::Accepts(self.way()),
                };
                Tell::Answers { visit, answer }
            }
            4 | 5 => {
                let Some((id, to, way)) = watch.visits.promised.clone() else { return self.counted() };
                by = to.clone();
                let to = side(to.as_str().trim_start_matches("room_"));
                let phase = Phase::Announced { at_ms: now.plus_ms(VISIT_COUNTDOWN_MS).0 };
                Tell::Agreed { visit: Box::new(Visit { id, way, to, from: side("ana"), phase }) }
            }
            6..=8 => {
                let Some(visit) = self.choice(&told) else { return self.counted() };
                let other = if visit.to.room == watch.id { &visit.from } else { &visit.to };
                by = other.room.clone();
                self.of_visit(now, visit)
            }
            9 => {
                let invited: Vec<VisitId> = watch.visits.invited.keys().cloned().collect();
                let visit = self.any_visit(&invited);
                by = watch.visits.invited.get(&visit).cloned().unwrap_or(by);
                Tell::Over { visit, state: InvitationState::Withdrawn }
            }
            10 => Tell::Alive { visit: self.any_visit(&[]) },
            _ => return self.counted(),
        };
        if self.byte().is_multiple_of(32) {
            by = room_of("stranger");
        }
        Input::Told { by, tell: SpaceTell::Visits { what } }
    }

    /// What the other room says of a visit that is known here.
    fn of_visit(&mut self, now: Time, mut visit: Visit) -> Tell {
        let id = visit.id.clone();
        match self.byte() % 8 {
            0 | 1 => {
                visit.phase = Phase::UnderWay { since_ms: now.0, until_ms: now.plus_ms(60_000).0 };
                let people = vec![self.caller().profile.id, self.caller().profile.id];
                Tell::Begun { visit: Box::new(visit), people }
            }
            2..=4 => {
                let (came, gone) = (vec![self.caller().profile.id], vec![self.caller().profile.id]);
                let gone = if self.byte().is_multiple_of(2) { gone } else { Vec::new() };
                Tell::People { visit: id, came, gone }
            }
            5 => Tell::Alive { visit: id },
            6 if self.byte().is_multiple_of(2) => Tell::Saves { visit: id, saving: Saving::default() },
            6 => Tell::Traffic { visit: id, traffic: Traffic::default() },
            _ => Tell::Ended { visit: id, reason: EndReason::Host },
        }
    }

    fn invitation(&mut self, now: Time, host: &str) -> Invitation {
        let Side { room, host, title } = side(host);
        self.requests += 1;
        Invitation {
            visit: VisitId::parse(&format!("visit_theirs_{}", self.requests)).expect("well formed"),
            host,
            room,
            title,
            category: String::new(),
            audience: 3,
            conditions: Conditions { audience_from: Some(0), ..Conditions::default() },
            duration_s: 60,
            offer: String::new(),
            until_ms: now.plus_ms(VISIT_ANSWER_MS).0,
        }
    }

    fn counted(&mut self) -> Input {
        Input::Traffic { traffic: Traffic { publishers: u32::from(self.byte()), ..Traffic::default() } }
    }

    /// A timer of visits, whether it is set or not.
    pub fn any_visit_timer(&mut self, watch: &Watch) -> Timer {
        let known: Vec<VisitId> = watch.visits.told.keys().chain(watch.visits.asked.keys()).cloned().collect();
        let visit = self.any_visit(&known);
        match self.byte() % 6 {
            0 => Timer::VisitInvitationExpires(visit),
            1 => Timer::VisitUnconfirmed(visit),
            2 => Timer::VisitBegins(visit),
            3 => Timer::VisitEnds(visit),
            4 => Timer::VisitAlive(visit),
            _ => Timer::VisitLost(visit),
        }
    }
}
