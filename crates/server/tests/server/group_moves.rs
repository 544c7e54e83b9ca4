//! Where a group goes, and who hears of it; and what is left of one when the server is killed.

use crate::groups::groups;
use crate::http::ask;
use crate::process::{self, Program};
use crate::support::{Client, Folder, Server, Somebody, send, sign_in, sign_up};
use crate::videos::film as film_of;
use hearth_protocol::discussion_groups::{Command as Group, Content, Destination, Event as GroupEvent};
use hearth_protocol::ids::{SpaceId, VideoId};
use hearth_protocol::live_rooms::{About, Entry};
use hearth_protocol::videos::VideoState;
use hearth_protocol::{Command, Event, Rejection};
use hearth_server::{clock, fresh};
use serde_json::json;

/// A guest of the server, signed in; `invited_to`: with a guest link of this room.
async fn guest(server: &Server, name: &str, invited_to: Option<&SpaceId>) -> Somebody {
    let room = SpaceId::parse("room_none").unwrap();
    let guest = Somebody { user: fresh::user(), room, token: fresh::secret() };
    let store = server.running().node.store();
    store.accounts().create_guest(&guest.user, name, invited_to, clock::now().0).await.unwrap();
    sign_in(store, &guest).await;
    guest
}

async fn lets_in(host: &mut Client, room: &SpaceId, entry: Entry) {
    let about = About { title: "The quiet kiln".to_owned(), entry, ..About::default() };
    host.command(room, Command::SetAbout { about }).await.unwrap();
}

fn to_room(room: &SpaceId) -> Command {
    groups(Group::Move { to: Destination::LiveRoom { room: room.clone() } })
}

fn to_film(video: &VideoId) -> Command {
    groups(Group::Move { to: Destination::Video { video: video.clone() } })
}

/// Ana's room, with somebody in it, and a group of these people that all of them are in.
async fn group_of(server: &Server, room: &SpaceId, people: &[&Somebody]) -> (SpaceId, Vec<Client>) {
    let mut clients = Vec::new();
    for one in people {
        clients.push(Client::joined(server.port(), &one.token, room).await.0);
    }
    let (first, others) = clients.split_first_mut().unwrap();
    first.invite(room, &people[1..]).await.unwrap();
    let mut group = None;
    for other in others {
        group = Some(other.accept(room).await);
    }
    let group = group.unwrap();
    for client in &mut clients {
        client.join(&group).await.unwrap();
    }
    (group, clients)
}

#[tokio::test]
async fn nobody_takes_a_group_where_they_may_not_go_themselves() {
    let server = Server::start().await;
    let (ana, bo, cy) = (server.sign_up("ana").await, server.sign_up("bo").await, server.sign_up("cy").await);
    let (gil, hal) = (guest(&server, "Gil", None).await, guest(&server, "Hal", Some(&cy.room)).await);
    let port = server.port();
    let (mut of_cy, _) = Client::joined(port, &cy.token, &cy.room).await;
    let (mut of_ana, _) = Client::joined(port, &ana.token, &ana.room).await;
    let film = film_of(&server, &cy, "kiln", VideoState::Ready).await;
    let unfinished = film_of(&server, &cy, "unfinished", VideoState::Recording).await;
    let (group, mut members) = group_of(&server, &ana.room, &[&bo, &gil, &hal]).await;
    let nowhere = (SpaceId::parse("room_never").unwrap(), VideoId::parse("video_never").unwrap());

    // Gil is a guest of nobody's; Hal has a link of Cy's; Bo has an account.
    for (entry, may) in
        [(Entry::Open, [true, true, true]), (Entry::Link, [true, false, true]), (Entry::Accounts, [true, false, false])]
    {
        lets_in(&mut of_cy, &cy.room, entry).await;
        server.running().node.store().writes().settled().await;
        for (member, may) in members.iter_mut().zip(may) {
            for (to, never) in [(to_room(&cy.room), to_room(&nowhere.0)), (to_film(&film), to_film(&nowhere.1))] {
                let answer = member.command(&group, to).await;
                if may {
                    assert_ne!(answer, Err(Rejection::NotFound), "{entry:?}");
                } else {
                    assert_eq!(answer, member.command(&group, never).await, "{entry:?}");
                    assert_eq!(answer, Err(Rejection::NotFound));
                }
            }
        }
        // Everybody declines what was proposed: it is not gone to.
        for member in &mut members {
            let _ = member.command(&group, groups(Group::AnswerMove { accept: false })).await;
        }
    }
    let bo_goes = &mut members[0];
    for to in [to_film(&unfinished), to_room(&nowhere.0)] {
        assert_eq!(bo_goes.command(&group, to).await, Err(Rejection::NotFound));
    }
    // Who is banned there goes nowhere near it.
    lets_in(&mut of_cy, &cy.room, Entry::Open).await;
    of_cy.command(&cy.room, Command::Ban { user: bo.user.clone() }).await.unwrap();
    server.running().node.store().writes().settled().await;
    for to in [to_room(&cy.room), to_film(&film)] {
        assert_eq!(bo_goes.command(&group, to).await, Err(Rejection::NotFound));
    }
    // And nobody but a member takes it anywhere.
    assert_eq!(of_ana.command(&group, to_film(&film)).await, Err(Rejection::NotFound));
}

