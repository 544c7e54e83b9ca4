//! Files of films, for whoever has a pass to them.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use hearth_protocol::Rejection;
use hearth_protocol::ids::VideoId;
use hearth_store::VideoRecord;
use std::sync::Arc;

use super::AppState;
use super::answer::{Path, Refusal};
use super::kept;
use crate::clock;
use crate::films::shelf::Of;
use crate::films::uploads::ORIGINAL;

/// A file of a film: playlists, segments, pictures, subtitles; and, for who may change it, what they may take away.
#[utoipa::path(get, path = "/videos/{video}/{pass}/{path}", tag = "videos",
    params(("video" = String, Path), ("pass" = String, Path), ("path" = String, Path)),
    responses((status = 200), (status = 206), (status = 404, body = Rejection), (status = 416)))]
pub async fn read(
    State(state): State<Arc<AppState>>,
    Path((video, pass, path)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, Refusal> {
    let video = VideoId::parse(&video).map_err(|_| Rejection::NotFound)?;
    let node = &state.node;
    let let_in = node.films().passes().lets_in(node.store(), &pass, &video, clock::now().0).await?;
    let let_in = let_in.ok_or(Rejection::NotFound)?;
    // What was uploaded is its owner's; of a recording what is taken away is what is played.
    let original = path.starts_with(ORIGINAL);
    let kind = kind_of(&path).filter(|_| !original);
    if !is_plain(&path) || (kind.is_none() && !(original && let_in.may_change)) {
        return Err(Rejection::NotFound.into());
    }
    let mut response = kept::read(node, Of::Videos, &let_in.film.folder, &path, request).await;
    let to = response.headers_mut();
    match kind {
        Some(kind) => {
            to.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        None => {
            // Nobody's browser is to make anything of what somebody has uploaded.
            to.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
            if let Ok(name) = HeaderValue::from_str(&disposition(&let_in.film, &path)) {
                to.insert(header::CONTENT_DISPOSITION, name);
            }
        }
    }
    // A playlist grows while its film is converted.
    let grows = path.ends_with(".m3u8");
    let caching = if grows { "private, no-cache" } else { "private, max-age=600" };
    to.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    to.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// Bytes of a file's path, and of each name in it: no film has longer ones.
const PATH_MAX_BYTES: usize = 200;
const NAME_MAX_BYTES: usize = 100;

/// Names of files and folders in a film's folder, and nothing that leads out of it.
fn is_plain(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let short = path.len() <= PATH_MAX_BYTES && path.split('/').all(|name| name.len() <= NAME_MAX_BYTES);
    short && path.split('/').all(|name| !name.is_empty() && !name.starts_with('.') && name.bytes().all(plain))
}

/// What a player may fetch.
fn kind_of(path: &str) -> Option<&'static str> {
    match path.rsplit_once('.').map(|(_, end)| end) {
        Some("m3u8") => Some("application/vnd.apple.mpegurl"),
        Some("mp4" | "m4s") => Some("video/mp4"),
        Some("jpg") => Some("image/jpeg"),
        Some("vtt") => Some("text/vtt; charset=utf-8"),
        _ => None,
    }
}

/// Under which name a file is taken away (RFC 6266): the film's title, and the end of the file's name.
fn disposition(film: &VideoRecord, path: &str) -> String {
    let end = path.rsplit_once('.').map_or(String::new(), |(_, end)| format!(".{end}"));
    let title = if film.title.is_empty() { "film" } else { &film.title };
    let mut name = String::new();
    for byte in title.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' => name.push(char::from(byte)),
            other => name.push_str(&format!("%{other:02X}")),
        }
    }
    format!("attachment; filename*=UTF-8''{name}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_within_the_folder_are_files() {
        for plain in ["0.mp4", "film/720p/00000.m4s", "film/index.m3u8"] {
            assert!(is_plain(plain), "{plain}");
        }
        let name = |bytes: usize| format!("{}.mp4", "a".repeat(bytes - 4));
        assert!(is_plain(&name(NAME_MAX_BYTES)) && !is_plain(&name(NAME_MAX_BYTES + 1)));
        let deep = |parts: usize| "ab/".repeat(parts) + "c.mp4";
        assert!(is_plain(&deep(65)) && !is_plain(&deep(66)));
        for other in [
            "",
            "/",
            "../x.mp4",
            "a/../x.mp4",
            "a//b.mp4",
            "/etc/x.mp4",
            ".hidden.mp4",
            "a/.b.mp4",
            "a b.mp4",
            "a%2e.mp4",
            "é.mp4",
            "a\\b.mp4",
        ] {
            assert!(!is_plain(other), "{other}");
        }
    }
}
