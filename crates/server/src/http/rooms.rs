//! Rooms: finding them, reading their conversation; commands of programs.

use axum::extract::State;
use hearth_capabilities::Listing;
use hearth_protocol::http::{FoundRooms, LiveRooms, MessagePage, Room};
use hearth_protocol::ids::SpaceId;
use hearth_protocol::limits::HISTORY_PAGE_MAX;
use hearth_protocol::live_rooms::Broadcast;
use hearth_protocol::{Command, Outcome, Rejection};
use hearth_store::{Page, ROOMS_MAX, RoomRecord, RoomSearch, SEARCH_WORDS_MAX};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;

use super::AppState;
use super::answer::{Answer, Body, Path, Query, Refusal};
use super::asking::{Anybody, SignedIn};
use super::covers;
use crate::accounts::Who;
use crate::commanding;
use crate::watching::{self, Viewer};

/// Rooms on the front page.
const LIVE_MAX: usize = ROOMS_MAX;
/// Rooms that a search gives.
const FOUND_MAX: usize = 100;
/// The longest text that is searched for, in bytes.
const SEARCH_MAX_BYTES: usize = 200;

/// The rooms that are live, most watched first.
#[utoipa::path(get, path = "/api/live", tag = "rooms", responses((status = 200, body = LiveRooms)))]
pub async fn live(State(state): State<Arc<AppState>>, Anybody(who): Anybody) -> Answer<LiveRooms> {
    let with_account = who.as_ref().is_some_and(|who| who.profile.name.is_some());
    let search = RoomSearch { with_account, ..RoomSearch::default() };
    Ok(axum::Json(LiveRooms { rooms: live_rooms(&state, who.as_ref(), &search, LIVE_MAX).await? }))
}

/// What is looked for.
#[derive(Deserialize)]
pub struct Looked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    language: String,
    #[serde(default)]
    tag: String,
}

/// Rooms by what they say of themselves and by their hosts' names, live ones first.
#[utoipa::path(get, path = "/api/rooms", tag = "rooms",
    params(("q" = Option<String>, Query, description = "Words: each is in a title, category, tag or name"),
        ("category" = Option<String>, Query), ("language" = Option<String>, Query, description = "BCP 47: `zh` finds `zh-Hant`"),
        ("tag" = Option<String>, Query)),
    responses((status = 200, body = FoundRooms)))]
pub async fn search(
    State(state): State<Arc<AppState>>,
    Anybody(who): Anybody,
    Query(looked): Query<Looked>,
) -> Answer<FoundRooms> {
    for (field, text) in
        [("q", &looked.q), ("category", &looked.category), ("language", &looked.language), ("tag", &looked.tag)]
    {
        if text.len() > SEARCH_MAX_BYTES {
            let reason = format!("at most {SEARCH_MAX_BYTES} bytes");
            return Err(Refusal(Rejection::Invalid { field: field.to_owned(), reason }));
        }
    }
    let search = RoomSearch {
        words: looked.q.split_whitespace().take(SEARCH_WORDS_MAX).map(str::to_owned).collect(),
        category: looked.category.trim().to_owned(),
        language: looked.language.trim().to_owned(),
        tag: looked.tag.trim().to_owned(),
        with_account: who.as_ref().is_some_and(|who| who.profile.name.is_some()),
    };
    let mut rooms = live_rooms(&state, who.as_ref(), &search, FOUND_MAX).await?;
    for record in state.node.store().rooms().search(&search, FOUND_MAX).await? {
        if rooms.len() < FOUND_MAX && !rooms.iter().any(|room| room.id == record.id) {
            rooms.push(describe(&state, record, who.as_ref()));
        }
    }
    Ok(axum::Json(FoundRooms { rooms }))
}

/// The live rooms that a search finds, most watched first.
pub(super) async fn live_rooms(
    state: &AppState,
    who: Option<&Who>,
    search: &RoomSearch,
    max: usize,
) -> Result<Vec<Room>, Refusal> {
    let listed = |listing: &Listing| {
        matches!(listing.broadcast, Broadcast::OnAir { .. } | Broadcast::Interrupted { .. } | Broadcast::Paused { .. })
            && search.finds(&listing.host, &listing.about)
    };
    let mut listings = state.node.directory().list(listed);
    listings.sort_by(|(a, of_a), (b, of_b)| of_b.audience.cmp(&of_a.audience).then_with(|| a.cmp(b)));
    listings.truncate(max);
    let ids: Vec<SpaceId> = listings.iter().map(|(id, _)| id.clone()).collect();
    let records = state.node.store().rooms().by_ids(&ids).await?;
    let mut records: HashMap<SpaceId, RoomRecord> =
        records.into_iter().map(|record| (record.id.clone(), record)).collect();
    let rooms = ids.iter().filter_map(|id| records.remove(id)).map(|record| describe(state, record, who));
    Ok(rooms.collect())
}

