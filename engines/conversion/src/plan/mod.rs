//! What becomes of a film: a pure function from what it is and what is wanted.
//!
//! A conversion is made in three runs over the film, and small ones for pictures:
//!
//! ```text
//! first    the source's own picture if it fits as it is, else the smallest rung; all sound; subtitles
//! poster   as soon as the first is playable
//! rest     all other rungs out of one decoder
//! sprites  out of the first: its pictures are small or quickly read
//! ```
//!
//! Whoever watches needs one rendition that grows faster than they watch. A whole ladder in one run grows at the pace of
//! its largest; the smallest alone is some five to ten times as fast. The price is that the source is decoded twice.

mod arguments;
mod ladder;

pub use ladder::{Rendition, Way};

use crate::settings::Settings;
use crate::source::{Sound, Source, Subtitle};
use crate::tools::Abilities;

/// Pictures in the sheet of previews, at most, and in a row.
pub const SPRITES_MAX: u32 = 100;
pub const SPRITES_IN_ROW: u32 = 10;
/// Longest side of a preview, of the poster, and of the tiny picture, in pixels.
pub const SPRITE_SIDE_PX: u32 = 160;
pub const POSTER_SIDE_MAX_PX: u32 = 1_280;
pub const TINY_SIDE_PX: u32 = 32;

/// What is made of a film.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub source: Source,
    pub settings: Settings,
    pub abilities: Abilities,
    /// The largest first; at least one.
    pub renditions: Vec<Rendition>,
    /// Which of them is made before all others.
    pub first: usize,
    pub voices: Vec<Voice>,
    pub words: Vec<Words>,
    pub sprites: Sprites,
}

/// An audio track, in a folder of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    /// Name of the folder: `audio-0`.
    pub name: String,
    pub sound: Sound,
    /// 1 or 2.
    pub channels: u32,
    pub way: Way,
    /// Exactly one of a film's is.
    pub default: bool,
}

impl Voice {
    /// Bits a second.
    pub fn bit_rate(&self) -> u32 {
        if self.channels == 1 { 96_000 } else { 160_000 }
    }
}

/// Subtitles, as a WebVTT file: `subs/0.vtt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    pub name: String,
    pub subtitle: Subtitle,
}

/// The sheet of previews.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sprites {
    pub interval_ms: u64,
    pub count: u32,
    /// Of one picture.
    pub width: u32,
    pub height: u32,
}

impl Sprites {
    fn of(duration_ms: u64, shown: (u32, u32)) -> Self {
        let interval_ms = duration_ms.div_ceil(u64::from(SPRITES_MAX)).max(1_000);
        let count = duration_ms.div_ceil(interval_ms).clamp(1, u64::from(SPRITES_MAX));
        let (width, height) = ladder::within(shown, u32::MAX, SPRITE_SIDE_PX);
        Self { interval_ms, count: count as u32, width, height }
    }

    pub fn columns(&self) -> u32 {
        self.count.min(SPRITES_IN_ROW)
    }

    pub fn rows(&self) -> u32 {
        self.count.div_ceil(SPRITES_IN_ROW)
    }
}

impl Plan {
    pub fn new(source: Source, settings: Settings, abilities: Abilities) -> Self {
        let (renditions, first) = ladder::ladder(&source, &settings);
        let chosen = source.sounds.iter().position(|sound| sound.default).unwrap_or(0);
        let voice = |(at, sound): (usize, &Sound)| Voice {
            name: format!("audio-{at}"),
            channels: sound.channels.min(2),
            way: if fits(sound, &settings) { Way::Copied } else { Way::Encoded },
            default: at == chosen.min(settings.sounds_max.saturating_sub(1)),
            sound: sound.clone(),
        };
        let texts = source.subtitles.iter().filter(|subtitle| subtitle.text).take(settings.subtitles_max);
        Self {
            renditions,
            first,
            voices: source.sounds.iter().take(settings.sounds_max).enumerate().map(voice).collect(),
            words: texts
                .enumerate()
                .map(|(at, subtitle)| Words { name: at.to_string(), subtitle: subtitle.clone() })
                .collect(),
            sprites: Sprites::of(source.duration_ms, source.video.shown()),
            source,
            settings,
            abilities,
        }
    }

    /// The rendition that is made before all others.
    pub fn first(&self) -> &Rendition {
        &self.renditions[self.first]
    }

    /// All others, the largest first.
    pub fn rest(&self) -> impl Iterator<Item = &Rendition> {
        let first = self.first;
        self.renditions.iter().enumerate().filter(move |(at, _)| *at != first).map(|(_, rendition)| rendition)
    }
}

/// Sound that is levelled is encoded anew; else AAC that everybody plays is taken as it is.
fn fits(sound: &Sound, settings: &Settings) -> bool {
    settings.copies && settings.loudness_lufs.is_none() && sound.codec == "aac" && sound.channels <= 2
}
