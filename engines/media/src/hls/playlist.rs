//! Playlists as text.

use crate::live::Rendition;
use crate::window::{Part, Segment, Snapshot};
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

fn put_head(out: &mut String, init: Option<u64>, discontinuities: u64, wall_ms: u64) {
    (0..discontinuities).for_each(|_| out.push_str("#EXT-X-DISCONTINUITY\n"));
    if let Some(init) = init {
        let _ = writeln!(out, "#EXT-X-MAP:URI=\"init-{init}.mp4\"");
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
    let mut init = skip.checked_sub(1).map(|last| snapshot.closed[last].init);
    let end_us = snapshot.closed.last().map_or(0, |segment| segment.start_us + segment.duration_us);
    for segment in &snapshot.closed[skip..] {
        let map = (init != Some(segment.init)).then_some(segment.init);
        put_head(out, map, segment.discontinuities, segment.wall_ms);
        init = Some(segment.init);
        if segment.start_us + listed_us >= end_us && !snapshot.ended {
            (0..).zip(&segment.parts).for_each(|(index, part)| put_part(out, segment.sequence, index, part));
        }
        let _ = write!(out, "#EXTINF:{},\n{}.m4s\n", Seconds(segment.duration_us), segment.sequence);
    }
    if let Some(growing) = &snapshot.growing {
        let map = (init != Some(growing.init)).then_some(growing.init);
        put_head(out, map, growing.discontinuities, growing.wall_ms);
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

/// The multivariant playlist: the renditions that can be watched. Nothing until there is one.
pub fn multivariant(all: &[Arc<Rendition>]) -> Option<String> {
    let mut out = "#EXTM3U\n#EXT-X-VERSION:9\n".to_owned();
    let head = out.len();
    for rendition in all {
        let snapshot = rendition.snapshot();
        let newest = snapshot.growing.as_ref().map(|growing| growing.init);
        let newest = newest.or(snapshot.closed.last().map(|segment| segment.init));
        let Some(init) = newest.and_then(|id| snapshot.inits.get(&id)) else { continue };
        if snapshot.target_s.is_none() || snapshot.closed.is_empty() {
            continue;
        }
        let (peak, mean, codecs) = (snapshot.peak_bps.max(1), snapshot.mean_bps.max(1), init.tracks.names());
        let _ = write!(out, "#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={mean},CODECS=\"{codecs}\"");
        if let Some(video) = &init.tracks.video {
            let (width, height) = video.size();
            let _ = write!(out, ",RESOLUTION={width}x{height}");
            if snapshot.frame_rate > 0.0 {
                let _ = write!(out, ",FRAME-RATE={:.3}", snapshot.frame_rate);
            }
        }
        let _ = write!(out, "\n{}/live.m3u8\n", rendition.name);
    }
    (out.len() > head).then_some(out)
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
