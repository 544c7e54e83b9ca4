//! What every space is made of.
//!
//! * [`limits`]: what may grow how far. [`rate`]: how fast.
//! * [`stream`]: events with numbers, replayed to who lost their connection.
//! * [`members`]: who is here, by which connections.
//! * [`conversation`]: the ordered, stored messages. [`sanctions`]: who may not speak, or not come in.
//! * [`stage`]: who may publish. [`media`]: legs, and who hears whom. [`players`]: legs that belong to nobody here.
//! * [`writes`]: what waits to be stored before it counts.

pub mod conversation;
pub mod limits;
pub mod media;
pub mod members;
pub mod players;
pub mod rate;
pub mod sanctions;
pub mod stage;
pub mod stream;
pub mod writes;
