//! How media is published and watched in Hearth.

use super::api::{Api, Credentials};
use super::connection::{Connection, wrong_outcome};
use super::target::Target;
use crate::failure::{Result, within};
use crate::forwarder::{Forwarder, Watcher};
use crate::media::publishing::PublishOffer;
use hearth_protocol::ids::{LegId, SpaceId, TrackId};
use hearth_protocol::media::{LayerPreference, OfferedTrack, Source, SourceOfMid};
use hearth_protocol::{Command, Event, Outcome};

/// How long the server may take to make an offer.
const OFFER_S: u64 = 30;

/// A room of Hearth.
pub struct HearthRoom {
    target: Target,
    api: Api,
    room: SpaceId,
    host: Connection,
    viewers: usize,
}

impl HearthRoom {
    /// Signs in as the host and enters the room: the host's own, unless another is named.
    pub async fn enter(target: Target, credentials: &Credentials, room: Option<SpaceId>) -> Result<Self> {
        let mut api = Api::connect(target).await?;
        let (token, name) = api.sign_in(credentials).await?;
        let room = match room {
            Some(room) => room,
            None => api.room_of(&name, &token).await?,
        };
        let mut host = Connection::open(target, &token).await?;
        host.join(&room).await?;
        Ok(Self { target, api, room, host, viewers: 0 })
    }
}

impl Forwarder for HearthRoom {
    type Watcher = HearthWatcher;

    async fn publish(&mut self, offer: PublishOffer) -> Result<String> {
        publish(&mut self.host, &self.room, offer).await.map(|(_, answer)| answer)
    }

    async fn add_viewer(&mut self) -> Result<HearthWatcher> {
        self.viewers += 1;
        let token = self.api.guest(format!("Viewer {}", self.viewers), &self.room).await?;
        let mut connection = Connection::open(self.target, &token).await?;
        connection.join(&self.room).await?;
        Ok(HearthWatcher::new(connection, self.room.clone()))
    }

    async fn end(&mut self) -> Result<()> {
        self.host.command(&self.room, Command::EndBroadcast).await.map(drop)
    }
}

/// Publishes; the leg, and the answer to the offer.
async fn publish(connection: &mut Connection, space: &SpaceId, offer: PublishOffer) -> Result<(LegId, String)> {
    let source = |mid: Option<String>, source| mid.map(|mid| SourceOfMid { mid, source });
    let sources =
        source(offer.video, Source::Camera).into_iter().chain(source(offer.sound, Source::Microphone)).collect();
    match connection.command(space, Command::Publish { offer: offer.sdp, sources, take_over: true }).await? {
        Outcome::Publishing { leg, answer } => Ok((leg, answer)),
        other => Err(wrong_outcome(&other)),
    }
}

/// Somebody in a room, or in a group.
pub struct HearthWatcher {
    connection: Connection,
    space: SpaceId,
    current: Option<(LegId, u32)>,
    tracks: Vec<OfferedTrack>,
}

impl HearthWatcher {
    /// Somebody who has joined.
    pub fn new(connection: Connection, space: SpaceId) -> Self {
        Self { connection, space, current: None, tracks: Vec::new() }
    }

    /// Publishes; the leg, and the answer to the offer.
    pub async fn publish(&mut self, offer: PublishOffer) -> Result<(LegId, String)> {
        publish(&mut self.connection, &self.space, offer).await
    }

    /// The tracks of the latest offer.
    pub fn tracks(&self) -> &[OfferedTrack] {
        &self.tracks
    }

    /// Says at what height a picture is shown, in device pixels.
    pub async fn shows(&mut self, track: TrackId, max_height: u32) -> Result<()> {
        let layer = LayerPreference::Auto { max_height };
        self.connection.command(&self.space, Command::Prefer { track, layer }).await.map(drop)
    }
}

impl Watcher for HearthWatcher {
    async fn watch(&mut self) -> Result<String> {
        self.connection.command(&self.space, Command::Watch { keep: None }).await?;
        within(OFFER_S, "an offer", self.next_offer()).await
    }

    async fn answer(&mut self, sdp: String) -> Result<()> {
        let Some((leg, generation)) = self.current.clone() else { return Ok(()) };
        self.connection.command(&self.space, Command::Answer { leg, generation, sdp }).await.map(drop)
    }

    async fn next_offer(&mut self) -> Result<String> {
        loop {
            if let Event::Offer { leg, generation, sdp, tracks } = self.connection.next_event().await? {
                self.current = Some((leg, generation));
                self.tracks = tracks;
                return Ok(sdp);
            }
        }
    }
}
