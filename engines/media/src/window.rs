//! What of a rendition can be watched now: segments and parts, as one snapshot after the other.
//!
//! The packager writes here, any number of readers look at the newest [`Snapshot`]; neither waits for the other.

use crate::cmaf::Tracks;
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use tokio::sync::watch;

/// Segments kept at most, whatever their length.
pub const SEGMENTS_MAX: usize = 2_048;

/// A piece of a segment that can be asked for before the segment is whole.
#[derive(Debug, Clone)]
pub struct Part {
    pub duration_us: u64,
    /// Playable without any part before it.
    pub independent: bool,
    pub data: Bytes,
}

/// Where a segment's bytes are.
#[derive(Debug, Clone)]
pub enum Body {
    Memory,
    /// In a recording, from `offset` on.
    File {
        path: Arc<Path>,
        offset: u64,
    },
    /// In the rendition of this name: it has the same segment under its own address.
    Lent(Arc<str>),
}

/// A closed segment.
#[derive(Debug, Clone)]
pub struct Segment {
    pub sequence: u64,
    pub epoch: u64,
    /// Discontinuities right before it.
    pub discontinuities: u64,
    pub init: u64,
    pub start_us: u64,
    pub duration_us: u64,
    /// Program date time of its start, milliseconds since the Unix epoch.
    pub wall_ms: u64,
    pub bytes: usize,
    /// Empty once the segment has left memory.
    pub parts: Vec<Part>,
    pub body: Body,
    /// Its place in the recording, as soon as one holds it.
    pub recorded: Option<(Arc<Path>, u64)>,
}

/// The segment that is growing.
#[derive(Debug, Clone)]
pub struct Growing {
    pub epoch: u64,
    pub discontinuities: u64,
    pub init: u64,
    pub wall_ms: u64,
    pub parts: Vec<Part>,
}

/// An init segment.
#[derive(Debug, Clone)]
pub struct Init {
    pub data: Bytes,
    pub tracks: Tracks,
}

/// All that can be watched at one time. Never changes.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub closed: Arc<[Arc<Segment>]>,
    /// Sequence number of the growing segment, whether it has parts yet or not.
    pub next: u64,
    pub growing: Option<Growing>,
    pub inits: Arc<BTreeMap<u64, Init>>,
    /// Target duration in seconds; none until the first segment is closed.
    pub target_s: Option<u64>,
    pub part_target_us: u64,
    pub ended: bool,
    /// Highest and mean bit rate of the newest segments, a second.
    pub peak_bps: u64,
    pub mean_bps: u64,
    pub frame_rate: f64,
    pub(crate) rendered: [OnceLock<Bytes>; 4],
}

impl Snapshot {
    /// Parts of the growing segment.
    pub fn parts(&self) -> &[Part] {
        self.growing.as_ref().map_or(&[], |growing| &growing.parts)
    }

    /// A segment by its sequence number.
    pub fn segment(&self, sequence: u64) -> Option<&Arc<Segment>> {
        let first = self.closed.first()?.sequence;
        self.closed.get(usize::try_from(sequence.checked_sub(first)?).ok()?)
    }

    /// The newest part that can be watched: its segment and index.
    pub fn newest(&self) -> Option<(u64, usize)> {
        match self.parts().len() {
            0 => self.closed.last().map(|segment| (segment.sequence, segment.parts.len().saturating_sub(1))),
            count => Some((self.next, count - 1)),
        }
    }

    /// Whether part `part` of segment `sequence` has come, or all of the segment if no part is named.
    pub fn reached(&self, sequence: u64, part: Option<usize>) -> bool {
        sequence < self.next || part.is_some_and(|part| sequence == self.next && part < self.parts().len())
    }
}

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Media time that can be gone back, in microseconds.
    pub window_us: u64,
    /// All segments in memory together, in bytes.
    pub memory_bytes: usize,
    /// Beyond this, segments that a recording holds leave memory, in bytes.
    pub hot_bytes: usize,
}

