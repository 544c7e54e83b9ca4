//! What a file says of its picture, read here: which of the few kinds it is decides which decoder sees it, and its size
//! whether any does. Pure functions over bytes from outside.

use super::ImageRefusal;

/// Kinds that are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Jpeg,
    Png,
    WebP,
    Gif,
}

impl Kind {
    /// The only demuxer of ffmpeg that sees the file. None of them opens another.
    pub(super) fn demuxer(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg_pipe",
            Self::Png => "png_pipe",
            Self::WebP => "webp_pipe",
            Self::Gif => "gif",
        }
    }
}

/// What is known before anything is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub kind: Kind,
    /// As stored.
    pub width: u32,
    pub height: u32,
    /// What is stored may be seen through.
    pub alpha: bool,
    /// 1 to 8: where the first row and column belong (Exif 2.32, 4.6.4, tag 274).
    pub orientation: u8,
    /// Pictures that follow each other; more than one in a GIF that moves.
    pub frames: u32,
}

impl Head {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, ImageRefusal> {
        let kind = match bytes {
            [0xff, 0xd8, 0xff, ..] => Kind::Jpeg,
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Kind::Png,
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Kind::Gif,
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Kind::WebP,
            _ => return Err(ImageRefusal::Unreadable),
        };
        let head = match kind {
            Kind::Jpeg => jpeg(bytes),
            Kind::Png => png(bytes),
            Kind::WebP => webp(bytes),
            Kind::Gif => gif(bytes),
        }?;
        if head.width == 0 || head.height == 0 {
            return Err(ImageRefusal::Unreadable);
        }
        Ok(head)
    }
}

fn big16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn big32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn little16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn little24(bytes: &[u8], at: usize) -> Option<u32> {
    let [a, b, c] = *bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes([a, b, c, 0]))
}

fn little32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Markers with their lengths (ITU-T T.81, B.1) up to the first scan, and an end somewhere behind it.
fn jpeg(bytes: &[u8]) -> Result<Head, ImageRefusal> {
    let (mut at, mut size, mut turned) = (2, None, 1);
    loop {
        let (Some(&0xff), Some(&marker)) = (bytes.get(at), bytes.get(at + 1)) else {
            return Err(if at < bytes.len() { ImageRefusal::Unreadable } else { ImageRefusal::Truncated });
        };
        if marker == 0xff {
            at += 1;
            continue;
        }
        let length = usize::from(big16(bytes, at + 2).ok_or(ImageRefusal::Truncated)?);
        let part = bytes.get(at + 4..at + 2 + length.max(2)).ok_or(ImageRefusal::Truncated)?;
        match marker {
            0xda => break,
            // Frames of all kinds; not tables (c4, cc) nor extensions (c8).
            0xc0..=0xcf if ![0xc4, 0xc8, 0xcc].contains(&marker) => {
                size = big16(part, 3).zip(big16(part, 1)).map(|(width, height)| (width.into(), height.into()));
            }
            0xe1 if turned == 1 => turned = part.strip_prefix(b"Exif\0\0").map_or(1, orientation),
            _ => {}
        }
        at += 2 + length.max(2);
    }
    let (width, height) = size.ok_or(ImageRefusal::Unreadable)?;
    if !bytes[at..].windows(2).any(|pair| pair == [0xff, 0xd9]) {
        return Err(ImageRefusal::Truncated);
    }
    Ok(Head { kind: Kind::Jpeg, width, height, alpha: false, orientation: turned, frames: 1 })
}

/// Chunks (PNG specification, 5.3) from `IHDR` to `IEND`.
fn png(bytes: &[u8]) -> Result<Head, ImageRefusal> {
    let header = bytes.get(8..).and_then(|rest| rest.get(4..17)).filter(|chunk| chunk.starts_with(b"IHDR"));
    let header = header.ok_or(ImageRefusal::Unreadable)?;
    let size = big32(header, 4).zip(big32(header, 8));
    let (width, height) = size.ok_or(ImageRefusal::Unreadable)?;
    // Kinds of colour with an alpha of their own: grey and RGB.
    let mut alpha = bytes.get(25).is_some_and(|colour| [4, 6].contains(colour));
    let (mut at, mut turned) = (8, 1);
    loop {
        let length = big32(bytes, at).ok_or(ImageRefusal::Truncated)? as usize;
        let name = bytes.get(at + 4..at + 8).ok_or(ImageRefusal::Truncated)?;
        if name == b"IEND" {
            break;
        }
        let part = bytes.get(at + 8..at + 8 + length).ok_or(ImageRefusal::Truncated)?;
        match name {
            b"tRNS" => alpha = true,
            b"eXIf" => turned = orientation(part),
            _ => {}
        }
        at += 12 + length;
    }
    Ok(Head { kind: Kind::Png, width, height, alpha, orientation: turned, frames: 1 })
}