#[tokio::test]
async fn a_member_hears_nothing_of_what_they_may_not_see() {
    let server = Server::start().await;
    let (ana, bo, cy) = (server.sign_up("ana").await, server.sign_up("bo").await, server.sign_up("cy").await);
    let gil = guest(&server, "Gil", None).await;
    let port = server.port();
    let (mut of_cy, _) = Client::joined(port, &cy.token, &cy.room).await;
    lets_in(&mut of_cy, &cy.room, Entry::Accounts).await;
    let film = film_of(&server, &cy, "kiln", VideoState::Ready).await;
    let (group, mut members) = group_of(&server, &ana.room, &[&bo, &gil, &cy]).await;
    let mut of_cy = members.pop().unwrap();
    let (mut of_gil, mut of_bo) = (members.pop().unwrap(), members.pop().unwrap());

    for (to, seen) in [(to_room(&cy.room), "The quiet kiln"), (to_film(&film), "kiln")] {
        of_bo.command(&group, to).await.unwrap();
        let asked = of_cy.standing("the wish", |group| group.proposal.is_some()).await;
        assert_eq!(asked.proposal.unwrap().declined, std::slice::from_ref(&gil.user), "they are not asked");
        let accept = |accept| groups(Group::AnswerMove { accept });
        assert_eq!(of_gil.command(&group, accept(true)).await, Err(Rejection::NotFound));
        of_cy.command(&group, accept(true)).await.unwrap();
        for client in [&mut of_bo, &mut of_cy] {
            let there = client
                .event("that they go", |event| match event {
                    Event::Groups { event: GroupEvent::Moved { content, .. } } => Some(content.clone()),
                    _ => None,
                })
                .await;
            assert!(serde_json::to_string(&there).unwrap().contains(seen), "{there:?}");
        }
        of_bo
            .standing("that they are there", |group| {
                group.content.as_ref().is_some_and(|content| serde_json::to_string(content).unwrap().contains(seen))
            })
            .await;
        // Gil stays a member, talks with the others, and hears of nothing to watch.
        let there = of_gil.standing("nothing to watch", |group| group.content.is_none()).await;
        assert_eq!((there.members.len(), there.playing), (3, false));
        of_bo.command(&group, send(seen.split(' ').next().unwrap(), seen)).await.unwrap();
        of_gil.message().await;
        of_gil.forget();
    }
    // Nor when they come again, over HTTP, or after the server was begun anew.
    let nothing_of_it = |text: String| assert!(!text.contains("kiln") && !text.contains(cy.room.as_str()), "{text}");
    let mine = async |port: u16, token: &str| ask(port, "GET", "/api/groups", Some(token), None).await.json();
    let watched = mine(port, &gil.token).await;
    assert_eq!(
        (watched["groups"][0]["id"].as_str(), &watched["groups"][0]["content"]),
        (Some(group.as_str()), &json!(null))
    );
    assert_eq!(mine(port, &bo.token).await["groups"][0]["content"]["title"], "kiln");
    drop((of_gil, of_bo, of_cy));
    let folder = server.stop().await;
    let server = Server::on(folder, |_| {}).await;
    for (who, sees) in [(&gil, false), (&bo, true)] {
        let (mut again, _) = Client::joined(server.port(), &who.token, &group).await;
        let snapshot = again
            .event("everything", |event| match event {
                Event::Snapshot { snapshot } => Some(snapshot.clone()),
                _ => None,
            })
            .await;
        let seen = snapshot.group.unwrap();
        assert_eq!(seen.content.is_some(), sees);
        if !sees {
            nothing_of_it(serde_json::to_string(&seen).unwrap());
            let path = format!("/api/videos/{film}");
            assert_eq!(ask(server.port(), "GET", &path, Some(&who.token), None).await.status, 404);
        }
        again.command(&group, Command::Leave).await.unwrap();
    }
}