/// The writer's side.
#[derive(Debug)]
pub struct Window {
    limits: Limits,
    closed: VecDeque<Arc<Segment>>,
    shared: Arc<[Arc<Segment>]>,
    inits: Arc<BTreeMap<u64, Init>>,
    memory_bytes: usize,
    sender: Arc<watch::Sender<Arc<Snapshot>>>,
}

impl Window {
    pub fn new(limits: Limits, sender: Arc<watch::Sender<Arc<Snapshot>>>) -> Self {
        let (closed, shared, inits) = Default::default();
        Self { limits, closed, shared, inits, memory_bytes: 0, sender }
    }

    pub fn add_init(&mut self, id: u64, init: Init) {
        Arc::make_mut(&mut self.inits).insert(id, init);
    }

    /// Takes a closed segment, and lets go of what is beyond the limits.
    pub fn close(&mut self, segment: Segment) {
        self.memory_bytes += segment.bytes;
        self.closed.push_back(Arc::new(segment));
        self.cool();
        while self.closed.len() > 1 && self.is_full() {
            if let Some(gone) = self.closed.pop_front()
                && matches!(gone.body, Body::Memory)
            {
                self.memory_bytes -= gone.bytes;
            }
        }
        self.forget_inits();
        self.shared = self.closed.iter().cloned().collect();
    }

    /// Segments before this one are no longer lent: lets go of them, and of all that is older.
    pub fn lent_from(&mut self, sequence: u64) {
        let gone = |segment: &Arc<Segment>| segment.sequence < sequence && matches!(segment.body, Body::Lent(_));
        let Some(last) = self.closed.iter().rposition(gone) else { return };
        for segment in self.closed.drain(..=last).filter(|segment| matches!(segment.body, Body::Memory)) {
            self.memory_bytes -= segment.bytes;
        }
        self.shared = self.closed.iter().cloned().collect();
    }

    /// Lets go of all.
    pub fn clear(&mut self) {
        (self.memory_bytes, self.shared) = (0, Arc::default());
        self.closed.clear();
    }

    /// Init segments that no segment in the window needs any more.
    fn forget_inits(&mut self) {
        let own = self.closed.iter().find(|segment| !matches!(segment.body, Body::Lent(_)));
        if let Some(oldest) = own.map(|segment| segment.init)
            && self.inits.first_key_value().is_some_and(|(id, _)| *id < oldest)
        {
            Arc::make_mut(&mut self.inits).retain(|id, _| *id >= oldest);
        }
    }

    fn is_full(&self) -> bool {
        let span_us: u64 = match (self.closed.front(), self.closed.back()) {
            (Some(oldest), Some(newest)) => newest.start_us + newest.duration_us - oldest.start_us,
            _ => 0,
        };
        span_us > self.limits.window_us
            || self.closed.len() > SEGMENTS_MAX
            || self.memory_bytes > self.limits.memory_bytes
    }

    /// Moves the oldest segments out of memory, as far as a recording holds them.
    fn cool(&mut self) {
        for segment in &mut self.closed {
            if self.memory_bytes <= self.limits.hot_bytes {
                return;
            }
            let Some((path, offset)) = segment.recorded.clone().filter(|_| matches!(segment.body, Body::Memory)) else {
                continue;
            };
            let body = Body::File { path, offset };
            self.memory_bytes -= segment.bytes;
            *segment = Arc::new(Segment { parts: Vec::new(), body, ..segment.as_ref().clone() });
        }
    }

    /// Notes where a recording keeps a segment.
    pub fn recorded(&mut self, sequence: u64, path: Arc<Path>, offset: u64) {
        let Some(first) = self.closed.front().map(|segment| segment.sequence) else { return };
        let index = sequence.checked_sub(first).and_then(|index| usize::try_from(index).ok());
        if let Some(segment) = index.and_then(|index| self.closed.get_mut(index)) {
            Arc::make_mut(segment).recorded = Some((path, offset));
        }
    }

