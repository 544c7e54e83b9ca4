//! The media engine's orders and reports, in the words of the machines.

use hearth_capabilities::{Input, MediaOrder, MediaReport};
use hearth_protocol::host_visits::Traffic;
use hearth_protocol::ids::{LegId, SpaceId};
use hearth_protocol::media::{Health, LayerPreference, OfferedTrack, Source, Track, Via, Watching};
use hearth_protocol::space::LegClosedReason;
use hearth_sfu::{Command, Event, Hears, LayerChoice, Sfu};
use std::collections::HashMap;
use std::sync::Mutex;

use super::Node;
use super::machine::Mail;

/// The media engine, and whose each of its legs is.
pub struct Media {
    sfu: Sfu,
    legs: Mutex<Legs>,
    refused: tokio::sync::mpsc::UnboundedSender<Event>,
}

impl Media {
    /// Wraps a running engine. `refused` takes what the engine was too busy for, and leads where its events go.
    pub fn new(sfu: Sfu, refused: tokio::sync::mpsc::UnboundedSender<Event>) -> Self {
        Self { sfu, legs: Mutex::default(), refused }
    }

    /// The engine, for its address and its counters.
    pub fn sfu(&self) -> &Sfu {
        &self.sfu
    }

    /// Passes a machine's order on. An engine too busy for it answers with a refusal, like one that does not like it.
    pub fn order(&self, space: &SpaceId, leg: LegId, order: MediaOrder) {
        let opens = matches!(
            order,
            MediaOrder::OpenPublish { .. }
                | MediaOrder::OpenFeed { .. }
                | MediaOrder::OpenSubscribe
                | MediaOrder::OpenPlay { .. }
        );
        let watches = matches!(order, MediaOrder::OpenSubscribe | MediaOrder::OpenPlay { .. });
        if opens {
            self.legs().open(leg.clone(), space.clone(), watches);
        }
        let command = command(space, leg.clone(), order);
        if let Err(busy) = self.sfu.send(command) {
            tracing::warn!(%leg, %busy, "the media engine did not take an order");
            let _ = self.refused.send(Event::Closed { leg, reason: hearth_sfu::ClosedReason::Fault });
        }
    }

    /// Whether a leg was opened, and is not gone.
    pub fn is_open(&self, leg: &LegId) -> bool {
        self.legs().owners.contains_key(leg)
    }

    /// Whether anybody watches a space over WebRTC, in the web app or with another player.
    pub fn is_watched(&self, space: &SpaceId) -> bool {
        self.legs().watching.contains_key(space)
    }

    /// Closes all legs of a space whose machine has crashed.
    pub fn close_space(&self, space: &SpaceId) {
        self.legs().close_space(space);
        if let Err(busy) = self.sfu.send(Command::CloseSpace { space: space.clone() }) {
            tracing::error!(%space, %busy, "the media engine did not take an order");
        }
    }

    fn legs(&self) -> std::sync::MutexGuard<'_, Legs> {
        self.legs.lock().expect("plain maps")
    }
}

/// The legs that are open.
#[derive(Default)]
struct Legs {
    /// Whose each is, and whether it watches.
    owners: HashMap<LegId, (SpaceId, bool)>,
    /// How many watch a space, where anybody does.
    watching: HashMap<SpaceId, usize>,
}

impl Legs {
    fn open(&mut self, leg: LegId, space: SpaceId, watches: bool) {
        self.close(&leg);
        if watches {
            *self.watching.entry(space.clone()).or_default() += 1;
        }
        self.owners.insert(leg, (space, watches));
    }

    fn close(&mut self, leg: &LegId) -> Option<SpaceId> {
        let (space, watches) = self.owners.remove(leg)?;
        if watches && let Some(count) = self.watching.get_mut(&space) {
            *count -= 1;
            if *count == 0 {
                self.watching.remove(&space);
            }
        }
        Some(space)
    }

    fn close_space(&mut self, space: &SpaceId) {
        self.owners.retain(|_, (owner, _)| owner != space);
        self.watching.remove(space);
    }
}

