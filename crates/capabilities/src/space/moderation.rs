//! What hosts and moderators do: deleting, slow mode, mutes and bans, appointing; what the room says of itself.
//!
//! Nobody acts on the host, nor on themselves; moderators act on viewers, the host on moderators too.

use hearth_protocol::ids::UserId;
use hearth_protocol::limits::{LimitName, MUTE_MAX_S, SLOW_MODE_MAX_S};
use hearth_protocol::live_rooms::About;
use hearth_protocol::people::Profile;
use hearth_protocol::space::{RemovedReason, Role, Sanction};
use hearth_protocol::{Event, Rejection};

use super::commands::{Coming, Given};
use super::{Out, Space, Then};
use crate::effect::{Effect, Timer, Write};
use crate::input::{Standing, Time};
use crate::kernel::limits::{MODERATORS_MAX, past};
use crate::live_rooms::about;

impl Space {
    pub(super) fn delete_message(&mut self, out: &mut Out, given: &Given, position: u64) -> Coming {
        let author = self.message(given, position).ok_or(Rejection::NotFound)?.author.id.clone();
        let by = given.user().clone();
        if author != by {
            let role = self.require(given, Role::Moderator)?;
            if author == self.host.id && role != Role::Host {
                return Err(Rejection::Forbidden);
            }
        }
        self.writes.has_room()?;
        self.writes.store(out, Write::DeleteMessage { position, by }, Then::Deleted(position, given.request));
        Ok(None)
    }

    pub(super) fn set_slow_mode(&mut self, out: &mut Out, given: &Given, interval_s: u32) -> Coming {
        self.require(given, Role::Moderator)?;
        if interval_s > SLOW_MODE_MAX_S {
            return Err(past(LimitName::SlowModeSeconds, SLOW_MODE_MAX_S as usize));
        }
        self.writes.has_room()?;
        let by = given.user().clone();
        self.writes.store(out, Write::SlowMode { interval_s, by }, Then::SlowMode(interval_s, given.request));
        Ok(None)
    }

    /// Somebody that the caller may act on, whether they are here or not.
    pub(super) fn subject(&self, given: &Given, user: &UserId) -> Result<Profile, Rejection> {
        let role = self.require(given, Role::Moderator)?;
        let here = self.members.get(user);
        // Who is not in the group is nobody there.
        if !self.may_hear_of(user) {
            return Err(Rejection::NotFound);
        }
        let profile = here
            .map(|member| &member.profile)
            .or_else(|| given.lookup.people.iter().find(|profile| profile.id == *user))
            .ok_or(Rejection::NotFound)?;
        let absent =
            if given.lookup.administrators.contains(user) { Standing::Administrator } else { Standing::Account };
        let standing = here.map_or(absent, |member| member.standing);
        if user == given.user() || self.role_of(user, standing) >= role {
            return Err(Rejection::Forbidden);
        }
        Ok(profile.clone())
    }

    /// Whether nothing about this user's sanction is on its way to the store: what comes second must see what came first.
    ///
    /// Errors: [`Rejection::Busy`].
    fn is_settled(&self, user: &UserId) -> Result<(), Rejection> {
        let concerns = |then: &Then| match then {
            Then::Sanctioned(sanction, _) => sanction.user.id == *user,
            Then::Cleared(whose, _) => whose == user,
            _ => false,
        };
        if self.writes.waiting().any(concerns) { Err(Rejection::Busy) } else { Ok(()) }
    }

    pub(super) fn mute(
        &mut self,
        now: Time,
        out: &mut Out,
        given: &Given,
        user: &UserId,
        duration_s: Option<u32>,
    ) -> Coming {
        if duration_s.is_some_and(|duration| duration > MUTE_MAX_S) {
            return Err(past(LimitName::MuteSeconds, MUTE_MAX_S as usize));
        }
        let until_ms = duration_s.map(|duration| now.plus_ms(u64::from(duration) * 1_000).0);
        self.sanction(out, given, user, until_ms, false)
    }

    pub(super) fn ban(&mut self, out: &mut Out, given: &Given, user: &UserId) -> Coming {
        self.sanction(out, given, user, None, true)
    }

    fn sanction(&mut self, out: &mut Out, given: &Given, user: &UserId, until_ms: Option<u64>, banned: bool) -> Coming {
        let profile = self.subject(given, user)?;
        self.is_settled(user)?;
        if self.sanctions.is_banned(user) && !banned {
            return Err(Rejection::Banned);
        }
        let under_way = self.writes.waiting().filter(|then| match then {
            Then::Sanctioned(sanction, _) => self.sanctions.of(&sanction.user.id).is_none(),
            _ => false,
        });
        self.sanctions.has_room_for(user, under_way.count())?;
        self.writes.has_room()?;
        let sanction = Sanction { user: profile, banned, until_ms, by: given.user().clone() };
        self.writes.store(
            out,
            Write::Sanction { sanction: sanction.clone() },
            Then::Sanctioned(sanction, given.request),
        );
        Ok(None)
    }

