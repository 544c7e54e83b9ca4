//! VP8 frames of the wanted rate and size, split into RTP payloads as an encoder's packetiser does.
//!
//! The pictures are no pictures, but payload descriptor (RFC 7741 section 4.2) and frame header (RFC 6386
//! section 9.1) are right, so a forwarder finds key frames, frame borders and sizes where it looks for them.

use super::stamp::{FrameKind, STAMP_BYTES, Stamp};

/// Frames a second, unless something else is asked for.
pub const FRAME_RATE: u32 = 30;
/// The most frames a second.
pub const FRAME_RATE_MAX: u32 = 60;
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
/// How many frames it takes until their sizes repeat; no divisor of a second's frames.
const SIZES: u32 = 97;

/// A picture that is encoded once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Layer {
    /// Packets a second; 0: it is not sent.
    pub packets_per_second: u32,
    /// Bytes of a packet's RTP payload, on average.
    pub payload_bytes: usize,
    /// What its key frames say of its height, in pixels; its sides are as 16 to 9.
    pub height_px: u16,
}

/// One RTP payload to send.
pub struct Payload {
    /// Its bytes; the stamp is in them.
    pub bytes: Vec<u8>,
    /// Whether it is the last one of its frame (the RTP marker).
    pub last: bool,
}

/// Makes one frame after another.
pub struct Packetiser {
    layer: Layer,
    frame_rate: u32,
    swing_percent: u8,
    /// Publisher and layer, as the stamps say them.
    of: (u16, u8),
    frame: u32,
}

impl Packetiser {
    /// Frames at `frame_rate` of so many packets that the layer's rate holds over a second. They are larger and smaller than
    /// the layer says by up to `swing_percent`, as those of encoders are, each as publisher and layer (`of`) would have it.
    pub fn new(layer: Layer, frame_rate: u32, swing_percent: u8, of: (u16, u8)) -> Self {
        let frame_rate = frame_rate.clamp(1, FRAME_RATE_MAX);
        let layer = Layer {
            packets_per_second: layer.packets_per_second.clamp(frame_rate, PACKETS_PER_SECOND_MAX),
            payload_bytes: layer.payload_bytes.clamp(PAYLOAD_MIN_BYTES, PAYLOAD_MAX_BYTES),
            ..layer
        };
        Self { layer, frame_rate, swing_percent, of, frame: 0 }
    }

    /// The number of the next frame.
    pub fn next_frame(&self) -> u32 {
        self.frame
    }

    /// The RTP time stamp of the next frame.
    pub fn rtp_time(&self) -> u32 {
        self.frame.wrapping_mul(VIDEO_CLOCK_RATE / self.frame_rate)
    }

    /// The payloads of the next frame, stamped with `sent_ns` and with numbers from `number` on.
    pub fn frame(&mut self, key: bool, sent_ns: u64, number: &mut u64) -> Vec<Payload> {
        let packets = self.packets_of(self.frame);
        // Frames differ in size, so an even split gives packets that differ by a byte, as those of encoders do.
        let missing = self.frame as usize * 7 % packets;
        let seed = self.frame + u32::from(self.of.0) * 31 + u32::from(self.of.1) * 17;
        let most = swung(self.layer.payload_bytes, self.swing_percent, seed).min(PAYLOAD_MAX_BYTES);
        let payloads = (0..packets)
            .map(|index| {
                let len = most - usize::from(index < missing);
                let stamp = Stamp {
                    number: *number + index as u64,
                    sent_ns,
                    frame: self.frame,
                    frame_packets: packets as u16,
                    kind: if key { FrameKind::Key } else { FrameKind::Delta },
                    publisher: self.of.0,
                    layer: self.of.1,
                    index: index as u16,
                };
                self.payload(stamp, len.max(PAYLOAD_MIN_BYTES))
            })
            .collect();
        *number += packets as u64;
        self.frame = self.frame.wrapping_add(1);
        payloads
    }

    /// Spreads the packets of a second over its frames, differing by one at most.
    fn packets_of(&self, frame: u32) -> usize {
        let slot = u64::from(frame % self.frame_rate);
        let until = |slot: u64| slot * u64::from(self.layer.packets_per_second) / u64::from(self.frame_rate);
        (until(slot + 1) - until(slot)) as usize
    }

    fn payload(&self, stamp: Stamp, len: usize) -> Payload {
        let mut bytes = vec![0x55; len];
        // X: extensions follow. S: the frame's partition starts here. I: a picture id of 15 bits.
        bytes[0] = 0x80 | if stamp.index == 0 { 0x10 } else { 0 };
        bytes[1] = 0x80;
        let picture_id = (self.frame as u16 & 0x7fff) | 0x8000;
        bytes[2..4].copy_from_slice(&picture_id.to_be_bytes());
        if stamp.index == 0 {
            write_frame_header(&mut bytes[DESCRIPTOR_BYTES..], stamp.kind == FrameKind::Key, self.layer.height_px);
        }
        stamp.write(&mut bytes);
        Payload { bytes, last: stamp.index + 1 == stamp.frame_packets }
    }
}

/// `mean` made larger or smaller by up to `swing_percent`, evenly over a round of [`SIZES`] seeds.
pub fn swung(mean: usize, swing_percent: u8, seed: u32) -> usize {
    let (mean, swing) = (mean as i64, i64::from(swing_percent));
    // 53 and 97 have no divisor in common: each step of a round comes once, and neighbours are far apart.
    let step = i64::from(seed % SIZES * 53 % SIZES) - i64::from(SIZES / 2);
    (mean + mean * swing * step / (100 * i64::from(SIZES / 2))).max(0) as usize
}

