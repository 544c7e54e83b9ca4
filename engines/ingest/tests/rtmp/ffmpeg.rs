//! The real ffmpeg pushes, as fast as it can.

use std::net::SocketAddr;
use std::process::{Output as Ran, Stdio};
use std::time::Duration;

use hearth_ingest::{
    Config, Ended, Frame, H264Config, Hooks, Kind, Limits, Media, Publish, Refusal, Server, Sink, serve,
};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Lets in who knows the key, and hands everything on.
pub struct House {
    pub key: &'static str,
    pub seen: UnboundedSender<Seen>,
}

pub enum Seen {
    Publish(Publish),
    Media(Media),
}

impl Hooks for House {
    async fn publish(&self, publish: Publish) -> Result<Sink, Refusal> {
        if (publish.app.as_str(), publish.key.as_str()) != ("live", self.key) {
            return Err(Refusal::WrongKey);
        }
        self.seen.send(Seen::Publish(publish)).expect("somebody looks");
        let seen = self.seen.clone();
        Ok(Box::new(move |media| drop(seen.send(Seen::Media(media)))))
    }
}

/// A server on a free port, until dropped.
pub struct Running {
    pub address: SocketAddr,
    pub server: Server<House>,
    pub seen: UnboundedReceiver<Seen>,
    pub task: tokio::task::JoinHandle<()>,
}

