//! Subscribing legs for which the client makes the offer, as in WHEP.

use std::time::{Duration, Instant};

use str0m::media::Mid;

use super::Engine;
use super::commands::accept;
use super::leg::{Leg, Role};
use super::outline;
use super::subscriber::Subscriber;
use crate::{CONNECT_WITHIN_MS, Event, Kind, LegId, Refusal, SpaceId};

impl Engine {
    pub(super) fn open_play(&mut self, now: Instant, id: LegId, space: SpaceId, offer: &str) -> Result<(), Refusal> {
        self.check_room(&id, &space, true)?;
        let sections = outline::read(offer, &self.limits, self.limits.tracks_per_subscriber)?;
        let mids: Vec<(Mid, Kind)> = sections
            .iter()
            .filter(|section| section.receives)
            .filter_map(|section| Some((Mid::from(section.mid.as_str()), section.kind?)))
            .collect();
        if mids.is_empty() {
            return Err(Refusal::SdpUnacceptable);
        }
        let (mut rtc, outlet) = self.connections.subscribing(now);
        let answer = accept(&mut rtc, offer)?;
        let subscriber = Subscriber::player(&mut rtc, outlet, &mids);
        if !subscriber.takes_anything() {
            return Err(Refusal::NoCommonCodec);
        }
        let space = self.enter_space(space);
        let mut leg = Leg::new(id.clone(), space, rtc, Role::Subscribe(subscriber), now);
        leg.connect_by = Some(now + Duration::from_millis(CONNECT_WITHIN_MS));
        leg.may_describe(&self.limits, now);
        leg.offer = Some(offer.to_owned());
        let index = self.insert(leg);
        self.register(index, &answer);
        self.tell(Event::Answer { leg: id, sdp: answer });
        Ok(())
    }
}
