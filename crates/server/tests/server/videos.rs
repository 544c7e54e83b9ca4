//! Films, and their chat at the time it was said.

use crate::http::{Answer, ask, raw};
use crate::support::{Server, Somebody};
use hearth_protocol::conversation::Message;
use hearth_protocol::ids::VideoId;
use hearth_protocol::limits::TITLE_MAX_CHARS;
use hearth_protocol::people::Profile;
use hearth_protocol::videos::VideoState;
use hearth_store::{Media, NewVideo, Pause, Ticket, Timeline, VideoProgress, Write};
use serde_json::{Value, json};

/// The film of the room's first broadcast: it begins 10 s into it, and after 5 s of film 10 s are missing.
fn timeline() -> Timeline {
    let pauses = vec![Pause { at_ms: 5_000, length_ms: 10_000 }];
    Timeline { started_at_ms: 110_000, broadcast_at_ms: 100_000, pauses }
}

pub async fn film(server: &Server, host: &Somebody, name: &str, state: VideoState) -> VideoId {
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
    let playable = Media { hls: Some("index.m3u8".to_owned()), ..Media::default() };
    let media = if state == VideoState::Ready { playable } else { Media::default() };
    let progress =
        VideoProgress { state, duration_ms: 60_000, bytes: 9, width: 640, height: 360, timeline: timeline(), media };
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
        carries: None,
        moment: None,
        edited_ms: None,
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
    // As a recording that has ended is entered.
    let media = hearth_server::broadcast::films::lying(&folder);
    let playable = Media { hls: Some("index.m3u8".to_owned()), ..Media::default() };
    assert!(server.running().node.store().videos().set_media(&id, &playable, &media).await.unwrap());

    let theirs = ask(port, "GET", &path, Some(&bo.token), None).await.json();
    assert_eq!(
        (&theirs["may_change"], &theirs["downloads"], &theirs["state"]),
        (&json!(false), &json!([]), &json!("ready"))
    );
    let mine = ask(port, "GET", &path, Some(&ana.token), None).await.json();
    assert_eq!(mine["may_change"], true);
    let base = mine["hls"].as_str().unwrap().strip_suffix("index.m3u8").unwrap();
    assert!(base.starts_with(&format!("/videos/{id}/")), "{base}");
    // What comes behind a gap is no part of it.
    assert_eq!(mine["downloads"], json!([format!("{base}0.mp4"), format!("{base}1.mp4")]));

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

#[tokio::test]
async fn a_part_of_a_films_file_is_given_as_it_is_asked_for() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    let id = film(&server, &ana, "a", VideoState::Ready).await;
    let folder = server.folder.0.join("videos").join(id.as_str());
    std::fs::create_dir_all(&folder).unwrap();
    let content: String = (0..1_000_u32).map(|at| char::from(b'a' + (at % 26) as u8)).collect();
    let path = folder.join("0.mp4");
    std::fs::write(&path, &content).unwrap();
    let changed = |at: std::time::SystemTime| {
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(at).unwrap();
    };
    let (now, minute) = (std::time::SystemTime::now(), std::time::Duration::from_secs(60));
    changed(now - minute);
    let film = ask(server.port(), "GET", &format!("/api/videos/{id}"), None, None).await.json();
    let file = film["hls"].as_str().unwrap().replace("index.m3u8", "0.mp4");
    let get = async |headers: &[(&str, &str)]| raw(server.port(), "GET", &file, headers, "").await;
    let is_part = |answer: &Answer, first: usize, last: usize| {
        let told = format!("bytes {first}-{last}/1000");
        (answer.status, answer.header("content-range"), answer.header("content-type"), answer.body.as_str())
            == (206, Some(told.as_str()), Some("video/mp4"), &content[first..=last])
    };
    let is_whole = |answer: &Answer| {
        (answer.status, answer.header("content-range"), &answer.body) == (200, None, &content)
            && answer.header("accept-ranges") == Some("bytes")
    };
    for (range, first, last) in [
        ("bytes=0-9", 0, 9),
        ("bytes=990-", 990, 999),
        ("bytes=-10", 990, 999),
        ("bytes=500-5000", 500, 999),
        ("bytes=-5000", 0, 999),
    ] {
        let answer = get(&[("range", range)]).await;
        assert!(is_part(&answer, first, last), "{range}: {answer:?}");
    }
    for range in ["bytes=0-1,5-6", "bytes=5-4", "bytes=x-y", "bytes", "seconds=0-9", "bytes=-", ""] {
        let answer = get(&[("range", range)]).await;
        assert!(is_whole(&answer), "{range}: {answer:?}");
    }
    assert!(is_whole(&get(&[("range", "bytes=0-1"), ("range", "bytes=5-6")]).await));
    for range in ["bytes=1000-", "bytes=1000-2000", "bytes=-0"] {
        let answer = get(&[("range", range)]).await;
        assert_eq!((answer.status, answer.header("content-range")), (416, Some("bytes */1000")), "{range}: {answer:?}");
    }
    let head = raw(server.port(), "HEAD", &file, &[("range", "bytes=0-9")], "").await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("1000")), "a range is of GET alone");

    let whole = get(&[]).await;
    let (tag, date) = (whole.header("etag").unwrap(), whole.header("last-modified").unwrap());
    for known in [tag, date] {
        assert!(is_part(&get(&[("range", "bytes=0-9"), ("if-range", known)]).await, 0, 9), "{known}");
    }
    let weak = format!("W/{tag}");
    for other in [weak.as_str(), "\"other\"", "Sat, 29 Oct 1994 19:43:31 GMT", "nonsense"] {
        assert!(is_whole(&get(&[("range", "bytes=0-9"), ("if-range", other)]).await), "{other}");
        assert!(is_whole(&get(&[("range", "bytes=1000-"), ("if-range", other)]).await), "{other}");
    }
    let unchanged = get(&[("range", "bytes=0-9"), ("if-none-match", tag)]).await;
    assert_eq!(unchanged.status, 304, "what is known is not sent again, nor a part of it");
    // Until its second is over a date may yet be that of another content.
    changed(now + minute);
    let date = get(&[]).await.header("last-modified").unwrap().to_owned();
    assert!(is_whole(&get(&[("range", "bytes=0-9"), ("if-range", &date)]).await));
}
