//! What a publisher's packets say of the scalable layers inside one encoding:
//! temporal layers of VP8, spatial and temporal ones of VP9, and whatever a
//! dependency descriptor tells of.
//!
//! All become decode targets: "up to this spatial and this temporal layer".
//! Frames say which targets they are part of, and where one can go over.

use std::time::Instant;

use super::rates::Rates;
use crate::Codec;
use crate::payload::dependency::{self, DECODE_TARGETS, Structure};
use crate::payload::{vp8, vp9};

/// Temporal layers that are told apart; higher ones count as the highest. With
/// the spatial layers of VP9 as many as there are bits.
const TEMPORAL_LAYERS: usize = DECODE_TARGETS / vp9::SPATIAL_LAYERS;

/// Where a packet stands among the decode targets of its encoding, a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scale {
    /// The packet begins, or ends, a layer's frame.
    pub(crate) begins: bool,
    pub(crate) ends: bool,
    /// The frame is part of them.
    pub(crate) present: u32,
    /// A decoder of any target can go over to them at this frame.
    pub(crate) starts: u32,
    /// A decoder that has this frame, and all it needs, can go over to them.
    pub(crate) opens: u32,
    /// Later frames of them need this one.
    pub(crate) needed: u32,
    /// The frame is of their highest spatial layer.
    pub(crate) tops: u32,
}

/// A decode target: up to this spatial and this temporal layer. Their places
/// in the masks are the same for every codec and every structure, so that a wish
/// goes on to mean the same when an encoder changes its layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) index: u8,
    pub(crate) spatial: u8,
    pub(crate) temporal: u8,
}

impl Target {
    pub(crate) fn at(spatial: u8, temporal: u8) -> Target {
        let spatial = spatial.min(vp9::SPATIAL_LAYERS as u8 - 1);
        let temporal = temporal.min(TEMPORAL_LAYERS as u8 - 1);
        Target { index: spatial * TEMPORAL_LAYERS as u8 + temporal, spatial, temporal }
    }
}

/// For each place of the masks the decode target of a structure that comes
/// nearest: what is wanted of layers that there aren't is the highest below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places([u8; DECODE_TARGETS]);

impl Places {
    /// Of the highest spatial and temporal layer of each decode target.
    pub(crate) fn new(targets: &[(u8, u8)]) -> Places {
        let mut places = [0; DECODE_TARGETS];
        for (index, place) in places.iter_mut().enumerate() {
            let (spatial, temporal) = ((index / TEMPORAL_LAYERS) as u8, (index % TEMPORAL_LAYERS) as u8);
            let below = (0u8..).zip(targets).filter(|(_, (of_spatial, of_temporal))| {
                *of_spatial <= spatial && (*of_temporal <= temporal || usize::from(temporal) + 1 == TEMPORAL_LAYERS)
            });
            let nearest = below.max_by_key(|(_, target)| **target);
            *place =
                nearest.or_else(|| (0u8..).zip(targets).min_by_key(|(_, target)| **target)).map_or(0, |(at, _)| at);
        }
        Places(places)
    }

    /// What stands at the structure's targets, at the places of the masks.
    pub(crate) fn spread(&self, targets: u32) -> u32 {
        let at = |(index, target): (usize, &u8)| (targets >> target & 1) << index;
        self.0.iter().enumerate().map(at).fold(0, |spread, bit| spread | bit)
    }
}

/// A decode target as it comes in.
#[derive(Debug)]
pub(crate) struct Rung {
    pub(crate) target: Target,
    pub(crate) height_px: Option<u32>,
    pub(crate) rates: Rates,
    /// A frame of its highest spatial layer came.
    came: Option<Instant>,
}

impl Rung {
    pub(crate) fn is_active(&self, now: Instant) -> bool {
        self.came.is_some_and(|came| now.saturating_duration_since(came) < super::rates::WINDOW)
    }
}

/// What descriptors told last.
#[derive(Debug)]
struct Described {
    structure: Structure,
    /// Of the frame that brought it.
    frame_number: u16,
    places: Places,
}