    /// Highest and mean bit rate of the newest segments, a second.
    fn rates(&self) -> (u64, u64) {
        let own = |segment: &&Arc<Segment>| segment.duration_us > 0 && !matches!(segment.body, Body::Lent(_));
        let newest = self.closed.iter().rev().take(15).filter(own);
        let (mut peak, mut bits, mut micros) = (0, 0u64, 0u64);
        for segment in newest {
            let size = segment.bytes as u64 * 8;
            peak = peak.max(size.saturating_mul(1_000_000) / segment.duration_us);
            (bits, micros) = (bits + size, micros + segment.duration_us);
        }
        (peak, bits.saturating_mul(1_000_000) / micros.max(1))
    }

    /// Shows all that is here, with what grows.
    pub fn publish(&self, growing: Option<Growing>, shape: Shape) {
        let (peak_bps, mean_bps) = self.rates();
        let snapshot = Snapshot {
            closed: self.shared.clone(),
            next: shape.next,
            growing,
            inits: self.inits.clone(),
            target_s: shape.target_s,
            part_target_us: shape.part_target_us,
            ended: shape.ended,
            peak_bps,
            mean_bps,
            frame_rate: shape.frame_rate,
            rendered: Default::default(),
        };
        self.sender.send_replace(Arc::new(snapshot));
    }

    /// Bytes of segments in memory.
    pub fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }
}

/// What a snapshot says beside its segments.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shape {
    pub next: u64,
    pub target_s: Option<u64>,
    pub part_target_us: u64,
    pub ended: bool,
    pub frame_rate: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(sequence: u64, bytes: usize) -> Segment {
        Segment {
            sequence,
            epoch: 0,
            discontinuities: 0,
            init: 0,
            start_us: sequence * 2_000_000,
            duration_us: 2_000_000,
            wall_ms: 0,
            bytes,
            parts: vec![Part { duration_us: 2_000_000, independent: true, data: vec![0; bytes].into() }],
            body: Body::Memory,
            recorded: None,
        }
    }

    fn window(limits: Limits) -> Window {
        Window::new(limits, Arc::new(watch::channel(Arc::default()).0))
    }

    const WIDE: Limits = Limits { window_us: u64::MAX, memory_bytes: usize::MAX, hot_bytes: usize::MAX };

    #[test]
    fn a_window_holds_its_time_and_not_a_segment_more() {
        let mut window = window(Limits { window_us: 6_000_000, ..WIDE });
        (0..4).for_each(|sequence| window.close(segment(sequence, 10)));
        assert_eq!(window.closed.iter().map(|segment| segment.sequence).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(window.memory_bytes, 30);
    }

    #[test]
    fn memory_is_kept_below_its_limit() {
        let mut window = window(Limits { memory_bytes: 100, ..WIDE });
        (0..9).for_each(|sequence| window.close(segment(sequence, 33)));
        assert_eq!((window.closed.len(), window.memory_bytes), (3, 99));
    }

    #[test]
    fn the_count_of_segments_has_a_limit_of_its_own() {
        let mut window = window(WIDE);
        (0..=SEGMENTS_MAX as u64).for_each(|sequence| window.close(segment(sequence, 1)));
        assert_eq!((window.closed.len(), window.closed[0].sequence), (SEGMENTS_MAX, 1));
    }

    #[test]
    fn what_a_recording_holds_leaves_memory_and_stays_in_the_window() {
        let mut window = window(Limits { hot_bytes: 100, ..WIDE });
        let path: Arc<Path> = Path::new("0.mp4").into();
        for sequence in 0..9 {
            window.close(segment(sequence, 50));
            window.recorded(sequence, path.clone(), sequence * 50);
        }
        assert_eq!((window.closed.len(), window.memory_bytes), (9, 100));
        assert!(matches!(&window.closed[3].body, Body::File { offset: 150, .. }));
        assert!(window.closed[3].parts.is_empty() && !window.closed[8].parts.is_empty());
    }
}
