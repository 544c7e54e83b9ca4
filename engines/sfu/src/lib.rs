//! Hearth's selective forwarding engine: takes live media from publishers and
//! forwards it, packet by packet and never decoded, to whoever is to hear it.
//!
//! ```text
//!            Command                                      Event
//!   server ──────────► [bounded queue] ─► engine ─────────────────► server
//!                                           │ a thread a core, one UDP port,
//!   publisher ──SRTP/UDP or ICE-TCP──►  legs ──► forward ──► sending ──► viewers
//! ```
//!
//! A **leg** is one peer connection. A publishing leg sends (the client makes
//! the offer, as in WHIP); a subscribing leg receives (the engine makes every
//! offer, the client answers). One person on a stage has two legs.
//!
//! How a subscribing leg lives:
//!
//! 1. [`Command::OpenSubscribe`], then [`Command::Route`] with what it hears.
//! 2. The engine sends [`Event::Offer`] as soon as it is routed, with a spare
//!    audio and video m-line if nobody publishes yet, so that the connection
//!    stands before the first frame; the client's SDP comes back by
//!    [`Command::Answer`] with that generation.
//!    At most one offer is outstanding a leg: changes while it is out are
//!    gathered into the next.
//! 3. A track that goes away leaves its m-line free. A later track of the same
//!    kind takes a free m-line over, continuing its sequence numbers and
//!    timestamps; that needs no offer and is told by [`Event::Mapped`]. So a
//!    publisher that comes back as a new leg is seen as a freeze, not an end.
//!
//! Media also comes and goes by other ways than WebRTC, as access units:
//!
//! - [`Command::Tap`] has every frame of a publishing leg handed to
//!   [`Config::tap`], for what packages, records or converts it.
//! - [`Command::OpenFeed`] opens a publishing leg without a peer, whose frames
//!   come by [`Sfu::feed`]; its viewers can't tell it from a browser.
//!
//! A space's publishers are on one thread, its home; its viewers are at home too,
//! or, where they are many, on all threads: the home hands each burst to the
//! others once (`engine/relay.rs`). Threads tell each other notes, in order, and
//! share nothing but the directory of who has what (`directory.rs`).
//!
//! str0m has ICE, DTLS, session descriptions and what publishers send; RTP and
//! RTCP of subscribing legs are made and read in `sending/`.
//!
//! *Invariants*: no async runtime here; nothing in `forward/`, and nothing in
//! `sending/` but its outlet, knows a connection, a socket or the time, which is
//! passed in (the wall clock is read once, when an engine starts); a panic in
//! one leg closes that leg and no other.

mod directory;
mod engine;
mod feed;
mod forward;
mod net;
mod payload;
mod sending;
mod tap;
pub mod trial;

use std::net::SocketAddr;
use std::sync::Arc;

pub use crate::feed::{FEED_QUEUE, FEED_QUEUE_BYTES, FRAME_BYTES, FeedCodec, FeedFrame, FeedTrack};
pub use crate::net::Sfu;
pub use crate::tap::{TAP_HOLD_MS, TapFrame, TapSink, TapWants};
pub use hearth_protocol::ids::{LegId, SpaceId, TrackId};
pub use hearth_protocol::media::Source;

/// What an engine is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address of the one UDP socket, and of the ICE-TCP listener beside it
    /// (RFC 6544). Port 0 picks a port free for both.
    pub listen: SocketAddr,
    /// Addresses announced to clients as ICE host candidates (RFC 8839).
    /// Empty: `listen`, or every address of the machine's interfaces if
    /// `listen` is unspecified. Port 0 here stands for the bound port.
    pub public_addrs: Vec<SocketAddr>,
    /// Estimate each subscriber's bandwidth (transport-wide feedback), pace,
    /// probe and choose simulcast layers by it. Without it the layer follows
    /// the size shown and the viewer's choice alone.
    pub bandwidth_estimation: bool,
    /// Threads that carry media; 0: one for each core. No more than [`MOST_THREADS`].
    pub threads: usize,
    pub limits: Limits,
    /// Takes the frames of tapped legs. Without it nothing can be tapped.
    pub tap: Option<TapSink>,
}

