//! The live connection of a client: one WebSocket, commands in, replies and events out.

mod lookup;
mod rate;
mod session;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hearth_protocol::Rejection;
use hearth_protocol::limits::FRAME_MAX_BYTES;
use std::sync::Arc;

use crate::http::{AppState, refuse, same_origin};

pub use lookup::{of_command, of_person_command};

/// Bytes read from a socket at a time: most frames are small, and a server holds one such buffer for each client.
const READ_BUFFER_BYTES: usize = 4 * 1024;
/// Bytes gathered before they are written.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;
/// Bytes that may wait in the write buffer; the queue in front of it has limits of its own.
const WRITE_BUFFER_MAX_BYTES: usize = 8 * 1024 * 1024;

/// `GET /ws`: upgrades for who is signed in, from our own pages or from a program.
pub async fn upgrade(State(state): State<Arc<AppState>>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    // A page of another site can open a WebSocket with our cookie: it may not use it (RFC 6455, section 10.2).
    if headers.contains_key(header::ORIGIN) && !same_origin(&state, &headers) {
        return refuse(StatusCode::FORBIDDEN, &Rejection::Forbidden);
    }
    let who = match state.authenticate(&headers).await {
        Ok(Some(who)) => who,
        Ok(None) => return refuse(StatusCode::UNAUTHORIZED, &Rejection::Unauthenticated),
        Err(rejection) => return refuse(StatusCode::SERVICE_UNAVAILABLE, &rejection),
    };
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_MAX_BYTES)
        .max_frame_size(FRAME_MAX_BYTES)
        .max_message_size(FRAME_MAX_BYTES)
        .on_upgrade(move |socket| session::run(state, who, socket))
        .into_response()
}
