//! What Hearth does, as pure state machines.
//!
//! There are two machines: a [`Space`](space::Space) (what several people are in together) and a
//! [`Person`](person::Person) (somebody's devices, blocks and notices).
//! Each takes an input and gives [`Effect`]s; it sees no clock, no randomness, no socket and no store.
//! Time comes with every input, identifiers are made from the [`Fresh`] bits that come with a command, and what the
//! store knows of the things a command names comes as its [`Lookup`].
//!
//! In reading order:
//!
//! * [`effect`], [`input`]: the words between the machines and the server.
//! * [`kernel`]: what every space is made of: members, roles, stream, conversation, media, sanctions, limits.
//! * [`live_rooms`]: hosts publish, an audience watches. [`discussion_groups`]: some of them talk among themselves.
//! * [`host_visits`]: hosts come to each other, with their audiences. [`dialogs`]: two people, or a few, talk for good.
//! * [`space`], [`person`]: the two machines.
//! * [`trial`]: what must hold whatever comes in, for property tests and fuzzing.
//! * [`scenario`]: the text form of inputs and effects, for golden scenarios and for the black box of a crash.

pub mod dialogs;
pub mod discussion_groups;
pub mod effect;
pub mod host_visits;
pub mod input;
pub mod kernel;
pub mod live_rooms;
pub mod person;
pub mod scenario;
pub mod space;
pub mod trial;

pub use effect::{Effect, Listing, MediaOrder, Packaged, Payload, SpaceTell, Tell, Timer, To, Write, WriteId};
pub use input::{
    Caller, Fresh, Ingest, Input, Lookup, MediaReport, PeerWants, PersonInput, RequestId, Standing, StoreFailure, Time,
};
