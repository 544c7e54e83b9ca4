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

/// A packet that is to be sent.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) stream: usize,
    pub(super) body: Arc<Body>,
    pub(super) as_sent: Rewritten,
    /// It goes to the repairs' SSRC.
    pub(super) again: bool,
    pub(super) with_mid: bool,
    header_bytes: usize,
    /// Unsealed and unpadded.
    pub(super) bytes: usize,
}

impl Planned {
    pub(super) fn new(at: usize, stream: &Stream, body: Arc<Body>, as_sent: Rewritten, again: bool) -> Planned {
        let described = &stream.described;
        // Few repairs are sent, so they always tell.
        let with_mid = again || !stream.is_bound;
        let mid = with_mid.then_some(described.mid.as_bytes());
        let header_bytes = described.extensions.header_bytes(mid, &body.carried);
        let bytes = header_bytes + as_sent.payload(&body).len() + if again { ORIGINAL_BYTES } else { 0 };
        Planned { stream: at, body, as_sent, again, with_mid, header_bytes, bytes }
    }
}

/// How many packets at the front make one burst, of at most `most`; their size.
/// Only the last may be shorter.
pub(super) fn burst(queue: &VecDeque<Planned>, most: usize) -> (usize, usize) {
    let (mut count, mut size, mut least) = (0, 0, usize::MAX);
    for planned in queue.iter().take(most.min(BURST_PACKETS)) {
        let bytes = planned.bytes;
        if count > 0 && bytes > least + PADDING_BYTES {
            break;
        }
        count += 1;
        if bytes + PADDING_BYTES < size {
            break;
        }
        size = size.max(bytes);
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
    /// padding can make it so.
    pub(super) fn write(&mut self, room: &mut Vec<u8>, planned: &Planned, size: usize) {
        let stream = &mut self.streams[planned.stream];
        let (ssrc, payload_type, index) = match (stream.described.repairs, planned.as_sent.repair_type) {
            (Some(repairs), Some(repair_type)) if planned.again => {
                stream.repair_sequence += 1;
                (repairs, repair_type, stream.repair_sequence)
            }
            _ => (stream.described.ssrc, planned.as_sent.payload_type, planned.as_sent.sequence),
        };
        let described = &stream.described;
        let start = room.len();
        let padding = size.saturating_sub(planned.bytes).min(MOST_PADDING_BYTES);
        let sealed_bytes = planned.bytes + padding + self.srtp.tag_bytes();
        let transport =
            if described.extensions.transport == 0 { 0 } else { self.sent.push(self.now_us, sealed_bytes, self.probe) };
        let header = Header {
            payload_type,
            sequence: index as u16,
            timestamp: planned.as_sent.timestamp,
            ssrc,
            marker: planned.body.marker || planned.as_sent.ends_picture,
            padded: padding > 0,
            mid: planned.with_mid.then_some(described.mid.as_bytes()),
            transport,
            send_time: Clock::send_time(self.now_us),
            raise: planned.as_sent.raise,
        };
        room.reserve(sealed_bytes);
        header.write(room, &described.extensions, &planned.body.carried);
        if planned.again {
            room.extend_from_slice(&(planned.as_sent.sequence as u16).to_be_bytes());
        }
        let payload = planned.as_sent.payload(&planned.body);
        write_payload(room, &planned.body, payload, planned.as_sent.vp8);
        if padding > 0 {
            room.resize(room.len() + padding - 1, 0);
            room.push(padding as u8);
        }
        self.srtp.seal(room, start, planned.header_bytes, ssrc, index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sending::{Carried, Description, ExtensionIds};

    fn queue(sizes: &[usize]) -> VecDeque<Planned> {
        let described = Description {
            ssrc: 1,
            repairs: None,
            mid: String::new(),
            cname: String::new(),
            extensions: ExtensionIds::default(),
            clock_hz: 90_000,
            video: true,
        };
        let stream = Stream::new(described);
        let planned = |size: &usize| {
            let body = Arc::new(Body::new(vec![0; *size].into(), false, Carried::default(), false));
            Planned::new(0, &stream, body, Rewritten::default(), false)
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
}
