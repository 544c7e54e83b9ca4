//! Who may do what over HTTP: every endpoint asked by everybody, and no endpoint left out.

use crate::http::ask;
use crate::support::{Folder, Server, Somebody, sign_in, sign_up};
use hearth_protocol::ids::{ReportId, StreamKeyId, UserId, VideoId};
use hearth_protocol::live_rooms::{About, Entry};
use hearth_protocol::moderation::Report;
use hearth_protocol::people::Profile;
use hearth_protocol::videos::VideoState;
use hearth_server::{clock, fresh, http::description};
use hearth_store::{Cover, Media, NewVideo, StreamKeyRecord, Ticket, Timeline, VideoProgress, Write};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Who asks, in the order of the columns below.
const ASKING: [&str; 5] = ["nobody", "guest", "other", "owner", "administrator"];

/// A method and an address as described, the body, and the status that each of [`ASKING`] gets.
/// The owner is the host of `{room}`, and the user of `{device}`; the guest is one of that room.
struct Row(&'static str, &'static str, Option<fn() -> Value>, [u16; 5]);

fn nothing() -> Value {
    json!({})
}

/// A text is sent as it stands.
fn picture() -> Value {
    Value::String(crate::finding::webp(30))
}

fn table() -> Vec<Row> {
    let watched = || json!({"position_ms": 1});
    let cues = || Value::String("00:01.000 --> 00:02.000\nHello".to_owned());
    let sign_in = || json!({"name": "root", "password": PASSWORD, "program": true});
    let setup = || json!({"token": "used", "name": "second", "password": PASSWORD});
    let account = || json!({"name": format!("new-{}", &fresh::suffix()[..8]), "password": PASSWORD});
    let about = || json!({"kind": "set_about", "about": {"title": "T", "category": "", "language": "", "tags": [], "rules": "", "entry": "open"}});
    vec![
        Row("GET", "/api/session", None, [200; 5]),
        Row("POST", "/api/session", Some(sign_in), [200; 5]),
        Row("DELETE", "/api/session", None, [401, 204, 204, 204, 204]),
        Row("POST", "/api/session/guest", Some(nothing), [400; 5]),
        Row("POST", "/api/setup", Some(setup), [404; 5]),
        // No provider is configured here.
        Row("GET", "/api/oidc/start", None, [404; 5]),
        Row("GET", "/api/oidc/callback", None, [404; 5]),
        Row("GET", "/api/devices", None, [401, 200, 200, 200, 200]),
        Row("DELETE", "/api/devices/{device}", None, [401, 404, 404, 204, 404]),
        Row("GET", "/api/accounts", None, [401, 404, 404, 404, 200]),
        Row("POST", "/api/accounts", Some(account), [404, 404, 404, 404, 200]),
        Row("PATCH", "/api/accounts/{user}", Some(nothing), [401, 404, 404, 404, 200]),
        Row("PATCH", "/api/me", Some(nothing), [401, 200, 200, 200, 200]),
        Row("GET", "/api/me/preferences", None, [401, 200, 200, 200, 200]),
        Row("PUT", "/api/me/preferences", Some(nothing), [401, 200, 200, 200, 200]),
        Row("GET", "/api/blocks", None, [401, 200, 200, 200, 200]),
        Row("PUT", "/api/blocks/{user}", None, [401, 403, 204, 204, 204]),
        Row("DELETE", "/api/blocks/{user}", None, [401, 403, 204, 204, 204]),
        Row("GET", "/api/follows", None, [401, 200, 200, 200, 200]),
        Row("PUT", "/api/follows/{user}", None, [401, 403, 204, 204, 204]),
        Row("DELETE", "/api/follows/{user}", None, [401, 403, 204, 204, 204]),
        Row("GET", "/api/live", None, [200; 5]),
        Row("GET", "/api/rooms", None, [200; 5]),
        Row("GET", "/api/rooms/{room}", None, [200; 5]),
        Row("GET", "/api/rooms/{room}/messages", None, [401, 200, 200, 200, 200]),
        Row("GET", "/api/rooms/{room}/broadcast/messages", None, [401, 200, 200, 200, 200]),
        Row("GET", "/api/rooms/{room}/guest-links", None, [401, 403, 404, 200, 404]),
        Row("POST", "/api/rooms/{room}/guest-links", Some(nothing), [401, 403, 404, 200, 404]),
        Row("DELETE", "/api/rooms/{room}/guest-links/{link}", None, [401, 403, 404, 204, 404]),
        Row("GET", "/api/rooms/{room}/stream-keys", None, [401, 403, 404, 200, 404]),
        Row("POST", "/api/rooms/{room}/stream-keys", Some(nothing), [401, 403, 404, 200, 404]),
        Row("DELETE", "/api/rooms/{room}/stream-keys/{key}", None, [401, 403, 404, 204, 404]),
        Row("POST", "/api/rooms/{room}/stream-keys/{key}/rotate", None, [401, 403, 404, 200, 404]),
        Row("GET", "/api/rooms/{room}/cover", None, [200; 5]),
        Row("PUT", "/api/rooms/{room}/cover", Some(picture), [401, 403, 404, 204, 404]),
        Row("DELETE", "/api/rooms/{room}/cover", None, [401, 403, 404, 204, 404]),
        Row("GET", "/api/rooms/{room}/videos", None, [200; 5]),
        Row("GET", "/api/videos/{video}", None, [200; 5]),
        Row("PATCH", "/api/videos/{video}", Some(nothing), [401, 403, 403, 200, 200]),
        Row("DELETE", "/api/videos/{video}", None, [401, 403, 403, 204, 204]),
        Row("GET", "/api/videos/{video}/messages", None, [200; 5]),
        Row("GET", "/api/rooms/{room}/audit", None, [401, 404, 404, 200, 200]),
        Row("GET", "/api/audit", None, [401, 404, 404, 404, 200]),
        Row("GET", "/api/rooms/{room}/reports", None, [401, 404, 404, 200, 200]),
        Row("GET", "/api/reports", None, [401, 404, 404, 404, 200]),
        Row("POST", "/api/rooms/{room}/reports/{report}/settle", None, [401, 404, 404, 204, 204]),
        Row("POST", "/api/reports/{report}/settle", None, [401, 404, 404, 404, 204]),
        Row("GET", "/api/groups", None, [401, 200, 200, 200, 200]),
        Row("GET", "/api/people", None, [401, 400, 400, 400, 400]),
        Row("GET", "/api/messages", None, [401, 400, 400, 400, 400]),
        Row("GET", "/api/dialogs", None, [401, 200, 200, 200, 200]),
        Row("POST", "/api/dialogs", Some(nothing), [401, 400, 400, 400, 400]),
        // One that never was; `dialogs.rs` shows that one of others is the same.
        Row("GET", "/api/dialogs/{dialog}", None, [401, 404, 404, 404, 404]),
        Row("PUT", "/api/dialogs/{dialog}/keeping", Some(nothing), [401, 404, 404, 404, 404]),
        Row("GET", "/api/dialogs/{dialog}/messages", None, [401, 404, 404, 404, 404]),
        Row("GET", "/api/visits", None, [401, 403, 200, 200, 200]),
        // A visit of others is as one that never was.
        Row("POST", "/api/visits/{visit}/thanks", Some(nothing), [401, 403, 404, 404, 404]),
        Row("GET", "/api/rooms/{room}/watch", None, [200; 5]),
        // Nobody is live.
        Row("GET", "/api/rooms/{room}/picture", None, [404; 5]),
        // Without a pass that was given; `films.rs` shows what one lets in to.
        Row("GET", "/videos/{video}/{pass}/{path}", None, [404; 5]),
        Row("GET", "/api/videos", None, [401, 200, 200, 200, 200]),
        Row("PUT", "/api/videos/{video}/watched", Some(watched), [401, 204, 204, 204, 204]),
        Row("PUT", "/api/videos/{video}/subtitles/{name}", Some(cues), [401, 403, 403, 200, 200]),
        Row("DELETE", "/api/videos/{video}/subtitles/{name}", None, [401, 403, 403, 404, 404]),
        Row("GET", "/api/people/{name}", None, [401, 403, 200, 200, 200]),
        Row("POST", "/api/videos/{video}/convert", None, [401, 403, 403, 200, 200]),
        Row("GET", "/api/dialogs/{dialog}/videos", None, [401, 404, 404, 404, 404]),
        Row("POST", "/api/dialogs/{dialog}/images", Some(picture), [401, 403, 404, 404, 404]),
        Row("GET", "/api/images/{image}/{size}", None, [401, 404, 404, 404, 404]),
        Row("GET", "/api/storage", None, [401, 403, 200, 200, 200]),
        Row("OPTIONS", "/api/uploads", None, [204; 5]),
        Row("GET", "/api/uploads", None, [401, 403, 200, 200, 200]),
        // Not in the words of the protocol; `uploads.rs` shows what is.
        Row("POST", "/api/uploads", None, [401, 403, 412, 412, 412]),
        Row("HEAD", "/api/uploads/{upload}", None, [401, 403, 412, 412, 412]),
        Row("PATCH", "/api/uploads/{upload}", None, [401, 403, 412, 412, 412]),
        Row("DELETE", "/api/uploads/{upload}", None, [401, 403, 412, 412, 412]),
        // Who is signed in has no stream key by that.
        Row("POST", "/whip", Some(nothing), [401; 5]),
        Row("POST", "/whip/{room}", Some(nothing), [401; 5]),
        Row("PATCH", "/whip/legs/{leg}", Some(nothing), [404; 5]),
        Row("DELETE", "/whip/legs/{leg}", None, [404; 5]),
        // They may; what they say is no offer.
        Row("POST", "/whep/{room}", Some(nothing), [415; 5]),
        Row("PATCH", "/whep/legs/{leg}", Some(nothing), [404; 5]),
        Row("DELETE", "/whep/legs/{leg}", None, [404; 5]),
        Row("POST", "/api/spaces/{space}/commands", Some(about), [401, 403, 403, 200, 403]),
        Row("GET", "/api/openapi.json", None, [200; 5]),
        Row("GET", "/api", None, [200; 5]),
        Row("GET", "/healthz", None, [200; 5]),
        Row("GET", "/readyz", None, [200; 5]),
        // Asked from another machine.
        Row("GET", "/metrics", None, [404, 404, 404, 404, 200]),
    ]
}

