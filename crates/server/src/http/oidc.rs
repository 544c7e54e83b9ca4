//! Signing in with an OpenID Connect provider: away to it, and back.
//!
//! A browser walks through here, not a program: whatever goes wrong ends on the app's sign-in page, which says it
//! in words. What happened exactly is in the log.

use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hearth_protocol::Rejection;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Instant;

use super::AppState;
use super::answer::{Query, Refusal};
use super::asking::From;
use super::session;
use crate::accounts::oidc::{self, Error, Provider};
use crate::accounts::sessions;

/// Where the provider sends browsers back to, under the server's address.
const CALLBACK: &str = "/api/oidc/callback";
/// The cookie that ties a sign-in to the browser it began in.
const COOKIE: &str = "hearth_oidc";
/// The longest path that is returned to, in bytes.
const NEXT_MAX_BYTES: usize = 512;
/// As much of a provider's words as the log takes, in characters.
const DECLINED_MAX_CHARS: usize = 200;

/// What a sign-in begins with.
#[derive(Deserialize)]
pub struct Start {
    next: Option<String>,
}

/// What a browser brings back (RFC 6749, sections 4.1.2 and 4.1.2.1).
#[derive(Deserialize)]
pub struct Callback {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
}

/// Sends a browser to the provider's sign-in page.
#[utoipa::path(get, path = "/api/oidc/start", tag = "sign-in", params(("next" = Option<String>, Query)),
    responses((status = 303), (status = 404, body = Rejection)))]
pub async fn start(
    State(state): State<Arc<AppState>>,
    From(address): From,
    Query(start): Query<Start>,
    parts: Parts,
) -> Result<Response, Refusal> {
    let provider = state.oidc.as_ref().ok_or(Rejection::NotFound)?;
    let next = start.next.filter(|next| is_path_of_ours(next));
    if state.sign_ins_by_address.note(address, Instant::now()).is_err() {
        return Ok(to_sign_in("oidc_wait"));
    }
    let begun = match redirect_uri(&state, &parts.headers) {
        Some(redirect_uri) => provider.begin(&redirect_uri, next.as_deref().unwrap_or("/")).await,
        None => Err(Error::Invalid("a request without a host".to_owned())),
    };
    Ok(match begun {
        Ok(departure) => {
            let cookie = cookie(&state, &departure.handle, oidc::LIFETIME.as_secs());
            ([(header::SET_COOKIE, cookie)], to(&departure.url)).into_response()
        }
        Err(error) => declined(&error),
    })
}

/// Takes a browser back from the provider, and signs it in.
#[utoipa::path(get, path = "/api/oidc/callback", tag = "sign-in",
    params(("state" = Option<String>, Query), ("code" = Option<String>, Query), ("error" = Option<String>, Query)),
    responses((status = 303), (status = 404, body = Rejection)))]
pub async fn callback(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    Query(callback): Query<Callback>,
) -> Result<Response, Refusal> {
    let provider = state.oidc.as_ref().ok_or(Rejection::NotFound)?;
    Ok(match sign_in(&state, provider, &headers, callback).await {
        Ok(response) => response,
        Err(error) => declined(&error),
    })
}

async fn sign_in(
    state: &AppState,
    provider: &Provider,
    headers: &HeaderMap,
    callback: Callback,
) -> Result<Response, Error> {
    let handle = sessions::cookie_of(headers, COOKIE).ok_or(Error::Unknown)?;
    let begun = provider.resume(callback.state.as_deref().unwrap_or_default(), handle)?;
    if let Some(error) = callback.error {
        return Err(Error::Declined(error.chars().take(DECLINED_MAX_CHARS).collect()));
    }
    let next = begun.next.clone();
    let person = provider.person(begun, callback.code.as_deref().unwrap_or_default()).await?;
    let user = oidc::account_of(state.node.store(), provider, &person).await?;
    let entered = session::enter(state, &user, &session::device_name(headers, false), false).await;
    let entered = entered.map_err(|Refusal(rejection)| Error::Invalid(format!("no session: {rejection:?}")))?;
    let mut response = to(&next);
    for cookie in entered.headers().get_all(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    response.headers_mut().append(header::SET_COOKIE, cookie(state, "", 0));
    Ok(response)
}

/// The sign-in page, with what to say there.
fn declined(error: &Error) -> Response {
    let problem = match error {
        Error::NoAccount | Error::Disabled => "oidc_account",
        Error::Crowded => "oidc_wait",
        Error::Provider(_) | Error::Declined(_) | Error::Unknown | Error::Invalid(_) | Error::Store(_) => "oidc",
    };
    tracing::warn!(%error, "somebody could not sign in with the OpenID Connect provider");
    to_sign_in(problem)
}

fn to_sign_in(problem: &str) -> Response {
    to(&format!("/sign-in?problem={problem}"))
}

fn to(place: &str) -> Response {
    let place = HeaderValue::from_str(place).unwrap_or(HeaderValue::from_static("/"));
    let headers = [(header::LOCATION, place), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Where the provider sends the browser back to: under the public address, or under the one the browser asked at.
fn redirect_uri(state: &AppState, headers: &HeaderMap) -> Option<String> {
    let config = state.node.config();
    if !config.public_url.is_empty() {
        return Some(format!("{}{CALLBACK}", config.public_url.trim_end_matches('/')));
    }
    let scheme = if config.serves_tls() { "https" } else { "http" };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok())?;
    Some(format!("{scheme}://{host}{CALLBACK}"))
}

/// Whether this leads nowhere but to a page of ours.
fn is_path_of_ours(next: &str) -> bool {
    next.len() <= NEXT_MAX_BYTES
        && next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
}

fn cookie(state: &AppState, handle: &str, max_age_s: u64) -> HeaderValue {
    let secure = session::secure(state.node.config());
    let text = format!("{COOKIE}={handle}; Path=/api/oidc; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}");
    HeaderValue::from_str(&text).expect("handles are plain")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_ours_are_returned_to() {
        for ours in ["/", "/@ana", "/@ana?a=b#c", "/@%E6%9D%8E"] {
            assert!(is_path_of_ours(ours), "{ours}");
        }
        let long = format!("/{}", "a".repeat(NEXT_MAX_BYTES));
        for other in
            ["", "a", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb: c", "/\t/x", &long]
        {
            assert!(!is_path_of_ours(other), "{other}");
        }
        assert!(is_path_of_ours(&long[..NEXT_MAX_BYTES]));
    }
}
