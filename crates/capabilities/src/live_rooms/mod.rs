//! Live rooms: a host publishes, an audience watches and talks.
//!
//! What a person gets: the host goes live from a browser, and the audience sees it within a second.
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
//! Invariants: at most one publisher leg is heard; a leg that replaces another is answered first (make before break);
//! `since_ms` does not change while a broadcast lasts.
//!
//! Deliberately not here: who is admitted ([`admission`]), what a room may say of itself ([`about`]),
//! the audience's legs ([`crate::kernel::media`]).

pub mod about;
pub mod admission;

use hearth_protocol::ids::{ConnectionId, LegId, UserId};
use hearth_protocol::live_rooms::{About, Broadcast, EndReason};
use hearth_protocol::media::{Publisher, Track};

use crate::input::{RequestId, Time};
use crate::kernel::limits::INTERRUPTION_MS;

/// A publisher's leg.
#[derive(Debug, Clone)]
pub struct PublisherLeg {
    /// Which.
    pub leg: LegId,
    /// Whose.
    pub user: UserId,
    /// By which connection it was opened.
    pub connection: ConnectionId,
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
    /// Whose.
    pub user: UserId,
    /// By which connection.
    pub connection: ConnectionId,
    /// Who waits for the answer.
    pub request: RequestId,
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
    /// The leg that is on the stage.
    pub publisher: Option<PublisherLeg>,
    /// The leg that is about to be.
    pub incoming: Option<Incoming>,
    /// Who speaks.
    pub speaker: Option<UserId>,
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

impl LiveRoom {
    /// A room in which nobody is live.
    pub fn new(about: About, broadcasts: u64) -> Self {
        Self { about, broadcast: Broadcast::Off, number: broadcasts, publisher: None, incoming: None, speaker: None }
    }

    /// Whether somebody has a leg on the stage, or on its way there.
    pub fn is_publishing(&self, user: &UserId) -> bool {
        self.publisher.as_ref().is_some_and(|publisher| publisher.user == *user)
            || self.incoming.as_ref().is_some_and(|incoming| incoming.user == *user)
    }

    /// Whether a broadcast is under way, in whatever state.
    pub fn is_live(&self) -> bool {
        self.broadcast != Broadcast::Off
    }

    /// Who publishes what.
    pub fn stage(&self) -> Vec<Publisher> {
        let on_stage = self.publisher.iter().filter(|publisher| !publisher.tracks.is_empty());
        on_stage
            .map(|publisher| Publisher {
                user: publisher.user.clone(),
                leg: publisher.leg.clone(),
                via: Default::default(),
                muted: Vec::new(),
                tracks: publisher.tracks.clone(),
            })
            .collect()
    }

    /// A leg was answered and takes the place of the one before, which is given back.
    pub fn answered(&mut self, incoming: Incoming) -> (Option<PublisherLeg>, Change) {
        let before = self.publisher.replace(PublisherLeg {
            leg: incoming.leg,
            user: incoming.user,
            connection: incoming.connection,
            tracks: Vec::new(),
            alive: true,
        });
        if self.broadcast == Broadcast::Off {
            self.broadcast = Broadcast::Connecting;
            return (before, Change::Moved);
        }
        (before, Change::None)
    }

    /// Media arrives from the publisher's leg.
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
            Broadcast::Off | Broadcast::OnAir { .. } => Change::None,
        }
    }

    /// Nothing comes from the publisher's leg any more. Gives until when it may come back, where that is new.
    pub fn media_stops(&mut self, now: Time) -> Option<Time> {
        if let Some(publisher) = &mut self.publisher {
            publisher.alive = false;
        }
        let Broadcast::OnAir { since_ms } = self.broadcast else { return None };
        let until = now.plus_ms(INTERRUPTION_MS);
        self.broadcast = Broadcast::Interrupted { since_ms, until_ms: until.0 };
        Some(until)
    }

    /// Ends the broadcast. Gives its number, if it ever was on air.
    pub fn end(&mut self) -> Option<u64> {
        let began = matches!(self.broadcast, Broadcast::OnAir { .. } | Broadcast::Interrupted { .. });
        self.broadcast = Broadcast::Off;
        began.then_some(self.number)
    }

    /// Why a broadcast ends whose publisher was waited for in vain.
    pub fn reason_of_loss(&self) -> Option<EndReason> {
        match self.broadcast {
            Broadcast::Connecting => Some(EndReason::NeverConnected),
            Broadcast::Interrupted { .. } => Some(EndReason::Lost),
            Broadcast::Off | Broadcast::OnAir { .. } => None,
        }
    }
}