/// The scalable layers of one encoding, as far as its packets told.
#[derive(Debug, Default)]
pub(crate) struct Scaling {
    described: Option<Described>,
    /// Of VP8 and VP9: how many layers there are.
    spatial_layers: u8,
    temporal_layers: u8,
    heights_px: Vec<u32>,
    rungs: Vec<Rung>,
}

impl Scaling {
    /// Reads a packet; `None`: its encoding has one layer. Whether other layers
    /// than before are known now.
    pub(crate) fn read(&mut self, codec: Codec, descriptor: Option<&[u8]>, payload: &[u8]) -> (Option<Scale>, bool) {
        let (scale, changed) = match (descriptor, codec) {
            // What its payload tells may be something else.
            (Some(descriptor), _) if self.described.is_some() || dependency::brings_structure(descriptor) => {
                self.read_descriptor(descriptor).unwrap_or((None, false))
            }
            (_, Codec::Vp8) => self.read_vp8(payload),
            (_, Codec::Vp9) => self.read_vp9(payload),
            _ => (None, false),
        };
        (scale.filter(|_| self.rungs.len() > 1), changed)
    }

    /// Lowest first; all temporal layers of the lowest spatial layer, and the
    /// highest one of the others. One: there is nothing to choose; none: nothing is told.
    pub(crate) fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    pub(crate) fn tick(&mut self) {
        self.rungs.iter_mut().for_each(|rung| rung.rates.tick());
    }

    /// A packet of so many bytes came.
    pub(crate) fn count(&mut self, now: Instant, scale: &Scale, bytes: usize) {
        for rung in &mut self.rungs {
            let is = |targets: u32| targets >> rung.target.index & 1 == 1;
            if is(scale.present) {
                rung.rates.packet(now, bytes, scale.ends && is(scale.tops));
            }
            if is(scale.tops) {
                rung.came = Some(now);
            }
        }
    }

    fn read_descriptor(&mut self, descriptor: &[u8]) -> Option<(Option<Scale>, bool)> {
        let known = self.described.as_ref();
        let (told, brought) = dependency::read(descriptor, known.map(|known| &known.structure)).ok()?;
        let mut changed = false;
        if let Some(structure) = brought {
            let frame_number = dependency::frame_number(descriptor)?;
            // One that was repaired may be older than the one that is in use.
            if known.is_some_and(|known| frame_number.wrapping_sub(known.frame_number) >= 0x8000) {
                return None;
            }
            let targets: Vec<Target> = structure.targets.iter().map(|(s, t)| Target::at(*s, *t)).collect();
            let places = Places::new(&structure.targets);
            self.heights_px = structure.heights_px.clone();
            self.described = Some(Described { structure, frame_number, places });
            changed = self.settle(&targets);
        }
        let (told, known) = (told?, self.described.as_ref()?);
        let tops = (0..).zip(&known.structure.targets).filter(|(_, (spatial, _))| *spatial == told.spatial);
        let tops = tops.fold(0, |tops, (index, _)| tops | 1u32 << index);
        let spread = |targets| known.places.spread(targets);
        let scale = Scale {
            begins: told.begins_frame,
            ends: told.ends_frame,
            present: spread(told.indications.present()),
            starts: 0,
            opens: spread(told.indications.switch()),
            needed: spread(told.indications.needed()),
            tops: spread(tops),
        };
        Some((Some(scale), changed))
    }

    fn read_vp8(&mut self, payload: &[u8]) -> (Option<Scale>, bool) {
        let Ok(descriptor) = vp8::descriptor(payload) else { return (None, false) };
        let numbers = descriptor.numbers;
        let Some((temporal, synchronised)) = numbers.temporal else { return (None, false) };
        if numbers.picture_at.is_some_and(|(_, long)| !long) {
            // Numbers of seven bits are too few to tell a late one from the next.
            return (None, false);
        }
        let changed = self.grow(1, temporal + 1);
        let of = Target::at(0, temporal);
        let (here, above) = (1 << of.index, from(0, temporal + 1));
        let key_frame = crate::forward::key_frame::starts_key_frame(Codec::Vp8, payload);
        let starts = match (key_frame, synchronised) {
            (true, _) => here | above,
            (false, true) if temporal > 0 => here,
            _ => 0,
        };
        let scale = Scale {
            begins: descriptor.begins,
            // Told by the marker; of one spatial layer nothing is taken off its end.
            ends: false,
            present: here | above,
            starts,
            opens: starts,
            needed: if numbers.discardable { 0 } else { here | above },
            tops: from(0, 0),
        };
        (Some(scale), changed)
    }

