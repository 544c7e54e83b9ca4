//! One past each limit of discussion groups: refused by the limit's name, and nothing before it is lost.

use hearth_capabilities::discussion_groups::{self, Bound, Confirmed, Record, Tell};
use hearth_capabilities::kernel::limits::{
    GROUP_ANSWERS_WAITING_MAX, GROUP_INVITATIONS_OF_INVITED_MAX, GROUP_LEFT_REMEMBERED_MAX, GROUP_REQUESTS_GONE_MAX,
    GROUP_SEATS_MAX, SUGGEST_RATE,
};
use hearth_capabilities::scenario::usual_record;
use hearth_capabilities::space::{self, Space};
use hearth_capabilities::{
    Caller, Effect, Fresh, Input, Lookup, MediaReport, Payload, RequestId, SpaceTell, Standing, StoreFailure, Time,
    Write,
};
use hearth_protocol::discussion_groups::{
    Command as Group, Content, Event as GroupEvent, InvitationState, NotInvited, Request,
};
use hearth_protocol::ids::{ConnectionId, DeviceId, InvitationId, SpaceId, UserId};
use hearth_protocol::limits::{
    GROUP_INVITATION_MS, GROUP_INVITATIONS_MAX, GROUP_INVITATIONS_WINDOW_MAX, GROUP_INVITATIONS_WINDOW_MS,
    GROUP_MEMBERS_MAX, GROUPS_OF_ROOM_MAX, LimitName,
};
use hearth_protocol::media::{Source, SourceOfMid};
use hearth_protocol::people::Profile;
use hearth_protocol::{Command, Event, Outcome, Rejection};

fn user(name: &str) -> UserId {
    UserId::parse(&format!("user_{name}")).unwrap()
}

fn caller(name: &str) -> Caller {
    Caller {
        connection: Some(ConnectionId::parse(&format!("conn_{name}")).unwrap()),
        device: DeviceId::parse(&format!("dev_{name}")).unwrap(),
        profile: Profile { id: user(name), name: Some(name.to_owned()), display_name: name.to_owned() },
        standing: Standing::Account,
    }
}

fn group(number: usize) -> SpaceId {
    SpaceId::parse(&format!("group_{number}")).unwrap()
}

struct Place {
    space: Space,
    requests: u64,
    now: Time,
}

impl Place {
    fn open(record: space::Record) -> Self {
        Self { space: Space::open(Time(0), record).0, requests: 0, now: Time(0) }
    }

    /// A live room with these people in it.
    fn room(names: &[&str]) -> Self {
        let mut room = Self::open(usual_record());
        names.iter().for_each(|name| room.join(name));
        room
    }

    fn tell(&mut self, name: &str, command: Command, lookup: discussion_groups::Lookup) -> Vec<Effect> {
        self.requests += 1;
        let (request, fresh) = (RequestId(self.requests), Fresh(7, self.requests));
        let lookup = Lookup { groups: Box::new(lookup), ..Lookup::default() };
        self.space.handle(self.now, Input::Command { from: caller(name), request, command, fresh, lookup })
    }

    fn join(&mut self, name: &str) {
        self.tell(name, Command::Join { resume: None, as_guest: false }, Default::default());
    }

    fn want(&mut self, name: &str, wants: Group) -> Vec<Effect> {
        self.tell(name, Command::Groups { wants }, Default::default())
    }

    fn invite(&mut self, name: &str, users: &[String]) -> Result<Outcome, Rejection> {
        let users = users.iter().map(|name| user(name)).collect();
        replied(&self.want(name, Group::Invite { users })).unwrap()
    }

