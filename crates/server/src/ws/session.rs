//! One client's session: `hello`, then commands in their order, and frames out as they come.

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use futures_util::SinkExt as _;
use hearth_capabilities::PersonInput;
use hearth_capabilities::person::Person;
use hearth_capabilities::space::Space;
use hearth_protocol::ids::{ConnectionId, SpaceId};
use hearth_protocol::limits::{LimitName, SPACES_PER_CONNECTION_MAX};
use hearth_protocol::{
    ClientFrame, Command, GoodbyeReason, PROTOCOL_VERSION, PersonCommand, Rejection, Resume, ServerFrame,
};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::lookup;
use super::rate::Rate;
use crate::accounts::Who;
use crate::http::AppState;
use crate::http::answer::malformed;
use crate::node::connection::{Connection, Next, encode};
use crate::node::request::ReplyTo;
use crate::{clock, fresh};

/// A client says hello within this time.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// How often the server pings (RFC 6455, section 5.5.2).
const PING_EVERY: Duration = Duration::from_secs(15);
/// Pings that a client may leave unanswered.
const PINGS_UNANSWERED_MAX: u32 = 2;
/// How long a write may take. A client that takes longer does not read.
const WRITE_WITHIN: Duration = Duration::from_secs(20);
/// Frames that can't be read, or commands past the rate, before the server hangs up.
const OFFENCES_MAX: u32 = 50;
/// The longest name and version a client may give, in bytes.
const CLIENT_NAME_MAX_BYTES: usize = 64;

struct Session {
    state: Arc<AppState>,
    who: Who,
    connection: Arc<Connection>,
    socket: WebSocket,
    rate: Rate,
    offences: u32,
    pings_unanswered: u32,
}

/// Why the session is over.
enum End {
    /// The client went, or its socket died.
    Gone,
    /// The server says goodbye.
    Goodbye(GoodbyeReason),
}

/// Runs a session until it ends, and tells the machines.
pub async fn run(state: Arc<AppState>, who: Who, socket: WebSocket) {
    let id = ConnectionId::parse(&format!("conn_{}", fresh::suffix())).expect("well formed");
    let connection = Arc::new(Connection::new(id, who.device.clone(), who.profile.id.clone()));
    let rate = Rate::new(state.node.config().limits.commands_per_second, Instant::now());
    let mut session = Session { state, who, connection, socket, rate, offences: 0, pings_unanswered: 0 };
    session.state.node.enter(&session.connection);
    let end = match session.greet().await {
        Ok(()) => session.serve().await,
        Err(end) => end,
    };
    session.state.node.lose(&session.connection);
    if let End::Goodbye(reason) = end {
        session.say_goodbye(reason).await;
    }
}

impl Session {
    /// Waits for `hello` and answers it.
    async fn greet(&mut self) -> Result<(), End> {
        let first = timeout(HELLO_WITHIN, self.socket.recv()).await.map_err(|_| End::Goodbye(GoodbyeReason::Idle))?;
        let Some(Ok(Message::Text(text))) = first else { return Err(End::Gone) };
        let (version, client, resume) = match read(&text) {
            Ok(ClientFrame::Hello { version, client, resume }) => (version, client, resume),
            Ok(_) => return self.refuse_greeting(Rejection::Malformed { reason: "hello comes first".to_owned() }),
            Err(rejection) => return self.refuse_greeting(rejection),
        };
        if version != PROTOCOL_VERSION {
            let rejection = Rejection::UnsupportedVersion { oldest: PROTOCOL_VERSION, newest: PROTOCOL_VERSION };
            self.connection.say(&ServerFrame::Refused { rejection });
            return Err(End::Goodbye(GoodbyeReason::UnsupportedVersion));
        }
        if client.len() > CLIENT_NAME_MAX_BYTES {
            let rejection = Rejection::Invalid { field: "client".to_owned(), reason: "too long".to_owned() };
            return self.refuse_greeting(rejection);
        }
        self.answer_hello(resume).await
    }

    fn refuse_greeting(&self, rejection: Rejection) -> Result<(), End> {
        self.connection.say(&ServerFrame::Refused { rejection });
        Err(End::Goodbye(GoodbyeReason::Misbehaviour))
    }

