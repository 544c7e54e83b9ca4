//! Discussion groups on the real server: from the invitation to the last word, and that nobody else hears any of it.

use crate::http::ask;
use crate::support::{Client, Server, Somebody, send};
use hearth_protocol::discussion_groups::{Command as Group, Event as GroupEvent, Group as Standing, InvitationState};
use hearth_protocol::ids::{InvitationId, SpaceId};
use hearth_protocol::media::{Source, SourceOfMid};
use hearth_protocol::space::RemovedReason;
use hearth_protocol::{Command, Event, Outcome, Rejection};

fn groups(wants: Group) -> Command {
    Command::Groups { wants }
}

impl Client {
    async fn invite(&mut self, room: &SpaceId, users: &[&Somebody]) -> Result<Outcome, Rejection> {
        let users = users.iter().map(|one| one.user.clone()).collect();
        self.command(room, groups(Group::Invite { users })).await
    }

    async fn invitation(&mut self) -> InvitationId {
        self.event("an invitation", |event| match event {
            Event::Groups { event: GroupEvent::Invitation { invitation } } => Some(invitation.id.clone()),
            _ => None,
        })
        .await
    }

    async fn answer(&mut self, room: &SpaceId, invitation: &InvitationId, accept: bool) -> Result<Outcome, Rejection> {
        self.command(room, groups(Group::Answer { invitation: invitation.clone(), accept })).await
    }

    async fn accept(&mut self, room: &SpaceId) -> SpaceId {
        let invitation = self.invitation().await;
        let outcome = self.answer(room, &invitation, true).await.unwrap();
        let Outcome::GroupJoined { group } = outcome else { panic!("{outcome:?}") };
        group
    }

    async fn join(&mut self, space: &SpaceId) -> Result<Outcome, Rejection> {
        self.command(space, Command::Join { resume: None }).await
    }

    async fn standing(&mut self, what: &str, passes: impl Fn(&Standing) -> bool) -> Standing {
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
