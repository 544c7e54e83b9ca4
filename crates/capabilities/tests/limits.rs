//! One past each limit of a space: refused by the limit's name, and nothing before it is lost.

use hearth_capabilities::dialogs::{self, Participant};
use hearth_capabilities::kernel::limits::{
    CANDIDATES_MAX, CHANGES_IN_FLIGHT_MAX, CONNECTIONS_PER_MEMBER_MAX, ENCODER_RATE, ICE_ATTRIBUTE_MAX_BYTES,
    MEDIA_LEGS_MAX, MEMBERS_MAX, MESSAGES_IN_FLIGHT_MAX, MODERATORS_MAX, MUTE_RATE, NEGOTIATION_RATE, PLAYERS_MAX,
    RECENT_MESSAGES_MAX, REPEATS_WAITING_MAX, SANCTIONS_MAX, SNAPSHOT_MESSAGES_MAX, TRACKS_MAX,
};
use hearth_capabilities::scenario::{self, BLACK_BOX_BYTES_MAX, BLACK_BOX_INPUTS_MAX, BlackBox, usual_record};
use hearth_capabilities::space::Space;
use hearth_capabilities::{
    Caller, Effect, Fresh, Ingest, Input, Lookup, MediaOrder, MediaReport, Payload, PeerWants, RequestId, Standing,
    Time, Write,
};
use hearth_protocol::dialogs::{Command as DialogCommand, Keeping};
use hearth_protocol::ids::{ConnectionId, DeviceId, LegId, StreamKeyId, TrackId, UserId};
use hearth_protocol::limits::{
    DIALOG_MEMBERS_MAX, HANDS_MAX, LimitName, MEMBERS_PAGE_MAX, MESSAGE_MAX_CHARS, OPEN_REPORTS_MAX, REASON_MAX_CHARS,
    SDP_MAX_BYTES, STAGE_GUESTS_MAX,
};
use hearth_protocol::media::{Source, SourceOfMid, Track};
use hearth_protocol::people::Profile;
use hearth_protocol::{Command, Event, Outcome, Rejection};

fn profile(name: &str) -> Profile {
    Profile {
        id: UserId::parse(&format!("user_{name}")).unwrap(),
        name: Some(name.to_owned()),
        display_name: name.to_owned(),
    }
}

fn caller(name: &str, connection: &str) -> Caller {
    Caller {
        connection: Some(ConnectionId::parse(&format!("conn_{connection}")).unwrap()),
        device: DeviceId::parse(&format!("dev_{connection}")).unwrap(),
        profile: profile(name),
        standing: Standing::Account,
    }
}

struct Room {
    space: Space,
    requests: u64,
    now: Time,
}

impl Room {
    fn new() -> Self {
        Self { space: Space::open(Time(0), usual_record()).0, requests: 0, now: Time(0) }
    }

    fn tell(&mut self, from: Caller, command: Command, people: Vec<Profile>) -> Vec<Effect> {
        self.requests += 1;
        let request = RequestId(self.requests);
        let lookup = Lookup { people, ..Lookup::default() };
        let fresh = Fresh(7, self.requests);
        self.space.handle(self.now, Input::Command { from, request, command, fresh, lookup })
    }

    fn ask(&mut self, from: Caller, command: Command) -> Option<Result<Outcome, Rejection>> {
        replied(&self.tell(from, command, Vec::new()))
    }

    fn join(&mut self, name: &str, connection: &str) -> Result<Outcome, Rejection> {
        self.ask(caller(name, connection), Command::Join { resume: None, as_guest: false }).unwrap()
    }

    /// Gives a command whose change has to be stored, and stores it.
    fn change(&mut self, from: Caller, command: Command, people: Vec<Profile>) -> Result<Outcome, Rejection> {
        let effects = self.tell(from, command, people);
        if let Some(reply) = replied(&effects) {
            return reply;
        }
        let effects = self.store(&effects);
        replied(&effects).unwrap()
    }

    fn store(&mut self, effects: &[Effect]) -> Vec<Effect> {
        let stored = effects.iter().find_map(|effect| match effect {
            Effect::Store { write, what: Write::Message { message } } => Some((*write, message.position)),
            Effect::Store { write, .. } => Some((*write, 0)),
            _ => None,
        });
        let (write, place) = stored.unwrap();
        self.space.handle(self.now, Input::Stored { write, result: Ok(place) })
    }

