//! Viewers of cameras that send several layers in one encoding.

use super::scalable_camera::Layers;
use super::world::{Link, Seen, World, by_picture, leg};
use crate::payload::vp9;
use crate::{Command, Event, LayerChoice, LayerPreference};

const SIZES_BPS: &[u64] = &[150_000, 400_000, 1_200_000];
const ALL_SPATIAL: [Layers; 4] = [
    Layers::Spatial { described: true },
    Layers::Spatial { described: false },
    Layers::SpatialKey { described: true },
    Layers::SpatialKey { described: false },
];

fn prefer(world: &mut World, layer: LayerPreference) {
    let track = world.video_track();
    world.command(Command::Prefer { leg: leg("viewer"), track, layer });
}

fn chosen(rid: &str) -> LayerPreference {
    LayerPreference { choice: LayerChoice::Rid(rid.into()), ..LayerPreference::default() }
}

fn spatial(seen: &Seen) -> u8 {
    vp9::descriptor(&seen.payload).unwrap().layers.unwrap().spatial
}

/// The pictures a viewer got, without a gap between any two packets.
fn pictures(seen: Vec<&Seen>) -> Vec<Vec<&Seen>> {
    let pictures = by_picture(&seen);
    let sequences: Vec<u64> = pictures.iter().flatten().map(|seen| seen.sequence).collect();
    assert!(sequences.windows(2).all(|pair| pair[1] == pair[0] + 1), "a gap in sequence numbers");
    pictures
}

/// Checks that all pictures but the last are whole and evenly spaced; the
/// highest spatial layer of each.
fn layers_shown(viewer: Vec<&Seen>) -> Vec<u8> {
    let mut pictures = pictures(viewer);
    pictures.pop();
    for pair in pictures.windows(2) {
        let ahead = pair[1][0].timestamp.wrapping_sub(pair[0][0].timestamp);
        assert!(ahead < 2 * 3_010, "pictures stood still for {ahead} ticks");
    }
    let highest = |picture: &Vec<&Seen>| {
        let marked = picture.iter().filter(|seen| seen.marker).count();
        assert!(marked == 1 && picture.last().unwrap().marker, "a picture ends once, with its last packet");
        spatial(picture.last().unwrap())
    };
    pictures.iter().map(highest).collect()
}

#[test]
fn sizes_are_chosen_among_and_no_picture_stands_still() {
    for layers in ALL_SPATIAL {
        let mut world = World::new(61);
        world.publish_scalable("host", "a", layers, SIZES_BPS);
        world.until(200, "publisher connected", |world| world.connected("host"));
        let viewer = world.view("viewer", "a", Link::default());
        let top = |world: &World| world.clients[viewer].video().last().map(|seen| spatial(seen));
        world.until(15_000, "the largest", |world| top(world) == Some(2));
        assert!(world.was_told(|event| {
            let sizes = |track: &crate::PublishedTrack| {
                track.layers.iter().map(|layer| (layer.rid.clone(), layer.height_px)).collect::<Vec<_>>()
            };
            let told = [("s0", 180), ("s1", 360), ("s2", 720)].map(|(rid, px)| (rid.to_owned(), Some(px)));
            matches!(event, Event::Tracks { tracks, .. } if tracks.iter().any(|track| sizes(track) == told))
        }));
        for (rid, spatial_layer) in [("s1", 1), ("s2", 2), ("s0", 0), ("s2", 2)] {
            prefer(&mut world, chosen(rid));
            world.until(600, rid, |world| {
                world.was_told(|event| matches!(event, Event::Layer { rid: Some(it), .. } if it == rid))
                    && top(world) == Some(spatial_layer)
            });
            let from = world.clients[viewer].video().len();
            world.run(1_000);
            let seen = world.clients[viewer].video().split_off(from);
            let alone = matches!(layers, Layers::SpatialKey { .. });
            let below = seen.iter().filter(|seen| spatial(seen) < spatial_layer).count();
            assert!(seen.iter().all(|seen| spatial(seen) <= spatial_layer), "{layers:?}: {rid} and nothing above");
            assert_eq!(below == 0, alone || spatial_layer == 0, "{layers:?}: what {rid} needs is sent, and no more");
        }
        let shown = layers_shown(world.clients[viewer].video());
        assert!((0..3).all(|layer| shown.contains(&layer)), "{layers:?}: {shown:?}");
    }
}

#[test]
fn a_bottleneck_takes_a_smaller_size_and_its_end_the_largest() {
    for layers in [Layers::Spatial { described: true }, Layers::SpatialKey { described: false }] {
        let mut world = World::new(62);
        world.publish_scalable("host", "a", layers, SIZES_BPS);
        world.until(200, "publisher connected", |world| world.connected("host"));
        let viewer = world.view("viewer", "a", Link::default());
        let top = |world: &World| {
            let video = world.clients[viewer].video();
            video.iter().rev().take(40).map(|seen| spatial(seen)).max()
        };
        world.until(15_000, "the largest", |world| top(world) == Some(2));
        world.clients[viewer].link.rate_bps = Some(350_000);
        world.until(8_000, "the smallest", |world| top(world) == Some(0));
        world.run(3_000);
        world.clients[viewer].link.rate_bps = None;
        world.until(40_000, "the largest again", |world| top(world) == Some(2));
    }
}

