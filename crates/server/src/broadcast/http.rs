//! What players fetch: HLS of what is live, pictures of it, and the files of films.

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hearth_protocol::Rejection;
use hearth_protocol::http::Watch;
use hearth_protocol::ids::SpaceId;
use hearth_protocol::live_rooms::Entry;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Instant;

use super::pass;

/// The name of the multivariant playlist.
const MULTIVARIANT: &str = "index.m3u8";

use crate::clock;
use crate::http::AppState;
use crate::http::answer::{Answer, Refusal};
use crate::http::asking::{Anybody, From};
use crate::http::rooms;

/// How a room's broadcast can be watched without the web app's own connection.
#[utoipa::path(get, path = "/api/rooms/{room}/watch", tag = "rooms", params(("room" = String, Path)),
    responses((status = 200, body = Watch), (status = 403, body = Rejection), (status = 404, body = Rejection)))]
pub async fn watch(
    State(state): State<Arc<AppState>>,
    Anybody(who): Anybody,
    Path(room): Path<String>,
) -> Answer<Watch> {
    let record = rooms::watchable(&state, who.as_ref(), &room).await?;
    let whep = format!("/whep/@{}", record.host.name.as_deref().unwrap_or_default());
    let broadcasts = state.node.broadcasts();
    if broadcasts.going_on(&record.id).is_none() {
        return Ok(axum::Json(Watch { hls: None, hls_until_ms: None, whep }));
    }
    let (pass, hls_until_ms) = match who {
        Some(who) if record.about.entry != Entry::Open => {
            let (pass, until_ms) = broadcasts.passes().give(&record.id, &who.profile.id, clock::now().0);
            (pass, Some(until_ms))
        }
        // A room that is not open is watchable to nobody who is nobody.
        _ => (pass::OPEN.to_owned(), None),
    };
    let hls = Some(format!("/hls/{}/{pass}/{}", record.id, MULTIVARIANT));
    Ok(axum::Json(Watch { hls, hls_until_ms, whep }))
}

/// Playlists, segments and parts. The address lets in: see [`pass`].
pub async fn hls(
    State(state): State<Arc<AppState>>,
    From(address): From,
    Path((space, pass, path)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let broadcasts = state.node.broadcasts();
    let known = SpaceId::parse(&space).ok().and_then(|space| broadcasts.room(&space));
    let Some(room) =
        known.filter(|room| broadcasts.passes().lets_in(&pass, room.space(), room.is_open(), clock::now().0))
    else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if path.ends_with(".m3u8") {
        room.crowd().seen(address, player(&pass, &headers), Instant::now());
        room.is_needed();
    }
    let gzip = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let gzip = gzip.is_some_and(|value| value.contains("gzip"));
    let answer = room.live().answer(&path, query.as_deref(), gzip).await;
    let length = answer.len();
    // In pieces, without being put together: most answers are one anyway.
    let pieces = answer.body.into_iter().map(Ok::<_, std::convert::Infallible>);
    let mut response = Response::new(Body::from_stream(futures_util::stream::iter(pieces)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let to = response.headers_mut();
    to.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    to.insert(header::CACHE_CONTROL, HeaderValue::from_static(answer.cache_control));
    to.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if answer.status == StatusCode::SERVICE_UNAVAILABLE {
        // It was waited for already: what is about to come may be asked for again at once.
        to.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if answer.varies {
        to.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    // Whoever has the address may watch: a player on another site's page too.
    to.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if let Some(encoding) = answer.encoding {
        to.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// Tells the players behind one address apart, as far as they differ.
fn player(pass: &str, headers: &HeaderMap) -> u64 {
    let mut hasher = DefaultHasher::new();
    pass.hash(&mut hasher);
    headers.get(header::USER_AGENT).map(HeaderValue::as_bytes).hash(&mut hasher);
    hasher.finish()
}

/// A picture of what is live in a room, a few seconds old at most; the cover where nobody is live.
#[utoipa::path(get, path = "/api/rooms/{room}/picture", tag = "rooms", params(("room" = String, Path)),
    responses((status = 200, content_type = "image/jpeg"), (status = 404, body = Rejection)))]
pub async fn picture(
    State(state): State<Arc<AppState>>,
    Anybody(who): Anybody,
    Path(room): Path<String>,
) -> Result<Response, Refusal> {
    // A room by link is listed, with its picture, to people with an account; at its door there is none.
    let record = match who.as_ref().filter(|who| who.profile.name.is_some()) {
        Some(who) => rooms::listed(&state, who, &room).await?,
        None => rooms::watchable(&state, who.as_ref(), &room).await?,
    };
    let room = state.node.broadcasts().going_on(&record.id).ok_or(Rejection::NotFound)?;
    let jpeg = room.picture().of(room.live()).await.ok_or(Rejection::NotFound)?;
    let headers = [(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "private, max-age=4")];
    Ok((headers, jpeg).into_response())
}
