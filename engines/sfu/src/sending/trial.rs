//! What fuzzing calls: reports of a viewer, from their bytes to the estimate.

use super::estimate::Estimator;
use super::rtcp::{self, STATUSES, Said};
use super::sent::{Sent, Told};

/// Takes compound packets in, one after the other, each 20 ms after the last.
pub(crate) fn take_reports(compounds: &[&[u8]]) {
    const PACKETS: usize = 300;
    let (mut sent, mut told, mut estimator) = (Sent::default(), Told::default(), Estimator::new(1_000_000));
    for packet in 0..PACKETS {
        sent.push(packet as u64 * 1_000, 1_200, 0);
    }
    let mut acked = 0;
    let mut now_us = PACKETS as u64 * 1_000;
    for compound in compounds {
        now_us += 20_000;
        rtcp::read(compound, |said| match said {
            Said::Arrivals(arrivals) => {
                sent.report(&arrivals, &mut told);
                assert!(told.acked.len() + told.lost <= STATUSES);
                acked += told.acked.len();
                estimator.report(now_us, &told.acked, told.lost);
            }
            Said::Missing { entries, .. } => assert!(entries.sequences().count() <= compound.len() * 17 / 4),
            Said::Bandwidth { bps } => estimator.receiver_says(now_us, bps),
            Said::NeedsKeyFrame { .. } | Said::Reception(_) => {}
        });
        assert!((30_000..=100_000_000).contains(&estimator.bps()), "{}", estimator.bps());
    }
    assert!(acked <= PACKETS, "a packet arrives once");
}
