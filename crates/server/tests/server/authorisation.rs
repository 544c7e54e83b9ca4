//! Who may do what over HTTP: every endpoint asked by everybody, and no endpoint left out.

use crate::http::ask;
use crate::support::{Folder, Server, Somebody, sign_in, sign_up};
use hearth_protocol::live_rooms::{About, Entry};
use hearth_server::{clock, fresh, http::description};
use hearth_store::{Ticket, Write};
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

fn table() -> Vec<Row> {
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
        Row("GET", "/api/blocks", None, [401, 200, 200, 200, 200]),
        Row("PUT", "/api/blocks/{user}", None, [401, 403, 204, 204, 204]),
        Row("DELETE", "/api/blocks/{user}", None, [401, 403, 204, 204, 204]),
        Row("GET", "/api/live", None, [200; 5]),
        Row("GET", "/api/rooms/{room}", None, [200; 5]),
        Row("GET", "/api/rooms/{room}/messages", None, [401, 200, 200, 200, 200]),
        Row("GET", "/api/rooms/{room}/guest-links", None, [401, 403, 404, 200, 404]),
        Row("POST", "/api/rooms/{room}/guest-links", Some(nothing), [401, 403, 404, 200, 404]),
        Row("DELETE", "/api/rooms/{room}/guest-links/{link}", None, [401, 403, 404, 204, 404]),
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
            if answer.status >= 400 && path.starts_with("/api") {
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
        Row("GET", "/api/rooms/room_nowhere", None, [404; 5]),
        Row("GET", "/api/rooms/room_nowhere/messages", None, [401, 404, 404, 404, 404]),
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

#[test]
fn every_endpoint_of_the_description_is_in_the_table() {
    let document = serde_json::to_value(description::document()).unwrap();
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
fn every_route_is_in_the_description() {
    let source = include_str!("../../src/http/mod.rs");
    let document = serde_json::to_value(description::document()).unwrap();
    let mut routes = 0;
    for route in source.split(".route(\"").skip(1) {
        let (path, handlers) = route.split_once('"').unwrap();
        // The WebSocket is described in prose; the rest of `/api` is not there.
        if path == "/ws" || path.contains("{*") {
            continue;
        }
        let handlers = handlers.split(".route(").next().unwrap().split(".fallback(").next().unwrap();
        for method in ["get", "post", "put", "patch", "delete"] {
            if handlers.contains(&format!(" {method}(")) || handlers.contains(&format!(".{method}(")) {
                assert!(document["paths"][path][method].is_object(), "{method} {path} is not described");
                routes += 1;
            }
        }
    }
    assert_eq!(routes, table().len());
}
