//! What a member, a visitor or a program may want.

use hearth_protocol::conversation::Message;
use hearth_protocol::ids::{ConnectionId, UserId};
use hearth_protocol::limits::{LimitName, MEMBERS_PAGE_MAX, SDP_MAX_BYTES};
use hearth_protocol::media::LayerPreference;
use hearth_protocol::space::Role;
use hearth_protocol::{Command, Event, Outcome, Rejection, Resume};

use super::{Out, Space, Then};
use crate::effect::{Effect, MediaOrder, Timer, Write};
use crate::input::{Caller, Fresh, Lookup, RequestId, Time};
use crate::kernel::conversation::{Draft, Verdict};
use crate::kernel::limits::{MENTIONS_MAX, invalid, past};
use crate::kernel::media::Listener;

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

/// What a command comes to: an answer now, or one when something else has happened.
pub(super) type Coming = Result<Option<Outcome>, Rejection>;

const DONE: Coming = Ok(Some(Outcome::Done));

impl Space {
    pub(super) fn command(&mut self, now: Time, out: &mut Out, given: Given, command: Command) {
        let request = given.request;
        let coming = self
            .admits(given.user(), given.from.standing)
            .and_then(|()| self.comes_from_within(&given, &command))
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

    fn obey(&mut self, now: Time, out: &mut Out, given: Given, command: Command) -> Coming {
        match command {
            Command::Join { resume } => self.join(now, out, given, resume),
            Command::Leave => self.leave(now, out, &given),
            Command::Send { text, reply_to, nonce, mentions, .. } => {
                self.send(now, out, &given, &text, reply_to, &nonce, &mentions)
            }
            Command::DeleteMessage { position } => self.delete_message(out, &given, position),
            Command::Remove { .. }
            | Command::Report { .. }
            | Command::RaiseHand { .. }
            | Command::LowerHand { .. }
            | Command::AskOnStage { .. }
            | Command::AnswerStage { .. }
            | Command::LeaveStage { .. }
            | Command::SetMuted { .. }
            | Command::SetRecording { .. } => Err(Rejection::Forbidden),
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
            Command::Unmute { user } => self.clear_sanction(out, &given, &user, false),
            Command::Unban { user } => self.clear_sanction(out, &given, &user, true),
            Command::ListSanctions => {
                self.require(&given, Role::Moderator)?;
                Ok(Some(Outcome::Sanctions { sanctions: self.sanctions.list() }))
            }
            Command::SetModerator { user, moderator } => self.set_moderator(out, &given, &user, moderator),
            Command::SetAbout { about } => self.set_about(out, &given, about),
            Command::Publish { offer, sources, take_over } => self.publish(now, out, &given, offer, sources, take_over),
            Command::EndBroadcast => self.end_by_host(now, out, &given),
            Command::Watch { keep } => self.watch(now, out, &given, keep),
            Command::Unwatch => {
                let connection = self.connection(&given)?.clone();
                self.media.unwatch(out, &connection);
                DONE
            }
            Command::Answer { leg, generation, sdp } => {
                let connection = self.connection(&given)?;
                self.own_leg(connection, &leg)?;
                if sdp.len() > SDP_MAX_BYTES {
                    return Err(past(LimitName::SdpBytes, SDP_MAX_BYTES));
                }
                self.media.answered(&leg, generation);
                out.push(Effect::Media { leg, order: MediaOrder::Answer { generation, sdp } });
                DONE
            }
            Command::Prefer { track, layer } => {
                let connection = self.connection(&given)?;
                let leg = self.media.leg_of(connection).ok_or(Rejection::NotFound)?.clone();
                let stage = self.room.stage();
                let known = stage.iter().flat_map(|publisher| &publisher.tracks).find(|one| one.id == track);
                let known = known.ok_or(Rejection::NotFound)?;
                if let LayerPreference::Fixed { layer } = &layer
                    && !known.layers.contains(layer)
                {
                    return Err(invalid("layer", "none of the track's layers"));
                }
                out.push(Effect::Media { leg, order: MediaOrder::Prefer { track, layer } });
                DONE
            }
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

    fn own_leg(&self, connection: &ConnectionId, leg: &hearth_protocol::ids::LegId) -> Result<(), Rejection> {
        if self.media.connection_of(leg) == Some(connection) { Ok(()) } else { Err(Rejection::NotFound) }
    }

    fn join(&mut self, now: Time, out: &mut Out, given: Given, resume: Option<Resume>) -> Coming {
        let Given { from, request, lookup, .. } = given;
        let connection = from.connection.clone().ok_or(Rejection::NotJoined)?;
        if self.members.is_in(&connection) {
            return Err(Rejection::AlreadyJoined);
        }
        let user = from.profile.id.clone();
        let host = user == self.host.id;
        let anew = self.members.enter(&from, &connection, lookup.read_position, host, now)?;
        out.push(Effect::CancelTimer { timer: Timer::MemberGone(user.clone()) });
        out.push(Effect::CancelTimer { timer: Timer::Idle });
        let resume = resume.filter(|resume| self.stream.can_resume(resume));
        let outcome = Outcome::Joined { stream: self.stream.stands(), resumed: resume.is_some() };
        Self::reply(out, request, Ok(outcome));
        out.push(Effect::Attach { connection: connection.clone() });
        match (resume, self.members.get(&user)) {
            (Some(resume), _) => {
                self.stream.replay(out, resume.after, &user, &connection);
                // What concerns a member alone was not told while they were none.
                if anew {
                    self.tell_you(now, out, &user);
                }
            }
            (None, Some(member)) => {
                let snapshot = Box::new(self.snapshot(now, member));
                self.stream.direct(out, vec![connection], Event::Snapshot { snapshot });
            }
            (None, None) => {}
        }
        Ok(None)
    }

    fn leave(&mut self, now: Time, out: &mut Out, given: &Given) -> Coming {
        let connection = self.connection(given)?.clone();
        self.media.unwatch(out, &connection);
        self.media.connection_lost(&connection);
        out.push(Effect::Detach { connection: connection.clone() });
        if let Some((user, true)) = self.members.lose(&connection) {
            self.member_gone(now, out, &user);
        }
        DONE
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one command")]
    fn send(
        &mut self,
        now: Time,
        out: &mut Out,
        given: &Given,
        text: &str,
        reply_to: Option<u64>,
        nonce: &str,
        mentions: &[UserId],
    ) -> Coming {
        if let Some(mute) = self.sanctions.mute_of(given.user(), now) {
            return Err(Rejection::Muted { until_ms: mute.until_ms });
        }
        if mentions.len() > MENTIONS_MAX {
            return Err(invalid("mentions", "at most 10"));
        }
        let role = self.role_of(given.user(), given.from.standing);
        let reply_to = match reply_to {
            None => None,
            Some(position) => Some(self.message(given, position).ok_or(Rejection::NotFound)?.clone()),
        };
        let mut named: Vec<&UserId> = Vec::new();
        for user in mentions {
            if !named.contains(&user) {
                named.push(user);
            }
        }
        let known = named.into_iter().filter_map(|user| {
            let here = self.members.get(user).map(|member| &member.profile);
            here.or_else(|| given.lookup.people.iter().find(|profile| profile.id == *user))
        });
        let draft =
            Draft { author: &given.from.profile, role, text, nonce, reply_to, mentions: known.cloned().collect() };
        match self.conversation.weigh(now, &draft)? {
            Verdict::Store(message) => {
                self.conversation.accept(now, message.clone(), role, given.request);
                let position = message.position;
                self.writes.store(out, Write::Message { message }, Then::Said(position));
                Ok(None)
            }
            Verdict::Said(outcome) => Ok(Some(outcome)),
            Verdict::OnItsWay => self.conversation.wait_for_it(&draft, given.request).map(|()| None),
        }
    }

    /// A message a command names: at hand, or looked up.
    pub(super) fn message<'a>(&'a self, given: &'a Given, position: u64) -> Option<&'a Message> {
        let found = self.conversation.recent(position).or(given.lookup.message.as_ref());
        found.filter(|message| message.position == position && !message.deleted)
    }

    fn watch(&mut self, now: Time, out: &mut Out, given: &Given, keep: Option<hearth_protocol::ids::LegId>) -> Coming {
        let listener = Listener {
            user: given.user().clone(),
            connection: self.connection(given)?.clone(),
            device: given.from.device.clone(),
        };
        if let Some(leg) = keep
            && self.media.keep(&leg, &listener)
        {
            let missed = self.media.missed(&leg);
            Self::reply(out, given.request, Ok(Outcome::Watching { leg }));
            for event in missed {
                self.stream.direct(out, vec![listener.connection.clone()], event);
            }
            return Ok(None);
        }
        self.media.pace(now, &listener.connection)?;
        let leg = given.fresh.leg();
        if self.is_leg(&leg) {
            return Err(Rejection::Busy);
        }
        self.media.watch(out, leg.clone(), listener)?;
        // The leg's offer comes as an event: the reply goes before it.
        Ok(Some(Outcome::Watching { leg }))
    }
}
