//! A space: members, their conversation, and what kind of space it is.
//!
//! The machine takes an [`Input`] and gives [`Effect`]s. Commands are in `commands`, what moderators do in `moderation`,
//! what is reported to them in `reports`; the broadcast is in `broadcast`, the legs that make it in `publish`, who comes onto
//! the stage in `stage`, who watches in `legs`; what comes of writes in `stored`.
//! What all of them tell the members goes through the methods here.

mod broadcast;
mod commands;
mod dialogs;
mod groups;
mod legs;
mod moderation;
mod publish;
mod reports;
mod stage;
mod stored;
mod visits;

use hearth_protocol::conversation::Message;
use hearth_protocol::dialogs::Keeping;
use hearth_protocol::host_visits::EndReason as VisitEnd;
use hearth_protocol::ids::{ConnectionId, LegId, SpaceId, UserId};
use hearth_protocol::live_rooms::{About, EndReason};
use hearth_protocol::moderation::Report;
use hearth_protocol::people::Profile;
use hearth_protocol::space::{self as wire, RemovedReason, Role, Sanction, Snapshot, SpaceEndReason};
use hearth_protocol::{Event, Outcome, Rejection};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::dialogs::{self as dialog, Dialog, Participant};
use crate::discussion_groups::{self, Group, InRoom};
use crate::effect::{Effect, Listing, SpaceTell, Timer, Write};
use crate::host_visits;
use crate::input::{Input, RequestId, Standing, Time};
use crate::kernel::conversation::Conversation;
use crate::kernel::limits::{AUDIENCE_EVERY_MS, IDLE_MS, READ_POSITION_EVERY_MS, SNAPSHOT_MESSAGES_MAX};
use crate::kernel::media::Media;
use crate::kernel::members::{Member, Members};
use crate::kernel::players::Players;
use crate::kernel::sanctions::Sanctions;
use crate::kernel::stage::{Seat, Stage};
use crate::kernel::stream::Stream;
use crate::kernel::writes::Writes;
use crate::live_rooms::{LiveRoom, admission};

/// What the store knows of a space when it is opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Which.
    pub id: SpaceId,
    /// The name of this incarnation's stream.
    pub epoch: String,
    /// Whose room it is.
    pub host: Profile,
    /// What it says of itself.
    pub about: About,
    /// Who was appointed.
    pub moderators: Vec<Profile>,
    /// Who is muted or banned.
    pub sanctions: Vec<Sanction>,
    /// Seconds of slow mode.
    pub slow_mode_s: u32,
    /// The last position given in its conversation.
    pub last_position: u64,
    /// How many broadcasts there were.
    pub broadcasts: u64,
    /// The latest messages, oldest first.
    pub messages: Vec<Message>,
    /// Whether there are older ones.
    pub more_messages: bool,
    /// Whether broadcasts are recorded.
    #[serde(default)]
    pub recording_wanted: bool,
    /// For a live room: the discussion groups that are bound to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<discussion_groups::Bound>,
    /// For a dialog: what only a dialog has; its `host` is whoever began it, and nothing more than the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialog: Option<dialog::Record>,
    /// For a group: what only a group has; its `host` is its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<discussion_groups::Record>,
}

/// What kind of space it is, with what only that kind has.
#[derive(Debug)]
enum Kind {
    LiveRoom(Box<LiveRoom>),
    Group(Box<Group>),
    Dialog(Box<Dialog>),
}

impl Kind {
    fn live_room(&self) -> Option<&LiveRoom> {
        if let Self::LiveRoom(room) = self { Some(room) } else { None }
    }

    fn live_room_mut(&mut self) -> Option<&mut LiveRoom> {
        if let Self::LiveRoom(room) = self { Some(room) } else { None }
    }

    fn group(&self) -> Option<&Group> {
        if let Self::Group(group) = self { Some(group) } else { None }
    }
}

