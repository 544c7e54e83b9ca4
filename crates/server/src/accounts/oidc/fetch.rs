//! Asking the provider: one request on one connection, with a bound on what comes back.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use rustls::pki_types::ServerName;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The longest answer that is read, in bytes.
pub const ANSWER_MAX_BYTES: usize = 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address is none that can be asked.
    #[error("{0} is no address to ask")]
    Address(Uri),
    /// The machine could not be reached.
    #[error("no connection to {0}: {1}")]
    Connect(String, std::io::Error),
    /// The machine is not known to be who it is.
    #[error("no TLS with {0}: {1}")]
    Tls(String, std::io::Error),
    /// There is no certificate to trust.
    #[error("this machine has no certificates of authorities to trust: {0}")]
    NoRoots(String),
    /// HTTP broke.
    #[error("HTTP: {0}")]
    Http(#[from] hyper::Error),
    /// The body broke, or is longer than [`ANSWER_MAX_BYTES`].
    #[error("the answer could not be read: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
}

/// An HTTP client that follows nothing and keeps nothing.
#[derive(Default)]
pub struct Fetch {
    tls: OnceLock<Arc<rustls::ClientConfig>>,
}

impl Fetch {
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let uri = request.uri().clone();
        let address = || FetchError::Address(uri.clone());
        let host = uri.host().map(|host| host.trim_matches(['[', ']'])).ok_or_else(address)?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(address()),
        };
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let socket = TcpStream::connect((host, port))
            .await
            .map_err(|error| FetchError::Connect(format!("{host}:{port}"), error))?;
        if !secure {
            return exchange(socket, request).await;
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|_| address())?;
        let socket = TlsConnector::from(self.tls()?)
            .connect(name, socket)
            .await
            .map_err(|error| FetchError::Tls(host.to_owned(), error))?;
        exchange(socket, request).await
    }

    /// TLS that trusts whom this machine trusts (`SSL_CERT_FILE` names others).
    fn tls(&self) -> Result<Arc<rustls::ClientConfig>, FetchError> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls.clone());
        }
        let found = rustls_native_certs::load_native_certs();
        let mut roots = rustls::RootCertStore::empty();
        let (trusted, _) = roots.add_parsable_certificates(found.certs);
        let failed = |reason: String| FetchError::NoRoots(reason);
        if trusted == 0 {
            return Err(failed(found.errors.first().map(ToString::to_string).unwrap_or_default()));
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(self.tls.get_or_init(|| Arc::new(tls)).clone())
    }
}

/// Asks once. It takes as long as it takes: who calls bounds the time.
impl<'c> AsyncHttpClient<'c> for Fetch {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

async fn exchange(
    socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: HttpRequest,
) -> Result<HttpResponse, FetchError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
    let request = origin_form(request)?;
    let mut answer = pin!(async move {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, ANSWER_MAX_BYTES).collect().await.map_err(FetchError::Body)?;
        Ok(HttpResponse::from_parts(head, body.to_bytes().to_vec()))
    });
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        // What it had read before it ended is still there.
        _ = connection => answer.await,
    }
}

/// The request as it goes to the server itself (RFC 9112, section 3.2.1).
fn origin_form(request: HttpRequest) -> Result<Request<Full<Bytes>>, FetchError> {
    let (mut head, body) = request.into_parts();
    let address = || FetchError::Address(head.uri.clone());
    let authority = head.uri.authority().ok_or_else(address)?;
    let host = HeaderValue::from_str(authority.as_str()).map_err(|_| address())?;
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).parse().map_err(|_| address())?;
    head.uri = path;
    head.headers.insert(HOST, host);
    head.headers.insert(USER_AGENT, HeaderValue::from_static(concat!("hearth/", env!("CARGO_PKG_VERSION"))));
    Ok(Request::from_parts(head, Full::from(body)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    /// A server that gives one answer of so many bytes, and the address to ask it at.
    async fn answering(bytes: usize) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await.unwrap());
            }
            let status = if head.starts_with(b"GET /a?b HTTP/1.1\r\n") { "200 OK" } else { "400 Bad Request" };
            let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\n\r\n{}", "x".repeat(bytes));
            // The client hangs up on what is too long.
            let _ = socket.write_all(answer.as_bytes()).await;
        });
        format!("http://{address}/a?b")
    }

    async fn get(url: &str) -> Result<HttpResponse, FetchError> {
        Fetch::default().call(Request::get(url).body(Vec::new()).unwrap()).await
    }

    #[tokio::test]
    async fn an_answer_is_read_up_to_its_limit_and_no_further() {
        let answer = get(&answering(ANSWER_MAX_BYTES).await).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.body().len()), (200, ANSWER_MAX_BYTES));
        assert!(matches!(get(&answering(ANSWER_MAX_BYTES + 1).await).await, Err(FetchError::Body(_))));
    }

    #[tokio::test]
    async fn what_can_not_be_asked_is_named() {
        assert!(matches!(get("ftp://127.0.0.1/").await, Err(FetchError::Address(_))));
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let refused = get(&format!("http://{closed}/")).await.unwrap_err();
        assert!(refused.to_string().contains(&closed.to_string()), "{refused}");
    }
}
