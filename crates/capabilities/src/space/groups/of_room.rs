//! In a live room: the groups that are bound to it, and what its moderators see of them and may do.

use hearth_protocol::discussion_groups::{Content, Event as GroupEvent, GroupHere, InvitationState};
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_protocol::limits::GROUPS_OF_ROOM_MAX;
use hearth_protocol::moderation::Report;
use hearth_protocol::people::Profile;
use hearth_protocol::space::Role;
use hearth_protocol::{Event, Outcome, Rejection};
use std::collections::BTreeSet;

use super::super::commands::{Coming, Given};
use super::super::{Out, Space, Then};
use crate::discussion_groups::similarity::Similarity;
use crate::discussion_groups::{Bound, Tell};
use crate::effect::{Effect, SpaceTell, Write};
use crate::input::Time;

impl Space {
    /// The room, as what a group watches.
    pub(super) fn as_content(&self) -> Option<Content> {
        let room = self.kind.live_room()?;
        let (host, title) = (self.host.clone(), room.about.title.clone());
        Some(Content::LiveRoom { room: self.id.clone(), host, title })
    }

    /// In a live room, something has happened by which people have more in common, or less.
    pub(in super::super) fn similarity(&mut self, what: impl FnOnce(&mut Similarity)) {
        if let Ok(groups) = self.in_room_mut() {
            what(&mut groups.similarity);
        }
    }

    pub(super) fn list_groups(&self, given: &Given) -> Coming {
        self.require(given, Role::Moderator)?;
        let reports = &given.lookup.groups.reports;
        let mut groups: Vec<GroupHere> = self
            .in_room()?
            .iter()
            .map(|bound| GroupHere {
                group: bound.id.clone(),
                members: u32::try_from(bound.members.len()).unwrap_or(u32::MAX),
                since_ms: bound.since_ms,
                reports: reports.iter().find(|(group, _)| *group == bound.id).map_or(0, |(_, count)| *count),
            })
            .collect();
        groups.sort_by(|a, b| (a.since_ms, &a.group).cmp(&(b.since_ms, &b.group)));
        groups.truncate(GROUPS_OF_ROOM_MAX);
        Ok(Some(Outcome::Groups { groups }))
    }

    /// A moderator ends a group that is bound here.
    pub(super) fn dissolve_from_room(&mut self, now: Time, out: &mut Out, given: &Given, group: SpaceId) -> Coming {
        self.require(given, Role::Moderator)?;
        self.in_room()?.get(&group).ok_or(Rejection::NotFound)?;
        self.writes.has_room()?;
        let what = Write::GroupEnded { group: group.clone(), at: now, by: Some(given.user().clone()) };
        self.writes.store(out, what, Then::Dissolved(group, given.request));
        Ok(None)
    }

    /// It is stored that a group has ended.
    pub(in super::super) fn dissolved_from_room(&mut self, now: Time, out: &mut Out, group: &SpaceId) {
        let what = SpaceTell::Groups { what: Tell::Dissolved };
        out.push(Effect::TellSpace { space: group.clone(), what });
        self.group_unbound(now, out, group);
    }

    /// A group that is bound here stands so.
    pub(super) fn group_stands(
        &mut self,
        now: Time,
        out: &mut Out,
        by: &SpaceId,
        owner: UserId,
        members: Vec<UserId>,
        since_ms: u64,
    ) {
        let on_air = self.kind.live_room().is_some_and(|room| room.since().is_some());
        let Ok(groups) = self.in_room_mut() else { return };
        let new = groups.get(by).is_none();
        let members: BTreeSet<UserId> = members.into_iter().collect();
        let changed = groups.set(Bound { id: by.clone(), owner, members: members.clone(), since_ms });
        if new {
            let what = SpaceTell::Groups { what: Tell::Playing { on_air } };
            out.push(Effect::TellSpace { space: by.clone(), what });
        }
        self.groups_changed(now, out, changed);
    }

    /// A group is bound here no more.
    pub(super) fn group_unbound(&mut self, now: Time, out: &mut Out, by: &SpaceId) {
        let Ok(groups) = self.in_room_mut() else { return };
        let changed = groups.remove(by);
        self.groups_changed(now, out, changed);
    }

    /// These people are in another group than before, or in none.
    fn groups_changed(&mut self, now: Time, out: &mut Out, users: BTreeSet<UserId>) {
        for user in users {
            let Ok(groups) = self.in_room_mut() else { return };
            let group = groups.of(&user).map(|bound| bound.id.clone());
            // Who is not in the group for which they invited any more brings in nobody else.
            let before = groups.requests.of(&user).and_then(|request| request.group.clone());
            if before.is_some() && before != group {
                self.close_unanswered(now, out, &user, InvitationState::Withdrawn);
                if let Ok(groups) = self.in_room_mut() {
                    groups.requests.set_group(&user, None);
                }
                self.request_changed(now, out, &user);
            }
            self.tell_about_groups(out, &user, GroupEvent::Yours { group });
        }
    }

    /// Tells the groups whether there is something to see, if that changed.
    pub(in super::super) fn tell_groups(&mut self, out: &mut Out) {
        let Some(room) = self.kind.live_room_mut() else { return };
        let on_air = room.since().is_some();
        if std::mem::replace(&mut room.groups.told_on_air, on_air) != on_air {
            for bound in room.groups.iter() {
                let what = SpaceTell::Groups { what: Tell::Playing { on_air } };
                out.push(Effect::TellSpace { space: bound.id.clone(), what });
            }
        }
    }

    /// Something in a group was reported to the moderators here.
    pub(super) fn reported_in_group(&mut self, out: &mut Out, report: Box<Report>) {
        if self.kind.live_room().is_some() {
            let connections = self.moderating_but(Some(&report.about.id));
            self.stream.direct(out, connections, Event::Reported { report });
        }
    }

    /// Tells somebody which group is theirs, if one is, and how what they have asked for stands.
    pub(in super::super) fn tell_your_groups(&mut self, out: &mut Out, user: &UserId) {
        self.tell_request(out, user);
        let group = self.in_room().ok().and_then(|groups| groups.of(user)).map(|bound| bound.id.clone());
        if group.is_some() {
            self.tell_about_groups(out, user, GroupEvent::Yours { group });
        }
    }

    /// Somebody has another name now.
    pub(in super::super) fn renamed_in_groups(&mut self, profile: &Profile) {
        match &mut self.kind {
            super::Kind::LiveRoom(room) => room.groups.requests.renamed(profile),
            super::Kind::Group(group) => group.renamed(profile),
            super::Kind::Dialog(_) => {}
        }
    }
}
