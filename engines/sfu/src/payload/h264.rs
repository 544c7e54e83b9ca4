//! H.264 (RFC 6184, packetization modes 0 and 1): NAL units, each with a
//! length in front as in MP4 samples (ISO/IEC 14496-15 5.3), to and from
//! packets.

use std::sync::Arc;

use super::{Frame, Malformed};

pub(crate) const IDR: u8 = 5;
pub(crate) const SPS: u8 = 7;
pub(crate) const PPS: u8 = 8;
const ACCESS_UNIT_DELIMITER: u8 = 9;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;
/// Bytes of the length in front of a NAL unit.
const LENGTH_BYTES: usize = 4;

/// Type of a NAL unit; 0 of an empty one.
pub(crate) fn kind(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |header| header & 0x1f)
}

/// Whether a NAL unit carries picture data (ITU-T H.264 table 7-1).
pub(crate) fn is_slice(kind: u8) -> bool {
    (1..=IDR).contains(&kind)
}

/// The NAL units of one packet that stand whole in it: alone or aggregated.
/// Stops at what can't be read.
pub(crate) fn whole_units(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    let aggregated = kind(payload) == STAP_A;
    let mut rest = if aggregated { &payload[1..] } else { payload };
    std::iter::from_fn(move || {
        if !aggregated {
            return Some(std::mem::take(&mut rest)).filter(|unit| !unit.is_empty());
        }
        let [high, low, behind @ ..] = rest else { return None };
        let (unit, after) = behind.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
        rest = after;
        Some(unit).filter(|unit| !unit.is_empty())
    })
}

pub(super) fn frame(payloads: &[&[u8]]) -> Result<Option<Frame>, Malformed> {
    let mut out = Frame {
        data: Vec::with_capacity(payloads.iter().map(|payload| payload.len() + LENGTH_BYTES).sum()),
        key_frame: false,
    };
    // Where the length of a unit in fragments stands, while more of it is to come.
    let mut open: Option<usize> = None;
    for payload in payloads {
        let first = *payload.first().ok_or(Malformed)?;
        if open.is_some() && first & 0x1f != FU_A {
            return Err(Malformed);
        }
        match first & 0x1f {
            1..=23 => push_unit(&mut out, payload),
            STAP_A => {
                let mut bytes = 1;
                for unit in whole_units(payload) {
                    bytes += 2 + unit.len();
                    push_unit(&mut out, unit);
                }
                if bytes != payload.len() || bytes == 1 {
                    return Err(Malformed);
                }
            }
            FU_A => push_fragment(&mut out, payload, &mut open)?,
            _ => return Err(Malformed),
        }
    }
    if open.is_some() { Err(Malformed) } else { Ok(Some(out)) }
}

fn push_unit(out: &mut Frame, unit: &[u8]) {
    if kind(unit) == ACCESS_UNIT_DELIMITER {
        return;
    }
    out.key_frame |= kind(unit) == IDR;
    out.data.extend_from_slice(&(unit.len() as u32).to_be_bytes());
    out.data.extend_from_slice(unit);
}

/// A piece of a unit (RFC 6184 5.8).
fn push_fragment(out: &mut Frame, payload: &[u8], open: &mut Option<usize>) -> Result<(), Malformed> {
    let [indicator, header, piece @ ..] = payload else { return Err(Malformed) };
    let (begins, ends) = (header & 0x80 != 0, header & 0x40 != 0);
    if begins == open.is_some() || (begins && ends) || piece.is_empty() {
        return Err(Malformed);
    }
    let at = *open.get_or_insert(out.data.len());
    if begins {
        out.data.extend_from_slice(&[0; LENGTH_BYTES]);
        out.data.push(indicator & 0xe0 | header & 0x1f);
        out.key_frame |= header & 0x1f == IDR;
    }
    out.data.extend_from_slice(piece);
    if ends {
        let length = (out.data.len() - at - LENGTH_BYTES) as u32;
        out.data[at..at + LENGTH_BYTES].copy_from_slice(&length.to_be_bytes());
        *open = None;
    }
    Ok(())
}

/// The NAL units of a sample, without access unit delimiters and empty ones.
///
/// # Errors
///
/// A length exceeds the sample.
pub(crate) fn units(sample: &[u8]) -> Result<Vec<&[u8]>, Malformed> {
    let mut units = Vec::new();
    let mut rest = sample;
    while !rest.is_empty() {
        let (length, behind) = rest.split_first_chunk::<LENGTH_BYTES>().ok_or(Malformed)?;
        let (unit, after) = behind.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or(Malformed)?;
        if !unit.is_empty() && kind(unit) != ACCESS_UNIT_DELIMITER {
            units.push(unit);
        }
        rest = after;
    }
    Ok(units)
}

/// Packs units into payloads of at most `most` bytes: small ones together
/// (STAP-A), large ones in pieces of about one size (FU-A).
pub(crate) fn packets(units: &[&[u8]], most: usize) -> Vec<Arc<[u8]>> {
    let mut packets: Vec<Arc<[u8]>> = Vec::new();
    let mut together: Vec<&[u8]> = Vec::new();
    let aggregated_bytes = |units: &[&[u8]]| 1 + units.iter().map(|unit| 2 + unit.len()).sum::<usize>();
    for unit in units {
        if aggregated_bytes(&together) + 2 + unit.len() > most {
            flush(&mut packets, &mut together);
        }
        if unit.len() <= most {
            together.push(unit);
        } else {
            fragment(&mut packets, unit, most);
        }
    }
    flush(&mut packets, &mut together);
    packets
}

