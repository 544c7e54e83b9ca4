//! What bad input gets: a clear refusal, with everybody else undisturbed.

use crate::support::{Client, PATIENCE, Server, refused_with, request, send};
use hearth_protocol::ids::SpaceId;
use hearth_protocol::limits::{FRAME_MAX_BYTES, LimitName, SPACES_PER_CONNECTION_MAX};
use hearth_protocol::{Command, GoodbyeReason, Outcome, Rejection, ServerFrame};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;

fn is_goodbye(frames: &[ServerFrame], wanted: GoodbyeReason) -> bool {
    frames.iter().any(|frame| matches!(frame, ServerFrame::Goodbye { reason } if *reason == wanted))
}

#[tokio::test]
async fn who_is_not_signed_in_gets_no_connection() {
    let server = Server::start().await;
    assert!(refused_with(connect_async(request(server.port(), None)).await, 401));
    assert!(refused_with(connect_async(request(server.port(), Some("forged"))).await, 401));
}

#[tokio::test]
async fn a_page_of_another_site_can_not_use_our_cookie() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    let with_origin = |origin: &str| {
        let mut request = request(server.port(), None);
        request.headers_mut().insert("cookie", format!("hearth_session={}", ana.token).parse().unwrap());
        request.headers_mut().insert("origin", origin.parse().unwrap());
        request
    };
    assert!(refused_with(connect_async(with_origin("https://evil.example")).await, 403));
    let own = format!("http://127.0.0.1:{}", server.port());
    assert!(connect_async(with_origin(&own)).await.is_ok());
}

