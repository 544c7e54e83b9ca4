//! The machines that are awake on this node, each owned by one task; the connections; the way between them.

pub mod connection;
pub mod dialogs;
pub mod directory;
pub mod groups;
pub mod machine;
pub mod media;
pub mod registry;
pub mod request;
pub mod task;
pub mod writes;

mod open;

use hearth_capabilities::person::Person;
use hearth_capabilities::space::Space;
use hearth_capabilities::{Input, PersonInput, RequestId, Tell};
use hearth_protocol::ids::{ConnectionId, DeviceId, SpaceId, UserId};
use hearth_protocol::{GoodbyeReason, Rejection};
use hearth_store::Store;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, RwLock};
use tokio::sync::mpsc;

use crate::accounts::stream_keys::StreamKeys;
use crate::broadcast::{self, Broadcasts};
use crate::clock;
use crate::config::Config;
use crate::films::Films;
use connection::Connection;
use directory::Directory;
use machine::{Machine, Mail, Owner};
use media::Media;
use registry::{Delivery, Registry};
use request::ReplyTo;

/// Crash reports that are kept; more are not written.
const CRASHES_MAX: usize = 100;

/// Everything that is awake on this node.
pub struct Node {
    config: Config,
    store: Store,
    media: Media,
    spaces: Arc<Registry<Space>>,
    persons: Arc<Registry<Person>>,
    directory: Directory,
    broadcasts: Broadcasts,
    films: Films,
    connections: RwLock<HashMap<ConnectionId, Arc<Connection>>>,
    under_way: writes::UnderWay,
    stream_keys: StreamKeys,
    last_request: AtomicU64,
}

/// How the node drives machines of one kind.
pub trait Driven: Machine {
    /// The awake ones.
    fn registry(node: &Node) -> &Arc<Registry<Self>>;
    /// What the store knows of one; `None`: there is none.
    fn load(
        node: &Node,
        id: &Self::Id,
    ) -> impl Future<Output = Result<Option<Self::Record>, hearth_store::Error>> + Send;
}

impl Node {
    /// A node over an open store and a running media engine, given by what makes them when told where to report.
    pub async fn start(config: Config) -> Result<Arc<Self>, crate::serve::Error> {
        let node: Arc<OnceLock<std::sync::Weak<Node>>> = Arc::default();
        let reporting = node.clone();
        let store = Store::open(&config.store_address()?, move |reports| {
            if let Some(node) = reporting.get().and_then(std::sync::Weak::upgrade) {
                writes::report(&node, reports);
            }
        })
        .await?;
        let (events, mut heard) = mpsc::unbounded_channel();
        let sink = events.clone();
        let tapped = node.clone();
        let tap = hearth_sfu::TapSink(Arc::new(move |frame| {
            if let Some(node) = tapped.get().and_then(std::sync::Weak::upgrade) {
                node.broadcasts().tapped(frame);
            }
        }));
        let sfu = hearth_sfu::Sfu::start(
            hearth_sfu::Config { tap: Some(tap), ..config.media_engine() },
            Box::new(move |event| {
                let _ = sink.send(event);
            }),
        )?;
        let films = Films::new(&config)?;
        let started = Arc::new(Self {
            config,
            store,
            media: Media::new(sfu, events),
            spaces: Arc::default(),
            persons: Arc::default(),
            directory: Directory::default(),
            broadcasts: Broadcasts::default(),
            films,
            connections: RwLock::default(),
            under_way: writes::UnderWay::default(),
            stream_keys: StreamKeys::default(),
            last_request: AtomicU64::new(0),
        });
        let _ = node.set(Arc::downgrade(&started));
        tokio::spawn(broadcast::keep_counting(Arc::downgrade(&started)));
        let listening = Arc::downgrade(&started);
        tokio::spawn(async move {
            while let Some(event) = heard.recv().await {
                let Some(node) = listening.upgrade() else { return };
                media::report(&node, event);
            }
        });
        Ok(started)
    }

    /// The operator's settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What is remembered.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The media engine.
    pub fn media(&self) -> &Media {
        &self.media
    }

    /// The spaces that are awake.
    pub fn spaces(&self) -> &Arc<Registry<Space>> {
        &self.spaces
    }

    /// The people that are awake.
    pub fn persons(&self) -> &Arc<Registry<Person>> {
        &self.persons
    }

    /// What lets encoders in.
    pub fn stream_keys(&self) -> &StreamKeys {
        &self.stream_keys
    }

    /// What the awake spaces say of themselves.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// What becomes of broadcasts beside their live picture.
    pub fn broadcasts(&self) -> &Broadcasts {
        &self.broadcasts
    }

    /// Films that people upload, and who may fetch the files of any.
    pub fn films(&self) -> &Films {
        &self.films
    }

    pub(crate) fn under_way(&self) -> &writes::UnderWay {
        &self.under_way
    }

