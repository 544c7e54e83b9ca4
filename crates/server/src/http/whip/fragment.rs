//! SDP fragments of trickle ICE: `application/trickle-ice-sdpfrag` (RFC 8840, section 9).

/// The longest fragment, in bytes.
pub const FRAGMENT_MAX_BYTES: usize = 16 * 1024;
/// The most candidates in a fragment.
pub const CANDIDATES_MAX: usize = 64;
/// The longest candidate, in bytes.
const CANDIDATE_MAX_BYTES: usize = 512;

/// What a fragment says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fragment {
    /// User name fragment and password; they come together.
    pub credentials: Option<(String, String)>,
    /// Candidates, as SDP attributes without `a=`.
    pub candidates: Vec<String>,
    /// No more candidates follow.
    pub ended: bool,
}

/// Reads a fragment. Attributes that ICE does not need are passed over.
///
/// Errors: why it is none, for a developer's eye.
pub fn read(text: &str) -> Result<Fragment, &'static str> {
    if text.len() > FRAGMENT_MAX_BYTES {
        return Err("it is too long");
    }
    let mut fragment = Fragment::default();
    let (mut ufrag, mut pwd) = (None, None);
    for line in text.lines().filter(|line| !line.is_empty()) {
        let Some((kind, value)) = line.split_once('=') else { return Err("a line has no '='") };
        match kind {
            "a" => {}
            "m" => continue,
            _ => return Err("a line is neither a= nor m="),
        }
        let (name, of) = value.split_once(':').unwrap_or((value, ""));
        match name {
            // Bundled media share one ICE session, whichever section names it.
            "ice-ufrag" => take(&mut ufrag, of, 4..=256)?,
            "ice-pwd" => take(&mut pwd, of, 22..=256)?,
            "candidate" => {
                if fragment.candidates.len() == CANDIDATES_MAX {
                    return Err("it has too many candidates");
                }
                if value.len() > CANDIDATE_MAX_BYTES || value.bytes().any(|byte| byte.is_ascii_control()) {
                    return Err("a candidate is too long, or holds what is no text");
                }
                fragment.candidates.push(value.to_owned());
            }
            "end-of-candidates" => fragment.ended = true,
            _ => {}
        }
    }
    fragment.credentials = match (ufrag, pwd) {
        (Some(ufrag), Some(pwd)) => Some((ufrag, pwd)),
        (None, None) => None,
        _ => return Err("a=ice-ufrag and a=ice-pwd go together"),
    };
    if fragment.credentials.is_none() && fragment.candidates.is_empty() && !fragment.ended {
        return Err("it says nothing of ICE");
    }
    Ok(fragment)
}

/// Takes a credential of `ice-char`s (RFC 8839, section 5.4); said twice, it is the same both times.
fn take(into: &mut Option<String>, of: &str, lengths: std::ops::RangeInclusive<usize>) -> Result<(), &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    if !lengths.contains(&of.len()) || !of.bytes().all(plain) {
        return Err("a=ice-ufrag has 4 to 256, a=ice-pwd 22 to 256 letters, digits, '+' and '/'");
    }
    match into {
        Some(known) if known != of => Err("it names two ICE sessions"),
        _ => {
            *into = Some(of.to_owned());
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRICKLE: &str = "a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:EsAw\r\n\
        a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n\
        a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1\r\n\
        a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active\r\na=end-of-candidates\r\n";

    #[test]
    fn the_fragment_of_the_rfc_is_read() {
        let fragment = read(TRICKLE).unwrap();
        assert_eq!(fragment.credentials, Some(("EsAw".to_owned(), "P2uYro0UCOQ4zxjKXaWCBui1".to_owned())));
        assert_eq!(fragment.candidates.len(), 2);
        assert!(fragment.candidates[1].starts_with("candidate:473322822 1 tcp"));
        assert!(fragment.ended);
        let bare = read("a=candidate:1 1 udp 1 192.0.2.1 1 typ host").unwrap();
        assert_eq!((bare.credentials, bare.candidates.len(), bare.ended), (None, 1, false));
    }

    #[test]
    fn what_is_none_is_refused() {
        let pwd = "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1";
        let none = [
            String::new(),
            "nonsense".to_owned(),
            "v=0".to_owned(),
            "m=audio 9 RTP/AVP 0".to_owned(),
            "a=ice-ufrag:EsAw".to_owned(),
            pwd.to_owned(),
            format!("a=ice-ufrag:Es\n{pwd}"),
            format!("a=ice-ufrag:Es w\n{pwd}"),
            format!("a=ice-ufrag:EsAw\na=ice-ufrag:Other\n{pwd}"),
            "a=ice-ufrag:EsAw\na=ice-pwd:short".to_owned(),
            format!("a=candidate:{}", "x".repeat(CANDIDATE_MAX_BYTES)),
            "a=candidate:1 1 udp\t1".to_owned(),
        ];
        for text in none {
            assert!(read(&text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn one_past_each_limit_is_refused() {
        let candidates = "a=candidate:1 1 udp 1 192.0.2.1 1 typ host\n".repeat(CANDIDATES_MAX);
        assert!(read(&candidates).is_ok());
        assert!(read(&format!("{candidates}a=candidate:1")).is_err());
        let mut longest = "a=end-of-candidates\n".to_owned();
        longest.push_str("a=x:");
        longest.push_str(&"y".repeat(FRAGMENT_MAX_BYTES - longest.len()));
        assert!(read(&longest).is_ok());
        assert!(read(&format!("{longest}y")).is_err());
    }

    #[test]
    fn whatever_is_cut_or_changed_is_answered_and_never_a_fault() {
        let mut random = 1_u32;
        for cut in 0..TRICKLE.len() {
            let mut bytes = TRICKLE.as_bytes()[..cut].to_vec();
            for _ in 0..3 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if let Some(byte) = bytes.get_mut(random as usize % (cut + 1)) {
                    *byte = (random >> 16) as u8;
                }
            }
            if let Ok(fragment) = read(&String::from_utf8_lossy(&bytes)) {
                assert!(fragment.candidates.len() <= CANDIDATES_MAX);
            }
        }
    }
}
