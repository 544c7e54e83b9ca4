//! Conversations: the ordered, stored messages of a space.

use crate::ids::{ImageId, VideoId};
use crate::people::Profile;
use serde::{Deserialize, Serialize};

/// A stored message.
///
/// `position` orders the messages of a conversation: it rises from message to message and may skip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Message {
    /// Where in the conversation; it is the message's name there.
    #[ts(type = "number")]
    pub position: u64,
    /// Who said it.
    pub author: Profile,
    /// When, milliseconds since the Unix epoch, by the server's clock.
    #[ts(type = "number")]
    pub at_ms: u64,
    /// What. Plain text: nothing of it is ever markup. Empty when deleted.
    pub text: String,
    /// The message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reply_to: Option<Quote>,
    /// Who is mentioned in it (they are in the space, or were).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<Profile>>")]
    pub mentions: Vec<Profile>,
    /// What the sender named it, so that a sender knows its own and a repeat changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub nonce: Option<String>,
    /// In which of the room's broadcasts it was said, counted from 1; absent: while nobody was live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub broadcast: Option<u64>,
    /// The media time it belongs to: milliseconds since that broadcast began, as its author saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub media_ms: Option<u64>,
    /// How it floats over the picture; absent: it doesn't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub float: Option<Float>,
    /// What it carries besides its words, which may be none then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub carries: Option<Carried>,
    /// The moment of a film that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub moment: Option<Moment>,
    /// When its author put other words in its place, milliseconds since the Unix epoch; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub edited_ms: Option<u64>,
    /// Whether it was deleted; its text is gone then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub deleted: bool,
}

/// What a message carries besides words: as it was when it was said, so that it can be drawn at once. Whether it can still be
/// had is told by asking for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Carried {
    /// A film.
    Video {
        /// Which.
        video: VideoId,
        /// Width of the picture, in pixels.
        width: u32,
        /// Height of the picture, in pixels.
        height: u32,
        /// How long it is, in milliseconds.
        #[ts(type = "number")]
        duration_ms: u64,
        /// A tiny still, to be shown blurred: a `data:` URL. Empty: none.
        tiny: String,
    },
    /// An image.
    Image {
        /// Which.
        image: ImageId,
        /// Width, in pixels.
        width: u32,
        /// Height, in pixels.
        height: u32,
        /// A tiny one, to be shown blurred: a `data:` URL. Empty: none.
        tiny: String,
        /// Whether it moves: `/api/images/{image}/moving` is a short film without sound, to be played over and over.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[ts(optional, as = "Option<bool>")]
        moving: bool,
    },
}

/// What somebody wants a message to carry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Carry {
    /// A film of one's own that can be played: whoever is in the dialog may watch it from then on.
    Video {
        /// Which.
        video: VideoId,
    },
    /// An image that one has sent to the dialog before.
    Image {
        /// Which.
        image: ImageId,
    },
}

/// A moment of a film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Moment {
    /// Of which.
    pub video: VideoId,
    /// Media time of the film, in milliseconds.
    #[ts(type = "number")]
    pub at_ms: u64,
}

/// How a message floats over the picture (danmaku).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Float {
    /// Its colour: `#` and six hexadecimal digits, lower case.
    pub color: String,
    /// Where.
    pub place: FloatPlace,
}

/// Where a message floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FloatPlace {
    /// From the right edge to the left.
    Scroll,
    /// It stays at the top for a while.
    Top,
    /// It stays at the bottom for a while.
    Bottom,
}

/// The message that another one answers, as far as it is shown with the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Quote {
    /// Its position.
    #[ts(type = "number")]
    pub position: u64,
    /// Who said it.
    pub author: Profile,
    /// Its beginning (at most [`QUOTE_MAX_CHARS`] characters); empty when it was deleted before, or carries something without
    /// words.
    pub text: String,
    /// What it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub carries: Option<Cargo>,
}

/// What kind of thing a message carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cargo {
    /// A film.
    Video,
    /// An image.
    Image,
}

impl Carried {
    /// What kind of thing it is.
    pub fn cargo(&self) -> Cargo {
        match self {
            Self::Video { .. } => Cargo::Video,
            Self::Image { .. } => Cargo::Image,
        }
    }
}

/// The longest quoted beginning, in Unicode scalar values.
pub const QUOTE_MAX_CHARS: usize = 140;
