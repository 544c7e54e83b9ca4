//! Replays what fuzzing starts from, and what it found, through the functions that it calls.

use hearth_capabilities::trial;
use std::path::Path;

fn replay(target: &str, least: usize, mut play: impl FnMut(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut played = 0;
    for file in std::fs::read_dir(&folder).expect("a corpus") {
        let path = file.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("a readable file");
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| play(&bytes)));
        assert!(outcome.is_ok(), "{} does not hold", path.display());
        played += 1;
    }
    assert!(played >= least, "only {played} files in {}", folder.display());
}

#[test]
fn frames_of_strangers() {
    replay("client_frame", 15, trial::client_frame);
}

#[test]
fn scenarios_as_crashes_leave_them() {
    replay("scenario_text", 8, trial::scenario_text);
}

#[test]
fn live_rooms_with_anything_in_any_order() {
    let mut reached = 0;
    replay("space_inputs", 12, |bytes| reached = reached.max(trial::space_inputs(bytes).len()));
    assert!(reached > 20, "the corpus reaches little: {reached}");
}

#[test]
fn groups_with_anything_in_any_order() {
    let mut reached = 0;
    replay("group_inputs", 8, |bytes| reached = reached.max(trial::group_inputs(bytes).len()));
    assert!(reached > 15, "the corpus reaches little: {reached}");
}

#[test]
fn rooms_in_visits_with_anything_in_any_order() {
    let mut reached = 0;
    replay("visit_inputs", 8, |bytes| reached = reached.max(trial::visit_inputs(bytes).len()));
    assert!(reached > 20, "the corpus reaches little: {reached}");
}
