//! The rules of Low-Latency HLS, by made-up streams in virtual time.

mod support;

use flate2::read::GzDecoder;
use hearth_media::{ADVANCE_PARTS_MAX, Answer, Follower, Frame, LATE_US, Live, Offer, Options, Packager, WAIT_TARGETS};
use std::io::Read as _;
use std::time::Duration;
use support::*;

const FRAME_US: u64 = 33_333;

/// Pictures at 30 a second with a key frame every 2 s, and sound, from frame `from` to `to`.
fn run(packager: &mut Packager, from: u64, to: u64) {
    let mut sounds = (from * FRAME_US).div_ceil(20_000);
    for index in from..to {
        let at_us = index * FRAME_US;
        packager.push(&picture(at_us, index % 60 == 0), START_MS + at_us / 1000).expect("a picture");
        while sounds * 20_000 < (index + 1) * FRAME_US {
            packager.push(&sound(sounds * 20_000), START_MS + sounds * 20).expect("sound");
            sounds += 1;
        }
    }
}

fn begin(options: Options) -> (Live, Packager) {
    let live = Live::new(options);
    let packager = live.add("source").expect("a rendition");
    (live, packager)
}

fn body(answer: &Answer) -> String {
    String::from_utf8(answer.body.concat()).expect("text")
}

async fn status(live: &Live, path: &str, query: &str) -> u16 {
    live.answer(path, Some(query), false).await.status
}

/// Compares with a file of `tests/golden`; with `UPDATE_GOLDEN` set, writes it.
fn golden(name: &str, text: &str) {
    let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).expect("the file");
    }
    assert_eq!(text, std::fs::read_to_string(&path).expect("the file"), "{name}");
}

#[tokio::test]
async fn playlists_read_as_they_always_did() {
    let (live, mut packager) = begin(Options::new(START_MS));
    run(&mut packager, 0, 700);
    golden("live.m3u8", &body(&live.answer("source/live.m3u8", None, false).await));
    golden("delta.m3u8", &body(&live.answer("source/live.m3u8", Some("_HLS_skip=YES"), false).await));
    golden("index.m3u8", &body(&live.answer("index.m3u8", None, false).await));
    packager.finish().expect("an end");
    golden("ended.m3u8", &body(&live.answer("source/live.m3u8", None, false).await));
}

#[tokio::test]
async fn a_compressed_playlist_is_the_same_playlist() {
    let (live, mut packager) = begin(Options::new(START_MS));
    run(&mut packager, 0, 400);
    let plain = live.answer("source/live.m3u8", None, false).await;
    let packed = live.answer("source/live.m3u8", None, true).await;
    assert_eq!((plain.encoding, packed.encoding, packed.varies), (None, Some("gzip"), true));
    let mut unpacked = String::new();
    GzDecoder::new(packed.body[0].as_ref()).read_to_string(&mut unpacked).expect("gzip");
    assert_eq!(unpacked, body(&plain));
    let again = live.answer("source/live.m3u8", None, true).await;
    assert_eq!(again.body[0].as_ptr(), packed.body[0].as_ptr(), "rendered once for everybody");
}

