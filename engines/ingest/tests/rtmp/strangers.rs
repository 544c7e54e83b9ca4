//! Connections that say nothing, and peers that never read: nobody else notices.

use std::time::{Duration, Instant};

use hearth_ingest::{Ended, Limits, Refusal, Unsupported};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::ffmpeg::{PATIENCE, Running, X264, push};
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

pub async fn publish_as_encoder(running: &Running) -> TcpStream {
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

/// However many of one address hold a place without a word, or with too few, an encoder behind it does not wait for them.
#[tokio::test]
async fn an_encoder_gets_in_at_once_past_the_silent_of_its_address() {
    let mut running = Running::start(Limits::default()).await;
    let places = Limits::default().connections_per_address;
    let mut silent = Vec::new();
    for index in 0..4 * places {
        let mut stream = TcpStream::connect(running.address).await.expect("a connection");
        if index % 2 == 0 {
            stream.write_all(&hello()[..700]).await.expect("half a greeting");
        }
        silent.push(stream);
    }
    let began = Instant::now();
    let pushed = push(format!("rtmp://{}/live/KEY", running.address), X264).await;
    let took = began.elapsed();
    assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
    running.publisher().await;
    let (media, ended) = running.media().await;
    assert_eq!(ended, Ended::ByEncoder);
    assert!(media.len() > 100, "{}", media.len());
    assert!(running.server.connections() <= places, "no more than its places");
    // Those who came last were not in the way: they hold their places still, unless ffmpeg took as long as they may be silent.
    if took < hearth_ingest::limits::HANDSHAKE_WITHIN / 2 {
        assert!(running.server.connections() > 0);
    }
}

#[tokio::test]
async fn who_says_nothing_has_five_seconds() {
    let running = Running::start(Limits::default()).await;
    let began = Instant::now();
    let mut stream = TcpStream::connect(running.address).await.expect("a connection");
    stream.write_all(&hello()[..100]).await.expect("a beginning");
    assert!(!read_until(&mut stream, "nothing").await, "an end without a word");
    assert!(began.elapsed() >= hearth_ingest::limits::HANDSHAKE_WITHIN);
    assert_eq!(running.server.connections(), 0);
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

/// As OBS and later ffmpeg send it over Enhanced RTMP: a video message whose codec is four letters.
#[tokio::test]
async fn hevc_is_refused_and_the_encoder_told_why() {
    for letters in ["hvc1", "hev1"] {
        let mut running = Running::start(Limits::default()).await;
        let mut stream = publish_as_encoder(&running).await;
        let sequence_start = [&[0x90][..], letters.as_bytes(), &[1, 1, 0x60, 0, 0, 0]].concat();
        stream.write_all(&message(128, 6, 0, VIDEO, 1, &sequence_start)).await.expect("bytes on the way");
        let words = "HEVC can't be played by browsers here: choose H.264 in your encoder.";
        assert!(read_until(&mut stream, words).await, "{letters}: the words arrive");
        assert!(!read_until(&mut stream, "nothing more").await, "and then the end");
        running.publisher().await;
        let (media, ended) = running.media().await;
        assert_eq!((media, ended), (vec![], Ended::Refused(Unsupported::Hevc.into())));
    }
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
