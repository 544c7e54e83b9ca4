//! Encoders as they are: real ffmpeg, the orders of others byte by byte, and those who only pretend.

mod ffmpeg;
mod hostile;
mod limits;
mod orders;
mod splits;
mod strangers;
mod wire;
