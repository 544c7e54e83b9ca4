//! What a person gets: all devices show the same, a device that was away catches up, and who is blocked can't reach them.

use hearth_capabilities::kernel::limits::{
    BLOCKS_MAX, CONNECTIONS_PER_USER_MAX, IDLE_MS, MENTIONS_PER_WINDOW_MAX, MENTIONS_WINDOW_MS, WENT_LIVE_EVERY_MS,
};
use hearth_capabilities::person::{NOW_FRIENDS, Person, Record};
use hearth_capabilities::{
    Effect, Lookup, Payload, PersonInput, RequestId, StoreFailure, Tell, Time, Timer, To, Write, WriteId,
};
use hearth_protocol::conversation::Message;
use hearth_protocol::dialogs::Dialog;
use hearth_protocol::ids::{ConnectionId, DeviceId, SpaceId, UserId, VideoId};
use hearth_protocol::limits::{FOLLOWS_MAX, FRIENDS_ASKED_MAX, FRIENDS_MAX, LimitName};
use hearth_protocol::live_rooms::About;
use hearth_protocol::people::{Me, Profile};
use hearth_protocol::videos::{Video, VideoState};
use hearth_protocol::{Outcome, PersonCommand, PersonEvent, Rejection, Resume};

fn profile(name: &str) -> Profile {
    Profile {
        id: UserId::parse(&format!("user_{name}")).unwrap(),
        name: Some(name.to_owned()),
        display_name: name.to_owned(),
    }
}

fn record(profile: Profile) -> Record {
    Record {
        epoch: "e1".into(),
        profile,
        administrator: false,
        blocked: Vec::new(),
        follows: Vec::new(),
        friends: Vec::new(),
        friend_requests: Vec::new(),
        friends_asked: Vec::new(),
    }
}

fn ana() -> Person {
    let (person, effects) = Person::open(Time(0), record(profile("ana")));
    assert_eq!(effects, [Effect::SetTimer { timer: Timer::Idle, at: Time(IDLE_MS) }]);
    person
}

fn connection(name: &str) -> ConnectionId {
    ConnectionId::parse(&format!("conn_{name}")).unwrap()
}

fn connect(person: &mut Person, name: &str, resume: Option<Resume>) -> Vec<Effect> {
    let (connection, request) = (connection(name), RequestId(1));
    let device = DeviceId::parse("dev_a").unwrap();
    person.handle(Time(0), PersonInput::Connected { connection, device, resume, request })
}

fn mentioned(person: &mut Person, at: Time, author: &str, position: u64) -> Vec<Effect> {
    let message = Message {
        position,
        author: profile(author),
        at_ms: at.0,
        text: "@ana".into(),
        reply_to: None,
        mentions: vec![profile("ana")],
        nonce: None,
        broadcast: None,
        media_ms: None,
        float: None,
        carries: None,
        moment: None,
        edited_ms: None,
        deleted: false,
    };
    let space = SpaceId::parse("room_bo").unwrap();
    person.handle(at, PersonInput::Told { tell: Tell::Mentioned { space, message: Box::new(message) } })
}

fn command(person: &mut Person, command: PersonCommand, people: Vec<Profile>) -> Vec<Effect> {
    let lookup = Lookup { people, ..Lookup::default() };
    person.handle(Time(0), PersonInput::Command { request: RequestId(2), command, lookup })
}

fn block(person: &mut Person, name: &str, known: bool) -> Vec<Effect> {
    let people = if known { vec![profile(name)] } else { Vec::new() };
    command(person, PersonCommand::Block { user: profile(name).id }, people)
}

fn follow(person: &mut Person, name: &str) -> Vec<Effect> {
    command(person, PersonCommand::Follow { user: profile(name).id }, vec![profile(name)])
}

fn unfollow(person: &mut Person, name: &str) -> Vec<Effect> {
    command(person, PersonCommand::Unfollow { user: profile(name).id }, Vec::new())
}

fn went_live(person: &mut Person, at: Time, host: &str) -> Vec<(u64, PersonEvent)> {
    let (space, host) = (SpaceId::parse("room_bo").unwrap(), profile(host));
    let tell = Tell::WentLive { space, host, about: About::default(), since: at };
    events(&person.handle(at, PersonInput::Told { tell }))
}

