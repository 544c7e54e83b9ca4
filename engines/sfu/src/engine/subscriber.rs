//! A subscribing leg: its m-lines, and which track each carries.

use std::collections::HashMap;
use std::time::Instant;

use str0m::Rtc;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid};

use super::forwarding::Batch;
use super::publisher::TrackKey;
use super::slot::{Attached, Slot, Written};
use crate::sending::Outlet;
use crate::{Hears, Kind, LayerPreference, LegId, OfferedTrack, Refusal, Source, TrackId};

/// Preferences that one leg may set.
const PREFERENCES: usize = 256;

#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(crate) outlet: Box<Outlet>,
    pub(crate) hears: Hears,
    pub(crate) route_generation: Option<u64>,
    pub(crate) routed: bool,
    offer_generation: u64,
    pending: Option<(u64, SdpPendingOffer)>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) ice_restart: bool,
    /// An offer is to be made as soon as none is outstanding.
    pub(crate) to_add: Vec<Option<Attached>>,
    to_add_kinds: Vec<Kind>,
    /// Tracks there is no m-line for; each is told once.
    no_room: Vec<TrackId>,
    preferences: HashMap<TrackId, LayerPreference>,
    /// Bandwidth in bits a second that the next step up would take.
    pub(crate) wanted_bps: u64,
    pub(crate) answers_refused: u32,
    /// The client makes the offers.
    plays: bool,
}

impl Subscriber {
    /// One whose m-lines are those of an offer that was accepted.
    pub(crate) fn player(rtc: &mut Rtc, outlet: Outlet, mids: &[(Mid, Kind)]) -> Subscriber {
        let mut subscriber = Subscriber { plays: true, ..Subscriber::new(outlet) };
        for (mid, kind) in mids {
            let mut slot = Slot::new(*mid, *kind, None);
            slot.settle(rtc, &mut subscriber.outlet);
            subscriber.slots.push(slot);
        }
        subscriber
    }

    pub(crate) fn is_player(&self) -> bool {
        self.plays
    }

    /// Whether the client takes anything at all.
    pub(crate) fn takes_anything(&self) -> bool {
        self.slots.iter().any(Slot::takes_anything)
    }

    pub(crate) fn new(outlet: Outlet) -> Subscriber {
        Subscriber {
            outlet: Box::new(outlet),
            hears: Hears::Nobody,
            route_generation: None,
            routed: false,
            offer_generation: 0,
            pending: None,
            slots: Vec::new(),
            ice_restart: false,
            to_add: Vec::new(),
            to_add_kinds: Vec::new(),
            no_room: Vec::new(),
            preferences: HashMap::new(),
            wanted_bps: 0,
            answers_refused: 0,
            plays: false,
        }
    }

    /// Whether anything is forwarded to it.
    pub(crate) fn receives(&self) -> bool {
        self.slots.iter().any(|slot| slot.is_live() && slot.attached.is_some())
    }

    pub(crate) fn hears(&self, publisher: &LegId) -> bool {
        match &self.hears {
            Hears::Everyone => true,
            Hears::Only(legs) => legs.contains(publisher),
            Hears::Nobody => false,
        }
    }

    /// Brings m-lines and wanted tracks together: frees, reuses, and lists what
    /// needs new m-lines. Returns whether the mapping changed on m-lines that
    /// were offered, and the tracks there is now no room for. Of one whose answer
    /// is still on its way the client was told what it carried when it was offered.
    pub(crate) fn reconcile(&mut self, wanted: Vec<Attached>, most: usize) -> (bool, Vec<TrackId>) {
        let most = if self.plays { 0 } else { most };
        let mut changed = false;
        for slot in &mut self.slots {
            let keep = slot.attached.as_ref().is_none_or(|attached| wanted.contains(attached));
            if !keep {
                changed |= !slot.is_rejected();
                slot.attach(None);
            }
        }
        self.to_add.clear();
        self.to_add_kinds.clear();
        let mut refused = Vec::new();
        for attached in wanted {
            if self.slots.iter().any(|slot| slot.attached.as_ref() == Some(&attached)) {
                continue;
            }
            let free = self
                .slots
                .iter_mut()
                .find(|slot| slot.attached.is_none() && slot.kind == attached.kind && !slot.is_rejected());
            if let Some(slot) = free {
                changed = true;
                slot.attach(Some(attached));
            } else if self.slots.len() + self.to_add.len() < most {
                self.to_add_kinds.push(attached.kind);
                self.to_add.push(Some(attached));
            } else {
                refused.push(attached.track);
            }
        }
        let newly_refused = refused.iter().filter(|track| !self.no_room.contains(track)).cloned().collect();
        self.no_room = refused;
        let warm = self.routed && self.hears != Hears::Nobody && self.slots.is_empty();
        for kind in [Kind::Audio, Kind::Video] {
            if warm && !self.to_add_kinds.contains(&kind) {
                self.to_add_kinds.push(kind);
                self.to_add.push(None);
            }
        }
        (changed, newly_refused)
    }

