//! Accounts and guests.

use crate::Error;
use crate::db::{Db, Row, Tx, params};
use crate::people::profile;
use crate::search::fold;
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_protocol::live_rooms::About;
use hearth_protocol::people::Profile;

/// A guest who was not seen for so long is forgotten (30 days, in milliseconds).
pub const GUEST_UNSEEN_MAX_MS: u64 = 30 * 24 * 3_600 * 1_000;
/// The most accounts one read returns.
const ACCOUNTS_PAGE_MAX: usize = 100;

/// Accounts and guests.
pub struct Accounts<'a>(pub(crate) &'a Db);

/// An account to make. Its room is made with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// Who.
    pub user: UserId,
    /// The account name (ASCII), unique whatever its case.
    pub name: String,
    /// The name people read.
    pub display_name: String,
    /// The password's hash (PHC string); `None` where it signs in elsewhere.
    pub password_hash: Option<String>,
    /// May manage the server.
    pub administrator: bool,
    /// The user's room.
    pub room: SpaceId,
    /// When.
    pub created_ms: u64,
}

/// An account or a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRecord {
    /// What others see.
    pub profile: Profile,
    /// May manage the server.
    pub administrator: bool,
    /// May not sign in.
    pub disabled: bool,
    /// The room whose guest link this guest came by.
    pub invited_to: Option<SpaceId>,
    /// When it was made.
    pub created_ms: u64,
}

macro_rules! account_sql {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, display_name, password_hash, administrator, disabled, invited_to, created_ms FROM users ",
            $rest
        )
    };
}

impl Accounts<'_> {
    /// Makes an account and its room.
    ///
    /// Errors: [`Error::NameTaken`].
    pub async fn create(&self, account: &NewAccount) -> Result<(), Error> {
        let mut tx = self.0.begin_alone().await?;
        insert_account(&mut tx, account).await?;
        tx.commit().await
    }

    /// Makes an account that signs in with an OpenID Connect subject (OpenID Connect Core 1.0, section 8), and its room.
    ///
    /// Errors: [`Error::NameTaken`]; [`Error::Refused`] where the subject has an account.
    pub async fn create_for_subject(&self, account: &NewAccount, issuer: &str, subject: &str) -> Result<(), Error> {
        let mut tx = self.0.begin_alone().await?;
        insert_account(&mut tx, account).await?;
        let sql = "INSERT INTO oidc_subjects (issuer, subject, user_id) VALUES ($1, $2, $3)";
        tx.execute(sql, params![issuer, subject, account.user.as_str()]).await?;
        tx.commit().await
    }

    /// The account of an OpenID Connect subject.
    pub async fn by_subject(&self, issuer: &str, subject: &str) -> Result<Option<AccountRecord>, Error> {
        let sql = account_sql!("WHERE id = (SELECT user_id FROM oidc_subjects WHERE issuer = $1 AND subject = $2)");
        self.0.optional(sql, params![issuer, subject]).await?.as_ref().map(record).transpose()
    }

    /// Makes a guest; one who came by a guest link is invited to its room.
    pub async fn create_guest(
        &self,
        user: &UserId,
        display_name: &str,
        invited_to: Option<&SpaceId>,
        now_ms: u64,
    ) -> Result<(), Error> {
        let sql = "INSERT INTO users (id, display_name, display_key, invited_to, created_ms, seen_ms) \
                   VALUES ($1, $2, $3, $4, $5, $5)";
        let key = fold(display_name);
        let params = params![user.as_str(), display_name, &key, invited_to.map(SpaceId::as_str), now_ms];
        self.0.execute(sql, params).await.map(drop)
    }

    /// Forgets the guests who were not seen for [`GUEST_UNSEEN_MAX_MS`], and tells how many there were.
    /// What they said stays.
    pub async fn sweep_guests(&self, now_ms: u64) -> Result<u64, Error> {
        let sql = "DELETE FROM users WHERE name_key IS NULL AND seen_ms < $1";
        self.0.execute(sql, params![now_ms.saturating_sub(GUEST_UNSEEN_MAX_MS)]).await
    }

    /// An account or guest.
    pub async fn by_id(&self, user: &UserId) -> Result<Option<AccountRecord>, Error> {
        self.0.optional(account_sql!("WHERE id = $1"), params![user.as_str()]).await?.as_ref().map(record).transpose()
    }

    /// An account by its name, in whatever case it is written, with its password's hash.
    pub async fn by_name(&self, name: &str) -> Result<Option<(AccountRecord, Option<String>)>, Error> {
        let key = name.to_ascii_lowercase();
        let row = self.0.optional(account_sql!("WHERE name_key = $1"), params![&key]).await?;
        row.map(|row| Ok((record(&row)?, row.opt_text("password_hash")?))).transpose()
    }

    /// The accounts behind one, in order of name; `limit` is held between 1 and 100. Guests are not among them.
    pub async fn page(&self, after: Option<&UserId>, limit: usize) -> Result<Vec<AccountRecord>, Error> {
        let limit = limit.clamp(1, ACCOUNTS_PAGE_MAX) as u64;
        let rows = match after {
            None => {
                let sql = account_sql!("WHERE name_key IS NOT NULL ORDER BY name_key LIMIT $1");
                self.0.all(sql, params![limit]).await?
            }
            Some(after) => {
                let sql = account_sql!(
                    "WHERE name_key > (SELECT a.name_key FROM users a WHERE a.id = $1) ORDER BY name_key LIMIT $2"
                );
                self.0.all(sql, params![after.as_str(), limit]).await?
            }
        };
        rows.iter().map(record).collect()
    }

    /// How many accounts may manage the server and sign in.
    pub async fn count_administrators(&self) -> Result<u64, Error> {
        let sql = "SELECT COUNT(*) AS n FROM users WHERE administrator = 1 AND disabled = 0";
        self.0.optional(sql, params![]).await?.map_or(Ok(0), |row| row.int("n"))
    }

    /// Sets a new password's hash.
    ///
    /// Errors: [`Error::NotFound`] where no such account is.
    pub async fn set_password_hash(&self, user: &UserId, hash: &str) -> Result<(), Error> {
        let sql = "UPDATE users SET password_hash = $2 WHERE id = $1 AND name_key IS NOT NULL";
        found(self.0.execute(sql, params![user.as_str(), hash]).await?)
    }

    /// Sets the name people read.
    ///
    /// Errors: [`Error::NotFound`].
    pub async fn set_display_name(&self, user: &UserId, display_name: &str) -> Result<(), Error> {
        let sql = "UPDATE users SET display_name = $2, display_key = $3 WHERE id = $1";
        found(self.0.execute(sql, params![user.as_str(), display_name, &fold(display_name)]).await?)
    }

    /// Forbids an account to sign in, or allows it again. Its devices are signed out for good.
    ///
    /// Errors: [`Error::NotFound`], [`Error::LastAdministrator`].
    pub async fn set_disabled(&self, user: &UserId, disabled: bool) -> Result<(), Error> {
        let mut tx = self.0.begin_alone().await?;
        let sql = "UPDATE users SET disabled = $2 WHERE id = $1 AND name_key IS NOT NULL";
        found(tx.execute(sql, params![user.as_str(), disabled]).await?)?;
        if disabled {
            tx.execute("DELETE FROM devices WHERE user_id = $1", params![user.as_str()]).await?;
        }
        commit_with_an_administrator(tx).await
    }

    /// Lets an account manage the server, or no more.
    ///
    /// Errors: [`Error::NotFound`], [`Error::LastAdministrator`].
    pub async fn set_administrator(&self, user: &UserId, administrator: bool) -> Result<(), Error> {
        let mut tx = self.0.begin_alone().await?;
        let sql = "UPDATE users SET administrator = $2 WHERE id = $1 AND name_key IS NOT NULL";
        found(tx.execute(sql, params![user.as_str(), administrator]).await?)?;
        commit_with_an_administrator(tx).await
    }
}

