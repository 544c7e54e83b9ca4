//! Signing in and making guests over HTTP.

use super::target::Target;
use crate::failure::{Failure, Result, within};
use crate::net::http::Client;
use hearth_protocol::http::{Account, GuestEntry, NewAccount, Room, Session, SignIn};
use hearth_protocol::ids::{SpaceId, UserId};

/// How long one request may take.
const REQUEST_S: u64 = 30;

/// Who signs in as the host of the room.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// Name and password.
    Password(String, String),
    /// A bearer token got before.
    Token(String),
}

impl Credentials {
    /// Reads `NAME:PASSWORD`.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        match text.split_once(':') {
            Some((name, password)) if !name.is_empty() && !password.is_empty() => {
                Ok(Self::Password(name.to_owned(), password.to_owned()))
            }
            _ => Err("give NAME:PASSWORD".to_owned()),
        }
    }
}

/// A bearer token.
pub type Token = String;

/// The HTTP interface.
pub struct Api {
    client: Client,
}

impl Api {
    /// Connects.
    pub async fn connect(target: Target) -> Result<Self> {
        let what = format!("a connection to {}", target.address);
        Ok(Self { client: within(REQUEST_S, &what, Client::connect(target.address)).await? })
    }

    /// Signs in; the token and the account's name.
    pub async fn sign_in(&mut self, credentials: &Credentials) -> Result<(Token, String)> {
        let (name, password) = match credentials {
            Credentials::Password(name, password) => (name, password),
            Credentials::Token(token) => {
                let session: Session =
                    within(REQUEST_S, "the session", self.client.get("/api/session", Some(token))).await?;
                return Ok((token.clone(), name_of(&session)?));
            }
        };
        let sign_in = SignIn {
            name: name.clone(),
            password: password.clone(),
            device_name: Some("loadgen".to_owned()),
            program: true,
        };
        let session: Session =
            within(REQUEST_S, "signing in", self.client.post("/api/session", None, &sign_in)).await?;
        Ok((token_of(&session)?, name_of(&session)?))
    }

    /// The room of an account.
    pub async fn room_of(&mut self, name: &str, token: &str) -> Result<SpaceId> {
        let path = format!("/api/rooms/@{name}");
        let room: Room = within(REQUEST_S, "the room", self.client.get(&path, Some(token))).await?;
        Ok(room.id)
    }

    /// Comes in as a guest.
    pub async fn guest(&mut self, display_name: String, room: &SpaceId) -> Result<Token> {
        self.known_guest(display_name, room).await.map(|(token, _)| token)
    }

    /// Comes in as a guest whom others can name.
    pub async fn known_guest(&mut self, display_name: String, room: &SpaceId) -> Result<(Token, UserId)> {
        let entry = GuestEntry { display_name, room: room.clone(), link: None, program: true };
        let session: Session =
            within(REQUEST_S, "a guest", self.client.post("/api/session/guest", None, &entry)).await?;
        let me = session.me.as_ref().ok_or_else(|| incomplete("the token is of nobody"))?;
        Ok((token_of(&session)?, me.profile.id.clone()))
    }

    /// Makes an account, as an administrator.
    pub async fn make_account(&mut self, token: &str, name: &str, password: &str) -> Result<()> {
        let account = NewAccount {
            name: name.to_owned(),
            password: password.to_owned(),
            display_name: None,
            administrator: false,
        };
        let _: Account =
            within(REQUEST_S, "an account", self.client.post("/api/accounts", Some(token), &account)).await?;
        Ok(())
    }
}

fn token_of(session: &Session) -> Result<Token> {
    session.token.clone().ok_or_else(|| incomplete("no token"))
}

fn name_of(session: &Session) -> Result<String> {
    let me = session.me.as_ref().ok_or_else(|| incomplete("the token is of nobody"))?;
    me.profile.name.clone().ok_or_else(|| incomplete("a guest has no room"))
}

fn incomplete(reason: &str) -> Failure {
    Failure::Unreadable { what: "the session".to_owned(), reason: reason.to_owned() }
}
