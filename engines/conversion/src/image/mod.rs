//! A picture that somebody sends becomes one that everybody may be shown: upright, of a size that screens have, and with
//! nothing in it of where and by what it was taken.
//!
//! JPEG, PNG, WebP and GIF are taken. HEIC and AVIF are not: ffmpeg reads them with the demuxer of films, which takes all
//! that films may be, and puts an HEIC's tiles together only in versions that few have.

mod head;

use crate::convert::{begin, finish, tiny};
use crate::plan::TINY_SIDE_PX;
use crate::run::{Failure, Look, Run};
use crate::settings::Limits;
use crate::tools::{Tools, file};
use head::{Head, Kind};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Largest file that is taken, in bytes.
pub const IMAGE_BYTES_MAX: u64 = 64 << 20;
/// Longest side and most pixels of a picture that is taken.
pub const IMAGE_SIDE_MAX_PX: u32 = 16_384;
pub const IMAGE_PIXELS_MAX: u64 = 120_000_000;
/// Longest side of `full` and `small`.
pub const FULL_SIDE_MAX_PX: u32 = 2_048;
pub const SMALL_SIDE_MAX_PX: u32 = 640;
/// Longest side of a GIF's film, and so much of it is shown, in milliseconds.
pub const MOVING_SIDE_MAX_PX: u32 = 1_024;
pub const MOVING_MS_MAX: u64 = 60_000;
/// A GIF that would take more pixels than this, over all its frames, does not move: it would take minutes.
const MOVING_PIXELS_MAX: u64 = 3_000_000_000;
/// Says what lies in a folder; comes last. A [`MadeImage`].
pub const IMAGE_DESCRIPTION_FILE: &str = "image.json";

/// Why a picture is not taken. The same file is refused again.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum ImageRefusal {
    #[error("this is no picture, or one of a kind that is not taken: JPEG, PNG, WebP and GIF are")]
    Unreadable,
    #[error("its end is missing")]
    Truncated,
    #[error("it has {bytes} bytes; it may have {IMAGE_BYTES_MAX}")]
    TooManyBytes { bytes: u64 },
    #[error("it has {width}×{height} pixels; a side may have {IMAGE_SIDE_MAX_PX}, and all of it {IMAGE_PIXELS_MAX}")]
    TooLarge { width: u32, height: u32 },
    #[error("it is a WebP that moves; GIFs may")]
    Moving,
}

/// What is to be made plain, and where to.
#[derive(Debug, Clone)]
pub struct ImageJob {
    pub file: PathBuf,
    /// Is made if it is not there.
    pub folder: PathBuf,
    /// [`Limits::of_images`] fit.
    pub limits: Limits,
}

/// What was made of a picture, as `image.json` holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeImage {
    /// `full.jpg`; `full.webp` (`full.png` by an ffmpeg without it) where the picture can be seen through.
    pub full: MadePicture,
    /// `small.jpg` and likewise.
    pub small: MadePicture,
    /// A `data:` URL of a picture of 32 pixels.
    pub tiny: String,
    /// Of a GIF that moves: a film of it.
    pub moving: Option<MadeMoving>,
    /// Of all files.
    pub bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadePicture {
    /// Within the folder.
    pub path: String,
    pub width: u32,
    pub height: u32,
    pub bytes: u64,
}

/// H.264 without sound in MP4, to be played over and over. What can be seen through is white in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeMoving {
    pub path: String,
    pub width: u32,
    pub height: u32,
    pub bytes: u64,
}

