//! Bodies of FLV tags (Adobe Flash Video File Format 10.1, annex E; Enhanced RTMP v2), which RTMP
//! carries as messages of audio and video.

mod audio;
mod video;

use bytes::Bytes;

pub(crate) use audio::audio;
pub(crate) use video::video;

use crate::Refusal;

/// What one body says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    Config(Bytes),
    /// An access unit, shown this long after its decoding time.
    Frame {
        data: Bytes,
        composition_ms: i32,
    },
    /// Nothing to keep: an end of sequence, a command, metadata of colours.
    Nothing,
}

/// Why a body is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bad {
    /// This one can't be read.
    Malformed,
    /// No other will be better.
    Refused(Refusal),
}

impl<R: Into<Refusal>> From<R> for Bad {
    fn from(refusal: R) -> Bad {
        Bad::Refused(refusal.into())
    }
}

/// Takes bytes off the front.
fn split(body: &mut Bytes, bytes: usize) -> Result<Bytes, Bad> {
    if body.len() < bytes {
        return Err(Bad::Malformed);
    }
    Ok(body.split_to(bytes))
}

fn uint(body: &mut Bytes, bytes: usize) -> Result<usize, Bad> {
    Ok(split(body, bytes)?.iter().fold(0, |value, &byte| value << 8 | usize::from(byte)))
}

/// Types of packets that audio and video share in Enhanced RTMP.
mod packet {
    pub(super) const SEQUENCE_START: u8 = 0;
    pub(super) const CODED_FRAMES: u8 = 1;
    pub(super) const SEQUENCE_END: u8 = 2;
    /// Only video: no composition time follows.
    pub(super) const CODED_FRAMES_X: u8 = 3;
    pub(super) const MOD_EX: u8 = 7;
}

/// Skips modifiers (`ModEx`: finer time stamps) before a packet; gives the packet's type.
fn skip_modifiers(body: &mut Bytes, mut packet_type: u8) -> Result<u8, Bad> {
    while packet_type == packet::MOD_EX {
        let mut bytes = uint(body, 1)? + 1;
        if bytes == 256 {
            bytes = uint(body, 2)? + 1;
        }
        split(body, bytes)?;
        packet_type = uint(body, 1)? as u8 & 0x0f;
    }
    Ok(packet_type)
}

/// Opens a packet that carries several tracks (`Multitrack`): gives the type of packet within, the
/// codec, and the body of track 0, or `None` if only others are in it.
fn first_track(body: &mut Bytes) -> Result<Option<(u8, [u8; 4], Bytes)>, Bad> {
    const ONE_TRACK: u8 = 0;
    const MANY_TRACKS: u8 = 1;
    const MANY_TRACKS_MANY_CODECS: u8 = 2;
    let kinds = uint(body, 1)? as u8;
    let (form, packet_type) = (kinds >> 4, kinds & 0x0f);
    if form > MANY_TRACKS_MANY_CODECS {
        return Err(Bad::Malformed);
    }
    let mut codec = [0; 4];
    if form == ONE_TRACK || form == MANY_TRACKS {
        codec = four_cc(body)?;
    }
    while !body.is_empty() {
        if form == MANY_TRACKS_MANY_CODECS {
            codec = four_cc(body)?;
        }
        let track = uint(body, 1)?;
        let bytes = if form == ONE_TRACK { body.len() } else { uint(body, 3)? };
        let data = split(body, bytes)?;
        if track == 0 {
            return Ok(Some((packet_type, codec, data)));
        }
    }
    Ok(None)
}

fn four_cc(body: &mut Bytes) -> Result<[u8; 4], Bad> {
    let code = split(body, 4)?;
    Ok([code[0], code[1], code[2], code[3]])
}
