//! A ladder out of real pictures, by the real ffmpeg: decoded, measured, and laid over the source.

mod support;

use hearth_media::convert::Converted;
use hearth_media::{BEHIND_US, Codec, Kind, Ladder, Live, Options, Packager, RUNGS, Step, rungs_below};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use support::*;

const TEST_540: &str = "-f lavfi -i testsrc2=size=960x540:rate=30:duration=12 -f lavfi -i sine=440:duration=12 \
     -c:v libx264 -preset ultrafast -g 60 -bf 2 -b:v 2000k -c:a aac -ar 48000 -ac 2";
/// Longer than anything takes; only a fault reaches it.
const PATIENCE: Duration = Duration::from_secs(60);
/// How far the source may be ahead of the ladder in a test: less than what is waited for.
const AHEAD_US: u64 = 1_000_000;

struct Broadcast {
    live: Live,
    packager: Packager,
    ladder: Ladder,
    converted: Receiver<(usize, Converted)>,
    newest_us: [u64; RUNGS.len()],
}

impl Broadcast {
    fn begin(ffmpeg: &Path) -> Self {
        let live = Live::new(Options::new(START_MS));
        let mut packager = live.add("source").expect("a rendition");
        let (sender, converted) = channel();
        let sink = Arc::new(move |rung, said| drop(sender.send((rung, said))));
        let ladder = Ladder::new(ffmpeg, live.clone(), &mut packager, sink);
        Self { live, packager, ladder, converted, newest_us: [0; RUNGS.len()] }
    }

    fn push(&mut self, sent: &Sent) -> Step {
        match sent {
            Sent::Config(config) => {
                self.packager.configure(config).expect("a configuration");
                Step::GoesOn
            }
            Sent::Frame(frame) => {
                self.packager.push(frame, START_MS + frame.dts_us / 1000).expect("a frame");
                self.ladder.pushed(&mut self.packager, frame)
            }
        }
    }

    fn hear(&mut self, (rung, said): (usize, Converted)) {
        if let Converted::Frame(frame) = &said {
            self.newest_us[rung] = frame.pts_us;
        }
        self.ladder.converted(rung, said);
    }

    /// Pushes no faster than the rungs of these indexes follow, once they have begun.
    fn push_all(&mut self, sent: &[Sent], rungs: &[usize]) {
        let mut begun = false;
        for one in sent {
            assert_eq!(self.push(one), Step::GoesOn);
            let Sent::Frame(frame) = one else { continue };
            if !begun && frame.kind() == Kind::Video && frame.key_frame {
                begun = true;
                self.newest_us = [frame.pts_us; RUNGS.len()];
            }
            while begun && rungs.iter().any(|rung| self.newest_us[*rung] + AHEAD_US < frame.dts_us) {
                let said = self.converted.recv_timeout(PATIENCE).expect("a picture of a ladder");
                self.hear(said);
            }
        }
    }

    /// Waits until the rungs have come as far as what was sent.
    fn catch_up(&mut self, until_us: u64, rungs: &[usize]) {
        while rungs.iter().any(|rung| self.newest_us[*rung] < until_us) {
            let said = self.converted.recv_timeout(PATIENCE).expect("a picture of a ladder");
            self.hear(said);
        }
    }

    async fn text(&self, path: &str) -> String {
        let answer = self.live.answer(path, None, false).await;
        assert_eq!(answer.status, 200, "{path}");
        String::from_utf8(answer.body.concat()).expect("text")
    }

