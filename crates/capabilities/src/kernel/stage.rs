//! The stage of a space: the host's seat, where it is a live room; the seats of those who were asked onto it, who asks to
//! be, and who was asked. In a group there is no host's seat: whoever wants to speak takes one.
//!
//! ```text
//!            raise_hand             ask_on_stage             accept
//!  audience ────────────► hand up ───────────────► asked ────────────► on stage
//!     ▲ ▲─── lower ──────────┘  └──── (a moderator may ask anybody) ─┘     │
//!     └──────────── declined, expired, withdrawn, left, taken off ─────────┘
//! ```
//!
//! A **seat** is the right to publish. At most one leg of a seat is heard; one that is to take its place is answered
//! first (make before break). Who is asked has a seat reserved, so that an acceptance is never declined.
//!
//! Deliberately not here: what is told to whom, and what becomes of the broadcast (`space/stage`, `space/publish`).

use hearth_protocol::Rejection;
use hearth_protocol::ids::{ConnectionId, LegId, StreamKeyId, UserId};
use hearth_protocol::limits::{HANDS_MAX, LimitName, STAGE_GUESTS_MAX};
use hearth_protocol::media::{Publisher, Source, Track, Via};
use hearth_protocol::people::Profile;
use hearth_protocol::stage::{StageRequests, StageStanding};
use std::collections::{BTreeMap, BTreeSet};

use crate::effect::{Effect, MediaOrder};
use crate::input::{RequestId, Time};
use crate::kernel::limits::{INTERRUPTION_MS, MEDIA_ARRIVAL_MS, MUTE_RATE, past, too_fast};
use crate::kernel::rate::TokenBucket;

/// By what a publisher's leg was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A connection of the user's browser.
    Connection(ConnectionId),
    /// An encoder that has shown this stream key.
    Key(StreamKeyId),
}

/// A publisher's leg.
#[derive(Debug, Clone)]
pub struct PublisherLeg {
    /// Which.
    pub leg: LegId,
    /// By what it was opened.
    pub owner: Owner,
    /// By what way it comes in.
    pub via: Via,
    /// What comes by it.
    pub tracks: Vec<Track>,
    /// Whether something comes.
    pub alive: bool,
}

/// A publisher's leg that the media engine has not answered yet.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The leg.
    pub leg: LegId,
    /// By what it was opened.
    pub owner: Owner,
    /// By what way it comes in.
    pub via: Via,
    /// Who waits for the answer.
    pub request: RequestId,
}

/// Somebody who may publish.
#[derive(Debug)]
pub struct Seat {
    /// Who.
    pub profile: Profile,
    /// The leg that is heard.
    pub publisher: Option<PublisherLeg>,
    /// The leg that is about to be.
    pub incoming: Option<Incoming>,
    /// What is turned off.
    pub muted: BTreeSet<Source>,
    /// What others turned off: no client of the seat's owner is trusted with that.
    silenced: BTreeSet<Source>,
    /// Of what the engine was last told of that.
    mute_generation: u64,
    /// Until when a guest whose media stopped may come back.
    pub back_until: Option<Time>,
    mutes: Option<TokenBucket>,
}