/// What waits for a write.
#[derive(Debug)]
enum Then {
    /// A message is said.
    Said(u64),
    /// A message is gone.
    Deleted(u64, RequestId),
    /// Slow mode is so many seconds.
    SlowMode(u32, RequestId),
    /// Somebody is muted or banned.
    Sanctioned(Sanction, RequestId),
    /// Somebody is no more.
    Cleared(UserId, Option<RequestId>),
    /// Somebody was appointed or dismissed.
    Appointed(Profile, bool, RequestId),
    /// The room says something else of itself.
    About(Box<About>, RequestId),
    /// Broadcasts are recorded, or are not.
    RecordingWanted(bool, RequestId),
    /// Somebody is put out, and may come back.
    PutOut(UserId, RequestId),
    /// Somebody has reported something.
    Reported(Box<Report>, RequestId),
    /// In a live room: somebody has accepted an invitation into a group; the invitation knows who waits.
    Confirmed(groups::Acceptance),
    /// In a live room: a moderator has ended a group.
    Dissolved(SpaceId, RequestId),
    /// In a group: somebody is in it no more.
    LeftGroup { user: UserId, reason: RemovedReason, request: RequestId },
    /// In a group: it is over.
    GroupOver(SpaceEndReason, Option<RequestId>),
    /// In a group: it goes to something else, with these members.
    Moved(Box<groups::Move>),
    /// A message has other words.
    Edited { position: u64, text: String, at: Time, request: RequestId },
    /// A dialog is called something else.
    DialogTitled(String, RequestId),
    /// Somebody is in a dialog.
    Added(Box<Participant>, RequestId),
    /// Somebody is in a dialog no more.
    LeftDialog(UserId, RequestId),
    /// What somebody has made of a dialog for themselves.
    Kept(UserId, Keeping, RequestId),
    /// The host asks others for visits.
    VisitRequested(Box<host_visits::request::Request>, RequestId),
}

/// A space.
#[derive(Debug)]
pub struct Space {
    id: SpaceId,
    host: Profile,
    moderators: BTreeMap<UserId, Profile>,
    members: Members,
    stream: Stream<Event>,
    conversation: Conversation,
    sanctions: Sanctions,
    media: Media,
    players: Players,
    /// Who waits for a restart of ICE.
    restarts: BTreeMap<LegId, RequestId>,
    writes: Writes<Then>,
    kind: Kind,
    stage: Stage,
    requests_told: stage::RequestsTold,
    /// The number of members that was told last, and when; whether telling it again waits for a timer.
    audience_told: (u32, Option<Time>, bool),
    listed: Option<Listing>,
}

type Out = Vec<Effect>;

impl Space {
    /// Opens a space as the store knows it.
    pub fn open(now: Time, record: Record) -> (Self, Vec<Effect>) {
        let mut out = Vec::new();
        let sanctions = Sanctions::new(record.sanctions, now);
        for (user, until) in sanctions.timed() {
            out.push(Effect::SetTimer { timer: Timer::MuteEnds(user.clone()), at: until });
        }
        let (kind, stage) = match (record.group, record.dialog) {
            (Some(group), _) => (Kind::Group(Box::new(Group::new(now, group))), Stage::new(None)),
            (None, Some(dialog)) => (Kind::Dialog(Box::new(Dialog::new(dialog))), Stage::new(None)),
            (None, None) => {
                let mut room = LiveRoom::new(record.about, record.broadcasts, record.recording_wanted);
                room.groups = InRoom::new(record.groups);
                record.messages.iter().for_each(|message| room.groups.similarity.said(message));
                (Kind::LiveRoom(Box::new(room)), Stage::new(Some(record.host.clone())))
            }
        };
        let mut space = Self {
            id: record.id,
            stage,
            kind,
            host: record.host,
            moderators: record.moderators.into_iter().map(|profile| (profile.id.clone(), profile)).collect(),
            members: Members::default(),
            stream: Stream::new(record.epoch),
            conversation: Conversation::new(
                record.last_position,
                record.messages,
                record.more_messages,
                record.slow_mode_s,
            ),
            sanctions,
            media: Media::default(),
            players: Players::default(),
            restarts: BTreeMap::new(),
            writes: Writes::default(),
            requests_told: stage::RequestsTold::default(),
            audience_told: (0, None, false),
            listed: None,
        };
        space.list(&mut out);
        space.rest(now, &mut out);
        space.settle_group(now, &mut out);
        (space, out)
    }

