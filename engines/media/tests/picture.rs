//! Pictures out of a broadcast.

mod support;

use hearth_media::{Live, Options, PICTURE_WIDTH_MAX, PictureError, Still, picture};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use support::*;

fn still() -> Still {
    let live = Live::new(Options { expect_audio: false, ..Options::new(START_MS) });
    let mut packager = live.add("source").expect("a rendition");
    assert!(live.still().is_none());
    let sent = flv("-f lavfi -i testsrc2=size=1280x720:rate=30:duration=3 -c:v libx264 -preset ultrafast -g 60 -bf 0");
    push_all(&mut packager, &sent, START_MS);
    live.still().expect("a key frame")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_frame_becomes_a_small_jpeg() {
    let still = still();
    assert_eq!(still.sequence, 1);
    let jpeg = picture(Path::new("ffmpeg"), &still).await.expect("a picture");
    let path = std::env::temp_dir().join(format!("hearth-picture-{}.jpg", std::process::id()));
    std::fs::write(&path, &jpeg).expect("room");
    let seen = ffprobe(path.to_str().expect("a path")).await;
    assert_eq!((seen[0].codec.as_str(), seen[0].size), ("mjpeg", Some((u64::from(PICTURE_WIDTH_MAX), 360))));
    std::fs::remove_file(path).expect("the file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_program_and_a_broken_still_are_told_apart() {
    let still = still();
    let missing = picture(Path::new("/nowhere/ffmpeg"), &still).await;
    assert!(matches!(missing, Err(PictureError::Missing(_))), "{missing:?}");
    let broken = Still { mp4: [still.mp4[0].clone(), still.mp4[1].slice(..60)], ..still };
    let broken = picture(Path::new("ffmpeg"), &broken).await;
    assert!(matches!(broken, Err(PictureError::Undecodable)), "{broken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_writes_without_end_or_never_ends_is_stopped() {
    let script = std::env::temp_dir().join(format!("hearth-never-{}.sh", std::process::id()));
    for (text, wanted) in [("exec yes", "ffmpeg made no picture of it"), ("exec sleep 60", "it took longer than 3 s")] {
        std::fs::write(&script, format!("#!/bin/sh\n{text}\n")).expect("room");
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("the file");
        let told = picture(&script, &still()).await.expect_err("no picture").to_string();
        assert_eq!(told, wanted);
    }
    std::fs::remove_file(script).expect("the file");
}
