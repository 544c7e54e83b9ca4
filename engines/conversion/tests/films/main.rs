//! Real films through real ffmpeg.

mod ends;
mod kinds;
mod strangers;
mod support;
