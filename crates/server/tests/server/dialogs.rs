//! Dialogs on the real server: begun, lived in, found again, and nothing of them to anybody else.

use crate::http::ask;
use crate::support::{Client, Server, Somebody, send};
use hearth_protocol::dialogs::{Command as Dialogs, Dialog, Event as DialogEvent, State};
use hearth_protocol::ids::SpaceId;
use hearth_protocol::limits::{
    DIALOG_MEMBERS_MAX, DIALOGS_PER_HOUR_MAX, DIALOGS_PINNED_MAX, SEARCH_MAX_CHARS, TITLE_MAX_CHARS,
};
use hearth_protocol::space::RemovedReason;
use hearth_protocol::{Command, Event, PersonCommand, PersonEvent, Rejection, ServerFrame};
use serde_json::{Value, json};

fn wants(wants: Dialogs) -> Command {
    Command::Dialogs { wants }
}

async fn begin(server: &Server, by: &Somebody, with: &[&Somebody], title: &str) -> (u16, Value) {
    let with: Vec<_> = with.iter().map(|one| one.user.as_str()).collect();
    asked(server, "POST", "/api/dialogs", by, Some(json!({ "with": with, "title": title }))).await
}

async fn asked(server: &Server, method: &str, path: &str, by: &Somebody, body: Option<Value>) -> (u16, Value) {
    let answer = ask(server.port(), method, path, Some(&by.token), body.as_ref()).await;
    (answer.status, answer.json())
}

fn dialog(answer: (u16, Value)) -> Dialog {
    assert_eq!(answer.0, 200, "{}", answer.1);
    serde_json::from_value(answer.1).unwrap()
}

impl Client {
    async fn join_dialog(&mut self, dialog: &SpaceId) -> State {
        self.command(dialog, Command::Join { resume: None, as_guest: false }).await.unwrap();
        self.event("a snapshot", |event| match event {
            Event::Snapshot { snapshot } => snapshot.dialog.clone(),
            _ => None,
        })
        .await
    }

    /// The next row of a dialog that passes.
    async fn row(&mut self, what: &str, passes: impl Fn(&Dialog) -> bool) -> Dialog {
        self.expect(what, |frame| match frame {
            ServerFrame::Person { event: PersonEvent::Dialog { dialog }, .. } => {
                Some((**dialog).clone()).filter(|one| passes(one))
            }
            _ => None,
        })
        .await
    }

    async fn state_of_dialog(&mut self, what: &str, passes: impl Fn(&State) -> bool) -> State {
        self.event(what, |event| match event {
            Event::Dialogs { event: DialogEvent::State { state } } => Some(state.clone()).filter(|one| passes(one)),
            _ => None,
        })
        .await
    }
}

#[tokio::test]
async fn two_people_write_to_each_other_and_find_it_again() {
    let server = Server::start().await;
    let (ana, bo) = (server.sign_up("ana").await, server.sign_up("bo").await);
    let begun = dialog(begin(&server, &ana, &[&bo], "").await);
    assert!(begun.two && begun.id.is_dialog());
    assert_eq!(dialog(begin(&server, &bo, &[&ana], "").await).id, begun.id, "there is but one of the two");

    let mut of_bo = Client::hello(server.port(), &bo.token).await;
    let mut of_ana = Client::hello(server.port(), &ana.token).await;
    of_ana.join_dialog(&begun.id).await;
    of_ana.command(&begun.id, send("Are you there?", "n1")).await.unwrap();
    let row = of_bo.row("a row with something new", |row| row.unread == 1).await;
    assert_eq!(row.last.unwrap().text, "Are you there?");

    of_bo.join_dialog(&begun.id).await;
    of_bo.command(&begun.id, Command::MarkRead { position: 1 }).await.unwrap();
    let state = of_ana
        .state_of_dialog("that it was read", |state| {
            state.members.iter().any(|one| one.profile.id == bo.user && one.read_position == 1)
        })
        .await;
    assert!(state.members.iter().all(|one| one.here));
    of_bo.command(&begun.id, wants(Dialogs::Typing)).await.unwrap();
    of_ana
        .event("somebody writing", |event| {
            matches!(event, Event::Dialogs { event: DialogEvent::Typing { user } } if *user == bo.user).then_some(())
        })
        .await;
    of_ana.command(&begun.id, wants(Dialogs::Edit { position: 1, text: "Are you here?".to_owned() })).await.unwrap();

    // After a restart it is as it was.
    let folder = server.stop().await;
    let server = Server::on(folder, |_| {}).await;
    let (_, list) = asked(&server, "GET", "/api/dialogs", &bo, None).await;
    let row: Dialog = serde_json::from_value(list["dialogs"][0].clone()).unwrap();
    let last = row.last.unwrap();
    assert_eq!((row.unread, row.read_position, last.text.as_str()), (0, 1, "Are you here?"));
    assert!(last.edited_ms.is_some());
    let (_, found) = asked(&server, "GET", "/api/messages?q=here", &bo, None).await;
    assert_eq!(found["found"][0]["message"]["position"], json!(1), "{found}");
    let page = format!("/api/dialogs/{}/messages?around=1", begun.id);
    let (status, page) = asked(&server, "GET", &page, &bo, None).await;
    assert_eq!((status, page["messages"].as_array().unwrap().len()), (200, 1));
}

