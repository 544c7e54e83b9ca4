//! What one viewer of many publishers has received: of each a picture, in whichever layer it was given, and sound.
//!
//! The server sends of every frame the packets of one layer, or of two where it goes over from one to the other, and says
//! nowhere which. So what a viewer should have is told by what came: all packets of a layer of which at least one came, and
//! of a frame of which nothing came those of the layer that it had before.

use super::publishing::LAYERS_MAX;
use super::reactor::Collected;
use super::stamp::{FrameKind, Stamp};
use super::window::Windows;
use crate::figures::histogram::Histogram;
use std::sync::Arc;

/// Frames and packets of sound of a measured window that are told apart, of each publisher; later ones count as lost.
pub const POSITIONS_MAX: usize = 40_000;
/// The most packets of a frame, of each layer: one bit each.
pub const FRAME_PACKETS_MAX: usize = u32::BITS as usize;

/// One frame of the window: which packets of which layer came.
type Frame = [u32; LAYERS_MAX];

/// How much of a gallery there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Publishers whose picture has come; whole, if sound is awaited too.
    pub publishers: usize,
    /// How many pictures come in which layer now.
    pub layers: [usize; LAYERS_MAX],
}

/// One publisher in it.
struct Tile {
    windows: Arc<Windows>,
    /// The layer of the latest packet.
    layer: Option<usize>,
    heard: bool,
    /// How many packets a frame of each layer has.
    frame_packets: [u16; LAYERS_MAX],
    frames: Vec<Frame>,
    sounds: Vec<bool>,
}

/// One viewer's count.
pub struct Gallery {
    /// By publisher; none for oneself.
    tiles: Vec<Option<Tile>>,
    with_sound: bool,
    doubled: u64,
    bytes: u64,
}

impl Gallery {
    /// Of these publishers, each in the place that its stamps say; `None` is one that the viewer isn't given.
    pub fn new(publishers: Vec<Option<Arc<Windows>>>, with_sound: bool) -> Self {
        let tile = |windows| Tile {
            windows,
            layer: None,
            heard: false,
            frame_packets: [0; LAYERS_MAX],
            frames: Vec::new(),
            sounds: Vec::new(),
        };
        let tiles = publishers.into_iter().map(|windows| windows.map(tile)).collect();
        Self { tiles, with_sound, doubled: 0, bytes: 0 }
    }

    /// Counts a packet with so many bytes of payload, that came at `now_ns`.
    pub fn take(&mut self, stamp: Stamp, bytes: usize, now_ns: u64, latency_us: &mut Histogram) {
        let Some(Some(tile)) = self.tiles.get_mut(usize::from(stamp.publisher)) else { return };
        let Some(first) = tile.take(stamp) else { return };
        if !first {
            self.doubled += 1;
            return;
        }
        self.bytes += bytes as u64;
        latency_us.record(now_ns.saturating_sub(stamp.sent_ns) / 1_000);
    }

    /// How much of it there is.
    pub fn seen(&self) -> Seen {
        let mut seen = Seen::default();
        for tile in self.tiles.iter().flatten() {
            let Some(layer) = tile.layer else { continue };
            seen.layers[layer] += 1;
            seen.publishers += usize::from(tile.heard || !self.with_sound);
        }
        seen
    }

    /// Forgets what was counted; what is seen stays.
    pub fn reset(&mut self) {
        (self.doubled, self.bytes) = (0, 0);
        for tile in self.tiles.iter_mut().flatten() {
            tile.frames.clear();
            tile.sounds.clear();
        }
    }

    /// Adds what was counted, once the windows are closed.
    pub fn add_to(&self, collected: &mut Collected) {
        let (expected, unique) = (collected.expected, collected.unique);
        self.tiles.iter().flatten().for_each(|tile| tile.add_to(collected));
        collected.doubled += self.doubled;
        collected.bytes += self.bytes;
        let (expected, unique) = (collected.expected - expected, collected.unique - unique);
        if expected > 0 {
            let share = unique as f64 / expected as f64;
            collected.least_share = Some(collected.least_share.map_or(share, |least| least.min(share)));
        }
    }
}

impl Tile {
    /// Whether a packet of the window is the first of its kind; `None` of one outside of it.
    fn take(&mut self, stamp: Stamp) -> Option<bool> {
        if stamp.kind == FrameKind::Sound {
            self.heard = true;
            let sound = cell(&mut self.sounds, self.windows.sounds.position(stamp.frame.into())?)?;
            return Some(!std::mem::replace(sound, true));
        }
        let layer = usize::from(stamp.layer);
        *self.frame_packets.get_mut(layer)? = stamp.frame_packets;
        self.layer = Some(layer);
        let frame = cell(&mut self.frames, self.windows.frames.position(stamp.frame.into())?)?;
        let bit = 1_u32.checked_shl(stamp.index.into())?;
        let first = frame[layer] & bit == 0;
        frame[layer] |= bit;
        Some(first)
    }

    fn add_to(&self, collected: &mut Collected) {
        let sounds = self.windows.sounds.sent();
        collected.expected += sounds;
        collected.unique += self.sounds.iter().take(sounds as usize).filter(|came| **came).count() as u64;
        let frames = self.windows.frames.sent() as usize;
        let given = |frame: &Frame| (0..LAYERS_MAX).rev().find(|layer| frame[*layer] != 0);
        // What nothing came of before the first frame was to be as that, and with no frame at all the least there is.
        let mut before = self.frames.iter().find_map(given).unwrap_or(0);
        for position in 0..frames {
            let frame = self.frames.get(position).copied().unwrap_or_default();
            let Some(layer) = given(&frame) else {
                collected.missed_frames += 1;
                collected.expected += u64::from(self.frame_packets[before].max(1));
                continue;
            };
            before = layer;
            collected.layer_frames[layer] += 1;
            for (came, all) in frame.iter().zip(self.frame_packets).filter(|(came, _)| **came != 0) {
                collected.unique += u64::from(came.count_ones());
                collected.expected += u64::from(all);
            }
        }
    }
}