impl Config {
    /// Bandwidth estimation on, default limits, candidates from `listen`.
    pub fn new(listen: SocketAddr) -> Config {
        Config {
            listen,
            public_addrs: Vec::new(),
            bandwidth_estimation: true,
            threads: 0,
            limits: Limits::default(),
            tap: None,
        }
    }
}

/// Everything a client could make grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub legs: usize,
    pub legs_per_space: usize,
    /// m-lines of a publisher's offer.
    pub tracks_per_publisher: usize,
    /// m-lines of a subscriber; tracks beyond it are not forwarded to it and
    /// told by [`Event::Undeliverable`].
    pub tracks_per_subscriber: usize,
    /// Simulcast layers of one video track.
    pub layers_per_track: usize,
    pub sdp_bytes: usize,
    /// Publishers that a [`Hears::Only`] may name.
    pub publishers_heard: usize,
    /// Offers and answers that are accepted from one leg within a second.
    pub descriptions_per_second: u32,
    pub tcp_connections: usize,
    pub tcp_connections_per_address: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            legs: 4096,
            legs_per_space: 2048,
            tracks_per_publisher: 8,
            tracks_per_subscriber: 64,
            layers_per_track: 3,
            sdp_bytes: 64 * 1024,
            publishers_heard: 64,
            descriptions_per_second: 10,
            tcp_connections: 1024,
            tcp_connections_per_address: 32,
        }
    }
}

/// Why an engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("media port {0} is in use by another program")]
    PortInUse(SocketAddr),
    #[error("no permission to listen for media on {0}")]
    PermissionDenied(SocketAddr),
    #[error("{0} is not an address of this machine")]
    AddressNotAvailable(SocketAddr),
    #[error("no address could be found to announce for media; set public addresses")]
    NoCandidate,
    #[error("the certificate for media could not be made: {0}")]
    Certificate(String),
    #[error("media sockets: {0}")]
    Io(#[from] std::io::Error),
}

/// The command queue is full, or the engine has stopped: the caller decides
/// whether to try again or to refuse what led to the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    #[error("the media engine has too much to do")]
    QueueFull,
    #[error("the media engine has stopped")]
    Stopped,
    /// A frame of a feed above [`FRAME_BYTES`]; it will never be taken.
    #[error("the frame is larger than any that is forwarded")]
    FrameTooLarge,
}

