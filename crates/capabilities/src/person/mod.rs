//! A person: their live connections, whom they blocked, whom they follow, their friends, and what concerns only them.
//!
//! What a person gets: all of their devices show the same, a device that was away catches up,
//! whoever they blocked can't reach them, and isn't told, and whoever they follow is announced when they go live.
//!
//! Invariants: nobody follows, or is friends with, whom they blocked; what is followed or blocked holds when it is stored.

mod friends;

pub use friends::NOW_FRIENDS;

use hearth_protocol::conversation::Message;
use hearth_protocol::host_visits::Invitation;
use hearth_protocol::ids::{ConnectionId, SpaceId, UserId};
use hearth_protocol::limits::{FOLLOWS_MAX, LimitName};
use hearth_protocol::people::{Me, Profile};
use hearth_protocol::{Outcome, PersonCommand, PersonEvent, Rejection, Resume};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use crate::effect::{Effect, Tell, Timer, Write, WriteId};
use crate::input::{Lookup, PersonInput, RequestId, StoreFailure, Time};
use crate::kernel::limits::{
    BLOCKS_MAX, CONNECTIONS_PER_USER_MAX, IDLE_MS, MENTIONS_PER_WINDOW_MAX, MENTIONS_WINDOW_MS, VISIT_INVITATIONS_MAX,
    WENT_LIVE_EVERY_MS, invalid, past,
};
use crate::kernel::stream::Stream;
use crate::kernel::writes::Writes;

/// What the store knows of a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The name of this incarnation's stream.
    pub epoch: String,
    /// What others see.
    pub profile: Profile,
    /// May manage the server.
    pub administrator: bool,
    /// Whom they blocked.
    pub blocked: Vec<Profile>,
    /// Whom they follow.
    #[serde(default)]
    pub follows: Vec<Profile>,
    /// Their friends.
    #[serde(default)]
    pub friends: Vec<Profile>,
    /// Who has asked to be friends, those apart whom they blocked.
    #[serde(default)]
    pub friend_requests: Vec<Profile>,
    /// Whom they have asked to be friends.
    #[serde(default)]
    pub friends_asked: Vec<Profile>,
}

#[derive(Debug)]
enum Then {
    Blocked(Profile, RequestId),
    Unblocked(UserId, RequestId),
    Followed(Profile, RequestId),
    Unfollowed(UserId, RequestId),
    Befriended(Profile, RequestId),
    Unfriended(UserId, RequestId),
}

impl Then {
    fn request(&self) -> RequestId {
        match self {
            Then::Blocked(_, request)
            | Then::Unblocked(_, request)
            | Then::Followed(_, request)
            | Then::Unfollowed(_, request)
            | Then::Befriended(_, request)
            | Then::Unfriended(_, request) => *request,
        }
    }
}

/// Somebody who is followed.
#[derive(Debug)]
struct Followed {
    profile: Profile,
    /// When it was last told that they went live.
    told: Option<Time>,
}

/// A person.
#[derive(Debug)]
pub struct Person {
    profile: Profile,
    administrator: bool,
    blocked: BTreeMap<UserId, Profile>,
    follows: BTreeMap<UserId, Followed>,
    friends: friends::Friends,
    connections: BTreeSet<ConnectionId>,
    stream: Stream<PersonEvent>,
    writes: Writes<Then>,
    /// When the window of mentions began, and how many came in it.
    mentions: (Time, u32),
    /// Invitations to visit that were not answered, as far as is known here: whoever connects anew is told of them.
    visit_invitations: Vec<Invitation>,
}

type Out = Vec<Effect>;

impl Followed {
    fn new(profile: Profile) -> Self {
        Self { profile, told: None }
    }
}

impl Person {
    /// A person as the store knows them.
    pub fn open(now: Time, record: Record) -> (Self, Vec<Effect>) {
        let person = Self {
            profile: record.profile,
            administrator: record.administrator,
            blocked: record.blocked.into_iter().map(|profile| (profile.id.clone(), profile)).collect(),
            follows: record.follows.into_iter().map(|profile| (profile.id.clone(), Followed::new(profile))).collect(),
            friends: friends::Friends::new(record.friends, record.friend_requests, record.friends_asked),
            connections: BTreeSet::new(),
            stream: Stream::new(record.epoch),
            writes: Writes::default(),
            mentions: (now, 0),
            visit_invitations: Vec::new(),
        };
        (person, vec![Effect::SetTimer { timer: Timer::Idle, at: now.plus_ms(IDLE_MS) }])
    }

