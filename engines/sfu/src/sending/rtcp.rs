//! RTCP as it goes to viewers and comes from them (RFC 3550 6, RFC 4585,
//! RFC 5104, draft-holmer-rmcat-transport-wide-cc-extensions-01,
//! draft-alvestrand-rmcat-remb-03). Whatever can't be read is passed over.

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;
const NACK: u8 = 1;
const TRANSPORT_WIDE: u8 = 15;
const PICTURE_LOSS: u8 = 1;
const FULL_INTRA: u8 = 4;
const APPLICATION: u8 = 15;
const CNAME: u8 = 1;

const HEADER_BYTES: usize = 4;
/// With the sender's SSRC.
const SENDER_INFO_BYTES: usize = 24;
const BLOCK_BYTES: usize = 24;
/// Packets that one transport-wide report may speak of; real ones speak of a
/// tenth of a second.
pub(super) const STATUSES: usize = 4_096;

/// What a viewer says.
#[derive(Debug, PartialEq)]
pub(crate) enum Said<'a> {
    /// These sequence numbers of a stream are missing.
    Missing { ssrc: u32, entries: Missing<'a> },
    /// A key frame of a stream is needed.
    NeedsKeyFrame { ssrc: u32 },
    /// How a stream arrives.
    Reception(Reception),
    /// When packets arrived, by their transport-wide numbers.
    Arrivals(Arrivals<'a>),
    /// The receiver's own estimate of the bandwidth, in bits a second.
    Bandwidth { bps: u64 },
}

/// A report block (RFC 3550 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reception {
    pub(crate) ssrc: u32,
    /// Middle of the time stamp of the last sender report; 0: none came.
    pub(crate) last_report: u32,
    /// Since it came, in 1/65,536 s.
    pub(crate) delay: u32,
}

/// The entries of a NACK (RFC 4585 6.2.1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Missing<'a>(&'a [u8]);

impl Missing<'_> {
    pub(crate) fn sequences(&self) -> impl Iterator<Item = u16> + '_ {
        self.0.chunks_exact(4).flat_map(|entry| {
            let first = u16::from_be_bytes([entry[0], entry[1]]);
            let mask = u16::from_be_bytes([entry[2], entry[3]]);
            let more = (0..16).filter(move |bit| mask & (1 << bit) != 0).map(move |bit| first.wrapping_add(bit + 1));
            std::iter::once(first).chain(more)
        })
    }
}

/// A transport-wide report behind its SSRCs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Arrivals<'a>(&'a [u8]);

/// One packet of a transport-wide report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) sequence: u16,
    /// In µs on the receiver's clock, from the report's reference on; `None`: it didn't arrive.
    pub(crate) after_us: Option<i64>,
}

impl Arrivals<'_> {
    /// The report's reference on the receiver's clock, in units of 64 ms, 24 bits.
    pub(crate) fn reference(&self) -> u32 {
        u32::from_be_bytes([0, self.0[4], self.0[5], self.0[6]])
    }

    /// Fills `out`; `None`: the report is cut or malformed.
    pub(crate) fn read(&self, out: &mut Vec<Arrival>) -> Option<()> {
        const FIXED_BYTES: usize = 8;
        const TICK_US: i64 = 250;
        out.clear();
        let base = u16::from_be_bytes([self.0[0], self.0[1]]);
        let count = usize::from(u16::from_be_bytes([self.0[2], self.0[3]]));
        if count > STATUSES {
            return None;
        }
        let mut rest = &self.0[FIXED_BYTES..];
        let mut symbols: Vec<u8> = Vec::with_capacity(count);
        while symbols.len() < count {
            let (chunk, behind) = rest.split_first_chunk::<2>()?;
            rest = behind;
            let chunk = u16::from_be_bytes(*chunk);
            let left = count - symbols.len();
            if chunk & 0x8000 == 0 {
                let (symbol, run) = ((chunk >> 13 & 3) as u8, usize::from(chunk & 0x1fff));
                symbols.resize(symbols.len() + run.min(left), symbol);
            } else if chunk & 0x4000 == 0 {
                symbols.extend((0..14).rev().map(|bit| (chunk >> bit & 1) as u8).take(left));
            } else {
                symbols.extend((0..7).rev().map(|pair| (chunk >> (2 * pair) & 3) as u8).take(left));
            }
        }
        let mut after_us = 0;
        for (at, symbol) in symbols.into_iter().enumerate() {
            let delta = match symbol {
                1 => {
                    let (delta, behind) = rest.split_first()?;
                    rest = behind;
                    Some(i64::from(*delta))
                }
                2 => {
                    let (delta, behind) = rest.split_first_chunk::<2>()?;
                    rest = behind;
                    Some(i64::from(i16::from_be_bytes(*delta)))
                }
                _ => None,
            };
            let arrived = delta.map(|delta| {
                after_us += delta * TICK_US;
                after_us
            });
            out.push(Arrival { sequence: base.wrapping_add(at as u16), after_us: arrived });
        }
        Some(())
    }
}

