//! The limits that a client meets, each with its name.
//!
//! [`Rejection::Limit`](crate::Rejection::Limit) carries the name; one past each is tested where it is enforced.

use serde::{Deserialize, Serialize};

/// The longest message of a conversation, in Unicode scalar values.
pub const MESSAGE_MAX_CHARS: usize = 2_000;
/// The longest display name, in Unicode scalar values.
pub const DISPLAY_NAME_MAX_CHARS: usize = 40;
/// The longest account name, in bytes (ASCII letters, digits, `.`, `_`, `-`).
pub const ACCOUNT_NAME_MAX_BYTES: usize = 32;
/// The shortest password, in Unicode scalar values.
pub const PASSWORD_MIN_CHARS: usize = 8;
/// The longest password, in bytes: Argon2 is never asked to chew megabytes.
pub const PASSWORD_MAX_BYTES: usize = 512;
/// The longest room title, in Unicode scalar values.
pub const TITLE_MAX_CHARS: usize = 120;
/// The longest room rules, in Unicode scalar values.
pub const RULES_MAX_CHARS: usize = 2_000;
/// The most tags of a room.
pub const TAGS_MAX: usize = 8;
/// The longest tag or category, in Unicode scalar values.
pub const TAG_MAX_CHARS: usize = 32;
/// The largest frame a client may send over the WebSocket, in bytes. An SDP offer is the largest honest one.
pub const FRAME_MAX_BYTES: usize = 96 * 1024;
/// The largest SDP, in bytes.
pub const SDP_MAX_BYTES: usize = 64 * 1024;
/// The most spaces one connection may be in at a time.
pub const SPACES_PER_CONNECTION_MAX: usize = 8;
/// The longest slow-mode interval, in seconds.
pub const SLOW_MODE_MAX_S: u32 = 3_600;
/// The longest timed mute, in seconds (30 days).
pub const MUTE_MAX_S: u32 = 30 * 24 * 3_600;
/// The longest client-chosen nonce of a message, in bytes.
pub const NONCE_MAX_BYTES: usize = 40;
/// The most messages one read of a conversation returns.
pub const HISTORY_PAGE_MAX: usize = 100;
/// The most people on a stage beside the host.
pub const STAGE_GUESTS_MAX: usize = 8;
/// The most raised hands of a room.
pub const HANDS_MAX: usize = 100;
/// The most people one user follows.
pub const FOLLOWS_MAX: usize = 1_000;
/// Friends of one user.
pub const FRIENDS_MAX: usize = 1_000;
/// Friends whom one has asked and who have not answered.
pub const FRIENDS_ASKED_MAX: usize = 50;
/// People found in one answer.
pub const PEOPLE_FOUND_MAX: usize = 20;
/// The most stream keys of a room.
pub const STREAM_KEYS_MAX: usize = 10;
/// The longest reason of a report, in Unicode scalar values.
pub const REASON_MAX_CHARS: usize = 500;
/// The most open reports of one person.
pub const OPEN_REPORTS_MAX: usize = 20;
/// The largest cover picture, in bytes.
pub const COVER_MAX_BYTES: usize = 2 * 1024 * 1024;
/// The longest side of a cover picture, in pixels.
pub const COVER_MAX_PX: u32 = 4_096;
/// The most videos one read returns.
pub const VIDEOS_PAGE_MAX: usize = 50;
/// The most lines of the audit log, or reports, one read returns.
pub const AUDIT_PAGE_MAX: usize = 100;
/// The most members one page of the people list returns.
pub const MEMBERS_PAGE_MAX: usize = 100;
/// Invitations into a discussion group that one may have open at a time.
pub const GROUP_INVITATIONS_MAX: usize = 20;
/// Members of a group.
pub const GROUP_MEMBERS_MAX: usize = 50;
/// People whom one has asked into groups of one room, open or not, in [`GROUP_INVITATIONS_WINDOW_MS`].
pub const GROUP_INVITATIONS_WINDOW_MAX: usize = 60;
/// The window of [`GROUP_INVITATIONS_WINDOW_MAX`], in milliseconds; who declined is not asked again by the same user within it.
pub const GROUP_INVITATIONS_WINDOW_MS: u64 = 10 * 60_000;
/// How long an invitation into a group can be answered, in milliseconds.
pub const GROUP_INVITATION_MS: u64 = 60_000;
/// Groups that are bound to one live room.
pub const GROUPS_OF_ROOM_MAX: usize = 500;
/// Suggestions of people to invite that one answer holds.
pub const GROUP_SUGGESTIONS_MAX: usize = 50;
/// Interests of a user.
pub const INTERESTS_MAX: usize = 12;
/// An interest, in characters.
pub const INTEREST_MAX_CHARS: usize = 32;
/// Hosts that one request for visits may want.
pub const VISIT_HOSTS_MAX: u32 = 5;
/// What is offered for a visit, in characters.
pub const OFFER_MAX_CHARS: usize = 200;
/// The shortest visit, in seconds.
pub const VISIT_MIN_S: u32 = 60;
/// The longest visit, in seconds.
pub const VISIT_MAX_S: u32 = 4 * 3_600;
/// Requests for visits of one host in an hour.
pub const VISIT_REQUESTS_PER_HOUR_MAX: u32 = 3;
/// People in a dialog.
pub const DIALOG_MEMBERS_MAX: usize = 20;
/// Dialogs of more than two that one person may begin in an hour.
pub const DIALOGS_PER_HOUR_MAX: u32 = 20;
/// Dialogs in one answer.
pub const DIALOGS_PAGE_MAX: usize = 50;
/// Dialogs that somebody may pin.
pub const DIALOGS_PINNED_MAX: usize = 10;
/// Unread messages are counted so far.
pub const UNREAD_MAX: u32 = 100;
/// How long somebody counts as writing, in milliseconds.
pub const TYPING_MS: u64 = 6_000;
/// Found messages in one answer.
pub const FOUND_MESSAGES_MAX: usize = 50;
/// Unicode scalar values of a search.
pub const SEARCH_MAX_CHARS: usize = 100;