    /// Takes an input.
    pub fn handle(&mut self, now: Time, input: Input) -> Vec<Effect> {
        let mut out = Vec::new();
        match input {
            Input::Command { from, request, command, fresh, lookup } => {
                let given = commands::Given { from, request, fresh, lookup };
                self.command(now, &mut out, given, command);
            }
            Input::ConnectionLost { connection } => self.connection_lost(now, &mut out, &connection),
            Input::Stored { write, result } => self.stored(now, &mut out, write, result),
            Input::Media { leg, report } => self.media_report(now, &mut out, &leg, report),
            Input::ActiveSpeaker { leg } => self.active_speaker(&mut out, leg.as_ref()),
            Input::Timer { timer } => self.timer(now, &mut out, timer),
            Input::Renamed { profile } => self.renamed(&mut out, profile),
            Input::Prefers { user, preferences } => {
                self.similarity(|similarity| similarity.prefers(&user, &preferences));
                self.prefers_in_dialog(&user, preferences.read_marks, preferences.presence);
                if let Some(member) = self.members.get_mut(&user) {
                    member.preferences = preferences;
                }
            }
            Input::SignedOut { user } => self.put_out(now, &mut out, &user, RemovedReason::SignedOut),
            Input::Encoder { request, key, ingest, fresh } => {
                self.encoder(now, &mut out, request, key, ingest, fresh);
            }
            Input::Play { request, offer, fresh, user } => self.play(now, &mut out, request, offer, fresh, user),
            Input::Peer { request, leg, wants } => self.peer(now, &mut out, request, leg, wants),
            Input::Converts { conversions } => self.converts(conversions),
            Input::Crowd { hls } => self.kind.live_room_mut().into_iter().for_each(|room| room.crowd = hls),
            Input::Recording { video, failed } => self.recording(&mut out, video, failed),
            Input::Traffic { traffic } => self.traffic(&mut out, traffic),
            Input::Told { by, tell } => self.told(now, &mut out, &by, tell),
            Input::Stop => self.stop(now, &mut out),
        }
        self.settle_restarts(&mut out);
        self.package(now, &mut out);
        self.tell_groups(&mut out);
        self.tell_dialog(&mut out);
        self.settle_group(now, &mut out);
        self.tell_requests(now, &mut out);
        self.tell_audience(now, &mut out);
        out
    }

    /// Another space's machine tells something.
    fn told(&mut self, now: Time, out: &mut Out, by: &SpaceId, tell: SpaceTell) {
        match tell {
            SpaceTell::Groups { what } => self.told_of_groups(now, out, by, what),
            SpaceTell::Visits { what } => self.told_of_visits(now, out, by, what),
        }
    }

    fn reply(out: &mut Out, request: RequestId, result: Result<Outcome, Rejection>) {
        out.push(Effect::Reply { request, result });
    }

    /// What somebody is here.
    fn role_of(&self, user: &UserId, standing: Standing) -> Role {
        if self.kind.dialog().is_some() {
            // All are equal.
            Role::Viewer
        } else if *user == self.host.id {
            Role::Host
        } else if self.kind.group().is_some() {
            // What is said in a group is its members' alone.
            Role::Viewer
        } else if standing == Standing::Administrator || self.moderators.contains_key(user) {
            Role::Moderator
        } else {
            Role::Viewer
        }
    }

    fn wire_member(&self, now: Time, member: &Member) -> wire::Member {
        wire::Member {
            profile: member.profile.clone(),
            role: self.role_of(&member.profile.id, member.standing),
            muted: self.sanctions.mute_of(&member.profile.id, now).is_some(),
            guest_from: member.guest_from.clone(),
        }
    }

    /// Whether somebody may be here: not banned, and admitted by the room's rule or their role, or `along` with a visit.
    ///
    /// Errors: [`Rejection::Banned`]; [`Rejection::NotFound`] for who may not know of the room.
    fn admits(&self, user: &UserId, standing: Standing, along: bool) -> Result<(), Rejection> {
        let role = self.role_of(user, standing);
        let admitted = match &self.kind {
            Kind::LiveRoom(room) => along || role > Role::Viewer || admission::admits(room.about.entry, standing),
            Kind::Group(group) => group.is_member(user),
            Kind::Dialog(dialog) => dialog.is_member(user),
        };
        if !admitted {
            return Err(Rejection::NotFound);
        }
        if self.sanctions.is_banned(user) { Err(Rejection::Banned) } else { Ok(()) }
    }

    fn snapshot(&self, now: Time, member: &Member) -> Snapshot {
        let (messages, more_messages) = self.conversation.latest(SNAPSHOT_MESSAGES_MAX);
        let mute = self.sanctions.mute_of(&member.profile.id, now);
        let you = self.wire_member(now, member);
        let (stage, room) = (&self.stage, self.kind.live_room());
        Snapshot {
            about: room.map(|room| room.about.clone()).unwrap_or_default(),
            host: self.host.clone(),
            broadcast: room.map(|room| room.broadcast.clone()).unwrap_or_default(),
            publishers: stage.publishers(),
            audience: self.kind.dialog().map_or(self.members.count(), |_| 0),
            messages,
            more_messages,
            read_position: member.read_position,
            slow_mode_s: self.conversation.slow_mode_s,
            muted_until_ms: mute.and_then(|mute| mute.until_ms),
            your_stage: stage.standing(&member.profile.id),
            stage_requests: room.filter(|_| you.role >= Role::Moderator).map(|_| stage.requests()),
            recording: room.map(|room| room.recording.clone()).unwrap_or_default(),
            group: self.group_seen_by(&member.profile.id),
            dialog: self.kind.dialog().map(|dialog| dialog.state(|user| self.members.get(user).is_some())),
            your_groups: self.your_groups(&member.profile.id),
            visits: self.visits_of(&member.profile.id),
            visit_request: self.visit_request_of(&member.profile.id),
            you,
        }
    }

