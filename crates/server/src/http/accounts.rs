//! Accounts: making, listing, changing; one's own; blocks.

use axum::extract::State;
use axum::http::StatusCode;
use hearth_capabilities::PersonInput;
use hearth_capabilities::person::Person;
use hearth_protocol::Rejection;
use hearth_protocol::http::{Account, Accounts, Blocks, ChangeAccount, ChangeMe, NewAccount};
use hearth_protocol::ids::UserId;
use hearth_protocol::limits::LimitName;
use hearth_protocol::people::Me;
use hearth_protocol::{Outcome, PersonCommand};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Instant;

use super::AppState;
use super::answer::{Answer, Body, Path, Query, Refusal};
use super::asking::{Administrator, Anybody, From, SignedIn, WithAccount};
use super::session;
use crate::node::machine::Mail;
use crate::node::request::ReplyTo;
use crate::node::writes;
use crate::ws;

/// Accounts on a page.
const PAGE: usize = 100;

/// Makes an account: an administrator for somebody, or anybody for themselves where registration is open.
#[utoipa::path(post, path = "/api/accounts", tag = "accounts", request_body = NewAccount,
    responses((status = 200, body = Account), (status = 404, body = Rejection), (status = 409, body = Rejection)))]
pub async fn create(
    State(state): State<Arc<AppState>>,
    Anybody(who): Anybody,
    From(address): From,
    Body(body): Body<NewAccount>,
) -> Answer<Account> {
    let by = who.filter(|who| who.administrator);
    if by.is_none() {
        if !state.node.config().registration || body.administrator {
            return Err(Refusal(Rejection::NotFound));
        }
        state.guests_by_address.note(address, Instant::now()).map_err(|wait| Rejection::Limit {
            limit: LimitName::GuestsPerAddress,
            max: state.guests_by_address.max().into(),
            retry_after_ms: Some(wait.as_millis() as u64 + 1),
        })?;
    }
    let account =
        session::new_account(&state, &body.name, body.password, body.display_name.as_deref(), body.administrator)
            .await?;
    state.node.store().accounts().create(&account).await?;
    let by = by.as_ref().map_or(&account.user, |who| &who.profile.id);
    writes::note(&state.node, None, by, "create_account", account.user.to_string()).await;
    Ok(axum::Json(read(&state, &account.user).await?))
}

async fn read(state: &AppState, user: &UserId) -> Result<Account, Refusal> {
    let account = state.node.store().accounts().by_id(user).await?;
    let account = account.filter(|account| account.profile.name.is_some()).ok_or(Rejection::NotFound)?;
    Ok(of_record(account))
}

fn of_record(account: hearth_store::AccountRecord) -> Account {
    Account {
        profile: account.profile,
        administrator: account.administrator,
        disabled: account.disabled,
        created_ms: account.created_ms,
    }
}

/// Where to continue.
#[derive(Deserialize)]
pub struct After {
    after: Option<UserId>,
}

/// The accounts of the server.
#[utoipa::path(get, path = "/api/accounts", tag = "accounts", params(("after" = Option<String>, Query)),
    responses((status = 200, body = Accounts), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn list(
    State(state): State<Arc<AppState>>,
    Administrator(_): Administrator,
    Query(After { after }): Query<After>,
) -> Answer<Accounts> {
    let page = state.node.store().accounts().page(after.as_ref(), PAGE).await?;
    let next = if page.len() == PAGE { page.last().map(|last| last.profile.id.clone()) } else { None };
    Ok(axum::Json(Accounts { accounts: page.into_iter().map(of_record).collect(), next }))
}

/// Changes an account.
#[utoipa::path(patch, path = "/api/accounts/{user}", tag = "accounts", params(("user" = String, Path)),
    request_body = ChangeAccount,
    responses((status = 200, body = Account), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn change(
    State(state): State<Arc<AppState>>,
    Administrator(who): Administrator,
    Path(user): Path<String>,
    Body(body): Body<ChangeAccount>,
) -> Answer<Account> {
    let user = UserId::parse(&user).map_err(|_| Rejection::NotFound)?;
    read(&state, &user).await?;
    let accounts = state.node.store().accounts();
    let note = async |action| writes::note(&state.node, None, &who.profile.id, action, user.to_string()).await;
    if let Some(password) = body.new_password {
        accounts.set_password_hash(&user, &state.hashing.hash(password).await?).await?;
        state.node.store().devices().delete_all(&user, None).await?;
        state.node.sign_out(&user, None);
        note("reset_password").await;
    }
    if let Some(administrator) = body.administrator {
        accounts.set_administrator(&user, administrator).await?;
        note(if administrator { "appoint_administrator" } else { "dismiss_administrator" }).await;
    }
    if let Some(disabled) = body.disabled {
        accounts.set_disabled(&user, disabled).await?;
        if disabled {
            state.node.sign_out(&user, None);
        }
        note(if disabled { "disable_account" } else { "enable_account" }).await;
    }
    let account = read(&state, &user).await?;
    tell(&state, &account);
    Ok(axum::Json(account))
}

/// Changes one's own account.
#[utoipa::path(patch, path = "/api/me", tag = "accounts", request_body = ChangeMe,
    responses((status = 200, body = Me), (status = 401, body = Rejection), (status = 422, body = Rejection)))]
