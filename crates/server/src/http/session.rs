//! Signing in and out, coming in as a guest, and one's devices.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hearth_capabilities::Standing;
use hearth_capabilities::live_rooms::admission;
use hearth_protocol::Rejection;
use hearth_protocol::http::{Devices, GuestEntry, ServerOffers, Session, Setup, SignIn};
use hearth_protocol::ids::{DeviceId, SpaceId, UserId};
use hearth_protocol::limits::{DISPLAY_NAME_MAX_CHARS, LimitName};
use hearth_protocol::people::{Device, Me, Profile};
use hearth_protocol::text::clean_name;
use hearth_store::{NewAccount, NewDevice};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::AppState;
use super::answer::{Answer, Body, Path, Refusal};
use super::asking::{Anybody, From, SignedIn};
use crate::accounts::{Who, names, sessions};
use crate::config::Config;
use crate::node::writes;
use crate::{clock, fresh};

/// How long a device stays signed in, from its signing in (180 days).
const SESSION_MS: u64 = 180 * 24 * 3_600 * 1_000;
/// The longest device name, in Unicode scalar values.
const DEVICE_NAME_MAX_CHARS: usize = 60;

/// Who one is, and what the server offers.
#[utoipa::path(get, path = "/api/session", tag = "sign-in", responses((status = 200, body = Session)))]
pub async fn read(State(state): State<Arc<AppState>>, Anybody(who): Anybody) -> Answer<Session> {
    Ok(axum::Json(session(&state, who.as_ref(), None).await?))
}

/// Signs in by name and password.
#[utoipa::path(post, path = "/api/session", tag = "sign-in", request_body = SignIn,
    responses((status = 200, body = Session), (status = 401, body = Rejection), (status = 429, body = Rejection)))]
pub async fn sign_in(
    State(state): State<Arc<AppState>>,
    From(address): From,
    headers: HeaderMap,
    Body(body): Body<SignIn>,
) -> Result<Response, Refusal> {
    let name = body.name.trim().to_ascii_lowercase();
    let limited = |wait: Duration| limit(LimitName::SignInAttempts, state.sign_ins_by_name.max(), wait);
    state.sign_ins_by_address.note(address, Instant::now()).map_err(limited)?;
    // By name and address together: whoever guesses does not lock the owner of the name out.
    let guess = (name.clone(), Some(address));
    state.sign_ins_by_name.note(guess.clone(), Instant::now()).map_err(limited)?;
    let found = if names::account(&name).is_ok() { state.node.store().accounts().by_name(&name).await? } else { None };
    let hash = found.as_ref().and_then(|(_, hash)| hash.clone());
    let matches = state.hashing.matches(body.password, hash).await?;
    let Some((account, _)) = found.filter(|(account, _)| matches && !account.disabled) else {
        return Err(Refusal(Rejection::WrongCredentials));
    };
    state.sign_ins_by_name.forgive(&guess);
    let device_name = body.device_name.unwrap_or_else(|| device_name(&headers, body.program));
    enter(&state, &account.profile.id, &device_name, body.program).await
}

/// Comes in as a guest.
#[utoipa::path(post, path = "/api/session/guest", tag = "sign-in", request_body = GuestEntry,
    responses((status = 200, body = Session), (status = 404, body = Rejection), (status = 422, body = Rejection)))]
pub async fn guest(
    State(state): State<Arc<AppState>>,
    From(address): From,
    headers: HeaderMap,
    Body(body): Body<GuestEntry>,
) -> Result<Response, Refusal> {
    let display_name = display_name(&body.display_name)?;
    let room = state.node.store().rooms().by_id(&body.room).await?.ok_or(Rejection::NotFound)?;
    // Whoever came in while the room was open to all has no claim to it once it is not.
    let invited = link_is_good(&state, &body.room, body.link.as_deref()).await?;
    let standing = if invited { Standing::InvitedGuest } else { Standing::Guest };
    if !admission::admits(room.about.entry, standing) {
        return Err(Refusal(Rejection::NotFound));
    }
    state
        .guests_by_address
        .note(address, Instant::now())
        .map_err(|wait| limit(LimitName::GuestsPerAddress, state.guests_by_address.max(), wait))?;
    let user = fresh::user();
    let invited_to = invited.then_some(&body.room);
    state.node.store().accounts().create_guest(&user, &display_name, invited_to, clock::now().0).await?;
    enter(&state, &user, &device_name(&headers, body.program), body.program).await
}

