//! Discussion groups on the real server: from the invitation to the last word, and that nobody else hears any of it.

use crate::http::ask;
use crate::support::{Client, PATIENCE, Server, Somebody, send};
use hearth_protocol::discussion_groups::{
    Command as Group, Content, Destination, Event as GroupEvent, Group as Standing, InvitationState, NotInvited,
};
use hearth_protocol::ids::{InvitationId, SpaceId};
use hearth_protocol::media::{Source, SourceOfMid};
use hearth_protocol::space::RemovedReason;
use hearth_protocol::{Command, Event, Outcome, PersonCommand, Rejection, ServerFrame};
use serde_json::{Value, json};
use std::time::Instant;

pub fn groups(wants: Group) -> Command {
    Command::Groups { wants }
}

impl Client {
    pub async fn invite(&mut self, room: &SpaceId, users: &[&Somebody]) -> Result<Outcome, Rejection> {
        let users = users.iter().map(|one| one.user.clone()).collect();
        self.command(room, groups(Group::Invite { users })).await
    }

    pub async fn invitation(&mut self) -> InvitationId {
        self.event("an invitation", |event| match event {
            Event::Groups { event: GroupEvent::Invitation { invitation } } => Some(invitation.id.clone()),
            _ => None,
        })
        .await
    }

    pub async fn answer(
        &mut self,
        room: &SpaceId,
        invitation: &InvitationId,
        accept: bool,
    ) -> Result<Outcome, Rejection> {
        self.command(room, groups(Group::Answer { invitation: invitation.clone(), accept })).await
    }

    pub async fn accept(&mut self, room: &SpaceId) -> SpaceId {
        let invitation = self.invitation().await;
        let outcome = self.answer(room, &invitation, true).await.unwrap();
        let Outcome::GroupJoined { group } = outcome else { panic!("{outcome:?}") };
        group
    }

    pub async fn join(&mut self, space: &SpaceId) -> Result<Outcome, Rejection> {
        self.command(space, Command::Join { resume: None, as_guest: false }).await
    }

    pub async fn standing(&mut self, what: &str, passes: impl Fn(&Standing) -> bool) -> Standing {
        self.event(what, |event| match event {
            Event::Groups { event: GroupEvent::Group { group } } => Some((**group).clone()).filter(|one| passes(one)),
            _ => None,
        })
        .await
    }
}

/// Ana's room, with Bo and Cy in it, and a group of the two that both are in.
struct World {
    server: Server,
    ana: Somebody,
    bo: Somebody,
    cy: Somebody,
    of_bo: Client,
    of_cy: Client,
    group: SpaceId,
}

impl World {
    async fn new() -> Self {
        let server = Server::start().await;
        let (ana, bo, cy) = (server.sign_up("ana").await, server.sign_up("bo").await, server.sign_up("cy").await);
        let port = server.port();
        let (mut of_bo, _) = Client::joined(port, &bo.token, &ana.room).await;
        let (mut of_cy, _) = Client::joined(port, &cy.token, &ana.room).await;
        of_bo.invite(&ana.room, &[&cy]).await.unwrap();
        let group = of_cy.accept(&ana.room).await;
        for client in [&mut of_bo, &mut of_cy] {
            client.join(&group).await.unwrap();
        }
        Self { server, ana, bo, cy, of_bo, of_cy, group }
    }
}

