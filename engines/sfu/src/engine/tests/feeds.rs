//! Publishing without a peer: what viewers of a feed get.

use std::collections::BTreeMap;

use super::camera::h264_sample;
use super::world::{Link, World, config, leg, space};
use crate::{ClosedReason, Codec, Command, Event, FeedCodec, FeedFrame, FeedTrack, Kind, Refusal, Source, TapWants};

const TRACKS: [FeedTrack; 2] = [
    FeedTrack { source: Source::Camera, codec: FeedCodec::H264 },
    FeedTrack { source: Source::Microphone, codec: FeedCodec::Opus },
];
const KEY_FRAME_EVERY: u64 = 60;
const FRAME_BYTES: usize = 8_000;

fn open(world: &mut World, name: &str) {
    world.command(Command::OpenFeed { leg: leg(name), space: space("a"), tracks: TRACKS.to_vec() });
}

/// An encoder: 30 pictures a second with a key frame every 2 s, and sound.
struct Encoder {
    at_ms: u64,
    picture: u64,
    sound: u64,
}

impl Encoder {
    fn new() -> Encoder {
        Encoder { at_ms: 0, picture: 0, sound: 0 }
    }

    fn feed(&mut self, world: &mut World, name: &str, ms: u64) {
        for _ in 0..ms {
            if self.at_ms * 3 >= self.picture * 100 {
                let key = self.picture.is_multiple_of(KEY_FRAME_EVERY);
                let bytes = if key { 8 * FRAME_BYTES } else { FRAME_BYTES };
                let data = h264_sample(0, self.picture as u16, key, bytes).into();
                let timestamp_us = 5_000_000 + self.picture * 100_000 / 3;
                world.feed(name, &FeedFrame { track: 0, timestamp_us, key_frame: key, data });
                self.picture += 1;
            }
            if self.at_ms >= self.sound * 20 {
                let data = vec![0xfc, self.sound as u8, 1, 2].into();
                let timestamp_us = 5_000_000 + self.sound * 20_000;
                world.feed(name, &FeedFrame { track: 1, timestamp_us, key_frame: true, data });
                self.sound += 1;
            }
            self.at_ms += 1;
            world.run(1);
        }
    }
}

/// Numbers of the pictures seen.
fn numbers(world: &World, viewer: usize) -> Vec<(u32, u16)> {
    let number = |frame: &crate::payload::Frame| {
        let units = crate::payload::h264::units(&frame.data).unwrap();
        let slice = *units.last().unwrap();
        u16::from_be_bytes([slice[2], slice[3]])
    };
    let pictures = world.clients[viewer].pictures(Codec::H264);
    pictures.iter().map(|(timestamp, frame)| (*timestamp, number(frame))).collect()
}

#[test]
fn viewers_get_a_feed_as_they_get_a_publisher() {
    let mut world = World::new(41);
    open(&mut world, "encoder");
    let viewer = world.view_with("viewer", "a", Link::default(), config(false));
    world.until(500, "viewer connected", |world| world.connected("viewer"));
    assert!(!world.connected("encoder"), "not before its first frame");
    let mut encoder = Encoder::new();
    encoder.feed(&mut world, "encoder", 6_000);
    assert!(world.connected("encoder"));
    let seen = numbers(&world, viewer);
    assert!(seen.len() > 175, "{}", seen.len());
    assert!(seen.windows(2).all(|pair| pair[1].1 == pair[0].1 + 1), "every picture, whole and in order");
    assert!(seen.windows(2).all(|pair| (2_999..=3_001).contains(&pair[1].0.wrapping_sub(pair[0].0))));
    assert!(world.clients[viewer].pictures(Codec::H264)[0].1.key_frame);
    let sound: BTreeMap<u64, u32> =
        world.clients[viewer].audio().iter().map(|seen| (seen.sequence, seen.timestamp)).collect();
    assert!(sound.len() > 295);
    let sound: Vec<(u64, u32)> = sound.into_iter().collect();
    assert!(sound.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1 && pair[1].1.wrapping_sub(pair[0].1) == 960));
    let told = world.events.iter().rev().find_map(|event| match event {
        Event::Tracks { tracks, .. } => Some(tracks.clone()),
        _ => None,
    });
    let told = told.unwrap();
    assert_eq!(told.iter().map(|track| track.kind).collect::<Vec<_>>(), [Kind::Video, Kind::Audio]);
    assert_eq!(told[0].layers[0].height_px, Some(176));
    assert!(world.was_told(|event| matches!(event, Event::Health { leg: it, health }
        if *it == leg("encoder") && health.frames_per_second > 25.0 && health.key_frame_distance_ms == Some(2_000)
        && health.bitrate_bps > 1_500_000)));
    assert!(world.stats().frames_fed > 450);
}

