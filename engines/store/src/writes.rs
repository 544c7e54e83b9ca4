//! The queue of writes and the one writer that commits them in groups.
//!
//! A live space must not wait for a disk. It submits a [`Write`] and goes on; the writer takes everything that waits,
//! stores it in one transaction, and reports after the commit. While one group is being synced to disk the next gathers,
//! so that the dearer a sync is the more writes share it.

use crate::db::Db;
use crate::{Error, VisitEnd, WriteFailed};
use hearth_protocol::conversation::Message;
use hearth_protocol::dialogs::Keeping;
use hearth_protocol::discussion_groups::Content;
use hearth_protocol::host_visits::{Conditions, InvitationState, Way};
use hearth_protocol::ids::{SpaceId, UserId, VisitId};
use hearth_protocol::live_rooms::{About, EndReason};
use hearth_protocol::moderation;
use hearth_protocol::people::Profile;
use hearth_protocol::space::Sanction;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

mod apply;
#[cfg(test)]
mod tests;

/// Writes that may wait. One more is refused with [`Busy`].
pub const QUEUE_MAX: usize = 16_384;
/// Writes that share one transaction.
pub const BATCH_MAX: usize = 1_024;

/// Something to remember, as plain data.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// A message, at the position its space gave it. A nonce that the author used in the space before stores nothing:
    /// the report tells where the first one is. Of the quote only the position is kept; its text is read from the quoted message.
    AppendMessage {
        /// Where.
        space: SpaceId,
        /// What.
        message: Message,
    },
    /// A message's text is erased; its place stays.
    DeleteMessage {
        /// Where.
        space: SpaceId,
        /// Which.
        position: u64,
        /// Who took it back.
        by: UserId,
        /// When.
        at_ms: u64,
    },
    /// A message has other words; one that was deleted keeps none.
    EditMessage {
        /// Where.
        space: SpaceId,
        /// Which.
        position: u64,
        /// Its words.
        text: String,
        /// When.
        at_ms: u64,
    },
    /// A dialog is called something else.
    DialogTitle {
        /// Which.
        dialog: SpaceId,
        /// What.
        title: String,
    },
    /// Somebody is in a dialog.
    DialogJoined {
        /// Which.
        dialog: SpaceId,
        /// Who.
        user: UserId,
        /// When.
        at_ms: u64,
    },
    /// Somebody is in a dialog no more.
    DialogLeft {
        /// Which.
        dialog: SpaceId,
        /// Who.
        user: UserId,
    },
    /// What somebody has made of a dialog for themselves.
    DialogKept {
        /// Which.
        dialog: SpaceId,
        /// Who.
        user: UserId,
        /// What.
        keeping: Keeping,
    },
    /// How far somebody has read. It never goes back.
    SetReadPosition {
        /// Where.
        space: SpaceId,
        /// Who.
        user: UserId,
        /// Up to and with this message.
        position: u64,
    },
    /// What a room says of itself.
    SetAbout {
        /// Which room.
        space: SpaceId,
        /// All of it.
        about: About,
    },
    /// The least time between two messages of a viewer.
    SetSlowMode {
        /// Which room.
        space: SpaceId,
        /// Seconds; 0 is off.
        interval_s: u32,
    },
    /// Somebody is muted or banned; it replaces what was there.
    SetSanction {
        /// Where.
        space: SpaceId,
        /// Whom, until when, by whom.
        sanction: Sanction,
    },
    /// Somebody is neither muted nor banned any more.
    ClearSanction {
        /// Where.
        space: SpaceId,
        /// Whom.
        user: UserId,
    },
    /// Somebody is appointed moderator, or dismissed.
    SetModerator {
        /// Where.
        space: SpaceId,
        /// Whom.
        user: UserId,
        /// Appointed or dismissed.
        moderator: bool,
    },
    /// Somebody blocks somebody.
    Block {
        /// Who.
        user: UserId,
        /// Whom.
        other: UserId,
    },
    /// Somebody takes a block back.
    Unblock {
        /// Who.
        user: UserId,
        /// Whom.
        other: UserId,
    },
    /// Somebody follows somebody.
    Follow {
        /// Who.
        user: UserId,
        /// Whom.
        other: UserId,
        /// Since when.
        at_ms: u64,
    },
    /// Somebody follows somebody no more.
    Unfollow {
        /// Who.
        user: UserId,
        /// Whom.
        other: UserId,
    },
    /// Somebody wishes to be friends with somebody. Where the other does too it is [`Stored::NowFriends`].
    Befriend {
        /// Who.
        user: UserId,
        /// With whom.
        other: UserId,
        /// When.
        at_ms: u64,
    },
    /// Two are not friends, and neither wishes it.
    Unfriend {
        /// The one.
        user: UserId,
        /// The other.
        other: UserId,
    },
    /// Whether a room's broadcasts are recorded.
    SetRecording {
        /// Which room.
        space: SpaceId,
        /// Whether.
        wanted: bool,
    },
    /// A report to the moderators, with the message as it was said.
    Report {
        /// All of it.
        report: Box<moderation::Report>,
    },
    /// Somebody confirms that they are in a group. The first brings it about; again changes nothing.
    /// It may be [`Stored::Declined`].
    GroupConfirmed {
        /// Which.
        group: SpaceId,
        /// In which room they were asked.
        room: SpaceId,
        /// Who asked.
        primary: Profile,
        /// What the group is bound to, if it is brought about.
        content: Content,
        /// Who confirms.
        member: Profile,
        /// When.
        at_ms: u64,
    },
    /// Somebody is in a group no more.
    GroupLeft {
        /// Which.
        group: SpaceId,
        /// Who.
        user: UserId,
        /// When.
        at_ms: u64,
    },
    /// A group is somebody else's.
    GroupOwner {
        /// Which.
        group: SpaceId,
        /// Whose.
        user: UserId,
    },
    /// A group is bound to something else.
    GroupContent {
        /// Which.
        group: SpaceId,
        /// To what.
        content: Content,
    },
    /// A group ends, and is archived for who was in it to the end.
    GroupEnded {
        /// Which.
        group: SpaceId,
        /// When.
        at_ms: u64,
    },
    /// A broadcast began.
    BroadcastStarted {
        /// Where.
        space: SpaceId,
        /// The how many-th of this room.
        number: u64,
        /// When.
        at_ms: u64,
    },
    /// A broadcast is over.
    BroadcastEnded {
        /// Where.
        space: SpaceId,
        /// The how many-th of this room.
        number: u64,
        /// When.
        at_ms: u64,
        /// Why.
        reason: EndReason,
    },
    /// A host asks others for visits.
    VisitRequested {
        /// Who.
        by: UserId,
        /// When.
        at_ms: u64,
        /// Which hosts are wanted.
        conditions: Conditions,
        /// How many.
        wanted: u32,
    },
    /// A host is asked for a visit.
    VisitInvited {
        /// Which.
        visit: VisitId,
        /// By whom.
        by: UserId,
        /// Whom.
        host: UserId,
        /// When.
        at_ms: u64,
    },
    /// What became of an invitation to visit.
    VisitAnswered {
        /// Which.
        visit: VisitId,
        /// What.
        state: InvitationState,
        /// When.
        at_ms: u64,
    },
    /// A visit began.
    VisitBegan {
        /// Which.
        visit: VisitId,
        /// How.
        way: Way,
        /// Who invited.
        to: UserId,
        /// Who visits.
        from: UserId,
        /// When.
        at_ms: u64,
    },
    /// A visit is over. What is said of one that has ended changes nothing.
    VisitEnded(Box<VisitEnd>),
    /// Somebody did something that a moderator or administrator may want to look up.
    Audit {
        /// Where, if in a space.
        space: Option<SpaceId>,
        /// Who.
        by: UserId,
        /// What: a short word such as `ban`.
        action: String,
        /// To whom or what.
        subject: String,
        /// When.
        at_ms: u64,
    },
}

