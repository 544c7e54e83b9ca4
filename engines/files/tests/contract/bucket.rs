use crate::support::{BUCKET, Place, Server, pattern, s3, until};
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use hearth_files::{Error, Files, S3, Settings, TRIES_MAX};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

fn open(settings: S3) -> Files {
    Files::open(&Settings::S3(settings)).expect("settings")
}

/// What every way of asking comes to.
async fn answers(files: &Files) -> Vec<Error> {
    vec![
        files.check().await.expect_err("a failure"),
        files.put("a", Bytes::from_static(b"x")).await.expect_err("a failure"),
        files.read("a", None).await.expect_err("a failure"),
        files.list("a").expect("a name").try_next().await.expect_err("a failure"),
        files.delete_all("a").await.expect_err("a failure"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_say_what_is_wrong() {
    let server = Server::start().await;
    server.files().put("a/b", Bytes::from_static(b"x")).await.expect("room");
    for (settings, expected) in [
        (S3 { key_id: "AKSTRANGER".into(), ..server.settings() }, Error::UnknownKey),
        (S3 { secret: "guessed".into(), ..server.settings() }, Error::WrongSecret),
    ] {
        let files = open(settings);
        for (at, answer) in answers(&files).await.into_iter().enumerate() {
            assert_eq!(answer, expected, "{at}");
            assert!(!answer.may_be_retried());
        }
    }
    // The server of this test makes a bucket that is written to.
    let files = open(S3 { bucket: "nobody".into(), ..server.settings() });
    assert_eq!(files.list("a").expect("a name").try_next().await, Err(Error::NoBucket));
    assert_eq!(files.delete_all("a").await, Err(Error::NoBucket));
    let (place, files) = (Place::new(), open(S3 { secret: "guessed".into(), ..server.settings() }));
    let large = place.file("large", &pattern(17_000_000, 9));
    assert_eq!(files.put_file("a", &large).await, Err(Error::WrongSecret));
    // A question without a body to its answer: nothing but a no.
    assert_eq!(files.head("a/b").await, Err(Error::Denied));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_an_error_soon() {
    let mut server = Server::start().await;
    let files = server.files();
    files.put("a/b", Bytes::from_static(b"x")).await.expect("room");
    server.end().await;
    let began = Instant::now();
    for answer in answers(&files).await {
        assert!(matches!(answer, Error::Unreachable(_)), "{answer:?}");
        assert!(answer.may_be_retried());
    }
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_while_a_film_is_read_ends_it_with_an_error() {
    let mut server = Server::start().await;
    let files = server.files();
    let place = Place::new();
    let bytes = pattern(40_000_000, 4);
    files.put_file("film", &place.file("film", &bytes)).await.expect("room");
    let mut read = files.read("film", None).await.expect("an answer").expect("it is there");
    let first = read.body.try_next().await.expect("a piece").expect("a piece");
    server.end().await;
    let mut got = first.to_vec();
    let error = loop {
        match tokio::time::timeout(Duration::from_secs(30), read.body.try_next()).await.expect("no hang") {
            Ok(Some(piece)) => got.extend_from_slice(&piece),
            Ok(None) => panic!("the end was not there"),
            Err(error) => break error,
        }
    };
    assert!(error.may_be_retried(), "{error:?}");
    assert!(got.len() < bytes.len() && bytes.starts_with(&got));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_is_used_again() {
    let server = Server::start().await;
    let through = Through::start(server.address).await;
    let files = open(s3(through.address));
    let bytes = pattern(40_000_000, 5);
    let place = Place::new();
    files.put_file("film", &place.file("film", &bytes)).await.expect("room");
    let mut read = files.read("film", None).await.expect("an answer").expect("it is there");
    let mut got = read.body.try_next().await.expect("a piece").expect("a piece").to_vec();
    through.cut();
    while let Some(piece) = read.body.try_next().await.expect("it is taken up where it was") {
        got.extend_from_slice(&piece);
    }
    assert!(got == bytes, "the same bytes, each once");
    assert!(through.connections() >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_silent_is_too_slow() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let asked = Arc::new(AtomicUsize::new(0));
    let silent = tokio::spawn({
        let asked = Arc::clone(&asked);
        async move {
            let mut open = Vec::new();
            while let Ok((socket, _)) = listener.accept().await {
                asked.fetch_add(1, Ordering::Relaxed);
                open.push(socket);
            }
        }
    });
    let files = open(S3 { wait: Duration::from_millis(300), ..s3(address) });
    let began = Instant::now();
    assert_eq!(files.read("a", None).await.expect_err("a failure"), Error::TooSlow);
    assert_eq!(files.put("a", Bytes::from_static(b"x")).await, Err(Error::TooSlow));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(asked.load(Ordering::Relaxed) <= 2 * TRIES_MAX);
    silent.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_stops_in_the_middle_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let halting = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut asked = [0; 4_096];
            let _ = socket.read(&mut asked).await;
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\netag: \"1\"\r\n\
                        last-modified: Sun, 29 Nov 2026 00:00:00 GMT\r\n\r\nabc";
            let _ = socket.write_all(head.as_bytes()).await;
            open.push(socket);
        }
    });
    let files = open(S3 { wait: Duration::from_millis(300), ..s3(address) });
    let read = files.read("a", None).await.expect("an answer").expect("a head");
    let answer = tokio::time::timeout(Duration::from_secs(20), read.all()).await.expect("no hang");
    assert!(answer.expect_err("a failure").may_be_retried());
    halting.abort();
}

/// Files of the server that belong to uploads in parts.
fn parts(server: &Server) -> usize {
    let entries = std::fs::read_dir(&server.place.0).expect("its folder").flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(".upload")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_what_nobody_waits_for_any_more_are_taken_back() {
    let server = Server::start().await;
    let files = server.files();
    let place = Place::new();
    let file = place.file("film", &pattern(60_000_000, 6));
    let keeping = tokio::spawn({
        let files = files.clone();
        async move { files.put_file("film", &file).await }
    });
    until("parts come", || parts(&server) > 1).await;
    keeping.abort();
    assert!(keeping.await.is_err_and(|ended| ended.is_cancelled()), "it was under way");
    until("parts are gone", || parts(&server) == 0).await;
    assert_eq!(files.head("film").await, Ok(None), "and never a file of them");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_keeps_two_apart_in_one_bucket() {
    let server = Server::start().await;
    let whole = server.files();
    let one = open(S3 { prefix: "one/hearth".into(), ..server.settings() });
    let other = open(S3 { prefix: "one/hearth2".into(), ..server.settings() });
    one.put("a", Bytes::from_static(b"1")).await.expect("room");
    other.put("a", Bytes::from_static(b"2")).await.expect("room");
    assert!(server.place.0.join(BUCKET).join("one/hearth/a").exists());
    let listed: Vec<_> = whole.list("one").expect("a name").try_collect().await.expect("a list");
    assert_eq!(listed.len(), 2);
    one.delete("a").await.expect("it goes");
    assert_eq!(one.head("a").await, Ok(None));
    assert_eq!(other.head("a").await.expect("an answer").expect("it").name, "a");
    let settings = S3 { prefix: "../other".into(), ..server.settings() };
    assert!(matches!(Files::open(&Settings::S3(settings)), Err(Error::Name(_))));
}

/// What passes bytes on to a server, until it is cut.
struct Through {
    address: std::net::SocketAddr,
    cut: tokio::sync::broadcast::Sender<()>,
    passed: Arc<AtomicUsize>,
    passing: tokio::task::JoinHandle<()>,
}

impl Through {
    async fn start(to: std::net::SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (cut, _) = tokio::sync::broadcast::channel(1);
        let passed = Arc::new(AtomicUsize::new(0));
        let passing = tokio::spawn({
            let (cut, passed) = (cut.clone(), Arc::clone(&passed));
            async move {
                while let Ok((mut near, _)) = listener.accept().await {
                    passed.fetch_add(1, Ordering::Relaxed);
                    let mut cut = cut.subscribe();
                    tokio::spawn(async move {
                        let mut far = TcpStream::connect(to).await.expect("the server");
                        tokio::select! {
                            _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                            _ = cut.recv() => {}
                        }
                    });
                }
            }
        });
        Self { address, cut, passed, passing }
    }

    /// Ends the connections there are.
    fn cut(&self) {
        let _ = self.cut.send(());
    }

    fn connections(&self) -> usize {
        self.passed.load(Ordering::Relaxed)
    }
}

impl Drop for Through {
    fn drop(&mut self) {
        self.passing.abort();
    }
}
