//! Replays what fuzzing starts from, and what it found, through the functions that it calls.

use hearth_sfu::trial;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

fn replay(target: &str, least: usize, play: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut played = 0;
    for file in std::fs::read_dir(&folder).expect("a corpus") {
        let path = file.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("a readable file");
        assert!(catch_unwind(AssertUnwindSafe(|| play(&bytes))).is_ok(), "{} does not hold", path.display());
        played += 1;
    }
    assert!(played >= least, "only {played} files in {}", folder.display());
}

#[test]
fn session_descriptions_of_strangers() {
    replay("session_description", 8, trial::session_description);
}

#[test]
fn datagrams_of_strangers() {
    replay("datagrams", 4, trial::datagrams);
}

#[test]
fn reports_of_viewers() {
    replay("reports", 5, trial::reports);
}

#[test]
fn frames_of_ice_over_tcp() {
    replay("tcp_frames", 4, trial::tcp_frames);
}

#[test]
fn payloads_of_publishers() {
    replay("payload", 6, trial::payload);
}

#[test]
fn layers_inside_an_encoding() {
    replay("scaling", 4, trial::scaling);
}

#[test]
fn frames_in_packets() {
    replay("depacketize", 6, trial::depacketize);
}

#[test]
fn frames_that_are_fed() {
    replay("feed", 4, trial::feed);
}

#[test]
fn packets_of_tapped_legs() {
    replay("tap", 4, trial::tap);
}