    /// As the host, by HTTP, with a message rate that waits for nobody.
    fn say(&mut self, name: &str, nonce: &str, text: &str) -> Vec<Effect> {
        self.now = self.now.plus_ms(1_000);
        let from = Caller { connection: None, ..caller(name, name) };
        let (text, nonce) = (text.to_owned(), nonce.to_owned());
        self.tell(
            from,
            Command::Send {
                text,
                reply_to: None,
                nonce,
                mentions: Vec::new(),
                float: None,
                media_ms: None,
                carries: None,
                moment: None,
            },
            Vec::new(),
        )
    }
}

fn replied(effects: &[Effect]) -> Option<Result<Outcome, Rejection>> {
    effects.iter().find_map(|effect| match effect {
        Effect::Reply { result, .. } => Some(result.clone()),
        _ => None,
    })
}

fn limit<T>(result: Result<T, Rejection>) -> Option<LimitName> {
    match result {
        Err(Rejection::Limit { limit, .. }) => Some(limit),
        _ => None,
    }
}

#[test]
fn members_and_the_host_besides() {
    let mut room = Room::new();
    for number in 0..MEMBERS_MAX {
        let name = format!("m{number:05}");
        assert!(room.join(&name, &name).is_ok());
    }
    assert_eq!(limit(room.join("late", "late")), Some(LimitName::Members));
    assert!(room.join("m00000", "again").is_ok(), "who is here may come by another device");
    assert!(room.join("ana", "ana").is_ok(), "the host's own room is never full");
    let page = room.ask(caller("ana", "ana"), Command::ListMembers { after: None }).unwrap();
    let Ok(Outcome::Members { members, total, next: Some(next) }) = page else { panic!("{page:?}") };
    assert_eq!((members.len(), total as usize), (MEMBERS_PAGE_MAX, MEMBERS_MAX + 1));
    assert_eq!(members.last().map(|member| &member.profile.id), Some(&next));
}

#[test]
fn connections_of_a_member() {
    let mut room = Room::new();
    for number in 0..CONNECTIONS_PER_MEMBER_MAX {
        assert!(room.join("bo", &format!("bo{number}")).is_ok());
    }
    assert_eq!(limit(room.join("bo", "more")), Some(LimitName::ConnectionsPerMember));
    assert!(room.join("cy", "cy").is_ok());
}

#[test]
fn legs_of_a_space() {
    let mut room = Room::new();
    let members = MEDIA_LEGS_MAX.div_ceil(CONNECTIONS_PER_MEMBER_MAX);
    for number in 0..MEDIA_LEGS_MAX {
        let (name, connection) = (format!("m{}", number % members), format!("c{number}"));
        assert!(room.join(&name, &connection).is_ok());
        assert!(room.ask(caller(&name, &connection), Command::Watch { keep: None }).unwrap().is_ok());
    }
    assert!(room.join("late", "late").is_ok());
    let watch = |room: &mut Room, name: &str, connection: &str| {
        room.ask(caller(name, connection), Command::Watch { keep: None }).unwrap()
    };
    assert_eq!(limit(watch(&mut room, "late", "late")), Some(LimitName::MediaLegs));
    assert!(watch(&mut room, "m0", "c0").is_ok(), "a leg that replaces one needs no room");
    assert!(room.ask(caller("m1", "c1"), Command::Unwatch).unwrap().is_ok());
    assert!(watch(&mut room, "late", "late").is_ok());
}

#[test]
fn negotiations_of_a_connection() {
    let mut room = Room::new();
    room.join("bo", "bo").unwrap();
    for _ in 0..NEGOTIATION_RATE.burst {
        assert!(room.ask(caller("bo", "bo"), Command::Watch { keep: None }).unwrap().is_ok());
    }
    let refused = room.ask(caller("bo", "bo"), Command::Watch { keep: None }).unwrap();
    let waits = Rejection::Limit {
        limit: LimitName::MediaNegotiations,
        max: NEGOTIATION_RATE.burst,
        retry_after_ms: Some(1_000),
    };
    assert_eq!(refused, Err(waits));
    room.now = Time(1_000);
    assert!(room.ask(caller("bo", "bo"), Command::Watch { keep: None }).unwrap().is_ok());
}

