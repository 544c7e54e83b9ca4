//! One plain MP4 out of a fragmented one, without copying it: a `moov` with full sample tables in front, and the whole
//! fragmented file as the content of one `mdat` behind it.

use super::init::{put_file_type, put_movie_header, put_track};
use super::{Described, Fragment, boxed, full_box, put_u32, put_u64};

/// Sample tables in the making. Memory: 16 bytes a sample.
#[derive(Debug, Clone, Default)]
pub struct Index {
    tables: Vec<Table>,
}

#[derive(Debug, Clone)]
struct Table {
    id: u32,
    first: u64,
    /// Where the next sample is due.
    end: u64,
    /// Duration, size, whether it is a key frame, and presentation minus decoding time.
    samples: Vec<(u32, u32, bool, i32)>,
    /// Offset in the fragmented file, and number of samples.
    chunks: Vec<(u64, u32)>,
}

/// Appends runs of equal values as (count, value), behind their number.
fn put_runs(out: &mut Vec<u8>, values: impl Iterator<Item = u32>) {
    let at = out.len();
    put_u32(out, 0);
    let mut runs: u32 = 0;
    let mut current: Option<(u32, u32)> = None;
    let mut put = |out: &mut Vec<u8>, (count, value): (u32, u32)| {
        put_u32(out, count);
        put_u32(out, value);
        runs += 1;
    };
    for value in values {
        match &mut current {
            Some((count, same)) if *same == value => *count += 1,
            _ => {
                if let Some(run) = current.replace((1, value)) {
                    put(out, run);
                }
            }
        }
    }
    if let Some(run) = current {
        put(out, run);
    }
    out[at..at + 4].copy_from_slice(&runs.to_be_bytes());
}

impl Table {
    fn take(&mut self, time: u64, samples: Vec<(u32, u32, bool, i32)>) {
        // Tables know no holes: one between fragments lengthens the sample before it.
        if let Some(last) = self.samples.last_mut()
            && let Ok(hole) = u32::try_from(time.saturating_sub(self.end))
        {
            last.0 = last.0.saturating_add(hole);
        }
        self.end = time + samples.iter().map(|sample| u64::from(sample.0)).sum::<u64>();
        self.samples.extend(samples);
    }

    fn put(&self, out: &mut Vec<u8>, data_at: u64) {
        full_box(out, b"stts", 0, 0, |out| put_runs(out, self.samples.iter().map(|sample| sample.0)));
        if self.samples.iter().any(|sample| sample.3 != 0) {
            full_box(out, b"ctts", 1, 0, |out| put_runs(out, self.samples.iter().map(|sample| sample.3 as u32)));
        }
        if self.samples.iter().any(|sample| !sample.2) {
            full_box(out, b"stss", 0, 0, |out| {
                put_u32(out, self.samples.iter().filter(|sample| sample.2).count() as u32);
                (1..).zip(&self.samples).filter(|(_, sample)| sample.2).for_each(|(number, _)| put_u32(out, number));
            });
        }
        full_box(out, b"stsc", 0, 0, |out| {
            put_u32(out, self.chunks.len() as u32);
            for (number, (_, samples)) in (1..).zip(&self.chunks) {
                [number, *samples, 1].into_iter().for_each(|value| put_u32(out, value));
            }
        });
        full_box(out, b"stsz", 0, 0, |out| {
            put_u32(out, 0);
            put_u32(out, self.samples.len() as u32);
            self.samples.iter().for_each(|sample| put_u32(out, sample.1));
        });
        full_box(out, b"co64", 0, 0, |out| {
            put_u32(out, self.chunks.len() as u32);
            self.chunks.iter().for_each(|(offset, _)| put_u64(out, data_at + offset));
        });
    }
}

impl Index {
    /// Takes what a fragment at `offset` of its file holds.
    pub fn push(&mut self, fragment: Fragment, offset: u64) {
        for track in fragment.tracks {
            let index = self.tables.iter().position(|table| table.id == track.id).unwrap_or_else(|| {
                let (samples, chunks) = Default::default();
                self.tables.push(Table { id: track.id, first: track.time, end: track.time, samples, chunks });
                self.tables.len() - 1
            });
            self.tables[index].chunks.push((offset + track.offset as u64, track.samples.len() as u32));
            self.tables[index].take(track.time, track.samples);
        }
    }

    /// What stands before the `file_bytes` of the fragmented file to make both together one plain MP4.
    pub fn head(&self, tracks: &[Described], file_bytes: u64) -> Vec<u8> {
        // Offsets take eight bytes each, so the length does not depend on their values.
        let len = self.render(tracks, file_bytes, 0).len() as u64;
        self.render(tracks, file_bytes, len)
    }

    fn render(&self, tracks: &[Described], file_bytes: u64, data_at: u64) -> Vec<u8> {
        let pairs: Vec<(&Described, &Table)> = tracks
            .iter()
            .filter_map(|track| Some((track, self.tables.iter().find(|table| table.id == track.id)?)))
            .collect();
        let millis = |track: &Described, ticks: u64| ticks * 1000 / u64::from(track.timescale);
        let start_ms = pairs.iter().map(|(track, table)| millis(track, table.first)).min().unwrap_or(0);
        let end_ms = pairs.iter().map(|(track, table)| millis(track, table.end)).max().unwrap_or(0);
        let mut out = Vec::new();
        put_file_type(&mut out);
        boxed(&mut out, b"moov", |out| {
            put_movie_header(out, end_ms - start_ms);
            for (track, table) in pairs {
                let (from_ms, to_ms) = (millis(track, table.first), millis(track, table.end));
                // Reordered pictures are shown after the last one is decoded.
                let offset = table.samples.iter().map(|sample| sample.3.max(0)).max().unwrap_or(0);
                let mut edits = vec![(to_ms - from_ms + millis(track, offset as u64) + 1, 0)];
                if from_ms > start_ms {
                    edits.insert(0, (from_ms - start_ms, -1));
                }
                put_track(out, track, to_ms - from_ms, &edits, |out| table.put(out, data_at));
            }
        });
        put_u32(&mut out, 1);
        out.extend_from_slice(b"mdat");
        put_u64(&mut out, file_bytes + 16);
        out
    }
}
