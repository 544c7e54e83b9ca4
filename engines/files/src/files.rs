//! The storage as the server sees it: opened, asked, read.

use crate::body::{Body, body};
use crate::error::{Error, is_missing};
use crate::folder::Folder;
use crate::name::checked;
use crate::s3::{self, S3};
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt as _};
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

/// What [`Files::check`] writes, reads and deletes.
const CHECK_NAME: &str = "hearth-check";

/// Which storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settings {
    /// Is made if it is not there.
    Folder(PathBuf),
    S3(S3),
}

/// A storage. Clones are the same storage.
#[derive(Clone)]
pub struct Files {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) prefix: Path,
    /// Where the storage is a folder.
    pub(crate) folder: Option<Folder>,
}

impl fmt::Debug for Files {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Files {{ {}, {:?} }}", self.store, self.prefix.as_ref())
    }
}

/// A file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub name: String,
    pub bytes: u64,
    pub modified: SystemTime,
    /// Another one for other bytes; without quotes. A storage may have none.
    pub etag: Option<String>,
}

impl Kept {
    pub(crate) fn new(name: &str, meta: &ObjectMeta) -> Self {
        let etag = meta.e_tag.as_deref().map(|etag| etag.trim_start_matches("W/").trim_matches('"').to_owned());
        Self { name: name.to_owned(), bytes: meta.size, modified: meta.last_modified.into(), etag }
    }
}

/// A file that is being read.
pub struct Read {
    /// Length of the whole file.
    pub bytes: u64,
    /// What of it comes.
    pub range: Range<u64>,
    pub modified: SystemTime,
    pub etag: Option<String>,
    pub body: Body,
}

impl fmt::Debug for Read {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Read {{ {:?} of {}, {:?} }}", self.range, self.bytes, self.etag)
    }
}

impl Read {
    /// All of it at once: for what is known to be small.
    ///
    /// # Errors
    /// The storage failed on the way.
    pub async fn all(self) -> Result<Bytes, Error> {
        let pieces: Vec<Bytes> = self.body.try_collect().await?;
        Ok(match <[Bytes; 1]>::try_from(pieces) {
            Ok([only]) => only,
            Err(pieces) => pieces.concat().into(),
        })
    }
}

impl Files {
    /// Opens a storage. A server is not asked yet; see [`Self::check`].
    ///
    /// # Errors
    /// The settings make no sense, or the folder can't be made.
    pub fn open(settings: &Settings) -> Result<Self, Error> {
        Ok(match settings {
            Settings::Folder(path) => {
                let folder = Folder::open(path)?;
                Self { store: folder.store()?, prefix: Path::default(), folder: Some(folder) }
            }
            Settings::S3(settings) => {
                let prefix = if settings.prefix.is_empty() { Path::default() } else { checked(&settings.prefix)? };
                Self { store: Arc::new(s3::open(settings)?), prefix, folder: None }
            }
        })
    }

    /// Whether files can be written, read and deleted: writes, reads and deletes one.
    ///
    /// # Errors
    /// What is in the way.
    pub async fn check(&self) -> Result<(), Error> {
        let wrote = Bytes::from_static(b"whether this storage can be used");
        self.put(CHECK_NAME, wrote.clone()).await?;
        let read = self.read(CHECK_NAME, None).await?.ok_or(Error::NoBucket)?.all().await?;
        self.delete(CHECK_NAME).await?;
        if read == wrote { Ok(()) } else { Err(Error::Failed("other bytes came back than were written".into())) }
    }

    /// Where a name is in the storage.
    pub(crate) fn path(&self, name: &str) -> Result<Path, Error> {
        let path = checked(name)?;
        Ok(if self.prefix.as_ref().is_empty() { path } else { self.prefix.parts().chain(path.parts()).collect() })
    }

    /// Where a file lies on this machine, if the storage is a folder; it may not be there. Only to be read.
    ///
    /// # Errors
    /// The name is none.
    pub fn local_path(&self, name: &str) -> Result<Option<PathBuf>, Error> {
        let path = self.path(name)?;
        Ok(self.folder.as_ref().map(|folder| folder.at(&path)))
    }

    /// What is known of a file without reading it; `None` if it is not there. Of a bucket that is not there, a server
    /// says no more than of a file.
    ///
    /// # Errors
    /// The name is none, or the storage failed.
    pub async fn head(&self, name: &str) -> Result<Option<Kept>, Error> {
        match self.store.head(&self.path(name)?).await {
            Ok(meta) => Ok(Some(Kept::new(name, &meta))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads a file or a part of it; `None` if it is not there. A part that ends behind the end ends there; with
    /// `u64::MAX` it is the rest.
    ///
    /// # Errors
    /// The name is none, there is [no such part](Error::NoSuchPart), or the storage failed. The body may end in an error
    /// as well, and is never shorter than it says without one.
    pub async fn read(&self, name: &str, range: Option<Range<u64>>) -> Result<Option<Read>, Error> {
        let path = self.path(name)?;
        let part = |range: Range<u64>| match range.end {
            // No server has to take so large a number.
            u64::MAX => GetRange::Offset(range.start),
            _ => GetRange::Bounded(range),
        };
        let asked = GetOptions { range: range.clone().map(part), ..GetOptions::default() };
        let answer = self.store.get_opts(&path, asked).await;
        let got = match answer {
            Ok(got) => got,
            Err(error) if is_missing(&error) => return Ok(None),
            // Storages say in many ways that there is no such part.
            Err(error) => match range {
                None => return Err(error.into()),
                Some(range) => {
                    let Some(kept) = self.head(name).await? else { return Ok(None) };
                    let is_part = range.start < range.end && range.start < kept.bytes;
                    return Err(if is_part { error.into() } else { Error::NoSuchPart { bytes: kept.bytes } });
                }
            },
        };
        let Kept { bytes, modified, etag, .. } = Kept::new(name, &got.meta);
        Ok(Some(Read { bytes, range: got.range.clone(), modified, etag, body: body(got) }))
    }
}