#[test]
fn bytes_of_an_sdp() {
    let mut room = Room::new();
    room.join("ana", "ana").unwrap();
    let publish = |bytes| Command::Publish { offer: "o".repeat(bytes), sources: Vec::new(), take_over: false };
    assert_eq!(limit(room.ask(caller("ana", "ana"), publish(SDP_MAX_BYTES + 1)).unwrap()), Some(LimitName::SdpBytes));
    assert!(room.ask(caller("ana", "ana"), publish(SDP_MAX_BYTES)).is_none(), "the engine is asked");
    let Some(Ok(Outcome::Watching { leg })) = room.ask(caller("ana", "ana"), Command::Watch { keep: None }) else {
        panic!("no leg");
    };
    let answer = |bytes| Command::Answer { leg: leg.clone(), generation: 1, sdp: "a".repeat(bytes) };
    assert_eq!(limit(room.ask(caller("ana", "ana"), answer(SDP_MAX_BYTES + 1)).unwrap()), Some(LimitName::SdpBytes));
    assert!(room.ask(caller("ana", "ana"), answer(SDP_MAX_BYTES)).unwrap().is_ok());
}

#[test]
fn characters_of_a_message() {
    let mut room = Room::new();
    let effects = room.say("ana", "n1", &"名".repeat(MESSAGE_MAX_CHARS));
    assert!(replied(&room.store(&effects)).unwrap().is_ok());
    let refused = replied(&room.say("ana", "n2", &"名".repeat(MESSAGE_MAX_CHARS + 1))).unwrap();
    assert_eq!(limit(refused), Some(LimitName::MessageChars));
}

#[test]
fn messages_on_their_way_and_repeats_that_wait() {
    let mut room = Room::new();
    let first = room.say("ana", "n0", "text");
    for _ in 0..REPEATS_WAITING_MAX {
        assert_eq!(room.say("ana", "n0", "text"), []);
    }
    assert_eq!(replied(&room.say("ana", "n0", "text")), Some(Err(Rejection::Busy)));
    for number in 1..MESSAGES_IN_FLIGHT_MAX {
        assert!(replied(&room.say("ana", &format!("n{number}"), "text")).is_none());
    }
    let refused = replied(&room.say("ana", "more", "text")).unwrap();
    assert_eq!(limit(refused), Some(LimitName::MessagesInFlight));
    let answered = room.store(&first).iter().filter(|effect| matches!(effect, Effect::Reply { .. })).count();
    assert_eq!(answered, 1 + REPEATS_WAITING_MAX, "everybody who waited is answered");
    assert!(replied(&room.say("ana", "more", "text")).is_none(), "there is room for one again");
}

/// Ana is live, from her browser.
fn live() -> Room {
    let mut room = Room::new();
    room.join("ana", "ana").unwrap();
    let effects = room.tell(caller("ana", "ana"), publish_with(1), Vec::new());
    room.arrives(&effects);
    room
}

fn publish_with(sources: usize) -> Command {
    let sources = (0..sources).map(|mid| SourceOfMid { mid: mid.to_string(), source: Source::Camera }).collect();
    Command::Publish { offer: "v=0".into(), sources, take_over: true }
}

impl Room {
    /// Whatever leg was just opened is answered, and media comes by it. Gives the leg.
    fn arrives(&mut self, effects: &[Effect]) -> LegId {
        let opened = effects.iter().find_map(|effect| match effect {
            Effect::Media { leg, order: MediaOrder::Close } => panic!("{leg} is closed"),
            Effect::Media { leg, .. } => Some(leg.clone()),
            _ => None,
        });
        let leg = opened.unwrap();
        let id = TrackId::parse("track_1").unwrap();
        let tracks = vec![Track { id, source: Source::Camera, codec: "VP8".into(), layers: Vec::new() }];
        for report in [MediaReport::Answer { sdp: "v=0".into() }, MediaReport::Tracks { tracks }] {
            self.space.handle(self.now, Input::Media { leg: leg.clone(), report });
        }
        leg
    }

