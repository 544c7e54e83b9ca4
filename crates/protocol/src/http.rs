//! What the HTTP interface at `/api` takes and returns. Times are milliseconds since the Unix epoch.

use crate::conversation::Message;
use crate::ids::{DeviceId, GuestLinkId, SpaceId, UserId};
use crate::live_rooms::{About, Broadcast};
use crate::people::{Me, Profile};
use serde::{Deserialize, Serialize};

macro_rules! wire {
    ($($(#[$doc:meta])* struct $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    )*};
}

wire! {
    /// Signing in by name and password.
    struct SignIn {
        /// The account name.
        name: String,
        /// The password.
        password: String,
        /// What the device is called; browser and system where left out.
        #[serde(default)]
        #[ts(optional)]
        device_name: Option<String>,
        /// A program: the answer holds a bearer token, and no cookie is set.
        #[serde(default)]
        #[ts(optional, as = "Option<bool>")]
        program: bool,
    }

    /// Coming in as a guest.
    struct GuestEntry {
        /// The name people will read.
        display_name: String,
        /// The room to enter.
        room: SpaceId,
        /// The secret of a guest link, where the room asks for one.
        #[serde(default)]
        #[ts(optional)]
        link: Option<String>,
        /// A program: the answer holds a bearer token, and no cookie is set.
        #[serde(default)]
        #[ts(optional, as = "Option<bool>")]
        program: bool,
    }

    /// Making the first administrator with the one-time link's token.
    struct Setup {
        /// The token of the link printed at the first start.
        token: String,
        /// The account name.
        name: String,
        /// The password.
        password: String,
    }

    /// Who one is, and what the server offers.
    struct Session {
        /// Oneself; `null` when not signed in.
        me: Option<Me>,
        /// This device; `null` when not signed in.
        device: Option<DeviceId>,
        /// The bearer token, only in the answer to a program's sign-in, and only once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        token: Option<String>,
        /// What the server offers.
        server: ServerOffers,
    }

    /// What the server offers to who isn't signed in.
    struct ServerOffers {
        /// The server's name, for the title.
        name: String,
        /// Whether anybody may make an account.
        registration: bool,
        /// The name of the OpenID Connect provider, where one is configured.
        oidc: Option<String>,
        /// Whether the first administrator still has to be made.
        setup_pending: bool,
    }

    /// Making an account: by an administrator for somebody, or by oneself where registration is open.
    struct NewAccount {
        /// The account name.
        name: String,
        /// The password.
        password: String,
        /// The name people read; the account name where left out.
        #[serde(default)]
        #[ts(optional)]
        display_name: Option<String>,
        /// May manage the server. (Only an administrator can give it.)
        #[serde(default)]
        #[ts(optional, as = "Option<bool>")]
        administrator: bool,
    }

    /// Changing one's own account: what is left out stays.
    struct ChangeMe {
        /// The name people read.
        #[serde(default)]
        #[ts(optional)]
        display_name: Option<String>,
        /// A new password; the current one goes with it.
        #[serde(default)]
        #[ts(optional)]
        new_password: Option<String>,
        /// The current password.
        #[serde(default)]
        #[ts(optional)]
        current_password: Option<String>,
    }

    /// An account, as an administrator sees it.
    struct Account {
        /// What others see.
        profile: Profile,
        /// May manage the server.
        administrator: bool,
        /// May not sign in.
        disabled: bool,
        /// When it was made.
        #[ts(type = "number")]
        created_ms: u64,
    }

    /// Changing an account, as an administrator: what is left out stays.
    struct ChangeAccount {
        /// May not sign in.
        #[serde(default)]
        #[ts(optional)]
        disabled: Option<bool>,
        /// May manage the server.
        #[serde(default)]
        #[ts(optional)]
        administrator: Option<bool>,
        /// A new password.
        #[serde(default)]
        #[ts(optional)]
        new_password: Option<String>,
    }

    /// A room, as one finds it.
    struct Room {
        /// Which.
        id: SpaceId,
        /// Whose; its address is `/@` and the host's account name.
        host: Profile,
        /// What it says of itself.
        about: About,
        /// Where its broadcast stands.
        broadcast: Broadcast,
        /// How many are there.
        audience: u32,
        /// Whether whoever asks may come in as they are (`false`: choose a guest name, or sign in).
        may_enter: bool,
    }

    /// The rooms that are live, most watched first.
    struct LiveRooms {
        /// Which.
        rooms: Vec<Room>,
    }

    /// A page of a conversation, oldest first.
    struct MessagePage {
        /// The messages.
        messages: Vec<Message>,
        /// Whether there are more in the direction asked for.
        more: bool,
    }

    /// A link that lets guests into a room.
    struct GuestLink {
        /// Which; it names the link when revoking it.
        id: GuestLinkId,
        /// The secret in the address, only in the answer that makes it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        secret: Option<String>,
        /// Until when it lets in; `null`: until revoked.
        #[ts(type = "number | null")]
        expires_ms: Option<u64>,
        /// When it was made.
        #[ts(type = "number")]
        created_ms: u64,
    }

    /// Making a guest link.
    struct NewGuestLink {
        /// For how many seconds it lets in; `null`: until revoked.
        #[serde(default)]
        #[ts(optional)]
        lifetime_s: Option<u32>,
    }

    /// Whom somebody has blocked.
    struct Blocks {
        /// Who.
        blocked: Vec<Profile>,
    }

    /// The devices of a user.
    struct Devices {
        /// Which.
        devices: Vec<crate::people::Device>,
    }

    /// The accounts of the server, in order of name.
    struct Accounts {
        /// Which.
        accounts: Vec<Account>,
        /// Where to continue, if there are more.
        next: Option<UserId>,
    }
}
