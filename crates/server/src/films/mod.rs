//! Films that people upload: how their bytes come, how they become playable, who may fetch them.
//!
//! ```text
//!  tus ─► uploads ─► original on disk ─► conversions ─► folder of the film ─► files, for whoever has a pass
//!                                             │ playable
//!                                             └─► said in its dialog, by the same way as a program would
//! ```
//!
//! * [`uploads`]: what comes, where it lies, who adds to it.
//! * [`conversions`]: which film is converted now, and what becomes of it.
//! * [`describe`]: a film as whoever asks may see it.
//! * [`images`]: images in dialogs, which go the same way.
//! * [`subtitles`]: WebVTT out of what people have.
//! * [`shelf`]: where files are for good: here, or in a bucket.
//! * [`pass`]: who may fetch its files, and still may.
//!
//! Recordings are films too; they begin and end in [`crate::broadcast::films`].

pub mod conversions;
pub mod describe;
pub mod images;
pub mod pass;
pub mod shelf;
pub mod subtitles;
pub mod uploads;

use hearth_capabilities::Tell;
use hearth_store::VideoRecord;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::Config;
use crate::node::Node;
use conversions::Conversions;
use pass::Passes;
use shelf::{Of, Shelf};
use uploads::Uploads;

/// The films of this node.
pub struct Films {
    passes: Passes,
    conversions: Conversions,
    uploads: Uploads,
    shelf: Shelf,
}

impl Films {
    /// None yet.
    ///
    /// Errors: the settings of the bucket make no sense.
    pub fn new(config: &Config) -> Result<Self, hearth_files::Error> {
        let conversions = Conversions::new(config.videos.conversions_max as usize);
        let shelf = Shelf::new(&config.storage)?;
        Ok(Self { passes: Passes::default(), conversions, uploads: Uploads::default(), shelf })
    }

    /// What lets players in.
    pub fn passes(&self) -> &Passes {
        &self.passes
    }

    /// What is being converted.
    pub fn conversions(&self) -> &Conversions {
        &self.conversions
    }

    /// Where files are for good.
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// What is on its way.
    pub fn uploads(&self) -> &Uploads {
        &self.uploads
    }
}

/// Where the files of a film are made.
pub fn folder(node: &Node, name: &str) -> PathBuf {
    shelf::here(node, Of::Videos, name)
}

/// Forgets a film and removes its files; tells whether it was there. Its owner's devices hear of it, and those of whoever is in
/// a dialog in which it was shared. Nobody finds it any more before its files go; files that
/// stay for a fault are found by the log.
///
/// Errors: the store's.
pub async fn delete(node: &Arc<Node>, film: &VideoRecord) -> Result<bool, hearth_store::Error> {
    // Where it was shared is forgotten with it.
    let sharing = node.store().videos().sharing(&film.id).await?;
    if !node.store().videos().delete(&film.id).await? {
        return Ok(false);
    }
    node.films().conversions().cancel(node, &film.id).await;
    if let Some(upload) = &film.upload {
        node.films().uploads().forget(node, upload).await;
    }
    node.films().passes().look_again(&film.id);
    // Now nothing tells any more how it stands.
    for user in sharing.iter().filter(|user| **user != film.owner.id).chain([&film.owner.id]) {
        node.tell(user, Tell::VideoGone { video: film.id.clone() });
    }
    shelf::remove(node, Of::Videos, &film.folder).await;
    Ok(true)
}

/// Goes on with what a stop interrupted. What was on its way is looked after by the sweep, which begins at once.
pub async fn start(node: &Arc<Node>) {
    if let Some(bucket) = node.films().shelf().bucket()
        && let Err(error) = bucket.check().await
    {
        tracing::error!(%error, "the bucket can't be used: what is made stays here, and what is there can't be read");
    }
    conversions::resume(node).await;
}
