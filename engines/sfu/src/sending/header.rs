//! RTP headers as they go to one viewer (RFC 3550 5.1, RFC 8285).

use super::Body;
use crate::payload::dependency::FRAME_NUMBER;

const FIXED_BYTES: usize = 12;
const EXTENSION_HEADER_BYTES: usize = 4;
const ONE_BYTE_FORM: [u8; 2] = [0xbe, 0xde];
const TWO_BYTE_FORM: [u8; 2] = [0x10, 0x00];
/// Longest value in the one-byte form.
const ONE_BYTE_FORM_BYTES: usize = 16;
const SEND_TIME_BYTES: usize = 3;
const TRANSPORT_BYTES: usize = 2;

/// The ids that one m-line has for extensions; 0: the client doesn't take it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ExtensionIds {
    pub(crate) audio_level: u8,
    pub(crate) send_time: u8,
    pub(crate) transport: u8,
    pub(crate) mid: u8,
    pub(crate) orientation: u8,
    pub(crate) descriptor: u8,
}

/// Extensions that go through as they came from the publisher.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    /// RFC 6464: the voice flag and the level below the loudest.
    pub(crate) audio_level: Option<u8>,
    /// 3GPP TS 26.114 7.4.5.
    pub(crate) orientation: Option<u8>,
    /// The dependency descriptor.
    pub(crate) descriptor: Option<Box<[u8]>>,
}

/// What a packet has in front at one viewer.
#[derive(Debug)]
pub(super) struct Header<'a> {
    pub(super) payload_type: u8,
    pub(super) sequence: u16,
    pub(super) timestamp: u32,
    pub(super) ssrc: u32,
    pub(super) marker: bool,
    pub(super) padded: bool,
    /// Written as long as the client may not know which m-line the SSRC is of.
    pub(super) mid: Option<&'a [u8]>,
    /// Transport-wide sequence number.
    pub(super) transport: u16,
    /// Seconds, 6 bits before the point and 18 behind it.
    pub(super) send_time: u32,
    /// How much the frame number of the descriptor is raised by.
    pub(super) raise: u16,
}

impl ExtensionIds {
    fn two_byte_form(&self, carried: &Carried) -> bool {
        let long = |descriptor: &[u8]| self.descriptor != 0 && descriptor.len() > ONE_BYTE_FORM_BYTES;
        carried.descriptor.as_deref().is_some_and(long)
    }

    /// Length of a header, in bytes.
    pub(super) fn header_bytes(&self, mid: Option<&[u8]>, carried: &Carried) -> usize {
        let each = if self.two_byte_form(carried) { 2 } else { 1 };
        let mut bytes = 0;
        let mut count = |id: u8, value: usize| bytes += if id == 0 { 0 } else { each + value };
        count(self.transport, TRANSPORT_BYTES);
        count(self.send_time, SEND_TIME_BYTES);
        mid.inspect(|mid| count(self.mid, mid.len()));
        carried.audio_level.inspect(|_| count(self.audio_level, 1));
        carried.orientation.inspect(|_| count(self.orientation, 1));
        carried.descriptor.as_deref().inspect(|descriptor| count(self.descriptor, descriptor.len()));
        if bytes == 0 { FIXED_BYTES } else { FIXED_BYTES + EXTENSION_HEADER_BYTES + bytes.next_multiple_of(4) }
    }
}

