//! What comes in: encoded access units with their times.

use bytes::Bytes;
use thiserror::Error;

/// Largest frame taken, in bytes: a key frame of a 4K picture at the best quality stays below.
pub const FRAME_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What a frame shows itself by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Video,
    Audio,
}

/// A codec in which frames come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// NAL units with 4-byte lengths (ISO/IEC 14496-15), parameter sets in band or by [`Config::H264`].
    H264,
    /// Never packaged: no browser plays it from MP4.
    Vp8,
    Vp9,
    /// OBUs in the low-overhead format (AV1 5.2).
    Av1,
    /// Raw frames, without ADTS; needs [`Config::Aac`].
    Aac,
    /// Packets of RFC 6716, at 48 kHz.
    Opus,
}

impl Codec {
    /// Whether it carries pictures or sound.
    pub fn kind(self) -> Kind {
        match self {
            Self::H264 | Self::Vp8 | Self::Vp9 | Self::Av1 => Kind::Video,
            Self::Aac | Self::Opus => Kind::Audio,
        }
    }
}

/// One encoded access unit.
#[derive(Debug, Clone)]
pub struct Frame {
    pub codec: Codec,
    /// When it is shown, in microseconds on the publisher's clock, which pictures and sound share.
    pub pts_us: u64,
    /// When it is decoded, on the same clock. Equal to `pts_us` unless pictures are reordered.
    pub dts_us: u64,
    /// Decodable without any frame before it. Ignored for sound.
    pub key_frame: bool,
    /// The first frame after the publisher came back, or after its clock was set anew.
    pub discontinuity: bool,
    pub data: Bytes,
}

impl Frame {
    /// Whether it is a picture or sound.
    pub fn kind(&self) -> Kind {
        self.codec.kind()
    }
}

/// Decoder configuration that comes beside the frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Config {
    /// An `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15 5.3.3.1).
    H264(Bytes),
    /// An `AudioSpecificConfig` (ISO/IEC 14496-3 1.6.2.1).
    Aac(Bytes),
    /// How many channels Opus is to be decoded to; without it the first packet tells.
    Opus { channels: u8 },
}

/// Why a frame or a configuration was not taken. Nothing else changes by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    #[error("{0:?} is not played from MP4 by browsers")]
    CodecRefused(Codec),
    #[error("a frame of {0} bytes is larger than {FRAME_BYTES_MAX}")]
    TooLarge(usize),
    #[error("a frame without data")]
    Empty,
    #[error("the bytes are not {0:?}: {1}")]
    Malformed(Codec, &'static str),
    #[error("{0:?} frames came before their configuration")]
    ConfigMissing(Codec),
}

impl Frame {
    /// What every frame has to meet, whatever its codec.
    ///
    /// # Errors
    /// A codec that MP4 can't carry to a browser, no data, or too much.
    pub fn check(&self) -> Result<(), FrameError> {
        if self.codec == Codec::Vp8 {
            return Err(FrameError::CodecRefused(self.codec));
        }
        match self.data.len() {
            0 => Err(FrameError::Empty),
            len if len > FRAME_BYTES_MAX => Err(FrameError::TooLarge(len)),
            _ => Ok(()),
        }
    }
}