/// Commits unless no administrator would be left who can sign in.
async fn commit_with_an_administrator(mut tx: Tx) -> Result<(), Error> {
    let sql = "SELECT id FROM users WHERE administrator = 1 AND disabled = 0 LIMIT 1";
    if tx.optional(sql, params![]).await?.is_none() {
        return Err(Error::LastAdministrator);
    }
    tx.commit().await
}

fn found(rows: u64) -> Result<(), Error> {
    if rows == 0 { Err(Error::NotFound) } else { Ok(()) }
}

pub(crate) async fn insert_account(tx: &mut Tx, account: &NewAccount) -> Result<(), Error> {
    let key = account.name.to_ascii_lowercase();
    let sql = "INSERT INTO users \
               (id, name, name_key, display_name, display_key, password_hash, administrator, created_ms, seen_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT (name_key) DO NOTHING";
    let params = params![
        account.user.as_str(),
        &account.name,
        &key,
        &account.display_name,
        &fold(&account.display_name),
        account.password_hash.as_deref(),
        account.administrator,
        account.created_ms,
    ];
    if tx.execute(sql, params).await? == 0 {
        return Err(Error::NameTaken);
    }
    let about = serde_json::to_string(&About::default()).map_err(|error| Error::Failed(error.to_string()))?;
    let sql = "INSERT INTO rooms (id, host_id, about, created_ms) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, params![account.room.as_str(), account.user.as_str(), &about, account.created_ms]).await.map(drop)
}

pub(crate) fn record(row: &Row) -> Result<AccountRecord, Error> {
    let invited_to = row.opt_text("invited_to")?.map(|_| row.id("invited_to")).transpose()?;
    Ok(AccountRecord {
        profile: profile(row)?,
        administrator: row.flag("administrator")?,
        disabled: row.flag("disabled")?,
        invited_to,
        created_ms: row.int("created_ms")?,
    })
}
