//! One connection of an encoder, without I/O.
//!
//! ```text
//!           C0..C2       connect, createStream, publish      accept
//! Handshake ──────► Open ──────────────────────────► Deciding ─────► Live
//!     │              │                                   │ refuse     │ unpublish, refusal
//!     └──────────────┴───────── Error ──────────────► Closed ◄────────┘
//! ```

use std::collections::VecDeque;
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};

use crate::address::address;
use crate::bit_rate::BitRate;
use crate::chunk::{Message, Reader, Writer, kind};
use crate::command::{self, Command};
use crate::handshake::Handshake;
use crate::limits::{
    DECIDE_WITHIN, EARLY_COMMANDS, HANDSHAKE_WITHIN, MESSAGE_STREAMS, PUBLISH_WITHIN, SILENCE, WAITING_BYTES,
};
use crate::publication::Publication;
use crate::{Config, Error, Frame, Kind, Metadata, Refusal, Unsupported};

/// What a session wants done, or tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Bytes for the encoder.
    Send(Bytes),
    /// Somebody wants to publish: answer by [`Session::accept`] or
    /// [`Session::refuse`]. Nothing more is read before that.
    Publish {
        app: String,
        key: String,
    },
    Config(Config),
    Frame(Frame),
    Metadata(Metadata),
    /// Frames come in another order than they are shown in. Told once, at the
    /// first frame that shows it.
    BFrames,
    /// Close after what was to be sent. `None`: the encoder ended the
    /// broadcast, or never began one.
    Close(Option<Refusal>),
}

#[derive(Debug)]
enum State {
    Handshake(Handshake),
    Open,
    Deciding { stream: u32 },
    Live { stream: u32, publication: Box<Publication> },
    Closed,
}

/// See the head of this file.
#[derive(Debug)]
pub struct Session {
    state: State,
    input: BytesMut,
    reader: Reader,
    writer: Writer,
    output: VecDeque<Output>,
    bit_rate: BitRate,
    bit_rate_bps: u64,
    app: Option<String>,
    commands: usize,
    streams: u32,
    /// Bytes from the peer, modulo 2³² as in an acknowledgement.
    received: u32,
    acknowledged: u32,
    /// The peer wants an acknowledgement after so many bytes; 0: never.
    window_bytes: u32,
    opened_at: Instant,
    /// Of the state that can run out of time.
    since: Instant,
}

/// What this server says of its own window and bandwidth.
const WINDOW_BYTES: u32 = 2_500_000;
/// Chunks of what this server sends.
const OUT_CHUNK_BYTES: u32 = 4_096;
/// `PeerBandwidth` of the kind that a peer need not heed (section 5.4.5).
const DYNAMIC: u8 = 2;
/// User control events (section 7.1.7).
const STREAM_BEGIN: u16 = 0;
const PING_REQUEST: u16 = 6;
const PING_RESPONSE: u16 = 7;
/// Head of an FLV tag inside an aggregate message, and the length that follows each tag.
const TAG_HEAD_BYTES: usize = 11;
const TAG_TAIL_BYTES: usize = 4;

impl Session {
    /// A session of a peer that has just connected; it may send at
    /// `bit_rate_bps` bits a second.
    pub fn new(now: Instant, bit_rate_bps: u64) -> Session {
        Session {
            state: State::Handshake(Handshake::Hello),
            input: BytesMut::new(),
            reader: Reader::new(),
            writer: Writer::new(),
            output: VecDeque::new(),
            bit_rate: BitRate::new(bit_rate_bps, now),
            bit_rate_bps,
            app: None,
            commands: 0,
            streams: 0,
            received: 0,
            acknowledged: 0,
            window_bytes: 0,
            opened_at: now,
            since: now,
        }
    }

    /// Takes bytes of the peer. What they lead to is given by [`Session::poll`].
    ///
    /// # Errors
    /// The peer broke the protocol or a limit. What was put out before stands;
    /// nothing can be said to the peer any more.
    pub fn handle(&mut self, now: Instant, bytes: &[u8]) -> Result<(), Error> {
        if matches!(self.state, State::Closed) {
            return Ok(());
        }
        self.received = self.received.wrapping_add(bytes.len() as u32);
        self.input.extend_from_slice(bytes);
        if !self.bit_rate.take(now, bytes.len()) {
            self.refuse(Refusal::BitRate(self.bit_rate_bps / 1_000_000));
            return Ok(());
        }
        self.advance(now)
    }

    /// What there is to do, in order.
    pub fn poll(&mut self) -> Option<Output> {
        self.output.pop_front()
    }

    /// Whether the peer has got through the handshake (RTMP 1.0 section 5.2).
    pub fn has_shaken_hands(&self) -> bool {
        !matches!(self.state, State::Handshake(_))
    }