/// Whom the person follows, as the last event says.
fn follows(effects: &[Effect]) -> Vec<String> {
    match events(effects).pop() {
        Some((_, PersonEvent::Me { me })) => me.follows.into_iter().map(|profile| profile.display_name).collect(),
        other => panic!("{other:?}"),
    }
}

fn stored(person: &mut Person, effects: &[Effect], result: Result<u64, StoreFailure>) -> Vec<Effect> {
    let write: Vec<WriteId> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Store { write, .. } => Some(*write),
            _ => None,
        })
        .collect();
    assert_eq!(write.len(), 1, "{effects:?}");
    person.handle(Time(0), PersonInput::Stored { write: write[0], result })
}

fn reply(effects: &[Effect]) -> Result<Outcome, Rejection> {
    let reply = effects.iter().find_map(|effect| match effect {
        Effect::Reply { result, .. } => Some(result.clone()),
        _ => None,
    });
    reply.unwrap_or_else(|| panic!("no reply: {effects:?}"))
}

fn events(effects: &[Effect]) -> Vec<(u64, PersonEvent)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send { seq, event: Payload::Person(event), .. } => Some((*seq, event.clone())),
            _ => None,
        })
        .collect()
}

#[test]
fn a_device_is_welcomed_and_one_that_was_away_catches_up() {
    let mut person = ana();
    let effects = connect(&mut person, "laptop", None);
    let me = Me {
        profile: profile("ana"),
        administrator: false,
        blocked: Vec::new(),
        follows: Vec::new(),
        friends: Vec::new(),
        friend_requests: Vec::new(),
        friends_asked: Vec::new(),
    };
    let stream = Resume { epoch: "e1".into(), after: 0 };
    assert!(effects.contains(&Effect::Welcome { request: RequestId(1), me, stream, resumed: false }));
    assert_eq!(effects.last(), Some(&Effect::Attach { connection: connection("laptop") }));
    assert_eq!(events(&mentioned(&mut person, Time(1), "bo", 1)).len(), 1);
    assert_eq!(events(&mentioned(&mut person, Time(2), "bo", 2)).len(), 1);

    let effects = connect(&mut person, "phone", Some(Resume { epoch: "e1".into(), after: 1 }));
    let replayed = events(&effects);
    assert_eq!(replayed.len(), 1);
    assert!(matches!(&replayed[0], (2, PersonEvent::Mentioned { message, .. }) if message.position == 2));
    let other = connect(&mut person, "tablet", Some(Resume { epoch: "e0".into(), after: 1 }));
    assert!(other.iter().any(|effect| matches!(effect, Effect::Welcome { resumed: false, .. })));
    assert!(events(&other).is_empty());
}

#[test]
fn connections_of_a_user() {
    let mut person = ana();
    for number in 0..CONNECTIONS_PER_USER_MAX {
        assert!(matches!(connect(&mut person, &format!("c{number}"), None)[..], [_, Effect::Welcome { .. }, _]));
    }
    let refused = reply(&connect(&mut person, "more", None));
    assert!(matches!(refused, Err(Rejection::Limit { limit: LimitName::ConnectionsPerUser, .. })));
    person.handle(Time(1), PersonInput::ConnectionLost { connection: connection("c0") });
    assert!(connect(&mut person, "more", None).iter().any(|effect| matches!(effect, Effect::Welcome { .. })));
}

#[test]
fn who_is_blocked_reaches_nobody_and_all_devices_know() {
    let mut person = ana();
    connect(&mut person, "laptop", None);
    let effects = block(&mut person, "bo", true);
    assert!(events(&effects).is_empty(), "not before it is stored");
    let effects = stored(&mut person, &effects, Ok(0));
    let told = events(&effects);
    assert!(matches!(&told[..], [(_, PersonEvent::Me { me })] if me.blocked == [profile("bo")]));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Send { to: To::Everyone, .. })));
    assert_eq!(reply(&effects), Ok(Outcome::Done));
    assert_eq!(mentioned(&mut person, Time(1), "bo", 1), []);
    assert_eq!(reply(&block(&mut person, "bo", true)), Ok(Outcome::Done), "again changes nothing");

    let command = PersonCommand::Unblock { user: profile("bo").id };
    let input = PersonInput::Command { request: RequestId(3), command: command.clone(), lookup: Lookup::default() };
    let effects = person.handle(Time(2), input.clone());
    assert_eq!(reply(&stored(&mut person, &effects, Ok(0))), Ok(Outcome::Done));
    assert_eq!(events(&mentioned(&mut person, Time(3), "bo", 2)).len(), 1);
    assert_eq!(reply(&person.handle(Time(4), input)), Err(Rejection::NotFound));
}

