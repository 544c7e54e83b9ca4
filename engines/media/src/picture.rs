//! Pictures out of a broadcast, for the front page and for posters: one key frame decoded by the `ffmpeg` program.

use crate::live::Live;
use bytes::Bytes;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

/// Widest picture made, in pixels.
pub const PICTURE_WIDTH_MAX: u32 = 640;
/// Largest picture taken from `ffmpeg`, in bytes.
pub const PICTURE_BYTES_MAX: usize = 1024 * 1024;
/// How long `ffmpeg` may take, and how long a picture may wait for its turn.
pub const PICTURE_WAIT: Duration = Duration::from_secs(3);
/// Address space of `ffmpeg`, in bytes.
pub const FFMPEG_MEMORY_BYTES: u64 = 1024 * 1024 * 1024;
/// How far `ffmpeg` steps back behind everything else that runs.
const NICENESS: i32 = 10;

static TURN: Semaphore = Semaphore::const_new(1);

/// Why there is no picture.
#[derive(Debug, Error)]
pub enum PictureError {
    #[error("nothing is shown yet")]
    NothingShown,
    #[error("the program {0} is not there")]
    Missing(PathBuf),
    #[error("it took longer than {} s", PICTURE_WAIT.as_secs())]
    TooLong,
    #[error("ffmpeg made no picture of it")]
    Undecodable,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The newest key frame of a broadcast, still encoded.
#[derive(Debug, Clone)]
pub struct Still {
    /// An init segment and a fragment that starts with a key frame.
    pub mp4: [Bytes; 2],
    /// Number of the segment it is of: the same number, the same picture.
    pub sequence: u64,
}

impl Live {
    /// The newest key frame of the source; nothing while no pictures are in memory.
    pub fn still(&self) -> Option<Still> {
        let snapshot = self.renditions().first()?.snapshot();
        let growing = snapshot.growing.as_ref().map(|growing| (snapshot.next, growing.init, &growing.parts));
        let closed = snapshot.closed.iter().rev().map(|segment| (segment.sequence, segment.init, &segment.parts));
        growing.into_iter().chain(closed).find_map(|(sequence, init, parts)| {
            let init = snapshot.inits.get(&init).filter(|init| init.tracks.video.is_some())?;
            let part = parts.iter().find(|part| part.independent)?;
            Some(Still { mp4: [init.data.clone(), part.data.clone()], sequence })
        })
    }
}

/// Decodes a still to a JPEG of at most [`PICTURE_WIDTH_MAX`] pixels' width. One at a time in the whole process.
///
/// # Errors
/// The program is missing, fails, or takes too long.
pub async fn picture(ffmpeg: &Path, still: &Still) -> Result<Bytes, PictureError> {
    let turn = tokio::time::timeout(PICTURE_WAIT, TURN.acquire()).await.map_err(|_| PictureError::TooLong)?;
    let _turn = turn.map_err(io::Error::other)?;
    let child = spawn(ffmpeg).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => PictureError::Missing(ffmpeg.to_owned()),
        _ => PictureError::Io(error),
    })?;
    tokio::time::timeout(PICTURE_WAIT, run(child, still)).await.map_err(|_| PictureError::TooLong)?
}

fn arguments() -> Vec<String> {
    let scale = format!("scale='min({PICTURE_WIDTH_MAX},iw)':-2");
    let words = "-nostdin -hide_banner -loglevel error -protocol_whitelist pipe -threads 1 -f mp4 -i pipe:0 -an -frames:v 1 -vf";
    let after = "-threads 1 -q:v 5 -f mjpeg pipe:1";
    words.split(' ').map(str::to_owned).chain([scale]).chain(after.split(' ').map(str::to_owned)).collect()
}

fn spawn(ffmpeg: &Path) -> io::Result<Child> {
    let mut command = Command::new(ffmpeg);
    command.args(arguments()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    // SAFETY: between fork and exec only async-signal-safe system calls are made, and nothing is allocated.
    unsafe {
        command.pre_exec(|| {
            let limit = libc::rlimit { rlim_cur: FFMPEG_MEMORY_BYTES, rlim_max: FFMPEG_MEMORY_BYTES };
            if libc::setrlimit(libc::RLIMIT_AS, &raw const limit) != 0 {
                return Err(io::Error::last_os_error());
            }
            libc::nice(NICENESS);
            Ok(())
        });
    }
    command.spawn()
}

async fn run(mut child: Child, still: &Still) -> Result<Bytes, PictureError> {
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let (Some(mut stdin), Some(stdout)) = (stdin, stdout) else { return Err(PictureError::Undecodable) };
    let feed = async move {
        for piece in &still.mp4 {
            // It may have its picture before the end, and close.
            if stdin.write_all(piece).await.is_err() {
                break;
            }
        }
        drop(stdin);
        std::future::pending::<()>().await;
    };
    let mut picture = Vec::new();
    let mut limited = stdout.take(PICTURE_BYTES_MAX as u64 + 1);
    tokio::select! {
        read = limited.read_to_end(&mut picture) => { read?; }
        () = feed => {}
    }
    let fits = picture.len() <= PICTURE_BYTES_MAX && picture.starts_with(&[0xff, 0xd8]);
    if !fits {
        return Err(PictureError::Undecodable);
    }
    child.wait().await?;
    Ok(picture.into())
}
