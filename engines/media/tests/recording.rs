//! Recordings: ended well, killed, and interrupted.

mod support;

use hearth_media::{Body, Codec, Live, Note, Options, RecordingError, recover};
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::*;

const TEST_H264: &str = "-f lavfi -i testsrc2=size=320x180:rate=30:duration=7 -f lavfi -i sine=440:duration=7 \
     -c:v libx264 -preset ultrafast -g 60 -bf 2 -b:v 300k -c:a aac -ar 48000 -ac 2";
const CHILD: &str = "HEARTH_TEST_RECORDS_INTO";

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hearth-recording-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).expect("a file")
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a path").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn joined(folder: &Folder, download: &hearth_media::Download) -> String {
    let whole = [&download.head, &download.body].map(|path| std::fs::read(path).expect("a file")).concat();
    assert_eq!(whole.len() as u64, download.bytes);
    std::fs::write(folder.0.join("whole.mp4"), whole).expect("room");
    folder.path("whole.mp4")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_plays_as_a_playlist_and_as_one_file() {
    let folder = Folder::new("plain");
    let sent = flv(TEST_H264);
    let live = Live::new(Options::new(START_MS));
    let mut packager = live.add("source").expect("a rendition");
    packager.record(&folder.0).expect("a folder");
    push_all(&mut packager, &sent, START_MS);
    let recorded = packager.finish().expect("an end").expect("a recording");
    assert!(recorded.duration_ms.abs_diff(7_000) < 100, "{recorded:?}");
    assert_eq!((recorded.width, recorded.height, recorded.started_at_ms), (Some(320), Some(180), START_MS));
    let played = ffprobe(&folder.path("media.m3u8")).await;
    assert_eq!(played[0].frames, frames(&sent, Codec::H264));
    let playlist = folder.read("media.m3u8");
    assert!(playlist.contains("#EXT-X-INDEPENDENT-SEGMENTS\n") && playlist.ends_with("#EXT-X-ENDLIST\n"), "{playlist}");
    m3u8_rs::parse_media_playlist_res(playlist.as_bytes()).expect("a media playlist");
    m3u8_rs::parse_master_playlist_res(folder.read("index.m3u8").as_bytes()).expect("a multivariant playlist");
    let whole = joined(&folder, &recorded.download.expect("tracks never changed"));
    let played = ffprobe(&whole).await;
    assert_eq!(played[0].frames, frames(&sent, Codec::H264));
    assert!((played[0].seconds - 7.0).abs() < 0.1 && (played[1].seconds - 7.0).abs() < 0.1, "{played:?}");
    assert!(rises(&whole).await);
}

#[test]
fn what_a_crash_left_half_written_is_cut_off_and_the_rest_ends_as_if_by_itself() {
    let folder = Folder::new("crash");
    let live = Live::new(Options::new(START_MS));
    let mut packager = live.add("source").expect("a rendition");
    packager.record(&folder.0).expect("a folder");
    push_all(&mut packager, &flv(TEST_H264), START_MS);
    let ended = packager.finish().expect("an end").expect("a recording");
    let names = ["media.m3u8", "index.m3u8", "head.mp4", "journal.jsonl", "0.mp4"];
    let read = || names.map(|name| std::fs::read(folder.0.join(name)).expect("a file"));
    let before = read();
    assert_eq!(recover(&folder.0).expect("a recording"), ended, "ending twice changes nothing");
    assert_eq!(read(), before);
    // As a crash leaves it: no end, a part without its line, and half a line.
    let journal = folder.read("journal.jsonl");
    let lines = journal.trim_end().strip_suffix("\"End\"").expect("an end");
    std::fs::write(folder.0.join("journal.jsonl"), format!("{lines}{{\"Part\":{{\"off")).expect("room");
    let mut media = std::fs::OpenOptions::new().append(true).open(folder.0.join("0.mp4")).expect("the file");
    media.write_all(&[7; 1000]).expect("room");
    for name in ["media.m3u8", "index.m3u8", "head.mp4"] {
        std::fs::remove_file(folder.0.join(name)).expect("the file");
    }
    assert_eq!(recover(&folder.0).expect("a recording"), ended);
    assert_eq!(read(), before);
    // A line without its part, as a loss of power may leave it.
    let short = std::fs::metadata(folder.0.join("0.mp4")).expect("the file").len() - 10;
    media.set_len(short).expect("the file");
    let shorter = recover(&folder.0).expect("a recording");
    assert!(shorter.duration_ms < ended.duration_ms && shorter.duration_ms + 700 > ended.duration_ms, "{shorter:?}");
}

/// Not a test of its own: the process that the next one kills.
#[test]
fn records_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let live = Live::new(Options::new(START_MS));
    let mut packager = live.add("source").expect("a rendition");
    packager.record(Path::new(&folder)).expect("a folder");
    let began = Instant::now();
    for index in 0.. {
        let at_us = index * 33_333;
        // The pace of an encoder.
        std::thread::sleep(Duration::from_micros(at_us).saturating_sub(began.elapsed()));
        packager.push(&picture(at_us, index % 60 == 0), START_MS + at_us / 1000).expect("a picture");
        for half in 0..2 {
            packager.push(&sound(at_us + half * 16_666), START_MS + at_us / 1000).expect("sound");
        }
        println!("pushed {}", at_us / 1000);
    }
}