impl Seat {
    /// A seat from which nothing comes yet.
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            publisher: None,
            incoming: None,
            muted: BTreeSet::new(),
            silenced: BTreeSet::new(),
            mute_generation: 0,
            back_until: None,
            mutes: None,
        }
    }

    /// Whether a leg is heard from here, or is about to be.
    pub fn is_publishing(&self) -> bool {
        self.publisher.is_some() || self.incoming.is_some()
    }

    /// Whether media comes from here now.
    pub fn flows(&self) -> bool {
        let publisher = self.publisher.as_ref().filter(|publisher| publisher.alive);
        publisher.is_some_and(|publisher| publisher.tracks.iter().any(|track| !track.codec.is_empty()))
    }

    /// Whether what is heard from here comes in this way.
    pub fn comes_by(&self, via: Via) -> bool {
        self.publisher.as_ref().is_some_and(|publisher| publisher.via == via)
    }

    /// A leg was answered and takes the place of the one before, which is given back.
    /// What others turned off stays off.
    pub fn answered(&mut self, out: &mut Vec<Effect>, incoming: Incoming) -> Option<PublisherLeg> {
        let Incoming { leg, owner, via, .. } = incoming;
        let before = self.publisher.replace(PublisherLeg { leg, owner, via, tracks: Vec::new(), alive: true });
        if !self.silenced.is_empty() {
            self.mute_leg(out);
        }
        before
    }

    /// Until when a guest's newly answered leg is waited for.
    pub fn arrival_due(&self, now: Time) -> Time {
        let arrives = now.plus_ms(MEDIA_ARRIVAL_MS);
        self.back_until.map_or(arrives, |until| arrives.max(until))
    }

    /// Nothing comes from a guest any more. Gives until when they may come back, where that is new.
    pub fn stops(&mut self, now: Time) -> Option<Time> {
        if let Some(publisher) = &mut self.publisher {
            publisher.alive = false;
        }
        if self.back_until.is_some() {
            return None;
        }
        let until = now.plus_ms(INTERRUPTION_MS);
        self.back_until = Some(until);
        Some(until)
    }

    /// Who has the seat turns something off or on; says whether that changes anything.
    ///
    /// Errors: the limit on how often.
    pub fn set_muted(
        &mut self,
        out: &mut Vec<Effect>,
        now: Time,
        source: Source,
        muted: bool,
    ) -> Result<bool, Rejection> {
        if self.muted.contains(&source) == muted {
            return Ok(false);
        }
        let bucket = self.mutes.get_or_insert_with(|| TokenBucket::full(now, MUTE_RATE));
        bucket.take(now, MUTE_RATE).map_err(|wait| too_fast(LimitName::CommandRate, MUTE_RATE, wait))?;
        if muted {
            self.muted.insert(source)
        } else {
            self.muted.remove(&source)
        };
        if !muted && self.silenced.remove(&source) {
            self.mute_leg(out);
        }
        Ok(true)
    }

    /// Somebody else turns something off, whatever the client of who has the seat makes of it; says whether it was on. Not
    /// counted: who turns on again as often as they may is silenced as often.
    pub fn silence(&mut self, out: &mut Vec<Effect>, source: Source) -> bool {
        if self.silenced.insert(source) {
            self.mute_leg(out);
        }
        self.muted.insert(source)
    }

    /// Tells the engine what of the leg that is heard reaches nobody.
    fn mute_leg(&mut self, out: &mut Vec<Effect>) {
        self.mute_generation += 1;
        if let Some(publisher) = &self.publisher {
            let sources = self.silenced.iter().copied().collect();
            let order = MediaOrder::Mute { generation: self.mute_generation, sources };
            out.push(Effect::Media { leg: publisher.leg.clone(), order });
        }
    }

    fn wire(&self) -> Option<Publisher> {
        let publisher = self.publisher.as_ref().filter(|publisher| !publisher.tracks.is_empty())?;
        Some(Publisher {
            user: self.profile.id.clone(),
            leg: publisher.leg.clone(),
            via: publisher.via,
            tracks: publisher.tracks.clone(),
            muted: self.muted.iter().copied().collect(),
        })
    }
}

/// Somebody who was asked onto the stage.
#[derive(Debug, Clone)]
struct Asked {
    profile: Profile,
    by: Profile,
    until: Time,
}

/// The stage.
#[derive(Debug)]
pub struct Stage {
    /// The host's seat; in a live room it is always there, elsewhere never.
    pub host: Option<Seat>,
    guests: Vec<Seat>,
    asked: Vec<Asked>,
    hands: Vec<Profile>,
    /// Who speaks.
    pub speaker: Option<UserId>,
    /// Whether the host visits another room: what still comes from their seat is heard by nobody.
    pub away: bool,
}

