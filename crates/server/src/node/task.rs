//! The task that owns a machine: mail and timers in, effects out, and what is left behind after a crash.

use axum::extract::ws::Utf8Bytes;
use hearth_capabilities::{RequestId, Timer};
use hearth_protocol::Rejection;
use hearth_protocol::ids::ConnectionId;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::time::{Duration, Instant, sleep_until};

use super::connection::{Connection, encode};
use super::machine::{Machine, Mail, Owner};
use super::registry::{Life, Mailbox};
use super::request::ReplyTo;
use super::{Driven, Node};
use crate::clock;

/// While events come faster than this, they are sent together: one write carries several to each client.
const GATHER: Duration = Duration::from_millis(20);

/// How long after it could not sleep because mail waited a machine is asked again, in milliseconds.
const SLEEP_AGAIN_MS: u64 = 1_000;

/// Events for everyone that have not gone out yet. The first after a pause goes at once.
#[derive(Default)]
struct Gathered {
    frames: Vec<Utf8Bytes>,
    bytes: usize,
    sent: Option<Instant>,
    due: Option<Instant>,
}

/// Bytes at which gathered events go out without waiting.
const GATHERED_BYTES_MAX: usize = 64 * 1024;

/// A machine that is awake, with what the node holds for it.
pub struct Awake<M: Machine> {
    pub(crate) id: M::Id,
    pub(crate) owner: Owner,
    pub(crate) life: Life,
    pub(crate) node: Arc<Node>,
    pub(crate) requests: BTreeMap<RequestId, ReplyTo>,
    pub(crate) attached: HashMap<ConnectionId, Arc<Connection>>,
    pub(crate) timers: Timers,
    gathered: Gathered,
}

/// When which timer is due.
#[derive(Default)]
pub struct Timers {
    by_time: BTreeSet<(hearth_capabilities::Time, Timer)>,
    by_name: HashMap<Timer, hearth_capabilities::Time>,
}

impl Timers {
    /// Sets a timer, replacing an earlier setting.
    pub fn set(&mut self, timer: Timer, at: hearth_capabilities::Time) {
        self.cancel(&timer);
        self.by_time.insert((at, timer.clone()));
        self.by_name.insert(timer, at);
    }

    /// Forgets a timer.
    pub fn cancel(&mut self, timer: &Timer) {
        if let Some(at) = self.by_name.remove(timer) {
            self.by_time.remove(&(at, timer.clone()));
        }
    }

    fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, _)| clock::instant_of(*at))
    }

    fn take_due(&mut self, now: hearth_capabilities::Time) -> Option<Timer> {
        let (at, timer) = self.by_time.first().cloned()?;
        (at <= now).then(|| {
            self.cancel(&timer);
            timer
        })
    }
}

/// Opens a machine from its record and runs it until it sleeps or crashes.
pub async fn run<M: Driven>(node: Arc<Node>, record: M::Record, mut mailbox: Mailbox<M>) {
    let id = mailbox.id.clone();
    let mut awake: Awake<M> = Awake {
        owner: M::owner(&id),
        id,
        life: mailbox.life,
        node,
        requests: BTreeMap::new(),
        attached: HashMap::new(),
        timers: Timers::default(),
        gathered: Gathered::default(),
    };
    let now = clock::now();
    let mut black_box = M::black_box(now, &record);
    let (mut machine, effects) = M::open(now, record);
    let mut may_sleep = awake.interpret_all(effects);
    loop {
        if std::mem::take(&mut may_sleep) {
            if mailbox.leave_if_idle() {
                awake.retire();
                return;
            }
            // What waits may leave it as idle as it is, and it says so only once: it is asked again.
            awake.timers.set(Timer::Idle, clock::now().plus_ms(SLEEP_AGAIN_MS));
        }
        let timer = awake.timers.next();
        let gathered = awake.gathered.due;
        let input = tokio::select! {
            biased;
            () = at(gathered) => {
                awake.flush();
                continue;
            }
            () = at(timer) => match awake.timers.take_due(clock::now()) {
                Some(timer) => M::timer(timer),
                None => continue,
            },
            mail = mailbox.next() => {
                let Some(Mail { input, reply }) = mail else { return };
                awake.requests.extend(reply);
                input
            }
        };
        let now = clock::now();
        M::note(&mut black_box, now, &input);
        match catch_unwind(AssertUnwindSafe(|| machine.handle(now, input))) {
            Ok(effects) => may_sleep = awake.interpret_all(effects),
            Err(_) => {
                mailbox.leave();
                awake.bury(&M::scenario(&black_box));
                return;
            }
        }
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

impl<M: Driven> Awake<M> {
    /// Sends an event to everyone attached: at once after a pause, together with its neighbours in a rush.
    pub(crate) fn broadcast(&mut self, frame: Utf8Bytes) {
        metrics::counter!("hearth_events_total").increment(1);
        self.gathered.bytes += frame.len();
        self.gathered.frames.push(frame);
        let now = Instant::now();
        let ready = self.gathered.sent.is_none_or(|sent| now >= sent + GATHER);
        if ready || self.gathered.bytes > GATHERED_BYTES_MAX {
            self.flush();
        } else {
            self.gathered.due = self.gathered.sent.map(|sent| sent + GATHER);
        }
    }

    /// Sends what has gathered.
    pub(crate) fn flush(&mut self) {
        self.gathered.due = None;
        if self.gathered.frames.is_empty() {
            return;
        }
        self.gathered.sent = Some(Instant::now());
        self.gathered.bytes = 0;
        metrics::counter!("hearth_deliveries_total")
            .increment((self.gathered.frames.len() * self.attached.len()) as u64);
        for connection in self.attached.values() {
            connection.push(&self.gathered.frames);
        }
        self.gathered.frames.clear();
    }

    /// Nothing keeps it awake: what it said of itself is taken back.
    fn retire(self) {
        if let Owner::Space(space) = &self.owner {
            self.node.directory().remove(space);
        }
    }

    /// After a crash: everybody who waits or watches is told, media is closed, and the way to the crash is written down.
    fn bury(mut self, scenario: &str) {
        tracing::error!(machine = %self.owner, "a fault ended this machine; its last inputs are kept as a scenario");
        metrics::counter!("hearth_machine_faults_total").increment(1);
        self.flush();
        for request in std::mem::take(&mut self.requests).into_values() {
            request.answer(Err(Rejection::Fault));
        }
        if let Some(epitaph) = M::epitaph(&self.id) {
            let epitaph = encode(&epitaph);
            for connection in self.attached.values() {
                connection.push(std::slice::from_ref(&epitaph));
            }
        }
        if let Owner::Space(space) = &self.owner {
            for connection in self.attached.values() {
                connection.spaces().remove(space);
            }
            self.node.forget_space(space);
        }
        if !scenario.is_empty() {
            self.node.keep_crash(&self.owner, scenario);
        }
    }
}

#[cfg(test)]
mod tests;
