//! What viewers get.

use std::collections::BTreeMap;
use std::time::Duration;

use super::world::{Link, Seen, World, by_picture, config, frame, leg, space};
use crate::{Codec, Command, Event, Hears, LayerChoice, LayerPreference, Source, TrackId, Undeliverable};

const LADDER_BPS: &[u64] = &[150_000, 500_000, 1_500_000];

/// Sequence numbers without a gap, timestamps and picture ids that go on.
pub(super) fn assert_continuous(seen: &[&Seen]) {
    let by_sequence: BTreeMap<u64, &Seen> = seen.iter().map(|seen| (seen.sequence, *seen)).collect();
    let mut last: Option<(&u64, &Seen)> = None;
    for (sequence, seen) in &by_sequence {
        if let Some((before, last)) = last {
            assert_eq!(*sequence, before + 1, "a gap in sequence numbers");
            let ahead = seen.timestamp.wrapping_sub(last.timestamp);
            assert!(ahead < 10 * 90_000, "a timestamp jumped by {ahead}");
            if !seen.audio {
                let pictures = seen.picture().wrapping_sub(last.picture()) & 0x7fff;
                assert!(pictures <= 1, "a picture id jumped by {pictures}");
                assert_eq!(pictures == 1, ahead > 0, "a picture has one timestamp");
                let frames = seen.frame_number.unwrap().wrapping_sub(last.frame_number.unwrap());
                assert_eq!(frames, pictures, "a frame number per picture");
            }
        }
        last = Some((sequence, seen));
    }
}

#[test]
fn a_viewer_sees_and_hears_a_publisher_from_a_key_frame_on() {
    let mut world = World::new(1);
    let publisher = world.publish("host", "a", &[600_000]);
    world.until(100, "publisher connected", |world| world.connected("host"));
    world.run(2_000);
    let viewer = world.view("viewer", "a", Link::default());
    let first_frame = world.until(250, "first frame", |world| !world.clients[viewer].video().is_empty());
    assert!(first_frame < Duration::from_millis(250), "{first_frame:?}");
    world.run(2_000);
    let viewer = &world.clients[viewer];
    assert!(viewer.video()[0].key_frame());
    assert_continuous(&viewer.video());
    assert_continuous(&viewer.audio());
    assert!(viewer.video().len() > 150 && viewer.audio().len() > 95);
    assert_eq!(world.clients[publisher].key_frames_asked, 1);
    let tracks = world.events.iter().find_map(|event| match event {
        Event::Offer { tracks, .. } => Some(tracks.clone()),
        _ => None,
    });
    let tracks = tracks.unwrap();
    assert_eq!(tracks.iter().map(|track| track.source).collect::<Vec<_>>(), [Source::Microphone, Source::Camera]);
    assert_eq!(tracks[0].publisher, leg("host"));
    assert!(world.was_told(|event| matches!(event, Event::Health { health, .. } if health.frames_per_second > 25.0)));
}

#[test]
fn one_who_waits_before_anyone_publishes_is_connected_already() {
    let mut world = World::new(2);
    let viewer = world.view("viewer", "a", Link::default());
    world.until(200, "viewer connected", |world| world.connected("viewer"));
    world.publish("host", "a", &[600_000]);
    let first = world.until(250, "first frame", |world| !world.clients[viewer].video().is_empty());
    assert!(first < Duration::from_millis(150), "{first:?}");
    let offers = world.events.iter().filter(|event| matches!(event, Event::Offer { .. })).count();
    assert_eq!(offers, 1, "the spare m-lines were used");
    assert!(world.was_told(|event| matches!(event, Event::Mapped { tracks, .. } if tracks.len() == 2)));
}

#[test]
fn one_whose_answer_is_on_its_way_is_told_who_came_meanwhile_and_who_went() {
    let mut world = World::new(2);
    // Nobody answers for this leg.
    world.command(Command::OpenSubscribe { leg: leg("viewer"), space: space("a") });
    world.command(Command::Route { leg: leg("viewer"), generation: 1, hears: Hears::Everyone });
    let mapped = |world: &World| -> Vec<usize> {
        let tracks = |event: &Event| match event {
            Event::Offer { tracks, .. } | Event::Mapped { tracks, .. } => Some(tracks.len()),
            _ => None,
        };
        world.events.iter().filter_map(tracks).collect()
    };
    assert_eq!(mapped(&world), [0], "spare m-lines");
    world.publish("host", "a", &[600_000]);
    assert_eq!(mapped(&world), [0, 2]);
    world.command(Command::Close { leg: leg("host") });
    assert_eq!(mapped(&world), [0, 2, 0]);
}

