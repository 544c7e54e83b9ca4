//! SRTP and SRTCP: AES-GCM (RFC 7714) and AES-CM with HMAC-SHA1 (RFC 3711),
//! whichever a client negotiated. Packets are sealed where they were written.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::hmac;
use str0m::crypto::dtls::SrtpProfile;

use super::keys::Keys;

const GCM_TAG_BYTES: usize = 16;
const CM_TAG_BYTES: usize = 10;
const CM_MAC_KEY_BYTES: usize = 20;
const GCM_SALT_BYTES: usize = 12;
const CM_SALT_BYTES: usize = 14;
/// First byte to SSRC: what SRTCP leaves in the clear.
const RTCP_HEADER_BYTES: usize = 8;
const RTCP_INDEX_BYTES: usize = 4;
/// The flag that says that an SRTCP packet is encrypted (RFC 3711 3.4).
const ENCRYPTED: u32 = 1 << 31;

/// Sources of a peer whose reports are told apart: two for each stream that it gets.
const SOURCES: usize = 128;

/// Labels of the keys that are derived (RFC 3711 4.3).
const RTP: [u8; 3] = [0, 1, 2];
const RTCP: [u8; 3] = [3, 4, 5];

enum Suite {
    Gcm { key: Box<LessSafeKey>, salt: [u8; GCM_SALT_BYTES] },
    Cm { key: Box<EncryptingKey>, salt: [u8; CM_SALT_BYTES], mac: Box<hmac::Key> },
}

impl Suite {
    fn derive(master: &[u8], master_salt: &[u8], labels: [u8; 3]) -> Option<Suite> {
        let [key_label, mac_label, salt_label] = labels;
        let mut key = vec![0; master.len()];
        derive(master, master_salt, key_label, &mut key)?;
        if master_salt.len() == CM_SALT_BYTES {
            let (mut mac, mut salt) = ([0; CM_MAC_KEY_BYTES], [0; CM_SALT_BYTES]);
            derive(master, master_salt, mac_label, &mut mac)?;
            derive(master, master_salt, salt_label, &mut salt)?;
            let mac = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &mac);
            return Some(Suite::Cm { key: Box::new(counter_mode(&key)?), salt, mac: Box::new(mac) });
        }
        let mut salt = [0; GCM_SALT_BYTES];
        derive(master, master_salt, salt_label, &mut salt)?;
        let algorithm = if key.len() == 32 { &AES_256_GCM } else { &AES_128_GCM };
        Some(Suite::Gcm { key: Box::new(LessSafeKey::new(UnboundKey::new(algorithm, &key).ok()?)), salt })
    }

    fn tag_bytes(&self) -> usize {
        match self {
            Suite::Gcm { .. } => GCM_TAG_BYTES,
            Suite::Cm { .. } => CM_TAG_BYTES,
        }
    }
}

fn counter_mode(key: &[u8]) -> Option<EncryptingKey> {
    let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
    EncryptingKey::ctr(UnboundCipherKey::new(algorithm, key).ok()?).ok()
}

/// The key stream of the master key over the label (RFC 3711 4.3.1 and 4.3.3).
fn derive(master: &[u8], master_salt: &[u8], label: u8, out: &mut [u8]) -> Option<()> {
    const LABEL_AT: usize = 7;
    let mut iv = [0; 16];
    iv[..master_salt.len()].copy_from_slice(master_salt);
    iv[LABEL_AT] ^= label;
    out.fill(0);
    counter_mode(master)?.less_safe_encrypt(out, EncryptionContext::Iv128((&iv).into())).ok()?;
    Some(())
}

/// RFC 7714 8.1; for SRTCP the index takes the place of rollover and sequence (9.1).
fn gcm_nonce(salt: &[u8; GCM_SALT_BYTES], ssrc: u32, index: u64) -> Nonce {
    let mut nonce = [0; GCM_SALT_BYTES];
    nonce[2..6].copy_from_slice(&ssrc.to_be_bytes());
    nonce[6..].copy_from_slice(&index.to_be_bytes()[2..]);
    for (byte, salt) in nonce.iter_mut().zip(salt) {
        *byte ^= salt;
    }
    Nonce::assume_unique_for_key(nonce)
}

