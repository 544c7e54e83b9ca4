//! What viewers get over links that lose, delay, reorder and double, and from
//! publishers whose numbers wrap and collide.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::streams::assert_continuous;
use super::world::{Link, World, leg};
use crate::{Codec, Command, Event};

const LADDER_BPS: &[u64] = &[150_000, 500_000, 1_500_000];

#[test]
fn every_picture_comes_over_a_link_that_loses_reorders_and_doubles() {
    let mut world = World::new(31);
    let publisher = world.publish("host", "a", &[800_000]);
    let viewer = world.view("viewer", "a", Link::default());
    world.until(1_000, "first frame", |world| !world.clients[viewer].video().is_empty());
    let worse = Link { loss: 0.02, doubled: 0.05, jitter: Duration::from_millis(15), ..Link::default() };
    world.clients[viewer].link = worse;
    world.run(10_000);
    world.clients[viewer].link = Link::default();
    world.run(1_000);
    assert_whole(&world, viewer);
    assert!(world.clients[publisher].key_frames_asked <= 1, "repairs were enough");
}

fn assert_whole(world: &World, viewer: usize) {
    let client = &world.clients[viewer];
    let sequences: BTreeSet<u64> = client.video().iter().map(|seen| seen.sequence).collect();
    assert_eq!(sequences.len(), client.video().len(), "nothing was given out twice");
    let all = sequences.last().unwrap() - sequences.first().unwrap() + 1;
    assert_eq!(sequences.len() as u64, all, "nothing is missing");
    assert!(client.pictures(Codec::Vp8).len() > 320, "{}", client.pictures(Codec::Vp8).len());
}

#[test]
fn one_without_rtx_gets_what_was_lost_again_byte_for_byte() {
    let mut world = World::new(37);
    let publisher = world.publish("host", "a", &[800_000]);
    let viewer = world.view_without_rtx("viewer", "a");
    world.until(1_000, "first frame", |world| !world.clients[viewer].video().is_empty());
    world.clients[viewer].ask_for_repairs();
    world.clients[viewer].wire = Some(Vec::new());
    world.clients[viewer].link = Link { loss: 0.04, jitter: Duration::from_millis(5), ..Link::default() };
    world.run(10_000);
    world.clients[viewer].link = Link::default();
    world.run(1_000);
    assert_whole(&world, viewer);
    assert!(world.clients[publisher].key_frames_asked <= 1, "repairs were enough");
    let is_rtp = |datagram: &&Vec<u8>| (128..=191).contains(&datagram[0]) && !(192..=223).contains(&datagram[1]);
    let (mut first, mut again) = (BTreeMap::new(), 0);
    for datagram in world.clients[viewer].wire.iter().flatten().filter(is_rtp) {
        // Sequence number and SSRC; what is sealed under these has one nonce.
        if let Some(before) = first.insert((&datagram[2..4], &datagram[8..12]), datagram) {
            assert_eq!(before, datagram);
            again += 1;
        }
    }
    let ssrcs: BTreeSet<&[u8]> = first.keys().map(|(_, ssrc)| *ssrc).collect();
    assert_eq!(ssrcs.len(), 2, "a picture and a sound, and no repairs of their own");
    assert!((30..200).contains(&again), "{again} of {}", first.len());
}

#[test]
fn a_bottleneck_is_found_within_ten_seconds_and_its_layer_kept() {
    let mut world = World::new(32);
    world.publish("host", "a", LADDER_BPS);
    world.until(200, "publisher connected", |world| world.connected("host"));
    let narrow = Link { rate_bps: Some(1_000_000), ..Link::default() };
    let viewer = world.view("viewer", "a", narrow);
    world.run(10_000);
    let before = world.clients[viewer].video().len();
    let mut sum = 0;
    for _ in 0..100 {
        world.run(100);
        sum += world.estimate_bps("viewer") / 100;
        assert_eq!(world.clients[viewer].layer(), Some(1), "the estimate is {}", world.estimate_bps("viewer"));
    }
    assert!((750_000..1_100_000).contains(&sum), "{sum}");
    assert_continuous(&world.clients[viewer].video()[before..]);
}

