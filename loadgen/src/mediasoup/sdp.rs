//! Between session descriptions (RFC 8866, RFC 8829), which peers speak, and mediasoup's parameters, which are ORTC's.
//!
//! mediasoup describes a transport and streams; here that becomes an offer or an answer, and the other way about.

use crate::failure::{Failure, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// Transport-wide sequence numbers, from which bandwidth is estimated.
pub const TRANSPORT_WIDE_CC: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
/// The header extensions beside it that both the peers and mediasoup know.
pub const EXTENSIONS: [&str; 2] =
    ["urn:ietf:params:rtp-hdrext:sdes:mid", "urn:ietf:params:rtp-hdrext:ssrc-audio-level"];

/// A transport of mediasoup.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transport {
    ice_parameters: IceParameters,
    ice_candidates: Vec<IceCandidate>,
    dtls_parameters: DtlsParameters,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct IceParameters {
    username_fragment: String,
    password: String,
}

#[derive(Debug, Deserialize)]
struct IceCandidate {
    foundation: String,
    priority: u32,
    address: String,
    protocol: String,
    port: u16,
}

/// Who begins, and by what certificate a peer is known.
#[derive(Debug, Serialize, Deserialize)]
pub struct DtlsParameters {
    role: String,
    fingerprints: Vec<Fingerprint>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Fingerprint {
    algorithm: String,
    value: String,
}

/// What is sent in one m-line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stream {
    kind: String,
    rtp_parameters: RtpParameters,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RtpParameters {
    mid: String,
    codecs: Vec<CodecParameters>,
    header_extensions: Vec<HeaderExtension>,
    encodings: Vec<Encoding>,
    rtcp: Rtcp,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CodecParameters {
    mime_type: String,
    payload_type: u8,
    clock_rate: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    channels: Option<u8>,
    #[serde(default)]
    parameters: Map<String, Value>,
    #[serde(default)]
    rtcp_feedback: Vec<Feedback>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Feedback {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    parameter: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct HeaderExtension {
    uri: String,
    id: u8,
}

#[derive(Debug, Serialize, Deserialize)]
struct Encoding {
    ssrc: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtx: Option<Repair>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Repair {
    ssrc: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Rtcp {
    cname: String,
}

/// The DTLS of who wrote a session description. Who leaves open who begins (`actpass`) is let begin.
pub fn dtls_parameters(sdp: &str) -> Result<DtlsParameters> {
    let (algorithm, value) = attribute(sdp.lines(), "fingerprint")
        .and_then(|text| text.split_once(' '))
        .ok_or_else(|| unreadable("no fingerprint", sdp))?;
    let role = if attribute(sdp.lines(), "setup") == Some("passive") { "server" } else { "client" };
    let fingerprint = Fingerprint { algorithm: algorithm.to_ascii_lowercase(), value: value.to_owned() };
    Ok(DtlsParameters { role: role.to_owned(), fingerprints: vec![fingerprint] })
}

/// What an offer says is sent.
pub fn streams(offer: &str) -> Result<Vec<Stream>> {
    sections(offer).iter().map(|section| stream(section)).collect()
}

/// The answer to an offer, by which `transport` takes all of it.
pub fn answer(offer: &str, transport: &Transport) -> Result<String> {
    let sections = sections(offer);
    let mids: Vec<&str> = sections.iter().filter_map(|section| attribute(section.iter().copied(), "mid")).collect();
    let mut text = beginning(&mids);
    for section in &sections {
        let kept = section.iter().filter(|line| match line.split_once(':').map_or(**line, |(name, _)| name) {
            "a=extmap" => extension(line).is_some(),
            "a=mid" | "a=rtpmap" | "a=fmtp" | "a=rtcp-fb" => true,
            name => name.starts_with("m="),
        });
        // The m-line is the first of them.
        for (index, line) in kept.enumerate() {
            push(&mut text, line);
            if index == 0 {
                describe(&mut text, transport, "passive")?;
            }
        }
        push(&mut text, "a=recvonly");
    }
    Ok(text)
}

/// An offer of `streams` by `transport`.
pub fn offer(transport: &Transport, streams: &[Stream]) -> Result<String> {
    let mids: Vec<&str> = streams.iter().map(|stream| stream.rtp_parameters.mid.as_str()).collect();
    let mut text = beginning(&mids);
    for Stream { kind, rtp_parameters: rtp } in streams {
        let types: Vec<String> = rtp.codecs.iter().map(|codec| codec.payload_type.to_string()).collect();
        push(&mut text, &format!("m={kind} 9 UDP/TLS/RTP/SAVPF {}", types.join(" ")));
        describe(&mut text, transport, "actpass")?;
        push(&mut text, &format!("a=mid:{}", rtp.mid));
        push(&mut text, "a=sendonly");
        rtp.codecs.iter().for_each(|codec| push_codec(&mut text, codec));
        for HeaderExtension { uri, id } in &rtp.header_extensions {
            push(&mut text, &format!("a=extmap:{id} {uri}"));
        }
        for Encoding { ssrc, rtx } in &rtp.encodings {
            let ssrcs: Vec<u32> = std::iter::once(*ssrc).chain(rtx.as_ref().map(|rtx| rtx.ssrc)).collect();
            if let [media, repair] = ssrcs[..] {
                push(&mut text, &format!("a=ssrc-group:FID {media} {repair}"));
            }
            for ssrc in ssrcs {
                push(&mut text, &format!("a=ssrc:{ssrc} cname:{}", rtp.rtcp.cname));
            }
        }
    }
    Ok(text)
}

fn beginning(mids: &[&str]) -> String {
    let mut text = String::new();
    for line in ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=ice-lite"] {
        push(&mut text, line);
    }
    push(&mut text, &format!("a=group:BUNDLE {}", mids.join(" ")));
    text
}

/// The lines of a media section that are the transport's.
fn describe(text: &mut String, transport: &Transport, setup: &str) -> Result<()> {
    let Transport { ice_parameters, ice_candidates, dtls_parameters } = transport;
    let sha256 = dtls_parameters
        .fingerprints
        .iter()
        .find(|fingerprint| fingerprint.algorithm == "sha-256")
        .ok_or_else(|| Failure::Mediasoup(format!("no SHA-256 in {dtls_parameters:?}")))?;
    push(text, "c=IN IP4 127.0.0.1");
    push(text, "a=rtcp-mux");
    push(text, "a=rtcp-rsize");
    push(text, &format!("a=ice-ufrag:{}", ice_parameters.username_fragment));
    push(text, &format!("a=ice-pwd:{}", ice_parameters.password));
    for IceCandidate { foundation, priority, address, protocol, port } in ice_candidates {
        push(text, &format!("a=candidate:{foundation} 1 {protocol} {priority} {address} {port} typ host"));
    }
    push(text, &format!("a=fingerprint:sha-256 {}", sha256.value));
    push(text, &format!("a=setup:{setup}"));
    Ok(())
}

fn push_codec(text: &mut String, codec: &CodecParameters) {
    let payload_type = codec.payload_type;
    let name = codec.mime_type.split_once('/').map_or(codec.mime_type.as_str(), |(_, name)| name);
    let channels = codec.channels.filter(|channels| *channels > 1).map(|channels| format!("/{channels}"));
    push(text, &format!("a=rtpmap:{payload_type} {name}/{}{}", codec.clock_rate, channels.unwrap_or_default()));
    if !codec.parameters.is_empty() {
        let said = |(name, value): (&String, &Value)| {
            format!("{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        };
        let parameters: Vec<String> = codec.parameters.iter().map(said).collect();
        push(text, &format!("a=fmtp:{payload_type} {}", parameters.join(";")));
    }
    for Feedback { kind, parameter } in &codec.rtcp_feedback {
        push(text, format!("a=rtcp-fb:{payload_type} {kind} {parameter}").trim_end());
    }
}

fn push(text: &mut String, line: &str) {
    // Writing to a String can't fail.
    let _ = write!(text, "{line}\r\n");
}

/// The media sections, each from its m-line on.
fn sections(sdp: &str) -> Vec<Vec<&str>> {
    let mut sections: Vec<Vec<&str>> = Vec::new();
    for line in sdp.lines() {
        if line.starts_with("m=") {
            sections.push(Vec::new());
        }
        if let Some(section) = sections.last_mut() {
            section.push(line);
        }
    }
    sections
}

fn stream(section: &[&str]) -> Result<Stream> {
    let said = || section.join("\n");
    let missing = |what| unreadable(what, &said());
    let lines = || section.iter().copied();
    let kind = section[0].trim_start_matches("m=").split(' ').next().unwrap_or_default();
    let ssrc = |text: &str| text.split(' ').next()?.parse::<u32>().ok();
    let cname = attributes(lines(), "ssrc").find_map(|text| text.split_once(" cname:"));
    // Of a pair the first carries the media, the second what is sent again (RFC 5576, RFC 4588).
    let pair = attribute(lines(), "ssrc-group").and_then(|text| text.strip_prefix("FID "));
    let media = pair.or_else(|| attribute(lines(), "ssrc")).and_then(ssrc).ok_or_else(|| missing("no SSRC"))?;
    let rtx = pair.and_then(|text| text.split(' ').nth(1)?.parse().ok()).map(|ssrc| Repair { ssrc });
    let codecs: Option<Vec<CodecParameters>> =
        attributes(lines(), "rtpmap").map(|text| codec(kind, text, section)).collect();
    Ok(Stream {
        kind: kind.to_owned(),
        rtp_parameters: RtpParameters {
            mid: attribute(lines(), "mid").ok_or_else(|| missing("no mid"))?.to_owned(),
            codecs: codecs.ok_or_else(|| missing("an rtpmap"))?,
            header_extensions: lines().filter_map(extension).collect(),
            encodings: vec![Encoding { ssrc: media, rtx }],
            rtcp: Rtcp { cname: cname.map(|(_, cname)| cname).unwrap_or_default().to_owned() },
        },
    })
}

/// A codec by its `rtpmap`, and by what else a section says of its payload type.
fn codec(kind: &str, rtpmap: &str, section: &[&str]) -> Option<CodecParameters> {
    let (payload_type, encoding) = rtpmap.split_once(' ')?;
    let of_this = |name| {
        attributes(section.iter().copied(), name)
            .filter_map(|text| text.split_once(' '))
            .filter(|(of, _)| *of == payload_type)
            .map(|(_, text)| text)
    };
    let mut parts = encoding.split('/');
    let name = parts.next()?;
    let parameters = of_this("fmtp").flat_map(|text| text.split(';')).filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        Some((name.trim().to_owned(), value.parse::<u64>().map_or_else(|_| json!(value), |number| json!(number))))
    });
    let feedback = of_this("rtcp-fb").map(|text| {
        let (kind, parameter) = text.split_once(' ').unwrap_or((text, ""));
        Feedback { kind: kind.to_owned(), parameter: parameter.to_owned() }
    });
    Some(CodecParameters {
        mime_type: format!("{kind}/{name}"),
        payload_type: payload_type.parse().ok()?,
        clock_rate: parts.next()?.parse().ok()?,
        channels: parts.next().and_then(|channels| channels.parse().ok()),
        parameters: parameters.collect(),
        rtcp_feedback: feedback.collect(),
    })
}

/// A header extension that is used here, by its line.
fn extension(line: &str) -> Option<HeaderExtension> {
    let (id, uri) = line.strip_prefix("a=extmap:")?.split_once(' ')?;
    let known = uri == TRANSPORT_WIDE_CC || EXTENSIONS.contains(&uri);
    // A direction may follow the id (RFC 8285).
    let id = id.split('/').next()?.parse().ok().filter(|_| known)?;
    Some(HeaderExtension { uri: uri.to_owned(), id })
}

fn attributes<'a>(lines: impl Iterator<Item = &'a str>, name: &str) -> impl Iterator<Item = &'a str> {
    lines.filter_map(move |line| line.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':'))
}

fn attribute<'a>(lines: impl Iterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    attributes(lines, name).next()
}

fn unreadable(what: &str, sdp: &str) -> Failure {
    Failure::Mediasoup(format!("{what} in\n{sdp}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::packetiser::Layer;
    use crate::media::peer::{Peer, Settings};
    use crate::media::publishing::{LAYERS_MAX, Plan, Publishing};
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;

    fn plan() -> Plan {
        let mut layers = [Layer::default(); LAYERS_MAX];
        layers[0] = Layer { packets_per_second: 300, payload_bytes: 1_100, height_px: 480 };
        Plan { publisher: 0, layers, frame_rate: 30, swing_percent: 0, sound: true }
    }

    fn peer(feedback: bool) -> Peer {
        str0m::crypto::from_feature_flags().install_process_default();
        Peer::new(&Settings::new(IpAddr::V4(Ipv4Addr::LOCALHOST), feedback).expect("settings")).expect("a peer")
    }

    fn transport() -> Transport {
        serde_json::from_value(json!({
            "iceParameters": { "usernameFragment": "9zq4ml", "password": "oun2bg7ejlyvpq0wdj5tgsk3", "iceLite": true },
            "iceCandidates": [{
                "foundation": "udpcandidate", "priority": 1076302079, "ip": "127.0.0.1", "address": "127.0.0.1",
                "protocol": "udp", "port": 41234, "type": "host",
            }],
            "dtlsParameters": { "role": "auto", "fingerprints": [
                { "algorithm": "sha-1", "value": "82:5A:68:3D:36:C3:0A:DE:AF:E7:32:43:D2:88:83:57:AC:2D:65:E5" },
                { "algorithm": "sha-256", "value": (["AB"; 32].join(":")) },
            ] },
        }))
        .expect("as mediasoup describes a transport")
    }

    #[test]
    fn what_a_publisher_offers_is_taken_and_offered_to_a_viewer() {
        let mut publisher = peer(true);
        let (mut publishing, offered) = Publishing::offer(&mut publisher, plan(), Arc::default()).expect("an offer");
        let said = json!(streams(&offered.sdp).expect("streams"));
        assert_eq!((&said[0]["kind"], &said[1]["kind"]), (&json!("audio"), &json!("video")));
        let video = &said[1]["rtpParameters"];
        assert_eq!(video["mid"], json!(offered.video));
        let codec = &video["codecs"][0];
        assert_eq!((&codec["mimeType"], &codec["clockRate"]), (&json!("video/VP8"), &json!(90_000)));
        let feedback = codec["rtcpFeedback"].as_array().expect("feedback");
        for wanted in [("transport-cc", ""), ("nack", ""), ("nack", "pli")] {
            assert!(feedback.contains(&json!({ "type": wanted.0, "parameter": wanted.1 })), "{wanted:?}");
        }
        assert_eq!(
            video["codecs"][1]["parameters"]["apt"], codec["payloadType"],
            "what is sent again names what it repeats"
        );
        assert!(video["encodings"][0]["rtx"]["ssrc"].is_u64(), "{video}");
        let uses = |stream: &Value| {
            let of = |uri: &str| {
                stream["headerExtensions"].as_array().is_some_and(|all| all.iter().any(|e| e["uri"] == uri))
            };
            (of(EXTENSIONS[0]), of(EXTENSIONS[1]), of(TRANSPORT_WIDE_CC))
        };
        assert!(uses(video).0 && uses(video).2, "{video}");
        let audio = &said[0]["rtpParameters"];
        assert_eq!(
            (&audio["codecs"][0]["mimeType"], &audio["codecs"][0]["channels"]),
            (&json!("audio/opus"), &json!(2))
        );
        assert!(uses(audio).1, "{audio}");
        assert_eq!(dtls_parameters(&offered.sdp).expect("DTLS").role, "client", "whoever may begin does");

        let taken = answer(&offered.sdp, &transport()).expect("an answer");
        publishing.answered(&mut publisher, &taken).expect("an answer that can be read");

        let consumed: Vec<Stream> = serde_json::from_value(said).expect("what was said");
        let offer = offer(&transport(), &consumed).expect("an offer");
        let answered = peer(true).accept(&offer).expect("an offer that can be read");
        let dtls = dtls_parameters(&answered).expect("DTLS");
        assert!(answered.contains("a=setup:passive"), "it lets the other begin: {answered}");
        assert_eq!((dtls.role.as_str(), dtls.fingerprints[0].algorithm.as_str()), ("server", "sha-256"));
        assert_eq!(answered.matches("a=recvonly").count(), 2, "{answered}");
        assert!(answered.contains(TRANSPORT_WIDE_CC) && answered.contains("transport-cc"), "{answered}");
    }

    #[test]
    fn without_feedback_nothing_is_said_of_transport_wide_numbers() {
        let mut publisher = peer(false);
        let (_, offered) = Publishing::offer(&mut publisher, plan(), Arc::default()).expect("an offer");
        let said = json!(streams(&offered.sdp).expect("streams")).to_string();
        assert!(!said.contains(TRANSPORT_WIDE_CC) && !said.contains("transport-cc"), "{said}");
    }

    #[test]
    fn what_lacks_something_is_refused() {
        let section = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=rtpmap:96 VP8/90000\r\na=ssrc:1 cname:c\r\n";
        assert!(streams(section).is_ok());
        for line in ["a=mid:0\r\n", "a=ssrc:1 cname:c\r\n"] {
            assert!(streams(&section.replace(line, "")).is_err(), "{line}");
        }
        assert!(streams(&section.replace("VP8/90000", "VP8")).is_err(), "no clock rate");
        assert!(dtls_parameters(section).is_err(), "no fingerprint");
        let mut sha1 = transport();
        sha1.dtls_parameters.fingerprints.truncate(1);
        assert!(answer(section, &sha1).is_err());
    }
}
