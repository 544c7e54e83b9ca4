//! Rooms: finding them, reading their conversation, their guest links; commands of programs.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use hearth_capabilities::live_rooms::admission;
use hearth_capabilities::space::Space;
use hearth_capabilities::{Input, Listing};
use hearth_protocol::http::{GuestLink, LiveRooms, MessagePage, NewGuestLink, Room};
use hearth_protocol::ids::{GuestLinkId, SpaceId};
use hearth_protocol::limits::{HISTORY_PAGE_MAX, LimitName};
use hearth_protocol::live_rooms::{Broadcast, Entry};
use hearth_protocol::{Command, Outcome, Rejection};
use hearth_store::{GuestLinkRecord, Page, RoomRecord};
use serde::Deserialize;
use std::sync::Arc;

use super::AppState;
use super::answer::{Answer, Body, Refusal};
use super::asking::{Anybody, SignedIn, WithAccount};
use crate::accounts::{Who, sessions};
use crate::node::request::ReplyTo;
use crate::{clock, fresh, ws};

/// Rooms on the front page.
const LIVE_MAX: usize = 200;
/// Guest links that are listed.
const LINK_LIFETIME_MAX_S: u32 = 365 * 24 * 3_600;

/// The rooms that are live, most watched first.
#[utoipa::path(get, path = "/api/live", tag = "rooms", responses((status = 200, body = LiveRooms)))]
pub async fn live(State(state): State<Arc<AppState>>, Anybody(who): Anybody) -> Answer<LiveRooms> {
    let listed = |listing: &Listing| {
        let on = matches!(listing.broadcast, Broadcast::OnAir { .. } | Broadcast::Interrupted { .. });
        on && (listing.about.entry == Entry::Open || who.as_ref().is_some_and(|who| who.profile.name.is_some()))
    };
    let mut rooms: Vec<Room> = state
        .node
        .directory()
        .list(listed)
        .into_iter()
        .map(|(id, listing)| Room {
            may_enter: may_enter(listing.about.entry, &id, who.as_ref()),
            id,
            host: listing.host,
            about: listing.about,
            broadcast: listing.broadcast,
            audience: listing.audience,
            picture: None,
            followers: 0,
        })
        .collect();
    rooms.sort_by(|a, b| b.audience.cmp(&a.audience).then_with(|| a.id.cmp(&b.id)));
    rooms.truncate(LIVE_MAX);
    Ok(axum::Json(LiveRooms { rooms }))
}

/// Whether somebody may come in as they are.
fn may_enter(entry: Entry, room: &SpaceId, who: Option<&Who>) -> bool {
    who.is_some_and(|who| admission::admits(entry, who.standing(room)))
}

/// A room by its id, or by `@` and its host's name.
#[utoipa::path(get, path = "/api/rooms/{room}", tag = "rooms", params(("room" = String, Path)),
    responses((status = 200, body = Room), (status = 404, body = Rejection)))]
pub async fn read(State(state): State<Arc<AppState>>, Anybody(who): Anybody, Path(room): Path<String>) -> Answer<Room> {
    let record = find(&state, &room).await?;
    // A room for accounts only does not exist for strangers and guests.
    if record.about.entry == Entry::Accounts && who.as_ref().is_none_or(|who| who.profile.name.is_none()) {
        return Err(Refusal(Rejection::NotFound));
    }
    let listing = state.node.directory().get(&record.id);
    let (broadcast, audience) = listing.map_or((Broadcast::Off, 0), |listing| (listing.broadcast, listing.audience));
    Ok(axum::Json(Room {
        may_enter: may_enter(record.about.entry, &record.id, who.as_ref()),
        id: record.id,
        host: record.host,
        about: record.about,
        broadcast,
        audience,
        picture: None,
        followers: 0,
    }))
}

async fn find(state: &AppState, room: &str) -> Result<RoomRecord, Refusal> {
    let rooms = state.node.store().rooms();
    let found = match (room.strip_prefix('@'), SpaceId::parse(room)) {
        (Some(name), _) => rooms.by_host_name(name).await?,
        (None, Ok(id)) => rooms.by_id(&id).await?,
        (None, Err(_)) => None,
    };
    Ok(found.ok_or(Rejection::NotFound)?)
}

/// Which messages.
#[derive(Deserialize)]
pub struct Which {
    before: Option<u64>,
    after: Option<u64>,
    limit: Option<usize>,
}

