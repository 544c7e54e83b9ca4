//! What must hold of a space, tried with inputs in any order; see `hearth_capabilities::trial`.

use hearth_capabilities::trial;
use proptest::prelude::*;
use std::collections::BTreeSet;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_space_keeps_its_promises_whatever_comes_in(bytes in proptest::collection::vec(any::<u8>(), 0..3_000)) {
        trial::space_inputs(&bytes);
    }

    #[test]
    fn a_group_keeps_its_promises_whatever_comes_in(bytes in proptest::collection::vec(any::<u8>(), 0..3_000)) {
        trial::group_inputs(&bytes);
    }

    #[test]
    fn a_room_in_visits_keeps_its_promises_whatever_comes_in(bytes in proptest::collection::vec(any::<u8>(), 0..3_000)) {
        trial::visit_inputs(&bytes);
    }

    #[test]
    fn scenario_text_of_any_kind_is_read_or_refused(text in "(record( [a-z_]{1,9}=[0-9\"\\[{a-z]{0,9})?\n)?(@[0-9]{1,3}(s|ms) [a-z]{1,4}(#[0-9])?:? ?(join|leave|watch|stop)( [a-z]{1,6}=(\"~?[a-z]{0,5}\"|[0-9]{1,3}))?\n){0,6}") {
        trial::scenario_text(text.as_bytes());
    }

    #[test]
    fn a_client_frame_is_read_or_refused(text in "\\{\"type\":\"(hello|command|person|ping)\",\"(id|version|t0_ms)\":[0-9]{1,12}(\\.[0-9]{1,3})?(,\"[a-z]{1,7}\":(\"[a-z_]{0,9}\"|null|[0-9]{1,4}|\\{\"kind\":\"[a-z_]{1,9}\"\\})){0,4}\\}") {
        trial::client_frame(text.as_bytes());
    }
}

/// Everything that many trials come to.
fn reached_by(trial: fn(&[u8]) -> BTreeSet<String>) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut state = 1_u64;
    for _ in 0..400 {
        let bytes: Vec<u8> = (0..3_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            })
            .collect();
        reached.extend(trial(&bytes));
    }
    reached
}

/// A trial that reaches little proves little.
#[test]
fn trials_reach_every_state_and_event_of_a_group() {
    let reached = reached_by(trial::group_inputs);
    for kind in [
        "joined",
        "replayed",
        "snapshot",
        "message",
        "group",
        "moved",
        "removed",
        "ended",
        "publishing",
        "watching",
        "stage",
        "together",
        "on_stage",
        "leg_closed",
        "muted",
        "not_found",
        "forbidden",
        "storage",
        "busy",
    ] {
        assert!(reached.contains(kind), "no trial came to {kind}: {reached:?}");
    }
}

/// A trial that reaches little proves little.
#[test]
fn trials_reach_every_state_and_event_of_a_live_room() {
    let reached = reached_by(trial::space_inputs);
    for kind in [
        "suggestions",
        "invited",
        "invitation",
        "invitation_over",
        "request",
        "yours",
        "group_joined",
        "groups",
        "already_in_group",
        "invitation_over",
        "nobody_invited",
        "joined",
        "replayed",
        "snapshot",
        "sent",
        "message",
        "message_deleted",
        "slow_mode",
        "you",
        "user_removed",
        "removed",
        "about",
        "audience",
        "members",
        "sanctions",
        "publishing",
        "watching",
        "connecting",
        "on_air",
        "interrupted",
        "off",
        "stage",
        "active_speaker",
        "offer",
        "mapped",
        "layer",
        "leg_closed",
        "health",
        "your_stage",
        "hand_up",
        "asked",
        "on_stage",
        "together",
        "stage_requests",
        "stage_answer",
        "recording",
        "reported",
        "playing",
        "restarted",
        "banned",
        "muted",
        "not_found",
        "forbidden",
        "already_joined",
        "not_joined",
        "already_publishing",
        "not_live",
        "media_refused",
        "storage",
        "busy",
        "invalid",
    ] {
        assert!(reached.contains(kind), "no trial came to {kind}: {reached:?}");
    }
}

/// A trial that reaches little proves little.
#[test]
fn trials_reach_every_state_and_event_of_a_visit() {
    let reached = reached_by(trial::visit_inputs);
    for kind in [
        "visit",
        "coming",
        "ended",
        "saving",
        "request",
        "visit_requested",
        "visit_candidates",
        "nobody_invited",
        "invitation_over",
        "limit",
        "paused",
        "on_air",
        "interrupted",
        "off",
        "on_stage",
        "together",
        "removed",
        "snapshot",
        "replayed",
        "not_live",
        "not_found",
        "forbidden",
        "storage",
    ] {
        assert!(reached.contains(kind), "no trial came to {kind}: {reached:?}");
    }
}

#[test]
fn every_committed_scenario_can_be_read_written_and_read_again() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut read = 0;
    for subject in std::fs::read_dir(root).expect("the folder of scenarios") {
        for file in std::fs::read_dir(subject.expect("an entry").path()).expect("a folder for each subject") {
            trial::scenario_text(&std::fs::read(file.expect("an entry").path()).expect("a readable file"));
            read += 1;
        }
    }
    assert!(read >= 25);
}
