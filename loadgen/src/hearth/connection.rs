//! One WebSocket of Hearth: hello, commands with replies, events.

use super::target::Target;
use crate::failure::{Failure, Result, within};
use crate::net::websocket;
use hearth_protocol::ids::SpaceId;
use hearth_protocol::{ClientFrame, Command, Event, Outcome, PROTOCOL_VERSION, ServerFrame};
use std::collections::VecDeque;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;

/// How long an answer may take.
const ANSWER_S: u64 = 30;
/// What is said of a connection that was over before.
const ENDED: &str = "the connection has ended";
/// Frames kept while nobody listens, and events while a reply is awaited; older ones are dropped.
const KEPT: usize = 256;

/// A connection after `hello`.
pub struct Connection {
    /// What is said; the task that carries it ends when this is dropped.
    said: mpsc::Sender<String>,
    heard: broadcast::Receiver<String>,
    carrying: Option<JoinHandle<Result<websocket::Connection>>>,
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
        let mut connection = Self::over(socket);
        let client = concat!("loadgen/", env!("CARGO_PKG_VERSION")).to_owned();
        connection.say(&ClientFrame::Hello { version: PROTOCOL_VERSION, client, resume: None }).await?;
        match connection.hear().await? {
            ServerFrame::Hello { .. } => Ok(connection),
            other => Err(unexpected("hello", &other)),
        }
    }

    fn over(socket: websocket::Connection) -> Self {
        let (said, outbox) = mpsc::channel(1);
        let (inbox, heard) = broadcast::channel(KEPT);
        let carrying = Some(tokio::spawn(carry(socket, outbox, inbox)));
        Self { said, heard, carrying, events: VecDeque::new(), next_id: 1 }
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

    /// The bare socket, and what was read from it beyond the latest whole frame.
    pub async fn into_socket(self) -> Result<(std::net::TcpStream, Vec<u8>)> {
        let Self { said, carrying, .. } = self;
        drop(said);
        let carried = carrying.ok_or(Failure::WebSocket(ENDED))?.await;
        carried.map_err(|_| Failure::WebSocket(ENDED))??.into_socket()
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
                if self.events.len() == KEPT {
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
        match self.said.send(text).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.ended().await),
        }
    }

    async fn hear(&mut self) -> Result<ServerFrame> {
        let text = loop {
            match self.heard.recv().await {
                Ok(text) => break text,
                // Nobody listened for so long that the oldest frames were dropped.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Err(self.ended().await),
            }
        };
        serde_json::from_str(&text)
            .map_err(|error| Failure::Unreadable { what: "a frame".to_owned(), reason: error.to_string() })
    }

    /// Why nothing is carried any longer.
    async fn ended(&mut self) -> Failure {
        match self.carrying.take() {
            Some(carrying) => carrying.await.ok().and_then(Result::err).unwrap_or(Failure::WebSocket(ENDED)),
            None => Failure::WebSocket(ENDED),
        }
    }
}

/// Says what is given to it, and reads whether anybody listens or not: the server takes who answers no pings for gone.
/// Gives the socket back once nobody can say anything more.
async fn carry(
    mut socket: websocket::Connection,
    mut outbox: mpsc::Receiver<String>,
    inbox: broadcast::Sender<String>,
) -> Result<websocket::Connection> {
    loop {
        tokio::select! {
            text = outbox.recv() => match text {
                Some(text) => socket.send(&text).await?,
                None => return Ok(socket),
            },
            text = socket.next() => {
                // Whoever listened may be gone; then the outbox is closed too.
                let _ = inbox.send(text?);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::websocket::accept_of;
    use std::net::Ipv4Addr;
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
    use tokio::net::{TcpListener, TcpStream};

    /// The server's end of a connection, after the opening handshake.
    async fn accept(listener: TcpListener) -> BufStream<TcpStream> {
        let mut peer = BufStream::new(listener.accept().await.unwrap().0);
        let mut key = String::new();
        loop {
            let mut line = String::new();
            peer.read_line(&mut line).await.unwrap();
            match line.trim_end().split_once(": ") {
                Some(("Sec-WebSocket-Key", value)) => key = value.to_owned(),
                None if line == "\r\n" => break,
                _ => {}
            }
        }
        let answer = format!("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: {}\r\n\r\n", accept_of(&key));
        peer.write_all(answer.as_bytes()).await.unwrap();
        peer.flush().await.unwrap();
        peer
    }

    #[tokio::test]
    async fn pings_are_answered_while_nobody_listens() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (socket, mut peer) = tokio::join!(websocket::Connection::open(address, "/ws", &[]), accept(listener));
        let mut connection = Connection::over(socket.unwrap());
        let frame = |number: usize| ServerFrame::Pong { t0_ms: number as f64, t1_ms: 0.0, t2_ms: 0.0 };
        for number in 0..=KEPT {
            let text = serde_json::to_vec(&frame(number)).unwrap();
            peer.write_all(&[0x81, u8::try_from(text.len()).unwrap()]).await.unwrap();
            peer.write_all(&text).await.unwrap();
        }
        peer.write_all(&[0x89, 1, b'x']).await.unwrap();
        peer.flush().await.unwrap();
        let mut pong = [0; 7];
        peer.read_exact(&mut pong).await.unwrap();
        assert_eq!((pong[0], pong[1], pong[6] ^ pong[2]), (0x8A, 0x81, b'x'));
        assert_eq!(connection.hear().await.unwrap(), frame(1), "one past what is kept: the oldest is dropped");
        drop(peer);
        for number in 2..=KEPT {
            assert_eq!(connection.hear().await.unwrap(), frame(number));
        }
        for _ in 0..2 {
            assert!(connection.hear().await.is_err(), "it has ended");
        }
    }
}
