//! Videos: recorded films (and, later, uploaded ones), with their owner and their chat.

use crate::ids::{SpaceId, VideoId};
use crate::people::Profile;
use serde::{Deserialize, Serialize};

/// A film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Video {
    /// Which.
    pub id: VideoId,
    /// Whose.
    pub owner: Profile,
    /// What it is called.
    pub title: String,
    /// Of which room it is a recording; `null`: of none.
    pub room: Option<SpaceId>,
    /// Where it stands.
    pub state: VideoState,
    /// How long it is, in milliseconds of media time.
    #[ts(type = "number")]
    pub duration_ms: u64,
    /// Width of the picture, in pixels; 0 where there is none.
    pub width: u32,
    /// Height of the picture, in pixels.
    pub height: u32,
    /// Its size, in bytes.
    #[ts(type = "number")]
    pub bytes: u64,
    /// When it was recorded, milliseconds since the Unix epoch.
    #[ts(type = "number")]
    pub created_ms: u64,
    /// The address of its HLS playlist, relative to the origin; `null` while it can't be played.
    pub hls: Option<String>,
    /// The address of its poster, relative to the origin.
    pub poster: Option<String>,
    /// The addresses of its files, in their order, for whoever may change it to take away. Each plays by itself; there are
    /// several where what was sent changed in the middle. Empty for others, and while there is nothing to take.
    pub downloads: Vec<String>,
    /// Whether whoever asks may rename and delete it.
    pub may_change: bool,
}

/// Where a film stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VideoState {
    /// It is being recorded.
    Recording,
    /// It can be played.
    Ready,
    /// Nothing of it could be kept.
    Failed,
}

/// Where the recording of a broadcast stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Recording {
    /// Whether the host wants broadcasts recorded.
    pub wanted: bool,
    /// Which film is being written; `null`: none.
    pub video: Option<VideoId>,
    /// Whether the recording of this broadcast ended before it did (disk full, media that can't be kept).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub failed: bool,
}