#[test]
fn what_the_publisher_loses_and_repairs_comes_in_its_place() {
    for layers in ALL_SPATIAL {
        let mut world = World::new(63);
        let publisher = world.publish_scalable("host", "a", layers, SIZES_BPS);
        world.until(200, "publisher connected", |world| world.connected("host"));
        let viewer = world.view("viewer", "a", Link::default());
        world.until(15_000, "pictures", |world| world.clients[viewer].video().len() > 100);
        prefer(&mut world, chosen("s1"));
        world.run(1_000);
        world.clients[viewer].seen.clear();
        world.clients[publisher].link.loss = 0.02;
        world.run(8_000);
        world.clients[publisher].link.loss = 0.0;
        world.run(1_000);
        let video = world.clients[viewer].video();
        let (first, last) = (video.iter().map(|seen| seen.sequence).min(), video.iter().map(|seen| seen.sequence).max());
        let missing = (last.unwrap() - first.unwrap() + 1) as usize - video.len();
        // A number is kept for what was lost, and stays empty where it was of a layer that is left out.
        assert!(missing < video.len() / 20, "{layers:?}: {missing} of {} missing", video.len());
        let mut ends: Vec<u32> = video.iter().filter(|seen| seen.marker).map(|seen| seen.timestamp).collect();
        ends.dedup();
        assert!(ends.len() > 255, "{layers:?}: only {} pictures ended", ends.len());
    }
}

#[test]
fn pictures_are_left_out_where_even_the_smallest_is_too_much() {
    let mut world = World::new(64);
    world.publish_scalable("host", "a", Layers::Temporal, &[240_000, 480_000, 600_000]);
    world.until(200, "publisher connected", |world| world.connected("host"));
    let viewer = world.view("viewer", "a", Link::default());
    world.until(3_000, "pictures", |world| world.clients[viewer].video().len() > 100);
    let a_second = |world: &mut World| {
        world.clients[viewer].seen.clear();
        world.run(1_000);
        let mut pictures: Vec<u32> = world.clients[viewer].video().iter().map(|seen| seen.timestamp).collect();
        pictures.dedup();
        pictures.len()
    };
    assert!((29..=31).contains(&a_second(&mut world)), "all pictures");
    world.clients[viewer].link.rate_bps = Some(250_000);
    world.run(6_000);
    let fewer = a_second(&mut world);
    assert!((7..=20).contains(&fewer), "a quarter or half of the pictures, and not {fewer}");
    assert_pictures_count_on(world.clients[viewer].video());
    world.clients[viewer].link.rate_bps = None;
    let again = (0..20).any(|_| a_second(&mut world) >= 29);
    assert!(again, "all pictures");
    assert_pictures_count_on(world.clients[viewer].video());
}

/// Without a gap in the ids of VP8's pictures (RFC 7741 4.2).
fn assert_pictures_count_on(viewer: Vec<&Seen>) {
    let pictures = pictures(viewer);
    for pair in pictures.windows(2) {
        let ids = pair[1][0].picture().wrapping_sub(pair[0][0].picture()) & 0x7fff;
        assert_eq!(ids, 1, "a picture id jumped");
    }
    assert!(pictures.iter().all(|picture| picture.iter().all(|seen| seen.picture() == picture[0].picture())));
}

#[test]
fn an_encoder_that_changes_its_layers_is_followed() {
    let mut world = World::new(65);
    let publisher = world.publish_scalable("host", "a", Layers::Spatial { described: true }, SIZES_BPS);
    world.until(200, "publisher connected", |world| world.connected("host"));
    let viewer = world.view("viewer", "a", Link::default());
    let top = |world: &World| world.clients[viewer].video().last().map(|seen| spatial(seen));
    world.until(15_000, "the largest", |world| top(world) == Some(2));
    for (layers, sizes) in [
        (Layers::Spatial { described: true }, 2),
        (Layers::SpatialKey { described: true }, 3),
        (Layers::SpatialKey { described: true }, 1),
        (Layers::Spatial { described: false }, 3),
        (Layers::Spatial { described: true }, 2),
    ] {
        world.change_layers(publisher, layers, &SIZES_BPS[..sizes]);
        world.until(2_000, "the largest there is", |world| top(world) == Some(sizes as u8 - 1));
        world.run(1_000);
    }
    layers_shown(world.clients[viewer].video());
    assert!(world.clients[publisher].key_frames_asked < 20, "{}", world.clients[publisher].key_frames_asked);
}

#[test]
fn who_changes_all_the_time_does_not_have_everybody_pay_for_it() {
    let mut world = World::new(66);
    let publisher = world.publish_scalable("host", "a", Layers::SpatialKey { described: true }, SIZES_BPS);
    world.until(200, "publisher connected", |world| world.connected("host"));
    let viewer = world.view("viewer", "a", Link::default());
    world.until(15_000, "pictures", |world| world.clients[viewer].video().len() > 100);
    let before = world.clients[publisher].key_frames_asked;
    for turn in 0..100 {
        prefer(&mut world, chosen(["s0", "s2"][turn % 2]));
        world.run(200);
    }
    let asked = world.clients[publisher].key_frames_asked - before;
    assert!((12..=36).contains(&asked), "12 at once, and one a second of 20: {asked}");
    layers_shown(world.clients[viewer].video());
}
