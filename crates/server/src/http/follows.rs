//! Whom one follows.

use axum::extract::State;
use axum::http::StatusCode;
use hearth_protocol::http::Follows;
use hearth_protocol::ids::UserId;
use hearth_protocol::{PersonCommand, Rejection};
use hearth_store::{ROOMS_MAX, RoomSearch};
use std::collections::HashSet;
use std::sync::Arc;

use super::accounts::person_command;
use super::answer::{Answer, Path, Refusal};
use super::asking::{SignedIn, WithAccount};
use super::{AppState, rooms};

/// Whom one follows, and who of them is live.
#[utoipa::path(get, path = "/api/follows", tag = "accounts",
    responses((status = 200, body = Follows), (status = 401, body = Rejection)))]
pub async fn list(State(state): State<Arc<AppState>>, SignedIn(who): SignedIn) -> Answer<Follows> {
    let follows = state.node.store().follows().of(&who.profile.id).await?;
    let followed: HashSet<&UserId> = follows.iter().map(|profile| &profile.id).collect();
    let search = RoomSearch { with_account: who.profile.name.is_some(), ..RoomSearch::default() };
    let mut live = rooms::live_rooms(&state, Some(&who), &search, ROOMS_MAX).await?;
    live.retain(|room| followed.contains(&room.host.id));
    Ok(axum::Json(Follows { live, follows }))
}

/// Follows somebody with an account.
#[utoipa::path(put, path = "/api/follows/{user}", tag = "accounts", params(("user" = String, Path)),
    responses((status = 204), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn follow(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path(user): Path<String>,
) -> Result<StatusCode, Refusal> {
    let user = UserId::parse(&user).map_err(|_| Rejection::NotFound)?;
    person_command(&state, &who.profile.id, PersonCommand::Follow { user }).await
}

/// Follows somebody no more.
#[utoipa::path(delete, path = "/api/follows/{user}", tag = "accounts", params(("user" = String, Path)),
    responses((status = 204), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn unfollow(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path(user): Path<String>,
) -> Result<StatusCode, Refusal> {
    let user = UserId::parse(&user).map_err(|_| Rejection::NotFound)?;
    person_command(&state, &who.profile.id, PersonCommand::Unfollow { user }).await
}
