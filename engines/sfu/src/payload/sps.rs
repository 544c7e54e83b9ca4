//! The sequence parameter set of H.264 (ITU-T H.264 7.3.2.1.1), as far as the
//! size of the picture.

use super::Malformed;
use super::bits::Bits;

/// A picture larger than this in either direction is not believed, in pixels.
const SIDE_PX: u32 = 16_384;
/// Longest parameter set that is read; the size stands far before it.
const READ_BYTES: usize = 512;
/// Profiles whose sets tell the chroma format (7.3.2.1.1).
const WITH_CHROMA: [u8; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sps {
    /// `profile_idc`, the constraint flags and `level_idc`, as in `profile-level-id`.
    pub(crate) profile_level_id: u32,
    pub(crate) width_px: u32,
    pub(crate) height_px: u32,
}

/// The bytes without emulation prevention (7.4.1.1).
fn raw(payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(payload.len().min(READ_BYTES));
    let mut zeros = 0;
    for byte in payload.iter().take(READ_BYTES) {
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        bytes.push(*byte);
    }
    bytes
}

/// Reads a sequence parameter set, a NAL unit with its header.
///
/// # Errors
///
/// Not one, cut, or of an unbelievable size.
pub(crate) fn read(unit: &[u8]) -> Result<Sps, Malformed> {
    if super::h264::kind(unit) != super::h264::SPS {
        return Err(Malformed);
    }
    let raw = raw(&unit[1..]);
    let mut bits = Bits::new(&raw);
    let profile_level_id = bits.take(24)?;
    bits.unsigned()?;
    let mut chroma_format = 1;
    if WITH_CHROMA.contains(&((profile_level_id >> 16) as u8)) {
        chroma_format = chroma(&mut bits)?;
    }
    bits.unsigned()?;
    order_of_pictures(&mut bits)?;
    bits.unsigned()?;
    bits.take(1)?;
    let width_macroblocks = bits.unsigned()?.checked_add(1).ok_or(Malformed)?;
    let height_map_units = bits.unsigned()?.checked_add(1).ok_or(Malformed)?;
    let frames_only = bits.take(1)?;
    if frames_only == 0 {
        bits.take(1)?;
    }
    bits.take(1)?;
    let believable = |macroblocks: &u32| *macroblocks <= SIDE_PX / 16;
    let width_px = Some(width_macroblocks).filter(believable).ok_or(Malformed)? * 16;
    let height_px = Some(height_map_units).filter(believable).ok_or(Malformed)? * 16 * (2 - frames_only);
    let (cropped_width, cropped_height) = if bits.flag()? {
        // In units of chroma samples (table 6-1, 7-19 to 7-22).
        let unit_x = if matches!(chroma_format, 1 | 2) { 2 } else { 1 };
        let unit_y = if chroma_format == 1 { 2 } else { 1 } * (2 - frames_only);
        let (left, right, top, bottom) = (bits.unsigned()?, bits.unsigned()?, bits.unsigned()?, bits.unsigned()?);
        let cropped = |a: u32, b: u32, unit: u32| a.checked_add(b)?.checked_mul(unit);
        (cropped(left, right, unit_x).ok_or(Malformed)?, cropped(top, bottom, unit_y).ok_or(Malformed)?)
    } else {
        (0, 0)
    };
    let rest = |whole: u32, cropped: u32| whole.checked_sub(cropped).filter(|rest| (1..=SIDE_PX).contains(rest));
    Ok(Sps {
        profile_level_id,
        width_px: rest(width_px, cropped_width).ok_or(Malformed)?,
        height_px: rest(height_px, cropped_height).ok_or(Malformed)?,
    })
}

/// The chroma format and what follows it, down to the scaling lists.
fn chroma(bits: &mut Bits<'_>) -> Result<u32, Malformed> {
    let format = bits.unsigned()?;
    if format > 3 {
        return Err(Malformed);
    }
    if format == 3 {
        bits.take(1)?;
    }
    bits.unsigned()?;
    bits.unsigned()?;
    bits.take(1)?;
    if bits.flag()? {
        for list in 0..if format == 3 { 12 } else { 8 } {
            if bits.flag()? {
                scaling_list(bits, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    Ok(format)
}

fn scaling_list(bits: &mut Bits<'_>, size: u32) -> Result<(), Malformed> {
    let (mut last, mut next) = (8i32, 8i32);
    for _ in 0..size {
        if next != 0 {
            next = last.wrapping_add(bits.signed()?) & 0xff;
        }
        last = if next == 0 { last } else { next };
    }
    Ok(())
}

fn order_of_pictures(bits: &mut Bits<'_>) -> Result<(), Malformed> {
    match bits.unsigned()? {
        0 => drop(bits.unsigned()?),
        1 => {
            bits.take(1)?;
            bits.signed()?;
            bits.signed()?;
            let count = bits.unsigned()?;
            if count > 255 {
                return Err(Malformed);
            }
            for _ in 0..count {
                bits.signed()?;
            }
        }
        2 => {}
        _ => return Err(Malformed),
    }
    Ok(())
}

/// A parameter set of the constrained baseline profile with this size in
/// pixels, both multiples of 16.
#[cfg(test)]
pub(crate) fn write(width_px: u32, height_px: u32) -> Vec<u8> {
    let mut bits = String::new();
    let mut unsigned = |value: u32| {
        let binary = format!("{:b}", value + 1);
        bits.push_str(&"0".repeat(binary.len() - 1));
        bits.push_str(&binary);
    };
    for value in [0, 0, 2, 1] {
        unsigned(value);
    }
    bits.push('0');
    let mut unsigned = |value: u32| {
        let binary = format!("{:b}", value + 1);
        bits.push_str(&"0".repeat(binary.len() - 1));
        bits.push_str(&binary);
    };
    unsigned(width_px / 16 - 1);
    unsigned(height_px / 16 - 1);
    bits.push_str("11001");
    while !bits.len().is_multiple_of(8) {
        bits.push('0');
    }
    let mut unit = vec![0x67, 0x42, 0xe0, 0x1f];
    unit.extend(bits.as_bytes().chunks(8).map(|byte| byte.iter().fold(0u8, |value, bit| value << 1 | (bit - b'0'))));
    unit
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By x264, high profile, 1920 × 1080: cropped, with emulation prevention.
    const X264_1080P: &[u8] = &[
        0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x5a, 0x80, 0x80, 0x80, 0xa0, 0x00,
        0x00, 0x03, 0x00, 0x20, 0x00, 0x00, 0x07, 0x81, 0xe3, 0x06, 0x32, 0xc0,
    ];
    /// By openh264 in Chromium, constrained baseline, 640 × 360.
    const OPENH264_360P: &[u8] =
        &[0x67, 0x42, 0xc0, 0x1f, 0x8c, 0x8d, 0x40, 0x50, 0x17, 0xfc, 0xb0, 0x0f, 0x08, 0x84, 0x6a];

    #[test]
    fn sizes_of_real_encoders() {
        let high = read(X264_1080P).unwrap();
        assert_eq!((high.profile_level_id, high.width_px, high.height_px), (0x64_0028, 1920, 1080));
        let baseline = read(OPENH264_360P).unwrap();
        assert_eq!((baseline.profile_level_id, baseline.width_px, baseline.height_px), (0x42_c01f, 640, 360));
        for (width, height) in [(320, 176), (1280, 720), (SIDE_PX, SIDE_PX)] {
            let sps = read(&write(width, height)).unwrap();
            assert_eq!((sps.width_px, sps.height_px), (width, height));
        }
    }

    #[test]
    fn nonsense_is_told() {
        for cut in 0..10 {
            assert_eq!(read(&X264_1080P[..cut]), Err(Malformed), "{cut}");
        }
        assert_eq!(read(&write(SIDE_PX + 16, 720)), Err(Malformed), "one past");
        assert_eq!(read(&[0x67; 3]), Err(Malformed));
        assert_eq!(read(&[&[0x67, 0x42, 0, 0x1f][..], &[0; 600]].concat()), Err(Malformed));
        assert_eq!(read(&[0x68, 1, 2, 3, 4, 5]), Err(Malformed), "another kind of unit");
        for at in 0..X264_1080P.len() {
            for bit in 0..8 {
                let mut broken = X264_1080P.to_vec();
                broken[at] ^= 1 << bit;
                let _ = read(&broken);
            }
        }
    }
}
