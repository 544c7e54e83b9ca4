//! Discussion groups: people in a live room who talk among themselves while the stream plays.
//!
//! What is said in the live room (suggestions, invitations, answers) and what is said in the group itself, which is a space
//! of its own, bound to what its members watch.

use crate::ids::{InvitationId, SpaceId, UserId, VideoId};
use crate::people::Profile;
use serde::{Deserialize, Serialize};

/// What a group watches together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// A live room.
    LiveRoom {
        /// Which.
        room: SpaceId,
        /// Whose.
        host: Profile,
        /// Its title.
        title: String,
    },
    /// A video.
    Video {
        /// Which.
        video: VideoId,
        /// Its title.
        title: String,
    },
}

/// To what a member wants to take the group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Destination {
    /// To a live room.
    LiveRoom {
        /// Which.
        room: SpaceId,
    },
    /// To a video.
    Video {
        /// Which.
        video: VideoId,
    },
}

/// By what people are suggested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SuggestedBy {
    /// Friends, and those whom one follows.
    Friends,
    /// Interests that both have.
    Interests,
    /// What both wrote in this room, and to whom they replied.
    Comments,
}

/// Why somebody is suggested, or was invited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(rename = "GroupReason")]
#[schema(as = GroupReason)]
pub enum Reason {
    /// Picked by hand.
    Picked,
    /// Each follows the other.
    Friend,
    /// The one who asks follows them.
    Followed,
    /// Both have these interests.
    Interests {
        /// Which, the rarest in this room first.
        shared: Vec<String>,
    },
    /// Both wrote of these things.
    Comments {
        /// In words of their own, the weightiest first.
        terms: Vec<String>,
    },
    /// They answered each other in this room.
    Replies {
        /// How often.
        count: u32,
    },
}

/// Somebody who might be invited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Suggestion {
    /// Who.
    pub profile: Profile,
    /// Why, the strongest first; never empty.
    pub reasons: Vec<Reason>,
    /// How well they fit, in thousandths.
    pub score: u32,
}

/// What one wants of discussion groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[ts(rename = "GroupCommand")]
#[schema(as = GroupCommand)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Command {
    /// In a live room: who of those who are here might be invited. Answered by `suggestions`.
    Suggest {
        /// From these sources; none: from all.
        #[serde(default)]
        sources: Vec<SuggestedBy>,
    },
    /// In a live room: invites people who are here. Answered by `invited`; the first who accepts brings the group about.
    Invite {
        /// Whom.
        users: Vec<UserId>,
    },
    /// In a live room: takes back all of one's invitations that were not answered.
    Withdraw,
    /// In a live room: answers an invitation. Accepting is answered by `group_joined`, when it is stored.
    Answer {
        /// Which.
        invitation: InvitationId,
        /// Yes or no.
        accept: bool,
    },
    /// In a live room, for moderators: which groups there are. Answered by `groups`.
    List,
    /// In a live room, for moderators: ends a group that is bound to it. In a group, for its owner: ends it.
    Dissolve {
        /// Which, in a live room.
        #[serde(default)]
        #[ts(optional = nullable)]
        group: Option<SpaceId>,
    },
    /// In a group: leaves it for good.
    Depart,
    /// In a group: asks all members to come along to something else.
    Move {
        /// To what.
        to: Destination,
    },
    /// In a group: whether one comes along.
    AnswerMove {
        /// Yes or no.
        accept: bool,
    },
}

/// What became of an invitation, or that nothing has yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "GroupInvitationState")]
#[schema(as = GroupInvitationState)]
pub enum InvitationState {
    /// Not answered yet.
    Open,
    /// Accepted: they are a member.
    Accepted,
    /// Declined.
    Declined,
    /// Not answered in time.
    Expired,
    /// They left the room before.
    Left,
    /// Taken back, or whoever invited left the room.
    Withdrawn,
}

/// An invitation, as the invited sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[ts(rename = "GroupInvitation")]
#[schema(as = GroupInvitation)]
pub struct Invitation {
    /// Which.
    pub id: InvitationId,
    /// By whom.
    pub by: Profile,
    /// Why oneself.
    pub reasons: Vec<Reason>,
    /// How many others were invited, or are members already.
    pub others: u32,
    /// Until when it can be answered.
    #[ts(type = "number")]
    pub until_ms: u64,
}

