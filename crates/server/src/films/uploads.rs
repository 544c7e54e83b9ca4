//! What is on its way: where it lies, and who adds to it.
//!
//! The length of its file is how much of an upload has come: there is no second count that could differ.
//! One request at a time adds to an upload. Another one takes it over: the first may hang on a connection that is long dead, and
//! its sender waits for the new one.

use aws_lc_rs::digest;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use hearth_protocol::ids::UploadId;
use hearth_store::UploadRecord;
use std::collections::HashMap;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::{OwnedMutexGuard, watch};
use tokio::time::timeout;

use crate::films::{self, conversions};
use crate::node::Node;
use crate::{clock, fresh};

/// An upload to which nothing was added for so long is given up, in milliseconds.
pub const EXPIRES_AFTER_MS: u64 = 86_400_000;
/// What an upload's file is called in its film's folder, with the end of its name behind it.
pub const ORIGINAL: &str = "original";
/// Nothing came for so long: the connection is taken for dead.
pub(super) const IDLE: Duration = Duration::from_secs(60);
/// So much is gathered before it is written, in bytes.
const WRITTEN_AT_ONCE: usize = 1 << 20;
/// So much stays free on the disk, in bytes.
pub const FREE_BYTES: u64 = 1 << 30;
/// The expiry in the store may lag by this, in milliseconds, so that small pieces need no write each.
const EXPIRY_LAGS_MS: u64 = 60_000;

/// What is on its way.
#[derive(Default)]
pub struct Uploads {
    taken: Mutex<HashMap<UploadId, Arc<Place>>>,
}

/// Where one request at a time adds to an upload.
struct Place {
    adding: Arc<tokio::sync::Mutex<()>>,
    /// How many have wanted it.
    wanted: watch::Sender<u64>,
}

/// Held by who adds to an upload. Whoever wanted it later is told of by `wanted`.
pub struct Turn {
    _adding: OwnedMutexGuard<()>,
    wanted: watch::Receiver<u64>,
}

/// How the bytes that come are to be, beyond their number.
pub struct Checksum {
    /// By which function.
    pub algorithm: &'static digest::Algorithm,
    /// What it gives.
    pub value: Vec<u8>,
}

/// Why what came was not added, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// What is there differs from what the sender thinks: so many bytes.
    #[error("there are {0} bytes")]
    Elsewhere(u64),
    /// More came than is wanted.
    #[error("more came than is wanted")]
    TooMuch,
    /// It is not what was sent; nothing of it was kept.
    #[error("the checksum differs")]
    Checksum,
    /// The connection ended, or another request took over.
    #[error("the connection ended")]
    Ended,
    /// The disk.
    #[error("{0}")]
    Disk(#[from] io::Error),
}

impl Uploads {
    /// Waits until nobody else adds to an upload; whoever did is asked to stop.
    pub async fn turn(&self, upload: &UploadId) -> Turn {
        let place = self.place(upload);
        place.wanted.send_modify(|count| *count += 1);
        let wanted = place.wanted.subscribe();
        Turn { _adding: place.adding.clone().lock_owned().await, wanted }
    }

    /// Nobody adds to an upload while this is held; `None`: somebody does, and goes on.
    fn rests(&self, upload: &UploadId) -> Option<OwnedMutexGuard<()>> {
        self.place(upload).adding.clone().try_lock_owned().ok()
    }

    fn place(&self, upload: &UploadId) -> Arc<Place> {
        let mut taken = self.taken.lock().expect("plain map");
        // Places that nobody is at are let go of, so that the map holds no more than is going on.
        taken.retain(|id, place| id == upload || Arc::strong_count(place) > 1 || Arc::strong_count(&place.adding) > 1);
        let new = || Arc::new(Place { adding: Arc::default(), wanted: watch::Sender::new(0) });
        taken.entry(upload.clone()).or_insert_with(new).clone()
    }

    /// Removes what has come of an upload.
    pub async fn forget(&self, node: &Node, upload: &UploadId) {
        let _turn = self.turn(upload).await;
        let removed = tokio::fs::remove_file(path(node, upload)).await;
        if let Err(error) = removed
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::error!(%upload, %error, "what has come of an upload could not be removed");
        }
    }
}

/// Where what has come of an upload lies.
fn path(node: &Node, upload: &UploadId) -> PathBuf {
    folder(node).join(upload.as_str())
}

fn folder(node: &Node) -> PathBuf {
    node.config().data.join("uploads")
}

/// A new upload's name.
pub fn new_id() -> UploadId {
    UploadId::parse(&format!("upload_{}", fresh::suffix())).expect("well formed")
}

