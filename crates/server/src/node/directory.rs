//! What the spaces that are awake say of themselves, for the front page.

use hearth_capabilities::Listing;
use hearth_protocol::ids::SpaceId;
use std::collections::HashMap;
use std::sync::RwLock;

/// The listings of the spaces that are awake.
#[derive(Default)]
pub struct Directory(RwLock<HashMap<SpaceId, Listing>>);

impl Directory {
    /// Enters or replaces a listing.
    pub fn set(&self, space: &SpaceId, listing: Listing) {
        self.0.write().expect("plain map").insert(space.clone(), listing);
    }

    /// Forgets a space that sleeps or crashed.
    pub fn remove(&self, space: &SpaceId) {
        self.0.write().expect("plain map").remove(space);
    }

    /// One space's listing.
    pub fn get(&self, space: &SpaceId) -> Option<Listing> {
        self.0.read().expect("plain map").get(space).cloned()
    }

    /// The listings that pass.
    pub fn list(&self, passes: impl Fn(&Listing) -> bool) -> Vec<(SpaceId, Listing)> {
        let listings = self.0.read().expect("plain map");
        listings
            .iter()
            .filter(|(_, listing)| passes(listing))
            .map(|(id, listing)| (id.clone(), listing.clone()))
            .collect()
    }
}