/// A page of a room's conversation, oldest first: the latest, those before a position, or those after one.
#[utoipa::path(get, path = "/api/rooms/{room}/messages", tag = "rooms",
    params(("room" = String, Path), ("before" = Option<u64>, Query), ("after" = Option<u64>, Query), ("limit" = Option<usize>, Query)),
    responses((status = 200, body = MessagePage), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn messages(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path(room): Path<String>,
    Query(which): Query<Which>,
) -> Answer<MessagePage> {
    let record = find(&state, &room).await?;
    if !may_enter(record.about.entry, &record.id, Some(&who)) {
        return Err(Refusal(Rejection::NotFound));
    }
    if state.node.store().rooms().is_banned(&record.id, &who.profile.id).await? {
        return Err(Refusal(Rejection::Banned));
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
    let limit = which.limit.unwrap_or(50).clamp(1, HISTORY_PAGE_MAX);
    let (messages, more) = state.node.store().conversations().page(&record.id, page, limit).await?;
    Ok(axum::Json(MessagePage { messages, more }))
}

/// The room of somebody who owns it; for others, who may see it or not, there is none to manage.
async fn own_room(state: &AppState, who: &Who, room: &str) -> Result<SpaceId, Refusal> {
    let record = find(state, room).await?;
    if record.host.id == who.profile.id { Ok(record.id) } else { Err(Refusal(Rejection::NotFound)) }
}

/// The guest links of one's room.
#[utoipa::path(get, path = "/api/rooms/{room}/guest-links", tag = "rooms", params(("room" = String, Path)),
    responses((status = 200, body = Vec<GuestLink>), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn guest_links(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path(room): Path<String>,
) -> Answer<Vec<GuestLink>> {
    let room = own_room(&state, &who, &room).await?;
    let links = state.node.store().guest_links().of_room(&room, clock::now().0).await?;
    Ok(axum::Json(links.into_iter().map(|link| of_link(link, None)).collect()))
}

fn of_link(link: GuestLinkRecord, secret: Option<String>) -> GuestLink {
    GuestLink { id: link.id, secret, expires_ms: link.expires_ms, created_ms: link.created_ms }
}

/// Makes a guest link to one's room.
#[utoipa::path(post, path = "/api/rooms/{room}/guest-links", tag = "rooms", params(("room" = String, Path)),
    request_body = NewGuestLink,
    responses((status = 200, body = GuestLink), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn make_guest_link(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path(room): Path<String>,
    Body(body): Body<NewGuestLink>,
) -> Answer<GuestLink> {
    let room = own_room(&state, &who, &room).await?;
    if body.lifetime_s.is_some_and(|lifetime| lifetime == 0 || lifetime > LINK_LIFETIME_MAX_S) {
        let reason = format!("1 to {LINK_LIFETIME_MAX_S}");
        return Err(Refusal(Rejection::Invalid { field: "lifetime_s".to_owned(), reason }));
    }
    let now = clock::now();
    let link = GuestLinkRecord {
        id: GuestLinkId::parse(&format!("link_{}", fresh::suffix())).expect("well formed"),
        space: room,
        created_ms: now.0,
        expires_ms: body.lifetime_s.map(|lifetime| now.plus_ms(u64::from(lifetime) * 1_000).0),
    };
    let secret = fresh::secret();
    match state.node.store().guest_links().create(&link, &sessions::hash(&secret)).await {
        Err(hearth_store::Error::Limit { max }) => {
            Err(Refusal(Rejection::Limit { limit: LimitName::GuestLinks, max, retry_after_ms: None }))
        }
        made => {
            made?;
            Ok(axum::Json(of_link(link, Some(secret))))
        }
    }
}

/// Revokes a guest link.
#[utoipa::path(delete, path = "/api/rooms/{room}/guest-links/{link}", tag = "rooms",
    params(("room" = String, Path), ("link" = String, Path)),
    responses((status = 204), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn revoke_guest_link(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path((room, link)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let room = own_room(&state, &who, &room).await?;
    let link = GuestLinkId::parse(&link).map_err(|_| Rejection::NotFound)?;
    if state.node.store().guest_links().revoke(&room, &link).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal(Rejection::NotFound))
    }
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
    let lookup = ws::of_command(state.node.store(), &who.profile.id, &space, &command).await?;
    let (reply, answer) = ReplyTo::program();
    let from = who.caller(&space, None);
    let fresh = fresh::fresh();
    state.node.ask::<Space>(&space, reply, |request| Input::Command { from, request, command, fresh, lookup });
    Ok(axum::Json(answer.await.unwrap_or(Err(Rejection::Fault))?))
}
