//! The server as its clients meet it: real sockets, a real database, the real program where processes matter.

mod authorisation;
mod chat;
mod http;
mod oidc;
mod process;
mod provider;
mod sign_in;
mod strangers;
mod support;
mod tls;
