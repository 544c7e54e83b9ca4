//! The two databases behind one small way of asking: SQL text that both understand, parameters, rows.

use crate::Error;
use crate::message_words;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::pool::PoolConnection;
use sqlx::{
    AssertSqlSafe, Column, PgPool, Postgres, Row as _, SqlSafeStr, Sqlite, SqliteConnection, SqlitePool, Transaction,
};

/// The two databases. SQLite has one connection that writes, so that writers queue here and never meet a locked file.
#[derive(Clone)]
pub(crate) enum Db {
    Sqlite { write: SqlitePool, read: SqlitePool },
    Postgres(PgPool),
}

/// A value for a `$n`.
pub(crate) enum Param {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Vec<u8>),
}

macro_rules! param {
    ($($type:ty => |$value:ident| $param:expr;)*) => {$(
        impl From<$type> for Param {
            fn from($value: $type) -> Self {
                $param
            }
        }
    )*};
}

param! {
    i64 => |value| Self::Int(Some(value));
    // Positions and times stay far below 2^63; a larger one saturates and finds nothing.
    u64 => |value| Self::Int(Some(i64::try_from(value).unwrap_or(i64::MAX)));
    u32 => |value| Self::Int(Some(value.into()));
    bool => |value| Self::Int(Some(value.into()));
    Option<u64> => |value| Self::Int(value.map(|value| i64::try_from(value).unwrap_or(i64::MAX)));
    &str => |value| Self::Text(Some(storable(value)));
    &String => |value| Self::Text(Some(storable(value)));
    Option<&str> => |value| Self::Text(value.map(storable));
    Option<String> => |value| Self::Text(value.as_deref().map(storable));
    Vec<u8> => |value| Self::Bytes(value);
}

/// PostgreSQL's text can't hold U+0000; nothing that gets here should have one.
fn storable(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text.to_owned() }
}

/// Parameters in the order of their numbers.
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Param::from($value)),*] };
}
pub(crate) use params;

pub(crate) enum Row {
    Sqlite(sqlx::sqlite::SqliteRow),
    Postgres(sqlx::postgres::PgRow),
}

macro_rules! get {
    ($row:expr, $column:expr) => {
        match $row {
            Row::Sqlite(row) => row.try_get($column),
            Row::Postgres(row) => row.try_get($column),
        }
    };
}

impl Row {
    pub(crate) fn int(&self, column: &str) -> Result<u64, Error> {
        let value: i64 = get!(self, column)?;
        u64::try_from(value).map_err(|_| damaged(column))
    }

    pub(crate) fn flag(&self, column: &str) -> Result<bool, Error> {
        Ok(self.int(column)? != 0)
    }

    pub(crate) fn opt_int(&self, column: &str) -> Result<Option<u64>, Error> {
        let value: Option<i64> = get!(self, column)?;
        value.map(|value| u64::try_from(value).map_err(|_| damaged(column))).transpose()
    }

    pub(crate) fn text(&self, column: &str) -> Result<String, Error> {
        Ok(get!(self, column)?)
    }

    pub(crate) fn opt_text(&self, column: &str) -> Result<Option<String>, Error> {
        Ok(get!(self, column)?)
    }

    pub(crate) fn bytes(&self, column: &str) -> Result<Vec<u8>, Error> {
        Ok(get!(self, column)?)
    }

    /// Structures are stored as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, Error> {
        serde_json::from_str(&self.text(column)?).map_err(|_| damaged(column))
    }

    /// JSON, or nothing.
    pub(crate) fn opt_json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, Error> {
        self.opt_text(column)?.map(|text| serde_json::from_str(&text).map_err(|_| damaged(column))).transpose()
    }

    /// Text that has to parse: an identifier.
    pub(crate) fn id<T: TryFrom<String>>(&self, column: &str) -> Result<T, Error> {
        T::try_from(self.text(column)?).map_err(|_| damaged(column))
    }

    /// The first column as text, whatever it is called.
    pub(crate) fn first_text(&self) -> Result<String, Error> {
        let name = match self {
            Self::Sqlite(row) => row.columns().first().map(|column| column.name().to_owned()),
            Self::Postgres(row) => row.columns().first().map(|column| column.name().to_owned()),
        };
        self.text(&name.unwrap_or_default())
    }
}

/// A structure as it is stored: JSON.
///
/// Errors: [`Error::Refused`] where it can't be written as JSON.
pub(crate) fn json_column(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Refused(error.to_string()))
}

pub(crate) fn damaged(what: &str) -> Error {
    Error::Damaged(format!("{what} does not hold what it should"))
}

