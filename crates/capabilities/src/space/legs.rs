//! The audience's legs, and what the peers of other programs want: players that are no members (WHEP), encoders (WHIP).

use hearth_protocol::ids::{LegId, TrackId, UserId};
use hearth_protocol::limits::{LimitName, SDP_MAX_BYTES};
use hearth_protocol::live_rooms::{EndReason, Entry};
use hearth_protocol::media::{LayerPreference, Via};
use hearth_protocol::space::LegClosedReason;
use hearth_protocol::{Event, Outcome, Rejection};

use super::commands::{Coming, DONE, Given};
use super::{Out, Space};
use crate::effect::{Effect, MediaOrder, Timer};
use crate::input::{Fresh, MediaReport, PeerWants, RequestId, Time};
use crate::kernel::limits::{CANDIDATES_MAX, ICE_ATTRIBUTE_MAX_BYTES, MEDIA_ANSWER_MS, invalid, past};
use crate::kernel::media::Listener;
use crate::live_rooms::LiveRoom;

impl Space {
    pub(super) fn is_leg(&self, leg: &LegId) -> bool {
        let stage = &self.stage;
        stage.publisher_of(leg).is_some()
            || stage.incoming_of(leg).is_some()
            || self.media.is_leg(leg)
            || self.players.is_leg(leg)
    }

    pub(super) fn watch(&mut self, now: Time, out: &mut Out, given: &Given, keep: Option<LegId>) -> Coming {
        let listener = Listener {
            user: given.user().clone(),
            connection: self.connection(given)?.clone(),
            device: given.from.device.clone(),
        };
        if let Some(leg) = keep
            && self.media.keep(&leg, &listener)
        {
            let missed = self.media.missed(&leg);
            Self::reply(out, given.request, Ok(Outcome::Watching { leg }));
            for event in missed {
                self.stream.direct(out, vec![listener.connection.clone()], event);
            }
            return Ok(None);
        }
        self.media.pace(now, &listener.connection)?;
        let leg = given.fresh.leg();
        if self.is_leg(&leg) {
            return Err(Rejection::Busy);
        }
        self.media.watch(out, leg.clone(), listener)?;
        // The leg's offer comes as an event: the reply goes before it.
        Ok(Some(Outcome::Watching { leg }))
    }

    pub(super) fn answer(&mut self, out: &mut Out, given: &Given, leg: LegId, generation: u32, sdp: String) -> Coming {
        if self.media.connection_of(&leg) != Some(self.connection(given)?) {
            return Err(Rejection::NotFound);
        }
        if sdp.len() > SDP_MAX_BYTES {
            return Err(past(LimitName::SdpBytes, SDP_MAX_BYTES));
        }
        self.media.answered(&leg, generation);
        out.push(Effect::Media { leg, order: MediaOrder::Answer { generation, sdp } });
        DONE
    }

    pub(super) fn prefer(&self, out: &mut Out, given: &Given, track: TrackId, layer: LayerPreference) -> Coming {
        let leg = self.media.leg_of(self.connection(given)?).ok_or(Rejection::NotFound)?.clone();
        let known = self.stage.track(&track).ok_or(Rejection::NotFound)?;
        if let LayerPreference::Fixed { layer } = &layer
            && !known.layers.contains(layer)
        {
            return Err(invalid("layer", "none of the track's layers"));
        }
        out.push(Effect::Media { leg, order: MediaOrder::Prefer { track, layer } });
        DONE
    }