    fn encoder(&mut self, key: &str, ingest: Ingest) -> Vec<Effect> {
        self.requests += 1;
        let (request, fresh) = (RequestId(self.requests), Fresh(7, self.requests));
        let key = StreamKeyId::parse(key).unwrap();
        self.space.handle(self.now, Input::Encoder { request, key, ingest, fresh })
    }

    fn play(&mut self, offer_bytes: usize) -> Vec<Effect> {
        self.requests += 1;
        let (request, fresh) = (RequestId(self.requests), Fresh(7, self.requests));
        self.space.handle(self.now, Input::Play { request, offer: "o".repeat(offer_bytes), fresh, user: None })
    }

    fn peer(&mut self, leg: &LegId, wants: PeerWants) -> Option<Result<Outcome, Rejection>> {
        self.requests += 1;
        let request = RequestId(self.requests);
        replied(&self.space.handle(self.now, Input::Peer { request, leg: leg.clone(), wants }))
    }
}

fn whip(bytes: usize) -> Ingest {
    Ingest::Whip { offer: "o".repeat(bytes) }
}

#[test]
fn hands_that_are_up() {
    let mut room = live();
    let raise = |room: &mut Room, name: &str| {
        room.join(name, name).unwrap();
        room.ask(caller(name, name), Command::RaiseHand { raised: true }).unwrap()
    };
    for number in 0..HANDS_MAX {
        assert_eq!(raise(&mut room, &format!("m{number}")), Ok(Outcome::Done));
    }
    assert_eq!(limit(raise(&mut room, "more")), Some(LimitName::Hands));
    let again = room.ask(caller("m0", "m0"), Command::RaiseHand { raised: true }).unwrap();
    assert_eq!(again, Ok(Outcome::Done), "a hand that is up needs no room");
    assert!(room.ask(caller("m0", "m0"), Command::RaiseHand { raised: false }).unwrap().is_ok());
    assert_eq!(room.ask(caller("more", "more"), Command::RaiseHand { raised: true }), Some(Ok(Outcome::Done)));
}

#[test]
fn guests_of_the_stage_and_who_was_asked() {
    let mut room = live();
    let ask = |room: &mut Room, name: &str| {
        let user = profile(name).id;
        room.ask(caller("ana", "ana"), Command::AskOnStage { user }).unwrap()
    };
    for number in 0..=STAGE_GUESTS_MAX {
        let name = format!("m{number}");
        room.join(&name, &name).unwrap();
        if number < STAGE_GUESTS_MAX {
            assert_eq!(ask(&mut room, &name), Ok(Outcome::Done));
        }
    }
    for number in 0..STAGE_GUESTS_MAX / 2 {
        let name = format!("m{number}");
        assert!(room.ask(caller(&name, &name), Command::AnswerStage { accept: true }).unwrap().is_ok());
    }
    let last = format!("m{STAGE_GUESTS_MAX}");
    assert_eq!(limit(ask(&mut room, &last)), Some(LimitName::StageGuests));
    assert_eq!(ask(&mut room, "m0"), Ok(Outcome::Done), "who is on the stage needs no room");
    assert!(room.ask(caller("m0", "m0"), Command::LeaveStage { user: None }).unwrap().is_ok());
    assert_eq!(ask(&mut room, &last), Ok(Outcome::Done));
    for number in STAGE_GUESTS_MAX / 2..=STAGE_GUESTS_MAX {
        let name = format!("m{number}");
        assert!(room.ask(caller(&name, &name), Command::AnswerStage { accept: true }).unwrap().is_ok(), "a kept seat");
    }
}

#[test]
fn turning_off_and_on() {
    let mut room = live();
    let mute = |room: &mut Room, muted| {
        let command = Command::SetMuted { user: None, source: Source::Microphone, muted };
        room.ask(caller("ana", "ana"), command).unwrap()
    };
    for number in 0..MUTE_RATE.burst {
        assert!(mute(&mut room, number.is_multiple_of(2)).is_ok());
    }
    let waits = Rejection::Limit { limit: LimitName::CommandRate, max: MUTE_RATE.burst, retry_after_ms: Some(500) };
    assert_eq!(mute(&mut room, true), Err(waits));
    assert_eq!(mute(&mut room, false), Ok(Outcome::Done), "it is off already");
    room.now = Time(500);
    assert_eq!(mute(&mut room, true), Ok(Outcome::Done));
}

