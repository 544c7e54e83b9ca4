//! Starting and stopping.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt::Write as _;
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::accounts::sweep;
use crate::broadcast::picture::FFMPEG;
use crate::broadcast::{films as recordings, rtmp};
use crate::clock;
use crate::config::Config;
use crate::films;
use crate::http::{self, AppState};
use crate::listen::{self, Doorkeeper};
use crate::node::Node;
use hearth_protocol::GoodbyeReason;

/// How long clients have to hear that the server stops.
const FAREWELL: Duration = Duration::from_millis(300);

/// Why the server did not start. The text is for the operator.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The HTTP port.
    #[error("can't listen on {address}: {reason}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says, and what to do about it.
        reason: String,
    },
    /// The data folder.
    #[error("can't write the data folder {folder}: {source}")]
    Data {
        /// Which.
        folder: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another server runs on the data folder.
    #[error("another Hearth is running on the data folder {0}; stop it, or choose another folder with --data")]
    InUse(String),
    /// The database.
    #[error("database: {0}")]
    Store(#[from] hearth_store::Error),
    /// The media engine.
    #[error("media: {0}")]
    Media(#[from] hearth_sfu::Error),
    /// The bucket.
    #[error("storage: {0}")]
    Storage(#[from] hearth_files::Error),
    /// HTTPS.
    #[error("HTTPS: {0}")]
    Tls(String),
}

/// A server that has started.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The address to open in a browser.
    pub url: String,
    /// Where to make the first administrator, if there is none.
    pub setup_url: Option<String>,
    /// The node, for who runs a server inside a program.
    pub node: Arc<Node>,
    /// Where encoders send by RTMP, if they can.
    pub rtmp: Option<SocketAddr>,
    accepting: tokio::task::JoinHandle<()>,
    encoders: Option<tokio::task::JoinHandle<()>>,
    stop: watch::Sender<bool>,
    /// Held while the server runs; the system lets go of it when the process ends, however it ends.
    _lock: FolderLock,
}

/// Starts everything.
pub async fn start(config: Config) -> Result<Running, Error> {
    create_private(&config.data)
        .and_then(|()| probe_folder(&config.data))
        .map_err(|source| Error::Data { folder: config.data.display().to_string(), source })?;
    let lock = lock(&config.data)?;
    let listener = TcpListener::bind(config.listen).await.map_err(|error| refused(config.listen, &error))?;
    let address = listener.local_addr().map_err(|error| refused(config.listen, &error))?;
    let tls = acceptor(&config)?;
    let url = url(&config, address);
    let keeper = Doorkeeper::new(config.limits.clone(), config.trusted_proxies.clone());
    let node = Node::start(config).await?;
    recordings::recover(&node).await;
    films::start(&node).await;
    node.store().visits().close_open(clock::now().0).await?;
    if let Err(error) = std::process::Command::new(FFMPEG).arg("-version").output() {
        tracing::warn!(%error, "the program {FFMPEG} is not there: no pictures on the front page, and nothing is converted");
    }
    let encoders = match node.config().rtmp.port {
        0 => None,
        port => rtmp::listen(&node, SocketAddr::new(address.ip(), port)).await,
    };
    let (rtmp, encoders) = encoders.unzip();
    let state = AppState::new(node.clone(), keeper.clone());
    if let Some(rtmp) = rtmp {
        let _ = state.rtmp_port.set(rtmp.port());
    }
    let setup_url = state.setup_token().await?.map(|token| format!("{url}/setup/{token}"));
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(sweep::keep_sweeping(node.clone(), stop.subscribe()));
    let accepting = tokio::spawn(listen::accept(listener, tls, keeper, http::router(state), stopping));
    Ok(Running { address, url, setup_url, node, rtmp, accepting, encoders, stop, _lock: lock })
}

impl Running {
    /// Stops: nobody new comes in, everybody is told, and what was accepted is stored.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.accepting.await;
        if let Some(encoders) = self.encoders {
            encoders.abort();
        }
        self.node.tell_spaces(&hearth_capabilities::Input::Stop);
        tokio::time::sleep(FAREWELL / 3).await;
        self.node.close_connections(GoodbyeReason::Stopping, |_| true);
        tokio::time::sleep(FAREWELL).await;
        self.node.films().conversions().stop().await;
        self.node.store().close().await;
    }
}

fn refused(address: SocketAddr, error: &std::io::Error) -> Error {
    let mut reason = error.to_string();
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            reason = format!("port {} is in use by another program; choose another with --listen", address.port())
        }
        std::io::ErrorKind::PermissionDenied => {
            let _ = write!(reason, " (ports below 1024 need a privilege; choose another with --listen)");
        }
        std::io::ErrorKind::AddrNotAvailable => {
            let _ = write!(reason, " ({} is no address of this machine)", address.ip());
        }
        _ => {}
    }
    Error::Listen { address, reason }
}

