//! Who is asking: sign-in, sessions, guests.

pub mod attempts;
pub mod hashing;
pub mod names;
pub mod oidc;
pub mod passwords;
pub mod sessions;
pub mod stream_keys;
pub mod sweep;

use hearth_capabilities::{Caller, Standing};
use hearth_protocol::ids::{ConnectionId, DeviceId, SpaceId};
use hearth_protocol::people::Profile;

/// Who is asking, by their cookie or bearer token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// What others see of them.
    pub profile: Profile,
    /// By which device.
    pub device: DeviceId,
    /// May manage the server.
    pub administrator: bool,
    /// The room whose guest link a guest came by.
    pub invited_to: Option<SpaceId>,
}

impl Who {
    /// What a space shall know of them.
    pub fn caller(&self, space: &SpaceId, connection: Option<ConnectionId>) -> Caller {
        Caller {
            connection,
            device: self.device.clone(),
            profile: self.profile.clone(),
            standing: self.standing(space),
        }
    }

    /// What the server knows of them, as far as it concerns this space.
    pub fn standing(&self, space: &SpaceId) -> Standing {
        match (&self.profile.name, self.administrator) {
            (Some(_), true) => Standing::Administrator,
            (Some(_), false) => Standing::Account,
            (None, _) if self.invited_to.as_ref() == Some(space) => Standing::InvitedGuest,
            (None, _) => Standing::Guest,
        }
    }
}
