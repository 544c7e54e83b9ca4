//! What is on the stage: going live, the publisher's leg, and the audience's legs.

use hearth_protocol::ids::{ConnectionId, LegId};
use hearth_protocol::limits::{LimitName, SDP_MAX_BYTES};
use hearth_protocol::live_rooms::{Broadcast, EndReason};
use hearth_protocol::media::{Publisher, SourceOfMid, Track};
use hearth_protocol::space::{LegClosedReason, Role};
use hearth_protocol::{Event, Outcome, Rejection};
use std::collections::BTreeMap;

use super::commands::{Coming, Given};
use super::{Out, Space};
use crate::effect::{Effect, MediaOrder, Timer, Write};
use crate::input::{MediaReport, Time};
use crate::kernel::limits::{IDLE_MS, MEDIA_ANSWER_MS, MEDIA_ARRIVAL_MS, MID_MAX_BYTES, TRACKS_MAX, invalid, past};
use crate::live_rooms::{Change, Incoming};

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
        self.require(given, Role::Host)?;
        let connection = self.connection(given)?.clone();
        if offer.len() > SDP_MAX_BYTES {
            return Err(past(LimitName::SdpBytes, SDP_MAX_BYTES));
        }
        if sources.len() > TRACKS_MAX {
            return Err(past(LimitName::Tracks, TRACKS_MAX));
        }
        if sources.iter().any(|source| source.mid.is_empty() || source.mid.len() > MID_MAX_BYTES) {
            return Err(invalid("sources", "a mid has 1 to 16 bytes"));
        }
        if !take_over && self.is_taken(&connection) {
            return Err(Rejection::AlreadyPublishing);
        }
        self.media.pace(now, &connection)?;
        let leg = given.fresh.leg();
        if self.is_leg(&leg) {
            return Err(Rejection::Busy);
        }
        if let Some(earlier) = self.room.incoming.take() {
            // The later one wins; whoever waits for the earlier is told to see for themselves.
            out.push(Effect::Media { leg: earlier.leg.clone(), order: MediaOrder::Close });
            out.push(Effect::CancelTimer { timer: Timer::MediaUnanswered(earlier.leg) });
            Self::reply(out, earlier.request, Err(Rejection::AlreadyPublishing));
        }
        out.push(Effect::Media { leg: leg.clone(), order: MediaOrder::OpenPublish { offer, sources } });
        out.push(Effect::SetTimer { timer: Timer::MediaUnanswered(leg.clone()), at: now.plus_ms(MEDIA_ANSWER_MS) });
        let user = given.user().clone();
        self.room.incoming = Some(Incoming { leg, user, connection, request: given.request });
        Ok(None)
    }

    pub(super) fn is_leg(&self, leg: &LegId) -> bool {
        self.room.publisher.as_ref().is_some_and(|publisher| publisher.leg == *leg)
            || self.room.incoming.as_ref().is_some_and(|incoming| incoming.leg == *leg)
            || self.media.is_leg(leg)
    }

    /// Whether the stage belongs to another connection that is here, and whose media is alive or on its way.
    fn is_taken(&self, connection: &ConnectionId) -> bool {
        let other = |owner: &ConnectionId| owner != connection && self.members.is_in(owner);
        self.room.publisher.as_ref().is_some_and(|publisher| publisher.alive && other(&publisher.connection))
            || self.room.incoming.as_ref().is_some_and(|incoming| other(&incoming.connection))
    }

    pub(super) fn end_by_host(&mut self, now: Time, out: &mut Out, given: &Given) -> Coming {
        self.require(given, Role::Host)?;
        if !self.room.is_live() && self.room.incoming.is_none() {
            return Err(Rejection::NotLive);
        }
        self.end_broadcast(now, out, EndReason::Host);
        Ok(Some(Outcome::Done))
    }

    /// Ends the broadcast, whatever its state.
    pub(super) fn end_broadcast(&mut self, now: Time, out: &mut Out, reason: EndReason) {
        if let Some(incoming) = self.room.incoming.take() {
            out.push(Effect::Media { leg: incoming.leg.clone(), order: MediaOrder::Close });
            out.push(Effect::CancelTimer { timer: Timer::MediaUnanswered(incoming.leg) });
            Self::reply(out, incoming.request, Err(Rejection::NotLive));
        }
        let live = self.room.is_live();
        let number = self.room.end();
        if let Some(publisher) = self.room.publisher.take() {
            out.push(Effect::Media { leg: publisher.leg.clone(), order: MediaOrder::Close });
            self.leg_closed(out, &publisher.connection, publisher.leg, LegClosedReason::Asked);
        }
        out.push(Effect::CancelTimer { timer: Timer::PublisherLost });
        if live {
            self.stage_changed(out);
            self.stream.everyone(out, Event::Broadcast { broadcast: Broadcast::Off, ended: Some(reason) });
        }
        if let Some(number) = number {
            self.writes.note(out, Write::BroadcastEnded { number, at: now, reason });
        }
        self.list(out);
        if self.members.is_empty() {
            out.push(Effect::SetTimer { timer: Timer::Idle, at: now.plus_ms(IDLE_MS) });
        }
    }

    /// Tells who publishes what, and has the audience hear it.
    fn stage_changed(&mut self, out: &mut Out) {
        let publishers = self.route(out);
        self.stream.everyone(out, Event::Stage { publishers });
        if self.room.publisher.is_none() && self.room.speaker.take().is_some() {
            self.stream.everyone(out, Event::ActiveSpeaker { user: None });
        }
    }

    /// Has the audience's legs hear what is on the stage, and gives that.
    fn route(&mut self, out: &mut Out) -> Vec<Publisher> {
        let publishers = self.room.stage();
        let heard: BTreeMap<_, _> =
            publishers.iter().map(|publisher| (publisher.leg.clone(), publisher.user.clone())).collect();
        self.media.set_heard(out, heard);
        publishers
    }

    /// The publisher was waited for in vain.
    pub(super) fn publisher_lost(&mut self, now: Time, out: &mut Out) {
        match self.room.reason_of_loss() {
            Some(reason) => self.end_broadcast(now, out, reason),
            // A leg that took another's place while on air brought no media.
            None => self.silent(now, out),
        }
    }

    fn broadcast_moved(&mut self, out: &mut Out) {
        let broadcast = self.room.broadcast.clone();
        self.stream.everyone(out, Event::Broadcast { broadcast, ended: None });
        self.list(out);
    }

    fn leg_closed(&mut self, out: &mut Out, connection: &ConnectionId, leg: LegId, reason: LegClosedReason) {
        if self.members.is_in(connection) {
            self.stream.direct(out, vec![connection.clone()], Event::LegClosed { leg, reason });
        }
    }

    /// What the media engine says of a leg. A leg that this space does not know was closed meanwhile.
    pub(super) fn media_report(&mut self, now: Time, out: &mut Out, leg: &LegId, report: MediaReport) {
        if self.room.incoming.as_ref().is_some_and(|incoming| incoming.leg == *leg) {
            self.of_incoming(now, out, report);
        } else if self.room.publisher.as_ref().is_some_and(|publisher| publisher.leg == *leg) {
            self.of_publisher(now, out, report);
        } else {
            self.of_subscriber(out, leg, report);
        }
    }

    fn of_incoming(&mut self, now: Time, out: &mut Out, report: MediaReport) {
        let Some(incoming) = self.room.incoming.take() else { return };
        let request = incoming.request;
        let timer = Timer::MediaUnanswered(incoming.leg.clone());
        match report {
            MediaReport::Answer { sdp } => {
                out.push(Effect::CancelTimer { timer });
                let leg = incoming.leg.clone();
                let (before, change) = self.room.answered(incoming);
                Self::reply(out, request, Ok(Outcome::Publishing { leg, answer: sdp }));
                if let Some(before) = before {
                    out.push(Effect::Media { leg: before.leg.clone(), order: MediaOrder::Close });
                    self.leg_closed(out, &before.connection, before.leg, LegClosedReason::Replaced);
                    // Who watches keeps the last picture until the new leg's tracks are known: no word of an empty stage.
                    self.route(out);
                }
                let arrives = now.plus_ms(MEDIA_ARRIVAL_MS);
                let at = match self.room.broadcast {
                    Broadcast::Interrupted { until_ms, .. } => arrives.max(Time(until_ms)),
                    _ => arrives,
                };
                out.push(Effect::SetTimer { timer: Timer::PublisherLost, at });
                if change != Change::None {
                    self.broadcast_moved(out);
                }
            }
            MediaReport::Refused { reason } => {
                out.push(Effect::CancelTimer { timer });
                Self::reply(out, request, Err(Rejection::MediaRefused { reason }));
            }
            MediaReport::Closed { .. } => {
                out.push(Effect::CancelTimer { timer });
                Self::reply(out, request, Err(Rejection::Busy));
            }
            _ => self.room.incoming = Some(incoming),
        }
    }

    pub(super) fn media_unanswered(&mut self, out: &mut Out, leg: &LegId) {
        if let Some(incoming) = self.room.incoming.take_if(|incoming| incoming.leg == *leg) {
            out.push(Effect::Media { leg: incoming.leg, order: MediaOrder::Close });
            Self::reply(out, incoming.request, Err(Rejection::Busy));
        }
    }

    fn of_publisher(&mut self, now: Time, out: &mut Out, report: MediaReport) {
        match report {
            MediaReport::Tracks { tracks } => self.tracks(now, out, tracks),
            MediaReport::Heard => self.heard(now, out),
            MediaReport::Silent => self.silent(now, out),
            MediaReport::Refused { .. } => {
                self.of_publisher(now, out, MediaReport::Closed { reason: LegClosedReason::Fault })
            }
            MediaReport::Closed { reason } => {
                let closed = self.room.publisher.take();
                self.silent(now, out);
                if let Some(publisher) = closed {
                    self.stage_changed(out);
                    self.leg_closed(out, &publisher.connection, publisher.leg, reason);
                }
                if self.room.broadcast == Broadcast::Connecting {
                    self.end_broadcast(now, out, EndReason::NeverConnected);
                }
            }
            MediaReport::Health { health } => {
                if let Some(publisher) = &self.room.publisher {
                    let connections = self.members.connections_of(&publisher.user);
                    self.stream.direct(out, connections, Event::Health { health });
                }
            }
            _ => {}
        }
    }

    /// The publisher's tracks became known, or better known. Media flows when the codec of one is known.
    fn tracks(&mut self, now: Time, out: &mut Out, tracks: Vec<Track>) {
        let flows = tracks.iter().any(|track| !track.codec.is_empty());
        let Some(publisher) = &mut self.room.publisher else { return };
        let changed = publisher.tracks != tracks;
        publisher.tracks = tracks;
        if changed {
            self.stage_changed(out);
        }
        if flows {
            self.heard(now, out);
        }
    }

    fn heard(&mut self, now: Time, out: &mut Out) {
        let Some(publisher) = &mut self.room.publisher else { return };
        publisher.alive = true;
        let change = self.room.media_arrives(now);
        if change == Change::Began {
            let number = self.room.number;
            self.writes.note(out, Write::BroadcastStarted { number, at: now });
        }
        out.push(Effect::CancelTimer { timer: Timer::PublisherLost });
        if change != Change::None {
            self.broadcast_moved(out);
        }
    }

    fn silent(&mut self, now: Time, out: &mut Out) {
        if let Some(until) = self.room.media_stops(now) {
            out.push(Effect::SetTimer { timer: Timer::PublisherLost, at: until });
            self.broadcast_moved(out);
        }
    }

    fn of_subscriber(&mut self, out: &mut Out, leg: &LegId, report: MediaReport) {
        let event = match report {
            MediaReport::Offer { generation, sdp, tracks } => self.media.offered(leg, generation, sdp, tracks),
            MediaReport::Mapped { tracks } => self.media.mapped(leg, tracks),
            MediaReport::Layer { track, layer } => {
                let connection = self.media.connection_of(leg).cloned();
                connection.map(|connection| (connection, Event::Layer { track, layer }))
            }
            MediaReport::Closed { reason } => return self.subscriber_closed(out, leg, reason),
            MediaReport::Refused { .. } => {
                out.push(Effect::Media { leg: leg.clone(), order: MediaOrder::Close });
                return self.subscriber_closed(out, leg, LegClosedReason::Fault);
            }
            _ => return,
        };
        if let Some((connection, event)) = event {
            self.stream.direct(out, vec![connection], event);
        }
    }

    fn subscriber_closed(&mut self, out: &mut Out, leg: &LegId, reason: LegClosedReason) {
        if let Some(Some(connection)) = self.media.closed(leg) {
            self.leg_closed(out, &connection, leg.clone(), reason);
        }
    }

    pub(super) fn active_speaker(&mut self, out: &mut Out, leg: Option<&LegId>) {
        let publisher = self.room.publisher.as_ref();
        let user = publisher.filter(|publisher| Some(&publisher.leg) == leg).map(|publisher| publisher.user.clone());
        if self.room.speaker != user {
            self.room.speaker.clone_from(&user);
            self.stream.everyone(out, Event::ActiveSpeaker { user });
        }
    }
}