    fn read_vp9(&mut self, payload: &[u8]) -> (Option<Scale>, bool) {
        let Ok(descriptor) = vp9::descriptor(payload) else { return (None, false) };
        let mut changed = false;
        if let Some(structure) = descriptor.structure {
            let told = structure.heights_px.iter().take(structure.spatial_layers.into()).map(|px| u32::from(*px));
            let heights_px: Vec<u32> = told.filter(|height_px| *height_px > 0).collect();
            if self.heights_px != heights_px || self.spatial_layers > structure.spatial_layers {
                self.heights_px = heights_px;
                self.spatial_layers = 0;
            }
            changed |= self.grow(structure.spatial_layers, 1);
        }
        let Some(layers) = descriptor.layers else { return (None, changed) };
        changed |= self.grow(layers.spatial + 1, layers.temporal + 1);
        let of = Target::at(layers.spatial, layers.temporal);
        // Above the highest there is, it is as if the highest was meant.
        let is_highest = of.spatial + 1 >= self.spatial_layers;
        let all_above = of.spatial..vp9::SPATIAL_LAYERS as u8;
        let needed = |spatial: &u8| descriptor.needed_above || is_highest || *spatial == of.spatial;
        let spatials = || all_above.clone().filter(needed);
        let tops = all_above.clone().filter(|spatial| is_highest || *spatial == of.spatial);
        let present = spatials().fold(0, |targets, spatial| targets | from(spatial, of.temporal));
        let higher = spatials().fold(0, |targets, spatial| targets | from(spatial, of.temporal + 1));
        let intra = if descriptor.inter_predicted { 0 } else { present };
        let scale = Scale {
            begins: descriptor.begins,
            ends: descriptor.ends,
            present,
            starts: 0,
            opens: intra | if layers.opens_higher { higher } else { 0 },
            needed: present,
            tops: tops.fold(0, |targets, spatial| targets | from(spatial, 0)),
        };
        (Some(scale), changed)
    }

    /// There are at least so many layers, of VP8 or VP9.
    fn grow(&mut self, spatial_layers: u8, temporal_layers: u8) -> bool {
        let temporal_layers = temporal_layers.min(TEMPORAL_LAYERS as u8);
        if spatial_layers <= self.spatial_layers && temporal_layers <= self.temporal_layers {
            return false;
        }
        self.spatial_layers = self.spatial_layers.max(spatial_layers);
        self.temporal_layers = self.temporal_layers.max(temporal_layers);
        let temporals = 0..self.temporal_layers;
        let targets: Vec<Target> = (0..self.spatial_layers)
            .flat_map(|spatial| temporals.clone().map(move |temporal| Target::at(spatial, temporal)))
            .collect();
        self.settle(&targets)
    }

    /// Makes the rungs of these targets; whether they are others than before.
    fn settle(&mut self, targets: &[Target]) -> bool {
        let highest = |spatial: u8| targets.iter().filter(|it| it.spatial == spatial).map(|it| it.temporal).max();
        let mut chosen: Vec<Target> =
            targets.iter().filter(|it| it.spatial == 0 || Some(it.temporal) == highest(it.spatial)).copied().collect();
        chosen.sort_unstable_by_key(|target| target.index);
        chosen.dedup();
        let height_px = |target: &Target| self.heights_px.get(usize::from(target.spatial)).copied();
        let same = self.rungs.len() == chosen.len()
            && self.rungs.iter().zip(&chosen).all(|(rung, it)| rung.target == *it && rung.height_px == height_px(it));
        if same {
            return false;
        }
        let mut known = std::mem::take(&mut self.rungs);
        let rung = |target: Target| {
            let height_px = height_px(&target);
            match known.iter().position(|rung| rung.target == target) {
                Some(at) => Rung { height_px, ..known.swap_remove(at) },
                None => Rung { target, height_px, rates: Rates::default(), came: None },
            }
        };
        self.rungs = chosen.into_iter().map(rung).collect();
        true
    }
}