/// Hands what the engine tells to the machine it concerns.
pub fn report(node: &Node, event: Event) {
    if let Event::ActiveSpeaker { space, leg } = event {
        node.spaces().deliver_if_awake(&space, Mail::notice(Input::ActiveSpeaker { leg }));
        return;
    }
    if let Event::Traffic { space, traffic } = event {
        let traffic = Traffic {
            publishers: traffic.publishers,
            viewers: traffic.viewers,
            in_bps: traffic.in_bps,
            out_bps: traffic.out_bps,
        };
        node.spaces().deliver_if_awake(&space, Mail::notice(Input::Traffic { traffic }));
        return;
    }
    let gone = matches!(event, Event::Closed { .. });
    let Some((leg, report)) = report_of(event) else { return };
    let owner = {
        let mut legs = node.media().legs();
        if gone { legs.close(&leg) } else { legs.owners.get(&leg).map(|(space, _)| space.clone()) }
    };
    if let Some(space) = owner {
        node.spaces().deliver_if_awake(&space, Mail::notice(Input::Media { leg, report }));
    }
}

fn command(space: &SpaceId, leg: LegId, order: MediaOrder) -> Command {
    match order {
        MediaOrder::OpenPublish { offer, sources } => Command::OpenPublish {
            leg,
            space: space.clone(),
            offer,
            sources: sources.into_iter().map(|one| (one.mid, to_engine(one.source))).collect(),
        },
        MediaOrder::OpenFeed { sources } => {
            Command::OpenFeed { leg, space: space.clone(), tracks: sources.into_iter().map(fed).collect() }
        }
        MediaOrder::OpenPlay { offer } => Command::OpenPlay { leg, space: space.clone(), offer },
        MediaOrder::Trickle { candidates } => Command::Trickle { leg, candidates },
        MediaOrder::Restart { ufrag, pwd } => Command::RestartByPeer { leg, ufrag, pwd },
        MediaOrder::OpenSubscribe => Command::OpenSubscribe { leg, space: space.clone() },
        MediaOrder::Route { generation, hears } => Command::Route { leg, generation, hears: Hears::Only(hears) },
        MediaOrder::Mute { generation, sources } => {
            Command::Mute { leg, generation, sources: sources.into_iter().map(to_engine).collect() }
        }
        MediaOrder::Answer { generation, sdp } => Command::Answer { leg, generation: generation.into(), sdp },
        MediaOrder::Prefer { track, layer } => Command::Prefer { leg, track, layer: preference(layer) },
        MediaOrder::Close => Command::Close { leg },
    }
}

/// A track without a peer, in the one codec of its kind that every browser takes.
fn fed(source: Source) -> hearth_sfu::FeedTrack {
    let codec = match source {
        Source::Camera | Source::Screen => hearth_sfu::FeedCodec::H264,
        Source::Microphone | Source::ScreenAudio => hearth_sfu::FeedCodec::Opus,
    };
    hearth_sfu::FeedTrack { source: to_engine(source), codec }
}

fn preference(layer: LayerPreference) -> hearth_sfu::LayerPreference {
    let (max_height_px, choice, paused) = match layer {
        LayerPreference::Auto { max_height } => (Some(max_height), LayerChoice::Auto, false),
        LayerPreference::Fixed { layer } => (None, LayerChoice::Rid(layer), false),
        LayerPreference::Paused => (None, LayerChoice::Auto, true),
    };
    hearth_sfu::LayerPreference { max_height_px, choice, paused }
}

fn report_of(event: Event) -> Option<(LegId, MediaReport)> {
    Some(match event {
        Event::Answer { leg, sdp } => (leg, MediaReport::Answer { sdp }),
        Event::Refused { leg, reason } => (leg, MediaReport::Refused { reason: reason.to_string() }),
        Event::Offer { leg, generation, sdp, tracks } => {
            // The engine counts a leg's offers from one: 2^32 of them do not happen.
            let generation = u32::try_from(generation).ok()?;
            (leg, MediaReport::Offer { generation, sdp, tracks: tracks.into_iter().map(offered).collect() })
        }
        Event::Mapped { leg, tracks } => {
            (leg, MediaReport::Mapped { tracks: tracks.into_iter().map(offered).collect() })
        }
        Event::Restarted { leg, ufrag, pwd, candidates } => (leg, MediaReport::Restarted { ufrag, pwd, candidates }),
        Event::Connected { leg } => (leg, MediaReport::Connected),
        Event::Tracks { leg, tracks } => (leg, MediaReport::Tracks { tracks: tracks.into_iter().map(track).collect() }),
        Event::Silent { leg } => (leg, MediaReport::Silent),
        Event::Resumed { leg } => (leg, MediaReport::Heard),
        Event::Closed { leg, reason } => (leg, MediaReport::Closed { reason: closed(reason) }),
        Event::Layer { leg, track, rid, .. } => (leg, MediaReport::Layer { track, layer: rid }),
        Event::Health { leg, health } => (leg, MediaReport::Health { health: health_of(&health) }),
        Event::Undeliverable { leg, track, reason } => {
            tracing::info!(%leg, %track, ?reason, "a viewer can't have a track");
            return None;
        }
        Event::ActiveSpeaker { .. } | Event::Traffic { .. } => return None,
    })
}