/// A room as one finds it: what is live of it, and what is stored.
fn describe(state: &AppState, record: RoomRecord, who: Option<&Who>) -> Room {
    let picture = picture(state, &record);
    let listing = state.node.directory().get(&record.id);
    // A change that is being stored already stands in the listing.
    let (host, about, broadcast, audience) = match listing {
        Some(listing) => (listing.host, listing.about, listing.broadcast, listing.audience),
        None => (record.host, record.about, Broadcast::Off, 0),
    };
    Room {
        may_enter: watching::may_enter(viewer(who).as_ref(), about.entry, &record.id),
        id: record.id,
        host,
        about,
        broadcast,
        audience,
        picture,
        followers: record.followers,
    }
}

/// The address of a room's picture: of the stream while it is live, else the cover.
fn picture(state: &AppState, record: &RoomRecord) -> Option<String> {
    if state.node.broadcasts().going_on(&record.id).is_some() {
        return Some(format!("/api/rooms/{}/picture", record.id));
    }
    record.cover.as_ref().map(|hash| covers::address(&record.id, hash))
}

pub(super) fn viewer(who: Option<&Who>) -> Option<Viewer<'_>> {
    who.map(Who::viewer)
}

/// A room by its id, or by `@` and its host's name.
#[utoipa::path(get, path = "/api/rooms/{room}", tag = "rooms", params(("room" = String, Path)),
    responses((status = 200, body = Room), (status = 404, body = Rejection)))]
pub async fn read(State(state): State<Arc<AppState>>, Anybody(who): Anybody, Path(room): Path<String>) -> Answer<Room> {
    let record = visible(&state, who.as_ref(), &room).await?;
    Ok(axum::Json(describe(&state, record, who.as_ref())))
}

pub(super) async fn find(state: &AppState, room: &str) -> Result<RoomRecord, Refusal> {
    let rooms = state.node.store().rooms();
    let found = match (room.strip_prefix('@'), SpaceId::parse(room)) {
        (Some(name), _) => rooms.by_host_name(name).await?,
        (None, Ok(id)) => rooms.by_id(&id).await?,
        (None, Err(_)) => None,
    };
    Ok(found.ok_or(Rejection::NotFound)?)
}

/// A room that somebody may know of: one for accounts only does not exist for strangers and guests.
///
/// Errors: [`Rejection::NotFound`].
pub async fn visible(state: &AppState, who: Option<&Who>, room: &str) -> Result<RoomRecord, Refusal> {
    let record = find(state, room).await?;
    let visible = watching::is_visible(viewer(who).as_ref(), record.about.entry);
    if visible { Ok(record) } else { Err(Refusal(Rejection::NotFound)) }
}

/// A room that somebody may watch: an open one, by anybody; another, by whom it admits.
///
/// Errors: [`Rejection::NotFound`]; [`Rejection::Unauthenticated`] where signing in could help, [`Rejection::Forbidden`]
/// where it didn't; [`Rejection::Banned`].
pub async fn watchable(state: &AppState, who: Option<&Who>, room: &str) -> Result<RoomRecord, Refusal> {
    let record = find(state, room).await?;
    match watching::refusal(state.node.store(), viewer(who).as_ref(), &record).await? {
        None => Ok(record),
        Some(rejection) => Err(Refusal(rejection)),
    }
}

/// A room whose conversation somebody may read.
///
/// Errors: [`Rejection::NotFound`], also for whom it does not admit; [`Rejection::Banned`].
pub(super) async fn conversing(state: &AppState, who: &Who, room: &str) -> Result<RoomRecord, Refusal> {
    let record = find(state, room).await?;
    if !watching::may_enter(Some(&who.viewer()), record.about.entry, &record.id) {
        return Err(Refusal(Rejection::NotFound));
    }
    not_banned(state, &record, who).await?;
    Ok(record)
}

/// A room that is listed to somebody with an account, with its picture.
///
/// Errors: [`Rejection::Banned`].
pub async fn listed(state: &AppState, who: &Who, room: &str) -> Result<RoomRecord, Refusal> {
    let record = visible(state, Some(who), room).await?;
    not_banned(state, &record, who).await?;
    Ok(record)
}

