//! HTTPS: the certificate that is made at the first start, and files that are wrong.

use crate::support::{Folder, PATIENCE, Server};
use hearth_server::config::Config;
use hearth_server::serve;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A connection over TLS, trusting only this certificate, and offering these protocols.
async fn secure(port: u16, certificate: &Path, protocols: &[&[u8]]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let socket = TcpStream::connect(("127.0.0.1", port)).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(client)).connect(name, socket).await
}

/// Asks over HTTP/1.1.
async fn ask(port: u16, certificate: &Path) -> std::io::Result<String> {
    let mut secure = secure(port, certificate, &[]).await?;
    secure.write_all(b"GET /api/session HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    timeout(PATIENCE, secure.read_to_string(&mut answer)).await.unwrap()?;
    Ok(answer)
}

#[tokio::test]
async fn the_certificate_of_the_first_start_is_kept_and_serves() {
    let server = Server::with(|config| config.tls.self_signed = true).await;
    assert!(server.running().url.starts_with("https://localhost:"), "{}", server.running().url);
    let certificate = server.folder.0.join("self-signed.pem");
    let made = std::fs::read(&certificate).unwrap();
    assert!(ask(server.port(), &certificate).await.unwrap().starts_with("HTTP/1.1 200"));

    let folder = server.stop().await;
    let again = Server::on(folder, |config| config.tls.self_signed = true).await;
    assert_eq!(std::fs::read(&certificate).unwrap(), made, "browsers that accepted it go on accepting it");
    assert!(ask(again.port(), &certificate).await.is_ok());
}

/// What browsers do on our own pages: change something, with a cookie's worth of suspicion, over HTTP/2.
#[tokio::test]
async fn pages_of_ours_may_sign_in_over_http2() {
    let server = Server::with(|config| config.tls.self_signed = true).await;
    let ana = server.sign_up("ana").await;
    let socket = secure(server.port(), &server.folder.0.join("self-signed.pem"), &[b"h2"]).await.unwrap();
    assert_eq!(socket.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut http, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
    let connection = tokio::spawn(connection);
    let host = format!("localhost:{}", server.port());
    let mut guest = |origin: String| {
        let body = format!(r#"{{"display_name":"Bo","room":"{}"}}"#, ana.room);
        let request = hyper::Request::post(format!("https://{host}/api/session/guest"))
            .header("content-type", "application/json")
            .header("origin", origin);
        http.send_request(request.body(body).unwrap())
    };
    assert_eq!(guest(format!("https://{host}")).await.unwrap().status(), 200);
    assert_eq!(guest("https://evil.example".to_owned()).await.unwrap().status(), 403);
    connection.abort();
}

#[tokio::test]
async fn who_speaks_no_tls_disturbs_nobody() {
    let server = Server::with(|config| config.tls.self_signed = true).await;
    let mut plain = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, plain.read_to_end(&mut answer)).await.unwrap();
    assert!(!answer.starts_with(b"HTTP"));
    assert!(ask(server.port(), &server.folder.0.join("self-signed.pem")).await.is_ok());
}

#[tokio::test]
async fn certificate_files_that_are_wrong_are_told_by_name() {
    let folder = Folder::new();
    let (certificate, key) = (folder.0.join("chain.pem"), folder.0.join("key.pem"));
    std::fs::write(&certificate, "no certificate").unwrap();
    let mut config = Config { data: folder.0.clone(), ..Config::default() };
    config.listen.set_port(0);
    (config.tls.certificate, config.tls.key) = (certificate, key);
    let Err(error) = serve::start(config).await else { panic!("it started") };
    assert!(error.to_string().starts_with("HTTPS: "), "{error}");
}
