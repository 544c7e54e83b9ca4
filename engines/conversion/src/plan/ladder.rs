//! The sizes of a film, and whether its picture can be taken as it is.

use crate::settings::{MADE_SIDE_MAX_PX, RUNGS, Rung, SEGMENT_S, Settings};
use crate::source::{Source, Video};
use serde::{Deserialize, Serialize};

/// How a rendition comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    Copied,
    Encoded,
}

/// One size of the picture, in a folder of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// Name of the folder: `720p`.
    pub name: String,
    pub width: u32,
    pub height: u32,
    /// What the picture takes at most, in bits a second.
    pub peak_bps: u32,
    pub way: Way,
}

/// The next rung is at least this much smaller, in percent, or it is not worth its work.
const SMALLER_PERCENT: u32 = 90;
/// Key frames further apart make segments too long, in milliseconds.
const KEY_FRAMES_MAX_MS: u64 = SEGMENT_S as u64 * 1_000 + 2_000;
/// A picture that takes more than this, in percent of what its rung would, is encoded anew.
const LAVISH_PERCENT: u64 = 200;
/// A picture that begins so much later than the sound, in milliseconds, is not late: Matroska says of AAC that it begins
/// before nothing, by the 21 ms that its decoder is given ahead.
const LATE_MAX_MS: u64 = 50;
/// Frames a second for which a rung's rate is meant.
const USUAL_RATE: u32 = 30;

/// The renditions, the largest first, and which is made first.
pub(super) fn ladder(source: &Source, settings: &Settings) -> (Vec<Rendition>, usize) {
    let video = &source.video;
    let shown = video.shown();
    let short = |(width, height): (u32, u32)| width.min(height);
    let largest = within(shown, settings.short_max_px, MADE_SIDE_MAX_PX);
    let copied = settings.copies && fits(source, settings, largest);
    let mut sizes = vec![largest];
    for rung in RUNGS {
        let last = sizes.last().map_or(0, |size| short(*size));
        if rung.short_px * 100 <= last * SMALLER_PERCENT {
            sizes.push(within(shown, rung.short_px, MADE_SIDE_MAX_PX));
        }
    }
    let rendition = |(at, (width, height)): (usize, (u32, u32))| Rendition {
        name: format!("{}p", short((width, height))),
        width,
        height,
        peak_bps: peak_bps(short((width, height)), rate(video, settings)),
        way: if at == 0 && copied { Way::Copied } else { Way::Encoded },
    };
    let mut renditions: Vec<Rendition> = sizes.into_iter().enumerate().map(rendition).collect();
    if copied {
        let taken = video.bit_rate.or_else(|| average_bps(source)).unwrap_or(0);
        renditions[0].peak_bps = renditions[0].peak_bps.max(u32::try_from(taken).unwrap_or(u32::MAX));
    }
    let first = if copied { 0 } else { renditions.len() - 1 };
    (renditions, first)
}

/// A size scaled down to have at most these sides; even, as H.264 with half the colour wants it.
pub(super) fn within((width, height): (u32, u32), short_max_px: u32, long_max_px: u32) -> (u32, u32) {
    let (short, long) = (f64::from(width.min(height)), f64::from(width.max(height)));
    let scale = (f64::from(short_max_px) / short).min(f64::from(long_max_px) / long).min(1.0);
    let even = |side: u32| (((f64::from(side) * scale / 2.0).round() as u32) * 2).max(2);
    (even(width), even(height))
}

/// Frames a second that come out, numerator and denominator.
pub(super) fn rate(video: &Video, settings: &Settings) -> (u32, u32) {
    let (frames, per) = video.rate;
    let most = settings.frames_per_s_max;
    if u64::from(frames) > u64::from(most) * u64::from(per) { (most, 1) } else { (frames, per) }
}

/// Of the smallest rung that is not smaller; half as much again for many frames a second.
fn peak_bps(short_px: u32, (frames, per): (u32, u32)) -> u32 {
    let rung = RUNGS.iter().rev().find(|rung| rung.short_px >= short_px);
    let Rung { peak_bps, .. } = *rung.unwrap_or(&RUNGS[0]);
    if frames > (USUAL_RATE + 1).saturating_mul(per) { peak_bps / 2 * 3 } else { peak_bps }
}

fn average_bps(source: &Source) -> Option<u64> {
    (source.bytes * 8_000).checked_div(source.duration_ms)
}

/// Whether the picture can be taken as it is: what every browser decodes, and cut often enough.
fn fits(source: &Source, settings: &Settings, largest: (u32, u32)) -> bool {
    let video = &source.video;
    let plain = video.codec == "h264"
        && ["yuv420p", "yuvj420p"].contains(&video.pixel_format.as_str())
        && video.hdr.is_none()
        && !video.interlaced
        && !video.variable
        // Else it would begin with a hole, which browsers skip: the picture would be before the sound.
        && video.late_ms <= LATE_MAX_MS
        && video.rotation_deg == 0
        && video.pixel_aspect.0 == video.pixel_aspect.1
        && (video.width, video.height) == largest
        && !video.profile.as_deref().is_some_and(|profile| profile.contains("4:") || profile.contains("10"));
    // In others, frames that are marked as key frames may lean on what came before.
    let indexed = ["mov", "matroska", "flv"].contains(&source.container.as_str());
    let slow = rate(video, settings) == video.rate;
    let rung_bps = peak_bps(largest.0.min(largest.1), rate(video, settings));
    let taken = video.bit_rate.or_else(|| average_bps(source)).unwrap_or(u64::MAX);
    let thrifty = taken * 100 <= u64::from(rung_bps) * LAVISH_PERCENT;
    plain && indexed && slow && thrifty && video.key_frames_ms <= KEY_FRAMES_MAX_MS
}
