//! Hearth's protocol, as a client speaks it.

pub mod api;
pub mod connection;
pub mod group;
pub mod media;
pub mod target;