    /// Puts somebody out who may come back.
    pub(super) fn remove(&mut self, out: &mut Out, given: &Given, user: &UserId) -> Coming {
        self.subject(given, user)?;
        self.members.get(user).ok_or(Rejection::NotFound)?;
        self.writes.has_room()?;
        let what = Write::Removed { user: user.clone(), by: given.user().clone() };
        self.writes.store(out, what, Then::PutOut(user.clone(), given.request));
        Ok(None)
    }

    pub(super) fn sanctioned(&mut self, now: Time, out: &mut Out, sanction: Sanction) {
        let (user, banned) = (sanction.user.id.clone(), sanction.banned);
        let timer = Timer::MuteEnds(user.clone());
        match sanction.until_ms {
            Some(until) => out.push(Effect::SetTimer { timer, at: Time(until) }),
            None => out.push(Effect::CancelTimer { timer }),
        }
        self.sanctions.set(sanction);
        if banned {
            self.put_out(now, out, &user, RemovedReason::Banned);
            self.stream.everyone(out, Event::UserRemoved { user });
        } else {
            self.tell_you(now, out, &user);
        }
    }

    pub(super) fn clear_sanction(&mut self, out: &mut Out, given: &Given, user: &UserId, banned: bool) -> Coming {
        self.require(given, Role::Moderator)?;
        self.is_settled(user)?;
        if self.sanctions.of(user).is_none_or(|sanction| sanction.banned != banned) {
            return Err(Rejection::NotFound);
        }
        self.writes.has_room()?;
        let what = Write::ClearSanction { user: user.clone(), by: given.user().clone() };
        self.writes.store(out, what, Then::Cleared(user.clone(), Some(given.request)));
        Ok(None)
    }

    /// A timed mute has run out. What is stored of it says until when, so that nothing needs to be written.
    pub(super) fn mute_ends(&mut self, now: Time, out: &mut Out, user: &UserId) {
        let over = self.sanctions.of(user).is_some_and(|one| one.until_ms.is_some_and(|until| until <= now.0));
        if over {
            self.sanctions.clear(user);
            self.tell_you(now, out, user);
        }
    }

    pub(super) fn set_moderator(&mut self, out: &mut Out, given: &Given, user: &UserId, appointed: bool) -> Coming {
        self.require(given, Role::Host)?;
        let profile = if appointed {
            let profile = self.subject(given, user)?;
            // A guest is gone when the browser forgets them: nobody to entrust a room to.
            if profile.name.is_none() {
                return Err(Rejection::Forbidden);
            }
            let under_way = self.writes.waiting().filter(|then| match then {
                Then::Appointed(profile, true, _) => !self.moderators.contains_key(&profile.id),
                _ => false,
            });
            let count = self.moderators.len() + under_way.count();
            if count >= MODERATORS_MAX && !self.moderators.contains_key(user) {
                return Err(past(LimitName::Moderators, MODERATORS_MAX));
            }
            profile
        } else {
            self.moderators.get(user).cloned().ok_or(Rejection::NotFound)?
        };
        self.writes.has_room()?;
        let what = Write::Moderator { user: user.clone(), appointed, by: given.user().clone() };
        self.writes.store(out, what, Then::Appointed(profile, appointed, given.request));
        Ok(None)
    }

    pub(super) fn appointed(&mut self, now: Time, out: &mut Out, profile: Profile, appointed: bool) {
        let user = profile.id.clone();
        if appointed {
            self.moderators.insert(user.clone(), profile);
        } else {
            self.moderators.remove(&user);
        }
        self.tell_you(now, out, &user);
        self.tell_requests_to(out, &user, self.members.connections_of(&user));
    }

    pub(super) fn set_about(&mut self, out: &mut Out, given: &Given, about: About) -> Coming {
        self.require(given, Role::Host)?;
        self.kind.live_room().ok_or(Rejection::NotFound)?;
        let about = about::clean(about)?;
        self.writes.has_room()?;
        let what = Write::About { about: about.clone() };
        self.writes.store(out, what, Then::About(Box::new(about), given.request));
        Ok(None)
    }

    /// The room says something else of itself; who may no longer be here is put out.
    pub(super) fn about_changed(&mut self, now: Time, out: &mut Out, about: About) {
        let Some(room) = self.kind.live_room_mut() else { return };
        let before = std::mem::replace(&mut room.about, about.clone()).entry;
        self.stream.everyone(out, Event::About { about });
        let out_of_place: Vec<UserId> = self
            .members
            .iter()
            .filter(|(user, member)| self.admits(user, member.standing, member.guest_from.is_some()).is_err())
            .map(|(user, _)| user.clone())
            .collect();
        for user in out_of_place {
            self.put_out(now, out, &user, RemovedReason::Entry);
        }
        self.entry_changed(out, before);
        self.list(out);
    }
}
