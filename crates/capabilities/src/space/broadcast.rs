//! The broadcast: how it begins, is interrupted, goes on and ends, and what the host and the packager know of it.

use hearth_protocol::host_visits::EndReason as VisitEnd;
use hearth_protocol::ids::{LegId, UserId, VideoId};
use hearth_protocol::live_rooms::{Broadcast, EndReason};
use hearth_protocol::media::{Conversion, Health, Watching};
use hearth_protocol::space::{LegClosedReason, Role};
use hearth_protocol::{Event, Outcome, Rejection};

use super::commands::{Coming, Given};
use super::{Out, Space, Then};
use crate::effect::{Effect, MediaOrder, Timer, Write};
use crate::input::Time;
use crate::kernel::stage::Seat;
use crate::live_rooms::{Change, LiveRoom};

impl Space {
    /// What the host broadcasts, and the seat that it comes from, where this is a live room.
    pub(super) fn own_broadcast(&mut self) -> Option<(&mut LiveRoom, &mut Seat)> {
        Some((self.kind.live_room_mut()?, self.stage.host.as_mut()?))
    }

    /// Whether a broadcast is under way.
    pub(super) fn is_live(&self) -> bool {
        self.kind.live_room().is_some_and(LiveRoom::is_live)
    }

    pub(super) fn end_by_host(&mut self, now: Time, out: &mut Out, given: &Given) -> Coming {
        self.require(given, Role::Host)?;
        let (room, seat) = self.own_broadcast().ok_or(Rejection::NotFound)?;
        if !room.is_live() && seat.incoming.is_none() {
            return Err(Rejection::NotLive);
        }
        self.end_broadcast(now, out, EndReason::Host);
        Ok(Some(Outcome::Done))
    }

    /// Ends the broadcast, whatever its state.
    pub(super) fn end_broadcast(&mut self, now: Time, out: &mut Out, reason: EndReason) {
        let Some((room, seat)) = self.own_broadcast() else { return };
        if let Some(incoming) = seat.incoming.take() {
            room.encoder_comes(&incoming.owner);
            Self::give_up(out, incoming, Rejection::NotLive);
        }
        let live = room.is_live();
        let number = room.end(now, reason);
        seat.muted.clear();
        if let Some(publisher) = seat.publisher.take() {
            out.push(Effect::Media { leg: publisher.leg.clone(), order: MediaOrder::Close });
            self.leg_closed(out, &publisher.owner, publisher.leg, LegClosedReason::Asked);
        }
        out.push(Effect::CancelTimer { timer: Timer::PublisherLost });
        self.clear_stage(out);
        self.close_players(out);
        if live {
            self.stage_changed(out);
            self.stream.everyone(out, Event::Broadcast { broadcast: Broadcast::Off, ended: Some(reason) });
        }
        if let Some(number) = number {
            self.writes.note(out, Write::BroadcastEnded { number, at: now, reason });
        }
        self.recording(out, None, false);
        self.withdraw_request(now, out);
        self.end_visits(now, out, VisitEnd::BroadcastEnded, Some(false));
        self.list(out);
        self.rest(now, out);
    }

    /// Tells who publishes what, and has the audience hear it.
    pub(super) fn stage_changed(&mut self, out: &mut Out) {
        self.route(out);
        self.stream.everyone(out, Event::Stage { publishers: self.stage.publishers() });
        let speaks = |user: &UserId| self.stage.seat(user).is_some_and(|seat| seat.publisher.is_some());
        if self.stage.speaker.as_ref().is_some_and(|user| !speaks(user)) {
            self.stage.speaker = None;
            self.stream.everyone(out, Event::ActiveSpeaker { user: None });
        }
    }

    /// Has the audience's legs and the players hear what is on the stage.
    pub(super) fn route(&mut self, out: &mut Out) {
        self.media.set_heard(out, self.stage.heard());
        self.players.route(out, self.media.heard().keys());
    }

    /// The host's leg was waited for in vain.
    pub(super) fn publisher_lost(&mut self, now: Time, out: &mut Out) {
        match self.kind.live_room().and_then(LiveRoom::reason_of_loss) {
            Some(reason) => self.end_broadcast(now, out, reason),
            // A leg that took another's place while on air brought no media.
            None => self.host_silent(now, out),
        }
    }

