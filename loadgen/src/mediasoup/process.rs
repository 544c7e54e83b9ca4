//! Starts a mediasoup worker through Node.js, asks it, and ends it.

use crate::failure::{Failure, Result, within};
use crate::figures::process::Process;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::process::Stdio;
use std::rc::Rc;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, oneshot};

/// What Node.js runs; it needs an installed mediasoup, and nothing else.
const SCRIPT: &str = include_str!("forwarder.mjs");
/// How long it may take to start.
const START_S: u64 = 20;
/// How long an answer may take.
const ANSWER_S: u64 = 30;
/// Requests that may wait to be sent.
const QUEUE: usize = 1_024;
/// How many lines of what it says of itself are kept.
const REMARKS_MAX: usize = 10;

type Reply = oneshot::Sender<Result<Value>>;
type Remarks = Rc<RefCell<VecDeque<String>>>;

/// A running mediasoup; dropping it ends it, and the worker with it.
pub struct Mediasoup {
    // Ended when it is dropped; the worker ends when nobody holds the other end of its pipes.
    _child: Child,
    calls: Calls,
    worker: Process,
}

/// The way to ask it.
#[derive(Clone)]
pub struct Calls(mpsc::Sender<(Value, Reply)>);

impl Mediasoup {
    /// Starts the mediasoup installed in `folder` with the program `node`, for viewers who understand the header
    /// extensions with these URIs. Needs a [`tokio::task::LocalSet`].
    pub async fn start(node: &str, folder: &Path, extensions: &[&str]) -> Result<Self> {
        // Modules are looked for from the current folder on. What follows `--` is the script's.
        let mut child = Command::new(node)
            .args(["--input-type=module", "--eval", SCRIPT, "--", "forwarder", &json!(extensions).to_string()])
            .current_dir(folder)
            .env_remove("DEBUG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Failure::Mediasoup(format!("{node} can't be started in {}: {error}", folder.display())))?;
        let (Some(input), Some(output), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(gone());
        };
        let remarks = Remarks::default();
        let listening = tokio::task::spawn_local(listen(errors, remarks.clone()));
        let mut lines = BufReader::new(output).lines();
        let first = within(START_S, "mediasoup", async { Ok(lines.next_line().await?) }).await?;
        let Some(first) = first else {
            // It has ended, so all of what it says of itself comes.
            let _ = listening.await;
            let said = Vec::from(remarks.take()).join("\n");
            return Err(Failure::Mediasoup(format!(
                "it does not start in {}:\n{said}\nInstall it with: npm install --prefix FOLDER mediasoup",
                folder.display()
            )));
        };
        let first: Value = read(&first)?;
        let worker = first["data"]["worker"].as_u64().and_then(|id| u32::try_from(id).ok());
        let worker = Process::new(worker.ok_or_else(|| Failure::Mediasoup(format!("no worker in {first}")))?)?;
        let (requests, inbox) = mpsc::channel(QUEUE);
        tokio::task::spawn_local(carry(input, lines, inbox));
        Ok(Self { _child: child, calls: Calls(requests), worker })
    }

    /// The way to ask it.
    pub fn calls(&self) -> Calls {
        self.calls.clone()
    }

    /// The worker, through which all media goes.
    pub fn worker(&self) -> Process {
        self.worker
    }
}

impl Calls {
    /// Asks; what is answered.
    pub async fn ask(&self, method: &str, data: Value) -> Result<Value> {
        let (reply, answer) = oneshot::channel();
        self.0.send((json!({ "method": method, "data": data }), reply)).await.map_err(|_| gone())?;
        let what = format!("mediasoup's answer to {method}");
        within(ANSWER_S, &what, async { answer.await.unwrap_or_else(|_| Err(gone())) }).await
    }
}

/// Carries requests out and answers to who waits for them, until either side ends.
async fn carry(
    mut input: ChildStdin,
    mut lines: Lines<BufReader<ChildStdout>>,
    mut inbox: mpsc::Receiver<(Value, Reply)>,
) {
    let mut replies: HashMap<u64, Reply> = HashMap::new();
    let mut last = 0;
    loop {
        tokio::select! {
            request = inbox.recv() => {
                let Some((mut request, reply)) = request else { break };
                last += 1;
                request["id"] = json!(last);
                replies.insert(last, reply);
                if input.write_all(format!("{request}\n").as_bytes()).await.is_err() { break }
            }
            line = lines.next_line() => {
                let Ok(Some(line)) = line else { break };
                let Ok(answer) = read(&line) else { break };
                let Some(reply) = answer["id"].as_u64().and_then(|id| replies.remove(&id)) else { continue };
                // Who gave up waiting needs no reply.
                let _ = reply.send(outcome(answer));
            }
        }
    }
}

/// Keeps the last lines of what it says of itself.
async fn listen(errors: ChildStderr, remarks: Remarks) {
    let mut lines = BufReader::new(errors).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let mut remarks = remarks.borrow_mut();
        if remarks.len() == REMARKS_MAX {
            remarks.pop_front();
        }
        remarks.push_back(line);
    }
}

fn read(line: &str) -> Result<Value> {
    serde_json::from_str(line).map_err(|error| Failure::Mediasoup(format!("{error} in {line:?}")))
}

fn outcome(mut answer: Value) -> Result<Value> {
    match answer["error"].as_str() {
        Some(error) => Err(Failure::Mediasoup(error.to_owned())),
        None => Ok(answer["data"].take()),
    }
}

fn gone() -> Failure {
    Failure::Mediasoup("it has ended".to_owned())
}
