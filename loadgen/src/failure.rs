//! Why a run could not be made.

use hearth_protocol::Rejection;

/// Why a run could not be made. The text is for whoever ran it.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What was asked for makes no sense, or is not permitted.
    #[error("{0}")]
    Usage(String),
    /// A socket or a file.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The server breaks RFC 6455, or ends the connection.
    #[error("WebSocket: {0}")]
    WebSocket(&'static str),
    /// The server takes no WebSocket here.
    #[error("WebSocket: the server answers the opening handshake with \"{0}\"")]
    Handshake(String),
    /// An HTTP request could not be made.
    #[error("HTTP: {0}")]
    Http(#[from] hyper::Error),
    /// The server answered with what can't be read.
    #[error("{what} is answered with what can't be read: {reason}")]
    Unreadable { what: String, reason: String },
    /// The server declined.
    #[error("{what} is declined: {rejection:?}")]
    Declined { what: String, rejection: Rejection },
    /// Janus declined.
    #[error("Janus: {0}")]
    Janus(String),
    /// mediasoup declined, or can't be had.
    #[error("mediasoup: {0}")]
    Mediasoup(String),
    /// Session descriptions or media.
    #[error("media: {0}")]
    Media(String),
    /// It did not happen in time.
    #[error("waited {seconds} s in vain for {what}")]
    Late { what: String, seconds: u64 },
}

/// What may fail.
pub type Result<T> = std::result::Result<T, Failure>;

/// Waits for something that must happen within so many seconds.
pub async fn within<T>(seconds: u64, what: &str, task: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(std::time::Duration::from_secs(seconds), task)
        .await
        .unwrap_or_else(|_| Err(Failure::Late { what: what.to_owned(), seconds }))
}