    async fn answer_hello(&mut self, resume: Option<Resume>) -> Result<(), End> {
        let (reply, answer) = ReplyTo::hello();
        let (connection, device) = (self.connection.id.clone(), self.connection.device.clone());
        self.state.node.ask::<Person>(&self.who.profile.id, reply, |request| PersonInput::Connected {
            connection,
            device,
            resume,
            request,
        });
        let greeting = match answer.await.unwrap_or(Err(Rejection::Fault)) {
            Ok(greeting) => greeting,
            Err(rejection) => {
                self.connection.say(&ServerFrame::Refused { rejection });
                return Err(End::Goodbye(GoodbyeReason::Misbehaviour));
            }
        };
        let hello = ServerFrame::Hello {
            version: PROTOCOL_VERSION,
            connection: self.connection.id.clone(),
            device: self.connection.device.clone(),
            me: greeting.me,
            server_time_ms: clock::now().0,
            person: greeting.person,
            resumed: greeting.resumed,
        };
        // What the personal stream replays waits in the queue already: hello goes before it.
        self.write(vec![encode(&hello)]).await
    }

    async fn serve(&mut self) -> End {
        let mut pings = interval(PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pings.reset();
        let connection = self.connection.clone();
        loop {
            let step = tokio::select! {
                next = connection.next() => match next {
                    Next::Frames(frames) => self.write(frames).await,
                    Next::Close(reason) => Err(End::Goodbye(reason)),
                },
                message = self.socket.recv() => match message {
                    Some(Ok(message)) => self.take(message).await,
                    // What can't be framed can't be answered: tungstenite has lost its place in the stream.
                    Some(Err(error)) if is_too_large(&error) => self.refuse_oversized(),
                    Some(Err(_)) | None => Err(End::Gone),
                },
                _ = pings.tick() => self.ping().await,
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn take(&mut self, message: Message) -> Result<(), End> {
        self.pings_unanswered = 0;
        match message {
            Message::Text(text) => self.take_frame(&text).await,
            Message::Binary(_) => self.offend(Rejection::Malformed { reason: "frames are text".to_owned() }),
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => {
                // The answer to a close frame is queued already (RFC 6455, section 5.5.1); it only has to go out.
                let _ = timeout(WRITE_WITHIN, self.socket.flush()).await;
                Err(End::Gone)
            }
        }
    }

    async fn take_frame(&mut self, text: &str) -> Result<(), End> {
        let received_ms = clock::now_ms();
        let frame = match read(text) {
            Ok(frame) => frame,
            Err(rejection) => return self.refuse_frame(text, rejection),
        };
        let limited = self.rate.take(Instant::now()).err().map(|wait| Rejection::Limit {
            limit: LimitName::CommandRate,
            max: self.state.node.config().limits.commands_per_second.into(),
            retry_after_ms: Some(wait.as_millis() as u64 + 1),
        });
        match (frame, limited) {
            (ClientFrame::Command { id, .. } | ClientFrame::Person { id, .. }, Some(rejection)) => {
                self.connection.say(&ServerFrame::Reply { id, ok: None, rejection: Some(rejection) });
                self.count_offence()
            }
            (_, Some(rejection)) => self.offend(rejection),
            (ClientFrame::Command { id, space, command }, None) => {
                self.command(id, space, command).await;
                Ok(())
            }
            (ClientFrame::Person { id, command }, None) => {
                self.person_command(id, command).await;
                Ok(())
            }
            (ClientFrame::Ping { t0_ms }, None) => {
                let pong = ServerFrame::Pong { t0_ms, t1_ms: received_ms, t2_ms: clock::now_ms() };
                self.write(vec![encode(&pong)]).await
            }
            (ClientFrame::Hello { .. }, None) => {
                self.offend(Rejection::Malformed { reason: "hello comes once".to_owned() })
            }
        }
    }

    async fn command(&mut self, id: u32, space: SpaceId, command: Command) {
        let reply = ReplyTo::frame(&self.connection, id);
        if matches!(command, Command::Join { .. }) && self.in_too_many_spaces(&space) {
            return reply.answer(Err(Rejection::Limit {
                limit: LimitName::SpacesPerConnection,
                max: SPACES_PER_CONNECTION_MAX as u64,
                retry_after_ms: None,
            }));
        }
        let node = &self.state.node;
        let lookup = match lookup::of_command(node, &self.who, &space, &command).await {
            Ok(lookup) => lookup,
            Err(rejection) => return reply.answer(Err(rejection)),
        };
        let from = self.who.caller(&space, Some(self.connection.id.clone()));
        node.ask::<Space>(&space, reply, |request| hearth_capabilities::Input::Command {
            from,
            request,
            command,
            fresh: fresh::fresh(),
            lookup,
        });
    }

    fn in_too_many_spaces(&self, space: &SpaceId) -> bool {
        let spaces = self.connection.spaces();
        spaces.len() >= SPACES_PER_CONNECTION_MAX && !spaces.contains(space)
    }

    async fn person_command(&mut self, id: u32, command: PersonCommand) {
        let reply = ReplyTo::frame(&self.connection, id);
        let node = &self.state.node;
        match lookup::of_person_command(node.store(), &command).await {
            Ok(lookup) => node.ask::<Person>(&self.who.profile.id, reply, |request| PersonInput::Command {
                request,
                command,
                lookup,
            }),
            Err(rejection) => reply.answer(Err(rejection)),
        }
    }

    /// A frame that can't be read, but has an id, is answered like the command that it might have been.
    fn refuse_frame(&mut self, text: &str, rejection: Rejection) -> Result<(), End> {
        #[derive(serde::Deserialize)]
        struct Numbered {
            id: u32,
        }
        match serde_json::from_str::<Numbered>(text) {
            Ok(Numbered { id }) => {
                self.connection.say(&ServerFrame::Reply { id, ok: None, rejection: Some(rejection) });
                self.count_offence()
            }
            Err(_) => self.offend(rejection),
        }
    }

    fn refuse_oversized(&self) -> Result<(), End> {
        self.connection.say(&ServerFrame::Refused {
            rejection: Rejection::Limit {
                limit: LimitName::FrameBytes,
                max: hearth_protocol::limits::FRAME_MAX_BYTES as u64,
                retry_after_ms: None,
            },
        });
        Err(End::Goodbye(GoodbyeReason::Misbehaviour))
    }

    fn offend(&mut self, rejection: Rejection) -> Result<(), End> {
        self.connection.say(&ServerFrame::Refused { rejection });
        self.count_offence()
    }

    fn count_offence(&mut self) -> Result<(), End> {
        self.offences += 1;
        if self.offences > OFFENCES_MAX { Err(End::Goodbye(GoodbyeReason::Misbehaviour)) } else { Ok(()) }
    }

    async fn ping(&mut self) -> Result<(), End> {
        if self.pings_unanswered >= PINGS_UNANSWERED_MAX {
            return Err(End::Goodbye(GoodbyeReason::Idle));
        }
        self.pings_unanswered += 1;
        let ping = self.socket.send(Message::Ping(bytes::Bytes::new()));
        finished(timeout(WRITE_WITHIN, ping).await)
    }

    /// Writes frames together: one system call for all that have gathered.
    async fn write(&mut self, frames: Vec<Utf8Bytes>) -> Result<(), End> {
        let socket = &mut self.socket;
        let all = async {
            for frame in frames {
                socket.feed(Message::Text(frame)).await?;
            }
            socket.flush().await
        };
        tokio::select! {
            biased;
            written = timeout(WRITE_WITHIN, all) => finished(written),
            () = self.connection.overrun() => Err(End::Goodbye(GoodbyeReason::SlowConsumer)),
        }
    }

    async fn say_goodbye(mut self, reason: GoodbyeReason) {
        // From here on nothing is queued any more; what is queued already still goes out.
        self.connection.close(reason);
        let mut last = match self.connection.next().await {
            Next::Frames(frames) => frames,
            Next::Close(_) => Vec::new(),
        };
        last.push(encode(&ServerFrame::Goodbye { reason }));
        if self.write(last).await.is_ok() {
            let close = Message::Close(Some(CloseFrame { code: close_code::NORMAL, reason: Utf8Bytes::default() }));
            let _ = timeout(WRITE_WITHIN, self.socket.send(close)).await;
        }
    }
}

fn finished(write: Result<Result<(), axum::Error>, tokio::time::error::Elapsed>) -> Result<(), End> {
    match write {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Gone),
        Err(_) => Err(End::Goodbye(GoodbyeReason::SlowConsumer)),
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    use std::error::Error as _;
    let source = error.source().and_then(|source| source.downcast_ref::<tungstenite::Error>());
    matches!(source, Some(tungstenite::Error::Capacity(_)))
}

/// Reads a frame.
///
/// Errors: [`Rejection::Malformed`] with what a developer needs to see.
fn read(text: &str) -> Result<ClientFrame, Rejection> {
    serde_json::from_str(text).map_err(|error| malformed(&error))
}
