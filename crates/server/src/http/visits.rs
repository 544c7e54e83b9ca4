//! The ledger of host visits: what each brought, and thanks for it.

use axum::extract::State;
use axum::http::StatusCode;
use hearth_protocol::Rejection;
use hearth_protocol::http::VisitLedger;
use hearth_protocol::ids::VisitId;
use std::sync::Arc;

use super::AppState;
use super::answer::{Answer, Path, Refusal};
use super::asking::WithAccount;
use crate::clock;

/// The visits that one made or had, the latest first; at most 50.
#[utoipa::path(get, path = "/api/visits", tag = "rooms",
    responses((status = 200, body = VisitLedger), (status = 401, body = Rejection)))]
pub async fn list(State(state): State<Arc<AppState>>, WithAccount(who): WithAccount) -> Answer<VisitLedger> {
    Ok(axum::Json(VisitLedger { visits: state.node.store().visits().of(&who.profile.id).await? }))
}

/// Thanks the other host for a visit. A visit of others does not exist.
#[utoipa::path(post, path = "/api/visits/{visit}/thanks", tag = "rooms", params(("visit" = String, Path)),
    responses((status = 204), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn thank(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path(visit): Path<String>,
) -> Result<StatusCode, Refusal> {
    let visit = VisitId::parse(&visit).map_err(|_| Rejection::NotFound)?;
    state.node.store().visits().thank(&visit, &who.profile.id, clock::now().0).await?;
    Ok(StatusCode::NO_CONTENT)
}