#[test]
fn what_is_not_stored_is_not_blocked() {
    let mut person = ana();
    let effects = block(&mut person, "bo", true);
    assert_eq!(reply(&stored(&mut person, &effects, Err(StoreFailure::Unavailable))), Err(Rejection::Storage));
    assert_eq!(events(&mentioned(&mut person, Time(1), "bo", 1)).len(), 1);
}

#[test]
fn nobody_blocks_themselves_or_who_never_was() {
    let mut person = ana();
    assert!(matches!(reply(&block(&mut person, "ana", true)), Err(Rejection::Invalid { .. })));
    assert_eq!(reply(&block(&mut person, "nobody", false)), Err(Rejection::NotFound));
}

#[test]
fn blocks_of_a_user() {
    let mut person = ana();
    for number in 0..BLOCKS_MAX {
        let effects = block(&mut person, &format!("b{number}"), true);
        assert_eq!(reply(&stored(&mut person, &effects, Ok(0))), Ok(Outcome::Done));
    }
    let refused = reply(&block(&mut person, "more", true));
    assert!(matches!(refused, Err(Rejection::Limit { limit: LimitName::Blocks, .. })), "{refused:?}");
}

#[test]
fn a_flood_of_mentions_is_folded_once_a_minute() {
    let mut person = ana();
    for position in 0..u64::from(MENTIONS_PER_WINDOW_MAX) {
        let told = events(&mentioned(&mut person, Time(1), "bo", position));
        assert!(matches!(told[..], [(_, PersonEvent::Mentioned { .. })]));
    }
    let folded = events(&mentioned(&mut person, Time(1), "bo", 100));
    assert!(matches!(folded[..], [(_, PersonEvent::Folded { .. })]));
    assert_eq!(mentioned(&mut person, Time(1), "bo", 101), []);
    assert_eq!(events(&mentioned(&mut person, Time(MENTIONS_WINDOW_MS), "bo", 102)).len(), 1);
}

#[test]
fn a_person_without_devices_sleeps_when_all_is_stored() {
    let mut person = ana();
    connect(&mut person, "laptop", None);
    assert_eq!(person.handle(Time(1), PersonInput::Timer { timer: Timer::Idle }), []);
    let effects = block(&mut person, "bo", true);
    let lost = person.handle(Time(1), PersonInput::ConnectionLost { connection: connection("laptop") });
    assert!(lost.contains(&Effect::SetTimer { timer: Timer::Idle, at: Time(1 + IDLE_MS) }));
    assert!(!person.handle(Time(2), PersonInput::Timer { timer: Timer::Idle }).contains(&Effect::Sleep));
    stored(&mut person, &effects, Ok(0));
    assert_eq!(person.handle(Time(3), PersonInput::Timer { timer: Timer::Idle }), [Effect::Sleep]);
}

#[test]
fn a_changed_name_is_told_once() {
    let mut person = ana();
    let changed = || PersonInput::Changed { profile: profile("ana"), administrator: true };
    assert_eq!(events(&person.handle(Time(1), changed())).len(), 1);
    assert_eq!(person.handle(Time(2), changed()), []);
}

