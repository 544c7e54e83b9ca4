//! What conversion adds: delay, and time of a processor.
//!
//! ```sh
//! cargo run --release -p hearth-media --example convert_cost
//! ```

use bytes::Bytes;
use hearth_media::convert::{AacToOpus, Aim, Converted, KeyFrames, Preset, VideoConverter, VideoInput, VideoPlan};
use hearth_media::{Codec, Frame, rungs_below};
use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SECONDS: u32 = 15;

type Failure = Box<dyn Error>;

fn ffmpeg(arguments: &str) -> Result<Vec<u8>, Failure> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin"]).args(arguments.split_whitespace()).arg("pipe:1");
    Ok(command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?.stdout)
}

/// Record and frames of an FLV file.
fn flv(file: &[u8]) -> (Bytes, Vec<Frame>) {
    let (mut record, mut frames) = (Bytes::new(), Vec::new());
    let mut rest = &file[13..];
    while rest.len() > 15 {
        let length = u32::from_be_bytes([0, rest[1], rest[2], rest[3]]) as usize;
        let dts_us = u64::from(u32::from_be_bytes([rest[7], rest[4], rest[5], rest[6]])) * 1_000;
        let body = &rest[11..11 + length];
        let data = || Bytes::copy_from_slice(&body[5..]);
        if rest[0] == 9 && body[1] == 0 {
            record = data();
        } else if rest[0] == 9 && body[1] == 1 {
            let composition_us = u64::from(u32::from_be_bytes([0, body[2], body[3], body[4]])) * 1_000;
            let (pts_us, key_frame) = (dts_us + composition_us, body[0] >> 4 == 1);
            frames.push(Frame { codec: Codec::H264, pts_us, dts_us, key_frame, discontinuity: false, data: data() });
        }
        rest = &rest[15 + length..];
    }
    (record, frames)
}

fn cpu_of(who: libc::c_int) -> Duration {
    // SAFETY: a zeroed rusage is a value of it, and the call fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(who, &raw mut usage);
        usage
    };
    let of = |time: libc::timeval| Duration::from_micros(time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64);
    of(usage.ru_utime) + of(usage.ru_stime)
}

/// Pushes at the pace of playback; gives the delays, sorted, from push to sink.
fn delays(plan: VideoPlan, record: &Bytes, frames: &[Frame]) -> Result<Vec<Duration>, Failure> {
    let pushed: Arc<Mutex<HashMap<u64, Instant>>> = Arc::default();
    let delays: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let (seen, found) = (pushed.clone(), delays.clone());
    let mut converter = VideoConverter::start(Path::new("ffmpeg"), plan, move |said| {
        if let Converted::Frame(frame) = said
            && let Some(at) = seen.lock().ok().and_then(|mut seen| seen.remove(&frame.pts_us))
            && let Ok(mut found) = found.lock()
        {
            found.push(at.elapsed());
        }
    })?;
    converter.configure(record.clone());
    let began = Instant::now();
    for frame in frames {
        let due = began + Duration::from_micros(frame.dts_us - frames[0].dts_us);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        pushed.lock().map_err(|_| "a fault in the sink")?.insert(frame.pts_us, Instant::now());
        converter.push(frame.clone());
    }
    converter.finish();
    let mut delays = delays.lock().map_err(|_| "a fault in the sink")?.clone();
    delays.sort_unstable();
    Ok(delays)
}

fn main() -> Result<(), Failure> {
    println!("video, 30 frames a second, {SECONDS} s at the pace of playback, one thread");
    for (size, source_bps, b_frames) in
        [("1280x720", 3_000_000, 2), ("1920x1080", 6_000_000, 2), ("1280x720", 3_000_000, 0)]
    {
        let file = ffmpeg(&format!(
            "-f lavfi -i testsrc2=s={size}:r=30:d={SECONDS} -c:v libx264 -preset veryfast -b:v {source_bps} -bf {b_frames} -g 60 -f flv"
        ))?;
        let (record, frames) = flv(&file);
        let plan = |height_px, bitrate_bps, preset, key_frames, aim| VideoPlan {
            input: VideoInput::H264,
            height_px,
            bitrate_bps,
            threads: 1,
            preset,
            key_frames,
            aim,
        };
        let same = |preset| plan(None, source_bps, preset, KeyFrames::Often, Aim::Rate);
        let mut plans =
            vec![("same size, ultrafast", same(Preset::Ultrafast)), ("same size, veryfast", same(Preset::Veryfast))];
        let height_px = size.split('x').nth(1).ok_or("a size")?.parse()?;
        plans.extend(rungs_below(height_px).map(|rung| (rung.name, rung.plan())));
        for (name, plan) in plans {
            let before = cpu_of(libc::RUSAGE_CHILDREN);
            let delays = delays(plan, &record, &frames)?;
            let share = (cpu_of(libc::RUSAGE_CHILDREN) - before).as_secs_f64() / f64::from(SECONDS);
            let at = |share: f64| delays.get((delays.len() as f64 * share) as usize).map_or(0, Duration::as_millis);
            let out = delays.len();
            println!(
                "{size}, {b_frames} B-frames → {name}: {out}/{} frames, delay p50 {} ms, p95 {} ms, CPU {:.0} % of a core",
                frames.len(),
                at(0.5),
                at(0.95),
                share * 100.0
            );
        }
    }
    let file = ffmpeg("-f lavfi -i sine=d=60:r=44100 -ac 2 -c:a aac -b:a 160k -f adts")?;
    let mut converter = AacToOpus::new(&[0x12, 0x10])?;
    let (before, mut rest, mut index, mut packets) = (cpu_of(libc::RUSAGE_SELF), &file[..], 0_u64, 0);
    while rest.len() > 7 {
        let length = usize::from(rest[3] & 3) << 11 | usize::from(rest[4]) << 3 | usize::from(rest[5] >> 5);
        packets += converter.push(index * 1_024_000_000 / 44_100, &rest[7..length])?.len();
        rest = &rest[length..];
        index += 1;
    }
    let share = (cpu_of(libc::RUSAGE_SELF) - before).as_secs_f64() / 60.0;
    println!("sound, AAC 44.1 kHz stereo → Opus: {packets} packets, CPU {:.2} % of a core", share * 100.0);
    Ok(())
}
