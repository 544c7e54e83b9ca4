//! What a member, a visitor or a program may want.

use hearth_protocol::conversation::{Carry, Float, Message, Moment};
use hearth_protocol::ids::{ConnectionId, UserId};
use hearth_protocol::limits::MEMBERS_PAGE_MAX;
use hearth_protocol::space::Role;
use hearth_protocol::{Command, Event, Outcome, Rejection, Resume};

use super::{Out, Space, Then};
use crate::effect::{Effect, Timer, Write};
use crate::input::{Caller, Fresh, Lookup, RequestId, Time};
use crate::kernel::conversation::{Draft, Verdict};
use crate::kernel::limits::{MENTIONS_MAX, invalid};

/// A command's circumstances.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub from: Caller,
    pub request: RequestId,
    pub fresh: Fresh,
    pub lookup: Lookup,
}

impl Given {
    pub fn user(&self) -> &UserId {
        &self.from.profile.id
    }
}

/// A message as a client wants to say it.
struct Wish {
    text: String,
    reply_to: Option<u64>,
    nonce: String,
    mentions: Vec<UserId>,
    float: Option<Float>,
    media_ms: Option<u64>,
    carries: Option<Carry>,
    moment: Option<Moment>,
}

/// What a command comes to: an answer now, or one when something else has happened.
pub(super) type Coming = Result<Option<Outcome>, Rejection>;

pub(super) const DONE: Coming = Ok(Some(Outcome::Done));

impl Space {
    pub(super) fn command(&mut self, now: Time, out: &mut Out, given: Given, command: Command) {
        let request = given.request;
        if let Command::Join { .. } = command {
            self.catches_up(&given);
        }
        let coming = self
            .admits(given.user(), given.from.standing, self.is_along(&given, &command))
            .and_then(|()| self.comes_from_within(&given, &command))
            .and_then(|()| self.is_of_this_kind(&command))
            .and_then(|()| self.obey(now, out, given, command));
        match coming {
            Ok(Some(outcome)) => Self::reply(out, request, Ok(outcome)),
            Ok(None) => {}
            Err(rejection) => Self::reply(out, request, Err(rejection)),
        }
    }

    /// Whether a live connection that commands is in; a program has none, and need not be.
    ///
    /// Errors: [`Rejection::NotJoined`].
    fn comes_from_within(&self, given: &Given, command: &Command) -> Result<(), Rejection> {
        let joins = matches!(command, Command::Join { .. });
        if joins || given.from.connection.is_none() { Ok(()) } else { self.connection(given).map(|_| ()) }
    }

    /// Whether there is such a thing in this kind of space.
    ///
    /// Errors: [`Rejection::NotFound`].
    fn is_of_this_kind(&self, command: &Command) -> Result<(), Rejection> {
        let of_dialogs = matches!(
            command,
            Command::Join { .. }
                | Command::Leave
                | Command::Send { .. }
                | Command::DeleteMessage { .. }
                | Command::MarkRead { .. }
                | Command::Report { .. }
                | Command::Dialogs { .. }
        );
        if self.kind.dialog().is_some() {
            return if of_dialogs { Ok(()) } else { Err(Rejection::NotFound) };
        }
        let of_live_rooms = matches!(
            command,
            Command::Ban { .. }
                | Command::Unban { .. }
                | Command::SetSlowMode { .. }
                | Command::SetModerator { .. }
                | Command::SetAbout { .. }
                | Command::RaiseHand { .. }
                | Command::LowerHand { .. }
                | Command::AskOnStage { .. }
                | Command::AnswerStage { .. }
                | Command::SetRecording { .. }
                | Command::EndBroadcast
                | Command::Visits { .. }
        );
        if of_live_rooms && self.kind.group().is_some() { Err(Rejection::NotFound) } else { Ok(()) }
    }

