//! Clients that make the offer: players, trickling and ICE restarts.

use str0m::media::MediaKind;

use super::world::{Link, World, config, leg, space};
use crate::{Codec, Command, Event, Hears, Refusal, Undeliverable};

const BOTH: [MediaKind; 2] = [MediaKind::Audio, MediaKind::Video];
const PWD: &str = "abcdefghijklmnopqrstuv";

fn last_refusal(world: &World) -> Option<Refusal> {
    world.events.iter().rev().find_map(|event| match event {
        Event::Refused { reason, .. } => Some(*reason),
        _ => None,
    })
}

#[test]
fn a_player_sees_and_hears_and_never_gets_an_offer() {
    for vp8 in [true, false] {
        let mut world = World::new(51);
        world.publish_with("host", "a", &[600_000], config(vp8));
        world.until(100, "publisher connected", |world| world.connected("host"));
        world.run(1_000);
        let player = world.play("player", "a", &BOTH, config(vp8));
        world.until(400, "first frame", |world| !world.clients[player].video().is_empty());
        world.run(2_000);
        let codec = if vp8 { Codec::Vp8 } else { Codec::H264 };
        let pictures = world.clients[player].pictures(codec);
        assert!(pictures[0].1.key_frame && pictures.len() > 55, "{}", pictures.len());
        assert!(world.clients[player].audio().len() > 95);
        world.publish_with("guest", "a", &[300_000], config(vp8));
        world.run(1_000);
        assert!(!world.was_told(|event| matches!(event, Event::Offer { .. })));
        let too_many = |event: &&Event| matches!(event, Event::Undeliverable { leg: it, reason: Undeliverable::TooManyTracks, .. } if *it == leg("player"));
        assert_eq!(world.events.iter().filter(too_many).count(), 2, "the guest's, once each");
        world.command(Command::Route { leg: leg("player"), generation: 2, hears: Hears::Only(vec![leg("guest")]) });
        world.run(200);
        let before = world.clients[player].video().len();
        world.run(1_000);
        assert!(world.clients[player].video().len() > before + 25, "the guest took the m-lines over");
    }
}

#[test]
fn a_player_may_wait_and_may_want_sound_alone() {
    let mut world = World::new(52);
    let player = world.play("player", "a", &BOTH[..1], config(true));
    world.until(200, "player connected", |world| world.connected("player"));
    world.publish("host", "a", &[300_000]);
    world.until(500, "sound", |world| world.clients[player].audio().len() > 10);
    assert!(world.clients[player].video().is_empty());
    world.command(Command::RestartIce { leg: leg("player") });
    assert_eq!(last_refusal(&world), Some(Refusal::WrongLeg));
}

#[test]
fn offers_that_take_nothing_are_refused() {
    let mut world = World::new(53);
    let head = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
        a=fingerprint:sha-256 B4:12:1C:7C:7D:ED:F1:FA:61:07:57:9C:29:BE:58:E3:BC:41:E7:13:8E:7D:D3:9D:1F:94:6E:A5:23:46:94:23\r\n\
        a=ice-ufrag:test\r\na=ice-pwd:testpassword12345678901\r\na=setup:actpass\r\n";
    let video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=recvonly\r\na=rtcp-mux\r\n";
    for (offer, refusal) in [
        (String::new(), Refusal::SdpMalformed),
        ("v=0\r\n".repeat(14_000), Refusal::SdpTooLarge),
        (format!("{head}{}a=rtpmap:96 VP8/90000\r\n", video.replace("recvonly", "sendonly")), Refusal::SdpUnacceptable),
        (format!("{head}{video}a=rtpmap:96 nothing/90000\r\n"), Refusal::NoCommonCodec),
        (format!("{head}{}", video.repeat(65)), Refusal::TooManyTracks),
    ] {
        world.command(Command::OpenPlay { leg: leg("player"), space: space("a"), offer });
        assert_eq!(last_refusal(&world), Some(refusal));
    }
    assert_eq!(world.stats().legs_subscribing, 0);
    let offer = format!("{head}{video}a=rtpmap:96 VP8/90000\r\n");
    world.command(Command::OpenPlay { leg: leg("player"), space: space("a"), offer });
    assert_eq!(world.stats().legs_subscribing, 1);
}

