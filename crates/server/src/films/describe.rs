//! A film as whoever asks may see it.

use hearth_protocol::ids::UserId;
use hearth_protocol::videos::{Audience, Own, Subtitles, Video, VideoState};
use hearth_store::{Error, VideoRecord};

use crate::clock;
use crate::node::Node;
use crate::watching::{self, Watcher};

/// A film that somebody may see, as they may see it.
///
/// Errors: the store's.
pub async fn describe(node: &Node, film: VideoRecord, who: &Watcher<'_>) -> Result<Video, Error> {
    let (position_ms, seen) = match who.viewer {
        Some(viewer) => node.store().videos().watched(viewer.user, &film.id).await?,
        None => (0, false),
    };
    let may_change = watching::may_change(who.viewer.as_ref(), &film);
    let user = who.viewer.map(|viewer| viewer.user);
    Ok(Video { position_ms, seen, ..as_seen(node, film, user, who.link, may_change) })
}

/// A film as its owner sees it, on whichever device.
pub async fn for_owner(node: &Node, film: VideoRecord) -> Result<Video, Error> {
    let owner = film.owner.id.clone();
    let (position_ms, seen) = node.store().videos().watched(&owner, &film.id).await?;
    Ok(Video { position_ms, seen, ..as_seen(node, film, Some(&owner), None, true) })
}

fn as_seen(node: &Node, film: VideoRecord, user: Option<&UserId>, link: Option<&str>, may_change: bool) -> Video {
    // A link lets in whom nothing else does.
    let link = link.filter(|_| !may_change && film.audience == Audience::Link);
    let pass = node.films().passes().give(&film.id, user, link, clock::now().0);
    let file = |name: &String| format!("/videos/{}/{pass}/{name}", film.id);
    let own = (user == Some(&film.owner.id)).then(|| own(node, &film));
    let there = film.state != VideoState::Recording;
    let subtitles = film.media.subtitles.iter().map(|one| Subtitles {
        name: one.name.clone(),
        language: one.language.clone(),
        label: one.label.clone(),
        address: there.then(|| file(&one.path)),
        added: one.added,
    });
    let downloads = film.media.downloads.iter().filter(|_| there && may_change);
    Video {
        hls: film.media.hls.as_ref().filter(|_| there).map(file),
        poster: film.media.poster.as_ref().map(file),
        previews: film.media.previews.as_ref().map(file),
        subtitles: subtitles.collect(),
        downloads: downloads.map(file).collect(),
        own,
        may_change,
        position_ms: 0,
        seen: false,
        tiny: film.tiny,
        chapters: film.chapters,
        id: film.id,
        owner: film.owner,
        title: film.title,
        room: film.space,
        state: film.state,
        duration_ms: film.duration_ms,
        width: film.width,
        height: film.height,
        bytes: film.bytes,
        created_ms: film.created_ms,
    }
}

fn own(node: &Node, film: &VideoRecord) -> Own {
    Own {
        audience: film.audience,
        link: film.link.clone().filter(|_| film.audience == Audience::Link),
        upload: film.upload.clone(),
        dialog: film.to_say.as_ref().map(|(dialog, _)| dialog.clone()),
        conversion: (film.state == VideoState::Converting).then(|| node.films().conversions().progress(&film.id)),
        failure: film.failure.clone(),
    }
}
