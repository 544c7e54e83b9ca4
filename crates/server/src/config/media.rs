//! What is live: media, encoders, broadcasts, and the way through firewalls.

use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Media over WebRTC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Media {
    /// The one port for all media, UDP and ICE over TCP; 0: the one after `listen`.
    pub port: u16,
    /// Addresses that clients reach this machine by, where they differ from its own (NAT).
    pub public_addresses: Vec<IpAddr>,
    /// Estimate every viewer's bandwidth and choose layers by it.
    pub bandwidth_estimation: bool,
    /// Threads that carry media; 0: one for each core.
    pub threads: usize,
}

impl Default for Media {
    fn default() -> Self {
        Self { port: 0, public_addresses: Vec::new(), bandwidth_estimation: true, threads: 0 }
    }
}

/// Encoders over RTMP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rtmp {
    /// The TCP port, on the address of `listen`; 0: no encoder can send by RTMP.
    pub port: u16,
}

impl Default for Rtmp {
    fn default() -> Self {
        Self { port: 1935 }
    }
}

/// What becomes of a broadcast beside its live picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Broadcast {
    /// Package broadcasts as HLS, for crowds, televisions and bad networks, and to look back.
    pub hls: bool,
    /// How far one can look back, in minutes.
    pub look_back_minutes: u32,
    /// Convert what an encoder sends and a viewer could not play (takes a good part of a core for each such broadcast).
    pub convert: bool,
    /// Encode smaller sizes for the crowd, while somebody watches by HLS (takes up to three quarters of a core for each such broadcast at 1080p, a third at 720p).
    pub ladder: bool,
    /// Broadcasts that are given smaller sizes at the same time; 0: one for each two cores.
    pub ladders_max: u32,
}

/// More broadcasts than this are not encoded at the same time, whatever the machine.
pub const LADDERS_MAX: u32 = 64;

impl Broadcast {
    /// How many broadcasts may be given smaller sizes at the same time.
    pub fn ladders(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        match self.ladders_max {
            _ if !self.ladder || !self.convert || !self.hls => 0,
            0 => (cores() / 2).min(LADDERS_MAX as usize),
            most => most as usize,
        }
    }
}

impl Default for Broadcast {
    fn default() -> Self {
        Self { hls: true, look_back_minutes: 30, convert: true, ladder: true, ladders_max: 0 }
    }
}

/// Servers that help encoders and players through firewalls: WHIP and WHEP name them (RFC 9725, section 4.6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Ice {
    /// Which.
    pub servers: Vec<IceServer>,
}

impl Ice {
    /// What is wrong with it, for the operator.
    pub(super) fn problem(&self) -> Option<&'static str> {
        const SCHEMES: [&str; 4] = ["stun:", "stuns:", "turn:", "turns:"];
        let plain = |url: &str| url.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'));
        let known = |url: &String| plain(url) && SCHEMES.iter().any(|scheme| url.starts_with(scheme));
        let text = |server: &IceServer| {
            !server.username.contains(char::is_control) && !server.credential.contains(char::is_control)
        };
        if self.servers.iter().any(|server| server.urls.is_empty() || !server.urls.iter().all(known)) {
            return Some("the urls of ice.servers start with stun:, stuns:, turn: or turns:");
        }
        (!self.servers.iter().all(text)).then_some("username and credential of ice.servers are one line each")
    }
}

/// A STUN or TURN server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "IceServerText")]
pub struct IceServer {
    /// Its addresses: `stun:`, `stuns:`, `turn:` or `turns:` (RFC 7064, RFC 7065).
    pub urls: Vec<String>,
    /// The user name TURN asks for.
    pub username: String,
    /// The credential TURN asks for.
    pub credential: String,
}

impl From<IceServerText> for IceServer {
    fn from(text: IceServerText) -> Self {
        match text {
            IceServerText::Url(url) => Self { urls: vec![url], username: String::new(), credential: String::new() },
            IceServerText::Whole(WholeIceServer { urls, username, credential }) => Self { urls, username, credential },
        }
    }
}

impl std::fmt::Debug for IceServer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { urls, username, credential: _ } = self;
        out.debug_struct("IceServer").field("urls", urls).field("username", username).finish_non_exhaustive()
    }
}

/// A server as it is written: in the environment its address alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum IceServerText {
    Url(String),
    Whole(WholeIceServer),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WholeIceServer {
    urls: Vec<String>,
    #[serde(default)]
    username: String,
    #[serde(default)]
    credential: String,
}
