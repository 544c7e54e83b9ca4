//! A ladder: the source encoded anew in smaller sizes, for who can't take it as it is.
//!
//! ```text
//!             ┌─ ffmpeg ─► Follower 720p
//! source ─────┼─ ffmpeg ─► Follower 480p     one clock, one numbering, cut at the source's key frames
//!             └─ ffmpeg ─► Follower 360p
//! ```
//!
//! Its rungs are offered from the first picture on, and encoded only between [`Ladder::start`] and [`Ladder::stop`];
//! in between their segments are the source's.

use crate::codec::VideoConfig;
use crate::convert::{Aim, Converted, KeyFrames, Preset, Pushed, VideoConverter, VideoInput, VideoPlan};
use crate::frame::{Codec, Frame, Kind};
use crate::live::{Live, Offer};
use crate::packager::{Follower, Packager};
use bytes::Bytes;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One size of a ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rung {
    /// The rendition's name.
    pub name: &'static str,
    pub height_px: u32,
    /// What its picture takes at most.
    pub peak_bps: u32,
}

impl Rung {
    /// How it is encoded.
    pub fn plan(&self) -> VideoPlan {
        VideoPlan {
            input: VideoInput::H264,
            height_px: Some(self.height_px),
            bitrate_bps: self.peak_bps,
            threads: 1,
            preset: Preset::Veryfast,
            key_frames: KeyFrames::AsTheyCame,
            aim: Aim::Quality,
        }
    }
}

/// The sizes there are, the largest first.
pub const RUNGS: [Rung; 3] = [
    Rung { name: "720p", height_px: 720, peak_bps: 2_500_000 },
    Rung { name: "480p", height_px: 480, peak_bps: 1_200_000 },
    Rung { name: "360p", height_px: 360, peak_bps: 700_000 },
];
/// A ladder whose pictures come out this much later than they went in is more than the machine can bear, in microseconds.
pub const BEHIND_US: u64 = 4_000_000;
/// The publisher's clock jumps by more than this, in microseconds: what is behind is counted anew.
const JUMP_US: u64 = 1_000_000;
/// Key frames of which the reordering is kept while they are encoded.
const KEY_FRAMES_MAX: usize = 64;

/// The rungs smaller than a source of this height.
pub fn rungs_below(height_px: u32) -> impl Iterator<Item = Rung> {
    RUNGS.into_iter().filter(move |rung| rung.height_px < height_px)
}

/// Whether the machine can bear it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    GoesOn,
    /// The encoders fail or fall behind real time: stop it.
    Behind,
}

/// What a rung's encoder gives, with the index into [`RUNGS`]. Called on a thread of its own.
pub type Sink = Arc<dyn Fn(usize, Converted) + Send + Sync>;

/// The writers and encoders of a broadcast's rungs.
pub struct Ladder {
    ffmpeg: PathBuf,
    live: Live,
    sink: Sink,
    rungs: [Option<Built>; RUNGS.len()],
    /// How the source is decoded, and its size.
    record: Bytes,
    size: (u32, u32),
    offered: bool,
    runs: bool,
    newest_us: u64,
    /// Presentation and decoding times of the source's key frames.
    keys: VecDeque<(u64, u64)>,
}

struct Built {
    follower: Follower,
    encoder: Option<VideoConverter>,
    /// The newest picture that came out, on the publisher's clock; none before the first went in.
    newest_us: Option<u64>,
    /// How long before they are shown its pictures are decoded, as the source's are.
    reorder_us: u64,
    failed: bool,
}

impl Ladder {
    /// A ladder for the broadcast that `packager` writes the source of. `sink` gives [`Ladder::converted`] what it gets.
    pub fn new(ffmpeg: &Path, live: Live, packager: &mut Packager, sink: Sink) -> Self {
        packager.lead();
        Self {
            ffmpeg: ffmpeg.to_owned(),
            live,
            sink,
            rungs: [const { None }; RUNGS.len()],
            record: Bytes::new(),
            size: (0, 0),
            offered: true,
            runs: false,
            newest_us: 0,
            keys: VecDeque::new(),
        }
    }

    /// Whether it has rungs for the source as it is.
    pub fn is_of_use(&self) -> bool {
        rungs_below(self.size.1).next().is_some()
    }

    /// Whether its encoders run.
    pub fn runs(&self) -> bool {
        self.runs
    }

    /// Whether the multivariant playlist names its rungs.
    pub fn offer(&mut self, offered: bool) {
        if self.offered != offered {
            self.offered = offered;
            self.tell();
        }
    }

    /// Begins to encode, at the next key frame.
    pub fn start(&mut self) {
        self.runs = true;
        self.man();
    }

    /// Encodes nothing more.
    pub fn stop(&mut self) {
        self.runs = false;
        for built in self.rungs.iter_mut().flatten() {
            built.encoder = None;
            built.follower.stop();
        }
    }

    /// A frame of the source has been pushed into its packager.
    pub fn pushed(&mut self, packager: &mut Packager, frame: &Frame) -> Step {
        let pieces = packager.take_pieces();
        if !pieces.is_empty() {
            self.rungs.iter_mut().flatten().for_each(|built| built.follower.lead(&pieces));
        }
        if frame.kind() != Kind::Video {
            return Step::GoesOn;
        }
        if frame.key_frame {
            self.heed(packager.video());
        }
        if frame.codec != Codec::H264 || !self.runs {
            return Step::GoesOn;
        }
        self.encode(frame)
    }