fn flush(packets: &mut Vec<Arc<[u8]>>, together: &mut Vec<&[u8]>) {
    match together.as_slice() {
        [] => {}
        [alone] => packets.push(Arc::from(*alone)),
        units => {
            // The highest importance of the units inside (RFC 6184 5.7).
            let importance = units.iter().map(|unit| unit[0] & 0x60).max().unwrap_or(0);
            let mut packet = vec![importance | STAP_A];
            for unit in units {
                packet.extend_from_slice(&(unit.len() as u16).to_be_bytes());
                packet.extend_from_slice(unit);
            }
            packets.push(packet.into());
        }
    }
    together.clear();
}

fn fragment(packets: &mut Vec<Arc<[u8]>>, unit: &[u8], most: usize) {
    let (header, body) = (unit[0], &unit[1..]);
    let pieces = body.len().div_ceil(most - 2);
    let piece_bytes = body.len().div_ceil(pieces);
    for (index, piece) in body.chunks(piece_bytes).enumerate() {
        let begins = if index == 0 { 0x80 } else { 0 };
        let ends = if (index + 1) * piece_bytes >= body.len() { 0x40 } else { 0 };
        let mut packet = Vec::with_capacity(2 + piece.len());
        packet.extend_from_slice(&[header & 0xe0 | FU_A, begins | ends | header & 0x1f]);
        packet.extend_from_slice(piece);
        packets.push(packet.into());
    }
}

/// Puts units into a sample.
#[cfg(test)]
pub(crate) fn sample(units: &[&[u8]]) -> Vec<u8> {
    units.iter().flat_map(|unit| [&(unit.len() as u32).to_be_bytes()[..], unit].concat()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(header: u8, bytes: usize) -> Vec<u8> {
        std::iter::once(header).chain((1..bytes).map(|at| (at % 251) as u8)).collect()
    }

    #[test]
    fn what_is_packed_comes_out_as_it_was() {
        let (sps, pps, sei) = (unit(0x67, 20), unit(0x68, 6), unit(0x06, 30));
        for (idr, most) in [(unit(0x65, 10), 1_150), (unit(0x65, 1_150), 1_150), (unit(0x65, 1_151), 1_150)] {
            let units: [&[u8]; 4] = [&sps, &pps, &sei, &idr];
            let packets = packets(&units, most);
            assert!(packets.iter().all(|packet| packet.len() <= most));
            let payloads: Vec<&[u8]> = packets.iter().map(|packet| &packet[..]).collect();
            let frame = frame(&payloads).unwrap().unwrap();
            assert!(frame.key_frame);
            assert_eq!(frame.data, sample(&units));
            assert_eq!(super::units(&frame.data).unwrap(), units);
            assert_eq!(kind(&packets[0]), STAP_A, "parameter sets together");
        }
        let large = unit(0x41, 50_000);
        let pieces = packets(&[&large], 1_150);
        assert_eq!(pieces.len(), 50_000usize.div_ceil(1_148));
        let sizes: Vec<usize> = pieces.iter().map(|piece| piece.len()).collect();
        assert!(sizes[..sizes.len() - 1].iter().all(|size| *size == sizes[0]), "all of one size but the last");
        let payloads: Vec<&[u8]> = pieces.iter().map(|packet| &packet[..]).collect();
        assert_eq!(frame(&payloads).unwrap().unwrap(), Frame { data: sample(&[&large]), key_frame: false });
    }

    #[test]
    fn delimiters_are_dropped_and_an_idr_in_an_aggregate_is_seen() {
        let frame = frame(&[&[0x78, 0, 2, 0x09, 0xf0, 0, 2, 0x67, 1, 0, 2, 0x65, 2]]).unwrap().unwrap();
        assert_eq!(frame, Frame { data: vec![0, 0, 0, 2, 0x67, 1, 0, 0, 0, 2, 0x65, 2], key_frame: true });
        assert_eq!(units(&[0, 0, 0, 2, 0x09, 0xf0, 0, 0, 0, 1, 0x41, 0, 0, 0, 0]).unwrap(), [&[0x41]]);
    }

    #[test]
    fn what_is_not_whole_is_told() {
        let whole: [&[u8]; 3] = [&[0x7c, 0x85, 1], &[0x7c, 0x05, 2], &[0x7c, 0x45, 3]];
        assert_eq!(frame(&whole).unwrap().unwrap().data, [0, 0, 0, 4, 0x65, 1, 2, 3]);
        assert_eq!(frame(&whole[1..]), Err(Malformed));
        assert_eq!(frame(&whole[..2]), Err(Malformed));
        assert_eq!(frame(&[whole[0], &[0x41, 1]]), Err(Malformed), "another unit in between");
        assert_eq!(frame(&[whole[0], whole[0]]), Err(Malformed));
        assert_eq!(frame(&[&[0x78, 0, 9, 1]]), Err(Malformed), "a length that lies");
        assert_eq!(frame(&[&[0x78]]), Err(Malformed));
        assert_eq!(frame(&[&[0x7c, 0x85]]), Err(Malformed));
        for kind in [0, 25, 26, 27, 29, 30, 31] {
            assert_eq!(frame(&[&[0x60 | kind, 1, 2, 3, 4]]), Err(Malformed), "{kind}");
        }
        assert_eq!(units(&[0, 0, 0, 2, 1]), Err(Malformed));
        assert_eq!(units(&[0, 0, 0]), Err(Malformed));
        assert_eq!(units(&[0xff; 9]), Err(Malformed));
    }
}
