//! Kinds of films that people have, and what becomes of each.

use crate::support::*;
use hearth_conversion::{Failure, Hdr, Refusal, Report, Settings, finished};

const PICTURE: &str = "-f lavfi -i testsrc2=size=320x180:rate=30:duration=9";
const TONE: &str = "-f lavfi -i sine=440:sample_rate=48000:duration=9";
const X264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

fn alone(name: &str) -> (Folder, String) {
    (Folder::new(name), format!("{PICTURE} {TONE}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ladder_is_cut_at_the_same_times_and_never_larger_than_its_source() {
    let folder = Folder::new("ladder");
    let film = folder.film(
        "film's & \"name\" 100%.mkv",
        &format!(
            "-f lavfi -i testsrc2=size=960x540:rate=30000/1001:duration=10 {TONE} -c:v mpeg4 -b:v 2M -bf 2 -c:a libopus"
        ),
    );
    let job = folder.job(&film);
    let (made, reports) = converted(&job).await;
    let names: Vec<&str> = made.renditions.iter().map(|made| made.name.as_str()).collect();
    assert_eq!(names, ["540p", "480p", "360p"]);
    assert_eq!((made.renditions[1].width, made.renditions[1].height), (854, 480));
    let key_frames_of = |name: &str| key_frames(&folder.at(&format!("out/{name}/index.m3u8")));
    let first = key_frames_of("540p");
    assert_eq!(first.len(), 3, "{first:?}");
    for name in &names[1..] {
        assert_eq!(key_frames_of(name), first);
        assert_eq!(
            segments(&folder.read(&format!("out/{name}/index.m3u8"))),
            segments(&folder.read("out/540p/index.m3u8"))
        );
    }
    assert_eq!(made.duration_ms, 10_010);
    for name in &names {
        let playlist = folder.at(&format!("out/{name}/index.m3u8"));
        assert_eq!(shown(&folder.at(&format!("out/{name}"))), (0, 10_010));
        assert_eq!(stream(&playlist, "codec_name,pix_fmt"), "h264,yuv420p");
    }
    assert_eq!(shown(&folder.at("out/audio-0")).0, 0);
    let playable = reports.iter().filter_map(|report| match report {
        Report::Playable { renditions } => Some(renditions.join(" ")),
        _ => None,
    });
    let playable: Vec<String> = playable.collect();
    assert_eq!(playable, ["360p", "360p", "540p 480p 360p"]);
    let done = reports
        .iter()
        .filter_map(|report| if let Report::Progress(progress) = report { Some(progress.done) } else { None });
    assert!(
        done.clone().is_sorted() && done.clone().next_back().is_some_and(|done| done > 0.9),
        "{:?}",
        done.collect::<Vec<_>>()
    );
    pictures_are_there(&folder, &made);
    assert_eq!(finished(&job.folder), Some(made.clone()));
    let (again, reports) = converted(&job).await;
    assert_eq!((again, reports.len()), (made, 0), "what is finished is not made again");
}

fn pictures_are_there(folder: &Folder, made: &hearth_conversion::Conversion) {
    assert_eq!(stream(&folder.at("out/poster.jpg"), "codec_name,width,height"), "mjpeg,960,540");
    assert_eq!(stream(&folder.at("out/sprites.jpg"), "codec_name,width,height"), "mjpeg,1600,180");
    let previews = folder.read("out/sprites.vtt");
    assert_eq!(previews.matches("-->").count(), 11);
    assert!(previews.contains("00:00:10.000 --> 00:00:10.010\nsprites.jpg#xywh=0,90,160,90\n"), "{previews}");
    assert!(made.tiny.starts_with("data:image/") && made.tiny.len() < 1_000, "{}", made.tiny);
    let index = folder.read("out/index.m3u8");
    assert!(index.contains("RESOLUTION=960x540,AUDIO=\"audio\"\n540p/index.m3u8"), "{index}");
    assert!(index.contains("CODECS=\"avc1.6400"), "{index}");
    assert!(!folder.at("out/tiny").exists() && !folder.at("out/conversion.begun").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fits_is_copied_and_the_others_are_cut_where_it_is() {
    let (folder, _) = alone("copied");
    let film = folder.film(
        "film.mp4",
        &format!("-f lavfi -i testsrc2=size=640x540:rate=25:duration=11 {TONE} {X264} -bf 2 -g 60 -b:v 1M -c:a aac"),
    );
    let (made, _) = converted(&folder.job(&film)).await;
    let copied: Vec<bool> = made.renditions.iter().map(|made| made.copied).collect();
    assert_eq!(copied, [true, false, false]);
    let of = |name: &str| folder.at(&format!("out/{name}/index.m3u8"));
    // Byte for byte the same pictures.
    let hashes = |path: &std::path::Path| told(path, "-select_streams v -show_entries packet=size");
    assert_eq!(hashes(&of("540p")), hashes(&film));
    assert_eq!(key_frames(&of("360p")), key_frames(&of("540p")));
    let shown_of = |name: &str| shown(&folder.at(&format!("out/{name}")));
    assert_eq!(shown_of("540p"), (0, 11_000));
    for name in ["480p", "360p"] {
        assert_eq!(shown_of(name), (0, 11_000));
        let cuts = |name: &str| segments(&folder.read(&format!("out/{name}/index.m3u8")));
        assert_eq!(cuts(name), cuts("540p"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_seemed_to_fit_and_has_no_key_frames_later_on_is_encoded_after_all() {
    let folder = Folder::new("sparse");
    let film = folder.film(
        "film.mp4",
        &format!(
            "-f lavfi -i testsrc2=size=64x64:rate=5:duration=145 {X264} -g 9999 -sc_threshold 0 \
             -force_key_frames expr:lt(t,122)*gte(t,n_forced*2)"
        ),
    );
    assert_eq!(probed(&film).await.expect("a film").video.key_frames_ms, 2_000);
    let (made, _) = converted(&folder.job(&film)).await;
    assert!(!made.renditions[0].copied);
    assert!(segments(&folder.read("out/64p/index.m3u8")).iter().all(|length| *length <= 4_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_of_a_browser_has_no_length_in_its_head() {
    let (folder, input) = alone("webm");
    let film = folder.film(
        "film.webm",
        &format!("{input} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 300k -c:a libopus -live 1 -f webm"),
    );
    let source = probed(&film).await.expect("a film");
    assert_eq!((source.container.as_str(), source.video.codec.as_str()), ("matroska", "vp9"));
    assert!(source.duration_ms.abs_diff(9_000) < 100, "{source:?}");
    let (made, _) = converted(&folder.job(&film)).await;
    assert!(made.duration_ms.abs_diff(9_000) < 100, "{made:?}");
    assert_eq!(made.renditions.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_of_a_phone_held_upright_is_upright() {
    let (folder, input) = alone("phone");
    let flat = folder.film("flat.mp4", &format!("{input} {X264} -g 30 -c:a aac -shortest"));
    let flat = flat.to_str().expect("a path");
    let film = folder.film(
        "film.mp4",
        &format!("-i {flat} -c copy -metadata:s:v rotate=90 -metadata location=+52.5+13.4/ -metadata title=Secret"),
    );
    let source = probed(&film).await.expect("a film");
    assert_eq!((source.video.rotation_deg % 180, source.video.shown()), (90, (180, 320)));
    let (made, _) = converted(&folder.job(&film)).await;
    assert!(!made.renditions[0].copied);
    let playlist = folder.at("out/180p/index.m3u8");
    assert_eq!(stream(&playlist, "width,height"), "180,320");
    assert_eq!(stream(&folder.at("out/poster.jpg"), "width,height"), "180,320");
    for name in ["180p/init.mp4", "audio-0/init.mp4", "poster.jpg"] {
        let bytes = std::fs::read(folder.at(&format!("out/{name}"))).expect("a file");
        for secret in ["Secret", "+52.5"] {
            assert!(
                !bytes.windows(secret.len()).any(|word| word == secret.as_bytes()),
                "{name} tells where it was made"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_track_and_every_language_is_there() {
    let (folder, input) = alone("tracks");
    let srt = "1\n00:00:01,000 --> 00:00:02,000\nGuten <i>Tag</i>\n\n2\n00:00:05,000 --> 00:00:06,500\nEnde\n";
    std::fs::write(folder.at("a.srt"), srt).expect("room");
    let text = folder.at("a.srt");
    let film = folder.film(
        "film.mkv",
        &format!(
            "{input} -f lavfi -i sine=880:duration=9 -i {text} -map 0 -map 1 -map 2 -map 3 -map 3 {X264} -c:a:0 aac \
             -c:a:1 flac -ac:a:1 2 -c:s:0 srt -c:s:1 ass -metadata:s:a:0 language=ger -metadata:s:a:1 language=eng \
             -metadata:s:a:1 title=Comments -metadata:s:s:0 language=ger -metadata:s:s:1 language=eng \
             -disposition:a:0 0 -disposition:a:1 default",
            text = text.display()
        ),
    );
    let (made, _) = converted(&folder.job(&film)).await;
    let sounds: Vec<_> =
        made.sounds.iter().map(|sound| (sound.language.as_deref(), sound.channels, sound.default)).collect();
    assert_eq!(sounds, [(Some("ger"), 1, false), (Some("eng"), 2, true)]);
    for (name, channels) in [("audio-0", "1"), ("audio-1", "2")] {
        let playlist = folder.at(&format!("out/{name}/index.m3u8"));
        assert_eq!(stream(&playlist, "codec_name,sample_rate,channels"), format!("aac,48000,{channels}"));
        assert!((shown(&folder.at(&format!("out/{name}"))).1 - 9_000).abs() < 60);
    }
    assert_eq!(made.subtitles.len(), 2);
    // The file begins with what the decoder of its sound needs to start; all its times are counted from there.
    for at in [0, 1] {
        let subtitles = folder.read(&format!("out/subs/{at}.vtt"));
        assert!(subtitles.starts_with("WEBVTT") && subtitles.contains("00:05.021 --> 00:06.521"), "{subtitles}");
    }
    let index = folder.read("out/index.m3u8");
    for line in [
        "TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"ger\",LANGUAGE=\"ger\",DEFAULT=NO",
        "TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Comments\",LANGUAGE=\"eng\",DEFAULT=YES",
        "TYPE=SUBTITLES,GROUP-ID=\"subs\",NAME=\"eng\",LANGUAGE=\"eng\"",
        "URI=\"subs/1.m3u8\"",
        "SUBTITLES=\"subs\"",
    ] {
        assert!(index.contains(line), "{line} in {index}");
    }
    told(&folder.at("out/index.m3u8"), "-show_streams");
}

#[tokio::test(flavor = "multi_thread")]
async fn hevc_in_odd_sizes_and_with_wide_pixels_becomes_square_and_even() {
    let (folder, _) = alone("hevc");
    let film = folder.film(
        "film.mp4",
        "-f lavfi -i testsrc2=size=319x177:rate=60:duration=3 -vf scale=319:177,format=yuv444p,setsar=4/3 -c:v libx265 -preset ultrafast \
         -x265-params log-level=none",
    );
    let source = probed(&film).await.expect("a film");
    assert_eq!((source.video.pixel_aspect, source.video.shown()), ((4, 3), (425, 177)));
    let (made, _) = converted(&folder.job(&film)).await;
    assert!(made.sounds.is_empty(), "a film without sound");
    let rendition = &made.renditions[0];
    assert_eq!(
        stream(&folder.at(&format!("out/{}/index.m3u8", rendition.name)), "width,height,sample_aspect_ratio,pix_fmt"),
        format!("{},{},1:1,yuv420p", rendition.width, rendition.height)
    );
    assert_eq!((rendition.width, rendition.height), (426, 178));
    assert!(!folder.read("out/index.m3u8").contains("AUDIO"));
}

#[tokio::test(flavor = "multi_thread")]
async fn much_light_is_brought_down_to_what_a_screen_shows() {
    let (folder, _) = alone("hdr");
    let film = folder.film(
        "film.mp4",
        "-f lavfi -i color=white:size=320x180:rate=25:duration=2 -pix_fmt yuv420p10le -c:v libx265 -preset ultrafast \
         -x265-params log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc \
         -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc",
    );
    let source = probed(&film).await.expect("a film");
    assert_eq!((source.video.hdr, source.video.bits), (Some(Hdr::Pq), 10));
    converted(&folder.job(&film)).await;
    let playlist = folder.at("out/180p/index.m3u8");
    assert_eq!(stream(&playlist, "pix_fmt,color_transfer"), "yuv420p,bt709");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_that_varies_is_made_even_and_keeps_its_length() {
    let (folder, input) = alone("varies");
    let film = folder.film(
        "film.mkv",
        &format!("{input} -vf select='not(mod(n\\,7))+lt(mod(n\\,60)\\,20)' -fps_mode vfr {X264} -c:a aac"),
    );
    let source = probed(&film).await.expect("a film");
    assert!(source.video.variable, "{source:?}");
    converted(&folder.job(&film)).await;
    let playlist = folder.at("out/180p/index.m3u8");
    let (first, end) = shown(&folder.at("out/180p"));
    assert!(first == 0 && (end - 9_000).abs() < 250, "{first} {end}");
    assert_eq!(key_frames(&playlist), [0, 4_000, 8_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transport_stream_keeps_picture_and_sound_together() {
    let (folder, input) = alone("ts");
    let film = folder.film("film.ts", &format!("{input} {X264} -bf 2 -g 30 -c:a mp2 -f mpegts"));
    let (made, _) = converted(&folder.job(&film)).await;
    assert!(made.duration_ms.abs_diff(9_000) < 100, "{made:?}");
    assert!(shown(&folder.at("out/180p")).0.abs() <= 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_begins_late_stands_still_until_then() {
    let (folder, _) = alone("late");
    let film = folder.film(
        "film.mkv",
        &format!(
            "-f lavfi -i testsrc2=size=320x180:rate=30:duration=5 {TONE} -filter_complex [0:v]setpts=PTS+1.5/TB[v] -map [v] \
             -map 1 {X264} -g 60 -c:a libopus"
        ),
    );
    assert!(probed(&film).await.expect("a film").video.late_ms.abs_diff(1_500) < 20);
    converted(&folder.job(&film)).await;
    let (first, end) = shown(&folder.at("out/180p"));
    assert!(first == 0 && (end - 6_500).abs() < 60, "{first} {end}");
    assert_eq!(shown(&folder.at("out/audio-0")).0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_quiet_is_levelled() {
    let folder = Folder::new("quiet");
    let film = folder.film(
        "film.mp4",
        &format!("-f lavfi -i testsrc2=size=320x180:rate=10:duration=20 -f lavfi -i anoisesrc=color=pink:duration=20:amplitude=0.02 {X264} -c:a aac"),
    );
    let before = loudness(&film);
    assert!(before < -35.0, "{before}");
    converted(&folder.job(&film)).await;
    let after = loudness(&folder.at("out/audio-0/index.m3u8"));
    assert!((after + 16.0).abs() < 1.5, "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_is_left_as_it_is_where_that_is_wanted() {
    let (folder, input) = alone("as-it-is");
    let film = folder.film("film.mp4", &format!("{input} {X264} -g 60 -c:a aac -shortest"));
    let mut job = folder.job(&film);
    job.settings = Settings { loudness_lufs: None, ..Settings::default() };
    converted(&job).await;
    let sizes = |path: &std::path::Path| told(path, "-select_streams a -show_entries packet=size");
    assert_eq!(sizes(&folder.at("out/audio-0/index.m3u8")), sizes(&film));
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_alone_is_no_film_not_even_with_a_cover() {
    let folder = Folder::new("sound");
    for (name, words) in [("a.m4a", "-c:a aac"), ("a.mp3", "-c:a libmp3lame"), ("a.ogg", "-c:a libopus")] {
        let sound = folder.film(name, &format!("{TONE} {words}"));
        assert_eq!(probed(&sound).await, Err(Failure::Refused(Refusal::NoVideo)), "{name}");
    }
    let covered = folder.film(
        "covered.mp3",
        "-f lavfi -i sine=440:duration=2 -f lavfi -i color=red:size=100x100:duration=1 -map 0 -map 1 -c:a libmp3lame -c:v mjpeg \
         -frames:v 1 -disposition:v attached_pic",
    );
    assert_eq!(probed(&covered).await, Err(Failure::Refused(Refusal::NoVideo)));
}
