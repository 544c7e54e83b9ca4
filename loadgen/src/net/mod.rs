//! Sockets, read cheaply: many datagrams or many connections on one thread.

pub mod datagrams;
pub mod http;
pub mod poller;
pub mod websocket;