/// Bytes of a film that is uploaded: the most that a configuration may allow.
pub const UPLOAD_MAX_BYTES: u64 = 68_719_476_736;
/// Films of one person on their way to the server at a time.
pub const UPLOADS_MAX: usize = 20;
/// Bytes of a file's name.
pub const FILE_NAME_MAX_BYTES: usize = 255;
/// Bytes of an image that is sent.
pub const IMAGE_MAX_BYTES: usize = 20 << 20;
/// Images of one person that were sent to dialogs, but not said in them.
pub const IMAGES_UNSAID_MAX: usize = 50;
/// Chapters of a film.
pub const CHAPTERS_MAX: usize = 200;
/// Subtitles of a film, those that came with it among them.
pub const SUBTITLES_MAX: usize = 64;
/// Bytes of one file of subtitles.
pub const SUBTITLES_MAX_BYTES: usize = 2 << 20;
/// Shared films of a dialog in one answer.
pub const DIALOG_VIDEOS_MAX: usize = 50;

/// The name of a limit, as a client may show it and a program may branch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitName {
    /// Unicode scalar values in a message.
    MessageChars,
    /// Messages a member may send in a short time.
    MessageRate,
    /// Messages of one space waiting to be stored.
    MessagesInFlight,
    /// Commands a connection may send in a short time.
    CommandRate,
    /// Bytes in a frame.
    FrameBytes,
    /// Bytes in an SDP.
    SdpBytes,
    /// Unicode scalar values in a display name.
    DisplayNameChars,
    /// Unicode scalar values in a title.
    TitleChars,
    /// Unicode scalar values in a room's rules.
    RulesChars,
    /// Tags of a room.
    Tags,
    /// Unicode scalar values in a tag or category.
    TagChars,
    /// Members of a space.
    Members,
    /// Connections one member may have in a space.
    ConnectionsPerMember,
    /// Spaces a connection may be in.
    SpacesPerConnection,
    /// Live connections of one user.
    ConnectionsPerUser,
    /// Sockets of one address.
    SocketsPerAddress,
    /// Sign-in attempts.
    SignInAttempts,
    /// Guests made by one address in a while.
    GuestsPerAddress,
    /// Moderators of a room.
    Moderators,
    /// Banned or muted people of a room.
    Sanctions,
    /// Seconds of slow mode.
    SlowModeSeconds,
    /// Seconds of a mute.
    MuteSeconds,
    /// People one user has blocked.
    Blocks,
    /// Guest links of a room.
    GuestLinks,
    /// Media legs of a space.
    MediaLegs,
    /// Media negotiations in a short time.
    MediaNegotiations,
    /// Tracks of a publisher.
    Tracks,
    /// People on a stage beside the host.
    StageGuests,
    /// Raised hands.
    Hands,
    /// Players of a room that are no members (WHEP).
    Players,
    /// People one user follows.
    Follows,
    /// Friends, or those whom one has asked.
    Friends,
    /// Stream keys of a room.
    StreamKeys,
    /// Open reports of one person.
    Reports,
    /// Unicode scalar values in a report's reason.
    ReasonChars,
    /// Connections of encoders.
    Encoders,
    /// Bytes of a cover picture.
    CoverBytes,
    /// Pixels of a side of a cover picture.
    CoverPixels,
    /// Invitations into a group that are open.
    GroupInvitations,
    /// Members of a group.
    GroupMembers,
    /// Groups that are bound to a live room.
    Groups,
    /// Interests of a user.
    Interests,
    /// Characters of an interest.
    InterestChars,
    /// Hosts that one request for visits wants.
    VisitHosts,
    /// Requests for visits in an hour.
    VisitRequests,
    /// Seconds that a visit lasts.
    VisitSeconds,
    /// Characters of what is offered for a visit.
    OfferChars,
    /// People in a dialog.
    DialogMembers,
    /// Dialogs begun in an hour.
    Dialogs,
    /// Dialogs that are pinned.
    DialogsPinned,
    /// Characters of a search.
    SearchChars,
    /// Bytes of a film.
    UploadBytes,
    /// Films of one person on their way.
    Uploads,
    /// Bytes of all films of one person.
    StorageBytes,
    /// Bytes of a file's name.
    FileNameBytes,
    /// Bytes of an image.
    ImageBytes,
    /// Images that were sent but not said.
    Images,
    /// Chapters of a film.
    Chapters,
    /// Subtitles of a film.
    Subtitles,
    /// Bytes of a file of subtitles.
    SubtitleBytes,
}
