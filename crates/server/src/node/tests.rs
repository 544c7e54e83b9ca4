//! A node of its own for a test.

use super::Node;
use crate::config::Config;
use std::path::PathBuf;
use std::sync::Arc;

/// A node that listens nowhere, and its folder, which the test removes.
pub async fn node() -> (Arc<Node>, PathBuf) {
    let data = std::env::temp_dir().join(format!("hearth-node-{}", crate::fresh::suffix()));
    std::fs::create_dir_all(&data).unwrap();
    let mut config = Config { data: data.clone(), ..Config::default() };
    config.listen.set_port(0);
    (Node::start(config).await.unwrap(), data)
}
