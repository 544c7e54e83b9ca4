//! Videos: films that were uploaded, and recordings, with their owner, their audience and their chat.
//!
//! A film's files lie behind addresses that let in for a while: whoever may watch is given one with the film, and every file
//! of it is asked for below that. What lets in no more answers `not_found`; the film itself tells the next address.

use crate::ids::{SpaceId, UploadId, VideoId};
use crate::people::Profile;
use serde::{Deserialize, Serialize};

/// A film, as whoever asks may see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
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
    /// How long it is, in milliseconds of media time; 0 while that is not known.
    #[ts(type = "number")]
    pub duration_ms: u64,
    /// Width of the picture, in pixels; 0 where there is none.
    pub width: u32,
    /// Height of the picture, in pixels.
    pub height: u32,
    /// Its size, in bytes.
    #[ts(type = "number")]
    pub bytes: u64,
    /// When it was recorded, or began to be uploaded, milliseconds since the Unix epoch.
    #[ts(type = "number")]
    pub created_ms: u64,
    /// The address of its HLS playlist, relative to the origin; `null` while it can't be played.
    pub hls: Option<String>,
    /// The address of its poster, relative to the origin.
    pub poster: Option<String>,
    /// A tiny still, to be shown blurred: a `data:` URL. Empty: none.
    pub tiny: String,
    /// The address of the index of its previews (WebVTT with `#xywh` of a picture beside it), relative to the origin.
    pub previews: Option<String>,
    /// Its subtitles.
    pub subtitles: Vec<Subtitles>,
    /// Its chapters, in order of time.
    pub chapters: Vec<Chapter>,
    /// The addresses of its files, in their order, for whoever may change it to take away. Each plays by itself; there are
    /// several where what was recorded changed in the middle. Of an upload it is the original. Empty for others, and while
    /// there is nothing to take.
    pub downloads: Vec<String>,
    /// Whether whoever asks may rename and delete it.
    pub may_change: bool,
    /// What only its owner is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub own: Option<Own>,
    /// Where whoever asks stopped watching; 0: not begun.
    #[ts(type = "number")]
    pub position_ms: u64,
    /// Whether whoever asks has watched it to its end.
    pub seen: bool,
}

/// What only the owner of a film is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[ts(rename = "OwnVideo")]
#[schema(as = OwnVideo)]
pub struct Own {
    /// Who may watch it.
    pub audience: Audience,
    /// The secret in the address for whoever has the link; `null` where the audience is another.
    pub link: Option<String>,
    /// The upload that brings it, while it is on its way.
    pub upload: Option<UploadId>,
    /// The dialog in which it will be said as soon as it can be played.
    pub dialog: Option<SpaceId>,
    /// How far its conversion is; `null` where none goes on.
    pub conversion: Option<Conversion>,
    /// Why it failed.
    pub failure: Option<VideoFailure>,
}

/// How far a conversion is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[ts(rename = "VideoConversion")]
#[schema(as = VideoConversion)]
pub struct Conversion {
    /// How many are before it; 0: it is being converted.
    pub before: u32,
    /// How much of the work is done, from 0 to 1.
    pub done: f64,
    /// How long it will take, by the pace so far, in milliseconds; `null`: not known yet.
    #[ts(type = "number | null")]
    pub left_ms: Option<u64>,
}

/// Who may watch a film, besides its owner and administrators. Whoever is blocked by the owner may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "VideoAudience")]
#[schema(as = VideoAudience)]
pub enum Audience {
    /// Nobody else.
    OnlyMe,
    /// Whoever is in a dialog in which the owner has shared it.
    Dialog,
    /// Those, and the owner's friends.
    Friends,
    /// Those of `dialog`, and whoever has the link.
    Link,
    /// Those of `dialog`, and whom the room admits of which it is a recording.
    Room,
    /// Anybody.
    Everyone,
}

/// Subtitles of a film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Subtitles {
    /// Their name among those of the film.
    pub name: String,
    /// Their language (BCP 47, or ISO 639-2 as files say it); empty: not said.
    pub language: String,
    /// What they are called; may be empty.
    pub label: String,
    /// Their address (WebVTT), relative to the origin; `null` while they are not there yet.
    pub address: Option<String>,
    /// Whether the owner has added them: only such can be taken off.
    pub added: bool,
}

/// A chapter of a film. It goes on to the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Chapter {
    /// Where it begins, in milliseconds of media time.
    #[ts(type = "number")]
    pub start_ms: u64,
    /// What it is called.
    pub title: String,
}

/// Where a film stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VideoState {
    /// It is being recorded.
    Recording,
    /// It is on its way to the server.
    Uploading,
    /// It is being converted, or waits for that. It can be played by then if it has an `hls`.
    Converting,
    /// It can be played.
    Ready,
    /// Nothing of it could be kept; an upload's original is there still, and can be tried again.
    Failed,
}

/// Why an upload became no film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum VideoFailure {
    /// It is no film, or one of a kind that is not taken.
    Unreadable,
    /// There is no picture in it.
    NoPicture,
    /// Its picture is encoded in a way that is not taken.
    Codec {
        /// ffmpeg's name of it.
        codec: String,
    },
    /// Its picture is too large or too small.
    Pixels {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// It is too long.
    TooLong,
    /// It is a single picture.
    OneFrame,
    /// Its end is missing.
    Truncated,
    /// There are too many streams in it.
    TooManyStreams,
    /// What came of it grew too large, or its conversion took too long.
    TooMuch,
    /// The server has no room.
    NoRoom,
    /// Converting it failed; it may be tried again.
    Failed,
}

impl VideoFailure {
    /// Whether trying again could help.
    pub fn may_be_retried(&self) -> bool {
        matches!(self, Self::TooMuch | Self::NoRoom | Self::Failed)
    }
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
