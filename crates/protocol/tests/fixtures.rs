//! The frames in `fixtures/wire` are frames here too: what the web app's tests are fed is what a server says.

use hearth_protocol::{ClientFrame, ServerFrame};
use serde::{Serialize, de::DeserializeOwned};
use std::path::Path;

/// Reads every file of the folder as a `Frame` and writes it again, and counts them.
fn read_again<Frame: Serialize + DeserializeOwned>(folder: &str) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/wire").join(folder);
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let written: serde_json::Value = serde_json::from_str(&text).unwrap();
        let frame: Frame = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(serde_json::to_value(&frame).unwrap(), written, "{}", path.display());
        count += 1;
    }
    count
}

#[test]
fn every_client_fixture_is_a_client_frame() {
    assert!(read_again::<ClientFrame>("client") > 0);
}

#[test]
fn every_server_fixture_is_a_server_frame() {
    assert!(read_again::<ServerFrame>("server") > 0);
}
