//! How the time of a recording maps to that of its broadcast.

use serde::{Deserialize, Serialize};

/// How the time of a film maps to that of the broadcast it is of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// When the film begins, milliseconds since the Unix epoch.
    pub started_at_ms: u64,
    /// When the broadcast began, milliseconds since the Unix epoch: what media times of messages count from.
    pub broadcast_at_ms: u64,
    /// What of the broadcast isn't in the film, in order of time.
    pub pauses: Vec<Pause>,
}

/// A piece of a broadcast that isn't in the film.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Where in the film, in milliseconds of the film.
    pub at_ms: u64,
    /// How much is missing there, in milliseconds.
    pub length_ms: u64,
}

impl Timeline {
    /// The time of the film at a time of the broadcast (milliseconds since it began). What was said while nothing was
    /// recorded belongs to where the film goes on; what was said before the film, to its beginning.
    pub fn film_ms(&self, broadcast_ms: u64) -> u64 {
        let mut film_ms = (self.broadcast_at_ms + broadcast_ms).saturating_sub(self.started_at_ms);
        for pause in &self.pauses {
            if film_ms <= pause.at_ms {
                break;
            }
            film_ms = film_ms.saturating_sub(pause.length_ms).max(pause.at_ms);
        }
        film_ms
    }

    /// The time of the broadcast at a time of the film; where something is missing, the time after it.
    pub fn broadcast_ms(&self, film_ms: u64) -> u64 {
        let missing: u64 = self.pauses.iter().filter(|pause| pause.at_ms < film_ms).map(|pause| pause.length_ms).sum();
        (self.started_at_ms + film_ms + missing).saturating_sub(self.broadcast_at_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn film_and_broadcast_have_times_of_their_own() {
        // The film begins 10 s into the broadcast; 5 s are missing after 20 s of film, and 3 s after 30 s.
        let pauses = [(20_000, 5_000), (30_000, 3_000)].map(|(at_ms, length_ms)| Pause { at_ms, length_ms });
        let timeline = Timeline { started_at_ms: 110_000, broadcast_at_ms: 100_000, pauses: pauses.to_vec() };
        for (broadcast_ms, film_ms) in [
            (0, 0),
            (10_000, 0),
            (15_000, 5_000),
            (30_000, 20_000),
            (32_000, 20_000),
            (35_000, 20_000),
            (36_000, 21_000),
            (45_000, 30_000),
            (47_000, 30_000),
            (48_000, 30_000),
            (50_000, 32_000),
        ] {
            assert_eq!(timeline.film_ms(broadcast_ms), film_ms, "{broadcast_ms}");
        }
        for (film_ms, broadcast_ms) in
            [(0, 10_000), (5_000, 15_000), (20_000, 30_000), (20_001, 35_001), (31_000, 49_000)]
        {
            assert_eq!(timeline.broadcast_ms(film_ms), broadcast_ms, "{film_ms}");
        }
    }
}