#[test]
fn what_is_lost_on_either_way_is_repaired() {
    let mut world = World::new(3);
    let publisher = world.publish("host", "a", &[800_000]);
    world.until(200, "publisher connected", |world| world.connected("host"));
    world.clients[publisher].link.loss = 0.02;
    let viewer = world.view("viewer", "a", Link { delay: Duration::from_millis(30), ..Link::default() });
    world.until(1_000, "first frame", |world| !world.clients[viewer].video().is_empty());
    world.clients[viewer].link.loss = 0.03;
    world.run(10_000);
    world.clients[viewer].link.loss = 0.0;
    world.clients[publisher].link.loss = 0.0;
    world.run(1_000);
    let video = world.clients[viewer].video();
    let highest = video.iter().map(|seen| seen.sequence).max().unwrap();
    let lowest = video.iter().map(|seen| seen.sequence).min().unwrap();
    let mut arrived: Vec<u64> = video.iter().map(|seen| seen.sequence).collect();
    arrived.sort_unstable();
    arrived.dedup();
    let share = arrived.len() as f64 / (highest - lowest + 1) as f64;
    assert!(share > 0.998, "only {share} arrived");
    assert!(arrived.len() > 1_000);
}

#[test]
fn a_bottleneck_lowers_the_layer_and_its_end_raises_it_again() {
    let mut world = World::new(4);
    world.publish("host", "a", LADDER_BPS);
    world.until(200, "publisher connected", |world| world.connected("host"));
    world.run(1_500);
    let viewer = world.view("viewer", "a", Link::default());
    world.until(15_000, "the highest layer", |world| world.clients[viewer].layer() == Some(2));
    world.clients[viewer].link.rate_bps = Some(400_000);
    world.until(8_000, "the lowest layer", |world| world.clients[viewer].layer() == Some(0));
    world.run(3_000);
    world.clients[viewer].link.rate_bps = None;
    world.until(40_000, "the highest layer again", |world| world.clients[viewer].layer() == Some(2));
    for rid in ["q", "f"] {
        assert!(world.was_told(|event| matches!(event, Event::Layer { rid: Some(it), .. } if it == rid)), "{rid}");
    }
}

#[test]
fn size_choice_and_pause_are_followed_without_a_break_in_numbers() {
    let mut world = World::new(5);
    world.publish("host", "a", LADDER_BPS);
    world.until(200, "publisher connected", |world| world.connected("host"));
    let viewer = world.view("viewer", "a", Link::default());
    world.until(15_000, "the highest layer", |world| world.clients[viewer].layer() == Some(2));
    let track = world.video_track();
    let prefer = |world: &mut World, layer: LayerPreference| {
        world.command(Command::Prefer { leg: leg("viewer"), track: track.clone(), layer });
    };
    prefer(&mut world, LayerPreference { max_height_px: Some(360), ..LayerPreference::default() });
    world.until(1_000, "the middle layer", |world| world.clients[viewer].layer() == Some(1));
    prefer(&mut world, LayerPreference { choice: LayerChoice::Rid("q".into()), ..LayerPreference::default() });
    world.until(1_000, "the lowest layer", |world| world.clients[viewer].layer() == Some(0));
    prefer(&mut world, LayerPreference { paused: true, ..LayerPreference::default() });
    world.run(200);
    let paused_at = world.clients[viewer].video().len();
    world.run(1_000);
    assert_eq!(world.clients[viewer].video().len(), paused_at, "nothing while paused");
    assert!(world.was_told(|event| matches!(event, Event::Layer { rid: None, .. })));
    prefer(&mut world, LayerPreference::default());
    world.until(2_000, "video again", |world| world.clients[viewer].video().len() > paused_at + 10);
    world.run(1_000);
    assert_continuous(&world.clients[viewer].video());
}

