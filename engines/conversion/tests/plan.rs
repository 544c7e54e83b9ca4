//! What becomes of a film, decided; and what is asked of ffmpeg for it, word by word.

use hearth_conversion::{Abilities, Hdr, Plan, Rendition, Settings, Sound, Source, Subtitle, Video, Way};
use std::path::Path;

const ABLE: Abilities = Abilities { tone_maps: true, webp: true };

fn film(width: u32, height: u32) -> Source {
    let video = Video {
        index: 0,
        codec: "hevc".into(),
        profile: None,
        width,
        height,
        rotation_deg: 0,
        pixel_aspect: (1, 1),
        rate: (30, 1),
        variable: false,
        pixel_format: "yuv420p".into(),
        bits: 8,
        interlaced: false,
        hdr: None,
        primaries: None,
        bit_rate: Some(2_000_000),
        late_ms: 0,
        duration_ms: None,
        frames: None,
        key_frames_ms: 2_000,
    };
    let sound = |index, channels, default| Sound {
        index,
        codec: "aac".into(),
        channels,
        rate_hz: 48_000,
        language: None,
        title: None,
        default,
    };
    let subtitle = |index, text| Subtitle {
        index,
        codec: "subrip".into(),
        text,
        language: None,
        title: None,
        default: false,
        forced: false,
    };
    Source {
        container: "mov".into(),
        bytes: 150_000_000,
        duration_ms: 600_000,
        video,
        sounds: vec![sound(1, 6, false), sound(2, 1, true)],
        subtitles: vec![subtitle(3, false), subtitle(4, true)],
        chapters: Vec::new(),
    }
}

fn planned(source: Source) -> Plan {
    Plan::new(source, Settings::default(), ABLE)
}

fn sizes(plan: &Plan) -> Vec<(&str, u32, u32)> {
    plan.renditions.iter().map(|made| (made.name.as_str(), made.width, made.height)).collect()
}

fn words(arguments: Vec<std::ffi::OsString>) -> String {
    let words: Vec<_> = arguments.iter().map(|word| word.to_str().expect("plain words")).collect();
    words.join(" ")
}

const BOUND: &str = "-nostdin -hide_banner -nostats -loglevel warning -y -progress pipe:1 -stats_period 0.5 ";
const INPUT: &str = "-protocol_whitelist file,pipe \
    -format_whitelist mov,matroska,avi,mpegts,mpeg,flv,ogg,asf,mp3,wav,flac -max_pixels 67108864 -threads 2 -f mov \
    -i file:/films/a b.mp4 ";

fn hls(name: &str) -> String {
    format!(
        "-avoid_negative_ts disabled -f hls -hls_time 4 -hls_playlist_type event -hls_segment_type fmp4 \
         -hls_flags independent_segments+temp_file -hls_fmp4_init_filename init.mp4 -hls_segment_options movflags=+negative_cts_offsets \
         -hls_segment_filename {name}/%05d.m4s {name}/index.m3u8"
    )
}

const X264: &str = "-map_metadata -1 -map_chapters -1 -c:v libx264 -preset veryfast -profile:v high -crf 23";
const CUTS: &str = "-threads 2 -g 9999 -sc_threshold 0 -force_key_frames expr:gte(t,n_forced*4)";

