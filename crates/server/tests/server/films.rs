//! Who may fetch the files of a film, and still may; deleting; where each stopped.

use crate::http::{ask, bytes};
use crate::support::{Client, Folder, Server, Somebody};
use crate::uploads::{Uploader, dialog, short_film};
use hearth_protocol::limits::{CHAPTERS_MAX, SUBTITLES_MAX, SUBTITLES_MAX_BYTES, TITLE_MAX_CHARS};
use hearth_protocol::videos::{Video, VideoState};
use hearth_protocol::{PersonCommand, PersonEvent, ServerFrame};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Whatever changes who may watch is found out within this.
const WITHIN: Duration = Duration::from_secs(5);

struct World {
    server: Server,
    ana: Somebody,
    bo: Somebody,
    id: String,
}

impl World {
    /// Ana has a film; bo is somebody.
    async fn new(told: &[(&str, &str)]) -> Self {
        let server = Server::start().await;
        let (ana, bo) = (server.sign_up("ana").await, server.sign_up("bo").await);
        let made = Folder::new();
        let uploader = Uploader { server: &server, by: &ana };
        let id = uploader.all(&short_film(&made.0), told).await;
        uploader.until(&id, |video| video.state == VideoState::Ready).await;
        Self { server, ana, bo, id }
    }

    fn path(&self) -> String {
        format!("/api/videos/{}", self.id)
    }

    async fn asked(&self, method: &str, path: &str, by: Option<&Somebody>, body: Option<Value>) -> (u16, Value) {
        let answer = ask(self.server.port(), method, path, by.map(|by| by.token.as_str()), body.as_ref()).await;
        (answer.status, serde_json::from_str(&answer.body).unwrap_or_default())
    }

    async fn change(&self, what: Value) -> Video {
        let (status, video) = self.asked("PATCH", &self.path(), Some(&self.ana), Some(what)).await;
        assert_eq!(status, 200, "{video}");
        serde_json::from_value(video).unwrap()
    }

    /// The address of the playlist for somebody, if they may watch.
    async fn hls(&self, by: Option<&Somebody>) -> Option<String> {
        let (status, video) = self.asked("GET", &self.path(), by, None).await;
        assert!(matches!(status, 200 | 404), "{status}");
        video["hls"].as_str().map(str::to_owned)
    }

    async fn fetched(&self, path: &str) -> u16 {
        bytes(self.server.port(), "GET", path, &[], b"").await.0
    }

