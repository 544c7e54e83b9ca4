//! Subtitles that the owner of a film adds to it.

use axum::body::Bytes;
use axum::extract::State;
use hearth_protocol::Rejection;
use hearth_protocol::limits::{LimitName, SUBTITLES_MAX, TAG_MAX_CHARS, TITLE_MAX_CHARS};
use hearth_protocol::text::clean_name;
use hearth_protocol::videos::Video;
use hearth_store::{Media, SubtitleFile, VideoRecord};
use serde::Deserialize;
use std::sync::Arc;

use super::AppState;
use super::answer::{Answer, Path, Query, Refusal};
use super::asking::SignedIn;
use super::videos::changed;
use crate::accounts::Who;
use crate::films;
use crate::films::describe::describe;
use crate::films::shelf::{self, Of};
use crate::films::subtitles::web_vtt;
use crate::watching::Watcher;

/// The folder of what was added, in the film's.
const ADDED: &str = "added";
/// Characters of a name.
const NAME_MAX: usize = 40;

/// What is said of subtitles.
#[derive(Deserialize)]
pub struct About {
    #[serde(default)]
    language: String,
    #[serde(default)]
    label: String,
}

/// Adds subtitles to one's film, in place of those of the same name: WebVTT or SubRip, as the body.
#[utoipa::path(put, path = "/api/videos/{video}/subtitles/{name}", tag = "videos",
    params(("video" = String, Path), ("name" = String, Path, description = "Letters, digits and hyphens"),
        ("language" = Option<String>, Query, description = "BCP 47"), ("label" = Option<String>, Query)),
    request_body(content = String, content_type = "text/vtt"),
    responses((status = 200, body = Video), (status = 401, body = Rejection), (status = 403, body = Rejection),
        (status = 404, body = Rejection), (status = 413, body = Rejection), (status = 422, body = Rejection)))]
pub async fn set(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path((video, name)): Path<(String, String)>,
    Query(about): Query<About>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Answer<Video> {
    let film = changed(&state, &who, &video).await?;
    let plain =
        (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !plain {
        return Err(invalid("name", "letters, digits and hyphens"));
    }
    let max = hearth_protocol::limits::SUBTITLES_MAX_BYTES as u64;
    let past = |limit, max| Refusal(Rejection::Limit { limit, max, retry_after_ms: None });
    let body = body.map_err(|_| past(LimitName::SubtitleBytes, max))?;
    if about.language.chars().count() > TAG_MAX_CHARS || about.label.chars().count() > TITLE_MAX_CHARS {
        return Err(invalid("label", "it is too long"));
    }
    let vtt = web_vtt(&body).map_err(|error| invalid("subtitles", &error.to_string()))?;
    let mut media = film.media.clone();
    media.subtitles.retain(|one| !(one.added && one.name == name));
    if media.subtitles.iter().any(|one| one.name == name) {
        return Err(invalid("name", "those came with the film"));
    }
    if media.subtitles.len() >= SUBTITLES_MAX {
        return Err(past(LimitName::Subtitles, SUBTITLES_MAX as u64));
    }
    let path = format!("{ADDED}/{name}.vtt");
    media.subtitles.push(SubtitleFile {
        path: path.clone(),
        name,
        language: clean_name(&about.language, TAG_MAX_CHARS).unwrap_or_default(),
        label: clean_name(&about.label, TITLE_MAX_CHARS).unwrap_or_default(),
        added: true,
    });
    let folder = films::folder(&state.node, &film.folder);
    write(&folder, &path, &vtt).await.map_err(|error| {
        tracing::error!(film = %film.id, %error, "subtitles could not be written");
        Refusal(Rejection::Storage)
    })?;
    let name = film.folder.clone();
    let answer = changed_to(&state, &who, film, media).await?;
    shelf::keep_if_whole(&state.node, &name).await;
    Ok(answer)
}

async fn write(folder: &std::path::Path, path: &str, vtt: &str) -> std::io::Result<()> {
    tokio::fs::create_dir_all(folder.join(ADDED)).await?;
    tokio::fs::write(folder.join(path), vtt).await
}

/// Takes subtitles off that were added.
#[utoipa::path(delete, path = "/api/videos/{video}/subtitles/{name}", tag = "videos",
    params(("video" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = Video), (status = 401, body = Rejection), (status = 403, body = Rejection),
        (status = 404, body = Rejection)))]
pub async fn remove(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path((video, name)): Path<(String, String)>,
) -> Answer<Video> {
    let film = changed(&state, &who, &video).await?;
    let mut media = film.media.clone();
    let at = media.subtitles.iter().position(|one| one.added && one.name == name).ok_or(Rejection::NotFound)?;
    let gone = media.subtitles.remove(at);
    let folder = film.folder.clone();
    let answer = changed_to(&state, &who, film, media).await?;
    shelf::remove_file(&state.node, Of::Videos, &folder, &gone.path).await;
    Ok(answer)
}

/// Stores what lies in a film's folder, if nobody else changed it meanwhile.
async fn changed_to(state: &AppState, who: &Who, film: VideoRecord, media: Media) -> Answer<Video> {
    if !state.node.store().videos().set_media(&film.id, &film.media, &media).await? {
        return Err(Refusal(Rejection::Busy));
    }
    state.node.films().passes().look_again(&film.id);
    let film = VideoRecord { media, ..film };
    Ok(axum::Json(describe(&state.node, film, &Watcher { viewer: Some(who.viewer()), link: None }).await?))
}

fn invalid(field: &str, reason: &str) -> Refusal {
    Refusal(Rejection::Invalid { field: field.to_owned(), reason: reason.to_owned() })
}
