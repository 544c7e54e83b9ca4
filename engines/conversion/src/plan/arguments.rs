//! What is asked of ffmpeg for each run. All names of what is written are relative to the conversion's folder.

use super::ladder::{Rendition, Way};
use super::{POSTER_SIDE_MAX_PX, Plan, TINY_SIDE_PX, Voice, ladder};
use crate::settings::{SEGMENT_S, SIDE_MAX_PX};
use crate::source::Hdr;
use crate::tools::{bound_to_file, file};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;

/// Constant quality of x264, below the rung's rate.
const QUALITY: u32 = 23;
/// True peak that levelled sound keeps below, in dBTP, and the range that it keeps, in LU: wide, as films have it.
const TRUE_PEAK: &str = "-1.5";
const RANGE_LU: u32 = 20;
const SOUND_HZ: u32 = 48_000;
/// Samples that ffmpeg's AAC encoder puts before the first.
const AAC_AHEAD: u32 = 1_024;
/// Key frames looked at for the poster.
const POSTER_OUT_OF: u32 = 12;
/// Previews further apart than this, in milliseconds, are made of key frames alone.
const SPRITES_OF_KEY_FRAMES_MS: u64 = SEGMENT_S as u64 * 1_000;

/// Words of a command, put together.
#[derive(Default)]
struct Argv(Vec<OsString>);

impl Argv {
    fn begin() -> Self {
        let mut words = Self::default();
        words.say("-nostdin -hide_banner -nostats -loglevel warning -y -progress pipe:1 -stats_period 0.5");
        words
    }

    /// Words between which there is space.
    fn say(&mut self, words: &str) {
        self.0.extend(words.split_whitespace().map(OsString::from));
    }

    /// One word.
    fn word(&mut self, word: &str) {
        self.0.push(word.into());
    }
}

impl Plan {
    /// The first run: one rendition, all sound, all subtitles.
    pub fn first_arguments(&self, input: &Path) -> Vec<OsString> {
        let mut words = Argv::begin();
        self.input(&mut words, input);
        let first = self.first();
        let encoded = (first.way == Way::Encoded).then_some(first);
        let graph: Vec<String> = encoded
            .map(|only| self.pictures(&[only]))
            .into_iter()
            .chain(self.voices.iter().filter_map(|voice| self.level(voice)))
            .collect();
        if !graph.is_empty() {
            words.word("-filter_complex");
            words.word(&graph.join(";"));
        }
        self.rendition(&mut words, first);
        for voice in &self.voices {
            self.voice(&mut words, voice);
        }
        for text in &self.words {
            let (index, name) = (text.subtitle.index, &text.name);
            words.say(&format!("-map 0:{index} {FORGET} -c:s webvtt -f webvtt subs/{name}.vtt"));
        }
        words.0
    }

    /// The run that makes all other renditions; nothing if there are none.
    pub fn rest_arguments(&self, input: &Path) -> Option<Vec<OsString>> {
        let rest: Vec<&Rendition> = self.rest().collect();
        if rest.is_empty() {
            return None;
        }
        let mut words = Argv::begin();
        self.input(&mut words, input);
        words.word("-filter_complex");
        words.word(&self.pictures(&rest));
        for rendition in rest {
            self.rendition(&mut words, rendition);
        }
        Some(words.0)
    }

    /// The poster, `poster.jpg`: of some key frames after the first tenth, the one that is most like the others, so that
    /// it is neither black nor a flash. Not of key frames, but of the film's beginning, where those gave nothing.
    pub fn poster_arguments(&self, input: &Path, of_key_frames: bool) -> Vec<OsString> {
        let mut words = Argv::begin();
        if of_key_frames {
            words.say(&format!("-ss {} -noaccurate_seek -skip_frame nokey", seconds(self.source.duration_ms / 10)));
        }
        self.input(&mut words, input);
        let (width, height) = ladder::within(self.source.video.shown(), u32::MAX, POSTER_SIDE_MAX_PX);
        let mut graph =
            format!("[0:{}]thumbnail={POSTER_OUT_OF},scale={width}:{height},setsar=1", self.source.video.index);
        self.tone_map(&mut graph);
        words.word("-filter_complex");
        words.word(&format!("{graph},format=yuvj420p[p]"));
        words.say(&format!("-map [p] {FORGET} -frames:v 1 -c:v mjpeg -q:v 4 -f image2 -update 1 poster.jpg"));
        words.0
    }

