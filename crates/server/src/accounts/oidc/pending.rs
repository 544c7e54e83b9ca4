//! Sign-ins that are under way at the provider: in a table of bounded size, each for a bounded time.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::Error;
use crate::accounts::sessions;

/// Sign-ins that are kept. One more is declined: those that began go on.
const PENDING_MAX: usize = 10_000;
/// How long somebody may take at the provider's page.
pub const LIFETIME: Duration = Duration::from_secs(600);

/// What a sign-in needs to be finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// What the ID token must repeat.
    pub nonce: String,
    /// The PKCE code verifier (RFC 7636, section 4.1).
    pub verifier: String,
    /// The redirect URI that was given at the start: the exchange repeats it (RFC 6749, section 4.1.3).
    pub redirect_uri: String,
    /// The path to go to when signed in.
    pub next: String,
}

struct Entry {
    handle_hash: String,
    since: Instant,
    begun: Begun,
}

/// Sign-ins under way, by their state.
#[derive(Default)]
pub struct Pending {
    entries: Mutex<HashMap<String, Entry>>,
}

impl Pending {
    /// Keeps a sign-in for the browser that has the handle.
    ///
    /// Errors: [`Error::Crowded`].
    pub fn add(&self, state: &str, handle: &str, begun: Begun, now: Instant) -> Result<(), Error> {
        let mut entries = self.entries.lock().expect("plain map");
        if entries.len() >= PENDING_MAX {
            entries.retain(|_, entry| now.saturating_duration_since(entry.since) < LIFETIME);
            if entries.len() >= PENDING_MAX {
                return Err(Error::Crowded);
            }
        }
        entries.insert(state.to_owned(), Entry { handle_hash: sessions::hash(handle), since: now, begun });
        Ok(())
    }

    /// Gives a sign-in out, once, to the browser it began in. Another browser's attempt leaves it where it is.
    ///
    /// Errors: [`Error::Unknown`].
    pub fn take(&self, state: &str, handle: &str, now: Instant) -> Result<Begun, Error> {
        let mut entries = self.entries.lock().expect("plain map");
        let entry = entries.get(state).ok_or(Error::Unknown)?;
        if entry.handle_hash != sessions::hash(handle) {
            return Err(Error::Unknown);
        }
        let entry = entries.remove(state).ok_or(Error::Unknown)?;
        if now.saturating_duration_since(entry.since) >= LIFETIME {
            return Err(Error::Unknown);
        }
        Ok(entry.begun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(next: &str) -> Begun {
        Begun { nonce: "n".into(), verifier: "v".into(), redirect_uri: "r".into(), next: next.into() }
    }

    #[test]
    fn a_sign_in_finishes_once_and_in_its_own_browser() {
        let (pending, now) = (Pending::default(), Instant::now());
        pending.add("state", "mine", begun("/a"), now).unwrap();
        assert!(matches!(pending.take("state", "another's", now), Err(Error::Unknown)));
        assert!(matches!(pending.take("forged", "mine", now), Err(Error::Unknown)));
        assert_eq!(pending.take("state", "mine", now).unwrap(), begun("/a"), "the attempts did not disturb it");
        assert!(matches!(pending.take("state", "mine", now), Err(Error::Unknown)));
    }

    #[test]
    fn a_sign_in_that_takes_too_long_is_over() {
        let (pending, now) = (Pending::default(), Instant::now());
        pending.add("a", "mine", begun("/a"), now).unwrap();
        pending.add("b", "mine", begun("/b"), now).unwrap();
        assert!(pending.take("a", "mine", now + LIFETIME - Duration::from_millis(1)).is_ok());
        assert!(matches!(pending.take("b", "mine", now + LIFETIME), Err(Error::Unknown)));
    }

    #[test]
    fn one_past_the_limit_is_declined_until_time_makes_room() {
        let (pending, now) = (Pending::default(), Instant::now());
        for index in 0..PENDING_MAX {
            pending.add(&index.to_string(), "mine", begun("/"), now).unwrap();
        }
        assert!(matches!(pending.add("more", "mine", begun("/"), now), Err(Error::Crowded)));
        assert!(pending.take("0", "mine", now).is_ok(), "those that began go on");
        pending.add("more", "mine", begun("/"), now).unwrap();
        pending.add("later", "mine", begun("/"), now + LIFETIME).unwrap();
        assert_eq!(pending.entries.lock().unwrap().len(), 1, "those that took too long are forgotten");
    }
}
