//! Who may watch a room, and see a film: one rule, for what is asked over HTTP and for where a group is taken.

use hearth_capabilities::Standing;
use hearth_capabilities::live_rooms::admission;
use hearth_protocol::Rejection;
use hearth_protocol::discussion_groups::Content;
use hearth_protocol::ids::{SpaceId, UserId, VideoId};
use hearth_protocol::live_rooms::Entry;
use hearth_protocol::videos::VideoState;
use hearth_store::{AccountRecord, Error, RoomRecord, Store, VideoRecord};

/// Somebody who would watch, as far as the rule looks at them.
#[derive(Debug, Clone, Copy)]
pub struct Viewer<'a> {
    /// Who.
    pub user: &'a UserId,
    /// Whether they have an account, and are no guest.
    pub account: bool,
    /// May manage the server.
    pub administrator: bool,
    /// The room whose guest link a guest came by.
    pub invited_to: Option<&'a SpaceId>,
}

impl<'a> From<&'a AccountRecord> for Viewer<'a> {
    fn from(record: &'a AccountRecord) -> Self {
        Self {
            user: &record.profile.id,
            account: record.profile.name.is_some(),
            administrator: record.administrator,
            invited_to: record.invited_to.as_ref(),
        }
    }
}

impl Viewer<'_> {
    /// What the server knows of them, as far as it concerns this space.
    pub fn standing(&self, space: &SpaceId) -> Standing {
        match (self.account, self.administrator) {
            (true, true) => Standing::Administrator,
            (true, false) => Standing::Account,
            (false, _) if self.invited_to == Some(space) => Standing::InvitedGuest,
            (false, _) => Standing::Guest,
        }
    }
}

/// Whether somebody may know of a room: one for accounts only does not exist for strangers and guests.
pub fn is_visible(who: Option<&Viewer>, entry: Entry) -> bool {
    entry != Entry::Accounts || who.is_some_and(|who| who.account)
}

/// Whether somebody may come in as they are.
pub fn may_enter(who: Option<&Viewer>, entry: Entry, room: &SpaceId) -> bool {
    who.is_some_and(|who| admission::admits(entry, who.standing(room)))
}

/// Why somebody may not watch a room; `None`: they may. An open one may be watched by anybody, another by whom it admits.
///
/// It is [`Rejection::NotFound`]; [`Rejection::Unauthenticated`] where signing in could help, [`Rejection::Forbidden`] where it
/// didn't; or [`Rejection::Banned`].
///
/// Errors: the store's.
pub async fn refusal(store: &Store, who: Option<&Viewer<'_>>, room: &RoomRecord) -> Result<Option<Rejection>, Error> {
    let entry = room.about.entry;
    if !is_visible(who, entry) {
        return Ok(Some(Rejection::NotFound));
    }
    if entry != Entry::Open && !may_enter(who, entry, &room.id) {
        return Ok(Some(if who.is_some() { Rejection::Forbidden } else { Rejection::Unauthenticated }));
    }
    let Some(who) = who else { return Ok(None) };
    Ok(store.rooms().is_banned(&room.id, who.user).await?.then_some(Rejection::Banned))
}

/// Whether somebody may change a film.
pub fn may_change(who: Option<&Viewer>, film: &VideoRecord) -> bool {
    who.is_some_and(|who| who.administrator || film.owner.id == *who.user)
}

/// A film that somebody may see: one of a room that they may watch, or one that they may change. For everybody else there is none.
///
/// Errors: the store's.
pub async fn film(store: &Store, who: Option<&Viewer<'_>>, id: &VideoId) -> Result<Option<VideoRecord>, Error> {
    let Some(film) = store.videos().by_id(id).await? else { return Ok(None) };
    if may_change(who, &film) {
        return Ok(Some(film));
    }
    let Some(space) = film.space.as_ref().filter(|_| film.state != VideoState::Failed) else { return Ok(None) };
    let Some(room) = store.rooms().by_id(space).await? else { return Ok(None) };
    // Whoever the room does not admit is not told which films it has.
    Ok(refusal(store, who, &room).await?.is_none().then_some(film))
}

/// Whether somebody may see what a group watches.
///
/// Errors: the store's.
pub async fn may_see(store: &Store, who: &Viewer<'_>, content: &Content) -> Result<bool, Error> {
    match content {
        Content::LiveRoom { room, .. } => match store.rooms().by_id(room).await? {
            Some(room) => Ok(refusal(store, Some(who), &room).await?.is_none()),
            None => Ok(false),
        },
        Content::Video { video, .. } => Ok(film(store, Some(who), video).await?.is_some()),
    }
}