#[test]
fn the_smallest_is_made_first_with_all_that_is_heard_and_read() {
    let plan = planned(film(1_280, 720));
    let expected = format!(
        "{BOUND}{INPUT}-filter_complex \
         [0:0]fps=fps=30/1:start_time=0,scale=640:360:flags=bicubic,setsar=1,format=yuv420p[v360p];\
         [0:1]aresample=48000:async=1:first_pts=0,aformat=channel_layouts=stereo,\
         loudnorm=I=-16:TP=-1.5:LRA=20,aresample=48000,atrim=start_sample=1024[audio-0];\
         [0:2]aresample=48000:async=1:first_pts=0,aformat=channel_layouts=mono,\
         loudnorm=I=-16:TP=-1.5:LRA=20,aresample=48000,atrim=start_sample=1024[audio-1] \
         -map [v360p] {X264} -maxrate 800000 -bufsize 1600000 {CUTS} {} \
         -map [audio-0] -map_metadata -1 -map_chapters -1 -c:a aac -b:a 160000 {} \
         -map [audio-1] -map_metadata -1 -map_chapters -1 -c:a aac -b:a 96000 {} \
         -map 0:4 -map_metadata -1 -map_chapters -1 -c:s webvtt -f webvtt subs/0.vtt",
        hls("360p"),
        hls("audio-0"),
        hls("audio-1"),
    );
    assert_eq!(words(plan.first_arguments(Path::new("/films/a b.mp4"))), expected);
    assert_eq!(plan.voices.iter().map(|voice| voice.default).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn the_rest_comes_out_of_one_decoder() {
    let plan = planned(film(1_280, 720));
    let expected = format!(
        "{BOUND}{INPUT}-filter_complex \
         [0:0]fps=fps=30/1:start_time=0,scale=1280:720:flags=bicubic,setsar=1,format=yuv420p,split=2[v720p][s480p];\
         [s480p]scale=854:480:flags=bicubic,setsar=1[v480p] \
         -map [v720p] {X264} -maxrate 2800000 -bufsize 5600000 {CUTS} {} \
         -map [v480p] {X264} -maxrate 1400000 -bufsize 2800000 {CUTS} {}",
        hls("720p"),
        hls("480p"),
    );
    assert_eq!(plan.rest_arguments(Path::new("/films/a b.mp4")).map(words), Some(expected));
}

#[test]
fn pictures_are_asked_for() {
    let plan = planned(film(1_280, 720));
    let end = "-map_metadata -1 -map_chapters -1 -frames:v 1 -c:v mjpeg";
    assert_eq!(
        words(plan.poster_arguments(Path::new("/films/a b.mp4"), true)),
        format!(
            "{BOUND}-ss 60.000 -noaccurate_seek -skip_frame nokey {INPUT}-filter_complex \
             [0:0]thumbnail=12,scale=1280:720,setsar=1,format=yuvj420p[p] -map [p] {end} -q:v 4 -f image2 -update 1 poster.jpg"
        )
    );
    assert_eq!(
        words(plan.sprites_arguments()),
        format!(
            "{BOUND}-protocol_whitelist file,pipe -allowed_extensions m3u8,m4s,mp4 -f hls -skip_frame nokey -threads 2 \
             -i file:360p/index.m3u8 -vf fps=fps=1/6.000:round=up:start_time=0,trim=end_frame=100,\
             scale=160:90:flags=area,tile=10x10,format=yuvj420p {end} -q:v 5 -f image2 -update 1 sprites.jpg"
        )
    );
    let lacking = Plan { abilities: Abilities { webp: false, ..ABLE }, ..plan.clone() };
    assert!(words(plan.tiny_arguments()).ends_with("-c:v libwebp -quality 40 -f webp tiny"));
    assert!(words(lacking.tiny_arguments()).ends_with("-c:v mjpeg -q:v 12 -f image2 -update 1 tiny"));
}

#[test]
fn a_ladder_goes_up_to_its_source_and_never_above() {
    let full = [("2160p", 3_840, 2_160), ("1440p", 2_560, 1_440), ("1080p", 1_920, 1_080), ("720p", 1_280, 720)];
    let plan = planned(film(3_840, 2_160));
    assert_eq!((&sizes(&plan)[..4], plan.first), (&full[..], 5));
    assert_eq!(sizes(&planned(film(320, 180))), [("180p", 320, 180)]);
    assert_eq!(sizes(&planned(film(361, 203))), [("204p", 362, 204)], "odd sizes become even");
    assert_eq!(
        sizes(&planned(film(900, 500))),
        [("500p", 900, 500), ("360p", 648, 360)],
        "480 is hardly less than 500"
    );
    assert_eq!(sizes(&planned(film(8_192, 4_320)))[0], ("2160p", 4_096, 2_160));
    assert_eq!(sizes(&planned(film(8_000, 100)))[0], ("52p", 4_096, 52), "decoders end at 4096 pixels");
    let settings = Settings { short_max_px: 720, ..Settings::default() };
    assert_eq!(sizes(&Plan::new(film(1_920, 1_080), settings, ABLE))[0], ("720p", 1_280, 720));
}

#[test]
fn what_is_shown_counts_and_not_what_is_stored() {
    let mut upright = film(1_280, 720);
    upright.video.rotation_deg = 270;
    assert_eq!(sizes(&planned(upright))[..2], [("720p", 720, 1_280), ("480p", 480, 854)]);
    let mut wide = film(720, 576);
    wide.video.pixel_aspect = (64, 45);
    assert_eq!(sizes(&planned(wide))[0], ("576p", 1_024, 576));
}

#[test]
fn many_frames_take_more_and_too_many_are_left_out() {
    let mut fast = film(1_280, 720);
    fast.video.rate = (240, 1);
    let plan = planned(fast);
    assert_eq!(plan.renditions[0].peak_bps, 4_200_000);
    assert!(words(plan.first_arguments(Path::new("/a"))).contains("[0:0]fps=fps=60/1:start_time=0,scale"));
}

fn fitting() -> Source {
    let mut source = film(1_280, 720);
    source.video.codec = "h264".into();
    source
}

fn is_copied(change: impl FnOnce(&mut Source)) -> bool {
    let mut source = fitting();
    change(&mut source);
    let plan = planned(source);
    assert_eq!(plan.first == 0, plan.renditions[0].way == Way::Copied);
    assert!(plan.renditions[1..].iter().all(|Rendition { way, .. }| *way == Way::Encoded));
    plan.first == 0
}

#[test]
fn what_fits_is_copied_and_the_rest_follows_its_key_frames() {
    assert!(is_copied(|_| ()));
    let plan = planned(fitting());
    let first = words(plan.first_arguments(Path::new("/a")));
    assert!(first.contains(" -map 0:0 -map_metadata -1 -map_chapters -1 -c:v copy -avoid_negative_ts"), "{first}");
    assert!(!first.contains("libx264") && !first.contains("fps="), "{first}");
    let rest = words(plan.rest_arguments(Path::new("/a")).expect("480p and 360p"));
    assert!(rest.contains("[0:0]scale=854:480"), "no frame comes or goes: {rest}");
    assert!(rest.contains("-force_key_frames source"), "{rest}");
}

#[test]
fn what_would_not_play_everywhere_is_not_copied() {
    type Change = fn(&mut Source);
    let changes: [(&str, Change); 16] = [
        ("codec", |source| source.video.codec = "vp9".into()),
        ("colour", |source| source.video.pixel_format = "yuv422p".into()),
        ("depth", |source| source.video.pixel_format = "yuv420p10le".into()),
        ("profile", |source| source.video.profile = Some("High 4:4:4 Predictive".into())),
        ("light", |source| source.video.hdr = Some(Hdr::Hlg)),
        ("fields", |source| source.video.interlaced = true),
        ("rate", |source| source.video.variable = true),
        ("fast", |source| source.video.rate = (120, 1)),
        ("turned", |source| source.video.rotation_deg = 180),
        ("pixels", |source| source.video.pixel_aspect = (4, 3)),
        ("odd", |source| source.video.width = 1_279),
        ("large", |source| (source.video.width, source.video.height) = (7_680, 4_320)),
        ("key frames", |source| source.video.key_frames_ms = 6_001),
        ("lavish", |source| source.video.bit_rate = Some(5_600_001)),
        ("late", |source| source.video.late_ms = 51),
        ("container", |source| source.container = "mpegts".into()),
    ];
    for (name, change) in changes {
        assert!(!is_copied(change), "{name}");
    }
    let settings = Settings { copies: false, ..Settings::default() };
    assert_ne!(Plan::new(fitting(), settings, ABLE).first, 0);
    assert!(is_copied(|source| source.video.key_frames_ms = 6_000), "just often enough");
    assert!(is_copied(|source| source.video.bit_rate = Some(5_600_000)), "just thrifty enough");
}

#[test]
fn light_is_brought_down_before_the_ladder_parts_where_ffmpeg_can() {
    let mut source = film(1_920, 1_080);
    source.video.hdr = Some(Hdr::Hlg);
    let mapped = words(planned(source.clone()).rest_arguments(Path::new("/a")).expect("a ladder"));
    let mapping = "setsar=1,zscale=tin=arib-std-b67:pin=bt2020:min=bt2020nc:t=linear:npl=100,format=gbrpf32le,\
                   zscale=p=bt709,tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p,split=3";
    assert!(mapped.contains(mapping), "{mapped}");
    let unable = Plan::new(source, Settings::default(), Abilities { tone_maps: false, ..ABLE });
    assert!(!words(unable.rest_arguments(Path::new("/a")).expect("a ladder")).contains("zscale"));
}

#[test]
fn there_are_no_more_tracks_than_are_wanted_and_one_is_the_usual() {
    let settings = Settings { sounds_max: 1, subtitles_max: 0, ..Settings::default() };
    let plan = Plan::new(film(640, 360), settings, ABLE);
    assert_eq!((plan.voices.len(), plan.words.len(), plan.voices[0].default), (1, 0, true));
    assert_eq!(plan.rest_arguments(Path::new("/a")), None);
}
