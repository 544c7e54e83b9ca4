//! Answering requests: what is there at once, what is about to come as soon as it comes.

use super::playlist;
use crate::live::{Live, Rendition};
use crate::window::{Body, Snapshot};
use bytes::Bytes;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Longest path below the place a broadcast is mounted at, in bytes.
pub const PATH_BYTES_MAX: usize = 96;
/// Longest query, in bytes.
pub const QUERY_BYTES_MAX: usize = 512;
/// A request waits at most this many target durations (draft 6.2.5.2).
pub const WAIT_TARGETS: u64 = 3;
/// How long a request waits for a broadcast's first segment.
pub const READY_WAIT: Duration = Duration::from_secs(10);
/// Parts beyond the newest one that may be asked for (6.2.5.2).
pub const ADVANCE_PARTS_MAX: usize = 10;
/// Segments read from recordings at the same time, over all broadcasts.
pub const FILE_READS_MAX: usize = 32;

static FILE_READS: Semaphore = Semaphore::const_new(FILE_READS_MAX);

const PLAYLIST: &str = "application/vnd.apple.mpegurl";
const MEDIA: &str = "video/mp4";
const TEXT: &str = "text/plain; charset=utf-8";
const IMMUTABLE: &str = "public, max-age=3600, immutable";
/// One answer for everybody who waits for the same part, behind a CDN too.
const BRIEFLY: &str = "public, max-age=1";
const FRESH: &str = "public, max-age=0, s-maxage=1";
const NEVER: &str = "no-store";

/// What to send to the client.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub cache_control: &'static str,
    /// `gzip`, if the body is.
    pub encoding: Option<&'static str>,
    /// Whether the body depends on the encodings a client accepts: a `Vary: Accept-Encoding` belongs to it.
    pub varies: bool,
    /// In pieces, so that a segment is sent out of its parts without being copied.
    pub body: Vec<Bytes>,
}

impl Answer {
    fn refusal(status: u16, why: &'static str) -> Self {
        let cache_control = if status == 404 { BRIEFLY } else { NEVER };
        let body = vec![Bytes::from_static(why.as_bytes())];
        Self { status, content_type: TEXT, cache_control, encoding: None, varies: false, body }
    }

    fn media(body: Vec<Bytes>) -> Self {
        Self { status: 200, content_type: MEDIA, cache_control: IMMUTABLE, encoding: None, varies: false, body }
    }

    fn playlist(body: Bytes, cache_control: &'static str, gzip: bool) -> Self {
        let encoding = gzip.then_some("gzip");
        Self { status: 200, content_type: PLAYLIST, cache_control, encoding, varies: true, body: vec![body] }
    }

    /// Bytes of the body.
    pub fn len(&self) -> usize {
        self.body.iter().map(Bytes::len).sum()
    }

    /// Whether the body has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn gone() -> Answer {
    Answer::refusal(404, "Not here, or not any more.\n")
}

fn ahead() -> Answer {
    Answer::refusal(400, "This is too far ahead.\n")
}

fn late() -> Answer {
    Answer::refusal(503, "It did not come in time.\n")
}

