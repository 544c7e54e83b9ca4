//! Fragments: one `moof` with a run of samples for each track, and their `mdat`.

use super::{AUDIO_TRACK, VIDEO_TRACK, boxed, child, children, full_box, put_u32, put_u64, split_box, u32_at};
use bytes::Bytes;

/// One encoded frame with its place in the track, in units of the track's time scale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Decoding time.
    pub time: u64,
    pub duration: u32,
    /// Presentation minus decoding time.
    pub offset: i32,
    pub key_frame: bool,
    pub data: Bytes,
}

/// What goes into one fragment, in decoding order.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    pub video: Vec<Sample>,
    pub audio: Vec<Sample>,
}

impl Samples {
    pub fn is_empty(&self) -> bool {
        self.video.is_empty() && self.audio.is_empty()
    }

    fn runs(&self) -> impl Iterator<Item = (u32, &[Sample])> {
        [(VIDEO_TRACK, self.video.as_slice()), (AUDIO_TRACK, self.audio.as_slice())]
            .into_iter()
            .filter(|(_, samples)| !samples.is_empty())
    }
}

const KEY_FRAME: u32 = 0x0200_0000;
const DEPENDS: u32 = 0x0101_0000;
const TFHD_BASE_IS_MOOF: u32 = 0x02_0000;
const TRUN_FLAGS: u32 = 0x01 | 0x100 | 0x200 | 0x400 | 0x800;

/// A fragment of these samples, in one piece of memory.
pub fn fragment(sequence: u32, samples: &Samples) -> Bytes {
    let payload: usize = samples.runs().flat_map(|(_, run)| run).map(|sample| sample.data.len()).sum();
    let entries: usize = samples.runs().map(|(_, run)| run.len()).sum();
    let mut out = Vec::with_capacity(payload + entries * 16 + 200);
    let mut offsets = [0; 2];
    boxed(&mut out, b"moof", |out| {
        full_box(out, b"mfhd", 0, 0, |out| put_u32(out, sequence));
        for (index, (id, run)) in samples.runs().enumerate() {
            boxed(out, b"traf", |out| {
                full_box(out, b"tfhd", 0, TFHD_BASE_IS_MOOF, |out| put_u32(out, id));
                full_box(out, b"tfdt", 1, 0, |out| put_u64(out, run[0].time));
                full_box(out, b"trun", 1, TRUN_FLAGS, |out| {
                    put_u32(out, run.len() as u32);
                    offsets[index] = out.len();
                    put_u32(out, 0);
                    for sample in run {
                        put_u32(out, sample.duration);
                        put_u32(out, sample.data.len() as u32);
                        put_u32(out, if sample.key_frame { KEY_FRAME } else { DEPENDS });
                        put_u32(out, sample.offset as u32);
                    }
                });
            });
        }
    });
    let mut data_at = out.len() + 8;
    for (index, (_, run)) in samples.runs().enumerate() {
        out[offsets[index]..offsets[index] + 4].copy_from_slice(&(data_at as u32).to_be_bytes());
        data_at += run.iter().map(|sample| sample.data.len()).sum::<usize>();
    }
    boxed(&mut out, b"mdat", |out| {
        samples.runs().flat_map(|(_, run)| run).for_each(|sample| out.extend_from_slice(&sample.data));
    });
    out.into()
}

/// A fragment as read back: its length in bytes, and for each track where its samples lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// `moof` and `mdat` together.
    pub bytes: usize,
    pub tracks: Vec<TrackSamples>,
}

/// The run of one track in a fragment that [`fragment`] wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackSamples {
    pub id: u32,
    pub time: u64,
    /// From the start of the `moof`.
    pub offset: usize,
    /// Duration, size, whether it is a key frame, and presentation minus decoding time.
    pub samples: Vec<(u32, u32, bool, i32)>,
}

fn read_track(traf: &[u8]) -> Option<TrackSamples> {
    let trun = child(traf, b"trun")?;
    let count = u32_at(trun, 4)? as usize;
    let samples = trun.get(12..)?.chunks_exact(16).take(count).map(|entry| {
        let field = |index: usize| u32_at(entry, index * 4).unwrap_or_default();
        (field(0), field(1), field(2) == KEY_FRAME, field(3) as i32)
    });
    let samples: Vec<_> = samples.collect();
    let time = u64::from_be_bytes(child(traf, b"tfdt")?.get(4..12)?.try_into().ok()?);
    let track =
        TrackSamples { id: u32_at(child(traf, b"tfhd")?, 4)?, time, offset: u32_at(trun, 8)? as usize, samples };
    (track.samples.len() == count).then_some(track)
}

/// Reads a fragment back from the start of `data`; its `mdat` may lie beyond the end of `data`.
/// `None` if it is cut short before that, or not one that [`fragment`] wrote.
pub fn read_fragment(data: &[u8]) -> Option<Fragment> {
    let (kind, moof, rest) = split_box(data)?;
    let mdat = u32_at(rest, 0)? as usize;
    if &kind != b"moof" || rest.get(4..8)? != b"mdat" || mdat < 8 {
        return None;
    }
    let tracks = children(moof).filter(|(kind, _)| kind == b"traf").map(|(_, traf)| read_track(traf));
    Some(Fragment { bytes: data.len() - rest.len() + mdat, tracks: tracks.collect::<Option<_>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(time: u64, key_frame: bool, data: &'static [u8]) -> Sample {
        Sample { time, duration: 3000, offset: -7, key_frame, data: Bytes::from_static(data) }
    }

    #[test]
    fn what_is_written_reads_back_and_points_at_its_data() {
        let samples = Samples {
            video: vec![sample(90_000, true, b"key"), sample(93_000, false, b"delta")],
            audio: vec![sample(48_000, true, b"sound")],
        };
        let written = fragment(7, &samples);
        let read = read_fragment(&written).expect("a fragment");
        assert_eq!(read.bytes, written.len());
        assert_eq!(read.tracks[0].samples, [(3000, 3, true, -7), (3000, 5, false, -7)]);
        assert_eq!(&written[read.tracks[0].offset..][..8], b"keydelta");
        assert_eq!(&written[read.tracks[1].offset..][..5], b"sound");
        assert_eq!((read.tracks[1].id, read.tracks[1].time), (AUDIO_TRACK, 48_000));
    }

    #[test]
    fn a_fragment_cut_in_its_head_is_none() {
        let written = fragment(1, &Samples { video: vec![sample(0, true, b"key")], audio: vec![] });
        for len in 0..written.len() - 3 {
            assert!(read_fragment(&written[..len]).is_none_or(|read| read.bytes == written.len()), "{len}");
        }
        assert!(read_fragment(&written[..20]).is_none());
    }
}