async fn not_banned(state: &AppState, record: &RoomRecord, who: &Who) -> Result<(), Refusal> {
    if state.node.store().rooms().is_banned(&record.id, &who.profile.id).await? {
        return Err(Refusal(Rejection::Banned));
    }
    Ok(())
}

/// A room that somebody moderates: its host, its moderators, administrators.
///
/// Errors: [`Rejection::NotFound`] for everybody else: there is nothing to moderate.
pub(super) async fn moderated(state: &AppState, who: &Who, room: &str) -> Result<RoomRecord, Refusal> {
    let record = find(state, room).await?;
    let moderates = who.administrator
        || record.host.id == who.profile.id
        || state.node.store().rooms().is_moderator(&record.id, &who.profile.id).await?;
    if moderates { Ok(record) } else { Err(Refusal(Rejection::NotFound)) }
}

/// The room of somebody who owns it; for others, who may see it or not, there is none to manage.
pub(super) async fn own_room(state: &AppState, who: &Who, room: &str) -> Result<SpaceId, Refusal> {
    let record = find(state, room).await?;
    if record.host.id == who.profile.id { Ok(record.id) } else { Err(Refusal(Rejection::NotFound)) }
}

/// A space whose conversation somebody may read: a room that admits them, or a group of theirs.
///
/// Errors: [`Rejection::NotFound`]; [`Rejection::Banned`].
async fn readable(state: &AppState, who: &Who, space: &str) -> Result<SpaceId, Refusal> {
    if let Some(group) = SpaceId::parse(space).ok().filter(SpaceId::is_group) {
        let theirs = state.node.store().groups().may_read(&group, &who.profile.id).await?;
        return if theirs { Ok(group) } else { Err(Refusal(Rejection::NotFound)) };
    }
    Ok(conversing(state, who, space).await?.id)
}

/// Which messages.
#[derive(Deserialize)]
pub struct Which {
    before: Option<u64>,
    after: Option<u64>,
    around: Option<u64>,
    limit: Option<usize>,
}

/// A page of the conversation of a room, or of a group of one's own, oldest first: the latest, those before a position, those after one, or those around one.
#[utoipa::path(get, path = "/api/rooms/{room}/messages", tag = "rooms",
    params(("room" = String, Path), ("before" = Option<u64>, Query), ("after" = Option<u64>, Query),
        ("around" = Option<u64>, Query), ("limit" = Option<usize>, Query)),
    responses((status = 200, body = MessagePage), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn messages(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path(room): Path<String>,
    Query(which): Query<Which>,
) -> Answer<MessagePage> {
    let space = readable(&state, &who, &room).await?;
    page_of(&state, &space, which).await
}

/// A page of a conversation that may be read.
pub(super) async fn page_of(state: &AppState, space: &SpaceId, which: Which) -> Answer<MessagePage> {
    let limit = which.limit.unwrap_or(50).clamp(1, HISTORY_PAGE_MAX);
    if let Some(position) = which.around {
        return around(state, space, position, limit).await;
    }
    let page = match (which.before, which.after) {
        (Some(position), None) => Page::Before(position),
        (None, Some(position)) => Page::After(position),
        (None, None) => Page::Latest,
        (Some(_), Some(_)) => {
            let reason = "before and after exclude each other".to_owned();
            return Err(Refusal(Rejection::Invalid { field: "after".to_owned(), reason }));
        }
    };
    let (messages, more) = state.node.store().conversations().page(space, page, limit).await?;
    Ok(axum::Json(MessagePage { messages, more }))
}

/// The messages around a position, and whether there are older ones; newer ones are asked for with `after`.
async fn around(state: &AppState, space: &SpaceId, position: u64, limit: usize) -> Answer<MessagePage> {
    let conversations = state.node.store().conversations();
    let newer = limit / 2;
    let (mut messages, more) =
        conversations.page(space, Page::Before(position.saturating_add(1)), limit - newer).await?;
    if newer > 0 {
        messages.extend(conversations.page(space, Page::After(position), newer).await?.0);
    }
    Ok(axum::Json(MessagePage { messages, more }))
}

/// Gives a command to a space, as a program. Commands that need a live connection (`join`, `watch`, `publish`…) are declined.
#[utoipa::path(post, path = "/api/spaces/{space}/commands", tag = "rooms", params(("space" = String, Path)),
    request_body = Command,
    responses((status = 200, body = Outcome), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn command(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path(space): Path<String>,
    Body(command): Body<Command>,
) -> Answer<Outcome> {
    let space = SpaceId::parse(&space).map_err(|_| Rejection::NotFound)?;
    Ok(axum::Json(commanding::give(&state.node, &who, &space, command).await?))
}
