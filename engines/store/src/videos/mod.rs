//! Videos: films, what lies in their folders, and how their time maps to that of the broadcast they are of.

mod shares;
mod timeline;
mod uploads;

pub use shares::{Facts, SharedVideo};
pub(crate) use shares::{said, taken_back};
pub use timeline::{Pause, Timeline};
pub use uploads::{Begun, NewUpload, UploadRecord};

use crate::Error;
use crate::db::{Db, Row, damaged, json_column, params};
use crate::people::profile;
use crate::search::{escaped, fold};
use hearth_protocol::ids::{SpaceId, UploadId, UserId, VideoId};
use hearth_protocol::limits::VIDEOS_PAGE_MAX;
use hearth_protocol::people::Profile;
use hearth_protocol::videos::{Audience, Chapter, VideoFailure, VideoState};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Videos. Their files are the caller's; the store knows the name of their folder.
pub struct Videos<'a>(pub(crate) &'a Db);

/// A recording that begins.
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

/// How a recording has ended: all of it, in place of what was known.
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
    /// What lies in its folder.
    pub media: Media,
}

/// How the conversion of a film goes on: all of it, in place of what was known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Converting {
    /// How long it is, in milliseconds.
    pub duration_ms: u64,
    /// Its size, with the original.
    pub bytes: u64,
    /// Width of the picture, in pixels.
    pub width: u32,
    /// Height of the picture, in pixels.
    pub height: u32,
    /// A tiny still: a `data:` URL.
    pub tiny: String,
    /// What lies in its folder.
    pub media: Media,
    /// Its chapters, where it has none yet.
    pub chapters: Vec<Chapter>,
    /// Whether it is done.
    pub done: bool,
}

/// What lies in a film's folder, by names relative to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Media {
    /// Its HLS playlist; it can be played.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hls: Option<String>,
    /// A picture of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poster: Option<String>,
    /// The index of its previews.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previews: Option<String>,
    /// Subtitles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subtitles: Vec<SubtitleFile>,
    /// What its owner may take away, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub downloads: Vec<String>,
}

/// A file of subtitles (WebVTT).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubtitleFile {
    /// Their name among those of the film.
    pub name: String,
    /// The file.
    pub path: String,
    /// Their language; empty: not said.
    pub language: String,
    /// What they are called; may be empty.
    pub label: String,
    /// Whether the owner has added them.
    pub added: bool,
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
    /// Who may watch it.
    pub audience: Audience,
    /// The secret that lets in whoever has it.
    pub link: Option<String>,
    /// A tiny still: a `data:` URL; empty: none.
    pub tiny: String,
    /// What lies in its folder.
    pub media: Media,
    /// Its chapters.
    pub chapters: Vec<Chapter>,
    /// Why it failed.
    pub failure: Option<VideoFailure>,
    /// How often its conversion was tried.
    pub tries: u32,
    /// In which dialog it is still to be said, and with what words.
    pub to_say: Option<(SpaceId, String)>,
    /// The upload that brings it.
    pub upload: Option<UploadId>,
}

macro_rules! video_sql {
    ($columns:literal, $rest:expr) => {
        concat!(
            "SELECT v.id AS video, v.space, v.broadcast, v.title, v.state, v.created_ms, v.duration_ms, v.bytes, v.width, \
             v.height, v.folder, v.timeline, v.audience, v.link, v.tiny, v.media, v.chapters, v.failure, v.tries, v.said_in, \
             v.said_text, (SELECT p.id FROM uploads p WHERE p.video_id = v.id AND p.done = 0) AS upload, \
             u.id, u.name, u.display_name",
            $columns,
            " FROM videos v JOIN users u ON u.id = v.owner_id ",
            $rest
        )
    };
    ($rest:expr) => {
        video_sql!("", concat!("WHERE ", $rest))
    };
}
use video_sql;

