//! What Hearth remembers.
//!
//! SQLite in one file by default, PostgreSQL by configuration; `tests/contract.rs` holds both to the same promises.
//!
//! ```text
//! spaces ──Write──► Writes (bounded queue) ──► one writer, one transaction for all that waits ──► reports (after the commit)
//! HTTP, openings of spaces ──► accounts, devices, rooms, conversations… (plain reads and small transactions)
//! ```
//!
//! - What is reported as stored survives `kill -9` and loss of power: SQLite runs in WAL mode with `synchronous=FULL`.
//! - Writes take effect in the order of their submission.
//! - No secret is kept: of passwords an Argon2 hash that the caller made, of tokens a SHA-256.
//! - Times are milliseconds since the Unix epoch and come from the caller, as do identifiers.
//!
//! Deliberately not here: caches, rules about who may do what, hashing.

mod accounts;
mod address;
mod audit;
mod conversations;
mod covers;
mod db;
mod devices;
mod dialogs;
mod error;
mod follows;
mod friends;
mod groups;
mod guest_links;
mod images;
mod message_words;
mod people;
mod reports;
mod rooms;
mod schema;
mod search;
mod setup;
mod store;
mod stream_keys;
mod videos;
mod visits;
mod writes;

pub use accounts::{AccountRecord, Accounts, GUEST_UNSEEN_MAX_MS, NewAccount};
pub use address::Address;
pub use audit::Audit;
pub use conversations::{Conversations, Page};
pub use covers::{Cover, Covers};
pub use devices::{DEVICE_TOUCH_INTERVAL_MS, DEVICES_PER_USER_MAX, DeviceRecord, Devices, NewDevice, SignedIn};
pub use dialogs::{DialogMemberRecord, DialogRecord, Dialogs, NewDialog};
pub use error::{Error, WriteFailed};
pub use follows::{FOLLOWERS_PAGE_MAX, Follows};
pub use friends::{Friends, FriendsOf};
pub use groups::{BoundGroup, GROUPS_MAX, GroupMemberRecord, GroupRecord, Groups, MY_GROUPS_MAX};
pub use guest_links::{GUEST_LINKS_PER_ROOM_MAX, GuestLinkRecord, GuestLinks};
pub use images::{ImageRecord, Images};
pub use people::{BLOCKED_EITHER_WAY_MAX, People};
pub use reports::{Reports, WhichReports};
pub use rooms::{MESSAGES_AT_OPENING, ROOMS_MAX, RoomRecord, Rooms, SpaceRecord};
pub use schema::SCHEMA_VERSION;
pub use search::{RoomSearch, SEARCH_WORDS_MAX};
pub use setup::Setup;
pub use store::Store;
pub use stream_keys::{STREAM_KEY_TOUCH_INTERVAL_MS, StreamKeyRecord, StreamKeys};
pub use videos::{
    Begun, Converting, Facts, Media, NewUpload, NewVideo, Pause, SharedVideo, SubtitleFile, Timeline, UploadRecord,
    VideoFinder, VideoProgress, VideoRecord, Videos, VideosOf,
};
pub use visits::{VISIT_HOSTS_READ_MAX, VISITS_READ_MAX, VisitEnd, VisitHost, Visits};
pub use writes::{BATCH_MAX, Busy, Declined, QUEUE_MAX, Report, Stored, Ticket, Write, Writes};
