//! What a machine wants done. The server interprets it, in one place.

use hearth_protocol::conversation::Message;
use hearth_protocol::dialogs::{Dialog, Keeping};
use hearth_protocol::discussion_groups::Content;
use hearth_protocol::host_visits::{Invitation, InvitationState};
use hearth_protocol::ids::{ConnectionId, LegId, SpaceId, TrackId, UserId, VideoId, VisitId};
use hearth_protocol::live_rooms::{About, Broadcast, EndReason};
use hearth_protocol::media::{LayerPreference, Source, SourceOfMid, Track, Via};
use hearth_protocol::moderation::Report;
use hearth_protocol::people::{Me, Profile};
use hearth_protocol::space::Sanction;
use hearth_protocol::videos::Video;
use hearth_protocol::{Event, Outcome, PersonEvent, Rejection, Resume};
use serde::{Deserialize, Serialize};

use crate::input::{RequestId, Time};
use crate::{discussion_groups, host_visits};

/// A write waiting to be committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WriteId(pub u64);

/// What a machine wants done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Answer a command.
    Reply {
        /// Which.
        request: RequestId,
        /// With what.
        result: Result<Outcome, Rejection>,
    },
    /// Answer a connecting device: who its user is, and where the personal stream stands.
    Welcome {
        /// Which.
        request: RequestId,
        /// Who.
        me: Me,
        /// The stream.
        stream: Resume,
        /// Whether the missed events follow.
        resumed: bool,
    },
    /// From now on the connection gets what is sent to everyone.
    Attach {
        /// Which.
        connection: ConnectionId,
    },
    /// From now on it gets nothing.
    Detach {
        /// Which.
        connection: ConnectionId,
    },
    /// Send an event.
    Send {
        /// To whom.
        to: To,
        /// The stream's sequence number.
        seq: u64,
        /// What.
        event: Payload,
    },
    /// Store something. Reported back as `Stored` with the same number, after the commit.
    Store {
        /// Its number.
        write: WriteId,
        /// What.
        what: Write,
    },
    /// Tell the media engine.
    Media {
        /// About which leg.
        leg: LegId,
        /// What.
        order: MediaOrder,
    },
    /// Wake the machine at a moment; replaces an earlier setting of the same timer.
    SetTimer {
        /// Which.
        timer: Timer,
        /// When.
        at: Time,
    },
    /// Don't wake it.
    CancelTimer {
        /// Which.
        timer: Timer,
    },
    /// Tell a person's machine, if it is awake anywhere (what must not be lost is stored besides).
    Tell {
        /// Whom.
        user: UserId,
        /// What.
        what: Tell,
    },
    /// Tell another space's machine, waking it if it sleeps. What must not be lost is stored besides.
    TellSpace {
        /// Which.
        space: SpaceId,
        /// What.
        what: SpaceTell,
    },
    /// What is packaged for the crowd (HLS), and whether it is recorded: desired state, an older generation never replaces
    /// a newer. `None`: nothing.
    Package {
        /// Of this setting.
        generation: u64,
        /// What.
        what: Option<Packaged>,
    },
    /// A broadcast began: whoever follows the host shall hear of it.
    Announce {
        /// Who.
        host: Profile,
        /// What the room says of itself.
        about: About,
        /// Since when.
        since: Time,
    },
    /// What the directory of live rooms shall say of this space from now on.
    List {
        /// All of it.
        listing: Listing,
    },
    /// Nothing keeps this machine awake: it may be dropped, and opened anew from the store.
    Sleep,
}

/// Who gets an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum To {
    /// Every attached connection.
    Everyone,
    /// These connections.
    Connections(Vec<ConnectionId>),
}

/// An event of either machine's stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// Of a space.
    Space(Event),
    /// Of a person.
    Person(PersonEvent),
}

/// What is packaged for the crowd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packaged {
    /// Which of the room's broadcasts.
    pub number: u64,
    /// When it began.
    pub since: Time,
    /// The host's publisher leg; `None`: it is interrupted, and may come back.
    pub leg: Option<LegId>,
    /// By what way it comes in.
    pub via: Via,
    /// What comes by it.
    pub tracks: Vec<Track>,
    /// Whether it is recorded.
    pub record: bool,
    /// Whether anybody may watch, without being asked who they are.
    pub open: bool,
}

