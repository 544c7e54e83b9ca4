//! Films: the archive of a room, and the chat of each; and that of a broadcast while it goes on.

use axum::extract::State;
use axum::http::StatusCode;
use hearth_protocol::Rejection;
use hearth_protocol::http::{ChangeVideo, DialogVideo, DialogVideos, MediaMessages, Videos, Watched};
use hearth_protocol::ids::VideoId;
use hearth_protocol::limits::{
    CHAPTERS_MAX, HISTORY_PAGE_MAX, LimitName, SEARCH_MAX_CHARS, TITLE_MAX_CHARS, VIDEOS_PAGE_MAX,
};
use hearth_protocol::text::clean_name;
use hearth_protocol::videos::{Audience, Chapter, Video, VideoState};
use hearth_store::{VideoFinder, VideoRecord, VideosOf};
use serde::Deserialize;
use std::sync::Arc;

use super::AppState;
use super::answer::{Answer, Body, Path, Query, Refusal};
use super::asking::{Anybody, SignedIn};
use super::dialogs::member_of;
use super::rooms::{conversing, viewer, watchable};
use crate::accounts::Who;
use crate::films::describe::describe;
use crate::node::writes;
use crate::watching::{self, Watcher};
use crate::{clock, films, fresh};

/// Longer than any film: a day, in milliseconds.
const DURATION_MAX_MS: u64 = 86_400_000;
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
    let asker = watcher(who.as_ref(), None);
    let mut seen = Vec::with_capacity(videos.len());
    for video in videos {
        if watching::may_see_film(state.node.store(), &asker, &video).await? {
            seen.push(video);
        }
    }
    Ok(axum::Json(Videos { videos: described(&state, seen, &asker).await?, more }))
}

/// Somebody who asks for films, as the rule looks at them.
fn watcher<'a>(who: Option<&'a Who>, link: Option<&'a str>) -> Watcher<'a> {
    Watcher { viewer: viewer(who), link }
}

/// Films as somebody may see them.
async fn described(state: &AppState, films: Vec<VideoRecord>, who: &Watcher<'_>) -> Result<Vec<Video>, Refusal> {
    let mut videos = Vec::with_capacity(films.len());
    for film in films {
        videos.push(describe(&state.node, film, who).await?);
    }
    Ok(videos)
}

/// A film that somebody may see, by its name in an address.
///
/// Errors: [`Rejection::NotFound`] for everybody else.
async fn seen(state: &AppState, who: &Watcher<'_>, video: &str) -> Result<VideoRecord, Refusal> {
    let id = VideoId::parse(video).map_err(|_| Rejection::NotFound)?;
    let film = watching::film(state.node.store(), who, &id).await?;
    Ok(film.ok_or(Rejection::NotFound)?)
}

/// A film that somebody may change, by its name in an address.
pub(super) async fn changed(state: &AppState, who: &Who, video: &str) -> Result<VideoRecord, Refusal> {
    let video = seen(state, &watcher(Some(who), None), video).await?;
    if watching::may_change(Some(&who.viewer()), &video) { Ok(video) } else { Err(Refusal(Rejection::Forbidden)) }
}

/// Which films of a person.
#[derive(Deserialize)]
pub struct WhichOf {
    owner: Option<String>,
    #[serde(default)]
    q: String,
    before_ms: Option<u64>,
    limit: Option<usize>,
}

/// The films on a person's page, newest first: those that who asks may watch; on one's own those that others may find there, each
/// with whom it is for. Where no owner is named, all of one's own.
#[utoipa::path(get, path = "/api/videos", tag = "videos",
    params(("owner" = Option<String>, Query, description = "An account's name; left out: one's own"),
        ("q" = Option<String>, Query, description = "Words in the title"), ("before_ms" = Option<u64>, Query),
        ("limit" = Option<usize>, Query)),
    responses((status = 200, body = Videos), (status = 401, body = Rejection), (status = 404, body = Rejection),
        (status = 422, body = Rejection)))]
