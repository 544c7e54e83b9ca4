//! What each space sends and receives is told in time, with the right figures, and once more when nothing is left of it.

use super::world::{Link, World, leg, space};
use crate::{Command, Event, HEALTH_EVERY_MS, Hears, Traffic};

/// What was told of a space since this was last asked.
fn told(world: &mut World, of: &str) -> Vec<Traffic> {
    let of = space(of);
    let figures = world.events.iter().filter_map(|event| match event {
        Event::Traffic { space, traffic } if *space == of => Some(*traffic),
        _ => None,
    });
    let figures = figures.collect();
    world.events.clear();
    figures
}

/// Whether a rate in bits a second is that of a picture, with its sound, headers and feedback, and not of two.
fn about(bps: u64, sent_bps: u64) -> bool {
    (sent_bps..sent_bps * 3 / 2).contains(&bps)
}

#[test]
fn every_space_is_told_of_in_time_with_its_publishers_and_viewers() {
    let mut world = World::new(71);
    world.publish("ana", "a", &[600_000]);
    world.publish("bo", "b", &[300_000]);
    world.until(500, "publishers connected", |world| world.connected("ana") && world.connected("bo"));
    for name in ["one", "two"] {
        world.view(name, "a", Link::default());
    }
    world.view("three", "b", Link::default());
    // Who hears nobody is no viewer, and neither is who never answered.
    world.view("deaf", "b", Link::default());
    world.command(Command::Route { leg: leg("deaf"), generation: 2, hears: Hears::Nobody });
    world.command(Command::OpenSubscribe { leg: leg("absent"), space: space("b") });
    world.run(2 * HEALTH_EVERY_MS);
    world.events.clear();

    world.run(5 * HEALTH_EVERY_MS);
    let events = world.events.clone();
    let of_a = told(&mut world, "a");
    world.events = events;
    let of_b = told(&mut world, "b");
    assert_eq!((of_a.len(), of_b.len()), (5, 5), "once in each interval");
    for traffic in &of_a {
        assert_eq!((traffic.publishers, traffic.viewers), (1, 2));
        assert!(about(traffic.in_bps, 600_000), "{traffic:?}");
        assert!(about(traffic.out_bps, 2 * 600_000), "{traffic:?}");
    }
    for traffic in &of_b {
        assert_eq!((traffic.publishers, traffic.viewers), (1, 1));
        assert!(about(traffic.in_bps, 300_000) && about(traffic.out_bps, 300_000), "{traffic:?}");
    }
}

#[test]
fn a_space_that_nothing_is_left_of_is_told_of_once_as_nothing() {
    let mut world = World::new(72);
    world.publish("ana", "a", &[600_000]);
    world.until(500, "publisher connected", |world| world.connected("ana"));
    world.view("one", "a", Link::default());
    world.view("two", "a", Link::default());
    world.run(3 * HEALTH_EVERY_MS);
    assert_eq!(told(&mut world, "a").last().map(|traffic| traffic.viewers), Some(2));

    // A viewer less, then the publisher: it is still told of, with what is left.
    world.command(Command::Close { leg: leg("two") });
    world.run(2 * HEALTH_EVERY_MS);
    assert_eq!(told(&mut world, "a").last().map(|traffic| (traffic.publishers, traffic.viewers)), Some((1, 1)));
    world.command(Command::Close { leg: leg("ana") });
    world.run(2 * HEALTH_EVERY_MS);
    let left = told(&mut world, "a");
    assert_eq!(left.last().map(|traffic| (traffic.publishers, traffic.viewers)), Some((0, 0)), "{left:?}");

    world.command(Command::Close { leg: leg("one") });
    assert_eq!(told(&mut world, "a"), [Traffic::default()], "at once");
    world.run(5 * HEALTH_EVERY_MS);
    assert_eq!(told(&mut world, "a"), [], "and no more");

    // A space of the same name is a new one, and counted anew.
    world.publish("bo", "a", &[600_000]);
    world.run(2 * HEALTH_EVERY_MS);
    assert_eq!(told(&mut world, "a").last().map(|traffic| traffic.publishers), Some(1));
    world.command(Command::CloseSpace { space: space("a") });
    assert_eq!(told(&mut world, "a"), [Traffic::default()]);
}
