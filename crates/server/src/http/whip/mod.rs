//! Encoders and players over WebRTC that speak HTTP: WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep).
//!
//! ```text
//! POST   /whip, /whip/@name   an encoder's offer, its stream key as the bearer token ─► 201, answer, Location
//! POST   /whep/@name          a player's offer ─► the same
//! PATCH  /wh…/legs/LEG        further candidates ─► 204; ICE restarted ─► 200, and a new ETag
//! DELETE /wh…/legs/LEG        the end ─► 200
//! ```
//!
//! The legs are the room's: this only brings what the peers say to its machine, and the answers back.
//! What HTTP has to remember of a leg is in [`peers`].

pub mod fragment;
mod offer;
mod peers;
mod refusal;
pub mod resource;
pub mod sdp;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hearth_capabilities::space::Space;
use hearth_capabilities::{Ingest, Input, PeerWants, RequestId};
use hearth_protocol::ids::{LegId, SpaceId, StreamKeyId};
use hearth_protocol::limits::{LimitName, SDP_MAX_BYTES};
use hearth_protocol::{Outcome, Rejection};
use std::sync::Arc;

use super::answer::Path;
use super::asking::{Anybody, From};
use super::{AppState, rooms};
use crate::accounts::{sessions, stream_keys};
use crate::config::IceServer;
use crate::fresh;
use crate::node::request::ReplyTo;
pub(crate) use peers::Peers;
use peers::{Peer, Way};
use refusal::Refused;

const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// An encoder's offer, to the room that its stream key is for.
#[utoipa::path(post, path = "/whip", tag = "media", request_body(content = String, content_type = "application/sdp"),
    responses((status = 201, description = "The answer; `Location` is the leg's address, `ETag` its ICE session",
        body = String, content_type = "application/sdp"),
    (status = 400, body = Rejection), (status = 401, body = Rejection), (status = 403, body = Rejection),
    (status = 406, body = Rejection), (status = 409, body = Rejection), (status = 413, body = Rejection),
    (status = 415, body = Rejection), (status = 422, body = Rejection), (status = 503, body = Rejection)))]
pub async fn publish(
    State(state): State<Arc<AppState>>,
    From(address): From,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let (encoder, key) = encoder(&state, address, &headers).await?;
    publish_to(&state, encoder, key, &headers, body).await
}

/// An encoder's offer, to the room of an account; its stream key has to be one of that room.
#[utoipa::path(post, path = "/whip/{room}", tag = "media", params(("room" = String, Path, description = "`@` and the host's name")),
    request_body(content = String, content_type = "application/sdp"),
    responses((status = 201, description = "The answer; `Location` is the leg's address, `ETag` its ICE session",
        body = String, content_type = "application/sdp"),
    (status = 400, body = Rejection), (status = 401, body = Rejection), (status = 403, body = Rejection),
    (status = 406, body = Rejection), (status = 409, body = Rejection), (status = 413, body = Rejection),
    (status = 415, body = Rejection), (status = 422, body = Rejection), (status = 503, body = Rejection)))]
pub async fn publish_by_name(
    State(state): State<Arc<AppState>>,
    From(address): From,
    Path(room): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let (encoder, key) = encoder(&state, address, &headers).await?;
    // Whether there is a room of another name is not for who has this one's key.
    let asked = rooms::find(&state, &room).await.map(|record| record.id);
    if !matches!(asked, Ok(room) if room == encoder.space) {
        return Err(Rejection::Forbidden.into());
    }
    publish_to(&state, encoder, key, &headers, body).await
}

async fn publish_to(
    state: &Arc<AppState>,
    encoder: stream_keys::Encoder,
    key: String,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let (text, offered) = offer::read(headers, body, Way::Whip)?;
    let (space, key_id) = (encoder.space, encoder.key.clone());
    let ingest = Ingest::Whip { offer: text };
    let outcome =
        ask(state, &space, |request| Input::Encoder { request, key: key_id, ingest, fresh: fresh::fresh() }).await?;
    let Outcome::Publishing { leg, answer } = outcome else { return Err(Rejection::Fault.into()) };
    let (secret_hash, key) = (Some(sessions::hash(&key)), Some(encoder.key));
    let peer = Peer { secret_hash, key, ..Peer::new(Way::Whip, space, &offered, &answer) };
    Ok(created(state, leg, peer, answer))
}

/// A player's offer, to the room of an account: open ones let anybody watch, others whom they admit.
#[utoipa::path(post, path = "/whep/{room}", tag = "media", params(("room" = String, Path, description = "`@` and the host's name")),
    request_body(content = String, content_type = "application/sdp"),
    responses((status = 201, description = "The answer; `Location` is the leg's address, `ETag` its ICE session",
        body = String, content_type = "application/sdp"),
    (status = 400, body = Rejection), (status = 401, body = Rejection), (status = 403, body = Rejection),
    (status = 404, body = Rejection), (status = 406, body = Rejection), (status = 409, body = Rejection),
    (status = 413, body = Rejection), (status = 415, body = Rejection), (status = 422, body = Rejection),
    (status = 503, body = Rejection)))]
pub async fn play(
    State(state): State<Arc<AppState>>,
    Anybody(who): Anybody,
    Path(room): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    // A token that opens nothing is told, not passed over: its owner believes to be somebody.
    if who.is_none() && bearer(&headers).is_some() {
        return Err(Rejection::Unauthenticated.into());
    }
    let space = rooms::watchable(&state, who.as_ref(), &room).await?.id;
    let (offer, offered) = offer::read(&headers, body, Way::Whep)?;
    let user = who.map(|who| who.profile.id);
    let outcome = ask(&state, &space, |request| Input::Play { request, offer, fresh: fresh::fresh(), user }).await?;
    let Outcome::Playing { leg, answer } = outcome else { return Err(Rejection::Fault.into()) };
    let secret_hash = sessions::secret_of(&headers).map(|(secret, _)| sessions::hash(secret));
    let peer = Peer { secret_hash, ..Peer::new(Way::Whep, space, &offered, &answer) };
    Ok(created(&state, leg, peer, answer))
}