#[test]
fn tracks_of_a_publisher() {
    let mut room = Room::new();
    room.join("ana", "ana").unwrap();
    let refused = room.ask(caller("ana", "ana"), publish_with(TRACKS_MAX + 1)).unwrap();
    assert_eq!(limit(refused), Some(LimitName::Tracks));
    assert!(room.ask(caller("ana", "ana"), publish_with(TRACKS_MAX)).is_none());
    let mut room = Room::new();
    let rtmp = |tracks| Ingest::Rtmp { sources: vec![Source::Camera; tracks] };
    let refused = replied(&room.encoder("key_a", rtmp(TRACKS_MAX + 1))).unwrap();
    assert_eq!(limit(refused), Some(LimitName::Tracks));
    assert!(replied(&room.encoder("key_a", rtmp(TRACKS_MAX))).is_none());
}

#[test]
fn legs_of_encoders() {
    let mut room = Room::new();
    for _ in 0..ENCODER_RATE.burst {
        let effects = room.encoder("key_a", whip(1));
        assert!(effects.iter().any(|effect| matches!(effect, Effect::Media { .. })));
    }
    let waits =
        Rejection::Limit { limit: LimitName::MediaNegotiations, max: ENCODER_RATE.burst, retry_after_ms: Some(1_000) };
    assert_eq!(replied(&room.encoder("key_a", whip(1))), Some(Err(waits)));
    room.now = Time(1_000);
    let effects = room.encoder("key_a", whip(1));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Media { .. })));
}

#[test]
fn bytes_of_what_programs_offer() {
    let mut room = Room::new();
    let refused = replied(&room.encoder("key_a", whip(SDP_MAX_BYTES + 1))).unwrap();
    assert_eq!(limit(refused), Some(LimitName::SdpBytes));
    assert!(replied(&room.encoder("key_a", whip(SDP_MAX_BYTES))).is_none());
    let mut room = live();
    assert_eq!(limit(replied(&room.play(SDP_MAX_BYTES + 1)).unwrap()), Some(LimitName::SdpBytes));
    assert!(replied(&room.play(SDP_MAX_BYTES)).is_none());
}

#[test]
fn players_of_a_space() {
    let mut room = live();
    let mut first = None;
    for _ in 0..PLAYERS_MAX {
        let effects = room.play(1);
        first.get_or_insert(room.arrives(&effects));
    }
    assert_eq!(limit(replied(&room.play(1)).unwrap()), Some(LimitName::Players));
    assert_eq!(room.peer(&first.unwrap(), PeerWants::Close), Some(Ok(Outcome::Done)));
    assert!(replied(&room.play(1)).is_none());
}

#[test]
fn what_a_peer_may_say_at_a_time() {
    let mut room = live();
    let effects = room.play(1);
    let leg = room.arrives(&effects);
    let trickle = |count, bytes| PeerWants::Trickle { candidates: vec!["c".repeat(bytes); count] };
    let restart = |ufrag: usize, pwd: usize| PeerWants::Restart { ufrag: "u".repeat(ufrag), pwd: "p".repeat(pwd) };
    let most = ICE_ATTRIBUTE_MAX_BYTES;
    assert_eq!(room.peer(&leg, trickle(CANDIDATES_MAX, most)), Some(Ok(Outcome::Done)));
    for past in [trickle(CANDIDATES_MAX + 1, 1), trickle(1, most + 1), restart(most + 1, 1), restart(1, most + 1)] {
        assert!(matches!(room.peer(&leg, past), Some(Err(Rejection::Invalid { .. }))));
    }
    assert_eq!(room.peer(&leg, restart(most, most)), None, "the engine is asked");
}