/// Makes a folder, with those above it, that only its owner reads: it holds what people said, and hashes of passwords.
pub fn create_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Holds the data folder for one server.
struct FolderLock(File);

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Closing alone would leave it to a child that was started just now, until it runs its program.
        let _ = self.0.unlock();
    }
}

/// Two servers on one folder would each believe that they own its rooms.
fn lock(folder: &Path) -> Result<FolderLock, Error> {
    let failed = |source| Error::Data { folder: folder.display().to_string(), source };
    let file = File::create(folder.join("hearth.lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(FolderLock(file)),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::InUse(folder.display().to_string())),
        Err(std::fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn probe_folder(folder: &Path) -> std::io::Result<()> {
    let probe = folder.join(".writable");
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(probe)
}

/// The address to open in a browser: `localhost` where that reaches us, because browsers trust it with a camera.
fn url(config: &Config, address: SocketAddr) -> String {
    if !config.public_url.is_empty() {
        return config.public_url.trim_end_matches('/').to_owned();
    }
    let scheme = if config.serves_tls() { "https" } else { "http" };
    let ip = address.ip();
    if ip.is_loopback() || ip.is_unspecified() {
        format!("{scheme}://localhost:{}", address.port())
    } else {
        format!("{scheme}://{address}")
    }
}

fn acceptor(config: &Config) -> Result<Option<TlsAcceptor>, Error> {
    if !config.serves_tls() {
        return Ok(None);
    }
    let tls = |what: &str, error: &dyn std::fmt::Display| Error::Tls(format!("{what}: {error}"));
    let (certificate, key) = if config.tls.self_signed {
        self_signed(config)?
    } else {
        (config.tls.certificate.clone(), config.tls.key.clone())
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect)
        .map_err(|error| tls(&certificate.display().to_string(), &error))?;
    let private = PrivateKeyDer::from_pem_file(&key).map_err(|error| tls(&key.display().to_string(), &error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| tls("versions", &error))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| tls("certificate and key", &error))?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(server))))
}

/// The self-signed certificate in the data folder, made at the first start.
fn self_signed(config: &Config) -> Result<(std::path::PathBuf, std::path::PathBuf), Error> {
    let certificate = config.data.join("self-signed.pem");
    let key = config.data.join("self-signed.key");
    if certificate.exists() && key.exists() {
        return Ok((certificate, key));
    }
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let ip = config.listen.ip();
    if !ip.is_unspecified() && !ip.is_loopback() {
        names.push(ip.to_string());
    }
    let failed =
        |error: &dyn std::fmt::Display| Error::Tls(format!("the self-signed certificate could not be made: {error}"));
    let made = rcgen::generate_simple_self_signed(names).map_err(|error| failed(&error))?;
    write_private(&key, made.signing_key.serialize_pem().as_bytes()).map_err(|error| failed(&error))?;
    std::fs::write(&certificate, made.cert.pem()).map_err(|error| failed(&error))?;
    Ok((certificate, key))
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(bytes)
}