#[test]
fn whoever_is_followed_is_announced_when_they_go_live() {
    let mut person = ana();
    assert_eq!(went_live(&mut person, Time(1), "bo"), [], "not followed");
    let effects = follow(&mut person, "bo");
    assert_eq!(went_live(&mut person, Time(2), "bo"), [], "not stored yet");
    let effects = stored(&mut person, &effects, Ok(0));
    assert_eq!((reply(&effects), follows(&effects)), (Ok(Outcome::Done), vec!["bo".to_owned()]));
    assert!(matches!(&went_live(&mut person, Time(3), "bo")[..],
        [(_, PersonEvent::WentLive { host, since_ms: 3, .. })] if *host == profile("bo")));
    assert_eq!(went_live(&mut person, Time(2 + WENT_LIVE_EVERY_MS), "bo"), [], "again and again");
    assert_eq!(went_live(&mut person, Time(3 + WENT_LIVE_EVERY_MS), "bo").len(), 1);

    let again = follow(&mut person, "bo");
    assert_eq!(again, [Effect::Reply { request: RequestId(2), result: Ok(Outcome::Done) }]);
    let effects = unfollow(&mut person, "bo");
    let effects = stored(&mut person, &effects, Ok(0));
    assert_eq!((reply(&effects), follows(&effects)), (Ok(Outcome::Done), Vec::new()));
    assert_eq!(went_live(&mut person, Time(u64::MAX), "bo"), []);
    assert_eq!(reply(&unfollow(&mut person, "bo")), Err(Rejection::NotFound));
}

#[test]
fn what_is_not_stored_is_not_followed() {
    let mut person = ana();
    let effects = follow(&mut person, "bo");
    assert_eq!(reply(&stored(&mut person, &effects, Err(StoreFailure::Unavailable))), Err(Rejection::Storage));
    assert_eq!(went_live(&mut person, Time(1), "bo"), []);
    assert_eq!(reply(&unfollow(&mut person, "bo")), Err(Rejection::NotFound));
}

#[test]
fn blocking_somebody_ends_following_them() {
    let unfollowed = |effects: &[Effect]| {
        let user = profile("bo").id;
        effects.iter().any(
            |effect| matches!(effect, Effect::Store { what, .. } if *what == Write::Unfollow { user: user.clone() }),
        )
    };
    let mut person = ana();
    let effects = follow(&mut person, "bo");
    stored(&mut person, &effects, Ok(0));
    let effects = block(&mut person, "bo", true);
    let effects = stored(&mut person, &effects, Ok(0));
    assert!(unfollowed(&effects) && follows(&effects).is_empty());
    assert_eq!(went_live(&mut person, Time(1), "bo"), []);
    assert_eq!(reply(&follow(&mut person, "bo")), Err(Rejection::Forbidden));

    let mut person = ana();
    let (following, blocking) = (follow(&mut person, "bo"), block(&mut person, "bo", true));
    stored(&mut person, &blocking, Ok(0));
    let effects = stored(&mut person, &following, Ok(0));
    assert!(unfollowed(&effects) && follows(&effects).is_empty(), "blocked while it was on its way");
}

#[test]
fn only_accounts_follow_and_only_accounts_are_followed() {
    let mut person = ana();
    assert!(matches!(reply(&follow(&mut person, "ana")), Err(Rejection::Invalid { .. })));
    let guest = Profile { name: None, ..profile("gil") };
    let refused = command(&mut person, PersonCommand::Follow { user: guest.id.clone() }, vec![guest.clone()]);
    assert_eq!(reply(&refused), Err(Rejection::NotFound));
    let nobody = command(&mut person, PersonCommand::Follow { user: profile("nobody").id }, Vec::new());
    assert_eq!(reply(&nobody), Err(Rejection::NotFound));
    let record = record(guest);
    let mut guest = Person::open(Time(0), record).0;
    assert_eq!(reply(&follow(&mut guest, "ana")), Err(Rejection::Forbidden));
}

#[test]
fn follows_of_a_user() {
    let mut person = ana();
    for number in 0..FOLLOWS_MAX - 1 {
        let effects = follow(&mut person, &format!("b{number}"));
        assert_eq!(reply(&stored(&mut person, &effects, Ok(0))), Ok(Outcome::Done));
    }
    let last = follow(&mut person, "last");
    let refused = reply(&follow(&mut person, "more"));
    assert!(
        matches!(refused, Err(Rejection::Limit { limit: LimitName::Follows, .. })),
        "one is under way: {refused:?}"
    );
    assert_eq!(reply(&stored(&mut person, &last, Err(StoreFailure::Unavailable))), Err(Rejection::Storage));
    let more = follow(&mut person, "more");
    assert_eq!(reply(&stored(&mut person, &more, Ok(0))), Ok(Outcome::Done));
    assert!(matches!(reply(&follow(&mut person, "past")), Err(Rejection::Limit { limit: LimitName::Follows, .. })));
}

