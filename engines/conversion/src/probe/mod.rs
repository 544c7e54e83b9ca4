//! What is in a file: two looks by ffprobe, one at what the container says, one at the packets themselves.

mod packets;
mod told;

use crate::run::Failure;
use crate::settings::{DURATION_MAX_MS, Limits, SIDE_MAX_PX};
use crate::source::{Refusal, Source};
use crate::tools::{self, Tools, bound_to_file};
use packets::Packets;
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};
use told::Told;

/// Address space of ffprobe, in bytes.
const MEMORY_BYTES: u64 = 2 << 30;
/// Larger pictures are not even looked at; smaller ones that are too large are refused by their size.
const PIXELS_MAX: u64 = 4 * (SIDE_MAX_PX as u64) * (SIDE_MAX_PX as u64);
/// So much of a film's beginning is looked at packet by packet, in seconds.
const LOOKED_AT_S: u64 = 120;
/// How much of the end may be missing without a word: containers are not exact.
const MISSING_MAX_MS: u64 = 1_500;

/// Looks at a file.
///
/// # Errors
/// [`Failure::Refused`] says why it is not taken; all others concern the machine.
pub async fn probe(tools: &Tools, file: &Path, limits: &Limits) -> Result<Source, Failure> {
    let file = std::path::absolute(file)?;
    let bytes = std::fs::metadata(&file)?.len();
    let until = Instant::now() + limits.probe;
    let told = look(tools, &file, &["-show_streams", "-show_format", "-show_chapters", "-of", "json"], until).await?;
    let mut source = Told::read(&told, bytes)?;
    let video = source.video.index.to_string();
    let listed = ["-select_streams", &video, "-show_entries", "packet=pts_time,duration_time,flags"];
    let listed = [&listed[..], &["-of", "csv=print_section=0"]].concat();
    // All of it where nothing says how long it is.
    let beginning = if source.duration_ms == 0 { "%".to_owned() } else { format!("%+{LOOKED_AT_S}") };
    let told = look(tools, &file, &[&listed[..], &["-read_intervals", &beginning]].concat(), until).await?;
    judge(&mut source, &Packets::read(&told))?;
    if let Some(end) = end(&source) {
        let told = look(tools, &file, &[&listed[..], &["-read_intervals", &end]].concat(), until).await?;
        if Packets::read(&told).count == 0 {
            return Err(Refusal::Truncated.into());
        }
    }
    Ok(source)
}

/// Where to look for the end, in a film of which not all was looked at and whose tables name what may not be there.
fn end(source: &Source) -> Option<String> {
    let length_ms = source.video.duration_ms.unwrap_or(source.duration_ms);
    let far = source.container == "mov" && length_ms > LOOKED_AT_S * 1_000;
    far.then(|| format!("{}%+#1", length_ms / 1_000 * 95 / 100))
}

/// What the packets say of what the container said.
fn judge(source: &mut Source, packets: &Packets) -> Result<(), Refusal> {
    if packets.count < 2 {
        return Err(match source.video.frames {
            Some(frames) if frames > 1 => Refusal::Truncated,
            _ => Refusal::OneFrame,
        });
    }
    let looked_at_ms = LOOKED_AT_S * 1_000;
    if source.duration_ms == 0 {
        source.duration_ms = packets.length_ms();
    } else if source.container == "mov" {
        // Its tables name what is not there; others say what is there, or don't know.
        let least_ms = match source.video.duration_ms.unwrap_or(source.duration_ms) {
            short if short <= looked_at_ms => short.saturating_sub(MISSING_MAX_MS + short / 20),
            _ => looked_at_ms - MISSING_MAX_MS,
        };
        if packets.length_ms() < least_ms {
            return Err(Refusal::Truncated);
        }
    }
    if source.duration_ms > DURATION_MAX_MS {
        return Err(Refusal::TooLong);
    }
    source.video.key_frames_ms = packets.key_frames_ms;
    source.video.variable = packets.variable;
    if packets.variable || source.video.rate.0 == 0 {
        source.video.rate = packets.rate();
    }
    Ok(())
}

async fn look(tools: &Tools, file: &Path, wanted: &[&str], until: Instant) -> Result<Vec<u8>, Failure> {
    let pixels = PIXELS_MAX.to_string();
    let mut arguments = ["-hide_banner", "-v", "error", "-max_pixels", &pixels].map(OsString::from).to_vec();
    arguments.extend(bound_to_file());
    arguments.extend(wanted.iter().map(OsString::from));
    arguments.push("-i".into());
    arguments.push(tools::file(file));
    let wait = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    match tools::told(&tools.ffprobe, arguments, Path::new("/"), MEMORY_BYTES, wait).await {
        Err(Failure::Failed(_)) => Err(Refusal::Unreadable.into()),
        answer => answer,
    }
}
