//! The address of a leg: trickle ICE, ICE restarts, and the end (RFC 9725, sections 4.2 and 4.3).

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hearth_capabilities::{Input, PeerWants};
use hearth_protocol::ids::LegId;
use hearth_protocol::{Outcome, Rejection};
use std::sync::Arc;

use super::fragment::{self, FRAGMENT_MAX_BYTES};
use super::peers::{Peer, Way, new_etag};
use super::refusal::{Refused, malformed, precondition, unsupported};
use super::{Body, FRAGMENT, ask, bearer, is_of_type};
use crate::accounts::sessions;
use crate::http::AppState;
use crate::http::answer::Path;

/// Further candidates of an encoder, or a restart of its ICE.
#[utoipa::path(patch, path = "/whip/legs/{leg}", tag = "media", params(("leg" = String, Path)),
    request_body(content = String, content_type = "application/trickle-ice-sdpfrag"),
    responses((status = 200, description = "ICE was restarted; `ETag` names the new session",
        body = String, content_type = "application/trickle-ice-sdpfrag"),
    (status = 204, description = "The candidates are taken"),
    (status = 400, body = Rejection), (status = 401, body = Rejection), (status = 403, body = Rejection),
    (status = 404, body = Rejection), (status = 412, body = Rejection), (status = 413, body = Rejection),
    (status = 415, body = Rejection), (status = 428, body = Rejection), (status = 503, body = Rejection)))]
pub async fn change_publisher(
    State(state): State<Arc<AppState>>,
    Path(leg): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    change(&state, Way::Whip, &leg, &headers, body).await
}

/// Further candidates of a player, or a restart of its ICE.
#[utoipa::path(patch, path = "/whep/legs/{leg}", tag = "media", params(("leg" = String, Path)),
    request_body(content = String, content_type = "application/trickle-ice-sdpfrag"),
    responses((status = 200, description = "ICE was restarted; `ETag` names the new session",
        body = String, content_type = "application/trickle-ice-sdpfrag"),
    (status = 204, description = "The candidates are taken"),
    (status = 400, body = Rejection), (status = 401, body = Rejection), (status = 403, body = Rejection),
    (status = 404, body = Rejection), (status = 412, body = Rejection), (status = 413, body = Rejection),
    (status = 415, body = Rejection), (status = 428, body = Rejection), (status = 503, body = Rejection)))]
pub async fn change_player(
    State(state): State<Arc<AppState>>,
    Path(leg): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    change(&state, Way::Whep, &leg, &headers, body).await
}

/// An encoder goes.
#[utoipa::path(delete, path = "/whip/legs/{leg}", tag = "media", params(("leg" = String, Path)),
    responses((status = 200), (status = 401, body = Rejection), (status = 403, body = Rejection), (status = 404, body = Rejection)))]
pub async fn end_publisher(
    State(state): State<Arc<AppState>>,
    Path(leg): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Refused> {
    end(&state, Way::Whip, &leg, &headers).await
}

/// A player goes.
#[utoipa::path(delete, path = "/whep/legs/{leg}", tag = "media", params(("leg" = String, Path)),
    responses((status = 200), (status = 401, body = Rejection), (status = 403, body = Rejection), (status = 404, body = Rejection)))]
pub async fn end_player(
    State(state): State<Arc<AppState>>,
    Path(leg): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Refused> {
    end(&state, Way::Whep, &leg, &headers).await
}

/// The peer of a leg, for who shows the secret that it came with.
fn known(state: &AppState, way: Way, leg: &str, headers: &HeaderMap) -> Result<(LegId, Peer), Refused> {
    let leg = LegId::parse(leg).map_err(|_| Rejection::NotFound)?;
    let peer = state.peers.get(&leg, way).ok_or(Rejection::NotFound)?;
    if let Some(hash) = &peer.secret_hash {
        let shown = match way {
            Way::Whip => bearer(headers),
            Way::Whep => sessions::secret_of(headers).map(|(secret, _)| secret),
        };
        let shown = sessions::hash(shown.ok_or(Rejection::Unauthenticated)?);
        if shown != *hash {
            return Err(Rejection::Forbidden.into());
        }
    }
    Ok((leg, peer))
}

async fn change(
    state: &Arc<AppState>,
    way: Way,
    leg: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let (leg, peer) = known(state, way, leg, headers)?;
    if !is_of_type(headers, FRAGMENT) {
        return Err(unsupported(FRAGMENT));
    }
    matches(headers, &peer.etag)?;
    let fragment = fragment::read(&body.text(FRAGMENT_MAX_BYTES)?).map_err(malformed)?;
    // Other credentials than those of the running session restart ICE, whatever the tag says (RFC 9725, section 4.3.3).
    let restart = fragment.credentials.filter(|(ufrag, _)| *ufrag != peer.ufrag);
    let answer = match restart {
        None => None,
        Some((ufrag, pwd)) => {
            let wants = PeerWants::Restart { ufrag: ufrag.clone(), pwd };
            let restarted = wants_of(state, &leg, &peer, wants).await?;
            let etag = new_etag();
            state.peers.restarted(&leg, ufrag, etag.clone());
            Some(restarted_answer(&peer, restarted, &etag)?)
        }
    };
    if !fragment.candidates.is_empty() {
        wants_of(state, &leg, &peer, PeerWants::Trickle { candidates: fragment.candidates }).await?;
    }
    Ok(answer.unwrap_or_else(|| StatusCode::NO_CONTENT.into_response()))
}

/// Whether the request is meant for the running ICE session.
fn matches(headers: &HeaderMap, etag: &str) -> Result<(), Refused> {
    let mut given = headers.get_all(header::IF_MATCH).iter().filter_map(|value| value.to_str().ok()).peekable();
    if given.peek().is_none() {
        return Err(precondition(StatusCode::PRECONDITION_REQUIRED, "it names the ICE session that is meant, or is *"));
    }
    // Strong comparison: a weak tag matches nothing (RFC 9110, section 8.8.3.2). Some clients quote the asterisk.
    let meant =
        given.flat_map(|value| value.split(',')).map(str::trim).any(|tag| matches!(tag, "*" | "\"*\"") || tag == etag);
    if meant { Ok(()) } else { Err(precondition(StatusCode::PRECONDITION_FAILED, "it names another ICE session")) }
}

fn restarted_answer(peer: &Peer, outcome: Outcome, etag: &str) -> Result<Response, Refused> {
    let Outcome::Restarted { ufrag, pwd, candidates } = outcome else { return Err(Rejection::Fault.into()) };
    let mut text = format!("{}a=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\n", peer.fragment_head);
    for candidate in candidates {
        text.push_str(&format!("a={candidate}\r\n"));
    }
    text.push_str("a=end-of-candidates\r\n");
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(FRAGMENT));
    response.headers_mut().insert(header::ETAG, HeaderValue::from_str(etag).expect("tags are plain"));
    Ok(response)
}

async fn wants_of(state: &Arc<AppState>, leg: &LegId, peer: &Peer, wants: PeerWants) -> Result<Outcome, Refused> {
    let asked = leg.clone();
    let outcome = ask(state, &peer.space, |request| Input::Peer { request, leg: asked, wants }).await;
    if outcome == Err(Rejection::NotFound) {
        state.peers.forget(leg);
    }
    Ok(outcome?)
}

async fn end(state: &Arc<AppState>, way: Way, leg: &str, headers: &HeaderMap) -> Result<StatusCode, Refused> {
    let (leg, peer) = known(state, way, leg, headers)?;
    wants_of(state, &leg, &peer, PeerWants::Close).await?;
    state.peers.forget(&leg);
    Ok(StatusCode::OK)
}