    /// The tiny picture that stands where the poster will come, out of the poster: some 32 pixels, a few hundred bytes.
    pub fn tiny_arguments(&self) -> Vec<OsString> {
        let mut words = Argv::begin();
        words.say("-protocol_whitelist file,pipe -f mjpeg -i file:poster.jpg");
        let (width, height) = ladder::within(self.source.video.shown(), u32::MAX, TINY_SIDE_PX);
        words.say(&format!("-vf scale={width}:{height}:flags=area,format=yuv420p {FORGET} -frames:v 1"));
        if self.abilities.webp {
            words.say("-c:v libwebp -quality 40 -f webp tiny");
        } else {
            words.say("-c:v mjpeg -q:v 12 -f image2 -update 1 tiny");
        }
        words.0
    }

    /// The sheet of previews, `sprites.jpg`, out of the first rendition.
    pub fn sprites_arguments(&self) -> Vec<OsString> {
        let (sprites, first) = (&self.sprites, self.first());
        let mut words = Argv::begin();
        words.say("-protocol_whitelist file,pipe -allowed_extensions m3u8,m4s,mp4 -f hls");
        if sprites.interval_ms >= SPRITES_OF_KEY_FRAMES_MS {
            words.say("-skip_frame nokey");
        }
        words.say(&format!("-threads {} -i file:{}/index.m3u8", self.settings.threads, first.name));
        let (width, height, interval) = (sprites.width, sprites.height, seconds(sprites.interval_ms));
        let (columns, rows) = (sprites.columns(), sprites.rows());
        words.say(&format!(
            "-vf fps=fps=1/{interval}:round=up:start_time=0,trim=end_frame={},scale={width}:{height}:flags=area,\
             tile={columns}x{rows},format=yuvj420p",
            columns * rows
        ));
        words.say(&format!("{FORGET} -frames:v 1 -c:v mjpeg -q:v 5 -f image2 -update 1 sprites.jpg"));
        words.0
    }

    fn input(&self, words: &mut Argv, input: &Path) {
        words.0.extend(bound_to_file());
        let (threads, pixels) = (self.settings.threads, u64::from(SIDE_MAX_PX) * u64::from(SIDE_MAX_PX));
        words.say(&format!("-max_pixels {pixels} -threads {threads} -f {} -i", self.source.container));
        words.0.push(file(input));
    }

    /// The graph that makes renditions out of the picture: each comes out as `[v720p]`. What is common to them is done
    /// once, at the largest one's size. ffmpeg has turned the picture upright before.
    fn pictures(&self, renditions: &[&Rendition]) -> String {
        let video = &self.source.video;
        let mut graph = format!("[0:{}]", video.index);
        if video.interlaced {
            graph.push_str("bwdif=mode=send_frame,");
        }
        if self.first().way == Way::Encoded {
            // Even, and from the very beginning on. What is copied is followed frame by frame.
            let (frames, per) = ladder::rate(video, &self.settings);
            let _ = write!(graph, "fps=fps={frames}/{per}:start_time=0,");
        }
        let (width, height) = renditions.first().map_or((2, 2), |largest| (largest.width, largest.height));
        let _ = write!(graph, "scale={width}:{height}:flags=bicubic,setsar=1");
        self.tone_map(&mut graph);
        graph.push_str(",format=yuv420p");
        if let [only] = renditions {
            let _ = write!(graph, "[v{}]", only.name);
            return graph;
        }
        let _ = write!(graph, ",split={}", renditions.len());
        for (at, rendition) in renditions.iter().enumerate() {
            let _ = write!(graph, "[{}{}]", if at == 0 { 'v' } else { 's' }, rendition.name);
        }
        for Rendition { name, width, height, .. } in &renditions[1..] {
            let _ = write!(graph, ";[s{name}]scale={width}:{height}:flags=bicubic,setsar=1[v{name}]");
        }
        graph
    }

