//! Folders that go away with a test, and a real S3 server in this process: HTTP, signatures, and files in a folder.

use bytes::Bytes;
use hearth_files::{Files, S3, Settings};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

pub const BUCKET: &str = "films";
pub const KEY: &str = "AKHEARTH";
pub const SECRET: &str = "a secret of the test";

pub struct Place(pub PathBuf);

impl Place {
    pub fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }

    pub fn within(above: &Path) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = above.join(format!("hearth-files-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, bytes).expect("room");
        path
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An S3 server; it and its connections end with it.
pub struct Server {
    pub address: SocketAddr,
    /// Where its buckets lie.
    pub place: Place,
    serving: JoinHandle<()>,
}

impl Server {
    pub async fn start() -> Self {
        let place = Place::new();
        std::fs::create_dir(place.0.join(BUCKET)).expect("a bucket");
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(&place.0).expect("a folder"));
        service.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                connections.spawn(async move {
                    let http = Builder::new(TokioExecutor::new());
                    let _ = http.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        Self { address, place, serving }
    }

    pub fn settings(&self) -> S3 {
        s3(self.address)
    }

    pub fn files(&self) -> Files {
        Files::open(&Settings::S3(self.settings())).expect("settings")
    }

    /// Closes its port and its connections at once.
    pub async fn end(&mut self) {
        self.serving.abort();
        let _ = (&mut self.serving).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub fn s3(address: SocketAddr) -> S3 {
    S3 {
        endpoint: format!("http://{address}"),
        region: "us-east-1".into(),
        bucket: BUCKET.into(),
        key_id: KEY.into(),
        secret: SECRET.into(),
        prefix: String::new(),
        path_style: true,
        allow_http: true,
        wait: Duration::from_secs(5),
    }
}

/// One kind of storage, and what it stands on.
pub struct Storage {
    pub kind: &'static str,
    pub files: Files,
    _place: Option<Place>,
    _server: Option<Server>,
}

/// Fresh ones: a folder, a bucket, and a part of a bucket.
pub async fn storages() -> Vec<Storage> {
    let place = Place::new();
    let folder = Files::open(&Settings::Folder(place.0.join("files"))).expect("a folder");
    let (server, shared) = (Server::start().await, Server::start().await);
    let bucket = server.files();
    let prefixed = S3 { prefix: "hearth/of/two".into(), ..shared.settings() };
    let part = Files::open(&Settings::S3(prefixed)).expect("settings");
    vec![
        Storage { kind: "folder", files: folder, _place: Some(place), _server: None },
        Storage { kind: "bucket", files: bucket, _place: None, _server: Some(server) },
        Storage { kind: "part of a bucket", files: part, _place: None, _server: Some(shared) },
    ]
}

/// Bytes that are nowhere the same as a little further on.
pub fn pattern(bytes: usize, seed: u32) -> Bytes {
    let word = |at: u32| (at ^ seed.wrapping_mul(0x9e37_79b9)).wrapping_mul(0x85eb_ca6b).to_le_bytes();
    (0..bytes.div_ceil(4) as u32).flat_map(word).take(bytes).collect()
}

pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
