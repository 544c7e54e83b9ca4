//! The words on the wire.
//!
//! Types only: what a client may say ([`ClientFrame`], [`Command`]), what it hears ([`ServerFrame`],
//! [`Event`], [`Rejection`]) and what the HTTP reads return ([`http`]).
//! One file per capability; the prose that explains them is `docs/protocol.md`.
//! TypeScript is generated from these types by `cargo test -p hearth-protocol` with
//! `HEARTH_REGENERATE=1`, and a test fails when the committed files differ.

pub mod conversation;
pub mod dialogs;
pub mod discussion_groups;
pub mod frames;
pub mod host_visits;
pub mod http;
pub mod ids;
pub mod limits;
pub mod live_rooms;
pub mod media;
pub mod moderation;
pub mod people;
pub mod person;
pub mod rejection;
pub mod space;
pub mod stage;
pub mod text;
pub mod videos;

pub use frames::{ClientFrame, GoodbyeReason, PROTOCOL_VERSION, Resume, ServerFrame};
pub use person::{PersonCommand, PersonEvent};
pub use rejection::Rejection;
pub use space::{Command, Event, Outcome};