    /// An init segment and a segment as one file, probed.
    async fn packets(&self, rendition: &str, number: u64) -> Vec<(String, i64, String)> {
        let playlist = self.text(&format!("{rendition}/live.m3u8")).await;
        let upto = playlist.split(&format!("\n{number}.m4s")).next().expect("a playlist");
        let init = upto.rsplit("#EXT-X-MAP:URI=\"").next().and_then(|rest| rest.split('"').next()).expect("a map");
        let mut file = Vec::new();
        for path in [format!("{rendition}/{init}"), format!("{rendition}/{number}.m4s")] {
            let answer = self.live.answer(&path, None, false).await;
            assert_eq!(answer.status, 200, "{path}");
            file.extend(answer.body.concat());
        }
        let path = std::env::temp_dir().join(format!("hearth-ladder-{}-{rendition}-{number}.mp4", std::process::id()));
        std::fs::write(&path, &file).expect("a file");
        let probed = ffprobe(path.to_str().expect("a path")).await;
        assert_eq!(probed[0].size.map(|size| size.1), Some(heights(rendition)), "decoded");
        let entries = ["-v", "error", "-show_entries", "packet=codec_type,pts,flags", "-of", "csv=p=0"];
        let out = std::process::Command::new("ffprobe").args(entries).arg(&path).output().expect("ffprobe runs");
        std::fs::remove_file(path).expect("the file");
        let text = String::from_utf8(out.stdout).expect("text");
        let line = |line: &str| {
            let fields: Vec<_> = line.split(',').collect();
            (fields[0].to_owned(), fields[1].parse().expect("a time"), fields[2].to_owned())
        };
        let mut packets: Vec<_> = text.lines().map(line).collect();
        packets.sort();
        packets
    }
}

fn heights(rendition: &str) -> u64 {
    rendition.trim_end_matches('p').parse().unwrap_or(540)
}

/// What a playlist says of its segments: length, date, and whose they are.
fn told(playlist: &str) -> Vec<(String, String)> {
    let of = |start: &str| {
        let lines = playlist.lines().filter(|line| line.starts_with(start)).map(str::to_owned);
        lines.collect::<Vec<_>>()
    };
    of("#EXTINF").into_iter().zip(of("#EXT-X-PROGRAM-DATE-TIME")).collect()
}

