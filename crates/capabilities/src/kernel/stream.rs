//! Event streams: sequence numbers, and the latest events kept for whoever lost their connection.
//!
//! Every event takes a number. An event for everyone or for one user is kept; one that concerns a single connection
//! (a snapshot, an offer, a leg's end) takes its number too, but is not kept: the connection it was for is gone when
//! somebody resumes.
//! A stream that forgot something a client misses says so, and the client gets a snapshot instead.

use std::collections::VecDeque;

use hearth_protocol::conversation::{Carried, Message};
use hearth_protocol::dialogs::Event as DialogEvent;
use hearth_protocol::discussion_groups::{Event as GroupEvent, Reason};
use hearth_protocol::ids::{ConnectionId, UserId};
use hearth_protocol::live_rooms::About;
use hearth_protocol::{Event, PersonEvent, Resume};

use super::limits::{STREAM_BYTES_MAX, STREAM_EVENTS_MAX};
use crate::effect::{Effect, Payload, To};

/// An event that a stream carries.
pub trait StreamEvent: Clone {
    /// About how many bytes it keeps in memory.
    fn weight_bytes(&self) -> usize;
    /// As it leaves the machine.
    fn into_payload(self) -> Payload;
    /// Takes the words of a message that was deleted out of it.
    fn redact(&mut self, position: u64);
}

/// What an event weighs before its texts are counted, in bytes.
const EVENT_BASE_BYTES: usize = 256;
/// What a profile weighs, in bytes.
const PROFILE_BYTES: usize = 192;

impl StreamEvent for Event {
    fn weight_bytes(&self) -> usize {
        EVENT_BASE_BYTES
            + match self {
                Event::Message { message } => message_bytes(message),
                Event::About { about } => about_bytes(about),
                Event::Groups { event } => group_bytes(event),
                Event::Dialogs { event } => dialog_bytes(event),
                Event::Stage { publishers } => publishers.iter().map(|p| 128 + 256 * p.tracks.len()).sum(),
                _ => 0,
            }
    }

    fn into_payload(self) -> Payload {
        Payload::Space(self)
    }

    fn redact(&mut self, position: u64) {
        match self {
            Event::Message { message } => redact(message, position),
            Event::Dialogs { event: DialogEvent::Edited { position: edited, text, .. } } if *edited == position => {
                text.clear();
            }
            _ => {}
        }
    }
}

impl StreamEvent for PersonEvent {
    fn weight_bytes(&self) -> usize {
        EVENT_BASE_BYTES
            + match self {
                PersonEvent::Me { me } => {
                    let friends = me.friends.len() + me.friend_requests.len() + me.friends_asked.len();
                    PROFILE_BYTES * (me.blocked.len() + me.follows.len() + friends)
                }
                PersonEvent::Dialog { dialog } => {
                    PROFILE_BYTES * dialog.members.len() + dialog.last.as_ref().map_or(0, message_bytes)
                }
                PersonEvent::FriendAsked { .. } | PersonEvent::FriendAccepted { .. } => PROFILE_BYTES,
                PersonEvent::Mentioned { message, .. } => message_bytes(message),
                PersonEvent::Video { video } => {
                    let chapters: usize = video.chapters.iter().map(|chapter| 64 + chapter.title.len()).sum();
                    2 * PROFILE_BYTES + video.tiny.len() + 256 * video.subtitles.len() + chapters
                }
                PersonEvent::WentLive { .. } | PersonEvent::VisitInvitation { .. } => 2 * PROFILE_BYTES,
                PersonEvent::Folded { .. }
                | PersonEvent::VisitInvitationOver { .. }
                | PersonEvent::DialogGone { .. }
                | PersonEvent::VideoGone { .. } => 0,
            }
    }

    fn into_payload(self) -> Payload {
        Payload::Person(self)
    }

    fn redact(&mut self, position: u64) {
        if let PersonEvent::Mentioned { message, .. } = self {
            redact(message, position);
        }
    }
}

fn message_bytes(message: &Message) -> usize {
    let quote = message.reply_to.as_ref().map_or(0, |quote| quote.text.len() + PROFILE_BYTES);
    let carried = match &message.carries {
        Some(Carried::Video { tiny, .. } | Carried::Image { tiny, .. }) => 128 + tiny.len(),
        None => 0,
    };
    message.text.len() + quote + carried + PROFILE_BYTES * message.mentions.len()
}