#[test]
fn switches_break_no_picture_of_a_publisher_whose_packets_overtake_each_other() {
    for (vp8, codec) in [(true, Codec::Vp8), (false, Codec::H264)] {
        let mut world = World::new(16);
        let publisher = world.publish_with("host", "a", LADDER_BPS, config(vp8));
        world.until(200, "publisher connected", |world| world.connected("host"));
        let viewer = world.view_with("viewer", "a", Link::default(), config(vp8));
        world.until(15_000, "pictures", |world| world.clients[viewer].video().len() > 100);
        world.run(1_000);
        let track = world.video_track();
        let poor = Link { jitter: Duration::from_millis(25), doubled: 0.05, ..Link::default() };
        world.clients[publisher].link = poor;
        for turn in 0..30 {
            let choice = LayerChoice::Rid(["q", "f", "h"][turn % 3].into());
            let layer = LayerPreference { choice, ..LayerPreference::default() };
            world.command(Command::Prefer { leg: leg("viewer"), track: track.clone(), layer });
            world.run(700);
        }
        world.clients[publisher].link = Link::default();
        world.run(1_000);
        let pictures = whole_pictures(&world.clients[viewer].video(), codec);
        let longest = pictures.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).max().unwrap();
        assert!(longest < 90 * 100, "{codec:?} stood still for {} ms", longest / 90);
    }
}

/// The timestamps of the pictures that a decoder shows: none of whose packets
/// is missing, from a key frame on, and after one that is not whole from the next.
fn whole_pictures(seen: &[&Seen], codec: Codec) -> Vec<u32> {
    let (mut shown, mut next) = (Vec::new(), None);
    for picture in by_picture(seen) {
        let (first, last) = (picture[0], picture[picture.len() - 1]);
        let complete = last.marker && last.sequence - first.sequence + 1 == picture.len() as u64;
        let Some(frame) = frame(codec, &picture) else { continue };
        if complete && (frame.key_frame || next == Some(first.sequence)) {
            shown.push(first.timestamp);
            next = Some(last.sequence + 1);
        }
    }
    shown
}

#[test]
fn a_publisher_that_comes_back_as_a_new_leg_is_a_freeze_and_no_end() {
    let mut world = World::new(6);
    let first = world.publish("one", "a", &[600_000]);
    let viewer = world.view("viewer", "a", Link::default());
    world.until(1_000, "first frame", |world| !world.clients[viewer].video().is_empty());
    world.run(1_000);
    world.clients[first].link.cut = true;
    world.until(4_000, "silence noticed", |world| {
        world.was_told(|event| matches!(event, Event::Silent { leg: it } if *it == leg("one")))
    });
    let before = world.clients[viewer].video().len();
    let offers = |world: &World| world.events.iter().filter(|event| matches!(event, Event::Offer { .. })).count();
    let offers_before = offers(&world);
    world.command(Command::Close { leg: leg("one") });
    world.publish("two", "a", &[600_000]);
    world.until(500, "video again", |world| world.clients[viewer].video().len() > before);
    world.run(1_000);
    assert_continuous(&world.clients[viewer].video());
    assert_continuous(&world.clients[viewer].audio());
    assert_eq!(offers(&world), offers_before, "the m-lines were taken over");
}

#[test]
fn sequence_numbers_wrap_at_both_ends() {
    let mut world = World::new(7);
    let publisher = world.publish("host", "a", &[1_000_000]);
    world.set_video_sequence(publisher, 65_500);
    let viewer = world.view("viewer", "a", Link::default());
    // 16,384 first numbers at most, then 2^16 more: 120 packets a second.
    world.until(700_000, "a wrap of what is sent", |world| {
        world.clients[viewer].seen.last().is_some_and(|_| world.clients[viewer].video().len() > 70_000)
    });
    let video = world.clients[viewer].video();
    assert!(video.last().unwrap().sequence > 65_536);
    assert_continuous(&video);
}

#[test]
fn a_publisher_whose_numbers_jump_is_another_stream() {
    let mut world = World::new(17);
    let publisher = world.publish("host", "a", &[600_000]);
    let viewer = world.view("viewer", "a", Link::default());
    world.until(1_000, "first frame", |world| !world.clients[viewer].video().is_empty());
    world.run(1_000);
    // Each time as far as a number without its rollovers can, less than half of all.
    for jump in [20_000, 40_000, 60_000, 80_000, 100_000] {
        world.set_video_sequence(publisher, 10_000 + jump);
        let before = world.clients[viewer].video().len();
        world.until(500, "video again", |world| world.clients[viewer].video().len() > before + 20);
    }
    let video = world.clients[viewer].video();
    assert_continuous(&video);
    assert!(video.last().unwrap().sequence < 0x1_0000, "no rollover that a viewer could miss");
}

