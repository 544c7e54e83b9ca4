//! Commands to spaces that come by no live connection: of programs, and of the server on somebody's behalf.

use hearth_capabilities::Input;
use hearth_capabilities::space::Space;
use hearth_protocol::ids::{DeviceId, SpaceId, UserId};
use hearth_protocol::{Command, Outcome, Rejection};
use std::sync::Arc;

use crate::accounts::Who;
use crate::fresh;
use crate::node::Node;
use crate::node::request::ReplyTo;
use crate::ws;

/// Gives a command to a space, and waits for its answer.
pub async fn give(node: &Arc<Node>, who: &Who, space: &SpaceId, command: Command) -> Result<Outcome, Rejection> {
    let lookup = ws::of_command(node, who, space, &command).await?;
    let (reply, answer) = ReplyTo::program();
    let from = who.caller(space, None);
    let fresh = fresh::fresh();
    node.ask::<Space>(space, reply, |request| Input::Command { from, request, command, fresh, lookup });
    answer.await.unwrap_or(Err(Rejection::Fault))
}

/// Gives a command as somebody with an account would who is not there to give it.
///
/// Errors: [`Rejection::NotFound`] where the account is gone or disabled.
pub async fn give_as(node: &Arc<Node>, user: &UserId, space: &SpaceId, command: Command) -> Result<Outcome, Rejection> {
    let account = node.store().accounts().by_id(user).await.map_err(|error| {
        tracing::error!(%error, "a read for a command failed");
        Rejection::Storage
    })?;
    let account = account.filter(|account| !account.disabled).ok_or(Rejection::NotFound)?;
    let who = Who {
        profile: account.profile,
        device: DeviceId::parse("dev_server").expect("well formed"),
        administrator: account.administrator,
        invited_to: None,
    };
    give(node, &who, space, command).await
}
