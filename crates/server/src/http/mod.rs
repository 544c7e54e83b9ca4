//! HTTP: the web app, sign-in, reads, and commands of programs.

pub mod answer;
pub mod asking;
pub mod description;

pub mod rooms;
pub mod videos;
pub mod visits;
pub mod whip;

mod accounts;
mod covers;
mod dialogs;
mod follows;
mod groups;
mod guest_links;
mod images;
mod kept;
mod moderation;
mod oidc;
mod operation;
mod preferences;
mod session;
mod stream_keys;
mod subtitles;
mod unread;
mod uploads;
mod video_files;
mod web;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, head, patch, post, put};
use hearth_protocol::Rejection;
use hearth_protocol::limits::{COVER_MAX_BYTES, FRAME_MAX_BYTES, SUBTITLES_MAX_BYTES};
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::accounts::attempts::Attempts;
use crate::accounts::hashing::Hashing;
use crate::accounts::oidc::Provider;
use crate::accounts::{Who, sessions};
use crate::broadcast::http as broadcast;
use crate::fresh;
use crate::listen::Doorkeeper;
use crate::node::Node;

/// The window in which sign-in attempts are counted.
const SIGN_IN_WINDOW: Duration = Duration::from_secs(600);
/// The window in which an address's guests are counted.
const GUEST_WINDOW: Duration = Duration::from_secs(3_600);
/// An address may try this many times as many sign-ins as a name: many people can be behind one.
const SIGN_INS_PER_ADDRESS_FACTOR: u32 = 5;

/// What every request can reach.
pub struct AppState {
    /// Everything that is awake.
    pub node: Arc<Node>,
    /// Open sockets.
    pub keeper: Arc<Doorkeeper>,
    pub(crate) hashing: Hashing,
    /// The OpenID Connect provider, where one is configured.
    pub(crate) oidc: Option<Provider>,
    /// Guesses at an account's password: from an address, or (`None`) from inside a session of its own.
    pub(crate) sign_ins_by_name: Attempts<(String, Option<IpAddr>)>,
    pub(crate) sign_ins_by_address: Attempts<IpAddr>,
    pub(crate) guests_by_address: Attempts<IpAddr>,
    /// The peers of legs that came by WHIP and WHEP.
    pub(crate) peers: whip::Peers,
    /// Where encoders reach RTMP, once it listens.
    pub rtmp_port: OnceLock<u16>,
}

impl AppState {
    /// The state over a running node.
    pub fn new(node: Arc<Node>, keeper: Arc<Doorkeeper>) -> Arc<Self> {
        operation::start_metrics();
        let limits = node.config().limits.clone();
        let per_address = limits.sign_in_attempts.saturating_mul(SIGN_INS_PER_ADDRESS_FACTOR);
        let oidc = Provider::new(&node.config().oidc);
        Arc::new(Self {
            node,
            keeper,
            hashing: Hashing::default(),
            oidc,
            sign_ins_by_name: Attempts::new(SIGN_IN_WINDOW, limits.sign_in_attempts),
            sign_ins_by_address: Attempts::new(SIGN_IN_WINDOW, per_address),
            guests_by_address: Attempts::new(GUEST_WINDOW, limits.guests_per_address),
            peers: whip::Peers::default(),
            rtmp_port: OnceLock::new(),
        })
    }

    /// A new token for making the first administrator; `None` where there is one. It replaces an earlier one.
    pub async fn setup_token(&self) -> Result<Option<String>, hearth_store::Error> {
        let setup = self.node.store().setup();
        if !setup.pending().await? {
            return Ok(None);
        }
        let token = fresh::secret();
        setup.set_token_hash(&sessions::hash(&token)).await?;
        Ok(Some(token))
    }

    /// Who is asking.
    pub async fn authenticate(&self, headers: &HeaderMap) -> Result<Option<Who>, Rejection> {
        sessions::authenticate(self.node.store(), headers).await
    }
}

