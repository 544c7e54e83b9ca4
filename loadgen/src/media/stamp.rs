//! What a media packet of the load generator says of itself: the last bytes of its payload.
//!
//! Forwarders rewrite headers and the VP8 payload descriptor but never the end of a payload,
//! so the stamp arrives as it was sent and needs no knowledge of the codec.

/// Tells a stamp from other bytes.
const MAGIC: [u8; 4] = *b"HLG1";
/// Bytes of a stamp.
pub const STAMP_BYTES: usize = 32;

/// One packet's stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Which packet of this publisher, over all its streams; the next has the next number.
    pub number: u64,
    /// When it was sent, by [`crate::clock`].
    pub sent_ns: u64,
    /// Which frame it belongs to.
    pub frame: u32,
    /// How many packets the frame has.
    pub frame_packets: u16,
    /// What kind of frame it is.
    pub kind: FrameKind,
    /// Whose it is, of those who publish in this run.
    pub publisher: u16,
    /// Which layer of the picture it belongs to, the lowest first; 0 for sound.
    pub layer: u8,
    /// Which packet of its frame, from 0.
    pub index: u16,
}

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// A picture that a decoder can start with.
    Key,
    /// A picture that needs the ones before it.
    Delta,
    /// Sound.
    Sound,
}

impl Stamp {
    /// Writes the stamp over the end of `payload`.
    ///
    /// # Panics
    /// If `payload` is shorter than [`STAMP_BYTES`].
    pub fn write(&self, payload: &mut [u8]) {
        let start = payload.len() - STAMP_BYTES;
        let kind = match self.kind {
            FrameKind::Key => 0_u8,
            FrameKind::Delta => 1,
            FrameKind::Sound => 2,
        };
        let at = &mut payload[start..];
        at[0..4].copy_from_slice(&MAGIC);
        at[4..12].copy_from_slice(&self.number.to_be_bytes());
        at[12..20].copy_from_slice(&self.sent_ns.to_be_bytes());
        at[20..24].copy_from_slice(&self.frame.to_be_bytes());
        at[24..26].copy_from_slice(&self.frame_packets.to_be_bytes());
        at[26] = kind;
        at[27..29].copy_from_slice(&self.publisher.to_be_bytes());
        at[29] = self.layer;
        at[30..32].copy_from_slice(&self.index.to_be_bytes());
    }

    /// Reads the stamp at the end of `payload`; `None` where there is none (padding, other senders).
    pub fn read(payload: &[u8]) -> Option<Self> {
        let at = payload.get(payload.len().checked_sub(STAMP_BYTES)?..)?;
        let kind = match at[26] {
            0 => FrameKind::Key,
            1 => FrameKind::Delta,
            2 => FrameKind::Sound,
            _ => return None,
        };
        (at[0..4] == MAGIC).then(|| Self {
            number: u64::from_be_bytes(at[4..12].try_into().unwrap()),
            sent_ns: u64::from_be_bytes(at[12..20].try_into().unwrap()),
            frame: u32::from_be_bytes(at[20..24].try_into().unwrap()),
            frame_packets: u16::from_be_bytes(at[24..26].try_into().unwrap()),
            kind,
            publisher: u16::from_be_bytes(at[27..29].try_into().unwrap()),
            layer: at[29],
            index: u16::from_be_bytes(at[30..32].try_into().unwrap()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp {
        number: 7 << 40,
        sent_ns: u64::MAX - 1,
        frame: 9,
        frame_packets: 11,
        kind: FrameKind::Key,
        publisher: 0x1234,
        layer: 2,
        index: 0x0506,
    };

    #[test]
    fn a_stamp_is_read_back_from_the_end() {
        for kind in [FrameKind::Key, FrameKind::Delta, FrameKind::Sound] {
            let stamp = Stamp { kind, ..STAMP };
            let mut payload = vec![0xAA; 100];
            stamp.write(&mut payload);
            assert_eq!(Stamp::read(&payload), Some(stamp));
            assert!(payload[..100 - STAMP_BYTES].iter().all(|byte| *byte == 0xAA), "the rest is untouched");
        }
    }

    #[test]
    fn other_payloads_have_no_stamp() {
        assert_eq!(Stamp::read(&[]), None);
        assert_eq!(Stamp::read(&[0; STAMP_BYTES - 1]), None);
        assert_eq!(Stamp::read(&[0; 200]), None);
        let mut payload = vec![0; STAMP_BYTES];
        STAMP.write(&mut payload);
        for bad in [0, 3, 26] {
            let mut wrong = payload.clone();
            wrong[bad] ^= 0x40;
            assert_eq!(Stamp::read(&wrong), None, "byte {bad}");
        }
        payload.push(0);
        assert_eq!(Stamp::read(&payload), None, "the stamp is at the very end");
    }
}
