//! Replays what fuzzing starts from, and what it found, through what reads the texts of encoders and players.

use hearth_server::http::whip::{fragment, sdp};
use std::path::Path;

#[test]
fn texts_of_encoders_and_players() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/http_texts");
    let (mut offers, mut fragments, mut refused) = (0, 0, 0);
    for file in std::fs::read_dir(&folder).expect("a corpus") {
        let path = file.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a readable text");
        let (offer, fragment) = (sdp::read(&text), fragment::read(&text));
        refused += usize::from(offer.is_err() && fragment.is_err());
        offers += usize::from(offer.is_ok());
        if let Ok(fragment) = fragment {
            fragments += 1;
            assert!(fragment.candidates.len() <= fragment::CANDIDATES_MAX, "{}", path.display());
        }
    }
    assert!(offers >= 2 && fragments >= 2 && refused >= 4, "the corpus reaches little: {offers} {fragments} {refused}");
}