async fn link_is_good(state: &AppState, room: &SpaceId, link: Option<&str>) -> Result<bool, Refusal> {
    let Some(secret) = link else { return Ok(false) };
    let hash = sessions::hash(secret);
    let link = state.node.store().guest_links().by_secret_hash(&hash, clock::now().0).await?;
    Ok(link.is_some_and(|link| link.space == *room))
}

/// Makes the first administrator.
#[utoipa::path(post, path = "/api/setup", tag = "sign-in", request_body = Setup,
    responses((status = 200, body = Session), (status = 404, body = Rejection), (status = 422, body = Rejection)))]
pub async fn set_up(
    State(state): State<Arc<AppState>>,
    From(address): From,
    headers: HeaderMap,
    Body(body): Body<Setup>,
) -> Result<Response, Refusal> {
    state
        .sign_ins_by_address
        .note(address, Instant::now())
        .map_err(|wait| limit(LimitName::SignInAttempts, state.sign_ins_by_address.max(), wait))?;
    if !state.node.store().setup().pending().await? {
        return Err(Refusal(Rejection::NotFound));
    }
    let account = new_account(&state, &body.name, body.password, None, true).await?;
    state.node.store().setup().create_first_administrator(&sessions::hash(&body.token), &account).await?;
    writes::note(&state.node, None, &account.user, "set_up", account.user.to_string()).await;
    enter(&state, &account.user, &device_name(&headers, false), false).await
}

/// An account as it is made: its name checked, its password hashed.
pub(super) async fn new_account(
    state: &AppState,
    name: &str,
    password: String,
    display: Option<&str>,
    administrator: bool,
) -> Result<NewAccount, Refusal> {
    let name = names::account(name)
        .map_err(|reason| Rejection::Invalid { field: "name".to_owned(), reason: reason.to_owned() })?;
    Ok(NewAccount {
        user: fresh::user(),
        display_name: display_name(display.unwrap_or(&name))?,
        name,
        password_hash: Some(state.hashing.hash(password).await?),
        administrator,
        room: fresh::space(),
        created_ms: clock::now().0,
    })
}

/// A name people read.
pub(super) fn display_name(text: &str) -> Result<String, Refusal> {
    if text.chars().count() > 4 * DISPLAY_NAME_MAX_CHARS {
        return Err(Refusal(Rejection::Limit {
            limit: LimitName::DisplayNameChars,
            max: DISPLAY_NAME_MAX_CHARS as u64,
            retry_after_ms: None,
        }));
    }
    clean_name(text, DISPLAY_NAME_MAX_CHARS).ok_or_else(|| {
        Refusal(Rejection::Invalid {
            field: "display_name".to_owned(),
            reason: format!("1 to {DISPLAY_NAME_MAX_CHARS} characters that show"),
        })
    })
}

pub(super) fn limit(limit: LimitName, max: u32, wait: Duration) -> Refusal {
    let retry_after_ms = Some(wait.as_millis() as u64 + 1);
    Refusal(Rejection::Limit { limit, max: max.into(), retry_after_ms })
}

/// Signs a device in, and answers with its secret: in a cookie, or for a program in the body.
pub(super) async fn enter(
    state: &AppState,
    user: &UserId,
    device_name: &str,
    program: bool,
) -> Result<Response, Refusal> {
    let secret = fresh::secret();
    let now_ms = clock::now().0;
    let device = NewDevice {
        id: DeviceId::parse(&format!("dev_{}", fresh::suffix())).expect("well formed"),
        user: user.clone(),
        token_hash: sessions::hash(&secret),
        name: clean_name(device_name, DEVICE_NAME_MAX_CHARS).unwrap_or_else(|| "a device".to_owned()),
        created_ms: now_ms,
        expires_ms: now_ms + SESSION_MS,
    };
    for gone in state.node.store().devices().create(&device).await? {
        state.node.sign_out(user, Some(&gone));
    }
    let account = state.node.store().accounts().by_id(user).await?.ok_or(Rejection::NotFound)?;
    let who = Who {
        profile: account.profile,
        device: device.id,
        administrator: account.administrator,
        invited_to: account.invited_to,
    };
    let body = session(state, Some(&who), program.then(|| secret.clone())).await?;
    let mut response = axum::Json(body).into_response();
    if !program {
        response.headers_mut().insert(header::SET_COOKIE, cookie(state, &secret, SESSION_MS / 1_000));
    }
    Ok(response)
}