#[test]
fn one_who_joins_between_key_frames_sees_at_once_and_catches_up() {
    let mut world = World::new(42);
    open(&mut world, "encoder");
    let mut encoder = Encoder::new();
    encoder.feed(&mut world, "encoder", 5_500);
    let viewer = world.view_with("viewer", "a", Link::default(), config(false));
    let joined = world.now;
    while world.clients[viewer].video().is_empty() {
        encoder.feed(&mut world, "encoder", 1);
        assert!((world.now - joined).as_millis() < 250, "a key frame is 500 ms away");
    }
    encoder.feed(&mut world, "encoder", 2_000);
    let seen = numbers(&world, viewer);
    assert_eq!(seen[0].1, 120, "the running group of pictures from its beginning");
    assert!(seen.windows(2).all(|pair| pair[1].1 == pair[0].1 + 1), "and on without a gap");
    let steps: Vec<u32> = seen.windows(2).map(|pair| pair[1].0.wrapping_sub(pair[0].0)).collect();
    assert!((700..800).contains(&steps[0]), "four times as fast: {steps:?}");
    assert!(steps.iter().all(|step| (700..=3_001).contains(step)), "{steps:?}");
    assert!((2_999..=3_001).contains(steps.last().unwrap()));
    assert!(seen.last().unwrap().1 + 3 >= encoder.picture as u16, "caught up");
    assert_eq!(world.stats().leg_faults, 0);
}

#[test]
fn whoever_joins_while_others_still_connect_sees_at_once_too() {
    let mut world = World::new(49);
    open(&mut world, "encoder");
    let mut encoder = Encoder::new();
    encoder.feed(&mut world, "encoder", 5_500);
    let mut viewers = Vec::new();
    for it in 0..12 {
        viewers.push(world.view_with(&format!("v{it}"), "a", Link::default(), config(false)));
        encoder.feed(&mut world, "encoder", 10);
    }
    // The next key frame is 380 ms away.
    encoder.feed(&mut world, "encoder", 300);
    for viewer in viewers {
        assert_eq!(numbers(&world, viewer)[0].1, 120, "the running group of pictures from its beginning");
    }
}

#[test]
fn a_group_of_pictures_that_is_too_long_is_not_kept_and_who_joins_waits() {
    let mut world = World::new(43);
    open(&mut world, "encoder");
    let frame = |picture: u64, key: bool| FeedFrame {
        track: 0,
        timestamp_us: picture * 1_000_000 / 10,
        key_frame: key,
        data: h264_sample(0, picture as u16, key, 1_000).into(),
    };
    for picture in 0..=41 {
        world.feed("encoder", &frame(picture, picture == 0));
        world.run(100);
    }
    let viewer = world.view_with("viewer", "a", Link::default(), config(false));
    world.run(1_000);
    assert!(world.clients[viewer].video().is_empty(), "4.1 s: not kept");
    world.feed("encoder", &frame(52, true));
    world.run(100);
    world.feed("encoder", &frame(53, false));
    world.run(100);
    assert_eq!(numbers(&world, viewer)[0].1, 52);
}

