//! What lies beside the media for players: the multivariant playlist (RFC 8216), the index of previews (WebVTT), and the
//! description of all.

use crate::plan::{Plan, Rendition, Sprites, Voice, Words};
use crate::source::Chapter;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::io;
use std::path::Path;

/// The multivariant playlist, and what is written last of all: a folder that has it is finished.
pub const INDEX_FILE: &str = "index.m3u8";
pub const DESCRIPTION_FILE: &str = "conversion.json";

/// A finished conversion, as `conversion.json` holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conversion {
    pub duration_ms: u64,
    /// Of all files.
    pub bytes: u64,
    /// The largest first.
    pub renditions: Vec<Made>,
    pub sounds: Vec<MadeSound>,
    pub subtitles: Vec<MadeSubtitle>,
    pub chapters: Vec<Chapter>,
    pub sprites: MadeSprites,
    /// A `data:` URL of a picture of 32 pixels.
    pub tiny: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Made {
    pub name: String,
    pub width: u32,
    pub height: u32,
    /// RFC 6381.
    pub codecs: String,
    /// Of the picture alone, in bits a second: over all, and in the segment that takes most.
    pub average_bps: u64,
    pub peak_bps: u64,
    pub copied: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MadeSound {
    pub name: String,
    pub language: Option<String>,
    pub title: Option<String>,
    pub channels: u32,
    pub default: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MadeSubtitle {
    /// Of the file, within the folder.
    pub path: String,
    pub language: Option<String>,
    pub title: Option<String>,
    pub forced: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MadeSprites {
    pub interval_ms: u64,
    pub count: u32,
    pub width: u32,
    pub height: u32,
}

impl From<&Sprites> for MadeSprites {
    fn from(sprites: &Sprites) -> Self {
        let Sprites { interval_ms, count, width, height } = *sprites;
        Self { interval_ms, count, width, height }
    }
}

impl From<&Voice> for MadeSound {
    fn from(voice: &Voice) -> Self {
        Self {
            name: voice.name.clone(),
            language: voice.sound.language.clone(),
            title: voice.sound.title.clone(),
            channels: voice.channels,
            default: voice.default,
        }
    }
}

impl From<&Words> for MadeSubtitle {
    fn from(words: &Words) -> Self {
        Self {
            path: format!("subs/{}.vtt", words.name),
            language: words.subtitle.language.clone(),
            title: words.subtitle.title.clone(),
            forced: words.subtitle.forced,
        }
    }
}

/// A media playlist as ffmpeg writes it: durations of its segments, and their names.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Listed {
    pub segments: Vec<(f64, String)>,
    pub ended: bool,
}

impl Listed {
    pub(crate) fn read(folder: &Path, name: &str) -> Option<Self> {
        Some(Self::parse(&std::fs::read_to_string(folder.join(name).join(INDEX_FILE)).ok()?))
    }

    fn parse(playlist: &str) -> Self {
        let mut listed = Self::default();
        let mut length = None;
        for line in playlist.lines() {
            if let Some(said) = line.strip_prefix("#EXTINF:") {
                length = said.trim_end_matches(',').parse().ok();
            } else if line == "#EXT-X-ENDLIST" {
                listed.ended = true;
            } else if let Some(length) = length.filter(|_| !line.starts_with('#')) {
                listed.segments.push((length, line.to_owned()));
            }
        }
        listed
    }

    pub(crate) fn duration_ms(&self) -> u64 {
        (self.segments.iter().map(|(length, _)| length).sum::<f64>() * 1_000.0).round() as u64
    }

    /// Bits a second over all, and in the segment that takes most.
    fn rates(&self, folder: &Path, name: &str) -> (u64, u64) {
        let (mut bits, mut peak) = (0, 0f64);
        for (length, segment) in &self.segments {
            let size = std::fs::metadata(folder.join(name).join(segment)).map_or(0, |metadata| metadata.len() * 8);
            bits += size;
            // The last may be a single frame.
            if *length >= 1.0 || self.segments.len() == 1 {
                peak = peak.max(size as f64 / length.max(0.04));
            }
        }
        let average = (bits * 1_000).checked_div(self.duration_ms()).unwrap_or(0);
        (average, (peak as u64).max(average))
    }
}

/// The codec's name of a rendition, out of the configuration in its init segment (ISO/IEC 14496-15, `avcC`).
fn codec(folder: &Path, name: &str) -> Option<String> {
    let init = std::fs::read(folder.join(name).join("init.mp4")).ok()?;
    let at = init.windows(4).position(|word| word == b"avcC")?;
    let [profile, constraints, level] = *init.get(at + 5..)?.first_chunk::<3>()?;
    Some(format!("avc1.{profile:02x}{constraints:02x}{level:02x}"))
}

/// A rendition as far as it is there; nothing before its first segment.
pub(crate) fn made(folder: &Path, rendition: &Rendition) -> Option<Made> {
    let listed = Listed::read(folder, &rendition.name).filter(|listed| !listed.segments.is_empty())?;
    let (average_bps, peak_bps) = listed.rates(folder, &rendition.name);
    Some(Made {
        name: rendition.name.clone(),
        width: rendition.width,
        height: rendition.height,
        codecs: codec(folder, &rendition.name)?,
        average_bps,
        // While it grows, what may come counts.
        peak_bps: if listed.ended { peak_bps } else { peak_bps.max(u64::from(rendition.peak_bps)) },
        copied: rendition.way == crate::plan::Way::Copied,
    })
}

/// The multivariant playlist of what is there. Subtitles are offered once they are whole.
pub(crate) fn index(plan: &Plan, made: &[Made], with_subtitles: bool) -> String {
    let mut text = String::from("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    // A playlist that grows is not live: it begins at its beginning.
    text.push_str("#EXT-X-START:TIME-OFFSET=0,PRECISE=YES\n");
    let mut names = Names::default();
    for voice in &plan.voices {
        let name = names.of(voice.sound.title.as_deref(), voice.sound.language.as_deref());
        let _ = write!(text, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"{name}\"");
        language(&mut text, voice.sound.language.as_deref());
        let default = if voice.default { "YES" } else { "NO" };
        let _ = write!(text, ",DEFAULT={default},AUTOSELECT=YES,CHANNELS=\"{}\"", voice.channels);
        let _ = writeln!(text, ",URI=\"{}/{INDEX_FILE}\"", voice.name);
    }
    let subtitles = if with_subtitles { plan.words.as_slice() } else { &[] };
    let mut names = Names::default();
    for words in subtitles {
        let name = names.of(words.subtitle.title.as_deref(), words.subtitle.language.as_deref());
        let _ = write!(text, "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subs\",NAME=\"{name}\"");
        language(&mut text, words.subtitle.language.as_deref());
        let forced = if words.subtitle.forced { "YES" } else { "NO" };
        let _ = writeln!(text, ",DEFAULT=NO,AUTOSELECT=YES,FORCED={forced},URI=\"subs/{}.m3u8\"", words.name);
    }
    let sound_bps = plan.voices.iter().map(|voice| u64::from(voice.bit_rate())).max().unwrap_or(0);
    for made in made {
        let (peak, average) = (made.peak_bps + sound_bps, made.average_bps + sound_bps);
        let _ = write!(text, "#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average}");
        let sound = if plan.voices.is_empty() { "" } else { ",mp4a.40.2" };
        let _ = write!(text, ",CODECS=\"{}{sound}\",RESOLUTION={}x{}", made.codecs, made.width, made.height);
        if !plan.voices.is_empty() {
            text.push_str(",AUDIO=\"audio\"");
        }
        if !subtitles.is_empty() {
            text.push_str(",SUBTITLES=\"subs\"");
        }
        let _ = writeln!(text, "\n{}/{INDEX_FILE}", made.name);
    }
    text
}

/// Names of the tracks of a group, each once.
#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    fn of(&mut self, title: Option<&str>, language: Option<&str>) -> String {
        let plain = title.or(language).unwrap_or("1").replace('"', "'");
        let mut name = plain.clone();
        let mut number = 2;
        while self.0.contains(&name) {
            name = if title.or(language).is_some() { format!("{plain} {number}") } else { number.to_string() };
            number += 1;
        }
        self.0.push(name.clone());
        name
    }
}

fn language(text: &mut String, language: Option<&str>) {
    if let Some(language) = language {
        let _ = write!(text, ",LANGUAGE=\"{language}\"");
    }
}

/// A playlist of one WebVTT file.
pub(crate) fn subtitles(words: &Words, duration_ms: u64) -> String {
    let (seconds, target) = (duration_ms as f64 / 1_000.0, duration_ms.div_ceil(1_000).max(1));
    format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:{seconds:.3},\n{}.vtt\n\
         #EXT-X-ENDLIST\n",
        words.name
    )
}

/// The index of the previews: a cue for each, with its place in the sheet.
pub(crate) fn previews(sprites: &Sprites, duration_ms: u64) -> String {
    let mut text = String::from("WEBVTT\n");
    for at in 0..sprites.count {
        let start = u64::from(at) * sprites.interval_ms;
        let end = (start + sprites.interval_ms).min(duration_ms.max(start + 1));
        let (x, y) = (at % sprites.columns() * sprites.width, at / sprites.columns() * sprites.height);
        let (width, height) = (sprites.width, sprites.height);
        let _ = write!(text, "\n{} --> {}\nsprites.jpg#xywh={x},{y},{width},{height}\n", clock(start), clock(end));
    }
    text
}

fn clock(millis: u64) -> String {
    let seconds = millis / 1_000;
    format!("{:02}:{:02}:{:02}.{:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60, millis % 1_000)
}

/// Replaces a file as a whole.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, content)?;
    std::fs::rename(&fresh, path)
}
