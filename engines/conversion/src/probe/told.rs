//! What ffprobe tells of a container, read into a [`Source`].

use crate::settings::{DURATION_MAX_MS, SIDE_MAX_PX, SIDE_MIN_PX, STREAMS_MAX};
use crate::source::{Chapter, Hdr, Refusal, Sound, Source, Subtitle, Video};
use crate::tools::CONTAINERS;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Codecs of pictures that are taken: what cameras, recorders and editors write.
const VIDEO_CODECS: [&str; 32] = [
    "av1",
    "dnxhd",
    "dvvideo",
    "ffv1",
    "flv1",
    "h261",
    "h263",
    "h264",
    "hevc",
    "huffyuv",
    "mjpeg",
    "mpeg1video",
    "mpeg2video",
    "mpeg4",
    "msmpeg4v1",
    "msmpeg4v2",
    "msmpeg4v3",
    "prores",
    "qtrle",
    "rawvideo",
    "svq1",
    "svq3",
    "theora",
    "utvideo",
    "vc1",
    "vp6",
    "vp6f",
    "vp8",
    "vp9",
    "wmv1",
    "wmv2",
    "wmv3",
];
/// Subtitles that are text.
const TEXT_CODECS: [&str; 7] = ["ass", "mov_text", "ssa", "srt", "subrip", "text", "webvtt"];
/// Longest name of a track or chapter, in characters.
const TITLE_MAX: usize = 200;
/// Of a rate.
const HAIR: f64 = 0.005;
const CHAPTERS_MAX: usize = 500;

#[derive(Debug, Deserialize)]
pub(super) struct Told {
    #[serde(default)]
    streams: Vec<Stream>,
    format: Format,
    #[serde(default)]
    chapters: Vec<ToldChapter>,
}

