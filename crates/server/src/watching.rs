//! Who may watch a room, and see a film: one rule, for what is asked over HTTP and for where a group is taken.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use hearth_capabilities::Standing;
use hearth_capabilities::live_rooms::admission;
use hearth_protocol::Rejection;
use hearth_protocol::discussion_groups::Content;
use hearth_protocol::ids::{SpaceId, UserId, VideoId};
use hearth_protocol::live_rooms::Entry;
use hearth_protocol::videos::{Audience, VideoState};
use hearth_store::{AccountRecord, Error, Facts, RoomRecord, Store, VideoRecord};

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

/// Who asks for a film.
#[derive(Debug, Clone, Copy, Default)]
pub struct Watcher<'a> {
    /// Who, if they are signed in.
    pub viewer: Option<Viewer<'a>>,
    /// The secret of a link that they have.
    pub link: Option<&'a str>,
}

/// Whether somebody may change a film: its owner, and whoever manages the server where it is not private.
pub fn may_change(who: Option<&Viewer>, film: &VideoRecord) -> bool {
    let public = matches!(film.audience, Audience::Room | Audience::Everyone);
    who.is_some_and(|who| film.owner.id == *who.user || (who.administrator && public))
}

/// A film that somebody may see: that they may change, or that is there to be watched, and for them. For everybody else there is
/// none.
///
/// Errors: the store's.
pub async fn film(store: &Store, who: &Watcher<'_>, id: &VideoId) -> Result<Option<VideoRecord>, Error> {
    let Some(film) = store.videos().by_id(id).await? else { return Ok(None) };
    Ok(may_see_film(store, who, &film).await?.then_some(film))
}

/// Whether somebody may see a film; see [`film`].
///
/// Errors: the store's.
pub async fn may_see_film(store: &Store, who: &Watcher<'_>, film: &VideoRecord) -> Result<bool, Error> {
    let there = match film.state {
        VideoState::Recording => true,
        VideoState::Uploading | VideoState::Failed => false,
        VideoState::Converting | VideoState::Ready => film.media.hls.is_some(),
    };
    Ok(may_change(who.viewer.as_ref(), film) || (there && is_for(store, who, film).await?))
}

/// Whether a film is for somebody, by its audience.
async fn is_for(store: &Store, who: &Watcher<'_>, film: &VideoRecord) -> Result<bool, Error> {
    let facts = match who.viewer {
        Some(viewer) => store.videos().facts(film, viewer.user).await?,
        None => Facts::default(),
    };
    if facts.blocked {
        return Ok(false);
    }
    Ok(match film.audience {
        Audience::OnlyMe => false,
        Audience::Everyone => true,
        _ if facts.shared => true,
        Audience::Dialog => false,
        Audience::Friends => facts.friends,
        Audience::Link => match (who.link, film.link.as_deref()) {
            (Some(shown), Some(link)) => verify_slices_are_equal(shown.as_bytes(), link.as_bytes()).is_ok(),
            _ => false,
        },
        Audience::Room => match &film.space {
            Some(space) => match store.rooms().by_id(space).await? {
                // Whoever the room does not admit is not told which films it has.
                Some(room) => refusal(store, who.viewer.as_ref(), &room).await?.is_none(),
                None => false,
            },
            None => false,
        },
    })
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
        Content::Video { video, .. } => {
            let who = Watcher { viewer: Some(*who), link: None };
            Ok(film(store, &who, video).await?.is_some())
        }
    }
}