fn offered(track: hearth_sfu::OfferedTrack) -> OfferedTrack {
    OfferedTrack { mid: track.mid, track: track.track, leg: track.publisher, source: from_engine(track.source) }
}

fn track(track: hearth_sfu::PublishedTrack) -> Track {
    let simulcast = track.layers.len() > 1;
    Track {
        id: track.track,
        source: from_engine(track.source),
        codec: track.codec.map(codec_name).unwrap_or_default().to_owned(),
        layers: track.layers.into_iter().filter(|_| simulcast).map(|layer| layer.rid).collect(),
    }
}

/// The encoding name of RFC 4855, as in SDP.
fn codec_name(codec: hearth_sfu::Codec) -> &'static str {
    match codec {
        hearth_sfu::Codec::Opus => "opus",
        hearth_sfu::Codec::Vp8 => "VP8",
        hearth_sfu::Codec::Vp9 => "VP9",
        hearth_sfu::Codec::H264 => "H264",
        hearth_sfu::Codec::Av1 => "AV1",
    }
}

fn health_of(health: &hearth_sfu::Health) -> Health {
    Health {
        bitrate_bps: health.bitrate_bps,
        frame_rate: health.frames_per_second,
        key_frame_distance_ms: health.key_frame_distance_ms.unwrap_or_default(),
        loss: health.loss,
        via: Via::default(),
        watching: Watching::default(),
        conversions: Vec::new(),
    }
}

fn closed(reason: hearth_sfu::ClosedReason) -> LegClosedReason {
    use hearth_sfu::ClosedReason;
    match reason {
        ClosedReason::Requested => LegClosedReason::Asked,
        ClosedReason::ByPeer | ClosedReason::NeverConnected | ClosedReason::Lost => LegClosedReason::Lost,
        ClosedReason::Protocol | ClosedReason::Fault => LegClosedReason::Fault,
    }
}

fn to_engine(source: Source) -> hearth_sfu::Source {
    match source {
        Source::Camera => hearth_sfu::Source::Camera,
        Source::Microphone => hearth_sfu::Source::Microphone,
        Source::Screen => hearth_sfu::Source::Screen,
        Source::ScreenAudio => hearth_sfu::Source::ScreenAudio,
    }
}

fn from_engine(source: hearth_sfu::Source) -> Source {
    match source {
        hearth_sfu::Source::Camera => Source::Camera,
        hearth_sfu::Source::Microphone => Source::Microphone,
        hearth_sfu::Source::Screen => Source::Screen,
        hearth_sfu::Source::ScreenAudio => Source::ScreenAudio,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_is_watched_as_long_as_one_leg_watches_it() {
        let leg = |name: &str| LegId::parse(&format!("leg_{name}")).unwrap();
        let space = SpaceId::parse("room_a").unwrap();
        let mut legs = Legs::default();
        legs.open(leg("host"), space.clone(), false);
        assert!(!legs.watching.contains_key(&space));
        legs.open(leg("one"), space.clone(), true);
        legs.open(leg("one"), space.clone(), true);
        legs.open(leg("other"), space.clone(), true);
        assert_eq!(legs.close(&leg("one")), Some(space.clone()));
        assert_eq!(legs.close(&leg("one")), None);
        assert!(legs.watching.contains_key(&space));
        legs.close(&leg("other"));
        assert!(!legs.watching.contains_key(&space) && legs.owners.contains_key(&leg("host")));
        legs.open(leg("one"), space.clone(), true);
        legs.close_space(&space);
        assert!(legs.watching.is_empty() && legs.owners.is_empty());
    }
}