/// The targets of a spatial layer of VP8 or VP9 from a temporal layer on.
fn from(spatial: u8, temporal: u8) -> u32 {
    let temporals = temporal.min(TEMPORAL_LAYERS as u8)..TEMPORAL_LAYERS as u8;
    temporals.fold(0, |targets, temporal| targets | 1 << Target::at(spatial, temporal).index)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::payload::dependency::writing::{frame, structure};

    fn told(scaling: &Scaling) -> Vec<(u8, u8, Option<u32>)> {
        scaling.rungs().iter().map(|rung| (rung.target.spatial, rung.target.temporal, rung.height_px)).collect()
    }

    /// The lowest 12 bits: three spatial layers of four temporal ones.
    fn targets(mask: u32) -> String {
        let spatial = |spatial: u32| format!("{:04b}", mask >> (4 * spatial) & 0xf);
        [spatial(2), spatial(1), spatial(0)].join(" ")
    }

    fn vp8(first: u8, layer: u8, key: bool) -> [u8; 7] {
        [first, 0xe0, 0x81, 0x02, 0x07, layer, if key { 0x10 } else { 0x11 }]
    }

    #[test]
    fn temporal_layers_of_vp8_become_known_as_they_come() {
        let mut scaling = Scaling::default();
        let mut read = |first: u8, layer: u8, key| scaling.read(Codec::Vp8, None, &vp8(first, layer, key));
        assert_eq!(read(0x90, 0, true), (None, true), "one alone is no choice");
        let (lowest, _) = read(0x90, 0, false);
        assert_eq!(lowest, None);
        // The second layer, which needs the lowest alone.
        let (second, changed) = read(0x90, 0x60, false);
        let second = second.unwrap();
        assert!(changed && second.begins);
        assert_eq!(targets(second.present), "0000 0000 1110");
        assert_eq!(targets(second.starts), "0000 0000 0010");
        let (third, _) = read(0xb0, 0x80, false);
        let third = third.unwrap();
        assert_eq!((targets(third.present), third.starts, third.needed), ("0000 0000 1100".into(), 0, 0));
        let (key, _) = read(0x90, 0, true);
        assert_eq!(targets(key.unwrap().starts), "0000 0000 1111");
        assert_eq!(told(&scaling), [(0, 0, None), (0, 1, None), (0, 2, None)]);
        let short = [0x90, 0xa0, 0x02, 0x40, 0x11];
        assert_eq!(scaling.read(Codec::Vp8, None, &short), (None, false), "numbers of seven bits");
    }

    #[test]
    fn layers_of_vp9_are_told_by_its_descriptor() {
        let mut scaling = Scaling::default();
        // The base of a key picture of two sizes, with the structure.
        let base = [0xae, 0x81, 0x02, 0x00, 0x00, 0x30, 0x01, 0x40, 0x00, 0xb4, 0x02, 0x80, 0x01, 0x68, 0xaa];
        let (base, changed) = scaling.read(Codec::Vp9, None, &base);
        let base = base.unwrap();
        assert!(changed && base.begins && base.ends);
        assert_eq!((base.present, base.opens, base.tops), (u32::MAX, u32::MAX, 0xf));
        assert_eq!(told(&scaling), [(0, 0, Some(180)), (1, 0, Some(360))]);
        // Not needed above, inter-predicted.
        let alone = [0xed, 0x81, 0x03, 0x00, 0x00, 0xbb];
        let alone = scaling.read(Codec::Vp9, None, &alone).0.unwrap();
        assert_eq!((targets(alone.present), alone.opens), ("0000 0000 1111".into(), 0));
        // The upper size, second temporal layer, from which one may go to the third.
        let upper = [0xec, 0x81, 0x03, 0x33, 0x00, 0xbb];
        let (upper, changed) = scaling.read(Codec::Vp9, None, &upper);
        let upper = upper.unwrap();
        assert!(changed);
        assert_eq!(targets(upper.tops), "1111 1111 0000", "and above it, of which there is none");
        assert_eq!((targets(upper.present), targets(upper.opens)), ("1110 1110 0000".into(), "1100 1100 0000".into()));
        assert_eq!(told(&scaling), [(0, 0, Some(180)), (0, 1, Some(180)), (1, 1, Some(360))]);
        // One size less, in the next structure.
        let less = [0xae, 0x81, 0x04, 0x00, 0x00, 0x10, 0x01, 0x40, 0x00, 0xb4, 0xaa];
        assert!(scaling.read(Codec::Vp9, None, &less).1);
        assert_eq!(told(&scaling), [(0, 0, Some(180)), (0, 1, Some(180))]);
    }

    #[test]
    fn what_there_is_not_of_layers_is_the_highest_below() {
        // Two sizes with two rates each.
        let places = Places::new(&[(0, 0), (0, 1), (1, 0), (1, 1)]);
        assert_eq!(targets(places.spread(0b0001)), "0000 0000 0001");
        assert_eq!(targets(places.spread(0b0010)), "0000 0000 1110");
        assert_eq!(targets(places.spread(0b0100)), "0001 0001 0000");
        assert_eq!(targets(places.spread(0b1000)), "1110 1110 0000");
        assert_eq!(places.spread(0b1111), u32::MAX);
        // Five rates: the fifth is the fourth.
        let five: Vec<(u8, u8)> = (0..5).map(|temporal| (0, temporal)).collect();
        assert_eq!(targets(Places::new(&five).spread(0b10000)), "1000 1000 1000");
        // One size alone, which is not the lowest.
        assert_eq!(Places::new(&[(1, 0)]).spread(1), u32::MAX);
    }

    #[test]
    fn a_descriptor_goes_before_the_payload_and_rates_are_those_of_targets() {
        let mut scaling = Scaling::default();
        let mut written = frame(true, true, 0, 9);
        written.put(0b10000, 5);
        structure(&mut written, &[180, 360, 720], true);
        let (key, changed) = scaling.read(Codec::Av1, Some(&written.bytes()), &[0x18, 0x0a]);
        assert!(changed);
        assert_eq!(key.map(|scale| (scale.present, scale.opens, scale.tops)), Some((u32::MAX, u32::MAX, 0xf)));
        assert_eq!(told(&scaling), [(0, 0, Some(180)), (1, 0, Some(360)), (2, 0, Some(720))]);
        let now = Instant::now();
        for (template, bytes) in [(1, 100), (3, 300), (5, 900)] {
            let descriptor = frame(true, true, template, 10).bytes();
            let scale = scaling.read(Codec::Av1, Some(&descriptor), &[0x10, 0x0a]).0.unwrap();
            scaling.count(now, &scale, bytes);
        }
        let rates: Vec<u64> = scaling.rungs().iter().map(|rung| rung.rates.bitrate_bps() / 8).collect();
        assert_eq!(rates, [100, 300, 900]);
        assert!(scaling.rungs()[2].is_active(now));
        assert!(!scaling.rungs()[2].is_active(now + Duration::from_secs(2)));
        // One that comes late, and was made before the one that is in use.
        let mut older = frame(true, true, 0, 8);
        older.put(0b10000, 5);
        structure(&mut older, &[180], true);
        assert_eq!(scaling.read(Codec::Av1, Some(&older.bytes()), &[0x18, 0x0a]), (None, false));
        assert_eq!(told(&scaling).len(), 3);
        let cut = scaling.read(Codec::Av1, Some(&[0x80]), &[0x10, 0x0a]);
        assert_eq!(cut, (None, false), "what can't be read says nothing");
    }
}
