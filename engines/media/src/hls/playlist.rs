//! Playlists as text.

use crate::codec::VideoConfig;
use crate::live::{Offer, Rendition};
use crate::window::{Body, Part, Segment, Snapshot};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

/// Parts are listed for this many target durations before the end (draft 6.2.2).
const PARTS_LISTED_TARGETS: u64 = 3;
/// Segments older than this many target durations can be skipped (draft 4.4.3.8: at least six).
const SKIP_TARGETS: u64 = 6;
/// Distance from the end at which a player starts, in part targets (draft 4.4.3.8: at least two, better three).
const HOLD_BACK_PARTS: u64 = 3;

/// An amount of microseconds in seconds, as decimal text.
pub struct Seconds(pub u64);

impl std::fmt::Display for Seconds {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// A wall clock time as ISO 8601, in UTC.
pub fn date_time(wall_ms: u64) -> String {
    let (days, ms) = (wall_ms / 86_400_000, wall_ms % 86_400_000);
    // The civil calendar counted from March on, so that the leap day comes last in a year.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1000)
}

fn put_part(out: &mut String, sequence: u64, index: usize, part: &Part) {
    let duration = Seconds(part.duration_us);
    let _ = write!(out, "#EXT-X-PART:DURATION={duration},URI=\"{sequence}.{index}.m4s\"");
    out.push_str(if part.independent { ",INDEPENDENT=YES\n" } else { "\n" });
}

/// Which init segment a segment needs, and the folder both lie in: that of the rendition itself, or of one that lends.
type Held<'a> = (&'a str, u64);

fn held(segment: &Segment) -> Held<'_> {
    match &segment.body {
        Body::Lent(of) => (of, segment.init),
        Body::Memory | Body::File { .. } => ("", segment.init),
    }
}

/// The way to a folder from the playlist.
struct Folder<'a>(&'a str);

impl std::fmt::Display for Folder<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(out, "../{}/", self.0) }
    }
}

fn put_head(out: &mut String, init: Option<Held<'_>>, discontinuities: u64, wall_ms: u64) {
    (0..discontinuities).for_each(|_| out.push_str("#EXT-X-DISCONTINUITY\n"));
    if let Some((folder, init)) = init {
        let _ = writeln!(out, "#EXT-X-MAP:URI=\"{}init-{init}.mp4\"", Folder(folder));
    }
    let _ = writeln!(out, "#EXT-X-PROGRAM-DATE-TIME:{}", date_time(wall_ms));
}

/// How many of the oldest segments a delta update leaves out.
fn skipped(snapshot: &Snapshot, target_s: u64) -> usize {
    let growing_us: u64 = snapshot.parts().iter().map(|part| part.duration_us).sum();
    let edge_us = |segment: &Arc<Segment>| segment.start_us + segment.duration_us;
    let end_us = snapshot.closed.last().map_or(0, edge_us) + growing_us;
    let boundary_us = end_us.saturating_sub(SKIP_TARGETS * target_s * 1_000_000);
    snapshot.closed.partition_point(|segment| edge_us(segment) <= boundary_us)
}

/// The media playlist of a snapshot; nothing until a target duration is set.
/// A delta update is the whole playlist where there is nothing to skip.
pub fn media(snapshot: &Snapshot, own: &Rendition, all: &[Arc<Rendition>], delta: bool) -> Option<String> {
    let target_s = snapshot.target_s?;
    let first = snapshot.closed.first();
    let skip = if delta { skipped(snapshot, target_s) } else { 0 };
    let mut out = String::with_capacity(1024 + (snapshot.closed.len() - skip) * 110);
    let _ = write!(out, "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:{target_s}\n");
    let hold_back = Seconds(snapshot.part_target_us * HOLD_BACK_PARTS);
    let skip_until = Seconds(target_s * SKIP_TARGETS * 1_000_000);
    let _ = writeln!(
        out,
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={hold_back},CAN-SKIP-UNTIL={skip_until}"
    );
    let _ = writeln!(out, "#EXT-X-PART-INF:PART-TARGET={}", Seconds(snapshot.part_target_us));
    let _ = writeln!(out, "#EXT-X-MEDIA-SEQUENCE:{}", first.map_or(snapshot.next, |segment| segment.sequence));
    let discontinuity = match (first, &snapshot.growing) {
        (Some(first), _) => first.epoch - first.discontinuities,
        (None, Some(growing)) => growing.epoch - growing.discontinuities,
        (None, None) => 0,
    };
    let _ = writeln!(out, "#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuity}");
    if skip > 0 {
        let _ = writeln!(out, "#EXT-X-SKIP:SKIPPED-SEGMENTS={skip}");
    }
    put_segments(&mut out, snapshot, skip, target_s);
    if snapshot.ended {
        out.push_str("#EXT-X-ENDLIST\n");
    } else {
        let (next, index) = (snapshot.next, snapshot.parts().len());
        let _ = writeln!(out, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{next}.{index}.m4s\"");
        put_reports(&mut out, own, all);
    }
    Some(out)
}

