//! Live rooms: a host publishes, an audience watches and talks.
//!
//! What a person gets: the host goes live from a browser or an encoder, and the audience sees it within a second.
//! A publisher whose connection dies may come back within 15 s as the same broadcast, from any of its devices;
//! the audience sees "reconnecting", and not an end.
//!
//! ```text
//!           publish, answered           media arrives
//!  ┌─ off ───────────────────► connecting ──────────► on air ◄────────────┐
//!  │   ▲                            │                   │ ▲               │ media arrives again,
//!  │   │   10 s without media       │        silent, or │ │ heard again   │ or from a new leg
//!  │   ├────────────────────────────┘        leg closed ▼ │               │
//!  │   │                                          interrupted ────────────┘
//!  │   ├──────────── 15 s ──────────────────────────────┘
//!  │   └──────────── end, by the host, from anywhere
//! ```
//!
//! While the host visits another room the broadcast is `paused`, from `on air` or `interrupted`; when they are at home again
//! it is on air if something comes, and interrupted otherwise.
//!
//! Invariants: the broadcast lives and dies with the host's leg, whoever else is on the stage;
//! `since_ms` does not change while a broadcast lasts.
//!
//! Deliberately not here: who is on the stage ([`crate::kernel::stage`]), who is admitted ([`admission`]), what a room may say of itself
//! ([`about`]), the audience's legs ([`crate::kernel::media`]).

pub mod about;
pub mod admission;

use hearth_protocol::Rejection;
use hearth_protocol::ids::{LegId, StreamKeyId};
use hearth_protocol::limits::{LimitName, STREAM_KEYS_MAX};
use hearth_protocol::live_rooms::{About, Broadcast, EndReason, Entry};
use hearth_protocol::media::{Conversion, Via};
use hearth_protocol::videos::Recording;

use crate::discussion_groups::InRoom;
use crate::effect::{Effect, Packaged};
use crate::host_visits::Visits;
use crate::input::Time;
use crate::kernel::limits::{ENCODER_RATE, ENDED_KEY_MS, INTERRUPTION_MS, too_fast};
use crate::kernel::rate::TokenBucket;
use crate::kernel::stage::{Incoming, Owner, PublisherLeg, Seat};

/// The stream keys by which encoders come.
#[derive(Debug, Default)]
struct Encoders {
    pace: Option<TokenBucket>,
    /// Those that sent to the broadcast that is under way.
    heard: Vec<StreamKeyId>,
    /// Those that may not come back before a moment: the host has ended what they sent.
    held: Vec<(StreamKeyId, Time)>,
}

/// A live room, apart from what every space has.
#[derive(Debug)]
pub struct LiveRoom {
    /// What it says of itself.
    pub about: About,
    /// Where the broadcast stands.
    pub broadcast: Broadcast,
    /// How many broadcasts there were, with this one.
    pub number: u64,
    /// Where the recording stands.
    pub recording: Recording,
    /// What the server converts.
    pub conversions: Vec<Conversion>,
    /// How many watch by HLS.
    pub crowd: u32,
    /// What it knows of discussion groups.
    pub groups: InRoom,
    /// Visits of its host, and to them.
    pub visits: Visits,
    encoders: Encoders,
    /// What was last said of packaging, and its generation.
    packaged: (Option<Packaged>, u64),
}

/// How a broadcast's state changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It did not.
    None,
    /// To another state of the same broadcast.
    Moved,
    /// A broadcast began.
    Began,
}

/// What becomes of a broadcast whose host is at home again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resumed {
    /// There was none that paused.
    Nothing,
    /// It goes on.
    OnAir,
    /// It goes on if the host sends again until then.
    Waiting(Time),
}