#[test]
fn a_feed_that_falls_silent_is_told_and_let_go_in_the_end() {
    let mut world = World::new(44);
    open(&mut world, "encoder");
    let mut encoder = Encoder::new();
    encoder.feed(&mut world, "encoder", 1_000);
    let silent = |world: &World| world.was_told(|event| *event == Event::Silent { leg: leg("encoder") });
    world.until(3_200, "silent", silent);
    encoder.feed(&mut world, "encoder", 300);
    assert!(world.was_told(|event| *event == Event::Resumed { leg: leg("encoder") }));
    let closed = |name: &str, reason| Event::Closed { leg: leg(name), reason };
    world.until(31_000, "let go", |world| world.events.contains(&closed("encoder", ClosedReason::Lost)));
    open(&mut world, "never");
    world.until(31_000, "never fed", |world| world.events.contains(&closed("never", ClosedReason::NeverConnected)));
    open(&mut world, "encoder");
    encoder.feed(&mut world, "encoder", 100);
    world.command(Command::Close { leg: leg("encoder") });
    assert!(world.events.contains(&closed("encoder", ClosedReason::Requested)));
    assert_eq!(world.stats().legs_publishing, 0);
    assert_eq!(world.stats().leg_faults, 0);
}

#[test]
fn what_is_not_a_feed_or_not_a_frame_changes_nothing() {
    let mut world = World::new(45);
    world.publish("host", "a", &[300_000]);
    open(&mut world, "encoder");
    let frame = |track: usize, data: &[u8]| FeedFrame {
        track,
        timestamp_us: u64::MAX,
        key_frame: true,
        data: data.to_vec().into(),
    };
    for name in ["host", "nobody"] {
        world.feed(name, &frame(0, &[1, 2, 3]));
    }
    assert_eq!(world.stats().frames_fed, 0);
    for (track, data) in [(0, &[0, 0, 9, 9, 1][..]), (1, &[]), (2, &[1]), (usize::MAX, &[1]), (0, &[])] {
        world.feed("encoder", &frame(track, data));
    }
    let refused = |world: &World, reason| world.events.contains(&Event::Refused { leg: leg("encoder"), reason });
    world.command(Command::Tap { leg: leg("encoder"), tap: Some(TapWants { key_frame_every_ms: 1_000 }) });
    assert!(refused(&world, Refusal::WrongLeg));
    world.command(Command::OpenFeed { leg: leg("encoder"), space: space("a"), tracks: TRACKS.to_vec() });
    assert!(refused(&world, Refusal::LegExists));
    for tracks in [vec![], vec![TRACKS[0]; 9]] {
        world.command(Command::OpenFeed { leg: leg("other"), space: space("a"), tracks });
        let reason = Refusal::TooManyTracks;
        assert_eq!(world.events.last(), Some(&Event::Refused { leg: leg("other"), reason }));
    }
    world.run(1_000);
    assert_eq!(world.stats().leg_faults, 0);
}

#[test]
fn a_time_that_jumps_begins_anew_with_a_key_frame() {
    let mut world = World::new(46);
    open(&mut world, "encoder");
    let viewer = world.view_with("viewer", "a", Link::default(), config(false));
    world.until(500, "viewer connected", |world| world.connected("viewer"));
    let frame = |picture: u64, timestamp_ms: u64, key: bool| FeedFrame {
        track: 0,
        timestamp_us: timestamp_ms * 1_000,
        key_frame: key,
        data: h264_sample(0, picture as u16, key, 1_000).into(),
    };
    let plan = [
        (0, 1_000_000, true),
        (1, 1_000_033, false),
        (2, 5_000, false),
        (3, 5_033, true),
        (4, 5_066, false),
        (5, 90_000_000, true),
        (6, 90_000_033, false),
        (7, 90_000_066, false),
    ];
    for (picture, at_ms, key) in plan {
        world.feed("encoder", &frame(picture, at_ms, key));
        world.run(33);
    }
    world.run(200);
    let seen = numbers(&world, viewer);
    assert_eq!(seen.iter().map(|(_, number)| *number).collect::<Vec<_>>(), [0, 1, 3, 4, 5, 6, 7]);
    let steps: Vec<u32> = seen.windows(2).map(|pair| pair[1].0.wrapping_sub(pair[0].0)).collect();
    assert!(steps.iter().all(|step| (1..9_000).contains(step)), "viewers see no jump: {steps:?}");
}
