//! Chat: many members on one thread, each with a WebSocket of its own, some of whom talk.

pub mod crowd;
pub mod mark;
pub mod member;
pub mod run;
pub mod tally;
