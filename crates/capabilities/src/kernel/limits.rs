//! What a client can make grow, and how far. The limits a client meets by value are in [`hearth_protocol::limits`].

use hearth_protocol::Rejection;
use hearth_protocol::limits::LimitName;

use super::rate::Rate;

/// Members of a space. Its host may come in besides.
pub const MEMBERS_MAX: usize = 10_000;
/// Connections by which one member may be in a space.
pub const CONNECTIONS_PER_MEMBER_MAX: usize = 8;
/// How long a member without a connection stays a member, in milliseconds.
pub const MEMBER_GRACE_MS: u64 = 15_000;
/// The least time between two words about the size of the audience, in milliseconds.
pub const AUDIENCE_EVERY_MS: u64 = 1_000;

/// Events a stream keeps to replay them.
pub const STREAM_EVENTS_MAX: usize = 1_024;
/// Bytes of events a stream keeps to replay them, estimated.
pub const STREAM_BYTES_MAX: usize = 1024 * 1024;

/// Messages a space keeps at hand.
pub const RECENT_MESSAGES_MAX: usize = 200;
/// Messages that come with a snapshot.
pub const SNAPSHOT_MESSAGES_MAX: usize = 50;
/// Nonces of stored messages a space keeps at hand; the store knows the older ones.
pub const NONCES_MAX: usize = 1_024;
/// Mentions of a message.
pub const MENTIONS_MAX: usize = 10;
/// Messages of a space waiting to be stored.
pub const MESSAGES_IN_FLIGHT_MAX: usize = 4_096;
/// Repeats of one message that wait together for it to be stored.
pub const REPEATS_WAITING_MAX: usize = 8;
/// Other changes of a space or person waiting to be stored.
pub const CHANGES_IN_FLIGHT_MAX: usize = 1_024;
/// Authors whose pace is remembered.
pub const AUTHORS_MAX: usize = 16_384;
/// How fast a viewer may send messages.
pub const VIEWER_MESSAGE_RATE: Rate = Rate { burst: 5, per_s: 1 };
/// How fast a host or moderator may send messages.
pub const MODERATOR_MESSAGE_RATE: Rate = Rate { burst: 20, per_s: 4 };
/// The least time between two writes of how far a member has read, in milliseconds; and once when they go.
pub const READ_POSITION_EVERY_MS: u64 = 30_000;

/// Muted and banned people of a space.
pub const SANCTIONS_MAX: usize = 1_000;
/// Moderators of a room.
pub const MODERATORS_MAX: usize = 100;

/// Subscriber legs of a space.
pub const MEDIA_LEGS_MAX: usize = 10_000;
/// Tracks of a publisher.
pub const TRACKS_MAX: usize = 8;
/// The longest `a=mid`, in bytes (RFC 8843 asks for short ones; RFC 9143 carries them in a header extension).
pub const MID_MAX_BYTES: usize = 16;
/// Players of a space that are no members (WHEP).
pub const PLAYERS_MAX: usize = 1_000;
/// Candidates that a peer may tell at a time.
pub const CANDIDATES_MAX: usize = 32;
/// The longest candidate, user name fragment or password of a peer, in bytes (RFC 8839, section 5, allows 256 for the latter).
pub const ICE_ATTRIBUTE_MAX_BYTES: usize = 256;
/// How fast the encoders of a room may open legs.
pub const ENCODER_RATE: Rate = Rate { burst: 10, per_s: 1 };
/// How long a stream key is refused after the host has ended what came by it, in milliseconds.
///
/// An encoder comes back by itself as long as it runs; the host shall have the time to stop it.
pub const ENDED_KEY_MS: u64 = 30_000;
/// How long somebody who was asked onto the stage has to answer, in milliseconds.
pub const STAGE_ANSWER_MS: u64 = 60_000;
/// The least time between two words to the moderators about who wants to be on the stage, in milliseconds.
pub const STAGE_REQUESTS_EVERY_MS: u64 = 1_000;
/// How often something of a publisher may be turned off and on.
pub const MUTE_RATE: Rate = Rate { burst: 10, per_s: 2 };
/// Members of a group who speak, or show themselves, at a time.
pub const GROUP_SEATS_MAX: usize = 25;
/// How fast one connection may open legs.
pub const NEGOTIATION_RATE: Rate = Rate { burst: 10, per_s: 1 };
/// How long the media engine may take to answer an offer, in milliseconds.
pub const MEDIA_ANSWER_MS: u64 = 5_000;
/// How long a publisher's media may take to arrive after the answer, in milliseconds.
pub const MEDIA_ARRIVAL_MS: u64 = 10_000;
/// How long a broadcast waits for its publisher to come back, in milliseconds.
pub const INTERRUPTION_MS: u64 = 15_000;