/// The cell of a position, if so many are told apart.
fn cell<T: Clone + Default>(cells: &mut Vec<T>, position: u64) -> Option<&mut T> {
    let position = usize::try_from(position).ok().filter(|position| *position < POSITIONS_MAX)?;
    if cells.len() <= position {
        cells.resize(position + 1, T::default());
    }
    cells.get_mut(position)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A gallery of two publishers, the first of which is oneself, whose windows are open.
    fn gallery() -> (Gallery, Arc<Windows>) {
        let windows = Arc::new(Windows::default());
        windows.frames.open(0);
        windows.sounds.open(0);
        (Gallery::new(vec![None, Some(windows.clone())], true), windows)
    }

    fn picture(frame: u32, layer: u8, index: u16) -> Stamp {
        let frame_packets = [1, 2, 7][usize::from(layer)];
        Stamp { number: 0, sent_ns: 0, frame, frame_packets, kind: FrameKind::Delta, publisher: 1, layer, index }
    }

    fn sound(frame: u32) -> Stamp {
        Stamp { kind: FrameKind::Sound, frame_packets: 1, ..picture(frame, 0, 0) }
    }

    fn take(gallery: &mut Gallery, stamps: impl IntoIterator<Item = Stamp>) {
        stamps.into_iter().for_each(|stamp| gallery.take(stamp, 100, 5_000, &mut Histogram::default()));
    }

    fn collected(gallery: &Gallery, windows: &Windows, frames: u64, sounds: u64) -> Collected {
        windows.frames.sent_below(frames);
        windows.sounds.sent_below(sounds);
        windows.close();
        let mut collected = Collected::default();
        gallery.add_to(&mut collected);
        collected
    }

    #[test]
    fn all_of_the_layer_that_was_given_is_expected() {
        let (mut gallery, windows) = gallery();
        take(&mut gallery, (0..2).map(|frame| picture(frame, 0, 0)));
        take(&mut gallery, [picture(2, 0, 0)].into_iter().chain((0..7).map(|index| picture(2, 2, index))));
        take(&mut gallery, (0..6).map(|index| picture(3, 2, index)));
        take(&mut gallery, [sound(0), sound(2)]);
        let collected = collected(&gallery, &windows, 4, 3);
        assert_eq!(collected.expected, 2 + (1 + 7) + 7 + 3);
        assert_eq!(collected.unique, 2 + 8 + 6 + 2, "one of a picture and one of the sound are lost");
        assert_eq!((collected.layer_frames, collected.missed_frames), ([2, 0, 2], 0));
        assert_eq!(collected.bytes, 1_800);
        assert_eq!(collected.least_share, Some(18.0 / 20.0));
    }

    #[test]
    fn a_frame_of_which_nothing_came_is_missed_in_the_layer_before() {
        let (mut gallery, windows) = gallery();
        take(&mut gallery, (0..2).map(|index| picture(1, 1, index)));
        let collected = collected(&gallery, &windows, 4, 0);
        assert_eq!((collected.expected, collected.unique, collected.missed_frames), (8, 2, 3));
    }

    #[test]
    fn a_publisher_of_whom_nothing_came_is_missed_whole() {
        let (gallery, windows) = gallery();
        let collected = collected(&gallery, &windows, 10, 5);
        assert_eq!((collected.expected, collected.unique, collected.least_share), (15, 0, Some(0.0)));
    }

    #[test]
    fn what_comes_again_is_told() {
        let (mut gallery, windows) = gallery();
        take(&mut gallery, [picture(0, 0, 0), picture(0, 0, 0), sound(0), sound(0), sound(0)]);
        let collected = collected(&gallery, &windows, 1, 1);
        assert_eq!((collected.unique, collected.expected, collected.doubled, collected.bytes), (2, 2, 3, 200));
    }

    #[test]
    fn what_is_outside_of_the_window_shows_the_layer_only() {
        let windows = Arc::new(Windows::default());
        let mut gallery = Gallery::new(vec![None, Some(windows.clone())], true);
        assert_eq!(gallery.seen(), Seen::default());
        take(&mut gallery, [picture(5, 1, 0)]);
        assert_eq!(gallery.seen(), Seen { publishers: 0, layers: [0, 1, 0] }, "nothing was heard yet");
        take(&mut gallery, [sound(9), picture(6, 2, 0)]);
        assert_eq!(gallery.seen(), Seen { publishers: 1, layers: [0, 0, 1] });
        let stranger = Stamp { publisher: 0, ..picture(7, 2, 0) };
        take(&mut gallery, [stranger, Stamp { publisher: 2, ..stranger }, Stamp { layer: 3, ..picture(7, 0, 0) }]);
        gallery.reset();
        let collected = collected(&gallery, &windows, 0, 0);
        assert_eq!((collected.expected, collected.unique, collected.bytes), (0, 0, 0));
    }

    #[test]
    fn one_past_what_is_told_apart_is_not_counted() {
        let (mut gallery, windows) = gallery();
        let last = POSITIONS_MAX as u32 - 1;
        take(&mut gallery, [sound(last), sound(last + 1), picture(0, 2, 31), picture(0, 2, 32)]);
        let collected = collected(&gallery, &windows, 1, POSITIONS_MAX as u64 + 1);
        assert_eq!(collected.unique, 2);
    }
}