/// What the server asks of the engine. Ids of legs and spaces are the caller's.
#[derive(Debug, Clone)]
pub enum Command {
    /// Opens a publishing leg. Ends in [`Event::Answer`] or [`Event::Refused`].
    ///
    /// `sources` says what each m-line of the offer (by its mid) shows; an
    /// m-line not named is a camera if video and a microphone if audio, unless
    /// its msid says `camera`, `microphone`, `screen` or `screen-audio`.
    OpenPublish { leg: LegId, space: SpaceId, offer: String, sources: Vec<(String, Source)> },
    /// A further offer on an open publishing leg: ICE restart, a track added,
    /// a track stopped. Ends in [`Event::Answer`] or [`Event::Refused`]; after
    /// a refusal the leg goes on as it was.
    Republish { leg: LegId, offer: String, sources: Vec<(String, Source)> },
    /// Opens a subscribing leg that hears nobody until it is routed.
    OpenSubscribe { leg: LegId, space: SpaceId },
    /// The client's answer to the offer of `generation`. Answers to an older
    /// generation are ignored. After [`Event::Refused`] a new offer follows;
    /// a leg whose answers are refused again and again is closed.
    Answer { leg: LegId, generation: u64, sdp: String },
    /// What this subscribing leg is to hear: desired state. A generation not
    /// above the last one seen is ignored.
    Route { leg: LegId, generation: u64, hears: Hears },
    /// What of this publishing leg reaches nobody, neither its space nor the
    /// tap: desired state, nothing at first. A generation not above the last
    /// one seen is ignored. What is let through again begins with a key frame,
    /// which is asked for.
    Mute { leg: LegId, generation: u64, sources: Vec<Source> },
    /// How this subscribing leg wants one track. Kept for the life of the leg,
    /// also for a track that is not there yet.
    Prefer { leg: LegId, track: TrackId, layer: LayerPreference },
    /// Makes the next offer of a subscribing leg restart ICE (RFC 8445 2.4),
    /// for a client whose network changed.
    RestartIce { leg: LegId },
    /// Opens a subscribing leg for which the client makes the offer, as in
    /// WHEP: m-lines to receive audio and video on. Ends in [`Event::Answer`]
    /// or [`Event::Refused`]; then it is routed like others. It never gets an
    /// offer: a track beyond its m-lines is told by [`Event::Undeliverable`].
    OpenPlay { leg: LegId, space: SpaceId, offer: String },
    /// Opens a publishing leg without a peer; its frames come by [`Sfu::feed`].
    /// [`Event::Tracks`] follows, and [`Event::Connected`] with the first frame.
    OpenFeed { leg: LegId, space: SpaceId, tracks: Vec<FeedTrack> },
    /// Desired state: whether the frames of a publishing leg go to
    /// [`Config::tap`]. Not for a feed: who feeds it has the frames.
    Tap { leg: LegId, tap: Option<TapWants> },
    /// Candidates that a client with an own offer found later (RFC 8838), each
    /// as in `a=candidate:`, with or without `a=`; an empty one ends them. The
    /// engine is an ICE-lite agent and learns where a client is from its
    /// checks, so they are only looked at: [`Refusal::CandidateMalformed`],
    /// [`Refusal::TooManyCandidates`].
    Trickle { leg: LegId, candidates: Vec<String> },
    /// An ICE restart by a client with an own offer (RFC 9725 4.3.3). Ends in
    /// [`Event::Restarted`] or [`Event::Refused`]; media goes on meanwhile.
    RestartByPeer { leg: LegId, ufrag: String, pwd: String },
    /// Closes a leg. Ends in [`Event::Closed`] unless it is not open.
    Close { leg: LegId },
    /// Closes all legs of a space.
    CloseSpace { space: SpaceId },
}

/// Whom a subscribing leg hears, among the publishing legs of its space.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Hears {
    Everyone,
    Only(Vec<LegId>),
    #[default]
    Nobody,
}

/// How a viewer wants one video track. The layer forwarded is the least of
/// what the bandwidth carries, what the size needs and what was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LayerPreference {
    /// Height at which it is shown; no layer larger than needed for it is sent.
    pub max_height_px: Option<u32>,
    pub choice: LayerChoice,
    /// Nothing is forwarded while it is not shown at all.
    pub paused: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LayerChoice {
    #[default]
    Auto,
    /// The layer of this rid, or the next lower one while it isn't sent or the
    /// bandwidth doesn't carry it.
    Rid(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Audio,
    Video,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    Opus,
    Vp8,
    Vp9,
    H264,
    Av1,
}

/// A track as its publisher sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedTrack {
    /// `track_<publisher leg without prefix>_<index of the m-line>`: the same
    /// for as long as the leg lives.
    pub track: TrackId,
    pub mid: String,
    pub kind: Kind,
    /// What is sent; known from the first packet on.
    pub codec: Option<Codec>,
    pub source: Source,
    /// Lowest first; one layer with an empty rid without simulcast.
    pub layers: Vec<PublishedLayer>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedLayer {
    pub rid: String,
    /// Known from a key frame where the codec tells (VP8, H.264), else `None`.
    pub height_px: Option<u32>,
}

/// Which m-line of a subscribing leg carries which track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedTrack {
    pub mid: String,
    pub track: TrackId,
    pub publisher: LegId,
    pub kind: Kind,
    pub source: Source,
}

