//! Where the files of films and images are for good: in their folders here, or in a bucket.
//!
//! What is made is made here, and stays here until it is whole; then, where there is a bucket, it is put there and goes here.
//! Whoever reads looks here first. So nothing has to be remembered of where a file is, and a stop in the middle of moving
//! loses nothing: what is still here at the next start is put there then.

use hearth_files::{Files, Settings};
use hearth_protocol::ids::VideoId;
use hearth_protocol::videos::VideoState;
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crate::config;
use crate::node::Node;

/// What a folder is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// A film.
    Videos,
    /// An image.
    Images,
}

impl Of {
    fn as_str(self) -> &'static str {
        match self {
            Self::Videos => "videos",
            Self::Images => "images",
        }
    }
}

/// The bucket, if there is one.
#[derive(Default)]
pub struct Shelf {
    bucket: Option<Files>,
    /// One moves a folder at a time.
    moving: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl Shelf {
    /// By the operator's settings.
    ///
    /// Errors: they make no sense.
    pub fn new(config: &config::Storage) -> Result<Self, hearth_files::Error> {
        let bucket = config.bucket().map(|bucket| Files::open(&Settings::S3(bucket))).transpose()?;
        Ok(Self { bucket, moving: Mutex::default() })
    }

    /// The bucket, where there is one.
    pub fn bucket(&self) -> Option<&Files> {
        self.bucket.as_ref()
    }

    /// What is done for one of a name at a time.
    pub fn turn(&self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut moving = self.moving.lock().expect("plain map");
        moving.retain(|_, turn| Arc::strong_count(turn) > 1);
        moving.entry(name.to_owned()).or_default().clone()
    }
}

/// Where a folder is on this machine, whether it is here or not.
pub fn here(node: &Node, of: Of, folder: &str) -> PathBuf {
    node.config().data.join(of.as_str()).join(folder)
}

/// The name of a file in the bucket.
pub fn name(of: Of, folder: &str, path: &str) -> String {
    format!("{}/{folder}/{path}", of.as_str())
}

/// What a folder holds is whole: it is kept where it is to be for good.
pub async fn keep(node: &Node, of: Of, folder: &str) {
    let Some(bucket) = node.films().shelf().bucket() else { return };
    let name = format!("{}/{folder}", of.as_str());
    let turn = node.films().shelf().turn(&name);
    let _turn = turn.lock().await;
    let path = here(node, of, folder);
    if !path.exists() {
        return;
    }
    match bucket.put_folder(&name, &path).await {
        Ok(_) => gone(tokio::fs::remove_dir_all(&path).await, &name),
        Err(error) => {
            tracing::error!(%name, %error, "files could not be put into the bucket; they stay here until they can")
        }
    }
}

/// What was added to a film's folder goes where the film is, if that is whole.
pub async fn keep_if_whole(node: &Node, folder: &str) {
    if is_whole(node, folder).await {
        keep(node, Of::Videos, folder).await;
    }
}

/// Removes a file, wherever it is.
pub async fn remove_file(node: &Node, of: Of, folder: &str, path: &str) {
    gone(tokio::fs::remove_file(here(node, of, folder).join(path)).await, path);
    if let Some(bucket) = node.films().shelf().bucket()
        && let Err(error) = bucket.delete(&name(of, folder, path)).await
    {
        tracing::error!(%path, %error, "a file could not be removed from the bucket");
    }
}

/// Removes a folder, wherever it is.
pub async fn remove(node: &Node, of: Of, folder: &str) {
    let name = format!("{}/{folder}", of.as_str());
    let turn = node.films().shelf().turn(&name);
    let _turn = turn.lock().await;
    gone(tokio::fs::remove_dir_all(here(node, of, folder)).await, &name);
    if let Some(bucket) = node.films().shelf().bucket()
        && let Err(error) = bucket.delete_all(&name).await
    {
        tracing::error!(%name, %error, "files of what was deleted could not be removed from the bucket");
    }
}

fn gone(removed: io::Result<()>, name: &str) {
    if let Err(error) = removed
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::error!(%name, %error, "files could not be removed");
    }
}

/// Puts into the bucket what was not when the server stopped, and what could not be since.
pub async fn sweep(node: &Arc<Node>) {
    if node.films().shelf().bucket().is_none() {
        return;
    }
    for of in [Of::Videos, Of::Images] {
        let Ok(mut folders) = tokio::fs::read_dir(node.config().data.join(of.as_str())).await else { continue };
        while let Ok(Some(folder)) = folders.next_entry().await {
            let Ok(folder) = folder.file_name().into_string() else { continue };
            if of == Of::Images || is_whole(node, &folder).await {
                keep(node, of, &folder).await;
            }
        }
    }
}

/// Whether nothing writes to a film's folder any more.
async fn is_whole(node: &Node, folder: &str) -> bool {
    let Ok(id) = VideoId::parse(folder) else { return false };
    let film = node.store().videos().by_id(&id).await;
    matches!(film, Ok(Some(film)) if film.state == VideoState::Ready)
}
