//! A live connection as the rest of the node sees it: a bounded queue of frames that are encoded already.

use axum::extract::ws::Utf8Bytes;
use hearth_protocol::ids::{ConnectionId, DeviceId, SpaceId, UserId};
use hearth_protocol::{GoodbyeReason, ServerFrame};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};
use tokio::sync::Notify;

/// Frames that may wait for a client to read.
pub const QUEUE_FRAMES_MAX: usize = 1_024;
/// Bytes that may wait for a client to read.
pub const QUEUE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// A live connection. Whoever has something for it pushes; only its own task in `ws` takes.
pub struct Connection {
    /// Which.
    pub id: ConnectionId,
    /// Of which device.
    pub device: DeviceId,
    /// Whose.
    pub user: UserId,
    queue: Mutex<Queue>,
    wake: Notify,
    overrun: Notify,
    spaces: Mutex<BTreeSet<SpaceId>>,
}

#[derive(Default)]
struct Queue {
    frames: Vec<Utf8Bytes>,
    bytes: usize,
    closing: Option<GoodbyeReason>,
}

/// What the connection's task shall do next.
pub enum Next {
    /// Send these, in this order.
    Frames(Vec<Utf8Bytes>),
    /// Say goodbye and close.
    Close(GoodbyeReason),
}

impl Connection {
    /// A connection that is in no space yet.
    pub fn new(id: ConnectionId, device: DeviceId, user: UserId) -> Self {
        Self {
            id,
            device,
            user,
            queue: Mutex::default(),
            wake: Notify::new(),
            overrun: Notify::new(),
            spaces: Mutex::default(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("nothing panics while it holds a queue")
    }

    /// Queues frames. A client that reads too slowly loses the connection, never single frames:
    /// it connects again and resumes.
    pub fn push(&self, frames: &[Utf8Bytes]) {
        let mut queue = self.queue();
        if queue.closing.is_some() {
            return;
        }
        queue.bytes += frames.iter().map(|frame| frame.len()).sum::<usize>();
        if queue.frames.len() + frames.len() > QUEUE_FRAMES_MAX || queue.bytes > QUEUE_BYTES_MAX {
            metrics::counter!("hearth_slow_consumers_total").increment(1);
            *queue = Queue { closing: Some(GoodbyeReason::SlowConsumer), ..Queue::default() };
            self.overrun.notify_one();
        } else {
            queue.frames.extend_from_slice(frames);
        }
        drop(queue);
        self.wake.notify_one();
    }

    /// Encodes and queues one frame.
    pub fn say(&self, frame: &ServerFrame) {
        self.push(&[encode(frame)]);
    }

    /// Closes the connection once what is queued has gone out.
    pub fn close(&self, reason: GoodbyeReason) {
        self.queue().closing.get_or_insert(reason);
        self.wake.notify_one();
    }

    /// Waits for something to do.
    pub async fn next(&self) -> Next {
        loop {
            {
                let mut queue = self.queue();
                if !queue.frames.is_empty() {
                    queue.bytes = 0;
                    return Next::Frames(std::mem::take(&mut queue.frames));
                }
                if let Some(reason) = queue.closing {
                    return Next::Close(reason);
                }
            }
            self.wake.notified().await;
        }
    }

    /// Waits until the client has fallen too far behind: a write that is under way then is not waited for.
    pub async fn overrun(&self) {
        self.overrun.notified().await;
    }

    /// The spaces it is in.
    pub fn spaces(&self) -> MutexGuard<'_, BTreeSet<SpaceId>> {
        self.spaces.lock().expect("nothing panics while it holds the spaces")
    }
}

/// A frame as it goes out. Encoded once, shared by everybody who gets it.
pub fn encode(frame: &ServerFrame) -> Utf8Bytes {
    serde_json::to_string(frame).expect("frames of the protocol can be written as JSON").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> Connection {
        Connection::new(
            ConnectionId::parse("conn_1").unwrap(),
            DeviceId::parse("dev_1").unwrap(),
            UserId::parse("user_1").unwrap(),
        )
    }

    #[tokio::test]
    async fn what_is_pushed_is_taken_in_order() {
        let connection = connection();
        connection.push(&["a".into()]);
        connection.push(&["b".into(), "c".into()]);
        connection.close(GoodbyeReason::Stopping);
        let Next::Frames(frames) = connection.next().await else { panic!("frames come before the goodbye") };
        assert_eq!(frames.iter().map(|f| f.as_str()).collect::<String>(), "abc");
        assert!(matches!(connection.next().await, Next::Close(GoodbyeReason::Stopping)));
    }

    #[tokio::test]
    async fn one_frame_past_the_limit_ends_the_connection() {
        let connection = connection();
        for _ in 0..QUEUE_FRAMES_MAX {
            connection.push(&["x".into()]);
        }
        assert!(connection.queue().closing.is_none());
        connection.push(&["x".into()]);
        assert!(matches!(connection.next().await, Next::Close(GoodbyeReason::SlowConsumer)));
    }

    #[tokio::test]
    async fn one_byte_past_the_limit_ends_the_connection() {
        let connection = connection();
        connection.push(&["x".repeat(QUEUE_BYTES_MAX).into()]);
        assert!(connection.queue().closing.is_none());
        connection.push(&["x".into()]);
        assert!(matches!(connection.next().await, Next::Close(GoodbyeReason::SlowConsumer)));
    }
}