/// Makes a picture plain. Dropping the future ends its process; what lies in the folder then is thrown away by the next
/// call. A folder with a finished picture is left as it is.
///
/// # Errors
/// [`Failure::NotTaken`] says why the picture is refused; all others concern the machine, and
/// [`Failure::may_be_retried`] says whether it makes sense to call again.
pub async fn image(tools: &Tools, job: &ImageJob) -> Result<MadeImage, Failure> {
    if let Some(finished) = image_finished(&job.folder) {
        return Ok(finished);
    }
    let file = std::path::absolute(&job.file)?;
    let head = look(&file).await?;
    begin(&job.folder)?;
    let shape = Shape::of(head, tools.abilities.webp);
    run(tools, job, shape.arguments(&file)).await?;
    let mut made = MadeImage {
        full: shape.made(&job.folder, "full", FULL_SIDE_MAX_PX)?,
        small: shape.made(&job.folder, "small", SMALL_SIDE_MAX_PX)?,
        tiny: tiny(&job.folder, tools.abilities)?,
        moving: None,
        bytes: 0,
    };
    if shape.moves() {
        run(tools, job, shape.moving_arguments(&file)).await?;
        let (width, height) = shape.moving_size();
        let bytes = size(&job.folder, MOVING_FILE)?;
        made.moving = Some(MadeMoving { path: MOVING_FILE.to_owned(), width, height, bytes });
    }
    made.bytes = made.full.bytes + made.small.bytes + made.moving.as_ref().map_or(0, |moving| moving.bytes);
    finish(&job.folder, IMAGE_DESCRIPTION_FILE, &made)?;
    Ok(made)
}

/// The picture that lies finished in a folder.
pub fn image_finished(folder: &Path) -> Option<MadeImage> {
    serde_json::from_slice(&std::fs::read(folder.join(IMAGE_DESCRIPTION_FILE)).ok()?).ok()
}

const MOVING_FILE: &str = "moving.mp4";

/// What the file says, if it may be decoded.
async fn look(file: &Path) -> Result<Head, Failure> {
    let bytes = tokio::fs::metadata(file).await?.len();
    if bytes > IMAGE_BYTES_MAX {
        return Err(ImageRefusal::TooManyBytes { bytes }.into());
    }
    let head = Head::read(&tokio::fs::read(file).await?)?;
    let Head { width, height, .. } = head;
    let pixels = u64::from(width) * u64::from(height);
    if width.max(height) > IMAGE_SIDE_MAX_PX || pixels > IMAGE_PIXELS_MAX {
        return Err(ImageRefusal::TooLarge { width, height }.into());
    }
    Ok(head)
}

async fn run(tools: &Tools, job: &ImageJob, arguments: Vec<OsString>) -> Result<(), Failure> {
    let run = Run {
        program: &tools.ffmpeg,
        arguments,
        folder: &job.folder,
        limits: &job.limits,
        duration_ms: 0,
        awaited: true,
    };
    match run.watch(|_| Ok(Look::GoesOn)).await {
        Err(Failure::Failed(_)) => Err(ImageRefusal::Unreadable.into()),
        answer => answer,
    }
}

/// Bytes of a file that was made; where a decoder found nothing, ffmpeg makes none and is content.
fn size(folder: &Path, name: &str) -> Result<u64, Failure> {
    match std::fs::metadata(folder.join(name)) {
        Ok(metadata) if metadata.len() > 0 => Ok(metadata.len()),
        _ => Err(ImageRefusal::Unreadable.into()),
    }
}

/// What is asked of ffmpeg.
struct Shape {
    head: Head,
    webp: bool,
}

impl Shape {
    fn of(head: Head, webp: bool) -> Self {
        Self { head, webp }
    }

    fn moves(&self) -> bool {
        let Head { frames, width, height, .. } = self.head;
        frames > 1 && u64::from(frames) * u64::from(width) * u64::from(height) <= MOVING_PIXELS_MAX
    }

    /// A size as stored, no longer than this.
    fn within(&self, side_max_px: u32) -> (u32, u32) {
        let Head { width, height, .. } = self.head;
        let scale = (f64::from(side_max_px) / f64::from(width.max(height))).min(1.0);
        let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
        (side(width), side(height))
    }

    /// Even sides, as H.264 with half the colour wants them.
    fn moving_size(&self) -> (u32, u32) {
        let (width, height) = self.within(MOVING_SIDE_MAX_PX);
        (width.next_multiple_of(2), height.next_multiple_of(2))
    }

