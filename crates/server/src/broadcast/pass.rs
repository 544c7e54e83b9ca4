//! What lets a player fetch a room's HLS without saying who it is.
//!
//! Televisions, CDNs and other people's players send no cookies, so the address itself lets in: a *pass* stands in the path,
//! and every relative address of the playlists inherits it.
//! Rooms that anybody may watch have the one pass `open`, so that a CDN keeps one copy for all.
//! Other rooms have passes that are good for one room and one hour, given to whom the room admits.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearth_protocol::ids::SpaceId;

use crate::fresh;

/// How long a pass lets in, in milliseconds.
pub const PASS_LASTS_MS: u64 = 3_600_000;
/// The pass of a room that anybody may watch.
pub const OPEN: &str = "open";

/// Makes and reads passes. Those of an earlier start of the server are worth nothing.
pub struct Passes(hmac::Key);

impl Default for Passes {
    fn default() -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, fresh::secret().as_bytes()))
    }
}

impl Passes {
    /// A pass to a room, and until when it lets in (milliseconds since the Unix epoch).
    pub fn give(&self, space: &SpaceId, now_ms: u64) -> (String, u64) {
        let until_ms = now_ms + PASS_LASTS_MS;
        let tag = hmac::sign(&self.0, &signed(space, until_ms));
        (format!("{until_ms}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref())), until_ms)
    }

    /// Whether a pass lets into a room. `open` says whether anybody may watch it.
    pub fn lets_in(&self, pass: &str, space: &SpaceId, open: bool, now_ms: u64) -> bool {
        if pass == OPEN {
            return open;
        }
        let Some((until, tag)) = pass.split_once('.') else { return false };
        let Ok(until_ms) = until.parse::<u64>() else { return false };
        let Ok(tag) = URL_SAFE_NO_PAD.decode(tag) else { return false };
        now_ms < until_ms && hmac::verify(&self.0, &signed(space, until_ms), &tag).is_ok()
    }
}

fn signed(space: &SpaceId, until_ms: u64) -> Vec<u8> {
    format!("{until_ms} {space}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(name: &str) -> SpaceId {
        SpaceId::parse(name).expect("an id")
    }

    #[test]
    fn a_pass_lets_into_its_room_until_it_ends() {
        let passes = Passes::default();
        let (pass, until_ms) = passes.give(&room("room_a"), 1_000);
        assert!(passes.lets_in(&pass, &room("room_a"), false, 1_000));
        assert!(passes.lets_in(&pass, &room("room_a"), false, until_ms - 1));
        assert!(!passes.lets_in(&pass, &room("room_a"), false, until_ms));
        assert!(!passes.lets_in(&pass, &room("room_b"), false, 1_000), "another room");
        assert!(!Passes::default().lets_in(&pass, &room("room_a"), false, 1_000), "another server");
    }

    #[test]
    fn a_forged_pass_lets_nobody_in() {
        let passes = Passes::default();
        let (pass, until_ms) = passes.give(&room("room_a"), 0);
        let longer = pass.replacen(&until_ms.to_string(), &(until_ms + 1).to_string(), 1);
        for forged in [longer.as_str(), "", ".", "open", "1.", "99999999999999999999.AAAA", &pass[..pass.len() - 1]] {
            assert!(!passes.lets_in(forged, &room("room_a"), false, 0), "{forged}");
        }
    }

    #[test]
    fn anybody_comes_into_an_open_room() {
        let passes = Passes::default();
        assert!(passes.lets_in(OPEN, &room("room_a"), true, 0));
        assert!(!passes.lets_in(OPEN, &room("room_a"), false, 0));
    }
}
