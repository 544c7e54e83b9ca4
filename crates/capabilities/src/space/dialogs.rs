//! In a dialog: who is in it, how far each has read, who is writing, and how it stands for whoever is elsewhere.

use hearth_protocol::dialogs::{Command, Event as DialogEvent, Keeping};
use hearth_protocol::ids::UserId;
use hearth_protocol::limits::{DIALOG_MEMBERS_MAX, DIALOGS_PINNED_MAX, LimitName, TITLE_MAX_CHARS, TYPING_MS};
use hearth_protocol::people::Profile;
use hearth_protocol::space::RemovedReason;
use hearth_protocol::text::clean_name;
use hearth_protocol::{Event, Rejection};

use super::commands::{Coming, DONE, Given};
use super::{Kind, Out, Space, Then};
use crate::dialogs::{Dialog, Participant};
use crate::effect::{Effect, Tell, Write};
use crate::input::{RequestId, Time};
use crate::kernel::conversation::words;
use crate::kernel::limits::past;

impl Kind {
    pub(super) fn dialog(&self) -> Option<&Dialog> {
        if let Self::Dialog(dialog) = self { Some(dialog) } else { None }
    }

    pub(super) fn dialog_mut(&mut self) -> Option<&mut Dialog> {
        if let Self::Dialog(dialog) = self { Some(dialog) } else { None }
    }
}

impl Space {
    /// What one does in dialogs only.
    ///
    /// Errors: [`Rejection::NotFound`] in a space of another kind.
    pub(super) fn about_dialog(&mut self, now: Time, out: &mut Out, given: &Given, wants: Command) -> Coming {
        let two = self.kind.dialog().ok_or(Rejection::NotFound)?.two;
        match wants {
            Command::SetTitle { .. } | Command::Add { .. } | Command::Depart if two => Err(Rejection::Forbidden),
            Command::Edit { position, text } => self.edit(now, out, given, position, &text),
            Command::Typing => self.typing(now, out, given),
            Command::SetTitle { title } => self.set_dialog_title(out, given, &title),
            Command::Add { user } => self.add_to_dialog(now, out, given, &user),
            Command::Depart => self.depart_from_dialog(now, out, given),
            Command::Keep { keeping } => self.keep_dialog(out, given, keeping),
        }
    }

    fn edit(&mut self, now: Time, out: &mut Out, given: &Given, position: u64, text: &str) -> Coming {
        let message = self.message(given, position).ok_or(Rejection::NotFound)?;
        if message.author.id != *given.user() {
            return Err(Rejection::Forbidden);
        }
        let text = words(text, message.carries.is_some())?;
        if message.text == text {
            return DONE;
        }
        self.writes.has_room()?;
        let what = Write::MessageEdited { position, text: text.clone(), at: now };
        self.writes.store(out, what, Then::Edited { position, text, at: now, request: given.request });
        Ok(None)
    }

    /// It is stored that a message has other words.
    pub(super) fn edited(&mut self, out: &mut Out, position: u64, text: String, at: Time) {
        self.conversation.edit(position, &text, at);
        self.stream.everyone(out, Event::Dialogs { event: DialogEvent::Edited { position, text, edited_ms: at.0 } });
        if self.conversation.newest().is_some_and(|message| message.position == position) {
            self.tell_rows(out);
        }
    }

    /// Told to the others who are here, now or never; not again before it would have run out.
    fn typing(&mut self, now: Time, out: &mut Out, given: &Given) -> Coming {
        self.connection(given)?;
        let user = given.user().clone();
        let Some(dialog) = self.kind.dialog_mut() else { return Err(Rejection::NotFound) };
        dialog.typing.retain(|(_, at)| now.since_ms(*at) < TYPING_MS / 2);
        if dialog.typing.iter().any(|(one, _)| *one == user) {
            return DONE;
        }
        dialog.typing.push((user.clone(), now));
        let others = self.members.iter().filter(|(one, _)| **one != user);
        let connections = others.flat_map(|(_, member)| member.connections.keys().cloned()).collect();
        self.stream.direct(out, connections, Event::Dialogs { event: DialogEvent::Typing { user } });
        DONE
    }

    fn set_dialog_title(&mut self, out: &mut Out, given: &Given, title: &str) -> Coming {
        if title.chars().count() > TITLE_MAX_CHARS {
            return Err(past(LimitName::TitleChars, TITLE_MAX_CHARS));
        }
        let title = clean_name(title, TITLE_MAX_CHARS).unwrap_or_default();
        self.writes.has_room()?;
        let then = Then::DialogTitled(title.clone(), given.request);
        self.writes.store(out, Write::DialogTitle { title }, then);
        Ok(None)
    }

    fn add_to_dialog(&mut self, now: Time, out: &mut Out, given: &Given, user: &UserId) -> Coming {
        let known = given.lookup.dialogs.wanted.clone().filter(|one| one.profile.id == *user);
        let one = known.ok_or(Rejection::NotFound)?;
        let dialog = self.kind.dialog().ok_or(Rejection::NotFound)?;
        if dialog.is_member(user) {
            return DONE;
        }
        let adding = self.writes.waiting().filter(|then| matches!(then, Then::Added(..))).count();
        if dialog.members.len() + adding >= DIALOG_MEMBERS_MAX {
            return Err(past(LimitName::DialogMembers, DIALOG_MEMBERS_MAX));
        }
        self.writes.has_room()?;
        let what = Write::DialogJoined { user: user.clone(), at: now };
        self.writes.store(out, what, Then::Added(Box::new(one), given.request));
        Ok(None)
    }

