//! Dialogs of one's own, and people to begin one with.

use axum::extract::State;
use hearth_capabilities::Tell;
use hearth_protocol::dialogs::{Command as DialogCommand, Dialog, Keeping};
use hearth_protocol::http::{Dialogs, FoundMessages, MessagePage, NewDialog, People, PersonPage};
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_protocol::limits::{
    DIALOG_MEMBERS_MAX, DIALOGS_PAGE_MAX, DIALOGS_PER_HOUR_MAX, LimitName, SEARCH_MAX_CHARS, TITLE_MAX_CHARS,
};
use hearth_protocol::live_rooms::Broadcast;
use hearth_protocol::text::clean_name;
use hearth_protocol::{Command, Rejection};
use serde::Deserialize;
use std::sync::Arc;

use super::AppState;
use super::answer::{Answer, Body, Path, Query, Refusal};
use super::asking::{SignedIn, WithAccount};
use super::rooms;
use crate::accounts::Who;
use crate::{clock, commanding, fresh};

const HOUR_MS: u64 = 3_600_000;

/// Which dialogs.
#[derive(Deserialize)]
pub struct Which {
    before_ms: Option<u64>,
    limit: Option<usize>,
}

/// Dialogs of one's own: pinned ones first, then by what was said last, the newest first. Behind a time there are no pinned ones.
#[utoipa::path(get, path = "/api/dialogs", tag = "dialogs",
    params(("before_ms" = Option<u64>, Query), ("limit" = Option<usize>, Query)),
    responses((status = 200, body = Dialogs), (status = 401, body = Rejection)))]
pub async fn mine(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Query(which): Query<Which>,
) -> Answer<Dialogs> {
    let limit = which.limit.unwrap_or(DIALOGS_PAGE_MAX);
    let (dialogs, more) = state.node.store().dialogs().of(&who.profile.id, which.before_ms, limit).await?;
    Ok(axum::Json(Dialogs { dialogs, more }))
}

/// Begins a dialog. With one other it is *the* dialog with them, begun before or not.
#[utoipa::path(post, path = "/api/dialogs", tag = "dialogs", request_body = NewDialog,
    responses((status = 200, body = Dialog), (status = 401, body = Rejection), (status = 403, body = Rejection),
        (status = 404, body = Rejection), (status = 429, body = Rejection)))]
pub async fn begin(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Body(new): Body<NewDialog>,
) -> Answer<Dialog> {
    // A guest is forgotten, and nobody could write to them.
    if who.profile.name.is_none() {
        return Err(Refusal(Rejection::Forbidden));
    }
    let others = others(&state, &who, new.with).await?;
    if new.title.chars().count() > TITLE_MAX_CHARS {
        return Err(past(LimitName::TitleChars, TITLE_MAX_CHARS as u64));
    }
    let store = state.node.store();
    let now_ms = clock::now().0;
    let few = others.len() > 1;
    if few && store.dialogs().count_begun(&who.profile.id, now_ms - HOUR_MS).await? >= u64::from(DIALOGS_PER_HOUR_MAX) {
        return Err(past(LimitName::Dialogs, u64::from(DIALOGS_PER_HOUR_MAX)));
    }
    let new = hearth_store::NewDialog {
        id: fresh::dialog(),
        founder: who.profile.id.clone(),
        others,
        title: clean_name(&new.title, TITLE_MAX_CHARS).filter(|_| few).unwrap_or_default(),
        at_ms: now_ms,
    };
    let (id, begun) = store.dialogs().begin(&new).await?;
    if begun && few {
        for user in &new.others {
            if let Some(dialog) = store.dialogs().one_of(&id, user).await? {
                state.node.tell(user, Tell::Dialog { dialog: Box::new(dialog) });
            }
        }
    }
    own(&state, &who, &id).await
}

/// With whom a dialog is to be: people with an account whom who asks may write to.
///
/// Errors: [`Rejection::NotFound`] where one of them is none.
async fn others(state: &AppState, who: &Who, with: Vec<UserId>) -> Result<Vec<UserId>, Refusal> {
    let mut others: Vec<UserId> = Vec::new();
    if with.len() >= DIALOG_MEMBERS_MAX {
        return Err(past(LimitName::DialogMembers, DIALOG_MEMBERS_MAX as u64));
    }
    for user in with {
        if user == who.profile.id {
            return Err(invalid("with", "oneself"));
        }
        state.node.store().people().reachable(&who.profile.id, &user).await?.ok_or(Rejection::NotFound)?;
        if !others.contains(&user) {
            others.push(user);
        }
    }
    if others.is_empty() { Err(invalid("with", "nobody")) } else { Ok(others) }
}

