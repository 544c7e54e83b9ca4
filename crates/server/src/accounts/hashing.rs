//! Password hashing off the runtime's threads, and not more of it than the machine bears.

use hearth_protocol::Rejection;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;

use super::passwords;

/// Hashes at a time: each takes tens of milliseconds and 19 MiB (RFC 9106's second choice is of that order).
const AT_A_TIME: usize = 2;
/// Requests that may wait for their turn; one more is answered with `busy`.
const WAITING_MAX: usize = 64;

/// The hashing of passwords, bounded.
pub struct Hashing {
    turns: Semaphore,
    waiting: AtomicUsize,
    /// A hash of nobody's password: names that don't exist cost the same time as those that do.
    nobodys: String,
}

impl Default for Hashing {
    fn default() -> Self {
        Self {
            turns: Semaphore::new(AT_A_TIME),
            waiting: AtomicUsize::new(0),
            nobodys: passwords::hash(&crate::fresh::secret()).expect("a secret is a good password"),
        }
    }
}

impl Hashing {
    /// The hash of a new password.
    ///
    /// Errors: [`Rejection::Invalid`] with what is wrong with it, [`Rejection::Busy`].
    pub async fn hash(&self, password: String) -> Result<String, Rejection> {
        self.in_turn(move || passwords::hash(&password))
            .await?
            .map_err(|reason| Rejection::Invalid { field: "password".to_owned(), reason: reason.to_owned() })
    }

    /// Whether a password is the one a hash was made of; `None`: there is no such account, found out in the same time.
    ///
    /// Errors: [`Rejection::Busy`].
    pub async fn matches(&self, password: String, hash: Option<String>) -> Result<bool, Rejection> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobodys.clone());
        Ok(self.in_turn(move || passwords::matches(&password, &hash)).await? && known)
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Rejection> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING_MAX {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Rejection::Busy);
        }
        let turn = self.turns.acquire().await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let _turn = turn.map_err(|_| Rejection::Busy)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| Rejection::Fault)
    }
}
