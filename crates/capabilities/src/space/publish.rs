//! Going live and joining the stage: publisher legs, from the offer until nothing comes by them any more.
//!
//! Every seat of the stage works alike. What differs is what a silence means: the host's interrupts the broadcast,
//! a guest's costs them their seat when they don't come back.

use hearth_protocol::ids::{LegId, StreamKeyId, UserId};
use hearth_protocol::limits::{LimitName, SDP_MAX_BYTES};
use hearth_protocol::live_rooms::{Broadcast, EndReason};
use hearth_protocol::media::{SourceOfMid, Track, Via};
use hearth_protocol::space::LegClosedReason;
use hearth_protocol::{Event, Outcome, Rejection};

use super::commands::{Coming, Given};
use super::{Out, Space};
use crate::effect::{Effect, MediaOrder, Timer};
use crate::input::{Fresh, Ingest, MediaReport, RequestId, Time};
use crate::kernel::limits::{
    GROUP_SEATS_MAX, MEDIA_ANSWER_MS, MEDIA_ARRIVAL_MS, MID_MAX_BYTES, TRACKS_MAX, invalid, past,
};
use crate::kernel::stage::{Incoming, Owner};
use crate::live_rooms::Change;

impl Space {
    pub(super) fn publish(
        &mut self,
        now: Time,
        out: &mut Out,
        given: &Given,
        offer: String,
        sources: Vec<SourceOfMid>,
        take_over: bool,
    ) -> Coming {
        let user = given.user();
        let connection = self.connection(given)?.clone();
        let in_group = self.kind.group().is_some();
        if !in_group {
            if self.seat_visitor(user) {
                self.stands_otherwise(out, user);
            }
            // Who visits another room sends there.
            if self.stage.seat(user).is_none() || (self.stage.away && self.stage.is_host(user)) {
                return Err(Rejection::Forbidden);
            }
        }
        if offer.len() > SDP_MAX_BYTES {
            return Err(past(LimitName::SdpBytes, SDP_MAX_BYTES));
        }
        if sources.len() > TRACKS_MAX {
            return Err(past(LimitName::Tracks, TRACKS_MAX));
        }
        if sources.iter().any(|source| source.mid.is_empty() || source.mid.len() > MID_MAX_BYTES) {
            return Err(invalid("sources", "a mid has 1 to 16 bytes"));
        }
        let owner = Owner::Connection(connection.clone());
        if !take_over && self.is_taken(user, &owner) {
            return Err(Rejection::AlreadyPublishing);
        }
        self.media.pace(now, &connection)?;
        let leg = given.fresh.leg();
        if self.is_leg(&leg) {
            return Err(Rejection::Busy);
        }
        if in_group && self.stage.take_seat(&given.from.profile, GROUP_SEATS_MAX)? {
            self.stands_otherwise(out, user);
        }
        let incoming = Incoming { leg, owner, via: Via::Browser, request: given.request };
        self.expect_leg(now, out, user, incoming, MediaOrder::OpenPublish { offer, sources });
        Ok(None)
    }

    /// An encoder that has shown one of the host's stream keys wants to publish.
    pub(super) fn encoder(
        &mut self,
        now: Time,
        out: &mut Out,
        request: RequestId,
        key: StreamKeyId,
        ingest: Ingest,
        fresh: Fresh,
    ) {
        if let Err(rejection) = self.open_encoder(now, out, request, key, ingest, fresh) {
            Self::reply(out, request, Err(rejection));
        }
    }

    fn open_encoder(
        &mut self,
        now: Time,
        out: &mut Out,
        request: RequestId,
        key: StreamKeyId,
        ingest: Ingest,
        fresh: Fresh,
    ) -> Result<(), Rejection> {
        let (via, order) = match ingest {
            Ingest::Whip { offer } if offer.len() > SDP_MAX_BYTES => {
                return Err(past(LimitName::SdpBytes, SDP_MAX_BYTES));
            }
            Ingest::Whip { offer } => (Via::Whip, MediaOrder::OpenPublish { offer, sources: Vec::new() }),
            Ingest::Rtmp { sources } if sources.is_empty() => return Err(invalid("sources", "nothing is sent")),
            Ingest::Rtmp { sources } if sources.len() > TRACKS_MAX => {
                return Err(past(LimitName::Tracks, TRACKS_MAX));
            }
            Ingest::Rtmp { sources } => (Via::Rtmp, MediaOrder::OpenFeed { sources }),
        };
        let away = self.stage.away;
        let room = self.kind.live_room_mut().ok_or(Rejection::NotFound)?;
        room.admits_encoder(now, &key)?;
        // While the host visits another room what was paused may come back, and nothing begins.
        if away && !room.is_live() {
            return Err(Rejection::Forbidden);
        }
        let owner = Owner::Key(key);
        let host = self.host.id.clone();
        if self.is_taken(&host, &owner) {
            return Err(Rejection::AlreadyPublishing);
        }
        let leg = fresh.leg();
        if self.is_leg(&leg) {
            return Err(Rejection::Busy);
        }
        self.expect_leg(now, out, &host, Incoming { leg, owner, via, request }, order);
        Ok(())
    }

