//! Real streams out of ffmpeg, made-up ones, and a server over the loopback.
#![allow(dead_code)]

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Response, header};
use bytes::Bytes;
use hearth_media::{Answer, Codec, Config, Frame, Live, Packager};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

/// When the broadcasts of the tests start: number 0 for segments.
pub const START_MS: u64 = 1_700_000_000_000;

/// What an encoder sends.
#[derive(Debug, Clone)]
pub enum Sent {
    Config(Config),
    Frame(Frame),
}

/// Runs ffmpeg and takes what it writes.
pub fn ffmpeg(arguments: &str) -> Vec<u8> {
    let out = Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-loglevel", "error"])
        .args(arguments.split_whitespace())
        .arg("pipe:1")
        .stderr(Stdio::inherit())
        .output()
        .expect("ffmpeg runs");
    assert!(out.status.success() && !out.stdout.is_empty(), "ffmpeg {arguments}");
    out.stdout
}

fn number(data: &[u8]) -> u64 {
    data.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// H.264 and AAC as RTMP carries them.
pub fn flv(arguments: &str) -> Vec<Sent> {
    let data = ffmpeg(&format!("{arguments} -f flv -flvflags no_duration_filesize"));
    let (mut rest, mut sent) = (&data[13..], Vec::new());
    while rest.len() > 11 {
        let size = number(&rest[1..4]) as usize;
        let dts_us = (number(&rest[4..7]) | u64::from(rest[7]) << 24) * 1000;
        let (body, is_video) = (&rest[11..11 + size], rest[0] == 9);
        let is_audio = rest[0] == 8;
        rest = &rest[11 + size + 4..];
        if is_video && body[1] == 0 {
            sent.push(Sent::Config(Config::H264(Bytes::copy_from_slice(&body[5..]))));
        } else if is_video && body[1] == 1 {
            let offset_us = number(&body[2..5]) * 1000;
            let data = Bytes::copy_from_slice(&body[5..]);
            let (pts_us, key_frame) = (dts_us + offset_us, body[0] >> 4 == 1);
            sent.push(Sent::Frame(Frame { codec: Codec::H264, pts_us, dts_us, key_frame, discontinuity: false, data }));
        } else if is_audio && body[1] == 0 {
            sent.push(Sent::Config(Config::Aac(Bytes::copy_from_slice(&body[2..]))));
        } else if is_audio {
            let data = Bytes::copy_from_slice(&body[2..]);
            let codec = Codec::Aac;
            sent.push(Sent::Frame(Frame {
                codec,
                pts_us: dts_us,
                dts_us,
                key_frame: true,
                discontinuity: false,
                data,
            }));
        }
    }
    sent
}

/// VP9 or AV1 out of an IVF file; time stamps count frames of `frame_us`.
pub fn ivf(codec: Codec, frame_us: u64, arguments: &str) -> Vec<Sent> {
    let data = ffmpeg(&format!("{arguments} -f ivf"));
    let (mut rest, mut sent) = (&data[32..], Vec::new());
    while rest.len() > 12 {
        let size = u32::from_le_bytes(rest[..4].try_into().expect("four bytes")) as usize;
        let pts_us = sent.len() as u64 * frame_us;
        let data = Bytes::copy_from_slice(&rest[12..12 + size]);
        let key_frame = codec == Codec::Av1 && data.windows(2).any(|pair| pair == [0x0a, 0x0b] || pair == [0x0a, 0x0a]);
        sent.push(Sent::Frame(Frame { codec, pts_us, dts_us: pts_us, key_frame, discontinuity: false, data }));
        rest = &rest[12 + size..];
    }
    sent
}

/// Opus packets of 20 ms.
pub fn opus(seconds: u32) -> Vec<Sent> {
    let data = ffmpeg(&format!("-f lavfi -i sine=440:duration={seconds} -ac 2 -c:a libopus -b:a 64k -f ogg"));
    let (mut rest, mut packets, mut packet) = (data.as_slice(), Vec::new(), Vec::new());
    while rest.len() > 27 {
        let count = usize::from(rest[26]);
        let lacing = &rest[27..27 + count];
        let mut at = 27 + count;
        for len in lacing {
            packet.extend_from_slice(&rest[at..at + usize::from(*len)]);
            at += usize::from(*len);
            if *len < 255 {
                packets.push(Bytes::from(std::mem::take(&mut packet)));
            }
        }
        rest = &rest[at..];
    }
    let frames = (0..).zip(packets.into_iter().skip(2)).map(|(index, data)| {
        let pts_us = index * 20_000;
        Sent::Frame(Frame { codec: Codec::Opus, pts_us, dts_us: pts_us, key_frame: true, discontinuity: false, data })
    });
    frames.collect()
}

/// Pictures and sound of two sources, in the order in which they would come.
pub fn interleaved(one: Vec<Sent>, other: Vec<Sent>) -> Vec<Sent> {
    let mut all: Vec<Sent> = one.into_iter().chain(other).collect();
    all.sort_by_key(|sent| match sent {
        Sent::Config(_) => 0,
        Sent::Frame(frame) => frame.dts_us + 1,
    });
    all
}

/// Everything later by this much.
pub fn shifted(sent: &[Sent], by_us: u64) -> Vec<Sent> {
    let shift = |sent: &Sent| match sent {
        Sent::Frame(frame) => {
            Sent::Frame(Frame { pts_us: frame.pts_us + by_us, dts_us: frame.dts_us + by_us, ..frame.clone() })
        }
        config => config.clone(),
    };
    sent.iter().map(shift).collect()
}

/// Pushes everything, each frame arriving at its time after `wall_ms`.
pub fn push_all(packager: &mut Packager, sent: &[Sent], wall_ms: u64) {
    let first = sent.iter().find_map(|sent| match sent {
        Sent::Frame(frame) => Some(frame.dts_us),
        Sent::Config(_) => None,
    });
    for sent in sent {
        match sent {
            Sent::Config(config) => packager.configure(config).expect("a configuration"),
            Sent::Frame(frame) => {
                let after_ms = frame.dts_us.saturating_sub(first.unwrap_or(0)) / 1000;
                packager.push(frame, wall_ms + after_ms).expect("a frame");
            }
        }
    }
}

pub fn frames(sent: &[Sent], codec: Codec) -> usize {
    sent.iter().filter(|sent| matches!(sent, Sent::Frame(frame) if frame.codec == codec)).count()
}

/// A made-up H.264 picture of 1920×1080 with the parameter sets in band where it is a key frame.
pub fn picture(at_us: u64, key_frame: bool) -> Frame {
    const SPS: [u8; 26] = [
        0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00, 0x04,
        0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c, 0x60, 0xc6,
    ];
    let mut data = Vec::new();
    let mut unit = |nal: &[u8]| {
        data.extend_from_slice(&(nal.len() as u32).to_be_bytes());
        data.extend_from_slice(nal);
    };
    if key_frame {
        unit(&SPS);
        unit(&[0x68, 0xeb, 0xe3, 0xcb]);
        unit(&[0x65; 64]);
    } else {
        unit(&[0x41; 16]);
    }
    Frame { codec: Codec::H264, pts_us: at_us, dts_us: at_us, key_frame, discontinuity: false, data: data.into() }
}

/// A made-up Opus packet of 20 ms.
pub fn sound(at_us: u64) -> Frame {
    let data = Bytes::from_static(&[0xfc, 1, 2, 3]);
    Frame { codec: Codec::Opus, pts_us: at_us, dts_us: at_us, key_frame: true, discontinuity: false, data }
}

/// Serves a broadcast over the loopback, at `/live/`.
pub async fn serve(live: Live) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let app = Router::new().route("/live/{*path}", axum::routing::get(get)).with_state(live);
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn get(
    State(live): State<Live>,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    response(live.answer(&path, query.as_deref(), accepts.contains("gzip")).await)
}

pub fn response(answer: Answer) -> Response<Body> {
    let mut response = Response::builder()
        .status(answer.status)
        .header(header::CONTENT_TYPE, answer.content_type)
        .header(header::CACHE_CONTROL, answer.cache_control);
    if let Some(encoding) = answer.encoding {
        response = response.header(header::CONTENT_ENCODING, encoding);
    }
    let body = match <[Bytes; 1]>::try_from(answer.body) {
        Ok([only]) => only,
        Err(several) => several.concat().into(),
    };
    response.body(Body::from(body)).expect("a response")
}

/// What ffprobe says of the streams of an address or file, all frames decoded.
pub async fn ffprobe(target: &str) -> Vec<Stream> {
    let entries = "stream=codec_name,nb_read_frames,width,height,duration";
    let out = tokio::process::Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-show_entries", entries, "-of", "json", target])
        .output()
        .await
        .expect("ffprobe runs");
    let errors = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && errors.is_empty(), "{target}: {errors}");
    let told: serde_json::Value = serde_json::from_slice(&out.stdout).expect("json");
    let number = |value: &serde_json::Value| value.as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
    let streams = told["streams"].as_array().expect("streams").iter();
    let stream = |told: &serde_json::Value| Stream {
        codec: told["codec_name"].as_str().unwrap_or_default().to_owned(),
        frames: number(&told["nb_read_frames"]) as usize,
        size: told["width"].as_u64().zip(told["height"].as_u64()),
        seconds: told["duration"].as_str().and_then(|text| text.parse().ok()).unwrap_or(0.0),
    };
    streams.map(stream).collect()
}

/// A stream as ffprobe saw it.
#[derive(Debug)]
pub struct Stream {
    pub codec: String,
    pub frames: usize,
    pub size: Option<(u64, u64)>,
    pub seconds: f64,
}

/// Whether every stream's decoding times rise.
pub async fn rises(target: &str) -> bool {
    for stream in ["v", "a"] {
        let out = tokio::process::Command::new("ffprobe")
            .args(["-v", "error", "-select_streams", stream, "-show_entries", "packet=dts", "-of", "csv=p=0", target])
            .output()
            .await
            .expect("ffprobe runs");
        let text = String::from_utf8(out.stdout).expect("text");
        let times: Vec<i64> = text.lines().filter_map(|line| line.trim_end_matches(',').parse().ok()).collect();
        if !times.windows(2).all(|pair| pair[0] < pair[1]) {
            return false;
        }
    }
    true
}