#[test]
fn rungs_are_smaller_than_the_source() {
    let names = |height| rungs_below(height).map(|rung| rung.name).collect::<Vec<_>>();
    assert_eq!(names(1_080), ["720p", "480p", "360p"]);
    assert_eq!(names(721), ["720p", "480p", "360p"]);
    assert_eq!(names(720), ["480p", "360p"]);
    assert_eq!(names(480), ["360p"]);
    assert!(names(360).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn rungs_are_decoded_and_lie_over_the_source_picture_by_picture() {
    let sent = flv(TEST_540);
    let mut broadcast = Broadcast::begin(Path::new("ffmpeg"));
    // The first four seconds nobody watches by HLS.
    let (before, after) = sent.split_at(sent.len() / 3);
    broadcast.push_all(before, &[]);
    let index = broadcast.text("index.m3u8").await;
    let offered = "CODECS=\"avc1.42c01f,mp4a.40.2\",RESOLUTION=854x480,FRAME-RATE=";
    assert!(index.contains(offered) && index.contains("\n480p/live.m3u8\n"), "offered beforehand:\n{index}");
    assert!(index.contains("RESOLUTION=640x360") && !index.contains("720p"), "{index}");
    let lent = broadcast.text("480p/live.m3u8").await;
    assert!(lent.contains("\n../source/0.m4s\n") && lent.contains("../source/init-1.mp4"), "{lent}");
    broadcast.ladder.start();
    broadcast.push_all(after, &[1, 2]);
    let newest_us = sent.iter().filter_map(|sent| match sent {
        Sent::Frame(frame) if frame.kind() == Kind::Video => Some(frame.pts_us),
        _ => None,
    });
    // The last few stay in the decoder: they might have to be brought into another order.
    broadcast.catch_up(newest_us.max().expect("pictures") - 300_000, &[1, 2]);

    let source = broadcast.text("source/live.m3u8").await;
    for rung in ["480p", "360p"] {
        let text = broadcast.text(&format!("{rung}/live.m3u8")).await;
        assert_eq!(told(&text), told(&source), "{rung}: {text}");
        assert!(
            text.contains(",INDEPENDENT=YES") && text.contains("#EXT-X-RENDITION-REPORT:URI=\"../source/live"),
            "{text}"
        );
        // What was before it was started is the source's, and a rung begins at a key frame.
        for number in 0..5 {
            assert_eq!(text.contains(&format!("\n../source/{number}.m4s\n")), number < 2, "{number}: {text}");
        }
        for number in 2..5 {
            let (own, theirs) = (broadcast.packets(rung, number).await, broadcast.packets("source", number).await);
            let times = |packets: &[(String, i64, String)]| {
                packets.iter().map(|packet| (packet.0.clone(), packet.1)).collect::<Vec<_>>()
            };
            assert_eq!(times(&own), times(&theirs), "{rung} {number}: shown and heard at the same times");
            let first = own.iter().find(|packet| packet.0 == "video").expect("pictures");
            assert!(first.2.starts_with('K'), "{own:?}");
        }
    }
    let index = broadcast.text("index.m3u8").await;
    assert!(index.matches("#EXT-X-STREAM-INF").count() == 3 && index.contains("RESOLUTION=854x480"), "{index}");

    let Broadcast { live, packager, ladder, .. } = broadcast;
    packager.finish().expect("an end");
    ladder.finish();
    let address = serve(live).await;
    let url = format!("http://{address}/live/480p/live.m3u8");
    let played = ffprobe(&url).await;
    let lost = frames(&sent, Codec::H264) - played[0].frames;
    assert!(lost <= 12, "what is lent and what is its own are decoded in one go: {played:?}");
    assert!(rises(&url).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ladder_that_stops_leaves_the_source_and_one_that_starts_again_goes_on() {
    let sent = flv(&TEST_540.replace("960x540", "640x480"));
    let mut broadcast = Broadcast::begin(Path::new("ffmpeg"));
    let third = sent.len() / 3;
    broadcast.ladder.start();
    broadcast.push_all(&sent[..third], &[2]);
    broadcast.ladder.stop();
    broadcast.push_all(&sent[third..2 * third], &[]);
    broadcast.ladder.start();
    broadcast.push_all(&sent[2 * third..], &[2]);
    let Broadcast { live, packager, ladder, .. } = broadcast;
    packager.finish().expect("an end");
    ladder.finish();
    let text = |path: &'static str| {
        let live = live.clone();
        async move { String::from_utf8(live.answer(path, None, false).await.body.concat()).expect("text") }
    };
    let (rung, source) = (text("360p/live.m3u8").await, text("source/live.m3u8").await);
    assert_eq!(told(&rung), told(&source), "{rung}");
    let whose: Vec<_> = rung.lines().filter(|line| line.ends_with(".m4s")).map(|line| line.starts_with("..")).collect();
    assert!(!whose[0] && whose[3] && !whose[5], "its own, the source's, its own again: {rung}");
    assert!(rung.ends_with("#EXT-X-ENDLIST\n"), "{rung}");
}

#[test]
fn what_the_machine_cannot_bear_is_said_and_not_before() {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/convert/programs");
    let sent = flv(&TEST_540.replace("960x540", "640x480").replace("rate=30", "rate=25"));
    let mut broadcast = Broadcast::begin(&programs.join("sleeps"));
    broadcast.ladder.start();
    let mut behind_us = None;
    for one in &sent {
        if broadcast.push(one) == Step::Behind
            && let Sent::Frame(frame) = one
        {
            behind_us.get_or_insert(frame.pts_us);
        }
    }
    let behind_us = behind_us.expect("it is said");
    let first_us = sent.iter().find_map(|sent| match sent {
        Sent::Frame(frame) if frame.kind() == Kind::Video => Some(frame.pts_us),
        _ => None,
    });
    let after_us = behind_us - first_us.expect("pictures");
    assert!((BEHIND_US..BEHIND_US + 200_000).contains(&after_us), "{after_us}");
}

#[test]
fn a_ladder_without_ffmpeg_is_given_up() {
    let sent = flv(&TEST_540.replace("960x540", "640x480").replace("duration=12", "duration=2"));
    let mut broadcast = Broadcast::begin(Path::new("no-such-program"));
    broadcast.ladder.start();
    let mut steps = Vec::new();
    for one in &sent {
        steps.push(broadcast.push(one));
        if matches!(one, Sent::Frame(_)) && broadcast.ladder.is_of_use() && steps.len() < 20 {
            while let Ok(said) = broadcast.converted.recv_timeout(Duration::from_millis(50)) {
                broadcast.hear(said);
            }
        }
    }
    assert!(steps.contains(&Step::Behind));
}
