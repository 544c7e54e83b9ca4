//! A machine's writes on their way to the store, and the commits on their way back.

use hearth_capabilities::host_visits;
use hearth_capabilities::person::NOW_FRIENDS;
use hearth_capabilities::{Input, PersonInput, StoreFailure, Write, WriteId};
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_store::{Declined, Report, Stored, Ticket};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Node;
use super::machine::{Mail, Owner};
use super::registry::Life;
use crate::clock;

/// The ticket of a write whose end nobody waits for.
const NOBODYS: Ticket = Ticket(0);

/// Whose writes are under way.
#[derive(Default)]
pub struct UnderWay {
    last: AtomicU64,
    owners: Mutex<HashMap<Ticket, (Owner, Life, WriteId)>>,
}

impl UnderWay {
    fn enter(&self, owner: &Owner, life: Life, write: WriteId) -> Ticket {
        let ticket = Ticket(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        self.owners.lock().expect("plain map").insert(ticket, (owner.clone(), life, write));
        ticket
    }

    fn leave(&self, ticket: Ticket) -> Option<(Owner, Life, WriteId)> {
        self.owners.lock().expect("plain map").remove(&ticket)
    }
}

/// Hands a machine's write to the store. It comes back to the machine after the commit, if that is in the same life: a machine
/// that was opened anew numbers its writes anew.
///
/// Errors: the store has too much to do; nothing was accepted.
pub fn submit(node: &Node, owner: &Owner, life: Life, write: WriteId, what: Write) -> Result<(), hearth_store::Busy> {
    let audit = audit_of(owner, &what);
    if let (Owner::Space(space), Write::Sanction { sanction }) = (owner, &what)
        && sanction.banned
    {
        node.broadcasts().passes().take_back(&sanction.user.id, Some(space), clock::now().0);
    }
    let stored = match owner {
        Owner::Space(space) => of_space(space, what),
        Owner::Person(user) => of_person(user, what),
    };
    let ticket = node.under_way().enter(owner, life, write);
    let writes = node.store().writes();
    let submitted = writes.submit(stored, ticket);
    match (&submitted, audit) {
        (Err(_), _) => {
            node.under_way().leave(ticket);
        }
        (Ok(()), Some(audit)) => writes.submit(audit, NOBODYS)?,
        (Ok(()), None) => {}
    }
    submitted
}

/// Notes in the audit log what somebody did over HTTP, and waits until it is stored; `space`: where, if in a space.
pub async fn note(node: &Node, space: Option<&SpaceId>, by: &UserId, action: &str, subject: String) {
    let writes = node.store().writes();
    if writes.submit(audit(space, by, action, subject), NOBODYS).is_err() {
        tracing::error!(%by, action, "the audit log misses an entry: too much waits to be stored");
    }
    writes.settled().await;
}

/// Tells the machines what became of their writes.
pub fn report(node: &Node, reports: Vec<Report>) {
    for (ticket, result) in reports {
        let Some((owner, life, write)) = node.under_way().leave(ticket) else { continue };
        let result = match result {
            Ok(Stored::Message { position, .. }) => Ok(position),
            Ok(Stored::Done) => Ok(0),
            Ok(Stored::NowFriends) => Ok(NOW_FRIENDS),
            Ok(Stored::Declined(declined)) => Err(match declined {
                Declined::MemberElsewhere => StoreFailure::MemberElsewhere,
                Declined::PrimaryElsewhere => StoreFailure::PrimaryElsewhere,
                Declined::GroupOver => StoreFailure::GroupOver,
                Declined::GroupFull => StoreFailure::GroupFull,
            }),
            Err(failure) => {
                tracing::warn!(%owner, ?failure, "a write was not stored");
                Err(StoreFailure::Unavailable)
            }
        };
        match owner {
            Owner::Space(id) => {
                node.spaces().deliver_to_life(&id, life, Mail::notice(Input::Stored { write, result }));
            }
            Owner::Person(id) => {
                node.persons().deliver_to_life(&id, life, Mail::notice(PersonInput::Stored { write, result }));
            }
        }
    }
}

fn of_space(space: &SpaceId, what: Write) -> hearth_store::Write {
    use hearth_store::Write as Stored;
    let space = space.clone();
    match what {
        Write::Message { message } => Stored::AppendMessage { space, message },
        Write::DeleteMessage { position, by } => Stored::DeleteMessage { space, position, by, at_ms: clock::now().0 },
        Write::MessageEdited { position, text, at } => Stored::EditMessage { space, position, text, at_ms: at.0 },
        Write::DialogTitle { title } => Stored::DialogTitle { dialog: space, title },
        Write::DialogJoined { user, at } => Stored::DialogJoined { dialog: space, user, at_ms: at.0 },
        Write::DialogLeft { user, .. } => Stored::DialogLeft { dialog: space, user },
        Write::DialogKept { user, keeping } => Stored::DialogKept { dialog: space, user, keeping },
        Write::ReadPosition { user, position } => Stored::SetReadPosition { space, user, position },
        Write::About { about } => Stored::SetAbout { space, about },
        Write::SlowMode { interval_s, .. } => Stored::SetSlowMode { space, interval_s },
        Write::Sanction { sanction } => Stored::SetSanction { space, sanction },
        Write::ClearSanction { user, .. } => Stored::ClearSanction { space, user },
        Write::Moderator { user, appointed, .. } => Stored::SetModerator { space, user, moderator: appointed },
        Write::BroadcastStarted { number, at } => Stored::BroadcastStarted { space, number, at_ms: at.0 },
        Write::BroadcastEnded { number, at, reason } => Stored::BroadcastEnded { space, number, at_ms: at.0, reason },
        Write::Recording { wanted, .. } => Stored::SetRecording { space, wanted },
        Write::Removed { user, by } => audit(Some(&space), &by, "remove", user.to_string()),
        Write::Report { report } => Stored::Report { report },
        Write::GroupConfirmed { group, primary, content, member, at } => {
            Stored::GroupConfirmed { group, room: space, primary, content, member, at_ms: at.0 }
        }
        Write::GroupLeft { user, at } => Stored::GroupLeft { group: space, user, at_ms: at.0 },
        Write::GroupOwner { user } => Stored::GroupOwner { group: space, user },
        Write::GroupContent { content } => Stored::GroupContent { group: space, content },
        Write::GroupEnded { group, at, .. } => Stored::GroupEnded { group, at_ms: at.0 },
        Write::Visit { entry } => of_visits(entry),
        Write::Block { .. }
        | Write::Unblock { .. }
        | Write::Follow { .. }
        | Write::Unfollow { .. }
        | Write::Befriend { .. }
        | Write::Unfriend { .. } => unreachable!("a space blocks and follows nobody"),
    }
}

fn of_visits(entry: host_visits::Entry) -> hearth_store::Write {
    use hearth_store::Write as Stored;
    use host_visits::Entry;
    match entry {
        Entry::Requested { by, at, conditions, wanted } => {
            Stored::VisitRequested { by, at_ms: at.0, conditions, wanted }
        }
        Entry::Invited { visit, by, host, at } => Stored::VisitInvited { visit, by, host, at_ms: at.0 },
        Entry::Answered { visit, state, at } => Stored::VisitAnswered { visit, state, at_ms: at.0 },
        Entry::Began { visit, way, to, from, at } => Stored::VisitBegan { visit, way, to, from, at_ms: at.0 },
        Entry::Ended { visit, at, reason, came, person_ms, met } => {
            Stored::VisitEnded(Box::new(hearth_store::VisitEnd { visit, at_ms: at.0, reason, came, person_ms, met }))
        }
    }
}

fn of_person(user: &UserId, what: Write) -> hearth_store::Write {
    let user = user.clone();
    match what {
        Write::Block { user: other } => hearth_store::Write::Block { user, other },
        Write::Unblock { user: other } => hearth_store::Write::Unblock { user, other },
        Write::Follow { user: other } => hearth_store::Write::Follow { user, other, at_ms: clock::now().0 },
        Write::Unfollow { user: other } => hearth_store::Write::Unfollow { user, other },
        Write::Befriend { user: other } => hearth_store::Write::Befriend { user, other, at_ms: clock::now().0 },
        Write::Unfriend { user: other } => hearth_store::Write::Unfriend { user, other },
        other => unreachable!("a person's machine does not write this: {other:?}"),
    }
}

/// What the audit log says of a moderator's write.
fn audit_of(owner: &Owner, what: &Write) -> Option<hearth_store::Write> {
    let Owner::Space(space) = owner else { return None };
    // What goes on in a group or a dialog concerns nobody but its members.
    if space.is_group() || space.is_dialog() {
        return None;
    }
    let (by, action, subject) = match what {
        Write::DeleteMessage { position, by } => (by, "delete_message", position.to_string()),
        Write::SlowMode { interval_s, by } => (by, "slow_mode", interval_s.to_string()),
        Write::Sanction { sanction } if sanction.banned => (&sanction.by, "ban", sanction.user.id.to_string()),
        Write::Sanction { sanction } => (&sanction.by, "mute", sanction.user.id.to_string()),
        Write::ClearSanction { user, by } => (by, "clear_sanction", user.to_string()),
        Write::Moderator { user, appointed: true, by } => (by, "appoint_moderator", user.to_string()),
        Write::Moderator { user, appointed: false, by } => (by, "dismiss_moderator", user.to_string()),
        Write::GroupEnded { group, by: Some(by), .. } => (by, "dissolve_group", group.to_string()),
        Write::Recording { wanted: true, by } => (by, "record", space.to_string()),
        Write::Recording { wanted: false, by } => (by, "record_no_more", space.to_string()),
        _ => return None,
    };
    Some(audit(Some(space), by, action, subject))
}

fn audit(space: Option<&SpaceId>, by: &UserId, action: &str, subject: String) -> hearth_store::Write {
    hearth_store::Write::Audit {
        space: space.cloned(),
        by: by.clone(),
        action: action.to_owned(),
        subject,
        at_ms: clock::now().0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::registry::{Delivery, Mailbox};
    use hearth_capabilities::space::Space;
    use hearth_protocol::people::Preferences;

    /// A mailbox that is opened for a space, by a mail, without a machine that reads it.
    fn opened(node: &Node, space: &SpaceId, user: &UserId) -> Mailbox<Space> {
        let input = Input::Prefers { user: user.clone(), preferences: Preferences::default() };
        match node.spaces().deliver(space, Mail::notice(input)) {
            Delivery::Open(mut mailbox) => {
                assert!(mailbox.try_next().is_some());
                mailbox
            }
            _ => panic!("it is awake already"),
        }
    }

    #[tokio::test]
    async fn what_a_former_life_wrote_is_not_reported_to_the_next() {
        let (node, data) = crate::node::tests::node().await;
        let (space, user) = (SpaceId::parse("room_lost").unwrap(), UserId::parse("user_1").unwrap());
        let owner = Owner::Space(space.clone());
        let lost = opened(&node, &space, &user);
        let late = node.under_way().enter(&owner, lost.life, WriteId(1));
        lost.leave();

        let mut anew = opened(&node, &space, &user);
        let own = node.under_way().enter(&owner, anew.life, WriteId(1));
        report(
            &node,
            vec![(late, Ok(Stored::Message { position: 7, at_ms: 1, repeated: false })), (own, Ok(Stored::Done))],
        );
        let told = anew.try_next().expect("its own write").input;
        assert_eq!(told, Input::Stored { write: WriteId(1), result: Ok(0) });
        assert!(anew.try_next().is_none());
        let _ = std::fs::remove_dir_all(data);
    }
}
