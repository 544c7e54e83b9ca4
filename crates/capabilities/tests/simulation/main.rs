//! Hundreds of people in live rooms and in the groups that come about in them, while hosts visit each other, connections and
//! machines are lost, and everything takes its time. The machines are the real ones; see `world` for how they are wired.
//!
//! A seed decides everything. `HEARTH_SEEDS=100..400` tries those seeds instead of the usual ones.

mod actions;
mod clients;
mod dice;
mod quiet;
mod store;
mod watch;
mod world;

use hearth_capabilities::Standing;
use hearth_protocol::ids::{DeviceId, SpaceId};
use hearth_protocol::live_rooms::{About, Entry};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::clients::{Client, Person};
use crate::store::Room;
use crate::world::{Figures, World};

const ROOMS: usize = 6;
const PEOPLE: usize = 300;
/// The seeds of every run.
const SEEDS: Range<u64> = 0..12;
const ROUNDS: u64 = 8;

/// What must have come about in every run.
const REACHED: [&str; 24] = [
    "coming",
    "ended dissolved",
    "ended idle",
    "invitation_over accepted",
    "invitation_over declined",
    "invitation_over expired",
    "invitation_over left",
    "invitation_over withdrawn",
    "moved",
    "no already_in_group",
    "no storage",
    "removed departed",
    "removed removed",
    "visit begun: OnStage",
    "visit begun: Watching",
    "visit ended: BroadcastEnded",
    "visit ended: Gone",
    "visit ended: Host",
    "visit ended: Lost",
    "visit ended: Over",
    "visit invitation over: Accepted",
    "visit invitation over: Declined",
    "visit invitation over: Expired",
    "visit invitation over: Unavailable",
];

/// Everybody, and their rooms.
fn populated(seed: u64) -> World {
    let mut world = World::new(seed);
    for number in 0..PEOPLE {
        let standing = if number >= ROOMS && number % 9 == 0 { Standing::Guest } else { Standing::Account };
        let mut person = Person::new(&format!("p{number}"), standing);
        let room = SpaceId::parse(&format!("room_{}", number % ROOMS)).expect("well formed");
        if number < ROOMS {
            person.room = Some(room.clone());
            person.live = true;
            person.preferences.host_visits = true;
            // Two rooms admit nobody who has no account.
            let entry = if number % 3 == 2 { Entry::Accounts } else { Entry::Open };
            let about = About { entry, ..About::default() };
            let host = person.caller.profile.clone();
            world.store.rooms.insert(room.clone(), Room { host, about, broadcasts: 0, last_position: 0 });
        }
        person.home = Some(room);
        for device in 0..if number % 8 == 7 { 2 } else { 1 } {
            person.clients.push(world.clients.len());
            let device = DeviceId::parse(&format!("dev_p{number}_{device}")).expect("well formed");
            world.clients.push(Client::new(number, device, number % 2 == 0));
        }
        world.people.push(person);
    }
    world
}

fn simulate(seed: u64) -> Figures {
    let mut world = populated(seed);
    for client in 0..world.clients.len() {
        let soon = world.dice.below(5_000);
        world.intend(client, soon, crate::clients::Intent::Connect);
    }
    world.run_until(world.now.plus_ms(15_000));
    for round in 0..ROUNDS {
        world.crashes_every = if round % 2 == 1 { 2_500 } else { 0 };
        world.failures_every = 100;
        let ends = world.now.plus_ms(world.dice.between(60_000, 110_000));
        while world.now < ends {
            let pause = world.dice.below(160);
            world.run_until(world.now.plus_ms(pause));
            if world.dice.percent(25) { world.any_host_acts() } else { world.anybody_acts() }
        }
        (world.crashes_every, world.failures_every) = (0, 0);
        world.calms_down();
        world.check_quiet();
        // After a while hosts may ask again.
        if round % 3 == 2 {
            world.run_until(world.now.plus_ms(35 * 60_000));
            world.calms_down();
            world.check_quiet();
        }
    }
    world.comes_to_an_end();
    world.figures
}

fn seeds() -> Range<u64> {
    let Some(wanted) = std::env::var_os("HEARTH_SEEDS") else { return SEEDS };
    let wanted = wanted.into_string().expect("HEARTH_SEEDS is text");
    let (from, to) = wanted.split_once("..").expect("HEARTH_SEEDS=FROM..TO");
    from.parse().expect("a number")..to.parse().expect("a number")
}

#[test]
fn hundreds_of_people_are_always_where_they_belong() {
    let mut all = Figures::default();
    for seed in seeds() {
        let outcome = catch_unwind(AssertUnwindSafe(|| simulate(seed)));
        let again = format!("HEARTH_SEEDS={seed}..{} cargo test -p hearth-capabilities --test simulation", seed + 1);
        let figures = outcome.unwrap_or_else(|_| panic!("seed {seed} does not hold; again: {again}"));
        all.add(figures);
    }
    say(&all);
    // A simulation that reaches little proves little.
    for kind in REACHED {
        assert!(all.reached.contains_key(kind), "nothing came to {kind}: {:?}", all.reached);
    }
    assert!(all.most_here >= 60, "only {} in one room", all.most_here);
    assert!(all.crashes >= 5, "only {} crashes", all.crashes);
}

#[expect(clippy::disallowed_macros, reason = "a test may say what it did")]
fn say(figures: &Figures) {
    eprintln!("{figures:#?}");
}
