//! WHIP (RFC 9725) and WHEP as their peers meet them, over real HTTP, with a real media engine behind it.

use crate::http::{Answer, CLIENT_ADDRESS, ask, raw};
use crate::support::{Server, Somebody};
use hearth_protocol::limits::SDP_MAX_BYTES;
use hearth_server::accounts::stream_keys::WRONG_KEYS_MAX;
use hearth_server::config::IceServer;
use serde_json::json;

const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";
/// The host's account name, after which the room is called.
const NAME: &str = "ana";

/// An offer of sound and picture, as an encoder makes it; `direction` as in `sendonly`.
pub fn offer(direction: &str) -> String {
    let section = |kind: &str, mid: u8, number: u8, map: &str| {
        format!(
            "m={kind} 9 UDP/TLS/RTP/SAVPF {number}\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na=ice-ufrag:EsAw\r\n\
             a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y\r\na=ice-options:trickle ice2\r\n\
             a=fingerprint:sha-256 DA:7B:57:DC:28:CE:04:4F:31:79:85:C4:31:67:EB:27:58:29:ED:77:2A:0D:24:AE:ED:AD:30:BC:BD:F1:9C:02\r\n\
             a=setup:actpass\r\na={direction}\r\na=msid:- stream-{mid}\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:{number} {map}\r\n"
        )
    };
    format!(
        "v=0\r\no=- 5228595038118931041 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n{}{}",
        section("audio", 0, 111, "opus/48000/2"),
        section("video", 1, 96, "VP8/90000")
    )
}

fn fragment(ufrag: &str) -> String {
    format!(
        "a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:{ufrag}\r\n\
         a=ice-pwd:vw5LmwG4y/e6dPP/zAP9Gp5k\r\n\
         a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag {ufrag} network-id 1\r\n\
         a=end-of-candidates\r\n"
    )
}

struct Studio {
    server: Server,
    host: Somebody,
    key: String,
}

impl Studio {
    async fn new() -> Self {
        Self::on(Server::with(|config| config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await).await
    }

    async fn on(server: Server) -> Self {
        let host = server.sign_up(NAME).await;
        let key = stream_key(&server, &host).await;
        Self { server, host, key }
    }

    /// A request with the key, a body of a kind, and further headers.
    async fn say(&self, method: &str, path: &str, kind: &str, more: &[(&str, &str)], body: &str) -> Answer {
        let bearer = format!("Bearer {}", self.key);
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend((!kind.is_empty()).then_some(("content-type", kind)));
        headers.extend(more);
        self.bare(method, path, &headers, body).await
    }

    async fn bare(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all = vec![("x-forwarded-for", CLIENT_ADDRESS)];
        all.extend(headers);
        raw(self.server.port(), method, path, &all, body).await
    }

    async fn publish(&self) -> Answer {
        self.say("POST", "/whip", SDP, &[], &offer("sendonly")).await
    }

    async fn broadcast_state(&self) -> String {
        let room = ask(self.server.port(), "GET", "/api/rooms/@ana", None, None).await;
        room.json()["broadcast"]["state"].as_str().unwrap().to_owned()
    }
}

pub async fn stream_key(server: &Server, host: &Somebody) -> String {
    let keys = format!("/api/rooms/{}/stream-keys", host.room);
    let made = ask(server.port(), "POST", &keys, Some(&host.token), Some(&json!({}))).await;
    made.json()["secret"].as_str().unwrap().to_owned()
}

fn location(answer: &Answer) -> String {
    answer.header("location").unwrap().to_owned()
}

#[tokio::test]
async fn an_encoder_is_answered_and_goes() {
    let studio = Studio::new().await;
    let answer = studio.publish().await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some(SDP));
    assert_eq!(answer.header("accept-patch"), Some(FRAGMENT));
    let etag = answer.header("etag").unwrap();
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 20, "a strong tag: {etag}");
    assert!(answer.body.starts_with("v=0\r\n") && answer.body.contains("a=candidate:"), "{}", answer.body);
    assert!(answer.body.contains("a=ice-lite") && answer.body.contains("a=recvonly"), "{}", answer.body);
    let leg = location(&answer);
    assert!(leg.starts_with("/whip/legs/leg_"), "{leg}");
    assert_eq!(studio.broadcast_state().await, "connecting");

    // An entity tag is nothing to a DELETE.
    let gone = studio.say("DELETE", &leg, "", &[("if-match", "\"other\"")], "").await;
    assert_eq!((gone.status, gone.body.as_str()), (200, ""));
    assert_eq!(studio.say("DELETE", &leg, "", &[], "").await.status, 404);
    assert_eq!(studio.say("PATCH", &leg, FRAGMENT, &[("if-match", etag)], &fragment("EsAw")).await.status, 404);
}