#[tokio::test]
async fn a_few_take_somebody_in_one_leaves_and_each_keeps_it_as_they_like() {
    let server = Server::start().await;
    let (ana, bo, cy, dee) = (
        server.sign_up("ana").await,
        server.sign_up("bo").await,
        server.sign_up("cy").await,
        server.sign_up("dee").await,
    );
    let mut of_bo = Client::hello(server.port(), &bo.token).await;
    let few = dialog(begin(&server, &ana, &[&bo, &cy], "Sunday 周日").await);
    assert!(!few.two);
    assert_eq!(of_bo.row("the dialog that was begun", |_| true).await.title, "Sunday 周日");

    let mut of_ana = Client::hello(server.port(), &ana.token).await;
    of_ana.join_dialog(&few.id).await;
    of_ana.command(&few.id, wants(Dialogs::Add { user: dee.user.clone() })).await.unwrap();
    assert_eq!(of_bo.row("one more in it", |row| row.members.len() == 4).await.id, few.id);
    of_bo.join_dialog(&few.id).await;
    of_bo.command(&few.id, wants(Dialogs::Depart)).await.unwrap();
    of_bo
        .event("that he is out", |event| {
            matches!(event, Event::Removed { reason: RemovedReason::Departed }).then_some(())
        })
        .await;
    let again = of_bo.command(&few.id, Command::Join { resume: None, as_guest: false }).await;
    assert_eq!(again, Err(Rejection::NotFound));

    let keeping = format!("/api/dialogs/{}/keeping", few.id);
    let (status, kept) = asked(&server, "PUT", &keeping, &cy, Some(json!({ "pinned": true, "muted": true }))).await;
    assert_eq!((status, &kept["pinned"], &kept["muted"]), (200, &json!(true), &json!(true)), "{kept}");
    let (_, of_dee) = asked(&server, "GET", &format!("/api/dialogs/{}", few.id), &dee, None).await;
    assert_eq!((&of_dee["pinned"], of_dee["members"].as_array().unwrap().len()), (&json!(false), 3));
}

#[tokio::test]
async fn to_everybody_else_there_is_no_dialog() {
    let server = Server::start().await;
    let (ana, bo, cy) = (server.sign_up("ana").await, server.sign_up("bo").await, server.sign_up("cy").await);
    let two = dialog(begin(&server, &ana, &[&bo], "").await);
    let never = SpaceId::parse("dialog_never").unwrap();
    let mut of_cy = Client::hello(server.port(), &cy.token).await;
    for id in [&two.id, &never] {
        assert_eq!(of_cy.command(id, Command::Join { resume: None, as_guest: false }).await, Err(Rejection::NotFound));
        for (method, path, body) in [
            ("GET", format!("/api/dialogs/{id}"), None),
            ("GET", format!("/api/dialogs/{id}/messages"), None),
            ("PUT", format!("/api/dialogs/{id}/keeping"), Some(json!({ "pinned": true }))),
            ("POST", format!("/api/spaces/{id}/commands"), Some(json!({ "kind": "send", "text": "x", "nonce": "n" }))),
        ] {
            let (status, said) = asked(&server, method, &path, &cy, body).await;
            assert_eq!((status, &said["kind"]), (404, &json!("not_found")), "{method} {path}: {said}");
        }
    }
    let (_, list) = asked(&server, "GET", "/api/dialogs", &cy, None).await;
    assert_eq!(list["dialogs"], json!([]));
}

#[tokio::test]
async fn whoever_is_blocked_writes_to_nobody_and_is_not_told_why() {
    let server = Server::start().await;
    let (ana, bo) = (server.sign_up("ana").await, server.sign_up("bo").await);
    let two = dialog(begin(&server, &ana, &[&bo], "").await);
    let mut of_bo = Client::hello(server.port(), &bo.token).await;
    of_bo.person(PersonCommand::Block { user: ana.user.clone() }).await;
    let mut of_ana = Client::hello(server.port(), &ana.token).await;
    of_ana.join_dialog(&two.id).await;
    assert_eq!(of_ana.command(&two.id, send("Why?", "n1")).await, Err(Rejection::Forbidden));
    let found = asked(&server, "GET", "/api/people?q=bo", &ana, None).await;
    assert_eq!(found.1["people"], json!([]));
    let blocked = begin(&server, &ana, &[&bo, &bo], "").await;
    let nobody = Somebody { user: hearth_protocol::ids::UserId::parse("user_nobody").unwrap(), ..ana.clone() };
    assert_eq!(blocked, begin(&server, &ana, &[&nobody], "").await, "as somebody who was never there");
    assert_eq!(begin(&server, &ana, &[], "").await.0, 422);
    assert_eq!(begin(&server, &ana, &[&ana], "").await.0, 422);
}