/// Reads a compound packet.
pub(crate) fn read<'a>(mut compound: &'a [u8], mut each: impl FnMut(Said<'a>)) {
    while let [first, kind, high, low, ..] = *compound {
        let bytes = HEADER_BYTES + 4 * usize::from(u16::from_be_bytes([high, low]));
        if first >> 6 != 2 || compound.len() < bytes {
            return;
        }
        let (packet, behind) = compound.split_at(bytes);
        compound = behind;
        let count = first & 0x1f;
        let body = &packet[HEADER_BYTES..];
        match (kind, count) {
            (SENDER_REPORT, _) => blocks(body.get(SENDER_INFO_BYTES..), count, &mut each),
            (RECEIVER_REPORT, _) => blocks(body.get(4..), count, &mut each),
            (TRANSPORT_FEEDBACK | PAYLOAD_FEEDBACK, format) => feedback(kind, format, body, &mut each),
            _ => {}
        }
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn blocks<'a>(blocks: Option<&[u8]>, count: u8, each: &mut impl FnMut(Said<'a>)) {
    for block in blocks.unwrap_or_default().chunks_exact(BLOCK_BYTES).take(usize::from(count)) {
        let (Some(ssrc), Some(last_report), Some(delay)) = (word(block, 0), word(block, 16), word(block, 20)) else {
            return;
        };
        each(Said::Reception(Reception { ssrc, last_report, delay }));
    }
}

fn feedback<'a>(kind: u8, format: u8, body: &'a [u8], each: &mut impl FnMut(Said<'a>)) {
    const SSRCS_BYTES: usize = 8;
    let (Some(ssrc), Some(control)) = (word(body, 4), body.get(SSRCS_BYTES..)) else { return };
    match (kind, format) {
        (TRANSPORT_FEEDBACK, NACK) => each(Said::Missing { ssrc, entries: Missing(control) }),
        (TRANSPORT_FEEDBACK, TRANSPORT_WIDE) if control.len() >= 8 => each(Said::Arrivals(Arrivals(control))),
        (PAYLOAD_FEEDBACK, PICTURE_LOSS) => each(Said::NeedsKeyFrame { ssrc }),
        (PAYLOAD_FEEDBACK, FULL_INTRA) => {
            for entry in control.chunks_exact(8) {
                each(Said::NeedsKeyFrame { ssrc: u32::from_be_bytes([entry[0], entry[1], entry[2], entry[3]]) });
            }
        }
        (PAYLOAD_FEEDBACK, APPLICATION) if control.starts_with(b"REMB") => {
            let Some(value) = word(control, 4) else { return };
            let (exponent, mantissa) = (value >> 18 & 0x3f, u64::from(value & 0x3_ffff));
            let bps = u64::try_from(u128::from(mantissa) << exponent).unwrap_or(u64::MAX);
            each(Said::Bandwidth { bps });
        }
        _ => {}
    }
}

/// What a sender report says of one stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sending {
    pub(super) ssrc: u32,
    /// NTP time: seconds since 1900, 32 bits before the point and 32 behind it.
    pub(super) wall: u64,
    /// The stream's timestamp at that time.
    pub(super) timestamp: u32,
    pub(super) packets: u32,
    pub(super) octets: u32,
}