/// Chunks of RIFF (RFC 9649, 2.3 to 2.7).
fn webp(bytes: &[u8]) -> Result<Head, ImageRefusal> {
    let end = little32(bytes, 4).ok_or(ImageRefusal::Truncated)? as usize + 8;
    let bytes = bytes.get(..end).ok_or(ImageRefusal::Truncated)?;
    let (mut at, mut size, mut alpha, mut turned, mut picture) = (12, None, false, 1, false);
    while at + 8 <= bytes.len() {
        let length = little32(bytes, at + 4).ok_or(ImageRefusal::Truncated)? as usize;
        let part = bytes.get(at + 8..at + 8 + length).ok_or(ImageRefusal::Truncated)?;
        let measured = match &bytes[at..at + 4] {
            b"VP8X" => {
                let flags = *part.first().ok_or(ImageRefusal::Unreadable)?;
                if flags & 0x02 != 0 {
                    return Err(ImageRefusal::Moving);
                }
                alpha |= flags & 0x10 != 0;
                little24(part, 4).zip(little24(part, 7)).map(|(width, height)| (width + 1, height + 1))
            }
            // The key frame's header (RFC 6386, 9.1): sizes of 14 bits.
            b"VP8 " => {
                picture = true;
                let size = little16(part, 6).zip(little16(part, 8));
                size.map(|(width, height)| (u32::from(width & 0x3fff), u32::from(height & 0x3fff)))
            }
            // A signature, two sizes of 14 bits, and whether there is alpha.
            b"VP8L" => {
                picture = true;
                let said = little32(part, 1).ok_or(ImageRefusal::Truncated)?;
                alpha |= said >> 28 & 1 != 0;
                Some(((said & 0x3fff) + 1, (said >> 14 & 0x3fff) + 1))
            }
            b"EXIF" => {
                turned = orientation(part.strip_prefix(b"Exif\0\0").unwrap_or(part));
                None
            }
            _ => None,
        };
        // The largest that is said anywhere counts.
        size = size.max(measured);
        at += 8 + length + length % 2;
    }
    let (width, height) = size.filter(|_| picture).ok_or(ImageRefusal::Unreadable)?;
    Ok(Head { kind: Kind::WebP, width, height, alpha, orientation: turned, frames: 1 })
}

/// Blocks of GIF89a: the screen, then extensions and pictures to the end; what is missing behind the first is forgiven.
fn gif(bytes: &[u8]) -> Result<Head, ImageRefusal> {
    let size = little16(bytes, 6).zip(little16(bytes, 8));
    let (mut width, mut height): (u32, u32) =
        size.map(|(width, height)| (width.into(), height.into())).ok_or(ImageRefusal::Truncated)?;
    let table = |flags: u8| if flags & 0x80 != 0 { 3 << ((flags & 7) + 1) } else { 0 };
    let mut at = 13 + table(*bytes.get(10).ok_or(ImageRefusal::Truncated)?);
    let (mut frames, mut alpha) = (0u32, false);
    while let Some(&introducer) = bytes.get(at) {
        let after = match introducer {
            0x21 => {
                // Of a picture's control block, the lowest bit says that a colour is none.
                alpha |= bytes.get(at + 1) == Some(&0xf9) && bytes.get(at + 3).is_some_and(|flags| flags & 1 != 0);
                blocks(bytes, at + 2)
            }
            0x2c => {
                let measure = |at| little16(bytes, at).map(u32::from);
                if let (Some(left), Some(top), Some(wide), Some(high)) =
                    (measure(at + 1), measure(at + 3), measure(at + 5), measure(at + 7))
                {
                    // The decoder makes the screen as large as what is drawn on it.
                    (width, height) = (width.max(left + wide), height.max(top + high));
                }
                bytes.get(at + 9).and_then(|flags| blocks(bytes, at + 11 + table(*flags)))
            }
            _ => break,
        };
        let Some(after) = after else { break };
        frames += u32::from(introducer == 0x2c);
        at = after;
    }
    if frames == 0 {
        return Err(ImageRefusal::Truncated);
    }
    Ok(Head { kind: Kind::Gif, width, height, alpha, orientation: 1, frames })
}

