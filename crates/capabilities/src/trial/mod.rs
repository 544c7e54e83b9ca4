//! What must hold, whatever comes in.
//!
//! Bytes become inputs of a space ([`inputs`]), and a [`Watch`] looks at everything the machine wants done.
//! Property tests and fuzzing call the same functions; each panics where something does not hold.

mod group_inputs;
mod group_watch;
mod inputs;
mod visit_inputs;
mod visit_watch;
mod watch;

pub use visit_inputs::host_facts;

use hearth_protocol::ClientFrame;
use std::collections::BTreeSet;

use crate::effect::Timer;
use crate::input::{Input, Time};
use crate::scenario::{parse, usual_record, write_effect, write_input, write_record};
use crate::space::{Record, Space};
use inputs::Source;
use watch::Watch;

/// Inputs of one trial: enough for every state, few enough to try many.
const INPUTS_MAX: usize = 600;

/// Plays what the bytes say, and watches. Gives the kinds of events, outcomes, refusals and states that came about.
pub fn space_inputs(bytes: &[u8]) -> BTreeSet<String> {
    play(Source::new(bytes), usual_record(), Vec::new())
}

/// The same in a live room whose host asks others for visits, is asked, visits and is visited.
///
/// # Panics
/// Where something does not hold.
pub fn visit_inputs(bytes: &[u8]) -> BTreeSet<String> {
    let mut source = Source::in_visits(bytes);
    let first = source.goes_live();
    play(source, usual_record(), first)
}

/// The same in a discussion group of some of those people.
///
/// # Panics
/// Where something does not hold.
pub fn group_inputs(bytes: &[u8]) -> BTreeSet<String> {
    play(Source::new(bytes), parse(GROUP).expect("the group is well formed").record, Vec::new())
}

/// A group in which nothing has happened yet.
const GROUP: &str = r#"record id="group_1" host="~ana" group={"members":[{"profile":"~ana","since_ms":0},{"profile":"~bo","since_ms":1},{"profile":"~cy","since_ms":2},{"profile":"~guest:gil","since_ms":3}],"content":{"kind":"live_room","room":"room_ana","host":"~ana","title":""},"room":"room_ana","since_ms":0}"#;

fn play(mut source: Source<'_>, record: Record, first: Vec<Input>) -> BTreeSet<String> {
    let mut watch = Watch::new(record.id.clone());
    let (mut space, effects) = Space::open(Time(0), record);
    watch.effects(&effects);
    let mut now = Time(0);
    for input in first {
        step(&mut space, &mut watch, now, input);
    }
    for _ in 0..INPUTS_MAX {
        let Some((at, input)) = source.next(now, &watch) else { break };
        now = at;
        step(&mut space, &mut watch, now, input);
    }
    settle(&mut space, &mut watch, now);
    watch.nobody_waits();
    watch.reached
}

fn step(space: &mut Space, watch: &mut Watch, now: Time, input: Input) {
    watch.input(&input);
    let effects = space.handle(now, input);
    watch.effects(&effects);
}

/// Everything is stored, and every engine and every room that does not answer is given up.
fn settle(space: &mut Space, watch: &mut Watch, mut now: Time) {
    while let Some(write) = watch.writes.first().copied() {
        let place = watch.place_of(write);
        step(space, watch, now, Input::Stored { write, result: Ok(place) });
    }
    let unanswered = |timer: &Timer| matches!(timer, Timer::MediaUnanswered(_) | Timer::VisitUnconfirmed(_));
    while let Some((timer, at)) = watch.timers.iter().find(|(timer, _)| unanswered(timer)) {
        let timer = timer.clone();
        now = now.max(*at);
        step(space, watch, now, Input::Timer { timer });
    }
}

/// Reads a frame as a client may send it; what can be read can be written and read again.
pub fn client_frame(bytes: &[u8]) {
    let Ok(frame) = serde_json::from_slice::<ClientFrame>(bytes) else { return };
    let written = serde_json::to_string(&frame).expect("a frame can be written");
    let again: ClientFrame = serde_json::from_str(&written).expect("what was written can be read");
    match (&frame, &again) {
        // A number with a fraction may come back as its neighbour.
        (ClientFrame::Ping { .. }, ClientFrame::Ping { .. }) => {}
        _ => assert_eq!(frame, again),
    }
}

/// Reads a scenario; what can be read can be played, and its inputs can be written and read again.
pub fn scenario_text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(scenario) = parse(text) else { return };
    let (mut space, effects) = Space::open(scenario.opened, scenario.record.clone());
    let mut written = write_record(&scenario.record);
    for effect in &effects {
        let _ = write_effect(effect);
    }
    for step in &scenario.steps {
        written.push('\n');
        written.push_str(&write_input(step.at, &step.input));
        for effect in space.handle(step.at, step.input.clone()) {
            let _ = write_effect(&effect);
        }
    }
    let again = parse(&written).unwrap_or_else(|error| panic!("{error}\n{written}"));
    assert_eq!(scenario.record, again.record);
    for (first, second) in scenario.steps.iter().zip(&again.steps) {
        assert_eq!((first.at, &first.input), (second.at, &second.input));
    }
    assert_eq!(scenario.steps.len(), again.steps.len());
}
