//! What of a publishing leg reaches nobody, whatever its client sends.

use super::Engine;
use super::publisher::Publisher;
use crate::{LegId, Refusal, Source};

/// What is muted, as it was last ordered.
#[derive(Debug, Default)]
pub(super) struct Mutes {
    generation: Option<u64>,
    sources: Vec<Source>,
}

impl Mutes {
    pub(super) fn contains(&self, source: Source) -> bool {
        self.sources.contains(&source)
    }
}

impl Engine {
    pub(super) fn mute(&mut self, id: &LegId, generation: u64, sources: &[Source]) -> Result<(), Refusal> {
        let index = *self.by_id.get(id).ok_or(Refusal::NoSuchLeg)?;
        let leg = self.legs[index].as_mut().ok_or(Refusal::NoSuchLeg)?;
        leg.publisher().ok_or(Refusal::WrongLeg)?.mute(generation, sources);
        Ok(())
    }
}

impl Publisher {
    fn mute(&mut self, generation: u64, sources: &[Source]) {
        if self.mutes.generation.is_some_and(|last| generation <= last) {
            return;
        }
        self.mutes = Mutes { generation: Some(generation), sources: Vec::new() };
        for source in sources {
            if !self.mutes.contains(*source) {
                self.mutes.sources.push(*source);
            }
        }
        for index in 0..self.tracks.len() {
            let muted = self.mutes.contains(self.tracks[index].source);
            let was_muted = std::mem::replace(&mut self.tracks[index].muted, muted);
            if was_muted && !muted {
                self.begin_anew(index);
            }
        }
    }

    /// Continues a track without the gap that would be taken for loss: as another source, for which viewers of a picture
    /// need a key frame, and ask for it.
    fn begin_anew(&mut self, index: usize) {
        for layer in 0..self.tracks[index].layers.len() {
            let source = self.next_source();
            self.tracks[index].layers[layer].source = source;
        }
    }
}
