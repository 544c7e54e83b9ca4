//! Films, and their chat at the time it was said.

use crate::http::ask;
use crate::support::{Server, Somebody};
use hearth_protocol::conversation::Message;
use hearth_protocol::ids::VideoId;
use hearth_protocol::limits::TITLE_MAX_CHARS;
use hearth_protocol::people::Profile;
use hearth_protocol::videos::VideoState;
use hearth_store::{NewVideo, Pause, Ticket, Timeline, VideoProgress, Write};
use serde_json::{Value, json};

/// The film of the room's first broadcast: it begins 10 s into it, and after 5 s of film 10 s are missing.
fn timeline() -> Timeline {
    let pauses = vec![Pause { at_ms: 5_000, length_ms: 10_000 }];
    Timeline { started_at_ms: 110_000, broadcast_at_ms: 100_000, pauses }
}

async fn film(server: &Server, host: &Somebody, name: &str, state: VideoState) -> VideoId {
    let videos = server.running().node.store().videos();
    let id = VideoId::parse(&format!("video_{name}")).unwrap();
    let new = NewVideo {
        id: id.clone(),
        owner: host.user.clone(),
        space: Some(host.room.clone()),
        broadcast: Some(1),
        title: name.to_owned(),
        created_ms: 1,
        folder: id.to_string(),
        timeline: timeline(),
    };
    videos.create(&new).await.unwrap();
    let progress =
        VideoProgress { state, duration_ms: 60_000, bytes: 9, width: 640, height: 360, timeline: timeline() };
    videos.update(&id, &progress).await.unwrap();
    id
}

async fn say(server: &Server, host: &Somebody, position: u64, media_ms: u64) {
    let message = Message {
        position,
        author: Profile { id: host.user.clone(), name: None, display_name: "A".to_owned() },
        at_ms: 1,
        text: format!("at {media_ms}"),
        reply_to: None,
        mentions: Vec::new(),
        nonce: None,
        broadcast: Some(1),
        media_ms: Some(media_ms),
        float: None,
        deleted: false,
    };
    let writes = server.running().node.store().writes();
    writes.submit(Write::AppendMessage { space: host.room.clone(), message }, Ticket(u64::MAX)).unwrap();
    writes.settled().await;
}

fn times(page: &Value) -> Vec<(u64, u64)> {
    let messages = page["messages"].as_array().unwrap();
    messages.iter().map(|one| (one["position"].as_u64().unwrap(), one["media_ms"].as_u64().unwrap())).collect()
}

#[tokio::test]
async fn chat_comes_at_the_films_time_page_by_page() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    let id = film(&server, &ana, "a", VideoState::Ready).await;
    for (position, media_ms) in [(1, 11_000), (2, 16_000), (3, 18_000), (4, 26_000)] {
        say(&server, &ana, position, media_ms).await;
    }
    let read = async |query: &str| {
        ask(server.port(), "GET", &format!("/api/videos/{id}/messages{query}"), None, None).await.json()
    };
    let all = read("").await;
    // What was said while nothing was recorded comes where the film goes on.
    assert_eq!(times(&all), [(1, 1_000), (2, 5_000), (3, 5_000), (4, 6_000)]);
    assert_eq!(all["more"], false);
    let page = read("?limit=2").await;
    assert_eq!((times(&page), &page["more"]), (vec![(1, 1_000), (2, 5_000)], &json!(true)));
    let page = read("?limit=2&after_ms=5000&after_position=2").await;
    assert_eq!((times(&page), &page["more"]), (vec![(3, 5_000), (4, 6_000)], &json!(false)));
    assert_eq!(times(&read("?after_ms=5500").await), [(4, 6_000)], "after a jump");
    assert_eq!(times(&read("?after_ms=1000").await).len(), 4, "from that time on");
}

#[tokio::test]
async fn a_film_is_its_owners_to_change() {
    let server = Server::start().await;
    let (ana, bo) = (server.sign_up("ana").await, server.sign_up("bo").await);
    let port = server.port();
    let id = film(&server, &ana, "a", VideoState::Ready).await;
    let path = format!("/api/videos/{id}");
    let folder = server.running().node.config().data.join("videos").join(id.as_str());
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["0.mp4", "1.mp4", "3.mp4"] {
        std::fs::write(folder.join(name), "film").unwrap();
    }

    let theirs = ask(port, "GET", &path, Some(&bo.token), None).await.json();
    assert_eq!(
        (&theirs["may_change"], &theirs["downloads"], &theirs["state"]),
        (&json!(false), &json!([]), &json!("ready"))
    );
    let mine = ask(port, "GET", &path, Some(&ana.token), None).await.json();
    assert_eq!(mine["may_change"], true);
    assert_eq!(mine["hls"], format!("/videos/{id}/index.m3u8"));
    // What comes behind a gap is no part of it.
    assert_eq!(mine["downloads"], json!([format!("/videos/{id}/0.mp4"), format!("/videos/{id}/1.mp4")]));

    let rename = async |title: &str| ask(port, "PATCH", &path, Some(&ana.token), Some(&json!({"title": title}))).await;
    assert_eq!(rename(" New\nname ").await.json()["title"], "New name");
    assert_eq!(rename("").await.status, 422);
    assert_eq!(rename(&"x".repeat(TITLE_MAX_CHARS)).await.status, 200);
    assert_eq!(rename(&"x".repeat(TITLE_MAX_CHARS + 1)).await.json()["limit"], "title_chars");

    assert_eq!(ask(port, "DELETE", &path, Some(&ana.token), None).await.status, 204);
    assert!(!folder.exists(), "its files go with it");
    assert_eq!(ask(port, "GET", &path, Some(&ana.token), None).await.status, 404);
    let log = ask(port, "GET", &format!("/api/rooms/{}/audit", ana.room), Some(&ana.token), None).await.json();
    assert_eq!(
        (&log["entries"][0]["action"], &log["entries"][0]["by"]["name"]),
        (&json!("delete_video"), &json!("ana"))
    );
}

#[tokio::test]
async fn a_film_that_is_being_recorded_stays_and_one_that_failed_is_its_owners() {
    let server = Server::start().await;
    let (ana, bo) = (server.sign_up("ana").await, server.sign_up("bo").await);
    let recording = film(&server, &ana, "recording", VideoState::Recording).await;
    let failed = film(&server, &ana, "failed", VideoState::Failed).await;
    let port = server.port();
    let refused = ask(port, "DELETE", &format!("/api/videos/{recording}"), Some(&ana.token), None).await;
    assert_eq!((refused.status, &refused.json()["field"]), (422, &json!("state")));
    let of_room = format!("/api/rooms/{}/videos", ana.room);
    let count = async |token: &str| {
        ask(port, "GET", &of_room, Some(token), None).await.json()["videos"].as_array().unwrap().len()
    };
    assert_eq!((count(&ana.token).await, count(&bo.token).await), (2, 1));
    assert_eq!(ask(port, "GET", &format!("/api/videos/{failed}"), Some(&bo.token), None).await.status, 404);
    assert_eq!(ask(port, "DELETE", &format!("/api/videos/{failed}"), Some(&ana.token), None).await.status, 204);
}
