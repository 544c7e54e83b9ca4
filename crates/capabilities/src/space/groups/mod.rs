//! Discussion groups, in the live room where they come about and in the group itself.
//!
//! In the live room: `asking` (suggestions, invitations, answers), `confirmed` (what comes of an acceptance that is stored),
//! `of_room` (what the room knows of its groups, and what its moderators may). In the group: `lifetime` (who is in it, whose
//! it is, when it ends), `moving` (to what it goes next).

mod asking;
mod confirmed;
mod lifetime;
mod moving;
mod of_room;

pub(super) use confirmed::Acceptance;
pub(super) use moving::Move;

use hearth_protocol::Rejection;
use hearth_protocol::discussion_groups::Command;
use hearth_protocol::ids::SpaceId;

use super::commands::{Coming, Given};
use super::{Kind, Out, Space};
use crate::discussion_groups::Tell;
use crate::input::Time;

impl Space {
    pub(super) fn about_groups(&mut self, now: Time, out: &mut Out, given: Given, wants: Command) -> Coming {
        match (&self.kind, wants) {
            (Kind::LiveRoom(_), Command::Suggest { sources }) => self.suggest(now, &given, &sources),
            (Kind::LiveRoom(_), Command::Invite { users }) => self.invite(now, out, &given, users),
            (Kind::LiveRoom(_), Command::Withdraw) => self.withdraw_invitations(now, out, &given),
            (Kind::LiveRoom(_), Command::Answer { invitation, accept }) => {
                self.answer_invitation(now, out, &given, &invitation, accept)
            }
            (Kind::LiveRoom(_), Command::List) => self.list_groups(&given),
            (Kind::LiveRoom(_), Command::Dissolve { group: Some(group) }) => {
                self.dissolve_from_room(now, out, &given, group)
            }
            (Kind::Group(_), Command::Dissolve { group: None }) => self.dissolve(now, out, &given),
            (Kind::Group(_), Command::Depart) => self.depart(now, out, &given),
            (Kind::Group(_), Command::Move { to: _ }) => self.propose_move(now, out, &given),
            (Kind::Group(_), Command::AnswerMove { accept }) => self.answer_move(now, out, &given, accept),
            // What only makes sense in the other kind of space is not there.
            _ => Err(Rejection::NotFound),
        }
    }

    pub(super) fn told_of_groups(&mut self, now: Time, out: &mut Out, by: &SpaceId, what: Tell) {
        match what {
            Tell::Joined { member } => self.joined(member),
            Tell::Playing { on_air } => self.playing(by, on_air),
            Tell::Dissolved => self.dissolved(now, out),
            Tell::Stands { owner, members, since_ms } if by.is_group() => {
                self.group_stands(now, out, by, owner, members, since_ms)
            }
            Tell::Unbound => self.group_unbound(now, out, by),
            Tell::Reported { report } => self.reported_in_group(out, report),
            // Only a group is bound to a room.
            Tell::Stands { .. } => {}
        }
    }
}
