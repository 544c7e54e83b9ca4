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

use crate::watching::Viewer;

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
        self.viewer().standing(space)
    }

    /// As one who would watch something.
    pub fn viewer(&self) -> Viewer<'_> {
        Viewer {
            user: &self.profile.id,
            account: self.profile.name.is_some(),
            administrator: self.administrator,
            invited_to: self.invited_to.as_ref(),
        }
    }
}
