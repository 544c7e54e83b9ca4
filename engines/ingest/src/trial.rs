//! What fuzzing calls: everything that reads an encoder's bytes, through the session's own door.
//!
//! Each function panics where something does not hold. `tests/corpora.rs` replays the corpora with them.

use std::time::Instant;

use crate::limits::{BUFFERED_BYTES, WAITING_BYTES};
use crate::{Error, Kind, Output, Session};

/// A rate that no trial reaches: what is tried is the reading.
const UNBOUNDED_BPS: u64 = u64::MAX / 64;

/// C0, C1 and C2.
const HANDSHAKE_BYTES: usize = 1 + 2 * 1536;

/// Everything a session puts out, with everybody let in.
pub fn outputs<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Output>, Option<Error>) {
    let now = Instant::now();
    let mut session = Session::new(now, UNBOUNDED_BPS);
    let mut outputs = Vec::new();
    for piece in pieces {
        let mut handled = session.handle(now, piece);
        while let Some(output) = session.poll() {
            if handled.is_ok() && matches!(output, Output::Publish { .. }) {
                handled = session.accept(now);
            }
            outputs.push(output);
        }
        if let Err(error) = handled {
            return (outputs, Some(error));
        }
    }
    (outputs, None)
}

/// A whole connection's bytes: it makes no difference how they are cut, and what comes out holds
/// what is promised.
pub fn connection(bytes: &[u8]) {
    if bytes.len() > WAITING_BYTES.min(BUFFERED_BYTES) {
        return;
    }
    let whole = outputs([bytes]);
    // The handshake in one piece: it is tried elsewhere, and would take most of the time here.
    let (handshake, rest) = bytes.split_at(bytes.len().min(HANDSHAKE_BYTES));
    let pieces = outputs(std::iter::once(handshake).chain(rest.chunks(1)));
    assert_eq!(whole, pieces, "cut into single bytes");
    let mut last = [0; 2];
    let mut configured = [false; 2];
    for output in whole.0 {
        match output {
            Output::Frame(frame) => {
                let index = usize::from(frame.kind == Kind::Video);
                assert!(configured[index], "a frame before its config");
                assert!(frame.dts_us > last[index], "time goes back");
                assert!(frame.key_frame || last[index] > 0, "a picture before a key frame");
                last[index] = frame.dts_us;
            }
            Output::Config(crate::Config::H264(_)) => configured[1] = true,
            Output::Config(crate::Config::Aac(_)) => configured[0] = true,
            _ => {}
        }
    }
}

/// The bytes of a connection after its handshake.
pub fn chunks(bytes: &[u8]) {
    let mut connection_bytes = vec![3];
    connection_bytes.resize(HANDSHAKE_BYTES, 0);
    connection_bytes.extend_from_slice(bytes);
    connection(&connection_bytes);
}
