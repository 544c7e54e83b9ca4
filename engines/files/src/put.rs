//! What is kept: bytes, files, whole folders.

use crate::error::Error;
use crate::files::Files;
use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt as _, TryStreamExt as _, iter};
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt as _};
use std::fs::Metadata;
use std::path::PathBuf;
use tokio::io::AsyncReadExt as _;

/// Files of a folder that are kept together, at most: a film of 12 hours in six sizes has 70,000.
pub const FOLDER_FILES_MAX: usize = 200_000;
/// Files of a folder that are on their way at once.
const AT_ONCE: usize = 8;
/// Larger files go to a server in parts.
const WHOLE_BYTES_MAX: u64 = 16 << 20;
const PART_BYTES: u64 = 8 << 20;
/// S3 takes 10,000 parts.
const PARTS_MAX: u64 = 9_000;
/// Parts of a file that are on their way at once; all of them are in memory.
const PARTS_AT_ONCE: usize = 2;

/// What was kept of a folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stored {
    pub files: usize,
    pub bytes: u64,
}

impl Files {
    /// Keeps bytes under a name; what was there is replaced.
    ///
    /// # Errors
    /// The name is none, or the storage failed: what was there is still there then.
    pub async fn put(&self, name: &str, bytes: Bytes) -> Result<(), Error> {
        let path = self.path(name)?;
        match &self.folder {
            Some(folder) => folder.put(bytes, &path).await,
            None => Ok(self.store.put(&path, bytes.into()).await.map(drop)?),
        }
    }

    /// Keeps a file under a name; what was there is replaced. The file stays where it is, but may not be changed any more:
    /// in a folder on the same disk both names are of the same bytes.
    ///
    /// # Errors
    /// As [`Self::put`]; the file is not there or no plain file.
    pub async fn put_file(&self, name: &str, file: &std::path::Path) -> Result<(), Error> {
        let path = self.path(name)?;
        let metadata = plain(file).await?;
        match &self.folder {
            Some(folder) => folder.take(file.to_owned(), &path).await,
            None if metadata.len() > WHOLE_BYTES_MAX => self.put_parts(&path, file, metadata.len()).await,
            None => Ok(self.store.put(&path, tokio::fs::read(file).await?.into()).await.map(drop)?),
        }
    }

    /// Keeps all files of a folder below a name, as [`Self::put_file`] does. What leads to others comes after them:
    /// playlists after media, the one of all after those in folders, descriptions (`.json`) last.
    ///
    /// # Errors
    /// As [`Self::put_file`]; something in the folder is no plain file, or there are more than [`FOLDER_FILES_MAX`].
    /// A part may be kept then: [`Self::delete_all`], or try again.
    pub async fn put_folder(&self, below: &str, folder: &std::path::Path) -> Result<Stored, Error> {
        self.path(below)?;
        let root = folder.to_owned();
        let found = tokio::task::spawn_blocking(move || files_in(&root, FOLDER_FILES_MAX)).await;
        let mut found = found.map_err(|_| Error::Failed("it was broken off".into()))??;
        found.sort_by(|one, other| (one.turn, &one.name).cmp(&(other.turn, &other.name)));
        let stored = Stored { files: found.len(), bytes: found.iter().map(|found| found.bytes).sum() };
        for turn in found.chunk_by(|one, other| one.turn == other.turn) {
            // Each holds what it needs: a stream of borrowed ones can't be sent between threads.
            let turn: Vec<(String, PathBuf)> =
                turn.iter().map(|found| (format!("{below}/{}", found.name), found.path.clone())).collect();
            let keeping = iter(turn).map(|(name, path)| async move { self.put_file(&name, &path).await });
            keeping.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        }
        Ok(stored)
    }

    /// A large file, part by part. Nobody sees it before the last of them.
    async fn put_parts(&self, path: &Path, file: &std::path::Path, bytes: u64) -> Result<(), Error> {
        let part_bytes = PART_BYTES.max(bytes.div_ceil(PARTS_MAX));
        let mut reading = tokio::fs::File::open(file).await?;
        let mut upload = Upload(Some(self.store.put_multipart(path).await?));
        let mut parts = FuturesUnordered::new();
        let mut left = bytes;
        while left > 0 {
            let mut part = vec![0; left.min(part_bytes) as usize];
            reading.read_exact(&mut part).await?;
            left -= part.len() as u64;
            parts.push(upload.going()?.put_part(part.into()));
            if parts.len() == PARTS_AT_ONCE {
                parts.try_next().await?;
            }
        }
        while parts.try_next().await?.is_some() {}
        upload.going()?.complete().await?;
        upload.0 = None;
        Ok(())
    }
}

/// An upload in parts. If it is dropped before it is whole, the server is told to forget them.
struct Upload(Option<Box<dyn MultipartUpload>>);

impl Upload {
    fn going(&mut self) -> Result<&mut Box<dyn MultipartUpload>, Error> {
        self.0.as_mut().ok_or_else(|| Error::Failed("the upload has ended".into()))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let (Some(mut upload), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                if let Err(error) = upload.abort().await {
                    tracing::warn!(%error, "parts of a file stay in the bucket");
                }
            });
        }
    }
}

async fn plain(file: &std::path::Path) -> Result<Metadata, Error> {
    let metadata = tokio::fs::symlink_metadata(file).await?;
    if metadata.is_file() { Ok(metadata) } else { Err(Error::NotAFile(file.display().to_string())) }
}

struct Found {
    /// Lower ones are kept first.
    turn: u32,
    /// With slashes, within the folder.
    name: String,
    path: PathBuf,
    bytes: u64,
}

/// A description tells of playlists, a playlist of those in folders, and those of media.
fn turn(name: &str) -> u32 {
    let depth = name.matches('/').count() as u32;
    match name.rsplit_once('.').map(|(_, kind)| kind) {
        Some("m3u8") => 1 + u32::MAX / 4 - depth,
        Some("json") => 1 + u32::MAX / 2 - depth,
        _ => 0,
    }
}

fn files_in(root: &std::path::Path, files_max: usize) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    let mut folders = vec![(root.to_owned(), String::new())];
    while let Some((folder, before)) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            let part = entry.file_name().into_string();
            let name = before.clone() + &part.map_err(|_| Error::NotAFile(path.display().to_string()))?;
            if kind.is_dir() {
                folders.push((path, name + "/"));
            } else if kind.is_file() {
                found.push(Found { turn: turn(&name), name, path, bytes: entry.metadata()?.len() });
            } else {
                return Err(Error::NotAFile(path.display().to_string()));
            }
            if found.len() > files_max || folders.len() > files_max {
                return Err(Error::TooMany(files_max));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_others_comes_after_them() {
        let order = ["720p/00001.m4s", "720p/index.m3u8", "index.m3u8", "conversion.json"];
        assert!(order.is_sorted_by(|one, other| turn(one) < turn(other)));
        assert_eq!(turn("subs/0.vtt"), turn("720p/init.mp4"));
    }

    #[test]
    fn a_folder_may_have_so_many_files_and_not_one_more() {
        let root = std::env::temp_dir().join(format!("hearth-files-many-{}", std::process::id()));
        let folder = root.join("a");
        std::fs::create_dir_all(&folder).expect("a folder");
        for number in 0..5 {
            std::fs::write(folder.join(number.to_string()), b"x").expect("room");
        }
        let count = |files_max| files_in(&root, files_max).map(|found| found.len());
        assert_eq!((count(5), count(4)), (Ok(5), Err(Error::TooMany(4))));
        std::fs::remove_dir_all(&root).expect("it goes");
    }
}
