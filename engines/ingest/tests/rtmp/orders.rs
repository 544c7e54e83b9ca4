//! The orders in which encoders say things, byte by byte.

use std::time::Instant;

use hearth_ingest::{Config, Kind, ORIGIN_US, Output, Refusal, Session, Unsupported};

use crate::wire::*;

fn published(app: &str, key: &str) -> Vec<Output> {
    vec![Output::Publish { app: app.to_owned(), key: key.to_owned() }]
}

/// OBS (librtmp): chunks of 4096 announced before connect, releaseStream and FCPublish, everything of
/// a stream on one chunk stream with headers of types 1 and 3, FCUnpublish and deleteStream at the end.
#[test]
fn obs() {
    let now = Instant::now();
    let mut session = Session::new(now, BIT_RATE_BPS);
    session.handle(now, &hello()).unwrap();
    let (_, sent) = said(&mut session);
    assert_eq!(sent.len(), 1 + 2 * 1536);
    session.handle(now, &sent[1..1537]).unwrap();
    session.handle(now, &set_chunk_size(4096)).unwrap();
    let object = object(&[
        ("app", text("live")),
        ("type", text("nonprivate")),
        ("flashVer", text("FMLE/3.0 (compatible; FMSc/1.0)")),
        ("swfUrl", text("rtmp://host/live")),
        ("tcUrl", text("rtmp://host/live")),
    ]);
    let connect = message(4096, 3, 0, COMMAND, 0, &[text("connect"), number(1.0), object].concat());
    session.handle(now, &connect).unwrap();
    let (told, sent) = said(&mut session);
    assert!(told.is_empty() && says(&sent, "NetConnection.Connect.Success"));
    for name in ["releaseStream", "FCPublish"] {
        session.handle(now, &command(0, &[text(name), number(2.0), null(), text("KEY")])).unwrap();
    }
    session.handle(now, &create_stream()).unwrap();
    let (_, sent) = said(&mut session);
    assert!(says(&sent, "_result") && says(&sent, "onFCPublish"));
    session.handle(now, &publish("KEY")).unwrap();
    assert_eq!(said(&mut session).0, published("live", "KEY"));
    session.accept(now).unwrap();
    assert!(says(&said(&mut session).1, "NetStream.Publish.Start"));

    let metadata = crate::wire::object(&[("encoder", text("obs-output module")), ("videodatarate", number(2500.0))]);
    let metadata = [text("@setDataFrame"), text("onMetaData"), metadata].concat();
    let mut media = message(4096, 4, 0, DATA, 1, &metadata);
    media.extend(message(4096, 4, 0, AUDIO, 1, &[&[0xaf, 0], ASC].concat()));
    media.extend(message(4096, 4, 0, VIDEO, 1, &[&[0x17, 0, 0, 0, 0], AVCC].concat()));
    let key_frame = [&[0x17, 1, 0, 0, 0, 0, 0, 0, 5][..], IDR].concat();
    media.extend(message(4096, 4, 0, VIDEO, 1, &key_frame));
    // Type 1: 21 ms later, another length and kind on the same stream.
    media.extend([0x44, 0, 0, 21, 0, 0, 4, AUDIO, 0xaf, 1, 1, 2]);
    // Type 2: as long, 12 ms later. Type 3: the same again.
    media.extend([0x84, 0, 0, 12, 0xaf, 1, 3, 4]);
    media.extend([0xc4, 0xaf, 1, 5, 6]);
    session.handle(now, &media).unwrap();
    let (told, _) = said(&mut session);
    let [Output::Metadata(metadata), Output::Config(Config::Aac(aac)), Output::Config(Config::H264(h264)), frames @ ..] =
        told.as_slice()
    else {
        panic!("{told:?}")
    };
    assert_eq!((metadata.encoder.as_deref(), metadata.video_bps), (Some("obs-output module"), Some(2_500_000)));
    assert_eq!((aac.sample_rate_hz, aac.channels), (48_000, 2));
    assert_eq!((h264.width, h264.height, h264.reorder_frames), (322, 182, Some(2)));
    let frames: Vec<_> = frames
        .iter()
        .map(|output| {
            let Output::Frame(frame) = output else { panic!("{output:?}") };
            (frame.kind, (frame.dts_us - ORIGIN_US) / 1_000, frame.data.to_vec())
        })
        .collect();
    let in_band = [&[0, 0, 0, 0x1a][..], &AVCC[8..0x22], &[0, 0, 0, 6], &AVCC[0x25..0x2b], &[0, 0, 0, 5], IDR].concat();
    let expected = [
        (Kind::Video, 0, in_band),
        (Kind::Audio, 21, vec![1, 2]),
        (Kind::Audio, 33, vec![3, 4]),
        (Kind::Audio, 45, vec![5, 6]),
    ];
    assert_eq!(frames, expected);

    session.handle(now, &command(0, &[text("FCUnpublish"), number(6.0), null(), text("KEY")])).unwrap();
    let (told, sent) = said(&mut session);
    assert_eq!(told, [Output::Close(None)]);
    assert!(says(&sent, "NetStream.Unpublish.Success"));
    session.handle(now, &command(0, &[text("deleteStream"), number(7.0), null(), number(1.0)])).unwrap();
    assert_eq!(said(&mut session).0, []);
}

