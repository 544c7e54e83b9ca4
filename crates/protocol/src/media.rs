//! Media signalling: who sends what, and how a client gets it.
//!
//! A client has at most two legs in a space: a publisher leg, for which the client makes the SDP offer,
//! and a subscriber leg, for which the server does (RFC 8829 on both sides, ICE-lite at the server).

use crate::ids::{LegId, TrackId, UserId};
use serde::{Deserialize, Serialize};

/// What a track carries.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A camera's picture.
    Camera,
    /// A microphone's sound.
    Microphone,
    /// A shared screen's picture.
    Screen,
    /// A shared screen's sound.
    ScreenAudio,
}

/// Which m-line of a publisher's offer carries which source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct SourceOfMid {
    /// The `a=mid` of the m-line.
    pub mid: String,
    /// What it carries.
    pub source: Source,
}

/// A track as everybody in the space knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Track {
    /// Which.
    pub id: TrackId,
    /// What it carries.
    pub source: Source,
    /// The codec's name as in SDP (`VP8`, `opus`…).
    pub codec: String,
    /// The heights in pixels, or simulcast names, that can be chosen; empty for sound and for a single layer.
    pub layers: Vec<String>,
}

/// Somebody who publishes in a space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Publisher {
    /// Who.
    pub user: UserId,
    /// By which leg.
    pub leg: LegId,
    /// By what way it comes in.
    #[serde(default)]
    pub via: Via,
    /// What they send.
    pub tracks: Vec<Track>,
    /// Which of it they have turned off themselves, or a moderator has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<Source>>")]
    pub muted: Vec<Source>,
}

/// By what way media comes in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// From a browser, over WebRTC.
    #[default]
    Browser,
    /// From an encoder, over WebRTC (RFC 9725).
    Whip,
    /// From an encoder, over RTMP.
    Rtmp,
}

/// What the server converts, because a viewer could not play it as it comes; and what it would have to, but can't.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Conversion {
    /// The encoder sends B-frames, which browsers can't show live: the picture is encoded anew.
    BFrames,
    /// The encoder sends AAC: it becomes Opus for who watches over WebRTC.
    AacToOpus,
    /// The publisher sends VP8: it becomes H.264 for the crowd and the recording.
    Vp8ToH264,
    /// The crowd is given the picture in smaller sizes too.
    Ladder,
    /// The server could not encode smaller sizes as fast as the picture comes: the crowd has it as it comes, alone.
    LadderGivenUp,
    /// The encoder's sound can't be converted (HE-AAC): who watches over WebRTC hears nothing.
    SoundRefused,
}

/// How many watch by which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Watching {
    /// Over WebRTC in the web app.
    pub webrtc: u32,
    /// Over WebRTC with another player (WHEP).
    pub whep: u32,
    /// Over HLS.
    pub hls: u32,
}

/// A track as it comes in a server's offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct OfferedTrack {
    /// The `a=mid` of the m-line that carries it.
    pub mid: String,
    /// Which track.
    pub track: TrackId,
    /// Whose.
    pub leg: LegId,
    /// What it carries.
    pub source: Source,
}

/// What a viewer wants of a track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LayerPreference {
    /// The best that fits the network and this many pixels of height on screen.
    Auto {
        /// The height at which it is shown, in device pixels.
        max_height: u32,
    },
    /// This layer, whatever the network says.
    Fixed {
        /// Its name, from [`Track::layers`].
        layer: String,
    },
    /// Nothing of it for now (hidden, or sound only).
    Paused,
}

/// Health of a broadcast as its host sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ts_rs::TS)]
pub struct Health {
    /// Bits a second that arrive.
    #[ts(type = "number")]
    pub bitrate_bps: u64,
    /// Frames a second that arrive.
    pub frame_rate: f32,
    /// Time between the last two key frames, in milliseconds.
    pub key_frame_distance_ms: u32,
    /// Share of packets lost on the way to the server, 0 to 1.
    pub loss: f32,
    /// By what way it comes in.
    #[serde(default)]
    pub via: Via,
    /// Who watches by which way.
    #[serde(default)]
    pub watching: Watching,
    /// What is converted.
    #[serde(default)]
    pub conversions: Vec<Conversion>,
}
