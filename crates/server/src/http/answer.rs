//! Answers: what a rejection is in HTTP, and bodies that are read with care.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
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
        Rejection::Limit {
            limit:
                LimitName::FrameBytes
                | LimitName::CoverBytes
                | LimitName::CoverPixels
                | LimitName::UploadBytes
                | LimitName::ImageBytes
                | LimitName::SubtitleBytes,
            ..
        } => StatusCode::PAYLOAD_TOO_LARGE,
        Rejection::Limit { .. }
        | Rejection::Invalid { .. }
        | Rejection::MediaRefused { .. }
        | Rejection::NobodyInvited { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Rejection::Malformed { .. } | Rejection::UnsupportedVersion { .. } => StatusCode::BAD_REQUEST,
        Rejection::AlreadyJoined
        | Rejection::NotJoined
        | Rejection::AlreadyPublishing
        | Rejection::NotLive
        | Rejection::AlreadyInGroup
        | Rejection::InvitationOver
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
        serde_json::from_slice(&bytes).map(Self).map_err(|error| Refusal(malformed(&error)))
    }
}

/// What follows the `?` of an address.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        axum::extract::Query::try_from_uri(&parts.uri).map(|axum::extract::Query(query)| Self(query)).map_err(|error| {
            let text = error.body_text();
            // Behind the first colon stands the field, and what is wrong with it.
            let reason = text.split_once(": ").map_or(text.as_str(), |(_, reason)| reason);
            Refusal(Rejection::Malformed { reason: format!("query: {}", in_words(reason)) })
        })
    }
}

/// What stands in the address. What can't be read is the address of nothing.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(path)) => Ok(Self(path)),
            Err(_) => Err(Refusal(Rejection::NotFound)),
        }
    }
}

/// JSON that could not be read, in words that say nothing of how it is read.
pub fn malformed(error: &serde_json::Error) -> Rejection {
    Rejection::Malformed { reason: in_words(&error.to_string()) }
}

/// The reader's message, with what it expected in the words of JSON instead of names of types.
fn in_words(reason: &str) -> String {
    const EXPECTED: &str = ", expected ";
    let Some((found, expected)) = reason.split_once(EXPECTED) else { return reason.to_owned() };
    let (expected, place) = match expected.rfind(" at line ") {
        Some(at) => expected.split_at(at),
        None => (expected, ""),
    };
    let first = expected.split([' ', '`']).next().unwrap_or_default();
    let expected = match first {
        "struct" | "internally" | "adjacently" | "map" => "an object",
        "tuple" | "newtype" | "enum" | "unit" | "variant" => "another kind of value",
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        _ => expected,
    };
    format!("{found}{EXPECTED}{expected}{place}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hearth_protocol::Command;
    use hearth_protocol::http::{NewAccount, NewGuestLink, SignIn};

    fn reason<T: DeserializeOwned>(json: &str) -> String {
        match serde_json::from_str::<T>(json).err().map(|error| malformed(&error)) {
            Some(Rejection::Malformed { reason }) => reason,
            other => panic!("{json}: {other:?}"),
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_names_of_types() {
        let reasons = [
            reason::<SignIn>("[]"),
            reason::<SignIn>("null"),
            reason::<SignIn>(r#"{"name": 1}"#),
            reason::<SignIn>(r#"{"name": "a"}"#),
            reason::<SignIn>("{"),
            reason::<NewGuestLink>(r#"{"lifetime_s": "x"}"#),
            reason::<NewGuestLink>(r#"{"lifetime_s": -1}"#),
            reason::<NewAccount>(r#"{"name": "a", "password": "b", "administrator": 1}"#),
            reason::<Command>("7"),
            reason::<Command>(r#"{"kind": "dance"}"#),
            reason::<Command>(r#"{"kind": "ban", "user": "room_x"}"#),
            reason::<Command>(r#"{"kind": "set_about", "about": 3}"#),
        ];
        for reason in reasons {
            let words = ["SignIn", "NewGuestLink", "NewAccount", "Command", "About", "struct", "enum", "u32", "UserId"];
            assert!(words.iter().all(|word| !reason.contains(word)), "{reason}");
            assert!(reason.len() > 5, "{reason}");
        }
        assert_eq!(reason::<SignIn>("[7]"), "invalid type: integer `7`, expected a string at line 1 column 2");
        assert!(reason::<NewGuestLink>(r#"{"lifetime_s": "x"}"#).contains("expected a whole number at line 1"));
    }
}
