//! The server as its clients meet it: real sockets, a real database, the real program where processes matter.

mod chat;
mod process;
mod strangers;
mod support;