fn put_segments(out: &mut String, snapshot: &Snapshot, skip: usize, target_s: u64) {
    let listed_us = PARTS_LISTED_TARGETS * target_s * 1_000_000;
    let mut init = skip.checked_sub(1).map(|last| held(&snapshot.closed[last]));
    let end_us = snapshot.closed.last().map_or(0, |segment| segment.start_us + segment.duration_us);
    for segment in &snapshot.closed[skip..] {
        let needs = held(segment);
        put_head(out, (init != Some(needs)).then_some(needs), segment.discontinuities, segment.wall_ms);
        init = Some(needs);
        if segment.start_us + listed_us >= end_us && !snapshot.ended {
            (0..).zip(&segment.parts).for_each(|(index, part)| put_part(out, segment.sequence, index, part));
        }
        let _ = writeln!(out, "#EXTINF:{},", Seconds(segment.duration_us));
        let _ = writeln!(out, "{}{}.m4s", Folder(needs.0), segment.sequence);
    }
    if let Some(growing) = &snapshot.growing {
        let needs = ("", growing.init);
        put_head(out, (init != Some(needs)).then_some(needs), growing.discontinuities, growing.wall_ms);
        (0..).zip(&growing.parts).for_each(|(index, part)| put_part(out, snapshot.next, index, part));
    }
}

fn put_reports(out: &mut String, own: &Rendition, all: &[Arc<Rendition>]) {
    for other in all.iter().filter(|other| other.name != own.name) {
        if let Some((sequence, part)) = other.snapshot().newest() {
            let name = &other.name;
            let _ = writeln!(
                out,
                "#EXT-X-RENDITION-REPORT:URI=\"../{name}/live.m3u8\",LAST-MSN={sequence},LAST-PART={part}"
            );
        }
    }
}

/// What the multivariant playlist says of a rendition.
struct Variant {
    peak_bps: u64,
    mean_bps: u64,
    codecs: String,
    size: Option<(u32, u32)>,
    frame_rate: f64,
}

impl Variant {
    /// By what it has brought forth itself.
    fn of(snapshot: &Snapshot) -> Option<Self> {
        let own = snapshot.closed.iter().rev().find(|segment| held(segment).0.is_empty())?;
        let newest = snapshot.growing.as_ref().map_or(own.init, |growing| growing.init);
        let init = snapshot.inits.get(&newest).filter(|_| snapshot.target_s.is_some())?;
        let size = init.tracks.video.as_ref().map(VideoConfig::size);
        Some(Self {
            peak_bps: snapshot.peak_bps.max(1),
            mean_bps: snapshot.mean_bps.max(1),
            codecs: init.tracks.names(),
            size: size.map(|(width, height)| (width.into(), height.into())),
            frame_rate: snapshot.frame_rate,
        })
    }

    /// By what was said of it beforehand.
    fn offered(offer: Offer, source: &Self) -> Self {
        let sound = source.codecs.split_once(',').map(|(_, sound)| format!(",{sound}")).unwrap_or_default();
        // A smaller picture takes less: what the source takes says more than what the encoder may.
        let share = source.size.map_or(1.0, |(_, height)| f64::from(offer.size.1) / f64::from(height.max(1)));
        let peak_bps = offer.peak_bps.min((source.peak_bps as f64 * share) as u64).max(1);
        let codecs = format!("{}{sound}", offer.codec);
        Self { peak_bps, mean_bps: peak_bps, codecs, size: Some(offer.size), frame_rate: source.frame_rate }
    }

    fn put(&self, out: &mut String, name: &str) {
        let Self { peak_bps, mean_bps, codecs, size, frame_rate } = self;
        let _ = write!(out, "#EXT-X-STREAM-INF:BANDWIDTH={peak_bps},AVERAGE-BANDWIDTH={mean_bps},CODECS=\"{codecs}\"");
        if let Some((width, height)) = size {
            let _ = write!(out, ",RESOLUTION={width}x{height}");
            if *frame_rate > 0.0 {
                let _ = write!(out, ",FRAME-RATE={frame_rate:.3}");
            }
        }
        let _ = write!(out, "\n{name}/live.m3u8\n");
    }
}

/// The multivariant playlist: the source, and what is offered beside it. Nothing until there is a segment.
pub fn multivariant(all: &[Arc<Rendition>]) -> Option<String> {
    let (source, others) = all.split_first()?;
    let variant = Variant::of(&source.snapshot())?;
    let mut out = "#EXTM3U\n#EXT-X-VERSION:9\n".to_owned();
    variant.put(&mut out, &source.name);
    for other in others {
        let Some(offer) = other.offer() else { continue };
        Variant::of(&other.snapshot()).unwrap_or_else(|| Variant::offered(offer, &variant)).put(&mut out, &other.name);
    }
    Some(out)
}

/// The media playlist as bytes, rendered once for everybody who asks for this snapshot.
pub fn rendered(snapshot: &Snapshot, own: &Rendition, all: &[Arc<Rendition>], delta: bool, gzip: bool) -> Bytes {
    let slot = usize::from(delta) * 2;
    let plain =
        snapshot.rendered[slot].get_or_init(|| media(snapshot, own, all, delta).map(Bytes::from).unwrap_or_default());
    if !gzip {
        return plain.clone();
    }
    snapshot.rendered[slot + 1].get_or_init(|| gzipped(plain)).clone()
}

fn gzipped(plain: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4 + 64), Compression::new(4));
    encoder.write_all(plain).and_then(|()| encoder.finish()).map(Bytes::from).expect("memory takes all that is written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_around_leap_days_and_the_epoch() {
        assert_eq!(date_time(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(date_time(1_709_164_800_000), "2024-02-29T00:00:00.000Z");
        assert_eq!(date_time(1_735_689_599_999), "2024-12-31T23:59:59.999Z");
        assert_eq!(date_time(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
    }
}