/// Which films of a person.
#[derive(Debug, Clone)]
pub struct VideosOf<'a> {
    /// Whose.
    pub owner: &'a UserId,
    /// Words in the title; empty: any.
    pub looked_for: &'a str,
    /// Those made before a time.
    pub before_ms: Option<u64>,
    /// For whom.
    pub finder: VideoFinder<'a>,
    /// At most so many, between 1 and [`VIDEOS_PAGE_MAX`].
    pub limit: usize,
}

/// For whom films of a person are looked for.
#[derive(Debug, Clone, Copy)]
pub enum VideoFinder<'a> {
    /// Their owner, in their library: all.
    Library,
    /// Whoever looks at their owner's page, if they are known: what they may watch. It shows the owner what others may find there:
    /// what is for everyone, for friends, and for a room's people.
    Page(Option<&'a UserId>),
}

impl Videos<'_> {
    /// A film begins: it is being recorded.
    pub async fn create(&self, video: &NewVideo) -> Result<(), Error> {
        let sql = "INSERT INTO videos (id, owner_id, space, broadcast, title, title_key, state, created_ms, folder, timeline) \
                   VALUES ($1, $2, $3, $4, $5, $6, 'recording', $7, $8, $9)";
        let params = params![
            video.id.as_str(),
            video.owner.as_str(),
            video.space.as_ref().map(SpaceId::as_str),
            video.broadcast,
            &video.title,
            &fold(&video.title),
            video.created_ms,
            &video.folder,
            &json_column(&video.timeline)?,
        ];
        self.0.execute(sql, params).await.map(drop)
    }

    /// A recording goes on, or is done; tells whether it is still there.
    pub async fn update(&self, id: &VideoId, to: &VideoProgress) -> Result<bool, Error> {
        let sql = "UPDATE videos SET state = $2, duration_ms = $3, bytes = $4, width = $5, height = $6, timeline = $7, \
                   media = $8 WHERE id = $1";
        let params = params![
            id.as_str(),
            &word(&to.state)?,
            to.duration_ms,
            to.bytes,
            to.width,
            to.height,
            &json_column(&to.timeline)?,
            &json_column(&to.media)?,
        ];
        Ok(self.0.execute(sql, params).await? > 0)
    }

    /// A conversion goes on, or is done; tells whether the film is still there and being converted.
    pub async fn converting(&self, id: &VideoId, to: &Converting) -> Result<bool, Error> {
        let state = if to.done { VideoState::Ready } else { VideoState::Converting };
        let sql = "UPDATE videos SET state = $2, duration_ms = $3, bytes = $4, width = $5, height = $6, tiny = $7, \
                   media = $8, chapters = CASE WHEN chapters = '[]' THEN $9 ELSE chapters END, failure = NULL \
                   WHERE id = $1 AND state = 'converting'";
        let params = params![
            id.as_str(),
            &word(&state)?,
            to.duration_ms,
            to.bytes,
            to.width,
            to.height,
            &to.tiny,
            &json_column(&to.media)?,
            &json_column(&to.chapters)?,
        ];
        Ok(self.0.execute(sql, params).await? > 0)
    }

    /// A film that was to be converted has failed; tells whether it was.
    pub async fn fail(&self, id: &VideoId, failure: &VideoFailure) -> Result<bool, Error> {
        let sql = "UPDATE videos SET state = 'failed', failure = $2 WHERE id = $1 AND state = 'converting'";
        Ok(self.0.execute(sql, params![id.as_str(), &json_column(failure)?]).await? > 0)
    }

    /// A film that failed is to be converted again; tells whether it had failed.
    pub async fn try_again(&self, id: &VideoId) -> Result<bool, Error> {
        let sql = "UPDATE videos SET state = 'converting', failure = NULL, tries = 0 \
                   WHERE id = $1 AND state = 'failed' AND failure IS NOT NULL";
        Ok(self.0.execute(sql, params![id.as_str()]).await? > 0)
    }

    /// How often a conversion was tried, with the one that begins.
    pub async fn tried(&self, id: &VideoId, tries: u32) -> Result<(), Error> {
        self.0.execute("UPDATE videos SET tries = $2 WHERE id = $1", params![id.as_str(), tries]).await.map(drop)
    }

    /// A film was said in the dialog that it was for.
    pub async fn was_said(&self, id: &VideoId) -> Result<(), Error> {
        let sql = "UPDATE videos SET said_in = NULL, said_text = '' WHERE id = $1";
        self.0.execute(sql, params![id.as_str()]).await.map(drop)
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

    /// The films of a person that somebody finds, newest first, and whether there are older ones. On a page those that can be
    /// played and that the viewer may watch: what is for everyone; what its owner has shared in a dialog in which both
    /// are; what is for friends and rooms, where the viewer is a friend, and the room admits them.
    pub async fn of_owner(&self, which: &VideosOf<'_>) -> Result<(Vec<VideoRecord>, bool), Error> {
        let limit = which.limit.clamp(1, VIDEOS_PAGE_MAX);
        let sql = video_sql!(
            "v.owner_id = $1 AND v.created_ms < $2 AND v.title_key LIKE $3 ESCAPE '\\' AND ($6 = 1 OR (v.state IN \
             ('ready', 'converting') AND v.media LIKE '%\"hls\"%' \
             AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.user_id = v.owner_id AND b.other_id = $4) \
             AND (v.audience = 'everyone' OR ($4 = v.owner_id AND v.audience IN ('friends', 'room')) \
             OR (v.audience = 'room' AND EXISTS (SELECT 1 FROM rooms r LEFT JOIN users w ON w.id = $4 WHERE r.id = v.space \
             AND (r.entry = 'open' OR w.name IS NOT NULL OR (r.entry = 'link' AND w.invited_to = r.id)) \
             AND NOT EXISTS (SELECT 1 FROM sanctions t WHERE t.space = r.id AND t.user_id = $4 AND t.banned = 1))) \
             OR (v.audience = 'friends' AND EXISTS (SELECT 1 FROM friends f JOIN friends g ON g.user_id = f.other_id \
             AND g.other_id = f.user_id WHERE f.user_id = v.owner_id AND f.other_id = $4)) \
             OR (v.audience <> 'only_me' AND $4 <> v.owner_id AND EXISTS (SELECT 1 FROM video_shares s \
             JOIN dialog_members m ON m.dialog_id = s.space AND m.user_id = $4 \
             JOIN dialog_members o ON o.dialog_id = s.space AND o.user_id = v.owner_id WHERE s.video_id = v.id))))) \
             ORDER BY v.created_ms DESC, v.id LIMIT $5"
        );
        let (library, viewer) = match which.finder {
            VideoFinder::Library => (1_u64, None),
            VideoFinder::Page(viewer) => (0, viewer),
        };
        let params = params![
            which.owner.as_str(),
            which.before_ms.unwrap_or(u64::MAX),
            &format!("%{}%", escaped(&fold(which.looked_for))),
            viewer.map_or("", UserId::as_str),
            limit as u64 + 1,
            library,
        ];
        let rows = self.0.all(sql, params).await?;
        let videos = rows.iter().take(limit).map(record).collect::<Result<Vec<_>, _>>()?;
        Ok((videos, rows.len() > limit))
    }

    /// The films that are being recorded: after a start, those that a crash broke off.
    pub async fn recording(&self) -> Result<Vec<VideoRecord>, Error> {
        let sql = video_sql!("v.state = 'recording' ORDER BY v.created_ms, v.id");
        self.0.all(sql, params![]).await?.iter().map(record).collect()
    }

    /// The films that can be played and are still to be said in a dialog.
    pub async fn to_say(&self) -> Result<Vec<VideoId>, Error> {
        let sql = "SELECT id FROM videos WHERE said_in IS NOT NULL AND media LIKE '%\"hls\"%' \
                   AND state IN ('ready', 'converting') ORDER BY created_ms, id";
        self.0.all(sql, params![]).await?.iter().map(|row| row.id("id")).collect()
    }

    /// The films that are to be converted, in the order in which they came.
    pub async fn to_convert(&self) -> Result<Vec<VideoRecord>, Error> {
        let sql = video_sql!("v.state = 'converting' ORDER BY v.created_ms, v.id");
        self.0.all(sql, params![]).await?.iter().map(record).collect()
    }

    /// Changes what the owner says of a film: title, audience with its link, chapters, and the files of subtitles; tells whether
    /// it is there.
    pub async fn describe(&self, video: &VideoRecord) -> Result<bool, Error> {
        let sql = "UPDATE videos SET title = $2, title_key = $3, audience = $4, link = $5, chapters = $6 WHERE id = $1";
        let params = params![
            video.id.as_str(),
            &video.title,
            &fold(&video.title),
            &word(&video.audience)?,
            video.link.as_deref(),
            &json_column(&video.chapters)?,
        ];
        Ok(self.0.execute(sql, params).await? > 0)
    }

    /// Changes which files lie in a film's folder, if that is still what was known; tells whether it was.
    pub async fn set_media(&self, id: &VideoId, before: &Media, media: &Media) -> Result<bool, Error> {
        let sql = "UPDATE videos SET media = $3 WHERE id = $1 AND media = $2";
        Ok(self.0.execute(sql, params![id.as_str(), &json_column(before)?, &json_column(media)?]).await? > 0)
    }

    /// Forgets a film; tells whether it was there. Its files are the caller's to remove.
    pub async fn delete(&self, id: &VideoId) -> Result<bool, Error> {
        Ok(self.0.execute("DELETE FROM videos WHERE id = $1", params![id.as_str()]).await? > 0)
    }

    /// What somebody's films and images take, in bytes, with what is on its way.
    pub async fn used_bytes(&self, owner: &UserId) -> Result<u64, Error> {
        let sql = "SELECT CAST(COALESCE((SELECT SUM(v.bytes) FROM videos v WHERE v.owner_id = $1), 0) \
                   + COALESCE((SELECT SUM(p.bytes) FROM uploads p WHERE p.user_id = $1 AND p.done = 0), 0) \
                   + COALESCE((SELECT SUM(i.bytes) FROM images i WHERE i.owner_id = $1), 0) AS BIGINT) AS n";
        self.0.optional(sql, params![owner.as_str()]).await?.map_or(Ok(0), |row| row.int("n"))
    }
}