/// What is to be stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    /// A message at the end of the space's conversation.
    Message {
        /// All of it.
        message: Message,
    },
    /// A message's text goes; its place stays.
    DeleteMessage {
        /// Which.
        position: u64,
        /// By whom.
        by: UserId,
    },
    /// A message has other words.
    MessageEdited {
        /// Which.
        position: u64,
        /// Its words.
        text: String,
        /// When.
        at: Time,
    },
    /// By a dialog: it is called something else.
    DialogTitle {
        /// What.
        title: String,
    },
    /// By a dialog: somebody is in it.
    DialogJoined {
        /// Who.
        user: UserId,
        /// When.
        at: Time,
    },
    /// By a dialog: somebody is in it no more.
    DialogLeft {
        /// Who.
        user: UserId,
        /// When.
        at: Time,
    },
    /// By a dialog: what somebody has made of it for themselves.
    DialogKept {
        /// Who.
        user: UserId,
        /// What.
        keeping: Keeping,
    },
    /// How far somebody has read.
    ReadPosition {
        /// Who.
        user: UserId,
        /// How far.
        position: u64,
    },
    /// What a room says of itself.
    About {
        /// All of it.
        about: About,
    },
    /// Seconds of slow mode.
    SlowMode {
        /// Seconds; 0 is off.
        interval_s: u32,
        /// By whom.
        by: UserId,
    },
    /// A mute or a ban.
    Sanction {
        /// All of it.
        sanction: Sanction,
    },
    /// The end of a mute or a ban.
    ClearSanction {
        /// Whose.
        user: UserId,
        /// By whom.
        by: UserId,
    },
    /// A moderator appointed or dismissed.
    Moderator {
        /// Whom.
        user: UserId,
        /// Appointed or dismissed.
        appointed: bool,
        /// By whom.
        by: UserId,
    },
    /// A broadcast began.
    BroadcastStarted {
        /// Which of the room's broadcasts, from 1.
        number: u64,
        /// When.
        at: Time,
    },
    /// A broadcast ended.
    BroadcastEnded {
        /// Which.
        number: u64,
        /// When.
        at: Time,
        /// Why.
        reason: EndReason,
    },
    /// The person blocks somebody.
    Block {
        /// Whom.
        user: UserId,
    },
    /// The person blocks somebody no more.
    Unblock {
        /// Whom.
        user: UserId,
    },
    /// The person follows somebody.
    Follow {
        /// Whom.
        user: UserId,
    },
    /// The person asks somebody to be friends, or says yes to one who has asked; answered by
    /// [`crate::person::NOW_FRIENDS`] in that case.
    Befriend {
        /// Whom.
        user: UserId,
    },
    /// The person is friends with somebody no more, or is not to become it.
    Unfriend {
        /// Whom.
        user: UserId,
    },
    /// The person follows somebody no more.
    Unfollow {
        /// Whom.
        user: UserId,
    },
    /// Whether the room's broadcasts are recorded.
    Recording {
        /// Whether.
        wanted: bool,
        /// By whom.
        by: UserId,
    },
    /// Somebody was put out, and may come back: for the audit log alone.
    Removed {
        /// Whom.
        user: UserId,
        /// By whom.
        by: UserId,
    },
    /// A report to the moderators.
    Report {
        /// All of it.
        report: Box<Report>,
    },
    /// By a live room: somebody confirms that they are in a group. The first brings it about.
    GroupConfirmed {
        /// Which.
        group: SpaceId,
        /// Who asked.
        primary: Profile,
        /// What the group is bound to, if it is brought about.
        content: Content,
        /// Who confirms.
        member: Profile,
        /// When.
        at: Time,
    },
    /// By a group: somebody is in it no more. It ends with the last.
    GroupLeft {
        /// Who.
        user: UserId,
        /// When.
        at: Time,
    },
    /// By a group: it is somebody else's.
    GroupOwner {
        /// Whose.
        user: UserId,
    },
    /// By a group: it is bound to something else.
    GroupContent {
        /// To what.
        content: Content,
    },
    /// By a group, or by the live room that it is bound to: it ends, and is archived for its members.
    GroupEnded {
        /// Which.
        group: SpaceId,
        /// When.
        at: Time,
        /// By whom, if by a moderator of the live room.
        by: Option<UserId>,
    },
    /// Something for the ledger of host visits.
    Visit {
        /// What.
        entry: host_visits::Entry,
    },
}

