//! The one field of STUN that finds the leg a connectivity check is for.

const HEADER_BYTES: usize = 20;
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const USERNAME: u16 = 0x0006;
/// Longest USERNAME value (RFC 8489 14.3).
const USERNAME_BYTES: usize = 508;

/// Whether these bytes are STUN rather than DTLS, RTP or RTCP (RFC 7983 7).
pub(crate) fn is_stun(datagram: &[u8]) -> bool {
    datagram.len() >= HEADER_BYTES && datagram[0] < 4 && datagram[4..8] == MAGIC_COOKIE
}

/// The receiver's part of USERNAME (RFC 8445 7.2.2: `theirs:ours`).
pub(crate) fn receiver_ufrag(datagram: &[u8]) -> Option<&str> {
    if !is_stun(datagram) {
        return None;
    }
    let mut rest = datagram.get(HEADER_BYTES..)?;
    while let [t0, t1, l0, l1, ..] = *rest {
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        let value = rest.get(4..4 + length)?;
        if u16::from_be_bytes([t0, t1]) == USERNAME {
            if length > USERNAME_BYTES {
                return None;
            }
            return std::str::from_utf8(value).ok()?.split(':').next();
        }
        rest = rest.get(4 + length.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(username: &str) -> Vec<u8> {
        let mut bytes = vec![0, 1, 0, 0];
        bytes.extend(MAGIC_COOKIE);
        bytes.extend([7; 12]);
        bytes.extend([0x80, 0x22, 0, 1, b'x', 0, 0, 0]);
        bytes.extend([0, 6, 0, username.len() as u8]);
        bytes.extend(username.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn finds_the_receivers_part_behind_other_attributes() {
        assert_eq!(receiver_ufrag(&request("server:client")), Some("server"));
        assert_eq!(receiver_ufrag(&request("alone")), Some("alone"));
    }

    #[test]
    fn whatever_is_cut_or_flipped_is_survived() {
        let whole = request("server:client");
        for end in 0..whole.len() {
            let _ = receiver_ufrag(&whole[..end]);
        }
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut broken = whole.clone();
                broken[at] ^= 1 << bit;
                let _ = receiver_ufrag(&broken);
            }
        }
        assert_eq!(receiver_ufrag(&[0x80; 40]), None, "RTP");
    }
}
