//! The engine with real WebRTC clients in virtual time.

mod refusals;
mod streams;
mod world;
