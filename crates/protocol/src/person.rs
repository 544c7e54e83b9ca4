//! What is said about oneself: commands, and events.

use crate::conversation::Message;
use crate::dialogs;
use crate::host_visits;
use crate::ids::{SpaceId, UserId, VideoId};
use crate::limits::LimitName;
use crate::live_rooms::About;
use crate::people::{Me, Profile};
use crate::videos::Video;
use serde::{Deserialize, Serialize};

/// What a client may do about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PersonCommand {
    /// Block somebody: they can't mention, invite, message or ring you, and aren't told.
    Block {
        /// Whom.
        user: UserId,
    },
    /// Take the block back.
    Unblock {
        /// Whom.
        user: UserId,
    },
    /// Follow somebody with an account: be told when they go live.
    Follow {
        /// Whom.
        user: UserId,
    },
    /// Follow them no more.
    Unfollow {
        /// Whom.
        user: UserId,
    },
    /// Ask somebody with an account to be friends; of somebody who has asked it is the yes.
    Befriend {
        /// Whom.
        user: UserId,
    },
    /// Be friends no more; of somebody who has asked it is the no, of somebody asked it takes that back. They aren't told.
    Unfriend {
        /// Whom.
        user: UserId,
    },
}

/// What happens to oneself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ts_rs::TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PersonEvent {
    /// What one knows of oneself has changed, on whichever device.
    Me {
        /// All of it.
        me: Me,
    },
    /// Somebody mentioned you, or answered you.
    Mentioned {
        /// Where.
        space: SpaceId,
        /// The message.
        message: Message,
    },
    /// Somebody wishes to be friends.
    FriendAsked {
        /// Who.
        by: Profile,
    },
    /// Somebody you asked has said yes.
    FriendAccepted {
        /// Who.
        by: Profile,
    },
    /// Somebody you follow went live.
    WentLive {
        /// Where.
        space: SpaceId,
        /// Who.
        host: Profile,
        /// What the room says of itself.
        about: About,
        /// Since when, milliseconds since the Unix epoch.
        #[ts(type = "number")]
        since_ms: u64,
    },
    /// Something was said in a dialog, somebody came into it or left it, or one read on another device.
    Dialog {
        /// How it stands for oneself.
        dialog: Box<dialogs::Dialog>,
    },
    /// One is in a dialog no more.
    DialogGone {
        /// Which.
        dialog: SpaceId,
    },
    /// A film of one's own stands differently: its conversion goes on, it can be played, it failed.
    Video {
        /// All of it.
        video: Box<Video>,
    },
    /// A film was deleted that was one's own, or shared in a dialog of one's own.
    VideoGone {
        /// Which.
        video: VideoId,
    },
    /// Another host asks for a visit.
    VisitInvitation {
        /// All of it.
        invitation: host_visits::Invitation,
    },
    /// It can't be answered any more.
    VisitInvitationOver {
        /// Which.
        visit: crate::ids::VisitId,
        /// What became of it.
        state: host_visits::InvitationState,
    },
    /// A limit on what you receive was met, and something was folded.
    Folded {
        /// Which limit.
        limit: LimitName,
    },
}