    /// Much light to what a usual screen shows. What the file does not say is taken as it is nearly always.
    fn tone_map(&self, graph: &mut String) {
        let transfer = match self.source.video.hdr {
            Some(_) if !self.abilities.tone_maps => return,
            Some(Hdr::Pq) => "smpte2084",
            Some(Hdr::Hlg) => "arib-std-b67",
            None => return,
        };
        let _ = write!(
            graph,
            ",zscale=tin={transfer}:pin=bt2020:min=bt2020nc:t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,\
             tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv"
        );
    }

    /// The graph that levels a track, in one pass: a pass before it would have to hear the whole film before the first
    /// second of it could be watched.
    fn level(&self, voice: &Voice) -> Option<String> {
        if voice.way == Way::Copied {
            return None;
        }
        let layout = if voice.channels == 1 { "mono" } else { "stereo" };
        let (index, name) = (voice.sound.index, &voice.name);
        // What begins late or has holes keeps its times.
        let even = format!("aresample={SOUND_HZ}:async=1:first_pts=0,aformat=channel_layouts={layout}");
        let levelled = self.settings.loudness_lufs.map_or_else(String::new, |loudness| {
            format!(",loudnorm=I={loudness}:TP={TRUE_PEAK}:LRA={RANGE_LU},aresample={SOUND_HZ}")
        });
        // The encoder's own beginning takes the place of the first samples. It would else come before nothing, and an edit
        // list with it.
        Some(format!("[0:{index}]{even}{levelled},atrim=start_sample={AAC_AHEAD}[{name}]"))
    }

    fn rendition(&self, words: &mut Argv, rendition: &Rendition) {
        let Rendition { name, peak_bps, way, .. } = rendition;
        match way {
            Way::Copied => words.say(&format!("-map 0:{} {FORGET} -c:v copy", self.source.video.index)),
            Way::Encoded => {
                words.say(&format!(
                    "-map [v{name}] {FORGET} -c:v libx264 -preset veryfast -profile:v high -crf {QUALITY}"
                ));
                words.say(&format!(
                    "-maxrate {peak_bps} -bufsize {} -threads {}",
                    u64::from(*peak_bps) * 2,
                    self.settings.threads
                ));
                words.say("-g 9999 -sc_threshold 0 -force_key_frames");
                if self.first().way == Way::Copied {
                    // Where they came in: cut as what is copied is cut.
                    words.word("source");
                } else {
                    words.word(&format!("expr:gte(t,n_forced*{SEGMENT_S})"));
                }
            }
        }
        hls(words, name);
    }

    fn voice(&self, words: &mut Argv, voice: &Voice) {
        match voice.way {
            Way::Copied => words.say(&format!("-map 0:{} {FORGET} -c:a copy", voice.sound.index)),
            Way::Encoded => {
                let (name, rate) = (&voice.name, voice.bit_rate());
                words.say(&format!("-map [{name}] {FORGET} -c:a aac -b:a {rate}"));
            }
        }
        hls(words, &voice.name);
    }
}

/// What a file says of its maker and of where it was made stays out.
const FORGET: &str = "-map_metadata -1 -map_chapters -1";

/// A growing playlist in a folder, with whole segments. Times are left as they are: what is decoded before it is shown
/// would else push the picture behind the sound.
fn hls(words: &mut Argv, name: &str) {
    words.say(&format!("-avoid_negative_ts disabled -f hls -hls_time {SEGMENT_S} -hls_playlist_type event"));
    words.say("-hls_segment_type fmp4 -hls_flags independent_segments+temp_file -hls_fmp4_init_filename init.mp4");
    // Pictures that are decoded before they are shown would else be put right by an edit list. Browsers follow it, hls.js
    // does not: it misses a last segment that is shorter than what the list moves, and the film never ends.
    words.say("-hls_segment_options movflags=+negative_cts_offsets");
    words.say(&format!("-hls_segment_filename {name}/%05d.m4s {name}/index.m3u8"));
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}