    fn obey(&mut self, now: Time, out: &mut Out, given: Given, command: Command) -> Coming {
        match command {
            Command::Join { resume, as_guest } => self.join(now, out, given, resume, as_guest),
            Command::Leave => self.leave(now, out, &given),
            Command::Send { text, reply_to, nonce, mentions, float, media_ms, carries, moment } => {
                let wish = Wish { text, reply_to, nonce, mentions, float, media_ms, carries, moment };
                self.send(now, out, &given, wish)
            }
            Command::DeleteMessage { position } => self.delete_message(out, &given, position),
            Command::MarkRead { position } => {
                self.connection(&given)?;
                self.read(now, out, given.user(), position);
                DONE
            }
            Command::ListMembers { after } => {
                let (page, next) = self.members.page(after.as_ref());
                let members: Vec<_> = page.into_iter().map(|member| self.wire_member(now, member)).collect();
                debug_assert!(members.len() <= MEMBERS_PAGE_MAX);
                Ok(Some(Outcome::Members { members, total: self.members.count(), next }))
            }
            Command::SetSlowMode { interval_s } => self.set_slow_mode(out, &given, interval_s),
            Command::Mute { user, duration_s } => self.mute(now, out, &given, &user, duration_s),
            Command::Ban { user } => self.ban(out, &given, &user),
            Command::Remove { user } if self.kind.group().is_some() => self.remove_from_group(now, out, &given, &user),
            Command::Remove { user } => self.remove(out, &given, &user),
            Command::Report { user, position, reason } => self.report(now, out, &given, &user, position, &reason),
            Command::Unmute { user } => self.clear_sanction(out, &given, &user, false),
            Command::Unban { user } => self.clear_sanction(out, &given, &user, true),
            Command::ListSanctions => {
                self.require(&given, Role::Moderator)?;
                Ok(Some(Outcome::Sanctions { sanctions: self.sanctions.list() }))
            }
            Command::SetModerator { user, moderator } => self.set_moderator(out, &given, &user, moderator),
            Command::SetAbout { about } => self.set_about(out, &given, about),
            Command::RaiseHand { raised } => self.raise_hand(out, &given, raised),
            Command::LowerHand { user } => self.lower_hand(out, &given, &user),
            Command::AskOnStage { user } => self.ask_on_stage(now, out, &given, &user),
            Command::AnswerStage { accept } => self.answer_stage(out, &given, accept),
            Command::LeaveStage { user } => self.leave_stage(out, &given, user),
            Command::SetMuted { user, source, muted } => self.set_muted(now, out, &given, user, source, muted),
            Command::SetRecording { wanted } => self.set_recording(out, &given, wanted),
            Command::Publish { offer, sources, take_over } => self.publish(now, out, &given, offer, sources, take_over),
            Command::EndBroadcast => self.end_by_host(now, out, &given),
            Command::Watch { keep } => self.watch(now, out, &given, keep),
            Command::Unwatch => {
                let connection = self.connection(&given)?.clone();
                self.media.unwatch(out, &connection);
                DONE
            }
            Command::Answer { leg, generation, sdp } => self.answer(out, &given, leg, generation, sdp),
            Command::Prefer { track, layer } => self.prefer(out, &given, track, layer),
            Command::Dialogs { wants } => self.about_dialog(now, out, &given, wants),
            Command::Groups { wants } => self.about_groups(now, out, given, wants),
            Command::Visits { wants } => self.about_visits(now, out, given, wants),
        }
    }