/// A word of the protocol as a column: what serde writes of it, without quotes.
pub(crate) fn word(value: &impl Serialize) -> Result<String, Error> {
    Ok(json_column(value)?.trim_matches('"').to_owned())
}

/// What [`word`] wrote.
fn read_word<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T, Error> {
    serde_json::from_value(serde_json::Value::String(row.text(column)?)).map_err(|_| damaged(column))
}

pub(crate) fn record(row: &Row) -> Result<VideoRecord, Error> {
    let small = |column: &str| u32::try_from(row.int(column)?).map_err(|_| damaged(column));
    Ok(VideoRecord {
        id: row.id("video")?,
        owner: profile(row)?,
        space: row.opt_text("space")?.map(|_| row.id("space")).transpose()?,
        broadcast: row.opt_int("broadcast")?,
        title: row.text("title")?,
        state: read_word(row, "state")?,
        created_ms: row.int("created_ms")?,
        duration_ms: row.int("duration_ms")?,
        bytes: row.int("bytes")?,
        width: small("width")?,
        height: small("height")?,
        folder: row.text("folder")?,
        timeline: row.json("timeline")?,
        audience: read_word(row, "audience")?,
        link: row.opt_text("link")?,
        tiny: row.text("tiny")?,
        media: row.json("media")?,
        chapters: row.json("chapters")?,
        failure: row.opt_json("failure")?,
        tries: small("tries")?,
        to_say: match row.opt_text("said_in")? {
            Some(_) => Some((row.id("said_in")?, row.text("said_text")?)),
            None => None,
        },
        upload: row.opt_text("upload")?.map(|_| row.id("upload")).transpose()?,
    })
}
