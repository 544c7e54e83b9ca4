//! What WHIP and WHEP answer when the answer is no: the rejection of everywhere else, with the status that their texts ask for.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hearth_protocol::Rejection;
use hearth_protocol::limits::LimitName;

use crate::http::answer::{self, Refusal};

/// After how many seconds who was sent away for now may ask again.
const RETRY_AFTER_S: u16 = 2;

/// A rejection with its status.
#[derive(Debug)]
pub struct Refused {
    status: StatusCode,
    rejection: Rejection,
}

impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Self {
        let status = match &rejection {
            // No partly successful answers: an offer is taken as it is, or not (RFC 9725, section 4.4.3).
            Rejection::MediaRefused { .. } => StatusCode::NOT_ACCEPTABLE,
            Rejection::Limit { limit: LimitName::SdpBytes, .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Rejection::Limit { limit: LimitName::Players | LimitName::MediaLegs | LimitName::Encoders, .. } => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            other => answer::status(other),
        };
        Self { status, rejection }
    }
}

impl From<Refusal> for Refused {
    fn from(Refusal(rejection): Refusal) -> Self {
        rejection.into()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self { status, rejection } = self;
        let later = match (&rejection, status) {
            (Rejection::Limit { retry_after_ms: Some(wait), .. }, _) => Some(wait.div_ceil(1_000)),
            // The draft of WHEP asks for it while nobody is live.
            (Rejection::NotLive, _) | (_, StatusCode::SERVICE_UNAVAILABLE) => Some(RETRY_AFTER_S.into()),
            _ => None,
        };
        let mut response = (status, axum::Json(rejection)).into_response();
        if let Some(seconds) = later {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Text that can't be read.
pub fn malformed(reason: &str) -> Refused {
    Rejection::Malformed { reason: reason.to_owned() }.into()
}

/// A media type that is not taken.
pub fn unsupported(wanted: &str) -> Refused {
    let reason = format!("the body is to be {wanted}");
    Refused { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, rejection: Rejection::Malformed { reason } }
}

/// An offer that was read, and can't be taken.
pub fn not_acceptable(reason: &str) -> Refused {
    Rejection::MediaRefused { reason: reason.to_owned() }.into()
}

/// An offer that asks for what is not done here.
pub fn unprocessable(reason: &str) -> Refused {
    let rejection = Rejection::MediaRefused { reason: reason.to_owned() };
    Refused { status: StatusCode::UNPROCESSABLE_ENTITY, rejection }
}

/// No `If-Match`, or one of another ICE session (RFC 6585, section 3; RFC 9110, section 13.1.1).
pub fn precondition(status: StatusCode, reason: &str) -> Refused {
    Refused { status, rejection: Rejection::Invalid { field: "if-match".to_owned(), reason: reason.to_owned() } }
}
