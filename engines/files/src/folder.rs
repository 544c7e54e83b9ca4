//! What a folder of this machine can do that a bucket can't: take a file over without copying it, and have folders.

use crate::error::Error;
use bytes::Bytes;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;

/// A folder may be deleted while a file comes into it: it is made again then, and deleted again, so often.
const TRIES_MAX: usize = 8;

#[derive(Debug, Clone)]
pub(crate) struct Folder {
    root: Arc<PathBuf>,
}

impl Folder {
    pub(crate) fn open(path: &std::path::Path) -> Result<Self, Error> {
        let failed = |error: io::Error| Error::Settings(format!("{}: {error}", path.display()));
        std::fs::create_dir_all(path).map_err(failed)?;
        Ok(Self { root: Arc::new(path.canonicalize().map_err(failed)?) })
    }

    /// What lists, reads and deletes single files.
    pub(crate) fn store(&self) -> Result<Arc<dyn ObjectStore>, Error> {
        let store = LocalFileSystem::new_with_prefix(&*self.root)?;
        Ok(Arc::new(store.with_automatic_cleanup(true)))
    }

    /// A name that was checked has no way out of the folder.
    pub(crate) fn at(&self, path: &Path) -> PathBuf {
        self.root.join(path.as_ref())
    }

    /// Takes a file over: by a second name for it where it lies on the same disk, else by a copy. It may not be changed
    /// afterwards.
    pub(crate) async fn take(&self, from: PathBuf, to: &Path) -> Result<(), Error> {
        let stage = move |staged: &std::path::Path| match std::fs::hard_link(&from, staged) {
            Err(error) if !from.exists() || error.kind() == ErrorKind::NotFound => Err(error),
            // Another disk, or one that knows no second names.
            Err(_) => std::fs::copy(&from, staged).map(drop),
            Ok(()) => Ok(()),
        };
        self.keep(stage, to).await
    }

    pub(crate) async fn put(&self, bytes: Bytes, to: &Path) -> Result<(), Error> {
        self.keep(move |staged| std::fs::write(staged, &bytes), to).await
    }

    /// Gives a name to what `stage` brings beside its place.
    async fn keep(
        &self,
        stage: impl Fn(&std::path::Path) -> io::Result<()> + Send + 'static,
        to: &Path,
    ) -> Result<(), Error> {
        let (root, to) = (Arc::clone(&self.root), self.at(to));
        blocking(move || {
            let mut tries = 1;
            loop {
                match keep(&stage, &to, &root) {
                    // The folder was deleted meanwhile.
                    Err(error) if error.kind() == ErrorKind::NotFound && tries < TRIES_MAX => tries += 1,
                    answer => return answer,
                }
            }
        })
        .await
    }

    /// Deletes a folder with all that is in it, and those above that are empty by it.
    pub(crate) async fn clear(&self, at: &Path) -> Result<(), Error> {
        let (root, at) = (Arc::clone(&self.root), self.at(at));
        blocking(move || clear(&at, &root)).await
    }
}

async fn blocking(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Result<(), Error> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|_| Error::Failed("it was broken off".into()))??)
}

/// A name beside another, as the store itself names what it has not finished: a `#` and digits.
fn staged(to: &std::path::Path) -> io::Result<PathBuf> {
    let mut staged = to.as_os_str().to_owned();
    staged.push(format!("#{}", getrandom::u64()?));
    Ok(staged.into())
}

fn keep(
    stage: &impl Fn(&std::path::Path) -> io::Result<()>,
    to: &std::path::Path,
    root: &std::path::Path,
) -> io::Result<()> {
    let staged = staged(to)?;
    let folder = to.parent().unwrap_or(root);
    let made_folders = !folder.exists();
    if made_folders {
        std::fs::create_dir_all(folder)?;
    }
    let kept = stage(&staged).and_then(|()| {
        File::open(&staged)?.sync_all()?;
        std::fs::rename(&staged, to)?;
        sync_folders(to, if made_folders { root } else { folder })
    });
    // Also if all went well: a file that is taken over a second time has both names already, and keeps them.
    let _ = std::fs::remove_file(&staged);
    kept
}

/// Brings the names of folders to the disk, from that of a file up to one above it.
fn sync_folders(file: &std::path::Path, up_to: &std::path::Path) -> io::Result<()> {
    for folder in file.ancestors().skip(1) {
        File::open(folder)?.sync_all()?;
        if folder == up_to {
            break;
        }
    }
    Ok(())
}

fn clear(at: &std::path::Path, root: &std::path::Path) -> io::Result<()> {
    let mut tries = 1;
    while let Err(error) = std::fs::remove_dir_all(at) {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => break,
            // Something came meanwhile.
            ErrorKind::DirectoryNotEmpty if tries < TRIES_MAX => tries += 1,
            _ => return Err(error),
        }
    }
    for folder in at.ancestors().skip(1).take_while(|folder| *folder != root) {
        // Not empty: somebody else's.
        if std::fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}