/// Makes the file of an upload.
///
/// Errors: the disk's; it has no room for so many bytes ([`io::ErrorKind::StorageFull`]).
pub async fn begin(node: &Node, upload: &UploadId, bytes: u64) -> io::Result<()> {
    let folder = folder(node);
    tokio::fs::create_dir_all(&folder).await?;
    let promised = promised_bytes(node).await.map_err(io::Error::other)?;
    if free_bytes(&folder)? < bytes.saturating_add(promised).saturating_add(FREE_BYTES) {
        return Err(io::ErrorKind::StorageFull.into());
    }
    File::create_new(path(node, upload)).await.map(drop)
}

/// What is still to come of uploads that have begun: the disk's room is theirs already.
async fn promised_bytes(node: &Node) -> Result<u64, hearth_store::Error> {
    let mut promised: u64 = 0;
    for upload in node.store().videos().uploads().await?.iter().filter(|upload| !upload.done) {
        let here = received(node, upload).await.unwrap_or_default();
        promised = promised.saturating_add(upload.bytes.saturating_sub(here));
    }
    Ok(promised)
}

/// How many bytes of an upload are here; all of them if it is whole.
pub async fn received(node: &Node, upload: &UploadRecord) -> io::Result<u64> {
    if upload.done {
        return Ok(upload.bytes);
    }
    Ok(tokio::fs::metadata(path(node, &upload.id)).await?.len())
}

/// Adds to an upload from an offset on what a body brings, and gives how many bytes are here then. What has come stays when
/// the body breaks off; where there is a checksum, all of the body is kept or nothing.
pub async fn add(
    node: &Node,
    upload: &UploadRecord,
    turn: &mut Turn,
    offset: u64,
    checksum: Option<Checksum>,
    body: Body,
) -> Result<u64, Broken> {
    let path = path(node, &upload.id);
    let mut file = File::options().append(true).open(&path).await?;
    let here = file.metadata().await?.len();
    if here != offset {
        return Err(Broken::Elsewhere(here));
    }
    let mut adding = Adding {
        room: upload.bytes - here,
        digest: checksum.as_ref().map(|checksum| digest::Context::new(checksum.algorithm)),
        gathered: BytesMut::with_capacity(WRITTEN_AT_ONCE),
        file: &mut file,
    };
    let mut broken = adding.all_of(turn, body).await.err();
    let digest = adding.digest.take();
    if let (None, Some(checksum), Some(digest)) = (&broken, &checksum, digest)
        && digest.finish().as_ref() != checksum.value
    {
        broken = Some(Broken::Checksum);
    }
    match broken {
        Some(broken) if checksum.is_some() || matches!(broken, Broken::TooMuch) => {
            file.set_len(offset).await?;
            file.sync_data().await?;
            Err(broken)
        }
        Some(broken) => {
            file.sync_data().await?;
            Err(broken)
        }
        None => {
            file.sync_data().await?;
            Ok(file.metadata().await?.len())
        }
    }
}

/// What is being added.
struct Adding<'a> {
    room: u64,
    digest: Option<digest::Context>,
    gathered: BytesMut,
    file: &'a mut File,
}

impl Adding<'_> {
    async fn all_of(&mut self, turn: &mut Turn, body: Body) -> Result<(), Broken> {
        let mut pieces = body.into_data_stream();
        let mut first = true;
        let ended = loop {
            let next = timeout(IDLE, pieces.next());
            // What has arrived already is taken, also by who is to stop at once.
            let piece = if std::mem::take(&mut first) {
                tokio::select! { biased; piece = next => Some(piece), _ = turn.wanted.changed() => None }
            } else {
                tokio::select! { biased; _ = turn.wanted.changed() => None, piece = next => Some(piece) }
            };
            let Some(piece) = piece else { break Err(Broken::Ended) };
            match piece {
                Ok(Some(Ok(piece))) => match self.piece(piece).await {
                    Ok(()) => {}
                    Err(broken) => break Err(broken),
                },
                Ok(None) => break Ok(()),
                Ok(Some(Err(_))) | Err(_) => break Err(Broken::Ended),
            }
        };
        // Also what came before it broke off is kept. Behind what the disk did not take there is to be nothing: it would be taken
        // for what comes next.
        if !matches!(ended, Err(Broken::Disk(_))) {
            self.write().await?;
            self.file.flush().await?;
        }
        ended
    }

    async fn piece(&mut self, piece: Bytes) -> Result<(), Broken> {
        let length = piece.len() as u64;
        self.room = self.room.checked_sub(length).ok_or(Broken::TooMuch)?;
        if let Some(digest) = &mut self.digest {
            digest.update(&piece);
        }
        self.gathered.extend_from_slice(&piece);
        if self.gathered.len() >= WRITTEN_AT_ONCE {
            self.write().await?;
        }
        Ok(())
    }

    async fn write(&mut self) -> io::Result<()> {
        self.file.write_all(&self.gathered).await?;
        self.gathered.clear();
        Ok(())
    }
}

