//! Which frames of a scalable encoding one viewer gets: those of one decode
//! target, and another one only where its decoder can go over.
//!
//! ```text
//!                     ┌─ want: other ─┐          ┌─ a picture begins, and the other is whole,
//!   start ─► forwards the target      └► waits ──┤  or can be started at ──► forwards the other
//!  (key frame)                                   └─ of another size and not whole: a key frame is asked for
//! ```
//!
//! At a key frame every target begins, whatever was forwarded before.

use super::scaling::{Scale, Target};

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admitted {
    /// It is forwarded; whether it ends the viewer's picture.
    Forwarded {
        ends_picture: bool,
    },
    LeftOut,
}

#[derive(Debug)]
pub(crate) struct Scaler {
    wanted: Option<Target>,
    /// `None`: all frames are forwarded.
    current: Option<Target>,
    /// Targets of which everything was forwarded that a decoder needs.
    whole: u32,
    /// Timestamp and first sequence number of the newest picture.
    picture: Option<(u32, u64)>,
    /// Before this sequence number, the former target is forwarded.
    since: u64,
    former: Option<Target>,
    /// Pictures since something else was wanted and not had.
    waited: u32,
}

/// An encoder that tells no place where one could go over to more pictures a
/// second is asked for a key frame after so many.
const PATIENCE_PICTURES: u32 = 90;

impl Default for Scaler {
    fn default() -> Scaler {
        Scaler { wanted: None, current: None, whole: u32::MAX, picture: None, since: 0, former: None, waited: 0 }
    }
}

impl Scaler {
    /// From the next picture on that permits it. `None`: all there is.
    pub(crate) fn want(&mut self, target: Option<Target>) {
        self.wanted = target;
    }

    /// A source begins with a key frame.
    pub(crate) fn start(&mut self) {
        *self = Scaler { wanted: self.wanted, current: self.wanted, ..Scaler::default() };
    }

    pub(crate) fn current(&self) -> Option<Target> {
        self.current
    }

    /// Whether what is wanted is what is forwarded.
    pub(crate) fn is_settled(&self) -> bool {
        self.wanted.is_none() || self.wanted == self.current
    }

    /// Whether it takes a key frame to get what is wanted.
    pub(crate) fn waits_for_key_frame(&self) -> bool {
        let (Some(wanted), Some(current)) = (self.wanted, self.current) else { return false };
        let whole = holds(self.whole, wanted);
        (wanted.spatial != current.spatial && !whole) || (wanted != current && self.waited > PATIENCE_PICTURES)
    }

    /// Decides on a packet of the source. `key_frame`: it begins a picture at
    /// which every target begins.
    pub(crate) fn admit(&mut self, scale: &Scale, key_frame: bool, sequence: u64, timestamp: u32) -> Admitted {
        let newest = self.picture.is_none_or(|(_, first)| sequence > first);
        let new_picture = newest && self.picture.is_none_or(|(newest, _)| newest != timestamp);
        if new_picture {
            self.picture = Some((timestamp, sequence));
            if key_frame {
                self.whole = u32::MAX;
            }
            self.go_over(scale, sequence);
            self.waited = if self.is_settled() { 0 } else { self.waited + 1 };
        }
        let of_newest = self.picture.is_some_and(|(newest, _)| newest == timestamp);
        let target = if sequence < self.since && !of_newest { self.former } else { self.current };
        let Some(target) = target else {
            self.whole |= scale.opens;
            return Admitted::Forwarded { ends_picture: false };
        };
        if !holds(scale.present, target) {
            self.whole &= !scale.needed;
            return Admitted::LeftOut;
        }
        if scale.begins {
            self.whole |= scale.opens;
        }
        Admitted::Forwarded { ends_picture: scale.ends && holds(scale.tops, target) }
    }

