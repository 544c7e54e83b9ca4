//! What an offer has to be before a room is asked.

use axum::http::{HeaderMap, header};
use hearth_protocol::limits::SDP_MAX_BYTES;

use super::peers::Way;
use super::refusal::{Refused, malformed, not_acceptable, unprocessable, unsupported};
use super::sdp::{self, Description};
use super::{Body, SDP, is_of_type};

/// Reads an offer.
///
/// Errors: 415 for another media type, 406 where the answer could not be read or the offer has more than can be taken
/// (RFC 9725, section 4.4), 413, 400 for what is no description, 422 for one that goes the wrong way.
pub fn read(headers: &HeaderMap, body: Body, way: Way) -> Result<(String, Description), Refused> {
    if !is_of_type(headers, SDP) {
        return Err(unsupported(SDP));
    }
    if !accepts_sdp(headers) {
        return Err(not_acceptable("the answer is application/sdp"));
    }
    let text = body.text(SDP_MAX_BYTES)?;
    let offer = sdp::read(&text).map_err(malformed)?;
    fits(&offer, way)?;
    Ok((text, offer))
}

fn accepts_sdp(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    accepted.peek().is_none()
        || accepted
            .flat_map(|value| value.split(','))
            .map(|range| range.split(';').next().unwrap_or_default().trim())
            .any(|range| ["*/*", "application/*", SDP].iter().any(|known| known.eq_ignore_ascii_case(range)))
}

fn fits(offer: &Description, way: Way) -> Result<(), Refused> {
    let count = |kind| offer.media.iter().filter(|media| media.kind() == kind).count();
    if offer.media.iter().any(|media| !matches!(media.kind(), "audio" | "video")) {
        return Err(not_acceptable("only audio and video are taken"));
    }
    if count("audio") > 1 || count("video") > 1 {
        return Err(not_acceptable("at most one audio and one video are taken"));
    }
    if offer.media.len() > 1 && offer.bundle.is_empty() {
        return Err(not_acceptable("all media go in one BUNDLE group"));
    }
    let (wrong, reason) = match way {
        Way::Whip => (["recvonly", "inactive"], "an encoder's media are sendonly"),
        Way::Whep => (["sendonly", "inactive"], "a player's media are recvonly"),
    };
    if offer.media.iter().any(|media| wrong.contains(&media.direction.as_str())) {
        return Err(unprocessable(reason));
    }
    if offer.media.iter().any(|media| matches!(media.setup.as_str(), "passive" | "holdconn")) {
        return Err(unprocessable("a=setup is actpass, or active"));
    }
    Ok(())
}
