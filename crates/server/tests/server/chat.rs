//! Talking: what is accepted is stored, what is stored is heard, once and in order.

use crate::support::{Client, Server, send};
use hearth_protocol::{Command, Event, GoodbyeReason, Outcome, ServerFrame};
use tokio::net::TcpSocket;

#[tokio::test]
async fn what_one_says_the_other_hears_and_finds_again() {
    let server = Server::start().await;
    let (ana, bo) = (server.sign_up("ana").await, server.sign_up("bo").await);
    let (mut host, _) = Client::joined(server.port(), &ana.token, &ana.room).await;
    let (mut viewer, _) = Client::joined(server.port(), &bo.token, &ana.room).await;

    let sent = viewer.command(&ana.room, send("你好 <b>hello</b>", "n1")).await;
    let Ok(Outcome::Sent { position, .. }) = sent else { panic!("{sent:?}") };
    assert_eq!(host.message().await.1, "你好 <b>hello</b>");
    assert_eq!(viewer.message().await.1, "你好 <b>hello</b>");

    let stored = server.running().node.store().conversations().message(&ana.room, position).await.unwrap().unwrap();
    assert_eq!((stored.text.as_str(), stored.author.id), ("你好 <b>hello</b>", bo.user));
}

#[tokio::test]
async fn a_message_said_again_with_its_nonce_is_said_once() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    let (mut client, _) = Client::joined(server.port(), &ana.token, &ana.room).await;
    let first = client.command(&ana.room, send("once", "n1")).await.unwrap();
    let again = client.command(&ana.room, send("once", "n1")).await.unwrap();
    let position = |outcome: &Outcome| match outcome {
        Outcome::Sent { position, .. } => *position,
        other => panic!("{other:?}"),
    };
    assert_eq!(position(&first), position(&again));
    client.command(&ana.room, send("two", "n2")).await.unwrap();
    assert_eq!(client.message().await.1, "once");
    assert_eq!(client.message().await.1, "two");
}

#[tokio::test]
async fn after_a_drop_nothing_is_missing_and_nothing_comes_twice() {
    let server = Server::start().await;
    let (ana, bo) = (server.sign_up("ana").await, server.sign_up("bo").await);
    let (mut host, _) = Client::joined(server.port(), &ana.token, &ana.room).await;
    let (mut viewer, mut stream) = Client::joined(server.port(), &bo.token, &ana.room).await;

    let mut heard = Vec::new();
    for round in 0..5 {
        for number in 0..3 {
            let text = format!("{round}-{number}");
            host.command(&ana.room, send(&text, &text)).await.unwrap();
        }
        // One is heard before the connection drops, two are missed.
        let (seq, text) = viewer.message().await;
        heard.push(text);
        stream.after = seq;
        drop(viewer);

        viewer = Client::hello(server.port(), &bo.token).await;
        let back =
            viewer.command(&ana.room, Command::Join { resume: Some(stream.clone()), as_guest: false }).await.unwrap();
        assert!(matches!(back, Outcome::Joined { resumed: true, .. }), "{back:?}");
        for _ in 0..2 {
            let (seq, text) = viewer.message().await;
            assert!(seq > stream.after);
            stream.after = seq;
            heard.push(text);
        }
    }
    let said: Vec<String> = (0..5).flat_map(|round| (0..3).map(move |number| format!("{round}-{number}"))).collect();
    assert_eq!(heard, said);
}

#[tokio::test]
async fn a_stream_of_another_time_is_not_resumed() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    let (client, stream) = Client::joined(server.port(), &ana.token, &ana.room).await;
    drop(client);
    let folder = server.stop().await;
    let server = Server::on(folder, |_| {}).await;
    let mut client = Client::hello(server.port(), &ana.token).await;
    let back = client.command(&ana.room, Command::Join { resume: Some(stream), as_guest: false }).await.unwrap();
    assert!(matches!(back, Outcome::Joined { resumed: false, .. }), "{back:?}");
    client.event("a snapshot", |event| matches!(event, Event::Snapshot { .. }).then_some(())).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_dropped_with_a_reason_and_resumes() {
    const ROUNDS: usize = 40;
    const IN_A_ROUND: usize = 50;
    let server = Server::with(|config| config.limits.commands_per_second = 100_000).await;
    let (ana, bo) = (server.sign_up("ana").await, server.sign_up("bo").await);
    let (mut host, _) = Client::joined(server.port(), &ana.token, &ana.room).await;

    // A small window fills quickly.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let stream = socket.connect(([127, 0, 0, 1], server.port()).into()).await.unwrap();
    let mut sleeper = Client::over(stream, server.port(), &bo.token).await;
    sleeper.say_text(r#"{"type":"hello","version":1,"client":"sleeper","resume":null}"#.to_owned()).await;
    let joined = sleeper.command(&ana.room, Command::Join { resume: None, as_guest: false }).await.unwrap();
    assert!(matches!(joined, Outcome::Joined { .. }));

    // What the room says of itself, changed over and over, is a large event for everyone.
    for round in 0..ROUNDS {
        let mut waiting = Vec::new();
        for number in 0..IN_A_ROUND {
            let rules = format!("{round}-{number} {}", "x".repeat(1_900));
            let about = hearth_protocol::live_rooms::About { rules, ..Default::default() };
            waiting.push(host.give(&ana.room, Command::SetAbout { about }).await);
        }
        for id in waiting {
            host.reply(id).await.unwrap();
        }
        host.forget();
        if server.running().node.connections_len() == 1 {
            break;
        }
    }
    assert_eq!(server.running().node.connections_len(), 1, "the sleeper is dropped");
    let frames = sleeper.rest().await;
    let goodbye = frames.iter().rev().find_map(|frame| match frame {
        ServerFrame::Goodbye { reason } => Some(*reason),
        _ => None,
    });
    // Either the goodbye still fitted, or the socket was closed over the full window.
    assert!(matches!(goodbye, None | Some(GoodbyeReason::SlowConsumer)), "{goodbye:?}");

    // The host was not disturbed, and the sleeper comes back.
    host.command(&ana.room, send("still here", "n")).await.unwrap();
    let (mut back, _) = Client::joined(server.port(), &bo.token, &ana.room).await;
    back.event("a snapshot with the message", |event| match event {
        Event::Snapshot { snapshot } => snapshot.messages.iter().any(|m| m.text == "still here").then_some(()),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn a_stopping_server_says_so() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    let (mut client, _) = Client::joined(server.port(), &ana.token, &ana.room).await;
    client.command(&ana.room, send("before", "n")).await.unwrap();
    server.stop().await;
    let frames = client.rest().await;
    assert!(
        frames.iter().any(|frame| matches!(frame, ServerFrame::Goodbye { reason: GoodbyeReason::Stopping })),
        "{frames:?}"
    );
}
