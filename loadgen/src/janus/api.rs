//! Janus' JSON over a WebSocket: transactions, and events of many handles, told apart by one task.

use crate::failure::{Failure, Result, within};
use crate::net::websocket::Connection;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How long an answer may take.
const ANSWER_S: u64 = 30;
/// Janus forgets sessions that say nothing for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Requests and events that may wait.
const QUEUE: usize = 1_024;

#[derive(Default)]
struct Routes {
    replies: HashMap<String, oneshot::Sender<Value>>,
    events: HashMap<u64, mpsc::Sender<Value>>,
}

/// A session of Janus.
#[derive(Clone)]
pub struct Session {
    requests: mpsc::Sender<String>,
    routes: Rc<RefCell<Routes>>,
    transactions: Rc<RefCell<u64>>,
    session: u64,
}

/// A plugin handle: one peer connection.
pub struct Handle {
    session: Session,
    id: u64,
    events: mpsc::Receiver<Value>,
}

impl Session {
    /// Connects and creates a session. Needs a [`tokio::task::LocalSet`].
    pub async fn create(address: SocketAddr) -> Result<Self> {
        let headers = ["Sec-WebSocket-Protocol: janus-protocol".to_owned()];
        let connection = within(ANSWER_S, "Janus' WebSocket", Connection::open(address, "/", &headers)).await?;
        let (requests, outbox) = mpsc::channel(QUEUE);
        let mut session = Self { requests, routes: Rc::default(), transactions: Rc::default(), session: 0 };
        tokio::task::spawn_local(carry(connection, outbox, session.routes.clone()));
        let created = session.request(json!({ "janus": "create" })).await?;
        session.session = id_in(&created)?;
        tokio::task::spawn_local(keep_alive(session.clone()));
        Ok(session)
    }

    /// Opens a handle of the videoroom plugin.
    pub async fn attach(&self) -> Result<Handle> {
        let attached = self.request(json!({ "janus": "attach", "plugin": "janus.plugin.videoroom" })).await?;
        let id = id_in(&attached)?;
        let (sender, events) = mpsc::channel(QUEUE);
        self.routes.borrow_mut().events.insert(id, sender);
        Ok(Handle { session: self.clone(), id, events })
    }

    async fn request(&self, mut request: Value) -> Result<Value> {
        let transaction = {
            let mut transactions = self.transactions.borrow_mut();
            *transactions += 1;
            format!("t{transactions}")
        };
        request["transaction"] = json!(transaction);
        if self.session != 0 {
            request["session_id"] = json!(self.session);
        }
        let (reply, answer) = oneshot::channel();
        self.routes.borrow_mut().replies.insert(transaction, reply);
        self.requests.send(request.to_string()).await.map_err(|_| gone())?;
        let answer = within(ANSWER_S, "Janus' answer", async { answer.await.map_err(|_| gone()) }).await?;
        if answer["janus"] == "error" { Err(Failure::Janus(answer["error"].to_string())) } else { Ok(answer) }
    }
}

impl Handle {
    /// Sends a message to the plugin that is answered at once; the plugin's data.
    pub async fn ask(&self, body: Value) -> Result<Value> {
        let answer = self.session.request(json!({ "janus": "message", "handle_id": self.id, "body": body })).await?;
        plugin_data(&answer).cloned()
    }

    /// Sends a message, with a session description or not, and waits for the event that answers it.
    pub async fn event(&mut self, body: Value, jsep: Option<Value>) -> Result<Value> {
        let mut message = json!({ "janus": "message", "handle_id": self.id, "body": body });
        if let Some(jsep) = jsep {
            message["jsep"] = jsep;
        }
        self.session.request(message).await?;
        let next = async {
            loop {
                let event = self.events.recv().await.ok_or_else(gone)?;
                if event["janus"] == "event" {
                    plugin_data(&event)?;
                    return Ok(event);
                }
            }
        };
        within(ANSWER_S, "Janus' event", next).await
    }
}

/// Carries requests out, and replies and events to who waits for them, until the connection ends.
async fn carry(mut connection: Connection, mut outbox: mpsc::Receiver<String>, routes: Rc<RefCell<Routes>>) {
    loop {
        tokio::select! {
            request = outbox.recv() => {
                let Some(request) = request else { break };
                if connection.send(&request).await.is_err() { break }
            }
            text = connection.next() => {
                let Ok(value) = text.and_then(|text| serde_json::from_str::<Value>(&text).map_err(|error| Failure::Janus(error.to_string()))) else { break };
                deliver(value, &routes);
            }
        }
    }
    // Whoever waits learns that nothing comes any more.
    routes.borrow_mut().replies.clear();
    routes.borrow_mut().events.clear();
}

fn deliver(value: Value, routes: &Rc<RefCell<Routes>>) {
    let mut routes = routes.borrow_mut();
    let waiting = value["transaction"].as_str().and_then(|transaction| routes.replies.remove(transaction));
    if let Some(reply) = waiting {
        // Who gave up waiting needs no reply.
        let _ = reply.send(value);
    } else if let Some(events) = value["sender"].as_u64().and_then(|sender| routes.events.get(&sender)) {
        // A handle that takes no events lets them pass: only answers to its own messages matter.
        let _ = events.try_send(value);
    }
}

async fn keep_alive(session: Session) {
    loop {
        tokio::time::sleep(KEEP_ALIVE).await;
        if session.request(json!({ "janus": "keepalive" })).await.is_err() {
            return;
        }
    }
}

fn gone() -> Failure {
    Failure::Janus("the connection has ended".to_owned())
}

fn id_in(answer: &Value) -> Result<u64> {
    answer["data"]["id"].as_u64().ok_or_else(|| Failure::Janus(format!("no id in {answer}")))
}

fn plugin_data(answer: &Value) -> Result<&Value> {
    let data = &answer["plugindata"]["data"];
    if data["error"].is_null() { Ok(data) } else { Err(Failure::Janus(data["error"].to_string())) }
}
