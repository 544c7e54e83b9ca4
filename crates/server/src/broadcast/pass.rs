//! What lets a player fetch a room's HLS without saying who it is.
//!
//! Televisions, CDNs and other people's players send no cookies, so the address itself lets in: a *pass* stands in the path,
//! and every relative address of the playlists inherits it.
//! Rooms that anybody may watch have the one pass `open`, so that a CDN keeps one copy for all.
//! Other rooms have passes that are good for one room and one hour, given to whom the room admits.
//! They are taken back when their owner is banned there, or signed out everywhere.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearth_protocol::ids::{SpaceId, UserId};
use std::collections::VecDeque;
use std::sync::RwLock;

use crate::fresh;

/// How long a pass lets in, in milliseconds.
pub const PASS_LASTS_MS: u64 = 3_600_000;
/// The pass of a room that anybody may watch.
pub const OPEN: &str = "open";

/// Passes that are remembered as taken back. Past it the oldest are forgotten, and last until their hour is over.
const TAKEN_BACK_MAX: usize = 10_000;
/// Characters of the tag that tells whose a pass is.
const OWNER_CHARS: usize = 11;

/// Makes and reads passes. Those of an earlier start of the server are worth nothing.
pub struct Passes {
    key: hmac::Key,
    /// Whose passes, to which room or to any, were taken back, and until when such were given: oldest first.
    taken_back: RwLock<VecDeque<TakenBack>>,
}

struct TakenBack {
    owner: String,
    space: Option<SpaceId>,
    given_until_ms: u64,
}

impl Default for Passes {
    fn default() -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, fresh::secret().as_bytes()), taken_back: RwLock::default() }
    }
}

impl Passes {
    /// Somebody's pass to a room, and until when it lets in (milliseconds since the Unix epoch).
    pub fn give(&self, space: &SpaceId, user: &UserId, now_ms: u64) -> (String, u64) {
        let until_ms = now_ms + PASS_LASTS_MS;
        let owner = self.owner(user);
        let tag = hmac::sign(&self.key, &signed(space, &owner, until_ms));
        (format!("{until_ms}.{owner}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref())), until_ms)
    }

    /// Somebody's passes that were given up to now let into a room no longer; into any, where none is named.
    pub fn take_back(&self, user: &UserId, space: Option<&SpaceId>, now_ms: u64) {
        let mut taken_back = self.taken_back.write().expect("plain list");
        while taken_back.len() >= TAKEN_BACK_MAX {
            taken_back.pop_front();
        }
        taken_back.push_back(TakenBack { owner: self.owner(user), space: space.cloned(), given_until_ms: now_ms });
        // Those that were given so long ago have ended by themselves.
        taken_back.retain(|one| one.given_until_ms + PASS_LASTS_MS > now_ms);
    }

    /// Whether a pass lets into a room. `open` says whether anybody may watch it.
    pub fn lets_in(&self, pass: &str, space: &SpaceId, open: bool, now_ms: u64) -> bool {
        if pass == OPEN {
            return open;
        }
        let mut parts = pass.splitn(3, '.');
        let (Some(until), Some(owner), Some(tag)) = (parts.next(), parts.next(), parts.next()) else { return false };
        let Ok(until_ms) = until.parse::<u64>() else { return false };
        let Ok(tag) = URL_SAFE_NO_PAD.decode(tag) else { return false };
        now_ms < until_ms
            && hmac::verify(&self.key, &signed(space, owner, until_ms), &tag).is_ok()
            && !self.is_taken_back(owner, space, until_ms)
    }

    fn is_taken_back(&self, owner: &str, space: &SpaceId, until_ms: u64) -> bool {
        let taken_back = self.taken_back.read().expect("plain list");
        taken_back.iter().any(|one| {
            one.owner == owner
                && one.space.as_ref().is_none_or(|of| of == space)
                && until_ms <= one.given_until_ms + PASS_LASTS_MS
        })
    }

    /// Tells whose a pass is, to nobody but this server.
    fn owner(&self, user: &UserId) -> String {
        let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, format!("owner {user}").as_bytes()).as_ref());
        tag[..OWNER_CHARS].to_owned()
    }
}

fn signed(space: &SpaceId, owner: &str, until_ms: u64) -> Vec<u8> {
    format!("{until_ms} {owner} {space}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bo() -> UserId {
        UserId::parse("user_bo").expect("an id")
    }

    fn room(name: &str) -> SpaceId {
        SpaceId::parse(name).expect("an id")
    }

    #[test]
    fn a_pass_lets_into_its_room_until_it_ends() {
        let passes = Passes::default();
        let (pass, until_ms) = passes.give(&room("room_a"), &bo(), 1_000);
        assert!(passes.lets_in(&pass, &room("room_a"), false, 1_000));
        assert!(passes.lets_in(&pass, &room("room_a"), false, until_ms - 1));
        assert!(!passes.lets_in(&pass, &room("room_a"), false, until_ms));
        assert!(!passes.lets_in(&pass, &room("room_b"), false, 1_000), "another room");
        assert!(!Passes::default().lets_in(&pass, &room("room_a"), false, 1_000), "another server");
    }

    #[test]
    fn a_pass_that_was_taken_back_lets_nobody_in() {
        let (passes, other) = (Passes::default(), UserId::parse("user_other").expect("an id"));
        let [before, elsewhere] = ["room_a", "room_b"].map(|name| passes.give(&room(name), &bo(), 1_000).0);
        let others = passes.give(&room("room_a"), &other, 1_000).0;
        passes.take_back(&bo(), Some(&room("room_a")), 1_000);
        assert!(!passes.lets_in(&before, &room("room_a"), false, 1_000));
        assert!(passes.lets_in(&elsewhere, &room("room_b"), false, 1_000), "another room");
        assert!(passes.lets_in(&others, &room("room_a"), false, 1_000), "somebody else");
        let after = passes.give(&room("room_a"), &bo(), 1_001).0;
        assert!(passes.lets_in(&after, &room("room_a"), false, 1_001), "one given later");
        passes.take_back(&bo(), None, 1_001);
        assert!(!passes.lets_in(&elsewhere, &room("room_b"), false, 1_001), "any room");
    }

    #[test]
    fn no_more_are_remembered_than_the_limit() {
        let passes = Passes::default();
        for _ in 0..=TAKEN_BACK_MAX {
            passes.take_back(&bo(), None, 1_000);
        }
        assert_eq!(passes.taken_back.read().expect("plain list").len(), TAKEN_BACK_MAX);
    }

    #[test]
    fn a_forged_pass_lets_nobody_in() {
        let passes = Passes::default();
        let (pass, until_ms) = passes.give(&room("room_a"), &bo(), 0);
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
