//! Bursts: packets of one size, one behind the other in one buffer, so that
//! the kernel takes them as one.

use std::collections::VecDeque;
use std::sync::Arc;

use super::header::{Header, write_payload};
use super::outlet::Clock;
use super::pacer::BURST_PACKETS;
use super::sent::Sent;
use super::srtp::Srtp;
use super::stream::Stream;
use super::{Body, Rewritten};

/// Packets that differ by no more are padded to one size; those of a picture
/// differ by a few bytes.
pub(super) const PADDING_BYTES: usize = 16;
/// Most that padding can add (RFC 3550 5.1).
pub(super) const MOST_PADDING_BYTES: usize = 255;
/// The sequence number of what is repaired (RFC 4588 4).
const ORIGINAL_BYTES: usize = 2;

/// What differs when the same packet is written to the same viewer a second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) with_mid: bool,
    /// In bytes.
    pub(super) padding: u8,
    /// Transport-wide sequence number.
    pub(super) transport: u16,
    /// Seconds, 6 bits before the point and 18 behind it.
    pub(super) send_time: u32,
}

/// How a packet goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    First,
    /// Under the repairs' SSRC (RFC 4588).
    Repair,
    /// As it went before: it has the number that it had, and so it is sealed with
    /// the same nonce, under which no second text may ever be sealed (RFC 7714 8.1).
    Same(Form),
}

/// A packet that is to be sent.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) stream: usize,
    pub(super) body: Arc<Body>,
    pub(super) as_sent: Rewritten,
    pub(super) way: Way,
    with_mid: bool,
    /// Unsealed, with no padding but that of a form.
    pub(super) bytes: usize,
}

impl Planned {
    pub(super) fn new(at: usize, stream: &Stream, body: Arc<Body>, as_sent: Rewritten, way: Way) -> Planned {
        let described = &stream.described;
        let (with_mid, more) = match way {
            Way::First => (!stream.is_bound, 0),
            // Few repairs are sent, so they always tell.
            Way::Repair => (true, ORIGINAL_BYTES),
            Way::Same(form) => (form.with_mid, usize::from(form.padding)),
        };
        let mid = with_mid.then_some(described.mid.as_bytes());
        let header_bytes = described.extensions.header_bytes(mid, &body.carried);
        let bytes = header_bytes + as_sent.payload(&body).len() + more;
        Planned { stream: at, body, as_sent, way, with_mid, bytes }
    }

    /// Whether its size can't be changed.
    pub(super) fn is_fixed(&self) -> bool {
        matches!(self.way, Way::Same(_))
    }
}

/// How many packets at the front make one burst, of at most `most`; their size.
/// Only the last may be shorter. What has a form goes alone.
pub(super) fn burst(queue: &VecDeque<Planned>, most: usize) -> (usize, usize) {
    let (mut count, mut size, mut least) = (0, 0, usize::MAX);
    for planned in queue.iter().take(most.min(BURST_PACKETS)) {
        let bytes = planned.bytes;
        if count > 0 && (planned.is_fixed() || bytes > least + PADDING_BYTES) {
            break;
        }
        count += 1;
        if bytes + PADDING_BYTES < size {
            break;
        }
        size = size.max(bytes);
        if planned.is_fixed() {
            break;
        }
        least = least.min(bytes);
    }
    (count, size)
}

/// What writing needs of a connection.
pub(super) struct Writer<'a> {
    pub(super) streams: &'a mut [Stream],
    pub(super) sent: &'a mut Sent,
    pub(super) srtp: &'a Srtp,
    pub(super) probe: u8,
    pub(super) now_us: u64,
}

