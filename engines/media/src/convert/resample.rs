//! Sound of any standard rate at 48 kHz: a windowed sinc in phases, exact in time.

use std::f64::consts::PI;

/// The rate of Opus.
pub const OUT_HZ: u32 = 48_000;
/// Rates of AAC (ISO/IEC 14496-3 table 1.18): their ratios to 48 kHz have few phases.
const RATES_HZ: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
/// Taps of a phase, before the window is widened for rates above 48 kHz.
const TAPS: usize = 48;
/// Share of the narrower band that passes.
const PASS_BAND: f64 = 0.92;
/// Shape of the Kaiser window: about 90 dB.
const KAISER_BETA: f64 = 9.0;

/// Resamples interleaved sound. A sample out at time t is the sound in at t: the filter's own delay
/// is taken out, and only waited for.
#[derive(Debug)]
pub struct Resampler {
    channels: usize,
    /// Samples in for each `up` samples out.
    down: usize,
    up: usize,
    taps: usize,
    /// `up` phases of `taps` each.
    filter: Vec<f32>,
    /// Samples in that are still needed, interleaved.
    history: Vec<f32>,
    /// Where the next sample out is: whole samples into `history`, and its phase.
    position: usize,
    phase: usize,
}

impl Resampler {
    /// `None`: not a standard rate.
    pub fn new(rate_hz: u32, channels: usize) -> Option<Resampler> {
        if !RATES_HZ.contains(&rate_hz) {
            return None;
        }
        let common = greatest_common_divisor(rate_hz, OUT_HZ);
        let (up, down) = ((OUT_HZ / common) as usize, (rate_hz / common) as usize);
        let widening = f64::from(rate_hz.max(OUT_HZ)) / f64::from(OUT_HZ);
        let taps = if up == down { 1 } else { ((TAPS as f64 * widening / 2.0).ceil() as usize) * 2 };
        let cutoff = PASS_BAND / widening;
        let filter = if taps == 1 { vec![1.0] } else { filter(up, taps, cutoff) };
        let history = vec![0.0; (taps - 1) / 2 * channels];
        Some(Resampler { channels, down, up, taps, filter, history, position: 0, phase: 0 })
    }

    /// Appends to `out` what can be said with these samples.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        if self.up == self.down {
            out.extend_from_slice(samples);
            return;
        }
        self.history.extend_from_slice(samples);
        let frames = self.history.len() / self.channels;
        while self.position + self.taps <= frames {
            let phase = &self.filter[self.phase * self.taps..][..self.taps];
            for channel in 0..self.channels {
                let start = self.position * self.channels + channel;
                let sounds = self.history[start..].iter().step_by(self.channels);
                out.push(phase.iter().zip(sounds).map(|(tap, sound)| tap * sound).sum());
            }
            self.phase += self.down;
            self.position += self.phase / self.up;
            self.phase %= self.up;
        }
        let used = self.position.min(frames);
        self.history.drain(..used * self.channels);
        self.position -= used;
    }

    /// Forgets what it heard.
    pub fn reset(&mut self) {
        self.history.clear();
        self.history.resize((self.taps - 1) / 2 * self.channels, 0.0);
        self.position = 0;
        self.phase = 0;
    }
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// Phase p has its centre p/up samples after the tap (taps − 1) / 2, rounded down.
fn filter(up: usize, taps: usize, cutoff: f64) -> Vec<f32> {
    let centre = ((taps - 1) / 2) as f64;
    let half = taps as f64 / 2.0;
    let mut filter = Vec::with_capacity(up * taps);
    for phase in 0..up {
        let at = centre + phase as f64 / up as f64;
        let row: Vec<f64> = (0..taps).map(|tap| tap as f64 - at).map(|x| sinc(x * cutoff) * kaiser(x / half)).collect();
        let sum: f64 = row.iter().sum();
        filter.extend(row.into_iter().map(|value| (value / sum) as f32));
    }
    filter
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

fn kaiser(x: f64) -> f64 {
    if x.abs() > 1.0 { 0.0 } else { bessel(KAISER_BETA * (1.0 - x * x).sqrt()) / bessel(KAISER_BETA) }
}

/// The modified Bessel function of order zero, by its series.
fn bessel(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..40 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(rate_hz: u32, tone_hz: f64, frames: usize) -> Vec<f32> {
        (0..frames).map(|n| (2.0 * PI * tone_hz * n as f64 / f64::from(rate_hz)).sin() as f32).collect()
    }

    /// Signal to noise against the very same tone at 48 kHz, so that time counts too.
    fn fidelity_db(rate_hz: u32, tone_hz: f64) -> f64 {
        let mut resampler = Resampler::new(rate_hz, 1).unwrap();
        let mut out = Vec::new();
        for piece in tone(rate_hz, tone_hz, rate_hz as usize).chunks(1024) {
            resampler.push(piece, &mut out);
        }
        let wanted = tone(OUT_HZ, tone_hz, out.len());
        // The tone starts from silence: its first moments are another signal.
        let settled = 2_000;
        let power = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
        let signal = power(&mut wanted[settled..].iter().map(|&value| f64::from(value)));
        let noise = power(&mut wanted[settled..].iter().zip(&out[settled..]).map(|(a, b)| f64::from(a - b)));
        10.0 * (signal / noise).log10()
    }

    #[test]
    fn a_tone_stays_the_same_tone_at_the_same_time() {
        for rate_hz in RATES_HZ {
            for share in [0.01, 0.1, 0.3] {
                let tone_hz = f64::from(rate_hz.min(OUT_HZ)) * share;
                let fidelity_db = fidelity_db(rate_hz, tone_hz);
                assert!(fidelity_db > 70.0, "{rate_hz} Hz, a tone of {tone_hz}: {fidelity_db} dB");
            }
        }
    }

    #[test]
    fn what_48_khz_cannot_carry_is_gone() {
        let mut resampler = Resampler::new(96_000, 1).unwrap();
        let mut out = Vec::new();
        resampler.push(&tone(96_000, 30_000.0, 96_000), &mut out);
        let loudest = out[2_000..].iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        assert!(loudest < 0.001, "{loudest}");
    }

    #[test]
    fn it_makes_no_difference_how_sound_is_cut_and_channels_stay_apart() {
        let left = tone(44_100, 1_000.0, 10_000);
        let stereo: Vec<f32> = left.iter().flat_map(|&left| [left, -left / 2.0]).collect();
        let (mut whole, mut pieces) = (Vec::new(), Vec::new());
        Resampler::new(44_100, 2).unwrap().push(&stereo, &mut whole);
        let mut resampler = Resampler::new(44_100, 2).unwrap();
        for piece in stereo.chunks(2 * 77) {
            resampler.push(piece, &mut pieces);
        }
        assert_eq!(whole, pieces);
        assert!(whole.chunks(2).all(|pair| (pair[0] / 2.0 + pair[1]).abs() < 1e-6));
        let expected = 10_000.0 * 48_000.0 / 44_100.0;
        let waited_for = TAPS as f64;
        let frames = (whole.len() / 2) as f64;
        assert!(frames <= expected && frames > expected - waited_for, "{frames} of {expected}");
    }

    #[test]
    fn other_rates_are_none() {
        assert!(Resampler::new(44_101, 2).is_none());
        assert!(Resampler::new(0, 2).is_none());
    }
}
