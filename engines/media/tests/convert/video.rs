//! Video through the real ffmpeg, and through programs that misbehave.

use crate::material::{ffmpeg, flv, ivf, through};
use bytes::Bytes;
use hearth_media::convert::{
    Aim, ConvertError, Converted, KeyFrames, Preset, Pushed, QUEUE_BYTES, QUEUE_FRAMES, VideoConverter, VideoInput,
    VideoPlan,
};
use hearth_media::{Codec, Config, Frame};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PLAN: VideoPlan = VideoPlan {
    input: VideoInput::H264,
    height_px: None,
    bitrate_bps: 1_000_000,
    threads: 1,
    preset: Preset::Ultrafast,
    key_frames: KeyFrames::Often,
    aim: Aim::Rate,
};

/// Longer than anything takes; only a fault reaches it.
const PATIENCE: Duration = Duration::from_secs(60);

fn b_frames() -> (Bytes, Vec<Frame>) {
    let file = ffmpeg("-f lavfi -i testsrc2=s=320x180:r=25:d=6 -c:v libx264 -preset fast -bf 2 -g 50 -f flv");
    let (record, frames) = flv(&file);
    assert!(frames.windows(2).any(|pair| pair[1].pts_us < pair[0].pts_us), "it has B-frames");
    (record, frames)
}

fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/convert/programs").join(name)
}

fn started(program: &Path, plan: VideoPlan) -> (VideoConverter, Receiver<Converted>) {
    let (sender, converted) = channel();
    // Nobody may be looking any more.
    let converter = VideoConverter::start(program, plan, move |said| drop(sender.send(said))).expect("threads");
    (converter, converted)
}

/// Pushes, waiting while ffmpeg is behind, and gives everything that came out.
fn all(plan: VideoPlan, record: Option<Bytes>, frames: &[Frame]) -> (Vec<Bytes>, Vec<Frame>) {
    let (mut converter, converted) = started(Path::new("ffmpeg"), plan);
    if let Some(record) = record {
        assert_eq!(converter.configure(record), Pushed::Taken);
    }
    let (mut configs, mut out) = (Vec::new(), Vec::new());
    let mut hear = |said| match said {
        Converted::Config(Config::H264(record)) => configs.push(record),
        Converted::Frame(frame) => out.push(frame),
        other => panic!("{other:?}"),
    };
    for (index, frame) in frames.iter().enumerate() {
        assert_eq!(converter.push(frame.clone()), Pushed::Taken, "{index}");
        // Half a queue ahead at most.
        if index >= QUEUE_FRAMES / 2 {
            hear(converted.recv_timeout(PATIENCE).expect("a frame"));
        }
    }
    converter.finish();
    converted.iter().for_each(hear);
    (configs, out)
}

fn annex_b(frames: &[Frame]) -> Vec<u8> {
    let mut stream = Vec::new();
    for frame in frames {
        let mut rest = &frame.data[..];
        while let Some((length, tail)) = rest.split_first_chunk::<4>() {
            let (unit, tail) = tail.split_at(u32::from_be_bytes(*length) as usize);
            stream.extend_from_slice(&[0, 0, 0, 1]);
            stream.extend_from_slice(unit);
            rest = tail;
        }
    }
    stream
}

/// What ffprobe says: width, height, how far pictures are reordered, frames decoded.
fn probed(frames: &[Frame]) -> Vec<u32> {
    let fields = "-show_entries stream=width,height,has_b_frames,nb_read_frames -of csv=p=0";
    let said = through("ffprobe", &format!("-f h264 -count_frames {fields} pipe:0"), &annex_b(frames));
    String::from_utf8_lossy(&said).trim().split(',').map(|field| field.parse().expect("a number")).collect()
}

fn shown_us(frames: &[Frame]) -> Vec<u64> {
    let mut shown: Vec<_> = frames.iter().map(|frame| frame.pts_us).collect();
    shown.sort_unstable();
    shown
}

#[test]
fn b_frames_go_and_times_stay() {
    let (record, frames) = b_frames();
    let (configs, out) = all(PLAN, Some(record), &frames);
    assert_eq!(configs.len(), 1);
    assert_eq!(configs[0][1], 66, "baseline: no B-frames by definition");
    let times: Vec<_> = out.iter().map(|frame| frame.pts_us).collect();
    assert_eq!(times, shown_us(&frames), "in order, to the microsecond, and none is missing");
    assert!(out.iter().all(|frame| frame.codec == Codec::H264 && frame.dts_us == frame.pts_us));
    assert!(out.iter().all(|frame| !frame.discontinuity));
    let keys: Vec<_> = out.iter().filter(|frame| frame.key_frame).map(|frame| frame.pts_us / 1_000).collect();
    assert_eq!(keys.len(), 3);
    assert!(keys.windows(2).all(|pair| (1_990..2_050).contains(&(pair[1] - pair[0]))), "{keys:?}");
    let in_band = |frame: &Frame| frame.data[4] & 0x1f == 7;
    assert!(out.iter().all(|frame| frame.key_frame == in_band(frame)), "parameter sets before key frames");
    assert_eq!(probed(&out), [320, 180, 0, 150]);
}