/// What a path names.
#[derive(Debug, PartialEq, Eq)]
enum Asked<'a> {
    Multivariant,
    Playlist(&'a str),
    Init(&'a str, u64),
    Segment(&'a str, u64),
    Part(&'a str, u64, usize),
}

/// A number as we write it, and in no other way: one thing has one address.
fn number(text: &str) -> Option<u64> {
    let canonical = (1..=15).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| canonical)
}

fn asked(path: &str) -> Option<Asked<'_>> {
    if path.len() > PATH_BYTES_MAX {
        return None;
    }
    if path == "index.m3u8" {
        return Some(Asked::Multivariant);
    }
    let (name, file) = path.split_once('/')?;
    if file == "live.m3u8" {
        return Some(Asked::Playlist(name));
    }
    if let Some(id) = file.strip_prefix("init-").and_then(|rest| rest.strip_suffix(".mp4")) {
        return Some(Asked::Init(name, number(id)?));
    }
    let stem = file.strip_suffix(".m4s")?;
    match stem.split_once('.') {
        Some((sequence, part)) => Some(Asked::Part(name, number(sequence)?, usize::try_from(number(part)?).ok()?)),
        None => Some(Asked::Segment(name, number(stem)?)),
    }
}

/// Delivery directives (draft 6.2.5).
#[derive(Debug, Default, PartialEq, Eq)]
struct Directives {
    sequence: Option<u64>,
    part: Option<usize>,
    delta: bool,
}

/// `None` if a directive is malformed. What is no directive is passed over.
fn directives(query: Option<&str>) -> Option<Directives> {
    let mut found = Directives::default();
    let query = query.unwrap_or_default();
    if query.len() > QUERY_BYTES_MAX {
        return None;
    }
    for pair in query.split('&') {
        match pair.split_once('=').unwrap_or((pair, "")) {
            ("_HLS_msn", value) => found.sequence = Some(number(value)?),
            ("_HLS_part", value) => found.part = Some(usize::try_from(number(value)?).ok()?),
            ("_HLS_skip", "YES" | "v2") => found.delta = true,
            ("_HLS_skip", _) => return None,
            _ => {}
        }
    }
    (found.part.is_none() || found.sequence.is_some()).then_some(found)
}

/// Counts a request that waits, for as long as it does.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize, max: usize) -> Option<Self> {
        let waiting = Self(count);
        (count.fetch_add(1, Ordering::Relaxed) < max).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Live {
    /// Answers a GET for `path`, relative to where the broadcast is mounted and without a leading slash. Waits where the
    /// protocol wants it: at most [`WAIT_TARGETS`] target durations.
    pub async fn answer(&self, path: &str, query: Option<&str>, accepts_gzip: bool) -> Answer {
        let Some(asked) = asked(path) else { return gone() };
        let all = self.renditions();
        let of = |name: &str| all.iter().find(|rendition| rendition.name == name);
        match asked {
            Asked::Multivariant => self.multivariant(&all).await,
            Asked::Playlist(name) => match (of(name), directives(query)) {
                (None, _) => gone(),
                (_, None) => Answer::refusal(400, "A delivery directive is malformed.\n"),
                (Some(own), Some(directives)) => self.playlist(own, &all, &directives, accepts_gzip).await,
            },
            Asked::Init(name, id) => {
                let init = of(name).and_then(|own| own.snapshot().inits.get(&id).map(|init| init.data.clone()));
                init.map_or_else(gone, |data| Answer::media(vec![data]))
            }
            Asked::Segment(name, sequence) => match of(name) {
                Some(own) => segment(&own.snapshot(), sequence).await,
                None => gone(),
            },
            Asked::Part(name, sequence, part) => match of(name) {
                Some(own) => self.part(own, sequence, part).await,
                None => gone(),
            },
        }
    }

    /// The first snapshot that `meets` something, or the refusal to send.
    async fn wait(
        &self,
        own: &Rendition,
        limit: Duration,
        meets: impl Fn(&Snapshot) -> bool,
    ) -> Result<Arc<Snapshot>, Answer> {
        let newest = own.snapshot();
        if meets(&newest) {
            return Ok(newest);
        }
        let Some(_waiting) = Waiting::enter(&self.shared.waiters, self.options().waiters_max) else {
            return Err(Answer::refusal(503, "Too many requests wait.\n"));
        };
        let mut receiver = own.sender.subscribe();
        match tokio::time::timeout(limit, receiver.wait_for(|snapshot| meets(snapshot))).await {
            Ok(Ok(snapshot)) => Ok(snapshot.clone()),
            _ => Err(late()),
        }
    }

    async fn multivariant(&self, all: &[Arc<Rendition>]) -> Answer {
        let Some(source) = all.first() else { return gone() };
        if let Err(refusal) = self.wait(source, READY_WAIT, |snapshot| snapshot.target_s.is_some()).await {
            return refusal;
        }
        match playlist::multivariant(all) {
            Some(text) => Answer { varies: false, ..Answer::playlist(text.into(), FRESH, false) },
            None => gone(),
        }
    }

    async fn playlist(
        &self,
        own: &Arc<Rendition>,
        all: &[Arc<Rendition>],
        directives: &Directives,
        gzip: bool,
    ) -> Answer {
        let ready = self.wait(own, READY_WAIT, |snapshot| snapshot.target_s.is_some() || snapshot.ended).await;
        let mut snapshot = match ready {
            Ok(snapshot) => snapshot,
            Err(refusal) => return refusal,
        };
        let Some(target_s) = snapshot.target_s else { return gone() };
        if let Some(sequence) = directives.sequence {
            let far_part = directives.part.is_some_and(|part| {
                let known = if sequence == snapshot.next { snapshot.parts().len() } else { 0 };
                sequence >= snapshot.next && part > known + ADVANCE_PARTS_MAX
            });
            if sequence > snapshot.next + 1 || far_part {
                return ahead();
            }
            let limit = Duration::from_secs(target_s * WAIT_TARGETS);
            let meets = |snapshot: &Snapshot| snapshot.ended || snapshot.reached(sequence, directives.part);
            snapshot = match self.wait(own, limit, meets).await {
                Ok(snapshot) => snapshot,
                Err(refusal) => return refusal,
            };
        }
        let cache_control = if directives.sequence.is_some() { BRIEFLY } else { FRESH };
        Answer::playlist(playlist::rendered(&snapshot, own, all, directives.delta, gzip), cache_control, gzip)
    }

    async fn part(&self, own: &Arc<Rendition>, sequence: u64, part: usize) -> Answer {
        let snapshot = own.snapshot();
        let known = if sequence == snapshot.next { snapshot.parts().len() } else { 0 };
        if sequence > snapshot.next + 1 || (sequence >= snapshot.next && part > known + ADVANCE_PARTS_MAX) {
            return ahead();
        }
        let limit = Duration::from_secs(snapshot.target_s.unwrap_or(READY_WAIT.as_secs()) * WAIT_TARGETS);
        let meets = |snapshot: &Snapshot| snapshot.ended || snapshot.reached(sequence, Some(part));
        let snapshot = match self.wait(own, limit, meets).await {
            Ok(snapshot) => snapshot,
            Err(refusal) => return refusal,
        };
        let parts = match snapshot.segment(sequence) {
            Some(segment) => segment.parts.as_slice(),
            None if sequence == snapshot.next => snapshot.parts(),
            None => &[],
        };
        parts.get(part).map_or_else(gone, |part| Answer::media(vec![part.data.clone()]))
    }
}

async fn segment(snapshot: &Snapshot, sequence: u64) -> Answer {
    let Some(segment) = snapshot.segment(sequence) else {
        return if sequence > snapshot.next + 1 { ahead() } else { gone() };
    };
    match &segment.body {
        Body::Memory => Answer::media(segment.parts.iter().map(|part| part.data.clone()).collect()),
        Body::File { path, offset } => match read(path.clone(), *offset, segment.bytes).await {
            Ok(data) => Answer::media(vec![data]),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a recorded segment could not be read");
                gone()
            }
        },
        // It has one address: that in the playlist.
        Body::Lent(_) => gone(),
    }
}