#[test]
fn the_largest_payload_with_its_descriptor_is_forwarded_and_one_byte_more_is_not() {
    let mut world = World::new(19);
    let publisher = world.publish("host", "a", &[300_000]);
    let viewer = world.view("viewer", "a", Link::default());
    world.until(1_000, "first frame", |world| !world.clients[viewer].video().is_empty());
    world.run(200);
    let sent = [(1_400 - 3, 3), (1_400 - 2, 3), (1_300, 100), (1_300, 101)];
    for (payload, descriptor) in sent {
        world.send_packet(publisher, payload, descriptor);
        world.run(100);
    }
    let came = |bytes: usize| world.clients[viewer].video().iter().filter(|seen| seen.payload.len() == bytes).count();
    assert_eq!((came(1_397), came(1_398), came(1_300)), (1, 0, 1));
}

#[test]
fn preferences_for_tracks_that_are_gone_make_room() {
    let mut world = World::new(18);
    world.publish("host", "a", LADDER_BPS);
    world.until(200, "publisher connected", |world| world.connected("host"));
    let viewer = world.view("viewer", "a", Link::default());
    world.until(15_000, "the highest layer", |world| world.clients[viewer].layer() == Some(2));
    let lowest = LayerPreference { choice: LayerChoice::Rid("q".into()), ..LayerPreference::default() };
    let prefer = |world: &mut World, track: TrackId| {
        world.command(Command::Prefer { leg: leg("viewer"), track, layer: lowest.clone() });
    };
    for gone in 0..300 {
        prefer(&mut world, TrackId::parse(&format!("track_gone_{gone}")).unwrap());
    }
    let track = world.video_track();
    prefer(&mut world, track);
    world.until(1_000, "the lowest layer", |world| world.clients[viewer].layer() == Some(0));
    assert!(!world.was_told(|event| matches!(event, Event::Refused { .. })));
}

