//! What the tap gives, of real publishers over links that lose.

use std::collections::BTreeMap;
use std::time::Duration;

use super::camera::H264_HEIGHTS_PX;
use super::world::{Link, World, config, leg};
use crate::{Codec, Command, Event, Kind, LayerPreference, Refusal, TapFrame, TapWants};

const LADDER_BPS: &[u64] = &[150_000, 500_000, 1_500_000];

fn tap(world: &mut World, name: &str, key_frame_every_ms: u32) {
    world.command(Command::Tap { leg: leg(name), tap: Some(TapWants { key_frame_every_ms }) });
}

fn of(frames: &[TapFrame], kind: Kind) -> Vec<&TapFrame> {
    frames.iter().filter(|frame| frame.kind == kind).collect()
}

/// The number that the camera wrote into an H.264 picture.
fn picture(frame: &TapFrame) -> u16 {
    let units = crate::payload::h264::units(&frame.data).unwrap();
    let slice = units.last().unwrap();
    u16::from_be_bytes([slice[2], slice[3]])
}

#[test]
fn every_frame_comes_out_in_order_and_in_time_over_a_link_that_loses() {
    for vp8 in [true, false] {
        let mut world = World::new(31);
        let publisher = world.publish_with("host", "a", &[800_000], config(vp8));
        world.until(200, "publisher connected", |world| world.connected("host"));
        tap(&mut world, "host", 2_000);
        world.clients[publisher].link.loss = 0.02;
        world.run(19_000);
        world.clients[publisher].link.loss = 0.0;
        world.run(1_000);
        let frames = world.tapped();
        let (video, audio) = (of(&frames, Kind::Video), of(&frames, Kind::Audio));
        assert!(video.iter().all(|frame| frame.codec == if vp8 { Codec::Vp8 } else { Codec::H264 }));
        assert!(video.len() > 580 && audio.len() > 950, "{} {}", video.len(), audio.len());
        assert!(video[0].key_frame);
        for frames in [&video, &audio] {
            assert!(frames.windows(2).all(|pair| pair[0].timestamp_us < pair[1].timestamp_us), "time rises");
        }
        if !vp8 {
            let whole = video.windows(2).filter(|pair| !pair[1].discontinuity);
            assert!(whole.clone().count() > 570);
            for pair in whole {
                assert_eq!(picture(pair[1]), picture(pair[0]) + 1, "nothing is left out unmarked");
            }
        }
        // All that the network took is gaps: a packet of sound lasts 20 ms.
        assert!(audio.windows(2).all(|pair| (pair[1].timestamp_us - pair[0].timestamp_us) % 20_000 == 0));
        let keys: Vec<u64> = video.iter().filter(|frame| frame.key_frame).map(|frame| frame.timestamp_us).collect();
        assert!(keys.windows(2).all(|pair| pair[1] - pair[0] < 2_400_000), "{keys:?}");
        assert!(world.clients[publisher].key_frames_asked >= 9);
        // Both were captured at once; the two tracks agree to within a frame.
        let ends = |frames: &[&TapFrame]| frames.last().unwrap().timestamp_us as i64;
        assert!((ends(&video) - ends(&audio)).abs() < 45_000);
        assert_eq!(world.taps_frames(), frames.len() as u64);
    }
}

#[test]
fn a_break_in_the_network_is_marked_and_ends_with_a_key_frame() {
    let mut world = World::new(32);
    let publisher = world.publish_with("host", "a", &[800_000], config(false));
    world.until(200, "publisher connected", |world| world.connected("host"));
    tap(&mut world, "host", 60_000);
    world.run(3_000);
    let before = world.tapped();
    assert!(before.iter().all(|frame| !frame.discontinuity));
    world.clients[publisher].link.cut = true;
    world.run(1_500);
    world.clients[publisher].link.cut = false;
    world.run(2_000);
    let frames = world.tapped();
    let video = of(&frames, Kind::Video);
    let breaks: Vec<&&TapFrame> = video.iter().filter(|frame| frame.discontinuity).collect();
    assert_eq!(breaks.len(), 1);
    assert!(breaks[0].key_frame);
    let last = of(&before, Kind::Video).last().unwrap().timestamp_us;
    let gap_ms = (breaks[0].timestamp_us - last) / 1_000;
    assert!((1_400..2_200).contains(&gap_ms), "{gap_ms}");
}