/// An upload that may be whole becomes a film that is to be converted. Says whether it was whole.
///
/// Errors: the disk's or the store's; it is tried again at the next start.
pub async fn finish(node: &Arc<Node>, upload: &UploadRecord) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    let original = original_name(&upload.name);
    let (from, to) = (path(node, &upload.id), films::folder(node, upload.video.as_str()));
    let target = to.join(&original);
    // It was moved, and the server stopped before that was stored.
    if !target.exists() {
        if tokio::fs::metadata(&from).await?.len() < upload.bytes {
            return Ok(false);
        }
        tokio::fs::create_dir_all(&to).await?;
        tokio::fs::rename(&from, &target).await?;
        File::open(&to).await?.sync_all().await?;
    }
    let until_ms = clock::now().0 + EXPIRES_AFTER_MS;
    if node.store().videos().uploaded(upload, &original, until_ms).await?
        && let Some(film) = node.store().videos().by_id(&upload.video).await?
    {
        node.films().conversions().add(node, &film);
        conversions::tell_owner(node, &upload.video).await;
    }
    Ok(true)
}

/// What an upload's file is called in its film's folder: with the end of its name, for whoever takes it away again.
fn original_name(name: &str) -> String {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    let plain = (1..=5).contains(&end.len()) && end.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if plain { format!("{ORIGINAL}.{}", end.to_ascii_lowercase()) } else { ORIGINAL.to_owned() }
}

/// Notes that something came: the upload may be gone on with for longer.
pub async fn prolong(node: &Node, upload: &UploadRecord) -> u64 {
    let until_ms = clock::now().0 + EXPIRES_AFTER_MS;
    if until_ms.saturating_sub(upload.expires_ms) < EXPIRY_LAGS_MS {
        return upload.expires_ms;
    }
    if let Err(error) = node.store().videos().prolong_upload(&upload.id, until_ms).await {
        tracing::warn!(upload = %upload.id, %error, "how long an upload may be gone on with could not be stored");
    }
    until_ms
}

/// Forgets uploads that were given up, finishes those that are whole, and removes files that belong to none.
pub async fn sweep(node: &Arc<Node>) {
    if let Err(error) = swept(node).await {
        tracing::warn!(%error, "uploads could not be looked after; it is tried again in an hour");
    }
}

async fn swept(node: &Arc<Node>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let videos = node.store().videos();
    for upload in videos.expired_uploads(clock::now().0).await? {
        if upload.done {
            videos.forget_upload(&upload.id).await?;
        } else if let Some(film) = videos.by_id(&upload.video).await? {
            tracing::info!(upload = %upload.id, "an upload was given up");
            films::delete(node, &film).await?;
        }
    }
    let known = videos.uploads().await?;
    for upload in known.iter().filter(|upload| !upload.done) {
        // Whoever adds to one now finishes it.
        let Some(_rests) = node.films().uploads().rests(&upload.id) else { continue };
        if let Err(error) = finish(node, upload).await {
            tracing::warn!(upload = %upload.id, %error, "an upload could not be looked at");
        }
    }
    let mut files = match tokio::fs::read_dir(folder(node)).await {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    while let Some(file) = files.next_entry().await? {
        let name = file.file_name();
        let of = |upload: &&UploadRecord| upload.id.as_str().as_bytes() == name.as_bytes();
        // What began after the store was asked is young.
        let age = file.metadata().await?.modified()?.elapsed().unwrap_or_default();
        if !known.iter().any(|upload| of(&upload)) && age > IDLE {
            tokio::fs::remove_file(file.path()).await?;
        }
    }
    Ok(())
}

/// Bytes that are free on the disk of a folder.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let path = std::ffi::CString::new(folder.as_os_str().as_bytes())?;
    // SAFETY: all zeros is a value of this plain struct, which the call fills.
    let mut disk: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: the path ends with a zero, and the struct lives through the call.
    if unsafe { libc::statvfs(path.as_ptr(), &raw mut disk) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_original_keeps_the_end_of_its_name_and_nothing_else() {
        for (name, original) in [
            ("Holiday.MP4", "original.mp4"),
            ("a.b.mkv", "original.mkv"),
            ("clip", "original"),
            ("clip.", "original"),
            ("../../etc/passwd", "original"),
            ("x.m/p4", "original"),
            ("x.toolong", "original"),
            ("x.é", "original"),
            ("\u{202e}4pm.exe", "original.exe"),
        ] {
            assert_eq!(original_name(name), original, "{name}");
        }
    }
}