/// RFC 3711 4.1.1.
fn cm_counter(salt: &[u8; CM_SALT_BYTES], ssrc: u32, index: u64) -> EncryptionContext {
    let mut iv = [0; 16];
    iv[4..8].copy_from_slice(&ssrc.to_be_bytes());
    iv[8..14].copy_from_slice(&index.to_be_bytes()[2..]);
    for (byte, salt) in iv.iter_mut().zip(salt) {
        *byte ^= salt;
    }
    EncryptionContext::Iv128((&iv).into())
}

/// Both directions of one connection.
pub(crate) struct Srtp {
    rtp: Suite,
    rtcp: Suite,
    rtcp_index: u32,
    from_peer: Suite,
    windows: Windows,
}

impl std::fmt::Debug for Srtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Srtp")
    }
}

impl Srtp {
    /// `None`: a profile that is not spoken, or keys of another length.
    pub(super) fn new(keys: &Keys) -> Option<Srtp> {
        let (key, salt) = match keys.profile {
            SrtpProfile::AES128_CM_SHA1_80 => (16, CM_SALT_BYTES),
            SrtpProfile::AEAD_AES_128_GCM => (16, GCM_SALT_BYTES),
            SrtpProfile::AEAD_AES_256_GCM => (32, GCM_SALT_BYTES),
            _ => return None,
        };
        let part = |at: usize, bytes: usize| keys.material.get(at..at + bytes);
        let client = (part(0, key)?, part(2 * key, salt)?);
        let server = (part(key, key)?, part(2 * key + salt, salt)?);
        let (own, theirs) = if keys.active { (client, server) } else { (server, client) };
        Some(Srtp {
            rtp: Suite::derive(own.0, own.1, RTP)?,
            rtcp: Suite::derive(own.0, own.1, RTCP)?,
            rtcp_index: 0,
            from_peer: Suite::derive(theirs.0, theirs.1, RTCP)?,
            windows: Windows::default(),
        })
    }

    /// What sealing adds to an RTP packet.
    pub(super) fn tag_bytes(&self) -> usize {
        self.rtp.tag_bytes()
    }