/// RFC 6386 section 9.1: bit 0 is clear for key frames, bit 4 says that the frame is shown.
fn write_frame_header(at: &mut [u8], key: bool, height_px: u16) {
    at[0] = 0x10 | u8::from(!key);
    at[1] = 0;
    at[2] = 0;
    if key {
        at[3..6].copy_from_slice(&[0x9d, 0x01, 0x2a]);
        at[6..8].copy_from_slice(&(height_px / 9 * 16).to_le_bytes());
        at[8..10].copy_from_slice(&height_px.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packetiser(packets_per_second: u32, payload_bytes: usize) -> Packetiser {
        Packetiser::new(Layer { packets_per_second, payload_bytes, height_px: 720 }, FRAME_RATE, 0, (0, 0))
    }

    #[test]
    fn a_second_has_as_many_packets_as_asked() {
        for rate in [30, 31, 50, 299, 300, 301, 1_000, PACKETS_PER_SECOND_MAX] {
            let (mut packetiser, mut number) = (packetiser(rate, 400), 0);
            for second in 0..2 {
                let packets: usize = (0..FRAME_RATE).map(|_| packetiser.frame(false, 0, &mut number).len()).sum();
                assert_eq!(packets, rate as usize, "second {second}");
            }
            assert_eq!(number, 2 * u64::from(rate));
        }
    }

    #[test]
    fn rates_and_sizes_out_of_bounds_are_brought_within() {
        assert_eq!(packetiser(1, 400).frame(false, 0, &mut 0).len(), 1);
        let most = packetiser(PACKETS_PER_SECOND_MAX + 1, 400).layer.packets_per_second;
        assert_eq!(most, PACKETS_PER_SECOND_MAX);
        assert_eq!(packetiser(30, PAYLOAD_MAX_BYTES + 1).frame(true, 0, &mut 0)[0].bytes.len(), PAYLOAD_MAX_BYTES);
        assert_eq!(packetiser(30, 1).frame(true, 0, &mut 0)[0].bytes.len(), PAYLOAD_MIN_BYTES);
        let layer = Layer { packets_per_second: 30, payload_bytes: 400, height_px: 720 };
        assert_eq!(Packetiser::new(layer, FRAME_RATE_MAX + 1, 0, (0, 0)).frame_rate, FRAME_RATE_MAX);
        assert_eq!(Packetiser::new(layer, 0, 0, (0, 0)).frame_rate, 1);
    }

    #[test]
    fn a_frame_begins_and_ends_where_it_says() {
        let (mut packetiser, mut number) = (packetiser(300, 1_100), 0);
        for frame in 0..40_u32 {
            assert_eq!((packetiser.next_frame(), packetiser.rtp_time()), (frame, frame * 3_000));
            let payloads = packetiser.frame(frame == 0, 5, &mut number);
            assert_eq!(payloads.len(), 10);
            for (index, payload) in payloads.iter().enumerate() {
                let stamp = Stamp::read(&payload.bytes).unwrap();
                assert_eq!((stamp.frame, stamp.frame_packets, stamp.sent_ns), (frame, 10, 5));
                assert_eq!((stamp.index, stamp.number), (index as u16, u64::from(frame) * 10 + index as u64));
                assert_eq!(payload.bytes[0] & 0x10 != 0, index == 0);
                assert_eq!(payload.last, index == 9);
                assert!((1_099..=1_100).contains(&payload.bytes.len()));
            }
        }
    }

    #[test]
    fn sizes_swing_around_their_mean() {
        assert!((0..200).all(|seed| swung(1_000, 0, seed) == 1_000));
        let round: Vec<usize> = (0..SIZES).map(|seed| swung(1_000, 15, seed)).collect();
        assert_eq!((round.iter().min(), round.iter().max()), (Some(&850), Some(&1_150)));
        assert_eq!(round.iter().sum::<usize>(), 1_000 * SIZES as usize);
        let layer = Layer { packets_per_second: 25, payload_bytes: 600, height_px: 180 };
        let sizes = |publisher, layer_index| -> Vec<usize> {
            let mut packetiser = Packetiser::new(layer, 25, 15, (publisher, layer_index));
            (0..10).map(|_| packetiser.frame(false, 0, &mut 0)[0].bytes.len()).collect()
        };
        assert!(sizes(0, 0) != sizes(1, 0) && sizes(0, 0) != sizes(0, 1), "cameras are not in step");
    }

    #[test]
    fn key_frames_are_known_by_their_header() {
        let mut packetiser = packetiser(30, 200);
        let key = packetiser.frame(true, 0, &mut 0).remove(0).bytes;
        assert_eq!(key[4] & 1, 0);
        assert_eq!(key[7..10], [0x9d, 0x01, 0x2a]);
        assert_eq!(key[10..14], [1_280_u16.to_le_bytes(), 720_u16.to_le_bytes()].concat());
        assert_eq!(Stamp::read(&key).unwrap().kind, FrameKind::Key);
        let delta = packetiser.frame(false, 0, &mut 0).remove(0).bytes;
        assert_eq!(delta[4] & 1, 1);
        assert_eq!(Stamp::read(&delta).unwrap().kind, FrameKind::Delta);
    }
}