/// Larix and other phones: AMF3 envelopes, a window, the key with a query, media sent with no wait
/// for an answer, time stamps that are long past 24 bits.
#[test]
fn larix() {
    let now = Instant::now();
    let mut session = Session::new(now, BIT_RATE_BPS);
    let connect = [text("connect"), number(1.0), object(&[("app", text("live")), ("objectEncoding", number(3.0))])];
    let envelope = |stream, values: &[Vec<u8>]| message(128, 3, 0, 17, stream, &[&[0][..], &values.concat()].concat());
    let start_ms = 0x0100_0000;
    let body = |data: &[u8]| [&[0xaf, 1][..], data].concat();
    let long = vec![7; 300];
    let bytes = [
        handshake(),
        envelope(0, &connect),
        message(128, 2, 0, 5, 0, &1_000_u32.to_be_bytes()),
        envelope(0, &[text("createStream"), number(4.0), null()]),
        envelope(1, &[text("publish"), number(5.0), null(), text("KEY?pass=x"), text("live")]),
        message(128, 4, start_ms, AUDIO, 1, &[&[0xaf, 0], ASC].concat()),
        message(128, 4, start_ms, AUDIO, 1, &body(&long)),
        message(128, 4, start_ms + 21, AUDIO, 1, &body(b"next")),
    ]
    .concat();
    session.handle(now, &bytes).unwrap();
    let (told, sent) = said(&mut session);
    assert_eq!(told, published("live", "KEY"), "nothing more is read until somebody decides");
    assert!(says(&sent, "objectEncoding"));
    let acknowledgement = [2, 0, 0, 0, 0, 0, 4, 3, 0, 0, 0, 0];
    assert!(sent.windows(12).any(|window| window == acknowledgement), "the window was passed");
    session.accept(now).unwrap();
    let (told, _) = said(&mut session);
    let [Output::Config(Config::Aac(_)), Output::Frame(first), Output::Frame(second)] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!((first.dts_us, &first.data[..]), (ORIGIN_US, &long[..]));
    assert_eq!(second.dts_us, ORIGIN_US + 21_000);
}

