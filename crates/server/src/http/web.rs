//! The web app inside the binary.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, RwLock};

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct WebApp;

/// What the app's pages may do: nothing from elsewhere, no scripts but ours.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
    media-src 'self' blob:; connect-src 'self' ws: wss:; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; \
    form-action 'self'; object-src 'none'";

/// A file as it goes out: plain, and compressed where that is smaller. Made once.
struct Prepared {
    kind: HeaderValue,
    tag: HeaderValue,
    plain: Bytes,
    gzip: Option<Bytes>,
}

/// The files that were asked for so far. There are as many as the build has.
static PREPARED: RwLock<BTreeMap<String, Arc<Prepared>>> = RwLock::new(BTreeMap::new());

/// A file of the app; its page for every other address, which the app's own router reads.
pub async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = prepared(path) {
        return answer(path, &file, &headers);
    }
    // A missing file of the build is missing: an answer with the page would be taken for a script.
    if path.starts_with("assets/") {
        return StatusCode::NOT_FOUND.into_response();
    }
    match prepared("index.html") {
        Some(page) => answer("index.html", &page, &headers),
        None => (StatusCode::NOT_FOUND, "The web app is not in this binary: build it in web/ first.").into_response(),
    }
}

fn prepared(path: &str) -> Option<Arc<Prepared>> {
    if let Some(file) = PREPARED.read().expect("plain map").get(path) {
        return Some(file.clone());
    }
    let file = WebApp::get(path)?;
    let plain = Bytes::from(file.data.into_owned());
    let kind = file.metadata.mimetype();
    let compressible = ["text/", "javascript", "json", "svg"].iter().any(|part| kind.contains(part));
    let gzip = compressible.then(|| compressed(&plain)).flatten();
    let hash = file.metadata.sha256_hash();
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..12]));
    let made = Arc::new(Prepared {
        kind: HeaderValue::from_str(kind).unwrap_or(HeaderValue::from_static("application/octet-stream")),
        tag: HeaderValue::from_str(&tag).expect("base64 is plain"),
        plain,
        gzip,
    });
    // In a debug build files are read from the folder each time, so that a new build of the app shows without a restart.
    if !cfg!(debug_assertions) {
        PREPARED.write().expect("plain map").insert(path.to_owned(), made.clone());
    }
    Some(made)
}

fn compressed(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 2), Compression::best());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok().filter(|gzip| gzip.len() < plain.len()).map(Bytes::from)
}

fn answer(path: &str, file: &Prepared, asked: &HeaderMap) -> Response {
    let has = |name: HeaderName, wanted: &str| {
        asked.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains(wanted))
    };
    let mut response = if has(header::IF_NONE_MATCH, file.tag.to_str().unwrap_or_default()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match &file.gzip {
            Some(gzip) if has(header::ACCEPT_ENCODING, "gzip") => {
                ([(header::CONTENT_ENCODING, "gzip")], gzip.clone()).into_response()
            }
            _ => file.plain.clone().into_response(),
        }
    };
    // Names of files in assets/ hold a hash of what is in them.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, file.kind.clone());
    headers.insert(header::ETAG, file.tag.clone());
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}
