//! Files from whoever likes to send some.

use crate::support::*;
use hearth_conversion::{Failure, Limits, Refusal, Tools, convert};
use std::net::TcpListener;
use std::path::Path;

fn refused<T>(answer: Result<T, Failure>) -> Refusal {
    match answer {
        Err(Failure::Refused(refusal)) => refusal,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was taken"),
    }
}

/// A server at which nobody may knock.
struct Nobody(TcpListener);

impl Nobody {
    fn new() -> (Self, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let port = listener.local_addr().expect("an address").port();
        (Self(listener), port)
    }

    fn came(&self) -> bool {
        self.0.accept().is_ok()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_drawings_dressed_as_films_make_nobody_fetch_anything() {
    let folder = Folder::new("dressed");
    let (nobody, port) = Nobody::new();
    let secret = folder.film("secret.mp4", "-f lavfi -i testsrc2=size=64x64:duration=1");
    let (address, secret) = (format!("http://127.0.0.1:{port}/a"), secret.display());
    let dressed = [
        ("hls", format!("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{address}.ts\n#EXT-X-ENDLIST\n")),
        (
            "hls of files",
            format!(
                "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"{secret}\"\n#EXTINF:4,\n{secret}\n#EXT-X-ENDLIST\n"
            ),
        ),
        ("concat", format!("ffconcat version 1.0\nfile '{secret}'\n")),
        ("concat of addresses", format!("ffconcat version 1.0\nfile '{address}.mp4'\n")),
        (
            "dash",
            format!(
                "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" mediaPresentationDuration=\"PT4S\"><Period><AdaptationSet><Representation id=\"1\"><BaseURL>{address}.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>"
            ),
        ),
        (
            "svg",
            format!(
                "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"90\" height=\"90\"><image xlink:href=\"{address}.png\" width=\"90\" height=\"90\"/></svg>"
            ),
        ),
        (
            "sdp",
            format!(
                "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=a\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n"
            ),
        ),
        ("smil", format!("RTSPtextRTSP://127.0.0.1:{port}/a\n")),
        ("text", "This is no film.\n".repeat(1_000)),
        ("subtitles", "1\n00:00:01,000 --> 00:00:02,000\nHello\n".to_owned()),
    ];
    for (name, content) in dressed {
        for ending in ["mp4", "mkv", "m3u8", "ts"] {
            let file = folder.at(&format!("{name}.{ending}"));
            std::fs::write(&file, &content).expect("room");
            assert_eq!(refused(probed(&file).await), Refusal::Unreadable, "{name}.{ending}");
        }
    }
    assert!(!nobody.came(), "somebody fetched something");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_would_connect_can_not() {
    let folder = Folder::new("offline");
    let (nobody, port) = Nobody::new();
    // To show that it would: without supervision it does.
    let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port} && echo connected > \"$OUT\" ");
    let program = folder.program(&script);
    let out = folder.at("said");
    assert!(std::process::Command::new(&program).env("OUT", &out).status().expect("a shell").success());
    assert!(nobody.came() && out.exists());
    let found = Tools::find(&program, Path::new("ffprobe")).await;
    assert!(matches!(&found, Err(Failure::Failed(said)) if said.contains("Permission denied")), "{found:?}");
    assert!(!nobody.came(), "it has made a socket");
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_files_are_refused_with_the_reason() {
    let folder = Folder::new("broken");
    let whole = folder.film(
        "whole.mp4",
        "-f lavfi -i testsrc2=size=320x180:rate=30:duration=8 -c:v libx264 -preset ultrafast -movflags +faststart",
    );
    let bytes = std::fs::read(&whole).expect("a film");
    let write = |name: &str, content: &[u8]| {
        std::fs::write(folder.at(name), content).expect("room");
        folder.at(name)
    };
    assert_eq!(refused(probed(&write("empty.mp4", b"")).await), Refusal::Unreadable);
    assert_eq!(refused(probed(&write("head.mp4", &bytes[..200])).await), Refusal::Unreadable);
    assert_eq!(refused(probed(&write("half.mp4", &bytes[..bytes.len() / 2])).await), Refusal::Truncated);
    let noise: Vec<u8> = (0..200_000u64).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    assert!(probed(&write("noise.mp4", &noise)).await.is_err());
    let still = folder.film("still.mp4", "-f lavfi -i testsrc2=size=320x180 -frames:v 1 -c:v libx264");
    assert_eq!(refused(probed(&still).await), Refusal::OneFrame);
    let missing = probed(&folder.at("nowhere.mp4")).await;
    assert!(matches!(missing, Err(Failure::Io(_))), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_may_have_8192_pixels_a_side_and_not_one_more_step() {
    let folder = Folder::new("sides");
    let made = |width: u32| {
        let words = format!("-f lavfi -i color=size={width}x64:rate=2:duration=2 -c:v mjpeg -q:v 20");
        folder.film(&format!("{width}.avi"), &words)
    };
    probed(&made(8_192)).await.expect("just small enough");
    assert_eq!(refused(probed(&made(8_194)).await), Refusal::TooLarge { width: 8_194, height: 64 });
    let bomb =
        folder.film("bomb.mp4", "-f lavfi -i color=size=10000x10000:rate=2:duration=1 -c:v libx264 -preset ultrafast");
    assert_eq!(refused(probed(&bomb).await), Refusal::TooLarge { width: 10_000, height: 10_000 });
    let narrow = folder.film("narrow.avi", "-f lavfi -i color=size=64x14:rate=2:duration=2 -c:v mjpeg");
    assert_eq!(refused(probed(&narrow).await), Refusal::TooSmall { width: 64, height: 14 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_codec_that_nobody_films_with_is_refused() {
    let folder = Folder::new("codec");
    let film = folder.film("film.mkv", "-f lavfi -i testsrc2=size=64x64:duration=1 -c:v png");
    assert_eq!(refused(probed(&film).await), Refusal::Codec { codec: "png".into() });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_whose_end_is_missing_far_behind_is_told_at_the_end() {
    let folder = Folder::new("end");
    let film = folder.film(
        "film.mp4",
        "-f lavfi -i testsrc2=size=64x64:rate=5:duration=180 -c:v libx264 -preset ultrafast -g 5 -movflags +faststart",
    );
    let bytes = std::fs::read(&film).expect("a film");
    std::fs::write(&film, &bytes[..bytes.len() * 85 / 100]).expect("room");
    let answer = convert(&tools().await, &folder.job(&film), |_| ()).await;
    assert_eq!(refused(answer), Refusal::Truncated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_takes_too_long_ends() {
    let folder = Folder::new("look");
    let film = folder.film("film.mp4", "-f lavfi -i testsrc2=size=64x64:duration=1");
    let mut tools = tools().await;
    tools.ffprobe = folder.program("sleep 100");
    let limits = Limits { probe: std::time::Duration::from_millis(300), ..Limits::default() };
    let answer = hearth_conversion::probe(&tools, &film, &limits).await;
    assert_eq!(answer, Err(Failure::TooLong));
}