#[tokio::test]
async fn a_group_comes_about_talks_and_ends_with_its_last_member() {
    let World { server, ana, bo, cy, mut of_bo, mut of_cy, group } = World::new().await;
    assert!(group.is_group());
    let yours = of_bo
        .event("the group, to whoever asked", |event| match event {
            Event::Groups { event: GroupEvent::Yours { group } } => group.clone(),
            _ => None,
        })
        .await;
    assert_eq!(yours, group);

    // Text at once.
    of_bo.command(&group, send("do you see this?", "n1")).await.unwrap();
    assert_eq!(of_cy.message().await.1, "do you see this?");

    // Voice: a member publishes without being asked. (The engine refuses what is no offer, and says so.)
    let sources = vec![SourceOfMid { mid: "0".to_owned(), source: Source::Microphone }];
    let publish = Command::Publish { offer: "v=0".to_owned(), sources, take_over: false };
    let refused = of_cy.command(&group, publish).await;
    assert!(matches!(refused, Err(Rejection::MediaRefused { .. })), "{refused:?}");
    assert!(matches!(of_bo.command(&group, Command::Watch { keep: None }).await, Ok(Outcome::Watching { .. })));

    // It is found again over HTTP, with what was said.
    let mine = ask(server.port(), "GET", "/api/groups", Some(&bo.token), None).await.json();
    assert_eq!(mine["groups"][0]["id"], group.as_str());
    assert_eq!(mine["groups"][0]["members"].as_array().unwrap().len(), 2);
    let messages = format!("/api/rooms/{group}/messages");
    let said = ask(server.port(), "GET", &messages, Some(&cy.token), None).await.json();
    assert_eq!(said["messages"][0]["text"], "do you see this?");

    // The owner leaves for good: it is the other's, and what was said is no longer theirs to read.
    of_bo.command(&group, groups(Group::Depart)).await.unwrap();
    let reason = of_bo
        .event("being out", |event| match event {
            Event::Removed { reason } => Some(*reason),
            _ => None,
        })
        .await;
    assert_eq!(reason, RemovedReason::Departed);
    let standing = of_cy.standing("another owner", |group| group.members.len() == 1).await;
    assert_eq!(standing.owner, cy.user);
    assert_eq!(of_bo.join(&group).await, Err(Rejection::NotFound));
    assert_eq!(ask(server.port(), "GET", &messages, Some(&bo.token), None).await.status, 404);

    // The last ends it.
    of_cy.command(&group, groups(Group::Depart)).await.unwrap();
    assert_eq!(of_cy.join(&group).await, Err(Rejection::NotFound));
    assert_eq!(server.running().node.store().groups().of(&cy.user).await.unwrap(), None);
    assert!(server.running().node.store().groups().bound_to(&ana.room).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_declines_is_in_no_group_and_nobody_leaves_one_behind() {
    let server = Server::start().await;
    let (ana, bo, cy) = (server.sign_up("ana").await, server.sign_up("bo").await, server.sign_up("cy").await);
    let (mut of_bo, _) = Client::joined(server.port(), &bo.token, &ana.room).await;
    let (mut of_cy, _) = Client::joined(server.port(), &cy.token, &ana.room).await;
    of_bo.invite(&ana.room, &[&cy]).await.unwrap();
    let invitation = of_cy.invitation().await;
    assert_eq!(of_cy.answer(&ana.room, &invitation, false).await, Ok(Outcome::Done));
    assert_eq!(of_cy.answer(&ana.room, &invitation, true).await, Err(Rejection::InvitationOver));
    of_bo
        .event("that it was declined", |event| match event {
            Event::Groups { event: GroupEvent::Request { request } } => {
                (request.invited[0].state == InvitationState::Declined && request.group.is_none()).then_some(())
            }
            _ => None,
        })
        .await;
    assert!(server.running().node.store().groups().going_on(None).await.unwrap().is_empty());
}

/// What a browser would say to hear a group, and everything else that one can want of a space.
fn everything(of: &Somebody) -> Vec<Command> {
    let sources = vec![SourceOfMid { mid: "0".to_owned(), source: Source::Microphone }];
    let user = of.user.clone();
    vec![
        Command::Join { resume: None, as_guest: false },
        Command::Leave,
        send("let me in", "n"),
        Command::DeleteMessage { position: 1 },
        Command::MarkRead { position: 1 },
        Command::ListMembers { after: None },
        Command::ListSanctions,
        Command::Mute { user: user.clone(), duration_s: None },
        Command::Ban { user: user.clone() },
        Command::Remove { user: user.clone() },
        Command::Report { user: user.clone(), position: Some(1), reason: String::new() },
        Command::Publish { offer: "v=0".to_owned(), sources, take_over: true },
        Command::Watch { keep: None },
        Command::Unwatch,
        Command::LeaveStage { user: None },
        groups(Group::Depart),
        groups(Group::Dissolve { group: None }),
        groups(Group::Move { to: Destination::LiveRoom { room: of.room.clone() } }),
        groups(Group::AnswerMove { accept: true }),
        groups(Group::List),
    ]
}

#[tokio::test]
async fn for_everybody_else_there_is_no_group() {
    let World { server, ana, bo, cy, mut of_bo, mut of_cy, group } = World::new().await;
    let port = server.port();
    let store = server.running().node.store();
    let (viewer, blocked, gone, root) = (
        server.sign_up("viewer").await,
        server.sign_up("blocked").await,
        server.sign_up("gone").await,
        server.sign_up("root").await,
    );
    store.accounts().set_administrator(&root.user, true).await.unwrap();

    // One was a member, and was put out.
    let (mut of_gone, _) = Client::joined(port, &gone.token, &ana.room).await;
    of_bo.invite(&ana.room, &[&gone]).await.unwrap();
    assert_eq!(of_gone.accept(&ana.room).await, group);
    of_gone.join(&group).await.unwrap();
    assert!(matches!(of_gone.command(&group, Command::Watch { keep: None }).await, Ok(Outcome::Watching { .. })));
    of_bo.command(&group, Command::Remove { user: gone.user.clone() }).await.unwrap();
    let out = of_gone.event("being out", |event| match event {
        Event::Removed { reason } => Some(*reason),
        _ => None,
    });
    assert_eq!(out.await, RemovedReason::Removed);
    of_gone.forget();

    // Everybody watches the room with open ears while the group talks.
    let mut ears = vec![of_gone];
    for one in [&viewer, &blocked, &root] {
        ears.push(Client::joined(port, &one.token, &ana.room).await.0);
    }
    ears.push(Client::joined(port, &ana.token, &ana.room).await.0);
    of_bo.person(PersonCommand::Block { user: blocked.user.clone() }).await;
    let secret = "the owl flies at midnight";
    let named = Command::Send {
        text: secret.to_owned(),
        reply_to: None,
        nonce: "n1".to_owned(),
        mentions: vec![viewer.user.clone(), gone.user.clone(), cy.user.clone()],
        float: None,
        media_ms: None,
        carries: None,
        moment: None,
    };
    of_bo.command(&group, named).await.unwrap();
    assert_eq!(of_cy.message().await.1, secret);
    of_cy.command(&group, groups(Group::Depart)).await.unwrap();
    of_bo.standing("that one has left", |group| group.members.len() == 1).await;

    let unknown = SpaceId::parse("group_never").unwrap();
    for (client, who) in ears.iter_mut().zip([&gone, &viewer, &blocked, &root, &ana]) {
        for command in everything(&bo) {
            let answers =
                (client.command(&group, command.clone()).await, client.command(&unknown, command.clone()).await);
            assert_eq!(answers.0, Err(Rejection::NotFound), "{command:?}");
            assert_eq!(answers.0, answers.1);
        }
        for (method, path) in [
            ("GET", "/api/rooms/{}/messages"),
            ("GET", "/api/rooms/{}"),
            ("GET", "/api/rooms/{}/watch"),
            ("GET", "/api/rooms/{}/picture"),
            ("GET", "/api/rooms/{}/videos"),
            ("GET", "/api/rooms/{}/reports"),
            ("GET", "/api/rooms/{}/audit"),
            ("GET", "/hls/{}/pass/index.m3u8"),
            ("POST", "/api/spaces/{}/commands"),
        ] {
            let body = (method == "POST").then(|| json!({"kind": "list_members"}));
            let of = async |space: &SpaceId| {
                let path = path.replace("{}", space.as_str());
                ask(port, method, &path, Some(&who.token), body.as_ref()).await
            };
            let (known, never) = (of(&group).await, of(&unknown).await);
            assert_eq!((known.status, &known.body), (never.status, &never.body), "{method} {path}");
            assert!(known.status >= 400, "{method} {path}: {known:?}");
        }
        let mine = ask(port, "GET", "/api/groups", Some(&who.token), None).await.json();
        assert_eq!(mine, json!({"groups": []}));
    }

    // Nothing of it is anywhere where others look.
    for path in ["/api/live", "/api/rooms", "/metrics", "/api/audit", "/api/reports"] {
        let seen = ask(port, "GET", path, Some(&root.token), None).await;
        assert_eq!(seen.status, 200, "{path}");
        assert!(!seen.body.contains(group.as_str()) && !seen.body.contains("owl"), "{path}: {}", seen.body);
    }
    for (number, client) in ears.iter_mut().enumerate() {
        // What comes after everything else has come.
        client.command(&ana.room, Command::ListMembers { after: None }).await.unwrap();
        for frame in client.arrived() {
            let text = serde_json::to_string(frame).unwrap();
            assert!(!text.contains(group.as_str()) && !text.contains("owl"), "{number}: {text}");
        }
    }

    // Media: whoever was put out hears nothing any more.
    until("no leg is left", async || server.running().node.media().sfu().stats().legs_subscribing == 0).await;
}

async fn until(what: &str, passes: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !passes().await {
        assert!(start.elapsed() < PATIENCE, "{what}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_accepts_twice_at_once_is_in_one_group() {
    let server = Server::start().await;
    let port = server.port();
    let (ana, bo, cy, dee) = (
        server.sign_up("ana").await,
        server.sign_up("bo").await,
        server.sign_up("cy").await,
        server.sign_up("dee").await,
    );
    // Dee is in two rooms, and is asked in both.
    let (mut of_bo, _) = Client::joined(port, &bo.token, &ana.room).await;
    let (mut of_cy, _) = Client::joined(port, &cy.token, &bo.room).await;
    let (mut of_dee, _) = Client::joined(port, &dee.token, &ana.room).await;
    of_dee.join(&bo.room).await.unwrap();
    of_bo.invite(&ana.room, &[&dee]).await.unwrap();
    let one = of_dee.invitation().await;
    of_cy.invite(&bo.room, &[&dee]).await.unwrap();
    let other = of_dee.invitation().await;
    let accept = |invitation: &InvitationId| groups(Group::Answer { invitation: invitation.clone(), accept: true });
    let first = of_dee.give(&ana.room, accept(&one)).await;
    let second = of_dee.give(&bo.room, accept(&other)).await;
    let answers = [of_dee.reply(first).await, of_dee.reply(second).await];
    let joined = answers.iter().filter(|answer| matches!(answer, Ok(Outcome::GroupJoined { .. }))).count();
    let declined = answers.iter().filter(|answer| **answer == Err(Rejection::AlreadyInGroup)).count();
    assert_eq!((joined, declined), (1, 1), "{answers:?}");
    assert_eq!(
        server.running().node.store().groups().going_on(None).await.unwrap().len(),
        1,
        "and no other is left behind"
    );
}

#[tokio::test]
async fn a_group_goes_to_another_room_and_survives_the_server() {
    let World { server, ana, bo, cy, mut of_bo, mut of_cy, group } = World::new().await;
    let to = Destination::LiveRoom { room: cy.room.clone() };
    of_bo.command(&group, groups(Group::Move { to })).await.unwrap();
    of_cy.standing("the wish", |group| group.proposal.is_some()).await;
    of_cy.command(&group, groups(Group::AnswerMove { accept: true })).await.unwrap();
    let users = of_cy
        .event("that they go", |event| match event {
            Event::Groups { event: GroupEvent::Moved { content: Content::LiveRoom { room, .. }, users } } => {
                (*room == cy.room).then(|| users.clone())
            }
            _ => None,
        })
        .await;
    assert_eq!(users, [bo.user.clone(), cy.user.clone()]);
    // A room that one may not see is no place to go.
    let hidden = Destination::LiveRoom { room: SpaceId::parse("room_never").unwrap() };
    assert_eq!(of_bo.command(&group, groups(Group::Move { to: hidden })).await, Err(Rejection::NotFound));
    of_bo.command(&group, send("before", "n1")).await.unwrap();

    let folder = server.stop().await;
    let server = Server::on(folder, |_| {}).await;
    let (mut of_cy, _) = Client::joined(server.port(), &cy.token, &group).await;
    let snapshot = of_cy
        .event("everything", |event| match event {
            Event::Snapshot { snapshot } => Some(snapshot.clone()),
            _ => None,
        })
        .await;
    let standing = snapshot.group.expect("it is a group");
    assert_eq!((standing.members.len(), &standing.owner, standing.playing), (2, &bo.user, false));
    assert_eq!(snapshot.messages[0].text, "before");
    assert_eq!(snapshot.stage_requests, None);

    // The host of the room it went to sees that it is there, and no more; whoever ends it is in the log of that room.
    let (mut host, _) = Client::joined(server.port(), &cy.token, &cy.room).await;
    let report = Command::Report { user: bo.user.clone(), position: Some(1), reason: "rude".to_owned() };
    of_cy.command(&group, report).await.unwrap();
    let Ok(Outcome::Groups { groups: here }) = host.command(&cy.room, groups(Group::List)).await else { panic!() };
    assert_eq!((here.len(), &here[0].group, here[0].members, here[0].reports), (1, &group, 2, 1));
    let reports = format!("/api/rooms/{}/reports", cy.room);
    let reports = ask(server.port(), "GET", &reports, Some(&cy.token), None).await.json();
    assert_eq!(
        (&reports["reports"][0]["message"]["text"], &reports["reports"][0]["group"]),
        (&json!("before"), &json!(group))
    );
    let elsewhere =
        Client::joined(server.port(), &ana.token, &ana.room).await.0.command(&ana.room, groups(Group::List)).await;
    assert_eq!(elsewhere, Ok(Outcome::Groups { groups: Vec::new() }));
    host.command(&cy.room, groups(Group::Dissolve { group: Some(group.clone()) })).await.unwrap();
    of_cy.event("the end", |event| matches!(event, Event::Ended { .. }).then_some(())).await;
    let audit = format!("/api/rooms/{}/audit", cy.room);
    let audit = ask(server.port(), "GET", &audit, Some(&cy.token), None).await.json();
    assert_eq!(audit["entries"][0]["action"], "dissolve_group");

    // It is archived for who was in it to the end.
    let messages = format!("/api/rooms/{group}/messages");
    assert_eq!(
        ask(server.port(), "GET", &messages, Some(&bo.token), None).await.json()["messages"][0]["text"],
        "before"
    );
    let mine: Value = ask(server.port(), "GET", "/api/groups", Some(&bo.token), None).await.json();
    assert!(mine["groups"][0]["ended_ms"].is_u64(), "{mine}");
    assert_eq!(ask(server.port(), "GET", &messages, Some(&ana.token), None).await.status, 404);
}

#[tokio::test]
async fn who_blocked_or_opted_out_is_unavailable_and_friends_are_suggested() {
    let server = Server::start().await;
    let port = server.port();
    let (ana, bo, cy, dee, eve) = (
        server.sign_up("ana").await,
        server.sign_up("bo").await,
        server.sign_up("cy").await,
        server.sign_up("dee").await,
        server.sign_up("eve").await,
    );
    let (mut of_bo, _) = Client::joined(port, &bo.token, &ana.room).await;
    let (mut of_cy, _) = Client::joined(port, &cy.token, &ana.room).await;
    let (mut of_dee, _) = Client::joined(port, &dee.token, &ana.room).await;
    let (_of_eve, _) = Client::joined(port, &eve.token, &ana.room).await;
    of_bo.person(PersonCommand::Follow { user: dee.user.clone() }).await;
    of_dee.person(PersonCommand::Follow { user: bo.user.clone() }).await;
    of_bo.person(PersonCommand::Follow { user: cy.user.clone() }).await;
    of_cy.person(PersonCommand::Block { user: bo.user.clone() }).await;
    let prefer = json!({"group_invitations": false});
    assert_eq!(ask(port, "PUT", "/api/me/preferences", Some(&eve.token), Some(&prefer)).await.status, 200);

    let suggest = groups(Group::Suggest { sources: Vec::new() });
    let Ok(Outcome::Suggestions { suggestions }) = of_bo.command(&ana.room, suggest).await else { panic!() };
    let suggested: Vec<&str> = suggestions.iter().map(|one| one.profile.id.as_str()).collect();
    assert_eq!(suggested, [dee.user.as_str()], "not whoever blocked the asker, nor who opted out");
    let Err(Rejection::NobodyInvited { users }) = of_bo.invite(&ana.room, &[&cy, &eve]).await else { panic!() };
    assert!(users.iter().all(|one| one.reason == NotInvited::Unavailable), "{users:?}");
    assert!(of_cy.arrived().all(|frame| !matches!(frame, ServerFrame::Event { event: Event::Groups { .. }, .. })));
}