    fn ending(&self) -> &'static str {
        match (self.head.alpha, self.webp) {
            (false, _) => "jpg",
            (true, true) => "webp",
            (true, false) => "png",
        }
    }

    fn made(&self, folder: &Path, name: &str, side_max_px: u32) -> Result<MadePicture, Failure> {
        let path = format!("{name}.{}", self.ending());
        let (width, height) = self.within(side_max_px);
        let (width, height) = if self.head.orientation >= 5 { (height, width) } else { (width, height) };
        Ok(MadePicture { bytes: size(folder, &path)?, path, width, height })
    }

    fn input(&self, input: &Path) -> Vec<OsString> {
        let demuxer = self.head.kind.demuxer();
        let words = format!(
            "-nostdin -hide_banner -nostats -loglevel warning -y -progress pipe:1 -stats_period 0.5 \
             -filter_complex_threads 1 -protocol_whitelist file -format_whitelist {demuxer} \
             -max_pixels {IMAGE_PIXELS_MAX} -threads 1 -noautorotate -f {demuxer}"
        );
        let mut arguments: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
        arguments.extend(["-i".into(), file(input)]);
        arguments
    }

    fn arguments(&self, input: &Path) -> Vec<OsString> {
        // What was turned by a note beside the picture is turned for good, and all notes are dropped: they hold the
        // place, the time, a smaller picture of before it was cut.
        let turn = match self.head.orientation {
            2 => ",hflip",
            3 => ",hflip,vflip",
            4 => ",vflip",
            5 => ",transpose=cclock_flip",
            6 => ",transpose=clock",
            7 => ",transpose=clock_flip",
            8 => ",transpose=cclock",
            _ => "",
        };
        let (pixels, tiny_pixels) = match (self.head.alpha, self.webp) {
            (false, _) => ("yuvj420p", "yuv420p"),
            (true, true) => ("rgba", "yuva420p"),
            (true, false) => ("rgba", "yuv420p"),
        };
        let scaled = |side: u32, flags: &str| {
            let (width, height) = self.within(side);
            format!("scale={width}:{height}:flags={flags}")
        };
        let (full, small) = (scaled(FULL_SIDE_MAX_PX, "bicubic"), scaled(SMALL_SIDE_MAX_PX, "bicubic"));
        let tiny = scaled(TINY_SIDE_PX, "area");
        let graph = format!(
            "[0:v:0]sidedata=delete,{full},setsar=1,format={pixels},split=3[f][s][t];[f]null{turn}[full];\
             [s]{small}{turn}[small];[t]{tiny}{turn},format={tiny_pixels}[tiny]"
        );
        let mut arguments = self.input(input);
        arguments.extend(["-filter_complex".into(), graph.into()]);
        let mut say = |words: &str| arguments.extend(words.split_whitespace().map(OsString::from));
        let forget = "-map_metadata -1 -fflags +bitexact -flags:v +bitexact -frames:v 1";
        let ending = self.ending();
        let encoder = |quality: u32, jpeg_quality: u32| match ending {
            "jpg" => format!("-c:v mjpeg -q:v {jpeg_quality} -f image2 -update 1"),
            "webp" => format!("-c:v libwebp -quality {quality} -f webp"),
            _ => "-c:v png -f image2 -update 1".to_owned(),
        };
        say(&format!("-map [full] {forget} {} full.{ending}", encoder(88, 3)));
        say(&format!("-map [small] {forget} {} small.{ending}", encoder(82, 4)));
        if self.webp {
            say(&format!("-map [tiny] {forget} -c:v libwebp -quality 40 -f webp tiny"));
        } else {
            say(&format!("-map [tiny] {forget} -c:v mjpeg -q:v 12 -f image2 -update 1 tiny"));
        }
        arguments
    }

    /// A film out of a GIF. What can be seen through comes from the decoder as white without substance.
    fn moving_arguments(&self, input: &Path) -> Vec<OsString> {
        debug_assert_eq!(self.head.kind, Kind::Gif);
        let (width, height) = self.moving_size();
        let mut arguments = self.input(input);
        let words = format!(
            "-t {}.{:03} -map 0:v:0 -map_metadata -1 -an -vf scale={width}:{height}:flags=bicubic,setsar=1,format=yuv420p \
             -fpsmax 50 -c:v libx264 -preset veryfast -profile:v high -crf 23 -threads 2 -movflags +faststart \
             -fflags +bitexact -flags:v +bitexact -f mp4 {MOVING_FILE}",
            MOVING_MS_MAX / 1_000,
            MOVING_MS_MAX % 1_000
        );
        arguments.extend(words.split_whitespace().map(OsString::from));
        arguments
    }
}
