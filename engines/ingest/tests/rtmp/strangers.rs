//! Connections that say nothing, and peers that never read: nobody else notices.

use std::time::{Duration, Instant};

use hearth_ingest::{Ended, Limits, Refusal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::ffmpeg::{PATIENCE, Running};
use crate::wire::*;

/// Reads until the words come, or the end.
async fn read_until(stream: &mut TcpStream, words: &str) -> bool {
    let mut read = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match tokio::time::timeout(PATIENCE, stream.read(&mut piece)).await.expect("in time") {
            Ok(0) | Err(_) => return false,
            Ok(bytes) => read.extend_from_slice(&piece[..bytes]),
        }
        if says(&read, words) {
            return true;
        }
    }
}

async fn publish_as_encoder(running: &Running) -> TcpStream {
    let mut stream = TcpStream::connect(running.address).await.expect("a connection");
    stream.write_all(&opening()).await.expect("an opening");
    assert!(read_until(&mut stream, "NetStream.Publish.Start").await, "let in");
    stream
}

/// Eight from each address: half are refused by address, the others lose their place to those who come later.
#[tokio::test]
async fn ten_thousand_that_say_nothing() {
    const STRANGERS: usize = 10_000;
    // All of loopback is one's own: every stranger can have an address.
    let limits = Limits { connections: 64, connections_per_address: 4, ..Limits::default() };
    let mut running = Running::start(limits).await;
    let mut encoder = publish_as_encoder(&running).await;
    running.publisher().await;
    let mut open = std::collections::VecDeque::new();
    for index in 0..STRANGERS {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        let from = [127, 1, (index / 8 / 250) as u8, (index / 8 % 250) as u8 + 1];
        socket.bind((from, 0).into()).expect("an address of loopback");
        open.push_back(socket.connect(running.address).await.expect("a connection"));
        // Keeps this test's own files within bounds; those let go are long closed by the server.
        if open.len() > 500 {
            open.pop_front();
        }
        if index % 1_000 == 0 {
            let began = Instant::now();
            drop(publish_as_encoder(&running).await);
            let (_, ended) = running.media().await;
            assert_eq!(ended, Ended::Lost);
            assert!(began.elapsed() < Duration::from_secs(5), "an encoder gets in all the while");
        }
    }
    let settled = async {
        while running.server.connections() > 64 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, settled).await.expect("those who made room are gone");
    encoder.write_all(&[aac_config(), audio(0, b"still here")].concat()).await.expect("an open connection");
    encoder.shutdown().await.expect("an end");
    let (media, ended) = running.media().await;
    assert_eq!((media.len(), ended), (2, Ended::Lost), "who was live stayed live");
}

#[tokio::test]
async fn one_address_has_no_more_than_its_places() {
    let limits = Limits { connections_per_address: 2, ..Limits::default() };
    let running = Running::start(limits).await;
    let _first = publish_as_encoder(&running).await;
    let _second = publish_as_encoder(&running).await;
    let mut third = TcpStream::connect(running.address).await.expect("the system takes it");
    let mut rest = [0; 1];
    let read = tokio::time::timeout(PATIENCE, third.read(&mut rest)).await.expect("in time");
    assert!(matches!(read, Ok(0) | Err(_)), "turned away without a word");
}

#[tokio::test]
async fn a_key_that_is_wrong_is_told_and_then_the_connection_ends() {
    let running = Running::start(Limits::default()).await;
    let mut stream = TcpStream::connect(running.address).await.expect("a connection");
    let wrong = [handshake(), connect("live"), create_stream(), publish("OTHER")].concat();
    // More than the server will ever read: its words must arrive all the same.
    stream.write_all(&[wrong, vec![0; 20_000]].concat()).await.expect("bytes on the way");
    assert!(read_until(&mut stream, &Refusal::WrongKey.to_string()).await, "the words arrive");
    assert!(!read_until(&mut stream, "nothing more").await, "and then the end");
}

#[tokio::test]
async fn a_peer_that_never_reads_is_given_up() {
    let running = Running::start(Limits::default()).await;
    let (near, mut far) = tokio::io::duplex(16);
    let server = running.server.clone();
    let began = Instant::now();
    let attending = tokio::spawn(async move { server.attend(near, "192.0.2.9:1".parse().expect("an address")).await });
    far.write_all(&hello()).await.expect("it reads");
    tokio::time::timeout(PATIENCE, attending).await.expect("in time").expect("no fault");
    assert!(began.elapsed() >= hearth_ingest::limits::WRITE_WITHIN);
    assert_eq!(running.server.connections(), 0);
}
