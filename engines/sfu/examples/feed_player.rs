//! A feed in a browser: what ffmpeg encodes, as a page plays it.
//!
//! ```text
//! cargo run -p hearth-sfu --example feed_player -- [port] [profile] [key frame every n pictures]
//! ```
//!
//! Encodes a test picture (with the `ffmpeg` program, H.264 in the profile
//! given), feeds it, and serves a page on the port that plays it by WHEP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command as Program, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use hearth_sfu::{Command, Config, Event, FeedCodec, FeedFrame, FeedTrack, Hears, LegId, Sfu, Source, SpaceId};

const PICTURES_PER_SECOND: u64 = 30;
const BODY_BYTES: usize = 64 * 1024;
const PAGE: &str = r#"<!doctype html><title>Feed</title><video autoplay muted playsinline controls></video><pre></pre><script type="module">
const peer = new RTCPeerConnection(), video = document.querySelector('video'), began = performance.now();
peer.addTransceiver('video', { direction: 'recvonly' });
peer.ontrack = (event) => { video.srcObject = new MediaStream([event.track]); };
video.requestVideoFrameCallback(() => { window.firstFrameMs = performance.now() - began; });
await peer.setLocalDescription();
const answer = await fetch('/whep', { method: 'POST', body: peer.localDescription.sdp });
await peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
setInterval(async () => {
  for (const report of (await peer.getStats()).values()) {
    if (report.type !== 'inbound-rtp') continue;
    const { framesDecoded, framesDropped, freezeCount, pliCount, nackCount, packetsLost, framesPerSecond, frameHeight, jitterBufferDelay, jitterBufferEmittedCount } = report;
    window.figures = { firstFrameMs: window.firstFrameMs, framesDecoded, framesDropped, freezeCount, pliCount, nackCount, packetsLost, framesPerSecond, frameHeight, bufferMs: 1000 * jitterBufferDelay / jitterBufferEmittedCount };
    document.querySelector('pre').textContent = JSON.stringify(window.figures, null, 1);
  }
}, 100);
</script>"#;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().and_then(|it| it.parse().ok()).unwrap_or(8_090);
    let profile = arguments.next().unwrap_or_else(|| "high".to_owned());
    let group: u32 = arguments.next().and_then(|it| it.parse().ok()).unwrap_or(60);
    let (events, told) = channel();
    let events = Mutex::new(events);
    let config = Config::new("127.0.0.1:0".parse().expect("an address"));
    let tell = move |event| drop(events.lock().expect("no panic while telling").send(event));
    let sfu = Sfu::start(config, Box::new(tell)).expect("a free port");
    let leg = LegId::parse("leg_feed").expect("a well-formed id");
    let tracks = vec![FeedTrack { source: Source::Camera, codec: FeedCodec::H264 }];
    sfu.send(Command::OpenFeed { leg: leg.clone(), space: space(), tracks }).expect("room for a command");
    let feeder = sfu.clone();
    std::thread::spawn(move || feed(&feeder, &leg, encode(&profile, group)));
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("a free port");
    println!("http://{}/", listener.local_addr().expect("a bound socket"));
    for connection in listener.incoming().flatten() {
        // One client at a time is enough here; a broken request is none.
        let _ = answer(&sfu, &told, connection);
    }
}

fn space() -> SpaceId {
    SpaceId::parse("room_feed").expect("a well-formed id")
}

fn encode(profile: &str, group: u32) -> Child {
    let group = group.to_string();
    let size = format!("testsrc2=size=1280x720:rate={PICTURES_PER_SECOND}");
    Program::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-re", "-f", "lavfi", "-i", &size])
        .args(["-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency"])
        .args(["-profile:v", profile, "-bf", "0", "-g", &group, "-sc_threshold", "0", "-b:v", "2500k"])
        .args(["-bsf:v", "h264_metadata=aud=insert", "-f", "h264", "-"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the ffmpeg program")
}

/// Turns the byte stream of Annex B into samples, one for each delimiter.
fn feed(sfu: &Sfu, leg: &LegId, mut encoder: Child) {
    let mut stream = encoder.stdout.take().expect("a pipe");
    let (mut held, mut chunk) = (Vec::new(), vec![0; 65_536]);
    let mut picture = 0;
    while let Ok(length) = stream.read(&mut chunk)
        && length > 0
    {
        held.extend_from_slice(&chunk[..length]);
        while let Some(end) = delimiter(&held, 4) {
            let sample = sample(&held[..end]);
            held.drain(..end);
            let timestamp_us = picture * 1_000_000 / PICTURES_PER_SECOND;
            let frame = FeedFrame { track: 0, timestamp_us, key_frame: false, data: sample.into() };
            sfu.feed(leg, frame).expect("an engine that keeps up");
            picture += 1;
        }
    }
}

/// Where an access unit delimiter begins, from here on.
fn delimiter(bytes: &[u8], from: usize) -> Option<usize> {
    let at = bytes.get(from..)?.windows(5).position(|window| window == [0, 0, 0, 1, 9])?;
    Some(from + at)
}

fn sample(annex_b: &[u8]) -> Vec<u8> {
    let starts: Vec<usize> =
        annex_b.windows(3).enumerate().filter(|(_, window)| *window == [0, 0, 1]).map(|(at, _)| at + 3).collect();
    let mut sample = Vec::with_capacity(annex_b.len() + 16);
    for (index, start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).map_or(annex_b.len(), |next| next - 3);
        let zeros = annex_b[*start..end].iter().rev().take_while(|byte| **byte == 0).count();
        let unit = &annex_b[*start..end - zeros];
        sample.extend_from_slice(&(unit.len() as u32).to_be_bytes());
        sample.extend_from_slice(unit);
    }
    sample
}

fn answer(sfu: &Sfu, told: &Receiver<Event>, mut connection: TcpStream) -> std::io::Result<()> {
    static PLAYERS: AtomicU64 = AtomicU64::new(0);
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0).min(BODY_BYTES);
        }
        if line.trim().is_empty() {
            break;
        }
    }
    if !request.starts_with("POST") {
        return respond(&mut connection, "text/html", PAGE);
    }
    let mut offer = vec![0; length];
    reader.read_exact(&mut offer)?;
    let name = format!("leg_player{}", PLAYERS.fetch_add(1, Ordering::Relaxed));
    let leg = LegId::parse(&name).expect("a well-formed id");
    let offer = String::from_utf8_lossy(&offer).into_owned();
    let open = Command::OpenPlay { leg: leg.clone(), space: space(), offer };
    let route = Command::Route { leg: leg.clone(), generation: 1, hears: Hears::Everyone };
    sfu.send(open).and_then(|()| sfu.send(route)).map_err(std::io::Error::other)?;
    while let Ok(event) = told.recv_timeout(Duration::from_secs(2)) {
        match event {
            Event::Answer { leg: it, sdp } if it == leg => return respond(&mut connection, "application/sdp", &sdp),
            Event::Refused { reason, .. } => return respond(&mut connection, "text/plain", &reason.to_string()),
            _ => {}
        }
    }
    Ok(())
}

fn respond(connection: &mut TcpStream, kind: &str, body: &str) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n", body.len());
    connection.write_all(format!("{head}Connection: close\r\n\r\n{body}").as_bytes())
}