#[tokio::test]
async fn the_same_key_comes_again_at_once() {
    let studio = Studio::new().await;
    let first = location(&studio.publish().await);
    let again = studio.say("POST", "/whip/@ana", SDP, &[], &offer("sendonly")).await;
    assert_eq!(again.status, 201, "{again:?}");
    assert_ne!(location(&again), first);
    assert_eq!(studio.say("DELETE", &first, "", &[], "").await.status, 404, "its leg was replaced");
    assert_eq!(studio.say("DELETE", &location(&again), "", &[], "").await.status, 200);
}

#[tokio::test]
async fn only_a_stream_key_of_the_room_lets_in() {
    let studio = Studio::new().await;
    let post = async |headers: &[(&str, &str)], path: &str| {
        let mut all = vec![("content-type", SDP)];
        all.extend(headers);
        studio.bare("POST", path, &all, &offer("sendonly")).await
    };
    let nobody = post(&[], "/whip").await;
    assert_eq!((nobody.status, nobody.header("www-authenticate")), (401, Some("Bearer")));
    let session = format!("Bearer {}", studio.host.token);
    for wrong in ["Bearer ", "Bearer wrong", "Basic YTpi", session.as_str()] {
        assert_eq!(post(&[("authorization", wrong)], "/whip").await.status, 401, "{wrong}");
    }
    let other = studio.server.sign_up("bo").await;
    let others = format!("bearer {}", stream_key(&studio.server, &other).await);
    assert_eq!(post(&[("authorization", &others)], "/whip/@ana").await.status, 403);
    assert_eq!(
        post(&[("authorization", &others)], "/whip/@nobody").await.status,
        403,
        "which rooms there are is not told"
    );
    assert_eq!(post(&[("authorization", &others)], "/whip/@bo").await.status, 201, "the scheme's case is nothing");

    let leg = location(&studio.publish().await);
    for method in ["PATCH", "DELETE"] {
        let at_leg = async |headers: &[(&str, &str)]| studio.bare(method, &leg, headers, "").await.status;
        assert_eq!(at_leg(&[]).await, 401, "{method}");
        assert_eq!(at_leg(&[("authorization", &others)]).await, 403, "{method}");
    }
}

#[tokio::test]
async fn a_key_that_was_rotated_or_revoked_opens_nothing() {
    let mut studio = Studio::new().await;
    let (port, token) = (studio.server.port(), studio.host.token.clone());
    let keys = format!("/api/rooms/{}/stream-keys", studio.host.room);
    let listed = ask(port, "GET", &keys, Some(&token), None).await.json();
    let key = format!("{keys}/{}", listed["keys"][0]["id"].as_str().unwrap());
    let rotated = ask(port, "POST", &format!("{key}/rotate"), Some(&token), None).await.json();
    assert_eq!(studio.publish().await.status, 401);
    studio.key = rotated["secret"].as_str().unwrap().to_owned();
    let published = studio.publish().await;
    assert_eq!(published.status, 201);
    assert_eq!(studio.broadcast_state().await, "connecting");
    assert_eq!(ask(port, "DELETE", &key, Some(&token), None).await.status, 204);
    assert_eq!(studio.publish().await.status, 401);
    assert_eq!(studio.say("DELETE", &location(&published), "", &[], "").await.status, 404, "what it opened is closed");
    assert_eq!(studio.broadcast_state().await, "off");
}

