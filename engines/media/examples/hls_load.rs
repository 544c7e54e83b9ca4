//! Requests a second and core: playlists (blocking and not) and parts, with few and many viewers.
//!
//! `ulimit -n 30000; cargo run --release -p hearth-media --example hls_load`
//!
//! The server has one thread; its own CPU time is what requests are divided by. Viewers have another thread and ask over
//! real sockets, with HTTP/1.1 kept alive.

#[path = "../tests/support/mod.rs"]
mod support;

use hearth_media::{Frame, Live, Options, Packager};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use support::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const ROUND: Duration = Duration::from_secs(4);

fn thread_cpu_seconds() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call fills the structure it is given.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut now) };
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A broadcast of 3 Mbit/s, with `index` pictures so far.
struct Encoder {
    packager: Packager,
    index: u64,
}

impl Encoder {
    fn part(&mut self) {
        for _ in 0..9 {
            let at_us = self.index * 33_333;
            let frame = picture(at_us, self.index.is_multiple_of(60));
            let mut data = frame.data.to_vec();
            data.extend_from_slice(&12_400u32.to_be_bytes());
            data.resize(data.len() + 12_400, 0x41);
            let wall_ms = START_MS + at_us / 1000;
            self.packager.push(&Frame { data: data.into(), ..frame }, wall_ms).expect("a picture");
            self.packager.push(&sound(at_us), wall_ms).expect("sound");
            self.index += 1;
        }
    }
}

/// A window of two minutes, which is what most requests see.
fn begin() -> (Live, Encoder) {
    let live = Live::new(Options::new(START_MS));
    let packager = live.add("source").expect("a rendition");
    let mut encoder = Encoder { packager, index: 0 };
    (0..400).for_each(|_| encoder.part());
    (live, encoder)
}

fn answer_only(live: &Live) {
    let next = live.renditions()[0].snapshot().next;
    let part = format!("source/{}.0.m4s", next - 1);
    let reload = format!("_HLS_msn={}&_HLS_part=0&_HLS_skip=YES", next - 1);
    let asks = [
        ("playlist", "source/live.m3u8", None),
        ("reload", "source/live.m3u8", Some(reload.as_str())),
        ("part", part.as_str(), None),
    ];
    runtime().block_on(async {
        for (what, path, query) in asks {
            const COUNT: u32 = 500_000;
            let began = thread_cpu_seconds();
            for _ in 0..COUNT {
                assert_eq!(live.answer(path, query, true).await.status, 200);
            }
            let rate = f64::from(COUNT) / (thread_cpu_seconds() - began);
            println!("answer alone  {what:<16} {rate:>10.0} a second and core");
        }
    });
}

/// Reads one answer; its body is passed over. Returns its status.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<u16> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        let len =
            head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.trim().parse::<usize>().ok());
        let mut missing = (end + 4 + len.unwrap_or(0)).saturating_sub(buffer.len());
        let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
        while missing > 0 {
            buffer.clear();
            missing = missing.saturating_sub(stream.read_buf(buffer).await?);
        }
        return Ok(status);
    }
}

#[derive(Default)]
struct Counts {
    answers: AtomicU64,
    failures: AtomicU64,
    ends: AtomicBool,
}

/// One viewer: asks again as soon as it has an answer.
async fn view(address: SocketAddr, what: What, live: Live, counts: Arc<Counts>) {
    let Ok(mut stream) = TcpStream::connect(address).await else {
        counts.failures.fetch_add(1, Ordering::Relaxed);
        return;
    };
    let mut buffer = Vec::with_capacity(64 * 1024);
    while !counts.ends.load(Ordering::Relaxed) {
        let snapshot = live.renditions()[0].snapshot();
        let (next, part) = (snapshot.next, snapshot.parts().len());
        let target = match what {
            What::Playlist => "source/live.m3u8?_HLS_skip=YES".to_owned(),
            What::Part => format!("source/{}.0.m4s", next - 1),
            What::Blocking => format!("source/live.m3u8?_HLS_msn={next}&_HLS_part={part}&_HLS_skip=YES"),
        };
        let request = format!("GET /live/{target} HTTP/1.1\r\nhost: hearth\r\naccept-encoding: gzip\r\n\r\n");
        if stream.write_all(request.as_bytes()).await.is_err() {
            break;
        }
        match read_answer(&mut stream, &mut buffer).await {
            Ok(200) => counts.answers.fetch_add(1, Ordering::Relaxed),
            _ => counts.failures.fetch_add(1, Ordering::Relaxed),
        };
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Playlist,
    Part,
    Blocking,
}

/// Serves on a thread of its own; sends its address, and its CPU time when told to end.
fn server(live: Live, ends: tokio::sync::oneshot::Receiver<()>) -> (SocketAddr, std::thread::JoinHandle<f64>) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        runtime().block_on(async {
            sender.send(serve(live).await).expect("somebody waits");
            let began = thread_cpu_seconds();
            let _ = ends.await;
            thread_cpu_seconds() - began
        })
    });
    (receiver.recv().expect("an address"), thread)
}

fn over_sockets(what: What, viewers: usize) {
    let (live, mut encoder) = begin();
    let (end, ends) = tokio::sync::oneshot::channel();
    let (address, thread) = server(live.clone(), ends);
    let counts = Arc::new(Counts::default());
    runtime().block_on(async {
        let tasks: Vec<_> =
            (0..viewers).map(|_| tokio::spawn(view(address, what, live.clone(), counts.clone()))).collect();
        let began = Instant::now();
        while began.elapsed() < ROUND {
            if what == What::Blocking && live.waiters() == viewers {
                encoder.part();
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        counts.ends.store(true, Ordering::Relaxed);
        encoder.part();
        encoder.part();
        for task in tasks {
            let _ = task.await;
        }
    });
    let _ = end.send(());
    let cpu = thread.join().expect("the server");
    let (answers, failures) = (counts.answers.load(Ordering::Relaxed), counts.failures.load(Ordering::Relaxed));
    let rate = answers as f64 / cpu;
    println!(
        "over sockets  {what:<9?} {viewers:>6} viewers {rate:>8.0} a second and core ({answers} in {cpu:.1} s of CPU, {failures} failed)"
    );
}

fn main() {
    // Ten thousand viewers take twice as many files.
    let limit = libc::rlimit { rlim_cur: 30_000, rlim_max: 30_000 };
    // SAFETY: the call reads the structure it is given.
    unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    let (live, _encoder) = begin();
    answer_only(&live);
    for viewers in [1, 1_000, 10_000] {
        for what in [What::Playlist, What::Blocking, What::Part] {
            over_sockets(what, viewers);
        }
    }
}
