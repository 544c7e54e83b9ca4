//! Legs, and who hears whom.
//!
//! Who hears whom is desired state: every subscriber leg hears all publisher legs but those of its own user's browser.
//! Each change of that gives the legs concerned a `Route` with a higher generation; the engine reconciles.

use hearth_protocol::ids::{ConnectionId, DeviceId, LegId, UserId};
use hearth_protocol::limits::LimitName;
use hearth_protocol::media::OfferedTrack;
use hearth_protocol::{Event, Rejection};
use std::collections::BTreeMap;

use super::limits::{MEDIA_LEGS_MAX, NEGOTIATION_RATE, past, too_fast};
use super::rate::TokenBucket;
use crate::effect::{Effect, MediaOrder};
use crate::input::Time;

/// A subscriber leg.
#[derive(Debug)]
struct Subscriber {
    user: UserId,
    device: DeviceId,
    /// `None`: its connection is lost, and another may go on with it.
    connection: Option<ConnectionId>,
    generation: u64,
    /// What the engine was last told; `None`: nothing yet.
    hears: Option<Vec<LegId>>,
    /// The offer that was not answered yet. The engine makes no other before, so that it must not get lost.
    offer: Option<Offer>,
    /// What the m-lines carry since the last offer, where that has changed.
    mapped: Option<Vec<OfferedTrack>>,
}

#[derive(Debug, Clone)]
struct Offer {
    generation: u32,
    sdp: String,
    tracks: Vec<OfferedTrack>,
}

impl Subscriber {
    /// Tells the engine what the leg is to hear, if that has changed.
    fn route(&mut self, out: &mut Vec<Effect>, leg: &LegId, heard: &BTreeMap<LegId, Option<UserId>>) {
        let hears: Vec<LegId> =
            heard.iter().filter(|(_, own)| own.as_ref() != Some(&self.user)).map(|(leg, _)| leg.clone()).collect();
        if self.hears.as_ref() != Some(&hears) {
            self.generation += 1;
            self.hears = Some(hears.clone());
            let order = MediaOrder::Route { generation: self.generation, hears };
            out.push(Effect::Media { leg: leg.clone(), order });
        }
    }
}

/// The subscriber legs of a space, and what they hear.
#[derive(Debug, Default)]
pub struct Media {
    subscribers: BTreeMap<LegId, Subscriber>,
    /// Publisher legs that are to be heard, and who is not to hear them: it is their own picture.
    heard: BTreeMap<LegId, Option<UserId>>,
    paces: BTreeMap<ConnectionId, TokenBucket>,
}

/// Whose leg a new one is.
#[derive(Debug, Clone)]
pub struct Listener {
    /// Whose.
    pub user: UserId,
    /// By which connection.
    pub connection: ConnectionId,
    /// Of which device.
    pub device: DeviceId,
}

impl Media {
    /// How many subscriber legs there are.
    pub fn len(&self) -> usize {
        self.subscribers.len()
    }

    /// Whether it is one of them.
    pub fn is_leg(&self, leg: &LegId) -> bool {
        self.subscribers.contains_key(leg)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.subscribers.is_empty()
    }

    /// Counts a negotiation of a connection.
    ///
    /// Errors: the limit on their rate.
    pub fn pace(&mut self, now: Time, connection: &ConnectionId) -> Result<(), Rejection> {
        let bucket = self.paces.entry(connection.clone()).or_insert_with(|| TokenBucket::full(now, NEGOTIATION_RATE));
        bucket
            .take(now, NEGOTIATION_RATE)
            .map_err(|wait| too_fast(LimitName::MediaNegotiations, NEGOTIATION_RATE, wait))
    }

    /// Opens a subscriber leg, closing the one its connection had.
    ///
    /// Errors: the limit on legs.
    pub fn watch(&mut self, out: &mut Vec<Effect>, leg: LegId, listener: Listener) -> Result<(), Rejection> {
        let replaced: Vec<LegId> = self.legs(|one| one.connection.as_ref() == Some(&listener.connection));
        if self.subscribers.len() - replaced.len() >= MEDIA_LEGS_MAX {
            return Err(past(LimitName::MediaLegs, MEDIA_LEGS_MAX));
        }
        for old in replaced {
            self.close(out, &old);
        }
        // What a lost connection of the same device left behind serves nobody any more.
        for old in
            self.legs(|one| one.connection.is_none() && one.device == listener.device && one.user == listener.user)
        {
            self.close(out, &old);
        }
        out.push(Effect::Media { leg: leg.clone(), order: MediaOrder::OpenSubscribe });
        self.subscribers.insert(
            leg.clone(),
            Subscriber {
                user: listener.user,
                device: listener.device,
                connection: Some(listener.connection),
                generation: 0,
                hears: None,
                offer: None,
                mapped: None,
            },
        );
        if let Some(one) = self.subscribers.get_mut(&leg) {
            one.route(out, &leg, &self.heard);
        }
        Ok(())
    }