#[derive(Debug, Deserialize)]
struct Format {
    format_name: String,
    start_time: Option<String>,
    duration: Option<String>,
    bit_rate: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ToldChapter {
    start_time: Option<String>,
    end_time: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Stream {
    index: u32,
    codec_name: Option<String>,
    codec_type: Option<String>,
    profile: Option<String>,
    width: u32,
    height: u32,
    sample_aspect_ratio: Option<String>,
    pix_fmt: Option<String>,
    field_order: Option<String>,
    color_transfer: Option<String>,
    color_primaries: Option<String>,
    r_frame_rate: Option<String>,
    avg_frame_rate: Option<String>,
    bit_rate: Option<String>,
    bits_per_raw_sample: Option<String>,
    nb_frames: Option<String>,
    start_time: Option<String>,
    duration: Option<String>,
    channels: u32,
    sample_rate: Option<String>,
    disposition: BTreeMap<String, i64>,
    tags: BTreeMap<String, String>,
    side_data_list: Vec<SideData>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SideData {
    rotation: Option<f64>,
}

impl Told {
    pub(super) fn read(json: &[u8], bytes: u64) -> Result<Source, Refusal> {
        let told: Self = serde_json::from_slice(json).map_err(|_| Refusal::Unreadable)?;
        told.into_source(bytes)
    }

    fn into_source(self, bytes: u64) -> Result<Source, Refusal> {
        let names: Vec<&str> = self.format.format_name.split(',').collect();
        let container = CONTAINERS.into_iter().find(|known| names.contains(known)).ok_or(Refusal::Unreadable)?;
        if self.streams.len() > STREAMS_MAX {
            return Err(Refusal::TooManyStreams);
        }
        let of = |kind: &'static str| self.streams.iter().filter(move |stream| stream.is(kind));
        let mut pictures = of("video").filter(|stream| !stream.has("attached_pic") && !stream.has("timed_thumbnails"));
        // Of a head without a body, ffprobe tells streams without a kind.
        let heard = ["audio", "subtitle", "video"].into_iter().any(|kind| of(kind).next().is_some());
        let picture = pictures.next().ok_or(if heard { Refusal::NoVideo } else { Refusal::Unreadable })?;
        let duration_ms = millis(self.format.duration.as_deref()).or_else(|| millis(picture.duration.as_deref()));
        if duration_ms.is_some_and(|duration| duration > DURATION_MAX_MS) {
            return Err(Refusal::TooLong);
        }
        let mut video = picture.video()?;
        let started = |time: &Option<String>| time.as_deref().and_then(|time| time.parse::<f64>().ok()).unwrap_or(0.0);
        let late_s = started(&picture.start_time) - started(&self.format.start_time);
        video.late_ms = (late_s.max(0.0) * 1_000.0).round() as u64;
        if video.bit_rate.is_none() && self.streams.len() == 1 {
            video.bit_rate = self.format.bit_rate.as_deref().and_then(|rate| rate.parse().ok());
        }
        Ok(Source {
            container: container.to_owned(),
            bytes,
            duration_ms: duration_ms.unwrap_or(0),
            video,
            sounds: of("audio").filter_map(Stream::sound).collect(),
            subtitles: of("subtitle").filter_map(Stream::subtitle).collect(),
            chapters: self.chapters.iter().take(CHAPTERS_MAX).filter_map(ToldChapter::chapter).collect(),
        })
    }
}

impl Stream {
    fn is(&self, kind: &str) -> bool {
        self.codec_type.as_deref() == Some(kind)
    }

    fn has(&self, disposition: &str) -> bool {
        self.disposition.get(disposition).is_some_and(|value| *value != 0)
    }

    fn tag(&self, name: &str) -> Option<String> {
        title(&self.tags, name)
    }

    fn language(&self) -> Option<String> {
        let language = self.tag("language")?;
        let plain =
            language.len() <= 35 && language.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
        (plain && language != "und").then_some(language)
    }

    fn video(&self) -> Result<Video, Refusal> {
        let codec = self.codec_name.clone().unwrap_or_default();
        if !VIDEO_CODECS.contains(&codec.as_str()) {
            return Err(Refusal::Codec { codec });
        }
        let (width, height) = (self.width, self.height);
        if width.max(height) > SIDE_MAX_PX {
            return Err(Refusal::TooLarge { width, height });
        }
        if width.min(height) < SIDE_MIN_PX {
            return Err(Refusal::TooSmall { width, height });
        }
        // The matrix turns against the clock; files of old say it by a tag, with the clock.
        let turned = self.side_data_list.iter().find_map(|side| side.rotation).map(|degrees| -degrees);
        let turned = turned.or_else(|| self.tags.get("rotate").and_then(|degrees| degrees.parse().ok())).unwrap_or(0.0);
        let pixel_format = self.pix_fmt.clone().unwrap_or_default();
        let hdr = match self.color_transfer.as_deref() {
            Some("smpte2084") => Some(Hdr::Pq),
            Some("arib-std-b67") => Some(Hdr::Hlg),
            _ => None,
        };
        let field = self.field_order.as_deref();
        let video = Video {
            index: self.index,
            codec,
            profile: self.profile.clone(),
            width,
            height,
            rotation_deg: (turned.round() as i64).rem_euclid(360) as u16,
            pixel_aspect: ratio(self.sample_aspect_ratio.as_deref(), ':').unwrap_or((1, 1)),
            rate: self.rate(),
            variable: false,
            bits: bits(&pixel_format, self.bits_per_raw_sample.as_deref()),
            pixel_format,
            interlaced: field.is_some_and(|order| ["tt", "bb", "tb", "bt"].contains(&order)),
            hdr,
            primaries: self.color_primaries.clone(),
            bit_rate: self.bit_rate.as_deref().and_then(|rate| rate.parse().ok()),
            late_ms: 0,
            duration_ms: millis(self.duration.as_deref()),
            frames: self.nb_frames.as_deref().and_then(|frames| frames.parse().ok()),
            key_frames_ms: 0,
        };
        match video.shown() {
            (width, height) if width.max(height) > SIDE_MAX_PX => Err(Refusal::TooLarge { width, height }),
            (width, height) if width.min(height) < SIDE_MIN_PX => Err(Refusal::TooSmall { width, height }),
            _ => Ok(video),
        }
    }

    /// The average rate; where the clock of the file makes it a hair different from the usual one, that one.
    fn rate(&self) -> (u32, u32) {
        let (average, usual) = (ratio(self.avg_frame_rate.as_deref(), '/'), ratio(self.r_frame_rate.as_deref(), '/'));
        let value = |(frames, per): (u32, u32)| f64::from(frames) / f64::from(per);
        match (average, usual) {
            (Some(average), Some(usual)) if (value(average) / value(usual) - 1.0).abs() < HAIR => usual,
            (Some(average), _) => average,
            (None, usual) => usual.unwrap_or((0, 1)),
        }
    }

    fn sound(&self) -> Option<Sound> {
        Some(Sound {
            index: self.index,
            codec: self.codec_name.clone()?,
            channels: Some(self.channels).filter(|channels| *channels > 0)?,
            rate_hz: self.sample_rate.as_deref()?.parse().ok()?,
            language: self.language(),
            title: self.tag("title"),
            default: self.has("default"),
        })
    }

    fn subtitle(&self) -> Option<Subtitle> {
        let codec = self.codec_name.clone()?;
        Some(Subtitle {
            index: self.index,
            text: TEXT_CODECS.contains(&codec.as_str()),
            codec,
            language: self.language(),
            title: self.tag("title"),
            default: self.has("default"),
            forced: self.has("forced"),
        })
    }
}

impl ToldChapter {
    fn chapter(&self) -> Option<Chapter> {
        let (start_ms, end_ms) = (millis(self.start_time.as_deref())?, millis(self.end_time.as_deref())?);
        Some(Chapter { start_ms, end_ms, title: title(&self.tags, "title") })
    }
}

/// A text of a file, without control characters, cut to a length.
fn title(tags: &BTreeMap<String, String>, name: &str) -> Option<String> {
    let (_, text) = tags.iter().find(|(tag, _)| tag.eq_ignore_ascii_case(name))?;
    let text: String = text.chars().filter(|letter| !letter.is_control()).take(TITLE_MAX).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn millis(seconds: Option<&str>) -> Option<u64> {
    let seconds: f64 = seconds?.parse().ok()?;
    (seconds.is_finite() && seconds > 0.0 || seconds == 0.0).then(|| (seconds * 1_000.0).round() as u64)
}

/// Two whole numbers above zero.
fn ratio(text: Option<&str>, between: char) -> Option<(u32, u32)> {
    let (above, below) = text?.split_once(between)?;
    let (above, below) = (above.parse().ok()?, below.parse().ok()?);
    (above > 0 && below > 0).then_some((above, below))
}

/// Bits of a sample. Names of pixel formats end so: `yuv420p10le`, `p010le`.
fn bits(pixel_format: &str, told: Option<&str>) -> u32 {
    let name = pixel_format.trim_end_matches("le").trim_end_matches("be");
    let named =
        [9, 10, 12, 14, 16].into_iter().find(|bits| name.ends_with(&format!("p{bits}")) || name == format!("p0{bits}"));
    named.or_else(|| told?.parse().ok()).unwrap_or(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(stream: &str) -> Result<Source, Refusal> {
        let json = format!(
            r#"{{"streams":[{{"index":0,"codec_type":"video","codec_name":"h264","width":640,"height":360{stream}}}],
                "format":{{"format_name":"mov,mp4,m4a","duration":"5.0"}}}}"#
        );
        Told::read(json.as_bytes(), 1)
    }

    #[test]
    fn a_rate_is_not_taken_to_the_hair() {
        let rate = |average: &str, usual: &str| {
            told(&format!(r#","avg_frame_rate":"{average}","r_frame_rate":"{usual}""#)).expect("a film").video.rate
        };
        assert_eq!(rate("4608000/153641", "30/1"), (30, 1));
        assert_eq!(rate("30000/1001", "30000/1001"), (30_000, 1_001));
        assert_eq!(rate("25/1", "50/1"), (25, 1), "fields are not frames");
        assert_eq!(rate("0/0", "1000/1"), (1_000, 1));
    }

    #[test]
    fn a_film_may_take_twelve_hours_and_have_64_streams_and_not_one_more() {
        let length = |seconds: &str| {
            let json = r#"{"streams":[{"codec_type":"video","codec_name":"vp9","width":64,"height":64}],
                           "format":{"format_name":"matroska,webm","duration":"SECONDS"}}"#;
            Told::read(json.replace("SECONDS", seconds).as_bytes(), 1).map(|source| source.duration_ms)
        };
        assert_eq!(length("43200.0"), Ok(DURATION_MAX_MS));
        assert_eq!(length("43200.001"), Err(Refusal::TooLong));
        let streams = |count: usize| {
            let one = r#"{"codec_type":"video","codec_name":"vp9","width":64,"height":64}"#;
            let json = format!(r#"{{"streams":[{}],"format":{{"format_name":"mov"}}}}"#, vec![one; count].join(","));
            Told::read(json.as_bytes(), 1).map(|_| ())
        };
        assert_eq!((streams(STREAMS_MAX), streams(STREAMS_MAX + 1)), (Ok(()), Err(Refusal::TooManyStreams)));
    }

    #[test]
    fn names_are_cut_and_languages_are_plain() {
        let tags = BTreeMap::from([("TITLE".to_owned(), format!("a\n{}", "é".repeat(500)))]);
        assert_eq!(title(&tags, "title").map(|title| title.chars().count()), Some(TITLE_MAX));
        let of = |language: &str| {
            Stream { tags: BTreeMap::from([("language".to_owned(), language.to_owned())]), ..Stream::default() }
                .language()
        };
        assert_eq!((of("ger").as_deref(), of("und"), of("a\",URI=\"b")), (Some("ger"), None, None));
    }
}
