//! The simple handshake (RTMP 1.0 section 5.2). One with digests (as Flash makes) is answered as a
//! simple one: zeros in the version of S1 tell the peer not to look for a digest.

use bytes::{Buf, Bytes, BytesMut};

use crate::Error;

const VERSION: u8 = 3;
const BLOCK_BYTES: usize = 1536;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handshake {
    /// C0 and C1 are awaited.
    Hello,
    /// C2 is awaited.
    Echo,
    Done,
}

impl Handshake {
    /// Takes what is complete off `input`; gives what to send.
    pub(crate) fn advance(&mut self, input: &mut BytesMut) -> Result<Option<Bytes>, Error> {
        if *self == Handshake::Hello {
            // A stranger of another protocol is known by the first byte.
            match input.first() {
                Some(&VERSION) => {}
                Some(_) => return Err(Error::NotRtmp),
                None => return Ok(None),
            }
            if input.len() > BLOCK_BYTES {
                let answer = answer(&input[1..=BLOCK_BYTES]);
                input.advance(1 + BLOCK_BYTES);
                *self = Handshake::Echo;
                return Ok(Some(answer));
            }
        } else if *self == Handshake::Echo && input.len() >= BLOCK_BYTES {
            input.advance(BLOCK_BYTES);
            *self = Handshake::Done;
        }
        Ok(None)
    }
}

/// S0, S1 and S2.
fn answer(c1: &[u8]) -> Bytes {
    let mut answer = BytesMut::with_capacity(1 + 2 * BLOCK_BYTES);
    answer.extend_from_slice(&[VERSION]);
    answer.extend_from_slice(&[0; 8]);
    // Random bytes by the letter; nothing depends on them, and a session stays free of chance.
    answer.extend((8..BLOCK_BYTES).map(|index| (index * 31) as u8));
    answer.extend_from_slice(c1);
    answer.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello() -> Vec<u8> {
        let mut hello = vec![VERSION];
        hello.extend((0..BLOCK_BYTES).map(|index| (index % 251) as u8));
        hello
    }

    #[test]
    fn answers_with_an_echo_and_no_digest() {
        let mut input = BytesMut::from(&hello()[..]);
        let mut handshake = Handshake::Hello;
        let answer = handshake.advance(&mut input).unwrap().expect("an answer");
        assert_eq!(answer.len(), 1 + 2 * BLOCK_BYTES);
        assert_eq!(answer[0], VERSION);
        assert_eq!(answer[5..9], [0; 4], "the version of S1 says: no digest");
        assert_eq!(answer[1 + BLOCK_BYTES..], hello()[1..]);
        assert_eq!(handshake, Handshake::Echo);
        input.extend_from_slice(&[7; BLOCK_BYTES - 1]);
        assert_eq!(handshake.advance(&mut input), Ok(None));
        assert_eq!(handshake, Handshake::Echo);
        input.extend_from_slice(&[7; 3]);
        assert_eq!(handshake.advance(&mut input), Ok(None));
        assert_eq!((handshake, input.len()), (Handshake::Done, 2));
    }

    #[test]
    fn other_protocols_are_known_by_their_first_byte() {
        for stranger in [&b"GET / HTTP/1.1\r\n"[..], &[0x16, 3, 1], &[6], &[0], &[0xff]] {
            let mut input = BytesMut::from(stranger);
            assert_eq!(Handshake::Hello.advance(&mut input), Err(Error::NotRtmp), "{stranger:?}");
        }
    }

    #[test]
    fn half_a_hello_is_waited_for() {
        for length in [0, 1, 2, BLOCK_BYTES] {
            let mut input = BytesMut::from(&hello()[..length]);
            let mut handshake = Handshake::Hello;
            assert_eq!(handshake.advance(&mut input), Ok(None), "{length}");
            assert_eq!((handshake, input.len()), (Handshake::Hello, length));
        }
    }
}
