//! What is wanted of a conversion, and what it may take.

use std::time::Duration;

/// Longest side of a picture that is taken, in pixels; shortest too.
pub const SIDE_MAX_PX: u32 = 8_192;
pub const SIDE_MIN_PX: u32 = 16;
/// Longest film, in milliseconds: twelve hours.
pub const DURATION_MAX_MS: u64 = 12 * 3_600_000;
/// Streams in a file; beyond it, it is no film.
pub const STREAMS_MAX: usize = 64;
/// Longest side of a picture that is made: decoders in televisions and phones end here.
pub const MADE_SIDE_MAX_PX: u32 = 4_096;
/// Length of a segment, in seconds: at each of them lies a key frame of every rendition.
pub const SEGMENT_S: u32 = 4;

/// One size of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rung {
    /// The picture's short side: 720 for 1280×720, and for 720×1280 as well.
    pub short_px: u32,
    /// What the picture takes at most, for up to 30 frames a second, in bits a second.
    pub peak_bps: u32,
}

/// The sizes there are, the largest first.
pub const RUNGS: [Rung; 6] = [
    Rung { short_px: 2_160, peak_bps: 16_000_000 },
    Rung { short_px: 1_440, peak_bps: 9_000_000 },
    Rung { short_px: 1_080, peak_bps: 5_000_000 },
    Rung { short_px: 720, peak_bps: 2_800_000 },
    Rung { short_px: 480, peak_bps: 1_400_000 },
    Rung { short_px: 360, peak_bps: 800_000 },
];

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Nothing larger is made, by the short side.
    pub short_max_px: u32,
    pub frames_per_s_max: u32,
    /// Loudness that sound is levelled to (EBU R128), in LUFS; nothing leaves it as it is.
    pub loudness_lufs: Option<i8>,
    /// Whether what already fits is taken over without encoding it anew.
    pub copies: bool,
    pub sounds_max: usize,
    pub subtitles_max: usize,
    /// Threads of a decoder, and of each encoder.
    pub threads: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            short_max_px: 2_160,
            frames_per_s_max: 60,
            loudness_lufs: Some(-16),
            copies: true,
            sounds_max: 8,
            subtitles_max: 32,
            threads: 2,
        }
    }
}

/// What one run of a program may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Address space, in bytes.
    pub memory_bytes: u64,
    /// All that lies in the folder of a conversion, in bytes.
    pub output_bytes: u64,
    /// Bytes that must stay free on the disk.
    pub free_bytes: u64,
    /// A run may take this long, and for each second of film [`Self::run_per_second`] more.
    pub run_at_least: Duration,
    pub run_per_second: Duration,
    /// Nothing came out for this long: it hangs.
    pub silence: Duration,
    /// Longest look at a file.
    pub probe: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 6 << 30,
            output_bytes: 64 << 30,
            free_bytes: 1 << 30,
            run_at_least: Duration::from_secs(120),
            run_per_second: Duration::from_secs(30),
            silence: Duration::from_secs(120),
            probe: Duration::from_secs(60),
        }
    }
}

impl Limits {
    /// For a single picture: little time, and room for 120 megapixels of 64 bits and what they become.
    pub fn of_images() -> Self {
        Self {
            memory_bytes: 3 << 30,
            output_bytes: 64 << 20,
            run_at_least: Duration::from_secs(60),
            silence: Duration::from_secs(60),
            ..Self::default()
        }
    }

    /// How long a run over a film of this length may take.
    pub fn run(&self, duration_ms: u64) -> Duration {
        let seconds = u32::try_from(duration_ms.min(DURATION_MAX_MS) / 1_000).unwrap_or(u32::MAX);
        self.run_at_least + self.run_per_second.saturating_mul(seconds)
    }
}
