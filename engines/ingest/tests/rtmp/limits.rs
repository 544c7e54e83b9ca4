//! Every limit of a session, held at and refused one past.

use std::time::{Duration, Instant};

use hearth_ingest::limits::*;
use hearth_ingest::{Error, Output, Refusal, Session};

use crate::wire::*;

fn after_handshake(bytes: &[u8]) -> Result<(), Error> {
    let now = Instant::now();
    Session::new(now, BIT_RATE_BPS).handle(now, &[&handshake()[..], bytes].concat())
}

#[test]
fn chunk_size() {
    assert_eq!(after_handshake(&set_chunk_size(CHUNK_BYTES as u32)), Ok(()));
    assert_eq!(after_handshake(&set_chunk_size(CHUNK_BYTES as u32 + 1)), Err(Error::ChunkBytes));
}

#[test]
fn chunk_streams() {
    let streams = |count: usize| -> Vec<u8> {
        (0..count).flat_map(|index| message(128, 2 + index as u8, 0, 3, 0, &[0; 4])).collect()
    };
    assert_eq!(after_handshake(&streams(CHUNK_STREAMS)), Ok(()));
    assert_eq!(after_handshake(&streams(CHUNK_STREAMS + 1)), Err(Error::ChunkStreams));
}

#[test]
fn a_message_before_and_after_being_let_in() {
    let early = |length: usize| after_handshake(&head(4, 0, length, AUDIO, 1));
    assert_eq!(early(EARLY_MESSAGE_BYTES), Ok(()));
    assert_eq!(early(EARLY_MESSAGE_BYTES + 1), Err(Error::MessageBytes));
    let late = |length: usize| Live::new().send(&head(4, 0, length, AUDIO, 1)).map(|_| ());
    assert_eq!(late(MESSAGE_BYTES), Ok(()));
    assert_eq!(late(MESSAGE_BYTES + 1), Err(Error::MessageBytes));
}

#[test]
fn a_message_as_large_as_permitted_arrives_whole() {
    let mut live = Live::new();
    live.send(&[set_chunk_size(CHUNK_BYTES as u32), avc_config()].concat()).unwrap();
    let unit = [&[0x65][..], &vec![1; MESSAGE_BYTES - 10]].concat();
    let body = [&[0x17, 1, 0, 0, 0][..], &(unit.len() as u32).to_be_bytes(), &unit].concat();
    assert_eq!(body.len(), MESSAGE_BYTES);
    let told = live.send(&message(CHUNK_BYTES, 6, 0, VIDEO, 1, &body)).unwrap();
    assert!(matches!(told.as_slice(), [Output::Frame(frame)] if frame.data.ends_with(&unit)));
}

#[test]
fn unfinished_messages_together() {
    let mut live = Live::new();
    live.send(&set_chunk_size(CHUNK_BYTES as u32)).unwrap();
    let mut begun = 0;
    let refused = (0..CHUNK_STREAMS as u8 - 4).find_map(|index| {
        let mut bytes = head(10 + index, 0, MESSAGE_BYTES, AUDIO, 1);
        bytes.resize(bytes.len() + CHUNK_BYTES, 0);
        begun += CHUNK_BYTES;
        live.send(&bytes).err()
    });
    assert_eq!((refused, begun), (Some(Error::BufferedBytes), BUFFERED_BYTES + CHUNK_BYTES));
}

#[test]
fn bytes_while_somebody_decides() {
    let waiting = |length: usize| {
        let now = Instant::now();
        let mut session = Session::new(now, BIT_RATE_BPS);
        session.handle(now, &opening()).unwrap();
        session.handle(now, &vec![0; length])
    };
    assert_eq!(waiting(WAITING_BYTES), Ok(()));
    assert_eq!(waiting(WAITING_BYTES + 1), Err(Error::BufferedBytes));
}

#[test]
fn early_commands_and_message_streams() {
    let other = command(0, &[text("getStreamLength"), number(9.0), null()]);
    assert_eq!(after_handshake(&other.repeat(EARLY_COMMANDS)), Ok(()));
    assert_eq!(after_handshake(&other.repeat(EARLY_COMMANDS + 1)), Err(Error::Commands));
    let streams = |count: u32| after_handshake(&[connect("live"), create_stream().repeat(count as usize)].concat());
    assert_eq!(streams(MESSAGE_STREAMS), Ok(()));
    assert_eq!(streams(MESSAGE_STREAMS + 1), Err(Error::Commands));
}

