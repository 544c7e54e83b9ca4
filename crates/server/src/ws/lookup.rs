//! What a command's machine needs to know from the store, read before the command is given to it.

use hearth_capabilities::Lookup;
use hearth_protocol::dialogs::Command as DialogCommand;
use hearth_protocol::ids::SpaceId;
use hearth_protocol::{Command, PersonCommand, Rejection};
use hearth_store::Store;

use crate::accounts::Who;
use crate::node::{Node, dialogs, groups};
use crate::visits;

/// Mentions that are looked up; a machine refuses more.
const MENTIONS_LOOKED_UP_MAX: usize = 16;

/// What the store knows of the things a command names.
///
/// Errors: [`Rejection::Storage`] where the store fails.
pub async fn of_command(node: &Node, who: &Who, space: &SpaceId, command: &Command) -> Result<Lookup, Rejection> {
    let (store, by) = (node.store(), &who.profile.id);
    let mut lookup = Lookup::default();
    let conversations = store.conversations();
    match command {
        Command::Join { .. } => {
            lookup.read_position = conversations.read_position(space, by).await.map_err(failed)?;
            lookup.preferences = store.people().preferences(by).await.map_err(failed)?;
            lookup.blocked_by_host = store.rooms().is_blocked_by_host(space, by).await.map_err(failed)?;
            if space.is_group() {
                lookup.groups.hidden = groups::is_hidden(store, &who.viewer(), space).await.map_err(failed)?;
                lookup.groups.member_since_ms = store.groups().member_since_ms(space, by).await.map_err(failed)?;
            }
        }
        Command::Send { reply_to, mentions, .. } => {
            if let Some(position) = reply_to {
                lookup.message = conversations.message(space, *position).await.map_err(failed)?.map(Box::new);
            }
            for user in mentions.iter().take(MENTIONS_LOOKED_UP_MAX) {
                lookup.people.extend(store.people().profile(user).await.map_err(failed)?);
            }
        }
        Command::DeleteMessage { position } | Command::Dialogs { wants: DialogCommand::Edit { position, .. } } => {
            lookup.message = conversations.message(space, *position).await.map_err(failed)?.map(Box::new);
        }
        Command::Report { user, position, .. } => {
            if let Some(position) = position {
                lookup.message = conversations.message(space, *position).await.map_err(failed)?.map(Box::new);
            }
            lookup.people.extend(store.people().profile(user).await.map_err(failed)?);
            let open = store.reports().count_open(space, by).await.map_err(failed)?;
            lookup.open_reports = u32::try_from(open).unwrap_or(u32::MAX);
        }
        Command::Groups { wants } => {
            lookup.groups = Box::new(groups::look_up(store, &who.viewer(), space, wants).await.map_err(failed)?)
        }
        Command::Mute { user, .. }
        | Command::Ban { user }
        | Command::Remove { user }
        | Command::SetModerator { user, .. } => {
            let account = store.accounts().by_id(user).await.map_err(failed)?;
            lookup.administrators.extend(account.as_ref().filter(|one| one.administrator).map(|_| user.clone()));
            lookup.people.extend(account.map(|account| account.profile));
        }
        Command::Visits { wants } => {
            lookup.visits = visits::facts(node, by, space, wants).await.map_err(failed)?;
        }
        _ => {}
    }
    if space.is_dialog() {
        lookup.dialogs = Box::new(dialogs::look_up(store, by, space, command).await.map_err(failed)?);
    }
    Ok(lookup)
}

/// What the store knows of the people a personal command names.
///
/// Errors: [`Rejection::Storage`] where the store fails.
pub async fn of_person_command(store: &Store, command: &PersonCommand) -> Result<Lookup, Rejection> {
    let people = match command {
        PersonCommand::Block { user } | PersonCommand::Follow { user } | PersonCommand::Befriend { user } => {
            store.people().profile(user).await.map_err(failed)?
        }
        PersonCommand::Unblock { .. } | PersonCommand::Unfollow { .. } | PersonCommand::Unfriend { .. } => None,
    };
    Ok(Lookup { people: people.into_iter().collect(), ..Lookup::default() })
}

fn failed(error: hearth_store::Error) -> Rejection {
    tracing::error!(%error, "a read for a command failed");
    Rejection::Storage
}