/// What the engine tells. Called on media threads: hand it on, don't block.
/// What concerns one leg comes in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// SDP answer for a leg whose client made the offer.
    Answer {
        leg: LegId,
        sdp: String,
    },
    /// A command on this leg was refused. A leg refused at its opening is not open.
    Refused {
        leg: LegId,
        reason: Refusal,
    },
    /// SDP offer to hand to the client of a subscribing leg, with all of its
    /// present tracks.
    Offer {
        leg: LegId,
        generation: u64,
        sdp: String,
        tracks: Vec<OfferedTrack>,
    },
    /// The whole mapping of tracks to m-lines changed without an offer.
    /// m-lines not named are silent.
    Mapped {
        leg: LegId,
        tracks: Vec<OfferedTrack>,
    },
    /// The engine's side of an ICE restart that the client began: its new
    /// credentials, and its candidates as in `a=candidate:`.
    Restarted {
        leg: LegId,
        ufrag: String,
        pwd: String,
        candidates: Vec<String>,
    },
    /// ICE and DTLS are through: media flows.
    Connected {
        leg: LegId,
    },
    /// All tracks of a publishing leg; again whenever one becomes better known.
    Tracks {
        leg: LegId,
        tracks: Vec<PublishedTrack>,
    },
    /// Nothing has come from this publishing leg for [`SILENCE_AFTER_MS`]; it
    /// may yet come back, which [`Event::Resumed`] tells.
    Silent {
        leg: LegId,
    },
    Resumed {
        leg: LegId,
    },
    /// The leg is gone, for whatever reason, and its id is free.
    Closed {
        leg: LegId,
        reason: ClosedReason,
    },
    /// Who speaks in this space, when it changes.
    ActiveSpeaker {
        space: SpaceId,
        leg: Option<LegId>,
    },
    /// Layer now forwarded to a subscribing leg; `None`: paused.
    Layer {
        leg: LegId,
        track: TrackId,
        rid: Option<String>,
        height_px: Option<u32>,
    },
    /// This subscribing leg can't have this track.
    Undeliverable {
        leg: LegId,
        track: TrackId,
        reason: Undeliverable,
    },
    /// Figures of a publishing leg, every [`HEALTH_EVERY_MS`].
    Health {
        leg: LegId,
        health: Health,
    },
    /// What a space sends and receives, every [`HEALTH_EVERY_MS`]; once more
    /// when its last leg is closed.
    Traffic {
        space: SpaceId,
        traffic: Traffic,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undeliverable {
    /// The client's answer left this track's codec out.
    CodecNotNegotiated,
    /// [`Limits::tracks_per_subscriber`].
    TooManyTracks,
}

/// What a space sends and receives, measured over the last [`HEALTH_EVERY_MS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Publishing legs.
    pub publishers: u32,
    /// Subscribing legs to which something is forwarded.
    pub viewers: u32,
    /// Datagrams that came from publishers, in bits a second; of a feed, its frames.
    pub in_bps: u64,
    /// Datagrams that went to subscribers, in bits a second.
    pub out_bps: u64,
}

/// What a publishing leg sends, measured over the last [`HEALTH_EVERY_MS`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Health {
    /// Media payload of all layers, in bits a second.
    pub bitrate_bps: u64,
    /// Frames a second of the fastest video layer.
    pub frames_per_second: f32,
    /// Time between the last two key frames of the highest video layer.
    pub key_frame_distance_ms: Option<u32>,
    /// Share of packets lost on the way here before repair, 0 to 1.
    pub loss: f32,
    pub round_trip_ms: Option<f32>,
}

