//! Which frames of a scalable encoding one viewer gets: those of one decode
//! target, and another one only where its decoder can go over.
//!
//! ```text
//!                     ┌─ want: other ─┐          ┌─ a picture begins, and the other is whole,
//!   start ─► forwards the target      └► waits ──┤  or can be started at ──► forwards the other
//!  (key frame)                                   └─ of another size and not whole: a key frame is asked for
//! ```

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
}

impl Default for Scaler {
    fn default() -> Scaler {
        Scaler { wanted: None, current: None, whole: u32::MAX, picture: None, since: 0, former: None }
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
        wanted.spatial != current.spatial && !holds(self.whole, wanted)
    }

    /// Decides on a packet of the source.
    pub(crate) fn admit(&mut self, scale: &Scale, sequence: u64, timestamp: u32) -> Admitted {
        let newest = self.picture.is_none_or(|(_, first)| sequence > first);
        let new_picture = newest && self.picture.is_none_or(|(newest, _)| newest != timestamp);
        if new_picture {
            self.picture = Some((timestamp, sequence));
            self.go_over(scale, sequence);
        }
        let target = if sequence < self.since { self.former } else { self.current };
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

    /// An encoder of several layers, as those of libwebrtc refer to frames.
    #[derive(Debug, Clone, Copy)]
    struct Encoder {
        spatial: u8,
        temporal: u8,
        /// Upper spatial layers need lower ones in key pictures alone.
        key_only: bool,
    }

    #[derive(Debug)]
    struct Frame {
        picture: u32,
        spatial: u8,
        temporal: u8,
        /// Picture and spatial layer of what it is predicted from.
        from: Vec<(u32, u8)>,
        scale: Scale,
    }

    impl Encoder {
        fn target(&self, spatial: u8, temporal: u8) -> Target {
            Target { index: spatial * self.temporal + temporal, spatial, temporal }
        }

        fn targets(&self) -> impl Iterator<Item = Target> + '_ {
            (0..self.spatial)
                .flat_map(move |spatial| (0..self.temporal).map(move |temporal| self.target(spatial, temporal)))
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

        fn frame(&self, picture: u32, is_key: bool, spatial: u8, temporal: u8, before: Option<u32>) -> Frame {
            let between_layers = is_key || !self.key_only;
            let mut from: Vec<(u32, u8)> = before.map(|before| (before, spatial)).into_iter().collect();
            if spatial > 0 && between_layers {
                from.push((picture, spatial - 1));
            }
            let mut scale = Scale { begins: true, ends: true, present: 0, starts: 0, opens: 0, needed: 0, tops: 0 };
            for target in self.targets() {
                let bit = 1 << target.index;
                scale.tops |= if target.spatial == spatial { bit } else { 0 };
                let part = target.spatial == spatial || (target.spatial > spatial && between_layers);
                if !part || target.temporal < temporal {
                    continue;
                }
                scale.present |= bit;
                let last = target.spatial == spatial && target.temporal == temporal && temporal > 0;
                scale.needed |= if last { 0 } else { bit };
                let opens = !last && (is_key || target.spatial == spatial);
                scale.opens |= if opens { bit } else { 0 };
            }
            Frame { picture, spatial, temporal, from, scale }
        }
    }

    /// A viewer whose decoder must have what every frame is predicted from.
    #[derive(Default)]
    struct Viewer {
        scaler: Scaler,
        has: BTreeSet<(u32, u8)>,
        /// Of each picture the layers that came, and whether it was ended.
        last: Option<(u32, u8, bool)>,
    }

    impl Viewer {
        fn watch(&mut self, frames: &[Frame], sequence: &mut u64) {
            for frame in frames {
                *sequence += 1;
                let admitted = self.scaler.admit(&frame.scale, *sequence, frame.picture * 3_000);
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
        (1u8..=3, 1u8..=3, any::<bool>()).prop_map(|(spatial, temporal, key_only)| Encoder {
            spatial,
            temporal,
            key_only,
        })
    }

    proptest! {
        /// Whatever is wanted when: nothing comes that can't be decoded, no picture
        /// is missing, each is ended once, and with key frames on demand one gets
        /// what one wants within a few pictures.
        #[test]
        fn what_comes_can_be_decoded_whatever_is_wanted(
            encoder in encoders(),
            wants in prop::collection::vec((0u8..3, 0u8..3, 1u32..25), 1..40),
        ) {
            let mut viewer = Viewer::default();
            let (mut picture, mut key, mut sequence) = (0, 0, 0);
            let mut target = encoder.target(0, 0);
            viewer.scaler.want(Some(target));
            viewer.scaler.start();
            for (spatial, temporal, pictures) in wants {
                target = encoder.target(spatial.min(encoder.spatial - 1), temporal.min(encoder.temporal - 1));
                viewer.scaler.want(Some(target));
                for _ in 0..pictures {
                    if viewer.scaler.waits_for_key_frame() {
                        key = picture;
                    }
                    let frames = encoder.picture(picture, key);
                    viewer.watch(&frames, &mut sequence);
                    let current = viewer.scaler.current().unwrap();
                    let shown = frames[0].temporal <= current.temporal;
                    let last = viewer.last.filter(|(last, ..)| *last == picture);
                    prop_assert_eq!(last, shown.then_some((picture, current.spatial, true)));
                    picture += 1;
                }
                if pictures > 4 {
                    prop_assert_eq!(viewer.scaler.current(), Some(target));
                }
            }
        }
    }

    #[test]
    fn a_smaller_picture_is_had_at_once_where_it_was_sent_along() {
        let encoder = Encoder { spatial: 3, temporal: 1, key_only: false };
        let mut viewer = Viewer::default();
        let mut sequence = 0;
        viewer.scaler.want(Some(encoder.target(2, 0)));
        viewer.scaler.start();
        (0..3).for_each(|picture| viewer.watch(&encoder.picture(picture, 0), &mut sequence));
        viewer.scaler.want(Some(encoder.target(0, 0)));
        assert!(!viewer.scaler.waits_for_key_frame());
        viewer.watch(&encoder.picture(3, 0), &mut sequence);
        assert_eq!(viewer.last, Some((3, 0, true)));
        viewer.scaler.want(Some(encoder.target(1, 0)));
        assert!(viewer.scaler.waits_for_key_frame(), "what is larger was not sent meanwhile");
    }

    #[test]
    fn where_layers_stand_alone_a_smaller_picture_takes_a_key_frame_too() {
        let encoder = Encoder { spatial: 3, temporal: 1, key_only: true };
        let mut viewer = Viewer::default();
        let mut sequence = 0;
        viewer.scaler.want(Some(encoder.target(2, 0)));
        viewer.scaler.start();
        (0..3).for_each(|picture| viewer.watch(&encoder.picture(picture, 0), &mut sequence));
        assert!(!viewer.has.contains(&(2, 0)), "nothing is sent that isn't needed");
        viewer.scaler.want(Some(encoder.target(0, 0)));
        assert!(viewer.scaler.waits_for_key_frame());
        viewer.watch(&encoder.picture(3, 0), &mut sequence);
        assert_eq!(viewer.last, Some((3, 2, true)), "and until it comes the picture goes on");
    }

    #[test]
    fn late_packets_belong_to_what_was_forwarded_when_they_were_due() {
        let encoder = Encoder { spatial: 2, temporal: 1, key_only: false };
        let mut scaler = Scaler::default();
        scaler.want(Some(encoder.target(1, 0)));
        scaler.start();
        let first = encoder.picture(0, 0);
        assert_eq!(scaler.admit(&first[0].scale, 1, 0), Admitted::Forwarded { ends_picture: false });
        scaler.want(Some(encoder.target(0, 0)));
        let second = encoder.picture(1, 0);
        assert_eq!(scaler.admit(&second[0].scale, 3, 3_000), Admitted::Forwarded { ends_picture: true });
        assert_eq!(scaler.admit(&first[1].scale, 2, 0), Admitted::Forwarded { ends_picture: true }, "it was late");
        assert_eq!(scaler.admit(&second[1].scale, 4, 3_000), Admitted::LeftOut);
    }
}