#[test]
fn publishers_of_one_ssrc_are_two() {
    let mut world = World::new(33);
    let one = world.publish("one", "a", &[300_000]);
    let two = world.publish("two", "a", &[300_000]);
    for publisher in [one, two] {
        world.set_video_ssrc(publisher, 0x0bad_cafe);
    }
    let viewer = world.view("viewer", "a", Link::default());
    world.run(4_000);
    let client = &world.clients[viewer];
    let mids: BTreeSet<String> = client.video().iter().map(|seen| seen.mid.to_string()).collect();
    assert_eq!(mids.len(), 2);
    for mid in mids {
        let of_mid: Vec<_> = client.video().into_iter().filter(|seen| seen.mid.to_string() == mid).collect();
        assert_continuous(&of_mid);
        assert!(of_mid.len() > 150, "{}", of_mid.len());
    }
    assert!(!world.was_told(|event| matches!(event, Event::Closed { .. })));
}

#[test]
fn timestamps_wrap_between_layers_and_in_one() {
    let mut world = World::new(34);
    let publisher = world.publish("host", "a", LADDER_BPS);
    world.set_video_timestamp(publisher, u32::MAX - 4 * 90_000);
    let viewer = world.view("viewer", "a", Link::default());
    world.until(2_000, "video", |world| !world.clients[viewer].video().is_empty());
    for rate_bps in [Some(350_000), None] {
        world.clients[viewer].link.rate_bps = rate_bps;
        world.run(6_000);
    }
    world.run(1_000);
    let video = world.clients[viewer].video();
    let layers: BTreeSet<u8> = video.iter().map(|seen| seen.layer()).collect();
    assert!(layers.len() > 1, "{layers:?}");
    let wrapped = video.windows(2).any(|pair| pair[1].timestamp < pair[0].timestamp.wrapping_sub(1 << 31));
    assert!(wrapped || video.last().unwrap().timestamp < video[0].timestamp, "the timestamp wrapped");
}

#[test]
fn a_viewer_whose_address_changes_is_followed() {
    let mut world = World::new(35);
    world.publish("host", "a", &[300_000]);
    let viewer = world.view("viewer", "a", Link::default());
    world.until(1_000, "first frame", |world| !world.clients[viewer].video().is_empty());
    world.run(1_000);
    world.clients[viewer].seen_at.set_port(50_000);
    world.command(Command::RestartIce { leg: leg("viewer") });
    let before = world.clients[viewer].video().len();
    world.until(6_000, "video at the new address", |world| world.clients[viewer].video().len() > before + 20);
    assert!(!world.was_told(|event| matches!(event, Event::Closed { leg: it, .. } if *it == leg("viewer"))));
}

#[test]
fn less_and_less_goes_into_a_link_that_is_gone_and_the_picture_is_back_with_it() {
    let mut world = World::new(38);
    world.publish("host", "a", LADDER_BPS);
    world.until(200, "publisher connected", |world| world.connected("host"));
    let viewer = world.view("viewer", "a", Link { rate_bps: Some(5_000_000), ..Link::default() });
    world.until(10_000, "the highest layer", |world| world.clients[viewer].layer() == Some(2));
    world.run(3_000);
    let in_a_second = |world: &mut World| {
        let before = world.sent_to(viewer);
        world.run(1_000);
        world.sent_to(viewer) - before
    };
    let before = in_a_second(&mut world);
    world.clients[viewer].link.cut = true;
    world.run(4_000);
    let into_nothing = in_a_second(&mut world);
    assert!(into_nothing < before / 4, "{into_nothing} of {before} bytes a second");
    world.clients[viewer].link.cut = false;
    let seen = world.clients[viewer].video().len();
    world.until(1_000, "video again", |world| world.clients[viewer].video().len() > seen + 5);
    world.until(15_000, "the highest layer again", |world| world.clients[viewer].layer() == Some(2));
}

#[test]
fn repairs_go_on_when_their_numbers_wrap() {
    const BEFORE: u64 = (1 << 16) - 20;
    let mut world = World::new(39);
    world.publish("host", "a", &[800_000]);
    let viewer = world.view("viewer", "a", Link::default());
    world.until(1_000, "first frame", |world| !world.clients[viewer].video().is_empty());
    for sequence in world.outlet("viewer").repair_sequences() {
        *sequence = BEFORE;
    }
    world.clients[viewer].link.loss = 0.04;
    world.run(10_000);
    world.clients[viewer].link.loss = 0.0;
    world.run(1_000);
    let repaired = world.outlet("viewer").repair_sequences().map(|sequence| *sequence).max().unwrap();
    assert!(repaired > (1 << 16) + 20, "{repaired}");
    let sequences: BTreeSet<u64> = world.clients[viewer].video().iter().map(|seen| seen.sequence).collect();
    assert_eq!(sequences.len() as u64, sequences.last().unwrap() - sequences.first().unwrap() + 1, "nothing is missing");
}