    pub(crate) fn wants_offer(&self) -> bool {
        self.pending.is_none() && (!self.to_add.is_empty() || (self.ice_restart && !self.slots.is_empty()))
    }

    /// Makes the next offer: its generation and SDP.
    pub(crate) fn offer(&mut self, rtc: &mut Rtc) -> Option<(u64, String)> {
        let mut changes = rtc.sdp_api();
        if std::mem::take(&mut self.ice_restart) && !self.slots.is_empty() {
            changes.ice_restart(true);
        }
        for (attached, kind) in std::mem::take(&mut self.to_add).into_iter().zip(std::mem::take(&mut self.to_add_kinds))
        {
            let media = if kind == Kind::Audio { MediaKind::Audio } else { MediaKind::Video };
            let stream = attached.as_ref().map_or_else(|| "stage".to_owned(), stream_name);
            let track = attached.as_ref().map(|attached| attached.track.to_string());
            let mid = changes.add_media(media, Direction::SendOnly, Some(stream), track, None);
            self.slots.push(Slot::new(mid, kind, attached));
        }
        let (offer, pending) = changes.apply()?;
        self.offer_generation += 1;
        self.pending = Some((self.offer_generation, pending));
        Some((self.offer_generation, offer.to_sdp_string()))
    }

    /// Takes the client's answer. `Ok(false)`: it was of another generation.
    ///
    /// # Errors
    ///
    /// Unreadable or contrary to the offer; the offer's new m-lines are given up.
    pub(crate) fn answer(&mut self, rtc: &mut Rtc, generation: u64, sdp: &str) -> Result<bool, Refusal> {
        if self.pending.as_ref().is_none_or(|(outstanding, _)| *outstanding != generation) {
            return Ok(false);
        }
        let Some((_, pending)) = self.pending.take() else { return Ok(false) };
        let accepted = SdpAnswer::from_sdp_string(sdp)
            .map_err(|_| Refusal::SdpMalformed)
            .and_then(|answer| rtc.sdp_api().accept_answer(pending, answer).map_err(|_| Refusal::SdpUnacceptable));
        if let Err(refusal) = accepted {
            self.slots.retain(|slot| !slot.is_offered() || rtc.media(slot.mid).is_some());
            self.answers_refused += 1;
            return Err(refusal);
        }
        self.answers_refused = 0;
        for slot in self.slots.iter_mut().filter(|slot| !slot.is_rejected()) {
            slot.settle(rtc, &mut self.outlet);
        }
        Ok(true)
    }

    /// The present mapping, of m-lines that are live or offered.
    pub(crate) fn mapping(&self) -> Vec<OfferedTrack> {
        self.slots.iter().filter_map(Slot::offered).collect()
    }

    /// What a stream of the outlet carries.
    pub(crate) fn slot_of_stream(&mut self, stream: usize) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.stream == Some(stream))
    }

    /// Sets a preference; `false`: there are too many. Those for tracks that
    /// are gone make room.
    pub(crate) fn prefer(&mut self, track: TrackId, preference: LayerPreference) -> bool {
        if self.preferences.len() >= PREFERENCES && !self.preferences.contains_key(&track) {
            let (slots, to_add) = (&self.slots, &self.to_add);
            let attached = || slots.iter().map(|slot| &slot.attached).chain(to_add).flatten();
            self.preferences.retain(|known, _| attached().any(|attached| attached.track == *known));
        }
        if self.preferences.len() >= PREFERENCES && !self.preferences.contains_key(&track) {
            return false;
        }
        self.preferences.insert(track, preference);
        true
    }

    pub(crate) fn preference(&self, track: &TrackId) -> LayerPreference {
        self.preferences.get(track).cloned().unwrap_or_default()
    }

    /// Writes a batch; what may leave of it leaves with [`Outlet::send`].
    pub(super) fn write(&mut self, batch: &Batch) -> Written {
        let mut written = Written::default();
        for slot in &mut self.slots {
            slot.write(&mut self.outlet, batch, &mut written);
        }
        written
    }

    /// Lets go of what could be repaired on m-lines where nothing flows.
    pub(crate) fn rest(&mut self) {
        let resting = |slot: &&Slot| slot.attached.is_none() || slot.target.is_none();
        for stream in self.slots.iter().filter(resting).filter_map(|slot| slot.stream) {
            self.outlet.rest(stream);
        }
    }

    pub(crate) fn wishes_for_key_frames(&mut self, now: Instant) -> impl Iterator<Item = (TrackKey, usize)> + '_ {
        self.slots.iter_mut().filter_map(move |slot| slot.wish_for_key_frame(now))
    }
}

/// Camera and microphone of a publisher are one stream, so that clients keep
/// lips and voice together; a shared screen is another.
fn stream_name(attached: &Attached) -> String {
    match attached.source {
        Source::Camera | Source::Microphone => attached.publisher.to_string(),
        Source::Screen | Source::ScreenAudio => format!("{}-screen", attached.publisher),
    }
}
