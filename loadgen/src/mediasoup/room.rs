//! How media is published and watched in a router of mediasoup.

use super::process::{Calls, Mediasoup};
use super::sdp::{self, Stream, Transport};
use crate::failure::{Failure, Result};
use crate::forwarder::{Forwarder, Watcher};
use crate::media::publishing::PublishOffer;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A router of mediasoup.
pub struct MediasoupRoom {
    calls: Calls,
}

/// What mediasoup says to who wants to watch.
#[derive(Deserialize)]
struct Watching {
    viewer: u64,
    transport: Transport,
    streams: Vec<Stream>,
}

impl MediasoupRoom {
    /// The one router that a mediasoup has.
    pub fn enter(mediasoup: &Mediasoup) -> Self {
        Self { calls: mediasoup.calls() }
    }
}

impl Forwarder for MediasoupRoom {
    type Watcher = MediasoupWatcher;

    async fn publish(&mut self, offer: PublishOffer) -> Result<String> {
        let published =
            json!({ "dtlsParameters": sdp::dtls_parameters(&offer.sdp)?, "streams": sdp::streams(&offer.sdp)? });
        let transport: Transport = understood(self.calls.ask("publish", published).await?)?;
        sdp::answer(&offer.sdp, &transport)
    }

    async fn add_viewer(&mut self) -> Result<MediasoupWatcher> {
        Ok(MediasoupWatcher { calls: self.calls.clone(), viewer: None })
    }

    async fn end(&mut self) -> Result<()> {
        self.calls.ask("end", Value::Null).await.map(drop)
    }
}

/// A transport with a consumer of each stream.
pub struct MediasoupWatcher {
    calls: Calls,
    viewer: Option<u64>,
}

impl Watcher for MediasoupWatcher {
    async fn watch(&mut self) -> Result<String> {
        let watching: Watching = understood(self.calls.ask("watch", Value::Null).await?)?;
        self.viewer = Some(watching.viewer);
        sdp::offer(&watching.transport, &watching.streams)
    }

    async fn answer(&mut self, sdp: String) -> Result<()> {
        let answer = json!({ "viewer": self.viewer, "dtlsParameters": sdp::dtls_parameters(&sdp)? });
        self.calls.ask("answer", answer).await.map(drop)
    }

    async fn next_offer(&mut self) -> Result<String> {
        // One publisher that stays as it is: there is nothing further to consume.
        std::future::pending().await
    }
}

fn understood<T: DeserializeOwned>(answer: Value) -> Result<T> {
    T::deserialize(&answer).map_err(|error| Failure::Mediasoup(format!("{error} in {answer}")))
}