fn cookie(state: &AppState, secret: &str, max_age_s: u64) -> HeaderValue {
    let secure = secure(state.node.config());
    let text = format!("{}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}", sessions::COOKIE);
    HeaderValue::from_str(&text).expect("secrets are plain")
}

/// The end of a cookie, which keeps it from connections that others can read.
pub(super) fn secure(config: &Config) -> &'static str {
    if config.serves_tls() || config.public_url.starts_with("https:") { "; Secure" } else { "" }
}

/// What somebody knows of themselves.
pub(super) async fn me(state: &AppState, profile: Profile, administrator: bool) -> Result<Me, Refusal> {
    let store = state.node.store();
    let friends = store.friends().of(&profile.id).await?;
    Ok(Me {
        administrator,
        follows: store.follows().of(&profile.id).await?,
        blocked: store.people().blocked_by(&profile.id).await?,
        friends: friends.friends,
        friend_requests: friends.requests,
        friends_asked: friends.asked,
        profile,
    })
}

async fn session(state: &AppState, who: Option<&Who>, token: Option<String>) -> Result<Session, Refusal> {
    let me = match who {
        None => None,
        Some(who) => Some(me(state, who.profile.clone(), who.administrator).await?),
    };
    let config = state.node.config();
    Ok(Session {
        me,
        device: who.map(|who| who.device.clone()),
        token,
        server: ServerOffers {
            name: config.name.clone(),
            registration: config.registration,
            oidc: state.oidc.as_ref().map(|provider| provider.name().to_owned()),
            setup_pending: state.node.store().setup().pending().await?,
        },
    })
}

/// Signs this device out.
#[utoipa::path(delete, path = "/api/session", tag = "sign-in", responses((status = 204), (status = 401, body = Rejection)))]
pub async fn sign_out(State(state): State<Arc<AppState>>, SignedIn(who): SignedIn) -> Result<Response, Refusal> {
    forget(&state, &who.profile.id, &who.device).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie(&state, "", 0));
    Ok(response)
}

/// One's devices.
#[utoipa::path(get, path = "/api/devices", tag = "sign-in",
    responses((status = 200, body = Devices), (status = 401, body = Rejection)))]
pub async fn devices(State(state): State<Arc<AppState>>, SignedIn(who): SignedIn) -> Answer<Devices> {
    let devices = state.node.store().devices().of_user(&who.profile.id, clock::now().0).await?;
    let devices = devices
        .into_iter()
        .map(|device| Device {
            current: device.id == who.device,
            id: device.id,
            name: device.name,
            created_ms: device.created_ms,
            seen_ms: device.seen_ms,
        })
        .collect();
    Ok(axum::Json(Devices { devices }))
}

/// Signs one of one's devices out.
#[utoipa::path(delete, path = "/api/devices/{device}", tag = "sign-in", params(("device" = String, Path)),
    responses((status = 204), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn sign_out_device(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path(device): Path<String>,
) -> Result<StatusCode, Refusal> {
    let device = DeviceId::parse(&device).map_err(|_| Rejection::NotFound)?;
    forget(&state, &who.profile.id, &device).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn forget(state: &AppState, user: &UserId, device: &DeviceId) -> Result<(), Refusal> {
    if !state.node.store().devices().delete(user, device).await? {
        return Err(Refusal(Rejection::NotFound));
    }
    state.node.sign_out(user, Some(device));
    Ok(())
}

/// Browser and system, as far as the browser tells; for the list of devices only.
pub(super) fn device_name(headers: &HeaderMap, program: bool) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    if program {
        return agent.split_whitespace().next().unwrap_or("a program").to_owned();
    }
    let first = |known: &[(&'static str, &'static str)]| {
        known.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = first(&[("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser}, {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "a browser".to_owned(),
    }
}
