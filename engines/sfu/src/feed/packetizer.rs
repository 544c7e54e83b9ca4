//! Payloads out of the frames of one track. A decoder can start at each key
//! frame: the parameter sets stand before it, repeated where the source gave
//! them only once.

use std::sync::Arc;

use super::FeedCodec;
use crate::payload::Malformed;
use crate::payload::h264::{self, IDR, PPS, SPS};
use crate::payload::sps::{self, Sps};

/// Largest payload: leaves room for headers, extensions and a tunnel.
pub(crate) const PAYLOAD_BYTES: usize = 1_150;
/// Picture parameter sets of one stream that are remembered.
const PICTURE_SETS: usize = 16;
/// Longest parameter set that is remembered, in bytes.
const SET_BYTES: usize = 1_024;

/// One frame in packets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Packetized {
    pub(crate) payloads: Vec<Arc<[u8]>>,
    pub(crate) key_frame: bool,
}

#[derive(Debug)]
pub(crate) struct Packetizer {
    codec: FeedCodec,
    sequence_set: Vec<u8>,
    picture_sets: Vec<Vec<u8>>,
    described: Option<Sps>,
    /// Nothing goes out before a key frame: at the start, and after a frame that was refused.
    waits_for_key_frame: bool,
}

impl Packetizer {
    pub(crate) fn new(codec: FeedCodec) -> Packetizer {
        Packetizer {
            codec,
            sequence_set: Vec::new(),
            picture_sets: Vec::new(),
            described: None,
            waits_for_key_frame: codec == FeedCodec::H264,
        }
    }

    pub(crate) fn codec(&self) -> FeedCodec {
        self.codec
    }

    /// What the last sequence parameter set says, if it can be read.
    pub(crate) fn described(&self) -> Option<Sps> {
        self.described
    }

    /// `None`: there is nothing in it that a decoder could use now.
    ///
    /// # Errors
    ///
    /// The frame can't be read; nothing of H.264 goes out until a key frame.
    pub(crate) fn packetize(&mut self, data: &[u8]) -> Result<Option<Packetized>, Malformed> {
        match self.codec {
            FeedCodec::Opus if data.is_empty() || data.len() > PAYLOAD_BYTES => Err(Malformed),
            FeedCodec::Opus => Ok(Some(Packetized { payloads: vec![Arc::from(data)], key_frame: true })),
            FeedCodec::H264 => {
                let units = h264::units(data).inspect_err(|_| self.waits_for_key_frame = true)?;
                Ok(self.picture(&units))
            }
        }
    }

    /// Has nothing go out before a key frame.
    pub(crate) fn interrupt(&mut self) {
        self.waits_for_key_frame = self.codec == FeedCodec::H264;
    }

    fn picture(&mut self, units: &[&[u8]]) -> Option<Packetized> {
        self.learn(units);
        let is_set = |unit: &&&[u8]| matches!(h264::kind(unit), SPS | PPS);
        let key_frame = units.iter().any(|unit| h264::kind(unit) == IDR);
        let has_slice = units.iter().any(|unit| h264::is_slice(h264::kind(unit)));
        let decodable = key_frame && !self.sequence_set.is_empty() && !self.picture_sets.is_empty();
        if !has_slice || (self.waits_for_key_frame && !decodable) {
            return None;
        }
        self.waits_for_key_frame &= !decodable;
        let sets = std::iter::once(&self.sequence_set).chain(&self.picture_sets).map(Vec::as_slice);
        let units: Vec<&[u8]> = if decodable {
            sets.chain(units.iter().filter(|unit| !is_set(unit)).copied()).collect()
        } else {
            units.to_vec()
        };
        Some(Packetized { payloads: h264::packets(&units, PAYLOAD_BYTES), key_frame: decodable })
    }

    fn learn(&mut self, units: &[&[u8]]) {
        let fits = |unit: &&&[u8]| unit.len() <= SET_BYTES;
        if let Some(set) = units.iter().filter(fits).find(|unit| h264::kind(unit) == SPS)
            && self.sequence_set != **set
        {
            self.sequence_set = set.to_vec();
            self.described = sps::read(set).ok();
            self.picture_sets.clear();
        }
        let mut pictures = units.iter().filter(fits).filter(|unit| h264::kind(unit) == PPS).peekable();
        if pictures.peek().is_some() {
            self.picture_sets = pictures.take(PICTURE_SETS).map(|unit| unit.to_vec()).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::{Frame, frame};
    use crate::{Codec, payload::h264::sample};

    fn unpacked(packetized: &Packetized) -> Frame {
        let payloads: Vec<&[u8]> = packetized.payloads.iter().map(|payload| &payload[..]).collect();
        frame(Codec::H264, &payloads).unwrap().unwrap()
    }

    #[test]
    fn parameter_sets_given_once_stand_before_every_key_frame() {
        let sps = sps::write(1280, 720);
        let (pps, idr, slice) = ([0x68, 1, 2].as_slice(), vec![0x65; 3_000], [0x41, 9].as_slice());
        let mut packetizer = Packetizer::new(FeedCodec::H264);
        assert_eq!(packetizer.packetize(&sample(&[slice])), Ok(None), "no start");
        assert_eq!(packetizer.packetize(&sample(&[&idr])), Ok(None), "no parameter sets yet");
        assert_eq!(packetizer.packetize(&sample(&[&sps, pps])), Ok(None), "nothing to show");
        for _ in 0..2 {
            let key = packetizer.packetize(&sample(&[&idr])).unwrap().unwrap();
            assert!(key.key_frame && key.payloads.iter().all(|payload| payload.len() <= PAYLOAD_BYTES));
            assert_eq!(unpacked(&key).data, sample(&[&sps, pps, &idr]));
            let delta = packetizer.packetize(&sample(&[slice])).unwrap().unwrap();
            assert_eq!(delta, Packetized { payloads: vec![Arc::from(slice)], key_frame: false });
        }
        assert_eq!(packetizer.described().unwrap().height_px, 720);
        let other = sps::write(640, 352);
        let key = packetizer.packetize(&sample(&[&other, &[0x68, 7], &idr])).unwrap().unwrap();
        assert_eq!(unpacked(&key).data, sample(&[&other, &[0x68, 7], &idr]), "those in band count");
    }

    #[test]
    fn a_frame_that_can_not_be_read_interrupts_until_a_key_frame() {
        let (sps, pps) = (sps::write(640, 352), [0x68, 1].as_slice());
        let mut packetizer = Packetizer::new(FeedCodec::H264);
        assert!(packetizer.packetize(&sample(&[&sps, pps, &[0x65, 1]])).unwrap().is_some());
        assert_eq!(packetizer.packetize(&[0, 0, 9, 1, 2]), Err(Malformed));
        assert_eq!(packetizer.packetize(&sample(&[&[0x41, 1]])), Ok(None));
        assert!(packetizer.packetize(&sample(&[&[0x65, 1]])).unwrap().is_some());
    }

    #[test]
    fn sound_at_its_limit_and_one_past() {
        let mut packetizer = Packetizer::new(FeedCodec::Opus);
        assert!(packetizer.packetize(&[1; PAYLOAD_BYTES]).unwrap().is_some());
        assert_eq!(packetizer.packetize(&[1; PAYLOAD_BYTES + 1]), Err(Malformed));
        assert_eq!(packetizer.packetize(&[]), Err(Malformed));
    }
}
