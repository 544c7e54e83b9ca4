//! Videos: films, where their files are, and how their time maps to that of the broadcast they are of.

use crate::Error;
use crate::db::{Db, Row, damaged, json_column, params};
use crate::people::profile;
use hearth_protocol::ids::{SpaceId, UserId, VideoId};
use hearth_protocol::limits::VIDEOS_PAGE_MAX;
use hearth_protocol::people::Profile;
use hearth_protocol::videos::VideoState;
use serde::{Deserialize, Serialize};

/// Videos. Their files are the caller's; the store knows the name of their folder.
pub struct Videos<'a>(pub(crate) &'a Db);

/// A film that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVideo {
    /// Which.
    pub id: VideoId,
    /// Whose.
    pub owner: UserId,
    /// Of which room it is a recording.
    pub space: Option<SpaceId>,
    /// Of which of the room's broadcasts.
    pub broadcast: Option<u64>,
    /// What it is called.
    pub title: String,
    /// When.
    pub created_ms: u64,
    /// The name of its folder.
    pub folder: String,
    /// How its time maps to the broadcast's.
    pub timeline: Timeline,
}

/// How a film goes on: all of it, in place of what was known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoProgress {
    /// Where it stands.
    pub state: VideoState,
    /// How long it is, in milliseconds.
    pub duration_ms: u64,
    /// Its size.
    pub bytes: u64,
    /// Width of the picture, in pixels.
    pub width: u32,
    /// Height of the picture, in pixels.
    pub height: u32,
    /// How its time maps to the broadcast's.
    pub timeline: Timeline,
}

/// A film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoRecord {
    /// Which.
    pub id: VideoId,
    /// Whose.
    pub owner: Profile,
    /// Of which room it is a recording.
    pub space: Option<SpaceId>,
    /// Of which of the room's broadcasts.
    pub broadcast: Option<u64>,
    /// What it is called.
    pub title: String,
    /// Where it stands.
    pub state: VideoState,
    /// When it began.
    pub created_ms: u64,
    /// How long it is, in milliseconds.
    pub duration_ms: u64,
    /// Its size.
    pub bytes: u64,
    /// Width of the picture, in pixels; 0 where there is none.
    pub width: u32,
    /// Height of the picture, in pixels.
    pub height: u32,
    /// The name of its folder.
    pub folder: String,
    /// How its time maps to the broadcast's.
    pub timeline: Timeline,
}

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

macro_rules! video_sql {
    ($rest:literal) => {
        concat!(
            "SELECT v.id AS video, v.space, v.broadcast, v.title, v.state, v.created_ms, v.duration_ms, v.bytes, v.width, \
             v.height, v.folder, v.timeline, u.id, u.name, u.display_name FROM videos v JOIN users u ON u.id = v.owner_id \
             WHERE ",
            $rest
        )
    };
}

impl Videos<'_> {
    /// A film begins: it is being recorded.
    pub async fn create(&self, video: &NewVideo) -> Result<(), Error> {
        let sql = "INSERT INTO videos (id, owner_id, space, broadcast, title, state, created_ms, folder, timeline) \
                   VALUES ($1, $2, $3, $4, $5, 'recording', $6, $7, $8)";
        let params = params![
            video.id.as_str(),
            video.owner.as_str(),
            video.space.as_ref().map(SpaceId::as_str),
            video.broadcast,
            &video.title,
            video.created_ms,
            &video.folder,
            &json_column(&video.timeline)?,
        ];
        self.0.execute(sql, params).await.map(drop)
    }

    /// A film goes on, or is done; tells whether it is still there.
    pub async fn update(&self, id: &VideoId, to: &VideoProgress) -> Result<bool, Error> {
        let sql = "UPDATE videos SET state = $2, duration_ms = $3, bytes = $4, width = $5, height = $6, timeline = $7 \
                   WHERE id = $1";
        let params = params![
            id.as_str(),
            state_column(to.state),
            to.duration_ms,
            to.bytes,
            to.width,
            to.height,
            &json_column(&to.timeline)?,
        ];
        Ok(self.0.execute(sql, params).await? > 0)
    }

    /// One film.
    pub async fn by_id(&self, id: &VideoId) -> Result<Option<VideoRecord>, Error> {
        self.0.optional(video_sql!("v.id = $1"), params![id.as_str()]).await?.as_ref().map(record).transpose()
    }

    /// The films of a room, newest first, those made before a time (and, with a film, those behind it at that time);
    /// and whether there are older ones. `limit` is held between 1 and [`VIDEOS_PAGE_MAX`].
    pub async fn of_room(
        &self,
        space: &SpaceId,
        before_ms: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<VideoRecord>, bool), Error> {
        let limit = limit.clamp(1, VIDEOS_PAGE_MAX);
        let sql = video_sql!("v.space = $1 AND v.created_ms < $2 ORDER BY v.created_ms DESC, v.id LIMIT $3");
        let before_ms = before_ms.unwrap_or(u64::MAX);
        let rows = self.0.all(sql, params![space.as_str(), before_ms, limit as u64 + 1]).await?;
        let videos = rows.iter().take(limit).map(record).collect::<Result<Vec<_>, _>>()?;
        Ok((videos, rows.len() > limit))
    }

    /// The films that are being recorded: after a start, those that a crash broke off.
    pub async fn recording(&self) -> Result<Vec<VideoRecord>, Error> {
        let sql = video_sql!("v.state = 'recording' ORDER BY v.created_ms, v.id");
        self.0.all(sql, params![]).await?.iter().map(record).collect()
    }

    /// Calls a film something else; tells whether it is there.
    pub async fn rename(&self, id: &VideoId, title: &str) -> Result<bool, Error> {
        Ok(self.0.execute("UPDATE videos SET title = $2 WHERE id = $1", params![id.as_str(), title]).await? > 0)
    }

    /// Forgets a film; tells whether it was there. Its files are the caller's to remove.
    pub async fn delete(&self, id: &VideoId) -> Result<bool, Error> {
        Ok(self.0.execute("DELETE FROM videos WHERE id = $1", params![id.as_str()]).await? > 0)
    }
}

fn state_column(state: VideoState) -> &'static str {
    match state {
        VideoState::Recording => "recording",
        VideoState::Ready => "ready",
        VideoState::Failed => "failed",
    }
}

fn record(row: &Row) -> Result<VideoRecord, Error> {
    let pixels = |column: &str| u32::try_from(row.int(column)?).map_err(|_| damaged(column));
    Ok(VideoRecord {
        id: row.id("video")?,
        owner: profile(row)?,
        space: row.opt_text("space")?.map(|_| row.id("space")).transpose()?,
        broadcast: row.opt_int("broadcast")?,
        title: row.text("title")?,
        state: match row.text("state")?.as_str() {
            "recording" => VideoState::Recording,
            "ready" => VideoState::Ready,
            "failed" => VideoState::Failed,
            _ => return Err(damaged("state")),
        },
        created_ms: row.int("created_ms")?,
        duration_ms: row.int("duration_ms")?,
        bytes: row.int("bytes")?,
        width: pixels("width")?,
        height: pixels("height")?,
        folder: row.text("folder")?,
        timeline: row.json("timeline")?,
    })
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
