//! Covers: a picture for a room while nobody is live in it.

use aws_lc_rs::digest;
use axum::body::Bytes;
use axum::extract::{FromRequest, RawQuery, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hearth_protocol::Rejection;
use hearth_protocol::ids::SpaceId;
use hearth_protocol::limits::{COVER_MAX_BYTES, COVER_MAX_PX, LimitName};
use hearth_protocol::live_rooms::Entry;
use hearth_store::Cover;
use image::{ImageFormat, ImageReader};
use std::io::Cursor;
use std::sync::Arc;
use tokio::sync::Semaphore;

use super::AppState;
use super::answer::{Path, Refusal};
use super::asking::{Anybody, WithAccount};
use super::rooms::{own_room, visible};

/// How much of a cover's hash stands in its address.
const HASH_CHARS: usize = 16;

/// The address of a cover: another picture has another address.
pub(super) fn address(room: &SpaceId, hash: &str) -> String {
    format!("/api/rooms/{room}/cover?v={}", &hash[..hash.len().min(HASH_CHARS)])
}

/// The most memory that opening a cover may take: four bytes for each pixel of the largest, and as much again.
const OPENED_MAX_BYTES: u64 = 8 * COVER_MAX_PX as u64 * COVER_MAX_PX as u64;
/// Covers that are opened at a time: each may take a core for a moment.
static OPENING: Semaphore = Semaphore::const_new(1);

/// A body of at most [`COVER_MAX_BYTES`].
pub struct Picture(Bytes);

impl FromRequest<Arc<AppState>> for Picture {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &Arc<AppState>) -> Result<Self, Refusal> {
        let long = Rejection::Limit { limit: LimitName::CoverBytes, max: COVER_MAX_BYTES as u64, retry_after_ms: None };
        let bytes = Bytes::from_request(request, state).await.ok().filter(|bytes| bytes.len() <= COVER_MAX_BYTES);
        Ok(Self(bytes.ok_or(long)?))
    }
}

impl Picture {
    /// Opens the picture from the first pixel to the last: what the sender calls it does not matter, and what no browser
    /// could show is no cover.
    async fn open(self) -> Result<Cover, Rejection> {
        let _turn = OPENING.acquire().await.map_err(|_| Rejection::Busy)?;
        let opened = tokio::task::spawn_blocking(move || kind_of(&self.0).map(|kind| cover(&self.0, kind)));
        opened.await.map_err(|_| Rejection::Busy)?
    }
}

fn cover(bytes: &Bytes, kind: &str) -> Cover {
    let hash = digest::digest(&digest::SHA256, bytes);
    let hash = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Cover { hash, kind: kind.to_owned(), bytes: bytes.to_vec() }
}

/// The media type of a picture that can be opened, of at most [`COVER_MAX_PX`] a side.
fn kind_of(bytes: &[u8]) -> Result<&'static str, Rejection> {
    let invalid = |reason: String| Rejection::Invalid { field: "body".to_owned(), reason };
    let reader = || ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let format = reader().ok().and_then(|reader| reader.format());
    let kind = match format {
        Some(ImageFormat::Jpeg) => "image/jpeg",
        Some(ImageFormat::Png) => "image/png",
        Some(ImageFormat::WebP) => "image/webp",
        _ => return Err(invalid("it is no JPEG, PNG or WebP".to_owned())),
    };
    let broken = |error: &dyn std::fmt::Display| invalid(format!("the picture can't be opened: {error}"));
    let (width, height) =
        reader().map_err(|error| broken(&error))?.into_dimensions().map_err(|error| broken(&error))?;
    if width.max(height) > COVER_MAX_PX {
        return Err(Rejection::Limit { limit: LimitName::CoverPixels, max: COVER_MAX_PX.into(), retry_after_ms: None });
    }
    let mut reader = reader().map_err(|error| broken(&error))?;
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(OPENED_MAX_BYTES);
    reader.limits(limits);
    reader.decode().map_err(|error| broken(&error))?;
    Ok(kind)
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

/// Gives one's room a cover: a JPEG, PNG or WebP of at most 2 MiB and 4,096 pixels a side.
#[utoipa::path(put, path = "/api/rooms/{room}/cover", tag = "rooms", params(("room" = String, Path)),
    request_body(content = Vec<u8>, content_type = "image/*"),
    responses((status = 204), (status = 401, body = Rejection), (status = 404, body = Rejection), (status = 413, body = Rejection), (status = 422, body = Rejection)))]
pub async fn set(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path(room): Path<String>,
    picture: Picture,
) -> Result<StatusCode, Refusal> {
    let room = own_room(&state, &who, &room).await?;
    state.node.store().covers().set(&room, picture.open().await?).await?;
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
    use image::{DynamicImage, ExtendedColorType, ImageEncoder as _};

    fn picture(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn pictures_are_told_by_what_is_in_them() {
        for (format, kind) in
            [(ImageFormat::Jpeg, "image/jpeg"), (ImageFormat::Png, "image/png"), (ImageFormat::WebP, "image/webp")]
        {
            let whole = picture(format, 64, 36);
            assert_eq!(kind_of(&whole), Ok(kind));
            for length in [0, 3, 8, 12, 16, 33, whole.len() / 2] {
                let refused = kind_of(&whole[..length.min(whole.len() - 1)]);
                assert!(matches!(refused, Err(Rejection::Invalid { .. })), "{kind}, {length}: {refused:?}");
            }
        }
        for other in [
            &b""[..],
            b"\xff\xd8\xff\xe0\x00\x10JFIF",
            b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR",
            b"RIFF\x00\x00\x00\x00WEBPVP8 ",
            b"RIFF\x00\x00\x00\x00WAVE",
            b"<svg onload=x>",
            b"GIF89a",
        ] {
            assert!(matches!(kind_of(other), Err(Rejection::Invalid { .. })), "{other:?}");
        }
    }

    #[test]
    fn a_side_has_so_many_pixels_and_a_picture_so_much_memory() {
        assert_eq!(kind_of(&picture(ImageFormat::Png, COVER_MAX_PX, 1)), Ok("image/png"));
        assert_eq!(kind_of(&picture(ImageFormat::Jpeg, 1, COVER_MAX_PX)), Ok("image/jpeg"));
        for (width, height) in [(COVER_MAX_PX + 1, 1), (1, COVER_MAX_PX + 1)] {
            let refused = kind_of(&picture(ImageFormat::Png, width, height));
            let limit = Rejection::Limit { limit: LimitName::CoverPixels, max: 4_096, retry_after_ms: None };
            assert_eq!(refused, Err(limit));
        }
        // The largest that is taken takes no more than that, with as many bits as there are.
        let mut deep = Vec::new();
        let pixels = vec![0; 8 * COVER_MAX_PX as usize * COVER_MAX_PX as usize];
        image::codecs::png::PngEncoder::new(&mut deep)
            .write_image(&pixels, COVER_MAX_PX, COVER_MAX_PX, ExtendedColorType::Rgba16)
            .unwrap();
        assert_eq!(kind_of(&deep), Ok("image/png"));
    }
}
