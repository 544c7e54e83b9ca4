//! Replays what fuzzing starts from, and what it found, through the functions that it calls.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use hearth_ingest::trial;

#[test]
fn chunks_of_encoders_and_strangers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/rtmp");
    let mut played = 0;
    for file in std::fs::read_dir(&folder).expect("a corpus") {
        let path = file.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("a readable file");
        assert!(catch_unwind(AssertUnwindSafe(|| trial::chunks(&bytes))).is_ok(), "{} does not hold", path.display());
        played += 1;
    }
    assert!(played >= 5, "only {played} files in {}", folder.display());
}