/// Hosts that one request for visits may go down.
pub const VISIT_QUEUE_MAX: usize = 20;
/// How long a host has to answer an invitation to visit, in milliseconds.
pub const VISIT_ANSWER_MS: u64 = 30_000;
/// How long the inviting room has to confirm an acceptance, in milliseconds.
pub const VISIT_CONFIRM_MS: u64 = 5_000;
/// Invitations to visit that one host may have open at a time; whoever comes later is told that they can't be asked.
pub const VISIT_INVITATIONS_MAX: usize = 3;
/// Answers to invitations that are remembered, so that a repeat is answered alike.
pub const VISIT_ANSWERS_MAX: usize = 8;
/// Repeats of one acceptance that wait together for the inviting room's word.
pub const VISIT_REPEATS_MAX: usize = 8;
/// How long the visitor's audience has to say that they stay, in milliseconds.
pub const VISIT_COUNTDOWN_MS: u64 = 10_000;
/// How often the two rooms of a visit say that they are there, in milliseconds.
pub const VISIT_ALIVE_MS: u64 = 10_000;
/// After how long without a word the other room of a visit counts as lost, in milliseconds.
pub const VISIT_LEASE_MS: u64 = 25_000;
/// The window of [`VISIT_REQUESTS_PER_HOUR_MAX`](hearth_protocol::limits::VISIT_REQUESTS_PER_HOUR_MAX), in milliseconds.
pub const VISIT_REQUESTS_WINDOW_MS: u64 = 3_600_000;
/// How long a host who declined is not asked again by the same host, in milliseconds.
pub const VISIT_DECLINED_MS: u64 = 24 * 3_600_000;
/// Who is counted of one side of a visit; more are not told apart.
pub const VISIT_PEOPLE_MAX: usize = 20_000;

/// How long a machine that nothing keeps awake stays awake, in milliseconds.
pub const IDLE_MS: u64 = 60_000;

/// How fast somebody may ask who might be invited into a group.
pub const SUGGEST_RATE: Rate = Rate { burst: 5, per_s: 1 };
/// Open invitations into groups that somebody may have from others in a room; who asks them besides is told that they are
/// unavailable.
pub const GROUP_INVITATIONS_OF_INVITED_MAX: usize = 5;
/// People who have asked others into groups of a room and left it, of whom it is remembered whom they asked.
pub const GROUP_REQUESTS_GONE_MAX: usize = 1_000;
/// Commands that wait together for the same acceptance to be stored.
pub const GROUP_ANSWERS_WAITING_MAX: usize = 8;
/// People who left a group of whom it remembers since when they had been in it: an old word of the store brings nobody back.
pub const GROUP_LEFT_REMEMBERED_MAX: usize = 200;
/// How long nothing may go on in a group before it ends, in milliseconds.
pub const GROUP_IDLE_MS: u64 = 10 * 60_000;
/// How long after a failed write a group tries again to end, in milliseconds.
pub const GROUP_END_AGAIN_MS: u64 = 60_000;
/// How long members may think about going to something else together, in milliseconds.
pub const GROUP_MOVE_MS: u64 = 30_000;

/// Live connections of one user.
pub const CONNECTIONS_PER_USER_MAX: usize = 32;
/// People one user has blocked.
pub const BLOCKS_MAX: usize = 500;
/// The least time between two words to a person that the same host went live, in milliseconds.
pub const WENT_LIVE_EVERY_MS: u64 = 60_000;
/// Mentions a person is told of in [`MENTIONS_WINDOW_MS`]; more are folded.
pub const MENTIONS_PER_WINDOW_MAX: u32 = 20;
/// The window of [`MENTIONS_PER_WINDOW_MAX`], in milliseconds.
pub const MENTIONS_WINDOW_MS: u64 = 60_000;

/// The refusal of who goes past a limit where waiting does not help.
pub fn past(limit: LimitName, max: usize) -> Rejection {
    Rejection::Limit { limit, max: max as u64, retry_after_ms: None }
}

/// The refusal of who is too fast.
pub fn too_fast(limit: LimitName, rate: Rate, retry_after_ms: u64) -> Rejection {
    Rejection::Limit { limit, max: rate.burst, retry_after_ms: Some(retry_after_ms) }
}

/// The refusal of a field's value.
pub fn invalid(field: &str, reason: &str) -> Rejection {
    Rejection::Invalid { field: field.to_owned(), reason: reason.to_owned() }
}
