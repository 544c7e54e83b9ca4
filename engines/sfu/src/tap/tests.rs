//! All of the tap but its thread, with packets made by hand.

use std::sync::Mutex;

use super::*;
use crate::forward::rewrite::SourceId;

pub(super) fn packet(sequence: u64, timestamp: u32, arrived: Instant) -> TapPacket {
    TapPacket {
        tap: TapKey(1),
        track: TrackKey(1),
        layer: 0,
        source: SourceId(1),
        codec: Codec::Opus,
        red: false,
        sequence,
        timestamp,
        marker: true,
        arrived,
        clock: None,
        payload: Arc::from([1, 2, 3]),
    }
}

pub(super) fn h264_packet(sequence: u64, timestamp: u32, payload: &[u8], marker: bool, arrived: Instant) -> TapPacket {
    TapPacket { codec: Codec::H264, marker, payload: Arc::from(payload), ..packet(sequence, timestamp, arrived) }
}

struct World {
    now: Instant,
    taps: Taps,
    frames: Arc<Mutex<Vec<TapFrame>>>,
    sequences: [u64; 3],
    /// Frame of the next second that is lost.
    loses: Option<u32>,
}

impl World {
    /// A tapped leg with one camera in three layers.
    fn new() -> World {
        let frames: Arc<Mutex<Vec<TapFrame>>> = Arc::default();
        let sink = frames.clone();
        let now = Instant::now();
        let mut taps = Taps::new(now, TapSink(Arc::new(move |frame| sink.lock().unwrap().push(frame))));
        let track = TappedTrack {
            key: TrackKey(1),
            track: TrackId::parse("track_a_0").unwrap(),
            kind: Kind::Video,
            source: Source::Camera,
            rids: ["q", "h", "f"].map(str::to_owned).to_vec(),
        };
        let leg = LegId::parse("leg_a").unwrap();
        let wants = TapWants { key_frame_every_ms: 2_000 };
        taps.take(now, Tapped::Leg { tap: TapKey(1), leg, wants, tracks: vec![track] });
        World { now, taps, frames, sequences: [10, 20, 30], loses: None }
    }

    /// A second of frames of these layers, a key frame where one is wanted.
    fn second(&mut self, layers: &[usize]) -> Vec<TapFrame> {
        for frame in 0..50 {
            self.now += Duration::from_millis(20);
            self.taps.advance(self.now);
            let wanted = std::mem::take(&mut self.taps.wanted);
            for &layer in layers {
                let key = frame == 0 || wanted.contains(&(TrackKey(1), layer));
                let header = if key { 0x65 } else { 0x61 };
                let at = self.now.duration_since(self.taps.began).as_millis() as u32 * 90;
                let sequence = self.sequences[layer];
                self.sequences[layer] += 1;
                let packet = TapPacket {
                    layer,
                    source: SourceId(layer as u64),
                    ..h264_packet(sequence, at + layer as u32 * 777, &[header, layer as u8], true, self.now)
                };
                if self.loses != Some(frame) {
                    self.taps.take(self.now, Tapped::Packet(packet));
                }
            }
        }
        self.loses = None;
        std::mem::take(&mut self.frames.lock().unwrap())
    }
}

fn rids(frames: &[TapFrame]) -> Vec<&str> {
    let mut rids: Vec<&str> = frames.iter().map(|frame| frame.rid.as_str()).collect();
    rids.dedup();
    rids
}

#[test]
fn the_highest_layer_that_flows_is_given_out_from_key_frame_to_key_frame() {
    let mut world = World::new();
    let mut all = Vec::new();
    for (layers, expected) in [
        (&[0, 1, 2][..], &["f"][..]),
        (&[0, 1], &["f", "h"]),
        (&[0, 1], &["h"]),
        (&[0, 1, 2], &["h", "f"]),
        (&[0], &[]),
        (&[0], &["q"]),
    ] {
        let frames = world.second(layers);
        let got: Vec<&str> = rids(&frames).into_iter().filter(|rid| expected.contains(rid)).collect();
        assert!(got.len() <= expected.len() && got.last() == expected.last(), "{layers:?}: {:?}", rids(&frames));
        all.extend(frames);
    }
    for pair in all.windows(2) {
        assert!(pair[1].timestamp_us > pair[0].timestamp_us, "time rises");
        assert!(pair[0].rid == pair[1].rid || pair[1].key_frame, "a layer begins with a key frame");
    }
    assert!(all[0].key_frame && all[0].rid == "f");
    assert!(all.iter().all(|frame| !frame.discontinuity), "nothing is missing");
    assert!(all.len() > 200);
    assert_eq!(world.taps.frames, all.len() as u64);
}

#[test]
fn key_frames_are_asked_for_as_often_as_wanted_and_at_once_after_a_loss() {
    let mut world = World::new();
    world.second(&[2]);
    world.second(&[2]);
    let keys = |frames: &[TapFrame]| frames.iter().filter(|frame| frame.key_frame).count();
    // The source has one at the beginning of each second by itself.
    assert_eq!(keys(&world.second(&[2])), 1);
    world.loses = Some(5);
    let frames = world.second(&[2]);
    let broken: Vec<&TapFrame> = frames.iter().filter(|frame| frame.discontinuity).collect();
    assert_eq!(broken.len(), 1);
    assert!(broken[0].key_frame);
    assert_eq!(frames.len(), 50 - 11, "given up after 200 ms, and a key frame comes at once");
}

#[test]
fn a_leg_that_is_tapped_no_more_gives_nothing() {
    let mut world = World::new();
    assert!(!world.second(&[2]).is_empty());
    world.taps.take(world.now, Tapped::Ended { tap: TapKey(1) });
    assert!(world.taps.is_empty());
    assert!(world.second(&[2]).is_empty());
}

#[test]
fn another_ssrc_is_a_break() {
    let mut world = World::new();
    world.second(&[0]);
    let now = world.now + Duration::from_millis(20);
    let other = TapPacket { source: SourceId(99), ..h264_packet(9_000, 5, &[0x65, 7], true, now) };
    world.taps.take(now, Tapped::Packet(other));
    world.taps.advance(now + Duration::from_millis(TAP_HOLD_MS));
    let frames = std::mem::take(&mut *world.frames.lock().unwrap());
    let last = frames.last().unwrap();
    assert!(last.discontinuity && last.key_frame && last.data[..] == [0, 0, 0, 2, 0x65, 7]);
}
