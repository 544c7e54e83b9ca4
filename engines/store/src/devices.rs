//! Signed-in devices: browsers and programs, each known by the hash of its token.

use crate::Error;
use crate::accounts::{AccountRecord, record};
use crate::db::{Db, params};
use hearth_protocol::ids::{DeviceId, UserId};

/// The most devices a user has. One more signs out the one that was not seen for longest.
pub const DEVICES_PER_USER_MAX: u64 = 50;
/// How much a device's time of last sight may lag, so that a request needs no write (one minute, in milliseconds).
pub const DEVICE_TOUCH_INTERVAL_MS: u64 = 60_000;

/// Signed-in devices.
pub struct Devices<'a>(pub(crate) &'a Db);

/// A device to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDevice {
    /// Which.
    pub id: DeviceId,
    /// Whose.
    pub user: UserId,
    /// The SHA-256 of its token, in hexadecimal. The token itself is never stored.
    pub token_hash: String,
    /// What the user calls it.
    pub name: String,
    /// When.
    pub created_ms: u64,
    /// Until when it stays signed in.
    pub expires_ms: u64,
}

/// A signed-in device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRecord {
    /// Which.
    pub id: DeviceId,
    /// What the user calls it.
    pub name: String,
    /// When it was signed in.
    pub created_ms: u64,
    /// When it was last seen; may lag by [`DEVICE_TOUCH_INTERVAL_MS`].
    pub seen_ms: u64,
    /// Until when it stays signed in.
    pub expires_ms: u64,
}

/// A device with its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The device.
    pub device: DeviceRecord,
    /// Its user.
    pub account: AccountRecord,
}

impl Devices<'_> {
    /// Signs a device in; gives the devices of the user that had to go for it.
    pub async fn create(&self, device: &NewDevice) -> Result<Vec<DeviceId>, Error> {
        let mut tx = self.0.begin_alone().await?;
        let user = device.user.as_str();
        tx.execute("DELETE FROM devices WHERE user_id = $1 AND expires_ms <= $2", params![user, device.created_ms])
            .await?;
        let sql = "SELECT id FROM devices WHERE user_id = $1 ORDER BY seen_ms DESC, id LIMIT 1000 OFFSET $2";
        let surplus = tx.all(sql, params![user, DEVICES_PER_USER_MAX - 1]).await?;
        let mut gone = Vec::with_capacity(surplus.len());
        for row in surplus {
            let id: DeviceId = row.id("id")?;
            tx.execute("DELETE FROM devices WHERE id = $1", params![id.as_str()]).await?;
            gone.push(id);
        }
        let sql = "INSERT INTO devices (id, user_id, token_hash, name, created_ms, seen_ms, expires_ms) \
                   VALUES ($1, $2, $3, $4, $5, $5, $6)";
        let params =
            params![device.id.as_str(), user, &device.token_hash, &device.name, device.created_ms, device.expires_ms,];
        tx.execute(sql, params).await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// The device with this token's hash and its user, unless it has expired or the account is disabled.
    pub async fn by_token_hash(&self, token_hash: &str, now_ms: u64) -> Result<Option<SignedIn>, Error> {
        let sql = "SELECT d.id AS device_id, d.name AS device_name, d.created_ms AS device_created_ms, d.seen_ms, \
                   d.expires_ms, u.id, u.name, u.display_name, u.administrator, u.disabled, u.invited_to, u.created_ms \
                   FROM devices d JOIN users u ON u.id = d.user_id \
                   WHERE d.token_hash = $1 AND d.expires_ms > $2 AND u.disabled = 0";
        let Some(row) = self.0.optional(sql, params![token_hash, now_ms]).await? else { return Ok(None) };
        let device = DeviceRecord {
            id: row.id("device_id")?,
            name: row.text("device_name")?,
            created_ms: row.int("device_created_ms")?,
            seen_ms: row.int("seen_ms")?,
            expires_ms: row.int("expires_ms")?,
        };
        Ok(Some(SignedIn { device, account: record(&row)? }))
    }

    /// Notes that a device, and with it its user, was seen. Costs nothing within [`DEVICE_TOUCH_INTERVAL_MS`] of the last note.
    pub async fn touch(&self, signed_in: &SignedIn, now_ms: u64) -> Result<(), Error> {
        if now_ms.saturating_sub(signed_in.device.seen_ms) < DEVICE_TOUCH_INTERVAL_MS {
            return Ok(());
        }
        let mut tx = self.0.begin().await?;
        let device = params![signed_in.device.id.as_str(), now_ms];
        tx.execute("UPDATE devices SET seen_ms = $2 WHERE id = $1 AND seen_ms < $2", device).await?;
        let user = params![signed_in.account.profile.id.as_str(), now_ms];
        tx.execute("UPDATE users SET seen_ms = $2 WHERE id = $1 AND seen_ms < $2", user).await?;
        tx.commit().await
    }

    /// The devices of a user that are signed in, the latest seen first.
    pub async fn of_user(&self, user: &UserId, now_ms: u64) -> Result<Vec<DeviceRecord>, Error> {
        let sql = "SELECT id, name, created_ms, seen_ms, expires_ms FROM devices \
                   WHERE user_id = $1 AND expires_ms > $2 ORDER BY seen_ms DESC, id";
        let rows = self.0.all(sql, params![user.as_str(), now_ms]).await?;
        rows.iter()
            .map(|row| {
                Ok(DeviceRecord {
                    id: row.id("id")?,
                    name: row.text("name")?,
                    created_ms: row.int("created_ms")?,
                    seen_ms: row.int("seen_ms")?,
                    expires_ms: row.int("expires_ms")?,
                })
            })
            .collect()
    }

    /// Signs out one device of a user; tells whether there was one.
    pub async fn delete(&self, user: &UserId, device: &DeviceId) -> Result<bool, Error> {
        let sql = "DELETE FROM devices WHERE user_id = $1 AND id = $2";
        Ok(self.0.execute(sql, params![user.as_str(), device.as_str()]).await? > 0)
    }

    /// Signs out all devices of a user, but for one to keep; tells how many there were.
    pub async fn delete_all(&self, user: &UserId, keep: Option<&DeviceId>) -> Result<u64, Error> {
        let sql = "DELETE FROM devices WHERE user_id = $1 AND id <> $2";
        self.0.execute(sql, params![user.as_str(), keep.map_or("", DeviceId::as_str)]).await
    }

    /// Forgets what has expired; tells how many there were.
    pub async fn sweep(&self, now_ms: u64) -> Result<u64, Error> {
        self.0.execute("DELETE FROM devices WHERE expires_ms <= $1", params![now_ms]).await
    }
}
