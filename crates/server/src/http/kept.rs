//! Files that are kept here or in a bucket, or the part of them that is wanted.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hearth_files::Kept;
use hearth_protocol::Rejection;
use std::ops::Range;
use std::path::Path;
use tower::ServiceExt as _;
use tower_http::services::ServeFile;

use super::answer::Refusal;
use crate::broadcast::ranges;
use crate::films::shelf::{self, Of};
use crate::node::Node;

/// A file of a film or an image, or the part of it that is wanted.
pub async fn read(node: &Node, of: Of, folder: &str, path: &str, request: Request) -> Response {
    let here = shelf::here(node, of, folder).join(path);
    let Some(bucket) = node.films().shelf().bucket().filter(|_| !here.exists()) else {
        return part_of(&here, request).await;
    };
    match from_bucket(bucket, &shelf::name(of, folder, path), request).await {
        Ok(Some(response)) => response,
        Ok(None) => Refusal(Rejection::NotFound).into_response(),
        Err(error) => {
            tracing::error!(%error, "a file could not be read from the bucket");
            Refusal(Rejection::Storage).into_response()
        }
    }
}

/// A file of this machine, or the part of it that is wanted.
async fn part_of(path: &Path, mut request: Request) -> Response {
    if request.headers().contains_key(header::RANGE) {
        // The headers that the whole would have, validators and length among them, are asked for first.
        let mut whole = Request::new(Body::empty());
        *whole.method_mut() = Method::HEAD;
        let head = serve(path, whole).await;
        let modified = tokio::fs::metadata(path).await.and_then(|file| file.modified()).ok();
        let length = head.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if let Some(length) = length {
            ranges::settle(&mut request, &ranges::File { length, modified, headers: head.headers() });
        }
    }
    serve(path, request).await
}

async fn serve(path: &Path, request: Request) -> Response {
    let Ok(response) = ServeFile::new(path).oneshot(request).await.map(IntoResponse::into_response);
    response
}

async fn from_bucket(
    bucket: &hearth_files::Files,
    name: &str,
    mut request: Request,
) -> Result<Option<Response>, hearth_files::Error> {
    let Some(kept) = bucket.head(name).await? else { return Ok(None) };
    let mut headers = validators(&kept);
    let known = request.headers().get(header::IF_NONE_MATCH);
    if known.is_some() && known == headers.get(header::ETAG) {
        return Ok(Some((StatusCode::NOT_MODIFIED, headers).into_response()));
    }
    ranges::settle(
        &mut request,
        &ranges::File { length: kept.bytes, modified: Some(kept.modified), headers: &headers },
    );
    let range = request.headers().get(header::RANGE).and_then(|range| settled(range, kept.bytes));
    if let Some(range) = &range {
        let told = if range.is_empty() {
            format!("bytes */{}", kept.bytes)
        } else {
            format!("bytes {}-{}/{}", range.start, range.end - 1, kept.bytes)
        };
        headers.insert(header::CONTENT_RANGE, HeaderValue::from_str(&told).expect("numbers"));
        if range.is_empty() {
            return Ok(Some((StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response()));
        }
    }
    let length = range.as_ref().map_or(kept.bytes, |range| range.end - range.start);
    headers.insert(header::CONTENT_LENGTH, length.into());
    let status = if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    if request.method() == Method::HEAD {
        return Ok(Some((status, headers).into_response()));
    }
    let read = bucket.read(name, range).await?;
    Ok(read.map(|read| (status, headers, Body::from_stream(read.body)).into_response()))
}

fn validators(kept: &Kept) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let modified = httpdate::fmt_http_date(kept.modified);
    let etag = kept.etag.as_ref().map(|etag| format!("\"{etag}\""));
    for (name, value) in [(header::LAST_MODIFIED, Some(modified)), (header::ETAG, etag)] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    }
    headers
}

/// A range as [`ranges::settle`] leaves it: within the file, or beyond its end, which is nothing.
fn settled(range: &HeaderValue, length: u64) -> Option<Range<u64>> {
    let (first, last) = range.to_str().ok()?.strip_prefix("bytes=")?.split_once('-')?;
    let first: u64 = first.parse().ok()?;
    let end = if last.is_empty() { length } else { last.parse::<u64>().ok()? + 1 };
    Some(first.min(length)..end.min(length))
}
