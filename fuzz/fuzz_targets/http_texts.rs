#![no_main]
//! What encoders and players say over HTTP: offers, and fragments of trickle ICE.

#[path = "../../crates/server/src/http/whip/fragment.rs"]
#[allow(dead_code)]
mod fragment;
#[path = "../../crates/server/src/http/whip/sdp.rs"]
#[allow(dead_code)]
mod sdp;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = sdp::read(text);
    if let Ok(fragment) = fragment::read(text) {
        assert!(fragment.candidates.len() <= fragment::CANDIDATES_MAX);
    }
});
