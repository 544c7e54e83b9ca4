//! Discussion groups of one's own.

use axum::extract::State;
use hearth_protocol::Rejection;
use hearth_protocol::http::MyGroups;
use std::sync::Arc;

use super::AppState;
use super::answer::Answer;
use super::asking::SignedIn;
use crate::watching;

/// The groups that one is in, or was in when they ended, the newest first. Their messages are read like a room's.
/// What one may not see is not named.
#[utoipa::path(get, path = "/api/groups", tag = "groups",
    responses((status = 200, body = MyGroups), (status = 401, body = Rejection)))]
pub async fn mine(State(state): State<Arc<AppState>>, SignedIn(who): SignedIn) -> Answer<MyGroups> {
    let store = state.node.store();
    let mut groups = store.groups().mine(&who.profile.id).await?;
    for group in &mut groups {
        let hidden = match &group.content {
            Some(content) => !watching::may_see(store, &who.viewer(), content).await?,
            None => false,
        };
        group.content.take_if(|_| hidden);
    }
    Ok(axum::Json(MyGroups { groups }))
}
