//! Who is asking, and from where.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hearth_protocol::Rejection;
use std::net::IpAddr;
use std::sync::Arc;

use super::AppState;
use super::answer::Refusal;
use crate::accounts::{Who, sessions};
use crate::listen::{Peer, counted_address};

/// Somebody who is signed in.
pub struct SignedIn(pub Who);

/// Whoever it is.
pub struct Anybody(pub Option<Who>);

/// Somebody with an account, not a guest.
pub struct WithAccount(pub Who);

/// Somebody who may manage the server. For everybody else there is no such thing.
pub struct Administrator(pub Who);

/// The address that limits count by.
pub struct From(pub IpAddr);

impl FromRequestParts<Arc<AppState>> for Anybody {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Refusal> {
        Ok(Self(sessions::authenticate(state.node.store(), &parts.headers).await?))
    }
}

impl FromRequestParts<Arc<AppState>> for SignedIn {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Refusal> {
        let Anybody(who) = Anybody::from_request_parts(parts, state).await?;
        who.map(Self).ok_or(Refusal(Rejection::Unauthenticated))
    }
}

impl FromRequestParts<Arc<AppState>> for WithAccount {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Refusal> {
        let SignedIn(who) = SignedIn::from_request_parts(parts, state).await?;
        if who.profile.name.is_some() { Ok(Self(who)) } else { Err(Refusal(Rejection::Forbidden)) }
    }
}

impl FromRequestParts<Arc<AppState>> for Administrator {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Refusal> {
        let SignedIn(who) = SignedIn::from_request_parts(parts, state).await?;
        if who.administrator { Ok(Self(who)) } else { Err(Refusal(Rejection::NotFound)) }
    }
}

impl FromRequestParts<Arc<AppState>> for From {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Refusal> {
        let Peer(peer) = parts.extensions.get().copied().unwrap_or(Peer(IpAddr::from([127, 0, 0, 1])));
        Ok(Self(counted_address(client_address(peer, &parts.headers, &state.node.config().trusted_proxies))))
    }
}

/// The client behind a trusted proxy, or the peer itself. Only the last entry was written by the proxy that we trust.
fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    if !trusted.contains(&peer.to_canonical()) {
        return peer;
    }
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    forwarded.and_then(|list| list.rsplit(',').next()).and_then(|last| last.trim().parse().ok()).unwrap_or(peer)
}

/// Refuses requests that change something with a cookie, unless they come from a page of ours.
pub async fn guard_cookies(State(state): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let from_elsewhere =
        request.headers().contains_key(header::ORIGIN) && !super::same_origin(&state, request.headers());
    let by_cookie = matches!(sessions::secret_of(request.headers()), Some((_, true)));
    let unexplained = by_cookie && !request.headers().contains_key(header::ORIGIN);
    // Encoders and players may be pages of other sites: they have tokens.
    let foreign = from_elsewhere && (by_cookie || !super::whip::is_shared(request.uri().path()));
    if !safe && (foreign || unexplained) {
        return Refusal(Rejection::Forbidden).into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "203.0.113.9, 198.51.100.7".parse().unwrap());
        let [proxy, stranger, client] =
            ["127.0.0.1", "192.0.2.1", "198.51.100.7"].map(|text| text.parse::<IpAddr>().unwrap());
        assert_eq!(client_address(stranger, &headers, &[proxy]), stranger);
        assert_eq!(client_address(proxy, &headers, &[proxy]), client);
        assert_eq!(client_address(proxy, &HeaderMap::new(), &[proxy]), proxy);
    }
}