/// Behind blocks that each begin with their length, the last of them empty.
fn blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            length => at += 1 + usize::from(length),
        }
    }
}

/// The orientation out of Exif's first directory (TIFF 6.0, section 2); 1, upright, where it says nothing of sense.
fn orientation(tiff: &[u8]) -> u8 {
    let big = match tiff.get(..4) {
        Some(b"MM\0\x2a") => true,
        Some(b"II\x2a\0") => false,
        _ => return 1,
    };
    let of16 = |at| if big { big16(tiff, at) } else { little16(tiff, at) };
    let of32 = |at| if big { big32(tiff, at) } else { little32(tiff, at) };
    let said = || {
        let directory = of32(4)? as usize;
        let entries = usize::from(of16(directory)?);
        let entry = (0..entries).map(|number| directory + 2 + number * 12).find(|at| of16(*at) == Some(274))?;
        of16(entry + 8).filter(|turned| (1..=8).contains(turned))
    };
    said().map_or(1, |turned| turned as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every beginning of a file is either a picture or a refusal, and so is the file with any one byte changed.
    #[test]
    fn whatever_the_bytes_there_is_an_answer() {
        let exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let mut jpeg = vec![0xff, 0xd8, 0xff, 0xe1, 0, exif.len() as u8 + 2];
        jpeg.extend_from_slice(exif);
        jpeg.extend_from_slice(b"\xff\xc0\0\x0b\x08\0\x02\0\x03\x01\x01\x11\0\xff\xda\0\x02\x55\xff\xd9");
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x03\0\0\0\x02\x08\x06\0\0\0....".to_vec();
        png.extend_from_slice(b"\0\0\0\x1aeXIfII\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0....");
        png.extend_from_slice(b"\0\0\0\0IEND....");
        let gif =
            b"GIF89a\x03\0\x02\0\x80\0\0\0\0\0\xff\xff\xff\x2c\0\0\0\0\x03\0\x02\0\0\x02\x02\x44\x01\0\x3b".to_vec();
        let mut webp = b"RIFF\x1e\0\0\0WEBPVP8L\x11\0\0\0\x2f\x02\x40\0\x10".to_vec();
        webp.resize(38, 0);
        for (file, alpha, turned) in [(jpeg, false, 6), (png, true, 6), (gif, false, 1), (webp, true, 1)] {
            let head = Head::read(&file).expect("a picture");
            assert_eq!((head.width, head.height, head.alpha, head.orientation), (3, 2, alpha, turned));
            for end in 0..file.len() {
                let _ = Head::read(&file[..end]);
            }
            for at in 0..file.len() {
                for value in 0..=255 {
                    let mut changed = file.clone();
                    changed[at] = value;
                    let _ = Head::read(&changed);
                }
            }
        }
    }

    #[test]
    fn lengths_that_lie_are_not_believed() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x03\0\0\0\x02\x08\x06\0\0\0....\xff\xff\xff\xffIDAT";
        assert_eq!(Head::read(png), Err(ImageRefusal::Truncated));
        assert_eq!(Head::read(b"RIFF\xff\xff\xff\xffWEBPVP8 "), Err(ImageRefusal::Truncated));
        assert_eq!(Head::read(b"\xff\xd8\xff\xe1\xff\xffExif\0\0"), Err(ImageRefusal::Truncated));
        assert_eq!(Head::read(b"GIF89a\x03\0\x02\0\0\0\0\x21\xff\xff"), Err(ImageRefusal::Truncated));
        let endless = b"MM\0\x2a\xff\xff\xff\xff\xff\xff";
        assert_eq!(orientation(endless), 1);
    }
}
