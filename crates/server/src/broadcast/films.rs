//! Recordings: a film for each broadcast that its host wants kept, with what the store knows of it and its files.

use hearth_media::Recorded;
use hearth_protocol::ids::{SpaceId, VideoId};
use hearth_protocol::videos::VideoState;
use hearth_store::{Media, NewVideo, Pause, Timeline, VideoProgress};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::films::shelf;
use crate::node::Node;
use crate::{films, fresh};

/// The file of a film's playlist.
const PLAYLIST: &str = "index.m3u8";
/// The file of a film's poster.
pub const POSTER: &str = "poster.jpg";
/// What could not be finished is tried again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(15);

/// A film that is being written.
#[derive(Debug, Clone)]
pub struct Film {
    /// Which.
    pub id: VideoId,
    /// The name of its folder, and the folder.
    pub folder: PathBuf,
    broadcast_at_ms: u64,
}

/// The name of the file with a film's media, counted from 0; the recorder begins another one where tracks change.
pub fn media(number: usize) -> String {
    format!("{number}.mp4")
}

/// What lies in a recording's folder.
pub fn lying(folder: &Path) -> Media {
    Media {
        hls: Some(PLAYLIST.to_owned()),
        poster: folder.join(POSTER).exists().then(|| POSTER.to_owned()),
        downloads: (0..).map(media).take_while(|name| folder.join(name).exists()).collect(),
        ..Media::default()
    }
}

/// Enters a film in the store. Its folder is made by the recorder.
pub async fn begin(node: &Node, space: &SpaceId, number: u64, broadcast_at_ms: u64, now_ms: u64) -> Option<Film> {
    let room = node.store().rooms().by_id(space).await.ok().flatten()?;
    let id = VideoId::parse(&format!("video_{}", fresh::suffix())).expect("well formed");
    let name = id.to_string();
    let title = if room.about.title.is_empty() { room.host.display_name.clone() } else { room.about.title.clone() };
    let video = NewVideo {
        id: id.clone(),
        owner: room.host.id,
        space: Some(space.clone()),
        broadcast: Some(number),
        title,
        created_ms: now_ms,
        folder: name.clone(),
        timeline: Timeline { started_at_ms: now_ms, broadcast_at_ms, pauses: Vec::new() },
    };
    if let Err(error) = node.store().videos().create(&video).await {
        tracing::error!(%space, %error, "a recording could not be entered");
        return None;
    }
    Some(Film { id, folder: films::folder(node, &name), broadcast_at_ms })
}

/// Notes how a film has ended: ready to be played, or nothing of it kept. Says whether that is stored.
async fn note_end(node: &Node, film: &Film, recorded: Option<&Recorded>) -> bool {
    let progress = match recorded {
        Some(recorded) => VideoProgress {
            state: VideoState::Ready,
            duration_ms: recorded.duration_ms,
            bytes: recorded.bytes,
            width: recorded.width.unwrap_or_default().into(),
            height: recorded.height.unwrap_or_default().into(),
            timeline: timeline(recorded, film.broadcast_at_ms),
            media: lying(&film.folder),
        },
        None => VideoProgress {
            state: VideoState::Failed,
            duration_ms: 0,
            bytes: 0,
            width: 0,
            height: 0,
            timeline: Timeline { broadcast_at_ms: film.broadcast_at_ms, ..Timeline::default() },
            media: Media::default(),
        },
    };
    match node.store().videos().update(&film.id, &progress).await {
        Ok(_) => true,
        Err(error) => {
            tracing::error!(film = %film.id, %error, "the end of a recording could not be stored");
            false
        }
    }
}

/// Ends a film. Where its files could not be finished or its end not be stored (a full disk), that is tried again for as long
/// as the server runs; what is left then is looked at at the next start. Only a film without media has failed.
pub async fn end(node: std::sync::Weak<Node>, film: Film, mut recorded: Option<Recorded>) {
    loop {
        let Some(node) = node.upgrade() else { return };
        if recorded.is_none() {
            recorded = made_whole(&film).await;
        }
        let lost = recorded.is_none() && !film.folder.join(media(0)).exists();
        if (recorded.is_some() || lost) && note_end(&node, &film, recorded.as_ref()).await {
            return shelf::keep_if_whole(&node, film.id.as_str()).await;
        }
        drop(node);
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

/// What was written of a film, made whole. `None`: it can't be, now.
async fn made_whole(film: &Film) -> Option<Recorded> {
    let folder = film.folder.clone();
    match tokio::task::spawn_blocking(move || hearth_media::recover(&folder)).await {
        Ok(Ok(recorded)) => Some(recorded),
        Ok(Err(error)) => {
            tracing::warn!(film = %film.id, %error, "a recording could not be made whole");
            None
        }
        Err(error) => {
            tracing::error!(film = %film.id, %error, "making a recording whole ended in a fault");
            None
        }
    }
}

/// How the film's time maps to the broadcast's.
fn timeline(recorded: &Recorded, broadcast_at_ms: u64) -> Timeline {
    let started_at_ms = recorded.started_at_ms;
    let mut missing_ms = 0;
    let mut pauses = Vec::new();
    for (media_ms, wall_ms) in recorded.times.starts().iter().copied() {
        let there_ms = wall_ms.saturating_sub(started_at_ms).saturating_sub(media_ms);
        if there_ms > missing_ms {
            pauses.push(Pause { at_ms: media_ms, length_ms: there_ms - missing_ms });
            missing_ms = there_ms;
        }
    }
    Timeline { started_at_ms, broadcast_at_ms, pauses }
}

/// Films that a server which was killed left behind: what was written of them is made whole.
pub async fn recover(node: &Arc<Node>) {
    let left = match node.store().videos().recording().await {
        Ok(left) => left,
        Err(error) => return tracing::error!(%error, "recordings that were interrupted could not be looked for"),
    };
    for record in left {
        let film = Film {
            folder: films::folder(node, &record.folder),
            broadcast_at_ms: record.timeline.broadcast_at_ms,
            id: record.id,
        };
        match made_whole(&film).await {
            Some(recorded) => {
                tracing::info!(film = %film.id, duration_ms = recorded.duration_ms, "an interrupted recording was made whole");
                note_end(node, &film, Some(&recorded)).await;
            }
            // What has no media will never have any.
            None if !film.folder.join(media(0)).exists() => {
                note_end(node, &film, None).await;
            }
            None => {}
        }
    }
}
