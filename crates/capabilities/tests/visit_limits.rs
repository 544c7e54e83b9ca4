//! One past each limit of host visits: refused by the limit's name, and nothing before it is lost.

use hearth_capabilities::host_visits::ranking::Asker;
use hearth_capabilities::host_visits::request::{Request, Wish};
use hearth_capabilities::host_visits::visit::Tally;
use hearth_capabilities::host_visits::{Answer, HostFacts, Tell, Visits};
use hearth_capabilities::kernel::limits::{
    VISIT_ANSWERS_MAX, VISIT_INVITATIONS_MAX, VISIT_PEOPLE_MAX, VISIT_QUEUE_MAX, VISIT_REPEATS_MAX,
};
use hearth_capabilities::scenario::usual_record;
use hearth_capabilities::space::Space;
use hearth_capabilities::trial::host_facts;
use hearth_capabilities::{Caller, Effect, Fresh, Input, Lookup, RequestId, SpaceTell, Standing, Time, Timer};
use hearth_protocol::host_visits::{Command as Wants, Conditions, Invitation, Way};
use hearth_protocol::ids::{ConnectionId, DeviceId, SpaceId, UserId, VisitId};
use hearth_protocol::limits::{LimitName, OFFER_MAX_CHARS};
use hearth_protocol::live_rooms::About;
use hearth_protocol::people::{Preferences, Profile};
use hearth_protocol::{Command, Rejection};

fn profile(name: &str) -> Profile {
    let id = UserId::parse(&format!("user_{name}")).unwrap();
    Profile { id, name: Some(name.to_owned()), display_name: name.to_owned() }
}

fn room(name: &str) -> SpaceId {
    SpaceId::parse(&format!("room_{name}")).unwrap()
}

fn visit(number: usize) -> VisitId {
    VisitId::parse(&format!("visit_{number}")).unwrap()
}

fn conditions() -> Conditions {
    Conditions { audience_from: Some(0), ..Conditions::default() }
}

fn facts(name: &str) -> HostFacts {
    host_facts(profile(name), room(name))
}

fn wish(hosts: usize, offer: usize) -> Wish {
    let hosts = (0..hosts).map(|number| profile(&format!("h{number}")).id).collect();
    Wish { conditions: conditions(), wanted: 1, duration_s: 60, offer: "面".repeat(offer), hosts }
}

/// Ana's room, in which she is, and may be asked.
struct Place(Space, u64);

impl Place {
    fn new() -> Self {
        let mut place = Self(Space::open(Time(0), usual_record()).0, 0);
        place.tell(Command::Join { resume: None, as_guest: false });
        place
    }

    fn tell(&mut self, command: Command) -> Vec<Effect> {
        self.1 += 1;
        let from = Caller {
            connection: Some(ConnectionId::parse("conn_ana").unwrap()),
            device: DeviceId::parse("dev_ana").unwrap(),
            profile: profile("ana"),
            standing: Standing::Account,
        };
        let preferences = Preferences { host_visits: true, ..Preferences::default() };
        let lookup = Lookup { preferences, ..Lookup::default() };
        let (request, fresh) = (RequestId(self.1), Fresh(0, self.1));
        self.0.handle(Time(1_000), Input::Command { from, request, command, fresh, lookup })
    }

    /// A host asks her; says whether she can't be asked.
    fn is_asked(&mut self, number: usize) -> bool {
        let host = format!("h{number}");
        let invitation = Invitation {
            visit: visit(number),
            host: profile(&host),
            room: room(&host),
            title: String::new(),
            category: String::new(),
            audience: 1,
            conditions: conditions(),
            duration_s: 60,
            offer: String::new(),
            until_ms: 30_000,
        };
        let tell = SpaceTell::Visits { what: Tell::Asks { invitation: Box::new(invitation) } };
        let effects = self.0.handle(Time(1_000), Input::Told { by: room(&host), tell });
        effects.iter().any(|effect| {
            matches!(
                effect,
                Effect::TellSpace {
                    what: SpaceTell::Visits { what: Tell::Answers { answer: Answer::Unavailable, .. } },
                    ..
                }
            )
        })
    }
}

