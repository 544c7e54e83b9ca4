//! The machines that are awake on this node: at most one task owns each.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::machine::{Machine, Mail};

/// Requests that may wait for one machine; one more is answered with `busy`.
///
/// Notices (lost connections, commits, reports of media) are not counted: each answers something that was bounded when it began.
pub const REQUESTS_WAITING_MAX: usize = 8_192;

/// The machines of one kind that are awake.
pub struct Registry<M: Machine> {
    awake: Mutex<HashMap<M::Id, Entry<M>>>,
    lives: AtomicU64,
}

/// Which of a machine's lives: each that is opened has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life(u64);

struct Entry<M: Machine> {
    life: Life,
    sender: UnboundedSender<Mail<M>>,
    waiting: Arc<AtomicUsize>,
}

/// Whether a mail found its machine.
pub enum Delivery<M: Machine> {
    /// It did.
    Delivered,
    /// The machine has too much to do.
    Busy(Mail<M>),
    /// The machine sleeps: it has just been entered as awake, and whoever gets this opens it and runs it with this mailbox.
    Open(Mailbox<M>),
}

/// The receiving end of a machine.
pub struct Mailbox<M: Machine> {
    pub(super) id: M::Id,
    pub(super) life: Life,
    mail: UnboundedReceiver<Mail<M>>,
    waiting: Arc<AtomicUsize>,
    registry: Arc<Registry<M>>,
}

impl<M: Machine> Default for Registry<M> {
    fn default() -> Self {
        Self { awake: Mutex::default(), lives: AtomicU64::default() }
    }
}

impl<M: Machine> Registry<M> {
    fn awake(&self) -> MutexGuard<'_, HashMap<M::Id, Entry<M>>> {
        self.awake.lock().expect("nothing panics while it holds the registry")
    }

    /// Puts a mail into a machine's mailbox, entering the machine as awake if it sleeps.
    pub fn deliver(self: &Arc<Self>, id: &M::Id, mail: Mail<M>) -> Delivery<M> {
        let mut awake = self.awake();
        if let Some(mailbox) = awake.get(id) {
            return Self::put(mailbox, mail);
        }
        let (sender, receiver) = mpsc::unbounded_channel();
        let life = Life(self.lives.fetch_add(1, Ordering::Relaxed));
        let entry = Entry { life, sender, waiting: Arc::default() };
        let mailbox =
            Mailbox { id: id.clone(), life, mail: receiver, waiting: entry.waiting.clone(), registry: self.clone() };
        Self::put(&entry, mail);
        awake.insert(id.clone(), entry);
        Delivery::Open(mailbox)
    }

    /// Puts a mail into a machine's mailbox if it is awake; says whether it is.
    pub fn deliver_if_awake(&self, id: &M::Id, mail: Mail<M>) -> bool {
        let awake = self.awake();
        let Some(mailbox) = awake.get(id) else { return false };
        !matches!(Self::put(mailbox, mail), Delivery::Busy(_))
    }

    /// Puts a mail into a machine's mailbox if it is in that life: what concerns a former one is nothing to it.
    pub fn deliver_to_life(&self, id: &M::Id, life: Life, mail: Mail<M>) {
        if let Some(mailbox) = self.awake().get(id).filter(|mailbox| mailbox.life == life) {
            Self::put(mailbox, mail);
        }
    }

    fn put(entry: &Entry<M>, mail: Mail<M>) -> Delivery<M> {
        if mail.reply.is_some() && entry.waiting.load(Ordering::Relaxed) >= REQUESTS_WAITING_MAX {
            return Delivery::Busy(mail);
        }
        entry.waiting.fetch_add(1, Ordering::Relaxed);
        // The receiver lives as long as the entry: it leaves the registry under this very lock.
        let _ = entry.sender.send(mail);
        Delivery::Delivered
    }

    /// How many are awake.
    pub fn len(&self) -> usize {
        self.awake().len()
    }

    /// Whether none is awake.
    pub fn is_empty(&self) -> bool {
        self.awake().is_empty()
    }

    /// Those that are awake.
    pub fn ids(&self) -> Vec<M::Id> {
        self.awake().keys().cloned().collect()
    }
}

impl<M: Machine> Mailbox<M> {
    /// The next mail.
    pub async fn next(&mut self) -> Option<Mail<M>> {
        let mail = self.mail.recv().await;
        self.waiting.fetch_sub(usize::from(mail.is_some()), Ordering::Relaxed);
        mail
    }

    /// The next mail, if one waits.
    pub fn try_next(&mut self) -> Option<Mail<M>> {
        let mail = self.mail.try_recv().ok();
        self.waiting.fetch_sub(usize::from(mail.is_some()), Ordering::Relaxed);
        mail
    }

    /// Leaves the registry if no mail waits; says whether it left. The next mail will open the machine anew.
    pub fn leave_if_idle(&mut self) -> bool {
        let mut awake = self.registry.awake();
        let idle = self.mail.is_empty();
        if idle {
            awake.remove(&self.id);
        }
        idle
    }

    /// Leaves the registry at once; what still waits is answered with a fault by being dropped.
    pub fn leave(self) {
        self.registry.awake().remove(&self.id);
    }
}
