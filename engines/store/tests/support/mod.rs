//! What the store's tests share: places to store in, and stores whose reports can be awaited.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod postgres;

use hearth_protocol::conversation::Message;
use hearth_protocol::ids::{DeviceId, GuestLinkId, SpaceId, UserId};
use hearth_protocol::people::Profile;
use hearth_store::{Address, NewAccount, Report, Store, Stored, Ticket, Write, WriteFailed};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::mpsc;

/// A folder that goes with its value.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("hearth-store-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An open store and what it reports.
pub struct Opened {
    pub store: Store,
    reports: mpsc::UnboundedReceiver<Vec<Report>>,
    arrived: VecDeque<Report>,
    next_ticket: u64,
}

impl Opened {
    pub async fn at(address: &Address) -> Self {
        let (tell, reports) = mpsc::unbounded_channel();
        let store = Store::open(address, move |batch| drop(tell.send(batch))).await.expect("the store opens");
        Self { store, reports, arrived: VecDeque::new(), next_ticket: 0 }
    }

    /// The next report, in the order in which they come.
    pub async fn report(&mut self) -> Report {
        while self.arrived.is_empty() {
            self.arrived.extend(self.reports.recv().await.expect("the store reports"));
        }
        self.arrived.pop_front().expect("just filled")
    }

    /// Submits all at once and gives what became of each; their order is checked.
    pub async fn write(&mut self, writes: impl IntoIterator<Item = Write>) -> Vec<Result<Stored, WriteFailed>> {
        let first = self.next_ticket;
        for write in writes {
            self.store.writes().submit(write, Ticket(self.next_ticket)).expect("the queue takes it");
            self.next_ticket += 1;
        }
        let mut results = Vec::new();
        for ticket in first..self.next_ticket {
            let (reported, result) = self.report().await;
            assert_eq!(reported, Ticket(ticket), "reports come in the order of submission");
            results.push(result);
        }
        results
    }

    /// Submits one that must be stored.
    pub async fn put(&mut self, write: Write) -> Stored {
        self.write([write]).await.remove(0).expect("it is stored")
    }
}

pub fn user(name: &str) -> UserId {
    UserId::parse(&format!("user_{name}")).unwrap()
}

pub fn room(name: &str) -> SpaceId {
    SpaceId::parse(&format!("room_{name}")).unwrap()
}

pub fn device(name: &str) -> DeviceId {
    DeviceId::parse(&format!("dev_{name}")).unwrap()
}

pub fn link(name: &str) -> GuestLinkId {
    GuestLinkId::parse(&format!("link_{name}")).unwrap()
}

pub fn profile(name: &str) -> Profile {
    Profile { id: user(name), name: Some(name.to_owned()), display_name: format!("{name} 李") }
}

pub fn account(name: &str) -> NewAccount {
    NewAccount {
        user: user(name),
        name: name.to_owned(),
        display_name: format!("{name} 李"),
        password_hash: Some(format!("hash of {name}")),
        administrator: false,
        room: room(name),
        created_ms: 1_000,
    }
}

pub fn message(position: u64, author: &str, nonce: Option<&str>) -> Message {
    Message {
        position,
        author: profile(author),
        at_ms: 1_000_000 + position,
        text: format!("message {position} 🎈"),
        reply_to: None,
        mentions: Vec::new(),
        nonce: nonce.map(str::to_owned),
        broadcast: None,
        media_ms: None,
        float: None,
        carries: None,
        moment: None,
        edited_ms: None,
        deleted: false,
    }
}

pub fn append(space: &str, message: Message) -> Write {
    Write::AppendMessage { space: room(space), message }
}

pub fn stored(position: u64) -> Result<Stored, WriteFailed> {
    Ok(Stored::Message { position, at_ms: 1_000_000 + position, repeated: false })
}