const PASSWORD: &str = "correct horse battery";

struct World {
    server: Server,
    guest: Somebody,
    other: Somebody,
    owner: Somebody,
    administrator: Somebody,
    target: Somebody,
}

impl World {
    async fn new(entry: Entry) -> Self {
        let server = Server::on(Arc::new(Folder::new()), |config| {
            config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
            config.limits.sign_in_attempts = 1_000;
            config.limits.guests_per_address = 1_000;
        })
        .await;
        let running = server.running();
        let store = running.node.store();
        let token = running.setup_url.as_ref().unwrap().rsplit('/').next().unwrap().to_owned();
        let setup = json!({"token": token, "name": "root", "password": PASSWORD});
        let made = ask(server.port(), "POST", "/api/setup", None, Some(&setup)).await;
        assert_eq!(made.status, 200, "{made:?}");
        let root = store.accounts().by_name("root").await.unwrap().unwrap().0;
        let room = store.rooms().by_host_name("root").await.unwrap().unwrap().id;
        let administrator = Somebody { user: root.profile.id, room, token: String::new() };
        let owner = sign_up(store, "owner").await;
        let guest = Somebody { user: fresh::user(), room: owner.room.clone(), token: String::new() };
        store.accounts().create_guest(&guest.user, "Guest", Some(&owner.room), clock::now().0).await.unwrap();
        let about = Write::SetAbout { space: owner.room.clone(), about: About { entry, ..About::default() } };
        store.writes().submit(about, Ticket(u64::MAX)).unwrap();
        store.writes().settled().await;
        let (other, target) = (sign_up(store, "other").await, sign_up(store, "target").await);
        Self { guest, other, owner, administrator, target, server }
    }

