//! Media over real ICE, DTLS and SRTP: publishers and viewers, each with a socket of its own, on threads of their own.

pub mod cameras;
pub mod gallery;
pub mod load;
pub mod packetiser;
pub mod peer;
pub mod publishing;
pub mod reactor;
pub mod reception;
pub mod stamp;
pub mod window;
