//! Janus beside Hearth: the same media through Debian's `janus` with its videoroom plugin.

pub mod api;
pub mod process;
pub mod room;
