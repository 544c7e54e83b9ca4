//! The picture's packets: how far they lie apart, where key frames are, where they end.

/// Distances that differ from the usual one by more than a quarter are others.
const OTHER: f64 = 0.25;
/// So many of a hundred distances are others: the rate varies.
const OTHERS_PERCENT: usize = 5;
/// What recorders aim at; a film whose rate varies gets the next of them.
const RATES: [u32; 5] = [24, 25, 30, 50, 60];

#[derive(Debug, Default, PartialEq)]
pub(super) struct Packets {
    pub count: usize,
    /// From the first that is shown to the end of the last.
    first_s: f64,
    end_s: f64,
    /// The usual distance.
    distance_s: f64,
    pub variable: bool,
    pub key_frames_ms: u64,
}

impl Packets {
    /// Lines of `pts_time,duration_time,flags`.
    pub(super) fn read(told: &[u8]) -> Self {
        let mut shown = Vec::new();
        let mut keys = Vec::new();
        let (mut count, mut end_s) = (0, 0f64);
        for line in String::from_utf8_lossy(told).lines() {
            let mut fields = line.split(',');
            let (time, duration, flags) = (fields.next(), fields.next(), fields.next());
            let Some(flags) = flags else { continue };
            count += 1;
            let Some(time) = time.and_then(|time| time.parse::<f64>().ok()) else { continue };
            end_s = end_s.max(time + duration.and_then(|duration| duration.parse::<f64>().ok()).unwrap_or(0.0));
            shown.push(time);
            if flags.starts_with('K') {
                keys.push(time);
            }
        }
        shown.sort_by(f64::total_cmp);
        keys.sort_by(f64::total_cmp);
        let mut distances: Vec<f64> = apart(&shown).filter(|distance| *distance > 0.0).collect();
        distances.sort_by(f64::total_cmp);
        let distance_s = distances.get(distances.len() / 2).copied().unwrap_or(0.0);
        let others = distances.iter().filter(|distance| (*distance - distance_s).abs() > distance_s * OTHER).count();
        let longest_s = apart(&keys).fold(0.0, f64::max);
        Self {
            count,
            first_s: shown.first().copied().unwrap_or(0.0),
            end_s,
            distance_s,
            variable: others * 100 > distances.len() * OTHERS_PERCENT,
            // Where there is only one, the next may be anywhere.
            key_frames_ms: if keys.len() < 2 {
                millis(end_s - shown.first().unwrap_or(&0.0))
            } else {
                millis(longest_s)
            },
        }
    }

    pub(super) fn length_ms(&self) -> u64 {
        millis(self.end_s - self.first_s)
    }

    /// The usual rate, brought up to one that recorders aim at.
    pub(super) fn rate(&self) -> (u32, u32) {
        let usual = if self.distance_s > 0.0 { 1.0 / self.distance_s } else { 0.0 };
        (RATES.into_iter().find(|rate| f64::from(*rate) >= usual * 0.98).unwrap_or(60), 1)
    }
}

fn apart(times: &[f64]) -> impl Iterator<Item = f64> + '_ {
    times.windows(2).map(|pair| pair[1] - pair[0])
}

fn millis(seconds: f64) -> u64 {
    (seconds.max(0.0) * 1_000.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(times: &[f64], key_every: usize) -> Vec<u8> {
        let line = |(at, time): (usize, &f64)| {
            format!("{time:.6},0.033000,{}_\n", if at.is_multiple_of(key_every) { 'K' } else { '_' })
        };
        times.iter().enumerate().map(line).collect::<String>().into_bytes()
    }

    #[test]
    fn what_a_millisecond_clock_makes_of_a_steady_rate_does_not_vary() {
        let times: Vec<f64> = (0..300).map(|at| (f64::from(at) * 1_000.0 / 30.0).round() / 1_000.0).collect();
        let packets = Packets::read(&lines(&times, 60));
        assert!(!packets.variable);
        assert_eq!((packets.count, packets.key_frames_ms, packets.rate()), (300, 2_000, (30, 1)));
        assert_eq!(packets.length_ms(), 10_000);
    }

    #[test]
    fn a_screen_that_stands_still_now_and_then_varies() {
        let times: Vec<f64> = (0..300).map(|at| f64::from(at) / 25.0 + f64::from(at / 10) * 0.5).collect();
        let packets = Packets::read(&lines(&times, 1_000));
        assert!(packets.variable);
        assert_eq!(packets.rate(), (25, 1));
        assert_eq!(packets.key_frames_ms, packets.length_ms(), "the only key frame is as far from the next as it gets");
    }

    #[test]
    fn what_has_no_times_is_counted() {
        let packets = Packets::read(b"N/A,N/A,K_\nN/A,N/A,__\nrubbish\n");
        assert_eq!((packets.count, packets.length_ms(), packets.variable), (2, 0, false));
    }
}
