//! What was sent on one connection, by transport-wide sequence numbers, until
//! the peer's reports tell when it arrived.

use super::estimate::Acked;
use super::rtcp::{Arrival, Arrivals};

/// Packets that are remembered: a second of two thousand, more than a report is late.
const REMEMBERED: usize = 2_048;
/// Unit of a report's reference time.
const REFERENCE_US: i64 = 64_000;
/// Reference times that are believed, thousands of years of them.
const REFERENCES: i64 = 1 << 40;

#[derive(Debug, Clone, Copy, Default)]
struct Packet {
    at_us: u64,
    bytes: u16,
    /// The probe that it is part of; 0: none.
    probe: u8,
    /// On its way, as far as we know.
    open: bool,
    /// It went more than once under its number: when the first arrived, or which
    /// one did, nobody can tell.
    again: bool,
}

#[derive(Debug, Default)]
pub(super) struct Sent {
    /// Grows to [`REMEMBERED`]; the packet of a number is at its remainder.
    packets: Vec<Packet>,
    next: u64,
    /// The last reference time, unwrapped.
    reference: Option<i64>,
    arrivals: Vec<Arrival>,
}

/// What a report told.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) acked: Vec<Acked>,
    pub(super) lost: usize,
}

impl Sent {
    /// The number of the packet to send now.
    pub(super) fn push(&mut self, at_us: u64, bytes: usize, probe: u8) -> u16 {
        let packet = Packet { at_us, bytes: bytes as u16, probe, open: true, again: false };
        let at = self.next as usize % REMEMBERED;
        if at < self.packets.len() {
            self.packets[at] = packet;
        } else {
            self.packets.push(packet);
        }
        self.next += 1;
        (self.next - 1) as u16
    }

    /// The packet of this number, or one before it with the same, went again as it was.
    pub(super) fn went_again(&mut self, number: u16) {
        if let Some(packet) = self.packet(number) {
            packet.again = true;
        }
    }

    /// The packet of this number, unless it is forgotten.
    fn packet(&mut self, number: u16) -> Option<&mut Packet> {
        let last = self.next.checked_sub(1)?;
        let back = u64::from((last as u16).wrapping_sub(number));
        let remembered = back < REMEMBERED as u64 && back <= last;
        remembered.then(|| &mut self.packets[(last - back) as usize % REMEMBERED])
    }

    /// Takes a report in; `told` is emptied first.
    pub(super) fn report(&mut self, arrivals: &Arrivals<'_>, told: &mut Told) {
        told.acked.clear();
        told.lost = 0;
        let mut list = std::mem::take(&mut self.arrivals);
        if arrivals.read(&mut list).is_some() {
            let reference_us = self.unwrap(arrivals.reference()) * REFERENCE_US;
            for arrival in &list {
                self.take(arrival, reference_us, told);
            }
        }
        self.arrivals = list;
    }

    fn take(&mut self, arrival: &Arrival, reference_us: i64, told: &mut Told) {
        let Some(packet) = self.packet(arrival.sequence).filter(|packet| packet.open) else { return };
        match arrival.after_us {
            // It may still be told of by a later report.
            None => told.lost += 1,
            Some(_) if packet.again => packet.open = false,
            Some(after_us) => {
                packet.open = false;
                told.acked.push(Acked {
                    sent_us: packet.at_us,
                    arrived_us: reference_us + after_us,
                    bytes: usize::from(packet.bytes),
                    probe: packet.probe,
                });
            }
        }
    }

