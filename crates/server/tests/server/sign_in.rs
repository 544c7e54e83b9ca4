//! Signing in: by password, as a guest, by the first start's link; and what bad input gets.

use crate::http::{CLIENT_ADDRESS, ask, raw};
use crate::support::Server;
use hearth_protocol::limits::{ACCOUNT_NAME_MAX_BYTES, FRAME_MAX_BYTES, PASSWORD_MAX_BYTES};
use hearth_server::accounts::sweep;
use hearth_server::clock;
use hearth_server::config::Config;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const PASSWORD: &str = "correct horse battery";

fn behind_a_proxy(config: &mut Config) {
    config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    config.registration = true;
}

/// A server with registration open, and "ana" on it.
async fn server_with_ana(change: impl FnOnce(&mut Config)) -> Server {
    let server = Server::with(|config| {
        behind_a_proxy(config);
        change(config);
    })
    .await;
    let ana = json!({"name": "Ana", "password": PASSWORD, "display_name": "Ana 李"});
    let made = ask(server.port(), "POST", "/api/accounts", None, Some(&ana)).await;
    assert_eq!(made.status, 200, "{made:?}");
    server
}

async fn sign_in(server: &Server, name: &str, password: &str) -> crate::http::Answer {
    let body = json!({"name": name, "password": password, "program": true});
    ask(server.port(), "POST", "/api/session", None, Some(&body)).await
}

#[tokio::test]
async fn the_first_link_makes_one_administrator() {
    let server = Server::with(behind_a_proxy).await;
    let port = server.port();
    let offers = |answer: &crate::http::Answer| answer.json()["server"]["setup_pending"].clone();
    assert_eq!(offers(&ask(port, "GET", "/api/session", None, None).await), true);
    let token = server.running().setup_url.as_ref().unwrap().rsplit('/').next().unwrap().to_owned();
    let with = |token: &str, name: &str| json!({"token": token, "name": name, "password": PASSWORD});
    let forged = ask(port, "POST", "/api/setup", None, Some(&with("forged", "root"))).await;
    assert_eq!((forged.status, forged.json()["kind"].as_str()), (404, Some("not_found")));
    let made = ask(port, "POST", "/api/setup", None, Some(&with(&token, "root"))).await;
    assert_eq!(made.status, 200, "{made:?}");
    assert_eq!(made.json()["me"]["administrator"], true);
    assert_eq!(offers(&made), false);
    assert_eq!(ask(port, "POST", "/api/setup", None, Some(&with(&token, "again"))).await.status, 404);
}