/// What the submitter calls its write; it comes back with the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Why somebody is not in a group that they confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declined {
    /// They are in another.
    MemberElsewhere,
    /// The group is not there yet, and who asked for it is in another.
    PrimaryElsewhere,
    /// It has ended.
    GroupOver,
    /// It has as many members as it may.
    GroupFull,
}

/// What was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// The write, as it was.
    Done,
    /// A wish, and the other's was there: they are friends.
    NowFriends,
    /// Nothing: it is decided otherwise already.
    Declined(Declined),
    /// The message, or the one that was stored before under its nonce.
    Message {
        /// Where it is.
        position: u64,
        /// Its time.
        at_ms: u64,
        /// Whether it was there before, and nothing was changed.
        repeated: bool,
    },
}

/// What became of a write.
pub type Report = (Ticket, Result<Stored, WriteFailed>);

/// The queue is full, or the store is closed: nothing was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store is too busy")]
pub struct Busy;

type Reports = Box<dyn Fn(Vec<Report>) + Send + Sync>;

#[allow(
    clippy::large_enum_variant,
    reason = "nearly all are writes: a box for each would cost more than the room it saves"
)]
enum Item {
    Write(Write, Ticket),
    /// Answered when everything before it is reported.
    Settle(oneshot::Sender<()>),
    /// Answered like `Settle`; the writer ends with it.
    Finish(oneshot::Sender<()>),
}

