//! VP8 frames of the wanted rate and size, split into RTP payloads as an encoder's packetiser does.
//!
//! The pictures are no pictures, but payload descriptor (RFC 7741 section 4.2) and frame header (RFC 6386
//! section 9.1) are right, so a forwarder finds key frames, frame borders and sizes where it looks for them.

use super::stamp::{FrameKind, STAMP_BYTES, Stamp};

/// Frames a second.
pub const FRAME_RATE: u32 = 30;
/// The RTP clock of video, in ticks a second.
pub const VIDEO_CLOCK_RATE: u32 = 90_000;
/// The smallest payload: descriptor, key frame header and stamp.
pub const PAYLOAD_MIN_BYTES: usize = DESCRIPTOR_BYTES + KEY_HEADER_BYTES + STAMP_BYTES;
/// The largest payload that fits a datagram of 1,280 bytes with headers and the SRTP tag.
pub const PAYLOAD_MAX_BYTES: usize = 1_200;
/// The most packets of a second.
pub const PACKETS_PER_SECOND_MAX: u32 = 20_000;

const DESCRIPTOR_BYTES: usize = 4;
const KEY_HEADER_BYTES: usize = 10;
/// What the key frames say of the picture's size.
const WIDTH: u16 = 1280;
const HEIGHT: u16 = 720;

/// One RTP payload to send.
pub struct Payload {
    /// Its bytes; the stamp is in them.
    pub bytes: Vec<u8>,
    /// Whether it is the last one of its frame (the RTP marker).
    pub last: bool,
}

/// Makes one frame after another.
pub struct Packetiser {
    packets_per_second: u32,
    payload_bytes: usize,
    frame: u32,
    number: u64,
}

impl Packetiser {
    /// Frames at [`FRAME_RATE`] of so many packets that `packets_per_second` holds over a second,
    /// with payloads of at most `payload_bytes`.
    pub fn new(packets_per_second: u32, payload_bytes: usize) -> Self {
        Self {
            packets_per_second: packets_per_second.clamp(FRAME_RATE, PACKETS_PER_SECOND_MAX),
            payload_bytes: payload_bytes.clamp(PAYLOAD_MIN_BYTES, PAYLOAD_MAX_BYTES),
            frame: 0,
            number: 0,
        }
    }

    /// The number of the next packet.
    pub fn next_number(&self) -> u64 {
        self.number
    }

    /// Takes a number for a packet of another stream.
    pub fn take_number(&mut self) -> u64 {
        self.number += 1;
        self.number - 1
    }

    /// The RTP time stamp of the next frame.
    pub fn rtp_time(&self) -> u32 {
        self.frame.wrapping_mul(VIDEO_CLOCK_RATE / FRAME_RATE)
    }

    /// The payloads of the next frame, stamped with `sent_ns`.
    pub fn frame(&mut self, key: bool, sent_ns: u64) -> Vec<Payload> {
        let packets = self.packets_of(self.frame);
        // Frames differ in size, so an even split gives packets that differ by a byte, as those of encoders do.
        let missing = self.frame as usize * 7 % packets;
        let payloads = (0..packets)
            .map(|index| {
                let len = self.payload_bytes - usize::from(index < missing);
                self.payload(index, packets, len.max(PAYLOAD_MIN_BYTES), key, sent_ns)
            })
            .collect();
        self.frame = self.frame.wrapping_add(1);
        payloads
    }

    /// Spreads the packets of a second over its frames, differing by one at most.
    fn packets_of(&self, frame: u32) -> usize {
        let slot = u64::from(frame % FRAME_RATE);
        let until = |slot: u64| slot * u64::from(self.packets_per_second) / u64::from(FRAME_RATE);
        (until(slot + 1) - until(slot)) as usize
    }

