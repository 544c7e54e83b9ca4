//! The ladder of a broadcast: when it is encoded, and when no more.
//!
//! ```text
//! offered ──somebody watches by HLS, and there is a place──► runs ──nobody for a while──► offered
//!    ▲                        │ no place                       │ falls behind
//!    │                        ▼                                ▼
//!    └─── a place ──── not offered ◄──────── a while ──── given up
//! ```

use hearth_media::convert::Converted;
use hearth_media::{Frame, Ladder, Live, Packager, Step};
use hearth_protocol::ids::SpaceId;
use hearth_protocol::media::Conversion;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::packaging::Room;
use super::picture::FFMPEG;
use crate::node::Node;

/// Nobody has watched by HLS for so long: nothing is encoded any more.
pub const STOPS_AFTER: Duration = Duration::from_secs(30);
/// One that fell behind is tried again after this long.
pub const AGAIN_AFTER: Duration = Duration::from_secs(300);
/// How often it is looked whether somebody watches.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The places for ladders that run at the same time.
#[derive(Debug, Default)]
pub struct Places {
    taken: Arc<AtomicUsize>,
}

/// One place, until it is dropped.
#[derive(Debug)]
pub struct Place(Arc<AtomicUsize>);

impl Places {
    /// A place, unless all `most` are taken.
    pub fn take(&self, most: usize) -> Option<Place> {
        let taken =
            self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| (taken < most).then_some(taken + 1));
        taken.is_ok().then(|| Place(self.taken.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The ladder of one broadcast.
pub struct Climb {
    ladder: Ladder,
    place: Option<Place>,
    watched_at: Option<Instant>,
    given_up_at: Option<Instant>,
    looked_at: Option<Instant>,
}

impl Climb {
    /// `sink` takes what encoders give, to be handed to [`Climb::converted`].
    pub fn new(live: Live, packager: &mut Packager, sink: impl Fn(usize, Converted) + Send + Sync + 'static) -> Self {
        let ladder = Ladder::new(Path::new(FFMPEG), live, packager, Arc::new(sink));
        Self { ladder, place: None, watched_at: None, given_up_at: None, looked_at: None }
    }

    /// Takes what an encoder gave.
    pub fn converted(&mut self, rung: usize, converted: Converted) {
        if let Converted::Failed(error) = &converted {
            tracing::warn!(%error, rung, "a rung of a ladder is no longer encoded");
        }
        self.ladder.converted(rung, converted);
    }

    /// A frame was pushed into the source's packager.
    pub fn pushed(&mut self, packager: &mut Packager, frame: &Frame, node: &Node, space: &SpaceId) {
        if self.ladder.pushed(packager, frame) == Step::Behind && self.place.is_some() {
            tracing::warn!(%space, "smaller sizes can't be encoded as fast as the picture comes: they are given up");
            self.given_up_at = Some(Instant::now());
            self.stop(node, space);
            self.ladder.offer(false);
            node.broadcasts().converts(node, space, Conversion::LadderGivenUp, true);
        }
    }

    /// Starts and stops it by who watches.
    pub fn look(&mut self, now: Instant, room: &Room, node: &Node) {
        if self.looked_at.is_some_and(|at| now.saturating_duration_since(at) < LOOK_EVERY) {
            return;
        }
        self.looked_at = Some(now);
        let since = |at: Option<Instant>| at.map(|at| now.saturating_duration_since(at));
        if since(self.given_up_at).is_some_and(|since| since >= AGAIN_AFTER) {
            self.given_up_at = None;
            self.ladder.offer(true);
            node.broadcasts().converts(node, room.space(), Conversion::LadderGivenUp, false);
        }
        if room.crowd().count(now) > 0 {
            self.watched_at = Some(now);
        }
        let watched = since(self.watched_at).is_some_and(|since| since < STOPS_AFTER);
        if self.place.is_some() && (!watched || !self.ladder.is_of_use()) {
            self.stop(node, room.space());
        } else if self.place.is_none() && watched && self.ladder.is_of_use() && self.given_up_at.is_none() {
            self.start(node, room.space());
        }
    }

    /// Tells again what is converted: another leg brings the media.
    pub fn tell(&self, node: &Node, space: &SpaceId) {
        node.broadcasts().converts(node, space, Conversion::Ladder, self.place.is_some());
        node.broadcasts().converts(node, space, Conversion::LadderGivenUp, self.given_up_at.is_some());
    }

    /// Ends it with the source, which has to be finished before.
    pub fn finish(self) {
        self.ladder.finish();
    }

    fn start(&mut self, node: &Node, space: &SpaceId) {
        self.place = node.broadcasts().ladders().take(node.config().broadcast.ladders());
        // What is not encoded is not offered: it would be the source by another name.
        self.ladder.offer(self.place.is_some());
        if self.place.is_some() {
            self.ladder.start();
            node.broadcasts().converts(node, space, Conversion::Ladder, true);
        }
    }

    fn stop(&mut self, node: &Node, space: &SpaceId) {
        self.ladder.stop();
        self.place = None;
        node.broadcasts().converts(node, space, Conversion::Ladder, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_as_many_as_may_be_and_come_back() {
        let places = Places::default();
        assert!(places.take(0).is_none());
        let taken: Vec<_> = (0..3).filter_map(|_| places.take(3)).collect();
        assert_eq!(taken.len(), 3);
        assert!(places.take(3).is_none(), "one past");
        drop(taken);
        assert!(places.take(1).is_some());
    }
}
