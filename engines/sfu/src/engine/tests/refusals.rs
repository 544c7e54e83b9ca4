//! Bad input: each ends in a typed refusal, and nobody else notices.

use super::world::{Link, World, leg, space};
use crate::{ClosedReason, Command, Event, Hears, Limits, Refusal};

fn refusals(world: &mut World, command: Command) -> Vec<Refusal> {
    let at = world.events.len();
    world.command(command);
    let refused = |event: &Event| match event {
        Event::Refused { reason, .. } => Some(*reason),
        _ => None,
    };
    world.events[at..].iter().filter_map(refused).collect()
}

fn publish(name: &str, offer: &str) -> Command {
    Command::OpenPublish { leg: leg(name), space: space("a"), offer: offer.to_owned(), sources: Vec::new() }
}

fn subscribe(name: &str, in_space: &str) -> Command {
    Command::OpenSubscribe { leg: leg(name), space: space(in_space) }
}

const HEAD: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
    a=fingerprint:sha-256 B4:12:1C:7C:7D:ED:F1:FA:61:07:57:9C:29:BE:58:E3:BC:41:E7:13:8E:7D:D3:9D:1F:94:6E:A5:23:46:94:23\r\n\
    a=ice-ufrag:test\r\na=ice-pwd:testpassword12345678901\r\na=setup:actpass\r\n";

#[test]
fn nonsense_for_an_offer() {
    let mut world = World::new(1);
    let video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\n";
    for (offer, refusal) in [
        (String::new(), Refusal::SdpMalformed),
        ("m=video".to_owned(), Refusal::SdpMalformed),
        ("\u{0}".repeat(100), Refusal::SdpMalformed),
        ("v=0\r\n".repeat(14_000), Refusal::SdpTooLarge),
        (format!("{HEAD}{}", video.repeat(10)), Refusal::TooManyTracks),
        (format!("{HEAD}{video}a=rtpmap:96 nothing/90000\r\n"), Refusal::NoCommonCodec),
        (format!("{HEAD}{}a=rtpmap:96 VP8/90000\r\n", video.replace("sendonly", "recvonly")), Refusal::SdpUnacceptable),
        (format!("{HEAD}{video}a=simulcast:send a;b;c;d\r\n"), Refusal::TooManyLayers),
    ] {
        assert_eq!(refusals(&mut world, publish("bad", &offer)), [refusal], "{offer:.300}");
    }
    assert_eq!(world.stats().legs_publishing, 0, "a refused leg is not open");
    assert_eq!(refusals(&mut world, publish("good", &format!("{HEAD}{video}a=rtpmap:96 VP8/90000\r\n"))), []);
}

#[test]
fn a_good_offer_broken_anywhere_is_refused_or_taken_but_never_a_fault() {
    let mut world = World::new(2);
    let good = format!(
        "{HEAD}m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\n\
         a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=ssrc-group:FID 1 2\r\na=ssrc:1 cname:x\r\n\
         a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=rid:q send\r\na=simulcast:send q\r\n"
    );
    for at in 0..good.len() {
        let cut = &good[..at];
        let _ = refusals(&mut world, publish("broken", cut));
        let mut flipped = good.clone().into_bytes();
        flipped[at] ^= 0x11;
        if let Ok(flipped) = String::from_utf8(flipped) {
            let _ = refusals(&mut world, publish("broken", &flipped));
        }
        world.command(Command::Close { leg: leg("broken") });
    }
    assert_eq!(world.stats().leg_faults, 0);
    assert_eq!(world.stats().legs_publishing, 0);
}

#[test]
fn each_count_at_its_limit_and_one_past() {
    let limits = Limits { legs: 4, legs_per_space: 3, publishers_heard: 2, ..Limits::default() };
    let mut world = World::with_limits(3, limits);
    for name in ["a", "b", "c"] {
        assert_eq!(refusals(&mut world, subscribe(name, "a")), []);
    }
    assert_eq!(refusals(&mut world, subscribe("d", "a")), [Refusal::SpaceFull]);
    assert_eq!(refusals(&mut world, subscribe("d", "b")), []);
    assert_eq!(refusals(&mut world, subscribe("e", "c")), [Refusal::TooManyLegs]);
    assert_eq!(refusals(&mut world, subscribe("d", "c")), [Refusal::LegExists]);
    let only = |count: usize| Command::Route {
        leg: leg("a"),
        generation: count as u64,
        hears: Hears::Only((0..count).map(|it| leg(&format!("p{it}"))).collect()),
    };
    assert_eq!(refusals(&mut world, only(2)), []);
    assert_eq!(refusals(&mut world, only(3)), [Refusal::TooManyPublishers]);
    world.command(Command::Close { leg: leg("d") });
    assert_eq!(refusals(&mut world, subscribe("e", "c")), [], "room again");
}

