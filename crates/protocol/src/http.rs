//! What the HTTP interface at `/api` takes and returns. Times are milliseconds since the Unix epoch.

use crate::conversation::Message;
use crate::dialogs::Dialog;
use crate::discussion_groups::MyGroup;
use crate::ids::{DeviceId, GuestLinkId, ImageId, SpaceId, StreamKeyId, UploadId, UserId, VideoId};
use crate::live_rooms::{About, Broadcast};
use crate::moderation::{AuditEntry, Report};
use crate::people::{Me, Profile};
use crate::videos::{Audience, Chapter, Video};
use serde::{Deserialize, Serialize};

macro_rules! wire {
    ($($(#[$doc:meta])* struct $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    )*};
}

wire! {
    /// Discussion groups of one's own.
    struct MyGroups {
        /// Them, the newest first.
        groups: Vec<MyGroup>,
    }
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

    /// The ledger of host visits.
    struct VisitLedger {
        /// The visits that one made or had, the latest first.
        visits: Vec<crate::host_visits::Entry>,
    }

    /// People who were looked for.
    struct People {
        /// Them: friends first, then whom one follows, then everybody else.
        people: Vec<Profile>,
    }

    /// Beginning a dialog. With one other it is *the* dialog with them, begun before or not.
    struct NewDialog {
        /// The others: one, or a few.
        with: Vec<UserId>,
        /// What it is called, where there are several; may be empty.
        #[serde(default)]
        #[ts(optional, as = "Option<String>")]
        title: String,
    }

    /// Dialogs of one's own.
    struct Dialogs {
        /// Them: pinned ones first, then by what was said last, the newest first.
        dialogs: Vec<Dialog>,
        /// Whether there are more behind them.
        more: bool,
    }

    /// Messages that were found.
    struct FoundMessages {
        /// Them, the newest first.
        found: Vec<FoundMessage>,
        /// Whether there are older ones.
        more: bool,
    }

    /// A message that was found.
    struct FoundMessage {
        /// In which dialog.
        dialog: SpaceId,
        /// All of it.
        message: Message,
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
        /// The address of a picture: of the stream while live, else the cover; relative to the origin.
        #[serde(default)]
        picture: Option<String>,
        /// How many follow the host.
        #[serde(default)]
        followers: u32,
    }

    /// Rooms found, live ones first.
    struct FoundRooms {
        /// Which.
        rooms: Vec<Room>,
    }

    /// How a room's broadcast can be watched without the web app's own connection.
    struct Watch {
        /// The address of the multivariant HLS playlist, relative to the origin; `null` while there is none.
        /// It lets in whoever has it, for as long as `hls_until_ms` says.
        hls: Option<String>,
        /// Until when the address lets in; ask anew before.
        #[ts(type = "number | null")]
        hls_until_ms: Option<u64>,
        /// The WHEP endpoint, relative to the origin.
        whep: String,
    }

    /// What an encoder shows to send to a room.
    struct StreamKey {
        /// Which; it names the key when rotating or revoking it.
        id: StreamKeyId,
        /// What its owner calls it.
        label: String,
        /// The secret, only in the answer that makes it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        secret: Option<String>,
        /// When it was made.
        #[ts(type = "number")]
        created_ms: u64,
        /// When it was last used; `null`: never.
        #[ts(type = "number | null")]
        used_ms: Option<u64>,
    }

    /// Making a stream key.
    struct NewStreamKey {
        /// What its owner calls it; at most as long as a tag.
        #[serde(default)]
        #[ts(optional, as = "Option<String>")]
        label: String,
    }

    /// The stream keys of a room, and where encoders send to.
    struct StreamKeys {
        /// Which.
        keys: Vec<StreamKey>,
        /// The address for RTMP, to which the key is added; `null`: this server takes none.
        rtmp: Option<String>,
        /// The address for WHIP, where the key is the bearer token.
        whip: String,
    }

    /// Whom somebody follows, and who of them is live.
    struct Follows {
        /// Who.
        follows: Vec<Profile>,
        /// The rooms of those who are live.
        live: Vec<Room>,
    }

    /// Videos, newest first.
    struct Videos {
        /// Which.
        videos: Vec<Video>,
        /// Whether there are older ones; ask with `before_ms` of the last one's `created_ms`.
        more: bool,
    }

    /// Changing a video: what is left out stays.
    struct ChangeVideo {
        /// What it is called.
        #[serde(default)]
        #[ts(optional)]
        title: Option<String>,
        /// Who may watch it. `link` makes a new link where there is none; `room` is for recordings only.
        #[serde(default)]
        #[ts(optional)]
        audience: Option<Audience>,
        /// Its chapters, all of them.
        #[serde(default)]
        #[ts(optional)]
        chapters: Option<Vec<Chapter>>,
        /// Make a new link in place of the old one, which lets in nobody any more.
        #[serde(default)]
        #[ts(optional, as = "Option<bool>")]
        new_link: bool,
    }

    /// How far somebody has watched a film.
    struct Watched {
        /// Where they are, in milliseconds of media time.
        #[ts(type = "number")]
        position_ms: u64,
        /// They have come to its end: it counts as seen from then on.
        #[serde(default)]
        #[ts(optional, as = "Option<bool>")]
        seen: bool,
    }

    /// The films that are shared in a dialog, the newest first.
    struct DialogVideos {
        /// Which.
        videos: Vec<DialogVideo>,
        /// Whether there are older ones; ask with `before` the last one's position.
        more: bool,
    }

    /// A film that is shared in a dialog.
    struct DialogVideo {
        /// The film.
        video: Video,
        /// The message that carries it.
        #[ts(type = "number")]
        position: u64,
        /// When it was shared, milliseconds since the Unix epoch.
        #[ts(type = "number")]
        shared_ms: u64,
    }

    /// What one's films take.
    struct Storage {
        /// In bytes, with what is on its way.
        #[ts(type = "number")]
        used_bytes: u64,
        /// In bytes.
        #[ts(type = "number")]
        max_bytes: u64,
        /// The largest file that is taken, in bytes.
        #[ts(type = "number")]
        upload_max_bytes: u64,
    }

    /// One's uploads that are not whole yet, the newest first.
    struct Uploads {
        /// Which.
        uploads: Vec<Upload>,
    }

    /// A film on its way to the server.
    struct Upload {
        /// Which. Its address is `/api/uploads/{id}`.
        id: UploadId,
        /// The film that it becomes.
        video: VideoId,
        /// What its file is called.
        name: String,
        /// How many bytes it has.
        #[ts(type = "number")]
        bytes: u64,
        /// How many of them are here.
        #[ts(type = "number")]
        received_bytes: u64,
        /// In which dialog it will be said.
        dialog: Option<SpaceId>,
        /// Until when it may be gone on with, milliseconds since the Unix epoch; each part that comes makes it later.
        #[ts(type = "number")]
        expires_ms: u64,
    }

    /// An image that was sent, to be carried by a message.
    struct SentImage {
        /// Which.
        image: ImageId,
        /// Width, in pixels.
        width: u32,
        /// Height, in pixels.
        height: u32,
        /// A tiny one, to be shown blurred: a `data:` URL.
        tiny: String,
        /// Whether it moves.
        moving: bool,
    }

    /// Somebody with an account, as whoever asks may see them.
    struct PersonPage {
        /// Who.
        profile: Profile,
        /// Their room.
        room: Option<SpaceId>,
        /// Whether they are live in it.
        live: bool,
        /// How whoever asks stands to them.
        relation: Relation,
    }

    /// How somebody stands to somebody else.
    struct Relation {
        /// It is oneself.
        me: bool,
        /// They are friends.
        friends: bool,
        /// One has asked them to be friends.
        asked: bool,
        /// They have asked one to be friends.
        asks: bool,
        /// One follows them.
        follows: bool,
        /// One has blocked them.
        blocked: bool,
    }

    /// The chat of a film, in order of media time.
    struct MediaMessages {
        /// The messages; `media_ms` of each is the time in the film.
        messages: Vec<Message>,
        /// Whether there are later ones; ask with `after_ms` and `after_position` of the last one.
        more: bool,
    }

    /// A page of the audit log, newest first.
    struct AuditPage {
        /// Its lines.
        entries: Vec<AuditEntry>,
        /// Whether there are older ones; ask with `before` the last one's number.
        more: bool,
    }

    /// Reports, newest first.
    struct Reports {
        /// Which.
        reports: Vec<Report>,
        /// Whether there are older ones.
        more: bool,
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