    /// Opens a leg, and waits for the engine's answer.
    fn expect_leg(&mut self, now: Time, out: &mut Out, user: &UserId, incoming: Incoming, order: MediaOrder) {
        let Some(seat) = self.stage.seat_mut(user) else { return };
        let leg = incoming.leg.clone();
        if let Some(earlier) = seat.incoming.replace(incoming) {
            // The later one wins; whoever waits for the earlier is told to see for themselves.
            Self::give_up(out, earlier, Rejection::AlreadyPublishing);
        }
        out.push(Effect::Media { leg: leg.clone(), order });
        out.push(Effect::SetTimer { timer: Timer::MediaUnanswered(leg), at: now.plus_ms(MEDIA_ANSWER_MS) });
    }

    /// Closes a leg that was not answered yet.
    pub(super) fn give_up(out: &mut Out, incoming: Incoming, rejection: Rejection) {
        out.push(Effect::Media { leg: incoming.leg.clone(), order: MediaOrder::Close });
        out.push(Effect::CancelTimer { timer: Timer::MediaUnanswered(incoming.leg) });
        Self::reply(out, incoming.request, Err(rejection));
    }

    /// Whether a seat is used by another source that is here, and whose media is alive or on its way.
    fn is_taken(&self, user: &UserId, owner: &Owner) -> bool {
        let other = |one: &Owner| {
            one != owner
                && match one {
                    Owner::Connection(connection) => self.members.is_in(connection),
                    Owner::Key(_) => true,
                }
        };
        self.stage.seat(user).is_some_and(|seat| {
            seat.publisher.as_ref().is_some_and(|publisher| publisher.alive && other(&publisher.owner))
                || seat.incoming.as_ref().is_some_and(|incoming| other(&incoming.owner))
        })
    }

    /// The engine says something of a leg that it had not answered yet.
    pub(super) fn of_incoming(&mut self, now: Time, out: &mut Out, user: &UserId, report: MediaReport) {
        let Some(incoming) = self.stage.seat_mut(user).and_then(|seat| seat.incoming.take()) else { return };
        let request = incoming.request;
        let timer = Timer::MediaUnanswered(incoming.leg.clone());
        match report {
            MediaReport::Answer { sdp } => {
                out.push(Effect::CancelTimer { timer });
                self.answered(now, out, user, incoming, sdp);
            }
            // What comes by another way than WebRTC needs no answer: its tracks are one.
            MediaReport::Tracks { tracks } if incoming.via == Via::Rtmp => {
                out.push(Effect::CancelTimer { timer });
                self.answered(now, out, user, incoming, String::new());
                self.tracks(now, out, user, tracks);
            }
            MediaReport::Refused { reason } => {
                out.push(Effect::CancelTimer { timer });
                Self::reply(out, request, Err(Rejection::MediaRefused { reason }));
                self.vacate(out, user);
            }
            MediaReport::Closed { .. } => {
                out.push(Effect::CancelTimer { timer });
                Self::reply(out, request, Err(Rejection::Busy));
                self.vacate(out, user);
            }
            _ => {
                if let Some(seat) = self.stage.seat_mut(user) {
                    seat.incoming = Some(incoming);
                }
            }
        }
    }

    /// A leg was answered: it takes the place of the one before, if there was one.
    fn answered(&mut self, now: Time, out: &mut Out, user: &UserId, incoming: Incoming, answer: String) {
        let (leg, request) = (incoming.leg.clone(), incoming.request);
        let host = self.stage.is_host(user);
        let (before, change) = if host && let Some((room, seat)) = self.own_broadcast() {
            room.answered(out, seat, incoming)
        } else {
            (self.stage.seat_mut(user).and_then(|seat| seat.answered(out, incoming)), Change::None)
        };
        Self::reply(out, request, Ok(Outcome::Publishing { leg, answer }));
        if let Some(before) = before {
            out.push(Effect::Media { leg: before.leg.clone(), order: MediaOrder::Close });
            self.leg_closed(out, &before.owner, before.leg, LegClosedReason::Replaced);
            // Who watches keeps the last picture until the new leg's tracks are known: no word of an empty stage.
            self.route(out);
        }
        if host {
            let arrives = now.plus_ms(MEDIA_ARRIVAL_MS);
            let at = match self.kind.live_room().map(|room| &room.broadcast) {
                Some(Broadcast::Interrupted { until_ms, .. }) => arrives.max(Time(*until_ms)),
                _ => arrives,
            };
            out.push(Effect::SetTimer { timer: Timer::PublisherLost, at });
        } else if let Some(seat) = self.stage.seat(user) {
            let at = seat.arrival_due(now);
            out.push(Effect::SetTimer { timer: Timer::GuestLost(user.clone()), at });
        }
        if change != Change::None {
            self.broadcast_moved(out);
        }
    }