fn befriend(person: &mut Person, name: &str) -> Vec<Effect> {
    command(person, PersonCommand::Befriend { user: profile(name).id }, vec![profile(name)])
}

fn unfriend(person: &mut Person, name: &str) -> Vec<Effect> {
    command(person, PersonCommand::Unfriend { user: profile(name).id }, Vec::new())
}

fn told(person: &mut Person, tell: Tell) -> Vec<Effect> {
    person.handle(Time(0), PersonInput::Told { tell })
}

/// What the other one is told.
fn tells(effects: &[Effect]) -> Vec<&Tell> {
    effects.iter().filter_map(|effect| if let Effect::Tell { what, .. } = effect { Some(what) } else { None }).collect()
}

#[test]
fn who_asks_and_who_says_yes_are_friends_until_one_of_them_ends_it() {
    let mut person = ana();
    connect(&mut person, "laptop", None);
    let asked = befriend(&mut person, "bo");
    let asked = stored(&mut person, &asked, Ok(0));
    assert_eq!(tells(&asked), [&Tell::Befriended { by: profile("ana"), friends: false }]);
    assert!(matches!(&events(&asked)[..], [(_, PersonEvent::Me { me })] if me.friends_asked == [profile("bo")]));
    assert_eq!(reply(&befriend(&mut person, "bo")), Ok(Outcome::Done), "asked already");

    let yes = told(&mut person, Tell::Befriended { by: profile("bo"), friends: true });
    assert!(matches!(
        &events(&yes)[..],
        [(_, PersonEvent::FriendAccepted { .. }), (_, PersonEvent::Me { me })]
            if me.friends == [profile("bo")] && me.friends_asked.is_empty()
    ));
    let ended = unfriend(&mut person, "bo");
    let ended = stored(&mut person, &ended, Ok(0));
    assert_eq!(tells(&ended), [&Tell::Unfriended { by: profile("ana").id }]);
    assert_eq!(reply(&unfriend(&mut person, "bo")), Err(Rejection::NotFound));
}

#[test]
fn a_request_is_answered_by_a_wish_of_ones_own() {
    let mut person = ana();
    connect(&mut person, "laptop", None);
    let request = told(&mut person, Tell::Befriended { by: profile("bo"), friends: false });
    assert!(matches!(&events(&request)[0].1, PersonEvent::FriendAsked { by } if *by == profile("bo")));
    let yes = befriend(&mut person, "bo");
    let yes = stored(&mut person, &yes, Ok(NOW_FRIENDS));
    assert_eq!(tells(&yes), [&Tell::Befriended { by: profile("ana"), friends: true }]);
    assert!(matches!(&events(&yes)[..], [(_, PersonEvent::Me { me })] if me.friends == [profile("bo")]));
}

#[test]
fn whom_one_blocks_is_no_friend_and_asks_in_vain() {
    let mut person = ana();
    connect(&mut person, "laptop", None);
    let friends = befriend(&mut person, "bo");
    stored(&mut person, &friends, Ok(NOW_FRIENDS));
    let blocked = command(&mut person, PersonCommand::Block { user: profile("bo").id }, vec![profile("bo")]);
    let blocked = stored(&mut person, &blocked, Ok(0));
    assert!(blocked.iter().any(|one| matches!(one, Effect::Store { what: Write::Unfriend { .. }, .. })), "{blocked:?}");
    assert_eq!(tells(&blocked), [&Tell::Unfriended { by: profile("ana").id }]);
    assert_eq!(told(&mut person, Tell::Befriended { by: profile("bo"), friends: false }), []);
    assert_eq!(reply(&befriend(&mut person, "bo")), Err(Rejection::Forbidden));
}