#[tokio::test]
async fn who_guesses_keys_is_slowed_down() {
    let studio = Studio::new().await;
    let guess = async || studio.bare("POST", "/whip", &[("authorization", "Bearer guess")], "").await;
    for _ in 0..WRONG_KEYS_MAX {
        assert_eq!(guess().await.status, 401);
    }
    let limited = guess().await;
    assert_eq!(limited.status, 429, "{limited:?}");
    assert!(limited.header("retry-after").is_some());
    let elsewhere = raw(studio.server.port(), "POST", "/whip", &[("authorization", "Bearer guess")], "").await;
    assert_eq!(elsewhere.status, 401, "other addresses are not concerned");
}

#[tokio::test]
async fn an_offer_is_taken_whole_or_refused_with_the_reason() {
    let studio = Studio::new().await;
    let post = async |kind: &str, body: &str| studio.say("POST", "/whip", kind, &[], body).await;
    let good = offer("sendonly");
    assert_eq!(post("application/json", &good).await.status, 415);
    assert_eq!(post("", &good).await.status, 415);
    for nonsense in ["", "hello", "v=0\r\n", "v=0\r\nm=audio 9 X 0\r\n", &good[..60]] {
        let refused = post(SDP, nonsense).await;
        assert_eq!((refused.status, &refused.json()["kind"]), (400, &json!("malformed")), "{nonsense:?}");
    }
    let long = format!("{good}a=x:{}\r\n", "y".repeat(SDP_MAX_BYTES));
    assert_eq!(post(SDP, &long).await.status, 413);
    assert_eq!(post(SDP, &long.repeat(2)).await.status, 413, "also where the body is longer than any");

    let two_pictures = format!("{good}{}", &good[good.find("m=video").unwrap()..]);
    let data = format!("{good}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n");
    let unbundled = good.replace("a=group:BUNDLE 0 1\r\n", "");
    let unknown_codec = good.replace("VP8/90000", "H120/90000").replace("opus/48000/2", "G729/8000");
    for not_acceptable in [two_pictures, data, unbundled, unknown_codec] {
        let refused = post(SDP, &not_acceptable).await;
        assert_eq!((refused.status, &refused.json()["kind"]), (406, &json!("media_refused")), "{not_acceptable}");
    }
    for unprocessable in [offer("recvonly"), offer("inactive"), good.replace("actpass", "passive")] {
        assert_eq!(post(SDP, &unprocessable).await.status, 422, "{unprocessable}");
    }
    let html = studio.say("POST", "/whip", SDP, &[("accept", "text/html")], &good).await;
    assert_eq!(html.status, 406, "the answer can't be given as it is asked for");
    for fine in ["*/*", "application/*;q=0.5", "text/html, application/sdp"] {
        let answer = studio.say("POST", "/whip", "Application/SDP; charset=utf-8", &[("accept", fine)], &good).await;
        assert_eq!(answer.status, 201, "{fine}: {answer:?}");
    }
}