#[tokio::test]
async fn friends_are_two_who_each_wished_it() {
    let server = Server::start().await;
    let (ana, bo) = (server.sign_up("ana").await, server.sign_up("bo").await);
    let mut of_ana = Client::hello(server.port(), &ana.token).await;
    let mut of_bo = Client::hello(server.port(), &bo.token).await;
    of_ana.person(PersonCommand::Befriend { user: bo.user.clone() }).await;
    of_bo
        .expect("a wish", |frame| match frame {
            ServerFrame::Person { event: PersonEvent::FriendAsked { by }, .. } => Some(by.id == ana.user),
            _ => None,
        })
        .await;
    let (_, session) = asked(&server, "GET", "/api/session", &bo, None).await;
    assert_eq!(session["me"]["friend_requests"][0]["name"], json!("ana"));
    of_bo.person(PersonCommand::Befriend { user: ana.user.clone() }).await;
    of_ana
        .expect("the yes", |frame| match frame {
            ServerFrame::Person { event: PersonEvent::FriendAccepted { by }, .. } => Some(by.id == bo.user),
            _ => None,
        })
        .await;
    let (_, session) = asked(&server, "GET", "/api/session", &ana, None).await;
    assert_eq!(session["me"]["friends"][0]["name"], json!("bo"));
    assert_eq!(session["me"]["friends_asked"], json!([]));
    of_bo.person(PersonCommand::Block { user: ana.user.clone() }).await;
    of_ana
        .expect("that they are friends no more", |frame| match frame {
            ServerFrame::Person { event: PersonEvent::Me { me }, .. } => me.friends.is_empty().then_some(()),
            _ => None,
        })
        .await;
    // Asking again is as asking anybody; whoever has blocked is not told.
    of_ana.person(PersonCommand::Befriend { user: bo.user.clone() }).await;
    let (_, session) = asked(&server, "GET", "/api/session", &bo, None).await;
    assert_eq!((&session["me"]["friend_requests"], &session["me"]["friends"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn dialogs_are_begun_pinned_and_searched_up_to_the_limits_and_no_further() {
    let server = Server::start().await;
    let (ana, bo, cy) = (server.sign_up("ana").await, server.sign_up("bo").await, server.sign_up("cy").await);
    let limit = |answer: &(u16, Value)| (answer.0, answer.1["limit"].as_str().map(str::to_owned));
    let mut begun = Vec::new();
    for _ in 0..DIALOGS_PER_HOUR_MAX {
        begun.push(dialog(begin(&server, &ana, &[&bo, &cy], "").await).id);
    }
    let past = begin(&server, &ana, &[&bo, &cy], "").await;
    assert_eq!(limit(&past).1.as_deref(), Some("dialogs"), "{past:?}");
    let two = dialog(begin(&server, &ana, &[&bo], "").await);
    assert!(two.two, "those of two do not count");
    let crowd = vec![&bo; DIALOG_MEMBERS_MAX];
    assert_eq!(limit(&begin(&server, &bo, &crowd, "").await).1.as_deref(), Some("dialog_members"));
    let long = "t".repeat(TITLE_MAX_CHARS + 1);
    assert_eq!(limit(&begin(&server, &bo, &[&ana, &cy], &long).await).1.as_deref(), Some("title_chars"));

    let pin = async |id: &SpaceId, pinned: bool| {
        let path = format!("/api/dialogs/{id}/keeping");
        asked(&server, "PUT", &path, &ana, Some(json!({ "pinned": pinned }))).await
    };
    for id in &begun[..DIALOGS_PINNED_MAX] {
        assert_eq!(pin(id, true).await.0, 200);
    }
    let past = pin(&two.id, true).await;
    assert_eq!(limit(&past).1.as_deref(), Some("dialogs_pinned"), "{past:?}");
    assert_eq!(pin(&begun[0], true).await.0, 200, "what is pinned already");
    assert_eq!(pin(&begun[0], false).await.0, 200);
    assert_eq!(pin(&two.id, true).await.0, 200, "there is place again");
    let (_, list) = asked(&server, "GET", "/api/dialogs?limit=1", &ana, None).await;
    assert_eq!((list["dialogs"].as_array().unwrap().len(), &list["more"]), (DIALOGS_PINNED_MAX + 1, &json!(true)));

    for path in ["/api/people", "/api/messages"] {
        let words = |count: usize| format!("{path}?q={}", "q".repeat(count));
        assert_eq!(asked(&server, "GET", &words(SEARCH_MAX_CHARS), &ana, None).await.0, 200);
        let past = asked(&server, "GET", &words(SEARCH_MAX_CHARS + 1), &ana, None).await;
        assert_eq!(limit(&past).1.as_deref(), Some("search_chars"), "{past:?}");
    }
}