#[test]
fn an_address() {
    let opening = |key: usize| after_handshake(&[connect("live"), create_stream(), publish(&"k".repeat(key))].concat());
    assert_eq!(opening(ADDRESS_BYTES - 4), Ok(()));
    assert_eq!(opening(ADDRESS_BYTES - 3), Err(Error::Address));
}

#[test]
fn an_audio_frame_and_frames_that_cannot_be_read() {
    let mut live = Live::new();
    live.send(&aac_config()).unwrap();
    let told = live.send(&audio(0, &vec![1; AUDIO_FRAME_BYTES])).unwrap();
    assert!(matches!(told.as_slice(), [Output::Frame(_)]));
    for _ in 0..MALFORMED_FRAMES {
        assert_eq!(live.send(&audio(20, &vec![1; AUDIO_FRAME_BYTES + 1])), Ok(vec![]));
    }
    let told = live.send(&audio(20, &vec![1; AUDIO_FRAME_BYTES + 1])).unwrap();
    assert_eq!(told, [Output::Close(Some(Refusal::Malformed))]);
}

#[test]
fn the_bit_rate() {
    let now = Instant::now();
    let rate_bps = 1_000_000;
    let mut session = Session::new(now, rate_bps);
    session.handle(now, &opening()).unwrap();
    session.accept(now).unwrap();
    let room = (rate_bps * BIT_RATE_OVER.as_secs() / 8) as usize - opening().len();
    let filler = message(128, 5, 0, 3, 0, &[0; 4]);
    let mut bytes = filler.repeat(room / filler.len() + 1);
    bytes.truncate(room);
    session.handle(now, &bytes).unwrap();
    assert!(!said(&mut session).0.contains(&Output::Close(Some(Refusal::BitRate(1)))));
    session.handle(now, &[0]).unwrap();
    let (told, sent) = said(&mut session);
    assert_eq!(told, [Output::Close(Some(Refusal::BitRate(1)))]);
    assert!(says(&sent, "more than 1 Mbit/s"));
}

#[test]
fn time_runs_out() {
    let now = Instant::now();
    let just_before = |limit: Duration| now + limit - Duration::from_nanos(1);

    let mut session = Session::new(now, BIT_RATE_BPS);
    session.handle(just_before(HANDSHAKE_WITHIN), &hello()).unwrap();
    assert_eq!(session.deadline(), Some(now + HANDSHAKE_WITHIN), "bytes that come drop by drop win no time");
    assert_eq!(session.expire(just_before(HANDSHAKE_WITHIN)), Ok(()));
    assert_eq!(session.expire(now + HANDSHAKE_WITHIN), Err(Error::NoHandshake));

    let mut session = Session::new(now, BIT_RATE_BPS);
    session.handle(now, &[handshake(), connect("live")].concat()).unwrap();
    assert_eq!(session.expire(just_before(PUBLISH_WITHIN)), Ok(()));
    assert_eq!(session.expire(now + PUBLISH_WITHIN), Err(Error::NoPublish));

    let mut session = Session::new(now, BIT_RATE_BPS);
    session.handle(now, &opening()).unwrap();
    said(&mut session);
    assert_eq!(session.expire(just_before(DECIDE_WITHIN)), Ok(()));
    assert_eq!(session.expire(now + DECIDE_WITHIN), Ok(()));
    assert_eq!(said(&mut session).0, [Output::Close(Some(Refusal::Busy))]);

    let mut live = Live::new();
    let begun = live.now;
    live.send(&aac_config()).unwrap();
    live.now = begun + Duration::from_secs(20);
    live.send(&audio(0, b"frame")).unwrap();
    live.now = begun + Duration::from_secs(40);
    live.send(&message(128, 2, 0, 3, 0, &[0; 4])).unwrap();
    assert_eq!(live.session.deadline(), Some(begun + Duration::from_secs(20) + SILENCE), "frames count, not bytes");
    assert_eq!(live.session.expire(begun + Duration::from_secs(20) + SILENCE), Err(Error::Silent));
}
