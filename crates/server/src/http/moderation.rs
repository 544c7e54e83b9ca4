//! What moderators and administrators look up: the audit log, and reports.

use axum::extract::State;
use axum::http::StatusCode;
use hearth_protocol::Rejection;
use hearth_protocol::http::{AuditPage, Reports};
use hearth_protocol::ids::{ReportId, SpaceId};
use hearth_protocol::limits::AUDIT_PAGE_MAX;
use hearth_store::WhichReports;
use serde::Deserialize;
use std::sync::Arc;

use super::AppState;
use super::answer::{Answer, Path, Query, Refusal};
use super::asking::{Administrator, SignedIn};
use super::rooms::moderated;
use crate::accounts::Who;
use crate::clock;
use crate::node::writes;

/// Lines, or reports, that come where nothing is said of how many.
const PAGE: usize = 50;

/// Which lines.
#[derive(Deserialize)]
pub struct Before {
    before: Option<u64>,
    limit: Option<usize>,
}

/// The audit log of a room, newest first, for its host and its moderators.
#[utoipa::path(get, path = "/api/rooms/{room}/audit", tag = "moderation",
    params(("room" = String, Path), ("before" = Option<u64>, Query), ("limit" = Option<usize>, Query)),
    responses((status = 200, body = AuditPage), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn audit_of_room(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path(room): Path<String>,
    Query(before): Query<Before>,
) -> Answer<AuditPage> {
    let room = moderated(&state, &who, &room).await?;
    audit_page(&state, Some(&room.id), &before).await
}

/// The audit log of the server and all its rooms, newest first.
#[utoipa::path(get, path = "/api/audit", tag = "moderation",
    params(("before" = Option<u64>, Query), ("limit" = Option<usize>, Query)),
    responses((status = 200, body = AuditPage), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn audit(
    State(state): State<Arc<AppState>>,
    Administrator(_): Administrator,
    Query(before): Query<Before>,
) -> Answer<AuditPage> {
    audit_page(&state, None, &before).await
}

async fn audit_page(state: &AppState, room: Option<&SpaceId>, which: &Before) -> Answer<AuditPage> {
    let limit = which.limit.unwrap_or(PAGE).clamp(1, AUDIT_PAGE_MAX);
    let (entries, more) = state.node.store().audit().page(room, which.before, limit).await?;
    Ok(axum::Json(AuditPage { entries, more }))
}

/// Which reports.
#[derive(Deserialize)]
pub struct Which {
    settled: Option<bool>,
    before: Option<ReportId>,
    limit: Option<usize>,
}

/// The reports of a room, newest first, for its host and its moderators. Nobody sees those about themselves.
#[utoipa::path(get, path = "/api/rooms/{room}/reports", tag = "moderation",
    params(("room" = String, Path), ("settled" = Option<bool>, Query), ("before" = Option<String>, Query, description = "The last one's id"),
        ("limit" = Option<usize>, Query)),
    responses((status = 200, body = Reports), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn reports_of_room(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path(room): Path<String>,
    Query(which): Query<Which>,
) -> Answer<Reports> {
    let room = moderated(&state, &who, &room).await?;
    reports_page(&state, &who, Some(&room.id), &which).await
}

/// The reports of all rooms, newest first.
#[utoipa::path(get, path = "/api/reports", tag = "moderation",
    params(("settled" = Option<bool>, Query), ("before" = Option<String>, Query, description = "The last one's id"),
        ("limit" = Option<usize>, Query)),
    responses((status = 200, body = Reports), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn reports(
    State(state): State<Arc<AppState>>,
    Administrator(who): Administrator,
    Query(which): Query<Which>,
) -> Answer<Reports> {
    reports_page(&state, &who, None, &which).await
}

async fn reports_page(state: &AppState, who: &Who, room: Option<&SpaceId>, which: &Which) -> Answer<Reports> {
    let limit = which.limit.unwrap_or(PAGE).clamp(1, AUDIT_PAGE_MAX);
    let which = WhichReports {
        space: room,
        settled: which.settled,
        before: which.before.as_ref(),
        not_about: Some(&who.profile.id),
    };
    let (reports, more) = state.node.store().reports().page(which, limit).await?;
    Ok(axum::Json(Reports { reports, more }))
}

/// Settles a report of a room: it is dealt with. Settling it again changes nothing.
#[utoipa::path(post, path = "/api/rooms/{room}/reports/{report}/settle", tag = "moderation",
    params(("room" = String, Path), ("report" = String, Path)),
    responses((status = 204), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn settle_of_room(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path((room, report)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let room = moderated(&state, &who, &room).await?;
    settle_as(&state, &who, Some(&room.id), &report).await
}

/// Settles a report of whatever room.
#[utoipa::path(post, path = "/api/reports/{report}/settle", tag = "moderation", params(("report" = String, Path)),
    responses((status = 204), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn settle(
    State(state): State<Arc<AppState>>,
    Administrator(who): Administrator,
    Path(report): Path<String>,
) -> Result<StatusCode, Refusal> {
    settle_as(&state, &who, None, &report).await
}

async fn settle_as(state: &AppState, who: &Who, room: Option<&SpaceId>, report: &str) -> Result<StatusCode, Refusal> {
    let id = ReportId::parse(report).map_err(|_| Rejection::NotFound)?;
    let reports = state.node.store().reports();
    let theirs = reports.by_id(&id).await?;
    let theirs =
        theirs.filter(|report| room.is_none_or(|room| report.space == *room) && report.about.id != who.profile.id);
    let report = theirs.ok_or(Rejection::NotFound)?;
    if reports.settle(&id, &who.profile.id, clock::now().0).await? {
        writes::note(&state.node, Some(&report.space), &who.profile.id, "settle_report", id.to_string()).await;
    }
    Ok(StatusCode::NO_CONTENT)
}
