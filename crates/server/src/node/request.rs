//! Where the answer to a request goes.

use hearth_protocol::{Outcome, Rejection, ServerFrame};
use std::sync::Arc;
use tokio::sync::oneshot;

use super::connection::Connection;

/// Where the answer to a request goes. Each is answered exactly once: one that is dropped answers [`Rejection::Fault`].
pub struct ReplyTo(Option<Asker>);

enum Asker {
    Frame { connection: Arc<Connection>, id: u32 },
    Program(oneshot::Sender<Result<Outcome, Rejection>>),
    Hello(oneshot::Sender<Result<Greeting, Rejection>>),
}

/// The answer to a device that connects.
pub struct Greeting {
    /// Who its user is.
    pub me: hearth_protocol::people::Me,
    /// Where the personal stream stands.
    pub person: hearth_protocol::Resume,
    /// Whether the missed events follow.
    pub resumed: bool,
}

impl ReplyTo {
    /// To a command's frame.
    pub fn frame(connection: &Arc<Connection>, id: u32) -> Self {
        Self(Some(Asker::Frame { connection: connection.clone(), id }))
    }

    /// To a program over HTTP.
    pub fn program() -> (Self, oneshot::Receiver<Result<Outcome, Rejection>>) {
        let (answer, receiver) = oneshot::channel();
        (Self(Some(Asker::Program(answer))), receiver)
    }

    /// To a connecting device.
    pub fn hello() -> (Self, oneshot::Receiver<Result<Greeting, Rejection>>) {
        let (answer, receiver) = oneshot::channel();
        (Self(Some(Asker::Hello(answer))), receiver)
    }

    /// Answers. Somebody who no longer waits is no fault.
    pub fn answer(mut self, result: Result<Outcome, Rejection>) {
        self.settle(result);
    }

    /// Answers a connecting device.
    pub fn greet(mut self, greeting: Greeting) {
        if let Some(Asker::Hello(answer)) = self.0.take() {
            let _ = answer.send(Ok(greeting));
        }
    }

    fn settle(&mut self, result: Result<Outcome, Rejection>) {
        match self.0.take() {
            Some(Asker::Frame { connection, id }) => {
                let (ok, rejection) = match result {
                    Ok(outcome) => (Some(outcome), None),
                    Err(rejection) => (None, Some(rejection)),
                };
                connection.say(&ServerFrame::Reply { id, ok, rejection });
            }
            Some(Asker::Program(answer)) => {
                let _ = answer.send(result);
            }
            Some(Asker::Hello(answer)) => {
                let _ = answer.send(Err(result.err().unwrap_or(Rejection::Fault)));
            }
            None => {}
        }
    }
}

impl Drop for ReplyTo {
    fn drop(&mut self) {
        self.settle(Err(Rejection::Fault));
    }
}