    /// An address that lets in lets in no longer, within the time that is told.
    async fn stops(&self, hls: &str) {
        let since = Instant::now();
        while self.fetched(hls).await == 200 {
            assert!(since.elapsed() < WITHIN, "it still lets in");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn befriend(&self) {
        for (by, other) in [(&self.ana, &self.bo), (&self.bo, &self.ana)] {
            let mut client = Client::hello(self.server.port(), &by.token).await;
            client.person(PersonCommand::Befriend { user: other.user.clone() }).await;
        }
    }

    async fn person(&self, by: &Somebody, command: PersonCommand) {
        let mut client = Client::hello(self.server.port(), &by.token).await;
        client.person(command).await;
    }
}

#[tokio::test]
async fn a_film_is_for_its_audience_and_for_nobody_else() {
    let world = World::new(&[]).await;
    let cy = world.server.sign_up("cy").await;
    world.befriend().await;
    let everybody = [None, Some(&cy), Some(&world.bo), Some(&world.ana)];
    for (audience, may) in [
        ("only_me", [false, false, false, true]),
        ("dialog", [false, false, false, true]),
        ("friends", [false, false, true, true]),
        ("link", [false, false, false, true]),
        ("everyone", [true, true, true, true]),
    ] {
        world.change(json!({ "audience": audience })).await;
        for (by, may) in everybody.into_iter().zip(may) {
            let hls = world.hls(by).await;
            assert_eq!(hls.is_some(), may, "{audience} {:?}", by.map(|by| &by.user));
            if let Some(hls) = hls {
                assert_eq!(world.fetched(&hls).await, 200);
            }
        }
        for (by, may) in everybody.into_iter().zip(may) {
            let page = world.asked("GET", "/api/videos?owner=ana", by, None).await.1;
            // As others find it, also for herself.
            let may = may && (audience != "only_me" && audience != "dialog" && audience != "link");
            let marked = by.is_some_and(|by| by.user == world.ana.user).then_some(audience);
            assert_eq!(page["videos"].as_array().unwrap().len(), usize::from(may), "{audience}: on ana's page");
            assert!(!may || page["videos"][0]["own"]["audience"].as_str() == marked, "{page}");
        }
        let library = world.asked("GET", "/api/videos", Some(&world.ana), None).await.1;
        assert_eq!(library["videos"].as_array().unwrap().len(), 1, "{audience}: in her library");
    }
    let (status, _) = world.asked("PATCH", &world.path(), Some(&world.ana), Some(json!({"audience": "room"}))).await;
    assert_eq!(status, 422, "it is no recording");
}

#[tokio::test]
async fn whoever_has_the_link_may_watch_until_there_is_another() {
    let world = World::new(&[("audience", "link")]).await;
    let (_, mine) = world.asked("GET", &world.path(), Some(&world.ana), None).await;
    let link = mine["own"]["link"].as_str().unwrap().to_owned();
    let by_link = async |link: &str, by: Option<&Somebody>| {
        let (status, video) = world.asked("GET", &format!("{}?link={link}", world.path()), by, None).await;
        assert!(status == 404 || video["own"].is_null(), "nobody else is told the link");
        video["hls"].as_str().map(str::to_owned)
    };
    assert!(by_link("", None).await.is_none() && by_link("other", None).await.is_none());
    let hls = by_link(&link, None).await.expect("a stranger with the link");
    assert_eq!(world.fetched(&hls).await, 200);
    let theirs = by_link(&link, Some(&world.bo)).await.expect("somebody signed in with the link");
    assert_eq!(world.fetched(&theirs).await, 200);
    let renewed = world.change(json!({ "new_link": true })).await.own.unwrap().link.unwrap();
    assert_ne!(renewed, link);
    assert!(by_link(&link, None).await.is_none());
    world.stops(&hls).await;
    world.stops(&theirs).await;
    assert!(by_link(&renewed, None).await.is_some());
}

#[tokio::test]
async fn a_player_stops_when_its_viewer_may_watch_no_more() {
    let world = World::new(&[("audience", "dialog")]).await;
    let dialog = dialog(&world.server, &world.ana, &[&world.bo]).await;
    let commands = format!("/api/spaces/{dialog}/commands");
    let say = json!({"kind": "send", "text": "", "nonce": "n", "carries": {"kind": "video", "video": world.id}});
    let (status, _) = world.asked("POST", &commands, Some(&world.bo), Some(say.clone())).await;
    assert_eq!(status, 404, "others' films are not theirs to share");
    let (status, sent) = world.asked("POST", &commands, Some(&world.ana), Some(say)).await;
    assert_eq!(status, 200, "{sent}");

    let page = async |by: &Somebody| world.asked("GET", "/api/videos?owner=ana", Some(by), None).await.1;
    let cy = world.server.sign_up("cy").await;
    assert_eq!(page(&world.bo).await["videos"][0]["id"], json!(world.id), "what was shared is on her page for him");
    for other in [&cy, &world.ana] {
        assert_eq!(page(other).await["videos"], json!([]), "and for nobody else");
    }

    // The message is taken back.
    let hls = world.hls(Some(&world.bo)).await.expect("it is shared");
    assert_eq!(world.fetched(&hls).await, 200);
    let back = json!({"kind": "delete_message", "position": sent["position"]});
    assert_eq!(world.asked("POST", &commands, Some(&world.ana), Some(back)).await.0, 200);
    world.stops(&hls).await;
    assert!(world.hls(Some(&world.bo)).await.is_none());

    // Friends no more.
    world.befriend().await;
    world.change(json!({ "audience": "friends" })).await;
    let hls = world.hls(Some(&world.bo)).await.expect("friends");
    world.person(&world.bo, PersonCommand::Unfriend { user: world.ana.user.clone() }).await;
    world.stops(&hls).await;

    // Blocked, also from what everybody may watch.
    world.change(json!({ "audience": "everyone" })).await;
    let hls = world.hls(Some(&world.bo)).await.expect("everyone");
    world.person(&world.ana, PersonCommand::Block { user: world.bo.user.clone() }).await;
    world.stops(&hls).await;
    assert!(world.hls(Some(&world.bo)).await.is_none());
    let mine = world.hls(Some(&world.ana)).await.unwrap();
    assert_eq!(world.fetched(&mine).await, 200);

    // Deleted: nothing of it is left on the disk.
    let folder = world.server.folder.0.join("videos").join(&world.id);
    assert!(folder.exists());
    assert_eq!(world.asked("DELETE", &world.path(), Some(&world.bo), None).await.0, 404);
    assert_eq!(world.asked("DELETE", &world.path(), Some(&world.ana), None).await.0, 204);
    assert!(!folder.exists());
    world.stops(&mine).await;
}

#[tokio::test]
async fn where_one_stopped_is_ones_own_on_every_device() {
    let world = World::new(&[("audience", "everyone")]).await;
    let watched = format!("{}/watched", world.path());
    let at = async |by: &Somebody| {
        let (_, video) = world.asked("GET", &world.path(), Some(by), None).await;
        (video["position_ms"].as_u64().unwrap(), video["seen"] == true)
    };
    assert_eq!(at(&world.bo).await, (0, false));
    for (body, stands) in [
        (json!({"position_ms": 1_234}), (1_234, false)),
        (json!({"position_ms": 5_900, "seen": true}), (5_900, true)),
        (json!({"position_ms": 10}), (10, true)),
        (json!({"position_ms": u64::MAX}), (86_400_000, true)),
    ] {
        assert_eq!(world.asked("PUT", &watched, Some(&world.bo), Some(body)).await.0, 204);
        assert_eq!(at(&world.bo).await, stands);
    }
    assert_eq!(at(&world.ana).await, (0, false));
    world.change(json!({ "audience": "only_me" })).await;
    let (status, _) = world.asked("PUT", &watched, Some(&world.bo), Some(json!({"position_ms": 1}))).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn chapters_are_kept_in_order_and_no_more_than_may_be() {
    let world = World::new(&[]).await;
    let chapter = |start_ms: u64, title: &str| json!({"start_ms": start_ms, "title": title});
    let kept =
        world.change(json!({"chapters": [chapter(3_000, "Two"), chapter(0, " One\n"), chapter(3_000, "Again")]})).await;
    let kept: Vec<_> = kept.chapters.into_iter().map(|chapter| (chapter.start_ms, chapter.title)).collect();
    assert_eq!(kept, [(0, "One".to_owned()), (3_000, "Two".to_owned())]);
    let many = |count: u64| json!({"chapters": (0..count).map(|at| chapter(at, "c")).collect::<Vec<_>>()});
    assert_eq!(world.change(many(CHAPTERS_MAX as u64)).await.chapters.len(), CHAPTERS_MAX);
    let refused = async |what: Value| world.asked("PATCH", &world.path(), Some(&world.ana), Some(what)).await;
    assert_eq!(refused(many(CHAPTERS_MAX as u64 + 1)).await.1["limit"], "chapters");
    let long = json!({"chapters": [chapter(0, &"c".repeat(TITLE_MAX_CHARS + 1))]});
    assert_eq!(refused(long).await.1["limit"], "title_chars");
}

#[tokio::test]
async fn subtitles_are_added_replaced_and_taken_off_and_no_more_than_may_be() {
    let world = World::new(&[("audience", "everyone")]).await;
    let at = |name: &str| format!("{}/subtitles/{name}", world.path());
    let cues = |words: &str| Some(Value::String(format!("1\n00:00:01,000 --> 00:00:02,000\n{words}\n")));
    let put = async |name: &str, body| world.asked("PUT", &at(name), Some(&world.ana), body).await;
    let (status, video) = put("en?language=en&label=English", cues("Hello")).await;
    assert_eq!((status, &video["subtitles"][0]["language"]), (200, &json!("en")), "{video}");
    let (_, video) = put("en?language=en", cues("Hello again")).await;
    assert_eq!(video["subtitles"].as_array().unwrap().len(), 1, "in place of those of the same name");
    let address = video["subtitles"][0]["address"].as_str().unwrap();
    let (status, _, vtt) = bytes(world.server.port(), "GET", address, &[], b"").await;
    assert_eq!((status, vtt.as_slice()), (200, b"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHello again\n".as_slice()));

    assert_eq!(put("en", Some(json!("no cue"))).await.1["field"], "subtitles");
    assert_eq!(put("e%20n", cues("x")).await.1["field"], "name");
    assert_eq!(put(&"n".repeat(41), cues("x")).await.1["field"], "name");
    let long = Some(Value::String("x".repeat(SUBTITLES_MAX_BYTES + 1)));
    let (status, refusal) = put("en", long).await;
    assert_eq!((status, &refusal["limit"]), (413, &json!("subtitle_bytes")));
    for number in 1..SUBTITLES_MAX {
        assert_eq!(put(&format!("n{number}"), cues("x")).await.0, 200);
    }
    assert_eq!(put("more", cues("x")).await.1["limit"], "subtitles");
    let remove = async |name: &str| world.asked("DELETE", &at(name), Some(&world.ana), None).await.0;
    assert_eq!((remove("en").await, remove("en").await), (200, 404));
    assert!(!world.server.folder.0.join("videos").join(&world.id).join("added/en.vtt").exists(), "its file is gone");
}

/// Waits until somebody's device hears that a film is gone.
async fn hears_gone(client: &mut Client, id: &str) {
    let gone = |frame: &ServerFrame| match frame {
        ServerFrame::Person { event: PersonEvent::VideoGone { video }, .. } => (video.as_str() == id).then_some(()),
        _ => None,
    };
    client.expect("that the film is gone", gone).await;
}

#[tokio::test]
async fn whoever_has_a_film_before_them_hears_that_it_was_deleted() {
    let world = World::new(&[("audience", "dialog")]).await;
    let cy = world.server.sign_up("cy").await;
    let dialog = dialog(&world.server, &world.ana, &[&world.bo]).await;
    let say = json!({"kind": "send", "text": "", "nonce": "n", "carries": {"kind": "video", "video": world.id}});
    let path = format!("/api/spaces/{dialog}/commands");
    assert_eq!(world.asked("POST", &path, Some(&world.ana), Some(say)).await.0, 200);
    let port = world.server.port();
    let (mut laptop, mut phone) =
        (Client::hello(port, &world.ana.token).await, Client::hello(port, &world.ana.token).await);
    let (mut bo, mut stranger) = (Client::hello(port, &world.bo.token).await, Client::hello(port, &cy.token).await);
    assert_eq!(world.asked("DELETE", &world.path(), Some(&world.ana), None).await.0, 204);
    for client in [&mut laptop, &mut phone, &mut bo] {
        hears_gone(client, &world.id).await;
    }
    // What a stranger hears afterwards comes behind all that they would have heard.
    stranger.person(PersonCommand::Befriend { user: world.bo.user.clone() }).await;
    assert!(
        stranger
            .arrived()
            .all(|frame| !matches!(frame, ServerFrame::Person { event: PersonEvent::VideoGone { .. }, .. }))
    );

    // One that is still on its way, and one that failed.
    let uploader = Uploader { server: &world.server, by: &world.ana };
    let begun = uploader.begin(10, &[]).await;
    let location = begun.header("location").unwrap();
    assert_eq!(uploader.ask("DELETE", location, &[], b"").await.status, 204);
    hears_gone(&mut phone, begun.header("hearth-video").unwrap()).await;
    let failed = uploader.all(b"no film at all", &[]).await;
    uploader.until(&failed, |video| video.state == VideoState::Failed).await;
    assert_eq!(world.asked("DELETE", &format!("/api/videos/{failed}"), Some(&world.ana), None).await.0, 204);
    hears_gone(&mut phone, &failed).await;
}
