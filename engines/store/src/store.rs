//! Opening and closing.

use crate::db::{Db, params, rolled_back};
use crate::error::is_busy;
use crate::writes::{Report, Writes};
use crate::{
    Accounts, Address, Audit, Conversations, Covers, Devices, Dialogs, Error, Follows, Friends, Groups, GuestLinks,
    Images, People, Reports, Rooms, Setup, StreamKeys, Videos, Visits, schema,
};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqlitePool};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Connections that read an SQLite file at a time; each is a thread.
const SQLITE_READERS: u32 = 2;
/// Connections to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 8;
/// How long to wait for a connection, and for another process that holds the SQLite file.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// How soon to try a file again that another process is setting up.
const BUSY_RETRY: Duration = Duration::from_millis(20);

/// What Hearth remembers. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) db: Db,
    writes: Writes,
}

impl Store {
    /// Opens the store, making or migrating it as needed.
    /// `reports` hears, after each commit or failure, what became of the submitted writes; it must not block.
    ///
    /// Errors: [`Error::Unwritable`], [`Error::Damaged`], [`Error::DatabaseNewer`], [`Error::Unreachable`], [`Error::Full`].
    pub async fn open(address: &Address, reports: impl Fn(Vec<Report>) + Send + Sync + 'static) -> Result<Self, Error> {
        let db = match address {
            Address::Sqlite(path) => open_sqlite(path).await.map_err(|error| at_path(error, path))?,
            Address::Postgres(url) => open_postgres(url).await?,
        };
        if let Err(error) = schema::migrate(&db).await {
            db.close().await;
            return Err(match address {
                Address::Sqlite(path) => at_path(error, path),
                Address::Postgres(_) => error,
            });
        }
        let writes = Writes::start(db.clone(), Box::new(reports));
        Ok(Self { db, writes })
    }

    /// The queue of writes of live spaces and persons.
    pub fn writes(&self) -> &Writes {
        &self.writes
    }

    /// Accounts and guests.
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts(&self.db)
    }

    /// Signed-in devices.
    pub fn devices(&self) -> Devices<'_> {
        Devices(&self.db)
    }

    /// Rooms, and all that is needed to open one.
    pub fn rooms(&self) -> Rooms<'_> {
        Rooms { db: &self.db, writes: &self.writes }
    }

    /// Stored messages and how far they were read.
    pub fn conversations(&self) -> Conversations<'_> {
        Conversations(&self.db)
    }

    /// Links that let guests in.
    pub fn guest_links(&self) -> GuestLinks<'_> {
        GuestLinks(&self.db)
    }

    /// What concerns two people.
    pub fn people(&self) -> People<'_> {
        People(&self.db)
    }

    /// Who follows whom.
    pub fn follows(&self) -> Follows<'_> {
        Follows(&self.db)
    }

    /// Who is friends with whom.
    pub fn friends(&self) -> Friends<'_> {
        Friends(&self.db)
    }

    /// Dialogs.
    pub fn dialogs(&self) -> Dialogs<'_> {
        Dialogs { db: &self.db, writes: &self.writes }
    }

    /// Discussion groups.
    pub fn groups(&self) -> Groups<'_> {
        Groups { db: &self.db, writes: &self.writes }
    }

    /// What encoders show to send to a room.
    pub fn stream_keys(&self) -> StreamKeys<'_> {
        StreamKeys(&self.db)
    }

    /// Reports to the moderators.
    pub fn reports(&self) -> Reports<'_> {
        Reports(&self.db)
    }

    /// Films.
    pub fn videos(&self) -> Videos<'_> {
        Videos(&self.db)
    }

    /// Images in dialogs.
    pub fn images(&self) -> Images<'_> {
        Images(&self.db)
    }

    /// Host visits.
    pub fn visits(&self) -> Visits<'_> {
        Visits(&self.db)
    }

    /// Covers of rooms.
    pub fn covers(&self) -> Covers<'_> {
        Covers(&self.db)
    }

    /// Who did what.
    pub fn audit(&self) -> Audit<'_> {
        Audit(&self.db)
    }

    /// The first start, and single values.
    pub fn setup(&self) -> Setup<'_> {
        Setup(&self.db)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        self.db.optional("SELECT 1", params![]).await.map(drop)
    }

    /// Reads the whole database and says whether it is sound. Slow on large ones; PostgreSQL checks itself.
    ///
    /// Errors: [`Error::Damaged`] with what SQLite found.
    pub async fn check(&self) -> Result<(), Error> {
        if let Db::Postgres(_) = self.db {
            return self.ping().await;
        }
        for pragma in ["PRAGMA integrity_check(1)", "PRAGMA foreign_key_check"] {
            if let Some(row) = self.db.optional(pragma, params![]).await? {
                let said = row.first_text()?;
                if said != "ok" {
                    return Err(Error::Damaged(said));
                }
            }
        }
        Ok(())
    }

    /// Writes a copy of the database to a file that does not exist yet, as of this moment; others go on reading and writing.
    ///
    /// Errors: [`Error::Unwritable`]; [`Error::Failed`] for PostgreSQL, which brings `pg_dump` for it.
    pub async fn back_up(&self, file: &Path) -> Result<(), Error> {
        let unwritable = |reason: &str| Error::Unwritable { path: file.to_owned(), reason: reason.to_owned() };
        if let Db::Postgres(_) = self.db {
            return Err(Error::Failed("PostgreSQL is backed up by pg_dump".to_owned()));
        }
        let name = file.to_str().ok_or_else(|| unwritable("its name is no text"))?;
        // It holds what the database holds: nobody else reads it. SQLite writes into a file that is there and empty.
        match fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(file) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(unwritable("there is a file of that name"));
            }
            made => made.map_err(|error| unwritable(&error.to_string()))?,
        };
        let written = self.db.execute("VACUUM INTO $1", params![name]).await.map(drop);
        if written.is_err() {
            let _ = fs::remove_file(file);
        }
        written.map_err(|error| at_path(error, file))
    }

    /// Stores what is queued, reports it, and closes. Later submissions are refused.
    pub async fn close(&self) {
        self.writes.finish().await;
        self.db.close().await;
    }
}

