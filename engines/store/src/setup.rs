//! The first start, and single values.

use crate::Error;
use crate::accounts::{NewAccount, insert_account};
use crate::db::{Db, params};

const SETUP_TOKEN: &str = "setup_token_sha256";

/// The first start, and single values.
pub struct Setup<'a>(pub(crate) &'a Db);

impl Setup<'_> {
    /// Whether no account exists that may manage the server.
    pub async fn pending(&self) -> Result<bool, Error> {
        let row = self.0.optional("SELECT id FROM users WHERE administrator = 1 LIMIT 1", params![]).await?;
        Ok(row.is_none())
    }

    /// Sets the hash of the one-time token with which the first administrator is made. It replaces an earlier one.
    pub async fn set_token_hash(&self, hash: &str) -> Result<(), Error> {
        self.set_value(SETUP_TOKEN, hash).await
    }

    /// Makes the first administrator, using up the token.
    ///
    /// Errors: [`Error::SetupToken`] where the hash is not that of the token, or an administrator exists;
    /// [`Error::NameTaken`] (the token stays good).
    pub async fn create_first_administrator(&self, token_hash: &str, account: &NewAccount) -> Result<(), Error> {
        let mut tx = self.0.begin_alone().await?;
        let sql = "DELETE FROM meta WHERE key = $1 AND value = $2 \
                   AND NOT EXISTS (SELECT 1 FROM users WHERE administrator = 1)";
        if tx.execute(sql, params![SETUP_TOKEN, token_hash]).await? == 0 {
            return Err(Error::SetupToken);
        }
        insert_account(&mut tx, &NewAccount { administrator: true, ..account.clone() }).await?;
        tx.commit().await
    }

    /// A single value, such as a key this server made for itself.
    pub async fn value(&self, key: &str) -> Result<Option<String>, Error> {
        let row = self.0.optional("SELECT value FROM meta WHERE key = $1", params![key]).await?;
        row.map(|row| row.text("value")).transpose()
    }

    /// Sets a single value.
    pub async fn set_value(&self, key: &str, value: &str) -> Result<(), Error> {
        let sql =
            "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        self.0.execute(sql, params![key, value]).await.map(drop)
    }
}