impl Running {
    pub async fn start(limits: Limits) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (sender, seen) = unbounded_channel();
        let server = Server::new(limits, House { key: "KEY", seen: sender });
        let task = tokio::spawn(serve(listener, server.clone()));
        Running { address, server, seen, task }
    }

    /// The next publisher that is let in.
    pub async fn publisher(&mut self) -> Publish {
        match tokio::time::timeout(PATIENCE, self.seen.recv()).await.expect("in time").expect("a server") {
            Seen::Publish(publish) => publish,
            Seen::Media(media) => panic!("{media:?} before its publisher"),
        }
    }

    /// Everything until the end.
    pub async fn media(&mut self) -> (Vec<Media>, Ended) {
        let mut all = Vec::new();
        loop {
            match tokio::time::timeout(PATIENCE, self.seen.recv()).await.expect("in time").expect("a server") {
                Seen::Media(Media::Ended(ended)) => return (all, ended),
                Seen::Media(media) => all.push(media),
                Seen::Publish(_) => {}
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Longer than anything takes; only a fault reaches it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Four seconds.
pub async fn push(url: String, options: &str) -> Ran {
    push_at("", url, options).await
}

/// `pace`: options of the input.
async fn push_at(pace: &str, url: String, options: &str) -> Ran {
    let mut command = Command::new("ffmpeg");
    command.args(pace.split_whitespace());
    command.args("-hide_banner -loglevel info -f lavfi -i testsrc2=s=320x180:r=25:d=4".split(' '));
    command.args("-f lavfi -i sine=f=440:r=48000:d=4 -threads 1".split(' '));
    command.args(options.split(' ')).args(["-f", "flv", &url]);
    let run = command.kill_on_drop(true).stdin(Stdio::null()).output();
    tokio::time::timeout(PATIENCE, run).await.expect("in time").expect("ffmpeg")
}

pub const X264: &str = "-c:v libx264 -preset ultrafast -tune zerolatency -g 50 -c:a aac -b:a 96k";
const X264_B: &str = "-c:v libx264 -preset fast -bf 2 -g 50 -c:a aac -b:a 96k";

fn frames(media: &[Media], kind: Kind) -> Vec<&Frame> {
    let frames = media.iter().filter_map(|media| if let Media::Frame(frame) = media { Some(frame) } else { None });
    frames.filter(|frame| frame.kind == kind).collect()
}

fn h264(media: &[Media]) -> H264Config {
    let configs =
        media.iter().filter_map(|media| if let Media::Config(Config::H264(h264)) = media { Some(h264) } else { None });
    let configs: Vec<_> = configs.cloned().collect();
    assert_eq!(configs.len(), 1);
    configs[0].clone()
}

/// Frames that ffmpeg decodes out of what was received.
async fn decoded(format: &str, stream: Vec<u8>) -> usize {
    let mut child = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-f",
            format,
            "-count_frames",
            "-show_entries",
            "stream=nb_read_frames",
            "-of",
            "csv=p=0",
            "-",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("ffprobe");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(&stream).await.expect("ffprobe reads");
    drop(stdin);
    let ran = child.wait_with_output().await.expect("ffprobe ends");
    assert_eq!(String::from_utf8_lossy(&ran.stderr), "", "nothing to complain of");
    String::from_utf8_lossy(&ran.stdout).trim().trim_end_matches(',').parse().expect("a count")
}

fn annex_b(frames: &[&Frame]) -> Vec<u8> {
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

/// AAC-LC, 48 kHz, mono, as `sine` gives.
fn adts(frames: &[&Frame]) -> Vec<u8> {
    let mut stream = Vec::new();
    for frame in frames {
        let length = frame.data.len() + 7;
        stream.extend([
            0xff,
            0xf1,
            0x4c,
            0x40 | (length >> 11) as u8,
            (length >> 3) as u8,
            (length << 5) as u8 | 0x1f,
            0xfc,
        ]);
        stream.extend_from_slice(&frame.data);
    }
    stream
}

#[tokio::test]
async fn every_frame_arrives_and_can_be_decoded() {
    let mut running = Running::start(Limits::default()).await;
    let ran = push(format!("rtmp://{}/live/KEY", running.address), X264).await;
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let (media, ended) = running.media().await;
    assert_eq!(ended, Ended::ByEncoder);
    let config = h264(&media);
    assert_eq!((config.width, config.height, config.reorder_frames), (320, 180, Some(0)));
    let video = frames(&media, Kind::Video);
    assert_eq!(video.len(), 100);
    let key_frames: Vec<_> = (0..video.len()).filter(|&index| video[index].key_frame).collect();
    assert_eq!(key_frames, [0, 50]);
    assert!(video.iter().all(|frame| frame.pts_us == frame.dts_us));
    assert!(video.windows(2).all(|pair| pair[1].dts_us - pair[0].dts_us == 40_000));
    assert!(!media.contains(&Media::BFrames));
    let audio = frames(&media, Kind::Audio);
    assert_eq!(audio.len(), 4 * 48_000_usize.div_ceil(1024) + 1);
    assert!(audio[0].dts_us.abs_diff(video[0].dts_us) < 50_000, "audio and video share a time line");
    assert_eq!(decoded("h264", annex_b(&video)).await, 100);
    assert_eq!(decoded("aac", adts(&audio)).await, audio.len());
    let metadata =
        media.iter().find_map(|media| if let Media::Metadata(metadata) = media { Some(metadata) } else { None });
    assert!(metadata.expect("metadata").encoder.as_deref().is_some_and(|name| name.starts_with("Lavf")));
}

#[tokio::test]
async fn b_frames_are_noticed_and_their_times_kept() {
    let mut running = Running::start(Limits::default()).await;
    let ran = push(format!("rtmp://{}/live/KEY?who=me", running.address), X264_B).await;
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let (media, ended) = running.media().await;
    assert_eq!(ended, Ended::ByEncoder);
    assert_eq!(h264(&media).reorder_frames, Some(2));
    assert_eq!(media.iter().filter(|media| **media == Media::BFrames).count(), 1);
    let video = frames(&media, Kind::Video);
    assert_eq!(video.len(), 100);
    let mut shown: Vec<_> = video.iter().map(|frame| frame.pts_us).collect();
    shown.sort_unstable();
    assert!(shown.windows(2).all(|pair| pair[1] - pair[0] == 40_000), "{shown:?}");
    assert_eq!(decoded("h264", annex_b(&video)).await, 100);
}

#[tokio::test]
async fn a_wrong_key_and_a_codec_nobody_plays_are_told_to_the_encoder() {
    let running = Running::start(Limits::default()).await;
    let ran = push(format!("rtmp://{}/live/OTHER", running.address), X264).await;
    assert!(!ran.status.success());
    let log = String::from_utf8_lossy(&ran.stderr);
    assert!(log.contains("This stream key isn't known here."), "{log}");

    let ran = push(format!("rtmp://{}/live/KEY", running.address), "-c:v flv -c:a aac").await;
    assert!(!ran.status.success());
    let log = String::from_utf8_lossy(&ran.stderr);
    assert!(log.contains("choose H.264 in your encoder"), "{log}");
}

#[tokio::test]
async fn a_picture_that_browsers_cannot_show_is_refused() {
    let mut running = Running::start(Limits::default()).await;
    let ran = push(format!("rtmp://{}/live/KEY", running.address), &format!("{X264} -pix_fmt yuv444p")).await;
    assert!(!ran.status.success());
    let (_, ended) = running.media().await;
    assert_eq!(ended, Ended::Refused(hearth_ingest::Unsupported::H264Format.into()));
}

#[tokio::test]
async fn the_host_can_end_it() {
    let mut running = Running::start(Limits::default()).await;
    let address = running.address;
    let pushing = tokio::spawn(push_at("-re", format!("rtmp://{address}/live/KEY"), X264));
    let publish = running.publisher().await;
    publish.connection.end(Refusal::TakenOver);
    publish.connection.end(Refusal::EndedByHost);
    let (_, ended) = running.media().await;
    assert_eq!(ended, Ended::Refused(Refusal::TakenOver), "the first reason stays");
    let ran = pushing.await.expect("ffmpeg");
    assert!(!ran.status.success());
}

#[tokio::test]
async fn when_the_server_stops_every_sink_hears_it() {
    let mut running = Running::start(Limits::default()).await;
    let url = format!("rtmp://{}/live/KEY", running.address);
    let pushing = tokio::spawn(async move { push(url, X264).await });
    running.publisher().await;
    running.task.abort();
    let (_, ended) = running.media().await;
    assert!(matches!(ended, Ended::Refused(Refusal::Stopping) | Ended::ByEncoder), "{ended:?}");
    pushing.await.expect("ffmpeg ends");
}

#[tokio::test]
async fn connections_of_every_listener_count_together() {
    let running = Running::start(Limits { connections_per_address: 1, ..Limits::default() }).await;
    let first = crate::strangers::publish_as_encoder(&running).await;
    let server = running.server.clone();
    let (near, mut far) = tokio::io::duplex(64);
    server.attend(near, "127.0.0.1:9".parse().expect("an address")).await;
    let mut rest = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut far, &mut rest).await.expect("an end");
    assert_eq!(rest, [], "turned away without a word");
    drop(first);
}