#[test]
fn hosts_that_were_picked_and_those_that_a_request_goes_down() {
    assert!(wish(VISIT_QUEUE_MAX, 0).clean().is_ok());
    let past = wish(VISIT_QUEUE_MAX + 1, 0).clean();
    assert!(matches!(past, Err(Rejection::Invalid { field, .. }) if field == "hosts"));
    let known: Vec<HostFacts> = (0..=VISIT_QUEUE_MAX).map(|number| facts(&format!("h{number:02}"))).collect();
    let (ana, about) = (profile("ana").id, About::default());
    let request = Request::new(Time(0), Asker { user: &ana, about: &about }, wish(0, 0), &known, Fresh(0, 1)).unwrap();
    assert_eq!(request.wire().left as usize, VISIT_QUEUE_MAX, "of one more than a request goes down");
}

#[test]
fn characters_of_an_offer() {
    assert_eq!(wish(0, OFFER_MAX_CHARS).clean().unwrap().offer.chars().count(), OFFER_MAX_CHARS);
    let past = wish(0, OFFER_MAX_CHARS + 1).clean();
    assert!(matches!(past, Err(Rejection::Limit { limit: LimitName::OfferChars, .. })), "{past:?}");
}

#[test]
fn invitations_that_a_host_may_have_open() {
    let mut place = Place::new();
    for number in 0..VISIT_INVITATIONS_MAX {
        assert!(!place.is_asked(number), "invitation {number}");
    }
    assert!(place.is_asked(VISIT_INVITATIONS_MAX));
    // When one is answered there is room again.
    place.tell(Command::Visits { wants: Wants::Answer { visit: visit(0), accept: None } });
    assert!(!place.is_asked(VISIT_INVITATIONS_MAX + 1));
}

#[test]
fn repeats_of_an_answer() {
    let mut place = Place::new();
    place.is_asked(0);
    let accept = || Command::Visits { wants: Wants::Answer { visit: visit(0), accept: Some(Way::Watching) } };
    let reply = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|effect| match effect {
            Effect::Reply { result, .. } => Some(result),
            _ => None,
        })
    };
    for number in 0..VISIT_REPEATS_MAX {
        assert_eq!(reply(place.tell(accept())), None, "repeat {number} waits");
    }
    assert_eq!(reply(place.tell(accept())), Some(Err(Rejection::InvitationOver)));
    let timer = Timer::VisitUnconfirmed(visit(0));
    let over = place.0.handle(Time(6_000), Input::Timer { timer });
    let told =
        over.iter().filter(|effect| matches!(effect, Effect::Reply { result: Err(Rejection::InvitationOver), .. }));
    assert_eq!(told.count(), VISIT_REPEATS_MAX, "everybody who waited is answered");
}

#[test]
fn answers_that_are_remembered() {
    let mut visits = Visits::default();
    for number in 0..VISIT_ANSWERS_MAX {
        visits.answered(visit(number), None);
    }
    assert!(visits.has_answered(&visit(0), None));
    visits.answered(visit(VISIT_ANSWERS_MAX), None);
    assert!(!visits.has_answered(&visit(0), None) && visits.has_answered(&visit(1), None));
}

#[test]
fn people_who_are_counted() {
    let user = |number: usize| UserId::parse(&format!("user_{number:05}")).unwrap();
    let mut tally = Tally::default();
    for number in 0..=VISIT_PEOPLE_MAX {
        tally.comes(Time(0), &user(number));
        tally.meets(&user(number));
    }
    // Who was counted already comes and goes as before.
    tally.goes(Time(1_000), &user(0));
    tally.comes(Time(2_000), &user(0));
    let (came, person_ms, met) = tally.sum(Time(3_000));
    assert_eq!((came.len(), met.len()), (VISIT_PEOPLE_MAX, VISIT_PEOPLE_MAX));
    assert!(!came.contains(&user(VISIT_PEOPLE_MAX)) && !met.contains(&user(VISIT_PEOPLE_MAX)));
    assert_eq!(person_ms, 2_000 + (VISIT_PEOPLE_MAX as u64 - 1) * 3_000);
}