    /// Tells somebody what they may do now.
    fn tell_you(&mut self, now: Time, out: &mut Out, user: &UserId) {
        let Some(member) = self.members.get(user) else { return };
        let event = Event::You {
            member: self.wire_member(now, member),
            muted_until_ms: self.sanctions.mute_of(user, now).and_then(|mute| mute.until_ms),
        };
        self.stream.user(out, user, self.members.connections_of(user), event);
    }

    fn connection_lost(&mut self, now: Time, out: &mut Out, connection: &ConnectionId) {
        self.media.connection_lost(connection);
        let Some((user, last)) = self.members.lose(connection) else { return };
        out.push(Effect::Detach { connection: connection.clone() });
        if last {
            let at = now.plus_ms(crate::kernel::limits::MEMBER_GRACE_MS);
            out.push(Effect::SetTimer { timer: Timer::MemberGone(user), at });
        } else {
            self.goes_on_as_guest(now, out, &user);
        }
    }

    /// Somebody is here no more.
    fn member_gone(&mut self, now: Time, out: &mut Out, user: &UserId) {
        let Some(member) = self.members.remove(user) else { return };
        for connection in member.connections.keys() {
            out.push(Effect::Detach { connection: connection.clone() });
            self.media.connection_lost(connection);
        }
        out.push(Effect::CancelTimer { timer: Timer::MemberGone(user.clone()) });
        if member.read_position > member.read_written.0 && member.profile.name.is_some() {
            let position = member.read_position;
            self.writes.note(out, Write::ReadPosition { user: user.clone(), position });
        }
        self.media.user_gone(out, user);
        self.forget_on_stage(out, user);
        self.forget_in_groups(now, out, user);
        self.gone_from_group(now, out, user);
        self.decide_move(out);
        self.left_in_visit(now, out, user, member.guest_from.as_ref());
        if *user == self.host.id {
            self.end_visits(now, out, VisitEnd::Gone, Some(true));
        }
        self.rest(now, out);
    }

    /// Nobody is here: it may be time to sleep, after a while. A group stays awake until it is over.
    fn rest(&self, now: Time, out: &mut Out) {
        if self.members.is_empty() && self.kind.group().is_none_or(|group| group.over) {
            out.push(Effect::SetTimer { timer: Timer::Idle, at: now.plus_ms(IDLE_MS) });
        }
    }

    /// Nobody has come for a while: sleeps, or waits for what still keeps it awake.
    fn idle(&self, now: Time, out: &mut Out) {
        let publishing = self.is_live() || self.stage.seats().any(Seat::is_publishing);
        if !self.members.is_empty() || self.kind.group().is_some_and(|group| !group.over) {
            return;
        }
        if !publishing && self.players.is_empty() && self.writes.is_empty() && !self.is_promised() {
            out.push(Effect::Sleep);
        } else {
            self.rest(now, out);
        }
    }

    /// The node stops: everybody is told, and what is only in memory is written.
    fn stop(&mut self, now: Time, out: &mut Out) {
        self.end_visits(now, out, VisitEnd::Lost, None);
        self.stream.everyone(out, Event::Ended { reason: SpaceEndReason::Stopping });
        for (user, member) in self.members.iter_mut() {
            if member.read_position > member.read_written.0 && member.profile.name.is_some() {
                member.read_written = (member.read_position, now);
                let position = member.read_position;
                self.writes.note(out, Write::ReadPosition { user: user.clone(), position });
            }
        }
        if let Some(number) = self.kind.live_room_mut().and_then(|room| room.end(now, EndReason::Lost)) {
            self.writes.note(out, Write::BroadcastEnded { number, at: now, reason: EndReason::Lost });
        }
    }