    fn payload(&mut self, index: usize, packets: usize, len: usize, key: bool, sent_ns: u64) -> Payload {
        let mut bytes = vec![0x55; len];
        // X: extensions follow. S: the frame's partition starts here. I: a picture id of 15 bits.
        bytes[0] = 0x80 | if index == 0 { 0x10 } else { 0 };
        bytes[1] = 0x80;
        let picture_id = (self.frame as u16 & 0x7fff) | 0x8000;
        bytes[2..4].copy_from_slice(&picture_id.to_be_bytes());
        if index == 0 {
            write_frame_header(&mut bytes[DESCRIPTOR_BYTES..], key);
        }
        let stamp = Stamp {
            number: self.take_number(),
            sent_ns,
            frame: self.frame,
            frame_packets: packets as u16,
            kind: if key { FrameKind::Key } else { FrameKind::Delta },
        };
        stamp.write(&mut bytes);
        Payload { bytes, last: index + 1 == packets }
    }
}

/// RFC 6386 section 9.1: bit 0 is clear for key frames, bit 4 says that the frame is shown.
fn write_frame_header(at: &mut [u8], key: bool) {
    at[0] = 0x10 | u8::from(!key);
    at[1] = 0;
    at[2] = 0;
    if key {
        at[3..6].copy_from_slice(&[0x9d, 0x01, 0x2a]);
        at[6..8].copy_from_slice(&WIDTH.to_le_bytes());
        at[8..10].copy_from_slice(&HEIGHT.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_as_many_packets_as_asked() {
        for rate in [30, 31, 50, 299, 300, 301, 1_000, PACKETS_PER_SECOND_MAX] {
            let mut packetiser = Packetiser::new(rate, 400);
            for second in 0..2 {
                let packets: usize = (0..FRAME_RATE).map(|_| packetiser.frame(false, 0).len()).sum();
                assert_eq!(packets, rate as usize, "second {second}");
            }
            assert_eq!(packetiser.next_number(), 2 * u64::from(rate));
        }
    }

    #[test]
    fn rates_and_sizes_out_of_bounds_are_brought_within() {
        assert_eq!(Packetiser::new(1, 400).frame(false, 0).len(), 1);
        let most = Packetiser::new(PACKETS_PER_SECOND_MAX + 1, 400).packets_per_second;
        assert_eq!(most, PACKETS_PER_SECOND_MAX);
        assert_eq!(Packetiser::new(30, PAYLOAD_MAX_BYTES + 1).frame(true, 0)[0].bytes.len(), PAYLOAD_MAX_BYTES);
        assert_eq!(Packetiser::new(30, 1).frame(true, 0)[0].bytes.len(), PAYLOAD_MIN_BYTES);
    }

    #[test]
    fn a_frame_begins_and_ends_where_it_says() {
        let mut packetiser = Packetiser::new(300, 1_100);
        for frame in 0..40_u32 {
            assert_eq!(packetiser.rtp_time(), frame * 3_000);
            let payloads = packetiser.frame(frame == 0, 5);
            assert_eq!(payloads.len(), 10);
            for (index, payload) in payloads.iter().enumerate() {
                let stamp = Stamp::read(&payload.bytes).unwrap();
                assert_eq!((stamp.frame, stamp.frame_packets, stamp.sent_ns), (frame, 10, 5));
                assert_eq!(payload.bytes[0] & 0x10 != 0, index == 0);
                assert_eq!(payload.last, index == 9);
                assert!((1_099..=1_100).contains(&payload.bytes.len()));
            }
        }
    }

    #[test]
    fn key_frames_are_known_by_their_header() {
        let mut packetiser = Packetiser::new(30, 200);
        let key = packetiser.frame(true, 0).remove(0).bytes;
        assert_eq!(key[4] & 1, 0);
        assert_eq!(key[7..10], [0x9d, 0x01, 0x2a]);
        assert_eq!(Stamp::read(&key).unwrap().kind, FrameKind::Key);
        let delta = packetiser.frame(false, 0).remove(0).bytes;
        assert_eq!(delta[4] & 1, 1);
        assert_eq!(Stamp::read(&delta).unwrap().kind, FrameKind::Delta);
    }
}
