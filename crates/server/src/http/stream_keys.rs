//! The stream keys of a room, as its host manages them.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use hearth_protocol::Rejection;
use hearth_protocol::http::{NewStreamKey, StreamKey, StreamKeys};
use hearth_protocol::ids::{SpaceId, StreamKeyId};
use hearth_protocol::limits::{LimitName, TAG_MAX_CHARS};
use hearth_protocol::text::clean_name;
use hearth_store::StreamKeyRecord;
use std::sync::Arc;

use super::answer::{Answer, Body, Path, Refusal};
use super::asking::WithAccount;
use super::rooms::own_room;
use super::{AppState, whip};
use crate::accounts::{Who, sessions};
use crate::node::writes;
use crate::{clock, fresh};

/// The port that RTMP uses where none is said.
const RTMP_PORT: u16 = 1935;

/// The stream keys of one's room, and where encoders send to.
#[utoipa::path(get, path = "/api/rooms/{room}/stream-keys", tag = "rooms", params(("room" = String, Path)),
    responses((status = 200, body = StreamKeys), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn list(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path(room): Path<String>,
    headers: HeaderMap,
) -> Answer<StreamKeys> {
    let room = own_room(&state, &who, &room).await?;
    let keys = state.node.store().stream_keys().of_room(&room).await?;
    Ok(axum::Json(StreamKeys {
        keys: keys.into_iter().map(|key| of_record(key, None)).collect(),
        rtmp: state.rtmp_port.get().map(|port| rtmp(&state, &headers, *port)),
        whip: format!("{}/whip", origin(&state, &headers)),
    }))
}

/// The address that whoever asks reaches this server by.
fn origin(state: &AppState, headers: &HeaderMap) -> String {
    let config = state.node.config();
    if !config.public_url.is_empty() {
        return config.public_url.trim_end_matches('/').to_owned();
    }
    let scheme = if config.serves_tls() { "https" } else { "http" };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("{scheme}://{host}")
}

/// The address of RTMP on the same host; the default port (1935) is not said.
fn rtmp(state: &AppState, headers: &HeaderMap, port: u16) -> String {
    let origin = origin(state, headers);
    let authority = origin.split_once("://").map_or(origin.as_str(), |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or_default();
    // The port is behind the last colon, unless that one is inside an IPv6 address.
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let port = if port == RTMP_PORT { String::new() } else { format!(":{port}") };
    format!("rtmp://{host}{port}/live")
}

fn of_record(key: StreamKeyRecord, secret: Option<String>) -> StreamKey {
    StreamKey { id: key.id, label: key.label, secret, created_ms: key.created_ms, used_ms: key.used_ms }
}

/// Makes a stream key for one's room. Its secret is told this once.
#[utoipa::path(post, path = "/api/rooms/{room}/stream-keys", tag = "rooms", params(("room" = String, Path)),
    request_body = NewStreamKey,
    responses((status = 200, body = StreamKey), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn create(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path(room): Path<String>,
    Body(body): Body<NewStreamKey>,
) -> Answer<StreamKey> {
    let room = own_room(&state, &who, &room).await?;
    let label = match body.label.trim() {
        "" => String::new(),
        text => clean_name(text, TAG_MAX_CHARS).ok_or_else(|| Rejection::Invalid {
            field: "label".to_owned(),
            reason: format!("at most {TAG_MAX_CHARS} characters that show"),
        })?,
    };
    let id = StreamKeyId::parse(&format!("key_{}", fresh::suffix())).expect("well formed");
    let key = StreamKeyRecord { id, space: room, label, created_ms: clock::now().0, used_ms: None };
    let secret = fresh::secret();
    match state.node.store().stream_keys().create(&key, &sessions::hash(&secret)).await {
        Err(hearth_store::Error::Limit { max }) => {
            return Err(Refusal(Rejection::Limit { limit: LimitName::StreamKeys, max, retry_after_ms: None }));
        }
        made => made?,
    }
    note(&state, &key.space, &who, "make_stream_key", &key.id).await;
    Ok(axum::Json(of_record(key, Some(secret))))
}

async fn note(state: &AppState, room: &SpaceId, who: &Who, action: &str, key: &StreamKeyId) {
    writes::note(&state.node, Some(room), &who.profile.id, action, key.to_string()).await;
}

/// Gives a stream key another secret; the one before opens nothing any more, and what came by WHIP with it ends.
#[utoipa::path(post, path = "/api/rooms/{room}/stream-keys/{key}/rotate", tag = "rooms",
    params(("room" = String, Path), ("key" = String, Path)),
    responses((status = 200, body = StreamKey), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn rotate(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path((room, key)): Path<(String, String)>,
) -> Answer<StreamKey> {
    let room = own_room(&state, &who, &room).await?;
    let key = StreamKeyId::parse(&key).map_err(|_| Rejection::NotFound)?;
    let secret = fresh::secret();
    let keys = state.node.store().stream_keys();
    let rotated = keys.rotate(&room, &key, &sessions::hash(&secret), clock::now().0).await?;
    let rotated = rotated.ok_or(Rejection::NotFound)?;
    whip::end_encoders_of(&state, &key).await;
    note(&state, &room, &who, "rotate_stream_key", &key).await;
    Ok(axum::Json(of_record(rotated, Some(secret))))
}

/// Revokes a stream key; what came by WHIP with it ends.
#[utoipa::path(delete, path = "/api/rooms/{room}/stream-keys/{key}", tag = "rooms",
    params(("room" = String, Path), ("key" = String, Path)),
    responses((status = 204), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn revoke(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path((room, key)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let room = own_room(&state, &who, &room).await?;
    let key = StreamKeyId::parse(&key).map_err(|_| Rejection::NotFound)?;
    if !state.node.store().stream_keys().revoke(&room, &key).await? {
        return Err(Refusal(Rejection::NotFound));
    }
    whip::end_encoders_of(&state, &key).await;
    note(&state, &room, &who, "revoke_stream_key", &key).await;
    Ok(StatusCode::NO_CONTENT)
}