    /// Puts somebody out, and says why.
    fn put_out(&mut self, now: Time, out: &mut Out, user: &UserId, reason: RemovedReason) {
        self.stream.direct(out, self.members.connections_of(user), Event::Removed { reason });
        self.similarity(|similarity| similarity.forget(user));
        self.member_gone(now, out, user);
        self.close_players_of(out, Some(user));
        if self.stage.host.as_ref().is_some_and(|seat| seat.profile.id == *user && seat.is_publishing()) {
            self.end_broadcast(now, out, EndReason::Host);
        }
    }

    fn timer(&mut self, now: Time, out: &mut Out, timer: Timer) {
        match timer {
            Timer::MemberGone(user) => {
                if self.members.get(&user).is_some_and(|member| member.connections.is_empty()) {
                    self.member_gone(now, out, &user);
                }
            }
            Timer::MuteEnds(user) => self.mute_ends(now, out, &user),
            Timer::AudienceDue => self.audience_told.2 = false,
            Timer::PublisherLost => self.publisher_lost(now, out),
            Timer::GuestLost(user) => self.guest_lost(now, out, &user),
            Timer::StageAskExpires(user) => self.ask_expires(out, &user),
            Timer::StageRequestsDue => self.requests_due(),
            Timer::MediaUnanswered(leg) => self.media_unanswered(out, &leg),
            Timer::GroupInvitations(user) => self.invitations_due(now, out, &user),
            Timer::GroupIdle => self.group_idle(now, out),
            Timer::GroupOwnerGone => self.owner_gone(now, out),
            Timer::GroupMoves => self.move_due(out),
            Timer::Idle => self.idle(now, out),
            Timer::VisitInvitationExpires(_)
            | Timer::VisitUnconfirmed(_)
            | Timer::VisitBegins(_)
            | Timer::VisitEnds(_)
            | Timer::VisitAlive(_)
            | Timer::VisitLost(_) => self.visit_timer(now, out, timer),
        }
    }

    fn renamed(&mut self, out: &mut Out, profile: Profile) {
        if self.host.id == profile.id {
            self.host = profile.clone();
        }
        if let Some(moderator) = self.moderators.get_mut(&profile.id) {
            *moderator = profile.clone();
        }
        self.conversation.author_renamed(&profile);
        self.stage.renamed(&profile);
        self.renamed_in_groups(&profile);
        self.renamed_in_visits(&profile);
        self.renamed_in_dialog(&profile);
        if let Some(member) = self.members.get_mut(&profile.id) {
            member.profile = profile;
        }
        self.list(out);
    }

    /// Remembers how far somebody has read; written now and then, and when they go.
    fn read(&mut self, now: Time, out: &mut Out, user: &UserId, position: u64) {
        let last = self.conversation.last_position();
        let Some(member) = self.members.get_mut(user) else { return };
        member.read_position = member.read_position.max(position.min(last));
        let (written, at) = member.read_written;
        let due = member.read_position > written && now.since_ms(at) > READ_POSITION_EVERY_MS;
        if due && member.profile.name.is_some() {
            member.read_written = (member.read_position, now);
            let position = member.read_position;
            self.writes.note(out, Write::ReadPosition { user: user.clone(), position });
        }
        self.read_in_dialog(out, user, position.min(last));
    }

    /// Tells how many are here, if that changed: at once, then at most once a second.
    fn tell_audience(&mut self, now: Time, out: &mut Out) {
        // Who is in a dialog now is told as far as they tell it.
        if self.kind.dialog().is_some() {
            return;
        }
        let (told, at, waiting) = self.audience_told;
        let count = self.members.count();
        if count == told || waiting {
            return;
        }
        match at {
            Some(at) if now.since_ms(at) < AUDIENCE_EVERY_MS => {
                self.audience_told.2 = true;
                out.push(Effect::SetTimer { timer: Timer::AudienceDue, at: at.plus_ms(AUDIENCE_EVERY_MS) });
            }
            _ => {
                self.audience_told = (count, Some(now), false);
                self.stream.everyone(out, Event::Audience { count });
                self.list(out);
            }
        }
    }

    /// Tells the directory what it shall say of this space, if that changed.
    fn list(&mut self, out: &mut Out) {
        // A group is nowhere to be found.
        let Some(room) = self.kind.live_room() else { return };
        let listing = Listing {
            host: self.host.clone(),
            about: room.about.clone(),
            broadcast: room.broadcast.clone(),
            audience: self.members.count(),
            promised: self.is_promised(),
        };
        if self.listed.as_ref() != Some(&listing) {
            self.listed = Some(listing.clone());
            out.push(Effect::List { listing });
        }
    }
}
