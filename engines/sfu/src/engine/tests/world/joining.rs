//! How clients come into the world.

use str0m::RtcConfig;
use str0m::media::{Direction, MediaKind, Rid, Simulcast, SimulcastLayer};

use super::super::camera::{Encoding, Sends};
use super::super::scalable_camera::Layers;
use super::{Client, Link, WorldOf, config, space};
use crate::{Command, Hears, Source};

impl<const WORKERS: usize> WorldOf<WORKERS> {
    /// A client that publishes a camera in these bitrates, lowest first, and a microphone.
    pub(in crate::engine::tests) fn publish(&mut self, name: &str, in_space: &str, rates_bps: &[u64]) -> usize {
        self.publish_with(name, in_space, rates_bps, config(true))
    }

    /// Publishes a camera with several layers in one encoding, of these rates.
    pub(in crate::engine::tests) fn publish_scalable(
        &mut self,
        name: &str,
        in_space: &str,
        layers: Layers,
        rates_bps: &[u64],
    ) -> usize {
        let index = self.publish_with(name, in_space, &rates_bps[..1], config(true));
        if let Some(sends) = &mut self.clients[index].sends {
            sends.scalable = Some((layers, rates_bps.to_vec()));
        }
        index
    }

    /// Has a camera go on with other layers in its encoding, from a key frame on.
    pub(in crate::engine::tests) fn change_layers(&mut self, index: usize, layers: Layers, rates_bps: &[u64]) {
        let sends = self.clients[index].sends.as_mut().unwrap();
        sends.scalable = Some((layers, rates_bps.to_vec()));
        sends.encodings[0].wants_key = true;
    }

    pub(in crate::engine::tests) fn publish_with(
        &mut self,
        name: &str,
        in_space: &str,
        rates_bps: &[u64],
        config: RtcConfig,
    ) -> usize {
        let mut client = self.client(name, config);
        let rids: Vec<Option<&str>> = match rates_bps.len() {
            1 => vec![None],
            2 => vec![Some("q"), Some("h")],
            _ => vec![Some("q"), Some("h"), Some("f")],
        };
        let mut changes = client.rtc.sdp_api();
        let audio = changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        let simulcast = (rates_bps.len() > 1).then(|| {
            let mut simulcast = Simulcast::new();
            for rid in rids.iter().flatten() {
                simulcast.add_send_layer(SimulcastLayer::new(rid));
            }
            simulcast
        });
        let video = changes.add_media(MediaKind::Video, Direction::SendOnly, None, None, simulcast);
        let (offer, pending) = changes.apply().unwrap();
        client.pending = Some(pending);
        let seed = self.random as u32;
        let encodings = rates_bps
            .iter()
            .zip(rids)
            .enumerate()
            .map(|(number, (rate_bps, rid))| Encoding {
                rid: rid.map(Rid::from),
                number: number as u8,
                rate_bps: *rate_bps,
                sequence: 1_000 * (number as u64 + 1),
                timestamp_base: seed.wrapping_mul(number as u32 + 7),
                picture: 100 * number as u16 + 50,
                wants_key: true,
                paused: false,
                frames: 0,
            })
            .collect();
        client.sends = Some(Sends {
            video,
            audio,
            encodings,
            scalable: None,
            audio_sequence: 77,
            audio_level: -20,
            next_frame: self.now,
            next_audio: self.now,
            began: self.now,
        });
        let leg = client.leg.clone();
        self.clients.push(client);
        let sources = vec![(audio.to_string(), Source::Microphone), (video.to_string(), Source::Camera)];
        self.command(Command::OpenPublish { leg, space: space(in_space), offer: offer.to_sdp_string(), sources });
        self.clients.len() - 1
    }

    /// A client that hears everyone.
    pub(in crate::engine::tests) fn view(&mut self, name: &str, in_space: &str, link: Link) -> usize {
        self.view_with(name, in_space, link, config(true))
    }

    pub(in crate::engine::tests) fn view_with(
        &mut self,
        name: &str,
        in_space: &str,
        link: Link,
        config: RtcConfig,
    ) -> usize {
        let mut client = self.client(name, config);
        client.link = link;
        self.view_as(client, in_space)
    }

    /// One that knows no RTX.
    pub(in crate::engine::tests) fn view_without_rtx(&mut self, name: &str, in_space: &str) -> usize {
        let client = self.client(name, config(true));
        self.view_as(Client { knows_rtx: false, ..client }, in_space)
    }

    fn view_as(&mut self, client: Client, in_space: &str) -> usize {
        let leg = client.leg.clone();
        self.clients.push(client);
        self.command(Command::OpenSubscribe { leg: leg.clone(), space: space(in_space) });
        self.command(Command::Route { leg, generation: 1, hears: Hears::Everyone });
        self.clients.len() - 1
    }

    /// A client that offers to receive these, and hears everyone.
    pub(in crate::engine::tests) fn play(
        &mut self,
        name: &str,
        in_space: &str,
        kinds: &[MediaKind],
        config: RtcConfig,
    ) -> usize {
        let mut client = self.client(name, config);
        let mut changes = client.rtc.sdp_api();
        for kind in kinds {
            changes.add_media(*kind, Direction::RecvOnly, None, None, None);
        }
        let (offer, pending) = changes.apply().unwrap();
        client.pending = Some(pending);
        let leg = client.leg.clone();
        self.clients.push(client);
        self.command(Command::OpenPlay { leg: leg.clone(), space: space(in_space), offer: offer.to_sdp_string() });
        self.command(Command::Route { leg, generation: 1, hears: Hears::Everyone });
        self.clients.len() - 1
    }
}
