//! What comes of a write when it is stored, or could not be.

use hearth_protocol::conversation::Message;
use hearth_protocol::ids::UserId;
use hearth_protocol::space::RemovedReason;
use hearth_protocol::{Event, Outcome, Rejection};

use super::{Out, Space, Then};
use crate::effect::{Effect, Tell, Timer, WriteId};
use crate::input::{RequestId, StoreFailure, Time};

impl Space {
    /// A write came to its end.
    pub(super) fn stored(&mut self, now: Time, out: &mut Out, write: WriteId, result: Result<u64, StoreFailure>) {
        let Some(then) = self.writes.take(write) else { return };
        match (then, result) {
            (Then::Said(position), Ok(at)) => self.said(out, position, at),
            (Then::Said(position), Err(_)) => {
                for request in self.conversation.not_stored(position).into_iter().flat_map(|one| one.requests) {
                    Self::reply(out, request, Err(Rejection::Storage));
                }
            }
            (Then::Deleted(position, request), Ok(_)) => {
                self.conversation.redact(position);
                self.similarity(|similarity| similarity.deleted(position));
                self.stream.redact(position);
                self.stream.everyone(out, Event::MessageDeleted { position });
                self.tell_rows(out);
                Self::reply(out, request, Ok(Outcome::Done));
            }
            (Then::SlowMode(interval_s, request), Ok(_)) => {
                self.conversation.slow_mode_s = interval_s;
                self.stream.everyone(out, Event::SlowMode { interval_s });
                Self::reply(out, request, Ok(Outcome::Done));
            }
            (Then::Sanctioned(sanction, request), Ok(_)) => {
                self.sanctioned(now, out, sanction);
                Self::reply(out, request, Ok(Outcome::Done));
            }
            (Then::Cleared(user, request), Ok(_)) => {
                self.sanctions.clear(&user);
                out.push(Effect::CancelTimer { timer: Timer::MuteEnds(user.clone()) });
                self.tell_you(now, out, &user);
                if let Some(request) = request {
                    Self::reply(out, request, Ok(Outcome::Done));
                }
            }
            (Then::Appointed(profile, appointed, request), Ok(_)) => {
                self.appointed(now, out, profile, appointed);
                Self::reply(out, request, Ok(Outcome::Done));
            }
            (Then::About(about, request), Ok(_)) => {
                self.about_changed(now, out, *about);
                Self::reply(out, request, Ok(Outcome::Done));
            }
            (Then::RecordingWanted(wanted, request), Ok(_)) => {
                self.recording_wanted(out, wanted);
                Self::reply(out, request, Ok(Outcome::Done));
            }
            (Then::PutOut(user, request), Ok(_)) => {
                self.put_out(now, out, &user, RemovedReason::Removed);
                Self::reply(out, request, Ok(Outcome::Done));
            }
            (Then::Reported(report, request), Ok(_)) => {
                self.reported(out, report);
                Self::reply(out, request, Ok(Outcome::Done));
            }
            (Then::Edited { position, text, at, request }, Ok(_)) => {
                self.edited(out, position, text, at);
                Self::reply(out, request, Ok(Outcome::Done));
            }
            (Then::DialogTitled(title, request), Ok(_)) => {
                self.dialog_titled(out, title);
                Self::reply(out, request, Ok(Outcome::Done));
            }
            (Then::Added(one, request), Ok(_)) => {
                self.added_to_dialog(out, *one);
                Self::reply(out, request, Ok(Outcome::Done));
            }
            (Then::LeftDialog(user, request), Ok(_)) => self.left_dialog(now, out, &user, request),
            (Then::Kept(user, keeping, request), Ok(_)) => {
                self.kept_dialog(out, &user, keeping);
                Self::reply(out, request, Ok(Outcome::Done));
            }
            (Then::VisitRequested(wanted, request), Ok(_)) => self.visits_requested(now, out, *wanted, request),
            (Then::Confirmed(acceptance), result) => self.confirmed(now, out, acceptance, result),
            (Then::Dissolved(group, request), Ok(_)) => {
                self.dissolved_from_room(now, out, &group);
                Self::reply(out, request, Ok(Outcome::Done));
            }
            (Then::LeftGroup { user, reason, request }, Ok(_)) => {
                // Before the connection that asked is let go of.
                Self::reply(out, request, Ok(Outcome::Done));
                self.left_group(now, out, &user, reason);
            }
            (Then::GroupOver(reason, request), Ok(_)) => {
                request.into_iter().for_each(|request| Self::reply(out, request, Ok(Outcome::Done)));
                self.end_group(now, out, reason);
            }
            (Then::Moved(what), Ok(_)) => self.moved(now, out, *what),
            (then, Err(_)) => {
                if let Some(request) = then.request() {
                    Self::reply(out, request, Err(Rejection::Storage));
                }
            }
        }
    }

    /// A message is stored: everybody hears it, then its author gets the reply.
    fn said(&mut self, out: &mut Out, position: u64, at: u64) {
        let Some((accepted, new)) = self.conversation.stored(position, at) else { return };
        let message = accepted.message;
        let at_ms = message.at_ms;
        if new && self.kind.dialog().is_some() {
            // Who has said something has read what was there, and is not writing any more.
            let author = message.author.id.clone();
            self.stream.everyone(out, Event::Message { message });
            self.said_in_dialog(&author, position);
            self.tell_rows(out);
        } else if new {
            for user in mentioned(&message).into_iter().filter(|user| self.may_hear_of(user)).collect::<Vec<_>>() {
                let what = Tell::Mentioned { space: self.id.clone(), message: Box::new(message.clone()) };
                out.push(Effect::Tell { user, what });
            }
            self.similarity(|similarity| similarity.said(&message));
            self.stream.everyone(out, Event::Message { message });
        }
        for request in accepted.requests {
            Self::reply(out, request, Ok(Outcome::Sent { position: at, at_ms }));
        }
    }
}

impl Then {
    fn request(&self) -> Option<RequestId> {
        match self {
            Then::Said(_) | Then::Confirmed(_) | Then::Moved(_) => None,
            Then::Cleared(_, request) | Then::GroupOver(_, request) => *request,
            Then::Deleted(_, request)
            | Then::SlowMode(_, request)
            | Then::Sanctioned(_, request)
            | Then::Appointed(_, _, request)
            | Then::About(_, request)
            | Then::RecordingWanted(_, request)
            | Then::PutOut(_, request)
            | Then::Dissolved(_, request)
            | Then::LeftGroup { request, .. }
            | Then::Reported(_, request)
            | Then::Edited { request, .. }
            | Then::DialogTitled(_, request)
            | Then::Added(_, request)
            | Then::LeftDialog(_, request)
            | Then::Kept(_, _, request)
            | Then::VisitRequested(_, request) => Some(*request),
        }
    }
}

/// Whom a message concerns by name: the mentioned, and the author of what it answers.
fn mentioned(message: &Message) -> Vec<UserId> {
    let mut users: Vec<UserId> = message.mentions.iter().map(|profile| profile.id.clone()).collect();
    users.extend(message.reply_to.iter().map(|quote| quote.author.id.clone()));
    users.retain(|user| *user != message.author.id);
    users.sort();
    users.dedup();
    users
}
