//! Whatever comes, and in whatever order: playlists stay valid.

mod support;

use hearth_media::{Live, Options, PART_MAX_US, Packager, TARGET_SLACK_US};
use proptest::prelude::*;
use support::*;

/// Something an encoder, a network or a liar does.
#[derive(Debug, Clone)]
enum Step {
    /// Pictures and sound for so many frames of so many microseconds.
    Run { frames: u8, frame_us: u32, key_every: u8, video: bool, audio: bool },
    /// The clock jumps, and the wall's by other amounts.
    Jump { by_us: i64, wall_ms: u32, told: bool },
    /// One picture and one sound at any time at all.
    Lie { video_us: u64, audio_us: u64, key_frame: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let run = (
        1u8..200,
        prop_oneof![Just(33_333u32), Just(16_667), Just(40_000), 1u32..1_500_000],
        1u8..200,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(frames, frame_us, key_every, video, audio)| Step::Run {
            frames,
            frame_us,
            key_every,
            video,
            audio,
        });
    let jump = (-7_200_000_000i64..7_200_000_000, 0u32..20_000, any::<bool>())
        .prop_map(|(by_us, wall_ms, told)| Step::Jump { by_us, wall_ms, told });
    let lie = (any::<u64>(), any::<u64>(), any::<bool>()).prop_map(|(video_us, audio_us, key_frame)| Step::Lie {
        video_us,
        audio_us,
        key_frame,
    });
    prop::collection::vec(prop_oneof![6 => run, 2 => jump, 1 => lie], 1..14)
}

#[derive(Debug, Default, PartialEq, Clone, Copy)]
struct Head {
    sequence: u64,
    next: u64,
    discontinuity: u64,
    target_s: u64,
}

fn micros(text: &str) -> u64 {
    let (whole, rest) = text.trim_end_matches(',').split_once('.').expect("a decimal");
    assert_eq!(rest.len(), 6, "{text}");
    whole.parse::<u64>().expect("seconds") * 1_000_000 + rest.parse::<u64>().expect("a fraction")
}

/// Reads a media playlist and holds it to the rules of the draft.
fn check(text: &str, sound_came: bool) -> Head {
    m3u8_rs::parse_media_playlist_res(text.as_bytes()).expect("a media playlist");
    let mut head = Head::default();
    let (mut parts_us, mut part_target_us, mut mapped) = (Vec::new(), 0, false);
    for line in text.lines() {
        let value = |name: &str| line.strip_prefix(name);
        if let Some(value) = value("#EXT-X-TARGETDURATION:") {
            head.target_s = value.parse().expect("a number");
        } else if let Some(value) = value("#EXT-X-MEDIA-SEQUENCE:") {
            head.sequence = value.parse().expect("a number");
            head.next = head.sequence;
        } else if let Some(value) = value("#EXT-X-DISCONTINUITY-SEQUENCE:") {
            head.discontinuity = value.parse().expect("a number");
        } else if let Some(value) = value("#EXT-X-PART-INF:PART-TARGET=") {
            part_target_us = micros(value);
        } else if line.starts_with("#EXT-X-MAP") {
            mapped = true;
        } else if let Some(value) = value("#EXT-X-PART:DURATION=") {
            let (duration, uri) = value.split_once(",URI=\"").expect("an address");
            assert!(uri.starts_with(&format!("{}.{}.m4s\"", head.next, parts_us.len())), "{line}\n{text}");
            parts_us.push(micros(duration));
        } else if let Some(value) = value("#EXTINF:") {
            let duration_us = micros(value);
            assert!(duration_us <= head.target_s * 1_000_000 + TARGET_SLACK_US, "{line}\n{text}");
            assert!(parts_us.is_empty() || parts_us.iter().sum::<u64>() == duration_us, "{line}\n{text}");
            assert!(mapped, "no map before {line}\n{text}");
            parts_us.clear();
            head.next += 1;
        } else if let Some(value) = value("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"") {
            assert_eq!(value, format!("{}.{}.m4s\"", head.next, parts_us.len()), "{text}");
        }
        // Without sound, a picture that stands long makes a long part.
        let longest_us = parts_us.iter().copied().max().unwrap_or(0);
        assert!(!sound_came || longest_us <= part_target_us.max(PART_MAX_US), "{line}\n{text}");
    }
    head
}

struct Encoder {
    at_us: u64,
    wall_ms: u64,
    told: bool,
}

impl Encoder {
    fn send(&mut self, packager: &mut Packager, mut frame: hearth_media::Frame) {
        frame.discontinuity = std::mem::take(&mut self.told);
        packager.push(&frame, self.wall_ms).expect("a frame");
    }