    /// The connection of a command that needs one that is in.
    ///
    /// Errors: [`Rejection::NotJoined`].
    pub(super) fn connection<'a>(&self, given: &'a Given) -> Result<&'a ConnectionId, Rejection> {
        let theirs = |connection: &&ConnectionId| self.members.user_of(connection) == Some(given.user());
        given.from.connection.as_ref().filter(theirs).ok_or(Rejection::NotJoined)
    }

    /// Whether the caller is at least this.
    ///
    /// Errors: [`Rejection::Forbidden`].
    pub(super) fn require(&self, given: &Given, least: Role) -> Result<Role, Rejection> {
        let role = self.role_of(given.user(), given.from.standing);
        if role >= least { Ok(role) } else { Err(Rejection::Forbidden) }
    }

    /// Whether a command comes from somebody who is here by a visit, or is about to.
    fn is_along(&self, given: &Given, command: &Command) -> bool {
        match command {
            Command::Join { as_guest, .. } => *as_guest && self.comes_with_a_visit(given.user()),
            _ => self.members.get(given.user()).is_some_and(|member| member.guest_from.is_some()),
        }
    }

    fn join(&mut self, now: Time, out: &mut Out, given: Given, resume: Option<Resume>, as_guest: bool) -> Coming {
        let connection = given.from.connection.clone().ok_or(Rejection::NotJoined)?;
        if self.members.is_in(&connection) {
            return Err(Rejection::AlreadyJoined);
        }
        if as_guest {
            self.may_join_as_guest(&given)?;
        }
        let Given { from, request, lookup, .. } = given;
        let user = from.profile.id.clone();
        let host = user == self.host.id;
        self.sees_content(&user, lookup.groups.hidden);
        // Who is at home in the room that is visited is no guest there.
        let anew = self.members.enter(&from, &connection, &lookup, host, as_guest && !host, now)?;
        out.push(Effect::CancelTimer { timer: Timer::MemberGone(user.clone()) });
        out.push(Effect::CancelTimer { timer: Timer::Idle });
        self.goes_on(now);
        self.back_in_groups(&user);
        let changed = self.settle_guest(now, out, &user, anew);
        let resume = resume.filter(|resume| self.stream.can_resume(resume));
        let mut came_after = self.stream.stands().after;
        if let Some(member) = self.members.get_mut(&user) {
            if anew {
                member.came_after = came_after;
            }
            came_after = member.came_after;
        }
        let outcome = Outcome::Joined { stream: self.stream.stands(), resumed: resume.is_some() };
        Self::reply(out, request, Ok(outcome));
        out.push(Effect::Attach { connection: connection.clone() });
        match (resume, self.members.get(&user)) {
            (Some(resume), _) => {
                self.stream.replay(out, resume.after, &user, &connection);
                // What concerns a member alone was not told while they were none, also if another device came back before.
                if resume.after <= came_after {
                    self.tell_you(now, out, &user);
                    self.tell_your_groups(out, &user);
                }
                self.tell_requests_to(out, &user, vec![connection]);
            }
            (None, Some(member)) => {
                let snapshot = Box::new(self.snapshot(now, member));
                self.stream.direct(out, vec![connection], Event::Snapshot { snapshot });
            }
            (None, None) => {}
        }
        if changed {
            self.tell_you(now, out, &user);
        }
        Ok(None)
    }

    fn leave(&mut self, now: Time, out: &mut Out, given: &Given) -> Coming {
        let connection = self.connection(given)?.clone();
        self.media.unwatch(out, &connection);
        self.media.connection_lost(&connection);
        out.push(Effect::Detach { connection: connection.clone() });
        match self.members.lose(&connection) {
            Some((user, true)) => self.member_gone(now, out, &user),
            Some((user, false)) => self.goes_on_as_guest(now, out, &user),
            None => {}
        }
        DONE
    }

    fn send(&mut self, now: Time, out: &mut Out, given: &Given, wish: Wish) -> Coming {
        if let Some(mute) = self.sanctions.mute_of(given.user(), now) {
            return Err(Rejection::Muted { until_ms: mute.until_ms });
        }
        // Whoever was blocked is told no more than that the other can't be reached.
        if given.lookup.dialogs.unreachable {
            return Err(Rejection::Forbidden);
        }
        // Who may not have it carried can't tell it from what isn't there; where nothing can be carried nothing is there.
        let known = &given.lookup.dialogs;
        if wish.carries.is_some() && known.carried.is_none() || wish.moment.is_some() && !known.moment {
            return Err(Rejection::NotFound);
        }
        if wish.mentions.len() > MENTIONS_MAX {
            return Err(invalid("mentions", "at most 10"));
        }
        let reply_to = match wish.reply_to {
            None => None,
            Some(position) => Some(self.message(given, position).ok_or(Rejection::NotFound)?.clone()),
        };
        let mut named: Vec<&UserId> = Vec::new();
        for user in &wish.mentions {
            if !named.contains(&user) {
                named.push(user);
            }
        }
        let known = named.into_iter().filter_map(|user| {
            let here = self.members.get(user).map(|member| &member.profile);
            here.or_else(|| given.lookup.people.iter().find(|profile| profile.id == *user))
                .filter(|_| self.may_hear_of(user))
        });
        let draft = Draft {
            author: &given.from.profile,
            role: self.role_of(given.user(), given.from.standing),
            text: &wish.text,
            nonce: &wish.nonce,
            reply_to,
            mentions: known.cloned().collect(),
            media_time: self.kind.live_room().and_then(|room| room.media_time(now, wish.media_ms)),
            float: wish.float,
            carries: wish.carries.and(given.lookup.dialogs.carried.as_ref()),
            moment: wish.moment,
        };
        match self.conversation.weigh(now, &draft)? {
            Verdict::Store(message) => {
                self.conversation.accept(now, message.clone(), draft.role, given.request);
                let position = message.position;
                self.writes.store(out, Write::Message { message }, Then::Said(position));
                self.goes_on(now);
                Ok(None)
            }
            Verdict::Said(outcome) => Ok(Some(outcome)),
            Verdict::OnItsWay => self.conversation.wait_for_it(&draft, given.request).map(|()| None),
        }
    }

    /// Whether somebody may hear that they were named here: what is said in a group is its members' alone.
    pub(super) fn may_hear_of(&self, user: &UserId) -> bool {
        self.kind.group().is_none_or(|group| group.is_member(user))
            && self.kind.dialog().is_none_or(|dialog| dialog.is_member(user))
    }

    /// A message a command names: at hand, or looked up.
    pub(super) fn message<'a>(&'a self, given: &'a Given, position: u64) -> Option<&'a Message> {
        let found = self.conversation.recent(position).or(given.lookup.message.as_deref());
        found.filter(|message| message.position == position && !message.deleted)
    }
}
