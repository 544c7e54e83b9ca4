//! A server on a free port with a data folder of its own, and clients that speak the protocol.

use futures_util::{SinkExt as _, StreamExt as _};
use hearth_protocol::ids::{DeviceId, SpaceId, UserId};
use hearth_protocol::{ClientFrame, Command, Event, Outcome, PersonCommand, Rejection, Resume, ServerFrame};
use hearth_server::accounts::sessions;
use hearth_server::config::Config;
use hearth_server::serve::{self, Running};
use hearth_server::{clock, fresh};
use hearth_store::{NewAccount, NewDevice, Store};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message, http};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async};

/// Nothing that is waited for takes longer on the slowest machine; running out of it is a failure, not a result.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A folder that goes away with its owner.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("hearth-test-{}", fresh::suffix()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Somebody with an account and a room, signed in.
#[derive(Clone)]
pub struct Somebody {
    pub user: UserId,
    pub room: SpaceId,
    pub token: String,
}

/// Makes an account and signs a device in.
pub async fn sign_up(store: &Store, name: &str) -> Somebody {
    let somebody = Somebody { user: fresh::user(), room: fresh::space(), token: fresh::secret() };
    let account = NewAccount {
        user: somebody.user.clone(),
        name: name.to_owned(),
        display_name: name.to_owned(),
        password_hash: None,
        administrator: false,
        room: somebody.room.clone(),
        created_ms: clock::now().0,
    };
    store.accounts().create(&account).await.unwrap();
    sign_in(store, &somebody).await;
    somebody
}

/// Signs a device in, with the token that somebody has.
pub async fn sign_in(store: &Store, somebody: &Somebody) {
    let now_ms = clock::now().0;
    let device = NewDevice {
        id: DeviceId::parse(&format!("dev_{}", fresh::suffix())).unwrap(),
        user: somebody.user.clone(),
        token_hash: sessions::hash(&somebody.token),
        name: "a test".to_owned(),
        created_ms: now_ms,
        expires_ms: now_ms + 3_600_000,
    };
    store.devices().create(&device).await.unwrap();
}

/// A server inside this process.
pub struct Server {
    pub running: Option<Running>,
    pub folder: Arc<Folder>,
}

impl Server {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::on(Arc::new(Folder::new()), change).await
    }

    pub async fn on(folder: Arc<Folder>, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config { data: folder.0.clone(), ..Config::default() };
        config.listen.set_port(0);
        config.rtmp.port = 0;
        change(&mut config);
        Self { running: Some(serve::start(config).await.unwrap()), folder }
    }

    pub fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub fn port(&self) -> u16 {
        self.running().address.port()
    }

    pub async fn sign_up(&self, name: &str) -> Somebody {
        sign_up(self.running().node.store(), name).await
    }

    pub async fn stop(mut self) -> Arc<Folder> {
        self.running.take().unwrap().stop().await;
        self.folder.clone()
    }
}

/// A client of the protocol.
pub struct Client {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    waiting: VecDeque<ServerFrame>,
    last_id: u32,
}