/// One dialog of one's own.
#[utoipa::path(get, path = "/api/dialogs/{dialog}", tag = "dialogs", params(("dialog" = String, Path)),
    responses((status = 200, body = Dialog), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn one(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path(dialog): Path<String>,
) -> Answer<Dialog> {
    own(&state, &who, &named(&dialog)?).await
}

fn named(dialog: &str) -> Result<SpaceId, Refusal> {
    SpaceId::parse(dialog).ok().filter(SpaceId::is_dialog).ok_or(Refusal(Rejection::NotFound))
}

/// A dialog that somebody is in, by its name in an address.
///
/// Errors: [`Rejection::NotFound`] for everybody else.
pub(super) async fn member_of(state: &AppState, who: &Who, dialog: &str) -> Result<SpaceId, Refusal> {
    let dialog = named(dialog)?;
    let is_in = state.node.store().dialogs().is_member(&dialog, &who.profile.id).await?;
    if is_in { Ok(dialog) } else { Err(Refusal(Rejection::NotFound)) }
}

async fn own(state: &AppState, who: &Who, dialog: &SpaceId) -> Answer<Dialog> {
    let found = state.node.store().dialogs().one_of(dialog, &who.profile.id).await?;
    Ok(axum::Json(found.ok_or(Rejection::NotFound)?))
}

/// A page of a dialog's conversation, oldest first: the latest, those before a position, those after one, or those around one.
#[utoipa::path(get, path = "/api/dialogs/{dialog}/messages", tag = "dialogs",
    params(("dialog" = String, Path), ("before" = Option<u64>, Query), ("after" = Option<u64>, Query),
        ("around" = Option<u64>, Query), ("limit" = Option<usize>, Query)),
    responses((status = 200, body = MessagePage), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn messages(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path(dialog): Path<String>,
    Query(which): Query<rooms::Which>,
) -> Answer<MessagePage> {
    let dialog = member_of(&state, &who, &dialog).await?;
    rooms::page_of(&state, &dialog, which).await
}

/// Pins a dialog, or wants to hear nothing of it; nobody else is told.
#[utoipa::path(put, path = "/api/dialogs/{dialog}/keeping", tag = "dialogs", params(("dialog" = String, Path)),
    request_body = Keeping,
    responses((status = 200, body = Dialog), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn keep(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path(dialog): Path<String>,
    Body(keeping): Body<Keeping>,
) -> Answer<Dialog> {
    let dialog = named(&dialog)?;
    commanding::give(&state.node, &who, &dialog, Command::Dialogs { wants: DialogCommand::Keep { keeping } }).await?;
    own(&state, &who, &dialog).await
}

/// What is looked for.
#[derive(Deserialize)]
pub struct Looked {
    q: String,
}

impl Looked {
    /// Errors: it is too long.
    fn text(&self) -> Result<&str, Refusal> {
        if self.q.chars().count() > SEARCH_MAX_CHARS {
            return Err(past(LimitName::SearchChars, SEARCH_MAX_CHARS as u64));
        }
        Ok(self.q.trim())
    }
}

/// Where it is looked for.
#[derive(Deserialize)]
pub struct Where {
    q: String,
    dialog: Option<String>,
    before_ms: Option<u64>,
}

/// What was said in dialogs of one's own, found by its words, the newest first.
#[utoipa::path(get, path = "/api/messages", tag = "dialogs",
    params(("q" = String, Query), ("dialog" = Option<String>, Query), ("before_ms" = Option<u64>, Query)),
    responses((status = 200, body = FoundMessages), (status = 400, body = Rejection), (status = 401, body = Rejection),
        (status = 404, body = Rejection), (status = 422, body = Rejection)))]
pub async fn find(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Query(Where { q, dialog, before_ms }): Query<Where>,
) -> Answer<FoundMessages> {
    let looked = Looked { q };
    let dialog = dialog.map(|dialog| named(&dialog)).transpose()?;
    let dialogs = state.node.store().dialogs();
    let (found, more) = dialogs.find(&who.profile.id, looked.text()?, dialog.as_ref(), before_ms).await?;
    Ok(axum::Json(FoundMessages { found, more }))
}

/// People with an account whose names begin so. Whoever has blocked who asks is not among them.
#[utoipa::path(get, path = "/api/people", tag = "people", params(("q" = String, Query)),
    responses((status = 200, body = People), (status = 400, body = Rejection), (status = 401, body = Rejection)))]
pub async fn people(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Query(looked): Query<Looked>,
) -> Answer<People> {
    let text = looked.text()?;
    if text.is_empty() || who.profile.name.is_none() {
        return Ok(axum::Json(People { people: Vec::new() }));
    }
    Ok(axum::Json(People { people: state.node.store().people().find(&who.profile.id, text).await? }))
}

/// Somebody with an account. Whoever has blocked who asks is not there.
#[utoipa::path(get, path = "/api/people/{name}", tag = "people", params(("name" = String, Path)),
    responses((status = 200, body = PersonPage), (status = 401, body = Rejection), (status = 403, body = Rejection),
        (status = 404, body = Rejection)))]
pub async fn person(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path(name): Path<String>,
) -> Answer<PersonPage> {
    let store = state.node.store();
    let seen = store.people().seen(&who.profile.id, &name).await?;
    let (profile, relation) = seen.ok_or(Rejection::NotFound)?;
    let room = store.rooms().by_host_name(&name).await?.map(|room| room.id);
    let listing = room.as_ref().and_then(|room| state.node.directory().get(room));
    let live = listing.is_some_and(|listing| listing.broadcast != Broadcast::Off);
    Ok(axum::Json(PersonPage { profile, room, live, relation }))
}

fn past(limit: LimitName, max: u64) -> Refusal {
    Refusal(Rejection::Limit { limit, max, retry_after_ms: None })
}

fn invalid(field: &str, reason: &str) -> Refusal {
    Refusal(Rejection::Invalid { field: field.to_owned(), reason: reason.to_owned() })
}