#[tokio::test]
async fn hello_comes_first_and_in_a_version_that_is_spoken() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    let mut impolite = Client::connect(server.port(), &ana.token).await;
    impolite.say_text(r#"{"type":"ping","t0_ms":1.0}"#.to_owned()).await;
    assert!(is_goodbye(&impolite.rest().await, GoodbyeReason::Misbehaviour));

    let mut old = Client::connect(server.port(), &ana.token).await;
    old.say_text(r#"{"type":"hello","version":99,"client":"x"}"#.to_owned()).await;
    let frames = old.rest().await;
    assert!(
        matches!(frames[0], ServerFrame::Refused { rejection: Rejection::UnsupportedVersion { .. } }),
        "{frames:?}"
    );
    assert!(is_goodbye(&frames, GoodbyeReason::UnsupportedVersion));
}

#[tokio::test]
async fn what_can_not_be_read_is_refused_and_the_connection_stays() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    let (mut client, _) = Client::joined(server.port(), &ana.token, &ana.room).await;
    for nonsense in ["", "{", "[]", "null", r#"{"type":"dance"}"#, "\u{0}", &"[".repeat(10_000)] {
        client.say_text(nonsense.to_owned()).await;
        let refused = client
            .expect("a refusal", |frame| match frame {
                ServerFrame::Refused { rejection } => Some(rejection.clone()),
                _ => None,
            })
            .await;
        assert!(matches!(refused, Rejection::Malformed { .. }), "{refused:?}");
    }
    client
        .say_text(format!(r#"{{"type":"command","id":77,"space":"{}","command":{{"kind":"dance"}}}}"#, ana.room))
        .await;
    assert!(matches!(client.reply(77).await, Err(Rejection::Malformed { .. })));
    client
        .say_text(r#"{"type":"command","id":78,"space":"../../etc/passwd","command":{"kind":"leave"}}"#.to_owned())
        .await;
    assert!(matches!(client.reply(78).await, Err(Rejection::Malformed { .. })));
    assert!(client.command(&ana.room, send("still here", "n")).await.is_ok());
}

#[tokio::test]
async fn one_byte_past_a_frame_is_refused_by_name() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    let mut client = Client::hello(server.port(), &ana.token).await;
    client.say_text("x".repeat(FRAME_MAX_BYTES)).await;
    let refused = client
        .expect("a refusal", |frame| match frame {
            ServerFrame::Refused { rejection } => Some(rejection.clone()),
            _ => None,
        })
        .await;
    assert!(matches!(refused, Rejection::Malformed { .. }), "as long as allowed: {refused:?}");
    client.say_text("x".repeat(FRAME_MAX_BYTES + 1)).await;
    let frames = client.rest().await;
    let named = frames.iter().any(|frame| {
        matches!(frame, ServerFrame::Refused { rejection: Rejection::Limit { limit: LimitName::FrameBytes, .. } })
    });
    assert!(named && is_goodbye(&frames, GoodbyeReason::Misbehaviour), "{frames:?}");
}

#[tokio::test]
async fn a_flood_is_slowed_then_ended_and_the_others_talk_on() {
    let server = Server::start().await;
    let (ana, bo) = (server.sign_up("ana").await, server.sign_up("bo").await);
    let (mut host, _) = Client::joined(server.port(), &ana.token, &ana.room).await;
    let (mut flood, _) = Client::joined(server.port(), &bo.token, &ana.room).await;
    for _ in 0..200 {
        let text = format!(r#"{{"type":"command","id":9,"space":"{}","command":{{"kind":"list_members"}}}}"#, ana.room);
        // The server may hang up in the middle of it.
        if futures_util::SinkExt::send(&mut flood.socket, tokio_tungstenite::tungstenite::Message::text(text))
            .await
            .is_err()
        {
            break;
        }
    }
    let frames = flood.rest().await;
    let limited = frames.iter().any(|frame| {
        matches!(
            frame,
            ServerFrame::Reply { rejection: Some(Rejection::Limit { limit: LimitName::CommandRate, .. }), .. }
        )
    });
    assert!(limited, "{frames:?}");
    assert!(host.command(&ana.room, send("calm", "n")).await.is_ok());
}

#[tokio::test]
async fn ids_that_are_forged_or_foreign_do_not_exist() {
    let server = Server::start().await;
    let (ana, bo) = (server.sign_up("ana").await, server.sign_up("bo").await);
    let (mut client, _) = Client::joined(server.port(), &bo.token, &ana.room).await;
    let nowhere = SpaceId::parse("room_nowhere").unwrap();
    assert_eq!(
        client.command(&nowhere, Command::Join { resume: None, as_guest: false }).await,
        Err(Rejection::NotFound)
    );
    let leg = hearth_protocol::ids::LegId::parse("leg_forged").unwrap();
    let answer = Command::Answer { leg, generation: 1, sdp: "v=0".to_owned() };
    assert_eq!(client.command(&ana.room, answer).await, Err(Rejection::NotFound));
    assert_eq!(client.command(&ana.room, Command::EndBroadcast).await, Err(Rejection::Forbidden));
}

#[tokio::test]
async fn one_space_past_the_limit_of_a_connection_is_refused() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    let mut client = Client::hello(server.port(), &ana.token).await;
    for number in 0..SPACES_PER_CONNECTION_MAX {
        let host = server.sign_up(&format!("host{number}")).await;
        let joined = client.command(&host.room, Command::Join { resume: None, as_guest: false }).await;
        assert!(matches!(joined, Ok(Outcome::Joined { .. })), "{joined:?}");
    }
    let refused = client.command(&ana.room, Command::Join { resume: None, as_guest: false }).await;
    assert!(matches!(refused, Err(Rejection::Limit { limit: LimitName::SpacesPerConnection, .. })), "{refused:?}");
}

#[tokio::test]
async fn publishing_without_leave_is_refused() {
    let server = Server::start().await;
    let (ana, bo) = (server.sign_up("ana").await, server.sign_up("bo").await);
    let (mut client, _) = Client::joined(server.port(), &bo.token, &ana.room).await;
    let publish = Command::Publish { offer: "v=0".to_owned(), sources: Vec::new(), take_over: true };
    assert_eq!(client.command(&ana.room, publish).await, Err(Rejection::Forbidden));
}

#[tokio::test]
async fn a_session_description_that_is_nonsense_is_refused_and_one_can_try_again() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    let (mut client, _) = Client::joined(server.port(), &ana.token, &ana.room).await;
    for nonsense in ["", "v=0", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video", &"a=".repeat(20_000)] {
        let publish = Command::Publish { offer: nonsense.to_owned(), sources: Vec::new(), take_over: false };
        let refused = client.command(&ana.room, publish).await;
        assert!(matches!(refused, Err(Rejection::MediaRefused { .. })), "{nonsense:.20}: {refused:?}");
    }
    assert!(client.command(&ana.room, send("still here", "n")).await.is_ok());
}

#[tokio::test]
async fn a_thousand_sockets_of_one_address_are_too_many() {
    let server = Server::with(|config| config.limits.sockets_per_address = 50).await;
    let mut sockets = Vec::new();
    for _ in 0..50 {
        sockets.push(TcpStream::connect(("127.0.0.1", server.port())).await.unwrap());
    }
    let mut refused = 0;
    for _ in 0..20 {
        let mut socket = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
        let mut answer = String::new();
        let read = timeout(PATIENCE, socket.read_to_string(&mut answer)).await.unwrap();
        refused += usize::from(read.is_ok() && answer.starts_with("HTTP/1.1 429"));
    }
    assert_eq!(refused, 20);
    // Those that are in are served.
    let socket = &mut sockets[0];
    socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, socket.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
