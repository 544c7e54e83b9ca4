//! The way out by itself: what leaves when, towards a client that says what a
//! test has it say.

use str0m::crypto::dtls::SrtpProfile;

use super::*;
use crate::sending::wire::{Wire, connected, video};
use crate::sending::{Carried, ExtensionIds};

const PACKET_BYTES: usize = 1_188;

const COUNTED: ExtensionIds =
    ExtensionIds { audio_level: 0, send_time: 0, transport: 3, mid: 0, orientation: 0, descriptor: 0 };

/// A leg with one stream of video.
struct Leg {
    outlet: Outlet,
    wire: Wire,
    client: Srtp,
    now: Instant,
    stream: usize,
    sequence: u64,
}

impl Leg {
    fn new() -> Leg {
        let now = Instant::now();
        let (mut outlet, client) = connected(SrtpProfile::AEAD_AES_128_GCM, true, now);
        let stream = outlet.describe(video(Some(2), COUNTED));
        Leg { outlet, wire: Wire::default(), client, now, stream, sequence: 0 }
    }

    /// A picture of so many packets comes in.
    fn picture(&mut self, packets: usize) {
        for _ in 0..packets {
            self.sequence += 1;
            let body = Arc::new(Body::new(vec![1; PACKET_BYTES].into(), false, Carried::default(), false));
            let as_sent = Rewritten { sequence: self.sequence, repair_type: Some(97), ..Rewritten::default() };
            self.outlet.push(self.stream, &body, as_sent, self.now);
        }
        self.outlet.send(self.now, &mut self.wire);
    }

    /// The client has not got these numbers of the stream.
    fn miss(&mut self, first: u16, last: u16) {
        let mut entries = Vec::new();
        for number in (first..=last).step_by(17) {
            let mask = (0..16).filter(|bit| number + bit < last).map(|bit| 1 << bit).sum::<u16>();
            entries.extend(number.to_be_bytes());
            entries.extend(mask.to_be_bytes());
        }
        let mut packet = vec![0x81, 205, 0, 2 + (entries.len() / 4) as u8, 0, 0, 0, 7, 0, 0, 0, 1];
        packet.extend(entries);
        self.client.seal_rtcp(&mut packet, 0).unwrap();
        self.outlet.hear(self.now, &packet, &mut Vec::new(), &mut self.wire);
    }

    /// Goes on until nothing waits; how long that took.
    fn drain(&mut self) -> Duration {
        let start = self.now;
        while let Some(at) = self.outlet.deadline() {
            self.now = at;
            self.outlet.advance(self.now, &mut self.wire);
        }
        self.now - start
    }
}

#[test]
fn a_large_picture_makes_those_behind_it_no_faster() {
    let mut leg = Leg::new();
    let mut send = |packets: usize| {
        leg.now += Duration::from_secs(1);
        leg.picture(packets);
        leg.drain()
    };
    let before = send(40);
    assert!(before > Duration::from_millis(40), "{before:?}");
    assert!(send(600) < Duration::from_millis(110));
    // What came in lately was more.
    send(40);
    for _ in 0..3 {
        let after = send(40);
        assert!(after + Duration::from_millis(5) >= before, "{after:?} instead of {before:?}");
    }
}

#[test]
fn what_was_given_up_is_neither_repaired_nor_counted() {
    let mut leg = Leg::new();
    leg.picture(40);
    let sent = leg.wire.datagrams.len();
    assert_eq!(sent, BURST_PACKETS);
    assert_eq!(leg.outlet.abandon(leg.stream), 40 - BURST_PACKETS as u64);
    leg.drain();
    assert_eq!(leg.outlet.streams[0].sent(), (sent as u32, (sent * PACKET_BYTES) as u32));
    leg.now += Duration::from_secs(1);
    leg.miss(1, 40);
    leg.drain();
    assert_eq!(leg.wire.datagrams.len(), 2 * sent, "what was sent is sent again");
}

/// SSRC and number of each datagram of media.
fn numbers(datagrams: &[Vec<u8>]) -> Vec<(u8, u16)> {
    datagrams.iter().map(|it| (it[11], u16::from_be_bytes([it[2], it[3]]))).collect()
}

