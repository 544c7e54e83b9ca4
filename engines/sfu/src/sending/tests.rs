//! The way out as a whole: from packets handed in and reports of a client to datagrams.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::crypto::dtls::SrtpProfile;

use super::srtp::Srtp;
use super::wire::{SSRC, Wire, connected, video};
use super::{Body, Carried, ExtensionIds, Outlet, Rewritten};

const PROFILES: [SrtpProfile; 3] =
    [SrtpProfile::AES128_CM_SHA1_80, SrtpProfile::AEAD_AES_128_GCM, SrtpProfile::AEAD_AES_256_GCM];
const EVERYTHING: ExtensionIds =
    ExtensionIds { audio_level: 1, send_time: 2, transport: 3, mid: 4, orientation: 13, descriptor: 8 };
/// Longer than any repair rests.
const RESTED: Duration = Duration::from_secs(1);

/// An outlet with one video stream that has no SSRC for repairs, and its client.
struct Viewer {
    outlet: Outlet,
    client: Srtp,
    wire: Wire,
    now: Instant,
}

impl Viewer {
    fn new(profile: SrtpProfile, extensions: ExtensionIds, estimates: bool) -> Viewer {
        let now = Instant::now();
        let (mut outlet, client) = connected(profile, estimates, now);
        outlet.describe(video(None, extensions));
        Viewer { outlet, client, wire: Wire::default(), now }
    }

    fn hand_in(&mut self, sequence: u64, bytes: usize) {
        let carried = Carried { descriptor: Some(Box::new([0xc0, 0, sequence as u8])), ..Carried::default() };
        let mut payload = vec![sequence as u8; bytes];
        payload[..5].copy_from_slice(&[0x90, 0xe0, 0x80, 1, 2]);
        let body = Arc::new(Body::new(payload.into(), false, carried, true));
        let as_sent = Rewritten {
            sequence,
            timestamp: 5,
            payload_type: 96,
            vp8: Some((0x123, 9)),
            raise: 2,
            ..Rewritten::default()
        };
        self.outlet.push(0, &body, as_sent, self.now);
    }

    fn send(&mut self) -> Vec<Vec<u8>> {
        self.outlet.send(self.now, &mut self.wire);
        std::mem::take(&mut self.wire.datagrams)
    }

    /// The client misses these; what it gets thereupon.
    fn miss(&mut self, sequences: impl Iterator<Item = u64>) -> Vec<Vec<u8>> {
        let mut nack = vec![0x81, 205, 0, 0, 0, 0, 0, 1];
        nack.extend(SSRC.to_be_bytes());
        sequences.for_each(|sequence| nack.extend(((sequence as u32) << 16).to_be_bytes()));
        let words = (nack.len() / 4 - 1) as u16;
        nack[2..4].copy_from_slice(&words.to_be_bytes());
        self.client.seal_rtcp(&mut nack, 0);
        self.outlet.hear(self.now, &nack, &mut Vec::new(), &mut self.wire);
        std::mem::take(&mut self.wire.datagrams)
    }

    /// The client says that it knows what the SSRC is of.
    fn bind(&mut self) {
        let mut report = vec![0x81, 201, 0, 7, 0, 0, 0, 1];
        report.extend(SSRC.to_be_bytes());
        report.resize(32, 0);
        self.client.seal_rtcp(&mut report, 0);
        self.outlet.hear(self.now, &report, &mut Vec::new(), &mut self.wire);
    }
}

fn number(datagram: &[u8]) -> u16 {
    u16::from_be_bytes([datagram[2], datagram[3]])
}

fn extension_words(datagram: &[u8]) -> u16 {
    if datagram[0] & 0x10 == 0 { 0 } else { u16::from_be_bytes([datagram[14], datagram[15]]) }
}

