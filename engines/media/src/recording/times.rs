//! Which moment on the wall clock a media time was, and back.

use super::journal::Recording;

/// A wall clock this far from where media time puts it starts a stretch of its own, in milliseconds.
const SLACK_MS: u64 = 5;

/// Stretches in which media time and wall clock run alike.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Times {
    /// Media time and wall clock of each start, in milliseconds.
    starts: Vec<(u64, u64)>,
    duration_ms: u64,
}

impl Times {
    pub(super) fn of(files: &[Recording]) -> Self {
        let parts = || files.iter().flat_map(|file| &file.parts);
        let first_us = parts().next().map_or(0, |part| part.start_us);
        let mut times = Self::default();
        for part in parts() {
            let media_ms = (part.start_us - first_us) / 1000;
            let expected = times.starts.last().map(|(media, wall)| wall + (media_ms - media));
            if expected.is_none_or(|wall_ms| wall_ms.abs_diff(part.wall_ms) > SLACK_MS) {
                times.starts.push((media_ms, part.wall_ms));
            }
            times.duration_ms = (part.start_us - first_us + part.duration_us) / 1000;
        }
        times
    }

    /// The media time at which something that happened at `wall_ms` belongs, in milliseconds: moments in which nothing was
    /// recorded belong to the next picture, or to the end.
    pub fn media_ms_of(&self, wall_ms: u64) -> u64 {
        let index = self.starts.partition_point(|(_, wall)| *wall <= wall_ms);
        let end_ms = self.starts.get(index).map_or(self.duration_ms, |(media, _)| *media);
        match index.checked_sub(1).map(|before| self.starts[before]) {
            Some((media, wall)) => (media + (wall_ms - wall)).min(end_ms),
            None => 0,
        }
    }

    /// The wall clock at a media time, milliseconds since the Unix epoch.
    pub fn wall_ms_of(&self, media_ms: u64) -> u64 {
        let index = self.starts.partition_point(|(media, _)| *media <= media_ms).saturating_sub(1);
        self.starts.get(index).map_or(0, |(media, wall)| wall + (media_ms.min(self.duration_ms) - media))
    }

    /// Media time and wall clock of each stretch's start, in milliseconds.
    pub fn starts(&self) -> &[(u64, u64)] {
        &self.starts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_of_the_publisher_takes_no_media_time() {
        let times = Times { starts: vec![(0, 100_000), (4_000, 112_000)], duration_ms: 6_000 };
        let media = [99_000, 100_000, 103_000, 108_000, 112_500, 999_000].map(|wall_ms| times.media_ms_of(wall_ms));
        assert_eq!(media, [0, 0, 3_000, 4_000, 4_500, 6_000]);
        let wall = [0, 3_999, 4_000, 5_000].map(|media_ms| times.wall_ms_of(media_ms));
        assert_eq!(wall, [100_000, 103_999, 112_000, 113_000]);
    }
}
