//! As much of a session description (RFC 8866) as HTTP needs to know: what is offered, and by which ICE session.

use hearth_protocol::limits::SDP_MAX_BYTES;

/// Media sections that are read; an offer with more is none that anything here could take.
const MEDIA_MAX: usize = 16;

/// What a session description says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// The ICE user name fragment of the section that bundles the others (RFC 8839, section 5.4).
    pub ufrag: String,
    /// The lines that say how ICE is done, as they stand: `a=ice-lite`, `a=ice-options:…`, `a=ice-pacing:…`.
    pub ice: Vec<String>,
    /// The line `a=group:BUNDLE …`; empty: there is none.
    pub bundle: String,
    /// The media sections.
    pub media: Vec<Media>,
}

/// A media section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Media {
    /// The line `m=…`.
    pub line: String,
    /// The line `a=mid:…`; empty: there is none.
    pub mid: String,
    /// The value of `a=setup:`.
    pub setup: String,
    /// Which way it goes, as an attribute's name (RFC 8866, section 6.7); empty: not said, that is `sendrecv`.
    pub direction: String,
}

impl Media {
    /// `audio`, `video`, `application`…
    pub fn kind(&self) -> &str {
        self.line.trim_start_matches("m=").split(' ').next().unwrap_or_default()
    }
}

/// Reads a description.
///
/// Errors: why it is none, for a developer's eye.
pub fn read(text: &str) -> Result<Description, &'static str> {
    if text.len() > SDP_MAX_BYTES {
        return Err("it is too long");
    }
    let mut description = Description::default();
    let (mut session_ufrag, mut session_setup) = ("", "");
    let mut ufrags = Vec::new();
    let mut lines = text.lines();
    if lines.next() != Some("v=0") {
        return Err("it does not begin with v=0");
    }
    for line in lines.filter(|line| !line.is_empty()) {
        let Some((kind, value)) = line.split_once('=') else { return Err("a line has no '='") };
        if kind.len() != 1 {
            return Err("a line does not begin with one letter and '='");
        }
        if kind == "m" {
            if description.media.len() == MEDIA_MAX {
                return Err("it has too many media sections");
            }
            description.media.push(Media {
                line: line.to_owned(),
                setup: session_setup.to_owned(),
                ..Media::default()
            });
            ufrags.push("");
        }
        if kind != "a" {
            continue;
        }
        let (name, of) = value.split_once(':').unwrap_or((value, ""));
        let media = description.media.last_mut();
        match (name, media) {
            ("ice-ufrag", None) => session_ufrag = of,
            ("ice-ufrag", Some(_)) => *ufrags.last_mut().expect("a media section") = of,
            ("ice-lite" | "ice-options" | "ice-pacing", _) if description.ice.iter().all(|known| known != line) => {
                description.ice.push(line.to_owned());
            }
            ("group", _) if of.starts_with("BUNDLE ") => line.clone_into(&mut description.bundle),
            ("setup", None) => session_setup = of,
            ("setup", Some(media)) => of.clone_into(&mut media.setup),
            ("mid", Some(media)) => line.clone_into(&mut media.mid),
            ("sendonly" | "recvonly" | "sendrecv" | "inactive", Some(media)) => name.clone_into(&mut media.direction),
            _ => {}
        }
    }
    let of_media = ufrags.into_iter().find(|ufrag| !ufrag.is_empty());
    of_media.unwrap_or(session_ufrag).clone_into(&mut description.ufrag);
    if description.media.is_empty() {
        return Err("it has no media section");
    }
    if description.ufrag.is_empty() {
        return Err("it has no a=ice-ufrag");
    }
    Ok(description)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=ice-options:trickle ice2\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:EsAw\r\na=setup:actpass\r\na=sendonly\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=ice-ufrag:EsAw\r\na=setup:actpass\r\na=sendonly\r\n";

    #[test]
    fn an_offer_is_read_as_far_as_it_matters() {
        let offer = read(OFFER).unwrap();
        assert_eq!((offer.ufrag.as_str(), offer.bundle.as_str()), ("EsAw", "a=group:BUNDLE 0 1"));
        assert_eq!(offer.ice, ["a=ice-options:trickle ice2"]);
        assert_eq!(offer.media.iter().map(Media::kind).collect::<Vec<_>>(), ["audio", "video"]);
        assert_eq!((offer.media[1].mid.as_str(), offer.media[1].direction.as_str()), ("a=mid:1", "sendonly"));
        let at_session = OFFER.replace("a=ice-ufrag:EsAw\r\n", "").replace("t=0 0", "t=0 0\r\na=ice-ufrag:Session");
        assert_eq!(read(&at_session).unwrap().ufrag, "Session");
    }

    #[test]
    fn what_is_none_is_refused() {
        let many = format!("v=0\na=ice-ufrag:a\n{}", "m=audio 9 X 0\n".repeat(MEDIA_MAX + 1));
        let none =
            ["", "v=1", "v=0", "v=0\nnonsense", "v=0\nmm=audio", "v=0\nm=audio 9 X 0", "v=0\na=ice-ufrag:x", &many];
        for text in none {
            assert!(read(text).is_err(), "{text:.30}");
        }
        let longest = format!("v=0\nm=audio 9 X 0\na=ice-ufrag:a\ns={}", "x".repeat(SDP_MAX_BYTES - 34));
        assert_eq!(longest.len(), SDP_MAX_BYTES);
        assert!(read(&longest).is_ok());
        assert!(read(&format!("{longest}x")).is_err());
    }
}