impl Stage {
    /// A stage with nobody on it; `host`: who has a seat on it from the beginning.
    pub fn new(host: Option<Profile>) -> Self {
        Self {
            host: host.map(Seat::new),
            guests: Vec::new(),
            asked: Vec::new(),
            hands: Vec::new(),
            speaker: None,
            away: false,
        }
    }

    /// All seats, the host's first, then in order of joining.
    pub fn seats(&self) -> impl Iterator<Item = &Seat> {
        self.host.iter().chain(&self.guests)
    }

    /// The seats from which something may be heard.
    fn heard_seats(&self) -> impl Iterator<Item = &Seat> {
        self.host.iter().filter(|_| !self.away).chain(&self.guests)
    }

    /// The seat of somebody.
    pub fn seat(&self, user: &UserId) -> Option<&Seat> {
        self.seats().find(|seat| seat.profile.id == *user)
    }

    /// The seat of somebody, to change.
    pub fn seat_mut(&mut self, user: &UserId) -> Option<&mut Seat> {
        self.host.iter_mut().chain(&mut self.guests).find(|seat| seat.profile.id == *user)
    }

    /// From whose seat this leg is heard.
    pub fn publisher_of(&self, leg: &LegId) -> Option<&UserId> {
        let theirs = |seat: &&Seat| seat.publisher.as_ref().is_some_and(|publisher| publisher.leg == *leg);
        self.seats().find(theirs).map(|seat| &seat.profile.id)
    }

    /// From whose seat this leg is about to be heard.
    pub fn incoming_of(&self, leg: &LegId) -> Option<&UserId> {
        let theirs = |seat: &&Seat| seat.incoming.as_ref().is_some_and(|incoming| incoming.leg == *leg);
        self.seats().find(theirs).map(|seat| &seat.profile.id)
    }

    /// Who publishes what: the host first, then guests in order of joining.
    pub fn publishers(&self) -> Vec<Publisher> {
        self.heard_seats().filter_map(Seat::wire).collect()
    }

    /// A track that is on the stage.
    pub fn track(&self, id: &hearth_protocol::ids::TrackId) -> Option<&Track> {
        let legs = self.heard_seats().filter_map(|seat| seat.publisher.as_ref());
        legs.flat_map(|publisher| &publisher.tracks).find(|track| track.id == *id)
    }

    /// The legs that are to be heard, and who has that before their own eyes: whose browser it comes from. What comes from
    /// an encoder is shown to its host too.
    pub fn heard(&self) -> BTreeMap<LegId, Option<UserId>> {
        let heard = self.heard_seats().filter_map(|seat| {
            let publisher = seat.publisher.as_ref().filter(|publisher| !publisher.tracks.is_empty())?;
            let own = (publisher.via == Via::Browser).then(|| seat.profile.id.clone());
            Some((publisher.leg.clone(), own))
        });
        heard.collect()
    }

    /// Where somebody stands with the stage.
    pub fn standing(&self, user: &UserId) -> StageStanding {
        if self.is_guest(user) {
            return StageStanding::OnStage;
        }
        if let Some(asked) = self.asked.iter().find(|asked| asked.profile.id == *user) {
            return StageStanding::Asked { by: asked.by.clone(), until_ms: asked.until.0 };
        }
        if self.hands.iter().any(|hand| hand.id == *user) { StageStanding::HandUp } else { StageStanding::Audience }
    }

    /// What the host and the moderators know of it.
    pub fn requests(&self) -> StageRequests {
        StageRequests {
            hands: self.hands.clone(),
            asked: self.asked.iter().map(|asked| asked.profile.clone()).collect(),
            guests: self.guests.iter().map(|seat| seat.profile.clone()).collect(),
        }
    }

    /// Everybody who has a hand up, was asked, or is on the stage beside the host.
    pub fn concerned(&self) -> Vec<UserId> {
        let asked = self.asked.iter().map(|asked| &asked.profile);
        let guests = self.guests.iter().map(|seat| &seat.profile);
        self.hands.iter().chain(asked).chain(guests).map(|profile| profile.id.clone()).collect()
    }

