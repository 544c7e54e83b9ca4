//! Garbage, lies and broken orders: a table of what is answered.

use std::time::Instant;

use hearth_ingest::{Error, Session};

use crate::wire::*;

/// What a fresh session makes of these bytes.
fn fate(bytes: &[u8]) -> Result<(), Error> {
    let now = Instant::now();
    Session::new(now, BIT_RATE_BPS).handle(now, bytes)
}

fn after_handshake(bytes: &[u8]) -> Result<(), Error> {
    fate(&[&handshake()[..], bytes].concat())
}

#[test]
fn other_protocols() {
    assert_eq!(fate(b"GET /live HTTP/1.1\r\n\r\n"), Err(Error::NotRtmp));
    assert_eq!(fate(&[0x16, 3, 1, 2, 0]), Err(Error::NotRtmp), "TLS");
    assert_eq!(fate(&[6]), Err(Error::NotRtmp), "encrypted RTMP");
    assert_eq!(fate(&[0; 100]), Err(Error::NotRtmp));
}

#[test]
fn a_handshake_in_parts_is_no_error_and_leads_nowhere() {
    for length in [0, 1, 1536, 1537, 3072] {
        assert_eq!(fate(&handshake()[..length]), Ok(()), "{length}");
    }
}

#[test]
fn chunks_that_lie() {
    let table: &[(&str, Vec<u8>, Error)] = &[
        ("a stream that begins with type 3", vec![0xc3], Error::Chunk),
        ("a stream that begins with type 2", vec![0x83, 0, 0, 0], Error::Chunk),
        (
            "a header in the middle of a message",
            [head(3, 0, 200, 8, 1), vec![1; 128], head(3, 0, 1, 8, 1)].concat(),
            Error::Chunk,
        ),
        ("chunks of nothing", set_chunk_size(0), Error::ChunkBytes),
        ("a chunk size with its first bit", set_chunk_size(0x8000_0080), Error::ChunkBytes),
        ("a chunk size of three bytes", message(128, 2, 0, 1, 0, &[0, 0, 1]), Error::Control),
        ("an abort of nothing", message(128, 2, 0, 2, 0, &[]), Error::Control),
        ("a window of two bytes", message(128, 2, 0, 5, 0, &[1, 1]), Error::Control),
        ("a ping of nothing", message(128, 2, 0, 4, 0, &[0, 6]), Error::Control),
    ];
    for (name, bytes, error) in table {
        assert_eq!(after_handshake(bytes), Err(*error), "{name}");
    }
}

#[test]
fn orders_that_cannot_be() {
    let table: &[(&str, Vec<u8>, Error)] = &[
        ("publish before connect", publish("KEY"), Error::Command),
        ("createStream before connect", create_stream(), Error::Command),
        ("publish without a stream", [connect("live"), publish("KEY")].concat(), Error::Command),
        ("connect twice", [connect("live"), connect("live")].concat(), Error::Command),
        ("connect without an object", command(0, &[text("connect"), number(1.0)]), Error::Command),
        ("a command without a name", command(0, &[number(1.0)]), Error::Command),
        ("an empty command", command(0, &[]), Error::Command),
        ("an AMF3 envelope without a byte", message(128, 3, 0, 17, 0, &[]), Error::Amf),
        ("half a string", command(0, &[vec![2, 0, 9, b'c']]), Error::Amf),
        ("an unknown value", command(0, &[vec![4]]), Error::Amf),
    ];
    for (name, bytes, error) in table {
        assert_eq!(after_handshake(bytes), Err(*error), "{name}");
    }
}

#[test]
fn after_an_error_nothing_is_read() {
    let now = Instant::now();
    let mut session = Session::new(now, BIT_RATE_BPS);
    assert!(session.handle(now, b"GET").is_err());
    assert_eq!(session.handle(now, &opening()), Ok(()));
    assert_eq!(session.poll(), None);
    assert_eq!(session.deadline(), None);
}

#[test]
fn publishing_twice_on_one_connection() {
    let mut live = Live::new();
    assert_eq!(live.send(&publish("KEY")), Err(Error::Command));
}

#[test]
fn frames_that_cannot_be_read_are_left_out_until_the_next_key_frame() {
    let mut live = Live::new();
    live.send(&avc_config()).unwrap();
    assert_eq!(live.send(&video(0, true, 0, &[IDR])).unwrap().len(), 1);
    let short = message(128, 6, 40, VIDEO, 1, &[0x27, 1, 0, 0, 0, 0, 0, 0, 9, 0x41]);
    assert_eq!(live.send(&short).unwrap(), []);
    assert_eq!(live.send(&video(80, false, 0, &[SLICE])).unwrap(), [], "what it builds on is missing");
    assert_eq!(live.send(&video(120, true, 0, &[IDR])).unwrap().len(), 1);
}
