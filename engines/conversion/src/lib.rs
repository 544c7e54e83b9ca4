//! Films that were uploaded become playable forms, and pictures plain ones, by the programs `ffmpeg` and `ffprobe`.
//!
//! ```text
//! file ─► probe ─► Source or Refusal ─► Plan ─► convert ─► folder: HLS ladder, poster, previews, subtitles
//!                                                  └─► Report: playable, progress
//! ```
//!
//! [`convert`] does all of it for one [`Job`]; [`Queue`] says which job is next. The folder's files are served as they are.
//! [`image`] does as much for a picture that somebody sends.
//!
//! *Invariants*: a film from outside makes nobody read another file or an address; a process ends with the future that
//! awaits it, and with the server; a folder without `conversion.json` is worth nothing, and one with it is whole.

mod child;
mod convert;
mod image;
mod offline;
mod patience;
mod plan;
mod probe;
mod publish;
mod queue;
mod run;
mod settings;
mod source;
mod tools;

pub use convert::{Job, Progress, Report, convert, finished};
pub use image::{
    FULL_SIDE_MAX_PX, IMAGE_BYTES_MAX, IMAGE_DESCRIPTION_FILE, IMAGE_PIXELS_MAX, IMAGE_SIDE_MAX_PX, ImageJob,
    ImageRefusal, MOVING_MS_MAX, MOVING_SIDE_MAX_PX, MadeImage, MadeMoving, MadePicture, SMALL_SIDE_MAX_PX, image,
    image_finished,
};
pub use plan::{
    POSTER_SIDE_MAX_PX, Plan, Rendition, SPRITE_SIDE_PX, SPRITES_IN_ROW, SPRITES_MAX, Sprites, TINY_SIDE_PX, Voice,
    Way, Words,
};
pub use probe::probe;
pub use publish::{Conversion, DESCRIPTION_FILE, INDEX_FILE, Made, MadeSound, MadeSprites, MadeSubtitle};
pub use queue::{Cancelled, Ended, Enqueued, Queue, QueueLimits};
pub use run::Failure;
pub use settings::{
    DURATION_MAX_MS, Limits, MADE_SIDE_MAX_PX, RUNGS, Rung, SEGMENT_S, SIDE_MAX_PX, SIDE_MIN_PX, STREAMS_MAX, Settings,
};
pub use source::{Chapter, Hdr, Refusal, Sound, Source, Subtitle, Video};
pub use tools::{Abilities, Tools};
