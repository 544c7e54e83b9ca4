//! Host visits as their people meet them: two rooms with real media, from the request to the way home.

use crate::http::ask;
use crate::peers::{Line, Peers, until};
use crate::support::{Client, Server, Somebody, send};
use hearth_protocol::host_visits::{
    Command as Wants, Conditions, EndReason, Event as VisitEvent, InvitationState, Phase, Request, Visit, Way,
};
use hearth_protocol::ids::{SpaceId, VisitId};
use hearth_protocol::live_rooms::{About, Broadcast};
use hearth_protocol::{Command, Event, Outcome, PersonEvent, Rejection, ServerFrame};
use serde_json::json;

/// A host who is live, with an audience that watches.
struct Room {
    somebody: Somebody,
    host: Client,
    line: Option<Line>,
    audience: Vec<(Client, Line)>,
}

impl Room {
    fn id(&self) -> &SpaceId {
        &self.somebody.room
    }

    async fn live(server: &Server, peers: &Peers, name: &str, viewers: usize) -> Self {
        let mut room = Self::open(server, name).await;
        room.line = Some(peers.go_live(&mut room.host, &room.somebody.room).await);
        for number in 0..viewers {
            let viewer = server.sign_up(&format!("{name}-{number}")).await;
            let (mut client, _) = Client::joined(server.port(), &viewer.token, room.id()).await;
            let line = peers.watch(&mut client, room.id()).await;
            room.audience.push((client, line));
        }
        room
    }