    /// Takes an input.
    pub fn handle(&mut self, now: Time, input: PersonInput) -> Vec<Effect> {
        let mut out = Vec::new();
        match input {
            PersonInput::Connected { connection, resume, request, .. } => {
                self.connected(now, &mut out, connection, resume, request);
            }
            PersonInput::ConnectionLost { connection } => {
                if self.connections.remove(&connection) {
                    out.push(Effect::Detach { connection });
                }
                self.rest(now, &mut out);
            }
            PersonInput::Command { request, command, lookup } => {
                if let Err(rejection) = self.command(&mut out, request, command, lookup) {
                    out.push(Effect::Reply { request, result: Err(rejection) });
                }
            }
            PersonInput::Stored { write, result } => self.stored(&mut out, write, result),
            PersonInput::Told { tell: Tell::Mentioned { space, message } } => {
                self.mentioned(now, &mut out, space, *message);
            }
            PersonInput::Told { tell: Tell::VisitInvitation { invitation } } => {
                self.invited_to_visit(now, &mut out, *invitation);
            }
            PersonInput::Told { tell: Tell::VisitInvitationOver { visit, state } } => {
                self.visit_invitations.retain(|invitation| invitation.visit != visit);
                self.stream.everyone(&mut out, PersonEvent::VisitInvitationOver { visit, state });
            }
            PersonInput::Told { tell: Tell::Befriended { by, friends } } => {
                self.told_befriended(&mut out, by, friends);
            }
            PersonInput::Told { tell: Tell::Unfriended { by } } => self.told_unfriended(&mut out, &by),
            PersonInput::Told { tell: Tell::Dialog { dialog } } => {
                // What is no longer said there is not kept here either.
                let id = dialog.id.clone();
                let before = |event: &PersonEvent| matches!(event, PersonEvent::Dialog { dialog } if dialog.id == id);
                self.stream.instead(&mut out, before, PersonEvent::Dialog { dialog });
            }
            PersonInput::Told { tell: Tell::DialogGone { dialog } } => {
                let before =
                    |event: &PersonEvent| matches!(event, PersonEvent::Dialog { dialog: row } if row.id == dialog);
                let gone = PersonEvent::DialogGone { dialog: dialog.clone() };
                self.stream.instead(&mut out, before, gone);
            }
            PersonInput::Told { tell: Tell::Video { video } } => {
                let id = video.id.clone();
                let before = |event: &PersonEvent| matches!(event, PersonEvent::Video { video } if video.id == id);
                self.stream.instead(&mut out, before, PersonEvent::Video { video });
            }
            PersonInput::Told { tell: Tell::VideoGone { video } } => {
                let before =
                    |event: &PersonEvent| matches!(event, PersonEvent::Video { video: film } if film.id == video);
                let gone = PersonEvent::VideoGone { video: video.clone() };
                self.stream.instead(&mut out, before, gone);
            }
            PersonInput::Told { tell: Tell::WentLive { space, host, about, since } } => {
                self.went_live(now, &mut out, &host.id, || PersonEvent::WentLive {
                    space,
                    host: host.clone(),
                    about,
                    since_ms: since.0,
                });
            }
            PersonInput::Changed { profile, administrator } => {
                if (&self.profile, self.administrator) != (&profile, administrator) {
                    (self.profile, self.administrator) = (profile, administrator);
                    self.tell_me(&mut out);
                }
            }
            PersonInput::Timer { timer } => {
                if timer == Timer::Idle && self.connections.is_empty() {
                    if self.writes.is_empty() { out.push(Effect::Sleep) } else { self.rest(now, &mut out) }
                }
            }
        }
        out
    }

    fn rest(&self, now: Time, out: &mut Out) {
        if self.connections.is_empty() {
            out.push(Effect::SetTimer { timer: Timer::Idle, at: now.plus_ms(IDLE_MS) });
        }
    }

    fn me(&self) -> Me {
        Me {
            profile: self.profile.clone(),
            administrator: self.administrator,
            blocked: self.blocked.values().cloned().collect(),
            follows: self.follows.values().map(|followed| followed.profile.clone()).collect(),
            friends: self.friends.friends.values().cloned().collect(),
            friend_requests: self.friends.requests.values().cloned().collect(),
            friends_asked: self.friends.asked.values().cloned().collect(),
        }
    }

