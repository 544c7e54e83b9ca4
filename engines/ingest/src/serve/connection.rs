//! One connection: bytes between a stream and a session.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{sleep_until, timeout};

use super::admission::{Guest, Said};
use super::{Ended, Hooks, Media, Publish, Sink};
use crate::limits::{DECIDE_WITHIN, LINGER, WRITE_WITHIN};
use crate::{Output, Refusal, Session};

/// Read at once before a publisher is let in, and after.
const EARLY_READ_BYTES: usize = 2 * 1024;
const READ_BYTES: usize = 64 * 1024;

/// A connection's end in the host program's hands.
#[derive(Debug, Clone)]
pub struct Connection {
    end: Arc<watch::Sender<Option<Refusal>>>,
}

impl Default for Connection {
    fn default() -> Connection {
        Connection { end: Arc::new(watch::Sender::new(None)) }
    }
}

impl Connection {
    /// Tells the encoder why, and closes. The first reason stays.
    pub fn end(&self, refusal: Refusal) {
        self.end.send_if_modified(|end| {
            let first = end.is_none();
            end.get_or_insert(refusal);
            first
        });
    }

    pub(super) fn ended(&self) -> Option<Refusal> {
        *self.end.borrow()
    }
}

/// A sink that hears [`Media::Ended`] once, also when its task is dropped.
struct Outlet(Option<Sink>);

impl Outlet {
    fn put(&mut self, media: Media) {
        if let Some(sink) = &mut self.0 {
            sink(media);
        }
    }

    fn end(&mut self, ended: Ended) {
        if let Some(mut sink) = self.0.take() {
            sink(Media::Ended(ended));
        }
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.end(Ended::Refused(Refusal::Stopping));
    }
}

/// What comes next of a session's outputs.
enum Next {
    Read,
    Decide { app: String, key: String },
    Close(Option<Refusal>),
}

pub(super) async fn attend<S, H>(mut stream: S, from: SocketAddr, guest: Guest, bit_rate_bps: u64, hooks: &H)
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Hooks,
{
    let mut outlet = Outlet(None);
    let ended = drive(&mut stream, from, &guest, bit_rate_bps, hooks, &mut outlet).await;
    tracing::debug!(%from, ?ended, "an encoder's connection ended");
    outlet.end(ended);
    // Who had to make room for another goes at once.
    let makes_room = guest.connection.ended() == Some(Refusal::Busy);
    if matches!(ended, Ended::ByEncoder | Ended::Refused(_)) && !makes_room {
        linger(&mut stream).await;
    }
}

async fn drive<S, H>(
    stream: &mut S,
    from: SocketAddr,
    guest: &Guest,
    bit_rate_bps: u64,
    hooks: &H,
    outlet: &mut Outlet,
) -> Ended
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Hooks,
{
    let mut session = Session::new(Instant::now(), bit_rate_bps);
    let mut end = guest.connection.end.subscribe();
    let mut input = vec![0; EARLY_READ_BYTES];
    let mut said = Said::Nothing;
    loop {
        match put_out(&mut session, stream, outlet).await {
            Err(_) => return Ended::Lost,
            Ok(Next::Close(None)) => return Ended::ByEncoder,
            Ok(Next::Close(Some(refusal))) => return Ended::Refused(refusal),
            Ok(Next::Decide { app, key }) => {
                let publish = Publish { app, key, from, connection: guest.connection.clone() };
                match timeout(DECIDE_WITHIN, hooks.publish(publish)).await {
                    Ok(Ok(sink)) => {
                        outlet.0 = Some(sink);
                        guest.settle();
                        input.resize(READ_BYTES, 0);
                        if let Err(error) = session.accept(Instant::now()) {
                            return broken(&mut session, stream, outlet, error).await;
                        }
                    }
                    Ok(Err(refusal)) => session.refuse(refusal),
                    Err(_) => session.refuse(Refusal::Busy),
                }
                continue;
            }
            Ok(Next::Read) => {}
        }
        let deadline = session.deadline().unwrap_or_else(Instant::now);
        let handled = tokio::select! {
            read = stream.read(&mut input) => match read {
                Ok(0) | Err(_) => return Ended::Lost,
                Ok(bytes) => {
                    let handled = session.handle(Instant::now(), &input[..bytes]);
                    let now = if session.has_shaken_hands() { Said::Handshake } else { Said::Bytes };
                    if std::mem::replace(&mut said, now) != now {
                        guest.has_said(now);
                    }
                    handled
                }
            },
            Ok(refusal) = end.wait_for(Option::is_some) => {
                let refusal = *refusal;
                session.refuse(refusal.unwrap_or(Refusal::EndedByHost));
                Ok(())
            }
            () = sleep_until(deadline.into()) => session.expire(Instant::now()),
        };
        if let Err(error) = handled {
            return broken(&mut session, stream, outlet, error).await;
        }
    }
}

/// Gives what was whole before the fault; what can't be written then is lost with the connection.
async fn broken<S: AsyncWrite + Unpin>(
    session: &mut Session,
    stream: &mut S,
    outlet: &mut Outlet,
    error: crate::Error,
) -> Ended {
    match put_out(session, stream, outlet).await {
        Ok(Next::Close(Some(refusal))) => Ended::Refused(refusal),
        _ => Ended::Broken(error),
    }
}

/// Sends and hands on until there is nothing more, or something to wait for.
async fn put_out<S: AsyncWrite + Unpin>(
    session: &mut Session,
    stream: &mut S,
    outlet: &mut Outlet,
) -> io::Result<Next> {
    while let Some(output) = session.poll() {
        match output {
            Output::Send(bytes) => timeout(WRITE_WITHIN, stream.write_all(&bytes)).await??,
            Output::Config(config) => outlet.put(Media::Config(config)),
            Output::Frame(frame) => outlet.put(Media::Frame(frame)),
            Output::Metadata(metadata) => outlet.put(Media::Metadata(metadata)),
            Output::BFrames => outlet.put(Media::BFrames),
            Output::Publish { app, key } => return Ok(Next::Decide { app, key }),
            Output::Close(refusal) => return Ok(Next::Close(refusal)),
        }
    }
    Ok(Next::Read)
}

/// Lets the last words arrive: a socket that is closed with bytes unread resets the connection, and
/// the peer's system throws away what it had not read yet.
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    let mut sink = [0; EARLY_READ_BYTES];
    let drain = async {
        if stream.flush().await.is_ok() && stream.shutdown().await.is_ok() {
            while stream.read(&mut sink).await.is_ok_and(|bytes| bytes > 0) {}
        }
    };
    // Out of time is as good as done.
    let _ = timeout(LINGER, drain).await;
}
