//! Frames out of one RTP stream. A frame of video that can't be made whole
//! takes all that builds on it along: nothing follows until a key frame.

use std::time::Instant;

use super::TapPacket;
use super::reorder::{AUDIO_WAIT, Released, Reorder, VIDEO_WAIT};
use crate::forward::key_frame::starts_key_frame;
use crate::payload::{self, h264, red};
use crate::{Codec, Kind};

/// Packets of one frame; a frame of more is given up.
pub(super) const FRAME_PACKETS: usize = 4_096;

/// A frame as it came, in its stream's own time.
#[derive(Debug)]
pub(super) struct Assembled {
    pub(super) codec: Codec,
    pub(super) timestamp: u32,
    pub(super) key_frame: bool,
    /// Frames are missing before it.
    pub(super) after_loss: bool,
    pub(super) data: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Assembly {
    kind: Kind,
    reorder: Reorder,
    packets: Vec<TapPacket>,
    waits_for_key_frame: bool,
    lost: bool,
    /// Parameter sets that came as a frame of their own.
    parameter_sets: Vec<u8>,
    /// Timestamp of the last sound given out, so that none is given twice.
    last_sound: Option<u32>,
}

impl Assembly {
    pub(super) fn new(kind: Kind) -> Assembly {
        let wait = if kind == Kind::Video { VIDEO_WAIT } else { AUDIO_WAIT };
        Assembly {
            kind,
            reorder: Reorder::new(wait),
            packets: Vec::new(),
            waits_for_key_frame: kind == Kind::Video,
            lost: false,
            parameter_sets: Vec::new(),
            last_sound: None,
        }
    }

    /// Whether it stands still until a key frame comes.
    pub(super) fn waits_for_key_frame(&self) -> bool {
        self.waits_for_key_frame
    }

    pub(super) fn push(&mut self, packet: TapPacket) {
        self.reorder.push(packet);
    }

    /// What has become whole by now, in order.
    pub(super) fn take(&mut self, now: Instant, out: &mut Vec<Assembled>) {
        while let Some(released) = self.reorder.pop(now) {
            match released {
                Released::Lost => self.lose(),
                Released::Packet(packet) if packet.payload.is_empty() => {}
                Released::Packet(packet) if self.kind == Kind::Audio => self.sound(&packet, out),
                Released::Packet(packet) => self.picture(packet, out),
            }
        }
    }

    fn lose(&mut self) {
        self.lost = true;
        self.packets.clear();
        self.parameter_sets.clear();
        self.waits_for_key_frame = self.kind == Kind::Video;
    }

    fn picture(&mut self, packet: TapPacket, out: &mut Vec<Assembled>) {
        if self.packets.first().is_some_and(|first| first.timestamp != packet.timestamp) {
            self.finish(out);
        }
        let starts = self.packets.is_empty() && self.waits_for_key_frame;
        if starts && !starts_key_frame(packet.codec, &packet.payload) {
            return;
        }
        if self.packets.len() == FRAME_PACKETS {
            self.lose();
            return;
        }
        let ends = packet.marker;
        self.packets.push(packet);
        if ends {
            self.finish(out);
        }
    }

    fn finish(&mut self, out: &mut Vec<Assembled>) {
        let Some(first) = self.packets.first() else { return };
        let (codec, timestamp) = (first.codec, first.timestamp);
        let payloads: Vec<&[u8]> = self.packets.iter().map(|packet| &packet.payload[..]).collect();
        let frame = payload::frame(codec, &payloads);
        self.packets.clear();
        let mut frame = match frame {
            Ok(Some(frame)) => frame,
            Ok(None) => return,
            Err(payload::Malformed) => return self.lose(),
        };
        if codec == Codec::H264 && !has_slice(&frame.data) {
            self.parameter_sets = frame.data;
            return;
        }
        if self.waits_for_key_frame && !frame.key_frame {
            return;
        }
        if !self.parameter_sets.is_empty() {
            let mut data = std::mem::take(&mut self.parameter_sets);
            data.extend_from_slice(&frame.data);
            frame.data = data;
        }
        self.waits_for_key_frame = false;
        let after_loss = std::mem::take(&mut self.lost);
        out.push(Assembled { codec, timestamp, key_frame: frame.key_frame, after_loss, data: frame.data });
    }