    pub(super) fn broadcast_moved(&mut self, out: &mut Out) {
        let Some(room) = self.kind.live_room() else { return };
        let broadcast = room.broadcast.clone();
        self.stream.everyone(out, Event::Broadcast { broadcast, ended: None });
        self.list(out);
    }

    pub(super) fn host_heard(&mut self, now: Time, out: &mut Out) {
        let Some(room) = self.kind.live_room_mut() else { return };
        let change = room.media_arrives(now);
        let (number, about) = (room.number, room.about.clone());
        if change == Change::Began {
            self.writes.note(out, Write::BroadcastStarted { number, at: now });
        }
        out.push(Effect::CancelTimer { timer: Timer::PublisherLost });
        if change != Change::None {
            self.broadcast_moved(out);
        }
        if change == Change::Began {
            out.push(Effect::Announce { host: self.host.clone(), about, since: now });
        }
    }

    pub(super) fn host_silent(&mut self, now: Time, out: &mut Out) {
        let stops = self.own_broadcast().and_then(|(room, seat)| room.media_stops(seat, now));
        if let Some(until) = stops {
            out.push(Effect::SetTimer { timer: Timer::PublisherLost, at: until });
            self.broadcast_moved(out);
        }
    }

    pub(super) fn active_speaker(&mut self, out: &mut Out, leg: Option<&LegId>) {
        let user = leg.filter(|leg| self.media.heard().contains_key(*leg));
        let user = user.and_then(|leg| self.stage.publisher_of(leg)).cloned();
        if self.stage.speaker != user {
            self.stage.speaker.clone_from(&user);
            self.stream.everyone(out, Event::ActiveSpeaker { user });
        }
    }

    /// How a leg arrives is told to the host, of their own.
    pub(super) fn tell_health(&mut self, out: &mut Out, user: &UserId, health: Health) {
        let Some(room) = self.kind.live_room().filter(|_| self.stage.is_host(user)) else { return };
        let Some(publisher) = self.stage.seat(user).and_then(|seat| seat.publisher.as_ref()) else { return };
        let webrtc = u32::try_from(self.media.len()).unwrap_or(u32::MAX);
        let health = Health {
            via: publisher.via,
            watching: Watching { webrtc, whep: self.players.count(), hls: room.crowd },
            conversions: room.conversions.clone(),
            ..health
        };
        self.stream.direct(out, self.members.connections_of(user), Event::Health { health });
    }

    pub(super) fn converts(&mut self, mut conversions: Vec<Conversion>) {
        conversions.sort();
        conversions.dedup();
        if let Some(room) = self.kind.live_room_mut() {
            room.conversions = conversions;
        }
    }

    /// Tells the packager what it shall do, if that changed.
    pub(super) fn package(&mut self, now: Time, out: &mut Out) {
        let changed = self.own_broadcast().and_then(|(room, seat)| room.repackaged(seat, now));
        if let Some((generation, what)) = changed {
            out.push(Effect::Package { generation, what });
        }
    }

    pub(super) fn set_recording(&mut self, out: &mut Out, given: &Given, wanted: bool) -> Coming {
        self.require(given, Role::Host)?;
        self.kind.live_room().ok_or(Rejection::NotFound)?;
        self.writes.has_room()?;
        let by = given.user().clone();
        self.writes.store(out, Write::Recording { wanted, by }, Then::RecordingWanted(wanted, given.request));
        Ok(None)
    }

    pub(super) fn recording_wanted(&mut self, out: &mut Out, wanted: bool) {
        let Some(room) = self.kind.live_room_mut() else { return };
        if room.recording.wanted != wanted {
            room.recording.wanted = wanted;
            self.tell_recording(out);
        }
    }

    /// Where the recording stands. While nobody is live nothing is recorded, whatever is still being finished.
    pub(super) fn recording(&mut self, out: &mut Out, video: Option<VideoId>, failed: bool) {
        let Some(room) = self.kind.live_room_mut() else { return };
        let live = room.since().is_some();
        let (video, failed) = (video.filter(|_| live), failed && live);
        if (&room.recording.video, room.recording.failed) != (&video, failed) {
            (room.recording.video, room.recording.failed) = (video, failed);
            self.tell_recording(out);
        }
    }

    fn tell_recording(&mut self, out: &mut Out) {
        let Some(room) = self.kind.live_room() else { return };
        let recording = room.recording.clone();
        self.stream.everyone(out, Event::Recording { recording });
    }
}
