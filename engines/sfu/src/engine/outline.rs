//! The few things the engine itself reads in a session description (RFC 8866,
//! RFC 8829): counted and checked before the WebRTC stack sees it.

use crate::{Codec, Kind, Limits, Refusal, Source};

/// One m-section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    /// `None` for data channels and whatever else is not media.
    pub(crate) kind: Option<Kind>,
    pub(crate) mid: String,
    pub(crate) sends: bool,
    pub(crate) receives: bool,
    /// Tokens of `a=msid` (RFC 8830).
    msid: Vec<String>,
    /// Simulcast layers offered (RFC 8853), lowest first.
    pub(crate) rids: Vec<String>,
}

impl Section {
    /// What the m-line shows: as the caller says, as its msid says, or by its kind.
    pub(crate) fn source(&self, said: &[(String, Source)]) -> Source {
        if let Some((_, source)) = said.iter().find(|(mid, _)| *mid == self.mid) {
            return *source;
        }
        let named = self.msid.iter().find_map(|token| match token.as_str() {
            "camera" => Some(Source::Camera),
            "microphone" => Some(Source::Microphone),
            "screen" => Some(Source::Screen),
            "screen-audio" => Some(Source::ScreenAudio),
            _ => None,
        });
        named.unwrap_or(if self.kind == Some(Kind::Audio) { Source::Microphone } else { Source::Camera })
    }
}

/// Reads and bounds a description.
///
/// # Errors
///
/// Too large, more m-lines than `max_sections`, more layers than the limit, or
/// no m-line at all.
pub(crate) fn read(sdp: &str, limits: &Limits, max_sections: usize) -> Result<Vec<Section>, Refusal> {
    if sdp.len() > limits.sdp_bytes {
        return Err(Refusal::SdpTooLarge);
    }
    let mut sections: Vec<Section> = Vec::new();
    for line in sdp.lines() {
        if let Some(media) = line.strip_prefix("m=") {
            if sections.len() == max_sections {
                return Err(Refusal::TooManyTracks);
            }
            let kind = match media.split(' ').next() {
                Some("audio") => Some(Kind::Audio),
                Some("video") => Some(Kind::Video),
                _ => None,
            };
            sections.push(Section {
                kind,
                mid: String::new(),
                sends: true,
                receives: true,
                msid: Vec::new(),
                rids: Vec::new(),
            });
        } else if let (Some(section), Some(attribute)) = (sections.last_mut(), line.strip_prefix("a=")) {
            read_attribute(section, attribute.trim_end(), limits)?;
        }
    }
    if sections.is_empty() {
        return Err(Refusal::SdpMalformed);
    }
    Ok(sections)
}

fn read_attribute(section: &mut Section, attribute: &str, limits: &Limits) -> Result<(), Refusal> {
    match attribute.split_once(':') {
        Some(("mid", mid)) => section.mid = mid.to_owned(),
        Some(("msid", msid)) => section.msid = msid.split(' ').take(2).map(str::to_owned).collect(),
        Some(("simulcast", streams)) => {
            let mut words = streams.split(' ');
            while let Some(direction) = words.next() {
                let list = words.next().unwrap_or_default();
                if direction == "send" {
                    section.rids = simulcast_rids(list);
                }
            }
            if section.rids.len() > limits.layers_per_track {
                return Err(Refusal::TooManyLayers);
            }
        }
        None => {
            section.sends &= !matches!(attribute, "recvonly" | "inactive");
            section.receives &= !matches!(attribute, "sendonly" | "inactive");
        }
        _ => {}
    }
    Ok(())
}

/// `q;~h,alt;f`: the first of alternatives, paused or not; well-known names are
/// put in order, others are taken as listed.
fn simulcast_rids(list: &str) -> Vec<String> {
    let first = |layer: &str| layer.split(',').next().unwrap_or_default().trim_start_matches('~').to_owned();
    let mut rids: Vec<String> = list.split(';').map(first).filter(|rid| !rid.is_empty()).collect();
    let rank = |rid: &String| match rid.as_str() {
        "q" | "l" | "lo" | "low" => Some(0),
        "h" | "m" | "mid" | "medium" => Some(1),
        "f" | "hi" | "high" | "full" => Some(2),
        _ => None,
    };
    if rids.iter().all(|rid| rank(rid).is_some()) {
        rids.sort_by_key(rank);
    }
    rids
}

