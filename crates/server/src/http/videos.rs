//! Films: the archive of a room, and the chat of each; and that of a broadcast while it goes on.

use axum::extract::State;
use axum::http::StatusCode;
use hearth_protocol::Rejection;
use hearth_protocol::http::{ChangeVideo, MediaMessages, Videos};
use hearth_protocol::ids::VideoId;
use hearth_protocol::limits::{HISTORY_PAGE_MAX, LimitName, TITLE_MAX_CHARS, VIDEOS_PAGE_MAX};
use hearth_protocol::text::clean_name;
use hearth_protocol::videos::{Video, VideoState};
use hearth_store::VideoRecord;
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;

use super::AppState;
use super::answer::{Answer, Body, Path, Query, Refusal};
use super::asking::{Anybody, SignedIn};
use super::rooms::{conversing, viewer, watchable};
use crate::accounts::Who;
use crate::broadcast::films::{self, POSTER};
use crate::node::writes;
use crate::watching;

/// A film's playlist, in its folder.
const PLAYLIST: &str = "index.m3u8";
/// Films that come where nothing is said of how many.
const PAGE: usize = 20;

/// Which films.
#[derive(Deserialize)]
pub struct Which {
    before_ms: Option<u64>,
    limit: Option<usize>,
}

/// The films of a room, newest first, for whom the room admits.
#[utoipa::path(get, path = "/api/rooms/{room}/videos", tag = "videos",
    params(("room" = String, Path), ("before_ms" = Option<u64>, Query), ("limit" = Option<usize>, Query)),
    responses((status = 200, body = Videos), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn of_room(
    State(state): State<Arc<AppState>>,
    Anybody(who): Anybody,
    Path(room): Path<String>,
    Query(which): Query<Which>,
) -> Answer<Videos> {
    let room = watchable(&state, who.as_ref(), &room).await?;
    let limit = which.limit.unwrap_or(PAGE).clamp(1, VIDEOS_PAGE_MAX);
    let (videos, more) = state.node.store().videos().of_room(&room.id, which.before_ms, limit).await?;
    // What could not be kept concerns its owner alone.
    let videos =
        videos.into_iter().filter(|video| video.state != VideoState::Failed || may_change(video, who.as_ref()));
    Ok(axum::Json(Videos { videos: videos.map(|video| describe(&state, video, who.as_ref())).collect(), more }))
}

fn may_change(video: &VideoRecord, who: Option<&Who>) -> bool {
    watching::may_change(viewer(who).as_ref(), video)
}

fn describe(state: &AppState, video: VideoRecord, who: Option<&Who>) -> Video {
    let ready = video.state == VideoState::Ready;
    let may_change = may_change(&video, who);
    let file = |name: &str| format!("/videos/{}/{name}", video.id);
    let folder = files(state, &video);
    let downloads = if ready && may_change { media(&folder) } else { Vec::new() };
    Video {
        hls: ready.then(|| file(PLAYLIST)),
        poster: (ready && folder.join(POSTER).exists()).then(|| file(POSTER)),
        downloads: downloads.iter().map(|name| file(name)).collect(),
        may_change,
        id: video.id,
        owner: video.owner,
        title: video.title,
        room: video.space,
        state: video.state,
        duration_ms: video.duration_ms,
        width: video.width,
        height: video.height,
        bytes: video.bytes,
        created_ms: video.created_ms,
    }
}

/// The names of the files that a film's media is in, in their order.
fn media(folder: &std::path::Path) -> Vec<String> {
    (0..).map(films::media).take_while(|name| folder.join(name).exists()).collect()
}

/// Where the files of a film are.
fn files(state: &AppState, video: &VideoRecord) -> PathBuf {
    films::folder(&state.node, &video.folder)
}

/// A film that somebody may see: one of a room that admits them, or one they may change.
///
/// Errors: [`Rejection::NotFound`] for everybody else.
async fn seen(state: &AppState, who: Option<&Who>, video: &VideoId) -> Result<VideoRecord, Refusal> {
    let film = watching::film(state.node.store(), viewer(who).as_ref(), video).await?;
    Ok(film.ok_or(Rejection::NotFound)?)
}

/// The folder with the files of a film, for who may see it.
pub async fn folder(state: &AppState, who: Option<&Who>, video: &VideoId) -> Result<PathBuf, Refusal> {
    let video = seen(state, who, video).await?;
    Ok(files(state, &video))
}

/// A film that somebody may change, by its name in an address.
async fn changed(state: &AppState, who: &Who, video: &str) -> Result<VideoRecord, Refusal> {
    let id = VideoId::parse(video).map_err(|_| Rejection::NotFound)?;
    let video = seen(state, Some(who), &id).await?;
    if may_change(&video, Some(who)) { Ok(video) } else { Err(Refusal(Rejection::Forbidden)) }
}

/// A film.
#[utoipa::path(get, path = "/api/videos/{video}", tag = "videos", params(("video" = String, Path)),
    responses((status = 200, body = Video), (status = 404, body = Rejection)))]
pub async fn read(
    State(state): State<Arc<AppState>>,
    Anybody(who): Anybody,
    Path(video): Path<String>,
) -> Answer<Video> {
    let id = VideoId::parse(&video).map_err(|_| Rejection::NotFound)?;
    Ok(axum::Json(describe(&state, seen(&state, who.as_ref(), &id).await?, who.as_ref())))
}

