//! Real films through real ffmpeg.

mod ends;
mod kinds;
mod pictures;
mod strangers;
mod support;
