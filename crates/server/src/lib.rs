//! The Hearth server: the only crate that sees everything.
//!
//! * [`config`]: what an operator may set, and from where.
//! * [`node`]: the machines that are awake on this node, each owned by one task; their connections, timers and crashes.
//! * [`effects`]: the one place that does what a machine wants done.
//! * [`broadcast`]: what becomes of broadcasts beside their live picture: HLS, recordings, encoders over RTMP.
//! * [`films`]: films that people upload: how they come, become playable, and who may fetch them.
//! * [`commanding`]: commands that come by no live connection.
//! * [`ws`]: the live connection of a client.
//! * [`http`]: reads, sign-in and programs; the web app.
//! * [`listen`]: sockets, TLS and the limits of a stranger.
//! * [`accounts`]: passwords, sessions and who is asking. [`watching`]: who may watch what.

pub mod accounts;
pub mod broadcast;
pub mod clock;
pub mod commanding;
pub mod config;
pub mod effects;
pub mod films;
pub mod fresh;
pub mod http;
pub mod listen;
pub mod logging;
pub mod node;
pub mod serve;
pub mod visits;
pub mod watching;
pub mod ws;