pub async fn of_owner(
    State(state): State<Arc<AppState>>,
    Anybody(who): Anybody,
    Query(which): Query<WhichOf>,
) -> Answer<Videos> {
    if which.q.chars().count() > SEARCH_MAX_CHARS {
        return Err(past(LimitName::SearchChars, SEARCH_MAX_CHARS));
    }
    let store = state.node.store();
    let viewer = who.as_ref().map(|who| &who.profile.id);
    let (owner, finder) = match (&which.owner, viewer) {
        (Some(name), _) => {
            let account = store.accounts().by_name(name).await?.filter(|(account, _)| !account.disabled);
            (account.ok_or(Rejection::NotFound)?.0.profile.id, VideoFinder::Page(viewer))
        }
        (None, Some(viewer)) => (viewer.clone(), VideoFinder::Library),
        (None, None) => return Err(Refusal(Rejection::Unauthenticated)),
    };
    let which = VideosOf {
        owner: &owner,
        looked_for: which.q.trim(),
        before_ms: which.before_ms,
        finder,
        limit: which.limit.unwrap_or(PAGE),
    };
    let (films, more) = store.videos().of_owner(&which).await?;
    Ok(axum::Json(Videos { videos: described(&state, films, &watcher(who.as_ref(), None)).await?, more }))
}

/// By which link.
#[derive(Deserialize)]
pub struct By {
    link: Option<String>,
}

/// A film, for whom may watch it; or for whoever has its link, where it has one.
#[utoipa::path(get, path = "/api/videos/{video}", tag = "videos",
    params(("video" = String, Path), ("link" = Option<String>, Query, description = "The secret of its link")),
    responses((status = 200, body = Video), (status = 404, body = Rejection)))]
pub async fn read(
    State(state): State<Arc<AppState>>,
    Anybody(who): Anybody,
    Path(video): Path<String>,
    Query(by): Query<By>,
) -> Answer<Video> {
    let who = watcher(who.as_ref(), by.link.as_deref());
    let film = seen(&state, &who, &video).await?;
    Ok(axum::Json(describe(&state.node, film, &who).await?))
}

/// Changes what is said of a film, and who may watch it.
#[utoipa::path(patch, path = "/api/videos/{video}", tag = "videos", params(("video" = String, Path)),
    request_body = ChangeVideo,
    responses((status = 200, body = Video), (status = 401, body = Rejection), (status = 403, body = Rejection),
        (status = 404, body = Rejection), (status = 422, body = Rejection)))]
pub async fn change(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path(video): Path<String>,
    Body(body): Body<ChangeVideo>,
) -> Answer<Video> {
    let mut video = changed(&state, &who, &video).await?;
    if let Some(title) = body.title {
        if title.chars().count() > TITLE_MAX_CHARS {
            return Err(past(LimitName::TitleChars, TITLE_MAX_CHARS));
        }
        video.title =
            clean_name(&title, TITLE_MAX_CHARS).ok_or_else(|| invalid("title", "it has characters that show"))?;
    }
    if let Some(audience) = body.audience {
        // Whoever manages the server takes away, and does not show.
        if video.owner.id != who.profile.id {
            return Err(Refusal(Rejection::Forbidden));
        }
        if audience == Audience::Room && video.space.is_none() {
            return Err(invalid("audience", "it is no recording of a room"));
        }
        video.audience = audience;
    }
    if video.audience == Audience::Link && (body.new_link || video.link.is_none()) {
        video.link = Some(fresh::secret());
    }
    if let Some(chapters) = body.chapters {
        video.chapters = checked(chapters, video.duration_ms)?;
    }
    if !state.node.store().videos().describe(&video).await? {
        return Err(Refusal(Rejection::NotFound));
    }
    state.node.films().passes().look_again(&video.id);
    Ok(axum::Json(describe(&state.node, video, &watcher(Some(&who), None)).await?))
}

/// Chapters as they are kept: in order of time, and within the film where its length is known.
fn checked(chapters: Vec<Chapter>, duration_ms: u64) -> Result<Vec<Chapter>, Refusal> {
    if chapters.len() > CHAPTERS_MAX {
        return Err(past(LimitName::Chapters, CHAPTERS_MAX));
    }
    let mut checked = Vec::with_capacity(chapters.len());
    for chapter in chapters {
        if chapter.title.chars().count() > TITLE_MAX_CHARS {
            return Err(past(LimitName::TitleChars, TITLE_MAX_CHARS));
        }
        let title = clean_name(&chapter.title, TITLE_MAX_CHARS).unwrap_or_default();
        checked.push(Chapter {
            start_ms: chapter.start_ms.min(if duration_ms == 0 { DURATION_MAX_MS } else { duration_ms }),
            title,
        });
    }
    checked.sort_by_key(|chapter| chapter.start_ms);
    checked.dedup_by_key(|chapter| chapter.start_ms);
    Ok(checked)
}

