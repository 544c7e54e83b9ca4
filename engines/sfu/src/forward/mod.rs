//! What is decided about packets, as pure functions of what came in: no
//! sockets, no clock (time is passed in), no WebRTC stack.
//!
//! - [`rewrite`]: one continuous stream out of several sources; [`renumber`]: without gaps
//! - [`catch_up`]: joining a source that makes no key frames on demand
//! - [`key_frame`]: where a decoder can start
//! - [`key_frame_requests`]: asking publishers for key frames, not too often
//! - [`scaling`]: the scalable layers inside one encoding, as its packets tell
//! - [`scaler`]: which frames of a scalable encoding one viewer gets
//! - [`layers`]: which layer each viewer gets, of simulcast and scalable ones
//! - [`speaker`]: who is speaking
//! - [`rates`]: bitrate, frame rate and key-frame distance of what comes in

pub(crate) mod catch_up;
pub(crate) mod key_frame;
pub(crate) mod key_frame_requests;
pub(crate) mod layers;
pub(crate) mod rates;
pub(crate) mod renumber;
pub(crate) mod rewrite;
pub(crate) mod scaler;
pub(crate) mod scaling;
pub(crate) mod speaker;
