//! Commands, one by one: what is checked, and what each ends in.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use str0m::Rtc;
use str0m::change::SdpOffer;

use super::leg::{Leg, Role};
use super::outline::{self, Section};
use super::publisher::Publisher;
use super::subscriber::Subscriber;
use super::{Egress, Engine, Followers, Note, Space};
use crate::forward::speaker::Speakers;
use crate::{CONNECT_WITHIN_MS, ClosedReason, Command, Event, Hears, LegId, Refusal, Source, SpaceId};

/// m-lines that are not media, such as a data channel, beside a publisher's tracks.
const OTHER_SECTIONS: usize = 1;
/// Answers refused in a row before the leg is closed.
const ANSWERS_REFUSED: u32 = 3;

impl Engine {
    pub(crate) fn command(&mut self, now: Instant, command: Command, egress: &mut dyn Egress) {
        let leg = command.leg().cloned();
        let done = match command {
            Command::OpenPublish { leg, space, offer, sources } => self.open_publish(now, leg, space, &offer, &sources),
            Command::Republish { leg, offer, sources } => self.republish(now, &leg, &offer, &sources),
            Command::OpenSubscribe { leg, space } => self.open_subscribe(now, leg, space),
            Command::Answer { leg, generation, sdp } => self.answer(now, &leg, generation, &sdp),
            Command::Route { leg, generation, hears } => self.route(&leg, generation, hears),
            Command::Mute { leg, generation, sources } => self.mute(&leg, generation, &sources),
            Command::Prefer { leg, track, layer } => self.on_subscriber(&leg, |subscriber| {
                if subscriber.prefer(track, layer) { Ok(()) } else { Err(Refusal::TooManyTracks) }
            }),
            Command::RestartIce { leg } => self.on_subscriber(&leg, |subscriber| {
                subscriber.ice_restart = true;
                if subscriber.is_player() { Err(Refusal::WrongLeg) } else { Ok(()) }
            }),
            Command::OpenPlay { leg, space, offer } => self.open_play(now, leg, space, &offer),
            Command::OpenFeed { leg, space, tracks } => self.open_feed(now, leg, space, &tracks),
            Command::Tap { leg, tap } => self.tap(&leg, tap),
            Command::Trickle { leg, candidates } => self.trickle(&leg, &candidates),
            Command::RestartByPeer { leg, ufrag, pwd } => self.restart_by_peer(now, &leg, &ufrag, &pwd),
            Command::Close { leg } => {
                self.close(now, &leg, egress);
                Ok(())
            }
            Command::CloseSpace { space } => {
                self.close_space(now, &space, egress);
                Ok(())
            }
        };
        if let (Err(reason), Some(leg)) = (done, leg) {
            if !self.by_id.contains_key(&leg) {
                self.directory.leave(&leg, self.worker);
            }
            self.tell(Event::Refused { leg, reason });
        }
        self.make_offers(now);
        egress.post(&mut self.notes);
    }

    fn open_publish(
        &mut self,
        now: Instant,
        id: LegId,
        space: SpaceId,
        offer: &str,
        sources: &[(String, Source)],
    ) -> Result<(), Refusal> {
        self.check_room(&id, &space, false)?;
        let sections = outline::read(offer, &self.limits, self.limits.tracks_per_publisher + OTHER_SECTIONS)?;
        let mut rtc = self.connections.publishing(&outline::preferred_codecs(offer), now);
        let answer = accept(&mut rtc, offer)?;
        let mut publisher = Publisher::new(self.next_serial);
        describe(&mut publisher, &id, &rtc, &sections, sources)?;
        self.next_serial += self.directory.workers() as u64;
        let space = self.enter_space(space);
        let mut leg = Leg::new(id.clone(), space, rtc, Role::Publish(publisher), now);
        leg.connect_by = Some(now + Duration::from_millis(CONNECT_WITHIN_MS));
        leg.may_describe(&self.limits, now);
        leg.offer = Some(offer.to_owned());
        let index = self.insert(leg);
        self.register(index, &answer);
        self.tell(Event::Answer { leg: id, sdp: answer });
        self.tell_tracks(index, now);
        self.reconcile_space(space);
        Ok(())
    }