#[test]
fn what_waits_when_a_stream_is_described_anew_goes_by_the_new_description() {
    let more = ExtensionIds { send_time: 5, mid: 4, ..COUNTED };
    // With repairs of their own, no longer; without, and with other extensions.
    for (before, after) in [((Some(2), COUNTED), (None, COUNTED)), ((None, COUNTED), (None, more))] {
        let mut leg = Leg::new();
        leg.outlet.describe(video(before.0, before.1));
        leg.picture(40);
        leg.drain();
        leg.now += Duration::from_secs(1);
        leg.wire.datagrams.clear();
        leg.miss(1, 40);
        leg.picture(40);
        let waits = leg.outlet.repairs.len();
        assert!(waits > 20, "{waits}");
        leg.wire.datagrams.clear();
        leg.outlet.describe(video(after.0, after.1));
        leg.drain();
        let expected: Vec<(u8, u16)> = (41..=80).map(|number| (1, number)).collect();
        assert_eq!(numbers(&leg.wire.datagrams), expected, "no number a second time");
        assert_eq!(leg.outlet.queued_bytes, 0);
        let header = after.1.header_bytes(Some(b"0"), &Carried::default());
        let tag = leg.client.tag_bytes();
        for datagram in &leg.wire.datagrams {
            assert_eq!(datagram.len(), header + PACKET_BYTES + tag);
            let in_the_open = |bytes: &[u8]| datagram[..header].windows(bytes.len()).any(|it| it == bytes);
            assert_eq!(in_the_open(&[4 << 4, b'0']), after.1.mid != 0, "all of the header, to its end");
            assert!(datagram[header..][..16] != [1; 16], "and nothing of the payload");
        }
    }
}

#[test]
fn one_who_told_a_bandwidth_is_not_silent_while_its_reports_say_that_something_arrives() {
    let mut leg = Leg::new();
    leg.outlet.describe(video(Some(2), ExtensionIds::default()));
    let mut remb = vec![0x8f, 206, 0, 5, 0, 0, 0, 7, 0, 0, 0, 0];
    remb.extend(b"REMB");
    remb.extend((1u32 << 24 | 2 << 18 | 200_000).to_be_bytes());
    remb.extend(1u32.to_be_bytes());
    leg.client.seal_rtcp(&mut remb, 0).unwrap();
    leg.outlet.hear(leg.now, &remb, &mut Vec::new(), &mut leg.wire);
    let mut names = (leg.outlet.clock.ntp(leg.now) >> 16) as u32;
    let mut go_on = |seconds: u32, arrives: bool| {
        for tick in 0..10 * seconds {
            leg.now += Duration::from_millis(100);
            leg.picture(1);
            leg.outlet.tick(leg.now, 0, &mut leg.wire);
            if tick % 10 == 0 {
                let middle = (leg.outlet.clock.ntp(leg.now) >> 16) as u32;
                names = if arrives { middle - 0x8000 } else { names };
                let mut report = vec![0x81, 201, 0, 7, 0, 0, 0, 7, 0, 0, 0, 1];
                report.resize(24, 0);
                report.extend(names.to_be_bytes());
                report.extend((middle - names - 0x1000).to_be_bytes());
                leg.client.seal_rtcp(&mut report, 0).unwrap();
                leg.outlet.hear(leg.now, &report, &mut Vec::new(), &mut leg.wire);
            }
        }
        leg.outlet.estimate_bps().unwrap()
    };
    assert_eq!(go_on(10, true), 800_000);
    let fallen = go_on(12, false);
    assert!(fallen < 300_000, "only the way back is left: {fallen}");
}

#[test]
fn repairs_of_a_narrow_link_leave_as_evenly_as_pictures_do() {
    let mut leg = Leg::new();
    leg.picture(100);
    leg.drain();
    leg.now += Duration::from_secs(1);
    leg.wire.datagrams.clear();
    leg.miss(1, 100);
    assert_eq!(leg.wire.datagrams.len(), BURST_PACKETS);
    let took = leg.drain();
    assert!((50..=200).contains(&took.as_millis()), "{took:?}");
    assert!(leg.wire.datagrams.len() >= 90, "{}", leg.wire.datagrams.len());
}

#[test]
fn keys_are_not_made_anew_while_there_is_no_way_to_the_client() {
    let mut leg = Leg::new();
    leg.picture(1);
    leg.drain();
    leg.outlet.tick(leg.now, 0, &mut leg.wire);
    let route = leg.outlet.route.take();
    leg.picture(1);
    leg.outlet.route = route;
    leg.now += Duration::from_secs(2);
    leg.outlet.tick(leg.now, 0, &mut leg.wire);
    let reports: Vec<u32> =
        leg.wire.datagrams.iter().filter(|it| (200..=204).contains(&it[1])).map(|it| index(it)).collect();
    assert_eq!(reports, [1, 2], "each sealed under a number of its own");
}

/// The number that an RTCP packet is sealed under, which stands at its end.
fn index(sealed: &[u8]) -> u32 {
    u32::from_be_bytes(*sealed.last_chunk().unwrap()) & 0x7fff_ffff
}