    pub(super) fn media_unanswered(&mut self, out: &mut Out, leg: &LegId) {
        if let Some(user) = self.stage.incoming_of(leg).cloned()
            && let Some(incoming) = self.stage.seat_mut(&user).and_then(|seat| seat.incoming.take())
        {
            out.push(Effect::Media { leg: incoming.leg, order: MediaOrder::Close });
            Self::reply(out, incoming.request, Err(Rejection::Busy));
            self.vacate(out, &user);
        } else {
            self.peer_unanswered(out, leg);
        }
    }

    /// In a group, a seat was taken for a leg that came to nothing: others may have it.
    fn vacate(&mut self, out: &mut Out, user: &UserId) {
        let unused = self.stage.seat(user).is_some_and(|seat| !seat.is_publishing());
        if unused && self.kind.group().is_some() {
            self.off_stage(out, user);
        }
    }

    /// The engine says something of a leg that is on the stage.
    pub(super) fn of_publisher(&mut self, now: Time, out: &mut Out, user: &UserId, report: MediaReport) {
        match report {
            MediaReport::Tracks { tracks } => self.tracks(now, out, user, tracks),
            MediaReport::Heard => self.heard(now, out, user),
            MediaReport::Silent => self.silent(now, out, user),
            MediaReport::Closed { reason } => self.publisher_closed(now, out, user, reason),
            // A peer that may ask for more than its first offer is refused that, and goes on.
            MediaReport::Refused { .. } if self.stage.seat(user).is_some_and(|seat| seat.comes_by(Via::Whip)) => {}
            MediaReport::Refused { .. } => self.publisher_closed(now, out, user, LegClosedReason::Fault),
            MediaReport::Health { health } => self.tell_health(out, user, health),
            _ => {}
        }
    }

    /// A leg of the stage is gone; who was heard by it may come back.
    pub(super) fn publisher_closed(&mut self, now: Time, out: &mut Out, user: &UserId, reason: LegClosedReason) {
        let closed = self.stage.seat_mut(user).and_then(|seat| seat.publisher.take());
        self.silent(now, out, user);
        if let Some(publisher) = closed {
            self.stage_changed(out);
            self.leg_closed(out, &publisher.owner, publisher.leg, reason);
        }
        let connecting = self.kind.live_room().is_some_and(|room| room.broadcast == Broadcast::Connecting);
        if self.stage.is_host(user) && connecting {
            self.end_broadcast(now, out, EndReason::NeverConnected);
        }
    }

    /// A publisher's tracks became known, or better known. Media flows when the codec of one is known.
    fn tracks(&mut self, now: Time, out: &mut Out, user: &UserId, tracks: Vec<Track>) {
        let flows = tracks.iter().any(|track| !track.codec.is_empty());
        let Some(publisher) = self.stage.seat_mut(user).and_then(|seat| seat.publisher.as_mut()) else { return };
        let changed = publisher.tracks != tracks;
        publisher.tracks = tracks;
        if changed {
            self.stage_changed(out);
        }
        if flows {
            self.heard(now, out, user);
        }
    }

    fn heard(&mut self, now: Time, out: &mut Out, user: &UserId) {
        let Some(seat) = self.stage.seat_mut(user) else { return };
        let Some(publisher) = &mut seat.publisher else { return };
        publisher.alive = true;
        seat.back_until = None;
        if self.stage.is_host(user) {
            self.host_heard(now, out);
        } else {
            out.push(Effect::CancelTimer { timer: Timer::GuestLost(user.clone()) });
        }
    }

    fn silent(&mut self, now: Time, out: &mut Out, user: &UserId) {
        if self.stage.is_host(user) {
            self.host_silent(now, out);
        } else if let Some(until) = self.stage.seat_mut(user).and_then(|seat| seat.stops(now)) {
            out.push(Effect::SetTimer { timer: Timer::GuestLost(user.clone()), at: until });
        }
    }

    /// A guest was waited for in vain.
    pub(super) fn guest_lost(&mut self, now: Time, out: &mut Out, user: &UserId) {
        if !self.stage.is_guest(user) {
            return;
        }
        match self.stage.seat(user).and_then(|seat| seat.back_until) {
            Some(_) => self.off_stage(out, user),
            // A leg brought no media: another one may.
            None => self.silent(now, out, user),
        }
    }

    /// Tells whoever opened a leg that it is closed. An encoder sees it itself.
    pub(super) fn leg_closed(&mut self, out: &mut Out, owner: &Owner, leg: LegId, reason: LegClosedReason) {
        if let Owner::Connection(connection) = owner
            && self.members.is_in(connection)
        {
            self.stream.direct(out, vec![connection.clone()], Event::LegClosed { leg, reason });
        }
    }
}