#[tokio::test]
async fn who_is_the_only_one_to_see_it_takes_nobody_there() {
    let server = Server::start().await;
    let (ana, bo) = (server.sign_up("ana").await, server.sign_up("bo").await);
    let gil = guest(&server, "Gil", None).await;
    let (mut of_bo, _) = Client::joined(server.port(), &bo.token, &bo.room).await;
    lets_in(&mut of_bo, &bo.room, Entry::Accounts).await;
    server.running().node.store().writes().settled().await;
    let (group, mut members) = group_of(&server, &ana.room, &[&bo, &gil]).await;
    assert_eq!(members[0].command(&group, to_room(&bo.room)).await, Err(Rejection::Forbidden));
    // Alone they go.
    members[1].command(&group, Command::Leave).await.unwrap();
    members[0].standing("that one is away", |group| group.members.iter().any(|one| !one.here)).await;
    members[0].command(&group, to_room(&bo.room)).await.unwrap();
    members[0]
        .standing("there", |group| matches!(&group.content, Some(Content::LiveRoom { room, .. }) if *room == bo.room))
        .await;
}

#[tokio::test]
async fn a_server_that_is_killed_leaves_a_group_as_it_was_or_none() {
    let folder = Folder::new();
    let store = process::store(&folder.0).await;
    let mut people = Vec::new();
    for name in ["ana", "bo", "cy", "dee", "eve"] {
        people.push(sign_up(&store, name).await);
    }
    store.close().await;
    let [ana, bo, cy, dee, eve] = <[Somebody; 5]>::try_from(people).unwrap_or_else(|_| unreachable!());

    let mut program = Program::start(&folder.0);
    let enter = async |port: u16, who: &Somebody| Client::joined(port, &who.token, &ana.room).await.0;
    let (mut of_bo, mut of_cy) = (enter(program.port, &bo).await, enter(program.port, &cy).await);
    let (mut of_dee, mut of_eve) = (enter(program.port, &dee).await, enter(program.port, &eve).await);
    of_bo.invite(&ana.room, &[&cy]).await.unwrap();
    let group = of_cy.accept(&ana.room).await;
    for client in [&mut of_bo, &mut of_cy] {
        client.join(&group).await.unwrap();
    }
    of_bo.command(&group, send("kept", "n1")).await.unwrap();
    // The kill falls into whatever the server does with this acceptance.
    of_dee.invite(&ana.room, &[&eve]).await.unwrap();
    let invitation = of_eve.invitation().await;
    of_eve.give(&ana.room, groups(Group::Answer { invitation, accept: true })).await;
    program.child.kill().unwrap();
    drop((program, of_bo, of_cy, of_dee, of_eve));

    let program = Program::start(&folder.0);
    let port = program.port;
    let mine = async |who: &Somebody| {
        let mine = ask(port, "GET", "/api/groups", Some(&who.token), None).await.json();
        mine["groups"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(mine(&dee).await, mine(&eve).await, "both are in it, or there is none");
    assert_eq!((mine(&bo).await, mine(&cy).await), (vec![group.to_string()], vec![group.to_string()]));
    let (mut of_bo, _) = Client::joined(port, &bo.token, &group).await;
    let (mut of_cy, _) = Client::joined(port, &cy.token, &group).await;
    let snapshot = of_cy
        .event("everything", |event| match event {
            Event::Snapshot { snapshot } => Some(snapshot.clone()),
            _ => None,
        })
        .await;
    let standing = snapshot.group.unwrap();
    assert_eq!((standing.owner, standing.members.len()), (bo.user.clone(), 2));
    assert_eq!(snapshot.messages[0].text, "kept");
    of_bo.command(&group, send("and on", "n2")).await.unwrap();
    assert_eq!(of_cy.message().await.1, "and on");
    for other in [&ana, &dee] {
        let (mut outside, _) = Client::joined(port, &other.token, &ana.room).await;
        assert_eq!(outside.join(&group).await, Err(Rejection::NotFound));
    }

    // Who is in it is in no other; who has left may be.
    let (mut of_ana, mut of_cy_there) = (enter(port, &ana).await, enter(port, &cy).await);
    let refused = of_ana.invite(&ana.room, &[&cy]).await;
    assert!(matches!(refused, Err(Rejection::NobodyInvited { .. })), "{refused:?}");
    of_cy.command(&group, groups(Group::Depart)).await.unwrap();
    of_cy_there
        .event("being in none", |event| match event {
            Event::Groups { event: GroupEvent::Yours { group } } => group.is_none().then_some(()),
            _ => None,
        })
        .await;
    of_ana.invite(&ana.room, &[&cy]).await.unwrap();
    assert_ne!(of_cy_there.accept(&ana.room).await, group);
}