#[test]
fn tracks_beyond_a_viewers_limit_are_told() {
    let mut world = World::with_limits(4, Limits { tracks_per_subscriber: 3, ..Limits::default() });
    world.publish("one", "a", &[100_000]);
    world.publish("two", "a", &[100_000]);
    world.view("viewer", "a", Link::default());
    let refused = world.events.iter().filter(|event| matches!(event, Event::Undeliverable { .. })).count();
    assert_eq!(refused, 1, "three of four");
}

#[test]
fn commands_for_the_wrong_leg_and_for_none() {
    let mut world = World::new(5);
    world.publish("host", "a", &[100_000]);
    assert_eq!(refusals(&mut world, subscribe("viewer", "a")), []);
    let route = |name| Command::Route { leg: leg(name), generation: 1, hears: Hears::Everyone };
    assert_eq!(refusals(&mut world, route("host")), [Refusal::WrongLeg]);
    assert_eq!(refusals(&mut world, route("nobody")), [Refusal::NoSuchLeg]);
    let republish = |name| Command::Republish { leg: leg(name), offer: String::new(), sources: Vec::new() };
    assert_eq!(refusals(&mut world, republish("viewer")), [Refusal::WrongLeg]);
    assert_eq!(refusals(&mut world, republish("host")), [Refusal::SdpMalformed]);
    assert_eq!(refusals(&mut world, Command::Close { leg: leg("nobody") }), []);
    assert_eq!(refusals(&mut world, Command::CloseSpace { space: space("nowhere") }), []);
}

#[test]
fn answers_of_nonsense_get_new_offers_and_then_an_end() {
    let mut world = World::new(6);
    world.publish("host", "a", &[100_000]);
    world.command(subscribe("viewer", "a"));
    world.command(Command::Route { leg: leg("viewer"), generation: 1, hears: Hears::Everyone });
    let last_offer = |world: &World| {
        world.events.iter().rev().find_map(|event| match event {
            Event::Offer { generation, .. } => Some(*generation),
            _ => None,
        })
    };
    let answer = |generation, sdp: &str| Command::Answer { leg: leg("viewer"), generation, sdp: sdp.to_owned() };
    assert_eq!(last_offer(&world), Some(1));
    assert_eq!(refusals(&mut world, answer(7, "stale")), [], "of another generation: ignored");
    assert_eq!(refusals(&mut world, answer(1, "nonsense")), [Refusal::SdpMalformed]);
    assert_eq!(last_offer(&world), Some(2));
    assert_eq!(refusals(&mut world, answer(2, HEAD)), [Refusal::SdpUnacceptable]);
    assert_eq!(last_offer(&world), Some(3));
    world.command(answer(3, "nonsense"));
    let closed = |event: &Event| matches!(event, Event::Closed { reason: ClosedReason::Protocol, .. });
    assert!(world.was_told(closed));
}

#[test]
fn a_flood_of_descriptions_is_refused() {
    let limits = Limits { descriptions_per_second: 2, ..Limits::default() };
    let mut world = World::with_limits(7, limits);
    world.publish("host", "a", &[100_000]);
    let republish = || Command::Republish { leg: leg("host"), offer: HEAD.to_owned(), sources: Vec::new() };
    assert_eq!(refusals(&mut world, republish()), [Refusal::SdpMalformed]);
    assert_eq!(refusals(&mut world, republish()), [Refusal::TooManyDescriptions]);
    world.run(1_100);
    assert_eq!(refusals(&mut world, republish()), [Refusal::SdpMalformed]);
}

#[test]
fn forged_and_foreign_datagrams_change_nothing() {
    let mut world = World::new(8);
    world.publish("host", "a", &[300_000]);
    let viewer = world.view("viewer", "a", Link::default());
    world.until(1_000, "first frame", |world| !world.clients[viewer].video().is_empty());
    world.throw_garbage(20_000);
    assert!(world.stats().dropped_unknown > 1_000);
    let before = world.clients[viewer].video().len();
    world.run(1_000);
    assert!(world.clients[viewer].video().len() > before + 25, "goes on");
    assert!(!world.was_told(|event| matches!(event, Event::Closed { .. })));
    assert_eq!(world.stats().leg_faults, 0);
}