impl Writer<'_> {
    /// Appends a packet, sealed, with at least `size` bytes before sealing if
    /// padding can make it so; and keeps it, as far as it may be sent again.
    pub(super) fn write(&mut self, room: &mut Vec<u8>, planned: Planned, size: usize) {
        let repairs = self.streams[planned.stream].repairs(&planned.as_sent);
        // Under the stream's own SSRC it would be a second text with the nonce of the first.
        if planned.way == Way::Repair && repairs.is_none() {
            return;
        }
        let form = self.form(&planned, size);
        let stream = &mut self.streams[planned.stream];
        let (ssrc, payload_type, index) = match repairs {
            Some((repairs, repair_type)) if planned.way == Way::Repair => {
                stream.repair_sequence += 1;
                (repairs, repair_type, stream.repair_sequence)
            }
            _ => (stream.described.ssrc, planned.as_sent.payload_type, planned.as_sent.sequence),
        };
        let described = &stream.described;
        let start = room.len();
        let header = Header {
            payload_type,
            sequence: index as u16,
            timestamp: planned.as_sent.timestamp,
            ssrc,
            marker: planned.body.marker || planned.as_sent.ends_picture,
            padded: form.padding > 0,
            mid: form.with_mid.then_some(described.mid.as_bytes()),
            transport: form.transport,
            send_time: form.send_time,
            raise: planned.as_sent.raise,
        };
        room.reserve(planned.bytes + usize::from(form.padding) + self.srtp.tag_bytes());
        header.write(room, &described.extensions, &planned.body.carried);
        let header_bytes = room.len() - start;
        if planned.way == Way::Repair {
            room.extend_from_slice(&(planned.as_sent.sequence as u16).to_be_bytes());
        }
        let payload = planned.as_sent.payload(&planned.body);
        write_payload(room, &planned.body, payload, planned.as_sent.vp8);
        if form.padding > 0 {
            room.resize(room.len() + usize::from(form.padding) - 1, 0);
            room.push(form.padding);
        }
        self.srtp.seal(room, start, header_bytes, ssrc, index);
        if planned.way == Way::First && described.video {
            let as_it_was = repairs.is_none().then_some(form);
            stream.history.keep(planned.body, planned.as_sent, as_it_was);
        }
    }

    /// The form that the packet has, or gets now.
    fn form(&mut self, planned: &Planned, size: usize) -> Form {
        let counted = self.streams[planned.stream].described.extensions.transport != 0;
        if let Way::Same(form) = planned.way {
            if counted {
                self.sent.went_again(form.transport);
            }
            return form;
        }
        let padding = size.saturating_sub(planned.bytes).min(MOST_PADDING_BYTES);
        let sealed_bytes = planned.bytes + padding + self.srtp.tag_bytes();
        Form {
            with_mid: planned.with_mid,
            padding: padding as u8,
            transport: if counted { self.sent.push(self.now_us, sealed_bytes, self.probe) } else { 0 },
            send_time: Clock::send_time(self.now_us),
        }
    }
}

#[cfg(test)]
mod tests {
    use str0m::crypto::dtls::SrtpProfile;

    use super::*;
    use crate::sending::keys::Keys;
    use crate::sending::wire::video;
    use crate::sending::{Carried, ExtensionIds};

    fn stream() -> Stream {
        Stream::new(video(None, ExtensionIds::default()))
    }

    fn queue(sizes: &[usize]) -> VecDeque<Planned> {
        let stream = stream();
        let planned = |size: &usize| {
            let body = Arc::new(Body::new(vec![0; *size].into(), false, Carried::default(), false));
            Planned::new(0, &stream, body, Rewritten::default(), Way::First)
        };
        sizes.iter().map(planned).collect()
    }

    #[test]
    fn packets_of_about_one_size_are_one_burst_with_a_shorter_end() {
        let burst = |sizes: &[usize], most| {
            let (count, size) = super::burst(&queue(sizes), most);
            (count, size - 12)
        };
        assert_eq!(burst(&[1_100, 1_101, 1_099, 1_100], 8), (4, 1_101));
        assert_eq!(burst(&[1_100, 1_116, 400, 1_100], 8), (3, 1_116), "the third ends it");
        assert_eq!(burst(&[1_100, 1_117], 8), (1, 1_100), "one byte too far");
        assert_eq!(burst(&[1_116, 1_100, 1_117], 8), (2, 1_116), "from the least");
        assert_eq!(burst(&[1_100; 20], 20), (BURST_PACKETS, 1_100));
        assert_eq!(burst(&[1_100; 20], 3), (3, 1_100));
    }

    #[test]
    fn a_repair_of_a_stream_that_has_no_repairs_is_not_written() {
        let profile = SrtpProfile::AEAD_AES_128_GCM;
        let material = (0..profile.keying_material_len() as u8).collect();
        let srtp = Srtp::new(&Keys { material, profile, active: false }).unwrap();
        let (mut streams, mut sent) = ([stream()], Sent::default());
        let mut written = |way| {
            let body = Arc::new(Body::new(vec![0; 100].into(), false, Carried::default(), false));
            let planned = Planned::new(0, &streams[0], body, Rewritten::default(), way);
            let mut room = Vec::new();
            let mut writer = Writer { streams: &mut streams, sent: &mut sent, srtp: &srtp, probe: 0, now_us: 0 };
            writer.write(&mut room, planned, 0);
            !room.is_empty()
        };
        assert!(written(Way::First));
        assert!(!written(Way::Repair), "it would be a second text under the number of the first");
    }
}