#[test]
fn a_rendition_is_smaller_and_keeps_its_times() {
    let (record, frames) = b_frames();
    let plan = VideoPlan { height_px: Some(90), bitrate_bps: 200_000, preset: Preset::Veryfast, ..PLAN };
    let (_, out) = all(plan, Some(record.clone()), &frames);
    assert_eq!(shown_us(&out), shown_us(&frames));
    assert_eq!(probed(&out), [160, 90, 0, 150]);
    let (_, out) = all(VideoPlan { height_px: Some(720), ..PLAN }, Some(record), &frames);
    assert_eq!(probed(&out)[..2], [320, 180], "never larger than it was");
}

#[test]
fn vp8_becomes_h264() {
    let file = ffmpeg("-f lavfi -i testsrc2=s=320x180:r=25:d=3 -c:v libvpx -deadline realtime -cpu-used 8 -f ivf");
    let frames = ivf(&file);
    let (configs, out) = all(VideoPlan { input: VideoInput::Vp8, ..PLAN }, None, &frames);
    assert_eq!(configs.len(), 1);
    assert_eq!(shown_us(&out), shown_us(&frames));
    assert_eq!(probed(&out), [320, 180, 0, 75]);
}

#[test]
fn another_size_is_another_run_and_time_goes_on() {
    let (record, frames) = b_frames();
    let file = ffmpeg("-f lavfi -i testsrc2=s=160x120:r=25:d=2 -c:v libx264 -preset fast -f flv");
    let (other_record, other) = flv(&file);
    let later = frames.last().expect("frames").dts_us;
    let (mut converter, converted) = started(Path::new("ffmpeg"), PLAN);
    converter.configure(record);
    for frame in frames.iter().take(50) {
        assert_eq!(converter.push(frame.clone()), Pushed::Taken);
    }
    converter.configure(other_record);
    assert_eq!(converter.push(frames[1].clone()), Pushed::AwaitingKeyFrame);
    for frame in &other {
        let frame = Frame { pts_us: later + frame.pts_us, dts_us: later + frame.dts_us, ..frame.clone() };
        assert_eq!(converter.push(frame), Pushed::Taken);
    }
    converter.finish();
    let said: Vec<_> = converted.iter().collect();
    let configs = said.iter().filter(|said| matches!(said, Converted::Config(_))).count();
    let out: Vec<_> = said
        .into_iter()
        .filter_map(|said| if let Converted::Frame(frame) = said { Some(frame) } else { None })
        .collect();
    assert_eq!((configs, out.len()), (2, 100));
    assert!(out.windows(2).all(|pair| pair[0].pts_us < pair[1].pts_us));
    assert_eq!(probed(&out[50..])[..2], [160, 120]);
}

/// Frames without end: the same six seconds again and again.
fn endless(frames: &[Frame]) -> impl Iterator<Item = Frame> + '_ {
    let long_us = 40_000 * frames.len() as u64;
    (0_u64..).flat_map(move |round| {
        frames.iter().map(move |frame| Frame {
            pts_us: frame.pts_us + round * long_us,
            dts_us: frame.dts_us + round * long_us,
            ..frame.clone()
        })
    })
}

/// Pushes at the pace of `every` until `enough` has been said.
fn push_until(
    converter: &mut VideoConverter,
    converted: &Receiver<Converted>,
    frames: &[Frame],
    every: Duration,
    mut enough: impl FnMut(Converted) -> bool,
) {
    let began = Instant::now();
    for frame in endless(frames) {
        converter.push(frame);
        // The pace of an encoder: what is waited for is what comes out.
        while let Ok(said) = converted.recv_timeout(every) {
            if enough(said) {
                return;
            }
        }
        assert!(began.elapsed() < PATIENCE, "in time");
    }
}