    /// When [`Session::expire`] will have something to say, if nothing comes.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Handshake(_) => Some(self.opened_at + HANDSHAKE_WITHIN),
            State::Open => Some(self.opened_at + PUBLISH_WITHIN),
            State::Deciding { .. } => Some(self.since + DECIDE_WITHIN),
            State::Live { .. } => Some(self.since + SILENCE),
            State::Closed => None,
        }
    }

    /// Whether time has run out.
    ///
    /// # Errors
    /// The session is over.
    pub fn expire(&mut self, now: Instant) -> Result<(), Error> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return Ok(());
        }
        let error = match self.state {
            State::Handshake(_) => Error::NoHandshake,
            State::Live { .. } => Error::Silent,
            State::Deciding { .. } => {
                self.refuse(Refusal::Busy);
                return Ok(());
            }
            _ => Error::NoPublish,
        };
        self.state = State::Closed;
        Err(error)
    }

    /// Lets the publisher in. Without one that waits, nothing happens.
    ///
    /// # Errors
    /// As [`Session::handle`]: what the peer had already sent is read now.
    pub fn accept(&mut self, now: Instant) -> Result<(), Error> {
        let State::Deciding { stream } = self.state else { return Ok(()) };
        self.reader.let_in();
        self.user_control(STREAM_BEGIN, stream);
        self.send(self.writer.command(stream, &command::published()));
        self.since = now;
        self.state = State::Live { stream, publication: Box::new(Publication::new(now)) };
        self.advance(now)
    }

    /// Turns the publisher away, or ends the broadcast.
    pub fn refuse(&mut self, refusal: Refusal) {
        let stream = match self.state {
            State::Closed => return,
            State::Deciding { stream } | State::Live { stream, .. } => stream,
            State::Handshake(_) => return self.close(Some(refusal)),
            State::Open => self.streams,
        };
        self.send(self.writer.command(stream, &command::refused(refusal)));
        self.close(Some(refusal));
    }

    fn close(&mut self, refusal: Option<Refusal>) {
        self.input.clear();
        self.state = State::Closed;
        self.output.push_back(Output::Close(refusal));
    }

    fn send(&mut self, bytes: Bytes) {
        self.output.push_back(Output::Send(bytes));
    }

    fn user_control(&mut self, event: u16, value: u32) {
        let payload = [&event.to_be_bytes()[..], &value.to_be_bytes()].concat();
        self.send(self.writer.control(kind::USER_CONTROL, &payload));
    }

    fn advance(&mut self, now: Instant) -> Result<(), Error> {
        let advanced = self.read(now);
        if advanced.is_err() {
            self.state = State::Closed;
            self.input.clear();
        }
        advanced
    }

    fn read(&mut self, now: Instant) -> Result<(), Error> {
        while let State::Handshake(mut handshake) = self.state {
            let before = handshake;
            if let Some(answer) = handshake.advance(&mut self.input)? {
                self.send(answer);
            }
            self.state = if handshake == Handshake::Done { State::Open } else { State::Handshake(handshake) };
            if handshake == before {
                return Ok(());
            }
        }
        while matches!(self.state, State::Open | State::Live { .. }) {
            let Some(message) = self.reader.next(&mut self.input)? else { break };
            self.message(now, message)?;
            self.acknowledge();
        }
        if matches!(self.state, State::Deciding { .. }) && self.input.len() > WAITING_BYTES {
            return Err(Error::BufferedBytes);
        }
        Ok(())
    }

    /// Between messages, so that it doesn't matter how the bytes came.
    fn acknowledge(&mut self) {
        let read = self.received.wrapping_sub(self.input.len() as u32);
        let since = read.wrapping_sub(self.acknowledged);
        if self.window_bytes > 0 && since >= self.window_bytes && !matches!(self.state, State::Closed) {
            self.acknowledged = read;
            self.send(self.writer.control(kind::ACKNOWLEDGEMENT, &read.to_be_bytes()));
        }
    }

    fn message(&mut self, now: Instant, message: Message) -> Result<(), Error> {
        match message.kind {
            kind::AUDIO => self.media(now, Kind::Audio, message.timestamp_ms, message.payload),
            kind::VIDEO => self.media(now, Kind::Video, message.timestamp_ms, message.payload),
            kind::AGGREGATE => self.aggregate(now, &message)?,
            kind::COMMAND_AMF0 => self.command(now, message.stream, &message.payload)?,
            // The envelope of AMF3: one byte, then AMF0 (Enhanced RTMP and Flash alike).
            kind::COMMAND_AMF3 => {
                self.command(now, message.stream, message.payload.get(1..).ok_or(Error::Amf)?)?;
            }
            kind::DATA_AMF0 => self.data(&message.payload)?,
            kind::DATA_AMF3 => self.data(message.payload.get(1..).ok_or(Error::Amf)?)?,
            kind::WINDOW_SIZE => {
                let window = message.payload.get(..4).and_then(|bytes| bytes.try_into().ok()).ok_or(Error::Control)?;
                self.window_bytes = u32::from_be_bytes(window).min(WINDOW_BYTES);
            }
            kind::USER_CONTROL => {
                if let [a, b, value @ ..] = &message.payload[..]
                    && u16::from_be_bytes([*a, *b]) == PING_REQUEST
                {
                    let value = value.try_into().map_err(|_| Error::Control)?;
                    self.user_control(PING_RESPONSE, u32::from_be_bytes(value));
                }
            }
            // Acknowledgements and bandwidth concern a sender of media; the rest is of no use here.
            _ => {}
        }
        Ok(())
    }

    fn media(&mut self, now: Instant, kind: Kind, timestamp_ms: u32, body: Bytes) {
        let State::Live { publication, .. } = &mut self.state else { return };
        match publication.take(now, kind, timestamp_ms, body, &mut self.output) {
            Ok(true) => self.since = now,
            Ok(false) => {}
            Err(refusal) => self.refuse(refusal),
        }
    }

    /// Several FLV tags in one message (section 7.1.6); their time stamps count from the message's.
    fn aggregate(&mut self, now: Instant, message: &Message) -> Result<(), Error> {
        let mut rest = message.payload.clone();
        let mut first_ms = None;
        while !rest.is_empty() {
            if rest.len() < TAG_HEAD_BYTES {
                return Err(Error::Chunk);
            }
            let head = rest.split_to(TAG_HEAD_BYTES);
            let length = usize::from(head[1]) << 16 | usize::from(head[2]) << 8 | usize::from(head[3]);
            let tag_ms = u32::from_be_bytes([head[7], head[4], head[5], head[6]]);
            if rest.len() < length + TAG_TAIL_BYTES {
                return Err(Error::Chunk);
            }
            let body = rest.split_to(length);
            rest.advance(TAG_TAIL_BYTES);
            let after_ms = tag_ms.wrapping_sub(*first_ms.get_or_insert(tag_ms));
            let timestamp_ms = message.timestamp_ms.wrapping_add(after_ms);
            match head[0] {
                kind::AUDIO => self.media(now, Kind::Audio, timestamp_ms, body),
                kind::VIDEO => self.media(now, Kind::Video, timestamp_ms, body),
                _ => {}
            }
        }
        Ok(())
    }

    fn data(&mut self, payload: &[u8]) -> Result<(), Error> {
        let metadata = command::metadata(payload)?;
        if let (Some(metadata), State::Live { .. }) = (metadata, &self.state) {
            self.output.push_back(Output::Metadata(metadata));
        }
        Ok(())
    }

    fn command(&mut self, now: Instant, stream: u32, payload: &[u8]) -> Result<(), Error> {
        if matches!(self.state, State::Open) {
            self.commands += 1;
            if self.commands > EARLY_COMMANDS {
                return Err(Error::Commands);
            }
        }
        let command = command::read(payload)?;
        if self.app.is_none() && !matches!(command, Command::Connect { .. } | Command::Other) {
            return Err(Error::Command);
        }
        let live = matches!(self.state, State::Live { .. });
        match command {
            Command::Connect { transaction, app, object_encoding } => {
                if self.app.replace(app).is_some() {
                    return Err(Error::Command);
                }
                self.connected(transaction, object_encoding);
            }
            Command::Prelude { transaction, name } => {
                self.send(self.writer.command(0, &command::result(transaction, None)));
                if name == "FCPublish" {
                    self.send(self.writer.command(0, &command::on_fc_publish()));
                }
            }
            Command::CreateStream { transaction } => {
                if self.streams == MESSAGE_STREAMS {
                    return Err(Error::Commands);
                }
                self.streams += 1;
                self.send(self.writer.command(0, &command::result(transaction, Some(self.streams))));
            }
            Command::Publish { name } => {
                if live || self.streams == 0 {
                    return Err(Error::Command);
                }
                let address = address(self.app.as_deref().unwrap_or_default(), &name)?;
                self.since = now;
                self.state = State::Deciding { stream };
                self.output.push_back(Output::Publish { app: address.app, key: address.key });
            }
            Command::Unpublish if live => {
                self.send(self.writer.command(stream, &command::unpublished()));
                self.close(None);
            }
            Command::Play => self.refuse(Unsupported::Playback.into()),
            Command::Unpublish | Command::Other => {}
        }
        Ok(())
    }

    fn connected(&mut self, transaction: f64, object_encoding: f64) {
        let window = WINDOW_BYTES.to_be_bytes();
        self.send(self.writer.control(kind::WINDOW_SIZE, &window));
        self.send(self.writer.control(kind::PEER_BANDWIDTH, &[&window[..], &[DYNAMIC]].concat()));
        let chunk_size = self.writer.set_chunk_size(OUT_CHUNK_BYTES);
        self.send(chunk_size);
        self.send(self.writer.command(0, &command::connected(transaction, object_encoding)));
    }
}
