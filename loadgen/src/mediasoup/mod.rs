//! mediasoup beside Hearth: the same media through a mediasoup worker, as `npm install mediasoup` brings it.

pub mod process;
pub mod room;
pub mod sdp;
