//! The server as its clients meet it: real sockets, a real database, the real program where processes matter.

mod authorisation;
mod bodies;
mod chat;
mod corpora;
mod dialogs;
mod finding;
mod group_moves;
mod groups;
mod http;
mod moderating;
mod oidc;
mod peers;
mod process;
mod provider;
mod saving;
mod sign_in;
mod stage;
mod strangers;
mod stream_keys;
mod support;
mod tls;
mod videos;
mod visiting;
mod visits;
mod whip;