/// One of those whom somebody invited, as whoever invited sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[ts(rename = "GroupInvited")]
#[schema(as = GroupInvited)]
pub struct Invited {
    /// Who.
    pub profile: Profile,
    /// What became of it.
    pub state: InvitationState,
}

/// What somebody has asked for, as they see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[ts(rename = "GroupRequest")]
#[schema(as = GroupRequest)]
pub struct Request {
    /// Whom they invited, in that order.
    pub invited: Vec<Invited>,
    /// The group, once somebody has accepted.
    pub group: Option<SpaceId>,
    /// Until when the last of the invitations can be answered.
    #[ts(type = "number")]
    pub until_ms: u64,
}

/// Why somebody could not be invited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotInvited {
    /// They are not in the room.
    NotHere,
    /// They take no invitations, at least not this one. It is not told why.
    Unavailable,
    /// They are asked already.
    Asked,
    /// They are a member already.
    Member,
}

/// Somebody who could not be invited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Uninvited {
    /// Who.
    pub user: UserId,
    /// Why.
    pub reason: NotInvited,
}

/// A group, as the moderators of the live room it is bound to see it: that it exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct GroupHere {
    /// Which.
    pub group: SpaceId,
    /// How many members it has.
    pub members: u32,
    /// Since when.
    #[ts(type = "number")]
    pub since_ms: u64,
    /// How many reports of it are open.
    pub reports: u32,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct GroupMember {
    /// Who.
    pub profile: Profile,
    /// Whether they are connected now.
    pub here: bool,
    /// Since when they are a member.
    #[ts(type = "number")]
    pub since_ms: u64,
}

/// A wish to take the group to something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Proposal {
    /// Whose.
    pub by: Profile,
    /// To what.
    pub to: Content,
    /// Until when members answer.
    #[ts(type = "number")]
    pub until_ms: u64,
    /// Who comes along.
    pub accepted: Vec<UserId>,
    /// Who does not.
    pub declined: Vec<UserId>,
}

/// A group as its members see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct Group {
    /// Who may remove and dissolve.
    pub owner: UserId,
    /// All members, the longest-standing first.
    pub members: Vec<GroupMember>,
    /// What they watch; `None`: it is over, and nothing has taken its place, or one may not see it.
    pub content: Option<Content>,
    /// Whether there is something to see in it now: a broadcast that is on air, or a video.
    pub playing: bool,
    /// When the group ends by itself, because nothing goes on in it.
    #[ts(type = "number | null")]
    pub ends_ms: Option<u64>,
    /// Where a member wants to go; not told to who may not see it.
    pub proposal: Option<Proposal>,
    /// Since when there is the group.
    #[ts(type = "number")]
    pub since_ms: u64,
}

/// What happens about discussion groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[ts(rename = "GroupEvent")]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// In a live room, to who is invited.
    Invitation {
        /// All of it.
        invitation: Invitation,
    },
    /// In a live room, to who was invited: it can't be answered any more.
    InvitationOver {
        /// Which.
        invitation: InvitationId,
        /// What became of it.
        state: InvitationState,
    },
    /// In a live room, to who invited: what became of it so far.
    Request {
        /// All of it.
        request: Request,
    },
    /// In a live room, to a member of a group that is bound to it; `None`: of none any more.
    Yours {
        /// Which.
        group: Option<SpaceId>,
    },
    /// In a group: how it stands now.
    Group {
        /// All of it.
        group: Box<Group>,
    },
    /// In a group: these members go there now, together. Not told to who may not see it.
    Moved {
        /// To what.
        content: Content,
        /// Who.
        users: Vec<UserId>,
    },
}

/// A group of one's own, past or present.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct MyGroup {
    /// Which.
    pub id: SpaceId,
    /// Who are, or were, its members.
    pub members: Vec<Profile>,
    /// What it was bound to last, if one may see it.
    pub content: Option<Content>,
    /// Since when.
    #[ts(type = "number")]
    pub since_ms: u64,
    /// When it ended; `None`: it has not.
    #[ts(type = "number | null")]
    pub ended_ms: Option<u64>,
}