#[tokio::test]
async fn candidates_follow_for_the_session_that_is_named() {
    let studio = Studio::new().await;
    let answer = studio.publish().await;
    let (leg, etag) = (location(&answer), answer.header("etag").unwrap());
    let patch =
        async |kind: &str, headers: &[(&str, &str)], body: &str| studio.say("PATCH", &leg, kind, headers, body).await;
    let good = fragment("EsAw");
    let taken = patch(FRAGMENT, &[("if-match", etag)], &good).await;
    assert_eq!((taken.status, taken.header("etag"), taken.body.as_str()), (204, None, ""), "{taken:?}");
    let either = format!("\"other\", {etag}");
    assert_eq!(patch(FRAGMENT, &[("if-match", &either)], &good).await.status, 204);
    assert_eq!(patch(FRAGMENT, &[("if-match", "*")], &good).await.status, 204, "the session that runs");
    let bare = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n";
    assert_eq!(patch(FRAGMENT, &[("if-match", etag)], bare).await.status, 204);

    assert_eq!(patch(FRAGMENT, &[], &good).await.status, 428);
    for other in ["\"other\"", &format!("W/{etag}"), etag.trim_matches('"'), ""] {
        assert_eq!(patch(FRAGMENT, &[("if-match", other)], &good).await.status, 412, "{other}");
    }
    assert_eq!(patch(SDP, &[("if-match", etag)], &good).await.status, 415);
    for nonsense in ["", "nonsense", "a=ice-ufrag:EsAw\r\n", "m=audio 9 RTP/AVP 0\r\n"] {
        assert_eq!(patch(FRAGMENT, &[("if-match", etag)], nonsense).await.status, 400, "{nonsense:?}");
    }
    let long = format!("{good}a=x:{}\r\n", "y".repeat(20_000));
    assert_eq!(patch(FRAGMENT, &[("if-match", etag)], &long).await.status, 413);
    assert_eq!(patch(FRAGMENT, &[("if-match", etag)], &good).await.status, 204, "none of it ended the session");
}

#[tokio::test]
async fn ice_restarts_as_another_session() {
    let studio = Studio::new().await;
    let answer = studio.publish().await;
    let (leg, first) = (location(&answer), answer.header("etag").unwrap().to_owned());
    let patch = async |tag: &str, ufrag: &str| {
        studio.say("PATCH", &leg, FRAGMENT, &[("if-match", tag)], &fragment(ufrag)).await
    };
    let restarted = patch("*", "ysXw").await;
    assert_eq!(restarted.status, 200, "{restarted:?}");
    assert_eq!(restarted.header("content-type"), Some(FRAGMENT));
    let second = restarted.header("etag").unwrap().to_owned();
    assert_ne!(second, first);
    let credential = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {text}"));
        line[name.len()..].to_owned()
    };
    for name in ["a=ice-ufrag:", "a=ice-pwd:"] {
        assert_ne!(credential(&restarted.body, name), credential(&answer.body, name));
    }
    let lines: Vec<&str> = restarted.body.lines().collect();
    assert!(lines.contains(&"a=ice-lite") && lines.contains(&"a=mid:0"), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("m=audio ")), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("a=candidate:")), "{lines:?}");

    assert_eq!(patch(&first, "ysXw").await.status, 412, "the session before is over");
    assert_eq!(patch(&second, "ysXw").await.status, 204, "its candidates follow under the new tag");
    assert_eq!(patch(&first, "zzZZ").await.status, 412, "nor does it restart what runs now");
    assert_eq!(patch("*", "ysXw").await.status, 204, "the same credentials restart nothing");
}

#[tokio::test]
async fn the_methods_that_are_none_are_kept_for_later_versions() {
    let studio = Studio::new().await;
    let leg = location(&studio.publish().await);
    for path in ["/whip", "/whip/@ana", "/whep/@ana", leg.as_str(), "/whip/legs/leg_none"] {
        for method in ["GET", "HEAD"] {
            let nothing = studio.bare(method, path, &[], "").await;
            assert_eq!((nothing.status, nothing.body.as_str()), (204, ""), "{method} {path}");
        }
        assert_eq!(studio.bare("PUT", path, &[], "").await.status, 405, "{path}");
    }
    assert_eq!(studio.bare("PATCH", "/whip", &[], "").await.status, 405);
    assert_eq!(studio.bare("DELETE", "/whep/@ana", &[], "").await.status, 405);
    assert_eq!(studio.bare("POST", &leg, &[], "").await.status, 405);
}