pub(super) fn write_sender_report(out: &mut Vec<u8>, sending: &Sending) {
    header(out, 0, SENDER_REPORT, SENDER_INFO_BYTES);
    out.extend_from_slice(&sending.ssrc.to_be_bytes());
    out.extend_from_slice(&sending.wall.to_be_bytes());
    for value in [sending.timestamp, sending.packets, sending.octets] {
        out.extend_from_slice(&value.to_be_bytes());
    }
}

/// An SDES with the CNAME of one source.
pub(super) fn write_description(out: &mut Vec<u8>, ssrc: u32, cname: &[u8]) {
    let cname = &cname[..cname.len().min(255)];
    // Type and length in front, and at least one zero behind.
    let item = (2 + cname.len() + 1).next_multiple_of(4);
    header(out, 1, SOURCE_DESCRIPTION, 4 + item);
    out.extend_from_slice(&ssrc.to_be_bytes());
    let start = out.len();
    out.extend_from_slice(&[CNAME, cname.len() as u8]);
    out.extend_from_slice(cname);
    out.resize(start + item, 0);
}

pub(super) fn write_bye(out: &mut Vec<u8>, ssrcs: &[u32]) {
    let ssrcs = &ssrcs[..ssrcs.len().min(31)];
    header(out, ssrcs.len() as u8, BYE, 4 * ssrcs.len());
    for ssrc in ssrcs {
        out.extend_from_slice(&ssrc.to_be_bytes());
    }
}

