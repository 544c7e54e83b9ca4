//! What a client that makes the offers tells later: candidates, and restarts
//! (RFC 9725 4.3).

use std::time::Instant;

use super::commands::accept;
use super::{Engine, outline};
use crate::{Event, LegId, Refusal};

/// Candidates that one leg may name, over its life.
const CANDIDATES: usize = 256;
/// Longest candidate line in bytes; a host name has 253.
const CANDIDATE_BYTES: usize = 512;
/// Lengths of credentials (RFC 8839 5.4), in characters.
const UFRAG_CHARS: std::ops::RangeInclusive<usize> = 4..=256;
const PWD_CHARS: std::ops::RangeInclusive<usize> = 22..=256;

impl Engine {
    pub(super) fn trickle(&mut self, id: &LegId, candidates: &[String]) -> Result<(), Refusal> {
        let index = *self.by_id.get(id).ok_or(Refusal::NoSuchLeg)?;
        let leg = self.legs[index].as_mut().ok_or(Refusal::NoSuchLeg)?;
        if leg.offer.is_none() {
            return Err(Refusal::WrongLeg);
        }
        leg.candidates = leg.candidates.saturating_add(candidates.len());
        if leg.candidates > CANDIDATES {
            return Err(Refusal::TooManyCandidates);
        }
        let good = candidates.iter().all(|candidate| candidate.is_empty() || is_candidate(candidate));
        if good { Ok(()) } else { Err(Refusal::CandidateMalformed) }
    }

    pub(super) fn restart_by_peer(&mut self, now: Instant, id: &LegId, ufrag: &str, pwd: &str) -> Result<(), Refusal> {
        let index = *self.by_id.get(id).ok_or(Refusal::NoSuchLeg)?;
        let fits = |text: &str, chars: std::ops::RangeInclusive<usize>| {
            chars.contains(&text.len()) && text.bytes().all(is_ice_char)
        };
        let limits = self.limits;
        let answered = self.with_leg(index, |_, leg| {
            let Some(offer) = leg.offer.clone() else { return Ok(Err(Refusal::WrongLeg)) };
            if !leg.may_describe(&limits, now) {
                return Ok(Err(Refusal::TooManyDescriptions));
            }
            if !fits(ufrag, UFRAG_CHARS) || !fits(pwd, PWD_CHARS) {
                return Ok(Err(Refusal::CredentialsMalformed));
            }
            // The stack restarts by an offer with other credentials: the last
            // one again, with these.
            let offer = with_credentials(&offer, ufrag, pwd);
            let answer = accept(&mut leg.rtc, &offer);
            if answer.is_ok() {
                leg.offer = Some(offer);
            }
            Ok(answer)
        });
        let answer = answered.ok_or(Refusal::NoSuchLeg)??;
        self.register(index, &answer);
        let own = |name| outline::attribute(&answer, name).unwrap_or_default().to_owned();
        let candidates = outline::candidates(&answer);
        self.tell(Event::Restarted { leg: id.clone(), ufrag: own("ice-ufrag"), pwd: own("ice-pwd"), candidates });
        Ok(())
    }
}

fn is_ice_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

/// The grammar of RFC 8839 5.1, with host names for addresses (RFC 8828).
fn is_candidate(line: &str) -> bool {
    if line.len() > CANDIDATE_BYTES {
        return false;
    }
    let line = line.strip_prefix("a=").unwrap_or(line);
    let Some(rest) = line.strip_prefix("candidate:") else { return false };
    let words: Vec<&str> = rest.split_ascii_whitespace().collect();
    let [foundation, component, transport, priority, address, port, typ, kind, extensions @ ..] = &words[..] else {
        return false;
    };
    (1..=32).contains(&foundation.len())
        && foundation.bytes().all(is_ice_char)
        && component.parse::<u16>().is_ok_and(|component| (1..=256).contains(&component))
        && (transport.eq_ignore_ascii_case("udp") || transport.eq_ignore_ascii_case("tcp"))
        && priority.parse::<u32>().is_ok()
        && address.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b'-' | b'%'))
        && port.parse::<u16>().is_ok()
        && *typ == "typ"
        && matches!(*kind, "host" | "srflx" | "prflx" | "relay")
        && extensions.len() % 2 == 0
}

fn with_credentials(offer: &str, ufrag: &str, pwd: &str) -> String {
    let mut out = String::with_capacity(offer.len() + ufrag.len() + pwd.len());
    for line in offer.lines() {
        if line.starts_with("a=ice-ufrag:") {
            out.push_str("a=ice-ufrag:");
            out.push_str(ufrag);
        } else if line.starts_with("a=ice-pwd:") {
            out.push_str("a=ice-pwd:");
            out.push_str(pwd);
        } else {
            out.push_str(line);
        }
        out.push_str("\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_of_browsers_and_encoders_are_read_and_others_are_not() {
        for good in [
            "candidate:1 1 UDP 2122317823 192.168.1.9 54321 typ host",
            "a=candidate:3628985204 1 udp 2113937151 6a5a-6f.local 51216 typ host generation 0 ufrag ab12 network-cost 999",
            "candidate:2 1 tcp 1518280447 fe80::1 9 typ host tcptype active",
            "candidate:4 2 udp 1 203.0.113.7 3478 typ srflx raddr 0.0.0.0 rport 0",
        ] {
            assert!(is_candidate(good), "{good}");
        }
        for bad in [
            "",
            "candidate:",
            "candidate:1 1 udp 1 1.2.3.4 1 typ",
            "candidate:1 0 udp 1 1.2.3.4 1 typ host",
            "candidate:1 257 udp 1 1.2.3.4 1 typ host",
            "candidate:1 1 sctp 1 1.2.3.4 1 typ host",
            "candidate:1 1 udp -1 1.2.3.4 1 typ host",
            "candidate:1 1 udp 1 1.2.3.4 65536 typ host",
            "candidate:1 1 udp 1 1.2.3.4 1 typ nothing",
            "candidate:1 1 udp 1 <b> 1 typ host",
            "candidate:1 1 udp 1 1.2.3.4 1 typ host tcptype",
            "m=audio 9 RTP/AVP 0",
        ] {
            assert!(!is_candidate(bad), "{bad}");
        }
        let long = |bytes: usize| {
            let head = "candidate:1 1 udp 1 1.2.3.4 1 typ host x ";
            format!("{head}{}", "y".repeat(bytes - head.len()))
        };
        assert!(is_candidate(&long(CANDIDATE_BYTES)) && !is_candidate(&long(CANDIDATE_BYTES + 1)));
    }

    #[test]
    fn credentials_are_put_in_the_place_of_the_old_ones() {
        let offer = "v=0\r\na=ice-ufrag:old\r\nm=audio\na=ice-pwd:old\r\na=ice-ufrag:old\r\n";
        let new = with_credentials(offer, "new", "secret");
        assert_eq!(new, "v=0\r\na=ice-ufrag:new\r\nm=audio\r\na=ice-pwd:secret\r\na=ice-ufrag:new\r\n");
    }
}