#[test]
fn one_that_dies_is_started_again_at_a_key_frame() {
    let mark = std::env::temp_dir().join(format!("hearth-dies-once-{}", std::process::id()));
    let (record, frames) = b_frames();
    let (mut converter, converted) = started(&program("dies_once"), PLAN);
    converter.configure(record);
    let mut before = 0;
    push_until(&mut converter, &converted, &frames, Duration::from_millis(2), |said| match said {
        Converted::Frame(frame) if frame.discontinuity => {
            assert!(frame.key_frame);
            true
        }
        Converted::Frame(_) => {
            before += 1;
            false
        }
        Converted::Config(_) => false,
        Converted::Failed(error) => panic!("{error}"),
    });
    assert!(before > 0, "it lived before it died");
    std::fs::remove_file(mark).expect("a mark");
}

#[test]
fn one_that_hangs_is_started_again_and_nobody_waits_for_it() {
    let mark = std::env::temp_dir().join(format!("hearth-hangs-once-{}", std::process::id()));
    let (record, frames) = b_frames();
    let (mut converter, converted) = started(&program("hangs_once"), PLAN);
    converter.configure(record);
    push_until(&mut converter, &converted, &frames, Duration::from_millis(20), |said| match said {
        Converted::Frame(frame) => {
            assert!(frame.key_frame && frame.discontinuity);
            true
        }
        Converted::Config(_) => false,
        Converted::Failed(error) => panic!("{error}"),
    });
    assert!(converter.dropped() > 0, "what could not be taken was let fall");
    std::fs::remove_file(mark).expect("a mark");
}

#[test]
fn one_that_keeps_failing_is_given_up() {
    let (record, frames) = b_frames();
    let (mut converter, converted) = started(&program("fails"), PLAN);
    converter.configure(record);
    push_until(&mut converter, &converted, &frames, Duration::from_millis(1), |said| match said {
        Converted::Failed(error) => {
            assert!(matches!(error, ConvertError::KeepsFailing), "{error}");
            true
        }
        other => panic!("{other:?}"),
    });
    let key_frame = frames.iter().find(|frame| frame.key_frame).expect("a key frame");
    let began = Instant::now();
    while converter.push(key_frame.clone()) != Pushed::Dropped {
        assert!(began.elapsed() < PATIENCE, "nothing is taken any more");
        std::thread::yield_now();
    }
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let (record, frames) = b_frames();
    let (mut converter, converted) = started(Path::new("/nowhere/ffmpeg"), PLAN);
    converter.configure(record);
    converter.push(frames[0].clone());
    let said = converted.recv_timeout(PATIENCE).expect("an answer");
    assert!(matches!(&said, Converted::Failed(ConvertError::Missing(path)) if path == Path::new("/nowhere/ffmpeg")));
}

#[test]
fn dropped_it_is_gone_with_its_ffmpeg() {
    let (record, frames) = b_frames();
    let (mut converter, converted) = started(&program("sleeps"), PLAN);
    converter.configure(record);
    converter.push(frames[0].clone());
    drop(converter);
    // The sink goes with the last thread, and that one ends when the pipe does.
    let end = converted.recv_timeout(PATIENCE).expect_err("nothing was said");
    assert_eq!(end, std::sync::mpsc::RecvTimeoutError::Disconnected);
}

#[test]
fn the_queue_is_bounded_in_frames_and_bytes() {
    let (record, frames) = b_frames();
    let fill = |data: Bytes| {
        let (mut converter, _converted) = started(&program("sleeps"), PLAN);
        converter.configure(record.clone());
        let pushed = |index: u64| Frame {
            pts_us: index * 40_000,
            dts_us: index * 40_000,
            key_frame: true,
            data: data.clone(),
            ..frames[0].clone()
        };
        (0..).take_while(|index| converter.push(pushed(*index)) == Pushed::Taken).count()
    };
    // Some may be on their way into the pipe already.
    let taken = fill(Bytes::from(vec![0; 100_000]));
    assert!((QUEUE_FRAMES..QUEUE_FRAMES + 4).contains(&taken), "{taken}");
    let large = QUEUE_BYTES / 8;
    let taken = fill(Bytes::from(vec![0; large]));
    // The record counts too, until it is taken.
    assert!((7..=9).contains(&taken), "{taken}");
}

#[test]
fn other_codecs_and_pictures_without_a_beginning_are_not_taken() {
    let (_, frames) = b_frames();
    let (mut converter, _converted) = started(Path::new("ffmpeg"), PLAN);
    assert_eq!(converter.push(frames[1].clone()), Pushed::AwaitingKeyFrame);
    assert_eq!(converter.push(Frame { codec: Codec::Vp8, ..frames[0].clone() }), Pushed::WrongCodec);
}