#[test]
fn kill_9_loses_a_second_at_most() {
    let folder = Folder::new("killed");
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "records_until_it_is_killed", "--nocapture"])
        .env(CHILD, &folder.0)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let lines = std::io::BufReader::new(child.stdout.take().expect("its output")).lines().map_while(Result::ok);
    let pushed = lines.filter_map(|line| line.split("pushed ").nth(1)?.trim().parse::<u64>().ok());
    let last_ms = pushed.into_iter().find(|pushed_ms| *pushed_ms >= 3_500).expect("it pushes");
    // `Child::kill` is SIGKILL.
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    let recorded = recover(&folder.0).expect("a recording");
    assert!(recorded.duration_ms + 1_000 >= last_ms, "{} of {last_ms} ms", recorded.duration_ms);
    assert_eq!(recover(&folder.0).expect("a recording"), recorded);
}

#[test]
fn an_interruption_takes_no_media_time_and_the_wall_clock_is_known_for_each_moment() {
    let folder = Folder::new("interrupted");
    let live = Live::new(Options::new(START_MS));
    let mut packager = live.add("source").expect("a rendition");
    packager.record(&folder.0).expect("a folder");
    let sent = flv(TEST_H264);
    push_all(&mut packager, &sent, START_MS);
    push_all(&mut packager, &shifted(&sent, 19_000_000), START_MS + 19_000);
    let recorded = packager.finish().expect("an end").expect("a recording");
    assert!(recorded.duration_ms.abs_diff(14_000) < 200, "{recorded:?}");
    let at = |after_ms: u64| recorded.times.media_ms_of(START_MS + after_ms);
    assert_eq!((at(0), at(3_000)), (0, 3_000));
    assert!(at(12_000).abs_diff(7_000) < 100, "silence belongs to what comes after: {}", at(12_000));
    assert!(at(21_000).abs_diff(9_000) < 100, "{}", at(21_000));
    assert!(recorded.times.wall_ms_of(9_000).abs_diff(START_MS + 21_000) < 100);
    assert_eq!(folder.read("media.m3u8").matches("#EXT-X-DISCONTINUITY").count(), 1);
    assert!(recorded.download.is_some());
}

#[test]
fn a_recording_that_fails_is_told_and_the_broadcast_goes_on() {
    let folder = Folder::new("failing");
    let live = Live::new(Options::new(START_MS));
    let mut packager = live.add("source").expect("a rendition");
    packager.record(&folder.0).expect("a folder");
    let mut other = Live::new(Options::new(START_MS)).add("source").expect("a rendition");
    assert!(matches!(other.record(&folder.0), Err(RecordingError::Exists)));
    std::fs::create_dir(folder.0.join("0.mp4")).expect("something in the way");
    let sent = flv(TEST_H264);
    let mut notes = Vec::new();
    for round in 0..50 {
        push_all(&mut packager, &shifted(&sent, round * 7_000_000), START_MS + round * 7_000);
        notes.extend(packager.take_notes());
        if notes.contains(&Note::RecordingStopped(RecordingError::Exists)) {
            break;
        }
        std::thread::yield_now();
    }
    assert!(notes.contains(&Note::RecordingStopped(RecordingError::Exists)), "{notes:?}");
    let before = live.renditions()[0].snapshot().next;
    push_all(&mut packager, &shifted(&sent, 400_000_000), START_MS + 400_000);
    assert!(live.renditions()[0].snapshot().next > before + 2);
    assert_eq!(packager.finish(), Ok(None));
}

#[tokio::test]
async fn what_left_memory_is_served_from_the_recording_byte_for_byte() {
    let folder = Folder::new("spilled");
    let mut options = Options::new(START_MS);
    options.limits.hot_bytes = 100_000;
    let live = Live::new(options);
    let mut packager = live.add("source").expect("a rendition");
    packager.record(&folder.0).expect("a folder");
    let sent = flv(TEST_H264);
    push_all(&mut packager, &sent, START_MS);
    let early = live.answer("source/0.m4s", None, false).await.body.concat();
    let mut rounds = 0;
    while !matches!(live.renditions()[0].snapshot().closed[0].body, Body::File { .. }) {
        rounds += 1;
        assert!(rounds < 50, "nothing leaves memory");
        let snapshot = live.renditions()[0].snapshot();
        let closed: usize = snapshot.closed.iter().map(|segment| segment.bytes).sum();
        // Frames come here faster than from any encoder: the disk gets its time.
        while std::fs::metadata(folder.0.join("0.mp4")).map_or(0, |file| file.len()) < closed as u64 {
            std::thread::yield_now();
        }
        push_all(&mut packager, &shifted(&sent, rounds * 7_000_000), START_MS + rounds * 7_000);
    }
    let late = live.answer("source/0.m4s", None, false).await;
    assert_eq!(late.body.concat(), early);
    let playlist = live.answer("source/live.m3u8", None, false).await.body.concat();
    assert!(String::from_utf8(playlist).expect("text").contains("\n0.m4s\n"));
}
