//! An HTTP client that shows everything: status, headers, body.

use crate::support::PATIENCE;
use serde_json::Value;
use std::fmt::Write as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The address that requests are counted under: tests stand behind a proxy that the server trusts.
pub const CLIENT_ADDRESS: &str = "203.0.113.9";

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A request with exactly these headers; a body brings its length.
pub async fn raw(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let (status, headers, body) = bytes(port, method, path, headers, body.as_bytes()).await;
    Answer { status, headers, body: String::from_utf8(body).unwrap() }
}

/// A request whose body and answer are bytes: the status, the headers and the body of the answer.
pub async fn bytes(
    port: u16,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n");
    for (name, value) in headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    let _ = write!(text, "content-length: {}\r\n\r\n", body.len());
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    // The server may answer, and hang up, before it has read a body that is too long.
    let _ = socket.write_all(&[text.as_bytes(), body].concat()).await;
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("an answer in time");
    let end =
        answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_else(|| panic!("{method} {path}: no answer"));
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    (status, headers.collect(), answer[end + 4..].to_vec())
}

/// A program's request: with a bearer token where it has one, and JSON where it says something; a text goes as it stands.
pub async fn ask(port: u16, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Answer {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("x-forwarded-for", CLIENT_ADDRESS)];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    headers.extend(body.map(|body| ("content-type", if body.is_string() { "text/plain" } else { "application/json" })));
    let body = body.map(|body| body.as_str().map_or_else(|| body.to_string(), str::to_owned)).unwrap_or_default();
    raw(port, method, path, &headers, &body).await
}
