//! What is needed of a sequence parameter set (ITU-T H.264 sections 7.3.2.1.1 and E.1.1).

use super::bits::Bits;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sps {
    pub(super) profile: u8,
    pub(super) level: u8,
    pub(super) width: u32,
    pub(super) height: u32,
    chroma_format: u32,
    bit_depth: u32,
    pub(super) reorder_frames: Option<u8>,
}

/// Profiles whose parameter sets say their chroma format.
const WITH_CHROMA_FORMAT: [u8; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];
const YUV_420: u32 = 1;
const YUV_444: u32 = 3;
/// Level 6.2 ends here (table A-1: the square root of eight times the largest frame).
const MACROBLOCKS_ACROSS: u32 = 1056;
/// Largest number of reference frames (section A.3.1).
const REORDER_FRAMES: u32 = 16;
const ASPECT_RATIO_EXTENDED: u32 = 255;
/// Largest count of coded picture buffers (section E.2.2).
const CODED_PICTURE_BUFFERS: u32 = 32;
/// Largest number of frames in a picture order count cycle (section 7.4.2.1.1).
const ORDER_CYCLE: u32 = 255;

impl Sps {
    /// Reads a NAL unit; `None`: not a sequence parameter set that can be.
    pub(super) fn parse(unit: &[u8]) -> Option<Sps> {
        let mut bits = Bits::of_nal(unit);
        bits.uint(8)?;
        let profile = bits.uint(8)? as u8;
        bits.uint(8)?;
        let level = bits.uint(8)? as u8;
        bits.ue()?;
        let (chroma_format, bit_depth) =
            if WITH_CHROMA_FORMAT.contains(&profile) { chroma(&mut bits)? } else { (YUV_420, 8) };
        bits.ue()?;
        order_count(&mut bits)?;
        bits.ue()?;
        bits.flag()?;
        let across = bits.ue()?.checked_add(1)?;
        let down_units = bits.ue()?.checked_add(1)?;
        let frames_only = bits.flag()?;
        if !frames_only {
            bits.flag()?;
        }
        bits.flag()?;
        let fields = if frames_only { 1 } else { 2 };
        if across > MACROBLOCKS_ACROSS || down_units > MACROBLOCKS_ACROSS {
            return None;
        }
        let (mut width, mut height) = (across * 16, down_units * 16 * fields);
        if bits.flag()? {
            let (left, right, top, bottom) = (bits.ue()?, bits.ue()?, bits.ue()?, bits.ue()?);
            let (unit_x, unit_y) = match chroma_format {
                1 => (2, 2 * fields),
                2 => (2, fields),
                _ => (1, fields),
            };
            width = width.checked_sub(left.checked_add(right)?.checked_mul(unit_x)?)?;
            height = height.checked_sub(top.checked_add(bottom)?.checked_mul(unit_y)?)?;
        }
        // Baseline has no B-frames (section A.2.1), whatever else is said.
        let reorder_frames = match profile {
            66 => Some(0),
            _ if bits.flag()? => usability(&mut bits).flatten(),
            _ => None,
        };
        (width > 0 && height > 0).then_some(Sps {
            profile,
            level,
            width,
            height,
            chroma_format,
            bit_depth,
            reorder_frames,
        })
    }

    pub(super) fn plays_in_browsers(&self) -> bool {
        self.chroma_format == YUV_420 && self.bit_depth == 8
    }
}

/// Chroma format and bit depth.
fn chroma(bits: &mut Bits) -> Option<(u32, u32)> {
    let format = bits.ue()?;
    if format > YUV_444 {
        return None;
    }
    if format == YUV_444 {
        bits.flag()?;
    }
    let luma = bits.ue()?;
    let chroma = bits.ue()?;
    bits.flag()?;
    if bits.flag()? {
        for list in 0..if format == YUV_444 { 12 } else { 8 } {
            if bits.flag()? {
                scaling_list(bits, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    Some((format, 8u32.checked_add(luma.max(chroma))?))
}

/// Section 7.3.2.1.1.1.
fn scaling_list(bits: &mut Bits, size: usize) -> Option<()> {
    let (mut last, mut next) = (8i32, 8i32);
    for _ in 0..size {
        if next != 0 {
            next = last.checked_add(bits.se()?)?.rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Some(())
}

fn order_count(bits: &mut Bits) -> Option<()> {
    match bits.ue()? {
        0 => {
            bits.ue()?;
        }
        1 => {
            bits.flag()?;
            bits.se()?;
            bits.se()?;
            let cycle = bits.ue()?;
            if cycle > ORDER_CYCLE {
                return None;
            }
            for _ in 0..cycle {
                bits.se()?;
            }
        }
        2 => {}
        _ => return None,
    }
    Some(())
}

/// `max_num_reorder_frames` of the usability information; the outer `None`: it can't be read.
fn usability(bits: &mut Bits) -> Option<Option<u8>> {
    if bits.flag()? && bits.uint(8)? == ASPECT_RATIO_EXTENDED {
        bits.uint(32)?;
    }
    if bits.flag()? {
        bits.flag()?;
    }
    if bits.flag()? {
        bits.uint(4)?;
        if bits.flag()? {
            bits.uint(24)?;
        }
    }
    if bits.flag()? {
        bits.ue()?;
        bits.ue()?;
    }
    if bits.flag()? {
        bits.uint(32)?;
        bits.uint(32)?;
        bits.flag()?;
    }
    let nal_hrd = bits.flag()?;
    if nal_hrd {
        hypothetical_decoder(bits)?;
    }
    let vcl_hrd = bits.flag()?;
    if vcl_hrd {
        hypothetical_decoder(bits)?;
    }
    if nal_hrd || vcl_hrd {
        bits.flag()?;
    }
    bits.flag()?;
    if !bits.flag()? {
        return Some(None);
    }
    bits.flag()?;
    for _ in 0..4 {
        bits.ue()?;
    }
    let frames = bits.ue()?;
    Some((frames <= REORDER_FRAMES).then_some(frames as u8))
}

/// Section E.1.2.
fn hypothetical_decoder(bits: &mut Bits) -> Option<()> {
    let buffers = bits.ue()?.checked_add(1)?;
    if buffers > CODED_PICTURE_BUFFERS {
        return None;
    }
    bits.uint(8)?;
    for _ in 0..buffers {
        bits.ue()?;
        bits.ue()?;
        bits.flag()?;
    }
    bits.uint(20)?;
    Some(())
}