impl Header<'_> {
    /// Appends the header; its length is [`ExtensionIds::header_bytes`].
    pub(super) fn write(&self, out: &mut Vec<u8>, ids: &ExtensionIds, carried: &Carried) {
        let start = out.len();
        let mut fixed = [0; FIXED_BYTES];
        fixed[0] = 0x80 | if self.padded { 0x20 } else { 0 };
        fixed[1] = self.payload_type | if self.marker { 0x80 } else { 0 };
        fixed[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        fixed[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        fixed[8..].copy_from_slice(&self.ssrc.to_be_bytes());
        out.extend_from_slice(&fixed);
        let two_bytes = ids.two_byte_form(carried);
        let values = start + FIXED_BYTES + EXTENSION_HEADER_BYTES;
        out.extend_from_slice(if two_bytes { &TWO_BYTE_FORM } else { &ONE_BYTE_FORM });
        out.extend_from_slice(&[0, 0]);
        let mut element = |id: u8, value: &[u8]| {
            if id == 0 {
                return;
            }
            if two_bytes {
                out.extend_from_slice(&[id, value.len() as u8]);
            } else {
                out.push(id << 4 | (value.len() - 1) as u8);
            }
            out.extend_from_slice(value);
        };
        element(ids.transport, &self.transport.to_be_bytes());
        element(ids.send_time, &self.send_time.to_be_bytes()[1..]);
        if let Some(mid) = self.mid {
            element(ids.mid, mid);
        }
        if let Some(level) = carried.audio_level {
            element(ids.audio_level, &[level]);
        }
        if let Some(orientation) = carried.orientation {
            element(ids.orientation, &[orientation]);
        }
        if let Some(descriptor) = carried.descriptor.as_deref().filter(|_| ids.descriptor != 0) {
            element(ids.descriptor, descriptor);
            let at = out.len() - descriptor.len();
            self.raise_frame_number(&mut out[at..]);
        }
        if out.len() == values {
            out.truncate(start + FIXED_BYTES);
            return;
        }
        let bytes = (out.len() - values).next_multiple_of(4);
        out.resize(values + bytes, 0);
        out[values - 2..values].copy_from_slice(&((bytes / 4) as u16).to_be_bytes());
        out[start] |= 0x10;
    }

    fn raise_frame_number(&self, descriptor: &mut [u8]) {
        if let Some(number) = descriptor.get_mut(FRAME_NUMBER) {
            let raised = u16::from_be_bytes([number[0], number[1]]).wrapping_add(self.raise);
            number.copy_from_slice(&raised.to_be_bytes());
        }
    }
}

/// Appends the payload with the picture id and TL0PICIDX that it has at one
/// viewer, where they differ from those that came (RFC 7741 4.2).
pub(super) fn write_payload(out: &mut Vec<u8>, body: &Body, payload: &[u8], ids: Option<(u16, u8)>) {
    let start = out.len();
    out.extend_from_slice(payload);
    let (Some(places), Some((picture, tl0))) = (&body.vp8, ids) else { return };
    let written = &mut out[start..];
    if let Some((at, long)) = places.picture_at {
        let [high, low] = picture.to_be_bytes();
        if long {
            written[at] = 0x80 | high;
            written[at + 1] = low;
        } else {
            // The encoder chose the short form: 7 bits.
            written[at] = low & 0x7f;
        }
    }
    if let Some(at) = places.tl0_at {
        written[at] = tl0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use str0m::rtp::Vp8Descriptor;

    fn header(mid: Option<&[u8]>) -> Header<'_> {
        Header {
            payload_type: 96,
            sequence: 0xffff,
            timestamp: 7,
            ssrc: 0x0102_0304,
            marker: true,
            padded: false,
            mid,
            transport: 0x0809,
            send_time: 0x00aa_bbcc,
            raise: 2,
        }
    }

    #[test]
    fn every_extension_is_where_its_id_says() {
        let ids = ExtensionIds { audio_level: 1, send_time: 2, transport: 3, mid: 4, orientation: 13, descriptor: 8 };
        let carried =
            Carried { audio_level: Some(0x85), orientation: Some(1), descriptor: Some(Box::new([0xc0, 0xff, 0xff])) };
        let mut out = vec![9];
        header(Some(b"12")).write(&mut out, &ids, &carried);
        let expected = [
            0x90, 0xe0, 0xff, 0xff, 0, 0, 0, 7, 1, 2, 3, 4, 0xbe, 0xde, 0, 5, //
            0x31, 8, 9, 0x22, 0xaa, 0xbb, 0xcc, 0x41, b'1', b'2', 0x10, 0x85, 0xd0, 1, 0x82, 0xc0, 0, 1, 0, 0,
        ];
        assert_eq!(out[1..], expected);
        assert_eq!(ids.header_bytes(Some(b"12"), &carried), expected.len());
    }

    #[test]
    fn what_is_not_negotiated_is_left_out_and_long_values_take_the_long_form() {
        let carried = |bytes: usize| Carried { descriptor: Some(vec![0; bytes].into()), ..Carried::default() };
        for (ids, carried, bytes) in [
            (ExtensionIds::default(), carried(3), 12),
            (ExtensionIds { transport: 3, ..ExtensionIds::default() }, carried(40), 20),
            (ExtensionIds { descriptor: 8, ..ExtensionIds::default() }, carried(16), 36),
            (ExtensionIds { descriptor: 8, ..ExtensionIds::default() }, carried(17), 36),
        ] {
            let mut out = Vec::new();
            header(None).write(&mut out, &ids, &carried);
            assert_eq!((out.len(), ids.header_bytes(None, &carried)), (bytes, bytes));
            assert_eq!(out[0] & 0x10 != 0, bytes > 12);
            if carried.descriptor.as_ref().is_some_and(|it| it.len() == 17) {
                assert_eq!(out[12..18], [0x10, 0, 0, 5, 8, 17]);
            }
        }
    }

    #[test]
    fn pictures_are_numbered_anew_in_both_forms() {
        for (payload, long) in
            [(vec![0x90, 0xf0, 0x81, 0x02, 0x07, 0x20, 0x10], true), (vec![0x90, 0x80, 0x11, 7], false)]
        {
            let body = Body::new(payload.clone().into(), false, Carried::default(), true);
            let mut out = vec![5];
            write_payload(&mut out, &body, &payload, Some((0x1234, 9)));
            let read = Vp8Descriptor::parse(&out[1..]).unwrap();
            assert_eq!(read.picture_id(), Some(if long { 0x1234 } else { 0x34 }));
            assert_eq!(read.tl0_pic_idx(), long.then_some(9));
            let mut same = Vec::new();
            write_payload(&mut same, &body, &payload, None);
            assert_eq!(same, payload);
        }
    }
}
