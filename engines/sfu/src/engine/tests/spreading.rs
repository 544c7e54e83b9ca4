//! What is only so where a space is spread over workers.

use super::streams::assert_continuous;
use super::super::workers::Workers;
use super::world::{Link, World, leg, space};
use crate::{Command, Event, Hears, Traffic};

#[test]
fn viewers_at_all_workers_get_the_same_and_each_worker_sends_to_its_own() {
    let mut world = World::new(61);
    world.publish("host", "a", &[600_000]);
    let viewers: Vec<usize> = (0..6).map(|it| world.view(&format!("v{it}"), "a", Link::default())).collect();
    world.run(3_000);
    for viewer in viewers {
        let viewer = &world.clients[viewer];
        assert!(viewer.video().len() > 200 && viewer.audio().len() > 120);
        assert_continuous(&viewer.video());
        assert_continuous(&viewer.audio());
    }
    let forwarded: Vec<u64> = world.workers.stats().iter().map(|stats| stats.packets_forwarded).collect();
    assert!(forwarded.iter().all(|packets| *packets > 600), "{forwarded:?}");
    assert_eq!(world.stats().packets_in, world.workers.stats().iter().map(|stats| stats.packets_in).max().unwrap());
}

#[test]
fn whatever_closes_leaves_nothing_behind_at_any_worker() {
    let mut world = World::new(62);
    world.publish("host", "a", &[600_000]);
    for it in 0..6 {
        world.view(&format!("v{it}"), "a", Link::default());
    }
    world.run(1_500);
    assert!(world.workers.remembered() > 0, "some datagrams come in elsewhere");
    for it in 0..6 {
        world.command(Command::Close { leg: leg(&format!("v{it}")) });
    }
    world.command(Command::Close { leg: leg("host") });
    world.run(100);
    assert_eq!(world.workers.remembered(), 0);
    let nothing = |event: &&Event| matches!(event, Event::Traffic { traffic, .. } if *traffic == Traffic::default());
    assert_eq!(world.events.iter().filter(nothing).count(), 1, "the end of the space is told once");
}

#[test]
fn where_a_client_is_follows_its_last_check_whoever_claimed_it_before() {
    let mut world = World::new(66);
    let taker = Workers::<3>::taker("10.1.0.1:40000".parse().unwrap());
    let room = ["a", "c", "d", "e"].into_iter().find(|room| world.workers.home(&space(room)) != taker).unwrap();
    let publisher = world.publish("host", room, &[600_000]);
    let viewer = world.view("viewer", room, Link::default());
    world.run(1_500);
    // Other clients, of every worker, come from the publisher's address.
    let stolen = world.clients[publisher].seen_at;
    for it in 0..3 {
        let thief = world.view(&format!("thief{it}"), "b", Link::default());
        let own = std::mem::replace(&mut world.clients[thief].seen_at, stolen);
        world.run(300);
        world.clients[thief].seen_at = own;
        world.run(6_000);
        let seen = world.clients[viewer].video().len();
        world.run(1_000);
        assert!(world.clients[viewer].video().len() > seen + 60, "the publisher is heard again after its next check");
    }
}

#[test]
fn packets_lost_between_workers_are_a_freeze_and_no_more() {
    let mut world = World::new(63);
    world.publish("host", "a", &[600_000]);
    let viewer = world.view("viewer", "a", Link::default());
    world.run(1_500);
    let before = world.clients[viewer].video().len();
    assert!(before > 50);
    world.workers.loses_between = true;
    world.run(400);
    world.workers.loses_between = false;
    world.run(2_000);
    let seen = world.clients[viewer].video();
    let last = seen.iter().map(|seen| seen.sequence).max().unwrap();
    assert!(seen.len() > before + 150, "{} after {before}", seen.len());
    assert!(seen.iter().filter(|seen| seen.key_frame()).count() > 1, "it went on with a key frame");
    world.run(500);
    assert!(world.clients[viewer].video().iter().any(|seen| seen.sequence > last));
}

#[test]
fn a_wish_that_crosses_its_key_frame_between_workers_asks_for_no_second_one() {
    let mut world = World::new(67);
    // Its datagrams come in where its leg is.
    let elsewhere = Workers::<3>::taker("10.1.0.2:40000".parse().unwrap());
    let mut rooms = (0..100).map(|it| format!("r{it}"));
    let room = rooms.find(|room| (world.workers.home(&space(room)) + 1) % 3 == elsewhere).unwrap();
    let publisher = world.publish("host", &room, &[600_000]);
    world.until(200, "publisher connected", |world| world.connected("host"));
    let viewer = world.view("viewer", &room, Link::default());
    assert_eq!(world.workers.of(&leg("viewer")), elsewhere);
    world.until(1_000, "first frame", |world| !world.clients[viewer].video().is_empty());
    world.run(1_000);
    let asked = world.clients[publisher].key_frames_asked;
    world.clients[viewer].ask_for_a_key_frame();
    world.until(200, "asked", |world| world.clients[publisher].key_frames_asked > asked);
    world.workers.set_late(Some(elsewhere));
    world.run(150);
    world.clients[viewer].ask_for_a_key_frame();
    world.run(150);
    world.workers.set_late(None);
    world.run(2_000);
    assert_eq!(world.clients[publisher].key_frames_asked, asked + 1, "the one on its way was what was wished for");
    world.clients[viewer].ask_for_a_key_frame();
    world.run(500);
    assert_eq!(world.clients[publisher].key_frames_asked, asked + 2, "one that came before the wish is another");
}

#[test]
fn a_publisher_that_comes_back_and_one_that_leaves_are_seen_by_viewers_elsewhere() {
    let mut world = World::new(64);
    let viewer = world.view("viewer", "a", Link::default());
    world.run(500);
    world.publish("first", "a", &[600_000]);
    world.publish("second", "a", &[600_000]);
    world.run(1_500);
    let mapped = |world: &World, name: &str| {
        let tracks = world.events.iter().rev().find_map(|event| match event {
            Event::Offer { leg: it, tracks, .. } | Event::Mapped { leg: it, tracks } if *it == leg("viewer") => {
                Some(tracks.clone())
            }
            _ => None,
        });
        tracks.unwrap().iter().filter(|track| track.publisher == leg(name)).count()
    };
    assert_eq!((mapped(&world, "first"), mapped(&world, "second")), (2, 2));
    world.command(Command::Close { leg: leg("first") });
    world.run(500);
    assert_eq!((mapped(&world, "first"), mapped(&world, "second")), (0, 2));
    let hears = Hears::Only(vec![leg("nobody")]);
    world.command(Command::Route { leg: leg("viewer"), generation: 2, hears });
    world.run(500);
    assert_eq!(mapped(&world, "second"), 0);
    let seen = world.clients[viewer].video().len();
    world.run(500);
    assert_eq!(world.clients[viewer].video().len(), seen);
}

#[test]
fn one_id_is_one_leg_wherever_it_was_placed() {
    let mut world = World::new(65);
    for it in 0..4 {
        world.view(&format!("v{it}"), "a", Link::default());
        world.command(Command::OpenSubscribe { leg: leg(&format!("v{it}")), space: space("b") });
    }
    let refused = world.events.iter().filter(|event| matches!(event, Event::Refused { .. })).count();
    assert_eq!(refused, 4);
    assert_eq!(world.stats().legs_subscribing, 4);
}