fn header(out: &mut Vec<u8>, count: u8, kind: u8, body_bytes: usize) {
    let [high, low] = ((body_bytes / 4) as u16).to_be_bytes();
    out.extend_from_slice(&[0x80 | count, kind, high, low]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(kind: u8, format: u8, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        header(&mut out, format, kind, body.len());
        out.extend_from_slice(body);
        out
    }

    fn said(bytes: &[u8]) -> Vec<Said<'_>> {
        let mut all = Vec::new();
        read(bytes, |said| all.push(said));
        all
    }

    #[test]
    fn what_viewers_say_is_understood_packet_by_packet() {
        let ssrcs = [0, 0, 0, 1, 0, 0, 0, 9];
        let mut compound = packet(
            RECEIVER_REPORT,
            1,
            &[&[0, 0, 0, 1, 0, 0, 0, 9, 64][..], &[0; 11], &[0, 0, 0, 5, 0, 0, 0, 6]].concat(),
        );
        compound.extend(packet(TRANSPORT_FEEDBACK, NACK, &[&ssrcs[..], &[0xff, 0xff, 0x80, 0x01]].concat()));
        compound.extend(packet(PAYLOAD_FEEDBACK, PICTURE_LOSS, &ssrcs));
        compound.extend(packet(PAYLOAD_FEEDBACK, FULL_INTRA, &[&[0; 8][..], &[0, 0, 0, 7, 1, 0, 0, 0]].concat()));
        compound.extend(packet(PAYLOAD_FEEDBACK, APPLICATION, &[&ssrcs[..], b"REMB", &[1, 0x0a, 0, 1]].concat()));
        let all = said(&compound);
        assert_eq!(all[0], Said::Reception(Reception { ssrc: 9, last_report: 5, delay: 6 }));
        let Said::Missing { ssrc: 9, entries } = &all[1] else { panic!("{all:?}") };
        assert_eq!(entries.sequences().collect::<Vec<_>>(), [0xffff, 0, 15]);
        assert_eq!(all[2], Said::NeedsKeyFrame { ssrc: 9 });
        assert_eq!(all[3], Said::NeedsKeyFrame { ssrc: 7 });
        assert_eq!(all[4], Said::Bandwidth { bps: (0x2_0001) << 2 });
        assert_eq!(all.len(), 5);
    }

    #[test]
    fn a_bandwidth_beyond_all_numbers_is_the_most_there_is() {
        let told = |value: u32| {
            let body = [&[0; 8][..], b"REMB", &value.to_be_bytes()].concat();
            let packet = packet(PAYLOAD_FEEDBACK, APPLICATION, &body);
            let [Said::Bandwidth { bps }] = said(&packet)[..] else { panic!() };
            bps
        };
        assert_eq!(told(0x0100_0000), 0);
        assert_eq!(told(63 << 18 | 1), 1 << 63);
        assert_eq!(told(63 << 18 | 2), u64::MAX);
        assert_eq!(told(63 << 18 | 0x3_ffff), u64::MAX);
    }

    #[test]
    fn arrivals_of_every_kind_of_chunk() {
        let mut control = vec![0xff, 0xfe, 0, 12, 0, 0, 3, 9];
        // A run of two small ones; then one bit each: 0 1 0…
        control.extend([0x20, 0x02, 0x90, 0x00]);
        control.extend([4, 8, 12]);
        control.resize(control.len().next_multiple_of(4), 0);
        let body = [&[0; 8][..], &control].concat();
        let packet = packet(TRANSPORT_FEEDBACK, TRANSPORT_WIDE, &body);
        let all = said(&packet);
        let Said::Arrivals(arrivals) = all[0] else { panic!("{all:?}") };
        assert_eq!(arrivals.reference(), 3);
        let mut out = Vec::new();
        arrivals.read(&mut out).unwrap();
        let arrived: Vec<(u16, i64)> = out.iter().filter_map(|it| Some((it.sequence, it.after_us?))).collect();
        assert_eq!(out.len(), 12);
        assert_eq!(arrived, [(0xfffe, 1_000), (0xffff, 3_000), (1, 6_000)]);

        let large = [0, 1, 0, 3, 0, 0, 0, 0, 0xe4, 0x00, 0xff, 0xfc, 2, 0];
        let body = [&[0; 8][..], &large, &[0, 0]].concat();
        let packet = self::packet(TRANSPORT_FEEDBACK, TRANSPORT_WIDE, &body);
        let all = said(&packet);
        let Said::Arrivals(arrivals) = all[0] else { panic!("{all:?}") };
        // 10 is large, 01 is small.
        arrivals.read(&mut out).unwrap();
        let arrived: Vec<Option<i64>> = out.iter().map(|it| it.after_us).collect();
        assert_eq!(arrived, [Some(-1_000), Some(-500), None]);
    }

    #[test]
    fn a_report_of_as_many_packets_as_may_be_and_one_more() {
        let of = |count: u16| {
            let [high, low] = count.to_be_bytes();
            let body = [&[0; 8][..], &[0, 0, high, low, 0, 0, 0, 0, 0x1f, 0xff, 0, 0]].concat();
            let packet = packet(TRANSPORT_FEEDBACK, TRANSPORT_WIDE, &body);
            let all = said(&packet);
            let Said::Arrivals(arrivals) = all[0] else { panic!("{all:?}") };
            arrivals.read(&mut Vec::new())
        };
        assert!(of(STATUSES as u16).is_some() && of(STATUSES as u16 + 1).is_none());
    }

    #[test]
    fn what_is_cut_is_passed_over_and_the_rest_is_still_read() {
        let mut compound = packet(TRANSPORT_FEEDBACK, TRANSPORT_WIDE, &[0; 12]);
        compound.extend(packet(99, 3, &[1; 8]));
        compound.extend(packet(PAYLOAD_FEEDBACK, PICTURE_LOSS, &[0, 0, 0, 1, 0, 0, 0, 9]));
        assert_eq!(said(&compound), [Said::NeedsKeyFrame { ssrc: 9 }]);
        for end in 0..compound.len() {
            assert!(said(&compound[..end]).is_empty());
        }
    }

    #[test]
    fn what_is_written_has_the_lengths_it_says() {
        let mut out = Vec::new();
        let sending = Sending { ssrc: 5, wall: 1 << 32, timestamp: 6, packets: 7, octets: 8 };
        write_sender_report(&mut out, &sending);
        write_description(&mut out, 5, b"hearth");
        write_bye(&mut out, &[5, 6]);
        assert_eq!(out.len(), 28 + 20 + 12);
        let mut lengths = Vec::new();
        let mut rest = &out[..];
        while rest.len() >= 4 {
            let bytes = 4 + 4 * usize::from(u16::from_be_bytes([rest[2], rest[3]]));
            lengths.push((rest[1], bytes));
            rest = &rest[bytes..];
        }
        assert_eq!(lengths, [(SENDER_REPORT, 28), (SOURCE_DESCRIPTION, 20), (BYE, 12)]);
    }
}
