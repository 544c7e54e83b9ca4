//! Players that are no members (WHEP): legs for which the client makes the offer, and that belong to nobody here.

use hearth_protocol::Rejection;
use hearth_protocol::ids::{LegId, UserId};
use hearth_protocol::limits::LimitName;
use std::collections::BTreeMap;

use super::limits::{PLAYERS_MAX, past};
use crate::effect::{Effect, MediaOrder};
use crate::input::RequestId;

#[derive(Debug)]
struct Player {
    /// Who watches, where they said so.
    user: Option<UserId>,
    /// Who waits for the engine's answer; `None`: it was given.
    request: Option<RequestId>,
    generation: u64,
    hears: Vec<LegId>,
}

/// The players of a space.
#[derive(Debug, Default)]
pub struct Players(BTreeMap<LegId, Player>);

impl Players {
    /// How many there are.
    pub fn count(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is one of them, answered or not.
    pub fn is_leg(&self, leg: &LegId) -> bool {
        self.0.contains_key(leg)
    }

    /// Whether it is one of them whose offer was answered.
    pub fn is_open(&self, leg: &LegId) -> bool {
        self.0.get(leg).is_some_and(|player| player.request.is_none())
    }

    /// Opens one.
    ///
    /// Errors: the limit on players.
    pub fn open(
        &mut self,
        out: &mut Vec<Effect>,
        leg: LegId,
        offer: String,
        request: RequestId,
        user: Option<UserId>,
    ) -> Result<(), Rejection> {
        if self.0.len() >= PLAYERS_MAX {
            return Err(past(LimitName::Players, PLAYERS_MAX));
        }
        out.push(Effect::Media { leg: leg.clone(), order: MediaOrder::OpenPlay { offer } });
        self.0.insert(leg, Player { user, request: Some(request), generation: 0, hears: Vec::new() });
        Ok(())
    }

    /// Who waits for the answer to a player's offer, once.
    pub fn answered(&mut self, leg: &LegId) -> Option<RequestId> {
        self.0.get_mut(leg)?.request.take()
    }

    /// Has every player whose offer was answered hear these legs.
    pub fn route<'a>(&mut self, out: &mut Vec<Effect>, heard: impl Iterator<Item = &'a LegId> + Clone) {
        for (leg, player) in self.0.iter_mut().filter(|(_, player)| player.request.is_none()) {
            if !player.hears.iter().eq(heard.clone()) {
                player.generation += 1;
                player.hears = heard.clone().cloned().collect();
                let order = MediaOrder::Route { generation: player.generation, hears: player.hears.clone() };
                out.push(Effect::Media { leg: leg.clone(), order });
            }
        }
    }

    /// One is gone. Gives who still waited for its answer.
    pub fn gone(&mut self, leg: &LegId) -> Option<RequestId> {
        self.0.remove(leg)?.request
    }

    /// Closes those of somebody; of everybody where nobody is named. Gives who still waited for an answer, and for which leg.
    pub fn close(&mut self, out: &mut Vec<Effect>, user: Option<&UserId>) -> Vec<(LegId, RequestId)> {
        let mut waited = Vec::new();
        self.0.retain(|leg, player| {
            let stays = user.is_some() && player.user.as_ref() != user;
            if !stays {
                out.push(Effect::Media { leg: leg.clone(), order: MediaOrder::Close });
                waited.extend(player.request.map(|request| (leg.clone(), request)));
            }
            stays
        });
        waited
    }
}