#[tokio::test]
async fn pages_of_other_sites_may_ask_with_a_token_and_not_with_our_cookie() {
    let studio = Studio::new().await;
    let origin = ("origin", "https://encoder.example");
    let preflight = studio.bare("OPTIONS", "/whip", &[origin], "").await;
    assert_eq!(preflight.status, 200);
    assert_eq!(preflight.header("access-control-allow-origin"), Some("*"));
    assert_eq!(preflight.header("accept-post"), Some(SDP));
    assert!(preflight.header("access-control-allow-methods").unwrap().contains("POST"));
    assert!(preflight.header("access-control-allow-headers").unwrap().contains("Authorization"));
    let at_leg = studio.bare("OPTIONS", "/whip/legs/leg_any", &[origin], "").await;
    assert_eq!((at_leg.status, at_leg.header("accept-patch")), (200, Some(FRAGMENT)));
    assert!(at_leg.header("access-control-allow-methods").unwrap().contains("PATCH, DELETE"));
    assert!(at_leg.header("access-control-allow-headers").unwrap().contains("If-Match"));

    let answer = studio.say("POST", "/whip", SDP, &[origin], &offer("sendonly")).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let exposed = answer.header("access-control-expose-headers").unwrap();
    assert!(["Location", "ETag", "Link"].iter().all(|name| exposed.contains(name)), "{exposed}");

    let cookie = format!("hearth_session={}", studio.host.token);
    let with_cookie = [origin, ("cookie", cookie.as_str()), ("content-type", SDP)];
    assert_eq!(studio.bare("POST", "/whep/@ana", &with_cookie, &offer("recvonly")).await.status, 403);
    let elsewhere = [origin, ("content-type", "application/json")];
    assert_eq!(studio.bare("POST", "/api/session", &elsewhere, "{}").await.status, 403, "the rest stays closed");
}

#[tokio::test]
async fn servers_for_ice_are_named_to_who_was_let_in() {
    let servers = vec![
        IceServer { urls: vec!["stun:s.example".to_owned()], username: String::new(), credential: String::new() },
        IceServer {
            urls: vec!["turn:t.example?transport=udp".to_owned(), "turns:t.example".to_owned()],
            username: "us\"er".to_owned(),
            credential: "secret".to_owned(),
        },
    ];
    let studio = Studio::on(Server::with(|config| config.ice.servers = servers).await).await;
    let answer = studio.publish().await;
    let links: Vec<&str> =
        answer.headers.iter().filter(|(name, _)| name == "link").map(|(_, value)| value.as_str()).collect();
    let turn = "; rel=\"ice-server\"; username=\"us\\\"er\"; credential=\"secret\"; credential-type=\"password\"";
    assert_eq!(
        links,
        [
            "<stun:s.example>; rel=\"ice-server\"",
            &format!("<turn:t.example?transport=udp>{turn}"),
            &format!("<turns:t.example>{turn}"),
        ]
    );
    let refused = studio.say("POST", "/whip", SDP, &[], "nonsense").await;
    assert!(refused.header("link").is_none());
}

#[tokio::test]
async fn a_player_waits_until_somebody_is_live() {
    let studio = Studio::new().await;
    let play = async |headers: &[(&str, &str)], path: &str, body: &str| {
        let mut all = vec![("content-type", SDP)];
        all.extend(headers);
        studio.bare("POST", path, &all, body).await
    };
    let later = play(&[], "/whep/@ana", &offer("recvonly")).await;
    assert_eq!((later.status, &later.json()["kind"]), (409, &json!("not_live")), "{later:?}");
    assert!(later.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
    assert_eq!(play(&[], "/whep/@nobody", &offer("recvonly")).await.status, 404);
    assert_eq!(play(&[("authorization", "Bearer wrong")], "/whep/@ana", &offer("recvonly")).await.status, 401);
    assert_eq!(play(&[], "/whep/@ana", &offer("sendonly")).await.status, 422);
    assert_eq!(play(&[], "/whep/@ana", "nonsense").await.status, 400);
}