#[test]
fn routing_is_desired_state_with_a_generation() {
    let mut world = World::new(8);
    world.publish("one", "a", &[300_000]);
    world.publish("two", "a", &[300_000]);
    let viewer = world.view("viewer", "a", Link::default());
    world.until(1_000, "all four", |world| {
        let mut mids: Vec<_> = world.clients[viewer].seen.iter().map(|seen| seen.mid.to_string()).collect();
        mids.sort();
        mids.dedup();
        mids.len() == 4
    });
    let route = |world: &mut World, generation, hears| {
        world.command(Command::Route { leg: leg("viewer"), generation, hears });
    };
    route(&mut world, 5, Hears::Only(vec![leg("two")]));
    route(&mut world, 4, Hears::Everyone);
    world.run(100);
    let at = world.clients[viewer].seen.len();
    world.run(1_000);
    let mut mids: Vec<_> = world.clients[viewer].seen[at..].iter().map(|seen| seen.mid.to_string()).collect();
    mids.sort();
    mids.dedup();
    assert_eq!(mids.len(), 2, "the older generation changes nothing");
    route(&mut world, 6, Hears::Nobody);
    world.run(100);
    let at = world.clients[viewer].seen.len();
    world.run(500);
    assert_eq!(world.clients[viewer].seen.len(), at);
    route(&mut world, 7, Hears::Everyone);
    world.run(1_000);
    assert!(world.clients[viewer].seen.len() > at);
    assert_continuous(
        &world.clients[viewer]
            .video()
            .into_iter()
            .filter(|seen| seen.mid == world.clients[viewer].video()[0].mid)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn spaces_hear_nothing_of_each_other() {
    let mut world = World::new(9);
    world.publish("host", "a", &[300_000]);
    let elsewhere = world.view("viewer", "b", Link::default());
    world.until(500, "viewer connected", |world| world.connected("viewer"));
    world.run(1_000);
    assert!(world.clients[elsewhere].seen.is_empty());
    world.command(Command::CloseSpace { space: space("a") });
    assert!(world.was_told(|event| matches!(event, Event::Closed { leg: it, .. } if *it == leg("host"))));
    assert!(!world.was_told(|event| matches!(event, Event::Closed { leg: it, .. } if *it == leg("viewer"))));
}

#[test]
fn who_does_not_take_the_codec_gets_the_sound_and_is_told() {
    let mut world = World::new(10);
    world.publish("host", "a", &[300_000]);
    let viewer = world.view_with("viewer", "a", Link::default(), config(false));
    world.until(1_000, "sound", |world| world.clients[viewer].audio().len() > 10);
    assert!(world.clients[viewer].video().is_empty());
    let told = |event: &Event| matches!(event, Event::Undeliverable { reason: Undeliverable::CodecNotNegotiated, .. });
    world.until(1_000, "told", |world| world.was_told(told));
}

#[test]
fn the_one_who_speaks_is_told() {
    let mut world = World::new(11);
    let one = world.publish("one", "a", &[100_000]);
    let two = world.publish("two", "a", &[100_000]);
    world.set_audio_level(one, -80);
    world.set_audio_level(two, -15);
    let speaks = |name: &'static str| {
        move |world: &World| {
            let last = world.events.iter().rev().find(|event| matches!(event, Event::ActiveSpeaker { .. }));
            matches!(last, Some(Event::ActiveSpeaker { leg: Some(it), .. }) if *it == leg(name))
        }
    };
    world.until(2_000, "two speaks", speaks("two"));
    world.set_audio_level(two, -90);
    world.set_audio_level(one, -15);
    world.until(4_000, "one speaks", speaks("one"));
}

#[test]
fn many_who_join_at_once_cost_the_publisher_one_key_frame_at_a_time() {
    let mut world = World::new(12);
    let publisher = world.publish("host", "a", &[300_000]);
    world.until(200, "publisher connected", |world| world.connected("host"));
    world.run(1_000);
    let viewers: Vec<usize> = (0..20).map(|viewer| world.view(&format!("v{viewer}"), "a", Link::default())).collect();
    world.until(1_000, "all see", |world| viewers.iter().all(|viewer| !world.clients[*viewer].video().is_empty()));
    assert!(world.clients[publisher].key_frames_asked <= 2, "{}", world.clients[publisher].key_frames_asked);
}

#[test]
fn a_dead_viewer_is_let_go_and_the_others_notice_nothing() {
    let mut world = World::new(13);
    world.publish("host", "a", &[300_000]);
    let gone = world.view("gone", "a", Link::default());
    let stays = world.view("stays", "a", Link::default());
    world.until(1_000, "both see", |world| {
        [gone, stays].iter().all(|viewer| !world.clients[*viewer].video().is_empty())
    });
    world.clients[gone].link.cut = true;
    world.until(40_000, "let go", |world| {
        world.was_told(|event| matches!(event, Event::Closed { leg: it, .. } if *it == leg("gone")))
    });
    assert_continuous(&world.clients[stays].video());
}

#[test]
fn one_that_never_connects_is_let_go() {
    let mut world = World::new(14);
    let host = world.publish("host", "a", &[300_000]);
    world.clients[host].link.cut = true;
    let viewer = world.view("viewer", "b", Link::default());
    world.clients[viewer].link.cut = true;
    world.until(31_000, "let go", |world| {
        let closed = |name| world.was_told(|event| matches!(event, Event::Closed { leg: it, .. } if *it == leg(name)));
        closed("host") && closed("viewer")
    });
}

#[test]
fn a_publisher_is_answered_in_the_order_of_its_own_preference() {
    for h264_first in [true, false] {
        let mut world = World::new(15);
        let config = config(true).clear_codecs().enable_opus(true, true);
        let config = if h264_first {
            config.enable_h264(true).enable_vp8(true)
        } else {
            config.enable_vp8(true).enable_h264(true)
        };
        world.publish_with("host", "a", &[300_000], config);
        let answer = world.events.iter().find_map(|event| match event {
            Event::Answer { sdp, .. } => Some(sdp.clone()),
            _ => None,
        });
        let answer = answer.unwrap();
        let mut video = answer.lines().skip_while(|line| !line.starts_with("m=video"));
        let first = video.next().unwrap().split(' ').nth(3).unwrap();
        let map = video.find(|line| line.starts_with(&format!("a=rtpmap:{first} "))).unwrap();
        assert!(map.ends_with(if h264_first { "H264/90000" } else { "VP8/90000" }), "{answer}");
    }
}
