//! Players of Low-Latency HLS: each waits for the next part by a blocking playlist request, and fetches it; or, as a flood,
//! all fetch what is there as fast as it is answered.
//!
//! Source: draft-pantos-hls-rfc8216bis, sections 6.2.5.2 (blocking playlist reload) and 6.3.

use crate::failure::{Failure, Result, within};
use crate::figures::histogram::Histogram;
use crate::figures::process::{Process, Usage};
use crate::figures::report::Figures;
use crate::hearth::target::Target;
use crate::net::http::Client;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// The most players.
pub const PLAYERS_MAX: usize = 20_000;
/// How long a playlist or part may be waited for, in seconds.
const ANSWER_WITHIN_S: u64 = 20;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Load {
    /// The multivariant playlist, from the origin on.
    pub path: String,
    /// Players.
    pub players: usize,
    /// Seconds measured.
    pub seconds: u64,
    /// Ask as fast as it is answered, instead of as a player does.
    pub flood: bool,
}

#[derive(Default)]
struct Tally {
    measuring: bool,
    playlists: u64,
    parts: u64,
    bytes: u64,
    failures: u64,
    playlist_us: Histogram,
    part_us: Histogram,
}

/// The newest of a media playlist.
#[derive(Debug, Default, PartialEq, Eq)]
struct Newest {
    /// Media sequence number and part of what comes next.
    next: (u64, u64),
    /// The address of the newest part; of a film, which has none, of the last segment.
    part: Option<String>,
}

impl Newest {
    fn read(playlist: &str) -> Self {
        let (mut segment, mut part, mut newest, mut whole) = (0, 0, None, None);
        for line in playlist.lines() {
            if let Some(number) = line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:") {
                segment = number.trim().parse().unwrap_or(0);
            } else if let Some(skipped) = line.strip_prefix("#EXT-X-SKIP:SKIPPED-SEGMENTS=") {
                segment += skipped.split(',').next().and_then(|number| number.trim().parse().ok()).unwrap_or(0_u64);
            } else if let Some(attributes) = line.strip_prefix("#EXT-X-PART:") {
                newest = attribute(attributes, "URI");
                part += 1;
            } else if line.starts_with("#EXTINF:") {
                segment += 1;
                part = 0;
            } else if !line.starts_with('#') && !line.is_empty() {
                whole = Some(line.trim().to_owned());
            }
        }
        Self { next: (segment, part), part: newest.or(whole) }
    }
}

fn attribute(attributes: &str, name: &str) -> Option<String> {
    let from = attributes.split_once(&format!("{name}=\""))?.1;
    Some(from.split_once('"')?.0.to_owned())
}

/// The address of the first media playlist that a multivariant playlist names.
fn first_variant(playlist: &str) -> Option<&str> {
    let mut lines = playlist.lines().skip_while(|line| !line.starts_with("#EXT-X-STREAM-INF"));
    lines.find(|line| !line.starts_with('#') && !line.is_empty())
}

/// An address that stands in the playlist at `base`.
fn resolve(base: &str, address: &str) -> String {
    if address.starts_with('/') {
        return address.to_owned();
    }
    let folder = base.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{address}")
}

struct Player {
    client: Client,
    playlist: String,
    flood: bool,
    tally: Rc<RefCell<Tally>>,
}

impl Player {
    async fn enter(target: Target, load: &Load, tally: Rc<RefCell<Tally>>) -> Result<Self> {
        let mut client = Client::connect(target.address).await?;
        let text = text(client.bytes(&load.path).await?, &load.path)?;
        let variant = first_variant(&text)
            .ok_or_else(|| Failure::Unreadable { what: load.path.clone(), reason: "it names no variant".to_owned() })?;
        Ok(Self { client, playlist: resolve(&load.path, variant), flood: load.flood, tally })
    }

    async fn play(mut self) {
        let mut newest = Newest::default();
        loop {
            if let Err(failure) = self.step(&mut newest).await {
                self.tally.borrow_mut().failures += 1;
                eprintln!("loadgen: a player ended: {failure}");
                return;
            }
        }
    }

    async fn step(&mut self, newest: &mut Newest) -> Result<()> {
        let blocking = newest.part.is_some() && !self.flood;
        let path = match newest.next {
            (segment, part) if blocking => format!("{}?_HLS_msn={segment}&_HLS_part={part}", self.playlist),
            _ => self.playlist.clone(),
        };
        let asked = Instant::now();
        let playlist = within(ANSWER_WITHIN_S, "a playlist", self.client.bytes(&path)).await?;
        self.note(asked, playlist.len(), true);
        *newest = Newest::read(&text(playlist, &path)?);
        let Some(part) = &newest.part else { return Ok(()) };
        let path = resolve(&self.playlist, part);
        let asked = Instant::now();
        let part = within(ANSWER_WITHIN_S, "a part", self.client.bytes(&path)).await?;
        self.note(asked, part.len(), false);
        Ok(())
    }

