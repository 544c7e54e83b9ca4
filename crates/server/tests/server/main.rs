//! The server as its clients meet it: real sockets, a real database, the real program where processes matter.

mod authorisation;
mod bodies;
mod bucket;
mod chat;
mod corpora;
mod dialogs;
mod films;
mod finding;
mod group_moves;
mod groups;
mod http;
mod images;
mod moderating;
mod oidc;
mod peers;
mod process;
mod provider;
#[allow(dead_code, reason = "the contract of the storage uses more of it")]
#[path = "../../../../engines/files/tests/contract/support.rs"]
mod s3;
mod saving;
mod sign_in;
mod stage;
mod strangers;
mod stream_keys;
mod support;
mod tls;
mod uploads;
mod videos;
mod visiting;
mod visits;
mod whip;