/// Why a command was refused. Typed for the wire; says nothing of the inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the server carries as many connections as it may")]
    TooManyLegs,
    #[error("the space has as many connections as it may")]
    SpaceFull,
    #[error("a leg of this id is open")]
    LegExists,
    #[error("no leg of this id is open")]
    NoSuchLeg,
    #[error("this leg can't do that")]
    WrongLeg,
    #[error("the session description is too large")]
    SdpTooLarge,
    #[error("the session description can't be read")]
    SdpMalformed,
    #[error("the session description can't be agreed to")]
    SdpUnacceptable,
    #[error("too many tracks")]
    TooManyTracks,
    #[error("too many simulcast layers")]
    TooManyLayers,
    #[error("none of the codecs offered is spoken here")]
    NoCommonCodec,
    #[error("too many session descriptions in a short time")]
    TooManyDescriptions,
    #[error("too many publishers named")]
    TooManyPublishers,
    #[error("a network candidate can't be read")]
    CandidateMalformed,
    #[error("too many network candidates")]
    TooManyCandidates,
    #[error("the credentials for a restart can't be used")]
    CredentialsMalformed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedReason {
    /// By [`Command::Close`] or [`Command::CloseSpace`].
    Requested,
    /// The client ended DTLS.
    ByPeer,
    /// Never connected within [`CONNECT_WITHIN_MS`].
    NeverConnected,
    /// Nothing came for [`GONE_AFTER_MS`].
    Lost,
    /// The connection broke a protocol rule it can't go on after.
    Protocol,
    /// A fault of the engine, confined to this leg and logged.
    Fault,
}

/// A publishing leg from which nothing came for this long is silent.
pub const SILENCE_AFTER_MS: u64 = 3_000;
/// A silent leg is closed after this long.
pub const GONE_AFTER_MS: u64 = 30_000;
/// A leg has this long to get through ICE and DTLS (counted from its answer).
pub const CONNECT_WITHIN_MS: u64 = 30_000;
/// Interval of [`Event::Health`].
pub const HEALTH_EVERY_MS: u64 = 2_000;
/// Commands that may wait for one thread; one more is [`Busy::QueueFull`].
pub const COMMAND_QUEUE: usize = 4_096;
/// Media threads of one engine.
pub const MOST_THREADS: usize = 64;

/// Counters since the start, for `/metrics`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    pub legs_publishing: u64,
    pub legs_subscribing: u64,
    pub datagrams_in: u64,
    pub bytes_in: u64,
    pub datagrams_out: u64,
    pub bytes_out: u64,
    /// Media packets from publishers.
    pub packets_in: u64,
    /// Media packets written to subscribers.
    pub packets_forwarded: u64,
    /// Datagrams of nobody known, or not STUN, DTLS, RTP or RTCP.
    pub dropped_unknown: u64,
    /// Datagrams the kernel would not take.
    pub dropped_send: u64,
    /// Packets not forwarded because a leg's way out was full.
    pub dropped_queue: u64,
    /// Batches of packets, and datagrams, that one thread had no room for from another.
    pub dropped_between: u64,
    pub sends_gso: u64,
    pub sends_single: u64,
    pub key_frames_requested: u64,
    pub layer_switches: u64,
    pub tcp_connections: u64,
    pub tcp_refused: u64,
    pub leg_faults: u64,
    /// Frames handed to [`Config::tap`].
    pub frames_tapped: u64,
    /// Packets of tapped legs that the tap had no room for.
    pub dropped_tap: u64,
    /// Frames taken by [`Sfu::feed`].
    pub frames_fed: u64,
    /// CPU time of the tap thread.
    pub tap_cpu_us: u64,
    /// CPU time of the media threads.
    pub cpu_us: u64,
}

macro_rules! add {
    ($a:ident, $b:ident: $($field:ident)+) => { Stats { $($field: $a.$field + $b.$field),+ } };
}

impl Stats {
    /// Of two threads together.
    fn plus(&self, other: &Stats) -> Stats {
        add!(self, other: legs_publishing legs_subscribing datagrams_in bytes_in datagrams_out bytes_out packets_in
            packets_forwarded dropped_unknown dropped_send dropped_queue dropped_between sends_gso sends_single
            key_frames_requested layer_switches tcp_connections tcp_refused leg_faults frames_tapped dropped_tap
            frames_fed tap_cpu_us cpu_us)
    }
}

/// Where events go.
pub type EventSink = Arc<dyn Fn(Event) + Send + Sync>;