/// The request for a WebSocket with a bearer token.
pub fn request(port: u16, token: Option<&str>) -> http::Request<()> {
    let mut request = format!("ws://127.0.0.1:{port}/ws").into_client_request().unwrap();
    if let Some(token) = token {
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    request
}

impl Client {
    /// Connects and says nothing yet.
    pub async fn connect(port: u16, token: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        Self::over(stream, port, token).await
    }

    /// Connects over a socket that was made beforehand.
    pub async fn over(stream: TcpStream, port: u16, token: &str) -> Self {
        let (socket, _) = client_async(request(port, Some(token)), MaybeTlsStream::Plain(stream)).await.unwrap();
        Self { socket, waiting: VecDeque::new(), last_id: 0 }
    }

    /// Connects and says hello.
    pub async fn hello(port: u16, token: &str) -> Self {
        let mut client = Self::connect(port, token).await;
        client.say(&ClientFrame::Hello { version: 1, client: "test".to_owned(), resume: None }).await;
        client.expect("hello", |frame| matches!(frame, ServerFrame::Hello { .. }).then_some(())).await;
        client
    }

    /// Connects, says hello, and joins a room.
    pub async fn joined(port: u16, token: &str, room: &SpaceId) -> (Self, Resume) {
        let mut client = Self::hello(port, token).await;
        let outcome = client.command(room, Command::Join { resume: None, as_guest: false }).await.unwrap();
        let Outcome::Joined { stream, resumed: false } = outcome else { panic!("{outcome:?}") };
        (client, stream)
    }

    pub async fn say(&mut self, frame: &ClientFrame) {
        self.say_text(serde_json::to_string(frame).unwrap()).await;
    }

    pub async fn say_text(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next frame; `None` when the server has closed.
    pub async fn next(&mut self) -> Option<ServerFrame> {
        match self.waiting.pop_front() {
            Some(frame) => Some(frame),
            None => self.read().await,
        }
    }

    async fn read(&mut self) -> Option<ServerFrame> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("the server says something") {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Waits for a frame that passes; what comes before it is kept for later.
    pub async fn expect<T>(&mut self, what: &str, passes: impl Fn(&ServerFrame) -> Option<T>) -> T {
        for index in 0..self.waiting.len() {
            if let Some(found) = passes(&self.waiting[index]) {
                self.waiting.remove(index);
                return found;
            }
        }
        loop {
            let frame = self.read().await.unwrap_or_else(|| panic!("closed before {what}"));
            match passes(&frame) {
                Some(found) => return found,
                None => self.waiting.push_back(frame),
            }
        }
    }

    /// What came and was not waited for.
    pub fn arrived(&self) -> impl Iterator<Item = &ServerFrame> {
        self.waiting.iter()
    }

    /// Gives a command about oneself, which succeeds.
    pub async fn person(&mut self, command: PersonCommand) {
        self.last_id += 1;
        let id = self.last_id;
        self.say(&ClientFrame::Person { id, command }).await;
        self.reply(id).await.unwrap();
    }

    /// Forgets what came and was not waited for.
    pub fn forget(&mut self) {
        self.waiting.clear();
    }

    /// Gives a command, without waiting for its reply; tells its number.
    pub async fn give(&mut self, space: &SpaceId, command: Command) -> u32 {
        self.last_id += 1;
        self.say(&ClientFrame::Command { id: self.last_id, space: space.clone(), command }).await;
        self.last_id
    }

    /// Waits for a reply.
    pub async fn reply(&mut self, id: u32) -> Result<Outcome, Rejection> {
        self.expect("a reply", |frame| match frame {
            ServerFrame::Reply { id: of, ok, rejection } if *of == id => {
                Some(ok.clone().ok_or_else(|| rejection.clone().expect("one of both")))
            }
            _ => None,
        })
        .await
    }

    /// Gives a command and waits for its reply.
    pub async fn command(&mut self, space: &SpaceId, command: Command) -> Result<Outcome, Rejection> {
        let id = self.give(space, command).await;
        self.reply(id).await
    }

    /// Waits for an event.
    pub async fn event<T>(&mut self, what: &str, passes: impl Fn(&Event) -> Option<T>) -> T {
        self.expect(what, |frame| match frame {
            ServerFrame::Event { event, .. } => passes(event),
            _ => None,
        })
        .await
    }

    /// Waits for a message's text, with its stream's sequence number.
    pub async fn message(&mut self) -> (u64, String) {
        self.expect("a message", |frame| match frame {
            ServerFrame::Event { seq, event: Event::Message { message }, .. } => Some((*seq, message.text.clone())),
            _ => None,
        })
        .await
    }

    /// Everything until the server closes.
    pub async fn rest(&mut self) -> Vec<ServerFrame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await {
            frames.push(frame);
        }
        frames
    }
}

/// A message.
pub fn send(text: &str, nonce: &str) -> Command {
    Command::Send {
        float: None,
        media_ms: None,
        carries: None,
        moment: None,
        text: text.to_owned(),
        reply_to: None,
        nonce: nonce.to_owned(),
        mentions: Vec::new(),
    }
}

/// Whether an attempt to connect was refused with this status.
pub fn refused_with(result: Result<impl Sized, tungstenite::Error>, status: u16) -> bool {
    matches!(result, Err(tungstenite::Error::Http(response)) if response.status().as_u16() == status)
}
