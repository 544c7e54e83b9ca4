//! What stories of host visits share: rooms whose hosts are live, and the steps of a visit.

use crate::http::ask;
use crate::peers::{Line, Peers};
use crate::support::{Client, Server, Somebody};
use hearth_protocol::host_visits::{
    Command as Wants, Conditions, EndReason, Event as VisitEvent, Phase, Request, Saving, Visit, Way,
};
use hearth_protocol::ids::{SpaceId, UserId, VisitId};
use hearth_protocol::live_rooms::{About, Broadcast};
use hearth_protocol::{Command, Event, Outcome, PersonEvent, Rejection, ServerFrame};
use serde_json::json;

/// A host who is live, with an audience that watches.
pub struct Room {
    pub somebody: Somebody,
    pub host: Client,
    pub line: Option<Line>,
    pub audience: Vec<(Client, Line)>,
}

impl Room {
    pub fn id(&self) -> &SpaceId {
        &self.somebody.room
    }

    pub async fn live(server: &Server, peers: &Peers, name: &str, viewers: usize) -> Self {
        let host = server.sign_up(name).await;
        let mut audience = Vec::new();
        for number in 0..viewers {
            audience.push(server.sign_up(&format!("{name}-{number}")).await);
        }
        Self::of(server.port(), peers, host, &audience).await
    }

    /// The same with people who are known already, at the server on this port.
    pub async fn of(port: u16, peers: &Peers, host: Somebody, audience: &[Somebody]) -> Self {
        let mut room = Self::open(port, host).await;
        room.line = Some(peers.go_live(&mut room.host, &room.somebody.room).await);
        for viewer in audience {
            let (mut client, _) = Client::joined(port, &viewer.token, room.id()).await;
            let line = peers.watch(&mut client, room.id()).await;
            room.audience.push((client, line));
        }
        room
    }

    /// A host who is in their room, bakes, and may be asked for visits.
    pub async fn open(port: u16, somebody: Somebody) -> Self {
        let about = About { category: "Baking".to_owned(), title: "Fire".to_owned(), ..About::default() };
        let opted_in = json!({"host_visits": true});
        let answer = ask(port, "PUT", "/api/me/preferences", Some(&somebody.token), Some(&opted_in)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let (mut host, _) = Client::joined(port, &somebody.token, &somebody.room).await;
        host.command(&somebody.room, Command::SetAbout { about }).await.unwrap();
        Self { somebody, host, line: None, audience: Vec::new() }
    }

    pub async fn want(&mut self, wants: Wants) -> Result<Outcome, Rejection> {
        self.host.command(&self.somebody.room, Command::Visits { wants }).await
    }
}

pub fn baking() -> Conditions {
    Conditions { category: Some("baking".to_owned()), ..Conditions::default() }
}

/// Asks these hosts for a visit, or whoever meets the conditions.
pub fn invite(hosts: &[&UserId]) -> Wants {
    let hosts = hosts.iter().copied().cloned().collect();
    Wants::Invite { conditions: baking(), wanted: 1, duration_s: 600, offer: String::new(), hosts }
}

pub async fn visit(client: &mut Client, passes: impl Fn(&Visit) -> bool) -> Visit {
    client
        .event("a visit", |event| match event {
            Event::Visits { event: VisitEvent::Visit { visit } } => passes(visit).then(|| visit.clone()),
            _ => None,
        })
        .await
}

pub async fn under_way(client: &mut Client) -> Visit {
    visit(client, |visit| matches!(visit.phase, Phase::UnderWay { .. })).await
}

pub async fn ended(client: &mut Client) -> EndReason {
    client
        .event("the end of a visit", |event| match event {
            Event::Visits { event: VisitEvent::Ended { reason, .. } } => Some(*reason),
            _ => None,
        })
        .await
}

pub async fn broadcast(client: &mut Client, what: &str, passes: impl Fn(&Broadcast) -> bool) {
    client
        .event(what, |event| match event {
            Event::Broadcast { broadcast, .. } => passes(broadcast).then_some(()),
            _ => None,
        })
        .await
}

pub async fn invitation(client: &mut Client) -> VisitId {
    client
        .expect("an invitation", |frame| match frame {
            ServerFrame::Person { event: PersonEvent::VisitInvitation { invitation }, .. } => {
                Some(invitation.visit.clone())
            }
            _ => None,
        })
        .await
}

pub async fn request(client: &mut Client, passes: impl Fn(&Request) -> bool) -> Request {
    client
        .event("how the request stands", |event| match event {
            Event::Visits { event: VisitEvent::Request { request } } => passes(request).then(|| request.clone()),
            _ => None,
        })
        .await
}

pub async fn join(client: &mut Client, room: &SpaceId) -> Box<hearth_protocol::space::Snapshot> {
    client.command(room, Command::Join { resume: None, as_guest: true }).await.unwrap();
    client
        .event("a snapshot", |event| match event {
            Event::Snapshot { snapshot } if snapshot.you.guest_from.is_some() => Some(snapshot.clone()),
            _ => None,
        })
        .await
}

/// The invited host comes, and the visit begins in both rooms.
pub async fn begin(asking: &mut Room, asked: &mut Room, way: Way) -> VisitId {
    let outcome = asking.want(invite(&[])).await;
    assert!(matches!(outcome, Ok(Outcome::VisitRequested { .. })), "{outcome:?}");
    let visit = invitation(&mut asked.host).await;
    asked.want(Wants::Answer { visit: visit.clone(), accept: Some(way) }).await.unwrap();
    under_way(&mut asking.host).await;
    under_way(&mut asked.host).await;
    visit
}

/// What a host is told a visit saves.
pub async fn saving(client: &mut Client, passes: impl Fn(&Saving) -> bool) -> Saving {
    client
        .event("what is saved", |event| match event {
            Event::Visits { event: VisitEvent::Saving { saving, .. } } => passes(saving).then_some(*saving),
            _ => None,
        })
        .await
}
