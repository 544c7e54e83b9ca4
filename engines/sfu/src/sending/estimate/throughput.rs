//! What arrives, in bits a second: a Bayesian mean that trusts a sample the
//! less, the more it differs, as in libwebrtc's acknowledged bitrate.

const FIRST_WINDOW_US: i64 = 500_000;
const WINDOW_US: i64 = 150_000;
/// Nothing for this long, and the window starts anew.
const PAUSE_US: i64 = 2_000_000;

#[derive(Debug, Default)]
pub(super) struct Throughput {
    window: Option<(i64, usize)>,
    last_us: i64,
    /// Mean in kbit/s, and its variance.
    mean: Option<(f64, f64)>,
}

impl Throughput {
    pub(super) fn bps(&self) -> Option<f64> {
        self.mean.map(|(kbps, _)| kbps * 1_000.0)
    }

    pub(super) fn arrived(&mut self, at_us: i64, bytes: usize) {
        let Some((began_us, sum)) = self.window else {
            self.window = Some((at_us, 0));
            self.last_us = at_us;
            return;
        };
        if at_us - self.last_us > PAUSE_US || at_us < began_us {
            self.window = Some((at_us, 0));
            self.last_us = at_us;
            return;
        }
        self.last_us = self.last_us.max(at_us);
        let length_us = if self.mean.is_some() { WINDOW_US } else { FIRST_WINDOW_US };
        let elapsed_us = at_us - began_us;
        if elapsed_us < length_us {
            self.window = Some((began_us, sum + bytes));
            return;
        }
        self.window = Some((at_us, 0));
        self.sample((sum + bytes) as f64 * 8.0 * 1_000.0 / elapsed_us as f64);
    }

    fn sample(&mut self, kbps: f64) {
        const UNCERTAINTY: f64 = 10.0;
        const FIRST_VARIANCE: f64 = 50.0;
        const DRIFT: f64 = 5.0;
        let Some((mean, variance)) = self.mean else {
            self.mean = Some((kbps, FIRST_VARIANCE));
            return;
        };
        let doubt = UNCERTAINTY * (mean - kbps).abs() / mean.max(1.0);
        let (sample_variance, variance) = (doubt * doubt, variance + DRIFT);
        let sum = sample_variance + variance;
        let mean = (sample_variance * mean + variance * kbps) / sum;
        self.mean = Some((mean, sample_variance * variance / sum));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_rate_is_met_and_a_new_one_is_followed() {
        let mut throughput = Throughput::default();
        let mut at_us = 0;
        let mut play = |throughput: &mut Throughput, every_us: i64, for_us: i64| {
            let end = at_us + for_us;
            while at_us < end {
                throughput.arrived(at_us, 1_250);
                at_us += every_us;
            }
            throughput.bps().unwrap_or(0.0)
        };
        assert_eq!(play(&mut throughput, 10_000, 400_000), 0.0, "not yet");
        let steady = play(&mut throughput, 10_000, 3_000_000);
        assert!((steady - 1_000_000.0).abs() < 80_000.0, "{steady}");
        let halved = play(&mut throughput, 20_000, 3_000_000);
        assert!((halved - 500_000.0).abs() < 60_000.0, "{halved}");
    }
}