#[tokio::test]
async fn a_browser_gets_a_cookie_that_scripts_can_not_read() {
    let server = server_with_ana(|config| config.public_url = "https://hearth.example".to_owned()).await;
    let body = json!({"name": "ANA", "password": PASSWORD}).to_string();
    let headers = [("content-type", "application/json"), ("origin", "https://hearth.example")];
    let answer = raw(server.port(), "POST", "/api/session", &headers, &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["token"], Value::Null, "the secret is in the cookie only");
    let cookie = answer.header("set-cookie").unwrap();
    for word in ["hearth_session=", "HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap();
    let read = raw(server.port(), "GET", "/api/session", &[("cookie", cookie)], "").await;
    assert_eq!(read.json()["me"]["profile"]["display_name"], "Ana 李");

    let rename = json!({"display_name": "Eve"}).to_string();
    let with = |origin: Option<&'static str>, kind: &'static str| {
        let mut headers = vec![("cookie", cookie), ("content-type", kind)];
        headers.extend(origin.map(|origin| ("origin", origin)));
        headers
    };
    for (origin, kind, status) in [
        (None, "application/json", 403),
        (Some("https://evil.example"), "application/json", 403),
        (Some("null"), "application/json", 403),
        (Some("https://hearth.example"), "text/plain", 400),
        (Some("https://hearth.example"), "application/json", 200),
    ] {
        let answer = raw(server.port(), "PATCH", "/api/me", &with(origin, kind), &rename).await;
        assert_eq!(answer.status, status, "{origin:?} {kind}: {answer:?}");
    }

    let headers = with(Some("https://hearth.example"), "application/json");
    let out = raw(server.port(), "DELETE", "/api/session", &headers, "").await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    let read = raw(server.port(), "GET", "/api/session", &[("cookie", cookie)], "").await;
    assert_eq!(read.json()["me"], Value::Null, "the cookie is worth nothing now");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_look_the_same_and_take_the_same_time() {
    let server = server_with_ana(|config| config.limits.sign_in_attempts = 1_000).await;
    let mut fastest = [Duration::MAX; 2];
    for _ in 0..6 {
        let mut answers = Vec::new();
        for (index, name) in ["ana", "nobody-of-this-name"].into_iter().enumerate() {
            let start = Instant::now();
            let answer = sign_in(&server, name, "wrong password").await;
            fastest[index] = fastest[index].min(start.elapsed());
            answers.push((answer.status, answer.body));
        }
        assert_eq!(answers[0].0, 401);
        assert_eq!(answers[0], answers[1]);
    }
    let ratio = fastest[0].as_secs_f64() / fastest[1].as_secs_f64();
    assert!((0.5..2.0).contains(&ratio), "{fastest:?}");
    // A hash is made for both: an answer without one takes well under a millisecond.
    assert!(fastest[1] > Duration::from_millis(5), "{fastest:?}");
}

#[tokio::test]
async fn guessing_is_stopped_for_the_name_and_for_nobody_else() {
    let server = server_with_ana(|config| config.limits.sign_in_attempts = 3).await;
    for _ in 0..3 {
        assert_eq!(sign_in(&server, "ana", "wrong password").await.status, 401);
    }
    let limited = sign_in(&server, "Ana", PASSWORD).await;
    assert_eq!(limited.status, 429, "not even with the right one: {limited:?}");
    assert_eq!(limited.json()["limit"], "sign_in_attempts");
    assert!(limited.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(sign_in(&server, "bo", "wrong password").await.status, 401, "other names are not concerned");
}

#[tokio::test]
async fn names_and_passwords_that_can_not_be_are_refused_by_field() {
    let server = server_with_ana(|_| {}).await;
    let cases = [
        ("name", "<b>bo</b>".to_owned(), PASSWORD.to_owned()),
        ("name", "bo\u{202E}".to_owned(), PASSWORD.to_owned()),
        ("name", "../bo".to_owned(), PASSWORD.to_owned()),
        ("name", "b".repeat(ACCOUNT_NAME_MAX_BYTES + 1), PASSWORD.to_owned()),
        ("password", "bo".to_owned(), "short".to_owned()),
        ("password", "bo".to_owned(), "x".repeat(PASSWORD_MAX_BYTES + 1)),
    ];
    for (field, name, password) in cases {
        let body = json!({"name": name, "password": password});
        let refused = ask(server.port(), "POST", "/api/accounts", None, Some(&body)).await;
        assert_eq!((refused.status, refused.json()["field"].as_str()), (422, Some(field)), "{refused:?}");
    }
    let taken = json!({"name": "ANA", "password": PASSWORD});
    let refused = ask(server.port(), "POST", "/api/accounts", None, Some(&taken)).await;
    assert_eq!((refused.status, refused.json()["kind"].as_str()), (409, Some("name_taken")));
    let tricky = json!({"name": "bo", "password": PASSWORD, "display_name": "Ana\u{202E}\u{200B}<i>"});
    let made = ask(server.port(), "POST", "/api/accounts", None, Some(&tricky)).await;
    assert_eq!(made.json()["profile"]["display_name"], "Ana<i>", "markup is text, and nothing reorders or hides");
}

#[tokio::test]
async fn bodies_are_bounded_and_read_with_care() {
    let server = server_with_ana(|_| {}).await;
    let json = [("content-type", "application/json"), ("x-forwarded-for", CLIENT_ADDRESS)];
    let padded = |length: usize| {
        let body = format!(r#"{{"name":"ana","password":"{PASSWORD}","program":true}}"#);
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    assert_eq!(raw(server.port(), "POST", "/api/session", &json, &padded(FRAME_MAX_BYTES)).await.status, 200);
    let over = raw(server.port(), "POST", "/api/session", &json, &padded(FRAME_MAX_BYTES + 1)).await;
    assert_eq!((over.status, over.json()["limit"].as_str()), (413, Some("frame_bytes")));
    for nonsense in ["", "{", "null", "[]", r#"{"name":1}"#, "\u{0}", &"[".repeat(50_000)] {
        let refused = raw(server.port(), "POST", "/api/session", &json, nonsense).await;
        assert_eq!((refused.status, refused.json()["kind"].as_str()), (400, Some("malformed")), "{nonsense:.20}");
    }
}

#[tokio::test]
async fn guests_come_by_name_and_one_past_the_limit_of_an_address_waits() {
    let server = server_with_ana(|config| config.limits.guests_per_address = 3).await;
    let port = server.port();
    let room = ask(port, "GET", "/api/rooms/@ana", None, None).await.json()["id"].as_str().unwrap().to_owned();
    // Making ana was the first of this address.
    for name in ["Bo", "Cy"] {
        let body = json!({"display_name": name, "room": room, "program": true});
        let guest = ask(port, "POST", "/api/session/guest", None, Some(&body)).await;
        assert_eq!(guest.status, 200, "{guest:?}");
        assert_eq!(guest.json()["me"]["profile"]["name"], Value::Null);
        let token = guest.json()["token"].as_str().unwrap().to_owned();
        assert_eq!(
            ask(port, "GET", "/api/session", Some(&token), None).await.json()["me"]["profile"]["display_name"],
            name
        );
    }
    let body = json!({"display_name": "Di", "room": room});
    let limited = ask(port, "POST", "/api/session/guest", None, Some(&body)).await;
    assert_eq!((limited.status, limited.json()["limit"].as_str()), (429, Some("guests_per_address")));
    let nowhere = json!({"display_name": "Di", "room": "room_nowhere"});
    assert_eq!(ask(port, "POST", "/api/session/guest", None, Some(&nowhere)).await.status, 404);
    let nameless = json!({"display_name": "\u{200B}", "room": room});
    assert_eq!(ask(port, "POST", "/api/session/guest", None, Some(&nameless)).await.status, 422);
}

#[tokio::test]
async fn a_guest_link_lets_into_its_own_room_until_it_is_revoked() {
    let server = server_with_ana(|_| {}).await;
    let port = server.port();
    let token = sign_in(&server, "ana", PASSWORD).await.json()["token"].as_str().unwrap().to_owned();
    let room = ask(port, "GET", "/api/rooms/@ana", None, None).await.json()["id"].as_str().unwrap().to_owned();
    let about = json!({"kind": "set_about", "about": {"title": "", "category": "", "language": "", "tags": [], "rules": "", "entry": "link"}});
    let early = json!({"display_name": "Early", "room": room, "program": true});
    let early = ask(port, "POST", "/api/session/guest", None, Some(&early)).await.json();
    let set = ask(port, "POST", &format!("/api/spaces/{room}/commands"), Some(&token), Some(&about)).await;
    assert_eq!(set.status, 200, "{set:?}");
    let links = format!("/api/rooms/{room}/guest-links");
    let link = ask(port, "POST", &links, Some(&token), Some(&json!({"lifetime_s": 3_600}))).await.json();
    let listed = ask(port, "GET", &links, Some(&token), None).await.json();
    assert_eq!(listed[0]["id"], link["id"]);
    assert_eq!(listed[0]["secret"], Value::Null, "the secret is told once");

    let enter = async |secret: Option<&str>| {
        let body = json!({"display_name": "Bo", "room": room, "link": secret, "program": true});
        ask(port, "POST", "/api/session/guest", None, Some(&body)).await
    };
    assert_eq!(enter(None).await.status, 404);
    assert_eq!(enter(Some("forged")).await.status, 404);
    let guest = enter(link["secret"].as_str()).await;
    assert_eq!(guest.status, 200, "{guest:?}");
    let guest_token = guest.json()["token"].as_str().unwrap().to_owned();
    let seen = ask(port, "GET", &format!("/api/rooms/{room}"), Some(&guest_token), None).await;
    assert_eq!(seen.json()["may_enter"], true);
    for outsider in [None, early["token"].as_str()] {
        let seen = ask(port, "GET", &format!("/api/rooms/{room}"), outsider, None).await;
        assert_eq!(seen.json()["may_enter"], false, "not even who came while it was open");
    }

    let revoke = format!("{links}/{}", link["id"].as_str().unwrap());
    assert_eq!(ask(port, "DELETE", &revoke, Some(&token), None).await.status, 204);
    assert_eq!(enter(link["secret"].as_str()).await.status, 404);
}

#[tokio::test]
async fn a_guest_who_stays_away_is_forgotten() {
    let server = server_with_ana(|_| {}).await;
    let port = server.port();
    let room = ask(port, "GET", "/api/rooms/@ana", None, None).await.json()["id"].clone();
    let body = json!({"display_name": "Bo", "room": room, "program": true});
    let token = ask(port, "POST", "/api/session/guest", None, Some(&body)).await.json()["token"].clone();
    let me = async || ask(port, "GET", "/api/session", token.as_str(), None).await.json()["me"].clone();
    let (store, now_ms) = (server.running().node.store(), clock::now().0);
    sweep::sweep(store, now_ms).await.unwrap();
    assert_eq!(me().await["profile"]["display_name"], "Bo");
    sweep::sweep(store, now_ms + hearth_store::GUEST_UNSEEN_MAX_MS + 60_000).await.unwrap();
    assert_eq!(me().await, Value::Null);
    assert_eq!(sign_in(&server, "ana", PASSWORD).await.status, 200, "accounts stay");
}

#[tokio::test]
async fn a_stolen_session_can_not_guess_the_password() {
    let server = server_with_ana(|config| config.limits.sign_in_attempts = 3).await;
    let token = sign_in(&server, "ana", PASSWORD).await.json()["token"].as_str().unwrap().to_owned();
    let guess = json!({"new_password": "another long one", "current_password": "guess"});
    for status in [401, 401, 401, 429] {
        let refused = ask(server.port(), "PATCH", "/api/me", Some(&token), Some(&guess)).await;
        assert_eq!(refused.status, status, "{refused:?}");
    }
}

#[tokio::test]
async fn a_new_password_signs_the_other_devices_out() {
    let server = server_with_ana(|_| {}).await;
    let port = server.port();
    let token = async || sign_in(&server, "ana", PASSWORD).await.json()["token"].as_str().unwrap().to_owned();
    let (here, elsewhere) = (token().await, token().await);
    let change = |current: &str| json!({"new_password": "another long one", "current_password": current});
    let wrong = ask(port, "PATCH", "/api/me", Some(&here), Some(&change("guess"))).await;
    assert_eq!(wrong.status, 401, "{wrong:?}");
    assert_eq!(ask(port, "GET", "/api/devices", Some(&elsewhere), None).await.status, 200);
    let changed = ask(port, "PATCH", "/api/me", Some(&here), Some(&change(PASSWORD))).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(ask(port, "GET", "/api/devices", Some(&here), None).await.status, 200);
    assert_eq!(ask(port, "GET", "/api/devices", Some(&elsewhere), None).await.status, 401);
    assert_eq!(sign_in(&server, "ana", PASSWORD).await.status, 401);
    assert_eq!(sign_in(&server, "ana", "another long one").await.status, 200);
}
