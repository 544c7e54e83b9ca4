//! Dialogs as the store knows them: opened, and what a command about them needs to know.

use hearth_capabilities::dialogs::{Lookup, Participant, Record};
use hearth_capabilities::space;
use hearth_protocol::Command;
use hearth_protocol::conversation::{Carried, Carry};
use hearth_protocol::dialogs::Command as DialogCommand;
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_protocol::videos::Audience;
use hearth_store::{DialogMemberRecord, Error, Store};

use super::Node;
use crate::fresh;

/// All that is needed to open a dialog; `None`: there is none, or nobody is in it any more.
pub async fn load(node: &Node, id: &SpaceId) -> Result<Option<space::Record>, Error> {
    let Some(known) = node.store().dialogs().load(id).await? else { return Ok(None) };
    let Some(host) = known.members.first().map(|member| member.profile.clone()) else { return Ok(None) };
    Ok(Some(space::Record {
        id: id.clone(),
        epoch: fresh::suffix(),
        host,
        about: hearth_protocol::live_rooms::About::default(),
        moderators: Vec::new(),
        sanctions: Vec::new(),
        slow_mode_s: 0,
        last_position: known.messages.last().map_or(0, |message| message.position),
        broadcasts: 0,
        messages: known.messages,
        more_messages: known.more_messages,
        recording_wanted: false,
        groups: Vec::new(),
        group: None,
        dialog: Some(Record {
            title: known.title,
            two: known.two,
            members: known.members.into_iter().map(participant).collect(),
            since_ms: known.since_ms,
        }),
    }))
}

fn participant(member: DialogMemberRecord) -> Participant {
    Participant {
        profile: member.profile,
        read_position: member.read_position,
        tells_read: member.read_marks,
        tells_presence: member.presence,
        keeping: member.keeping,
    }
}

/// What somebody wants a message in a dialog to carry, if they may: a film of their own that can be played and that others may
/// watch, or an image that they have sent there and not said yet.
async fn carried(store: &Store, by: &UserId, dialog: &SpaceId, wanted: &Carry) -> Result<Option<Carried>, Error> {
    match wanted {
        Carry::Video { video } => {
            let film = store.videos().by_id(video).await?;
            let film = film.filter(|film| film.owner.id == *by && film.media.hls.is_some());
            Ok(film.filter(|film| film.audience != Audience::OnlyMe).map(|film| Carried::Video {
                video: film.id,
                width: film.width,
                height: film.height,
                duration_ms: film.duration_ms,
                tiny: film.tiny,
            }))
        }
        Carry::Image { image } => {
            let known = store.images().by_id(image).await?;
            let known = known.filter(|known| known.owner == *by && known.dialog == *dialog);
            Ok(known.map(|known| Carried::Image {
                image: known.id,
                width: known.width,
                height: known.height,
                tiny: known.tiny,
                moving: known.moving,
            }))
        }
    }
}

/// What the store knows of the things that a command in a dialog names.
pub async fn look_up(store: &Store, by: &UserId, dialog: &SpaceId, command: &Command) -> Result<Lookup, Error> {
    let mut lookup = Lookup::default();
    match command {
        Command::Send { carries, moment, .. } => {
            if let Some(carries) = carries {
                lookup.carried = carried(store, by, dialog, carries).await?;
            }
            if let Some(moment) = moment {
                let film = store.videos().by_id(&moment.video).await?;
                let within = film.is_some_and(|film| moment.at_ms <= film.duration_ms);
                lookup.moment = within && store.videos().is_shared_in(&moment.video, dialog).await?;
            }
            lookup.unreachable = match store.dialogs().other_of(dialog, by).await? {
                None => false,
                Some(None) => true,
                Some(Some(other)) => store.people().reachable(by, &other).await?.is_none(),
            };
        }
        Command::Dialogs { wants: DialogCommand::Keep { .. } } => {
            let pinned = store.dialogs().count_pinned_but(by, dialog).await?;
            lookup.pinned = u32::try_from(pinned).unwrap_or(u32::MAX);
        }
        Command::Dialogs { wants: DialogCommand::Add { user } } => {
            let Some(profile) = store.people().reachable(by, user).await? else { return Ok(lookup) };
            let preferences = store.people().preferences(user).await?;
            lookup.wanted = Some(Participant {
                profile,
                read_position: store.conversations().read_position(dialog, user).await?,
                tells_read: preferences.read_marks,
                tells_presence: preferences.presence,
                keeping: hearth_protocol::dialogs::Keeping::default(),
            });
        }
        _ => {}
    }
    Ok(lookup)
}
