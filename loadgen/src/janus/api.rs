//! Janus' JSON over a WebSocket: requests and what answers them, told apart by their transaction.
//!
//! A request is answered by `success` or `error`, or by an `ack` and an `event` in either order; the `ack` says nothing more.

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
/// Requests that may wait to be sent.
const QUEUE: usize = 1_024;

type Replies = Rc<RefCell<HashMap<String, oneshot::Sender<Value>>>>;

/// A session of Janus.
#[derive(Clone)]
pub struct Session {
    requests: mpsc::Sender<String>,
    replies: Replies,
    transactions: Rc<RefCell<u64>>,
    session: u64,
}

/// A plugin handle: one peer connection.
pub struct Handle {
    session: Session,
    id: u64,
}

impl Session {
    /// Connects and creates a session. Needs a [`tokio::task::LocalSet`].
    pub async fn create(address: SocketAddr) -> Result<Self> {
        let headers = ["Sec-WebSocket-Protocol: janus-protocol".to_owned()];
        let connection = within(ANSWER_S, "Janus' WebSocket", Connection::open(address, "/", &headers)).await?;
        let (requests, outbox) = mpsc::channel(QUEUE);
        let mut session = Self { requests, replies: Rc::default(), transactions: Rc::default(), session: 0 };
        tokio::task::spawn_local(carry(connection, outbox, session.replies.clone()));
        let created = session.request(json!({ "janus": "create" })).await?;
        session.session = id_in(&created)?;
        tokio::task::spawn_local(keep_alive(session.clone()));
        Ok(session)
    }

    /// Opens a handle of the videoroom plugin.
    pub async fn attach(&self) -> Result<Handle> {
        let attached = self.request(json!({ "janus": "attach", "plugin": "janus.plugin.videoroom" })).await?;
        Ok(Handle { session: self.clone(), id: id_in(&attached)? })
    }

    /// Says a request; the transaction that answers carry.
    async fn say(&self, mut request: Value) -> Result<oneshot::Receiver<Value>> {
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
        self.replies.borrow_mut().insert(transaction, reply);
        self.requests.send(request.to_string()).await.map_err(|_| gone())?;
        Ok(answer)
    }

    async fn request(&self, request: Value) -> Result<Value> {
        let what = format!(
            "Janus' answer to {}",
            if request["body"].is_null() { &request["janus"] } else { &request["body"] }
        );
        let answer = self.say(request).await?;
        let answer = within(ANSWER_S, &what, async { answer.await.map_err(|_| gone()) }).await?;
        if answer["janus"] == "error" { Err(Failure::Janus(answer["error"].to_string())) } else { Ok(answer) }
    }
}

impl Handle {
    /// Sends a message to the plugin, with a session description or not; what it answers.
    pub async fn ask(&self, body: Value, jsep: Option<Value>) -> Result<Value> {
        let mut message = json!({ "janus": "message", "handle_id": self.id, "body": body });
        if let Some(jsep) = jsep {
            message["jsep"] = jsep;
        }
        let answer = self.session.request(message).await?;
        let error = &answer["plugindata"]["data"]["error"];
        if error.is_null() { Ok(answer) } else { Err(Failure::Janus(error.to_string())) }
    }
}

/// Carries requests out and answers to who waits for them, until the connection ends.
async fn carry(mut connection: Connection, mut outbox: mpsc::Receiver<String>, replies: Replies) {
    loop {
        tokio::select! {
            request = outbox.recv() => {
                let Some(request) = request else { break };
                if connection.send(&request).await.is_err() { break }
            }
            text = connection.next() => {
                let Ok(text) = text else { break };
                let Ok(value) = serde_json::from_str::<Value>(&text) else { break };
                deliver(value, &replies);
            }
        }
    }
    // Whoever waits learns that nothing comes any more.
    replies.borrow_mut().clear();
}

fn deliver(value: Value, replies: &Replies) {
    let waiting = value["transaction"].as_str().filter(|_| value["janus"] != "ack");
    if let Some(reply) = waiting.and_then(|transaction| replies.borrow_mut().remove(transaction)) {
        // Who gave up waiting needs no reply.
        let _ = reply.send(value);
    }
}

/// Says something in time, for as long as the connection lasts.
async fn keep_alive(session: Session) {
    loop {
        tokio::time::sleep(KEEP_ALIVE).await;
        // It is answered by an `ack` alone, for which nobody waits.
        session.replies.borrow_mut().retain(|_, reply| !reply.is_closed());
        if session.say(json!({ "janus": "keepalive" })).await.is_err() {
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