    /// Seals the RTP packet that was written from `start` on; its header has
    /// `header_bytes`, and `index` is its sequence number with all rollovers.
    pub(super) fn seal(&self, bytes: &mut Vec<u8>, start: usize, header_bytes: usize, ssrc: u32, index: u64) {
        let (clear, body) = bytes[start..].split_at_mut(header_bytes);
        match &self.rtp {
            Suite::Gcm { key, salt } => {
                let nonce = gcm_nonce(salt, ssrc, index);
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(&*clear), body);
                // Only lengths of many gigabytes are refused.
                bytes.extend_from_slice(tag.expect("a datagram is short").as_ref());
            }
            Suite::Cm { key, salt, mac } => {
                key.less_safe_encrypt(body, cm_counter(salt, ssrc, index)).expect("a datagram is short");
                let mut context = hmac::Context::with_key(mac);
                context.update(&bytes[start..]);
                context.update(&((index >> 16) as u32).to_be_bytes());
                bytes.extend_from_slice(&context.sign().as_ref()[..CM_TAG_BYTES]);
            }
        }
    }

    /// Seals the compound RTCP packet that was written from `start` on. `None`: as
    /// many were sealed as one key may seal (RFC 3711 9.2); it is taken back.
    pub(super) fn seal_rtcp(&mut self, bytes: &mut Vec<u8>, start: usize) -> Option<()> {
        let index = self.rtcp_index + 1;
        if index == ENCRYPTED {
            bytes.truncate(start);
            return None;
        }
        self.rtcp_index = index;
        let trailer = (ENCRYPTED | index).to_be_bytes();
        let (clear, body) = bytes[start..].split_at_mut(RTCP_HEADER_BYTES);
        let ssrc = u32::from_be_bytes([clear[4], clear[5], clear[6], clear[7]]);
        match &self.rtcp {
            Suite::Gcm { key, salt } => {
                let mut aad = [0; RTCP_HEADER_BYTES + RTCP_INDEX_BYTES];
                aad[..RTCP_HEADER_BYTES].copy_from_slice(clear);
                aad[RTCP_HEADER_BYTES..].copy_from_slice(&trailer);
                let nonce = gcm_nonce(salt, ssrc, u64::from(index));
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(&aad), body);
                bytes.extend_from_slice(tag.expect("a datagram is short").as_ref());
                bytes.extend_from_slice(&trailer);
            }
            Suite::Cm { key, salt, mac } => {
                let counter = cm_counter(salt, ssrc, u64::from(index));
                key.less_safe_encrypt(body, counter).expect("a datagram is short");
                bytes.extend_from_slice(&trailer);
                let tag = hmac::sign(mac, &bytes[start..]);
                bytes.extend_from_slice(&tag.as_ref()[..CM_TAG_BYTES]);
            }
        }
        Some(())
    }

    /// The peer's RTCP in the clear, in `out`; `None`: forged, cut, or said before.
    pub(super) fn open_rtcp<'a>(&mut self, sealed: &[u8], out: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        let tag_bytes = self.from_peer.tag_bytes();
        let body_end = sealed.len().checked_sub(tag_bytes + RTCP_INDEX_BYTES)?;
        if body_end < RTCP_HEADER_BYTES {
            return None;
        }
        let ssrc = u32::from_be_bytes(sealed[4..8].try_into().ok()?);
        out.clear();
        let index = match &self.from_peer {
            Suite::Gcm { key, salt } => {
                let (rest, trailer) = sealed.split_at(body_end + tag_bytes);
                let index = read_index(trailer)?;
                let mut aad = [0; RTCP_HEADER_BYTES + RTCP_INDEX_BYTES];
                aad[..RTCP_HEADER_BYTES].copy_from_slice(&sealed[..RTCP_HEADER_BYTES]);
                aad[RTCP_HEADER_BYTES..].copy_from_slice(trailer);
                out.extend_from_slice(rest);
                let nonce = gcm_nonce(salt, ssrc, u64::from(index));
                key.open_in_place(nonce, Aad::from(&aad), &mut out[RTCP_HEADER_BYTES..]).ok()?;
                out.truncate(body_end);
                index
            }
            Suite::Cm { key, salt, mac } => {
                let (authentic, tag) = sealed.split_at(body_end + RTCP_INDEX_BYTES);
                let expected = hmac::sign(mac, authentic);
                aws_lc_rs::constant_time::verify_slices_are_equal(&expected.as_ref()[..CM_TAG_BYTES], tag).ok()?;
                let index = read_index(&authentic[body_end..])?;
                out.extend_from_slice(&authentic[..body_end]);
                let counter = cm_counter(salt, ssrc, u64::from(index));
                key.less_safe_encrypt(&mut out[RTCP_HEADER_BYTES..], counter).ok()?;
                index
            }
        };
        self.windows.is_new(ssrc, index).then_some(&out[..])
    }
}

/// The index of an encrypted packet; what is not encrypted is not taken.
fn read_index(trailer: &[u8]) -> Option<u32> {
    let word = u32::from_be_bytes(trailer.try_into().ok()?);
    (word & ENCRYPTED != 0).then_some(word & !ENCRYPTED)
}

/// What came of each of the peer's sources: each counts its own (RFC 3711
/// 3.2.3), and a browser reports on a stream in the name of any of its own.
/// The one that was heard last is the last.
#[derive(Debug, Default)]
struct Windows(Vec<(u32, Replay)>);

impl Windows {
    fn is_new(&mut self, ssrc: u32, index: u32) -> bool {
        let known = self.0.iter().position(|(source, _)| *source == ssrc);
        if let Some(known) = known {
            self.0[known..].rotate_left(1);
        } else {
            if self.0.len() == SOURCES {
                self.0.remove(0);
            }
            self.0.push((ssrc, Replay::default()));
        }
        self.0.last_mut().is_some_and(|(_, window)| window.is_new(index))
    }
}

/// Indices that came, of the last 64 (RFC 3711 3.3.2).
#[derive(Debug, Default)]
struct Replay {
    highest: u32,
    seen: u64,
}