    /// Reference times are 24 bits, signed in their differences.
    fn unwrap(&mut self, reference: u32) -> i64 {
        let unwrapped = match self.reference {
            None => i64::from(reference),
            Some(last) => {
                let ahead = (reference.wrapping_sub(last as u32) << 8) as i32 >> 8;
                last + i64::from(ahead)
            }
        };
        // Only who makes them up gets there; it is as if their clock had jumped.
        let unwrapped = if unwrapped.abs() < REFERENCES { unwrapped } else { i64::from(reference) };
        self.reference = Some(unwrapped);
        unwrapped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sending::rtcp::{Said, read};

    /// A report on `symbols` from `base` on, all small deltas of 1 ms.
    fn report(base: u16, reference: u32, symbols: &[bool]) -> Vec<u8> {
        let mut control = base.to_be_bytes().to_vec();
        control.extend((symbols.len() as u16).to_be_bytes());
        control.extend(&reference.to_be_bytes()[1..]);
        control.push(0);
        for symbols in symbols.chunks(14) {
            let bits = symbols.iter().enumerate().map(|(at, came)| u16::from(*came) << (13 - at)).sum::<u16>();
            control.extend((0x8000 | bits).to_be_bytes());
        }
        control.extend(symbols.iter().filter(|came| **came).map(|_| 4));
        control.resize(control.len().next_multiple_of(4), 0);
        let mut packet = vec![0x8f, 205, 0, ((8 + control.len()) / 4) as u8];
        packet.extend([0; 8]);
        packet.extend(control);
        packet
    }

    fn told(sent: &mut Sent, report: &[u8]) -> Told {
        let mut told = Told::default();
        read(report, |said| {
            let Said::Arrivals(arrivals) = said else { panic!() };
            sent.report(&arrivals, &mut told);
        });
        told
    }

    #[test]
    fn reports_find_their_packets_over_the_wrap_and_each_once() {
        let mut sent = Sent::default();
        for number in 0..70_000u64 {
            assert_eq!(sent.push(number * 1_000, 1_200, 0), number as u16);
        }
        let base = 69_990u64;
        let first = told(&mut sent, &report(base as u16, 0xff_ffff, &[true, false, true]));
        assert_eq!(first.lost, 1);
        let times: Vec<(u64, i64)> = first.acked.iter().map(|it| (it.sent_us, it.arrived_us)).collect();
        let reference = 0xff_ffff * REFERENCE_US;
        assert_eq!(times, [(69_990_000, reference + 1_000), (69_992_000, reference + 2_000)]);
        let again = told(&mut sent, &report(base as u16, 0, &[true, true, true]));
        assert_eq!(again.acked.len(), 1, "only what was not told before");
        assert_eq!(again.acked[0].arrived_us, reference + REFERENCE_US + 2_000, "the reference wrapped");
    }

    #[test]
    fn numbers_go_on_over_every_wrap() {
        let mut sent = Sent::default();
        for _ in 0..REMEMBERED {
            sent.push(0, 1_200, 0);
        }
        for wrap in [1u64 << 16, 1 << 32] {
            sent.next = wrap - 100;
            let numbers: Vec<u16> = (0..200).map(|_| sent.push(wrap, 1_200, 0)).collect();
            assert_eq!(numbers, (wrap - 100..wrap + 100).map(|number| number as u16).collect::<Vec<_>>());
            let told = told(&mut sent, &report((wrap - 100) as u16, 0, &[true; 200]));
            assert_eq!((told.acked.len(), told.lost), (200, 0));
        }
    }

    #[test]
    fn references_that_are_made_up_have_an_end() {
        let mut sent = Sent::default();
        for start in [REFERENCES - 1, 1 - REFERENCES] {
            sent.reference = Some(start);
            for step in 0..4 {
                sent.push(0, 1_200, 0);
                let reference = (start + step * start.signum() * 0x7f_ffff) as u32 & 0xff_ffff;
                let number = (sent.next - 1) as u16;
                let told = told(&mut sent, &report(number, reference, &[true]));
                assert_eq!(told.acked.len(), 1);
                assert!(told.acked[0].arrived_us.abs() <= REFERENCES * REFERENCE_US);
            }
        }
    }

    #[test]
    fn what_went_twice_under_its_number_may_be_lost_but_its_arrival_says_nothing() {
        let mut sent = Sent::default();
        sent.went_again(0);
        for _ in 0..REMEMBERED + 3 {
            sent.push(0, 100, 0);
        }
        for again in [0, 3, 4] {
            sent.went_again(again);
        }
        let first = told(&mut sent, &report(3, 0, &[true, false, true]));
        assert_eq!((first.acked.len(), first.lost), (1, 1));
        let second = told(&mut sent, &report(3, 0, &[true, true, true]));
        assert_eq!((second.acked.len(), second.lost), (0, 0));
    }

    #[test]
    fn what_was_never_sent_or_is_forgotten_is_passed_over() {
        let mut sent = Sent::default();
        assert!(told(&mut sent, &report(0, 0, &[true])).acked.is_empty());
        sent.push(0, 100, 0);
        assert!(told(&mut sent, &report(1, 0, &[true])).acked.is_empty());
        for _ in 0..REMEMBERED {
            sent.push(0, 100, 0);
        }
        assert!(told(&mut sent, &report(0, 0, &[true])).acked.is_empty(), "one too old");
        assert_eq!(told(&mut sent, &report(1, 0, &[true])).acked.len(), 1);
    }
}