#[test]
fn friends_who_were_asked() {
    let mut person = ana();
    for number in 0..FRIENDS_ASKED_MAX {
        let asked = befriend(&mut person, &format!("b{number}"));
        assert_eq!(reply(&stored(&mut person, &asked, Ok(0))), Ok(Outcome::Done));
    }
    let past = reply(&befriend(&mut person, "past"));
    assert!(matches!(past, Err(Rejection::Limit { limit: LimitName::Friends, .. })), "{past:?}");
    told(&mut person, Tell::Befriended { by: profile("cy"), friends: false });
    let yes = befriend(&mut person, "cy");
    assert_eq!(reply(&stored(&mut person, &yes, Ok(NOW_FRIENDS))), Ok(Outcome::Done), "a yes asks nobody");
}

#[test]
fn friends_of_a_user() {
    let friends = (0..FRIENDS_MAX - 1).map(|number| profile(&format!("f{number}"))).collect();
    let (mut person, _) = Person::open(Time(0), Record { friends, ..record(profile("ana")) });
    let last = befriend(&mut person, "last");
    let past = reply(&befriend(&mut person, "past"));
    assert!(matches!(past, Err(Rejection::Limit { limit: LimitName::Friends, .. })), "one is under way: {past:?}");
    assert_eq!(reply(&stored(&mut person, &last, Ok(NOW_FRIENDS))), Ok(Outcome::Done));
    told(&mut person, Tell::Befriended { by: profile("cy"), friends: false });
    let past = reply(&befriend(&mut person, "cy"));
    assert!(matches!(past, Err(Rejection::Limit { limit: LimitName::Friends, .. })), "a yes makes a friend: {past:?}");
}

#[test]
fn a_device_that_was_away_hears_how_a_dialog_stands_and_nothing_of_before() {
    let mut person = ana();
    connect(&mut person, "laptop", None);
    let row = |unread| Dialog {
        id: SpaceId::parse("dialog_1").unwrap(),
        title: String::new(),
        two: true,
        members: vec![profile("ana"), profile("bo")],
        last: None,
        read_position: 0,
        unread,
        pinned: false,
        muted: false,
        since_ms: 0,
    };
    for unread in 1..=3 {
        told(&mut person, Tell::Dialog { dialog: Box::new(row(unread)) });
    }
    let from = Resume { epoch: "e1".into(), after: 0 };
    let heard = events(&connect(&mut person, "phone", Some(from.clone())));
    assert!(matches!(&heard[..], [(3, PersonEvent::Dialog { dialog })] if **dialog == row(3)), "{heard:?}");
    told(&mut person, Tell::DialogGone { dialog: row(0).id });
    let heard = events(&connect(&mut person, "tablet", Some(from)));
    assert!(matches!(&heard[..], [(4, PersonEvent::DialogGone { .. })]), "{heard:?}");
}

#[test]
fn a_device_that_was_away_hears_that_a_film_is_gone_and_nothing_of_how_it_stood() {
    let mut person = ana();
    connect(&mut person, "laptop", None);
    let film = video("video_1");
    let id = film.id.clone();
    told(&mut person, Tell::Video { video: Box::new(film) });
    told(&mut person, Tell::Video { video: Box::new(video("video_2")) });
    let gone = told(&mut person, Tell::VideoGone { video: id.clone() });
    assert_eq!(events(&gone).last().map(|(_, event)| event), Some(&PersonEvent::VideoGone { video: id.clone() }));
    let heard = events(&connect(&mut person, "phone", Some(Resume { epoch: "e1".into(), after: 0 })));
    let [(_, PersonEvent::Video { video: other }), (_, last)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((other.id.as_str(), last), ("video_2", &PersonEvent::VideoGone { video: id }));
}

/// A film of ana's that is on its way.
fn video(id: &str) -> Video {
    Video {
        id: VideoId::parse(id).unwrap(),
        owner: profile("ana"),
        room: None,
        title: String::new(),
        state: VideoState::Uploading,
        created_ms: 0,
        duration_ms: 0,
        bytes: 0,
        width: 0,
        height: 0,
        hls: None,
        poster: None,
        tiny: String::new(),
        previews: None,
        subtitles: Vec::new(),
        chapters: Vec::new(),
        position_ms: 0,
        seen: false,
        downloads: Vec::new(),
        may_change: true,
        own: None,
    }
}
