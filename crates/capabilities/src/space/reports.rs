//! What somebody reports to the moderators. Whoever it is about is never told.

use hearth_protocol::ids::UserId;
use hearth_protocol::limits::{LimitName, OPEN_REPORTS_MAX, REASON_MAX_CHARS};
use hearth_protocol::moderation::Report;
use hearth_protocol::text::clean_message;
use hearth_protocol::{Event, Rejection};

use super::commands::{Coming, Given};
use super::{Out, Space, Then};
use crate::discussion_groups::Tell;
use crate::effect::{Effect, SpaceTell, Write};
use crate::input::Time;
use crate::kernel::limits::{invalid, past};

impl Space {
    pub(super) fn report(
        &mut self,
        now: Time,
        out: &mut Out,
        given: &Given,
        user: &UserId,
        position: Option<u64>,
        reason: &str,
    ) -> Coming {
        let by = &self.members.get(given.user()).ok_or(Rejection::NotJoined)?.profile;
        if user == given.user() {
            return Err(invalid("user", "oneself"));
        }
        if reason.chars().count() > REASON_MAX_CHARS {
            return Err(past(LimitName::ReasonChars, REASON_MAX_CHARS));
        }
        let message = match position {
            None => None,
            Some(position) => Some(self.message(given, position).ok_or(Rejection::NotFound)?),
        };
        let about = match message {
            Some(message) => Some(&message.author).filter(|author| author.id == *user),
            // Who did something on the stage and is gone by now can still be reported.
            None => {
                let known = given.lookup.people.iter().find(|profile| profile.id == *user);
                self.members.get(user).map(|member| &member.profile).or(known)
            }
        };
        let about = about.ok_or(Rejection::NotFound)?;
        let under_way = self.writes.waiting().filter(|then| match then {
            Then::Reported(report, _) => report.by.id == *given.user(),
            _ => false,
        });
        if given.lookup.open_reports as usize + under_way.count() >= OPEN_REPORTS_MAX {
            return Err(past(LimitName::Reports, OPEN_REPORTS_MAX));
        }
        self.writes.has_room()?;
        // What is said in a group is judged by the moderators of its live room.
        let (space, group) = match self.kind.group() {
            Some(group) => (group.moderated_by().clone(), Some(self.id.clone())),
            None => (self.id.clone(), None),
        };
        let report = Box::new(Report {
            id: given.fresh.report(),
            space,
            by: by.clone(),
            about: about.clone(),
            message: message.cloned(),
            reason: clean_message(reason).unwrap_or_default(),
            at_ms: now.0,
            settled_by: None,
            group,
        });
        self.writes.store(out, Write::Report { report: report.clone() }, Then::Reported(report, given.request));
        Ok(None)
    }

    pub(super) fn reported(&mut self, out: &mut Out, report: Box<Report>) {
        if report.group.is_some() {
            let space = report.space.clone();
            out.push(Effect::TellSpace { space, what: SpaceTell::Groups { what: Tell::Reported { report } } });
            return;
        }
        let connections = self.moderating_but(Some(&report.about.id));
        self.stream.direct(out, connections, Event::Reported { report });
    }
}
