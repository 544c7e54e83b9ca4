//! Packaging of live broadcasts: what an encoder sent becomes Low-Latency HLS out of memory, a recording, and pictures.
//! Nothing is decoded or encoded here.
//!
//! ```text
//!                ┌─ Packager (source) ──┐
//! Frame ─ push ─►│  Follower (another)  ├─► Snapshot ─► Live::answer ─► HTTP
//!                └──────────┬───────────┘       └─────► Live::still ─► picture
//!                           └─► recording: folder ─► recover ─► Recorded
//! ```
//!
//! A broadcast is a [`Live`]; [`Live::add`] gives the writer of its **source**, which sets the time line, and
//! [`Live::follow`] those of other renditions, which are cut where the source is. A [`Ladder`] makes such renditions,
//! smaller than the source. Readers call [`Live::answer`] from any task; they never hold a writer up.
//!
//! *Invariants*: the media sequence never goes back; the parts of a segment are its bytes; no segment is longer than the
//! target duration rounds to; media time has no holes; what is recorded is, byte for byte, what was sent.

mod cmaf;
mod codec;
pub mod convert;
mod frame;
mod hls;
mod ladder;
mod live;
mod packager;
mod picture;
mod recording;
mod window;

pub use frame::{Codec, Config, FRAME_BYTES_MAX, Frame, FrameError, Kind};
pub use hls::{ADVANCE_PARTS_MAX, Answer, FILE_READS_MAX, PATH_BYTES_MAX, QUERY_BYTES_MAX, READY_WAIT, WAIT_TARGETS};
pub use ladder::{BEHIND_US, Ladder, RUNGS, Rung, Step, rungs_below};
pub use live::{
    HOT_BYTES, Live, MEMORY_BYTES, NAME_BYTES_MAX, Offer, Options, RENDITIONS_MAX, Rendition, RenditionError,
    WAITERS_MAX, WINDOW_US,
};
pub use packager::{
    Dropped, EPOCH_MIN_MS, Follower, LATE_US, NOTES_MAX, Note, PART_MAX_US, PICTURES_GONE_US, Packager, Piece,
    TARGET_SLACK_US,
};
pub use picture::{PICTURE_BYTES_MAX, PICTURE_WAIT, PICTURE_WIDTH_MAX, PictureError, Still, picture};
pub use recording::{Download, Recorded, RecordingError, Times, WAITING_PARTS_MAX, recover};
pub use window::{Body, Growing, Init, Limits, Part, SEGMENTS_MAX, Segment, Snapshot};
