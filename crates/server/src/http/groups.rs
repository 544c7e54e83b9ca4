//! Discussion groups of one's own.

use axum::extract::State;
use hearth_protocol::Rejection;
use hearth_protocol::http::MyGroups;
use std::sync::Arc;

use super::AppState;
use super::answer::Answer;
use super::asking::SignedIn;

/// The groups that one is in, or was in when they ended, the newest first. Their messages are read like a room's.
#[utoipa::path(get, path = "/api/groups", tag = "groups",
    responses((status = 200, body = MyGroups), (status = 401, body = Rejection)))]
pub async fn mine(State(state): State<Arc<AppState>>, SignedIn(who): SignedIn) -> Answer<MyGroups> {
    Ok(axum::Json(MyGroups { groups: state.node.store().groups().mine(&who.profile.id).await? }))
}
