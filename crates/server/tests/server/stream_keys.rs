//! Stream keys as their host manages them.

use crate::http::{ask, raw};
use crate::support::Server;
use hearth_protocol::limits::{STREAM_KEYS_MAX, TAG_MAX_CHARS};
use serde_json::json;

#[tokio::test]
async fn a_key_is_shown_once_and_its_use_is_noted() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    let keys = format!("/api/rooms/{}/stream-keys", ana.room);
    let made =
        ask(server.port(), "POST", &keys, Some(&ana.token), Some(&json!({"label": " OBS\n at home "}))).await.json();
    let secret = made["secret"].as_str().unwrap();
    assert_eq!(made["label"], "OBS at home");
    let listed = ask(server.port(), "GET", &keys, Some(&ana.token), None).await;
    assert!(!listed.body.contains(secret), "only once");
    let listed = listed.json();
    assert_eq!((&listed["keys"][0]["id"], &listed["keys"][0]["used_ms"]), (&made["id"], &json!(null)));
    assert_eq!(listed["whip"], format!("http://127.0.0.1:{}/whip", server.port()));

    let bearer = format!("Bearer {secret}");
    raw(server.port(), "POST", "/whip", &[("authorization", &bearer)], "").await;
    let used = ask(server.port(), "GET", &keys, Some(&ana.token), None).await.json();
    assert!(used["keys"][0]["used_ms"].as_u64() > Some(1_700_000_000_000), "{used}");
    let log = ask(server.port(), "GET", &format!("/api/rooms/{}/audit", ana.room), Some(&ana.token), None).await;
    assert_eq!(log.json()["entries"][0]["action"], "make_stream_key");
    assert!(!log.body.contains(secret));
}

#[tokio::test]
async fn one_key_past_the_limit_is_refused_by_name() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    let keys = format!("/api/rooms/{}/stream-keys", ana.room);
    let make =
        async |label: String| ask(server.port(), "POST", &keys, Some(&ana.token), Some(&json!({"label": label}))).await;
    assert_eq!(make("x".repeat(TAG_MAX_CHARS + 1)).await.status, 422);
    for _ in 0..STREAM_KEYS_MAX {
        assert_eq!(make("x".repeat(TAG_MAX_CHARS)).await.status, 200);
    }
    let refused = make(String::new()).await;
    assert_eq!((refused.status, &refused.json()["limit"]), (422, &json!("stream_keys")));
}
