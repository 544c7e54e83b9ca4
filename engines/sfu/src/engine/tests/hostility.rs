//! Viewers with keys of their own who say what no client would.

use std::sync::Arc;

use super::world::{Link, World, config};
use crate::sending;

/// In whose name it speaks, beside the client's own.
const SPEAKS_AS: u32 = 0xe0e0_e0e0;
const FOREIGN: u32 = 0x0bad_cafe;
const MEDIA_BPS: u64 = 800_000;

struct Enemy {
    viewer: usize,
    publisher: usize,
    /// Of the video it gets.
    ssrc: u32,
    last: u16,
    seal: Box<dyn FnMut(Vec<u8>) -> Vec<u8>>,
}

fn packet(kind: u8, format: u8, ssrc: u32, control: &[u8]) -> Vec<u8> {
    let [high, low] = ((8 + control.len()) as u16 / 4).to_be_bytes();
    let mut packet = vec![0x80 | format, kind, high, low];
    packet.extend(SPEAKS_AS.to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend(control);
    packet
}

fn pli(ssrc: u32) -> Vec<u8> {
    packet(206, 1, ssrc, &[])
}

fn fir(ssrc: u32, number: u8) -> Vec<u8> {
    packet(206, 4, 0, &[&ssrc.to_be_bytes()[..], &[number, 0, 0, 0]].concat())
}

fn remb(value: u32) -> Vec<u8> {
    packet(206, 15, 0, &[&b"REMB"[..], &(1 << 24 | value).to_be_bytes(), &[0; 4]].concat())
}

/// All of the last 512.
fn nack(ssrc: u32, last: u16) -> Vec<u8> {
    let entries = (0..512u16).step_by(17).flat_map(|back| {
        let [high, low] = last.wrapping_sub(back + 16).to_be_bytes();
        [high, low, 0xff, 0xff]
    });
    packet(205, 1, ssrc, &entries.collect::<Vec<u8>>())
}

impl Enemy {
    fn new(world: &mut World) -> Enemy {
        let publisher = world.publish("host", "a", &[MEDIA_BPS]);
        let listens = config(true).set_crypto_provider(Arc::new(sending::listening()));
        let viewer = world.view_with("enemy", "a", Link::default(), listens);
        world.until(1_000, "first frame", |world| !world.clients[viewer].video().is_empty());
        world.run(3_000);
        let client = &mut world.clients[viewer];
        let seal = Box::new(sending::sealing(&client.overheard));
        let (mid, last) = client.video().last().map(|seen| (seen.mid, seen.sequence as u16)).unwrap();
        let ssrc = *client.rtc.direct_api().stream_rx_by_mid(mid, None).unwrap().ssrc();
        Enemy { viewer, publisher, ssrc, last, seal }
    }

    fn say(&mut self, world: &mut World, compound: Vec<u8>) {
        let sealed = (self.seal)(compound);
        world.say(self.viewer, &sealed);
    }

    /// It and the server go on as if nothing had been said.
    fn assert_unharmed(&self, world: &mut World) {
        let before = world.clients[self.viewer].video().len();
        world.run(1_000);
        assert!(world.clients[self.viewer].video().len() > before + 60);
        assert_eq!(world.stats().leg_faults, 0);
    }
}

#[test]
fn wishes_for_key_frames_are_passed_on_together_and_not_too_often() {
    let mut world = World::new(41);
    let mut enemy = Enemy::new(&mut world);
    let asked = world.clients[enemy.publisher].key_frames_asked;
    let ssrc = enemy.ssrc;
    enemy.say(&mut world, [pli(ssrc), fir(ssrc, 1)].concat());
    world.run(200);
    assert_eq!(world.clients[enemy.publisher].key_frames_asked, asked + 1);
    world.run(2_000);
    let asked = world.clients[enemy.publisher].key_frames_asked;
    for number in 0..1_000u32 {
        let wish = if number % 2 == 0 { pli(ssrc) } else { fir(ssrc, number as u8) };
        enemy.say(&mut world, wish);
        world.run(1);
    }
    let more = world.clients[enemy.publisher].key_frames_asked - asked;
    assert!((1..=5).contains(&more), "{more}");
    enemy.assert_unharmed(&mut world);
}

#[test]
fn who_asks_for_everything_again_gets_it_once_more_at_most() {
    let mut world = World::new(42);
    let mut enemy = Enemy::new(&mut world);
    let mut before = 0;
    // What it lost before, as far as anybody knows, it may have first.
    for turn in 0..2_000 {
        if turn == 1_000 {
            before = world.sent_to(enemy.viewer);
        }
        let last = world.clients[enemy.viewer].video().last().unwrap().sequence as u16;
        let all = nack(enemy.ssrc, last);
        enemy.say(&mut world, all);
        world.run(5);
    }
    let bps = (world.sent_to(enemy.viewer) - before) * 8 / 5;
    assert!(bps < 3 * MEDIA_BPS, "{bps}");
    enemy.assert_unharmed(&mut world);
}

#[test]
fn what_is_said_of_streams_that_are_not_theirs_does_nothing() {
    let mut world = World::new(43);
    let mut enemy = Enemy::new(&mut world);
    let asked = world.clients[enemy.publisher].key_frames_asked;
    let (before, last) = (world.sent_to(enemy.viewer), enemy.last);
    for _ in 0..100 {
        enemy.say(&mut world, nack(FOREIGN, last));
        enemy.say(&mut world, [pli(FOREIGN), fir(FOREIGN, 1)].concat());
        world.run(10);
    }
    let bps = (world.sent_to(enemy.viewer) - before) * 8;
    assert!(bps < MEDIA_BPS * 3 / 2, "{bps}");
    assert_eq!(world.clients[enemy.publisher].key_frames_asked, asked);
    enemy.assert_unharmed(&mut world);
}

#[test]
fn figures_beyond_all_bounds_are_borne() {
    let mut world = World::new(44);
    let mut enemy = Enemy::new(&mut world);
    for round in 0..200u32 {
        for value in [0, 63 << 18, 63 << 18 | 1, 63 << 18 | 0x3_ffff] {
            enemy.say(&mut world, remb(value));
        }
        // Of 65,535 packets, and of 4,096 that all came a quarter of a second apart.
        let reference = (round as u8).wrapping_mul(85);
        let base = (round * 4_096) as u16;
        let [high, low] = base.to_be_bytes();
        let mut far = vec![high, low, 0xff, 0xff, reference, 0, 0, round as u8];
        far.extend([0x3f, 0xff].repeat(8));
        enemy.say(&mut world, packet(205, 15, 0, &far));
        let mut near = vec![high, low, 2, 0, reference, 0xff, 0xff, round as u8];
        near.extend([0x42, 0x00]);
        near.extend([0x7f, 0xff].repeat(512));
        near.resize(near.len().next_multiple_of(4), 0);
        enemy.say(&mut world, packet(205, 15, 0, &near));
        world.run(5);
        assert!((30_000..=100_000_000).contains(&world.estimate_bps("enemy")));
    }
    enemy.assert_unharmed(&mut world);
}
