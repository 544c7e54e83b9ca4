//! How media is published and watched in Janus' videoroom.

use super::api::{Handle, Session};
use crate::failure::{Failure, Result};
use crate::forwarder::{Forwarder, Watcher};
use crate::media::publishing::PublishOffer;
use serde_json::{Value, json};
use std::net::SocketAddr;

const ROOM: u64 = 1;
const FEED: u64 = 1;

/// A room of Janus.
pub struct JanusRoom {
    session: Session,
    publisher: Handle,
}

impl JanusRoom {
    /// Makes a room and joins it as its publisher.
    pub async fn enter(address: SocketAddr) -> Result<Self> {
        let session = Session::create(address).await?;
        let publisher = session.attach().await?;
        let create = json!({
            "request": "create", "room": ROOM, "publishers": 1, "bitrate": 0, "videocodec": "vp8", "audiocodec": "opus",
            "transport_wide_cc_ext": true, "notify_joining": false, "permanent": false,
        });
        publisher.ask(create, None).await?;
        publisher.ask(json!({ "request": "join", "ptype": "publisher", "room": ROOM, "id": FEED }), None).await?;
        Ok(Self { session, publisher })
    }
}

impl Forwarder for JanusRoom {
    type Watcher = JanusWatcher;

    async fn publish(&mut self, offer: PublishOffer) -> Result<String> {
        let jsep = json!({ "type": "offer", "sdp": offer.sdp });
        let event = self.publisher.ask(json!({ "request": "publish" }), Some(jsep)).await?;
        sdp_in(&event)
    }

    async fn add_viewer(&mut self) -> Result<JanusWatcher> {
        Ok(JanusWatcher { handle: self.session.attach().await? })
    }

    async fn end(&mut self) -> Result<()> {
        self.publisher.ask(json!({ "request": "unpublish" }), None).await.map(drop)
    }
}

/// A subscriber of the room.
pub struct JanusWatcher {
    handle: Handle,
}

impl Watcher for JanusWatcher {
    async fn watch(&mut self) -> Result<String> {
        let join = json!({ "request": "join", "ptype": "subscriber", "room": ROOM, "streams": [{ "feed": FEED }] });
        sdp_in(&self.handle.ask(join, None).await?)
    }

    async fn answer(&mut self, sdp: String) -> Result<()> {
        let jsep = json!({ "type": "answer", "sdp": sdp });
        self.handle.ask(json!({ "request": "start" }), Some(jsep)).await.map(drop)
    }

    async fn next_offer(&mut self) -> Result<String> {
        // One publisher that stays as it is: Janus makes no further offer.
        std::future::pending().await
    }
}

fn sdp_in(event: &Value) -> Result<String> {
    event["jsep"]["sdp"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| Failure::Janus(format!("no session description in {event}")))
}