impl Replay {
    fn is_new(&mut self, index: u32) -> bool {
        if index > self.highest || self.seen == 0 {
            let ahead = index.wrapping_sub(self.highest);
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = index;
            return true;
        }
        let behind = self.highest - index;
        if behind >= u64::BITS || self.seen & (1 << behind) != 0 {
            return false;
        }
        self.seen |= 1 << behind;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILES: [SrtpProfile; 3] =
        [SrtpProfile::AES128_CM_SHA1_80, SrtpProfile::AEAD_AES_128_GCM, SrtpProfile::AEAD_AES_256_GCM];

    fn pair(profile: SrtpProfile) -> (Srtp, Srtp) {
        let material: Vec<u8> = (0..profile.keying_material_len() as u8).collect();
        let end = |active| Srtp::new(&Keys { material: material.clone(), profile, active }).unwrap();
        (end(true), end(false))
    }

    fn rtcp() -> Vec<u8> {
        let mut packet = vec![0x81, 206, 0, 2];
        packet.extend(7u32.to_be_bytes());
        packet.extend(9u32.to_be_bytes());
        packet
    }

    #[test]
    fn keys_are_derived_as_in_the_rfc() {
        // RFC 3711 B.3.
        let master = [0xE1, 0xF9, 0x7A, 0x0D, 0x3E, 0x01, 0x8B, 0xE0, 0xD6, 0x4F, 0xA3, 0x2C, 0x06, 0xDE, 0x41, 0x39];
        let salt = [0x0E, 0xC6, 0x75, 0xAD, 0x49, 0x8A, 0xFE, 0xEB, 0xB6, 0x96, 0x0B, 0x3A, 0xAB, 0xE6];
        let mut key = [0; 16];
        derive(&master, &salt, 0, &mut key).unwrap();
        assert_eq!(key[..4], [0xC6, 0x1E, 0x7A, 0x93]);
        let mut session_salt = [0; 14];
        derive(&master, &salt, 2, &mut session_salt).unwrap();
        assert_eq!(session_salt[..4], [0x30, 0xCB, 0xBC, 0x08]);
        let mut mac = [0; 20];
        derive(&master, &salt, 1, &mut mac).unwrap();
        assert_eq!(mac[..4], [0xCE, 0xBE, 0x32, 0x1F]);
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    fn seals(rtp: Suite) -> Srtp {
        let unused = || Suite::derive(&[0; 16], &[0; GCM_SALT_BYTES], RTCP).unwrap();
        Srtp { rtp, rtcp: unused(), rtcp_index: 0, from_peer: unused(), windows: Windows::default() }
    }

    #[test]
    fn packets_are_sealed_as_in_the_rfcs() {
        // RFC 7714 16.1.1.
        let key: Vec<u8> = (0..16).collect();
        let key = Box::new(LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap()));
        let srtp = seals(Suite::Gcm { key, salt: *b"Quid pro quo" });
        let mut packet = bytes("8040f17b 8041f8d3 5501a0b2");
        packet.extend(b"Gallia est omnis divisa in partes tres");
        srtp.seal(&mut packet, 0, 12, 0x5501_a0b2, 0xf17b);
        let expected = "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a \
                        51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce";
        assert_eq!(packet, bytes(expected));

        // RFC 3711 B.2: the key stream.
        let key = Box::new(counter_mode(&bytes("2B7E151628AED2A6ABF7158809CF4F3C")).unwrap());
        let salt = bytes("F0F1F2F3F4F5F6F7F8F9FAFBFCFD").try_into().unwrap();
        let mac = Box::new(hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &[7; 20]));
        let srtp = seals(Suite::Cm { key, salt, mac });
        let mut packet = vec![0; 12 + 48];
        srtp.seal(&mut packet, 0, 12, 0, 0);
        let stream =
            "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0";
        assert_eq!(packet[12..60], bytes(stream));
        let mut signed = vec![0; 12];
        signed.extend(bytes(stream));
        signed.extend([0; 4]);
        let mac = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &[7; 20]);
        assert_eq!(packet[60..], hmac::sign(&mac, &signed).as_ref()[..CM_TAG_BYTES]);
    }

    #[test]
    fn rtcp_is_opened_by_the_other_end_once_and_not_when_touched() {
        for profile in PROFILES {
            let (mut client, mut server) = pair(profile);
            for (from, to) in [(0, 1), (1, 0)] {
                let ends = [&mut client, &mut server];
                let [a, b] = ends;
                let (from, to) = if (from, to) == (0, 1) { (a, b) } else { (b, a) };
                let mut out = Vec::new();
                let mut sealed = vec![0xaa; 3];
                sealed.extend(rtcp());
                from.seal_rtcp(&mut sealed, 3).unwrap();
                let sealed = &sealed[3..];
                for at in 0..sealed.len() {
                    let mut touched = sealed.to_vec();
                    touched[at] ^= 1;
                    assert!(to.open_rtcp(&touched, &mut out).is_none(), "{profile:?}, byte {at}");
                }
                for end in 0..sealed.len() {
                    assert!(to.open_rtcp(&sealed[..end], &mut out).is_none());
                }
                assert_eq!(to.open_rtcp(sealed, &mut out), Some(&rtcp()[..]));
                assert!(to.open_rtcp(sealed, &mut out).is_none(), "said before");
            }
        }
    }

    /// Reports of one of the peer's sources, sealed one after the other with indices from 1 on.
    fn reports(of: &mut Srtp, ssrc: u32, count: usize) -> Vec<Vec<u8>> {
        of.rtcp_index = 0;
        let seal = |_| {
            let mut packet = rtcp();
            packet[4..8].copy_from_slice(&ssrc.to_be_bytes());
            of.seal_rtcp(&mut packet, 0).unwrap();
            packet
        };
        (0..count).map(seal).collect()
    }

    #[test]
    fn each_source_of_a_client_counts_its_own_reports() {
        let (mut client, mut server) = pair(SrtpProfile::AEAD_AES_128_GCM);
        let mut out = Vec::new();
        let (often, seldom) = (reports(&mut client, 1, 2_000), reports(&mut client, 2, 100));
        for (round, one) in often.chunks(20).zip(&seldom) {
            for report in round.iter().chain([one]) {
                assert!(server.open_rtcp(report, &mut out).is_some());
            }
            for report in round.iter().chain([one]) {
                assert!(server.open_rtcp(report, &mut out).is_none(), "said before");
            }
        }
    }

    #[test]
    fn of_more_sources_than_are_kept_the_one_that_was_silent_longest_is_forgotten() {
        let (mut client, mut server) = pair(SrtpProfile::AEAD_AES_128_GCM);
        let mut out = Vec::new();
        let first: Vec<Vec<u8>> = (0..=SOURCES as u32).flat_map(|ssrc| reports(&mut client, ssrc, 1)).collect();
        for report in &first[..SOURCES] {
            assert!(server.open_rtcp(report, &mut out).is_some());
        }
        assert!(first[..SOURCES].iter().all(|report| server.open_rtcp(report, &mut out).is_none()));
        assert!(server.open_rtcp(&reports(&mut client, 0, 2)[1], &mut out).is_some(), "the first speaks again");
        assert!(server.open_rtcp(&first[SOURCES], &mut out).is_some(), "one more is heard");
        assert_eq!(server.windows.0.len(), SOURCES);
        assert!(server.open_rtcp(&first[0], &mut out).is_none());
        assert!(server.open_rtcp(&first[1], &mut out).is_some(), "forgotten");
    }

    #[test]
    fn a_key_that_sealed_all_it_may_seals_no_more() {
        for profile in PROFILES {
            let (mut client, mut server) = pair(profile);
            let mut out = Vec::new();
            client.rtcp_index = ENCRYPTED - 201;
            for _ in 0..200 {
                let mut sealed = rtcp();
                client.seal_rtcp(&mut sealed, 0).unwrap();
                assert!(server.open_rtcp(&sealed, &mut out).is_some());
            }
            let mut sealed = vec![1, 2];
            sealed.extend(rtcp());
            for _ in 0..2 {
                assert!(client.seal_rtcp(&mut sealed, 2).is_none());
                assert_eq!(sealed, [1, 2]);
            }
        }
    }

    #[test]
    fn reordered_reports_are_taken_and_old_ones_are_not() {
        let mut replay = Replay::default();
        for index in [1, 3, 2, 66] {
            assert!(replay.is_new(index), "{index}");
        }
        assert!(!replay.is_new(2), "out of the window");
        assert!(!replay.is_new(3), "seen");
        assert!(replay.is_new(4));
        assert!(replay.is_new(1_000) && !replay.is_new(66));
    }
}