#[test]
fn reports_that_are_open_and_their_reasons() {
    let mut room = Room::new();
    room.join("ana", "ana").unwrap();
    room.join("bo", "bo").unwrap();
    let mut report = |open_reports: usize, reason: usize| {
        room.requests += 1;
        let (from, request, fresh) = (caller("bo", "bo"), RequestId(room.requests), Fresh(7, room.requests));
        let reason = "名".repeat(reason);
        let command = Command::Report { user: profile("ana").id, position: None, reason };
        let lookup = Lookup { open_reports: u32::try_from(open_reports).unwrap(), ..Lookup::default() };
        room.space.handle(room.now, Input::Command { from, request, command, fresh, lookup })
    };
    assert_eq!(limit(replied(&report(0, REASON_MAX_CHARS + 1)).unwrap()), Some(LimitName::ReasonChars));
    assert_eq!(limit(replied(&report(OPEN_REPORTS_MAX, 0)).unwrap()), Some(LimitName::Reports));
    assert!(replied(&report(OPEN_REPORTS_MAX - 2, REASON_MAX_CHARS)).is_none());
    assert!(replied(&report(OPEN_REPORTS_MAX - 2, 0)).is_none());
    assert_eq!(
        limit(replied(&report(OPEN_REPORTS_MAX - 2, 0)).unwrap()),
        Some(LimitName::Reports),
        "two are under way"
    );
}

#[test]
fn sanctions_and_moderators_that_are_under_way_count() {
    let mut room = Room::new();
    room.join("ana", "ana").unwrap();
    let ban = |name: &str| (Command::Ban { user: profile(name).id }, vec![profile(name)]);
    for number in 0..SANCTIONS_MAX {
        let (command, people) = ban(&format!("b{number}"));
        assert!(replied(&room.tell(caller("ana", "ana"), command, people)).is_none());
    }
    let (command, people) = ban("more");
    let refused = replied(&room.tell(caller("ana", "ana"), command, people)).unwrap();
    assert_eq!(limit(refused), Some(LimitName::Sanctions));

    let mut room = Room::new();
    room.join("ana", "ana").unwrap();
    let appoint = |name: &str| (Command::SetModerator { user: profile(name).id, moderator: true }, vec![profile(name)]);
    for number in 0..MODERATORS_MAX {
        let (command, people) = appoint(&format!("m{number}"));
        assert!(replied(&room.tell(caller("ana", "ana"), command, people)).is_none());
    }
    let (command, people) = appoint("more");
    let refused = replied(&room.tell(caller("ana", "ana"), command, people)).unwrap();
    assert_eq!(limit(refused), Some(LimitName::Moderators));
}

#[test]
fn sanctions_of_a_space() {
    let mut room = Room::new();
    room.join("ana", "ana").unwrap();
    let ban = |room: &mut Room, name: &str| {
        let user = profile(name).id;
        room.change(caller("ana", "ana"), Command::Ban { user }, vec![profile(name)])
    };
    for number in 0..SANCTIONS_MAX {
        assert_eq!(ban(&mut room, &format!("b{number}")), Ok(Outcome::Done));
    }
    assert_eq!(limit(ban(&mut room, "more")), Some(LimitName::Sanctions));
    assert_eq!(ban(&mut room, "b0"), Ok(Outcome::Done), "one more against the same needs no room");
}

#[test]
fn moderators_of_a_room() {
    let mut room = Room::new();
    room.join("ana", "ana").unwrap();
    let appoint = |room: &mut Room, name: &str| {
        let user = profile(name).id;
        room.change(caller("ana", "ana"), Command::SetModerator { user, moderator: true }, vec![profile(name)])
    };
    for number in 0..MODERATORS_MAX {
        assert_eq!(appoint(&mut room, &format!("m{number}")), Ok(Outcome::Done));
    }
    assert_eq!(limit(appoint(&mut room, "more")), Some(LimitName::Moderators));
}

#[test]
fn changes_on_their_way() {
    let mut room = Room::new();
    room.join("ana", "ana").unwrap();
    let slow = Command::SetSlowMode { interval_s: 1 };
    for _ in 0..CHANGES_IN_FLIGHT_MAX {
        assert!(room.ask(caller("ana", "ana"), slow.clone()).is_none());
    }
    assert_eq!(room.ask(caller("ana", "ana"), slow), Some(Err(Rejection::Busy)));
}

