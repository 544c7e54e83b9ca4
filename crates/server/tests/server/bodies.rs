//! Bodies that are too large are refused in words, and the words arrive.

use crate::http::{ask, raw};
use crate::support::{PATIENCE, Server};
use crate::whip::stream_key;
use hearth_protocol::limits::{COVER_MAX_BYTES, FRAME_MAX_BYTES, SDP_MAX_BYTES};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

const FAR_TOO_LARGE: usize = 20 * 1024 * 1024;

#[tokio::test]
async fn a_body_that_is_too_large_is_answered_with_the_limits_name() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    let (port, bearer) = (server.port(), format!("Bearer {}", ana.token));
    let key = format!("Bearer {}", stream_key(&server, &ana).await);
    let cover = format!("/api/rooms/{}/cover", ana.room);
    let commands = format!("/api/spaces/{}/commands", ana.room);
    for (method, path, secret, kind, limit, max) in [
        ("PUT", cover.as_str(), &bearer, "image/png", "cover_bytes", COVER_MAX_BYTES),
        ("PATCH", "/api/me", &bearer, "application/json", "frame_bytes", FRAME_MAX_BYTES),
        ("POST", &commands, &bearer, "application/json", "frame_bytes", FRAME_MAX_BYTES),
        ("POST", "/whip", &key, "application/sdp", "sdp_bytes", SDP_MAX_BYTES),
    ] {
        for length in [max + 1, FAR_TOO_LARGE] {
            let headers = [("authorization", secret.as_str()), ("content-type", kind)];
            let refused = raw(port, method, path, &headers, &"x".repeat(length)).await;
            let limit = json!({"kind": "limit", "limit": limit, "max": max, "retry_after_ms": null});
            assert_eq!((refused.status, refused.json()), (413, limit), "{method} {path}, {length} bytes");
        }
    }
    let refused = raw(port, "PUT", &cover, &[], &"x".repeat(FAR_TOO_LARGE)).await;
    assert_eq!(refused.status, 401, "who may not is told that, whatever they send: {refused:?}");
    assert_eq!(ask(port, "GET", &cover, None, None).await.status, 404, "nothing of it was kept");
}

/// Reads an answer whose length is told.
async fn answer(socket: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut piece = [0; 4096];
    loop {
        let bytes = timeout(PATIENCE, socket.read(&mut piece)).await.expect("an answer in time").unwrap();
        assert!(bytes > 0, "closed after {text:?}");
        text.push_str(std::str::from_utf8(&piece[..bytes]).unwrap());
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                return text;
            }
        }
    }
}

#[tokio::test]
async fn what_is_thrown_away_of_a_body_has_a_limit() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    let head = |length: usize| {
        format!(
            "PUT /api/rooms/{}/cover HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {}\r\n\
             content-length: {length}\r\n\r\n",
            ana.room, ana.token
        )
    };
    let mut socket = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
    for _ in 0..2 {
        socket.write_all(head(COVER_MAX_BYTES + 9).as_bytes()).await.unwrap();
        socket.write_all(&vec![b'x'; COVER_MAX_BYTES + 9]).await.unwrap();
        let refused = answer(&mut socket).await;
        assert!(refused.starts_with("HTTP/1.1 413"), "the connection goes on: {refused}");
    }
    // One that never ends is answered all the same, and then the connection does.
    socket.write_all(head(1 << 40).as_bytes()).await.unwrap();
    let piece = vec![b'x'; 1024 * 1024];
    let (mut reading, mut writing) = socket.into_split();
    let sending = tokio::spawn(async move { while writing.write_all(&piece).await.is_ok() {} });
    let mut beginning = [0; 12];
    timeout(PATIENCE, reading.read_exact(&mut beginning)).await.expect("an answer in time").unwrap();
    assert_eq!(&beginning, b"HTTP/1.1 413");
    timeout(PATIENCE, sending).await.expect("the server hangs up").unwrap();
}
