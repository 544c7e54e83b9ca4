//! HTTP: the web app, sign-in, reads, and commands of programs.

mod web;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hearth_protocol::Rejection;
use std::sync::Arc;

use crate::accounts::{Who, sessions};
use crate::listen::Doorkeeper;
use crate::node::Node;

/// What every request can reach.
pub struct AppState {
    /// Everything that is awake.
    pub node: Arc<Node>,
    /// Open sockets.
    pub keeper: Arc<Doorkeeper>,
}

impl AppState {
    /// The state over a running node.
    pub async fn new(node: Arc<Node>, keeper: Arc<Doorkeeper>) -> Result<Arc<Self>, hearth_store::Error> {
        Ok(Arc::new(Self { node, keeper }))
    }

    /// A new token for making the first administrator; `None` where there is one.
    pub async fn setup_token(&self) -> Result<Option<String>, hearth_store::Error> {
        Ok(None)
    }

    /// Who is asking.
    pub async fn authenticate(&self, headers: &HeaderMap) -> Result<Option<Who>, Rejection> {
        sessions::authenticate(self.node.store(), headers).await
    }
}

/// All routes.
pub fn router(state: Arc<AppState>) -> Router {
    Router::new().route("/ws", get(crate::ws::upgrade)).fallback(web::serve).with_state(state)
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