    fn connected(
        &mut self,
        now: Time,
        out: &mut Out,
        connection: ConnectionId,
        resume: Option<Resume>,
        request: RequestId,
    ) {
        if self.connections.len() >= CONNECTIONS_PER_USER_MAX {
            let rejection = past(LimitName::ConnectionsPerUser, CONNECTIONS_PER_USER_MAX);
            out.push(Effect::Reply { request, result: Err(rejection) });
            return;
        }
        self.connections.insert(connection.clone());
        out.push(Effect::CancelTimer { timer: Timer::Idle });
        let resume = resume.filter(|resume| self.stream.can_resume(resume));
        let (me, stream) = (self.me(), self.stream.stands());
        out.push(Effect::Welcome { request, me, stream, resumed: resume.is_some() });
        out.push(Effect::Attach { connection: connection.clone() });
        if let Some(resume) = resume {
            self.stream.replay(out, resume.after, &self.profile.id, &connection);
            return;
        }
        self.visit_invitations.retain(|invitation| now < Time(invitation.until_ms));
        for invitation in self.visit_invitations.clone() {
            self.stream.direct(out, vec![connection.clone()], PersonEvent::VisitInvitation { invitation });
        }
    }

    /// Another host asks for a visit. Of whom this person has blocked they hear nothing.
    fn invited_to_visit(&mut self, now: Time, out: &mut Out, invitation: Invitation) {
        if self.blocked.contains_key(&invitation.host.id) {
            return;
        }
        self.visit_invitations.retain(|one| now < Time(one.until_ms) && one.visit != invitation.visit);
        if self.visit_invitations.len() < VISIT_INVITATIONS_MAX {
            self.visit_invitations.push(invitation.clone());
        }
        self.stream.everyone(out, PersonEvent::VisitInvitation { invitation });
    }

    fn command(
        &mut self,
        out: &mut Out,
        request: RequestId,
        command: PersonCommand,
        lookup: Lookup,
    ) -> Result<(), Rejection> {
        self.writes.has_room()?;
        let known = |user: &UserId| lookup.people.iter().find(|profile| profile.id == *user).cloned();
        match command {
            PersonCommand::Block { user } => self.block(out, request, known(&user), user),
            PersonCommand::Unblock { user } => {
                if !self.blocked.contains_key(&user) {
                    return Err(Rejection::NotFound);
                }
                self.writes.store(out, Write::Unblock { user: user.clone() }, Then::Unblocked(user, request));
                Ok(())
            }
            PersonCommand::Befriend { user } => self.befriend(out, request, known(&user), &user),
            PersonCommand::Unfriend { user } => self.unfriend(out, request, &user),
            PersonCommand::Follow { user } => self.follow(out, request, known(&user), user),
            PersonCommand::Unfollow { user } => {
                if !self.follows.contains_key(&user) {
                    return Err(Rejection::NotFound);
                }
                self.writes.store(out, Write::Unfollow { user: user.clone() }, Then::Unfollowed(user, request));
                Ok(())
            }
        }
    }

    fn block(
        &mut self,
        out: &mut Out,
        request: RequestId,
        known: Option<Profile>,
        user: UserId,
    ) -> Result<(), Rejection> {
        if user == self.profile.id {
            return Err(invalid("user", "oneself"));
        }
        let profile = known.ok_or(Rejection::NotFound)?;
        if self.blocked.contains_key(&user) {
            out.push(Effect::Reply { request, result: Ok(Outcome::Done) });
            return Ok(());
        }
        let blocking = |then: &Then| matches!(then, Then::Blocked(..));
        self.has_place(self.blocked.len(), blocking, LimitName::Blocks, BLOCKS_MAX)?;
        self.writes.store(out, Write::Block { user }, Then::Blocked(profile, request));
        Ok(())
    }

    /// Whether there is place for one more beside those there are and those whose writes are under way.
    ///
    /// Errors: the limit.
    fn has_place(
        &self,
        there: usize,
        under_way: impl Fn(&Then) -> bool,
        limit: LimitName,
        most: usize,
    ) -> Result<(), Rejection> {
        let coming = self.writes.waiting().filter(|then| under_way(then)).count();
        if there + coming >= most { Err(past(limit, most)) } else { Ok(()) }
    }

