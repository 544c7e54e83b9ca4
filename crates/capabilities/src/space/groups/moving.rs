//! In a group: to what it goes next.
//!
//! ```text
//!            a member wants to            all who are here have answered, or 30 s
//!  (stays) ───────────────────► proposed ─┬─ somebody comes along, stored ──► (there)
//!                                         └─ nobody does ──► (stays)
//! ```
//!
//! Who does not come along stays a member. Nothing of it is told to a member who may not see it; they stay.

use hearth_protocol::Event;
use hearth_protocol::Rejection;
use hearth_protocol::discussion_groups::{Content, Event as GroupEvent};
use hearth_protocol::ids::UserId;

use std::collections::BTreeSet;

use super::super::commands::{Coming, DONE, Given};
use super::super::{Out, Space, Then};
use crate::discussion_groups::group::Proposal;
use crate::effect::{Effect, Timer, Write};
use crate::input::Time;
use crate::kernel::limits::GROUP_MOVE_MS;

/// A move that is decided.
#[derive(Debug)]
pub struct Move {
    to: Content,
    users: Vec<UserId>,
    hidden_from: BTreeSet<UserId>,
}

impl Space {
    pub(super) fn propose_move(&mut self, now: Time, out: &mut Out, given: &Given) -> Coming {
        let by = self.members.get(given.user()).ok_or(Rejection::NotJoined)?.profile.clone();
        let to = given.lookup.groups.destination.clone().ok_or(Rejection::NotFound)?;
        let mut hidden_from: BTreeSet<UserId> = given.lookup.groups.hidden_from.iter().cloned().collect();
        hidden_from.remove(&by.id);
        let others = |user: &UserId| *user != by.id;
        let goes_alone = !self.members.iter().any(|(user, _)| others(user));
        let company = self.members.iter().any(|(user, _)| others(user) && !hidden_from.contains(user));
        let moving = self.writes.waiting().any(|then| matches!(then, Then::Moved(_)));
        let group = self.group_mut().ok_or(Rejection::NotFound)?;
        if group.content.as_ref() == Some(&to) {
            return DONE;
        }
        if let Some(proposal) = &group.proposal {
            // Said again it changes nothing; another wish waits for this one's end.
            return if proposal.by.id == by.id && proposal.to == to { DONE } else { Err(Rejection::Busy) };
        }
        if moving {
            return Err(Rejection::Busy);
        }
        // Nobody else who is here could come along.
        if !goes_alone && !company {
            return Err(Rejection::Forbidden);
        }
        let until = now.plus_ms(GROUP_MOVE_MS);
        group.active = now;
        // Who may not see it does not come along, and is not asked.
        let declined = hidden_from.iter().cloned().collect();
        group.proposal = Some(Proposal { accepted: vec![by.id.clone()], declined, by, to, until, hidden_from });
        out.push(Effect::SetTimer { timer: Timer::GroupMoves, at: until });
        self.decide_move(out);
        DONE
    }

    pub(super) fn answer_move(&mut self, now: Time, out: &mut Out, given: &Given, accept: bool) -> Coming {
        let user = given.user();
        self.members.get(user).ok_or(Rejection::NotJoined)?;
        let group = self.group_mut().ok_or(Rejection::NotFound)?;
        let proposal = group.proposal.as_mut().filter(|one| !one.hidden_from.contains(user));
        let proposal = proposal.ok_or(Rejection::NotFound)?;
        proposal.answer(user, accept);
        group.active = now;
        self.decide_move(out);
        DONE
    }

    /// Decides where all who are here have answered.
    pub(in super::super) fn decide_move(&mut self, out: &mut Out) {
        let Some(proposal) = self.kind.group().and_then(|group| group.proposal.as_ref()) else { return };
        if self.members.iter().all(|(user, _)| proposal.has_answered(user)) {
            self.move_due(out);
        }
    }

    /// It is decided: the group goes, if anybody comes along with whoever wants to; and whoever is alone goes alone.
    pub(in super::super) fn move_due(&mut self, out: &mut Out) {
        let Some(proposal) = self.group_mut().and_then(|group| group.proposal.take()) else { return };
        out.push(Effect::CancelTimer { timer: Timer::GroupMoves });
        let others = self.members.iter().any(|(user, _)| *user != proposal.by.id);
        let along = proposal.accepted.iter().any(|user| *user != proposal.by.id);
        if proposal.accepted.is_empty() || (others && !along) {
            return;
        }
        let what = Write::GroupContent { content: proposal.to.clone() };
        let Proposal { to, accepted: users, hidden_from, .. } = proposal;
        self.writes.store(out, what, Then::Moved(Box::new(Move { to, users, hidden_from })));
    }

    /// It is stored that the group is bound to something else.
    pub(in super::super) fn moved(&mut self, now: Time, out: &mut Out, Move { to, users, hidden_from }: Move) {
        let Some(group) = self.group_mut().filter(|group| !group.over) else { return };
        group.hidden_from = hidden_from;
        group.active = now;
        // A room says itself whether there is something to see in it.
        group.playing = matches!(to, Content::Video { .. });
        group.content = Some(to.clone());
        let alike = group.hidden_from.is_empty();
        let members = group.members.iter().map(|member| &member.profile.id);
        let told: Vec<UserId> = members.filter(|user| !group.hidden_from.contains(user)).cloned().collect();
        let event = Event::Groups { event: GroupEvent::Moved { content: to, users } };
        if alike {
            return self.stream.everyone(out, event);
        }
        for user in told {
            self.stream.user(out, &user, self.members.connections_of(&user), event.clone());
        }
    }
}
