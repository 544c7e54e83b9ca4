//! Sessions: a cookie for browsers, a bearer token for programs, both the secret of one device.

use aws_lc_rs::digest;
use axum::http::{HeaderMap, header};
use hearth_protocol::Rejection;
use hearth_store::Store;
use std::fmt::Write as _;

use super::Who;
use crate::clock;

/// The session cookie.
pub const COOKIE: &str = "hearth_session";
/// The longest secret that is looked at, in bytes.
const SECRET_MAX_BYTES: usize = 128;

/// What is kept of a secret: its SHA-256, in hexadecimal. Secrets have 256 random bits, so that nothing slower is needed.
pub fn hash(secret: &str) -> String {
    let mut text = String::with_capacity(64);
    for byte in digest::digest(&digest::SHA256, secret.as_bytes()).as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The secret that a request carries, and whether it came by cookie (which a browser sends unasked).
pub fn secret_of(headers: &HeaderMap) -> Option<(&str, bool)> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(|secret| (secret.trim(), false));
    let cookie = || cookie_of(headers, COOKIE).map(|secret| (secret, true));
    bearer.or_else(cookie).filter(|(secret, _)| !secret.is_empty() && secret.len() <= SECRET_MAX_BYTES)
}

/// The value of a cookie that a request carries.
pub fn cookie_of<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value)
}

/// Who is asking; `None`: nobody that is signed in.
///
/// Errors: [`Rejection::Storage`] where the store fails.
pub async fn authenticate(store: &Store, headers: &HeaderMap) -> Result<Option<Who>, Rejection> {
    let Some((secret, _)) = secret_of(headers) else { return Ok(None) };
    let failed = |error: hearth_store::Error| {
        tracing::error!(%error, "a session could not be read");
        Rejection::Storage
    };
    let now_ms = clock::now().0;
    let Some(signed_in) = store.devices().by_token_hash(&hash(secret), now_ms).await.map_err(failed)? else {
        return Ok(None);
    };
    if signed_in.account.disabled {
        return Ok(None);
    }
    store.devices().touch(&signed_in, now_ms).await.map_err(failed)?;
    Ok(Some(Who {
        profile: signed_in.account.profile,
        device: signed_in.device.id,
        administrator: signed_in.account.administrator,
        invited_to: signed_in.account.invited_to,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_secret_comes_by_bearer_or_by_cookie() {
        assert_eq!(secret_of(&headers(&[("authorization", "Bearer abc")])), Some(("abc", false)));
        assert_eq!(secret_of(&headers(&[("cookie", "a=1; hearth_session=abc; b=2")])), Some(("abc", true)));
        assert_eq!(secret_of(&headers(&[("cookie", "xhearth_session=abc")])), None);
        assert_eq!(secret_of(&headers(&[("authorization", "Basic abc")])), None);
        assert_eq!(secret_of(&headers(&[("cookie", "hearth_session=")])), None);
    }

    #[test]
    fn a_hash_is_sha256_in_hexadecimal() {
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