    /// The invitation that somebody gets from somebody.
    fn invited(&mut self, by: &str, whom: &str) -> InvitationId {
        let effects = self.want(by, Group::Invite { users: vec![user(whom)] });
        let found = effects.iter().find_map(|effect| match effect {
            Effect::Send {
                event: Payload::Space(Event::Groups { event: GroupEvent::Invitation { invitation } }),
                ..
            } => Some(invitation.id.clone()),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("{effects:?}"))
    }

    fn answer(&mut self, name: &str, invitation: &InvitationId, accept: bool) -> Vec<Effect> {
        self.want(name, Group::Answer { invitation: invitation.clone(), accept })
    }

    fn store(&mut self, effects: &[Effect], result: Result<u64, StoreFailure>) -> Vec<Effect> {
        let write = effects.iter().find_map(|effect| match effect {
            Effect::Store { write, .. } => Some(*write),
            _ => None,
        });
        self.space.handle(self.now, Input::Stored { write: write.unwrap(), result })
    }
}

fn replied(effects: &[Effect]) -> Option<Result<Outcome, Rejection>> {
    effects.iter().find_map(|effect| match effect {
        Effect::Reply { result, .. } => Some(result.clone()),
        _ => None,
    })
}

fn is_past(result: &Result<Outcome, Rejection>, name: LimitName) -> bool {
    matches!(result, Err(Rejection::Limit { limit, .. }) if *limit == name)
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{prefix}{number}")).collect()
}

fn states(request: &Request) -> Vec<InvitationState> {
    request.invited.iter().map(|one| one.state).collect()
}

#[test]
fn so_many_invitations_are_open_at_a_time_and_so_many_are_given_in_a_while() {
    let everybody = names("p", GROUP_INVITATIONS_WINDOW_MAX + 1);
    let mut room = Place::room(&["bo"]);
    everybody.iter().for_each(|name| room.join(name));
    let all = room.invite("bo", &everybody[..GROUP_INVITATIONS_MAX + 1]);
    assert!(is_past(&all, LimitName::GroupInvitations), "{all:?}");
    let Ok(Outcome::Invited { request, uninvited }) = room.invite("bo", &everybody[..GROUP_INVITATIONS_MAX]) else {
        panic!()
    };
    assert_eq!((request.invited.len(), uninvited.len()), (GROUP_INVITATIONS_MAX, 0));
    let more = room.invite("bo", &everybody[GROUP_INVITATIONS_MAX..GROUP_INVITATIONS_MAX + 1]);
    assert!(is_past(&more, LimitName::GroupInvitations), "{more:?}");
    // Whoever is asked already is no new invitation.
    let Ok(Outcome::Invited { request, .. }) = room.invite("bo", &everybody[..1]) else { panic!() };
    assert_eq!(states(&request), [InvitationState::Open; GROUP_INVITATIONS_MAX]);

    for part in everybody[GROUP_INVITATIONS_MAX..GROUP_INVITATIONS_WINDOW_MAX].chunks(GROUP_INVITATIONS_MAX) {
        replied(&room.want("bo", Group::Withdraw)).unwrap().unwrap();
        assert!(room.invite("bo", part).is_ok());
    }
    replied(&room.want("bo", Group::Withdraw)).unwrap().unwrap();
    let last = room.invite("bo", &everybody[GROUP_INVITATIONS_WINDOW_MAX..]);
    let Err(Rejection::Limit { limit: LimitName::GroupInvitations, max, retry_after_ms: Some(wait) }) = last else {
        panic!("{last:?}")
    };
    assert_eq!((max, wait), (GROUP_INVITATIONS_WINDOW_MAX as u64, GROUP_INVITATIONS_WINDOW_MS));
    // Whoever goes and comes back has not asked fewer.
    room.tell("bo", Command::Leave, Default::default());
    room.join("bo");
    assert!(room.invite("bo", &everybody[GROUP_INVITATIONS_WINDOW_MAX..]).is_err());
    room.now = room.now.plus_ms(wait);
    assert!(room.invite("bo", &everybody[GROUP_INVITATIONS_WINDOW_MAX..]).is_ok());
}

#[test]
fn who_declined_is_not_asked_again_for_a_while() {
    let mut room = Place::room(&["bo", "cy"]);
    let invitation = room.invited("bo", "cy");
    room.answer("cy", &invitation, false);
    let refused = |room: &mut Place| match room.invite("bo", &["cy".to_owned()]) {
        Err(Rejection::NobodyInvited { users }) => users[0].reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&mut room), NotInvited::Asked);
    room.tell("bo", Command::Leave, Default::default());
    room.join("bo");
    room.now = room.now.plus_ms(GROUP_INVITATIONS_WINDOW_MS - 1);
    assert_eq!(refused(&mut room), NotInvited::Asked, "nor by whoever goes and comes back");
    room.now = room.now.plus_ms(1);
    room.space.handle(room.now, Input::Timer { timer: hearth_capabilities::Timer::GroupInvitations(user("bo")) });
    assert!(room.invite("bo", &["cy".to_owned()]).is_ok());
}