    /// Signs somebody in on a device of its own, which a request may sign out.
    async fn token(&self, who: &Somebody) -> String {
        let signed_in = Somebody { token: fresh::secret(), ..who.clone() };
        sign_in(self.server.running().node.store(), &signed_in).await;
        signed_in.token
    }

    async fn stream_key(&self) -> StreamKeyId {
        let keys = self.server.running().node.store().stream_keys();
        for old in keys.of_room(&self.owner.room).await.unwrap() {
            keys.revoke(&self.owner.room, &old.id).await.unwrap();
        }
        let id = StreamKeyId::parse(&format!("key_{}", fresh::suffix())).unwrap();
        let (space, label) = (self.owner.room.clone(), String::new());
        let key = StreamKeyRecord { id: id.clone(), space, label, created_ms: 1, used_ms: None };
        keys.create(&key, &fresh::suffix()).await.unwrap();
        id
    }

    async fn video(&self) -> VideoId {
        let videos = self.server.running().node.store().videos();
        let id = VideoId::parse(&format!("video_{}", fresh::suffix())).unwrap();
        let new = NewVideo {
            id: id.clone(),
            owner: self.owner.user.clone(),
            space: Some(self.owner.room.clone()),
            broadcast: Some(1),
            title: "Film".to_owned(),
            created_ms: 1,
            folder: id.to_string(),
            timeline: Timeline::default(),
        };
        videos.create(&new).await.unwrap();
        let timeline = Timeline::default();
        let ready = VideoProgress {
            state: VideoState::Ready,
            duration_ms: 1,
            bytes: 1,
            width: 1,
            height: 1,
            timeline,
            media: Media { hls: Some("index.m3u8".to_owned()), ..Media::default() },
        };
        videos.update(&id, &ready).await.unwrap();
        let folder = self.server.folder.0.join("videos").join(id.as_str());
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("0.mp4"), "film").unwrap();
        id
    }

    async fn report(&self) -> ReportId {
        let profile = |user: &UserId| Profile { id: user.clone(), name: None, display_name: "P".to_owned() };
        let id = ReportId::parse(&format!("report_{}", fresh::suffix())).unwrap();
        let report = Report {
            id: id.clone(),
            space: self.owner.room.clone(),
            by: profile(&self.other.user),
            about: profile(&self.target.user),
            message: None,
            reason: String::new(),
            at_ms: 1,
            settled_by: None,
            group: None,
        };
        let writes = self.server.running().node.store().writes();
        writes.submit(Write::Report { report: Box::new(report) }, Ticket(u64::MAX)).unwrap();
        writes.settled().await;
        id
    }

    async fn path(&self, template: &str) -> String {
        let store = self.server.running().node.store();
        let mut path = template
            .replace("{room}", self.owner.room.as_str())
            .replace("{space}", self.owner.room.as_str())
            .replace("{user}", self.target.user.as_str());
        if template.contains("{device}") {
            self.token(&self.owner).await;
            let devices = store.devices().of_user(&self.owner.user, clock::now().0).await.unwrap();
            path = path.replace("{device}", devices[0].id.as_str());
        }
        if template.contains("{link}") {
            let token = self.token(&self.owner).await;
            let links = format!("/api/rooms/{}/guest-links", self.owner.room);
            let made = ask(self.server.port(), "POST", &links, Some(&token), Some(&nothing())).await;
            path = path.replace("{link}", made.json()["id"].as_str().unwrap());
        }
        path = path
            .replace("{leg}", "leg_none")
            .replace("{visit}", "visit_none")
            .replace("{dialog}", "dialog_none")
            .replace("/people/{name}", "/people/owner")
            .replace("{name}", "en")
            .replace("{image}", "image_none")
            .replace("{size}", "small")
            .replace("{pass}", "9999999999999.any.AAAA")
            .replace("{path}", "0.mp4")
            .replace("{upload}", "upload_none");
        if template.ends_with("/cover") {
            let cover = Cover { hash: "h".to_owned(), kind: "image/png".to_owned(), bytes: vec![1] };
            store.covers().set(&self.owner.room, cover).await.unwrap();
        }
        if template.contains("{key}") {
            path = path.replace("{key}", self.stream_key().await.as_str());
        }
        if template.contains("{video}") {
            path = path.replace("{video}", self.video().await.as_str());
        }
        if template.contains("{report}") {
            path = path.replace("{report}", self.report().await.as_str());
        }
        path
    }

    async fn statuses(&self, row: &Row) -> [u16; 5] {
        let Row(method, template, body, _) = row;
        let people = [None, Some(&self.guest), Some(&self.other), Some(&self.owner), Some(&self.administrator)];
        let mut statuses = [0; 5];
        for (index, who) in people.into_iter().enumerate() {
            let token = match who {
                Some(who) => Some(self.token(who).await),
                None => None,
            };
            let (path, body) = (self.path(template).await, body.map(|body| body()));
            let answer = ask(self.server.port(), method, &path, token.as_deref(), body.as_ref()).await;
            if answer.status >= 400 && path != "/metrics" && *method != "HEAD" {
                assert!(answer.json()["kind"].is_string(), "a rejection says its kind: {answer:?}");
            }
            statuses[index] = answer.status;
        }
        statuses
    }
}