async fn read(path: Arc<Path>, offset: u64, len: usize) -> std::io::Result<Bytes> {
    let _turn = FILE_READS.acquire().await.map_err(std::io::Error::other)?;
    tokio::task::spawn_blocking(move || {
        use std::os::unix::fs::FileExt as _;
        let mut data = vec![0; len];
        std::fs::File::open(&path)?.read_exact_at(&mut data, offset)?;
        Ok(data.into())
    })
    .await
    .map_err(std::io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_names_one_thing_or_nothing() {
        assert_eq!(asked("index.m3u8"), Some(Asked::Multivariant));
        assert_eq!(asked("source/live.m3u8"), Some(Asked::Playlist("source")));
        assert_eq!(asked("source/init-3.mp4"), Some(Asked::Init("source", 3)));
        assert_eq!(asked("source/12.m4s"), Some(Asked::Segment("source", 12)));
        assert_eq!(asked("source/12.0.m4s"), Some(Asked::Part("source", 12, 0)));
        for other in [
            "",
            "/",
            "..",
            "../index.m3u8",
            "/index.m3u8",
            "source",
            "source/",
            "source/../live.m3u8",
            "source//live.m3u8",
            "source/012.m4s",
            "source/+1.m4s",
            "source/1.00.m4s",
            "source/1.0.0.m4s",
            "source/-1.m4s",
            "source/1.m4s/",
            "source/1.m4s\0",
            "source/9999999999999999.m4s",
            "source/init-.mp4",
            "source/%31.m4s",
            "source/.m4s",
        ] {
            assert_eq!(asked(other), None, "{other:?}");
        }
    }

    #[test]
    fn directives_are_read_and_malformed_ones_refused() {
        let read = |query: &str| directives(Some(query));
        let whole = Directives { sequence: Some(7), part: Some(2), delta: true };
        assert_eq!(read("_HLS_msn=7&_HLS_part=2&_HLS_skip=YES&token=x"), Some(whole));
        assert_eq!(directives(None), Some(Directives::default()));
        for bad in ["_HLS_part=1", "_HLS_msn=", "_HLS_msn=-1", "_HLS_msn=x", "_HLS_skip=NO", "_HLS_msn=1&_HLS_part=x"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert!(read(&"x".repeat(QUERY_BYTES_MAX)).is_some());
        assert!(read(&"x".repeat(QUERY_BYTES_MAX + 1)).is_none());
    }

    proptest! {
        #[test]
        fn any_path_and_query_get_a_bounded_answer(path in ".{0,120}", query in ".{0,60}") {
            let _ = (asked(&path), directives(Some(&query)));
        }

        #[test]
        fn paths_like_ours_round_trip(name in "[a-z]{1,8}", sequence in 0u64..1_000_000_000, part in 0usize..1000) {
            let path = format!("{name}/{sequence}.{part}.m4s");
            prop_assert_eq!(asked(&path), Some(Asked::Part(&name, sequence, part)));
        }
    }
}
