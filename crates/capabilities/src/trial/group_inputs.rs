//! Bytes as what people and other machines say of discussion groups.

use hearth_protocol::Command;
use hearth_protocol::conversation::Message;
use hearth_protocol::discussion_groups::{Command as Group, Content, Destination, SuggestedBy};
use hearth_protocol::ids::{InvitationId, SpaceId, UserId};
use hearth_protocol::media::{Source as Carries, SourceOfMid};
use hearth_protocol::moderation::Report;
use hearth_protocol::people::Preferences;
use std::collections::BTreeSet;

use super::inputs::Source;
use super::watch::Watch;
use crate::discussion_groups::{Confirmed, Lookup as GroupLookup, Tell};
use crate::effect::{SpaceTell, Timer};
use crate::input::{Fresh, Input, Lookup, RequestId};

fn space(name: &str) -> SpaceId {
    SpaceId::parse(name).expect("well formed")
}

impl Source<'_> {
    /// What somebody wants of groups, mostly somebody who is here, and whom it concerns.
    pub fn group_command(&mut self, watch: &Watch) -> Input {
        let mut from = self.present(watch);
        let whom = self.present(watch).profile.id;
        let mut lookup = GroupLookup::default();
        let wants = match self.byte() % 16 {
            0..=3 => {
                self.relations(&mut lookup);
                Group::Invite { users: vec![whom, self.present(watch).profile.id] }
            }
            4..=7 => {
                // Whoever was invited last answers.
                let open: Vec<(InvitationId, UserId)> =
                    watch.groups.open.iter().map(|(id, user)| (id.clone(), user.clone())).collect();
                let never = InvitationId::parse("invitation_never").expect("well formed");
                let (invitation, user) = self.choice(&open).unwrap_or((never, whom));
                from = self.somebody_here_as(watch, &user).unwrap_or(from);
                Group::Answer { invitation, accept: !self.byte().is_multiple_of(4) }
            }
            8 => {
                self.relations(&mut lookup);
                let sources = [vec![], vec![SuggestedBy::Interests], vec![SuggestedBy::Comments, SuggestedBy::Friends]];
                Group::Suggest { sources: self.choice(&sources).unwrap_or_default() }
            }
            9 => Group::Withdraw,
            10 => Group::List,
            11 => {
                let bound: Vec<SpaceId> = watch.groups.known.iter().cloned().collect();
                Group::Dissolve { group: self.choice(&bound).filter(|_| !self.byte().is_multiple_of(4)) }
            }
            12 => Group::Depart,
            13 => {
                let room = self.choice(&["room_ana", "room_fay"]).unwrap_or("room_ana");
                let title = "T".to_owned();
                let content = Content::LiveRoom { room: space(room), host: self.somebody(), title };
                lookup.destination = (!self.byte().is_multiple_of(4)).then_some(content);
                if self.byte().is_multiple_of(4) {
                    lookup.hidden_from = vec![self.somebody().id];
                }
                Group::Move { to: Destination::LiveRoom { room: space(room) } }
            }
            _ => Group::AnswerMove { accept: !self.byte().is_multiple_of(3) },
        };
        let (request, fresh) = self.numbered();
        let lookup = Lookup { groups: Box::new(lookup), ..Lookup::default() };
        Input::Command { from, request, command: Command::Groups { wants }, fresh, lookup }
    }

    /// The next request's number, and its bits.
    pub(super) fn numbered(&mut self) -> (RequestId, Fresh) {
        self.requests += 1;
        (RequestId(self.requests), Fresh(1, self.requests))
    }

    fn relations(&mut self, lookup: &mut GroupLookup) {
        lookup.follows = vec![(self.caller().profile.id, self.byte().is_multiple_of(2))];
        if self.byte().is_multiple_of(4) {
            lookup.blocked = vec![self.caller().profile.id];
        }
        if self.byte().is_multiple_of(16) {
            lookup.own = Some(space("group_elsewhere"));
        }
    }

    /// What other machines say, and what members say of themselves.
    pub fn of_groups(&mut self, watch: &Watch) -> Input {
        let by = self.choice(&["group_1", "group_2", "room_ana", "room_fay"]).unwrap_or("group_1");
        let user = self.caller().profile.id;
        let what = match self.byte() % 8 {
            0 => Tell::Joined { member: Confirmed { profile: self.caller().profile, since_ms: self.byte().into() } },
            1 => Tell::Playing { on_air: self.byte().is_multiple_of(2) },
            2 => Tell::Stands {
                owner: user.clone(),
                members: BTreeSet::from([user, self.caller().profile.id]).into_iter().collect(),
                since_ms: self.byte().into(),
            },
            3 => Tell::Unbound,
            4 if self.byte().is_multiple_of(4) => Tell::Dissolved,
            5 => {
                let (by, about) = (self.somebody(), self.somebody());
                let message: Option<Message> = None;
                let (id, space) = (Fresh(2, self.requests).report(), watch.id.clone());
                let group = Some(SpaceId::parse("group_1").expect("well formed"));
                let report =
                    Report { id, space, by, about, message, reason: String::new(), at_ms: 0, settled_by: None, group };
                Tell::Reported { report: Box::new(report) }
            }
            6 => {
                let interests = vec![self.choice(&["tea", "Tea", "clay"]).unwrap_or("tea").to_owned()];
                let preferences = Preferences {
                    interests,
                    group_invitations: !self.byte().is_multiple_of(4),
                    do_not_disturb: self.byte().is_multiple_of(8),
                    ..Preferences::default()
                };
                return Input::Prefers { user, preferences };
            }
            _ => {
                // In a group whoever wants to speaks.
                let (from, (request, fresh)) = (self.present(watch), self.numbered());
                let sources = vec![SourceOfMid { mid: "0".to_owned(), source: Carries::Microphone }];
                let command = Command::Publish { offer: "v=0".to_owned(), sources, take_over: true };
                return Input::Command { from, request, command, fresh, lookup: Lookup::default() };
            }
        };
        Input::Told { by: space(by), tell: SpaceTell::Groups { what } }
    }

    /// A timer of groups, whether it is set or not.
    pub fn any_group_timer(&mut self) -> Timer {
        match self.byte() % 4 {
            0 => Timer::GroupInvitations(self.caller().profile.id),
            1 => Timer::GroupIdle,
            2 => Timer::GroupOwnerGone,
            _ => Timer::GroupMoves,
        }
    }
}