    /// A host who is in their room, bakes, and may be asked for visits.
    async fn open(server: &Server, name: &str) -> Self {
        let somebody = server.sign_up(name).await;
        let about = About { category: "Baking".to_owned(), title: format!("{name} bakes"), ..About::default() };
        let opted_in = json!({"host_visits": true});
        let answer = ask(server.port(), "PUT", "/api/me/preferences", Some(&somebody.token), Some(&opted_in)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let (mut host, _) = Client::joined(server.port(), &somebody.token, &somebody.room).await;
        host.command(&somebody.room, Command::SetAbout { about }).await.unwrap();
        Self { somebody, host, line: None, audience: Vec::new() }
    }

    async fn want(&mut self, wants: Wants) -> Result<Outcome, Rejection> {
        self.host.command(&self.somebody.room, Command::Visits { wants }).await
    }
}

fn baking() -> Conditions {
    Conditions { category: Some("baking".to_owned()), ..Conditions::default() }
}

fn invite(duration_s: u32) -> Wants {
    Wants::Invite { conditions: baking(), wanted: 1, duration_s, offer: String::new(), hosts: Vec::new() }
}

async fn visit(client: &mut Client, passes: impl Fn(&Visit) -> bool) -> Visit {
    client
        .event("a visit", |event| match event {
            Event::Visits { event: VisitEvent::Visit { visit } } => passes(visit).then(|| visit.clone()),
            _ => None,
        })
        .await
}

async fn under_way(client: &mut Client) -> Visit {
    visit(client, |visit| matches!(visit.phase, Phase::UnderWay { .. })).await
}

async fn ended(client: &mut Client) -> EndReason {
    client
        .event("the end of a visit", |event| match event {
            Event::Visits { event: VisitEvent::Ended { reason, .. } } => Some(*reason),
            _ => None,
        })
        .await
}

async fn broadcast(client: &mut Client, what: &str, passes: impl Fn(&Broadcast) -> bool) {
    client
        .event(what, |event| match event {
            Event::Broadcast { broadcast, .. } => passes(broadcast).then_some(()),
            _ => None,
        })
        .await
}

async fn invitation(client: &mut Client) -> VisitId {
    client
        .expect("an invitation", |frame| match frame {
            ServerFrame::Person { event: PersonEvent::VisitInvitation { invitation }, .. } => {
                Some(invitation.visit.clone())
            }
            _ => None,
        })
        .await
}

async fn request(client: &mut Client, passes: impl Fn(&Request) -> bool) -> Request {
    client
        .event("how the request stands", |event| match event {
            Event::Visits { event: VisitEvent::Request { request } } => passes(request).then(|| request.clone()),
            _ => None,
        })
        .await
}

async fn join(client: &mut Client, room: &SpaceId) -> Box<hearth_protocol::space::Snapshot> {
    client.command(room, Command::Join { resume: None }).await.unwrap();
    client
        .event("a snapshot", |event| match event {
            Event::Snapshot { snapshot } if snapshot.you.guest_from.is_some() => Some(snapshot.clone()),
            _ => None,
        })
        .await
}

/// The invited host comes, and the visit begins in both rooms.
async fn begin(asking: &mut Room, asked: &mut Room, way: Way) -> VisitId {
    let outcome = asking.want(invite(600)).await;
    assert!(matches!(outcome, Ok(Outcome::VisitRequested { .. })), "{outcome:?}");
    let visit = invitation(&mut asked.host).await;
    asked.want(Wants::Answer { visit: visit.clone(), accept: Some(way) }).await.unwrap();
    under_way(&mut asking.host).await;
    under_way(&mut asked.host).await;
    visit
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_comes_with_their_audience_and_everybody_is_at_home_again() {
    let server = Server::start().await;
    let peers = Peers::of(&server);
    let mut ana = Room::live(&server, &peers, "ana", 1).await;
    let mut bo = Room::live(&server, &peers, "bo", 2).await;

    let outcome = ana.want(Wants::Candidates { conditions: baking() }).await.unwrap();
    let Outcome::VisitCandidates { candidates } = outcome else { panic!("{outcome:?}") };
    assert_eq!(candidates.len(), 1);
    assert_eq!((&candidates[0].host.id, candidates[0].live), (&bo.somebody.user, true));

    let visit = begin(&mut ana, &mut bo, Way::Watching).await;
    let state = request(&mut ana.host, |request| request.over).await.invited[0].state;
    assert_eq!(state, InvitationState::Accepted);
    broadcast(&mut bo.host, "bo's broadcast pauses", |one| matches!(one, Broadcast::Paused { .. })).await;

    // Bo's audience is at home, and a guest at Ana's besides: it watches there, and the chats are side by side.
    let (mut stays, _) = bo.audience.pop().unwrap();
    let (mut comes, home_line) = bo.audience.pop().unwrap();
    under_way(&mut comes).await;
    let snapshot = join(&mut comes, ana.id()).await;
    assert_eq!(snapshot.you.guest_from.as_ref(), Some(bo.id()));
    assert_eq!(snapshot.visits.len(), 1);
    comes.command(bo.id(), Command::Unwatch).await.unwrap();
    let there = peers.watch(&mut comes, ana.id()).await;
    until("sound of Ana's stage", || there.packets() > 20).await;
    let (mut watches_ana, _line) = ana.audience.pop().unwrap();
    under_way(&mut watches_ana).await;
    join(&mut watches_ana, bo.id()).await;
    comes.command(ana.id(), send("hello from bo's", "n1")).await.unwrap();
    assert_eq!(ana.host.message().await.1, "hello from bo's");
    stays.command(bo.id(), send("good that you read along", "n1")).await.unwrap();
    assert_eq!(watches_ana.message().await.1, "hello from bo's");
    assert_eq!(watches_ana.message().await.1, "good that you read along");
    let still = home_line.packets();

    // Bo ends it: the guests are out without having to do anything, and Bo's broadcast goes on as the same one.
    bo.want(Wants::End { visit: visit.clone() }).await.unwrap();
    assert_eq!(ended(&mut ana.host).await, EndReason::Host);
    assert_eq!(ended(&mut comes).await, EndReason::Host);
    assert_eq!(comes.command(ana.id(), send("still there?", "n2")).await, Err(Rejection::NotJoined));
    broadcast(&mut bo.host, "bo is waited for", |one| matches!(one, Broadcast::Interrupted { .. })).await;
    bo.line = Some(peers.go_live(&mut bo.host, &bo.somebody.room).await);
    assert_eq!(home_line.packets(), still, "nothing of Bo's was sent while Bo was away");
    let home = peers.watch(&mut comes, bo.id()).await;
    until("sound of Bo's stage", || home.packets() > 20).await;

    // Both find it in the ledger, and nobody else does.
    server.running().node.store().writes().settled().await;
    for (somebody, others) in [(&ana.somebody, &bo.somebody), (&bo.somebody, &ana.somebody)] {
        let ledger = ask(server.port(), "GET", "/api/visits", Some(&somebody.token), None).await.json();
        assert_eq!(ledger["visits"][0]["id"], visit.as_str(), "{ledger}");
        assert_eq!(ledger["visits"][0]["people"], 1);
        assert!(ledger["visits"][0]["ended_ms"].is_u64());
        let thanks = format!("/api/visits/{visit}/thanks");
        for _ in 0..2 {
            assert_eq!(ask(server.port(), "POST", &thanks, Some(&somebody.token), None).await.status, 204);
        }
        let ledger = ask(server.port(), "GET", "/api/visits", Some(&others.token), None).await.json();
        let thanked = ledger["visits"][0]["thanked_by"].as_array().unwrap().clone();
        assert!(thanked.contains(&json!(somebody.user.as_str())), "{thanked:?}");
    }
    let outcome = ana.want(Wants::Candidates { conditions: baking() }).await.unwrap();
    let Outcome::VisitCandidates { candidates } = outcome else { panic!("{outcome:?}") };
    assert_eq!(candidates[0].standing, 2, "a visit kept, and one received thanks");
}
