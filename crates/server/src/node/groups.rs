//! Discussion groups as the store knows them: opened, woken, and what a command about them needs to know.

use hearth_capabilities::discussion_groups::{self, Bound, Confirmed, Tell};
use hearth_capabilities::{Input, SpaceTell, space};
use hearth_protocol::discussion_groups::{Command, Content, Destination};
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_protocol::limits::GROUPS_OF_ROOM_MAX;
use hearth_protocol::live_rooms::Broadcast;
use hearth_store::{Error, GROUPS_MAX, Store};
use std::sync::Arc;

use super::Node;
use crate::fresh;
use crate::watching::{self, Viewer};

/// All that is needed to open a group; `None`: there is none, or it has ended.
pub async fn load(node: &Node, id: &SpaceId) -> Result<Option<space::Record>, Error> {
    let Some(known) = node.store().groups().load(id).await? else { return Ok(None) };
    let confirmed =
        known.members.into_iter().map(|member| Confirmed { profile: member.profile, since_ms: member.joined_ms });
    Ok(Some(space::Record {
        id: id.clone(),
        epoch: fresh::suffix(),
        host: known.owner,
        about: hearth_protocol::live_rooms::About::default(),
        moderators: Vec::new(),
        sanctions: known.sanctions,
        slow_mode_s: 0,
        last_position: known.last_position,
        broadcasts: 0,
        messages: known.messages,
        more_messages: known.more_messages,
        recording_wanted: false,
        groups: Vec::new(),
        dialog: None,
        group: Some(discussion_groups::Record {
            members: confirmed.collect(),
            playing: known.content.as_ref().is_some_and(|content| is_playing(node, content)),
            content: known.content,
            room: known.room,
            since_ms: known.founded_ms,
        }),
    }))
}

fn is_playing(node: &Node, content: &Content) -> bool {
    match content {
        Content::LiveRoom { room, .. } => node.directory().get(room).is_some_and(|listing| {
            matches!(
                listing.broadcast,
                Broadcast::OnAir { .. } | Broadcast::Interrupted { .. } | Broadcast::Paused { .. }
            )
        }),
        Content::Video { .. } => true,
    }
}

/// The groups that are bound to a live room.
pub async fn bound_to(node: &Node, room: &SpaceId) -> Result<Vec<Bound>, Error> {
    let bound = node.store().groups().bound_to(room).await?;
    let bound = bound.into_iter().map(|group| Bound {
        id: group.id,
        owner: group.owner,
        members: group.members.into_iter().collect(),
        since_ms: group.founded_ms,
    });
    Ok(bound.collect())
}

/// What the store knows of the things that a command about groups names.
pub async fn look_up(
    store: &Store,
    by: &Viewer<'_>,
    space: &SpaceId,
    wants: &Command,
) -> Result<discussion_groups::Lookup, Error> {
    let mut lookup = discussion_groups::Lookup::default();
    match wants {
        Command::Suggest { .. } | Command::Invite { .. } => {
            lookup.own = store.groups().of(by.user).await?;
            lookup.follows = store.follows().mutual(by.user).await?;
            lookup.blocked = store.people().blocked_either_way(by.user).await?;
        }
        Command::List => {
            let reports = store.groups().open_reports(space).await?;
            let counted = |(group, count)| (group, u32::try_from(count).unwrap_or(u32::MAX));
            lookup.reports = reports.into_iter().map(counted).collect();
        }
        Command::Move { to } => {
            lookup.destination = destination(store, by, to).await?;
            if let Some(content) = &lookup.destination {
                lookup.hidden_from = hidden_from(store, space, content).await?;
            }
        }
        Command::Withdraw
        | Command::Answer { .. }
        | Command::Dissolve { .. }
        | Command::Depart
        | Command::AnswerMove { .. } => {}
    }
    Ok(lookup)
}

/// Where somebody wants to take a group, if they may see it, and it is not full of groups already.
async fn destination(store: &Store, by: &Viewer<'_>, to: &Destination) -> Result<Option<Content>, Error> {
    match to {
        Destination::LiveRoom { room } => {
            let Some(known) = store.rooms().by_id(room).await? else { return Ok(None) };
            let full = store.groups().count_bound_to(room).await? >= GROUPS_OF_ROOM_MAX as u64;
            if full || watching::refusal(store, Some(by), &known).await?.is_some() {
                return Ok(None);
            }
            Ok(Some(Content::LiveRoom { room: room.clone(), host: known.host, title: known.about.title }))
        }
        Destination::Video { video } => {
            let who = watching::Watcher { viewer: Some(*by), link: None };
            let known = watching::film(store, &who, video).await?.filter(|known| known.media.hls.is_some());
            Ok(known.map(|known| Content::Video { video: video.clone(), title: known.title }))
        }
    }
}

/// The members of a group who may not see something: nothing of it is told to them.
async fn hidden_from(store: &Store, group: &SpaceId, content: &Content) -> Result<Vec<UserId>, Error> {
    let mut hidden = Vec::new();
    for member in store.groups().members(group).await? {
        let known = store.accounts().by_id(&member).await?;
        let sees = match &known {
            Some(known) => watching::may_see(store, &known.into(), content).await?,
            None => false,
        };
        if !sees {
            hidden.push(member);
        }
    }
    Ok(hidden)
}

/// Whether somebody may not see what a group watches.
///
/// Errors: the store's.
pub async fn is_hidden(store: &Store, who: &Viewer<'_>, group: &SpaceId) -> Result<bool, Error> {
    match store.groups().content(group).await? {
        Some(content) => Ok(!watching::may_see(store, who, &content).await?),
        None => Ok(false),
    }
}

/// Wakes all groups that go on. Each ends by itself where nobody comes back to it: none is left behind by a server that was
/// killed, nor by a machine that crashed.
pub async fn wake_all(node: &Arc<Node>) -> Result<(), Error> {
    let mut after = None;
    loop {
        let page = node.store().groups().going_on(after.as_ref()).await?;
        for group in &page {
            let tell = SpaceTell::Groups { what: Tell::Playing { on_air: false } };
            // By itself: it is not the room that it is bound to, and changes nothing.
            node.tell_space(group, Input::Told { by: group.clone(), tell });
        }
        if page.len() < GROUPS_MAX {
            return Ok(());
        }
        after = page.last().cloned();
    }
}