    fn depart_from_dialog(&mut self, now: Time, out: &mut Out, given: &Given) -> Coming {
        self.writes.has_room()?;
        let user = given.user().clone();
        let what = Write::DialogLeft { user: user.clone(), at: now };
        self.writes.store(out, what, Then::LeftDialog(user, given.request));
        Ok(None)
    }

    fn keep_dialog(&mut self, out: &mut Out, given: &Given, keeping: Keeping) -> Coming {
        if keeping.pinned && given.lookup.dialogs.pinned as usize >= DIALOGS_PINNED_MAX {
            return Err(past(LimitName::DialogsPinned, DIALOGS_PINNED_MAX));
        }
        self.writes.has_room()?;
        let user = given.user().clone();
        let what = Write::DialogKept { user: user.clone(), keeping };
        self.writes.store(out, what, Then::Kept(user, keeping, given.request));
        Ok(None)
    }

    pub(super) fn dialog_titled(&mut self, out: &mut Out, title: String) {
        if let Some(dialog) = self.kind.dialog_mut() {
            dialog.title = title;
        }
        self.tell_rows(out);
    }

    pub(super) fn added_to_dialog(&mut self, out: &mut Out, one: Participant) {
        if let Some(dialog) = self.kind.dialog_mut().filter(|dialog| !dialog.is_member(&one.profile.id)) {
            dialog.members.push(one);
        }
        self.tell_rows(out);
    }

    pub(super) fn left_dialog(&mut self, now: Time, out: &mut Out, user: &UserId, request: RequestId) {
        // Before the connection that asked is let go of.
        Self::reply(out, request, Ok(hearth_protocol::Outcome::Done));
        if let Some(dialog) = self.kind.dialog_mut() {
            dialog.members.retain(|member| member.profile.id != *user);
        }
        self.put_out(now, out, user, RemovedReason::Departed);
        out.push(Effect::Tell { user: user.clone(), what: Tell::DialogGone { dialog: self.id.clone() } });
        self.tell_rows(out);
    }

    pub(super) fn kept_dialog(&mut self, out: &mut Out, user: &UserId, keeping: Keeping) {
        if let Some(one) = self.kind.dialog_mut().and_then(|dialog| dialog.get_mut(user)) {
            one.keeping = keeping;
        }
        self.tell_row(out, user);
    }

    /// Somebody has read so far.
    pub(super) fn read_in_dialog(&mut self, out: &mut Out, user: &UserId, position: u64) {
        let one = self.kind.dialog_mut().and_then(|dialog| dialog.get_mut(user));
        if let Some(one) = one.filter(|one| one.read_position < position) {
            one.read_position = position;
            self.tell_row(out, user);
        }
    }

    /// Somebody has said something: they have read what was there, and are not writing any more.
    pub(super) fn said_in_dialog(&mut self, user: &UserId, position: u64) {
        let Some(dialog) = self.kind.dialog_mut() else { return };
        dialog.typing.retain(|(one, _)| one != user);
        if let Some(one) = dialog.get_mut(user) {
            one.read_position = one.read_position.max(position);
        }
        if let Some(member) = self.members.get_mut(user) {
            member.read_position = member.read_position.max(position);
        }
    }

    /// What others may be told of somebody has changed.
    pub(super) fn prefers_in_dialog(&mut self, user: &UserId, tells_read: bool, tells_presence: bool) {
        if let Some(one) = self.kind.dialog_mut().and_then(|dialog| dialog.get_mut(user)) {
            (one.tells_read, one.tells_presence) = (tells_read, tells_presence);
        }
    }

    pub(super) fn renamed_in_dialog(&mut self, profile: &Profile) {
        if let Some(one) = self.kind.dialog_mut().and_then(|dialog| dialog.get_mut(&profile.id)) {
            one.profile = profile.clone();
        }
    }

    /// Tells everybody in the dialog, wherever they are, how it stands for them.
    pub(super) fn tell_rows(&mut self, out: &mut Out) {
        let Some(dialog) = self.kind.dialog() else { return };
        for one in &dialog.members {
            self.tell_row_of(out, dialog, one);
        }
    }

    fn tell_row(&self, out: &mut Out, user: &UserId) {
        if let Some(dialog) = self.kind.dialog()
            && let Some(one) = dialog.get(user)
        {
            self.tell_row_of(out, dialog, one);
        }
    }

    fn tell_row_of(&self, out: &mut Out, dialog: &Dialog, one: &Participant) {
        let row = Box::new(dialog.seen_by(&self.id, one, self.conversation.iter()));
        out.push(Effect::Tell { user: one.profile.id.clone(), what: Tell::Dialog { dialog: row } });
    }

    /// Tells those who are here how the dialog stands, if that changed.
    pub(super) fn tell_dialog(&mut self, out: &mut Out) {
        let members = &self.members;
        let Some(dialog) = self.kind.dialog() else { return };
        let state = dialog.state(|user| members.get(user).is_some());
        let fresh = dialog.told.as_ref() != Some(&state);
        if !fresh {
            return;
        }
        // Whoever comes in has it in their snapshot; there is nobody to tell before.
        let anybody = !self.members.is_empty();
        if let Some(dialog) = self.kind.dialog_mut() {
            dialog.told = Some(state.clone());
        }
        if anybody {
            self.stream.everyone(out, Event::Dialogs { event: DialogEvent::State { state } });
        }
    }
}
