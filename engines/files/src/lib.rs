//! Where the server keeps the bytes of films and pictures: a folder of this machine, or a bucket of an S3-compatible server.
//!
//! ```text
//! folder that was made ─put_folder─► Files ─┬─► folder:  staged beside its place, synced, renamed
//! bytes, a file ────────put, put_file──────►│
//! HTTP ◄──────read: a part, as a stream──── └─► bucket:  SigV4 over HTTP, large files in parts
//! ```
//!
//! `tests/contract` holds both to the same promises.
//!
//! - A file is there as a whole or not at all; who replaces one never shows a mixture.
//! - What is reported as kept is on the disk, or with the server that was asked to keep it.
//! - Names are checked before anything else: none leaves the place that was given.
//! - Nothing waits for ever, and nothing is tried more than [`TRIES_MAX`] times.
//!
//! Deliberately not here: who may see a file, caches, types of content.

mod body;
mod error;
mod files;
mod folder;
mod list;
mod name;
mod put;
mod s3;

pub use body::Body;
pub use error::Error;
pub use files::{Files, Kept, Read, Settings};
pub use name::{BadName, NAME_BYTES_MAX, PART_BYTES_MAX, PARTS_MAX};
pub use put::{FOLDER_FILES_MAX, Stored};
pub use s3::{S3, TRIES_MAX};