fn group_bytes(event: &GroupEvent) -> usize {
    let words = |reason: &Reason| match reason {
        Reason::Interests { shared: words } | Reason::Comments { terms: words } => words.iter().map(String::len).sum(),
        _ => 0_usize,
    };
    match event {
        GroupEvent::Invitation { invitation } => PROFILE_BYTES + invitation.reasons.iter().map(words).sum::<usize>(),
        GroupEvent::Request { request } => PROFILE_BYTES * request.invited.len(),
        GroupEvent::Group { group } => PROFILE_BYTES * (2 + group.members.len()),
        GroupEvent::Moved { users, .. } => 2 * PROFILE_BYTES + 64 * users.len(),
        GroupEvent::InvitationOver { .. } | GroupEvent::Yours { .. } => 0,
    }
}

fn dialog_bytes(event: &DialogEvent) -> usize {
    match event {
        DialogEvent::State { state } => state.title.len() + PROFILE_BYTES * state.members.len(),
        DialogEvent::Edited { text, .. } => text.len(),
        DialogEvent::Typing { .. } => 0,
    }
}

fn about_bytes(about: &About) -> usize {
    about.title.len() + about.rules.len() + about.tags.iter().map(String::len).sum::<usize>()
}

/// For whom an event was.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Audience {
    Everyone,
    User(UserId),
}

#[derive(Debug)]
struct Logged<E> {
    seq: u64,
    audience: Audience,
    bytes: usize,
    event: E,
}

/// An event stream.
#[derive(Debug)]
pub struct Stream<E> {
    epoch: String,
    last: u64,
    forgotten: u64,
    log: VecDeque<Logged<E>>,
    bytes: usize,
}

impl<E: StreamEvent> Stream<E> {
    /// A stream in which nothing has happened yet.
    pub fn new(epoch: String) -> Self {
        Self { epoch, last: 0, forgotten: 0, log: VecDeque::new(), bytes: 0 }
    }

    /// Where it stands.
    pub fn stands(&self) -> Resume {
        Resume { epoch: self.epoch.clone(), after: self.last }
    }

    /// Sends to every attached connection.
    pub fn everyone(&mut self, out: &mut Vec<Effect>, event: E) {
        let seq = self.log(Audience::Everyone, event.clone());
        out.push(Effect::Send { to: To::Everyone, seq, event: event.into_payload() });
    }

    /// Sends to every attached connection what takes the place of what was sent before: whoever comes back hears the latest
    /// alone.
    pub fn instead(&mut self, out: &mut Vec<Effect>, of: impl Fn(&E) -> bool, event: E) {
        let bytes = &mut self.bytes;
        self.log.retain(|logged| {
            let stays = !of(&logged.event);
            if !stays {
                *bytes -= logged.bytes;
            }
            stays
        });
        self.everyone(out, event);
    }

    /// Sends to a user, by these connections; kept for them if there are none at the moment.
    pub fn user(&mut self, out: &mut Vec<Effect>, user: &UserId, connections: Vec<ConnectionId>, event: E) {
        let seq = self.log(Audience::User(user.clone()), event.clone());
        if !connections.is_empty() {
            out.push(Effect::Send { to: To::Connections(connections), seq, event: event.into_payload() });
        }
    }

    /// Sends to these connections, now or never.
    pub fn direct(&mut self, out: &mut Vec<Effect>, connections: Vec<ConnectionId>, event: E) {
        if connections.is_empty() {
            return;
        }
        self.last += 1;
        out.push(Effect::Send { to: To::Connections(connections), seq: self.last, event: event.into_payload() });
    }

    /// Whether everything after that point is still here.
    pub fn can_resume(&self, from: &Resume) -> bool {
        from.epoch == self.epoch && from.after >= self.forgotten && from.after <= self.last
    }

    /// Sends again, to one connection, what was for its user after that number.
    pub fn replay(&self, out: &mut Vec<Effect>, after: u64, user: &UserId, connection: &ConnectionId) {
        let first = self.log.partition_point(|logged| logged.seq <= after);
        for logged in self.log.range(first..) {
            let theirs = match &logged.audience {
                Audience::Everyone => true,
                Audience::User(whose) => whose == user,
            };
            if theirs {
                out.push(Effect::Send {
                    to: To::Connections(vec![connection.clone()]),
                    seq: logged.seq,
                    event: logged.event.clone().into_payload(),
                });
            }
        }
    }

    /// Takes a deleted message's text out of what is kept.
    pub fn redact(&mut self, position: u64) {
        for logged in &mut self.log {
            logged.event.redact(position);
        }
    }

