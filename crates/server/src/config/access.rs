//! The log, the database, HTTPS, signing in, and what a stranger can make grow.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// The database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `postgres://…`; empty: SQLite in the data folder.
    pub url: String,
}

/// HTTPS. Browsers give camera and microphone only to secure pages (and to `localhost`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// PEM file of the certificate chain; empty: no HTTPS.
    pub certificate: PathBuf,
    /// PEM file of its key.
    pub key: PathBuf,
    /// Make a certificate at the first start and use it: for a first try on a local network.
    pub self_signed: bool,
}

/// Signing in with an OpenID Connect provider.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Oidc {
    /// The provider's issuer, exactly as it writes it; empty: nobody signs in so.
    pub issuer: String,
    /// What the provider calls this server.
    pub client_id: String,
    /// What this server proves that with; empty: a public client.
    pub client_secret: String,
    /// What people call the provider; empty: the issuer's host.
    pub name: String,
    /// Whether whom the provider vouches for gets an account by signing in.
    pub create_accounts: bool,
}

impl Default for Oidc {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            client_id: String::new(),
            client_secret: String::new(),
            name: String::new(),
            create_accounts: true,
        }
    }
}

impl std::fmt::Debug for Oidc {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { issuer, client_id, client_secret: _, name, create_accounts } = self;
        out.debug_struct("Oidc")
            .field("issuer", issuer)
            .field("client_id", client_id)
            .field("name", name)
            .field("create_accounts", create_accounts)
            .finish_non_exhaustive()
    }
}

impl Oidc {
    /// What people call the provider.
    pub fn shown_name(&self) -> &str {
        if !self.name.is_empty() {
            return &self.name;
        }
        let host = self.issuer.split_once("://").map_or(self.issuer.as_str(), |(_, rest)| rest);
        host.split(['/', '?', '#']).next().unwrap_or(host)
    }

    /// What is wrong with it, for the operator.
    pub(super) fn problem(&self) -> Option<&'static str> {
        if self.issuer.is_empty() {
            return None;
        }
        let Ok(issuer) = self.issuer.parse::<axum::http::Uri>() else {
            return Some("oidc.issuer is no address");
        };
        let here = matches!(issuer.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
        match issuer.scheme_str() {
            Some("https") => {}
            Some("http") if here => {}
            _ => return Some("oidc.issuer starts with https:// (http:// only for a provider on localhost)"),
        }
        self.client_id.is_empty().then_some("oidc.issuer and oidc.client_id go together")
    }
}

/// What a stranger can make grow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Open sockets in all.
    pub sockets: usize,
    /// Open sockets of one address (an IPv6 address counts by its /64).
    pub sockets_per_address: usize,
    /// Sign-in attempts in ten minutes of one address for one account name; five times as many of one address in all.
    pub sign_in_attempts: u32,
    /// Guests that one address may make in an hour.
    pub guests_per_address: u32,
    /// Commands a second of one connection, with three times as many in a burst.
    pub commands_per_second: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sockets: 20_000,
            sockets_per_address: 500,
            sign_in_attempts: 20,
            guests_per_address: 60,
            commands_per_second: 20,
        }
    }
}