fn at_path(error: Error, file: &Path) -> Error {
    match error {
        Error::Unwritable { reason, .. } => Error::Unwritable { path: file.to_owned(), reason },
        other => other,
    }
}

fn make_private(file: &Path) -> std::io::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    // SQLite gives its side files the mode of this one. A file that is there is left alone:
    // closing it here would drop the locks that another store of this process holds on it (sqlite.org/howtocorrupt.html, 2.2).
    match fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(file) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

async fn open_sqlite(file: &Path) -> Result<Db, Error> {
    make_private(file).map_err(|error| Error::Unwritable { path: file.to_owned(), reason: error.to_string() })?;
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(WAIT_MAX)
        // What is deleted is overwritten in the pages that are written anyway.
        .pragma("secure_delete", "fast")
        .pragma("temp_store", "memory");
    let pool = |connections: u32| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(WAIT_MAX)
            .idle_timeout(None)
            .max_lifetime(None)
    };
    let writer = pool(1).after_release(|connection, _| {
        Box::pin(async move {
            rolled_back(connection).await;
            Ok(true)
        })
    });
    let write = connect(writer, options.clone().thread_name(|_| "store-write".into())).await?;
    let read =
        pool(SQLITE_READERS).connect_lazy_with(options.pragma("query_only", "on").thread_name(|_| "store-read".into()));
    Ok(Db::Sqlite { write, read })
}

/// Connects, trying again while another process switches the same new file to WAL: SQLite does not wait for that by itself.
async fn connect(pool: SqlitePoolOptions, options: SqliteConnectOptions) -> Result<SqlitePool, Error> {
    let deadline = Instant::now() + WAIT_MAX;
    loop {
        match pool.clone().connect_with(options.clone()).await {
            Err(error) if is_busy(&error) && Instant::now() < deadline => tokio::time::sleep(BUSY_RETRY).await,
            connected => return Ok(connected?),
        }
    }
}

async fn open_postgres(url: &str) -> Result<Db, Error> {
    let options = PgConnectOptions::from_str(url).map_err(|_| Error::Address)?.application_name("hearth");
    let unreachable = |error: sqlx::Error| match Error::from(error) {
        Error::Failed(said) => Error::Unreachable(said),
        other => other,
    };
    // A pool tries until its time is up, and says only that: one connection by hand says what is in the way.
    let first = match tokio::time::timeout(WAIT_MAX, options.connect()).await {
        Ok(connected) => connected.map_err(unreachable)?,
        Err(_) => return Err(Error::Unreachable(format!("no answer within {} s", WAIT_MAX.as_secs()))),
    };
    drop(first.close().await);
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(WAIT_MAX)
        .connect_with(options)
        .await
        .map_err(unreachable)?;
    Ok(Db::Postgres(pool))
}