/// All routes.
pub fn router(state: Arc<AppState>) -> Router {
    Router::new()
        .route("/ws", get(crate::ws::upgrade))
        .route("/api/session", get(session::read).post(session::sign_in).delete(session::sign_out))
        .route("/api/session/guest", post(session::guest))
        .route("/api/oidc/start", get(oidc::start))
        .route("/api/oidc/callback", get(oidc::callback))
        .route("/api/setup", post(session::set_up))
        .route("/api/devices", get(session::devices))
        .route("/api/devices/{device}", delete(session::sign_out_device))
        .route("/api/accounts", get(accounts::list).post(accounts::create))
        .route("/api/accounts/{user}", patch(accounts::change))
        .route("/api/me", patch(accounts::change_me))
        .route("/api/me/preferences", get(preferences::read).put(preferences::change))
        .route("/api/blocks", get(accounts::blocks))
        .route("/api/blocks/{user}", put(accounts::block).delete(accounts::unblock))
        .route("/api/follows", get(follows::list))
        .route("/api/follows/{user}", put(follows::follow).delete(follows::unfollow))
        .route("/api/groups", get(groups::mine))
        .route("/api/people", get(dialogs::people))
        .route("/api/people/{name}", get(dialogs::person))
        .route("/api/messages", get(dialogs::find))
        .route("/api/dialogs", get(dialogs::mine).post(dialogs::begin))
        .route("/api/dialogs/{dialog}", get(dialogs::one))
        .route("/api/dialogs/{dialog}/keeping", put(dialogs::keep))
        .route("/api/dialogs/{dialog}/messages", get(dialogs::messages))
        .route("/api/live", get(rooms::live))
        .route("/api/rooms", get(rooms::search))
        .route("/api/rooms/{room}", get(rooms::read))
        .route("/api/rooms/{room}/messages", get(rooms::messages))
        .route("/api/rooms/{room}/guest-links", get(guest_links::list).post(guest_links::create))
        .route("/api/rooms/{room}/guest-links/{link}", delete(guest_links::revoke))
        .route("/api/rooms/{room}/stream-keys", get(stream_keys::list).post(stream_keys::create))
        .route("/api/rooms/{room}/stream-keys/{key}", delete(stream_keys::revoke))
        .route("/api/rooms/{room}/stream-keys/{key}/rotate", post(stream_keys::rotate))
        .route(
            "/api/rooms/{room}/cover",
            get(covers::read).put(covers::set).delete(covers::remove).layer(DefaultBodyLimit::max(COVER_MAX_BYTES)),
        )
        .route("/api/rooms/{room}/videos", get(videos::of_room))
        .route("/api/rooms/{room}/broadcast/messages", get(videos::of_broadcast))
        .route("/api/rooms/{room}/audit", get(moderation::audit_of_room))
        .route("/api/rooms/{room}/reports", get(moderation::reports_of_room))
        .route("/api/rooms/{room}/reports/{report}/settle", post(moderation::settle_of_room))
        .route("/api/audit", get(moderation::audit))
        .route("/api/reports", get(moderation::reports))
        .route("/api/reports/{report}/settle", post(moderation::settle))
        .route("/api/videos", get(videos::of_owner))
        .route("/api/videos/{video}/watched", put(videos::watched))
        .route(
            "/api/videos/{video}/subtitles/{name}",
            put(subtitles::set)
                .delete(subtitles::remove)
                // One past it is read, so that the refusal says so.
                .layer(DefaultBodyLimit::max(SUBTITLES_MAX_BYTES)),
        )
        .route("/api/videos/{video}/convert", post(videos::convert))
        .route("/api/storage", get(uploads::storage))
        .route(
            "/api/uploads",
            get(uploads::list).post(uploads::create).options(uploads::options).layer(DefaultBodyLimit::disable()),
        )
        .route(
            "/api/uploads/{upload}",
            // Before `get`, which would answer HEAD.
            head(uploads::ask).patch(uploads::add).delete(uploads::remove).layer(DefaultBodyLimit::disable()),
        )
        .route("/api/dialogs/{dialog}/images", post(images::send).layer(DefaultBodyLimit::disable()))
        .route("/api/images/{image}/{size}", get(images::read))
        .route("/api/dialogs/{dialog}/videos", get(videos::of_dialog))
        .route("/api/videos/{video}", get(videos::read).patch(videos::change).delete(videos::delete))
        .route("/api/videos/{video}/messages", get(videos::messages))
        .route("/api/visits", get(visits::list))
        .route("/api/visits/{visit}/thanks", post(visits::thank))
        .route("/whip", post(whip::publish))
        .route("/whip/{room}", post(whip::publish_by_name))
        .route("/whip/legs/{leg}", patch(whip::resource::change_publisher).delete(whip::resource::end_publisher))
        .route("/whep/{room}", post(whip::play))
        .route("/whep/legs/{leg}", patch(whip::resource::change_player).delete(whip::resource::end_player))
        .route("/api/spaces/{space}/commands", post(rooms::command))
        .route("/api/rooms/{room}/watch", get(broadcast::watch))
        .route("/api/rooms/{room}/picture", get(broadcast::picture))
        .route("/hls/{space}/{pass}/{*path}", get(broadcast::hls))
        .route("/videos/{video}/{pass}/{*path}", get(video_files::read))
        .route("/api/openapi.json", get(operation::description))
        .route("/api", get(operation::page))
        .route("/api/{*rest}", axum::routing::any(|| async { answer::Refusal(Rejection::NotFound) }))
        .route("/healthz", get(operation::healthy))
        .route("/readyz", get(operation::ready))
        .route("/metrics", get(operation::metrics))
        .fallback(web::serve)
        .layer(from_fn_with_state(state.clone(), asking::guard_cookies))
        .layer(from_fn(whip::share_with_other_pages))
        .layer(DefaultBodyLimit::max(FRAME_MAX_BYTES))
        .layer(from_fn(unread::answer_after))
        .with_state(state)
}

/// A rejection as an answer.
pub fn refuse(status: StatusCode, rejection: &Rejection) -> Response {
    (status, axum::Json(rejection)).into_response()
}

/// Whether a request comes from a page of ours: its `Origin` is the host it asks, or the public address.
pub fn same_origin(state: &AppState, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else { return false };
    let host = origin.split_once("://").map_or("", |(_, host)| host);
    let public = state.node.config().public_url.trim_end_matches('/');
    (!host.is_empty() && Some(host) == text(header::HOST)) || (!public.is_empty() && origin == public)
}
