//! Links that let guests into a room, as its host manages them.

use axum::extract::State;
use axum::http::StatusCode;
use hearth_protocol::Rejection;
use hearth_protocol::http::{GuestLink, NewGuestLink};
use hearth_protocol::ids::GuestLinkId;
use hearth_protocol::limits::LimitName;
use hearth_store::GuestLinkRecord;
use std::sync::Arc;

use super::AppState;
use super::answer::{Answer, Body, Path, Refusal};
use super::asking::WithAccount;
use super::rooms::own_room;
use crate::accounts::sessions;
use crate::{clock, fresh};

/// The longest lifetime of a guest link, in seconds.
const LINK_LIFETIME_MAX_S: u32 = 365 * 24 * 3_600;

/// The guest links of one's room.
#[utoipa::path(get, path = "/api/rooms/{room}/guest-links", tag = "rooms", params(("room" = String, Path)),
    responses((status = 200, body = Vec<GuestLink>), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn list(
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
pub async fn create(
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
pub async fn revoke(
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
