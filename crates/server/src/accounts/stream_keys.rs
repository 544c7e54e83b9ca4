//! Stream keys: the secret by which an encoder, over RTMP or WHIP, is known to be its host's.

use hearth_protocol::Rejection;
use hearth_protocol::ids::{SpaceId, StreamKeyId};
use hearth_protocol::limits::LimitName;
use hearth_protocol::people::Profile;
use hearth_store::Store;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::attempts::Attempts;
use super::sessions;
use crate::clock;

/// The window in which wrong keys are counted.
const WINDOW: Duration = Duration::from_secs(600);
/// Wrong keys that an address may show within the window.
pub const WRONG_KEYS_MAX: u32 = 30;
/// The longest secret that is looked at, in bytes.
const SECRET_MAX_BYTES: usize = 128;

/// Reads stream keys, and slows down who guesses.
pub struct StreamKeys(Attempts<IpAddr>);

/// Whose encoder it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoder {
    /// To which room it sends.
    pub space: SpaceId,
    /// The host of that room.
    pub host: Profile,
    /// Which key it has shown.
    pub key: StreamKeyId,
}

impl Default for StreamKeys {
    fn default() -> Self {
        Self(Attempts::new(WINDOW, WRONG_KEYS_MAX))
    }
}

impl StreamKeys {
    /// Whose encoder shows this secret; `None`: nobody's. `address` is the one that limits count by.
    ///
    /// Errors: [`Rejection::Limit`] where the address has shown [`WRONG_KEYS_MAX`] wrong ones, whatever it shows now;
    /// [`Rejection::Storage`] where the store fails.
    pub async fn open(&self, store: &Store, address: IpAddr, secret: &str) -> Result<Option<Encoder>, Rejection> {
        self.0.note(address, Instant::now()).map_err(|wait| Rejection::Limit {
            limit: LimitName::SignInAttempts,
            max: WRONG_KEYS_MAX.into(),
            retry_after_ms: Some(wait.as_millis() as u64 + 1),
        })?;
        let failed = |error: hearth_store::Error| {
            tracing::error!(%error, "a stream key could not be read");
            Rejection::Storage
        };
        // Whatever is shown is hashed and looked up: the time tells nothing of how wrong it is.
        let shown = secret.get(..secret.len().min(SECRET_MAX_BYTES)).unwrap_or_default();
        let keys = store.stream_keys();
        let found = keys.by_secret_hash(&sessions::hash(shown)).await.map_err(failed)?;
        let Some((key, host)) = found.filter(|_| shown.len() == secret.len()) else { return Ok(None) };
        self.0.forgive(&address);
        keys.touch(&key, clock::now().0).await.map_err(failed)?;
        Ok(Some(Encoder { space: key.space, host, key: key.id }))
    }
}
