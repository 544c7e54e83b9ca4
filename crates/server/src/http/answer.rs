//! Answers: what a rejection is in HTTP, and bodies that are read with care.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hearth_protocol::Rejection;
use hearth_protocol::limits::{FRAME_MAX_BYTES, LimitName};
use serde::de::DeserializeOwned;

/// A rejection on its way out, with the status that fits it.
#[derive(Debug)]
pub struct Refusal(pub Rejection);

/// What a handler gives back.
pub type Answer<T> = Result<axum::Json<T>, Refusal>;

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self(rejection)
    }
}

impl From<hearth_store::Error> for Refusal {
    fn from(error: hearth_store::Error) -> Self {
        use hearth_store::Error;
        Self(match error {
            Error::NameTaken => Rejection::NameTaken,
            Error::NotFound => Rejection::NotFound,
            Error::SetupToken => Rejection::NotFound,
            Error::LastAdministrator => Rejection::Invalid {
                field: "administrator".to_owned(),
                reason: "the last administrator stays one".to_owned(),
            },
            other => {
                tracing::error!(error = %other, "the store failed a request");
                Rejection::Storage
            }
        })
    }
}

/// The status that fits a rejection.
pub fn status(rejection: &Rejection) -> StatusCode {
    match rejection {
        Rejection::NotFound => StatusCode::NOT_FOUND,
        Rejection::Forbidden | Rejection::Banned | Rejection::Muted { .. } => StatusCode::FORBIDDEN,
        Rejection::Unauthenticated | Rejection::WrongCredentials => StatusCode::UNAUTHORIZED,
        Rejection::Limit { retry_after_ms: Some(_), .. } | Rejection::SlowMode { .. } => StatusCode::TOO_MANY_REQUESTS,
        Rejection::Limit { limit: LimitName::FrameBytes, .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Rejection::Limit { .. } | Rejection::Invalid { .. } | Rejection::MediaRefused { .. } => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Rejection::Malformed { .. } | Rejection::UnsupportedVersion { .. } => StatusCode::BAD_REQUEST,
        Rejection::AlreadyJoined
        | Rejection::NotJoined
        | Rejection::AlreadyPublishing
        | Rejection::NotLive
        | Rejection::NameTaken => StatusCode::CONFLICT,
        Rejection::Storage | Rejection::Busy => StatusCode::SERVICE_UNAVAILABLE,
        Rejection::Fault => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (status(&self.0), axum::Json(&self.0)).into_response();
        if let Rejection::Limit { retry_after_ms: Some(wait), .. } = self.0 {
            response.headers_mut().insert(header::RETRY_AFTER, (wait.div_ceil(1_000)).into());
        }
        response
    }
}

/// A JSON body. It must say that it is JSON: forms of other sites can't (Fetch standard, "CORS-safelisted").
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("application/json") {
            return Err(Refusal(Rejection::Malformed { reason: "the body is to be application/json".to_owned() }));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|_| {
            Refusal(Rejection::Limit {
                limit: LimitName::FrameBytes,
                max: FRAME_MAX_BYTES as u64,
                retry_after_ms: None,
            })
        })?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| Refusal(Rejection::Malformed { reason: error.to_string() }))
    }
}
