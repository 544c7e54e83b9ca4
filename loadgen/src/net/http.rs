//! HTTP with JSON over one kept connection.

use crate::failure::{Failure, Result};
use bytes::Bytes;
use hearth_protocol::Rejection;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// The largest answer taken, in bytes.
const ANSWER_MAX_BYTES: usize = 1 << 20;

/// One connection, one request at a time.
pub struct Client {
    address: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
}

impl Client {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        Ok(Self { address, sender: open(address).await? })
    }

    /// Posts `body` and reads the answer.
    pub async fn post<T: DeserializeOwned>(
        &mut self,
        path: &str,
        token: Option<&str>,
        body: &impl Serialize,
    ) -> Result<T> {
        let body = serde_json::to_vec(body).expect("the types of the protocol are JSON");
        self.request(Method::POST, path, token, body).await
    }

    /// Reads `path`.
    pub async fn get<T: DeserializeOwned>(&mut self, path: &str, token: Option<&str>) -> Result<T> {
        self.request(Method::GET, path, token, Vec::new()).await
    }

    /// Reads `path` as it is: a playlist, a part.
    pub async fn bytes(&mut self, path: &str) -> Result<Bytes> {
        self.answer(Method::GET, path, None, Vec::new()).await
    }

    async fn request<T: DeserializeOwned>(
        &mut self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Vec<u8>,
    ) -> Result<T> {
        let what = format!("{method} {path}");
        let bytes = self.answer(method, path, token, body).await?;
        serde_json::from_slice(&bytes).map_err(|error| Failure::Unreadable { what, reason: error.to_string() })
    }

    async fn answer(&mut self, method: Method, path: &str, token: Option<&str>, body: Vec<u8>) -> Result<Bytes> {
        let what = format!("{method} {path}");
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.address.to_string())
            .header(CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let request =
            request.body(Full::new(Bytes::from(body))).map_err(|error| Failure::Usage(format!("{what}: {error}")))?;
        // A server ends a connection on which nothing was asked for a while, as during a run.
        if self.sender.ready().await.is_err() {
            self.sender = open(self.address).await?;
            self.sender.ready().await?;
        }
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let unreadable = |reason: String| Failure::Unreadable { what: what.clone(), reason };
        let bytes = Limited::new(response.into_body(), ANSWER_MAX_BYTES)
            .collect()
            .await
            .map_err(|error| unreadable(error.to_string()))?
            .to_bytes();
        if !status.is_success() {
            return Err(match serde_json::from_slice::<Rejection>(&bytes) {
                Ok(rejection) => Failure::Declined { what, rejection },
                Err(_) => unreadable(format!("status {status}")),
            });
        }
        Ok(bytes)
    }
}
async fn open(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>> {
    let socket = TcpStream::connect(address).await?;
    let (sender, connection) = handshake(TokioIo::new(socket)).await?;
    // It ends with the sender; what goes wrong with it is told to the request under way.
    tokio::spawn(connection);
    Ok(sender)
}