    /// One packet, one frame; in RED also those before it, if they are missing.
    fn sound(&mut self, packet: &TapPacket, out: &mut Vec<Assembled>) {
        let whole = [red::Block { earlier: 0, payload: &packet.payload }];
        let unpacked = if packet.red { red::blocks(&packet.payload) } else { Ok(Vec::new()) };
        let Ok(unpacked) = unpacked else { return self.lose() };
        let blocks = if packet.red { &unpacked[..] } else { &whole[..] };
        for block in blocks {
            let timestamp = packet.timestamp.wrapping_sub(block.earlier);
            // Without a loss there is nothing to mend, and the first packet starts it.
            let wanted = match self.last_sound {
                Some(last) => (timestamp.wrapping_sub(last) as i32) > 0,
                None => block.earlier == 0,
            };
            if !wanted || (block.earlier > 0 && !self.lost) {
                continue;
            }
            self.last_sound = Some(timestamp);
            let after_loss = std::mem::take(&mut self.lost) && block.earlier == 0;
            let data = block.payload.to_vec();
            out.push(Assembled { codec: packet.codec, timestamp, key_frame: true, after_loss, data });
        }
    }
}

fn has_slice(sample: &[u8]) -> bool {
    h264::units(sample).is_ok_and(|units| units.iter().any(|unit| h264::is_slice(h264::kind(unit))))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::tests::{h264_packet, packet};
    use super::*;

    fn take(assembly: &mut Assembly, now: Instant) -> Vec<Assembled> {
        let mut out = Vec::new();
        assembly.take(now, &mut out);
        out
    }

    #[test]
    fn a_loss_takes_all_until_the_next_key_frame_along() {
        let now = Instant::now();
        let mut video = Assembly::new(Kind::Video);
        video.push(h264_packet(1, 10, &[0x61, 1], true, now));
        assert!(take(&mut video, now).is_empty(), "no start");
        video.push(h264_packet(2, 20, &[0x65, 1], true, now));
        video.push(h264_packet(3, 30, &[0x7c, 0x81, 1], false, now));
        video.push(h264_packet(5, 30, &[0x7c, 0x41, 3], true, now));
        video.push(h264_packet(6, 40, &[0x61, 1], true, now));
        assert_eq!(take(&mut video, now).len(), 1);
        assert!(!video.waits_for_key_frame());
        let later = now + VIDEO_WAIT;
        assert!(take(&mut video, later).is_empty());
        assert!(video.waits_for_key_frame());
        video.push(h264_packet(7, 50, &[0x65, 9], true, later));
        let out = take(&mut video, later);
        assert_eq!((out.len(), out[0].timestamp, out[0].after_loss, out[0].key_frame), (1, 50, true, true));
    }

    #[test]
    fn a_packet_that_comes_again_in_time_mends_it() {
        let now = Instant::now();
        let mut video = Assembly::new(Kind::Video);
        video.push(h264_packet(2, 20, &[0x65, 1], true, now));
        video.push(h264_packet(4, 30, &[0x7c, 0x41, 3], true, now));
        assert_eq!(take(&mut video, now).len(), 1);
        let later = now + VIDEO_WAIT - Duration::from_millis(1);
        video.push(h264_packet(3, 30, &[0x7c, 0x81, 2], false, later));
        let out = take(&mut video, later);
        assert_eq!(out[0].data, [0, 0, 0, 3, 0x61, 2, 3]);
        assert!(!out[0].after_loss);
    }

    #[test]
    fn parameter_sets_alone_go_with_the_frame_that_follows() {
        let now = Instant::now();
        let mut video = Assembly::new(Kind::Video);
        video.push(h264_packet(1, 19, &[0x67, 1], true, now));
        video.push(h264_packet(2, 20, &[0x65, 2], false, now));
        video.push(h264_packet(3, 30, &[0x61, 3], false, now));
        let out = take(&mut video, now);
        assert_eq!(out.len(), 1, "without a marker a frame ends with the next timestamp");
        assert_eq!(out[0].data, [0, 0, 0, 2, 0x67, 1, 0, 0, 0, 2, 0x65, 2]);
    }

    #[test]
    fn a_frame_of_too_many_packets_is_given_up() {
        let now = Instant::now();
        let frame_of = |count: usize| {
            let mut video = Assembly::new(Kind::Video);
            for sequence in 0..count {
                let payload: &[u8] = if sequence == 0 { &[0x65, 1] } else { &[0x61, 1] };
                video.push(h264_packet(sequence as u64, 1, payload, sequence + 1 == count, now));
                // As they come: not all behind one another in the buffer.
                let mut out = Vec::new();
                video.take(now, &mut out);
                if !out.is_empty() {
                    return true;
                }
            }
            false
        };
        assert!(frame_of(FRAME_PACKETS));
        assert!(!frame_of(FRAME_PACKETS + 1));
    }

    #[test]
    fn lost_sound_is_taken_from_what_later_packets_bring_again() {
        let now = Instant::now();
        let mut audio = Assembly::new(Kind::Audio);
        let red = |sequence: u64, last: u8, this: u8| {
            let mut sound = packet(sequence, sequence as u32 * 960, now);
            sound.red = true;
            sound.payload = vec![0xef, 0x0f, 0x00, 0x01, 0x6f, last, this].into();
            sound
        };
        audio.push(red(1, 0, 1));
        audio.push(red(2, 1, 2));
        audio.push(red(4, 3, 4));
        audio.push(red(7, 6, 7));
        let out = take(&mut audio, now + AUDIO_WAIT);
        let got: Vec<(u8, u32, bool)> =
            out.iter().map(|sound| (sound.data[0], sound.timestamp / 960, sound.after_loss)).collect();
        assert_eq!(got, [(1, 1, false), (2, 2, false), (3, 3, false), (4, 4, false), (6, 6, false), (7, 7, false)]);
    }
}
