//! One WebSocket of Hearth: hello, commands with replies, events.

use super::target::Target;
use crate::failure::{Failure, Result, within};
use crate::net::websocket;
use hearth_protocol::ids::SpaceId;
use hearth_protocol::{ClientFrame, Command, Event, Outcome, PROTOCOL_VERSION, ServerFrame};
use std::collections::VecDeque;

/// How long an answer may take.
const ANSWER_S: u64 = 30;
/// Events kept while a reply is awaited; older ones are dropped.
const EVENTS_KEPT: usize = 256;

/// A connection after `hello`.
pub struct Connection {
    socket: websocket::Connection,
    events: VecDeque<Event>,
    next_id: u32,
}

impl Connection {
    /// Connects and says hello.
    pub async fn open(target: Target, token: &str) -> Result<Self> {
        within(ANSWER_S, "a WebSocket", Self::say_hello(target, token)).await
    }

    async fn say_hello(target: Target, token: &str) -> Result<Self> {
        let headers = [format!("Authorization: Bearer {token}")];
        let socket = websocket::Connection::open(target.address, "/ws", &headers).await?;
        let mut connection = Self { socket, events: VecDeque::new(), next_id: 1 };
        let client = concat!("loadgen/", env!("CARGO_PKG_VERSION")).to_owned();
        connection.say(&ClientFrame::Hello { version: PROTOCOL_VERSION, client, resume: None }).await?;
        match connection.hear().await? {
            ServerFrame::Hello { .. } => Ok(connection),
            other => Err(unexpected("hello", &other)),
        }
    }

    /// Says a command and waits for what comes of it.
    pub async fn command(&mut self, space: &SpaceId, command: Command) -> Result<Outcome> {
        let id = self.next_id;
        self.next_id += 1;
        let what = name_of(&command);
        self.say(&ClientFrame::Command { id, space: space.clone(), command }).await?;
        within(ANSWER_S, what, self.reply(id, what)).await
    }

    /// Joins a space and takes its snapshot.
    pub async fn join(&mut self, space: &SpaceId) -> Result<()> {
        self.command(space, Command::Join { resume: None, as_guest: false }).await?;
        let snapshot = async {
            while !matches!(self.next_event().await?, Event::Snapshot { .. }) {}
            Ok(())
        };
        within(ANSWER_S, "a snapshot", snapshot).await
    }

    /// The next event of any space. Cancelling loses nothing.
    pub async fn next_event(&mut self) -> Result<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            let frame = self.hear().await?;
            self.keep(frame)?;
        }
    }

    /// The bare socket, and what was read from it but not taken.
    pub fn into_socket(self) -> Result<(std::net::TcpStream, Vec<u8>)> {
        self.socket.into_socket()
    }

    async fn reply(&mut self, wanted: u32, what: &str) -> Result<Outcome> {
        loop {
            match self.hear().await? {
                ServerFrame::Reply { id, ok, rejection } if id == wanted => {
                    return match (ok, rejection) {
                        (Some(outcome), None) => Ok(outcome),
                        (_, Some(rejection)) => Err(Failure::Declined { what: what.to_owned(), rejection }),
                        (None, None) => {
                            Err(Failure::Unreadable { what: what.to_owned(), reason: "an empty reply".to_owned() })
                        }
                    };
                }
                frame => self.keep(frame)?,
            }
        }
    }

    fn keep(&mut self, frame: ServerFrame) -> Result<()> {
        match frame {
            ServerFrame::Event { event, .. } => {
                if self.events.len() == EVENTS_KEPT {
                    self.events.pop_front();
                }
                self.events.push_back(event);
                Ok(())
            }
            ServerFrame::Goodbye { .. } | ServerFrame::Refused { .. } => Err(unexpected("an event", &frame)),
            _ => Ok(()),
        }
    }

    async fn say(&mut self, frame: &ClientFrame) -> Result<()> {
        let text = serde_json::to_string(frame).expect("the types of the protocol are JSON");
        self.socket.send(&text).await
    }

    async fn hear(&mut self) -> Result<ServerFrame> {
        let text = self.socket.next().await?;
        serde_json::from_str(&text)
            .map_err(|error| Failure::Unreadable { what: "a frame".to_owned(), reason: error.to_string() })
    }
}

fn name_of(command: &Command) -> &'static str {
    match command {
        Command::Join { .. } => "joining",
        Command::Publish { .. } => "publishing",
        Command::Watch { .. } => "watching",
        Command::Answer { .. } => "the answer",
        Command::Prefer { .. } => "choosing a size",
        Command::Groups { .. } => "something about a group",
        Command::EndBroadcast => "ending the broadcast",
        _ => "a command",
    }
}

fn unexpected(what: &str, frame: &ServerFrame) -> Failure {
    let mut said = serde_json::to_string(frame).unwrap_or_default();
    said.truncate(300);
    Failure::Unreadable { what: what.to_owned(), reason: format!("the server said {said}") }
}

/// The server answered a command with what belongs to another one.
pub fn wrong_outcome(outcome: &Outcome) -> Failure {
    Failure::Unreadable { what: "a command".to_owned(), reason: format!("it is answered with {outcome:?}") }
}
