//! Whoever follows a host hears that a broadcast began.

use hearth_capabilities::{Tell, Time};
use hearth_protocol::ids::SpaceId;
use hearth_protocol::live_rooms::About;
use hearth_protocol::people::Profile;
use std::sync::Arc;

use crate::node::Node;

/// Followers that are read at once.
const FOLLOWERS_AT_ONCE: usize = 500;

/// Tells the followers that are awake. Others see it on the front page when they come.
pub fn announce(node: &Arc<Node>, space: SpaceId, host: Profile, about: About, since: Time) {
    let node = node.clone();
    tokio::spawn(async move {
        let mut after = None;
        loop {
            let followers = match node.store().follows().followers(&host.id, after.as_ref(), FOLLOWERS_AT_ONCE).await {
                Ok(followers) => followers,
                Err(error) => {
                    tracing::warn!(%space, %error, "the followers of a host could not be read");
                    return;
                }
            };
            for follower in &followers {
                let (space, host, about) = (space.clone(), host.clone(), about.clone());
                node.tell(follower, Tell::WentLive { space, host, about, since });
            }
            match followers.last() {
                Some(last) if followers.len() == FOLLOWERS_AT_ONCE => after = Some(last.clone()),
                _ => return,
            }
        }
    });
}