/// Old encoders leave the extended time stamp out of the chunks that continue a message.
#[test]
fn extended_time_stamps_that_are_not_repeated() {
    let mut live = Live::new();
    live.send(&aac_config()).unwrap();
    let start_ms: u32 = 0x0200_0000;
    let mut bytes = head(4, 0xff_ffff, 302, AUDIO, 1);
    bytes.extend(start_ms.to_be_bytes());
    let body = [&[0xaf, 1][..], &[7; 300]].concat();
    bytes.extend_from_slice(&body[..128]);
    bytes.push(0xc4);
    bytes.extend_from_slice(&body[128..256]);
    bytes.push(0xc4);
    bytes.extend_from_slice(&body[256..]);
    let told = live.send(&bytes).unwrap();
    let [Output::Frame(frame)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(frame.data[..], [7; 300]);
}

#[test]
fn chunk_streams_of_two_and_three_bytes_and_an_abort() {
    let mut live = Live::new();
    live.send(&aac_config()).unwrap();
    // Half a message on stream 64 + 1 (2 bytes), abandoned; then a whole one on 64 + 2 + 256 (3 bytes).
    let mut bytes = vec![0, 1];
    bytes.extend_from_slice(&head(0, 0, 200, AUDIO, 1)[1..]);
    bytes.extend([0xaf; 128]);
    bytes.extend(message(128, 2, 0, 2, 0, &65_u32.to_be_bytes()));
    bytes.extend([1, 2, 1]);
    bytes.extend_from_slice(&head(0, 20, 4, AUDIO, 1)[1..]);
    bytes.extend([0xaf, 1, 8, 9]);
    // The stream that was aborted begins anew.
    bytes.extend([0, 1]);
    bytes.extend_from_slice(&head(0, 40, 3, AUDIO, 1)[1..]);
    bytes.extend([0xaf, 1, 5]);
    let told = live.send(&bytes).unwrap();
    let [Output::Frame(first), Output::Frame(second)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((&first.data[..], &second.data[..]), (&[8, 9][..], &[5][..]));
}

#[test]
fn interleaved_chunks_and_a_ping() {
    let mut live = Live::new();
    live.send(&[aac_config(), avc_config()].concat()).unwrap();
    let video_message = video(40, true, 0, &[&[&[0x65][..], &[3; 200]].concat()]);
    let (first, rest) = video_message.split_at(12 + 128);
    live.session.handle(live.now, first).unwrap();
    live.session.handle(live.now, &audio(20, b"a")).unwrap();
    live.session.handle(live.now, &message(128, 2, 0, 4, 0, &[0, 6, 1, 2, 3, 4])).unwrap();
    live.session.handle(live.now, rest).unwrap();
    let (told, sent) = said(&mut live.session);
    let [Output::Frame(audio), Output::Frame(video)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((audio.kind, video.kind), (Kind::Audio, Kind::Video));
    assert_eq!(sent[12..], [0, 7, 1, 2, 3, 4], "a pong");
}

#[test]
fn an_aggregate_is_its_tags() {
    let mut live = Live::new();
    live.send(&aac_config()).unwrap();
    let tag = |timestamp_ms: u8, data: u8| {
        let mut tag = vec![AUDIO, 0, 0, 3, 0, 0, timestamp_ms, 0, 0, 0, 0, 0xaf, 1, data];
        tag.extend([0, 0, 0, 14]);
        tag
    };
    let told = live.send(&message(128, 4, 1_000, 22, 1, &[tag(100, 1), tag(121, 2)].concat())).unwrap();
    let [Output::Frame(first), Output::Frame(second)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(second.dts_us - first.dts_us, 21_000);
    assert!(live.send(&message(128, 4, 1_000, 22, 1, &tag(0, 1)[..10])).is_err());
}

#[test]
fn pictures_begin_with_a_key_frame_and_b_frames_are_told_once() {
    let mut live = Live::new();
    assert_eq!(live.send(&video(0, true, 0, &[IDR])).unwrap(), [], "no config yet");
    live.send(&avc_config()).unwrap();
    assert_eq!(live.send(&video(40, false, 0, &[SLICE])).unwrap(), [], "no key frame yet");
    let mut shown = Vec::new();
    let mut told_at = Vec::new();
    for (index, composition_ms) in [40, 160, 80, 0, 40, 160, 80, 0, 40].into_iter().enumerate() {
        let timestamp_ms = 80 + 40 * index as u32;
        let unit = if index == 0 { IDR } else { SLICE };
        for output in live.send(&video(timestamp_ms, index == 0, composition_ms, &[unit])).unwrap() {
            match output {
                Output::Frame(frame) => shown.push((frame.pts_us - frame.dts_us) / 1_000),
                Output::BFrames => told_at.push(index),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(shown, [40, 160, 80, 0, 40, 160, 80, 0, 40]);
    assert_eq!(told_at, [2], "the first frame that is shown before an earlier one");
}

#[test]
fn a_constant_composition_offset_is_no_reordering() {
    let mut live = Live::new();
    live.send(&avc_config()).unwrap();
    for index in 0..50 {
        let unit = if index % 10 == 0 { IDR } else { SLICE };
        let told = live.send(&video(40 * index, index % 10 == 0, 80, &[unit])).unwrap();
        assert!(matches!(told.as_slice(), [Output::Frame(_)]), "{told:?}");
    }
}

#[test]
fn a_config_is_told_again_only_when_it_changes() {
    let mut live = Live::new();
    assert_eq!(live.send(&aac_config()).unwrap().len(), 1);
    assert_eq!(live.send(&aac_config()).unwrap(), []);
    let other = message(128, 4, 0, AUDIO, 1, &[0xaf, 0, 0x12, 0x10]);
    let told = live.send(&other).unwrap();
    assert!(matches!(&told[..], [Output::Config(Config::Aac(aac))] if aac.sample_rate_hz == 44_100));
    assert_eq!(live.send(&avc_config()).unwrap().len(), 1);
    assert_eq!(live.send(&avc_config()).unwrap(), []);
}

#[test]
fn what_cannot_be_played_is_refused_in_words() {
    for (body, unsupported, words) in [
        (&b"\x90hvc1"[..], Unsupported::Hevc, "choose H.264"),
        (b"\x90av01", Unsupported::Av1, "AV1 can't"),
        (b"\x90vp09", Unsupported::Vp9, "VP9 can't"),
        (b"\x12xx", Unsupported::Video, "choose H.264"),
    ] {
        let mut live = Live::new();
        live.session.handle(live.now, &message(128, 6, 0, VIDEO, 1, body)).unwrap();
        let (told, sent) = said(&mut live.session);
        assert_eq!(told, [Output::Close(Some(Refusal::Unsupported(unsupported)))]);
        assert!(says(&sent, words) && says(&sent, "NetStream.Failed"), "{unsupported:?}");
    }
    let mut live = Live::new();
    live.session.handle(live.now, &message(128, 4, 0, AUDIO, 1, b"\x2fmp3")).unwrap();
    assert_eq!(said(&mut live.session).0, [Output::Close(Some(Refusal::Unsupported(Unsupported::Mp3)))]);
}

#[test]
fn who_wants_to_play_is_sent_elsewhere() {
    let now = Instant::now();
    let mut session = Session::new(now, BIT_RATE_BPS);
    let play = command(1, &[text("play"), number(0.0), null(), text("KEY")]);
    session.handle(now, &[handshake(), connect("live"), create_stream(), play].concat()).unwrap();
    let (told, sent) = said(&mut session);
    assert_eq!(told, [Output::Close(Some(Refusal::Unsupported(Unsupported::Playback)))]);
    assert!(says(&sent, "NetStream.Play.Failed") && says(&sent, "WHEP"));
}

#[test]
fn a_wrong_key_is_told_before_the_end() {
    let now = Instant::now();
    let mut session = Session::new(now, BIT_RATE_BPS);
    session.handle(now, &opening()).unwrap();
    said(&mut session);
    session.refuse(Refusal::WrongKey);
    let (told, sent) = said(&mut session);
    assert_eq!(told, [Output::Close(Some(Refusal::WrongKey))]);
    assert!(says(&sent, "NetStream.Publish.BadName") && says(&sent, "This stream key isn't known here."));
}