macro_rules! query {
    ($sql:expr, $params:expr) => {{
        let mut query = sqlx::query($sql);
        for param in $params {
            query = match param {
                Param::Int(value) => query.bind(value),
                Param::Text(value) => query.bind(value),
                Param::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}

/// A transaction; dropped without [`commit`](Tx::commit) it never was.
///
/// SQLite's is begun and ended by plain statements. After a full disk SQLite has rolled back by itself; sqlx's own
/// transaction would miss that, and refuse every later one on the connection.
/// The pool rolls back what a connection that comes back may have left open: see [`rolled_back`].
pub(crate) enum Tx {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Serialises the small transactions that decide by what they read, and the migrations, on PostgreSQL.
/// (Any number that other programs in the same database are unlikely to lock.)
const ADVISORY_LOCK: i64 = 0x4845_4152_5448;

/// Ends a transaction that was dropped or that failed; without one SQLite refuses, and all is well.
pub(crate) async fn rolled_back(connection: &mut SqliteConnection) {
    let _ = sqlx::query("ROLLBACK").execute(connection).await;
}

impl Db {
    /// A transaction for changes that need no reading.
    pub(crate) async fn begin(&self) -> Result<Tx, Error> {
        Ok(match self {
            // Immediate: a transaction that starts by reading could not be upgraded while another process writes.
            Self::Sqlite { write, .. } => {
                let mut connection = write.acquire().await?;
                sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
                Tx::Sqlite(connection)
            }
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// A transaction that no other one of this kind overlaps.
    pub(crate) async fn begin_alone(&self) -> Result<Tx, Error> {
        let mut tx = self.begin().await?;
        if let Tx::Postgres(tx) = &mut tx {
            sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(ADVISORY_LOCK).execute(&mut **tx).await?;
        }
        Ok(tx)
    }

    /// One change in a transaction of its own; gives the number of rows it touched.
    pub(crate) async fn execute(&self, sql: &'static str, params: Vec<Param>) -> Result<u64, Error> {
        Ok(match self {
            Self::Sqlite { write, .. } => query!(sql, params).execute(write).await?.rows_affected(),
            Self::Postgres(pool) => query!(sql, params).execute(pool).await?.rows_affected(),
        })
    }

    pub(crate) async fn all(&self, sql: &'static str, params: Vec<Param>) -> Result<Vec<Row>, Error> {
        Ok(match self {
            Self::Sqlite { read, .. } => {
                query!(sql, params).fetch_all(read).await?.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(pool) => query!(sql, params).fetch_all(pool).await?.into_iter().map(Row::Postgres).collect(),
        })
    }

    pub(crate) async fn optional(&self, sql: &'static str, params: Vec<Param>) -> Result<Option<Row>, Error> {
        Ok(match self {
            Self::Sqlite { read, .. } => query!(sql, params).fetch_optional(read).await?.map(Row::Sqlite),
            Self::Postgres(pool) => query!(sql, params).fetch_optional(pool).await?.map(Row::Postgres),
        })
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { write, read } => {
                // The writer goes last: the last connection to close folds the WAL into the file.
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    pub(crate) async fn execute(&mut self, sql: impl SqlSafeStr, params: Vec<Param>) -> Result<u64, Error> {
        Ok(match self {
            Self::Sqlite(tx) => query!(sql, params).execute(&mut **tx).await?.rows_affected(),
            Self::Postgres(tx) => query!(sql, params).execute(&mut **tx).await?.rows_affected(),
        })
    }

    pub(crate) async fn all(&mut self, sql: &'static str, params: Vec<Param>) -> Result<Vec<Row>, Error> {
        Ok(match self {
            Self::Sqlite(tx) => query!(sql, params).fetch_all(&mut **tx).await?.into_iter().map(Row::Sqlite).collect(),
            Self::Postgres(tx) => {
                query!(sql, params).fetch_all(&mut **tx).await?.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    pub(crate) async fn optional(&mut self, sql: &'static str, params: Vec<Param>) -> Result<Option<Row>, Error> {
        Ok(match self {
            Self::Sqlite(tx) => query!(sql, params).fetch_optional(&mut **tx).await?.map(Row::Sqlite),
            Self::Postgres(tx) => query!(sql, params).fetch_optional(&mut **tx).await?.map(Row::Postgres),
        })
    }

    /// Several statements, without parameters: a migration.
    pub(crate) async fn script(&mut self, sql: &'static str) -> Result<(), Error> {
        match self {
            Self::Sqlite(tx) => {
                let sql = sql
                    .replace("{serial}", "INTEGER PRIMARY KEY")
                    .replace("{bytes}", "BLOB")
                    .replace("{message_words}", message_words::SQLITE_TABLES);
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut **tx).await?;
            }
            Self::Postgres(tx) => {
                let sql = sql
                    .replace("{serial}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY")
                    .replace("{bytes}", "BYTEA")
                    .replace("{message_words}", message_words::POSTGRES_TABLES);
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut **tx).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(mut tx) => sqlx::query("COMMIT").execute(&mut *tx).await.map(drop)?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}
