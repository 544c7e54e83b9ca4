//! What is asked of ffmpeg: a pure function from a plan to its arguments.

use std::ops::RangeInclusive;

/// Heights that a picture is scaled down to.
pub const HEIGHT_RANGE_PX: RangeInclusive<u32> = 64..=2_160;
/// Bit rates that are asked of the encoder.
pub const RATE_RANGE_BPS: RangeInclusive<u32> = 100_000..=20_000_000;
/// Threads of the encoder; the decoder has one, since more of them would wait for frames.
const THREADS_RANGE: RangeInclusive<u32> = 1..=2;
/// Distance of key frames.
const KEY_FRAMES_EVERY_S: u32 = 2;
/// The constant quality: x264's own default.
const QUALITY: u32 = 23;

/// What goes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoInput {
    /// With B-frames or without, as access units of a [`Frame`](crate::Frame).
    H264,
    Vp8,
}

/// How much work is put into a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Least work, largest for its quality: for what must be converted.
    Ultrafast,
    /// About twice the work: for a ladder that people look at.
    Veryfast,
}

/// Where key frames lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFrames {
    /// Every 2 s.
    Often,
    /// Where they came in: what goes out can be cut where the source is.
    AsTheyCame,
}

/// What the encoder aims at. Both keep below the plan's bit rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// The bit rate, whatever is shown.
    Rate,
    /// A constant quality: what is simple takes less.
    Quality,
}

/// One conversion. Out comes H.264, constrained baseline, no B-frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoPlan {
    pub input: VideoInput,
    /// Scaled down to this height if it is larger; brought into [`HEIGHT_RANGE_PX`], and even.
    pub height_px: Option<u32>,
    /// Brought into [`RATE_RANGE_BPS`].
    pub bitrate_bps: u32,
    /// 1 or 2.
    pub threads: u32,
    pub preset: Preset,
    pub key_frames: KeyFrames,
    pub aim: Aim,
}

impl VideoPlan {
    /// The arguments of ffmpeg.
    pub fn arguments(&self) -> Vec<String> {
        let rate = within(self.bitrate_bps, &RATE_RANGE_BPS);
        let threads = within(self.threads, &THREADS_RANGE);
        let format = match self.input {
            VideoInput::H264 => "flv",
            VideoInput::Vp8 => "ivf",
        };
        let preset = match self.preset {
            Preset::Ultrafast => "ultrafast",
            Preset::Veryfast => "veryfast",
        };
        let mut arguments = Vec::new();
        let mut say = |words: &str| arguments.extend(words.split_whitespace().map(str::to_owned));
        // No looking ahead at the input: whatever it reads to guess is delay.
        say("-nostdin -hide_banner -nostats -loglevel warning -protocol_whitelist pipe");
        say("-threads 1 -analyzeduration 0 -probesize 32 -fpsprobesize 0 -copyts");
        say(&format!("-f {format} -i pipe:0 -map 0:v:0 -an -sn -dn"));
        // Each frame once and at its own time, in milliseconds as FLV has them.
        say("-fps_mode passthrough -enc_time_base 1:1000");
        if let Some(height) = self.height_px {
            let height = within(height, &HEIGHT_RANGE_PX) & !1;
            say(&format!("-vf scale=-2:'min({height},ih)':flags=fast_bilinear"));
        }
        say(&format!("-c:v libx264 -preset {preset} -tune zerolatency -profile:v baseline -pix_fmt yuv420p -bf 0"));
        say("-g 9999 -sc_threshold 0 -force_key_frames");
        match self.key_frames {
            KeyFrames::Often => {
                say(&format!("expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+{KEY_FRAMES_EVERY_S}))"));
            }
            KeyFrames::AsTheyCame => say("source"),
        }
        match self.aim {
            Aim::Rate => say(&format!("-b:v {rate}")),
            Aim::Quality => say(&format!("-crf {QUALITY}")),
        }
        say(&format!("-maxrate {rate} -bufsize {rate} -threads {threads}"));
        // Parameter sets before every key frame, for whoever joins there.
        say("-bsf:v dump_extra=freq=keyframe -avoid_negative_ts disabled");
        say("-flvflags no_duration_filesize+no_metadata+no_sequence_end -flush_packets 1 -f flv pipe:1");
        arguments
    }
}

fn within(value: u32, range: &RangeInclusive<u32>) -> u32 {
    value.clamp(*range.start(), *range.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: VideoPlan = VideoPlan {
        input: VideoInput::H264,
        height_px: None,
        bitrate_bps: 2_500_000,
        threads: 1,
        preset: Preset::Ultrafast,
        key_frames: KeyFrames::Often,
        aim: Aim::Rate,
    };

    #[test]
    fn b_frames_out() {
        let expected = "-nostdin -hide_banner -nostats -loglevel warning -protocol_whitelist pipe \
            -threads 1 -analyzeduration 0 -probesize 32 -fpsprobesize 0 -copyts -f flv -i pipe:0 -map 0:v:0 -an -sn -dn \
            -fps_mode passthrough -enc_time_base 1:1000 \
            -c:v libx264 -preset ultrafast -tune zerolatency -profile:v baseline -pix_fmt yuv420p -bf 0 \
            -g 9999 -sc_threshold 0 -force_key_frames expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+2)) \
            -b:v 2500000 -maxrate 2500000 -bufsize 2500000 -threads 1 \
            -bsf:v dump_extra=freq=keyframe -avoid_negative_ts disabled \
            -flvflags no_duration_filesize+no_metadata+no_sequence_end -flush_packets 1 -f flv pipe:1";
        assert_eq!(PLAN.arguments().join(" "), expected);
    }

    #[test]
    fn a_rendition_of_vp8() {
        let plan =
            VideoPlan { input: VideoInput::Vp8, height_px: Some(361), preset: Preset::Veryfast, threads: 2, ..PLAN };
        let arguments = plan.arguments();
        let after = |name: &str| {
            let at = arguments.iter().rposition(|argument| argument == name).expect("an argument");
            arguments[at + 1].as_str()
        };
        assert!(arguments.windows(4).any(|words| words == ["-f", "ivf", "-i", "pipe:0"]));
        assert_eq!(after("-vf"), "scale=-2:'min(360,ih)':flags=fast_bilinear");
        assert_eq!((after("-preset"), after("-threads")), ("veryfast", "2"));
    }

    #[test]
    fn a_rung_has_key_frames_where_they_came_and_a_quality_below_its_rate() {
        let plan = VideoPlan { key_frames: KeyFrames::AsTheyCame, aim: Aim::Quality, ..PLAN };
        let arguments = plan.arguments().join(" ");
        assert!(arguments.contains("-force_key_frames source -crf 23 -maxrate 2500000 "), "{arguments}");
        assert!(!arguments.contains("-b:v"), "{arguments}");
    }

    #[test]
    fn figures_are_brought_into_their_bounds() {
        let beyond = VideoPlan { height_px: Some(9_999), bitrate_bps: u32::MAX, threads: 64, ..PLAN };
        let most = VideoPlan { height_px: Some(2_160), bitrate_bps: 20_000_000, threads: 2, ..PLAN };
        assert_eq!(beyond.arguments(), most.arguments());
        let below = VideoPlan { height_px: Some(0), bitrate_bps: 0, threads: 0, ..PLAN };
        let least = VideoPlan { height_px: Some(64), bitrate_bps: 100_000, threads: 1, ..PLAN };
        assert_eq!(below.arguments(), least.arguments());
    }
}