#[test]
fn messages_at_hand() {
    let mut room = Room::new();
    for number in 0..=RECENT_MESSAGES_MAX {
        let effects = room.say("ana", &format!("n{number}"), "text");
        assert!(replied(&room.store(&effects)).unwrap().is_ok());
    }
    let effects = room.tell(caller("bo", "bo"), Command::Join { resume: None, as_guest: false }, Vec::new());
    let snapshot = effects.iter().find_map(|effect| match effect {
        Effect::Send { event: Payload::Space(Event::Snapshot { snapshot }), .. } => Some(snapshot.clone()),
        _ => None,
    });
    let snapshot = snapshot.unwrap();
    assert_eq!(snapshot.messages.len(), SNAPSHOT_MESSAGES_MAX);
    assert_eq!(snapshot.messages.last().map(|message| message.position), Some(RECENT_MESSAGES_MAX as u64 + 1));
    assert!(snapshot.more_messages);
    let answer = |to| Command::Send {
        text: "?".into(),
        reply_to: Some(to),
        nonce: format!("r{to}"),
        mentions: Vec::new(),
        float: None,
        media_ms: None,
        carries: None,
        moment: None,
    };
    assert_eq!(room.ask(caller("bo", "bo"), answer(1)), Some(Err(Rejection::NotFound)), "forgotten, and not looked up");
    assert!(room.ask(caller("bo", "bo"), answer(2)).is_none(), "still at hand");
}

#[test]
fn a_black_box_forgets_the_oldest_and_says_so() {
    let mut small = BlackBox::new(Time(5), &usual_record());
    for number in 0..BLACK_BOX_INPUTS_MAX as u64 {
        small.note(Time(number), &Input::ActiveSpeaker { leg: None });
    }
    let whole = scenario::parse(&small.scenario()).unwrap();
    assert_eq!((whole.steps.len(), whole.opened), (BLACK_BOX_INPUTS_MAX, Time(5)));
    assert!(!small.scenario().contains("forgotten"));
    small.note(Time(5_000), &Input::Stop);
    let text = small.scenario();
    assert!(text.contains("The first 1 inputs are forgotten"));
    assert_eq!(scenario::parse(&text).unwrap().steps.len(), BLACK_BOX_INPUTS_MAX);

    let mut large = BlackBox::new(Time(0), &usual_record());
    let offer = "o".repeat(SDP_MAX_BYTES);
    let command = Command::Publish { offer, sources: Vec::new(), take_over: false };
    for number in 0..2 * (BLACK_BOX_BYTES_MAX / SDP_MAX_BYTES) as u64 {
        let from = caller("ana", "ana");
        let (request, fresh) = (RequestId(number), Fresh(1, number));
        let lookup = Lookup::default();
        large.note(Time(number), &Input::Command { from, request, command: command.clone(), fresh, lookup });
    }
    let text = large.scenario();
    assert!(text.len() < BLACK_BOX_BYTES_MAX + SDP_MAX_BYTES && text.contains("forgotten"));
    assert!(scenario::parse(&text).is_ok());
}

#[test]
fn people_in_a_dialog() {
    let one = |name: &str| Participant {
        profile: profile(name),
        read_position: 0,
        tells_read: true,
        tells_presence: true,
        keeping: Keeping::default(),
    };
    let mut record = usual_record();
    record.dialog = Some(dialogs::Record { members: vec![one("ana"), one("bo")], ..dialogs::Record::default() });
    let mut dialog = Room { space: Space::open(Time(0), record).0, requests: 0, now: Time(0) };
    dialog.join("ana", "a").unwrap();
    let mut add = |name: &str| {
        dialog.requests += 1;
        let (request, fresh) = (RequestId(dialog.requests), Fresh(7, dialog.requests));
        let wanted = Box::new(dialogs::Lookup { wanted: Some(one(name)), ..dialogs::Lookup::default() });
        let command = Command::Dialogs { wants: DialogCommand::Add { user: profile(name).id } };
        let lookup = Lookup { dialogs: wanted, ..Lookup::default() };
        let effects = dialog
            .space
            .handle(dialog.now, Input::Command { from: caller("ana", "a"), request, command, fresh, lookup });
        replied(&effects).unwrap_or_else(|| replied(&dialog.store(&effects)).unwrap())
    };
    for number in 2..DIALOG_MEMBERS_MAX {
        assert_eq!(add(&format!("b{number}")), Ok(Outcome::Done));
    }
    assert_eq!(limit(add("past")), Some(LimitName::DialogMembers));
    assert_eq!(add("bo"), Ok(Outcome::Done), "who is in it already");
}