/// The queue of writes. Cheap to clone.
#[derive(Clone)]
pub struct Writes {
    queue: mpsc::Sender<Item>,
}

impl Writes {
    pub(crate) fn start(db: Db, reports: Reports) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(run(db, waiting, Arc::from(reports)));
        Self { queue }
    }

    /// Queues a write, without waiting. Each accepted one is reported exactly once, after those submitted before it.
    ///
    /// Errors: [`Busy`] where [`QUEUE_MAX`] wait already, or the store is closed.
    pub fn submit(&self, write: Write, ticket: Ticket) -> Result<(), Busy> {
        self.queue.try_send(Item::Write(write, ticket)).map_err(|_| Busy)
    }

    /// How many writes wait.
    pub fn waiting(&self) -> usize {
        QUEUE_MAX - self.queue.capacity()
    }

    /// Waits until everything submitted before is reported.
    pub async fn settled(&self) {
        self.mark(Item::Settle).await;
    }

    pub(crate) async fn finish(&self) {
        self.mark(Item::Finish).await;
    }

    async fn mark(&self, item: fn(oneshot::Sender<()>) -> Item) {
        let (done, settled) = oneshot::channel();
        // Both fail only when the writer has ended, and then nothing waits.
        if self.queue.send(item(done)).await.is_ok() {
            let _ = settled.await;
        }
    }
}

async fn run(db: Db, mut waiting: mpsc::Receiver<Item>, reports: Arc<dyn Fn(Vec<Report>) + Send + Sync>) {
    let mut taken = Vec::with_capacity(BATCH_MAX);
    while waiting.recv_many(&mut taken, BATCH_MAX).await > 0 {
        let mut group = Vec::with_capacity(taken.len());
        for item in taken.drain(..) {
            let (settled, last) = match item {
                Item::Write(write, ticket) => {
                    group.push((write, ticket));
                    continue;
                }
                Item::Settle(settled) => (settled, false),
                Item::Finish(settled) => {
                    waiting.close();
                    (settled, true)
                }
            };
            store(&db, std::mem::take(&mut group), &*reports).await;
            let _ = settled.send(());
            if last {
                tracing::debug!("the queue of writes is closed");
            }
        }
        store(&db, group, &*reports).await;
    }
}

/// Stores a group in one transaction; where the database refuses it, each write in one of its own,
/// so that a bad write harms nobody else's.
async fn store(db: &Db, group: Vec<(Write, Ticket)>, reports: &(dyn Fn(Vec<Report>) + Send + Sync)) {
    if group.is_empty() {
        return;
    }
    let done = match apply::in_one_transaction(db, &group).await {
        Ok(stored) => group.iter().map(|(_, ticket)| *ticket).zip(stored.into_iter().map(Ok)).collect(),
        Err(Error::Refused(_)) if group.len() > 1 => {
            let mut done = Vec::with_capacity(group.len());
            for one in &group {
                let stored = apply::in_one_transaction(db, std::slice::from_ref(one)).await;
                done.push((one.1, stored.map(|stored| stored[0]).map_err(|error| failed(&error))));
            }
            done
        }
        Err(error) => {
            let failure = failed(&error);
            group.iter().map(|(_, ticket)| (*ticket, Err(failure))).collect()
        }
    };
    reports(done);
}

fn failed(error: &Error) -> WriteFailed {
    tracing::error!(%error, "a write was not stored");
    error.into()
}