#[test]
fn of_a_simulcast_the_highest_layer_that_flows_and_for_viewers_the_size_they_show() {
    let mut world = World::new(33);
    let publisher = world.publish_with("host", "a", LADDER_BPS, config(false));
    world.until(200, "publisher connected", |world| world.connected("host"));
    tap(&mut world, "host", 2_000);
    let viewer = world.view_with("viewer", "a", Link::default(), config(false));
    world.run(5_000);
    let rids = |frames: &[TapFrame]| {
        let mut rids: Vec<String> = of(frames, Kind::Video).iter().map(|frame| frame.rid.clone()).collect();
        rids.dedup();
        rids
    };
    let frames = world.tapped();
    assert_eq!(rids(&frames).last().unwrap(), "f");
    let heights: BTreeMap<String, Option<u32>> = world
        .events
        .iter()
        .rev()
        .find_map(|event| match event {
            Event::Tracks { tracks, .. } => tracks.iter().find(|track| track.kind == Kind::Video).cloned(),
            _ => None,
        })
        .map(|track| track.layers.into_iter().map(|layer| (layer.rid, layer.height_px)).collect())
        .unwrap();
    let known = ["q", "h", "f"].map(str::to_owned).into_iter().zip(H264_HEIGHTS_PX.map(Some)).collect();
    assert_eq!(heights, known, "from the parameter sets");
    let track = of(&frames, Kind::Video)[0].track.clone();
    for (max_height_px, height_px) in [(300, 352), (176, 176), (2_000, 704)] {
        let layer = LayerPreference { max_height_px: Some(max_height_px), ..LayerPreference::default() };
        world.command(Command::Prefer { leg: leg("viewer"), track: track.clone(), layer });
        let told = |world: &World| {
            let last = world.events.iter().rev().find(|event| matches!(event, Event::Layer { .. }));
            matches!(last, Some(Event::Layer { height_px: Some(it), .. }) if *it == height_px)
        };
        world.until(15_000, "the layer of that size", told);
    }
    world.run(500);
    let pictures = world.clients[viewer].pictures(Codec::H264);
    assert!(pictures[0].1.key_frame && pictures.len() > 100, "all are whole, over three switches");
    world.tapped();
    world.pause_layer(publisher, 2, true);
    world.run(3_000);
    let frames = world.tapped();
    assert_eq!(rids(&frames).last().unwrap(), "h");
    world.pause_layer(publisher, 2, false);
    world.run(3_000);
    let frames = world.tapped();
    assert_eq!(rids(&frames), ["h", "f"]);
    let video = of(&frames, Kind::Video);
    assert!(video.windows(2).all(|pair| pair[0].rid == pair[1].rid || pair[1].key_frame));
    for pair in video.windows(2) {
        let step_us = pair[1].timestamp_us - pair[0].timestamp_us;
        // The layer that comes may begin with the very moment that the other ended with.
        let least_us = if pair[0].rid == pair[1].rid { 20_000 } else { 1_000 };
        assert!((least_us..60_000).contains(&step_us), "{step_us}");
    }
}

#[test]
fn a_leg_is_tapped_as_long_as_that_is_wanted_and_others_are_refused() {
    let mut world = World::new(34);
    world.publish("host", "a", &[300_000]);
    world.view("viewer", "a", Link::default());
    world.until(200, "publisher connected", |world| world.connected("host"));
    world.run(500);
    assert!(world.tapped().is_empty());
    tap(&mut world, "host", 1_000);
    tap(&mut world, "host", 2_000);
    world.run(2_000);
    assert!(!world.tapped().is_empty());
    world.command(Command::Tap { leg: leg("host"), tap: None });
    world.run(1_000);
    world.tapped();
    world.run(1_000);
    assert!(world.tapped().is_empty());
    tap(&mut world, "host", 1_000);
    world.run(1_000);
    assert!(!world.tapped().is_empty(), "and again");
    for (name, refusal) in [("viewer", Refusal::WrongLeg), ("nobody", Refusal::NoSuchLeg)] {
        tap(&mut world, name, 1_000);
        assert!(world.was_told(|event| *event == Event::Refused { leg: leg(name), reason: refusal }));
    }
    world.command(Command::Close { leg: leg("host") });
    world.run(Duration::from_secs(1).as_millis() as u64);
    world.tapped();
    world.run(1_000);
    assert!(world.tapped().is_empty());
}