/// What the media engine shall do with a leg.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaOrder {
    /// Open a publisher leg.
    OpenPublish {
        /// The client's offer.
        offer: String,
        /// What its m-lines carry.
        sources: Vec<SourceOfMid>,
    },
    /// Open a publisher leg without a peer: its media comes by another way than WebRTC.
    OpenFeed {
        /// What comes.
        sources: Vec<Source>,
    },
    /// Open a subscriber leg for which the client makes the offer (WHEP).
    OpenPlay {
        /// The client's offer.
        offer: String,
    },
    /// The peer of a leg that it offered itself has further candidates.
    Trickle {
        /// As SDP attributes, without `a=`.
        candidates: Vec<String>,
    },
    /// The peer of a leg that it offered itself restarts ICE. Answered by `Restarted`.
    Restart {
        /// Its new user name fragment.
        ufrag: String,
        /// Its new password.
        pwd: String,
    },
    /// Open a subscriber leg.
    OpenSubscribe,
    /// What a subscriber leg shall receive: desired state, an older generation never replaces a newer.
    Route {
        /// Of this setting.
        generation: u64,
        /// These publisher legs.
        hears: Vec<LegId>,
    },
    /// What of a publisher leg reaches nobody: desired state, an older generation never replaces a newer. A new leg's is
    /// nothing.
    Mute {
        /// Of this setting.
        generation: u64,
        /// What its tracks show.
        sources: Vec<Source>,
    },
    /// A client's answer to an offer.
    Answer {
        /// Of which offer.
        generation: u32,
        /// The SDP.
        sdp: String,
    },
    /// What a subscriber wants of a track.
    Prefer {
        /// Which track.
        track: TrackId,
        /// What.
        layer: LayerPreference,
    },
    /// Close the leg.
    Close,
}

/// What wakes a machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// A member without a connection did not come back.
    MemberGone(UserId),
    /// A timed mute ends.
    MuteEnds(UserId),
    /// The number of members may be told again.
    AudienceDue,
    /// The publisher did not come back, or its media never arrived.
    PublisherLost,
    /// A guest of the stage did not come back, or their media never arrived.
    GuestLost(UserId),
    /// Somebody who was asked onto the stage did not answer.
    StageAskExpires(UserId),
    /// The moderators may be told again who wants to be on the stage.
    StageRequestsDue,
    /// The media engine did not answer an offer, or a restart.
    MediaUnanswered(LegId),
    /// Invitations of somebody into a group were not answered, or need not be remembered any longer.
    GroupInvitations(UserId),
    /// Nothing goes on in the group.
    GroupIdle,
    /// The group's owner did not come back.
    GroupOwnerGone,
    /// Whether the group goes to something else is decided.
    GroupMoves,
    /// An invitation to visit was not answered.
    VisitInvitationExpires(VisitId),
    /// The inviting room did not say whether an acceptance still counts.
    VisitUnconfirmed(VisitId),
    /// A visit that was announced begins.
    VisitBegins(VisitId),
    /// A visit's time is over.
    VisitEnds(VisitId),
    /// The other room of a visit is to hear that this one is there.
    VisitAlive(VisitId),
    /// The other room of a visit has said nothing for too long.
    VisitLost(VisitId),
    /// Nobody is here any more.
    Idle,
}

/// What a machine tells a person's machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tell {
    /// Somebody they follow went live.
    WentLive {
        /// Where.
        space: SpaceId,
        /// Who.
        host: Profile,
        /// What the room says of itself.
        about: About,
        /// Since when.
        since: Time,
    },
    /// Somebody mentioned or answered them.
    Mentioned {
        /// Where.
        space: SpaceId,
        /// The message.
        message: Box<Message>,
    },
    /// Somebody has asked them to be friends, or has said yes.
    Befriended {
        /// Who.
        by: Profile,
        /// Whether they are friends now.
        friends: bool,
    },
    /// Somebody is no friend of theirs any more, nor to become one.
    Unfriended {
        /// Who.
        by: UserId,
    },
    /// How a dialog that they are in stands for them.
    Dialog {
        /// All of it.
        dialog: Box<Dialog>,
    },
    /// They are in a dialog no more.
    DialogGone {
        /// Which.
        dialog: SpaceId,
    },
    /// How a film of theirs stands.
    Video {
        /// All of it.
        video: Box<Video>,
    },
    /// A film was deleted that was theirs, or shared in a dialog of theirs.
    VideoGone {
        /// Which.
        video: VideoId,
    },
    /// Another host asks them for a visit.
    VisitInvitation {
        /// All of it.
        invitation: Box<Invitation>,
    },
    /// It can't be answered any more.
    VisitInvitationOver {
        /// Which.
        visit: VisitId,
        /// What became of it.
        state: InvitationState,
    },
}

/// What a space's machine tells another's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpaceTell {
    /// About discussion groups: between a live room and the groups that are bound to it.
    Groups {
        /// What.
        what: discussion_groups::Tell,
    },
    /// About host visits: between two live rooms.
    Visits {
        /// What.
        what: host_visits::Tell,
    },
}

/// What the directory says of a live room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    /// Whose.
    pub host: Profile,
    /// What it says of itself.
    pub about: About,
    /// Where its broadcast stands.
    pub broadcast: Broadcast,
    /// Members.
    pub audience: u32,
    /// Whether the host is promised: visits, is visited, or is about to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub promised: bool,
}
