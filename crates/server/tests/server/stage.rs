//! The stage, full: a host whose real encoder is on air, and as many guests as there may be.

use crate::http::ask;
use crate::support::{Client, PATIENCE, Server, Somebody};
use crate::whip::{offer, stream_key};
use hearth_protocol::limits::{LimitName, STAGE_GUESTS_MAX};
use hearth_protocol::media::{Source, SourceOfMid};
use hearth_protocol::{Command, Event, Outcome, Rejection};
use serde_json::json;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A real encoder, until dropped.
struct Encoder(Child);

impl Drop for Encoder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server that encoders reach too.
async fn server() -> Server {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    Server::with(|config| config.rtmp.port = free).await
}

/// Goes live by RTMP, and waits until that is so.
async fn on_air(server: &Server, host: &Somebody) -> Encoder {
    let key = stream_key(server, host).await;
    let port = server.running().rtmp.unwrap().port();
    let mut command = std::process::Command::new("ffmpeg");
    command.args("-v error -re -f lavfi -i testsrc2=s=160x90:r=10 -re -f lavfi -i sine=r=48000 -threads 1".split(' '));
    command.args("-c:v libx264 -preset ultrafast -tune zerolatency -g 10 -c:a aac -b:a 64k -f flv".split(' '));
    command.arg(format!("rtmp://127.0.0.1:{port}/live/{key}")).stdin(Stdio::null());
    let encoder = Encoder(command.spawn().expect("ffmpeg"));
    let room = format!("/api/rooms/{}", host.room);
    until("on air", async || {
        ask(server.port(), "GET", &room, None, None).await.json()["broadcast"]["state"] == "on_air"
    })
    .await;
    encoder
}

async fn until(what: &str, met: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !met().await {
        assert!(began.elapsed() < 2 * PATIENCE, "{what} was waited for in vain");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn publish() -> Command {
    let carries = |mid: &str, source| SourceOfMid { mid: mid.to_owned(), source };
    let sources = vec![carries("0", Source::Microphone), carries("1", Source::Camera)];
    Command::Publish { offer: offer("sendonly"), sources, take_over: false }
}

#[tokio::test]
async fn a_host_and_eight_guests_publish_and_no_ninth() {
    let server = server().await;
    let ana = server.sign_up("ana").await;
    let port = server.port();
    let _encoder = on_air(&server, &ana).await;
    let (mut host, _) = Client::joined(port, &ana.token, &ana.room).await;
    let mut guests = Vec::new();
    for number in 0..STAGE_GUESTS_MAX {
        let guest = server.sign_up(&format!("guest{number}")).await;
        let (mut client, _) = Client::joined(port, &guest.token, &ana.room).await;
        host.command(&ana.room, Command::AskOnStage { user: guest.user.clone() }).await.unwrap();
        client.command(&ana.room, Command::AnswerStage { accept: true }).await.unwrap();
        let published = client.command(&ana.room, publish()).await;
        assert!(matches!(published, Ok(Outcome::Publishing { .. })), "{published:?}");
        guests.push((guest, client));
    }
    let all = host
        .event("nine on the stage", |event| match event {
            Event::Stage { publishers } if publishers.len() == 1 + STAGE_GUESTS_MAX => Some(publishers.clone()),
            _ => None,
        })
        .await;
    assert_eq!(all[0].user, ana.user, "the host first");
    assert!(all.iter().zip(&guests).skip(1).all(|(publisher, _)| publisher.tracks.len() == 2));

    let late = server.sign_up("late").await;
    let (mut client, _) = Client::joined(port, &late.token, &ana.room).await;
    let full = Rejection::Limit { limit: LimitName::StageGuests, max: 8, retry_after_ms: None };
    let asked = host.command(&ana.room, Command::AskOnStage { user: late.user.clone() }).await;
    assert_eq!(asked, Err(full));
    assert_eq!(
        client.command(&ana.room, publish()).await,
        Err(Rejection::Forbidden),
        "who has no seat publishes nothing"
    );

    // Where one goes, there is room for another.
    guests[0].1.command(&ana.room, Command::LeaveStage { user: None }).await.unwrap();
    host.command(&ana.room, Command::AskOnStage { user: late.user.clone() }).await.unwrap();
    client.command(&ana.room, Command::AnswerStage { accept: true }).await.unwrap();
    assert!(matches!(client.command(&ana.room, publish()).await, Ok(Outcome::Publishing { .. })));
}

#[tokio::test]
async fn the_picture_of_what_is_live_is_not_for_the_banned() {
    let server = server().await;
    let (ana, bo, cy) = (server.sign_up("ana").await, server.sign_up("bo").await, server.sign_up("cy").await);
    let port = server.port();
    let picture = format!("/api/rooms/{}/picture", ana.room);
    let get = async |who: &Somebody| raw_status(port, &picture, &who.token).await;
    let _encoder = on_air(&server, &ana).await;
    until("a picture", async || get(&bo).await == 200).await;
    let (mut host, _) = Client::joined(port, &ana.token, &ana.room).await;
    host.command(&ana.room, Command::Ban { user: bo.user.clone() }).await.unwrap();
    let refused = ask(port, "GET", &picture, Some(&bo.token), None).await;
    assert_eq!((refused.status, refused.json()), (403, json!({"kind": "banned"})));
    assert_eq!(get(&cy).await, 200);
    host.command(&ana.room, Command::Unban { user: bo.user.clone() }).await.unwrap();
    assert_eq!(get(&bo).await, 200);
}

/// The status alone: a JPEG is no text.
async fn raw_status(port: u16, path: &str, token: &str) -> u16 {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("an answer in time").unwrap();
    String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap().parse().unwrap()
}