pub async fn change_me(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Body(body): Body<ChangeMe>,
) -> Answer<Me> {
    let user = who.profile.id.clone();
    let accounts = state.node.store().accounts();
    if let Some(password) = body.new_password {
        let name = who.profile.name.clone().ok_or(Rejection::Forbidden)?;
        let (_, hash) = accounts.by_name(&name).await?.ok_or(Rejection::NotFound)?;
        let current = body.current_password.unwrap_or_default();
        // An account that signs in elsewhere has no current password to give.
        if hash.is_some() {
            // Who took over a session shall not guess the password either.
            let key = (name.to_ascii_lowercase(), None);
            let attempts = &state.sign_ins_by_name;
            let limited = |wait| session::limit(LimitName::SignInAttempts, attempts.max(), wait);
            attempts.note(key.clone(), Instant::now()).map_err(limited)?;
            if !state.hashing.matches(current, hash).await? {
                return Err(Refusal(Rejection::WrongCredentials));
            }
            attempts.forgive(&key);
        }
        accounts.set_password_hash(&user, &state.hashing.hash(password).await?).await?;
        state.node.store().devices().delete_all(&user, Some(&who.device)).await?;
        state.node.close_connections(hearth_protocol::GoodbyeReason::SignedOut, |connection| {
            connection.user == user && connection.device != who.device
        });
    }
    if let Some(text) = body.display_name {
        accounts.set_display_name(&user, &session::display_name(&text)?).await?;
    }
    let account = accounts.by_id(&user).await?.ok_or(Rejection::NotFound)?;
    let account = of_record(account);
    tell(&state, &account);
    Ok(axum::Json(session::me(&state, account.profile, account.administrator).await?))
}

/// Tells the machines that know of somebody what has changed.
fn tell(state: &AppState, account: &Account) {
    let (profile, administrator) = (account.profile.clone(), account.administrator);
    let changed = PersonInput::Changed { profile: profile.clone(), administrator };
    state.node.persons().deliver_if_awake(&account.profile.id, Mail::notice(changed));
    state.node.tell_spaces(&hearth_capabilities::Input::Renamed { profile });
}

/// Whom one has blocked.
#[utoipa::path(get, path = "/api/blocks", tag = "accounts",
    responses((status = 200, body = Blocks), (status = 401, body = Rejection)))]
pub async fn blocks(State(state): State<Arc<AppState>>, SignedIn(who): SignedIn) -> Answer<Blocks> {
    Ok(axum::Json(Blocks { blocked: state.node.store().people().blocked_by(&who.profile.id).await? }))
}

/// Blocks somebody.
#[utoipa::path(put, path = "/api/blocks/{user}", tag = "accounts", params(("user" = String, Path)),
    responses((status = 204), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn block(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path(user): Path<String>,
) -> Result<StatusCode, Refusal> {
    let user = UserId::parse(&user).map_err(|_| Rejection::NotFound)?;
    person_command(&state, &who.profile.id, PersonCommand::Block { user }).await
}

/// Takes a block back.
#[utoipa::path(delete, path = "/api/blocks/{user}", tag = "accounts", params(("user" = String, Path)),
    responses((status = 204), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn unblock(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path(user): Path<String>,
) -> Result<StatusCode, Refusal> {
    let user = UserId::parse(&user).map_err(|_| Rejection::NotFound)?;
    person_command(&state, &who.profile.id, PersonCommand::Unblock { user }).await
}

pub(super) async fn person_command(
    state: &Arc<AppState>,
    who: &UserId,
    command: PersonCommand,
) -> Result<StatusCode, Refusal> {
    let lookup = ws::of_person_command(state.node.store(), &command).await?;
    let (reply, answer) = ReplyTo::program();
    state.node.ask::<Person>(who, reply, |request| PersonInput::Command { request, command, lookup });
    match answer.await.unwrap_or(Err(Rejection::Fault))? {
        Outcome::Done => Ok(StatusCode::NO_CONTENT),
        other => {
            tracing::error!(?other, "what concerns oneself has no other outcome");
            Err(Refusal(Rejection::Fault))
        }
    }
}
