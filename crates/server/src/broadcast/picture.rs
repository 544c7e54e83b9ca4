//! What a broadcast looks like: made when somebody looks, and not more often than every few seconds.

use bytes::Bytes;
use hearth_media::{Live, picture};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How old a picture may be.
const FRESH_FOR: Duration = Duration::from_secs(5);
/// The program that decodes.
pub const FFMPEG: &str = "ffmpeg";

/// The newest picture of a broadcast.
#[derive(Default)]
pub struct Picture(Mutex<Option<Kept>>);

struct Kept {
    at: Instant,
    /// The segment it is of.
    sequence: u64,
    jpeg: Bytes,
}

impl Picture {
    /// The picture as a JPEG, a few seconds old at most. `None`: there is none to be had.
    ///
    /// Whoever asks while one is made waits for it, and gets the same.
    pub async fn of(&self, live: &Live) -> Option<Bytes> {
        let mut kept = self.0.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| kept.at.elapsed() < FRESH_FOR) {
            return Some(kept.jpeg.clone());
        }
        let still = live.still()?;
        if let Some(kept) = kept.as_mut().filter(|kept| kept.sequence == still.sequence) {
            kept.at = Instant::now();
            return Some(kept.jpeg.clone());
        }
        match picture(Path::new(FFMPEG), &still).await {
            Ok(jpeg) => {
                *kept = Some(Kept { at: Instant::now(), sequence: still.sequence, jpeg: jpeg.clone() });
                Some(jpeg)
            }
            Err(error) => {
                tracing::warn!(%error, "no picture could be made of a broadcast");
                // An older one is better than none, and the next is not tried at once.
                kept.as_mut().map(|kept| {
                    kept.at = Instant::now();
                    kept.jpeg.clone()
                })
            }
        }
    }
}
