//! Sessions over TCP: a task a connection, within [`Limits`].

mod admission;
mod connection;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use connection::Connection;

use crate::{Config, Error, Frame, Limits, Metadata, Refusal};
use admission::Admission;

/// Who wants to publish, and where to.
#[derive(Debug, Clone)]
pub struct Publish {
    /// First segment of the address: `live` in `rtmp://host/live/KEY`.
    pub app: String,
    /// A secret: not for logs.
    pub key: String,
    pub from: SocketAddr,
    /// To end it from outside, as when another encoder takes over.
    pub connection: Connection,
}

/// What a publisher that was let in sends.
#[derive(Debug, Clone, PartialEq)]
pub enum Media {
    Config(Config),
    Frame(Frame),
    Metadata(Metadata),
    /// Frames come in another order than they are shown in. Told once.
    BFrames,
    /// The last of all.
    Ended(Ended),
}

/// Why a broadcast ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The encoder said so.
    ByEncoder,
    /// The connection went away without a word: the encoder may come back.
    Lost,
    Refused(Refusal),
    Broken(Error),
}

/// Where media goes: called on a runtime thread, in order; hand it on, don't
/// block.
pub type Sink = Box<dyn FnMut(Media) + Send>;

/// What the host program says.
pub trait Hooks: Send + Sync + 'static {
    /// Whether this publisher may, and where its media goes. Given up as
    /// [`Refusal::Busy`] after [`crate::limits::DECIDE_WITHIN`].
    fn publish(&self, publish: Publish) -> impl Future<Output = Result<Sink, Refusal>> + Send;
}

/// Connections that live under the same limits, whatever listener they came by.
pub struct Server<H> {
    hooks: Arc<H>,
    limits: Limits,
    admission: Arc<Admission>,
}

impl<H> Clone for Server<H> {
    fn clone(&self) -> Server<H> {
        Server { hooks: self.hooks.clone(), limits: self.limits, admission: self.admission.clone() }
    }
}

impl<H: Hooks> Server<H> {
    pub fn new(limits: Limits, hooks: H) -> Server<H> {
        let admission = Arc::new(Admission::new(limits.connections, limits.connections_per_address));
        Server { hooks: Arc::new(hooks), limits, admission }
    }

    /// Connections that are open now.
    pub fn connections(&self) -> usize {
        self.admission.open()
    }

    /// Drives one connection until it ends: over TLS, say, after its
    /// handshake. Over the limit of its address it ends at once.
    pub async fn attend<S: AsyncRead + AsyncWrite + Unpin + Send>(&self, stream: S, from: SocketAddr) {
        if let Some(guest) = self.admission.admit(from.ip()) {
            connection::attend(stream, from, guest, self.limits.bit_rate_bps, &*self.hooks).await;
        }
    }
}

/// A listener that has no file descriptors left tries again after this long.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Takes connections for as long as it is polled. Dropped, it ends them all,
/// and every sink hears [`Media::Ended`].
pub async fn serve<H: Hooks>(listener: TcpListener, server: Server<H>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => {
                    let Some(guest) = server.admission.admit(from.ip()) else { continue };
                    // Answers are short and awaited.
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "no TCP_NODELAY for an encoder");
                    }
                    let server = server.clone();
                    connections.spawn(async move {
                        connection::attend(stream, from, guest, server.limits.bit_rate_bps, &*server.hooks).await;
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "an encoder's connection could not be accepted");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            },
            Some(ended) = connections.join_next() => if let Err(error) = ended {
                tracing::error!(%error, "the task of an encoder's connection ended in a fault");
            },
        }
    }
}
