//! An encoder's side of the wire, written apart from the crate's own: what both agree on is RTMP.

use std::time::Instant;

use hearth_ingest::{Error, Output, Session};

pub const BIT_RATE_BPS: u64 = 50_000_000;

/// x264, high profile, 322×182.
pub const AVCC: &[u8] = &[
    1, 0x64, 0, 0x0d, 0xff, 0xe1, 0, 0x1a, 0x67, 0x64, 0, 0x0d, 0xac, 0xd9, 0x41, 0x51, 0x9e, 0x22, 0x6c, 4, 0x40, 0,
    0, 3, 0, 0x40, 0, 0, 0x0c, 0x83, 0xc5, 0x0a, 0x65, 0x80, 1, 0, 6, 0x68, 0xea, 0xe3, 0xcb, 0x22, 0xc0, 0xfd, 0xf8,
    0xf8, 0,
];
/// AAC-LC, 48 kHz, stereo.
pub const ASC: &[u8] = &[0x11, 0x90];

pub const AUDIO: u8 = 8;
pub const VIDEO: u8 = 9;
pub const DATA: u8 = 18;
pub const COMMAND: u8 = 20;

pub fn hello() -> Vec<u8> {
    let mut bytes = vec![3, 0, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend((8..1536).map(|index| (index % 250) as u8));
    bytes
}

pub fn handshake() -> Vec<u8> {
    [hello(), vec![9; 1536]].concat()
}

pub fn text(text: &str) -> Vec<u8> {
    [&[2][..], &(text.len() as u16).to_be_bytes(), text.as_bytes()].concat()
}

pub fn number(number: f64) -> Vec<u8> {
    [&[0][..], &number.to_be_bytes()].concat()
}

pub fn null() -> Vec<u8> {
    vec![5]
}

pub fn object(properties: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = vec![3];
    for (name, value) in properties {
        bytes.extend_from_slice(&text(name)[1..]);
        bytes.extend_from_slice(value);
    }
    bytes.extend([0, 0, 9]);
    bytes
}

/// A chunk's first header, of type 0, without an extended time stamp.
pub fn head(chunk_stream: u8, timestamp_ms: u32, length: usize, kind: u8, stream: u32) -> Vec<u8> {
    let mut bytes = vec![chunk_stream];
    bytes.extend_from_slice(&timestamp_ms.to_be_bytes()[1..]);
    bytes.extend_from_slice(&(length as u32).to_be_bytes()[1..]);
    bytes.push(kind);
    bytes.extend_from_slice(&stream.to_le_bytes());
    bytes
}

/// A message in chunks of `chunk_bytes`.
pub fn message(
    chunk_bytes: usize,
    chunk_stream: u8,
    timestamp_ms: u32,
    kind: u8,
    stream: u32,
    payload: &[u8],
) -> Vec<u8> {
    let extended: &[u8] = if timestamp_ms >= 0xff_ffff { &timestamp_ms.to_be_bytes() } else { &[] };
    let mut bytes = head(chunk_stream, timestamp_ms.min(0xff_ffff), payload.len(), kind, stream);
    bytes.extend_from_slice(extended);
    for (index, piece) in payload.chunks(chunk_bytes).enumerate() {
        if index > 0 {
            bytes.push(0xc0 | chunk_stream);
            bytes.extend_from_slice(extended);
        }
        bytes.extend_from_slice(piece);
    }
    bytes
}

pub fn command(stream: u32, values: &[Vec<u8>]) -> Vec<u8> {
    message(128, 3, 0, COMMAND, stream, &values.concat())
}

pub fn set_chunk_size(bytes: u32) -> Vec<u8> {
    message(128, 2, 0, 1, 0, &bytes.to_be_bytes())
}

pub fn connect(app: &str) -> Vec<u8> {
    command(0, &[text("connect"), number(1.0), object(&[("app", text(app))])])
}

pub fn create_stream() -> Vec<u8> {
    command(0, &[text("createStream"), number(2.0), null()])
}

pub fn publish(key: &str) -> Vec<u8> {
    command(1, &[text("publish"), number(3.0), null(), text(key), text("live")])
}

/// From the first byte to `publish`.
pub fn opening() -> Vec<u8> {
    [handshake(), connect("live"), create_stream(), publish("KEY")].concat()
}

pub fn video(timestamp_ms: u32, key_frame: bool, composition_ms: u8, units: &[&[u8]]) -> Vec<u8> {
    let mut body = vec![if key_frame { 0x17 } else { 0x27 }, 1, 0, 0, composition_ms];
    for unit in units {
        body.extend_from_slice(&(unit.len() as u32).to_be_bytes());
        body.extend_from_slice(unit);
    }
    message(128, 6, timestamp_ms, VIDEO, 1, &body)
}

pub fn avc_config() -> Vec<u8> {
    message(128, 6, 0, VIDEO, 1, &[&[0x17, 0, 0, 0, 0], AVCC].concat())
}

pub fn aac_config() -> Vec<u8> {
    message(128, 4, 0, AUDIO, 1, &[&[0xaf, 0], ASC].concat())
}

pub fn audio(timestamp_ms: u32, data: &[u8]) -> Vec<u8> {
    message(128, 4, timestamp_ms, AUDIO, 1, &[&[0xaf, 1], data].concat())
}

pub const IDR: &[u8] = &[0x65, 0x88, 0x84, 0, 1];
pub const SLICE: &[u8] = &[0x41, 0x9a, 2, 3];

/// A session that is let in, with what it puts out apart from bytes.
pub struct Live {
    pub session: Session,
    pub now: Instant,
}

impl Live {
    pub fn new() -> Live {
        let now = Instant::now();
        let mut live = Live { session: Session::new(now, BIT_RATE_BPS), now };
        let asked = live.send(&opening()).expect("an opening");
        assert!(matches!(asked.as_slice(), [Output::Publish { .. }]), "{asked:?}");
        live.session.accept(now).expect("nothing waits");
        live.told();
        live
    }

    pub fn send(&mut self, bytes: &[u8]) -> Result<Vec<Output>, Error> {
        self.session.handle(self.now, bytes)?;
        Ok(self.told())
    }

    pub fn told(&mut self) -> Vec<Output> {
        said(&mut self.session).0
    }
}

/// What a session put out: apart from bytes, and the bytes.
pub fn said(session: &mut Session) -> (Vec<Output>, Vec<u8>) {
    let (mut told, mut sent) = (Vec::new(), Vec::new());
    while let Some(output) = session.poll() {
        match output {
            Output::Send(bytes) => sent.extend_from_slice(&bytes),
            other => told.push(other),
        }
    }
    (told, sent)
}

/// Whether these words are in what was sent.
pub fn says(sent: &[u8], words: &str) -> bool {
    sent.windows(words.len()).any(|window| window == words.as_bytes())
}
