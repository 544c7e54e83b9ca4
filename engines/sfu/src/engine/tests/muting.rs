//! What is muted at the engine reaches nobody, whatever its client goes on sending.

use super::streams::assert_continuous;
use super::world::{Link, World, config, leg, space};
use crate::{Command, Event, FeedCodec, FeedFrame, FeedTrack, Hears, Kind, Refusal, Source, TapWants};

fn mute(world: &mut World, name: &str, generation: u64, sources: &[Source]) {
    world.command(Command::Mute { leg: leg(name), generation, sources: sources.to_vec() });
}

/// Pictures and sounds that a viewer has got.
fn got(world: &World, viewer: usize) -> (usize, usize) {
    (world.clients[viewer].video().len(), world.clients[viewer].audio().len())
}

/// A guest whom somebody watches, and what that one got by then.
fn watched(seed: u64, rates_bps: &[u64]) -> (World, usize, usize) {
    let mut world = World::new(seed);
    let guest = world.publish("guest", "a", rates_bps);
    world.until(200, "publisher connected", |world| world.connected("guest"));
    let viewer = world.view("viewer", "a", Link::default());
    world.until(1_000, "first frame", |world| !world.clients[viewer].video().is_empty());
    world.run(1_000);
    (world, guest, viewer)
}

#[test]
fn what_is_muted_does_not_arrive_and_does_again_afterwards() {
    let (mut world, guest, viewer) = watched(61, &[600_000]);
    let second = world.view("second", "a", Link::default());
    world.until(1_000, "first frame", |world| !world.clients[second].video().is_empty());
    mute(&mut world, "guest", 1, &[Source::Microphone]);
    world.run(100); // What was on its way arrives.
    let muted = got(&world, viewer);
    let muted_second = got(&world, second);
    world.run(5_000);
    let later = got(&world, viewer);
    assert_eq!(later.1, muted.1, "sound of a muted microphone arrived");
    assert_eq!(got(&world, second).1, muted_second.1, "for nobody");
    assert!(later.0 > muted.0 + 200, "the picture goes on: {muted:?} {later:?}");
    mute(&mut world, "guest", 2, &[Source::Camera]);
    world.run(100);
    let muted = got(&world, viewer);
    let asked = world.clients[guest].key_frames_asked;
    world.run(5_000);
    let later = got(&world, viewer);
    assert_eq!(later.0, muted.0, "a picture of a muted camera arrived");
    assert!(later.1 > muted.1 + 200, "the sound is back: {muted:?} {later:?}");
    assert_eq!(world.clients[guest].key_frames_asked, asked, "no key frame is asked for that nobody gets");
    mute(&mut world, "guest", 3, &[]);
    let back = world.until(300, "the picture again", |world| got(world, viewer).0 > muted.0);
    assert!(back.as_millis() < 200, "{back:?}");
    let seen = &world.clients[viewer];
    assert!(seen.video()[muted.0].key_frame(), "it begins with a key frame");
    assert_eq!(world.clients[guest].key_frames_asked, asked + 1);
    world.run(1_000);
    assert!(!world.was_told(|event| matches!(event, Event::Silent { .. })), "who is muted is still there");
    // No gap that a viewer would take for loss.
    assert_continuous(&world.clients[viewer].video());
    assert_continuous(&world.clients[viewer].audio());
}

#[test]
fn every_layer_of_a_muted_camera_is_muted() {
    let (mut world, _, viewer) = watched(62, &[150_000, 500_000, 1_500_000]);
    mute(&mut world, "guest", 1, &[Source::Camera]);
    world.run(100);
    let muted = got(&world, viewer).0;
    world.run(8_000);
    assert_eq!(got(&world, viewer).0, muted);
    let late = world.view("late", "a", Link::default());
    world.until(1_000, "sound for who comes late", |world| got(world, late).1 > 20);
    assert_eq!(got(&world, late).0, 0, "who comes late sees nothing either");
    mute(&mut world, "guest", 2, &[]);
    world.until(500, "the picture again", |world| got(world, viewer).0 > muted && got(world, late).0 > 0);
    world.run(500);
    assert_continuous(&world.clients[viewer].video());
}

#[test]
fn an_older_order_does_not_count_and_a_wrong_one_is_refused() {
    let (mut world, _, viewer) = watched(63, &[600_000]);
    mute(&mut world, "guest", 5, &[Source::Microphone, Source::Microphone]);
    mute(&mut world, "guest", 4, &[]);
    mute(&mut world, "guest", 5, &[]);
    world.run(100);
    let muted = got(&world, viewer).1;
    world.run(1_000);
    assert_eq!(got(&world, viewer).1, muted);
    mute(&mut world, "viewer", 1, &[Source::Microphone]);
    mute(&mut world, "nobody", 1, &[Source::Microphone]);
    let refused = |name: &str, refusal: Refusal| {
        world.was_told(
            |event| matches!(event, Event::Refused { leg: of, reason } if *of == leg(name) && *reason == refusal),
        )
    };
    assert!(refused("viewer", Refusal::WrongLeg) && refused("nobody", Refusal::NoSuchLeg));
}

#[test]
fn who_is_muted_does_not_count_as_speaking() {
    let (mut world, guest, _) = watched(64, &[600_000]);
    world.clients[guest].muted = false;
    world.set_audio_level(guest, -5);
    let speaks = |event: &Event| matches!(event, Event::ActiveSpeaker { leg: Some(_), .. });
    world.until(3_000, "the guest speaks", |world| world.was_told(speaks));
    world.events.clear();
    mute(&mut world, "guest", 1, &[Source::Microphone]);
    world.run(10_000);
    assert!(!world.was_told(speaks));
}

#[test]
fn neither_the_tap_nor_a_feeds_viewers_get_what_is_muted() {
    let (mut world, _, _) = watched(65, &[600_000]);
    world.command(Command::Tap { leg: leg("guest"), tap: Some(TapWants { key_frame_every_ms: 2_000 }) });
    mute(&mut world, "guest", 1, &[Source::Microphone]);
    world.run(3_000);
    let frames = world.tapped();
    assert!(frames.iter().any(|frame| frame.kind == Kind::Video));
    assert!(!frames.iter().any(|frame| frame.kind == Kind::Audio));

    let tracks = vec![FeedTrack { source: Source::Microphone, codec: FeedCodec::Opus }];
    world.command(Command::OpenFeed { leg: leg("feed"), space: space("b"), tracks });
    let viewer = world.view_with("of_feed", "b", Link::default(), config(false));
    world.command(Command::Route { leg: leg("of_feed"), generation: 2, hears: Hears::Everyone });
    world.until(500, "viewer connected", |world| world.connected("of_feed"));
    let feed = |world: &mut World, from: u64| {
        for number in from..from + 50 {
            let frame =
                FeedFrame { track: 0, timestamp_us: number * 20_000, key_frame: true, data: vec![0xfc, 1].into() };
            world.feed("feed", &frame);
            world.run(20);
        }
    };
    feed(&mut world, 0);
    world.run(100);
    let heard = got(&world, viewer).1;
    assert!(heard > 40, "{heard}");
    mute(&mut world, "feed", 1, &[Source::Microphone]);
    feed(&mut world, 50);
    world.run(100);
    assert_eq!(got(&world, viewer).1, heard);
    mute(&mut world, "feed", 2, &[]);
    feed(&mut world, 100);
    world.run(100);
    assert!(got(&world, viewer).1 > heard + 40);
    assert_continuous(&world.clients[viewer].audio());
}
