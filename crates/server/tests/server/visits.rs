//! Host visits as their people meet them: two rooms with real media, from the request to the way home.

use crate::http::ask;
use crate::peers::{Line, Peers, until};
use crate::process;
use crate::support::{Client, Folder, Server, Somebody, send, sign_up};
use crate::visiting::{Room, baking, begin, broadcast, ended, invite, join, request, under_way};
use hearth_protocol::host_visits::{Command as Wants, EndReason, InvitationState, Way};
use hearth_protocol::live_rooms::Broadcast;
use hearth_protocol::media::{Source, SourceOfMid};
use hearth_protocol::stage::StageStanding;
use hearth_protocol::{Command, Event, Outcome, PersonCommand, PersonEvent, Rejection, ServerFrame};
use hearth_server::fresh;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_host_comes_with_their_audience_and_everybody_is_at_home_again() {
    let server = Server::start().await;
    let peers = Peers::new();
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

async fn publishers(client: &mut Client, many: usize) {
    client
        .event("who is on the stage", |event| match event {
            Event::Stage { publishers } => (publishers.len() == many).then_some(()),
            _ => None,
        })
        .await;
}

/// Waits until a line has got something of all of these, from now on.
async fn gets(what: &str, line: &Line, of: &[&Line]) {
    let had: Vec<u64> = of.iter().map(|one| line.packets_of(one)).collect();
    until(what, || of.iter().zip(&had).all(|(one, had)| line.packets_of(one) > had + 20)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_on_the_stage_is_seen_by_both_audiences_and_by_the_host_they_visit() {
    let server = Server::start().await;
    let peers = Peers::new();
    let mut ana = Room::live(&server, &peers, "ana", 1).await;
    let mut bo = Room::live(&server, &peers, "bo", 1).await;
    let of_ana = ana.line.take().unwrap();
    // A host watches their own stage too: whoever comes onto it.
    let there = ana.id().clone();
    let leg = Peers::asks_to_watch(&mut ana.host, &there).await;

    let visit = begin(&mut ana, &mut bo, Way::OnStage).await;
    let snapshot = join(&mut bo.host, &there).await;
    assert_eq!(snapshot.your_stage, StageStanding::OnStage, "without being asked");
    let sees_ana = peers.watch(&mut bo.host, &there).await;
    let of_bo = peers.publish(&mut bo.host, &there).await;
    publishers(&mut ana.host, 2).await;
    let sees_bo = peers.receive(&mut ana.host, &there, leg).await;
    // Her answer was on its way when he came: she is told what is his all the same.
    ana.host
        .event("whose the picture is", |event| match event {
            Event::Mapped { tracks, .. } => tracks.iter().any(|track| track.leg == of_bo.leg).then_some(()),
            _ => None,
        })
        .await;
    gets("the visitor's picture at the host they visit", &sees_bo, &[&of_bo]).await;
    gets("her picture at the visitor's", &sees_ana, &[&of_ana]).await;
    let (mut of_audience, line) = ana.audience.pop().unwrap();
    peers.answer(&mut of_audience, &there, &line).await;
    gets("both pictures at the audience", &line, &[&of_ana, &of_bo]).await;
    let (mut comes, home) = bo.audience.pop().unwrap();
    under_way(&mut comes).await;
    join(&mut comes, &there).await;
    comes.command(bo.id(), Command::Unwatch).await.unwrap();
    let along = peers.watch(&mut comes, &there).await;
    gets("both pictures at the visitor's audience", &along, &[&of_ana, &of_bo]).await;
    assert_eq!((sees_bo.packets_of(&of_ana), sees_ana.packets_of(&of_bo)), (0, 0), "nobody is sent their own");
    drop(home);

    // While they visit they send there, and not at home; and somebody else of their audience has no seat.
    let outcome = bo.host.command(&bo.somebody.room, no_offer()).await;
    assert_eq!(outcome, Err(Rejection::Forbidden));
    assert_eq!(comes.command(&there, no_offer()).await, Err(Rejection::Forbidden));

    // Over: the visitor is off the stage, and live at home again.
    ana.want(Wants::End { visit }).await.unwrap();
    assert_eq!(ended(&mut comes).await, EndReason::Host);
    publishers(&mut ana.host, 1).await;
    broadcast(&mut bo.host, "bo is waited for", |one| matches!(one, Broadcast::Interrupted { .. })).await;
    let again = peers.go_live(&mut bo.host, &bo.somebody.room).await;
    let home = peers.watch(&mut comes, bo.id()).await;
    gets("Bo's own stage", &home, &[&again]).await;
    // What was on its way when it ended has come by now.
    let still = (line.packets_of(&of_bo), sees_bo.packets_of(&of_bo));
    gets("Ana goes on", &line, &[&of_ana]).await;
    assert_eq!((line.packets_of(&of_bo), sees_bo.packets_of(&of_bo)), still);
}

fn no_offer() -> Command {
    let sources = vec![SourceOfMid { mid: "0".to_owned(), source: Source::Microphone }];
    Command::Publish { offer: "v=0".to_owned(), sources, take_over: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_who_closes_their_browser_ends_the_visit_and_everybody_is_at_home() {
    let server = Server::start().await;
    let peers = Peers::new();
    let mut ana = Room::live(&server, &peers, "ana", 1).await;
    let mut bo = Room::live(&server, &peers, "bo", 1).await;
    let home = bo.id().clone();
    begin(&mut ana, &mut bo, Way::OnStage).await;
    join(&mut bo.host, ana.id()).await;
    let of_bo = peers.publish(&mut bo.host, ana.id()).await;
    publishers(&mut ana.host, 2).await;
    let (mut comes, _) = bo.audience.pop().unwrap();
    join(&mut comes, ana.id()).await;

    let Room { host, somebody, .. } = bo;
    drop((host, of_bo));
    assert_eq!(ended(&mut comes).await, EndReason::Gone);
    assert_eq!(ended(&mut ana.host).await, EndReason::Gone);
    publishers(&mut ana.host, 1).await;
    assert_eq!(comes.command(ana.id(), send("still here?", "n1")).await, Err(Rejection::NotJoined));
    comes.command(&home, send("at home", "n2")).await.unwrap();

    // Bo comes back, and is live again; and the two may visit each other once more.
    let mut bo = Room::of(server.port(), &peers, somebody, &[]).await;
    let line = peers.watch(&mut comes, &home).await;
    gets("Bo's own stage", &line, &[bo.line.as_ref().unwrap()]).await;
    server.running().node.store().writes().settled().await;
    let ledger = ask(server.port(), "GET", "/api/visits", Some(&bo.somebody.token), None).await.json();
    assert!(ledger["visits"][0]["ended_ms"].is_u64(), "{ledger}");
    ana.host.forget();
    begin(&mut ana, &mut bo, Way::Watching).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_in_a_visit_leaves_everybody_at_home() {
    let folder = Folder::new();
    let store = process::store(&folder.0).await;
    let mut people = Vec::new();
    for name in ["ana", "bo", "viewer"] {
        people.push(sign_up(&store, name).await);
    }
    store.close().await;
    let [ana, bo, viewer] = <[Somebody; 3]>::try_from(people).unwrap_or_else(|_| unreachable!());
    let peers = Peers::new();
    let mut program = process::Program::start(&folder.0);
    let mut of_ana = Room::of(program.port, &peers, ana.clone(), &[]).await;
    let mut of_bo = Room::of(program.port, &peers, bo.clone(), std::slice::from_ref(&viewer)).await;
    let visit = begin(&mut of_ana, &mut of_bo, Way::Watching).await;
    broadcast(&mut of_bo.host, "bo's broadcast pauses", |one| matches!(one, Broadcast::Paused { .. })).await;
    join(&mut of_bo.audience[0].0, &ana.room).await;
    program.child.kill().unwrap();
    drop((program, of_ana, of_bo));

    let program = process::Program::start(&folder.0);
    let port = program.port;
    let ledger = ask(port, "GET", "/api/visits", Some(&bo.token), None).await.json();
    assert_eq!(ledger["visits"][0]["id"], visit.as_str());
    assert!(ledger["visits"][0]["ended_ms"].is_u64(), "{ledger}");
    for (who, room) in [(&viewer, &bo.room), (&viewer, &ana.room), (&bo, &bo.room), (&ana, &ana.room)] {
        let (mut client, _) = Client::joined(port, &who.token, room).await;
        let snapshot = client
            .event("a snapshot", |event| match event {
                Event::Snapshot { snapshot } => Some(snapshot.clone()),
                _ => None,
            })
            .await;
        assert!(snapshot.visits.is_empty() && snapshot.you.guest_from.is_none(), "{snapshot:?}");
        assert_eq!(snapshot.broadcast, Broadcast::Off);
        client.command(room, send("here", room.as_str())).await.unwrap();
    }
    // Both are live again, and nothing is promised any more.
    let mut of_ana = Room::of(port, &peers, ana, &[]).await;
    let mut of_bo = Room::of(port, &peers, bo, &[viewer]).await;
    gets("Bo's own stage", &of_bo.audience[0].1, &[of_bo.line.as_ref().unwrap()]).await;
    begin(&mut of_ana, &mut of_bo, Way::Watching).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_can_not_be_asked_is_as_who_is_not_there() {
    let server = Server::start().await;
    let peers = Peers::new();
    let port = server.port();
    let mut ana = Room::live(&server, &peers, "ana", 0).await;
    let mut hosts = Vec::new();
    for name in ["blocked", "blocks", "private", "busy", "away", "fits"] {
        let somebody = server.sign_up(name).await;
        hosts.push(Room::of(port, &peers, somebody, &[]).await);
    }
    let [blocked, mut blocks, private, busy, away, fits] =
        <[Room; 6]>::try_from(hosts).unwrap_or_else(|_| unreachable!());
    ana.host.person(PersonCommand::Block { user: blocked.somebody.user.clone() }).await;
    blocks.host.person(PersonCommand::Block { user: ana.somebody.user.clone() }).await;
    for (room, wishes) in
        [(&private, json!({"host_visits": false})), (&busy, json!({"host_visits": true, "do_not_disturb": true}))]
    {
        let answer = ask(port, "PUT", "/api/me/preferences", Some(&room.somebody.token), Some(&wishes)).await;
        assert_eq!(answer.status, 200);
    }
    let gone = away.somebody.user.clone();
    drop(away);
    until("who left is away", || !server.running().node.connected().contains(&gone)).await;
    server.running().node.store().writes().settled().await;

    let never = fresh::user();
    let myself = ana.somebody.user.clone();
    let mut nobody = vec![&never, &myself];
    nobody.extend([&blocked, &blocks, &private, &busy].map(|room| &room.somebody.user));
    for one in nobody {
        let answer = ana.want(invite(&[one])).await;
        assert_eq!(answer, Err(Rejection::NobodyInvited { users: Vec::new() }), "{one}");
    }
    let outcome = ana.want(Wants::Candidates { conditions: baking() }).await.unwrap();
    let Outcome::VisitCandidates { candidates } = outcome else { panic!("{outcome:?}") };
    let found: Vec<_> = candidates.iter().map(|one| &one.host.id).filter(|user| **user != gone).collect();
    assert_eq!(found, [&fits.somebody.user], "nobody else is shown to be here");
    // Of several who were picked, those are told of alike, and none of them hears of it.
    let picked = [&blocked, &blocks, &private, &busy, &fits].map(|room| &room.somebody.user);
    let Ok(Outcome::VisitRequested { request }) = ana.want(invite(&picked)).await else { panic!("one of them fits") };
    let states: Vec<_> = request.invited.iter().map(|one| one.state).collect();
    let unavailable = [InvitationState::Unavailable; 4];
    assert_eq!((&states[..4], &states[4..]), (&unavailable[..], &[InvitationState::Open][..]));
    for mut room in [blocked, blocks, private, busy] {
        room.host.command(&room.somebody.room, Command::ListMembers { after: None }).await.unwrap();
        let heard = room
            .host
            .arrived()
            .any(|frame| matches!(frame, ServerFrame::Person { event: PersonEvent::VisitInvitation { .. }, .. }));
        assert!(!heard);
    }
}
