//! In a group: who is in it, whose it is, and when it ends.
//!
//! ```text
//!            the last departs, dissolved, or nothing goes on for 10 minutes
//!  goes on ─────────────────────────────────────────────────────────────────► over
//! ```
//!
//! A group whose owner leaves, or does not come back while others are here, is the longest-standing member's.

use hearth_protocol::discussion_groups::{Event as GroupEvent, Group as WireGroup};
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_protocol::space::{RemovedReason, Role, SpaceEndReason};
use hearth_protocol::{Event, Rejection};

use super::super::commands::{Coming, Given};
use super::super::{Kind, Out, Space, Then};
use crate::discussion_groups::{Confirmed, Group, Tell};
use crate::effect::{Effect, SpaceTell, Timer, Write};
use crate::input::Time;
use crate::kernel::limits::{GROUP_END_AGAIN_MS, GROUP_IDLE_MS, MEMBER_GRACE_MS};
use crate::kernel::stage::Seat;

impl Space {
    pub(super) fn group_mut(&mut self) -> Option<&mut Group> {
        if let Kind::Group(group) = &mut self.kind { Some(group) } else { None }
    }

    /// Somebody has confirmed.
    pub(super) fn joined(&mut self, member: Confirmed) {
        if let Some(group) = self.group_mut() {
            group.join(member);
        }
    }

    /// Somebody comes to the group whom the store has for a member: if the room in which they confirmed crashed before it could
    /// tell, nobody else will.
    pub(in super::super) fn catches_up(&mut self, given: &Given) {
        let Some(since_ms) = given.lookup.groups.member_since_ms else { return };
        if let Some(group) = self.group_mut().filter(|group| group.may_have_missed(given.user(), since_ms)) {
            group.join(Confirmed { profile: given.from.profile.clone(), since_ms });
        }
    }

    /// There is something to see in the room that the group is bound to, or there is not.
    pub(super) fn playing(&mut self, by: &SpaceId, on_air: bool) {
        if let Some(group) = self.group_mut().filter(|group| group.bound_room() == Some(by)) {
            group.playing = on_air;
        }
    }

    pub(super) fn depart(&mut self, now: Time, out: &mut Out, given: &Given) -> Coming {
        self.leaves_group(now, out, given, given.user().clone(), RemovedReason::Departed)
    }

    /// The owner puts a member out.
    pub(in super::super) fn remove_from_group(
        &mut self,
        now: Time,
        out: &mut Out,
        given: &Given,
        user: &UserId,
    ) -> Coming {
        self.require(given, Role::Host)?;
        let member = self.kind.group().is_some_and(|group| group.is_member(user));
        if !member {
            return Err(Rejection::NotFound);
        }
        if user == given.user() {
            return Err(Rejection::Forbidden);
        }
        self.leaves_group(now, out, given, user.clone(), RemovedReason::Removed)
    }

    fn leaves_group(&mut self, now: Time, out: &mut Out, given: &Given, user: UserId, reason: RemovedReason) -> Coming {
        self.writes.has_room()?;
        let what = Write::GroupLeft { user: user.clone(), at: now };
        self.writes.store(out, what, Then::LeftGroup { user, reason, request: given.request });
        Ok(None)
    }

    /// It is stored that somebody is in the group no more.
    pub(in super::super) fn left_group(&mut self, now: Time, out: &mut Out, user: &UserId, reason: RemovedReason) {
        let Some(group) = self.group_mut().filter(|group| group.is_member(user)) else { return };
        group.leave(user);
        let empty = group.members.is_empty();
        self.put_out(now, out, user, reason);
        if empty {
            // The store has ended it with its last member.
            self.end_group(now, out, SpaceEndReason::Dissolved);
        } else if *user == self.host.id {
            self.succeed(now, out);
        }
    }

    /// The owner is gone: the longest-standing of those who are here takes over, or of all if nobody is.
    fn succeed(&mut self, now: Time, out: &mut Out) {
        let Some(group) = self.kind.group() else { return };
        let here = group.longest_standing(|user| self.members.get(user).is_some());
        let Some(next) = here.or_else(|| group.longest_standing(|_| true)).cloned() else { return };
        let before = std::mem::replace(&mut self.host, next.clone());
        if before.id == next.id {
            return;
        }
        self.writes.note(out, Write::GroupOwner { user: next.id.clone() });
        self.tell_you(now, out, &before.id);
        self.tell_you(now, out, &next.id);
    }

    /// The owner did not come back.
    pub(in super::super) fn owner_gone(&mut self, now: Time, out: &mut Out) {
        if let Some(group) = self.group_mut() {
            group.awaits_owner = false;
        }
        if self.members.get(&self.host.id).is_none() && !self.members.is_empty() {
            self.succeed(now, out);
        }
    }

    /// A member of the group is here no more, and stays a member.
    pub(in super::super) fn gone_from_group(&mut self, now: Time, out: &mut Out, user: &UserId) {
        if self.kind.group().is_some_and(|group| !group.over) && *user == self.host.id && !self.members.is_empty() {
            self.succeed(now, out);
        }
    }

    pub(super) fn dissolve(&mut self, now: Time, out: &mut Out, given: &Given) -> Coming {
        self.require(given, Role::Host)?;
        self.writes.has_room()?;
        let what = Write::GroupEnded { group: self.id.clone(), at: now, by: None };
        self.writes.store(out, what, Then::GroupOver(SpaceEndReason::Dissolved, Some(given.request)));
        Ok(None)
    }

