//! The programs, what they can do, and what is asked of both.

use crate::child::Start;
use crate::run::{Failure, ended, last_lines, start};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;

/// Most that is read of what a program tells.
const TOLD_BYTES_MAX: u64 = 64 << 20;
const ABILITIES_WAIT: Duration = Duration::from_secs(60);
const ABILITIES_MEMORY_BYTES: u64 = 2 << 30;

/// Names of the demuxers that read films; each may be several to ffmpeg (`mov,mp4,m4a,3gp,3g2,mj2`). None of them opens
/// another file or an address: playlists (`hls`, `dash`, `concat`, `imf`), pictures, text and devices are not among them.
pub(crate) const CONTAINERS: [&str; 11] =
    ["mov", "matroska", "avi", "mpegts", "mpeg", "flv", "ogg", "asf", "mp3", "wav", "flac"];

/// The programs, by their paths or by names that the system's `PATH` finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    pub ffmpeg: PathBuf,
    pub ffprobe: PathBuf,
    pub abilities: Abilities,
}

/// What a build of ffmpeg may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// `zscale` and `tonemap`: without them, films with much light (HDR) look pale.
    pub tone_maps: bool,
    /// `libwebp`: without it the tiny picture is a JPEG.
    pub webp: bool,
}

impl Tools {
    /// Looks at what is there.
    ///
    /// # Errors
    /// A program is not there, or ffmpeg can't encode H.264 and AAC.
    pub async fn find(ffmpeg: &Path, ffprobe: &Path) -> Result<Self, Failure> {
        let list = async |what: &str| {
            let arguments = ["-hide_banner", "-v", "error", what].map(OsString::from).to_vec();
            let told = told(ffmpeg, arguments, Path::new("/"), ABILITIES_MEMORY_BYTES, ABILITIES_WAIT).await?;
            Ok::<_, Failure>(String::from_utf8_lossy(&told).into_owned())
        };
        let (encoders, filters) = (list("-encoders").await?, list("-filters").await?);
        let has = |list: &str, name: &str| list.lines().any(|line| line.split_whitespace().nth(1) == Some(name));
        if let Some(lacking) = ["libx264", "aac", "mjpeg"].into_iter().find(|name| !has(&encoders, name)) {
            return Err(Failure::Failed(format!("this ffmpeg has no {lacking}")));
        }
        let version = [OsString::from("-version")].to_vec();
        told(ffprobe, version, Path::new("/"), ABILITIES_MEMORY_BYTES, ABILITIES_WAIT).await?;
        let abilities = Abilities {
            tone_maps: has(&filters, "zscale") && has(&filters, "tonemap"),
            webp: has(&encoders, "libwebp"),
        };
        Ok(Self { ffmpeg: ffmpeg.to_owned(), ffprobe: ffprobe.to_owned(), abilities })
    }
}

/// What a program writes, as a whole.
pub(crate) async fn told(
    program: &Path,
    arguments: Vec<OsString>,
    folder: &Path,
    memory_bytes: u64,
    wait: Duration,
) -> Result<Vec<u8>, Failure> {
    let mut running = start(Start { program, arguments, folder, memory_bytes, awaited: true, file_bytes: 0 }).await?;
    let (stdout, stderr) = (running.child.stdout.take(), running.child.stderr.take());
    let (Some(stdout), Some(stderr)) = (stdout, stderr) else { return Err(Failure::Io("no output".into())) };
    let reading = async {
        let mut told = Vec::new();
        let mut limited = stdout.take(TOLD_BYTES_MAX + 1);
        let (read, said) = tokio::join!(limited.read_to_end(&mut told), last_lines(stderr));
        read?;
        if told.len() as u64 > TOLD_BYTES_MAX {
            return Err(Failure::TooMuch);
        }
        ended(running.child.wait().await?, &said)?;
        Ok(told)
    };
    tokio::time::timeout(wait, reading).await.map_err(|_| Failure::TooLong)?
}

/// What every look at a file from outside is bound to: this file and no other, and no network.
pub(crate) fn bound_to_file() -> Vec<OsString> {
    let formats = CONTAINERS.join(",");
    ["-protocol_whitelist", "file,pipe", "-format_whitelist", &formats].map(OsString::from).to_vec()
}

/// A path as ffmpeg takes it without reading a protocol or an option into it.
pub(crate) fn file(path: &Path) -> OsString {
    let mut named = OsString::from("file:");
    named.push(path);
    named
}
