//! Who is speaking, from the audio levels that publishers put beside their
//! packets (RFC 6464), with hysteresis: a cough takes nobody's place.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Levels above this count as speech, in dBov.
const SPEECH_DBOV: f32 = -50.0;
/// A challenger has to be louder by this much …
const LOUDER_BY_DB: f32 = 4.0;
/// … for this long.
const LOUDER_FOR: Duration = Duration::from_millis(400);
/// Nobody speaks after this much silence of the speaker.
const SILENT_FOR: Duration = Duration::from_millis(2_000);
/// Time constant of the smoothing.
const SMOOTHING: Duration = Duration::from_millis(250);
const SILENCE_DBOV: f32 = -127.0;

#[derive(Debug)]
struct Voice {
    level_dbov: f32,
    at: Instant,
    spoke: Option<Instant>,
}

/// The active speaker of one space among voices with keys `K`.
#[derive(Debug)]
pub(crate) struct Speakers<K> {
    voices: BTreeMap<K, Voice>,
    active: Option<K>,
    challenger: Option<(K, Instant)>,
}

impl<K: Ord + Copy> Default for Speakers<K> {
    fn default() -> Speakers<K> {
        Speakers { voices: BTreeMap::new(), active: None, challenger: None }
    }
}

impl<K: Ord + Copy> Speakers<K> {
    /// One packet's level, in dBov: 0 is the loudest, -127 silence.
    pub(crate) fn hear(&mut self, voice: K, level_dbov: i8, now: Instant) {
        let level_dbov = f32::from(level_dbov.min(0));
        let voice = self.voices.entry(voice).or_insert(Voice { level_dbov: SILENCE_DBOV, at: now, spoke: None });
        let elapsed = now.saturating_duration_since(voice.at).min(SMOOTHING);
        let weight = (elapsed.as_secs_f32() / SMOOTHING.as_secs_f32()).max(0.05);
        voice.level_dbov += (level_dbov - voice.level_dbov) * weight;
        voice.at = now;
        if voice.level_dbov > SPEECH_DBOV {
            voice.spoke = Some(now);
        }
    }

    pub(crate) fn remove(&mut self, voice: K) {
        self.voices.remove(&voice);
        self.challenger = self.challenger.filter(|(who, _)| *who != voice);
    }

    /// Looks again; `Some` when the active speaker changed.
    pub(crate) fn tick(&mut self, now: Instant) -> Option<Option<K>> {
        let level = |voice: &Voice| {
            let stale = now.saturating_duration_since(voice.at) > SMOOTHING * 2;
            if stale { SILENCE_DBOV } else { voice.level_dbov }
        };
        let loudest = self
            .voices
            .iter()
            .map(|(who, voice)| (*who, level(voice)))
            .filter(|(_, level)| *level > SPEECH_DBOV)
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let active = self.active.and_then(|who| {
            let voice = self.voices.get(&who)?;
            let spoke = voice.spoke?;
            (now.saturating_duration_since(spoke) < SILENT_FOR).then(|| (who, level(voice)))
        });
        let next = match (active, loudest) {
            (None, loudest) => loudest.map(|(who, _)| who),
            (Some((who, _)), None) => Some(who),
            (Some((who, level)), Some((other, louder))) => {
                if other == who || louder < level + LOUDER_BY_DB {
                    self.challenger = None;
                    Some(who)
                } else {
                    let since = match self.challenger {
                        Some((challenger, since)) if challenger == other => since,
                        _ => now,
                    };
                    self.challenger = Some((other, since));
                    let long_enough = now.saturating_duration_since(since) >= LOUDER_FOR;
                    Some(if long_enough { other } else { who })
                }
            }
        };
        if next == self.active {
            return None;
        }
        self.active = next;
        self.challenger = None;
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Room {
        speakers: Speakers<u32>,
        now: Instant,
    }

    impl Room {
        fn new() -> Room {
            Room { speakers: Speakers::default(), now: Instant::now() }
        }

        /// Plays levels for a while, one packet every 20 ms; what changed.
        fn play(&mut self, levels: &[(u32, i8)], for_ms: u64) -> Vec<Option<u32>> {
            let mut changes = Vec::new();
            for _ in 0..for_ms / 20 {
                self.now += Duration::from_millis(20);
                for (voice, level) in levels {
                    self.speakers.hear(*voice, *level, self.now);
                }
                changes.extend(self.speakers.tick(self.now));
            }
            changes
        }
    }

    #[test]
    fn the_first_to_speak_is_active_and_silence_ends_it() {
        let mut room = Room::new();
        assert_eq!(room.play(&[(1, -90), (2, -80)], 1_000), []);
        assert_eq!(room.play(&[(1, -20), (2, -80)], 1_500), [Some(1)]);
        assert_eq!(room.play(&[(1, -90), (2, -80)], 1_000), [], "a pause in speech is no end");
        assert_eq!(room.play(&[(1, -90), (2, -80)], 2_500), [None]);
    }

    #[test]
    fn a_cough_takes_nobodys_place_but_a_louder_voice_does() {
        let mut room = Room::new();
        assert_eq!(room.play(&[(1, -30), (2, -90)], 2_000), [Some(1)]);
        assert_eq!(room.play(&[(1, -30), (2, -10)], 300), []);
        assert_eq!(room.play(&[(1, -30), (2, -90)], 1_000), []);
        assert_eq!(room.play(&[(1, -30), (2, -29)], 3_000), [], "as loud is not louder");
        assert_eq!(room.play(&[(1, -30), (2, -12)], 3_000), [Some(2)]);
    }

    #[test]
    fn who_leaves_is_not_speaking() {
        let mut room = Room::new();
        assert_eq!(room.play(&[(1, -20)], 1_500), [Some(1)]);
        room.speakers.remove(1);
        assert_eq!(room.play(&[], 20), [None]);
        room.now += Duration::from_millis(20);
        assert_eq!(room.speakers.tick(room.now), None, "already told");
    }
}