    /// What the media engine says of a leg. A leg that this space does not know was closed meanwhile.
    pub(super) fn media_report(&mut self, now: Time, out: &mut Out, leg: &LegId, report: MediaReport) {
        if let MediaReport::Restarted { ufrag, pwd, candidates } = report {
            self.restarted(out, leg, Outcome::Restarted { ufrag, pwd, candidates });
        } else if let Some(user) = self.stage.incoming_of(leg).cloned() {
            self.of_incoming(now, out, &user, report);
        } else if let Some(user) = self.stage.publisher_of(leg).cloned() {
            self.restart_refused(out, leg, &report);
            self.of_publisher(now, out, &user, report);
        } else if self.players.is_leg(leg) {
            self.restart_refused(out, leg, &report);
            self.of_player(now, out, leg, report);
        } else {
            self.of_subscriber(out, leg, report);
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
        if let Some(Some(connection)) = self.media.closed(leg)
            && self.members.is_in(&connection)
        {
            self.stream.direct(out, vec![connection], Event::LegClosed { leg: leg.clone(), reason });
        }
    }

    /// A player that is no member wants to watch.
    pub(super) fn play(
        &mut self,
        now: Time,
        out: &mut Out,
        request: RequestId,
        offer: String,
        fresh: Fresh,
        user: Option<UserId>,
    ) {
        if let Err(rejection) = self.open_player(now, out, request, offer, fresh, user) {
            Self::reply(out, request, Err(rejection));
        }
    }

    fn open_player(
        &mut self,
        now: Time,
        out: &mut Out,
        request: RequestId,
        offer: String,
        fresh: Fresh,
        user: Option<UserId>,
    ) -> Result<(), Rejection> {
        if offer.len() > SDP_MAX_BYTES {
            return Err(past(LimitName::SdpBytes, SDP_MAX_BYTES));
        }
        if self.kind.live_room().and_then(LiveRoom::since).is_none() {
            return Err(Rejection::NotLive);
        }
        let leg = fresh.leg();
        if self.is_leg(&leg) {
            return Err(Rejection::Busy);
        }
        self.players.open(out, leg.clone(), offer, request, user)?;
        out.push(Effect::SetTimer { timer: Timer::MediaUnanswered(leg), at: now.plus_ms(MEDIA_ANSWER_MS) });
        Ok(())
    }

    fn of_player(&mut self, now: Time, out: &mut Out, leg: &LegId, report: MediaReport) {
        match report {
            MediaReport::Answer { sdp } => {
                if let Some(request) = self.players.answered(leg) {
                    out.push(Effect::CancelTimer { timer: Timer::MediaUnanswered(leg.clone()) });
                    Self::reply(out, request, Ok(Outcome::Playing { leg: leg.clone(), answer: sdp }));
                    self.players.route(out, self.media.heard().keys());
                }
            }
            MediaReport::Refused { reason } if !self.players.is_open(leg) => {
                self.player_gone(now, out, leg, Rejection::MediaRefused { reason });
            }
            MediaReport::Closed { .. } => self.player_gone(now, out, leg, Rejection::Busy),
            _ => {}
        }
    }

    /// A player is gone; who still waited for its answer is told why.
    fn player_gone(&mut self, now: Time, out: &mut Out, leg: &LegId, rejection: Rejection) {
        if let Some(request) = self.players.gone(leg) {
            out.push(Effect::CancelTimer { timer: Timer::MediaUnanswered(leg.clone()) });
            Self::reply(out, request, Err(rejection));
        }
        self.rest(now, out);
    }

    /// There is nothing to watch any more, or not for everybody.
    pub(super) fn close_players(&mut self, out: &mut Out) {
        self.close_players_of(out, None);
    }

    /// Somebody, or everybody where nobody is named, watches with a player no longer.
    pub(super) fn close_players_of(&mut self, out: &mut Out, user: Option<&UserId>) {
        for (leg, request) in self.players.close(out, user) {
            out.push(Effect::CancelTimer { timer: Timer::MediaUnanswered(leg) });
            Self::reply(out, request, Err(Rejection::NotLive));
        }
    }

    /// The room's rule changed: who watches without having been asked for who they are is not asked now.
    pub(super) fn entry_changed(&mut self, out: &mut Out, before: Entry) {
        let Some(entry) = self.kind.live_room().map(|room| room.about.entry) else { return };
        if entry != before && entry != Entry::Open {
            self.close_players(out);
        }
    }

    /// The peer of a leg that came by WHIP or WHEP wants something.
    pub(super) fn peer(&mut self, now: Time, out: &mut Out, request: RequestId, leg: LegId, wants: PeerWants) {
        match self.obey_peer(now, out, request, leg, wants) {
            Ok(Some(outcome)) => Self::reply(out, request, Ok(outcome)),
            Ok(None) => {}
            Err(rejection) => Self::reply(out, request, Err(rejection)),
        }
    }

    fn obey_peer(&mut self, now: Time, out: &mut Out, request: RequestId, leg: LegId, wants: PeerWants) -> Coming {
        let user = self.stage.publisher_of(&leg).cloned();
        let via = user.as_ref().and_then(|user| self.stage.seat(user)?.publisher.as_ref()).map(|one| one.via);
        // A browser's leg is its member's, and nobody else's.
        let negotiates = via == Some(Via::Whip) || self.players.is_open(&leg);
        let goes = via == Some(Via::Rtmp) && wants == PeerWants::Close;
        if !negotiates && !goes {
            return Err(Rejection::NotFound);
        }
        match wants {
            PeerWants::Trickle { candidates } => {
                if candidates.len() > CANDIDATES_MAX {
                    return Err(invalid("candidates", "at most 32"));
                }
                if candidates.iter().any(|candidate| candidate.len() > ICE_ATTRIBUTE_MAX_BYTES) {
                    return Err(invalid("candidates", "at most 256 bytes each"));
                }
                out.push(Effect::Media { leg, order: MediaOrder::Trickle { candidates } });
                Ok(Some(Outcome::Done))
            }
            PeerWants::Restart { ufrag, pwd } => {
                if ufrag.len() > ICE_ATTRIBUTE_MAX_BYTES || pwd.len() > ICE_ATTRIBUTE_MAX_BYTES {
                    return Err(invalid("ufrag", "at most 256 bytes, and the password too"));
                }
                if self.restarts.contains_key(&leg) {
                    return Err(Rejection::Busy);
                }
                self.restarts.insert(leg.clone(), request);
                out.push(Effect::Media { leg: leg.clone(), order: MediaOrder::Restart { ufrag, pwd } });
                out.push(Effect::SetTimer { timer: Timer::MediaUnanswered(leg), at: now.plus_ms(MEDIA_ANSWER_MS) });
                Ok(None)
            }
            PeerWants::Close => {
                Self::reply(out, request, Ok(Outcome::Done));
                if user.is_some() {
                    self.stopped_at_the_encoder(now, out);
                } else {
                    out.push(Effect::Media { leg: leg.clone(), order: MediaOrder::Close });
                    self.player_gone(now, out, &leg, Rejection::NotFound);
                }
                Ok(None)
            }
        }
    }

    /// The host has stopped at the encoder: nobody waits for it to come back, and it may begin anew at once.
    fn stopped_at_the_encoder(&mut self, now: Time, out: &mut Out) {
        let publisher = self.stage.host.as_ref().and_then(|seat| seat.publisher.as_ref());
        let owner = publisher.map(|publisher| publisher.owner.clone());
        self.end_broadcast(now, out, EndReason::Host);
        if let (Some(owner), Some(room)) = (owner, self.kind.live_room_mut()) {
            room.may_return(&owner);
        }
    }

    fn restarted(&mut self, out: &mut Out, leg: &LegId, outcome: Outcome) {
        if let Some(request) = self.restarts.remove(leg) {
            out.push(Effect::CancelTimer { timer: Timer::MediaUnanswered(leg.clone()) });
            Self::reply(out, request, Ok(outcome));
        }
    }

    /// A restart that the engine does not like is answered; the leg goes on as it was.
    fn restart_refused(&mut self, out: &mut Out, leg: &LegId, report: &MediaReport) {
        if let MediaReport::Refused { reason } = report
            && let Some(request) = self.restarts.remove(leg)
        {
            out.push(Effect::CancelTimer { timer: Timer::MediaUnanswered(leg.clone()) });
            Self::reply(out, request, Err(Rejection::MediaRefused { reason: reason.clone() }));
        }
    }

    /// The engine did not answer a player's offer, or a restart.
    pub(super) fn peer_unanswered(&mut self, out: &mut Out, leg: &LegId) {
        if let Some(request) = self.restarts.remove(leg) {
            Self::reply(out, request, Err(Rejection::Busy));
        } else if self.players.is_leg(leg) && !self.players.is_open(leg) {
            out.push(Effect::Media { leg: leg.clone(), order: MediaOrder::Close });
            if let Some(request) = self.players.gone(leg) {
                Self::reply(out, request, Err(Rejection::Busy));
            }
        }
    }

    /// Answers restarts of legs that are gone meanwhile.
    pub(super) fn settle_restarts(&mut self, out: &mut Out) {
        let gone: Vec<LegId> = self.restarts.keys().filter(|leg| !self.is_leg(leg)).cloned().collect();
        for leg in gone {
            self.restarts.remove(&leg).into_iter().for_each(|request| {
                Self::reply(out, request, Err(Rejection::NotFound));
            });
            out.push(Effect::CancelTimer { timer: Timer::MediaUnanswered(leg) });
        }
    }
}
