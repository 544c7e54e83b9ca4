//! Forgetting: guests who were not seen for long, and sessions that have run out; and waking groups that nobody looks after.

use hearth_store::Store;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::interval;

use crate::node::{Node, groups};
use crate::{clock, films};

/// How often. What has run out opens nothing in the meantime: this only gives its place back.
const EVERY: Duration = Duration::from_secs(3_600);

/// Sweeps at once and then every hour, until the server stops.
pub async fn keep_sweeping(node: Arc<Node>, mut stopping: watch::Receiver<bool>) {
    let mut hours = interval(EVERY);
    loop {
        tokio::select! {
            _ = stopping.changed() => return,
            _ = hours.tick() => {}
        }
        if let Err(error) = sweep(node.store(), clock::now().0).await {
            tracing::warn!(%error, "what has run out could not be forgotten; it is tried again in an hour");
        }
        films::uploads::sweep(&node).await;
        films::conversions::say_what_waits(&node).await;
        films::images::sweep(&node).await;
        films::shelf::sweep(&node).await;
        if let Err(error) = groups::wake_all(&node).await {
            tracing::warn!(%error, "groups could not be looked after; it is tried again in an hour");
        }
    }
}

/// Forgets what has run out by a time, in milliseconds since the Unix epoch.
pub async fn sweep(store: &Store, now_ms: u64) -> Result<(), hearth_store::Error> {
    let guests = store.accounts().sweep_guests(now_ms).await?;
    let devices = store.devices().sweep(now_ms).await?;
    if guests + devices > 0 {
        tracing::info!(guests, devices, "forgot what had run out");
    }
    Ok(())
}
