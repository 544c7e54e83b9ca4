//! Bodies that nobody has read to the end, because they are too large or because who sends them may not.
//!
//! A socket that is closed with bytes unread resets the connection, and the client never sees the answer. So what still comes
//! is thrown away first, up to a limit.

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// What is thrown away of a body before its request is answered; what is larger than that loses the answer, perhaps.
pub const UNREAD_MAX_BYTES: usize = 32 * 1024 * 1024;
/// How long is waited for it.
const UNREAD_WITHIN: Duration = Duration::from_secs(20);

/// A body that comes back when it is dropped before its end.
struct Lent {
    body: Option<Body>,
    back: Option<oneshot::Sender<Body>>,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(HttpBody::size_hint).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(body), Some(back)) = (self.body.take().filter(|body| !body.is_end_stream()), self.back.take()) {
            // Nobody waits for it any more: the request is over.
            let _ = back.send(body);
        }
    }
}

/// Answers once the body has been read, by the handler or by nobody.
pub async fn answer_after(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let one_socket = request.version() < Version::HTTP_2;
    let (back, mut returned) = oneshot::channel();
    let request = request.map(|body| Body::new(Lent { body: Some(body), back: Some(back) }));
    let mut response = next.run(request).await;
    if let Ok(body) = returned.try_recv()
        && !timeout(UNREAD_WITHIN, discard(body)).await.unwrap_or(false)
        && one_socket
    {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Reads, and forgets; whether the end was reached.
async fn discard(mut body: Body) -> bool {
    let mut left = UNREAD_MAX_BYTES;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(bytes) {
            Some(rest) => left = rest,
            None => return false,
        }
    }
    true
}
