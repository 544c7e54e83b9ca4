//! Sound and pictures, made by ffmpeg.

use bytes::Bytes;
use hearth_media::{Codec, Frame};
use std::process::{Command, Stdio};

/// What ffmpeg writes with these arguments.
pub fn ffmpeg(arguments: &str) -> Vec<u8> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin"]).args(arguments.split_whitespace()).arg("pipe:1");
    let ran = command.stdin(Stdio::null()).output().expect("ffmpeg");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    ran.stdout
}

/// What ffmpeg makes of these bytes.
pub fn through(program: &str, arguments: &str, bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut child = Command::new(program)
        .args(["-v", "error"])
        .args(arguments.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("ffmpeg");
    let mut stdin = child.stdin.take().expect("a pipe");
    let bytes = bytes.to_vec();
    // It may have seen enough before the end.
    let writing = std::thread::spawn(move || drop(stdin.write_all(&bytes)));
    let ran = child.wait_with_output().expect("ffmpeg ends");
    writing.join().expect("no fault");
    assert!(ran.status.success());
    ran.stdout
}

/// The decoder configuration record and the frames of an FLV file.
pub fn flv(file: &[u8]) -> (Bytes, Vec<Frame>) {
    let mut record = Bytes::new();
    let mut frames = Vec::new();
    let mut rest = &file[13..];
    while rest.len() > 15 {
        let length = u32::from_be_bytes([0, rest[1], rest[2], rest[3]]) as usize;
        let dts_ms = u64::from(u32::from_be_bytes([rest[7], rest[4], rest[5], rest[6]]));
        let body = &rest[11..11 + length];
        if rest[0] == 9 && body[1] == 0 {
            record = Bytes::copy_from_slice(&body[5..]);
        } else if rest[0] == 9 && body[1] == 1 {
            let composition_ms = u64::from(u32::from_be_bytes([0, body[2], body[3], body[4]]));
            // Neither origin nor distance is a whole number of milliseconds.
            let dts_us = 7_000_321 + dts_ms * 1_000;
            frames.push(Frame {
                codec: Codec::H264,
                pts_us: dts_us + composition_ms * 1_000 + dts_ms % 7,
                dts_us,
                key_frame: body[0] >> 4 == 1,
                discontinuity: false,
                data: Bytes::copy_from_slice(&body[5..]),
            });
        }
        rest = &rest[15 + length..];
    }
    (record, frames)
}

/// The frames of an IVF file at 25 a second.
pub fn ivf(file: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut rest = &file[32..];
    while rest.len() > 12 {
        let length = u32::from_le_bytes([rest[0], rest[1], rest[2], rest[3]]) as usize;
        let data = Bytes::copy_from_slice(&rest[12..12 + length]);
        let pts_us = 1_000_000 + 40_000 * frames.len() as u64;
        let key_frame = data[0] & 1 == 0;
        frames.push(Frame { codec: Codec::Vp8, pts_us, dts_us: pts_us, key_frame, discontinuity: false, data });
        rest = &rest[12 + length..];
    }
    frames
}

/// The AudioSpecificConfig and the raw frames of an ADTS file.
pub fn adts(file: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let object = (file[2] >> 6) + 1;
    let rate = file[2] >> 2 & 0x0f;
    let channels = (file[2] & 1) << 2 | file[3] >> 6;
    let config = vec![object << 3 | rate >> 1, rate << 7 | channels << 3];
    let mut frames = Vec::new();
    let mut rest = file;
    while rest.len() > 7 {
        let length = usize::from(rest[3] & 3) << 11 | usize::from(rest[4]) << 3 | usize::from(rest[5] >> 5);
        frames.push(rest[7..length].to_vec());
        rest = &rest[length..];
    }
    (config, frames)
}