#[tokio::test(start_paused = true)]
async fn a_reload_waits_for_the_part_it_names() {
    let (live, mut packager) = begin(Options::new(START_MS));
    // 61 pictures close segment 0; 9 more make part 0 of segment 1.
    run(&mut packager, 0, 65);
    let waits = tokio::spawn({
        let live = live.clone();
        async move { live.answer("source/live.m3u8", Some("_HLS_msn=1&_HLS_part=0"), false).await }
    });
    let hinted = tokio::spawn({
        let live = live.clone();
        async move { live.answer("source/1.0.m4s", None, false).await }
    });
    while live.waiters() < 2 {
        tokio::task::yield_now().await;
    }
    run(&mut packager, 65, 71);
    let playlist = waits.await.expect("an answer");
    assert_eq!((playlist.status, playlist.cache_control), (200, "public, max-age=1"));
    assert!(body(&playlist).contains("URI=\"1.0.m4s\",INDEPENDENT=YES\n"), "{}", body(&playlist));
    let part = hinted.await.expect("an answer");
    assert_eq!((part.status, part.cache_control), (200, "public, max-age=3600, immutable"));
    assert_eq!(live.waiters(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_come_in_time_is_a_503_and_what_is_too_far_ahead_a_400() {
    let (live, mut packager) = begin(Options::new(START_MS));
    run(&mut packager, 0, 65);
    let began = tokio::time::Instant::now();
    assert_eq!(status(&live, "source/live.m3u8", "_HLS_msn=2&_HLS_part=0").await, 503);
    assert_eq!(began.elapsed(), Duration::from_secs(2 * WAIT_TARGETS));
    assert_eq!(status(&live, "source/live.m3u8", "_HLS_msn=3").await, 400);
    let last = format!("_HLS_msn=1&_HLS_part={ADVANCE_PARTS_MAX}");
    assert_eq!(status(&live, "source/live.m3u8", &last).await, 503);
    let past = format!("_HLS_msn=1&_HLS_part={}", ADVANCE_PARTS_MAX + 1);
    assert_eq!(status(&live, "source/live.m3u8", &past).await, 400);
    assert_eq!(status(&live, "source/live.m3u8", "_HLS_part=0").await, 400);
    assert_eq!(status(&live, "source/2.0.m4s", "").await, 503);
    assert_eq!(status(&live, "source/3.0.m4s", "").await, 400);
    assert_eq!(status(&live, "source/0.99.m4s", "").await, 404);
    assert_eq!(status(&live, "source/0.m4s", "").await, 200);
    assert_eq!(status(&live, "source/1.m4s", "").await, 404);
    assert_eq!(status(&live, "other/live.m3u8", "").await, 404);
    assert_eq!(status(&live, "source/init-9.mp4", "").await, 404);
    assert_eq!(live.waiters(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_request_more_than_may_wait_is_refused_and_the_others_go_on() {
    let (live, mut packager) = begin(Options { waiters_max: 3, ..Options::new(START_MS) });
    run(&mut packager, 0, 65);
    let wait = |live: Live| async move { live.answer("source/live.m3u8", Some("_HLS_msn=1"), false).await.status };
    let waiting: Vec<_> = (0..3).map(|_| tokio::spawn(wait(live.clone()))).collect();
    while live.waiters() < 3 {
        tokio::task::yield_now().await;
    }
    assert_eq!(wait(live.clone()).await, 503);
    run(&mut packager, 65, 130);
    for answer in waiting {
        assert_eq!(answer.await.expect("an answer"), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn before_the_first_segment_there_is_patience_and_after_the_end_no_waiting() {
    let (live, mut packager) = begin(Options::new(START_MS));
    assert_eq!(status(&live, "index.m3u8", "").await, 503);
    let early = tokio::spawn({
        let live = live.clone();
        async move { live.answer("index.m3u8", None, false).await.status }
    });
    while live.waiters() < 1 {
        tokio::task::yield_now().await;
    }
    run(&mut packager, 0, 65);
    assert_eq!(early.await.expect("an answer"), 200);
    packager.finish().expect("an end");
    let ended = live.answer("source/live.m3u8", Some("_HLS_msn=2"), false).await;
    assert!(body(&ended).ends_with("#EXT-X-ENDLIST\n"));
}

fn offer() -> Offer {
    Offer { codec: "avc1.42c01f".to_owned(), size: (640, 360), peak_bps: 700_000 }
}

fn with_pictures_alone() -> (Live, Packager, Follower) {
    let (live, mut source) = begin(Options { expect_audio: false, ..Options::new(START_MS) });
    source.lead();
    let mut small = live.follow("small", offer()).expect("a rendition");
    small.start();
    (live, source, small)
}

/// Pictures at 30 a second: when they arrive, and the picture.
fn pictures(at_us: u64, count: u64, wall_ms: u64) -> impl Iterator<Item = (u64, Frame)> {
    (0..count).map(move |index| (wall_ms + index * 33, picture(at_us + index * FRAME_US, index % 60 == 0)))
}

fn lead(source: &mut Packager, small: &mut Follower, (wall_ms, frame): &(u64, Frame)) {
    source.push(frame, *wall_ms).expect("a picture");
    small.lead(&source.take_pieces());
}

#[tokio::test]
async fn renditions_share_a_time_line_and_report_each_other() {
    let (live, mut source, mut small) = with_pictures_alone();
    // The second comes a second later, as a transcode does, and its publisher's clock jumps in between.
    let sent: Vec<_> = pictures(0, 200, START_MS).chain(pictures(9_000_000_000, 200, START_MS + 20_000)).collect();
    for (index, now) in sent.iter().enumerate() {
        lead(&mut source, &mut small, now);
        if let Some(before) = index.checked_sub(30) {
            small.push(&sent[before].1).expect("a picture");
        }
    }
    let [one, other] =
        [live.answer("source/live.m3u8", None, false).await, live.answer("small/live.m3u8", None, false).await];
    let (one, other) = (body(&one), body(&other));
    assert!(one.contains("#EXT-X-RENDITION-REPORT:URI=\"../small/live.m3u8\",LAST-MSN="), "{one}");
    let told = |text: &str| {
        let kept = ["#EXTINF", "#EXT-X-DISC", "#EXT-X-PROGRAM", "#EXT-X-MEDIA-SEQ", "#EXT-X-TARGET"];
        let lines = text.lines().filter(|line| kept.iter().any(|start| line.starts_with(start)));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let (source_told, small_told) = (told(&one), told(&other));
    assert!(source_told.iter().any(|line| line == "#EXT-X-DISCONTINUITY"), "{one}");
    let common = source_told.len().min(small_told.len());
    assert!(common + 2 >= source_told.len(), "{one}\n{other}");
    assert_eq!(source_told[..common], small_told[..common], "{one}\n{other}");
    assert!(!other.contains("../source/init"), "all segments are its own:\n{other}");
    let both = body(&live.answer("index.m3u8", None, false).await);
    assert_eq!(both.matches("#EXT-X-STREAM-INF").count(), 2);
    small.offer(None);
    let both = body(&live.answer("index.m3u8", None, false).await);
    assert_eq!(both.matches("#EXT-X-STREAM-INF").count(), 1, "no longer offered");
    assert_eq!(status(&live, "small/live.m3u8", "").await, 200, "but still there for who watches it");
}

#[tokio::test]
async fn what_comes_too_late_is_the_source_in_its_place() {
    let (live, mut source, mut small) = with_pictures_alone();
    // The first segment's pictures come in time, with the first of the second; then none does, until it is too late.
    let late = LATE_US / FRAME_US;
    let mut waited_for = false;
    for (index, now) in (0..).zip(pictures(0, 60 + late + 70, START_MS)) {
        lead(&mut source, &mut small, &now);
        if index <= 60 {
            small.push(&now.1).expect("a picture");
        }
        if index == 60 + late - 1 {
            let text = body(&live.answer("small/live.m3u8", None, false).await);
            waited_for = text.contains("\n0.m4s\n") && !text.contains("1.0.m4s\n");
        }
    }
    let text = body(&live.answer("small/live.m3u8", None, false).await);
    assert!(waited_for, "{text}");
    assert!(text.contains("URI=\"init-1.mp4\"") && text.contains("\n0.m4s\n"), "{text}");
    assert!(text.contains("\n1.m4s\n"), "begun with a picture of its own, it stays its own:\n{text}");
    assert!(text.contains("#EXT-X-MAP:URI=\"../source/init-1.mp4\"") && text.contains("\n../source/2.m4s\n"), "{text}");
    assert_eq!(status(&live, "small/2.m4s", "").await, 404);
    assert_eq!(status(&live, "source/2.m4s", "").await, 200);
}

#[tokio::test]
async fn segments_fall_out_at_the_end_of_the_window_and_are_gone() {
    let mut options = Options::new(START_MS);
    options.limits.window_us = 8_000_000;
    let (live, mut packager) = begin(options);
    run(&mut packager, 0, 1200);
    let playlist = body(&live.answer("source/live.m3u8", None, false).await);
    assert!(playlist.contains("#EXT-X-MEDIA-SEQUENCE:15\n"), "{playlist}");
    assert_eq!(status(&live, "source/14.m4s", "").await, 404);
    assert_eq!(status(&live, "source/15.m4s", "").await, 200);
    assert_eq!(status(&live, "source/14.0.m4s", "").await, 404);
}

#[tokio::test]
async fn names_go_on_rising_over_a_restart() {
    let (before, mut packager) = begin(Options::new(START_MS));
    run(&mut packager, 0, 65);
    let (after, mut packager) = begin(Options::new(START_MS + 10_000));
    run(&mut packager, 0, 65);
    assert_eq!(status(&before, "source/0.m4s", "").await, 200);
    assert_eq!(status(&after, "source/0.m4s", "").await, 404);
    assert_eq!(status(&after, "source/10.m4s", "").await, 200);
    assert_eq!(status(&after, "source/init-11.mp4", "").await, 200);
}

#[test]
fn a_rendition_has_a_name_of_its_own_and_there_are_not_too_many() {
    let (live, _source) = begin(Options::new(START_MS));
    for bad in ["", "..", "a/b", "Source", "source", &"x".repeat(hearth_media::NAME_BYTES_MAX + 1)] {
        assert!(live.follow(bad, offer()).is_err(), "{bad}");
    }
    let more: Vec<_> =
        (1..=hearth_media::RENDITIONS_MAX).map(|index| live.follow(&format!("r{index}"), offer()).is_ok()).collect();
    assert_eq!(more.iter().filter(|added| **added).count(), hearth_media::RENDITIONS_MAX - 1);
}