    /// A number for a request.
    pub fn request_id(&self) -> RequestId {
        RequestId(self.last_request.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Gives a request to a machine, waking it if it sleeps. The answer goes to `reply`, whatever happens.
    pub fn ask<M: Driven>(self: &Arc<Self>, id: &M::Id, reply: ReplyTo, input: impl FnOnce(RequestId) -> M::Input) {
        let request = self.request_id();
        let mail = Mail { input: input(request), reply: Some((request, reply)) };
        match M::registry(self).deliver(id, mail) {
            Delivery::Delivered => {}
            Delivery::Busy(mail) => {
                if let Some((_, reply)) = mail.reply {
                    reply.answer(Err(Rejection::Busy));
                }
            }
            Delivery::Open(mailbox) => {
                tokio::spawn(open::open(self.clone(), mailbox));
            }
        }
    }

    /// Tells a person's machine, if it is awake.
    pub fn tell(&self, user: &UserId, tell: Tell) {
        self.persons.deliver_if_awake(user, Mail::notice(PersonInput::Told { tell }));
    }

    /// Tells a space's machine, waking it if it sleeps.
    pub fn tell_space(self: &Arc<Self>, space: &SpaceId, input: Input) {
        if let Delivery::Open(mailbox) = self.spaces.deliver(space, Mail::notice(input)) {
            tokio::spawn(open::open::<Space>(self.clone(), mailbox));
        }
    }

    /// Tells every awake space.
    pub fn tell_spaces(&self, input: &Input) {
        for id in self.spaces.ids() {
            self.spaces.deliver_if_awake(&id, Mail::notice(input.clone()));
        }
    }

    /// A live connection.
    pub fn connection(&self, id: &ConnectionId) -> Option<Arc<Connection>> {
        self.connections.read().expect("plain map").get(id).cloned()
    }

    /// How many connections are live.
    pub fn connections_len(&self) -> usize {
        self.connections.read().expect("plain map").len()
    }

    /// Whose devices are connected.
    pub fn connected(&self) -> HashSet<UserId> {
        self.connections.read().expect("plain map").values().map(|connection| connection.user.clone()).collect()
    }

    /// Enters a connection.
    pub fn enter(&self, connection: &Arc<Connection>) {
        self.connections.write().expect("plain map").insert(connection.id.clone(), connection.clone());
    }

    /// Forgets a connection whose socket is gone, and tells the machines it was with.
    pub fn lose(&self, connection: &Connection) {
        self.connections.write().expect("plain map").remove(&connection.id);
        let spaces = std::mem::take(&mut *connection.spaces());
        for space in spaces {
            let lost = Space::lost(connection.id.clone());
            self.spaces.deliver_if_awake(&space, Mail::notice(lost));
        }
        self.persons.deliver_if_awake(&connection.user, Mail::notice(Person::lost(connection.id.clone())));
    }

    /// Closes the live connections that pass.
    pub fn close_connections(&self, reason: GoodbyeReason, passes: impl Fn(&Connection) -> bool) {
        for connection in self.connections.read().expect("plain map").values() {
            if passes(connection) {
                connection.close(reason);
            }
        }
    }

    /// Closes the live connections of a device that was signed out; without `device`, of all of a user's devices.
    pub fn sign_out(&self, user: &UserId, device: Option<&DeviceId>) {
        self.close_connections(GoodbyeReason::SignedOut, |connection| {
            connection.user == *user && device.is_none_or(|device| connection.device == *device)
        });
        if device.is_none() {
            self.broadcasts.passes().take_back(user, None, clock::now().0);
            self.tell_spaces(&Input::SignedOut { user: user.clone() });
        }
    }

    pub(crate) fn forget_space(self: &Arc<Self>, space: &SpaceId) {
        self.broadcasts.forget(self, space);
        self.directory.remove(space);
        self.media.close_space(space);
    }

    /// The folder for crash reports.
    pub fn crashes(&self) -> PathBuf {
        self.config.data.join("crashes")
    }

    /// Writes down how a machine came to crash, as a scenario that replays it.
    pub(crate) fn keep_crash(&self, owner: &Owner, scenario: &str) {
        let folder = self.crashes();
        let kept = std::fs::read_dir(&folder).map(Iterator::count).unwrap_or_default();
        if kept >= CRASHES_MAX {
            tracing::error!(folder = %folder.display(), "there are too many crash reports already; this one is not kept");
            return;
        }
        let file = folder.join(format!("{}-{owner}.txt", clock::now().0));
        match std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, scenario)) {
            Ok(()) => {
                tracing::error!(file = %file.display(), "the crash report is a scenario: play it to see the fault again")
            }
            Err(error) => tracing::error!(%error, "the crash report could not be written"),
        }
    }
}

#[cfg(test)]
mod tests;
