//! Where the store is.

use crate::Error;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where the store is: a file, or a PostgreSQL database.
///
/// Read from `sqlite:PATH` or a `postgres://` URL. Shown without the password.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// An SQLite file; it and its folder are made where missing, readable by the owner only.
    Sqlite(PathBuf),
    /// A PostgreSQL URL, as libpq takes it (section 34.1.1.2 of its manual).
    Postgres(String),
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if !path.is_empty() {
                return Ok(Self::Sqlite(path.into()));
            }
        } else if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err(Error::Address)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => f.write_str(&without_secrets(url)),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The URL without its password and without its query, which may hold one too.
fn without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else {
        return "postgres:".into();
    };
    match rest.rsplit_once('@') {
        Some((credentials, place)) => {
            let user = credentials.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{place}")
        }
        None => format!("{scheme}://{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_others_refused() {
        assert_eq!("sqlite:/a/b.db".parse::<Address>().unwrap(), Address::Sqlite("/a/b.db".into()));
        assert_eq!("sqlite:///a/b.db".parse::<Address>().unwrap(), Address::Sqlite("/a/b.db".into()));
        assert_eq!("sqlite:b.db".parse::<Address>().unwrap(), Address::Sqlite("b.db".into()));
        assert!("postgres://h/db".parse::<Address>().is_ok());
        for wrong in ["", "sqlite:", "mysql://h/db", "/a/b.db"] {
            assert!(matches!(wrong.parse::<Address>(), Err(Error::Address)), "{wrong:?}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        for secret in [
            "postgres://ana:swordfish@h:5432/db",
            "postgres://ana:sword@fish@h/db",
            "postgres://h/db?password=swordfish",
        ] {
            let shown = format!("{:?}", secret.parse::<Address>().unwrap());
            assert!(!shown.contains("sword") && !shown.contains("fish"), "{shown}");
        }
        assert_eq!("postgres://ana:x@h:1/db".parse::<Address>().unwrap().to_string(), "postgres://ana@h:1/db");
    }
}