    /// To what is wanted, or as near as this picture permits.
    fn go_over(&mut self, scale: &Scale, sequence: u64) {
        let Some(wanted) = self.wanted.filter(|wanted| self.current != Some(*wanted)) else { return };
        let forwarded = self.current.is_none_or(|current| holds(scale.present, current));
        let can = match (scale.begins, forwarded) {
            (false, _) => self.whole,
            (true, false) => self.whole | scale.starts,
            (true, true) => self.whole | scale.starts | scale.opens,
        };
        let next = if holds(can, wanted) { Some(wanted) } else { self.between(can & scale.tops, wanted) };
        if next.is_some() && next != self.current {
            (self.former, self.since) = (self.current, sequence);
            self.current = next;
        }
    }

    /// The highest temporal layer between what is forwarded and what is wanted
    /// that one can go over to.
    fn between(&self, can: u32, wanted: Target) -> Option<Target> {
        let current = self.current.filter(|current| current.spatial == wanted.spatial)?;
        let steps = wanted.index.saturating_sub(current.index);
        let lower =
            |down: u8| Target { index: wanted.index - down, temporal: wanted.temporal.saturating_sub(down), ..wanted };
        (1..steps).map(lower).find(|target| holds(can, *target))
    }
}

fn holds(targets: u32, target: Target) -> bool {
    targets >> target.index & 1 == 1
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::forward::scaling::Places;

    /// How the layers of an encoder refer to each other, as those of libwebrtc do.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Between {
        /// Upper spatial layers need lower ones in every picture.
        Always,
        /// In key pictures alone.
        KeyPictures,
        /// Never: each is a picture of its own.
        Never,
    }

    #[derive(Debug, Clone, Copy)]
    struct Encoder {
        spatial: u8,
        temporal: u8,
        between: Between,
    }

    #[derive(Debug)]
    struct Frame {
        picture: u32,
        key: bool,
        spatial: u8,
        temporal: u8,
        /// Picture and spatial layer of what it is predicted from.
        from: Vec<(u32, u8)>,
        scale: Scale,
    }

    impl Encoder {
        fn targets(&self) -> Vec<(u8, u8)> {
            (0..self.spatial).flat_map(|spatial| (0..self.temporal).map(move |temporal| (spatial, temporal))).collect()
        }

        /// What there is of what is wanted.
        fn nearest(&self, wanted: Target) -> Target {
            Target::at(wanted.spatial.min(self.spatial - 1), wanted.temporal.min(self.temporal - 1))
        }

        fn temporal_of(&self, picture: u32) -> u8 {
            let pattern: &[u8] = match self.temporal {
                1 => &[0],
                2 => &[0, 1],
                _ => &[0, 2, 1, 2],
            };
            pattern[picture as usize % pattern.len()]
        }

        /// The layers' frames of a picture; `key`: the last key picture.
        fn picture(&self, picture: u32, key: u32) -> Vec<Frame> {
            let is_key = picture == key;
            let temporal = if is_key { 0 } else { self.temporal_of(picture - key) };
            let before = (key..picture).rev().find(|before| {
                let of = if *before == key { 0 } else { self.temporal_of(before - key) };
                of < temporal.max(1)
            });
            (0..self.spatial).map(|spatial| self.frame(picture, is_key, spatial, temporal, before)).collect()
        }

        fn frame(&self, picture: u32, key: bool, spatial: u8, temporal: u8, before: Option<u32>) -> Frame {
            let needs_below = match self.between {
                Between::Always => true,
                Between::KeyPictures => key,
                Between::Never => false,
            };
            let mut from: Vec<(u32, u8)> = before.map(|before| (before, spatial)).into_iter().collect();
            if spatial > 0 && needs_below {
                from.push((picture, spatial - 1));
            }
            let [mut present, mut opens, mut needed, mut tops] = [0u32; 4];
            for (index, (of_spatial, of_temporal)) in self.targets().into_iter().enumerate() {
                let bit = 1 << index;
                tops |= if of_spatial == spatial { bit } else { 0 };
                let part = of_spatial == spatial || (of_spatial > spatial && needs_below);
                if !part || of_temporal < temporal {
                    continue;
                }
                present |= bit;
                let last = of_spatial == spatial && of_temporal == temporal && temporal > 0;
                needed |= if last { 0 } else { bit };
                opens |= if !last && (key || of_spatial == spatial) { bit } else { 0 };
            }
            let places = Places::new(&self.targets());
            let [present, opens, needed, tops] = [present, opens, needed, tops].map(|targets| places.spread(targets));
            let scale = Scale { begins: true, ends: true, present, starts: 0, opens, needed, tops };
            Frame { picture, key: key && spatial == 0, spatial, temporal, from, scale }
        }
    }

    /// A viewer whose decoder must have what every frame is predicted from.
    #[derive(Default)]
    struct Viewer {
        scaler: Scaler,
        has: BTreeSet<(u32, u8)>,
        /// The last frame that came: its picture, its spatial layer, and whether it ended the picture.
        last: Option<(u32, u8, bool)>,
    }

    impl Viewer {
        fn watch(&mut self, frames: &[Frame], sequence: &mut u64) {
            for frame in frames {
                *sequence += 1;
                let admitted = self.scaler.admit(&frame.scale, frame.key, *sequence, frame.picture * 3_000);
                let Admitted::Forwarded { ends_picture } = admitted else { continue };
                for from in &frame.from {
                    assert!(self.has.contains(from), "{frame:?} came without {from:?}");
                }
                self.has.insert((frame.picture, frame.spatial));
                if let Some((picture, spatial, ended)) = self.last.filter(|(picture, ..)| *picture == frame.picture) {
                    assert!(!ended, "{spatial} of {picture} was said to be the last");
                }
                self.last = Some((frame.picture, frame.spatial, ends_picture));
            }
        }
    }

    fn encoders() -> impl Strategy<Value = Encoder> {
        let between = prop_oneof![Just(Between::Always), Just(Between::KeyPictures), Just(Between::Never)];
        (1u8..=3, 1u8..=3, between).prop_map(|(spatial, temporal, between)| Encoder { spatial, temporal, between })
    }

    proptest! {
        /// Whatever is wanted when, and whatever layers the encoder changes to: nothing
        /// comes that can't be decoded, no picture is missing, each is ended once, and
        /// with key frames on demand one gets what one wants within a few pictures.
        #[test]
        fn what_comes_can_be_decoded_whatever_is_wanted(
            first in encoders(),
            steps in prop::collection::vec((0u8..3, 0u8..3, 1u32..25, prop::option::weighted(0.2, encoders())), 1..40),
        ) {
            let mut viewer = Viewer::default();
            let (mut encoder, mut picture, mut key, mut sequence) = (first, 0, 0, 0);
            viewer.scaler.want(Some(Target::at(0, 0)));
            viewer.scaler.start();
            for (spatial, temporal, pictures, other) in steps {
                if let Some(other) = other {
                    (encoder, key) = (other, picture);
                }
                // It may be of layers that the encoder has no more, or not yet.
                let target = Target::at(spatial, temporal);
                viewer.scaler.want(Some(target));
                for _ in 0..pictures {
                    if viewer.scaler.waits_for_key_frame() {
                        key = picture;
                    }
                    let frames = encoder.picture(picture, key);
                    viewer.watch(&frames, &mut sequence);
                    let current = encoder.nearest(viewer.scaler.current().unwrap());
                    let shown = frames[0].temporal <= current.temporal;
                    let last = viewer.last.filter(|(last, ..)| *last == picture);
                    prop_assert_eq!(last, shown.then_some((picture, current.spatial, true)));
                    picture += 1;
                }
                if pictures > 4 {
                    prop_assert_eq!(encoder.nearest(viewer.scaler.current().unwrap()), encoder.nearest(target));
                }
            }
        }
    }

    #[test]
    fn a_smaller_picture_is_had_at_once_where_it_was_sent_along() {
        let encoder = Encoder { spatial: 3, temporal: 1, between: Between::Always };
        let mut viewer = Viewer::default();
        let mut sequence = 0;
        viewer.scaler.want(Some(Target::at(2, 0)));
        viewer.scaler.start();
        (0..3).for_each(|picture| viewer.watch(&encoder.picture(picture, 0), &mut sequence));
        viewer.scaler.want(Some(Target::at(0, 0)));
        assert!(!viewer.scaler.waits_for_key_frame());
        viewer.watch(&encoder.picture(3, 0), &mut sequence);
        assert_eq!(viewer.last, Some((3, 0, true)));
        viewer.scaler.want(Some(Target::at(1, 0)));
        assert!(viewer.scaler.waits_for_key_frame(), "what is larger was not sent meanwhile");
    }

    #[test]
    fn where_layers_stand_alone_a_smaller_picture_takes_a_key_frame_too() {
        let encoder = Encoder { spatial: 3, temporal: 1, between: Between::KeyPictures };
        let mut viewer = Viewer::default();
        let mut sequence = 0;
        viewer.scaler.want(Some(Target::at(2, 0)));
        viewer.scaler.start();
        (0..3).for_each(|picture| viewer.watch(&encoder.picture(picture, 0), &mut sequence));
        assert!(!viewer.has.contains(&(2, 0)), "nothing is sent that isn't needed");
        viewer.scaler.want(Some(Target::at(0, 0)));
        assert!(viewer.scaler.waits_for_key_frame());
        viewer.watch(&encoder.picture(3, 0), &mut sequence);
        assert_eq!(viewer.last, Some((3, 2, true)), "and until it comes the picture goes on");
    }

    #[test]
    fn an_encoder_that_says_nowhere_to_go_over_is_asked_for_a_key_frame_in_the_end() {
        let all = |key_frame: bool| Scale {
            begins: true,
            ends: true,
            present: u32::MAX,
            starts: 0,
            opens: if key_frame { u32::MAX } else { 0 },
            needed: u32::MAX,
            tops: u32::MAX,
        };
        let upper = Scale { present: !1, needed: !1, ..all(false) };
        let mut scaler = Scaler::default();
        scaler.want(Some(Target::at(0, 0)));
        scaler.start();
        scaler.admit(&all(true), true, 1, 0);
        assert_eq!(scaler.admit(&upper, false, 2, 3_000), Admitted::LeftOut);
        scaler.want(Some(Target::at(0, 1)));
        for picture in 0..=PATIENCE_PICTURES {
            assert!(!scaler.waits_for_key_frame(), "{picture}");
            scaler.admit(&all(false), false, 3 + u64::from(picture), 6_000 + picture * 3_000);
        }
        assert!(scaler.waits_for_key_frame());
        scaler.admit(&all(true), true, 1_000, 1_000_000);
        assert_eq!(scaler.current(), Some(Target::at(0, 1)));
    }

    #[test]
    fn late_packets_belong_to_what_was_forwarded_when_they_were_due() {
        let encoder = Encoder { spatial: 2, temporal: 1, between: Between::Always };
        let mut scaler = Scaler::default();
        scaler.want(Some(Target::at(1, 0)));
        scaler.start();
        let first = encoder.picture(0, 0);
        assert_eq!(scaler.admit(&first[0].scale, true, 1, 0), Admitted::Forwarded { ends_picture: false });
        scaler.want(Some(Target::at(0, 0)));
        let second = encoder.picture(1, 0);
        assert_eq!(scaler.admit(&second[0].scale, false, 4, 3_000), Admitted::Forwarded { ends_picture: true });
        let late = scaler.admit(&first[1].scale, false, 2, 0);
        assert_eq!(late, Admitted::Forwarded { ends_picture: true }, "it was late");
        let of_the_same = scaler.admit(&second[1].scale, false, 3, 3_000);
        assert_eq!(of_the_same, Admitted::LeftOut, "of the picture at which one went over");
        assert_eq!(scaler.admit(&second[1].scale, false, 5, 3_000), Admitted::LeftOut);
    }
}