impl LiveRoom {
    /// A room in which nobody is live.
    pub fn new(about: About, broadcasts: u64, recording_wanted: bool) -> Self {
        Self {
            about,
            broadcast: Broadcast::Off,
            number: broadcasts,
            recording: Recording { wanted: recording_wanted, video: None, failed: false },
            conversions: Vec::new(),
            crowd: 0,
            groups: InRoom::default(),
            visits: Visits::default(),
            encoders: Encoders::default(),
            packaged: (None, 0),
        }
    }

    /// Whether a broadcast is under way, in whatever state.
    pub fn is_live(&self) -> bool {
        self.broadcast != Broadcast::Off
    }

    /// Since when a broadcast is on air, or interrupted.
    pub fn since(&self) -> Option<Time> {
        match self.broadcast {
            Broadcast::OnAir { since_ms }
            | Broadcast::Interrupted { since_ms, .. }
            | Broadcast::Paused { since_ms } => Some(Time(since_ms)),
            Broadcast::Off | Broadcast::Connecting => None,
        }
    }

    /// The media time of something said now, by somebody who sees the picture of `seen_ms`: which broadcast, and how many
    /// milliseconds after it began.
    pub fn media_time(&self, now: Time, seen_ms: Option<u64>) -> Option<(u64, u64)> {
        let newest = now.since_ms(self.since()?);
        Some((self.number, seen_ms.map_or(newest, |seen| seen.min(newest))))
    }

    /// Remembers by which key something came to the broadcast, if by any.
    pub fn encoder_comes(&mut self, owner: &Owner) {
        let Owner::Key(key) = owner else { return };
        self.encoders.heard.retain(|one| one != key);
        self.encoders.heard.push(key.clone());
        if self.encoders.heard.len() > STREAM_KEYS_MAX {
            self.encoders.heard.remove(0);
        }
    }

    /// What came in this way did not end against its will: it may come again at once.
    pub fn may_return(&mut self, owner: &Owner) {
        let Owner::Key(key) = owner else { return };
        self.encoders.held.retain(|(held, _)| held != key);
    }

    /// The host's leg was answered and takes the place of the one before, which is given back.
    pub fn answered(
        &mut self,
        out: &mut Vec<Effect>,
        seat: &mut Seat,
        incoming: Incoming,
    ) -> (Option<PublisherLeg>, Change) {
        self.encoder_comes(&incoming.owner);
        let before = seat.answered(out, incoming);
        if self.broadcast == Broadcast::Off {
            self.broadcast = Broadcast::Connecting;
            return (before, Change::Moved);
        }
        (before, Change::None)
    }

    /// Media arrives from the host's leg.
    pub fn media_arrives(&mut self, now: Time) -> Change {
        match self.broadcast {
            Broadcast::Connecting => {
                self.number += 1;
                self.broadcast = Broadcast::OnAir { since_ms: now.0 };
                Change::Began
            }
            Broadcast::Interrupted { since_ms, .. } => {
                self.broadcast = Broadcast::OnAir { since_ms };
                Change::Moved
            }
            Broadcast::Off | Broadcast::OnAir { .. } | Broadcast::Paused { .. } => Change::None,
        }
    }

    /// Nothing comes from the host's leg any more. Gives until when it may come back, where that is new.
    pub fn media_stops(&mut self, seat: &mut Seat, now: Time) -> Option<Time> {
        if let Some(publisher) = &mut seat.publisher {
            publisher.alive = false;
        }
        let Broadcast::OnAir { since_ms } = self.broadcast else { return None };
        let until = now.plus_ms(INTERRUPTION_MS);
        self.broadcast = Broadcast::Interrupted { since_ms, until_ms: until.0 };
        Some(until)
    }

    /// The host visits another room: nothing is sent to the audience meanwhile. Says whether that changes anything.
    pub fn pause(&mut self) -> bool {
        match self.broadcast {
            Broadcast::OnAir { since_ms } | Broadcast::Interrupted { since_ms, .. } => {
                self.broadcast = Broadcast::Paused { since_ms };
                true
            }
            _ => false,
        }
    }