fn created(state: &AppState, leg: LegId, peer: Peer, answer: String) -> Response {
    let location = format!("{}/legs/{leg}", peer.way.path());
    let mut response = (StatusCode::CREATED, answer).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(SDP));
    headers.insert(header::LOCATION, HeaderValue::from_str(&location).expect("identifiers are plain"));
    headers.insert(header::ETAG, HeaderValue::from_str(&peer.etag).expect("tags are plain"));
    headers.insert(HeaderName::from_static("accept-patch"), HeaderValue::from_static(FRAGMENT));
    for link in state.node.config().ice.servers.iter().flat_map(links) {
        headers.append(header::LINK, link);
    }
    state.peers.enter(leg, peer, |leg| state.node.media().is_open(leg));
    response
}

/// A server's `Link` headers: one for each of its addresses (RFC 9725, section 4.6).
fn links(server: &IceServer) -> Vec<HeaderValue> {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let credential = if server.credential.is_empty() {
        String::new()
    } else {
        let (username, credential) = (quoted(&server.username), quoted(&server.credential));
        format!("; username=\"{username}\"; credential=\"{credential}\"; credential-type=\"password\"")
    };
    let link = |url: &String| HeaderValue::from_str(&format!("<{url}>; rel=\"ice-server\"{credential}")).ok();
    server.urls.iter().filter_map(link).collect()
}

/// A stream key's secret is no longer good: what came with it goes. The broadcast waits for the host to come back.
pub(super) async fn end_encoders_of(state: &Arc<AppState>, key: &StreamKeyId) {
    state.node.broadcasts().feeds().revoked(key);
    for (leg, space) in state.peers.of_key(key) {
        state.peers.forget(&leg);
        let wants = PeerWants::Close;
        // One that is gone already is all the better.
        let _ = ask(state, &space, |request| Input::Peer { request, leg, wants }).await;
    }
}

/// Gives something to a room's machine, and waits for its answer.
async fn ask(
    state: &Arc<AppState>,
    space: &SpaceId,
    input: impl FnOnce(RequestId) -> Input,
) -> Result<Outcome, Rejection> {
    let (reply, answer) = ReplyTo::program();
    state.node.ask::<Space>(space, reply, input);
    answer.await.unwrap_or(Err(Rejection::Fault))
}

/// The bearer token of a request (RFC 6750, section 2.1; the scheme's case is nothing to go by).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
}

/// Whose encoder asks, and by what secret.
async fn encoder(
    state: &AppState,
    address: std::net::IpAddr,
    headers: &HeaderMap,
) -> Result<(stream_keys::Encoder, String), Refused> {
    let secret = bearer(headers).ok_or(Rejection::Unauthenticated)?;
    let encoder = state.node.stream_keys().open(state.node.store(), address, secret).await?;
    Ok((encoder.ok_or(Rejection::Unauthenticated)?, secret.to_owned()))
}

/// A body as it came, or that it was too long.
pub struct Body(Result<Bytes, ()>);

impl<S: Send + Sync> axum::extract::FromRequest<S> for Body {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(Bytes::from_request(request, state).await.map_err(drop)))
    }
}

impl Body {
    /// Its text, of at most `max` bytes.
    fn text(self, max: usize) -> Result<String, Refused> {
        let long = || Rejection::Limit { limit: LimitName::SdpBytes, max: SDP_MAX_BYTES as u64, retry_after_ms: None };
        let bytes = self.0.ok().filter(|bytes| bytes.len() <= max).ok_or_else(long)?;
        String::from_utf8(bytes.into()).map_err(|_| refusal::malformed("it is no text"))
    }
}

/// Whether the body is of a media type, whatever its parameters.
fn is_of_type(headers: &HeaderMap, wanted: &str) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
}

/// Whether pages of other sites may use an address.
pub fn is_shared(path: &str) -> bool {
    let roots = ["/whip", "/whep"].into_iter();
    roots.filter_map(|root| path.strip_prefix(root)).any(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Pages of other sites may speak WHIP and WHEP, with tokens (CORS protocol of the Fetch standard): answers their preflights,
/// and lets them read what comes back. The addresses show nothing of themselves (RFC 9725, section 4.1): who gets them gets
/// no content, whether or not something is there.
pub async fn share_with_other_pages(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !is_shared(path) {
        return next.run(request).await;
    }
    let mut response = match *request.method() {
        Method::OPTIONS => preflight(path.contains("/legs/")),
        Method::GET | Method::HEAD => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Location, ETag, Link, Accept-Patch, Accept-Post, Retry-After, WWW-Authenticate"),
    );
    response
}

fn preflight(of_a_leg: bool) -> Response {
    let (methods, accept, kind) = if of_a_leg {
        ("GET, PATCH, DELETE, OPTIONS", "accept-patch", FRAGMENT)
    } else {
        ("GET, POST, OPTIONS", "accept-post", SDP)
    };
    [
        (header::ALLOW, methods),
        (header::ACCESS_CONTROL_ALLOW_METHODS, methods),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type, If-Match"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
        (HeaderName::from_static(accept), kind),
    ]
    .into_response()
}
