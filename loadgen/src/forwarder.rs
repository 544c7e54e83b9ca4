//! What can be loaded with media: a server that forwards one publisher to many viewers.

use crate::failure::Result;
use crate::media::publishing::PublishOffer;

/// A room of a forwarding server, entered as its host.
pub trait Forwarder {
    /// A viewer of it.
    type Watcher: Watcher + 'static;

    /// Goes live; the answer to the offer.
    async fn publish(&mut self, offer: PublishOffer) -> Result<String>;

    /// Brings a viewer into the room that does not watch yet.
    async fn add_viewer(&mut self) -> Result<Self::Watcher>;

    /// Ends the broadcast.
    async fn end(&mut self) -> Result<()>;
}

/// A viewer in a room.
pub trait Watcher {
    /// Asks for the broadcast; the server's offer.
    async fn watch(&mut self) -> Result<String>;

    /// Answers the latest offer.
    async fn answer(&mut self, sdp: String) -> Result<()>;

    /// Waits for a further offer, for as long as it takes. Cancelling loses nothing.
    async fn next_offer(&mut self) -> Result<String>;
}
