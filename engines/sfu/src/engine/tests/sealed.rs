//! What the server sealed for each client: no two packets under one number of
//! one source, whatever a test does, for the nonce is made of it (RFC 7714 8.1).

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;

#[derive(Default)]
struct Source {
    highest: u64,
    /// By the number with all rollovers.
    contents: HashMap<u64, u64>,
}

#[derive(Default)]
pub(in crate::engine::tests) struct Sealed {
    sources: HashMap<(SocketAddr, u32), Source>,
    bytes: HashMap<SocketAddr, u64>,
}

impl Sealed {
    /// # Panics
    ///
    /// Another packet was sealed under this one's number.
    pub(in crate::engine::tests) fn note(&mut self, client: SocketAddr, datagram: &[u8]) {
        *self.bytes.entry(client).or_default() += datagram.len() as u64;
        let [128..=191, kind, high, low, _, _, _, _, a, b, c, d, ..] = *datagram else { return };
        if (192..=223).contains(&kind) {
            return;
        }
        let (sequence, ssrc) = (u16::from_be_bytes([high, low]), u32::from_be_bytes([a, b, c, d]));
        let source = self.sources.entry((client, ssrc)).or_default();
        let ahead = sequence.wrapping_sub(source.highest as u16) as i16;
        let number = source.highest.saturating_add_signed(i64::from(ahead));
        let number = if source.contents.is_empty() { u64::from(sequence) } else { number };
        source.highest = source.highest.max(number);
        let mut hasher = DefaultHasher::new();
        datagram.hash(&mut hasher);
        let content = hasher.finish();
        let before = source.contents.insert(number, content);
        assert!(before.is_none_or(|before| before == content), "{client}: two packets are number {number} of {ssrc}");
    }

    /// All that was sent there.
    pub(in crate::engine::tests) fn bytes(&self, client: SocketAddr) -> u64 {
        self.bytes.get(&client).copied().unwrap_or(0)
    }
}

#[test]
#[should_panic(expected = "two packets are number 65536 of 7")]
fn a_second_packet_of_a_number_is_noticed() {
    let packet = |sequence: u16, content: u8| {
        let [high, low] = sequence.to_be_bytes();
        [0x80, 96, high, low, 0, 0, 0, 0, 0, 0, 0, 7, content]
    };
    let (mut sealed, client) = (Sealed::default(), "10.0.0.1:1".parse().unwrap());
    for sequence in [65_534, 0, 65_535, 65_534, 1] {
        sealed.note(client, &packet(sequence, 1));
    }
    sealed.note("10.0.0.2:1".parse().unwrap(), &packet(0, 2));
    sealed.note(client, &packet(0, 2));
}