    /// Takes what an encoder gave.
    pub fn converted(&mut self, rung: usize, converted: Converted) {
        let Some(built) = self.rungs.get_mut(rung).and_then(Option::as_mut).filter(|built| built.encoder.is_some())
        else {
            return;
        };
        match converted {
            Converted::Config(_) => {}
            Converted::Failed(_) => built.failed = true,
            Converted::Frame(mut frame) => {
                built.newest_us = built.newest_us.max(Some(frame.pts_us));
                if frame.key_frame {
                    let key = self.keys.iter().find(|(pts_us, _)| *pts_us == frame.pts_us);
                    built.reorder_us = key.map_or(0, |(pts_us, dts_us)| pts_us.saturating_sub(*dts_us));
                }
                frame.dts_us = frame.pts_us.saturating_sub(built.reorder_us);
                if let Err(error) = built.follower.push(&frame) {
                    tracing::debug!(%error, "a picture of a ladder could not be packaged");
                }
            }
        }
    }

    /// Ends it with the source, which has to be finished before.
    pub fn finish(mut self) {
        self.stop();
        self.rungs.into_iter().flatten().for_each(|built| built.follower.finish());
    }

    fn encode(&mut self, frame: &Frame) -> Step {
        if frame.key_frame {
            if self.keys.len() == KEY_FRAMES_MAX {
                self.keys.pop_front();
            }
            self.keys.push_back((frame.pts_us, frame.dts_us));
        }
        let jumps = frame.pts_us.abs_diff(self.newest_us) > JUMP_US;
        self.newest_us = frame.pts_us;
        let mut step = Step::GoesOn;
        for built in self.rungs.iter_mut().flatten() {
            if jumps {
                built.newest_us = None;
            }
            if built.is_behind(frame) {
                step = Step::Behind;
            }
        }
        step
    }

    /// The source comes like this now.
    fn heed(&mut self, video: Option<&VideoConfig>) {
        let (record, size) = match video {
            Some(VideoConfig::H264(track)) => (track.record.clone(), (track.width.into(), track.height.into())),
            // What is not H.264 can't be decoded here, or is not packaged either.
            _ => (Bytes::new(), (0, 0)),
        };
        if self.record == record {
            return;
        }
        self.record = record;
        if self.size != size {
            self.size = size;
            self.build();
            self.tell();
            self.man();
        }
        for encoder in self.rungs.iter_mut().flatten().filter_map(|built| built.encoder.as_mut()) {
            encoder.configure(self.record.clone());
        }
    }

    fn build(&mut self) {
        for (slot, rung) in self.rungs.iter_mut().zip(RUNGS) {
            if slot.is_some() || rung.height_px >= self.size.1 {
                continue;
            }
            match self.live.follow(rung.name, offer(rung, self.size)) {
                Ok(follower) => {
                    *slot = Some(Built { follower, encoder: None, newest_us: None, reorder_us: 0, failed: false });
                }
                Err(error) => tracing::warn!(%error, rung = rung.name, "a rung can't be added"),
            }
        }
    }

    fn tell(&self) {
        for (built, rung) in self.rungs.iter().zip(RUNGS) {
            let Some(built) = built else { continue };
            let fits = self.offered && rung.height_px < self.size.1;
            built.follower.offer(fits.then(|| offer(rung, self.size)));
        }
    }

    /// Gives each rung that fits an encoder, while it runs, and takes it from the others.
    fn man(&mut self) {
        for (index, (built, rung)) in self.rungs.iter_mut().zip(RUNGS).enumerate() {
            let Some(built) = built else { continue };
            if !self.runs || rung.height_px >= self.size.1 {
                built.encoder = None;
                built.follower.stop();
                continue;
            }
            if built.encoder.is_some() {
                continue;
            }
            let sink = self.sink.clone();
            match VideoConverter::start(&self.ffmpeg, rung.plan(), move |converted| sink(index, converted)) {
                Ok(mut encoder) => {
                    encoder.configure(self.record.clone());
                    (built.encoder, built.newest_us, built.failed) = (Some(encoder), None, false);
                }
                Err(error) => {
                    tracing::warn!(%error, rung = rung.name, "a rung can't be encoded");
                    built.failed = true;
                }
            }
        }
    }
}

impl Built {
    /// Gives the encoder a frame; whether it fails or is too far behind.
    fn is_behind(&mut self, frame: &Frame) -> bool {
        let Some(encoder) = &mut self.encoder else { return self.failed };
        match encoder.push(frame.clone()) {
            Pushed::Taken => {
                self.follower.start();
                let newest_us = *self.newest_us.get_or_insert(frame.pts_us);
                self.failed || frame.pts_us.saturating_sub(newest_us) > BEHIND_US
            }
            Pushed::Dropped => true,
            Pushed::AwaitingKeyFrame | Pushed::WrongCodec => self.failed,
        }
    }
}

/// What is known of a rung before its encoder has said a word.
fn offer(rung: Rung, source: (u32, u32)) -> Offer {
    // As ffmpeg scales: the nearest even width.
    let width = (f64::from(rung.height_px) * f64::from(source.0) / f64::from(source.1.max(1)) / 2.0).round() as u32 * 2;
    // Constrained baseline, level 3.1: enough for 1280×720 at 30 frames a second.
    Offer { codec: "avc1.42c01f".to_owned(), size: (width, rung.height_px), peak_bps: rung.peak_bps.into() }
}