    fn note(&self, asked: Instant, bytes: usize, playlist: bool) {
        let mut tally = self.tally.borrow_mut();
        if !tally.measuring {
            return;
        }
        let took_us = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
        tally.bytes += bytes as u64;
        if playlist {
            tally.playlists += 1;
            tally.playlist_us.record(took_us);
        } else {
            tally.parts += 1;
            tally.part_us.record(took_us);
        }
    }
}

fn text(bytes: bytes::Bytes, what: &str) -> Result<String> {
    String::from_utf8(bytes.into())
        .map_err(|_| Failure::Unreadable { what: what.to_owned(), reason: "it is no text".to_owned() })
}

/// Lets the players play; gives the figures, and whether nobody failed.
pub async fn run(target: Target, process: Option<Process>, load: &Load) -> Result<(Figures, bool)> {
    let tally = Rc::new(RefCell::new(Tally::default()));
    let mut players = Vec::with_capacity(load.players);
    let before_players = Usage::of(process)?;
    for _ in 0..load.players {
        let player = within(ANSWER_WITHIN_S, "the first playlist", Player::enter(target, load, tally.clone())).await?;
        players.push(tokio::task::spawn_local(player.play()));
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (begun, before) = (Instant::now(), Usage::of(process)?);
    tally.borrow_mut().measuring = true;
    tokio::time::sleep(Duration::from_secs(load.seconds)).await;
    tally.borrow_mut().measuring = false;
    let (took_s, after) = (begun.elapsed().as_secs_f64(), Usage::of(process)?);
    for player in players {
        player.abort();
    }
    let tally = tally.borrow();
    let requests = (tally.playlists + tally.parts) as f64;
    let cpu_us = after.cpu_us_since(&before);
    let mut figures = Figures::default();
    figures.add("players", "players", "", 0, Some(load.players as f64));
    figures.add("requests_per_second", "requests", "/s", 0, Some(requests / took_s));
    figures.add("bytes_per_second", "bytes", "MB/s", 1, Some(tally.bytes as f64 / took_s / 1e6));
    figures.add("cpu_us_per_request", "CPU a request", "µs", 1, cpu_us.map(|us| us / requests.max(1.0)));
    figures.add(
        "requests_per_core_second",
        "requests a second of one core",
        "/s",
        0,
        cpu_us.map(|us| requests * 1e6 / us.max(1.0)),
    );
    figures.add("core_share", "share of a core", "%", 0, cpu_us.map(|us| us / took_s / 1e4));
    figures.add_percentiles(
        [("playlist_p50_ms", "playlist p50"), ("playlist_p95_ms", "playlist p95"), ("playlist_p99_ms", "playlist p99")],
        &tally.playlist_us,
    );
    figures.add_percentiles(
        [("part_p50_ms", "part p50"), ("part_p95_ms", "part p95"), ("part_p99_ms", "part p99")],
        &tally.part_us,
    );
    let kib = after.kib_since(&before_players).map(|kib| kib / load.players as f64);
    figures.add("memory_kib_per_player", "memory a player", "KiB", 1, kib);
    figures.add("failures", "players that failed", "", 0, Some(tally.failures as f64));
    Ok((figures, tally.failures == 0 && requests > 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_next_is_read_from_a_playlist() {
        let playlist = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:266\n#EXTINF:4.0,\na.mp4\n#EXT-X-PART:DURATION=0.3,URI=\"b.0.mp4\"\n\
            #EXT-X-PART:DURATION=0.3,URI=\"b.1.mp4\"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"b.2.mp4\"\n";
        assert_eq!(Newest::read(playlist), Newest { next: (267, 2), part: Some("b.1.mp4".to_owned()) });
        let delta = "#EXT-X-MEDIA-SEQUENCE:10\n#EXT-X-SKIP:SKIPPED-SEGMENTS=5\n#EXTINF:2,\nx.mp4\n";
        assert_eq!(
            Newest::read(delta),
            Newest { next: (16, 0), part: Some("x.mp4".to_owned()) },
            "a film has no parts"
        );
        assert_eq!(Newest::read(""), Newest::default());
    }

    #[test]
    fn addresses_stand_beside_their_playlist() {
        assert_eq!(resolve("/hls/room/open/index.m3u8", "video.m3u8"), "/hls/room/open/video.m3u8");
        assert_eq!(resolve("/hls/room/open/index.m3u8", "/elsewhere.m3u8"), "/elsewhere.m3u8");
        assert_eq!(first_variant("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8\n"), Some("v.m3u8"));
        assert_eq!(first_variant("#EXTM3U\n"), None);
    }
}