    /// Somebody else with an account, whom one with an account may have something to do with.
    ///
    /// Errors: it is oneself, there is none, one is a guest (who is forgotten), or has blocked them.
    fn another(&self, known: Option<Profile>, user: &UserId) -> Result<Profile, Rejection> {
        if *user == self.profile.id {
            return Err(invalid("user", "oneself"));
        }
        if self.profile.name.is_none() {
            return Err(Rejection::Forbidden);
        }
        let profile = known.filter(|profile| profile.name.is_some()).ok_or(Rejection::NotFound)?;
        if self.blocked.contains_key(user) { Err(Rejection::Forbidden) } else { Ok(profile) }
    }

    fn follow(
        &mut self,
        out: &mut Out,
        request: RequestId,
        known: Option<Profile>,
        user: UserId,
    ) -> Result<(), Rejection> {
        let profile = self.another(known, &user)?;
        if self.follows.contains_key(&user) {
            out.push(Effect::Reply { request, result: Ok(Outcome::Done) });
            return Ok(());
        }
        let following = |then: &Then| matches!(then, Then::Followed(..));
        self.has_place(self.follows.len(), following, LimitName::Follows, FOLLOWS_MAX)?;
        self.writes.store(out, Write::Follow { user }, Then::Followed(profile, request));
        Ok(())
    }

    fn stored(&mut self, out: &mut Out, write: WriteId, result: Result<u64, StoreFailure>) {
        let Some(then) = self.writes.take(write) else { return };
        let request = then.request();
        let result = match result {
            Ok(value) => {
                self.holds(out, then, value);
                self.tell_me(out);
                Ok(Outcome::Done)
            }
            Err(_) => Err(Rejection::Storage),
        };
        out.push(Effect::Reply { request, result });
    }

    /// What was stored holds from now on.
    fn holds(&mut self, out: &mut Out, then: Then, value: u64) {
        match then {
            Then::Blocked(profile, _) => {
                if self.follows.remove(&profile.id).is_some() {
                    self.writes.note(out, Write::Unfollow { user: profile.id.clone() });
                }
                self.no_friend_of(out, &profile.id);
                self.blocked.insert(profile.id.clone(), profile);
            }
            Then::Unblocked(user, _) => {
                self.blocked.remove(&user);
            }
            Then::Followed(profile, _) if self.blocked.contains_key(&profile.id) => {
                // Blocked while it was on its way.
                self.writes.note(out, Write::Unfollow { user: profile.id });
            }
            Then::Followed(profile, _) => {
                self.follows.insert(profile.id.clone(), Followed::new(profile));
            }
            Then::Befriended(profile, _) => self.befriended(out, profile, value == NOW_FRIENDS),
            Then::Unfriended(user, _) => self.unfriended(out, &user),
            Then::Unfollowed(user, _) => {
                self.follows.remove(&user);
            }
        }
    }

    /// Somebody went live; told if they are followed, and not again for every broadcast of somebody who begins anew and anew.
    fn went_live(&mut self, now: Time, out: &mut Out, host: &UserId, event: impl FnOnce() -> PersonEvent) {
        let Some(followed) = self.follows.get_mut(host) else { return };
        if followed.told.is_none_or(|told| now.since_ms(told) >= WENT_LIVE_EVERY_MS) {
            followed.told = Some(now);
            self.stream.everyone(out, event());
        }
    }

    fn tell_me(&mut self, out: &mut Out) {
        let me = self.me();
        self.stream.everyone(out, PersonEvent::Me { me });
    }

    fn mentioned(&mut self, now: Time, out: &mut Out, space: SpaceId, message: Message) {
        if self.blocked.contains_key(&message.author.id) {
            return;
        }
        if now.since_ms(self.mentions.0) >= MENTIONS_WINDOW_MS {
            self.mentions = (now, 0);
        }
        self.mentions.1 = self.mentions.1.saturating_add(1);
        if self.mentions.1 <= MENTIONS_PER_WINDOW_MAX {
            self.stream.everyone(out, PersonEvent::Mentioned { space, message });
        } else if self.mentions.1 == MENTIONS_PER_WINDOW_MAX + 1 {
            self.stream.everyone(out, PersonEvent::Folded { limit: LimitName::MessageRate });
        }
    }
}
