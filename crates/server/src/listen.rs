//! The sockets for HTTP: accepting, TLS, and what one address may hold open.

use axum::Router;
use axum::http::{HeaderValue, header};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::config::Limits;

/// A request's head arrives within this time, and a TLS handshake too.
const HEAD_WITHIN: Duration = Duration::from_secs(10);

/// Who is on the other end of the socket, as an extension of each request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Open sockets, in all and by address.
pub struct Doorkeeper {
    limits: Limits,
    trusted: Vec<IpAddr>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A place for one socket; it is free again when this is dropped.
pub struct Place {
    keeper: Arc<Doorkeeper>,
    address: IpAddr,
}

/// The address that limits count by: one subscriber has a whole /64 of IPv6.
pub fn counted_address(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

impl Doorkeeper {
    /// Nobody is in yet.
    pub fn new(limits: Limits, trusted: Vec<IpAddr>) -> Arc<Self> {
        Arc::new(Self { limits, trusted, open: Mutex::default() })
    }

    /// A place for a socket from this address; `None` where there are too many.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut open = self.open.lock().expect("plain map");
        let address = counted_address(address);
        let of_address = open.by_address.get(&address).copied().unwrap_or_default();
        let crowded = of_address >= self.limits.sockets_per_address && !self.trusted.contains(&address);
        if crowded || open.all >= self.limits.sockets {
            metrics::counter!("hearth_sockets_refused_total").increment(1);
            return None;
        }
        open.all += 1;
        open.by_address.insert(address, of_address + 1);
        Some(Place { keeper: self.clone(), address })
    }

    /// How many sockets are open.
    pub fn open(&self) -> usize {
        self.open.lock().expect("plain map").all
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.keeper.open.lock().expect("plain map");
        open.all -= 1;
        if let Some(count) = open.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}

/// Accepts until told to stop. Connections that are open then end by themselves or with the process.
pub async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    keeper: Arc<Doorkeeper>,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => return,
        };
        match accepted {
            Ok((socket, address)) => admit(socket, address, tls.clone(), &keeper, router.clone()),
            Err(error) => {
                // Out of file descriptors, most likely: others will close theirs.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

fn admit(socket: TcpStream, address: SocketAddr, tls: Option<TlsAcceptor>, keeper: &Arc<Doorkeeper>, router: Router) {
    let Some(place) = keeper.admit(address.ip()) else {
        if tls.is_none() {
            tokio::spawn(refuse(socket));
        }
        return;
    };
    let _ = socket.set_nodelay(true);
    bound_unsent(&socket);
    tokio::spawn(async move {
        let _place = place;
        let peer = Peer(address.ip());
        match tls {
            None => serve(socket, peer, router).await,
            Some(tls) => {
                if let Ok(Ok(socket)) = tokio::time::timeout(HEAD_WITHIN, tls.accept(socket)).await {
                    serve(socket, peer, router).await;
                }
            }
        }
    });
}

/// Bytes that the kernel holds for a client that does not read. What waits beyond them waits in the connection's own
/// bounded queue, where it is seen.
const UNSENT_MAX_BYTES: libc::c_int = 128 * 1024;

fn bound_unsent(socket: &TcpStream) {
    use std::os::fd::AsRawFd as _;
    let value = UNSENT_MAX_BYTES;
    let size = size_of_val(&value) as libc::socklen_t;
    // SAFETY: the descriptor is open, and the option's value is an int that lives through the call.
    // A kernel without the option keeps its own bounds.
    unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_NOTSENT_LOWAT,
            (&raw const value).cast(),
            size,
        )
    };
}

/// HTTP/2 names the host in the address, and has no `Host` (RFC 9113, section 8.3.1): from here on both are alike.
fn name_host<B>(request: &mut hyper::Request<B>) {
    let authority = request.uri().authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(host) = authority
        && !request.headers().contains_key(header::HOST)
    {
        request.headers_mut().insert(header::HOST, host);
    }
}

/// Says why, as far as one can without reading: the limit is met before anything is read.
async fn refuse(mut socket: TcpStream) {
    const ANSWER: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\nconnection: close\r\n\
        retry-after: 5\r\ncontent-length: 75\r\n\r\n\
        {\"kind\":\"limit\",\"limit\":\"sockets_per_address\",\"max\":0,\"retry_after_ms\":5000}";
    let write = async {
        let _ = socket.write_all(ANSWER).await;
        let _ = socket.shutdown().await;
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), write).await;
}

async fn serve(socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, peer: Peer, router: Router) {
    let service = router.map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(peer);
        name_host(&mut request);
        request.map(axum::body::Body::new)
    });
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_buf_size(32 * 1024);
    server
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(64)
        .keep_alive_interval(Some(Duration::from_secs(30)));
    // An error here is the client's: it went away, or spoke no HTTP.
    let _ = server.serve_connection_with_upgrades(TokioIo::new(socket), TowerToHyperService::new(service)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_socket_past_the_limit_of_an_address_is_refused_and_others_are_not() {
        let limits = Limits { sockets: 10, sockets_per_address: 2, ..Limits::default() };
        let keeper = Doorkeeper::new(limits, Vec::new());
        let [ana, bo] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse::<IpAddr>().unwrap());
        let places: Vec<_> = (0..2).map(|_| keeper.admit(ana).unwrap()).collect();
        assert!(keeper.admit(ana).is_none());
        assert!(keeper.admit(bo).is_some());
        drop(places);
        assert!(keeper.admit(ana).is_some());
        assert_eq!(keeper.open(), 0, "places are free again when dropped");
    }

    #[test]
    fn one_socket_past_the_limit_in_all_is_refused() {
        let limits = Limits { sockets: 1, ..Limits::default() };
        let keeper = Doorkeeper::new(limits, Vec::new());
        let _place = keeper.admit("192.0.2.1".parse().unwrap()).unwrap();
        assert!(keeper.admit("192.0.2.2".parse().unwrap()).is_none());
    }

    #[test]
    fn a_proxy_that_is_trusted_is_not_limited_by_its_address() {
        let limits = Limits { sockets_per_address: 1, ..Limits::default() };
        let proxy: IpAddr = "127.0.0.1".parse().unwrap();
        let keeper = Doorkeeper::new(limits, vec![proxy]);
        let _places = [keeper.admit(proxy).unwrap(), keeper.admit(proxy).unwrap()];
    }

    #[test]
    fn an_ipv6_subscriber_counts_as_one_and_a_mapped_ipv4_as_itself() {
        let of = |text: &str| counted_address(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
