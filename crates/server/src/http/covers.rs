//! Covers: a picture for a room while nobody is live in it.

use aws_lc_rs::digest;
use axum::body::Bytes;
use axum::extract::{FromRequest, RawQuery, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hearth_protocol::Rejection;
use hearth_protocol::ids::SpaceId;
use hearth_protocol::limits::{COVER_MAX_BYTES, LimitName};
use hearth_protocol::live_rooms::Entry;
use hearth_store::Cover;
use std::sync::Arc;

use super::AppState;
use super::answer::{Path, Refusal};
use super::asking::{Anybody, WithAccount};
use super::rooms::{own_room, visible};

/// The first bytes of each kind of picture, with what stands at an offset behind them, and its media type.
const KINDS: [(&[u8], usize, &[u8], &str); 3] = [
    (b"\xff\xd8\xff", 0, b"", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 12, b"IHDR", "image/png"),
    (b"RIFF", 8, b"WEBP", "image/webp"),
];
/// How much of a cover's hash stands in its address.
const HASH_CHARS: usize = 16;

/// The address of a cover: another picture has another address.
pub(super) fn address(room: &SpaceId, hash: &str) -> String {
    format!("/api/rooms/{room}/cover?v={}", &hash[..hash.len().min(HASH_CHARS)])
}

/// A picture of at most [`COVER_MAX_BYTES`], told by its first bytes: what the sender calls it does not matter.
pub struct Picture(Cover);

impl FromRequest<Arc<AppState>> for Picture {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &Arc<AppState>) -> Result<Self, Refusal> {
        let long = Rejection::Limit { limit: LimitName::CoverBytes, max: COVER_MAX_BYTES as u64, retry_after_ms: None };
        let bytes = Bytes::from_request(request, state).await.ok().filter(|bytes| bytes.len() <= COVER_MAX_BYTES);
        let bytes = bytes.ok_or(long)?;
        let kind = kind_of(&bytes).ok_or_else(|| Rejection::Invalid {
            field: "body".to_owned(),
            reason: "it is no JPEG, PNG or WebP".to_owned(),
        })?;
        let hash = digest::digest(&digest::SHA256, &bytes);
        let hash = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self(Cover { hash, kind: kind.to_owned(), bytes: bytes.into() }))
    }
}

fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    let is = |(first, at, then, _): &&(&[u8], usize, &[u8], &str)| {
        bytes.starts_with(first) && bytes.get(*at..).is_some_and(|rest| rest.starts_with(then))
    };
    KINDS.iter().find(is).map(|(.., kind)| *kind)
}

/// The cover of a room. The address that `picture` of the room tells holds its hash, and may be kept for good.
#[utoipa::path(get, path = "/api/rooms/{room}/cover", tag = "rooms", params(("room" = String, Path)),
    responses((status = 200, content_type = "image/*"), (status = 404, body = Rejection)))]
pub async fn read(
    State(state): State<Arc<AppState>>,
    Anybody(who): Anybody,
    Path(room): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let room = visible(&state, who.as_ref(), &room).await?;
    let cover = state.node.store().covers().of_room(&room.id).await?.ok_or(Rejection::NotFound)?;
    let named = query.is_some_and(|query| address(&room.id, &cover.hash).ends_with(&format!("?{query}")));
    let cache = match (named, room.about.entry) {
        (true, Entry::Open) => "public, max-age=31536000, immutable",
        (true, _) => "private, max-age=31536000, immutable",
        (false, _) => "no-cache",
    };
    let kind = HeaderValue::from_str(&cover.kind).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let mut response = cover.bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Opened by itself it is a picture and nothing else.
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    Ok(response)
}

/// Gives one's room a cover: a JPEG, PNG or WebP.
#[utoipa::path(put, path = "/api/rooms/{room}/cover", tag = "rooms", params(("room" = String, Path)),
    request_body(content = Vec<u8>, content_type = "image/*"),
    responses((status = 204), (status = 401, body = Rejection), (status = 404, body = Rejection), (status = 413, body = Rejection)))]
pub async fn set(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path(room): Path<String>,
    Picture(cover): Picture,
) -> Result<StatusCode, Refusal> {
    let room = own_room(&state, &who, &room).await?;
    state.node.store().covers().set(&room, cover).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the cover of one's room away.
#[utoipa::path(delete, path = "/api/rooms/{room}/cover", tag = "rooms", params(("room" = String, Path)),
    responses((status = 204), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn remove(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path(room): Path<String>,
) -> Result<StatusCode, Refusal> {
    let room = own_room(&state, &who, &room).await?;
    if state.node.store().covers().remove(&room).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal(Rejection::NotFound))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_told_by_their_first_bytes() {
        assert_eq!(kind_of(b"\xff\xd8\xff\xe0\x00\x10JFIF"), Some("image/jpeg"));
        assert_eq!(kind_of(b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"), Some("image/png"));
        assert_eq!(kind_of(b"RIFF\x00\x00\x00\x00WEBPVP8 "), Some("image/webp"));
        for other in
            [&b""[..], b"RIFF", b"RIFF\x00\x00\x00\x00WAVE", b"<svg onload=x>", b"GIF89a", b"\x89PNG\r\n\x1a\n"]
        {
            assert_eq!(kind_of(other), None, "{other:?}");
        }
    }
}
