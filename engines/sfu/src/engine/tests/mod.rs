//! The engine with real WebRTC clients in virtual time.

mod camera;
mod feeds;
mod muting;
mod players;
mod refusals;
mod sending;
mod streams;
mod tapping;
mod traffic;
mod world;