#[test]
fn without_rtx_the_very_same_bytes_are_sent_again_whatever_has_changed_since() {
    let estimated_by_client = ExtensionIds { transport: 0, ..EVERYTHING };
    for profile in PROFILES {
        for extensions in [EVERYTHING, estimated_by_client, ExtensionIds::default()] {
            let mut viewer = Viewer::new(profile, extensions, false);
            // Of slightly different sizes, so that some are padded, and over the wrap.
            for sequence in 65_520..65_560 {
                viewer.hand_in(sequence, 1_000 + (sequence as usize * 5) % 13);
            }
            let sent = viewer.send();
            assert_eq!(sent.len(), 40);
            assert!(sent.iter().any(|datagram| datagram[0] & 0x20 != 0), "some are padded");
            viewer.bind();
            viewer.now += RESTED;
            viewer.hand_in(65_560, 1_000);
            let without_mid = viewer.send();
            let shorter = extension_words(&without_mid[0]) < extension_words(&sent[0]);
            assert_eq!(shorter, extensions.mid != 0, "later ones leave the m-line out");
            let first: BTreeMap<u16, &Vec<u8>> = sent.iter().map(|datagram| (number(datagram), datagram)).collect();
            let missing = [65_520, 65_521, 65_535, 65_536, 65_537, 65_559];
            let again = viewer.miss(missing.into_iter());
            let numbers: Vec<u64> = again.iter().map(|datagram| u64::from(number(datagram))).collect();
            assert_eq!(numbers, missing.map(|sequence| sequence & 0xffff));
            assert!(again.iter().all(|datagram| datagram == first[&number(datagram)]));
            assert!(viewer.miss(missing.into_iter()).is_empty(), "they were sent just now");
            viewer.now += RESTED;
            assert_eq!(viewer.miss(missing.into_iter()), again);
        }
    }
}

#[test]
fn only_what_went_out_is_sent_again_and_not_under_another_description() {
    let mut viewer = Viewer::new(SrtpProfile::AEAD_AES_128_GCM, EVERYTHING, true);
    for sequence in 1..=200 {
        viewer.hand_in(sequence, 1_000);
    }
    let sent = viewer.send();
    assert!(sent.len() < 100, "the pacer holds some back");
    let waits = sent.len() as u64 + 1;
    assert!(viewer.miss([waits, 200].into_iter()).is_empty());
    assert_eq!(viewer.outlet.abandon(0), 200 - sent.len() as u64);
    viewer.now += RESTED;
    assert!(viewer.miss([waits, 200].into_iter()).is_empty(), "what was given up never went out");
    assert_eq!(viewer.miss([1].into_iter()), sent[..1]);
    viewer.outlet.describe(video(None, EVERYTHING));
    assert_eq!(viewer.miss([2].into_iter()), sent[1..2]);
    viewer.outlet.describe(video(None, ExtensionIds { descriptor: 9, ..EVERYTHING }));
    assert!(viewer.miss([3].into_iter()).is_empty(), "it would be other bytes under the same number");
}

#[test]
fn repairs_without_rtx_keep_to_the_budget_of_repairs() {
    let mut viewer = Viewer::new(SrtpProfile::AEAD_AES_128_GCM, EVERYTHING, false);
    for sequence in 1..=400 {
        viewer.hand_in(sequence, 1_000);
    }
    let sent = viewer.send();
    let bytes = |datagrams: &[Vec<u8>]| datagrams.iter().map(Vec::len).sum::<usize>();
    let most = |bytes: usize| bytes + sent[0].len()..bytes + 20 * sent[0].len();
    let at_once = bytes(&viewer.miss(1..=400));
    assert!(most(120_000 - sent[0].len()).contains(&at_once), "{at_once}");
    assert!(viewer.miss(300..=400).is_empty(), "nothing is left");
    // Half of 2.5 Mbit/s, for a fifth of a second.
    viewer.now += Duration::from_millis(200);
    let later = bytes(&viewer.miss(1..=400));
    assert!((30_000..33_000).contains(&later), "{later}");
}

#[test]
fn nothing_is_probed_with_what_can_only_be_sent_as_it_was() {
    let mut viewer = Viewer::new(SrtpProfile::AEAD_AES_128_GCM, EVERYTHING, true);
    viewer.hand_in(1, 1_000);
    assert_eq!(viewer.send().len(), 1);
    for _ in 0..20 {
        viewer.now += Duration::from_millis(100);
        viewer.outlet.tick(viewer.now, 8_000_000, &mut viewer.wire);
        viewer.outlet.advance(viewer.now, &mut viewer.wire);
    }
    let media = |datagram: &&Vec<u8>| !(192..=223).contains(&datagram[1]);
    assert_eq!(viewer.wire.datagrams.iter().filter(media).count(), 0);
}

#[test]
fn a_copy_for_another_thread_is_the_same_and_shares_nothing() {
    let carried = Carried { audio_level: Some(3), descriptor: Some(Box::new([1, 2, 3])), ..Carried::default() };
    let body = Body::new(vec![0x90, 0xe0, 0x81, 2, 7, 0x20, 0x10].into(), true, carried, true);
    let apart = body.apart();
    assert!(!Arc::ptr_eq(&apart.payload, &body.payload));
    assert_eq!((&apart.payload, apart.marker, &apart.carried), (&body.payload, body.marker, &body.carried));
    assert!(apart.vp8.is_some());
    assert_eq!(apart.vp8.map(|it| it.picture), body.vp8.map(|it| it.picture));
}
