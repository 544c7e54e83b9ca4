//! Conversion with the real codecs and the real ffmpeg.

mod material;
mod sound;
mod video;