/// Calls a film something else.
#[utoipa::path(patch, path = "/api/videos/{video}", tag = "videos", params(("video" = String, Path)),
    request_body = ChangeVideo,
    responses((status = 200, body = Video), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn change(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path(video): Path<String>,
    Body(body): Body<ChangeVideo>,
) -> Answer<Video> {
    let mut video = changed(&state, &who, &video).await?;
    if let Some(title) = body.title {
        if title.chars().count() > TITLE_MAX_CHARS {
            let max = TITLE_MAX_CHARS as u64;
            return Err(Refusal(Rejection::Limit { limit: LimitName::TitleChars, max, retry_after_ms: None }));
        }
        video.title = clean_name(&title, TITLE_MAX_CHARS).ok_or_else(|| Rejection::Invalid {
            field: "title".to_owned(),
            reason: "it has characters that show".to_owned(),
        })?;
        if !state.node.store().videos().rename(&video.id, &video.title).await? {
            return Err(Refusal(Rejection::NotFound));
        }
    }
    Ok(axum::Json(describe(&state, video, Some(&who))))
}

/// Deletes a film, and its files. One that is being recorded is declined: end the recording first.
#[utoipa::path(delete, path = "/api/videos/{video}", tag = "videos", params(("video" = String, Path)),
    responses((status = 204), (status = 401, body = Rejection), (status = 404, body = Rejection), (status = 422, body = Rejection)))]
pub async fn delete(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path(video): Path<String>,
) -> Result<StatusCode, Refusal> {
    let video = changed(&state, &who, &video).await?;
    if video.state == VideoState::Recording {
        let reason = "it is being recorded".to_owned();
        return Err(Refusal(Rejection::Invalid { field: "state".to_owned(), reason }));
    }
    // Nobody finds it any more before its files go; files that stay for a fault are found by the log.
    if !state.node.store().videos().delete(&video.id).await? {
        return Err(Refusal(Rejection::NotFound));
    }
    let folder = files(&state, &video);
    let removed = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(folder)).await;
    if let Ok(Err(error)) = removed
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::error!(folder = video.folder, %error, "the files of a film that was deleted could not be removed");
    }
    writes::note(&state.node, video.space.as_ref(), &who.profile.id, "delete_video", video.id.to_string()).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Where in the chat of a film, or of a broadcast.
#[derive(Deserialize)]
pub struct Since {
    after_ms: Option<u64>,
    after_position: Option<u64>,
    limit: Option<usize>,
}

impl Since {
    fn limit(&self) -> usize {
        self.limit.unwrap_or(HISTORY_PAGE_MAX).clamp(1, HISTORY_PAGE_MAX)
    }
}

/// What stands right before everything that was said from a media time on.
fn before(from_ms: u64) -> (u64, u64) {
    match from_ms.checked_sub(1) {
        Some(before_ms) => (before_ms, u64::MAX),
        None => (0, 0),
    }
}

/// What was said in the broadcast that is live, in order of media time: from a time on, or after a message. Nothing where
/// nobody is live.
#[utoipa::path(get, path = "/api/rooms/{room}/broadcast/messages", tag = "rooms",
    params(("room" = String, Path),
        ("after_ms" = Option<u64>, Query, description = "A time in the broadcast; with `after_position`, that of the last message one has"),
        ("after_position" = Option<u64>, Query, description = "The position of the last message one has"),
        ("limit" = Option<usize>, Query)),
    responses((status = 200, body = MediaMessages), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn of_broadcast(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path(room): Path<String>,
    Query(since): Query<Since>,
) -> Answer<MediaMessages> {
    let room = conversing(&state, &who, &room).await?;
    let Some(broadcast) = state.node.broadcasts().going_on(&room.id) else {
        return Ok(axum::Json(MediaMessages { messages: Vec::new(), more: false }));
    };
    let from_ms = since.after_ms.unwrap_or_default();
    let after = since.after_position.map_or_else(|| before(from_ms), |position| (from_ms, position));
    let conversations = state.node.store().conversations();
    let (messages, more) = conversations.of_broadcast(&room.id, broadcast.number(), after, since.limit()).await?;
    Ok(axum::Json(MediaMessages { messages, more }))
}

/// The chat of a film, in order of media time: what was said from a time on, or after a message.
#[utoipa::path(get, path = "/api/videos/{video}/messages", tag = "videos",
    params(("video" = String, Path),
        ("after_ms" = Option<u64>, Query, description = "A time in the film; with `after_position`, that of the last message one has"),
        ("after_position" = Option<u64>, Query, description = "The position of the last message one has"),
        ("limit" = Option<usize>, Query)),
    responses((status = 200, body = MediaMessages), (status = 404, body = Rejection)))]
pub async fn messages(
    State(state): State<Arc<AppState>>,
    Anybody(who): Anybody,
    Path(video): Path<String>,
    Query(since): Query<Since>,
) -> Answer<MediaMessages> {
    let id = VideoId::parse(&video).map_err(|_| Rejection::NotFound)?;
    let video = seen(&state, who.as_ref(), &id).await?;
    let (Some(room), Some(broadcast)) = (&video.space, video.broadcast) else {
        return Ok(axum::Json(MediaMessages { messages: Vec::new(), more: false }));
    };
    let conversations = state.node.store().conversations();
    let from_film = video.timeline.broadcast_ms(since.after_ms.unwrap_or_default());
    let after = match since.after_position {
        // Several times of the broadcast can be one time of the film: the message itself knows which is meant.
        Some(position) => match conversations.message(room, position).await?.and_then(|message| message.media_ms) {
            Some(media_ms) => (media_ms, position),
            None => (from_film, position),
        },
        None => before(from_film),
    };
    let (mut messages, more) = conversations.of_broadcast(room, broadcast, after, since.limit()).await?;
    for message in &mut messages {
        message.media_ms = message.media_ms.map(|broadcast_ms| video.timeline.film_ms(broadcast_ms));
    }
    Ok(axum::Json(MediaMessages { messages, more }))
}