#[test]
fn so_many_may_ask_the_same_person() {
    let askers = names("a", GROUP_INVITATIONS_OF_INVITED_MAX + 1);
    let mut room = Place::room(&["cy"]);
    askers.iter().for_each(|name| room.join(name));
    for asker in &askers[..GROUP_INVITATIONS_OF_INVITED_MAX] {
        room.invited(asker, "cy");
    }
    let last = &askers[GROUP_INVITATIONS_OF_INVITED_MAX];
    let Err(Rejection::NobodyInvited { users }) = room.invite(last, &["cy".to_owned()]) else { panic!() };
    assert_eq!(users[0].reason, NotInvited::Unavailable, "and why is not told");
    room.now = room.now.plus_ms(GROUP_INVITATION_MS);
    room.space.handle(room.now, Input::Timer { timer: hearth_capabilities::Timer::GroupInvitations(user(&askers[0])) });
    assert!(room.invite(last, &["cy".to_owned()]).is_ok());
}

#[test]
fn so_many_wait_for_one_acceptance() {
    let mut room = Place::room(&["bo", "cy"]);
    let invitation = room.invited("bo", "cy");
    let first = room.answer("cy", &invitation, true);
    for _ in 1..GROUP_ANSWERS_WAITING_MAX {
        assert_eq!(replied(&room.answer("cy", &invitation, true)), None);
    }
    assert_eq!(replied(&room.answer("cy", &invitation, true)), Some(Err(Rejection::Busy)));
    let effects = room.store(&first, Ok(0));
    let answered = effects.iter().filter(|one| matches!(one, Effect::Reply { result: Ok(_), .. })).count();
    assert_eq!(answered, GROUP_ANSWERS_WAITING_MAX, "everybody who waits is answered");
}

#[test]
fn a_group_asks_no_more_than_it_has_room_for() {
    let members: Vec<UserId> =
        std::iter::once(user("bo")).chain(names("m", GROUP_MEMBERS_MAX - 2).iter().map(|name| user(name))).collect();
    let bound = Bound { id: group(1), owner: user("bo"), members: members.into_iter().collect(), since_ms: 0 };
    let mut room = Place::open(space::Record { groups: vec![bound], ..usual_record() });
    for name in ["bo", "m0", "cy", "dee"] {
        room.join(name);
    }
    let two = room.invite("bo", &["cy".to_owned(), "dee".to_owned()]);
    assert!(is_past(&two, LimitName::GroupMembers), "{two:?}");
    assert!(room.invite("bo", &["cy".to_owned()]).is_ok());
    assert_eq!(
        room.invite("m0", &["dee".to_owned()]),
        Err(Rejection::AlreadyInGroup),
        "it is not theirs to invite into"
    );
    // The store has the last word.
    let invitation = room.invited("bo", "dee");
    let accepted = room.answer("dee", &invitation, true);
    let full = replied(&room.store(&accepted, Err(StoreFailure::GroupFull))).unwrap();
    assert!(is_past(&full, LimitName::GroupMembers), "{full:?}");
}

#[test]
fn so_many_groups_are_bound_to_a_room() {
    let bound = |number: usize| Bound {
        id: group(number),
        owner: user(&format!("o{number}")),
        members: [user(&format!("o{number}"))].into(),
        since_ms: number as u64,
    };
    let groups = (0..GROUPS_OF_ROOM_MAX).map(bound).collect();
    let mut room = Place::open(space::Record { groups, ..usual_record() });
    for name in ["ana", "bo", "cy"] {
        room.join(name);
    }
    let past = room.invite("bo", &["cy".to_owned()]);
    assert!(is_past(&past, LimitName::Groups), "{past:?}");
    room.space.handle(room.now, Input::Told { by: group(0), tell: SpaceTell::Groups { what: Tell::Unbound } });
    assert!(room.invite("bo", &["cy".to_owned()]).is_ok());
    let Some(Ok(Outcome::Groups { groups })) = replied(&room.want("ana", Group::List)) else { panic!() };
    assert_eq!((groups.len(), &groups[0].group), (GROUPS_OF_ROOM_MAX - 1, &group(1)), "the oldest first");
}