    /// Whether somebody may publish beside the host.
    pub fn is_guest(&self, user: &UserId) -> bool {
        self.guests.iter().any(|seat| seat.profile.id == *user)
    }

    /// Whether somebody was asked, and has not answered.
    pub fn is_asked(&self, user: &UserId) -> bool {
        self.asked.iter().any(|asked| asked.profile.id == *user)
    }

    /// Puts a hand up; says whether it was down, and may be up.
    ///
    /// Errors: the limit on hands.
    pub fn raise(&mut self, profile: &Profile) -> Result<bool, Rejection> {
        if self.standing(&profile.id) != StageStanding::Audience {
            return Ok(false);
        }
        if self.hands.len() >= HANDS_MAX {
            return Err(past(LimitName::Hands, HANDS_MAX));
        }
        self.hands.push(profile.clone());
        Ok(true)
    }

    /// Takes a hand down; says whether it was up.
    pub fn lower(&mut self, user: &UserId) -> bool {
        let before = self.hands.len();
        self.hands.retain(|hand| hand.id != *user);
        self.hands.len() < before
    }

    /// Asks somebody; says whether that is new. Their hand goes down, and a seat is kept for them.
    ///
    /// Errors: the limit on guests.
    pub fn ask(&mut self, profile: &Profile, by: &Profile, until: Time) -> Result<bool, Rejection> {
        if self.is_guest(&profile.id) || self.is_asked(&profile.id) {
            return Ok(false);
        }
        if self.guests.len() + self.asked.len() >= STAGE_GUESTS_MAX {
            return Err(past(LimitName::StageGuests, STAGE_GUESTS_MAX));
        }
        self.lower(&profile.id);
        self.asked.push(Asked { profile: profile.clone(), by: by.clone(), until });
        Ok(true)
    }

    /// Somebody is asked no more; says whether they were.
    pub fn withdraw(&mut self, user: &UserId) -> bool {
        let before = self.asked.len();
        self.asked.retain(|asked| asked.profile.id != *user);
        self.asked.len() < before
    }

    /// Somebody who was asked takes their seat; says whether they were asked.
    pub fn accept(&mut self, user: &UserId) -> bool {
        let Some(place) = self.asked.iter().position(|asked| asked.profile.id == *user) else { return false };
        let asked = self.asked.remove(place);
        self.guests.push(Seat::new(asked.profile));
        true
    }

    /// Somebody takes a seat without having been asked; says whether they had none.
    ///
    /// Errors: the limit on seats, which is `max`.
    pub fn take_seat(&mut self, profile: &Profile, max: usize) -> Result<bool, Rejection> {
        if self.seat(&profile.id).is_some() {
            return Ok(false);
        }
        if self.guests.len() >= max {
            return Err(past(LimitName::StageGuests, max));
        }
        self.guests.push(Seat::new(profile.clone()));
        Ok(true)
    }

    /// Whether it is the host's seat that this user publishes from.
    pub fn is_host(&self, user: &UserId) -> bool {
        self.host.as_ref().is_some_and(|seat| seat.profile.id == *user)
    }

    /// A guest gives their seat back.
    pub fn take_off(&mut self, user: &UserId) -> Option<Seat> {
        let place = self.guests.iter().position(|seat| seat.profile.id == *user)?;
        Some(self.guests.remove(place))
    }

    /// Somebody has another name now.
    pub fn renamed(&mut self, profile: &Profile) {
        let seats = self.host.iter_mut().chain(&mut self.guests).map(|seat| &mut seat.profile);
        let asked = self.asked.iter_mut().flat_map(|asked| [&mut asked.profile, &mut asked.by]);
        for known in seats.chain(asked).chain(&mut self.hands).filter(|known| known.id == profile.id) {
            known.clone_from(profile);
        }
    }
}