    fn republish(
        &mut self,
        now: Instant,
        id: &LegId,
        offer: &str,
        sources: &[(String, Source)],
    ) -> Result<(), Refusal> {
        let index = *self.by_id.get(id).ok_or(Refusal::NoSuchLeg)?;
        let limits = self.limits;
        let answered = self.with_leg(index, |_, leg| {
            let may_describe = leg.may_describe(&limits, now);
            if leg.is_fed() {
                return Ok(Err(Refusal::WrongLeg));
            }
            let Role::Publish(publisher) = &mut leg.role else { return Ok(Err(Refusal::WrongLeg)) };
            if !may_describe {
                return Ok(Err(Refusal::TooManyDescriptions));
            }
            let sections = match outline::read(offer, &limits, limits.tracks_per_publisher + OTHER_SECTIONS) {
                Ok(sections) => sections,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let answer = accept(&mut leg.rtc, offer);
            if answer.is_ok() {
                leg.offer = Some(offer.to_owned());
                publisher.describe(&leg.id, &leg.rtc, &sections, sources);
            }
            Ok(answer.map(|answer| (leg.space, answer)))
        });
        let (space, answer) = answered.ok_or(Refusal::NoSuchLeg)??;
        self.register(index, &answer);
        self.tell(Event::Answer { leg: id.clone(), sdp: answer });
        self.tell_tracks(index, now);
        self.reconcile_space(space);
        Ok(())
    }

    fn open_subscribe(&mut self, now: Instant, id: LegId, space: SpaceId) -> Result<(), Refusal> {
        self.check_room(&id, &space, true)?;
        let (rtc, outlet) = self.connections.subscribing(now);
        let space = self.enter_space(space);
        self.insert(Leg::new(id, space, rtc, Role::Subscribe(Subscriber::new(outlet)), now));
        Ok(())
    }

    fn answer(&mut self, now: Instant, id: &LegId, generation: u64, sdp: &str) -> Result<(), Refusal> {
        let index = *self.by_id.get(id).ok_or(Refusal::NoSuchLeg)?;
        let limits = self.limits;
        let outcome = self.with_leg(index, |_, leg| {
            if !leg.may_describe(&limits, now) {
                return Ok(Err(Refusal::TooManyDescriptions));
            }
            let Role::Subscribe(subscriber) = &mut leg.role else { return Ok(Err(Refusal::WrongLeg)) };
            if sdp.len() > limits.sdp_bytes {
                return Ok(Err(Refusal::SdpTooLarge));
            }
            let accepted = subscriber.answer(&mut leg.rtc, generation, sdp);
            if subscriber.answers_refused >= ANSWERS_REFUSED {
                return Err(ClosedReason::Protocol);
            }
            if accepted == Ok(true) && !leg.connected {
                leg.connect_by = Some(now + Duration::from_millis(CONNECT_WITHIN_MS));
            }
            Ok(accepted)
        });
        let Some(accepted) = outcome else { return Ok(()) };
        let looked = accepted != Ok(false);
        if looked {
            self.dirty.push(index);
            self.to_look_at.push(index);
            self.reconcile(index);
        }
        accepted.map(|_| ())
    }

    fn route(&mut self, id: &LegId, generation: u64, hears: Hears) -> Result<(), Refusal> {
        if matches!(&hears, Hears::Only(legs) if legs.len() > self.limits.publishers_heard) {
            return Err(Refusal::TooManyPublishers);
        }
        let mut newer = false;
        self.on_subscriber(id, |subscriber| {
            newer = subscriber.route_generation.is_none_or(|last| generation > last);
            if newer {
                subscriber.route_generation = Some(generation);
                subscriber.hears = hears;
            }
            Ok(())
        })?;
        if newer && let Some(index) = self.by_id.get(id).copied() {
            self.reconcile(index);
        }
        Ok(())
    }

    fn on_subscriber(
        &mut self,
        id: &LegId,
        work: impl FnOnce(&mut Subscriber) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let index = *self.by_id.get(id).ok_or(Refusal::NoSuchLeg)?;
        let leg = self.legs[index].as_mut().ok_or(Refusal::NoSuchLeg)?;
        work(leg.subscriber().ok_or(Refusal::WrongLeg)?)?;
        self.to_look_at.push(index);
        Ok(())
    }

    fn close(&mut self, now: Instant, id: &LegId, egress: &mut dyn Egress) {
        let Some(index) = self.by_id.get(id).copied() else { return };
        self.with_leg::<()>(index, |engine, leg| {
            // BYE and the DTLS close go out; whatever fails, the leg is closed.
            if let Role::Subscribe(subscriber) = &mut leg.role {
                subscriber.outlet.close(egress);
            }
            if !leg.is_fed() && leg.rtc.close().is_ok() {
                let _ = engine.drain(index, leg, now, egress);
            }
            Err(ClosedReason::Requested)
        });
    }

    fn close_space(&mut self, now: Instant, space: &SpaceId, egress: &mut dyn Egress) {
        let Some(space) = self.spaces_by_id.get(space).and_then(|space| self.spaces.get(space)) else { return };
        let legs: Vec<LegId> =
            space.legs.iter().rev().filter_map(|index| Some(self.legs[*index].as_ref()?.id.clone())).collect();
        for leg in legs {
            self.close(now, &leg, egress);
        }
    }

    /// Counts a leg that is to be opened, if it may.
    pub(super) fn check_room(&self, id: &LegId, space: &SpaceId, views: bool) -> Result<(), Refusal> {
        if self.by_id.contains_key(id) {
            return Err(Refusal::LegExists);
        }
        self.directory.enter(id, space, self.worker, views)
    }

    pub(super) fn enter_space(&mut self, id: SpaceId) -> usize {
        if let Some(space) = self.spaces_by_id.get(&id) {
            return *space;
        }
        let space = self.next_space;
        self.next_space += 1;
        self.spaces_by_id.insert(id.clone(), space);
        let home = self.directory.home(&id);
        if home != self.worker {
            self.note(home, Note::Follow { space: id.clone(), worker: self.worker });
        }
        let entered = Space {
            id,
            legs: Vec::new(),
            speakers: Speakers::default(),
            inbound: Vec::new(),
            followers: Followers::default(),
            relayed: Vec::new(),
        };
        self.spaces.insert(space, entered);
        space
    }

    pub(super) fn insert(&mut self, leg: Leg) -> usize {
        let (id, space) = (leg.id.clone(), leg.space);
        self.publishing += usize::from(matches!(leg.role, Role::Publish(_)));
        let index = self.free.pop().unwrap_or_else(|| {
            self.legs.push(None);
            self.legs.len() - 1
        });
        self.legs[index] = Some(Box::new(leg));
        self.by_id.insert(id, index);
        if let Some(space) = self.spaces.get_mut(&space) {
            space.legs.push(index);
        }
        self.dirty.push(index);
        index
    }

    /// Makes the ICE credentials of an own description lead to this leg.
    pub(crate) fn register(&mut self, index: usize, own_sdp: &str) {
        let ufrags = outline::ice_ufrags(own_sdp);
        let Some(leg) = self.legs[index].as_mut() else { return };
        // The last credentials stay known until the client uses the new ones.
        let stale: Vec<String> = leg.ufrags.iter().filter(|old| !ufrags.contains(old)).cloned().collect();
        for old in stale.iter().rev().skip(1) {
            self.by_ufrag.remove(old);
            self.directory.forgets(old);
            leg.ufrags.retain(|known| known != old);
        }
        for ufrag in ufrags {
            if !leg.ufrags.contains(&ufrag) {
                leg.ufrags.push(ufrag.clone());
            }
            self.directory.answers_to(&ufrag, self.worker);
            self.by_ufrag.insert(ufrag, index);
        }
        self.dirty.push(index);
    }

    pub(super) fn tell_tracks(&mut self, index: usize, now: Instant) {
        let Some(leg) = self.legs[index].as_mut() else { return };
        let id = leg.id.clone();
        let Some(publisher) = leg.publisher() else { return };
        let keys: Vec<_> = publisher.tracks.iter().map(|track| track.key).collect();
        let news = publisher.take_news();
        self.by_track.retain(|_, owner| *owner != index);
        self.by_track.extend(keys.into_iter().map(|key| (key, index)));
        self.retell_tap(index);
        self.relay_publisher(index, now);
        if let Some(tracks) = news {
            self.tell(Event::Tracks { leg: id, tracks });
        }
    }
}

impl Command {
    /// The leg that it is about; `None`: a whole space.
    pub(crate) fn leg(&self) -> Option<&LegId> {
        match self {
            Command::OpenPublish { leg, .. }
            | Command::Republish { leg, .. }
            | Command::OpenSubscribe { leg, .. }
            | Command::Answer { leg, .. }
            | Command::Route { leg, .. }
            | Command::Mute { leg, .. }
            | Command::Prefer { leg, .. }
            | Command::RestartIce { leg }
            | Command::OpenPlay { leg, .. }
            | Command::OpenFeed { leg, .. }
            | Command::Tap { leg, .. }
            | Command::Trickle { leg, .. }
            | Command::RestartByPeer { leg, .. }
            | Command::Close { leg } => Some(leg),
            Command::CloseSpace { .. } => None,
        }
    }
}

/// Has the stack take an offer. It promises not to panic on foreign input;
/// nobody's call depends on that promise.
pub(super) fn accept(rtc: &mut Rtc, offer: &str) -> Result<String, Refusal> {
    let accepted = catch_unwind(AssertUnwindSafe(|| {
        let offer = SdpOffer::from_sdp_string(offer).map_err(|_| Refusal::SdpMalformed)?;
        let answer = rtc.sdp_api().accept_offer(offer).map_err(|_| Refusal::SdpUnacceptable)?;
        Ok(answer.to_sdp_string())
    }));
    accepted.unwrap_or(Err(Refusal::SdpUnacceptable))
}

fn describe(
    publisher: &mut Publisher,
    id: &LegId,
    rtc: &Rtc,
    sections: &[Section],
    sources: &[(String, Source)],
) -> Result<(), Refusal> {
    let sends = sections.iter().any(|section| section.kind.is_some() && section.sends);
    if !sends {
        return Err(Refusal::SdpUnacceptable);
    }
    publisher.describe(id, rtc, sections, sources);
    if publisher.tracks.is_empty() { Err(Refusal::NoCommonCodec) } else { Ok(()) }
}
