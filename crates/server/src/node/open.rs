//! Waking a machine: from what the store knows of it.

use hearth_capabilities::person::{self, Person};
use hearth_capabilities::space::{self, Space};
use hearth_protocol::Rejection;
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_store::Error;
use std::sync::Arc;

use super::registry::{Mailbox, Registry};
use super::{Driven, Node, task};
use super::{dialogs, groups};
use crate::fresh;

/// Opens the machine that a mailbox was made for, and runs it.
/// Where there is no such machine, or the store fails, everybody who waits is told.
pub async fn open<M: Driven>(node: Arc<Node>, mut mailbox: Mailbox<M>) {
    // What a former life of it has written is in what it is opened from.
    node.store().writes().settled().await;
    let rejection = match M::load(&node, &mailbox.id).await {
        Ok(Some(record)) => return task::run(node, record, mailbox).await,
        Ok(None) => Rejection::NotFound,
        Err(error) => {
            tracing::error!(machine = %mailbox.id, %error, "could not be opened");
            Rejection::Storage
        }
    };
    while let Some(mail) = mailbox.try_next() {
        if let Some((_, reply)) = mail.reply {
            reply.answer(Err(rejection.clone()));
        }
    }
    mailbox.leave();
}

impl Driven for Space {
    fn registry(node: &Node) -> &Arc<Registry<Self>> {
        node.spaces()
    }

    async fn load(node: &Node, id: &SpaceId) -> Result<Option<space::Record>, Error> {
        if id.is_group() {
            return groups::load(node, id).await;
        }
        if id.is_dialog() {
            return dialogs::load(node, id).await;
        }
        let Some(known) = node.store().rooms().load(id).await? else { return Ok(None) };
        Ok(Some(space::Record {
            id: id.clone(),
            epoch: fresh::suffix(),
            host: known.host,
            about: known.about,
            moderators: known.moderators,
            sanctions: known.sanctions,
            slow_mode_s: known.slow_mode_s,
            last_position: known.last_position,
            broadcasts: known.last_broadcast,
            messages: known.messages,
            more_messages: known.more_messages,
            recording_wanted: known.recording_wanted,
            groups: groups::bound_to(node, id).await?,
            group: None,
            dialog: None,
        }))
    }
}

impl Driven for Person {
    fn registry(node: &Node) -> &Arc<Registry<Self>> {
        node.persons()
    }

    async fn load(node: &Node, id: &UserId) -> Result<Option<person::Record>, Error> {
        let Some(account) = node.store().accounts().by_id(id).await? else { return Ok(None) };
        let friends = node.store().friends().of(id).await?;
        Ok(Some(person::Record {
            friends: friends.friends,
            friend_requests: friends.requests,
            friends_asked: friends.asked,
            epoch: fresh::suffix(),
            profile: account.profile,
            administrator: account.administrator,
            follows: node.store().follows().of(id).await?,
            blocked: node.store().people().blocked_by(id).await?,
        }))
    }
}
