//! What can go wrong, told apart as far as somebody can act on it.

use std::path::PathBuf;

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is neither `sqlite:PATH` nor a PostgreSQL URL.
    #[error("the store's address must be sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE")]
    Address,
    /// The database file or its folder can't be made or written.
    #[error("can't write the database at {path}: {reason}")]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is no database, or a damaged one.
    #[error("the database is damaged, or is none: {0}")]
    Damaged(String),
    /// The database was written by a newer Hearth.
    #[error(
        "the database has schema version {found}, and this Hearth knows versions up to {known}: start a newer Hearth"
    )]
    DatabaseNewer {
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// PostgreSQL does not answer, or refuses us.
    #[error("the database can't be reached: {0}")]
    Unreachable(String),
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The account name is taken.
    #[error("the name is taken")]
    NameTaken,
    /// What should be changed does not exist.
    #[error("no such thing")]
    NotFound,
    /// The last administrator who can sign in can't be dismissed or disabled.
    #[error("the last administrator can't be dismissed")]
    LastAdministrator,
    /// The setup token is wrong, or was used.
    #[error("the setup link is not valid, or was used")]
    SetupToken,
    /// There are as many as there may be.
    #[error("at most {max}")]
    Limit {
        /// How many there may be.
        max: u64,
    },
    /// The database refused a change that breaks one of its rules: a fault in the caller.
    #[error("the change breaks a rule of the database: {0}")]
    Refused(String),
    /// Anything else the database says.
    #[error("the database failed: {0}")]
    Failed(String),
}

/// Why a queued write was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WriteFailed {
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The write breaks a rule of the database (a position used twice, a user who does not exist): trying again won't help.
    #[error("the write was refused")]
    Refused,
    /// The database is away, or failed. Whether the write is stored isn't known: repeat a message under its nonce.
    #[error("the database is not available")]
    Unavailable,
}

impl From<&Error> for WriteFailed {
    fn from(error: &Error) -> Self {
        match error {
            Error::Full => Self::Full,
            Error::Refused(_) => Self::Refused,
            _ => Self::Unavailable,
        }
    }
}

// Primary result codes of SQLite (sqlite.org/rescode.html): the low byte of an extended code.
const SQLITE_BUSY: i64 = 5;
const SQLITE_READONLY: i64 = 8;
const SQLITE_CORRUPT: i64 = 11;
const SQLITE_FULL: i64 = 13;
const SQLITE_CANTOPEN: i64 = 14;
const SQLITE_CONSTRAINT: i64 = 19;
const SQLITE_NOTADB: i64 = 26;
/// The memory-mapped index of the WAL could not grow: the disk is full.
const SQLITE_IOERR_SHMSIZE: i64 = 4874;

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let said = error.to_string();
        match &error {
            sqlx::Error::Database(database) => {
                let code = database.code().unwrap_or_default();
                // SQLSTATE codes have five characters of which the first two are the class; SQLite's are numbers.
                match code.parse::<i64>() {
                    Ok(number) if code.len() < 5 => from_sqlite(number, said),
                    _ => from_sqlstate(&code, said),
                }
            }
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
                Self::Unreachable(said)
            }
            _ => Self::Failed(said),
        }
    }
}

/// Whether another connection holds the SQLite file.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<i64>().ok());
    code.is_some_and(|code| code & 0xff == SQLITE_BUSY)
}

fn from_sqlite(code: i64, said: String) -> Error {
    match code & 0xff {
        SQLITE_FULL => Error::Full,
        _ if code == SQLITE_IOERR_SHMSIZE => Error::Full,
        SQLITE_CORRUPT | SQLITE_NOTADB => Error::Damaged(said),
        SQLITE_READONLY | SQLITE_CANTOPEN => Error::Unwritable { path: PathBuf::new(), reason: said },
        SQLITE_CONSTRAINT => Error::Refused(said),
        _ => Error::Failed(said),
    }
}

/// Classes and codes of PostgreSQL's appendix A.
fn from_sqlstate(code: &str, said: String) -> Error {
    match code {
        "53100" => Error::Full,
        _ if code.starts_with("22") || code.starts_with("23") => Error::Refused(said),
        _ if code.starts_with("08") || code.starts_with("28") || code.starts_with("57P") || code.starts_with("3D") => {
            Error::Unreachable(said)
        }
        _ if code.starts_with("53") => Error::Unreachable(said),
        "XX001" | "XX002" => Error::Damaged(said),
        _ => Error::Failed(said),
    }
}