    fn log(&mut self, audience: Audience, event: E) -> u64 {
        self.last += 1;
        let bytes = event.weight_bytes();
        self.bytes += bytes;
        self.log.push_back(Logged { seq: self.last, audience, bytes, event });
        while self.log.len() > STREAM_EVENTS_MAX || self.bytes > STREAM_BYTES_MAX {
            let Some(oldest) = self.log.pop_front() else { break };
            self.bytes -= oldest.bytes;
            self.forgotten = oldest.seq;
        }
        self.last
    }
}

/// Takes a deleted message's text out of another one that is it, or quotes it.
pub fn redact(message: &mut Message, position: u64) {
    if message.position == position {
        message.text.clear();
        message.mentions.clear();
        message.reply_to = None;
        message.carries = None;
        message.moment = None;
        message.deleted = true;
    }
    if let Some(quote) = &mut message.reply_to
        && quote.position == position
    {
        quote.text.clear();
        quote.carries = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(out: &[Effect]) -> Vec<u64> {
        out.iter()
            .map(|effect| match effect {
                Effect::Send { seq, .. } => *seq,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    fn resume(after: u64) -> Resume {
        Resume { epoch: "e".into(), after }
    }

    #[test]
    fn one_event_past_the_limit_forgets_the_oldest() {
        let mut stream = Stream::new("e".to_owned());
        let mut out = Vec::new();
        for count in 0..STREAM_EVENTS_MAX as u32 {
            stream.everyone(&mut out, Event::Audience { count });
        }
        assert!(stream.can_resume(&resume(0)));
        stream.everyone(&mut out, Event::Audience { count: 0 });
        assert!(!stream.can_resume(&resume(0)));
        assert!(stream.can_resume(&resume(1)));
        assert!(!stream.can_resume(&resume(STREAM_EVENTS_MAX as u64 + 2)), "from the future");
        assert!(!stream.can_resume(&Resume { epoch: "f".into(), after: 1 }));
    }

    #[test]
    fn large_events_are_forgotten_by_their_bytes() {
        let mut stream = Stream::new("e".to_owned());
        let mut out = Vec::new();
        let rules = "r".repeat(STREAM_BYTES_MAX / 4);
        for _ in 0..4 {
            stream.everyone(&mut out, Event::About { about: About { rules: rules.clone(), ..About::default() } });
        }
        assert!(!stream.can_resume(&resume(0)));
        assert!(stream.bytes <= STREAM_BYTES_MAX);
        assert!(stream.can_resume(&resume(1)));
    }

    #[test]
    fn what_took_the_place_of_something_is_replayed_alone() {
        let mut stream = Stream::new("e".to_owned());
        let mut out = Vec::new();
        let bo = UserId::parse("user_bo").unwrap();
        let connection = ConnectionId::parse("conn_bo").unwrap();
        let slow = |event: &Event| matches!(event, Event::SlowMode { .. });
        stream.everyone(&mut out, Event::SlowMode { interval_s: 1 });
        stream.everyone(&mut out, Event::Audience { count: 1 });
        stream.instead(&mut out, slow, Event::SlowMode { interval_s: 2 });
        let weighed: usize = stream.log.iter().map(|logged| logged.bytes).sum();
        assert_eq!(stream.bytes, weighed);
        out.clear();
        assert!(stream.can_resume(&resume(0)));
        stream.replay(&mut out, 0, &bo, &connection);
        assert_eq!(sent(&out), [2, 3]);
    }

    #[test]
    fn a_replay_holds_what_was_for_that_user_and_nothing_for_one_connection() {
        let mut stream = Stream::new("e".to_owned());
        let mut out = Vec::new();
        let ana = UserId::parse("user_ana").unwrap();
        let bo = UserId::parse("user_bo").unwrap();
        let connection = ConnectionId::parse("conn_bo").unwrap();
        stream.everyone(&mut out, Event::Audience { count: 1 });
        stream.user(&mut out, &ana, vec![], Event::SlowMode { interval_s: 1 });
        stream.user(&mut out, &bo, vec![connection.clone()], Event::SlowMode { interval_s: 2 });
        stream.direct(&mut out, vec![connection.clone()], Event::Audience { count: 2 });
        stream.direct(&mut out, vec![], Event::Audience { count: 3 });
        stream.everyone(&mut out, Event::Audience { count: 4 });
        assert_eq!(sent(&out), [1, 3, 4, 5], "what goes to nobody takes no number");
        out.clear();
        stream.replay(&mut out, 1, &bo, &connection);
        assert_eq!(sent(&out), [3, 5]);
        out.clear();
        stream.replay(&mut out, 4, &ana, &connection);
        assert_eq!(sent(&out), [5]);
    }
}
