//! Codec payloads of RTP: frames out of packets, and packets out of frames.
//! Pure functions of bytes; whatever can't be read is an error, never a panic.
//!
//! - [`h264`]: RFC 6184, both ways; [`sps`]: the size of an H.264 picture
//! - [`vp8`], [`vp9`], [`av1`]: frames out of packets
//! - [`dependency`]: of which layers a frame is, and who needs it
//! - [`red`]: RFC 2198, what of lost sound later packets bring again

pub(crate) mod av1;
mod bits;
pub(crate) mod dependency;
pub(crate) mod h264;
pub(crate) mod red;
pub(crate) mod sps;
pub(crate) mod vp8;
pub(crate) mod vp9;

use crate::Codec;

/// A payload contrary to its format, or cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// One frame, as MP4 samples and decoders take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) data: Vec<u8>,
    /// A decoder can start here.
    pub(crate) key_frame: bool,
}

/// The frame in the payloads of all of its packets, in order; `None` if there
/// is nothing in them that a decoder takes.
///
/// # Errors
///
/// The payloads are not whole, or not of this codec.
pub(crate) fn frame(codec: Codec, payloads: &[&[u8]]) -> Result<Option<Frame>, Malformed> {
    let frame = match codec {
        Codec::Opus => Some(Frame { data: payloads.concat(), key_frame: true }),
        Codec::Vp8 => Some(vp8::frame(payloads)?),
        Codec::Vp9 => vp9::frame(payloads)?,
        Codec::H264 => h264::frame(payloads)?,
        Codec::Av1 => av1::frame(payloads)?,
    };
    Ok(frame.filter(|frame| !frame.data.is_empty()))
}