    fn take(&mut self, packager: &mut Packager, step: &Step) {
        match *step {
            Step::Run { frames, frame_us, key_every, video, audio } => {
                for index in 0..frames {
                    if video {
                        self.send(packager, picture(self.at_us, index % key_every == 0));
                    }
                    let end_us = self.at_us + u64::from(frame_us);
                    while audio && self.at_us + 20_000 <= end_us {
                        self.send(packager, sound(self.at_us));
                        self.at_us += 20_000;
                        self.wall_ms += 20;
                    }
                    self.wall_ms += (end_us - self.at_us) / 1000;
                    self.at_us = end_us;
                }
            }
            Step::Jump { by_us, wall_ms, told } => {
                self.at_us = self.at_us.saturating_add_signed(by_us);
                self.wall_ms += u64::from(wall_ms);
                self.told = told;
            }
            Step::Lie { video_us, audio_us, key_frame } => {
                self.send(packager, picture(video_us, key_frame));
                self.send(packager, sound(audio_us));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96.max(ProptestConfig::default().cases / 3), ..ProptestConfig::default() })]

    #[test]
    fn playlists_stay_valid_and_never_go_back(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut options = Options::new(START_MS);
            options.limits.window_us = 30_000_000;
            options.limits.memory_bytes = 60_000;
            let live = Live::new(options);
            let mut packager = live.add("source").expect("a rendition");
            let mut encoder = Encoder { at_us: 8_000_000_000, wall_ms: START_MS, told: false };
            // A picture, so that configuration is known before anything else.
            packager.push(&picture(encoder.at_us, true), encoder.wall_ms).expect("a picture");
            let mut before = Head::default();
            let sound_came = steps.iter().all(|step| matches!(step, Step::Run { audio: true, frame_us: 20_000.., .. }));
            for step in &steps {
                encoder.take(&mut packager, step);
                let snapshot = live.renditions()[0].snapshot();
                assert!(packager.memory_bytes() <= 60_000 || snapshot.closed.len() == 1);
                if snapshot.target_s.is_none() {
                    continue;
                }
                let answer = live.answer("source/live.m3u8", None, false).await;
                let text = String::from_utf8(answer.body.concat()).expect("text");
                let head = check(&text, sound_came);
                assert!(head.sequence >= before.sequence && head.next >= before.next, "{before:?}\n{text}");
                assert!(head.discontinuity >= before.discontinuity, "{before:?}\n{text}");
                assert!(before.target_s == 0 || head.target_s == before.target_s);
                before = head;
                for segment in snapshot.closed.iter() {
                    let whole = live.answer(&format!("source/{}.m4s", segment.sequence), None, false).await;
                    let parts: Vec<u8> = segment.parts.iter().flat_map(|part| part.data.to_vec()).collect();
                    assert_eq!(whole.body.concat(), parts);
                    let sum_us: u64 = segment.parts.iter().map(|part| part.duration_us).sum();
                    assert_eq!(segment.duration_us, sum_us);
                }
                let ends = snapshot.closed.iter().map(|segment| segment.start_us + segment.duration_us);
                let starts = snapshot.closed.iter().skip(1).map(|segment| segment.start_us);
                assert!(ends.zip(starts).all(|(end, start)| end == start), "media time has a hole");
            }
            packager.finish().expect("an end");
        });
    }

    #[test]
    fn any_path_and_query_get_an_answer_without_delay(path in "(source/)?[0-9a-z./%-]{0,40}", query in ".{0,80}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        runtime.block_on(async {
            let live = Live::new(Options::new(START_MS));
            let mut packager = live.add("source").expect("a rendition");
            for index in 0..70 {
                let at_us = index * 33_333;
                packager.push(&picture(at_us, index % 60 == 0), START_MS + at_us / 1000).expect("a picture");
            }
            let answer = live.answer(&path, Some(&query), false).await;
            assert!([200, 400, 404, 503].contains(&answer.status));
            assert_eq!(live.waiters(), 0);
        });
    }
}
