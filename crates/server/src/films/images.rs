//! Images in dialogs: made plain by the same programs as films, and kept beside them.

use axum::body::Body;
use futures_util::StreamExt as _;
use hearth_conversion::{Failure, ImageJob, Limits, MadeImage, image};
use hearth_protocol::ids::ImageId;
use hearth_protocol::limits::IMAGE_MAX_BYTES;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::shelf::{self, Of};
use super::uploads;
use crate::node::Node;
use crate::{clock, fresh};

/// An image that was sent, but said in no message, is given up after so long, in milliseconds.
const UNSAID_MS: u64 = 86_400_000;
/// Images that are made plain at a time: each may take a core for a moment.
static MAKING: Semaphore = Semaphore::const_new(2);

/// A new image's name.
pub fn new_id() -> ImageId {
    ImageId::parse(&format!("image_{}", fresh::suffix())).expect("well formed")
}

/// Where an image's files are.
pub fn folder(node: &Node, image: &ImageId) -> PathBuf {
    shelf::here(node, Of::Images, image.as_str())
}

/// An image as it was sent, in a file that is gone with it.
pub struct Sent {
    file: PathBuf,
    pub bytes: u64,
}

impl Drop for Sent {
    fn drop(&mut self) {
        remove(std::fs::remove_file(&self.file));
    }
}

/// Why an image did not come whole.
pub enum NotWhole {
    /// It has more than [`IMAGE_MAX_BYTES`].
    TooLarge,
    /// The connection ended, or nothing came for as long as an upload may rest.
    Cut,
    Io(io::Error),
}

/// Takes what is sent into a file, piece by piece: of many large images no more than a piece each is in memory.
pub async fn take(node: &Node, id: &ImageId, body: Body) -> Result<Sent, NotWhole> {
    let folder = node.config().data.join("uploads");
    tokio::fs::create_dir_all(&folder).await.map_err(NotWhole::Io)?;
    let mut sent = Sent { file: folder.join(id.as_str()), bytes: 0 };
    let mut file = tokio::fs::File::create(&sent.file).await.map_err(NotWhole::Io)?;
    let mut pieces = body.into_data_stream();
    // Whoever went away without a word would keep their next images from being taken.
    while let Some(piece) = timeout(uploads::IDLE, pieces.next()).await.map_err(|_| NotWhole::Cut)? {
        let piece = piece.map_err(|_| NotWhole::Cut)?;
        sent.bytes += piece.len() as u64;
        if sent.bytes > IMAGE_MAX_BYTES as u64 {
            return Err(NotWhole::TooLarge);
        }
        file.write_all(&piece).await.map_err(NotWhole::Io)?;
    }
    file.flush().await.map_err(NotWhole::Io)?;
    Ok(sent)
}

/// Makes an image plain, in its folder. Of what is refused nothing stays.
///
/// Errors: what the file is, or what is in the way.
pub async fn make(node: &Arc<Node>, id: &ImageId, sent: &Sent) -> Result<MadeImage, Failure> {
    let _turn = MAKING.acquire().await.map_err(|error| Failure::Io(error.to_string()))?;
    let folder = folder(node, id);
    let tools = node.films().conversions().tools().await?;
    let job = ImageJob { file: sent.file.clone(), folder: folder.clone(), limits: Limits::of_images() };
    let made = image(tools, &job).await;
    if made.is_err() {
        remove(tokio::fs::remove_dir_all(&folder).await);
    }
    made
}

fn remove(removed: io::Result<()>) {
    if let Err(error) = removed
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "what was left of an image could not be removed");
    }
}

/// Forgets images that no message carries: those whose message was taken back, and those that were sent and never said.
pub async fn sweep(node: &Arc<Node>) {
    let images = node.store().images();
    let unsaid = match images.unsaid_before(clock::now().0.saturating_sub(UNSAID_MS)).await {
        Ok(unsaid) => unsaid,
        Err(error) => return tracing::warn!(%error, "images that nobody sees could not be looked for"),
    };
    for image in unsaid {
        match images.forget(&image.id).await {
            Ok(true) => shelf::remove(node, Of::Images, image.id.as_str()).await,
            Ok(false) => {}
            Err(error) => tracing::warn!(image = %image.id, %error, "an image that nobody sees could not be forgotten"),
        }
    }
}