/// The video codecs of an offer in the order of its first video m-line (RFC
/// 8866 5.14: in order of preference), as far as they are spoken here.
pub(crate) fn preferred_codecs(sdp: &str) -> Vec<Codec> {
    let mut lines = sdp.lines().skip_while(|line| !line.starts_with("m=video "));
    let formats: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().skip(3).collect();
    let maps: Vec<(&str, &str)> = lines
        .take_while(|line| !line.starts_with("m="))
        .filter_map(|line| line.strip_prefix("a=rtpmap:")?.split_once(' '))
        .collect();
    let mut codecs = Vec::new();
    for format in formats {
        let name = maps.iter().find(|(pt, _)| *pt == format).and_then(|(_, map)| map.split('/').next());
        let codec = match name.map(str::to_ascii_uppercase).as_deref() {
            Some("VP8") => Codec::Vp8,
            Some("H264") => Codec::H264,
            Some("VP9") => Codec::Vp9,
            Some("AV1") => Codec::Av1,
            _ => continue,
        };
        if !codecs.contains(&codec) {
            codecs.push(codec);
        }
    }
    codecs
}

/// The first value of an attribute.
pub(crate) fn attribute<'a>(sdp: &'a str, name: &str) -> Option<&'a str> {
    sdp.lines().find_map(|line| line.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// Every candidate (RFC 8839 5.1), without `a=`.
pub(crate) fn candidates(sdp: &str) -> Vec<String> {
    let mut candidates: Vec<String> = sdp
        .lines()
        .filter_map(|line| line.strip_prefix("a=").filter(|line| line.starts_with("candidate:")))
        .map(|candidate| candidate.trim().to_owned())
        .collect();
    candidates.sort();
    candidates.dedup();
    candidates
}

/// Every `a=ice-ufrag` (RFC 8839 5.4) of a description.
pub(crate) fn ice_ufrags(sdp: &str) -> Vec<String> {
    let mut ufrags: Vec<String> =
        sdp.lines().filter_map(|line| line.strip_prefix("a=ice-ufrag:")).map(|ufrag| ufrag.trim().to_owned()).collect();
    ufrags.sort();
    ufrags.dedup();
    ufrags
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-ufrag:one\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=msid:- screen-audio\r\na=sendonly\r\na=ice-ufrag:one\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=sendrecv\r\na=rid:f send\r\na=simulcast:send f;~h;q,x\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:2\r\na=recvonly\r\n\
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:3\r\n";

    #[test]
    fn reads_kinds_sources_directions_and_layers() {
        let sections = read(OFFER, &Limits::default(), 8).unwrap();
        assert_eq!(sections.len(), 4);
        assert_eq!(sections[0].kind, Some(Kind::Audio));
        assert_eq!(sections[0].source(&[]), Source::ScreenAudio);
        assert_eq!(sections[1].rids, ["q", "h", "f"]);
        assert_eq!(sections[1].source(&[]), Source::Camera);
        assert_eq!(sections[1].source(&[("1".into(), Source::Screen)]), Source::Screen);
        assert!(sections[1].sends && !sections[2].sends);
        assert!(!sections[0].receives && sections[1].receives && sections[2].receives);
        assert_eq!(sections[3].kind, None);
        assert_eq!(ice_ufrags(OFFER), ["one"]);
    }

    #[test]
    fn codecs_in_the_order_of_the_first_video_line() {
        let offer = "m=audio 9 X 96\r\na=rtpmap:96 VP8/90000\r\nm=video 9 X 98 97 99 96 100 101\r\na=rtpmap:96 VP8/90000\r\n\
            a=rtpmap:97 rtx/90000\r\na=rtpmap:98 h264/90000\r\na=rtpmap:99 H264/90000\r\na=rtpmap:100 AV1/90000\r\n\
            m=video 9 X 101\r\na=rtpmap:101 VP9/90000\r\n";
        assert_eq!(preferred_codecs(offer), [Codec::H264, Codec::Vp8, Codec::Av1]);
        assert_eq!(preferred_codecs("m=video"), []);
    }

    #[test]
    fn each_limit_at_and_one_past() {
        let limits = Limits { sdp_bytes: OFFER.len(), layers_per_track: 3, ..Limits::default() };
        assert!(read(OFFER, &limits, 4).is_ok());
        assert_eq!(read(OFFER, &limits, 3), Err(Refusal::TooManyTracks));
        assert_eq!(read(&format!("{OFFER} "), &limits, 4), Err(Refusal::SdpTooLarge));
        assert_eq!(read(OFFER, &Limits { layers_per_track: 2, ..limits }, 4), Err(Refusal::TooManyLayers));
        assert_eq!(read("", &limits, 4), Err(Refusal::SdpMalformed));
        assert_eq!(read("m", &limits, 4), Err(Refusal::SdpMalformed));
    }
}
