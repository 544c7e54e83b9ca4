//! A broadcast packaged out of real streams, played by real players.

mod support;

use hearth_media::{Codec, Live, Note, Options, Packager};
use m3u8_rs::Playlist;
use support::*;

const TEST_H264: &str = "-f lavfi -i testsrc2=size=320x180:rate=30:duration=6 -f lavfi -i sine=440:duration=6 \
     -c:v libx264 -preset ultrafast -g 60 -bf 2 -b:v 300k -c:a aac -ar 48000 -ac 2";

fn begin() -> (Live, Packager) {
    let live = Live::new(Options::new(START_MS));
    let packager = live.add("source").expect("a rendition");
    (live, packager)
}

async fn text(live: &Live, path: &str) -> String {
    let answer = live.answer(path, None, false).await;
    assert_eq!(answer.status, 200, "{path}");
    String::from_utf8(answer.body.concat()).expect("text")
}

fn codecs(streams: &[Stream]) -> Vec<&str> {
    streams.iter().map(|stream| stream.codec.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn h264_with_b_frames_and_aac_plays_frame_by_frame() {
    let sent = flv(TEST_H264);
    let (live, mut packager) = begin();
    push_all(&mut packager, &sent, START_MS);
    assert_eq!(packager.dropped(), Default::default());
    packager.finish().expect("an end");
    let address = serve(live.clone()).await;
    let url = format!("http://{address}/live/index.m3u8");
    let played = ffprobe(&url).await;
    assert_eq!(codecs(&played), ["h264", "aac"]);
    assert_eq!(played[0].frames, frames(&sent, Codec::H264));
    assert_eq!(played[0].size, Some((320, 180)));
    // Sound that begins a little after the pictures begins with silence.
    assert!((0..=3).contains(&(played[1].frames - frames(&sent, Codec::Aac))), "{played:?}");
    assert!(rises(&url).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn vp9_and_av1_with_opus_play() {
    let test = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=5";
    let vp9 =
        ivf(Codec::Vp9, 40_000, &format!("{test} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 50 -b:v 200k"));
    let av1 = ivf(Codec::Av1, 40_000, &format!("{test} -c:v libsvtav1 -preset 12 -g 50 -b:v 200k"));
    for (video, codec, name) in [(vp9, Codec::Vp9, "vp9"), (av1, Codec::Av1, "av1")] {
        let sent = interleaved(video, opus(5));
        let (live, mut packager) = begin();
        push_all(&mut packager, &sent, START_MS);
        packager.finish().expect("an end");
        let address = serve(live.clone()).await;
        let url = format!("http://{address}/live/index.m3u8");
        let played = ffprobe(&url).await;
        assert_eq!(codecs(&played), [name, "opus"]);
        assert_eq!(played[0].frames, frames(&sent, codec), "{name}");
        assert!(rises(&url).await, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_alone_and_pictures_alone_play() {
    let silent = flv("-f lavfi -i testsrc2=size=160x90:rate=30:duration=5 -c:v libx264 -preset ultrafast -g 60");
    for (sent, codec, name) in [(opus(5), Codec::Opus, "opus"), (silent, Codec::H264, "h264")] {
        let (live, mut packager) = begin();
        push_all(&mut packager, &sent, START_MS);
        packager.finish().expect("an end");
        let address = serve(live.clone()).await;
        let played = ffprobe(&format!("http://{address}/live/index.m3u8")).await;
        assert_eq!(codecs(&played), [name]);
        // A decoder of Opus leaves the pre-skip out, and may say so by a frame less.
        let off = played[0].frames.abs_diff(frames(&sent, codec));
        assert!(off <= usize::from(codec == Codec::Opus), "{played:?}");
    }
}

#[tokio::test]
async fn parts_are_the_bytes_of_their_segment_and_playlists_parse() {
    let sent = flv(TEST_H264);
    let (live, mut packager) = begin();
    push_all(&mut packager, &sent, START_MS);
    let playlist = text(&live, "source/live.m3u8").await;
    let Ok(Playlist::MediaPlaylist(parsed)) = m3u8_rs::parse_playlist_res(playlist.as_bytes()) else {
        panic!("not a media playlist:\n{playlist}");
    };
    assert_eq!(parsed.segments.len(), 2);
    for segment in &parsed.segments {
        assert!(segment.duration.round() <= parsed.target_duration as f32);
        let number = segment.uri.trim_end_matches(".m4s");
        let whole = live.answer(&format!("source/{}", segment.uri), None, false).await;
        let mut parts = Vec::new();
        while playlist.contains(&format!("URI=\"{number}.{}.m4s\"", parts.len())) {
            let part = live.answer(&format!("source/{number}.{}.m4s", parts.len()), None, false).await;
            assert_eq!(part.status, 200);
            parts.push(part.body.concat());
        }
        assert!(parts.len() >= 5, "{playlist}");
        assert_eq!(parts.concat(), whole.body.concat());
    }
    let multivariant = text(&live, "index.m3u8").await;
    let Ok(Playlist::MasterPlaylist(parsed)) = m3u8_rs::parse_playlist_res(multivariant.as_bytes()) else {
        panic!("not a multivariant playlist:\n{multivariant}");
    };
    assert_eq!(parsed.variants[0].uri, "source/live.m3u8");
    assert_eq!(parsed.variants[0].resolution.map(|size| (size.width, size.height)), Some((320, 180)));
    assert!((29.0..31.0).contains(&parsed.variants[0].frame_rate.expect("a frame rate")));
}

#[tokio::test]
async fn an_init_segment_reads_as_another_library_reads_mp4() {
    use mp4_atom::{Any, Buf, ReadFrom};
    let (live, mut packager) = begin();
    push_all(&mut packager, &flv(TEST_H264), START_MS);
    let init = live.answer("source/init-1.mp4", None, false).await;
    let segment = live.answer("source/0.m4s", None, false).await;
    let bytes = [init.body.concat(), segment.body.concat()].concat();
    let mut rest = bytes.as_slice();
    let mut kinds = Vec::new();
    while rest.has_remaining() {
        match Any::read_from(&mut rest).expect("a box") {
            Any::Moov(moov) => {
                assert_eq!(moov.trak.len(), 2);
                kinds.push("moov");
            }
            Any::Moof(moof) => {
                assert_eq!(moof.traf.len(), 2);
                kinds.push("moof");
            }
            Any::Mdat(_) => kinds.push("mdat"),
            Any::Ftyp(_) => kinds.push("ftyp"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(kinds[..4], ["ftyp", "moov", "moof", "mdat"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_size_gets_another_map_and_plays_on() {
    let (live, mut packager) = begin();
    let (wide, small) = (flv(TEST_H264), flv(&TEST_H264.replace("320x180", "160x90")));
    push_all(&mut packager, &wide, START_MS);
    push_all(&mut packager, &shifted(&small, 6_000_000), START_MS + 6_000);
    let notes = packager.take_notes();
    assert!(notes.iter().any(|note| matches!(note, Note::TracksChanged { size: Some((160, 90)), .. })), "{notes:?}");
    packager.finish().expect("an end");
    let playlist = text(&live, "source/live.m3u8").await;
    assert_eq!(playlist.matches("#EXT-X-MAP").count(), 2, "{playlist}");
    assert_eq!(playlist.matches("#EXT-X-DISCONTINUITY\n").count(), 1);
    // ffmpeg keeps to the first map of a playlist, so each stretch is played by itself.
    let folder = stretches(&live, &playlist).await;
    for (map, size) in [(1, (320, 180)), (2, (160, 90))] {
        let played = ffprobe(folder.join(format!("{map}.mp4")).to_str().expect("a path")).await;
        assert_eq!((played[0].frames, played[0].size), (180, Some(size)));
    }
    std::fs::remove_dir_all(folder).expect("the folder");
}

/// Each stretch of a playlist behind its init segment, in files `1.mp4`, `2.mp4`…
async fn stretches(live: &Live, playlist: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("hearth-maps-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut file = None;
    for line in playlist.lines() {
        let map = line.strip_prefix("#EXT-X-MAP:URI=\"").map(|rest| rest.trim_end_matches('"'));
        if let Some(name) = map.or((!line.starts_with('#')).then_some(line)) {
            let bytes = live.answer(&format!("source/{name}"), None, false).await.body.concat();
            if map.is_some() {
                let stem = name.trim_start_matches("init-");
                file = Some(std::fs::File::create(folder.join(stem)).expect("a file"));
            }
            std::io::Write::write_all(file.as_mut().expect("a map comes first"), &bytes).expect("room");
        }
    }
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_comes_back_with_another_clock_goes_on_without_a_hole() {
    let (live, mut packager) = begin();
    let sent = flv(TEST_H264);
    push_all(&mut packager, &shifted(&sent, 3_600_000_000), START_MS);
    push_all(&mut packager, &sent, START_MS + 18_000);
    packager.finish().expect("an end");
    let playlist = text(&live, "source/live.m3u8").await;
    assert_eq!(playlist.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "{playlist}");
    assert_eq!(playlist.matches("#EXT-X-MAP").count(), 1);
    let after = playlist.split("#EXT-X-DISCONTINUITY\n").nth(1).expect("a discontinuity");
    assert!(after.starts_with("#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:38."), "{after}");
    let address = serve(live.clone()).await;
    let url = format!("http://{address}/live/index.m3u8");
    assert_eq!(ffprobe(&url).await[0].frames, 360);
    assert!(rises(&url).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn ffmpeg_plays_along_while_it_is_live() {
    let (live, mut packager) = begin();
    let sent = flv(TEST_H264);
    let address = serve(live.clone()).await;
    let player = tokio::process::Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-live_start_index", "0", "-i"])
        .arg(format!("http://{address}/live/index.m3u8"))
        .args(["-map", "0:v", "-f", "framemd5", "pipe:1"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("ffmpeg runs");
    let encoder = tokio::task::spawn_blocking(move || {
        let began = std::time::Instant::now();
        for sent in &sent {
            match sent {
                Sent::Config(config) => packager.configure(config).expect("a configuration"),
                Sent::Frame(frame) => {
                    // The pace of an encoder: a frame exists when its time has come.
                    let due = std::time::Duration::from_micros(frame.dts_us);
                    std::thread::sleep(due.saturating_sub(began.elapsed()));
                    packager.push(frame, START_MS + frame.dts_us / 1000).expect("a frame");
                }
            }
        }
        packager.finish().expect("an end");
    });
    encoder.await.expect("the encoder");
    let out = tokio::time::timeout(std::time::Duration::from_secs(30), player.wait_with_output());
    let out = out.await.expect("in time").expect("ffmpeg");
    let text = String::from_utf8(out.stdout).expect("text");
    assert_eq!(text.lines().filter(|line| !line.starts_with('#')).count(), 180);
}