#[test]
fn who_asks_for_suggestions_too_often_waits() {
    let mut room = Place::room(&["bo"]);
    let suggest = || Group::Suggest { sources: Vec::new() };
    for _ in 0..SUGGEST_RATE.burst {
        assert!(replied(&room.want("bo", suggest())).unwrap().is_ok());
    }
    let fast = replied(&room.want("bo", suggest())).unwrap();
    assert!(is_past(&fast, LimitName::CommandRate), "{fast:?}");
    room.now = room.now.plus_ms(1_000 / SUGGEST_RATE.per_s);
    assert!(replied(&room.want("bo", suggest())).unwrap().is_ok());
}

#[test]
fn of_those_who_are_gone_only_so_many_are_remembered() {
    let mut room = Place::room(&["cy"]);
    let first = "g0";
    for name in names("g", GROUP_REQUESTS_GONE_MAX + 1) {
        room.join(&name);
        let invitation = room.invited(&name, "cy");
        room.answer("cy", &invitation, false);
        room.tell(&name, Command::Leave, Default::default());
    }
    room.join(first);
    assert!(room.invite(first, &["cy".to_owned()]).is_ok(), "the oldest is forgotten");
    room.join("g1");
    assert!(room.invite("g1", &["cy".to_owned()]).is_err());
}

/// A group of these people.
fn group_of(everybody: &[String]) -> Place {
    let confirmed = |name: &String| Confirmed { profile: caller(name).profile, since_ms: 0 };
    Place::open(space::Record {
        id: group(1),
        host: caller(&everybody[0]).profile,
        group: Some(Record {
            members: everybody.iter().map(confirmed).collect(),
            content: Some(Content::LiveRoom {
                room: SpaceId::parse("room_ana").unwrap(),
                host: caller("ana").profile,
                title: String::new(),
            }),
            room: SpaceId::parse("room_ana").unwrap(),
            since_ms: 0,
            playing: true,
        }),
        ..usual_record()
    })
}

#[test]
fn of_so_many_it_is_remembered_that_they_left_a_group_and_an_old_word_brings_nobody_back() {
    let everybody = names("p", GROUP_LEFT_REMEMBERED_MAX + 2);
    let mut place = group_of(&["bo".to_owned()]);
    let read = |since_ms| discussion_groups::Lookup { member_since_ms: Some(since_ms), ..Default::default() };
    let joins = |place: &mut Place, name: &str, since_ms: u64| {
        replied(&place.tell(name, Command::Join { resume: None, as_guest: false }, read(since_ms))).unwrap()
    };
    for (name, since_ms) in everybody.iter().zip(1_000..) {
        assert!(joins(&mut place, name, since_ms).is_ok(), "nobody told of {name}");
        let effects = place.want(name, Group::Depart);
        place.store(&effects, Ok(0));
    }
    for (name, since_ms) in everybody.iter().zip(1_000..) {
        assert_eq!(joins(&mut place, name, since_ms), Err(Rejection::NotFound), "{name} had left");
    }
    assert!(joins(&mut place, &everybody[0], 9_000).is_ok(), "they confirmed again");
}

#[test]
fn so_many_speak_in_a_group() {
    let everybody = names("p", GROUP_SEATS_MAX + 1);
    let mut place = group_of(&everybody);
    let sources = vec![SourceOfMid { mid: "0".to_owned(), source: Source::Microphone }];
    let publish = || Command::Publish { offer: "v=0".to_owned(), sources: sources.clone(), take_over: false };
    let mut legs = Vec::new();
    for name in &everybody {
        place.join(name);
        let effects = place.tell(name, publish(), Default::default());
        let opened = effects.iter().find_map(|effect| match effect {
            Effect::Media { leg, .. } => Some(leg.clone()),
            _ => None,
        });
        match opened {
            Some(leg) => legs.push(leg),
            None => assert!(is_past(&replied(&effects).unwrap(), LimitName::StageGuests)),
        }
    }
    assert_eq!(legs.len(), GROUP_SEATS_MAX);
    // A seat whose leg comes to nothing is free for the next.
    let report = MediaReport::Refused { reason: "no".to_owned() };
    place.space.handle(place.now, Input::Media { leg: legs[0].clone(), report });
    let last = &everybody[GROUP_SEATS_MAX];
    assert_eq!(replied(&place.tell(last, publish(), Default::default())), None, "it is on its way");
    assert!(!matches!(
        place.want(last, Group::Depart).first(),
        Some(Effect::Store { what: Write::GroupEnded { .. }, .. })
    ));
}