#[test]
fn a_client_restarts_ice_and_media_goes_on() {
    let mut world = World::new(54);
    let host = world.publish("host", "a", &[300_000]);
    let player = world.play("player", "a", &BOTH, config(true));
    world.until(600, "first frame", |world| !world.clients[player].video().is_empty());
    for (index, name) in [(host, "host"), (player, "player")] {
        world.restart_ice(index, "newone", PWD);
        let restarted = world.events.iter().rev().find_map(|event| match event {
            Event::Restarted { leg: it, ufrag, pwd, candidates } if *it == leg(name) => {
                Some((ufrag.clone(), pwd.clone(), candidates.clone()))
            }
            _ => None,
        });
        let (ufrag, pwd, candidates) = restarted.unwrap();
        assert!(ufrag.len() >= 4 && pwd.len() >= 22);
        assert!(candidates[0].starts_with("candidate:") && candidates[0].contains("10.0.0.1 5004"), "{candidates:?}");
        let before = world.clients[player].video().len();
        world.run(2_000);
        assert!(world.clients[player].video().len() > before + 50, "{name}");
    }
    // Long after the old paths would have been given up.
    world.run(30_000);
    let before = world.clients[player].video().len();
    world.run(1_000);
    assert!(world.clients[player].video().len() > before + 25);
    assert!(!world.was_told(|event| matches!(event, Event::Silent { .. } | Event::Closed { .. })));
}

#[test]
fn bad_credentials_and_candidates_are_refused() {
    let mut world = World::new(55);
    world.publish("host", "a", &[300_000]);
    world.view("viewer", "a", Link::default());
    let restart = |name: &str, ufrag: &str, pwd: &str| Command::RestartByPeer {
        leg: leg(name),
        ufrag: ufrag.to_owned(),
        pwd: pwd.to_owned(),
    };
    for (command, refusal) in [
        (restart("host", "abc", PWD), Refusal::CredentialsMalformed),
        (restart("host", "abcd", &PWD[1..]), Refusal::CredentialsMalformed),
        (restart("host", &"a".repeat(257), PWD), Refusal::CredentialsMalformed),
        (restart("host", "ab\r\na=x", PWD), Refusal::CredentialsMalformed),
        (restart("viewer", "abcd", PWD), Refusal::WrongLeg),
        (restart("nobody", "abcd", PWD), Refusal::NoSuchLeg),
    ] {
        world.command(command);
        assert_eq!(last_refusal(&world), Some(refusal));
        world.run(300);
    }
    let good = "candidate:1 1 UDP 2122317823 192.168.1.9 54321 typ host".to_owned();
    let trickle =
        |name: &str, candidates: &[String]| Command::Trickle { leg: leg(name), candidates: candidates.to_vec() };
    let refusals = |world: &World| world.events.iter().filter(|event| matches!(event, Event::Refused { .. })).count();
    let before = refusals(&world);
    world.command(trickle("host", &[good.clone(), String::new()]));
    assert_eq!(refusals(&world), before);
    world.command(trickle("host", &vec![good.clone(); 254]));
    assert_eq!(refusals(&world), before, "256 in all");
    world.command(trickle("host", std::slice::from_ref(&good)));
    assert_eq!(last_refusal(&world), Some(Refusal::TooManyCandidates));
    world.command(trickle("viewer", &[good]));
    assert_eq!(last_refusal(&world), Some(Refusal::WrongLeg));
    world.publish("other", "a", &[300_000]);
    world.command(trickle("other", &["nonsense".to_owned()]));
    assert_eq!(last_refusal(&world), Some(Refusal::CandidateMalformed));
}