    /// The host is at home again: what still comes is on air, and where nothing comes it is waited for.
    pub fn resume(&mut self, seat: &Seat, now: Time) -> Resumed {
        let Broadcast::Paused { since_ms } = self.broadcast else { return Resumed::Nothing };
        if seat.flows() {
            self.broadcast = Broadcast::OnAir { since_ms };
            return Resumed::OnAir;
        }
        let until = now.plus_ms(INTERRUPTION_MS);
        self.broadcast = Broadcast::Interrupted { since_ms, until_ms: until.0 };
        Resumed::Waiting(until)
    }

    /// Ends the broadcast. Gives its number, if it ever was on air.
    pub fn end(&mut self, now: Time, reason: EndReason) -> Option<u64> {
        let began = self.since().is_some();
        self.broadcast = Broadcast::Off;
        let heard = std::mem::take(&mut self.encoders.heard);
        self.encoders.held.retain(|(_, until)| *until > now);
        if reason == EndReason::Host {
            let until = now.plus_ms(ENDED_KEY_MS);
            self.encoders.held.extend(heard.into_iter().map(|key| (key, until)));
            let surplus = self.encoders.held.len().saturating_sub(STREAM_KEYS_MAX);
            self.encoders.held.drain(..surplus);
        }
        began.then_some(self.number)
    }

    /// Whether an encoder with this key may come now.
    ///
    /// Errors: the limit on how often one may, which one is past for [`ENDED_KEY_MS`] after the host has ended what it sent.
    pub fn admits_encoder(&mut self, now: Time, key: &StreamKeyId) -> Result<(), Rejection> {
        let held = self.encoders.held.iter().find(|(held, until)| held == key && *until > now);
        if let Some((_, until)) = held {
            return Err(too_fast(LimitName::MediaNegotiations, ENCODER_RATE, until.since_ms(now)));
        }
        let pace = self.encoders.pace.get_or_insert_with(|| TokenBucket::full(now, ENCODER_RATE));
        pace.take(now, ENCODER_RATE).map_err(|wait| too_fast(LimitName::MediaNegotiations, ENCODER_RATE, wait))
    }

    /// Why a broadcast ends whose publisher was waited for in vain.
    pub fn reason_of_loss(&self) -> Option<EndReason> {
        match self.broadcast {
            Broadcast::Connecting => Some(EndReason::NeverConnected),
            Broadcast::Interrupted { .. } => Some(EndReason::Lost),
            Broadcast::Off | Broadcast::OnAir { .. } | Broadcast::Paused { .. } => None,
        }
    }

    /// What is to be packaged, with its generation, if that has changed since it was last said.
    ///
    /// Generations rise over all incarnations of a room: they are never below the clock.
    pub fn repackaged(&mut self, seat: &Seat, now: Time) -> Option<(u64, Option<Packaged>)> {
        let wanted = self.to_package(seat);
        if self.packaged.0 == wanted {
            return None;
        }
        let generation = now.0.max(self.packaged.1 + 1);
        self.packaged = (wanted.clone(), generation);
        Some((generation, wanted))
    }

    fn to_package(&self, seat: &Seat) -> Option<Packaged> {
        let since = self.since()?;
        // A leg whose tracks are not known yet has nothing to package.
        let publisher = seat.publisher.as_ref().filter(|publisher| !publisher.tracks.is_empty());
        let on_air = publisher.filter(|_| matches!(self.broadcast, Broadcast::OnAir { .. }));
        let leg: Option<LegId> = on_air.map(|publisher| publisher.leg.clone());
        let before = self.packaged.0.as_ref().map_or(Via::default(), |before| before.via);
        Some(Packaged {
            number: self.number,
            since,
            leg,
            via: on_air.map_or(before, |publisher| publisher.via),
            tracks: on_air.map(|publisher| publisher.tracks.clone()).unwrap_or_default(),
            record: self.recording.wanted,
            open: self.about.entry == Entry::Open,
        })
    }
}