    /// Goes on with a leg whose connection was lost; says whether that is possible.
    pub fn keep(&mut self, leg: &LegId, listener: &Listener) -> bool {
        match self.subscribers.get_mut(leg) {
            Some(one) if one.user == listener.user && one.device == listener.device && one.connection.is_none() => {
                one.connection = Some(listener.connection.clone());
                true
            }
            _ => false,
        }
    }

    /// The engine has made an offer for a leg. Gives it as an event, and the connection that shall hear it now.
    pub fn offered(
        &mut self,
        leg: &LegId,
        generation: u32,
        sdp: String,
        tracks: Vec<OfferedTrack>,
    ) -> Option<(ConnectionId, Event)> {
        let one = self.subscribers.get_mut(leg)?;
        one.offer = Some(Offer { generation, sdp: sdp.clone(), tracks: tracks.clone() });
        one.mapped = None;
        Some((one.connection.clone()?, Event::Offer { leg: leg.clone(), generation, sdp, tracks }))
    }

    /// A leg's m-lines carry something else. Gives it as an event, and the connection that shall hear it now.
    pub fn mapped(&mut self, leg: &LegId, tracks: Vec<OfferedTrack>) -> Option<(ConnectionId, Event)> {
        let one = self.subscribers.get_mut(leg)?;
        one.mapped = Some(tracks.clone());
        Some((one.connection.clone()?, Event::Mapped { leg: leg.clone(), tracks }))
    }

    /// A client has answered an offer.
    pub fn answered(&mut self, leg: &LegId, generation: u32) {
        if let Some(one) = self.subscribers.get_mut(leg) {
            one.offer.take_if(|offer| offer.generation <= generation);
        }
    }

    /// What a connection that goes on with a leg may have missed of it.
    pub fn missed(&self, leg: &LegId) -> Vec<Event> {
        let Some(one) = self.subscribers.get(leg) else { return Vec::new() };
        let offer = one.offer.clone().map(|Offer { generation, sdp, tracks }| Event::Offer {
            leg: leg.clone(),
            generation,
            sdp,
            tracks,
        });
        let mapped = one.mapped.clone().map(|tracks| Event::Mapped { leg: leg.clone(), tracks });
        offer.into_iter().chain(mapped).collect()
    }

    fn legs(&self, passes: impl Fn(&Subscriber) -> bool) -> Vec<LegId> {
        self.subscribers.iter().filter(|(_, one)| passes(one)).map(|(leg, _)| leg.clone()).collect()
    }

    /// Closes a subscriber leg.
    pub fn close(&mut self, out: &mut Vec<Effect>, leg: &LegId) {
        if self.subscribers.remove(leg).is_some() {
            out.push(Effect::Media { leg: leg.clone(), order: MediaOrder::Close });
        }
    }

    /// Closes the subscriber leg of a connection, if it has one.
    pub fn unwatch(&mut self, out: &mut Vec<Effect>, connection: &ConnectionId) {
        for leg in self.legs(|one| one.connection.as_ref() == Some(connection)) {
            self.close(out, &leg);
        }
    }

    /// A connection is lost: its leg waits for another one.
    pub fn connection_lost(&mut self, connection: &ConnectionId) {
        self.paces.remove(connection);
        for one in self.subscribers.values_mut().filter(|one| one.connection.as_ref() == Some(connection)) {
            one.connection = None;
        }
    }

    /// Closes all legs of somebody who is gone.
    pub fn user_gone(&mut self, out: &mut Vec<Effect>, user: &UserId) {
        for leg in self.legs(|one| one.user == *user) {
            self.close(out, &leg);
        }
    }

    /// The engine has closed a leg; gives the connection it was of, if it still has one.
    pub fn closed(&mut self, leg: &LegId) -> Option<Option<ConnectionId>> {
        self.subscribers.remove(leg).map(|one| one.connection)
    }

    /// The connection of a subscriber leg; `None`: no such leg, or nobody has it now.
    pub fn connection_of(&self, leg: &LegId) -> Option<&ConnectionId> {
        self.subscribers.get(leg)?.connection.as_ref()
    }

    /// The leg of a connection.
    pub fn leg_of(&self, connection: &ConnectionId) -> Option<&LegId> {
        self.subscribers.iter().find(|(_, one)| one.connection.as_ref() == Some(connection)).map(|(leg, _)| leg)
    }

    /// These publisher legs are to be heard from now on.
    pub fn set_heard(&mut self, out: &mut Vec<Effect>, heard: BTreeMap<LegId, Option<UserId>>) {
        if self.heard != heard {
            self.heard = heard;
            self.reconcile(out);
        }
    }

    /// The publisher legs that are heard.
    pub fn heard(&self) -> &BTreeMap<LegId, Option<UserId>> {
        &self.heard
    }

    fn reconcile(&mut self, out: &mut Vec<Effect>) {
        for (leg, one) in &mut self.subscribers {
            one.route(out, leg, &self.heard);
        }
    }
}
