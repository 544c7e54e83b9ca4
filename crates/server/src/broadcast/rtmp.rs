//! Encoders over RTMP: whose they are, and where their media goes.

use hearth_capabilities::space::Space;
use hearth_capabilities::{Ingest, Input};
use hearth_ingest::{Hooks, Publish, Refusal, Sink};
use hearth_protocol::media::Source;
use hearth_protocol::{Outcome, Rejection};
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use tokio::net::TcpListener;

use super::feed;
use crate::fresh;
use crate::listen::counted_address;
use crate::node::Node;
use crate::node::request::ReplyTo;

/// What asks the node about encoders.
pub struct Encoders(Weak<Node>);

/// Listens for encoders. A port that is taken keeps the server from nothing else.
pub async fn listen(node: &Arc<Node>, address: SocketAddr) -> Option<(SocketAddr, tokio::task::JoinHandle<()>)> {
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(%address, %error, "no encoder can send by RTMP: set another port in [rtmp], or 0");
            return None;
        }
    };
    let address = listener.local_addr().unwrap_or(address);
    let server = hearth_ingest::Server::new(hearth_ingest::Limits::default(), Encoders(Arc::downgrade(node)));
    Some((address, tokio::spawn(hearth_ingest::serve(listener, server))))
}

impl Hooks for Encoders {
    async fn publish(&self, publish: Publish) -> Result<Sink, Refusal> {
        let node = self.0.upgrade().ok_or(Refusal::Stopping)?;
        let from = counted_address(publish.from.ip());
        let opened = node.stream_keys().open(node.store(), from, &publish.key).await;
        let encoder = opened.map_err(|_| Refusal::Busy)?.ok_or(Refusal::WrongKey)?;
        let key = encoder.key.clone();
        let (reply, answer) = ReplyTo::program();
        node.ask::<Space>(&encoder.space, reply, |request| Input::Encoder {
            request,
            key,
            ingest: Ingest::Rtmp { sources: vec![Source::Camera, Source::Microphone] },
            fresh: fresh::fresh(),
        });
        match answer.await {
            Ok(Ok(Outcome::Publishing { leg, .. })) => {
                Ok(feed::start(&node, encoder, leg, publish.connection).ok_or(Refusal::Busy)?)
            }
            Ok(Err(Rejection::AlreadyPublishing)) => Err(Refusal::AlreadyLive),
            Ok(Err(Rejection::NotFound)) => Err(Refusal::WrongKey),
            Ok(_) | Err(_) => Err(Refusal::Busy),
        }
    }
}
