//! The engine with real WebRTC clients in virtual time.

mod camera;
mod feeds;
mod players;
mod refusals;
mod streams;
mod tapping;
mod world;
