//! What packaging and recording a broadcast of 3 Mbit/s, 30 pictures and 50 Opus packets a second cost.
//!
//! `cargo run --release -p hearth-media --example package_cost`

#[path = "../tests/support/mod.rs"]
mod support;

use bytes::Bytes;
use hearth_media::{Frame, Live, Options};
use support::*;

const SECONDS: u64 = 600;
const FRAME_BYTES: usize = 3_000_000 / 8 / 30;

/// CPU time of the whole process so far, in seconds.
fn cpu_seconds() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call fills the structure it is given.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut now) };
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// A picture of the size that the bit rate asks for.
fn padded(at_us: u64, key_frame: bool) -> Frame {
    let frame = picture(at_us, key_frame);
    let mut data = frame.data.to_vec();
    let nal = vec![0x41; FRAME_BYTES - data.len() - 4];
    data.extend_from_slice(&(nal.len() as u32).to_be_bytes());
    data.extend_from_slice(&nal);
    Frame { data: data.into(), ..frame }
}

fn main() {
    let folder = std::env::temp_dir().join(format!("hearth-package-cost-{}", std::process::id()));
    for records in [false, true] {
        let mut options = Options::new(START_MS);
        options.limits.memory_bytes = 64 * 1024 * 1024;
        let live = Live::new(options);
        let mut packager = live.add("source").expect("a rendition");
        if records {
            packager.record(&folder).expect("a folder");
        }
        let (key, delta) = (padded(0, true).data, padded(0, false).data);
        let packet = Bytes::from(vec![0xfc; 160]);
        let began = cpu_seconds();
        for index in 0..SECONDS * 30 {
            let at_us = index * 33_333;
            let key_frame = index % 60 == 0;
            // Every frame in memory of its own, as from a socket.
            let data = Bytes::copy_from_slice(if key_frame { &key } else { &delta });
            let frame = Frame { data, ..picture_at(at_us, key_frame) };
            packager.push(&frame, START_MS + at_us / 1000).expect("a picture");
            for half in 0..(1 + u64::from(index % 3 != 0)) {
                let frame = Frame { data: packet.clone(), ..sound(at_us + half * 20_000) };
                packager.push(&frame, START_MS + at_us / 1000).expect("sound");
            }
            if records && index % 200 == 0 {
                // A disk is given the time that it would have had.
                std::thread::sleep(std::time::Duration::from_millis(30));
            }
        }
        let notes = packager.take_notes();
        let recorded = packager.finish().expect("an end");
        let share = (cpu_seconds() - began) / SECONDS as f64 * 100.0;
        let what = if records { "packaging and recording" } else { "packaging" };
        println!("{what}: {share:.3} % of a core ({} notes)", notes.len());
        if let Some(recorded) = recorded {
            println!("recorded {} s, {} MB", recorded.duration_ms / 1000, recorded.bytes / 1_000_000);
        }
    }
    let _ = std::fs::remove_dir_all(folder);
}

fn picture_at(at_us: u64, key_frame: bool) -> Frame {
    let codec = hearth_media::Codec::H264;
    Frame { codec, pts_us: at_us, dts_us: at_us, key_frame, discontinuity: false, data: Bytes::new() }
}
