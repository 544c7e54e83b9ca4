//! Finding rooms: search, covers, whom one follows.

use crate::http::{ask, raw};
use crate::support::{Server, Somebody};
use hearth_protocol::limits::COVER_MAX_BYTES;
use serde_json::{Value, json};

async fn say_about(server: &Server, host: &Somebody, about: Value) {
    let command = json!({"kind": "set_about", "about": about});
    let path = format!("/api/spaces/{}/commands", host.room);
    let done = ask(server.port(), "POST", &path, Some(&host.token), Some(&command)).await;
    assert_eq!(done.status, 200, "{done:?}");
}

fn about(title: &str, language: &str, entry: &str) -> Value {
    json!({"title": title, "category": "Talk", "language": language, "tags": ["warm"], "rules": "", "entry": entry})
}

async fn found(server: &Server, query: &str, token: Option<&str>) -> Vec<String> {
    let answer = ask(server.port(), "GET", &format!("/api/rooms{query}"), token, None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let rooms = answer.json();
    rooms["rooms"].as_array().unwrap().iter().map(|room| room["host"]["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn rooms_are_found_by_whom_they_are_listed_to() {
    let server = Server::start().await;
    let (ana, bo) = (server.sign_up("ana").await, server.sign_up("bo").await);
    say_about(&server, &ana, about("Feuer & Flamme", "de", "open")).await;
    say_about(&server, &bo, about("Quiet fire", "en", "accounts")).await;
    assert_eq!(found(&server, "?q=FEUER", None).await, ["ana"]);
    assert_eq!(found(&server, "?q=fire", None).await, Vec::<String>::new(), "it is not listed to strangers");
    assert_eq!(found(&server, "?q=fire", Some(&ana.token)).await, ["bo"]);
    assert_eq!(found(&server, "?category=talk&tag=Warm&language=de", Some(&ana.token)).await, ["ana"]);
    assert_eq!(found(&server, "?q=%25", None).await, Vec::<String>::new(), "a percent sign is one");
    let long = ask(server.port(), "GET", &format!("/api/rooms?q={}", "x".repeat(201)), None, None).await;
    assert_eq!((long.status, &long.json()["field"]), (422, &json!("q")));
}

#[tokio::test]
async fn a_query_that_can_not_be_read_is_refused_in_words() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    for path in [
        format!("/api/rooms/{}/messages?before=x", ana.room),
        format!("/api/rooms/{}/messages?limit=-1", ana.room),
        "/api/videos/video_x/messages?after_ms=soon".to_owned(),
        format!("/api/rooms/{}/reports?settled=perhaps", ana.room),
        format!("/api/rooms/{}/reports?before=user_x", ana.room),
    ] {
        let refused = ask(server.port(), "GET", &path, Some(&ana.token), None).await;
        assert_eq!((refused.status, &refused.json()["kind"]), (400, &json!("malformed")), "{path}: {refused:?}");
        assert!(!refused.body.contains("::") && !refused.body.contains("eserialize"), "{refused:?}");
    }
    let mangled = ask(server.port(), "GET", "/api/rooms/%FF", None, None).await;
    assert_eq!((mangled.status, &mangled.json()["kind"]), (404, &json!("not_found")));
}

/// A picture of one pixel that is text from beginning to end, followed by what nobody reads.
///
/// WebP lossless bitstream specification: a head, no transforms, and five codes of one symbol each.
pub fn webp(bytes: usize) -> String {
    let picture = "RIFF\x16\0\0\0WEBPVP8L\x09\0\0\0\x2f\0\0\0\0\x28\x40\x44\x04\0";
    format!("{picture}{}", "x".repeat(bytes - picture.len()))
}

#[tokio::test]
async fn a_cover_is_a_picture_and_its_address_changes_with_it() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    let (room, cover) = (format!("/api/rooms/{}", ana.room), format!("/api/rooms/{}/cover", ana.room));
    let bearer = format!("Bearer {}", ana.token);
    let put = async |body: &str| {
        raw(server.port(), "PUT", &cover, &[("authorization", &bearer), ("content-type", "text/html")], body).await
    };
    let picture = async || ask(server.port(), "GET", &room, None, None).await.json()["picture"].clone();
    assert_eq!(picture().await, Value::Null);
    let only_its_head = &webp(100)[..20];
    for wrong in
        ["", "<svg onload=alert(1)>", "<!doctype html>", "GIF89a", "RIFF\0\0\0\0WEBPVP8 xxxxxxxx", only_its_head]
    {
        let refused = put(wrong).await;
        assert_eq!((refused.status, &refused.json()["field"]), (422, &json!("body")), "{wrong}: {refused:?}");
    }
    // The size stands in the picture's head: 4,097 pixels wide.
    let refused = put(&webp(100).replace("\x2f\0\0", "\x2f\0\x10")).await;
    assert_eq!((refused.status, &refused.json()["limit"]), (413, &json!("cover_pixels")), "{refused:?}");
    assert_eq!(put(&webp(100)).await.status, 204);
    let first = picture().await;
    let address = first.as_str().unwrap();
    let served = raw(server.port(), "GET", address, &[], "").await;
    assert_eq!((served.status, served.header("content-type")), (200, Some("image/webp")));
    assert_eq!(served.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(served.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(served.body, webp(100));
    assert_eq!(raw(server.port(), "GET", &cover, &[], "").await.header("cache-control"), Some("no-cache"));

    assert_eq!(put(&webp(COVER_MAX_BYTES)).await.status, 204);
    assert_ne!(picture().await, first);
    let old = raw(server.port(), "GET", address, &[], "").await;
    assert_eq!(old.header("cache-control"), Some("no-cache"), "an address of another picture is not kept");
    let refused = put(&webp(COVER_MAX_BYTES + 1)).await;
    assert_eq!((refused.status, &refused.json()["limit"]), (413, &json!("cover_bytes")));
    assert_eq!(ask(server.port(), "DELETE", &cover, Some(&ana.token), None).await.status, 204);
    assert_eq!(picture().await, Value::Null);
}

#[tokio::test]
async fn whom_one_follows_is_told_everywhere() {
    let server = Server::start().await;
    let (ana, bo) = (server.sign_up("ana").await, server.sign_up("bo").await);
    let port = server.port();
    let follow =
        async |method: &str| ask(port, method, &format!("/api/follows/{}", bo.user), Some(&ana.token), None).await;
    let followers = async || ask(port, "GET", "/api/rooms/@bo", None, None).await.json()["followers"].clone();
    for _ in 0..2 {
        assert_eq!(follow("PUT").await.status, 204, "again changes nothing");
    }
    let follows = ask(port, "GET", "/api/follows", Some(&ana.token), None).await.json();
    assert_eq!((&follows["follows"][0]["name"], &follows["live"]), (&json!("bo"), &json!([])));
    let me = ask(port, "GET", "/api/session", Some(&ana.token), None).await.json();
    assert_eq!(me["me"]["follows"][0]["name"], "bo");
    assert_eq!(followers().await, 1);
    let nobody = ask(port, "PUT", "/api/follows/user_none", Some(&ana.token), None).await;
    assert_eq!(nobody.status, 404);
    assert_eq!(follow("DELETE").await.status, 204);
    assert_eq!(followers().await, 0);
}
