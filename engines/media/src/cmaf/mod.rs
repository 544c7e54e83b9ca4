//! ISO base media files in fragments (ISO/IEC 14496-12, 23000-19): init segments and `moof` + `mdat`.
//!
//! Pictures and sound lie in one fragment, not in tracks of their own: hls.js *light* plays no alternate audio, a
//! television's player starts faster on one playlist, and a viewer asks for one part where there would be two.

mod fragment;
mod init;
mod progressive;
mod sample_entry;

pub use fragment::{Fragment, Sample, Samples, fragment, read_fragment};
pub use init::{AUDIO_TRACK, Described, Tracks, VIDEO_TIMESCALE, VIDEO_TRACK, init_segment, read_init};
pub use progressive::Index;

/// Appends a box whose content `fill` writes.
pub(crate) fn boxed(out: &mut Vec<u8>, kind: &[u8; 4], fill: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(kind);
    fill(out);
    let size = (out.len() - at) as u32;
    out[at..at + 4].copy_from_slice(&size.to_be_bytes());
}

/// Appends a box with version and flags.
pub(crate) fn full_box(out: &mut Vec<u8>, kind: &[u8; 4], version: u8, flags: u32, fill: impl FnOnce(&mut Vec<u8>)) {
    boxed(out, kind, |out| {
        put_u32(out, u32::from(version) << 24 | flags);
        fill(out);
    });
}

pub(crate) fn put_u16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}

pub(crate) fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_be_bytes());
}

pub(crate) fn put_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// Splits one box off: its kind, its content, and the rest.
pub(crate) fn split_box(data: &[u8]) -> Option<([u8; 4], &[u8], &[u8])> {
    let (size, rest) = data.split_first_chunk::<4>()?;
    let (kind, _) = rest.split_first_chunk::<4>()?;
    let size = u32::from_be_bytes(*size) as usize;
    (size >= 8 && size <= data.len()).then(|| (*kind, &data[8..size], &data[size..]))
}

pub(crate) fn children(mut data: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (kind, content, rest) = split_box(data)?;
        data = rest;
        Some((kind, content))
    })
}

pub(crate) fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(data.get(at..at + 4)?.try_into().ok()?))
}

/// The content of the first box of a kind.
pub(crate) fn child<'a>(data: &'a [u8], wanted: &[u8; 4]) -> Option<&'a [u8]> {
    children(data).find(|(kind, _)| kind == wanted).map(|(_, content)| content)
}