/// Remembers where somebody is in a film, on all of their devices.
#[utoipa::path(put, path = "/api/videos/{video}/watched", tag = "videos", params(("video" = String, Path)),
    request_body = Watched,
    responses((status = 204), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn watched(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path(video): Path<String>,
    Body(body): Body<Watched>,
) -> Result<StatusCode, Refusal> {
    let film = seen(&state, &watcher(Some(&who), None), &video).await?;
    let position_ms = body.position_ms.min(DURATION_MAX_MS);
    let videos = state.node.store().videos();
    videos.set_watched(&who.profile.id, &film.id, position_ms, body.seen, clock::now().0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Converts a film that failed once more.
#[utoipa::path(post, path = "/api/videos/{video}/convert", tag = "videos", params(("video" = String, Path)),
    responses((status = 200, body = Video), (status = 401, body = Rejection), (status = 403, body = Rejection),
        (status = 404, body = Rejection), (status = 409, body = Rejection)))]
pub async fn convert(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path(video): Path<String>,
) -> Answer<Video> {
    let film = changed(&state, &who, &video).await?;
    let videos = state.node.store().videos();
    if videos.try_again(&film.id).await? {
        let film = videos.by_id(&film.id).await?.ok_or(Rejection::NotFound)?;
        state.node.films().conversions().add(&state.node, &film);
    }
    let film = videos.by_id(&film.id).await?.ok_or(Rejection::NotFound)?;
    Ok(axum::Json(describe(&state.node, film, &watcher(Some(&who), None)).await?))
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
        return Err(invalid("state", "it is being recorded"));
    }
    if !films::delete(&state.node, &video).await? {
        return Err(Refusal(Rejection::NotFound));
    }
    // What concerns a room is for its moderators to read; what is private is not.
    if video.space.is_some() {
        writes::note(&state.node, video.space.as_ref(), &who.profile.id, "delete_video", video.id.to_string()).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The films that are shared in a dialog of one's own, the newest first.
#[utoipa::path(get, path = "/api/dialogs/{dialog}/videos", tag = "dialogs",
    params(("dialog" = String, Path), ("before" = Option<u64>, Query, description = "A position")),
    responses((status = 200, body = DialogVideos), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn of_dialog(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path(dialog): Path<String>,
    Query(before): Query<Before>,
) -> Answer<DialogVideos> {
    let dialog = member_of(&state, &who, &dialog).await?;
    let videos = state.node.store().videos();
    let (shared, more) = videos.shared_in(&dialog, &who.profile.id, before.before).await?;
    let who = watcher(Some(&who), None);
    let mut told = Vec::with_capacity(shared.len());
    for one in shared {
        let video = describe(&state.node, one.video, &who).await?;
        told.push(DialogVideo { video, position: one.position, shared_ms: one.shared_ms });
    }
    Ok(axum::Json(DialogVideos { videos: told, more }))
}

/// Before which position.
#[derive(Deserialize)]
pub struct Before {
    before: Option<u64>,
}

fn past(limit: LimitName, max: usize) -> Refusal {
    Refusal(Rejection::Limit { limit, max: max as u64, retry_after_ms: None })
}

fn invalid(field: &str, reason: &str) -> Refusal {
    Refusal(Rejection::Invalid { field: field.to_owned(), reason: reason.to_owned() })
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
    Query(by): Query<By>,
) -> Answer<MediaMessages> {
    let video = seen(&state, &watcher(who.as_ref(), by.link.as_deref()), &video).await?;
    let (Some(room), Some(broadcast)) = (&video.space, video.broadcast) else {
        return moments(&state, who.as_ref(), &video, &since).await;
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

/// What was said at moments of a film in dialogs of one's own.
async fn moments(state: &AppState, who: Option<&Who>, video: &VideoRecord, since: &Since) -> Answer<MediaMessages> {
    let Some(who) = who else { return Ok(axum::Json(MediaMessages { messages: Vec::new(), more: false })) };
    let from_ms = since.after_ms.unwrap_or_default();
    let after = since.after_position.map_or_else(|| before(from_ms), |position| (from_ms, position));
    let videos = state.node.store().videos();
    let (mut messages, more) = videos.moments(&video.id, &who.profile.id, after, since.limit()).await?;
    for message in &mut messages {
        message.media_ms = message.moment.as_ref().map(|moment| moment.at_ms);
    }
    Ok(axum::Json(MediaMessages { messages, more }))
}