async fn hold(world: &World, rows: &[Row]) {
    let mut wrong = Vec::new();
    for row in rows {
        let statuses = world.statuses(row).await;
        if statuses != row.3 {
            wrong.push(format!("{} {}: {statuses:?}, should be {:?} for {ASKING:?}", row.0, row.1, row.3));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn everybody_gets_what_is_theirs_at_every_endpoint() {
    hold(&World::new(Entry::Open).await, &table()).await;
}

#[tokio::test]
async fn a_room_for_accounts_does_not_exist_for_strangers_and_guests() {
    let send = || json!({"kind": "send", "text": "hi", "nonce": fresh::suffix()});
    let rows = [
        Row("GET", "/api/rooms/{room}", None, [404, 404, 200, 200, 200]),
        Row("GET", "/api/rooms/@OWNER", None, [404, 404, 200, 200, 200]),
        Row("GET", "/api/rooms/{room}/messages", None, [401, 404, 200, 200, 200]),
        Row("GET", "/api/rooms/{room}/broadcast/messages", None, [401, 404, 200, 200, 200]),
        Row("GET", "/api/rooms/{room}/cover", None, [404, 404, 200, 200, 200]),
        Row("GET", "/api/rooms/{room}/videos", None, [404, 404, 200, 200, 200]),
        Row("GET", "/api/videos/{video}", None, [404, 404, 200, 200, 200]),
        Row("GET", "/api/videos/{video}/messages", None, [404, 404, 200, 200, 200]),
        Row("GET", "/api/rooms/{room}/watch", None, [404, 404, 200, 200, 200]),
        Row("POST", "/whep/{room}", Some(nothing), [404, 404, 415, 415, 415]),
        Row("GET", "/api/rooms/room_nowhere", None, [404; 5]),
        Row("GET", "/api/rooms/room_nowhere/messages", None, [401, 404, 404, 404, 404]),
        Row("GET", "/api/rooms/room_nowhere/broadcast/messages", None, [401, 404, 404, 404, 404]),
        Row("POST", "/api/spaces/room_nowhere/commands", Some(send), [401, 404, 404, 404, 404]),
        Row("GET", "/api/nothing", None, [404; 5]),
    ];
    let world = World::new(Entry::Accounts).await;
    hold(&world, &rows).await;
    let token = world.token(&world.guest).await;
    let answers = [&world.owner.room.to_string(), "room_nowhere"].map(|room| format!("/api/rooms/{room}"));
    let hidden = ask(world.server.port(), "GET", &answers[0], Some(&token), None).await;
    let none = ask(world.server.port(), "GET", &answers[1], Some(&token), None).await;
    assert_eq!((hidden.status, &hidden.body), (none.status, &none.body), "hidden and none look the same");
}

#[tokio::test]
async fn a_room_by_link_shows_its_films_to_whom_it_admits() {
    let rows = [
        Row("GET", "/api/rooms/{room}", None, [200; 5]),
        Row("GET", "/api/rooms/{room}/cover", None, [200; 5]),
        Row("GET", "/api/rooms/{room}/videos", None, [401, 200, 200, 200, 200]),
        Row("GET", "/api/videos/{video}", None, [404, 200, 200, 200, 200]),
        Row("POST", "/whep/{room}", Some(nothing), [401, 415, 415, 415, 415]),
    ];
    let world = World::new(Entry::Link).await;
    hold(&world, &rows).await;
    // A guest of another room is none of this one's.
    let stranger = Somebody { user: fresh::user(), room: world.other.room.clone(), token: fresh::secret() };
    let store = world.server.running().node.store();
    store.accounts().create_guest(&stranger.user, "Guest", Some(&stranger.room), clock::now().0).await.unwrap();
    sign_in(store, &stranger).await;
    let videos = format!("/api/rooms/{}/videos", world.owner.room);
    assert_eq!(ask(world.server.port(), "GET", &videos, Some(&stranger.token), None).await.status, 403);
}

#[test]
fn every_endpoint_of_the_description_is_in_the_table() {
    let document = description::document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            described.insert((method.to_uppercase(), path.clone()));
        }
    }
    let asked: BTreeSet<_> = table().iter().map(|row| (row.0.to_owned(), row.1.to_owned())).collect();
    assert_eq!(described, asked);
}

#[test]
fn the_description_tells_every_refusal() {
    let document = description::document();
    let paths = &document["paths"];
    assert!(paths["/api/rooms"]["get"]["responses"]["400"].is_object(), "a query can be wrong");
    for status in ["400", "403", "409", "413", "422", "503"] {
        let told =
            &paths["/api/accounts"]["post"]["responses"][status]["content"]["application/json"]["schema"]["$ref"];
        assert_eq!(told, "#/components/schemas/Rejection", "{status}");
    }
    assert!(paths["/api/devices"]["get"]["responses"]["400"].is_null(), "nothing is read there");
}

#[test]
fn every_route_is_in_the_description() {
    // A long route is broken into lines.
    let source = include_str!("../../src/http/mod.rs").split_whitespace().collect::<Vec<_>>().join(" ");
    let source = source
        .replace(".route( \"", ".route(\"")
        .replace("/{pass}/{*path}\", get(video_files", "/{pass}/{path}\", get(video_files");
    let document = description::document();
    let mut routes = 0;
    for route in source.split(".route(\"").skip(1) {
        let (path, handlers) = route.split_once('"').unwrap();
        // The WebSocket is described in prose; the rest of `/api` is not there.
        if path == "/ws" || path.contains("{*") {
            continue;
        }
        let handlers = handlers.split(".route(").next().unwrap().split(".fallback(").next().unwrap();
        for method in ["get", "post", "put", "patch", "delete", "head", "options"] {
            if [" ", "."].iter().any(|before| handlers.contains(&format!("{before}{method}("))) {
                assert!(document["paths"][path][method].is_object(), "{method} {path} is not described");
                routes += 1;
            }
        }
    }
    assert_eq!(routes, table().len());
}