    /// A moderator of the room has ended the group.
    pub(super) fn dissolved(&mut self, now: Time, out: &mut Out) {
        self.end_group(now, out, SpaceEndReason::Dissolved);
    }

    /// Nothing went on for long, or the end could not be stored.
    pub(in super::super) fn group_idle(&mut self, now: Time, out: &mut Out) {
        let Some(group) = self.group_mut().filter(|group| !group.over && group.ends.is_some()) else { return };
        let ends = group.active.plus_ms(GROUP_IDLE_MS);
        if ends > now {
            group.ends = Some(ends);
            out.push(Effect::SetTimer { timer: Timer::GroupIdle, at: ends });
            return;
        }
        out.push(Effect::SetTimer { timer: Timer::GroupIdle, at: now.plus_ms(GROUP_END_AGAIN_MS) });
        let ending = |then: &Then| matches!(then, Then::GroupOver(..));
        if !self.writes.waiting().any(ending) {
            let what = Write::GroupEnded { group: self.id.clone(), at: now, by: None };
            self.writes.store(out, what, Then::GroupOver(SpaceEndReason::Idle, None));
        }
    }

    /// It is stored that the group has ended: everybody is told, and nobody is here any more.
    pub(in super::super) fn end_group(&mut self, now: Time, out: &mut Out, reason: SpaceEndReason) {
        let Some(group) = self.group_mut().filter(|group| !group.over) else { return };
        group.over = true;
        group.proposal = None;
        for timer in [Timer::GroupIdle, Timer::GroupOwnerGone, Timer::GroupMoves] {
            out.push(Effect::CancelTimer { timer });
        }
        self.stream.everyone(out, Event::Ended { reason });
        let here: Vec<UserId> = self.members.iter().map(|(user, _)| user.clone()).collect();
        for user in here {
            self.member_gone(now, out, &user);
        }
        self.rest(now, out);
    }

    /// Something was done in the group.
    pub(in super::super) fn goes_on(&mut self, now: Time) {
        if let Some(group) = self.group_mut() {
            group.active = now;
        }
    }

    /// After every input: when the group ends by itself, whether its owner is waited for, and who is to know how it stands.
    pub(in super::super) fn settle_group(&mut self, now: Time, out: &mut Out) {
        let publishing = self.stage.seats().any(Seat::is_publishing);
        let (empty, owner_here) = (self.members.is_empty(), self.members.get(&self.host.id).is_some());
        let Some(group) = self.group_mut() else { return };
        if !group.over {
            let quiet = empty || (!group.playing && !publishing);
            if !quiet && group.ends.take().is_some() {
                out.push(Effect::CancelTimer { timer: Timer::GroupIdle });
            } else if quiet && group.ends.is_none() {
                let at = now.plus_ms(GROUP_IDLE_MS);
                (group.active, group.ends) = (now, Some(at));
                out.push(Effect::SetTimer { timer: Timer::GroupIdle, at });
            }
            let awaited = !empty && !owner_here;
            if std::mem::replace(&mut group.awaits_owner, awaited) != awaited {
                let timer = Timer::GroupOwnerGone;
                out.push(if awaited {
                    Effect::SetTimer { timer, at: now.plus_ms(MEMBER_GRACE_MS) }
                } else {
                    Effect::CancelTimer { timer }
                });
            }
        }
        self.tell_group(out);
        self.tell_room(out);
    }

    /// How the group stands, as one of its members sees it.
    pub(in super::super) fn group_seen_by(&self, user: &UserId) -> Option<WireGroup> {
        let group = self.kind.group()?;
        Some(group.seen_by(user, &group.wire(&self.host.id, |user| self.members.get(user).is_some())))
    }

    /// Whether a member who joins may see what the group watches.
    pub(in super::super) fn sees_content(&mut self, user: &UserId, hidden: bool) {
        let Some(group) = self.group_mut() else { return };
        if hidden {
            group.hidden_from.insert(user.clone());
        } else {
            group.hidden_from.remove(user);
        }
    }

    /// Tells the members how the group stands, if that changed.
    fn tell_group(&mut self, out: &mut Out) {
        let Kind::Group(group) = &mut self.kind else { return };
        let members = &self.members;
        let wire = group.wire(&self.host.id, |user| members.get(user).is_some());
        if !group.over && group.told.as_ref() != Some(&wire) {
            group.told = Some(wire.clone());
            let told = |group| Event::Groups { event: GroupEvent::Group { group: Box::new(group) } };
            if group.is_seen_alike() {
                return self.stream.everyone(out, told(wire));
            }
            for member in &group.members {
                let user = &member.profile.id;
                self.stream.user(out, user, members.connections_of(user), told(group.seen_by(user, &wire)));
            }
        }
    }

    /// Tells the live room that the group is bound to how it stands, if that changed; and the one it was bound to before.
    fn tell_room(&mut self, out: &mut Out) {
        let Kind::Group(group) = &mut self.kind else { return };
        let now = group.standing(&self.host.id);
        if group.told_room == now {
            return;
        }
        let before = std::mem::replace(&mut group.told_room, now.clone());
        let room = now.as_ref().map(|(room, ..)| room);
        if let Some((before, ..)) = before.filter(|(before, ..)| Some(before) != room) {
            out.push(Effect::TellSpace { space: before, what: SpaceTell::Groups { what: Tell::Unbound } });
        }
        if let Some((room, owner, members)) = now {
            let what = Tell::Stands { owner, members, since_ms: group.since_ms };
            out.push(Effect::TellSpace { space: room, what: SpaceTell::Groups { what } });
        }
    }
}
