//! What is there below a name.

use crate::error::Error;
use crate::files::{Files, Kept};
use futures_util::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use object_store::{ObjectStore as _, ObjectStoreExt as _};

impl Files {
    /// All files below a name, in no particular order; of all the storage for the empty name. What is still being
    /// written is not among them.
    ///
    /// # Errors
    /// Before anything else: the name is none. In the stream: the storage failed; nothing more comes then.
    pub fn list(&self, below: &str) -> Result<BoxStream<'static, Result<Kept, Error>>, Error> {
        let at = if below.is_empty() { self.prefix.clone() } else { self.path(below)? };
        let prefix = self.prefix.clone();
        let kept = move |meta: object_store::ObjectMeta| {
            let name = meta.location.as_ref();
            let name = match prefix.as_ref() {
                "" => name,
                prefix => name.strip_prefix(prefix).and_then(|name| name.strip_prefix('/')).unwrap_or(name),
            };
            Kept::new(name, &meta)
        };
        Ok(self.store.list(Some(&at)).map_ok(kept).map_err(Error::from).boxed())
    }

    /// Deletes one file. It may not be there.
    ///
    /// # Errors
    /// The name is none, or the storage failed.
    pub async fn delete(&self, name: &str) -> Result<(), Error> {
        match self.store.delete(&self.path(name)?).await {
            Err(error) if !crate::error::is_missing(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Deletes all below a name, also what a server that was killed left half written; in a folder of this machine the
    /// folders too, and those above that are empty by it. A file of exactly this name is not below it.
    ///
    /// Of large files that were never whole, a bucket keeps the parts unseen; that is for a rule of the bucket
    /// (`AbortIncompleteMultipartUpload`).
    ///
    /// # Errors
    /// The name is none (the empty one as well), or the storage failed; a part may be deleted then.
    pub async fn delete_all(&self, below: &str) -> Result<(), Error> {
        let at = self.path(below)?;
        if let Some(folder) = &self.folder {
            return folder.clear(&at).await;
        }
        let found = self.store.list(Some(&at)).map_ok(|meta| meta.location).boxed();
        let mut deleted = self.store.delete_stream(found);
        while let Some(answer) = deleted.next().await {
            match answer {
                // Somebody else was faster.
                Err(error) if crate::error::is_missing(&error) => {}
                answer => drop(answer?),
            }
        }
        Ok(())
    }
}
